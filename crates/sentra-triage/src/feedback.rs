//! What analysts' verdicts teach: the precision of detectors, the calibration of risks, and how well persons and
//! platform agree.

use std::collections::{BTreeMap, BTreeSet};

use sentra_model::{Incident, IncidentId, Signal, SignalId, Timestamp, Verdict, VerdictKind, VerdictTarget};
use serde::{Deserialize, Serialize};

use crate::odds::{BASE_RATE, log_odds};
use crate::risk::{Calibration, Detector, Observation, Precisions, Reliability};
use crate::{EntityStanding, Judge, StateRow, TriageConfig};

/// Signals that are remembered of each detector under an incident's verdict.
const SIGNALS_OF_DETECTOR_MAX: usize = 32;
/// Detectors that are remembered under an incident's verdict.
const DETECTORS_OF_INCIDENT_MAX: usize = 256;
/// A risk of this much says that it is malicious.
const SAYS_MALICIOUS: f64 = 0.5;
const COUNTS_KEY: &[u8] = b"counts";

/// What a verdict is about, as it is now.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// One signal.
    Signal(&'a Signal),
    /// An incident with its signals.
    Incident(&'a Incident, &'a [Signal]),
}

impl Subject<'_> {
    fn target(&self) -> VerdictTarget {
        match self {
            Self::Signal(signal) => VerdictTarget::Signal(signal.id),
            Self::Incident(incident, _) => VerdictTarget::Incident(incident.id),
        }
    }
}

/// Why a verdict was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedbackError {
    /// It is about something that is not known here.
    #[error("what the verdict is about is not open here; hand it in with the verdict")]
    UnknownTarget,
    /// It is about something else than what was handed in with it, or of another tenant.
    #[error("the verdict is about something else")]
    OtherTarget,
    /// There is a later one.
    #[error("there is a later verdict of {0}")]
    Outdated(Timestamp),
}

/// A kind of edit that persons make on incidents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edited {
    /// Two were made one.
    Merged,
    /// Signals were split off.
    Split,
    /// Signals were moved.
    Moved,
    /// A title was given.
    Retitled,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counts {
    opened: u64,
    edited: u64,
    merged: u64,
    split: u64,
    moved: u64,
    retitled: u64,
}

/// A verdict with what it is remembered for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Record {
    target: VerdictTarget,
    kind: VerdictKind,
    at: Timestamp,
    by: String,
    /// By the formula alone, in log-odds.
    #[serde(with = "crate::exact")]
    raw: f64,
    /// The probability that was shown.
    #[serde(with = "crate::exact")]
    shown: f64,
    detectors: Vec<(Detector, Vec<SignalId>)>,
}

/// How well persons and platform agree, computed from verdicts and edits.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct FeedbackMetrics {
    /// Incidents opened.
    pub incidents_opened: u64,
    /// Incidents that a person merged, split, moved signals of or gave a title, each once.
    pub incidents_edited: u64,
    /// The part of the opened incidents that was edited.
    pub edit_rate: f64,
    /// Merges by persons.
    pub merges: u64,
    /// Splits by persons.
    pub splits: u64,
    /// Moves by persons.
    pub moves: u64,
    /// Titles by persons.
    pub retitles: u64,
    /// Signals and incidents with a verdict.
    pub verdicts: u64,
    /// Those that are true positives.
    pub true_positives: u64,
    /// Those that are right and allowed.
    pub benign: u64,
    /// Those that are false positives.
    pub false_positives: u64,
    /// Verdicts against what the risk said: malicious below one half, or not malicious from one half on.
    pub overrides: u64,
    /// The part of the verdicts that were overrides.
    pub override_rate: f64,
    /// Mean distance of the risk from what it turned out to be, from 0 to 1.
    pub confidence_mismatch: f64,
    /// Whether the risks of incidents that were shown can be believed.
    pub reliability: Reliability,
    /// Whether risks are corrected by verdicts.
    pub calibrated: bool,
}

