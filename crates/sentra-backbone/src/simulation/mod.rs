//! The log on a disk that forgets, tears, fills up and fails, driven by a seed.

#![allow(clippy::single_range_in_vec_init, reason = "a list of damaged ranges is often one range long")]

mod damage;
mod disk;
mod random;
mod run;

pub(crate) use disk::SimulatedDisk;
pub(crate) use random::Random;
