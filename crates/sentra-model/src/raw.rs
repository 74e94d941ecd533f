use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{EventId, Timestamp};

/// By which door a record came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A file read by the command line.
    File,
    /// HTTP NDJSON.
    Http,
    /// Syslog over UDP.
    SyslogUdp,
    /// Syslog over TCP.
    SyslogTcp,
    /// Syslog over TLS, RFC 5425.
    SyslogTls,
    /// Splunk's HTTP Event Collector.
    Hec,
    /// Elasticsearch's `_bulk`.
    ElasticBulk,
    /// OTLP over gRPC.
    OtlpGrpc,
    /// OTLP over HTTP.
    OtlpHttp,
    /// SNMP notifications.
    Snmp,
    /// A file that is followed as it grows.
    Tail,
    /// Length-framed records over TCP, as legacy systems send them.
    Framed,
    /// The platform itself: what people decided. No door for senders makes records of this kind.
    Platform,
}

impl SourceKind {
    /// Every door.
    pub const ALL: [Self; 13] = [
        Self::File,
        Self::Http,
        Self::SyslogUdp,
        Self::SyslogTcp,
        Self::SyslogTls,
        Self::Hec,
        Self::ElasticBulk,
        Self::OtlpGrpc,
        Self::OtlpHttp,
        Self::Snmp,
        Self::Tail,
        Self::Framed,
        Self::Platform,
    ];

    /// The name used in JSON, in the `source_kind` column and in metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Http => "http",
            Self::SyslogUdp => "syslog_udp",
            Self::SyslogTcp => "syslog_tcp",
            Self::SyslogTls => "syslog_tls",
            Self::Hec => "hec",
            Self::ElasticBulk => "elastic_bulk",
            Self::OtlpGrpc => "otlp_grpc",
            Self::OtlpHttp => "otlp_http",
            Self::Snmp => "snmp",
            Self::Tail => "tail",
            Self::Framed => "framed",
            Self::Platform => "platform",
        }
    }

    /// Whether it is one of the syslog doors.
    #[must_use]
    pub fn is_syslog(self) -> bool {
        matches!(self, Self::SyslogUdp | Self::SyslogTcp | Self::SyslogTls)
    }
}

/// Where records come from. One per batch in the backbone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Source {
    /// The door.
    pub kind: SourceKind,
    /// File path, or address of the sender.
    pub origin: String,
    /// The format the sender named (`--format`); `None` lets the decoder detect it.
    pub format: Option<String>,
    /// The year a year-less timestamp of this source is resolved against, with the rule in
    /// `sentra_decode::time`; usually the modification time of the file or the arrival time.
    pub reference: Timestamp,
}

/// One record as it came in: the unit that has an offset in the backbone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RawRecord<'a> {
    /// Where it came from.
    pub source: &'a Source,
    /// Line number from 1 for text, byte from 0 in a followed file, event record id for EVTX, running number
    /// otherwise.
    pub position: u64,
    /// When Sentra took it in.
    pub received: Timestamp,
    /// The bytes, without the line end.
    pub bytes: &'a [u8],
}

/// A record that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedRecord {
    /// See [`RawRecord::position`].
    pub position: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Why a record is a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadReason {
    /// The record has no bytes but white space.
    Empty,
    /// The record is longer than the limit; what is kept is its beginning.
    TooLong,
    /// The bytes are not text and no binary decoder knows them.
    Binary,
    /// The named or detected format could not read the record.
    Malformed,
    /// The file's container (.gz, .zst, EVTX) broke here; what came before it was taken.
    Container,
    /// A frame of the backbone is damaged; the records in it cannot be read.
    Damaged,
    /// Retention removed the records before they were processed.
    Expired,
}

impl DeadReason {
    /// Every reason there is.
    pub const ALL: [Self; 7] = [
        Self::Empty,
        Self::TooLong,
        Self::Binary,
        Self::Malformed,
        Self::Container,
        Self::Damaged,
        Self::Expired,
    ];

    /// The name used in JSON and in metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Binary => "binary",
            Self::Malformed => "malformed",
            Self::Container => "container",
            Self::Damaged => "damaged",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for DeadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no reason of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no reason of a dead letter: use one of {}", DeadReason::ALL.map(DeadReason::as_str).join(", "))]
pub struct DeadReasonError {
    text: String,
}

impl FromStr for DeadReason {
    type Err = DeadReasonError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|reason| reason.as_str() == text);
        found.ok_or_else(|| DeadReasonError { text: text.chars().take(80).collect() })
    }
}

/// A record that could not be understood, with the reason. Law LOSS: it is kept, counted and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeadLetter {
    /// The raw record it stands for; `None` when it never became one (refused at the door).
    pub event: Option<EventId>,
    /// The kind of failure.
    pub reason: DeadReason,
    /// What was wrong and where, for people.
    pub detail: String,
    /// When it was taken in.
    pub received: Timestamp,
    /// Where it came from.
    pub source: Source,
    /// Line or record number in the source.
    pub position: u64,
    /// The first bytes of the record, invalid UTF-8 replaced.
    pub excerpt: String,
}
