use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use sentra_kql::plan::{Expr, Value};
use sentra_kql::run::Evaluator;
use sentra_kql::{Builtin, Kind};
use sentra_model::{EventId, Mart, Severity};

use super::fixture::{TENANT, at, document, ids, offsets, policy, progress, routed, scope, signal, wide};
use crate::{
    CLAUSES_MAX, Clause, DOCUMENT_TEXT_BYTES_MAX, Deadline, DocumentBuilder, ForensicConfig, ForensicError,
    HIT_LIMIT_MAX, QueryProblem, TextQuery, TextRange,
};

type Open = dyn Fn(&ForensicConfig) -> super::Opened;

fn has(text: &str) -> Clause {
    Clause::Has(text.into())
}

fn field(name: &str, value: &str) -> Clause {
    Clause::Field { name: name.into(), value: value.into() }
}

const MESSAGES: [&str; 12] = [
    "Failed password for root from 10.0.0.7 port 22",
    "failed PASSWORD for invalid user admin",
    "C:\\Windows\\System32\\cmd.exe /c whoami",
    "powershell -enc SQBFAFgA",
    "user=svc_backup action=login",
    "user=svc-backup action=logout",
    "ÄSA logged in from Åbo",
    "\"quoted, text\" (brackets) [more]",
    "mimikatz",
    "xmimikatz mimikatzx",
    "İstanbul ΟΔΟΣ ΟΔΟΣ.Χ",
    "10.0.0.70 10.0.0.7",
];

const PARTS: [&str; 28] = [
    "failed",
    "FAILED",
    "password",
    "pass",
    "root",
    "10.0.0.7",
    "10.0.0",
    "0.7",
    "10.0.0.70",
    "cmd.exe",
    "System32",
    "\\cmd",
    "cmd.exe /c",
    "svc_backup",
    "svc",
    "backup",
    "svc-backup",
    "äsa",
    "åbo",
    "mimikatz",
    "user=svc",
    "quoted, text",
    "quoted text",
    "-enc",
    "i",
    "istanbul",
    "οδος",
    "host",
];

/// What the language's `has` says.
fn language_has(text: &str, part: &str) -> bool {
    let arguments =
        vec![Expr::column(0, Kind::String), Expr::literal(Kind::String, Value::String(part.to_owned()))];
    let test = Expr::call(Kind::Bool, Builtin::Has, arguments);
    Evaluator::default().eval(&test, &[Value::String(text.to_owned())]).unwrap().is_true()
}

pub(super) fn what_has_finds_is_found(open: &Open) {
    let (index, _directory) = open(&wide());
    let all: Vec<_> = (0_u64..)
        .zip(MESSAGES)
        .map(|(offset, message)| routed(document(offset, 0, message), policy("gate")))
        .collect();
    index.append(&scope(TENANT), all, progress(0, 12)).unwrap();
    index.commit(&scope(TENANT)).unwrap();
    for part in PARTS {
        let found = ids(&*index, vec![has(part)]);
        let wanted: Vec<u64> = (0_u64..)
            .zip(MESSAGES)
            .filter(|(_, text)| language_has(text, part))
            .map(|(offset, _)| offset)
            .collect();
        let is_word = part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        // A word alone: exactly the same. Beside what the message says there are other texts.
        if is_word && !["host", "i"].contains(&part) {
            assert_eq!(found, wanted, "{part}");
        }
        for offset in wanted {
            assert!(found.contains(&offset), "{part} of {offset}");
        }
    }
    assert_eq!(ids(&*index, vec![has("quoted text")]), [7]);
    assert_eq!(ids(&*index, vec![has("text quoted")]), [0; 0], "terms stand in their order");
    assert_eq!(ids(&*index, vec![has("logout host")]), [0; 0], "a phrase does not reach into the next text");
}

