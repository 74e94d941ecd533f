use proptest::prelude::*;

use super::*;

fn ngram(symbols: usize, settings: NgramSettings, codes: &[u8]) -> Ngram {
    let mut ngram = Ngram::new(symbols, settings).unwrap();
    for (place, code) in codes.iter().enumerate() {
        ngram.learn(&codes[..place], Symbol(*code));
    }
    ngram
}

proptest! {
    #[test]
    fn probabilities_after_any_context_sum_to_one(
        codes in prop::collection::vec(0_u8..12, 0..400),
        history in prop::collection::vec(0_u8..12, 0..6),
        order in 2_usize..=5,
        contexts_max in 1_usize..200,
        decay_events in 1_usize..300,
    ) {
        let ngram = ngram(12, NgramSettings { order, contexts_max, decay_events }, &codes);
        prop_assert!(ngram.contexts() <= contexts_max);
        let all = ngram.distribution(&history);
        prop_assert!((all.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        for (number, expected) in all.iter().enumerate() {
            let one = ngram.probability(&history, Symbol(number as u8));
            prop_assert!(one > 0.0 && (one - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn changes_put_back_on_the_model_give_the_same_counts(
        codes in prop::collection::vec(0_u8..6, 1..300),
        decay_events in 1_usize..200,
        every in 1_usize..50,
    ) {
        let settings = NgramSettings { order: 3, contexts_max: 30, decay_events };
        let mut base = ngram(6, NgramSettings { decay_events: 1_000, ..settings }, &codes[..codes.len() / 2]);
        base.settings = settings;
        base.settle();
        (base.learned, base.refused) = (0, 0);
        let mut live = base.clone();
        let mut stored = std::collections::BTreeMap::new();
        for (place, code) in codes.iter().enumerate() {
            live.learn(&codes[..place], Symbol(*code));
            if place % every == 0 || place + 1 == codes.len() {
                for (key, value) in live.take_changes() {
                    match value {
                        Some(value) => stored.insert(key, value),
                        None => stored.remove(&key),
                    };
                }
            }
        }
        let mut restored = base.clone();
        restored.restore_progress(live.learned, live.halvings);
        for (key, value) in &stored {
            restored.restore_context(*key, value).unwrap();
        }
        for history in [&[][..], &[1], &[2, 3], &[0, 5]] {
            prop_assert_eq!(live.distribution(history), restored.distribution(history));
        }
        prop_assert_eq!(live.contexts(), restored.contexts());
    }
}

#[test]
fn what_always_follows_is_expected_and_the_unseen_is_not() {
    let codes: Vec<u8> = [1, 2, 3].into_iter().cycle().take(300).collect();
    let ngram = ngram(4, NgramSettings::default(), &codes);
    assert!(ngram.probability(&[1, 2], Symbol(3)) > 0.97);
    assert!(ngram.probability(&[1, 2], Symbol(0)) < 0.001);
    assert!(ngram.probability(&[0, 0, 2], Symbol(3)) > 0.9, "an unknown context falls back on a shorter one");
}

#[test]
fn halving_forgets_what_came_once() {
    let settings = NgramSettings { decay_events: 10, ..NgramSettings::default() };
    let ngram = ngram(4, settings, &[1, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
    assert_eq!(ngram.halvings(), 1);
    assert_eq!(ngram.distribution(&[])[2], ngram.distribution(&[])[3]);
    assert!(ngram.probability(&[1], Symbol(1)) > 0.8);
}
