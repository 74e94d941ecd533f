//! How long questions to a store take, hot, as `sentra bench query` measures it, but over a store that is there already:
//! only this crate is built anew after a change.
//!
//! ```sh
//! cargo run --release -p sentra-store --example ask_rate -- DIR RUNS 'events | where user == "quinn" | project id' …
//! ```
//!
//! `DIR` is a data directory; it is opened, so nobody else may have it open. A question may be given a name by `NAME=`
//! before it. Times are of reading, planning and answering, in milliseconds; CPU is that of the whole process per run.
#![allow(clippy::print_stdout, reason = "its output is what it is for")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "an example may end where it cannot go on"
)]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sentra_kql::plan::Plan;
use sentra_kql::{CheckOptions, check, parse};
use sentra_model::{Clock, SystemClock, TenantId, TenantScope};
use sentra_store::{AskLimits, EmbeddedMarts, MartOptions, MartStore, PlanAnswer, event_catalog};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As `sentra bench query`.
const CORES: usize = 2;

fn plan_of(question: &str) -> Plan {
    let catalog = event_catalog(&[]);
    let query = parse(question).expect("a question");
    let options = CheckOptions { catalog: &catalog, now: SystemClock.now(), keep_calls: false };
    check(&query, options).expect("a question that can be answered")
}

async fn ask(marts: &EmbeddedMarts, scope: &TenantScope, question: &str) -> PlanAnswer {
    let limits = AskLimits { timeout: Duration::from_secs(600), ..AskLimits::default() };
    marts.ask(scope, &plan_of(question), &limits).await.expect("an answer")
}

/// Seconds of the processors that the process has used; zero where the system does not tell.
fn computed() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit_once(')').map_or("", |(_, after)| after);
    let ticks = |place: usize| after.split_whitespace().nth(place).and_then(|part| part.parse::<f64>().ok());
    (ticks(11).unwrap_or_default() + ticks(12).unwrap_or_default()) / 100.0
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(directory), Some(runs)) = (arguments.next(), arguments.next()) else {
        println!("usage: ask_rate DIR RUNS [NAME=]QUESTION …");
        return;
    };
    let runs: usize = runs.parse().expect("a number of runs");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(CORES).enable_all().build().unwrap();
    runtime.block_on(async {
        let options =
            MartOptions { query_partitions: CORES, flush_interval_ms: u64::MAX, ..MartOptions::default() };
        let marts = EmbeddedMarts::open(directory.as_ref(), options, Arc::new(SystemClock)).await.unwrap();
        let scope = TenantScope::new(TenantId::default_tenant());
        println!("{:<24} {:>9} {:>9} {:>9} {:>7}  answer", "question", "p50 ms", "p95 ms", "CPU ms", "rows");
        for (number, argument) in arguments.enumerate() {
            let named = argument.split_once('=').filter(|(name, _)| !name.contains(['|', '\'', '"']));
            let (name, question) = named.unwrap_or(("", &argument));
            let name = if name.is_empty() { format!("{}", number + 1) } else { name.to_owned() };
            let answer = ask(&marts, &scope, question).await;
            let mut hasher = DefaultHasher::new();
            format!("{:?}", answer.rows).hash(&mut hasher);
            let before = computed();
            let mut times: Vec<f64> = Vec::with_capacity(runs);
            for _ in 0..runs {
                let started = Instant::now();
                ask(&marts, &scope, question).await;
                times.push(started.elapsed().as_secs_f64() * 1e3);
            }
            let computed = (computed() - before) * 1e3 / runs.max(1) as f64;
            times.sort_by(f64::total_cmp);
            let at = |share: f64| {
                let place = ((times.len() as f64 * share).ceil() as usize).saturating_sub(1);
                times.get(place).copied().unwrap_or(f64::NAN)
            };
            println!(
                "{name:<24} {:>9.2} {:>9.2} {computed:>9.2} {:>7}  {:016x} {}",
                at(0.5),
                at(0.95),
                answer.rows.len(),
                hasher.finish(),
                answer.engines.join("; ")
            );
        }
    });
}
