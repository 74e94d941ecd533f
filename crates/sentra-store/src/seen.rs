//! What the newest events hold: values of a column or a field, and names of fields, for those who write a question.
//!
//! It is a look at the newest end, not an answer: rows, texts and time are bounded (law LIMIT), and what is older or rarer
//! than the bounds allow is not told.

use std::collections::HashMap;
use std::time::Duration;

use arrow_array::{Array, RecordBatch};
use sentra_model::Mart;

use crate::header::{ColumnKind, header_column, source_field};
use crate::row::number;
use crate::schema::{field_maps, texts};

/// Most events that are looked at for values of a column.
pub const SEEN_ROWS_MAX: usize = 50_000;
/// Most events that are looked at for fields of the source, which are wide.
pub const SEEN_FIELD_ROWS_MAX: usize = 10_000;
/// Most different texts that are counted; others are not told.
pub const SEEN_TEXTS_MAX: usize = 20_000;
/// Longest value that is told, in bytes: longer ones nobody wants to have written for them.
pub const SEEN_TEXT_BYTES_MAX: usize = 256;
/// Most values or names that are told.
pub const SEEN_MAX: usize = 1_000;

/// Columns whose values hardly repeat.
const UNREPEATED: [&str; 8] = ["id", "time", "seen", "offset", "source_position", "message", "raw", "fields"];

/// What is looked for in the newest events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRequest {
    /// Of what.
    pub of: SeenOf,
    /// In which marts; `None` for all of them.
    pub marts: Option<Vec<Mart>>,
    /// With what the text begins, without case.
    pub prefix: String,
    /// At most this many, and at most [`SEEN_MAX`].
    pub limit: usize,
    /// After this time it is what was found until then.
    pub timeout: Duration,
}

/// Of what something was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SeenOf {
    /// Values of a header column or of a source field.
    Values(String),
    /// Names of source fields.
    FieldNames,
}

/// A text that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The text.
    pub text: String,
    /// In how many of the events that were looked at.
    pub count: u64,
}

/// Counts texts, batch after batch, the newest first.
pub(crate) struct Tally<'a> {
    request: &'a SeenRequest,
    prefix: String,
    counts: HashMap<String, u64>,
    rows_left: usize,
}

impl<'a> Tally<'a> {
    pub(crate) fn new(request: &'a SeenRequest) -> Self {
        let rows_left = match &request.of {
            SeenOf::Values(name) if UNREPEATED.contains(&name.as_str()) => 0,
            SeenOf::Values(name) if header_column(name).is_some() => SEEN_ROWS_MAX,
            SeenOf::Values(_) | SeenOf::FieldNames => SEEN_FIELD_ROWS_MAX,
        };
        Self { request, prefix: request.prefix.to_lowercase(), counts: HashMap::new(), rows_left }
    }

    /// The stored column that [`Self::add`] needs.
    pub(crate) fn column(&self) -> &'a str {
        match &self.request.of {
            SeenOf::Values(name) => header_column(name).map_or("fields", |header| header.name),
            SeenOf::FieldNames => "fields",
        }
    }

    /// How many more events may be looked at.
    pub(crate) fn rows_left(&self) -> usize {
        self.rows_left
    }

    /// Whether events of `mart` are looked at.
    pub(crate) fn wants(&self, mart: &Mart) -> bool {
        self.request.marts.as_ref().is_none_or(|marts| marts.contains(mart))
    }

    /// Counts the last rows of `batch`, as many as may still be looked at.
    pub(crate) fn add(&mut self, batch: &RecordBatch) {
        let rows = batch.num_rows();
        let first = rows.saturating_sub(self.rows_left);
        self.rows_left = self.rows_left.saturating_sub(rows);
        match &self.request.of {
            SeenOf::FieldNames => {
                let Some(maps) = field_maps(batch) else { return };
                for row in first..rows {
                    let mut names: Vec<&str> = maps.entries(row).map(|(name, _)| name).collect();
                    names.sort_unstable();
                    names.dedup();
                    names.into_iter().for_each(|name| self.count(name));
                }
            }
            SeenOf::Values(name) => match header_column(name) {
                None => {
                    let Some(maps) = field_maps(batch) else { return };
                    let field = source_field(name);
                    for row in first..rows {
                        maps.values(row, field).for_each(|value| self.count(value));
                    }
                }
                Some(header) if header.kind == ColumnKind::String => {
                    let Some(texts) = texts(batch, header.name) else { return };
                    for row in (first..rows).filter(|row| texts.is_valid(*row)) {
                        self.count(texts.value(row));
                    }
                }
                Some(header) => {
                    for value in (first..rows).filter_map(|row| number(batch, header.name, row)) {
                        self.count(&value.to_string());
                    }
                }
            },
        }
    }

    fn count(&mut self, text: &str) {
        if text.is_empty() || text.len() > SEEN_TEXT_BYTES_MAX {
            return;
        }
        if let Some(count) = self.counts.get_mut(text) {
            *count += 1;
            return;
        }
        let fits = self.prefix.is_empty() || text.to_lowercase().starts_with(&self.prefix);
        if fits && self.counts.len() < SEEN_TEXTS_MAX {
            self.counts.insert(text.to_owned(), 1);
        }
    }

    /// The most frequent first.
    pub(crate) fn finished(self) -> Vec<Seen> {
        let mut seen: Vec<Seen> = self.counts.into_iter().map(|(text, count)| Seen { text, count }).collect();
        seen.sort_unstable_by(|one, two| two.count.cmp(&one.count).then_with(|| one.text.cmp(&two.text)));
        seen.truncate(self.request.limit.min(SEEN_MAX));
        seen
    }
}
