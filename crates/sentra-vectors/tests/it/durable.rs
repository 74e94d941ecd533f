//! What was committed is there after a crash, and what is not whole is cut off (laws SOURCE and LOSS).

use std::fs;
use std::path::{Path, PathBuf};

use sentra_vectors::{EmbeddedVectors, Entry, Filter, ItemId, VectorIndex, VectorLimits};

use crate::cases::{Dice, scope};
use crate::contract::{embedded, entries, entry, signal_id, space, vector};

fn file(directory: &Path) -> PathBuf {
    directory.join("a").join("test-1_32.vectors")
}

fn all(index: &EmbeddedVectors) -> Vec<ItemId> {
    let found = index.search(&scope("a"), &space(1), &vector(1, 32), 1_000, &Filter::default()).unwrap();
    let mut ids: Vec<ItemId> = found.hits.into_iter().map(|hit| hit.id).collect();
    ids.sort_unstable();
    ids
}

fn filled(directory: &Path) -> Vec<Entry> {
    let index = embedded(directory, 20_000);
    let entries = entries(0..40);
    index.activate(&scope("a"), &space(1)).unwrap();
    index.put(&scope("a"), &space(1), &entries[..30]).unwrap();
    index.commit(&scope("a"), Some("one")).unwrap();
    index.put(&scope("a"), &space(1), &entries[30..]).unwrap();
    index.delete(&scope("a"), &[entries[0].id]).unwrap();
    index.commit(&scope("a"), Some("two")).unwrap();
    entries
}

#[test]
fn all_is_there_when_it_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let entries = filled(directory.path());
    let index = embedded(directory.path(), 20_000);
    assert_eq!(index.mark(&scope("a")).unwrap().as_deref(), Some("two"));
    assert_eq!(index.active(&scope("a")).unwrap(), Some(space(1)));
    assert_eq!(all(&index).len(), 39);
    for entry in &entries[1..] {
        assert_eq!(index.get(&scope("a"), &space(1), &entry.id).unwrap().as_ref(), Some(entry));
    }
    assert_eq!(index.stats(&scope("a")).unwrap()[0].cut_bytes, 0);
}

/// Wherever the file ends, it opens, has a beginning of what was put, and its mark is that of what it has.
#[test]
fn a_torn_file_is_cut_to_what_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let entries = filled(directory.path());
    let whole = fs::read(file(directory.path())).unwrap();
    let mut dice = Dice::new(7);
    let mut lengths: Vec<usize> =
        (0..120).map(|_| usize::try_from(dice.roll(whole.len() as u64)).unwrap()).collect();
    lengths.extend([0, 1, 8, 9, whole.len() - 1, whole.len()]);
    let mut marks = std::collections::BTreeSet::new();
    for length in lengths {
        fs::write(file(directory.path()), &whole[..length]).unwrap();
        let index = embedded(directory.path(), 20_000);
        let there = all(&index);
        let mark = index.mark(&scope("a")).unwrap();
        let expected = match mark.as_deref() {
            None => 0,
            Some("one") => 30,
            _ => 39,
        };
        assert!(there.len() >= expected, "{length} bytes: {mark:?} with {} entries", there.len());
        marks.insert(mark);
        for id in there {
            let kept = index.get(&scope("a"), &space(1), &id).unwrap().unwrap();
            assert!(entries.contains(&kept));
        }
        // It goes on from here: the source is read again from the mark, and all is there.
        index.put(&scope("a"), &space(1), &entries).unwrap();
        index.commit(&scope("a"), Some("three")).unwrap();
        drop(index);
        let index = embedded(directory.path(), 20_000);
        assert_eq!((all(&index).len(), index.mark(&scope("a")).unwrap().as_deref()), (40, Some("three")));
        assert_eq!(index.stats(&scope("a")).unwrap()[0].cut_bytes, 0);
    }
    assert_eq!(marks.len(), 3, "the cuts met all stands: {marks:?}");
}

#[test]
fn damage_is_cut_off_with_all_after_it_and_counted() {
    let directory = tempfile::tempdir().unwrap();
    let entries = filled(directory.path());
    let whole = fs::read(file(directory.path())).unwrap();
    let mut dice = Dice::new(8);
    for _ in 0..150 {
        let mut damaged = whole.clone();
        let at = usize::try_from(dice.roll(whole.len() as u64)).unwrap();
        let length = 1 + usize::try_from(dice.roll(40)).unwrap();
        for byte in damaged.iter_mut().skip(at).take(length) {
            *byte = u8::try_from(dice.roll(256)).unwrap();
        }
        if damaged == whole {
            continue;
        }
        fs::write(file(directory.path()), &damaged).unwrap();
        let index = embedded(directory.path(), 20_000);
        let stats = index.stats(&scope("a")).unwrap();
        assert!(stats[0].cut_bytes > 0, "{length} bytes at {at} went unnoticed");
        for id in all(&index) {
            assert!(entries.contains(&index.get(&scope("a"), &space(1), &id).unwrap().unwrap()));
        }
        assert_ne!(index.mark(&scope("a")).unwrap().as_deref(), Some("two"));
    }
}

