//! OTLP log records: one JSON object per record, as the OTLP doors write them.
//!
//! ```text
//! {"resource":{"attributes":{…}},"scope":{"name":"","version":"","attributes":{}},"time_unix_nano":"…",
//!  "observed_time_unix_nano":"…","severity_number":9,"severity_text":"INFO","body":…,"attributes":{…},
//!  "trace_id":"…","span_id":"…","event_name":"","flags":0}
//! ```
//!
//! A body that is a record of another format (agents ship raw lines) is read by that format; the attributes then
//! complete what the line does not say. Attributes become fields under their own names, resource attributes too
//! where no attribute has the name. Records of legacy systems have a contract of their own, see [`legacy`].

mod legacy;
mod semantic;

use std::borrow::Cow;

use sentra_model::{Event, FieldValue, Mart, Severity, Timestamp};

use crate::decoder::{self, Context};
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::names::{NO_TIME, detach, forget, header_text, note};
use crate::{json, virtual_entity};

pub(crate) static FORMAT: Format = Format {
    name: "otlp",
    title: "OTLP log records, one JSON object each, as the OTLP listeners write them",
    sample: r#"{"resource":{"attributes":{"host.name":"web1.example.com","service.name":"shop","os.type":"linux"},"schema_url":""},"scope":{"name":"app","version":"1","attributes":{}},"time_unix_nano":"1772359200000000000","observed_time_unix_nano":"1772359200100000000","severity_number":17,"severity_text":"ERROR","body":"payment refused","attributes":{"user.name":"alice","client.address":"192.0.2.7"},"trace_id":"","span_id":"","event_name":"","flags":0}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

/// Whether the flat fields are those of an OTLP record.
fn is_record(fields: &[Field<'_>]) -> bool {
    let has = |wanted: &str| fields.iter().any(|(name, _)| name == wanted);
    has("time_unix_nano") && has("observed_time_unix_nano") && has("severity_number")
}

/// The parts of a record.
#[derive(Default)]
struct Record<'a> {
    /// Attributes of the record and of its resource, under their own names.
    attributes: Vec<Field<'a>>,
    resource: Vec<Field<'a>>,
    /// The body when it is one value, or an array of them.
    body_values: Vec<FieldValue<'a>>,
    /// The body when it is an object.
    body_fields: Vec<Field<'a>>,
    /// Everything else.
    rest: Vec<Field<'a>>,
    time: Option<Timestamp>,
    observed: Option<Timestamp>,
    severity: Severity,
}

impl<'a> Record<'a> {
    fn of(fields: Vec<Field<'a>>) -> Self {
        let mut record = Self::default();
        for (name, value) in fields {
            match name.as_ref() {
                "body" => record.body_values.push(value),
                // Zero is how the data model writes "not known".
                "flags" | "severity_number" | "time_unix_nano" | "observed_time_unix_nano"
                    if is_zero(&value) => {}
                "time_unix_nano" => {
                    record.time = nanos(&value);
                    record.rest.push((name, value));
                }
                "observed_time_unix_nano" => {
                    record.observed = nanos(&value);
                    record.rest.push((name, value));
                }
                "severity_number" => {
                    record.severity = severity(&value);
                    record.rest.push((name, value));
                }
                _ => record.place(name, value),
            }
        }
        record
    }

    fn place(&mut self, name: Cow<'a, str>, value: FieldValue<'a>) {
        let places: [(&str, &mut Vec<Field<'a>>); 3] = [
            ("attributes.", &mut self.attributes),
            ("resource.attributes.", &mut self.resource),
            ("body.", &mut self.body_fields),
        ];
        for (prefix, place) in places {
            if name.starts_with(prefix) {
                place.push((without(name, prefix.len()), value));
                return;
            }
        }
        let is_empty = matches!(&value, FieldValue::Text(text) if text.is_empty());
        if !is_empty {
            self.rest.push((name, value));
        }
    }
}

fn is_zero(value: &FieldValue<'_>) -> bool {
    *value == FieldValue::Integer(0) || matches!(value, FieldValue::Text(text) if text == "0")
}

fn without(name: Cow<'_, str>, length: usize) -> Cow<'_, str> {
    match name {
        Cow::Borrowed(name) => Cow::Borrowed(name.get(length..).unwrap_or_default()),
        Cow::Owned(mut name) => {
            name.drain(..length);
            Cow::Owned(name)
        }
    }
}

/// A moment in nanoseconds; 0 is "not known".
fn nanos(value: &FieldValue<'_>) -> Option<Timestamp> {
    let nanos = value.as_text().parse::<u64>().ok().filter(|nanos| *nanos > 0)?;
    i64::try_from(nanos / 1_000).ok().map(Timestamp::from_micros)
}

/// The data model's numbers: 1 to 4 trace, 5 to 8 debug, 9 to 12 info, 13 to 16 warn, 17 to 20 error, 21 to 24 fatal.
fn severity(value: &FieldValue<'_>) -> Severity {
    match value.as_text().parse::<u8>() {
        Ok(1..=12) => Severity::Informational,
        Ok(13..=16) => Severity::Medium,
        Ok(17..=20) => Severity::High,
        Ok(21..=24) => Severity::Critical,
        _ => Severity::Unknown,
    }
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut record = Record::of(fields);
    let moment = record.time.or(record.observed);
    let received = moment.unwrap_or(context.received);
    // The line in a body is of the record's time: a year or a time that it leaves out is taken from there.
    let inner = Context {
        zone: context.zone,
        reference: moment.unwrap_or(context.reference),
        received,
        by_syslog: context.by_syslog,
        is_body: true,
        argument: context.argument,
        declared: context.declared,
    };
    let is_legacy = legacy::is_record(&record.attributes, &record.resource);
    let mut event = body(context, &inner, &mut record, is_legacy);
    if let Some(time) = record.time {
        event.time = time;
    }
    match moment {
        Some(_) => forget(&mut event, NO_TIME),
        None if event.time == context.received && event.problem.is_none() => note(&mut event, NO_TIME),
        None => {}
    }
    if event.severity == Severity::Unknown {
        event.severity = record.severity;
    }
    let attributes = event.fields.len();
    event.fields.append(&mut record.attributes);
    for (name, value) in record.resource {
        let clashes = event.fields.iter().skip(attributes).any(|(field, _)| *field == name);
        let name = if clashes { Cow::Owned(format!("resource.attributes.{name}")) } else { name };
        event.fields.push((name, value));
    }
    event.fields.append(&mut record.rest);
    match is_legacy {
        true => legacy::fill(&mut event),
        false => semantic::fill(&mut event),
    }
    virtual_entity::compose(&mut event);
    event
}

/// The event of a body that is a record of its own; otherwise the body becomes message and field of a new one.
fn body<'a>(
    context: &Context<'_>,
    inner: &Context<'_>,
    record: &mut Record<'a>,
    is_legacy: bool,
) -> Event<'a> {
    let fields = std::mem::take(&mut record.body_fields);
    let values = std::mem::take(&mut record.body_values);
    if !fields.is_empty() && !is_legacy {
        return object_body(inner, fields);
    }
    // Law LIMIT: a body in a body is text, or a record could hold itself over and over.
    if let [FieldValue::Text(text)] = values.as_slice()
        && !is_legacy
        && !context.is_body
        && let Some(event) = text_body(inner, text)
    {
        return event;
    }
    let mut event = Event::new(FORMAT.name, Mart::CLOUD, inner.received);
    event.message = values.first().map(header_text).unwrap_or_default();
    event.fields.extend(fields.into_iter().map(|(name, value)| (Cow::Owned(format!("body.{name}")), value)));
    event.fields.extend(values.into_iter().map(|value| (Cow::Borrowed("body"), value)));
    event
}

/// The event of a body that is text in a known format.
fn text_body<'a>(inner: &Context<'_>, text: &Cow<'a, str>) -> Option<Event<'a>> {
    match text {
        Cow::Borrowed(text) => decoder::decode_known(inner, text),
        Cow::Owned(text) => decoder::decode_known(inner, text).map(detach),
    }
}

/// The event of a body that is an object: a record of a format that is one, a Windows event as the collector's
/// receiver writes it, or any object.
fn object_body<'a>(inner: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let fields = windows_names(fields);
    match decoder::object_format(&fields) {
        Some(decode) => decode(inner, fields),
        None => {
            let mut event = *json::decode(inner, fields);
            event.format = Cow::Borrowed(FORMAT.name);
            event
        }
    }
}

