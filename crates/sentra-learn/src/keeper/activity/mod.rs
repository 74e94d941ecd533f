//! Hours of users and hosts: counted while events come, judged when they end, kept to train on.
//!
//! An hour of an entity ends when an event of its own comes that is later than its end by the lateness, or when event
//! time as a whole has passed that and nothing was added to it between two sweeps (every quarter of an hour of event
//! time). What it held is judged at once, and held back for a while before anything is learnt from it: alerts about it
//! come after the chunk in which it ended.

mod entities;
mod feature;
mod frame;
mod live;
mod rows;
mod side;
mod sketch;
mod window;

use std::collections::{BTreeSet, VecDeque};

use sentra_model::EventBatch;

pub(crate) use self::feature::{FEATURES, Party, Row, names, table};
pub(crate) use self::live::{Live, USUAL};
pub use self::side::KindCounters;
pub(crate) use self::side::Side;
pub(crate) use self::window::Mark;

use self::entities::{Entities, NEVER};
use self::frame::Frame;
use self::sketch::Novelty;
use self::window::{Fact, PEER, Window};
use super::finding::KeeperFinding;
use super::settings::{DAY_MICROS, HOUR_MICROS, KeeperSettings};
use crate::baseline::hash::NONE;

/// Event time between two sweeps for hours that are over, in microseconds.
const SWEEP_MICROS: i64 = 15 * 60_000_000;
/// How far an event may be ahead of its arrival, in microseconds; beyond, its time is wrong.
const AHEAD_MICROS_MAX: i64 = HOUR_MICROS;
/// How far it may be behind its arrival.
const BEHIND_MICROS_MAX: i64 = 400 * DAY_MICROS;
/// An hour that ended is held back until so many events came, or until it is so old by arrival (µs).
const HOLD_EVENTS: u64 = 65_536;
const HOLD_MICROS: i64 = HOUR_MICROS;
/// Law LIMIT: hours that are held back; more are not learnt from, and that is counted.
const HELD_MAX: usize = 32_768;

/// What was left out, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct ActivityCounters {
    /// Events of which a user or a host was counted.
    pub events: u64,
    /// Events whose time is too far from their arrival: 1970, 2099.
    pub skewed: u64,
    /// Counts of events for hours that had ended.
    pub late: u64,
    /// Counts of events of users and hosts for which there was no room.
    pub refused: u64,
    /// Users and hosts that were forgotten for others.
    pub evicted: u64,
    /// Hours not learnt from because too many were held back.
    pub not_held: u64,
    /// Users and hosts remembered now.
    pub entities: u64,
    /// Hours open now.
    pub open: u64,
    /// Hours held back now.
    pub held: u64,
}

/// An hour that ended and is not learnt from yet.
#[derive(Debug, Clone, PartialEq)]
struct Held {
    party: Party,
    row: Row,
    mark: Mark,
    /// Events and arrival when it ended.
    events: u64,
    seen: i64,
}

/// Whether the hour of a row touches these times, both inclusive.
fn touches(hour: i32, (from, to): (i64, i64)) -> bool {
    let start = i64::from(hour) * HOUR_MICROS;
    start <= to && start + HOUR_MICROS > from
}

/// All hours of one tenant.
#[derive(Debug)]
pub(crate) struct Activity {
    settings: KeeperSettings,
    entities: Entities,
    novelty: Novelty,
    sides: [Side; 2],
    /// Time of the first event.
    first: i64,
    /// The latest event time, and its quarter of an hour.
    watermark: i64,
    quarter: i64,
    sweeps: u64,
    /// The latest arrival.
    seen: i64,
    held: VecDeque<Held>,
    /// Number of the first that is held back.
    held_first: u64,
    /// Entity and number of each.
    held_index: BTreeSet<(u64, u64)>,
    held_changed: BTreeSet<u64>,
    /// After which sweep hours were ended for want of room.
    forced: Option<u64>,
    counters: ActivityCounters,
    /// What was last stored of what has no rows of its own.
    stored: Vec<u8>,
}

