//! The samples of a definition: records, and what must come of them.

use sentra_model::{Event, RawRecord, Source, SourceKind, Timestamp};

use super::classes::class;
use super::columns::COLUMNS;
use super::definition::Definition;
use super::keys::{check, hint, text};
use super::problem::{Fault, Faults};
use super::yaml::{Node, Value};
use super::{Declared, FormatProblem};
use crate::{DecodeOptions, Decoded, Decoder};

/// Most samples of one format.
const SAMPLES_MAX: usize = 128;
/// Longest record of a sample, in bytes.
const RECORD_BYTES_MAX: usize = 64 << 10;
/// When samples arrive unless they say it, 2026-01-31T00:00:00Z: times without a year are resolved by it.
const ARRIVAL_SECONDS: i64 = 1_769_817_600;

/// A record and what must come of it.
#[derive(Debug)]
pub(super) struct Sample {
    line: u64,
    name: String,
    record: String,
    received: Timestamp,
    /// The format that the sender names.
    format: Option<String>,
    expect: Expect,
}

#[derive(Debug)]
enum Expect {
    /// It is not of this format.
    None,
    /// It is, and header and fields have these values.
    Event { columns: Vec<Wanted>, fields: Vec<Wanted> },
}

#[derive(Debug)]
struct Wanted {
    name: String,
    value: String,
    line: u64,
}

/// The header columns that an expectation can name beside [`COLUMNS`].
const OTHER_COLUMNS: [&str; 9] =
    ["time", "mart", "class", "code", "outcome", "severity", "product", "service", "problem"];

impl Sample {
    /// Reads the list under `samples`.
    pub(super) fn compile_all(node: &Node, faults: &mut Faults) -> Vec<Self> {
        let Some(list) = node.get("samples") else {
            faults
                .warning(node.line, "no `samples`: a record and what must come of it keep a format working");
            return Vec::new();
        };
        let Value::List(items) = &list.value else {
            faults.error(list.line, "samples must be a list, each with `record` and `expect`");
            return Vec::new();
        };
        if items.len() > SAMPLES_MAX {
            faults
                .error(list.line, format!("{} samples are more than the {SAMPLES_MAX} allowed", items.len()));
            return Vec::new();
        }
        let samples: Vec<Self> = items.iter().filter_map(|item| Self::compile(item, faults)).collect();
        if samples.iter().all(|sample| matches!(sample.expect, Expect::None)) {
            faults
                .warning(list.line, "no sample is of this format: add a record with the values it must have");
        }
        samples
    }

    fn compile(node: &Node, faults: &mut Faults) -> Option<Self> {
        if !check(node, "a sample", &["name", "record", "format", "received", "expect"], faults) {
            return None;
        }
        let name = node.get("name").and_then(|node| text(node, "name", faults)).unwrap_or("unnamed");
        let Some(record) = node.get("record").and_then(Node::text) else {
            faults.error(node.line, "a sample needs `record`, the text of a record");
            return None;
        };
        if record.len() > RECORD_BYTES_MAX {
            faults.error(node.line, format!("record is longer than the {RECORD_BYTES_MAX} bytes allowed"));
            return None;
        }
        let received = match node.get("received") {
            None => Timestamp::from_seconds(ARRIVAL_SECONDS),
            Some(node) => {
                let time = text(node, "received", faults)?.parse();
                faults.keep(
                    node.line,
                    time.map_err(|_| "received must be a time such as 2026-03-01T10:00:00Z".to_owned()),
                )?
            }
        };
        let Some(expect) = node.get("expect") else {
            faults.error(node.line, "a sample needs `expect`: columns and their values, or none");
            return None;
        };
        Some(Self {
            line: node.line,
            name: name.to_owned(),
            record: record.to_owned(),
            received,
            format: node.get("format").and_then(|node| text(node, "format", faults)).map(str::to_owned),
            expect: Expect::compile(expect, faults)?,
        })
    }
}

