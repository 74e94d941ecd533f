//! What a segment's footer says beside Parquet's own: which source fields are columns, and where the filters stand.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, RowGroupAccess};
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use parquet::file::metadata::{KeyValue, ParquetMetaData, ParquetMetaDataReader};
use serde::{Deserialize, Serialize};

use super::alias::Alias;
use super::alias_read::with_aliases;
use super::promoted::schema_with;
use super::raw_form;
use super::tenant::Segment;
use super::tokens::{Filters, Needs};
use crate::StoreError;

/// The name of the entry of a footer.
const KEY: &str = "sentra.segment";
/// Most names of fields in the map that a footer lists; with more it does not say what is absent.
const REST_NAMES_MAX: usize = 1_024;
/// Footers that are remembered.
const INDEXES_MAX: usize = 20_000;
/// Bytes of word filters that are kept in memory, of all segments together: those of ten million events are about a
/// tenth of it.
pub(super) const FILTERS_KEPT_BYTES_MAX: usize = 128 << 20;
/// Columns of text that are unlike in every row: a dictionary of them is a burden.
const PLAIN_COLUMNS: [&str; 3] = ["message", "field.message", raw_form::REST];

/// The entry of a footer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Source fields that have a column.
    pub(super) promoted: Vec<String>,
    /// Source fields that are in the map, if they are not too many to list.
    pub(super) rest: Option<BTreeSet<String>>,
    /// Whether rows have a shape.
    pub(super) has_shape: bool,
    /// The columns that forms of raw records refer to; nothing in a segment of an earlier version, which has none.
    #[serde(default)]
    pub(super) forms: Option<BTreeSet<String>>,
    pub(super) filters: Option<Filters>,
    /// Source fields that repeat other columns; none in a segment of an earlier version.
    #[serde(default)]
    pub(super) aliases: BTreeMap<String, Alias>,
}

impl Entry {
    /// The schema of the file, with its aliases.
    pub(super) fn schema(&self) -> Schema {
        let has_column = |name: &&str| self.aliases.get(*name).is_none_or(|alias| alias.is_stored);
        let stored = self.promoted.iter().map(String::as_str).filter(has_column);
        let schema = schema_with(stored, self.has_shape, self.forms.is_some());
        with_aliases(schema.as_ref().clone(), &self.aliases)
    }

    /// As it stands in a footer.
    pub(super) fn key_value(mut self) -> Result<KeyValue, StoreError> {
        self.rest = self.rest.filter(|names| names.len() <= REST_NAMES_MAX);
        let text = serde_json::to_string(&self).map_err(StoreError::json("write the footer of a segment"))?;
        Ok(KeyValue { key: KEY.to_owned(), value: Some(text) })
    }
}

/// Where the values of a source field are in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    Column,
    Map,
    /// In one of the two: what is said of several segments at once.
    Either,
    Nowhere,
}

/// A segment's footer.
#[derive(Debug)]
pub(super) struct SegmentIndex {
    pub(super) entry: Entry,
    promoted: BTreeSet<String>,
    /// Rows of each row group.
    group_rows: Vec<usize>,
    /// What is read.
    schema: SchemaRef,
    /// What is read, texts with their dictionaries.
    numbered: SchemaRef,
}

impl SegmentIndex {
    fn of(metadata: &ParquetMetaData) -> Self {
        let pairs = metadata.file_metadata().key_value_metadata();
        let text = pairs.and_then(|pairs| pairs.iter().find(|pair| pair.key == KEY)?.value.as_deref());
        // A segment of an earlier version has none: everything is in its map.
        let entry: Entry = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let rows = |rows: i64| usize::try_from(rows).unwrap_or_default();
        let schema = entry.schema();
        Self {
            promoted: entry.promoted.iter().cloned().collect(),
            numbered: with_dictionaries(&schema),
            schema: Arc::new(schema),
            group_rows: metadata.row_groups().iter().map(|group| rows(group.num_rows())).collect(),
            entry,
        }
    }

