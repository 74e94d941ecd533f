//! In the search bar's shorthand: `user:adm* "failed password" -src_ip:10.0.0.0/8`.

use sentra_kql::plan::Catalog;
use sentra_kql::{Observed as _, SUGGESTIONS_MAX};
use sentra_store::header_columns;

use super::seen::Known;
use super::{CompletedItem, CompletedPart, ItemKind};

/// The term that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// The part of the text that an item replaces.
    pub(super) replaces: CompletedPart,
    /// The field whose value is being written; nothing while it is not known what it is about.
    pub(super) field: Option<String>,
    /// What of the value, or of the field, is written.
    pub(super) written: String,
    /// Whether it is the only term.
    is_alone: bool,
}

/// The `|` before `offset` at which the search bar's words end.
pub(super) fn pipe_before(text: &str, offset: usize) -> Option<usize> {
    let mut quoted = false;
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if quoted => {
                letters.next();
            }
            '"' => quoted = !quoted,
            // `||` is the shorthand's or.
            '|' if !quoted && letters.next_if(|(_, next)| *next == '|').is_none() => {
                return (at < offset).then_some(at);
            }
            _ => {}
        }
    }
    None
}

/// Whether a field is compared with something in `text`.
pub(super) fn has_fields(text: &str) -> bool {
    text.split_whitespace().any(|term| field_of(term.trim_start_matches(['-', '!', '+', '('])).is_some())
}

/// The term that ends at `offset`.
pub(super) fn term_at(text: &str, offset: usize) -> Term {
    let before = text.get(..offset).unwrap_or_default();
    let start = term_start(before);
    let written = before.get(start..).unwrap_or_default();
    let sign = written.len() - written.trim_start_matches(['-', '!', '+']).len();
    let (start, written) = (start + sign, written.get(sign..).unwrap_or_default());
    let is_alone = before.get(..start).unwrap_or_default().trim().is_empty();
    let Some((name, value)) = field_of(written) else {
        let replaces = CompletedPart { from: start, to: offset };
        return Term { replaces, field: None, written: written.to_owned(), is_alone };
    };
    let list = value.rfind('(').map_or(0, |bracket| bracket + 1);
    let value = value.get(list..).unwrap_or_default();
    // Within a list the last word counts.
    let in_list = if list > 0 { term_start(value) } else { 0 };
    let value = value.get(in_list..).unwrap_or_default();
    let compared = value.len() - value.trim_start_matches(['=', '>', '<']).len();
    let value = value.get(compared..).unwrap_or_default();
    Term {
        replaces: CompletedPart { from: offset - value.len(), to: offset },
        field: Some(name),
        written: value.trim_start_matches('"').replace("\\\\", "\\"),
        is_alone,
    }
}

/// Where the last term of `before` begins: behind the last blank that is not quoted and in no list of values.
fn term_start(before: &str) -> usize {
    let (mut start, mut quoted, mut depth) = (0, false, 0_usize);
    let mut letters = before.char_indices();
    let mut last = ' ';
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if quoted => {
                letters.next();
            }
            '"' => quoted = !quoted,
            '(' if !quoted && last == ':' => depth += 1,
            '(' if !quoted && depth == 0 => start = at + 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            letter if letter.is_whitespace() && !quoted && depth == 0 => start = at + letter.len_utf8(),
            _ => {}
        }
        last = letter;
    }
    start
}

/// The field and what is written behind its colon.
fn field_of(term: &str) -> Option<(String, &str)> {
    if let Some(quoted) = term.strip_prefix("[\"") {
        let (name, value) = quoted.split_once("\"]:")?;
        return Some((name.to_owned(), value));
    }
    let (name, value) = term.split_once(':')?;
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-' | '@');
    let is_name = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    let is_field = is_name && name.chars().all(is_part) && !value.starts_with("//");
    is_field.then(|| (name.strip_prefix("fields.").unwrap_or(name).to_owned(), value))
}

