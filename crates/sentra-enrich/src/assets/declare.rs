//! What one row or entry says about one machine.

use std::borrow::Cow;

use sentra_model::Timestamp;

use super::{ADDRESSES_PER_ASSET_MAX, AssetAttribute, NAMES_PER_ASSET_MAX};
use crate::fold::{NAME_CHARS_MAX, fold, fold_column};
use crate::identity::first_of_dn;
use crate::import::{Cells, ColumnTable};
use crate::moment::moment;
use crate::networks::Prefix;

/// `SERVER_TRUST_ACCOUNT` of `userAccountControl`: a domain controller.
const DOMAIN_CONTROLLER: u32 = 0x2000;

/// What a column can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Host,
    Address,
    Owner,
    Tier,
    Role,
    Environment,
    Managed,
    System,
    Site,
    ObjectClass,
    Control,
    PrimaryGroup,
    Changed,
    Dn,
}

pub(super) const TABLE: &ColumnTable<Column> = &[
    (
        Column::Host,
        "host",
        &[
            "hostname",
            "fqdn",
            "dnshostname",
            "dnsname",
            "computername",
            "computer",
            "machine",
            "machinename",
            "device",
            "devicename",
            "server",
            "servername",
            "samaccountname",
            "netbiosname",
            "name",
            "cn",
            "hostnames",
            "aliases",
            "assettag",
        ],
    ),
    (
        Column::Address,
        "addresses",
        &[
            "address",
            "ip",
            "ips",
            "ipaddress",
            "ipaddresses",
            "ipv4",
            "ipv6",
            "ipv4address",
            "ipv6address",
            "primaryip",
            "cidr",
            "network",
            "iphostnumber",
            "networkinterfacesip",
        ],
    ),
    (
        Column::Owner,
        "owner",
        &["ownedby", "assignedto", "user", "primaryuser", "managedby", "custodian", "responsible", "contact"],
    ),
    (
        Column::Tier,
        "tier",
        &["criticality", "importance", "businesscriticality", "assetcriticality", "severity", "priority"],
    ),
    (
        Column::Role,
        "role",
        &["type", "assettype", "function", "assetrole", "class", "category", "devicetype", "purpose"],
    ),
    (Column::Environment, "environment", &["env", "stage", "landscape", "umgebung"]),
    (
        Column::Managed,
        "managed",
        &["ismanaged", "enrolled", "mdm", "managementstate", "compliant", "iscompliant", "trusttype"],
    ),
    (Column::System, "system", &["os", "operatingsystem", "platform", "osname"]),
    (Column::Site, "site", &["location", "office", "datacenter", "standort", "l"]),
    (Column::ObjectClass, "object_class", &["objectcategory"]),
    (Column::Control, "user_account_control", &[]),
    (Column::PrimaryGroup, "primary_group_id", &[]),
    (
        Column::Changed,
        "changed",
        &["whenchanged", "modifytimestamp", "lastmodified", "lastupdated", "updated"],
    ),
    (Column::Dn, "dn", &["distinguishedname"]),
];

/// The attributes that `columns` of an assets source can map.
pub fn asset_attributes() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(_, name, _)| *name)
}

/// Roles by the words they are called with, and the tier of each where none is stated.
const ROLES: [(&str, u8, &[&str]); 18] = [
    ("domain controller", 1, &["domaincontroller", "dc", "adds", "activedirectory"]),
    ("identity provider", 1, &["identityprovider", "idp", "sso", "adfs", "entraconnect"]),
    ("certificate authority", 1, &["certificateauthority", "pki"]),
    ("mainframe", 1, &["mainframe", "zos", "ibmi"]),
    ("hypervisor", 1, &["hypervisor", "esxi", "vcenter", "hyperv"]),
    ("backup server", 2, &["backup"]),
    ("jump host", 2, &["jumphost", "jumpserver", "jumpbox", "bastion", "paw", "privilegedaccessworkstation"]),
    ("database", 2, &["database", "db", "dbserver", "sqlserver", "oracle", "postgres"]),
    ("firewall", 2, &["firewall", "vpngateway"]),
    ("network device", 2, &["networkdevice", "router", "switch", "accesspoint", "loadbalancer"]),
    ("mail server", 2, &["mailserver", "exchange", "smtp"]),
    ("file server", 2, &["fileserver", "nas"]),
    ("application server", 2, &["applicationserver", "appserver"]),
    ("web server", 3, &["webserver", "web", "proxy"]),
    ("server", 3, &["server", "memberserver", "vm", "virtualmachine"]),
    ("workstation", 4, &["workstation", "desktop", "laptop", "notebook", "pc", "client", "endpoint"]),
    ("mobile device", 4, &["mobile", "mobiledevice", "phone", "smartphone", "tablet"]),
    ("printer", 4, &["printer", "mfp"]),
];

