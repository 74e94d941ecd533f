//! Like cases lie near, whoever took part.

use sentra_model::TenantId;
use sentra_vectors::{EMBEDDING_VERSION, Embedder, FeatureEmbedder, Subject, Vector};

use crate::cases::{ASKED, Cast, Dice, KINDS, case, case_with};

/// Cases of each kind.
const EACH: u64 = 12;

fn house() -> Vec<(usize, Subject)> {
    let cases = (0..KINDS).flat_map(|kind| (0..EACH).map(move |seed| (kind, seed)));
    cases
        .map(|(kind, seed)| {
            let (incident, signals) = case(kind, seed);
            (kind, Subject::of_incident(&incident, &signals))
        })
        .collect()
}

fn vectors(house: &[(usize, Subject)], embedder: &dyn Embedder) -> Vec<(usize, Vector)> {
    let subjects: Vec<Subject> = house.iter().map(|(_, subject)| subject.clone()).collect();
    house.iter().map(|(kind, _)| *kind).zip(embedder.subjects(&subjects).unwrap()).collect()
}

/// Kinds of the `k` nearest.
fn nearest(vectors: &[(usize, Vector)], query: &Vector, without: Option<usize>, k: usize) -> Vec<usize> {
    let others = vectors.iter().enumerate().filter(|(number, _)| Some(*number) != without);
    let mut scored: Vec<(f32, usize)> =
        others.map(|(_, (kind, vector))| (query.likeness(vector), *kind)).collect();
    scored.sort_by(|left, right| right.0.total_cmp(&left.0));
    scored.into_iter().take(k).map(|(_, kind)| kind).collect()
}

#[test]
fn cases_of_one_kind_are_nearer_than_others() {
    let house = house();
    let vectors = vectors(&house, &FeatureEmbedder::new());
    let (mut right, mut all) = (0, 0);
    for (number, (kind, vector)) in vectors.iter().enumerate() {
        for near in nearest(&vectors, vector, Some(number), 5) {
            right += usize::from(near == *kind);
            all += 1;
        }
    }
    let share = f64::from(u32::try_from(right).unwrap()) / f64::from(u32::try_from(all).unwrap());
    let mean = |same: bool| {
        let pairs = vectors.iter().enumerate().flat_map(|(number, (kind, vector))| {
            let others = vectors.iter().skip(number + 1).filter(move |(other, _)| (kind == other) == same);
            others.map(|(_, other)| f64::from(vector.likeness(other)))
        });
        let pairs: Vec<f64> = pairs.collect();
        pairs.iter().sum::<f64>() / pairs.len() as f64
    };
    let (same, other) = (mean(true), mean(false));
    println!(
        "of the 5 nearest {share:.3} are of the same kind; mean likeness {same:.3}, of other kinds {other:.3}"
    );
    assert!(share >= 0.97, "only {share:.3} of the nearest are of the same kind");
    assert!(same > other + 0.3, "{same:.3} and {other:.3} are too close");
}

#[test]
fn of_two_like_cases_the_one_with_the_same_attacker_is_nearer() {
    let embedder = FeatureEmbedder::new();
    let tenant = TenantId::default_tenant();
    for seed in 0..20 {
        let subject = |address: &str, cast_seed: u64| {
            let mut cast = Cast::new(&mut Dice::new(cast_seed));
            cast.address = address.to_owned();
            // The same dice, so that nothing but the cast differs.
            let (incident, signals) = case_with(0, &cast, &mut Dice::new(seed), &tenant);
            Subject::of_incident(&incident, &signals)
        };
        let subjects = [
            subject("198.51.100.7", seed * 3 + 100),
            subject("198.51.100.7", seed * 3 + 101),
            subject("192.0.2.44", seed * 3 + 102),
        ];
        let vectors = embedder.subjects(&subjects).unwrap();
        let (same, other) = (vectors[0].likeness(&vectors[1]), vectors[0].likeness(&vectors[2]));
        assert!(same > other + 0.02, "seed {seed}: {same} with the same attacker, {other} with another");
    }
}

#[test]
fn what_is_asked_in_words_finds_the_kind() {
    let house = house();
    let embedder = FeatureEmbedder::new();
    let vectors = vectors(&house, &embedder);
    for (kind, text) in ASKED.iter().enumerate() {
        let near = nearest(&vectors, &embedder.text(text).unwrap(), None, 5);
        let right = near.iter().filter(|near| **near == kind).count();
        assert!(right >= 4, "{text:?} found kinds {near:?}, not {kind}");
    }
}

#[test]
fn what_is_asked_by_name_finds_who_took_part() {
    let house = house();
    let embedder = FeatureEmbedder::new();
    let vectors = vectors(&house, &embedder);
    let cast = Cast::new(&mut Dice::new(3 * 1_009));
    for name in [cast.address.as_str(), "T1558.003", "t1490", "SA07", "vssadmin.exe"] {
        let query = embedder.text(&format!("have we seen {name}?")).unwrap();
        let mut scored: Vec<(f32, usize)> =
            vectors.iter().zip(0..).map(|((_, vector), number)| (query.likeness(vector), number)).collect();
        scored.sort_by(|left, right| right.0.total_cmp(&left.0));
        let (_, best) = &house[scored[0].1];
        let (incident, signals) = case(house[scored[0].1].0, scored[0].1 as u64 % EACH);
        let told = format!("{incident:?} {signals:?}").to_lowercase();
        assert!(told.contains(&name.to_lowercase()), "{name} found {}: {}", best.id(), best.text());
    }
}

#[test]
fn a_text_without_words_is_refused() {
    for empty in ["", "  ", "?!", "the of and"] {
        let found = FeatureEmbedder::new().text(empty);
        // Empty words may still be names.
        assert!(found.is_err() || empty.contains("the"), "{empty:?}");
    }
}

#[test]
fn hostile_texts_are_embedded_or_refused() {
    let embedder = FeatureEmbedder::new();
    let long = "a".repeat(10 << 20);
    let many = "T1110.001 ".repeat(1 << 20);
    for text in [
        long.as_str(),
        many.as_str(),
        "\u{0}\u{feff}\u{202e}",
        "💥💥💥 T9999.999 T T. T1.1 ....",
        "\\\\\\///",
    ] {
        let _ = embedder.text(text);
    }
}

/// The same input gives the same vector in every build. Where this fails, [`EMBEDDING_VERSION`] has to go up, and then
/// this digest be renewed.
#[test]
fn vectors_change_only_with_their_version() {
    let mut hasher = blake3::Hasher::new();
    let house = house();
    for (_, vector) in vectors(&house, &FeatureEmbedder::new()) {
        vector.to_floats().iter().for_each(|number| {
            hasher.update(&number.to_bits().to_le_bytes());
        });
    }
    for text in ASKED {
        for number in FeatureEmbedder::new().text(text).unwrap().to_floats() {
            hasher.update(&number.to_bits().to_le_bytes());
        }
    }
    let digest = hasher.finalize().to_hex();
    assert_eq!((EMBEDDING_VERSION, &digest.as_str()[..16]), (1, "775e791c0b685247"));
}
