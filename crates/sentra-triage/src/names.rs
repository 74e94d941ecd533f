//! Sets of names and lists of evidence that stay small.

use sentra_model::{EventId, NamedSet};

/// Distinct names kept in a set.
pub const NAMES_SHOWN_MAX: usize = 64;
/// Event ids kept in a fact: the first half and the last half.
pub const FACT_EVENTS_MAX: usize = 16;
/// Bytes kept of one value; longer command lines end in `…`.
pub const VALUE_BYTES_MAX: usize = 2_048;

/// Adds `name` to `set` once. Beyond [`NAMES_SHOWN_MAX`] names are only counted, so that a total beyond
/// it is an upper bound: a name that returns then counts again.
pub fn add_name(set: &mut NamedSet, name: &str) {
    let name = shorten(name);
    if set.shown.contains(&name) {
        return;
    }
    set.total = set.total.saturating_add(1);
    if set.shown.len() < NAMES_SHOWN_MAX {
        set.shown.push(name);
    }
}

/// Adds every name of `other` to `set`.
pub fn merge_names(set: &mut NamedSet, other: &NamedSet) {
    let unseen = other.total.saturating_sub(other.shown.len() as u64);
    for name in &other.shown {
        add_name(set, name);
    }
    set.total = set.total.saturating_add(unseen);
}

/// Keeps `event` among the first or last [`FACT_EVENTS_MAX`] of a fact.
pub fn keep_evidence(events: &mut Vec<EventId>, event: EventId) {
    keep_both_ends(events, event, FACT_EVENTS_MAX);
}

/// Keeps `event` among the first half or the last half of `limit` events.
pub(crate) fn keep_both_ends(events: &mut Vec<EventId>, event: EventId, limit: usize) {
    if events.contains(&event) {
        return;
    }
    if events.len() >= limit {
        events.remove(limit / 2);
    }
    events.push(event);
}

/// `text`, cut between characters to [`VALUE_BYTES_MAX`] bytes.
#[must_use]
pub fn shorten(text: &str) -> String {
    if text.len() <= VALUE_BYTES_MAX {
        return text.to_owned();
    }
    let mut end = VALUE_BYTES_MAX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", text.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_counts_what_it_does_not_keep() {
        let mut set = NamedSet::default();
        for number in 0..100 {
            add_name(&mut set, &number.to_string());
            add_name(&mut set, "0");
        }
        assert_eq!(set.total, 100);
        assert_eq!(set.shown.len(), NAMES_SHOWN_MAX);
    }

    #[test]
    fn evidence_keeps_both_ends() {
        let mut events = Vec::new();
        for offset in 0..100 {
            keep_evidence(&mut events, EventId::raw(0, offset));
        }
        assert_eq!(events.len(), FACT_EVENTS_MAX);
        assert_eq!(events.first(), Some(&EventId::raw(0, 0)));
        assert_eq!(events.last(), Some(&EventId::raw(0, 99)));
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let cut = shorten(&"ä".repeat(VALUE_BYTES_MAX));
        assert!(cut.len() <= VALUE_BYTES_MAX + '…'.len_utf8());
        assert!(cut.ends_with('…'));
    }
}
