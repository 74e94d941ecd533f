//! What a memory may learn at run time, and why an attacker cannot teach it.

use sentra_model::Timestamp;

use super::super::bytes::{Reader, Writer};
use super::super::error::ModelError;
use super::prototypes::Prototypes;

/// Most recent points.
pub const RECENT_POINTS_MAX: usize = 1024;

/// How much may be learnt at run time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecentSettings {
    /// How many points are kept; the oldest goes first.
    pub points: usize,
    /// How long a window is, in microseconds.
    pub window_micros: i64,
    /// How many points may be learnt in a window.
    pub points_per_window: u32,
    /// How far all points of a window together may lie from the anchors, in reaches (see [`RecentMemory`]).
    pub drift_per_window: f32,
}

impl Default for RecentSettings {
    fn default() -> Self {
        Self { points: 64, window_micros: 3_600_000_000, points_per_window: 16, drift_per_window: 8.0 }
    }
}

/// What became of a row that could have been learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lesson {
    /// It is remembered.
    Learnt,
    /// It was alerted, so it is not normal.
    Alerted,
    /// The trained model finds it too unusual.
    Unusual,
    /// It is further from the anchors than the reach.
    OutOfReach,
    /// It is so near to what is known that it would teach nothing.
    Known,
    /// The window has had its share.
    WindowFull,
}

/// A ring of recent points beside the anchors.
///
/// Whether a row is learnt is judged by the trained model alone, never by what was learnt: so each lesson lies within
/// the reach of an anchor (the distance within which 99 % of held-out normal rows lie), and a ramp of small steps ends
/// there, however slow it is. What was alerted or is unusual is never learnt, and a window learns little. A world that
/// has really moved further needs a new training, which the drift report asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct RecentMemory {
    settings: RecentSettings,
    prototypes: Prototypes,
    reach: f32,
    next: usize,
    window_start: Option<Timestamp>,
    learnt_in_window: u32,
    drift_in_window: f32,
}

/// How the trained model sees a row that may be learnt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judgement {
    /// Its distance to the anchors alone.
    pub(crate) distance: f32,
    /// Its distance to everything that is known.
    pub(crate) known_distance: f32,
    /// Whether the trained model finds it usual enough to learn from.
    pub(crate) is_usual: bool,
    /// Whether anything raised an alert for it.
    pub(crate) alerted: bool,
}

/// A point nearer to what is known than this share of the reach teaches nothing.
const KNOWN_SHARE_OF_REACH: f32 = 0.1;

impl RecentMemory {
    /// An empty ring for points of so many dimensions.
    pub(crate) fn new(dimensions: usize, reach: f32, settings: RecentSettings) -> Self {
        let settings = RecentSettings { points: settings.points.clamp(1, RECENT_POINTS_MAX), ..settings };
        Self {
            settings,
            prototypes: Prototypes::new(dimensions),
            reach,
            next: 0,
            window_start: None,
            learnt_in_window: 0,
            drift_in_window: 0.0,
        }
    }

    pub(super) fn prototypes(&self) -> &Prototypes {
        &self.prototypes
    }