impl Expect {
    fn compile(node: &Node, faults: &mut Faults) -> Option<Self> {
        if node.text() == Some("none") {
            return Some(Self::None);
        }
        if !matches!(node.value, Value::Map(_)) {
            faults.error(node.line, "expect must be a map of columns and their values, or none");
            return None;
        }
        let columns = COLUMNS.iter().map(|(name, _)| *name);
        let known: Vec<&str> = columns.chain(OTHER_COLUMNS).chain(["fields"]).collect();
        check(node, "expect", &known, faults);
        let wanted = |node: &Node, faults: &mut Faults| {
            let entries = node.entries().iter().filter(|entry| entry.key != "fields");
            let mut wanted = Vec::new();
            for entry in entries {
                let value = match &entry.value.value {
                    // Nothing is what a column without a value holds.
                    Value::Null => String::new(),
                    Value::Text(text) => text.clone(),
                    Value::List(_) | Value::Map(_) => {
                        faults.error(
                            entry.line,
                            format!("expect: the value of `{}` must be a text", entry.key),
                        );
                        continue;
                    }
                };
                wanted.push(Wanted { name: entry.key.clone(), value, line: entry.line });
            }
            wanted
        };
        let columns = wanted(node, faults);
        let fields = node.get("fields").map(|node| wanted(node, faults)).unwrap_or_default();
        Some(Self::Event { columns, fields })
    }
}

/// Runs the samples of every format of `declared`, with all of them and the built-in ones in place.
pub(super) fn run(declared: &Declared) -> Vec<FormatProblem> {
    let decoder = Decoder::new(DecodeOptions { declared: declared.clone(), ..DecodeOptions::default() });
    let mut problems = Vec::new();
    for definition in declared.definitions() {
        let mut faults = Faults::default();
        for sample in &definition.samples {
            run_one(&decoder, definition, sample, &mut faults);
        }
        let faults: Vec<Fault> = faults.0;
        problems.extend(faults.into_iter().map(|fault| fault.at(&definition.path, Some(&definition.name))));
    }
    problems
}

fn run_one(decoder: &Decoder, definition: &Definition, sample: &Sample, faults: &mut Faults) {
    // A format that nothing tells from others is one that senders name.
    let format = match &sample.format {
        Some(format) => Some(format.clone()),
        None if definition.applies.is_known() => None,
        None => Some(definition.name.to_string()),
    };
    let source = |format| Source {
        kind: SourceKind::File,
        origin: definition.path.clone(),
        format,
        reference: sample.received,
    };
    let (bytes, received) = (sample.record.as_bytes(), sample.received);
    let decode = |source| decoder.decode(&RawRecord { source, position: 1, received, bytes });
    let (as_sent, as_named) = (source(format), source(Some(definition.name.to_string())));
    let name = &sample.name;
    match (decode(&as_sent), &sample.expect) {
        (Decoded::Event(event), Expect::None) if event.format == definition.name => {
            faults.error(sample.line, format!("sample {name:?}: it must not be of this format, but it is"));
        }
        (_, Expect::None) => {}
        (Decoded::Dead { reason, detail }, Expect::Event { .. }) => {
            faults.error(
                sample.line,
                format!("sample {name:?}: not understood ({}): {detail}", reason.as_str()),
            );
        }
        (Decoded::Event(event), Expect::Event { .. }) if event.format != definition.name => {
            let message = misread(definition, &event, &decode(&as_named));
            faults.error(sample.line, format!("sample {name:?}: {message}"));
        }
        (Decoded::Event(event), Expect::Event { columns, fields }) => {
            compare(name, &event, columns, fields, sample.line, faults);
        }
    }
}

