//! Models at work: one tenant's sequence model and models of activity, from the first event to the tenth training.
//!
//! [`Keeper`] is the only face of it. A worker calls, per chunk of a tenant's events (all marts of a chunk together):
//!
//! ```ignore
//! let findings = keeper.observe(&batches)?;              // per batch; what a finding says is all there is to say
//! for signal in &signals {                               // whatever was found in the chunk, by rules or models
//!     keeper.alerted(&[(EntityType::User, "alice")], signal.last);
//! }
//! store(keeper.take_changes());                          // with the position in the backbone
//! if let Some(job) = keeper.due(now) {                   // cheap; looks every ten minutes
//!     // one at a time, on a thread of its own: done.send(job.run())
//! }
//! keeper.trained(trained, now)?;                         // when the thread is done
//! keeper.verdict(&entities, (first, last), kind);        // when an analyst judges a signal or an incident
//! ```
//!
//! and for people: [`Keeper::view`], [`Keeper::roll_back`], [`Keeper::activate`], [`Keeper::discard_shadow`]. After a
//! restart [`Keeper::restore`] takes the rows that [`Keeper::take_changes`] gave.
//!
//! What is found does not depend on how the stream was cut into chunks, but for this: a chunk of several partitions is
//! taken partition by partition; the sequence model learns online from what was not alerted when it left its window;
//! and a model speaks from the chunk on after it was given to [`Keeper::trained`].
//!
//! Never here: I/O, a clock, threads, randomness that is not seeded; learning from what was alerted, unless an analyst
//! has called it harmless; one tenant's events in another's models (law TENANT).

mod activity;
mod error;
mod finding;
mod kept;
mod models;
mod operate;
mod schedule;
mod settings;
mod state;
mod train;
mod view;

use std::collections::BTreeMap;

use sentra_model::{EntityRef, EntityType, EventBatch, Role, TenantId, Timestamp, VerdictKind};

pub use self::activity::{ActivityCounters, KindCounters};
pub use self::error::LearnError;
pub use self::finding::{KeeperFinding, MODEL_DETECTORS, MODEL_KINDS};
pub use self::models::MODELS_PER_KIND_MAX;
pub use self::settings::KeeperSettings;
pub use self::state::{ROW_BYTES_MAX, StateRow};
pub use self::train::{TrainJob, Trained};
pub use self::view::{CardView, DriftView, LabelsView, ModelView, ModelsView, TrainingView};

use self::activity::{Activity, Mark, Party};
use self::finding::detector_of;
use self::kept::{Case, Cases};
use self::models::Models;
use self::schedule::Schedule;
use self::settings::DAY_MICROS;
use self::state::SequenceCases;
use crate::registry::{DriftReport, ModelKind, label_of};
use crate::sequence::{
    Alphabet, DetectorSettings, FitSettings, SequenceDetector, SequenceModel, SurpriseFinding, SymbolForm,
    WINDOW_EVENTS, entity_key,
};

/// Alerts about one entity within so much event time (µs) are one case of its sequence.
const CASE_MICROS: i64 = 3_600_000_000;

/// One tenant's models at work.
#[derive(Debug)]
pub struct Keeper {
    tenant: TenantId,
    settings: KeeperSettings,
    models: Models,
    schedules: BTreeMap<ModelKind, Schedule>,
    sequence: SequenceDetector,
    sequence_cases: SequenceCases,
    sequence_counters: KindCounters,
    /// A day of event time, and how many sequences were reported in it.
    sequence_day: (i64, u32),
    activity: Activity,
    /// What is being trained, and since when.
    in_training: Option<(ModelKind, Timestamp)>,
    problems: BTreeMap<ModelKind, String>,
    looked: Option<Timestamp>,
    labels_looked: u64,
    drifts: BTreeMap<ModelKind, DriftReport>,
    /// Events and bits of the sequence model at its last look, and the mean bits between the last two.
    bits_looked: (u64, f64),
    bits_mean: Option<f64>,
    /// What was last stored of what has no rows of its own.
    stored: Vec<u8>,
}

impl Keeper {
    /// A keeper of `tenant` that has seen nothing. Settings out of their limits are replaced by the defaults: ask
    /// [`KeeperSettings::check`] before.
    #[must_use]
    pub fn new(tenant: TenantId, settings: KeeperSettings) -> Self {
        let settings = if settings.check().is_ok() { settings } else { KeeperSettings::default() };
        let alphabet = Alphabet::codes(SymbolForm::CodeOutcome);
        let blank = SequenceModel::blank_of(&alphabet, &FitSettings::default());
        Self {
            models: Models::new(tenant.clone()),
            schedules: MODEL_KINDS.map(|kind| (kind, Schedule::default())).into(),
            sequence: Self::detector(&tenant, &settings, blank),
            sequence_cases: Cases::new(),
            sequence_counters: KindCounters::default(),
            sequence_day: (i64::MIN, 0),
            activity: Activity::new(settings),
            in_training: None,
            problems: BTreeMap::new(),
            looked: None,
            labels_looked: 0,
            drifts: BTreeMap::new(),
            bits_looked: (0, 0.0),
            bits_mean: None,
            stored: Vec::new(),
            tenant,
            settings,
        }
    }

    fn detector(tenant: &TenantId, settings: &KeeperSettings, model: SequenceModel) -> SequenceDetector {
        let settings = DetectorSettings {
            entities_max: settings.sequence_entities_max,
            false_positive_rate: settings.sequence_false_positive_rate,
            is_tail_drawn_out: true,
            pause_micros: settings.pause_micros,
            samples_max: settings.sequence_samples_max,
            seed: settings.seed,
            ..DetectorSettings::default()
        };
        SequenceDetector::of(tenant.clone(), model, settings)
    }

