//! Real clients with the configurations of `docs/protocols.md`. A client that is not here is said and skipped;
//! `scripts/setup.sh test` installs them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use sentra_intake::{IntakeSettings, Protocol};
use sentra_model::SourceKind;
use serde_json::Value;

use super::kit::{Stage, WAIT, http_listener, listener, settings};
use super::page::{block, doors};

const LINE: &str = "payment of ann failed";

/// What `scripts/clients.sh` has made ready under this name.
fn cached(name: &str) -> Option<PathBuf> {
    let cache = std::env::var_os("SENTRA_CACHE").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/sentra"));
    let root = cache.or_else(home)?.join("clients").join(name);
    if !root.join(".ready").try_exists().unwrap_or(false) {
        eprintln!("SKIP: {name} is not here; scripts/clients.sh makes it ready");
        return None;
    }
    Some(root)
}

fn is_here(command: &str, package: &str) -> bool {
    let found = Command::new(command).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_err() {
        eprintln!("SKIP: there is no {command} here; install the Debian package {package}");
    }
    found.is_ok()
}

/// Runs a command to its end, without holding up the runtime.
async fn run(mut command: Command) -> String {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = tokio::task::spawn_blocking(move || command.spawn().unwrap().wait_with_output().unwrap());
    let output = tokio::time::timeout(WAIT, output).await.expect("the client does not end").unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

async fn sh(script: &str, directory: &Path) -> String {
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", script]).current_dir(directory);
    run(command).await
}

/// A client that runs until the test ends.
struct Daemon {
    child: Child,
    directory: tempfile::TempDir,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let said = std::fs::read_to_string(self.directory.path().join("said")).unwrap_or_default();
            eprintln!("the client said:\n{said}");
        }
    }
}

impl Daemon {
    /// Starts a program out of an unpacked Debian package, with a file of lines that it follows.
    fn start(
        root: &Path,
        program: &str,
        libraries: &[&str],
        arguments: impl FnOnce(&Path) -> Vec<String>,
        configuration: impl FnOnce(&Path) -> String,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path();
        std::fs::write(place.join("in.log"), format!("{LINE}\n")).unwrap();
        std::fs::write(place.join("conf"), configuration(place)).unwrap();
        let said = std::fs::File::create(place.join("said")).unwrap();
        let found = libraries.iter().flat_map(|library| directories(&root.join(library)));
        let path = std::env::join_paths(found).unwrap();
        let child = Command::new(root.join(program))
            .args(arguments(place))
            .env("LD_LIBRARY_PATH", path)
            .current_dir(place)
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap();
        Self { child, directory }
    }
}

/// `path`, or with a star in its last part everything that fits.
fn directories(path: &Path) -> Vec<PathBuf> {
    let (parent, name) = (path.parent().unwrap(), path.file_name().unwrap().to_str().unwrap());
    let Some(end) = name.strip_prefix('*') else { return vec![path.to_owned()] };
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.to_string_lossy().ends_with(end)).collect()
}

fn rsyslog(root: &Path, block: &str) -> Daemon {
    let modules = directories(&root.join("usr/lib/*-linux-gnu")).remove(0).join("rsyslog");
    let arguments = |place: &Path| {
        let place = |name: &str| place.join(name).display().to_string();
        let modules = modules.display().to_string();
        ["-n", "-f", &place("conf"), "-i", &place("pid"), "-M", &modules].map(str::to_owned).to_vec()
    };
    let configuration = |place: &Path| {
        let place = place.display();
        format!(
            "global(workDirectory=\"{place}\")\nmodule(load=\"imfile\")\n\
             input(type=\"imfile\" File=\"{place}/in.log\" Tag=\"shop\")\n{block}\n"
        )
    };
    Daemon::start(
        root,
        "usr/sbin/rsyslogd",
        &["usr/lib/*-linux-gnu", "lib/*-linux-gnu"],
        arguments,
        configuration,
    )
}

