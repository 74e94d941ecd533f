//! What one row, entry or HR event says about one identity.

use sentra_model::Timestamp;

use super::columns::Column;
use super::name::{AccountName, domain_of_dn, first_of_dn};
use super::{
    AccountKind, AccountLife, DEVICES_PER_IDENTITY_MAX, GROUPS_PER_IDENTITY_MAX, IdentityAttribute,
    IdentityStatus, Privilege, words,
};
use crate::fold::{NAME_CHARS_MAX, fits, fold};
use crate::import::Cells;
use crate::moment::moment;
use crate::source::PrivilegeRules;

/// Bits of `userAccountControl`.
mod control {
    pub(super) const DISABLED: u32 = 0x2;
    pub(super) const LOCKED: u32 = 0x10;
    pub(super) const WORKSTATION: u32 = 0x1000;
    pub(super) const DOMAIN_CONTROLLER: u32 = 0x2000;
}

/// A row, understood.
#[derive(Debug, Clone, Default)]
pub(super) struct Declared {
    pub(super) employee_id: Option<String>,
    pub(super) accounts: Vec<(AccountKind, String)>,
    /// Domain of the entry, folded.
    pub(super) domain: Option<String>,
    pub(super) claims: Vec<(IdentityAttribute, String, Option<Timestamp>)>,
    /// What the rules say where no source does.
    pub(super) hint: Option<Privilege>,
    pub(super) groups: Vec<String>,
    pub(super) devices: Vec<String>,
    pub(super) devices_total: u64,
    pub(super) as_of: Timestamp,
    pub(super) life: AccountLife,
}

impl Declared {
    pub(super) fn claim(&mut self, attribute: IdentityAttribute, value: &str, since: Option<Timestamp>) {
        let value = value.trim();
        if !value.is_empty() {
            let value = value.chars().take(NAME_CHARS_MAX).collect();
            self.claims.push((attribute, value, since));
        }
    }

    pub(super) fn account(&mut self, kind: AccountKind, name: &str) {
        let name = name.trim();
        let is_known = self.accounts.iter().any(|(_, known)| fold(known) == fold(name));
        if !name.is_empty() && !is_known && name.chars().count() <= NAME_CHARS_MAX {
            self.accounts.push((kind, name.to_owned()));
        }
    }

    /// Whether it is no person's.
    fn is_impersonal(&self) -> bool {
        let stated = self.claims.iter().find(|(attribute, _, _)| *attribute == IdentityAttribute::Privilege);
        let privilege = stated.map(|(_, value, _)| Privilege::of(value)).or(self.hint);
        matches!(privilege, Some(Privilege::Service | Privilege::BreakGlass))
    }
}

/// What the cells say; `None` for entries of computers and groups. `as_of` is the freshness of the source; an entry
/// may be older than its source but not younger.
pub(super) fn declare(
    cells: &Cells<'_, Column>,
    rules: &PrivilegeRules,
    as_of: Timestamp,
) -> Option<Declared> {
    let bits = cells.first(Column::Control).and_then(|bits| bits.parse::<u32>().ok());
    if is_no_person(cells, bits) {
        return None;
    }
    let changed = cells.first(Column::Changed).and_then(moment);
    let mut declared =
        Declared { as_of: changed.map_or(as_of, |changed| changed.min(as_of)), ..Declared::default() };
    names(cells, &mut declared);
    texts(cells, &mut declared);
    status(cells, bits, &mut declared);
    lists(cells, &mut declared);
    privilege(cells, rules, &mut declared);
    if declared.is_impersonal() {
        // A program's mail goes to its owner, whose address it is.
        declared.accounts.retain(|(kind, _)| *kind != AccountKind::Mail);
    }
    Some(declared)
}

fn is_no_person(cells: &Cells<'_, Column>, bits: Option<u32>) -> bool {
    let is_machine = bits.is_some_and(|bits| bits & (control::WORKSTATION | control::DOMAIN_CONTROLLER) != 0);
    let is_other = cells.all(Column::ObjectClass).any(|class| {
        matches!(
            fold(class).as_ref(),
            "computer"
                | "group"
                | "posixgroup"
                | "groupofnames"
                | "organizationalunit"
                | "container"
                | "contact"
        )
    });
    // Managed service accounts are computers too, for the directory.
    is_machine || (is_other && !is_managed_service(cells))
}

