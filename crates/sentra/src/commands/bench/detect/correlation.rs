//! How fast correlations count, and what their state takes. Each measurement has a process of its own: memory that an
//! earlier one gave back would be used again.

use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, bail};
use sentra_detect::{Detector, RuleSet, RuleSource};
use sentra_model::{
    BatchBuilder, BatchError, Event, EventBatch, EventCode, EventId, Mart, RawRecord, Source, SourceKind,
    TenantId, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::clock::{median, resident_bytes, thread_seconds};

const SECOND: i64 = 1_000_000;
/// Events in one batch, as the factory makes them.
const BATCH_EVENTS: usize = 8_192;
/// Groups of the correlation that has many.
const GROUPS: usize = 1_000_000;
/// Distinct values, and events in the window, of the group that has many.
const HOT_VALUES: usize = 30_000;
const HOT_WINDOW: i64 = 60_000;
const HOT_EVENTS: usize = 600_000;
/// How far events are out of order where they are.
const JITTER: i64 = 50_000;

const BASE: &str = "title: login failed\nname: base\nid: 00000000-0000-4000-8000-000000000001\nlevel: low\n\
    logsource: {product: linux}\ndetection: {sel: {code: LL03}, condition: sel}\n";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) what: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `event_count` over many groups of so many events each.
    ManyGroups { events_each: usize },
    /// `value_count` on one group, its events out of order by so many microseconds.
    HotGroup { jitter: i64 },
}

pub(super) const CASES: [Case; 4] = [
    Case { what: "event_count, a million keys of one event", kind: Kind::ManyGroups { events_each: 1 } },
    Case { what: "event_count, a million keys of four events", kind: Kind::ManyGroups { events_each: 4 } },
    Case {
        what: "value_count, one key, 60,000 events in the window, in order",
        kind: Kind::HotGroup { jitter: 0 },
    },
    Case { what: "the same, out of order by up to 50 ms", kind: Kind::HotGroup { jitter: JITTER } },
];

/// One measurement, and what the process that made it prints.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Measured {
    nanos_per_event: f64,
    bytes_per_group: f64,
}

/// Medians over the runs of a case.
#[derive(Debug, Serialize)]
pub(super) struct Counted {
    pub(super) what: &'static str,
    pub(super) groups: usize,
    pub(super) events_per_cpu_second: f64,
    pub(super) nanos_per_event: f64,
    /// Resident memory beyond that of the events, divided by the groups.
    pub(super) bytes_per_group: f64,
}

/// Measures case `index` `runs` times, each in a process of its own.
pub(super) fn run(runs: u16, index: usize) -> anyhow::Result<Counted> {
    let case = CASES.get(index).with_context(|| format!("there is no case {index}"))?;
    let (mut nanos, mut bytes) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let program = std::env::current_exe().context("cannot find this program")?;
        let output =
            Command::new(program).args(["bench", "detect", "--case", &index.to_string()]).output()?;
        if !output.status.success() {
            bail!("{}: {}", case.what, String::from_utf8_lossy(&output.stderr).trim());
        }
        let measured: Measured = serde_json::from_slice(&output.stdout)?;
        nanos.push(measured.nanos_per_event);
        bytes.push(measured.bytes_per_group);
    }
    let nanos_per_event = median(&mut nanos);
    Ok(Counted {
        what: case.what,
        groups: case.groups(GROUPS),
        events_per_cpu_second: 1e9 / nanos_per_event,
        nanos_per_event,
        bytes_per_group: median(&mut bytes),
    })
}

/// What a process that measures case `index` does.
pub(super) fn measure_alone(index: usize) -> anyhow::Result<Measured> {
    let case = CASES.get(index).with_context(|| format!("there is no case {index}"))?;
    case.measure(GROUPS, HOT_EVENTS)
}

impl Case {
    fn groups(self, groups: usize) -> usize {
        match self.kind {
            Kind::ManyGroups { .. } => groups,
            Kind::HotGroup { .. } => 1,
        }
    }

