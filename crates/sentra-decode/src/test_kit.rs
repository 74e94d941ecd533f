//! What the tables of the format tests share.

use sentra_model::{Event, RawRecord, Source, SourceKind, Timestamp};

use crate::{DecodeOptions, Decoded, Decoder};

/// The arrival time of every test record; the reference of its year-less times too.
pub(crate) const RECEIVED: &str = "2026-03-01T12:00:00Z";

pub(crate) fn source(format: Option<&str>) -> Source {
    Source {
        kind: SourceKind::File,
        origin: "test".to_owned(),
        format: format.map(str::to_owned),
        reference: RECEIVED.parse::<Timestamp>().expect("a time"),
    }
}

pub(crate) fn decode<'a>(source: &'a Source, bytes: &'a [u8]) -> Decoded<'a> {
    let received = source.reference;
    Decoder::new(DecodeOptions::default()).decode(&RawRecord { source, position: 1, received, bytes })
}

/// One line: how the record ended, and every header value that is set.
pub(crate) fn summary(decoded: &Decoded<'_>) -> String {
    match decoded {
        Decoded::Event(event) => header(event),
        Decoded::Dead { reason, detail } => format!("dead {}: {detail}", reason.as_str()),
    }
}

fn header(event: &Event<'_>) -> String {
    let mut parts = vec![format!("{} {} {}", event.format, event.mart, event.time)];
    parts.push(format!("class={}", event.class.0));
    let code = event.code.map_or("-", |code| code.as_str());
    parts.push(format!("{code}/{}", event.outcome.as_str()));
    if event.count != 1 {
        parts.push(format!("count={}", event.count));
    }
    let texts = [
        ("product", &event.product),
        ("service", &event.service),
        ("host", &event.host),
        ("user", &event.user),
        ("target", &event.target_user),
        ("src", &event.src_ip),
        ("dst", &event.dst_ip),
        ("process", &event.process),
        ("pid", &event.pid),
        ("parent", &event.parent_process),
        ("command", &event.command),
        ("session", &event.session),
        ("file", &event.file),
        ("domain", &event.domain),
        ("app", &event.app),
        ("virtual", &event.virtual_entity),
        ("message", &event.message),
    ];
    parts.extend(
        texts.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name}={text}")),
    );
    let ports = [("src_port", event.src_port), ("dst_port", event.dst_port)];
    parts.extend(ports.iter().filter(|(_, port)| *port != 0).map(|(name, port)| format!("{name}={port}")));
    if let Some(problem) = &event.problem {
        parts.push(format!("problem={problem}"));
    }
    parts.join(" | ")
}

/// [`summary`] and the fields, one per line.
pub(crate) fn full(decoded: &Decoded<'_>) -> String {
    let mut text = summary(decoded);
    if let Decoded::Event(event) = decoded {
        for (name, value) in &event.fields {
            text.push_str(&format!("\n  {name} = {}", value.as_text()));
        }
    }
    text
}

/// [`full`] of each record, with a blank line between; the record itself is not repeated.
pub(crate) fn table(format: Option<&str>, records: &[&str]) -> String {
    let source = source(format);
    let rows: Vec<_> = records.iter().map(|record| full(&decode(&source, record.as_bytes()))).collect();
    rows.join("\n\n") + "\n"
}

/// [`summary`] of each record.
pub(crate) fn summaries(format: Option<&str>, records: &[&str]) -> String {
    let source = source(format);
    records.iter().map(|record| summary(&decode(&source, record.as_bytes())) + "\n").collect()
}
