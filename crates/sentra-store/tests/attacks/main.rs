//! Attacks on the marts by what is asked of them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may stop where it stands"
)]

mod aliases;
mod hostile;
mod isolation;
mod made;
mod questions;
mod raws;
mod row_groups;
mod scans;
mod stop;
mod stores;
