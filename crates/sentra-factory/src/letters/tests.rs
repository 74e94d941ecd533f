//! Replays of dead letters over the engines in memory, and over a log that breaks where it hurts.

use std::ops::Range;
use std::sync::Mutex as StdMutex;

use async_trait::async_trait;
use sentra_backbone::{AppendBatch, Appended, Consumer, Extent, MemoryLog, ReadChunk, Stream};
use sentra_decode::{Declared, DecodeOptions};
use sentra_model::{ManualClock, OwnedRecord, Position, Source, SourceKind, Topic};
use sentra_store::{RecordsCommit, SqliteRecords};

use super::*;
use crate::DecoderHandle;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    Never,
    /// Nothing of the next append is taken.
    BeforeAppend,
    /// The next append is taken and its answer lost, as when the process is killed before the mark.
    AfterAppend,
}

#[derive(Debug)]
struct BreakingLog {
    inner: MemoryLog,
    next: StdMutex<Break>,
    /// Offsets that reads say are damaged.
    damaged: StdMutex<Option<Range<u64>>>,
}

#[async_trait]
impl EventLog for BreakingLog {
    async fn append(&self, stream: &Stream, batch: AppendBatch) -> Result<Appended, LogError> {
        let broken = std::mem::replace(&mut *self.next.lock().unwrap(), Break::Never);
        match broken {
            Break::Never => self.inner.append(stream, batch).await,
            Break::BeforeAppend => Err(LogError::Full { detail: "a test".to_owned() }),
            Break::AfterAppend => {
                self.inner.append(stream, batch).await?;
                Err(LogError::Closed)
            }
        }
    }
    async fn read(&self, stream: &Stream, from: u64, bytes_max: usize) -> Result<ReadChunk, LogError> {
        let mut chunk = self.inner.read(stream, from, bytes_max).await?;
        let damaged = self.damaged.lock().unwrap().clone();
        if let Some(damaged) =
            damaged.filter(|damaged| stream.topic == Topic::Raw && damaged.start < chunk.next_offset)
        {
            chunk.batches.retain(|batch| !damaged.contains(&batch.first_offset));
            chunk.quarantined.push(damaged);
        }
        Ok(chunk)
    }
    async fn wait_beyond(&self, stream: &Stream, offset: u64) -> Result<(), LogError> {
        self.inner.wait_beyond(stream, offset).await
    }
    async fn extent(&self, stream: &Stream) -> Result<Extent, LogError> {
        self.inner.extent(stream).await
    }
    async fn streams(&self) -> Result<Vec<Stream>, LogError> {
        self.inner.streams().await
    }
    async fn position(&self, consumer: &str, stream: &Stream) -> Result<Option<u64>, LogError> {
        self.inner.position(consumer, stream).await
    }
    async fn commit(&self, consumer: &str, stream: &Stream, next_offset: u64) -> Result<(), LogError> {
        self.inner.commit(consumer, stream, next_offset).await
    }
    async fn commit_range(
        &self,
        consumer: &str,
        stream: &Stream,
        next_offset: u64,
        range: Range<u64>,
    ) -> Result<(), LogError> {
        self.inner.commit_range(consumer, stream, next_offset, range).await
    }
    async fn consumers(&self, stream: &Stream) -> Result<Vec<Consumer>, LogError> {
        self.inner.consumers(stream).await
    }
    async fn forget(&self, consumer: &str, stream: &Stream) -> Result<bool, LogError> {
        self.inner.forget(consumer, stream).await
    }
    async fn offset_at(&self, stream: &Stream, time: Timestamp) -> Result<u64, LogError> {
        self.inner.offset_at(stream, time).await
    }
}

/// A tenant whose raw topic has records that were named `windows` and are plain JSON.
struct House {
    log: Arc<BreakingLog>,
    records: Arc<SqliteRecords>,
    clock: Arc<ManualClock>,
    scope: TenantScope,
    desk: LetterDesk,
    decoder: DecoderHandle,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_790_000_000 + seconds)
}

fn source(origin: &str) -> Source {
    Source {
        kind: SourceKind::File,
        origin: origin.to_owned(),
        format: Some("windows".to_owned()),
        reference: at(0),
    }
}

fn line(number: u64) -> String {
    format!("{{\"time\":\"2026-09-01T10:00:00Z\",\"n\":{number}}}")
}

fn stream() -> Stream {
    Stream { tenant: "acme".parse().unwrap(), topic: Topic::Raw, partition: 0 }
}

