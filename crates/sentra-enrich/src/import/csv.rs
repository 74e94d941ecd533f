//! CSV with a header; the separator is the one that the header has most of.

use std::sync::Arc;

use csv::{ByteRecord, ReaderBuilder};

use super::{COLUMNS_MAX, Row, Sink};
use crate::fold::fold_column;
use crate::problem::Problems;

const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

pub(super) fn rows(bytes: &[u8], sink: &mut Sink<'_>, problems: &mut Problems) {
    let mut reader =
        ReaderBuilder::new().flexible(true).has_headers(false).delimiter(separator(bytes)).from_reader(bytes);
    let mut record = ByteRecord::new();
    let mut header: Option<Vec<Arc<str>>> = None;
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                problems.tell(error.position().map_or(0, csv::Position::line), format!("not csv: {error}"));
                break;
            }
        }
        let line = record.position().map_or(0, |position| line_of(bytes, position));
        let is_blank = record.iter().all(<[u8]>::is_empty);
        let is_comment = header.is_none() && record.get(0).is_some_and(|cell| cell.starts_with(b"#"));
        if is_blank || is_comment {
            continue;
        }
        let Some(columns) = &header else {
            header = Some(header_of(&record, line, problems));
            continue;
        };
        if !sink.has_room(problems) {
            break;
        }
        if record.len() > columns.len() && columns.len() < COLUMNS_MAX {
            problems.tell(
                line,
                format!("{} cells under {} columns: is a quote missing?", record.len(), columns.len()),
            );
            continue;
        }
        let row = row_of(columns, &record, line, problems);
        sink.put(&row, problems);
    }
    if header.is_none() {
        problems.tell(0, "the file is empty: the first line must name the columns");
    }
}

/// The line in which a record begins: the reader counts empty lines before it as its own.
fn line_of(bytes: &[u8], position: &csv::Position) -> u64 {
    let from = usize::try_from(position.byte()).unwrap_or_default();
    let before =
        bytes.get(from..).unwrap_or_default().iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
    position.line() + before.filter(|byte| **byte == b'\n').count() as u64
}

fn separator(bytes: &[u8]) -> u8 {
    let first = bytes.split(|byte| *byte == b'\n').find(|line| !line.starts_with(b"#") && !line.is_empty());
    let count = |separator: u8| memchr::memchr_iter(separator, first.unwrap_or_default()).count();
    // The first of the most frequent.
    SEPARATORS.into_iter().rev().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

fn header_of(record: &ByteRecord, line: u64, problems: &mut Problems) -> Vec<Arc<str>> {
    if record.len() > COLUMNS_MAX {
        problems.tell(
            line,
            format!("{} columns; those after the first {COLUMNS_MAX} are left out", record.len()),
        );
    }
    record.iter().take(COLUMNS_MAX).map(|cell| fold_column(&String::from_utf8_lossy(cell)).into()).collect()
}

fn row_of(columns: &[Arc<str>], record: &ByteRecord, line: u64, problems: &mut Problems) -> Row {
    let mut row = Row::new(line);
    for (column, cell) in columns.iter().zip(record) {
        match std::str::from_utf8(cell) {
            Ok(cell) => row.push_folded(column, cell, problems),
            Err(_) => {
                problems.tell(line, format!("value of {column} is not utf-8: save the file as utf-8"));
                row.push_folded(column, &String::from_utf8_lossy(cell), problems);
            }
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use super::super::collect;
    use super::*;

    fn read(text: &str) -> (Vec<Row>, Vec<String>) {
        collect(|sink, problems| rows(text.as_bytes(), sink, problems))
    }

    #[test]
    fn separators_quotes_and_comments() {
        let (rows, problems) = read("# export\nUser Name;Department\nalice;\"R;D\"\n\nbob;\n");
        assert_eq!(problems, Vec::<String>::new());
        let cell = |name: &str, value: &str| (Arc::<str>::from(name), value.to_owned());
        assert_eq!(rows[0].cells, [cell("username", "alice"), cell("department", "R;D")]);
        assert_eq!((rows[0].line, rows[1].line), (3, 5));
        assert_eq!(rows[1].cells.len(), 1);
    }

    #[test]
    fn ten_thousand_columns() {
        let header: Vec<_> = (0..10_000).map(|column| format!("c{column}")).collect();
        let text = format!("{}\n{}\n", header.join(","), vec!["1"; 10_000].join(","));
        let (rows, problems) = read(&text);
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].cells.len(), COLUMNS_MAX);
        assert_eq!(problems, ["x:1: 10000 columns; those after the first 1000 are left out"]);
    }

    #[test]
    fn a_row_too_long_is_told_and_the_rest_goes_on() {
        let (rows, problems) = read("a,b\n1,2,3\n4,5\n6\n");
        assert_eq!(rows.len(), 2);
        assert_eq!(problems, ["x:2: 3 cells under 2 columns: is a quote missing?"]);
        assert!(!read("").1.is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = collect(|sink, problems| rows(&bytes, sink, problems));
        }
    }
}
