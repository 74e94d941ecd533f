//! Source fields that say what another column says, row by row: a segment stores of them only where they differ.
//!
//! ```text
//! user             quinn    anna     (none)
//! field.UserName   quinn    Anna     (none)     what the field says
//! field.UserName   ‹same›   Anna     (none)     what is stored; nothing at all where every row is ‹same› or (none) twice
//! ```
//!
//! Which field repeats what is looked up in some rows and then held against every row before the segment is written.
//! Whoever reads a segment sees the field's own values, see `alias_read`.

use std::collections::{BTreeSet, HashMap};

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampMicrosecondType, UInt16Type, UInt64Type};
use arrow_array::{Array, PrimitiveArray, RecordBatch, StringArray};
use sentra_model::{column, same_bytes};
use serde::{Deserialize, Serialize};

use super::promoted::column_of;
use super::raw_form::time;
use crate::schema::{FieldMaps, field_maps, texts};

/// Stands in a field's column where the field says what its source says. A segment in which the field itself says this
/// stores the field as it is.
pub(super) const SAME: &str = "\u{1}";
/// Columns of numbers that fields repeat in decimal.
const NUMBERS: [&str; 3] = ["src_port", "dst_port", "source_position"];
/// What may stand behind a time.
const ZONES: [&str; 3] = ["Z", "", "+00:00"];
/// Rows of each shape that are looked at in any case.
const ROWS_LOOKED_AT: u64 = 8;
/// Rows of a segment that are looked at beside these, and the share of all rows that they are at most.
const ROWS_SAMPLED: usize = 2_048;
const ROWS_SAMPLED_ONE_IN: usize = 16;
/// Looked-at rows, and bytes of a value, from which on values that are all different are called unlike.
const UNLIKE_ROWS_MIN: usize = 64;
const UNLIKE_BYTES_MIN: usize = 14;
/// Bytes that a value has to share with the one before to be stored as what it does not share.
const SHARED_BYTES_MIN: usize = 4;
/// Different values that a field must have for its column to be worth an alias.
const VALUES_MIN: usize = 8;

/// What a field repeats, as the footer of a segment says it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Source {
    /// The text of a column, or its number in decimal.
    Column(String),
    /// The time of the event in a style of `raw_form::time`, and what stands behind it.
    Time {
        /// The number of the style.
        style: u8,
        /// The zone, if it is written.
        after: String,
    },
}

/// How a field is stored that repeats another column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Alias {
    pub(super) source: Source,
    /// Whether the field has a column of its own, with [`SAME`] where it says what its source says. Without one it has a
    /// value just where its source has one, and the same.
    pub(super) is_stored: bool,
}

/// What a field may repeat, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Text(usize),
    Number(usize),
    Time(u8, usize),
    /// The source field with that column.
    Field(usize),
}

/// The alias of a field while its segment is written.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    from: From,
    pub(super) alias: Alias,
}

impl Chosen {
    /// Whether the words of the field are words of a text column in every row where it says the same.
    pub(super) fn is_of_text(&self) -> bool {
        matches!(self.from, From::Text(_) | From::Field(_))
    }
}

/// The columns of a record that fields repeat.
#[derive(Debug)]
pub(super) struct Columns<'a> {
    texts: Vec<Option<&'a StringArray>>,
    ports: [Option<&'a PrimitiveArray<UInt16Type>>; 2],
    position: Option<&'a PrimitiveArray<UInt64Type>>,
    times: Option<&'a PrimitiveArray<TimestampMicrosecondType>>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(record: &'a RecordBatch) -> Self {
        let port = |name: &str| record.column_by_name(name)?.as_primitive_opt();
        let [one, two, position] = NUMBERS;
        Self {
            texts: column::TEXT_NAMES.iter().map(|name| texts(record, name)).collect(),
            ports: [port(one), port(two)],
            position: record.column_by_name(position).and_then(|column| column.as_primitive_opt()),
            times: record.column_by_name("time").and_then(|column| column.as_primitive_opt()),
        }
    }

    fn text(&self, column: usize, row: usize) -> Option<&'a str> {
        let texts = self.texts.get(column).copied().flatten()?;
        texts.is_valid(row).then(|| texts.value(row))
    }

    fn number(&self, column: usize, row: usize) -> Option<u64> {
        match self.ports.get(column) {
            Some(ports) => ports.filter(|ports| ports.is_valid(row)).map(|ports| u64::from(ports.value(row))),
            None => self.position.map(|positions| positions.value(row)),
        }
    }

    fn time(&self, row: usize) -> Option<i64> {
        self.times.map(|times| times.value(row))
    }

    /// Rows in which a source has a value; nothing for a source field.
    fn count(&self, from: From, rows: usize) -> Option<usize> {
        Some(match from {
            From::Text(column) => {
                self.texts.get(column).copied().flatten().map_or(0, |texts| rows - texts.null_count())
            }
            From::Number(column) => match self.ports.get(column) {
                Some(ports) => ports.map_or(0, |ports| rows - ports.null_count()),
                None => rows,
            },
            From::Time(..) => rows,
            From::Field(_) => return None,
        })
    }

    /// Whether the field that has `value` in `row` says what `chosen` says. `field` gives the values of source fields.
    pub(super) fn is_same<'v>(
        &self,
        chosen: &Chosen,
        row: usize,
        value: &str,
        times: &mut time::Writer,
        field: impl Fn(usize) -> Option<&'v str>,
    ) -> bool {
        match chosen.from {
            From::Text(column) => self.text(column, row).is_some_and(|text| is_same(text, value)),
            From::Number(column) => {
                self.number(column, row).is_some_and(|number| decimal(value) == Some(number))
            }
            From::Time(style, after) => self.time(row).is_some_and(|time| {
                times.write(time, style).and_then(|written| value.strip_prefix(written))
                    == ZONES.get(after).copied()
            }),
            From::Field(column) => field(column).is_some_and(|other| is_same(other, value)),
        }
    }
}

