//! One tenant's load is one tenant's wait: the queue of turns, run against a clock of its own, from a seed.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a test may stop where it stands"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sentra_kql::run::Precedence;
use sentra_model::TenantId;
use sentra_query::{Lane, Queue, TENANT_WAITING_MAX, TurnLimits, Turns, WAITING_MAX};

fn tenant(name: &str) -> TenantId {
    name.parse().unwrap()
}

/// A question: when it comes, and how long it runs once it does, in milliseconds.
#[derive(Debug, Clone)]
struct Question {
    tenant: TenantId,
    comes: u64,
    runs: u64,
}

/// A generator of numbers, the same from the same seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Runs the questions by the queue; gives how long each took from coming to its end, by tenant.
fn run(mut questions: Vec<Question>, limits: TurnLimits) -> Vec<(TenantId, u64)> {
    questions.sort_by_key(|question| question.comes);
    let mut queue: Queue<Question> = Queue::new(limits);
    let mut ends: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
    let mut running: Vec<Option<(TenantId, Lane)>> = Vec::new();
    let mut took = Vec::new();
    let mut coming = questions.into_iter().peekable();
    loop {
        let next_come = coming.peek().map(|question| question.comes);
        let next_end = ends.peek().map(|Reverse((end, _))| *end);
        let now = match (next_come, next_end) {
            (None, None) => return took,
            (Some(come), Some(end)) if end <= come => end,
            (Some(come), _) => come,
            (None, Some(end)) => end,
        };
        while let Some(Reverse((end, place))) = ends.peek().copied().filter(|Reverse((end, _))| *end <= now) {
            assert!(end <= now);
            ends.pop();
            let (tenant, lane) = running[place].take().unwrap();
            queue.over(&tenant, lane);
        }
        while let Some(question) = coming.next_if(|question| question.comes <= now) {
            let lane = Lane::of(question.runs as f64);
            // One that is turned away has no time to be counted.
            let _taken = queue.come(&question.tenant.clone(), lane, question);
        }
        while let Some((tenant, lane, question)) = queue.turn() {
            assert!(queue.running() <= limits.running_max, "law LIMIT");
            ends.push(Reverse((now + question.runs, running.len())));
            running.push(Some((tenant.clone(), lane)));
            took.push((tenant, now + question.runs - question.comes));
        }
    }
}

fn p95(took: &[(TenantId, u64)], tenant: &TenantId) -> u64 {
    let mut own: Vec<u64> = took.iter().filter(|(of, _)| of == tenant).map(|(_, took)| *took).collect();
    own.sort_unstable();
    own[own.len() * 95 / 100]
}

/// An analyst's questions: most are quick, some are heavy.
fn quiet(seed: u64) -> Vec<Question> {
    let mut numbers = Numbers(seed);
    (0..400)
        .map(|number| {
            let runs = if number % 10 == 0 { 2_000 + numbers.below(500) } else { 20 + numbers.below(180) };
            Question { tenant: tenant("quiet"), comes: number * 1_500 + numbers.below(1_000), runs }
        })
        .collect()
}

/// Everything at once, again and again: quick ones and heavy ones.
fn flood(seed: u64, name: &str) -> Vec<Question> {
    let mut numbers = Numbers(seed);
    (0..4_000)
        .map(|_| {
            let runs =
                if numbers.below(2) == 0 { 5_000 + numbers.below(20_000) } else { 10 + numbers.below(240) };
            Question { tenant: tenant(name), comes: numbers.below(600_000), runs }
        })
        .collect()
}

/// The promise: one tenant's load moves another's p95 by no more than a tenth.
#[test]
fn a_flood_of_one_tenant_moves_anothers_p95_by_a_tenth_at_most() {
    for seed in 1..=10 {
        let alone = run(quiet(seed), TurnLimits::new(8));
        let mut both = quiet(seed);
        both.extend(flood(seed * 31, "loud"));
        let together = run(both, TurnLimits::new(8));
        let (before, after) = (p95(&alone, &tenant("quiet")), p95(&together, &tenant("quiet")));
        assert!(after * 10 <= before * 11, "seed {seed}: p95 went from {before} ms to {after} ms");
    }
}

/// Two floods share what there is, and neither starves; nor do heavy questions behind quick ones.
#[test]
fn floods_share_and_nobody_starves() {
    let mut questions = flood(5, "one");
    questions.extend(flood(7, "two"));
    let took = run(questions.clone(), TurnLimits::new(4));
    let done = |name: &str| took.iter().filter(|(of, _)| *of == tenant(name)).count();
    let (one, two) = (done("one"), done("two"));
    assert!(one.abs_diff(two) * 10 <= one + two, "{one} and {two} were answered");

    let quick = (0..3_000).map(|number| Question { tenant: tenant("quick"), comes: number * 10, runs: 100 });
    let heavy = (0..10).map(|number| Question { tenant: tenant("heavy"), comes: number, runs: 1_000 });
    let took = run(quick.chain(heavy).collect(), TurnLimits::new(4));
    assert_eq!(took.iter().filter(|(of, _)| *of == tenant("heavy")).count(), 10);
    let longest = took.iter().filter(|(of, _)| *of == tenant("heavy")).map(|(_, took)| *took).max().unwrap();
    assert!(longest < 15_000, "a heavy one waited {longest} ms behind quick ones");
}

/// Law LIMIT.
#[test]
fn what_waits_is_bounded_by_tenant_and_as_a_whole() {
    let mut queue: Queue<usize> = Queue::new(TurnLimits::new(1));
    let taken =
        (0..TENANT_WAITING_MAX + 5).filter(|number| queue.come(&tenant("loud"), Lane::Quick, *number));
    assert_eq!(taken.count(), TENANT_WAITING_MAX);
    assert!(queue.come(&tenant("other"), Lane::Quick, 0), "another tenant still may");
    for number in 0..10 {
        let name = tenant(&format!("t{number}"));
        (0..TENANT_WAITING_MAX).for_each(|number| _ = queue.come(&name, Lane::Heavy, number));
    }
    assert_eq!(queue.waiting(), WAITING_MAX);
}

#[tokio::test]
async fn turns_end_when_they_are_dropped_and_who_leaves_waits_no_more() {
    let turns = Turns::new(TurnLimits::new(2), Precedence::on(1));
    let (loud, quiet) = (tenant("loud"), tenant("quiet"));
    let first = turns.turn(&loud, Lane::Quick).await.unwrap();
    // A tenant has half of the turns.
    let waits =
        tokio::time::timeout(std::time::Duration::from_millis(20), turns.turn(&loud, Lane::Quick)).await;
    assert!(waits.is_err());
    let other = turns.turn(&quiet, Lane::Quick).await.unwrap();
    drop(other);
    drop(first);
    for _ in 0..100 {
        drop(turns.turn(&loud, Lane::Quick).await.unwrap());
    }
}
