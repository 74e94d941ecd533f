//! What the router decided, for every question: kept, to be looked up, and to be corrected.

use sentra_model::Timestamp;
use sentra_store::{Lineage, SegmentRef, StoredDecision};
use serde::{Deserialize, Serialize};

use crate::answer::{Estimate, Route, Status};
use crate::work::{CLASSES, Work};

/// Longest note of an override, in bytes.
pub const NOTE_BYTES_MAX: usize = 2_000;

/// A decision of the router: what was asked, how it was read, what was expected and what came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = QueryDecision)]
pub struct Decision {
    /// Its id, `dec-…`; later ones sort behind.
    pub id: String,
    /// When it was made.
    pub time: Timestamp,
    /// Who asked, as far as it is known.
    pub user: String,
    /// What was asked; of long questions the beginning.
    pub question: String,
    /// The question as it was read.
    pub understood: String,
    /// What it was after.
    pub intent: String,
    /// The form in which it was asked.
    pub form: String,
    /// How sure the choice was, 0 to 1.
    pub confidence: f64,
    /// The rules that decided, by their ids.
    pub rules: Vec<String>,
    /// Who answered.
    pub engine: String,
    /// What it was expected to cost.
    pub estimate: Option<Estimate>,
    /// What came.
    pub actual: Actual,
    /// What somebody said was right instead.
    #[serde(rename = "override")]
    pub overridden: Option<Override>,
    /// Version of the router's rules.
    pub router_version: u32,
}

/// What a question came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Actual {
    /// Rows of the answer.
    pub rows: u64,
    /// Segments that were opened.
    pub segments: u64,
    /// How long it took, in milliseconds.
    pub elapsed_ms: f64,
    /// `complete`, `partial`, `stale`, or how it was refused: `refused`, `cancelled`, `too-expensive`, `failed`.
    pub status: String,
}

/// What somebody said was right instead of what the router chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Override {
    /// The engine that should have answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// What the question was after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was said.
    pub time: Timestamp,
    /// By whom.
    pub user: String,
}

/// Where an answer came from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AnswerLineage {
    /// What was looked at, in numbers.
    #[serde(flatten)]
    pub lineage: Lineage,
    /// The segments that were opened; at most [`sentra_store::LINEAGE_SEGMENTS_MAX`].
    pub segments: Vec<SegmentRef>,
    /// Rollups that were used in place of events.
    pub rollups: Vec<String>,
    /// Which part ran where, the innermost first.
    pub engines: Vec<String>,
}

/// What is kept of a decision beside what it is looked up by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Body {
    user: String,
    understood: String,
    intent: String,
    form: String,
    confidence: f64,
    rules: Vec<String>,
    engine: String,
    estimate: Option<Estimate>,
    actual: Actual,
    router_version: u32,
    /// The work that the estimate was made of, to learn the pace from again after a restart. Decisions of earlier versions
    /// have another one, by other classes.
    #[serde(rename = "work_2")]
    work: Option<StoredWork>,
}

/// The work of a question, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredWork {
    pub(crate) base_ms: f64,
    pub(crate) shape: u64,
    /// By class of work.
    pub(crate) parts: [f64; CLASSES],
}

impl From<Work> for StoredWork {
    fn from(work: Work) -> Self {
        let Work { base_ms, parts, shape } = work;
        Self { base_ms, shape, parts }
    }
}

impl From<StoredWork> for Work {
    fn from(work: StoredWork) -> Self {
        let StoredWork { base_ms, shape, parts } = work;
        Self { base_ms, parts, shape }
    }
}

/// What a decision is made of.
pub(crate) struct Made<'a> {
    pub(crate) id: String,
    pub(crate) time: Timestamp,
    pub(crate) user: &'a str,
    pub(crate) question: &'a str,
    pub(crate) understood: &'a str,
    pub(crate) route: &'a Route,
    pub(crate) estimate: Option<Estimate>,
    pub(crate) work: Option<StoredWork>,
    pub(crate) actual: Actual,
    pub(crate) lineage: &'a AnswerLineage,
}

impl Made<'_> {
    /// As it is kept.
    pub(crate) fn stored(self) -> Result<StoredDecision, serde_json::Error> {
        let route = self.route;
        let body = Body {
            user: self.user.to_owned(),
            understood: self.understood.to_owned(),
            intent: route.intent.as_str().to_owned(),
            form: route.form.clone(),
            confidence: route.confidence,
            rules: route.rules.clone(),
            engine: route.engine.clone(),
            estimate: self.estimate,
            actual: self.actual,
            router_version: route.router_version,
            work: self.work,
        };
        Ok(StoredDecision {
            id: self.id,
            time: self.time,
            question: self.question.to_owned(),
            body: serde_json::to_string(&body)?,
            lineage: serde_json::to_string(self.lineage)?,
            overridden: None,
        })
    }
}

impl Actual {
    /// What an answer came to.
    pub(crate) fn of(status: Status, rows: usize, segments: u64, elapsed_ms: f64) -> Self {
        Self { rows: rows as u64, segments, elapsed_ms, status: status.as_str().to_owned() }
    }
}

/// A decision as it was kept; nothing when it cannot be read, which a newer version may have written.
pub(crate) fn decision_of(stored: StoredDecision) -> Option<Decision> {
    let body: Body = serde_json::from_str(&stored.body).ok()?;
    Some(Decision {
        id: stored.id,
        time: stored.time,
        user: body.user,
        question: stored.question,
        understood: body.understood,
        intent: body.intent,
        form: body.form,
        confidence: body.confidence,
        rules: body.rules,
        engine: body.engine,
        estimate: body.estimate,
        actual: body.actual,
        overridden: stored.overridden.and_then(|said| serde_json::from_str(&said).ok()),
        router_version: body.router_version,
    })
}

/// What a question that was answered took, for the pace to be learnt again.
pub(crate) fn work_of(stored: &StoredDecision) -> Option<(StoredWork, f64)> {
    let body: Body = serde_json::from_str(&stored.body).ok()?;
    let is_whole = matches!(body.actual.status.as_str(), "complete" | "stale");
    Some((body.work.filter(|_| is_whole)?, body.actual.elapsed_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A decision as version 1 of the work kept it: nine classes, under another name.
    #[test]
    fn decisions_of_earlier_versions_are_read_and_not_learnt_from() {
        let body = r#"{"user":"ada","understood":"events\n| count","intent":"analytical","form":"kql","confidence":1.0,
            "rules":["kql"],"engine":"marts","estimate":null,
            "actual":{"rows":1,"segments":0,"elapsed_ms":3.5,"status":"complete"},"router_version":3,
            "work":{"base_ms":2.0,"shape":17,"parts":[2.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0]}}"#;
        let stored = StoredDecision {
            id: "dec-1".into(),
            time: Timestamp::default(),
            question: "events | count".into(),
            body: body.into(),
            lineage: String::new(),
            overridden: None,
        };
        assert_eq!(work_of(&stored), None);
        assert_eq!(decision_of(stored).unwrap().user, "ada");
    }
}
