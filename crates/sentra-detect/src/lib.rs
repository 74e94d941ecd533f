//! Rules over event batches: Sigma and Sigma correlations.
//!
//! [`RuleSet::compile`] turns rule files into a set that is shared and never changes; what is wrong with a
//! rule comes back as a [`RuleProblem`] and does not harm the others. A [`Detector`] runs the set over
//! [`EventBatch`](sentra_model::EventBatch)es and keeps the state of correlations, which its owner stores
//! ([`Detector::take_changes`]) and puts back ([`Detector::restore`]).
//!
//! # Fields
//!
//! A rule's field is looked for among the event's own fields, under the exact name. An event that does not
//! have it is asked further, in this order:
//!
//! | name in the rule | then |
//! |---|---|
//! | `code`, `outcome`, `format`, `product`, `service`, `host`, `user`, `target_user`, `src_ip`, `dst_ip`, `process`, `pid`, `parent_process`, `command`, `session`, `file`, `domain`, `app`, `message`, `source`, `src_port`, `dst_port` | the header column of that name |
//! | `Image`, `ParentImage` | fields `NewProcessName`, `ParentProcessName` (Security 4688); header `process`, `parent_process` |
//! | `Signature`, `Filename` | fields `ThreatName`, `Path` (Defender) |
//! | `CommandLine`, `User`, `TargetFilename`, `SourceIp`, `DestinationIp`, `SourcePort`, `DestinationPort`, `QueryName` | header `command`, `user`, `file`, `src_ip`, `dst_ip`, `src_port`, `dst_port`, `domain` |
//!
//! The header stands in for Sigma's own names only in events of other products than `windows`: what a
//! Windows event does not say under Sigma's name, it does not say. Keywords are searched in the values of all
//! fields and in `message`, and in the raw line of an event that has neither.
//!
//! # Logsources
//!
//! An event has a set of products, categories and services ([`Logsource`]): its header's product and service,
//! for Windows what channel, event id and event type say; for others what their class says. Events with a
//! cross-system code also have the category `authentication` (LL…), `account_change` (SA…) or
//! `privileged_operation` (PA…), so that one rule serves every system.
//!
//! # Correlations
//!
//! `event_count`, `value_count`, `temporal` and `temporal_ordered`, with `group-by`, `aliases`, `timespan` and
//! conditions `gte`, `gt`, `eq`; they may refer to rules and correlations of other files of the set. A correlation
//! reports *runs*, see [`Match`]; `run-gap` beside `timespan` says how long a run may pause (at least the
//! timespan; one day if not said). A run waits for late events as long as its run gap, by arrival; the window of a
//! run that has not fired holds four times what makes it fire, and no less than 1,024 events.
//!
//! # Lists
//!
//! [`Lists::load`] takes reference lists (texts, regular expressions, networks; an entry per line) and data tables
//! (CSV, each column text, regular expression, network or number). YARA-L asks them as `%name` and
//! `%table.column`; [`Lists::texts`] are what the placeholder `%name%` of Sigma's `expand` stands for.
//! [`SharedLists`] swaps them while rules run.
//!
//! # Limits
//!
//! | limit | |
//! |---|---|
//! | rule file, document | 16 MiB, 1 MiB |
//! | nodes of a document with its aliases, depth | 100,000, 32 |
//! | condition, its depth, tests of a rule | 16 KiB, 64, 50,000 |
//! | compiled regular expression | 8 MiB |
//! | dash variants of a value | 625 |
//! | rules of a set | 100,000 |
//! | timespan, threshold, group-by fields, rules, chain of a correlation | 30 days, 100,000, 16, 64, 8 |
//! | groups of a correlation and tenant, runs of a group | 1,000,000 ([`DetectorLimits`]), 64 |
//! | event ids, values shown, values told apart, bytes of a value in a run | 500 at each end, 32, 4,096, 4,096 |
//! | text and list that a function of YARA-L makes | 16 MiB, 10,000 values |
//! | regular expression that a rule computes from an event | 1,024 bytes, 256 KiB compiled |
//! | lists; bytes, entries of a list; of regular expressions; bytes of an entry | 10,000; 256 MiB, 2,000,000; 10,000; 16 KiB |
//! | columns of a table | 1,000 |
//!
//! # Invariants
//!
//! This crate does no I/O and reads no clock (law TIME): live and backtest are the same code. A
//! match does not depend on how events were cut into batches (law IDENTITY). Rules and events are hostile
//! input: nothing they contain makes it panic, recurse or grow without a named limit (law LIMIT).

mod attack;
mod correlation;
mod detector;
mod engine;
mod fields;
mod group;
mod index;
mod logsource;
mod matched;
mod plain;
mod problem;
mod rowset;
mod ruleset;
mod sigma;
mod taxonomy;
mod test;
mod text;
mod yaml;
#[allow(dead_code, reason = "what compiles rules will call it")]
mod yaral;

pub use attack::{tactics, techniques};
pub use detector::{Detector, DetectorLimits, DetectorStats, StateChange};
pub use logsource::Logsource;
pub use matched::Match;
#[doc(hidden)]
pub use plain::matching_rules;
pub use problem::{ProblemSeverity, RuleProblem};
pub use ruleset::{Rule, RuleSet, RuleSource};
pub use yaral::lists::{ListKind, ListSource, Lists, SharedLists};
