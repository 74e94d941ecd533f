//! What the sequence models are worth: on generated days and attacks, and on real logs.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

mod generated;
mod generator;
mod measure;
mod rate;
mod real;
