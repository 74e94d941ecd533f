//! Whole runs: days of work of a small company, and what an intruder does in it.

mod attacks;
mod cuts;
mod limits;
mod speed;

use sentra_model::{
    BatchBuilder, Event, EventBatch, EventCode, EventId, Mart, Outcome, RawRecord, Source, SourceKind,
    TenantId, Timestamp,
};

use super::*;

/// Monday, 2026-03-02, 00:00 UTC, in seconds.
pub(super) const MONDAY: i64 = 20_514 * 86_400;
pub(super) const DAY: i64 = 86_400;
pub(super) const HOUR: i64 = 3_600;
pub(super) const MINUTE: i64 = 60;

/// An event as a test tells it.
#[derive(Debug, Clone)]
pub(super) struct Tale {
    pub(super) time: i64,
    /// Arrival, where that is not the time.
    pub(super) seen: Option<i64>,
    pub(super) mart: Mart,
    pub(super) code: Option<EventCode>,
    pub(super) user: String,
    pub(super) host: String,
    pub(super) src: String,
    pub(super) dst: String,
    pub(super) process: String,
    pub(super) parent: String,
    pub(super) app: String,
    pub(super) bytes: u64,
    pub(super) count: u32,
}

impl Tale {
    pub(super) fn new(time: i64, user: &str, host: &str) -> Self {
        Self {
            time,
            seen: None,
            mart: Mart::LINUX,
            code: None,
            user: user.to_owned(),
            host: host.to_owned(),
            src: String::new(),
            dst: String::new(),
            process: String::new(),
            parent: String::new(),
            app: String::new(),
            bytes: 0,
            count: 1,
        }
    }

    pub(super) fn login(time: i64, user: &str, host: &str, src: &str) -> Self {
        Self { code: Some(EventCode::LL01), src: src.to_owned(), ..Self::new(time, user, host) }
    }

    pub(super) fn coded(time: i64, user: &str, host: &str, code: EventCode) -> Self {
        Self { code: Some(code), ..Self::new(time, user, host) }
    }

    fn event(&self) -> Event<'_> {
        let mut event = Event::new("test", self.mart.clone(), Timestamp::from_seconds(self.time));
        event.code = self.code;
        if self.code == Some(EventCode::LL03) || self.code == Some(EventCode::PA02) {
            event.outcome = Outcome::Failure;
        }
        event.user = self.user.as_str().into();
        event.host = self.host.as_str().into();
        event.src_ip = self.src.as_str().into();
        event.dst_ip = self.dst.as_str().into();
        event.process = self.process.as_str().into();
        event.parent_process = self.parent.as_str().into();
        event.app = self.app.as_str().into();
        event.count = self.count;
        if self.bytes > 0 {
            event.push("bytes_out", sentra_model::FieldValue::Integer(self.bytes as i64));
        }
        event
    }
}

/// A batch of `tales`, whose ids begin at `offset`. All of one mart.
pub(super) fn batch(tales: &[Tale], offset: u64) -> EventBatch {
    let numbered: Vec<(u64, &Tale)> = (offset..).zip(tales).collect();
    batch_of(&numbered, tales.first().map_or(Mart::LINUX, |tale| tale.mart.clone()))
}

fn batch_of(tales: &[(u64, &Tale)], mart: Mart) -> EventBatch {
    let source = Source {
        kind: SourceKind::File,
        origin: "test".to_owned(),
        format: None,
        reference: Timestamp::from_seconds(0),
    };
    let mut builder = BatchBuilder::new(TenantId::default_tenant(), mart);
    for (offset, tale) in tales {
        let received = Timestamp::from_seconds(tale.seen.unwrap_or(tale.time));
        let record = RawRecord { source: &source, position: 0, received, bytes: b"" };
        builder.push(EventId::raw(0, *offset), &record, &tale.event()).unwrap();
    }
    builder.finish().unwrap()
}

/// Batches of a chunk, one per mart.
pub(super) fn marts(tales: &[Tale], offset: u64) -> Vec<EventBatch> {
    let of_mart = |mart: &Mart| -> Vec<(u64, &Tale)> {
        (offset..).zip(tales).filter(|(_, tale)| tale.mart == *mart).collect()
    };
    let marts = Mart::DEFAULTS.iter().filter(|mart| !of_mart(mart).is_empty());
    marts.map(|mart| batch_of(&of_mart(mart), mart.clone())).collect()
}

