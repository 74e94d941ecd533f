//! What `in %list` asks.

use std::fmt::Debug;
use std::sync::Arc;

use super::ast::ListKind;
use super::lists::{Matching, Question, SharedLists};
use super::value::Value;

/// A list, ready to be asked.
pub(crate) trait Membership: Debug + Send + Sync {
    /// Whether the value is in it.
    fn holds(&self, value: &Value) -> bool;
}

/// How a rule asks a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) name: &'a str,
    /// Of a data table.
    pub(crate) column: Option<&'a str>,
    pub(crate) kind: ListKind,
    pub(crate) nocase: bool,
}

/// Where lists come from.
pub(crate) trait AskLists {
    /// The list; `None` when there is none of that name, an error when it cannot be asked so.
    fn list(&self, asked: Asked<'_>) -> Option<Result<Arc<dyn Membership>, String>>;
}

/// A list that is not there: nothing is in it.
#[derive(Debug)]
pub(crate) struct NoList;

impl Membership for NoList {
    fn holds(&self, _value: &Value) -> bool {
        false
    }
}

impl Membership for Question {
    fn holds(&self, value: &Value) -> bool {
        Question::holds(self, value)
    }
}

impl AskLists for Arc<SharedLists> {
    fn list(&self, asked: Asked<'_>) -> Option<Result<Arc<dyn Membership>, String>> {
        if !self.current().names().any(|name| name == asked.name) {
            return None;
        }
        let matching = match asked.kind {
            ListKind::Text => Matching::Whole,
            ListKind::Regex => Matching::Regex,
            ListKind::Cidr => Matching::Cidr,
        };
        let reference = match asked.column {
            Some(column) => format!("{}.{column}", asked.name),
            None => asked.name.to_owned(),
        };
        let question = Question::new(Self::clone(self), &reference, matching, asked.nocase);
        Some(question.map(|question| Arc::new(question) as Arc<dyn Membership>))
    }
}
