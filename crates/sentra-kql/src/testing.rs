//! The table of conformance: questions over a small fixture, with the rows or the refusal that KQL's
//! documentation leads to, written by hand. Every engine runs the same ones.
//!
//! `conformance/tables.txt` holds the fixture, the other files one area each:
//!
//! ```text
//! === what the case is about
//! events | where user == "alice" | count
//! ---
//! Count:long
//! 3
//!
//! === what is refused: reason, place in bytes, part of the message or the hint
//! events | wehre x
//! ! unknown 9 where
//!
//! # An expression by itself: kind and value.
//! strlen("abc") => long 3
//! ```
//!
//! `--- ordered` says that the order of the rows counts. Values are JSON, with `|` between them; moments and
//! spans of time are texts.

use sentra_model::Timestamp;
use serde_json::Value as Json;

use crate::error::{KqlError, Reason};
use crate::plan::{Catalog, Column, Plan, Table, Value};
use crate::run::{Dataset, Row};
use crate::value::{Kind, moment_of};
use crate::{CheckOptions, check, parse, parse_shorthand};

/// The files, by area.
const AREAS: [(&str, &str); 17] = [
    ("where", include_str!("../conformance/where.txt")),
    ("columns", include_str!("../conformance/columns.txt")),
    ("rows", include_str!("../conformance/rows.txt")),
    ("fields", include_str!("../conformance/fields.txt")),
    ("text", include_str!("../conformance/text.txt")),
    ("comparison", include_str!("../conformance/comparison.txt")),
    ("time", include_str!("../conformance/time.txt")),
    ("conversion", include_str!("../conformance/conversion.txt")),
    ("choice and math", include_str!("../conformance/choice.txt")),
    ("network", include_str!("../conformance/network.txt")),
    ("dynamic", include_str!("../conformance/dynamic.txt")),
    ("summarize", include_str!("../conformance/summarize.txt")),
    ("join and union", include_str!("../conformance/join.txt")),
    ("parse and expand", include_str!("../conformance/parse.txt")),
    ("sequence", include_str!("../conformance/sequence.txt")),
    ("search bar", include_str!("../conformance/search.txt")),
    ("refused", include_str!("../conformance/refused.txt")),
];

const TABLES: &str = include_str!("../conformance/tables.txt");

/// One question and what is right.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The area it belongs to.
    pub area: &'static str,
    /// What it is about.
    pub name: String,
    /// The question.
    pub question: String,
    /// Whether it is written as in the search bar.
    pub shorthand: bool,
    /// What is right.
    pub expect: Expect,
}

/// What is right.
#[derive(Debug, Clone, PartialEq)]
pub enum Expect {
    /// These rows.
    Rows {
        /// Names and kinds of the columns.
        columns: Vec<(String, Kind)>,
        /// The values.
        rows: Vec<Row>,
        /// Whether their order counts.
        ordered: bool,
    },
    /// No answer.
    Refused {
        /// Why.
        reason: Reason,
        /// Bytes of the question before what is wrong.
        start: usize,
        /// What the message or the hint says, among other things.
        text: String,
    },
}

/// The moment of every question: what `now()` is.
#[must_use]
pub fn now() -> Timestamp {
    moment_of("2026-01-03T12:00:00Z").unwrap_or_default()
}

/// The tables of the fixture and their rows.
///
/// # Errors
/// What is wrong with the fixture's file.
pub fn fixture() -> Result<(Catalog, Dataset), String> {
    let mut catalog = Catalog::default();
    let mut data = Dataset::new();
    for block in blocks(TABLES) {
        let mut lines = block.body.lines().filter(|line| !line.trim().is_empty());
        let columns = header(lines.next().unwrap_or_default())?;
        let kinds: Vec<Kind> = columns.iter().map(|column| column.kind).collect();
        let rows = lines.map(|line| row(line, &kinds)).collect::<Result<Vec<_>, _>>()?;
        data.insert(block.name.clone(), rows);
        catalog.tables.push(Table { name: block.name.clone(), title: String::new(), columns });
    }
    Ok((catalog, data))
}