fn is_managed_service(cells: &Cells<'_, Column>) -> bool {
    cells.all(Column::ObjectClass).any(|class| fold(class).contains("managedserviceaccount"))
}

fn names(cells: &Cells<'_, Column>, declared: &mut Declared) {
    let domain = cells.first(Column::Domain);
    declared.domain = domain.map(|domain| fold(domain).into_owned());
    for dn in cells.all(Column::Dn).take(1) {
        declared.account(AccountKind::DistinguishedName, dn);
        declared.domain = domain_of_dn(dn).or(declared.domain.take());
    }
    for account in cells.lists(Column::Account) {
        let parsed = AccountName::parse(account);
        match domain {
            Some(domain) if parsed.kind == AccountKind::Login && parsed.domain().is_none() => {
                declared.account(AccountKind::Login, &format!("{domain}\\{account}"));
                declared.account(AccountKind::Login, account);
            }
            _ => declared.account(parsed.kind, account),
        }
    }
    for mail in cells.lists(Column::Mail) {
        // `proxyAddresses` of Exchange: `SMTP:alice@example.com`.
        let mail = mail.strip_prefix("SMTP:").or_else(|| mail.strip_prefix("smtp:")).unwrap_or(mail);
        if mail.contains('@') && !mail.contains(':') {
            declared.account(AccountKind::Mail, mail);
        }
    }
    for sid in cells.all(Column::SecurityId) {
        declared.account(AccountKind::SecurityId, sid);
    }
    declared.employee_id = cells.first(Column::EmployeeId).map(|id| fold(id).chars().take(64).collect());
}

fn texts(cells: &Cells<'_, Column>, declared: &mut Declared) {
    use IdentityAttribute as To;
    let full = match (cells.first(Column::GivenName), cells.first(Column::FamilyName)) {
        (Some(given), Some(family)) => Some(format!("{given} {family}")),
        _ => None,
    };
    let of_dn = || {
        let dn = cells
            .first(Column::Dn)
            .filter(|dn| dn.get(..3).is_some_and(|cn| cn.eq_ignore_ascii_case("cn=")))?;
        Some(first_of_dn(dn).into_owned())
    };
    if let Some(name) = cells.first(Column::DisplayName).map(str::to_owned).or(full).or_else(of_dn) {
        // The comment of a Unix account: name, room, telephones.
        declared.claim(To::DisplayName, name.split(",,").next().unwrap_or(&name), None);
    }
    if let Some(id) = declared.employee_id.clone() {
        declared.claim(To::EmployeeId, &id, None);
    }
    if let Some(mail) = cells.lists(Column::Mail).find(|mail| mail.contains('@') && !mail.contains(':')) {
        declared.claim(To::Mail, mail, None);
    }
    for (column, attribute) in
        [(Column::Department, To::Department), (Column::Title, To::Title), (Column::Peers, To::Peers)]
    {
        if let Some(value) = cells.first(column) {
            declared.claim(attribute, value, None);
        }
    }
    if let Some(manager) = cells.first(Column::Manager) {
        declared.claim(To::Manager, &first_of_dn(manager), None);
    }
    if let Some(country) = cells.first(Column::Country) {
        let code = crate::places::country_code(country);
        declared.claim(To::Country, code.unwrap_or(country), None);
    }
}

