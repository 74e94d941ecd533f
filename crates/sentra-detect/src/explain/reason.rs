//! What came of a test, in a sentence.

use std::borrow::Cow;

use sentra_model::EventRow;

use crate::plain;
use crate::sigma::expr::{Expr, Predicate};
use crate::sigma::wildcard::{Part, TextTest};
use crate::test::{Comparison, FieldTest, Place, Test, TimePart};
use crate::text::fold;

use super::EXPLAINED_VALUE_CHARS_MAX;

/// Most reasons given for one part.
const REASONS_MAX: usize = 3;

/// Whether an expression holds for `row`.
pub(super) fn holds(expression: &Expr<Predicate>, row: EventRow<'_>) -> bool {
    expression.holds(&mut |predicate| plain::test_passes(predicate.field.as_deref(), &predicate.test, row))
}

/// Why an expression holds for `row`, or does not.
pub(super) fn reason(expression: &Expr<Predicate>, row: EventRow<'_>) -> String {
    match expression {
        Expr::Leaf(predicate) => of_test(predicate.field.as_deref(), &predicate.test, row),
        Expr::Not(part) => format!("negated: {}", reason(part, row)),
        Expr::And(parts) => of_parts(parts, row, holds(expression, row)),
        Expr::Or(parts) | Expr::AtLeast(_, parts) => of_parts(parts, row, holds(expression, row)),
    }
}

/// Of a part that holds, the reasons of those that hold; else of those that do not.
fn of_parts(parts: &[Expr<Predicate>], row: EventRow<'_>, matched: bool) -> String {
    let telling: Vec<&Expr<Predicate>> = parts.iter().filter(|part| holds(part, row) == matched).collect();
    let mut reasons: Vec<String> = telling.iter().take(REASONS_MAX).map(|part| reason(part, row)).collect();
    reasons.dedup();
    if telling.len() > REASONS_MAX {
        reasons.push(format!("{} more", telling.len() - REASONS_MAX));
    }
    reasons.join("; ")
}

/// What came of one test on `field` (`None`: keywords).
pub(super) fn of_test(field: Option<&str>, test: &Test, row: EventRow<'_>) -> String {
    let values = plain::tested_values(field, row);
    let name = field.unwrap_or_default();
    match (test, values.first()) {
        (Test::Never, _) => "a placeholder without its list matches nothing".to_owned(),
        (Test::Missing, None) => format!("field {name} absent, as wanted"),
        (Test::Missing, Some(value)) => format!("field {name} is there with value {}", quoted(value)),
        (Test::Present, Some(_)) => format!("field {name} is there"),
        (_, None) if field.is_none() => "the event has no text".to_owned(),
        (_, None) => format!("field {name} absent"),
        (Test::Field(test), Some(_)) => of_other_field(test, &values, row),
        (_, Some(first)) => match values.iter().find(|value| test.passes(value)) {
            Some(value) => format!("value {} {}", quoted(value), words(test, Some(value), true)),
            None if values.len() == 1 => format!("value {} {}", quoted(first), words(test, None, false)),
            None => {
                let some = if field.is_none() { String::new() } else { format!(" ({}, …)", quoted(first)) };
                format!("none of {} values{some} {}", values.len(), words(test, None, true))
            }
        },
    }
}

