//! The half of a worker that reads, decodes and detects. It is at most two chunks ahead of what is stored.
//!
//! It reads all partitions of the tenant's raw topic, in the order in which records arrived ([`Lanes`]), and what it
//! remembers is one for all of them. A chunk is of one partition.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use sentra_backbone::ReadChunk;
use sentra_detect::{Applied, Detector, EvaluationProblem};
use sentra_model::{EventBatch, EventId, Incident, Signal, SourceKind, TenantId, TenantScope, Timestamp};
use sentra_triage::{Triage, set_login_facts};
use tokio::sync::mpsc;

use crate::activity::Activity;
use crate::config::FactoryConfig;
use crate::decisions::{Carried, Decided, Past, apply};
use crate::error::FactoryError;
use crate::insight::{CHUNK_EVENTS_MAX, Insight, Looked, take_names_back};
use crate::lanes::{Lanes, Partitions, Place, Stretch};
use crate::pipeline::FactoryParts;
use crate::signals::signal_of;
use crate::state::{StateKind, StateRow};
use crate::transform::{Transformed, transform};
use crate::view::TriageView;

/// Of the monotonic clock, since it was first asked: what rules cost is told in these.
fn nanoseconds() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// How long nothing arrives before event time follows the clock.
const QUIET: Duration = Duration::from_secs(5);

/// How often what triage knows is shown anew while events come in.
const SHOW_INTERVAL: Duration = Duration::from_secs(1);

/// What there is to think about.
enum Next {
    /// Records.
    Stretch(Stretch),
    /// That nothing arrives.
    Quiet,
}

pub(crate) struct Thinker {
    parts: Arc<FactoryParts>,
    tenant: TenantId,
    lanes: Lanes,
    brain: Brain,
}

/// What detection remembers between chunks; it moves to a thread of its own for the heavy part.
struct Brain {
    detector: Detector,
    activity: Activity,
    triage: Triage,
    insight: Insight,
    tenant: TenantId,
    /// Whether what triage knows has changed since it was shown, and when that was.
    is_stale: bool,
    shown: Option<Instant>,
}

/// What became of one chunk, ready to be stored.
pub(crate) struct Thought {
    /// The partition it is of.
    pub(crate) partition: u32,
    /// The offset after it.
    pub(crate) until: u64,
    pub(crate) transformed: Transformed,
    /// What the records store gets; `None` for what it has already.
    pub(crate) findings: Option<Findings>,
    /// Offsets that retention removed before they were read.
    pub(crate) skipped: Option<Range<u64>>,
}

/// Everything that changed by one chunk and by nothing after it: it is committed with the chunk's position.
pub(crate) struct Findings {
    pub(crate) signals: Vec<Signal>,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) state: Vec<StateRow>,
    /// Offsets that could not be read.
    pub(crate) quarantined: Vec<Range<u64>>,
    /// What came of the decision in the chunk, which then holds nothing else.
    pub(crate) decided: Option<(EventId, Result<Decided, String>)>,
}

impl Thinker {
    pub(crate) async fn open(
        parts: Arc<FactoryParts>,
        scope: &TenantScope,
        partitions: Partitions,
        places: &BTreeMap<u32, Place>,
    ) -> Result<Self, FactoryError> {
        let brain = Brain::restore(&parts, scope).await?;
        let tenant = scope.tenant().clone();
        let lanes = Lanes::new(tenant.clone(), partitions, places);
        Ok(Self { parts, tenant, lanes, brain })
    }

    /// Hands on one thought after the other until nobody wants them, or one fails.
    pub(crate) async fn run(mut self, sender: mpsc::Sender<Result<Thought, FactoryError>>) {
        while !sender.is_closed() {
            self.brain.show(&self.parts);
            let next = match self.read(&sender).await {
                Ok(Some(next)) => next,
                Ok(None) => continue,
                Err(error) => {
                    let _ = sender.send(Err(error)).await;
                    return;
                }
            };
            match self.think(next).await {
                Ok((thinker, thought)) => {
                    self = thinker;
                    if sender.send(Ok(thought)).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    let _ = sender.send(Err(error)).await;
                    return;
                }
            }
        }
    }

