//! How long the next piece of a legacy stream is, and where one may begin.

use crate::legacy::ebcdic::CodePage;
use crate::legacy::framer::LegacyStream;
use crate::legacy::packed;
use crate::legacy::{ems, qaudjrn, smf};

/// An RDW or a BDW.
const DESCRIPTOR_BYTES: usize = 4;
/// RDW and header up to the system identification: what a place is recognised by.
const SMF_LOOK_BYTES: usize = 18;
/// The length of an SMF record with nothing but its header.
const SMF_RECORD_BYTES_MIN: usize = 18;

/// What the next bytes of a stream are.
pub(super) enum Measure {
    /// More must come before that can be said.
    NeedMore,
    /// Descriptors and padding, which carry nothing.
    Fill(usize),
    /// A record or segment of this length.
    Unit(usize),
    /// Nothing in the rest of the block can be told apart; the next block is whole again.
    BrokenBlock { left: usize, detail: String },
    /// No length that can be true.
    Bad(String),
}

/// Which part of a record a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Whole,
    First,
    Middle,
    Last,
}

/// How SMF records are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Undecided,
    /// Records behind one another.
    Records,
    /// Blocks; so many bytes of the current one are left.
    Blocks(usize),
    /// Blocks, but a break has lost count of them.
    BlocksLost,
}

/// The units of one stream.
#[derive(Debug)]
pub(super) struct Units {
    stream: LegacyStream,
    packing: Packing,
}

impl Units {
    pub(super) fn new(stream: LegacyStream) -> Self {
        Self { stream, packing: Packing::Undecided }
    }

    /// Whether the stream that begins with `bytes` is lines of text; `None` when more must come first.
    pub(super) fn is_text(&self, bytes: &[u8], at_end: bool) -> Option<bool> {
        let first = *bytes.first()?;
        match self.stream {
            LegacyStream::Smf => Some(false),
            // An SPI buffer begins with FF.
            LegacyStream::Ems => Some((0x20..0x7f).contains(&first) || first.is_ascii_whitespace()),
            LegacyStream::Qaudjrn if !first.is_ascii_digit() => Some(false),
            LegacyStream::Qaudjrn => {
                let Some(head) = bytes.get(..5) else { return at_end.then_some(true) };
                let length =
                    packed::zoned(head, CodePage::Ascii).and_then(|length| usize::try_from(length).ok());
                let Some(length) = length else { return Some(true) };
                // Translated entries are lines when a line ends where the entry does, or before: then the
                // translation has cut off blanks.
                let window = bytes.get(..length + 2).unwrap_or(bytes);
                let has_line_end = memchr::memchr(b'\n', window).is_some();
                (has_line_end || at_end || window.len() == length + 2).then_some(has_line_end)
            }
        }
    }

    /// The next unit of `rest`, which is not empty.
    pub(super) fn measure(&mut self, rest: &[u8], at_end: bool) -> Measure {
        match self.stream {
            LegacyStream::Smf => self.measure_smf(rest, at_end),
            LegacyStream::Qaudjrn => measure_entry(rest),
            LegacyStream::Ems => measure_buffer(rest),
        }
    }

    fn measure_smf(&mut self, rest: &[u8], at_end: bool) -> Measure {
        if matches!(self.packing, Packing::Undecided | Packing::BlocksLost) {
            if rest.len() < SMF_LOOK_BYTES + DESCRIPTOR_BYTES && !at_end {
                return Measure::NeedMore;
            }
            let is_block = is_block(rest);
            self.packing = match self.packing {
                _ if is_block => Packing::Blocks(0),
                Packing::Undecided => Packing::Records,
                other => other,
            };
        }
        if self.packing == Packing::Blocks(0) {
            return self.measure_block(rest);
        }
        let [high, low, segment, zero, ..] = rest else { return Measure::NeedMore };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let is_bad = length < DESCRIPTOR_BYTES || *segment > 3 || *zero != 0;
        match self.packing {
            Packing::Blocks(left) if is_bad || length > left => {
                self.packing = Packing::Blocks(0);
                Measure::BrokenBlock {
                    left,
                    detail: format!("a record descriptor says {length} bytes, {left} are left in the block"),
                }
            }
            _ if is_bad => {
                if self.packing != Packing::Records {
                    self.packing = Packing::BlocksLost;
                }
                Measure::Bad(format!("{high:02x}{low:02x}{segment:02x}{zero:02x} is no record descriptor"))
            }
            _ => Measure::Unit(length),
        }
    }

