use std::fmt;

use sentra_store::StoreError;

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

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It is not understood.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// The engine asked for is not there.
    #[error("engine {engine} is not available yet")]
    EngineUnavailable {
        /// Its name.
        engine: &'static str,
    },
    /// The store could not answer.
    #[error("cannot ask the marts")]
    Store(#[from] StoreError),
}

impl QueryError {
    /// Where in the question, when the question is at fault.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        match self {
            Self::Syntax(error) => Some(error.place),
            Self::EngineUnavailable { .. } | Self::Store(_) => None,
        }
    }

    /// What was probably meant, or what to do.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Syntax(error) => error.hint.as_deref(),
            Self::EngineUnavailable { .. } => Some("use auto, exact or analytical"),
            Self::Store(_) => None,
        }
    }

    /// Whether the asker can do better, rather than the platform.
    #[must_use]
    pub fn is_askers_fault(&self) -> bool {
        matches!(
            self,
            Self::Syntax(_)
                | Self::EngineUnavailable { .. }
                | Self::Store(
                    StoreError::Predicate { .. } | StoreError::TooComplex { .. } | StoreError::Plan { .. }
                )
        )
    }
}
