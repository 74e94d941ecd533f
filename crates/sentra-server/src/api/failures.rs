//! Errors of other crates as problems: the one place where it is decided which is which.

use sentra_backbone::LogError;
use sentra_factory::{DecisionError, LetterError, MartError, RuleDeskError};
use sentra_forensic::ForensicError;
use sentra_query::QueryError;
use sentra_store::StoreError;
use serde_json::json;

use crate::config::nearest;
use crate::problem::{Problem, ProblemKind};

/// When a sender that found no room should try again.
const FULL_RETRY_AFTER_S: u64 = 5;

/// The text of an error and of everything behind it, on one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(behind) = cause {
        text.push_str(": ");
        text.push_str(&behind.to_string());
        cause = behind.source();
    }
    text
}

impl From<LogError> for Problem {
    fn from(error: LogError) -> Self {
        let detail = error.to_string();
        match error {
            LogError::Full { .. } => Self::new(ProblemKind::LogFull, detail).retry_after(FULL_RETRY_AFTER_S),
            LogError::Poisoned { .. } => Self::new(ProblemKind::LogPoisoned, detail),
            LogError::Closed => Self::new(ProblemKind::NotReady, "the server is stopping"),
            LogError::BatchTooLarge { .. } => Self::new(ProblemKind::BodyTooLarge, detail),
            LogError::BeyondEnd { .. }
            | LogError::ConsumerName { .. }
            | LogError::ConsumersTooMany { .. }
            | LogError::ReplayBackwards { .. }
            | LogError::ReplayTaken { .. } => Self::new(ProblemKind::ParameterInvalid, detail),
            // Paths and causes are for the server's own log, not for whoever asks.
            other => {
                tracing::error!(error = with_causes(&other), "the log failed");
                Self::new(ProblemKind::LogFailed, "the log failed; the server's own log says why")
            }
        }
    }
}

impl From<DecisionError> for Problem {
    fn from(error: DecisionError) -> Self {
        match error {
            DecisionError::Log(error) => error.into(),
            DecisionError::Invalid(_) | DecisionError::Refused(_) => {
                Self::new(ProblemKind::BodyInvalid, error.to_string())
            }
            DecisionError::Waiting { .. } => Self::new(ProblemKind::Busy, error.to_string()),
            DecisionError::Json(_) => {
                tracing::error!(error = with_causes(&error), "a decision could not be written down");
                Self::new(ProblemKind::StoreFailed, "the decision could not be written down")
            }
        }
    }
}

impl From<RuleDeskError> for Problem {
    fn from(error: RuleDeskError) -> Self {
        match error {
            RuleDeskError::Log(error) => error.into(),
            RuleDeskError::Store(error) => error.into(),
            RuleDeskError::UnknownRule { .. } => Self::new(ProblemKind::NotFound, error.to_string())
                .with_next("GET /api/v1/rules names the rules in force"),
            RuleDeskError::UnknownEvent { .. } | RuleDeskError::UnknownEntry { .. } => {
                Self::new(ProblemKind::NotFound, error.to_string())
            }
            RuleDeskError::TooLong { .. }
            | RuleDeskError::Rules { .. }
            | RuleDeskError::NoRules
            | RuleDeskError::Tuning { .. } => Self::new(ProblemKind::BodyInvalid, error.to_string()),
            RuleDeskError::Keep(_) => {
                tracing::error!(error = with_causes(&error), "the tuning could not be kept");
                Self::new(ProblemKind::StoreFailed, "the change could not be kept; nothing has changed")
            }
        }
    }
}

impl From<MartError> for Problem {
    fn from(error: MartError) -> Self {
        let detail = error.to_string();
        match error {
            MartError::Store(error) => error.into(),
            MartError::Filter(error) => {
                let problem = Self::new(ProblemKind::QueryInvalid, detail)
                    .with("position", error.offset)
                    .with("line", error.line)
                    .with("column", error.column);
                match error.hint {
                    Some(hint) => problem.with_next(hint),
                    None => problem,
                }
            }
            MartError::Unknown { .. } => Self::new(ProblemKind::NotFound, detail)
                .with_next("GET /api/v1/marts names the marts; POST /api/v1/marts registers one"),
            MartError::Exists { .. } | MartError::TooMany | MartError::TooManyRollups => {
                Self::new(ProblemKind::Conflict, detail)
            }
            MartError::IsDefault { .. } => Self::new(ProblemKind::Conflict, detail)
                .with_next("register a mart of another name with POST /api/v1/marts"),
            MartError::UnknownRollup { .. } => Self::new(ProblemKind::NotFound, detail)
                .with_next("GET /api/v1/rollups names the rollups; POST /api/v1/rollups declares one"),
            MartError::Name(_) | MartError::Invalid(_) | MartError::Rollup(_) => {
                Self::new(ProblemKind::BodyInvalid, detail)
            }
        }
    }
}