/// Findings, with the batch whose event brought them.
pub(super) type Found = Vec<(usize, KeeperFinding)>;

impl Activity {
    pub(crate) fn new(settings: KeeperSettings) -> Self {
        Self {
            entities: Entities::new(settings.activity_entities_max, settings.activity_windows_max),
            novelty: Novelty::new(),
            sides: Party::ALL.map(|party| Side::new(party, &settings)),
            settings,
            first: NEVER,
            watermark: NEVER,
            quarter: i64::MIN,
            sweeps: 0,
            seen: NEVER,
            held: VecDeque::new(),
            held_first: 0,
            held_index: BTreeSet::new(),
            held_changed: BTreeSet::new(),
            forced: None,
            counters: ActivityCounters::default(),
            stored: Vec::new(),
        }
    }

    pub(crate) fn side(&self, party: Party) -> &Side {
        let [user, host] = &self.sides;
        if party == Party::User { user } else { host }
    }

    pub(crate) fn side_mut(&mut self, party: Party) -> &mut Side {
        let [user, host] = &mut self.sides;
        if party == Party::User { user } else { host }
    }

    /// Event time of the first event and the latest; none before there was one.
    pub(crate) fn times(&self) -> Option<(i64, i64)> {
        (self.watermark != NEVER).then_some((self.first.min(self.watermark), self.watermark))
    }

    pub(crate) fn counters(&self) -> ActivityCounters {
        ActivityCounters {
            evicted: self.entities.evicted,
            entities: self.entities.len() as u64,
            open: self.entities.windows() as u64,
            held: self.held.len() as u64,
            ..self.counters
        }
    }

    /// Takes the events of a chunk in.
    pub(crate) fn observe(&mut self, batches: &[EventBatch]) -> Found {
        let mut frames: Vec<Frame<'_>> = batches.iter().map(Frame::new).collect();
        let spots = Frame::order(batches, &frames);
        let mut found = Found::new();
        for spot in spots {
            let Some(frame) = frames.get_mut(spot.batch()) else { continue };
            let row = spot.row();
            let Some((time, seen)) = frame.when(row) else { continue };
            self.seen = self.seen.max(seen);
            let ahead = time.saturating_sub(seen);
            if !(-BEHIND_MICROS_MAX..=AHEAD_MICROS_MAX).contains(&ahead) {
                self.counters.skewed += 1;
                continue;
            }
            self.counters.events += 1;
            if time > self.watermark {
                if self.watermark == NEVER {
                    self.first = time;
                }
                self.watermark = time;
                let quarter = time.div_euclid(SWEEP_MICROS);
                if quarter > self.quarter {
                    self.quarter = quarter;
                    self.sweep(false, (spot.batch(), &mut found));
                }
            }
            let parties = frame.parties(row);
            if parties == [NONE, NONE] {
                continue;
            }
            let mut fact = frame.fact(row, time);
            let [user, host] = parties;
            for (party, own, peer) in [(Party::User, user, host), (Party::Host, host, user)] {
                if own == NONE {
                    continue;
                }
                if let Some(thing) = fact.things.get_mut(PEER) {
                    *thing = peer;
                }
                self.count(frame, row, party, &fact, (spot.batch(), &mut found));
            }
        }
        found
    }

    /// Counts one event for one of its parties.
    #[inline]
    fn count(
        &mut self,
        frame: &mut Frame<'_>,
        row: usize,
        party: Party,
        fact: &Fact,
        (batch, found): (usize, &mut Found),
    ) {
        let Some(slot) = frame.slot(row, party, &mut self.entities) else {
            self.counters.refused += 1;
            return;
        };
        let hour = i32::try_from(fact.time.div_euclid(HOUR_MICROS)).unwrap_or(i32::MAX);
        let Some(which) = self.window_of(slot, hour, frame.name(row, party), (batch, &mut *found)) else {
            return;
        };
        let lateness = self.settings.lateness_micros;
        let Some(entity) = self.entities.change(slot) else { return };
        let key = entity.key;
        let [before, current] = &mut entity.open;
        let is_over =
            before.as_ref().is_some_and(|before| fact.time >= before.end().saturating_add(lateness));
        if let Some(window) = if which == 0 { before } else { current } {
            window.touched = self.sweeps;
            window.add(key, fact, &mut self.novelty, |number| frame.thing(row, party, number));
        }
        if is_over {
            found.extend(self.close(slot, 0).map(|finding| (batch, finding)));
        }
    }

