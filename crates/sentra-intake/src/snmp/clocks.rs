//! The clocks of engines: ours, and those of the senders we have heard. They are what makes a replay fail.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::snmp::engine_id::EngineId;
use crate::snmp::problem::{SetupProblem, SnmpProblem};
use crate::snmp::usm::{Iv, SALT_BYTES};

/// RFC 3414 section 2.2.3.
pub const TIME_WINDOW_S: u64 = 150;
/// RFC 3414 section 2.2.2: an engine that has booted this often must get a new id.
const BOOTS_MAX: u32 = 2_147_483_647;
/// For so long a sender's clock is kept ahead of its newest message, so that it need not be written with every message and
/// what came after it was written is refused after a crash all the same. It is less than [`TIME_WINDOW_S`], so that an
/// honest sender is within its window meanwhile.
const RESERVE_S: u32 = 60;

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

/// What is known of a sender's clock; kept across restarts, so that those do not open the door for old traps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineClock {
    /// The sender.
    pub engine: EngineId,
    /// How often it had booted.
    pub boots: u32,
    /// Seconds since then, in the newest message.
    pub time_s: u32,
    /// How many seconds ago that came.
    pub age_s: u64,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    boots: u32,
    /// The highest time among its messages, and when that one came by our clock: before its zero, if that was before a
    /// restart.
    time_s: u32,
    at_s: i64,
    /// When anything came from it.
    heard_s: i64,
    /// Up to which time of these boots its clock is kept.
    kept_s: Option<u32>,
    /// Whether `time_s` is that already, as it is after a restart until something newer comes: it is not put ahead again.
    is_ahead: bool,
}

impl Seen {
    fn age_s(&self, now_s: i64) -> u64 {
        u64::try_from(now_s.saturating_sub(self.at_s)).unwrap_or(0)
    }

    /// What its clock should show now.
    fn expected_s(&self, now_s: i64) -> u64 {
        u64::from(self.time_s).saturating_add(self.age_s(now_s))
    }

    fn is_due(&self) -> bool {
        self.kept_s.is_none_or(|kept_s| kept_s < self.time_s)
    }
}

