//! Who an account belongs to, and what is known about that person or service.

mod book;
mod columns;
mod declare;
mod index;
mod learn;
mod learned;
mod lookup;
mod name;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;

use sentra_model::Timestamp;

pub use book::{IDENTITIES_MAX, Identities};
pub use columns::identity_attributes;
pub use learned::{LEARNED_ACCOUNTS_MAX, LEARNED_PEOPLE_MAX, StateRow};
pub(crate) use name::first_of_dn;

use crate::claims::{Claim, Claims};
use crate::source::SourceInfo;

/// Law LIMIT: accounts of one identity.
pub const ACCOUNTS_PER_IDENTITY_MAX: usize = 64;
/// Law LIMIT: devices of one identity that are named; all are counted.
pub const DEVICES_PER_IDENTITY_MAX: usize = 64;
/// Law LIMIT: groups of one identity that are named.
pub const GROUPS_PER_IDENTITY_MAX: usize = 256;

/// What sources can say about an identity and can contradict each other in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentityAttribute {
    /// The person's name.
    DisplayName,
    /// The number in the HR system.
    EmployeeId,
    /// Mail address.
    Mail,
    /// Department.
    Department,
    /// Who leads this person.
    Manager,
    /// Position.
    Title,
    /// How much the accounts may do.
    Privilege,
    /// Whether the person still works here.
    Status,
    /// With whom this one is compared.
    Peers,
    /// Where this one usually is, ISO 3166.
    Country,
}

impl IdentityAttribute {
    /// Every attribute, in the order in which they are shown.
    pub const ALL: &'static [Self] = &[
        Self::DisplayName,
        Self::EmployeeId,
        Self::Mail,
        Self::Department,
        Self::Manager,
        Self::Title,
        Self::Privilege,
        Self::Status,
        Self::Peers,
        Self::Country,
    ];

    /// The name in enrichments.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DisplayName => "person",
            Self::EmployeeId => "employee_id",
            Self::Mail => "mail",
            Self::Department => "department",
            Self::Manager => "manager",
            Self::Title => "title",
            Self::Privilege => "privilege",
            Self::Status => "status",
            Self::Peers => "peers",
            Self::Country => "usual_country",
        }
    }
}

/// How much the accounts of an identity may do.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Privilege {
    /// A user like others.
    Standard,
    /// No person: a program's account.
    Service,
    /// An administrator.
    Privileged,
    /// For emergencies only.
    BreakGlass,
}

impl Privilege {
    /// The name in enrichments.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Service => "service",
            Self::Privileged => "privileged",
            Self::BreakGlass => "break_glass",
        }
    }

    fn of(text: &str) -> Self {
        match text {
            "break_glass" => Self::BreakGlass,
            "privileged" => Self::Privileged,
            "service" => Self::Service,
            _ => Self::Standard,
        }
    }
}

/// Whether somebody still works here.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum IdentityStatus {
    /// Works here.
    Active,
    /// Is not to log in for now.
    Disabled,
    /// Has left.
    Terminated,
}

impl IdentityStatus {
    /// The name in enrichments.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Terminated => "terminated",
        }
    }

    fn of(text: &str) -> Self {
        match text {
            "terminated" => Self::Terminated,
            "disabled" => Self::Disabled,
            _ => Self::Active,
        }
    }
}

/// What kind of name an account's name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountKind {
    /// A name to log in with: `alice`, `CORP\alice`, `alice@corp.example.com`.
    Login,
    /// A mail address.
    Mail,
    /// A Windows security id.
    SecurityId,
    /// A distinguished name.
    DistinguishedName,
}

/// One of the accounts of an identity, and what events said of it: the last time of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// The name as it was written.
    pub name: Arc<str>,
    /// What kind of name it is.
    pub kind: AccountKind,
    /// What happened to it, by sources.
    stated: Option<Box<AccountLife>>,
    /// What happened to it, by events.
    seen: Option<Box<AccountLife>>,
    source: Arc<SourceInfo>,
    as_of: Timestamp,
}

impl Account {
    /// What happened to it.
    #[must_use]
    pub fn life(&self) -> AccountLife {
        let of = |life: &Option<Box<AccountLife>>| life.as_deref().copied().unwrap_or_default();
        of(&self.stated).later(of(&self.seen))
    }
}

/// When what last happened to an account. Each is the latest time seen, so the order of events does not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AccountLife {
    /// Created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// Deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Timestamp>,
    /// Disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Timestamp>,
    /// Enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<Timestamp>,
    /// Locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<Timestamp>,
    /// Unlocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlocked: Option<Timestamp>,
    /// First moment of the day of the last login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_login_day: Option<Timestamp>,
}

