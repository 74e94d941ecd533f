//! The process dies after every single step of every change.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sentra_model::Timestamp;

use super::disk::StepHook;
use super::*;
use crate::keys::{PrivateKey, TrustedKeys};

struct World {
    key: PrivateKey,
    trusted: TrustedKeys,
    surroundings: Surroundings,
}

impl World {
    fn new() -> Self {
        let key = PrivateKey::generate("acme").unwrap();
        let trusted = TrustedKeys::of(vec![key.public()]);
        let sentra = semver::Version::new(0, 1, 0);
        Self { key, trusted, surroundings: Surroundings { built_in: false, directories: Vec::new(), sentra } }
    }

    fn order(&self) -> Order<'_> {
        Order {
            at: Timestamp::from_seconds(1_790_000_000),
            who: "ada",
            allow_unsigned: false,
            trusted: &self.trusted,
            surroundings: &self.surroundings,
        }
    }

    fn package(&self, version: &str) -> Package {
        let directory = tempfile::tempdir().unwrap();
        let manifest = format!("id = \"acme\"\nversion = \"{version}\"\ntitle = \"Acme\"\n");
        let rule = "title: Evil\nid: 5e27a000-0000-4000-8000-000000000001\nlogsource: {product: linux}\n\
                    detection:\n  s: {message: evil}\n  condition: s\n";
        std::fs::create_dir(directory.path().join("rules")).unwrap();
        std::fs::write(directory.path().join("pack.toml"), manifest).unwrap();
        std::fs::write(directory.path().join("rules/evil.yml"), rule).unwrap();
        let mut package = Package::from_sources(directory.path()).unwrap();
        package.sign(&self.key).unwrap();
        package
    }
}

/// The process dies at the step `number`: that step and all after it are not done.
fn dies_at(number: usize) -> (StepHook, Arc<AtomicUsize>) {
    let steps = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&steps);
    let hook: StepHook = Arc::new(move |_: &str, _: &Path| {
        let step = counted.fetch_add(1, Ordering::Relaxed);
        if step >= number { Err(io::Error::other("the process is dead")) } else { Ok(()) }
    });
    (hook, steps)
}

type Change = fn(&mut PackStore, &World) -> Result<StepReport, PackError>;

fn id() -> PackId {
    "acme".parse().unwrap()
}

/// What is active, which versions are there, how many steps are recorded.
fn seen(store: &PackStore) -> (Option<String>, Vec<String>, usize) {
    let pack = store.packs().get(&id());
    let versions = pack.into_iter().flat_map(|pack| &pack.versions);
    (
        pack.map(|pack| pack.active.to_string()),
        versions.map(|record| record.version.to_string()).collect(),
        store.history().len(),
    )
}

fn prepared(world: &World, directory: &Path, versions: &[&str]) {
    let mut store = PackStore::open(directory).unwrap();
    for (index, version) in versions.iter().enumerate() {
        let package = world.package(version);
        let done = if index == 0 {
            store.install(&package, &world.order())
        } else {
            store.upgrade(&package, &world.order())
        };
        done.unwrap();
    }
}

fn check_every_crash(versions: &[&str], change: Change) {
    let world = World::new();
    let (mut kept_old, mut kept_new) = (0, 0);
    for number in 0.. {
        let directory = tempfile::tempdir().unwrap();
        let packs = directory.path().join("packs");
        prepared(&world, &packs, versions);
        let before = seen(&PackStore::open(&packs).unwrap());

        let (hook, steps) = dies_at(number);
        let outcome = {
            // Opening makes no steps here: everything is there, and there is nothing to clean.
            let mut store = PackStore::open_on(&packs, Disk::hooked(hook)).unwrap();
            change(&mut store, &world)
        };
        let whole = steps.load(Ordering::Relaxed) <= number;
        let store = PackStore::open(&packs).unwrap();
        let now = seen(&store);
        if now == before {
            kept_old += 1
        } else {
            kept_new += 1
        };
        assert!(!whole || (outcome.is_ok() && now != before), "step {number}: {outcome:?}");
        assert!(now == before || now.2 == before.2 + 1, "step {number}: neither old nor new: {now:?}");
        check_whole(&store, &packs, number);
        drop(store);
        // What was not done can be done again.
        if now == before {
            let mut store = PackStore::open(&packs).unwrap();
            change(&mut store, &world).unwrap();
            assert_eq!(seen(&store).2, before.2 + 1, "step {number}");
            check_whole(&store, &packs, number);
        }
        if whole {
            break;
        }
    }
    assert!(kept_old >= 3 && kept_new >= 1, "{kept_old} and {kept_new}");
}

