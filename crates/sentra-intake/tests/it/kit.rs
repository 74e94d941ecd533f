//! What the tests share: an intake on a log in memory that can be full, and what came into it.
#![allow(unreachable_pub)]

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sentra_backbone::{
    AppendBatch, Appended, Consumer, EventLog, Extent, LogError, MemoryLog, ReadChunk, Stream,
};
use sentra_intake::{
    Appender, Intake, IntakeOptions, IntakeSettings, KeySettings, Limits, ListenerSettings, Protocol,
    Reloaded, RouteSettings,
};
use sentra_model::{DeadLetter, SourceKind, SystemClock, TenantId, Timestamp, Topic};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// Longer than anything takes; a test that waits so long has failed.
pub const WAIT: Duration = Duration::from_secs(60);
pub const KEY: &str = "key-of-bank-a";
pub const OTHER_KEY: &str = "key-of-bank-b";

/// A log in memory with room for so many raw records and no more.
#[derive(Debug, Default)]
pub struct TightLog {
    inner: MemoryLog,
    room: AtomicU64,
    is_poisoned: AtomicBool,
}

impl TightLog {
    pub fn with_room(room: u64) -> Arc<Self> {
        Arc::new(Self { room: AtomicU64::new(room), ..Self::default() })
    }

    pub fn set_room(&self, room: u64) {
        self.room.store(room, Ordering::SeqCst);
    }

    pub fn poison(&self) {
        self.is_poisoned.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl EventLog for TightLog {
    async fn append(&self, stream: &Stream, batch: AppendBatch) -> Result<Appended, LogError> {
        if self.is_poisoned.load(Ordering::SeqCst) {
            return Err(LogError::Closed);
        }
        let count = batch.records.len() as u64;
        if stream.topic == Topic::Raw {
            let take = |room: u64| room.checked_sub(count);
            if self.room.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_err() {
                return Err(LogError::Full { detail: "the test's log is full".to_owned() });
            }
        }
        self.inner.append(stream, batch).await
    }

    async fn read(&self, stream: &Stream, from: u64, bytes_max: usize) -> Result<ReadChunk, LogError> {
        self.inner.read(stream, from, bytes_max).await
    }

    async fn wait_beyond(&self, stream: &Stream, offset: u64) -> Result<(), LogError> {
        self.inner.wait_beyond(stream, offset).await
    }

    async fn extent(&self, stream: &Stream) -> Result<Extent, LogError> {
        self.inner.extent(stream).await
    }

    async fn streams(&self) -> Result<Vec<Stream>, LogError> {
        self.inner.streams().await
    }

    async fn position(&self, consumer: &str, stream: &Stream) -> Result<Option<u64>, LogError> {
        self.inner.position(consumer, stream).await
    }

    async fn commit(&self, consumer: &str, stream: &Stream, next_offset: u64) -> Result<(), LogError> {
        self.inner.commit(consumer, stream, next_offset).await
    }

    async fn commit_range(
        &self,
        consumer: &str,
        stream: &Stream,
        next_offset: u64,
        range: Range<u64>,
    ) -> Result<(), LogError> {
        self.inner.commit_range(consumer, stream, next_offset, range).await
    }

    async fn consumers(&self, stream: &Stream) -> Result<Vec<Consumer>, LogError> {
        self.inner.consumers(stream).await
    }

    async fn forget(&self, consumer: &str, stream: &Stream) -> Result<bool, LogError> {
        self.inner.forget(consumer, stream).await
    }

    async fn offset_at(&self, stream: &Stream, time: Timestamp) -> Result<u64, LogError> {
        self.inner.offset_at(stream, time).await
    }
}

/// A record as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub kind: SourceKind,
    pub origin: String,
    pub format: Option<String>,
    pub text: String,
}

/// An intake that is open.
pub struct Stage {
    pub intake: Intake,
    pub log: Arc<TightLog>,
}

impl Stage {
    pub fn new(settings: &IntakeSettings) -> Self {
        Self::with(settings, IntakeOptions::default(), TightLog::with_room(u64::MAX))
    }

    pub fn with(settings: &IntakeSettings, options: IntakeOptions, log: Arc<TightLog>) -> Self {
        let appender =
            Appender::new(Arc::clone(&log) as Arc<dyn EventLog>, Arc::new(SystemClock), Limits::default());
        Self { intake: Intake::start(appender, options, settings).unwrap(), log }
    }

