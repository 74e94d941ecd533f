//! A sequence model run over event batches of one tenant.

mod columns;
mod entities;
mod finding;
mod samples;
mod state;

use sentra_model::{EntityType, EventBatch, TenantId, Timestamp};

use self::columns::{Columns, Place};
pub use self::entities::ENTITIES_MAX;
use self::entities::Entities;
pub(crate) use self::entities::entity_key;
pub use self::finding::{Expectation, SurpriseFinding, SurpriseReason};
pub use self::samples::SAMPLES_MAX;
use self::samples::Samples;
pub use self::state::StateRow;
use super::error::checked;
use super::gru::Scratch;
use super::{
    CHUNK_EVENTS, FitSettings, Selection, SequenceError, SequenceModel, Symbol, Threshold, WINDOW_EVENTS,
    select,
};

/// Events of a period; within one, no entity may teach more than its share.
const PERIOD_EVENTS: u64 = 1_000_000;
/// Events of a period that every entity may teach.
const ENTITY_EVENTS_FREE: u64 = 1_000;
/// Beyond those, an entity may teach one in so many of the period's events.
const ENTITY_SHARE: u64 = 8;

/// Every so-manyth sample is held out of a retraining.
const HELD_OUT_EVERY: usize = 5;

/// Whose events make a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EntityChoice {
    /// Who did it; events without a user are left out.
    User,
    /// Where it happened; events without a host are left out.
    Host,
    /// Who did it, or where it happened when nobody is named.
    #[default]
    UserOrHost,
}

/// How a [`SequenceDetector`] works.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DetectorSettings {
    /// Whose events make a sequence.
    pub entity: EntityChoice,
    /// Most entities kept, up to [`ENTITIES_MAX`]; the one not seen for longest goes for a new one.
    pub entities_max: usize,
    /// Share of normal windows that may be reported.
    pub false_positive_rate: f64,
    /// Whether a rate that the held-out data is too small for is met by drawing its tail out
    /// ([`super::Calibration::threshold_drawn_out`]) or stays what the data can vouch for.
    pub is_tail_drawn_out: bool,
    /// Time (µs) before and after a report within which the same entity is not reported again, nor learned from.
    pub pause_micros: i64,
    /// Sequences kept for retraining, up to [`SAMPLES_MAX`].
    pub samples_max: usize,
    /// Whence the choice of those comes.
    pub seed: u64,
}

impl Default for DetectorSettings {
    fn default() -> Self {
        Self {
            entity: EntityChoice::default(),
            entities_max: 262_144,
            false_positive_rate: 0.0005,
            is_tail_drawn_out: false,
            pause_micros: 3_600 * 1_000_000,
            samples_max: 8_192,
            seed: 1,
        }
    }
}

impl DetectorSettings {
    fn check(&self) -> Result<(), SequenceError> {
        checked("entities_max", self.entities_max, 1, ENTITIES_MAX)?;
        checked("samples_max", self.samples_max, 1, SAMPLES_MAX)?;
        checked(
            "false_positive_rate in billionths",
            (self.false_positive_rate * 1e9) as usize,
            1,
            500_000_000,
        )?;
        // A year at most.
        checked(
            "pause_micros",
            usize::try_from(self.pause_micros).unwrap_or(usize::MAX),
            0,
            31_536_000_000_000,
        )
    }
}

/// What a detector counted since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, utoipa::ToSchema)]
pub struct SequenceStats {
    /// Events with a code and an entity.
    pub events: u64,
    /// Events with a code but without an entity.
    pub without_entity: u64,
    /// Events whose code the alphabet does not have.
    pub other: u64,
    /// Entities kept.
    pub entities: u64,
    /// Entities given up for others.
    pub evicted: u64,
    /// Windows of ten events scored.
    pub windows: u64,
    /// Windows reported.
    pub findings: u64,
    /// Events learned from.
    pub learned: u64,
    /// Events not learned from, because they were alerted or their entity had taught its share.
    pub not_learned: u64,
    /// Contexts of the n-gram; 0 for a network.
    pub contexts: u64,
    /// Events whose context was not taken into the n-gram because it holds as many as it may.
    pub contexts_refused: u64,
    /// Sequences kept for retraining.
    pub samples: u64,
    /// Mean −log2 p of all events scored; far above the model's held-out loss, the model no longer fits.
    pub mean_bits: f64,
}

