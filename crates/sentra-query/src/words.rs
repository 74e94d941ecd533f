//! What is said about an answer: which way the question went, whether it is whole, and why not.

use sentra_ask::Form;
use sentra_kql::plan::Plan;
use sentra_model::Timestamp;
use sentra_store::StoppedBy;

use crate::answer::{Intent, Route, Status, StatusDetail};
use crate::desk::{Prepared, Waiting};
use crate::found::Found;
use crate::health::Health;
use crate::request::Engine;

/// Records that wait for less than this are not worth a word.
pub const STALE_MS_MIN: i64 = 2_000;

/// What the asker may want to know; why the answer is not whole comes first.
pub(crate) fn notes(
    found: &Found,
    plan: Option<&Plan>,
    rows_max: usize,
    health: &Health,
    now: Timestamp,
) -> Vec<String> {
    let without_rows = if found.rows.is_empty() { ", there are no rows" } else { "" };
    let mut notes = Vec::new();
    match found.stopped_by {
        Some(StoppedBy::Timeout) => notes.push(format!("the time allowed was over{without_rows}")),
        Some(StoppedBy::Memory) => notes.push(format!("the memory allowed was used up{without_rows}")),
        None if found.cut => {
            notes.push(format!("there are more than {rows_max} rows: add take, or summarize"))
        }
        None => {}
    }
    notes.extend(found.missing.iter().cloned());
    let unread = found.lineage.segments_unread;
    if unread > 0 {
        let total = found.lineage.segments_considered + unread;
        notes.push(format!(
            "{unread} of {total} segments are damaged and left out, `sentra store check` says more"
        ));
    }
    for engine in found.used.iter().copied() {
        let known = health.of(engine);
        if let Some(why) = known.full(now) {
            notes.push(format!("engine {engine} is full: {why}"));
        }
        if known.is_slow() {
            notes.push(format!("engine {engine} is slow: {:.0} s are usual now", known.usual_ms / 1e3));
        }
    }
    let of_plan = plan.into_iter().flat_map(|plan| &plan.notes);
    notes.extend(of_plan.map(|note| format!("{}; {}", note.message, note.hint)));
    notes
}

/// Whether the answer is whole, and if not, why not.
pub(crate) fn status_of(
    found: &Found,
    notes: &[String],
    waiting: Option<Waiting>,
    now: Timestamp,
) -> (Status, StatusDetail) {
    let lineage = &found.lineage;
    let segments_total = lineage.segments_considered + lineage.segments_unread;
    let skipped = if found.stopped_by.is_some() { lineage.segments_skipped } else { 0 };
    let segments_read = lineage.segments_considered.saturating_sub(skipped);
    let detail = |stale_as_of, why| StatusDetail { segments_read, segments_total, stale_as_of, why };
    if !found.is_whole() {
        return (Status::Partial, detail(None, notes.first().cloned().unwrap_or_default()));
    }
    let late = waiting.filter(|waiting| now.since(waiting.since) >= STALE_MS_MIN * 1_000);
    match late {
        Some(Waiting { records, since }) => {
            let why = format!("{records} records wait to be stored, the first came in at {since}");
            (Status::Stale, detail(Some(since), why))
        }
        None => (Status::Complete, detail(None, String::new())),
    }
}

/// Which way a question went, and why.
pub(crate) fn route_of(
    prepared: &Prepared,
    engine: Engine,
    found: &Found,
    notes: &[String],
    understood: &str,
) -> Route {
    let decision = &prepared.decision;
    let own = match decision.intent {
        sentra_ask::Intent::Exact => Intent::Exact,
        sentra_ask::Intent::Analytical => Intent::Analytical,
        sentra_ask::Intent::Similarity => Intent::Similarity,
        sentra_ask::Intent::Compound => Intent::Compound,
    };
    let intent = match engine {
        Engine::Exact => Intent::Exact,
        Engine::Analytical => Intent::Analytical,
        Engine::Similarity | Engine::Vectors => Intent::Similarity,
        _ => own,
    };
    let mut reason = String::new();
    if engine != Engine::Auto {
        reason = format!("engine {} was asked for; ", engine.as_str());
    }
    reason.push_str(&decision.reason);
    if let Some(why) = &prepared.avoided {
        reason.push_str("; the marts were asked in the place of engine forensic: ");
        reason.push_str(why);
    }
    if decision.form == Form::English {
        reason.push_str("; understood as ");
        reason.push_str(understood);
    }
    if !found.rollups.is_empty() {
        reason.push_str("; answered by rollup ");
        reason.push_str(&found.rollups.join(", "));
    }
    // Who finds nothing wants to know whether a name was misspelt.
    for note in notes.iter().filter(|_| found.rows.is_empty() && found.stopped_by.is_none()) {
        reason.push_str("; ");
        reason.push_str(note);
    }
    let used = if found.used.is_empty() { engines_of(prepared) } else { found.used.clone() };
    Route {
        intent,
        engine: used.join("+"),
        confidence: decision.confidence,
        reason,
        rules: decision.rules.iter().map(|rule| rule.as_str().to_owned()).collect(),
        form: form_name(decision.form).to_owned(),
        router_version: decision.version,
    }
}

/// The engines that a question will be asked of.
fn engines_of(prepared: &Prepared) -> Vec<&'static str> {
    let mut engines = Vec::new();
    for ready in &prepared.questions {
        let tables = ready.plan.as_ref().map(Plan::tables).unwrap_or_default();
        if tables.is_empty() {
            engines.push("marts");
        }
        engines.extend(tables.into_iter().map(crate::wish::engine_of));
    }
    if prepared.by_likeness {
        engines.push("vectors");
    }
    let mut seen = std::collections::BTreeSet::new();
    engines.retain(|engine| seen.insert(*engine));
    engines
}

pub(crate) fn form_name(form: Form) -> &'static str {
    match form {
        Form::Kql => "kql",
        Form::Shorthand => "shorthand",
        Form::Sql => "sql",
        Form::English => "english",
    }
}
