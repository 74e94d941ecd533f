//! Prints how long routing takes: microseconds per question (median of many rounds), over the questions of the corpus.
//!
//! ```text
//! cargo run --release -p sentra-ask --example pace
//! ```

#![allow(clippy::print_stdout, reason = "it prints")]

use std::time::Instant;

use sentra_ask::{Context, route};
use sentra_model::Timestamp;

/// How often each question is routed.
const ROUNDS: usize = 101;

fn main() {
    let context = Context::at(Timestamp::from_seconds(1_795_015_800));
    for file in ["kql", "shorthand", "sql", "english", "mixed", "second", "third", "fourth", "held-out"] {
        let path = format!("{}/corpus/{file}.tsv", env!("CARGO_MANIFEST_DIR"));
        let Ok(text) = std::fs::read_to_string(&path) else {
            println!("{file}: cannot read {path}");
            continue;
        };
        let questions: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split('\t').next())
            .collect();
        let mut took: Vec<f64> = questions.iter().map(|question| micros(question, &context)).collect();
        took.sort_by(f64::total_cmp);
        let at = |share: usize| {
            took.get((took.len() * share / 100).min(took.len().saturating_sub(1)))
                .copied()
                .unwrap_or_default()
        };
        println!(
            "{file}: {} questions, p50 {:.1} µs, p95 {:.1} µs, max {:.1} µs",
            took.len(),
            at(50),
            at(95),
            at(100)
        );
    }
    for question in worst() {
        let start: String = question.chars().take(30).collect();
        println!("{start} …: {:.1} µs", micros(&question, &context));
    }
}

/// The longest questions of plain English that are read at all, made to be slow.
fn worst() -> [String; 4] {
    let words = |word: &str| vec![word; 60].join(" ");
    [
        words("unknownish"),
        words("last"),
        words("top 10 users by failed logins and"),
        words("between monday and 10.1.2.3,"),
    ]
}

/// The median of the rounds, so that what else the machine does is not counted.
fn micros(question: &str, context: &Context) -> f64 {
    let round = || {
        let started = Instant::now();
        std::hint::black_box(route(std::hint::black_box(question), context));
        started.elapsed().as_secs_f64() * 1e6
    };
    let mut took: Vec<f64> = (0..ROUNDS).map(|_| round()).collect();
    took.sort_by(f64::total_cmp);
    took.get(took.len() / 2).copied().unwrap_or_default()
}
