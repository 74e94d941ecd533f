//! The protocols against the real binary: keys, tenants, reload, and from every door to an incident.

use std::io::Write;
use std::net::TcpStream;

use serde_json::Value;

use crate::house::{Served, ok, run};

/// Failed logins of one address, enough for an incident.
fn attack(address: &str) -> Vec<String> {
    let line = |second: u32| {
        format!(
            "<38>Mar 14 10:00:{second:02} web-1 sshd[7]: Failed password for root from {address} port 1 ssh2"
        )
    };
    (0..20).map(line).collect()
}

fn settled(status: &Value, events: u64) -> bool {
    status["pipeline"]["lag_records"] == 0 && status["pipeline"]["events_total"].as_u64().unwrap() >= events
}

#[test]
fn every_door_leads_to_an_incident() {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    let server = Served::start(data.path());
    let key = ok(&["keys", "create", "--name", "shipper", "--data", place]).out.trim().to_owned();
    let authorization = |scheme: &str| format!("{scheme} {key}");
    let post = |path: &str, body: &str, content_type: &str, scheme: &str| {
        let headers = [("authorization", authorization(scheme)), ("content-type", content_type.to_owned())];
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (status, answer) = server.request_as("POST", path, body.as_bytes(), &headers);
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    };
    let quoted = |line: &String| serde_json::to_string(line).unwrap();
    let hec: String =
        attack("192.0.2.11").iter().map(|line| format!("{{\"event\":{}}}", quoted(line))).collect();
    assert!(post("/services/collector/event", &hec, "application/json", "Splunk").contains("Success"));
    let bulk: String = attack("192.0.2.12")
        .iter()
        .map(|line| format!("{{\"create\":{{\"_index\":\"logs\"}}}}\n{{\"message\":{},\"agent\":{{\"type\":\"filebeat\"}}}}\n", quoted(line)))
        .collect();
    assert!(post("/_bulk", &bulk, "application/x-ndjson", "Bearer").contains("\"errors\":false"));
    let logs: Vec<String> = attack("192.0.2.13")
        .iter()
        .map(|line| {
            format!(
                "{{\"timeUnixNano\":\"1773482400000000000\",\"body\":{{\"stringValue\":{}}}}}",
                quoted(line)
            )
        })
        .collect();
    let otlp = format!("{{\"resourceLogs\":[{{\"scopeLogs\":[{{\"logRecords\":[{}]}}]}}]}}", logs.join(","));
    post("/v1/logs", &otlp, "application/json", "Bearer");
    post("/api/v1/ingest", &attack("192.0.2.14").join("\n"), "application/x-ndjson", "Bearer");
    let status = server.get_json("/api/v1/status");
    let listeners = status["listeners"].as_array().unwrap();
    let tcp = listeners.iter().find(|one| one["name"] == "syslog_tcp").unwrap()["address"].as_str().unwrap();
    let mut syslog = TcpStream::connect(tcp).unwrap();
    syslog.write_all(attack("192.0.2.15").join("\n").as_bytes()).unwrap();
    drop(syslog);
    server.wait("all of it is processed", |status| settled(status, 100));
    for address in ["192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.14", "192.0.2.15"] {
        let question = format!("linux | where src_ip == \"{address}\" and code == \"LL03\" | count");
        let found = ok(&["query", "--data", place, "--json", &question]).json()["rows"][0][0].as_u64();
        assert_eq!(found, Some(20), "{address}");
    }
    let incidents = server.get_json("/api/v1/incidents");
    let text = incidents.to_string();
    for address in ["192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.14", "192.0.2.15"] {
        assert!(text.contains(address), "{address} is in no incident: {text}");
    }
    assert_eq!(server.terminate(), 0);
}

/// Law TENANT: a key is good for its tenant and for sending, and for nothing else; revoked it is good for nothing.
#[test]
fn a_key_sends_for_its_tenant_and_opens_nothing_else() {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    let server = Served::start(data.path());
    let key = ok(&["keys", "create", "--name", "branch", "--tenant", "acme", "--data", place])
        .out
        .trim()
        .to_owned();
    let bearer = format!("Bearer {key}");
    let ask = |method: &str, path: &str, headers: &[(&str, &str)]| {
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        server.request_as(method, path, b"{\"n\":1}\n", &all)
    };
    assert_eq!(ask("POST", "/api/v1/ingest", &[]).0, 200);
    assert_eq!(ask("POST", "/api/v1/ingest", &[("x-sentra-tenant", "other")]).0, 400, "another tenant");
    for path in ["/api/v1/status", "/api/v1/incidents", "/api/v1/dead-letters", "/metrics"] {
        assert_eq!(ask("GET", path, &[]).0, 401, "{path}");
    }
    assert_eq!(ask("POST", "/api/v1/query", &[]).0, 401);
    server.wait("it is processed", |status| settled(status, 1));
    let count = |tenant: &str| {
        let answer = ok(&["query", "--data", place, "--tenant", tenant, "--json", "events | count"]);
        answer.json()["rows"][0][0].as_u64()
    };
    assert_eq!((count("acme"), count("default")), (Some(1), Some(0)));
    assert!(ok(&["keys", "list", "--data", place]).out.contains("branch\tacme"));
    ok(&["keys", "revoke", "--name", "branch", "--data", place]);
    assert_eq!(ask("POST", "/api/v1/ingest", &[]).0, 401, "the key was revoked");
    assert_eq!(run(&["keys", "revoke", "--name", "branch", "--data", place]).code, 1);
    assert_eq!(server.terminate(), 0);
}

