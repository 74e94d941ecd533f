//! How long questions work on after nobody wants their answer any more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sentra_model::TenantScope;
use sentra_store::EmbeddedMarts;
use tokio::time::sleep;

use super::ask;
use super::questions::HEAVY;
use crate::commands::bench::cpu_seconds;

/// How long a question runs before it is dropped.
const BEFORE: Duration = Duration::from_millis(150);
/// Time between two looks at the processor. One that finds it busy counts when the look before found it so, too: a guest whose
/// processor is given to another one for a moment has the time on its account.
const LOOK: Duration = Duration::from_millis(10);
/// What a process that does nothing uses of a look at the most.
const IDLE_SHARE_MAX: f64 = 0.2;
/// How long it is watched: what works longer than that is not ended by being dropped.
const WATCHED: Duration = Duration::from_secs(2);

/// The longest time in milliseconds for which this process still computed after a heavy question was dropped, and how many
/// of them were dropped in the middle of their work.
pub(crate) async fn ended(marts: &Arc<EmbeddedMarts>, scope: &TenantScope) -> anyhow::Result<(f64, usize)> {
    let (mut longest, mut dropped) = (0.0_f64, 0);
    for question in HEAVY {
        let (marts, scope) = (Arc::clone(marts), scope.clone());
        let asked = tokio::spawn(async move { ask(&marts, &scope, question).await });
        sleep(BEFORE).await;
        if asked.is_finished() {
            asked.await??;
            continue;
        }
        let from = Instant::now();
        asked.abort();
        dropped += 1;
        let (mut busy, mut was_busy) = (Duration::ZERO, true);
        while from.elapsed() < WATCHED {
            let (cpu, began) = (cpu_seconds(), Instant::now());
            sleep(LOOK).await;
            let is_busy = cpu_seconds() - cpu > began.elapsed().as_secs_f64() * IDLE_SHARE_MAX;
            if is_busy && was_busy {
                busy = from.elapsed();
            }
            was_busy = is_busy;
        }
        longest = longest.max(busy.as_secs_f64() * 1e3);
    }
    Ok((longest, dropped))
}
