//! Sentra's matcher beside the `rsigma-eval` crate: the same real events, the same rules, the same process, allocator
//! and compiler settings, turn about. Processor seconds of one thread are counted; what one finds and the other does
//! not is printed.
//!
//! ```sh
//! cargo run --release --locked -- DATA [RUNS]
//! ```
//!
//! Neither side decodes while it is measured: Sentra has columns of events, the peer a parsed JSON value per event.
//! The peer takes one logsource per event. It is measured that way (the ratio is against this), and once per category
//! where an event has several, as Sentra does; what it finds then is what is compared.

mod corpus;
mod peer;

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use cap::Cap;
use corpus::{Batches, Pairs, quantile};
use mimalloc::MiMalloc;
use sentra_detect::{Matcher, RuleSet};
use sentra_model::EventBatch;

use crate::peer::{Peer, Routing};

/// The program's allocator in the product, counted.
#[global_allocator]
static ALLOCATOR: Cap<MiMalloc> = Cap::new(MiMalloc, usize::MAX);

/// Runs of each side when the command line does not say.
const RUNS: usize = 5;
/// Differences that are printed.
const SHOWN_MAX: usize = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let data = PathBuf::from(arguments.next().ok_or("which directory holds sigma/ and windows/?")?);
    let runs = arguments.next().map_or(Ok(RUNS), |runs| runs.parse())?;
    let sources = corpus::rule_sources(&data.join("sigma"))?;
    let (rules, _) = compiled("sentra", || RuleSet::compile(sources.clone()));
    let rules = Arc::new(rules);
    let peer = compiled("rsigma", || Peer::new(&sources))?;
    println!("rules: sentra {}, rsigma {}", rules.len(), peer.rules());

    let text = corpus::text(&data.join("windows/otrf.ndjson.zst"))?;
    let batches: Vec<EventBatch> = Batches::new(&text, 8_192).collect::<Result<_, _>>()?;
    let singles: Vec<EventBatch> = Batches::new(&text, 1).collect::<Result<_, _>>()?;
    let events = peer::events(&text)?;

    let (mut ours, mut ours_single, mut theirs, mut theirs_each) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut found, mut found_there, mut found_there_each) = (Pairs::new(), Pairs::new(), Pairs::new());
    for _ in 0..runs.max(1) {
        found = measured(&mut ours, || sentra(&rules, &batches));
        measured(&mut ours_single, || sentra(&rules, &singles));
        found_there = measured(&mut theirs, || peer.run(&events, Routing::One));
        found_there_each = measured(&mut theirs_each, || peer.run(&events, Routing::Each));
    }
    let rate = |seconds: &mut Vec<f64>| events.len() as f64 / quantile(seconds, 0.5) / 1e3;
    let (ours, ours_single) = (rate(&mut ours), rate(&mut ours_single));
    let (theirs, theirs_each) = (rate(&mut theirs), rate(&mut theirs_each));
    println!("thousand events per processor second, median of {runs} runs of {} events:", events.len());
    println!("  sentra, batches of 8,192 events   {ours:>8.1}   {} matches", found.len());
    println!("  sentra, single events             {ours_single:>8.1}");
    println!("  rsigma, one category per event    {theirs:>8.1}   {} matches", found_there.len());
    println!("  rsigma, every category            {theirs_each:>8.1}   {} matches", found_there_each.len());
    println!("  ratio {:.1}, of single events {:.1}", ours / theirs, ours_single / theirs);
    differences(&found, &found_there_each);
    Ok(())
}

/// Compiles, and says how long it took and how much memory it holds.
fn compiled<T>(who: &str, compile: impl FnOnce() -> T) -> T {
    let (bytes, before) = (ALLOCATOR.allocated(), corpus::thread_seconds());
    let compiled = compile();
    let seconds = corpus::thread_seconds() - before;
    let bytes = ALLOCATOR.allocated().saturating_sub(bytes);
    println!("{who}: compiled in {:.0} ms, {:.1} MB of heap", seconds * 1e3, bytes as f64 / 1e6);
    compiled
}

fn measured(seconds: &mut Vec<f64>, work: impl FnOnce() -> Vec<(u64, String)>) -> Pairs {
    let before = corpus::thread_seconds();
    let found = work();
    seconds.push(corpus::thread_seconds() - before);
    found.into_iter().collect()
}

fn sentra(rules: &Arc<RuleSet>, batches: &[EventBatch]) -> Vec<(u64, String)> {
    let mut matcher = Matcher::new(Arc::clone(rules));
    let mut found = Vec::new();
    for batch in batches {
        for (row, rule) in matcher.matches(batch) {
            if let (Some(row), Some(rule)) = (batch.row(row), rules.rules().get(rule)) {
                found.push((row.id().offset, rule.reference().id.clone()));
            }
        }
    }
    found
}

fn differences(ours: &Pairs, theirs: &Pairs) {
    let both = ours.intersection(theirs).count();
    println!(
        "matches of both: {both}; only sentra: {}; only rsigma: {}",
        ours.len() - both,
        theirs.len() - both
    );
    for (line, rule) in ours.symmetric_difference(theirs).take(SHOWN_MAX) {
        let who = if ours.contains(&(*line, rule.clone())) { "only sentra" } else { "only rsigma" };
        println!("  {who}: line {line}, rule {rule}");
    }
}
