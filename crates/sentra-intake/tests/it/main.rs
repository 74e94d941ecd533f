//! Every door on real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

mod bulk;
mod clients;
mod framed;
mod hec;
mod hostile;
mod http;
mod kit;
mod otlp;
mod page;
mod reload;
mod syslog;
mod tls;
mod transcripts;
