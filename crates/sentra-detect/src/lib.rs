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
//! | `account_of_user`, `account_of_target` | header `user`, `target_user` without domain, in lower case: `EXAMPLE\Alice` and `alice@example.com` are `alice` |
//!
//! The header stands in for Sigma's own names only in events of other products than `windows`: what a
//! Windows event does not say under Sigma's name, it does not say. Keywords are searched in the values of all
//! fields and in `message`, and in the raw line of an event that has neither.
//!
//! # Logsources
//!
//! An event has a set of products, categories and services ([`Logsource`]): its header's product and service,
//! for Windows what channel, event id and event type say; for others what their class says. Events with a
//! cross-system code also have the category `authentication` (LL…), `account_change` (SA…), `privileged_operation` (PA…),
//! `configuration_change` (CC…), `identity_governance` (IG…), `system_service` (SS…) or `administrative_operation` (AO…),
//! so that one rule serves every system.
//!
//! # Sigma
//!
//! Version 2.1 in full: every modifier, keywords, conditions and lists of them, several documents in a file
//! (`action: global`, `reset` and `repeat` of the old form too), and filters, which may stand in any file of the set.
//! Aggregations of the old form, `selection | count(Field) by Group > 5` and `selection | near other`, become
//! correlations, with a warning that shows the correlation. [`CompileOptions`] brings what is not in the rules: the
//! lists behind `%placeholders%` ([`Placeholders`]; [`Rule::lists`] says which rules a changed list concerns) and
//! [`Pipeline`]s in the form of pySigma, of which four come with the crate ([`BUILT_IN_PIPELINES`]). [`lint`] says
//! what is wrong with rules that compile.
//!
//! # Correlations
//!
//! | type | measures in a window | condition |
//! |---|---|---|
//! | `event_count` | happenings | `gte`, `gt`, `lte`, `lt`, `eq`, `neq` with a whole number |
//! | `value_count` | distinct values of `field` | the same |
//! | `temporal` | which rules matched | all of them, or an expression: `a and not (b or c)`, `2 of them` |
//! | `temporal_ordered` | whether all rules matched one after the other | none |
//! | `value_sum`, `value_avg`, `value_median`, `value_percentile` | numbers in `field`; `percentile: 95` | a number, to nine places |
//!
//! With `group-by`, `aliases` and `timespan`; they may refer to rules and correlations of other files of the set.
//! `window` is `sliding` (any stretch of the timespan, both ends included), `tumbling` (stretches one after the
//! other, since 1970) or `session` (events between which is no longer `gap`; a timespan is the most it may last).
//!
//! A condition that more events can only make true fires **at once**, wherever in time an event belongs: `gte` and
//! `gt` of the counts, `temporal` without `not`, and `temporal_ordered`, except in a session with a timespan. All
//! others are decided **in order**, when the watermark has passed: the highest event time of the tenant less the
//! lateness ([`DetectorLimits`]). A sliding window is looked at with every event that it ends with, or where
//! something is negated when it ends that begins with an event: so `a and not b` means that no b came within the
//! timespan after a. Tumbling windows and sessions are looked at when they end. What comes later than the
//! lateness is counted in [`DetectorStats`] and no more. [`Detector::advance`] lets time pass where no events do.
//!
//! A correlation reports *runs*, see [`Match`]; `run-gap` beside `timespan` says how long a run may pause (at least
//! the timespan; one day if not said). A run of a rule that fires at once waits for late events as long as its
//! run gap, by arrival; the window of a run that has not fired holds four times what makes it fire, and no less
//! than 1,024 events.
//!
//! Where a rule has too many groups, those furthest from firing go; one that is half-way or waits for its decision
//! does not. That any went, or new ones were refused, is reported by the built-in rule [`STATE_PRESSURE`], once per
//! rule, tenant and hour.
//!
//! # YARA-L
//!
//! Files that end in `.yaral` hold YARA-L 2.0. What an event variable asks of a single event is answered by the
//! matcher like a Sigma rule; the candidates are then tried in full and wait for company in the windows of the match
//! section. Its UDM paths are mapped to our columns and fields, see `docs/yaral.md`; functions are in
//! `docs/yaral-functions.md`.
//!
//! # Matching
//!
//! A [`Matcher`] tries the single-event rules. Values are matched, not events: each distinct value of a field is
//! searched once per batch for the literals of all rules of the logsource; what short values of small batches pass is
//! remembered. A rule is evaluated on the events where a test holds without which it cannot match
//! ([`MatcherStats`] counts what was done, [`RuleCosts`] what each rule costs). Threads share the [`RuleSet`] and
//! nothing else: each has its own matcher. A value longer than the limit is searched up to it, which is counted and
//! reported with the event ([`EvaluationProblem`]).
//!
//! # About rules
//!
//! [`RuleSet::explain`] says why a rule matches an event or does not, [`RuleSet::explain_correlation`] what a
//! correlation lacks to fire, [`RuleSet::can_match`] whether a mart has what a rule needs,
//! [`RuleSet::coverage`] what the rules look for in ATT&CK, and [`RuleSet::query`] says a rule as a condition of
//! SQL that is never narrower than the rule. An [`Overlay`] hides matches (disabled rules, exceptions) and says
//! by what, so that they are counted; [`preview`] says what an exception would have hidden. A [`RuleDraft`] is a
//! rule as a form has it. See `docs/tuning.md` and `docs/rules-as-queries.md`.
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
//! | bytes of a value that tests see, that regular expressions see | 1 MiB, 128 KiB |
//! | values of a field that are held against those of another | 64 |
//! | values remembered, their bytes, bytes of one | 131,072, 8 MiB, 512 |
//! | kinds of events, plans remembered | 16,384, 1,024 |
//! | problems of events kept until they are taken | 100 |
//! | rule file, document | 16 MiB, 1 MiB |
//! | nodes of a document with its aliases, depth | 100,000, 32 |
//! | condition, its depth, tests of a rule | 16 KiB, 64, 50,000 |
//! | compiled regular expression | 8 MiB |
//! | dash variants of a value | 625 |
//! | values of a list, values that placeholders make of one value | 10,000, 10,000 |
//! | transformations of a pipeline, their nesting, values that they make of a rule | 1,000, 8, 100,000 |
//! | rules of a set | 100,000 |
//! | timespan, threshold, group-by fields, rules, chain of a correlation | 30 days, 100,000, 16, 64, 8 |
//! | groups of a correlation and tenant, runs of a group | 1,000,000 ([`DetectorLimits`]), 64 |
//! | events that wait of a correlation and tenant, of a group | 4,000,000 ([`DetectorLimits`]), 262,144 |
//! | parts of an explanation, values of a part, characters of a value | 2,000, 16, 200 |
//! | groups shown and events counted where a correlation is explained | 32, 200,000 |
//! | logsources of an inventory, fields of one | 10,000, 20,000 |
//! | exceptions and disabled rules of an overlay, examples of an impact | 20,000, 20 |
//! | condition of a query, its tests, its depth | 256 KiB, 1,000, 20 |
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
mod coverage;
mod detector;
mod draft;
mod engine;
mod exceptions;
mod explain;
mod fields;
mod group;
mod identity;
mod index;
mod lint;
mod logsource;
mod matched;
mod options;
mod pipeline;
mod placeholders;
mod plain;
mod problem;
mod rowset;
mod ruleset;
mod sigma;
mod sql;
mod stream;
mod taxonomy;
mod test;
mod text;
mod yaml;
mod yaral;