impl House {
    /// Lines of `first.json` and then of `second.json`, `count` each, all of them dead letters.
    async fn new(count: u64) -> Self {
        let log = Arc::new(BreakingLog {
            inner: MemoryLog::default(),
            next: StdMutex::new(Break::Never),
            damaged: StdMutex::new(None),
        });
        let records = Arc::new(SqliteRecords::in_memory().await.unwrap());
        let clock = Arc::new(ManualClock::new(at(100)));
        let scope = TenantScope::new("acme".parse().unwrap());
        let decoder = DecoderHandle::new(Decoder::new(DecodeOptions::default()));
        let handle = decoder.clone();
        let desk = LetterDesk::new(log.clone(), records.clone(), move || handle.get(), clock.clone());
        let house = Self { log, records, clock, scope, desk, decoder };
        for origin in ["first.json", "second.json"] {
            let lines = (1..=count).map(line).collect::<Vec<_>>();
            house.append(origin, &lines).await;
        }
        house
    }

    async fn append(&self, origin: &str, lines: &[String]) {
        let records = lines.iter().zip(1..);
        let records = records
            .map(|(line, position)| OwnedRecord { position, bytes: line.clone().into_bytes() })
            .collect();
        let batch = AppendBatch { received: at(1), source: source(origin), records };
        let appended = self.log.append(&stream(), batch).await.unwrap();
        let letter = |(index, line): (usize, &String)| {
            let id = EventId::raw(0, appended.first_offset + index as u64);
            let letter = DeadLetter {
                event: Some(id),
                reason: DeadReason::Malformed,
                detail: "expected Windows events".to_owned(),
                received: at(1),
                source: source(origin),
                position: index as u64 + 1,
                excerpt: line.clone(),
            };
            (id, letter)
        };
        self.store(lines.iter().enumerate().map(letter).collect()).await;
    }

    async fn store(&self, letters: Vec<(EventId, DeadLetter)>) {
        let commit = RecordsCommit {
            consumer: "factory".to_owned(),
            next: Position { partition: 0, offset: 0 },
            signals: Vec::new(),
            incidents: Vec::new(),
            dead_letters: letters,
            state: Vec::new(),
        };
        self.records.commit(&self.scope, commit).await.unwrap();
    }

    async fn replay(&self, request: LetterReplayRequest) -> Result<LetterReplayReport, LetterError> {
        self.desk.replay(&self.scope, request).await
    }

    /// The raw topic: origin, named format, position and bytes of every record.
    async fn raw(&self) -> Vec<(String, Option<String>, u64, String)> {
        let chunk = self.log.inner.read(&stream(), 0, usize::MAX).await.unwrap();
        let records = chunk.batches.iter().flat_map(sentra_backbone::StoredBatch::records);
        records
            .map(|(_, record)| {
                let text = String::from_utf8_lossy(record.bytes).into_owned();
                (record.source.origin.clone(), record.source.format.clone(), record.position, text)
            })
            .collect()
    }

    async fn marks(&self) -> Vec<Option<String>> {
        let page = self.desk.list(&self.scope, None, None, 100).await.unwrap();
        page.items.into_iter().map(|letter| letter.replayed.map(|event| event.to_string())).collect()
    }
}

fn all(format: &str) -> LetterReplayRequest {
    LetterReplayRequest {
        selection: LetterSelection::All { reason: None, after: None },
        format: Some(format.to_owned()),
        dry_run: false,
    }
}

fn ids(ids: &[u64], format: Option<&str>) -> LetterReplayRequest {
    LetterReplayRequest {
        selection: LetterSelection::Ids(ids.iter().map(|offset| EventId::raw(0, *offset)).collect()),
        format: format.map(str::to_owned),
        dry_run: false,
    }
}

#[tokio::test]
async fn letters_that_are_understood_now_are_appended_once_and_marked() {
    let house = House::new(3).await;
    let dry = house.replay(LetterReplayRequest { dry_run: true, ..all("json") }).await.unwrap();
    assert_eq!(dry.replayed.len(), 6);
    assert!(dry.replayed.iter().all(|letter| letter.event.is_none() && letter.format == "json"));
    assert_eq!(house.raw().await.len(), 6, "a dry run changes nothing");
    assert!(house.marks().await.iter().all(Option::is_none));

    let report = house.replay(all("json")).await.unwrap();
    assert_eq!((report.replayed.len(), report.still_dead.len(), report.not_replayable.len()), (6, 0, 0));
    let raw = house.raw().await;
    let mut again = raw[6..].to_vec();
    again.sort();
    let mut expected: Vec<_> = raw[..6]
        .iter()
        .map(|(origin, _, position, text)| (origin.clone(), Some("json".to_owned()), *position, text.clone()))
        .collect();
    expected.sort();
    assert_eq!(again, expected);
    let mut marks: Vec<String> = house.marks().await.into_iter().flatten().collect();
    marks.sort();
    assert_eq!(marks, ["raw.0.10", "raw.0.11", "raw.0.6", "raw.0.7", "raw.0.8", "raw.0.9"]);
    // Every mark leads to the letter's own record.
    for letter in &report.replayed {
        let offset = usize::try_from(letter.event.unwrap().offset).unwrap();
        let old = usize::try_from(letter.id.offset).unwrap();
        assert_eq!((&raw[offset].0, &raw[offset].3), (&raw[old].0, &raw[old].3));
    }

    let second = house.replay(all("json")).await.unwrap();
    assert_eq!(second, LetterReplayReport::default(), "nothing is left");
    let named = house.replay(ids(&[0], None)).await.unwrap();
    assert!(named.not_replayable[0].why.contains("was replayed as raw.0."), "{named:?}");
    assert_eq!(house.raw().await.len(), 12);
}

