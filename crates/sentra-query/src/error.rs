use std::fmt;

use sentra_store::StoreError;

use crate::answer::Estimate;
use crate::ceiling::Ceiling;

/// Where in a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Place {
    /// Bytes before it.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Place {
    /// The place `offset` bytes into `text`.
    #[must_use]
    pub fn at(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Self { offset, line: before.matches('\n').count() + 1, column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A question that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct SyntaxError {
    /// Where it stops making sense.
    pub place: Place,
    /// What is wrong, and what was expected.
    pub message: String,
    /// What was probably meant, or what to write instead.
    pub hint: Option<String>,
}

/// Why an engine beside the stores did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EngineError {
    /// What it says.
    pub message: String,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It is not understood.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// The engine asked for is not there.
    #[error("engine {engine} is not available{}", .why.as_deref().map(|why| format!(": {why}")).unwrap_or_default())]
    EngineUnavailable {
        /// Its name.
        engine: &'static str,
        /// Why not, where there is more to say.
        why: Option<String>,
    },
    /// It is expected to cost more than may be spent on one question.
    #[error("the question is too expensive: {}", .0.why)]
    TooExpensive(Box<TooExpensive>),
    /// Somebody ended it.
    #[error("the question {query_id} was cancelled")]
    Cancelled {
        /// What it was called.
        query_id: String,
    },
    /// A question of that name is running.
    #[error("a question called {query_id:?} is running already")]
    IdTaken {
        /// The name.
        query_id: String,
    },
    /// The next page cannot be given.
    #[error("{why}")]
    Cursor {
        /// Why not.
        why: &'static str,
    },
    /// Too many questions wait.
    #[error("{waiting} questions wait for their turn")]
    Busy {
        /// How many.
        waiting: usize,
    },
    /// The store could not answer.
    #[error("cannot ask the stores")]
    Store(#[from] StoreError),
}

/// What a question would cost, what may be spent, and what would be allowed instead.
#[derive(Debug, Clone, PartialEq)]
pub struct TooExpensive {
    /// Which limit it is beyond, in words.
    pub why: String,
    /// What it would cost.
    pub estimate: Estimate,
    /// What may be spent.
    pub ceiling: Ceiling,
    /// A question like it that would be allowed.
    pub cheaper: Option<String>,
}

impl QueryError {
    /// An engine that is not there.
    #[must_use]
    pub fn unavailable(engine: &'static str) -> Self {
        Self::EngineUnavailable { engine, why: None }
    }

    /// Where in the question, when the question is at fault.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        match self {
            Self::Syntax(error) => Some(error.place),
            _ => None,
        }
    }

    /// What was probably meant, or what to do.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Syntax(error) => error.hint.as_deref(),
            Self::EngineUnavailable { engine: "similarity" | "vectors", .. } => {
                Some("ask for records by what they say: incidents | where title has \"…\"")
            }
            Self::EngineUnavailable { engine: "forensic", .. } => {
                Some("ask the marts: events | where raw has \"…\"")
            }
            Self::EngineUnavailable { .. } => Some("use auto"),
            Self::TooExpensive(expensive) => expensive.cheaper.as_deref(),
            Self::IdTaken { .. } => Some("leave query_id out, or choose another"),
            Self::Cursor { .. } => Some("ask again without a cursor"),
            Self::Busy { .. } => Some("try again in a moment"),
            Self::Cancelled { .. } | Self::Store(_) => None,
        }
    }

    /// Whether the asker can do better, rather than the platform.
    #[must_use]
    pub fn is_askers_fault(&self) -> bool {
        match self {
            Self::Store(error) => matches!(
                error,
                StoreError::Predicate { .. } | StoreError::TooComplex { .. } | StoreError::Plan { .. }
            ),
            _ => true,
        }
    }
}
