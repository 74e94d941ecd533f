//! Conditions in the words of an engine.

use crate::sigma::wildcard::Part;
use crate::test::Comparison;

use super::QueryEngine;
use super::filter::{Filter, Place, ValueTest};
use super::fold::BECOMING_ASCII;
use super::network::SPACE;

/// A whole number whose reading no two engines dispute.
const PLAIN_NUMBER: &str = "^-?[0-9]{1,15}$";

/// `filter` as SQL.
pub(super) fn text(filter: &Filter, engine: QueryEngine) -> String {
    match engine {
        QueryEngine::DataFusion => Writer { words: &DataFusion }.filter(filter),
        QueryEngine::ClickHouse => Writer { words: &ClickHouse }.filter(filter),
    }
}

/// How an engine says things.
trait Words {
    /// A text literal.
    fn literal(&self, text: &str) -> String;
    /// A source field's test, given what is to be asked of its value.
    fn of_field(&self, name: Option<&str>, ask: &dyn Fn(&str) -> String) -> String;
    fn number_as_text(&self, column: &str) -> String;
    fn raw(&self) -> String;
    fn raw_is_no_text(&self) -> String;
    fn named(&self, name: &str) -> String;
    fn repeated(&self, name: &str) -> String;
    fn folded(&self, value: &str) -> String;
    fn contains(&self, value: &str, literal: &str) -> String;
    fn starts(&self, value: &str, literal: &str) -> String;
    fn ends(&self, value: &str, literal: &str) -> String;
    fn regex(&self, value: &str, pattern: &str) -> String;
    fn to_number(&self, value: &str) -> String;
    /// False in place of null.
    fn two_valued(&self, condition: &str) -> String;
}

/// Engines read `a OR b OR c` as a tree that is as deep as the chain is long and walk it by recursion: a thousand values
/// would end a thread's stack. In parentheses the tree stays flat.
const CHAIN_MAX: usize = 16;

/// `parts` with `by` between them, in parentheses where they are many. `by` is associative.
fn chained(mut parts: Vec<String>, by: &str) -> String {
    while parts.len() > CHAIN_MAX {
        parts = parts.chunks(CHAIN_MAX).map(|some| format!("({})", some.join(by))).collect();
    }
    parts.join(by)
}

struct Writer<'a> {
    words: &'a dyn Words,
}

