//! Questions to the index, and how long one may take.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sentra_model::{EventId, Mart, Timestamp};

use crate::document::stored_name;
use crate::terms::{cut, lower, own, pair, terms};

/// Clauses of one query, those within others included.
pub const CLAUSES_MAX: usize = 256;

/// Bytes of text in one query, all clauses together.
pub const QUERY_TEXT_BYTES_MAX: usize = 16 * 1024;

/// Terms in one query: each is a list to be read.
const QUERY_TERMS_MAX: usize = 1_024;

/// Marts that one query may name.
const QUERY_MARTS_MAX: usize = 256;

/// Clauses may stand in clauses this deep.
const CLAUSE_DEPTH_MAX: usize = 8;

/// Most hits of one answer.
pub const HIT_LIMIT_MAX: usize = 10_000;

/// What is looked for. All of `must`, none of `not`; the empty query finds everything.
#[derive(Debug, Clone, PartialEq)]
pub struct TextQuery {
    /// What must hold.
    pub must: Vec<Clause>,
    /// What must not: documents that have the terms. Not for who tests the events themselves, because a document may
    /// have the terms side by side with other signs between them.
    pub not: Vec<Clause>,
    /// Which marts; `None` for all.
    pub marts: Option<Vec<Mart>>,
    /// When it happened.
    pub range: TextRange,
    /// At most this many hits, and at most [`HIT_LIMIT_MAX`].
    pub limit: usize,
    /// Whether documents that were too long to be searched as a whole are found by any `must`: for who tests the
    /// events themselves and must miss none.
    pub with_cut: bool,
}

impl Default for TextQuery {
    fn default() -> Self {
        Self {
            must: Vec::new(),
            not: Vec::new(),
            marts: None,
            range: TextRange::default(),
            limit: 100,
            with_cut: false,
        }
    }
}

/// One thing that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clause {
    /// The terms of a text, side by side, somewhere in the event. What KQL's `has` finds in a text is among it.
    Has(String),
    /// A header column or source field has this value, without case. Values longer than
    /// [`crate::VALUE_BYTES_MAX`] are compared by a digest.
    Field {
        /// Its name, with case; `fields.NAME` for one that a header column shadows.
        name: String,
        /// Its value.
        value: String,
    },
    /// It is there because of this: `signal=sig-…`, `rule=ID` or `policy=NAME`.
    Why(String),
    /// It is of this class.
    Class(String),
    /// At least one of these holds.
    Any(Vec<Clause>),
    /// All of these hold.
    All(Vec<Clause>),
}

/// A half-open range of event time: `from <= time < to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextRange {
    /// The first moment in it; `None` for open.
    pub from: Option<Timestamp>,
    /// The first moment after it; `None` for open.
    pub to: Option<Timestamp>,
}

impl TextRange {
    /// Whether `micros` is in it.
    pub(crate) fn contains(&self, micros: i64) -> bool {
        self.from.is_none_or(|from| micros >= from.micros()) && self.to.is_none_or(|to| micros < to.micros())
    }
}

/// The answer to a [`TextQuery`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextAnswer {
    /// The newest, newest first, then by id downwards.
    pub hits: Vec<Hit>,
    /// Whether everything was looked at. `false`: the deadline came first.
    pub complete: bool,
    /// How many documents answer the query, those beyond the limit included; of an answer that is not complete, how
    /// many were seen.
    pub total: u64,
}

/// One document found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The event.
    pub id: EventId,
    /// When it happened.
    pub time: Timestamp,
    /// Its class.
    pub class: String,
    /// Why it is there: `signal=sig-…`, `rule=ID`, `policy=NAME`; sorted.
    pub why: Vec<String>,
}

/// How long a search may take, and whether anybody still wants it.
#[derive(Debug, Clone, Default)]
pub struct Deadline {
    at: Option<Instant>,
    cancelled: Option<Arc<AtomicBool>>,
}

impl Deadline {
    /// As long as it takes.
    #[must_use]
    pub fn never() -> Self {
        Self::default()
    }

    /// Until `at`.
    #[must_use]
    pub fn at(at: Instant) -> Self {
        Self { at: Some(at), cancelled: None }
    }

    /// `time` from now.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        Self { at: Instant::now().checked_add(time), cancelled: None }
    }

    /// Also over as soon as `cancelled` is true.
    #[must_use]
    pub fn or_cancelled(mut self, cancelled: Arc<AtomicBool>) -> Self {
        self.cancelled = Some(cancelled);
        self
    }

    pub(crate) fn is_over(&self) -> bool {
        self.cancelled.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
            || self.at.is_some_and(|at| Instant::now() >= at)
    }
}

