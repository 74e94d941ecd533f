//! The desk over several stores: signals, incidents, events, what is alike, words; what questions cost and may cost,
//! ending them, and what is kept of the decisions about them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop where it stands"
)]

#[path = "desk/house.rs"]
mod house;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::StreamExt as _;
use house::{DAY, House, asker};
use sentra_model::{EventId, Timestamp};
use sentra_query::{
    Ceiling, DeskOptions, Engine, EngineState, Intent, QueryError, Request, Role, Status, TurnLimits, Waiting,
};
use serde_json::json;

fn asked(text: &str) -> Request {
    Request { explain: true, ..Request::new(text) }
}

#[tokio::test]
async fn signals_and_incidents_are_tables() {
    let house = House::new().await;
    let desk = house.desk();
    let admin = asker("acme", Role::Admin);
    for (text, rows) in [
        ("signals | count", json!([[25]])),
        ("incidents | count", json!([[6]])),
        ("signals | where severity == 'high' and entities has '203.0.113.9' | count", json!([[25]])),
        ("incidents | summarize n = count() by status", json!([["new", 6]])),
        (
            "signals | where count < 3 | sort by first asc | project count, rule",
            json!([[0, "Many failed logins"], [1, "Many failed logins"], [2, "Many failed logins"]]),
        ),
        ("signals | where first >= datetime(2026-01-01T00:00:20Z) | count", json!([[5]])),
        ("incidents | mv-expand s = signals to typeof(string) | distinct s | count", json!([[12]])),
    ] {
        let answer = desk.ask(&admin, &asked(text)).await.unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(json!(answer.rows), rows, "{text}");
        assert_eq!((answer.status, answer.route.engine.as_str()), (Status::Complete, "records"), "{text}");
    }
    // Law TENANT.
    let other = desk.ask(&asker("other", Role::Admin), &asked("signals | count")).await.unwrap();
    assert_eq!(json!(other.rows), json!([[0]]));
}

#[tokio::test]
async fn signals_are_joined_with_the_events_that_share_their_address() {
    let house = House::new().await;
    let desk = house.desk();
    let admin = asker("acme", Role::Admin);
    let text = "signals | where count == 3 | join kind=inner (events | where outcome == 'failure') on src_ip \
                | summarize n = count() by src_ip";
    let answer = desk.ask(&admin, &asked(text)).await.unwrap();
    assert_eq!(json!(answer.rows), json!([["203.0.113.9", 20]]));
    assert_eq!(answer.route.engine, "records+marts");
    let explain = answer.explain.unwrap();
    assert!(!explain.segments.is_empty(), "the segments that the events came from are named");
    // The other way round, and a side that is asked for nobody.
    let text = "events | join kind=inner (signals | where count == 3) on src_ip | count";
    assert_eq!(json!(desk.ask(&admin, &asked(text)).await.unwrap().rows), json!([[20]]));
    let text = "signals | where count > 100 | join kind=inner (events) on src_ip | count";
    assert_eq!(json!(desk.ask(&admin, &asked(text)).await.unwrap().rows), json!([[0]]));
}

