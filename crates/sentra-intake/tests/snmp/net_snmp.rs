//! Devices are played by net-snmp, in every version and with every digest and cipher.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Instant;

use super::kit::{AUTHS, Memory, PASSWORD, PRIVS, Running, WAIT};
use expect_test::{Expect, expect};
use sentra_intake::snmp::BatchLimits;
use serde_json::{Value, json};

const LINK_DOWN: &str = "1.3.6.1.6.3.1.1.5.3";
const SENDER: &str = "80001f8804656467652d31";
/// What the notifications say beyond their name.
const VARBINDS: [&str; 6] = ["1.3.6.1.2.1.2.2.1.1.3", "i", "3", "1.3.6.1.2.1.2.2.1.2.3", "s", "Ethernet0/3"];

/// Whether the tools are here; without them the test says so and does nothing.
fn is_here() -> bool {
    let found = Command::new("snmptrap").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let is_here = found.is_ok_and(|status| status.success());
    if !is_here {
        eprintln!("SKIP: no snmptrap here; install the Debian package snmp");
    }
    is_here
}

/// Runs one of net-snmp's tools in a home of its own, without MIBs, for at most [`WAIT`].
fn run(home: &Path, tool: &str, arguments: &[String]) -> Output {
    let mut child = Command::new(tool)
        .args(arguments)
        .env("HOME", home)
        .env("SNMPCONFPATH", home)
        .env("SNMP_PERSISTENT_DIR", home)
        .env("MIBS", "")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > WAIT {
            child.kill().unwrap();
            panic!("{tool} {arguments:?} does not end");
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.wait_with_output().unwrap()
}

/// A listener, and a home for the tools.
struct Stage {
    running: Running,
    sink: Arc<Memory>,
    home: tempfile::TempDir,
}

impl Stage {
    async fn new() -> Self {
        let sink = Memory::new();
        let running = Running::start(Arc::clone(&sink), BatchLimits::default()).await;
        Self { running, sink, home: tempfile::tempdir().unwrap() }
    }

    async fn run(&self, tool: &'static str, head: &[&str], tail: &[&str]) -> Output {
        let address = self.running.address.to_string();
        let all = head.iter().copied().chain([address.as_str()]).chain(tail.iter().copied());
        let arguments: Vec<String> = all.map(str::to_owned).collect();
        let home = self.home.path().to_owned();
        tokio::task::spawn_blocking(move || run(&home, tool, &arguments)).await.unwrap()
    }

    /// Sends, and takes the one record that comes of it.
    async fn record(&self, tool: &'static str, head: &[&str], tail: &[&str]) -> Value {
        let output = self.run(tool, head, tail).await;
        assert!(output.status.success(), "{tool} {head:?}: {}", String::from_utf8_lossy(&output.stderr));
        let (mut records, refused) = self.sink.wait_for(1).await;
        assert!(refused.is_empty(), "{tool} {head:?}: {}", refused[0]);
        assert_eq!(records.len(), 1, "{tool} {head:?}");
        let mut record = records.remove(0);
        if record.get("request_id").is_some() {
            // Another one in every run.
            record["request_id"] = json!(0);
        }
        record
    }
}

/// The arguments of a v3 user of the kit.
fn v3(user: &str) -> Vec<&str> {
    let mut arguments = vec!["-v3", "-t", "2", "-r", "5", "-u", user];
    match user.split_once('+') {
        Some((auth, privacy)) => {
            arguments.extend(["-l", "authPriv", "-a", auth, "-A", PASSWORD, "-x", privacy, "-X", PASSWORD]);
        }
        None if user == "none" => arguments.extend(["-l", "noAuthNoPriv"]),
        None => arguments.extend(["-l", "authNoPriv", "-a", user, "-A", PASSWORD]),
    }
    arguments
}

fn v2_tail() -> Vec<&'static str> {
    ["4711", LINK_DOWN].into_iter().chain(VARBINDS).collect()
}

fn check(record: &Value, expected: Expect) {
    expected.assert_eq(&record.to_string());
}

#[tokio::test]
async fn v1_and_v2c_traps_arrive() {
    if !is_here() {
        return;
    }
    let stage = Stage::new().await;
    let tail: Vec<_> =
        ["1.3.6.1.4.1.9.1.1", "198.51.100.7", "2", "0", "4711"].into_iter().chain(VARBINDS).collect();
    let record = stage.record("snmptrap", &["-v1", "-c", "hush"], &tail).await;
    check(
        &record,
        expect![[
            r#"{"snmp_version":"1","pdu":"trap","peer":"127.0.0.1","community":"core","trap_oid":"1.3.6.1.6.3.1.1.5.3","enterprise":"1.3.6.1.4.1.9.1.1","generic_trap":2,"specific_trap":0,"agent_address":"198.51.100.7","uptime_cs":4711,"varbinds":[{"oid":"1.3.6.1.2.1.2.2.1.1.3","type":"integer","value":3},{"oid":"1.3.6.1.2.1.2.2.1.2.3","type":"string","value":"Ethernet0/3"}]}"#
        ]],
    );
    let record = stage.record("snmptrap", &["-v2c", "-c", "hush"], &v2_tail()).await;
    check(
        &record,
        expect![[
            r#"{"snmp_version":"2c","pdu":"trap","peer":"127.0.0.1","community":"core","request_id":0,"trap_oid":"1.3.6.1.6.3.1.1.5.3","uptime_cs":4711,"varbinds":[{"oid":"1.3.6.1.2.1.2.2.1.1.3","type":"integer","value":3},{"oid":"1.3.6.1.2.1.2.2.1.2.3","type":"string","value":"Ethernet0/3"}]}"#
        ]],
    );
    stage.running.stop().await.unwrap();
}

