//! The modifiers of a field: `Field|contains|all`.

use regex::RegexBuilder;

use crate::problem::Fault;
use crate::test::{Comparison, FieldTest, Network, Place, Test, TimePart};
use crate::text::hint;
use crate::yaml::{Node, Value};

use super::encode::{VARIANTS_MAX, base64, base64_offsets, utf16, windash};
use super::expr::{Expr, Predicate};
use super::wildcard::{Number, Part, TextTest, parse as parse_wildcards};

/// Largest compiled regular expression, in bytes.
pub(crate) const REGEX_BYTES_MAX: usize = 8 << 20;

/// Every modifier of the specification, 2.1.
const MODIFIERS: [&str; 34] = [
    "contains",
    "startswith",
    "endswith",
    "all",
    "base64",
    "base64offset",
    "wide",
    "utf16",
    "utf16le",
    "utf16be",
    "windash",
    "re",
    "i",
    "ignorecase",
    "m",
    "multiline",
    "s",
    "dotall",
    "cidr",
    "cased",
    "exists",
    "expand",
    "fieldref",
    "gt",
    "gte",
    "lt",
    "lte",
    "neq",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "year",
];

/// A change of the wanted value, in the order written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Base64,
    Base64Offset,
    Utf16 { big_endian: bool, mark: bool },
    Windash,
}

/// What the field's value is compared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Regex,
    Network,
    Compare(Comparison),
    Exists,
    FieldRef,
}

/// The modifiers of one item, understood.
#[derive(Debug)]
pub(crate) struct Modifiers {
    kind: Kind,
    place: Place,
    changes: Vec<Change>,
    flags: String,
    time_part: Option<TimePart>,
    all: bool,
    cased: bool,
    negated: bool,
    expand: bool,
}

