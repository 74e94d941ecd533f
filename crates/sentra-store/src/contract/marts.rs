//! The contract of [`MartStore`].

use std::path::Path;

use sentra_model::{EventId, Mart, Position};
use serde_json::{Value, json};

use super::fixture::{at, batches, next, scope, sketch};
use super::oracle::{expected, header_cases, other_cases};
use crate::{
    CompareOp, Literal, MartQuery, MartStore, MemoryMarts, Predicate, ReadBack, SearchOptions, Shape,
    StoreError, TimeRange,
};

macro_rules! marts_contract {
    ($engine:ident, $open:expr) => {
        mod $engine {
            use super::*;

            #[tokio::test]
            async fn every_predicate_has_its_answer() {
                crate::contract::marts::every_predicate_has_its_answer(&$open.await).await;
            }
            #[tokio::test]
            async fn answers_are_ordered_and_limited() {
                crate::contract::marts::answers_are_ordered_and_limited(&$open.await).await;
            }
            #[tokio::test]
            async fn marts_and_ranges_select() {
                crate::contract::marts::marts_and_ranges_select(&$open.await).await;
            }
            #[tokio::test]
            async fn columns_are_those_asked_for() {
                crate::contract::marts::columns_are_those_asked_for(&$open.await).await;
            }
            #[tokio::test]
            async fn events_come_back_whole() {
                crate::contract::marts::events_come_back_whole(&$open.await).await;
            }
            #[tokio::test]
            async fn a_replay_repeats_nothing() {
                crate::contract::marts::a_replay_repeats_nothing(&$open.await).await;
            }
            #[tokio::test]
            async fn tenants_do_not_see_each_other() {
                crate::contract::marts::tenants_do_not_see_each_other(&$open.await).await;
            }
            #[tokio::test]
            async fn misplaced_events_are_refused() {
                crate::contract::marts::misplaced_events_are_refused(&$open.await).await;
            }
            #[tokio::test]
            async fn the_largest_predicates_are_answered() {
                crate::contract::marts::the_largest_predicates_are_answered(&$open.await).await;
            }
            #[tokio::test]
            async fn plans_have_the_interpreters_answer() {
                crate::contract::plans::plans_have_the_interpreters_answer(&$open.await).await;
            }
            #[tokio::test]
            async fn answers_to_plans_are_limited() {
                crate::contract::plans::answers_to_plans_are_limited(&$open.await).await;
            }
            #[tokio::test]
            async fn plans_do_not_leave_the_tenant() {
                crate::contract::plans::plans_do_not_leave_the_tenant(&$open.await).await;
            }
            #[tokio::test]
            async fn pieces_are_the_answer() {
                crate::contract::stream::pieces_are_the_answer(&$open.await).await;
            }
            #[tokio::test]
            async fn pages_are_the_answer_while_events_arrive() {
                crate::contract::stream::pages_are_the_answer_while_events_arrive(&$open.await).await;
            }
            #[tokio::test]
            async fn pages_of_what_is_computed_stay_within_the_horizon() {
                crate::contract::stream::pages_of_what_is_computed_stay_within_the_horizon(&$open.await)
                    .await;
            }
            #[tokio::test]
            async fn what_was_seen_is_counted() {
                crate::contract::seen::what_was_seen_is_counted(&$open.await).await;
            }
            #[tokio::test]
            async fn what_was_seen_is_the_tenants_own() {
                crate::contract::seen::what_was_seen_is_the_tenants_own(&$open.await).await;
            }
            #[tokio::test]
            async fn events_are_read_back_as_they_were_taken() {
                crate::contract::marts::events_are_read_back_as_they_were_taken(&$open.await).await;
            }
            #[tokio::test]
            async fn a_dropped_mart_is_empty() {
                crate::contract::routing::a_dropped_mart_is_empty(&$open.await).await;
            }
            #[tokio::test]
            async fn declared_marts_are_there() {
                crate::contract::routing::declared_marts_are_there(&$open.await).await;
            }
            #[tokio::test]
            async fn answers_are_the_same_with_and_without_rollups() {
                let (with, without) = ($open.await, $open.await);
                crate::contract::rollups::answers_are_the_same_with_and_without_rollups(&with, &without)
                    .await;
            }
            #[tokio::test]
            async fn rollups_are_the_tenants_own() {
                crate::contract::rollups::rollups_are_the_tenants_own(&$open.await).await;
            }
            #[tokio::test]
            async fn statistics_count() {
                crate::contract::marts::statistics_count(&$open.await).await;
            }
        }
    };
}
pub(crate) use marts_contract;

