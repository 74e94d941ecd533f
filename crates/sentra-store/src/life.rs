//! What becomes of stored events: how long they are kept, and what tending a store did.

use std::collections::BTreeMap;

use sentra_model::{Mart, TenantId, Timestamp};
use serde::Serialize;

/// How long the events of a mart are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Days after which an event may go, by event time; `None` keeps all.
    pub days: Option<u32>,
    /// Bytes on disk that the mart may take, of which the oldest go first; `None` keeps all.
    pub bytes: Option<u64>,
}

/// How long events are kept, by tenant and mart. What is said for a tenant's mart goes before what is said for the mart,
/// and that before the default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RetentionPolicy {
    /// For marts that are not named.
    pub default: Retention,
    /// For marts, whatever the tenant.
    pub marts: BTreeMap<Mart, Retention>,
    /// For marts of one tenant.
    pub tenants: BTreeMap<(TenantId, Mart), Retention>,
}

impl RetentionPolicy {
    /// What holds for a tenant's mart.
    #[must_use]
    pub fn of(&self, tenant: &TenantId, mart: &Mart) -> Retention {
        let own = self.tenants.get(&(tenant.clone(), mart.clone()));
        own.or_else(|| self.marts.get(mart)).copied().unwrap_or(self.default)
    }

    /// Whether nothing is ever removed.
    #[must_use]
    pub fn keeps_all(&self) -> bool {
        let keeps = |retention: &Retention| *retention == Retention::default();
        keeps(&self.default) && self.marts.values().all(keeps) && self.tenants.values().all(keeps)
    }
}

/// What retention removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Retained {
    /// Whole segments.
    pub segments: u64,
    /// Their events.
    pub rows: u64,
    /// Their bytes on disk.
    pub bytes: u64,
}

/// What tending a tenant's part of a store did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tended {
    /// Segments that were merged.
    pub segments_merged: u64,
    /// Segments that hold their events now.
    pub segments_made: u64,
    /// Events in them.
    pub rows: u64,
    /// Bytes that were read for it.
    pub bytes_read: u64,
    /// Bytes whose checksum was compared, apart from that.
    pub bytes_verified: u64,
    /// Segments that turned out damaged.
    pub segments_damaged: u64,
    /// Segments that a rollup had not counted, and has now; once for each rollup.
    pub rollup_parts: u64,
    /// Files removed that nobody reads any more.
    pub files_removed: u64,
    /// Whether there is more to merge than the budget allowed.
    pub has_more: bool,
}

/// A segment that cannot be read: answers go without it and say so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DamagedSegment {
    /// Whose it is.
    pub tenant: TenantId,
    /// Which mart.
    pub mart: Mart,
    /// Its file, relative to the directory of the marts.
    pub path: String,
    /// What is wrong with it.
    pub detail: String,
    /// When that was found.
    pub found: Timestamp,
    /// Partition of its events.
    pub partition: u32,
    /// Smallest offset of its events.
    pub offset_min: u64,
    /// Greatest offset of its events.
    pub offset_max: u64,
    /// How many events it had.
    pub rows: u64,
    /// Time of its earliest event.
    pub first: Timestamp,
    /// Time of its latest event.
    pub last: Timestamp,
}
