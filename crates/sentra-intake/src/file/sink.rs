use std::ops::ControlFlow;
use std::sync::Arc;

use sentra_backbone::{AppendBatch, EventLog, LogError};
use sentra_model::{Clock, DeadLetter, OwnedRecord, Source, TenantId, Topic};
use tokio::runtime::Handle;

use super::{FileProblem, RecordSink};
use crate::appender::stream_of;
use crate::letters::letter_batch;

/// Puts what comes out of files into a log. Law ACK: what is counted as accepted is durable.
///
/// It waits for the log on the thread that reads, which must not be one of the runtime's own: use
/// `tokio::task::spawn_blocking`, or a thread.
#[derive(Debug)]
pub struct LogSink {
    log: Arc<dyn EventLog>,
    clock: Arc<dyn Clock>,
    runtime: Handle,
    tenant: TenantId,
    partitions: u32,
    accepted: u64,
    dead_letters: u64,
    problems: Vec<FileProblem>,
    failure: Option<LogError>,
}

impl LogSink {
    /// A sink into the topics of `tenant` in `log`, one partition of each.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, tenant: TenantId, clock: Arc<dyn Clock>, runtime: Handle) -> Self {
        Self {
            log,
            clock,
            runtime,
            tenant,
            partitions: 1,
            accepted: 0,
            dead_letters: 0,
            problems: Vec::new(),
            failure: None,
        }
    }

    /// The same one, which spreads records over so many partitions, each file in one of them.
    #[must_use]
    pub fn with_partitions(self, partitions: u32) -> Self {
        Self { partitions, ..self }
    }

    /// Records that are durable.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Dead letters that are durable.
    #[must_use]
    pub fn dead_letters(&self) -> u64 {
        self.dead_letters
    }

    /// Paths that could not be read, or not as a whole, since the last call.
    pub fn take_problems(&mut self) -> Vec<FileProblem> {
        std::mem::take(&mut self.problems)
    }

    /// Why the log ended the reading, when it did.
    pub fn take_failure(&mut self) -> Option<LogError> {
        self.failure.take()
    }

    fn append(&mut self, topic: Topic, batch: AppendBatch) -> ControlFlow<(), u64> {
        let stream = stream_of(&self.tenant, topic, &batch.source, self.partitions);
        match self.runtime.block_on(self.log.append(&stream, batch)) {
            Ok(appended) => ControlFlow::Continue(appended.count),
            Err(error) => {
                self.failure = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}

impl RecordSink for LogSink {
    fn records(&mut self, source: &Source, records: Vec<OwnedRecord>) -> ControlFlow<()> {
        let batch = AppendBatch { received: self.clock.now(), source: source.clone(), records };
        self.accepted += self.append(Topic::Raw, batch)?;
        ControlFlow::Continue(())
    }

    fn dead_letter(&mut self, letter: DeadLetter) -> ControlFlow<()> {
        let batch = letter_batch(&letter.source, self.clock.now(), std::slice::from_ref(&letter));
        self.dead_letters += self.append(Topic::Dead, batch)?;
        ControlFlow::Continue(())
    }

    fn problem(&mut self, problem: FileProblem) {
        self.problems.push(problem);
    }
}
