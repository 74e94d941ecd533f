//! Conditions on events on their way in, held against what a question with the same condition finds.

use std::collections::BTreeSet;

use sentra_kql::plan::Value;
use sentra_model::{EventBatch, Mart, column};

use super::fixture::{batches, next, scope};
use super::plans::{CONDITIONS, plan};
use crate::{AskLimits, EventCondition, MartStore, MemoryMarts, Routed, RoutingTable, StoreError, split_at};

const EVENTS: u64 = 400;

fn found(condition: &EventCondition, batches: &[EventBatch]) -> BTreeSet<String> {
    let rows = batches.iter().flat_map(|batch| batch.rows().zip(condition.mask(batch)));
    rows.filter(|(_, holds)| *holds).map(|(row, _)| row.id().to_string()).collect()
}

/// Law SAME: an event goes into a mart when a question with the mart's filter would find it.
#[tokio::test]
async fn a_condition_holds_for_the_events_that_a_question_finds() {
    let ours = scope("ours");
    let batches = batches(&ours, 0..EVENTS);
    let marts = MemoryMarts::new();
    marts.append(&ours, batches.clone(), next(EVENTS)).await.unwrap();
    let mut checked = 0;
    for text in CONDITIONS {
        let condition = match EventCondition::new(text) {
            Ok(condition) => condition,
            Err(problem) => {
                assert!(text == "true" || text.contains("fields.user"), "{text}: {problem}");
                continue;
            }
        };
        let question = plan(&format!("events | where {text} | project id"));
        let answer = marts.ask(&ours, &question, &AskLimits::default()).await.unwrap();
        let expected: BTreeSet<String> = answer
            .rows
            .into_iter()
            .map(|row| match row.into_iter().next() {
                Some(Value::String(id)) => id,
                other => panic!("{other:?} is no id"),
            })
            .collect();
        assert_eq!(found(&condition, &batches), expected, "{text}");
        checked += 1;
    }
    assert!(checked > 40, "{checked}");
}

#[test]
fn what_is_no_condition_is_refused_with_its_place() {
    for (text, offset, word) in [
        ("usr == ", 7, "expected"),
        ("user == 'x' | take 5", 14, "a condition stands here"),
        ("true", 0, "every event alike"),
        ("time > ago(1h)", 0, "depends on the moment"),
        ("* has 'x'", 0, "all fields at once"),
        ("tostring(fields) has 'x'", 0, "all fields at once"),
        ("nosuch(user)", 0, "nosuch"),
        ("severity == 'x' and", 19, "expected"),
        ("", 0, ""),
        ("user == 'x'; events", 11, ""),
        ("user", 0, ""),
    ] {
        let problem = EventCondition::new(text).expect_err(text);
        assert!(problem.message.contains(word), "{text}: {problem:?}");
        assert!(problem.offset <= text.len(), "{text}: {problem:?}");
        if !word.is_empty() {
            assert_eq!(problem.offset, offset, "{text}: {problem:?}");
        }
    }
}

/// Law IDENTITY: every event is in exactly one batch, with its id, and the column that names its mart says so.
#[test]
fn events_are_split_into_exactly_one_mart() {
    let ours = scope("ours");
    let mart = |name: &str| Mart::registered(name).unwrap();
    let condition = |text: &str| EventCondition::new(text).unwrap();
    let mut table = RoutingTable::default();
    table.push(mart("roots"), condition("user =~ 'root'"), false);
    table.push(mart("ssh"), condition("dst_port == 22 and tolong(EventID) > 0"), false);
    table.push(mart("gone"), condition("message has 'password'"), true);
    let whole = batches(&ours, 0..EVENTS);
    let mut routed = Routed::default();
    for batch in whole.clone() {
        table.route(batch, &mut routed).unwrap();
    }
    let mut ids = BTreeSet::new();
    for batch in &routed.batches {
        let (mut offsets, mut last) = (0_u64, None);
        for row in batch.rows() {
            assert!(ids.insert(row.id()), "{} twice", row.id());
            assert_eq!(row.text("mart"), Some(batch.mart().as_str()));
            assert!(last.is_none_or(|last| last < row.id().offset));
            last = Some(row.id().offset);
            offsets += 1;
            let is_root = row.text("user").is_some_and(|user| user.eq_ignore_ascii_case("root"));
            assert_eq!(batch.mart().as_str() == "roots", is_root);
            assert!(batch.mart().as_str() != "gone");
        }
        assert_eq!(offsets, batch.len() as u64);
        assert_eq!(batch.record().num_columns(), column::RAW + 1);
    }
    assert!(routed.purged > 0 && routed.moved > 0);
    assert_eq!(ids.len() as u64 + routed.purged, EVENTS);
    // Nothing to move: the batch is handed on as it is.
    let mut nowhere = RoutingTable::default();
    nowhere.push(mart("none"), condition("user == 'nobody-at-all'"), false);
    let mut routed = Routed::default();
    nowhere.route(whole[0].clone(), &mut routed).unwrap();
    assert_eq!((routed.batches.len(), routed.batches[0].len()), (1, whole[0].len()));
}

