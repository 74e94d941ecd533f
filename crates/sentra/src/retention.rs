//! Lets the backbone remove what is kept no longer, from time to time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sentra_backbone::{RetentionReport, SegmentLog, Stream};
use tokio::time::{Instant, MissedTickBehavior};

/// Runs until it is aborted, or the log takes nothing any more.
pub(crate) async fn run(log: Arc<SegmentLog>, interval: Duration) {
    // Not at once: the factory has yet to say how far it is, and until then everything is held for it.
    let mut ticks = tokio::time::interval_at(Instant::now() + interval, interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut held = BTreeSet::new();
    loop {
        ticks.tick().await;
        match log.retain().await {
            Ok(report) => tell(&report, &mut held),
            Err(error) => {
                tracing::error!(%error, "retention has ended");
                return;
            }
        }
    }
}

/// What went is logged and counted by the log itself; this is about what did not go.
fn tell(report: &RetentionReport, held: &mut BTreeSet<Stream>) {
    metrics::gauge!("sentra_backbone_held_streams").set(report.held.len() as f64);
    metrics::counter!("sentra_backbone_retention_failures_total").increment(report.failed.len() as u64);
    for failed in &report.failed {
        tracing::error!(stream = %failed.stream, error = failed.error, "retention had to stop at a topic, it tries again");
    }
    for one in &report.held {
        // Once per time that it is held, not once per pass.
        if !held.contains(&one.stream) {
            let (stream, consumer, from) = (&one.stream, &one.consumer, one.from);
            tracing::warn!(%stream, consumer, from, "retention keeps records that a consumer has still to read");
        }
    }
    *held = report.held.iter().map(|one| one.stream.clone()).collect();
}
