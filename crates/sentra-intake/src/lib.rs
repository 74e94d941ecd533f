//! The doors for records: bytes from files, sockets and requests, cut into records and appended to the
//! backbone.
//!
//! * [`Intake`] opens the listeners of [`IntakeSettings`], follows files, and takes new settings while it runs.
//! * [`Senders`] says for whom a record is taken in: by API key, client certificate or address (law TENANT).
//! * [`Appender`] is the one way into the log; [`file`] reads files for the command line.
//! * [`snmp`] takes traps and informs.
//!
//! Law ACK: a sender that can be answered is answered after its records are durable, not before.
//! Law LOSS: a sender is told what was not taken; a door that cannot tell its sender stops reading instead.
//! Law LIMIT: bodies, lines, connections, requests and waits have limits in [`Limits`].
//!
//! Memory: bodies that must be whole share one budget, and connections share another for what does not fit into a few
//! KiB of their own; [`Intake::memory_held`] says what is held. A request of OTLP is never decoded as a whole.
//!
//! A door ends in one of two ways: another goes on with its socket and takes what waits there, or nobody does, and it
//! takes that itself. A reload gives up nothing that was read, however long the log has no room.
//!
//! Invariant: nothing is decoded here. A record is cut, counted and kept as it came; lines of one audit event are
//! joined. Only [`snmp`], because its datagrams are encrypted or hold a password, and OTLP, whose records need what
//! stands around them, write records of their own.

mod accept;
mod appender;
mod connection;
mod cutting;
mod door;
mod ending;
pub mod file;
mod gather;
pub mod http;
mod inflate;
mod intake;
mod join;
mod kernel_drops;
mod letters;
mod limits;
mod lines_body;
mod live;
mod opening;
mod otlp;
mod place;
mod seats;
mod senders;
mod settings;
mod share;
pub mod snmp;
mod snmp_clocks;
mod snmp_door;
#[cfg(test)]
mod snmp_replay_tests;
mod sources;
mod syslog_frames;
mod syslog_udp;
mod tail;
mod tls;

pub use appender::Appender;
pub use inflate::Compression;
pub use intake::{Intake, IntakeOptions, ListenerStatus, MemoryHeld, Reloaded};
pub use kernel_drops::kernel_drops;
pub use limits::Limits;
pub use lines_body::{BodyError, IngestAnswer, LinesBody, RejectedLine, Taken};
pub use live::Live;
pub use opening::IntakeError;
pub use senders::{Presented, Refused, Sender, Senders};
pub use settings::{
    IntakeSettings, KeySettings, ListenerSettings, Protocol, RouteSettings, SnmpCommunity, SnmpSettings,
    SnmpUser, SourceSettings, TlsSettings,
};
pub use syslog_frames::{SyslogFramed, SyslogFramer};
pub use tls::{Tls, TlsError};
