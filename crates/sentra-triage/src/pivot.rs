//! By what two signals belong together.
//!
//! A shared target is not enough: two strangers attack one server, and one story about both would be wrong.
//! So signals connect over where they came from, over an account on a host, a session, a program that is not
//! everybody's, a file's content or an indicator. Over the host alone, or the account alone, they only join what
//! is there already, and the host only when nothing says where they came from.

use sentra_model::{Digest, EntityRef, EntityType, FactKind, JoinReason, Role, Signal};

use crate::risk::{enrichment, is_service, is_shared};

/// Pivots of one signal; of more the strongest kinds stay.
pub(crate) const PIVOTS_MAX: usize = 128;
/// Hosts and accounts of one signal that its pivots are made of: the ones named first.
const HOSTS_MAX: usize = 16;
const ACCOUNTS_MAX: usize = 32;
/// A pivot of this weight makes one incident of two.
pub(crate) const MERGE_WEIGHT: f64 = 1.0;
/// A pivot of this weight lets a signal join an incident.
pub(crate) const JOIN_WEIGHT: f64 = 0.45;

/// What kind of thing a pivot is, the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum PivotKind {
    Session,
    Address,
    Indicator,
    Hash,
    AccountOnHost,
    Program,
    Host,
    Account,
}

/// Something that two signals of one incident have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Pivot {
    pub(crate) kind: PivotKind,
    /// The folded name of it.
    pub(crate) value: String,
    /// The short name of the host where it has this meaning; empty where it has it everywhere.
    pub(crate) host: String,
}

impl Pivot {
    fn new(kind: PivotKind, value: impl Into<String>) -> Self {
        Self { kind, value: value.into(), host: String::new() }
    }

    fn on(kind: PivotKind, value: impl Into<String>, host: &str) -> Self {
        Self { kind, value: value.into(), host: host.to_owned() }
    }

    /// How much it says when it is rare.
    pub(crate) fn weight(&self) -> f64 {
        match self.kind {
            PivotKind::Session => 3.0,
            PivotKind::Address => 2.2,
            PivotKind::Indicator | PivotKind::Hash | PivotKind::AccountOnHost => 2.0,
            PivotKind::Program => 1.3,
            PivotKind::Host => 0.9,
            PivotKind::Account => 0.8,
        }
    }

    /// What is remembered of its commonness under.
    pub(crate) fn key(&self) -> u64 {
        let kind = match self.kind {
            PivotKind::Session => "session",
            PivotKind::Address => "ip",
            PivotKind::Indicator => "indicator",
            PivotKind::Hash => "hash",
            PivotKind::AccountOnHost => "account on host",
            PivotKind::Program => "program",
            PivotKind::Host => "host",
            PivotKind::Account => "account",
        };
        Digest::new("pivot/1").text(kind).text(&self.value).text(&self.host).first_u64()
    }

    /// The account of an account on a host.
    pub(crate) fn account(&self) -> Option<Self> {
        (self.kind == PivotKind::AccountOnHost).then(|| Self::new(PivotKind::Account, self.value.clone()))
    }

    /// Whether somebody declared that many share it.
    pub(crate) fn is_declared_shared(&self, signal: &Signal) -> bool {
        let is_account = |entity: &EntityRef| {
            entity.entity_type == EntityType::User && short_account(&entity.value) == self.value
        };
        // A program's account is on many hosts; on one of them it still says who did it.
        if self.kind == PivotKind::Account && is_service(signal, is_account) {
            return true;
        }
        is_shared(signal, |entity| match (self.kind, entity.entity_type) {
            (PivotKind::Address, EntityType::Ip) => entity.value == self.value,
            (PivotKind::Host, EntityType::Host) => short_host(&entity.value) == self.value,
            (PivotKind::Account | PivotKind::AccountOnHost, EntityType::User) => is_account(entity),
            _ => false,
        })
    }

