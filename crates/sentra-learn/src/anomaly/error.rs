/// Why a table, a model or its bytes cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Columns of one table differ in length.
    #[error(
        "column {column:?} has {found} rows, the ones before it have {expected}: give every column one value per row"
    )]
    ColumnLength {
        /// The column.
        column: String,
        /// Its rows.
        found: usize,
        /// The rows of the first column.
        expected: usize,
    },
    /// Too many columns or rows, or none.
    #[error(
        "a table of {columns} columns and {rows} rows: use 1 to {columns_max} columns and at most {rows_max} rows"
    )]
    TableSize {
        /// Its columns.
        columns: usize,
        /// Its rows.
        rows: usize,
        /// The most columns.
        columns_max: usize,
        /// The most rows.
        rows_max: usize,
    },
    /// The table to be scored is not of the shape the model was trained on.
    #[error(
        "column {place} is {found}, the model was trained on {expected}: give the columns of the training in its order"
    )]
    Shape {
        /// Which column, from 1.
        place: usize,
        /// What it is.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// Not enough rows to train on.
    #[error("{rows} rows to train on: give at least {rows_min}")]
    TooFewRows {
        /// The rows that there are.
        rows: usize,
        /// The fewest that make a model.
        rows_min: usize,
    },
    /// A file of which no row could be read.
    #[error("no row of the {file} file can be read: {problem}")]
    Unreadable {
        /// Which file: `training` or `test`.
        file: &'static str,
        /// Its first problem.
        problem: String,
    },
    /// Rows to measure on of which all are normal, or all attacks.
    #[error("{rows} rows of one kind only: give normal ones and attacks to score")]
    OneKind {
        /// How many there are.
        rows: usize,
    },
    /// A setting that makes no sense.
    #[error("setting {setting} is {value}: use {allowed}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// Bytes that are no model of this version.
    #[error("not a model of this version: {what} at byte {at}; train it anew")]
    Bytes {
        /// What is wrong.
        what: &'static str,
        /// Where.
        at: usize,
    },
}
