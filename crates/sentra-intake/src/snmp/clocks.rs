//! The clocks of engines: ours, and those of the senders we have heard. They are what makes a replay fail.

use std::collections::HashMap;

use crate::snmp::engine_id::EngineId;
use crate::snmp::problem::{SetupProblem, SnmpProblem};
use crate::snmp::usm::{Iv, SALT_BYTES};

/// RFC 3414 section 2.2.3.
pub const TIME_WINDOW_S: u64 = 150;
/// RFC 3414 section 2.2.2: an engine that has booted this often must get a new id.
const BOOTS_MAX: u32 = 2_147_483_647;

/// Our own engine: the authority for informs, which are sent to us by our id and our clock.
#[derive(Debug)]
pub struct Authority {
    pub(crate) engine: EngineId,
    pub(crate) boots: u32,
    started_s: u64,
    salt: u64,
}

impl Authority {
    /// Our engine as of this start.
    ///
    /// `boots` must be one more than at the last start, and be kept before this is called: the initialisation vectors
    /// of our encrypted answers are made of it, and an old one lets old informs be replayed. `salt` is random. `now_s`
    /// is of the clock that [`crate::snmp::TrapReader::read`] is given.
    ///
    /// # Errors
    /// When the counter is at its end.
    pub fn new(engine: EngineId, boots: u32, salt: u64, now_s: u64) -> Result<Self, SetupProblem> {
        if boots == 0 || boots >= BOOTS_MAX {
            return Err(SetupProblem::Boots);
        }
        Ok(Self { engine, boots, started_s: now_s, salt })
    }

    /// Seconds since the start.
    pub(crate) fn time_s(&self, now_s: u64) -> u32 {
        let time_s = now_s.saturating_sub(self.started_s).min(u64::from(BOOTS_MAX));
        u32::try_from(time_s).unwrap_or(BOOTS_MAX)
    }

    /// An initialisation vector that was never used before.
    pub(crate) fn next_iv(&mut self, now_s: u64) -> Iv {
        self.salt = self.salt.wrapping_add(1);
        let salt: [u8; SALT_BYTES] = self.salt.to_be_bytes();
        Iv { boots: self.boots, time_s: self.time_s(now_s), salt }
    }

    /// RFC 3414 section 3.2 (7a).
    pub(crate) fn check(&self, boots: u32, time_s: u32, now_s: u64) -> Result<(), SnmpProblem> {
        let own_s = self.time_s(now_s);
        if boots == self.boots && u64::from(time_s.abs_diff(own_s)) <= TIME_WINDOW_S {
            return Ok(());
        }
        let expected = format!("boots {}, time {own_s} s", self.boots);
        Err(SnmpProblem::NotInTimeWindow { boots, time_s, expected })
    }
}

/// What is known of a sender's clock; kept by the caller across restarts, so that those do not open the door for
/// old traps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineClock {
    /// The sender.
    pub engine: EngineId,
    /// How often it had booted.
    pub boots: u32,
    /// Seconds since then, in the newest message.
    pub time_s: u32,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    boots: u32,
    /// The highest time among its messages, and when that one came by our clock.
    time_s: u32,
    at_s: u64,
    /// When anything came from it.
    heard_s: u64,
}

impl Seen {
    /// What its clock should show now.
    fn expected_s(&self, now_s: u64) -> u64 {
        u64::from(self.time_s).saturating_add(now_s.saturating_sub(self.at_s))
    }
}

/// The clocks of the senders of authenticated traps. Only a digest that is right changes them.
#[derive(Debug)]
pub(crate) struct Clocks {
    seen: HashMap<EngineId, Seen>,
    engines_max: usize,
}

impl Clocks {
    pub(crate) fn new(engines_max: usize) -> Self {
        Self { seen: HashMap::new(), engines_max: engines_max.max(1) }
    }

    pub(crate) fn known(&self) -> Vec<EngineClock> {
        let clock = |(engine, seen): (&EngineId, &Seen)| EngineClock {
            engine: engine.clone(),
            boots: seen.boots,
            time_s: seen.time_s,
        };
        let mut clocks: Vec<_> = self.seen.iter().map(clock).collect();
        clocks.sort_by(|one, other| one.engine.cmp(&other.engine));
        clocks
    }

    pub(crate) fn remember(&mut self, clock: EngineClock, now_s: u64) {
        let EngineClock { engine, boots, time_s } = clock;
        self.make_room_for(&engine);
        self.seen.insert(engine, Seen { boots, time_s, at_s: now_s, heard_s: now_s });
    }

