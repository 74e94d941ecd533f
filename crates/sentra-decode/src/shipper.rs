//! Documents of shippers that put the raw line of a log into `message` or `log`: Filebeat, Vector, Fluent Bit, the
//! log driver of containers. The line is read by its own format; the document completes what it does not say.

use std::borrow::Cow;

use sentra_model::{Event, FieldValue};

use crate::decoder::{self, Context};
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::json;
use crate::names::{NO_TIME, detach, forget};

pub(crate) static FORMAT: Format = Format {
    name: "shipper",
    title: "documents of Filebeat, Vector, Fluent Bit and containers with the raw line in message or log",
    sample: r#"{"@timestamp":"2026-03-01T10:00:00Z","message":"payment refused","agent":{"type":"filebeat"},"host":{"name":"web1.example.com"},"log":{"file":{"path":"/var/log/shop.log"}}}"#,
    shape: Shape::Object { recognise: is_document, decode },
};

/// Members that only documents of shippers have beside a line.
const MARKS: [&str; 7] = [
    "agent.type",
    "ecs.version",
    "log.file.path",
    "source_type",
    "stream",
    "container_id",
    "kubernetes.pod_name",
];
/// Where the line stands.
const LINES: [&str; 2] = ["message", "log"];

fn is_document(fields: &[Field<'_>]) -> bool {
    line_of(fields).is_some() && fields.iter().any(|(name, _)| MARKS.contains(&name.as_ref()))
}

/// The index of the field with the line.
fn line_of(fields: &[Field<'_>]) -> Option<usize> {
    let is_line = |(name, value): &Field<'_>| {
        LINES.contains(&name.as_ref()) && matches!(value, FieldValue::Text(text) if !text.is_empty())
    };
    fields.iter().position(is_line)
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    // Law LIMIT: a document in a document is text, or a record could hold itself over and over.
    let known = line_of(&fields).filter(|_| !context.is_body).and_then(|index| match fields.get(index) {
        Some((_, FieldValue::Text(text))) => inner(context, text),
        _ => None,
    });
    let mut outer = *json::decode(context, fields);
    let Some(mut event) = known else {
        outer.format = Cow::Borrowed(FORMAT.name);
        return outer;
    };
    let has_no_time = event.problem.as_deref().is_some_and(|problem| problem.contains(NO_TIME));
    if has_no_time && outer.problem.is_none() {
        event.time = outer.time;
        forget(&mut event, NO_TIME);
    }
    if event.host.is_empty() {
        event.host = outer.host;
    }
    event.fields.extend(outer.fields);
    event
}

/// The event of the line, if some format of its own knows it.
fn inner<'a>(context: &Context<'_>, text: &Cow<'a, str>) -> Option<Event<'a>> {
    let inner = Context {
        zone: context.zone,
        reference: context.reference,
        received: context.received,
        by_syslog: context.by_syslog,
        argument: context.argument,
        is_body: true,
        declared: context.declared,
    };
    match text {
        Cow::Borrowed(text) => decoder::decode_known(&inner, text),
        Cow::Owned(text) => decoder::decode_known(&inner, text).map(detach),
    }
}

#[cfg(test)]
mod tests {
    use crate::test_kit::{decode, source, summary};

    #[test]
    fn the_line_is_read_by_its_own_format() {
        let cases = [
            (
                r#"{"@timestamp":"2026-03-01T11:00:00Z","message":"Mar  1 10:00:00 web1 sshd[811]: Failed password for bob from 192.0.2.7 port 40022 ssh2","agent":{"type":"filebeat"},"host":{"name":"other"}}"#,
                "syslog linux 2026-03-01T10:00:00Z | class=3002 | LL03/failure",
            ),
            (
                r#"{"log":"192.0.2.7 - - [01/Mar/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 12\n","stream":"stdout","time":"2026-03-01T10:00:01Z"}"#,
                "web_access proxy 2026-03-01T10:00:00Z",
            ),
            (
                r#"{"log":"level=warn msg=late user=bob\n","stream":"stdout","time":"2026-03-01T10:00:01Z"}"#,
                "logfmt linux 2026-03-01T10:00:01Z",
            ),
            (
                r#"{"message":"just words","source_type":"file","timestamp":"2026-03-01T10:00:01Z"}"#,
                "shipper cloud 2026-03-01T10:00:01Z",
            ),
            (
                r#"{"message":"just words","timestamp":"2026-03-01T10:00:01Z"}"#,
                "json cloud 2026-03-01T10:00:01Z",
            ),
        ];
        for (record, expected) in cases {
            let source = source(None);
            let found = summary(&decode(&source, record.as_bytes()));
            assert!(found.starts_with(expected), "{record}\n{found}");
        }
    }
}
