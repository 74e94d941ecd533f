//! Models at work: weeks of a company, what stands out in them, and what operators and hostile events do.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "tests")]

mod cuts;
mod hostile;
mod poison;
mod quiet;
mod restart;
mod speed;
mod training;
mod world;
