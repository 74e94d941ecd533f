use std::io;
use std::path::PathBuf;

use crate::check::CheckProblem;
use crate::digests::Tampering;
use crate::manifest::ManifestProblem;
use crate::name::{NameError, PackId, PackLabel, PackVersion};

/// Problems that an error says one by one; the others are counted.
const PROBLEMS_SAID_MAX: usize = 20;

/// Why something about packs could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The file system refused.
    #[error("cannot read {path}", path = path.display())]
    Read {
        /// What was read.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The file system refused.
    #[error("cannot {what} {path}", path = path.display())]
    Write {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// More than a pack may hold.
    #[error("{path}: {what}", path = path.display())]
    TooLarge {
        /// Where.
        path: PathBuf,
        /// Which limit.
        what: String,
    },
    /// `pack.toml` is missing or wrong.
    #[error("{}", said(.problems))]
    Manifest {
        /// What is wrong.
        problems: Vec<ManifestProblem>,
    },
    /// A file that a pack must not have, or an archive that is none.
    #[error("{path}: {message}")]
    Malformed {
        /// The archive or the file in it.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// A name that is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The files are not those that the digests or the signature are about.
    #[error("{label} was tampered with: {}", said(.tampering))]
    Tampered {
        /// The pack.
        label: PackLabel,
        /// What is not as it was.
        tampering: Vec<Tampering>,
    },
    /// A key file that is none, or one that others can read.
    #[error("{path}: {message}", path = path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// The system has no randomness.
    #[error("the system gives no random bytes")]
    Random(#[source] getrandom::Error),
    /// Nobody who is trusted has signed it.
    #[error("{label} {}", untrusted(.signer.as_deref()))]
    Untrusted {
        /// The pack.
        label: PackLabel,
        /// The id of the key it is signed with, where it is signed.
        signer: Option<String>,
    },
    /// It is made for a newer Sentra.
    #[error("{label} needs Sentra {needed} or newer; this is {running}")]
    TooNew {
        /// The pack.
        label: PackLabel,
        /// What it needs.
        needed: Box<semver::Version>,
        /// What runs.
        running: Box<semver::Version>,
    },
    /// Packs that would lack what they depend on.
    #[error("{}", .missing.join("; "))]
    Depends {
        /// One sentence per pack and dependency.
        missing: Vec<String>,
    },
    /// The order does not fit what is installed.
    #[error("{0}")]
    Order(String),
    /// There is no such pack.
    #[error("no pack {id} is installed{hint}")]
    Unknown {
        /// What was asked for.
        id: PackId,
        /// `; did you mean …?`, or nothing.
        hint: String,
    },
    /// The version is not installed.
    #[error("{id} has no version {version} installed; it has {installed}")]
    UnknownVersion {
        /// The pack.
        id: PackId,
        /// What was asked for.
        version: PackVersion,
        /// The versions there are.
        installed: String,
    },
    /// It does not compile with what is active, or its samples fail.
    #[error("{label} is not activated: {}", said(.problems))]
    Refused {
        /// The pack.
        label: PackLabel,
        /// What is wrong.
        problems: Vec<CheckProblem>,
    },
    /// The list of active packs cannot be understood.
    #[error("{path}: {message}", path = path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// Another process changes the packs.
    #[error("another process is changing the packs in {directory}", directory = directory.display())]
    Busy {
        /// Where.
        directory: PathBuf,
    },
}

impl PackError {
    pub(crate) fn write(what: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { what, path, source }
    }

    pub(crate) fn read(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    pub(crate) fn malformed(path: impl ToString, message: impl Into<String>) -> Self {
        Self::Malformed { path: path.to_string(), message: message.into() }
    }
}

fn untrusted(signer: Option<&str>) -> String {
    match signer {
        Some(key) => format!(
            "is signed with the key {key}, which is not among the trusted keys; put its .pub file into trusted-keys/ of the data directory, or allow it explicitly"
        ),
        None => "is not signed; sign it, or allow it explicitly".to_owned(),
    }
}

fn said<T: ToString>(problems: &[T]) -> String {
    let mut lines: Vec<String> = problems.iter().take(PROBLEMS_SAID_MAX).map(T::to_string).collect();
    if problems.len() > PROBLEMS_SAID_MAX {
        lines.push(format!("and {} more", problems.len() - PROBLEMS_SAID_MAX));
    }
    lines.join("\n  ")
}
