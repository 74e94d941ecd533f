use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sentra_backbone::{EventLog, Stream};
use sentra_model::{Clock, Incident, Topic};
use sentra_store::{MartStore, Records};
use sentra_triage::Teller;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::FactoryConfig;
use crate::dead::DeadWorker;
use crate::error::FactoryError;
use crate::forensic::Forensic;
use crate::lanes::Partitions;
use crate::live::{DecoderHandle, KnowledgeHandle, RulesHandle, TuningHandle};
use crate::mart_desk::MartRouter;
use crate::status::FactoryStatus;
use crate::worker::Worker;

/// How often the factory looks for tenants it does not follow yet.
const DISCOVERY_INTERVAL: Duration = Duration::from_millis(200);
/// First pause before a failed worker starts again; it doubles up to the configured limit.
const RESTART_BACKOFF_MS_MIN: u64 = 100;

/// Who wants to know of changes, such as the live stream. Called after the commit.
pub trait Watcher: Send + Sync {
    /// `incident` was opened or changed.
    fn incident_changed(&self, incident: &Incident);
}

/// A watcher that does not care.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoWatcher;

impl Watcher for NoWatcher {
    fn incident_changed(&self, _: &Incident) {}
}

/// What the factory is built from; all of it is passed in.
pub struct FactoryParts {
    /// The backbone it follows.
    pub log: Arc<dyn EventLog>,
    /// Where events go.
    pub marts: Arc<dyn MartStore>,
    /// Which registered mart each event goes into.
    pub router: Arc<MartRouter>,
    /// Where signals, incidents, dead letters and state go.
    pub records: Arc<dyn Records>,
    /// Bytes to events; what it is may change while the factory runs.
    pub decoder: DecoderHandle,
    /// The rules that run; what they are may change while the factory runs.
    pub rules: RulesHandle,
    /// What of their findings is not reported; it may change while the factory runs.
    pub tuning: TuningHandle,
    /// What is known about entities; it may change while the factory runs.
    pub knowledge: KnowledgeHandle,
    /// Who words incidents.
    pub teller: Arc<dyn Teller>,
    /// Who hears of changes.
    pub watcher: Arc<dyn Watcher>,
    /// The full text of what is found; `None` keeps none.
    pub forensic: Option<Forensic>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Limits and paces.
    pub config: FactoryConfig,
    /// Where progress is counted.
    pub status: Arc<FactoryStatus>,
}

impl fmt::Debug for FactoryParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FactoryParts").field("config", &self.config).finish_non_exhaustive()
    }
}

/// The running factory.
#[derive(Debug)]
pub struct Factory {
    shutdown: watch::Sender<bool>,
    supervisor: JoinHandle<()>,
}

impl Factory {
    /// Starts following every tenant's partitions, now and as they appear.
    #[must_use]
    pub fn start(parts: FactoryParts) -> Self {
        let (shutdown, stopping) = watch::channel(false);
        let supervisor = tokio::spawn(supervise(Arc::new(parts), stopping));
        Self { shutdown, supervisor }
    }

    /// Finishes the batch at hand, writes the marts' memory to disk and stops.
    pub async fn stop(self) {
        let _ = self.shutdown.send(true);
        if let Err(error) = self.supervisor.await {
            tracing::error!(%error, "the factory's supervisor ended badly");
        }
    }
}

/// Who works: all partitions of a tenant's raw topic have one worker, known by the first of them, and what the doors put
/// into a dead topic has one for each partition.
#[derive(Default)]
struct Workers {
    tasks: BTreeMap<Stream, JoinHandle<()>>,
    partitions: BTreeMap<Stream, watch::Sender<BTreeSet<u32>>>,
}

impl Workers {
    /// Takes note of a stream.
    fn note(&mut self, stream: &Stream) {
        let worker = match stream.topic {
            Topic::Raw => Stream { partition: 0, ..stream.clone() },
            Topic::Dead => stream.clone(),
            Topic::Signals => return,
        };
        let partitions = self.partitions.entry(worker).or_default();
        partitions.send_if_modified(|known| known.insert(stream.partition));
    }

    /// Starts whoever has something to work on and does not.
    fn start(&mut self, parts: &Arc<FactoryParts>, stopping: &watch::Receiver<bool>) {
        for (worker, partitions) in &self.partitions {
            self.tasks.entry(worker.clone()).or_insert_with(|| {
                let (parts, partitions) = (Arc::clone(parts), partitions.subscribe());
                tokio::spawn(keep_running(parts, worker.clone(), partitions, stopping.clone()))
            });
        }
    }
}

async fn supervise(parts: Arc<FactoryParts>, mut stopping: watch::Receiver<bool>) {
    let mut workers = Workers::default();
    while !*stopping.borrow() {
        match parts.log.streams().await {
            Ok(streams) => {
                for stream in streams.iter().filter(|stream| stream.topic != Topic::Signals) {
                    if let Ok(extent) = parts.log.extent(stream).await {
                        parts.status.extent(stream, extent.end);
                    }
                    workers.note(stream);
                }
                // Now, because what arrived first among all partitions is worked on first.
                workers.start(&parts, &stopping);
            }
            Err(error) => tracing::error!(%error, "cannot list the backbone's streams"),
        }
        tokio::select! {
            () = tokio::time::sleep(DISCOVERY_INTERVAL) => {}
            _ = stopping.changed() => {}
        }
    }
    for (_, worker) in workers.tasks {
        if let Err(error) = worker.await {
            tracing::error!(%error, "a factory worker ended badly");
        }
    }
}

/// Runs a worker and starts it again from the durable positions whenever it fails: what it had not
/// committed is read once more, what it had is not.
async fn keep_running(
    parts: Arc<FactoryParts>,
    stream: Stream,
    partitions: Partitions,
    mut stopping: watch::Receiver<bool>,
) {
    let mut backoff_ms = RESTART_BACKOFF_MS_MIN;
    while !*stopping.borrow() {
        let started = parts.clock.now();
        let attempt =
            tokio::spawn(run_once(Arc::clone(&parts), stream.clone(), partitions.clone(), stopping.clone()));
        let reason = match attempt.await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => describe(&error),
            Err(panic) => format!("worker panicked: {panic}"),
        };
        let ran_well = parts.clock.now().since(started) > 60_000_000;
        if ran_well {
            backoff_ms = RESTART_BACKOFF_MS_MIN;
        }
        tracing::error!(tenant = %stream.tenant, topic = %stream.topic, reason, backoff_ms, "factory worker failed, it starts again");
        parts.status.add_restart(&stream);
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(backoff_ms)) => {}
            _ = stopping.changed() => {}
        }
        backoff_ms = (backoff_ms * 2).min(parts.config.restart_backoff_ms_max);
    }
}

async fn run_once(
    parts: Arc<FactoryParts>,
    stream: Stream,
    partitions: Partitions,
    stopping: watch::Receiver<bool>,
) -> Result<(), FactoryError> {
    match stream.topic {
        Topic::Dead => DeadWorker::open(parts, stream).await?.run(stopping).await,
        Topic::Raw | Topic::Signals => Worker::open(parts, stream, partitions).await?.run(stopping).await,
    }
}

pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
