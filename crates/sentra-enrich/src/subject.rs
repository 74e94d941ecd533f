use sentra_model::{EntityType, Signal, Timestamp};

use crate::enricher::Enricher;
use crate::identity::{IdentityStatus, Privilege};

/// Law LIMIT: entities of a signal that are looked up.
pub const ENTITIES_PER_SIGNAL_MAX: usize = 64;

/// How much the subjects of a signal weigh, for whoever computes a risk: the most critical machine and the most
/// powerful account that take part.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SubjectWeight {
    /// The smallest tier of the machines, 1 (most critical) to 4; `None` when no machine is known.
    pub tier: Option<u8>,
    /// The machine with that tier.
    pub asset: Option<String>,
    /// What it does.
    pub asset_role: Option<String>,
    /// Whether every machine is managed; `None` when nobody says so of any.
    pub is_managed: Option<bool>,
    /// The most powerful account's privilege; `None` when no account is known.
    pub privilege: Option<Privilege>,
    /// Whose it is.
    pub identity: Option<String>,
    /// The worst status of the identities at the end of the signal, and since when it is so.
    pub status: Option<(IdentityStatus, Option<Timestamp>)>,
    /// Whether an address from outside takes part; `None` when no address does.
    pub has_outside_address: Option<bool>,
}

impl Enricher {
    /// How much the subjects of `signal` weigh. A name that a machine gave itself by DHCP makes it no more critical.
    #[must_use]
    pub fn subject_weight(&self, signal: &Signal) -> SubjectWeight {
        let mut weight = SubjectWeight::default();
        if *self.tenant() != signal.tenant {
            return weight;
        }
        for entity in signal.entities.iter().take(ENTITIES_PER_SIGNAL_MAX) {
            match entity.entity_type {
                EntityType::User => self.weigh_user(&entity.value, signal.last, &mut weight),
                EntityType::Host => self.weigh_host(&entity.value, &mut weight),
                EntityType::Ip => self.weigh_address(&entity.value, signal.last, &mut weight),
                _ => {}
            }
        }
        weight
    }

    fn weigh_user(&self, name: &str, time: Timestamp, weight: &mut SubjectWeight) {
        let Some(person) = self.identity(name) else { return };
        let privilege = person.privilege();
        if weight.privilege.is_none_or(|known| privilege > known) {
            weight.privilege = Some(privilege);
            weight.identity = Some(person.key().to_owned());
        }
        let status = person.status_at(time);
        if weight.status.is_none_or(|known| status.0 > known.0) {
            weight.status = Some(status);
        }
    }

    fn weigh_host(&self, host: &str, weight: &mut SubjectWeight) {
        let Some(asset) = self.asset(host) else { return };
        if let Some(is_managed) = asset.is_managed() {
            weight.is_managed = Some(is_managed && weight.is_managed.unwrap_or(true));
        }
        if weight.tier.is_none_or(|known| asset.tier() < known) {
            weight.tier = Some(asset.tier());
            weight.asset = Some(asset.name().to_owned());
            weight.asset_role = asset.role().map(str::to_owned);
        }
    }

    fn weigh_address(&self, text: &str, time: Timestamp, weight: &mut SubjectWeight) {
        let Some(zone) = self.zone(text) else { return };
        weight.has_outside_address = Some(!zone.kind.is_own() || weight.has_outside_address == Some(true));
        let Some(found) = text.parse().ok().and_then(|address| self.host_at(address, time)) else { return };
        if !found.is_self_named {
            self.weigh_host(found.host, weight);
        }
    }
}
