use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sentra_backbone::Stream;
use sentra_detect::{HiddenMatch, RuleCost, RuleCosts, RuleSet, TuningUse};
use sentra_learn::keeper::ModelsView;
use sentra_model::{TenantId, TenantScope, Timestamp};

use crate::decisions::Outcomes;
use crate::view::TriageView;

/// Counters of the running factory, since it started.
#[derive(Debug, Default)]
pub struct FactoryStatus {
    events: AtomicU64,
    bytes: AtomicU64,
    signals: AtomicU64,
    dead_letters: AtomicU64,
    incidents: AtomicU64,
    incident_changes: AtomicU64,
    restarts: AtomicU64,
    failing: Mutex<BTreeSet<Stream>>,
    last_progress_micros: AtomicI64,
    places: Mutex<BTreeMap<Stream, Place>>,
    matches: Mutex<BTreeMap<String, u64>>,
    hidden: Mutex<TuningUse>,
    costs: Mutex<BTreeMap<String, RuleCost>>,
    outcomes: Outcomes,
    views: Mutex<BTreeMap<TenantId, Arc<TriageView>>>,
    models: Mutex<BTreeMap<TenantId, Arc<ModelsView>>>,
}

/// Where a stream ends and where its worker stands; `None` before it has looked.
#[derive(Debug, Default)]
struct Place {
    next: Option<u64>,
    end: u64,
}

fn total_lag(places: &BTreeMap<Stream, Place>) -> u64 {
    places.values().map(|place| place.end.saturating_sub(place.next.unwrap_or(0))).sum()
}