/// Why a query is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryProblem {
    /// Too much of something.
    #[error("the search has {found} {what}, {max} is the limit: search for less at once")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How much there was; at least that.
        found: usize,
        /// How much there may be.
        max: usize,
    },
    /// A text without a letter or digit.
    #[error("{text:?} has no letter or digit, so there is no term to look for: add a word")]
    NoTerm {
        /// The beginning of the text.
        text: String,
    },
    /// A field without a name or a value.
    #[error("a field is looked for by its name and a value: {text:?} lacks one of them")]
    NoValue {
        /// What there was.
        text: String,
    },
    /// Nothing to choose from.
    #[error("a choice between no clauses finds nothing: leave it out or name one")]
    NoChoice,
}

/// A checked query, in terms.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lookup {
    pub(crate) must: Vec<Term>,
    pub(crate) not: Vec<Term>,
    pub(crate) range: TextRange,
    pub(crate) limit: usize,
}

/// What both engines look up.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Term {
    /// Terms of the text, side by side.
    Phrase(Vec<String>),
    /// A term of its own.
    Whole(String),
    Any(Vec<Term>),
    All(Vec<Term>),
}

impl TextQuery {
    /// Checks the query against its limits (law LIMIT) before anything is read.
    pub(crate) fn lookup(&self) -> Result<Lookup, QueryProblem> {
        let mut check = Check::default();
        let mut must = check.all(&self.must, 0)?;
        let not = check.all(&self.not, 0)?;
        let what = "marts";
        let marts = self.marts.as_deref();
        bound(what, marts.map_or(0, <[Mart]>::len), QUERY_MARTS_MAX)?;
        bound("hits", self.limit, HIT_LIMIT_MAX)?;
        if self.with_cut && !must.is_empty() {
            must = vec![Term::Any(vec![Term::All(must), Term::Whole(own("cut", "true"))])];
        }
        if let Some(marts) = marts {
            must.push(Term::Any(marts.iter().map(|mart| Term::Whole(own("mart", mart.as_str()))).collect()));
        }
        Ok(Lookup { must, not, range: self.range, limit: self.limit })
    }
}

#[derive(Default)]
struct Check {
    clauses: usize,
    bytes: usize,
    terms: usize,
}

impl Check {
    fn all(&mut self, clauses: &[Clause], depth: usize) -> Result<Vec<Term>, QueryProblem> {
        bound("levels of clauses", depth, CLAUSE_DEPTH_MAX)?;
        self.clauses = self.clauses.saturating_add(clauses.len());
        bound("clauses", self.clauses, CLAUSES_MAX)?;
        clauses.iter().map(|clause| self.one(clause, depth)).collect()
    }

    fn text(&mut self, text: &str) -> Result<(), QueryProblem> {
        self.bytes = self.bytes.saturating_add(text.len());
        bound("bytes of text", self.bytes, QUERY_TEXT_BYTES_MAX)
    }

    fn one(&mut self, clause: &Clause, depth: usize) -> Result<Term, QueryProblem> {
        match clause {
            Clause::Has(text) => {
                self.text(text)?;
                let phrase: Vec<String> = terms(&lower(text)).map(str::to_owned).collect();
                self.terms = self.terms.saturating_add(phrase.len());
                bound("terms", self.terms, QUERY_TERMS_MAX)?;
                if phrase.is_empty() {
                    return Err(QueryProblem::NoTerm { text: shown(text) });
                }
                Ok(Term::Phrase(phrase))
            }
            Clause::Field { name, value } => {
                self.text(name)?;
                self.text(value)?;
                if name.is_empty() || value.is_empty() {
                    return Err(QueryProblem::NoValue { text: shown(&format!("{name}:{value}")) });
                }
                Ok(Term::Whole(pair(stored_name(name), value)))
            }
            Clause::Why(why) => {
                self.text(why)?;
                Ok(Term::Whole(own("why", why)))
            }
            Clause::Class(class) => {
                self.text(class)?;
                Ok(Term::Whole(own("class", class)))
            }
            Clause::Any(clauses) => {
                if clauses.is_empty() {
                    return Err(QueryProblem::NoChoice);
                }
                Ok(Term::Any(self.all(clauses, depth + 1)?))
            }
            Clause::All(clauses) => Ok(Term::All(self.all(clauses, depth + 1)?)),
        }
    }
}

fn bound(what: &'static str, found: usize, max: usize) -> Result<(), QueryProblem> {
    if found > max { Err(QueryProblem::TooMuch { what, found, max }) } else { Ok(()) }
}

fn shown(text: &str) -> String {
    cut(text, 80).to_owned()
}
