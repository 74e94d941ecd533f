//! Law LIMIT: how long a story may become.

/// Most items of a list that are named; the others are counted.
pub const fn list_items_max() -> usize {
    5
}

/// Most characters of a quoted text; longer ones end in `…`.
pub const fn quoted_chars_max() -> usize {
    120
}

/// Most bursts of attempts that are told one by one; of more only the largest is.
pub const fn bursts_told_max() -> usize {
    4
}

/// Most reasons for the risk that are told: findings, what else raises it, and what lowers it.
pub const fn reasons_told_max() -> usize {
    3
}

/// Most sentences that tell one statement each.
pub const fn events_told_max() -> usize {
    12
}

/// Most sentences that tell how a series of logins ended.
pub const fn outcomes_max() -> usize {
    6
}

/// Most sentences that tell the signals of one tactic together.
pub const fn tactic_groups_max() -> usize {
    12
}

/// Most sentences of a narrative.
pub const fn sentences_max() -> usize {
    // headline, events and one more for the accounts, groups, outcomes, three assessments, and at most six gaps
    1 + events_told_max() + 1 + tactic_groups_max() + outcomes_max() + 3 + 6
}
