//! Data tables: rows of typed columns, read from CSV.

use std::sync::Arc;

use csv_core::{ReadRecordResult, Reader};

use super::{Cell, Column, ColumnKind, ENTRY_BYTES_MAX, LIST_ENTRIES_MAX, Reporter, is_name};
use crate::text::hint;
use crate::yaral::value::Value;

/// Most columns of a table.
const COLUMNS_MAX: usize = 1_000;

/// A table.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Arc<Column>>,
    rows: u32,
}

/// One condition of a join: the column, the value that a row must have there, and whether case is ignored.
pub(crate) type Condition<'a> = (usize, &'a Value, bool);

impl Table {
    /// Reads CSV with a header. `None` where that is no header; rows that do not fit are reported and left out.
    pub(super) fn read(text: &str, reporter: &mut Reporter<'_>) -> Option<Self> {
        let mut records = Records::new(text);
        let Some((line, header)) = records.next() else {
            reporter.error(1, "a table begins with a line of column names".to_owned());
            return None;
        };
        let kinds = read_header(line, &header, reporter)?;
        let mut columns: Vec<Vec<Cell>> = kinds.iter().map(|_| Vec::new()).collect();
        let mut rows = 0;
        for (line, record) in records {
            if let [only] = record.as_slice()
                && only.is_empty()
            {
                continue;
            }
            if record.len() != columns.len() {
                let (has, wanted) = (record.len(), columns.len());
                reporter.warning(line, format!("the row has {has} columns, not {wanted}"));
                continue;
            }
            if record.iter().any(|cell| cell.len() > ENTRY_BYTES_MAX) {
                reporter.warning(line, format!("a cell of the row is longer than {ENTRY_BYTES_MAX} bytes"));
                continue;
            }
            if rows as usize >= LIST_ENTRIES_MAX {
                reporter.warning(
                    line,
                    format!("the table has more than {LIST_ENTRIES_MAX} rows; the rest is left out"),
                );
                break;
            }
            rows += 1;
            for (column, text) in columns.iter_mut().zip(record) {
                column.push(Cell { line, text });
            }
        }
        let columns = kinds.into_iter().zip(columns);
        let columns =
            columns.map(|((name, kind), cells)| Arc::new(Column::new(&name, kind, cells, reporter)));
        Some(Self { columns: columns.collect(), rows })
    }

    /// How many rows there are.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "rows of data tables are joined with events in a later version")
    )]
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// The names of the columns.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name())
    }

    /// The column of that name, and its number.
    pub(crate) fn column(&self, name: &str) -> Option<(usize, &Arc<Column>)> {
        self.columns.iter().enumerate().find(|(_, column)| column.name() == name)
    }

    /// The value of a cell.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "rows of data tables are joined with events in a later version")
    )]
    pub(crate) fn value(&self, row: u32, column: usize) -> Value {
        self.columns.get(column).map_or(Value::Null, |column| column.value(row))
    }

    /// The rows, ascending, in which every condition holds, each in the way of its column's kind: all rows where
    /// there is no condition.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "rows of data tables are joined with events in a later version")
    )]
    pub(crate) fn join(&self, conditions: &[Condition<'_>]) -> Vec<u32> {
        let mut found: Option<Vec<u32>> = None;
        for (column, value, nocase) in conditions {
            let Some(column) = self.columns.get(*column) else { return Vec::new() };
            let mut rows = column.rows(value, *nocase);
            if let Some(before) = &found {
                rows.retain(|row| before.binary_search(row).is_ok());
            }
            if rows.is_empty() {
                return rows;
            }
            found = Some(rows);
        }
        found.unwrap_or_else(|| (0..self.rows).collect())
    }
}

/// Names and kinds of the columns: `name` or `name:kind`.
fn read_header(
    line: u64,
    header: &[String],
    reporter: &mut Reporter<'_>,
) -> Option<Vec<(String, ColumnKind)>> {
    if header.len() > COLUMNS_MAX {
        reporter.error(line, format!("the table has more than {COLUMNS_MAX} columns"));
        return None;
    }
    let mut columns: Vec<(String, ColumnKind)> = Vec::new();
    for cell in header {
        let (name, kind) = cell.split_once(':').unwrap_or((cell, "string"));
        let (name, kind) = (name.trim(), kind.trim());
        let Some(read) = ColumnKind::read(kind) else {
            let hint = hint(kind, ["string", "regex", "cidr", "number"]);
            reporter.error(
                line,
                format!("column {name:?} is of string, regex, cidr or number, not of {kind:?}{hint}"),
            );
            return None;
        };
        if !is_name(name) {
            reporter.error(line, format!("{name:?} is no name of a column: letters, digits and underscores"));
            return None;
        }
        if columns.iter().any(|(other, _)| other == name) {
            reporter.error(line, format!("two columns are called {name:?}"));
            return None;
        }
        columns.push((name.to_owned(), read));
    }
    Some(columns)
}

/// The records of CSV, each with the line it begins in.
struct Records<'a> {
    reader: Reader,
    input: &'a [u8],
    output: Vec<u8>,
    ends: Vec<usize>,
    done: bool,
}

impl<'a> Records<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            reader: Reader::new(),
            input: text.as_bytes(),
            output: vec![0; 1 << 10],
            ends: vec![0; 16],
            done: false,
        }
    }
}

impl Iterator for Records<'_> {
    type Item = (u64, Vec<String>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let line = self.reader.line();
        let (mut written, mut ended) = (0, 0);
        loop {
            let (result, read, wrote, new_ends) = self.reader.read_record(
                self.input,
                self.output.get_mut(written..)?,
                self.ends.get_mut(ended..)?,
            );
            (written, ended) = (written + wrote, ended + new_ends);
            self.input = self.input.get(read..)?;
            match result {
                // Read once more without any input: that is the end of the record.
                ReadRecordResult::InputEmpty => {}
                // The input bounds both.
                ReadRecordResult::OutputFull => self.output.resize(self.output.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => {
                    self.done = true;
                    return None;
                }
            }
        }
        let mut start = 0;
        let mut record = Vec::with_capacity(ended);
        for end in self.ends.get(..ended)? {
            record.push(String::from_utf8_lossy(self.output.get(start..*end)?).into_owned());
            start = *end;
        }
        Some((line, record))
    }
}
