//! Events and contents for tests.

use sentra_model::{
    BatchBuilder, Event, EventBatch, EventCode, EventId, Mart, RawRecord, Source, SourceKind, TenantId,
    Timestamp,
};

use crate::{FileSource, SourceContent};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn content(text: &str, as_of: &str) -> SourceContent {
    let as_of = (!as_of.is_empty()).then(|| at(&format!("{as_of}T00:00:00Z")));
    SourceContent { bytes: text.as_bytes().to_vec(), as_of }
}

pub(crate) fn file(path: &str, priority: u8) -> FileSource {
    FileSource::new(path).with_priority(priority)
}

/// An event as decoders make it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Happening {
    pub(crate) time: &'static str,
    pub(crate) seen: &'static str,
    pub(crate) code: Option<EventCode>,
    pub(crate) product: &'static str,
    pub(crate) service: &'static str,
    pub(crate) outcome: &'static str,
    pub(crate) host: &'static str,
    pub(crate) user: &'static str,
    pub(crate) target: &'static str,
    pub(crate) src_ip: &'static str,
    pub(crate) command: &'static str,
    pub(crate) fields: &'static [(&'static str, &'static str)],
}

pub(crate) fn batch(happenings: &[Happening]) -> EventBatch {
    let source = Source {
        kind: SourceKind::File,
        origin: "test".to_owned(),
        format: None,
        reference: Timestamp::from_seconds(0),
    };
    let mut builder = BatchBuilder::new(TenantId::default_tenant(), Mart::IDENTITY);
    for (offset, happening) in (0..).zip(happenings) {
        let time = at(happening.time);
        let received = if happening.seen.is_empty() { time } else { at(happening.seen) };
        let record = RawRecord { source: &source, position: offset, received, bytes: b"" };
        let mut event = Event::new("test", Mart::IDENTITY, time);
        event.code = happening.code;
        event.outcome = match happening.outcome {
            "failure" => sentra_model::Outcome::Failure,
            _ => sentra_model::Outcome::Success,
        };
        event.product = happening.product.into();
        event.service = happening.service.into();
        event.host = happening.host.into();
        event.user = happening.user.into();
        event.target_user = happening.target.into();
        event.src_ip = happening.src_ip.into();
        event.command = happening.command.into();
        for (name, value) in happening.fields {
            event.push(*name, *value);
        }
        builder.push(EventId::raw(0, offset), &record, &event).unwrap();
    }
    builder.finish().unwrap()
}
