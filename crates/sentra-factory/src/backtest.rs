//! Rules over what is stored: the same code that runs over what arrives.

use std::collections::BTreeMap;
use std::sync::Arc;

use sentra_detect::{Detector, Match, RuleSet};
use sentra_model::{EventBatch, EventId, EventRow, Mart, RuleKind, RuleRef, TenantScope, Timestamp};
use sentra_store::{BackPage, MartStore, ReadBack, StoreError, TimeRange, split_at};

use crate::turns::Turns;

/// Most findings that a backtest describes; it counts the others.
pub const BACKTEST_MATCHES_MAX: usize = 10_000;

/// What to run rules over.
#[derive(Debug, Clone, Default)]
pub struct BacktestRequest {
    /// Events that happened in this range. Windows of correlations start empty at its beginning.
    pub range: TimeRange,
    /// Of these marts; `None` for all of them.
    pub marts: Option<Vec<Mart>>,
    /// Partitions, one after the other.
    pub partitions: Vec<u32>,
    /// What the marts may leave out because no rule can match it, as a condition over their columns.
    pub prefilter: Option<String>,
    /// Findings that are described, at most [`BACKTEST_MATCHES_MAX`].
    pub matches_max: usize,
    /// Rules whose findings are reported, by their ids; `None` for all of them.
    pub only: Option<Vec<String>>,
    /// Where event time has come to in the end: what waits for it is decided by this.
    pub until: Timestamp,
}

/// What rules found in the past.
#[derive(Debug, Clone, Default)]
pub struct BacktestReport {
    /// Events that were looked at.
    pub events: u64,
    /// Findings by rule; a run of a correlation counts once.
    pub rules: BTreeMap<String, RuleFindings>,
    /// The first findings, in the order of the log; of a run, what it became.
    pub matches: Vec<Match>,
    /// Findings beyond those.
    pub not_described: u64,
    /// Damaged segments that rules did not see: there may be more findings.
    pub segments_unread: u64,
}

/// What one rule found.
#[derive(Debug, Clone)]
pub struct RuleFindings {
    /// The rule.
    pub rule: Arc<RuleRef>,
    /// How often.
    pub matches: u64,
}

/// A run: rule, group and the event that opened it.
type RunKey = (String, Vec<(String, String)>, EventId);

/// Findings while they are gathered.
#[derive(Debug, Default)]
struct Gathered {
    report: BacktestReport,
    /// Where each run stands among the findings; `None` when it is beyond those described.
    runs: BTreeMap<RunKey, Option<usize>>,
    matches_max: usize,
}

impl Gathered {
    fn take(&mut self, found: Match) {
        if found.rule.kind != RuleKind::Sigma {
            let key = (found.rule.id.clone(), found.group.clone(), found.run);
            if let Some(place) = self.runs.get(&key) {
                if let Some(known) = place.and_then(|place| self.report.matches.get_mut(place)) {
                    *known = found;
                }
                return;
            }
            let is_described = self.report.matches.len() < self.matches_max;
            self.runs.insert(key, is_described.then_some(self.report.matches.len()));
        }
        let rule = &found.rule;
        let new = || RuleFindings { rule: Arc::clone(rule), matches: 0 };
        self.report.rules.entry(rule.id.clone()).or_insert_with(new).matches += 1;
        if self.report.matches.len() < self.matches_max {
            self.report.matches.push(found);
        } else {
            self.report.not_described += 1;
        }
    }
}

