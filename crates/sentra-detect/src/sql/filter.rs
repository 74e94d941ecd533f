//! A condition on one row, before it is written in anybody's SQL. It is two-valued: on what is absent every
//! test is false.

use crate::sigma::wildcard::Part;
use crate::test::Comparison;

/// A condition on one row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    Always,
    Never,
    All(Vec<Filter>),
    Any(Vec<Filter>),
    AtLeast(usize, Vec<Filter>),
    Not(Box<Filter>),
    /// A value passes any of the tests.
    Value {
        place: Place,
        tests: Vec<ValueTest>,
    },
    /// There is a value.
    Present(Place),
    /// The row has source fields of this name, be it without a value.
    Named(String),
    /// The row has more than one source field of this name.
    Repeated(String),
    /// The raw bytes are no UTF-8.
    RawIsNoText,
    /// The OCSF class.
    Class(u32),
}

/// Where values are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A text column of the header.
    Column(&'static str),
    /// A number column of the header, as text.
    Number(&'static str),
    /// The source's own field. In DataFusion the first of the name.
    Field(String),
    /// The values of all source fields. In DataFusion joined to one text.
    AnyField,
    /// The raw bytes as text.
    Raw,
}

/// A test on one value. Texts are folded unless `cased`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ValueTest {
    Equals {
        text: String,
        cased: bool,
    },
    Contains {
        text: String,
        cased: bool,
    },
    Starts {
        text: String,
        cased: bool,
    },
    Ends {
        text: String,
        cased: bool,
    },
    Like {
        parts: Vec<Part>,
        cased: bool,
    },
    Regex(String),
    /// A whole number of at most 15 digits that compares so; with `otherwise`, also whatever else can be read
    /// as a number.
    Number {
        comparison: Comparison,
        value: f64,
        otherwise: bool,
    },
}

impl Filter {
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Self::Always => {}
                Self::Never => return Self::Never,
                Self::All(parts) => kept.extend(parts),
                part => kept.push(part),
            }
        }
        match (kept.len(), kept.pop()) {
            (_, None) => Self::Always,
            (1, Some(only)) => only,
            (_, Some(last)) => {
                kept.push(last);
                Self::All(kept)
            }
        }
    }

    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept: Vec<Self> = Vec::new();
        for part in parts {
            match part {
                Self::Never => {}
                Self::Always => return Self::Always,
                Self::Any(parts) => kept.extend(parts),
                part if kept.contains(&part) => {}
                part => kept.push(part),
            }
        }
        match (kept.len(), kept.pop()) {
            (_, None) => Self::Never,
            (1, Some(only)) => only,
            (_, Some(last)) => {
                kept.push(last);
                Self::Any(kept)
            }
        }
    }

    pub(super) fn at_least(count: usize, parts: Vec<Self>) -> Self {
        let always = parts.iter().filter(|part| **part == Self::Always).count();
        let open: Vec<Self> =
            parts.into_iter().filter(|part| !matches!(part, Self::Always | Self::Never)).collect();
        match count.saturating_sub(always) {
            0 => Self::Always,
            1 => Self::any(open),
            left if left > open.len() => Self::Never,
            left if left == open.len() => Self::all(open),
            left => Self::AtLeast(left, open),
        }
    }

    pub(super) fn not(part: Self) -> Self {
        match part {
            Self::Always => Self::Never,
            Self::Never => Self::Always,
            Self::Not(part) => *part,
            part => Self::Not(Box::new(part)),
        }
    }
}
