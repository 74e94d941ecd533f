//! The title of an incident: `SSH brute force from 203.0.113.9 and 2 more rules`.

use sentra_model::{EntityType, Role, Signal};

use crate::list::{self, List, Slot, Values};
use crate::quote;
use crate::sheet::Sheet;

/// Most characters of a rule's title within an incident's.
const RULE_CHARS_MAX: usize = 80;

/// The signal that names the incident: the gravest, then the most probable, then the earliest,
/// then by its title: never by an id, which says nothing about what happened.
pub(crate) fn leading<'a>(sheet: &Sheet<'a>) -> Option<&'a Signal> {
    // The signals are in canonical order and the first of equals is kept.
    sheet.signals.iter().copied().reduce(|best, signal| {
        let graver = signal.severity.cmp(&best.severity);
        let order = graver
            .then(signal.probability.score.total_cmp(&best.probability.score))
            .then(best.first.cmp(&signal.first))
            .then(best.rule.title.cmp(&signal.rule.title));
        if order.is_gt() { signal } else { best }
    })
}

/// The title that `signal` gives to an incident of all the signals of `sheet`.
pub(crate) fn title(sheet: &Sheet<'_>, signal: &Signal) -> String {
    let rules: std::collections::BTreeSet<&str> =
        sheet.signals.iter().map(|signal| signal.rule.title.as_str()).collect();
    let more = match rules.len() {
        0 | 1 => String::new(),
        2 => " and 1 more rule".to_owned(),
        many => format!(" and {} more rules", many - 1),
    };
    format!("{}{}{more}", quote::shown(signal.rule.title.trim(), RULE_CHARS_MAX), place(signal))
}

/// ` from 203.0.113.9`, ` on web-1` or ` by bob`: whichever the signal knows first.
fn place(signal: &Signal) -> String {
    let mut entities = signal.entities.clone();
    entities.sort();
    // An address that is merely related says less than the machine it happened on.
    let outside = entities.iter().any(|entity| {
        entity.entity_type == EntityType::Ip && matches!(entity.role, Role::Source | Role::Actor)
    });
    let lists = list::lists(&entities, &Values::new());
    let one = |slot: Slot, preposition: &str, many: &str| match lists.get(&slot) {
        Some(List { items, .. }) if items.len() > 1 => format!(" {preposition} {} {many}", items.len()),
        Some(List { items, .. }) => {
            items.first().map(|item| format!(" {preposition} {item}")).unwrap_or_default()
        }
        None => String::new(),
    };
    if outside {
        return one(Slot::Source, "from", "addresses");
    }
    if lists.contains_key(&Slot::Host) {
        return one(Slot::Host, "on", "hosts");
    }
    one(Slot::Account, "by", "accounts")
}
