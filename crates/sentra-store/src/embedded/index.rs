//! What a segment's footer says beside Parquet's own: which source fields are columns, and where the filters stand.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, RowGroupAccess};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection, RowSelector};
use parquet::file::metadata::{KeyValue, PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use sentra_model::TenantId;
use serde::{Deserialize, Serialize};

use super::alias::Alias;
use super::alias_read::with_aliases;
use super::blocks::{Blocks, Known};
use super::promoted::schema_with;
use super::raw_form;
use super::steps::{Step, steps_of};
use super::tenant::Segment;
use super::tokens::{Filters, Needs};
use crate::StoreError;
use crate::bound::Bound;

/// The name of the entry of a footer.
const KEY: &str = "sentra.segment";
/// Most names of fields in the map that a footer lists; with more it does not say what is absent.
const REST_NAMES_MAX: usize = 1_024;
/// Footers that are remembered.
const INDEXES_MAX: usize = 20_000;
/// Bytes of word filters that are kept in memory, of all segments together: those of ten million events are about
/// half of it.
const FILTERS_KEPT_BYTES_MAX: usize = 128 << 20;
/// Bytes of footers that are kept in memory with the places of all pages, of all segments together: those of ten million
/// events are about a tenth of it.
const FOOTERS_KEPT_BYTES_MAX: usize = 128 << 20;
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
    /// Filters of words, as `words` hashes them.
    #[serde(default)]
    pub(super) words: Option<Filters>,
    /// Those of a segment of an earlier version, which hashed words otherwise: of use is only how many rows a step has. A
    /// version that hashes otherwise again gives its own another name, so that none ever asks what it cannot read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

    /// The filters that say which rows are a step.
    fn stepped(&self) -> Option<&Filters> {
        self.words.as_ref().or(self.filters.as_ref())
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
    /// Of each step of rows; empty where the footer does not say it.
    steps: Vec<Step>,
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
        let steps = entry.stepped().and_then(|filters| steps_of(metadata, filters.step_rows));
        Self {
            steps: steps.unwrap_or_default(),
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

    /// How many row groups there are.
    pub(super) fn groups(&self) -> usize {
        self.group_rows.len()
    }

    /// The time of the newest row of a row group, if it is known.
    pub(super) fn newest_of(&self, group: usize) -> Option<i64> {
        let step_rows = self.entry.stepped()?.step_rows.max(1);
        let before: usize = self.group_rows.iter().take(group).map(|rows| rows.div_ceil(step_rows)).sum();
        let count = self.group_rows.get(group)?.div_ceil(step_rows);
        self.steps.get(before..before + count)?.iter().map(|step| step.times.1).max()
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

impl Chosen {
    /// Rows that are looked at.
    pub(super) fn rows(&self) -> u64 {
        let Some(access) = &self.access else { return self.segment.rows };
        let of_group = |(access, rows): (&RowGroupAccess, &usize)| match access {
            RowGroupAccess::Skip => 0,
            RowGroupAccess::Scan => *rows as u64,
            RowGroupAccess::Selection(selection) => selection.row_count() as u64,
        };
        access.inner().iter().zip(&self.index.group_rows).map(of_group).sum()
    }
}

/// What was read of segments, by their paths, within a number of bytes (law LIMIT).
#[derive(Debug)]
struct Kept<T> {
    by_path: HashMap<String, (T, usize)>,
    bytes: usize,
    bytes_max: usize,
}

impl<T: Clone> Kept<T> {
    fn new(bytes_max: usize) -> Self {
        Self { by_path: HashMap::new(), bytes: 0, bytes_max }
    }

    fn get(&self, path: &str) -> Option<T> {
        self.by_path.get(path).map(|(kept, _)| kept.clone())
    }

    /// Keeps what was read of a segment. What goes for it is left to chance: that of segments that are gone among them.
    fn keep(&mut self, path: &str, read: T, bytes: usize) {
        if bytes > self.bytes_max || self.by_path.contains_key(path) {
            return;
        }
        while self.bytes + bytes > self.bytes_max {
            let Some(other) = self.by_path.keys().next().cloned() else { break };
            self.bytes -= self.by_path.remove(&other).map_or(0, |(_, bytes)| bytes);
        }
        self.bytes += bytes;
        self.by_path.insert(path.to_owned(), (read, bytes));
    }
}

/// The footers and the word filters of segments, read once.
#[derive(Debug)]
pub(super) struct Indexes {
    root: PathBuf,
    known: RwLock<HashMap<String, Arc<SegmentIndex>>>,
    filters: RwLock<Kept<Arc<[u8]>>>,
    readers: RwLock<Kept<ArrowReaderMetadata>>,
    blocks: Arc<Known>,
}

impl Indexes {
    pub(super) fn new(root: PathBuf) -> Self {
        let filters = RwLock::new(Kept::new(FILTERS_KEPT_BYTES_MAX));
        let readers = RwLock::new(Kept::new(FOOTERS_KEPT_BYTES_MAX));
        Self { root, known: RwLock::default(), filters, readers, blocks: Arc::default() }
    }

    /// The file of a segment.
    pub(super) fn file(&self, segment: &Arc<Segment>) -> Result<Blocks, StoreError> {
        Blocks::open(&self.root, segment, &self.blocks)
    }

    /// See [`Known::take_suspects`].
    pub(super) fn take_suspects(&self, tenant: &TenantId, segments: &[Arc<Segment>]) -> Vec<Arc<Segment>> {
        self.blocks.take_suspects(tenant, segments)
    }

    /// Which steps of a segment may meet `needs`.
    fn steps(
        &self,
        segment: &Arc<Segment>,
        filters: &Filters,
        needs: &Needs,
    ) -> Result<Vec<bool>, StoreError> {
        let failed = |error| StoreError::io("read", &self.root.join(&segment.path))(error);
        let kept = self.filters.read().unwrap_or_else(PoisonError::into_inner).get(&segment.path);
        let kept = match kept {
            Some(kept) => kept,
            None => {
                let read = self.file(segment)?.read(filters.range()).map_err(failed)?;
                // Law LIMIT: a copy, because what was read holds on to the whole blocks around it.
                let read: Arc<[u8]> = read.as_ref().into();
                let mut all = self.filters.write().unwrap_or_else(PoisonError::into_inner);
                all.keep(&segment.path, Arc::clone(&read), read.len());
                read
            }
        };
        filters.steps(&kept, needs).map_err(failed)
    }

    /// How many rows of `segment` may meet `needs`, by what is in memory of it; nothing where none do.
    pub(super) fn rows_meeting(&self, segment: &Segment, needs: &Needs) -> Option<u64> {
        if *needs == Needs::Nothing {
            return Some(segment.rows);
        }
        let index = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&segment.path).cloned();
        let kept = self.filters.read().unwrap_or_else(PoisonError::into_inner).get(&segment.path);
        let (Some(index), Some(kept)) = (index, kept) else { return Some(segment.rows) };
        let steps = index.entry.words.as_ref().and_then(|filters| {
            let steps = filters.steps(&kept, needs).ok()?;
            Some(steps.iter().filter(|step| **step).count() as u64 * filters.step_rows as u64)
        });
        steps.map_or(Some(segment.rows), |rows| (rows > 0).then_some(rows.min(segment.rows)))
    }

    /// The footer of a segment.
    pub(super) fn get(&self, segment: &Arc<Segment>) -> Result<Arc<SegmentIndex>, StoreError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&segment.path).cloned();
        if let Some(index) = known {
            return Ok(index);
        }
        let metadata = self.footer(segment)?;
        let index = Arc::new(SegmentIndex::of(&metadata));
        self.keep_reader(segment, &index, metadata)?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // Segments come and go by compaction; what is gone is forgotten with the rest.
        if known.len() >= INDEXES_MAX {
            known.clear();
        }
        known.insert(segment.path.clone(), Arc::clone(&index));
        Ok(index)
    }

    /// A segment's footer, with the places of its pages and what stands in them.
    fn footer(&self, segment: &Arc<Segment>) -> Result<ParquetMetaData, StoreError> {
        let file = self.file(segment)?;
        let reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional);
        reader.parse_and_finish(&file).map_err(StoreError::parquet("read", &self.root.join(&segment.path)))
    }

    /// How a segment is read by its columns.
    pub(super) fn reader(&self, segment: &Arc<Segment>) -> Result<ArrowReaderMetadata, StoreError> {
        let kept = self.readers.read().unwrap_or_else(PoisonError::into_inner).get(&segment.path);
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let index = self.get(segment)?;
        self.keep_reader(segment, &index, self.footer(segment)?)
    }

    fn keep_reader(
        &self,
        segment: &Arc<Segment>,
        index: &SegmentIndex,
        metadata: ParquetMetaData,
    ) -> Result<ArrowReaderMetadata, StoreError> {
        // What stands in pages is in the index, as far as it is asked for.
        let metadata = Arc::new(metadata.into_builder().set_column_index(None).build());
        let bytes = metadata.memory_size();
        let options = ArrowReaderOptions::new().with_schema(index.schema(true));
        let reader = ArrowReaderMetadata::try_new(metadata, options);
        let reader = reader.map_err(StoreError::parquet("read", &self.root.join(&segment.path)))?;
        let mut readers = self.readers.write().unwrap_or_else(PoisonError::into_inner);
        readers.keep(&segment.path, reader.clone(), bytes);
        Ok(reader)
    }

    /// The parts of `segments` that may meet `bound`, whose rows must have what it `needs` in their texts.
    pub(super) fn choose(
        &self,
        segments: &[Arc<Segment>],
        needs: &Needs,
        bound: &Bound,
    ) -> Result<Vec<Chosen>, StoreError> {
        let mut chosen = Vec::with_capacity(segments.len());
        for segment in segments {
            let index = self.get(segment)?;
            let mut access = None;
            if let Some(filters) = index.entry.stepped() {
                let mut steps = match (needs, &index.entry.words) {
                    (Needs::Nothing, _) | (_, None) => vec![true; filters.blocks.len()],
                    (needs, Some(words)) => self.steps(segment, words, needs)?,
                };
                for (is_wanted, step) in steps.iter_mut().zip(&index.steps) {
                    *is_wanted = *is_wanted && step.may_meet(bound);
                }
                if !steps.contains(&true) && !steps.is_empty() {
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

    /// Neither asks the filters of the other, which would say that a word is not there.
    #[test]
    fn earlier_versions_and_this_one_pass_over_the_filters_of_each_other() {
        #[derive(Deserialize)]
        struct Earlier {
            filters: Option<Filters>,
        }
        let filters = Filters { at: 7, step_rows: 10, blocks: vec![1] };
        let entry = Entry { words: Some(filters.clone()), ..Entry::default() };
        let written = serde_json::to_value(&entry).unwrap();
        assert_eq!(serde_json::from_value::<Entry>(written.clone()).unwrap(), entry);
        assert!(serde_json::from_value::<Earlier>(written).unwrap().filters.is_none());
        let earlier = serde_json::json!({
            "promoted": [], "rest": null, "has_shape": false,
            "filters": { "at": 7, "step_rows": 10, "blocks": [1] },
        });
        let earlier: Entry = serde_json::from_value(earlier).unwrap();
        assert!(earlier.words.is_none());
        assert_eq!(earlier.stepped(), Some(&filters));
    }

    #[test]
    fn filters_that_are_kept_are_bounded() {
        let mut kept = Kept::new(100);
        for number in 0..50 {
            kept.keep(&format!("segment {number}"), number, 30);
            let bytes: usize = kept.by_path.values().map(|(_, bytes)| bytes).sum();
            assert!(kept.bytes == bytes && bytes <= 100, "{bytes}");
            assert_eq!(kept.get(&format!("segment {number}")), Some(number));
        }
        kept.keep("too much", 50, 101);
        assert!(kept.get("too much").is_none() && kept.by_path.len() == 3);
    }
}
