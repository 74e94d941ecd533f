//! The sentence model: all-MiniLM-L6-v2 where a directory of it is named by `SENTRA_MINILM_DIR`, and a model of a few
//! numbers for what is damaged.

use std::path::{Path, PathBuf};

use sentra_vectors::{Embedder, MiniLm, Subject, VectorError};
use serde_json::{Value, json};

use crate::cases::{ASKED, Dice, KINDS, case};

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
        assert!(near > far + 0.05);
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

/// Every number of the vectors of twenty sentences as the definition of the model gives them in double precision: word
/// pieces, six layers, mean of the tokens, length 1, written down in another language without a library of models
/// (`scripts/minilm-reference.py`).
#[test]
fn vectors_agree_with_an_independent_computation() {
    let Some(model) = model() else { return };
    let Some(reference) = std::env::var_os("SENTRA_MINILM_REFERENCE") else {
        println!("SKIP: SENTRA_MINILM_REFERENCE names no file that scripts/minilm-reference.py has written");
        return;
    };
    let reference: Vec<Value> = serde_json::from_slice(&std::fs::read(reference).unwrap()).unwrap();
    assert!(reference.len() >= 20);
    let texts: Vec<&str> = reference.iter().map(|entry| entry["text"].as_str().unwrap()).collect();
    let vectors = model.sentences(&texts).unwrap();
    let mut least = 1.0_f64;
    for (entry, vector) in reference.iter().zip(vectors) {
        let expected: Vec<f64> =
            entry["vector"].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
        assert_eq!((vector.len(), expected.len()), (384, 384));
        let length: f64 = vector.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
        let cosine =
            vector.iter().zip(&expected).map(|(one, other)| f64::from(*one) * other).sum::<f64>() / length;
        assert!(
            (length - 1.0).abs() < 1e-5 && cosine >= 0.9999,
            "{cosine} at length {length}: {}",
            entry["text"]
        );
        least = least.min(cosine);
    }
    println!("{} sentences, least cosine {least:.8}", texts.len());
}

/// However long a text is, what the model reads of it is bounded.
#[test]
fn huge_texts_are_cut() {
    let Some(model) = model() else { return };
    let (word, words) = ("x".repeat(4 << 20), "many words ".repeat(400_000));
    for text in [word.as_str(), &words, &"\u{0}a\u{301}".repeat(100_000), &"漢".repeat(100_000)] {
        let vector = model.text(text).unwrap();
        let head = text.chars().take(4_000).collect::<String>();
        assert_eq!(vector.dimensions(), 384, "{}", &head[..12]);
    }
    assert_eq!(model.text(&words).unwrap(), model.text(&words[..4_000]).unwrap());
}

/// A model of this family with a layer of eight numbers.
fn small() -> (Value, Value, Vec<(String, Vec<usize>)>) {
    let config = json!({
        "vocab_size": 12, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16,
        "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "max_position_embeddings": 16, "type_vocab_size": 2,
        "initializer_range": 0.02, "layer_norm_eps": 1e-12, "pad_token_id": 0, "model_type": "bert",
    });
    let words = [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "failed", "login", "##s", "guess", "##ing", "file", "dns", "this",
    ];
    let vocabulary: serde_json::Map<String, Value> =
        words.iter().zip(0..).map(|(word, number)| ((*word).to_owned(), json!(number))).collect();
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocabulary},
    });
    let layer = "encoder.layer.0.";
    let mut tensors: Vec<(String, Vec<usize>)> = [
        ("embeddings.word_embeddings.weight".to_owned(), vec![12, 8]),
        ("embeddings.position_embeddings.weight".to_owned(), vec![16, 8]),
        ("embeddings.token_type_embeddings.weight".to_owned(), vec![2, 8]),
    ]
    .into();
    let mut pair = |name: String, out: usize, shape: Vec<usize>| {
        tensors.push((format!("{name}.weight"), shape));
        tensors.push((format!("{name}.bias"), vec![out]));
    };
    pair("embeddings.LayerNorm".to_owned(), 8, vec![8]);
    for part in
        ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"]
    {
        pair(format!("{layer}{part}"), 8, vec![8, 8]);
    }
    pair(format!("{layer}attention.output.LayerNorm"), 8, vec![8]);
    pair(format!("{layer}intermediate.dense"), 16, vec![16, 8]);
    pair(format!("{layer}output.dense"), 8, vec![8, 16]);
    pair(format!("{layer}output.LayerNorm"), 8, vec![8]);
    (config, tokenizer, tensors)
}

/// The file of weights: its header's length, the header, the numbers.
fn weights(tensors: &[(String, Vec<usize>)], mut number: impl FnMut() -> f32) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, shape) in tensors {
        let begin = data.len();
        (0..shape.iter().product::<usize>()).for_each(|_| data.extend(number().to_le_bytes()));
        header.insert(
            name.clone(),
            json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()]}),
        );
    }
    let header = serde_json::to_vec(&header).unwrap();
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

fn random(seed: u64) -> impl FnMut() -> f32 {
    let mut dice = Dice::new(seed);
    move || (dice.unit() - 0.5) as f32
}

