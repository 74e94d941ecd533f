//! Law LIMIT under attack: what asks for too much ends in a clear refusal, within its time and its memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sentra_kql::{CheckOptions, check, parse};
use sentra_model::Position;
use sentra_store::{AskLimits, EmbeddedMarts, MartOptions, MartStore, event_catalog};

use crate::stores::{batches, clock, now, scope};

/// Enough for a product of it with itself to be more than anything may hold.
const EVENTS: u64 = 30_000;
/// What every question may take. Far less than what any of them asks for.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Within this everything has ended, however slow the machine is: unbounded work would take hours.
const END: Duration = Duration::from_secs(90);
const MEMORY_BYTES: usize = 64 * 1024 * 1024;

/// How an attack ends.
#[derive(Debug)]
enum End {
    /// Refused when it is read.
    Unread(String),
    /// Refused or stopped when it is answered.
    Refused(String),
    Stopped,
    Answered {
        rows: usize,
        cut: bool,
    },
}

async fn attack(store: &dyn MartStore, text: &str) -> End {
    let catalog = event_catalog(&[]);
    let options = CheckOptions { catalog: &catalog, now: now(), keep_calls: false };
    let plan = match parse(text).and_then(|query| check(&query, options)) {
        Ok(plan) => plan,
        Err(error) => return End::Unread(error.to_string()),
    };
    let limits = AskLimits { timeout: TIMEOUT, ..AskLimits::default() };
    match store.ask(&scope("own"), &plan, &limits).await {
        Err(error) => End::Refused(whole(&error)),
        Ok(answer) => match answer.stopped_by {
            Some(_) => End::Stopped,
            None => End::Answered { rows: answer.rows.len(), cut: answer.cut },
        },
    }
}

/// What may not be answered at all.
fn too_much() -> Vec<(&'static str, String)> {
    let nested = |open: &str, close: &str, depth: usize| {
        format!("events | where {}true{}", open.repeat(depth), close.repeat(depth))
    };
    vec![
        ("brackets", nested("(", ")", 1_000)),
        ("negations", nested("not(", ")", 1_000)),
        ("subqueries", format!("{}events{}", "union (".repeat(1_000), ")".repeat(1_000))),
        ("a long chain of operators", format!("events {}", "| extend a = 1 ".repeat(5_000))),
        ("a long text", format!("events | where user == '{}'", "a".repeat(10_000_000))),
        ("a regex that unrolls", "events | where message matches regex '((a{1000}){1000}){1000}'".to_owned()),
        ("a backreference", r"events | where message matches regex '(a)\\1'".to_owned()),
        (
            "a product of the events with themselves",
            "events | extend k = 1 | join kind=inner (events | extend k = 1) on k | summarize count() by user".to_owned(),
        ),
        (
            "a product of products",
            "events | extend k = 1 | join (events | extend k = 1) on k | join (events | extend k = 1) on k".to_owned(),
        ),
        (
            "rows out of nothing",
            "events | extend n = split(strrep(',', 100000), ',') | mv-expand n | summarize count() by tostring(n)".to_owned(),
        ),
        (
            "rows out of rows",
            "events | extend n = split(strrep(',', 999), ',') | mv-expand n | extend m = n | extend l = split(strrep(',', 999), ',') | mv-expand l | count".to_owned(),
        ),
        ("a text that grows", format!("events | extend a = raw {} | summarize max(strlen(a))", "| extend a = strcat(a, a, a, a)".repeat(30))),
        ("a text repeated", "events | extend a = strrep(raw, 1000000000) | summarize max(strlen(a))".to_owned()),
    ]
}

/// What the user reads: the error with its causes.
fn whole(error: &dyn std::error::Error) -> String {
    let causes =
        std::iter::successors(error.source(), |cause| cause.source()).map(|cause| format!(": {cause}"));
    std::iter::once(error.to_string()).chain(causes).collect()
}

async fn store() -> (EmbeddedMarts, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let options = MartOptions { query_memory_bytes_max: MEMORY_BYTES, ..MartOptions::default() };
    let store = EmbeddedMarts::open(directory.path(), options, Arc::new(clock())).await.unwrap();
    let own = scope("own");
    let next = Position { partition: 0, offset: EVENTS };
    store.append(&own, batches("own", 0..EVENTS), next).await.unwrap();
    store.flush(&own).await.unwrap();
    (store, directory)
}

