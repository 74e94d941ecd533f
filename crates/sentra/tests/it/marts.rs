//! Marts registered, changed and removed while events come in: every acknowledged event is found exactly once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::house::{Served, ok, run};
use crate::server::processed;

const LINES: u64 = 200;

/// Sends numbered lines of two shops until told to stop. Gives how many were acknowledged.
fn send(url: &str, token: &str, stop: &AtomicBool, next: &AtomicU64) -> u64 {
    let agent =
        ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(30))).build().new_agent();
    let mut acknowledged = 0;
    while !stop.load(Ordering::Relaxed) {
        let first = next.fetch_add(LINES, Ordering::Relaxed);
        let line = |number: u64| {
            let shop = if number.is_multiple_of(2) { "pay" } else { "web" };
            format!("{{\"n\":{number},\"shop\":\"{shop}\",\"kind\":{}}}\n", number % 4)
        };
        let body: String = (first..first + LINES).map(line).collect();
        let post = agent.post(format!("{url}/api/v1/ingest?format=json"));
        let post = post.header("authorization", format!("Bearer {token}"));
        let mut answer = post.header("content-type", "application/json").send(&body).unwrap();
        let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        acknowledged += answer["accepted"].as_u64().unwrap();
        std::thread::sleep(Duration::from_millis(2));
    }
    acknowledged
}

fn change(server: &Served, method: &str, path: &str, body: &Value) -> Value {
    let (status, answer) = server.request_as(
        method,
        path,
        body.to_string().as_bytes(),
        &[("authorization", &format!("Bearer {}", server.token())), ("content-type", "application/json")],
    );
    assert_eq!(status, 200, "{method} {path}: {answer}");
    serde_json::from_str(&answer).unwrap()
}

fn answer(data: &str, question: &str) -> Value {
    ok(&["query", "--data", data, "--json", question]).json()["rows"].clone()
}

/// Every number once, each in one mart.
fn each_once(data: &str, sent: u64) {
    assert_eq!(answer(data, "events | count")[0][0], sent);
    assert_eq!(answer(data, "events | summarize dcount(n), dcount(id)")[0], json!([sent, sent]));
    let by_mart = answer(data, "events | summarize count() by mart");
    let rows = by_mart.as_array().unwrap();
    assert_eq!(rows.iter().map(|row| row[1].as_u64().unwrap()).sum::<u64>(), sent, "{by_mart}");
    for row in rows {
        let mart = row[0].as_str().unwrap();
        assert_eq!(answer(data, &format!("['{mart}'] | count"))[0][0], row[1], "{mart}");
    }
}

