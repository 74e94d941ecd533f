use std::collections::{BTreeMap, BTreeSet};

use super::json::List;
use super::{Engine, Key, Row, RunError};
use crate::builtin::AggregateFunction;
use crate::plan::{Aggregate, Expr, Value};
use crate::value::Kind;

impl Engine<'_> {
    pub(super) fn aggregated(
        &self,
        rows: Vec<Row>,
        keys: &[Expr],
        aggregates: &[Aggregate],
    ) -> Result<Vec<Row>, RunError> {
        let mut places: BTreeMap<Key, usize> = BTreeMap::new();
        let mut groups: Vec<(Row, Vec<Row>)> = Vec::new();
        if keys.is_empty() {
            groups.push((Vec::new(), Vec::new()));
            places.insert(Key(Vec::new()), 0);
        }
        for row in rows {
            self.halt.row()?;
            let key: Row = keys.iter().map(|key| self.eval(key, &row)).collect::<Result<_, _>>()?;
            let place = *places.entry(Key(key.clone())).or_insert_with(|| {
                groups.push((key, Vec::new()));
                groups.len() - 1
            });
            if groups.len() > self.limits.groups_max {
                return Err(RunError::TooLarge { what: "groups", limit: self.limits.groups_max });
            }
            if let Some((_, members)) = groups.get_mut(place) {
                members.push(row);
            }
        }
        let mut results = Vec::with_capacity(groups.len());
        for (mut result, members) in groups {
            for aggregate in aggregates {
                self.halt.look()?;
                result.extend(self.of_group(aggregate, &members)?);
            }
            results.push(result);
        }
        Ok(results)
    }

    /// The outputs of an aggregate for the rows of one group.
    fn of_group(&self, aggregate: &Aggregate, rows: &[Row]) -> Result<Row, RunError> {
        use AggregateFunction::*;
        if matches!(aggregate.function, ArgMax | ArgMin) {
            return self.of_extreme_row(aggregate, rows);
        }
        if matches!(aggregate.function, TakeAny | Any) && aggregate.arguments.len() > 1 {
            return match rows.first() {
                Some(row) => aggregate.arguments.iter().map(|value| self.eval(value, row)).collect(),
                None => Ok(aggregate.outputs.iter().map(|output| Value::null_of(output.kind)).collect()),
            };
        }
        if matches!(aggregate.function, Count | CountIf) {
            let mut count = 0_i64;
            for row in rows {
                self.halt.row()?;
                let condition = aggregate.arguments.first();
                let counts = match condition {
                    Some(condition) => self.eval(condition, row)?.is_true(),
                    None => true,
                };
                count += i64::from(counts);
            }
            return Ok(vec![count.into()]);
        }
        let values = self.values_of(aggregate, rows)?;
        let kind = aggregate.outputs.first().map_or(Kind::Dynamic, |output| output.kind);
        if aggregate.function == Percentiles || aggregate.function == Percentile {
            let sorted = self.in_order(values, Value::order)?;
            return Ok(aggregate.constants.iter().map(|percent| percentile(&sorted, *percent)).collect());
        }
        let limit = aggregate.constants.first().map_or(usize::MAX, |limit| *limit as usize);
        let value = match aggregate.function {
            Dcount | DcountIf => {
                let mut distinct: BTreeSet<Key> = BTreeSet::new();
                for value in values {
                    self.halt.look()?;
                    distinct.insert(Key(vec![value]));
                }
                i64::try_from(distinct.len()).unwrap_or(i64::MAX).into()
            }
            Sum | SumIf => sum(kind, &values),
            Avg | AvgIf => average(kind, &values),
            Min | MinIf => extreme(values.iter().min_by(|a, b| a.order(b)), kind),
            Max | MaxIf => extreme(values.iter().max_by(|a, b| a.order(b)), kind),
            Stdev => variance(&values).sqrt().into(),
            Variance => variance(&values).into(),
            MakeSet | MakeSetIf => self.list(values, limit, true)?,
            MakeList | MakeListIf => self.list(values, limit, false)?,
            _ => {
                let is_said = |value: &&Value| **value != Value::String(String::new());
                extreme(values.iter().find(is_said), kind)
            }
        };
        Ok(vec![value])
    }

    /// Values that are not null, of rows that meet the condition if there is one.
    fn values_of(&self, aggregate: &Aggregate, rows: &[Row]) -> Result<Row, RunError> {
        let mut values = Vec::new();
        let (Some(argument), condition) = (aggregate.arguments.first(), aggregate.arguments.get(1)) else {
            return Err(RunError::BadPlan { what: "an aggregate without an argument" });
        };
        for row in rows {
            self.halt.row()?;
            if let Some(condition) = condition
                && !self.eval(condition, row)?.is_true()
            {
                continue;
            }
            let value = self.eval(argument, row)?;
            if !value.is_null() {
                values.push(value);
            }
        }
        Ok(values)
    }

    fn of_extreme_row(&self, aggregate: &Aggregate, rows: &[Row]) -> Result<Row, RunError> {
        let Some(by) = aggregate.arguments.first() else {
            return Err(RunError::BadPlan { what: "an aggregate without an argument" });
        };
        let mut best: Option<(Value, &Row)> = None;
        for row in rows {
            self.halt.row()?;
            let value = self.eval(by, row)?;
            let is_better = match &best {
                None => true,
                Some((known, _)) if known.is_null() => !value.is_null(),
                Some(_) if value.is_null() => false,
                Some((known, _)) if aggregate.function == AggregateFunction::ArgMax => {
                    value.order(known).is_gt()
                }
                Some((known, _)) => value.order(known).is_lt(),
            };
            if is_better {
                best = Some((value, row));
            }
        }
        match best {
            Some((_, row)) => aggregate.arguments.iter().map(|value| self.eval(value, row)).collect(),
            None => Ok(aggregate.outputs.iter().map(|output| Value::null_of(output.kind)).collect()),
        }
    }

    fn list(&self, values: Row, limit: usize, distinct: bool) -> Result<Value, RunError> {
        let mut list = List::default();
        for value in values {
            self.halt.look()?;
            if list.len() >= limit {
                break;
            }
            let value = value.into_json();
            if distinct { list.push_new(value)? } else { list.push(value)? }
        }
        Ok(list.into_value())
    }
}

