use std::collections::BTreeMap;
use std::sync::Arc;

use sentra_model::Timestamp;
use serde::Serialize;

use super::index::{IndicatorsBuilder, PushError};
use super::indicator::{IndicatorContext, IndicatorRecord, IndicatorSource, Tlp, short_name};
use super::kind::IndicatorFamily;
use super::value::{IndicatorValue, ValueError};

/// Problems of one feed that are told in full; further ones are counted.
pub const FEED_PROBLEMS_MAX: usize = 1_000;
/// Characters of a value that a problem shows.
const EXCERPT_CHARS_MAX: usize = 80;

/// Where indicators come from, and what holds of each that does not say otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Feed {
    /// The feed's name.
    pub name: String,
    /// Which version of it: a date, a digest.
    pub version: String,
    /// When it was made or fetched. A record without a time was seen then, and none was seen later.
    pub seen: Timestamp,
    /// Confidence of a record that states none, from 0 to 1.
    pub confidence: f64,
    /// Marking of every record.
    pub tlp: Option<Tlp>,
    /// Threats that every record stands for.
    pub threats: Vec<String>,
    /// Labels of every record.
    pub labels: Vec<String>,
    /// What the values are, where the feed has only such; told from their shape otherwise.
    pub family: Option<IndicatorFamily>,
    /// For CSV: which known column a header means, `"Malicious IP"` → `ip`.
    pub columns: BTreeMap<String, String>,
}

impl Feed {
    /// A feed called `name` of which the confidence is one half.
    #[must_use]
    pub fn new(name: impl Into<String>, version: impl Into<String>, seen: Timestamp) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            seen,
            confidence: 0.5,
            tlp: None,
            threats: Vec::new(),
            labels: Vec::new(),
            family: None,
            columns: BTreeMap::new(),
        }
    }

    /// What every record of it has in common.
    pub(crate) fn context(&self) -> IndicatorContext {
        let source = IndicatorSource {
            name: short_name(&self.name).to_owned(),
            version: short_name(&self.version).to_owned(),
        };
        let mut context =
            IndicatorContext { sources: vec![source], tlp: self.tlp, ..IndicatorContext::default() };
        self.threats.iter().for_each(|name| context.add_threat(name));
        self.labels.iter().for_each(|name| context.add_label(name));
        context
    }
}

/// Where in a feed a record stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct FeedPlace {
    /// Line, from 1; 0 where it is not known.
    pub line: u64,
    /// The record's own id, or its number.
    pub record: String,
}

/// Why a record of a feed, or a part of it, is not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FeedProblem {
    /// The feed.
    pub feed: String,
    /// Where.
    pub place: FeedPlace,
    /// The value it is about, shortened; empty where it is about something else.
    pub value: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

/// What reading a feed gave.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct FeedReport {
    /// Values that were taken.
    pub taken: u64,
    /// Values that were refused, each a problem.
    pub refused: u64,
    /// Records that are no indicators by what they say of themselves: not for detection, deleted, revoked.
    pub skipped: u64,
    /// Values whose validity had ended when the feed was made.
    pub expired: u64,
    /// How many problems there were.
    pub problems_total: u64,
    /// The first [`FEED_PROBLEMS_MAX`] of them.
    pub problems: Vec<FeedProblem>,
}

/// What a record says beside its value.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) confidence: Option<f64>,
    pub(crate) last_seen: Option<Timestamp>,
    pub(crate) valid_from: Option<Timestamp>,
    pub(crate) valid_until: Option<Timestamp>,
    pub(crate) context: Arc<IndicatorContext>,
}

impl Facts {
    pub(crate) fn of(context: Arc<IndicatorContext>) -> Self {
        Self { confidence: None, last_seen: None, valid_from: None, valid_until: None, context }
    }
}

/// Takes the records of one feed.
pub(crate) struct Intake<'a> {
    pub(crate) feed: &'a Feed,
    builder: &'a mut IndicatorsBuilder,
    pub(crate) report: FeedReport,
    /// Whether there is no room for more.
    pub(crate) is_full: bool,
}

impl<'a> Intake<'a> {
    pub(crate) fn new(feed: &'a Feed, builder: &'a mut IndicatorsBuilder) -> Self {
        Self { feed, builder, report: FeedReport::default(), is_full: false }
    }

    /// Takes the value that `text` stands for.
    pub(crate) fn offer(
        &mut self,
        text: &str,
        family: Option<IndicatorFamily>,
        facts: &Facts,
        place: impl FnOnce() -> FeedPlace,
    ) {
        let value = match family.or(self.feed.family) {
            Some(family) => IndicatorValue::parse_as(family, text),
            None => IndicatorValue::parse(text),
        };
        self.offer_value(text, value, facts, place);
    }

    /// Takes a value that was read already.
    pub(crate) fn offer_value(
        &mut self,
        text: &str,
        value: Result<IndicatorValue, ValueError>,
        facts: &Facts,
        place: impl FnOnce() -> FeedPlace,
    ) {
        if facts.valid_until.is_some_and(|until| until <= self.feed.seen) {
            self.report.expired += 1;
            return;
        }
        let taken = value.map_err(|error| error.to_string()).and_then(|value| {
            let record = IndicatorRecord {
                value,
                confidence: facts.confidence.unwrap_or(self.feed.confidence),
                // What claims to be seen later would never age.
                last_seen: facts.last_seen.map_or(self.feed.seen, |seen| seen.min(self.feed.seen)),
                valid_from: facts.valid_from,
                valid_until: facts.valid_until,
                context: Arc::clone(&facts.context),
            };
            self.builder.push(&record).map_err(|error| {
                self.is_full |= error == PushError::Full;
                error.to_string()
            })
        });
        match taken {
            Ok(()) => self.report.taken += 1,
            Err(reason) => {
                self.report.refused += 1;
                self.problem(text, reason, place);
            }
        }
    }

    /// Notes a problem.
    pub(crate) fn problem(
        &mut self,
        value: &str,
        reason: impl Into<String>,
        place: impl FnOnce() -> FeedPlace,
    ) {
        self.report.problems_total += 1;
        if self.report.problems.len() < FEED_PROBLEMS_MAX {
            self.report.problems.push(FeedProblem {
                feed: self.feed.name.clone(),
                place: place(),
                value: excerpt(value),
                reason: reason.into(),
            });
        }
    }
}

/// The beginning of a text, without what could disturb a terminal.
pub(crate) fn excerpt(text: &str) -> String {
    let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.trim().chars().take(EXCERPT_CHARS_MAX).map(printable).collect()
}

/// Counts lines up to offsets that only grow.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    bytes: &'a [u8],
    offset: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0, line: 1 }
    }

    /// The line, from 1, in which `offset` lies.
    pub(crate) fn at(&mut self, offset: usize) -> u64 {
        if offset < self.offset {
            (self.offset, self.line) = (0, 1);
        }
        let between = self.bytes.get(self.offset..offset.min(self.bytes.len())).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', between).count() as u64;
        self.offset = offset.min(self.bytes.len());
        self.line
    }

    /// The line of a part of the bytes.
    pub(crate) fn of(&mut self, part: &str) -> u64 {
        self.at((part.as_ptr() as usize).saturating_sub(self.bytes.as_ptr() as usize))
    }
}
