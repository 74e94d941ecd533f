//! Zeek's tab-separated files say what their columns are in a header. This puts the header into every record.

use std::fmt::Write as _;

use memchr::memchr;

/// Law LIMIT: a longer header line is no Zeek header.
const HEADER_BYTES_MAX: usize = 64 * 1024;
/// Law LIMIT: more columns than this are no Zeek log.
const COLUMNS_MAX: usize = 1_024;

/// Stands between the framer of lines and whatever takes records. Once it has seen a header, every line of
/// data comes out as a record of two lines: `#zeek_tsv path=conn … fields=ts,uid,…` and the line as it was.
/// Lines of other logs pass through unchanged, and without a header nothing is changed at all.
///
/// Header lines are no records and are not emitted: what they say is in the records that follow. Law LIMIT:
/// it holds one header of bounded size. No I/O, no clock.
#[derive(Debug, Default, Clone)]
pub struct ZeekTsvFramer {
    layout: Option<Layout>,
    record: Vec<u8>,
}

/// What the header lines have said so far.
#[derive(Debug, Clone)]
struct Layout {
    separator: u8,
    set_separator: String,
    empty_field: String,
    unset_field: String,
    path: String,
    fields: Vec<String>,
    types: Vec<String>,
    /// The line before every record; empty until the fields are known.
    prefix: String,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            separator: b'\t',
            set_separator: ",".to_owned(),
            empty_field: "(empty)".to_owned(),
            unset_field: "-".to_owned(),
            path: String::new(),
            fields: Vec::new(),
            types: Vec::new(),
            prefix: String::new(),
        }
    }
}

impl ZeekTsvFramer {
    /// A framer that has seen no header.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A framer in the middle of a file, whose header an earlier one saw: `header` is what [`Self::header`] gave.
    #[must_use]
    pub fn resume(header: &str) -> Self {
        let layout = Layout { prefix: header.trim_end().to_owned(), ..Layout::default() };
        let is_header = header.starts_with("#zeek_tsv ") && header.len() <= HEADER_BYTES_MAX;
        Self { layout: is_header.then_some(layout), record: Vec::new() }
    }

    /// The line that is put before every record, to be kept beside the position in a file; `None` without a header.
    #[must_use]
    pub fn header(&self) -> Option<&str> {
        self.layout.as_ref().map(|layout| layout.prefix.as_str()).filter(|prefix| !prefix.is_empty())
    }

    /// Takes a line without its end and hands on the record of it, if it is one. `position` is passed through.
    pub fn push(&mut self, position: u64, line: &[u8], emit: &mut impl FnMut(u64, &[u8])) {
        if line.first() == Some(&b'#') && self.take_header(line) {
            return;
        }
        let Some(layout) = self.layout.as_ref().filter(|layout| layout.is_data(line)) else {
            return emit(position, line);
        };
        self.record.clear();
        self.record.extend_from_slice(layout.prefix.as_bytes());
        self.record.push(b'\n');
        self.record.extend_from_slice(line);
        emit(position, &self.record);
    }

    /// Whether the line is one of a header.
    fn take_header(&mut self, line: &[u8]) -> bool {
        let Some(text) = std::str::from_utf8(line).ok().filter(|text| text.len() <= HEADER_BYTES_MAX) else {
            return false;
        };
        if let Some(separator) = text.strip_prefix("#separator ") {
            // A new file begins.
            let layout = Layout { separator: separator_of(separator), ..Layout::default() };
            self.layout = Some(layout);
            return true;
        }
        let name_end = text.find(['\t', ' ']).unwrap_or(text.len());
        let (name, _) = text.split_at_checked(name_end).unwrap_or((text, ""));
        if self.layout.is_none() && name != "#fields" {
            return false;
        }
        let layout = self.layout.get_or_insert_default();
        let separator = char::from(layout.separator);
        let (name, value) = text.split_once(separator).unwrap_or((text, ""));
        let list =
            |value: &str| value.split(separator).take(COLUMNS_MAX).map(str::to_owned).collect::<Vec<_>>();
        match name {
            "#set_separator" => layout.set_separator = value.to_owned(),
            "#empty_field" => layout.empty_field = value.to_owned(),
            "#unset_field" => layout.unset_field = value.to_owned(),
            "#path" => layout.path = value.to_owned(),
            "#fields" => {
                layout.fields = list(value);
                layout.types.clear();
            }
            "#types" => layout.types = list(value),
            "#open" => {}
            // What follows is another file.
            "#close" => {
                self.layout = None;
                return true;
            }
            _ => return false,
        }
        layout.write_prefix();
        true
    }
}

impl Layout {
    /// Whether the line is data under this header: it has as many columns, give or take those of a cut line.
    fn is_data(&self, line: &[u8]) -> bool {
        !self.prefix.is_empty()
            && line.first() != Some(&b'{')
            && line.first() != Some(&b'#')
            && (self.fields.len() == 1 || memchr(self.separator, line).is_some())
    }

    fn write_prefix(&mut self) {
        self.prefix.clear();
        if self.fields.is_empty() {
            return;
        }
        self.prefix.push_str("#zeek_tsv path=");
        push_word(&mut self.prefix, &self.path);
        let separators = [
            ("sep", char::from(self.separator).to_string()),
            ("set", self.set_separator.clone()),
            ("empty", self.empty_field.clone()),
            ("unset", self.unset_field.clone()),
        ];
        for (name, value) in separators {
            let _ = write!(self.prefix, " {name}=");
            push_word(&mut self.prefix, &value);
        }
        self.prefix.push_str(" fields=");
        for (position, field) in self.fields.iter().enumerate() {
            if position > 0 {
                self.prefix.push(',');
            }
            push_word(&mut self.prefix, field);
            let kind = self.types.get(position).map_or("", String::as_str);
            if kind == "bool" {
                self.prefix.push('?');
            } else if kind.starts_with("set[") || kind.starts_with("vector[") {
                self.prefix.push('*');
            }
        }
    }
}

/// `\x09`, as the first line of a file names its separator.
fn separator_of(text: &str) -> u8 {
    let hex = text.trim().strip_prefix("\\x").and_then(|digits| u8::from_str_radix(digits, 16).ok());
    hex.or_else(|| text.as_bytes().first().copied()).filter(u8::is_ascii).unwrap_or(b'\t')
}

/// Adds `text` with what would end a word written as `%` and two hex digits.
fn push_word(line: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            ' ' | '%' | '\t' | '\n' | '\r' | '?' | '*' => {
                let _ = write!(line, "%{:02x}", u32::from(character));
            }
            other if other.is_control() => {
                let _ = write!(line, "%{:02x}", u32::from(other) & 0xff);
            }
            other => line.push(other),
        }
    }
}

#[cfg(test)]
#[path = "framer_tests.rs"]
mod tests;