fn of_other_field(test: &FieldTest, values: &[Cow<'_, str>], row: EventRow<'_>) -> String {
    let others = plain::tested_values(Some(&test.other), row);
    let relation = match test.place {
        Place::Whole => "equal to",
        Place::Anywhere => "with, somewhere in it,",
        Place::Start => "beginning with",
        Place::End => "ending with",
    };
    let value = values.first().map(|value| quoted(value)).unwrap_or_default();
    match others.first() {
        None => format!("field {} absent, which is compared with", test.other),
        Some(other) => {
            let passing = test.any_passes(values, &others);
            let is = if passing { "is" } else { "is not" };
            format!("value {value} {is} {relation} that of {}, {}", test.other, quoted(other))
        }
    }
}

/// What a test says of a value, or what the value does not do. Where `value` passes, the wanted text that
/// let it pass is named.
pub(super) fn words(test: &Test, value: Option<&str>, positive: bool) -> String {
    match test {
        Test::Text(tests) => {
            let folded = value.map(fold);
            text_words(tests, folded.as_deref(), positive)
        }
        Test::Cased(tests) => format!("{} (with case)", text_words(tests, value, positive)),
        Test::Regexes(regexes) => {
            let fits = |regex: &&regex::Regex| value.is_none_or(|value| regex.is_match(value));
            match (regexes.iter().find(fits), regexes.len()) {
                (Some(regex), 1) | (Some(regex), _) if value.is_some() || regexes.len() == 1 => {
                    let verb = if positive { "matches" } else { "does not match" };
                    format!("{verb} /{}/", shortened(regex.as_str()))
                }
                (_, many) => many_words("matches", many, "regular expressions", positive),
            }
        }
        Test::Networks(networks) => match networks.len() {
            1 => {
                if positive { "is in the wanted network" } else { "is not in the wanted network" }.to_owned()
            }
            many => many_words("is in", many, "networks", positive),
        },
        Test::Compare(comparison, wanted) => {
            format!("{} {} {}", verb(positive), comparison_word(*comparison), wanted.value())
        }
        Test::TimePart(part, comparison, wanted) => {
            let (verb, part) = (if positive { "has" } else { "has not" }, time_part_word(*part));
            format!("{verb} {part} {} {}", comparison_word(*comparison), wanted.value())
        }
        Test::Present => if positive { "is there" } else { "absent" }.to_owned(),
        Test::Missing => if positive { "absent" } else { "is there" }.to_owned(),
        Test::Field(test) => format!("{} compared with field {}", verb(positive), test.other),
        Test::Never => "matches nothing: a placeholder without its list".to_owned(),
    }
}

fn verb(positive: bool) -> &'static str {
    if positive { "is" } else { "is not" }
}

fn many_words(verb: &str, many: usize, things: &str, positive: bool) -> String {
    let of = if positive { "one of" } else { "none of" };
    format!("{verb} {of} the {many} {things}")
}

fn text_words(tests: &[TextTest], value: Option<&str>, positive: bool) -> String {
    let passing = value.and_then(|value| tests.iter().find(|test| test.passes(value)));
    match (passing, tests) {
        (Some(test), _) | (None, [test]) => text_word(test, positive),
        (None, [first, rest @ ..]) => {
            let kind = std::mem::discriminant(first);
            let alike = rest.iter().all(|test| std::mem::discriminant(test) == kind);
            let verb = match first {
                TextTest::Contains(_) if alike => "contains",
                TextTest::Starts(_) if alike => "starts with",
                TextTest::Ends(_) if alike => "ends with",
                TextTest::Equals(_) | TextTest::Number(_) if alike => "is",
                _ => "fits",
            };
            many_words(verb, tests.len(), "wanted", positive)
        }
        (None, []) => "is compared with nothing".to_owned(),
    }
}

fn text_word(test: &TextTest, positive: bool) -> String {
    let (does, does_not, wanted) = match test {
        TextTest::Equals(wanted) => ("is", "is not", quoted(wanted)),
        TextTest::Contains(wanted) => ("contains", "does not contain", quoted(wanted)),
        TextTest::Starts(wanted) => ("starts with", "does not start with", quoted(wanted)),
        TextTest::Ends(wanted) => ("ends with", "does not end with", quoted(wanted)),
        TextTest::Fits(parts) => ("fits", "does not fit", quoted(&pattern(parts))),
        TextTest::Number(number) => ("is the number", "is not the number", number.value().to_string()),
    };
    format!("{} {wanted}", if positive { does } else { does_not })
}

fn pattern(parts: &[Part]) -> String {
    let piece = |part: &Part| match part {
        Part::Literal(literal) => literal.clone(),
        Part::One => "?".to_owned(),
        Part::Many => "*".to_owned(),
    };
    parts.iter().map(piece).collect()
}

fn comparison_word(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => "≥",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "≤",
    }
}

fn time_part_word(part: TimePart) -> &'static str {
    match part {
        TimePart::Minute => "a minute",
        TimePart::Hour => "an hour",
        TimePart::Day => "a day",
        TimePart::Week => "a week",
        TimePart::Month => "a month",
        TimePart::Year => "a year",
    }
}

/// A value in quotation marks, shortened, on one line.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", shortened(value))
}

/// A value as it is shown: its beginning, without control characters.
pub(super) fn shortened(value: &str) -> String {
    let mut shown: String = value
        .chars()
        .take(EXPLAINED_VALUE_CHARS_MAX)
        .map(|char| if char.is_control() { '\u{fffd}' } else { char })
        .collect();
    if value.chars().nth(EXPLAINED_VALUE_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}
