//! Questions that rollups answer, from one snapshot of the tenant.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sentra_kql::plan::{Node, Op, Plan, Value};
use sentra_kql::run::{Dataset, Row};
use sentra_model::TenantScope;
use tokio::time::{Instant, timeout_at};

use super::compiled::Span;
use super::keep::partial_of;
use super::matching::{Match, matched, rows_of_partial};
use super::partial::Partial;
use crate::embedded::EmbeddedMarts;
use crate::embedded::prune::name_segments;
use crate::embedded::tenant::{Segment, Snapshot, Tenant};
use crate::kql::{AskLimits, PlanAnswer, interpret};
use crate::{PlanEstimate, ScanEstimate, StoppedBy, StoreError};

/// Rows that a question takes from a rollup (law LIMIT); with more the events are asked.
const ROLLUP_ROWS_MAX: u64 = 200_000;
/// Rows of a rollup that take no time to speak of. Beyond them one is decoded and interpreted in the time in which so many
/// events are counted by their columns.
const ROLLUP_ROWS_QUICK: u64 = 5_000;
const EVENTS_PER_ROLLUP_ROW: u64 = 50;
/// How the interpreter knows the rows of a rollup.
const ROWS: &str = "rollup";

/// How an aggregate of a question is answered by a rollup.
struct Chosen {
    /// Which aggregate of the plan, in the order in which they stand in it.
    place: usize,
    table: String,
    columns: Vec<sentra_kql::plan::Column>,
    matched: Match,
    /// Segments that the rollup has counted, with the buckets that are wanted of each.
    counted: Vec<(Arc<Segment>, Span)>,
    /// Rows of the rollup for those.
    rollup_rows: u64,
    /// Everything else that the question is about: its events are counted when it is asked.
    rest: Snapshot,
    /// Segments of the marts that the question is about.
    considered: u64,
    /// Of those, segments out of its time.
    pruned: u64,
}

impl Chosen {
    fn rest_rows(&self) -> u64 {
        let in_memory = self.rest.chunks.iter().map(|chunk| chunk.record.num_rows() as u64);
        self.rest.segments.iter().map(|segment| segment.rows).chain(in_memory).sum()
    }

    /// Whether it spares reading events that would take longer than the rows in their place.
    fn is_worth_it(&self) -> bool {
        let spared: u64 = self.counted.iter().map(|(segment, _)| segment.rows).sum();
        is_worth_it(self.rollup_rows, spared)
    }
}

impl EmbeddedMarts {
    /// The answer to a plan of which rollups have everything; nothing where the events have to be asked.
    pub(in crate::embedded) async fn answer_by_rollups(
        &self,
        scope: &TenantScope,
        plan: &Plan,
        limits: &AskLimits,
    ) -> Result<Option<PlanAnswer>, StoreError> {
        let tenant = self.tenant(scope).await;
        if tenant.rollups().is_empty() {
            return Ok(None);
        }
        let deadline = Instant::now() + limits.timeout;
        let mut answer = PlanAnswer::unanswered(plan);
        let answered = timeout_at(deadline, self.answered(scope, &tenant, plan, &mut answer));
        match answered.await {
            Ok(Ok(Some(rows))) => answer.rows = rows,
            Ok(Ok(None)) => return Ok(None),
            // Whatever a rollup cannot do the events can.
            Ok(Err(error)) => {
                tracing::debug!(%error, "a question was not answered by rollups");
                return Ok(None);
            }
            Err(_) => answer.stopped_by = Some(StoppedBy::Timeout),
        }
        for rollup in tenant.rollups() {
            if answer.rollups.iter().any(|name| name == rollup.name()) {
                rollup.answers.fetch_add(1, Ordering::Relaxed);
            }
        }
        metrics::counter!("sentra_store_rollup_answers_total").increment(1);
        answer.cut = answer.rows.len() > limits.rows_max;
        answer.rows.truncate(limits.rows_max);
        Ok(Some(answer))
    }

    async fn answered(
        &self,
        scope: &TenantScope,
        tenant: &Tenant,
        plan: &Plan,
        answer: &mut PlanAnswer,
    ) -> Result<Option<Vec<Row>>, StoreError> {
        let snapshot = tenant.snapshot();
        let Some(chosen) = self.chosen(scope, tenant, &snapshot, plan).await? else { return Ok(None) };
        let mut values: BTreeMap<usize, Vec<Row>> = BTreeMap::new();
        for one in chosen {
            let (place, sums) = (one.place, one.matched.sums());
            let Some(rows) = self.rows_of_chosen(scope, one, answer).await? else { return Ok(None) };
            // A sum beyond what a number holds: which of its parts are is not known any more.
            let is_beyond = |row: &Row| sums.iter().any(|place| row.get(*place) == Some(&Value::Null));
            if rows.iter().any(is_beyond) {
                return Ok(None);
            }
            values.insert(place, rows);
        }
        let root = with_values(&plan.root, &mut 0, &mut values);
        if let Op::Values { rows } = root.op {
            return Ok(Some(rows));
        }
        let plan = Plan { root, render: None, notes: Vec::new() };
        let rows = interpret(plan, Dataset::new()).await?;
        answer.engines.push(format!("the interpreter gave {} rows", rows.len()));
        Ok(Some(rows))
    }