    /// Whose models these are.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Takes the events of a chunk in, and says per batch what the active models find, in the order of rows; what is
    /// said of hours that ended comes after. Nothing is learnt from what is found.
    ///
    /// # Errors
    /// [`LearnError::Tenant`] for a batch of another tenant; then nothing was looked at.
    pub fn observe(&mut self, batches: &[EventBatch]) -> Result<Vec<Vec<KeeperFinding>>, LearnError> {
        if let Some(stranger) = batches.iter().find(|batch| *batch.tenant() != self.tenant) {
            let (kept, given) = (self.tenant.clone(), stranger.tenant().clone());
            return Err(LearnError::Tenant { kept, given });
        }
        let mut found: Vec<Vec<KeeperFinding>> = batches.iter().map(|_| Vec::new()).collect();
        for surprise in self.sequence.observe_all(batches)? {
            let batch = surprise.batch;
            if let Some(found) = found.get_mut(batch) {
                found.extend(self.of_surprise(surprise));
            }
        }
        for (batch, finding) in self.activity.observe(batches) {
            if let Some(found) = found.get_mut(batch) {
                found.push(finding);
            }
        }
        for finding in found.iter_mut().flat_map(|found| {
            found.sort_by_key(|finding| finding.row.unwrap_or(u32::MAX));
            found.iter()
        }) {
            if let Some(about) = finding.entities.first() {
                self.alerted(&[(about.entity_type, &about.value)], finding.time);
            }
        }
        Ok(found)
    }

    /// A surprise as a finding, unless the day has had its share.
    fn of_surprise(&mut self, surprise: SurpriseFinding) -> Option<KeeperFinding> {
        let day = surprise.time.micros().div_euclid(DAY_MICROS);
        if self.sequence_day.0 != day {
            self.sequence_day = (day, 0);
        }
        if self.sequence_day.1 >= self.settings.findings_per_day_max {
            self.sequence_counters.over_limit += 1;
            return None;
        }
        self.sequence_day.1 += 1;
        self.sequence_counters.reported += 1;
        let model = self.models.registry.slot(ModelKind::Sequence).active?;
        let role = if surprise.entity_type == EntityType::User { Role::Actor } else { Role::Target };
        let explanation = format!(
            "the last ten events of {} are more surprising than {:.2} % of such: {}",
            surprise.entity,
            100.0 * (1.0 - surprise.p_value),
            surprise.why
        );
        Some(KeeperFinding {
            detector: detector_of(ModelKind::Sequence),
            model,
            row: u32::try_from(surprise.row).ok(),
            time: surprise.time,
            entities: vec![EntityRef::new(surprise.entity_type, role, surprise.entity)],
            events: vec![surprise.event],
            explanation,
            values: vec![
                ("bits", format!("{:.2}", surprise.bits)),
                ("threshold_bits", format!("{:.2}", surprise.threshold.bits)),
                ("p_value", format!("{:.5}", surprise.p_value)),
                ("codes", surprise.why.events.join(" ")),
                ("model", model.to_string()),
            ],
        })
    }

    /// Something was found about these entities at `time` (event time), by whatever: what they did then is not learnt,
    /// nor what they do for a while after. Users and hosts count, others are not known here. To be called for
    /// everything found in a chunk before the next chunk; what the keeper finds itself it knows.
    pub fn alerted(&mut self, entities: &[(EntityType, &str)], time: Timestamp) {
        for (entity_type, name) in entities {
            let Some(party) = Party::of_entity(*entity_type) else { continue };
            let key = entity_key(*entity_type, name);
            self.activity.alerted(party, key, time.micros());
            self.sequence.alerted(*entity_type, name, time);
            let micros = time.micros();
            let near = (micros.saturating_sub(CASE_MICROS), micros.saturating_add(CASE_MICROS));
            if self.sequence_cases.iter().any(|case| case.is_about(key, near)) {
                continue;
            }
            let codes: Vec<u8> =
                self.sequence.recent(*entity_type, name).iter().map(|symbol| symbol.number()).collect();
            if codes.len() >= WINDOW_EVENTS {
                let mark = Mark::Alerted;
                self.sequence_cases.add(Case { key, from: micros, to: micros, mark, content: codes });
            }
        }
    }

    /// An analyst judged a signal or an incident about these entities, whose events are from `from` to `to` (event
    /// time, both inclusive): what they did then is an attack, or none, in the labelled set; what is none may be learnt.
    /// Gives how many hours and sequences were labelled.
    pub fn verdict(
        &mut self,
        entities: &[(EntityType, &str)],
        (from, to): (Timestamp, Timestamp),
        verdict: VerdictKind,
    ) -> usize {
        let mark = if label_of(verdict) { Mark::Attack } else { Mark::Harmless };
        let times = (from.micros().min(to.micros()), from.micros().max(to.micros()));
        let mut labelled = 0;
        let mut kinds: Vec<ModelKind> = Vec::new();
        for (entity_type, name) in entities {
            let Some(party) = Party::of_entity(*entity_type) else { continue };
            let key = entity_key(*entity_type, name);
            labelled += self.activity.verdict(party, key, times, mark);
            labelled += self.sequence_cases.label(key, times, mark).len();
            kinds.extend([party.kind(), ModelKind::Sequence]);
            if mark == Mark::Harmless {
                self.sequence.cleared(*entity_type, name);
            }
        }
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            if let Some(schedule) = self.schedules.get_mut(&kind) {
                schedule.verdicts += 1;
            }
        }
        labelled
    }
}
