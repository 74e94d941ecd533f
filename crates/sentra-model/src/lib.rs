//! The vocabulary of Sentra: what every other crate speaks about, and nothing that does anything.
//!
//! * [`Event`] is one normalised record, [`EventBatch`] many of them as an Arrow record batch.
//! * [`Signal`] is a security-meaningful finding, [`Incident`] signals that share entities in time.
//! * Ids are positions ([`EventId`]) or hashes of their inputs ([`SignalId`], [`IncidentId`]): law IDENTITY.
//!
//! Invariant: this crate does no I/O, reads no clock but through [`Clock`] and depends on no other room.

mod batch;
mod batch_builder;
mod bytes;
mod class;
mod code;
mod dictionary;
mod digest;
mod enrichment;
mod entity;
mod event;
mod fact;
mod id;
mod incident;
mod mart;
mod mart_definition;
mod narrative;
mod raw;
mod risk;
mod rollup;
mod severity;
mod signal;
mod tactic;
mod tenant;
mod time;
mod verdict;

pub use batch::{BatchError, EventBatch, EventRow, batch_schema, column, events_per_batch_max};
pub use batch_builder::BatchBuilder;
pub use bytes::{behind, same_bytes};
pub use class::Class;
pub use code::EventCode;
pub use digest::Digest;
pub use enrichment::{Enrichment, EnrichmentStage};
pub use entity::{EntityRef, EntityType, Role};
pub use event::{Event, FieldValue, Outcome};
pub use fact::{BURSTS_MAX, Burst, Fact, FactKind, NamedSet, Pace};
pub use id::{EventId, IdError, IncidentId, Position, SignalId, Topic};
pub use incident::{ChainStep, Edit, EditKind, Incident, IncidentStatus, Join, JoinReason};
pub use mart::Mart;
pub use mart_definition::{
    MART_COLUMNS_MAX, MART_DESCRIPTION_CHARS_MAX, MART_FILTER_BYTES_MAX, MART_NAME_BYTES_MAX,
    MART_RETENTION_DAYS_MAX, MartColumn, MartColumnKind, MartDefinition, MartNameError, MartState,
    RoutingEpoch,
};
pub use narrative::{Narrative, Sentence, SentenceRole};
pub use raw::{DeadLetter, DeadReason, DeadReasonError, OwnedRecord, RawRecord, Source, SourceKind};
pub use risk::{Estimate, RiskFactor, RiskReason};
pub use rollup::{ROLLUP_AGGREGATES_MAX, ROLLUP_KEYS_MAX, RollupDefinition, RollupGrain};
pub use severity::Severity;
pub use signal::{RuleKind, RuleRef, Signal};
pub use tactic::{TACTICS, tactic_order};
pub use tenant::{TenantError, TenantId, TenantScope};
pub use time::{Clock, ManualClock, SystemClock, Timestamp, TimestampError};
pub use verdict::{Verdict, VerdictKind, VerdictNote, VerdictTarget};

/// Version of the stored shapes of this crate. It goes up when a stored shape changes meaning;
/// a data directory of a newer version is refused.
pub const SCHEMA_VERSION: u32 = 2;
