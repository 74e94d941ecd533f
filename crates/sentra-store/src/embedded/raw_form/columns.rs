//! Forms over the columns of a batch.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, PrimitiveBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, BinaryArray, DictionaryArray, PrimitiveArray, StringArray};

use super::derive::{derive, is_edge};
use super::time::Writer;
use super::{END, Form, MARK, RAW_BYTES_MAX, Row, Taken};

/// Most forms of a segment.
const RAW_FORMS_MAX: usize = 1_024;
/// Bytes of all forms of a segment beyond which no more are made.
const RAW_FORM_BYTES_MAX: usize = 512 * 1024;
/// Forms that are tried on a row.
const TRIES_MAX: usize = 8;
/// Forms that are made for rows of one shape in any case; then one more for every [`ROWS_PER_FORM`] that fitted.
const FORMS_FIRST: u64 = 16;
const ROWS_PER_FORM: u64 = 32;
/// Columns whose texts say where a record came from: what of it stands in raw records stands there by accident.
const UNREFERRED: [&str; 6] = ["shape", "source", "source_kind", "mart", "format", "problem"];

/// The texts of a column, with a dictionary or without, or as they stand in other columns.
#[derive(Debug, Clone, Copy)]
pub(in crate::embedded) enum Texts<'a> {
    Plain(&'a StringArray),
    Numbered(&'a DictionaryArray<Int32Type>, &'a StringArray),
    Gathered(&'a [Option<&'a str>]),
}

impl<'a> Texts<'a> {
    pub(in crate::embedded) fn of(array: &'a ArrayRef) -> Option<Self> {
        if let Some(texts) = array.as_string_opt() {
            return Some(Self::Plain(texts));
        }
        let numbered = array.as_dictionary_opt::<Int32Type>()?;
        Some(Self::Numbered(numbered, numbered.values().as_string_opt()?))
    }

    #[inline]
    fn value(self, row: usize) -> Option<&'a str> {
        match self {
            Self::Plain(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::Numbered(numbered, texts) => {
                let place = numbered.key(row).filter(|place| texts.is_valid(*place))?;
                Some(texts.value(place))
            }
            Self::Gathered(texts) => texts.get(row).copied().flatten(),
        }
    }
}

/// The rows of one step, by their columns. All steps of a segment have the same columns.
#[derive(Debug)]
pub(in crate::embedded) struct Rows<'a> {
    pub(in crate::embedded) raws: Vec<&'a [u8]>,
    pub(in crate::embedded) times: &'a PrimitiveArray<TimestampMicrosecondType>,
    /// A number for the names of each row's fields.
    pub(in crate::embedded) shapes: Vec<usize>,
    pub(in crate::embedded) names: Vec<String>,
    /// In the order of `names`; nothing for a column that is not of texts.
    pub(in crate::embedded) columns: Vec<Option<Texts<'a>>>,
}

/// A row of a batch.
struct BatchRow<'a> {
    columns: &'a [Option<Texts<'a>>],
    time: i64,
    row: usize,
}

impl Row for BatchRow<'_> {
    fn text(&self, column: usize) -> Option<&str> {
        self.columns.get(column).copied().flatten()?.value(self.row)
    }

    fn time(&self) -> i64 {
        self.time
    }
}

/// What is stored of raw records.
#[derive(Debug)]
pub(in crate::embedded) struct Parts {
    pub(in crate::embedded) raw: BinaryArray,
    pub(in crate::embedded) forms: DictionaryArray<Int32Type>,
    pub(in crate::embedded) rests: StringArray,
}

struct Known {
    form: Form,
    text: String,
    /// The step for which its words were last handed out.
    step: u64,
}

/// The forms that fitted rows of one shape, the last first.
#[derive(Default)]
struct OfShape {
    forms: Vec<usize>,
    made: u64,
    fitted: u64,
}

/// Finds forms for the raw records of a segment.
#[derive(Default)]
pub(in crate::embedded) struct Encoder {
    known: Vec<Known>,
    by_text: HashMap<String, usize>,
    by_shape: HashMap<usize, OfShape>,
    bytes: usize,
    step: u64,
    columns: BTreeSet<String>,
    times: Writer,
    /// Of the row that a form was found for last.
    taken: Taken,
}

impl Encoder {
    /// The columns that forms refer to.
    pub(in crate::embedded) fn columns(self) -> BTreeSet<String> {
        self.columns
    }

    /// The raw records of `rows` with what stands in their place. `words` is handed every word of the raw records that is
    /// no word of another column.
    pub(in crate::embedded) fn encode(&mut self, rows: &Rows<'_>, words: &mut dyn FnMut(&str)) -> Parts {
        let names: Vec<String> = rows.names.iter().map(|name| referred(name)).collect();
        self.step += 1;
        let mut plain = BinaryBuilder::new();
        let mut forms: Vec<Option<usize>> = Vec::with_capacity(rows.raws.len());
        let mut rests = StringBuilder::with_capacity(rows.raws.len(), 0);
        for (row, (bytes, time)) in rows.raws.iter().zip(rows.times.values()).enumerate() {
            let shape = rows.shapes.get(row).copied().unwrap_or_default();
            let at = BatchRow { columns: &rows.columns, time: *time, row };
            match self.fit(bytes, shape, &at, &names) {
                Some(known) => {
                    self.words(known, bytes, words);
                    plain.append_value(b"");
                    forms.push(Some(known));
                    rests.append_option((!self.taken.rest.is_empty()).then_some(&self.taken.rest));
                }
                None => {
                    words(&String::from_utf8_lossy(bytes));
                    plain.append_value(bytes);
                    forms.push(None);
                    rests.append_null();
                }
            }
        }
        let texts = |known: usize| self.known.get(known).map(|known| known.text.as_str());
        Parts { raw: plain.finish(), forms: numbered(&forms, texts), rests: rests.finish() }
    }

