//! From the wanted values of an item, with its modifiers, to tests.

use regex::RegexBuilder;

use crate::placeholders::Placeholders;
use crate::problem::Fault;
use crate::test::{Comparison, FieldTest, Network, Place, Test, TimePart};
use crate::yaml::{Node, Value};

use super::encode::{VARIANTS_MAX, base64, base64_offsets, utf16, windash};
use super::expand::expand;
use super::expr::{Expr, Predicate};
use super::modifier::{Change, Kind, Modifiers};
use super::tree::Item;
use super::wildcard::{Number, Part, TextTest, parse as parse_wildcards};

/// Largest compiled regular expression, in bytes.
pub(crate) const REGEX_BYTES_MAX: usize = 8 << 20;

impl Modifiers {
    /// The expression for an item with these modifiers. Placeholders that have no list are reported through
    /// `warn`.
    pub(crate) fn expression(
        &self,
        item: &Item,
        lists: &Placeholders,
        warn: &mut impl FnMut(u64, String),
    ) -> Result<Expr<Predicate>, Fault> {
        let leaf = |test: Test| Expr::Leaf(Predicate { field: item.field.clone(), test });
        let any = |tests: Vec<Test>| Expr::any(merged(tests).into_iter().map(leaf).collect());
        // With `all` each value must pass by itself; else the tests of one kind become one.
        let expression = if self.all {
            let mut parts = Vec::with_capacity(item.values.len());
            for value in &item.values {
                parts.push(any(self.tests(item, value, lists, warn)?));
            }
            Expr::all(parts)
        } else {
            let mut tests = Vec::with_capacity(item.values.len());
            for value in &item.values {
                tests.append(&mut self.tests(item, value, lists, warn)?);
            }
            any(tests)
        };
        Ok(if self.negated { Expr::Not(Box::new(expression)) } else { expression })
    }

    /// The tests of which any must pass for one value.
    fn tests(
        &self,
        item: &Item,
        node: &Node,
        lists: &Placeholders,
        warn: &mut impl FnMut(u64, String),
    ) -> Result<Vec<Test>, Fault> {
        let fault = |message: String| Fault::new(node.line, message);
        if matches!(node.value, Value::List(_) | Value::Map(_)) {
            return Err(fault("a value must be a text, a number, a truth value or null".to_owned()));
        }
        let Some(text) = node.as_text() else {
            return match item.field {
                Some(_) if self.is_plain() && !self.cased => Ok(vec![Test::Missing]),
                Some(_) => Err(fault("null cannot be combined with modifiers".to_owned())),
                None => Err(fault("null cannot be a keyword".to_owned())),
            };
        };
        if self.expand {
            return self.expanded(item, node, &text, lists, warn);
        }
        let numeric = matches!(node.value, Value::Integer(_) | Value::Float(_));
        self.test(item.field.is_some(), numeric, &text).map(|test| vec![test]).map_err(fault)
    }

    /// The tests of the values that the placeholders of `text` stand for.
    fn expanded(
        &self,
        item: &Item,
        node: &Node,
        text: &str,
        lists: &Placeholders,
        warn: &mut impl FnMut(u64, String),
    ) -> Result<Vec<Test>, Fault> {
        let expansion = expand(text, lists).map_err(|message| Fault::new(node.line, message))?;
        for name in &expansion.unknown {
            let message = format!("[no-list] no list is known for placeholder %{name}%: it matches nothing");
            warn(node.line, message);
        }
        if expansion.literal {
            warn(node.line, format!("[no-placeholder] {text:?} has expand and no %placeholder% in it"));
        }
        let mut tests = Vec::with_capacity(expansion.texts.len());
        for text in &expansion.texts {
            match self.test(item.field.is_some(), false, text) {
                Ok(test) => tests.push(test),
                // The text is the rule's own, and the rule is wrong.
                Err(message) if expansion.literal => return Err(Fault::new(node.line, message)),
                Err(message) => warn(node.line, format!("[bad-list-value] a value of the list: {message}")),
            }
        }
        if tests.is_empty() {
            tests.push(Test::Never);
        }
        Ok(tests)
    }

    fn test(&self, of_field: bool, numeric: bool, text: &str) -> Result<Test, String> {
        match self.kind {
            Kind::Text if self.time_part.is_some() => self.number(Comparison::Equal, text),
            Kind::Compare(comparison) => self.number(comparison, text),
            Kind::Text => self.texts(of_field, numeric, text),
            Kind::Regex => self.regex(text).map(|regex| Test::Regexes(vec![regex])),
            Kind::Network => match Network::read(text) {
                Some(network) => Ok(Test::Networks(vec![network])),
                None => Err(format!("{text:?} is no network: write it as 192.0.2.0/24 or 2001:db8::/32")),
            },
            Kind::Exists => match text.to_ascii_lowercase().as_str() {
                "true" => Ok(Test::Present),
                "false" => Ok(Test::Missing),
                _ => Err(format!("exists wants true or false, not {text:?}")),
            },
            Kind::FieldRef if text.is_empty() => Err("fieldref wants the name of a field".to_owned()),
            Kind::FieldRef => {
                Ok(Test::Field(FieldTest { other: text.to_owned(), place: self.place, cased: self.cased }))
            }
        }
    }