/// Runs a model over the events of one tenant: keeps the last events of every entity, reports those whose last ten
/// are more surprising than the threshold, and learns from what was not alerted.
#[derive(Debug, Clone)]
pub struct SequenceDetector {
    tenant: TenantId,
    settings: DetectorSettings,
    model: SequenceModel,
    /// Digest of the model as it was given, without what was learned since.
    base: u64,
    threshold: Option<Threshold>,
    entities: Entities,
    samples: Samples,
    /// Events taught in this period, by all.
    taught: u64,
    /// How many periods ended.
    period: u64,
    stats: SequenceStats,
    bits: f64,
    scratch: Scratch,
    places: Vec<Place>,
    /// State rows to be removed.
    orphans: Vec<Vec<u8>>,
    is_alphabet_stored: bool,
}

impl SequenceDetector {
    fn threshold_of(model: &SequenceModel, settings: &DetectorSettings) -> Option<Threshold> {
        match settings.is_tail_drawn_out {
            true => model.calibration().threshold_drawn_out(settings.false_positive_rate),
            false => model.calibration().threshold(settings.false_positive_rate),
        }
    }

    /// A detector for `tenant` that knows nobody yet.
    pub fn new(
        tenant: TenantId,
        model: SequenceModel,
        settings: DetectorSettings,
    ) -> Result<Self, SequenceError> {
        settings.check()?;
        Ok(Self::of(tenant, model, settings))
    }

    /// [`Self::new`], with settings that were checked.
    pub(crate) fn of(tenant: TenantId, model: SequenceModel, settings: DetectorSettings) -> Self {
        Self {
            tenant,
            settings,
            base: model.digest(),
            threshold: Self::threshold_of(&model, &settings),
            entities: Entities::new(settings.entities_max, model.memory_bytes()),
            samples: Samples::new(settings.samples_max, settings.seed),
            model,
            taught: 0,
            period: 0,
            stats: SequenceStats::default(),
            bits: 0.0,
            scratch: Scratch::default(),
            places: Vec::new(),
            orphans: Vec::new(),
            is_alphabet_stored: false,
        }
    }

    /// The model with what it learned.
    #[must_use]
    pub fn model(&self) -> &SequenceModel {
        &self.model
    }

    /// From where on it reports.
    #[must_use]
    pub fn threshold(&self) -> Option<Threshold> {
        self.threshold
    }

    /// What it counted.
    #[must_use]
    pub fn stats(&self) -> SequenceStats {
        let ngram = self.model.ngram();
        SequenceStats {
            entities: self.entities.len() as u64,
            evicted: self.entities.evicted(),
            contexts: ngram.map_or(0, |ngram| ngram.contexts() as u64),
            contexts_refused: ngram.map_or(0, super::ngram::Ngram::refused),
            samples: self.samples.len() as u64,
            mean_bits: self.bits / (self.stats.events as f64).max(1.0),
            ..self.stats
        }
    }

    /// Takes the events of one batch in, and reports the rows after which an entity's last ten events are too
    /// surprising.
    pub fn observe(&mut self, batch: &EventBatch) -> Result<Vec<SurpriseFinding>, SequenceError> {
        self.observe_all(std::slice::from_ref(batch))
    }

    /// Takes the events of several batches in, as they follow each other in the backbone: what is found does not
    /// depend on how a stream was cut, as long as the marts of one stretch are given together.
    pub fn observe_all(&mut self, batches: &[EventBatch]) -> Result<Vec<SurpriseFinding>, SequenceError> {
        if let Some(stranger) = batches.iter().find(|batch| *batch.tenant() != self.tenant) {
            return Err(SequenceError::Tenant {
                batch: stranger.tenant().to_string(),
                detector: self.tenant.to_string(),
            });
        }
        let mut columns: Vec<Columns<'_>> = batches.iter().filter_map(Columns::of).collect();
        let mut places = std::mem::take(&mut self.places);
        columns::order(&columns, &mut places);
        let mut findings = Vec::new();
        for place in &places {
            let Some(columns) = columns.get_mut(place.batch()) else { continue };
            let symbol = columns.symbol(place.row(), self.model.alphabet());
            let (Some(slot), Some((time, count))) = (
                columns.slot(place.row(), self.settings.entity, &mut self.entities),
                columns.when(place.row()),
            ) else {
                self.stats.without_entity += 1;
                continue;
            };
            let mut is_reported = false;
            for _ in 0..count.min(WINDOW_EVENTS as u32) {
                is_reported |= self.take(slot, symbol, time);
            }
            if is_reported {
                findings.extend(self.finding(place, columns, slot));
            }
        }
        self.places = places;
        Ok(findings)
    }

