use std::io::Write;

use sentra_kql::Kind;
use sentra_kql::plan::{Column, Value};
use sentra_kql::run::Row;

use super::ExportError;

/// With what a text begins that spreadsheets run.
const FORMULAS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Lines of a CSV file.
pub(super) struct CsvFile<W: Write> {
    lines: csv::Writer<W>,
    /// Whether a column's texts are kept from being run.
    guarded: Vec<bool>,
}

impl<W: Write> CsvFile<W> {
    pub(super) fn begin(columns: &[Column], safe: bool, out: W) -> Result<Self, ExportError> {
        let mut lines = csv::Writer::from_writer(out);
        let names = columns
            .iter()
            .map(|column| if safe { guarded(column.name.clone()) } else { column.name.clone() });
        lines.write_record(names).map_err(ExportError::Csv)?;
        let is_text = |column: &Column| safe && matches!(column.kind, Kind::String | Kind::Dynamic);
        Ok(Self { lines, guarded: columns.iter().map(is_text).collect() })
    }

    pub(super) fn rows(&mut self, rows: &[Row]) -> Result<(), ExportError> {
        for row in rows {
            let cells = row.iter().zip(&self.guarded);
            let cells = cells.map(|(value, is_guarded)| match is_guarded {
                true => guarded(value.text()),
                false => text_of(value),
            });
            self.lines.write_record(cells).map_err(ExportError::Csv)?;
        }
        Ok(())
    }

    pub(super) fn end(self) -> Result<W, ExportError> {
        self.lines.into_inner().map_err(|error| ExportError::Write(error.into_error()))
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::DateTime(moment) => moment.to_string(),
        value => value.text(),
    }
}

fn guarded(text: String) -> String {
    if text.starts_with(FORMULAS) { format!("'{text}") } else { text }
}
