//! The contract of [`Records`].

use sentra_model::{DeadReason, EventId, IncidentStatus, Severity};

use super::fixture::{at, commit, dead_letter, incident, scope, signal};
use crate::{IncidentFilter, LetterReplay, Records, SignalFilter, SqliteRecords, StoreError};

macro_rules! records_contract {
    ($engine:ident, $open:expr) => {
        mod $engine {
            use super::*;

            #[tokio::test]
            async fn a_commit_is_read_back() {
                super::a_commit_is_read_back(&$open.await).await;
            }
            #[tokio::test]
            async fn the_same_commit_twice_is_as_once() {
                super::the_same_commit_twice_is_as_once(&$open.await).await;
            }
            #[tokio::test]
            async fn a_refused_commit_leaves_nothing() {
                super::a_refused_commit_leaves_nothing(&$open.await).await;
            }
            #[tokio::test]
            async fn tenants_do_not_see_each_other() {
                super::tenants_do_not_see_each_other(&$open.await).await;
            }
            #[tokio::test]
            async fn pages_cover_everything_once() {
                super::pages_cover_everything_once(&$open.await).await;
            }
            #[tokio::test]
            async fn signals_come_page_by_page() {
                super::signals_come_page_by_page(&$open.await).await;
            }
            #[tokio::test]
            async fn filters_select() {
                super::filters_select(&$open.await).await;
            }
            #[tokio::test]
            async fn merged_incidents_lead_on() {
                super::merged_incidents_lead_on(&$open.await).await;
            }
            #[tokio::test]
            async fn incidents_change() {
                super::incidents_change(&$open.await).await;
            }
            #[tokio::test]
            async fn dead_letters_are_counted_and_paged() {
                super::dead_letters_are_counted_and_paged(&$open.await).await;
            }
            #[tokio::test]
            async fn dead_letters_are_found_by_reason_and_place() {
                super::dead_letters_are_found_by_reason_and_place(&$open.await).await;
            }
            #[tokio::test]
            async fn replays_of_letters_are_intents_and_then_marks() {
                super::replays_of_letters_are_intents_and_then_marks(&$open.await).await;
            }
            #[tokio::test]
            async fn state_is_replaced_and_deleted() {
                super::state_is_replaced_and_deleted(&$open.await).await;
            }
        }
    };
}

records_contract!(in_memory, async { SqliteRecords::in_memory().await.unwrap() });
records_contract!(in_a_file, async {
    let directory = tempfile::tempdir().unwrap().keep();
    SqliteRecords::open(directory.join("records ?#%.db")).await.unwrap()
});

async fn a_commit_is_read_back(records: &dyn Records) {
    let scope = scope("acme");
    let mut commit = commit(17);
    commit.signals = (0..1_203).map(|number| signal(&scope, number)).collect();
    commit.incidents = vec![incident(&scope, 1, 5..1_100)];
    let (signals, stored) = (commit.signals.clone(), commit.incidents[0].clone());
    records.commit(&scope, commit).await.unwrap();
    assert_eq!(records.position(&scope, "factory", 0).await.unwrap(), 17);
    assert_eq!(records.position(&scope, "factory", 1).await.unwrap(), 0);
    assert_eq!(records.position(&scope, "other", 0).await.unwrap(), 0);
    assert_eq!(records.signal(&scope, signals[7].id).await.unwrap().as_ref(), Some(&signals[7]));
    let ids = [signals[3].id, signals[1_202].id, signals[0].id];
    let found = records.signals(&scope, &ids).await.unwrap();
    assert_eq!(found.iter().map(|signal| signal.id).collect::<Vec<_>>(), ids);
    assert_eq!(records.incident(&scope, stored.id).await.unwrap().as_ref(), Some(&stored));
    assert_eq!(records.incident_signals(&scope, stored.id).await.unwrap(), signals[5..1_100]);
}

