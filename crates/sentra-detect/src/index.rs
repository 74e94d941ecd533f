//! One batch, turned on its side: per field of the rule set, which rows have which value.

use std::borrow::Cow;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, UInt32Type};
use arrow_array::{DictionaryArray, StringArray};
use hashbrown::HashMap;
use sentra_model::{EventBatch, column};

use crate::fields::{Fallback, FieldId, FieldTable, fallbacks, keyword_texts};
use crate::logsource::{ROUTE_FIELDS, Route, RouteFacts};
use crate::rowset::RowSet;

/// Number of a distinct value in a batch.
pub(crate) type ValueId = u32;

/// The values of one field: row and value, in the order of the rows. A row can have several.
pub(crate) type Column = Vec<(u32, ValueId)>;

/// Index over one batch.
pub(crate) struct BatchIndex<'a> {
    batch: &'a EventBatch,
    values: Vec<Cow<'a, str>>,
    /// Where the values of a header column begin in `values`.
    header_bases: HashMap<&'static str, ValueId>,
    columns: Vec<Column>,
    keywords: Option<Column>,
    folded: Vec<Folded>,
}

enum Folded {
    NotYet,
    AsItIs,
    Other(Box<str>),
}

impl<'a> BatchIndex<'a> {
    pub(crate) fn new(batch: &'a EventBatch, table: &FieldTable) -> Self {
        let mut index = Self {
            batch,
            values: dictionary(batch.field_values())
                .map(|text| Cow::Borrowed(text.unwrap_or_default()))
                .collect(),
            header_bases: HashMap::new(),
            columns: vec![Vec::new(); table.names().len()],
            keywords: None,
            folded: Vec::new(),
        };
        index.fill_own(table);
        for (id, name) in (0..).zip(table.names()) {
            index.fill_from_fallbacks(id, name, table);
        }
        index.folded.resize_with(index.values.len(), || Folded::NotYet);
        index
    }

    pub(crate) fn rows(&self) -> usize {
        self.batch.len()
    }

    pub(crate) fn values_len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn value(&self, id: ValueId) -> &str {
        self.values.get(id as usize).map_or("", Cow::as_ref)
    }

    /// Makes [`BatchIndex::folded`] of `id` available.
    pub(crate) fn fold(&mut self, id: ValueId) {
        let (Some(value), Some(folded)) = (self.values.get(id as usize), self.folded.get_mut(id as usize))
        else {
            return;
        };
        if matches!(folded, Folded::NotYet) {
            *folded = match crate::text::fold(value) {
                Cow::Borrowed(_) => Folded::AsItIs,
                Cow::Owned(text) => Folded::Other(text.into_boxed_str()),
            };
        }
    }

    /// The value in folded case; [`BatchIndex::fold`] comes before.
    pub(crate) fn folded(&self, id: ValueId) -> &str {
        match self.folded.get(id as usize) {
            Some(Folded::Other(text)) => text,
            _ => self.value(id),
        }
    }

    /// The values of a field; `None` for keywords.
    pub(crate) fn column(&mut self, field: Option<FieldId>) -> &Column {
        static EMPTY: Column = Column::new();
        match field {
            Some(field) => self.columns.get(field as usize).unwrap_or(&EMPTY),
            None => {
                if self.keywords.is_none() {
                    self.keywords = Some(self.keyword_column());
                }
                self.keywords.as_ref().unwrap_or(&EMPTY)
            }
        }
    }

    /// The event's own fields.
    fn fill_own(&mut self, table: &FieldTable) {
        let names = self.batch.field_names();
        let ids: Vec<Option<FieldId>> = dictionary(names).map(|name| table.id(name?)).collect();
        self.each_entry(|columns, row, name, value| {
            if let Some(Some(field)) = ids.get(name)
                && let Some(column) = columns.get_mut(*field as usize)
            {
                column.push((row, value));
            }
        });
    }

    /// Calls `visit` with row, name and value (numbers in the dictionaries) of every field of every row.
    fn each_entry(&mut self, mut visit: impl FnMut(&mut Vec<Column>, u32, usize, ValueId)) {
        let (names, values) = (self.batch.field_names(), self.batch.field_values());
        let offsets = self.batch.fields().value_offsets();
        for ((row, from), to) in (0_u32..).zip(offsets).zip(offsets.iter().skip(1)) {
            for entry in *from..*to {
                let entry = entry as usize;
                if let (Some(name), Some(value)) = (names.key(entry), values.key(entry)) {
                    visit(&mut self.columns, row, name, value as ValueId);
                }
            }
        }
    }

    /// Rows that have no field of the name get what stands in for it.
    fn fill_from_fallbacks(&mut self, id: FieldId, name: &str, table: &FieldTable) {
        for fallback in fallbacks(name) {
            let mut has = RowSet::none(self.rows());
            self.columns.get(id as usize).into_iter().flatten().for_each(|(row, _)| has.insert(*row));
            let more: Column = match fallback {
                Fallback::Field(other) => {
                    let other = table.id(other).and_then(|other| self.columns.get(other as usize));
                    other.into_iter().flatten().filter(|(row, _)| !has.contains(*row)).copied().collect()
                }
                Fallback::Header(column) => self.header_column(column, |row| !has.contains(row)),
                Fallback::HeaderElsewhere(column) => {
                    let windows =
                        self.batch.text_column("product").map(|products| rows_with(products, "windows"));
                    let is_windows = |row| windows.as_ref().is_some_and(|rows| rows.contains(row));
                    self.header_column(column, |row| !has.contains(row) && !is_windows(row))
                }
                Fallback::Port { source } => self.port_column(source, &has),
            };
            if let Some(column) = self.columns.get_mut(id as usize)
                && !more.is_empty()
            {
                column.extend(more);
                column.sort_by_key(|(row, _)| *row);
            }
        }
    }

