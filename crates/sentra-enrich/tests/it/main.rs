//! The crate's face: databases of places, and signals that are enriched.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

mod enriching;
mod figures;
mod mmdb;
mod places;
