//! Quick access to the values of a batch: names are looked up once per batch, not once per row.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use arrow_array::types::Int32Type;
use arrow_array::{Array, DictionaryArray, StringArray};
use hashbrown::HashMap;
use sentra_model::{EventBatch, EventRow};

use crate::fields::{self, Fallback};
use crate::matched::VALUE_COLUMNS;

/// A text column.
#[derive(Debug, Clone, Copy)]
struct Column<'a> {
    keys: &'a DictionaryArray<Int32Type>,
    texts: &'a StringArray,
}

impl<'a> Column<'a> {
    fn of(array: &'a DictionaryArray<Int32Type>) -> Option<Self> {
        Some(Self { keys: array, texts: array.values().as_any().downcast_ref()? })
    }

    fn text(self, index: usize) -> Option<&'a str> {
        self.keys.key(index).map(|key| self.texts.value(key))
    }
}

/// Where a field is found in this batch.
#[derive(Debug)]
enum Access<'a> {
    /// No event has a field of this name: the header column stands for it.
    Header(Option<Column<'a>>),
    /// The same, as the account that it names.
    Account(Option<Column<'a>>),
    /// Some event may have it: what the name's entries in the dictionary of names are.
    Own(Vec<usize>),
}

/// Reads the values of one batch.
#[derive(Debug)]
pub(crate) struct BatchReader<'a> {
    batch: &'a EventBatch,
    columns: Vec<(&'static str, Column<'a>)>,
    names: Option<Column<'a>>,
    values: Option<Column<'a>>,
    accesses: RefCell<HashMap<String, Rc<Access<'a>>, foldhash::fast::RandomState>>,
}

impl<'a> BatchReader<'a> {
    pub(crate) fn new(batch: &'a EventBatch) -> Self {
        let column = |name: &'static str| {
            let array = batch.text_column(name).filter(|array| array.null_count() < array.len())?;
            Some((name, Column::of(array)?))
        };
        Self {
            batch,
            columns: VALUE_COLUMNS.into_iter().filter_map(column).collect(),
            names: Column::of(batch.field_names()),
            values: Column::of(batch.field_values()),
            accesses: RefCell::default(),
        }
    }

    /// The columns of [`VALUE_COLUMNS`] that the event has.
    pub(crate) fn put_values(&self, row: usize, values: &mut Vec<(&'a str, &'a str)>) {
        values.clear();
        values.extend(self.columns.iter().filter_map(|(name, column)| Some((*name, column.text(row)?))));
    }

    /// The first value of `name` in one event, as [`fields::value`] has it.
    pub(crate) fn value(&self, row: EventRow<'a>, name: &str) -> Option<Cow<'a, str>> {
        match &*self.access(name) {
            Access::Header(column) => {
                let text = column.and_then(|column| column.text(row.index()));
                text.filter(|text| !text.is_empty()).map(Cow::Borrowed)
            }
            Access::Account(column) => {
                let text = column.and_then(|column| column.text(row.index()));
                text.filter(|text| !text.is_empty()).map(fields::account_of)
            }
            Access::Own(keys) => match self.own(row.index(), keys) {
                Some(text) if !text.is_empty() => Some(Cow::Borrowed(text)),
                _ => fields::value(row, name),
            },
        }
    }

    fn own(&self, row: usize, keys: &[usize]) -> Option<&'a str> {
        let offsets = self.batch.fields().value_offsets();
        let offset = |index: usize| usize::try_from(*offsets.get(index)?).ok();
        let (names, values) = (self.names?, self.values?);
        let mut entries = offset(row)?..offset(row + 1)?;
        let found = entries.find(|entry| names.keys.key(*entry).is_some_and(|key| keys.contains(&key)))?;
        values.text(found)
    }

    fn access(&self, name: &str) -> Rc<Access<'a>> {
        if let Some(known) = self.accesses.borrow().get(name) {
            return Rc::clone(known);
        }
        let texts = self.names.into_iter().flat_map(|names| names.texts.iter().enumerate());
        let own: Vec<usize> = texts.filter(|(_, text)| *text == Some(name)).map(|(key, _)| key).collect();
        let access = match fields::fallbacks(name).as_slice() {
            [Fallback::Header(column)] if own.is_empty() => {
                Access::Header(self.batch.text_column(column).and_then(Column::of))
            }
            [Fallback::Account(column)] if own.is_empty() => {
                Access::Account(self.batch.text_column(column).and_then(Column::of))
            }
            _ => Access::Own(own),
        };
        let access = Rc::new(access);
        self.accesses.borrow_mut().insert(name.to_owned(), Rc::clone(&access));
        access
    }
}