fn extreme(value: Option<&Value>, kind: Kind) -> Value {
    value.cloned().unwrap_or(Value::null_of(kind))
}

fn sum(kind: Kind, values: &[Value]) -> Value {
    let checked = |read: fn(&Value) -> Option<i64>| {
        values.iter().try_fold(0_i64, |sum, value| read(value).and_then(|value| sum.checked_add(value)))
    };
    match kind {
        Kind::Long => Value::of(checked(Value::long)),
        Kind::TimeSpan => checked(Value::span).map_or(Value::Null, Value::TimeSpan),
        _ => values.iter().filter_map(Value::real).sum::<f64>().into(),
    }
}

fn average(kind: Kind, values: &[Value]) -> Value {
    let micros: Vec<i128> = match kind {
        Kind::TimeSpan => values.iter().filter_map(Value::span).map(i128::from).collect(),
        Kind::DateTime => {
            values.iter().filter_map(Value::moment).map(|moment| i128::from(moment.micros())).collect()
        }
        _ => {
            let numbers: Vec<f64> = values.iter().filter_map(Value::real).collect();
            return (numbers.iter().sum::<f64>() / numbers.len() as f64).into();
        }
    };
    let mean =
        i128::try_from(micros.len()).ok().and_then(|count| micros.iter().sum::<i128>().checked_div(count));
    match mean.and_then(|mean| i64::try_from(mean).ok()) {
        Some(mean) if kind == Kind::TimeSpan => Value::TimeSpan(mean),
        mean => Value::of_micros(mean),
    }
}

/// The least value that is not below so many percent of all.
fn percentile(sorted: &[Value], percent: f64) -> Value {
    let rank = (percent / 100.0 * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank - 1).cloned().unwrap_or(Value::Null)
}

fn variance(values: &[Value]) -> f64 {
    let numbers: Vec<f64> = values.iter().filter_map(Value::real).collect();
    if numbers.len() < 2 {
        return 0.0;
    }
    let count = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / (count - 1.0)
}
