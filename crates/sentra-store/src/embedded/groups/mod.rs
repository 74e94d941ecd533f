//! Groups of rows and what is computed of each, over columns with dictionaries. What DataFusion has for it unpacks them.

mod state;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_schema::DataType;
use arrow_select::filter::filter;
use datafusion::common::{Result, exec_datafusion_err, exec_err};
use hashbrown::HashSet;
use sentra_kql::Kind;

use super::intern::Values;
use super::ordered::{Best, List, Places, Ranked, Set};
use super::pairs::Pairs;
use super::stop::Stop;
use super::tally::{Tally, least_of};
use state::State;

/// What is computed of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Computed {
    /// Rows, of those that meet the condition if there is one.
    Count,
    Sum,
    Average,
    Least(Kind),
    Greatest(Kind),
    Distinct(Kind),
    /// Different values, in the order of their rows.
    Set(Kind),
    /// Values, in the order of their rows.
    List(Kind),
    /// Values at ranks.
    Ranked(Kind),
    /// The row with the greatest of the first value, or with the least.
    Best {
        is_greatest: bool,
    },
}

impl Computed {
    /// Whether the order of rows counts.
    pub(super) fn is_ordered(self) -> bool {
        matches!(self, Self::Set(_) | Self::List(_) | Self::Best { .. })
    }
}

/// An aggregate over columns of the input.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) computed: Computed,
    /// Place of the value.
    pub(super) value: Option<usize>,
    /// Place of the condition.
    pub(super) condition: Option<usize>,
    /// Percents, or how long a list may be.
    pub(super) constants: Vec<f64>,
    /// The kinds of what it gives.
    pub(super) outputs: Vec<Kind>,
}

impl Column {
    fn limit(&self) -> usize {
        self.constants.first().map_or(usize::MAX, |limit| *limit as usize)
    }
}

/// Keys, which are the first columns, and aggregates.
#[derive(Debug, Clone)]
pub(super) struct Spec {
    pub(super) keys: Vec<Kind>,
    pub(super) columns: Vec<Column>,
    /// Where the places of the rows begin, when their order counts.
    pub(super) places: Option<usize>,
    /// So many of the most frequent groups are wanted at least, if not all: the first column is their number of rows.
    pub(super) first: Option<usize>,
}

/// Groups of some rows.
#[derive(Debug)]
pub(super) struct Groups {
    spec: Arc<Spec>,
    keys: Vec<Values>,
    /// Of the first two keys, then of that with the third, and so on.
    pairs: Vec<Pairs>,
    states: Vec<State>,
    /// Where rows of one text are counted and nothing else.
    tally: Option<Tally>,
}

impl Groups {
    pub(super) fn new(spec: Arc<Spec>) -> Self {
        let state = |column: &Column| match column.computed {
            Computed::Count => State::Count(Vec::new()),
            Computed::Sum | Computed::Average => State::Sum(Vec::new()),
            Computed::Least(_) | Computed::Greatest(_) => State::Extreme(Vec::new()),
            Computed::Distinct(kind) if spec.keys.is_empty() => {
                State::Different { tally: Tally::default(), is_text: kind == Kind::String }
            }
            Computed::Distinct(kind) => {
                State::Distinct { values: Values::new(kind), seen: HashSet::new(), counts: Vec::new() }
            }
            Computed::Set(kind) => State::Set(Set::new(kind)),
            Computed::List(kind) => State::List(List::new(kind)),
            Computed::Ranked(_) => State::Ranked(Ranked::default()),
            Computed::Best { is_greatest } => State::Best(Best::new(is_greatest)),
        };
        let is_counted = |column: &Column| column.computed == Computed::Count && column.condition.is_none();
        let is_tally = spec.keys.as_slice() == [Kind::String] && spec.columns.iter().all(is_counted);
        Self {
            tally: is_tally.then(Tally::default),
            keys: spec.keys.iter().map(|kind| Values::new(*kind)).collect(),
            pairs: spec.keys.iter().skip(1).map(|_| Pairs::default()).collect(),
            states: spec.columns.iter().map(state).collect(),
            spec,
        }
    }

    /// How many groups; one, of no rows too, where there are no keys.
    fn len(&self) -> usize {
        match (self.pairs.last(), self.keys.last()) {
            (Some(pairs), _) => pairs.len(),
            (None, Some(key)) => key.len(),
            (None, None) => 1,
        }
    }

