//! Reading labelled rows from CSV: the NSL-KDD form, and any file with a header. A line that cannot be read is a
//! problem with its number; the others are read.

mod collect;

use std::fmt;

use super::table::{ColumnKind, TABLE_COLUMNS_MAX, TABLE_ROWS_MAX, Table};
use collect::Collector;

/// Most problems that are told one by one; the others are only counted.
pub const PROBLEMS_TOLD_MAX: usize = 100;

/// The feature columns of the NSL-KDD form, in order.
const NSL_KDD: [&str; 41] = [
    "duration",
    "protocol_type",
    "service",
    "flag",
    "src_bytes",
    "dst_bytes",
    "land",
    "wrong_fragment",
    "urgent",
    "hot",
    "num_failed_logins",
    "logged_in",
    "num_compromised",
    "root_shell",
    "su_attempted",
    "num_root",
    "num_file_creations",
    "num_shells",
    "num_access_files",
    "num_outbound_cmds",
    "is_host_login",
    "is_guest_login",
    "count",
    "srv_count",
    "serror_rate",
    "srv_serror_rate",
    "rerror_rate",
    "srv_rerror_rate",
    "same_srv_rate",
    "diff_srv_rate",
    "srv_diff_host_rate",
    "dst_host_count",
    "dst_host_srv_count",
    "dst_host_same_srv_rate",
    "dst_host_diff_srv_rate",
    "dst_host_same_src_port_rate",
    "dst_host_srv_diff_host_rate",
    "dst_host_serror_rate",
    "dst_host_srv_serror_rate",
    "dst_host_rerror_rate",
    "dst_host_srv_rerror_rate",
];

/// Which columns of the NSL-KDD form are names.
const NSL_KDD_NAMES: std::ops::Range<usize> = 1..4;

/// Where NSL-KDD has its label, from 0. The column behind it, the difficulty, may be absent.
const NSL_KDD_LABEL: usize = 41;

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProblem {
    /// The line, from 1; 0 for the file as a whole.
    pub line: u64,
    /// What is wrong, and what to do.
    pub what: String,
}

impl fmt::Display for RowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// The feature columns of a file, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shape {
    /// Name and kind of each.
    pub columns: Vec<(String, ColumnKind)>,
}

/// Rows and what they are said to be.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledTable {
    /// The features.
    pub table: Table,
    /// What each row is said to be.
    pub labels: Vec<String>,
    /// Whether each row is anything but normal.
    pub is_attack: Vec<bool>,
    /// How many of 21 reference learners got the row right, where the file says so.
    pub difficulty: Vec<Option<u8>>,
    /// The first problems, in the order of lines.
    pub problems: Vec<RowProblem>,
    /// How many lines could not be read.
    pub lines_refused: u64,
}

impl LabelledTable {
    /// The places of the rows that are normal.
    #[must_use]
    pub fn normal_rows(&self) -> Vec<u32> {
        let rows = self.is_attack.iter().enumerate();
        rows.filter(|(_, attack)| !**attack).map(|(row, _)| row as u32).collect()
    }

    /// Its shape, so that another file can be read alike.
    #[must_use]
    pub fn shape(&self) -> Shape {
        let kinds = self.table.columns().iter().map(super::table::Column::kind);
        Shape { columns: self.table.names().iter().cloned().zip(kinds).collect() }
    }
}

/// Reads the NSL-KDD form: no header, 41 features, the label, and perhaps the difficulty.
#[must_use]
pub fn read_nsl_kdd(bytes: &[u8]) -> LabelledTable {
    let kind = |place| if NSL_KDD_NAMES.contains(&place) { ColumnKind::Category } else { ColumnKind::Number };
    let columns = NSL_KDD.iter().enumerate().map(|(place, name)| ((*name).to_owned(), kind(place))).collect();
    let mut collector = Collector::new(Shape { columns }, "normal");
    let features: Vec<usize> = (0..NSL_KDD.len()).collect();
    let mut records = csv_reader(bytes);
    let mut record = csv::ByteRecord::new();
    while collector.rows() < TABLE_ROWS_MAX {
        match records.read_byte_record(&mut record) {
            Ok(false) => return collector.finish(),
            Ok(true) => {
                let line = record.position().map_or(0, csv::Position::line);
                if record.len() == NSL_KDD_LABEL + 1 || record.len() == NSL_KDD_LABEL + 2 {
                    collector.take(&record, line, &features, NSL_KDD_LABEL, Some(NSL_KDD_LABEL + 1));
                } else {
                    let what = format!(
                        "{} columns: give 41 features, the label, and the difficulty if known",
                        record.len()
                    );
                    collector.refuse(line, what);
                }
            }
            Err(error) => collector.refuse(records.position().line(), error.to_string()),
        }
    }
    collector.too_long();
    collector.finish()
}