    /// The columns of the file as they are read, with the aliases of its fields.
    pub(super) fn schema(&self, has_dictionaries: bool) -> SchemaRef {
        Arc::clone(if has_dictionaries { &self.numbered } else { &self.schema })
    }

    /// Where the values of the field `name` are.
    pub(super) fn place(&self, name: &str) -> Place {
        if self.promoted.contains(name) {
            return Place::Column;
        }
        match &self.entry.rest {
            Some(rest) if !rest.contains(name) => Place::Nowhere,
            _ => Place::Map,
        }
    }

    /// The rows of the steps that are marked.
    fn access(&self, step_rows: usize, steps: &[bool]) -> ParquetAccessPlan {
        let mut plan = ParquetAccessPlan::new_all(self.group_rows.len());
        let mut first = 0;
        for (group, rows) in self.group_rows.iter().enumerate() {
            let count = rows.div_ceil(step_rows.max(1));
            let of_group = steps.get(first..first + count).unwrap_or_default();
            first += count;
            if of_group.iter().all(|step| !step) {
                plan.skip(group);
            } else if of_group.iter().any(|step| !step) {
                let mut left = *rows;
                let selectors = of_group.iter().map(|step| {
                    let rows = left.min(step_rows);
                    left -= rows;
                    if *step { RowSelector::select(rows) } else { RowSelector::skip(rows) }
                });
                let selection: RowSelection = selectors.collect::<Vec<_>>().into();
                plan.set(group, RowGroupAccess::Selection(selection));
            }
        }
        plan
    }
}

/// `schema` with a dictionary for every text column whose values repeat.
pub(super) fn with_dictionaries(schema: &Schema) -> SchemaRef {
    let field = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 if !PLAIN_COLUMNS.contains(&field.name().as_str()) => {
            Arc::new(field.as_ref().clone().with_data_type(dictionary()))
        }
        _ => Arc::clone(field),
    };
    let fields = schema.fields().iter().map(field).collect::<Vec<_>>();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// A text column with its dictionary.
pub(super) fn dictionary() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// A segment that is read, and what of it.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) segment: Arc<Segment>,
    pub(super) index: Arc<SegmentIndex>,
    /// The rows that may be wanted; `None` for all.
    pub(super) access: Option<ParquetAccessPlan>,
}

/// Word filters that were read, by the paths of their segments (law LIMIT).
#[derive(Debug)]
struct KeptFilters {
    by_path: HashMap<String, Arc<[u8]>>,
    bytes: usize,
    bytes_max: usize,
}

impl KeptFilters {
    /// Keeps the filters of a segment. Which ones go for it is left to chance: those of segments that are gone among them.
    fn keep(&mut self, path: &str, filters: Arc<[u8]>) {
        if filters.len() > self.bytes_max || self.by_path.contains_key(path) {
            return;
        }
        while self.bytes + filters.len() > self.bytes_max {
            let Some(other) = self.by_path.keys().next().cloned() else { break };
            self.bytes -= self.by_path.remove(&other).map_or(0, |filters| filters.len());
        }
        self.bytes += filters.len();
        self.by_path.insert(path.to_owned(), filters);
    }
}

/// The footers and the word filters of segments, read once.
#[derive(Debug)]
pub(super) struct Indexes {
    root: PathBuf,
    known: RwLock<HashMap<String, Arc<SegmentIndex>>>,
    filters: RwLock<KeptFilters>,
}

impl Indexes {
    pub(super) fn new(root: PathBuf) -> Self {
        Self::keeping(root, FILTERS_KEPT_BYTES_MAX)
    }

    fn keeping(root: PathBuf, bytes_max: usize) -> Self {
        let filters = KeptFilters { by_path: HashMap::new(), bytes: 0, bytes_max };
        Self { root, known: RwLock::default(), filters: RwLock::new(filters) }
    }

