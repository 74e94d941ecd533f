//! `[marts]`: tables whose keys are names of marts and tenants.

use std::collections::BTreeMap;
use std::ops::Range;

use sentra_model::{Mart, TenantId};
use sentra_store::{Retention, RetentionPolicy};
use serde::Deserialize;

use super::load::ConfigError;

/// Name of the table.
pub(super) const TABLE: &str = "marts";

/// Settings of the marts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MartSettings {
    /// How long events are kept.
    #[serde(default)]
    pub retention: MartRetention,
}

/// How long the events of the marts are kept, by default, by mart, and by tenant and mart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MartRetention {
    /// Days after which an event may go, by event time; 0 keeps all.
    #[serde(default)]
    pub days: u32,
    /// Bytes on disk of each mart of a tenant; 0 keeps all.
    #[serde(default)]
    pub bytes: u64,
    /// Of particular marts.
    #[serde(default)]
    pub marts: BTreeMap<Mart, MartLimit>,
    /// Of particular marts of particular tenants.
    #[serde(default)]
    pub tenants: BTreeMap<TenantId, BTreeMap<Mart, MartLimit>>,
}

/// How long the events of one mart are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MartLimit {
    /// Days after which an event may go; 0 keeps all.
    #[serde(default)]
    pub days: u32,
    /// Bytes on disk; 0 keeps all.
    #[serde(default)]
    pub bytes: u64,
}

impl MartSettings {
    /// The table in the TOML `text`; what stands elsewhere is not looked at.
    pub(super) fn parse(text: &str, place: impl Fn(Range<usize>) -> String) -> Result<Self, ConfigError> {
        #[derive(Deserialize)]
        struct Tables {
            #[serde(default)]
            marts: MartSettings,
        }
        let tables: Result<Tables, _> = toml::from_str(text);
        tables.map(|tables| tables.marts).map_err(|error| ConfigError::Syntax {
            place: place(error.span().unwrap_or_default()),
            message: error.message().to_owned(),
        })
    }
}

impl MartRetention {
    /// As the store takes it.
    #[must_use]
    pub fn policy(&self) -> RetentionPolicy {
        let of = |MartLimit { days, bytes }: MartLimit| Retention {
            days: (days > 0).then_some(days),
            bytes: (bytes > 0).then_some(bytes),
        };
        let of_tenants = self.tenants.iter().flat_map(|(tenant, marts)| {
            marts.iter().map(|(mart, limit)| ((tenant.clone(), mart.clone()), of(*limit)))
        });
        RetentionPolicy {
            default: of(MartLimit { days: self.days, bytes: self.bytes }),
            marts: self.marts.iter().map(|(mart, limit)| (mart.clone(), of(*limit))).collect(),
            tenants: of_tenants.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[test]
    fn retention_is_read_by_default_mart_and_tenant() {
        let text = "
[marts.retention]
days = 365

[marts.retention.marts]
firewall = { days = 30, bytes = 1_000 }

[marts.retention.tenants.acme]
firewall = { days = 90 }
";
        let mut config = Config::default();
        assert!(config.marts.retention.policy().keeps_all());
        config.apply_toml("sentra.toml", text).unwrap();
        let policy = config.marts.retention.policy();
        let of = |tenant: &str, mart: &Mart| policy.of(&tenant.parse().unwrap(), mart);
        assert_eq!(of("acme", &Mart::LINUX), Retention { days: Some(365), bytes: None });
        assert_eq!(of("other", &Mart::FIREWALL), Retention { days: Some(30), bytes: Some(1_000) });
        assert_eq!(of("acme", &Mart::FIREWALL), Retention { days: Some(90), bytes: None });
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, place, expected) in [
            ("[marts.retention]\ndayz = 3", "sentra.toml:2:", "unknown field `dayz`"),
            ("[marts.retention]\ndays = -3", "sentra.toml:2:", "u32"),
            ("[marts.retention.tenants.'../x']\nlinux = { days = 1 }", "sentra.toml:1:", "tenant"),
            ("[marts]\nretentoin = {}", "sentra.toml:2:", "unknown field"),
        ] {
            let message = Config::default().apply_toml("sentra.toml", text).unwrap_err().to_string();
            assert!(message.starts_with(place) && message.contains(expected), "{message}");
        }
    }
}
