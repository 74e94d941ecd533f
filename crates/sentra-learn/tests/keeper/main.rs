//! Models at work: weeks of a company, what stands out in them, and what operators and hostile events do.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod quiet;
mod world;
