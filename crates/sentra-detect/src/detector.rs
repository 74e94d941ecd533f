use std::sync::Arc;

use hashbrown::HashMap;
use sentra_model::{EventBatch, TenantId, Timestamp};

use crate::correlation::state::Correlations;
use crate::engine::Matcher;
use crate::matched::Match;
use crate::ruleset::RuleSet;
use crate::stream::Watermark;
use crate::yaral::state::{YaralLimits, YaralState};

/// A piece of correlation state that changed: what to store under `key`, or `None` to delete it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    /// The key, which begins with the tenant.
    pub key: Vec<u8>,
    /// The state.
    pub value: Option<Vec<u8>>,
}

/// Limits of a detector's state (law LIMIT).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DetectorLimits {
    /// Most groups that one correlation rule keeps for one tenant. When there are more, a tenth goes, those
    /// furthest from firing first. What is half-way or further stays: when all are, new ones are refused. Either
    /// is reported as a match of [`STATE_PRESSURE`](crate::STATE_PRESSURE).
    pub keys_per_rule_max: usize,
    /// Most events that one correlation rule that is decided in the order of event time holds for one tenant.
    pub entries_per_rule_max: usize,
    /// How long events are waited for, in microseconds of event time: what is decided in order is decided when
    /// the tenant's latest event is so much later. Events that are later than that are counted and do not take
    /// part in such decisions.
    pub lateness_micros: i64,
}

impl Default for DetectorLimits {
    fn default() -> Self {
        Self { keys_per_rule_max: 1_000_000, entries_per_rule_max: 4_000_000, lateness_micros: 60_000_000 }
    }
}

/// What a detector holds and what it had to let go (law LOSS). Counters run since the detector was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DetectorStats {
    /// Groups with state, over all tenants and rules.
    pub keys: u64,
    /// Groups forgotten because nothing arrived for them within the run gap.
    pub keys_expired: u64,
    /// Groups that went for lack of room.
    pub keys_evicted: u64,
    /// New groups that were not taken because all others are half-way to firing or further.
    pub keys_refused: u64,
    /// Groups that went because their rule did, or became another one.
    pub keys_dropped_by_reload: u64,
    /// Events that wait for their decision, or stay as company for those that follow.
    pub entries_waiting: u64,
    /// Matches that came after the watermark, for correlations that are decided in the order of event time.
    pub events_too_late: u64,
    /// Runs that went because their group had too many.
    pub runs_dropped: u64,
    /// Events that a window could not keep.
    pub window_entries_dropped: u64,
    /// Matches that a correlation did not count because a group-by field, or the field that it
    /// counts, is missing or, where numbers are counted, is none.
    pub events_without_group: u64,
    /// Stored entries that [`Detector::restore`] could not use: of rules that are gone or changed.
    pub entries_not_restored: u64,
    /// Matches that the suppression window of their YARA-L rule kept back.
    pub suppressed: u64,
}

/// Runs the rules over batches and keeps the state of correlations.
#[derive(Debug)]
pub struct Detector {
    rules: Arc<RuleSet>,
    matcher: Matcher,
    /// Some rule is a correlation.
    correlates: bool,
    correlations: Correlations,
    /// What YARA-L rules wait for.
    yaral: YaralState,
    /// By tenant, how far event time has come for them.
    yaral_time: HashMap<TenantId, Watermark>,
    lateness_micros: i64,
}