    fn header_column(&mut self, name: &'static str, takes: impl Fn(u32) -> bool) -> Column {
        let Some(array) = self.batch.text_column(name) else { return Vec::new() };
        let base = match self.header_bases.get(name) {
            Some(base) => *base,
            None => {
                let base = self.values.len() as ValueId;
                self.values.extend(dictionary(array).map(|text| Cow::Borrowed(text.unwrap_or_default())));
                self.folded.resize_with(self.values.len(), || Folded::NotYet);
                self.header_bases.insert(name, base);
                base
            }
        };
        let keys = (0_u32..).zip(array.keys().iter());
        keys.filter(|(row, _)| takes(*row))
            .filter_map(|(row, key)| Some((row, base + key? as ValueId)))
            .collect()
    }

    fn port_column(&mut self, source: bool, has: &RowSet) -> Column {
        let mut known: HashMap<u16, ValueId> = HashMap::new();
        let mut column = Vec::new();
        for (number, row) in (0_u32..).zip(self.batch.rows()) {
            let port = if source { row.src_port() } else { row.dst_port() };
            if let Some(port) = port.filter(|_| !has.contains(number)) {
                let id = *known.entry(port).or_insert_with(|| {
                    self.values.push(Cow::Owned(port.to_string()));
                    self.values.len() as ValueId - 1
                });
                column.push((number, id));
            }
        }
        column
    }

    /// All that keywords are searched in, see [`keyword_texts`].
    fn keyword_column(&mut self) -> Column {
        let mut column = Column::new();
        self.each_entry(|_, row, _, value| column.push((row, value)));
        let mut covered = RowSet::none(self.rows());
        column.extend(self.header_column("message", |_| true));
        column.iter().for_each(|(row, _)| covered.insert(*row));
        for (number, row) in (0_u32..).zip(self.batch.rows()).filter(|(row, _)| !covered.contains(*row)) {
            for text in keyword_texts(row) {
                self.values.push(text);
                column.push((number, self.values.len() as ValueId - 1));
            }
        }
        self.folded.resize_with(self.values.len(), || Folded::NotYet);
        column
    }

    /// The route of every distinct kind of event, and the kind of every row.
    pub(crate) fn routes(&mut self, table: &FieldTable) -> (Vec<Route>, Vec<usize>) {
        let rows = self.rows();
        let fields = ROUTE_FIELDS.map(|name| {
            let mut values = vec![None; rows];
            let column = table.id(name).and_then(|id| self.columns.get(id as usize));
            for (row, value) in column.into_iter().flatten() {
                if let Some(slot) = values.get_mut(*row as usize) {
                    slot.get_or_insert(*value);
                }
            }
            values
        });
        let headers = ["product", "service", "code"].map(|name| self.batch.text_column(name));
        let classes = self.batch.record().column(column::CLASS).as_primitive_opt::<UInt32Type>();
        let mut known: HashMap<_, usize, foldhash::fast::RandomState> = HashMap::default();
        let mut routes = Vec::new();
        let mut kinds = Vec::with_capacity(rows);
        for row in 0..rows {
            let values = fields.each_ref().map(|values| values.get(row).copied().flatten());
            let keys = headers.map(|array| array.and_then(|array| array.key(row)));
            let class = classes.map_or(0, |classes| classes.value(row));
            kinds.push(*known.entry((values, keys, class)).or_insert_with(|| {
                let [channel, event_id, event_type] = values.map(|id| id.map_or("", |id| self.value(id)));
                let event = self.batch.row(row);
                let text = |name: &str| event.and_then(|event| event.text(name)).unwrap_or_default();
                let (product, service, code) = (text("product"), text("service"), text("code"));
                let mart = self.batch.mart().as_str();
                let facts = RouteFacts { product, service, mart, code, class, channel, event_id, event_type };
                routes.push(Route::of(&facts));
                routes.len() - 1
            }));
        }
        (routes, kinds)
    }
}

fn dictionary(array: &DictionaryArray<Int32Type>) -> impl Iterator<Item = Option<&str>> {
    let values: Option<&StringArray> = array.values().as_string_opt();
    values.into_iter().flatten()
}

fn rows_with(array: &DictionaryArray<Int32Type>, text: &str) -> RowSet {
    let mut rows = RowSet::none(array.keys().len());
    let wanted: Vec<bool> = dictionary(array).map(|value| value == Some(text)).collect();
    for (row, key) in (0_u32..).zip(array.keys().iter()) {
        if key.and_then(|key| wanted.get(key as usize)).is_some_and(|wanted| *wanted) {
            rows.insert(row);
        }
    }
    rows
}