    /// What is to be thought about next; `None` after a wait for it.
    async fn read(
        &mut self,
        sender: &mpsc::Sender<Result<Thought, FactoryError>>,
    ) -> Result<Option<Next>, FactoryError> {
        if let Some(stretch) = self.lanes.next(&self.parts).await? {
            return Ok(Some(Next::Stretch(stretch)));
        }
        let waits_for_time = self.waits_for_time();
        tokio::select! {
            arrived = self.lanes.arrival(&self.parts) => arrived?,
            () = sender.closed() => return Ok(None),
            () = tokio::time::sleep(QUIET), if waits_for_time => return Ok(Some(Next::Quiet)),
            () = tokio::time::sleep(SHOW_INTERVAL), if self.brain.is_stale => return Ok(None),
        }
        // A little patience turns a trickle into batches; the limit is what a reader notices.
        tokio::time::sleep(Duration::from_millis(self.parts.config.batch_wait_ms)).await;
        Ok(None)
    }

    /// Whether a correlation waits for event time to pass, and everything in the log has been thought about.
    fn waits_for_time(&self) -> bool {
        self.lanes.are_worked_off() && self.brain.detector.stats().entries_waiting > 0
    }

    /// Decodes and detects, on a thread of its own.
    async fn think(mut self, next: Next) -> Result<(Self, Thought), FactoryError> {
        let thinking = tokio::task::spawn_blocking(move || {
            let thought = match next {
                Next::Stretch(stretch) => self.digest(stretch)?,
                Next::Quiet => self.pass_time()?,
            };
            Ok((self, thought))
        });
        match thinking.await {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    /// Nothing arrives: event time has come to where the clock is, which decides what waited for it.
    fn pass_time(&mut self) -> Result<Thought, FactoryError> {
        let findings = self.brain.pass_time(&self.parts, &self.tenant)?;
        let transformed = Transformed::default();
        // It is committed with a position as everything is; any partition's will do.
        let (partition, until) = self.lanes.first();
        Ok(Thought { partition, until, transformed, findings: Some(findings), skipped: None })
    }

    /// Law SOURCE: no chunk reaches over `records_next`, so that each is either new to the records store or not.
    fn digest(&mut self, stretch: Stretch) -> Result<Thought, FactoryError> {
        let Stretch { partition, chunk, next, until, records_next } = stretch;
        let is_replay = next < records_next;
        let until = if is_replay { records_next.min(until) } else { until };
        // A decision is a chunk of its own, so that it takes effect between the events before and after it (law IDENTITY).
        let decision = first_decision(&chunk, next..until).filter(|_| !is_replay);
        let until = match decision {
            Some((offset, _)) if offset == next => offset + 1,
            Some((offset, _)) => offset,
            None => until,
        };
        let decision = decision.filter(|(offset, _)| *offset == next).map(|(_, bytes)| bytes.to_vec());
        // Baselines hold back what they learn from a chunk until they know what was found in it.
        let until = until.min(next.saturating_add(CHUNK_EVENTS_MAX));
        let range = next..until;
        let skipped = chunk.skipped.clone().map(|range| range.start..range.end.min(until));
        // Once per chunk: a decoder that is changed meanwhile takes effect with the next one.
        let decoder = self.parts.decoder.get();
        let within = chunk.batches.partition_point(|batch| batch.first_offset < until);
        let stored = chunk.batches.get(..within).unwrap_or_default();
        let mut transformed = transform(&decoder, &self.tenant, partition, stored, range)?;
        take_names_back(&mut transformed.batches)?;
        let is_here = |range: &Range<u64>| range.start < until;
        let quarantined = chunk.quarantined.iter().filter(|range| is_here(range)).cloned().collect();
        let findings = if is_replay {
            None
        } else if let Some(bytes) = decision {
            let id = EventId::raw(partition, next);
            let scope = TenantScope::new(self.tenant.clone());
            let mut findings = self.brain.find(&self.parts, &mut transformed.batches, quarantined)?;
            let carried = self.brain.decide(&self.parts, &scope, &bytes);
            self.brain.add_changes(&self.parts, &mut findings);
            let decided = carried.map(|carried| {
                replace_by(&mut findings.signals, carried.signals, |signal| signal.id);
                carried.decided
            });
            findings.decided = Some((id, decided));
            Some(findings)
        } else {
            Some(self.brain.find(&self.parts, &mut transformed.batches, quarantined)?)
        };
        self.lanes.go_on(partition, chunk, until);
        Ok(Thought { partition, until, transformed, findings, skipped })
    }
}

impl Brain {
    async fn restore(parts: &FactoryParts, scope: &TenantScope) -> Result<Self, FactoryError> {
        let config: &FactoryConfig = &parts.config;
        let stored = parts.records.state(scope).await?;
        let mut detector = Detector::new(parts.rules.get()).with_clock(nanoseconds);
        let windows = stored
            .iter()
            .filter_map(|(key, value)| Some((StateKind::Detector.unwrap(key)?.to_vec(), value.clone())))
            .collect();
        detector.restore(windows);
        let mut activity = Activity::new(config.activity_entities_max, config.activity_idle_micros());
        activity.restore(&stored)?;
        let mut triage = Triage::new(scope.tenant().clone(), config.triage.clone());
        let remembered = stored
            .iter()
            .filter_map(|(key, value)| Some((StateKind::Triage.unwrap(key)?.to_vec(), value.clone())));
        let refused = triage.restore_rows(remembered);
        if refused > 0 {
            tracing::warn!(refused, "what triage remembered could not be read in full and is learnt anew");
        }
        let mut open = parts.records.open_incidents_since(scope, Timestamp::MIN).await?;
        open.sort_by_key(|incident| std::cmp::Reverse((incident.last, incident.id)));
        open.truncate(config.triage.open_incidents_max);
        for incident in open {
            let signals = parts.records.incident_signals(scope, incident.id).await?;
            triage.restore_incident(incident, signals);
        }
        let tenant = scope.tenant().clone();
        let insight = Insight::restore(&tenant, parts.knowledge.get(), &stored);
        let mut brain = Self { detector, activity, triage, insight, tenant, is_stale: true, shown: None };
        brain.show(parts);
        Ok(brain)
    }

    /// What the events of a chunk mean.
    fn find(
        &mut self,
        parts: &FactoryParts,
        batches: &mut [EventBatch],
        quarantined: Vec<Range<u64>>,
    ) -> Result<Findings, FactoryError> {
        let now = parts.clock.now();
        // Once per chunk, as the decoder.
        let rules = parts.rules.get();
        if !Arc::ptr_eq(self.detector.rules(), &rules) {
            self.detector.replace_rules(rules);
        }
        self.insight.replace_knowledge(&parts.knowledge.get());
        let looked = self.insight.look(batches)?;
        for (batch, looked) in batches.iter().zip(&looked) {
            self.detect(batch, looked, now, parts);
        }
        self.insight.learn();
        self.account(parts);
        self.findings(parts, quarantined)
    }

    /// What the chunk has cost, rule by rule, and what of it could not be searched as a whole (law LOSS).
    fn account(&mut self, parts: &FactoryParts) {
        let rules = Arc::clone(self.detector.rules());
        let matcher = self.detector.matcher_mut();
        parts.status.add_costs(&rules, &matcher.take_costs());
        let problems = matcher.take_problems();
        metrics::counter!("sentra_factory_evaluation_problems_total").increment(problems.len() as u64);
        for EvaluationProblem { event, field, message } in problems {
            let field = field.unwrap_or_default();
            tracing::warn!(%event, field, message, "rules did not see the whole event");
        }
    }

    /// What follows from the time alone.
    fn pass_time(&mut self, parts: &FactoryParts, tenant: &TenantId) -> Result<Findings, FactoryError> {
        let now = parts.clock.now();
        let decided = self.detector.advance(tenant, now);
        let Applied { shown, hidden } = parts.tuning.get().apply_without_rows(decided);
        parts.status.add_hidden(&hidden);
        for found in shown {
            parts.status.add_match(&found.rule.id);
            let mut signal = signal_of(&found, None);
            self.insight.enrich(&mut signal, None, now);
            self.triage.take(signal, now);
        }
        self.findings(parts, Vec::new())
    }

    /// Everything that has changed since it was asked last.
    fn findings(
        &mut self,
        parts: &FactoryParts,
        quarantined: Vec<Range<u64>>,
    ) -> Result<Findings, FactoryError> {
        let mut state: Vec<_> = self
            .detector
            .take_changes()
            .into_iter()
            .map(|change| (StateKind::Detector.wrap(&change.key), change.value))
            .collect();
        state.extend(self.activity.take_changes()?);
        self.insight.models().train(parts.clock.now());
        state.extend(self.insight.take_changes());
        let mut findings =
            Findings { signals: Vec::new(), incidents: Vec::new(), state, quarantined, decided: None };
        self.add_changes(parts, &mut findings);
        Ok(findings)
    }

    /// What changed in triage since it was asked last.
    fn add_changes(&mut self, parts: &FactoryParts, findings: &mut Findings) {
        let changes = self.triage.take_changes(parts.teller.as_ref(), parts.clock.as_ref());
        if changes.rows.is_empty() && changes.incidents.is_empty() {
            return;
        }
        let remembered = changes.rows.into_iter();
        findings.state.extend(remembered.map(|(key, value)| (StateKind::Triage.wrap(&key), value)));
        // By id: what a decision changed in this chunk is what counts.
        replace_by(&mut findings.signals, changes.signals, |signal| signal.id);
        replace_by(&mut findings.incidents, changes.incidents, |incident| incident.id);
        self.is_stale = true;
        self.show(parts);
    }

    /// Shows what triage knows, if it has changed and was not shown a moment ago.
    fn show(&mut self, parts: &FactoryParts) {
        if let Some(models) = self.insight.models().view(parts.clock.now()) {
            parts.status.show_models(&self.tenant, models);
        }
        let is_recent = self.shown.is_some_and(|shown| shown.elapsed() < SHOW_INTERVAL);
        if !self.is_stale || is_recent {
            return;
        }
        (self.is_stale, self.shown) = (false, Some(Instant::now()));
        parts.status.show(&self.tenant, TriageView::of(&mut self.triage, parts.clock.now()));
    }

    /// Carries out a decision; it is about what was known before it.
    fn decide(&mut self, parts: &FactoryParts, scope: &TenantScope, bytes: &[u8]) -> Result<Carried, String> {
        let runtime = tokio::runtime::Handle::current();
        let past = |target| runtime.block_on(Past::find(parts.records.as_ref(), scope, target));
        let now = parts.clock.now();
        let carried = apply(&mut self.triage, self.insight.models(), scope, bytes, &past, now);
        for (kind, signal) in carried.iter().flat_map(|carried| &carried.judged) {
            self.insight.judged(*kind, signal, now);
        }
        // Who decided sees at once what it did.
        (self.is_stale, self.shown) = (true, None);
        carried
    }

    /// Takes findings and logins in the order of their rows, as if every event came alone: what is known
    /// about an address when a finding looks for its incident does not depend on how events were batched.
    fn detect(&mut self, batch: &EventBatch, looked: &Looked, now: Timestamp, parts: &FactoryParts) {
        let status = &parts.status;
        let Applied { shown: mut found, hidden } =
            parts.tuning.get().apply(batch, self.detector.process(batch));
        status.add_hidden(&hidden);
        found.sort_by_key(|found| found.row);
        let mut models = looked.findings.iter().peekable();
        let mut rows = batch.rows().peekable();
        let mut touched: BTreeSet<String> = BTreeSet::new();
        let mut found = found.into_iter().peekable();
        loop {
            // Of a row first what rules found, then what models found.
            let rule = found.peek().map(|found| found.row);
            let model = models.peek().map(|model| model.row());
            let number = match (rule, model) {
                (Some(rule), Some(model)) => rule.min(model),
                (Some(one), None) | (None, Some(one)) => one,
                (None, None) => break,
            };
            while let Some(row) = rows.next_if(|row| row.index() <= number) {
                touched.extend(self.activity.observe(row));
            }
            self.triage.refresh_logins(&std::mem::take(&mut touched), &self.activity, now);
            let row = batch.row(number);
            let mut signal = if let Some(found) = found.next_if(|found| found.row == number) {
                status.add_match(&found.rule.id);
                signal_of(&found, row)
            } else if let (Some(model), Some(row)) = (models.next(), row)
                && let Some(signal) = model.signal(batch.tenant(), row)
            {
                status.add_match(&signal.rule.id);
                signal
            } else {
                continue;
            };
            let login = row.filter(|row| crate::facts::is_login(*row));
            if let Some(address) = login.and_then(|row| row.text("src_ip")) {
                set_login_facts(&mut signal, address, &self.activity);
            }
            self.insight.enrich(&mut signal, Some((looked, number)), now);
            self.triage.take(signal, now);
        }
        touched.extend(rows.filter_map(|row| self.activity.observe(row)));
        self.triage.refresh_logins(&touched, &self.activity, now);
    }
}

/// The first decision within `range`.
fn first_decision(chunk: &ReadChunk, range: Range<u64>) -> Option<(u64, &[u8])> {
    let decisions = chunk.batches.iter().filter(|batch| batch.source.kind == SourceKind::Platform);
    decisions
        .flat_map(sentra_backbone::StoredBatch::records)
        .find(|(offset, _)| range.contains(offset))
        .map(|(offset, record)| (offset, record.bytes))
}

/// Adds `newer` to `known`, in place of what has the same id.
fn replace_by<T, K: Eq + std::hash::Hash>(known: &mut Vec<T>, newer: Vec<T>, id: impl Fn(&T) -> K) {
    if known.is_empty() {
        *known = newer;
        return;
    }
    let ids: std::collections::HashSet<K> = newer.iter().map(&id).collect();
    known.retain(|one| !ids.contains(&id(one)));
    known.extend(newer);
}
