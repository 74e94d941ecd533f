//! Aggregates that keep values of their groups: sets, lists, percentiles, and the row with the greatest of something.
//!
//! The language takes rows in their order, the newest first. Parts of a scan come in any order, so every value that is kept
//! has the place of its row with it.

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampMicrosecondType, UInt32Type, UInt64Type};
use arrow_array::{ArrayRef, PrimitiveArray};
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use hashbrown::HashMap;
use sentra_kql::Kind;
use sentra_kql::plan::Value;
use sentra_kql::run::{CELL_BYTES_MAX, Row};
use sentra_model::Timestamp;
use serde_json::Value as Json;

use super::groups::{Column, Rows, missing};
use super::intern::Values;
use super::stop::Stop;
use crate::StoreError;
use crate::kql::{array_of, value_at};

/// The place of a row: what is greater comes first.
pub(super) type Place = (i64, u32, u64);

/// The places of the rows of a batch.
#[derive(Debug)]
pub(super) struct Places<'a> {
    time: &'a PrimitiveArray<TimestampMicrosecondType>,
    partition: &'a PrimitiveArray<UInt32Type>,
    offset: &'a PrimitiveArray<UInt64Type>,
}

impl<'a> Places<'a> {
    /// Of the three columns that begin with `first`.
    pub(super) fn of(columns: &'a [ArrayRef], first: usize) -> Result<Self> {
        let column = |place: usize| columns.get(first + place).ok_or_else(missing);
        Ok(Self {
            time: column(0)?.as_primitive_opt().ok_or_else(missing)?,
            partition: column(1)?.as_primitive_opt().ok_or_else(missing)?,
            offset: column(2)?.as_primitive_opt().ok_or_else(missing)?,
        })
    }

    fn at(&self, row: usize) -> Place {
        (self.time.value(row), self.partition.value(row), self.offset.value(row))
    }
}

/// About so many bytes of text a value of a list takes: as the interpreter counts.
fn weight(json: &Json) -> usize {
    json.as_str().map_or(0, str::len) + 8
}

fn too_long() -> DataFusionError {
    let why = format!("the question needs more than {CELL_BYTES_MAX} bytes in one value");
    DataFusionError::External(StoreError::Plan { why }.into())
}

/// The members in their order, as a list.
fn list(mut members: Vec<(Place, Json)>, limit: usize) -> Result<Value> {
    members.sort_unstable_by(|(one, _), (two, _)| two.cmp(one));
    members.truncate(limit);
    if members.iter().map(|(_, json)| weight(json)).sum::<usize>() > CELL_BYTES_MAX {
        return Err(too_long());
    }
    Ok(Value::Dynamic(members.into_iter().map(|(_, json)| json).collect()))
}

/// Different values of each group, with the first place of each.
#[derive(Debug)]
pub(super) struct Set {
    kind: Kind,
    values: Values,
    seen: HashMap<u64, Place>,
}

impl Set {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, values: Values::new(kind), seen: HashMap::new() }
    }

    pub(super) fn bytes(&self) -> usize {
        self.values.bytes() + self.seen.capacity() * size_of::<(u64, Place)>()
    }

    pub(super) fn add(&mut self, array: &ArrayRef, rows: &Rows<'_>, places: &Places<'_>) -> Result<()> {
        let numbers = self.values.numbers(array)?;
        for (row, number) in numbers.into_iter().enumerate() {
            if rows.counts(row) && !self.values.is_null(number) {
                self.see(rows.group(row) as u64, number, places.at(row));
            }
        }
        Ok(())
    }

    fn see(&mut self, group: u64, number: u32, place: Place) {
        let known = self.seen.entry(group << 32 | u64::from(number)).or_insert(place);
        *known = place.max(*known);
    }

    pub(super) fn merge(&mut self, other: &Self, groups: &[u32], stop: &Stop) -> Result<()> {
        let mut steps = stop.steps();
        let numbers = self.values.merge(&other.values, stop)?;
        for (pair, place) in &other.seen {
            steps.row()?;
            let (group, number) = ((pair >> 32) as usize, (pair & u64::from(u32::MAX)) as usize);
            let group = groups.get(group).copied().ok_or_else(missing)?;
            let number = numbers.get(number).copied().ok_or_else(missing)?;
            self.see(u64::from(group), number, *place);
        }
        Ok(())
    }

    pub(super) fn array(&mut self, groups: usize, limit: usize) -> Result<ArrayRef> {
        let mut members: Vec<Vec<(Place, Json)>> = vec![Vec::new(); groups];
        let all = self.values.array(0..self.values.len() as u32)?;
        for (pair, place) in self.seen.drain() {
            let number = (pair & u64::from(u32::MAX)) as usize;
            if let Some(members) = members.get_mut((pair >> 32) as usize) {
                members.push((place, value_at(&all, self.kind, number).into_json()));
            }
        }
        let lists = members.into_iter().map(|members| list(members, limit)).collect::<Result<_>>()?;
        Ok(array_of(Kind::Dynamic, lists))
    }
}