#[test]
fn other_files_in_the_directory_are_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path());
    let tenant = directory.path().join("a");
    for name in ["notes.txt", "x.vectors", "..vectors", "Test-1_32.vectors", "test-1_99999999.vectors"] {
        fs::write(tenant.join(name), b"SENTVEC1 but not really").unwrap();
    }
    fs::write(tenant.join("active.json"), b"{\"name\":\"../../b\",\"dimensions\":32}").unwrap();
    let index = embedded(directory.path(), 20_000);
    assert_eq!(index.active(&scope("a")).unwrap(), None);
    assert_eq!(index.mark(&scope("a")).unwrap(), None);
    assert_eq!(all(&index).len(), 39);
    assert!(tenant.join("notes.txt").try_exists().unwrap());
}

#[test]
fn a_file_is_written_anew_when_most_of_it_is_no_longer_true() {
    let directory = tempfile::tempdir().unwrap();
    let index = embedded(directory.path(), 20_000);
    index.activate(&scope("a"), &space(1)).unwrap();
    let long = |stamp: u64, number: u64| {
        let mut entry = Entry { stamp, ..entry(signal_id(number), number) };
        entry.traits.words = (0..400).map(|word| format!("word{word}")).collect();
        entry
    };
    for stamp in 0..80 {
        let batch: Vec<Entry> = (0..40).map(|number| long(stamp, number)).collect();
        index.put(&scope("a"), &space(1), &batch).unwrap();
    }
    index.commit(&scope("a"), Some("all")).unwrap();
    let before = fs::metadata(file(directory.path())).unwrap().len();
    let tended = index.tend(&scope("a"), 10).unwrap();
    let after = fs::metadata(file(directory.path())).unwrap().len();
    assert!(after < before / 20 && tended.freed_bytes == before - after, "{before} to {after}: {tended:?}");
    let check = |index: &EmbeddedVectors| {
        for number in 0..40 {
            let kept = index.get(&scope("a"), &space(1), &signal_id(number)).unwrap();
            assert_eq!(kept, Some(long(79, number)));
        }
        assert_eq!(index.mark(&scope("a")).unwrap().as_deref(), Some("all"));
    };
    check(&index);
    // What is put afterwards goes to the new file.
    index.put(&scope("a"), &space(1), &[entry(signal_id(99), 99)]).unwrap();
    index.commit(&scope("a"), None).unwrap();
    drop(index);
    let index = embedded(directory.path(), 20_000);
    check(&index);
    assert_eq!(all(&index).len(), 41);
}

#[test]
fn the_oldest_go_when_no_more_fit_signals_first() {
    let directory = tempfile::tempdir().unwrap();
    let limits = VectorLimits { items_max: 30, ..VectorLimits::default() };
    let index = EmbeddedVectors::open(directory.path(), limits.clone()).unwrap();
    let outcome = index.put(&scope("a"), &space(1), &entries(0..60)).unwrap();
    assert_eq!((outcome.stored, outcome.evicted), (60, 30));
    let check = |index: &EmbeddedVectors| {
        let stats = &index.stats(&scope("a")).unwrap()[0];
        assert_eq!((stats.incidents, stats.signals), (20, 10));
        let there = all(index);
        let newest =
            entries(0..60).into_iter().rev().filter(|entry| matches!(entry.id, ItemId::Signal(_))).take(10);
        newest.for_each(|entry| assert!(there.contains(&entry.id)));
    };
    check(&index);
    assert_eq!(index.stats(&scope("a")).unwrap()[0].evicted, 30);
    index.commit(&scope("a"), None).unwrap();
    drop(index);
    check(&EmbeddedVectors::open(directory.path(), limits).unwrap());
}

#[test]
fn tenants_who_do_not_ask_are_closed_when_memory_is_full() {
    let directory = tempfile::tempdir().unwrap();
    let limits = VectorLimits { memory_bytes_max: 1 << 20, ..VectorLimits::default() };
    let index = EmbeddedVectors::open(directory.path(), limits).unwrap();
    for tenant in 0..40 {
        let scope = scope(&format!("t{tenant}"));
        index.activate(&scope, &space(1)).unwrap();
        index.put(&scope, &space(1), &entries(0..50)).unwrap();
    }
    // A block of vectors is 64 KiB: not all can be open, and each still answers.
    for tenant in 0..40 {
        let scope = scope(&format!("t{tenant}"));
        let found = index.search(&scope, &space(1), &vector(3, 32), 50, &Filter::default()).unwrap();
        assert_eq!(found.hits.len(), 50);
    }
}
