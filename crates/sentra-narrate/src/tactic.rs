//! The ATT&CK tactics in the order of the kill chain.

use sentra_model::tactic_order;

/// Key that sorts tactics by the kill chain; those it does not know come last, by name.
pub(crate) fn order(tactic: &str) -> (usize, String) {
    (tactic_order(tactic), tactic.to_owned())
}
