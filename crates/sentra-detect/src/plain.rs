//! The definition: one rule, one event, no index. Slow and obvious; what the index is held against.

use sentra_model::EventRow;

use crate::fields;
use crate::logsource::{ROUTE_FIELDS, Route, RouteFacts};
use crate::ruleset::{Body, FieldCheck, RuleSet};
use crate::test::Test;

/// Indices of the single-event rules that match `row` of a batch of `mart`, tried one by one.
#[must_use]
pub fn matching_rules(rules: &RuleSet, mart: &str, row: EventRow<'_>) -> Vec<usize> {
    let [channel, event_id, event_type] = ROUTE_FIELDS.map(|name| row.field(name).unwrap_or_default());
    let text = |name: &str| row.text(name).unwrap_or_default();
    let route = Route::of(&RouteFacts {
        product: text("product"),
        service: text("service"),
        mart,
        code: text("code"),
        class: row.class(),
        channel,
        event_id,
        event_type,
    });
    let matches = |body: &Body| match body {
        Body::Correlation(_) => false,
        Body::Single { logsource, expression } => {
            logsource.takes(&route)
                && expression
                    .holds(&mut |id| rules.checks.get(*id as usize).is_some_and(|check| passes(check, row)))
        }
    };
    rules.rules.iter().enumerate().filter(|(_, rule)| matches(&rule.body)).map(|(index, _)| index).collect()
}

fn passes(check: &FieldCheck, row: EventRow<'_>) -> bool {
    let values = match &check.name {
        Some(name) => fields::values(row, name),
        None => fields::keyword_texts(row),
    };
    match &check.test {
        Test::Present => !values.is_empty(),
        Test::Missing => values.is_empty(),
        Test::Field(test) => {
            let others = fields::values(row, &test.other);
            test.any_passes(&values, &others)
        }
        test => values.iter().any(|value| test.passes(value)),
    }
}
