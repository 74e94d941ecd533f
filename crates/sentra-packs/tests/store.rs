//! Install, upgrade, rollback, remove; and what is loaded.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Sources, World, rule, rule_id, samples, simple};
use sentra_detect::{ProblemSeverity, RuleSet};
use sentra_packs::{
    ContentPlaces, Order, PackError, PackId, PackStore, PackVersion, PrivateKey, StepKind, Surroundings,
    active_packs, built_in_packs,
};

fn id(text: &str) -> PackId {
    text.parse().unwrap()
}

fn version(text: &str) -> PackVersion {
    text.parse().unwrap()
}

fn loaded(world: &World) -> Vec<(String, String)> {
    let places = ContentPlaces { data: Some(world.data.path().to_owned()), ..ContentPlaces::default() };
    let files = places.load().unwrap();
    let errors: Vec<_> =
        files.problems.iter().filter(|problem| problem.severity == ProblemSeverity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let (rules, _) = RuleSet::compile(files.rules);
    let named =
        rules.rules().iter().map(|rule| (rule.reference().title.clone(), rule.reference().pack.clone()));
    named.collect()
}

fn pair(one: &str, other: &str) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

const FILTER: &str =
    "title: f\nlogsource: {product: linux}\nfilter: {rules: any, s: {message: x}, condition: not s}\n";
const MAPPING: &str = "name: m\ntransformations: []\n";

#[test]
fn a_pack_is_installed_upgraded_rolled_back_and_removed() {
    let world = World::new();
    let order = world.order();
    let mut store = PackStore::open(&world.packs()).unwrap();
    let first = simple("acme", "1.0.0", 1, "evil").signed(&world.key);
    let report = store.install(&first, &order).unwrap();
    assert_eq!((report.samples >= 2, report.changed, report.diff.added.len()), (true, true, 1));
    drop(store);
    assert_eq!(loaded(&world), [pair("Finds evil", "acme@1.0.0")]);

    let mut store = PackStore::open(&world.packs()).unwrap();
    let second = simple("acme", "1.1.0", 1, "worse")
        .file("rules/two.yml", &rule(2, "bad"))
        .file("tests/two.yml", &samples(2, "bad"))
        .file("lists/names.txt", "ada\n")
        .signed(&world.key);
    let report = store.upgrade(&second, &order).unwrap();
    assert_eq!((report.diff.added.len(), report.diff.changed.len(), report.diff.removed.len()), (1, 1, 0));
    assert_eq!(report.diff.changed[0].before.id, rule_id(1));
    assert!(report.diff.files.contains(&"lists/names.txt was added".to_owned()), "{:?}", report.diff.files);
    drop(store);
    assert_eq!(loaded(&world), [pair("Finds worse", "acme@1.1.0"), pair("Finds bad", "acme@1.1.0")]);

    let mut store = PackStore::open(&world.packs()).unwrap();
    let report = store.rollback(&id("acme"), None, &order).unwrap();
    assert_eq!((report.from, report.to), (Some(version("1.1.0")), Some(version("1.0.0"))));
    assert_eq!((report.diff.removed.len(), report.diff.changed.len()), (1, 1));
    assert!(store.rollback(&id("acme"), None, &order).unwrap_err().to_string().contains("below 1.0.0"));
    store.rollback(&id("acme"), Some(&version("1.1.0")), &order).unwrap();
    let unknown = store.rollback(&id("acme"), Some(&version("7")), &order).unwrap_err().to_string();
    assert_eq!(unknown, "acme has no version 7 installed; it has 1.0.0, 1.1.0");
    let active = store.remove(&id("acme"), Some(&version("1.1.0")), &order).unwrap_err().to_string();
    assert!(active.contains("is active"), "{active}");
    store.remove(&id("acme"), Some(&version("1.0.0")), &order).unwrap();
    assert!(!world.packs().join("installed/acme/1.0.0").try_exists().unwrap());
    store.remove(&id("acme"), None, &order).unwrap();
    assert!(store.packs().is_empty());
    let steps: Vec<(StepKind, &str)> =
        store.history().iter().map(|step| (step.step, step.who.as_str())).collect();
    let kinds = [
        StepKind::Install,
        StepKind::Upgrade,
        StepKind::Rollback,
        StepKind::Rollback,
        StepKind::Remove,
        StepKind::Remove,
    ];
    assert_eq!(steps, kinds.map(|kind| (kind, "ada")));
    let first_step = &store.history()[0];
    assert_eq!(first_step.digest.as_ref(), Some(&first.digests().pack_digest()));
    assert_eq!(first_step.signer, Some(world.key.public().id()));
    assert_eq!(first_step.at, order.at);
    drop(store);
    assert!(loaded(&world).is_empty());
    assert_eq!(PackStore::open(&world.packs()).unwrap().history().len(), 6);
}

#[test]
fn what_is_installed_already_is_left_alone_and_a_version_means_one_content() {
    let world = World::new();
    let order = world.order();
    let mut store = PackStore::open(&world.packs()).unwrap();
    let package = simple("acme", "1", 1, "evil").signed(&world.key);
    store.install(&package, &order).unwrap();
    assert!(!store.install(&package, &order).unwrap().changed);
    assert!(!store.upgrade(&package, &order).unwrap().changed);
    assert_eq!(store.history().len(), 1);
    for other in ["1", "1.0.0"] {
        let other = simple("acme", other, 1, "other").signed(&world.key);
        let said = store.upgrade(&other, &order).unwrap_err().to_string();
        assert!(said.contains("other content"), "{said}");
    }
    let higher = simple("acme", "3", 1, "evil").signed(&world.key);
    assert!(store.install(&higher, &order).unwrap_err().to_string().contains("`upgrade`"));
    store.upgrade(&higher, &order).unwrap();
    let lower = simple("acme", "2", 1, "evil").signed(&world.key);
    assert!(store.upgrade(&lower, &order).unwrap_err().to_string().contains("`rollback`"));
    let unknown = simple("acne", "2", 1, "evil").signed(&world.key);
    let said = store.upgrade(&unknown, &order).unwrap_err().to_string();
    assert_eq!(said, "no pack acne is installed; did you mean \"acme\"?");
}

#[test]
fn nobody_is_trusted_unless_it_is_said_and_then_it_is_recorded() {
    let world = World::new();
    let order = world.order();
    let mut store = PackStore::open(&world.packs()).unwrap();
    let unsigned = simple("acme", "1", 1, "evil").build();
    let said = store.install(&unsigned, &order).unwrap_err().to_string();
    assert_eq!(said, "acme@1 is not signed; sign it, or allow it explicitly");
    let stranger = PrivateKey::generate("mallory").unwrap();
    let strange = simple("acme", "1", 1, "evil").signed(&stranger);
    let said = store.install(&strange, &order).unwrap_err().to_string();
    assert!(said.contains(&stranger.public().id()), "{said}");
    assert!(store.packs().is_empty() && store.history().is_empty());

    let allowed = Order { allow_unsigned: true, ..order };
    store.install(&strange, &allowed).unwrap();
    let step = &store.history()[0];
    assert_eq!((step.trusted, step.signer.clone()), (false, Some(stranger.public().id())));
    store.upgrade(&simple("acme", "2", 1, "evil").build(), &allowed).unwrap();
    assert_eq!((store.history()[1].trusted, store.history()[1].signer.clone()), (false, None));
    // It is signed later: the record and the signature on disk are new, the content is the same.
    let signed = simple("acme", "2", 1, "evil").signed(&world.key);
    assert!(store.upgrade(&signed, &order).unwrap().changed);
    let record = store.packs()[&id("acme")].version(&version("2")).unwrap().clone();
    assert_eq!((record.trusted, record.signer), (true, Some(world.key.public().id())));
    assert!(store.package(&id("acme"), &version("2")).unwrap().verify(&world.trusted).unwrap().is_trusted());
    assert!(!store.upgrade(&signed, &order).unwrap().changed);
    // Going back is an activation like any other.
    assert!(matches!(store.rollback(&id("acme"), None, &order), Err(PackError::Untrusted { .. })));
    drop(store);
    let places = ContentPlaces { data: Some(world.data.path().to_owned()), ..ContentPlaces::default() };
    let problems = places.load().unwrap().problems;
    // The key that signed it is none of this machine's.
    assert!(problems.iter().any(|problem| problem.message.contains("is not trusted")), "{problems:?}");

    // A signature that claims a trusted key and is not its is refused, whatever is allowed.
    let mut forged = simple("acme", "3", 1, "evil").build();
    forged.attach(simple("acme", "4", 1, "evil").signed(&world.key).signature().unwrap().clone()).unwrap();
    let mut store = PackStore::open(&world.packs()).unwrap();
    assert!(matches!(store.upgrade(&forged, &allowed), Err(PackError::Tampered { .. })));
}

#[test]
fn a_pack_that_does_not_work_is_not_activated() {
    let world = World::new();
    let order = world.order();
    let mut store = PackStore::open(&world.packs()).unwrap();
    store.install(&simple("acme", "1", 1, "evil").signed(&world.key), &order).unwrap();
    let refused = |store: &mut PackStore, sources: Sources| {
        let PackError::Refused { problems, .. } =
            store.upgrade(&sources.signed(&world.key), &order).unwrap_err()
        else {
            panic!("not refused for what it holds")
        };
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let make = || simple("acme", "2", 1, "evil");
    let said = refused(&mut store, make().file("rules/two.yml", "title: broken\ndetection: [\n"));
    assert!(said.contains("acme@2/rules/two.yml:"), "{said}");
    let said = refused(&mut store, make().file("tests/two.yml", &samples(1, "good")));
    assert!(said.contains("expected a match, got none"), "{said}");
    let said = refused(&mut store, make().file("formats/x.yml", "name: x\npatern: 'x {y}'\n"));
    assert!(said.contains("acme@2/formats/x.yml:2"), "{said}");
    let said = refused(&mut store, make().file("mappings/x.yml", "a: [\n"));
    assert!(said.contains("acme@2/mappings/x.yml"), "{said}");
    let said = refused(&mut store, make().file("lists/x.txt", "a\n").file("lists/x.csv", "a,b\n"));
    assert!(said.contains("another list \"x\""), "{said}");
    assert_eq!(store.history().len(), 1);
    drop(store);
    assert_eq!(loaded(&world), [pair("Finds evil", "acme@1")]);
    assert!(!world.packs().join("installed/acme/2").try_exists().unwrap());
}

#[test]
fn packs_have_what_they_depend_on() {
    let world = World::new();
    let order = world.order();
    let mut store = PackStore::open(&world.packs()).unwrap();
    let base = |version: &str| simple("base", version, 1, "evil").signed(&world.key);
    let upper = |range: &str| {
        Sources::new("upper", "1", &format!("[depends]\nbase = \"{range}\"\ncore = \">=1\"\n"))
            .file("rules/two.yml", &rule(2, "bad"))
            .signed(&world.key)
    };
    let said = store.install(&upper("^1.2"), &order).unwrap_err().to_string();
    assert_eq!(said, "upper@1 needs base ^1.2, which would not be active");
    store.install(&base("1.1.0"), &order).unwrap();
    let said = store.install(&upper("^1.2"), &order).unwrap_err().to_string();
    assert_eq!(said, "upper@1 needs base ^1.2; active would be 1.1.0");
    store.upgrade(&base("1.2.0"), &order).unwrap();
    store.install(&upper("^1.2"), &order).unwrap();
    for blocked in [
        store.remove(&id("base"), None, &order),
        store.rollback(&id("base"), None, &order),
        store.upgrade(&base("2.0.0"), &order),
    ] {
        assert!(matches!(blocked, Err(PackError::Depends { .. })), "{blocked:?}");
    }
    // Without the packs in the binary there is no core.
    let alone = Surroundings { built_in: false, ..world.surroundings.clone() };
    let alone = Order { surroundings: &alone, ..order };
    let said = store.upgrade(&base("1.3.0"), &alone).unwrap_err().to_string();
    assert_eq!(said, "upper@1 needs core >=1, which would not be active");
    store.remove(&id("upper"), None, &order).unwrap();
    store.remove(&id("base"), None, &order).unwrap();
}

#[test]
fn a_correlation_over_a_rule_of_another_pack_keeps_that_rule() {
    let world = World::new();
    let order = world.order();
    let mut store = PackStore::open(&world.packs()).unwrap();
    store.install(&simple("base", "1", 1, "evil").signed(&world.key), &order).unwrap();
    let correlation = format!(
        "title: Much evil\nid: {}\ncorrelation:\n  type: event_count\n  rules: [{}]\n  group-by: [host]\n  \
         timespan: 5m\n  condition: {{gte: 3}}\nlevel: high\n",
        rule_id(9),
        rule_id(1)
    );
    let upper = Sources::new("upper", "1", "[depends]\nbase = \"*\"\n").file("rules/many.yml", &correlation);
    store.install(&upper.signed(&world.key), &order).unwrap();
    let other = simple("base", "2", 3, "evil").signed(&world.key);
    let PackError::Refused { problems, .. } = store.upgrade(&other, &order).unwrap_err() else { panic!() };
    assert!(problems.iter().any(|problem| problem.path == "upper@1/rules/many.yml"), "{problems:?}");
    assert_eq!(store.packs()[&id("base")].active, version("1"));
}

#[test]
fn a_newer_sentra_is_needed_and_the_binary_is_not_downgraded() {
    let world = World::new();
    let order = world.order();
    let mut store = PackStore::open(&world.packs()).unwrap();
    let tomorrow = Sources::new("acme", "1", "min_sentra = \"9.1.0\"\n").file("rules/one.yml", &rule(1, "x"));
    let said = store.install(&tomorrow.signed(&world.key), &order).unwrap_err().to_string();
    assert_eq!(said, "acme@1 needs Sentra 9.1.0 or newer; this is 0.1.0");
    let old = simple("core", "0.9.0", 1, "evil").signed(&world.key);
    let said = store.install(&old, &order).unwrap_err().to_string();
    assert!(said.contains("brings core@"), "{said}");
    store.install(&simple("core", "999", 1, "evil").signed(&world.key), &order).unwrap();
    drop(store);
    let places =
        ContentPlaces { data: Some(world.data.path().to_owned()), built_in: true, directories: Vec::new() };
    let rules = places.load().unwrap().rules;
    let mut core = rules.iter().filter(|rule| rule.pack.starts_with("core@")).peekable();
    assert!(
        core.peek().is_some() && core.all(|rule| rule.pack == "core@999"),
        "that of the binary runs beside it"
    );
}

#[test]
fn a_pack_that_was_tampered_with_is_not_loaded_and_the_file_is_named() {
    let world = World::new();
    let order = world.order();
    let mut store = PackStore::open(&world.packs()).unwrap();
    store.install(&simple("acme", "1", 1, "evil").signed(&world.key), &order).unwrap();
    store.install(&simple("other", "1", 2, "bad").signed(&world.key), &order).unwrap();
    drop(store);
    let place = world.packs().join("installed/acme/1/rules/linux/one.yml");
    std::fs::write(&place, rule(1, "nothing")).unwrap();
    let active = active_packs(&world.packs()).unwrap();
    assert_eq!(active.packages.len(), 1);
    let said = &active.problems.problems[0].message;
    assert!(said.contains("rules/linux/one.yml was changed"), "{said}");

    // Whoever changes DIGESTS as well, or takes it away, is found by the digest that was recorded.
    let digests = world.packs().join("installed/acme/1/DIGESTS");
    std::fs::remove_file(&digests).unwrap();
    let active = active_packs(&world.packs()).unwrap();
    assert!(
        active.problems.problems[0].message.contains("which was installed"),
        "{:?}",
        active.problems.problems
    );

    // It can be replaced, and the other pack was never touched.
    let mut store = PackStore::open(&world.packs()).unwrap();
    store.upgrade(&simple("acme", "2", 1, "evil").signed(&world.key), &order).unwrap();
    assert!(matches!(store.rollback(&id("acme"), None, &order), Err(PackError::Tampered { .. })));
    drop(store);
    assert_eq!(loaded(&world), [pair("Finds evil", "acme@2"), pair("Finds bad", "other@1")]);
}

#[test]
fn two_processes_do_not_change_packs_at_once_and_a_lost_list_removes_nothing() {
    let world = World::new();
    let order = world.order();
    let mut store = PackStore::open(&world.packs()).unwrap();
    store.install(&simple("acme", "1", 1, "evil").signed(&world.key), &order).unwrap();
    let file = std::fs::File::open(world.packs().join("lock")).unwrap();
    assert!(file.try_lock_shared().is_err(), "a reader comes in while packs are changed");
    drop(store);
    file.try_lock_shared().unwrap();
    drop(file);
    std::fs::write(world.packs().join("active.json"), "{").unwrap();
    let places =
        ContentPlaces { data: Some(world.data.path().to_owned()), built_in: true, directories: Vec::new() };
    let files = places.load().unwrap();
    assert!(
        !files.rules.is_empty() && files.problems[0].message.contains("no installed pack"),
        "{:?}",
        files.problems
    );
    std::fs::remove_file(world.packs().join("active.json")).unwrap();
    assert!(matches!(PackStore::open(&world.packs()), Err(PackError::State { .. })));
    assert!(world.packs().join("installed/acme/1/pack.toml").try_exists().unwrap());
}

#[test]
fn content_comes_from_all_places_in_its_order() {
    let world = World::new();
    let format = |name: &str| {
        format!("name: {name}\npattern: '{name} {{y}}'\nsamples:\n  - {{record: {name} 1, expect: {{}}}}\n")
    };
    let installed = simple("acme", "1", 1, "evil").file("formats/b.yml", &format("bbb"));
    let mut store = PackStore::open(&world.packs()).unwrap();
    store.install(&installed.signed(&world.key), &world.order()).unwrap();
    drop(store);
    let loose = Sources::new("loose", "3", "")
        .file("rules/two.yml", &rule(2, "bad"))
        .file("formats/a.yml", &format("aaa"))
        .file("lists/names.txt", "ada\n")
        .file("filters/f.yml", FILTER)
        .file("mappings/m.yml", MAPPING);
    let broken = Sources(tempfile::tempdir().unwrap())
        .file("pack.toml", "id = 7\n")
        .file("rules/three.yml", &rule(3, "x"));
    let places = ContentPlaces {
        data: Some(world.data.path().to_owned()),
        built_in: true,
        directories: vec![loose.path().to_owned(), broken.path().to_owned()],
    };
    let files = places.load().unwrap();
    let mut labels: Vec<&str> = files.rules.iter().map(|rule| rule.pack.as_str()).collect();
    labels.dedup();
    let built_in = built_in_packs();
    let mut first: Vec<&str> = built_in.rules.iter().map(|rule| rule.pack.as_str()).collect();
    first.dedup();
    assert!(first[0].starts_with("core@") && labels.starts_with(&first), "{labels:?}");
    assert!(labels[first.len()..].starts_with(&["acme@1", "loose@3"]), "{labels:?}");
    assert_eq!(labels.len(), first.len() + 3, "{labels:?}");
    let formats: Vec<&str> = files.formats.iter().map(|(path, _)| path.as_str()).collect();
    assert!(formats[0].ends_with("formats/a.yml") && formats[1] == "acme@1/formats/b.yml", "{formats:?}");
    let own = (files.lists.len() - built_in.lists.len(), files.filters.len(), files.mappings.len());
    assert_eq!(own, (1, 1, 1));
    // A manifest that is wrong is said, and its rules run all the same.
    assert!(files.problems.iter().any(|problem| problem.path.ends_with("pack.toml")), "{:?}", files.problems);
}
