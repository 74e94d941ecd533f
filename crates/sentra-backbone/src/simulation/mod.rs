//! The log on a disk that forgets, tears, fills up and fails, driven by a seed.

#![allow(clippy::single_range_in_vec_init, reason = "a list of damaged ranges is often one range long")]

mod damage;
mod disk;
mod disk_state;
mod group;
mod model;
mod random;
mod retention;
mod run;
mod space;
mod tails;

pub(crate) use disk::SimulatedDisk;
pub(crate) use disk_state::Faults;
pub(crate) use random::Random;
