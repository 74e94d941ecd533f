use std::collections::{BTreeMap, BTreeSet};

use super::{Engine, Key, Row, RunError};
use crate::ast::JoinKind;
use crate::plan::{Node, Value};

impl Engine<'_> {
    pub(super) fn joined(
        &self,
        kind: JoinKind,
        left: &Node,
        right: &Node,
        on: &[(usize, usize)],
    ) -> Result<Vec<Row>, RunError> {
        let (left_columns, right_columns) = (&left.columns, &right.columns);
        let (lefts, rights) = (self.rows(left)?, self.rows(right)?);
        let left_key = |row: &Row| key(row, on.iter().map(|(left, _)| *left));
        let right_key = |row: &Row| key(row, on.iter().map(|(_, right)| *right));
        match kind {
            JoinKind::LeftSemi => return self.kept(lefts, left_key, &self.keys(&rights, right_key)?, true),
            JoinKind::LeftAnti => return self.kept(lefts, left_key, &self.keys(&rights, right_key)?, false),
            JoinKind::RightSemi => return self.kept(rights, right_key, &self.keys(&lefts, left_key)?, true),
            JoinKind::RightAnti => return self.kept(rights, right_key, &self.keys(&lefts, left_key)?, false),
            _ => {}
        }
        let mut partners: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
        for (place, row) in rights.iter().enumerate() {
            self.halt.row()?;
            if let Some(key) = right_key(row) {
                partners.entry(key).or_default().push(place);
            }
        }
        let nothing = |columns: &[crate::plan::Column]| -> Row {
            columns.iter().map(|column| Value::null_of(column.kind)).collect()
        };
        let (no_left, no_right) = (nothing(left_columns), nothing(right_columns));
        let mut seen = BTreeSet::new();
        let mut used = vec![false; rights.len()];
        let mut rows: Vec<Row> = Vec::new();
        let mut bytes = 0;
        for row in &lefts {
            self.halt.row()?;
            let key = left_key(row);
            if kind == JoinKind::InnerUnique && !key.clone().is_some_and(|key| seen.insert(key)) {
                continue;
            }
            let found = key.and_then(|key| partners.get(&key));
            for place in found.into_iter().flatten() {
                self.halt.row()?;
                if let (Some(other), Some(used)) = (rights.get(*place), used.get_mut(*place)) {
                    *used = true;
                    rows.push(row.iter().chain(other).cloned().collect());
                    self.grow(&mut bytes, other)?;
                    self.grow(&mut bytes, row)?;
                }
                if rows.len() > self.limits.rows_max {
                    return Err(RunError::TooLarge { what: "rows", limit: self.limits.rows_max });
                }
            }
            if found.is_none() && matches!(kind, JoinKind::LeftOuter | JoinKind::FullOuter) {
                rows.push(row.iter().chain(&no_right).cloned().collect());
            }
        }
        if matches!(kind, JoinKind::RightOuter | JoinKind::FullOuter) {
            for (row, _) in rights.iter().zip(used).filter(|(_, used)| !used) {
                self.halt.row()?;
                rows.push(no_left.iter().chain(row).cloned().collect());
            }
        }
        Ok(rows)
    }

    fn keys(&self, rows: &[Row], key: impl Fn(&Row) -> Option<Key>) -> Result<BTreeSet<Key>, RunError> {
        let mut keys = BTreeSet::new();
        for row in rows {
            self.halt.row()?;
            keys.extend(key(row));
        }
        Ok(keys)
    }

    fn kept(
        &self,
        rows: Vec<Row>,
        key: impl Fn(&Row) -> Option<Key>,
        partners: &BTreeSet<Key>,
        with_partner: bool,
    ) -> Result<Vec<Row>, RunError> {
        let mut kept = Vec::new();
        for row in rows {
            self.halt.row()?;
            if key(&row).is_some_and(|key| partners.contains(&key)) == with_partner {
                kept.push(row);
            }
        }
        Ok(kept)
    }
}

/// What must be equal; nothing if a part of it is null.
fn key(row: &Row, places: impl Iterator<Item = usize>) -> Option<Key> {
    let values: Option<Row> =
        places.map(|place| row.get(place).filter(|value| !value.is_null()).cloned()).collect();
    values.map(Key)
}