/// New settings while the server runs; settings that make no sense change nothing.
#[test]
fn listeners_come_and_go_by_reload() {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    let file = data.path().join("sentra.toml");
    let listener = |name: &str| {
        format!(
            "[[listeners]]\nname = \"{name}\"\nprotocol = \"syslog_tcp\"\naddress = \"127.0.0.1:0\"\ntenant = \"{name}\"\n"
        )
    };
    std::fs::write(&file, listener("one")).unwrap();
    let server = Served::start_with_arguments(data.path(), &["--config", file.to_str().unwrap()], &[]);
    let address = |name: &str| {
        let status = server.get_json("/api/v1/status");
        let listeners = status["listeners"].as_array().unwrap().clone();
        listeners
            .iter()
            .find(|one| one["name"] == name)
            .map(|one| one["address"].as_str().unwrap().to_owned())
    };
    let mut open = TcpStream::connect(address("one").unwrap()).unwrap();
    open.write_all(b"<13>before\n").unwrap();
    std::fs::write(&file, listener("one") + &listener("two")).unwrap();
    assert!(ok(&["reload", "--data", place]).out.contains("opened: two"));
    open.write_all(b"<13>after\n").unwrap();
    drop(open);
    std::fs::write(&file, listener("one") + "[[listeners]]\nname = 7\n").unwrap();
    let refused = run(&["reload", "--data", place]);
    assert!(refused.code == 1 && refused.err.contains("sentra.toml:"), "{}", refused.err);
    assert!(address("two").is_some(), "a refused reload changes nothing");
    std::fs::write(&file, listener("two")).unwrap();
    assert!(ok(&["reload", "--data", place]).out.contains("closed: one"));
    assert_eq!(address("one"), None);
    server.wait("both lines are processed", |status| settled(status, 2));
    let answer = ok(&["query", "--data", place, "--tenant", "one", "--json", "events | count"]);
    assert_eq!(answer.json()["rows"][0][0].as_u64(), Some(2));
    assert_eq!(server.terminate(), 0);
}

/// Files are followed across rotation and across a restart, and no line is there twice.
#[test]
fn files_are_followed_across_rotation_and_restart() {
    let data = tempfile::tempdir().unwrap();
    let logs = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    let file = data.path().join("sentra.toml");
    let log = logs.path().join("auth.log");
    let source = format!("[[sources]]\nname = \"auth\"\npaths = [\"{}/*.log\"]\n", logs.path().display());
    std::fs::write(&file, source).unwrap();
    let line = |number: u32| {
        format!("Mar 14 10:00:00 web-1 sshd[7]: Failed password for root from 192.0.2.{number} port 1 ssh2\n")
    };
    std::fs::write(&log, (0..10).map(line).collect::<String>()).unwrap();
    let arguments = ["--config", file.to_str().unwrap()];
    let server = Served::start_with_arguments(data.path(), &arguments, &[]);
    server.wait("the first lines are processed", |status| settled(status, 10));
    std::fs::rename(&log, logs.path().join("auth.log.1")).unwrap();
    std::fs::write(&log, (10..20).map(line).collect::<String>()).unwrap();
    server.wait("the lines after rotation are processed", |status| settled(status, 20));
    assert_eq!(server.terminate(), 0);
    let mut append = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
    append.write_all((20..30).map(line).collect::<String>().as_bytes()).unwrap();
    let server = Served::start_with_arguments(data.path(), &arguments, &[]);
    server.wait("the lines of the pause are processed", |status| settled(status, 10));
    for number in 0..30 {
        let question = format!("linux | where src_ip == \"192.0.2.{number}\" | count");
        let found = ok(&["query", "--data", place, "--json", &question]).json()["rows"][0][0].as_u64();
        assert_eq!(found, Some(1), "line {number}");
    }
    assert_eq!(server.terminate(), 0);
}
