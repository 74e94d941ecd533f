//! Tests on one text value. Both engines use these, so that they cannot disagree (law SAME).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use memchr::memchr2_iter;
use sentra_model::Timestamp;

/// An ordering comparison; "not equal" is a negated [`Order::Eq`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Order {
    Eq,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Order {
    pub(crate) fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Self::Eq => ordering.is_eq(),
            Self::Lt => ordering.is_lt(),
            Self::Le => ordering.is_le(),
            Self::Gt => ordering.is_gt(),
            Self::Ge => ordering.is_ge(),
        }
    }
}

/// A finite number that can be hashed, as expressions must be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Finite(f64);

impl Finite {
    pub(crate) fn new(number: f64) -> Option<Self> {
        // Adding zero turns -0.0 into 0.0, so that equal numbers have equal bits.
        number.is_finite().then_some(Self(number + 0.0))
    }

    pub(crate) fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Finite {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Finite {}

impl std::hash::Hash for Finite {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Operand {
    Text(String),
    Integer(i64),
    Float(Finite),
    Bool(bool),
    Time(Timestamp),
}

/// A test on one text value. Texts of caseless tests are folded already.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum ValueTest {
    Order { op: Order, value: Operand },
    OneOf(BTreeSet<String>),
    OneOfCaseless(BTreeSet<String>),
    Contains(String),
    StartsWith(String),
    EndsWith(String),
    Has(String),
    NotEmpty,
}

impl ValueTest {
    pub(crate) fn matches(&self, value: &str) -> bool {
        match self {
            Self::Order { op, value: operand } => {
                compare(value, operand).is_some_and(|ordering| op.accepts(ordering))
            }
            Self::OneOf(texts) => texts.contains(value),
            Self::OneOfCaseless(texts) => texts.contains(folded(value).as_ref()),
            Self::Contains(needle) => find(value, needle, |_, _| true),
            Self::StartsWith(needle) => starts_with(value, needle),
            Self::EndsWith(needle) => ends_with(value, needle),
            Self::Has(needle) => find(value, needle, |before, after| stands_alone(needle, before, after)),
            Self::NotEmpty => !value.is_empty(),
        }
    }

    /// What every ASCII text that passes has in it, whatever the case; where that is known and ASCII itself.
    pub(crate) fn part(&self) -> Option<&str> {
        match self {
            Self::Contains(part) | Self::StartsWith(part) | Self::EndsWith(part) | Self::Has(part) => {
                (part.is_ascii() && !part.is_empty()).then_some(part)
            }
            _ => None,
        }
    }
}

fn compare(value: &str, operand: &Operand) -> Option<Ordering> {
    match operand {
        Operand::Text(text) => Some(value.cmp(text.as_str())),
        Operand::Integer(number) => match value.parse::<i64>() {
            Ok(parsed) => Some(parsed.cmp(number)),
            // Beyond 2^53 the literal loses its last digits here; a value with a fraction has none to match.
            Err(_) => number_of(value)?.partial_cmp(&(*number as f64)),
        },
        Operand::Float(number) => number_of(value)?.partial_cmp(&number.get()),
        Operand::Bool(truth) => {
            let wanted = if *truth { "true" } else { "false" };
            value.eq_ignore_ascii_case(wanted).then_some(Ordering::Equal)
        }
        Operand::Time(moment) => Some(value.parse::<Timestamp>().ok()?.cmp(moment)),
    }
}

fn number_of(value: &str) -> Option<f64> {
    value.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// The form in which texts are compared without case: each character by itself, without context, so that
/// a part of a text folds as it does within the whole.
pub(crate) fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

fn folded(value: &str) -> Cow<'_, str> {
    let is_folded = value.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_folded { Cow::Borrowed(value) } else { Cow::Owned(fold(value)) }
}

fn starts_with(value: &str, needle: &str) -> bool {
    if value.is_ascii() {
        let beginning = value.as_bytes().get(..needle.len());
        return beginning.is_some_and(|bytes| bytes.eq_ignore_ascii_case(needle.as_bytes()));
    }
    fold(value).starts_with(needle)
}

fn ends_with(value: &str, needle: &str) -> bool {
    if value.is_ascii() {
        let end = value.len().checked_sub(needle.len()).and_then(|start| value.as_bytes().get(start..));
        return end.is_some_and(|bytes| bytes.eq_ignore_ascii_case(needle.as_bytes()));
    }
    fold(value).ends_with(needle)
}

/// Whether `needle` occurs in `value` at a place that `accept` (the text before, the text after) takes.
fn find(value: &str, needle: &str, accept: impl Fn(&str, &str) -> bool) -> bool {
    if value.is_ascii() {
        return find_ascii(value, needle, accept);
    }
    let value = fold(value);
    value.match_indices(needle).any(|(start, found)| {
        let (before, rest) = value.split_at(start);
        accept(before, rest.get(found.len()..).unwrap_or_default())
    })
}

fn find_ascii(value: &str, needle: &str, accept: impl Fn(&str, &str) -> bool) -> bool {
    let Some(first) = needle.bytes().next() else { return accept("", value) };
    let Some(last_start) = value.len().checked_sub(needle.len()) else { return false };
    let starts = value.as_bytes().get(..=last_start).unwrap_or_default();
    memchr2_iter(first, first.to_ascii_uppercase(), starts).any(|start| {
        let end = start + needle.len();
        let found =
            value.as_bytes().get(start..end).is_some_and(|b| b.eq_ignore_ascii_case(needle.as_bytes()));
        found && accept(value.get(..start).unwrap_or_default(), value.get(end..).unwrap_or_default())
    })
}

/// Whether no letter or digit touches `needle` where its own edge is one: `has "tmp"` finds `/tmp/x` but
/// not `tmpfs`, and `has "/tmp"` finds `a/tmp`.
fn stands_alone(needle: &str, before: &str, after: &str) -> bool {
    let word = |edge: Option<char>| edge.is_some_and(char::is_alphanumeric);
    let joined_before = word(needle.chars().next()) && word(before.chars().next_back());
    let joined_after = word(needle.chars().next_back()) && word(after.chars().next());
    !joined_before && !joined_after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_parts_are_found_without_case() {
        let cases = [
            (ValueTest::Contains("pass".into()), "Failed PASSword", true),
            (ValueTest::Contains("".into()), "x", true),
            (ValueTest::Contains("longer".into()), "long", false),
            (ValueTest::Contains("straße".into()), "Große STRAßE", true),
            (ValueTest::Contains("ß".into()), "plain", false),
            (ValueTest::StartsWith("fail".into()), "FAILED", true),
            (ValueTest::StartsWith("ä".into()), "Ärger", true),
            (ValueTest::EndsWith("led".into()), "FAILED", true),
            (ValueTest::EndsWith("failed!".into()), "failed", false),
            (ValueTest::Has("tmp".into()), "mount /tmp/x", true),
            (ValueTest::Has("tmp".into()), "mount tmpfs TMP", true),
            (ValueTest::Has("tmp".into()), "mount tmpfs", false),
            (ValueTest::Has("/tmp".into()), "a/tmp", true),
            (ValueTest::Has("ö".into()), "böse ö", true),
            (ValueTest::Has("ö".into()), "böse", false),
            (ValueTest::NotEmpty, "", false),
        ];
        for (test, value, expected) in cases {
            assert_eq!(test.matches(value), expected, "{test:?} on {value:?}");
        }
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        let test = |op, value| ValueTest::Order { op, value };
        assert!(test(Order::Eq, Operand::Integer(7)).matches("007"));
        assert!(test(Order::Gt, Operand::Integer(9)).matches("10"));
        assert!(!test(Order::Gt, Operand::Text("9".into())).matches("10"));
        assert!(test(Order::Lt, Operand::Integer(2)).matches("1.5"));
        assert!(!test(Order::Ge, Operand::Integer(0)).matches("inf"));
        assert!(!test(Order::Eq, Operand::Integer(0)).matches(""));
        assert!(test(Order::Eq, Operand::Integer(i64::MAX)).matches("9223372036854775807"));
        assert!(test(Order::Eq, Operand::Bool(true)).matches("True"));
        let moment = Operand::Time("2026-01-01T00:00:00Z".parse().unwrap());
        assert!(test(Order::Eq, moment).matches("2026-01-01T01:00:00+01:00"));
    }
}