fn gauge(places: &BTreeMap<Stream, Place>) {
    metrics::gauge!("sentra_factory_lag_records").set(total_lag(places) as f64);
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusSnapshot {
    /// Events decoded.
    pub events: u64,
    /// Bytes of raw records read.
    pub bytes: u64,
    /// Signals raised or extended.
    pub signals: u64,
    /// Records that could not be understood.
    pub dead_letters: u64,
    /// Incidents opened.
    pub incidents: u64,
    /// Incidents opened or changed.
    pub incident_changes: u64,
    /// How often a worker failed and started again.
    pub restarts: u64,
    /// Records in the backbone that are not processed yet, over all tenants.
    pub lag_records: u64,
    /// When a worker last finished a batch or found nothing to do.
    pub last_progress: Timestamp,
}

impl FactoryStatus {
    pub(crate) fn add_batch(&self, events: u64, bytes: u64, dead_letters: u64) {
        self.events.fetch_add(events, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.dead_letters.fetch_add(dead_letters, Ordering::Relaxed);
        metrics::counter!("sentra_factory_events_total").increment(events);
        metrics::counter!("sentra_factory_bytes_total").increment(bytes);
        metrics::counter!("sentra_factory_dead_letters_total").increment(dead_letters);
    }

    pub(crate) fn add_findings(&self, signals: u64, opened: u64, changed: u64) {
        self.signals.fetch_add(signals, Ordering::Relaxed);
        self.incidents.fetch_add(opened, Ordering::Relaxed);
        self.incident_changes.fetch_add(changed, Ordering::Relaxed);
        metrics::counter!("sentra_factory_signals_total").increment(signals);
        metrics::counter!("sentra_factory_incidents_total").increment(opened);
        metrics::counter!("sentra_factory_incident_changes_total").increment(changed);
    }

    /// Counts one finding of the rule `id`; the number of rules bounds the table.
    pub(crate) fn add_match(&self, id: &str) {
        let mut matches = self.matches.lock().unwrap_or_else(PoisonError::into_inner);
        match matches.get_mut(id) {
            Some(count) => *count += 1,
            None => {
                matches.insert(id.to_owned(), 1);
            }
        }
    }

    /// How often each rule found something since the start, by rule id.
    #[must_use]
    pub fn matches(&self) -> BTreeMap<String, u64> {
        self.matches.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds what evaluating `rules` has cost; the number of rules bounds the table.
    pub(crate) fn add_costs(&self, rules: &RuleSet, spent: &RuleCosts) {
        let mut costs = self.costs.lock().unwrap_or_else(PoisonError::into_inner);
        for (rule, cost) in spent.spent() {
            let Some(rule) = rules.rules().get(rule) else { continue };
            let id = &rule.reference().id;
            match costs.get_mut(id) {
                Some(known) => known.add(cost),
                None => {
                    costs.insert(id.clone(), *cost);
                }
            }
        }
    }

    /// What each rule has cost since the start, by rule id; ticks are nanoseconds.
    #[must_use]
    pub fn costs(&self) -> BTreeMap<String, RuleCost> {
        self.costs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What came of decisions.
    pub(crate) fn outcomes(&self) -> &Outcomes {
        &self.outcomes
    }

    /// What there is to see of the models of `tenant` now.
    pub(crate) fn show_models(&self, tenant: &TenantId, view: ModelsView) {
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        models.insert(tenant.clone(), Arc::new(view));
    }

    /// What there was to see of the tenant's models when they were last shown.
    #[must_use]
    pub fn models(&self, scope: &TenantScope) -> Option<Arc<ModelsView>> {
        let models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        models.get(scope.tenant()).cloned()
    }

    /// What triage knows of `tenant` now.
    pub(crate) fn show(&self, tenant: &TenantId, view: TriageView) {
        if let Some(feedback) = &view.feedback {
            let of = |name: &'static str| metrics::gauge!(name, "tenant" => tenant.to_string());
            of("sentra_triage_edit_rate").set(feedback.edit_rate);
            of("sentra_triage_override_rate").set(feedback.override_rate);
            of("sentra_triage_confidence_mismatch").set(feedback.confidence_mismatch);
        }
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        views.insert(tenant.clone(), Arc::new(view));
    }

    /// What triage knew of the tenant of `scope` when it last changed; nothing before the tenant's worker runs.
    #[must_use]
    pub fn triage(&self, scope: &TenantScope) -> Arc<TriageView> {
        let views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        views.get(scope.tenant()).cloned().unwrap_or_default()
    }

    /// Counts findings that are not reported (law LOSS).
    pub(crate) fn add_hidden(&self, hidden: &[HiddenMatch]) {
        if hidden.is_empty() {
            return;
        }
        metrics::counter!("sentra_factory_findings_hidden_total").increment(hidden.len() as u64);
        let mut uses = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        hidden.iter().for_each(|hidden| uses.add(hidden));
    }

    /// What was hidden by what since the start.
    #[must_use]
    pub fn tuning_use(&self) -> TuningUse {
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The worker of `stream` failed; it counts as failing until it has written something again.
    pub(crate) fn add_restart(&self, stream: &Stream) {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).insert(stream.clone());
        self.restarts.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("sentra_factory_restarts_total").increment(1);
    }

    /// The worker of `stream` has committed or flushed.
    pub(crate) fn recovered(&self, stream: &Stream) {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).remove(stream);
    }

    /// Whether a worker failed and has not written anything since.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        !self.failing.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// A worker stands at offset `next` of `stream`, which ends at `end`.
    pub(crate) fn progress(&self, stream: &Stream, next: u64, end: u64, now: Timestamp) {
        if !self.is_failing() {
            self.last_progress_micros.fetch_max(now.micros(), Ordering::Relaxed);
        }
        let mut places = self.places();
        let place = places.entry(stream.clone()).or_default();
        *place = Place { next: Some(next), end: end.max(place.end) };
        gauge(&places);
    }

    /// `stream` ends at `end`: told by the supervisor, so that lag grows while a worker hangs.
    pub(crate) fn extent(&self, stream: &Stream, end: u64) {
        let mut places = self.places();
        let place = places.entry(stream.clone()).or_default();
        place.end = end.max(place.end);
        gauge(&places);
    }

    fn places(&self) -> MutexGuard<'_, BTreeMap<Stream, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records of `stream` that wait; `None` before its worker has looked.
    #[must_use]
    pub fn lag(&self, stream: &Stream) -> Option<u64> {
        let places = self.places();
        let place = places.get(stream)?;
        place.next.map(|next| place.end.saturating_sub(next))
    }

    /// The offset of `stream` at which its worker stands; `None` before it has looked.
    #[must_use]
    pub fn position(&self, stream: &Stream) -> Option<u64> {
        self.places().get(stream)?.next
    }

    /// The counters now.
    #[must_use]
    pub fn snapshot(&self) -> StatusSnapshot {
        let lag_records = total_lag(&self.places());
        StatusSnapshot {
            events: self.events.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            signals: self.signals.load(Ordering::Relaxed),
            dead_letters: self.dead_letters.load(Ordering::Relaxed),
            incidents: self.incidents.load(Ordering::Relaxed),
            incident_changes: self.incident_changes.load(Ordering::Relaxed),
            restarts: self.restarts.load(Ordering::Relaxed),
            lag_records,
            last_progress: Timestamp::from_micros(self.last_progress_micros.load(Ordering::Relaxed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use sentra_model::{TenantId, Topic};

    use super::*;

    #[test]
    fn lag_grows_while_a_worker_hangs() {
        let stream = Stream { tenant: TenantId::default_tenant(), topic: Topic::Raw, partition: 0 };
        let status = FactoryStatus::default();
        assert_eq!(status.lag(&stream), None);
        status.extent(&stream, 5);
        assert_eq!(status.lag(&stream), None, "no worker has looked yet");
        assert_eq!(status.snapshot().lag_records, 5);
        status.progress(&stream, 5, 5, Timestamp::from_seconds(1));
        assert_eq!(status.lag(&stream), Some(0));
        status.extent(&stream, 9);
        assert_eq!(status.snapshot().lag_records, 4);
    }
}