/// A statement or finding, by the offset of its event.
pub(super) type Said = (u64, String, String);

/// Baselines with the events so far.
pub(super) struct Run {
    pub(super) behaviour: Behaviour,
    pub(super) offset: u64,
}

impl Run {
    pub(super) fn new(config: BaselineConfig) -> Self {
        Self { behaviour: Behaviour::new(TenantId::default_tenant(), config), offset: 0 }
    }

    /// Shows a chunk and judges it: events of users called "mallory…" are alerted.
    pub(super) fn show(&mut self, tales: &[Tale]) -> Vec<Said> {
        self.show_with(tales, &Lookups::none())
    }

    pub(super) fn show_with(&mut self, tales: &[Tale], lookups: &Lookups<'_>) -> Vec<Said> {
        let mut said = Vec::new();
        for tales in tales.chunks(8_192) {
            let batches = marts(tales, self.offset);
            let batches: Vec<&EventBatch> = batches.iter().collect();
            let observed = self.behaviour.observe(&batches, lookups).unwrap();
            for (batch, observed) in batches.iter().zip(&observed) {
                let offset = |row: u32| batch.row(row as usize).unwrap().id().offset;
                said.extend(observed.derived.iter().map(|derived| {
                    (offset(derived.row), derived.name.to_string(), derived.value.to_string())
                }));
                said.extend(observed.findings.iter().map(|finding| {
                    assert_eq!(finding.event.offset, offset(finding.row));
                    (offset(finding.row), finding.detector.id.to_owned(), finding.explanation.clone())
                }));
            }
            let alerted: Vec<EventId> = (self.offset..)
                .zip(tales)
                .filter(|(_, tale)| tale.user.starts_with("mallory"))
                .map(|(offset, _)| EventId::raw(0, offset))
                .collect();
            self.behaviour.learn(&alerted);
            self.offset += tales.len() as u64;
        }
        said.sort();
        said
    }
}

/// What was said under `name`.
pub(super) fn of<'a>(said: &'a [Said], name: &str) -> Vec<&'a str> {
    said.iter().filter(|(_, other, _)| other == name).map(|(_, _, value)| value.as_str()).collect()
}

/// Baselines that need less history, so that tests stay small.
pub(super) fn quick() -> BaselineConfig {
    BaselineConfig {
        tenant_events_min: 100,
        rarity_events_min: 500.0,
        hold_seconds: 30,
        ..BaselineConfig::default()
    }
}

/// Working days of twenty people: each logs in at their host from their desk, works, and three of them use sudo.
pub(super) fn work(days: std::ops::Range<i64>) -> Vec<Tale> {
    let mut tales = Vec::new();
    for day in days.filter(|day| day % 7 < 5) {
        for hour in 8..17 {
            for person in 0..20_i64 {
                let start = MONDAY + day * DAY + hour * HOUR + person * 61 + (day * 7 + hour) % 40;
                let (user, host) = (format!("user{person}"), format!("pc{person}"));
                let desk = format!("10.0.0.{person}");
                tales.push(Tale::login(start, &user, &host, &desk));
                let mut editor = Tale::new(start + 30, &user, &host);
                (editor.process, editor.parent) = ("/usr/bin/vim".to_owned(), "/bin/bash".to_owned());
                tales.push(editor);
                if person < 3 && hour % 3 == 0 {
                    for number in 0..=(day % 2) {
                        tales.push(Tale::coded(start + 60 + number, &user, &host, EventCode::PA01));
                    }
                }
                let mut upload = Tale::new(start + 90, &user, &host);
                upload.dst = "198.51.100.7".to_owned();
                upload.bytes = 200_000 + (person * 7_919 + hour * 104_729) as u64 % 300_000;
                tales.push(upload);
            }
        }
    }
    tales.sort_by_key(|tale| tale.time);
    tales
}

/// A run that has seen four weeks of work.
pub(super) fn seasoned(config: BaselineConfig) -> Run {
    let mut run = Run::new(config);
    let said = run.show(&work(0..28));
    let findings: Vec<_> = said.iter().filter(|(_, name, _)| name.starts_with("behaviour.")).collect();
    assert!(findings.is_empty(), "work alone is no finding: {findings:?}");
    run
}

/// Tuesday of the fifth week, 10:00.
pub(super) const NOW: i64 = MONDAY + 29 * DAY + 10 * HOUR;
