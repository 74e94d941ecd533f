//! What only an engine on disk can get wrong.

use std::fs;
use std::path::{Path, PathBuf};

use sentra_model::Severity;

use crate::contract::{TENANT, config, ids, policy, progress, scope, signal, stretch, wide};
use crate::{EmbeddedIndex, EmbeddedOptions, ForensicConfig, ForensicError, TENANTS_OPEN_MAX, TextIndex};

fn open(directory: &Path, config: &ForensicConfig) -> EmbeddedIndex {
    EmbeddedIndex::new(directory, config, EmbeddedOptions::default()).unwrap()
}

fn files(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
}

/// Works off what lies behind the position, as a worker does after a restart, in stretches of 10.
fn replay(index: &dyn TextIndex, until: u64, stop_at: Option<u64>) {
    let position = index.position(&scope(TENANT), 0).unwrap();
    let why = |offset: u64| {
        if offset.is_multiple_of(2) { policy("gate") } else { signal(offset % 5, Severity::Low) }
    };
    for from in (position..until).step_by(10) {
        let next = (from + 10).min(until);
        let some = (from..next).flat_map(|offset| stretch(offset..offset + 1, &why(offset))).collect();
        index.append(&scope(TENANT), some, progress(from, next)).unwrap();
        if stop_at == Some(next) {
            return;
        }
        if next.is_multiple_of(30) {
            index.commit(&scope(TENANT)).unwrap();
        }
    }
    index.commit(&scope(TENANT)).unwrap();
}

/// Law SOURCE: wherever the process ends, what a replay from the position gives is what there would have been.
#[test]
fn an_end_between_any_two_steps_leaves_no_gap() {
    let whole = tempfile::tempdir().unwrap();
    let index = open(whole.path(), &wide());
    replay(&index, 100, None);
    let (wanted, stats) = (ids(&index, Vec::new()), index.stats(&scope(TENANT)).unwrap());
    assert_eq!(wanted.len(), 100);
    for stop_at in (10..=100).step_by(10) {
        let directory = tempfile::tempdir().unwrap();
        let index = open(directory.path(), &wide());
        replay(&index, 100, Some(stop_at));
        // Nothing is closed: what was not committed is dropped, as when the process ends.
        drop(index);
        let index = open(directory.path(), &wide());
        let position = index.position(&scope(TENANT), 0).unwrap();
        assert_eq!(position, (stop_at - 1) / 30 * 30, "{stop_at}");
        assert_eq!(ids(&index, Vec::new()), (0..position).collect::<Vec<u64>>());
        replay(&index, 100, None);
        assert_eq!(ids(&index, Vec::new()), wanted);
        let again = index.stats(&scope(TENANT)).unwrap();
        assert_eq!((again.ingested_bytes, &again.classes), (stats.ingested_bytes, &stats.classes));
        assert_eq!(index.check(&scope(TENANT)).unwrap().damaged, [""; 0]);
    }
}

/// Damage of every kind of file: found at open, set aside, and filled again by a replay.
#[test]
fn a_damaged_index_is_set_aside_and_filled_again() {
    type Harm = fn(&Path);
    let flip: Harm = |path| {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x55;
        fs::write(path, bytes).unwrap();
    };
    let cut: Harm = |path| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 3]).unwrap();
    };
    let empty: Harm = |path| fs::write(path, b"").unwrap();
    let remove: Harm = |path| fs::remove_file(path).unwrap();
    let mut harmed = 0;
    for ending in ["meta.json", ".term", ".idx", ".pos", ".fast", ".store", ".fieldnorm"] {
        for (name, harm) in [("flip", flip), ("cut", cut), ("empty", empty), ("remove", remove)] {
            let directory = tempfile::tempdir().unwrap();
            let index = open(directory.path(), &wide());
            replay(&index, 40, None);
            drop(index);
            let Some(path) = files(&directory.path().join(TENANT), ending).pop() else { continue };
            harm(&path);
            harmed += 1;
            let index = open(directory.path(), &wide());
            let position = index.position(&scope(TENANT), 0).unwrap();
            assert_eq!(position, 0, "{name} {ending}");
            let [(tenant, aside)] = index.set_aside().try_into().unwrap();
            assert_eq!(tenant, *scope(TENANT).tenant());
            assert!(!aside.reason.is_empty() && aside.path.join(".managed.json").try_exists().unwrap());
            assert_eq!(index.stats(&scope(TENANT)).unwrap().set_aside, Some(aside));
            replay(&index, 40, None);
            assert_eq!(ids(&index, Vec::new()).len(), 40, "{name} {ending}");
            drop(index);
            let index = open(directory.path(), &wide());
            assert_eq!(index.position(&scope(TENANT), 0).unwrap(), 40);
            assert_eq!(index.set_aside(), []);
        }
    }
    assert!(harmed >= 20, "{harmed}");
}