    /// RFC 3414 section 3.2 (7b): a newer time moves the clock, an older one must lie within the window.
    pub(crate) fn check(
        &mut self,
        engine: &EngineId,
        boots: u32,
        time_s: u32,
        now_s: u64,
    ) -> Result<(), SnmpProblem> {
        let Some(seen) = self.seen.get_mut(engine) else {
            if boots == BOOTS_MAX {
                return Err(SnmpProblem::NotInTimeWindow {
                    boots,
                    time_s,
                    expected: "a new engine id".to_owned(),
                });
            }
            self.remember(EngineClock { engine: engine.clone(), boots, time_s }, now_s);
            return Ok(());
        };
        let is_newer = boots > seen.boots || (boots == seen.boots && time_s > seen.time_s);
        let is_within =
            boots == seen.boots && u64::from(time_s).saturating_add(TIME_WINDOW_S) >= seen.expected_s(now_s);
        if boots == BOOTS_MAX || !(is_newer || is_within) {
            let expected = format!("boots {}, time {} s", seen.boots, seen.expected_s(now_s));
            return Err(SnmpProblem::NotInTimeWindow { boots, time_s, expected });
        }
        if is_newer {
            (seen.boots, seen.time_s, seen.at_s) = (boots, time_s, now_s);
        }
        seen.heard_s = now_s;
        Ok(())
    }

    /// Law LIMIT: forgets the sender that has been silent longest. An old trap of it could be replayed once.
    fn make_room_for(&mut self, engine: &EngineId) {
        if self.seen.len() < self.engines_max || self.seen.contains_key(engine) {
            return;
        }
        let silent = self.seen.iter().min_by_key(|(_, seen)| seen.heard_s).map(|(engine, _)| engine.clone());
        if let Some(silent) = silent {
            metrics::counter!("sentra_snmp_engines_forgotten_total").increment(1);
            self.seen.remove(&silent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(number: u8) -> EngineId {
        EngineId::of_message(&[0x80, 0, 0, 0, number]).unwrap()
    }

    #[test]
    fn old_traps_are_refused_and_new_ones_are_not() {
        let mut clocks = Clocks::new(8);
        // (arrival, boots, time, accepted)
        let steps = [
            (1_000, 5, 600, true),
            // The same once more within the window.
            (1_001, 5, 600, true),
            (1_150, 5, 600, true),
            (1_151, 5, 600, false),
            // Ours runs faster than the sender's: what is newer than the newest is always taken.
            (9_000, 5, 601, true),
            (9_100, 5, 500, false),
            // It restarted.
            (9_200, 6, 3, true),
            (9_201, 5, 700, false),
            (9_201, BOOTS_MAX, 3, false),
            (9_201, 6, 4, true),
        ];
        for (now_s, boots, time_s, expected) in steps {
            let found = clocks.check(&engine(1), boots, time_s, now_s);
            assert_eq!(found.is_ok(), expected, "at {now_s}: boots {boots} time {time_s}: {found:?}");
        }
    }

    #[test]
    fn a_clock_that_is_remembered_refuses_what_is_older() {
        let mut before = Clocks::new(8);
        before.check(&engine(1), 5, 5_000, 100).unwrap();
        let mut after = Clocks::new(8);
        before.known().into_iter().for_each(|clock| after.remember(clock, 0));
        assert!(after.check(&engine(1), 4, 9_000, 1).is_err());
        assert!(after.check(&engine(1), 5, 4_000, 1).is_err());
        assert!(after.check(&engine(1), 5, 5_001, 1).is_ok());
    }

    #[test]
    fn the_longest_silent_engine_is_forgotten_first() {
        let mut clocks = Clocks::new(2);
        clocks.check(&engine(1), 1, 1, 10).unwrap();
        clocks.check(&engine(2), 1, 1, 11).unwrap();
        clocks.check(&engine(1), 1, 2, 12).unwrap();
        clocks.check(&engine(3), 1, 1, 13).unwrap();
        let known: Vec<_> = clocks.known().into_iter().map(|clock| clock.engine).collect();
        assert_eq!(known, [engine(1), engine(3)]);
    }

    #[test]
    fn informs_must_show_our_clock() {
        let authority = Authority::new(engine(9), 3, 0, 1_000).unwrap();
        for (boots, time_s, expected) in [
            (3, 500, true),
            (3, 350, true),
            (3, 650, true),
            (3, 349, false),
            (3, 651, false),
            (2, 500, false),
        ] {
            assert_eq!(authority.check(boots, time_s, 1_500).is_ok(), expected, "{boots} {time_s}");
        }
        for boots in [0, BOOTS_MAX] {
            assert_eq!(Authority::new(engine(9), boots, 0, 0).unwrap_err(), SetupProblem::Boots);
        }
    }
}
