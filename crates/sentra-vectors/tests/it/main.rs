//! Near things are found, kept, and explained: the crate by its public face.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used, missing_docs)]
#![cfg_attr(feature = "minilm", allow(clippy::print_stdout, reason = "what is skipped is said"))]

mod cases;
mod contract;
mod durable;
mod likeness;
#[cfg(feature = "minilm")]
mod minilm;
mod recall;
mod reembed;
mod store;