fn is_same(one: &str, other: &str) -> bool {
    same_bytes(one.as_bytes(), other.as_bytes())
}

/// The number that is written so, if it is written as numbers are read back.
fn decimal(text: &str) -> Option<u64> {
    match text.as_bytes() {
        [b'0'] => Some(0),
        [b'1'..=b'9', ..] => text.parse().ok(),
        _ => None,
    }
}

/// A field whose values are long and different in all rows: a dictionary of them is a burden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unlike {
    /// Values begin like the one before.
    Beginning,
    Throughout,
}

/// What the rows that are looked at say of one field.
#[derive(Debug, Default)]
struct Looked<'a> {
    rows: u32,
    bytes: usize,
    /// Bytes at the beginning that values share with the one before.
    shared: usize,
    last: &'a str,
    votes: Vec<(From, u32)>,
    values: BTreeSet<&'a str>,
}

impl<'a> Looked<'a> {
    fn vote(&mut self, from: From) {
        match self.votes.iter_mut().find(|(known, _)| *known == from) {
            Some((_, votes)) => *votes += 1,
            None => self.votes.push((from, 1)),
        }
    }

    fn add(&mut self, value: &'a str, columns: &Columns<'_>, row: usize) {
        self.rows += 1;
        self.bytes += value.len();
        self.shared += self.last.bytes().zip(value.bytes()).take_while(|(one, two)| one == two).count();
        self.last = value;
        self.values.insert(value);
        for text in 0..column::TEXT_NAMES.len() {
            if columns.text(text, row) == Some(value) {
                self.vote(From::Text(text));
            }
        }
        if let Some(number) = decimal(value) {
            for place in (0..NUMBERS.len()).filter(|place| columns.number(*place, row) == Some(number)) {
                self.vote(From::Number(place));
            }
        }
        let (Some(time), true) = (columns.time(row), value.contains(':')) else { return };
        let mut times = time::Writer::default();
        for style in 0..time::STYLES {
            let Some(written) = times.write(time, style) else { continue };
            let Some(after) = value.strip_prefix(written) else { continue };
            if let Some(after) = ZONES.iter().position(|zone| *zone == after) {
                self.vote(From::Time(style, after));
            }
        }
    }

    fn unlike(&self) -> Option<Unlike> {
        let rows = self.values.len();
        let is_unlike = rows == self.rows as usize && rows >= UNLIKE_ROWS_MIN;
        (is_unlike && self.bytes >= rows * UNLIKE_BYTES_MIN).then_some(
            if self.shared >= rows * SHARED_BYTES_MIN { Unlike::Beginning } else { Unlike::Throughout },
        )
    }

    /// What most of the rows repeat, if it is a quarter of them at least: rows of rare shapes are many among those that are
    /// looked at. Texts go before numbers, times and fields.
    fn candidate(&self) -> Option<From> {
        let rank = |from: From| match from {
            From::Text(_) => 3,
            From::Number(_) => 2,
            From::Time(..) => 1,
            From::Field(_) => 0,
        };
        let best = self.votes.iter().max_by_key(|(from, votes)| (*votes, rank(*from)))?;
        let is_worth_it = self.values.len() >= VALUES_MIN;
        (is_worth_it && u64::from(best.1) * 4 >= u64::from(self.rows)).then_some(best.0)
    }
}