    fn measure_block(&mut self, rest: &[u8]) -> Measure {
        let Some(word) = rest.first_chunk::<DESCRIPTOR_BYTES>() else { return Measure::NeedMore };
        let word = u32::from_be_bytes(*word);
        // The high bit marks the extended descriptor, all of whose other bits are the length.
        let length = if word >> 31 == 1 { word & 0x7fff_ffff } else { word >> 16 };
        let is_clean = word >> 31 == 1 || word & 0xffff == 0;
        let length = usize::try_from(length).unwrap_or_default();
        if length < 2 * DESCRIPTOR_BYTES || !is_clean {
            self.packing = Packing::BlocksLost;
            return Measure::Bad(format!("{word:08x} is no block descriptor"));
        }
        self.packing = Packing::Blocks(length - DESCRIPTOR_BYTES);
        Measure::Fill(DESCRIPTOR_BYTES)
    }

    /// Says that the unit that was measured is done with.
    pub(super) fn took(&mut self, length: usize) {
        if let Packing::Blocks(left) = &mut self.packing {
            *left = left.saturating_sub(length);
        }
    }

    /// Which part of a record `unit` is: the segment control bits of an RDW.
    pub(super) fn segment(&self, unit: &[u8]) -> Start {
        match (self.stream, unit.get(2)) {
            (LegacyStream::Smf, Some(1)) => Start::First,
            (LegacyStream::Smf, Some(2)) => Start::Last,
            (LegacyStream::Smf, Some(3)) => Start::Middle,
            _ => Start::Whole,
        }
    }

    /// How many bytes to pass over until a unit may begin, and whether one does behind them.
    pub(super) fn find_start(&mut self, rest: &[u8], at_end: bool) -> (usize, bool) {
        for place in 0..rest.len() {
            let Some(here) = rest.get(place..) else { break };
            match self.may_begin(here) {
                Some(true) => return (place, true),
                None if !at_end => return (place, false),
                _ => {}
            }
        }
        (rest.len(), false)
    }

    /// Whether a unit may begin here; `None` when too few bytes have come to say.
    fn may_begin(&self, here: &[u8]) -> Option<bool> {
        match self.stream {
            LegacyStream::Smf
                if self.packing == Packing::BlocksLost && here.len() >= SMF_LOOK_BYTES + DESCRIPTOR_BYTES =>
            {
                Some(is_record(here) || is_block(here))
            }
            LegacyStream::Smf => (here.len() >= SMF_LOOK_BYTES + DESCRIPTOR_BYTES).then(|| is_record(here)),
            LegacyStream::Qaudjrn => {
                if here.len() < qaudjrn::LOOK_BYTES {
                    // Most bytes are no digit: they need no look ahead.
                    let may = here.first().is_some_and(|byte| byte.is_ascii_digit() || *byte >= 0xf0);
                    return if may { None } else { Some(false) };
                }
                Some(qaudjrn::is_heading(here))
            }
            LegacyStream::Ems => match here {
                [0xff, 0xe4, ..] if here.len() >= ems::LOOK_BYTES => Some(ems::buffer_length(here).is_some()),
                [0xff] | [0xff, 0xe4, ..] => None,
                _ => Some(false),
            },
        }
    }
}

/// Whether a whole or a first segment begins here: a possible RDW before a possible header.
fn is_record(here: &[u8]) -> bool {
    let [high, low, 0 | 1, 0, header @ ..] = here else { return false };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    length >= SMF_RECORD_BYTES_MIN && smf::is_header(header)
}

/// Whether a block begins here: a possible BDW before a possible record that fits it.
fn is_block(here: &[u8]) -> bool {
    let Some((word, record)) = here.split_first_chunk::<DESCRIPTOR_BYTES>() else { return false };
    let word = u32::from_be_bytes(*word);
    let length = if word >> 31 == 1 { word & 0x7fff_ffff } else { word >> 16 };
    let is_clean = word >> 31 == 1 || word & 0xffff == 0;
    let fits = match record {
        [high, low, ..] => u32::from(u16::from_be_bytes([*high, *low])) + 4 <= length,
        _ => false,
    };
    is_clean && fits && is_record(record) && !is_record(here)
}

fn measure_entry(rest: &[u8]) -> Measure {
    // Record padding and line ends of either character set.
    let fill =
        rest.iter().take_while(|byte| matches!(byte, 0x00 | 0x40 | 0x20 | 0x0d | 0x0a | 0x15 | 0x25)).count();
    if fill > 0 {
        return Measure::Fill(fill);
    }
    if rest.len() < qaudjrn::LOOK_BYTES {
        return Measure::NeedMore;
    }
    match qaudjrn::entry_length(rest).filter(|_| qaudjrn::is_heading(rest)) {
        Some(length) => Measure::Unit(length),
        None => Measure::Bad("no journal entry begins here".to_owned()),
    }
}

fn measure_buffer(rest: &[u8]) -> Measure {
    if rest.len() < ems::LOOK_BYTES {
        return Measure::NeedMore;
    }
    match ems::buffer_length(rest) {
        Some(length) => Measure::Unit(length),
        None => Measure::Bad("no SPI buffer begins here".to_owned()),
    }
}