fn syslog_ng(root: &Path, block: &str) -> Daemon {
    let modules = root.join("usr/lib/syslog-ng/3.38").display().to_string();
    let arguments = |place: &Path| {
        let place = |name: &str| place.join(name).display().to_string();
        let (conf, pid, control, persist) = (place("conf"), place("pid"), place("ctl"), place("persist"));
        let fixed =
            ["-F", "-e", "--no-caps", "-f", &conf, "--module-path", &modules, "-p", &pid, "-c", &control];
        [fixed.as_slice(), &["-R", &persist]].concat().into_iter().map(str::to_owned).collect()
    };
    let configuration = |place: &Path| {
        let place = place.display().to_string();
        let source =
            format!("file(\"{place}/in.log\" flags(no-parse) program-override(\"shop\") follow-freq(0.1))");
        let block = block.replace("/var/lib/syslog-ng", &place);
        format!("@version: 3.38\nsource s_local {{ {source}; }};\n{block}\n")
    };
    let libraries = ["usr/lib/*-linux-gnu", "lib/*-linux-gnu", "usr/lib/syslog-ng", "usr/lib/syslog-ng/3.38"];
    Daemon::start(root, "usr/sbin/syslog-ng", &libraries, arguments, configuration)
}

/// Waits for a record, and fails at once when the client has ended.
async fn wait_with(daemon: &mut Daemon, stage: &Stage, tenant: &str) -> String {
    let started = Instant::now();
    loop {
        if let Some(text) = stage.texts(tenant).await.into_iter().find(|text| text.contains(LINE)) {
            return text;
        }
        assert!(daemon.child.try_wait().unwrap().is_none(), "the client has ended");
        assert!(started.elapsed() < WAIT, "nothing came");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn stage() -> Stage {
    let mut grpc = listener("grpc", Protocol::OtlpGrpc);
    grpc.tenant = None;
    let listeners = vec![
        listener("tcp", Protocol::SyslogTcp),
        listener("udp", Protocol::SyslogUdp),
        http_listener(),
        grpc,
    ];
    Stage::new(&settings(listeners))
}

fn at(address: SocketAddr, port: &'static str) -> [(&'static str, String); 2] {
    [("sentra.example.com", address.ip().to_string()), (port, address.port().to_string())]
}

#[tokio::test]
async fn logger() {
    if !is_here("logger", "bsdutils") {
        return;
    }
    let (stage, home) = (stage(), tempfile::tempdir().unwrap());
    sh(&block("logger-udp", &at(stage.address("udp"), "5514")), home.path()).await;
    sh(&block("logger-tcp", &at(stage.address("tcp"), "5514")), home.path()).await;
    stage.wait_for("default", 2).await;
    stage.stop().await;
    let mut kept = stage.kept("default").await;
    kept.sort_by_key(|kept| kept.kind.as_str());
    assert_eq!((kept[0].kind, kept[1].kind), (SourceKind::SyslogTcp, SourceKind::SyslogUdp));
    for kept in &kept {
        let text = &kept.text;
        assert!(
            text.starts_with("<13>1 ") && text.contains(" deploy ") && text.ends_with("release 7 is live"),
            "{text}"
        );
    }
    assert!(kept[0].text.contains("[deploy@32473 user=\"ann\"]"), "{}", kept[0].text);
}

#[tokio::test]
async fn rsyslog_over_tcp() {
    let Some(root) = cached("rsyslog") else { return };
    let stage = stage();
    let mut daemon = rsyslog(&root, &block("rsyslog-tcp", &at(stage.address("tcp"), "5514")));
    let text = wait_with(&mut daemon, &stage, "default").await;
    assert!(text.starts_with('<') && text.contains(">1 ") && text.contains(" shop "), "{text}");
    drop(daemon);
    stage.stop().await;
}

#[tokio::test]
async fn rsyslog_to_bulk() {
    let Some(root) = cached("rsyslog") else { return };
    let stage = stage();
    let mut daemon = rsyslog(&root, &block("rsyslog-bulk", &at(stage.address("http"), "8088")));
    let text = wait_with(&mut daemon, &stage, "bank-a").await;
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&document["message"], &document["program"]), (&LINE.into(), &"shop".into()));
    assert_eq!(stage.kept("bank-a").await[0].origin, "127.0.0.1 syslog");
    // It sends nothing again that was acknowledged.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(stage.texts("bank-a").await.iter().filter(|text| text.contains(LINE)).count(), 1);
    drop(daemon);
    stage.stop().await;
}

