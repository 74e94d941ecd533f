//! Correlations: by definition, by trap, by example.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

mod common;
mod defined;
mod examples;
mod nested;
mod runs;
mod state;
mod traps;
