//! The face: signals and incidents in, neighbours with their reasons out.

use std::sync::Arc;

use sentra_model::{TenantId, Timestamp};
use sentra_vectors::{
    Engine, FeatureEmbedder, ItemId, ItemKind, MemoryVectors, NearOptions, Subject, VectorError, VectorStore,
};

use crate::cases::{ASKED, Cast, Dice, KINDS, case, case_with, scope};
use crate::contract::embedded;

fn on_disk(directory: &std::path::Path) -> VectorStore {
    VectorStore::new(Arc::new(embedded(directory, 20_000)), Arc::new(FeatureEmbedder::new()), Vec::new())
}

fn fill(store: &VectorStore) -> Vec<ItemId> {
    let mut ids = Vec::new();
    for (kind, seed) in (0..KINDS).flat_map(|kind| (0..6).map(move |seed| (kind, seed))) {
        let (incident, signals) = case(kind, seed);
        for signal in &signals {
            store.put_signal(&scope("default"), signal).unwrap();
        }
        store.put_incident(&scope("default"), &incident, &signals).unwrap();
        ids.push(incident.id.into());
    }
    ids
}

#[test]
fn what_is_near_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let store = on_disk(directory.path());
    let ids = fill(&store);
    let options = NearOptions { kind: Some(ItemKind::Incident), ..NearOptions::default() };
    let near = store.near_id(&scope("default"), &ids[6], 5, &options).unwrap();
    assert_eq!((near.engine, near.is_behind, near.neighbours.len()), (Engine::Exact, false, 5));
    for neighbour in &near.neighbours {
        assert!(ids[6..12].contains(&neighbour.id) && neighbour.id != ids[6], "{neighbour:?}");
        assert!(neighbour.why.techniques.contains(&"T1490".to_owned()), "{:?}", neighbour.why);
        assert!(neighbour.why.tactics.contains(&"impact".to_owned()));
        assert!(!neighbour.why.rules.is_empty() && !neighbour.title.is_empty());
    }
    // The same program was run on other machines by other people.
    let entities: Vec<&str> = near
        .neighbours
        .iter()
        .flat_map(|near| &near.why.entities)
        .map(|entity| entity.value.as_str())
        .collect();
    assert!(entities.iter().all(|entity| entity.contains(".exe")), "{entities:?}");
    assert!(!entities.is_empty());
}

#[test]
fn texts_find_and_say_why() {
    let directory = tempfile::tempdir().unwrap();
    let store = on_disk(directory.path());
    let ids = fill(&store);
    let options = NearOptions { kind: Some(ItemKind::Incident), ..NearOptions::default() };
    for (kind, text) in ASKED.iter().enumerate() {
        let near = store.near_text(&scope("default"), text, 3, &options).unwrap();
        let first = &near.neighbours[0];
        assert!(ids[kind * 6..kind * 6 + 6].contains(&first.id), "{text:?} found {}", first.title);
        assert!(!first.why.words.is_empty(), "{text:?}: {:?}", first.why);
    }
    let near = store.near_text(&scope("default"), "T1558.003 again, with LL01?", 3, &options).unwrap();
    assert!(near.neighbours[0].why.techniques.contains(&"T1558.003".to_owned()));
    assert!(matches!(store.near_text(&scope("default"), " ", 3, &options), Err(VectorError::EmptyText)));
}

#[test]
fn options_narrow_what_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let store = on_disk(directory.path());
    let ids = fill(&store);
    let near =
        |options: &NearOptions| store.near_id(&scope("default"), &ids[0], 100, options).unwrap().neighbours;
    let all = near(&NearOptions::default());
    let signals = near(&NearOptions { kind: Some(ItemKind::Signal), ..NearOptions::default() });
    // However unlike: a likeness by chance may be below zero.
    let every = NearOptions { kind: Some(ItemKind::Incident), score_min: -1.0, ..NearOptions::default() };
    let incidents = near(&every);
    assert!(signals.iter().all(|near| near.kind == ItemKind::Signal));
    assert_eq!(incidents.len(), ids.len() - 1);
    let middle = incidents[20].first;
    let before = near(&NearOptions { to: Some(middle), ..NearOptions::default() });
    assert!(!before.is_empty() && before.iter().all(|near| near.first < middle));
    let after = near(&NearOptions { from: Some(middle), ..NearOptions::default() });
    assert!(!after.is_empty() && after.iter().all(|near| near.last >= middle));
    let close = near(&NearOptions { score_min: 0.5, ..NearOptions::default() });
    assert!(!close.is_empty() && close.len() < all.len() && close.iter().all(|near| near.score >= 0.5));
    let excluded = [all[0].id, all[1].id].into();
    let others = near(&NearOptions { excluded, ..NearOptions::default() });
    assert_eq!(others[0], all[2]);
}

#[test]
fn a_new_version_replaces_and_a_merged_incident_goes() {
    let directory = tempfile::tempdir().unwrap();
    let store = on_disk(directory.path());
    let (mut incident, signals) = case(0, 1);
    let id = ItemId::Incident(incident.id);
    store.put_incident(&scope("default"), &incident, &signals[..1]).unwrap();
    incident.version = 2;
    incident.title = "Something new".to_owned();
    store.put_incident(&scope("default"), &incident, &signals).unwrap();
    incident.version = 1;
    assert_eq!(store.put_incident(&scope("default"), &incident, &signals).unwrap().stale, 1);
    let near = store.near_text(&scope("default"), "something new", 5, &NearOptions::default()).unwrap();
    assert_eq!((near.neighbours.len(), near.neighbours[0].title.as_str()), (1, "Something new"));
    incident.version = 3;
    incident.merged_into = Some(case(1, 1).0.id);
    store.put_incident(&scope("default"), &incident, &[]).unwrap();
    let gone = store.near_id(&scope("default"), &id, 5, &NearOptions::default());
    assert!(matches!(gone, Err(VectorError::Unknown { .. })));
}