    /// Which of the entity's open hours is `hour`; a later one is opened.
    #[inline]
    fn window_of(
        &mut self,
        slot: u32,
        hour: i32,
        name: &str,
        (batch, found): (usize, &mut Found),
    ) -> Option<usize> {
        let entity = self.entities.get(slot)?;
        let [before, current] = &entity.open;
        let hour_of = |window: &Option<Box<Window>>| window.as_ref().map(|window| window.hour);
        match (hour_of(before), hour_of(current)) {
            (_, Some(known)) if known == hour => return Some(1),
            (Some(known), _) if known == hour => return Some(0),
            (_, Some(known)) if known > hour => {
                self.counters.late += 1;
                return None;
            }
            (_, None) if hour <= entity.closed_hour => {
                self.counters.late += 1;
                return None;
            }
            _ => {}
        }
        let has_before = before.is_some();
        if has_before {
            found.extend(self.close(slot, 0).map(|finding| (batch, finding)));
        }
        if !self.entities.has_room() && self.forced != Some(self.sweeps) {
            self.forced = Some(self.sweeps);
            self.sweep(true, (batch, found));
        }
        if !self.entities.has_room() {
            self.counters.refused += 1;
            return None;
        }
        self.entities.open(slot, Window::new(hour, name));
        Some(1)
    }

    /// Ends the hours that are over and that nothing was added to since the last sweep, or all that are over.
    fn sweep(&mut self, all: bool, (batch, found): (usize, &mut Found)) {
        let (watermark, lateness) = (self.watermark, self.settings.lateness_micros);
        for slot in 0..self.entities.slots() {
            for which in [0, 1] {
                let window = self.entities.get(slot).and_then(|entity| entity.open.get(which)?.as_ref());
                let is_over = window.is_some_and(|window| {
                    window.end().saturating_add(lateness) <= watermark
                        && (all || window.touched < self.sweeps)
                });
                if is_over {
                    found.extend(self.close(slot, which).map(|finding| (batch, finding)));
                }
            }
        }
        self.sweeps += u64::from(!all);
        self.learn_held();
    }

    /// Ends an hour: judges it, and holds it back.
    fn close(&mut self, slot: u32, which: usize) -> Option<KeeperFinding> {
        let window = self.entities.close(slot, which)?;
        let entity = self.entities.change(slot)?;
        let row = window.row(entity.key, entity.hours.saturating_sub(1));
        let mut mark = window.mark;
        let since = (row.hour_start() - self.settings.quarantine_micros).saturating_add(1);
        if (since..row.hour_start() + HOUR_MICROS).contains(&entity.alerted_at) {
            mark.alert();
        }
        let day = self.watermark.div_euclid(DAY_MICROS);
        let [user, host] = &mut self.sides;
        let side = if entity.party == Party::User { user } else { host };
        let party = entity.party;
        let finding = side.judge(&row, &window, mark, entity, day);
        if finding.is_some() {
            mark.alert();
        }
        side.latest.push(row.clone());
        if self.held.len() >= HELD_MAX {
            self.learn_held();
        }
        if self.held.len() >= HELD_MAX {
            self.counters.not_held += 1;
            return finding;
        }
        let number = self.held_first + self.held.len() as u64;
        self.held_index.insert((row.key, number));
        self.held_changed.insert(number);
        let (events, seen) = (self.counters.events, self.seen);
        self.held.push_back(Held { party, row, mark, events, seen });
        finding
    }

