//! The values of the events of one plan, turned on their side: per field, which event has which values.

use crate::fields::{Fallback, FieldTable};
use crate::index::{BatchView, ValueId};

use super::plan::Plan;

/// The values of one field: event (its number in the plan's rows) and value, in the order of events. An event can
/// have several.
#[derive(Debug, Default)]
pub(crate) struct Column {
    pub(crate) entries: Vec<(u32, ValueId)>,
    /// How many events have a value.
    filled: usize,
}

impl Column {
    fn clear(&mut self) {
        self.entries.clear();
        self.filled = 0;
    }

    fn push(&mut self, event: u32, value: ValueId) {
        if self.entries.last().is_none_or(|(last, _)| *last != event) {
            self.filled += 1;
        }
        self.entries.push((event, value));
    }

    /// The values of one event.
    pub(crate) fn of(&self, event: u32) -> &[(u32, ValueId)] {
        let from = self.entries.partition_point(|(other, _)| *other < event);
        let left = self.entries.get(from..).unwrap_or_default();
        let count = left.iter().take_while(|(other, _)| *other == event).count();
        left.get(..count).unwrap_or_default()
    }

    /// The events of `0..events` that have no value yet.
    fn missing(&self, events: usize) -> impl Iterator<Item = u32> + '_ {
        let mut entries = self.entries.iter().peekable();
        (0..events as u32).filter(move |event| {
            while entries.next_if(|(other, _)| other < event).is_some() {}
            entries.peek().is_none_or(|(other, _)| other != event)
        })
    }

    /// Adds values of events that had none.
    fn merge(&mut self, more: &[(u32, ValueId)]) {
        if more.is_empty() {
            return;
        }
        self.entries.extend_from_slice(more);
        self.entries.sort_by_key(|(event, _)| *event);
        self.filled = self.entries.chunk_by(|left, right| left.0 == right.0).count();
    }
}

/// Fills a column for every one of the plan.
pub(crate) fn fill(
    columns: &mut Vec<Column>,
    plan: &Plan,
    rows: &[u32],
    view: &mut BatchView<'_>,
    table: &FieldTable,
) {
    if columns.len() < plan.columns.len() {
        columns.resize_with(plan.columns.len(), Column::default);
    }
    columns.iter_mut().for_each(Column::clear);
    for (event, row) in (0_u32..).zip(rows) {
        for (field, value) in view.entries(*row as usize) {
            if let Some(column) = plan.column(field).and_then(|column| columns.get_mut(column)) {
                column.push(event, value);
            }
        }
    }
    if let Some(keywords) = plan.keywords.and_then(|column| columns.get_mut(column)) {
        fill_keywords(keywords, rows, view);
    }
    let windows = view.windows();
    let elsewhere: Vec<u32> =
        (0..).zip(rows).filter(|(_, row)| !windows(**row as usize)).map(|(event, _)| event).collect();
    for (number, column) in plan.columns.iter().enumerate() {
        let Some(field) = column.field else { continue };
        for fallback in table.fallbacks(field) {
            if columns.get(number).is_some_and(|column| column.filled < rows.len()) {
                let more = stand_ins(columns, number, *fallback, &elsewhere, (plan, rows, view, table));
                if let Some(column) = columns.get_mut(number) {
                    column.merge(&more);
                }
            }
        }
    }
}

/// All that keywords are searched in, see [`crate::fields::keyword_texts`].
fn fill_keywords(keywords: &mut Column, rows: &[u32], view: &mut BatchView<'_>) {
    let message = view.header("message");
    for (event, row) in (0_u32..).zip(rows) {
        let (row, before) = (*row as usize, keywords.entries.len());
        keywords.entries.extend(view.values_of(row).map(|value| (event, value)));
        keywords.entries.extend(message.and_then(|message| message.value(row)).map(|value| (event, value)));
        if keywords.entries.len() == before {
            keywords.entries.extend(view.bare_texts(row).map(|value| (event, value)));
        }
    }
}

/// Events without a value for the field of column `number` get what stands in for it.
fn stand_ins(
    columns: &[Column],
    number: usize,
    fallback: Fallback,
    elsewhere: &[u32],
    (plan, rows, view, table): (&Plan, &[u32], &mut BatchView<'_>, &FieldTable),
) -> Vec<(u32, ValueId)> {
    let Some(column) = columns.get(number) else { return Vec::new() };
    let row_of = |event: u32| rows.get(event as usize).map(|row| *row as usize);
    match fallback {
        Fallback::Field(other) => {
            let other =
                table.id(other).and_then(|other| plan.column(other)).and_then(|other| columns.get(other));
            let Some(other) = other.filter(|other| !other.entries.is_empty()) else { return Vec::new() };
            column.missing(rows.len()).flat_map(|event| other.of(event)).copied().collect()
        }
        Fallback::HeaderElsewhere(_) if elsewhere.is_empty() => Vec::new(),
        Fallback::Header(name) | Fallback::HeaderElsewhere(name) => {
            let Some(header) = view.header(name) else { return Vec::new() };
            let anywhere = matches!(fallback, Fallback::Header(_));
            column
                .missing(rows.len())
                .filter(|event| anywhere || elsewhere.binary_search(event).is_ok())
                .filter_map(|event| Some((event, header.value(row_of(event)?)?)))
                .collect()
        }
        Fallback::Account(name) => column
            .missing(rows.len())
            .filter_map(|event| Some((event, view.account(row_of(event)?, name)?)))
            .collect(),
        Fallback::Port { source } => column
            .missing(rows.len())
            .filter_map(|event| Some((event, view.port(row_of(event)?, source)?)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_knows_who_has_a_value() {
        let mut column = Column::default();
        [(1, 7), (1, 8), (3, 9)].into_iter().for_each(|(event, value)| column.push(event, value));
        assert_eq!(column.filled, 2);
        assert_eq!(column.of(1), [(1, 7), (1, 8)]);
        assert_eq!(column.of(2), []);
        assert_eq!(column.missing(5).collect::<Vec<_>>(), [0, 2, 4]);
        column.merge(&[(2, 5), (4, 5)]);
        assert_eq!(column.entries, [(1, 7), (1, 8), (2, 5), (3, 9), (4, 5)]);
        assert_eq!(column.missing(5).collect::<Vec<_>>(), [0]);
        assert_eq!(column.filled, 4);
    }
}
