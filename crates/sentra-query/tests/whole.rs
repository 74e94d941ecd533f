//! Whole answers, by pages, as streams and as files, and what is told to those who write a question: over both engines.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop where it stands"
)]

use std::sync::Arc;

use futures::StreamExt as _;
use proptest::prelude::*;
use sentra_model::{
    BatchBuilder, Event, EventBatch, EventId, ManualClock, Mart, Position, RawRecord, RollupDefinition,
    RollupGrain, Source, SourceKind, TenantId, TenantScope, Timestamp,
};
use sentra_query::{
    Answer, Asker, Completed, CursorKey, Desk, DeskOptions, DeskParts, Ending, ExportFormat, Exporter,
    ItemKind, Piece, QueryError, Request, Role, Severity, Status,
};
use sentra_store::{EmbeddedMarts, MartOptions, MartStore, MemoryMarts, SqliteRecords};
use serde_json::Value as Json;

const DAY: i64 = 1_767_225_600;

fn scope(name: &str) -> TenantScope {
    TenantScope::new(name.parse::<TenantId>().unwrap())
}

fn asker(tenant: &str) -> Asker {
    Asker::new(scope(tenant), Role::Admin)
}

/// Events whose times go up and down, so that new ones come between old ones.
fn batches(scope: &TenantScope, offsets: std::ops::Range<u64>) -> Vec<EventBatch> {
    let source = Source {
        kind: SourceKind::File,
        origin: "auth.log".into(),
        format: None,
        reference: Timestamp::default(),
    };
    let mut builders = [Mart::LINUX, Mart::WINDOWS]
        .map(|mart| (BatchBuilder::new(scope.tenant().clone(), mart.clone()), mart));
    for offset in offsets {
        let (builder, mart) = &mut builders[usize::from(offset % 4 == 3)];
        let seconds = DAY + i64::try_from(offset * 7_919 % 1_000).unwrap();
        let mut event = Event::new("syslog", mart.clone(), Timestamp::from_seconds(seconds));
        event.user = ["root", "guest", "Äsa B", ""][usize::try_from(offset % 4).unwrap()].into();
        event.host = format!("{}-{}", scope.tenant(), offset % 3).into();
        event.message = if offset % 5 == 0 { "".into() } else { format!("line {offset}").into() };
        event.push("EventID", sentra_model::FieldValue::Integer(i64::try_from(4_624 + offset % 2).unwrap()));
        let raw = format!("raw {offset}");
        let received = Timestamp::from_seconds(DAY + 7_200);
        let record = RawRecord { source: &source, position: offset + 1, received, bytes: raw.as_bytes() };
        builder.push(EventId::raw(0, offset), &record, &event).unwrap();
    }
    builders.map(|(mut builder, _)| builder.finish().unwrap()).to_vec()
}

async fn append(marts: &dyn MartStore, tenant: &str, offsets: std::ops::Range<u64>) {
    let next = Position { partition: 0, offset: offsets.end };
    marts.append(&scope(tenant), batches(&scope(tenant), offsets), next).await.unwrap();
}

async fn stores() -> Vec<Arc<dyn MartStore>> {
    let dir = tempfile::tempdir().unwrap().keep();
    let options = MartOptions { memtable_rows_max: 100, ..MartOptions::default() };
    let embedded = EmbeddedMarts::open(&dir, options, Arc::new(ManualClock::default())).await.unwrap();
    let stores: Vec<Arc<dyn MartStore>> = vec![Arc::new(MemoryMarts::new()), Arc::new(embedded)];
    for store in &stores {
        for from in (0..240).step_by(60) {
            append(store.as_ref(), "acme", from..from + 60).await;
        }
        append(store.as_ref(), "other", 0..30).await;
    }
    stores
}