/// Runs `rules` over what `marts` hold. `progress` hears the events looked at so far, `each` sees every finding with
/// its (last) event; a run of a correlation comes again whenever it goes on.
///
/// Law TIME: nothing here reads a clock, and the findings are those that the same events gave, or would have given,
/// when they arrived.
///
/// # Errors
/// When the store cannot be read.
pub async fn backtest(
    marts: &dyn MartStore,
    scope: &TenantScope,
    rules: Arc<RuleSet>,
    request: &BacktestRequest,
    mut progress: impl FnMut(u64) + Send,
    mut each: impl FnMut(&Match, EventRow<'_>) + Send,
) -> Result<BacktestReport, StoreError> {
    let matches_max = request.matches_max.min(BACKTEST_MATCHES_MAX);
    let mut gathered = Gathered { matches_max, ..Gathered::default() };
    // As live: one detector, and of all partitions what arrived first comes first.
    let mut detector = Detector::new(Arc::clone(&rules));
    let mut turns = Turns::default();
    let lane = |partition: &u32| (*partition, Lane::new(*partition, request));
    let mut lanes: BTreeMap<u32, Lane> = request.partitions.iter().map(lane).collect();
    loop {
        for (partition, lane) in &mut lanes {
            if !turns.is_waiting(*partition)
                && let Some(arrived) = lane.fill(marts, scope).await?
            {
                turns.offer(*partition, arrived, arrived);
            }
        }
        let Some(turn) = turns.take() else { break };
        let Some(lane) = lanes.get_mut(&turn.partition) else { break };
        let batches = lane.take(turn.until);
        let thinking = tokio::task::spawn_blocking(move || {
            let events: usize = batches.iter().map(EventBatch::len).sum();
            let found: Vec<Vec<Match>> = batches.iter().map(|batch| detector.process(batch)).collect();
            (detector, events as u64, batches, found)
        });
        let (thought, events, batches, found) = match thinking.await {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        detector = thought;
        gathered.report.events += events;
        for (batch, found) in batches.iter().zip(found) {
            for found in found.into_iter().filter(|found| is_wanted(request, found)) {
                if let Some(row) = batch.row(found.row) {
                    each(&found, row);
                }
                gathered.take(found);
            }
        }
        progress(gathered.report.events);
    }
    gathered.report.segments_unread = lanes.values().map(|lane| lane.unread).sum();
    let decided = detector.advance(scope.tenant(), request.until);
    decided.into_iter().filter(|found| is_wanted(request, found)).for_each(|found| gathered.take(found));
    Ok(gathered.report)
}

fn is_wanted(request: &BacktestRequest, found: &Match) -> bool {
    request.only.as_ref().is_none_or(|ids| ids.contains(&found.rule.id))
}

/// One partition, read back page by page.
struct Lane {
    page: ReadBack,
    batches: Vec<EventBatch>,
    is_at_end: bool,
    /// Damaged segments that its pages go without.
    unread: u64,
}

impl Lane {
    fn new(partition: u32, request: &BacktestRequest) -> Self {
        let page = ReadBack {
            partition,
            from: 0,
            marts: request.marts.clone(),
            range: request.range,
            filter: None,
            condition: request.prefilter.clone(),
        };
        Self { page, batches: Vec::new(), is_at_end: false, unread: 0 }
    }

    /// Reads until there is something, and says when it arrived; `None` at the end.
    async fn fill(
        &mut self,
        marts: &dyn MartStore,
        scope: &TenantScope,
    ) -> Result<Option<Timestamp>, StoreError> {
        while self.batches.is_empty() && !self.is_at_end {
            let BackPage { batches, next, segments_unread } = marts.read_back(scope, &self.page).await?;
            // Each page tells those from itself on.
            self.unread = self.unread.max(segments_unread);
            self.batches = batches.into_iter().filter(|batch| !batch.is_empty()).collect();
            self.is_at_end = next.is_none();
            self.page.from = next.unwrap_or(self.page.from);
        }
        Ok(self.first().map(EventRow::seen))
    }

    fn first(&self) -> Option<EventRow<'_>> {
        self.batches.iter().filter_map(|batch| batch.row(0)).min_by_key(|row| row.id().offset)
    }

    /// What arrived up to `until`, and the first event whenever it did.
    fn take(&mut self, until: Option<Timestamp>) -> Vec<EventBatch> {
        let cut = until.and_then(|until| {
            let first = self.first()?.id().offset;
            let later = self.batches.iter().flat_map(EventBatch::rows).filter(|row| row.seen() > until);
            later.map(|row| row.id().offset).filter(|offset| *offset > first).min()
        });
        let batches = std::mem::take(&mut self.batches);
        let Some(cut) = cut else { return batches };
        let mut taken = Vec::with_capacity(batches.len());
        for batch in batches {
            let (before, behind) = split_at(batch, cut);
            taken.extend(before);
            self.batches.extend(behind);
        }
        taken
    }
}
