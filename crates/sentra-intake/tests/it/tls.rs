//! TLS 1.3, with and without certificates of clients.
#![allow(unreachable_pub)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use sentra_intake::{IntakeError, IntakeSettings, ListenerSettings, Protocol, TlsSettings};
use sentra_model::SourceKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::kit::{KEY, Stage, TightLog, WAIT, listener, route, settings};

/// An authority and the files of those it has signed.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: tempfile::TempDir,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, directory }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes `NAME.pem` and `NAME.key` for somebody with this DNS name.
    pub fn sign(&self, name: &str, dns: &str) {
        let mut params = CertificateParams::new(vec![dns.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, format!("common {dns}"));
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.path(&format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(self.path(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }

    pub fn server(&self, client_ca: Option<&Authority>, client_required: bool) -> TlsSettings {
        self.sign("server", "localhost");
        TlsSettings {
            certificate: self.path("server.pem"),
            key: self.path("server.key"),
            client_ca: client_ca.map(|authority| authority.path("ca.pem")),
            client_required,
        }
    }
}

fn tls_listener(tls: TlsSettings) -> ListenerSettings {
    ListenerSettings { tls: Some(tls), ..listener("tls", Protocol::SyslogTcp) }
}

/// A client that trusts `authority` and shows the certificate of `own`.
pub fn connector(authority: &Authority, own: Option<(&Authority, &str)>) -> TlsConnector {
    let certificates =
        |path: &Path| CertificateDer::pem_file_iter(path).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificates(&authority.path("ca.pem")).remove(0)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots);
    let config = match own {
        None => builder.with_no_client_auth(),
        Some((authority, name)) => {
            let key = PrivateKeyDer::from_pem_file(authority.path(&format!("{name}.key"))).unwrap();
            let chain = certificates(&authority.path(&format!("{name}.pem")));
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    TlsConnector::from(Arc::new(config))
}

async fn connect(stage: &Stage, connector: &TlsConnector) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = stage.connect("tls").await;
    connector.connect(ServerName::try_from("localhost").unwrap(), stream).await
}

async fn send(stage: &Stage, connector: &TlsConnector, bytes: &[u8]) {
    let mut stream = connect(stage, connector).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
}

/// Whether the server lets this client in: a refusal after the handshake is an alert that the first read meets.
async fn is_let_in(stage: &Stage, connector: &TlsConnector) -> bool {
    let Ok(mut stream) = connect(stage, connector).await else { return false };
    let _ = stream.write_all(b"5 <1>in").await;
    let _ = stream.shutdown().await;
    let read = tokio::time::timeout(WAIT, stream.read(&mut [0; 8])).await.expect("no answer");
    read.is_ok()
}

#[tokio::test]
async fn syslog_over_tls_is_counted_and_kept() {
    let authority = Authority::new("ours");
    let stage = Stage::new(&settings(vec![tls_listener(authority.server(None, false))]));
    send(&stage, &connector(&authority, None), b"5 <1>ab9 <2>cd\nef\n").await;
    assert_eq!(stage.wait_for("default", 2).await, ["<1>ab", "<2>cd\nef"]);
    assert_eq!(stage.kept("default").await[0].kind, SourceKind::SyslogTls);
    // A client that trusts another authority goes away; one that says farewell to nobody loses nothing.
    assert!(connect(&stage, &connector(&Authority::new("another"), None)).await.is_err());
    let mut rude = connect(&stage, &connector(&authority, None)).await.unwrap();
    rude.write_all(b"8 <1>rude!").await.unwrap();
    rude.flush().await.unwrap();
    drop(rude);
    assert_eq!(stage.wait_for("default", 3).await[2], "<1>rude!");
    stage.stop().await;
}

/// Law TENANT: the name in a verified certificate decides.
#[tokio::test]
async fn certificates_of_clients_are_required_and_decide_the_tenant() {
    let (ours, clients, strangers) =
        (Authority::new("ours"), Authority::new("clients"), Authority::new("strangers"));
    clients.sign("a", "web1.bank-a.example");
    clients.sign("b", "web1.bank-b.example");
    strangers.sign("a", "web1.bank-a.example");
    let mut of_a = route("bank-a");
    of_a.certificate = Some("*.bank-a.example".to_owned());
    let mut of_b = route("bank-b");
    of_b.certificate = Some("common web1.bank-b.example".to_owned());
    let settings = IntakeSettings {
        routes: vec![of_a, of_b],
        ..settings(vec![tls_listener(ours.server(Some(&clients), true))])
    };
    let stage = Stage::new(&settings);
    send(&stage, &connector(&ours, Some((&clients, "a"))), b"<1>from a\n").await;
    send(&stage, &connector(&ours, Some((&clients, "b"))), b"<1>from b\n").await;
    assert_eq!(stage.wait_for("bank-a", 1).await, ["<1>from a"]);
    assert_eq!(stage.wait_for("bank-b", 1).await, ["<1>from b"]);
    assert!(!is_let_in(&stage, &connector(&ours, None)).await);
    assert!(!is_let_in(&stage, &connector(&ours, Some((&strangers, "a")))).await);
    stage.stop().await;
    assert!(stage.texts("default").await.is_empty());
}

#[tokio::test]
async fn certificates_of_clients_may_be_optional() {
    let (ours, clients, strangers) =
        (Authority::new("ours"), Authority::new("clients"), Authority::new("strangers"));
    clients.sign("a", "web1.bank-a.example");
    strangers.sign("a", "web1.bank-a.example");
    let mut of_a = route("bank-a");
    of_a.certificate = Some("web1.bank-a.example".to_owned());
    let listener = tls_listener(ours.server(Some(&clients), false));
    let stage = Stage::new(&IntakeSettings { routes: vec![of_a], ..settings(vec![listener]) });
    send(&stage, &connector(&ours, None), b"<1>anybody\n").await;
    send(&stage, &connector(&ours, Some((&clients, "a"))), b"<1>from a\n").await;
    assert_eq!(stage.wait_for("default", 1).await, ["<1>anybody"]);
    assert_eq!(stage.wait_for("bank-a", 1).await, ["<1>from a"]);
    // Who shows a certificate must have a good one.
    assert!(!is_let_in(&stage, &connector(&ours, Some((&strangers, "a")))).await);
    stage.stop().await;
}

/// A hello of TLS 1.2, and something that is no TLS at all.
#[tokio::test]
async fn older_versions_and_plain_text_are_refused() {
    let authority = Authority::new("ours");
    let stage = Stage::new(&settings(vec![tls_listener(authority.server(None, false))]));
    let mut hello = vec![3, 3];
    hello.extend([7; 32]);
    // No session; ECDHE-ECDSA and ECDHE-RSA with AES-128-GCM; no compression; groups and signatures.
    hello.extend([0, 0, 4, 0xc0, 0x2b, 0xc0, 0x2f, 1, 0]);
    let extensions = [0, 10, 0, 4, 0, 2, 0, 29, 0, 13, 0, 6, 0, 4, 4, 3, 8, 4];
    hello.extend([0, extensions.len() as u8]);
    hello.extend(extensions);
    let mut record = vec![22, 3, 1, 0, hello.len() as u8 + 4, 1, 0, 0, hello.len() as u8];
    record.extend(&hello);
    let mut old = stage.connect("tls").await;
    old.write_all(&record).await.unwrap();
    let mut said = Vec::new();
    tokio::time::timeout(WAIT, old.read_to_end(&mut said)).await.expect("no answer").unwrap();
    // A fatal alert: protocol_version.
    assert_eq!((said[0], &said[5..]), (21, &[2, 70][..]), "{said:?}");
    let mut plain = stage.connect("tls").await;
    plain.write_all(b"<13>Nov 21 10:00:00 web1 app: in the clear\n").await.unwrap();
    let mut said = Vec::new();
    let _ = tokio::time::timeout(WAIT, plain.read_to_end(&mut said)).await.expect("no answer");
    stage.stop().await;
    assert!(stage.texts("default").await.is_empty() && stage.letters("default").await.is_empty());
}

#[tokio::test]
async fn certificates_are_renewed_while_connections_are_open() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let settings = settings(vec![tls_listener(old.server(None, false))]);
    let stage = Stage::new(&settings);
    let (trusts_old, trusts_new) = (connector(&old, None), connector(&new, None));
    let mut open = connect(&stage, &trusts_old).await.unwrap();
    assert!(connect(&stage, &trusts_new).await.is_err());
    // Another chain in the same files.
    new.server(None, false);
    for file in ["server.pem", "server.key"] {
        std::fs::copy(new.path(file), old.path(file)).unwrap();
    }
    assert_eq!(stage.reload(&settings).await.kept, ["tls"]);
    open.write_all(b"<1>still open\n").await.unwrap();
    open.flush().await.unwrap();
    assert_eq!(stage.wait_for("default", 1).await, ["<1>still open"]);
    send(&stage, &trusts_new, b"<1>with the new one\n").await;
    assert_eq!(stage.wait_for("default", 2).await[1], "<1>with the new one");
    assert!(connect(&stage, &trusts_old).await.is_err());
    // A certificate without its key changes nothing.
    new.sign("server", "localhost");
    std::fs::copy(new.path("server.pem"), old.path("server.pem")).unwrap();
    assert!(matches!(stage.intake.reload(&settings).await, Err(IntakeError::Tls { .. })));
    send(&stage, &trusts_new, b"<1>as before\n").await;
    assert_eq!(stage.wait_for("default", 3).await[2], "<1>as before");
    stage.stop().await;
}

#[tokio::test]
async fn http_speaks_tls_with_certificates_of_clients_too() {
    let (ours, clients) = (Authority::new("ours"), Authority::new("clients"));
    clients.sign("a", "web1.bank-a.example");
    let mut of_a = route("bank-b");
    of_a.certificate = Some("web1.bank-a.example".to_owned());
    let mut http = listener("tls", Protocol::Http);
    http.tenant = None;
    http.tls = Some(ours.server(Some(&clients), false));
    let stage = Stage::new(&IntakeSettings { routes: vec![of_a], ..settings(vec![http]) });
    let ask = async |connector: &TlsConnector, authorization: &str| {
        let mut stream = connect(&stage, connector).await.unwrap();
        let head =
            "POST /services/collector/raw HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 1";
        let request = format!("{head}\r\n{authorization}\r\na");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(WAIT, stream.read_to_end(&mut answer)).await.expect("no answer").unwrap();
        String::from_utf8(answer).unwrap()[9..12].to_owned()
    };
    assert_eq!(ask(&connector(&ours, None), "").await, "401");
    assert_eq!(ask(&connector(&ours, Some((&clients, "a"))), "").await, "200");
    // The key says more than the certificate.
    let key = format!("authorization: Splunk {KEY}\r\n");
    assert_eq!(ask(&connector(&ours, Some((&clients, "a"))), &key).await, "200");
    assert_eq!((stage.texts("bank-b").await.len(), stage.texts("bank-a").await.len()), (1, 1));
    stage.stop().await;
}

/// What would look protected and is not is refused at the start.
#[tokio::test]
async fn settings_that_protect_nothing_are_refused() {
    let ours = Authority::new("ours");
    let mut udp = listener("a", Protocol::SyslogUdp);
    udp.tls = Some(ours.server(None, false));
    udp.address = "0.0.0.0:0".parse().unwrap();
    let required = tls_listener(ours.server(None, true));
    let mut clear = listener("a", Protocol::SyslogTcp);
    clear.address = "0.0.0.0:0".parse().unwrap();
    for (listener, expected) in [(udp, "datagrams"), (required, "client_ca"), (clear, "not encrypted")] {
        let clock = Arc::new(sentra_model::SystemClock);
        let appender =
            sentra_intake::Appender::new(TightLog::with_room(0), clock, sentra_intake::Limits::default());
        let started = sentra_intake::Intake::start(appender, Default::default(), &settings(vec![listener]));
        let error = started.unwrap_err();
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(format!("{error} {source}").contains(expected), "{error} {source}");
    }
}
