//! Against a real directory: OpenLDAP's slapd with Microsoft's schema, over LDAPS and StartTLS.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr)]

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use sentra_directory::{DirectoryError, Refreshed, refresh};
use sentra_enrich::{DirectorySource, EnrichSources, Enricher, SourceContent};
use sentra_model::{TenantId, Timestamp};

const PASSWORD: &str = "directory reads, 2 only";
const PEOPLE: usize = 1_200;

/// A slapd out of its package, unpacked by `scripts/clients.sh` or installed.
struct Program {
    root: PathBuf,
}

impl Program {
    fn find() -> Option<Self> {
        let cache = std::env::var_os("SENTRA_CACHE").map(PathBuf::from);
        let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/sentra"));
        let unpacked = cache.or_else(home).map(|cache| cache.join("clients/slapd"));
        let roots = unpacked.into_iter().chain([PathBuf::from("/")]);
        let found = roots.map(|root| Self { root }).find(|program| program.path("usr/sbin/slapd").is_file());
        if found.is_none() {
            eprintln!("SKIP: there is no slapd; scripts/clients.sh makes it ready");
        }
        found
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.path("usr/sbin/slapd"));
        if self.root != Path::new("/") {
            let architecture = format!("{}-linux-gnu", std::env::consts::ARCH);
            let libraries = [format!("usr/lib/{architecture}"), format!("lib/{architecture}")];
            let libraries: Vec<_> =
                libraries.iter().map(|path| self.path(path).display().to_string()).collect();
            command.env("LD_LIBRARY_PATH", libraries.join(":"));
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

/// A running slapd in a directory of its own, and the data directory of a server beside it.
struct Directory {
    program: Program,
    home: tempfile::TempDir,
    running: Option<Child>,
    plain: SocketAddr,
    tls: SocketAddr,
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            let said = std::fs::read_to_string(self.home.path().join("said")).unwrap_or_default();
            eprintln!("slapd said:\n{said}");
        }
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn certificates(home: &Path) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "test authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params.clone(), KeyPair::generate().unwrap()).unwrap();
    let other = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    for (name, text) in [
        ("ca.pem", issuer.pem()),
        ("other-ca.pem", other.pem()),
        ("server.pem", certificate.pem()),
        ("server.key", key.serialize_pem()),
        ("password", format!("{PASSWORD}\n")),
        ("wrong-password", "guess".to_owned()),
        ("no-password", "\n".to_owned()),
    ] {
        std::fs::write(home.join(name), text).unwrap();
    }
}

fn entries() -> String {
    let mut text = String::from(
        "dn: dc=corp,dc=example\nobjectClass: dcObject\nobjectClass: organization\ndc: corp\no: Corp\n\n\
         dn: cn=sentra,dc=corp,dc=example\nobjectClass: person\ncn: sentra\nsn: sentra\n",
    );
    writeln!(text, "userPassword: {PASSWORD}\n").unwrap();
    for number in 0..PEOPLE {
        let control = if number == 7 { 514 } else { 512 };
        write!(
            text,
            "dn: cn=Person {number},dc=corp,dc=example\nobjectClass: inetOrgPerson\nobjectClass: extensibleObject\ncn: Person {number}\nsn: {number}\n\
             sAMAccountName: person{number}\nuserPrincipalName: person{number}@corp.example\n\
             employeeNumber: {number}\ndepartment: Dép {}\nuserAccountControl: {control}\nwhenChanged: 20260201100000.0Z\n\
             userPassword: secret{number}\n\n",
            number % 7,
        )
        .unwrap();
    }
    write!(
        text,
        "dn: cn=WEB1,dc=corp,dc=example\nobjectClass: device\nobjectClass: extensibleObject\ncn: WEB1\nsAMAccountName: WEB1$\n\
         dNSHostName: web1.corp.example\noperatingSystem: Windows Server 2022\nuserAccountControl: 4096\n\n"
    )
    .unwrap();
    text
}

impl Directory {
    fn start(limits: &str) -> Option<Self> {
        let program = Program::find()?;
        let home = tempfile::tempdir().unwrap();
        certificates(home.path());
        let at = |name: &str| home.path().join(name).display().to_string();
        let mut config = String::new();
        for schema in ["core", "cosine", "inetorgperson", "nis", "msuser"] {
            writeln!(
                config,
                "include {}",
                program.path(&format!("etc/ldap/schema/{schema}.schema")).display()
            )
            .unwrap();
        }
        write!(
            config,
            "modulepath {}\nmoduleload back_mdb\npidfile {}\nargsfile {}\nTLSCertificateFile {}\n\
             TLSCertificateKeyFile {}\ndisallow bind_anon\ndatabase mdb\nsuffix \"dc=corp,dc=example\"\n\
             rootdn \"cn=root,dc=corp,dc=example\"\nrootpw root\ndirectory {}\nmaxsize 67108864\n{limits}\n\
             access to attrs=userPassword by anonymous auth by * none\naccess to * by users read\n",
            program.path("usr/lib/ldap").display(),
            at("pid"),
            at("args"),
            at("server.pem"),
            at("server.key"),
            at("db"),
        )
        .unwrap();
        std::fs::create_dir(home.path().join("db")).unwrap();
        std::fs::write(home.path().join("slapd.conf"), config).unwrap();
        std::fs::write(home.path().join("entries.ldif"), entries()).unwrap();
        let mut directory = Self { program, home, running: None, plain: free_address(), tls: free_address() };
        directory.tool(&["-Tadd", "-q", "-l"], "entries.ldif");
        directory.run();
        Some(directory)
    }