impl From<ForensicError> for Problem {
    fn from(error: ForensicError) -> Self {
        match error {
            ForensicError::Query(problem) => Self::new(ProblemKind::ParameterInvalid, problem.to_string()),
            other => {
                tracing::error!(error = with_causes(&other), "the forensic index failed");
                Self::new(
                    ProblemKind::StoreFailed,
                    "the forensic index failed; the server's own log says why",
                )
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Conflict { .. } => Self::new(ProblemKind::Conflict, error.to_string()),
            StoreError::Cursor { .. } => Self::new(ProblemKind::ParameterInvalid, error.to_string())
                .with_next("begin again without a cursor"),
            StoreError::Predicate { .. } | StoreError::TooComplex { .. } | StoreError::Plan { .. } => {
                Self::new(ProblemKind::QueryInvalid, error.to_string())
            }
            other => {
                tracing::error!(error = with_causes(other), "a store failed");
                Self::new(ProblemKind::StoreFailed, "a store failed; the server's own log says why")
            }
        }
    }
}

impl From<LetterError> for Problem {
    fn from(error: LetterError) -> Self {
        let detail = error.to_string();
        match error {
            LetterError::Log(error) => error.into(),
            LetterError::Store(error) => error.into(),
            LetterError::FormatUnknown { name, known } => {
                let problem = Self::new(ProblemKind::BodyInvalid, format!("there is no format {name:?}"));
                match nearest(&name, known.iter().map(String::as_str)) {
                    Some(right) => problem.with_next(format!("did you mean {right}?")),
                    None => problem.with_next(format!("use one of {}", known.join(", "))),
                }
            }
            LetterError::LettersTooMany { .. } => Self::new(ProblemKind::BodyInvalid, detail),
            LetterError::Stopped => Self::new(ProblemKind::NotReady, detail),
        }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        let detail = error.to_string();
        let hint = error.hint().map(str::to_owned);
        let hinted = |problem: Self| match hint {
            Some(hint) => problem.with_next(hint),
            None => problem,
        };
        match error {
            QueryError::Store(error) => error.into(),
            QueryError::EngineUnavailable { .. } => hinted(Self::new(ProblemKind::EngineUnavailable, detail)),
            QueryError::TooExpensive(expensive) => {
                let problem = Self::new(ProblemKind::QueryTooExpensive, detail)
                    .with("estimate", json!(expensive.estimate))
                    .with("ceiling", json!(expensive.ceiling))
                    .with("cheaper", json!(expensive.cheaper));
                match expensive.cheaper {
                    Some(cheaper) => problem.with_next(format!("ask {cheaper}")),
                    None => problem,
                }
            }
            QueryError::Cancelled { .. } => Self::new(ProblemKind::QueryCancelled, detail),
            QueryError::IdTaken { .. } => hinted(Self::new(ProblemKind::ParameterInvalid, detail)),
            QueryError::Cursor { .. } => hinted(Self::new(ProblemKind::ParameterInvalid, detail)),
            QueryError::Busy { .. } => Self::new(ProblemKind::Busy, detail).retry_after(1),
            QueryError::Syntax(error) => {
                let place = error.place;
                let problem = Self::new(ProblemKind::QueryInvalid, detail)
                    .with("position", place.offset)
                    .with("line", place.line)
                    .with("column", place.column)
                    .with(
                        "place",
                        json!({"line": place.line, "column": place.column, "offset": place.offset}),
                    );
                match error.hint {
                    Some(hint) => problem.with("hint", hint.clone()).with_next(hint),
                    None => problem,
                }
            }
        }
    }
}
