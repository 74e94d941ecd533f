//! One batch as the matcher reads it: numbered values, and the entries of every row.

use std::borrow::Cow;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, UInt32Type};
use arrow_array::{Array, DictionaryArray, StringArray};
use arrow_buffer::NullBuffer;
use hashbrown::HashMap;
use sentra_model::{EventBatch, column};

use crate::fields::{FieldId, FieldTable, account_of, keyword_texts};
use crate::logsource::ROUTE_FIELDS;

/// Number of a value in a batch. Those of the fields come first, as their dictionary numbers them.
pub(crate) type ValueId = u32;

/// The batch has no field of the name.
const NO_FIELD: FieldId = FieldId::MAX;

/// A batch.
pub(crate) struct BatchView<'a> {
    pub(crate) batch: &'a EventBatch,
    strings: Option<&'a StringArray>,
    strings_len: usize,
    offsets: &'a [i32],
    name_keys: &'a [i32],
    value_keys: &'a [i32],
    value_nulls: Option<&'a NullBuffer>,
    /// By name in the batch: its number in the rule set.
    field_of: Vec<FieldId>,
    /// Values from elsewhere: of the header, ports, raw lines.
    more: Vec<Cow<'a, str>>,
    /// Where the values of a header column begin.
    header_bases: HashMap<&'static str, ValueId>,
    ports: HashMap<u16, ValueId>,
    /// Accounts by name, with their numbers.
    accounts: HashMap<Cow<'a, str>, ValueId, foldhash::fast::RandomState>,
}

/// What decides where an event belongs, as numbers of this batch: the first values of [`ROUTE_FIELDS`], then
/// product, service and code, then the class.
pub(crate) type RouteKeys = ([Option<ValueId>; 3], [Option<i32>; 3], u32);

/// Header columns that the routing looks at.
pub(crate) const ROUTE_HEADERS: [&str; 3] = ["product", "service", "code"];

impl<'a> BatchView<'a> {
    pub(crate) fn new(batch: &'a EventBatch, table: &FieldTable) -> Self {
        let (names, values) = (batch.field_names(), batch.field_values());
        let strings = values.values().as_string_opt();
        let of_name = |name: Option<&str>| name.and_then(|name| table.id(name)).unwrap_or(NO_FIELD);
        Self {
            batch,
            strings,
            strings_len: strings.map_or(0, Array::len),
            offsets: batch.fields().value_offsets(),
            name_keys: names.keys().values(),
            value_keys: values.keys().values(),
            value_nulls: values.keys().nulls(),
            field_of: texts(names).map(of_name).collect(),
            more: Vec::new(),
            header_bases: HashMap::new(),
            ports: HashMap::new(),
            accounts: HashMap::default(),
        }
    }

    /// How many values have a number by now.
    pub(crate) fn values_len(&self) -> usize {
        self.strings_len + self.more.len()
    }

    pub(crate) fn value(&self, id: ValueId) -> &str {
        let id = id as usize;
        match self.strings {
            Some(strings) if id < self.strings_len => strings.value(id),
            _ => self.more.get(id - self.strings_len).map_or("", Cow::as_ref),
        }
    }

