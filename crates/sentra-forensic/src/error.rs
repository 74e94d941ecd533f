use std::io;
use std::path::PathBuf;

use crate::query::QueryProblem;

/// What can go wrong in the forensic index.
#[derive(Debug, thiserror::Error)]
pub enum ForensicError {
    /// The file system refused.
    #[error("cannot {operation} {path}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Tantivy refused. What was not committed is gone: go on from [`crate::TextIndex::position`].
    #[error("cannot {operation} of tenant {tenant}")]
    Engine {
        /// What was tried.
        operation: &'static str,
        /// Whose index it was.
        tenant: String,
        /// Why not.
        #[source]
        source: tantivy::TantivyError,
    },
    /// Another process writes to the index.
    #[error("the forensic index of tenant {tenant} is held by another process: stop that one first")]
    Held {
        /// Whose index it is.
        tenant: String,
    },
    /// The index was written by a newer version.
    #[error(
        "the forensic index in {path} has version {found}, this program knows {known}: use a newer program"
    )]
    Newer {
        /// Where it is.
        path: PathBuf,
        /// The version it has.
        found: u32,
        /// The newest version that is understood.
        known: u32,
    },
    /// What is stored beside the documents cannot be written.
    #[error("cannot word the position of the forensic index")]
    Ledger(#[source] serde_json::Error),
    /// More than one call takes.
    #[error("{found} documents in one call, {max} is the limit: hand them over in parts")]
    TooMany {
        /// How many there were.
        found: usize,
        /// How many there may be.
        max: usize,
    },
    /// A question that is not answered.
    #[error(transparent)]
    Query(#[from] QueryProblem),
    /// A thread ended in the middle of a change; the index must be opened again.
    #[error("the forensic index of tenant {tenant} was left in the middle of a change: restart")]
    Poisoned {
        /// Whose index it is.
        tenant: String,
    },
}

impl ForensicError {
    pub(crate) fn io(operation: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { operation, path, source }
    }
}