marts_contract!(memory, async { MemoryMarts::new() });

pub(crate) const END: u64 = 120;

/// Half of the events flushed (twice), the other half not: answers must not depend on where an event is.
pub(crate) async fn fill(marts: &dyn MartStore) {
    let scope = scope("acme");
    marts.append(&scope, batches(&scope, 0..40), next(40)).await.unwrap();
    marts.flush(&scope).await.unwrap();
    marts.append(&scope, batches(&scope, 40..60), next(60)).await.unwrap();
    marts.append(&scope, batches(&scope, 60..80), next(80)).await.unwrap();
    marts.flush(&scope).await.unwrap();
    marts.append(&scope, batches(&scope, 80..100), next(100)).await.unwrap();
    marts.append(&scope, batches(&scope, 100..END), next(END)).await.unwrap();
}

pub(crate) fn take(filter: Option<Predicate>, rows_max: usize) -> MartQuery {
    MartQuery { filter, shape: Shape::Take { rows_max }, ..MartQuery::default() }
}

pub(crate) async fn offsets(marts: &dyn MartStore, query: &MartQuery) -> Vec<u64> {
    let answer = marts.search(&scope("acme"), query).await.unwrap();
    assert!(answer.complete, "{query:?}");
    assert_eq!(answer.columns[0].name, "id");
    let offset = |row: &Vec<Value>| row[0].as_str().unwrap().parse::<EventId>().unwrap().offset;
    answer.rows.iter().map(offset).collect()
}

async fn count(marts: &dyn MartStore, tenant: &str, filter: Option<Predicate>) -> u64 {
    let query = MartQuery { filter, shape: Shape::Count, ..MartQuery::default() };
    let answer = marts.search(&scope(tenant), &query).await.unwrap();
    assert_eq!(answer.columns[0].name, "count");
    answer.rows[0][0].as_u64().unwrap()
}

pub(crate) async fn every_predicate_has_its_answer(marts: &dyn MartStore) {
    fill(marts).await;
    check_every_predicate(marts).await;
}

pub(crate) async fn check_every_predicate(marts: &dyn MartStore) {
    for (predicate, meets) in header_cases().into_iter().chain(other_cases()) {
        if matches!(&predicate, Predicate::Compare { op: CompareOp::Ge, value: Literal::Bool(_), .. }) {
            let refused = marts.search(&scope("acme"), &take(Some(predicate), 1)).await;
            assert!(matches!(refused, Err(StoreError::Predicate { .. })), "{refused:?}");
            continue;
        }
        let wanted = expected(END, meets);
        let found = offsets(marts, &take(Some(predicate.clone()), 1_000)).await;
        assert_eq!(found, wanted, "{predicate:?}");
        let counted = count(marts, "acme", Some(predicate.clone())).await;
        assert_eq!(counted, wanted.len() as u64, "count of {predicate:?}");
    }
}

pub(crate) async fn answers_are_ordered_and_limited(marts: &dyn MartStore) {
    fill(marts).await;
    let all = expected(END, |_, _| true);
    for rows_max in [0, 1, 7, 60, 119, 120, 1_000, usize::MAX] {
        let found = offsets(marts, &take(None, rows_max)).await;
        assert_eq!(found, all[..rows_max.min(all.len())], "{rows_max}");
    }
}

pub(crate) async fn marts_and_ranges_select(marts: &dyn MartStore) {
    fill(marts).await;
    let query = |marts, from, to| MartQuery {
        marts,
        filter: None,
        shape: Shape::Take { rows_max: 1_000 },
        range: TimeRange { from, to },
    };
    let windows = offsets(marts, &query(Some(vec![Mart::WINDOWS]), None, None)).await;
    assert_eq!(windows, expected(END, |offset, _| offset % 3 == 0));
    let both = offsets(marts, &query(Some(vec![Mart::WINDOWS, Mart::LINUX]), None, None)).await;
    assert_eq!(both, expected(END, |_, _| true));
    assert!(offsets(marts, &query(Some(vec![]), None, None)).await.is_empty());
    assert!(offsets(marts, &query(Some(vec![Mart::CLOUD]), None, None)).await.is_empty());
    let window = offsets(marts, &query(None, Some(at(61)), Some(at(300)))).await;
    assert_eq!(window, expected(END, |_, s| s.seconds >= 61 && s.seconds < 300));
    assert!(offsets(marts, &query(None, Some(at(1_000_000)), None)).await.is_empty());
    assert!(offsets(marts, &query(None, Some(at(300)), Some(at(61)))).await.is_empty());
}

