//! Steps of rows, which are the pages of a segment: what the footer says of their times and offsets rules out most of them
//! where a time or an id is asked for.

use parquet::file::metadata::ParquetMetaData;
use parquet::file::page_index::column_index::ColumnIndexMetaData;

use crate::bound::Bound;
use crate::matcher::Order;

/// What the rows of a step have, from the least to the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) times: (i64, i64),
    offsets: (u64, u64),
}

impl Step {
    /// Whether a row may meet `bound`.
    pub(super) fn may_meet(&self, bound: &Bound) -> bool {
        match bound {
            Bound::And(parts) => parts.iter().all(|part| self.may_meet(part)),
            Bound::Or(parts) => parts.iter().any(|part| self.may_meet(part)),
            Bound::Constant(is_met) => *is_met,
            Bound::Id { offset, .. } => (self.offsets.0..=self.offsets.1).contains(offset),
            Bound::Time { column: "time", op, value } => is_within(*op, value.micros(), self.times),
            Bound::Unsigned { column: "offset", op, value } => is_within(*op, *value, self.offsets),
            _ => true,
        }
    }
}

/// Whether a number between the two is as `op` says of `value`.
fn is_within<T: PartialOrd>(op: Order, value: T, (least, greatest): (T, T)) -> bool {
    match op {
        Order::Eq => least <= value && value <= greatest,
        Order::Lt => least < value,
        Order::Le => least <= value,
        Order::Gt => greatest > value,
        Order::Ge => greatest >= value,
    }
}

/// The steps of a segment, where its pages are those steps.
pub(super) fn steps_of(metadata: &ParquetMetaData, step_rows: usize) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let (of_columns, places) = (metadata.column_index()?, metadata.offset_index()?);
    for (group, of_group) in metadata.row_groups().iter().enumerate() {
        let count = usize::try_from(group_rows(of_group.num_rows())).ok()?.div_ceil(step_rows.max(1));
        let pages = |name: &str| {
            let column =
                of_group.columns().iter().position(|column| column.column_path().string() == name)?;
            let ColumnIndexMetaData::INT64(index) = of_columns.get(group)?.get(column)? else { return None };
            let firsts =
                places.get(group)?.get(column)?.page_locations().iter().map(|page| page.first_row_index);
            let is_step = firsts.eq((0..count).map(|step| (step * step_rows) as i64));
            let pages = index.min_values_iter().zip(index.max_values_iter());
            let pages =
                pages.map(|(least, greatest)| Some((*least?, *greatest?))).collect::<Option<Vec<_>>>()?;
            (is_step && pages.len() == count).then_some(pages)
        };
        let of_step = |(times, offsets): ((i64, i64), (i64, i64))| {
            // Parquet keeps a whole number without a sign as one with a sign.
            Step { times, offsets: (offsets.0 as u64, offsets.1 as u64) }
        };
        steps.extend(pages("time")?.into_iter().zip(pages("offset")?).map(of_step));
    }
    Some(steps)
}

fn group_rows(rows: i64) -> u64 {
    u64::try_from(rows).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use sentra_model::Timestamp;

    use super::*;

    #[test]
    fn a_step_is_ruled_out_only_where_no_row_can_meet_the_bound() {
        let step = Step { times: (10, 20), offsets: (3, 5) };
        let orders = [Order::Eq, Order::Lt, Order::Le, Order::Gt, Order::Ge];
        for op in orders {
            for value in 0..30_i64 {
                let is_met = (10..=20_i64).any(|time| op.accepts(time.cmp(&value)));
                let bound = Bound::Time { column: "time", op, value: Timestamp::from_micros(value) };
                assert_eq!(step.may_meet(&bound), is_met, "{bound:?}");
                assert!(step.may_meet(&Bound::Not(Box::new(bound))), "what is negated is not looked at");
                let is_met = (3..=5_i64).any(|offset| op.accepts(offset.cmp(&value)));
                let bound = Bound::Unsigned { column: "offset", op, value: value.unsigned_abs() };
                assert_eq!(step.may_meet(&bound), is_met, "{bound:?}");
                let seen = Bound::Time { column: "seen", op, value: Timestamp::from_micros(value) };
                assert!(step.may_meet(&seen), "another time says nothing");
            }
        }
        let id = |offset| Bound::Id { partition: 0, offset };
        assert!(step.may_meet(&id(5)) && !step.may_meet(&id(6)));
        assert!(
            step.may_meet(&Bound::Or(vec![id(6), id(3)])) && !step.may_meet(&Bound::And(vec![id(3), id(6)]))
        );
    }
}
