//! Law TENANT under attack: whatever is asked, the answer is the one that there would be if no other tenant existed.
//!
//! Two stores, the one with both tenants' events, the other with the asker's alone, are asked the same random questions.
//! Rows, columns, what was looked at, refusals and their words must be equal, byte for byte. That is more than not showing foreign
//! values: a count, an order or an error that another tenant's data bends would be seen, too.
//!
//! `SENTRA_PLANS=1000000 cargo test --release --workspace --test attacks` asks a million.

use std::sync::Arc;

use sentra_kql::{CheckOptions, check, parse};
use sentra_model::{Mart, TenantScope};
use sentra_store::{AskLimits, EmbeddedMarts, MartOptions, MartStore, MemoryMarts, Plan, event_catalog};

use crate::questions::{Dice, FOREIGN, question};
use crate::stores::{Leaking, clock, fill, now, scope};

/// Questions to the engine in memory when nobody says how many.
const PLANS: u64 = 20_000;
/// One of so many questions goes to the engine on disk.
const EMBEDDED_SHARE: u64 = 40;

fn plans_wanted() -> u64 {
    std::env::var("SENTRA_PLANS").ok().and_then(|text| text.parse().ok()).unwrap_or(PLANS)
}

/// What an asker can see of an answer.
async fn seen(store: &dyn MartStore, own: &TenantScope, plan: &Plan) -> String {
    match store.ask(own, plan, &AskLimits::default()).await {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => format!("{error:?} {error}"),
    }
}

/// The tables that a tenant can name are those of its own marts.
async fn read(store: &dyn MartStore, own: &TenantScope, question: &str) -> Result<Plan, String> {
    let marts: Vec<Mart> = store.stats(own).await.unwrap().into_iter().map(|stats| stats.mart).collect();
    let catalog = event_catalog(&marts);
    let options = CheckOptions { catalog: &catalog, now: now(), keep_calls: false };
    let plan = parse(question).and_then(|query| check(&query, options));
    plan.map_err(|error| format!("{error:?} {error}"))
}

#[derive(Debug, Default)]
struct Tally {
    asked: u64,
    refused: u64,
    with_rows: u64,
    differing: Vec<String>,
}

/// Asks `both` and `alone` the same questions.
async fn compare(both: &dyn MartStore, alone: &dyn MartStore, seeds: impl Iterator<Item = u64>) -> Tally {
    let own = scope("own");
    let mut tally = Tally::default();
    for seed in seeds {
        let text = question(&mut Dice::new(seed));
        let (here, there) = (read(both, &own, &text).await, read(alone, &own, &text).await);
        tally.asked += 1;
        let (found, expected) = match (here, there) {
            (Ok(here), Ok(there)) if here == there => {
                (seen(both, &own, &here).await, seen(alone, &own, &there).await)
            }
            (here, there) => {
                tally.refused += u64::from(here.is_err());
                (format!("{here:?}"), format!("{there:?}"))
            }
        };
        tally.with_rows += u64::from(found.contains("rows: [["));
        if found != expected {
            tally.differing.push(format!("seed {seed}: {text}\n  found    {found}\n  expected {expected}"));
        }
    }
    tally
}

fn judge(tally: &Tally, engine: &str) {
    let Tally { asked, refused, with_rows, differing } = tally;
    println!(
        "{engine}: {asked} questions, {refused} refused, {with_rows} with rows, {} differing",
        differing.len()
    );
    let shown = differing.iter().take(3).cloned().collect::<Vec<_>>().join("\n");
    assert!(differing.is_empty(), "{} answers depend on another tenant:\n{shown}", differing.len());
    // A generator whose questions are all refused would prove nothing.
    assert!(refused * 2 < *asked, "{refused} of {asked} questions are refused");
    assert!(with_rows * 4 > *asked, "only {with_rows} of {asked} answers have rows");
}

#[tokio::test]
async fn no_question_sees_another_tenant_in_memory() {
    let (both, alone) = (MemoryMarts::new(), MemoryMarts::new());
    fill(&both, true).await;
    fill(&alone, false).await;
    judge(&compare(&both, &alone, 0..plans_wanted()).await, "in memory");
}

#[tokio::test]
async fn no_question_sees_another_tenant_on_disk() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let both = EmbeddedMarts::open(one.path(), MartOptions::default(), Arc::new(clock())).await.unwrap();
    let alone = EmbeddedMarts::open(other.path(), MartOptions::default(), Arc::new(clock())).await.unwrap();
    fill(&both, true).await;
    fill(&alone, false).await;
    let plans = plans_wanted() / EMBEDDED_SHARE;
    judge(&compare(&both, &alone, 0..plans).await, "on disk");
}

/// The test above can fail: a store that lets one row of another tenant through in one table is found out.
#[tokio::test]
async fn a_store_that_leaks_is_found_out() {
    let (both, alone) = (Leaking::default(), MemoryMarts::new());
    fill(&both, true).await;
    fill(&alone, false).await;
    let tally = compare(&both, &alone, 0..500).await;
    assert!(!tally.differing.is_empty());
    assert!(tally.differing.iter().any(|found| found.contains(FOREIGN)));
}
