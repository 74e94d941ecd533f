use std::io;
use std::path::{Path, PathBuf};

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use parquet::errors::ParquetError;
use sea_orm::DbErr;

/// What can go wrong in a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
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
    /// There is no space left: make room, then try again; nothing was lost.
    #[error("cannot {operation} {path}: no space left")]
    Full {
        /// What was tried.
        operation: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// SQLite refused.
    #[error("cannot {operation}")]
    Database {
        /// What was tried.
        operation: &'static str,
        /// Why not.
        #[source]
        source: Box<DbErr>,
    },
    /// A question wants more than it may have.
    #[error("{why}")]
    Plan {
        /// What, and what to do.
        why: String,
    },
    /// Arrow refused.
    #[error("cannot {operation}")]
    Arrow {
        /// What was tried.
        operation: &'static str,
        /// Why not.
        #[source]
        source: ArrowError,
    },
    /// Parquet refused.
    #[error("cannot {operation} {path}")]
    Parquet {
        /// What was tried.
        operation: &'static str,
        /// On which segment.
        path: PathBuf,
        /// Why not.
        #[source]
        source: ParquetError,
    },
    /// DataFusion refused.
    #[error("cannot {operation}")]
    DataFusion {
        /// What was tried.
        operation: &'static str,
        /// Why not.
        #[source]
        source: Box<DataFusionError>,
    },
    /// A value could not be turned into JSON or back.
    #[error("cannot {operation}")]
    Json {
        /// What was tried.
        operation: &'static str,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// Something stored is not what was stored.
    #[error("{path} is damaged: {detail}")]
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The data were written by a newer version.
    #[error("{path} has schema version {found}, this program reads up to {supported}: use the newer program")]
    NewerVersion {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version known here.
        supported: u32,
    },
    /// Another process has the directory open.
    #[error("{path} is in use by another process")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// Law TENANT: something of one tenant was handed in under the scope of another.
    #[error("{what} of tenant {tenant} under the scope of {scope}")]
    ForeignTenant {
        /// What was handed in.
        what: &'static str,
        /// Whose it is.
        tenant: String,
        /// Whose scope it was.
        scope: String,
    },
    /// Events or records that do not fit the position they came with.
    #[error("cannot append: {detail}")]
    Misplaced {
        /// What does not fit.
        detail: String,
    },
    /// A predicate that makes no sense for its column.
    #[error("cannot compare {field}: {detail}")]
    Predicate {
        /// The column.
        field: String,
        /// Why not.
        detail: String,
    },
    /// A predicate beyond the limits (law LIMIT).
    #[error("predicate is too large: more than {limit} {unit}")]
    TooComplex {
        /// How many are allowed.
        limit: usize,
        /// Of what.
        unit: &'static str,
    },
    /// A cursor that this store did not give out.
    #[error("{cursor:?} is not a cursor of this list")]
    Cursor {
        /// The text.
        cursor: String,
    },
    /// A change that another one came before, or that is one too many.
    #[error("{what}")]
    Conflict {
        /// What is in the way.
        what: String,
    },
    /// A background task ended without a result.
    #[error("cannot {operation}: the task was stopped")]
    Stopped {
        /// What it did.
        operation: &'static str,
    },
}

impl StoreError {
    pub(crate) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Full { operation, path, source }
            }
            _ => Self::Io { operation, path, source },
        }
    }

    pub(crate) fn database(operation: &'static str) -> impl FnOnce(DbErr) -> Self {
        move |source| Self::Database { operation, source: Box::new(source) }
    }

    pub(crate) fn arrow(operation: &'static str) -> impl FnOnce(ArrowError) -> Self {
        move |source| Self::Arrow { operation, source }
    }

    pub(crate) fn parquet(operation: &'static str, path: &Path) -> impl FnOnce(ParquetError) -> Self {
        let path = path.to_owned();
        move |source| Self::Parquet { operation, path, source }
    }

    pub(crate) fn datafusion(operation: &'static str) -> impl FnOnce(DataFusionError) -> Self {
        move |source| Self::DataFusion { operation, source: Box::new(source) }
    }

    pub(crate) fn json(operation: &'static str) -> impl FnOnce(serde_json::Error) -> Self {
        move |source| Self::Json { operation, source }
    }

    /// Whether the cause is a full disk, so that the caller can answer "insufficient storage".
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}