/// The role's usual name; what is not known stays as it is, folded.
fn role(text: &str) -> Cow<'_, str> {
    let word = fold_column(text);
    let known =
        ROLES.iter().find(|(name, _, words)| fold_column(name) == word || words.contains(&word.as_str()));
    known.map_or_else(|| fold(text), |(name, _, _)| Cow::Borrowed(*name))
}

pub(super) fn tier_of_role(role: &str) -> Option<u8> {
    ROLES.iter().find(|(name, _, _)| *name == role).map(|(_, tier, _)| *tier)
}

/// 1 to 4 of `1`, `Tier 2`, `T0`, `high`.
fn tier(text: &str) -> Option<u8> {
    let word = fold_column(text);
    let digits = word.trim_start_matches("tier").trim_start_matches(['t', 'p']);
    match digits.parse::<u8>() {
        Ok(0) => return Some(1),
        Ok(tier @ 1..=4) => return Some(tier),
        _ => {}
    }
    match word.as_str() {
        "critical" | "veryhigh" | "missioncritical" | "crownjewel" | "kritisch" => Some(1),
        "high" | "important" | "hoch" => Some(2),
        "medium" | "normal" | "moderate" | "mittel" => Some(3),
        "low" | "verylow" | "none" | "niedrig" => Some(4),
        _ => None,
    }
}

fn managed(text: &str) -> Option<bool> {
    let word = fold_column(text);
    let is = |words: &[&str]| words.iter().any(|known| word.contains(known));
    match () {
        () if is(&[
            "unmanaged",
            "notmanaged",
            "byod",
            "noncompliant",
            "notenrolled",
            "workplace",
            "personal",
        ]) =>
        {
            Some(false)
        }
        () if matches!(word.as_str(), "0" | "false" | "no" | "nein" | "none" | "n") => Some(false),
        () if is(&["managed", "compliant", "enrolled", "azuread", "serverad", "corporate", "hybrid"]) => {
            Some(true)
        }
        () if matches!(word.as_str(), "1" | "true" | "yes" | "ja" | "y") => Some(true),
        () => None,
    }
}

/// A row, understood.
#[derive(Debug, Clone, Default)]
pub(super) struct Declared {
    /// Folded.
    pub(super) names: Vec<String>,
    pub(super) addresses: Vec<Prefix>,
    pub(super) addresses_total: u64,
    pub(super) claims: Vec<(AssetAttribute, String)>,
    pub(super) as_of: Timestamp,
    /// What looks like an address or tier and is none.
    pub(super) odd: Vec<String>,
}

/// What the cells say; `None` for entries that are no machines.
pub(super) fn declare(cells: &Cells<'_, Column>, as_of: Timestamp) -> Option<Declared> {
    let mut classes = cells.all(Column::ObjectClass).map(fold).peekable();
    let has_class = classes.peek().is_some();
    let is_machine = classes.any(|class| matches!(class.as_ref(), "computer" | "device" | "iphost"));
    if has_class && !is_machine {
        return None;
    }
    let changed = cells.first(Column::Changed).and_then(moment);
    let mut declared =
        Declared { as_of: changed.map_or(as_of, |changed| changed.min(as_of)), ..Declared::default() };
    for name in cells.lists(Column::Host) {
        if let Ok(address) = name.parse() {
            declared.addresses.extend(Prefix::of(address));
            continue;
        }
        let name = host_name(name);
        let is_usable = !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX && !name.contains('=');
        if is_usable && declared.names.len() < NAMES_PER_ASSET_MAX && !declared.names.contains(&name) {
            declared.names.push(name);
        }
    }
    addresses(cells, &mut declared);
    texts(cells, &mut declared);
    Some(declared)
}