#[tokio::test]
async fn what_is_alike_is_asked_first_and_then_counted() {
    let house = House::new().await;
    let desk = house.desk();
    let admin = asker("acme", Role::Admin);
    let id = house.incidents[0].to_string();
    let answer = desk.ask(&admin, &asked(&format!("similar incidents to {id}"))).await.unwrap();
    assert_eq!(answer.route.intent, Intent::Similarity);
    assert_eq!(answer.route.engine, "records+vectors");
    let place = |name: &str| answer.columns.iter().position(|column| column.name == name).unwrap();
    let shown: Vec<_> = answer
        .rows
        .iter()
        .map(|row| (row[place("id")].clone(), row[place("similarity")].clone(), row[place("why")].clone()))
        .collect();
    let like = |number: usize, score: f64| {
        (json!(house.incidents[number].to_string()), json!(score), json!(format!("like number {number}")))
    };
    assert_eq!(shown, [like(1, 0.9), like(2, 0.8)], "the most alike first, with how much and why");
    assert!(answer.understood.contains("similar("), "{}", answer.understood);

    let text = format!("similar incidents to {id} and how many by severity");
    let answer = desk.ask(&admin, &asked(&text)).await.unwrap();
    assert_eq!(answer.route.intent, Intent::Compound);
    let parts = answer.parts.unwrap();
    assert_eq!((parts.len(), parts[0].rows.len()), (1, 2), "the first question has its own answer");
    let total: i64 = answer.rows.iter().map(|row| row[1].as_i64().unwrap()).sum();
    assert_eq!(total, 2, "the second counts what the first found: {:?}", answer.rows);
    assert_eq!(house.similar.asked.load(Ordering::SeqCst), 2, "once for each question, not for each part");

    let unknown = desk.ask(&admin, &asked("incidents | where similar(\"inc-ffffffffffffffff\")")).await;
    assert!(unknown.unwrap_err().to_string().contains("there is no signal or incident"));
    let pasted =
        format!("incidents | where similar(\"https://sentra/incidents/{}\")", id.to_string().to_uppercase());
    assert_eq!(desk.ask(&admin, &asked(&pasted)).await.unwrap().rows.len(), 2);
    // A number names nothing here: the refusal says what does, with ids to take.
    let unknown =
        desk.ask(&admin, &asked("have we seen something like incident 42")).await.unwrap_err().to_string();
    assert!(
        unknown.contains("no signal or incident \"42\"") && unknown.contains("the id that the console shows"),
        "{unknown}"
    );
    assert!(house.incidents.iter().any(|id| unknown.contains(&id.to_string())), "{unknown}");
    let near = desk.ask(&admin, &asked("near(\"brute force\")")).await.unwrap();
    assert_eq!(near.rows.len(), 1);
    let wished = Request { engine: Engine::Similarity, ..asked("brute force against the vpn") };
    assert_eq!(desk.ask(&admin, &wished).await.unwrap().rows.len(), 1);

    house.similar.fails.store(true, Ordering::SeqCst);
    let failed = desk.ask(&admin, &asked("near(\"brute force\")")).await.unwrap_err();
    assert!(matches!(failed, QueryError::EngineUnavailable { engine: "similarity", .. }), "{failed}");
    let mut bare = House::new().await;
    bare.similar_wired = false;
    let refused = bare.desk().ask(&admin, &asked("near(\"brute force\")")).await.unwrap_err();
    assert!(matches!(refused, QueryError::EngineUnavailable { .. }) && refused.hint().is_some());
}

#[tokio::test]
async fn words_are_asked_of_the_index_and_tested_again() {
    let house = House::new().await;
    let desk = house.desk();
    let admin = asker("acme", Role::Admin);
    *house.words.ids.lock().unwrap() = vec![EventId::raw(0, 4), EventId::raw(0, 14), EventId::raw(0, 5)];
    let text = "forensic | where message has 'password' and message endswith '4' | project id";
    let answer = desk.ask(&admin, &asked(text)).await.unwrap();
    assert_eq!(json!(answer.rows), json!([["raw.0.4"], ["raw.0.14"]]), "what does not meet it is left out");
    assert_eq!(answer.route.engine, "forensic");
    assert_eq!(house.words.last.lock().unwrap().as_ref().unwrap().terms, ["password"]);
    let wordless = desk.ask(&admin, &asked("forensic | take 5")).await.unwrap_err();
    assert!(wordless.to_string().contains("stores") && wordless.is_askers_fault());
    let wished =
        Request { engine: Engine::Forensic, ..asked("events | where message has 'password' | count") };
    let answer = desk.ask(&admin, &wished).await.unwrap();
    assert_eq!((json!(answer.rows), answer.route.engine.as_str()), (json!([[3]]), "forensic"));
    assert!(answer.understood.starts_with("forensic"), "{}", answer.understood);
    let elsewhere = Request { engine: Engine::Records, ..asked("events | count") };
    assert!(
        desk.ask(&admin, &elsewhere).await.unwrap_err().to_string().contains("engine records does not hold")
    );
}