    /// The reason for a join over it.
    pub(crate) fn reason(&self) -> JoinReason {
        let shared = |entity_type, value: String| JoinReason::SharedEntity { entity_type, value };
        let value = self.value.clone();
        match self.kind {
            PivotKind::Session => shared(EntityType::Session, format!("{value} on {}", self.host)),
            PivotKind::Address => shared(EntityType::Ip, value),
            PivotKind::Indicator => JoinReason::Indicator { value },
            PivotKind::Hash => JoinReason::FileHash { value },
            PivotKind::AccountOnHost => shared(EntityType::User, format!("{value} on {}", self.host)),
            PivotKind::Program => JoinReason::ProcessTree { host: self.host.clone(), process: value },
            PivotKind::Host => shared(EntityType::Host, value),
            PivotKind::Account => shared(EntityType::User, value),
        }
    }
}

/// Accounts that everything on a machine shares; they connect nothing.
const SHARED_ACCOUNTS: [&str; 9] = [
    "system",
    "local service",
    "network service",
    "root",
    "-",
    "anonymous logon",
    "window manager",
    "n/a",
    "null",
];

/// Names that each machine has an account of its own under: they say nothing across hosts.
const LOCAL_ACCOUNTS: [&str; 12] = [
    "administrator",
    "admin",
    "guest",
    "user",
    "test",
    "ubuntu",
    "debian",
    "ec2-user",
    "centos",
    "vagrant",
    "www-data",
    "postgres",
];

/// Programs that everything on a machine runs in; they connect nothing.
const SHARED_PROGRAMS: [&str; 36] = [
    "cmd.exe",
    "powershell.exe",
    "pwsh.exe",
    "explorer.exe",
    "svchost.exe",
    "services.exe",
    "lsass.exe",
    "csrss.exe",
    "winlogon.exe",
    "wininit.exe",
    "smss.exe",
    "conhost.exe",
    "wmiprvse.exe",
    "rundll32.exe",
    "dllhost.exe",
    "taskhostw.exe",
    "taskeng.exe",
    "userinit.exe",
    "msmpeng.exe",
    "system",
    "-",
    "bash",
    "sh",
    "dash",
    "zsh",
    "sudo",
    "su",
    "sshd",
    "cron",
    "crond",
    "systemd",
    "init",
    "login",
    "python",
    "python3",
    "perl",
];

/// Sessions of services and those that are none: Windows logs its own services on as 0x3e4, 0x3e5 and 0x3e7.
const SHARED_SESSIONS: [&str; 10] =
    ["0x3e4", "0x3e5", "0x3e7", "996", "997", "999", "0x0", "0", "-", "4294967295"];

/// Whether an account is one that connects somebody's doings.
pub(crate) fn connects(account: &str) -> bool {
    // Window managers and font drivers have an account per session: DWM-1, UMFD-0.
    let of_session = account.starts_with("dwm-") || account.starts_with("umfd-");
    !account.is_empty() && !account.ends_with('$') && !of_session && !SHARED_ACCOUNTS.contains(&account)
}

/// The accounts of a signal that connect it to others. Of logins only those that succeeded: the names
/// that merely failed were chosen by the attacker.
fn accounts(signal: &Signal) -> Vec<&str> {
    let is_login = |kind| matches!(kind, FactKind::LoginsFailed | FactKind::LoginsSucceeded);
    if signal.facts.iter().any(|fact| is_login(fact.kind)) {
        let succeeded = signal.facts.iter().filter(|fact| fact.kind == FactKind::LoginsSucceeded);
        let names = succeeded.filter_map(|fact| fact.values.get("user"));
        return names.flat_map(|set| set.shown.iter().map(String::as_str)).collect();
    }
    of(signal, EntityType::User).map(|entity| entity.value.as_str()).collect()
}

fn of(signal: &Signal, entity_type: EntityType) -> impl Iterator<Item = &EntityRef> {
    signal.entities.iter().filter(move |entity| entity.entity_type == entity_type)
}

/// The short, folded name of a host: Windows writes it with and without its domain.
fn short_host(name: &str) -> String {
    let is_address = name.parse::<std::net::IpAddr>().is_ok();
    let short = if is_address { name } else { name.split('.').next().unwrap_or(name) };
    short.to_lowercase()
}