impl AccountLife {
    /// For where most have none.
    fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }

    /// The later of both, point by point.
    fn later(self, other: Self) -> Self {
        Self {
            created: self.created.max(other.created),
            deleted: self.deleted.max(other.deleted),
            disabled: self.disabled.max(other.disabled),
            enabled: self.enabled.max(other.enabled),
            locked: self.locked.max(other.locked),
            unlocked: self.unlocked.max(other.unlocked),
            last_login_day: self.last_login_day.max(other.last_login_day),
        }
    }

    /// Since when it is locked.
    #[must_use]
    pub fn locked_since(&self) -> Option<Timestamp> {
        self.locked.filter(|locked| Some(*locked) > self.unlocked)
    }

    /// Since when it is disabled.
    #[must_use]
    pub fn disabled_since(&self) -> Option<Timestamp> {
        self.disabled.filter(|disabled| Some(*disabled) > self.enabled)
    }

    /// Since when it is deleted.
    #[must_use]
    pub fn deleted_since(&self) -> Option<Timestamp> {
        self.deleted.filter(|deleted| Some(*deleted) >= self.created)
    }
}

/// A person or a service with its accounts.
#[derive(Debug, Clone)]
pub struct Identity {
    key: Arc<str>,
    accounts: Vec<Account>,
    claims: Claims<IdentityAttribute>,
    groups: Vec<Arc<str>>,
    devices: Vec<Arc<str>>,
    devices_total: u64,
    /// Domains of the accounts, folded.
    domains: Vec<Arc<str>>,
    /// Domains of the mail addresses, folded.
    mail_domains: Vec<Arc<str>>,
}

impl Identity {
    /// What the identity is called in keys: `employee:21001`, else its first account, folded.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The accounts.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// What is believed of `attribute`, with who says so.
    #[must_use]
    pub fn claim(&self, attribute: IdentityAttribute) -> Option<&Claim<IdentityAttribute>> {
        self.claims.believed(attribute)
    }

    /// What is believed of `attribute`.
    #[must_use]
    pub fn text(&self, attribute: IdentityAttribute) -> Option<&str> {
        self.claim(attribute).map(|claim| &*claim.value)
    }

    /// The person's name.
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        self.text(IdentityAttribute::DisplayName)
    }

    /// The number in the HR system.
    #[must_use]
    pub fn employee_id(&self) -> Option<&str> {
        self.text(IdentityAttribute::EmployeeId)
    }

    /// The department.
    #[must_use]
    pub fn department(&self) -> Option<&str> {
        self.text(IdentityAttribute::Department)
    }

    /// Who leads this person.
    #[must_use]
    pub fn manager(&self) -> Option<&str> {
        self.text(IdentityAttribute::Manager)
    }

    /// The position.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.text(IdentityAttribute::Title)
    }

    /// How much the accounts may do; standard where nothing is said.
    #[must_use]
    pub fn privilege(&self) -> Privilege {
        self.text(IdentityAttribute::Privilege).map_or(Privilege::Standard, Privilege::of)
    }

    /// The status at `time`, and since when it is so. What begins later (a contract's end) does not hold yet.
    #[must_use]
    pub fn status_at(&self, time: Timestamp) -> (IdentityStatus, Option<Timestamp>) {
        let Some(claim) = self.claim(IdentityAttribute::Status) else {
            return (IdentityStatus::Active, None);
        };
        match claim.since {
            Some(since) if since > time => (IdentityStatus::Active, None),
            since => (IdentityStatus::of(&claim.value), since),
        }
    }

    /// Where this one usually is, ISO 3166.
    #[must_use]
    pub fn usual_country(&self) -> Option<&str> {
        self.text(IdentityAttribute::Country)
    }

    /// With whom this one is compared: the stated group, else department and title, folded.
    #[must_use]
    pub fn peers(&self) -> Option<String> {
        if let Some(peers) = self.text(IdentityAttribute::Peers) {
            return Some(crate::fold::fold(peers).into_owned());
        }
        let department = crate::fold::fold(self.department()?);
        Some(match self.title() {
            Some(title) => format!("{department}/{}", crate::fold::fold(title)),
            None => department.into_owned(),
        })
    }

    /// Groups, at most [`GROUPS_PER_IDENTITY_MAX`].
    #[must_use]
    pub fn groups(&self) -> &[Arc<str>] {
        &self.groups
    }

    /// Managed devices, at most [`DEVICES_PER_IDENTITY_MAX`].
    #[must_use]
    pub fn devices(&self) -> &[Arc<str>] {
        &self.devices
    }

    /// How many managed devices there are in all.
    #[must_use]
    pub fn devices_total(&self) -> u64 {
        self.devices_total
    }

    /// Whether `host` is one of the named managed devices; short and full names are the same.
    #[must_use]
    pub fn has_device(&self, host: &str) -> bool {
        let host = crate::fold::fold(host);
        let short = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
        self.devices.iter().any(|device| {
            let device = crate::fold::fold(device);
            device == host
                || (short(&device) == short(&host) && !(device.contains('.') && host.contains('.')))
        })
    }
}
