//! Rollups against the same store without them, through restarts.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "a test may stop where it stands"
)]

use std::path::Path;
use std::sync::Arc;

use sentra_model::ManualClock;
use sentra_store::*;

#[path = "../../src/contract/fixture.rs"]
pub(crate) mod fixture;
#[path = "../../src/contract/rollups.rs"]
pub(crate) mod rollups;
pub(crate) mod plans {
    use sentra_kql::{CheckOptions, check, parse};
    pub(crate) fn plan(question: &str) -> sentra_kql::plan::Plan {
        let catalog = sentra_store::event_catalog(&[]);
        let now = super::fixture::at(3_600);
        check(&parse(question).unwrap(), CheckOptions { catalog: &catalog, now, keep_calls: false })
            .unwrap_or_else(|error| panic!("{question}: {error}"))
    }
}
use fixture::{at, next};
use rollups::{Play, batches, declared};

async fn open(dir: &Path) -> EmbeddedMarts {
    let options = MartOptions { flush_interval_ms: u64::MAX, ..MartOptions::default() };
    EmbeddedMarts::open(dir, options, Arc::new(ManualClock::new(at(7 * 86_400)))).await.unwrap()
}

#[tokio::test]
async fn random_questions_have_the_same_answer_after_restarts() {
    for seed in [1, 7, 20_261_122] {
        let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let (mut with, mut without) = (open(dirs[0].path()).await, open(dirs[1].path()).await);
        let mut play = Play::new(seed);
        for _ in 0..80 {
            if play.random(12) == 0 {
                drop((with, without));
                (with, without) = (open(dirs[0].path()).await, open(dirs[1].path()).await);
                for store in [&with, &without] {
                    let from = store.position(&play.scope, 0).await.unwrap();
                    let replayed = batches(&play.scope, from..play.end);
                    store.append(&play.scope, replayed, next(play.end)).await.unwrap();
                }
            }
            if play.random(3) != 0 {
                with.declare_rollups(&play.scope, declared()).await.unwrap();
            }
            play.step(&[&with, &without]).await;
            for _ in 0..3 {
                play.compare(&with, &without).await;
            }
        }
        println!("seed {seed}: {} by rollup", play.by_rollup);
        println!("{:?}", with.rollup_stats(&play.scope).await.unwrap());
        assert!(play.by_rollup > 10, "{}", play.by_rollup);
    }
}

#[tokio::test]
async fn contract() {
    for store in [0, 1] {
        let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        if store == 0 {
            let (with, without) = (MemoryMarts::new(), MemoryMarts::new());
            rollups::answers_are_the_same_with_and_without_rollups(&with, &without).await;
            rollups::rollups_are_the_tenants_own(&MemoryMarts::new()).await;
        } else {
            let (with, without) = (open(dirs[0].path()).await, open(dirs[1].path()).await);
            rollups::answers_are_the_same_with_and_without_rollups(&with, &without).await;
            let dir = tempfile::tempdir().unwrap();
            rollups::rollups_are_the_tenants_own(&open(dir.path()).await).await;
        }
    }
}
