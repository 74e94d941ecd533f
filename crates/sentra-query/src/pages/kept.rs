//! Answers that were computed as a whole and have further pages, for a while (law LIMIT).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sentra_model::{TenantId, Timestamp};
use serde_json::Value;
use tokio::time::Instant;

use crate::answer::Answer;

/// Most answers of one tenant that are kept for their next pages.
pub const KEPT_ANSWERS_MAX: usize = 8;
/// Memory that kept answers of one tenant may take, in bytes.
pub const KEPT_BYTES_MAX: usize = 64 << 20;
/// Most answers that are kept for all tenants together.
const KEPT_ALL_MAX: usize = 64;
/// Most rows of an answer whose pages are given.
pub const KEPT_ROWS_MAX: usize = 100_000;
/// How long an answer is kept, in seconds.
pub const KEPT_S_MAX: u64 = 300;

/// Which answer: whose, to what, asked when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptId {
    pub(crate) tenant: TenantId,
    pub(crate) text: String,
    pub(crate) engine: &'static str,
    pub(crate) now: Timestamp,
    pub(crate) digest: u128,
}

#[derive(Debug)]
struct Entry {
    id: KeptId,
    answer: Arc<Answer>,
    bytes: usize,
    since: Instant,
}

/// The answers, those that were kept last at the end.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<VecDeque<Entry>>);

impl Kept {
    /// Keeps `answer`, if one of its size may be kept.
    pub(crate) fn keep(&self, id: KeptId, answer: Arc<Answer>) {
        let bytes = answer.rows.iter().flatten().map(bytes_of).sum::<usize>();
        if bytes > KEPT_BYTES_MAX {
            return;
        }
        let now = Instant::now();
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| entry.id != id && is_fresh(entry, now));
        let tenant = id.tenant.clone();
        entries.push_back(Entry { id, answer, bytes, since: now });
        let of_tenant = |entry: &&Entry| entry.id.tenant == tenant;
        while entries.iter().filter(of_tenant).count() > KEPT_ANSWERS_MAX
            || entries.iter().filter(of_tenant).map(|entry| entry.bytes).sum::<usize>() > KEPT_BYTES_MAX
        {
            let Some(oldest) = entries.iter().position(|entry| entry.id.tenant == tenant) else { break };
            entries.remove(oldest);
        }
        while entries.len() > KEPT_ALL_MAX {
            entries.pop_front();
        }
    }

    /// The answer, while it is kept.
    pub(crate) fn get(&self, id: &KeptId) -> Option<Arc<Answer>> {
        let now = Instant::now();
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| is_fresh(entry, now));
        entries.iter().find(|entry| entry.id == *id).map(|entry| Arc::clone(&entry.answer))
    }
}

fn is_fresh(entry: &Entry, now: Instant) -> bool {
    now.duration_since(entry.since) < Duration::from_secs(KEPT_S_MAX)
}

/// About how much memory a value takes.
fn bytes_of(value: &Value) -> usize {
    let inside = match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(bytes_of).sum(),
        Value::Object(values) => values.iter().map(|(name, value)| name.len() + bytes_of(value)).sum(),
        _ => 0,
    };
    inside + size_of::<Value>()
}
