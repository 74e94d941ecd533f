//! Which column holds which attribute.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::Row;
use crate::fold::fold_column;
use crate::problem::Problems;
use crate::source::Columns;

/// An attribute, its name in the configuration, and the usual names of its columns (folded, the best first).
pub(crate) type ColumnTable<A> = [(A, &'static str, &'static [&'static str])];

/// Folded column → attribute and rank: of several columns for one attribute the smallest rank is preferred.
pub(crate) struct ColumnMap<A>(HashMap<String, (A, usize)>);

impl<A: Copy + PartialEq> ColumnMap<A> {
    /// The usual columns of `table`, but for attributes that `explicit` maps.
    pub(crate) fn new(
        table: &ColumnTable<A>,
        explicit: &BTreeMap<String, Columns>,
        problems: &mut Problems,
    ) -> Self {
        let mut map = HashMap::new();
        let mut is_explicit = Vec::new();
        for (name, columns) in explicit {
            let Some((attribute, _, _)) = table.iter().find(|(_, known, _)| known == name) else {
                problems.tell(0, unknown_attribute(name, table));
                continue;
            };
            is_explicit.push(*attribute);
            for (rank, column) in columns.names().iter().enumerate() {
                map.insert(fold_column(column), (*attribute, rank));
            }
        }
        for (attribute, name, columns) in
            table.iter().filter(|(attribute, ..)| !is_explicit.contains(attribute))
        {
            let own = fold_column(name);
            for (rank, column) in std::iter::once(own.as_str()).chain(columns.iter().copied()).enumerate() {
                map.entry(column.to_owned()).or_insert((*attribute, rank));
            }
        }
        Self(map)
    }

    /// The cells of `row` by attribute.
    pub(crate) fn cells<'r>(&self, row: &'r Row) -> Cells<'r, A> {
        let mut values: Vec<(A, usize, &str)> = row
            .cells
            .iter()
            .filter_map(|(column, value)| {
                let (attribute, rank) = *self.0.get(&**column)?;
                Some((attribute, rank, value.as_str()))
            })
            .collect();
        values.sort_by_key(|(_, rank, _)| *rank);
        let beyond =
            row.beyond.iter().filter_map(|(column, count)| Some((self.0.get(column)?.0, *count))).collect();
        Cells { values, beyond }
    }
}

/// The values of one row by attribute, the best column's first.
pub(crate) struct Cells<'r, A> {
    values: Vec<(A, usize, &'r str)>,
    beyond: Vec<(A, u64)>,
}

impl<'r, A: Copy + PartialEq> Cells<'r, A> {
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value in the best column.
    pub(crate) fn first(&self, attribute: A) -> Option<&'r str> {
        self.all(attribute).next()
    }

    /// Every value.
    pub(crate) fn all(&self, attribute: A) -> impl Iterator<Item = &'r str> {
        self.values.iter().filter(move |(known, _, _)| *known == attribute).map(|(_, _, value)| *value)
    }

    /// How many values were only counted.
    pub(crate) fn beyond(&self, attribute: A) -> u64 {
        self.beyond.iter().filter(|(known, _)| *known == attribute).map(|(_, count)| count).sum()
    }

    /// Each value of cells that hold lists: `a;b`, `a, b`, `a|b`. A distinguished name has commas of its own.
    pub(crate) fn lists(&self, attribute: A) -> impl Iterator<Item = &'r str> {
        self.all(attribute)
            .flat_map(|value| {
                let is_whole = value.contains('=');
                value.split(move |c| matches!(c, ';' | '|' | '\n') || (c == ',' && !is_whole))
            })
            .map(str::trim)
            .filter(|value| !value.is_empty())
    }
}

fn unknown_attribute<A>(name: &str, table: &ColumnTable<A>) -> String {
    let nearest = table
        .iter()
        .map(|(_, known, _)| (strsim::damerau_levenshtein(known, name), *known))
        .min()
        .map_or("", |(_, known)| known);
    let name: String = name.chars().take(60).collect();
    format!("columns: there is no attribute {name:?}; did you mean {nearest:?}?")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &ColumnTable<u8> = &[(1, "account", &["login", "user"]), (2, "department", &["dept"])];

    fn row(cells: &[(&str, &str)]) -> Row {
        let cells = cells.iter().map(|(name, value)| ((*name).into(), (*value).to_owned())).collect();
        Row { line: 1, cells, beyond: Vec::new() }
    }

    #[test]
    fn the_best_column_wins_and_an_explicit_mapping_replaces_the_usual() {
        let mut problems = Problems::new("x");
        let map = ColumnMap::new(TABLE, &BTreeMap::new(), &mut problems);
        let usual = row(&[("user", "u"), ("login", "l"), ("dept", "a; b")]);
        assert_eq!(map.cells(&usual).first(1), Some("l"));
        assert_eq!(map.cells(&usual).lists(2).collect::<Vec<_>>(), ["a", "b"]);

        let explicit = BTreeMap::from([
            ("account".to_owned(), Columns::Many(vec!["Kennung".to_owned(), "dept".to_owned()])),
            ("departmint".to_owned(), Columns::One("x".to_owned())),
        ]);
        let map = ColumnMap::new(TABLE, &explicit, &mut problems);
        let row = row(&[("user", "u"), ("kennung", "k"), ("dept", "d")]);
        assert_eq!(map.cells(&row).all(1).collect::<Vec<_>>(), ["k", "d"]);
        assert_eq!(map.cells(&row).first(2), None);
        assert!(problems.into_list()[0].what.contains("did you mean \"department\""));
    }
}
