//! One tenant's models at work: what they find, and their training on a thread of its own.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sentra_detect::Match;
use sentra_learn::keeper::{Keeper, KeeperFinding, KeeperSettings, ModelsView, Trained};
use sentra_learn::registry::{ModelKind, ModelVersion};
use sentra_model::{
    EntityRef, EntityType, EventBatch, RuleKind, RuleRef, Severity, Signal, TenantId, Timestamp, VerdictKind,
};

use crate::error::FactoryError;
use crate::state::{StateKind, StateRow};

/// How often what there is to see of the models is shown anew.
const SHOW_INTERVAL: Duration = Duration::from_secs(10);
/// From this severity on, what an entity did is not learnt: below it, everybody has findings every day.
const ALERTED_SEVERITY_MIN: Severity = Severity::Medium;

/// What somebody decides about a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ModelChange {
    RollBack,
    Activate(Option<ModelVersion>),
    DiscardShadow,
}

#[derive(Debug)]
pub(crate) struct Models {
    keeper: Keeper,
    training: Option<JoinHandle<Trained>>,
    shown: Option<Instant>,
}

impl Models {
    pub(crate) fn restore(tenant: &TenantId, stored: &[(Vec<u8>, Vec<u8>)]) -> Self {
        let rows = stored
            .iter()
            .filter_map(|(key, value)| Some((StateKind::Models.unwrap(key)?.to_vec(), value.clone())));
        // Whichever predicts better on what was held out becomes the sequence model.
        let settings = KeeperSettings { is_network_allowed: true, ..KeeperSettings::default() };
        let (keeper, broken) = Keeper::restore(tenant.clone(), settings, rows);
        if broken > 0 {
            tracing::warn!(%tenant, broken, "stored rows of models were broken; what they said is learnt anew");
        }
        Self { keeper, training: None, shown: None }
    }

    /// What the models find in the batches of a chunk.
    pub(crate) fn observe(
        &mut self,
        batches: &[EventBatch],
    ) -> Result<Vec<Vec<KeeperFinding>>, FactoryError> {
        Ok(self.keeper.observe(batches)?)
    }

    /// Something was found; what its entities did is not learnt.
    pub(crate) fn alerted(&mut self, signal: &Signal) {
        if signal.severity >= ALERTED_SEVERITY_MIN {
            self.keeper.alerted(&parties(&signal.entities), signal.last);
        }
    }

    /// An analyst said what `signal` was.
    pub(crate) fn judged(&mut self, kind: VerdictKind, signal: &Signal) {
        self.keeper.verdict(&parties(&signal.entities), (signal.first, signal.last), kind);
    }

    /// Carries out what somebody decided.
    pub(crate) fn change(
        &mut self,
        kind: ModelKind,
        change: ModelChange,
        by: &str,
        now: Timestamp,
    ) -> Result<ModelVersion, String> {
        self.shown = None;
        let changed = match change {
            ModelChange::RollBack => self.keeper.roll_back(kind, by, now),
            ModelChange::Activate(version) => self.keeper.activate(kind, version, by, now),
            ModelChange::DiscardShadow => self.keeper.discard_shadow(kind, by, now),
        };
        changed.map_err(|error| error.to_string())
    }

    /// Takes up what was trained, and begins the next training when one is due. One runs at a time.
    pub(crate) fn train(&mut self, now: Timestamp) {
        if self.training.as_ref().is_some_and(|training| !training.is_finished()) {
            return;
        }
        match self.training.take().map(JoinHandle::join) {
            Some(Ok(trained)) => self.take_up(trained, now),
            Some(Err(_)) => tracing::error!("a training panicked"),
            None => {}
        }
        let Some(job) = self.keeper.due(now) else { return };
        match std::thread::Builder::new().name("train".to_owned()).spawn(|| job.run()) {
            Ok(training) => self.training = Some(training),
            Err(error) => tracing::error!(%error, "a training could not be started"),
        }
    }

    fn take_up(&mut self, trained: Trained, now: Timestamp) {
        self.shown = None;
        match self.keeper.trained(trained, now) {
            Ok(version) => tracing::info!(%version, "a model was trained"),
            Err(error) => tracing::warn!(%error, "a training gave no model"),
        }
    }

    /// What there is to see, unless it was shown a moment ago.
    pub(crate) fn view(&mut self, now: Timestamp) -> Option<ModelsView> {
        if self.shown.is_some_and(|shown| shown.elapsed() < SHOW_INTERVAL) {
            return None;
        }
        self.shown = Some(Instant::now());
        Some(self.keeper.view(now))
    }

    pub(crate) fn take_changes(&mut self) -> impl Iterator<Item = StateRow> {
        let rows = self.keeper.take_changes().into_iter();
        rows.map(|(key, value)| (StateKind::Models.wrap(&key), value))
    }
}

fn parties(entities: &[EntityRef]) -> Vec<(EntityType, &str)> {
    entities.iter().map(|entity| (entity.entity_type, entity.value.as_str())).collect()
}

/// A finding as a match of its own: its events may have come long before the chunk.
pub(crate) fn match_of(found: &KeeperFinding, tenant: &TenantId) -> Option<Match> {
    let rule = RuleRef {
        id: found.detector.id.to_owned(),
        title: found.detector.title.to_owned(),
        kind: RuleKind::Model,
        level: found.detector.level,
        tags: found.detector.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        pack: format!("models@{}", found.model),
    };
    let (first, last) = (*found.events.first()?, *found.events.last()?);
    let about = found.entities.first();
    Some(Match {
        rule: Arc::new(rule),
        tenant: tenant.clone(),
        row: Match::NO_ROW,
        event: last,
        time: found.time,
        run: first,
        // Two entities can have the same first event.
        group: about.map(|entity| ("entity".to_owned(), entity.value.clone())).into_iter().collect(),
        evidence: found.events.clone(),
        evidence_total: found.events.len() as u64,
        count: found.events.len() as u64,
        first: found.time,
        last: found.time,
        values: std::collections::BTreeMap::new(),
    })
}
