//! The crate's face: the corpus, the documentation, hostile questions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "test code"
)]

mod common;
mod docs;
mod english;
mod hostile;
mod routing;