/// Reads a CSV file with a header. `label` names the column that says what a row is, `normal` what it says of a normal
/// row. A column is of numbers when each of its values is one; with a `shape`, its columns are taken by their names.
#[must_use]
pub fn read_labelled(bytes: &[u8], label: &str, normal: &str, shape: Option<&Shape>) -> LabelledTable {
    let mut records = csv_reader(bytes);
    let mut header = csv::ByteRecord::new();
    if !matches!(records.read_byte_record(&mut header), Ok(true)) {
        return Collector::new(Shape::default(), normal)
            .nothing(0, "no header: name the columns in the first line");
    }
    let names: Vec<String> =
        header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    let Some(label_place) = names.iter().position(|name| name == label) else {
        let what = format!("no column {label:?}: name the column of labels, one of {}", list(&names));
        return Collector::new(Shape::default(), normal).nothing(1, &what);
    };
    if names.len() > TABLE_COLUMNS_MAX {
        let what = format!("{} columns: at most {TABLE_COLUMNS_MAX}", names.len());
        return Collector::new(Shape::default(), normal).nothing(1, &what);
    }
    let shape = match shape {
        Some(shape) => shape.clone(),
        None => guessed(bytes, &names, label_place),
    };
    let features: Vec<usize> = shape
        .columns
        .iter()
        .map(|(wanted, _)| names.iter().position(|name| name == wanted).unwrap_or(usize::MAX))
        .collect();
    let mut collector = Collector::new(shape, normal);
    let mut record = csv::ByteRecord::new();
    while collector.rows() < TABLE_ROWS_MAX {
        match records.read_byte_record(&mut record) {
            Ok(false) => return collector.finish(),
            Ok(true) => {
                let line = record.position().map_or(0, csv::Position::line);
                if record.len() == names.len() {
                    collector.take(&record, line, &features, label_place, None);
                } else {
                    collector
                        .refuse(line, format!("{} columns: the header has {}", record.len(), names.len()));
                }
            }
            Err(error) => collector.refuse(records.position().line(), error.to_string()),
        }
    }
    collector.too_long();
    collector.finish()
}

fn csv_reader(bytes: &[u8]) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes)
}

fn list(names: &[String]) -> String {
    const SHOWN_MAX: usize = 20;
    let shown: Vec<String> =
        names.iter().take(SHOWN_MAX).map(|name| name.chars().take(40).collect()).collect();
    shown.join(", ")
}

/// The shape of a file: a column of which every value is a number is one of numbers. Lines that do not fit count for
/// nothing.
fn guessed(bytes: &[u8], names: &[String], label: usize) -> Shape {
    let mut is_number = vec![true; names.len()];
    let mut records = csv_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let _header = records.read_byte_record(&mut record);
    while matches!(records.read_byte_record(&mut record), Ok(true)) {
        if record.len() == names.len() {
            for (is_number, value) in is_number.iter_mut().zip(record.iter()) {
                *is_number &= value.is_empty() || collect::number(value).is_some();
            }
        }
    }
    let kind = |is_number: &bool| if *is_number { ColumnKind::Number } else { ColumnKind::Category };
    let all = names.iter().zip(&is_number).enumerate();
    let features = all.filter(|(place, _)| *place != label);
    Shape { columns: features.map(|(_, (name, is_number))| (name.clone(), kind(is_number))).collect() }
}

#[cfg(test)]
mod tests {
    use super::super::table::Column;
    use super::*;