/// All cases.
///
/// # Errors
/// What is wrong with a file.
pub fn cases() -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    for (area, text) in AREAS {
        for block in blocks(text) {
            cases.push(case(area, &block).map_err(|error| format!("{area}: {}: {error}", block.name))?);
        }
        for line in text.lines().filter(|line| line.contains(" => ")) {
            cases.push(expression(area, line).map_err(|error| format!("{area}: {line}: {error}"))?);
        }
    }
    Ok(cases)
}

/// The cases of a text of the same form in another language, which is for the caller to read.
///
/// # Errors
/// What is wrong with the text.
pub fn cases_in(area: &'static str, text: &str) -> Result<Vec<Case>, String> {
    let read = |block: &Block| case(area, block).map_err(|error| format!("{area}: {}: {error}", block.name));
    blocks(text).iter().map(read).collect()
}

/// How many cases each area has, as Markdown.
///
/// # Errors
/// As [`cases`].
pub fn summary() -> Result<String, String> {
    let cases = cases()?;
    let count = |area: &str, refused: bool| {
        let is_refused = |case: &&Case| matches!(case.expect, Expect::Refused { .. }) == refused;
        cases.iter().filter(|case| case.area == area).filter(is_refused).count()
    };
    let rows: Vec<String> = AREAS
        .iter()
        .map(|(area, _)| format!("| {area} | {} | {} |\n", count(area, false), count(area, true)))
        .collect();
    let head =
        "\n## Cases of conformance\n\n| area | answered | refused with place and reason |\n|---|---|---|\n";
    Ok(format!("{head}{}\n{} cases in all.\n", rows.concat(), cases.len()))
}

/// Reads and checks the question of a case.
///
/// # Errors
/// As [`parse`] and [`check`].
pub fn planned(case: &Case, catalog: &Catalog, keep_calls: bool) -> Result<Plan, KqlError> {
    let query =
        if case.shorthand { parse_shorthand(&case.question, "events")? } else { parse(&case.question)? };
    check(&query, CheckOptions { catalog, now: now(), keep_calls })
}

/// Whether an engine's answer, or the refusal, is right.
///
/// # Errors
/// What is different.
pub fn judged(case: &Case, answer: Result<(&[Column], &[Row]), &KqlError>) -> Result<(), String> {
    match (&case.expect, answer) {
        (Expect::Refused { reason, start, text }, Err(error)) => {
            let said = format!("{} {}", error.message, error.hint.as_deref().unwrap_or_default());
            if error.reason == *reason && error.span.start == *start && said.contains(text.as_str()) {
                Ok(())
            } else {
                Err(format!("refused as {:?} at {}: {said}", error.reason, error.span.start))
            }
        }
        (Expect::Refused { .. }, Ok((_, rows))) => Err(format!("not refused: {rows:?}")),
        (Expect::Rows { .. }, Err(error)) => Err(format!("refused at {}: {error}", error.span.start)),
        (Expect::Rows { columns, rows, ordered }, Ok((found, answer))) => {
            let found: Vec<(String, Kind)> =
                found.iter().map(|column| (column.name.clone(), column.kind)).collect();
            if found != *columns {
                return Err(format!("columns {found:?}"));
            }
            if is_same(rows, answer, *ordered) { Ok(()) } else { Err(format!("rows {answer:?}")) }
        }
    }
}

struct Block {
    name: String,
    body: String,
}

/// What stands between `=== name` and the next empty line.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("=== ") {
            blocks.push(Block { name: name.trim().to_owned(), body: String::new() });
            is_open = true;
        } else if line.trim().is_empty() {
            is_open = false;
        } else if let Some(block) = blocks.last_mut().filter(|_| is_open) {
            block.body.push_str(line);
            block.body.push('\n');
        }
    }
    blocks
}