    /// One of slapd's tools, to its end.
    fn tool(&self, arguments: &[&str], file: &str) {
        let mut command = self.program.command();
        command.args(arguments).arg(self.home.path().join(file));
        let output = command.arg("-f").arg(self.home.path().join("slapd.conf")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn run(&mut self) {
        let said = std::fs::File::create(self.home.path().join("said")).unwrap();
        let mut command = self.program.command();
        command.arg("-f").arg(self.home.path().join("slapd.conf")).args(["-d", "none", "-h"]);
        command.arg(format!("ldap://{}/ ldaps://{}/", self.plain, self.tls)).stderr(said);
        let mut running = command.spawn().unwrap();
        let started = Instant::now();
        for address in [self.plain, self.tls] {
            while TcpStream::connect(address).is_err() {
                assert_eq!(running.try_wait().unwrap(), None, "slapd ended");
                assert!(started.elapsed() < Duration::from_secs(20), "slapd does not listen");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        self.running = Some(running);
    }

    /// Ends the process that was started here, and no other.
    fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.kill().unwrap();
            running.wait().unwrap();
        }
    }

    fn ldaps(&self) -> String {
        format!("ldaps://{}", self.tls)
    }

    fn sources(&self, url: &str, filter: &str) -> EnrichSources {
        let table = |kind: &str, filter: &str| {
            format!(
                "[[{kind}]]\nldap = \"{url}\"\nbase = \"dc=corp,dc=example\"\nfilter = \"{filter}\"\n\
                 bind_dn = \"cn=sentra,dc=corp,dc=example\"\npassword_file = \"password\"\nca_file = \"ca.pem\"\n"
            )
        };
        toml::from_str(&format!("{}{}", table("identities", filter), table("assets", "(objectClass=device)")))
            .unwrap()
    }

    fn source(&self, url: &str) -> DirectorySource {
        self.sources(url, "(objectClass=inetOrgPerson)").identities[0].directory.clone().unwrap()
    }

    async fn refresh(&self, source: &DirectorySource) -> Result<Refreshed, DirectoryError> {
        refresh(source, self.home.path()).await
    }

    fn enricher(&self, sources: &EnrichSources) -> (Enricher, Vec<String>) {
        let (enricher, problems) = Enricher::load(TenantId::default_tenant(), sources, None, |path| {
            let bytes = std::fs::read(self.home.path().join(path)).map_err(|error| error.to_string())?;
            Ok(SourceContent { bytes, as_of: Some(Timestamp::from_seconds(1_772_366_400)) })
        });
        (enricher, problems.iter().map(ToString::to_string).collect())
    }
}

#[tokio::test]
async fn people_and_machines_of_a_directory_are_known() {
    let Some(mut directory) =
        Directory::start("sizelimit size.soft=500 size.hard=500 size.prtotal=unlimited")
    else {
        return;
    };
    let urls = [directory.ldaps(), format!("ldap://{}", directory.plain)];
    for url in &urls {
        let sources = directory.sources(url, "(&(objectClass=person)(!(cn=sentra)))");
        let (_, problems) = directory.enricher(&sources);
        assert!(problems[0].contains(&format!("{url} was not read yet")), "{problems:?}");
        for (source, entries) in [(&sources.identities[0], PEOPLE), (&sources.assets[0], 1)] {
            let wanted = source.directory.as_ref().unwrap();
            assert_eq!(directory.refresh(wanted).await.unwrap(), Refreshed { entries, is_new: true });
            assert_eq!(directory.refresh(wanted).await.unwrap(), Refreshed { entries, is_new: false });
        }
        let copy = std::fs::read_to_string(directory.home.path().join(&sources.identities[0].path)).unwrap();
        assert!(
            copy.contains("sAMAccountName: person9\n") && !copy.contains("assword"),
            "passwords are not asked for"
        );
        let (enricher, problems) = directory.enricher(&sources);
        assert_eq!(problems, Vec::<String>::new());
        let person = enricher.identity("person1199@corp.example").unwrap();
        assert_eq!(person.department(), Some("Dép 2"));
        assert!(enricher.identity("person7").is_some());
        assert!(enricher.asset("web1.corp.example").is_some());
    }
    // The directory is down: what it said last is still known, also by a server that starts now.
    directory.stop();
    let sources = directory.sources(&urls[0], "(&(objectClass=person)(!(cn=sentra)))");
    let source = sources.identities[0].directory.clone().unwrap();
    let error = directory.refresh(&source).await.unwrap_err();
    assert!(matches!(error, DirectoryError::Connect { .. }), "{error}");
    assert!(directory.enricher(&sources).0.identity("person1199").is_some());
    // It is back, and somebody has come.
    let more = "dn: cn=New,dc=corp,dc=example\nobjectClass: inetOrgPerson\nobjectClass: extensibleObject\ncn: New\nsn: New\nsAMAccountName: newcomer\n";
    std::fs::write(directory.home.path().join("more.ldif"), more).unwrap();
    directory.tool(&["-Tadd", "-q", "-l"], "more.ldif");
    directory.run();
    assert_eq!(directory.refresh(&source).await.unwrap(), Refreshed { entries: PEOPLE + 1, is_new: true });
    assert!(directory.enricher(&sources).0.identity("newcomer").is_some());
}

#[tokio::test]
async fn who_cannot_be_trusted_is_told_nothing_and_an_answer_in_part_is_none() {
    let Some(directory) = Directory::start("sizelimit size.soft=500 size.hard=500 size.prtotal=600") else {
        return;
    };
    let source = directory.source(&directory.ldaps());
    let wrong = |change: &dyn Fn(&mut DirectorySource)| {
        let mut source = source.clone();
        change(&mut source);
        source
    };
    let cases = [
        (wrong(&|source| source.ca_file = "other-ca.pem".into()), "certificate"),
        (wrong(&|source| source.url = source.url.replace("127.0.0.1", "localhost")), "certificate"),
        (wrong(&|source| source.ca_file = "server.key".into()), "certificates of an authority"),
        (
            wrong(&|source| source.password_file = Some("wrong-password".into())),
            "let this account in: result 49",
        ),
        (wrong(&|source| source.password_file = Some("no-password".into())), "is empty"),
        (wrong(&|source| source.password_file = Some("none".into())), "No such file"),
        (wrong(&|source| source.filter = "(cn=a".into()), "filter is not understood at character 6"),
        (wrong(&|source| source.base = "dc=other".into()), "refused to search: result 32"),
        (wrong(&|source| source.filter = "(cn=nobody)".into()), "no entry"),
        // 1,200 entries of which the directory gives 600: who is missing would look deleted.
        (source.clone(), "refused to search: result 4"),
    ];
    for (source, said) in cases {
        let error = directory.refresh(&source).await.unwrap_err().to_string();
        assert!(error.contains(said), "{said}: {error}");
        assert!(!error.contains(PASSWORD));
        assert!(!directory.home.path().join(source.copy_path()).try_exists().unwrap(), "{said}");
    }
    let some = wrong(&|source| source.filter = "(cn=Person 1*)".into());
    assert_eq!(directory.refresh(&some).await.unwrap().entries, 311);
}