fn status(cells: &Cells<'_, Column>, bits: Option<u32>, declared: &mut Declared) {
    use IdentityStatus as Is;
    let switch = |column, when: Is, otherwise: Is| {
        cells.first(column).and_then(words::truth).map(|is| if is { when } else { otherwise })
    };
    let by_bits = bits.map(|bits| if bits & control::DISABLED == 0 { Is::Active } else { Is::Disabled });
    let stated = cells
        .first(Column::Status)
        .and_then(words::status)
        .or_else(|| switch(Column::Enabled, Is::Active, Is::Disabled))
        .or_else(|| switch(Column::Disabled, Is::Disabled, Is::Active))
        .or(by_bits);
    let left = cells.first(Column::TerminatedOn).and_then(moment);
    let expires = cells.first(Column::ExpiresOn).and_then(moment);
    let (status, since) = match (stated, left, expires) {
        (Some(Is::Terminated), left, _) => (Is::Terminated, left),
        (None, Some(left), _) => (Is::Terminated, Some(left)),
        // Still here, and the day of leaving is known. A day that is over belongs to an earlier employment.
        (Some(Is::Active), Some(left), _) if left > declared.as_of => (Is::Terminated, Some(left)),
        (Some(Is::Active) | None, _, Some(expires)) => (Is::Disabled, Some(expires)),
        (Some(stated), _, _) => (stated, None),
        (None, None, None) => return,
    };
    declared.claim(IdentityAttribute::Status, status.as_str(), since);
    declared.life.locked = cells
        .first(Column::LockedOn)
        .and_then(moment)
        .or_else(|| bits.filter(|bits| bits & control::LOCKED != 0).map(|_| declared.as_of));
    declared.life.created = cells.first(Column::Created).and_then(moment);
}

fn lists(cells: &Cells<'_, Column>, declared: &mut Declared) {
    for group in cells.all(Column::Groups) {
        // The name of a directory's group has commas of its own.
        let names: Vec<&str> = match group.contains('=') {
            true => vec![group],
            false => group.split([';', '|', ',', '\n']).collect(),
        };
        let names = names.into_iter().map(|name| first_of_dn(name.trim()).into_owned());
        declared.groups.extend(names.filter(|name| !name.is_empty() && name.len() <= NAME_CHARS_MAX));
        if declared.groups.len() >= GROUPS_PER_IDENTITY_MAX {
            declared.groups.truncate(GROUPS_PER_IDENTITY_MAX);
            break;
        }
    }
    declared.devices_total = cells.beyond(Column::Devices);
    for device in cells.lists(Column::Devices) {
        declared.devices_total += 1;
        if declared.devices.len() < DEVICES_PER_IDENTITY_MAX && device.len() <= NAME_CHARS_MAX {
            declared.devices.push(device.to_owned());
        }
    }
}

fn privilege(cells: &Cells<'_, Column>, rules: &PrivilegeRules, declared: &mut Declared) {
    let is_any = |patterns: &[String], name: &str| {
        let name = fold(name);
        patterns.iter().any(|pattern| fits(&fold(pattern), &name))
    };
    let is_grouped = declared.groups.iter().any(|group| is_any(&rules.privileged_groups, group));
    let is_root = cells.first(Column::AdminCount).is_some_and(|count| count.trim() != "0")
        || cells.first(Column::UserNumber) == Some("0");
    let stated = match cells.first(Column::Privilege).and_then(words::privilege) {
        None if is_managed_service(cells) => Some(Privilege::Service),
        None if is_grouped || is_root => Some(Privilege::Privileged),
        // `userType: Member` and the like say nothing against the groups.
        Some(Privilege::Standard) if is_grouped => Some(Privilege::Privileged),
        stated => stated,
    };
    if let Some(privilege) = stated {
        declared.claim(IdentityAttribute::Privilege, privilege.as_str(), None);
    }
    let has_no_shell = cells.first(Column::Shell).is_some_and(|shell| {
        ["/nologin", "/false", "/sync", "/shutdown", "/halt"].iter().any(|end| shell.ends_with(end))
    });
    let bare_is = |patterns: &[String]| {
        declared.accounts.iter().any(|(kind, name)| {
            let name = AccountName::parse(name);
            *kind == AccountKind::Login && name.bare().is_some_and(|bare| is_any(patterns, bare))
        })
    };
    declared.hint = match () {
        () if bare_is(&rules.break_glass_accounts) => Some(Privilege::BreakGlass),
        () if bare_is(&rules.service_accounts) || has_no_shell => Some(Privilege::Service),
        () => None,
    };
}
