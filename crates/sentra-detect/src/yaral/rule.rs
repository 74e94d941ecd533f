//! A compiled rule.

use sentra_model::RuleRef;
use std::sync::Arc;

use super::term::{Bx, Ex};
use super::udm::Access;
use crate::sigma::expr::{Expr, Predicate};

/// A YARA-L rule, ready to run.
#[derive(Debug)]
pub(crate) struct YaralRule {
    pub(crate) reference: Arc<RuleRef>,
    pub(crate) path: String,
    pub(crate) line: u64,
    pub(crate) variables: Vec<Variable>,
    pub(crate) placeholders: Vec<String>,
    /// Conditions on several event variables.
    pub(crate) cross: Vec<CrossTest>,
    pub(crate) matching: Option<Matching>,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) condition: Bx,
    /// The condition can only become true as more events arrive.
    pub(crate) grows: bool,
    pub(crate) allow_zero_values: bool,
    /// In microseconds.
    pub(crate) suppression: Option<i64>,
    /// The outcome `$suppression_key`.
    pub(crate) suppression_key: Option<usize>,
    /// Of the text that the state depends on.
    pub(crate) digest: u64,
}

/// An event variable.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) slots: Vec<Slot>,
    /// All of them hold for an event of this variable; those that give placeholders their values come before
    /// those that ask for them.
    pub(crate) local: Vec<Bx>,
    /// Values that the events of a match have in common, in the order of those of the other variables.
    pub(crate) keys: Vec<Ex>,
    /// What an event must at least fulfil: a condition for the engine. The rest is tried on its candidates.
    pub(crate) prefilter: Expr<Predicate>,
    /// The condition cannot hold without an event of it.
    pub(crate) required: bool,
    /// The condition cannot hold with an event of it.
    pub(crate) forbidden: bool,
}

/// A field that a rule reads.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) access: Access,
    /// Its values are looked at one by one, each in a row of its own; else all at once.
    pub(crate) unnest: bool,
    /// Whether the values are needed after the event was accepted.
    pub(crate) kept: bool,
}

/// A condition on several event variables.
#[derive(Debug)]
pub(crate) struct CrossTest {
    pub(crate) test: Bx,
    /// The event variables it needs.
    pub(crate) needs: Vec<usize>,
}

/// An outcome variable.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) value: Ex,
}

/// The match section.
#[derive(Debug)]
pub(crate) struct Matching {
    /// Placeholders.
    pub(crate) variables: Vec<usize>,
    /// In microseconds.
    pub(crate) length: i64,
    pub(crate) window: Window,
}

/// How windows are laid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    /// One begins with every event.
    Hop,
    /// One after the other, from 1970 on.
    Tumbling,
    /// One follows every event of the variable.
    After(usize),
    /// One leads to every event of the variable.
    Before(usize),
}
