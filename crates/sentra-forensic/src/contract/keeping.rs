use sentra_model::{EventId, Severity};

use super::fixture::{TENANT, at, document, ids, policy, progress, routed, scope, signal, stretch, wide};
use crate::{
    APPEND_DOCUMENTS_MAX, Appended, ClassStats, Clause, Deadline, ForensicConfig, ForensicError, TextIndex,
    TextQuery, WHYS_PER_DOCUMENT_MAX,
};

type Open = dyn Fn(&ForensicConfig) -> super::Opened;

fn class(index: &dyn TextIndex, name: &str) -> ClassStats {
    let stats = index.stats(&scope(TENANT)).unwrap();
    stats.classes.into_iter().find(|class| class.class == name).unwrap()
}

pub(super) fn what_is_not_committed_is_not_found(open: &Open) {
    let (index, _directory) = open(&wide());
    assert_eq!(index.position(&scope(TENANT), 0).unwrap(), 0);
    assert_eq!(ids(&*index, Vec::new()), [0; 0]);
    index.commit(&scope(TENANT)).unwrap();
    index.append(&scope(TENANT), stretch(0..3, &policy("gate")), progress(0, 5)).unwrap();
    assert_eq!(ids(&*index, Vec::new()), [0; 0]);
    assert_eq!(index.position(&scope(TENANT), 0).unwrap(), 0);
    index.commit(&scope(TENANT)).unwrap();
    assert_eq!(ids(&*index, Vec::new()), [0, 1, 2]);
    assert_eq!(index.position(&scope(TENANT), 0).unwrap(), 5);
    assert_eq!(index.position(&scope(TENANT), 1).unwrap(), 0);
    // A stretch of which nothing is routed moves the position.
    index.append(&scope(TENANT), Vec::new(), progress(5, 90)).unwrap();
    assert_eq!(index.position(&scope(TENANT), 0).unwrap(), 5);
    index.commit(&scope(TENANT)).unwrap();
    assert_eq!(index.position(&scope(TENANT), 0).unwrap(), 90);
    assert_eq!(index.stats(&scope(TENANT)).unwrap().ingested_bytes, 9_000);
}

pub(super) fn a_replay_repeats_nothing(open: &Open) {
    let (index, _directory) = open(&wide());
    let taken = Appended { admitted: 10, refused: 0, known: 0 };
    let known = Appended { admitted: 0, refused: 0, known: 10 };
    let all = || stretch(0..10, &policy("gate"));
    assert_eq!(index.append(&scope(TENANT), all(), progress(0, 10)).unwrap(), taken);
    assert_eq!(index.append(&scope(TENANT), all(), progress(0, 10)).unwrap(), known);
    assert_eq!(index.append(&scope(TENANT), all(), None).unwrap(), known);
    index.commit(&scope(TENANT)).unwrap();
    let before = index.stats(&scope(TENANT)).unwrap();
    assert_eq!(index.append(&scope(TENANT), all(), progress(0, 10)).unwrap(), known);
    assert_eq!(index.append(&scope(TENANT), all(), progress(3, 7)).unwrap(), known);
    assert_eq!(index.append(&scope(TENANT), all(), None).unwrap(), known);
    index.commit(&scope(TENANT)).unwrap();
    assert_eq!(index.stats(&scope(TENANT)).unwrap(), before);
    assert_eq!(ids(&*index, Vec::new()), (0..10).collect::<Vec<u64>>());
}

pub(super) fn stretches_that_overlap_count_once(open: &Open) {
    let (index, _directory) = open(&wide());
    index.append(&scope(TENANT), stretch(0..10, &policy("gate")), progress(0, 10)).unwrap();
    let appended = index.append(&scope(TENANT), stretch(5..15, &policy("gate")), progress(5, 15)).unwrap();
    assert_eq!(appended, Appended { admitted: 5, refused: 0, known: 5 });
    index.append(&scope(TENANT), Vec::new(), progress(0, 20)).unwrap();
    index.commit(&scope(TENANT)).unwrap();
    let stats = index.stats(&scope(TENANT)).unwrap();
    assert_eq!((stats.ingested_bytes, stats.documents), (2_000, 15));
    assert_eq!(class(&*index, "gate").admitted, 15);
}

pub(super) fn reasons_are_united(open: &Open) {
    let (index, _directory) = open(&wide());
    let add = |why| index.append(&scope(TENANT), vec![routed(document(1, 0, "one"), why)], None).unwrap();
    let why = || {
        let answer = index.search(&scope(TENANT), &TextQuery::default(), &Deadline::never()).unwrap();
        assert_eq!(answer.hits.len(), 1);
        (answer.hits[0].class.clone(), answer.hits[0].why.len())
    };
    add(policy("rest"));
    add(signal(1, Severity::Low));
    index.commit(&scope(TENANT)).unwrap();
    assert_eq!(why(), ("signals low".into(), 3));
    // Once it is committed as well as before.
    add(signal(2, Severity::Critical));
    add(policy("gate"));
    assert_eq!(add(policy("gate")).known, 1);
    // The same signal, worse now.
    add(signal(1, Severity::High));
    index.commit(&scope(TENANT)).unwrap();
    assert_eq!(why(), ("signals critical".into(), 6));
    assert_eq!(ids(&*index, vec![Clause::Why("rule=rule-2".into()), Clause::Why("policy=rest".into())]), [1]);
    assert_eq!(ids(&*index, vec![Clause::Class("signals low".into())]), [0; 0]);
    for class in index.stats(&scope(TENANT)).unwrap().classes {
        let left = class.admitted - class.evicted - class.expired - class.raised;
        assert_eq!(class.documents, left, "{class:?}");
        assert_eq!(class.documents, u64::from(class.class == "signals critical"));
    }
    for number in 10..200 {
        add(signal(number, Severity::Low));
    }
    index.commit(&scope(TENANT)).unwrap();
    assert_eq!(why(), ("signals critical".into(), WHYS_PER_DOCUMENT_MAX));
}

