//! Realistic events of several sources with what is true about them, from a seed.
//!
//! A small organisation ([`World`]) lives its days: people come, mistype, work and go, machines hum, backups run
//! at night. A scenario lets something happen on top of that. [`Run`] writes it all down as the products would,
//! one record after the other in the order of time, and [`Truth`] says which records are an attack's and which
//! only look like one. [`score`] holds what was found against the truth.
//!
//! It shares no code with decoders or detectors, not even the vocabulary: an error common to both would hide
//! itself. The formats are written from the products' documentation.
//!
//! Invariant: no I/O, no clock, no chance but the seed's. The same scenario, options and version give the same
//! bytes. Memory does not grow with the length of a run, but for the stories of its truth
//! ([`STORIES_MAX`], [`STORY_RECORDS_MAX`]).

mod acts;
mod dice;
mod life;
mod moment;
mod plan;
mod programs;
mod run;
mod scenarios;
mod score;
mod sources;
mod text;
mod truth;
mod world;

pub use moment::{DAY, HOUR, MINUTE, Micros, SECOND, parse_rfc3339, rfc3339};
pub use run::{Options, RATE_MAX, Record, RecordHead, Run, START_MAX};
pub use scenarios::{Scenario, ScenarioInfo, named, scenario, scenarios};
pub use score::{
    CaseNames, Found, FoundEntity, Limits, Outcome, Rules, ScenarioScore, Score, Severity, StoryScore, score,
};
pub use sources::{SOURCES, Source};
pub use truth::{
    At, EntityKind, Nature, STORIES_MAX, STORY_RECORDS_MAX, Story, Truth, TruthEntity, TruthError,
};
pub use world::{
    Account, AccountId, AccountKind, Host, HostId, PEOPLE_MAX, PEOPLE_MIN, Person, PersonId, Place, Role,
    Shift, World,
};
