//! By what two signals belong together.
//!
//! A shared target is not enough: two strangers attack one server, and one story about both would be wrong.
//! So signals join over where they came from, over an account on a host, and over the host alone only
//! when nothing says where they came from.

use sentra_model::{EntityType, FactKind, Role, Signal};

/// Something that two signals of one incident have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Pivot {
    pub(crate) entity_type: EntityType,
    pub(crate) value: String,
}

impl Pivot {
    /// How much it says: an account on a host more than the host that everything there shares.
    pub(crate) fn weight(&self) -> u32 {
        match self.entity_type {
            EntityType::Ip => 3,
            EntityType::User => 2,
            _ => 1,
        }
    }
}

/// Accounts that everything on a machine shares; they connect nothing.
const SHARED_ACCOUNTS: [&str; 8] = [
    "system",
    "local service",
    "network service",
    "root",
    "-",
    "anonymous logon",
    "nt authority\\system",
    "window manager",
];

/// The accounts of a signal that connect it to others. Of logins only those that succeeded: the names
/// that merely failed were chosen by the attacker.
fn accounts(signal: &Signal) -> Vec<&str> {
    let is_login = |kind| matches!(kind, FactKind::LoginsFailed | FactKind::LoginsSucceeded);
    if signal.facts.iter().any(|fact| is_login(fact.kind)) {
        let succeeded = signal.facts.iter().filter(|fact| fact.kind == FactKind::LoginsSucceeded);
        let names = succeeded.filter_map(|fact| fact.values.get("user"));
        return names.flat_map(|set| set.shown.iter().map(String::as_str)).collect();
    }
    let users = signal.entities.iter().filter(|entity| entity.entity_type == EntityType::User);
    users.map(|entity| entity.value.as_str()).collect()
}

/// The short, folded name of a host: Windows writes it with and without its domain.
fn short_host(name: &str) -> String {
    let is_address = name.parse::<std::net::IpAddr>().is_ok();
    let short = if is_address { name } else { name.split('.').next().unwrap_or(name) };
    short.to_lowercase()
}

fn short_account(name: &str) -> String {
    let account = name.rsplit('\\').next().unwrap_or(name);
    account.split('@').next().unwrap_or(account).to_lowercase()
}

fn is_loopback(address: &str) -> bool {
    address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

/// The pivots of `signal`, sorted, without repeats.
pub(crate) fn pivots(signal: &Signal) -> Vec<Pivot> {
    let of = |entity_type: EntityType| {
        signal.entities.iter().filter(move |entity| entity.entity_type == entity_type)
    };
    let mut pivots: Vec<Pivot> = of(EntityType::Ip)
        .filter(|entity| entity.role == Role::Source && !is_loopback(&entity.value))
        .map(|entity| Pivot { entity_type: EntityType::Ip, value: entity.value.clone() })
        .collect();
    let remote = !pivots.is_empty();
    let hosts: Vec<String> = of(EntityType::Host).map(|host| short_host(&host.value)).collect();
    for account in accounts(signal).into_iter().map(short_account) {
        if account.is_empty() || account.ends_with('$') || SHARED_ACCOUNTS.contains(&account.as_str()) {
            continue;
        }
        pivots.extend(
            hosts
                .iter()
                .map(|host| Pivot { entity_type: EntityType::User, value: format!("{account} on {host}") }),
        );
    }
    if !remote {
        pivots.extend(hosts.into_iter().map(|value| Pivot { entity_type: EntityType::Host, value }));
    }
    pivots.sort();
    pivots.dedup();
    pivots
}

#[cfg(test)]
mod tests {
    use sentra_model::{FactKind, Timestamp};

    use super::*;
    use crate::testing::{fact, signal};

    fn texts(signal: &Signal) -> Vec<String> {
        pivots(signal).into_iter().map(|pivot| format!("{} {}", pivot.entity_type, pivot.value)).collect()
    }

    #[test]
    fn a_remote_finding_does_not_join_over_its_target() {
        let remote = signal("a", 0, Some("192.0.2.1"), "web-1", "alice");
        assert_eq!(texts(&remote), ["user alice on web-1", "ip 192.0.2.1"]);
        let local = signal("a", 0, None, "WEB-1.example.net", "alice");
        assert_eq!(texts(&local), ["user alice on web-1", "host web-1"]);
    }

    #[test]
    fn names_that_only_failed_to_log_in_connect_nothing() {
        let at = Timestamp::from_seconds(0);
        let mut failed = signal("a", 0, Some("192.0.2.1"), "web-1", "alice");
        failed.facts.push(fact(FactKind::LoginsFailed, at, "user", "alice"));
        assert_eq!(texts(&failed), ["ip 192.0.2.1"]);
        failed.facts.push(fact(FactKind::LoginsSucceeded, at, "user", "bob"));
        assert_eq!(texts(&failed), ["user bob on web-1", "ip 192.0.2.1"]);
    }

    #[test]
    fn accounts_that_everybody_shares_connect_nothing() {
        for shared in ["root", "SYSTEM", "NT AUTHORITY\\SYSTEM", "WEB-1$", "-"] {
            let local = signal("a", 0, None, "web-1", shared);
            assert_eq!(texts(&local), ["host web-1"], "{shared}");
        }
    }
}
