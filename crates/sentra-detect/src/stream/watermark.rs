use serde::{Deserialize, Serialize};

/// How far the event time of one tenant has come, in microseconds.
///
/// Everything before `highest - lateness` is taken to have arrived: it is decided, and what arrives for it
/// afterwards is too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Watermark {
    /// Highest event time so far; `None` before the first event.
    highest: Option<i64>,
}

impl Watermark {
    /// Takes note of an event that happened at `time` and arrived at `seen`. A time in the future of its own
    /// arrival does not count: one event with a wrong clock must not make all others late. Whether it moved.
    pub(crate) fn observe(&mut self, time: i64, seen: i64) -> bool {
        self.advance(time.min(seen))
    }

    /// Says that event time has come to `time`. Whether that is news; it never goes back.
    pub(crate) fn advance(&mut self, time: i64) -> bool {
        let moves = self.highest.is_none_or(|highest| time > highest);
        if moves {
            self.highest = Some(time);
        }
        moves
    }

    /// Events before this time are decided; later ones may still get company.
    pub(crate) fn decided_before(&self, lateness_micros: i64) -> i64 {
        self.highest.map_or(i64::MIN, |highest| highest.saturating_sub(lateness_micros))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_forward_only_and_not_into_the_future() {
        let mut watermark = Watermark::default();
        assert_eq!(watermark.decided_before(10), i64::MIN);
        assert!(watermark.observe(100, 200));
        assert!(!watermark.observe(90, 200));
        assert_eq!(watermark.decided_before(10), 90);
        // A clock that is a year ahead.
        assert!(watermark.observe(1_000_000, 200));
        assert_eq!(watermark.decided_before(10), 190);
        assert!(watermark.advance(300));
        assert_eq!(watermark.decided_before(10), 290);
    }
}
