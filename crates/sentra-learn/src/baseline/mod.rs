//! What was usual so far, per tenant, in bounded memory: who has which values, how often, how much, when, from where.
//!
//! Everything is kept under 64-bit keyed hashes in flat arrays; no name is stored. A record says what it is worth
//! (how often it was fed), so that nothing is called unusual before it was watched long enough.
//!
//! Never here: reading event batches, deciding what is a finding. That is [`crate::Behaviour`]'s.

mod config;
mod entity;
pub(crate) mod hash;
mod hours;
mod index;
mod level;
mod names;
mod place;
mod rare;
mod table;
mod term;

pub use config::BaselineConfig;
pub(crate) use config::DAY_SECONDS;
pub(crate) use entity::{Entity, Watch};
pub(crate) use level::{Level, LevelForm, PARTS as LEVEL_PARTS};
pub use names::{BaselineName, baseline_names};
pub(crate) use names::{CodeName, Name};
pub use place::Place;
pub(crate) use place::{LastPlace, distance_km};
pub(crate) use rare::Rare;
pub(crate) use table::{Record, Table, TableCounters, record};
pub(crate) use term::Term;
