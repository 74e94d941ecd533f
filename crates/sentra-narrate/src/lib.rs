//! The story of an incident, worded from typed facts.
//!
//! * [`tell`] words an [`Incident`](sentra_model::Incident) and its signals: always the same words for the
//!   same facts, in whatever order the signals come.
//! * [`verify`] takes any story and checks every number, address, name, time and technique in it against
//!   the facts of the signals that the sentence cites. It does not trust the writer. What can be worded in one
//!   way only (how often each account was tried, how fast, in what pattern) must have that wording.
//!
//! Law MEANING: this crate sees signals and incidents only. It cannot name the types of raw telemetry
//! (a test reads its sources), it words facts, and it never decides, closes or acts. Text that an attacker
//! may have chosen stands between “ and ”, with everything escaped that could end the quotation.

mod assessment;
mod attempts;
mod day;
mod events;
mod groups;
mod lexicon;
mod limit;
mod list;
mod merge;
mod outcome;
mod pattern;
mod phrase;
mod quote;
mod reasons;
mod sheet;
mod story;
mod tactic;
mod technique;
mod title;
mod verify;
mod words;

pub use limit::{
    bursts_told_max, events_told_max, list_items_max, outcomes_max, quoted_chars_max, reasons_told_max,
    sentences_max, tactic_groups_max,
};
pub use story::{Story, TEMPLATE_VERSION, tell};
pub use verify::{Problem, Violation, verify};
