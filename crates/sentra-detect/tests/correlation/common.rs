//! Events, rules and ways to run one over the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sentra_detect::{Detector, DetectorLimits, Match, ProblemSeverity, RuleSet, RuleSource};
use sentra_model::{
    BatchBuilder, Event, EventBatch, EventId, Mart, RawRecord, Source, SourceKind, TenantId, Timestamp,
};

pub(crate) const SECOND: i64 = 1_000_000;

pub(crate) fn compile(text: &str) -> Arc<RuleSet> {
    let source = RuleSource { path: "test.yml".to_owned(), text: text.to_owned(), pack: "test".to_owned() };
    let (rules, problems) = RuleSet::compile(vec![source]);
    let errors: Vec<_> =
        problems.iter().filter(|problem| problem.severity == ProblemSeverity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
    Arc::new(rules)
}

pub(crate) fn base(name: &str) -> String {
    format!(
        "---\ntitle: base {name}\nname: {name}\nlogsource: {{product: linux}}\ndetection: {{sel: {{kind: {name}}}, condition: sel}}\n"
    )
}

pub(crate) fn correlation(body: &str) -> String {
    format!("---\ntitle: correlated\nid: c\nlevel: high\ncorrelation: {{{body}}}\n")
}

#[derive(Debug, Clone)]
pub(crate) struct Happening {
    /// Microseconds.
    pub(crate) time: i64,
    pub(crate) kind: &'static str,
    pub(crate) group: Option<&'static str>,
    pub(crate) value: &'static str,
    pub(crate) count: u32,
}

pub(crate) fn happening(time: i64, kind: &'static str) -> Happening {
    Happening { time, kind, group: Some("g"), value: "v", count: 1 }
}

/// The events in their order of arrival, which gives the offsets, cut where `cuts` says.
pub(crate) fn batches(tenant: &str, happenings: &[Happening], cuts: &BTreeSet<usize>) -> Vec<EventBatch> {
    let reference = Timestamp::from_seconds(0);
    let source = Source { kind: SourceKind::File, origin: "test".to_owned(), format: None, reference };
    let tenant: TenantId = tenant.parse().unwrap();
    let mut builder = BatchBuilder::new(tenant, Mart::LINUX);
    let mut done = Vec::new();
    for (offset, happening) in happenings.iter().enumerate() {
        if cuts.contains(&offset) && !builder.is_empty() {
            done.push(builder.finish().unwrap());
        }
        let mut event = Event::new("test", Mart::LINUX, Timestamp::from_micros(happening.time));
        event.product = "linux".into();
        event.count = happening.count;
        event.push("kind", happening.kind);
        event.push("value", happening.value);
        if let Some(group) = happening.group {
            event.src_ip = group.into();
        }
        let received = Timestamp::from_seconds(1_000_000);
        let record = RawRecord { source: &source, position: offset as u64 + 1, received, bytes: b"" };
        builder.push(EventId::raw(0, offset as u64), &record, &event).unwrap();
    }
    if !builder.is_empty() {
        done.push(builder.finish().unwrap());
    }
    done
}

pub(crate) type Found = BTreeMap<(String, Vec<(String, String)>, EventId), Match>;

/// What was reported last of every run; the place in a batch is left out, it depends on the cut.
pub(crate) fn collect(found: &mut Found, matches: Vec<Match>) {
    for mut one in matches {
        one.row = 0;
        found.insert((one.rule.id.clone(), one.group.clone(), one.run), one);
    }
}

pub(crate) fn run(rules: &Arc<RuleSet>, batches: &[EventBatch]) -> Found {
    let mut detector = Detector::new(Arc::clone(rules));
    let mut found = Found::new();
    for batch in batches {
        collect(&mut found, detector.process(batch));
    }
    found
}

/// A new detector for every batch, which knows only what the ones before it stored.
pub(crate) fn run_restarted(rules: &Arc<RuleSet>, batches: &[EventBatch]) -> Found {
    let mut stored: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let mut found = Found::new();
    for batch in batches {
        let mut detector = Detector::new(Arc::clone(rules));
        detector.restore(stored.clone().into_iter().collect());
        collect(&mut found, detector.process(batch));
        for change in detector.take_changes() {
            match change.value {
                Some(value) => stored.insert(change.key, value),
                None => stored.remove(&change.key),
            };
        }
    }
    found
}

pub(crate) fn ids(found: &Match) -> Vec<u64> {
    found.evidence.iter().map(|id| id.offset).collect()
}

pub(crate) fn only(found: &Found) -> &Match {
    assert_eq!(found.len(), 1, "{found:?}");
    found.values().next().unwrap()
}

/// The end of all time that a test knows.
pub(crate) fn end() -> Timestamp {
    Timestamp::from_seconds(900_000)
}

pub(crate) fn limits(lateness: i64) -> DetectorLimits {
    DetectorLimits { lateness_micros: lateness, ..DetectorLimits::default() }
}

/// Everything found, when event time has come to its end as well.
pub(crate) fn run_to_end(rules: &Arc<RuleSet>, lateness: i64, batches: &[EventBatch]) -> (Found, Detector) {
    let mut detector = Detector::with_limits(Arc::clone(rules), limits(lateness));
    let mut found = Found::new();
    for batch in batches {
        collect(&mut found, detector.process(batch));
    }
    collect(&mut found, detector.advance(&"t".parse().unwrap(), end()));
    (found, detector)
}

/// The same with a new detector for every batch, which knows only what the ones before it stored.
pub(crate) fn run_to_end_restarted(rules: &Arc<RuleSet>, lateness: i64, batches: &[EventBatch]) -> Found {
    let mut stored: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let mut found = Found::new();
    for batch in batches.iter().map(Some).chain([None]) {
        let mut detector = Detector::with_limits(Arc::clone(rules), limits(lateness));
        detector.restore(stored.clone().into_iter().collect());
        assert_eq!(detector.stats().entries_not_restored, 0);
        let matches = match batch {
            Some(batch) => detector.process(batch),
            None => detector.advance(&"t".parse().unwrap(), end()),
        };
        collect(&mut found, matches);
        for change in detector.take_changes() {
            match change.value {
                Some(value) => stored.insert(change.key, value),
                None => stored.remove(&change.key),
            };
        }
    }
    found
}
