//! Answers as files: CSV, NDJSON and Parquet.
//!
//! * CSV: a line of names, then a line for every row (RFC 4180, lines end with a line feed). Moments are RFC 3339, spans of time
//!   `d.hh:mm:ss`, JSON is text, what is absent is empty. Cells are as they are in the answer; for spreadsheets, which run
//!   texts that begin with `=`, `+`, `-` or `@` as formulas, `safe` puts a `'` before such texts. That changes the data, so
//!   it is not done unasked.
//! * NDJSON: an object for every row. When the answer is not complete, a last line `{"_sentra": {"status": …}}` says so.
//! * Parquet: columns of their own types, moments in microseconds of UTC, spans of time in microseconds as whole numbers,
//!   JSON as text, ZSTD.

mod csv;
mod ndjson;
mod parquet;

use std::io::{self, Write};
use std::str::FromStr;

use sentra_kql::run::Row;
use sentra_store::StoreError;

use crate::deliver::{Ending, Head};

/// Most rows of a file.
pub const EXPORT_ROWS_MAX: usize = 1_000_000;

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Comma-separated values.
    Csv,
    /// A JSON object on every line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
}

impl ExportFormat {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Ndjson, Self::Parquet];

    /// Its name, and what the name of a file ends with.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// Whether a file can say by itself that it is not complete. Others are not given when they are not.
    #[must_use]
    pub fn tells_its_end(self) -> bool {
        self == Self::Ndjson
    }
}

impl FromStr for ExportFormat {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|format| format.as_str() == name);
        found.ok_or_else(|| format!("format {name:?} is unknown, use csv, ndjson or parquet"))
    }
}

/// Why a file is not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It cannot be written.
    #[error("cannot write the file")]
    Write(#[source] io::Error),
    /// A row is not as its columns say, which would be a defect.
    #[error("cannot put rows together")]
    Rows(#[source] StoreError),
    /// Parquet refused.
    #[error("cannot write Parquet")]
    Parquet(#[source] ::parquet::errors::ParquetError),
    /// CSV refused.
    #[error("cannot write CSV")]
    Csv(#[source] ::csv::Error),
    /// JSON refused.
    #[error("cannot write JSON")]
    Json(#[source] serde_json::Error),
}

/// Writes rows to a file of some form.
pub struct Exporter<W: Write + Send> {
    form: Form<W>,
}

enum Form<W: Write + Send> {
    Csv(Box<csv::CsvFile<W>>),
    Ndjson(ndjson::NdjsonFile<W>),
    Parquet(Box<parquet::ParquetFile<W>>),
}

impl<W: Write + Send> Exporter<W> {
    /// A file in `out` for the rows of an answer. `safe` is for CSV alone: see the module.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(format: ExportFormat, head: &Head, safe: bool, out: W) -> Result<Self, ExportError> {
        let columns = head.columns.as_slice();
        let form = match format {
            ExportFormat::Csv => Form::Csv(Box::new(csv::CsvFile::begin(columns, safe, out)?)),
            ExportFormat::Ndjson => Form::Ndjson(ndjson::NdjsonFile::begin(columns, out)),
            ExportFormat::Parquet => Form::Parquet(Box::new(parquet::ParquetFile::begin(columns, out)?)),
        };
        Ok(Self { form })
    }

    /// Writes rows.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn rows(&mut self, rows: Vec<Row>) -> Result<(), ExportError> {
        match &mut self.form {
            Form::Csv(file) => file.rows(&rows),
            Form::Ndjson(file) => file.rows(rows),
            Form::Parquet(file) => file.rows(rows),
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end(self, ending: &Ending) -> Result<W, ExportError> {
        let mut out = match self.form {
            Form::Csv(file) => file.end()?,
            Form::Ndjson(file) => file.end(ending)?,
            Form::Parquet(file) => file.end()?,
        };
        out.flush().map_err(ExportError::Write)?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests;