/// The collector's receiver for Windows events has names of its own: `event_id.id`, `event_data`.
fn windows_names(mut fields: Vec<Field<'_>>) -> Vec<Field<'_>> {
    let has = |wanted: &str| fields.iter().any(|(name, _)| name == wanted);
    if !(has("event_id.id") && has("channel")) {
        return fields;
    }
    for (name, _) in &mut fields {
        let known = match name.as_ref() {
            "event_id.id" => "EventID",
            "event_id.qualifiers" => "Qualifiers",
            "provider.name" => "Provider_Name",
            "provider.guid" => "Provider_Guid",
            "system_time" => "TimeCreated",
            "computer" => "Computer",
            "channel" => "Channel",
            "record_id" => "EventRecordID",
            "level" => "Level",
            "task" => "Task",
            "opcode" => "Opcode",
            "keywords" => "Keywords",
            "message" => "Message",
            "security.user_id" => "Security_UserID",
            "execution.process_id" => "Execution_ProcessID",
            "execution.thread_id" => "Execution_ThreadID",
            other => {
                let data =
                    other.strip_prefix("event_data.data.").or_else(|| other.strip_prefix("event_data."));
                if let Some(data) = data {
                    *name = Cow::Owned(data.to_owned());
                }
                continue;
            }
        };
        *name = Cow::Borrowed(known);
    }
    fields
}

#[cfg(test)]
mod tests;