async fn desk(marts: &Arc<dyn MartStore>) -> Desk {
    let records = Arc::new(SqliteRecords::in_memory().await.unwrap());
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(DAY + 3_600)));
    let parts = DeskParts {
        cursor_key: CursorKey::of(b"a test's"),
        ..DeskParts::new(Arc::clone(marts), records, clock)
    };
    Desk::new(parts, DeskOptions::default())
}

fn sized(text: &str, rows_max: usize) -> Request {
    Request { rows_max, ..Request::new(text) }
}

/// Questions whose answer is in one order, and how many rows it has where they are few.
const QUESTIONS: [&str; 9] = [
    "linux | take 150",
    "events",
    "user:root",
    "events | where user == 'root' | project id, user, message",
    "events | where time > ago(50m) | take 77 | project id, message",
    "events | summarize n = count() by user | sort by user asc",
    "events | sort by user asc, id asc | project id, user",
    "events | project id | sort by id asc | take 120",
    "event(\"raw.0.17\")",
];

async fn whole(desk: &Desk, text: &str) -> Answer {
    desk.page(&asker("acme"), &sized(text, 10_000), None)
        .await
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Law IDENTITY, for those who read page by page: what arrives in between is on no page.
async fn check_pages(store: &Arc<dyn MartStore>, text: &str, page_size: usize, seed: u64, is_kept: bool) {
    let mut writer = desk(store).await;
    let all = whole(&writer, text).await;
    assert_eq!((all.status, all.next_cursor.as_ref()), (Status::Complete, None), "{text}");
    let (mut rows, mut cursor, mut pages) = (Vec::new(), None, 0_usize);
    loop {
        let page = writer.page(&asker("acme"), &sized(text, page_size), cursor.as_deref()).await;
        let page = page.unwrap_or_else(|error| panic!("{text}, page {pages} of {page_size}: {error}"));
        assert_eq!(page.columns, all.columns, "{text}");
        assert!(page.rows.len() <= page_size);
        rows.extend(page.rows);
        pages += 1;
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
        let taken = store.horizon(&scope("acme")).await.unwrap().taken[&0];
        append(store.as_ref(), "acme", taken..taken + (seed + pages as u64) % 5).await;
        if !is_kept {
            // Another process: nothing is kept.
            writer = desk(store).await;
        }
    }
    assert_eq!(rows, all.rows, "{text} in pages of {page_size}");
    assert_eq!(pages, all.rows.len().div_ceil(page_size).max(1), "{text} in pages of {page_size}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn pages_are_the_answer(question in 0..QUESTIONS.len(), page_size in 20_usize..200, seed in 0_u64..100, is_kept: bool) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for store in stores().await {
                check_pages(&store, QUESTIONS[question], page_size, seed, is_kept).await;
            }
        });
    }
}

#[tokio::test]
async fn every_question_has_its_pages() {
    for store in stores().await {
        for text in QUESTIONS {
            check_pages(&store, text, 50, 3, false).await;
        }
    }
}

#[tokio::test]
async fn cursors_are_their_tenants_and_their_questions_own() {
    for store in stores().await {
        let desk = desk(&store).await;
        for text in ["events", "events | sort by user asc, id asc"] {
            let first = desk.page(&asker("acme"), &sized(text, 10), None).await.unwrap();
            let cursor = first.next_cursor.unwrap();
            for (tenant, asked) in [("other", text), ("acme", "linux"), ("acme", "events | sort by user asc")]
            {
                let refused = desk.page(&asker(tenant), &sized(asked, 10), Some(&cursor)).await;
                assert!(matches!(refused, Err(QueryError::Cursor { .. })), "{tenant} {asked}: {refused:?}");
            }
        }
    }
}

