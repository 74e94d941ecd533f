//! Many heavy questions at once.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sentra_model::TenantScope;
use sentra_store::EmbeddedMarts;
use serde::Serialize;

use super::ask;
use super::questions::HEAVY;

/// Questions at once.
const QUESTIONS: usize = 20;
/// Time between two looks at the process's memory.
const LOOK_MS: u64 = 5;

/// What they took.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Heavy {
    pub(crate) questions: usize,
    pub(crate) answered: usize,
    pub(crate) stopped: usize,
    pub(crate) pool_bytes_peak: u64,
    pub(crate) pool_bytes_max: u64,
    pub(crate) resident_bytes_before: u64,
    pub(crate) resident_bytes_peak: u64,
}

pub(crate) async fn heavy(
    marts: &Arc<EmbeddedMarts>,
    scope: &TenantScope,
    pool_bytes_max: u64,
) -> anyhow::Result<Heavy> {
    let before = resident_bytes();
    let done = Arc::new(AtomicBool::new(false));
    let watch = {
        let done = Arc::clone(&done);
        std::thread::spawn(move || {
            let mut peak = 0;
            while !done.load(Ordering::Relaxed) {
                peak = peak.max(resident_bytes());
                std::thread::sleep(Duration::from_millis(LOOK_MS));
            }
            peak
        })
    };
    marts.query_memory_peak_reset();
    let mut tasks = Vec::new();
    for question in HEAVY.iter().cycle().take(QUESTIONS) {
        let (marts, scope) = (Arc::clone(marts), scope.clone());
        tasks.push(tokio::spawn(async move { ask(&marts, &scope, question).await }));
    }
    let mut heavy =
        Heavy { questions: QUESTIONS, pool_bytes_max, resident_bytes_before: before, ..Heavy::default() };
    for task in tasks {
        let answer = task.await??;
        if answer.stopped_by.is_some() { heavy.stopped += 1 } else { heavy.answered += 1 }
    }
    done.store(true, Ordering::Relaxed);
    heavy.resident_bytes_peak = watch.join().unwrap_or_default();
    heavy.pool_bytes_peak = marts.query_memory_peak() as u64;
    Ok(heavy)
}

/// Memory of this process that is in use; 0 where the system does not say.
fn resident_bytes() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok());
    pages.unwrap_or_default() * rustix::param::page_size() as u64
}
