//! Law MEANING on thousands of generated incidents.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "helpers of tests")]

mod common;

use common::{Dice, incident, random_incident, random_risk, random_signals};
use proptest::prelude::*;
use sentra_model::{Sentence, SentenceRole, Signal};
use sentra_narrate::{Problem, Story, sentences_max, tell, verify};

fn story(seed: u64, most: usize) -> (Story, Vec<Signal>) {
    let signals = random_signals(seed, most);
    (tell(&random_incident(seed, &signals), &signals), signals)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_is_in_the_facts(seed: u64) {
        let (story, signals) = story(seed, 14);
        let verdict = verify(&story, &signals);
        prop_assert!(verdict.is_ok(), "{:#?}\n{:#?}", verdict, story);
        prop_assert!(story.narrative.sentences.len() <= sentences_max());
        prop_assert!(story.narrative.sentences.iter().all(|told| !told.signals.is_empty()));
        let roles: Vec<SentenceRole> = story.narrative.sentences.iter().map(|told| told.role).collect();
        prop_assert!(roles.is_sorted(), "{:?}", roles);
    }

    #[test]
    fn the_order_of_the_signals_does_not_matter(seed: u64, order: u64) {
        let (told, mut signals) = story(seed, 10);
        let incident = random_incident(seed, &signals);
        Dice::new(order).shuffle(&mut signals);
        prop_assert_eq!(tell(&incident, &signals), told);
    }

    #[test]
    fn every_signal_is_told_or_listed_as_not_told(seed: u64) {
        let (told, signals) = story(seed, 40);
        for signal in &signals {
            let cited = told.narrative.sentences.iter().any(|sentence| {
                matches!(sentence.role, SentenceRole::Headline | SentenceRole::Event | SentenceRole::Outcome)
                    && sentence.signals.contains(&signal.id)
            });
            prop_assert!(cited, "{} is nowhere in {:#?}", signal.id, told);
        }
    }

    #[test]
    fn no_name_leaves_its_quotation(seed: u64, name in "\\PC{0,30}[“”\";\u{202e}\n]?\\PC{0,10}") {
        let mut signals = random_signals(seed, 4);
        let plain = |signals: &[Signal]| {
            let told = tell(&incident(random_risk(seed)), signals);
            (told.narrative.sentences.iter().map(|s| outside_quotes(&s.text)).collect::<Vec<_>>(), told)
        };
        rename(&mut signals, "“neutral”");
        let (wanted, _) = plain(&signals);
        // A leading space keeps the name from standing bare, as the neutral one is.
        rename(&mut signals, &format!(" {name}"));
        let (found, told) = plain(&signals);
        prop_assert_eq!(found, wanted);
        prop_assert!(verify(&told, &signals).is_ok());
    }
}

/// Gives every account the same name.
fn rename(signals: &mut [Signal], name: &str) {
    for signal in signals {
        for fact in &mut signal.facts {
            for set in fact.values.values_mut() {
                set.total = 1;
                set.shown = vec![name.to_owned()];
            }
        }
    }
}

fn outside_quotes(text: &str) -> String {
    let mut inside = false;
    text.chars()
        .filter(|c| {
            match c {
                '“' => inside = true,
                '”' => inside = false,
                _ => {}
            }
            !inside
        })
        .collect()
}

/// The first two accounts of a sentence about accounts in each other's place.
fn swapped(text: &str) -> Option<String> {
    let (before, list) = text.split_once("he account ")?;
    let (one, rest) = list.split_once(" was tried ")?;
    let (often, rest) = rest.split_once(", ")?;
    let rest = rest.strip_prefix("and ").unwrap_or(rest);
    let end = rest.find([' ', ','])?;
    let (other, rest) = rest.split_at(end);
    (!one.contains('“') && !other.contains('“') && one != other && other.parse::<u64>().is_err())
        .then(|| format!("{before}he account {other} was tried {often}, {one}{rest}"))
}

