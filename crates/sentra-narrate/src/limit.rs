//! Law LIMIT: how long a story may become.

/// Most items of a list that are named; the others are counted.
pub const fn list_items_max() -> usize {
    5
}

/// Most characters of a quoted text; longer ones end in `…`.
pub const fn quoted_chars_max() -> usize {
    120
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
    // headline, events, groups, outcomes, two assessments, and at most six gaps
    1 + events_told_max() + tactic_groups_max() + outcomes_max() + 2 + 6
}