/// Law LIMIT: what is set aside does not pile up.
#[test]
fn only_the_newest_damaged_ones_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..5_u32 {
        let index = open(directory.path(), &wide());
        replay(&index, 10, None);
        drop(index);
        fs::write(directory.path().join(TENANT).join("meta.json"), format!("{{ {round}")).unwrap();
    }
    let index = open(directory.path(), &wide());
    index.position(&scope(TENANT), 0).unwrap();
    let mut names: Vec<_> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["acme", "acme.damaged-1", "acme.damaged-2"]);
    let newest = fs::read_to_string(directory.path().join("acme.damaged-1/meta.json")).unwrap();
    assert_eq!(newest, "{ 4");
}

#[test]
fn damage_while_it_is_open_is_told_by_a_check() {
    let directory = tempfile::tempdir().unwrap();
    let index = open(directory.path(), &wide());
    replay(&index, 40, None);
    assert!(index.check(&scope(TENANT)).unwrap().files > 3);
    let path = files(&directory.path().join(TENANT), ".term").pop().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[1] ^= 1;
    // A file of its own: what is mapped stays as it is.
    fs::remove_file(&path).unwrap();
    fs::write(&path, bytes).unwrap();
    let report = index.check(&scope(TENANT)).unwrap();
    assert_eq!(report.damaged.len(), 1, "{report:?}");
    assert!(report.damaged[0].contains(".term"), "{report:?}");
}

#[test]
fn a_newer_version_is_refused_and_an_older_one_filled_again() {
    let directory = tempfile::tempdir().unwrap();
    let index = open(directory.path(), &wide());
    replay(&index, 10, None);
    drop(index);
    let meta = directory.path().join(TENANT).join("meta.json");
    let text = fs::read_to_string(&meta).unwrap();
    let with = |version: u32| text.replace("\\\"version\\\":1", &format!("\\\"version\\\":{version}"));
    assert_ne!(with(7), text);
    fs::write(&meta, with(7)).unwrap();
    let refused = open(directory.path(), &wide()).position(&scope(TENANT), 0);
    assert!(matches!(refused, Err(ForensicError::Newer { found: 7, .. })), "{refused:?}");
    fs::write(&meta, with(0)).unwrap();
    assert_eq!(open(directory.path(), &wide()).position(&scope(TENANT), 0).unwrap(), 0);
}

#[test]
fn two_do_not_write_to_one_index() {
    let directory = tempfile::tempdir().unwrap();
    let index = open(directory.path(), &wide());
    replay(&index, 10, None);
    let other = open(directory.path(), &wide());
    let refused = other.append(&scope(TENANT), stretch(50..51, &policy("gate")), progress(10, 60));
    assert!(matches!(refused, Err(ForensicError::Held { .. })), "{refused:?}");
    assert_eq!(ids(&other, Vec::new()).len(), 10, "it can be read");
}

