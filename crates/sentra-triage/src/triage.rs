//! One tenant's triage, put together: what a worker of the factory holds.

use std::collections::BTreeSet;

use sentra_model::{
    Clock, EntityRef, Incident, IncidentId, IncidentStatus, Signal, SignalId, TenantId, Timestamp, Verdict,
    VerdictNote, VerdictTarget,
};

use crate::book::{Book, BookError, EditOutcome, LoginFacts, Taken};
use crate::entities::{EntityRisk, EntityRisks, Standing};
use crate::feedback::{Edited, Feedback, FeedbackError, FeedbackMetrics, Subject};
use crate::grouping::Teller;
use crate::suppression::{Suppression, SuppressionImpact, SuppressionMatch, Suppressions, preview};
use crate::{StateRow, TriageConfig};

/// What the rows of [`TriageChanges::rows`] belong to: the first byte of their keys.
const COMMONNESS: u8 = b'c';
const ENTITIES: u8 = b'e';
const SUPPRESSIONS: u8 = b's';
const FEEDBACK: u8 = b'v';

/// What became of a signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenUp {
    /// It is in the book.
    InBook(Taken),
    /// The suppression of this id covers it; it is counted there.
    Suppressed(String),
    /// It is of another tenant, and was not taken (law TENANT).
    Foreign,
}

/// What changed since the last time, to be committed together.
#[derive(Debug, Default)]
pub struct TriageChanges {
    /// Signals that are new or changed, by id.
    pub signals: Vec<Signal>,
    /// Incidents that are new or changed, and those that became part of another.
    pub incidents: Vec<Incident>,
    /// State: rows to store, or to delete where there is no value.
    pub rows: Vec<StateRow>,
}

/// One tenant's triage.
#[derive(Debug)]
pub struct Triage {
    tenant: TenantId,
    book: Book,
    feedback: Feedback,
    entities: EntityRisks,
    suppressions: Suppressions,
}

impl Triage {
    /// Nothing known of `tenant`.
    #[must_use]
    pub fn new(tenant: TenantId, config: TriageConfig) -> Self {
        Self {
            tenant,
            feedback: Feedback::new(&config),
            entities: EntityRisks::new(config.risky_entities_max, config.entity_half_life_h),
            suppressions: Suppressions::default(),
            book: Book::new(config),
        }
    }

