//! The table of conformance of the language, asked of this engine: its fixture as events of marts, in memory and on disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sentra_kql::plan::{Column, Expr, Node, Op, Plan, Value};
use sentra_kql::run::Dataset;
use sentra_kql::testing::{Case, Expect, cases, fixture, judged, planned};
use sentra_kql::{Builtin, Kind};
use sentra_model::{
    BatchBuilder, Event, EventId, FieldValue, ManualClock, Mart, Outcome, Position, RawRecord, Severity,
    Source, SourceKind, TenantId, TenantScope, Timestamp,
};
use sentra_store::{AskLimits, EmbeddedMarts, HeaderColumn, MartOptions, MartStore, header_columns};

const DAY: i64 = 1_767_225_600;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(DAY + seconds)
}

fn tenant() -> TenantScope {
    TenantScope::new(TenantId::default_tenant())
}

/// Where a column of the fixture is in an event.
struct Stored {
    /// The header column.
    column: &'static str,
    /// What makes the value of its text; nothing where it is of the kind.
    conversion: Option<Builtin>,
}

/// Header columns of another name or kind hold what the header of an event does not have. Moments are in `seen`: `time`
/// keeps the rows in their order, the newest first.
fn stored(table: &str, column: &Column) -> Stored {
    let plain = |column| Stored { column, conversion: None };
    let read = |column, conversion| Stored { column, conversion: Some(conversion) };
    match (table, column.name.as_str()) {
        ("events", "time") | ("people", "since") => plain("seen"),
        ("events", "id") => plain("session"),
        ("events", "bytes") => read("pid", Builtin::ToLong),
        ("events", name) => {
            let header = header_columns().iter().find(|header| header.name == name);
            plain(header.map(|header| header.name).unwrap())
        }
        ("one", "k") | ("people", "level") | ("empty", "a") => plain("severity"),
        ("people" | "roles", "user") => plain("user"),
        ("people", "dept") | ("roles", "role") | ("nums", "k") | ("empty", "b") => plain("app"),
        ("nums", "n") => plain("src_port"),
        ("nums", "r") => read("pid", Builtin::ToReal),
        ("nums", "b") => read("session", Builtin::ToBool),
        ("nums", "p") => read("file", Builtin::ToTimeSpan),
        ("nums", "d") => read("domain", Builtin::ParseJson),
        (table, column) => panic!("{table}.{column} has no place"),
    }
}

fn mart(table: &str) -> Mart {
    serde_json::from_value(format!("x_{table}").into()).unwrap()
}

/// The row as an event.
fn event(table: &str, columns: &[Column], row: &[Value], number: i64) -> (Event<'static>, Timestamp) {
    let mut event = Event::new("test", mart(table), at(-number));
    let mut seen = at(0);
    for (column, value) in columns.iter().zip(row) {
        let text =
            if let (Value::Dynamic(json), "nums") = (value, table) { json.to_string() } else { value.text() };
        let number = || text.parse::<u16>().unwrap_or_default();
        match stored(table, column).column {
            "seen" => seen = text.parse().unwrap(),
            "session" => event.session = text.into(),
            "pid" => event.pid = text.into(),
            "code" => event.code = Some(text.parse().unwrap()),
            "outcome" => event.outcome = if text == "failure" { Outcome::Failure } else { Outcome::Success },
            "host" => event.host = text.into(),
            "user" => event.user = text.into(),
            "src_ip" => event.src_ip = text.into(),
            "src_port" => event.src_port = number(),
            "dst_port" => event.dst_port = number(),
            "severity" => event.severity = Severity::from_ocsf(number().try_into().unwrap()),
            "process" => event.process = text.into(),
            "message" => event.message = text.into(),
            "app" => event.app = text.into(),
            "file" => event.file = text.into(),
            "domain" => event.domain = text.into(),
            "fields" => {
                let Value::Dynamic(serde_json::Value::Object(fields)) = value else { panic!("{value:?}") };
                for (name, value) in fields {
                    let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                    for value in values {
                        event.push(name.clone(), FieldValue::Text(value.as_str().unwrap().to_owned().into()));
                    }
                }
            }
            other => panic!("{other} is not filled"),
        }
    }
    (event, seen)
}

async fn filled(
    dir: &Path,
    data: &Dataset,
    columns: &BTreeMap<String, Vec<Column>>,
    flush: bool,
) -> EmbeddedMarts {
    let marts =
        EmbeddedMarts::open(dir, MartOptions::default(), Arc::new(ManualClock::new(at(0)))).await.unwrap();
    let tenant = tenant();
    let mut offset = 0;
    for (table, rows) in data {
        let mut builder = BatchBuilder::new(tenant.tenant().clone(), mart(table));
        for (number, row) in rows.iter().enumerate() {
            let (event, received) = event(table, &columns[table], row, i64::try_from(number).unwrap());
            let source =
                Source { kind: SourceKind::File, origin: "fixture".into(), format: None, reference: at(0) };
            let record = RawRecord { source: &source, position: offset + 1, received, bytes: b"" };
            builder.push(EventId::raw(0, offset), &record, &event).unwrap();
            offset += 1;
        }
        if !rows.is_empty() {
            marts
                .append(&tenant, vec![builder.finish().unwrap()], Position { partition: 0, offset })
                .await
                .unwrap();
        }
    }
    if flush {
        marts.flush(&tenant).await.unwrap();
    }
    marts
}