    /// Memory in use, about.
    pub(super) fn bytes(&self) -> usize {
        let state = |state: &State| match state {
            State::Count(counts) => counts.capacity() * size_of::<i64>(),
            State::Sum(sums) => sums.capacity() * size_of::<(i128, i64)>(),
            State::Extreme(values) => values.capacity() * size_of::<Option<i64>>(),
            State::Distinct { values, seen, counts } => {
                values.bytes() + seen.capacity() * size_of::<u64>() + counts.capacity() * size_of::<i64>()
            }
            State::Different { tally, .. } => tally.bytes(),
            State::Set(set) => set.bytes(),
            State::List(list) => list.bytes(),
            State::Ranked(ranked) => ranked.bytes(),
            State::Best(best) => best.bytes(),
        };
        self.keys.iter().map(Values::bytes).sum::<usize>()
            + self.pairs.iter().map(Pairs::bytes).sum::<usize>()
            + self.tally.as_ref().map_or(0, Tally::bytes)
            + self.states.iter().map(state).sum::<usize>()
    }

    /// Takes rows in.
    pub(super) fn add(&mut self, columns: &[ArrayRef], rows: usize) -> Result<()> {
        if let Some(tally) = &mut self.tally {
            return tally.add_texts(columns.first().ok_or_else(missing)?, |_| true);
        }
        let mut groups: Option<Vec<u32>> = None;
        for (place, values) in self.keys.iter_mut().enumerate() {
            let array = columns.get(place).ok_or_else(missing)?;
            let numbers = values.numbers(array)?;
            groups = Some(match (groups, place.checked_sub(1).and_then(|level| self.pairs.get_mut(level))) {
                (Some(mut groups), Some(pairs)) => {
                    for (group, number) in groups.iter_mut().zip(numbers) {
                        *group = pairs.number(*group, number)?;
                    }
                    groups
                }
                _ => numbers,
            });
        }
        let count = self.len();
        let groups = groups.as_deref();
        let places = self.spec.places.map(|first| Places::of(columns, first)).transpose()?;
        let places = || places.as_ref().ok_or_else(missing);
        for (state, column) in self.states.iter_mut().zip(&self.spec.columns) {
            let value = column.value.map(|place| columns.get(place).ok_or_else(missing)).transpose()?;
            let condition =
                column.condition.map(|place| columns.get(place).ok_or_else(missing)).transpose()?;
            let condition = condition.map(|array| array.as_boolean_opt().ok_or_else(missing)).transpose()?;
            let rows = Rows { groups, condition, count, rows };
            match (state, value) {
                (State::Set(set), Some(value)) => set.add(value, &rows, places()?)?,
                (State::List(list), Some(value)) => list.add(value, &rows, places()?, column.limit())?,
                (State::Ranked(ranked), Some(value)) => ranked.add(value, &rows)?,
                (State::Best(best), _) => best.add(columns, column, &rows, places()?)?,
                (state, value) => state.add(column.computed, value, &rows)?,
            }
        }
        Ok(())
    }

    /// To be called when there are no more rows.
    pub(super) fn finish(&mut self) {
        let of_states = self.states.iter_mut().filter_map(|state| match state {
            State::Different { tally, .. } => Some(tally),
            _ => None,
        });
        self.tally.iter_mut().chain(of_states).for_each(Tally::finish);
    }

    /// Takes the groups of other rows in. Both are finished.
    pub(super) fn merge(&mut self, other: &Self, stop: &Stop) -> Result<()> {
        if let (Some(tally), Some(other)) = (&mut self.tally, &other.tally) {
            return tally.merge(other, stop);
        }
        let mut keys = self.keys.iter_mut().zip(&other.keys).map(|(values, other)| values.merge(other, stop));
        let mut groups = keys.next().unwrap_or_else(|| Ok(vec![0]))?;
        let keys: Vec<Vec<u32>> = keys.collect::<Result<_>>()?;
        let mut steps = stop.steps();
        for ((pairs, other), numbers) in self.pairs.iter_mut().zip(&other.pairs).zip(keys) {
            let at = |numbers: &[u32], place: u32| numbers.get(place as usize).copied().ok_or_else(missing);
            let pair = |(one, two): (u32, u32)| {
                steps.row()?;
                pairs.number(at(&groups, one)?, at(&numbers, two)?)
            };
            groups = other.iter().map(pair).collect::<Result<_>>()?;
        }
        let count = self.len();
        for ((state, other), column) in self.states.iter_mut().zip(&other.states).zip(&self.spec.columns) {
            match (state, other) {
                (State::Set(set), State::Set(other)) => set.merge(other, &groups, stop)?,
                (State::List(list), State::List(other)) => {
                    list.merge(other, &groups, count, column.limit(), stop)?;
                }
                (State::Ranked(ranked), State::Ranked(other)) => ranked.merge(other, &groups, count, stop)?,
                (State::Best(best), State::Best(other)) => best.merge(other, &groups, count, stop)?,
                (state, other) => state.merge(column.computed, other, &groups, count, stop)?,
            }
        }
        Ok(())
    }