pub(super) fn fields_have_values(open: &Open) {
    let (index, _directory) = open(&wide());
    let long = "X".repeat(300);
    let mut other = DocumentBuilder::new(EventId::raw(0, 7), Mart::LINUX, at(0), b"raw");
    other.field("Long", &long);
    other.field("\u{1}class", "signals critical");
    other.field("a.b", "c=d");
    let all = vec![routed(document(1, 0, "one"), policy("gate")), routed(other.finish(), policy("gate"))];
    index.append(&scope(TENANT), all, progress(0, 8)).unwrap();
    index.commit(&scope(TENANT)).unwrap();
    let cases: [(Clause, &[u64]); 13] = [
        (field("host", "HOST-1"), &[1]),
        (field("host", "host"), &[]),
        (field("EventID", "4625"), &[1]),
        (field("eventid", "4625"), &[]),
        (field("fields.EventID", "4625"), &[1]),
        (field("user", "shadowed"), &[]),
        (field("fields.user", "Shadowed"), &[1]),
        (field("Long", &long), &[7]),
        (field("Long", &"x".repeat(300)), &[7]),
        (field("Long", &"x".repeat(299)), &[]),
        (field("a.b", "C=D"), &[7]),
        (field("a.b=c", "d"), &[7]),
        (Clause::Class("signals critical".into()), &[]),
    ];
    for (clause, wanted) in cases {
        assert_eq!(ids(&*index, vec![clause.clone()]), wanted, "{clause:?}");
    }
}

pub(super) fn reasons_and_classes_are_found(open: &Open) {
    let (index, _directory) = open(&wide());
    let all = vec![
        routed(document(0, 0, "one"), signal(1, Severity::High)),
        routed(document(1, 1, "two"), policy("rest")),
    ];
    index.append(&scope(TENANT), all, progress(0, 2)).unwrap();
    index.commit(&scope(TENANT)).unwrap();
    assert_eq!(ids(&*index, vec![Clause::Why("rule=rule-1".into())]), [0]);
    assert_eq!(ids(&*index, vec![Clause::Why("policy=rest".into())]), [1]);
    assert_eq!(ids(&*index, vec![Clause::Class("signals high".into())]), [0]);
    let answer = index.search(&scope(TENANT), &TextQuery::default(), &Deadline::never()).unwrap();
    let [newer, older] = answer.hits.as_slice() else { panic!("{answer:?}") };
    assert_eq!((newer.class.as_str(), newer.why.as_slice()), ("rest", ["policy=rest".to_owned()].as_slice()));
    assert_eq!(older.class, "signals high");
    assert_eq!(older.why[0], "rule=rule-1");
    assert!(older.why[1].starts_with("signal=sig-"), "{older:?}");
}

pub(super) fn clauses_are_joined(open: &Open) {
    let (index, _directory) = open(&wide());
    let all = (0_u64..8).map(|offset| {
        let message = format!("n{offset} {}", if offset < 4 { "low" } else { "high" });
        routed(document(offset, 0, &message), policy("gate"))
    });
    index.append(&scope(TENANT), all.collect(), progress(0, 8)).unwrap();
    index.commit(&scope(TENANT)).unwrap();
    let any = |clauses: Vec<Clause>| Clause::Any(clauses);
    assert_eq!(ids(&*index, vec![has("low"), field("host", "host-1")]), [1]);
    assert_eq!(ids(&*index, vec![any(vec![has("n1"), has("n6")])]), [1, 6]);
    let nested =
        any(vec![Clause::All(vec![has("low"), has("n2")]), Clause::All(vec![has("low"), has("n5")])]);
    assert_eq!(ids(&*index, vec![nested]), [2]);
    assert_eq!(ids(&*index, vec![Clause::All(Vec::new())]).len(), 8);
    let not = TextQuery { not: vec![has("high"), has("n0")], limit: 100, ..TextQuery::default() };
    assert_eq!(offsets(&*index, &not), [3, 2, 1]);
    let both =
        TextQuery { must: vec![has("high")], not: vec![field("host", "host-2")], ..TextQuery::default() };
    assert_eq!(offsets(&*index, &both), [7, 5, 4]);
}

