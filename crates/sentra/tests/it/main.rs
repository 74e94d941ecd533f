//! The command line from outside: the real binary, real files, a real server on loopback.

// Helpers of tests are not inside `#[test]` functions, where clippy allows these.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout
)]

mod answers;
mod bad_input;
mod bench;
mod crate_graph;
mod docs;
mod doors;
mod house;
mod marts;
mod operate;
mod packs;
mod questions;
mod real_data;
mod rules;
mod server;
mod store;
mod under_load;
