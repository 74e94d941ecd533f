//! STIX 2.1 bundles: indicators, and what their relationships say of them.

mod pattern;
#[cfg(test)]
mod pattern_tests;
mod raw;
mod related;

use std::sync::Arc;

use serde_json::value::RawValue;

use self::pattern::read_pattern;
use self::raw::{Indicator, Kind, collect_objects};
use self::related::Related;
use super::feed::{Facts, FeedPlace, Intake, Lines, excerpt};
use super::read_moment;

/// Reads a bundle. Twice over its objects: first what indicators are related to, then the indicators.
pub(crate) fn read(bytes: &[u8], intake: &mut Intake<'_>) {
    let mut objects = Vec::new();
    let end = collect_objects(bytes, &mut objects);
    let mut lines = Lines::new(bytes);
    let mut related = Related::default();
    for raw in &objects {
        related.read(raw);
    }
    for (number, raw) in objects.iter().enumerate() {
        if intake.is_full {
            return;
        }
        match serde_json::from_str::<Kind<'_>>(raw.get()) {
            Ok(kind) if kind.kind == "indicator" => read_indicator(raw, number, &related, &mut lines, intake),
            Ok(_) => {}
            Err(error) => {
                intake.report.refused += 1;
                intake.problem(raw.get(), format!("not an object of stix: {error}"), || FeedPlace {
                    line: lines.of(raw.get()),
                    record: format!("object {number}"),
                });
            }
        }
    }
    if let Err(error) = end {
        intake.report.refused += 1;
        let place = FeedPlace { line: error.line() as u64, record: format!("column {}", error.column()) };
        intake.problem("", format!("not a stix bundle from here on: {error}"), || place);
    }
    if related.dropped > 0 {
        let reason =
            format!("{} relationships beyond what one bundle may say are passed over", related.dropped);
        intake.problem("", reason, FeedPlace::default);
    }
}

fn read_indicator(
    raw: &RawValue,
    number: usize,
    related: &Related,
    lines: &mut Lines<'_>,
    intake: &mut Intake<'_>,
) {
    let indicator: Indicator<'_> = match serde_json::from_str(raw.get()) {
        Ok(indicator) => indicator,
        Err(error) => {
            intake.report.refused += 1;
            return intake.problem(raw.get(), format!("not an indicator of stix: {error}"), || FeedPlace {
                line: lines.of(raw.get()),
                record: format!("object {number}"),
            });
        }
    };
    if indicator.revoked || related.is_revoked(&indicator.id) {
        intake.report.skipped += 1;
        return;
    }
    let mut place = || FeedPlace { line: lines.of(raw.get()), record: excerpt(&indicator.id) };
    if indicator.pattern_type.as_deref().is_some_and(|kind| kind != "stix") {
        intake.report.refused += 1;
        let kind = excerpt(indicator.pattern_type.as_deref().unwrap_or_default());
        return intake.problem(
            &indicator.pattern,
            format!("a pattern of type {kind:?} is not read here"),
            place,
        );
    }
    if !indicator.granular_markings.is_empty() {
        let reason = "granular markings are not kept: the indicator's own marking holds for all of it";
        intake.problem("", reason, &mut place);
    }
    let facts = facts(&indicator, related, intake, &mut place);
    let read = read_pattern(&indicator.pattern);
    for reason in read.refused {
        intake.report.refused += 1;
        intake.problem(&indicator.pattern, reason, &mut place);
    }
    for (text, value) in read.values {
        intake.offer_value(&text, value, &facts, &mut place);
    }
}

fn facts(
    indicator: &Indicator<'_>,
    related: &Related,
    intake: &mut Intake<'_>,
    mut place: impl FnMut() -> FeedPlace,
) -> Facts {
    let mut context = intake.feed.context();
    indicator.indicator_types.iter().chain(&indicator.labels).for_each(|label| context.add_label(label));
    related.describe(indicator, &mut context);
    let mut facts = Facts::of(Arc::new(context));
    facts.confidence = match indicator.confidence {
        Some(percent) if (0.0..=100.0).contains(&percent) => Some(percent / 100.0),
        None => None,
        Some(percent) => {
            intake.problem(
                &percent.to_string(),
                "confidence is from 0 to 100: the feed's is taken",
                &mut place,
            );
            None
        }
    };
    let mut moment = |name: &str, text: Option<&str>| {
        let text = text?;
        let moment = read_moment(text);
        if moment.is_none() {
            intake.problem(text, format!("{name} is no time: passed over"), &mut place);
        }
        moment
    };
    facts.valid_from = moment("valid_from", indicator.valid_from.as_deref());
    facts.valid_until = moment("valid_until", indicator.valid_until.as_deref());
    let modified = moment("modified", indicator.modified.as_deref());
    facts.last_seen =
        [facts.valid_from, modified, related.last_sighting(&indicator.id)].into_iter().flatten().max();
    facts
}
