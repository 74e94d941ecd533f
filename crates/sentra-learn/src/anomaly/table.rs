use serde::{Deserialize, Serialize};

use super::error::ModelError;

/// Most columns of a table.
pub const TABLE_COLUMNS_MAX: usize = 512;
/// Most rows of a table.
pub const TABLE_ROWS_MAX: usize = 4_000_000;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Amounts.
    Number,
    /// Names.
    Category,
}

impl ColumnKind {
    /// The name used in texts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Category => "category",
        }
    }
}

/// The values of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Amounts; what is not a number counts as the training's mean.
    Numbers(Vec<f32>),
    /// Names, each kept once: a row has the place of its name.
    Categories {
        /// The distinct names.
        names: Vec<String>,
        /// Per row its name's place; a place that does not exist counts as a name never seen.
        codes: Vec<u32>,
    },
}

impl Column {
    /// What it holds.
    #[must_use]
    pub fn kind(&self) -> ColumnKind {
        match self {
            Self::Numbers(_) => ColumnKind::Number,
            Self::Categories { .. } => ColumnKind::Category,
        }
    }

    fn rows(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Categories { codes, .. } => codes.len(),
        }
    }

    fn select(&self, rows: &[u32]) -> Self {
        match self {
            Self::Numbers(values) => Self::Numbers(picked(values, rows, f32::NAN)),
            Self::Categories { names, codes } => {
                Self::Categories { names: names.clone(), codes: picked(codes, rows, u32::MAX) }
            }
        }
    }
}

fn picked<T: Copy>(values: &[T], rows: &[u32], missing: T) -> Vec<T> {
    rows.iter().map(|row| values.get(*row as usize).copied().unwrap_or(missing)).collect()
}

/// Rows of numbers and names, by column.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    names: Vec<String>,
    columns: Vec<Column>,
    rows: usize,
}

impl Table {
    /// A table of named columns of one length.
    ///
    /// # Errors
    /// When lengths differ, or there are no columns, or more of anything than the limits allow.
    pub fn new(named: Vec<(String, Column)>) -> Result<Self, ModelError> {
        let rows = named.first().map_or(0, |(_, column)| column.rows());
        if let Some((name, column)) = named.iter().find(|(_, column)| column.rows() != rows) {
            return Err(ModelError::ColumnLength {
                column: name.clone(),
                found: column.rows(),
                expected: rows,
            });
        }
        if named.is_empty() || named.len() > TABLE_COLUMNS_MAX || rows > TABLE_ROWS_MAX {
            return Err(ModelError::TableSize {
                columns: named.len(),
                rows,
                columns_max: TABLE_COLUMNS_MAX,
                rows_max: TABLE_ROWS_MAX,
            });
        }
        let (names, columns) = named.into_iter().unzip();
        Ok(Self { names, columns, rows })
    }

    /// A table of numbers only, from rows; a short row is filled up with what is not a number.
    ///
    /// # Errors
    /// As [`Table::new`].
    pub fn from_rows(names: &[&str], rows: &[Vec<f32>]) -> Result<Self, ModelError> {
        let column = |place: usize| {
            rows.iter().map(|row| row.get(place).copied().unwrap_or(f32::NAN)).collect::<Vec<f32>>()
        };
        let named = names.iter().enumerate();
        Self::new(named.map(|(place, name)| ((*name).to_owned(), Column::Numbers(column(place)))).collect())
    }

    /// A table of nothing.
    pub(crate) fn empty() -> Self {
        Self { names: Vec::new(), columns: Vec::new(), rows: 0 }
    }

    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns' names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// A table of these rows, in this order.
    #[must_use]
    pub fn select(&self, rows: &[u32]) -> Self {
        let columns = self.columns.iter().map(|column| column.select(rows)).collect();
        Self { names: self.names.clone(), columns, rows: rows.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_must_be_of_one_length() {
        let named = vec![
            ("a".to_owned(), Column::Numbers(vec![1.0, 2.0])),
            ("b".to_owned(), Column::Categories { names: vec!["x".to_owned()], codes: vec![0] }),
        ];
        let error = Table::new(named).unwrap_err();
        assert!(
            matches!(error, ModelError::ColumnLength { ref column, found: 1, expected: 2 } if column == "b")
        );
        assert!(Table::new(Vec::new()).is_err());
    }

    #[test]
    fn rows_can_be_picked() {
        let table = Table::from_rows(&["a", "b"], &[vec![1.0, 2.0], vec![3.0], vec![5.0, 6.0]]).unwrap();
        let picked = table.select(&[2, 0]);
        assert_eq!(picked.rows(), 2);
        assert_eq!(picked.columns()[1], Column::Numbers(vec![6.0, 2.0]));
    }
}
