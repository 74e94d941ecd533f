//! SNMP traps and informs to records: v1, v2c and v3 with the user-based security model.
//!
//! * [`TrapReader`] turns one datagram into one record, or says why not. It does no I/O and reads no clock.
//! * [`listen()`] reads a socket, hands batches to a [`TrapSink`], and answers informs.
//!
//! **Law ACK**: an inform is answered when the sink says that its record is durable, and not before. A trap has no
//! answer. **Law LOSS**: what is not taken is counted by its reason and handed over as [`Refused`], of which the caller
//! makes dead letters; what the kernel dropped is counted from `/proc/net/udp`. **Law LIMIT**: [`Limits`] and
//! [`BatchLimits`]. **Law TIME**: seconds and randomness are passed in.
//!
//! # The record
//!
//! One JSON object, always with its members in this order; those that a version does not have are absent.
//!
//! | member | what it is |
//! |---|---|
//! | `snmp_version` | `1`, `2c`, `3` |
//! | `pdu` | `trap`, `inform` |
//! | `peer` | the address the datagram came from |
//! | `community` | the *name* of the community's entry |
//! | `user`, `security_level`, `engine_id`, `context` | v3: who, how well protected (`authPriv`), which engine, which context |
//! | `request_id` | the sender's number, the same when it sends an inform again |
//! | `trap_oid` | what it is about; for v1 by the rules of RFC 3584 |
//! | `enterprise`, `generic_trap`, `specific_trap` | v1; `enterprise` also where a proxy has kept it |
//! | `agent_address` | who it is about, where that is said: v1's agent, or `snmpTrapAddress.0` of a proxy |
//! | `uptime_cs` | how long the agent has been up, in hundredths of a second |
//! | `varbinds` | the other variables, each `{"oid","type","value"}`: text as `string`, other bytes as `hex` |
//!
//! # What is believed
//!
//! A community is a password in clear text, so records hold the name of its entry, and neither the record, the excerpt of a
//! refused datagram nor `snmpTrapCommunity.0` of a proxy keeps the string. For v3, a user's message must be as well
//! protected as there are passwords for the user: a user with a privacy password is not believed unencrypted.
//! A trap's clock is its sender's: what is older than the newest by more than [`TIME_WINDOW_S`] is a replay, and refused,
//! also after a restart, and by whichever of the listeners ([`SenderClocks`]; the intake's directory keeps them as `snmp-clocks`).
//! Within those 150 seconds RFC 3414 lets a replay through, and so does this. An inform's clock is ours: the sender asks for our
//! engine id and clock first ([`Received::Discovery`]) and is told what is wrong in a report. Reports are hardly longer than
//! what asked for them, so that nobody can be flooded with them.
//!
//! # Pointing devices at it
//!
//! Let devices send **informs with v3 and authPriv** where they can: these are encrypted, and sent again until they are durable.
//! Port 162 belongs to root; where the listener is not started as root, give it another one (1162 here) and name that on the
//! device, or redirect 162 to it.
//!
//! * Test from any Debian host with the package `snmp` (all of these are tried by `tests/snmp/net_snmp.rs`):
//!
//!   ```text
//!   snmpinform -v3 -u edge -l authPriv -a SHA-256 -A "$AUTH" -x AES -X "$PRIV" sentra.example.net:1162 '' 1.3.6.1.6.3.1.1.5.1
//!   snmptrap   -v3 -u edge -l authPriv -a SHA-256 -A "$AUTH" -x AES -X "$PRIV" -e 80001f8804656467652d31 sentra.example.net:1162 '' 1.3.6.1.6.3.1.1.5.1
//!   snmptrap   -v2c -c "$COMMUNITY" sentra.example.net:1162 '' 1.3.6.1.6.3.1.1.5.1
//!   ```
//!
//! * Cisco IOS: `snmp-server group SENTRA v3 priv`, `snmp-server user edge SENTRA v3 auth sha AUTH priv aes 128 PRIV`,
//!   `snmp-server host 192.0.2.10 informs version 3 priv edge udp-port 1162`, `snmp-server enable traps`. For informs IOS wants the
//!   receiver's engine id too: `snmp-server engineID remote 192.0.2.10 udp-port 1162 ID`, and a
//!   `snmp-server user edge SENTRA remote 192.0.2.10 udp-port 1162 v3 …` for it. Its `aes 192` and `aes 256` are `AES-192-C` and
//!   `AES-256-C` here.
//! * net-snmp's agent: `trapsess -Ci -v 3 -u edge -l authPriv -a SHA-256 -A AUTH -x AES -X PRIV sentra.example.net:1162` in
//!   `snmpd.conf`.
//! * A device needs no entry by engine id: keys are made for whatever engine speaks. Give a user an
//!   engine id only where the same name has other passwords on another device.
//! * After a device was reset to factory settings its boots counter begins again and its traps look old: they are refused as
//!   `not_in_time_window` until the counter is past the old one. Give the device another engine id, or remove `snmp-clocks`
//!   from the intake's directory while the server is stopped.

mod ber;
mod clocks;
mod engine_id;
#[cfg(test)]
mod hostile_tests;
mod key;
mod listen;
mod message_v3;
mod notification;
mod problem;
mod reader;
#[cfg(test)]
mod reader_tests;
mod record;
mod redact;
#[cfg(test)]
pub(crate) mod test_kit;
mod users;
mod usm;
mod v3;
#[cfg(test)]
mod v3_tests;

use std::fmt::Write as _;

pub use ber::BerProblem;
pub use clocks::{Authority, EngineClock, SenderClocks, TIME_WINDOW_S};
pub use engine_id::EngineId;
pub use listen::{Arrivals, BatchLimits, TrapSink, listen};
pub use problem::{SetupProblem, SnmpProblem};
pub use reader::{Limits, Received, Refused, TrapReader};
pub use users::{
    COMMUNITIES_MAX, Communities, Community, PASSWORD_BYTES_MAX, PASSWORD_BYTES_MIN, Secret, SecurityLevel,
    USERS_MAX, User, Users,
};
pub use usm::{AuthProtocol, PrivProtocol};

/// Bytes as lower-case hex digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A name in a message: text as a rule, and hex where it is none.
fn text_or_hex(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| hex(bytes), str::to_owned)
}
