//! The stream processor: it follows the backbone and turns raw records into events, events into
//! signals and signals into incidents, and hands each store its share together with the position
//! it was read up to.
//!
//! ```text
//! backbone ─► decode ─► baselines, indicators ─► detect ─► signal ─► enrich ─► triage: risk, incident
//!                                │                                                      │
//!                                ▼                                                      ▼
//!                              marts               records (one transaction with position and state)
//! ```
//!
//! Invariant SOURCE: a store's data and its position are committed together, so a crash at any point
//! repeats nothing and loses nothing. Marts and records have positions of their own; after a restart
//! the factory reads from the smaller one and skips for each store what it already has. The forensic index has one
//! too, and what it lacks is read from marts and records.
//!
//! Invariant TIME: detection, folding and grouping run on event time; the clock only stamps
//! `created` and `updated` and paces flushes.
//!
//! Decisions of people are records of the backbone too ([`Decision`]): they take effect at their place among the events.
//!
//! Invariant MEANING: the story is told by a [`Teller`] that is handed signals and incidents, never events.
//!
//! This crate opens no socket and no file: logs, stores, rules and the clock are passed in.

mod activity;
mod again;
mod backlog;
mod backtest;
mod config;
mod dead;
mod decisions;
mod error;
mod facts;
mod forensic;
mod insight;
mod judged;
mod knowledge;
mod lanes;
mod letters;
mod live;
mod mart_desk;
mod mirror;
mod missing;
mod models;
mod pipeline;
mod rule_desk;
mod signals;
mod state;
mod status;
mod thinker;
mod transform;
mod turns;
mod view;
mod worker;

pub use again::{DecodedAgain, decode_again};
pub use backlog::{Backlog, backlog};
pub use backtest::{BACKTEST_MATCHES_MAX, BacktestReport, BacktestRequest, RuleFindings, backtest};
pub use config::FactoryConfig;
pub use dead::CONSUMER as DEAD_CONSUMER;
pub use decisions::{
    DECISION_SUBJECTS_MAX, DECISION_TEXT_CHARS_MAX, Decided, Decision, DecisionDesk, DecisionError,
};
pub use error::FactoryError;
pub use forensic::Forensic;
pub use judged::{JUDGED_INCIDENTS_MAX, judged_signals};
pub use knowledge::{Knowledge, KnowledgeSources};
pub use letters::{
    LETTERS_PER_REPLAY_MAX, LetterBytes, LetterDesk, LetterError, LetterReplayReport, LetterReplayRequest,
    LetterSelection, ListedLetter, RefusedLetter, ReplayedLetter, ShownLetter,
};
pub use live::{DecoderHandle, KnowledgeHandle, Live, RulesHandle, TuningHandle};
pub use mart_desk::{
    MartChange, MartDesk, MartDraft, MartError, MartRouter, MartView, REGISTERED_MARTS_MAX, RollupView,
};
pub use pipeline::{Factory, FactoryParts, NoWatcher, Watcher};
pub use rule_desk::{
    BacktestQuestion, DisabledReport, ExceptionDraft, ExceptionView, Explained, RULE_TEXT_BYTES_MAX,
    RuleDesk, RuleDeskError, RuleDeskParts, RuleSelection, TuningKeeper, TuningReport,
};
pub use sentra_enrich::indicators::FeedSource;
pub use sentra_enrich::{Problem as KnowledgeProblem, SourceContent};
pub use sentra_learn::keeper::ModelsView;
pub use sentra_learn::registry::{ModelKind, ModelVersion};
pub use sentra_packs::{
    PackError, PackFiles, SampleFailure, SampleReport, ScanMatch, Scanner, built_in_packs, check_samples,
    load_rules,
};
pub use sentra_triage::{
    EntityRisk, FeedbackMetrics, Suppressed, Suppression, SuppressionImpact, SuppressionMatch, Teller, Told,
    TriageConfig, preview_suppression,
};
pub use status::{FactoryStatus, StatusSnapshot};
pub use transform::{Transformed, transform};
pub use view::TriageView;
pub use worker::CONSUMER;