    fn line(label: &str) -> String {
        let features: Vec<&str> =
            (0..41).map(|place| if NSL_KDD_NAMES.contains(&place) { "tcp" } else { "1" }).collect();
        format!("{},{label}", features.join(","))
    }

    #[test]
    fn the_nsl_kdd_form_with_its_problems() {
        let text = format!(
            "{}\n{}\nshort,line\n{}\n{}\n",
            line("normal,21"),
            line("neptune,7"),
            line("smurf"),
            line("normal,21").replacen('1', "many", 1),
        );
        let read = read_nsl_kdd(text.as_bytes());
        assert_eq!(read.labels, ["normal", "neptune", "smurf"]);
        assert_eq!(read.is_attack, [false, true, true]);
        assert_eq!(read.difficulty, [Some(21), Some(7), None]);
        assert_eq!(read.table.columns().len(), 41);
        assert_eq!(read.table.columns()[2].kind(), ColumnKind::Category);
        assert_eq!(read.lines_refused, 2);
        assert_eq!(
            read.problems[0].to_string(),
            "line 3: 2 columns: give 41 features, the label, and the difficulty if known"
        );
        assert_eq!(read.problems[1].to_string(), "line 5: column duration is \"many\": give a number");
        assert_eq!(read.normal_rows(), [0]);
    }

    #[test]
    fn a_header_names_the_columns() {
        let text = "bytes,kind,host\n1,benign,a\n2.5,attack,b\n,benign,a\n";
        let read = read_labelled(text.as_bytes(), "kind", "benign", None);
        assert_eq!(read.is_attack, [false, true, false]);
        let shape = read.shape();
        assert_eq!(
            shape.columns,
            [("bytes".to_owned(), ColumnKind::Number), ("host".to_owned(), ColumnKind::Category)]
        );
        let Column::Numbers(values) = &read.table.columns()[0] else { panic!("numbers") };
        assert!(values[2].is_nan());
        // Another file, its columns in another order, and one that says something else.
        let other = "host,bytes,kind\nb,9,attack\nc,x,benign\n";
        let read = read_labelled(other.as_bytes(), "kind", "benign", Some(&shape));
        assert_eq!(read.table.columns()[0], Column::Numbers(vec![9.0]));
        assert_eq!(read.problems[0].line, 3);
    }

    #[test]
    fn what_cannot_be_read_at_all_is_a_problem_too() {
        assert_eq!(read_labelled(b"a,b\n1,2\n", "kind", "normal", None).problems[0].line, 1);
        assert_eq!(read_labelled(b"", "kind", "normal", None).problems[0].line, 0);
        assert!(read_nsl_kdd(b"").labels.is_empty());
        assert!(read_nsl_kdd(&[0xff, 0xfe, b'\n', b',', b'"']).labels.is_empty());
        let shape = Shape { columns: vec![("gone".to_owned(), ColumnKind::Number)] };
        let read = read_labelled(b"kind,b\nnormal,2\n", "kind", "normal", Some(&shape));
        assert_eq!(read.problems[0].what, "no column \"gone\": the training had it");
    }

    #[test]
    fn problems_are_counted_beyond_those_told() {
        let read = read_nsl_kdd("x\n".repeat(PROBLEMS_TOLD_MAX + 50).as_bytes());
        assert_eq!(read.problems.len(), PROBLEMS_TOLD_MAX);
        assert_eq!(read.lines_refused, PROBLEMS_TOLD_MAX as u64 + 50);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let one = read_nsl_kdd(&bytes);
            proptest::prop_assert_eq!(one.labels.len(), one.table.rows());
            let other = read_labelled(&bytes, "a", "b", None);
            proptest::prop_assert_eq!(other.is_attack.len(), other.labels.len());
        }

        #[test]
        fn lines_of_any_cells_are_rows_or_problems(cells in proptest::collection::vec("[0-9a-z.,\\n\"]{0,6}", 0..60)) {
            let text = format!("kind,a,b\n{}", cells.join(","));
            let read = read_labelled(text.as_bytes(), "kind", "normal", None);
            proptest::prop_assert_eq!(read.labels.len(), read.table.rows());
        }
    }
}