/// All values of each group.
#[derive(Debug)]
pub(super) struct List {
    kind: Kind,
    groups: Vec<Members>,
    bytes: usize,
}

#[derive(Debug, Default, Clone)]
struct Members {
    values: Vec<(Place, Json)>,
    weight: usize,
}

impl List {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, groups: Vec::new(), bytes: 0 }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.groups.capacity() * size_of::<Members>()
    }

    pub(super) fn add(
        &mut self,
        array: &ArrayRef,
        rows: &Rows<'_>,
        places: &Places<'_>,
        limit: usize,
    ) -> Result<()> {
        self.groups.resize(rows.count, Members::default());
        for row in (0..rows.rows).filter(|row| rows.counts(*row)) {
            let value = value_at(array, self.kind, row);
            if !value.is_null() {
                self.push(rows.group(row), places.at(row), value.into_json(), limit)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, group: usize, place: Place, json: Json, limit: usize) -> Result<()> {
        let Some(members) = self.groups.get_mut(group) else { return Err(missing()) };
        let added = weight(&json);
        members.values.push((place, json));
        members.weight += added;
        self.bytes += added + size_of::<(Place, Json)>();
        if members.weight <= CELL_BYTES_MAX {
            return Ok(());
        }
        // Only the first ones are wanted: the others can go.
        let before = members.weight + members.values.len() * size_of::<(Place, Json)>();
        members.values.sort_unstable_by(|(one, _), (two, _)| two.cmp(one));
        members.values.truncate(limit);
        members.weight = members.values.iter().map(|(_, json)| weight(json)).sum();
        let after = members.weight + members.values.len() * size_of::<(Place, Json)>();
        self.bytes -= before.saturating_sub(after).min(self.bytes);
        // Nothing that comes makes them fewer; but what comes earlier may be shorter.
        if members.values.len() < limit && members.weight > CELL_BYTES_MAX { Err(too_long()) } else { Ok(()) }
    }

    pub(super) fn merge(
        &mut self,
        other: &Self,
        groups: &[u32],
        count: usize,
        limit: usize,
        stop: &Stop,
    ) -> Result<()> {
        let mut steps = stop.steps();
        self.groups.resize(count, Members::default());
        for (group, members) in groups.iter().zip(&other.groups) {
            for (place, json) in &members.values {
                steps.row()?;
                self.push(*group as usize, *place, json.clone(), limit)?;
            }
        }
        Ok(())
    }

    pub(super) fn array(&mut self, groups: usize, limit: usize) -> Result<ArrayRef> {
        self.groups.resize(groups, Members::default());
        let members = std::mem::take(&mut self.groups).into_iter();
        let lists = members.map(|members| list(members.values, limit)).collect::<Result<_>>()?;
        Ok(array_of(Kind::Dynamic, lists))
    }
}

/// All values of each group that are whole numbers, for their ranks.
#[derive(Debug, Default)]
pub(super) struct Ranked {
    groups: Vec<Vec<i64>>,
    values: usize,
}

impl Ranked {
    pub(super) fn bytes(&self) -> usize {
        // Vectors grow by doubling.
        self.values * size_of::<i64>() * 2 + self.groups.capacity() * size_of::<Vec<i64>>()
    }

    pub(super) fn add(&mut self, array: &ArrayRef, rows: &Rows<'_>) -> Result<()> {
        self.groups.resize(rows.count, Vec::new());
        rows.wholes(array, |group, value| {
            if let Some(values) = self.groups.get_mut(group) {
                values.push(value);
                self.values += 1;
            }
        })
    }

    pub(super) fn merge(&mut self, other: &Self, groups: &[u32], count: usize, stop: &Stop) -> Result<()> {
        self.groups.resize(count, Vec::new());
        let mut steps = stop.steps();
        for (group, values) in groups.iter().zip(&other.groups) {
            steps.row()?;
            if let Some(known) = self.groups.get_mut(*group as usize) {
                known.extend_from_slice(values);
                self.values += values.len();
            }
        }
        Ok(())
    }

    /// A column for every one of `percents`: the least value that is not below so many percent of all.
    pub(super) fn arrays(&mut self, groups: usize, percents: &[f64], kind: Kind) -> Vec<ArrayRef> {
        self.groups.resize(groups, Vec::new());
        for values in &mut self.groups {
            values.sort_unstable();
        }
        let value = |values: &Vec<i64>, percent: f64| {
            let rank = (percent / 100.0 * values.len() as f64).ceil().max(1.0) as usize;
            match (values.get(rank - 1), kind) {
                (None, _) => Value::Null,
                (Some(micros), Kind::DateTime) => Value::DateTime(Timestamp::from_micros(*micros)),
                (Some(micros), Kind::TimeSpan) => Value::TimeSpan(*micros),
                (Some(number), _) => Value::Long(*number),
            }
        };
        let column = |percent: &f64| {
            array_of(kind, self.groups.iter().map(|values| value(values, *percent)).collect())
        };
        percents.iter().map(column).collect()
    }
}

/// The row of each group with the greatest or the least of a value.
#[derive(Debug)]
pub(super) struct Best {
    is_greatest: bool,
    rows: Vec<Option<BestRow>>,
    bytes: usize,
}

#[derive(Debug, Clone)]
struct BestRow {
    by: Option<i64>,
    place: Place,
    values: Row,
}

impl Best {
    pub(super) fn new(is_greatest: bool) -> Self {
        Self { is_greatest, rows: Vec::new(), bytes: 0 }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.rows.capacity() * size_of::<Option<BestRow>>()
    }

    /// Whether a row comes before another: null is worse than anything, and of equal ones the first is taken.
    fn is_better(&self, one: (Option<i64>, Place), two: (Option<i64>, Place)) -> bool {
        let by = match (one.0, two.0) {
            (Some(one), Some(two)) if self.is_greatest => one.cmp(&two),
            (Some(one), Some(two)) => two.cmp(&one),
            (one, two) => one.is_some().cmp(&two.is_some()),
        };
        by.then(one.1.cmp(&two.1)).is_gt()
    }

    fn is_better_than_known(&self, group: usize, by: Option<i64>, place: Place) -> bool {
        let known = self.rows.get(group).and_then(Option::as_ref);
        known.is_none_or(|known| self.is_better((by, place), (known.by, known.place)))
    }

    pub(super) fn add(
        &mut self,
        columns: &[ArrayRef],
        column: &Column,
        rows: &Rows<'_>,
        places: &Places<'_>,
    ) -> Result<()> {
        self.rows.resize(rows.count, None);
        let first = column.value.ok_or_else(missing)?;
        let arrays = columns.get(first..first + column.outputs.len()).ok_or_else(missing)?;
        let by = arrays.first().ok_or_else(missing)?;
        let mut wholes: Vec<Option<i64>> = vec![None; rows.rows];
        rows.wholes_by_row(by, |row, value| {
            if let Some(whole) = wholes.get_mut(row) {
                *whole = Some(value);
            }
        })?;
        // The rows of a batch are compared first: values are made of one for each group.
        let mut found: HashMap<usize, (Option<i64>, Place, usize)> = HashMap::new();
        for (row, by) in wholes.into_iter().enumerate() {
            let (group, place) = (rows.group(row), places.at(row));
            if self.is_better_than_known(group, by, place)
                && found.get(&group).is_none_or(|known| self.is_better((by, place), (known.0, known.1)))
            {
                found.insert(group, (by, place, row));
            }
        }
        for (group, (by, place, row)) in found {
            let cells = arrays.iter().zip(&column.outputs);
            let values: Row = cells.map(|(array, kind)| value_at(array, *kind, row)).collect();
            self.take(group, BestRow { by, place, values });
        }
        Ok(())
    }

    fn take(&mut self, group: usize, row: BestRow) {
        let weight = |row: &BestRow| {
            let of = |value: &Value| match value {
                Value::String(text) => text.len() + size_of::<Value>(),
                Value::Dynamic(json) => json.to_string().len() * 4 + size_of::<Value>(),
                _ => size_of::<Value>(),
            };
            row.values.iter().map(of).sum::<usize>()
        };
        let Some(slot) = self.rows.get_mut(group) else { return };
        self.bytes += weight(&row);
        let before = slot.replace(row);
        self.bytes -= before.as_ref().map_or(0, weight).min(self.bytes);
    }

    pub(super) fn merge(&mut self, other: &Self, groups: &[u32], count: usize, stop: &Stop) -> Result<()> {
        self.rows.resize(count, None);
        let mut steps = stop.steps();
        for (group, row) in groups.iter().zip(&other.rows) {
            steps.row()?;
            let group = *group as usize;
            if let Some(row) = row
                && self.is_better_than_known(group, row.by, row.place)
            {
                self.take(group, row.clone());
            }
        }
        Ok(())
    }

    pub(super) fn arrays(&mut self, groups: usize, kinds: &[Kind]) -> Vec<ArrayRef> {
        self.rows.resize(groups, None);
        let rows = std::mem::take(&mut self.rows);
        let column = |(place, kind): (usize, &Kind)| {
            let value = |row: &Option<BestRow>| match row {
                Some(row) => row.values.get(place).cloned().unwrap_or(Value::Null),
                None => Value::null_of(*kind),
            };
            array_of(*kind, rows.iter().map(value).collect())
        };
        kinds.iter().enumerate().map(column).collect()
    }
}
