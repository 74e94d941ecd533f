//! A new version of the embedding takes the place of the old one while searches go on.

use std::convert::Infallible;
use std::sync::Arc;

use sentra_vectors::{
    Embedder, FeatureEmbedder, ItemId, ItemKind, MemoryVectors, NearOptions, REEMBED_BATCH_MAX, Reembedder,
    Space, StoredItem, Subject, Vector, VectorError, VectorIndex, VectorStore,
};

use crate::cases::{KINDS, case, scope};
use crate::contract::embedded;

/// A later version: the same numbers in another order, so that vectors of the two have nothing to do with each other.
#[derive(Debug)]
struct Later {
    space: Space,
    before: FeatureEmbedder,
}

impl Later {
    fn new() -> Self {
        Self { space: Space::new("features-99", 512).unwrap(), before: FeatureEmbedder::new() }
    }
}

fn turned(vector: &Vector) -> Vector {
    let numbers: Vec<f64> = vector.to_floats().into_iter().rev().map(f64::from).collect();
    Vector::towards(&numbers).unwrap()
}

impl Embedder for Later {
    fn space(&self) -> &Space {
        &self.space
    }
    fn subjects(&self, subjects: &[Subject]) -> Result<Vec<Vector>, VectorError> {
        Ok(self.before.subjects(subjects)?.iter().map(turned).collect())
    }
    fn text(&self, text: &str) -> Result<Vector, VectorError> {
        Ok(turned(&self.before.text(text)?))
    }
}

/// All that the records have.
fn records() -> Vec<StoredItem> {
    let cases = (0..KINDS).flat_map(|kind| (0..20).map(move |seed| case(kind, seed)));
    cases
        .flat_map(|(incident, signals)| {
            let items = signals.iter().map(|signal| StoredItem::Signal(Box::new(signal.clone())));
            let mut items: Vec<StoredItem> = items.collect();
            items.push(StoredItem::Incident(Box::new(incident), signals));
            items
        })
        .collect()
}

fn put(store: &VectorStore, item: &StoredItem) {
    match item {
        StoredItem::Signal(signal) => store.put_signal(&scope("default"), signal).unwrap(),
        StoredItem::Incident(incident, signals) => {
            store.put_incident(&scope("default"), incident, signals).unwrap()
        }
    };
}

fn old(index: &Arc<dyn VectorIndex>) -> VectorStore {
    VectorStore::new(Arc::clone(index), Arc::new(FeatureEmbedder::new()), Vec::new())
}

/// The build after it; whether it still has the old embedder.
fn new(index: &Arc<dyn VectorIndex>, has_old: bool) -> VectorStore {
    let others: Vec<Arc<dyn Embedder>> =
        if has_old { vec![Arc::new(FeatureEmbedder::new())] } else { Vec::new() };
    VectorStore::new(Arc::clone(index), Arc::new(Later::new()), others)
}

fn incident(kind: usize, seed: u64) -> ItemId {
    case(kind, seed).0.id.into()
}

/// Ids of the incidents nearest to one of a kind.
fn near(store: &VectorStore, kind: usize) -> Vec<ItemId> {
    let options = NearOptions { kind: Some(ItemKind::Incident), ..NearOptions::default() };
    let near = store.near_id(&scope("default"), &incident(kind, 0), 10, &options).unwrap();
    near.neighbours.into_iter().map(|near| near.id).collect()
}

fn goes_on_with_the_old_version(index: &Arc<dyn VectorIndex>) {
    let records = records();
    records.iter().for_each(|item| put(&old(index), item));
    let before: Vec<Vec<ItemId>> = (0..KINDS).map(|kind| near(&old(index), kind)).collect();
    let store = new(index, true);
    assert!(store.is_outdated(&scope("default")).unwrap());
    let total = records.len() as u64;
    let reembedder = Reembedder::begin(&store, &scope("default"), Some(total)).unwrap().unwrap();
    assert!(Reembedder::begin(&store, &scope("default"), None).unwrap().is_none(), "it runs already");
    let mut steps = 0;
    let mut done = 0;
    let source = records.iter().cloned().map(Ok::<_, Infallible>);
    let finished = reembedder.run(source, |progress| {
        steps += 1;
        assert!(progress.done > done && progress.done <= total);
        done = progress.done;
        let stats = store.stats(&scope("default")).unwrap();
        assert_eq!((stats.reembedding, stats.is_outdated), (Some(progress), true));
        assert_eq!(stats.version.unwrap().name(), "features-1");
        for (kind, before) in before.iter().enumerate() {
            assert_eq!(near(&store, kind), *before, "the ranking changed on the way");
        }
        let text = store.near_text(&scope("default"), "ransomware", 3, &NearOptions::default()).unwrap();
        assert_eq!(text.space.name(), "features-1");
        true
    });
    assert!(finished.unwrap() && steps == records.len() / REEMBED_BATCH_MAX);
    let stats = store.stats(&scope("default")).unwrap();
    assert_eq!((stats.reembedding, stats.is_outdated, stats.spaces.len()), (None, false, 1));
    assert_eq!((stats.version.unwrap().name(), stats.count), ("features-99", total));
    // The numbers were only turned round: the answers are the same, by the new version.
    for (kind, before) in before.iter().enumerate() {
        let after = near(&store, kind);
        let same = after.iter().filter(|id| before.contains(id)).count();
        assert!(same >= 9, "kind {kind}: {after:?} was {before:?}");
    }
    assert!(Reembedder::begin(&store, &scope("default"), None).unwrap().is_none(), "nothing to do");
}

#[test]
fn searches_go_on_with_the_old_version_in_memory() {
    let index: Arc<dyn VectorIndex> = Arc::new(MemoryVectors::new());
    goes_on_with_the_old_version(&index);
}