/// What was computed, is not kept, and is not the same any more, is not put together from two answers.
#[tokio::test]
async fn an_answer_that_changed_is_asked_for_again() {
    let store = &stores().await[0];
    let text =
        "events | summarize n = count(), last = max(offset) by user, host | sort by user asc, host asc";
    let first = desk(store).await.page(&asker("acme"), &sized(text, 5), None).await.unwrap();
    // The same question of other events: as if a segment had gone with its retention.
    let emptied: Arc<dyn MartStore> = Arc::new(MemoryMarts::new());
    append(emptied.as_ref(), "acme", 0..100).await;
    let next = desk(&emptied).await.page(&asker("acme"), &sized(text, 5), first.next_cursor.as_deref()).await;
    assert!(matches!(next, Err(QueryError::Cursor { why }) if why.contains("another one")));
}

async fn delivered(desk: &Desk, request: &Request) -> (Vec<Vec<Json>>, Ending, Vec<u8>) {
    let asker = asker("acme");
    let mut delivery = desk.deliver(&asker, request).await.unwrap();
    let mut file = Exporter::begin(ExportFormat::Ndjson, &delivery.head, false, Vec::new()).unwrap();
    let mut rows = Vec::new();
    while let Some(piece) = delivery.pieces.next().await {
        match piece.unwrap() {
            Piece::Rows(piece) => {
                rows.extend(delivery.head.json(piece.clone()));
                file.rows(piece).unwrap();
            }
            Piece::End(ending) => {
                assert!(delivery.pieces.next().await.is_none());
                let bytes = file.end(&ending).unwrap();
                return (rows, *ending, bytes);
            }
        }
    }
    panic!("{} never ends", request.text);
}