impl Modifiers {
    /// Reads what stands behind the field's name, without the first `|`.
    pub(crate) fn read<'a>(words: impl Iterator<Item = &'a str>, line: u64) -> Result<Self, Fault> {
        let mut modifiers = Self {
            kind: Kind::Text,
            place: Place::Whole,
            changes: Vec::new(),
            flags: String::new(),
            time_part: None,
            all: false,
            cased: false,
            negated: false,
            expand: false,
        };
        for word in words {
            modifiers.take(word, line)?;
        }
        modifiers.check(line)?;
        Ok(modifiers)
    }

    fn take(&mut self, word: &str, line: u64) -> Result<(), Fault> {
        match word {
            "contains" => self.place = Place::Anywhere,
            "startswith" => self.place = Place::Start,
            "endswith" => self.place = Place::End,
            "all" => self.all = true,
            "cased" => self.cased = true,
            "neq" => self.negated = true,
            "expand" => self.expand = true,
            "base64" => self.changes.push(Change::Base64),
            "base64offset" => self.changes.push(Change::Base64Offset),
            "wide" | "utf16le" => self.changes.push(Change::Utf16 { big_endian: false, mark: false }),
            "utf16be" => self.changes.push(Change::Utf16 { big_endian: true, mark: false }),
            "utf16" => self.changes.push(Change::Utf16 { big_endian: false, mark: true }),
            "windash" => self.changes.push(Change::Windash),
            "i" | "ignorecase" => self.flags.push('i'),
            "m" | "multiline" => self.flags.push('m'),
            "s" | "dotall" => self.flags.push('s'),
            "minute" => self.time_part = Some(TimePart::Minute),
            "hour" => self.time_part = Some(TimePart::Hour),
            "day" => self.time_part = Some(TimePart::Day),
            "week" => self.time_part = Some(TimePart::Week),
            "month" => self.time_part = Some(TimePart::Month),
            "year" => self.time_part = Some(TimePart::Year),
            _ => return self.take_kind(word, line),
        }
        Ok(())
    }

    fn take_kind(&mut self, word: &str, line: u64) -> Result<(), Fault> {
        let kind = match word {
            "re" => Kind::Regex,
            "cidr" => Kind::Network,
            "gt" => Kind::Compare(Comparison::Greater),
            "gte" => Kind::Compare(Comparison::GreaterOrEqual),
            "lt" => Kind::Compare(Comparison::Less),
            "lte" => Kind::Compare(Comparison::LessOrEqual),
            "exists" => Kind::Exists,
            "fieldref" => Kind::FieldRef,
            _ => {
                return Err(Fault::new(line, format!("unknown modifier {word:?}{}", hint(word, MODIFIERS))));
            }
        };
        if self.kind != Kind::Text {
            return Err(Fault::new(
                line,
                format!("modifier {word:?} cannot be combined with the one before it"),
            ));
        }
        self.kind = kind;
        Ok(())
    }

    fn check(&self, line: u64) -> Result<(), Fault> {
        let fault = |message: &str| Err(Fault::new(line, message));
        if !self.flags.is_empty() && self.kind != Kind::Regex {
            return fault("modifiers i, m and s belong behind 're'");
        }
        let plain = self.changes.is_empty() && self.place == Place::Whole;
        let of_texts = self.cased || !plain;
        if of_texts && matches!(self.kind, Kind::Network | Kind::Compare(_) | Kind::Exists) {
            return fault("modifiers of texts cannot be combined with cidr, exists or a comparison");
        }
        if matches!(self.kind, Kind::Regex | Kind::FieldRef) && !self.changes.is_empty() {
            return fault("modifiers that encode the value cannot be combined with re or fieldref");
        }
        if self.time_part.is_some() && !(plain && matches!(self.kind, Kind::Text | Kind::Compare(_))) {
            return fault("a part of a time can only be compared with a number");
        }
        Ok(())
    }

    /// The expression for a field (or for keywords, `field` being `None`) with these modifiers and values.
    /// Placeholders that have no list are reported through `warn`.
    pub(crate) fn expression(
        &self,
        field: Option<&str>,
        values: &[Node],
        line: u64,
        warn: &mut impl FnMut(u64, String),
    ) -> Result<Expr<Predicate>, Fault> {
        if values.is_empty() {
            return Err(Fault::new(line, "the list of values is empty"));
        }
        let leaf = |test: Test| Expr::Leaf(Predicate { field: field.map(str::to_owned), test });
        // Per value: with `all` each must pass by itself; else the tests of one kind become one.
        let mut tests: Vec<Vec<Test>> = Vec::new();
        for value in values {
            tests.push(self.tests(field, value, warn)?);
        }
        let expression = if self.all {
            Expr::all(
                tests
                    .into_iter()
                    .map(|of_one| Expr::any(merged(of_one).into_iter().map(leaf).collect()))
                    .collect(),
            )
        } else {
            Expr::any(merged(tests.into_iter().flatten().collect()).into_iter().map(leaf).collect())
        };
        Ok(if self.negated { Expr::Not(Box::new(expression)) } else { expression })
    }

    /// The tests of which any must pass for one value.
    fn tests(
        &self,
        field: Option<&str>,
        node: &Node,
        warn: &mut impl FnMut(u64, String),
    ) -> Result<Vec<Test>, Fault> {
        let fault = |message: String| Fault::new(node.line, message);
        if matches!(node.value, Value::List(_) | Value::Map(_)) {
            return Err(fault("a value must be a text, a number, a truth value or null".to_owned()));
        }
        let Some(text) = node.text() else {
            return match (field, self.kind, self.place) {
                (Some(_), Kind::Text, Place::Whole) if self.changes.is_empty() => Ok(vec![Test::Missing]),
                (None, ..) => Err(fault("null cannot be a keyword".to_owned())),
                _ => Err(fault("null cannot be combined with modifiers".to_owned())),
            };
        };
        if self.expand && is_placeholder(&text) {
            warn(node.line, format!("no list is known for placeholder {text}: it matches nothing"));
            return Ok(vec![Test::Never]);
        }
        match self.kind {
            Kind::Text if self.time_part.is_some() => self.number(Comparison::Equal, &text).map_err(fault),
            Kind::Compare(comparison) => self.number(comparison, &text).map_err(fault),
            Kind::Text => self.texts(field, node, &text).map_err(fault),
            Kind::Regex => {
                regex(&text, &self.flags).map(|regex| vec![Test::Regexes(vec![regex])]).map_err(fault)
            }
            Kind::Network => match Network::read(&text) {
                Some(network) => Ok(vec![Test::Networks(vec![network])]),
                None => {
                    Err(fault(format!("{text:?} is no network: write it as 192.0.2.0/24 or 2001:db8::/32")))
                }
            },
            Kind::Exists => match text.to_ascii_lowercase().as_str() {
                "true" => Ok(vec![Test::Present]),
                "false" => Ok(vec![Test::Missing]),
                _ => Err(fault(format!("exists wants true or false, not {text:?}"))),
            },
            Kind::FieldRef => {
                Ok(vec![Test::Field(FieldTest { other: text, place: self.place, cased: self.cased })])
            }
        }
    }

    fn number(&self, comparison: Comparison, text: &str) -> Result<Vec<Test>, String> {
        let Some(number) = Number::read(text) else {
            return Err(format!("{text:?} is no number"));
        };
        Ok(vec![match self.time_part {
            Some(part) => Test::TimePart(part, comparison, number),
            None => Test::Compare(comparison, number),
        }])
    }

    fn texts(&self, field: Option<&str>, node: &Node, text: &str) -> Result<Vec<Test>, String> {
        // Keywords stand anywhere in a value.
        let place = if field.is_none() { Place::Anywhere } else { self.place };
        let numeric = matches!(node.value, Value::Integer(_) | Value::Float(_));
        let mut tests = Vec::new();
        if numeric && place == Place::Whole && self.changes.is_empty() {
            tests.extend(Number::read(text).map(TextTest::Number));
        } else {
            for parts in self.patterns(text)? {
                tests.push(TextTest::of(placed(parts, place), self.cased));
            }
        }
        Ok(vec![if self.cased { Test::Cased(tests) } else { Test::Text(tests) }])
    }

    /// The patterns that `text` becomes by the changes.
    fn patterns(&self, text: &str) -> Result<Vec<Vec<Part>>, String> {
        let mut texts = vec![text.to_owned()];
        if self.changes.contains(&Change::Windash) {
            let variants = texts.iter().map(|text| windash(text)).collect::<Option<Vec<_>>>();
            let Some(variants) = variants else {
                return Err(format!("{text:?} has more than {VARIANTS_MAX} variants of its dashes"));
            };
            texts = variants.into_iter().flatten().collect();
        }
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
}

/// Gathers the tests of one kind into one, so that a value is looked at once for all of them.
fn merged(tests: Vec<Test>) -> Vec<Test> {
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

fn is_placeholder(text: &str) -> bool {
    text.len() > 2 && text.split('%').count() > 2
}

fn regex(source: &str, flags: &str) -> Result<regex::Regex, String> {
    let source = if flags.is_empty() { source.to_owned() } else { format!("(?{flags}){source}") };
    RegexBuilder::new(&source).size_limit(REGEX_BYTES_MAX).build().map_err(|error| {
        let reason = match &error {
            regex::Error::Syntax(text) => text.lines().last().unwrap_or_default().trim().to_owned(),
            other => other.to_string(),
        };
        format!("regular expression {source:?} is not understood: {reason}")
    })
}
