//! A follower that is moved by hand: time, crashes and all.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sentra_backbone::{EventLog, MemoryLog, Stream};
use sentra_model::{DeadLetter, ManualClock, TenantId, Topic};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::delivery::Delivery;
use super::follower::{Follower, TailLimits};
use crate::{Appender, Limits, SourceSettings};

/// Where a step is left by a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crash {
    /// What was read is known to nobody.
    BeforeTheIntent,
    /// The intent is on disk, nothing is in the log.
    AfterTheIntent,
    /// So many batches are in the log.
    AfterAppends(usize),
    /// All is in the log, and that it is so was said but not made durable.
    AfterTheSettling,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) file: String,
    pub(super) position: u64,
    pub(super) text: String,
}

pub(super) struct Kit {
    pub(super) directory: TempDir,
    log: Arc<dyn EventLog>,
    appender: Appender,
    delivery: Delivery,
    runtime: Runtime,
    pub(super) settings: SourceSettings,
    pub(super) limits: Limits,
    pub(super) follower: Option<Follower>,
    pub(super) now: Instant,
}

impl Kit {
    /// A kit whose source follows `paths` below the kit's directory of logs.
    pub(super) fn new(paths: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("logs")).unwrap();
        let paths = paths.iter().map(|path| directory.path().join("logs").join(path).display().to_string());
        let settings = SourceSettings {
            name: "test".to_owned(),
            paths: paths.collect(),
            tenant: TenantId::default_tenant(),
            format: None,
            from_end: false,
        };
        let log: Arc<dyn EventLog> = Arc::new(MemoryLog::new());
        let limits = Limits { line_bytes_max: 4_096, batch_bytes_max: 4_096, ..Limits::default() };
        let appender = Appender::new(Arc::clone(&log), Arc::new(ManualClock::default()), limits.clone());
        let delivery = Delivery::new(appender.clone(), TenantId::default_tenant());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let now = Instant::now();
        Self { directory, log, appender, delivery, runtime, settings, limits, follower: None, now }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("logs").join(name)
    }

    pub(super) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(text.as_ref()).unwrap();
    }

    pub(super) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    pub(super) fn truncate(&self, name: &str) {
        OpenOptions::new().write(true).open(self.path(name)).unwrap().set_len(0).unwrap();
    }

    pub(super) fn copy_truncate(&self, from: &str, to: &str) {
        fs::copy(self.path(from), self.path(to)).unwrap();
        self.truncate(from);
    }

    pub(super) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    fn places(&self) -> PathBuf {
        self.directory.path().join("sources")
    }

    /// The follower, begun where it was not running.
    pub(super) fn follower(&mut self) -> &mut Follower {
        let limits = TailLimits::from(&self.limits);
        let opened = super::open(
            self.settings.clone(),
            self.places(),
            &self.appender,
            &self.delivery,
            limits,
            self.now,
        );
        if self.follower.is_none() {
            self.follower = Some(self.runtime.block_on(opened).unwrap());
        }
        self.follower.as_mut().unwrap()
    }

    /// Ends the follower as a kill does: what it had not made durable is gone.
    pub(super) fn kill(&mut self) {
        self.follower = None;
    }

    /// Lets time go by and makes steps until there is nothing more to be read at once.
    pub(super) fn step(&mut self, wait_ms: u64) {
        self.now += Duration::from_millis(wait_ms);
        for _ in 0..10_000 {
            if !self.one_step(None) {
                return;
            }
        }
        panic!("the follower does not come to an end");
    }

    /// Makes one step that ends in a crash.
    pub(super) fn crash(&mut self, crash: Crash) {
        self.now += Duration::from_millis(200);
        self.one_step(Some(crash));
        self.kill();
    }

    fn one_step(&mut self, crash: Option<Crash>) -> bool {
        let now = self.now;
        let (delivery, stop) = (self.delivery.clone(), CancellationToken::new());
        let step = self.follower().step(now).unwrap();
        let parts = step.parts;
        if parts.is_empty() || crash == Some(Crash::BeforeTheIntent) {
            return step.has_more;
        }
        let intents = self.runtime.block_on(delivery.intents(&parts)).unwrap();
        let follower = self.follower.as_mut().unwrap();
        follower.places.intend(intents);
        follower.places.sync().unwrap();
        let appended = match crash {
            Some(Crash::AfterTheIntent) => return false,
            Some(Crash::AfterAppends(count)) => parts.get(..count).unwrap_or(&parts),
            _ => &parts,
        };
        let durable = self.runtime.block_on(delivery.append(appended, &stop)).unwrap();
        if matches!(crash, Some(Crash::AfterAppends(_))) {
            return false;
        }
        assert_eq!(durable.len(), parts.len());
        let follower = self.follower.as_mut().unwrap();
        follower.settle(&parts, durable);
        step.has_more
    }

    fn read(&self, topic: Topic) -> Vec<Taken> {
        let stream = Stream { topic, ..stream() };
        self.runtime.block_on(read(&*self.log, &stream))
    }

    pub(super) fn records(&self) -> Vec<Taken> {
        self.read(Topic::Raw)
    }

    /// The texts of all records.
    pub(super) fn texts(&self) -> Vec<String> {
        self.records().into_iter().map(|taken| taken.text).collect()
    }

    pub(super) fn letters(&self) -> Vec<DeadLetter> {
        self.read(Topic::Dead).iter().map(|taken| serde_json::from_str(&taken.text).unwrap()).collect()
    }
}

/// Where records of the default tenant stand.
pub(super) fn stream() -> Stream {
    Stream { tenant: TenantId::default_tenant(), topic: Topic::Raw, partition: 0 }
}

/// Everything in a stream.
pub(super) async fn read(log: &dyn EventLog, stream: &Stream) -> Vec<Taken> {
    let mut taken = Vec::new();
    let (mut next, end) = (0, log.extent(stream).await.unwrap().end);
    while next < end {
        let chunk = log.read(stream, next, 1 << 20).await.unwrap();
        assert!(chunk.quarantined.is_empty());
        next = chunk.next_offset;
        for batch in &chunk.batches {
            let file = Path::new(&batch.source.origin).file_name().unwrap().to_string_lossy().into_owned();
            taken.extend(batch.records().map(|(_, record)| Taken {
                file: file.clone(),
                position: record.position,
                text: String::from_utf8_lossy(record.bytes).into_owned(),
            }));
        }
    }
    taken
}