pub(super) fn what_is_missing_is_said(open: &Open) {
    let (index, _directory) = open(&wide());
    let wanted: Vec<_> = (0..4).map(|offset| (EventId::raw(0, offset), signal(1, Severity::Low))).collect();
    let missing = || -> Vec<u64> {
        let missing = index.missing(&scope(TENANT), &wanted).unwrap();
        missing.into_iter().map(|id| id.offset).collect()
    };
    assert_eq!(missing(), [0, 1, 2, 3]);
    index.append(&scope(TENANT), stretch(0..1, &signal(1, Severity::Low)), progress(0, 1)).unwrap();
    index.append(&scope(TENANT), stretch(1..2, &policy("gate")), progress(1, 2)).unwrap();
    assert_eq!(missing(), [1, 2, 3]);
    index.commit(&scope(TENANT)).unwrap();
    assert_eq!(missing(), [1, 2, 3]);
    index.append(&scope(TENANT), stretch(1..2, &signal(1, Severity::Critical)), None).unwrap();
    index.commit(&scope(TENANT)).unwrap();
    assert_eq!(missing(), [2, 3]);
}

/// Law TENANT.
pub(super) fn tenants_do_not_see_each_other(open: &Open) {
    let (index, _directory) = open(&wide());
    index.append(&scope(TENANT), stretch(0..5, &policy("gate")), progress(0, 5)).unwrap();
    index.append(&scope("other"), stretch(3..4, &policy("gate")), progress(0, 9)).unwrap();
    index.commit(&scope(TENANT)).unwrap();
    assert_eq!(index.position(&scope("other"), 0).unwrap(), 0, "commits are of one tenant");
    index.commit(&scope("other")).unwrap();
    assert_eq!(ids(&*index, Vec::new()).len(), 5);
    assert_eq!(index.position(&scope(TENANT), 0).unwrap(), 5);
    assert_eq!(index.position(&scope("other"), 0).unwrap(), 9);
    let answer = index.search(&scope("other"), &TextQuery::default(), &Deadline::never()).unwrap();
    assert_eq!((answer.total, answer.hits[0].id.offset), (1, 3));
    let answer = index.search(&scope("nobody"), &TextQuery::default(), &Deadline::never()).unwrap();
    assert_eq!((answer.total, answer.complete), (0, true));
    assert_eq!(index.stats(&scope("nobody")).unwrap().documents, 0);
    assert_eq!(index.stats(&scope("other")).unwrap().documents, 1);
    let wanted = [(EventId::raw(0, 0), policy("gate"))];
    assert_eq!(index.missing(&scope("other"), &wanted).unwrap().len(), 1);
}

pub(super) fn retention_is_kept(open: &Open) {
    let (index, _directory) = open(&ForensicConfig { signals_retention_days: Some(10), ..wide() });
    let day = |days: i64| days * 24 * 3_600;
    let all = |why: &crate::Why, first: u64| -> Vec<_> {
        (first..first + 5)
            .map(|offset| {
                let seconds = day(i64::try_from(offset - first).unwrap());
                routed(document(offset, seconds, "same"), why.clone())
            })
            .collect()
    };
    index.append(&scope(TENANT), all(&policy("gate"), 0), progress(0, 5)).unwrap();
    index.append(&scope(TENANT), all(&policy("rest"), 5), progress(5, 10)).unwrap();
    index.append(&scope(TENANT), all(&signal(1, Severity::High), 10), progress(10, 15)).unwrap();
    index.commit(&scope(TENANT)).unwrap();
    assert_eq!(index.expire(&scope(TENANT), at(day(4))).unwrap(), 2);
    index.commit(&scope(TENANT)).unwrap();
    assert_eq!(ids(&*index, Vec::new()), (2..15).collect::<Vec<u64>>());
    assert_eq!(index.expire(&scope(TENANT), at(day(4))).unwrap(), 0);
    assert_eq!(index.expire(&scope(TENANT), at(day(13))).unwrap(), 6);
    index.commit(&scope(TENANT)).unwrap();
    assert_eq!(ids(&*index, Vec::new()), [5, 6, 7, 8, 9, 13, 14]);
    assert_eq!((class(&*index, "gate").expired, class(&*index, "gate").documents), (5, 0));
    assert_eq!((class(&*index, "signals high").expired, class(&*index, "signals high").documents), (3, 2));
    assert_eq!(index.stats(&scope(TENANT)).unwrap().documents, 7);
}

/// Law LIMIT.
pub(super) fn too_many_documents_are_refused(open: &Open) {
    let (index, _directory) = open(&wide());
    index.append(&scope(TENANT), stretch(0..1, &policy("gate")), progress(0, 1)).unwrap();
    let many = vec![routed(document(1, 0, "x"), policy("gate")); APPEND_DOCUMENTS_MAX + 1];
    let refused = index.append(&scope(TENANT), many, progress(1, 2));
    assert!(matches!(refused, Err(ForensicError::TooMany { .. })), "{refused:?}");
    index.commit(&scope(TENANT)).unwrap();
    assert_eq!((ids(&*index, Vec::new()), index.position(&scope(TENANT), 0).unwrap()), (vec![0], 1));
}