fn case(area: &'static str, block: &Block) -> Result<Case, String> {
    let shorthand = area == "search bar";
    let of = |question: &str, expect: Expect| Case {
        area,
        name: block.name.clone(),
        question: question.trim_end().to_owned(),
        shorthand,
        expect,
    };
    if let Some((question, refusal)) = block.body.split_once("\n! ") {
        let mut words = refusal.trim().splitn(3, ' ');
        let reason = match words.next() {
            Some("syntax") => Reason::Syntax,
            Some("unsupported") => Reason::Unsupported,
            Some("unknown") => Reason::Unknown,
            Some("type") => Reason::Type,
            Some("value") => Reason::Value,
            Some("limit") => Reason::Limit,
            other => return Err(format!("{other:?} is no reason")),
        };
        let start = words.next().and_then(|start| start.parse().ok()).ok_or("no place")?;
        let text = words.next().unwrap_or_default().to_owned();
        return Ok(of(question, Expect::Refused { reason, start, text }));
    }
    let (question, answer) = block.body.split_once("\n---").ok_or("no answer")?;
    let mut lines = answer.lines();
    let ordered = lines.next().is_some_and(|line| line.trim() == "ordered");
    let columns = header(lines.next().unwrap_or_default())?;
    let kinds: Vec<Kind> = columns.iter().map(|column| column.kind).collect();
    let rows = lines.map(|line| row(line, &kinds)).collect::<Result<_, _>>()?;
    let columns = columns.into_iter().map(|column| (column.name, column.kind)).collect();
    Ok(of(question, Expect::Rows { columns, rows, ordered }))
}

/// `expression => kind value`
fn expression(area: &'static str, line: &str) -> Result<Case, String> {
    let (written, expected) = line.rsplit_once(" => ").ok_or("no answer")?;
    let (kind, expected) = expected.trim().split_once(' ').ok_or("no value")?;
    let kind = Kind::named(kind).ok_or("no kind")?;
    let rows = vec![vec![value(expected, kind)?]];
    Ok(Case {
        area,
        name: written.trim().to_owned(),
        question: format!("one | project x = {}", written.trim()),
        shorthand: false,
        expect: Expect::Rows { columns: vec![("x".to_owned(), kind)], rows, ordered: false },
    })
}

fn header(line: &str) -> Result<Vec<Column>, String> {
    let column = |part: &str| {
        let (name, kind) = part.trim().rsplit_once(':').ok_or_else(|| format!("{part} has no kind"))?;
        if kind == "fields" {
            return Ok(Column::fields(name));
        }
        Kind::named(kind).map(|kind| Column::new(name, kind)).ok_or_else(|| format!("{kind} is no kind"))
    };
    line.split('|').map(column).collect()
}

fn row(line: &str, kinds: &[Kind]) -> Result<Row, String> {
    let cells: Vec<&str> = line.split(" | ").collect();
    if cells.len() != kinds.len() {
        return Err(format!("{line:?} has {} values", cells.len()));
    }
    cells.iter().zip(kinds).map(|(cell, kind)| value(cell, *kind)).collect()
}

fn value(text: &str, kind: Kind) -> Result<Value, String> {
    let json: Json = serde_json::from_str(text.trim()).map_err(|error| format!("{text}: {error}"))?;
    let wanted = match (kind, json) {
        (kind, Json::Null) => return Ok(Value::null_of(kind)),
        (Kind::Real, Json::String(text)) if text == "NaN" => Value::Real(f64::NAN),
        (Kind::Real, Json::String(text)) if text == "Infinity" => Value::Real(f64::INFINITY),
        (kind, json) => Value::of_json(json).converted(kind),
    };
    if wanted.is_null() { Err(format!("{text} is no {kind}")) } else { Ok(wanted) }
}

fn is_same(expected: &[Row], found: &[Row], ordered: bool) -> bool {
    if expected.len() != found.len() {
        return false;
    }
    if ordered {
        return expected.iter().zip(found).all(|(one, two)| is_same_row(one, two));
    }
    let mut left: Vec<&Row> = found.iter().collect();
    expected.iter().all(|row| {
        let place = left.iter().position(|other| is_same_row(row, other));
        place.map(|place| left.swap_remove(place)).is_some()
    })
}

fn is_same_row(one: &Row, two: &Row) -> bool {
    one.len() == two.len() && one.iter().zip(two).all(|(one, two)| is_same_value(one, two))
}

