//! What is known about events beyond themselves: who and where, what others saw, how unusual it is.
//!
//! Per chunk: [`Insight::look`] at its batches, which states things as fields of rows that stand out and finds what its own
//! detectors find; the rules run on what comes out; [`Insight::enrich`] puts what is known on every finding; then
//! [`Insight::learn`] is told what was found, because nothing is learnt from that.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use sentra_detect::Match;
use sentra_enrich::indicators::{IndicatorHit, hit_rule};
use sentra_enrich::{Enricher, ROW_FIELDS, ZoneKind};
use sentra_learn::keeper::KeeperFinding;
use sentra_learn::{
    BaselineConfig, Behaviour, BehaviourFinding, Lookups, Place, RowField, with_fields, without_forged,
};
use sentra_model::{
    Enrichment, EnrichmentStage, EntityRef, EventBatch, EventId, EventRow, RuleKind, RuleRef, Signal,
    TenantId, Timestamp, VerdictKind,
};
use sentra_triage::enrichment;

use crate::error::FactoryError;
use crate::knowledge::Knowledge;
use crate::models::{Models, match_of};
use crate::signals::signal_of;
use crate::state::{StateKind, StateRow};

/// Events of one chunk: baselines hold back that many until they know what was found in them.
pub(crate) const CHUNK_EVENTS_MAX: u64 = 65_536;
/// Version of what baselines state; it goes up when a statement changes meaning.
const BASELINES_VERSION: &str = "1";
/// For how long what an analyst called harmless is learnt from, in microseconds.
const TRUST_MICROS: i64 = 30 * 86_400 * 1_000_000;

/// A finding of something that is no rule.
#[derive(Debug)]
pub(crate) enum ModelFinding {
    /// Baselines.
    Behaviour(BehaviourFinding),
    /// A known indicator.
    Indicator(IndicatorHit),
    /// A model; what it says of an hour that ended comes with the last row of a batch.
    Model(KeeperFinding, usize),
}

impl ModelFinding {
    pub(crate) fn row(&self) -> usize {
        match self {
            Self::Behaviour(found) => found.row as usize,
            Self::Indicator(hit) => hit.row,
            Self::Model(_, row) => *row,
        }
    }

    /// The signal that it is; `row` is its event.
    pub(crate) fn signal(&self, tenant: &TenantId, row: EventRow<'_>) -> Option<Signal> {
        let signal = match self {
            Self::Behaviour(found) => of_behaviour(found, tenant, row),
            Self::Indicator(hit) => {
                let found = Match::single(Arc::new(hit_rule(hit).rule), tenant.clone(), row);
                let mut signal = signal_of(&found, Some(row));
                add_entity(&mut signal, hit.entity());
                signal
            }
            Self::Model(found, _) => return of_model(found, tenant),
        };
        Some(signal)
    }
}

/// A finding of a model, which names all its evidence itself.
fn of_model(found: &KeeperFinding, tenant: &TenantId) -> Option<Signal> {
    let mut signal = signal_of(&match_of(found, tenant)?, None);
    for entity in &found.entities {
        add_entity(&mut signal, Some(entity.clone()));
    }
    let source = found.detector.id.replacen("model.", "model:", 1);
    let about = found.entities.first();
    explain(&mut signal, about, &found.explanation, &found.values, (&source, &found.model.to_string()));
    Some(signal)
}

fn of_behaviour(found: &BehaviourFinding, tenant: &TenantId, row: EventRow<'_>) -> Signal {
    let detector = found.detector;
    let rule = RuleRef {
        id: detector.id.to_owned(),
        title: detector.title.to_owned(),
        kind: RuleKind::Model,
        level: detector.level,
        tags: detector.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        pack: format!("baselines@{BASELINES_VERSION}"),
    };
    let mut signal = signal_of(&Match::single(Arc::new(rule), tenant.clone(), row), Some(row));
    for entity in &found.entities {
        add_entity(&mut signal, Some(entity.clone()));
    }
    let source = detector.id.replacen("behaviour.", "baseline:", 1);
    let about = found.entities.first();
    explain(&mut signal, about, &found.explanation, &found.values, (&source, BASELINES_VERSION));
    signal
}