    pub fn address(&self, name: &str) -> SocketAddr {
        let listeners = self.intake.listeners();
        listeners.iter().find(|listener| listener.name == name).expect("no such listener").address
    }

    pub async fn reload(&self, settings: &IntakeSettings) -> Reloaded {
        tokio::time::timeout(WAIT, self.intake.reload(settings)).await.expect("no end").unwrap()
    }

    pub async fn connect(&self, name: &str) -> TcpStream {
        TcpStream::connect(self.address(name)).await.unwrap()
    }

    /// Sends over a connection of its own, and ends it.
    pub async fn send(&self, name: &str, bytes: &[u8]) {
        let mut stream = self.connect(name).await;
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
    }

    pub async fn kept(&self, tenant: &str) -> Vec<Kept> {
        let stream = stream(tenant, Topic::Raw);
        let chunk = self.log.read(&stream, 0, usize::MAX).await.unwrap();
        let records = chunk.batches.iter().flat_map(|batch| batch.records());
        let kept = records.map(|(_, record)| Kept {
            kind: record.source.kind,
            origin: record.source.origin.clone(),
            format: record.source.format.clone(),
            text: String::from_utf8_lossy(record.bytes).into_owned(),
        });
        kept.collect()
    }

    pub async fn texts(&self, tenant: &str) -> Vec<String> {
        self.kept(tenant).await.into_iter().map(|kept| kept.text).collect()
    }

    pub async fn letters(&self, tenant: &str) -> Vec<DeadLetter> {
        let chunk = self.log.read(&stream(tenant, Topic::Dead), 0, usize::MAX).await.unwrap();
        let letters = chunk.batches.iter().flat_map(|batch| batch.records());
        letters.map(|(_, record)| serde_json::from_slice(record.bytes).unwrap()).collect()
    }

    /// Waits until the tenant has as many records, and gives their texts.
    pub async fn wait_for(&self, tenant: &str, count: u64) -> Vec<String> {
        self.wait_beyond(tenant, Topic::Raw, count).await;
        self.texts(tenant).await
    }

    pub async fn wait_for_letters(&self, tenant: &str, count: u64) -> Vec<DeadLetter> {
        self.wait_beyond(tenant, Topic::Dead, count).await;
        self.letters(tenant).await
    }

    async fn wait_beyond(&self, tenant: &str, topic: Topic, count: u64) {
        let Some(last) = count.checked_sub(1) else { return };
        let stream = stream(tenant, topic);
        let arrived = tokio::time::timeout(WAIT, self.log.wait_beyond(&stream, last)).await;
        if arrived.is_err() {
            panic!("of {count} only {:?} arrived", self.log.extent(&stream).await);
        }
    }

    pub async fn stop(&self) {
        tokio::time::timeout(WAIT, self.intake.stop()).await.expect("the intake does not stop");
    }
}

fn stream(tenant: &str, topic: Topic) -> Stream {
    Stream { tenant: tenant.parse().unwrap(), topic, partition: 0 }
}

/// Settings with a key of the tenants `bank-a` and `bank-b`, and these listeners.
pub fn settings(listeners: Vec<ListenerSettings>) -> IntakeSettings {
    let key = |key: &str, tenant: &str| KeySettings {
        name: tenant.to_owned(),
        blake3: blake3::hash(key.as_bytes()).to_hex().to_string(),
        tenant: tenant.parse().unwrap(),
        format: None,
    };
    let keys = vec![key(KEY, "bank-a"), key(OTHER_KEY, "bank-b")];
    IntakeSettings { listeners, keys, ..IntakeSettings::default() }
}

/// A listener on a port of its own.
pub fn listener(name: &str, protocol: Protocol) -> ListenerSettings {
    ListenerSettings {
        name: name.to_owned(),
        protocol,
        address: "127.0.0.1:0".parse().unwrap(),
        public: false,
        tenant: Some(TenantId::default_tenant()),
        format: None,
        tls: None,
        snmp: None,
    }
}

/// An HTTP listener that takes nothing without a key.
pub fn http_listener() -> ListenerSettings {
    ListenerSettings { tenant: None, ..listener("http", Protocol::Http) }
}

pub fn route(tenant: &str) -> RouteSettings {
    RouteSettings {
        listener: None,
        address: None,
        certificate: None,
        tenant: tenant.parse().unwrap(),
        format: None,
    }
}
