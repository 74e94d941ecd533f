//! What is kept of each indicator beside its value, in 16 bytes.

use sentra_model::Timestamp;

use crate::indicators::decay::DecayPolicy;
use crate::indicators::indicator::IndicatorRecord;
use crate::indicators::kind::IndicatorKind;

/// Contexts that a set of indicators can tell apart.
pub(crate) const CONTEXT_NUMBERS_MAX: usize = 1 << 25;
/// Never ends.
const UNLIMITED: u32 = u32::MAX;
/// Steps of confidence.
const STEPS: f64 = 100.0;

/// Confidence, times and the number of the context. Times are whole seconds from 1970 to 2106.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Detail {
    /// Confidence in percent in the upper 7 bits, number of the context in the lower 25.
    packed: u32,
    last_seen: u32,
    valid_from: u32,
    valid_until: u32,
}

impl Detail {
    pub(crate) fn new(record: &IndicatorRecord, context: u32) -> Self {
        Self {
            packed: pack(record.confidence, context),
            last_seen: seconds(record.last_seen),
            valid_from: record.valid_from.map_or(0, seconds),
            valid_until: record.valid_until.map_or(UNLIMITED, |until| seconds(until).min(UNLIMITED - 1)),
        }
    }

    pub(crate) fn context(self) -> u32 {
        self.packed & (CONTEXT_NUMBERS_MAX as u32 - 1)
    }

    pub(crate) fn confidence(self) -> f64 {
        f64::from(self.packed >> 25) / STEPS
    }

    pub(crate) fn with_context(self, context: u32) -> Self {
        Self { packed: pack(self.confidence(), context), ..self }
    }

    pub(crate) fn last_seen(self) -> Timestamp {
        Timestamp::from_seconds(i64::from(self.last_seen))
    }

    pub(crate) fn valid_from(self) -> Option<Timestamp> {
        (self.valid_from > 0).then(|| Timestamp::from_seconds(i64::from(self.valid_from)))
    }

    pub(crate) fn valid_until(self) -> Option<Timestamp> {
        (self.valid_until < UNLIMITED).then(|| Timestamp::from_seconds(i64::from(self.valid_until)))
    }

    /// The confidence at `now`; `None` when it is no indicator then.
    pub(crate) fn confidence_at(
        self,
        kind: IndicatorKind,
        policy: &DecayPolicy,
        now: Timestamp,
    ) -> Option<f64> {
        let is_valid = self.valid_from().is_none_or(|from| from <= now)
            && self.valid_until().is_none_or(|until| now < until);
        if !is_valid {
            return None;
        }
        let left = policy.decayed(kind, self.confidence(), now.since(self.last_seen()));
        (left >= policy.floor && left > 0.0).then_some(left)
    }

    /// What several sources say of one value: seen when the last of them saw it, with the best confidence that is left
    /// by then, valid as long as one of them says. The context is that of the most confident one.
    pub(crate) fn merged(details: &[Self], kind: IndicatorKind, policy: &DecayPolicy) -> Option<Self> {
        let last = details.iter().map(|detail| detail.last_seen).max()?;
        let until_then = |detail: &Self| {
            let age = (i64::from(last) - i64::from(detail.last_seen)).saturating_mul(1_000_000);
            policy.decayed(kind, detail.confidence(), age)
        };
        // Equal ones stand in a fixed order, and the first of them counts.
        let mut best: Option<(&Self, f64)> = None;
        for detail in details {
            let left = until_then(detail);
            if best.is_none_or(|(_, most)| left > most) {
                best = Some((detail, left));
            }
        }
        let (best, confidence) = best?;
        Some(Self {
            packed: pack(confidence, best.context()),
            last_seen: last,
            valid_from: details.iter().map(|detail| detail.valid_from).min()?,
            valid_until: details.iter().map(|detail| detail.valid_until).max()?,
        })
    }

    /// As bytes for a digest, without the context's number, which depends on the order of reading.
    pub(crate) fn digest_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let words = [self.packed >> 25, self.last_seen, self.valid_from, self.valid_until];
        for (chunk, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *chunk = word.to_le_bytes();
        }
        bytes
    }
}

fn pack(confidence: f64, context: u32) -> u32 {
    // A number that is none becomes 0.
    let percent = (confidence.clamp(0.0, 1.0) * STEPS).round() as u32;
    percent << 25 | context & (CONTEXT_NUMBERS_MAX as u32 - 1)
}

fn seconds(moment: Timestamp) -> u32 {
    u32::try_from(moment.micros().max(0) / 1_000_000).unwrap_or(u32::MAX)
}
