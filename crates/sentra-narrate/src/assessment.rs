//! How probable and how bad it is, what supports that, and what is not known.

use sentra_model::{Estimate, FactKind, RiskReason, Severity, SignalId};

use crate::groups::{naming, naming_list};
use crate::list::Slot;
use crate::phrase::{self, counted, named};
use crate::sheet::{Sheet, Statement};
use crate::{outcome, reasons, technique, words};

/// Most failed logins of which the story says that their outcome is not known.
const UNKNOWN_OUTCOMES_MAX: usize = 2;

/// `It is very likely that this is malicious (93 %, …); the severity is high`.
pub(crate) fn risk(risk: &Estimate, severity: Severity) -> String {
    format!("{}; {}", probability(risk), severity_clause(severity))
}

/// The clause about probability.
pub(crate) fn probability(risk: &Estimate) -> String {
    format!("It is {}", words::probability(risk))
}

fn severity_clause(severity: Severity) -> String {
    match severity {
        Severity::Unknown => "the severity is not stated".to_owned(),
        known => format!("the severity is {}", known.as_str()),
    }
}

/// `This rests on 2 rules, …; the technique is T1110 “Brute Force”; the tactic is credential-access`.
pub(crate) fn support(whole: &Statement, reasons: &[RiskReason]) -> String {
    let mut techniques = whole.list(Slot::Technique).clone();
    for id in &mut techniques.items {
        *id = technique::with_name(id);
    }
    let clauses = [
        Some(phrase::capital(&reasons::support(whole, reasons))),
        reasons::weight(reasons),
        naming_list(&techniques, "the technique", "the techniques"),
        naming(whole, Slot::Tactic, "the tactic", "the tactics"),
    ];
    clauses.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// What is not known, each with the signals it is not known of.
pub(crate) fn gaps(sheet: &Sheet<'_>) -> Vec<(String, Vec<SignalId>)> {
    let mut gaps = Vec::new();
    let open = sheet.statements.iter().filter(|statement| {
        statement.kind == Some(FactKind::LoginsFailed)
            && !outcome::is_known(statement, sheet.statements.iter())
    });
    for statement in open.take(UNKNOWN_OUTCOMES_MAX) {
        gaps.push((unknown_outcome(statement), statement.signals.clone()));
    }
    let cut: Vec<SignalId> = ids(sheet, |signal| signal.events_total > signal.events.len() as u64);
    if !cut.is_empty() {
        gaps.push((evidence(&sheet.whole(&cut)), cut));
    }
    let odd = ids(sheet, |signal| signal.facts.iter().any(|fact| fact.values.contains_key("problem")));
    let whole = sheet.whole(&odd);
    if whole.has(Slot::Problem) {
        let named = counted(&whole, Slot::Problem, "the problem", "the problems");
        gaps.push((format!("Some records were read with {named}"), odd));
    }
    gaps
}

fn unknown_outcome(statement: &Statement) -> String {
    format!("Whether any login{} succeeded is not known", named(statement, Slot::Source, " from"))
}

fn evidence(whole: &Statement) -> String {
    match whole.signals.len() {
        1 => format!(
            "Of the {} events behind{}, only {} {} kept",
            whole.events_total,
            counted(whole, Slot::Rule, " the rule", " the rules"),
            whole.events_kept,
            if whole.events_kept == 1 { "is" } else { "are" }
        ),
        many => format!("For {many} signals only a part of the evidence is kept"),
    }
}

fn ids(sheet: &Sheet<'_>, wanted: impl Fn(&sentra_model::Signal) -> bool) -> Vec<SignalId> {
    let mut ids: Vec<SignalId> =
        sheet.signals.iter().filter(|signal| wanted(signal)).map(|signal| signal.id).collect();
    ids.sort_unstable();
    ids
}