/// What every row says of one candidate.
#[derive(Debug, Default, Clone, Copy)]
struct Counted {
    same: usize,
    different: usize,
    /// Rows in which the source has a value.
    of_source: Option<usize>,
    /// Whether a value cannot be told from [`SAME`].
    is_confusing: bool,
}

/// The rows of the records of a segment, each with the columns of its fields.
pub(super) trait Shapes {
    /// The number of the shape of a row, and the column of each of its fields.
    fn shape(&self, record: usize, row: usize) -> Option<(usize, &[Option<usize>])>;
}

/// The aliases among the fields `names` of `records`, and those whose values are all different.
pub(super) fn choose(
    records: &[RecordBatch],
    names: &[String],
    shapes: &impl Shapes,
) -> (Vec<Option<Chosen>>, Vec<Option<Unlike>>) {
    let columns: Vec<(Columns<'_>, Option<FieldMaps<'_>>)> =
        records.iter().map(|record| (Columns::of(record), field_maps(record))).collect();
    let looked = look(records, &columns, names.len(), shapes);
    let unlike = looked.iter().map(Looked::unlike).collect();
    let candidates = candidates(&looked);
    let mut counted = vec![Counted::default(); names.len()];
    let of_fields = candidates.iter().flatten().any(|chosen| matches!(chosen.from, From::Field(_)));
    let mut times = time::Writer::default();
    let mut said: Vec<Option<&str>> = vec![None; if of_fields { names.len() } else { 0 }];
    for (number, (record, (columns, maps))) in records.iter().zip(&columns).enumerate() {
        for row in 0..record.num_rows() {
            let Some((_, shape)) = shapes.shape(number, row) else { continue };
            let values = || {
                let values = maps.iter().flat_map(|maps| maps.texts(row)).zip(shape);
                values.filter_map(|(value, column)| Some(((*column)?, value)))
            };
            if of_fields {
                said.fill(None);
                for (column, value) in values() {
                    if let Some(cell) = said.get_mut(column) {
                        *cell = Some(value);
                    }
                }
            }
            for (column, value) in values() {
                let (Some(Some(chosen)), Some(counted)) = (candidates.get(column), counted.get_mut(column))
                else {
                    continue;
                };
                let field = |other: usize| said.get(other).copied().flatten();
                if columns.is_same(chosen, row, value, &mut times, field) {
                    counted.same += 1;
                } else {
                    counted.different += 1;
                    counted.is_confusing |= value == SAME;
                }
            }
        }
        for (chosen, counted) in candidates.iter().zip(&mut counted) {
            let more = chosen.as_ref().and_then(|chosen| columns.count(chosen.from, record.num_rows()));
            counted.of_source = more.map(|more| counted.of_source.unwrap_or_default() + more);
        }
    }
    let kept = |(chosen, counted): (Option<Chosen>, Counted)| {
        let chosen = chosen?;
        if counted.is_confusing || counted.same < counted.different.saturating_mul(3) {
            return None;
        }
        let is_stored = counted.different > 0 || counted.of_source != Some(counted.same);
        Some(Chosen { alias: named(chosen.from, is_stored, names)?, ..chosen })
    };
    (candidates.into_iter().zip(counted).map(kept).collect(), unlike)
}

/// What some rows say of the fields.
fn look<'a>(
    records: &[RecordBatch],
    columns: &[(Columns<'a>, Option<FieldMaps<'a>>)],
    fields: usize,
    shapes: &impl Shapes,
) -> Vec<Looked<'a>> {
    let rows: usize = records.iter().map(RecordBatch::num_rows).sum();
    let step = (rows / ROWS_SAMPLED).max(ROWS_SAMPLED_ONE_IN);
    let mut looked: Vec<Looked<'_>> = (0..fields).map(|_| Looked::default()).collect();
    let mut seen: HashMap<usize, u64> = HashMap::new();
    for (number, (record, (columns, maps))) in records.iter().zip(columns).enumerate() {
        for row in 0..record.num_rows() {
            let Some((shape, of_fields)) = shapes.shape(number, row) else { continue };
            let seen = seen.entry(shape).or_default();
            *seen += 1;
            if *seen > ROWS_LOOKED_AT && !row.is_multiple_of(step) {
                continue;
            }
            let values = maps.iter().flat_map(|maps| maps.texts(row)).zip(of_fields);
            let entries: Vec<(usize, &'a str)> =
                values.filter_map(|(value, column)| Some(((*column)?, value))).collect();
            for (column, value) in &entries {
                let Some(looked) = looked.get_mut(*column) else { continue };
                looked.add(value, columns, row);
                for (other, _) in entries.iter().filter(|(other, said)| other < column && said == value) {
                    looked.vote(From::Field(*other));
                }
            }
        }
    }
    looked
}