#[tokio::test]
async fn what_asks_for_too_much_is_refused() {
    let (store, _directory) = store().await;
    for (name, text) in too_much() {
        let begun = Instant::now();
        let end = attack(&store, &text).await;
        println!(
            "{name}: {:?}, {}",
            begun.elapsed(),
            format!("{end:?}").chars().take(200).collect::<String>()
        );
        assert!(begun.elapsed() < END, "{name} took {:?}", begun.elapsed());
        match end {
            End::Unread(why) | End::Refused(why) => {
                assert!(why.len() > 20, "{name} is refused without a word: {why}");
                assert!(why.len() < 2_000, "{name} is refused with the whole of itself");
            }
            End::Stopped => {}
            End::Answered { rows, cut } => panic!("{name} was answered: {rows} rows, cut: {cut}"),
        }
    }
    // It is as well as before.
    let count = attack(&store, "events | where user == 'root' | count").await;
    assert!(matches!(count, End::Answered { rows: 1, cut: false }), "{count:?}");
}

/// Expressions that other engines take for ever over end here, and lists that blow up are refused within their budget.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bombs_end_within_their_budget() {
    let (store, _directory) = store().await;
    let long = "extend long = strrep(message, 400)";
    for text in [
        "events | where message matches regex '^(([a-z ])+.)+[A-Z]([a-z])+$' | count".to_owned(),
        format!("events | {long} | where long matches regex '(x+x+)+y' | count"),
        format!("events | {long} | where long matches regex '(.*a){{12}}$' | count"),
        format!("events | {long} | where long matches regex '[a-z ]{{0,400}}[0-9]{{1,400}}!$' | count"),
        format!("events | {long} | extend r = replace_regex(long, '(a|aa|aaa)+$', 'x') | summarize max(strlen(r))"),
        format!("events | {long} | extend r = extract_all('([a-z]+ ?){{1,20}}', long) | summarize max(array_length(r))"),
        format!("events | {long} | mv-expand part = split(long, ' ') | summarize count() by tostring(part)"),
        "events | mv-expand a = dynamic([1,2,3,4,5,6,7,8,9]) | mv-expand b = dynamic([1,2,3,4,5,6,7,8,9]) | count".to_owned(),
        "events | summarize l = make_list(raw) | mv-expand l | count".to_owned(),
        "events | summarize make_list(raw, 100000), make_set(raw) by user".to_owned(),
        "events | sort by reverse(strrep(raw, 500)) asc".to_owned(),
    ] {
        let begun = Instant::now();
        let end = attack(&store, &text).await;
        println!("{text}: {:?}, {}", begun.elapsed(), format!("{end:?}").chars().take(200).collect::<String>());
        assert!(begun.elapsed() < END, "{text} took {:?}", begun.elapsed());
        assert!(!matches!(end, End::Unread(_)), "{text}: {end:?}");
    }
    let count = attack(&store, "events | count").await;
    assert!(matches!(count, End::Answered { rows: 1, .. }), "{count:?}");
}

/// Many groups may be answered; what is held for them is bounded.
#[tokio::test]
async fn many_groups_end() {
    let (store, _directory) = store().await;
    for text in [
        "events | summarize count() by id, raw, user, message, strcat(raw, id), tostring(fields)",
        "events | summarize make_list(raw), make_set(message), make_list(fields) by mart",
        "events | distinct *",
        "events | sort by strcat(raw, message, id) asc",
        "union events, events, events, events, events, events, events, events | summarize dcount(strcat(id, raw))",
    ] {
        let begun = Instant::now();
        let end = attack(&store, text).await;
        println!(
            "{text}: {:?}, {}",
            begun.elapsed(),
            format!("{end:?}").chars().take(200).collect::<String>()
        );
        assert!(begun.elapsed() < END, "{text} took {:?}", begun.elapsed());
        if let End::Answered { rows, .. } = end {
            assert!(rows <= sentra_store::ROWS_MAX, "{text}: {rows} rows");
        }
    }
}

/// A thousand at once wait for each other's memory or are refused; none takes the store with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heavy_questions_at_once_end() {
    let (store, _directory) = store().await;
    let store = Arc::new(store);
    let mut asked = tokio::task::JoinSet::new();
    for number in 0..20 {
        let store = Arc::clone(&store);
        asked.spawn(async move {
            let text = format!("events | summarize count() by id, raw, message, k = strcat(raw, '{number}')");
            attack(store.as_ref(), &text).await
        });
    }
    let ends = asked.join_all().await;
    for end in &ends {
        assert!(!matches!(end, End::Unread(_)), "{end:?}");
    }
    let count = attack(store.as_ref(), "events | count").await;
    assert!(matches!(count, End::Answered { rows: 1, .. }), "{count:?}");
}
