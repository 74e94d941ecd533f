//! Lists that stand behind the `%placeholders%` of rules.

use std::collections::BTreeMap;

/// Most values of one list.
pub(crate) const LIST_VALUES_MAX: usize = 10_000;

/// Lists of values by name: what `%name%` stands for in a value with the modifier `expand`. They are given
/// to [`RuleSet::compile_with`](crate::RuleSet::compile_with); a list that has changed takes effect when the
/// rules are compiled again, which [`Rule::lists`](crate::Rule::lists) says is needed or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placeholders(BTreeMap<String, Vec<String>>);

impl Placeholders {
    /// No list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts the list `name` in place of the one of that name, if there is one. A value is a Sigma text:
    /// `*` and `?` are wildcards, a backslash before them makes them themselves. Values after the 10,000th are
    /// left out, and `false` says so.
    pub fn set(&mut self, name: impl Into<String>, values: impl IntoIterator<Item = String>) -> bool {
        let mut values = values.into_iter();
        let taken = values.by_ref().take(LIST_VALUES_MAX).collect();
        self.0.insert(name.into(), taken);
        values.next().is_none()
    }

    /// The values of the list `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[String]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// The names of all lists.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