fn put(directory: &Path, config: &Value, tokenizer: &Value, weights: &[u8]) {
    std::fs::write(directory.join("config.json"), config.to_string()).unwrap();
    std::fs::write(directory.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    std::fs::write(directory.join("model.safetensors"), weights).unwrap();
}

/// Why the model in `directory` is refused.
fn refusal(directory: &Path) -> String {
    match MiniLm::open(directory) {
        Err(error @ (VectorError::Model { .. } | VectorError::File { .. })) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_small_model_embeds_and_cuts() {
    let directory = tempfile::tempdir().unwrap();
    let (config, tokenizer, tensors) = small();
    put(directory.path(), &config, &tokenizer, &weights(&tensors, random(1)));
    let model = MiniLm::open(directory.path()).unwrap();
    let [one, same, other] =
        ["failed logins", "Failed LOGINS", "guessing files"].map(|text| model.text(text).unwrap());
    assert_eq!(one, same);
    assert_ne!(one, other);
    // It has 16 positions: more than that are not read, and never asked for.
    let long = "login ".repeat(5_000);
    assert_eq!(model.text(&long).unwrap(), model.text(&"login ".repeat(14)).unwrap());
    assert_ne!(model.text(&long).unwrap(), model.text(&"login ".repeat(13)).unwrap());
    assert!(matches!(model.text("?!"), Err(VectorError::EmptyText)));
}

#[test]
fn what_lacks_is_named() {
    let (config, tokenizer, tensors) = small();
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        let directory = tempfile::tempdir().unwrap();
        put(directory.path(), &config, &tokenizer, &weights(&tensors, random(1)));
        std::fs::remove_file(directory.path().join(name)).unwrap();
        assert!(refusal(directory.path()).contains(name));
        std::fs::create_dir(directory.path().join(name)).unwrap();
        assert!(refusal(directory.path()).contains(name));
    }
    assert!(refusal(Path::new("/nowhere/at/all")).contains("/nowhere/at/all"));
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (config, tokenizer, tensors) = small();
    let right = weights(&tensors, random(1));
    for (key, value, says) in [
        ("hidden_size", json!(0), "multiple"),
        ("num_attention_heads", json!(0), "multiple"),
        ("num_attention_heads", json!(3), "multiple"),
        ("num_hidden_layers", json!(0), "num_hidden_layers"),
        ("num_hidden_layers", json!(u64::MAX), "num_hidden_layers"),
        ("num_hidden_layers", json!(2), "encoder.layer.1"),
        ("hidden_size", json!(16), "model.safetensors"),
        ("hidden_size", json!(1_i64 << 40), "config.json"),
        ("vocab_size", json!(11), "two models"),
        ("vocab_size", json!(13), "model.safetensors"),
        ("vocab_size", json!(u64::MAX), "model.safetensors"),
        ("intermediate_size", json!(u64::MAX), "model.safetensors"),
        ("max_position_embeddings", json!(512), "model.safetensors"),
        ("max_position_embeddings", json!(0), "max_position_embeddings"),
        ("max_position_embeddings", json!(2), "max_position_embeddings"),
        ("type_vocab_size", json!(0), "model.safetensors"),
        ("layer_norm_eps", json!(-1e30), "no numbers"),
        ("hidden_act", json!("quantum"), "config.json"),
        ("position_embedding_type", json!("rotary"), "config.json"),
        ("hidden_size", json!("eight"), "config.json"),
    ] {
        let mut wrong = config.clone();
        wrong[key] = value.clone();
        put(directory.path(), &wrong, &tokenizer, &right);
        let said = refusal(directory.path());
        assert!(said.contains(says) && !said.contains('\n'), "{key} = {value}: {said}");
    }
    for number in [0.0, f32::NAN, f32::INFINITY] {
        put(directory.path(), &config, &tokenizer, &weights(&tensors, || number));
        assert!(refusal(directory.path()).contains("no numbers"), "{number}");
    }
    for lacking in 0..tensors.len() {
        let mut some = tensors.clone();
        let (name, _) = some.remove(lacking);
        put(directory.path(), &config, &tokenizer, &weights(&some, random(1)));
        let said = refusal(directory.path());
        assert!(said.contains(name.rsplit_once('.').unwrap().0), "{name}: {said}");
    }
    // A tokenizer that gives no token for a text without words leaves nothing to take the mean of.
    let mut bare = tokenizer.clone();
    bare["post_processor"] = Value::Null;
    put(directory.path(), &config, &bare, &right);
    refusal(directory.path());
}

/// Whatever has happened to a file, it is refused or it works: nothing panics.
#[test]
fn damaged_files_are_refused_or_work() {
    let directory = tempfile::tempdir().unwrap();
    let (config, tokenizer, tensors) = small();
    let right = weights(&tensors, random(1));
    put(directory.path(), &config, &tokenizer, &right);
    let mut dice = Dice::new(7);
    let mut refused = 0;
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        let path = directory.path().join(name);
        let whole = std::fs::read(&path).unwrap();
        for _ in 0..300 {
            let mut bytes = whole.clone();
            let mut place = |end: usize| usize::try_from(dice.roll(end as u64)).unwrap();
            match place(4) {
                0 => bytes.truncate(place(bytes.len())),
                1 => bytes.drain(..place(bytes.len())).for_each(drop),
                // The header of the weights is what else is read from them.
                2 => {
                    let at = place(bytes.len().min(2_000));
                    bytes[at] = u8::try_from(place(256)).unwrap();
                }
                _ => {
                    let at = place(bytes.len());
                    bytes[at] ^= 1 << place(8);
                }
            }
            std::fs::write(&path, &bytes).unwrap();
            match MiniLm::open(directory.path()) {
                Ok(model) => drop(model.text("failed logins of a guessing file")),
                Err(error) => {
                    assert!(error.to_string().contains(&directory.path().display().to_string()), "{error}");
                    refused += 1;
                }
            }
        }
        std::fs::write(&path, &whole).unwrap();
    }
    println!("{refused} of 900 were refused");
    assert!(refused > 400);
}
