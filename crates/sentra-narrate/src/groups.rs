//! Signals that are not told one by one: one sentence for each tactic.

use std::collections::BTreeMap;

use sentra_model::SignalId;

use crate::limit::tactic_groups_max;
use crate::list::{List, Slot};
use crate::phrase::{counted, hosts, when};
use crate::sheet::{Sheet, Statement};
use crate::{tactic, words};

/// Splits the signals with these ids by their first tactic in kill-chain order; the last group takes what is
/// beyond the limit.
pub(crate) fn by_tactic(sheet: &Sheet<'_>, ids: &[SignalId]) -> Vec<Vec<SignalId>> {
    let mut groups: BTreeMap<(usize, String), Vec<SignalId>> = BTreeMap::new();
    for signal in sheet.signals.iter().filter(|signal| ids.binary_search(&signal.id).is_ok()) {
        let first = signal.tactics.iter().map(|name| tactic::order(name)).min();
        groups.entry(first.unwrap_or((usize::MAX, String::new()))).or_default().push(signal.id);
    }
    let mut groups: Vec<Vec<SignalId>> = groups.into_values().collect();
    if groups.len() > tactic_groups_max() {
        let rest = groups.split_off(tactic_groups_max() - 1);
        groups.push(rest.into_iter().flatten().collect());
    }
    for group in &mut groups {
        group.sort_unstable();
    }
    groups
}

/// `Between T and T (2 h), 14 signals with the tactic execution were raised on host web-1 by the rule “X”`.
pub(crate) fn sentence(whole: &Statement) -> String {
    let (noun, verb) = if whole.count == 1 { ("signal", "was") } else { ("signals", "were") };
    let tactic = match whole.list(Slot::Tactic).items.as_slice() {
        [first, ..] => format!(" with the tactic {first}"),
        [] => String::new(),
    };
    format!(
        "{}, {} {noun}{tactic} {verb} raised{}{}",
        when(whole),
        whole.count,
        hosts(whole, "on"),
        counted(whole, Slot::Rule, " by the rule", " by the rules"),
    )
}

/// What the story does not tell one by one.
pub(crate) fn gap(count: usize) -> String {
    match count {
        1 => "1 signal is not told individually".to_owned(),
        _ => format!("{count} signals are not told individually"),
    }
}

/// `The techniques are T1110.001 and T1110.003`; none where there are none.
pub(crate) fn naming(whole: &Statement, slot: Slot, one: &str, many: &str) -> Option<String> {
    naming_list(whole.list(slot), one, many)
}

/// As [`naming`], of a list of its own.
pub(crate) fn naming_list(list: &List, one: &str, many: &str) -> Option<String> {
    let lead = if list.total == 1 { format!("{one} is") } else { format!("{many} are") };
    (!list.is_empty()).then(|| format!("{lead} {}", words::enumerate(list)))
}