pub(crate) fn short_account(name: &str) -> String {
    let account = name.rsplit('\\').next().unwrap_or(name);
    account.split('@').next().unwrap_or(account).to_lowercase()
}

pub(crate) fn is_loopback(address: &str) -> bool {
    address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

fn source_addresses(signal: &Signal) -> impl Iterator<Item = &EntityRef> {
    of(signal, EntityType::Ip).filter(|entity| entity.role == Role::Source && !is_loopback(&entity.value))
}

/// Whether a program of the host itself connected to somewhere: its source is the host, nobody from elsewhere.
fn is_outbound(signal: &Signal) -> bool {
    let acts = of(signal, EntityType::Process).any(|entity| entity.role == Role::Actor);
    acts && of(signal, EntityType::Ip).any(|entity| entity.role == Role::Destination)
}

fn programs(signal: &Signal) -> impl Iterator<Item = String> {
    let acting = of(signal, EntityType::Process).filter(|entity| entity.role == Role::Actor);
    let parents = signal.facts.iter().filter_map(|fact| fact.values.get("parent"));
    let parents = parents.flat_map(|set| set.shown.iter().map(String::as_str));
    let paths = acting.map(|entity| entity.value.as_str()).chain(parents).map(str::to_lowercase);
    paths.filter(|path| {
        let name = path.rsplit(['\\', '/']).next().unwrap_or(path);
        !name.is_empty() && !SHARED_PROGRAMS.contains(&name)
    })
}

fn stated<'a>(signal: &'a Signal, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let stated = signal.enrichments.iter().filter(move |stated| stated.name == name);
    stated.map(|stated| stated.value.to_lowercase()).filter(|value| !value.is_empty())
}

fn hashes(signal: &Signal) -> impl Iterator<Item = String> {
    let seen = signal.facts.iter().filter_map(|fact| fact.values.get("hash"));
    let seen = seen.flat_map(|set| set.shown.iter().map(|hash| hash.to_lowercase()));
    // Shorter ones are no digests of a content.
    seen.chain(stated(signal, enrichment::HASH)).filter(|hash| hash.len() >= 32)
}