#[tokio::test]
async fn what_is_still_not_understood_stays_a_letter() {
    let house = House::new(1).await;
    let report = house.replay(ids(&[0, 0, 1, 77], None)).await.unwrap();
    let still: Vec<_> = report.still_dead.iter().map(|letter| letter.id.offset).collect();
    assert_eq!((still, report.replayed.len()), (vec![0, 1], 0));
    assert_eq!(report.not_replayable[0].why, "there is no such letter");
    let unknown = house.replay(all("jsonn")).await.unwrap_err();
    assert!(matches!(unknown, LetterError::FormatUnknown { .. }), "{unknown}");
    let many: Vec<u64> = (0..501).collect();
    let refused = house.replay(ids(&many, None)).await.unwrap_err();
    assert!(matches!(refused, LetterError::LettersTooMany { letters: 501 }), "{refused}");
    assert_eq!(house.raw().await.len(), 2);
}

#[tokio::test]
async fn letters_without_their_record_say_why() {
    let house = House::new(1).await;
    let door = |offset, reason, event| {
        let id = EventId { topic: Topic::Dead, partition: 0, offset };
        let detail = "of the door".to_owned();
        let (source, excerpt) = (source("big.log"), "x".to_owned());
        (id, DeadLetter { event, reason, detail, received: at(1), source, position: 1, excerpt })
    };
    house
        .store(vec![
            door(0, DeadReason::TooLong, None),
            door(1, DeadReason::Container, None),
            door(2, DeadReason::Malformed, None),
            door(3, DeadReason::Damaged, Some(EventId::raw(0, 0))),
            door(4, DeadReason::Expired, Some(EventId::raw(0, 0))),
            door(5, DeadReason::Malformed, Some(EventId::raw(0, 99))),
        ])
        .await;
    let report = house.replay(all("json")).await.unwrap();
    let why: Vec<&str> = report.not_replayable.iter().map(|letter| letter.why.as_str()).collect();
    let expected =
        ["over the limit", "container broke", "at the door", "damaged", "retention", "no record raw.0.99"];
    assert_eq!(why.len(), expected.len(), "{why:?}");
    assert!(why.iter().zip(expected).all(|(why, word)| why.contains(word)), "{why:?}");
    assert_eq!(report.replayed.len(), 2);
    let shown = house.desk.show(&house.scope, EventId::raw(0, 0)).await.unwrap().unwrap();
    assert_eq!(shown.bytes, LetterBytes::Whole(line(1).into_bytes()));
    let other = TenantScope::new("other".parse().unwrap());
    assert_eq!(house.desk.show(&other, EventId::raw(0, 0)).await.unwrap(), None);
}

/// The intent is what stands between a crash and a second copy.
#[tokio::test]
async fn an_interrupted_replay_is_completed_and_never_doubled() {
    for broken in [Break::BeforeAppend, Break::AfterAppend] {
        let house = House::new(2).await;
        *house.log.next.lock().unwrap() = broken;
        house.replay(ids(&[0, 1], Some("json"))).await.unwrap_err();
        assert!(house.marks().await.iter().all(Option::is_none), "{broken:?}");
        // The same lines come in once more meanwhile: they are not the replay's.
        house.append("first.json", &[line(1), line(2)]).await;
        let dry =
            house.replay(LetterReplayRequest { dry_run: true, ..ids(&[0, 1], Some("json")) }).await.unwrap();
        assert_eq!(dry.replayed.len(), 2);
        let report = house.replay(ids(&[0, 1], Some("json"))).await.unwrap();
        assert_eq!(report.replayed.len(), 2, "{broken:?}: {report:?}");
        assert!(report.replayed.iter().all(|letter| letter.format == "json"));
        let json = house.raw().await.into_iter().filter(|(_, format, ..)| format.as_deref() == Some("json"));
        assert_eq!(json.count(), 2, "{broken:?}");
        let marks: Vec<Option<String>> = house.marks().await;
        let expected =
            if broken == Break::AfterAppend { ["raw.0.4", "raw.0.5"] } else { ["raw.0.6", "raw.0.7"] };
        assert_eq!(marks[..2], expected.map(|mark| Some(mark.to_owned())), "{broken:?}");
    }
}

