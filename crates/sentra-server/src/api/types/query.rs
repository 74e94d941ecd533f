use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A question to the router.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryRequest {
    /// The question: `linux | where user == "root" | take 10`.
    #[schema(example = "linux | where user == \"root\" | take 10")]
    pub text: String,
    /// `auto`, `exact`, `analytical` or `similarity`; the router decides when it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Whether to say how the answer was made.
    #[serde(default)]
    pub explain: bool,
}

/// Which way a question went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueryRoute {
    /// What the question is after.
    pub intent: String,
    /// Which engine answered.
    pub engine: String,
    /// How sure the router is, 0 to 1.
    pub confidence: f64,
    /// Why this engine.
    pub reason: String,
}

/// How far an answer can be trusted to be whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum QueryStatus {
    /// Everything that is stored was looked at.
    Complete,
    /// A limit ended the search early.
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
    /// Which way the question went.
    pub route: QueryRoute,
    /// Whether it is whole.
    pub status: QueryStatus,
    /// The columns.
    pub columns: Vec<QueryColumn>,
    /// The rows; each has one value per column.
    pub rows: Vec<Vec<serde_json::Value>>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// How it was made, when asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explain: Option<serde_json::Value>,
}