impl Writer<'_> {
    fn filter(&self, filter: &Filter) -> String {
        match filter {
            Filter::Always => "TRUE".to_owned(),
            Filter::Never => "FALSE".to_owned(),
            Filter::All(parts) => self.joined(parts, " AND "),
            Filter::Any(parts) => self.joined(parts, " OR "),
            Filter::AtLeast(count, parts) => {
                let counted =
                    parts.iter().map(|part| format!("CASE WHEN {} THEN 1 ELSE 0 END", self.filter(part)));
                let counted: Vec<String> = counted.collect();
                format!("({} >= {count})", chained(counted, " + "))
            }
            Filter::Not(part) => format!("NOT {}", self.words.two_valued(&self.filter(part))),
            Filter::Value { place, tests } => self.of_place(place, &|value| self.tests(value, tests)),
            Filter::Present(place) => self.of_place(place, &|value| format!("{value} IS NOT NULL")),
            Filter::Named(name) => self.words.named(&self.words.literal(name)),
            Filter::Repeated(name) => self.words.repeated(&self.words.literal(name)),
            Filter::RawIsNoText => self.words.raw_is_no_text(),
            Filter::Class(class) => format!("\"class\" = {class}"),
        }
    }

    fn joined(&self, parts: &[Filter], by: &str) -> String {
        let parts: Vec<String> = parts.iter().map(|part| self.filter(part)).collect();
        format!("({})", chained(parts, by))
    }

    fn of_place(&self, place: &Place, ask: &dyn Fn(&str) -> String) -> String {
        match place {
            Place::Column(column) => ask(&format!("\"{column}\"")),
            Place::Number(column) => ask(&self.words.number_as_text(&format!("\"{column}\""))),
            Place::Field(name) => self.words.of_field(Some(&self.words.literal(name)), ask),
            Place::AnyField => self.words.of_field(None, ask),
            Place::Raw => ask(&self.words.raw()),
        }
    }

    fn tests(&self, value: &str, tests: &[ValueTest]) -> String {
        let mut parts = Vec::new();
        for wanted in [false, true] {
            let equal = tests.iter().filter_map(|test| match test {
                ValueTest::Equals { text, cased } if *cased == wanted => Some(self.words.literal(text)),
                _ => None,
            });
            let equal: Vec<String> = equal.collect();
            let value = if wanted { value.to_owned() } else { self.words.folded(value) };
            match equal.as_slice() {
                [] => {}
                [only] => parts.push(format!("{value} = {only}")),
                several => parts.push(format!("{value} IN ({})", several.join(", "))),
            }
        }
        parts.extend(tests.iter().filter_map(|test| self.test(value, test)));
        match parts.as_slice() {
            [only] => only.clone(),
            several => format!("({})", chained(several.to_vec(), " OR ")),
        }
    }

    /// Any test but equality, which is said for all together.
    fn test(&self, value: &str, test: &ValueTest) -> Option<String> {
        let at = |cased: bool| if cased { value.to_owned() } else { self.words.folded(value) };
        Some(match test {
            ValueTest::Equals { .. } => return None,
            ValueTest::Contains { text, .. } if text.is_empty() => format!("{value} IS NOT NULL"),
            ValueTest::Contains { text, cased } => {
                self.words.contains(&at(*cased), &self.words.literal(text))
            }
            ValueTest::Starts { text, cased } => self.words.starts(&at(*cased), &self.words.literal(text)),
            ValueTest::Ends { text, cased } => self.words.ends(&at(*cased), &self.words.literal(text)),
            ValueTest::Like { parts, cased } => {
                format!("{} LIKE {}", at(*cased), self.words.literal(&like(parts)))
            }
            ValueTest::Regex(pattern) => self.words.regex(value, &self.words.literal(pattern)),
            ValueTest::Number { comparison, value: wanted, otherwise } => {
                let plain = self.words.regex(value, &self.words.literal(PLAIN_NUMBER));
                let number = self.words.to_number(value);
                let otherwise = match otherwise {
                    true => self.words.regex(value, &self.words.literal(&any_number())),
                    false => "FALSE".to_owned(),
                };
                let compared = format!("{number} {} ({wanted:?})", sign(*comparison));
                format!("CASE WHEN {plain} THEN {compared} ELSE {otherwise} END")
            }
        })
    }
}

/// Whatever a rule reads as a number.
fn any_number() -> String {
    let digits = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?";
    format!("^[{SPACE}]*[-+]?{digits}[{SPACE}]*$")
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
    }
}

/// A pattern of `LIKE`, where `\` takes the meaning from what follows it.
fn like(parts: &[Part]) -> String {
    let mut pattern = String::new();
    for part in parts {
        match part {
            Part::Many => pattern.push('%'),
            Part::One => pattern.push('_'),
            Part::Literal(literal) => {
                for char in literal.chars() {
                    if matches!(char, '%' | '_' | '\\') {
                        pattern.push('\\');
                    }
                    pattern.push(char);
                }
            }
        }
    }
    pattern
}

struct DataFusion;

impl Words for DataFusion {
    fn literal(&self, text: &str) -> String {
        format!("'{}'", text.replace('\'', "''"))
    }

    fn of_field(&self, name: Option<&str>, ask: &dyn Fn(&str) -> String) -> String {
        match name {
            Some(name) => ask(&format!("map_extract(\"fields\", {name})[1]")),
            // Without any text it is null.
            None => ask("nullif(array_to_string(map_values(\"fields\"), ' '), '')"),
        }
    }

    fn number_as_text(&self, column: &str) -> String {
        format!("CAST({column} AS VARCHAR)")
    }

    fn raw(&self) -> String {
        "TRY_CAST(\"raw\" AS VARCHAR)".to_owned()
    }

    fn raw_is_no_text(&self) -> String {
        "TRY_CAST(\"raw\" AS VARCHAR) IS NULL".to_owned()
    }

    fn named(&self, name: &str) -> String {
        format!("array_has(map_keys(\"fields\"), {name})")
    }

    fn repeated(&self, name: &str) -> String {
        format!("array_length(array_positions(map_keys(\"fields\"), {name})) > 1")
    }

