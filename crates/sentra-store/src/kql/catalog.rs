//! The tables of events: one per mart, and all of them as one.

use sentra_kql::plan::{Catalog, Column, Table};
use sentra_model::Mart;

use crate::header::{ColumnKind, HeaderColumn, header_columns};

/// The table of the events of all marts.
pub const EVENTS_TABLE: &str = "events";

/// The columns of every table of events, in order.
pub(crate) const SCAN_COLUMNS: fn() -> &'static [HeaderColumn] = header_columns;

/// The tables of events that can be asked; `marts` beside the default ones.
#[must_use]
pub fn event_catalog(marts: &[Mart]) -> Catalog {
    let mut names: Vec<String> = Mart::DEFAULTS.iter().chain(marts).map(ToString::to_string).collect();
    names.sort_unstable();
    names.dedup();
    let of_mart = names.into_iter().map(|name| {
        let title = format!("events of the mart {name}");
        Table { name, title, columns: columns() }
    });
    let all =
        Table { name: EVENTS_TABLE.to_owned(), title: "events of all marts".to_owned(), columns: columns() };
    Catalog { tables: std::iter::once(all).chain(of_mart).collect() }
}

fn columns() -> Vec<Column> {
    let column = |header: &HeaderColumn| match header.kind {
        ColumnKind::Dynamic => Column::fields(header.name),
        kind => Column::new(header.name, kind.kind()),
    };
    SCAN_COLUMNS().iter().map(column).collect()
}

/// The marts that a table stands for; `None` for all.
pub(crate) fn marts_of(table: &str) -> Option<Vec<Mart>> {
    if table == EVENTS_TABLE {
        return None;
    }
    let named = Mart::named(table);
    // Marts registered at run time are not among the defaults; their names come through serde.
    let mart = named.or_else(|| serde_json::from_value(table.into()).ok());
    Some(mart.into_iter().collect())
}
