//! What is asked, by whom, and within which bounds.

use std::collections::BTreeMap;
use std::str::FromStr;

use sentra_model::{TenantScope, Timestamp};
use sentra_store::ROWS_MAX;

/// Longest name that an asker gives a question.
pub const QUERY_ID_BYTES_MAX: usize = 64;

/// Which kind of engine is wanted, or which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// Whichever fits the question.
    #[default]
    Auto,
    /// The one for particular records.
    Exact,
    /// The one for numbers.
    Analytical,
    /// The one for things that are alike.
    Similarity,
    /// The marts.
    Marts,
    /// The index over words.
    Forensic,
    /// Signals and incidents.
    Records,
    /// Vectors of signals and incidents.
    Vectors,
}

impl Engine {
    /// Every one of them.
    pub const ALL: [Self; 8] = [
        Self::Auto,
        Self::Exact,
        Self::Analytical,
        Self::Similarity,
        Self::Marts,
        Self::Forensic,
        Self::Records,
        Self::Vectors,
    ];

    /// The name on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Exact => "exact",
            Self::Analytical => "analytical",
            Self::Similarity => "similarity",
            Self::Marts => "marts",
            Self::Forensic => "forensic",
            Self::Records => "records",
            Self::Vectors => "vectors",
        }
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|engine| engine.as_str() == name).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|engine| engine.as_str()).collect();
            format!("engine {name:?} is unknown, use one of {}", known.join(", "))
        })
    }
}

/// What somebody may, as far as it is known who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Whoever carries the token of the data directory, and the command line over its own engines.
    Admin,
    /// Whoever has a browser session.
    Analyst,
}

impl Role {
    /// Every one of them.
    pub const ALL: [Self; 2] = [Self::Admin, Self::Analyst];

    /// The name in settings and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Analyst => "analyst",
        }
    }
}

/// Who asks. Law TENANT: the scope is part of it, so that there is no question without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// Whose records may be looked at.
    pub scope: TenantScope,
    /// What they may.
    pub role: Role,
    /// What the decision log calls them; the role where nobody said more.
    pub user: String,
}

impl Asker {
    /// Somebody of whom the role is known and nothing else.
    #[must_use]
    pub fn new(scope: TenantScope, role: Role) -> Self {
        Self { scope, role, user: role.as_str().to_owned() }
    }
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The question, in any form.
    pub text: String,
    /// Which kind of engine is wanted.
    pub engine: Engine,
    /// Whether the answer tells how it came about.
    pub explain: bool,
    /// What the question is called, to cancel it; one is made where none is given.
    pub query_id: Option<String>,
    /// Whether it runs although it is expected to cost more than the ceiling, where the role may.
    pub anyway: bool,
    /// After this time the answer is what was found until then (law LIMIT).
    pub timeout_ms: u64,
    /// Most rows of the answer; of more, the answer says that there are.
    pub rows_max: usize,
    /// Whether all events are wanted, and not the newest few, where the question does not say how many.
    pub whole: bool,
    /// Whether the answer is read page by page, so that a page is what it costs.
    pub by_page: bool,
    /// Whether nobody waits for its first rows, as nobody does for those of a file: it goes by the lane of what takes long,
    /// whatever it is expected to take.
    pub in_background: bool,
    /// As if it were asked at another moment; nothing for now.
    pub pinned: Option<Pinned>,
}

/// The moment that a question is asked as of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// What `now()` and `ago(…)` mean.
    pub now: Timestamp,
    /// Of each partition the first offset that had not been taken: events from there on are not seen. Nothing where it
    /// is seen to otherwise.
    pub taken: Option<BTreeMap<u32, u64>>,
}

impl Request {
    /// `text`, with 30 seconds to answer.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            engine: Engine::Auto,
            explain: false,
            query_id: None,
            anyway: false,
            timeout_ms: 30_000,
            rows_max: ROWS_MAX,
            whole: false,
            by_page: false,
            in_background: false,
            pinned: None,
        }
    }
}
