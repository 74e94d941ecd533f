//! The definition: one rule, one event, no index. Slow and obvious; what the index is held against.

use std::borrow::Cow;

use sentra_model::EventRow;

use crate::fields;
use crate::logsource::{ROUTE_FIELDS, Route, RouteFacts};
use crate::ruleset::{Body, FieldCheck, RuleSet};
use crate::test::Test;

/// Indices of the single-event rules that match `row` of a batch of `mart`, tried one by one.
#[must_use]
pub fn matching_rules(rules: &RuleSet, mart: &str, row: EventRow<'_>) -> Vec<usize> {
    let route = route_of(mart, row);
    let matches = |body: &Body| body_matches(rules, body, &route, row);
    rules.rules.iter().enumerate().filter(|(_, rule)| matches(&rule.body)).map(|(index, _)| index).collect()
}

/// Whether the single-event rule with the index `rule` matches `row` of a batch of `mart`.
pub(crate) fn rule_matches(rules: &RuleSet, rule: usize, mart: &str, row: EventRow<'_>) -> bool {
    let rule = rules.rules.get(rule);
    rule.is_some_and(|rule| body_matches(rules, &rule.body, &route_of(mart, row), row))
}

fn body_matches(rules: &RuleSet, body: &Body, route: &Route, row: EventRow<'_>) -> bool {
    match body {
        Body::Correlation(_) | Body::Yaral => false,
        Body::Single { logsource, expression } => {
            logsource.takes(route)
                && expression
                    .holds(&mut |id| rules.checks.get(*id as usize).is_some_and(|check| passes(check, row)))
        }
    }
}

/// Where `row` of a batch of `mart` belongs.
pub(crate) fn route_of(mart: &str, row: EventRow<'_>) -> Route {
    let [channel, event_id, event_type] = ROUTE_FIELDS.map(|name| row.field(name).unwrap_or_default());
    let text = |name: &str| row.text(name).unwrap_or_default();
    Route::of(&RouteFacts {
        product: text("product"),
        service: text("service"),
        mart,
        code: text("code"),
        class: row.class(),
        channel,
        event_id,
        event_type,
    })
}

fn passes(check: &FieldCheck, row: EventRow<'_>) -> bool {
    test_passes(check.name.as_deref(), &check.test, row)
}

/// The values that a test on `field` (`None`: keywords) looks at.
pub(crate) fn tested_values<'a>(field: Option<&str>, row: EventRow<'a>) -> Vec<Cow<'a, str>> {
    match field {
        Some(name) => fields::values(row, name),
        None => fields::keyword_texts(row),
    }
}

/// Whether `row` passes `test` on `field` (`None`: keywords).
pub(crate) fn test_passes(field: Option<&str>, test: &Test, row: EventRow<'_>) -> bool {
    let values = tested_values(field, row);
    match test {
        Test::Present => !values.is_empty(),
        Test::Missing => values.is_empty(),
        Test::Field(test) => {
            let others = fields::values(row, &test.other);
            test.any_passes(&values, &others)
        }
        test => values.iter().any(|value| test.passes(value)),
    }
}