pub(super) fn the_newest_come_first(open: &Open) {
    let (index, _directory) = open(&wide());
    // Not in the order of offsets, with repeats, in several commits.
    for offset in 0_u64..30 {
        let seconds = i64::try_from(offset * 7 % 10).unwrap();
        let one = vec![routed(document(offset, seconds, "same"), policy("gate"))];
        index.append(&scope(TENANT), one, progress(offset, offset + 1)).unwrap();
        if offset % 5 == 4 {
            index.commit(&scope(TENANT)).unwrap();
        }
    }
    let mut wanted: Vec<u64> = (0..30).collect();
    wanted.sort_by_key(|offset| std::cmp::Reverse((offset * 7 % 10, *offset)));
    let all = TextQuery { must: vec![has("same")], limit: 1_000, ..TextQuery::default() };
    assert_eq!(offsets(&*index, &all), wanted);
    for limit in [0, 1, 7] {
        let query = TextQuery { limit, ..all.clone() };
        let answer = index.search(&scope(TENANT), &query, &Deadline::never()).unwrap();
        assert_eq!((answer.hits.len(), answer.total, answer.complete), (limit, 30, true));
        assert_eq!(offsets(&*index, &query), wanted[..limit]);
    }
}

pub(super) fn ranges_and_marts_select(open: &Open) {
    let (index, _directory) = open(&wide());
    let all = (0_u64..9)
        .map(|offset| routed(document(offset, i64::try_from(offset).unwrap(), "same"), policy("gate")));
    index.append(&scope(TENANT), all.collect(), progress(0, 9)).unwrap();
    index.commit(&scope(TENANT)).unwrap();
    let with = |range, marts| TextQuery { range, marts, ..TextQuery::default() };
    let range = TextRange { from: Some(at(2)), to: Some(at(5)) };
    assert_eq!(offsets(&*index, &with(range, None)), [4, 3, 2]);
    assert_eq!(offsets(&*index, &with(range, Some(vec![Mart::WINDOWS]))), [3]);
    assert_eq!(offsets(&*index, &with(TextRange::default(), Some(vec![Mart::WINDOWS]))), [6, 3, 0]);
    let both = Some(vec![Mart::WINDOWS, Mart::LINUX, Mart::CLOUD]);
    assert_eq!(offsets(&*index, &with(TextRange { from: None, to: Some(at(2)) }, both)), [1, 0]);
    assert_eq!(offsets(&*index, &with(TextRange::default(), Some(Vec::new()))), [0; 0]);
    assert_eq!(offsets(&*index, &with(TextRange { from: Some(at(5)), to: Some(at(5)) }, None)), [0; 0]);
}

pub(super) fn long_documents_are_cut_and_say_so(open: &Open) {
    let (index, _directory) = open(&wide());
    let raw = format!("first {} last", "x".repeat(DOCUMENT_TEXT_BYTES_MAX));
    let long = DocumentBuilder::new(EventId::raw(0, 1), Mart::LINUX, at(0), raw.as_bytes()).finish();
    let all = vec![routed(long, policy("gate")), routed(document(2, 0, "short"), policy("gate"))];
    index.append(&scope(TENANT), all, progress(0, 3)).unwrap();
    index.commit(&scope(TENANT)).unwrap();
    assert_eq!(ids(&*index, vec![has("first")]), [1]);
    assert_eq!(ids(&*index, vec![has("last")]), [0; 0]);
    let miss_none = TextQuery { must: vec![has("last")], with_cut: true, ..TextQuery::default() };
    assert_eq!(offsets(&*index, &miss_none), [1]);
    let elsewhere = TextQuery { marts: Some(vec![Mart::CLOUD]), ..miss_none };
    assert_eq!(offsets(&*index, &elsewhere), [0; 0]);
    let stats = index.stats(&scope(TENANT)).unwrap();
    let gate = stats.classes.iter().find(|class| class.class == "gate").unwrap();
    assert_eq!((gate.documents, gate.cut), (2, 1));
}

