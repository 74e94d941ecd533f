use sentra_store::{Column, Lineage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The answer to a question, in the shape in which it is printed and sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Answer {
    /// Which way the question went.
    pub route: Route,
    /// Whether all of it was answered.
    pub status: Status,
    /// The columns of the rows.
    pub columns: Vec<Column>,
    /// The rows.
    #[schema(value_type = Vec<Vec<Object>>)]
    pub rows: Vec<Vec<Value>>,
    /// How long it took.
    pub elapsed_ms: u64,
    /// How it came about, when that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explain: Option<Explain>,
}

/// Which way a question went, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Route {
    /// What kind of question it is.
    pub intent: Intent,
    /// Who answered.
    pub engine: String,
    /// How sure the choice is, 0 to 1.
    pub confidence: f64,
    /// Why this way, in words.
    pub reason: String,
}

/// What kind of question it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Intent {
    /// For particular events.
    Exact,
    /// For numbers over many events.
    Analytical,
}

/// Whether a question was answered in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Everything asked for was looked at.
    Complete,
    /// A limit stopped the search; the rows are what was found until then.
    Partial,
    /// The answer is older than the question.
    Stale,
}

/// How an answer came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Explain {
    /// The question as it was understood.
    pub question: String,
    /// What was looked at.
    #[serde(flatten)]
    pub lineage: Lineage,
    /// What the asker may want to know.
    pub notes: Vec<String>,
}

/// What a person is told of damaged segments that an answer goes without.
pub(crate) fn unread_note(lineage: &Lineage) -> Option<String> {
    let unread = lineage.segments_unread;
    let read = lineage.segments_considered;
    (unread > 0).then(|| {
        format!(
            "{read} of {} segments: {unread} damaged and left out, `sentra store check` says more",
            read + unread
        )
    })
}