fn signed(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// The clocks of senders, shared by the readers of a process: what one door has taken no other takes for new, and neither
/// does the reader after a reload.
#[derive(Debug, Clone)]
pub struct SenderClocks(Arc<Mutex<Clocks>>);

impl SenderClocks {
    /// Nothing is known of so many senders at most.
    #[must_use]
    pub fn new(engines_max: usize) -> Self {
        Self(Arc::new(Mutex::new(Clocks::new(engines_max))))
    }

    pub(crate) fn locked(&self) -> MutexGuard<'_, Clocks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known now.
    #[must_use]
    pub fn known(&self, now_s: u64) -> Vec<EngineClock> {
        self.locked().known(now_s, 0)
    }

    /// What must be durable before anything is taken that was read until now; nothing where it is already. The clocks are
    /// ahead of the newest messages, by what [`SenderClocks::kept`] then spares.
    #[must_use]
    pub fn to_keep(&self, now_s: u64) -> Option<Vec<EngineClock>> {
        let clocks = self.locked();
        clocks.is_due.then(|| clocks.known(now_s, RESERVE_S))
    }

    /// These are durable.
    pub fn kept(&self, kept: &[EngineClock]) {
        let mut clocks = self.locked();
        for clock in kept {
            if let Some(seen) = clocks.seen.get_mut(&clock.engine).filter(|seen| seen.boots == clock.boots) {
                seen.kept_s = Some(clock.time_s);
            }
        }
        clocks.is_due = clocks.seen.values().any(Seen::is_due);
    }

    /// Takes over what was known before a restart. It is no reason to keep anything anew.
    pub fn remember(&self, clocks: Vec<EngineClock>, now_s: u64) {
        let mut known = self.locked();
        for clock in clocks {
            let (engine, time_s) = (clock.engine.clone(), clock.time_s);
            known.remember(clock, now_s);
            if let Some(seen) = known.seen.get_mut(&engine) {
                (seen.kept_s, seen.is_ahead) = (Some(time_s), true);
            }
        }
        known.is_due = known.seen.values().any(Seen::is_due);
    }
}

/// The clocks of the senders of authenticated traps. Only a digest that is right changes them.
#[derive(Debug)]
pub(crate) struct Clocks {
    seen: HashMap<EngineId, Seen>,
    engines_max: usize,
    /// Whether a clock is not kept as far as it has come.
    is_due: bool,
}

impl Clocks {
    pub(crate) fn new(engines_max: usize) -> Self {
        Self { seen: HashMap::new(), engines_max: engines_max.max(1), is_due: false }
    }

    /// The clocks as of now, `ahead_s` ahead of the newest messages.
    pub(crate) fn known(&self, now_s: u64, ahead_s: u32) -> Vec<EngineClock> {
        let clock = |(engine, seen): (&EngineId, &Seen)| EngineClock {
            engine: engine.clone(),
            boots: seen.boots,
            time_s: seen.time_s.saturating_add(if seen.is_ahead { 0 } else { ahead_s }).min(BOOTS_MAX),
            age_s: seen.age_s(signed(now_s)),
        };
        let mut clocks: Vec<_> = self.seen.iter().map(clock).collect();
        clocks.sort_by(|one, other| one.engine.cmp(&other.engine));
        clocks
    }

    pub(crate) fn remember(&mut self, clock: EngineClock, now_s: u64) {
        let EngineClock { engine, boots, time_s, age_s } = clock;
        self.make_room_for(&engine);
        let at_s = signed(now_s).saturating_sub(signed(age_s));
        self.seen.insert(engine, Seen { boots, time_s, at_s, heard_s: at_s, kept_s: None, is_ahead: false });
        self.is_due = true;
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
            self.remember(EngineClock { engine: engine.clone(), boots, time_s, age_s: 0 }, now_s);
            return Ok(());
        };
        let now = signed(now_s);
        let is_newer = boots > seen.boots || (boots == seen.boots && time_s > seen.time_s);
        let is_within =
            boots == seen.boots && u64::from(time_s).saturating_add(TIME_WINDOW_S) >= seen.expected_s(now);
        if boots == BOOTS_MAX || !(is_newer || is_within) {
            let expected = format!("boots {}, time {} s", seen.boots, seen.expected_s(now));
            return Err(SnmpProblem::NotInTimeWindow { boots, time_s, expected });
        }
        if is_newer {
            seen.kept_s = seen.kept_s.filter(|_| boots == seen.boots);
            (seen.boots, seen.time_s, seen.at_s, seen.is_ahead) = (boots, time_s, now, false);
            self.is_due |= seen.is_due();
        }
        seen.heard_s = now;
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
        before.known(100, 0).into_iter().for_each(|clock| after.remember(clock, 0));
        assert!(after.check(&engine(1), 4, 9_000, 1).is_err());
        assert!(after.check(&engine(1), 5, 4_000, 1).is_err());
        assert!(after.check(&engine(1), 5, 5_001, 1).is_ok());
    }

    fn check(clocks: &SenderClocks, number: u8, boots: u32, time_s: u32, now_s: u64) -> bool {
        clocks.locked().check(&engine(number), boots, time_s, now_s).is_ok()
    }

    #[test]
    fn clocks_are_kept_when_they_have_passed_what_is_kept() {
        let clocks = SenderClocks::new(8);
        assert_eq!(clocks.to_keep(0), None);
        assert!(check(&clocks, 1, 5, 600, 100));
        let first = clocks.to_keep(101).unwrap();
        let expected = EngineClock { engine: engine(1), boots: 5, time_s: 600 + RESERVE_S, age_s: 1 };
        assert_eq!(first, [expected]);
        assert!(clocks.to_keep(101).is_some(), "until it is durable");
        clocks.kept(&first);
        assert!(clocks.to_keep(101).is_none());
        assert!(check(&clocks, 1, 5, 600 + RESERVE_S, 160) && clocks.to_keep(160).is_none(), "it is covered");
        assert!(check(&clocks, 1, 5, 601 + RESERVE_S, 161) && clocks.to_keep(161).is_some());
        // What was moved while it was written is due still.
        let second = clocks.to_keep(161).unwrap();
        assert!(check(&clocks, 1, 6, 1, 162));
        clocks.kept(&second);
        let third = clocks.to_keep(163).unwrap();
        assert_eq!((third[0].boots, third[0].time_s), (6, 1 + RESERVE_S));
        clocks.kept(&third);
        assert!(check(&clocks, 2, 1, 1, 164) && clocks.to_keep(164).is_some(), "a sender that is new");
    }

    /// Whatever came before a crash, at whatever moment after the last writing, is refused after it as it would have been
    /// without one; who is honest is not.
    #[test]
    fn a_crash_opens_the_door_for_nothing_old() {
        for since_kept_s in [0, 1, RESERVE_S - 1, RESERVE_S] {
            for down_s in [0_u64, 10, 200, 100_000] {
                let before = SenderClocks::new(8);
                assert!(check(&before, 1, 5, 10_000, 1_000));
                let kept = before.to_keep(1_000).unwrap();
                before.kept(&kept);
                let (last_s, crashed_s) = (10_000 + since_kept_s, 1_000 + u64::from(since_kept_s));
                assert!(check(&before, 1, 5, last_s, crashed_s) && before.to_keep(crashed_s).is_none());
                let after = || {
                    let after = SenderClocks::new(8);
                    let age_s = u64::from(since_kept_s) + down_s;
                    let aged = kept.iter().map(|clock| EngineClock { age_s, ..clock.clone() });
                    after.remember(aged.collect(), 0);
                    assert!(after.to_keep(0).is_none(), "it is durable");
                    after
                };
                let case = format!("{since_kept_s} s after it was kept, down for {down_s} s");
                // The last one comes again when it is too old without a crash, too.
                let late_s = (TIME_WINDOW_S + 1).saturating_sub(down_s);
                assert!(!check(&after(), 1, 5, last_s, late_s), "{case}");
                assert!(!check(&after(), 1, 4, u32::MAX >> 1, 0), "{case}: of earlier boots");
                // What is sent now, by a clock that runs as ours does, and by a sender that has restarted.
                let honest_s = last_s + u32::try_from(down_s).unwrap();
                assert!(check(&after(), 1, 5, honest_s, 0), "{case}");
                assert!(check(&after(), 1, 6, 0, 0), "{case}");
            }
        }
    }

    #[test]
    fn restarts_in_a_row_put_nobody_ahead() {
        let mut kept = Vec::new();
        for restart in 0..5 {
            let clocks = SenderClocks::new(8);
            clocks.remember(kept, 0);
            // The first one is silent after its first trap, the second one speaks again and again.
            assert!(restart > 0 || check(&clocks, 1, 5, 10_000, 0));
            assert!(check(&clocks, 2, 1 + restart, 0, 0));
            kept = clocks.to_keep(0).unwrap();
            assert_eq!((kept[0].time_s, kept[1].time_s), (10_000 + RESERVE_S, RESERVE_S), "{restart}");
        }
    }

    #[test]
    fn the_longest_silent_engine_is_forgotten_first() {
        let mut clocks = Clocks::new(2);
        clocks.check(&engine(1), 1, 1, 10).unwrap();
        clocks.check(&engine(2), 1, 1, 11).unwrap();
        clocks.check(&engine(1), 1, 2, 12).unwrap();
        clocks.check(&engine(3), 1, 1, 13).unwrap();
        let known: Vec<_> = clocks.known(13, 0).into_iter().map(|clock| clock.engine).collect();
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