#[test]
fn searches_go_on_with_the_old_version_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let index: Arc<dyn VectorIndex> = Arc::new(embedded(directory.path(), 20_000));
    goes_on_with_the_old_version(&index);
    drop(index);
    let files = std::fs::read_dir(directory.path().join("default")).unwrap();
    let mut names: Vec<String> =
        files.map(|file| file.unwrap().file_name().to_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["active.json", "features-99_512.vectors"]);
    let index: Arc<dyn VectorIndex> = Arc::new(embedded(directory.path(), 20_000));
    assert_eq!(near(&new(&index, false), 0).len(), 10);
}

#[test]
fn what_happens_meanwhile_is_in_the_new_version() {
    let index: Arc<dyn VectorIndex> = Arc::new(MemoryVectors::new());
    let records = records();
    records.iter().for_each(|item| put(&old(&index), item));
    let store = new(&index, true);
    let reembedder = Reembedder::begin(&store, &scope("default"), None).unwrap().unwrap();
    let (gone, changed, added) = (incident(0, 3), incident(0, 4), incident(0, 99));
    reembedder.take(&records[..100]).unwrap();
    store.delete(&scope("default"), &[gone]).unwrap();
    let (mut newer, signals) = case(0, 4);
    (newer.version, newer.title) = (7, "Newer".to_owned());
    store.put_incident(&scope("default"), &newer, &signals).unwrap();
    let (new_case, signals) = case(0, 99);
    store.put_incident(&scope("default"), &new_case, &signals).unwrap();
    // Both embedders are here, so what is new is found at once, by the old version.
    let options = NearOptions { kind: Some(ItemKind::Incident), ..NearOptions::default() };
    let asked = store.near_id(&scope("default"), &added, 3, &options).unwrap();
    assert_eq!((asked.space.name(), asked.is_behind), ("features-1", false));
    // The source was read before all that, and hands over what was.
    for batch in records[100..].chunks(REEMBED_BATCH_MAX) {
        reembedder.take(batch).unwrap();
    }
    reembedder.take(&records[..100]).unwrap();
    reembedder.finish().unwrap();
    let get =
        |id: &ItemId| index.get(&scope("default"), &Space::new("features-99", 512).unwrap(), id).unwrap();
    assert_eq!(get(&gone), None);
    assert_eq!(get(&changed).unwrap().traits.title, "Newer");
    assert!(get(&added).is_some());
    assert_eq!(store.stats(&scope("default")).unwrap().count, records.len() as u64);
}

#[test]
fn without_the_old_embedder_ids_are_compared_and_texts_refused() {
    let index: Arc<dyn VectorIndex> = Arc::new(MemoryVectors::new());
    let records = records();
    records.iter().for_each(|item| put(&old(&index), item));
    let store = new(&index, false);
    let text = store.near_text(&scope("default"), "ransomware", 3, &NearOptions::default());
    assert!(matches!(text, Err(VectorError::EmbedderAway { .. })));
    assert_eq!(near(&store, 0).len(), 10);
    // What is new waits for the new version, and the answer says so.
    let (new_case, signals) = case(0, 99);
    store.put_incident(&scope("default"), &new_case, &signals).unwrap();
    let options = NearOptions::default();
    assert!(store.near_id(&scope("default"), &incident(0, 0), 3, &options).unwrap().is_behind);
    assert!(store.near_id(&scope("default"), &incident(0, 99), 3, &options).is_err());
    let reembedder = Reembedder::begin(&store, &scope("default"), None).unwrap().unwrap();
    assert!(reembedder.run(records.iter().cloned().map(Ok::<_, Infallible>), |_| true).unwrap());
    assert!(!store.near_id(&scope("default"), &incident(0, 99), 3, &options).unwrap().is_behind);
    store.near_text(&scope("default"), "ransomware", 3, &options).unwrap();
}

#[test]
fn a_stop_or_an_error_leaves_the_old_version() {
    let directory = tempfile::tempdir().unwrap();
    let index: Arc<dyn VectorIndex> = Arc::new(embedded(directory.path(), 20_000));
    let records = records();
    records.iter().for_each(|item| put(&old(&index), item));
    let store = new(&index, false);
    let begin = || Reembedder::begin(&store, &scope("default"), None).unwrap().unwrap();
    assert!(!begin().run(records.iter().cloned().map(Ok::<_, Infallible>), |_| false).unwrap());
    let broken = records.iter().take(10).cloned().map(Ok);
    let broken = broken.chain([Err(std::io::Error::other("the records are closed"))]);
    assert!(matches!(begin().run(broken, |_| true), Err(VectorError::Source(_))));
    assert!(matches!(
        begin().take(&vec![records[0].clone(); REEMBED_BATCH_MAX + 1]),
        Err(VectorError::TooMany { .. })
    ));
    assert_eq!(store.stats(&scope("default")).unwrap().version.unwrap().name(), "features-1");
    assert_eq!(near(&store, 0).len(), 10);
    // The process ends on the way; the next one goes on.
    begin().take(&records[..200]).unwrap();
    store.commit(&scope("default"), None).unwrap();
    drop(store);
    drop(index);
    let index: Arc<dyn VectorIndex> = Arc::new(embedded(directory.path(), 20_000));
    let store = new(&index, false);
    assert_eq!(store.stats(&scope("default")).unwrap().spaces.len(), 2);
    assert!(store.is_outdated(&scope("default")).unwrap());
    let reembedder = Reembedder::begin(&store, &scope("default"), None).unwrap().unwrap();
    assert!(reembedder.run(records.iter().cloned().map(Ok::<_, Infallible>), |_| true).unwrap());
    assert_eq!(store.stats(&scope("default")).unwrap().count, records.len() as u64);
}