/// Every way in which we falsify a sentence.
fn mutants(text: &str, dice: &mut Dice) -> Vec<(&'static str, String)> {
    let mut mutants = Vec::new();
    let pieces: Vec<&str> = text.split(' ').collect();
    let mut quoted = false;
    for (index, piece) in pieces.iter().enumerate() {
        let begins_quoted = quoted;
        for character in piece.chars() {
            quoted = match character {
                '“' => true,
                '”' => false,
                _ => quoted,
            };
        }
        if begins_quoted || piece.contains('“') {
            continue;
        }
        let core = piece.trim_start_matches('(').trim_end_matches(['.', ',', ')', ';']);
        let mut replace = |kind, new: String| {
            let mut copy: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
            copy[index] = piece.replacen(core, &new, 1);
            mutants.push((kind, copy.join(" ")));
        };
        if let Ok(number) = core.parse::<u64>() {
            replace("count up", (number + 1).to_string());
            if number > 0 {
                replace("count down", (number - 1).to_string());
            }
        } else if core.len() == 8 && core.bytes().filter(|b| *b == b':').count() == 2 {
            let other = if core.ends_with('9') { '1' } else { '9' };
            replace("time", format!("{}{other}", &core[..7]));
        } else if common::ADDRESSES.contains(&core) {
            replace("address", (dice.of(&common::ADDRESSES)).to_owned());
        } else if common::HOSTS.contains(&core) {
            replace("host", (dice.of(&common::HOSTS)).to_owned());
            replace("host", (dice.of(&common::NAMES)).to_owned());
        } else if common::NAMES.contains(&core) {
            replace("user", (dice.of(&common::NAMES[..3])).to_owned());
        } else if core.starts_with("T1") {
            replace("technique", format!("{core} and T1566.001"));
            replace("technique", "T1566".to_owned());
        }
    }
    for (kind, from, to) in [
        ("polarity", " failed", " succeeded"),
        ("polarity", " succeeded", " failed"),
        ("polarity", "No login", "a login"),
        ("cause", "followed by", "caused by"),
        ("order", "followed by", "followed as"),
        ("severity", "severity is high", "severity is low"),
        ("likelihood", "very likely", "likely"),
        ("bound", "at least ", ""),
    ] {
        mutants.push((kind, text.replacen(from, to, 1)));
    }
    for (kind, from, to) in [
        ("frequency", "once", "twice"),
        ("frequency", "twice", "once"),
        ("frequency", " each", ""),
        ("pace", "a minute", "a second"),
        ("pace", "about every", "every"),
        ("pattern", "password guessing", "password spraying"),
        ("pattern", "at most", "at least"),
        ("existence", "not exist", "exist"),
        ("reason", "most of all on", "then on"),
        ("reason", "raised by", "lowered by"),
        ("change", "created", "deleted"),
        ("knowledge", "is not known", "is known"),
    ] {
        mutants.push((kind, text.replacen(from, to, 1)));
    }
    mutants.extend(swapped(text).map(|text| ("swapped names", text)));
    mutants.push(("invention", text.replacen('.', " from 198.51.100.99.", 1)));
    mutants.push(("invention", format!("{text} The password was guessed.")));
    if let Some((before, rest)) = text.split_once("etween ")
        && let (Some(first), Some(last)) = (rest.get(..23), rest.get(28..51))
    {
        mutants.push(("reversed", format!("{before}etween {last} and {first}{}", &rest[51..])));
    }
    mutants.retain(|(_, mutant)| mutant != text);
    mutants
}

#[test]
fn falsified_stories_are_rejected() {
    let (mut tried, mut survived) = (0_u64, Vec::new());
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 0..110 {
        let (told, signals) = story(seed, 8);
        let mut dice = Dice::new(seed);
        for sentence in &told.narrative.sentences {
            for (kind, text) in mutants(&sentence.text, &mut dice) {
                // The headline and the false sentence are story enough.
                let mut mutant = told.clone();
                mutant.narrative.sentences = vec![sentence.clone()];
                mutant.narrative.sentences[0].text.clone_from(&text);
                mutant.headline.clone_from(&text);
                tried += 1;
                kinds.insert(kind);
                if verify(&mutant, &signals).is_ok() {
                    survived.push((kind, sentence.text.clone(), text));
                }
            }
        }
    }
    let allowed = tried / 1_000;
    println!("{tried} mutants, {} survived {survived:?}", survived.len());
    assert!(tried > 10_000, "only {tried} mutants");
    for kind in
        ["swapped names", "frequency", "pace", "pattern", "existence", "reason", "change", "knowledge"]
    {
        assert!(kinds.contains(kind), "no sentence could be falsified in its {kind}: {kinds:?}");
    }
    let shown: Vec<_> = survived.iter().take(12).collect();
    assert!(survived.len() as u64 <= allowed, "{} of {tried} survived: {shown:#?}", survived.len());
}

#[test]
fn citations_are_checked() {
    let (told, signals) = story(3, 8);
    let broken = |change: &dyn Fn(&mut Sentence)| {
        let mut story = told.clone();
        change(story.narrative.sentences.last_mut().unwrap());
        verify(&story, &signals).unwrap_err().remove(0).problem
    };
    assert_eq!(broken(&|sentence| sentence.signals.clear()), Problem::NoCitation);
    let stranger = random_signals(4, 1)[0].id;
    assert_eq!(broken(&|sentence| sentence.signals = vec![stranger]), Problem::UnknownSignal(stranger));
    let mut story = told.clone();
    story.title.push('!');
    assert_eq!(verify(&story, &signals).unwrap_err()[0].problem, Problem::Title);
    story = told.clone();
    story.headline.push('!');
    assert_eq!(verify(&story, &signals).unwrap_err()[0].problem, Problem::Headline);
}