    /// The keys and the aggregates of all groups.
    pub(super) fn arrays(&mut self) -> Result<Vec<ArrayRef>> {
        if let Some(tally) = &self.tally {
            let (texts, counts) = tally.arrays(self.spec.first);
            let counts = self.spec.columns.iter().map(|_| Arc::clone(&counts));
            return Ok(std::iter::once(texts).chain(counts).collect());
        }
        let count = self.len();
        let wanted = self.wanted(count);
        let is_wanted = |number: &u32| wanted.as_ref().is_none_or(|wanted| wanted.value(*number as usize));
        let mut numbers: Vec<u32> = (0..count as u32).filter(is_wanted).collect();
        let mut keys = Vec::new();
        for place in (0..self.keys.len()).rev() {
            let pairs = place.checked_sub(1).and_then(|level| self.pairs.get(level));
            let values = self.keys.get(place).ok_or_else(missing)?;
            match pairs {
                Some(pairs) => {
                    let pair = |number: &u32| pairs.get(*number).unwrap_or_default();
                    keys.push(values.array(numbers.iter().map(|number| pair(number).1))?);
                    numbers = numbers.iter().map(|number| pair(number).0).collect();
                }
                None => keys.push(values.array(numbers.iter().copied())?),
            }
        }
        keys.reverse();
        let first = keys.len();
        for (state, column) in self.states.iter_mut().zip(&self.spec.columns) {
            match state {
                State::Set(set) => keys.push(set.array(count, column.limit())?),
                State::List(list) => keys.push(list.array(count, column.limit())?),
                State::Ranked(ranked) => {
                    let kind = column.outputs.first().copied().unwrap_or(Kind::Long);
                    keys.extend(ranked.arrays(count, &column.constants, kind));
                }
                State::Best(best) => keys.extend(best.arrays(count, &column.outputs)),
                state => keys.push(state.array(column.computed, count)?),
            }
        }
        if let Some(wanted) = wanted {
            for array in keys.iter_mut().skip(first) {
                *array = filter(array, &wanted)?;
            }
        }
        Ok(keys)
    }

    /// Which groups may be among the first, if not all are wanted.
    fn wanted(&self, count: usize) -> Option<BooleanArray> {
        let first = self.spec.first?;
        let Some(State::Count(counts)) = self.states.first() else { return None };
        let counts = || counts.iter().copied().chain(std::iter::repeat(0)).take(count);
        let least = least_of(counts(), first)?;
        Some(counts().map(|rows| Some(rows >= least)).collect())
    }
}

pub(super) fn missing() -> datafusion::error::DataFusionError {
    exec_datafusion_err!("a column of an aggregate is missing")
}

/// The rows of a batch: the group of each, and whether it counts.
pub(super) struct Rows<'a> {
    groups: Option<&'a [u32]>,
    condition: Option<&'a BooleanArray>,
    /// How many groups there are.
    pub(super) count: usize,
    pub(super) rows: usize,
}

impl Rows<'_> {
    pub(super) fn group(&self, row: usize) -> usize {
        self.groups.and_then(|groups| groups.get(row)).map_or(0, |group| *group as usize)
    }

    pub(super) fn counts(&self, row: usize) -> bool {
        self.condition.is_none_or(|condition| condition.is_valid(row) && condition.value(row))
    }

    /// Hands group and value of every row that counts and has a value to `take`.
    pub(super) fn wholes(&self, array: &ArrayRef, mut take: impl FnMut(usize, i64)) -> Result<()> {
        self.wholes_by_row(array, |row, value| take(self.group(row), value))
    }

    /// Hands every row that counts and has a value to `take`, with the value.
    pub(super) fn wholes_by_row(&self, array: &ArrayRef, mut take: impl FnMut(usize, i64)) -> Result<()> {
        let values = match array.data_type() {
            DataType::Int64 => array.as_primitive::<Int64Type>().values(),
            DataType::Timestamp(..) => match array.as_primitive_opt::<TimestampMicrosecondType>() {
                Some(times) => times.values(),
                None => return exec_err!("a moment is not in microseconds"),
            },
            DataType::Null => return Ok(()),
            other => return exec_err!("a whole number is wanted, not {other}"),
        };
        for (row, value) in values.iter().enumerate() {
            if array.is_valid(row) && self.counts(row) {
                take(row, *value);
            }
        }
        Ok(())
    }
}