/// Numbers with a fraction may differ by what engines round differently.
fn is_same_value(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::Real(one), Value::Real(two)) => {
            one == two
                || (one.is_nan() && two.is_nan())
                || (one - two).abs() <= 1e-9 * one.abs().max(two.abs()).max(1.0)
        }
        (one, two) => one == two || (one.order(two).is_eq() && matches!(one, Value::Dynamic(_))),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::run::{RunLimits, run};
    use crate::{
        AggregateFunction, Builtin, OPERATORS, REFUSED_AGGREGATES, REFUSED_FUNCTIONS, REFUSED_OPERATORS,
    };

    fn outcome(case: &Case, catalog: &Catalog, data: &Dataset, keep_calls: bool) -> Result<(), String> {
        match planned(case, catalog, keep_calls) {
            Err(error) => judged(case, Err(&error)),
            Ok(plan) => {
                let rows = run(&plan, data, RunLimits::default()).map_err(|error| error.to_string())?;
                judged(case, Ok((plan.columns(), &rows)))
            }
        }
    }

    /// Prints the table of conformance, area by area.
    #[test]
    fn the_interpreter_conforms() {
        let (catalog, data) = fixture().unwrap();
        let mut areas: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let mut wrong = Vec::new();
        let cases = cases().unwrap();
        for case in &cases {
            let counts = areas.entry(case.area).or_default();
            match case.expect {
                Expect::Rows { .. } => counts.0 += 1,
                Expect::Refused { .. } => counts.1 += 1,
            }
            for keep_calls in [false, true] {
                if let Err(error) = outcome(case, &catalog, &data, keep_calls) {
                    wrong.push(format!("{}: {}\n  {}\n  {error}", case.area, case.name, case.question));
                    break;
                }
            }
        }
        println!("{:<20} {:>9} {:>8}", "area", "answered", "refused");
        for (area, (answered, refused)) in &areas {
            println!("{area:<20} {answered:>9} {refused:>8}");
        }
        println!("{} cases, {} wrong", cases.len(), wrong.len());
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(cases.len() >= 300, "{} cases", cases.len());
    }

    /// Whatever can be called is called by a case, and whatever is refused is refused by its name.
    #[test]
    fn every_word_has_its_case() {
        let cases = cases().unwrap();
        let answered: Vec<&str> = cases
            .iter()
            .filter(|case| matches!(case.expect, Expect::Rows { .. }))
            .map(|case| case.question.as_str())
            .collect();
        let is_asked = |word: &str| answered.iter().any(|question| question.contains(word));
        for builtin in Builtin::ALL.iter().filter(|builtin| builtin.signature().is_some()) {
            assert!(is_asked(&format!("{}(", builtin.name())), "no case calls {}", builtin.name());
        }
        for function in AggregateFunction::ALL {
            assert!(is_asked(&format!("{}(", function.name())), "no case calls {}", function.name());
        }
        for word in OPERATORS.into_iter().filter(|word| *word != "mvexpand") {
            assert!(is_asked(&format!("| {word}")), "no case has the operator {word}");
        }
        let (catalog, _) = fixture().unwrap();
        let refused = |question: &str| {
            let checked = parse(question).and_then(|query| {
                check(&query, CheckOptions { catalog: &catalog, now: now(), keep_calls: false })
            });
            let error = checked.expect_err(question);
            assert_eq!(error.reason, Reason::Unsupported, "{question}: {error}");
            assert!(error.hint.is_some(), "{question}");
        };
        for (word, _) in REFUSED_OPERATORS {
            refused(&format!("people | {word} user"));
        }
        for (word, _) in REFUSED_FUNCTIONS.iter().filter(|(word, _)| !matches!(*word, "guid" | "decimal")) {
            refused(&format!("people | extend x = {word}(user)"));
        }
        for (word, _) in REFUSED_AGGREGATES {
            refused(&format!("people | summarize x = {word}(user)"));
        }
    }

    /// A case that cannot fail is none: rows that are not the right ones are told apart.
    #[test]
    fn wrong_answers_are_seen() {
        for case in cases().unwrap() {
            if let Expect::Rows { rows, columns, .. } = &case.expect {
                let named: Vec<Column> =
                    columns.iter().map(|(name, kind)| Column::new(name, *kind)).collect();
                assert_eq!(judged(&case, Ok((&named, rows))), Ok(()), "{}", case.name);
                let mut more = rows.clone();
                more.push(named.iter().map(|_| Value::Long(-77)).collect());
                assert!(judged(&case, Ok((&named, &more))).is_err(), "{}", case.name);
            }
        }
    }
}
