//! Real events and rules, and how they are timed.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::Read;
use std::path::{Path, PathBuf};

use rustix::time::{ClockId, clock_gettime};
use sentra_decode::{DecodeOptions, Decoded, Decoder};
use sentra_detect::RuleSource;
use sentra_model::{
    BatchBuilder, EventBatch, EventId, Mart, RawRecord, Source, SourceKind, TenantId, Timestamp,
};

/// Law LIMIT: bytes that are read of a file.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// The directories of active rules.
pub const RULE_DIRECTORIES: [&str; 3] = ["rules", "rules-emerging-threats", "rules-threat-hunting"];

/// A match: line of the event (from 0) and id of the rule.
pub type Pairs = BTreeSet<(u64, String)>;

/// The text of a file, `.zst` unpacked.
pub fn text(path: &Path) -> Result<String, Box<dyn Error>> {
    let opened = std::fs::File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut text = String::new();
    if path.extension().is_some_and(|extension| extension == "zst") {
        zstd::Decoder::new(opened)?.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    } else {
        opened.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    }
    Ok(text)
}

/// Every rule file below the directories of active rules in `sigma`, sorted by path.
pub fn rule_sources(sigma: &Path) -> Result<Vec<RuleSource>, Box<dyn Error>> {
    let mut paths = Vec::new();
    let mut left: Vec<PathBuf> = RULE_DIRECTORIES.iter().map(|name| sigma.join(name)).collect();
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(&directory)? {
            let path = entry?.path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yml") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let source = |path: &PathBuf| {
        let text = std::fs::read_to_string(path)?;
        Ok(RuleSource { path: path.display().to_string(), text, pack: "public".to_owned() })
    };
    paths.iter().map(source).collect()
}

/// Decodes lines into batches of at most `rows` events; an event's offset is its line, from 0.
pub struct Batches<'a> {
    decoder: Decoder,
    source: Source,
    builders: BTreeMap<Mart, BatchBuilder>,
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
    rows: usize,
}

impl<'a> Batches<'a> {
    /// The lines of `text`.
    pub fn new(text: &'a str, rows: usize) -> Self {
        let reference = Timestamp::from_seconds(1_772_400_000);
        let source = Source { kind: SourceKind::File, origin: "events".to_owned(), format: None, reference };
        let decoder = Decoder::new(DecodeOptions::default());
        Self { decoder, source, builders: BTreeMap::new(), lines: text.lines().enumerate(), rows }
    }
}

impl Iterator for Batches<'_> {
    type Item = Result<EventBatch, sentra_model::BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        for (offset, line) in self.lines.by_ref() {
            let received = self.source.reference;
            let record = RawRecord { source: &self.source, position: 1, received, bytes: line.as_bytes() };
            let Decoded::Event(event) = self.decoder.decode(&record) else { continue };
            let new = || BatchBuilder::new(TenantId::default_tenant(), event.mart.clone());
            let builder = self.builders.entry(event.mart.clone()).or_insert_with(new);
            if let Err(error) = builder.push(EventId::raw(0, offset as u64), &record, &event) {
                return Some(Err(error));
            }
            if builder.len() >= self.rows || builder.is_full() {
                return Some(builder.finish());
            }
        }
        let left = self.builders.values_mut().find(|builder| !builder.is_empty())?;
        Some(left.finish())
    }
}

/// Seconds of processor time that this thread has used.
pub fn thread_seconds() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// The value of which `share` are smaller; the values are sorted by it.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((last as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
}