/// Law TENANT.
#[test]
fn another_tenants_items_are_neither_taken_nor_found() {
    let store =
        VectorStore::new(Arc::new(MemoryVectors::new()), Arc::new(FeatureEmbedder::new()), Vec::new());
    fill(&store);
    let tenant: TenantId = "acme".parse().unwrap();
    let mut dice = Dice::new(1);
    let cast = Cast::new(&mut dice);
    let (incident, signals) = case_with(0, &cast, &mut dice, &tenant);
    let foreign = store.put_incident(&scope("default"), &incident, &signals);
    assert!(matches!(foreign, Err(VectorError::Foreign { .. })));
    let foreign = store.put_signal(&scope("default"), &signals[0]);
    assert!(matches!(foreign, Err(VectorError::Foreign { .. })));
    let subject = Subject::of_incident(&incident, &signals);
    let foreign = store.near_subject(&scope("default"), &subject, 3, &NearOptions::default());
    assert!(matches!(foreign, Err(VectorError::Foreign { .. })));
    store.put_incident(&scope("acme"), &incident, &signals).unwrap();
    let near = store.near_text(&scope("acme"), ASKED[0], 100, &NearOptions::default()).unwrap();
    assert_eq!(near.neighbours.iter().map(|near| near.id).collect::<Vec<_>>(), [incident.id.into()]);
    let theirs = case(0, 0).0.id.into();
    assert!(matches!(
        store.near_id(&scope("acme"), &theirs, 3, &NearOptions::default()),
        Err(VectorError::Unknown { .. })
    ));
}

#[test]
fn what_is_not_stored_can_be_compared() {
    let directory = tempfile::tempdir().unwrap();
    let store = on_disk(directory.path());
    let ids = fill(&store);
    let (incident, signals) = case(2, 77);
    let subject = Subject::of_incident(&incident, &signals);
    let options = NearOptions { kind: Some(ItemKind::Incident), ..NearOptions::default() };
    let near = store.near_subject(&scope("default"), &subject, 4, &options).unwrap();
    assert!(near.neighbours.iter().all(|near| ids[12..18].contains(&near.id)));
}

#[test]
fn stats_tell_what_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let store = on_disk(directory.path());
    let before = store.stats(&scope("default")).unwrap();
    assert_eq!((before.count, before.version, before.is_outdated), (0, None, false));
    fill(&store);
    store.commit(&scope("default"), Some("42")).unwrap();
    let stats = store.stats(&scope("default")).unwrap();
    assert_eq!(stats.spaces[0].incidents, 48);
    assert_eq!(stats.count, stats.spaces[0].signals + 48);
    assert_eq!(stats.version.unwrap().name(), "features-1");
    assert!(stats.memory_bytes > 100_000 && stats.disk_bytes > 100_000);
    drop(store);
    let store = on_disk(directory.path());
    assert_eq!(store.mark(&scope("default")).unwrap().as_deref(), Some("42"));
    assert_eq!(store.stats(&scope("default")).unwrap().count, stats.count);
}

#[test]
fn an_item_that_says_nothing_lies_somewhere() {
    let directory = tempfile::tempdir().unwrap();
    let store = on_disk(directory.path());
    let (mut incident, _) = case(0, 0);
    incident.title = String::new();
    incident.headline = String::new();
    incident.narrative.sentences.clear();
    (incident.techniques, incident.tactics, incident.entities) = (Vec::new(), Vec::new(), Vec::new());
    incident.first = Timestamp::MIN;
    incident.last = Timestamp::MAX;
    store.put_incident(&scope("default"), &incident, &[]).unwrap();
    assert_eq!(store.stats(&scope("default")).unwrap().count, 1);
}

/// Law LIMIT: whatever an incident holds, what is kept of it is bounded.
#[test]
fn an_enormous_incident_is_cut() {
    let directory = tempfile::tempdir().unwrap();
    let store = on_disk(directory.path());
    let (mut incident, mut signals) = case(0, 0);
    let long = "\"\\\u{1}".repeat(100_000);
    incident.title = long.clone();
    incident.headline = long.clone();
    incident.techniques = (0..10_000).map(|number| format!("T{number} {long:.500}")).collect();
    let entity = incident.entities[0].clone();
    incident.entities = (0..10_000)
        .map(|number| sentra_model::EntityRef {
            value: format!("{number}{long}").chars().take(4_000).collect(),
            ..entity.clone()
        })
        .collect();
    signals[0].rule.title = long.clone();
    signals[0].tactics = (0..1_000).map(|number| format!("{number}{long:.500}")).collect();
    store.put_incident(&scope("default"), &incident, &signals).unwrap();
    let near = store.near_id(&scope("default"), &incident.id.into(), 3, &NearOptions::default()).unwrap();
    assert!(near.neighbours.is_empty());
}

#[test]
fn a_build_without_models_says_so() {
    let (wanted, others) = sentra_vectors::embedders(None).unwrap();
    assert_eq!((wanted.space().name(), others.len()), ("features-1", 0));
    let missing = sentra_vectors::embedders(Some(std::path::Path::new("/nowhere"))).unwrap_err().to_string();
    assert!(missing.contains("minilm") || missing.contains("/nowhere/config.json"), "{missing}");
}