    /// How many points it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.prototypes.len()
    }

    /// Whether it has learnt nothing yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The largest distance from an anchor at which something is learnt.
    #[must_use]
    pub fn reach(&self) -> f32 {
        self.reach
    }

    /// Whether the window of a row that happened `at` has had its share, or nearly so: then offering it is a waste.
    pub(crate) fn is_full(&self, at: Timestamp) -> bool {
        const NEARLY: f32 = 0.9;
        let is_over = self.window_start.is_none_or(|start| at.since(start) >= self.settings.window_micros);
        !is_over
            && (self.learnt_in_window >= self.settings.points_per_window
                || self.drift_in_window > NEARLY * self.settings.drift_per_window)
    }

    /// Learns the point of a row that happened `at`, unless that is refused.
    pub(crate) fn learn(&mut self, point: &[f32], judgement: Judgement, at: Timestamp) -> Lesson {
        if judgement.alerted {
            return Lesson::Alerted;
        }
        if !judgement.is_usual {
            return Lesson::Unusual;
        }
        if judgement.distance > self.reach {
            return Lesson::OutOfReach;
        }
        if judgement.known_distance < KNOWN_SHARE_OF_REACH * self.reach {
            return Lesson::Known;
        }
        self.turn_window(at);
        let drift = judgement.distance / self.reach.max(f32::MIN_POSITIVE);
        let too_many = self.learnt_in_window >= self.settings.points_per_window;
        if too_many || self.drift_in_window + drift > self.settings.drift_per_window {
            return Lesson::WindowFull;
        }
        self.learnt_in_window += 1;
        self.drift_in_window += drift;
        if self.prototypes.len() < self.settings.points {
            self.prototypes.push(point);
        } else {
            self.prototypes.replace(self.next, point);
        }
        self.next = (self.next + 1) % self.settings.points;
        Lesson::Learnt
    }

    /// A new window begins when the last is over. A time before the window's start (late or forged) begins none.
    fn turn_window(&mut self, at: Timestamp) {
        let is_over = self.window_start.is_none_or(|start| at.since(start) >= self.settings.window_micros);
        if is_over {
            self.window_start = Some(at);
            self.learnt_in_window = 0;
            self.drift_in_window = 0.0;
        }
    }

    /// Its points and where it stands in its window, to be kept over a restart.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.length(self.next);
        writer.u32(self.learnt_in_window);
        writer.f32(self.drift_in_window);
        writer.u64(self.window_start.map_or(i64::MIN, Timestamp::micros) as u64);
        self.prototypes.write(&mut writer);
        writer.finish()
    }

    /// Takes back what [`RecentMemory::to_bytes`] gave.
    ///
    /// # Errors
    /// When the bytes are none of this model's.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), ModelError> {
        let mut reader = Reader::new(bytes);
        let (next, learnt, drift) = (reader.u32()? as usize, reader.u32()?, reader.f32()?);
        let start = reader.u64()? as i64;
        let prototypes = Prototypes::read(&mut reader, self.settings.points)?;
        reader.end()?;
        if prototypes.dimensions() != self.prototypes.dimensions() || next >= self.settings.points {
            return Err(reader.wrong("recent points of another model"));
        }
        self.window_start = (start != i64::MIN).then(|| Timestamp::from_micros(start));
        (self.next, self.learnt_in_window, self.drift_in_window) = (next, learnt, drift);
        self.prototypes = prototypes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> RecentMemory {
        RecentMemory::new(
            1,
            1.0,
            RecentSettings { points: 3, points_per_window: 2, ..RecentSettings::default() },
        )
    }

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_seconds(hours * 3600)
    }

    const USUAL: Judgement = Judgement { distance: 0.5, known_distance: 0.5, is_usual: true, alerted: false };

    #[test]
    fn what_is_not_normal_is_never_learnt() {
        let mut memory = memory();
        let cases = [
            (Judgement { alerted: true, ..USUAL }, Lesson::Alerted),
            (Judgement { is_usual: false, ..USUAL }, Lesson::Unusual),
            (Judgement { distance: 1.01, ..USUAL }, Lesson::OutOfReach),
            (Judgement { known_distance: 0.01, ..USUAL }, Lesson::Known),
        ];
        for (judgement, lesson) in cases {
            assert_eq!(memory.learn(&[1.0], judgement, at(0)), lesson);
        }
        assert!(memory.is_empty());
        assert_eq!(memory.learn(&[1.0], USUAL, at(0)), Lesson::Learnt);
    }

    #[test]
    fn a_window_learns_little_and_the_oldest_goes_first() {
        let mut memory = memory();
        let mut learn = |value: f32, hour| memory.learn(&[value], USUAL, at(hour));
        assert_eq!((learn(1.0, 0), learn(2.0, 0)), (Lesson::Learnt, Lesson::Learnt));
        assert_eq!((learn(3.0, 0), learn(3.0, -5)), (Lesson::WindowFull, Lesson::WindowFull));
        assert_eq!((learn(3.0, 1), learn(4.0, 1)), (Lesson::Learnt, Lesson::Learnt));
        let kept: Vec<f32> = (0..memory.len()).flat_map(|place| memory.prototypes.prototype(place)).collect();
        assert_eq!(kept, vec![4.0, 2.0, 3.0]);
    }

    #[test]
    fn the_drift_of_a_window_is_bounded() {
        let settings = RecentSettings { drift_per_window: 1.0, ..RecentSettings::default() };
        let mut memory = RecentMemory::new(1, 1.0, settings);
        assert_eq!(memory.learn(&[1.0], USUAL, at(0)), Lesson::Learnt);
        assert_eq!(memory.learn(&[2.0], USUAL, at(0)), Lesson::Learnt);
        assert_eq!(memory.learn(&[3.0], USUAL, at(0)), Lesson::WindowFull);
    }

    #[test]
    fn it_survives_a_restart() {
        let mut memory = memory();
        memory.learn(&[1.0], USUAL, at(0));
        memory.learn(&[2.0], USUAL, at(0));
        let bytes = memory.to_bytes();
        let mut again = RecentMemory::new(1, 1.0, memory.settings);
        again.restore(&bytes).unwrap();
        assert_eq!(again, memory);
        for cut in 0..bytes.len() {
            assert!(again.restore(&bytes[..cut]).is_err());
        }
        assert!(RecentMemory::new(2, 1.0, memory.settings).restore(&bytes).is_err());
    }
}