/// What another engine has is asked of it; what is asked of the one by name is answered as far as it goes, and says so.
#[tokio::test]
async fn an_index_that_is_full_or_fails_is_avoided_and_said_to_be() {
    let house = House::new().await;
    let desk = house.desk();
    let admin = asker("acme", Role::Admin);
    *house.words.ids.lock().unwrap() = vec![EventId::raw(0, 4)];
    let table = asked("forensic | where message has 'password' | project id");
    let wished =
        Request { engine: Engine::Forensic, ..asked("events | where message has 'password' | count") };
    let state = async || {
        let engines = desk.engines(&admin.scope).await;
        assert_eq!(
            engines.iter().map(|engine| engine.name.as_str()).collect::<Vec<_>>(),
            ["marts", "records", "forensic", "vectors"]
        );
        (engines[2].state, engines[2].why.clone())
    };
    assert_eq!(desk.ask(&admin, &wished).await.unwrap().route.engine, "forensic");
    assert_eq!(state().await, (EngineState::Well, String::new()));

    let why = "3 events gave way to others";
    *house.words.lacks.lock().unwrap() = Some(why.into());
    let answer = desk.ask(&admin, &table).await.unwrap();
    assert_eq!((json!(answer.rows), answer.status), (json!([["raw.0.4"]]), Status::Partial));
    assert!(answer.status_detail.why.contains(why), "{:?}", answer.status_detail);
    let answer = desk.ask(&admin, &wished).await.unwrap();
    assert_eq!((json!(answer.rows), answer.status), (json!([[20]]), Status::Complete), "the marts have all");
    assert_eq!((answer.route.engine.as_str(), answer.understood.starts_with("events")), ("marts", true));
    assert!(answer.route.reason.contains(why), "{}", answer.route.reason);
    assert_eq!(state().await, (EngineState::Full, why.to_owned()));

    // It lacks nothing of later times: what is only about those may be asked of it.
    *house.words.whole_since.lock().unwrap() = Some(Timestamp::from_seconds(DAY + 60));
    let since = |seconds, tail| {
        let from = Timestamp::from_seconds(DAY + seconds);
        let text = format!("events | where time >= datetime({from}) and message has 'password' {tail}");
        Request { engine: Engine::Forensic, ..asked(&text) }
    };
    for (seconds, tail, engine) in [
        (60, "| count", "forensic"),
        (59, "| count", "marts"),
        (60, "| join kind=inner (events | where message has 'x') on user | count", "marts"),
        (60, "| union (events | take 3 | where time >= now()) | count", "marts"),
    ] {
        let asked = since(seconds, tail);
        assert_eq!(desk.ask(&admin, &asked).await.unwrap().route.engine, engine, "{}", asked.text);
    }

    *house.words.lacks.lock().unwrap() = None;
    house.words.fails.store(true, Ordering::SeqCst);
    for _ in 0..8 {
        desk.ask(&admin, &table).await.unwrap_err();
    }
    let (found, why) = state().await;
    assert!(found == EngineState::Failing && why.contains("tried again"), "{found:?} {why}");
    let answer = desk.ask(&admin, &wished).await.unwrap();
    assert_eq!((json!(answer.rows), answer.route.engine.as_str()), (json!([[20]]), "marts"));
    assert!(answer.route.reason.contains("failed again and again"), "{}", answer.route.reason);
    let refused = desk.ask(&admin, &table).await.unwrap_err();
    assert!(matches!(refused, QueryError::EngineUnavailable { .. }), "who names it is told: {refused}");
    // After its rest it is tried, by whoever wishes for it, too.
    house.words.fails.store(false, Ordering::SeqCst);
    house.clock.set(Timestamp::from_seconds(DAY + 3_700));
    assert_eq!(desk.ask(&admin, &wished).await.unwrap().route.engine, "forensic");
    assert_eq!(state().await.0, EngineState::Well);
}

#[tokio::test]
async fn what_a_question_costs_is_known_before_and_bounded() {
    let house = House::new().await;
    let mut options = DeskOptions::default();
    options.ceilings.roles.insert(Role::Analyst, Ceiling { rows: Some(10), ..Ceiling::default() });
    let desk = house.desk_with(options);
    let (admin, analyst) = (asker("acme", Role::Admin), asker("acme", Role::Analyst));
    let all = asked("events | summarize count() by user");
    let estimated = desk.estimate(&admin, &all).await.unwrap();
    assert!(estimated.allowed && estimated.cheaper.is_none());
    assert_eq!((estimated.estimate.rows, estimated.estimate.segments), (20, 2));
    assert!(estimated.estimate.bytes > 0 && estimated.estimate.low_ms < estimated.estimate.expected_ms);
    assert!(estimated.estimate.expected_ms < estimated.estimate.high_ms);
    let pruned = desk.estimate(&admin, &asked("events | where time > ago(1s) | count")).await.unwrap();
    assert_eq!((pruned.estimate.rows, pruned.estimate.segments), (0, 0), "times rule segments out");

    let refused = desk.ask(&analyst, &all).await.unwrap_err();
    let QueryError::TooExpensive(expensive) = refused else { panic!("{refused}") };
    assert_eq!(expensive.why, "it looks at 20 rows, 10 are allowed");
    assert_eq!(desk.estimate(&analyst, &all).await.unwrap().cheaper, expensive.cheaper);
    if let Some(cheaper) = &expensive.cheaper {
        let narrower = desk.ask(&analyst, &asked(cheaper)).await.unwrap();
        assert!(narrower.estimate.unwrap().rows <= 10, "what is named is allowed: {cheaper}");
    }
    let anyway = Request { anyway: true, ..all.clone() };
    assert!(matches!(desk.ask(&analyst, &anyway).await, Err(QueryError::TooExpensive(_))));
    assert_eq!(desk.ask(&admin, &anyway).await.unwrap().rows.len(), 2);
    let decisions = desk.decisions(&analyst.scope, None, 10).await.unwrap().items;
    assert!(decisions.iter().any(|decision| decision.actual.status == "too-expensive"));
}

