/// The tactics of ATT&CK for enterprises by their short names, in the order of the kill chain. `stealth` and
/// `defense-impairment` are what newer rules call the two halves of `defense-evasion`.
pub const TACTICS: [&str; 16] = [
    "reconnaissance",
    "resource-development",
    "initial-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "defense-evasion",
    "stealth",
    "defense-impairment",
    "credential-access",
    "discovery",
    "lateral-movement",
    "collection",
    "command-and-control",
    "exfiltration",
    "impact",
];

/// Where `tactic` stands in the kill chain; one that is not known comes last.
#[must_use]
pub fn tactic_order(tactic: &str) -> usize {
    TACTICS.iter().position(|known| *known == tactic).unwrap_or(TACTICS.len())
}
