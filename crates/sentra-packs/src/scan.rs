//! Detection over records that are not stored: `sentra detect` and the samples of a pack.

use std::collections::BTreeMap;
use std::sync::Arc;

use sentra_decode::{Decoded, Decoder};
use sentra_detect::{Detector, Match, RuleSet};
use sentra_model::{
    BatchBuilder, BatchError, DeadReason, EventBatch, EventId, EventRow, Mart, RawRecord, RuleKind, RuleRef,
    TenantId, Timestamp,
};

/// One finding with the place in its source.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanMatch {
    /// The rule that matched.
    pub rule: Arc<RuleRef>,
    /// Path or sender of the event that (last) triggered it.
    pub source: String,
    /// Line or record number of that event.
    pub position: u64,
    /// Its time.
    pub time: Timestamp,
    /// Its fields.
    pub fields: Vec<(String, String)>,
    /// How many happenings the finding stands for.
    pub count: u64,
    /// What a correlation grouped by.
    pub group: Vec<(String, String)>,
}

/// Decodes and detects in memory.
pub struct Scanner {
    decoder: Decoder,
    detector: Detector,
    tenant: TenantId,
    builders: BTreeMap<Mart, BatchBuilder>,
    /// Correlation findings grow while their run lasts; the last version of each is reported at the end.
    runs: Runs,
    pending: usize,
    next_offset: u64,
    events: u64,
    dead: BTreeMap<&'static str, u64>,
}

impl std::fmt::Debug for Scanner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scanner").field("events", &self.events).finish_non_exhaustive()
    }
}

impl Scanner {
    /// A scanner that runs `rules`.
    #[must_use]
    pub fn new(decoder: Decoder, rules: Arc<RuleSet>) -> Self {
        Self {
            decoder,
            detector: Detector::new(rules),
            tenant: TenantId::default_tenant(),
            builders: BTreeMap::new(),
            runs: BTreeMap::new(),
            pending: 0,
            next_offset: 0,
            events: 0,
            dead: BTreeMap::new(),
        }
    }

    /// Takes one record; returns findings when a batch is full.
    pub fn push(&mut self, record: &RawRecord<'_>) -> Result<Vec<ScanMatch>, BatchError> {
        let id = EventId::raw(0, self.next_offset);
        self.next_offset += 1;
        let mut is_full = false;
        match self.decoder.decode(record) {
            Decoded::Event(event) => {
                let tenant = self.tenant.clone();
                let builder = self
                    .builders
                    .entry(event.mart.clone())
                    .or_insert_with(|| BatchBuilder::new(tenant, event.mart.clone()));
                builder.push(id, record, &event)?;
                self.events += 1;
                self.pending += 1;
                is_full = builder.is_full() || self.pending >= sentra_model::events_per_batch_max();
            }
            Decoded::Dead { reason, .. } => self.count_dead(reason),
        }
        if is_full { self.flush() } else { Ok(Vec::new()) }
    }

    /// Counts a record that never became one.
    pub fn count_dead(&mut self, reason: DeadReason) {
        *self.dead.entry(reason.as_str()).or_default() += 1;
    }

    /// Detects over what is pending.
    pub fn flush(&mut self) -> Result<Vec<ScanMatch>, BatchError> {
        self.pending = 0;
        let mut batches: Vec<EventBatch> = Vec::new();
        for builder in self.builders.values_mut().filter(|builder| !builder.is_empty()) {
            batches.push(builder.finish()?);
        }
        let mut single = Vec::new();
        for batch in &batches {
            for found in self.detector.process(batch) {
                let reported = report(&found, batch.row(found.row));
                if found.rule.kind == RuleKind::Sigma {
                    single.push(reported);
                } else {
                    keep_run(&mut self.runs, &found, reported);
                }
            }
        }
        single.sort_by(|one, other| {
            (&one.source, one.position, &one.rule.id).cmp(&(&other.source, other.position, &other.rule.id))
        });
        Ok(single)
    }

    /// Detects over what is pending and returns it with the correlation findings.
    pub fn finish(&mut self) -> Result<Vec<ScanMatch>, BatchError> {
        let mut found = self.flush()?;
        // The file is all there is: what waits for event time to pass has waited long enough.
        for decided in self.detector.advance(&self.tenant, Timestamp::MAX) {
            let reported = report(&decided, None);
            keep_run(&mut self.runs, &decided, reported);
        }
        found.extend(std::mem::take(&mut self.runs).into_values());
        Ok(found)
    }

    /// Events understood so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Records not understood so far, by reason.
    #[must_use]
    pub fn dead(&self) -> &BTreeMap<&'static str, u64> {
        &self.dead
    }
}

/// Runs by rule, group and the event that opened them.
type Runs = BTreeMap<(String, String, EventId), ScanMatch>;

fn keep_run(runs: &mut Runs, found: &Match, reported: ScanMatch) {
    let group = format!("{:?}", found.group);
    runs.insert((found.rule.id.clone(), group, found.run), reported);
}

/// What time decided has no row: then source and position are empty and the fields are those of the group.
fn report(found: &Match, row: Option<EventRow<'_>>) -> ScanMatch {
    let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    ScanMatch {
        rule: Arc::clone(&found.rule),
        source: row.and_then(|row| row.text("source")).unwrap_or_default().to_owned(),
        position: row.map_or(0, EventRow::source_position),
        time: found.time,
        fields: row.map_or_else(|| found.group.clone(), |row| row.fields().map(text).collect()),
        count: found.count,
        group: found.group.clone(),
    }
}
