//! On real logs, where they are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sentra_learn::sequence::{Alphabet, FitSettings, ModelKind, SequenceModel, SymbolForm, select};
use serde_json::Value;

use crate::generator::{Dice, people};
use crate::measure::{all_symbols, auc, scores, symbols};

fn text(path: &str) -> Option<String> {
    let path: PathBuf = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) => {
            println!("SKIP: {}: {error}", path.display());
            None
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Maker {
    /// The attack tool.
    Attack,
    /// The program with which that tool builds and clears away what it attacks.
    Preparation,
    Other,
}

/// API calls by user in the order of their times.
fn calls(text: &str) -> BTreeMap<String, Vec<(String, String, Maker)>> {
    let mut calls: BTreeMap<String, Vec<(String, String, Maker)>> = BTreeMap::new();
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let of = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
        let who =
            ["arn", "invokedBy", "principalId"].iter().find_map(|name| record["userIdentity"][name].as_str());
        let agent = of("userAgent");
        let maker = match () {
            () if agent.contains("stratus-red-team") => Maker::Attack,
            () if agent.contains("Terraform") => Maker::Preparation,
            () => Maker::Other,
        };
        calls.entry(who.unwrap_or("?").to_owned()).or_default().push((
            of("eventTime"),
            of("eventName"),
            maker,
        ));
    }
    for calls in calls.values_mut() {
        // Stable: calls of one second stay in the order of the file.
        calls.sort_by(|left, right| left.0.cmp(&right.0));
    }
    calls
}

/// Calls of every user: some to learn from, some to calibrate on, some to be judged.
type Cut<'a> = [Vec<Vec<&'a str>>; 3];

/// Blocks of fifty calls by turns: three to learn from, one to calibrate on, one to be judged.
fn by_turns<'a>(own: &[Vec<&'a str>]) -> Cut<'a> {
    [0..3, 3..4, 4..5].map(|turns| {
        let blocks = own.iter().flat_map(|events| events.chunks(50).enumerate());
        blocks.filter(|(number, _)| turns.contains(&(number % 5))).map(|(_, block)| block.to_vec()).collect()
    })
}

/// The first three fifths to learn from, the fourth to calibrate on, the last to be judged.
fn by_time<'a>(own: &[Vec<&'a str>]) -> Cut<'a> {
    [0..3, 3..4, 4..5].map(|fifths| {
        let part = |events: &Vec<&'a str>| {
            events[events.len() * fifths.start / 5..events.len() * fifths.end / 5].to_vec()
        };
        own.iter().map(part).collect()
    })
}

/// One account made the attack calls and most others, and more than half of those prepare the attacks. So there are
/// figures with and without the preparation, and with a cut by turns and by time, which shows how work drifts.
#[test]
fn calls_of_an_attack_tool_against_an_accounts_own() {
    let Some(text) = text("cloud/cloudtrail.ndjson") else { return };
    let calls = calls(&text);
    let made_by = |makers: &[Maker]| -> Vec<Vec<&str>> {
        let of = |calls: &'_ [(String, String, Maker)]| -> Vec<usize> {
            (0..calls.len()).filter(|place| makers.contains(&calls[*place].2)).collect()
        };
        calls
            .values()
            .map(|calls| of(calls).into_iter().map(|place| calls[place].1.as_str()).collect())
            .collect()
    };
    let attack = made_by(&[Maker::Attack]);
    let (all, own) = (made_by(&[Maker::Preparation, Maker::Other]), made_by(&[Maker::Other]));
    let cuts = [
        ("by turns, with preparation", by_turns(&all)),
        ("by time, with preparation", by_time(&all)),
        ("by turns", by_turns(&own)),
        ("by time", by_time(&own)),
    ];
    for (cut, [training, held_out, normal]) in cuts {
        let alphabet = Alphabet::fit(training.iter().flatten().copied(), 2);
        let (training, held_out) = (all_symbols(&alphabet, &training), all_symbols(&alphabet, &held_out));
        for kind in [ModelKind::Ngram, ModelKind::Gru] {
            let model =
                SequenceModel::fit(kind, &alphabet, &training, &held_out, &FitSettings::default()).unwrap();
            let bits = |sequences: &[Vec<&str>]| -> Vec<f32> {
                let sequences = all_symbols(&alphabet, sequences);
                sequences.iter().flat_map(|events| scores(&model, events)).map(|(_, bits)| bits).collect()
            };
            let (negatives, positives) = (bits(&normal), bits(&attack));
            println!(
                "cloudtrail cut {cut}, {}: {} training events, {} symbols, held-out perplexity {:.1}, \
                 {} attack and {} normal windows, auc {:.4}",
                kind.as_str(),
                model.report().events,
                alphabet.size(),
                model.report().perplexity(),
                positives.len(),
                negatives.len(),
                auc(&positives, &negatives),
            );
            assert!(positives.len() > 900 && negatives.len() > 50, "{} windows", negatives.len());
        }
    }
}