    /// Takes one event of an entity in; whether it is to be reported.
    fn take(&mut self, slot: u32, symbol: Symbol, time: i64) -> bool {
        self.mature(slot);
        let Some((entity, memory)) = self.entities.touch(slot) else { return false };
        if entity.is_stale {
            entity.replay(&self.model, memory, &mut self.scratch);
        }
        let bits = self.model.observe(&mut entity.window, memory, symbol, &mut self.scratch);
        self.bits += f64::from(bits);
        self.stats.events += 1;
        self.stats.other += u64::from(symbol == Symbol::OTHER);
        let is_paused = entity.is_paused(time, self.settings.pause_micros);
        entity.taint(is_paused);
        if !entity.window.is_full() {
            return false;
        }
        self.stats.windows += 1;
        let is_above = self.threshold.is_some_and(|threshold| entity.window.mean_bits() >= threshold.bits);
        if !is_above || is_paused {
            return false;
        }
        entity.alert(time);
        self.stats.findings += 1;
        true
    }

    /// Learns the event that leaves an entity's window, unless it was alerted while it was there.
    fn mature(&mut self, slot: u32) {
        let Some(entity) = self.entities.get_mut(slot) else { return };
        if !entity.window.is_full() {
            return;
        }
        let allowance = ENTITY_EVENTS_FREE + self.taught / ENTITY_SHARE;
        if !entity.may_teach(self.period, allowance) {
            self.stats.not_learned += 1;
            entity.unsampled = 0;
            return;
        }
        let known = entity.window.codes();
        let (history, window) = known.split_at(known.len().saturating_sub(WINDOW_EVENTS));
        if let Some(ngram) = self.model.ngram_mut() {
            ngram.learn(history, window.first().map_or(Symbol::OTHER, |code| Symbol(*code)));
        }
        entity.unsampled += 1;
        if usize::from(entity.unsampled) > CHUNK_EVENTS {
            entity.unsampled = 1;
            self.samples.offer(entity.window.matured());
        }
        self.stats.learned += 1;
        self.taught += 1;
        if self.taught >= PERIOD_EVENTS {
            self.taught = 0;
            self.period += 1;
        }
    }

    /// Something else found `entity` suspicious at `time`: what is in its window now, and what comes within the
    /// pause, is not learned.
    pub fn alerted(&mut self, entity_type: EntityType, entity: &str, time: Timestamp) {
        let Some(slot) = self.entities.find(entity_key(entity_type, entity)) else { return };
        if let Some((entity, _)) = self.entities.change(slot) {
            entity.alert(time.micros());
        }
    }

    /// The latest events of `entity`, oldest first; none where it is not kept.
    #[must_use]
    pub fn recent(&self, entity_type: EntityType, entity: &str) -> Vec<Symbol> {
        let slot = self.entities.find(entity_key(entity_type, entity));
        let window = slot.and_then(|slot| self.entities.window(slot));
        window.map_or_else(Vec::new, |window| window.codes().iter().map(|code| Symbol(*code)).collect())
    }

    /// An analyst found `entity` to be harmless: what is in its window may be learned, and it may be reported again.
    pub fn cleared(&mut self, entity_type: EntityType, entity: &str) {
        let Some(slot) = self.entities.find(entity_key(entity_type, entity)) else { return };
        if let Some((entity, _)) = self.entities.change(slot) {
            entity.clear();
        }
    }

    /// Sequences of [`CHUNK_EVENTS`] events of one entity each, none alerted, drawn from what came: to retrain with.
    pub fn samples(&self) -> impl Iterator<Item = Vec<Symbol>> {
        self.samples.iter().map(|codes| codes.iter().map(|code| Symbol(*code)).collect())
    }

    /// Fits both kinds of model to [`Self::samples`], every fifth of them held out, and gives the better one. It is
    /// not taken into use: [`Self::install`] does that.
    pub fn retrained(&self, settings: &FitSettings) -> Result<(SequenceModel, Selection), SequenceError> {
        let numbered = || self.samples().enumerate();
        let is_held_out = |number: usize| number % HELD_OUT_EVERY == HELD_OUT_EVERY - 1;
        let part = |held_out: bool| -> Vec<Vec<Symbol>> {
            numbered()
                .filter(|(number, _)| is_held_out(*number) == held_out)
                .map(|(_, sample)| sample)
                .collect()
        };
        select(self.model.alphabet(), &part(false), &part(true), settings)
    }

    /// Takes a new model into use; what is known of the entities is kept in its alphabet, and scored anew when an
    /// entity comes again. What the old model learned online is gone: the new one was trained with
    /// [`Self::samples`].
    pub fn install(&mut self, model: SequenceModel) {
        let translation = self.model.alphabet().translation(model.alphabet());
        if let Some(ngram) = self.model.ngram_mut() {
            self.orphans.extend(ngram.keys().map(state::context_key));
        }
        self.entities.translate(&translation, model.memory_bytes());
        self.samples.translate(&translation);
        self.base = model.digest();
        self.threshold = Self::threshold_of(&model, &self.settings);
        self.is_alphabet_stored = false;
        self.model = model;
    }
}

#[cfg(test)]
mod tests;