#[tokio::test]
async fn every_decision_is_kept_and_can_be_corrected() {
    let house = House::new().await;
    let desk = house.desk();
    let admin = asker("acme", Role::Admin);
    let first = desk.ask(&admin, &Request::new("events | take 3")).await.unwrap();
    let id = first.decision_id.unwrap();
    desk.ask(&admin, &Request::new("signals | count")).await.unwrap();
    assert!(desk.ask(&admin, &Request::new("evnts | count")).await.is_err(), "not understood, not routed");
    let page = desk.decisions(&admin.scope, None, 1).await.unwrap();
    assert_eq!(page.items[0].question, "signals | count", "the latest first");
    let page = desk.decisions(&admin.scope, page.next.as_deref(), 10).await.unwrap();
    let [decision] = page.items.as_slice() else { panic!("{:?}", page.items) };
    assert_eq!((decision.id.as_str(), decision.question.as_str()), (id.as_str(), "events | take 3"));
    assert_eq!((decision.engine.as_str(), decision.intent.as_str()), ("marts", "exact"));
    assert_eq!((decision.actual.rows, decision.actual.status.as_str()), (3, "complete"));
    assert!(decision.estimate.is_some() && decision.rules.contains(&"R12".to_owned()));
    let lineage = desk.lineage(&admin.scope, &id).await.unwrap().unwrap();
    assert_eq!(lineage.segments.len(), 2);
    assert!(lineage.segments.iter().all(|segment| segment.checksum.len() == 64));

    let again = Request { engine: Engine::Marts, ..Request::new("signals | count") };
    assert!(desk.ask(&admin, &again).await.is_err(), "the marts hold no signals");
    let forensic = Request { engine: Engine::Exact, ..Request::new("events | take 3") };
    desk.ask(&admin, &forensic).await.unwrap();
    let all = desk.decisions(&admin.scope, None, 10).await.unwrap().items;
    let corrected = all.iter().find(|decision| decision.id == id).unwrap().overridden.clone().unwrap();
    assert_eq!(corrected.engine.as_deref(), Some("exact"), "asked again with an engine corrects the first");

    let said = |engine: &str| {
        let (engine, note) = (Some(engine.to_owned()), Some("the index would do".to_owned()));
        desk.put_override(&admin, &id, engine, None, note)
    };
    assert_eq!(said("forensic").await.unwrap().unwrap().overridden.unwrap().engine.unwrap(), "forensic");
    assert!(said("oracle").await.is_err());
    // Law TENANT.
    let other = asker("other", Role::Admin);
    assert!(desk.decisions(&other.scope, None, 10).await.unwrap().items.is_empty());
    assert!(desk.lineage(&other.scope, &id).await.unwrap().is_none());
    let theirs = desk.put_override(&other, &id, Some("marts".into()), None, None).await.unwrap();
    assert!(theirs.is_none());
}

/// What is cancelled does no more work: counted, not timed.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_cancelled_stops_working() {
    let house = House::new().await;
    house.slow.rows.store(0, Ordering::SeqCst);
    let desk = Arc::new(house.slow_desk());
    let admin = asker("acme", Role::Admin);
    let request = Request { query_id: Some("long".into()), ..Request::new("events | count") };
    let task = tokio::spawn({
        let (desk, admin, request) = (Arc::clone(&desk), admin.clone(), request.clone());
        async move { desk.ask(&admin, &request).await }
    });
    while house.slow.rows.load(Ordering::SeqCst) < 3 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let twice = desk.ask(&admin, &request).await.unwrap_err();
    assert!(matches!(twice, QueryError::IdTaken { .. }), "{twice}");
    assert!(!desk.cancel(&asker("other", Role::Admin).scope, "long"), "law TENANT");
    assert!(desk.cancel(&admin.scope, "long"));
    let ended = tokio::time::timeout(Duration::from_secs(5), task).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(ended, QueryError::Cancelled { .. }), "{ended}");
    let done = house.slow.rows.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(house.slow.rows.load(Ordering::SeqCst), done, "work went on after the answer");
    assert_eq!(desk.running(), 0);
    assert!(!desk.cancel(&admin.scope, "long"), "it is over");
    let kept = desk.decisions(&admin.scope, None, 10).await.unwrap().items;
    assert!(kept.iter().any(|decision| decision.actual.status == "cancelled"));
}

