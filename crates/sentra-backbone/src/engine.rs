//! The log without threads and queues: what the commit thread and the readers call, and what the simulation
//! drives step by step.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use sentra_model::{Clock, TenantId, Timestamp, Topic};

use crate::budget::Budget;
use crate::commit::Writers;
use crate::consumers::CONSUMER_BYTES;
use crate::disk::{Disk, Guard, Lock, read_full_at};
use crate::error::SYNC;
use crate::files::{ensure_root, replace};
use crate::log::check_not_beyond;
use crate::metrics::LogMetrics;
use crate::partition::{Partition, View};
use crate::poison::Poison;
use crate::recovery::{Recovery, RecoveryReport};
use crate::{Extent, LogError, LogOptions, ReadChunk, Stream};

/// Version of the directory that this release writes, and the newest that it reads.
const VERSION: u32 = 1;
const VERSION_FILE: &str = "VERSION";
const LOCK_FILE: &str = "LOCK";
const VERSION_BYTES_MAX: usize = 256;

#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) options: LogOptions,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) secret: u64,
    pub(crate) poison: Poison,
    pub(crate) metrics: LogMetrics,
    pub(crate) budget: Budget,
    pub(crate) writers: Mutex<Writers>,
    root: PathBuf,
    partitions: RwLock<BTreeMap<Stream, Arc<Partition>>>,
    _lock: Box<dyn Guard>,
}

impl Engine {
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        root: &Path,
        options: LogOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, RecoveryReport), LogError> {
        options.check()?;
        ensure_root(&*disk, root)?;
        let lock_path = root.join(LOCK_FILE);
        let lock = match disk.lock(&lock_path).map_err(LogError::io("lock", &lock_path))? {
            Lock::Held(lock) => lock,
            Lock::Busy { pid } => return Err(LogError::Locked { path: lock_path, pid }),
        };
        let found = find_streams(&*disk, root)?;
        let secret = version(&*disk, root, found.is_empty())?;
        let (now, report) = (clock.now(), RecoveryReport::default());
        let mut recovery = Recovery { disk: &*disk, secret, now, consumers: 0, report };
        let mut partitions = BTreeMap::new();
        for stream in found {
            let directory = directory_of(root, &stream);
            partitions.insert(stream.clone(), Arc::new(recovery.stream(stream, directory)?));
        }
        let (consumers, report) = (recovery.consumers, recovery.report);
        let budget = Budget::new(
            options.disk_bytes_max,
            report.bytes.saturating_add(consumers.saturating_mul(CONSUMER_BYTES)),
        );
        let engine = Self {
            options,
            clock,
            secret,
            poison: Poison::default(),
            metrics: LogMetrics::new(),
            budget,
            writers: Mutex::default(),
            root: root.to_owned(),
            partitions: RwLock::new(partitions),
            _lock: lock,
            disk,
        };
        Ok((engine, report))
    }

    /// Ends all writing.
    pub(crate) fn poison(&self, reason: String) {
        self.poison.set(reason);
        self.metrics.poisoned.set(1.0);
    }

    pub(crate) fn known(&self, stream: &Stream) -> Option<Arc<Partition>> {
        self.partitions.read().unwrap_or_else(PoisonError::into_inner).get(stream).cloned()
    }

    /// The stream's partition, made in memory where there is none: its directory comes with its first frame.
    pub(crate) fn partition(&self, stream: &Stream) -> Arc<Partition> {
        if let Some(partition) = self.known(stream) {
            return partition;
        }
        let mut partitions = self.partitions.write().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let directory = directory_of(&self.root, stream);
            Arc::new(Partition::new(stream.clone(), directory, View::default(), BTreeMap::new()))
        };
        Arc::clone(partitions.entry(stream.clone()).or_insert_with(make))
    }

    /// In order.
    pub(crate) fn all_partitions(&self) -> Vec<Arc<Partition>> {
        let partitions = self.partitions.read().unwrap_or_else(PoisonError::into_inner);
        partitions.values().cloned().collect()
    }

    pub(crate) fn extent(&self, stream: &Stream) -> Extent {
        self.known(stream).map_or(Extent { begin: 0, end: 0 }, |partition| partition.extent())
    }

    pub(crate) fn streams(&self) -> Vec<Stream> {
        let partitions = self.partitions.read().unwrap_or_else(PoisonError::into_inner);
        let started = partitions.values().filter(|partition| partition.extent().end > 0);
        started.map(|partition| partition.stream.clone()).collect()
    }

    pub(crate) fn read(&self, stream: &Stream, from: u64, bytes_max: usize) -> Result<ReadChunk, LogError> {
        match self.known(stream) {
            Some(partition) => partition.read(&*self.disk, from, bytes_max),
            None => {
                check_not_beyond(stream, from, 0)?;
                Ok(ReadChunk { next_offset: from, ..ReadChunk::default() })
            }
        }
    }

    pub(crate) fn offset_at(&self, stream: &Stream, time: Timestamp) -> Result<u64, LogError> {
        self.known(stream).map_or(Ok(0), |partition| partition.offset_at(&*self.disk, time))
    }
}