    /// Takes up stored rows, all at once and before any signal; gives back how many were none. Those are lost and
    /// what they said is learnt anew.
    pub fn restore_rows(&mut self, rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> usize {
        let mut refused = 0;
        let mut feedback = Vec::new();
        for (key, value) in rows {
            let taken = match key.split_first() {
                Some((&COMMONNESS, key)) => self.book.restore_row(key, &value),
                Some((&ENTITIES, key)) => self.entities.restore(key, &value),
                Some((&SUPPRESSIONS, key)) => self.suppressions.restore(key, &value),
                Some((&FEEDBACK, key)) => {
                    feedback.push((key.to_vec(), value));
                    true
                }
                _ => false,
            };
            refused += usize::from(!taken);
        }
        refused + self.feedback.restore(feedback)
    }

    /// Takes up a stored incident that can still be joined, with its signals in the order of its joins.
    /// One of another tenant is left where it is.
    pub fn restore_incident(&mut self, incident: Incident, signals: Vec<Signal>) {
        if incident.tenant == self.tenant {
            self.book.restore(incident, signals);
        }
    }

    /// The book, to take up again what a person decides about.
    pub fn book_mut(&mut self) -> &mut Book {
        &mut self.book
    }

    /// Takes a signal in, with its enrichments on it; `now` is the platform's clock, once per chunk.
    pub fn take(&mut self, mut signal: Signal, now: Timestamp) -> TakenUp {
        if signal.tenant != self.tenant {
            metrics::counter!("sentra_triage_foreign_signals_total").increment(1);
            return TakenUp::Foreign;
        }
        let is_known = self.book.signal(signal.id).is_some();
        if !is_known && let Some(by) = self.suppressions.check(&signal) {
            return TakenUp::Suppressed(by);
        }
        signal.probability = self.feedback.judge().signal(&signal);
        let id = signal.id;
        let taken = self.book.take(signal, now);
        let id = match taken {
            Taken::Folded(known) => known,
            Taken::Opened(_) => {
                self.feedback.count_opened();
                id
            }
            _ => id,
        };
        if let Some((signal, incident)) = self.book.signal(id) {
            let standing = self.feedback.standing(id, Some(incident));
            self.entities.take(signal, standing, now);
        }
        TakenUp::InBook(taken)
    }

    /// Renews the login facts of the signals about `addresses`.
    pub fn refresh_logins(&mut self, addresses: &BTreeSet<String>, logins: &dyn LoginFacts, now: Timestamp) {
        self.book.refresh_logins(addresses, logins, now);
    }

    /// Takes a verdict. What it is about is looked up in the book, or handed in where it can no longer be joined.
    ///
    /// # Errors
    /// When it is about something unknown or something else, or a later one is known.
    pub fn verdict(
        &mut self,
        verdict: &Verdict,
        subject: Option<Subject<'_>>,
        now: Timestamp,
    ) -> Result<(), FeedbackError> {
        if verdict.tenant != self.tenant {
            return Err(FeedbackError::OtherTarget);
        }
        // An id that became part of another leads there.
        let mut verdict = verdict.clone();
        if let (None, VerdictTarget::Incident(id)) = (subject, verdict.target) {
            let into = self.book.resolve(id).ok_or(FeedbackError::UnknownTarget)?;
            verdict.target = VerdictTarget::Incident(into);
        }
        let found = match verdict.target {
            VerdictTarget::Signal(id) => self.book.signal(id).map(|(signal, _)| Subject::Signal(signal)),
            VerdictTarget::Incident(id) => {
                self.book.incident(id).map(|(incident, signals)| Subject::Incident(incident, signals))
            }
        };
        let subject = subject.or(found).ok_or(FeedbackError::UnknownTarget)?;
        let signals = match subject {
            Subject::Signal(signal) => std::slice::from_ref(signal),
            Subject::Incident(_, signals) => signals,
        };
        let detectors = self.feedback.take(&verdict, subject)?;
        let note = VerdictNote::from(&verdict);
        for signal in signals {
            let incident = match verdict.target {
                VerdictTarget::Incident(id) => Some(id),
                VerdictTarget::Signal(id) => self.book.signal(id).map(|(_, incident)| incident),
            };
            self.entities.take(signal, self.feedback.standing(signal.id, incident), now);
        }
        self.book.note_verdict(verdict.target, note);
        for detector in detectors {
            self.book.judge_anew(&detector.rule, detector.kind);
        }
        Ok(())
    }

    /// Makes all of `from` part of `into`, or none of them; see [`Book::merge`].
    ///
    /// # Errors
    /// As [`Book::merge`].
    pub fn merge(
        &mut self,
        into: IncidentId,
        from: &[IncidentId],
        by: &str,
        at: Timestamp,
    ) -> Result<EditOutcome, BookError> {
        let about: Vec<IncidentId> = from.iter().copied().chain([into]).collect();
        self.edit(Edited::Merged, &about, |book| book.merge(into, from, by, at))
    }

    /// Takes signals out into a new incident; see [`Book::split`].
    ///
    /// # Errors
    /// As [`Book::split`].
    pub fn split(
        &mut self,
        from: IncidentId,
        signals: &[SignalId],
        by: &str,
        at: Timestamp,
    ) -> Result<EditOutcome, BookError> {
        self.edit(Edited::Split, &[from], |book| book.split(from, signals, by, at))
    }

    /// Moves signals to another incident; see [`Book::move_signals`].
    ///
    /// # Errors
    /// As [`Book::move_signals`].
    pub fn move_signals(
        &mut self,
        from: IncidentId,
        signals: &[SignalId],
        into: IncidentId,
        by: &str,
        at: Timestamp,
    ) -> Result<EditOutcome, BookError> {
        self.edit(Edited::Moved, &[from, into], |book| book.move_signals(from, signals, into, by, at))
    }

    /// Gives an incident a title; see [`Book::retitle`].
    ///
    /// # Errors
    /// As [`Book::retitle`].
    pub fn retitle(
        &mut self,
        id: IncidentId,
        title: &str,
        by: &str,
        at: Timestamp,
    ) -> Result<EditOutcome, BookError> {
        self.edit(Edited::Retitled, &[id], |book| book.retitle(id, title, by, at))
    }

    /// Sets where the work stands; see [`Book::set_status`]. That is no edit of what the platform found.
    ///
    /// # Errors
    /// As [`Book::set_status`].
    pub fn set_status(
        &mut self,
        id: IncidentId,
        status: IncidentStatus,
        by: &str,
        at: Timestamp,
    ) -> Result<EditOutcome, BookError> {
        self.book.set_status(id, status, by, at)
    }

    fn edit(
        &mut self,
        edited: Edited,
        about: &[IncidentId],
        how: impl FnOnce(&mut Book) -> Result<EditOutcome, BookError>,
    ) -> Result<EditOutcome, BookError> {
        let untouched = |id: &&IncidentId| {
            let known = self.book.incident(**id);
            known.is_some_and(|(incident, _)| !is_edited(incident))
        };
        let first_time = about.iter().filter(untouched).count();
        let outcome = how(&mut self.book)?;
        self.feedback.count_edit(edited, first_time as u64);
        Ok(outcome)
    }

    /// The suppressions, to be listed, added and removed.
    pub fn suppressions(&mut self) -> &mut Suppressions {
        &mut self.suppressions
    }

    /// What a suppression would do to the signals that are in open incidents now.
    #[must_use]
    pub fn preview(&self, matches: &SuppressionMatch) -> SuppressionImpact {
        let confirmed = |id| {
            let incident = self.book.signal(id).map(|(_, incident)| incident);
            self.feedback.standing(id, incident) == Standing::Confirmed
        };
        preview(matches, self.book.open().flat_map(|(_, signals)| signals), confirmed)
    }

    /// Takes a suppression up.
    ///
    /// # Errors
    /// When there are too many.
    pub fn suppress(&mut self, suppression: Suppression) -> Result<(), crate::SuppressionError> {
        self.suppressions.add(suppression)
    }

    /// The book.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// What verdicts taught.
    #[must_use]
    pub fn feedback(&self) -> &Feedback {
        &self.feedback
    }

    /// How well persons and platform agree.
    #[must_use]
    pub fn metrics(&self) -> FeedbackMetrics {
        self.feedback.metrics()
    }

    /// The riskiest entities at `as_of`.
    #[must_use]
    pub fn riskiest(&self, as_of: Timestamp, count: usize) -> Vec<EntityRisk> {
        self.entities.ranked(as_of, count)
    }

    /// The risk of one entity at `as_of`.
    #[must_use]
    pub fn entity_risk(&self, entity: &EntityRef, as_of: Timestamp) -> Option<EntityRisk> {
        self.entities.of(entity, as_of)
    }

    /// What changed since the last call, with every changed incident judged, summed up and told anew.
    pub fn take_changes(&mut self, teller: &dyn Teller, clock: &dyn Clock) -> TriageChanges {
        let book = self.book.take_changes(self.feedback.judge(), teller, clock);
        let mut rows = Vec::new();
        for (kind, of_kind) in [
            (COMMONNESS, book.rows),
            (ENTITIES, self.entities.take_changes()),
            (SUPPRESSIONS, self.suppressions.take_changes()),
            (FEEDBACK, self.feedback.take_changes()),
        ] {
            rows.extend(of_kind.into_iter().map(|(key, value)| (prefixed(kind, &key), value)));
        }
        TriageChanges { signals: book.signals, incidents: book.incidents, rows }
    }
}

fn prefixed(kind: u8, key: &[u8]) -> Vec<u8> {
    let mut prefixed = Vec::with_capacity(key.len() + 1);
    prefixed.push(kind);
    prefixed.extend_from_slice(key);
    prefixed
}

/// Whether a person changed what the platform made of it.
fn is_edited(incident: &Incident) -> bool {
    let by_person = incident.history.iter().filter(|edit| edit.by.is_some());
    by_person.into_iter().any(|edit| !matches!(edit.kind, sentra_model::EditKind::StatusSet { .. }))
}
