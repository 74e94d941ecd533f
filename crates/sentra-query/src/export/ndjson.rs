use std::io::Write;

use sentra_kql::plan::{Column, Value};
use sentra_kql::run::Row;
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use serde_json::json;

use super::ExportError;
use crate::answer::Status;
use crate::deliver::Ending;
use crate::found::cell;

/// Lines of JSON.
pub(super) struct NdjsonFile<W: Write> {
    names: Vec<String>,
    out: W,
}

/// A row as an object, its columns in their order.
struct Line<'a>(&'a [String], Row);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0.iter().zip(&self.1) {
            match value {
                Value::Dynamic(json) => object.serialize_entry(name, json)?,
                value => object.serialize_entry(name, &cell(value.clone()))?,
            }
        }
        object.end()
    }
}

impl<W: Write> NdjsonFile<W> {
    pub(super) fn begin(columns: &[Column], out: W) -> Self {
        Self { names: columns.iter().map(|column| column.name.clone()).collect(), out }
    }

    pub(super) fn rows(&mut self, rows: Vec<Row>) -> Result<(), ExportError> {
        for row in rows {
            serde_json::to_writer(&mut self.out, &Line(&self.names, row)).map_err(ExportError::Json)?;
            self.out.write_all(b"\n").map_err(ExportError::Write)?;
        }
        Ok(())
    }

    pub(super) fn end(mut self, ending: &Ending) -> Result<W, ExportError> {
        if ending.status != Status::Complete {
            let said = json!({"_sentra": {
                "status": ending.status,
                "status_detail": ending.detail,
                "go_on": ending.go_on,
            }});
            serde_json::to_writer(&mut self.out, &said).map_err(ExportError::Json)?;
            self.out.write_all(b"\n").map_err(ExportError::Write)?;
        }
        Ok(self.out)
    }
}
