//! Groups of rows and what is computed of each, over columns with dictionaries. What DataFusion has for it unpacks them.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array, TimestampMicrosecondArray};
use arrow_schema::DataType;
use arrow_select::filter::filter;
use datafusion::common::{Result, exec_datafusion_err, exec_err};
use hashbrown::HashSet;
use sentra_kql::Kind;

use super::intern::{Pairs, Values};
use super::ordered::{Best, List, Places, Ranked, Set};
use super::stop::Stop;
use super::tally::{Tally, least_of};

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

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one for each aggregate of a question")]
enum State {
    Count(Vec<i64>),
    /// Sum and number of the values.
    Sum(Vec<(i128, i64)>),
    Extreme(Vec<Option<i64>>),
    /// Pairs of group and value that were seen.
    Distinct {
        values: Values,
        seen: HashSet<u64>,
        counts: Vec<i64>,
    },
    /// The values of rows that are one group.
    Different {
        tally: Tally,
        is_text: bool,
    },
    Set(Set),
    List(List),
    Ranked(Ranked),
    Best(Best),
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
            (Some(pairs), _) => pairs.pairs.len(),
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
                (Some(groups), Some(pairs)) => {
                    let pair = |(one, other): (u32, u32)| pairs.number(one, other);
                    groups.into_iter().zip(numbers).map(pair).collect::<Result<_>>()?
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
            let pair = |(one, two): &(u32, u32)| {
                steps.row()?;
                pairs.number(at(&groups, *one)?, at(&numbers, *two)?)
            };
            groups = other.pairs.iter().map(pair).collect::<Result<_>>()?;
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
                    let pair = |number: &u32| pairs.pairs.get(*number as usize).copied().unwrap_or_default();
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

impl State {
    fn add(&mut self, computed: Computed, value: Option<&ArrayRef>, rows: &Rows<'_>) -> Result<()> {
        let value = || value.ok_or_else(missing);
        match self {
            Self::Count(counts) => {
                counts.resize(rows.count, 0);
                match (rows.groups, rows.condition) {
                    (None, None) => counts.iter_mut().for_each(|count| *count += rows.rows as i64),
                    (Some(groups), None) => {
                        for group in groups {
                            if let Some(count) = counts.get_mut(*group as usize) {
                                *count += 1;
                            }
                        }
                    }
                    _ => {
                        for row in (0..rows.rows).filter(|row| rows.counts(*row)) {
                            if let Some(count) = counts.get_mut(rows.group(row)) {
                                *count += 1;
                            }
                        }
                    }
                }
            }
            Self::Sum(sums) => {
                sums.resize(rows.count, (0, 0));
                rows.wholes(value()?, |group, value| {
                    if let Some((sum, count)) = sums.get_mut(group) {
                        *sum += i128::from(value);
                        *count += 1;
                    }
                })?;
            }
            Self::Extreme(values) => {
                values.resize(rows.count, None);
                rows.wholes(value()?, |group, value| {
                    if let Some(known) = values.get_mut(group) {
                        *known = Some(better(computed, *known, value));
                    }
                })?;
            }
            Self::Different { tally, is_text } => match (rows.condition, is_text) {
                (None, true) => tally.add_texts(value()?, |_| true)?,
                (None, false) => tally.add_wholes(value()?, |_| true)?,
                (Some(_), true) => tally.add_texts(value()?, |row| rows.counts(row))?,
                (Some(_), false) => tally.add_wholes(value()?, |row| rows.counts(row))?,
            },
            Self::Distinct { values, seen, counts } => {
                counts.resize(rows.count, 0);
                let numbers = values.numbers(value()?)?;
                let mut last = None;
                for (row, number) in numbers.into_iter().enumerate() {
                    let group = rows.group(row);
                    // Null is no value, and neighbours are often equal.
                    if last == Some((group, number)) || !rows.counts(row) || values.is_null(number) {
                        continue;
                    }
                    last = Some((group, number));
                    if seen.insert((group as u64) << 32 | u64::from(number))
                        && let Some(count) = counts.get_mut(group)
                    {
                        *count += 1;
                    }
                }
            }
            Self::Set(_) | Self::List(_) | Self::Ranked(_) | Self::Best(_) => return Err(missing()),
        }
        Ok(())
    }

    fn merge(
        &mut self,
        computed: Computed,
        other: &Self,
        groups: &[u32],
        count: usize,
        stop: &Stop,
    ) -> Result<()> {
        let mut steps = stop.steps();
        match (self, other) {
            (Self::Count(counts), Self::Count(others)) => {
                counts.resize(count, 0);
                for (group, other) in groups.iter().zip(others) {
                    if let Some(count) = counts.get_mut(*group as usize) {
                        *count += other;
                    }
                }
            }
            (Self::Sum(sums), Self::Sum(others)) => {
                sums.resize(count, (0, 0));
                for (group, other) in groups.iter().zip(others) {
                    if let Some(sum) = sums.get_mut(*group as usize) {
                        *sum = (sum.0 + other.0, sum.1 + other.1);
                    }
                }
            }
            (Self::Extreme(values), Self::Extreme(others)) => {
                values.resize(count, None);
                for (group, other) in groups.iter().zip(others) {
                    if let (Some(known), Some(other)) = (values.get_mut(*group as usize), other) {
                        *known = Some(better(computed, *known, *other));
                    }
                }
            }
            (Self::Different { tally, .. }, Self::Different { tally: other, .. }) => {
                tally.merge(other, stop)?;
            }
            (
                Self::Distinct { values, seen, counts },
                Self::Distinct { values: other_values, seen: other_seen, .. },
            ) => {
                counts.resize(count, 0);
                let numbers = values.merge(other_values, stop)?;
                for pair in other_seen {
                    steps.row()?;
                    let (group, number) = ((pair >> 32) as usize, (pair & u64::from(u32::MAX)) as usize);
                    let group = groups.get(group).copied().ok_or_else(missing)?;
                    let number = numbers.get(number).copied().ok_or_else(missing)?;
                    if seen.insert(u64::from(group) << 32 | u64::from(number))
                        && let Some(count) = counts.get_mut(group as usize)
                    {
                        *count += 1;
                    }
                }
            }
            _ => return exec_err!("two parts of an aggregate are not alike"),
        }
        Ok(())
    }

    fn array(&mut self, computed: Computed, groups: usize) -> Result<ArrayRef> {
        Ok(match self {
            Self::Different { tally, .. } => Arc::new(Int64Array::from(vec![tally.len() as i64])),
            Self::Distinct { counts, .. } => {
                counts.resize(groups, 0);
                Arc::new(Int64Array::from(std::mem::take(counts)))
            }
            Self::Count(counts) => {
                counts.resize(groups, 0);
                Arc::new(Int64Array::from(std::mem::take(counts)))
            }
            Self::Sum(sums) => {
                sums.resize(groups, (0, 0));
                if computed == Computed::Average {
                    // Of nothing it is no number, as in the interpreter.
                    let mean = |(sum, count): &(i128, i64)| Some(*sum as f64 / *count as f64);
                    return Ok(Arc::new(sums.iter().map(mean).collect::<Float64Array>()));
                }
                // What no number can hold is null.
                Arc::new(sums.iter().map(|(sum, _)| i64::try_from(*sum).ok()).collect::<Int64Array>())
            }
            Self::Extreme(values) => {
                values.resize(groups, None);
                match computed {
                    Computed::Least(Kind::DateTime) | Computed::Greatest(Kind::DateTime) => {
                        Arc::new(TimestampMicrosecondArray::from(std::mem::take(values)).with_timezone("UTC"))
                    }
                    _ => Arc::new(Int64Array::from(std::mem::take(values))),
                }
            }
            Self::Set(_) | Self::List(_) | Self::Ranked(_) | Self::Best(_) => return Err(missing()),
        })
    }
}

fn better(computed: Computed, known: Option<i64>, value: i64) -> i64 {
    match (computed, known) {
        (_, None) => value,
        (Computed::Least(_), Some(known)) => known.min(value),
        (_, Some(known)) => known.max(value),
    }
}