    fn rule(self) -> String {
        let correlation = match self.kind {
            Kind::ManyGroups { .. } => "type: event_count\n  timespan: 1h\n  condition: {gte: 10}".to_owned(),
            Kind::HotGroup { .. } => format!(
                "type: value_count\n  timespan: {}s\n  condition: {{gte: 50000, field: user}}",
                HOT_WINDOW * 1_000 / SECOND
            ),
        };
        format!(
            "{BASE}---\ntitle: measured\nid: 00000000-0000-4000-8000-000000000002\nlevel: high\n\
             correlation:\n  rules: [base]\n  group-by: [src_ip]\n  {correlation}\n"
        )
    }

    fn batches(self, groups: usize, hot_events: usize) -> Result<Vec<EventBatch>, BatchError> {
        match self.kind {
            Kind::ManyGroups { events_each } => batches(groups * events_each, |number| {
                (address(number % groups), "root".to_owned(), number as i64 * 100)
            }),
            Kind::HotGroup { jitter } => batches(hot_events, |number| {
                let late = (number as i64).wrapping_mul(7_919) % (jitter + 1);
                let value = number.wrapping_mul(0x9e37_79b9) % HOT_VALUES;
                ("10.0.0.1".to_owned(), format!("user{value}"), number as i64 * 1_000 - late)
            }),
        }
    }

    fn measure(self, groups: usize, hot_events: usize) -> anyhow::Result<Measured> {
        let batches = self.batches(groups, hot_events)?;
        let groups = self.groups(groups);
        let events: usize = batches.iter().map(EventBatch::len).sum();
        let mut detector = Detector::new(compiled(self.rule())?);
        let (resident, before) = (resident_bytes()?, thread_seconds());
        let found: usize = batches.iter().map(|batch| detector.process(batch).len()).sum();
        let (seconds, bytes) = (thread_seconds() - before, resident_bytes()? - resident);
        let kept = detector.stats().keys;
        if found > 0 || kept != groups as u64 {
            bail!("{found} matches instead of none, {kept} groups instead of {groups}");
        }
        Ok(Measured {
            nanos_per_event: seconds * 1e9 / events as f64,
            bytes_per_group: bytes / groups as f64,
        })
    }
}

fn address(number: usize) -> String {
    format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255)
}

fn compiled(text: String) -> anyhow::Result<Arc<RuleSet>> {
    let source = RuleSource { path: "measured.yml".to_owned(), text, pack: "measured".to_owned() };
    let (rules, problems) = RuleSet::compile(vec![source]);
    match problems.first() {
        Some(problem) => bail!("{}:{}: {}", problem.path, problem.line, problem.message),
        None => Ok(Arc::new(rules)),
    }
}

/// Failed logins; `event_of` gives the address, the account and the microseconds since the first of each.
fn batches(
    events: usize,
    event_of: impl Fn(usize) -> (String, String, i64),
) -> Result<Vec<EventBatch>, BatchError> {
    let reference = Timestamp::from_seconds(1_772_400_000);
    let source = Source { kind: SourceKind::File, origin: "measured".to_owned(), format: None, reference };
    let mut builder = BatchBuilder::new(TenantId::default_tenant(), Mart::LINUX);
    let mut done = Vec::new();
    for number in 0..events {
        let (address, user, micros) = event_of(number);
        let time = reference.plus_micros(micros);
        let mut event = Event::new("sshd", Mart::LINUX, time);
        event.product = "linux".into();
        event.code = Some(EventCode::LL03);
        event.host = "web-1".into();
        event.src_ip = address.into();
        event.user = user.into();
        let received = time.plus_micros(SECOND);
        let record = RawRecord { source: &source, position: number as u64, received, bytes: b"" };
        builder.push(EventId::raw(0, number as u64), &record, &event)?;
        if builder.len() >= BATCH_EVENTS {
            done.push(builder.finish()?);
        }
    }
    if !builder.is_empty() {
        done.push(builder.finish()?);
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_keeps_its_groups_and_fires_nothing() {
        for case in CASES {
            let measured = case.measure(5_000, 20_000).unwrap();
            assert!(measured.nanos_per_event > 0.0, "{}: {measured:?}", case.what);
        }
    }
}
