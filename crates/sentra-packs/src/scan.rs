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

/// How far apart in event time records of several marts may be that are detected over together, in microseconds. A
/// batch is of one mart, and what comes after its end by more than the lateness is late: half of that is sure.
const MIXED_SPAN_MICROS_MAX: i64 = 30 * 1_000_000;

/// Decodes and detects in memory.
pub struct Scanner {
    decoder: Decoder,
    detector: Detector,
    tenant: TenantId,
    builders: BTreeMap<Mart, BatchBuilder>,
    /// Correlation findings grow while their run lasts; the last version of each is reported at the end.
    runs: Runs,
    pending: usize,
    /// Earliest and latest time of what is pending, in microseconds.
    pending_span: Option<(i64, i64)>,
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
            pending_span: None,
            next_offset: 0,
            events: 0,
            dead: BTreeMap::new(),
        }
    }

    /// Takes one record; returns findings when a batch is full.
    pub fn push(&mut self, record: &RawRecord<'_>) -> Result<Vec<ScanMatch>, BatchError> {
        self.push_with(record, &[])
    }

    /// Takes one record, whose event gets `fields` beside its own: what enrichment would append to it.
    pub(crate) fn push_with(
        &mut self,
        record: &RawRecord<'_>,
        fields: &[(String, String)],
    ) -> Result<Vec<ScanMatch>, BatchError> {
        let id = EventId::raw(0, self.next_offset);
        self.next_offset += 1;
        let (mut is_full, mut found) = (false, Vec::new());
        match self.decoder.decode(record) {
            Decoded::Event(mut event) => {
                for (name, value) in fields {
                    event.push(name.as_str(), value.as_str());
                }
                if self.would_be_late(&event.mart, event.time) {
                    found = self.flush()?;
                }
                let time = event.time.micros();
                let (earliest, latest) = self.pending_span.unwrap_or((time, time));
                self.pending_span = Some((earliest.min(time), latest.max(time)));
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
        if is_full {
            found.extend(self.flush()?);
        }
        Ok(found)
    }

    /// Whether an event at `time` makes what is pending of several marts too long to be detected over together.
    fn would_be_late(&self, mart: &Mart, time: Timestamp) -> bool {
        let Some((earliest, latest)) = self.pending_span else { return false };
        let micros = time.micros();
        let is_long = latest.max(micros).saturating_sub(earliest.min(micros)) > MIXED_SPAN_MICROS_MAX;
        is_long && self.builders.iter().any(|(other, builder)| other != mart && !builder.is_empty())
    }

    /// Counts a record that never became one.
    pub fn count_dead(&mut self, reason: DeadReason) {
        *self.dead.entry(reason.as_str()).or_default() += 1;
    }

    /// Detects over what is pending.
    pub fn flush(&mut self) -> Result<Vec<ScanMatch>, BatchError> {
        self.pending = 0;
        self.pending_span = None;
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

#[cfg(test)]
mod tests {
    use sentra_decode::DecodeOptions;
    use sentra_detect::RuleSource;
    use sentra_model::{Source, SourceKind};

    use super::*;

    const RULES: &str = "
title: came
id: 9b0a6e0e-3a39-4a44-8f53-3f2f0f6c7a01
name: came
logsource: {product: linux}
detection: {s: {code: LL01}, condition: s}
---
title: left
id: 9b0a6e0e-3a39-4a44-8f53-3f2f0f6c7a02
name: left
logsource: {product: linux}
detection: {s: {code: LL02}, condition: s}
---
title: came and stayed
id: 9b0a6e0e-3a39-4a44-8f53-3f2f0f6c7a03
correlation:
  type: temporal
  rules: [came, left]
  group-by: [user]
  timespan: 10m
  condition: came and not left
";

    /// Batches are of one mart each: the first of them must not take time so far that the others are late.
    #[test]
    fn records_of_another_mart_hours_later_make_nothing_late() {
        let source = RuleSource { path: "r.yml".into(), text: RULES.into(), pack: "test@1".into() };
        let (rules, _) = RuleSet::compile(vec![source]);
        let mut scanner = Scanner::new(Decoder::new(DecodeOptions::default()), Arc::new(rules));
        let received: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        let origin = Source { kind: SourceKind::File, origin: "f".into(), format: None, reference: received };
        let lines = [
            "2026-11-20T10:00:00Z web-1 sshd[1]: Accepted password for alice from 203.0.113.9 port 5 ssh2",
            r#"{"uuid":"1","published":"2026-11-20T12:00:00Z","eventType":"user.session.start","displayMessage":"x","actor":{"alternateId":"bob"},"outcome":{"result":"SUCCESS"}}"#,
        ];
        let mut found = Vec::new();
        for (position, line) in (1..).zip(lines) {
            let record = RawRecord { source: &origin, position, received, bytes: line.as_bytes() };
            found.extend(scanner.push(&record).unwrap());
        }
        found.extend(scanner.finish().unwrap());
        let groups: Vec<_> = found.iter().map(|found| (found.rule.title.as_str(), &found.group)).collect();
        assert_eq!(groups, [("came and stayed", &vec![("user".to_owned(), "alice".to_owned())])]);
    }
}