    fn number(&self, comparison: Comparison, text: &str) -> Result<Test, String> {
        let Some(number) = Number::read(text) else {
            return Err(format!("{text:?} is no number"));
        };
        let Some(part) = self.time_part else {
            return Ok(Test::Compare(comparison, number));
        };
        let (low, high) = part_range(part);
        if !(f64::from(low)..=f64::from(high)).contains(&number.value()) {
            return Err(format!("{text} is no {}: from {low} to {high}", part_name(part)));
        }
        Ok(Test::TimePart(part, comparison, number))
    }

    fn texts(&self, of_field: bool, numeric: bool, text: &str) -> Result<Test, String> {
        // Keywords stand anywhere in a value.
        let place = if of_field { self.place } else { Place::Anywhere };
        let mut tests = Vec::with_capacity(1);
        if numeric && place == Place::Whole && self.changes.is_empty() {
            tests.extend(Number::read(text).map(TextTest::Number));
        } else {
            for parts in self.patterns(text)? {
                tests.push(TextTest::of(placed(parts, place), self.cased));
            }
        }
        Ok(if self.cased { Test::Cased(tests) } else { Test::Text(tests) })
    }

    /// The patterns that `text` becomes by the changes.
    fn patterns(&self, text: &str) -> Result<Vec<Vec<Part>>, String> {
        if self.changes.is_empty() {
            return Ok(vec![parse_wildcards(text)]);
        }
        let texts = if self.changes.contains(&Change::Windash) {
            let Some(variants) = windash(text) else {
                return Err(format!("{text:?} has more than {VARIANTS_MAX} variants of its dashes"));
            };
            variants
        } else {
            vec![text.to_owned()]
        };
        let patterns = texts.iter().map(|text| parse_wildcards(text));
        if self.changes.iter().all(|change| *change == Change::Windash) {
            return Ok(patterns.collect());
        }
        let mut encoded = Vec::new();
        for pattern in patterns {
            encoded.extend(self.encoded(&pattern)?);
        }
        Ok(encoded)
    }

    fn encoded(&self, pattern: &[Part]) -> Result<Vec<Vec<Part>>, String> {
        let literal = match pattern {
            [] => "",
            [Part::Literal(literal)] => literal,
            _ => return Err("a value with wildcards cannot be encoded".to_owned()),
        };
        let mut values = vec![literal.as_bytes().to_vec()];
        for change in &self.changes {
            values = values
                .into_iter()
                .flat_map(|value| match change {
                    Change::Base64 => vec![base64(&value)],
                    Change::Base64Offset => base64_offsets(&value),
                    Change::Utf16 { big_endian, mark } => {
                        vec![utf16(&String::from_utf8_lossy(&value), *big_endian, *mark)]
                    }
                    Change::Windash => vec![value],
                })
                .collect();
        }
        let literals = values.iter().map(|value| String::from_utf8_lossy(value).into_owned());
        Ok(literals.map(|literal| vec![Part::Literal(literal)]).collect())
    }

    /// A regular expression is looked for anywhere in the value, unless it is to stand at its start or end.
    fn regex(&self, source: &str) -> Result<regex::Regex, String> {
        let flags = if self.flags.is_empty() { String::new() } else { format!("(?{})", self.flags) };
        let whole = match self.place {
            Place::Whole | Place::Anywhere => format!("{flags}{source}"),
            Place::Start => format!("{flags}\\A(?:{source})"),
            Place::End => format!("{flags}(?:{source})\\z"),
        };
        RegexBuilder::new(&whole).size_limit(REGEX_BYTES_MAX).build().map_err(|error| {
            let reason = match &error {
                regex::Error::Syntax(text) => text.lines().last().unwrap_or_default().trim().to_owned(),
                other => other.to_string(),
            };
            format!("regular expression {source:?} is not understood: {reason}")
        })
    }
}

/// Gathers the tests of one kind into one, so that a value is looked at once for all of them.
fn merged(tests: Vec<Test>) -> Vec<Test> {
    if tests.len() < 2 {
        return tests;
    }
    let (mut texts, mut cased, mut regexes, mut networks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut others = Vec::new();
    for test in tests {
        match test {
            Test::Text(more) => texts.extend(more),
            Test::Cased(more) => cased.extend(more),
            Test::Regexes(more) => regexes.extend(more),
            Test::Networks(more) => networks.extend(more),
            other => others.push(other),
        }
    }
    let gathered = [
        (!texts.is_empty()).then_some(Test::Text(texts)),
        (!cased.is_empty()).then_some(Test::Cased(cased)),
        (!regexes.is_empty()).then_some(Test::Regexes(regexes)),
        (!networks.is_empty()).then_some(Test::Networks(networks)),
    ];
    gathered.into_iter().flatten().chain(others).collect()
}

fn placed(mut parts: Vec<Part>, place: Place) -> Vec<Part> {
    if matches!(place, Place::Anywhere | Place::End) && parts.first() != Some(&Part::Many) {
        parts.insert(0, Part::Many);
    }
    if matches!(place, Place::Anywhere | Place::Start) && parts.last() != Some(&Part::Many) {
        parts.push(Part::Many);
    }
    parts
}

fn part_range(part: TimePart) -> (i16, i16) {
    match part {
        TimePart::Minute => (0, 59),
        TimePart::Hour => (0, 23),
        TimePart::Day => (1, 31),
        TimePart::Week => (1, 53),
        TimePart::Month => (1, 12),
        TimePart::Year => (-9_999, 9_999),
    }
}

fn part_name(part: TimePart) -> &'static str {
    match part {
        TimePart::Minute => "minute",
        TimePart::Hour => "hour",
        TimePart::Day => "day",
        TimePart::Week => "week",
        TimePart::Month => "month",
        TimePart::Year => "year",
    }
}