    /// The rows of an aggregate.
    async fn rows_of_chosen(
        &self,
        scope: &TenantScope,
        mut chosen: Chosen,
        answer: &mut PlanAnswer,
    ) -> Result<Option<Vec<Row>>, StoreError> {
        let rollup = Arc::clone(&chosen.matched.rollup);
        let segments: Vec<&Segment> = chosen.counted.iter().map(|(segment, _)| segment.as_ref()).collect();
        let mut parts = self.manifest.parts_of(scope, &rollup, &segments).await?;
        let (folds, mut partial) = (rollup.folds(), Partial::default());
        let (mut spared, mut read) = (Vec::new(), 0);
        for (segment, span) in std::mem::take(&mut chosen.counted) {
            let Some(part) = parts.remove(&segment.path) else {
                // It was replaced meanwhile; this snapshot still has its events.
                chosen.rest.segments.push(segment);
                continue;
            };
            if partial.add_bytes(&part, span, &folds).is_none() {
                return Ok(None);
            }
            read += segment.rows;
            spared.push(segment);
        }
        let mut rows = rows_of_partial(&rollup, partial);
        let (kept, opened) = (rows.len(), chosen.rest.segments.len());
        if !chosen.rest.segments.is_empty() || !chosen.rest.chunks.is_empty() {
            let rows_max = usize::try_from(ROLLUP_ROWS_MAX).unwrap_or(usize::MAX);
            let counted = self.count(&rollup, chosen.rest, chosen.matched.span, rows_max).await?;
            let Some(more) = counted.rows.and_then(|rows| partial_of(&rollup, rows)) else { return Ok(None) };
            rows.extend(rows_of_partial(&rollup, more));
            answer.lineage.segments_pruned += counted.lineage.segments_pruned;
            answer.lineage.segment_rows += counted.lineage.segment_rows;
            answer.lineage.memory_rows += counted.lineage.memory_rows;
            answer.segments.extend(counted.segments);
        }
        name_segments(&mut answer.segments, &spared);
        answer.lineage.segments_considered += chosen.considered;
        answer.lineage.segments_pruned += chosen.pruned;
        answer.lineage.segments_by_rollup += spared.len() as u64;
        answer.lineage.rollup_rows += kept as u64;
        let name = rollup.name();
        if !answer.rollups.iter().any(|known| known == name) {
            answer.rollups.push(name.to_owned());
        }
        answer.engines.push(format!(
            "rollup {name} gave {kept} rows in place of {read} events in {} segments; {opened} segments and memory gave {}",
            spared.len(),
            rows.len() - kept
        ));
        let root = chosen.matched.over(ROWS, &chosen.columns);
        let plan = Plan { root, render: None, notes: Vec::new() };
        interpret(plan, Dataset::from([(ROWS.to_owned(), rows)])).await.map(Some)
    }

    /// For every table of a plan the rollup that answers in its place; nothing when there is a table without one.
    async fn chosen(
        &self,
        scope: &TenantScope,
        tenant: &Tenant,
        snapshot: &Snapshot,
        plan: &Plan,
    ) -> Result<Option<Vec<Chosen>>, StoreError> {
        let rollups = tenant.rollups();
        let (mut aggregates, mut tables) = (Vec::new(), 0);
        innermost(&plan.root, &mut 0, &mut tables, &mut aggregates);
        if aggregates.is_empty() || aggregates.len() != tables {
            return Ok(None);
        }
        let mut all = Vec::new();
        for (place, node) in aggregates {
            let mut best: Option<Chosen> = None;
            for matched in rollups.iter().filter_map(|rollup| matched(node, rollup)) {
                let parts = self.manifest.known_parts(scope, &matched.rollup).await?;
                let chosen = choose(place, node, matched, snapshot, |segment| {
                    parts.of(segment).and_then(|known| known.rows)
                });
                let cost = |chosen: &Chosen| chosen.rollup_rows.saturating_add(chosen.rest_rows());
                if chosen.is_worth_it() && best.as_ref().is_none_or(|best| cost(&chosen) < cost(best)) {
                    best = Some(chosen);
                }
            }
            let Some(best) = best else { return Ok(None) };
            all.push(best);
        }
        Ok(Some(all))
    }

    /// What a plan makes rollups look at; nothing where the events are asked.
    pub(in crate::embedded) async fn estimate_by_rollups(
        &self,
        scope: &TenantScope,
        tenant: &Tenant,
        snapshot: &Snapshot,
        plan: &Plan,
    ) -> Result<Option<PlanEstimate>, StoreError> {
        if tenant.rollups().is_empty() {
            return Ok(None);
        }
        let Some(chosen) = self.chosen(scope, tenant, snapshot, plan).await? else { return Ok(None) };
        let scan = |chosen: Chosen| {
            let segments = &chosen.rest.segments;
            let rows = segments.iter().map(|segment| segment.rows).sum::<u64>() + chosen.rollup_rows;
            let in_memory = chosen.rest.chunks.iter().map(|chunk| chunk.record.num_rows() as u64).sum();
            ScanEstimate {
                table: chosen.table.clone(),
                rollup: Some(chosen.matched.rollup.name().to_owned()),
                segments: segments.len() as u64,
                segments_total: chosen.considered,
                rows,
                rows_in_range: rows,
                bytes: segments.iter().map(|segment| segment.bytes).sum(),
                memory_rows: in_memory,
            }
        };
        Ok(Some(PlanEstimate { scans: chosen.into_iter().map(scan).collect() }))
    }
}