#[test]
fn marts_change_under_load_and_no_event_is_lost_or_doubled() {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    let server = Served::start(data.path());
    let (stop, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let senders: Vec<_> = (0..2)
        .map(|_| {
            let (stop, next) = (Arc::clone(&stop), Arc::clone(&next));
            let (url, token) = (server.url.clone(), server.token());
            std::thread::spawn(move || send(&url, &token, &stop, &next))
        })
        .collect();
    let wait = || std::thread::sleep(Duration::from_millis(400));
    wait();
    let body = json!({"name": "payments", "filter": "shop == 'pay'", "retention_days": 30, "by": "ana",
        "columns": [{"name": "shop", "type": "string"}, {"name": "n", "type": "long"}]});
    let made = change(&server, "POST", "/api/v1/marts", &body);
    assert_eq!(made["definition"]["version"], 1, "{made}");
    // A table before it has events.
    ok(&["query", "--data", place, "payments | take 1"]);
    wait();
    let altered =
        change(&server, "PUT", "/api/v1/marts/payments", &json!({"filter": "shop == 'pay' and kind == '2'"}));
    assert_eq!(
        (&altered["definition"]["version"], &altered["definition"]["retention_days"]),
        (&json!(2), &json!(30))
    );
    wait();
    ok(&["marts", "create", "web-shop", "--data", place, "--filter", "shop == 'web'"]);
    wait();
    let removed = change(&server, "DELETE", "/api/v1/marts/payments?by=bob", &json!({}));
    assert_eq!((&removed["definition"]["state"], &removed["deleted"]), (&json!("removed"), &json!(0)));
    wait();
    stop.store(true, Ordering::Relaxed);
    let sent: u64 = senders.into_iter().map(|sender| sender.join().unwrap()).sum();
    server.wait("everything is processed", |status| processed(status, sent));
    each_once(place, sent);
    // What was routed is what the filters of the time said.
    let kept = answer(place, "payments | summarize count(), countif(shop == 'pay'), countif(kind == '2')");
    let kept: Vec<u64> = kept[0].as_array().unwrap().iter().map(|one| one.as_u64().unwrap()).collect();
    assert!(kept[0] > 0 && kept[0] == kept[1] && kept[2] > 0, "{kept:?}");
    let shops = answer(place, "['web-shop'] | summarize count() by shop");
    assert_eq!(shops.as_array().unwrap().len(), 1, "{shops}");
    let shown = server.get_json("/api/v1/marts/payments");
    assert_eq!(shown["history"].as_array().unwrap().len(), 3, "{shown}");
    let revisions: Vec<u64> =
        shown["routed"].as_array().unwrap().iter().map(|epoch| epoch["revision"].as_u64().unwrap()).collect();
    assert_eq!(revisions, [1, 2, 3, 4], "{shown}");

    // The hard way down: what was in memory is routed once more, as it was.
    let before = answer(place, "events | summarize count() by mart | sort by mart asc");
    server.kill();
    let server = Served::start(data.path());
    server.wait("everything is there again", |status| processed(status, sent));
    assert_eq!(answer(place, "events | summarize count() by mart | sort by mart asc"), before);
    each_once(place, sent);
    let purged = change(&server, "DELETE", "/api/v1/marts/payments?purge=true", &json!({}));
    assert_eq!(purged["deleted"], kept[0]);
    assert_eq!(answer(place, "events | count")[0][0], sent - kept[0]);
    assert_eq!(server.terminate(), 0);
    // Without a server it is the same.
    assert_eq!(answer(place, "events | count")[0][0], sent - kept[0]);
    let listed = ok(&["marts", "list", "--data", place, "--json"]).json();
    let names: Vec<&str> =
        listed["marts"].as_array().unwrap().iter().map(|mart| mart["mart"].as_str().unwrap()).collect();
    assert!(names.contains(&"web-shop") && names.contains(&"linux") && names.len() == 9, "{names:?}");
}

#[test]
fn what_is_wrong_with_a_mart_is_said() {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    let server = Served::start(data.path());
    let authorization = format!("Bearer {}", server.token());
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    for (method, path, body, status, kind) in [
        ("POST", "/api/v1/marts", json!({"name": "linux", "filter": "user == 'x'"}), 400, "body-invalid"),
        ("POST", "/api/v1/marts", json!({"name": "events", "filter": "user == 'x'"}), 400, "body-invalid"),
        ("POST", "/api/v1/marts", json!({"name": "../x", "filter": "user == 'x'"}), 400, "body-invalid"),
        ("POST", "/api/v1/marts", json!({"name": "x", "filter": "user = 'x'"}), 400, "query-invalid"),
        ("POST", "/api/v1/marts", json!({"name": "x", "filter": "baseline.first_time == 'x'"}), 400, ""),
        ("PUT", "/api/v1/marts/linux", json!({"filter": "user == 'x'"}), 409, "conflict"),
        ("PUT", "/api/v1/marts/nosuch", json!({"filter": "user == 'x'"}), 404, "not-found"),
        ("DELETE", "/api/v1/marts/audit?purge=true", json!({}), 409, "conflict"),
    ] {
        let (found, text) = server.request_as(method, path, body.to_string().as_bytes(), &headers);
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(found, status, "{method} {path} {body}: {text}");
        assert!(problem["type"].as_str().unwrap().ends_with(kind), "{text}");
        assert!(!problem["next"].as_str().unwrap().is_empty(), "{text}");
    }
    let wrong = run(&["marts", "create", "x", "--data", place, "--filter", "usr == "]);
    assert_eq!(wrong.code, 1, "{}", wrong.err);
    assert_eq!(server.terminate(), 0);
    let wrong = run(&["marts", "create", "x", "--data", place, "--filter", "usr == "]);
    assert!(wrong.code == 2 && wrong.err.contains("column 8"), "{}", wrong.err);
    assert_eq!(run(&["marts", "remove", "linux", "--data", place, "--purge"]).code, 2);
}
