use sentra_model::Timestamp;

use crate::StoreError;
use crate::bound::bind;

/// Deepest nesting of a predicate.
pub const PREDICATE_DEPTH_MAX: usize = 64;
/// Most comparisons in a predicate; the values of [`Predicate::OneOf`] count one each.
pub const PREDICATE_TERMS_MAX: usize = 1_000;

/// A condition on an event.
///
/// A field is a header column by its name (see [`crate::header_columns`]) or else a field of the source;
/// `fields.NAME` is always the source's. A source field may have several values: a condition holds when
/// *any* of them meets it. Conditions are two-valued: on an absent value every condition but a negated one
/// is false, so `Ne` is exactly the negation of `Eq`.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// All of them; true when there is none.
    And(Vec<Self>),
    /// Any of them; false when there is none.
    Or(Vec<Self>),
    /// Not.
    Not(Box<Self>),
    /// Compares a field with a literal. On source fields and text columns the comparison is numeric when
    /// the literal is a number, and a value that is no number does not match; with a text it is by bytes.
    Compare {
        /// Header column or source field.
        field: String,
        /// How.
        op: CompareOp,
        /// With what.
        value: Literal,
    },
    /// The field equals one of the values.
    OneOf {
        /// Header column or source field.
        field: String,
        /// The values.
        values: Vec<Literal>,
        /// Whether texts are compared without case.
        caseless: bool,
    },
    /// The text occurs in the field, without case.
    Contains {
        /// Header column or source field.
        field: String,
        /// The text.
        text: String,
    },
    /// The field starts with the text, without case.
    StartsWith {
        /// Header column or source field.
        field: String,
        /// The text.
        text: String,
    },
    /// The field ends with the text, without case.
    EndsWith {
        /// Header column or source field.
        field: String,
        /// The text.
        text: String,
    },
    /// The text occurs in the field as a whole word, without case: no letter or digit touches it.
    Has {
        /// Header column or source field.
        field: String,
        /// The text.
        text: String,
    },
    /// The field is there and is not empty.
    Exists {
        /// Header column or source field.
        field: String,
    },
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// Equal; texts with case.
    Eq,
    /// Not equal; texts with case. True when the field is absent.
    Ne,
    /// Equal; texts without case.
    EqCaseless,
    /// Not equal; texts without case. True when the field is absent.
    NeCaseless,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
}

/// A value written in a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// Text.
    Text(String),
    /// Whole number.
    Integer(i64),
    /// Number with a fraction.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// Moment.
    Time(Timestamp),
}

impl Literal {
    /// What kind of value it is, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::Bool(_) => "a truth value",
            Self::Time(_) => "a time",
        }
    }
}

impl Predicate {
    /// `field == text`.
    pub fn equals(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Compare { field: field.into(), op: CompareOp::Eq, value: Literal::Text(text.into()) }
    }

    /// Whether it makes sense: literals fit their columns, limits are kept. A store checks this, too.
    ///
    /// # Errors
    /// [`StoreError::Predicate`] or [`StoreError::TooComplex`].
    pub fn check(&self) -> Result<(), StoreError> {
        bind(self).map(|_| ())
    }
}
