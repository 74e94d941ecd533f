//! What fuzzers call: one function per kind of bytes that strangers send. None may panic, hang or take memory without
//! a limit, whatever the bytes are.
//!
//! `fuzz/` holds the targets for `cargo fuzz`, which let libFuzzer look for inputs for as long as somebody waits.
//! `tests/bounded.rs` calls the same functions with a fixed number of bent samples in every run of the checks.

mod decoders;
mod doors;
mod framers;
mod questions;

pub use decoders::decode;
pub use doors::{http_request, snmp_datagram};
pub use framers::frame;
pub use questions::{english, question, sql};

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 7] = [
    ("decode", decode),
    ("english", english),
    ("frame", frame),
    ("http_request", http_request),
    ("question", question),
    ("snmp_datagram", snmp_datagram),
    ("sql", sql),
];
