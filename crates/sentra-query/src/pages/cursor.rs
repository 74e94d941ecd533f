//! What leads from one page to the next: sealed, so that it is this tenant's, this question's, and as it was given out.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sentra_model::{TenantScope, Timestamp};
use sentra_store::RowPlace;
use serde::{Deserialize, Serialize};

use crate::error::QueryError;
use crate::request::Request;

/// Longest cursor, in bytes of its text.
pub const CURSOR_BYTES_MAX: usize = 8 * 1024;
/// Bytes of the seal.
const SEAL_BYTES: usize = 16;
/// Changes when what a cursor holds is read otherwise.
const VERSION: u8 = 1;

/// The key with which cursors are sealed.
#[derive(Clone)]
pub struct CursorKey([u8; 32]);

impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorKey")
    }
}

impl CursorKey {
    /// The key that belongs to a secret of the platform.
    #[must_use]
    pub fn of(secret: &[u8]) -> Self {
        Self(blake3::derive_key("sentra 2026 cursors of answers", secret))
    }

    /// The seal of a cursor. Law TENANT: the tenant is under it, and so is the question.
    fn seal(&self, scope: &TenantScope, request: &Request, held: &[u8]) -> [u8; SEAL_BYTES] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        let engine = request.engine.as_str();
        for part in [scope.tenant().as_str().as_bytes(), request.text.as_bytes(), engine.as_bytes(), held] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let mut seal = [0; SEAL_BYTES];
        hasher.finalize_xof().fill(&mut seal);
        seal
    }
}

/// Where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// What `now()` meant on the first page.
    pub(crate) now: Timestamp,
    /// What had been taken before the first page.
    pub(crate) taken: BTreeMap<u32, u64>,
    pub(crate) at: At,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// Behind this event, of which so many were given before.
    Event { place: RowPlace, rows: u64 },
    /// At this row of an answer that was computed as a whole, whose rows give this digest.
    Row { row: u64, digest: u128 },
}

/// As a cursor is written down.
#[derive(Serialize, Deserialize)]
struct Held {
    #[serde(rename = "v")]
    version: u8,
    now: i64,
    taken: Vec<(u32, u64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<(i64, u32, u64)>,
    rows: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<(u64, u64)>,
}

const NOT_OURS: QueryError = QueryError::Cursor { why: "this is no cursor of this question and tenant" };

impl Cursor {
    /// The cursor as a text.
    pub(crate) fn sealed(
        &self,
        key: &CursorKey,
        scope: &TenantScope,
        request: &Request,
    ) -> Result<String, QueryError> {
        let (event, rows, digest) = match self.at {
            At::Event { place, rows } => (Some((place.time, place.partition, place.offset)), rows, None),
            At::Row { row, digest } => (None, row, Some(((digest >> 64) as u64, digest as u64))),
        };
        let taken = self.taken.iter().map(|(partition, offset)| (*partition, *offset)).collect();
        let held = Held { version: VERSION, now: self.now.micros(), taken, event, rows, digest };
        let too_large = QueryError::Cursor { why: "the answer has no further pages: too many partitions" };
        let Ok(held) = serde_json::to_vec(&held) else { return Err(too_large) };
        let mut bytes = key.seal(scope, request, &held).to_vec();
        bytes.extend(held);
        let text = URL_SAFE_NO_PAD.encode(bytes);
        if text.len() > CURSOR_BYTES_MAX { Err(too_large) } else { Ok(text) }
    }

    /// The cursor that was given out as `text`.
    pub(crate) fn opened(
        text: &str,
        key: &CursorKey,
        scope: &TenantScope,
        request: &Request,
    ) -> Result<Self, QueryError> {
        if text.len() > CURSOR_BYTES_MAX {
            return Err(NOT_OURS);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NOT_OURS)?;
        let (seal, held) = bytes.split_at_checked(SEAL_BYTES).ok_or(NOT_OURS)?;
        let wanted = key.seal(scope, request, held);
        // In constant time: blake3 compares hashes so, and seals are parts of hashes.
        if blake3::hash(seal) != blake3::hash(&wanted) {
            return Err(NOT_OURS);
        }
        let held: Held = serde_json::from_slice(held).map_err(|_| NOT_OURS)?;
        let at = match (held.event, held.digest) {
            (Some((time, partition, offset)), None) => {
                At::Event { place: RowPlace { time, partition, offset }, rows: held.rows }
            }
            (None, Some((high, low))) => {
                At::Row { row: held.rows, digest: u128::from(high) << 64 | u128::from(low) }
            }
            _ => return Err(NOT_OURS),
        };
        if held.version != VERSION {
            return Err(QueryError::Cursor { why: "the cursor is of another version of the program" });
        }
        let now = Timestamp::from_micros(held.now);
        Ok(Self { now, taken: held.taken.into_iter().collect(), at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Engine;

    fn scope(name: &str) -> TenantScope {
        TenantScope::new(name.parse().unwrap())
    }

    #[test]
    fn a_cursor_is_its_tenants_and_its_questions_own() {
        let key = CursorKey::of(b"secret");
        let (ours, request) = (scope("ours"), Request::new("events"));
        let place = RowPlace { time: -5, partition: 3, offset: u64::MAX };
        for at in [At::Event { place, rows: 7 }, At::Row { row: 9, digest: u128::MAX - 5 }] {
            let taken = BTreeMap::from([(0, 17), (3, u64::MAX)]);
            let cursor = Cursor { now: Timestamp::from_micros(99), taken, at };
            let text = cursor.sealed(&key, &ours, &request).unwrap();
            assert_eq!(Cursor::opened(&text, &key, &ours, &request).unwrap(), cursor);
            let others = [
                Cursor::opened(&text, &key, &scope("others"), &request),
                Cursor::opened(&text, &key, &ours, &Request::new("events ")),
                Cursor::opened(&text, &key, &ours, &Request { engine: Engine::Exact, ..request.clone() }),
                Cursor::opened(&text, &CursorKey::of(b"other"), &ours, &request),
            ];
            for refused in others {
                assert!(matches!(refused, Err(QueryError::Cursor { .. })), "{refused:?}");
            }
            // Whatever letter is changed, it is no cursor any more.
            for place in 0..text.len() {
                let mut letters: Vec<char> = text.chars().collect();
                letters[place] = if letters[place] == 'A' { 'B' } else { 'A' };
                let changed: String = letters.into_iter().collect();
                let opened = Cursor::opened(&changed, &key, &ours, &request);
                // The last letter may hold bits that stand for nothing.
                let is_refused = opened.is_err() || opened.is_ok_and(|opened| opened == cursor);
                assert!(is_refused, "{changed}");
            }
        }
        for text in ["", "AAAA", "not base64 at all", "é", &"A".repeat(CURSOR_BYTES_MAX + 1)] {
            assert!(Cursor::opened(text, &key, &ours, &request).is_err(), "{text}");
        }
    }
}
