//! Events one by one, from the newest to the oldest, slice of time by slice of time.

use std::collections::BTreeMap;
use std::time::Duration;

use sentra_kql::plan::Plan;
use sentra_kql::run::Row;
use sentra_model::TenantScope;
use tokio::time::Instant;

use super::row_wise::Wanted;
use super::{AnswerEnd, Horizon, RowPlace, RowWise};
use crate::{AskLimits, LINEAGE_SEGMENTS_MAX, Lineage, MartStore, PlanAnswer, StoppedBy, StoreError};

/// Events of the first slice of time, about; where few of them are wanted the next slices are longer.
const SLICE_EVENTS_FIRST: u64 = 65_536;
/// A slice of which less than one event in so many was wanted is followed by a longer one.
const SLICE_SPARSE: u64 = 16;
/// By how much a slice is longer than the one before.
const SLICE_GROWTH: u64 = 4;
/// Most rows that one slice hands over at a time; what is left of it comes with the next question.
const SLICE_ROWS_MAX: usize = 16_384;
/// Most names of engines that are kept.
const ENGINES_MAX: usize = 8;

/// A walk down the events of a plan.
pub(super) struct Walk {
    rows: RowWise,
    horizon: Horizon,
    /// Events before this moment are still to come.
    before: i64,
    /// The last row handed over, when its slice is not finished.
    after: Option<RowPlace>,
    /// The last row handed over.
    last: Option<RowPlace>,
    slice_events: u64,
    /// The beginning of the slice that is not finished.
    from: Option<Option<i64>>,
    /// Rows that may still be handed over.
    left: usize,
    /// Whether the limit is the asker's own, so that nothing is missing beyond it.
    is_own_limit: bool,
    end: AnswerEnd,
    is_over: bool,
}