pub(crate) async fn columns_are_those_asked_for(marts: &dyn MartStore) {
    fill(marts).await;
    let names = ["raw", "tag", "EventID", "fields", "severity", "seen", "message", "fields.user", "id"];
    let columns = Some(names.map(str::to_owned).to_vec());
    let options = SearchOptions { columns, ..SearchOptions::default() };
    let query = take(Some(Predicate::equals("id", "raw.0.56")), 10);
    let answer = marts.search_with(&scope("acme"), &query, &options).await.unwrap();
    assert_eq!(answer.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), names);
    let expected = json!([
        "raw line 56",
        ["first", "n0"],
        "4626",
        [["EventID", "4626"], ["tag", "first"], ["tag", "n0"], ["empty", ""], ["user", "shadowed"]],
        2,
        "2026-01-01T01:23:20Z",
        "Failed password for user 56",
        "shadowed",
        "raw.0.56"
    ]);
    assert_eq!(json!(answer.rows), json!([expected]));
    // Without a message its place is taken by the raw text, invalid bytes replaced.
    let query = take(Some(Predicate::equals("id", "raw.0.59")), 10);
    let answer = marts.search(&scope("acme"), &query).await.unwrap();
    assert_eq!(answer.rows[0].last().unwrap(), "\u{FFFD}r\0\u{FFFD}");
}

pub(crate) async fn events_come_back_whole(marts: &dyn MartStore) {
    fill(marts).await;
    let scope = scope("acme");
    for offset in [0, 35, 39, 40, 79, 80, 119] {
        let event = marts.event(&scope, EventId::raw(0, offset)).await.unwrap().unwrap();
        let sketch = sketch(offset);
        assert_eq!(event.id, EventId::raw(0, offset));
        assert_eq!((event.time, event.seen), (at(sketch.seconds), at(5_000)));
        assert_eq!((event.mart.as_str(), event.raw), (sketch.mart.as_str(), sketch.raw));
        assert_eq!(event.fields, sketch.fields);
        assert_eq!(event.header.get("user").map_or("", String::as_str), sketch.user);
        assert_eq!(event.header.get("source_position"), Some(&(offset + 1).to_string()));
        assert_eq!(event.header.get("command"), None);
    }
    let ids = [119, 500, 3, 42].map(|offset| EventId::raw(0, offset));
    let found = marts.events(&scope, &ids).await.unwrap();
    let found: Vec<u64> = found.into_iter().map(|event| event.id.offset).collect();
    assert_eq!(found, [119, 3, 42]);
    assert_eq!(marts.event(&scope, EventId::raw(1, 3)).await.unwrap(), None);
    let dead = EventId { topic: sentra_model::Topic::Dead, partition: 0, offset: 3 };
    assert_eq!(marts.event(&scope, dead).await.unwrap(), None);
}

/// Law IDENTITY: what was taken is not taken again, whatever the cut of the replay.
pub(crate) async fn a_replay_repeats_nothing(marts: &dyn MartStore) {
    fill(marts).await;
    let scope = scope("acme");
    assert_eq!(marts.position(&scope, 0).await.unwrap(), 80);
    marts.append(&scope, batches(&scope, 0..40), next(40)).await.unwrap();
    marts.append(&scope, batches(&scope, 70..130), next(130)).await.unwrap();
    let found = offsets(marts, &take(None, 1_000)).await;
    assert_eq!(found, expected(130, |_, _| true));
    marts.flush(&scope).await.unwrap();
    marts.flush(&scope).await.unwrap();
    assert_eq!(marts.position(&scope, 0).await.unwrap(), 130);
    marts.append(&scope, batches(&scope, 100..130), next(130)).await.unwrap();
    assert_eq!(count(marts, "acme", None).await, 130);
    // A stretch without events moves the position, too.
    marts.append(&scope, Vec::new(), next(140)).await.unwrap();
    marts.flush(&scope).await.unwrap();
    assert_eq!(marts.position(&scope, 0).await.unwrap(), 140);
    assert_eq!(marts.position(&scope, 1).await.unwrap(), 0);
}