/// Every version in the list is whole on disk, and nothing else is there.
fn check_whole(store: &PackStore, packs: &Path, number: usize) {
    for (id, pack) in store.packs() {
        for record in &pack.versions {
            store.package(id, &record.version).unwrap_or_else(|error| panic!("step {number}: {error}"));
        }
        let known: Vec<String> = pack.versions.iter().map(|record| record.version.to_string()).collect();
        assert_eq!(names_in(&packs.join("installed").join(id.as_str())).unwrap(), known, "step {number}");
    }
    let ids: Vec<String> = store.packs().keys().map(ToString::to_string).collect();
    assert_eq!(names_in(&packs.join("installed")).unwrap(), ids, "step {number}");
    let top = names_in(packs).unwrap();
    assert!(
        top.iter().all(|name| ["active.json", "installed", "lock"].contains(&name.as_str())),
        "step {number}: {top:?}"
    );
}

#[test]
fn a_crash_while_installing_leaves_the_old_or_the_new() {
    check_every_crash(&[], |store, world| store.install(&world.package("1"), &world.order()));
}

#[test]
fn a_crash_while_upgrading_leaves_the_old_or_the_new() {
    check_every_crash(&["1"], |store, world| store.upgrade(&world.package("2"), &world.order()));
}

#[test]
fn a_crash_while_rolling_back_leaves_the_old_or_the_new() {
    check_every_crash(&["1", "2"], |store, world| store.rollback(&id(), None, &world.order()));
}

#[test]
fn a_crash_while_a_version_is_signed_again_leaves_the_old_or_the_new() {
    check_every_crash(&["1"], |store, world| {
        // As if it had been installed before its key was trusted.
        let version = world.package("1").manifest().version.clone();
        for record in store.state.packs.values_mut().flat_map(|pack| &mut pack.versions) {
            record.trusted &= record.version != version;
        }
        let mut package = world.package("1");
        let stranger = PrivateKey::generate("later").unwrap();
        package.sign(&stranger).unwrap();
        let trusted = TrustedKeys::of(vec![stranger.public()]);
        store.upgrade(&package, &Order { trusted: &trusted, ..world.order() })
    });
}

#[test]
fn a_crash_while_removing_leaves_the_old_or_the_new() {
    check_every_crash(&["1", "2"], |store, world| store.remove(&id(), None, &world.order()));
}

#[test]
fn a_crash_while_the_store_is_made_leaves_one_that_opens() {
    for number in 0..12 {
        let directory = tempfile::tempdir().unwrap();
        let packs = directory.path().join("packs");
        let (hook, _) = dies_at(number);
        let _ = PackStore::open_on(&packs, Disk::hooked(hook));
        assert!(PackStore::open(&packs).unwrap().packs().is_empty());
    }
}

#[test]
fn what_the_list_does_not_name_is_removed() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let packs = directory.path().join("packs");
    prepared(&world, &packs, &["1"]);
    for leftover in ["installed/acme/7/rules", "installed/zombie/1", "staging/acme@2"] {
        std::fs::create_dir_all(packs.join(leftover)).unwrap();
    }
    std::fs::write(packs.join("active.tmp"), "{").unwrap();
    let store = PackStore::open(&packs).unwrap();
    check_whole(&store, &packs, 0);
    assert_eq!(seen(&store).1, ["1"]);
}

#[test]
fn a_list_that_cannot_be_understood_is_left_as_it_is() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let packs = directory.path().join("packs");
    prepared(&world, &packs, &["1"]);
    let path = packs.join("active.json");
    let good = std::fs::read_to_string(&path).unwrap();
    for bad in [
        good[..good.len() / 2].to_owned(),
        good.replace("\"format\": 1", "\"format\": 2"),
        good.replace("\"active\": \"1\"", "\"active\": \"3\""),
    ] {
        std::fs::write(&path, &bad).unwrap();
        assert!(matches!(PackStore::open(&packs), Err(PackError::State { .. })), "{bad}");
        assert!(active_packs(&packs).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), bad);
    }
    std::fs::write(&path, good).unwrap();
    check_whole(&PackStore::open(&packs).unwrap(), &packs, 0);
}
