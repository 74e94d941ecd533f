//! What goes over the wire: one type per request and response of the HTTP interface.
//!
//! Types of `sentra-model` go out as they are. What other crates return is copied into a type of this
//! module, so that a change inside a crate cannot change the interface unseen: `openapi.json` beside
//! `Cargo.toml` is compared with the code by a test.

mod decision;
mod door;
mod event;
mod forensic;
mod incident;
mod letter;
mod mart;
mod query;
mod rollup;
mod rules;
mod status;
mod topic;
mod tuning;

pub use decision::{DecisionAnswer, DecisionBody, SuppressionPreviewBody, SuppressionView, TriageAnswer};
pub use door::LoginLink;
pub use event::{EventDetail, EventLookup, EventLookupAnswer};
pub use forensic::{ForensicClass, ForensicView};
pub use incident::{
    IncidentChange, IncidentDetail, IncidentPage, IncidentRevision, IncidentSummary, StreamGap,
};
pub use letter::{
    DeadLetterDetail, DeadLetterItem, DeadLetterPage, LetterReplayAnswer, LetterReplayBody,
    LetterReplayState, LetterStillDead, LetterUnreplayable, ReplayedLetterView,
};
pub use mart::{MartBody, MartChangeBody, MartDetail, MartItem, MartRemoved, MartsAnswer};
pub use query::{
    OverrideBody, QueryAnswer, QueryColumn, QueryDecisions, QueryEstimate, QueryRequest, QueryRoute,
    QueryStatus,
};
pub use rollup::{RollupBody, RollupItem, RollupsAnswer};
pub use rules::{
    BacktestAnswer, BacktestBody, BacktestMatch, BacktestRule, RuleCostView, RuleProblemSeverity,
    RuleProblemView, RuleView, RulesView,
};
pub use sentra_intake::{IngestAnswer, RejectedLine};
pub use status::{
    DeadLetterCount, EnginesAnswer, HistoryPoint, Listener, MartSummary, Pipeline, PipelineState, RuleCounts,
    Status, StatusHistory,
};
pub use topic::{
    ConsumerView, OffsetRange, RecordPage, RecordView, ReplayStep, TopicView, TopicsView, records_of,
};
pub use tuning::{
    CoverageAnswer, DisableBody, ExceptionBody, ExplainAnswer, ExplainBody, ImpactAnswer, ImpactExampleView,
    NamedBody, PreviewBody, TuningAnswer, period,
};
