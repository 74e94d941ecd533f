//! The stages, each doing what the product does with the same code.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use sentra_backbone::{AppendBatch, EventLog, LogOptions, SegmentLog, Stream};
use sentra_decode::{DecodeOptions, Decoded, Decoder};
use sentra_detect::{Detector, RuleSet};
use sentra_factory::{FactoryConfig, transform};
use sentra_intake::Limits;
use sentra_intake::file::{FileProblem, RecordSink};
use sentra_model::{
    Clock, DeadLetter, EventBatch, OwnedRecord, Position, RawRecord, Source, SystemClock, TenantId,
    TenantScope, Topic,
};
use sentra_packs::ContentPlaces;
use sentra_store::{EmbeddedMarts, MartOptions, MartStore};

use super::batches::Batches;
use super::{Corpus, Sample, measure};
use crate::commands::access::runtime;
use crate::commands::reading::read_all;
use crate::content::compile_rules;
use crate::engines::{EngineOptions, Engines, Opened};

/// Appends that wait for their fsync at the same time.
const APPENDS_IN_FLIGHT: usize = 4;

/// Raw bytes of one append, as the command line and the listeners send them.
const APPEND_BYTES: usize = 1024 * 1024;

/// A stage: it runs once and says how long that took.
type Stage<'a> = fn(&Stages<'a>) -> anyhow::Result<Sample>;

pub(crate) struct Stages<'a> {
    corpus: &'a Corpus,
    decoder: Decoder,
    rules: Arc<RuleSet>,
    rule_directories: Vec<PathBuf>,
    batches: Vec<EventBatch>,
    scratch: PathBuf,
    runs: AtomicU64,
}

/// Reads the records of `file`, at most `bytes_max` bytes of them.
pub(crate) fn load(file: &Path, bytes_max: u64) -> anyhow::Result<Corpus> {
    let mut sink = Memory { corpus: None, bytes_max };
    read_all(&[file.to_owned()], None, &Limits::default(), &SystemClock, &mut sink);
    sink.corpus.with_context(|| format!("{} holds no records", file.display()))
}

/// Keeps records in memory.
struct Memory {
    corpus: Option<Corpus>,
    bytes_max: u64,
}