pub use attack::{tactics, techniques};
pub use correlation::report::STATE_PRESSURE;
pub use coverage::{Coverage, RuleName, TacticCoverage, TechniqueCoverage};
pub use detector::{Detector, DetectorLimits, DetectorStats, StateChange};
pub use draft::{DraftError, DraftItem, DraftSelection, DraftThreshold, RuleDraft};
pub use engine::Matcher;
pub use engine::costs::{RuleCost, RuleCosts};
pub use engine::report::{EvaluationProblem, MatcherStats};
pub use exceptions::{
    Applied, Candidate, DisabledRule, Exception, ExceptionReport, HiddenBy, HiddenMatch, Impact,
    ImpactExample, MatchVerdict, Overlay, RuleScope, Tuning, TuningUse, Use, preview,
};
pub use explain::{
    BaseRule, CannotMatch, CorrelationExplanation, ExplainedPart, Explanation, FieldInventory, GroupProgress,
    InventoryVerdict, PartKind, Routing, SeenLogsource,
};
pub use lint::{LINTS, Lint, lint, lint_counts};
pub use logsource::Logsource;
pub use matched::Match;
pub use options::CompileOptions;
pub use pipeline::{BUILT_IN_PIPELINES, Pipeline};
pub use placeholders::Placeholders;
#[doc(hidden)]
pub use plain::matching_rules;
pub use problem::{ProblemSeverity, RuleProblem};
pub use ruleset::{Rule, RuleSet, RuleSource};
pub use sql::{Precision, QueryEngine, RuleQuery};
pub use yaral::lists::{ListKind, ListSource, Lists, SharedLists};
