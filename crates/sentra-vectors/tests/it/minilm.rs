//! The sentence model, where a directory of it is named by `SENTRA_MINILM_DIR`.

use std::path::PathBuf;

use sentra_vectors::{Embedder, MiniLm, Subject, VectorError};

use crate::cases::{ASKED, KINDS, case};

/// The model; `None`, said aloud, where there is none.
fn model() -> Option<MiniLm> {
    let Some(directory) = std::env::var_os("SENTRA_MINILM_DIR").map(PathBuf::from) else {
        println!("SKIP: SENTRA_MINILM_DIR names no directory with all-MiniLM-L6-v2");
        return None;
    };
    Some(MiniLm::open(directory).unwrap())
}

#[test]
fn a_directory_without_a_model_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(MiniLm::open(directory.path()), Err(VectorError::File { .. })));
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        std::fs::write(directory.path().join(name), b"{\"hidden_size\": 1e99").unwrap();
    }
    assert!(matches!(MiniLm::open(directory.path()), Err(VectorError::Model { .. })));
}

#[test]
fn other_words_for_the_same_are_near() {
    let Some(model) = model() else { return };
    let triples = [
        (
            "many failed logins from one address",
            "password guessing against SSH",
            "a new printer was installed",
        ),
        ("files were encrypted and backups deleted", "ransomware attack", "the user logged in to the VPN"),
        ("data was sent out over DNS", "exfiltration through name lookups", "a group policy was changed"),
    ];
    for (asked, like, unlike) in triples {
        let vectors = [asked, like, unlike].map(|text| model.text(text).unwrap());
        let (near, far) = (vectors[0].likeness(&vectors[1]), vectors[0].likeness(&vectors[2]));
        println!("{asked:?}: {near:.3} to {like:?}, {far:.3} to {unlike:?}");
        assert!(near > far + 0.1);
    }
    let again = [model.text(triples[0].0).unwrap(), model.text(triples[0].0).unwrap()];
    assert_eq!(again[0], again[1]);
    assert!(matches!(model.text(" ?! "), Err(VectorError::EmptyText)));
}

/// A text's vector does not depend on what goes through the model beside it.
#[test]
fn company_changes_nothing() {
    let Some(model) = model() else { return };
    let long = "the user logged in and ran a program ".repeat(200);
    let texts = ["short", long.as_str(), "a text of some words"];
    let together = model.sentences(&texts).unwrap();
    for (text, beside) in texts.iter().zip(together) {
        let alone = model.sentences(&[text]).unwrap().remove(0);
        let most = alone.iter().zip(&beside).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
        assert!(most < 1e-4, "{most}");
    }
}

#[test]
fn cases_of_one_kind_are_nearer_than_others() {
    let Some(model) = model() else { return };
    let mut all = Vec::new();
    for kind in 0..KINDS {
        let subjects: Vec<Subject> = (0..3)
            .map(|seed| case(kind, seed))
            .map(|(incident, signals)| Subject::of_incident(&incident, &signals))
            .collect();
        all.extend(model.subjects(&subjects).unwrap().into_iter().map(|vector| (kind, vector)));
    }
    let mut right = 0;
    for (number, (kind, vector)) in all.iter().enumerate() {
        let others = all.iter().enumerate().filter(|(other, _)| *other != number);
        let best =
            others.max_by(|left, right| vector.likeness(&left.1.1).total_cmp(&vector.likeness(&right.1.1)));
        right += usize::from(best.unwrap().1.0 == *kind);
    }
    println!("nearest of the same kind: {right} of {}", all.len());
    assert!(right * 10 >= all.len() * 9);
    for (kind, text) in ASKED.iter().enumerate() {
        let asked = model.text(text).unwrap();
        let best =
            all.iter().max_by(|left, right| asked.likeness(&left.1).total_cmp(&asked.likeness(&right.1)));
        assert_eq!(best.unwrap().0, kind, "{text}");
    }
}

/// The beginnings of vectors as the definition of the model computes them in double precision (tokens by its own
/// tokenizer, six layers, mean of the tokens, length 1), written down in another language without its libraries.
#[test]
fn vectors_agree_with_an_independent_computation() {
    let Some(model) = model() else { return };
    let expected = [
        (
            "This is an example sentence",
            [0.067657, 0.063496, 0.048713, 0.079305, 0.037448, 0.002653, 0.039375, -0.007098],
            0.271751,
        ),
        (
            "SSH brute force from 203.0.113.9: 520 failed logins, then sudo.",
            [0.002459, 0.033037, -0.02506, -0.084105, -0.024921, 0.031621, -0.068913, 0.018972],
            0.170735,
        ),
    ];
    for (text, begin, sum) in expected {
        let vector = model.sentences(&[text]).unwrap().remove(0);
        assert_eq!(vector.len(), 384);
        for (number, expected) in vector.iter().zip(begin) {
            assert!((f64::from(*number) - expected).abs() < 1e-5, "{text}: {:?}", &vector[..8]);
        }
        let total: f64 = vector.iter().copied().map(f64::from).sum();
        assert!((total - sum).abs() < 1e-4, "{text}: {total}");
    }
}
