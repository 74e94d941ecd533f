//! The stream processor: it follows the backbone and turns raw records into events, events into
//! signals and signals into incidents, and hands each store its share together with the position
//! it was read up to.
//!
//! ```text
//! backbone ─► decode ─► detect ─► signal ─► incident
//!               │                    │          │
//!               ▼                    └────┬─────┘
//!             marts                    records (one transaction with position and detection state)
//! ```
//!
//! Invariant SOURCE: a store's data and its position are committed together, so a crash at any point
//! repeats nothing and loses nothing. Marts and records have positions of their own; after a restart
//! the factory reads from the smaller one and skips for each store what it already has.
//!
//! Invariant TIME: detection, folding and grouping run on event time; the clock only stamps
//! `created` and `updated` and paces flushes.
//!
//! Invariant MEANING: the story is told by a [`Teller`] that is handed signals and incidents, never events.
//!
//! This crate opens no socket and no file: logs, stores, rules and the clock are passed in.

mod activity;
mod backtest;
mod book;
mod config;
mod dead;
mod error;
mod facts;
mod grouping;
mod letters;
mod live;
mod mirror;
mod missing;
mod pipeline;
mod pivot;
mod risk;
mod rule_desk;
mod signals;
mod state;
mod status;
#[cfg(test)]
mod testing;
mod thinker;
mod transform;
mod worker;

pub use backtest::{BACKTEST_MATCHES_MAX, BacktestReport, BacktestRequest, RuleFindings, backtest};
pub use config::FactoryConfig;
pub use dead::CONSUMER as DEAD_CONSUMER;
pub use error::FactoryError;
pub use grouping::{Teller, Told};
pub use letters::{
    LETTERS_PER_REPLAY_MAX, LetterBytes, LetterDesk, LetterError, LetterReplayReport, LetterReplayRequest,
    LetterSelection, ListedLetter, RefusedLetter, ReplayedLetter, ShownLetter,
};
pub use live::{DecoderHandle, Live, RulesHandle, TuningHandle};
pub use pipeline::{Factory, FactoryParts, NoWatcher, Watcher};
pub use risk::{combine, signal_estimate};
pub use rule_desk::{
    BacktestQuestion, DisabledReport, ExceptionDraft, ExceptionView, Explained, RULE_TEXT_BYTES_MAX,
    RuleDesk, RuleDeskError, RuleDeskParts, RuleSelection, TuningKeeper, TuningReport,
};
pub use sentra_packs::{
    PackError, PackFiles, SampleFailure, SampleReport, ScanMatch, Scanner, built_in_packs, check_samples,
    load_rules,
};
pub use status::{FactoryStatus, StatusSnapshot};
pub use transform::{Transformed, transform};
pub use worker::CONSUMER;