/// Two letters with the same bytes at the same place are two records.
#[tokio::test]
async fn letters_that_look_alike_are_not_taken_for_one_another() {
    let house = House::new(1).await;
    house.append("first.json", &[line(1)]).await;
    *house.log.next.lock().unwrap() = Break::AfterAppend;
    house.replay(ids(&[0, 2], Some("json"))).await.unwrap_err();
    let report = house.replay(ids(&[0, 2], Some("json"))).await.unwrap();
    let mut events: Vec<_> = report.replayed.iter().map(|letter| letter.event.unwrap().offset).collect();
    events.sort_unstable();
    assert_eq!(events, [3, 4]);
    assert_eq!(house.raw().await.len(), 5);
}

/// Law LOSS: where nobody can tell whether the record is there, it is said and nothing is doubled.
#[tokio::test]
async fn an_interrupted_replay_behind_damage_is_left_alone() {
    let house = House::new(1).await;
    *house.log.next.lock().unwrap() = Break::AfterAppend;
    house.replay(ids(&[0], Some("json"))).await.unwrap_err();
    *house.log.damaged.lock().unwrap() = Some(2..3);
    house.append("later.json", &[line(9)]).await;
    let report = house.replay(ids(&[0], Some("json"))).await.unwrap();
    assert!(report.not_replayable[0].why.contains("interrupted"), "{report:?}");
    assert_eq!(house.raw().await.len(), 4);
}

#[tokio::test]
async fn all_letters_are_reached_page_by_page() {
    let house = House::new(300).await;
    let mut request = all("json");
    let first = house.replay(request.clone()).await.unwrap();
    assert_eq!((first.replayed.len(), first.next), (500, Some(EventId::raw(0, 499))));
    request.selection = LetterSelection::All { reason: Some(DeadReason::Malformed), after: first.next };
    let second = house.replay(request).await.unwrap();
    assert_eq!((second.replayed.len(), second.next), (100, None));
    assert_eq!(house.raw().await.len(), 1_200);
    house.clock.set(at(200));
}

/// Repaired by a changed decoder: the sender named a format that came only with a later pack.
#[tokio::test]
async fn a_format_that_comes_later_repairs_its_letters() {
    let house = House::new(0).await;
    let source = Source { format: Some("acme_door".to_owned()), ..source("door.log") };
    let record = OwnedRecord { position: 1, bytes: b"door=7 badge=alice state=open".to_vec() };
    let batch = AppendBatch { received: at(1), source: source.clone(), records: vec![record] };
    house.log.append(&stream(), batch).await.unwrap();
    let letter = DeadLetter {
        event: Some(EventId::raw(0, 0)),
        reason: DeadReason::Malformed,
        detail: "unknown format".to_owned(),
        received: at(1),
        source,
        position: 1,
        excerpt: String::new(),
    };
    house.store(vec![(EventId::raw(0, 0), letter)]).await;
    let before = house.replay(ids(&[0], None)).await.unwrap();
    assert!(before.still_dead[0].why.contains("acme_door"), "{before:?}");
    let unknown = house.replay(ids(&[0], Some("acme_door"))).await.unwrap_err();
    assert!(matches!(unknown, LetterError::FormatUnknown { .. }), "{unknown}");

    let format = "name: acme_door\ntitle: Doors of Acme\nversion: 1\napplies_to:\n  contains: ['badge=']\n\
                  regex: '^door=(?<door>\\d+) badge=(?<badge>\\w+) state=(?<state>\\w+)$'\n\
                  mapping:\n  mart: identity\n  product: door\n  user: badge\n";
    let (declared, problems) = Declared::compile(&[("door.yml".to_owned(), format.to_owned())]);
    assert!(!declared.is_empty(), "{problems:?}");
    house.decoder.set(Decoder::new(DecodeOptions { declared, ..DecodeOptions::default() }));
    let after = house.replay(ids(&[0], None)).await.unwrap();
    assert_eq!(after.replayed.len(), 1, "{after:?}");
    let ReplayedLetter { event, format, mart, .. } = &after.replayed[0];
    assert_eq!((*event, format.as_str(), mart.as_str()), (Some(EventId::raw(0, 1)), "acme_door", "identity"));
}
