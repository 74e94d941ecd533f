//! Binary records out of a stream of bytes, however the stream is cut.
//!
//! SMF comes as records behind record descriptor words (RDW), as blocks of them behind block descriptor words
//! (BDW), and in segments of spanned records (VBS). Journal entries say their length in their first field, EMS
//! buffers in their header. Where a length cannot be true, the stream goes on at the next place that looks like
//! a record, and what lies between is one [`LegacyFramed::Broken`]: law LOSS.

use crate::legacy::units::{Measure, Start, Units};
use crate::{Framed, LineFramer};

/// One piece of a stream of legacy records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegacyFramed<'a> {
    /// One record, spanned segments joined.
    Record {
        /// Number from 1; broken pieces count.
        position: u64,
        /// The record.
        bytes: &'a [u8],
    },
    /// Bytes that are no whole record. They go to the dead letters.
    Broken {
        /// Number from 1.
        position: u64,
        /// Where in the stream they begin, from 0.
        offset: u64,
        /// How many they are.
        length_bytes: u64,
        /// What was wrong, for people.
        detail: &'a str,
        /// The first of them.
        excerpt: &'a [u8],
    },
}

/// What a stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegacyStream {
    /// z/OS SMF records.
    Smf,
    /// IBM i audit journal entries, in EBCDIC or translated to ASCII.
    Qaudjrn,
    /// NonStop EMS: SPI buffers, or lines of text.
    Ems,
}

/// How many bytes of a broken piece are kept.
const EXCERPT_BYTES_MAX: usize = 1024;

/// Cuts a stream into records. Law LIMIT: it holds at most one record of `record_bytes_max` bytes, the segments of one more,
/// and the chunk that it is given.
#[derive(Debug)]
pub struct RdwFramer {
    units: Units,
    record_bytes_max: usize,
    /// What has come and makes no whole unit yet.
    pending: Vec<u8>,
    /// Where in the stream `pending` begins.
    offset: u64,
    position: u64,
    /// Bytes of a unit that is too long or whose block is broken.
    skip: u64,
    lost: Option<Broken>,
    spanned: Option<Spanned>,
    /// Text streams are lines.
    lines: Option<LineFramer>,
    is_decided: bool,
}

/// A stretch without a record, as it grows.
#[derive(Debug)]
struct Broken {
    offset: u64,
    length_bytes: u64,
    detail: String,
    excerpt: Vec<u8>,
}

/// The segments of a spanned record that have come so far.
#[derive(Debug)]
struct Spanned {
    offset: u64,
    length_bytes: u64,
    /// With the RDW of the first segment; no longer than the limit.
    bytes: Vec<u8>,
}

impl RdwFramer {
    /// A framer for records of at most `record_bytes_max` bytes.
    #[must_use]
    pub fn new(stream: LegacyStream, record_bytes_max: usize) -> Self {
        Self {
            units: Units::new(stream),
            record_bytes_max,
            pending: Vec::new(),
            offset: 0,
            position: 0,
            skip: 0,
            lost: None,
            spanned: None,
            lines: None,
            is_decided: false,
        }
    }