/// A server under attack, judged by a model of generated days: the default model reports every account tried ten
/// times or more.
#[test]
fn accounts_under_brute_force_stand_out() {
    let Some(text) = text("linux/openssh_2k.log") else { return };
    let mut by_account: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut host = Vec::new();
    for line in text.lines() {
        let Some((_, message)) = line.split_once("]: ") else { continue };
        let code = if message.starts_with("Accepted ") { "LL01" } else { "LL03" };
        let message = message.strip_prefix("Accepted password for ").or_else(|| {
            message.strip_prefix("Failed password for ").map(|rest| rest.trim_start_matches("invalid user "))
        });
        let Some(account) = message.and_then(|rest| rest.split(" from ").next()) else { continue };
        by_account.entry(account).or_default().push(code);
        host.push(code);
    }
    assert_eq!(host.iter().filter(|code| **code == "LL01").count(), 1);
    let mut dice = Dice::new(1);
    let alphabet = Alphabet::codes(SymbolForm::Code);
    let training = all_symbols(&alphabet, &people(100, 20, &mut dice));
    let held_out = all_symbols(&alphabet, &people(40, 20, &mut dice));
    let mut settings = FitSettings::default();
    settings.gru.epochs_max = 8;
    let (default, selection) = select(&alphabet, &training, &held_out, &settings).unwrap();
    assert_eq!(selection.chosen, ModelKind::Gru);
    let ngram = SequenceModel::fit(ModelKind::Ngram, &alphabet, &training, &held_out, &settings).unwrap();
    for model in [ngram, default] {
        let kind = model.report().kind;
        let threshold = model.calibration().threshold(0.001).unwrap();
        let share = |events: &[&str]| {
            let scores = scores(&model, &symbols(&alphabet, events));
            let above = scores.iter().filter(|(_, bits)| *bits >= threshold.bits).count();
            (above, scores.len())
        };
        let tried: Vec<_> = by_account.iter().filter(|(_, events)| events.len() >= 10).collect();
        let reported = tried.iter().filter(|(_, events)| share(events).0 > 0).count();
        let (above, windows) = share(&host);
        println!(
            "openssh {}: {reported} of {} accounts tried ten times or more, {above} of {windows} windows of the host, are above {:.2} bits",
            kind.as_str(),
            tried.len(),
            threshold.bits,
        );
        for (account, events) in &tried {
            let scores = scores(&model, &symbols(&alphabet, events));
            let most = scores.iter().map(|(_, bits)| *bits).fold(0.0, f32::max);
            let p = model.calibration().p_value(most);
            println!(
                "openssh {}: {account}: {} tries, {most:.2} bits, p {p:.4}",
                kind.as_str(),
                events.len()
            );
            assert!(p < 0.01, "{kind:?}: {account}");
        }
        let is_default = kind == selection.chosen;
        assert!(!is_default || reported == tried.len(), "the default model misses an account");
    }
}
