//! What people decided on the platform, as it writes that down itself: an object with `at`, `by` and `decision`.
//!
//! Only records whose source is the platform are read so; the same bytes from a sender are any JSON.

use std::borrow::Cow;

use sentra_model::{Class, DeadReason, Event, EventCode, Mart, Outcome, RawRecord, Timestamp};

use crate::{Decoded, flatten};

pub(crate) fn decode<'a>(record: &RawRecord<'a>) -> Decoded<'a> {
    let dead = |what: String| Decoded::Dead {
        reason: DeadReason::Malformed,
        detail: format!("a decision of the platform: {what}"),
    };
    let Ok(text) = std::str::from_utf8(record.bytes) else { return dead("not text".to_owned()) };
    let fields = match flatten::object(text) {
        Ok(flat) => flat.fields,
        Err(error) => return dead(error),
    };
    let mut event = Event::new("sentra", Mart::AUDIT, record.received);
    event.fields = fields;
    let text = |name: &str| event.text(name).unwrap_or_default().to_owned();
    let (at, by, what) = (text("at"), text("by"), text("decision"));
    event.time = at.parse::<Timestamp>().unwrap_or(record.received);
    event.class = Class::API;
    event.code = Some(EventCode::AO01);
    event.outcome = Outcome::Success;
    event.product = Cow::Borrowed("sentra");
    event.service = Cow::Borrowed("decisions");
    event.app = Cow::Borrowed("sentra");
    event.message = format!("{by} decided: {}", what.replace('_', " ")).into();
    event.user = by.into();
    Decoded::Event(Box::new(event))
}

#[cfg(test)]
mod tests {
    use sentra_model::{Source, SourceKind};

    use super::*;
    use crate::{DecodeOptions, Decoder};

    fn source(kind: SourceKind) -> Source {
        Source { kind, origin: "decisions".to_owned(), format: None, reference: Timestamp::default() }
    }

    #[test]
    fn decisions_are_audit_events_when_the_platform_wrote_them() {
        let bytes = br#"{"at":"2026-11-21T10:00:00Z","by":"ana","decision":"verdict","target":"signal","kind":"false_positive"}"#;
        let decoder = Decoder::new(DecodeOptions::default());
        let own = source(SourceKind::Platform);
        let record = RawRecord { source: &own, position: 0, received: Timestamp::default(), bytes };
        let Decoded::Event(event) = decoder.decode(&record) else { panic!("not understood") };
        assert_eq!(
            (event.mart.as_str(), event.user.as_ref(), event.code),
            ("audit", "ana", Some(EventCode::AO01))
        );
        assert_eq!(event.message, "ana decided: verdict");
        assert_eq!(event.text("kind"), Some("false_positive"));
        let sender = source(SourceKind::Http);
        let record = RawRecord { source: &sender, ..record };
        let Decoded::Event(event) = decoder.decode(&record) else { panic!("not understood") };
        assert_ne!(event.mart, Mart::AUDIT, "a sender cannot write into the platform's journal");
        let broken = RawRecord { source: &own, position: 0, received: Timestamp::default(), bytes: b"[]" };
        assert!(matches!(decoder.decode(&broken), Decoded::Dead { .. }));
    }
}
