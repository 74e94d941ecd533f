//! The order of the kill chain in a set of signals.

use std::collections::BTreeMap;

use sentra_model::{ChainStep, Signal, Timestamp, tactic_order};

/// Where a tactic stands; the halves of `defense-evasion` stand where it stands. `None` for one not known.
fn place(tactic: &str) -> Option<usize> {
    match tactic {
        "stealth" | "defense-impairment" => Some(tactic_order("defense-evasion")),
        _ => Some(tactic_order(tactic)).filter(|order| *order < sentra_model::TACTICS.len()),
    }
}

/// The longest run of tactics in which each comes later in the kill chain and later in time than the one before.
///
/// One signal is one step, whatever number of tactics its rule names. Empty when fewer than two steps follow
/// each other. Of runs as long as each other, the one that was complete first.
#[must_use]
pub fn kill_chain<'a>(signals: impl IntoIterator<Item = &'a Signal>) -> Vec<ChainStep> {
    let mut by_time: BTreeMap<Timestamp, Vec<&Signal>> = BTreeMap::new();
    for signal in signals {
        by_time.entry(signal.first).or_default().push(signal);
    }
    // The longest run so far that ends with the tactic of each place: at most 16 runs of at most 16 steps.
    let mut longest: BTreeMap<usize, Vec<ChainStep>> = BTreeMap::new();
    for (at, mut together) in by_time {
        // Tactics in the same place are told apart, so that no order of signals shows.
        together.sort_by(|one, other| (one.id, &one.tactics).cmp(&(other.id, &other.tactics)));
        let mut grown: BTreeMap<usize, Vec<ChainStep>> = BTreeMap::new();
        for signal in together {
            for tactic in &signal.tactics {
                let Some(place) = place(tactic) else { continue };
                let before = longest.range(..place).map(|(_, run)| run);
                let before = before.fold(None, |best: Option<&Vec<ChainStep>>, run| match best {
                    Some(best) if best.len() >= run.len() => Some(best),
                    _ => Some(run),
                });
                let length = before.map_or(0, Vec::len) + 1;
                let known =
                    longest.get(&place).map_or(0, Vec::len).max(grown.get(&place).map_or(0, Vec::len));
                if length <= known {
                    continue;
                }
                let mut run = before.cloned().unwrap_or_default();
                run.push(ChainStep { tactic: tactic.clone(), signal: signal.id, at });
                grown.insert(place, run);
            }
        }
        longest.extend(grown);
    }
    let complete = |run: &Vec<ChainStep>| run.last().map(|step| step.at);
    let mut best: Vec<ChainStep> = Vec::new();
    for run in longest.into_values() {
        if run.len() > best.len() || (run.len() == best.len() && complete(&run) < complete(&best)) {
            best = run;
        }
    }
    if best.len() < 2 { Vec::new() } else { best }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::signal;

    fn chain(tactics: &[(&str, i64)]) -> Vec<String> {
        let signals: Vec<Signal> = tactics
            .iter()
            .map(|(tactic, second)| {
                let mut signal = signal(tactic, *second, None, "h", "u");
                signal.tactics = tactic.split('+').map(str::to_owned).collect();
                signal
            })
            .collect();
        kill_chain(&signals).into_iter().map(|step| step.tactic).collect()
    }

    #[test]
    fn only_tactics_that_follow_each_other_in_time_are_a_chain() {
        assert_eq!(
            chain(&[("initial-access", 1), ("execution", 2), ("exfiltration", 9)]),
            ["initial-access", "execution", "exfiltration"]
        );
        assert!(chain(&[("exfiltration", 1), ("execution", 2)]).is_empty());
        assert_eq!(
            chain(&[("impact", 1), ("execution", 2), ("discovery", 3), ("persistence", 4)]),
            ["execution", "discovery"]
        );
    }

    #[test]
    fn one_moment_or_one_signal_is_one_step() {
        assert!(chain(&[("execution", 1), ("discovery", 1)]).is_empty());
        assert!(chain(&[("execution+discovery+impact", 1)]).is_empty());
        assert_eq!(chain(&[("execution+discovery", 1), ("impact", 2)]).len(), 2);
    }

    #[test]
    fn the_halves_of_defense_evasion_are_one_step_and_unknown_tactics_none() {
        assert!(chain(&[("stealth", 1), ("defense-impairment", 2)]).is_empty());
        assert!(chain(&[("execution", 1), ("my-own", 2)]).is_empty());
    }
}