    fn folded(&self, value: &str) -> String {
        format!("lower({value})")
    }

    fn contains(&self, value: &str, literal: &str) -> String {
        format!("contains({value}, {literal})")
    }

    fn starts(&self, value: &str, literal: &str) -> String {
        format!("starts_with({value}, {literal})")
    }

    fn ends(&self, value: &str, literal: &str) -> String {
        format!("ends_with({value}, {literal})")
    }

    fn regex(&self, value: &str, pattern: &str) -> String {
        format!("regexp_like({value}, {pattern})")
    }

    fn to_number(&self, value: &str) -> String {
        format!("TRY_CAST({value} AS DOUBLE)")
    }

    fn two_valued(&self, condition: &str) -> String {
        format!("coalesce({condition}, FALSE)")
    }
}

struct ClickHouse;

impl Words for ClickHouse {
    fn literal(&self, text: &str) -> String {
        let mut literal = "'".to_owned();
        for char in text.chars() {
            match char {
                '\\' => literal += r"\\",
                '\'' => literal += r"\'",
                '\0' => literal += r"\0",
                other => literal.push(other),
            }
        }
        literal + "'"
    }

    fn of_field(&self, name: Option<&str>, ask: &dyn Fn(&str) -> String) -> String {
        match name {
            Some(name) => format!(
                "arrayExists((k, v) -> k = {name} AND {}, mapKeys(\"fields\"), mapValues(\"fields\"))",
                self.two_valued(&ask("v"))
            ),
            None => format!("arrayExists(v -> {}, mapValues(\"fields\"))", self.two_valued(&ask("v"))),
        }
    }

    fn number_as_text(&self, column: &str) -> String {
        format!("toString({column})")
    }

    fn raw(&self) -> String {
        "\"raw\"".to_owned()
    }

    fn raw_is_no_text(&self) -> String {
        "NOT isValidUTF8(\"raw\")".to_owned()
    }

    fn named(&self, name: &str) -> String {
        format!("has(mapKeys(\"fields\"), {name})")
    }

    fn repeated(&self, name: &str) -> String {
        format!("countEqual(mapKeys(\"fields\"), {name}) > 1")
    }

    fn folded(&self, value: &str) -> String {
        let replaced = BECOMING_ASCII.into_iter().fold(value.to_owned(), |value, (from, to)| {
            format!("replaceAll({value}, {}, {})", self.literal(from), self.literal(to))
        });
        format!("lowerUTF8({replaced})")
    }

    fn contains(&self, value: &str, literal: &str) -> String {
        format!("position({value}, {literal}) > 0")
    }

    fn starts(&self, value: &str, literal: &str) -> String {
        format!("startsWith({value}, {literal})")
    }

    fn ends(&self, value: &str, literal: &str) -> String {
        format!("endsWith({value}, {literal})")
    }

    fn regex(&self, value: &str, pattern: &str) -> String {
        format!("match({value}, {pattern})")
    }

    fn to_number(&self, value: &str) -> String {
        format!("toFloat64OrNull({value})")
    }

    fn two_valued(&self, condition: &str) -> String {
        format!("ifNull({condition}, FALSE)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_chains_become_flat_trees() {
        let parts: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
        let text = chained(parts.clone(), "+");
        assert_eq!(text.replace(['(', ')'], ""), parts.join("+"));
        let mut depth = 0;
        let deepest = text.chars().map(|sign| {
            depth += i32::from(sign == '(') - i32::from(sign == ')');
            depth
        });
        assert_eq!(deepest.max(), Some(2));
        assert_eq!(chained(parts[..16].to_vec(), "+"), parts[..16].join("+"));
    }

    #[test]
    fn hostile_texts_stay_inside_their_literals() {
        let hostile = r"x' OR 1=1 --\'; \";
        assert_eq!(DataFusion.literal(hostile), r"'x'' OR 1=1 --\''; \'");
        assert_eq!(ClickHouse.literal(hostile), r"'x\' OR 1=1 --\\\'; \\'");
        assert_eq!(ClickHouse.literal("a\0"), r"'a\0'");
        let parts = [Part::Many, Part::Literal(r"100%_\a".to_owned()), Part::One];
        assert_eq!(like(&parts), r"%100\%\_\\a_");
    }
}