impl RecordSink for Memory {
    fn records(&mut self, source: &Source, records: Vec<OwnedRecord>) -> ControlFlow<()> {
        let corpus = self.corpus.get_or_insert_with(|| Corpus {
            source: source.clone(),
            records: Vec::new(),
            bytes: 0,
        });
        corpus.bytes += records.iter().map(|record| record.bytes.len() as u64).sum::<u64>();
        corpus.records.extend(records);
        if corpus.bytes < self.bytes_max { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn dead_letter(&mut self, _: DeadLetter) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn problem(&mut self, _: FileProblem) {}
}

impl<'a> Stages<'a> {
    pub(crate) fn new(corpus: &'a Corpus, rules: &[PathBuf], scratch: &Path) -> anyhow::Result<Self> {
        let places = ContentPlaces { data: None, built_in: rules.is_empty(), directories: rules.to_vec() };
        let (compiled, _) = compile_rules(places.load()?);
        let decoder = Decoder::new(DecodeOptions::default());
        let batches = event_batches(&decoder, corpus)?;
        Ok(Self {
            corpus,
            decoder,
            rules: compiled,
            rule_directories: rules.to_vec(),
            batches,
            scratch: scratch.to_owned(),
            runs: AtomicU64::new(0),
        })
    }

    pub(crate) fn rules(&self) -> usize {
        self.rules.len()
    }

    pub(crate) fn all(&self) -> [(&'static str, Stage<'a>); 7] {
        [
            ("append, fsynced", Self::append),
            ("decode", Self::decode),
            ("decode to columns", Self::columns),
            ("detect", Self::detect),
            ("marts to Parquet", Self::marts),
            ("to queryable", Self::queryable),
            ("end to end", Self::end_to_end),
        ]
    }

    fn directory(&self) -> PathBuf {
        self.scratch.join(self.runs.fetch_add(1, Ordering::Relaxed).to_string())
    }

    /// Compress, write and fsync.
    fn append(&self) -> anyhow::Result<Sample> {
        let runtime = runtime()?;
        let directory = self.directory();
        let (log, _) = SegmentLog::open(&directory, LogOptions::default(), Arc::new(SystemClock))?;
        let log = Arc::new(log);
        let batches = append_batches(self.corpus);
        let ((), sample) = measure(|| runtime.block_on(append_all(log, batches)))?;
        std::fs::remove_dir_all(directory)?;
        Ok(sample)
    }

    /// Bytes to events, rows only.
    fn decode(&self) -> anyhow::Result<Sample> {
        let received = SystemClock.now();
        let (understood, sample) = measure(|| {
            let mut understood = 0_u64;
            for record in &self.corpus.records {
                let raw = RawRecord {
                    source: &self.corpus.source,
                    position: record.position,
                    received,
                    bytes: &record.bytes,
                };
                understood += u64::from(matches!(self.decoder.decode(&raw), Decoded::Event(_)));
            }
            Ok(understood)
        })?;
        tracing::debug!(understood, "decoded");
        Ok(sample)
    }

    /// Bytes to event batches.
    fn columns(&self) -> anyhow::Result<Sample> {
        Ok(measure(|| event_batches(&self.decoder, self.corpus))?.1)
    }

    /// Every rule over every event batch.
    fn detect(&self) -> anyhow::Result<Sample> {
        let mut detector = Detector::new(Arc::clone(&self.rules));
        let (matches, sample) =
            measure(|| Ok(self.batches.iter().map(|batch| detector.process(batch).len()).sum::<usize>()))?;
        tracing::debug!(matches, "detected");
        Ok(sample)
    }

    /// Event batches to durable Parquet segments.
    fn marts(&self) -> anyhow::Result<Sample> {
        let runtime = runtime()?;
        let directory = self.directory();
        std::fs::create_dir_all(&directory)?;
        let scope = TenantScope::new(TenantId::default_tenant());
        let next = Position { partition: 0, offset: self.corpus.records.len() as u64 };
        let marts = runtime.block_on(EmbeddedMarts::open(
            &directory,
            MartOptions::default(),
            Arc::new(SystemClock),
        ))?;
        let batches = self.batches.clone();
        let ((), sample) = measure(|| {
            runtime.block_on(async {
                marts.append(&scope, batches, next).await?;
                marts.flush(&scope).await?;
                Ok(())
            })
        })?;
        std::fs::remove_dir_all(directory)?;
        Ok(sample)
    }

    /// From records in memory to the durable log, and from there to durable Parquet that answers questions. Nothing is
    /// detected and nothing learnt: what a store does that is only a store.
    fn queryable(&self) -> anyhow::Result<Sample> {
        let runtime = runtime()?;
        let directory = self.directory();
        std::fs::create_dir_all(&directory)?;
        let clock = Arc::new(SystemClock);
        let (log, _) = SegmentLog::open(&directory.join("backbone"), LogOptions::default(), clock.clone())?;
        let (log, scope) = (Arc::new(log), TenantScope::new(TenantId::default_tenant()));
        let marts = runtime.block_on(EmbeddedMarts::open(&directory, MartOptions::default(), clock))?;
        let batches = append_batches(self.corpus);
        let (events, sample) = measure(|| {
            runtime.block_on(async {
                append_all(Arc::clone(&log), batches).await?;
                let events = self.store_all(log.as_ref(), &marts, &scope).await?;
                marts.flush(&scope).await?;
                Ok(events)
            })
        })?;
        let stored: u64 = runtime.block_on(marts.stats(&scope))?.iter().map(|mart| mart.rows).sum();
        anyhow::ensure!(stored == events, "{stored} of {events} events are in segments");
        std::fs::remove_dir_all(directory)?;
        Ok(sample)
    }

    /// Reads the log from its beginning as the factory does, and puts the events into `marts`; how many there were.
    async fn store_all(
        &self,
        log: &SegmentLog,
        marts: &EmbeddedMarts,
        scope: &TenantScope,
    ) -> anyhow::Result<u64> {
        let stream = Stream { tenant: scope.tenant().clone(), topic: Topic::Raw, partition: 0 };
        let (end, bytes_max) = (log.extent(&stream).await?.end, FactoryConfig::default().batch_bytes_max);
        let (mut events, mut next) = (0, 0);
        while next < end {
            let chunk = log.read(&stream, next, bytes_max).await?;
            let range = next..chunk.next_offset;
            let transformed = transform(&self.decoder, scope.tenant(), 0, &chunk.batches, range)?;
            events += transformed.batches.iter().map(|batch| batch.len() as u64).sum::<u64>();
            next = chunk.next_offset;
            marts.append(scope, transformed.batches, Position { partition: 0, offset: next }).await?;
        }
        Ok(events)
    }

    /// From records in memory to durable log, marts, signals and incidents.
    fn end_to_end(&self) -> anyhow::Result<Sample> {
        let runtime = runtime()?;
        let directory = self.directory();
        let options = EngineOptions { rules: self.rule_directories.clone(), ..EngineOptions::default() };
        let Opened::Engines(engines) = runtime.block_on(Engines::open(&directory, options))? else {
            anyhow::bail!("the scratch directory is in use");
        };
        let batches = append_batches(self.corpus);
        let ((), sample) = measure(|| {
            runtime.block_on(async {
                append_all(Arc::clone(&engines.log), batches).await?;
                engines.catch_up(|_| {}).await
            })
        })?;
        drop(engines);
        std::fs::remove_dir_all(directory)?;
        Ok(sample)
    }
}

/// The records as they are appended.
pub(super) fn append_batches(corpus: &Corpus) -> Vec<AppendBatch> {
    let received = SystemClock.now();
    let source = &corpus.source;
    let mut batches = Vec::new();
    let mut records: Vec<OwnedRecord> = Vec::new();
    let mut bytes = 0;
    for record in &corpus.records {
        bytes += record.bytes.len();
        records.push(record.clone());
        if bytes >= APPEND_BYTES {
            let records = std::mem::take(&mut records);
            batches.push(AppendBatch { received, source: source.clone(), records });
            bytes = 0;
        }
    }
    if !records.is_empty() {
        batches.push(AppendBatch { received, source: source.clone(), records });
    }
    batches
}

pub(super) async fn append_all<L: EventLog + ?Sized + 'static>(
    log: Arc<L>,
    batches: Vec<AppendBatch>,
) -> anyhow::Result<()> {
    let stream = Stream { tenant: TenantId::default_tenant(), topic: Topic::Raw, partition: 0 };
    let mut waiting = tokio::task::JoinSet::new();
    for batch in batches {
        if waiting.len() >= APPENDS_IN_FLIGHT
            && let Some(done) = waiting.join_next().await
        {
            done??;
        }
        let (log, stream) = (Arc::clone(&log), stream.clone());
        waiting.spawn(async move { log.append(&stream, batch).await });
    }
    while let Some(done) = waiting.join_next().await {
        done??;
    }
    Ok(())
}

fn event_batches(decoder: &Decoder, corpus: &Corpus) -> anyhow::Result<Vec<EventBatch>> {
    let batches = Batches::new(decoder, &corpus.source, &corpus.records, usize::MAX);
    Ok(batches.collect::<Result<_, _>>()?)
}