/// The budget is what is on disk, after every commit, and many small commits do not leave many segments.
#[test]
fn the_bytes_on_disk_stay_within_the_budget() {
    let directory = tempfile::tempdir().unwrap();
    let budget = 600_000;
    let index = open(directory.path(), &config(budget));
    let classes = [policy("rest"), policy("gate"), signal(1, Severity::Low), signal(2, Severity::Critical)];
    for (round, from) in (0_u64..2_400).step_by(40).enumerate() {
        let why = &classes[round % classes.len()];
        index.append(&scope(TENANT), stretch(from..from + 40, why), progress(from, from + 40)).unwrap();
        index.commit(&scope(TENANT)).unwrap();
        let stats = index.stats(&scope(TENANT)).unwrap();
        assert!(stats.bytes <= budget, "round {round}: {stats:?}");
        assert_eq!(stats.documents, stats.classes.iter().map(|class| class.documents).sum::<u64>());
    }
    let stats = index.stats(&scope(TENANT)).unwrap();
    let critical = &stats.classes[0];
    assert_eq!((critical.documents, critical.evicted, critical.refused), (600, 0, 0), "{stats:?}");
    assert!(stats.bytes > budget / 2 && stats.documents < 2_000, "{stats:?}");
    drop(index);
    // What is there without being part of the index is gone, too.
    let index = open(directory.path(), &config(budget));
    index.append(&scope(TENANT), Vec::new(), progress(2_400, 2_401)).unwrap();
    index.commit(&scope(TENANT)).unwrap();
    let all = fs::read_dir(directory.path().join(TENANT)).unwrap();
    let bytes: u64 = all.map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert!(bytes < budget + 20_000, "{bytes}");
    let segments = files(&directory.path().join(TENANT), ".fast").len();
    assert!(segments < 20, "{segments}");
}

/// A policy that was removed keeps its documents until room is needed, and then they go before all others.
#[test]
fn what_no_policy_names_any_more_gives_way_first() {
    let directory = tempfile::tempdir().unwrap();
    let index = open(directory.path(), &config(250_000));
    index.append(&scope(TENANT), stretch(0..400, &policy("gate")), progress(0, 400)).unwrap();
    index.commit(&scope(TENANT)).unwrap();
    drop(index);
    let mut fewer = config(250_000);
    fewer.policies.remove(0);
    let index = open(directory.path(), &fewer);
    let stats = index.stats(&scope(TENANT)).unwrap();
    let gate = stats.classes.last().unwrap();
    assert_eq!((gate.class.as_str(), gate.configured, gate.documents), ("gate", false, 400));
    for from in (400_u64..1_400).step_by(100) {
        index
            .append(&scope(TENANT), stretch(from..from + 100, &policy("rest")), progress(from, from + 100))
            .unwrap();
        index.commit(&scope(TENANT)).unwrap();
    }
    let stats = index.stats(&scope(TENANT)).unwrap();
    assert_eq!(stats.classes.last().unwrap().documents, 0, "{stats:?}");
}

/// Law LIMIT, and nothing of a tenant is lost when its index is closed for another's.
#[test]
fn many_tenants_are_not_open_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let index = open(directory.path(), &wide());
    let tenants = TENANTS_OPEN_MAX + 5;
    for number in 0..tenants {
        let scope = scope(&format!("t{number}"));
        index.append(&scope, stretch(0..2, &policy("gate")), progress(0, 2)).unwrap();
    }
    assert_eq!(index.tenants.lock().unwrap().len(), TENANTS_OPEN_MAX);
    for number in 0..tenants {
        let scope = scope(&format!("t{number}"));
        index.commit(&scope).unwrap();
        assert_eq!(index.position(&scope, 0).unwrap(), 2, "{number}");
        assert_eq!(index.stats(&scope).unwrap().documents, 2, "{number}");
    }
}

/// A tenant that is only read gets no directory.
#[test]
fn asking_makes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let index = open(directory.path(), &wide());
    assert_eq!(ids(&index, Vec::new()), [0; 0]);
    index.commit(&scope(TENANT)).unwrap();
    index.stats(&scope(TENANT)).unwrap();
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}
