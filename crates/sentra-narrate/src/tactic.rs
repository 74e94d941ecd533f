//! The ATT&CK tactics in the order of the kill chain.

const KILL_CHAIN: [&str; 15] = [
    "reconnaissance",
    "resource-development",
    "initial-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "defense-evasion",
    "defense-impairment",
    "credential-access",
    "discovery",
    "lateral-movement",
    "collection",
    "command-and-control",
    "exfiltration",
    "impact",
];

/// Key that sorts tactics by the kill chain; those it does not know come last, by name.
pub(crate) fn order(tactic: &str) -> (usize, String) {
    let place = KILL_CHAIN.iter().position(|known| *known == tactic).unwrap_or(KILL_CHAIN.len());
    (place, tactic.to_owned())
}
