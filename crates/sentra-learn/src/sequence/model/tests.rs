use proptest::prelude::*;

use super::super::{SymbolForm, select};
use super::*;

/// Sequences in which 1 2 3 repeats, now and then broken by a 4.
fn regular(sequences: usize, events: usize) -> Vec<Vec<Symbol>> {
    let code = |at: usize| if at % 17 == 5 { 4 } else { 1 + (at % 3) as u8 };
    (0..sequences).map(|first| (first..first + events).map(|at| Symbol(code(at))).collect()).collect()
}

fn quick() -> FitSettings {
    let gru = GruSettings { hidden: 8, embedding: 4, epochs_max: 20, ..GruSettings::default() };
    FitSettings { gru, ..FitSettings::default() }
}

fn fitted(kind: ModelKind) -> SequenceModel {
    let alphabet = Alphabet::codes(SymbolForm::Code);
    SequenceModel::fit(kind, &alphabet, &regular(30, 60), &regular(10, 60), &quick()).unwrap()
}

#[test]
fn the_most_surprising_event_is_named_with_what_was_expected() {
    for kind in [ModelKind::Ngram, ModelKind::Gru] {
        let model = fitted(kind);
        let usual: Vec<Symbol> = [1, 2, 3].into_iter().cycle().take(30).map(Symbol).collect();
        let mut odd = usual.clone();
        odd[24] = Symbol(40);
        let (usual, odd) = (model.surprise(&usual).unwrap(), model.surprise(&odd).unwrap());
        assert!(odd.bits > usual.bits + 0.2, "{kind:?}: {} after {}", odd.bits, usual.bits);
        assert!(odd.p_value < usual.p_value, "{kind:?}");
        assert_eq!((odd.most.place, odd.most.symbol), (4, Symbol(40)), "{kind:?}");
        assert_eq!(odd.most.expected.len(), 3);
        assert_eq!(odd.most.expected[0].0, Symbol(1), "{kind:?}");
        assert!(odd.most.expected[0].1 > 0.5 && odd.most.expected[1].1 <= odd.most.expected[0].1);
        assert_eq!(model.surprise(&[Symbol(1); 9]), None, "nine events are no window");
    }
}

#[test]
fn both_kinds_give_probabilities_that_sum_to_one() {
    for kind in [ModelKind::Ngram, ModelKind::Gru] {
        let model = fitted(kind);
        for history in [&[][..], &[1, 2], &[40, 0, 3, 3, 3, 3, 3, 3]] {
            let history: Vec<Symbol> = history.iter().map(|code| Symbol(*code)).collect();
            let all = model.distribution(&history);
            assert_eq!(all.len(), 41);
            assert!((all.iter().sum::<f64>() - 1.0).abs() < 1e-6);
            assert!(all.iter().all(|probability| *probability > 0.0));
        }
    }
}

#[test]
fn a_model_survives_its_bytes() {
    for kind in [ModelKind::Ngram, ModelKind::Gru] {
        let model = fitted(kind);
        let bytes = model.to_bytes();
        let again = SequenceModel::from_bytes(&bytes).unwrap();
        assert_eq!(again.to_bytes(), bytes);
        assert_eq!(again.report(), model.report());
        let window: Vec<Symbol> = [1, 2, 3, 1, 9, 3, 1, 2, 3, 1, 2].into_iter().map(Symbol).collect();
        assert_eq!(again.surprise(&window), model.surprise(&window));
        let cut = SequenceModel::from_bytes(&bytes[..bytes.len() - 1]).unwrap_err();
        assert!(cut.to_string().contains("digest"), "{cut}");
    }
}

#[test]
fn the_same_data_and_seed_give_the_same_bytes() {
    assert_eq!(fitted(ModelKind::Gru).to_bytes(), fitted(ModelKind::Gru).to_bytes());
    assert_eq!(fitted(ModelKind::Ngram).to_bytes(), fitted(ModelKind::Ngram).to_bytes());
}

#[test]
fn the_better_one_on_held_out_data_is_chosen() {
    let alphabet = Alphabet::codes(SymbolForm::Code);
    let (model, report) = select(&alphabet, &regular(30, 60), &regular(10, 60), &quick()).unwrap();
    let best = report.ngram.held_out_bits.min(report.gru.held_out_bits);
    assert_eq!(model.report().held_out_bits, best);
    assert_eq!(model.report().kind, report.chosen);
    assert_eq!(report.ngram.held_out_events, 600);
}

#[test]
fn too_little_data_and_foreign_symbols_are_refused() {
    let alphabet = Alphabet::codes(SymbolForm::Code);
    let fit = |training: &[Vec<Symbol>], held_out: &[Vec<Symbol>], settings: &FitSettings| {
        SequenceModel::fit(ModelKind::Gru, &alphabet, training, held_out, settings).unwrap_err().to_string()
    };
    let good = regular(10, 60);
    assert!(fit(&[], &good, &quick()).starts_with("training data holds 0 events"));
    assert!(fit(&good, &[vec![Symbol(1); 12]], &quick()).starts_with("held-out data holds 3 events"));
    assert!(fit(&[vec![Symbol(41)]], &good, &quick()).contains("symbol 41"));
    let mut settings = quick();
    settings.gru.hidden = 0;
    assert!(fit(&good, &good, &settings).contains("hidden is 0"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Behind a digest that fits, too: whoever can write the file can compute it.
    #[test]
    fn hostile_bytes_are_an_error_or_a_model_that_works(
        kind in prop::bool::ANY,
        changes in prop::collection::vec((0_usize..1_000_000, prop::num::u8::ANY), 1..6),
        length in prop::option::of(0_usize..1_000_000),
    ) {
        static BYTES: std::sync::LazyLock<[Vec<u8>; 2]> = std::sync::LazyLock::new(|| {
            [fitted(ModelKind::Ngram).to_bytes(), fitted(ModelKind::Gru).to_bytes()]
        });
        let mut bytes = BYTES[usize::from(kind)].clone();
        bytes.truncate(bytes.len() - DIGEST_BYTES);
        let original = bytes.len();
        for (at, byte) in changes {
            bytes[at % original] = byte;
        }
        if let Some(length) = length {
            bytes.truncate(length % original);
        }
        bytes.extend_from_slice(&digest(&bytes).to_le_bytes());
        if let Ok(model) = SequenceModel::from_bytes(&bytes) {
            let surprise = model.surprise(&[Symbol(1); 20]).unwrap();
            prop_assert!(surprise.bits.is_finite() && surprise.p_value <= 1.0);
            let sum: f64 = model.distribution(&[Symbol(2); 5]).iter().sum();
            prop_assert!((sum - 1.0).abs() < 1e-4, "{sum}");
        }
    }
}
