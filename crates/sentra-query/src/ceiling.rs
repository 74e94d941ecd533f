//! What may be spent on one question, by role and tenant.

use std::collections::BTreeMap;

use sentra_model::TenantId;
use serde::{Deserialize, Serialize};

use crate::answer::Estimate;
use crate::request::{Asker, Role};

/// What one question may cost. Nothing is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Ceiling {
    /// Most rows that may have to be looked at.
    pub rows: Option<u64>,
    /// Most bytes of segments that may have to be opened.
    pub bytes: Option<u64>,
    /// Longest time that it may be expected to take, in seconds.
    pub seconds: Option<u64>,
}

impl Ceiling {
    /// The lower of both, limit by limit.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let least = |one: Option<u64>, two: Option<u64>| match (one, two) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self {
            rows: least(self.rows, other.rows),
            bytes: least(self.bytes, other.bytes),
            seconds: least(self.seconds, other.seconds),
        }
    }

    /// Which limit `estimate` is beyond, in words; nothing when it is within all.
    #[must_use]
    pub fn refuses(&self, estimate: &Estimate) -> Option<String> {
        let expected_s = estimate.expected_ms / 1e3;
        if let Some(rows) = self.rows.filter(|rows| estimate.rows > *rows) {
            return Some(format!("it looks at {} rows, {rows} are allowed", estimate.rows));
        }
        if let Some(bytes) = self.bytes.filter(|bytes| estimate.bytes > *bytes) {
            return Some(format!("it reads {} bytes, {bytes} are allowed", estimate.bytes));
        }
        #[expect(clippy::cast_precision_loss, reason = "seconds of a question are few")]
        let is_beyond = |seconds: &u64| expected_s > *seconds as f64;
        let seconds = self.seconds.filter(is_beyond)?;
        Some(format!("it takes about {expected_s:.0} seconds, {seconds} are allowed"))
    }
}

/// The ceilings of a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceilings {
    /// What holds for everybody.
    pub all: Ceiling,
    /// What holds for a role besides.
    pub roles: BTreeMap<Role, Ceiling>,
    /// What holds for a tenant besides.
    pub tenants: BTreeMap<TenantId, Ceiling>,
}

impl Default for Ceilings {
    /// Ten billion rows, a tebibyte, ten minutes: what nobody wants by mistake.
    fn default() -> Self {
        let all = Ceiling { rows: Some(10_000_000_000), bytes: Some(1 << 40), seconds: Some(600) };
        Self { all, roles: BTreeMap::new(), tenants: BTreeMap::new() }
    }
}

impl Ceilings {
    /// What holds for `asker`: the lowest of all that apply.
    #[must_use]
    pub fn of(&self, asker: &Asker) -> Ceiling {
        let role = self.roles.get(&asker.role).copied().unwrap_or_default();
        let tenant = self.tenants.get(asker.scope.tenant()).copied().unwrap_or_default();
        self.all.and(role).and(tenant)
    }
}

#[cfg(test)]
mod tests {
    use sentra_model::TenantScope;

    use super::*;

    #[test]
    fn the_lowest_limit_counts_and_is_named() {
        let mut ceilings = Ceilings::default();
        let tenant: TenantId = "acme".parse().unwrap();
        ceilings.roles.insert(Role::Analyst, Ceiling { rows: Some(1_000), ..Ceiling::default() });
        ceilings.tenants.insert(tenant.clone(), Ceiling { rows: Some(5_000), seconds: Some(2), bytes: None });
        let scope = TenantScope::new(tenant);
        let analyst = ceilings.of(&Asker::new(scope.clone(), Role::Analyst));
        let admin = ceilings.of(&Asker::new(scope, Role::Admin));
        assert_eq!((analyst.rows, admin.rows, admin.seconds), (Some(1_000), Some(5_000), Some(2)));
        let of = |rows, expected_ms| Estimate { rows, expected_ms, ..Estimate::default() };
        assert_eq!(admin.refuses(&of(5_000, 2_000.0)), None, "what is at the limit is within it");
        assert_eq!(admin.refuses(&of(5_001, 0.0)).unwrap(), "it looks at 5001 rows, 5000 are allowed");
        assert!(admin.refuses(&of(0, 2_100.0)).unwrap().contains("about 2 seconds, 2 are allowed"));
    }
}
