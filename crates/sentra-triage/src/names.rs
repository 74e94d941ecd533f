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

/// Adds `name`, that came `times` times, to `set`. The counts stay exact or are given up: a set that was begun
/// without them gets none.
pub fn count_name(set: &mut NamedSet, name: &str, times: u64) {
    let counted = set.is_counted();
    add_name(set, name);
    if !counted {
        return;
    }
    set.counts.resize(set.shown.len(), 0);
    let name = shorten(name);
    let at = set.shown.iter().position(|known| *known == name);
    if let Some(count) = at.and_then(|at| set.counts.get_mut(at)) {
        *count = count.saturating_add(times);
    }
}

/// Adds every name of `other`, whose happenings are others than those of `set`. The counts stay exact or are
/// given up: where names are missing from either, one of them may be among the other's.
pub fn merge_names(set: &mut NamedSet, other: &NamedSet) {
    let counted = [&*set, other].iter().all(|one| one.is_counted() && one.is_complete());
    let unseen = other.total.saturating_sub(other.shown.len() as u64);
    if counted {
        for (name, times) in other.shown.iter().zip(&other.counts) {
            count_name(set, name, *times);
        }
    } else {
        set.counts.clear();
        for name in &other.shown {
            add_name(set, name);
        }
    }
    set.total = set.total.saturating_add(unseen);
    set.at_least |= other.at_least;
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
    fn counts_are_exact_or_given_up() {
        let mut set = NamedSet::default();
        for number in 0..100 {
            count_name(&mut set, &(number % 70).to_string(), 2);
        }
        assert_eq!((set.counts.len(), set.counts[0], set.counts[63]), (NAMES_SHOWN_MAX, 4, 2));
        let counted = |names: &[(&str, u64)]| {
            let mut set = NamedSet::default();
            names.iter().for_each(|(name, times)| count_name(&mut set, name, *times));
            set
        };
        let mut sum = counted(&[("a", 3), ("b", 1)]);
        merge_names(&mut sum, &counted(&[("b", 2), ("c", 5)]));
        assert_eq!(sum, counted(&[("a", 3), ("b", 3), ("c", 5)]));
        // A set that was stored before counts were kept never gets any.
        let mut old = NamedSet::of(vec!["a".to_owned()]);
        count_name(&mut old, "a", 1);
        count_name(&mut old, "b", 1);
        assert!(old.counts.is_empty() && old.total == 2);
        merge_names(&mut sum, &old);
        assert!(sum.counts.is_empty());
        // One of the names that are not shown may be among those of the other.
        let mut cut = set.clone();
        merge_names(&mut cut, &counted(&[("69", 1)]));
        assert!(cut.counts.is_empty());
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