/// One tenant's verdicts and what they taught.
#[derive(Debug)]
pub struct Feedback {
    records: BTreeMap<VerdictTarget, Record>,
    by_age: BTreeSet<(Timestamp, VerdictTarget)>,
    /// The incidents with verdicts under which a signal is remembered.
    incidents_of: BTreeMap<SignalId, BTreeSet<IncidentId>>,
    precisions: Precisions,
    calibration: Calibration,
    counts: Counts,
    changed: BTreeSet<VerdictTarget>,
    counts_changed: bool,
    verdicts_max: usize,
}

fn is_malicious(kind: VerdictKind) -> bool {
    kind == VerdictKind::TruePositive
}

impl Feedback {
    /// No verdicts.
    #[must_use]
    pub fn new(config: &TriageConfig) -> Self {
        Self {
            records: BTreeMap::new(),
            by_age: BTreeSet::new(),
            incidents_of: BTreeMap::new(),
            precisions: Precisions::new(config.verdict_half_life_d),
            calibration: Calibration::default(),
            counts: Counts::default(),
            changed: BTreeSet::new(),
            counts_changed: false,
            verdicts_max: config.verdicts_max.max(1),
        }
    }

    /// By what risks are judged now.
    #[must_use]
    pub fn judge(&self) -> Judge<'_> {
        Judge { precisions: &self.precisions, calibration: &self.calibration }
    }

    /// How precise each detector is.
    #[must_use]
    pub fn precisions(&self) -> &Precisions {
        &self.precisions
    }

    /// How risks relate to outcomes.
    #[must_use]
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// Takes a verdict on `subject`; the last one per target counts. Says which detectors it is about.
    ///
    /// A verdict on an incident counts once for each of its detectors that has a signal without a verdict of its
    /// own: a rule that fired five hundred times in one incident was right once.
    ///
    /// # Errors
    /// When it is about something else, or a later one is known.
    pub fn take(&mut self, verdict: &Verdict, subject: Subject<'_>) -> Result<Vec<Detector>, FeedbackError> {
        let tenant = match subject {
            Subject::Signal(signal) => &signal.tenant,
            Subject::Incident(incident, _) => &incident.tenant,
        };
        if verdict.target != subject.target() || verdict.tenant != *tenant {
            return Err(FeedbackError::OtherTarget);
        }
        let known = self.records.get(&verdict.target);
        if let Some(later) = known.filter(|known| known.at > verdict.at) {
            return Err(FeedbackError::Outdated(later.at));
        }
        // What was predicted before anybody said anything stays what was predicted.
        let before = known.map(|known| (known.raw, known.shown));
        let record = self.record(verdict, subject, before);
        let detectors: Vec<Detector> =
            record.detectors.iter().map(|(detector, _)| detector.clone()).collect();
        self.changed.insert(verdict.target);
        self.forget(verdict.target);
        self.put(record);
        self.observe(verdict.target);
        self.forget_oldest();
        Ok(detectors)
    }

    fn record(&self, verdict: &Verdict, subject: Subject<'_>, before: Option<(f64, f64)>) -> Record {
        let signals = match subject {
            Subject::Signal(signal) => std::slice::from_ref(signal),
            Subject::Incident(_, signals) => signals,
        };
        let mut by_detector: BTreeMap<Detector, Vec<SignalId>> = BTreeMap::new();
        for signal in signals {
            let ids = by_detector.entry(Detector::of(signal)).or_default();
            if ids.len() < SIGNALS_OF_DETECTOR_MAX {
                ids.push(signal.id);
            }
        }
        let (raw, shown) = before.unwrap_or_else(|| match subject {
            Subject::Signal(signal) => (log_odds(signal.probability.score), signal.probability.score),
            Subject::Incident(incident, _) => (formula_log_odds(incident), incident.risk.score),
        });
        let detectors = by_detector.into_iter().take(DETECTORS_OF_INCIDENT_MAX).collect();
        let (kind, at, by) = (verdict.kind, verdict.at, verdict.by.clone());
        Record { target: verdict.target, kind, at, by, raw, shown, detectors }
    }

    /// Puts a record in and teaches what it says.
    fn put(&mut self, record: Record) {
        let target = record.target;
        self.by_age.insert((record.at, target));
        let signals: Vec<SignalId> = record.detectors.iter().flat_map(|(_, ids)| ids).copied().collect();
        self.records.insert(target, record);
        match target {
            VerdictTarget::Incident(incident) => {
                for signal in signals {
                    self.incidents_of.entry(signal).or_default().insert(incident);
                }
                self.teach(target);
            }
            VerdictTarget::Signal(signal) => {
                self.teach(target);
                self.teach_incidents_of(signal);
            }
        }
    }

    /// Forgets the record of `target` and what it taught.
    fn forget(&mut self, target: VerdictTarget) {
        let Some(record) = self.records.remove(&target) else { return };
        self.by_age.remove(&(record.at, target));
        self.calibration.forget(target);
        for (detector, signals) in &record.detectors {
            self.precisions.forget(detector, target);
            for signal in signals {
                if let (VerdictTarget::Incident(incident), Some(of)) =
                    (target, self.incidents_of.get_mut(signal))
                {
                    of.remove(&incident);
                    if of.is_empty() {
                        self.incidents_of.remove(signal);
                    }
                }
            }
        }
        if let VerdictTarget::Signal(signal) = target {
            self.teach_incidents_of(signal);
        }
    }

    fn teach_incidents_of(&mut self, signal: SignalId) {
        for incident in self.incidents_of.get(&signal).cloned().unwrap_or_default() {
            self.teach(VerdictTarget::Incident(incident));
        }
    }

    fn teach(&mut self, target: VerdictTarget) {
        let Some(record) = self.records.get(&target) else { return };
        let (records, precisions) = (&self.records, &mut self.precisions);
        for (detector, signals) in &record.detectors {
            let has_own = |signal: &SignalId| records.contains_key(&VerdictTarget::Signal(*signal));
            let counts = matches!(target, VerdictTarget::Signal(_)) || !signals.iter().all(has_own);
            if !counts {
                precisions.forget(detector, target);
            } else if !precisions.learn(detector, target, record.kind, record.at) {
                metrics::counter!("sentra_triage_verdicts_unlearnt_total").increment(1);
            }
        }
    }

    fn observe(&mut self, target: VerdictTarget) {
        if let (VerdictTarget::Incident(_), Some(record)) = (target, self.records.get(&target)) {
            self.calibration.learn(target, record.observation());
        }
    }

    fn forget_oldest(&mut self) {
        while self.records.len() > self.verdicts_max {
            let Some((_, oldest)) = self.by_age.first().copied() else { return };
            self.forget(oldest);
            self.changed.insert(oldest);
            metrics::counter!("sentra_triage_verdicts_forgotten_total").increment(1);
        }
    }

    /// What an analyst says of a signal: its own verdict, or the last one on an incident that it was in.
    #[must_use]
    pub fn standing(&self, signal: SignalId, incident: Option<IncidentId>) -> EntityStanding {
        let own = self.records.get(&VerdictTarget::Signal(signal));
        let of_incidents = || {
            let was_in = self.incidents_of.get(&signal).into_iter().flatten().copied();
            let records =
                was_in.chain(incident).filter_map(|id| self.records.get(&VerdictTarget::Incident(id)));
            records.max_by_key(|record| (record.at, record.target))
        };
        match own.or_else(of_incidents).map(|record| record.kind) {
            None => EntityStanding::Open,
            Some(VerdictKind::TruePositive) => EntityStanding::Confirmed,
            Some(VerdictKind::Benign | VerdictKind::FalsePositive) => EntityStanding::Cleared,
        }
    }

    /// Counts an opened incident.
    pub fn count_opened(&mut self) {
        self.counts.opened = self.counts.opened.saturating_add(1);
        self.counts_changed = true;
    }

    /// Counts an edit by a person, and how many incidents it is the first edit of.
    pub fn count_edit(&mut self, edited: Edited, first_of: u64) {
        let counts = &mut self.counts;
        let kind = match edited {
            Edited::Merged => &mut counts.merged,
            Edited::Split => &mut counts.split,
            Edited::Moved => &mut counts.moved,
            Edited::Retitled => &mut counts.retitled,
        };
        *kind = kind.saturating_add(1);
        counts.edited = counts.edited.saturating_add(first_of);
        self.counts_changed = true;
    }

    /// How well persons and platform agree.
    #[must_use]
    pub fn metrics(&self) -> FeedbackMetrics {
        let of = |kind| self.records.values().filter(|record| record.kind == kind).count() as u64;
        let verdicts = self.records.len() as u64;
        let overrides = self.records.values().filter(|record| record.is_override()).count() as u64;
        let rate = |part: u64, of: u64| if of == 0 { 0.0 } else { part as f64 / of as f64 };
        let pairs: Vec<(f64, bool)> =
            self.records.values().map(|record| (record.shown, is_malicious(record.kind))).collect();
        FeedbackMetrics {
            incidents_opened: self.counts.opened,
            incidents_edited: self.counts.edited,
            edit_rate: rate(self.counts.edited, self.counts.opened),
            merges: self.counts.merged,
            splits: self.counts.split,
            moves: self.counts.moved,
            retitles: self.counts.retitled,
            verdicts,
            true_positives: of(VerdictKind::TruePositive),
            benign: of(VerdictKind::Benign),
            false_positives: of(VerdictKind::FalsePositive),
            overrides,
            override_rate: rate(overrides, verdicts),
            confidence_mismatch: Reliability::measure(&pairs).mismatch,
            reliability: self.calibration.reliability(),
            calibrated: self.calibration.is_active(),
        }
    }

    /// The rows to store since the last call.
    pub fn take_changes(&mut self) -> Vec<StateRow> {
        let changed = std::mem::take(&mut self.changed);
        let value = |target| self.records.get(&target).and_then(|record| serde_json::to_vec(record).ok());
        let mut rows: Vec<StateRow> =
            changed.into_iter().map(|target| (key(target), value(target))).collect();
        if std::mem::take(&mut self.counts_changed) {
            rows.push((COUNTS_KEY.to_vec(), serde_json::to_vec(&self.counts).ok()));
        }
        rows
    }

    /// Takes up stored rows, all at once; gives back how many were none.
    pub fn restore(&mut self, rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> usize {
        let mut refused = 0;
        for (stored_key, value) in rows {
            if stored_key == COUNTS_KEY {
                match serde_json::from_slice(&value) {
                    Ok(counts) => self.counts = counts,
                    Err(_) => refused += 1,
                }
                continue;
            }
            match serde_json::from_slice::<Record>(&value) {
                Ok(record) if key(record.target) == stored_key && record.raw.is_finite() => self.put(record),
                _ => refused += 1,
            }
        }
        let observations =
            self.records.values().filter(|record| matches!(record.target, VerdictTarget::Incident(_)));
        self.calibration.restore(observations.map(|record| (record.target, record.observation())));
        refused
    }
}

impl Record {
    fn observation(&self) -> Observation {
        Observation { raw: self.raw, shown: self.shown, malicious: is_malicious(self.kind), at: self.at }
    }

    fn is_override(&self) -> bool {
        (self.shown >= SAYS_MALICIOUS) != is_malicious(self.kind)
    }
}

fn key(target: VerdictTarget) -> Vec<u8> {
    match target {
        VerdictTarget::Signal(id) => id.to_string().into_bytes(),
        VerdictTarget::Incident(id) => id.to_string().into_bytes(),
    }
}

/// What the formula said of an incident before verdicts corrected it: its reasons add up to it.
fn formula_log_odds(incident: &Incident) -> f64 {
    let formula =
        incident.reasons.iter().filter(|reason| reason.factor != sentra_model::RiskFactor::Calibration);
    log_odds(BASE_RATE) + formula.map(|reason| reason.log_odds).filter(|odds| odds.is_finite()).sum::<f64>()
}
