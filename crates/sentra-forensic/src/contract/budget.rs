use sentra_model::Severity;

use super::fixture::{TENANT, at, config, ids, policy, progress, routed, scope, signal, stretch};
use crate::{ClassStats, Clause, ForensicConfig, TextIndex, TextStats};

type Open = dyn Fn(&ForensicConfig) -> super::Opened;

/// What keeps all engines within it after a commit, and all counts in accord.
fn checked(index: &dyn TextIndex) -> TextStats {
    let stats = index.stats(&scope(TENANT)).unwrap();
    assert!(stats.bytes <= stats.budget_bytes, "{} of {}", stats.bytes, stats.budget_bytes);
    let mut documents = 0;
    for class in &stats.classes {
        assert_eq!(
            class.documents,
            class.admitted - class.evicted - class.expired - class.raised,
            "{class:?}"
        );
        documents += class.documents;
    }
    assert_eq!(stats.documents, documents);
    assert_eq!(ids(index, Vec::new()).len() as u64, documents);
    stats
}

fn class<'a>(stats: &'a TextStats, name: &str) -> &'a ClassStats {
    stats.classes.iter().find(|class| class.class == name).unwrap()
}

fn of_class(index: &dyn TextIndex, name: &str) -> Vec<u64> {
    ids(index, vec![Clause::Class(name.into())])
}

/// Commits every 200 documents, as a worker would.
fn fill(index: &dyn TextIndex, offsets: std::ops::Range<u64>, why: &crate::Why) {
    for from in offsets.clone().step_by(200) {
        let next = (from + 200).min(offsets.end);
        index.append(&scope(TENANT), stretch(from..next, why), progress(from, next)).unwrap();
        index.commit(&scope(TENANT)).unwrap();
    }
}

pub(super) fn the_last_class_gives_way_first(open: &Open) {
    let (index, _directory) = open(&config(200_000));
    fill(&*index, 0..1_500, &policy("rest"));
    let stats = checked(&*index);
    let rest = class(&stats, "rest");
    assert!(rest.evicted + rest.refused > 0 && rest.documents > 100, "{rest:?}");
    fill(&*index, 1_500..1_600, &signal(1, Severity::Medium));
    fill(&*index, 1_600..1_700, &policy("gate"));
    let stats = checked(&*index);
    assert_eq!(class(&stats, "signals medium").documents, 100);
    assert_eq!(class(&stats, "gate").documents, 100);
    assert!(class(&stats, "rest").documents < 1_500);
    // More of what is better than fits: nothing is left of the rest, and of itself the oldest gives way.
    fill(&*index, 2_000..3_500, &signal(2, Severity::Critical));
    let stats = checked(&*index);
    let (critical, medium) = (class(&stats, "signals critical"), class(&stats, "signals medium"));
    assert_eq!(class(&stats, "rest").documents, 0);
    assert_eq!(class(&stats, "gate").documents, 0);
    assert_eq!(medium.documents, 0);
    assert_eq!(critical.refused, 0, "what is newer than what is there is taken");
    assert!(critical.documents > 100 && critical.evicted > 0, "{critical:?}");
    assert_eq!(stats.classes[0].class, "signals critical");
}

pub(super) fn what_gave_way_is_lacking_while_it_would_be_kept(open: &Open) {
    let (index, _directory) = open(&config(200_000));
    fill(&*index, 0..1_500, &policy("gate"));
    let stats = checked(&*index);
    let gate = class(&stats, "gate");
    let until = gate.lacking_until.expect("some gave way");
    assert!(gate.evicted + gate.refused > 0 && until < at(1_500), "{gate:?}");
    assert_eq!(class(&stats, "rest").lacking_until, None);
    // Two days later the last of them would have been kept just so long.
    let days = 2 * 24 * 3_600;
    let expire = |now| {
        index.expire(&scope(TENANT), now).unwrap();
        index.commit(&scope(TENANT)).unwrap();
        class(&checked(&*index), "gate").lacking_until
    };
    assert_eq!(expire(until.plus_micros(days * 1_000_000)), Some(until));
    assert_eq!(expire(until.plus_micros(days * 1_000_000 + 1)), None);
}

pub(super) fn the_oldest_of_a_class_gives_way_first(open: &Open) {
    let (index, _directory) = open(&config(200_000));
    fill(&*index, 0..200, &signal(1, Severity::High));
    fill(&*index, 1_000..2_400, &policy("rest"));
    checked(&*index);
    // What is left of it is its end, without a gap.
    let left = of_class(&*index, "rest");
    assert_eq!(left, (left[0]..2_400).collect::<Vec<u64>>());
    assert!(left[0] > 1_000);
    assert_eq!(of_class(&*index, "signals high").len(), 200);
}

pub(super) fn nothing_is_pushed_out_by_what_is_lesser(open: &Open) {
    let (index, _directory) = open(&config(200_000));
    fill(&*index, 0..2_000, &signal(1, Severity::High));
    let before = of_class(&*index, "signals high");
    // Until it is full, and then one after the other.
    let mut refused = 0;
    for from in (10_000..12_000).step_by(200) {
        let appended = index
            .append(&scope(TENANT), stretch(from..from + 200, &policy("rest")), progress(from, from + 200))
            .unwrap();
        refused += appended.refused;
    }
    index.commit(&scope(TENANT)).unwrap();
    let stats = checked(&*index);
    assert_eq!(of_class(&*index, "signals high"), before);
    let rest = class(&stats, "rest");
    assert!(rest.admitted < 2_000, "{rest:?}");
    assert_eq!(rest.refused, refused);
    assert_eq!(rest.admitted + rest.refused, 2_000);
    // What would be the first to go does not come in beyond the room that is left, though others of its class are there.
    let old = (20_000..20_020)
        .map(|offset| crate::contract::document(offset, -1_000_000, &"word ".repeat(10_000)))
        .map(|document| routed(document, policy("rest")));
    let appended = index.append(&scope(TENANT), old.collect(), progress(12_000, 12_001)).unwrap();
    assert!(appended.refused >= 10, "{appended:?}");
    // What is better does.
    let better = crate::contract::document(30_000, -1_000_000, &"word ".repeat(1_000));
    let better = vec![routed(better, signal(3, Severity::Critical))];
    let appended = index.append(&scope(TENANT), better, progress(12_001, 12_002)).unwrap();
    assert_eq!(appended.admitted, 1);
    index.commit(&scope(TENANT)).unwrap();
    assert_eq!(of_class(&*index, "signals critical"), [30_000]);
    checked(&*index);
}

pub(super) fn the_share_grows_with_what_is_ingested(open: &Open) {
    let (index, _directory) = open(&config(1_000));
    let mut whole = progress(0, 10).unwrap();
    whole.raw_bytes = 1_000_000_000;
    index.append(&scope(TENANT), stretch(0..10, &policy("gate")), Some(whole)).unwrap();
    index.commit(&scope(TENANT)).unwrap();
    let stats = checked(&*index);
    assert_eq!((stats.documents, stats.budget_bytes), (10, 30_000_000));
    assert!((stats.share_percent - 3.0).abs() < f64::EPSILON);
    assert_eq!((stats.floor_bytes, stats.ingested_bytes), (1_000, 1_000_000_000));
}