impl Detector {
    /// A detector without state.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>) -> Self {
        Self::with_limits(rules, DetectorLimits::default())
    }

    /// A detector without state and with other than the usual limits.
    #[must_use]
    pub fn with_limits(rules: Arc<RuleSet>, limits: DetectorLimits) -> Self {
        Self {
            matcher: Matcher::new(Arc::clone(&rules)),
            correlates: correlates(&rules),
            yaral: YaralState::new(Arc::clone(&rules.yaral), YaralLimits::default()),
            yaral_time: HashMap::new(),
            lateness_micros: limits.lateness_micros,
            rules,
            correlations: Correlations::new(limits),
        }
    }

    /// Law TIME: the crate reads no clock. With one, ticks of whatever unit, what rules cost is told in them too.
    #[must_use]
    pub fn with_clock(mut self, clock: fn() -> u64) -> Self {
        self.matcher = self.matcher.with_clock(clock);
        self
    }

    /// Evaluates all rules on `batch`. Matches come in the order of rows, then of rules; a run of a
    /// correlation once per batch, at the last row that belongs to it. What was decided because the batch let
    /// event time pass comes last, with [`Match::NO_ROW`].
    pub fn process(&mut self, batch: &EventBatch) -> Vec<Match> {
        let mut found: Vec<(usize, usize, Match)> = Vec::new();
        let mut matches = self.matcher.matches(batch).into_iter().peekable();
        if !self.correlates && self.rules.yaral.is_empty() {
            matches.for_each(|(row, rule)| self.report_single(batch, row, rule, &mut found));
            return in_order(found);
        }
        let rules = Arc::clone(&self.rules);
        let mut singles: Vec<(usize, usize)> = Vec::new();
        let tenant = batch.tenant();
        let mut pass = self.correlations.pass(&rules, tenant, Some(batch));
        let yaral_time = self.yaral_time.entry(tenant.clone()).or_default();
        for row in batch.rows() {
            pass.observe(row);
            while let Some((_, index)) = matches.next_if(|(number, _)| *number == row.index()) {
                if let Some((rule, variable)) = rules.event_variable(index) {
                    self.yaral.take(tenant, row, rule, variable);
                    continue;
                }
                let Some(rule) = rules.rules.get(index) else { continue };
                if !rule.referred_by.is_empty() {
                    pass.count(row, index);
                }
                if rule.reports {
                    singles.push((row.index(), index));
                }
            }
            // Row by row, like everything else (law IDENTITY).
            if yaral_time.observe(row.time().micros(), row.seen().micros()) {
                let decided = yaral_time.decided_before(self.lateness_micros);
                self.yaral.advance(tenant, Timestamp::from_micros(decided));
            }
        }
        let runs = pass.finish();
        // Behind the other rules of their row.
        found.extend(self.yaral.finish().into_iter().map(|run| (run.row, usize::MAX, run)));
        singles.into_iter().for_each(|(row, rule)| self.report_single(batch, row, rule, &mut found));
        for (number, index, mut run) in runs {
            if let Some(row) = batch.row(number) {
                (run.row, run.event, run.time) = (number, row.id(), row.time());
            }
            found.push((number, index, run));
        }
        in_order(found)
    }

    /// Says that the event time of `tenant` has come to `time`, as when nothing more arrives: the caller has a
    /// clock, this crate has none. What that makes sure, such as that something did not happen in time, is
    /// given back; none of it has a row.
    pub fn advance(&mut self, tenant: &TenantId, time: Timestamp) -> Vec<Match> {
        let mut found = Vec::new();
        if self.correlates {
            let rules = Arc::clone(&self.rules);
            let mut pass = self.correlations.pass(&rules, tenant, None);
            pass.advance(time);
            found.extend(pass.finish());
        }
        if !self.rules.yaral.is_empty() {
            let yaral_time = self.yaral_time.entry(tenant.clone()).or_default();
            if yaral_time.advance(time.micros()) {
                let decided = yaral_time.decided_before(self.lateness_micros);
                self.yaral.advance(tenant, Timestamp::from_micros(decided));
            }
            found.extend(self.yaral.finish().into_iter().map(|run| (run.row, usize::MAX, run)));
        }
        in_order(found)
    }

    /// Goes on with other rules: what a rule has counted stays if it measures the same as before. The state of
    /// rules that are gone or changed goes, and is counted.
    pub fn replace_rules(&mut self, rules: Arc<RuleSet>) {
        self.correlations.replace_rules(&self.rules, &rules);
        self.correlates = correlates(&rules);
        self.matcher = self.matcher.renewed(Arc::clone(&rules));
        self.yaral.replace_rules(Arc::clone(&rules.yaral));
        self.rules = rules;
    }

    fn report_single(
        &self,
        batch: &EventBatch,
        number: usize,
        index: usize,
        found: &mut Vec<(usize, usize, Match)>,
    ) {
        let (Some(row), Some(rule)) = (batch.row(number), self.rules.rules.get(index)) else { return };
        if rule.reports {
            found.push((
                number,
                index,
                Match::single(Arc::clone(&rule.reference), batch.tenant().clone(), row),
            ));
        }
    }

    /// Correlation state that changed since the last call. Store it together with the position of what was
    /// processed (law SOURCE), and a restarted detector goes on where this one stood.
    pub fn take_changes(&mut self) -> Vec<StateChange> {
        let mut changes = self.correlations.take_changes(&self.rules);
        changes.extend(self.yaral.take_changes());
        changes
    }

    /// Puts stored state back; entries as [`Detector::take_changes`] gave them.
    pub fn restore(&mut self, entries: Vec<(Vec<u8>, Vec<u8>)>) {
        let (yaral, entries) = entries.into_iter().partition(|(key, _)| YaralState::is_key(key));
        self.correlations.restore(&self.rules, entries);
        self.yaral.restore(yaral);
    }

    /// What tries single-event rules: its counters, and what each rule costs.
    #[must_use]
    pub fn matcher(&self) -> &Matcher {
        &self.matcher
    }

    /// The same, to take its problems.
    pub fn matcher_mut(&mut self) -> &mut Matcher {
        &mut self.matcher
    }

    /// What the detector holds and what it had to let go.
    #[must_use]
    pub fn stats(&self) -> DetectorStats {
        let yaral = self.yaral.stats();
        let mut stats = self.correlations.stats();
        stats.keys += yaral.groups;
        stats.keys_evicted += yaral.groups_evicted;
        stats.entries_waiting += yaral.events;
        stats.events_too_late += yaral.events_too_late;
        stats.window_entries_dropped += yaral.events_dropped + yaral.events_cut + yaral.windows_cut;
        stats.runs_dropped += yaral.episodes_dropped + yaral.suppressions_dropped;
        stats.entries_not_restored += yaral.entries_not_restored;
        stats.suppressed += yaral.suppressed;
        stats
    }

    /// The rules it runs.
    #[must_use]
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }
}

fn correlates(rules: &RuleSet) -> bool {
    rules.rules.iter().any(|rule| rule.correlation().is_some())
}

fn in_order(mut found: Vec<(usize, usize, Match)>) -> Vec<Match> {
    // Stable: runs of one rule and row keep their order.
    found.sort_by_key(|(row, rule, _)| (*row, *rule));
    found.into_iter().map(|(_, _, found)| found).collect()
}