    /// The form of a raw record, if it has one; what it takes out of the record is in `taken` then.
    fn fit(&mut self, bytes: &[u8], shape: usize, row: &BatchRow<'_>, names: &[String]) -> Option<usize> {
        if bytes.is_empty() || bytes.len() > RAW_BYTES_MAX {
            return None;
        }
        let of_shape = self.by_shape.entry(shape).or_default();
        for (place, number) in of_shape.forms.iter().copied().enumerate() {
            let fits = |known: &Known| known.form.fit(bytes, row, &mut self.times, &mut self.taken);
            if self.known.get(number).and_then(fits).is_some() {
                of_shape.fitted += 1;
                if let Some(before) = of_shape.forms.get_mut(..=place) {
                    before.rotate_right(1);
                }
                return Some(number);
            }
        }
        if of_shape.made >= FORMS_FIRST + of_shape.fitted / ROWS_PER_FORM {
            return None;
        }
        of_shape.made += 1;
        let form = derive(std::str::from_utf8(bytes).ok()?, row, names)?;
        form.fit(bytes, row, &mut self.times, &mut self.taken)?;
        let text = form.text(&|column| names.get(column).cloned())?;
        let number = match self.by_text.get(&text) {
            Some(number) => *number,
            None if self.known.len() >= RAW_FORMS_MAX || self.bytes + text.len() > RAW_FORM_BYTES_MAX => {
                return None;
            }
            None => {
                self.columns.extend(form.columns().filter_map(|column| names.get(column).cloned()));
                self.bytes += text.len();
                self.by_text.insert(text.clone(), self.known.len());
                self.known.push(Known { form, text, step: 0 });
                self.known.len() - 1
            }
        };
        of_shape.forms.insert(0, number);
        of_shape.forms.truncate(TRIES_MAX);
        Some(number)
    }

    /// Hands out the words of a raw record that no column has.
    fn words(&mut self, known: usize, bytes: &[u8], words: &mut dyn FnMut(&str)) {
        if !bytes.is_ascii() {
            return words(&String::from_utf8_lossy(bytes));
        }
        let edge = |place: &usize| is_edge(bytes.get(*place).copied());
        for own in &self.taken.own {
            let start = (0..own.start).rev().find(edge).map_or(0, |before| before + 1);
            let end = (own.end..bytes.len()).find(edge).unwrap_or(bytes.len());
            let own = bytes.get(start..end).and_then(|own| std::str::from_utf8(own).ok());
            words(own.unwrap_or_default());
        }
        let step = self.step;
        if let Some(known) = self.known.get_mut(known).filter(|known| known.step != step) {
            known.step = step;
            known.form.literals().for_each(words);
        }
    }
}

/// Texts by their numbers, each of them once.
pub(in crate::embedded) fn numbered<'a>(
    numbers: &[Option<usize>],
    text: impl Fn(usize) -> Option<&'a str>,
) -> DictionaryArray<Int32Type> {
    let mut places: HashMap<usize, Option<i32>> = HashMap::new();
    let (mut texts, mut last) = (StringBuilder::new(), (None, None));
    let mut count = 0;
    let mut place_of = |number: usize| {
        *places.entry(number).or_insert_with(|| {
            let text = text(number)?;
            texts.append_value(text);
            count += 1;
            Some(count - 1)
        })
    };
    let mut keys = PrimitiveBuilder::<Int32Type>::with_capacity(numbers.len());
    for number in numbers {
        if *number != last.0 {
            last = (*number, number.and_then(&mut place_of));
        }
        keys.append_option(last.1);
    }
    // Every key is the place of one of the texts.
    DictionaryArray::new(keys.finish(), Arc::new(texts.finish()))
}

/// The name of a column that forms may refer to, or nothing.
fn referred(name: &str) -> String {
    let is_fit = !UNREFERRED.contains(&name) && !name.contains([MARK, END]);
    if is_fit { name.to_owned() } else { String::new() }
}

/// The raw records again. `names` are those of `columns`.
pub(in crate::embedded) fn expand(
    raws: &BinaryArray,
    forms: Texts<'_>,
    rests: Texts<'_>,
    times: &PrimitiveArray<TimestampMicrosecondType>,
    names: &[String],
    columns: &[Option<Texts<'_>>],
) -> Option<BinaryArray> {
    let places: HashMap<&str, usize> =
        names.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
    let place_of = |name: &str| places.get(name).copied();
    let mut known: HashMap<&str, Form> = HashMap::new();
    let mut whole = BinaryBuilder::with_capacity(raws.len(), raws.value_data().len());
    let (mut raw, mut times_written) = (Vec::new(), Writer::default());
    for row in 0..raws.len() {
        let Some(text) = forms.value(row) else {
            whole.append_value(raws.value(row));
            continue;
        };
        if !known.contains_key(text) {
            known.insert(text, Form::parse(text, &place_of)?);
        }
        let at = BatchRow { columns, time: times.value(row), row };
        raw.clear();
        known.get(text)?.expand(&at, rests.value(row).unwrap_or_default(), &mut times_written, &mut raw)?;
        whole.append_value(&raw);
    }
    Some(whole.finish())
}