impl Walk {
    /// A walk over what `horizon` holds, below `after`, for at most `rows_max` rows.
    pub(super) fn new(rows: RowWise, horizon: Horizon, after: Option<RowPlace>, rows_max: usize) -> Self {
        let own = rows.rows_max().map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        let before = after.map_or(horizon.end(), |after| after.time.saturating_add(1));
        let is_over = own == 0 || horizon.extents.is_empty();
        Self {
            rows,
            horizon,
            before,
            after,
            last: after,
            slice_events: SLICE_EVENTS_FIRST,
            from: None,
            left: rows_max.min(own),
            is_own_limit: own <= rows_max,
            end: AnswerEnd::default(),
            is_over,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    pub(super) fn end(&mut self) -> AnswerEnd {
        AnswerEnd { last: self.last, ..std::mem::take(&mut self.end) }
    }

    /// The next rows; there may be none though the walk is not over.
    pub(super) async fn next<S: MartStore + ?Sized>(
        &mut self,
        store: &S,
        scope: &TenantScope,
        deadline: Instant,
    ) -> Result<Vec<Row>, StoreError> {
        let from = *self
            .from
            .get_or_insert_with(|| self.horizon.cut(self.rows.marts(), self.before, self.slice_events));
        let timeout = deadline.saturating_duration_since(Instant::now());
        if timeout.is_zero() {
            return Ok(self.stop(StoppedBy::Timeout));
        }
        // One row more tells whether the limit cuts something off.
        let is_last = !self.is_own_limit && self.left < SLICE_ROWS_MAX;
        let rows_max = if is_last { self.left + 1 } else { self.left.min(SLICE_ROWS_MAX) };
        let answer = store.ask(scope, &self.plan(from), &AskLimits { rows_max, timeout }).await?;
        self.look(&answer);
        if let Some(stopped_by) = answer.stopped_by {
            return Ok(self.stop(stopped_by));
        }
        let PlanAnswer { mut rows, cut, .. } = answer;
        let found = rows.len() as u64;
        if rows.len() > self.left {
            rows.truncate(self.left);
            self.end.cut = true;
            self.is_over = true;
        }
        self.left -= rows.len();
        for row in &mut rows {
            self.last = RowWise::place_of(row).or(self.last);
        }
        if self.left == 0 && self.is_own_limit {
            self.is_over = true;
        } else if cut {
            self.after = self.last;
        } else if !self.is_over {
            self.finish_slice(from, found);
        }
        Ok(rows)
    }

    fn plan(&self, from: Option<i64>) -> Plan {
        let wanted =
            Wanted { from, before: Some(self.before), after: self.after, taken: Some(&self.horizon.taken) };
        self.rows.over(&wanted)
    }

    /// Goes on to the slice before `from`.
    fn finish_slice(&mut self, from: Option<i64>, found: u64) {
        self.after = None;
        self.from = None;
        match from {
            Some(from) => self.before = from,
            None => self.is_over = true,
        }
        if found.saturating_mul(SLICE_SPARSE) < self.slice_events {
            self.slice_events = self.slice_events.saturating_mul(SLICE_GROWTH);
        }
    }

    fn stop(&mut self, by: StoppedBy) -> Vec<Row> {
        self.end.stopped_by = Some(by);
        self.is_over = true;
        Vec::new()
    }

    fn look(&mut self, answer: &PlanAnswer) {
        let Lineage {
            segments_considered,
            segments_pruned,
            segments_skipped,
            segment_rows,
            memory_rows,
            segments_unread,
            segments_by_rollup,
            rollup_rows,
        } = answer.lineage;
        let lineage = &mut self.end.lineage;
        lineage.segments_considered = lineage.segments_considered.max(segments_considered);
        // What one slice passes over another one reads.
        let is_first = self.end.engines.is_empty();
        let least = |known: u64, now: u64| if is_first { now } else { known.min(now) };
        lineage.segments_pruned = least(lineage.segments_pruned, segments_pruned);
        lineage.segments_skipped = least(lineage.segments_skipped, segments_skipped);
        lineage.segment_rows += segment_rows;
        lineage.segments_by_rollup += segments_by_rollup;
        lineage.rollup_rows += rollup_rows;
        lineage.segments_unread = lineage.segments_unread.max(segments_unread);
        lineage.memory_rows = lineage.memory_rows.max(memory_rows);
        for segment in &answer.segments {
            let is_known = self.end.segments.iter().rev().any(|known| known.path == segment.path);
            if !is_known && self.end.segments.len() < LINEAGE_SEGMENTS_MAX {
                self.end.segments.push(segment.clone());
            }
        }
        for engine in &answer.engines {
            if self.end.engines.len() < ENGINES_MAX {
                self.end.engines.push(engine.clone());
            }
        }
    }
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageFrom {
    /// What had been taken when the first page was asked for; nothing for the first page.
    pub taken: Option<BTreeMap<u32, u64>>,
    /// The last row of the page before.
    pub after: Option<RowPlace>,
    /// Rows of the pages before.
    pub rows_before: u64,
}

/// A page of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Its rows.
    pub rows: Vec<Row>,
    /// Where the next page begins; nothing when this is the last one.
    pub next: Option<PageFrom>,
    /// How it came about.
    pub end: AnswerEnd,
}

/// The page of `rows_max` rows that begins at `from`: events that arrived after the first page are in none.
///
/// # Errors
/// As [`MartStore::ask`].
pub async fn page_of<S: MartStore + ?Sized>(
    store: &S,
    scope: &TenantScope,
    rows: &RowWise,
    from: &PageFrom,
    rows_max: usize,
    timeout: Duration,
) -> Result<Page, StoreError> {
    let deadline = Instant::now() + timeout;
    let mut horizon = store.horizon(scope).await?;
    if let Some(taken) = &from.taken {
        horizon.taken.clone_from(taken);
    }
    let taken = horizon.taken.clone();
    let mut rows = rows.clone();
    rows.pass_over(from.rows_before);
    let mut walk = Walk::new(rows, horizon, from.after, rows_max);
    let mut page = Page { rows: Vec::new(), next: None, end: AnswerEnd::default() };
    while !walk.is_over() {
        page.rows.extend(walk.next(store, scope, deadline).await?);
    }
    page.end = walk.end();
    // What a limit stopped goes on behind its last row, too.
    if page.end.cut || (page.end.stopped_by.is_some() && !page.rows.is_empty()) {
        let rows_before = from.rows_before.saturating_add(page.rows.len() as u64);
        page.next = Some(PageFrom { taken: Some(taken), after: walk.last, rows_before });
        page.end.cut = false;
    }
    Ok(page)
}
