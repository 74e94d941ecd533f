//! What is wrong with a declared format, and where.

use std::fmt;

use serde::Serialize;

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FormatProblemSeverity {
    /// The format is not loaded, or one of its samples does not do what it says.
    Error,
    /// The format is loaded, but something about it deserves a look.
    Warning,
}

/// What is wrong with a declared format, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormatProblem {
    /// The file.
    pub path: String,
    /// The line in it, counted from 1.
    pub line: u64,
    /// The name of the format, as far as it could be read.
    pub format: Option<String>,
    /// Whether the format was refused.
    pub severity: FormatProblemSeverity,
    /// What is wrong and, where it is known, what would be right.
    pub message: String,
}

impl fmt::Display for FormatProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// A fault before the file and the format it is in are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: u64,
    pub(super) severity: FormatProblemSeverity,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn error(line: u64, message: impl Into<String>) -> Self {
        Self { line, severity: FormatProblemSeverity::Error, message: message.into() }
    }

    pub(super) fn at(self, path: &str, format: Option<&str>) -> FormatProblem {
        FormatProblem {
            path: path.to_owned(),
            line: self.line.max(1),
            format: format.map(str::to_owned),
            severity: self.severity,
            message: self.message,
        }
    }
}

/// The faults of one format, collected so that its author sees all of them at once.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<Fault>);

impl Faults {
    pub(super) fn error(&mut self, line: u64, message: impl Into<String>) {
        self.0.push(Fault::error(line, message));
    }

    pub(super) fn warning(&mut self, line: u64, message: impl Into<String>) {
        let severity = FormatProblemSeverity::Warning;
        self.0.push(Fault { line, severity, message: message.into() });
    }

    pub(super) fn has_errors(&self) -> bool {
        self.0.iter().any(|fault| fault.severity == FormatProblemSeverity::Error)
    }

    /// `result` when it is good; its fault is kept.
    pub(super) fn keep<T>(&mut self, line: u64, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.error(line, message)).ok()
    }
}