#[tokio::test]
async fn what_is_delivered_is_the_answer() {
    for store in stores().await {
        let desk = desk(&store).await;
        for text in QUESTIONS {
            let all = whole(&desk, text).await;
            let (rows, ending, bytes) = delivered(&desk, &sized(text, 1_000_000)).await;
            assert_eq!(rows, all.rows, "{text}");
            assert_eq!((ending.status, ending.go_on), (Status::Complete, None), "{text}");
            let names = all.columns.iter().map(|column| column.name.as_str());
            let lines = String::from_utf8(bytes).unwrap();
            let found: Vec<Json> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert_eq!(found.len(), all.rows.len(), "{text}");
            for (line, row) in found.iter().zip(&all.rows) {
                for (name, value) in names.clone().zip(row) {
                    assert_eq!(&line[name], value, "{text}: {name}");
                }
            }
        }
        // What is asked with `take` is answered with the same cells by the short way.
        for text in ["linux | take 40", "events | where user == 'root' | take 20"] {
            let plain = desk.ask(&asker("acme"), &Request::new(text)).await.unwrap();
            assert_eq!(plain.rows, whole(&desk, text).await.rows, "{text}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_says_how_to_go_on() {
    for store in stores().await {
        let desk = desk(&store).await;
        let (rows, ending, bytes) = delivered(&desk, &sized("events | project id, time", 60)).await;
        assert_eq!((rows.len(), ending.status), (60, Status::Partial));
        assert!(ending.detail.why.contains("the first 60 rows"), "{:?}", ending.detail);
        let last: Json =
            serde_json::from_slice(bytes.split(|byte| *byte == b'\n').rev().nth(1).unwrap()).unwrap();
        assert_eq!(last["_sentra"]["status"], "partial");
        // Asked as it says, the rest comes; events of the last moment come again.
        let go_on = ending.go_on.unwrap();
        let rest = format!("events {go_on} | project id, time");
        let (more, ending, _) = delivered(&desk, &sized(&rest, 1_000)).await;
        assert_eq!(ending.status, Status::Complete);
        let all = whole(&desk, "events | project id, time").await.rows;
        let repeated = rows.len() + more.len() - all.len();
        assert!(repeated >= 1 && more[..repeated] == rows[rows.len() - repeated..], "{repeated}");
        assert_eq!([&rows[..], &more[repeated..]].concat(), all);
    }
}

/// Numbers over many events come from rollups by pages, too; and a page that has to be computed anew, as of the moment of
/// the first one, is the page that it was.
#[tokio::test]
async fn pages_of_numbers_are_answered_by_rollups() {
    let (dir, acme) = (tempfile::tempdir().unwrap(), scope("acme"));
    let clock = Arc::new(ManualClock::default());
    let marts: Arc<dyn MartStore> =
        Arc::new(EmbeddedMarts::open(dir.path(), MartOptions::default(), clock).await.unwrap());
    let definition = RollupDefinition {
        name: "hosts".into(),
        mart: "events".into(),
        filter: String::new(),
        keys: vec!["host".into(), "user".into()],
        aggregates: Vec::new(),
        grain: RollupGrain::Hour,
        changed_by: "ana".into(),
        time: None,
    };
    marts.declare_rollups(&acme, vec![definition]).await.unwrap();
    append(marts.as_ref(), "acme", 0..240).await;
    marts.flush(&acme).await.unwrap();
    let text = "events | summarize n = count() by host, user | sort by host asc, user asc";
    let all = desk(&marts).await.ask(&asker("acme"), &Request::new(text)).await.unwrap();
    assert_eq!(all.rows.len(), 12);
    let by_rollup = "answered by rollup hosts";
    assert!(all.route.reason.contains(by_rollup), "{}", all.route.reason);

    let first_desk = desk(&marts).await;
    let page = async |desk: &Desk, cursor: Option<&str>| {
        desk.page(&asker("acme"), &sized(text, 5), cursor).await.unwrap()
    };
    let first = page(&first_desk, None).await;
    assert!(first.route.reason.contains(by_rollup), "{}", first.route.reason);
    append(marts.as_ref(), "acme", 240..300).await;
    // A desk that was started anew keeps nothing: the second page is computed without the events of later.
    let later_desk = desk(&marts).await;
    let cursor = first.next_cursor.as_deref();
    let kept = page(&first_desk, cursor).await;
    let anew = page(&later_desk, cursor).await;
    assert_eq!(kept.rows, anew.rows);
    assert!(!anew.route.reason.contains(by_rollup), "rollups count whole segments: {}", anew.route.reason);
    let last = page(&later_desk, anew.next_cursor.as_deref()).await;
    assert_eq!([first.rows, anew.rows, last.rows].concat(), all.rows);
    assert!(last.next_cursor.is_none());
}

async fn completed(desk: &Desk, marked: &str) -> Completed {
    let offset = marked.find('^').unwrap();
    desk.complete(&asker("acme"), &marked.replace('^', ""), offset).await.unwrap()
}

#[tokio::test]
async fn what_may_stand_is_told_in_every_form() {
    let cases = [
        ("^", "", "audit", ItemKind::Table),
        ("linux | wh^", "wh", "where", ItemKind::Operator),
        ("linux | where us^", "us", "user", ItemKind::Column),
        ("linux | where user == \"ro^", "\"ro", "\"root\"", ItemKind::Value),
        ("linux | where user in (\"root\", \"gu^", "\"gu", "\"guest\"", ItemKind::Value),
        ("linux | where user has \"äs^", "\"äs", "\"Äsa B\"", ItemKind::Value),
        ("linux | where Event^", "Event", "EventID", ItemKind::Column),
        ("linux | where EventID == ^", "", "\"4624\"", ItemKind::Value),
        ("linux | extend n = strl^", "strl", "strlen(", ItemKind::Function),
        ("user:ro^", "ro", "root", ItemKind::Value),
        ("code:LL03 -user:\"äs^", "\"äs", "\"Äsa B\"", ItemKind::Value),
        ("user:root Event^", "Event", "EventID:", ItemKind::Column),
        ("user:root | su^", "su", "summarize", ItemKind::Operator),
        ("user:root | where user == \"gu^", "\"gu", "\"guest\"", ItemKind::Value),
        ("failed logins ye^", "failed logins ye", "failed logins yesterday", ItemKind::Keyword),
    ];
    for store in stores().await {
        let desk = desk(&store).await;
        for (marked, replaced, first, kind) in cases {
            let found = completed(&desk, marked).await;
            let text = marked.replace('^', "");
            assert_eq!(&text[found.replaces.from..found.replaces.to], replaced, "{marked}");
            let item = found.items.first().unwrap_or_else(|| panic!("{marked}: nothing"));
            assert_eq!((item.text.as_str(), item.kind), (first, kind), "{marked}: {:?}", found.items);
            assert!(!item.detail.is_empty(), "{marked}: {item:?}");
        }
    }
}

/// Law TENANT: no value of another tenant is told.
#[tokio::test]
async fn values_are_the_tenants_own() {
    for store in stores().await {
        let desk = desk(&store).await;
        for (tenant, own) in [("acme", "acme-"), ("other", "other-"), ("nobody", "-")] {
            for text in ["events | where host == \"", "host:"] {
                let found = desk.complete(&asker(tenant), text, text.len()).await.unwrap();
                let texts: Vec<&str> = found.items.iter().map(|item| item.text.trim_matches('"')).collect();
                assert!(texts.iter().all(|text| text.starts_with(own)), "{tenant}: {texts:?}");
                assert_eq!(texts.is_empty(), tenant == "nobody", "{tenant}");
            }
        }
    }
}

#[tokio::test]
async fn every_problem_is_told_in_every_form() {
    let store = &stores().await[0];
    let desk = desk(store).await;
    let cases = [
        ("linux | where user == 'root' | take 3", vec![], None),
        (
            "linux | where strlenn(user) > 1 | summarise count()",
            vec![
                ("strlenn", Some("strlen"), Severity::Error),
                ("summarise", Some("summarize"), Severity::Error),
            ],
            None,
        ),
        ("linxu | take 3", vec![("linxu", Some("linux"), Severity::Error)], None),
        ("linux | where usr == 'x'", vec![("usr", Some("user"), Severity::Note)], None),
        ("user:root | summarise count()", vec![("summarise", Some("summarize"), Severity::Error)], None),
        ("user:root", vec![], Some("events | where user =~ \"root\"")),
        ("how many failed logins", vec![], Some("count")),
    ];
    for (text, wanted, understood) in cases {
        let found = desk.complete(&asker("acme"), text, text.len()).await.unwrap();
        let problems: Vec<_> = found
            .problems
            .iter()
            .map(|problem| (&text[problem.from..problem.to], problem.hint.as_deref(), problem.severity))
            .collect();
        assert_eq!(problems, wanted, "{text}: {:?}", found.problems);
        match understood {
            Some(part) => {
                assert!(found.understood.as_ref().is_some_and(|kql| kql.contains(part)), "{found:?}")
            }
            None => assert!(found.understood.is_none() || text.contains(':'), "{found:?}"),
        }
    }
    let found = desk.complete(&asker("acme"), "please make me a sandwich", 3).await.unwrap();
    assert_eq!(found.problems[0].severity, Severity::Error);
    assert!(found.problems[0].hint.is_some(), "{found:?}");
}

#[tokio::test]
async fn no_place_breaks_completion() {
    let store = &stores().await[0];
    let desk = desk(store).await;
    for text in [
        "linux | where user == \"é\" and x in (",
        "user:\"é -\"(((",
        "é",
        "a || b | | c",
        "[\"é\"]:x",
        "select é from x",
        "failed é logins",
        "((((((",
        "user:(é or",
    ] {
        for offset in 0..text.len() + 3 {
            let found = desk.complete(&asker("acme"), text, offset).await.unwrap();
            assert!(
                text.get(found.replaces.from..found.replaces.to).is_some(),
                "{text} at {offset}: {found:?}"
            );
            for problem in &found.problems {
                assert!(text.get(problem.from..problem.to).is_some(), "{text}: {problem:?}");
            }
        }
    }
}