    /// Learns from hours that were held back long enough. It is called at places of the stream that do not depend on
    /// how it was cut.
    fn learn_held(&mut self) {
        let (events, seen) = (self.counters.events, self.seen);
        let is_due = |held: &Held| {
            events.saturating_sub(held.events) >= HOLD_EVENTS || seen.saturating_sub(held.seen) >= HOLD_MICROS
        };
        while self.held.front().is_some_and(is_due) {
            let Some(held) = self.held.pop_front() else { break };
            self.held_index.remove(&(held.row.key, self.held_first));
            self.held_changed.insert(self.held_first);
            self.held_first += 1;
            self.side_mut(held.party).learn(held.row, held.mark);
        }
    }

    fn held_of(&mut self, key: u64) -> impl Iterator<Item = (u64, &mut Held)> {
        let numbers: Vec<u64> =
            self.held_index.range((key, 0)..=(key, u64::MAX)).map(|(_, number)| *number).collect();
        let first = self.held_first;
        let mut numbers = numbers.into_iter().peekable();
        (first..).zip(self.held.iter_mut()).filter(move |(number, _)| numbers.next_if_eq(number).is_some())
    }

    /// Something was found about an entity: its hour, and those of the quarantine after it, are not learnt from.
    pub(crate) fn alerted(&mut self, party: Party, key: u64, time: i64) {
        let times = (time, time.saturating_add(self.settings.quarantine_micros));
        if let Some(slot) = self.entities.find(key)
            && let Some(entity) = self.entities.change(slot)
        {
            // An alert dated into the future silences nobody, and does not take a real one's place.
            if time <= self.watermark.saturating_add(AHEAD_MICROS_MAX) {
                entity.alerted_at = entity.alerted_at.max(time);
            }
            for window in entity.open.iter_mut().flatten().filter(|window| touches(window.hour, times)) {
                window.mark.alert();
            }
        }
        let mut changed = Vec::new();
        for (number, held) in self.held_of(key).filter(|(_, held)| touches(held.row.hour, times)) {
            held.mark.alert();
            changed.push(number);
        }
        self.held_changed.extend(changed);
        self.side_mut(party).alerted(key, times);
    }

    /// An analyst said what the hours of an entity were; how many there were.
    pub(crate) fn verdict(&mut self, party: Party, key: u64, times: (i64, i64), mark: Mark) -> usize {
        let mut judged = 0;
        if let Some(slot) = self.entities.find(key)
            && let Some(entity) = self.entities.change(slot)
        {
            for window in entity.open.iter_mut().flatten().filter(|window| touches(window.hour, times)) {
                judged += usize::from(window.mark.judge(mark));
            }
            if mark == Mark::Harmless {
                (entity.alerted_at, entity.reported_at) = (NEVER, NEVER);
            } else {
                entity.alerted_at = entity.alerted_at.max(times.1.min(self.watermark));
            }
        }
        let mut changed = Vec::new();
        for (number, held) in self.held_of(key).filter(|(_, held)| touches(held.row.hour, times)) {
            judged += usize::from(held.mark.judge(mark));
            changed.push(number);
        }
        self.held_changed.extend(changed);
        let (labelled, habit) = self.side_mut(party).verdict(key, times, mark);
        if let Some(slot) = self.entities.find(key)
            && let Some(entity) = self.entities.change(slot)
        {
            entity.habit = entity.habit.max(habit);
        }
        judged + labelled
    }

    /// A model takes over: what its training rows show of an entity is its habit.
    pub(crate) fn take_over(&mut self, party: Party, live: Option<std::sync::Arc<Live>>) {
        let habits = self.side_mut(party).take_over(live);
        for slot in 0..self.entities.slots() {
            let Some(entity) = self.entities.get(slot).filter(|entity| entity.party == party) else {
                continue;
            };
            let habit = habits.get(&entity.key).copied().unwrap_or_default();
            // Surprises of different models cannot be compared: what another one saw is forgotten.
            if entity.habit != habit
                && let Some(entity) = self.entities.change(slot)
            {
                entity.habit = habit;
            }
        }
    }
}
