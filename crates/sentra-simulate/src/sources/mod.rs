//! The products that write things down, each in its own format.

mod cloudtrail;
mod database;
mod entra;
mod governance;
mod ibm_i;
mod linux;
mod mainframe;
mod network;
mod okta;
mod windows;

use serde::{Deserialize, Serialize};

use crate::acts::Act;
use crate::dice::Dice;
use crate::moment::{Form, Micros, put_time};
use crate::world::World;

/// A product that writes records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Syslog of Linux servers, RFC 5424, and RFC 3164 of some: sshd, sudo, useradd, cron.
    Syslog,
    /// Windows Security, System and Sysmon events as flat JSON.
    Windows,
    /// Okta System Log.
    Okta,
    /// Entra ID sign-in logs.
    Entra,
    /// AWS CloudTrail.
    CloudTrail,
    /// Workday worker status.
    Workday,
    /// SailPoint audit events.
    SailPoint,
    /// The audit journal of IBM i, `*TYPE5` entries translated to ASCII.
    Qaudjrn,
    /// z/OS SMF records as an agent sends them on: OTLP log records in JSON.
    Smf,
    /// PostgreSQL server log.
    PostgreSql,
    /// Audit log of applications with a database, `key=value`.
    Application,
    /// PAN-OS traffic log.
    PanOs,
    /// Squid access log.
    Squid,
    /// BIND query log.
    Bind,
}

/// All sources.
pub const SOURCES: [Source; 14] = [
    Source::Syslog,
    Source::Windows,
    Source::Okta,
    Source::Entra,
    Source::CloudTrail,
    Source::Workday,
    Source::SailPoint,
    Source::Qaudjrn,
    Source::Smf,
    Source::PostgreSql,
    Source::Application,
    Source::PanOs,
    Source::Squid,
    Source::Bind,
];

impl Source {
    /// The product's name in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syslog => "syslog",
            Self::Windows => "windows",
            Self::Okta => "okta",
            Self::Entra => "entra",
            Self::CloudTrail => "cloudtrail",
            Self::Workday => "workday",
            Self::SailPoint => "sailpoint",
            Self::Qaudjrn => "qaudjrn",
            Self::Smf => "smf",
            Self::PostgreSql => "postgresql",
            Self::Application => "application",
            Self::PanOs => "panos",
            Self::Squid => "squid",
            Self::Bind => "bind",
        }
    }
}

/// What a writer has at hand for one record.
pub(crate) struct Pen<'a> {
    pub(crate) world: &'a World,
    pub(crate) at: Micros,
    /// The record's number: counters and ids are made of it.
    pub(crate) number: u64,
    pub(crate) dice: Dice,
    pub(crate) out: &'a mut Vec<u8>,
}

impl Pen<'_> {
    pub(crate) fn put(&mut self, text: &str) -> &mut Self {
        self.out.extend_from_slice(text.as_bytes());
        self
    }

    pub(crate) fn number(&mut self, number: u64) -> &mut Self {
        crate::text::put_number(self.out, number);
        self
    }

    pub(crate) fn ip(&mut self, address: u32) -> &mut Self {
        crate::text::put_ip(self.out, address);
        self
    }

    pub(crate) fn time(&mut self, form: Form) -> &mut Self {
        put_time(self.out, self.at, form);
        self
    }

    /// A port that clients take.
    pub(crate) fn client_port(&mut self) -> u64 {
        49_152 + self.dice.below(16_000)
    }
}

/// Writes `act` as its product would and says which that is.
pub(crate) fn write(pen: &mut Pen<'_>, act: &Act) -> Source {
    match *act {
        Act::Windows { host, account, what } => windows::write(pen, host, account, what),
        Act::Linux { host, account, what } => linux::write(pen, host, account, what),
        Act::Okta { account, what } => okta::write(pen, account, what),
        Act::Entra { account, from, error, device, app } => {
            entra::write(pen, account, from, error, device, app)
        }
        Act::Call(call) => cloudtrail::write(pen, &call),
        Act::Governance { by, what } => governance::write(pen, by, what),
        Act::IbmI { host, account, what } => ibm_i::write(pen, host, account, what),
        Act::Mainframe { host, account, what } => mainframe::write(pen, host, account, what),
        Act::Database { account, from, database, is_success } => {
            database::connection(pen, account, from, database, is_success)
        }
        Act::Query(query) => database::query(pen, &query),
        Act::Flow(flow) => network::flow(pen, &flow),
        Act::Web(web) => network::web(pen, &web),
        Act::Name { from, domain } => network::name(pen, from, domain),
    }
}