pub(super) fn hostile_queries_are_refused(open: &Open) {
    let (index, _directory) = open(&wide());
    index
        .append(&scope(TENANT), vec![routed(document(1, 0, "one"), policy("gate"))], progress(0, 2))
        .unwrap();
    index.commit(&scope(TENANT)).unwrap();
    let refused = |query: &TextQuery| match index.search(&scope(TENANT), query, &Deadline::never()) {
        Err(ForensicError::Query(problem)) => problem,
        other => panic!("{other:?}"),
    };
    let must = |must: Vec<Clause>| TextQuery { must, ..TextQuery::default() };
    let mut deep = has("x");
    for _ in 0..500 {
        deep = Clause::Any(vec![deep]);
    }
    let too_much = |what: &str, query: &TextQuery| match refused(query) {
        QueryProblem::TooMuch { what: found, .. } => assert_eq!(found, what),
        other => panic!("{other:?}"),
    };
    too_much("levels of clauses", &must(vec![deep]));
    too_much("clauses", &must(vec![has("x"); CLAUSES_MAX + 1]));
    too_much("clauses", &must(vec![Clause::Any(vec![has("x"); 200]), Clause::Any(vec![has("x"); 200])]));
    too_much("bytes of text", &must(vec![has(&"x".repeat(20_000))]));
    too_much("bytes of text", &must(vec![field(&"x".repeat(20_000), "1")]));
    too_much("terms", &must(vec![has(&"x ".repeat(2_000))]));
    too_much("marts", &TextQuery { marts: Some(vec![Mart::LINUX; 257]), ..TextQuery::default() });
    too_much("hits", &TextQuery { limit: HIT_LIMIT_MAX + 1, ..TextQuery::default() });
    too_much("hits", &TextQuery { limit: usize::MAX, ..TextQuery::default() });
    for text in ["", "-", " \0\n", "…"] {
        assert_eq!(refused(&must(vec![has(text)])), QueryProblem::NoTerm { text: text.into() });
    }
    assert!(matches!(refused(&must(vec![field("", "x")])), QueryProblem::NoValue { .. }));
    assert!(matches!(refused(&must(vec![field("x", "")])), QueryProblem::NoValue { .. }));
    assert_eq!(refused(&must(vec![Clause::Any(Vec::new())])), QueryProblem::NoChoice);
    // The largest that is taken is answered.
    let largest = must(vec![has("one"); CLAUSES_MAX]);
    assert_eq!(offsets(&*index, &largest), [1]);
    assert_eq!(ids(&*index, vec![has(&"one ".repeat(1_000))]), [0; 0]);
}

pub(super) fn what_the_deadline_stops_says_so(open: &Open) {
    let (index, _directory) = open(&wide());
    let all = (0_u64..300).map(|offset| routed(document(offset, 0, "same"), policy("gate"))).collect();
    index.append(&scope(TENANT), all, progress(0, 300)).unwrap();
    index.commit(&scope(TENANT)).unwrap();
    let query = TextQuery { must: vec![has("same")], ..TextQuery::default() };
    let cancelled = Arc::new(AtomicBool::new(true));
    for deadline in [Deadline::after(Duration::ZERO), Deadline::never().or_cancelled(cancelled)] {
        let answer = index.search(&scope(TENANT), &query, &deadline).unwrap();
        assert!(!answer.complete && answer.total < 300, "{answer:?}");
    }
    let answer = index.search(&scope(TENANT), &query, &Deadline::after(Duration::from_secs(600))).unwrap();
    assert_eq!((answer.complete, answer.total, answer.hits.len()), (true, 300, 100));
}
