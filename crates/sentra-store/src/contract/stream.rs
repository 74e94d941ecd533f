//! Pieces and pages of answers, put together again.

use std::time::Duration;

use futures::StreamExt as _;
use sentra_kql::run::Row;

use super::fixture::{batches, next, scope};
use super::plans::plan;
use crate::stream::{PageFrom, RowWise, page_of, within_horizon};
use crate::{AnswerEnd, AnswerPart, AskLimits, MartStore};

const WALKED: [&str; 8] = [
    "events",
    "linux | where user == 'root'",
    "events | project id, user, upper = toupper(user)",
    "events | where EventID == '4625' | project id, EventID | where id endswith '7'",
    "events | take 37",
    "windows | where severity > 2 | take 5 | project u = user, id",
    "cloud",
    "events | where false",
];

const COMPUTED: [&str; 4] = [
    "events | sort by user asc, id asc | project id",
    "events | where user == 'root' | take 30 | where dst_port == 22 | project id | sort by id asc",
    "events | summarize n = count() by user | sort by user asc",
    "events | extend part = split(src_ip, '.') | mv-expand part | project id, part = tostring(part)",
];

async fn streamed(store: &dyn MartStore, question: &str, limits: &AskLimits) -> (Vec<Row>, AnswerEnd) {
    let (scope, plan) = (scope("ours"), plan(question));
    let (mut rows, mut end) = (Vec::new(), None);
    let mut parts = store.ask_stream(&scope, &plan, limits);
    while let Some(part) = parts.next().await {
        assert!(end.is_none(), "{question}: something comes after the end");
        match part.unwrap() {
            AnswerPart::Rows(piece) => {
                assert!(!piece.is_empty() && piece.len() <= crate::PIECE_ROWS_MAX);
                rows.extend(piece);
            }
            AnswerPart::End(what) => end = Some(what),
        }
    }
    (rows, end.unwrap())
}

async fn filled(store: &dyn MartStore, events: u64) {
    let ours = scope("ours");
    for from in (0..events).step_by(500) {
        let to = (from + 500).min(events);
        store.append(&ours, batches(&ours, from..to), next(to)).await.unwrap();
        if from % 1_000 == 0 {
            store.flush(&ours).await.unwrap();
        }
    }
    let others = scope("others");
    store.append(&others, batches(&others, 0..100), next(100)).await.unwrap();
}

pub(crate) async fn pieces_are_the_answer(store: &dyn MartStore) {
    filled(store, 2_600).await;
    let ours = scope("ours");
    for question in WALKED.iter().chain(&COMPUTED) {
        assert_eq!(RowWise::of(&plan(question)).is_some(), WALKED.contains(question), "{question}");
        for rows_max in [0, 1, 100, 2_600, 100_000] {
            let limits = AskLimits { rows_max, ..AskLimits::default() };
            let whole = store.ask(&ours, &plan(question), &limits).await.unwrap();
            let (rows, end) = streamed(store, question, &limits).await;
            assert_eq!(rows, whole.rows, "{question}, {rows_max} rows");
            assert_eq!((end.cut, end.stopped_by), (whole.cut, None), "{question}, {rows_max} rows");
        }
    }
}

/// Small numbers from a seed, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

pub(crate) async fn pages_are_the_answer_while_events_arrive(store: &dyn MartStore) {
    let ours = scope("ours");
    filled(store, 600).await;
    let mut taken = 600;
    for (seed, question) in WALKED.iter().cycle().take(WALKED.len() * 4).enumerate() {
        let mut dice = Dice(seed as u64);
        let rows = RowWise::of(&plan(question)).unwrap();
        let limits = AskLimits { rows_max: 1_000_000, ..AskLimits::default() };
        let whole = store.ask(&ours, &plan(question), &limits).await.unwrap();
        let page_size = [3, 40, 250, 5_000][usize::try_from(dice.below(4)).unwrap()];
        let page_size = if question.contains("take") { page_size.min(40) } else { page_size.max(40) };
        let (mut found, mut from, mut pages) = (Vec::new(), PageFrom::default(), 0);
        loop {
            let page = page_of(store, &ours, &rows, &from, page_size, Duration::from_secs(30)).await.unwrap();
            assert_eq!((page.end.cut, page.end.stopped_by), (false, None));
            assert!(page.rows.len() <= page_size);
            found.extend(page.rows);
            pages += 1;
            let Some(next_page) = page.next else { break };
            from = next_page;
            // What arrives has times among those that are there.
            let more = dice.below(30);
            store.append(&ours, batches(&ours, taken..taken + more), next(taken + more)).await.unwrap();
            taken += more;
            if dice.below(3) == 0 {
                store.flush(&ours).await.unwrap();
            }
        }
        assert_eq!(found, whole.rows, "{question} in pages of {page_size}, seed {seed}");
        assert_eq!(pages, whole.rows.len().div_ceil(page_size).max(1), "{question} in pages of {page_size}");
    }
}

pub(crate) async fn pages_of_what_is_computed_stay_within_the_horizon(store: &dyn MartStore) {
    let ours = scope("ours");
    filled(store, 300).await;
    let horizon = store.horizon(&ours).await.unwrap();
    assert_eq!(horizon.taken.values().copied().collect::<Vec<_>>(), [300]);
    assert_eq!(horizon.extents.iter().map(|extent| extent.rows).sum::<u64>(), 300);
    let questions = COMPUTED.iter().chain(&[
        "events | join kind=inner (windows | summarize w = count() by user) on user | summarize n = count() by user, w | sort by user asc",
        "union linux, windows | summarize count(), max(offset)",
    ]);
    let limits = AskLimits { rows_max: 100_000, ..AskLimits::default() };
    let mut before = Vec::new();
    for question in questions.clone() {
        before.push(store.ask(&ours, &plan(question), &limits).await.unwrap().rows);
    }
    store.append(&ours, batches(&ours, 300..420), next(420)).await.unwrap();
    for (question, before) in questions.zip(before) {
        let now = store.ask(&ours, &plan(question), &limits).await.unwrap().rows;
        assert_ne!(now, before, "{question} does not tell the difference");
        let bounded = within_horizon(&plan(question), &horizon.taken);
        assert_eq!(store.ask(&ours, &bounded, &limits).await.unwrap().rows, before, "{question}");
    }
}