#[tokio::test]
async fn syslog_ng_over_tcp() {
    let Some(root) = cached("syslog-ng") else { return };
    let stage = stage();
    let mut daemon = syslog_ng(&root, &block("syslog-ng-tcp", &at(stage.address("tcp"), "5514")));
    let text = wait_with(&mut daemon, &stage, "default").await;
    assert!(text.starts_with('<') && text.contains(">1 ") && text.contains(" shop "), "{text}");
    drop(daemon);
    stage.stop().await;
}

#[tokio::test]
async fn syslog_ng_to_hec() {
    let Some(root) = cached("syslog-ng") else { return };
    let stage = stage();
    let mut daemon = syslog_ng(&root, &block("syslog-ng-hec", &at(stage.address("http"), "8088")));
    let text = wait_with(&mut daemon, &stage, "bank-a").await;
    let envelope: Value = serde_json::from_str(&text).unwrap();
    let event = envelope["event"].as_str().unwrap();
    assert!(event.ends_with(LINE) && event.contains(" shop ") && envelope["time"].is_i64(), "{text}");
    drop(daemon);
    stage.stop().await;
}

/// Certificates as the page makes them, and clients that show them.
#[tokio::test]
async fn rsyslog_and_syslog_ng_over_tls() {
    if !is_here("openssl", "openssl") {
        return;
    }
    let files = tempfile::tempdir().unwrap();
    // Clients connect to an address here, so the certificate must have that too.
    let with_address = [("DNS:%s", "DNS:%s,IP:127.0.0.1".to_owned())];
    sh(&block("certificates", &with_address), files.path()).await;
    let place = files.path().display().to_string();
    let doors = doors("tls-listener", &[("/etc/sentra", place.clone())]);
    let routes = super::page::doors("routes", &[]).routes;
    let stage = Stage::new(&IntakeSettings { routes, ..settings(doors.listeners) });
    let port = stage.address("branches").port().to_string();
    let other = |target: &'static str| {
        let to = target.replace("sentra.example.com", "127.0.0.1");
        [(target, to), ("6514", port.clone()), ("/etc/sentra", place.clone())]
    };
    let mut count = 0;
    if let Some(root) = cached("rsyslog") {
        let block = block("rsyslog-tls", &other("target=\"sentra.example.com\""));
        let mut daemon = rsyslog(&root, &block);
        wait_with(&mut daemon, &stage, "branches").await;
        count += 1;
    }
    if let Some(root) = cached("syslog-ng") {
        let block = block("syslog-ng-tls", &other("syslog(\"sentra.example.com\""));
        let mut daemon = syslog_ng(&root, &block);
        count += 1;
        let started = Instant::now();
        while stage.texts("branches").await.iter().filter(|text| text.contains(LINE)).count() < count {
            assert!(daemon.child.try_wait().unwrap().is_none(), "the client has ended");
            assert!(started.elapsed() < WAIT, "nothing came");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    stage.stop().await;
    let kept = stage.kept("branches").await;
    assert!(kept.len() >= count && kept.iter().all(|kept| kept.kind == SourceKind::SyslogTls), "{kept:?}");
    assert!(stage.texts("default").await.is_empty());
}

#[tokio::test]
async fn curl() {
    if !is_here("curl", "curl") {
        return;
    }
    let (stage, home) = (stage(), tempfile::tempdir().unwrap());
    let at = at(stage.address("http"), "8088");
    let hec = sh(&block("curl-hec", &at), home.path()).await;
    assert_eq!(hec, r#"{"text":"Success","code":0}"#);
    let bulk: Value = serde_json::from_str(&sh(&block("curl-bulk", &at), home.path()).await).unwrap();
    assert_eq!((&bulk["errors"], &bulk["items"][0]["create"]["status"]), (&false.into(), &201.into()));
    assert_eq!(sh(&block("curl-otlp", &at), home.path()).await, "{}");
    let kept = stage.kept("bank-a").await;
    let kinds: Vec<_> = kept.iter().map(|kept| kept.kind).collect();
    assert_eq!(kinds, [SourceKind::Hec, SourceKind::ElasticBulk, SourceKind::OtlpHttp]);
    assert!(kept[2].text.contains("payment failed"));
    stage.stop().await;
}

#[tokio::test]
async fn python() {
    let Some(root) = cached("python") else { return };
    let python = |script: String| {
        let mut command = Command::new(root.join("bin/python"));
        command.arg("-c").arg(script);
        run(command)
    };
    let stage = stage();
    let said = python(block("elasticsearch-py", &at(stage.address("http"), "8088"))).await;
    assert_eq!((said.trim(), stage.texts("bank-a").await.len()), ("1000 []", 1_000));
    python(block("otel-http", &at(stage.address("http"), "8088"))).await;
    python(block("otel-grpc", &at(stage.address("grpc"), "4317"))).await;
    let kept = stage.kept("bank-a").await.split_off(1_000);
    let kinds: Vec<_> = kept.iter().map(|kept| kept.kind).collect();
    assert_eq!(kinds, [SourceKind::OtlpHttp, SourceKind::OtlpGrpc]);
    for kept in kept {
        let record: Value = serde_json::from_str(&kept.text).unwrap();
        assert_eq!((&record["body"], &record["severity_number"]), (&"payment failed".into(), &17.into()));
        assert_eq!(record["resource"]["attributes"]["service.name"], "shop");
        assert_eq!(record["attributes"]["user.name"], "ann");
    }
    stage.stop().await;
}

#[tokio::test]
async fn snmptrap_and_snmpinform() {
    if !is_here("snmptrap", "snmp") {
        return;
    }
    let files = tempfile::tempdir().unwrap();
    for (name, secret) in
        [("community", "hush\n"), ("ups.auth", "correct horse"), ("ups.privacy", "battery staple")]
    {
        std::fs::write(files.path().join(name), secret).unwrap();
    }
    let doors = doors("snmp-listener", &[("/etc/sentra", files.path().display().to_string())]);
    let settings = settings(doors.listeners);
    let stage = Stage::new(&settings);
    let at = at(stage.address("traps"), "1162");
    let environment = format!("export HOME={0} SNMP_PERSISTENT_DIR={0} MIBS=\n", files.path().display());
    sh(&format!("{environment}{}", block("snmptrap", &at)), files.path()).await;
    // The inform ends well only when it was answered.
    sh(&format!("{environment}{}", block("snmpinform", &at)), files.path()).await;
    stage.wait_for("default", 2).await;
    let kept = stage.kept("default").await;
    assert!(kept[0].text.contains("\"core\"") && !kept[0].text.contains("hush"), "{}", kept[0].text);
    assert!(kept[1].text.contains("\"ups\""), "{}", kept[1].text);
    assert_eq!((kept[0].kind, kept[0].format.as_deref()), (SourceKind::Snmp, Some("snmp")));
    // A secret that has changed in its file is believed after a reload, and the old one is not.
    assert_eq!(stage.reload(&settings).await.kept, ["traps"]);
    std::fs::write(files.path().join("community"), "another").unwrap();
    assert_eq!(stage.reload(&settings).await.opened, ["traps"]);
    let script = block("snmptrap", &at);
    sh(&format!("{environment}{script}\n{}", script.replace("hush", "another")), files.path()).await;
    assert_eq!(stage.wait_for("default", 3).await.len(), 3);
    assert_eq!(stage.wait_for_letters("default", 1).await.len(), 1);
    stage.stop().await;
}
