//! Records of values in a fixed order: CSV and its relatives.

use std::borrow::Cow;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use sentra_model::FieldValue;

use super::intern::kept;
use super::keys::{check, field_name, hint, is_field_name, text};
use super::problem::Faults;
use super::value::Found;
use super::yaml::{Node, Value};

/// Most columns of a format.
const COLUMNS_MAX: usize = 512;

/// How the columns of a record are written.
#[derive(Debug)]
pub(super) struct Csv {
    /// None for `_`, which is read and forgotten.
    columns: Vec<Option<Cow<'static, str>>>,
    /// Columns that a record must have at least.
    columns_min: usize,
    delimiter: u8,
    quote: Option<u8>,
    reader: Reader,
}

const KEYS: [&str; 4] = ["columns", "columns_min", "delimiter", "quote"];

impl Csv {
    /// Reads the settings under `csv`.
    pub(super) fn compile(node: &Node, faults: &mut Faults) -> Option<Self> {
        if !check(node, "csv", &KEYS, faults) {
            return None;
        }
        let columns = columns(node, faults)?;
        let delimiter = delimiter(node, faults)?;
        let quote = match node.get("quote") {
            None => Some(b'"'),
            Some(node) => match text(node, "quote", faults)? {
                "none" => None,
                one if one.len() == 1 => one.bytes().next(),
                other => {
                    faults.error(node.line, format!("quote: `{other}` is neither one character nor none"));
                    return None;
                }
            },
        };
        let columns_min = match node.get("columns_min") {
            None => columns.len(),
            Some(node) => {
                let number = node.text().and_then(|text| text.parse().ok());
                let Some(number) = number.filter(|number| (1..=columns.len()).contains(number)) else {
                    faults.error(node.line, "columns_min must be a number of columns, at least 1");
                    return None;
                };
                number
            }
        };
        let mut builder = ReaderBuilder::new();
        // Every record gets a copy of the reader as it was made, and copies of csv-core's table-driven automaton
        // lack half of its tables (0.1.13): the other one takes more steps per byte, but none to be made.
        builder.delimiter(delimiter).quoting(quote.is_some()).nfa(true);
        if let Some(quote) = quote {
            builder.quote(quote);
        }
        Some(Self { columns, columns_min, delimiter, quote, reader: builder.build() })
    }

    /// The names of the columns.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter_map(Option::as_deref)
    }

    /// Adds the values of `line` to `found`, unless their number is not that of the columns.
    pub(super) fn read<'a>(&self, line: &'a str, found: &mut Vec<Found<'a>>) -> bool {
        let is_quoted = self.quote.is_some_and(|quote| memchr::memchr(quote, line.as_bytes()).is_some());
        let values: Vec<Cow<'a, str>> = if is_quoted {
            match self.quoted(line) {
                Some(values) => values,
                None => return false,
            }
        } else {
            let delimiter = char::from(self.delimiter);
            line.split(delimiter).take(COLUMNS_MAX + 1).map(Cow::Borrowed).collect()
        };
        if values.len() < self.columns_min || values.len() > self.columns.len() {
            return false;
        }
        let named = self.columns.iter().zip(values);
        found.extend(
            named.filter_map(|(name, value)| Some(Found::new(name.clone()?, FieldValue::Text(value)))),
        );
        true
    }

    /// The values of a line in which there are quotes.
    fn quoted(&self, line: &str) -> Option<Vec<Cow<'static, str>>> {
        let mut reader = self.reader.clone();
        let mut output = vec![0; line.len()];
        let mut ends = vec![0; COLUMNS_MAX + 1];
        let (mut input, mut written, mut ended) = (line.as_bytes(), 0, 0);
        loop {
            let (result, read, wrote, new_ends) =
                reader.read_record(input, output.get_mut(written..)?, ends.get_mut(ended..)?);
            (written, ended) = (written + wrote, ended + new_ends);
            input = input.get(read..)?;
            match result {
                // Read once more, without any input: that is the end of the record.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record | ReadRecordResult::End => break,
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => return None,
            }
        }
        let mut values = Vec::with_capacity(ended);
        let mut start = 0;
        for end in ends.get(..ended)? {
            let value = std::str::from_utf8(output.get(start..*end)?).ok()?;
            values.push(Cow::Owned(value.to_owned()));
            start = *end;
        }
        Some(values)
    }
}

fn columns(node: &Node, faults: &mut Faults) -> Option<Vec<Option<Cow<'static, str>>>> {
    let Some(list) = node.get("columns") else {
        faults.error(node.line, "csv needs `columns`, the names of the values in their order");
        return None;
    };
    let Value::List(items) = &list.value else {
        faults.error(list.line, "columns must be a list of names");
        return None;
    };
    if items.is_empty() || items.len() > COLUMNS_MAX {
        faults.error(list.line, format!("columns must be 1 to {COLUMNS_MAX} names, not {}", items.len()));
        return None;
    }
    let mut columns: Vec<Option<Cow<'static, str>>> = Vec::with_capacity(items.len());
    for item in items {
        let name = field_name(item, "columns", faults)?;
        if !is_field_name(name) {
            return None;
        }
        if columns.iter().any(|known| known.as_deref() == Some(name)) {
            faults.error(item.line, format!("the column `{name}` is there twice"));
        }
        columns.push((name != "_").then(|| kept(name)));
    }
    Some(columns)
}

fn delimiter(node: &Node, faults: &mut Faults) -> Option<u8> {
    let Some(node) = node.get("delimiter") else { return Some(b',') };
    let words = ["tab", "comma", "semicolon", "pipe"];
    match text(node, "delimiter", faults)? {
        "tab" => Some(b'\t'),
        "comma" => Some(b','),
        "semicolon" => Some(b';'),
        "pipe" => Some(b'|'),
        one if one.len() == 1 => one.bytes().next(),
        other => {
            faults.error(
                node.line,
                format!("delimiter: `{other}` is not one ASCII character{}", hint(other, &words)),
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declared::yaml::documents;

    fn csv(text: &str) -> Csv {
        let mut faults = Faults::default();
        let csv = Csv::compile(&documents(text).unwrap()[0], &mut faults);
        assert_eq!(faults.0, []);
        csv.unwrap()
    }

    #[test]
    fn values_get_the_names_of_their_columns() {
        let comma = csv("columns: [a, _, c]\n");
        let tab = csv("columns: [a, b, c]\ndelimiter: tab\nquote: none\ncolumns_min: 2\n");
        let cases = [
            (&comma, "1,2,3", Some("a=1|c=3")),
            (&comma, r#""x, ""y""",2,"ü""#, Some(r#"a=x, "y"|c=ü"#)),
            (&comma, r#""unclosed,2,3"#, None),
            (&comma, r#""",,"#, Some("a=|c=")),
            (&comma, "1,2", None),
            (&comma, "1,2,3,4", None),
            (&tab, "1\t\"2\"", Some("a=1|b=\"2\"")),
            (&tab, "1", None),
        ];
        for (csv, line, expected) in cases {
            let mut found = Vec::new();
            let read = csv.read(line, &mut found);
            let texts: Vec<_> =
                found.iter().map(|found| format!("{}={}", found.name, found.value.as_text())).collect();
            assert_eq!(read.then(|| texts.join("|")).as_deref(), expected, "{line}");
        }
    }
}