/// `node` over the marts in place of the tables.
fn over_marts(node: &Node) -> Node {
    let Op::Scan { table } = &node.op else {
        return node.try_map_inputs(&mut |input| Ok::<Node, ()>(over_marts(input))).unwrap();
    };
    let headers = header_columns();
    let value = |column: &Column| {
        let stored = stored(table, column);
        let place = headers.iter().position(|header| header.name == stored.column).unwrap();
        let plain = Expr::column(place, headers[place].kind.kind());
        match stored.conversion {
            Some(conversion) => Expr::call(column.kind, conversion, vec![plain]),
            None => plain,
        }
    };
    let values = node.columns.iter().map(value).collect();
    let of_scan = |header: &HeaderColumn| match header.kind.kind() {
        Kind::Dynamic => Column::fields(header.name),
        kind => Column::new(header.name, kind),
    };
    let scan =
        Node { op: Op::Scan { table: format!("x_{table}") }, columns: headers.iter().map(of_scan).collect() };
    Node { op: Op::Project { input: Box::new(scan), values }, columns: node.columns.clone() }
}

/// How a question was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    Native,
    RowFunctions,
    Interpreter,
    Refused,
}

async fn asked(marts: &EmbeddedMarts, case: &Case, plan: &Plan) -> Result<How, String> {
    let plan = Plan { root: over_marts(&plan.root), render: None, notes: Vec::new() };
    let answer = marts.ask(&tenant(), &plan, &AskLimits::default()).await;
    let answer = answer.map_err(|error| format!("{error:?}"))?;
    judged(case, Ok((&plan.root.columns, &answer.rows)))?;
    let says = |text: &str| answer.engines.iter().any(|engine| engine.contains(text));
    Ok(if says("interpreter") {
        How::Interpreter
    } else if says("row by row") {
        How::RowFunctions
    } else {
        How::Native
    })
}

/// What stands between these in the page is written by `UPDATE_EXPECT=1`.
const BEGIN: &str = "<!-- Written by `UPDATE_EXPECT=1 cargo test -p sentra-store conformance`. -->\n";
const END: &str = "<!-- End of what is written. -->\n";

fn table(counts: &BTreeMap<&str, BTreeMap<How, usize>>) -> String {
    let mut lines = String::from(
        "\n| area | natively | with functions row by row | in the interpreter | refused before |\n|---|---|---|---|---|\n",
    );
    let mut all = BTreeMap::new();
    let kinds = [How::Native, How::RowFunctions, How::Interpreter, How::Refused];
    let cells = |of: &BTreeMap<How, usize>| {
        kinds.map(|how| of.get(&how).copied().unwrap_or_default().to_string()).join(" | ")
    };
    for (area, of_area) in counts {
        lines.push_str(&format!("| {area} | {} |\n", cells(of_area)));
        for (how, count) in of_area {
            *all.entry(*how).or_default() += count;
        }
    }
    format!("{lines}| **all** | {} |\n\n", cells(&all))
}

#[tokio::test]
async fn conformance_of_the_marts() {
    let (catalog, data) = fixture().unwrap();
    let columns: BTreeMap<String, Vec<Column>> =
        catalog.tables.iter().map(|table| (table.name.clone(), table.columns.clone())).collect();
    let (memory, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let in_memory = filled(memory.path(), &data, &columns, false).await;
    let on_disk = filled(disk.path(), &data, &columns, true).await;
    let mut counts: BTreeMap<&str, BTreeMap<How, usize>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for case in cases().unwrap() {
        let mut count = |how| *counts.entry(case.area).or_default().entry(how).or_default() += 1;
        let plan = match (planned(&case, &catalog, true), &case.expect) {
            (Ok(plan), _) => plan,
            (Err(_), Expect::Refused { .. }) => {
                count(How::Refused);
                continue;
            }
            (Err(error), _) => panic!("{}: {error}", case.name),
        };
        let (one, two) = (asked(&in_memory, &case, &plan).await, asked(&on_disk, &case, &plan).await);
        match (one, two) {
            (Ok(_), Ok(how)) => count(how),
            (Err(error), _) => {
                wrong.push(format!("{}: {}\n  {}\n  in memory: {error}", case.area, case.name, case.question))
            }
            (_, Err(error)) => {
                wrong.push(format!("{}: {}\n  {}\n  on disk: {error}", case.area, case.name, case.question))
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/query-language.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    let right = table(&counts);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{right}{END}{after}")).unwrap();
        return;
    }
    assert!(
        written == right,
        "docs/query-language.md is behind the code, UPDATE_EXPECT=1 renews it:\n{right}"
    );
}