fn addresses(cells: &Cells<'_, Column>, declared: &mut Declared) {
    declared.addresses_total = cells.beyond(Column::Address) + declared.addresses.len() as u64;
    for text in cells.lists(Column::Address).flat_map(|text| text.split(' ')).filter(|text| !text.is_empty())
    {
        match Prefix::parse(text) {
            Some(prefix) => {
                declared.addresses_total += 1;
                if declared.addresses.len() < ADDRESSES_PER_ASSET_MAX && !declared.addresses.contains(&prefix)
                {
                    declared.addresses.push(prefix);
                }
            }
            None => {
                let text: String = text.chars().take(60).collect();
                declared.odd.push(format!("{text:?} is no address and no network"));
            }
        }
    }
}

fn texts(cells: &Cells<'_, Column>, declared: &mut Declared) {
    use AssetAttribute as To;
    let mut claim = |attribute, value: &str| {
        let value: String = value.trim().chars().take(NAME_CHARS_MAX).collect();
        if !value.is_empty() {
            declared.claims.push((attribute, value));
        }
    };
    if let Some(stated) = cells.first(Column::Tier) {
        match tier(stated) {
            Some(tier) => claim(To::Tier, &tier.to_string()),
            None => {
                let stated: String = stated.chars().take(60).collect();
                declared.odd.push(format!("{stated:?} is no tier: write 1 (critical) to 4 (low)"));
            }
        }
    }
    let mut claim = |attribute, value: &str| {
        let value: String = value.trim().chars().take(NAME_CHARS_MAX).collect();
        if !value.is_empty() {
            declared.claims.push((attribute, value));
        }
    };
    let bits = cells.first(Column::Control).and_then(|bits| bits.parse::<u32>().ok()).unwrap_or_default();
    let is_controller =
        bits & DOMAIN_CONTROLLER != 0 || matches!(cells.first(Column::PrimaryGroup), Some("516" | "521"));
    let system = cells.first(Column::System);
    let by_system = system.map(fold).and_then(|system| match () {
        () if system.contains("server") => Some("server"),
        () if ["windows 7", "windows 8", "windows 10", "windows 11", "macos"]
            .iter()
            .any(|w| system.contains(w)) =>
        {
            Some("workstation")
        }
        () => None,
    });
    match cells.first(Column::Role) {
        _ if is_controller => claim(To::Role, "domain controller"),
        Some(stated) => claim(To::Role, &role(stated)),
        None => by_system.into_iter().for_each(|role| claim(To::Role, role)),
    }
    if let Some(owner) = cells.first(Column::Owner) {
        claim(To::Owner, &first_of_dn(owner));
    }
    if let Some(managed) = cells.first(Column::Managed).and_then(managed) {
        claim(To::Managed, if managed { "yes" } else { "no" });
    }
    for (column, attribute) in
        [(Column::Environment, To::Environment), (Column::System, To::System), (Column::Site, To::Site)]
    {
        if let Some(value) = cells.first(column) {
            claim(attribute, value);
        }
    }
}

/// The name of a machine, folded, without the `$` of its account, without `\\` before it and a dot after it.
pub(super) fn host_name(name: &str) -> String {
    let name = fold(name);
    name.trim_start_matches('\\').trim_end_matches('$').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn tiers_roles_and_management_in_words() {
        for (text, expected) in [
            ("1", Some(1)),
            ("Tier 0", Some(1)),
            ("T4", Some(4)),
            ("High", Some(2)),
            ("9", None),
            ("?", None),
        ] {
            assert_eq!(tier(text), expected, "{text}");
        }
        for (text, expected) in [
            ("DC", "domain controller"),
            ("Jump-Host", "jump host"),
            ("Laptop", "workstation"),
            ("Kiosk", "kiosk"),
        ] {
            assert_eq!(role(text), expected);
        }
        for (text, expected) in
            [("BYOD", Some(false)), ("Not managed", Some(false)), ("Enrolled", Some(true)), ("?", None)]
        {
            assert_eq!(managed(text), expected, "{text}");
        }
        assert_eq!(host_name("\\\\PC1$"), "pc1");
        assert_eq!(host_name("Web1.Example.com."), "web1.example.com");
    }
}
