//! A detection as a match.

use std::collections::BTreeMap;
use std::sync::Arc;

use sentra_model::{EventId, NamedSet, TenantId, Timestamp};

use super::gather::Detection;
use super::rule::YaralRule;
use super::value::Value;
use crate::matched::{Match, VALUE_COLUMNS};

/// Most values of a name that are shown.
const SHOWN_MAX: usize = 32;
/// Most events at either end that are named.
const EVIDENCE_ENDS_MAX: usize = 500;

/// The match; outcomes are among its values, under their names with the dollar sign.
pub(super) fn described(
    rule: &YaralRule,
    tenant: &TenantId,
    detection: &Detection<'_>,
    opened: EventId,
    row: usize,
) -> Match {
    let mut events: BTreeMap<(i64, EventId), u32> = BTreeMap::new();
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in &detection.records {
        if events.insert((record.time, record.id), record.count).is_some() {
            continue;
        }
        for (number, text) in &record.columns {
            let Some(name) = VALUE_COLUMNS.get(usize::from(*number)) else { continue };
            let known = values.entry((*name).to_owned()).or_default();
            if !known.contains(text) {
                known.push(text.clone());
            }
        }
    }
    for (outcome, value) in rule.outcomes.iter().zip(&detection.outcomes) {
        let texts = match value {
            Value::List(list) => list.iter().map(|value| value.to_text().into_owned()).collect(),
            value => vec![value.to_text().into_owned()],
        };
        values.insert(format!("${}", outcome.name), texts);
    }
    let ids: Vec<EventId> = events.keys().map(|(_, id)| *id).collect();
    let evidence = match ids.len() {
        all if all <= 2 * EVIDENCE_ENDS_MAX => ids.clone(),
        all => {
            let ends = [ids.get(..EVIDENCE_ENDS_MAX), ids.get(all - EVIDENCE_ENDS_MAX..)];
            ends.into_iter().flatten().flatten().copied().collect()
        }
    };
    let time = |entry: Option<(&(i64, EventId), &u32)>| entry.map_or(0, |((time, _), _)| *time);
    let (first, last) = (time(events.first_key_value()), time(events.last_key_value()));
    let names = rule.matching.iter().flat_map(|matching| &matching.variables);
    let names = names.filter_map(|number| rule.placeholders.get(*number).cloned());
    Match {
        rule: Arc::clone(&rule.reference),
        tenant: tenant.clone(),
        row,
        event: ids.last().copied().unwrap_or(opened),
        time: Timestamp::from_micros(last),
        run: opened,
        group: names.zip(detection.key.iter().cloned()).collect(),
        evidence,
        evidence_total: ids.len() as u64,
        count: events.values().map(|count| u64::from(*count)).sum(),
        first: Timestamp::from_micros(first),
        last: Timestamp::from_micros(last),
        values: values
            .into_iter()
            .map(|(name, mut texts)| {
                let total = texts.len() as u64;
                texts.truncate(SHOWN_MAX);
                (name, NamedSet { shown: texts, total, ..NamedSet::default() })
            })
            .collect(),
    }
}