fn directory_of(root: &Path, stream: &Stream) -> PathBuf {
    root.join(stream.tenant.as_str()).join(stream.topic.as_str()).join(stream.partition.to_string())
}

/// The streams that have a directory. What has another name is none of the log's.
fn find_streams(disk: &dyn Disk, root: &Path) -> Result<Vec<Stream>, LogError> {
    let mut streams = Vec::new();
    for (tenant, directory) in children::<TenantId>(disk, root)? {
        for (topic, directory) in children::<Topic>(disk, &directory)? {
            for (partition, _) in children::<u32>(disk, &directory)? {
                streams.push(Stream { tenant: tenant.clone(), topic, partition });
            }
        }
    }
    Ok(streams)
}

/// The entries of a directory whose name is a `T` written as we write it; the directory's entries are durable
/// afterwards.
fn children<T: std::str::FromStr + ToString>(
    disk: &dyn Disk,
    directory: &Path,
) -> Result<Vec<(T, PathBuf)>, LogError> {
    let names = disk.list(directory).map_err(LogError::io("list", directory))?;
    disk.sync_dir(directory).map_err(LogError::io(SYNC, directory))?;
    let ours = |name: String| {
        let parsed = name.parse::<T>().ok()?;
        (parsed.to_string() == name).then(|| (parsed, directory.join(name)))
    };
    Ok(names.into_iter().filter_map(ours).collect())
}

/// Checks the directory's version and returns its secret number; a new directory gets both.
fn version(disk: &dyn Disk, root: &Path, is_new: bool) -> Result<u64, LogError> {
    let path = root.join(VERSION_FILE);
    let file = match disk.open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound && is_new => {
            let secret = disk.secret().map_err(LogError::io("draw a random number for", &path))?;
            replace(disk, &path, format!("sentra-backbone {VERSION}\nsecret {secret:016x}\n").as_bytes())?;
            return Ok(secret);
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let detail = "it is missing, but the directory has streams".to_owned();
            return Err(LogError::Damaged { path, detail });
        }
        Err(error) => return Err(LogError::io("open", &path)(error)),
    };
    let mut bytes = [0; VERSION_BYTES_MAX];
    let length = read_full_at(&*file, &mut bytes, 0).map_err(LogError::io("read", &path))?;
    let text = String::from_utf8_lossy(bytes.get(..length).unwrap_or_default()).into_owned();
    let damaged = || LogError::Damaged { path: path.clone(), detail: "it names no version".to_owned() };
    let mut lines = text.lines();
    let found = lines.next().and_then(|line| line.strip_prefix("sentra-backbone "));
    let found: u32 = found.and_then(|number| number.parse().ok()).ok_or_else(damaged)?;
    if found > VERSION {
        return Err(LogError::NewerVersion { path, found, supported: VERSION });
    }
    let secret = lines.next().and_then(|line| line.strip_prefix("secret "));
    secret.and_then(|hex| u64::from_str_radix(hex, 16).ok()).ok_or_else(damaged)
}
