//! SNMP traps and informs to records.
mod ber;
mod clocks;
mod engine_id;
#[cfg(test)]
mod hostile_tests;
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
mod test_kit;
mod users;
mod usm;
mod v3;
#[cfg(test)]
mod v3_tests;

use std::fmt::Write as _;

pub use ber::BerProblem;
pub use clocks::{Authority, EngineClock, TIME_WINDOW_S};
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