#[test]
fn a_batch_is_cut_at_an_offset() {
    let ours = scope("ours");
    for at in [0, 1, 57, 200, 399, 400, 900] {
        for batch in batches(&ours, 0..EVENTS) {
            let rows = batch.len();
            let (before, behind) = split_at(batch, at);
            assert!(before.iter().flat_map(EventBatch::rows).all(|row| row.id().offset < at));
            assert!(behind.iter().flat_map(EventBatch::rows).all(|row| row.id().offset >= at));
            assert_eq!(before.iter().chain(&behind).map(EventBatch::len).sum::<usize>(), rows);
        }
    }
}

async fn count(store: &dyn MartStore, question: &str) -> Value {
    let answer = store.ask(&scope("ours"), &plan(question), &AskLimits::default()).await.unwrap();
    answer.rows[0][0].clone()
}

/// A mart deleted with everything in it, on disk and in memory, and nothing of any other mart or tenant.
pub(crate) async fn a_dropped_mart_is_empty(store: &dyn MartStore) {
    let (ours, others) = (scope("ours"), scope("others"));
    for scope in [&ours, &others] {
        store.append(scope, batches(scope, 0..200), next(200)).await.unwrap();
    }
    store.flush(&ours).await.unwrap();
    store.append(&ours, batches(&ours, 200..300), next(300)).await.unwrap();
    let windows = count(store, "windows | count").await;
    let Value::Long(windows) = windows else { panic!("{windows:?}") };
    let linux = count(store, "linux | count").await;
    assert_eq!(store.drop_mart(&ours, &Mart::WINDOWS).await.unwrap(), u64::try_from(windows).unwrap());
    assert_eq!(count(store, "windows | count").await, Value::Long(0));
    assert_eq!(count(store, "linux | count").await, linux);
    assert_eq!(count(store, "events | count").await, linux);
    assert_eq!(store.drop_mart(&ours, &Mart::WINDOWS).await.unwrap(), 0);
    let there = store.stats(&others).await.unwrap();
    assert_eq!(there.iter().map(|mart| mart.rows + mart.memory_rows).sum::<u64>(), 200);
    // What was deleted does not come again with a replay of what the store had.
    store.append(&ours, batches(&ours, 100..300), next(300)).await.unwrap();
    assert_eq!(count(store, "windows | count").await, Value::Long(0));
    // What is new does.
    store.append(&ours, batches(&ours, 300..303), next(303)).await.unwrap();
    assert_eq!(count(store, "windows | count").await, Value::Long(1));
}

/// A registered mart can be asked before it has events, by its own tenant.
pub(crate) async fn declared_marts_are_there(store: &dyn MartStore) {
    let (ours, others) = (scope("ours"), scope("others"));
    store.declare_marts(&ours, vec![Mart::registered("payments").unwrap()]).await;
    let stats = store.stats(&ours).await.unwrap();
    assert_eq!((stats.len(), stats[0].mart.as_str(), stats[0].rows), (1, "payments", 0));
    assert!(store.stats(&others).await.unwrap().is_empty());
    let catalog = crate::event_catalog(&[Mart::registered("payments").unwrap()]);
    let options = sentra_kql::CheckOptions {
        catalog: &catalog,
        now: sentra_model::Timestamp::from_micros(0),
        keep_calls: false,
    };
    let query = sentra_kql::parse("payments | take 5").unwrap();
    let plan = sentra_kql::check(&query, options).unwrap();
    let answer: Result<_, StoreError> = store.ask(&ours, &plan, &AskLimits::default()).await;
    assert!(answer.unwrap().rows.is_empty());
    store.declare_marts(&ours, Vec::new()).await;
    assert!(store.stats(&ours).await.unwrap().is_empty());
}
