//! osquery result logs: differential rows and snapshots with one row.

use std::borrow::Cow;

use sentra_model::{Class, Event, Mart};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "osquery",
    title: "osquery results as JSON, with name, action and columns",
    sample: r#"{"name":"pack_example_processes","hostIdentifier":"web1.example.com","calendarTime":"Sun Mar  1 10:00:00 2026 UTC","unixTime":1772359200,"epoch":0,"counter":1,"columns":{"pid":"811","path":"/usr/bin/nc","cmdline":"nc -l 4444","username":"alice"},"action":"added"}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const NAMES: Names = Names {
    time: &["unixTime", "columns.time", "calendarTime"],
    host: &["hostIdentifier", "decorations.hostname", "decorations.host_uuid"],
    user: &["columns.username", "columns.user"],
    src_ip: &["columns.remote_address", "columns.host"],
    src_port: &["columns.remote_port"],
    dst_ip: &["columns.local_address"],
    dst_port: &["columns.local_port"],
    process: &["columns.path", "columns.process", "columns.name"],
    pid: &["columns.pid"],
    command: &["columns.cmdline", "columns.command"],
    file: &["columns.target_path", "columns.path"],
    app: &["name"],
    ..Names::NONE
};

/// Whether the flat fields are those of a result.
fn is_record(fields: &[Field<'_>]) -> bool {
    object::says(fields, &["action"], &["added", "removed", "snapshot"])
        && object::has(fields, "name")
        && (object::has_under(fields, "columns.") || object::has_under(fields, "snapshot."))
}

fn decode<'a>(context: &Context<'_>, mut fields: Vec<Field<'a>>) -> Event<'a> {
    // A snapshot's rows have the same columns under another name.
    let columns =
        |name: &str| object::strip_prefix(name, "snapshot.").map(|column| format!("columns.{column}"));
    let copies: Vec<_> =
        fields.iter().filter_map(|(name, value)| Some((Cow::Owned(columns(name)?), value.clone()))).collect();
    fields.extend(copies);
    let mut event = object::event(context, FORMAT.name, Mart::LINUX, fields, &NAMES);
    event.product = Cow::Borrowed("osquery");
    event.service = Cow::Borrowed("results");
    let is_process = object::has_any(&event.fields, &["columns.cmdline", "columns.parent"]);
    event.class = match () {
        () if is_process => Class::PROCESS,
        () if object::has(&event.fields, "columns.remote_address") => Class::NETWORK,
        () => Class::BASE,
    };
    event
}