/// Why a record came to another format. `named` is what became of it when its sender names this one.
fn misread(definition: &Definition, event: &Event<'_>, named: &Decoded<'_>) -> String {
    let other = &event.format;
    if matches!(named, Decoded::Dead { .. }) {
        return format!("it cannot be read this way, so it was read as {other}");
    }
    let is_built_in = crate::formats().iter().any(|format| format.name == *other);
    if matches!(other.as_ref(), "text" | "syslog" | "json") {
        let place =
            if definition.replaces.is_some() { "" } else { ", or a built-in format knows its program" };
        return format!("`applies_to` does not fit it{place}, so it was read as {other}");
    }
    if is_built_in {
        return format!(
            "the built-in format {other} reads it first: say `replaces: {other}` to come before it"
        );
    }
    let name = &definition.name;
    format!("the format {other} reads it first: make its `applies_to` narrower, or that of {name}")
}

fn compare(
    name: &str,
    event: &Event<'_>,
    columns: &[Wanted],
    fields: &[Wanted],
    line: u64,
    faults: &mut Faults,
) {
    for wanted in columns {
        let got = column(event, &wanted.name);
        if !is_same(&wanted.name, &wanted.value, &got) {
            let (column, value) = (&wanted.name, &wanted.value);
            let message = format!("sample {name:?}: {column} must be {value:?} and is {got:?}");
            faults.error(wanted.line, message);
        }
    }
    for wanted in fields {
        let field = &wanted.name;
        let Some(value) = event.field(field) else {
            let names: Vec<&str> = event.fields.iter().map(|(name, _)| name.as_ref()).collect();
            faults.error(
                wanted.line,
                format!("sample {name:?}: it has no field `{field}`{}", hint(field, &names)),
            );
            continue;
        };
        let got = value.as_text();
        if got != wanted.value.as_str() {
            let message =
                format!("sample {name:?}: the field {field} must be {:?} and is {got:?}", wanted.value);
            faults.error(wanted.line, message);
        }
    }
    let is_expected = columns.iter().any(|wanted| wanted.name == "problem");
    if let Some(problem) = event.problem.as_deref().filter(|_| !is_expected) {
        faults.warning(
            line,
            format!("sample {name:?}: something was not understood: {problem}; expect it as `problem` if that is right"),
        );
    }
}

/// Whether a column holds what was wanted: times and classes may be written in several ways.
fn is_same(column: &str, wanted: &str, got: &str) -> bool {
    match column {
        "time" => match (wanted.parse::<Timestamp>(), got.parse::<Timestamp>()) {
            (Ok(wanted), Ok(got)) => wanted == got,
            _ => false,
        },
        "class" => class(wanted).is_ok_and(|class| class.0.to_string() == got),
        _ => wanted == got,
    }
}

/// The value of a header column as text; empty where it has none.
fn column(event: &Event<'_>, name: &str) -> String {
    let port = |port: u16| if port == 0 { String::new() } else { port.to_string() };
    match name {
        "time" => event.time.to_string(),
        "mart" => event.mart.to_string(),
        "class" => event.class.0.to_string(),
        "code" => event.code.map(|code| code.to_string()).unwrap_or_default(),
        "outcome" => event.outcome.as_str().to_owned(),
        "severity" => event.severity.as_str().to_owned(),
        "count" => event.count.to_string(),
        "src_port" => port(event.src_port),
        "dst_port" => port(event.dst_port),
        "problem" => event.problem.as_deref().unwrap_or_default().to_owned(),
        _ => text_column(event, name).to_owned(),
    }
}

fn text_column<'e>(event: &'e Event<'_>, name: &str) -> &'e str {
    match name {
        "product" => &event.product,
        "service" => &event.service,
        "host" => &event.host,
        "user" => &event.user,
        "target_user" => &event.target_user,
        "src_ip" => &event.src_ip,
        "dst_ip" => &event.dst_ip,
        "process" => &event.process,
        "pid" => &event.pid,
        "parent_process" => &event.parent_process,
        "command" => &event.command,
        "session" => &event.session,
        "file" => &event.file,
        "domain" => &event.domain,
        "app" => &event.app,
        "virtual_entity" => &event.virtual_entity,
        "message" => &event.message,
        _ => "",
    }
}