/// Law TENANT: the same ids in two tenants are two events.
pub(crate) async fn tenants_do_not_see_each_other(marts: &dyn MartStore) {
    fill(marts).await;
    let other = scope("other");
    assert_eq!(count(marts, "other", None).await, 0);
    assert_eq!(marts.event(&other, EventId::raw(0, 3)).await.unwrap(), None);
    assert!(marts.stats(&other).await.unwrap().is_empty());
    assert_eq!(marts.position(&other, 0).await.unwrap(), 0);
    marts.append(&other, batches(&other, 0..10), next(10)).await.unwrap();
    for flushed in [false, true] {
        assert_eq!(count(marts, "other", None).await, 10, "flushed: {flushed}");
        assert_eq!(count(marts, "acme", None).await, END);
        let of_other = Some(Predicate::StartsWith { field: "host".into(), text: "other-".into() });
        assert_eq!(count(marts, "acme", of_other.clone()).await, 0);
        assert_eq!(count(marts, "other", of_other).await, 10);
        let event = marts.event(&other, EventId::raw(0, 3)).await.unwrap().unwrap();
        assert_eq!(event.header["host"], "other-1");
        let event = marts.event(&scope("acme"), EventId::raw(0, 3)).await.unwrap().unwrap();
        assert_eq!(event.header["host"], "acme-1");
        marts.flush(&other).await.unwrap();
    }
    assert_eq!(marts.position(&scope("acme"), 0).await.unwrap(), 80);
}

pub(crate) async fn misplaced_events_are_refused(marts: &dyn MartStore) {
    let scope = scope("acme");
    let foreign = batches(&super::fixture::scope("other"), 0..3);
    let refused = marts.append(&scope, foreign, next(3)).await;
    assert!(matches!(refused, Err(StoreError::ForeignTenant { .. })), "{refused:?}");
    let places = [next(2), Position { partition: 1, offset: 3 }];
    for place in places {
        let refused = marts.append(&scope, batches(&scope, 0..3), place).await;
        assert!(matches!(refused, Err(StoreError::Misplaced { .. })), "{refused:?}");
    }
    assert_eq!(count(marts, "acme", None).await, 0);
    marts.append(&scope, batches(&scope, 0..3), next(3)).await.unwrap();
    assert_eq!(count(marts, "acme", None).await, 3);
}

/// Law LIMIT: what the limits allow must not exhaust a stack either.
pub(crate) async fn the_largest_predicates_are_answered(marts: &dyn MartStore) {
    fill(marts).await;
    let root = || Predicate::equals("user", "root");
    let contains = |text: String| Predicate::Contains { field: "message".into(), text };
    let mut deep = root();
    for level in 0..crate::PREDICATE_DEPTH_MAX - 1 {
        let not = Predicate::Not(Box::new(contains(format!("user {level} "))));
        deep =
            if level % 2 == 0 { Predicate::And(vec![not, deep]) } else { Predicate::Or(vec![deep, root()]) };
    }
    let terms = crate::PREDICATE_TERMS_MAX - 1;
    let any = Predicate::Or((0..terms).map(|number| contains(format!("user {number}"))).collect());
    let all = Predicate::And(vec![Predicate::Not(Box::new(root())); terms / 2]);
    assert_eq!(count(marts, "acme", Some(deep)).await, END / 5);
    assert_eq!(count(marts, "acme", Some(any)).await, END / 2);
    assert_eq!(count(marts, "acme", Some(all)).await, END - END / 5);
}

/// Every event of `request`, page after page: id, mart and what it says.
async fn read_back(marts: &dyn MartStore, mut request: ReadBack) -> Vec<(u64, Mart, String)> {
    let (mut found, mut before) = (Vec::new(), 0);
    loop {
        let page = marts.read_back(&scope("acme"), &request).await.unwrap();
        let mut of_page = Vec::new();
        for batch in &page.batches {
            let offsets: Vec<u64> = batch.rows().map(|row| row.id().offset).collect();
            assert!(offsets.is_sorted() && offsets.iter().all(|offset| *offset >= before), "{offsets:?}");
            of_page.extend(batch.rows().map(|row| {
                let says = format!(
                    "{:?}",
                    (row.time(), row.text("user"), row.fields().collect::<Vec<_>>(), row.raw())
                );
                (row.id().offset, batch.mart().clone(), says)
            }));
        }
        of_page.sort();
        found.extend(of_page);
        let Some(next) = page.next else { return found };
        assert!(next > request.from, "a page that does not move on");
        (request.from, before) = (next, next);
    }
}