    /// Which steps of a segment may meet `needs`.
    fn steps(&self, segment: &Segment, filters: &Filters, needs: &Needs) -> Result<Vec<bool>, StoreError> {
        let path = self.root.join(&segment.path);
        let kept =
            self.filters.read().unwrap_or_else(PoisonError::into_inner).by_path.get(&segment.path).cloned();
        let kept = match kept {
            Some(kept) => kept,
            None => {
                let file = File::open(&path).map_err(StoreError::io("open", &path))?;
                if filters.len() > FILTERS_KEPT_BYTES_MAX {
                    return filters.steps(&file, needs).map_err(StoreError::io("read", &path));
                }
                let read: Arc<[u8]> = filters.read(&file).map_err(StoreError::io("read", &path))?.into();
                let mut all = self.filters.write().unwrap_or_else(PoisonError::into_inner);
                all.keep(&segment.path, Arc::clone(&read));
                read
            }
        };
        filters.steps_in(&kept, needs).map_err(StoreError::io("read", &path))
    }

    /// How many rows of `segment` may meet `needs`, by what is in memory of it; nothing where none do.
    pub(super) fn rows_meeting(&self, segment: &Segment, needs: &Needs) -> Option<u64> {
        if *needs == Needs::Nothing {
            return Some(segment.rows);
        }
        let index = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&segment.path).cloned();
        let kept =
            self.filters.read().unwrap_or_else(PoisonError::into_inner).by_path.get(&segment.path).cloned();
        let (Some(index), Some(kept)) = (index, kept) else { return Some(segment.rows) };
        let steps = index.entry.filters.as_ref().and_then(|filters| {
            let steps = filters.steps_in(&kept, needs).ok()?;
            Some(steps.iter().filter(|step| **step).count() as u64 * filters.step_rows as u64)
        });
        steps.map_or(Some(segment.rows), |rows| (rows > 0).then_some(rows.min(segment.rows)))
    }

    /// The footer of a segment.
    pub(super) fn get(&self, segment: &Segment) -> Result<Arc<SegmentIndex>, StoreError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&segment.path).cloned();
        if let Some(index) = known {
            return Ok(index);
        }
        let path = self.root.join(&segment.path);
        let file = File::open(&path).map_err(StoreError::io("open", &path))?;
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&file);
        let index = Arc::new(SegmentIndex::of(&metadata.map_err(StoreError::parquet("read", &path))?));
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // Segments come and go by compaction; what is gone is forgotten with the rest.
        if known.len() >= INDEXES_MAX {
            known.clear();
        }
        known.insert(segment.path.clone(), Arc::clone(&index));
        Ok(index)
    }

    /// The parts of `segments` that may meet `needs`.
    pub(super) fn choose(&self, segments: &[Arc<Segment>], needs: &Needs) -> Result<Vec<Chosen>, StoreError> {
        let mut chosen = Vec::with_capacity(segments.len());
        for segment in segments {
            let index = self.get(segment)?;
            let mut access = None;
            if let (Some(filters), true) = (&index.entry.filters, *needs != Needs::Nothing) {
                let steps = self.steps(segment, filters, needs)?;
                if !steps.contains(&true) {
                    continue;
                }
                access = steps.contains(&false).then(|| index.access(filters.step_rows, &steps));
            }
            chosen.push(Chosen { segment: Arc::clone(segment), index, access });
        }
        Ok(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_that_are_kept_are_bounded() {
        let mut kept = KeptFilters { by_path: HashMap::new(), bytes: 0, bytes_max: 100 };
        for number in 0..50 {
            kept.keep(&format!("segment {number}"), vec![0; 30].into());
            let bytes: usize = kept.by_path.values().map(|filters| filters.len()).sum();
            assert!(kept.bytes == bytes && bytes <= 100, "{bytes}");
            assert!(kept.by_path.contains_key(&format!("segment {number}")));
        }
        kept.keep("too much", vec![0; 101].into());
        assert!(!kept.by_path.contains_key("too much") && kept.by_path.len() == 3);
    }
}
