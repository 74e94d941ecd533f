//! What the names of a record's fields tell before anybody looks at its fields: which formats may be meant, and where
//! the values stand that fill a header.

use crate::flatten::Field;
use crate::json::{self, Roles};
use crate::marks;
use crate::names::is_placeholder;

/// What a name means, wherever it comes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Meaning {
    /// Names that formats cannot do without, see [`marks`].
    marks: u128,
    /// Its number among the names that fill a header, if it is one of them.
    number: Option<u8>,
}

impl Meaning {
    pub(crate) fn of(name: &str) -> Self {
        Self { marks: marks::of_name(name), number: json::number_of(name) }
    }

    /// Whether it means anything to anybody.
    pub(crate) fn is_any(&self) -> bool {
        self.marks != 0 || self.number.is_some()
    }
}

/// What the names of a record mean together.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hints {
    pub(crate) marks: u128,
    pub(crate) roles: Roles,
}

impl Hints {
    /// What was found out about each of `fields` by its name.
    pub(crate) fn of(fields: &[Field<'_>]) -> Self {
        let mut hints = Self::default();
        for (index, (name, value)) in fields.iter().enumerate() {
            hints.add(index, Meaning::of(name), is_placeholder(value));
        }
        hints
    }

    /// Adds the field at `index`.
    #[inline]
    pub(crate) fn add(&mut self, index: usize, meaning: Meaning, is_placeholder: bool) {
        self.marks |= meaning.marks;
        if let Some(number) = meaning.number {
            self.roles.add(number, index, is_placeholder);
        }
    }
}
