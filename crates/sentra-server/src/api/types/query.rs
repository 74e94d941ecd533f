use sentra_query::{AnswerPart, Ceiling, Decision, Estimate, Render, StatusDetail};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A question to the router.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryRequest {
    /// The question: `linux | where user == "root" | take 10`. KQL, the search bar's shorthand or plain English.
    #[schema(example = "linux | where user == \"root\" | take 10")]
    pub text: String,
    /// `auto`, `exact`, `analytical`, `similarity`, or one engine: `marts`, `forensic`, `records`, `vectors`. The
    /// router decides when it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Whether to say how the answer was made.
    #[serde(default)]
    pub explain: bool,
    /// Rows on a page, 1 to 10,000; the whole answer, up to 10,000 rows, when it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<usize>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// A name for the question, to cancel it: letters, digits, `_` and `-`, at most 64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_id: Option<String>,
    /// Run although it is expected to cost more than the ceiling, where the role may.
    #[serde(default)]
    pub anyway: bool,
}

/// Which way a question went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueryRoute {
    /// What the question is after: `exact`, `analytical`, `similarity` or `compound`.
    pub intent: String,
    /// Which engine answered, or which ones, joined by `+`.
    pub engine: String,
    /// How sure the router is, 0 to 1.
    pub confidence: f64,
    /// Why this way.
    pub reason: String,
    /// The rules that decided, by their ids.
    pub rules: Vec<String>,
    /// The form in which it was asked: `kql`, `shorthand`, `english` or `sql`.
    pub form: String,
    /// Version of the router's rules.
    pub router_version: u32,
}

/// How far an answer can be trusted to be whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum QueryStatus {
    /// Everything that is stored was looked at.
    Complete,
    /// Something was not looked at: a limit ended the search early, or a segment could not be read.
    Partial,
    /// Records wait that the answer does not contain.
    Stale,
}

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueryColumn {
    /// Its name.
    pub name: String,
    /// Type of its values.
    #[serde(rename = "type")]
    pub column_type: String,
}

/// An answer with its lineage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueryAnswer {
    /// What the question was called while it ran.
    pub query_id: String,
    /// The decision under which it is remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision_id: Option<String>,
    /// Which way the question went.
    pub route: QueryRoute,
    /// The question as it was read: KQL, to be changed and asked again.
    pub understood: String,
    /// Whether it is whole.
    pub status: QueryStatus,
    /// What of the stores was looked at, and why not all.
    pub status_detail: StatusDetail,
    /// The columns.
    pub columns: Vec<QueryColumn>,
    /// The rows; each has one value per column.
    pub rows: Vec<Vec<serde_json::Value>>,
    /// How the rows are best shown, when the question says so.
    pub render: Option<Render>,
    /// The answers before the last one of a question that consists of several.
    pub parts: Option<Vec<AnswerPart>>,
    /// What it was expected to cost.
    pub estimate: Option<Estimate>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// Where the next page begins, when there are more rows.
    pub next_cursor: Option<String>,
    /// How it was made, when asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explain: Option<serde_json::Value>,
}

/// What a question is expected to cost, and whether it would be answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueryEstimate {
    /// Which way it would go.
    pub route: QueryRoute,
    /// The question as it was read: KQL.
    pub understood: String,
    /// What it is expected to cost.
    pub estimate: Estimate,
    /// Whether it is within the ceiling.
    pub allowed: bool,
    /// What may be spent on it.
    pub ceiling: Ceiling,
    /// A question like it, in KQL, that would be allowed, when this one is not and there is one.
    pub cheaper: Option<String>,
}

/// A page of what the router decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueryDecisions {
    /// The decisions, the latest first.
    pub decisions: Vec<Decision>,
    /// The cursor of the next page; absent on the last one.
    pub next_cursor: Option<String>,
}

/// What was right instead of what the router chose: an engine, an intent, or both.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideBody {
    /// The engine that should have answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// What the question was after: `exact`, `analytical`, `similarity` or `compound`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