pub(crate) async fn events_are_read_back_as_they_were_taken(marts: &dyn MartStore) {
    fill(marts).await;
    let mut taken = Vec::new();
    for batch in batches(&scope("acme"), 0..END) {
        taken.extend(batch.rows().map(|row| {
            let says =
                format!("{:?}", (row.time(), row.text("user"), row.fields().collect::<Vec<_>>(), row.raw()));
            (row.id().offset, batch.mart().clone(), says)
        }));
    }
    taken.sort();
    assert_eq!(read_back(marts, ReadBack::default()).await, taken);
    let some = ReadBack {
        from: 37,
        marts: Some(vec![Mart::LINUX]),
        range: TimeRange { from: Some(at(61)), to: Some(at(600)) },
        ..ReadBack::default()
    };
    let is_wanted = |(offset, mart, _): &(u64, Mart, String)| {
        let seconds = sketch(*offset).seconds;
        *offset >= 37 && *mart == Mart::LINUX && (61..600).contains(&seconds)
    };
    let wanted: Vec<_> = taken.iter().filter(|event| is_wanted(event)).cloned().collect();
    assert!(!wanted.is_empty());
    assert_eq!(read_back(marts, some).await, wanted);
    for (predicate, meets) in header_cases().into_iter().take(40) {
        if matches!(&predicate, Predicate::Compare { op: CompareOp::Ge, value: Literal::Bool(_), .. }) {
            continue;
        }
        let found =
            read_back(marts, ReadBack { filter: Some(predicate.clone()), ..ReadBack::default() }).await;
        let mut wanted = expected(END, meets);
        wanted.sort_unstable();
        assert_eq!(found.iter().map(|event| event.0).collect::<Vec<_>>(), wanted, "{predicate:?}");
    }
    let in_sql = "\"user\" = 'root' AND dst_port > 22";
    let met = |offset: &u64| {
        let sketch = sketch(*offset);
        sketch.user == "root" && sketch.dst_port > 22
    };
    let found =
        read_back(marts, ReadBack { condition: Some(in_sql.to_owned()), ..ReadBack::default() }).await;
    let wanted: Vec<u64> = (0..END).filter(met).collect();
    assert!(!wanted.is_empty());
    assert_eq!(found.iter().map(|event| event.0).collect::<Vec<_>>(), wanted);
    let elsewhere = ReadBack { partition: 1, ..ReadBack::default() };
    assert!(read_back(marts, elsewhere).await.is_empty());
    let foreign = marts.read_back(&scope("globex"), &ReadBack::default()).await.unwrap();
    assert!(foreign.batches.is_empty() && foreign.next.is_none(), "law TENANT");
}

pub(crate) async fn statistics_count(marts: &dyn MartStore) {
    fill(marts).await;
    let stats = marts.stats(&scope("acme")).await.unwrap();
    let short: Vec<_> =
        stats.iter().map(|stats| (stats.mart.as_str(), stats.rows + stats.memory_rows)).collect();
    assert_eq!(short, [("linux", 80), ("windows", 40)]);
    for stats in stats {
        let of_mart = (0..END).map(sketch).filter(|sketch| sketch.mart == stats.mart);
        let seconds: Vec<i64> = of_mart.map(|sketch| sketch.seconds).collect();
        assert_eq!(stats.first, seconds.iter().min().map(|seconds| at(*seconds)), "{}", stats.mart);
        assert_eq!(stats.last, seconds.iter().max().map(|seconds| at(*seconds)), "{}", stats.mart);
    }
}

/// Sets the schema version of a database, as a newer program would.
pub(crate) async fn mark_version(path: &Path, version: u32) {
    use sea_orm::ConnectionTrait;
    let database = crate::sqlite::open_file(path).await.unwrap();
    let update = format!("UPDATE meta SET value = '{version}' WHERE name = 'schema_version'");
    assert_eq!(database.execute_unprepared(&update).await.unwrap().rows_affected(), 1);
    database.close().await.unwrap();
}
