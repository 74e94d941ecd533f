//! A real server: what it acknowledged survives SIGKILL, each effect happens once, and the faces agree.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::{TcpStream, UdpSocket};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::house::{Served, ok, real_data, repository, run, sentra};

fn body(from: usize, count: usize) -> Vec<u8> {
    let line = |number: usize| {
        format!(
            "{{\"time\":\"2026-03-01T10:{:02}:{:02}Z\",\"n\":{number},\"text\":\"record {number}\"}}\n",
            number / 60 % 60,
            number % 60
        )
    };
    (from..from + count).map(line).collect::<String>().into_bytes()
}

pub(crate) fn processed(status: &Value, records: u64) -> bool {
    status["pipeline"]["lag_records"] == 0
        && status["marts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|mart| mart["rows"].as_u64().unwrap() + mart["memory_rows"].as_u64().unwrap())
            .sum::<u64>()
            >= records
}

fn count(data: &str, question: &str) -> u64 {
    ok(&["query", "--data", data, "--json", question]).json()["rows"][0][0].as_u64().unwrap()
}

/// It is the same process with the same arguments, or it would not be reached.
#[test]
#[cfg(target_os = "linux")]
fn a_server_keeps_freed_memory_unless_it_is_told_otherwise() {
    let setting = |server: &Served| {
        let mut all = server.environment().into_iter();
        all.find_map(|one| one.strip_prefix("MIMALLOC_PURGE_DELAY=").map(str::to_owned))
    };
    let data = tempfile::tempdir().unwrap();
    let server = Served::start(data.path());
    assert_eq!(setting(&server).as_deref(), Some("1500"));
    assert_eq!(server.terminate(), 0);
    let server = Served::start_with(data.path(), &[("MIMALLOC_PURGE_DELAY", "10")]);
    assert_eq!(setting(&server).as_deref(), Some("10"));
    assert_eq!(server.terminate(), 0);
}

/// Laws ACK, SOURCE and IDENTITY against the real binary.
#[test]
fn sigkill_at_any_moment_loses_nothing_and_repeats_nothing() {
    let rounds = std::env::var("SENTRA_SERVER_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    let data = tempfile::tempdir().unwrap();
    let attack = std::fs::read(repository("examples/ssh-attack.log")).unwrap();
    let mut acknowledged = 0;
    for round in 0..rounds {
        let server = Served::start(data.path());
        if round == 0 {
            let (status, answer) =
                server.request("POST", "/api/v1/ingest?format=syslog&source=auth.log", &attack);
            assert_eq!(status, 200, "{answer}");
            acknowledged += 291;
        }
        for part in 0..5 {
            let lines = body(round * 5_000 + part * 1_000, 1_000);
            let (status, answer) = server.request("POST", "/api/v1/ingest?format=json", &lines);
            assert_eq!(status, 200, "{answer}");
            let answer: Value = serde_json::from_str(&answer).unwrap();
            acknowledged += answer["accepted"].as_u64().unwrap();
        }
        // Sometimes at once, sometimes after it has worked a while: between any two of its commits.
        std::thread::sleep(Duration::from_millis([0, 15, 60, 250][round % 4]));
        server.kill();
    }
    let server = Served::start(data.path());
    server.wait("everything is processed", |status| processed(status, acknowledged));
    let path = data.path().to_str().unwrap();
    assert_eq!(count(path, "events | count"), acknowledged);
    for number in [0, 999, 1_000, rounds * 5_000 - 1] {
        assert_eq!(count(path, &format!("events | where n == {number} | count")), 1, "record {number}");
    }
    let incidents = ok(&["incidents", "list", "--data", path, "--json"]).json();
    let headlines: Vec<&str> =
        incidents.as_array().unwrap().iter().map(|incident| incident["headline"].as_str().unwrap()).collect();
    assert_eq!(headlines.len(), 2, "{headlines:#?}");
    assert!(headlines.iter().any(|headline| headline.contains("64 times")), "{headlines:#?}");
    assert!(headlines.iter().any(|headline| headline.contains("9 times")), "{headlines:#?}");
    assert_eq!(server.terminate(), 0);
    assert_eq!(count(path, "events | count"), acknowledged);
}

#[test]
fn windows_events_are_found_by_id_host_and_time_before_and_after_a_restart() {
    let Some(path) = real_data("windows/otrf.ndjson.zst") else { return };
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    let server = Served::start(data.path());
    ok(&["ingest", "--data", place, path.to_str().unwrap()]);
    server.wait("everything is processed", |status| processed(status, 74_636));
    let before = questions(place);
    server.kill();
    let server = Served::start(data.path());
    server.wait("everything is there again", |status| processed(status, 74_636));
    assert_eq!(questions(place), before);
    assert_eq!(server.terminate(), 0);
    assert_eq!(questions(place), before, "without a server");
}

/// An event by id, counts by host and by time, each against plain text search in the file.
fn questions(place: &str) -> Vec<Value> {
    let answer = |text: &str| ok(&["query", "--data", place, "--json", text]).json()["rows"].clone();
    let by_id = answer("event(\"raw.0.4\")");
    assert!(by_id[0].to_string().contains("Outflank-Dumpert.exe"), "{by_id}");
    let by_host = answer("windows | where host == \"WORKSTATION5\" | count");
    let field = answer("windows | where Hostname == \"WORKSTATION5\" | count");
    assert_eq!(by_host, field);
    assert!(by_host[0][0].as_u64().unwrap() > 1_000, "{by_host}");
    let range = "time >= datetime(2020-10-18T10:56:18Z) and time < datetime(2020-10-18T10:56:19Z)";
    let by_time = answer(&format!("windows | where {range} | count"));
    assert!(by_time[0][0].as_u64().unwrap() >= 2, "{by_time}");
    vec![by_id, by_host, by_time]
}

#[test]
fn syslog_senders_reach_the_marts() {
    let data = tempfile::tempdir().unwrap();
    let server = Served::start(data.path());
    let status = server.get_json("/api/v1/status");
    let listener = |name: &str| {
        let listeners = status["listeners"].as_array().unwrap();
        let found = listeners.iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {listeners:?}"))["address"].as_str().unwrap().to_owned()
    };
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    for number in 0..20 {
        let line = format!(
            "<38>Mar 14 10:00:{number:02} web-1 sshd[7]: Failed password for root from 192.0.2.99 port 1 ssh2"
        );
        udp.send_to(line.as_bytes(), listener("syslog_udp")).unwrap();
    }
    let mut tcp = TcpStream::connect(listener("syslog_tcp")).unwrap();
    tcp.write_all(b"<38>1 2026-03-14T10:00:00Z web-2 sudo - - - over line feeds\n").unwrap();
    drop(tcp);
    // The framing of RFC 6587 is chosen once per connection.
    let mut tcp = TcpStream::connect(listener("syslog_tcp")).unwrap();
    let octets = "<38>1 2026-03-14T10:00:00Z web-3 app - - - with a\nline feed inside";
    tcp.write_all(format!("{} {octets}", octets.len()).as_bytes()).unwrap();
    drop(tcp);
    server.wait("syslog arrived", |status| processed(status, 22));
    let place = data.path().to_str().unwrap();
    assert_eq!(count(place, "linux | where src_ip == \"192.0.2.99\" and code == \"LL03\" | count"), 20);
    assert_eq!(count(place, "linux | where host == \"web-3\" and message contains \"inside\" | count"), 1);
    let incidents = server.get_json("/api/v1/incidents");
    assert_eq!(incidents["total"], 1, "{incidents}");
}

#[test]
fn nobody_gets_in_without_the_token_and_a_login_link_works_once() {
    let data = tempfile::tempdir().unwrap();
    let server = Served::start(data.path());
    for path in ["/api/v1/status", "/api/v1/incidents", "/api/v1/openapi.json", "/metrics", "/api/v1/stream"]
    {
        let (status, body) = server.request_as("GET", path, b"", &[]);
        assert_eq!(status, 401, "{path}: {body}");
        let (status, _) = server.request_as("GET", path, b"", &[("authorization", "Bearer wrong")]);
        assert_eq!(status, 401, "{path}");
    }
    assert_eq!(server.request_as("GET", "/healthz", b"", &[]).0, 200);
    assert_eq!(server.request_as("GET", "/readyz", b"", &[]).0, 200);
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(data.path().join("admin.token")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);

    let link = ok(&["login-link", "--data", data.path().to_str().unwrap()]).out;
    let link = link.trim();
    let agent =
        ureq::Agent::config_builder().max_redirects(0).http_status_as_error(false).build().new_agent();
    let first = agent.get(link).call().unwrap();
    let cookie = first.headers().get("set-cookie").unwrap().to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(server.request_as("GET", "/api/v1/status", b"", &[("cookie", cookie)]).0, 200);
    let second = agent.get(link).call().unwrap();
    assert!(second.headers().get("set-cookie").is_none(), "the link worked twice");
}

#[test]
fn metrics_and_contract_are_served() {
    let data = tempfile::tempdir().unwrap();
    let server = Served::start(data.path());
    let (_, answer) = server.request("POST", "/api/v1/ingest", &body(0, 10));
    assert!(answer.contains("\"accepted\":10"), "{answer}");
    server.wait("processed", |status| processed(status, 10));
    let (_, metrics) = server.request("GET", "/metrics", b"");
    let value = |name: &str| {
        let line = metrics
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_else(|| panic!("no {name}:\n{metrics}"));
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    assert_eq!(value("sentra_factory_events_total"), 10.0);
    let document = server.get_json("/api/v1/openapi.json");
    assert!(document["paths"]["/api/v1/incidents"].is_object());
}

/// The way in does not change what comes of a file.
#[test]
fn a_printed_json_document_is_the_same_events_through_a_server_and_without_one() {
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("export.json");
    let document = "[\n  {\n    \"time\": \"2026-03-01T10:00:00Z\",\n    \"n\": 1\n  },\n  {\n    \"n\": 2,\n    \"time\": \"2026-03-01T10:00:01Z\"\n  }\n]\n";
    std::fs::write(&file, document).unwrap();
    let file = file.to_str().unwrap();
    let (alone, served) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Served::start(served.path());
    for data in [alone.path(), served.path()] {
        let place = data.to_str().unwrap();
        ok(&["ingest", "--data", place, file]);
        assert_eq!(count(place, "events | count"), 2, "{place}");
        assert_eq!(count(place, "cloud | where n == 2 | count"), 1, "{place}");
    }
    drop(server);
}

/// What the command line could not make a record of is listed where people look.
#[test]
fn dead_letters_of_the_command_line_reach_the_server() {
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("long.log");
    std::fs::write(&file, format!("{}\nshort\n", "x".repeat(3_000_000))).unwrap();
    let data = tempfile::tempdir().unwrap();
    let server = Served::start(data.path());
    ok(&["ingest", "--data", data.path().to_str().unwrap(), file.to_str().unwrap()]);
    for _ in 0..600 {
        let letters = server.get_json("/api/v1/dead-letters");
        if letters["total"] == 1 {
            let letter = &letters["items"][0];
            assert_eq!((&letter["reason"], &letter["position"]), (&"too_long".into(), &1.into()), "{letter}");
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("no dead letter: {}", server.get_json("/api/v1/dead-letters"));
}

/// Rules that a server was given run on its directory also when no server does.
#[test]
fn rules_of_the_server_are_remembered_for_its_directory() {
    let files = tempfile::tempdir().unwrap();
    let rule = "title: Cron ran\nid: 0d5c1a52-8c3e-4b0e-9d1b-3f7c26a1a002\nstatus: test\nlevel: low\n\
                logsource: {product: linux}\ndetection: {selection: {process|contains: CRON}, condition: selection}\n";
    std::fs::write(files.path().join("cron.yml"), rule).unwrap();
    let data = tempfile::tempdir().unwrap();
    let server = Served::start_with(data.path(), &[("SENTRA_DETECT__RULES", files.path().to_str().unwrap())]);
    assert_eq!(server.terminate(), 0);
    let place = data.path().to_str().unwrap();
    ok(&["ingest", "--data", place, repository("examples/ssh-attack.log").to_str().unwrap()]);
    let incidents = ok(&["incidents", "list", "--data", place, "--json"]).json();
    let found = incidents.as_array().unwrap().iter().any(|incident| {
        let shown = ok(&["incidents", "show", "--data", place, "--json", incident["id"].as_str().unwrap()]);
        shown.out.contains("\"title\":\"Cron ran\"")
    });
    assert!(found, "{incidents}");
}

#[test]
fn formats_are_read_again_while_the_server_runs() {
    let pack = tempfile::tempdir().unwrap();
    let formats = pack.path().join("formats");
    std::fs::create_dir(&formats).unwrap();
    let data = tempfile::tempdir().unwrap();
    let server = Served::start_with(data.path(), &[("SENTRA_DETECT__RULES", pack.path().to_str().unwrap())]);
    let send = |user: &str| {
        let line = format!("shop 2026-03-01T10:00:00Z {user} 192.0.2.7\n");
        server.request("POST", "/api/v1/ingest?format=shop", line.as_bytes())
    };
    let reloaded = |status: u16, user: &str| {
        server.hang_up();
        let answered = (0..600).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            send(user).0 == status
        });
        assert!(answered, "{:?}", send(user));
    };
    assert_eq!(send("early").0, 400);
    std::fs::write(formats.join("shop.yml"), "name: shop\npattern: 'shop {time} {user} {src_ip:ip}'\n")
        .unwrap();
    reloaded(200, "alice");
    // A mistake leaves the formats as they were, and so the server's answers.
    std::fs::write(formats.join("broken.yml"), "name: broken\npatern: '{x}'\n").unwrap();
    server.hang_up();
    assert_eq!(send("bob").0, 200);
    let text = r#"{"text": "linux | where user == \"alice\" or user == \"bob\" | count"}"#;
    let bearer = format!("Bearer {}", server.token());
    let json = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    server.wait("both lines read as the new format says", |_| {
        let (status, answer) = server.request_as("POST", "/api/v1/query", text.as_bytes(), &json);
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str::<Value>(&answer).unwrap()["rows"][0][0] == 2
    });
    // Only now: whenever the server reads the directory, the two lines above find their format.
    std::fs::remove_file(formats.join("broken.yml")).unwrap();
    std::fs::remove_file(formats.join("shop.yml")).unwrap();
    reloaded(400, "late");
}

/// A directory is not read with other settings only because no server runs.
#[test]
fn settings_of_the_environment_reach_every_way_in() {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    let log = repository("examples/ssh-attack.log");
    let ran = sentra()
        .env("SENTRA_DECODE__TIME_ZONE", "America/New_York")
        .args(["ingest", "--data", place, log.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(ran.status.success());
    let first = ok(&["query", "--data", place, "--json", "event(\"raw.0.0\")"]).json();
    let columns = first["columns"].as_array().unwrap();
    let time = columns.iter().position(|column| column["name"] == "time").unwrap();
    let time = first["rows"][0][time].as_str().unwrap();
    assert!(time.contains("T05:58:00"), "01:58 in New York is 05:58 in UTC in March: {time}");
}

#[test]
fn two_tenants_do_not_see_each_other() {
    let data = tempfile::tempdir().unwrap();
    let server = Served::start(data.path());
    let attack = std::fs::read(repository("examples/ssh-attack.log")).unwrap();
    let bearer = format!("Bearer {}", server.token());
    let acme = [("authorization", bearer.as_str()), ("x-sentra-tenant", "acme")];
    let (status, answer) = server.request_as("POST", "/api/v1/ingest?format=syslog", &attack, &acme);
    assert_eq!(status, 200, "{answer}");
    let list = |headers: &[(&str, &str)]| -> Value {
        serde_json::from_str(&server.request_as("GET", "/api/v1/incidents", b"", headers).1).unwrap()
    };
    for _ in 0..600 {
        if list(&acme)["total"] == 2 {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let theirs = list(&acme);
    assert_eq!(theirs["total"], 2, "{theirs}");
    let ours = [("authorization", bearer.as_str())];
    assert_eq!(list(&ours)["total"], 0);
    let id = theirs["items"][0]["id"].as_str().unwrap();
    assert_eq!(server.request_as("GET", &format!("/api/v1/incidents/{id}"), b"", &ours).0, 404);
    assert_eq!(server.request_as("GET", "/api/v1/events/raw.0.3", b"", &ours).0, 404);
    assert_eq!(server.request_as("GET", "/api/v1/events/raw.0.3", b"", &acme).0, 200);
}

#[test]
fn port_in_use_foreign_address_and_second_process_are_refused_clearly() {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    let server = Served::start(data.path());
    let second = run(&["serve", "--data", place, "--listen", "127.0.0.1:0", "--no-syslog"]);
    assert_eq!(second.code, 1);
    assert!(
        second.err.contains("another Sentra") && second.err.contains("held by process"),
        "{}",
        second.err
    );

    let other = tempfile::tempdir().unwrap();
    let other = other.path().to_str().unwrap();
    let taken = run(&["serve", "--data", other, "--listen", server.address(), "--no-syslog"]);
    assert_eq!(taken.code, 1);
    assert!(taken.err.contains(server.address()) && taken.err.contains("in use"), "{}", taken.err);
    let open = run(&["serve", "--data", other, "--listen", "0.0.0.0:0", "--no-syslog"]);
    assert_eq!(open.code, 1);
    assert!(open.err.contains("TLS"), "{}", open.err);
}

#[test]
fn a_full_disk_is_told_to_the_sender_and_nothing_accepted_is_lost() {
    let data = tempfile::tempdir().unwrap();
    let server = Served::start_with(data.path(), &[("SENTRA_BACKBONE__DISK_BYTES_MAX", "200000")]);
    let mut accepted = 0;
    let mut refused = None;
    for round in 0..200 {
        // Digits of a hash do not compress, so the budget is soon used up.
        let noise: String = (0..400)
            .map(|line| format!("{{\"n\":{},\"h\":\"{}\"}}\n", round * 400 + line, noise(round * 400 + line)))
            .collect();
        let (status, answer) = server.request("POST", "/api/v1/ingest", noise.as_bytes());
        if status == 200 {
            accepted += 400;
            continue;
        }
        refused = Some((status, answer));
        break;
    }
    let (status, answer) = refused.expect("the disk budget was never reached");
    assert!([429, 503, 507].contains(&status), "{status} {answer}");
    assert!(answer.contains("urn:sentra:problem:"), "{answer}");
    assert!(accepted > 0);
    server.wait("processed", |status| processed(status, accepted));
    let place = data.path().to_str().unwrap();
    server.kill();
    assert_eq!(count(place, "events | count"), accepted);
}

fn noise(seed: usize) -> String {
    let mut state = seed as u64 + 1;
    (0..8)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            format!("{:016x}", state ^ (state >> 29))
        })
        .collect()
}

#[test]
fn a_data_directory_of_a_newer_version_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    ok(&["ingest", "--data", place, repository("examples/ssh-attack.log").to_str().unwrap()]);
    raise_version(&data.path().join("backbone/VERSION"));
    let refused = run(&["incidents", "list", "--data", place]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("version"), "{}", refused.err);
    assert!(refused.err.contains("backbone"), "{}", refused.err);
}

/// Makes the first number of the file a large one.
fn raise_version(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    let digits: BTreeSet<char> = ('0'..='9').collect();
    let start = text.find(|c| digits.contains(&c)).unwrap();
    let end = text[start..].find(|c| !digits.contains(&c)).map_or(text.len(), |length| start + length);
    std::fs::write(path, format!("{}9999{}", &text[..start], &text[end..])).unwrap();
}