/// What may stand in place of `term`.
pub(super) fn items(term: &Term, catalog: &Catalog, known: &Known) -> Vec<CompletedItem> {
    let mut items = Vec::new();
    let prefix = term.written.to_lowercase();
    let begins = |text: &str| text.to_lowercase().starts_with(&prefix);
    if let Some(field) = &term.field {
        for value in known.values(field, &term.written) {
            let detail = format!("seen in {field}");
            items.push(CompletedItem { text: quoted(&value), kind: ItemKind::Value, detail });
        }
        items.truncate(SUGGESTIONS_MAX);
        return items;
    }
    if term.is_alone {
        for table in catalog.tables.iter().filter(|table| begins(&table.name)) {
            let (text, detail) = (table.name.clone(), table.title.clone());
            items.push(CompletedItem { text, kind: ItemKind::Table, detail });
        }
    }
    for header in header_columns().iter().filter(|header| begins(header.name)) {
        let detail = format!("{}: {}", header.kind.kind(), header.title);
        items.push(CompletedItem { text: format!("{}:", header.name), kind: ItemKind::Column, detail });
    }
    for field in known.fields(&term.written) {
        let detail = "a field of the source".to_owned();
        items.push(CompletedItem { text: format!("{}:", name(&field)), kind: ItemKind::Column, detail });
    }
    items.truncate(SUGGESTIONS_MAX);
    items
}

/// A name as it stands before a colon.
fn name(field: &str) -> String {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-' | '@');
    let is_plain = field.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    if is_plain && field.chars().all(is_part) { field.to_owned() } else { format!("[{}]", in_quotes(field)) }
}

/// A value as it stands behind a colon: in quotes wherever something else would be read without.
fn quoted(value: &str) -> String {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '@');
    let is_plain =
        value.starts_with(char::is_alphanumeric) && value.chars().all(is_part) && !value.contains("..");
    if is_plain { value.to_owned() } else { in_quotes(value) }
}

fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_term_at_the_cursor_is_found() {
        let cases = [
            ("", None, "", ""),
            ("us", None, "us", "us"),
            ("user:", Some("user"), "", ""),
            ("user:ro", Some("user"), "ro", "ro"),
            ("code:LL03 -user:ro", Some("user"), "ro", "ro"),
            ("\"two words\" us", None, "us", "us"),
            ("user:\"Äsa B", Some("user"), "Äsa B", "\"Äsa B"),
            ("user:(root or ad", Some("user"), "ad", "ad"),
            ("(user:ro", Some("user"), "ro", "ro"),
            ("[\"odd name\"]:x", Some("odd name"), "x", "x"),
            ("fields.user:x", Some("user"), "x", "x"),
            ("severity:>=3", Some("severity"), "3", "3"),
            ("https://x", None, "https://x", "https://x"),
            ("process:\"C:\\\\Win", Some("process"), "C:\\Win", "\"C:\\\\Win"),
        ];
        for (text, field, written, replaced) in cases {
            let term = term_at(text, text.len());
            assert_eq!(term.field.as_deref(), field, "{text}");
            assert_eq!(term.written, written, "{text}");
            assert_eq!(&text[term.replaces.from..term.replaces.to], replaced, "{text}");
        }
    }

    #[test]
    fn pipes_in_quotes_end_nothing() {
        assert_eq!(pipe_before("user:a | co", 11), Some(7));
        assert_eq!(pipe_before("user:a | co", 7), None);
        assert_eq!(pipe_before("\"a | b\" c", 9), None);
        assert_eq!(pipe_before("a || b", 6), None);
    }

    #[test]
    fn values_are_quoted_where_they_must_be() {
        for (value, expected) in [
            ("root", "root"),
            ("svc-backup@corp", "svc-backup@corp"),
            ("10.0.0.1", "10.0.0.1"),
            ("10.0.0.0/8", "\"10.0.0.0/8\""),
            ("two words", "\"two words\""),
            ("-minus", "\"-minus\""),
            ("C:\\Win", "\"C:\\\\Win\""),
            ("a\"b", "\"a\\\"b\""),
            ("1..5", "\"1..5\""),
        ] {
            assert_eq!(quoted(value), expected);
        }
    }
}
