//! Both kinds of model on generated days and attacks.

use sentra_learn::sequence::{Alphabet, FitSettings, ModelKind, SequenceModel, SymbolForm};

use crate::generator::{ATTACKS, Dice, attacked, people};
use crate::measure::{all_symbols, auc, scores, symbols};

struct Figures {
    perplexity: f64,
    auc: f64,
    /// Share of attacks of which a window is above the threshold, by kind.
    found: [f64; 3],
    /// Share of normal windows above it.
    false_positives: f64,
    stated: f64,
}

/// Fits on one set of people, calibrates on a second, judges by a third and by attacks on a fourth.
fn figures(kind: ModelKind, seed: u64) -> Figures {
    let mut dice = Dice::new(seed);
    let alphabet = Alphabet::codes(SymbolForm::Code);
    let mut days = |count| all_symbols(&alphabet, &people(count, 20, &mut dice));
    let (training, held_out, normal) = (days(100), days(40), days(60));
    let mut settings = FitSettings::default();
    settings.gru.seed = seed;
    settings.gru.epochs_max = 8;
    let model = SequenceModel::fit(kind, &alphabet, &training, &held_out, &settings).unwrap();
    let threshold = model.calibration().threshold(0.001).unwrap();

    let negatives: Vec<f32> =
        normal.iter().flat_map(|events| scores(&model, events)).map(|(_, bits)| bits).collect();
    let above = negatives.iter().filter(|bits| **bits >= threshold.bits).count();
    let (mut positives, mut found) = (Vec::new(), [0.0; 3]);
    let each = 60;
    for (place, attack) in ATTACKS.into_iter().enumerate() {
        for number in 0..each {
            let (before, attack, after) = attacked(number, attack, &mut dice);
            let during = before.len() + 4..before.len() + attack.len();
            let events = symbols(&alphabet, &[before, attack, after].concat());
            // From the fifth event of the attack to its last.
            let of_attack = scores(&model, &events).into_iter().filter(|(end, _)| during.contains(end));
            let bits: Vec<f32> = of_attack.map(|(_, bits)| bits).collect();
            found[place] +=
                f64::from(u8::from(bits.iter().any(|bits| *bits >= threshold.bits))) / each as f64;
            positives.extend(bits);
        }
    }
    Figures {
        perplexity: model.report().perplexity(),
        auc: auc(&positives, &negatives),
        found,
        false_positives: above as f64 / negatives.len() as f64,
        stated: threshold.false_positive_rate,
    }
}

#[test]
fn attacks_stand_out_of_normal_days() {
    println!("model seed perplexity    auc  brute insider stuffing  false (stated)");
    for seed in 1..=5 {
        for kind in [ModelKind::Ngram, ModelKind::Gru] {
            let figures = figures(kind, seed);
            let [brute, insider, stuffing] = figures.found;
            println!(
                "{:5} {seed:4} {:10.3} {:6.4} {brute:6.2} {insider:7.2} {stuffing:8.2} {:6.4} {:8.4}",
                kind.as_str(),
                figures.perplexity,
                figures.auc,
                figures.false_positives,
                figures.stated,
            );
            assert!(figures.auc > 0.98, "{kind:?} {seed}: {}", figures.auc);
            assert!(figures.perplexity < 4.0, "{kind:?} {seed}: {}", figures.perplexity);
            assert!(brute > 0.95 && insider > 0.9, "{kind:?} {seed}: {brute} {insider}");
            // Another 60 people than those it was calibrated on.
            assert!(figures.false_positives < 0.004, "{kind:?} {seed}: {}", figures.false_positives);
        }
    }
}
