use std::sync::{Mutex, MutexGuard, PoisonError};

use sentra_model::Timestamp;

use super::secret::Secret;
use crate::ServerError;

/// Secrets that work until they expire: browser sessions, login links. Bounded; one more ends the oldest.
#[derive(Debug)]
pub(crate) struct Passes {
    passes_max: usize,
    lifetime_micros: i64,
    passes: Mutex<Vec<Pass>>,
}

#[derive(Debug)]
struct Pass {
    secret: Secret,
    expires: Timestamp,
}

impl Passes {
    pub(crate) fn new(passes_max: usize, lifetime_s: u64) -> Self {
        let lifetime_micros = i64::try_from(lifetime_s).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        Self { passes_max: passes_max.max(1), lifetime_micros, passes: Mutex::new(Vec::new()) }
    }

    fn valid(&self, now: Timestamp) -> MutexGuard<'_, Vec<Pass>> {
        let mut passes = self.passes.lock().unwrap_or_else(PoisonError::into_inner);
        passes.retain(|pass| pass.expires > now);
        passes
    }

    /// A new pass and when it expires.
    pub(crate) fn issue(&self, now: Timestamp) -> Result<(Secret, Timestamp), ServerError> {
        let secret = Secret::random()?;
        let expires = now.plus_micros(self.lifetime_micros);
        let mut passes = self.valid(now);
        if passes.len() >= self.passes_max {
            passes.remove(0);
        }
        passes.push(Pass { secret: secret.clone(), expires });
        Ok((secret, expires))
    }

    /// Whether `secret` is a pass. Every pass is looked at, so that the time tells nothing.
    pub(crate) fn holds(&self, secret: &Secret, now: Timestamp) -> bool {
        self.valid(now).iter().fold(false, |found, pass| found | pass.secret.matches(secret))
    }

    /// Ends `secret`; whether it was a pass.
    pub(crate) fn revoke(&self, secret: &Secret, now: Timestamp) -> bool {
        let mut passes = self.valid(now);
        let before = passes.len();
        passes.retain(|pass| !pass.secret.matches(secret));
        passes.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_ends_when_it_expires_is_revoked_or_is_the_oldest_of_too_many() {
        let start = Timestamp::from_seconds(1_000);
        let passes = Passes::new(2, 60);
        let (first, expires) = passes.issue(start).unwrap();
        assert_eq!(expires, Timestamp::from_seconds(1_060));
        assert!(passes.holds(&first, Timestamp::from_seconds(1_059)));
        assert!(!passes.holds(&first, Timestamp::from_seconds(1_060)));

        let (second, _) = passes.issue(start).unwrap();
        let (third, _) = passes.issue(start).unwrap();
        let (fourth, _) = passes.issue(start).unwrap();
        assert!(!passes.holds(&second, start) && passes.holds(&third, start));
        assert!(passes.revoke(&fourth, start) && !passes.revoke(&fourth, start));
        assert!(!passes.holds(&fourth, start));
    }
}
