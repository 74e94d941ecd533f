//! What is known of each group so far.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, TimestampMicrosecondArray};
use datafusion::common::{Result, exec_err};
use hashbrown::HashSet;
use sentra_kql::Kind;

use super::{Computed, Rows, missing};
use crate::embedded::intern::Values;
use crate::embedded::ordered::{Best, List, Ranked, Set};
use crate::embedded::stop::Stop;
use crate::embedded::tally::Tally;

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one for each aggregate of a question")]
pub(super) enum State {
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

impl State {
    pub(super) fn add(
        &mut self,
        computed: Computed,
        value: Option<&ArrayRef>,
        rows: &Rows<'_>,
    ) -> Result<()> {
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

    pub(super) fn merge(
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

    pub(super) fn array(&mut self, computed: Computed, groups: usize) -> Result<ArrayRef> {
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