/// Puts the sentence and the numbers of a finding about `about` on its signal, by which source and version.
fn explain(
    signal: &mut Signal,
    about: Option<&EntityRef>,
    explanation: &str,
    values: &[(&'static str, String)],
    (source, version): (&str, &str),
) {
    let values = values.iter().map(|(name, value)| (*name, value.as_str()));
    for (name, value) in std::iter::once(("explanation", explanation)).chain(values) {
        signal.enrichments.push(Enrichment {
            stage: EnrichmentStage::Behaviour,
            entity: about.cloned(),
            name: name.to_owned(),
            value: value.to_owned(),
            source: source.to_owned(),
            version: version.to_owned(),
            confidence: None,
        });
    }
}

fn add_entity(signal: &mut Signal, entity: Option<EntityRef>) {
    if let Some(entity) = entity
        && !signal.entities.contains(&entity)
    {
        signal.entities.push(entity);
    }
}

/// One batch after it was looked at.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    /// In the order of rows.
    pub(crate) findings: Vec<ModelFinding>,
    /// What baselines state, by row.
    stated: BTreeMap<usize, Vec<(&'static str, String)>>,
}

/// What one tenant's worker knows about entities.
#[derive(Debug)]
pub(crate) struct Insight {
    knowledge: Arc<Knowledge>,
    enricher: Enricher,
    behaviour: Behaviour,
    models: Models,
    /// Whether there is anything that rows could be told.
    alerted: Vec<EventId>,
}

impl Insight {
    pub(crate) fn restore(
        tenant: &TenantId,
        knowledge: Arc<Knowledge>,
        stored: &[(Vec<u8>, Vec<u8>)],
    ) -> Self {
        let mut enricher = knowledge.enricher(tenant.clone());
        let learnt = stored
            .iter()
            .filter_map(|(key, value)| Some((StateKind::Enrichment.unwrap(key)?, value.as_slice())));
        let broken = enricher.restore(learnt);
        let config =
            || BaselineConfig { hold_events: CHUNK_EVENTS_MAX as usize, ..BaselineConfig::default() };
        let mut behaviour = Behaviour::new(tenant.clone(), config());
        let baselines = stored
            .iter()
            .filter_map(|(key, value)| Some((StateKind::Behaviour.unwrap(key)?.to_vec(), value.clone())));
        let broken = broken
            + behaviour.restore(baselines).unwrap_or_else(|error| {
                tracing::error!(%tenant, %error, "baselines begin anew");
                behaviour = Behaviour::new(tenant.clone(), config());
                0
            });
        if broken > 0 {
            tracing::warn!(%tenant, broken, "stored rows of enrichment and baselines were broken and are learnt anew");
        }
        let models = Models::restore(tenant, stored);
        Self { knowledge, enricher, behaviour, models, alerted: Vec::new() }
    }

    /// Uses `knowledge` from now on; what was learnt from events stays.
    pub(crate) fn replace_knowledge(&mut self, knowledge: &Arc<Knowledge>) {
        if !Arc::ptr_eq(&self.knowledge, knowledge) {
            self.enricher.replace(knowledge.enricher(self.enricher.tenant().clone()));
            self.knowledge = Arc::clone(knowledge);
        }
    }

    /// Looks at the batches of a chunk, and appends to them what it states about their rows.
    pub(crate) fn look(&mut self, batches: &mut [EventBatch]) -> Result<Vec<Looked>, FactoryError> {
        for batch in batches.iter() {
            self.enricher.observe(batch);
        }
        let enricher = &self.enricher;
        let place = |address: &str| {
            let place = enricher.place(address)?;
            let country = place.country.as_deref().unwrap_or_default().to_owned();
            let accuracy_km = place.accuracy_km.unwrap_or_default();
            Some(Place { latitude: place.latitude?, longitude: place.longitude?, accuracy_km, country })
        };
        let group = |user: &str| enricher.identity(user)?.peers();
        let is_exempt = |address: &str| enricher.zone(address).is_some_and(|zone| zone.kind == ZoneKind::Vpn);
        let lookups = Lookups { place: &place, group: &group, is_exempt: &is_exempt };
        let modelled = self.models.observe(batches)?;
        let references: Vec<&EventBatch> = batches.iter().collect();
        let observed = self.behaviour.observe(&references, &lookups)?;
        let mut looked = Vec::new();
        for ((batch, observed), modelled) in batches.iter_mut().zip(observed).zip(modelled) {
            let mut one = Looked::default();
            let last_row = batch.len().saturating_sub(1);
            let row_of = |found: &KeeperFinding| found.row.map_or(last_row, |row| row as usize);
            one.findings.extend(modelled.into_iter().map(|found| {
                let row = row_of(&found);
                ModelFinding::Model(found, row)
            }));
            let mut fields: Vec<RowField<'_>> = Vec::new();
            for derived in &observed.derived {
                let (name, value) = (derived.name.as_str(), derived.value.to_string());
                one.stated.entry(derived.row as usize).or_default().push((name, value.clone()));
                fields.push(RowField { row: derived.row, name, value: Cow::Owned(value) });
            }
            let known = self.enricher.row_statements(batch);
            let known = known.iter().map(|known| RowField {
                row: known.row,
                name: known.name,
                value: Cow::Borrowed(known.value),
            });
            fields.extend(known);
            fields.sort_by_key(|field| field.row);
            one.findings.extend(observed.findings.into_iter().map(ModelFinding::Behaviour));
            let hits = self.knowledge.indicators().scan_at_arrival(batch);
            metrics::counter!("sentra_factory_indicator_hits_dropped_total").increment(hits.hits_dropped);
            one.findings.extend(hits.hits.into_iter().map(ModelFinding::Indicator));
            one.findings.sort_by_key(ModelFinding::row);
            if !fields.is_empty() {
                *batch = with_fields(batch, &fields)?;
            }
            looked.push(one);
        }
        Ok(looked)
    }

    /// Puts what is known on a signal whose last event is the row `row` of what was looked at.
    pub(crate) fn enrich(&mut self, signal: &mut Signal, looked: Option<(&Looked, usize)>, now: Timestamp) {
        self.alerted.extend(&signal.events);
        self.models.alerted(signal);
        let stated = looked.and_then(|(looked, row)| looked.stated.get(&row));
        for (name, value) in stated.into_iter().flatten() {
            signal.enrichments.extend(of_statement(name, value));
        }
        self.enricher.enrich(signal);
        self.knowledge.indicators().enrich(signal, now);
        signal.controls = self.knowledge.controls().controls_for(signal);
    }

    /// The chunk is over: everything is learnt from that was not found.
    pub(crate) fn learn(&mut self) {
        self.behaviour.learn(&std::mem::take(&mut self.alerted));
    }

    /// An analyst said what `signal` was: what was found about its entities may become usual if it was harmless.
    pub(crate) fn judged(&mut self, kind: VerdictKind, signal: &Signal, now: Timestamp) {
        self.models.judged(kind, signal);
        if kind == VerdictKind::TruePositive {
            return;
        }
        let until = Timestamp::from_micros(now.micros().saturating_add(TRUST_MICROS));
        for entity in &signal.entities {
            self.behaviour.trust(entity, until);
        }
    }

    pub(crate) fn take_changes(&mut self) -> Vec<StateRow> {
        let behaviour = self.behaviour.take_changes().into_iter();
        let mut rows: Vec<StateRow> =
            behaviour.map(|(key, value)| (StateKind::Behaviour.wrap(&key), value)).collect();
        let learnt = self.enricher.take_changes().into_iter();
        rows.extend(learnt.map(|(key, value)| (StateKind::Enrichment.wrap(&key), value)));
        rows.extend(self.models.take_changes());
        rows
    }

    /// The models.
    pub(crate) fn models(&mut self) -> &mut Models {
        &mut self.models
    }
}

/// Whether fields of this name are stated here, by nobody else.
pub(crate) fn is_stated(name: &str) -> bool {
    name.starts_with("baseline.") || ROW_FIELDS.iter().any(|(ours, _)| *ours == name)
}

/// Takes the names that are given here from source fields that have them: nobody else states these things.
pub(crate) fn take_names_back(batches: &mut [EventBatch]) -> Result<(), FactoryError> {
    for batch in batches {
        if let Some(honest) = without_forged(batch, is_stated)? {
            *batch = honest;
        }
    }
    Ok(())
}

/// What a statement of the baselines says about the signal of its row: `baseline.deviation.pa01_user` is a deviation.
fn of_statement(name: &str, value: &str) -> Option<Enrichment> {
    let (family, about) = name.strip_prefix("baseline.")?.split_once('.')?;
    let (name, value) = match family {
        "deviation" => (enrichment::DEVIATION, value.to_owned()),
        "rarity" => (enrichment::RARITY, value.to_owned()),
        "first_seen" => ("first_seen", about.to_owned()),
        _ => return None,
    };
    Some(Enrichment {
        stage: EnrichmentStage::Behaviour,
        entity: None,
        name: name.to_owned(),
        value,
        source: format!("baseline:{about}"),
        version: BASELINES_VERSION.to_owned(),
        confidence: None,
    })
}
