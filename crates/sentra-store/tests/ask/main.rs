//! What the marts answer, and what they say beforehand.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a test may stop where it stands"
)]

mod conformance;
mod estimate;