/// Whether so many rows of a rollup take less time than so many events.
fn is_worth_it(rollup_rows: u64, events: u64) -> bool {
    let rows_max = (events / EVENTS_PER_ROLLUP_ROW).clamp(ROLLUP_ROWS_QUICK, ROLLUP_ROWS_MAX);
    events > 0 && rollup_rows <= events.min(rows_max)
}

/// How `matched` is answered from `snapshot`; `rows` says how many a rollup keeps of a segment that it has counted.
fn choose(
    place: usize,
    node: &Node,
    matched: Match,
    snapshot: &Snapshot,
    rows: impl Fn(&Segment) -> Option<u64>,
) -> Chosen {
    let (rollup, span) = (&matched.rollup, matched.span);
    let is_wanted = |mart: &sentra_model::Mart| {
        rollup.takes(mart) && matched.marts.as_ref().is_none_or(|marts| marts.contains(mart))
    };
    let (mut counted, mut rest, mut rollup_rows) = (Vec::new(), Vec::new(), 0_u64);
    let (mut considered, mut pruned) = (0, 0);
    for segment in snapshot.segments.iter().filter(|segment| is_wanted(&segment.mart)) {
        considered += 1;
        if !span.overlaps(segment.first, segment.last) {
            pruned += 1;
            continue;
        }
        match (rows(segment), span.buckets(rollup.grain(), segment.first, segment.last)) {
            (Some(rows), Some(buckets)) => {
                rollup_rows = rollup_rows.saturating_add(rows);
                counted.push((Arc::clone(segment), buckets));
            }
            _ => rest.push(Arc::clone(segment)),
        }
    }
    let chunks = snapshot.chunks.iter().filter(|chunk| is_wanted(&chunk.mart)).cloned().collect();
    let rest = Snapshot { segments: rest, chunks, ..snapshot.clone() };
    let (table, columns) = (matched.table.clone(), node.columns.clone());
    Chosen { place, table, columns, matched, counted, rollup_rows, rest, considered, pruned }
}

fn inputs(node: &Node) -> Vec<&Node> {
    match &node.op {
        Op::Scan { .. } | Op::Values { .. } => Vec::new(),
        Op::Join { left, right, .. } => vec![left, right],
        Op::Union { inputs } => inputs.iter().collect(),
        Op::Filter { input, .. }
        | Op::Project { input, .. }
        | Op::Aggregate { input, .. }
        | Op::Sort { input, .. }
        | Op::Take { input, .. }
        | Op::Parse { input, .. }
        | Op::Expand { input, .. }
        | Op::Sequence { input, .. } => vec![input],
    }
}

/// The aggregates that have none below them, with their places among all, and how many tables there are.
fn innermost<'a>(node: &'a Node, place: &mut usize, tables: &mut usize, found: &mut Vec<(usize, &'a Node)>) {
    if matches!(node.op, Op::Scan { .. }) {
        *tables += 1;
    }
    let own = *place;
    let is_aggregate = matches!(node.op, Op::Aggregate { .. });
    *place += usize::from(is_aggregate);
    let known = found.len();
    inputs(node).into_iter().for_each(|input| innermost(input, place, tables, found));
    if is_aggregate && found.len() == known {
        found.push((own, node));
    }
}

/// `node` with values in the place of the aggregates that have some, counted as [`innermost`] does.
fn with_values(node: &Node, place: &mut usize, values: &mut BTreeMap<usize, Vec<Row>>) -> Node {
    if matches!(node.op, Op::Aggregate { .. }) {
        let own = *place;
        *place += 1;
        if let Some(rows) = values.remove(&own) {
            return Node { op: Op::Values { rows }, columns: node.columns.clone() };
        }
    }
    let mapped = node
        .try_map_inputs(&mut |input| Ok::<_, std::convert::Infallible>(with_values(input, place, values)));
    match mapped {
        Ok(node) => node,
        Err(never) => match never {},
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollup_that_is_nearly_as_large_as_its_events_is_left_alone() {
        assert!(!is_worth_it(0, 0) && !is_worth_it(11, 10) && is_worth_it(10, 10));
        assert!(
            is_worth_it(ROLLUP_ROWS_QUICK, ROLLUP_ROWS_QUICK) && !is_worth_it(ROLLUP_ROWS_QUICK + 1, 150_000)
        );
        assert!(is_worth_it(20_000, 1_000_000) && !is_worth_it(20_001, 1_000_000));
        assert!(is_worth_it(ROLLUP_ROWS_MAX, u64::MAX) && !is_worth_it(ROLLUP_ROWS_MAX + 1, u64::MAX));
    }
}