    /// The values of all fields of a row.
    pub(crate) fn values_of(&self, row: usize) -> impl Iterator<Item = ValueId> + use<'a> {
        let at = |index: usize| self.offsets.get(index).map_or(0, |offset| *offset as usize);
        let range = at(row)..at(row + 1);
        let (values, nulls) = (self.value_keys.get(range.clone()).unwrap_or_default(), self.value_nulls);
        range
            .zip(values)
            .filter(move |(entry, _)| nulls.is_none_or(|nulls| nulls.is_valid(*entry)))
            .map(|(_, value)| *value as ValueId)
    }

    /// The fields of a row: number in the rule set (or one that is none) and value.
    pub(crate) fn entries(&self, row: usize) -> impl Iterator<Item = (FieldId, ValueId)> {
        let at = |index: usize| self.offsets.get(index).map_or(0, |offset| *offset as usize);
        let range = at(row)..at(row + 1);
        let names = self.name_keys.get(range.clone()).unwrap_or_default();
        let values = self.value_keys.get(range.clone()).unwrap_or_default();
        let nulls = self.value_nulls;
        range
            .zip(names.iter().zip(values))
            .filter(move |(entry, _)| nulls.is_none_or(|nulls| nulls.is_valid(*entry)))
            .map(|(_, (name, value))| {
                (self.field_of.get(*name as usize).copied().unwrap_or(NO_FIELD), *value as ValueId)
            })
    }

    /// The values of a header column as far as rows have them, by row.
    pub(crate) fn header(&mut self, name: &'static str) -> Option<HeaderColumn<'a>> {
        let array = self.batch.text_column(name)?;
        let base = match self.header_bases.get(name) {
            Some(base) => *base,
            None => {
                let base = self.values_len() as ValueId;
                self.more.extend(texts(array).map(|text| Cow::Borrowed(text.unwrap_or_default())));
                self.header_bases.insert(name, base);
                base
            }
        };
        Some(HeaderColumn { array, base })
    }

    /// The account that the text column `name` of a row names.
    pub(crate) fn account(&mut self, row: usize, name: &'static str) -> Option<ValueId> {
        let account = account_of(self.batch.row(row)?.text(name)?);
        if let Some(known) = self.accounts.get(account.as_ref()) {
            return Some(*known);
        }
        let id = self.values_len() as ValueId;
        self.accounts.insert(account.clone(), id);
        self.more.push(account);
        Some(id)
    }

    /// The source or the destination port of a row.
    pub(crate) fn port(&mut self, row: usize, source: bool) -> Option<ValueId> {
        let event = self.batch.row(row)?;
        let port = if source { event.src_port() } else { event.dst_port() }?;
        let next = self.values_len() as ValueId;
        let more = &mut self.more;
        Some(*self.ports.entry(port).or_insert_with(|| {
            more.push(Cow::Owned(port.to_string()));
            next
        }))
    }

    /// Adds what keywords are searched in when an event has neither fields nor a message, see [`keyword_texts`].
    pub(crate) fn bare_texts(&mut self, row: usize) -> std::ops::Range<ValueId> {
        let from = self.values_len() as ValueId;
        self.more.extend(self.batch.row(row).into_iter().flat_map(keyword_texts));
        from..self.values_len() as ValueId
    }

    /// The rows whose product is said to be `windows`.
    pub(crate) fn windows(&self) -> impl Fn(usize) -> bool + use<'a> {
        let products = self.batch.text_column("product");
        let windows: Vec<bool> =
            products.into_iter().flat_map(texts).map(|text| text == Some("windows")).collect();
        move |row| {
            let key = products.and_then(|products| products.key(row));
            key.and_then(|key| windows.get(key)).is_some_and(|windows| *windows)
        }
    }

    /// Calls `visit` with every row and what decides where it belongs.
    pub(crate) fn each_route(&self, table: &FieldTable, mut visit: impl FnMut(usize, &RouteKeys)) {
        let fields = ROUTE_FIELDS.map(|name| table.id(name).unwrap_or(NO_FIELD));
        let headers = ROUTE_HEADERS.map(|name| self.batch.text_column(name));
        let classes = self.batch.record().column(column::CLASS).as_primitive_opt::<UInt32Type>();
        for row in 0..self.batch.len() {
            let mut values = [None; ROUTE_FIELDS.len()];
            for (field, value) in self.entries(row) {
                // The numbers of these fields are the first ones.
                if field < ROUTE_FIELDS.len() as FieldId
                    && let Some(at) = fields.iter().position(|wanted| *wanted == field)
                    && let Some(slot) = values.get_mut(at)
                {
                    slot.get_or_insert(value);
                }
            }
            let keys = headers.map(|array| array.and_then(|array| array.key(row)).map(|key| key as i32));
            visit(row, &(values, keys, classes.map_or(0, |classes| classes.value(row))));
        }
    }
}

/// A text column of the header.
#[derive(Clone, Copy)]
pub(crate) struct HeaderColumn<'a> {
    array: &'a DictionaryArray<Int32Type>,
    base: ValueId,
}

impl HeaderColumn<'_> {
    /// What the row has.
    pub(crate) fn value(&self, row: usize) -> Option<ValueId> {
        Some(self.base + self.array.key(row)? as ValueId)
    }
}

fn texts(array: &DictionaryArray<Int32Type>) -> impl Iterator<Item = Option<&str>> {
    let values: Option<&StringArray> = array.values().as_string_opt();
    values.into_iter().flatten()
}