    /// Takes the next bytes of the stream and hands every record that is complete to `emit`.
    pub fn push(&mut self, chunk: &[u8], emit: &mut impl FnMut(LegacyFramed<'_>)) {
        if self.lines.is_some() {
            return self.push_lines(chunk, emit);
        }
        let mut pending = std::mem::take(&mut self.pending);
        pending.extend_from_slice(chunk);
        self.take_units(pending, false, emit);
    }

    /// Ends the stream: what is not whole by now is broken.
    pub fn finish(&mut self, emit: &mut impl FnMut(LegacyFramed<'_>)) {
        if self.lines.is_none() {
            let pending = std::mem::take(&mut self.pending);
            self.take_units(pending, true, emit);
        }
        if let Some(lines) = &mut self.lines {
            lines.finish(&mut |framed| emit_line(framed, emit));
            return;
        }
        let rest = std::mem::take(&mut self.pending);
        if !rest.is_empty() && self.lost.is_none() {
            self.lose("the stream ends within a record".to_owned());
        }
        if let Some(lost) = &mut self.lost {
            lost.add(&rest);
        }
        self.offset += rest.len() as u64;
        self.end_lost(emit);
        self.end_spanned("has no last segment before the end of the stream", emit);
    }

    fn push_lines(&mut self, bytes: &[u8], emit: &mut impl FnMut(LegacyFramed<'_>)) {
        if let Some(lines) = &mut self.lines {
            lines.push(bytes, &mut |framed| emit_line(framed, emit));
        }
    }

    /// Takes what is whole of `bytes` and keeps the rest as pending.
    fn take_units(&mut self, bytes: Vec<u8>, at_end: bool, emit: &mut impl FnMut(LegacyFramed<'_>)) {
        if !self.is_decided {
            match self.units.is_text(&bytes, at_end) {
                None => {
                    self.pending = bytes;
                    return;
                }
                Some(true) => {
                    self.lines = Some(LineFramer::new(self.record_bytes_max));
                    self.is_decided = true;
                    return self.push_lines(&bytes, emit);
                }
                Some(false) => self.is_decided = true,
            }
        }
        let begin = self.offset;
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            let count = self.step(rest, at_end, emit);
            if count == 0 {
                break;
            }
            taken += count;
            self.offset = begin + taken as u64;
        }
        self.pending = bytes;
        self.pending.drain(..taken.min(self.pending.len()));
    }

    /// How many bytes of `rest` are done with; 0 when more must come first.
    fn step(&mut self, rest: &[u8], at_end: bool, emit: &mut impl FnMut(LegacyFramed<'_>)) -> usize {
        if self.skip > 0 {
            let count = usize::try_from(self.skip).unwrap_or(usize::MAX).min(rest.len());
            self.skip -= count as u64;
            return count;
        }
        if let Some(lost) = &mut self.lost {
            let (skipped, found) = self.units.find_start(rest, at_end);
            lost.add(rest.get(..skipped).unwrap_or(rest));
            if found {
                self.end_lost(emit);
            }
            // A start right here costs no byte: go on with it at once.
            return if found && skipped == 0 { self.step(rest, at_end, emit) } else { skipped };
        }
        match self.units.measure(rest, at_end) {
            Measure::NeedMore => 0,
            Measure::Fill(count) => count.min(rest.len()),
            Measure::Unit(length) if length > self.record_bytes_max => {
                let detail = format!("a record of {length} bytes, longer than {}", self.record_bytes_max);
                self.end_spanned("has lost a segment that is too long", emit);
                self.broken(self.offset, length as u64, &detail, rest, emit);
                self.units.took(length);
                self.skip = length as u64;
                self.step(rest, at_end, emit)
            }
            Measure::Unit(length) => match rest.get(..length) {
                None => 0,
                Some(unit) => {
                    self.units.took(length);
                    self.take(unit, emit);
                    length
                }
            },
            Measure::BrokenBlock { left, detail } => {
                self.end_spanned("has lost a segment in a broken block", emit);
                self.broken(self.offset, left as u64, &detail, rest, emit);
                self.skip = left as u64;
                self.step(rest, at_end, emit)
            }
            Measure::Bad(detail) => {
                self.end_spanned("breaks off before bytes that are no record", emit);
                self.lose(detail);
                if let Some(lost) = &mut self.lost {
                    lost.add(rest.get(..1).unwrap_or_default());
                }
                1
            }
        }
    }

    /// A whole unit: a record, or a segment of one.
    fn take(&mut self, unit: &[u8], emit: &mut impl FnMut(LegacyFramed<'_>)) {
        let start = self.units.segment(unit);
        if matches!(start, Start::Whole | Start::First) {
            self.end_spanned("has no last segment", emit);
        }
        match start {
            Start::Whole => self.record(unit, emit),
            Start::First => {
                self.spanned = Some(Spanned {
                    offset: self.offset,
                    length_bytes: unit.len() as u64,
                    bytes: unit.to_vec(),
                });
            }
            Start::Middle | Start::Last => {
                let Some(spanned) = &mut self.spanned else {
                    let detail = "a later segment of a spanned record without its first one";
                    return self.broken(self.offset, unit.len() as u64, detail, unit, emit);
                };
                spanned.add(unit, self.record_bytes_max);
                if start == Start::Last {
                    self.join(emit);
                }
            }
        }
    }

    /// Hands on the spanned record whose last segment has come.
    fn join(&mut self, emit: &mut impl FnMut(LegacyFramed<'_>)) {
        let Some(mut spanned) = self.spanned.take() else { return };
        if spanned.length_bytes > spanned.bytes.len() as u64 {
            let detail = format!(
                "a spanned record of {} bytes, longer than {}",
                spanned.length_bytes, self.record_bytes_max
            );
            return self.broken(spanned.offset, spanned.length_bytes, &detail, &spanned.bytes, emit);
        }
        // The RDW says what the record now is; a record beyond 65535 bytes has no true one.
        let length = u16::try_from(spanned.bytes.len()).unwrap_or(u16::MAX).to_be_bytes();
        for (byte, new) in spanned.bytes.iter_mut().zip([length[0], length[1], 0, 0]) {
            *byte = new;
        }
        self.record(&spanned.bytes, emit);
    }

    fn record(&mut self, bytes: &[u8], emit: &mut impl FnMut(LegacyFramed<'_>)) {
        self.position += 1;
        emit(LegacyFramed::Record { position: self.position, bytes });
    }

    fn broken(
        &mut self,
        offset: u64,
        length_bytes: u64,
        detail: &str,
        from: &[u8],
        emit: &mut impl FnMut(LegacyFramed<'_>),
    ) {
        self.position += 1;
        let shown = usize::try_from(length_bytes).unwrap_or(usize::MAX).min(EXCERPT_BYTES_MAX);
        let excerpt = from.get(..shown).unwrap_or(from);
        emit(LegacyFramed::Broken { position: self.position, offset, length_bytes, detail, excerpt });
    }

    fn lose(&mut self, detail: String) {
        self.lost = Some(Broken { offset: self.offset, length_bytes: 0, detail, excerpt: Vec::new() });
    }

    fn end_lost(&mut self, emit: &mut impl FnMut(LegacyFramed<'_>)) {
        if let Some(lost) = self.lost.take() {
            self.broken(lost.offset, lost.length_bytes, &lost.detail, &lost.excerpt, emit);
        }
    }

    fn end_spanned(&mut self, why: &str, emit: &mut impl FnMut(LegacyFramed<'_>)) {
        if let Some(spanned) = self.spanned.take() {
            let detail = format!("a spanned record {why}");
            self.broken(spanned.offset, spanned.length_bytes, &detail, &spanned.bytes, emit);
        }
    }
}

impl Broken {
    fn add(&mut self, bytes: &[u8]) {
        self.length_bytes += bytes.len() as u64;
        let room = EXCERPT_BYTES_MAX.saturating_sub(self.excerpt.len());
        self.excerpt.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }
}

impl Spanned {
    fn add(&mut self, segment: &[u8], record_bytes_max: usize) {
        let data = segment.get(4..).unwrap_or_default();
        self.length_bytes += data.len() as u64;
        if self.length_bytes <= record_bytes_max as u64 {
            self.bytes.extend_from_slice(data);
        }
    }
}

fn emit_line(framed: Framed<'_>, emit: &mut impl FnMut(LegacyFramed<'_>)) {
    emit(match framed {
        Framed::Record { position, bytes } => LegacyFramed::Record { position, bytes },
        Framed::TooLong { position, length_bytes, excerpt } => LegacyFramed::Broken {
            position,
            offset: 0,
            length_bytes,
            detail: "a line longer than the limit; its offset is not known",
            excerpt,
        },
    });
}