/// Files are made on threads that are nice to all others, and what is not in the background is not. Both end when they are
/// told to: counted, not timed.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_delivered_in_the_background_works_there_and_ends_when_it_is_cancelled() {
    let house = House::new().await;
    let desk = Arc::new(house.slow_desk());
    let admin = asker("acme", Role::Admin);
    for in_background in [true, false] {
        house.slow.rows.store(0, Ordering::SeqCst);
        house.slow.threads.lock().unwrap().clear();
        let request = Request { query_id: Some("file".into()), in_background, ..Request::new("events") };
        let task = tokio::spawn({
            let (desk, admin) = (Arc::clone(&desk), admin.clone());
            async move {
                let mut delivery = desk.deliver(&admin, &request).await?;
                delivery.pieces.next().await.unwrap()
            }
        });
        while house.slow.rows.load(Ordering::SeqCst) < 3 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let threads = house.slow.threads.lock().unwrap().clone();
        assert_eq!(threads.contains("sentra-long"), in_background, "{threads:?}");
        assert_eq!(threads.len(), 1, "{threads:?}");
        assert!(desk.cancel(&admin.scope, "file"));
        let ended = tokio::time::timeout(Duration::from_secs(5), task).await.unwrap().unwrap().unwrap_err();
        assert!(matches!(ended, QueryError::Cancelled { .. }), "{ended}");
        let mut done = u64::MAX;
        while done != house.slow.rows.load(Ordering::SeqCst) {
            done = house.slow.rows.load(Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(desk.running(), 0);
    }
}

/// Dropping the future is cancelling: the turn is free again, and so is the name.
#[tokio::test]
async fn a_question_whose_asker_is_gone_leaves_nothing() {
    let house = House::new().await;
    let desk = house.slow_desk();
    let admin = asker("acme", Role::Admin);
    let request = Request { query_id: Some("gone".into()), ..Request::new("events | count") };
    for _ in 0..20 {
        let asked = tokio::time::timeout(Duration::from_millis(10), desk.ask(&admin, &request)).await;
        assert!(asked.is_err(), "it is slow");
    }
    assert_eq!(desk.running(), 0);
}

#[tokio::test]
async fn an_answer_says_when_records_wait() {
    let house = House::new().await;
    let desk = house.desk();
    let admin = asker("acme", Role::Admin);
    let now = Timestamp::from_seconds(DAY + 3_600);
    *house.behind.0.lock().unwrap() = Some(Waiting { records: 7, since: now.plus_micros(-1_000_000) });
    let fresh = desk.ask(&admin, &asked("events | count")).await.unwrap();
    assert_eq!(fresh.status, Status::Complete, "a second is not worth a word");
    let since = now.plus_micros(-60_000_000);
    *house.behind.0.lock().unwrap() = Some(Waiting { records: 7, since });
    let stale = desk.ask(&admin, &asked("events | count")).await.unwrap();
    assert_eq!((stale.status, stale.status_detail.stale_as_of), (Status::Stale, Some(since)));
    assert!(stale.status_detail.why.starts_with("7 records wait"), "{}", stale.status_detail.why);
}

#[tokio::test]
async fn an_engine_that_fails_is_left_alone() {
    let house = House::new().await;
    let desk = house.desk();
    let admin = asker("acme", Role::Admin);
    house.similar.fails.store(true, Ordering::SeqCst);
    for _ in 0..4 {
        assert!(desk.ask(&admin, &asked("near(\"x\")")).await.is_err());
    }
    let before = house.similar.asked.load(Ordering::SeqCst);
    let refused = desk.ask(&admin, &asked("near(\"x\")")).await.unwrap_err();
    assert!(refused.to_string().contains("failed again and again"), "{refused}");
    assert_eq!(house.similar.asked.load(Ordering::SeqCst), before, "it is not asked");
    assert!(desk.ask(&admin, &asked("events | count")).await.is_ok(), "the others are well");
    house.clock.set(Timestamp::from_seconds(DAY + 3_600 + 60));
    house.similar.fails.store(false, Ordering::SeqCst);
    assert!(desk.ask(&admin, &asked("near(\"x\")")).await.is_ok(), "and it is tried again");
}

#[tokio::test]
async fn questions_wait_for_their_turn() {
    let house = House::new().await;
    let options = DeskOptions { turns: TurnLimits::new(1), ..DeskOptions::default() };
    let desk = Arc::new(house.desk_with(options));
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let desk = Arc::clone(&desk);
            tokio::spawn(async move { desk.ask(&asker("acme", Role::Admin), &asked("events | count")).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(json!(task.await.unwrap().unwrap().rows), json!([[20]]));
    }
}
