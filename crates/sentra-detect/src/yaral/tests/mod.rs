//! Rules on events.

mod check;
mod hostile;
mod multiple;
mod outcomes;
mod real;
mod single;
mod windows;

use std::collections::BTreeMap;
use std::sync::Arc;

use sentra_model::{
    BatchBuilder, Class, Event, EventBatch, EventCode, EventId, Mart, Outcome, RawRecord, Source, SourceKind,
    TenantId, Timestamp,
};

use super::lists::{ListKind, ListSource, Lists, SharedLists};
use super::rules::YaralRules;
use super::runner::Runner;
use super::state::YaralLimits;
use crate::detector::{Detector, DetectorLimits, StateChange};
use crate::matched::Match;
use crate::options::CompileOptions;
use crate::problem::{ProblemSeverity, RuleProblem};
use crate::ruleset::{RuleSet, RuleSource};

const SECOND: i64 = 1_000_000;

/// An event: seconds, and its fields; names of header columns go there.
pub(super) type Happening<'a> = (i64, Vec<(&'a str, &'a str)>);

pub(super) fn batches(happenings: &[Happening<'_>], size: usize) -> Vec<EventBatch> {
    let reference = Timestamp::from_seconds(0);
    let source = Source { kind: SourceKind::File, origin: "test".to_owned(), format: None, reference };
    let mut builder = BatchBuilder::new(TenantId::default_tenant(), Mart::WINDOWS);
    let mut done = Vec::new();
    for (offset, (seconds, fields)) in happenings.iter().enumerate() {
        let mut event = Event::new("test", Mart::WINDOWS, Timestamp::from_micros(seconds * SECOND));
        for (name, value) in fields {
            match *name {
                "@code" => event.code = EventCode::ALL.iter().copied().find(|code| code.as_str() == *value),
                "@class" => event.class = Class(value.parse().unwrap()),
                "@outcome" if *value == "success" => event.outcome = Outcome::Success,
                "@outcome" => event.outcome = Outcome::Failure,
                "@product" => event.product = (*value).into(),
                "@service" => event.service = (*value).into(),
                "@host" => event.host = (*value).into(),
                "@user" => event.user = (*value).into(),
                "@src_ip" => event.src_ip = (*value).into(),
                "@process" => event.process = (*value).into(),
                "@parent_process" => event.parent_process = (*value).into(),
                "@command" => event.command = (*value).into(),
                "@count" => event.count = value.parse().unwrap(),
                name => event.push(name, *value),
            }
        }
        let received = Timestamp::from_seconds(2_000_000_000);
        let record = RawRecord { source: &source, position: offset as u64 + 1, received, bytes: b"" };
        builder.push(EventId::raw(0, offset as u64), &record, &event).unwrap();
        if builder.len() >= size {
            done.push(builder.finish().unwrap());
        }
    }
    if !builder.is_empty() {
        done.push(builder.finish().unwrap());
    }
    done
}

fn lists() -> Arc<SharedLists> {
    let list = |name: &str, kind: ListKind, text: &str| ListSource {
        path: format!("{name}.txt"),
        name: name.to_owned(),
        kind,
        text: text.to_owned(),
    };
    let (lists, problems) = Lists::load(vec![
        list("hosts", ListKind::Text, "alpha\nBETA\n"),
        list("patterns", ListKind::Regex, "^a.*z$\n"),
        list("nets", ListKind::Cidr, "192.0.2.0/24\n"),
        list("table", ListKind::Table, "net:cidr,name\n192.0.2.0/24,documentation\n"),
    ]);
    assert!(problems.is_empty(), "{problems:?}");
    Arc::new(SharedLists::new(lists))
}

pub(super) fn compile(text: &str) -> (YaralRules, Vec<RuleProblem>) {
    let source = RuleSource { path: "test.yaral".to_owned(), text: text.to_owned(), pack: "test".to_owned() };
    YaralRules::compile(&[source], &lists())
}

pub(super) fn rules(text: &str) -> Arc<YaralRules> {
    let (rules, problems) = compile(text);
    let errors: Vec<_> =
        problems.iter().filter(|problem| problem.severity == ProblemSeverity::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{text}");
    Arc::new(rules)
}

/// What was told last of every run: group and opening event.
type Found = BTreeMap<(Vec<(String, String)>, EventId), Match>;

fn collect(found: &mut Found, matches: Vec<Match>) {
    for mut one in matches {
        one.row = 0;
        found.insert((one.group.clone(), one.run), one);
    }
}

pub(super) fn end() -> Timestamp {
    Timestamp::from_seconds(4_000_000_000)
}

fn run_once(rules: &Arc<YaralRules>, batches: &[EventBatch], lateness_seconds: i64, restart: bool) -> Found {
    let new = || Runner::new(Arc::clone(rules), YaralLimits::default(), lateness_seconds * SECOND);
    let mut runner = new();
    let mut stored: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let mut found = Found::new();
    let mut store = |runner: &mut Runner| {
        for change in runner.state.take_changes() {
            match change.value {
                Some(value) => stored.insert(change.key, value),
                None => stored.remove(&change.key),
            };
        }
        stored.clone()
    };
    for batch in batches {
        collect(&mut found, runner.process(batch));
        if restart {
            let entries = store(&mut runner).into_iter().collect();
            runner = new();
            runner.state.restore(entries);
            assert_eq!(runner.state.stats().entries_not_restored, 0);
        }
    }
    collect(&mut found, runner.advance(&TenantId::default_tenant(), end()));
    let left = runner.state.stats();
    assert_eq!((left.groups, left.events), (0, 0), "nothing stays when time is over");
    found
}

/// The same by the detector: with the index in front, beside a Sigma rule, with rules exchanged after the first batch,
/// and restarted.
fn detected(text: &str, batches: &[EventBatch], lateness_seconds: i64, restart: bool) -> Found {
    const SIGMA: &str = "title: s\nlogsource: {product: nothing}\ndetection: {a: {b: c}, condition: a}\n";
    let source = |path: &str, text: &str| RuleSource {
        path: path.to_owned(),
        text: text.to_owned(),
        pack: "test".to_owned(),
    };
    let options = CompileOptions { shared_lists: lists(), ..CompileOptions::default() };
    let compile = |sources| Arc::new(RuleSet::compile_with(sources, &options).0);
    let rules = compile(vec![source("test.yaral", text), source("s.yml", SIGMA)]);
    let limits = DetectorLimits { lateness_micros: lateness_seconds * SECOND, ..DetectorLimits::default() };
    let mut detector = Detector::with_limits(Arc::clone(&rules), limits);
    let mut stored: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let mut found = Found::new();
    for (number, batch) in batches.iter().enumerate() {
        collect(&mut found, detector.process(batch));
        if number == 0 {
            detector.replace_rules(compile(vec![
                source("s.yml", SIGMA),
                source("more.yaral", &text.replacen("rule ", "rule another_", 1)),
                source("test.yaral", text),
            ]));
            detector.replace_rules(Arc::clone(&rules));
        }
        if !restart {
            continue;
        }
        for StateChange { key, value } in detector.take_changes() {
            match value {
                Some(value) => stored.insert(key, value),
                None => stored.remove(&key),
            };
        }
        detector = Detector::with_limits(Arc::clone(&rules), limits);
        detector.restore(stored.clone().into_iter().collect());
        assert_eq!(detector.stats().entries_not_restored, 0);
    }
    collect(&mut found, detector.advance(&TenantId::default_tenant(), end()));
    found
}

/// All that is found in the end, whatever the cut (law IDENTITY) and across restarts.
pub(super) fn found_late(text: &str, happenings: &[Happening<'_>], lateness_seconds: i64) -> Vec<Match> {
    let rules = rules(text);
    let whole = run_once(&rules, &batches(happenings, 10_000), lateness_seconds, false);
    let single = run_once(&rules, &batches(happenings, 1), lateness_seconds, false);
    assert_eq!(whole, single, "{text}: the cut into batches changes what is found");
    let restarted = run_once(&rules, &batches(happenings, 2), lateness_seconds, true);
    assert_eq!(whole, restarted, "{text}: a restart changes what is found");
    for (size, restart) in [(10_000, false), (2, false), (3, true)] {
        let detected = detected(text, &batches(happenings, size), lateness_seconds, restart);
        assert_eq!(whole, detected, "{text}: the detector finds something else, cut by {size}, {restart}");
    }
    whole.into_values().collect()
}

pub(super) fn found(text: &str, happenings: &[Happening<'_>]) -> Vec<Match> {
    found_late(text, happenings, 0)
}

/// The offsets of the evidence.
pub(super) fn offsets(one: &Match) -> Vec<u64> {
    one.evidence.iter().map(|id| id.offset).collect()
}

/// The evidence of all matches, in the order of their first events.
pub(super) fn evidence(matches: &[Match]) -> Vec<Vec<u64>> {
    let mut all: Vec<Vec<u64>> = matches.iter().map(offsets).collect();
    all.sort();
    all
}
