//! Events of Splunk's event collector, one JSON envelope each, as the HEC door keeps them.
//!
//! An event that is a record of another format (forwarders ship raw lines) is read by that format, which
//! `hec:FORMAT` names and which is found out otherwise; the envelope then says what the event does not: time and
//! host. What the envelope says beside them becomes fields under its own names.

use std::borrow::Cow;

use sentra_model::{Event, FieldValue, Mart, Timestamp};

use crate::decoder::{self, Context};
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::json;
use crate::names::{NO_TIME, detach, first_of, forget, header_text};
use crate::time;

pub(crate) static FORMAT: Format = Format {
    name: "hec",
    title: "envelopes of Splunk's event collector as JSON; hec:FORMAT names the format of the events in them",
    sample: r#"{"time":1772359200.25,"host":"web1.example.com","source":"shop","sourcetype":"shop:audit","index":"main","event":{"action":"payment refused","user":"alice"},"fields":{"site":"dmz"}}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

/// Members of an envelope; one that has others is something else.
const MEMBERS: [&str; 7] = ["time", "host", "source", "sourcetype", "index", "event", "fields"];

/// Whether the flat fields are those of an envelope that says where it is from: objects with an `event` are common.
fn is_record(fields: &[Field<'_>]) -> bool {
    let is_placed = |(name, _): &Field<'_>| matches!(name.as_ref(), "sourcetype" | "source" | "index");
    fields.iter().any(is_placed) && is_envelope(fields)
}

/// Whether the flat fields are an event and nothing that an envelope does not have. Enough where the sender says
/// that it is one.
pub(crate) fn is_envelope(fields: &[Field<'_>]) -> bool {
    let member = |name: &'_ str| name.split_once('.').map_or(name.len(), |(member, _)| member.len());
    let is_member =
        |(name, _): &Field<'_>| name.get(..member(name)).is_some_and(|name| MEMBERS.contains(&name));
    let is_event = |(name, _): &Field<'_>| name == "event" || name.starts_with("event.");
    fields.iter().all(is_member) && fields.iter().any(is_event)
}

pub(crate) fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let said = first_of(&fields, &["time"]).and_then(|value| moment(context, value));
    let host = first_of(&fields, &["host"]).map(header_text).unwrap_or_default();
    let received = said.unwrap_or(context.received);
    let inner = Context {
        zone: context.zone,
        reference: said.unwrap_or(context.reference),
        received,
        by_syslog: context.by_syslog,
        argument: context.argument,
        is_body: true,
        declared: context.declared,
    };
    let (mut of_event, mut of_envelope) = (Vec::new(), Vec::new());
    let mut text = None;
    for (name, value) in fields {
        if name == "event" && text.is_none() {
            text = Some(value);
        } else if let Some(name) = name.strip_prefix("event.") {
            of_event.push((Cow::Owned(name.to_owned()), value));
        } else if let Some(name) = name.strip_prefix("fields.") {
            of_envelope.push((Cow::Owned(name.to_owned()), value));
        } else if name != "time" {
            of_envelope.push((name, value));
        }
    }
    let mut event = match text {
        Some(value) if of_event.is_empty() => of_value(context, &inner, value),
        _ => of_object(&inner, of_event),
    };
    if said.is_some() {
        forget(&mut event, NO_TIME);
    }
    if event.host.is_empty() {
        event.host = host;
    }
    event.fields.extend(of_envelope);
    event
}

/// Seconds since 1970, as a number or as text.
fn moment(context: &Context<'_>, value: &FieldValue<'_>) -> Option<Timestamp> {
    match value {
        FieldValue::Integer(seconds) => time::epoch_integer(*seconds),
        FieldValue::Float(seconds) => time::epoch(*seconds),
        FieldValue::Text(text) => match text.parse::<f64>() {
            Ok(seconds) => time::epoch(seconds),
            Err(_) => time::value(text).map(|time| context.resolve(time)),
        },
        FieldValue::Bool(_) => None,
    }
}

fn of_object<'a>(inner: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    match decoder::object_format(&fields) {
        Some(decode) => decode(inner, fields),
        None => {
            let mut event = *json::decode(inner, fields);
            event.format = Cow::Borrowed(FORMAT.name);
            event
        }
    }
}

/// An event that is one value: a line of a known format, or a line of text.
fn of_value<'a>(context: &Context<'_>, inner: &Context<'_>, value: FieldValue<'a>) -> Event<'a> {
    // Law LIMIT: an envelope in an envelope is text, or a record could hold itself over and over.
    let known = match &value {
        FieldValue::Text(_) if context.is_body => None,
        FieldValue::Text(Cow::Borrowed(text)) => decoder::decode_known(inner, text),
        FieldValue::Text(Cow::Owned(text)) => decoder::decode_known(inner, text).map(detach),
        _ => None,
    };
    known.unwrap_or_else(|| {
        let mut event = Event::new(FORMAT.name, Mart::LINUX, inner.received);
        event.message = header_text(&value);
        event.fields.push((Cow::Borrowed("message"), value));
        event
    })
}

#[cfg(test)]
mod tests {
    use crate::test_kit::{decode, source, summary};

    #[test]
    fn what_is_in_the_envelope_is_read() {
        let cases = [
            (
                Some("hec"),
                r#"{"event":"Mar  1 10:00:00 web1 sshd[811]: Failed password for bob from 192.0.2.7 port 40022 ssh2","host":"proxy"}"#,
                "syslog linux 2026-03-01T10:00:00Z | class=3002 | LL03/failure",
            ),
            (
                None,
                r#"{"event":{"EventID":4625,"Channel":"Security","TargetUserName":"bob"},"time":"1772359200","source":"WinEventLog:Security"}"#,
                "windows windows 2026-03-01T10:00:00Z | class=3002 | LL03/failure",
            ),
            (
                Some("hec:logfmt"),
                r#"{"event":"level=warn msg=late user=bob","time":1772359200.5,"host":"web1"}"#,
                "logfmt linux 2026-03-01T10:00:00.5Z",
            ),
            (
                Some("hec"),
                r#"{"event":"just words","time":1772359200,"host":"web1"}"#,
                "hec linux 2026-03-01T10:00:00Z",
            ),
            (Some("hec"), r#"{"event":{"user":"bob"},"time":1772359200}"#, "hec cloud 2026-03-01T10:00:00Z"),
            (Some("hec"), r#"{"event":"{\"event\":\"x\",\"source\":\"y\"}","source":"z"}"#, "hec"),
        ];
        for (format, record, expected) in cases {
            let source = source(format);
            let found = summary(&decode(&source, record.as_bytes()));
            assert!(found.starts_with(expected), "{record}\n{found}");
        }
    }

    #[test]
    fn other_objects_with_an_event_are_left_alone() {
        let source = source(None);
        for record in [
            r#"{"event":{"type":"login"}}"#,
            r#"{"event":"login","user":"bob"}"#,
            r#"{"event":"x","time":1772359200,"source":"y","more":1}"#,
        ] {
            assert!(summary(&decode(&source, record.as_bytes())).starts_with("json "), "{record}");
        }
    }
}
