use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sentra_kql::Kind;
use sentra_kql::plan::{Column, Value};
use sentra_model::Timestamp;
use serde_json::json;

use sentra_store::{arrow_schema, record_batch};

use super::*;
use crate::answer::{Intent, Route, Status, StatusDetail};

fn columns() -> Vec<Column> {
    [
        ("time", Kind::DateTime),
        ("n", Kind::Long),
        ("share", Kind::Real),
        ("text", Kind::String),
        ("is", Kind::Bool),
        ("span", Kind::TimeSpan),
        ("json", Kind::Dynamic),
    ]
    .map(|(name, kind)| Column::new(name, kind))
    .to_vec()
}

fn head() -> Head {
    let route = Route {
        intent: Intent::Exact,
        engine: "marts".to_owned(),
        confidence: 1.0,
        reason: String::new(),
        rules: Vec::new(),
        form: "kql".to_owned(),
        router_version: 1,
    };
    let (query_id, understood) = (String::new(), String::new());
    Head { query_id, route, understood, columns: columns(), render: None }
}

fn rows() -> Vec<Row> {
    vec![
        vec![
            Value::DateTime(Timestamp::from_micros(1_767_225_600_000_001)),
            Value::Long(-5),
            Value::Real(0.5),
            Value::String("=cmd, \"quoted\"\nand more, ä".to_owned()),
            Value::Bool(true),
            Value::TimeSpan(90_000_000),
            Value::Dynamic(json!({"a": [1, "x"]})),
        ],
        vec![
            Value::Null,
            Value::Null,
            Value::Real(f64::NAN),
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null,
        ],
    ]
}

fn ending(status: Status) -> Ending {
    let detail = StatusDetail { why: "why".to_owned(), ..StatusDetail::default() };
    Ending { status, detail, go_on: Some("| where x".to_owned()), elapsed_ms: 1 }
}

fn written(format: ExportFormat, safe: bool, status: Status) -> Vec<u8> {
    let mut file = Exporter::begin(format, &head(), safe, Vec::new()).unwrap();
    for row in rows() {
        file.rows(vec![row]).unwrap();
    }
    file.end(&ending(status)).unwrap()
}

#[test]
fn csv_is_read_as_what_it_says() {
    let bytes = written(ExportFormat::Csv, false, Status::Complete);
    let mut lines = ::csv::Reader::from_reader(bytes.as_slice());
    assert_eq!(lines.headers().unwrap(), vec!["time", "n", "share", "text", "is", "span", "json"]);
    let found: Vec<Vec<String>> =
        lines.records().map(|line| line.unwrap().iter().map(str::to_owned).collect()).collect();
    let first = [
        "2026-01-01T00:00:00.000001Z",
        "-5",
        "0.5",
        "=cmd, \"quoted\"\nand more, ä",
        "true",
        "00:01:30",
        r#"{"a":[1,"x"]}"#,
    ];
    assert_eq!(
        found,
        [first.map(str::to_owned).to_vec(), ["", "", "NaN", "", "", "", ""].map(str::to_owned).to_vec()]
    );
}

#[test]
fn spreadsheets_run_nothing_of_a_safe_file() {
    let bytes = written(ExportFormat::Csv, true, Status::Complete);
    let mut lines = ::csv::Reader::from_reader(bytes.as_slice());
    let line = lines.records().next().unwrap().unwrap();
    assert!(line[3].starts_with("'=cmd"), "{line:?}");
    assert_eq!(&line[1], "-5", "a number is no formula");
}

#[test]
fn ndjson_says_when_it_is_not_complete() {
    let lines = |status| {
        let text = String::from_utf8(written(ExportFormat::Ndjson, false, status)).unwrap();
        assert!(text.ends_with('\n'));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<serde_json::Value>>()
    };
    let whole = lines(Status::Complete);
    assert_eq!(whole.len(), 2);
    assert_eq!(whole[0]["json"], json!({"a": [1, "x"]}));
    assert_eq!(
        (&whole[0]["n"], &whole[1]["n"], &whole[1]["share"]),
        (&json!(-5), &json!(null), &json!(null))
    );
    let keys: Vec<&String> = whole[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["time", "n", "share", "text", "is", "span", "json"]);
    let partial = lines(Status::Partial);
    assert_eq!(partial[..2], whole);
    assert_eq!(partial[2]["_sentra"]["status"], "partial");
    assert_eq!(partial[2]["_sentra"]["status_detail"]["why"], "why");
    assert_eq!(partial[2]["_sentra"]["go_on"], "| where x");
}

#[test]
fn parquet_has_types() {
    let bytes = written(ExportFormat::Parquet, false, Status::Complete);
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
    assert_eq!(*reader.schema().as_ref(), *arrow_schema(&columns()).as_ref());
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 2);
    assert_eq!(batches[0].column(1).null_count(), 1);
    let again = record_batch(&columns(), rows()).unwrap();
    assert_eq!(batches[0].column(0), again.column(0));
    assert_eq!(batches[0].column(6), again.column(6));
}

#[test]
fn a_file_without_rows_is_a_file() {
    for format in ExportFormat::ALL {
        let file = Exporter::begin(format, &head(), false, Vec::new()).unwrap();
        let bytes = file.end(&ending(Status::Complete)).unwrap();
        assert_eq!(bytes.is_empty(), format == ExportFormat::Ndjson, "{format:?}");
        assert_eq!(format.as_str().parse::<ExportFormat>(), Ok(format));
    }
    assert!("xlsx".parse::<ExportFormat>().is_err());
}
