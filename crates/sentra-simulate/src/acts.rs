//! What happens in the world. Each act is written down by one product in one record.

use crate::programs::Program;
use crate::world::{AccountId, HostId, PersonId};

/// The device that a sign-in comes from, as identity providers describe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Device {
    /// The person's own machine, managed by the organisation.
    Own(PersonId),
    /// A new machine that the organisation manages too: a replacement.
    Replacement(PersonId),
    /// A machine that nobody here knows.
    Unmanaged,
}

/// A connection through the firewall.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flow {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) port: u16,
    pub(crate) user: Option<AccountId>,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    pub(crate) app: &'static str,
    pub(crate) is_allowed: bool,
}

/// A request through the proxy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Web {
    pub(crate) from: u32,
    pub(crate) user: AccountId,
    pub(crate) domain: &'static str,
    pub(crate) address: u32,
    pub(crate) is_upload: bool,
    pub(crate) bytes: u64,
}

/// A statement in the audit log of a database application.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query {
    pub(crate) user: AccountId,
    pub(crate) from: u32,
    pub(crate) application: &'static str,
    pub(crate) action: &'static str,
    pub(crate) object: &'static str,
    pub(crate) rows: u64,
}

/// A call of a cloud's control plane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) user: AccountId,
    pub(crate) from: u32,
    pub(crate) service: &'static str,
    pub(crate) name: &'static str,
    /// Name and value of the request's parameter, if it has one.
    pub(crate) parameters: &'static [(&'static str, &'static str)],
    /// The account that the call is about.
    pub(crate) target: Option<AccountId>,
    /// The error's code, empty where it went well.
    pub(crate) error: &'static str,
}

