//! Rows out of CSV, JSON and LDIF: column and value, whatever the file was.
//!
//! Hostile input gives problems with their lines; what can be read is read.

mod columns;
mod csv;
mod json;
mod ldap;
mod ldif;

pub(crate) use columns::{Cells, ColumnMap, ColumnTable};
pub(crate) use ldap::read_entries;

use std::sync::Arc;

use crate::fold::fold_column;
use crate::problem::Problems;
use crate::source::{FileFormat, SOURCE_BYTES_MAX};

/// Law LIMIT: rows or entries of one file.
pub const ROWS_MAX: usize = 2_000_000;
/// Law LIMIT: columns of a CSV file that are looked at.
pub const COLUMNS_MAX: usize = 1_000;
/// Law LIMIT: values of one row or entry, those of attributes with many values included.
pub const VALUES_PER_ROW_MAX: usize = 10_000;
/// Law LIMIT: bytes of one value.
pub const VALUE_BYTES_MAX: usize = 64 << 10;

/// A row of CSV, an object of JSON or an entry of a directory.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Row {
    /// Where it begins: line or entry, from 1.
    pub(crate) line: u64,
    /// Folded column and value; a column may come more than once.
    pub(crate) cells: Vec<(Arc<str>, String)>,
    /// Cells beyond [`VALUES_PER_ROW_MAX`], by column.
    pub(crate) beyond: Vec<(String, u64)>,
}

impl Row {
    pub(crate) fn new(line: u64) -> Self {
        Self { line, ..Self::default() }
    }

    /// Adds a value; empty ones say nothing.
    pub(crate) fn push(&mut self, column: &str, value: &str, problems: &mut Problems) {
        self.push_folded(&fold_column(column).into(), value, problems);
    }

    /// Adds a value of a column whose name is folded already.
    fn push_folded(&mut self, column: &Arc<str>, value: &str, problems: &mut Problems) {
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        if value.len() > VALUE_BYTES_MAX {
            let column: String = column.chars().take(60).collect();
            problems.tell(
                self.line,
                format!("value of {column} has more than {VALUE_BYTES_MAX} bytes and is left out"),
            );
            return;
        }
        if self.cells.len() < VALUES_PER_ROW_MAX {
            self.cells.push((Arc::clone(column), value.to_owned()));
            return;
        }
        let has_room = self.beyond.len() < COLUMNS_MAX;
        match self.beyond.iter_mut().find(|(name, _)| **name == **column) {
            Some((_, count)) => *count += 1,
            None if has_room => self.beyond.push((column.to_string(), 1)),
            None => {}
        }
    }
}

/// Where rows go, one by one: a file's rows together would take many times its size.
pub(crate) struct Sink<'a> {
    taken: usize,
    take: &'a mut dyn FnMut(&Row, &mut Problems),
}

impl<'a> Sink<'a> {
    pub(crate) fn new(take: &'a mut dyn FnMut(&Row, &mut Problems)) -> Self {
        Self { taken: 0, take }
    }

    /// Whether there is room for one more row; tells it when not.
    fn has_room(&self, problems: &mut Problems) -> bool {
        if self.taken < ROWS_MAX {
            return true;
        }
        problems.tell(0, format!("more than {ROWS_MAX} rows; the rest is left out"));
        false
    }

    fn put(&mut self, row: &Row, problems: &mut Problems) {
        if !row.beyond.is_empty() {
            let beyond: u64 = row.beyond.iter().map(|(_, count)| count).sum();
            let what = format!("more than {VALUES_PER_ROW_MAX} values; {beyond} of them are only counted");
            problems.tell(row.line, what);
        }
        self.taken += 1;
        (self.take)(row, problems);
    }
}

/// Gives the rows of `bytes` to `sink`.
pub(crate) fn read_rows(bytes: &[u8], format: FileFormat, sink: &mut Sink<'_>, problems: &mut Problems) {
    if bytes.len() > SOURCE_BYTES_MAX {
        problems.tell(0, format!("the file has more than {SOURCE_BYTES_MAX} bytes: split it"));
        return;
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        problems.tell(0, "the file is utf-16: save it as utf-8");
        return;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match format {
        FileFormat::Csv => csv::rows(bytes, sink, problems),
        FileFormat::Json => json::rows(bytes, sink, problems),
        FileFormat::Ldif => ldif::rows(bytes, sink, problems),
    }
}

/// The rows of one reader, for its tests.
#[cfg(test)]
fn collect(read: impl FnOnce(&mut Sink<'_>, &mut Problems)) -> (Vec<Row>, Vec<String>) {
    let mut problems = Problems::new("x");
    let mut rows = Vec::new();
    read(&mut Sink::new(&mut |row, _| rows.push(row.clone())), &mut problems);
    (rows, problems.into_list().iter().map(ToString::to_string).collect())
}