/// The pivots of `signal`, the strongest kinds first, without repeats.
pub(crate) fn pivots(signal: &Signal) -> Vec<Pivot> {
    let mut pivots: Vec<Pivot> =
        source_addresses(signal).map(|entity| Pivot::new(PivotKind::Address, &entity.value)).collect();
    let remote = !pivots.is_empty() && !is_outbound(signal);
    let mut hosts: Vec<String> = Vec::new();
    for host in of(signal, EntityType::Host).map(|host| short_host(&host.value)) {
        if hosts.len() < HOSTS_MAX && !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    let names = accounts(signal).into_iter().map(short_account).filter(|account| connects(account));
    for account in names.take(ACCOUNTS_MAX) {
        if !LOCAL_ACCOUNTS.contains(&account.as_str()) {
            pivots.push(Pivot::new(PivotKind::Account, account.clone()));
        }
        pivots.extend(hosts.iter().map(|host| Pivot::on(PivotKind::AccountOnHost, account.clone(), host)));
    }
    for session in of(signal, EntityType::Session).map(|session| session.value.to_lowercase()) {
        if !session.is_empty() && !SHARED_SESSIONS.contains(&session.as_str()) {
            pivots.extend(hosts.iter().map(|host| Pivot::on(PivotKind::Session, session.clone(), host)));
        }
    }
    for program in programs(signal) {
        pivots.extend(hosts.iter().map(|host| Pivot::on(PivotKind::Program, program.clone(), host)));
    }
    pivots.extend(hashes(signal).map(|hash| Pivot::new(PivotKind::Hash, hash)));
    pivots.extend(stated(signal, enrichment::INDICATOR).map(|value| Pivot::new(PivotKind::Indicator, value)));
    if !remote {
        pivots.extend(hosts.into_iter().map(|host| Pivot::new(PivotKind::Host, host)));
    }
    pivots.sort();
    pivots.dedup();
    pivots.truncate(PIVOTS_MAX);
    pivots
}

/// What the commonness of an address, a host, an account … is measured by: the accounts, hosts and source addresses
/// it occurs with.
pub(crate) fn partners(signal: &Signal) -> Vec<Pivot> {
    let addresses = source_addresses(signal).map(|entity| Pivot::new(PivotKind::Address, &entity.value));
    let hosts = of(signal, EntityType::Host).map(|host| Pivot::new(PivotKind::Host, short_host(&host.value)));
    let users = of(signal, EntityType::User).map(|user| short_account(&user.value));
    let users = users.filter(|account| connects(account));
    let mut partners: Vec<Pivot> =
        addresses.chain(hosts).chain(users.map(|user| Pivot::new(PivotKind::Account, user))).collect();
    partners.sort();
    partners.dedup();
    partners
}

#[cfg(test)]
mod tests {
    use sentra_model::{FactKind, Timestamp};

    use super::*;
    use crate::testing::{fact, signal, with_entity};

    fn texts(signal: &Signal) -> Vec<String> {
        let text = |pivot: Pivot| format!("{:?} {}@{}", pivot.kind, pivot.value, pivot.host);
        pivots(signal).into_iter().map(text).collect()
    }

    #[test]
    fn a_remote_finding_does_not_join_over_its_target() {
        let remote = signal("a", 0, Some("192.0.2.1"), "web-1", "alice");
        assert_eq!(texts(&remote), ["Address 192.0.2.1@", "AccountOnHost alice@web-1", "Account alice@"]);
        let local = signal("a", 0, None, "WEB-1.example.net", "alice");
        assert_eq!(texts(&local), ["AccountOnHost alice@web-1", "Host web-1@", "Account alice@"]);
    }

    #[test]
    fn a_program_that_connects_out_is_local() {
        let out = signal("a", 0, Some("192.0.2.1"), "web-1", "root");
        let out = with_entity(out, EntityType::Ip, Role::Destination, "203.0.113.9");
        let out = with_entity(out, EntityType::Process, Role::Actor, "C:\\Temp\\Beacon.exe");
        assert_eq!(texts(&out), ["Address 192.0.2.1@", "Program c:\\temp\\beacon.exe@web-1", "Host web-1@"]);
    }

    #[test]
    fn names_that_only_failed_to_log_in_connect_nothing() {
        let at = Timestamp::from_seconds(0);
        let mut failed = signal("a", 0, Some("192.0.2.1"), "web-1", "alice");
        failed.facts.push(fact(FactKind::LoginsFailed, at, "user", "alice"));
        assert_eq!(texts(&failed), ["Address 192.0.2.1@"]);
        failed.facts.push(fact(FactKind::LoginsSucceeded, at, "user", "bob"));
        assert_eq!(texts(&failed), ["Address 192.0.2.1@", "AccountOnHost bob@web-1", "Account bob@"]);
    }

    #[test]
    fn what_everybody_shares_connects_nothing() {
        for shared in ["root", "SYSTEM", "NT AUTHORITY\\SYSTEM", "WEB-1$", "-", "Window Manager\\DWM-1"] {
            let local = signal("a", 0, None, "web-1", shared);
            let local =
                with_entity(local, EntityType::Process, Role::Actor, "C:\\Windows\\System32\\cmd.exe");
            assert_eq!(texts(&local), ["Host web-1@"], "{shared}");
        }
    }

    #[test]
    fn an_account_that_every_host_has_connects_on_its_host_alone() {
        let local = signal("a", 0, None, "web-1", "Administrator");
        assert_eq!(texts(&local), ["AccountOnHost administrator@web-1", "Host web-1@"]);
    }

    #[test]
    fn the_pivots_of_a_signal_are_bounded() {
        let mut wide = signal("a", 0, None, "web-1", "alice");
        for number in 0..500 {
            wide = with_entity(wide, EntityType::Host, Role::Target, &format!("h{number}"));
            wide = with_entity(wide, EntityType::User, Role::Target, &format!("u{number}"));
        }
        assert!(pivots(&wide).len() <= PIVOTS_MAX);
    }
}
