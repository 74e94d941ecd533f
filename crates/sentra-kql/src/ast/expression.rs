use sentra_model::Timestamp;
use serde_json::Value as Json;

use super::{Name, Pipeline};
use crate::span::At;
use crate::value::Kind;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// Which.
    pub kind: ExprKind,
    /// Where it was written.
    pub at: At,
}

/// The kinds of expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A value.
    Literal(Literal),
    /// A column, a source field, or what a `let` names.
    Name(String),
    /// `*`: every column.
    Star,
    /// `A.b`
    Member(Box<Expr>, String),
    /// `A[b]`
    Index(Box<Expr>, Box<Expr>),
    /// `-A`
    Negate(Box<Expr>),
    /// `not(A)`
    Not(Box<Expr>),
    /// `A and B and …`, at least two.
    And(Vec<Expr>),
    /// `A or B or …`, at least two.
    Or(Vec<Expr>),
    /// `A + B`
    Arithmetic {
        /// Which.
        op: Arithmetic,
        /// Before it.
        left: Box<Expr>,
        /// After it.
        right: Box<Expr>,
    },
    /// `A == B`
    Compare {
        /// How.
        op: Comparison,
        /// Before it.
        left: Box<Expr>,
        /// After it.
        right: Box<Expr>,
    },
    /// `A in (B, C)`
    In {
        /// How.
        op: Membership,
        /// What is looked for.
        value: Box<Expr>,
        /// Where.
        set: Set,
    },
    /// `A between (B .. C)`
    Between {
        /// `!between`
        negated: bool,
        /// What is compared.
        value: Box<Expr>,
        /// The least.
        low: Box<Expr>,
        /// The greatest.
        high: Box<Expr>,
    },
    /// `f(A, B)`
    Call {
        /// The function.
        function: Name,
        /// Its arguments.
        arguments: Vec<Expr>,
    },
}

/// The right side of `in`.
#[derive(Debug, Clone, PartialEq)]
pub enum Set {
    /// Values. A single name may turn out to be a table.
    List(Vec<Expr>),
    /// The first column of a pipeline.
    Table(Box<Pipeline>),
}

/// What arithmetic there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
}

impl Arithmetic {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
        }
    }
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    EqualCaseless,
    /// `!~`
    NotEqualCaseless,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `matches regex`
    MatchesRegex,
    /// `has`, `!contains_cs` …
    Text {
        /// Where the text must be.
        test: TextTest,
        /// Whether it must not be.
        negated: bool,
        /// Whether upper and lower case differ.
        cased: bool,
    },
}

/// Where a text must be in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextTest {
    /// Anywhere.
    Contains,
    /// At the beginning.
    StartsWith,
    /// At the end.
    EndsWith,
    /// As a whole term.
    Has,
    /// At the beginning of a term.
    HasPrefix,
    /// At the end of a term.
    HasSuffix,
}

impl TextTest {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Contains, Self::StartsWith, Self::EndsWith, Self::Has, Self::HasPrefix, Self::HasSuffix];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::StartsWith => "startswith",
            Self::EndsWith => "endswith",
            Self::Has => "has",
            Self::HasPrefix => "hasprefix",
            Self::HasSuffix => "hassuffix",
        }
    }
}

impl Comparison {
    /// As it is written.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Equal => "==".into(),
            Self::NotEqual => "!=".into(),
            Self::EqualCaseless => "=~".into(),
            Self::NotEqualCaseless => "!~".into(),
            Self::Less => "<".into(),
            Self::LessOrEqual => "<=".into(),
            Self::Greater => ">".into(),
            Self::GreaterOrEqual => ">=".into(),
            Self::MatchesRegex => "matches regex".into(),
            Self::Text { test, negated, cased } => {
                let (not, case) = (if negated { "!" } else { "" }, if cased { "_cs" } else { "" });
                format!("{not}{}{case}", test.as_str())
            }
        }
    }

    /// The text comparison written as the word `word`.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        let (negated, plain) = word.strip_prefix('!').map_or((false, word), |rest| (true, rest));
        let (cased, plain) = plain.strip_suffix("_cs").map_or((false, plain), |rest| (true, rest));
        let test = TextTest::ALL.into_iter().find(|test| test.as_str() == plain)?;
        Some(Self::Text { test, negated, cased })
    }
}

/// How a value is looked for among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Membership {
    /// `in`
    In,
    /// `!in`
    NotIn,
    /// `in~`
    InCaseless,
    /// `!in~`
    NotInCaseless,
    /// `has_any`: one of the values is a term of it.
    HasAny,
    /// `has_all`: all of the values are terms of it.
    HasAll,
}

impl Membership {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::In, Self::NotIn, Self::InCaseless, Self::NotInCaseless, Self::HasAny, Self::HasAll];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::NotIn => "!in",
            Self::InCaseless => "in~",
            Self::NotInCaseless => "!in~",
            Self::HasAny => "has_any",
            Self::HasAll => "has_all",
        }
    }
}

/// A value written in a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// Nothing, of a kind: `long(null)`.
    Null(Kind),
    /// True or false.
    Bool(bool),
    /// A whole number.
    Long(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text.
    String(String),
    /// A moment.
    DateTime(Timestamp),
    /// A span of time in microseconds.
    TimeSpan(i64),
    /// JSON.
    Dynamic(Json),
}
