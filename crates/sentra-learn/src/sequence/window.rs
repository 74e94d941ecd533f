//! What is kept of one entity: the codes of its latest events, and how surprising the last ten were.

use super::bytes::Reader;
use super::{SequenceError, Symbol};

/// Events that one score is about.
pub const WINDOW_EVENTS: usize = 10;
/// Events of a sequence that is kept for retraining.
pub const CHUNK_EVENTS: usize = 32;
/// Events kept of an entity: those of the window and the ones before it, which are the first's context.
pub(crate) const KEPT_EVENTS: usize = WINDOW_EVENTS + CHUNK_EVENTS;
/// Steps per bit in which surprise is kept; the largest surprise kept is 64 bits.
const STEPS_PER_BIT: f32 = 1_024.0;

/// The latest events of one entity, packed: 63 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityWindow {
    /// The latest codes, right-aligned: the newest is the last.
    codes: [u8; KEPT_EVENTS],
    /// −log2 p of the last ten when they came, right-aligned, in steps of 1/1024 bit.
    steps: [u16; WINDOW_EVENTS],
    /// How many codes are known.
    known: u8,
}

impl Default for EntityWindow {
    fn default() -> Self {
        Self { codes: [0; KEPT_EVENTS], steps: [0; WINDOW_EVENTS], known: 0 }
    }
}

impl EntityWindow {
    /// Takes an event in that was `bits` surprising.
    #[inline]
    pub(crate) fn push(&mut self, symbol: Symbol, bits: f32) {
        self.codes.copy_within(1.., 0);
        self.steps.copy_within(1.., 0);
        if let (Some(code), Some(step)) = (self.codes.last_mut(), self.steps.last_mut()) {
            *code = symbol.0;
            // A cast to an integer saturates, and not-a-number becomes 0.
            *step = (bits * STEPS_PER_BIT + 0.5) as u16;
        }
        self.known = (self.known + 1).min(KEPT_EVENTS as u8);
    }

    /// Every code known, oldest first.
    #[inline]
    pub(crate) fn codes(&self) -> &[u8] {
        self.codes.get(KEPT_EVENTS - usize::from(self.known)..).unwrap_or_default()
    }

    /// The codes that were known before the last ten events, oldest first.
    #[inline]
    pub(crate) fn matured(&self) -> &[u8] {
        let known = self.codes();
        known.get(..known.len().saturating_sub(WINDOW_EVENTS)).unwrap_or_default()
    }

    /// Whether ten events are known.
    #[must_use]
    #[inline]
    pub fn is_full(&self) -> bool {
        usize::from(self.known) >= WINDOW_EVENTS
    }

    /// The symbols of the last ten events, oldest first; fewer while fewer are known.
    pub fn symbols(&self) -> impl Iterator<Item = Symbol> {
        let known = self.codes();
        known.iter().skip(known.len().saturating_sub(WINDOW_EVENTS)).map(|code| Symbol(*code))
    }

    /// How surprising each of the last ten events was, in bits, oldest first; 0 where none is known.
    pub fn bits(&self) -> impl Iterator<Item = f32> {
        self.steps.iter().map(|steps| f32::from(*steps) / STEPS_PER_BIT)
    }

    /// Mean −log2 p of the last ten events, in bits.
    #[must_use]
    #[inline]
    pub fn mean_bits(&self) -> f32 {
        let sum: u32 = self.steps.iter().map(|steps| u32::from(*steps)).sum();
        // Below 2^24, so exact.
        sum as f32 / (STEPS_PER_BIT * WINDOW_EVENTS as f32)
    }

    /// Place in the window (0 is the oldest) of its most surprising event; the latest where several are.
    #[must_use]
    pub fn most_surprising(&self) -> usize {
        self.steps.iter().enumerate().max_by_key(|(_, steps)| **steps).map_or(0, |(place, _)| place)
    }

    /// Puts the codes into another alphabet.
    pub(crate) fn translate(&mut self, translation: &[Symbol]) {
        for code in &mut self.codes {
            *code = translation.get(usize::from(*code)).map_or(0, |symbol| symbol.0);
        }
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.known);
        bytes.extend_from_slice(self.codes());
        for steps in self.steps {
            bytes.extend_from_slice(&steps.to_le_bytes());
        }
    }

    /// Reads a window of an alphabet of `symbols`.
    pub(crate) fn read(reader: &mut Reader<'_>, symbols: usize) -> Result<Self, SequenceError> {
        let known = reader.u8()?;
        if usize::from(known) > KEPT_EVENTS {
            return Err(reader.problem("more events than a window keeps"));
        }
        let codes = reader.take(usize::from(known))?;
        if codes.iter().any(|code| usize::from(*code) >= symbols) {
            return Err(reader.problem("symbol is not in the alphabet"));
        }
        let mut window = Self { known, ..Self::default() };
        for (kept, code) in window.codes.iter_mut().rev().zip(codes.iter().rev()) {
            *kept = *code;
        }
        for steps in &mut window.steps {
            *steps = reader.u16()?;
        }
        Ok(window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_forgets_what_is_older_than_it_keeps() {
        let mut window = EntityWindow::default();
        assert_eq!(size_of::<EntityWindow>(), 64);
        for number in 0..100_u8 {
            assert_eq!(window.is_full(), number >= 10);
            window.push(Symbol(number), f32::from(number) / 4.0);
        }
        assert_eq!(window.codes().len(), KEPT_EVENTS);
        assert_eq!(window.matured(), (58..90).collect::<Vec<u8>>());
        assert_eq!(window.symbols().map(Symbol::number).collect::<Vec<_>>(), (90..100).collect::<Vec<u8>>());
        assert_eq!(window.mean_bits(), (90..100).sum::<i32>() as f32 / 40.0);
        assert_eq!(window.most_surprising(), 9);
        window.push(Symbol(1), f32::INFINITY);
        window.push(Symbol(1), f32::NAN);
        assert_eq!(window.most_surprising(), 8);
        assert_eq!(window.bits().last(), Some(0.0));
        let mut bytes = Vec::new();
        window.write(&mut bytes);
        assert_eq!(EntityWindow::read(&mut Reader::new(&bytes), 100).unwrap(), window);
        assert!(EntityWindow::read(&mut Reader::new(&bytes), 99).is_err(), "a symbol beyond the alphabet");
    }
}
