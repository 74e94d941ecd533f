//! How often what was hidden by what (law LOSS).

use std::collections::BTreeMap;

use sentra_model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{HiddenBy, HiddenMatch, Overlay};

/// Counts of hidden matches, by tenant and by what hid them. They can be stored and added up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TuningUse {
    /// By tenant, then by what hid them.
    tenants: BTreeMap<TenantId, OfTenant>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct OfTenant {
    disabled: BTreeMap<String, Use>,
    exceptions: BTreeMap<String, Use>,
}

/// How often something hid matches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// How many matches.
    pub hidden: u64,
    /// Event time of the earliest.
    pub first: Option<Timestamp>,
    /// Event time of the latest.
    pub last: Option<Timestamp>,
}

impl Use {
    fn add(&mut self, hidden: u64, first: Option<Timestamp>, last: Option<Timestamp>) {
        self.hidden += hidden;
        self.first = self.first.into_iter().chain(first).min();
        self.last = self.last.into_iter().chain(last).max();
    }
}

/// An exception and its use, for a list of exceptions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionReport {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub tenant: TenantId,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: Timestamp,
    /// Whether that is over.
    pub expired: bool,
    /// What it hid.
    pub used: Use,
}

impl TuningUse {
    /// Counts a hidden match.
    pub fn add(&mut self, hidden: &HiddenMatch) {
        let of_tenant = self.tenants.entry(hidden.found.tenant.clone()).or_default();
        let used = match &hidden.by {
            HiddenBy::DisabledRule(id) => of_tenant.disabled.entry(id.clone()).or_default(),
            HiddenBy::Exception(id) => of_tenant.exceptions.entry(id.clone()).or_default(),
        };
        used.add(1, Some(hidden.found.time), Some(hidden.found.time));
    }

    /// Adds what was counted elsewhere.
    pub fn absorb(&mut self, other: &Self) {
        for (tenant, uses) in &other.tenants {
            let of_tenant = self.tenants.entry(tenant.clone()).or_default();
            for (id, used) in &uses.disabled {
                of_tenant.disabled.entry(id.clone()).or_default().add(used.hidden, used.first, used.last);
            }
            for (id, used) in &uses.exceptions {
                of_tenant.exceptions.entry(id.clone()).or_default().add(used.hidden, used.first, used.last);
            }
        }
    }

    /// What the exception `id` of `tenant` hid.
    #[must_use]
    pub fn of_exception(&self, tenant: &TenantId, id: &str) -> Use {
        self.tenants.get(tenant).and_then(|uses| uses.exceptions.get(id)).copied().unwrap_or_default()
    }

    /// What disabling the rule `id` for `tenant` hid.
    #[must_use]
    pub fn of_disabled_rule(&self, tenant: &TenantId, id: &str) -> Use {
        self.tenants.get(tenant).and_then(|uses| uses.disabled.get(id)).copied().unwrap_or_default()
    }
}

impl Overlay {
    /// Every exception of `tenant` with its use, as of `time`. One that hid nothing is in it, too: it may be
    /// needless.
    #[must_use]
    pub fn report(&self, tenant: &TenantId, uses: &TuningUse, time: Timestamp) -> Vec<ExceptionReport> {
        let of_tenant = self.tuning().exceptions.iter().filter(|exception| exception.tenant == *tenant);
        of_tenant
            .map(|exception| ExceptionReport {
                id: exception.id.clone(),
                tenant: exception.tenant.clone(),
                owner: exception.owner.clone(),
                reason: exception.reason.clone(),
                expires: exception.expires,
                expired: exception.expires <= time,
                used: uses.of_exception(tenant, &exception.id),
            })
            .collect()
    }
}
