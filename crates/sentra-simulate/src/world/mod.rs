//! A small organisation from a seed: its people, accounts, machines and networks.

mod build;
mod export;
pub(crate) mod names;
pub(crate) mod places;

pub use places::Place;

/// The organisation's DNS domain.
pub(crate) const DOMAIN: &str = "northwind.example";
/// Its NetBIOS name.
pub(crate) const REALM: &str = "NORTHWIND";

/// Most people a world may have; the networks of clients hold no more.
pub const PEOPLE_MAX: usize = 20_000;
/// Fewest people a world may have: every role has somebody, and the stories of a day do not meet in one person.
pub const PEOPLE_MIN: usize = 80;

/// Position of an account in its world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AccountId(pub(crate) u32);

/// Position of a machine in its world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct HostId(pub(crate) u32);

/// Position of a person in its world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PersonId(pub(crate) u32);

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccountKind {
    /// The everyday account of a person.
    #[default]
    Person,
    /// A second account of an administrator.
    Admin,
    /// A program's.
    Service,
    /// Exists in no directory: somebody guesses it.
    Guessed,
    /// Comes to be and goes in the course of a scenario.
    Planted,
}

/// An account in the directory, or a name that somebody tries.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// The name it logs in with on its own systems.
    pub name: String,
    /// The name at identity providers.
    pub email: String,
    /// The name on mainframes: upper case, at most eight characters.
    pub host_name: String,
    /// The last number of its SID, and its number on Unix.
    pub number: u32,
    /// What it is for.
    pub kind: AccountKind,
    /// Whose it is.
    pub person: Option<PersonId>,
}

/// When a person works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shift {
    /// From eight or nine in the morning on working days.
    #[default]
    Day,
    /// From two in the afternoon.
    Late,
    /// From ten at night.
    Night,
}

/// A person who works here.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// First and last name.
    pub name: String,
    /// Number in the HR system.
    pub employee: u32,
    /// The department.
    pub department: &'static str,
    /// The job.
    pub title: &'static str,
    /// The everyday account.
    pub account: AccountId,
    /// A second one with rights.
    pub admin: Option<AccountId>,
    /// The machine on the desk.
    pub workstation: HostId,
    /// Which of the places with a site.
    pub(crate) site: usize,
    /// When they work.
    pub shift: Shift,
    /// The address at home.
    pub(crate) home: u32,
    /// Whether they mostly work from home.
    pub is_remote: bool,
    /// Whether they were approved for the payroll database.
    pub has_database: bool,
}

/// What a machine is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// On somebody's desk.
    #[default]
    Workstation,
    /// A domain controller.
    DomainController,
    /// A Windows server for files.
    FileServer,
    /// A Windows server for programs.
    AppServer,
    /// A Linux server for the web.
    WebServer,
    /// The database.
    Database,
    /// The machine from which administrators reach others.
    JumpHost,
    /// Takes copies of everything.
    Backup,
    /// The web proxy.
    Proxy,
    /// The firewall.
    Firewall,
    /// The name server.
    NameServer,
    /// Looks for vulnerabilities.
    Scanner,
    /// Configures Linux servers.
    Automation,
    /// Receives VPN connections.
    VpnGateway,
    /// An IBM i system.
    IbmI,
    /// A z/OS LPAR.
    Mainframe,
}

impl Role {
    /// The word for it in exports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workstation => "workstation",
            Self::DomainController => "domain_controller",
            Self::FileServer => "file_server",
            Self::AppServer => "application_server",
            Self::WebServer => "web_server",
            Self::Database => "database",
            Self::JumpHost => "jump_host",
            Self::Backup => "backup",
            Self::Proxy => "proxy",
            Self::Firewall => "firewall",
            Self::NameServer => "dns",
            Self::Scanner => "scanner",
            Self::Automation => "automation",
            Self::VpnGateway => "vpn_gateway",
            Self::IbmI => "ibm_i",
            Self::Mainframe => "mainframe",
        }
    }

    pub(crate) fn is_windows(self) -> bool {
        matches!(
            self,
            Self::Workstation | Self::DomainController | Self::FileServer | Self::AppServer | Self::Backup
        )
    }

    pub(crate) fn is_linux(self) -> bool {
        matches!(
            self,
            Self::WebServer
                | Self::Database
                | Self::JumpHost
                | Self::Proxy
                | Self::NameServer
                | Self::Automation
        )
    }
}

/// A machine.
#[derive(Debug, Clone, Default)]
pub struct Host {
    /// Its short name.
    pub name: String,
    /// The name with the domain, as Windows writes it.
    pub full_name: String,
    /// Its address.
    pub(crate) address: u32,
    /// What it is for.
    pub role: Role,
    /// Whose it is.
    pub owner: Option<PersonId>,
}

/// The organisation.
#[derive(Debug, Clone)]
pub struct World {
    pub(crate) accounts: Vec<Account>,
    pub(crate) hosts: Vec<Host>,
    pub(crate) people: Vec<Person>,
    pub(crate) guessed: Vec<AccountId>,
    pub(crate) planted: Vec<AccountId>,
    pub(crate) newcomers: Vec<AccountId>,
    pub(crate) nobody: (Account, Host, Person),
}

impl World {
    /// The organisation of `people` people that `seed` stands for.
    #[must_use]
    pub fn new(seed: u64, people: usize) -> Self {
        build::world(seed, people.clamp(PEOPLE_MIN, PEOPLE_MAX))
    }

    /// The account at `id`.
    #[must_use]
    pub fn account(&self, id: AccountId) -> &Account {
        self.accounts.get(id.0 as usize).unwrap_or(&self.nobody.0)
    }

    /// The machine at `id`.
    #[must_use]
    pub fn host(&self, id: HostId) -> &Host {
        self.hosts.get(id.0 as usize).unwrap_or(&self.nobody.1)
    }

    /// The person at `id`.
    #[must_use]
    pub fn person(&self, id: PersonId) -> &Person {
        self.people.get(id.0 as usize).unwrap_or(&self.nobody.2)
    }

    /// Everybody.
    pub fn people(&self) -> impl Iterator<Item = PersonId> {
        (0..self.people.len()).map(|position| PersonId(u32::try_from(position).unwrap_or(0)))
    }

    /// The person an account belongs to.
    pub(crate) fn owner_of(&self, account: AccountId) -> Option<PersonId> {
        self.account(account).person
    }

    /// The machines of a role; never none.
    pub(crate) fn hosts_of(&self, role: Role) -> Vec<HostId> {
        let with_role = |(position, host): (usize, &Host)| {
            (host.role == role).then_some(HostId(u32::try_from(position).unwrap_or(0)))
        };
        self.hosts.iter().enumerate().filter_map(with_role).collect()
    }

    /// The first machine of a role.
    pub(crate) fn host_of(&self, role: Role) -> HostId {
        let position = self.hosts.iter().position(|host| host.role == role).unwrap_or(0);
        HostId(u32::try_from(position).unwrap_or(0))
    }

    /// The account called `name`.
    pub(crate) fn account_named(&self, name: &str) -> AccountId {
        let position = self.accounts.iter().position(|account| account.name == name).unwrap_or(0);
        AccountId(u32::try_from(position).unwrap_or(0))
    }

    /// The address under which a site's people are seen on the internet.
    pub(crate) fn egress(site: usize) -> u32 {
        places::address_in(site, 8)
    }
}

/// `10.a.b.c`.
pub(crate) const fn inside(second: u8, third: u8, fourth: u8) -> u32 {
    u32::from_be_bytes([10, second, third, fourth])
}