/// Sources for the fields by what some rows say.
fn candidates(looked: &[Looked<'_>]) -> Vec<Option<Chosen>> {
    let mut candidates: Vec<Option<Chosen>> = Vec::with_capacity(looked.len());
    for looked in looked {
        // What is an alias itself is no source: nothing has to be looked up twice.
        let from = looked.candidate().filter(|from| match from {
            From::Field(other) => candidates.get(*other).is_some_and(Option::is_none),
            _ => true,
        });
        let alias = Alias { source: Source::Column(String::new()), is_stored: true };
        candidates.push(from.map(|from| Chosen { from, alias }));
    }
    candidates
}

fn named(from: From, is_stored: bool, names: &[String]) -> Option<Alias> {
    let source = match from {
        From::Text(place) => Source::Column((*column::TEXT_NAMES.get(place)?).to_owned()),
        From::Number(place) => Source::Column((*NUMBERS.get(place)?).to_owned()),
        From::Field(place) => Source::Column(column_of(names.get(place)?)),
        From::Time(style, after) => Source::Time { style, after: (*ZONES.get(after)?).to_owned() },
    };
    Some(Alias { source, is_stored })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sentra_model::{
        BatchBuilder, Event, EventId, FieldValue, Mart, RawRecord, Source as Origin, SourceKind, TenantId,
        Timestamp,
    };

    use super::*;
    use crate::embedded::promoted::Layout;
    use crate::schema::unpack;

    /// The aliases of events whose fields `push` adds.
    fn aliases(push: impl Fn(u64, &mut Event<'_>)) -> BTreeMap<String, Alias> {
        let reference = Timestamp::from_seconds(1_790_000_000);
        let origin = Origin { kind: SourceKind::File, origin: "/x".into(), format: None, reference };
        let mut builder = BatchBuilder::new(TenantId::default_tenant(), Mart::LINUX);
        for offset in 0..100 {
            let time =
                Timestamp::from_micros(1_790_000_000_000_000 + i64::try_from(offset).unwrap() * 1_234_567);
            let mut event = Event::new("syslog", Mart::LINUX, time);
            event.user = if offset % 10 == 3 { String::new() } else { format!("user{}", offset % 17) }.into();
            event.src_port = 40_000 + u16::try_from(offset).unwrap();
            push(offset, &mut event);
            let raw = RawRecord { source: &origin, position: offset + 1, received: reference, bytes: b"x" };
            builder.push(EventId::raw(0, offset), &raw, &event).unwrap();
        }
        Layout::of(&[unpack(&builder.finish().unwrap()).unwrap()]).unwrap().aliases()
    }

    fn text(event: &mut Event<'_>, name: &'static str, value: &str) {
        event.push(name, FieldValue::Text(value.to_owned().into()));
    }

    fn of_column(name: &str, is_stored: bool) -> Alias {
        Alias { source: Source::Column(name.to_owned()), is_stored }
    }

    #[test]
    fn what_repeats_a_column_is_an_alias_of_it() {
        let found = aliases(|offset, event| {
            let (user, time) = (event.user.to_string(), event.time.to_string());
            if !user.is_empty() {
                text(event, "Same", &user);
            }
            text(event, "Mostly", if offset % 9 == 0 { "-" } else { &user });
            text(event, "Seldom", if offset % 2 == 0 { "-" } else { &user });
            text(event, "Port", &(40_000 + offset).to_string());
            text(event, "Zeros", &format!("0{}", 40_000 + offset));
            text(event, "Record", &(offset + 1).to_string());
            text(event, "Time", &time);
            text(event, "Few", "user3");
            text(event, "Rule", &format!("rule-{}", offset % 20));
            text(event, "Rule2", &format!("rule-{}", offset % 20));
        });
        let expected = BTreeMap::from([
            ("Same".to_owned(), of_column("user", false)),
            ("Mostly".to_owned(), of_column("user", true)),
            ("Port".to_owned(), of_column("src_port", false)),
            ("Record".to_owned(), of_column("source_position", false)),
            ("Rule2".to_owned(), of_column("field.Rule", true)),
            (
                "Time".to_owned(),
                Alias { source: Source::Time { style: 3, after: "Z".to_owned() }, is_stored: false },
            ),
        ]);
        assert_eq!(found, expected);
    }

    #[test]
    fn a_field_that_cannot_be_told_from_its_mark_is_no_alias() {
        let found = aliases(|offset, event| {
            let user = event.user.to_string();
            text(event, "Marked", if offset == 50 { SAME } else { &user });
        });
        assert_eq!(found, BTreeMap::new());
    }
}
