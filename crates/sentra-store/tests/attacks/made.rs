//! Events that a test makes one by one, and what a store says of them.

use std::ops::Range;

use sentra_kql::{CheckOptions, check, parse};
use sentra_model::{BatchBuilder, Event, EventBatch, EventId, Mart, RawRecord, Source, SourceKind};
use sentra_store::{AskLimits, MartStore, Plan, StoredEvent, event_catalog};

use crate::stores::{now, scope};

/// The records at `offsets` with their events, as `record` makes them, in one batch.
pub(crate) fn batches(
    offsets: Range<u64>,
    mut record: impl FnMut(u64) -> (Vec<u8>, Event<'static>),
) -> Vec<EventBatch> {
    let source =
        Source { kind: SourceKind::File, origin: "/var/log/x".into(), format: None, reference: now() };
    let mut builder = BatchBuilder::new(scope("own").tenant().clone(), Mart::LINUX);
    for offset in offsets {
        let (raw, event) = record(offset);
        let read = RawRecord { source: &source, position: offset + 1, received: now(), bytes: &raw };
        builder.push(EventId::raw(0, offset), &read, &event).unwrap();
    }
    vec![builder.finish().unwrap()]
}

/// The events at all places before `end`.
pub(crate) async fn all(store: &dyn MartStore, end: u64) -> Vec<StoredEvent> {
    let ids: Vec<EventId> = (0..end).map(|offset| EventId::raw(0, offset)).collect();
    store.events(&scope("own"), &ids).await.unwrap()
}

pub(crate) fn plan(question: &str) -> Plan {
    let catalog = event_catalog(&[]);
    let options = CheckOptions { catalog: &catalog, now: now(), keep_calls: false };
    check(&parse(question).unwrap(), options).unwrap()
}

/// What is answered to `question`, to be compared with what another store says.
pub(crate) async fn rows(store: &dyn MartStore, question: &str) -> String {
    let answer = store.ask(&scope("own"), &plan(question), &AskLimits::default()).await.unwrap();
    assert_eq!(answer.stopped_by, None, "{question}");
    format!("{:?}", answer.rows)
}