#[tokio::test]
async fn v2c_informs_are_answered() {
    if !is_here() {
        return;
    }
    let stage = Stage::new().await;
    let record = stage.record("snmpinform", &["-v2c", "-c", "hush", "-t", "2", "-r", "5"], &v2_tail()).await;
    check(
        &record,
        expect![[
            r#"{"snmp_version":"2c","pdu":"inform","peer":"127.0.0.1","community":"core","request_id":0,"trap_oid":"1.3.6.1.6.3.1.1.5.3","uptime_cs":4711,"varbinds":[{"oid":"1.3.6.1.2.1.2.2.1.1.3","type":"integer","value":3},{"oid":"1.3.6.1.2.1.2.2.1.2.3","type":"string","value":"Ethernet0/3"}]}"#
        ]],
    );
    stage.running.stop().await.unwrap();
}

/// Every digest with every cipher, 43 ways.
#[tokio::test]
async fn v3_traps_arrive_however_they_are_protected() {
    if !is_here() {
        return;
    }
    let stage = Stage::new().await;
    for user in users() {
        let mut arguments = v3(&user);
        arguments.extend(["-e", SENDER]);
        let record = stage.record("snmptrap", &arguments, &v2_tail()).await;
        assert_eq!((&record["user"], &record["engine_id"]), (&json!(user), &json!(SENDER)));
        assert_eq!(record["varbinds"][1]["value"], "Ethernet0/3");
        if user == "SHA-256+AES" {
            check(
                &record,
                expect![[
                    r#"{"snmp_version":"3","pdu":"trap","peer":"127.0.0.1","user":"SHA-256+AES","security_level":"authPriv","engine_id":"80001f8804656467652d31","request_id":0,"trap_oid":"1.3.6.1.6.3.1.1.5.3","uptime_cs":4711,"varbinds":[{"oid":"1.3.6.1.2.1.2.2.1.1.3","type":"integer","value":3},{"oid":"1.3.6.1.2.1.2.2.1.2.3","type":"string","value":"Ethernet0/3"}]}"#
                ]],
            );
        }
    }
    assert_eq!(stage.running.stop().await.unwrap().clocks().known(0).len(), 1);
}

/// Every digest with every cipher; the tool ends well only when it could check and decrypt our answer.
#[tokio::test]
async fn v3_informs_are_answered_however_they_are_protected() {
    if !is_here() {
        return;
    }
    let stage = Stage::new().await;
    for user in users() {
        let record = stage.record("snmpinform", &v3(&user), &v2_tail()).await;
        assert_eq!((&record["pdu"], &record["user"]), (&json!("inform"), &json!(user)));
        assert_eq!(record["engine_id"], "80007ed90507070707070707070707070707070707");
    }
    stage.running.stop().await.unwrap();
}

fn users() -> Vec<String> {
    let pairs = AUTHS.iter().flat_map(|auth| PRIVS.iter().map(move |privacy| format!("{auth}+{privacy}")));
    ["none"].iter().chain(&AUTHS).map(|name| (*name).to_owned()).chain(pairs).collect()
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_informs_are_told() {
    if !is_here() {
        return;
    }
    let stage = Stage::new().await;
    // (tool, arguments, reason, what the tool says)
    let wrong = "a wrong password";
    let cases: [(&'static str, Vec<&str>, &str, Option<&str>); 7] = [
        ("snmptrap", vec!["-v1", "-c", "lush"], "unknown_community", None),
        ("snmptrap", vec!["-v2c", "-c", "lush"], "unknown_community", None),
        (
            "snmptrap",
            vec!["-v3", "-e", SENDER, "-u", "SHA-256", "-l", "authNoPriv", "-a", "SHA-256", "-A", wrong],
            "wrong_digest",
            None,
        ),
        ("snmptrap", [v3("SHA-256+AES"), vec!["-e", SENDER, "-X", wrong]].concat(), "decryption", None),
        (
            "snmptrap",
            vec!["-v3", "-e", SENDER, "-u", "SHA-256", "-l", "noAuthNoPriv"],
            "security_level",
            None,
        ),
        (
            "snmpinform",
            [v3("SHA-256"), vec!["-A", wrong]].concat(),
            "wrong_digest",
            Some("Authentication failure"),
        ),
        (
            "snmpinform",
            vec!["-v3", "-u", "nobody", "-l", "noAuthNoPriv"],
            "unknown_user",
            Some("Unknown user name"),
        ),
    ];
    for (tool, head, reason, said) in cases {
        let v1_tail = ["1.3.6.1.4.1.9.1.1", "198.51.100.7", "2", "0", "4711"];
        let v2_tail = v2_tail();
        let tail: &[&str] = if head[0] == "-v1" { &v1_tail } else { &v2_tail };
        let output = stage.run(tool, &head, tail).await;
        let (records, refused) = stage.sink.wait_for(1).await;
        assert!(records.is_empty(), "{head:?}");
        assert_eq!(refused[0].problem.as_str(), reason, "{head:?}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), said.is_none(), "{head:?}: {error}");
        assert!(error.contains(said.unwrap_or_default()), "{head:?}: {error}");
    }
    stage.running.stop().await.unwrap();
}
