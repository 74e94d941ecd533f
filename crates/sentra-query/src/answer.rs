//! The answer to a question, in the shape in which it is printed and sent.

use sentra_model::Timestamp;
use sentra_store::{Column, Lineage, SegmentRef};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Answer {
    /// What the question is called while it runs and in logs.
    pub query_id: String,
    /// The decision under which it is remembered; nothing when it could not be written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision_id: Option<String>,
    /// Which way the question went.
    pub route: Route,
    /// The question as it was read: KQL, to be changed and asked again.
    pub understood: String,
    /// Whether all of it was answered.
    pub status: Status,
    /// What of the stores was looked at.
    pub status_detail: StatusDetail,
    /// The columns of the rows.
    pub columns: Vec<Column>,
    /// The rows.
    #[schema(value_type = Vec<Vec<Object>>)]
    pub rows: Vec<Vec<Value>>,
    /// How the rows are best shown, when the question says so.
    pub render: Option<Render>,
    /// The answers before the last one of a question that consists of several.
    pub parts: Option<Vec<AnswerPart>>,
    /// What it was expected to cost.
    pub estimate: Option<Estimate>,
    /// How long it took.
    pub elapsed_ms: u64,
    /// Where the next page begins, when there are more rows.
    pub next_cursor: Option<String>,
    /// How it came about, when that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explain: Option<Explain>,
}

/// Which way a question went, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Route {
    /// What kind of question it is.
    pub intent: Intent,
    /// Who answered: `marts`, `records`, `forensic`, `vectors`, or several joined by `+`.
    pub engine: String,
    /// How sure the choice is, 0 to 1.
    pub confidence: f64,
    /// Why this way, in words.
    pub reason: String,
    /// The rules that decided, by their ids.
    pub rules: Vec<String>,
    /// The form in which it was asked: `kql`, `shorthand`, `english` or `sql`.
    pub form: String,
    /// Version of the rules.
    pub router_version: u32,
}

/// What kind of question it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = QueryIntent)]
#[serde(rename_all = "lowercase")]
pub enum Intent {
    /// For particular records.
    Exact,
    /// For numbers over many records.
    Analytical,
    /// For what is like something.
    Similarity,
    /// Several questions in one, in order.
    Compound,
}

impl Intent {
    /// The name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Analytical => "analytical",
            Self::Similarity => "similarity",
            Self::Compound => "compound",
        }
    }
}

/// Whether a question was answered in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = AnswerStatus)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Everything asked for was looked at.
    Complete,
    /// Something was not looked at; the rows are what was found all the same.
    Partial,
    /// Everything stored was looked at, but newer records wait to be stored.
    Stale,
}

impl Status {
    /// The name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Stale => "stale",
        }
    }
}

/// What of the stores was looked at, and what not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StatusDetail {
    /// Segments that were looked at, or known to hold nothing that is asked for.
    pub segments_read: u64,
    /// Segments of the marts asked for.
    pub segments_total: u64,
    /// The moment up to which records are in the stores, when newer ones wait.
    pub stale_as_of: Option<Timestamp>,
    /// Why the answer is not complete, in words; empty when it is.
    pub why: String,
}

/// How an answer is best shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Render {
    /// `timechart`, `columnchart`, `barchart`, `piechart`, `linechart`, `table` …
    pub kind: String,
    /// What to write above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// The answer to one of several questions in one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AnswerPart {
    /// This part as it was asked.
    pub question: String,
    /// This part as KQL.
    pub understood: String,
    /// The columns of the rows.
    pub columns: Vec<Column>,
    /// The rows.
    #[schema(value_type = Vec<Vec<Object>>)]
    pub rows: Vec<Vec<Value>>,
}

/// What a question is expected to cost, from metadata alone.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = QueryCost)]
pub struct Estimate {
    /// Segments that have to be opened.
    pub segments: u64,
    /// Rows that have to be looked at, those in memory too.
    pub rows: u64,
    /// Bytes of the segments that have to be opened.
    pub bytes: u64,
    /// How long it takes, probably.
    pub expected_ms: f64,
    /// Nine of ten such questions take longer than this.
    pub low_ms: f64,
    /// Nine of ten such questions take less than this.
    pub high_ms: f64,
}

/// How an answer came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Explain {
    /// The question as it was understood.
    pub question: String,
    /// What was looked at.
    #[serde(flatten)]
    pub lineage: Lineage,
    /// The segments that were opened; at most [`sentra_store::LINEAGE_SEGMENTS_MAX`].
    pub segments: Vec<SegmentRef>,
    /// Rollups that were asked in the place of segments, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollups: Vec<String>,
    /// Which part ran where, the innermost first.
    pub engines: Vec<String>,
    /// What the asker may want to know.
    pub notes: Vec<String>,
}