async fn signals_come_page_by_page(records: &dyn Records) {
    let (ours, others) = (scope("acme"), scope("other"));
    for scope in [&ours, &others] {
        let mut commit = commit(1);
        commit.signals = (0..25).map(|number| signal(scope, number)).collect();
        records.commit(scope, commit).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut filter = SignalFilter { limit: 7, ..SignalFilter::default() };
    loop {
        let page = records.signals_page(&ours, &filter).await.unwrap();
        assert!(page.items.iter().all(|signal| signal.tenant == *ours.tenant()), "law TENANT");
        seen.extend(page.items.iter().map(|signal| signal.count));
        filter.cursor = page.next;
        if filter.cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, (0..25).rev().collect::<Vec<_>>(), "each once, the latest first");
    let late = SignalFilter { last_at_or_after: Some(at(20)), limit: 100, cursor: None };
    assert_eq!(records.signals_page(&ours, &late).await.unwrap().items.len(), 5);
    let odd =
        SignalFilter { cursor: Some("5.inc-0000000000000000".into()), limit: 5, ..SignalFilter::default() };
    assert!(matches!(records.signals_page(&ours, &odd).await, Err(StoreError::Cursor { .. })));
}

/// Law IDENTITY.
async fn the_same_commit_twice_is_as_once(records: &dyn Records) {
    let scope = scope("acme");
    let mut first = commit(3);
    first.signals = vec![signal(&scope, 1)];
    first.incidents = vec![incident(&scope, 1, 1..2)];
    first.dead_letters = vec![dead_letter(4)];
    first.state = vec![(b"k".to_vec(), Some(b"v".to_vec()))];
    for _ in 0..2 {
        records.commit(&scope, first.clone()).await.unwrap();
    }
    assert_eq!(records.incidents(&scope, &IncidentFilter::default()).await.unwrap().total, 1);
    let id = first.incidents[0].id;
    assert_eq!(records.incident_signals(&scope, id).await.unwrap().len(), 1);
    assert_eq!(records.incident_history(&scope, id).await.unwrap().len(), 1);
    assert_eq!(records.dead_letters(&scope, None, 10).await.unwrap().total, 1);
    assert_eq!(records.state(&scope).await.unwrap().len(), 1);
}

/// Laws TENANT and SOURCE: a signal of another tenant spoils the whole commit, its position included.
async fn a_refused_commit_leaves_nothing(records: &dyn Records) {
    let (scope, other) = (scope("acme"), scope("other"));
    for spoil in 0..2 {
        let mut spoiled = commit(99);
        spoiled.signals = vec![signal(&scope, 1)];
        spoiled.dead_letters = vec![dead_letter(1)];
        if spoil == 0 {
            spoiled.signals.push(signal(&other, 2));
        } else {
            spoiled.incidents.push(incident(&other, 2, 0..0));
        }
        let refused = records.commit(&scope, spoiled).await;
        assert!(matches!(refused, Err(StoreError::ForeignTenant { .. })), "{refused:?}");
    }
    assert_eq!(records.position(&scope, "factory", 0).await.unwrap(), 0);
    assert_eq!(records.signal(&scope, signal(&scope, 1).id).await.unwrap(), None);
    assert!(records.dead_letter_counts(&scope).await.unwrap().is_empty());
    assert!(records.tenants().await.unwrap().is_empty());
}

/// Law TENANT: the same ids in two tenants are two things.
async fn tenants_do_not_see_each_other(records: &dyn Records) {
    let (a, b) = (scope("a"), scope("b"));
    let mut of_a = commit(5);
    of_a.signals = vec![signal(&a, 1)];
    of_a.incidents = vec![incident(&a, 1, 1..2)];
    of_a.dead_letters = vec![dead_letter(1)];
    of_a.state = vec![(b"key".to_vec(), Some(b"of a".to_vec()))];
    let id = of_a.incidents[0].id;
    records.commit(&a, of_a).await.unwrap();
    assert_eq!(records.position(&b, "factory", 0).await.unwrap(), 0);
    assert_eq!(records.signal(&b, signal(&a, 1).id).await.unwrap(), None);
    assert_eq!(records.incident(&b, id).await.unwrap(), None);
    assert!(records.incident_signals(&b, id).await.unwrap().is_empty());
    assert!(records.incident_history(&b, id).await.unwrap().is_empty());
    assert!(records.open_incidents_since(&b, at(-999)).await.unwrap().is_empty());
    assert_eq!(records.incidents(&b, &IncidentFilter::default()).await.unwrap().total, 0);
    assert_eq!(records.dead_letters(&b, None, 10).await.unwrap().total, 0);
    assert!(records.dead_letter_counts(&b).await.unwrap().is_empty());
    assert!(records.state(&b).await.unwrap().is_empty());

    let mut of_b = commit(9);
    of_b.signals = vec![signal(&b, 1)];
    of_b.dead_letters = vec![dead_letter(1)];
    of_b.state = vec![(b"key".to_vec(), None)];
    records.commit(&b, of_b).await.unwrap();
    assert_eq!(records.position(&a, "factory", 0).await.unwrap(), 5);
    assert_eq!(records.signal(&a, signal(&a, 1).id).await.unwrap(), Some(signal(&a, 1)));
    assert_eq!(records.state(&a).await.unwrap(), [(b"key".to_vec(), b"of a".to_vec())]);
    assert_eq!(records.tenants().await.unwrap(), [a.tenant().clone(), b.tenant().clone()]);
}

async fn pages_cover_everything_once(records: &dyn Records) {
    let scope = scope("acme");
    let mut all = commit(1);
    all.incidents = (0..23).map(|number| incident(&scope, number, 0..0)).collect();
    let mut expected: Vec<_> = all
        .incidents
        .iter()
        .map(|incident| (std::cmp::Reverse(incident.updated), incident.id.to_string()))
        .collect();
    expected.sort();
    records.commit(&scope, all).await.unwrap();

    let mut seen = Vec::new();
    let mut filter = IncidentFilter { limit: 5, ..IncidentFilter::default() };
    loop {
        let page = records.incidents(&scope, &filter).await.unwrap();
        assert_eq!(page.total, 23);
        assert!(page.items.len() <= 5 && !page.items.is_empty());
        seen.extend(page.items.iter().map(|i| (std::cmp::Reverse(i.updated), i.id.to_string())));
        filter.cursor = page.next;
        if filter.cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
    for cursor in ["", "x", "1.", "1.inc-1", "1'; drop table incidents;--"] {
        filter.cursor = Some(cursor.into());
        let refused = records.incidents(&scope, &filter).await;
        assert!(matches!(refused, Err(StoreError::Cursor { .. })), "{cursor:?}");
    }
}

async fn filters_select(records: &dyn Records) {
    let scope = scope("acme");
    let mut all = commit(1);
    all.incidents = (0..12).map(|number| incident(&scope, number, 0..0)).collect();
    all.incidents[3].status = IncidentStatus::Closed;
    all.incidents[4].status = IncidentStatus::Resolved;
    records.commit(&scope, all).await.unwrap();
    let cases = [
        (IncidentFilter { status: Some(IncidentStatus::Closed), ..Default::default() }, 1),
        (IncidentFilter { severity_min: Some(Severity::High), ..Default::default() }, 4),
        (IncidentFilter { updated_after: Some(at(4)), ..Default::default() }, 2),
        (IncidentFilter { text: Some("ÖL-7".into()), ..Default::default() }, 1),
        (IncidentFilter { text: Some("NUMBER 1".into()), ..Default::default() }, 3),
        (IncidentFilter { text: Some("100%".into()), ..Default::default() }, 12),
        (IncidentFilter { text: Some("1%0".into()), ..Default::default() }, 0),
        (IncidentFilter { text: Some("_".into()), ..Default::default() }, 0),
        (IncidentFilter { text: Some("' or 1=1 --".into()), ..Default::default() }, 0),
    ];
    for (filter, expected) in cases {
        let page = records.incidents(&scope, &filter).await.unwrap();
        assert_eq!((page.total, page.items.len()), (expected, expected as usize), "{filter:?}");
    }
    let open = records.open_incidents_since(&scope, at(30)).await.unwrap();
    let numbers: Vec<_> = open.iter().map(|incident| incident.last).collect();
    assert_eq!(numbers, (5..12).map(|number| at(number * 10)).collect::<Vec<_>>());
}

async fn incidents_change(records: &dyn Records) {
    let scope = scope("acme");
    let mut first = commit(1);
    first.signals = (0..4).map(|number| signal(&scope, number)).collect();
    first.incidents = vec![incident(&scope, 1, 0..4)];
    records.commit(&scope, first).await.unwrap();
    let mut second = commit(2);
    let mut changed = incident(&scope, 1, 2..3);
    changed.version = 2;
    changed.title = "Smaller than it seemed".into();
    let id = changed.id;
    second.incidents = vec![changed.clone()];
    records.commit(&scope, second).await.unwrap();
    assert_eq!(records.incident(&scope, id).await.unwrap(), Some(changed));
    assert_eq!(records.incident_signals(&scope, id).await.unwrap(), [signal(&scope, 2)]);
    let history = records.incident_history(&scope, id).await.unwrap();
    let short: Vec<_> = history.iter().map(|v| (v.version, v.title.as_str(), v.signals)).collect();
    assert_eq!(short, [(1, "Brute force number 1", 4), (2, "Smaller than it seemed", 1)]);
}

/// Law LOSS: every dead letter is counted and can be seen.
async fn dead_letters_are_counted_and_paged(records: &dyn Records) {
    let scope = scope("acme");
    let mut all = commit(1);
    all.dead_letters = (0..10).map(dead_letter).collect();
    records.commit(&scope, all).await.unwrap();
    let counts = records.dead_letter_counts(&scope).await.unwrap();
    assert_eq!(counts, [(DeadReason::Malformed, 4), (DeadReason::TooLong, 6)]);
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = records.dead_letters(&scope, after, 4).await.unwrap();
        assert_eq!(page.total, 10);
        seen.extend(page.items);
        let Some(next) = page.next else { break };
        after = Some(next.parse().unwrap());
    }
    assert_eq!(seen, (0..10).map(dead_letter).collect::<Vec<_>>());
}

async fn dead_letters_are_found_by_reason_and_place(records: &dyn Records) {
    let scope = scope("acme");
    let mut all = commit(1);
    all.dead_letters = (0..10).map(dead_letter).collect();
    records.commit(&scope, all).await.unwrap();
    let page = records.dead_letters_of(&scope, Some(DeadReason::Malformed), None, 3).await.unwrap();
    let offsets: Vec<u64> = page.items.iter().map(|(id, _)| id.offset).collect();
    assert_eq!((page.total, offsets), (4, vec![0, 3, 6]));
    let after = page.next.unwrap().parse().unwrap();
    let page = records.dead_letters_of(&scope, Some(DeadReason::Malformed), Some(after), 3).await.unwrap();
    assert_eq!((page.items.len(), page.next), (1, None));
    let none = records.dead_letters_of(&scope, Some(DeadReason::Binary), None, 3).await.unwrap();
    assert_eq!((none.total, none.items.len()), (0, 0));
    let (id, letter) = dead_letter(4);
    assert_eq!(records.dead_letter(&scope, id).await.unwrap(), Some(letter));
    assert_eq!(records.dead_letter(&scope, dead_letter(99).0).await.unwrap(), None);
    assert_eq!(records.dead_letter(&super::fixture::scope("other"), id).await.unwrap(), None);
}

/// Law TENANT besides: a replay of one tenant is none of another.
async fn replays_of_letters_are_intents_and_then_marks(records: &dyn Records) {
    let (scope, other) = (scope("acme"), scope("other"));
    let intent = |number: u64| LetterReplay {
        letter: dead_letter(number).0,
        begun: at(7),
        partition: 2,
        from_offset: 40 + number,
        format: (number == 1).then(|| "json".to_owned()),
        event: None,
        done: None,
    };
    let all: Vec<_> = (0..1_203).map(intent).collect();
    records.put_letter_replays(&scope, &all).await.unwrap();
    records.put_letter_replays(&scope, &[]).await.unwrap();
    let ids: Vec<EventId> = (0..1_300).map(|number| dead_letter(number).0).collect();
    assert_eq!(records.letter_replays(&scope, &ids).await.unwrap(), all);
    assert!(records.letter_replays(&other, &ids).await.unwrap().is_empty());
    assert!(records.letter_replays(&scope, &[]).await.unwrap().is_empty());
    let done = LetterReplay { event: Some(EventId::raw(2, 41)), done: Some(at(9)), ..intent(1) };
    records.put_letter_replays(&scope, std::slice::from_ref(&done)).await.unwrap();
    let two = [dead_letter(1).0, dead_letter(0).0];
    assert_eq!(records.letter_replays(&scope, &two).await.unwrap(), [done, intent(0)]);
}

async fn merged_incidents_lead_on(records: &dyn Records) {
    let scope = scope("acme");
    let mut first = commit(3);
    first.signals = (0..4).map(|number| signal(&scope, number)).collect();
    first.incidents = (0..3).map(|number| incident(&scope, number, number..number + 1)).collect();
    records.commit(&scope, first).await.unwrap();
    let [mut one, mut two, three] = [0, 1, 2].map(|number| incident(&scope, number, number..number + 1));
    // One became part of two, which became part of three.
    one.merged_into = Some(two.id);
    two.merged_into = Some(three.id);
    (one.joins, two.joins) = (Vec::new(), Vec::new());
    let whole = sentra_model::Incident { id: three.id, ..incident(&scope, 2, 0..3) };
    let mut second = commit(4);
    second.incidents = vec![one.clone(), two.clone(), whole.clone()];
    records.commit(&scope, second).await.unwrap();
    for id in [one.id, two.id, three.id] {
        assert_eq!(records.incident(&scope, id).await.unwrap().unwrap(), whole, "{id}");
        assert_eq!(records.incident_signals(&scope, id).await.unwrap().len(), 3, "{id}");
        let history = records.incident_history(&scope, id).await.unwrap();
        assert_eq!(history, records.incident_history(&scope, three.id).await.unwrap(), "{id}");
    }
    let listed = records.incidents(&scope, &IncidentFilter::default()).await.unwrap();
    assert_eq!(listed.items.iter().map(|incident| incident.id).collect::<Vec<_>>(), [three.id]);
    assert_eq!(listed.total, 1);
    let open = records.open_incidents_since(&scope, sentra_model::Timestamp::MIN).await.unwrap();
    assert_eq!(open, [whole]);
}

async fn state_is_replaced_and_deleted(records: &dyn Records) {
    let scope = scope("acme");
    let pair = |key: &str, value: Option<&str>| (key.into(), value.map(Into::into));
    let mut first = commit(1);
    first.state = vec![pair("a", Some("1")), pair("b", Some("2")), pair("a", Some("3"))];
    records.commit(&scope, first).await.unwrap();
    let mut second = commit(2);
    second.state = vec![pair("b", None), pair("c", Some("4")), pair("never", None)];
    records.commit(&scope, second).await.unwrap();
    let state = records.state(&scope).await.unwrap();
    assert_eq!(state, [(b"a".to_vec(), b"3".to_vec()), (b"c".to_vec(), b"4".to_vec())]);
}

#[tokio::test]
async fn records_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let (path, scope) = (directory.path().join("records.db"), scope("acme"));
    let records = SqliteRecords::open(&path).await.unwrap();
    let mut first = commit(8);
    first.signals = vec![signal(&scope, 1)];
    records.commit(&scope, first).await.unwrap();
    records.close().await.unwrap();
    let records = SqliteRecords::open(&path).await.unwrap();
    assert_eq!(records.position(&scope, "factory", 0).await.unwrap(), 8);
    assert_eq!(records.signal(&scope, signal(&scope, 1).id).await.unwrap(), Some(signal(&scope, 1)));
}

#[tokio::test]
async fn records_of_a_newer_version_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records.db");
    SqliteRecords::open(&path).await.unwrap().close().await.unwrap();
    super::marts::mark_version(&path, 999).await;
    let refused = SqliteRecords::open(&path).await;
    let Err(StoreError::NewerVersion { path: named, found, supported }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((named, found, supported), (path, 999, sentra_model::SCHEMA_VERSION));
}