/// Something that happens on one Windows machine.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Windows {
    /// 4624, with the logon type and the session's number.
    Logon { from: u32, kind: u8, session: u32 },
    /// 4625
    LogonFailed { from: u32, kind: u8, is_known: bool },
    /// 4634
    Logoff { kind: u8, session: u32 },
    /// 4672
    Special { session: u32 },
    /// 4688
    Process(&'static Program),
    /// Sysmon 1
    Started(&'static Program),
    /// Sysmon 3
    Connected { image: &'static str, to: u32, port: u16 },
    /// Sysmon 10: the memory of lsass read
    ReadLsass { image: &'static str },
    /// Sysmon 11
    FileCreated { image: &'static str, file: &'static str },
    /// 5145
    ShareOpened { from: u32, share: &'static str, file: &'static str },
    /// 7045
    Service { name: &'static str, path: &'static str },
    /// 1102
    LogCleared,
    /// 4720
    Created { target: AccountId },
    /// 4726
    Deleted { target: AccountId },
    /// 4740, with the machine whose attempts locked it
    Locked { caller: HostId },
    /// 4767
    Unlocked { target: AccountId },
    /// 4724
    Reset { target: AccountId },
    /// 4723
    Changed,
    /// 4728
    Member { target: AccountId, group: &'static str },
    /// 4673 that failed
    PrivilegeRefused { privilege: &'static str },
}

/// Something that happens on one Linux machine.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Linux {
    /// `Accepted password for …`
    Accepted { from: u32, is_key: bool },
    /// `Failed password for …`
    Failed { from: u32, is_known: bool },
    /// `session opened for user …`
    Opened,
    /// `session closed for user …`
    Closed,
    /// sudo runs a command
    Sudo { command: &'static str },
    /// sudo refuses to
    SudoRefused { command: &'static str },
    /// `new user: name=…`
    UserAdded { target: AccountId },
    /// `delete user '…'`
    UserDeleted { target: AccountId },
    /// `add '…' to group '…'`
    GroupAdded { target: AccountId, group: &'static str },
    /// `lock user '…' password`
    Locked { target: AccountId },
    /// A job of cron.
    Cron { command: &'static str },
}

/// Something that identity providers log.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Okta {
    /// `user.session.start`
    SignIn { from: u32, device: Device, is_success: bool },
    /// `user.authentication.sso`
    App { from: u32, device: Device, app: &'static str },
    /// `user.account.lock`
    Locked { from: u32 },
    /// `certification.campaign.item.decide` on another's access to an application
    Certified { target: AccountId, app: &'static str },
}

/// Something that HR and identity governance log.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Governance {
    /// Workday: a business process about a worker is completed.
    Worker { person: PersonId, process: &'static str, status: &'static str, in_days: i64 },
    /// Workday: somebody who has had no account before is hired.
    Hired { account: AccountId },
    /// SailPoint: access to an application is asked for.
    Requested { target: AccountId, application: &'static str, entitlement: &'static str },
    /// SailPoint: and approved.
    Approved { target: AccountId, application: &'static str, entitlement: &'static str },
    /// SailPoint: a campaign in which access was certified is signed off.
    SignedOff { campaign: &'static str },
}

/// Something that an IBM i system writes to its audit journal.
#[derive(Debug, Clone, Copy)]
pub(crate) enum IbmI {
    /// `PW`: a password was wrong.
    WrongPassword { from: u32 },
    /// `JS`: an interactive job began.
    JobStarted { from: u32 },
    /// `JS`: an interactive job ended.
    JobEnded { from: u32 },
    /// `CP`: a profile was created.
    ProfileCreated { target: AccountId, is_special: bool },
    /// `DO`: a profile was deleted.
    ProfileDeleted { target: AccountId },
    /// `AF`: no authority.
    Refused { object: &'static str, library: &'static str },
    /// `SV`: a system value was changed.
    SystemValue { name: &'static str, value: &'static str, before: &'static str },
}

/// Something that z/OS records, as an agent sends it on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mainframe {
    /// RACF: a logon went well or was refused.
    Logon { from: u32, is_success: bool },
    /// RACF: access to a data set was refused.
    Refused { dataset: &'static str },
    /// RACF: a user was given attributes.
    Altered { target: AccountId, attribute: &'static str },
    /// A data set was copied out of the system.
    Dumped { dataset: &'static str },
    /// SMF recording was changed.
    Recording { command: &'static str },
    /// A job ran.
    Job { name: &'static str },
}

/// One thing that happens and is recorded once.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    Windows {
        host: HostId,
        account: AccountId,
        what: Windows,
    },
    Linux {
        host: HostId,
        account: AccountId,
        what: Linux,
    },
    Okta {
        account: AccountId,
        what: Okta,
    },
    /// Error 0 is success.
    Entra {
        account: AccountId,
        from: u32,
        error: u32,
        device: Device,
        app: &'static str,
    },
    Call(Call),
    Governance {
        by: AccountId,
        what: Governance,
    },
    IbmI {
        host: HostId,
        account: AccountId,
        what: IbmI,
    },
    Mainframe {
        host: HostId,
        account: AccountId,
        what: Mainframe,
    },
    /// PostgreSQL lets somebody in or not.
    Database {
        account: AccountId,
        from: u32,
        database: &'static str,
        is_success: bool,
    },
    Query(Query),
    Flow(Flow),
    Web(Web),
    Name {
        from: u32,
        domain: &'static str,
    },
}

impl Act {
    /// The account that acts, where one does.
    pub(crate) fn account(&self) -> Option<AccountId> {
        match self {
            Self::Windows { account, .. }
            | Self::Linux { account, .. }
            | Self::Okta { account, .. }
            | Self::Entra { account, .. }
            | Self::IbmI { account, .. }
            | Self::Mainframe { account, .. }
            | Self::Database { account, .. } => Some(*account),
            Self::Governance { by, .. } => Some(*by),
            Self::Call(call) => Some(call.user),
            Self::Query(query) => Some(query.user),
            Self::Web(web) => Some(web.user),
            Self::Flow(flow) => flow.user,
            Self::Name { .. } => None,
        }
    }
}
