//! A run: the records of a scenario in the order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::acts::Act;
use crate::dice::Dice;
use crate::life::{background, people, routine};
use crate::moment::{DAY, Micros, SECOND, midnight};
use crate::plan::{Memory, Plan, Planned, StoryId};
use crate::scenarios::Scenario;
use crate::sources::{Pen, Source, write};
use crate::truth::Truth;
use crate::world::World;

/// Microseconds between background records; less than one cannot be told apart.
const GAP_MIN: Micros = 1;
/// The hum begins when the day's certifications are written.
const WARM_UP: Micros = 2 * SECOND;
/// The latest beginning: in the year 9000, so that no run leaves the years that four digits can write.
pub const START_MAX: Micros = 221_845_392_000_000_000;
/// Background records per second at most.
pub const RATE_MAX: f64 = 1_000_000.0;

/// How a scenario is run.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// What chance begins with.
    pub seed: u64,
    /// When it begins, in microseconds since 1970: at the beginning of that day in UTC.
    pub start: Micros,
    /// How many days; none for the scenario's own number. 0 goes on for ever.
    pub days: Option<u32>,
    /// Background records per second of event time, on average over a week. People's own doings come on top:
    /// some 40 records per person and day.
    pub rate: Option<f64>,
    /// How many people the organisation has, from [`PEOPLE_MIN`](crate::PEOPLE_MIN) to
    /// [`PEOPLE_MAX`](crate::PEOPLE_MAX).
    pub people: usize,
}

impl Default for Options {
    /// Seed 1, from Monday 2 March 2026, 120 people.
    fn default() -> Self {
        Self { seed: 1, start: 1_772_409_600_000_000, days: None, rate: None, people: 120 }
    }
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number in the run, from 0.
    pub number: u64,
    /// When it was written, in microseconds since 1970.
    pub time: Micros,
    /// Who wrote it.
    pub source: Source,
    /// What was written: one line of text without its end.
    pub bytes: Vec<u8>,
}

/// The head of a record whose bytes are in the caller's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHead {
    /// Its number in the run, from 0.
    pub number: u64,
    /// When it was written, in microseconds since 1970.
    pub time: Micros,
    /// Who wrote it.
    pub source: Source,
}

/// What is to come, earliest first; what was planned first comes first of two at the same time.
struct Coming(Micros, u64, Planned);

impl PartialEq for Coming {
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}

impl Eq for Coming {}

impl PartialOrd for Coming {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Coming {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

/// The records of a scenario, in the order of time. The same scenario, options and version give the same bytes.
pub struct Run {
    world: World,
    scenario: &'static Scenario,
    dice: Dice,
    background: background::Background,
    memory: Memory,
    coming: BinaryHeap<Reverse<Coming>>,
    planned: Vec<Planned>,
    order: u64,
    next_day: Micros,
    day_number: u32,
    next_background: Micros,
    start: Micros,
    end: Micros,
    number: u64,
    attack_records: u64,
}

impl Run {
    /// The run of `scenario`.
    #[must_use]
    pub fn new(scenario: &'static Scenario, options: &Options) -> Self {
        let world = World::new(options.seed, options.people);
        let rate = options.rate.unwrap_or(scenario.rate).clamp(0.0, RATE_MAX);
        let dice = Dice::new(options.seed, "run");
        let background = background::Background::new(&world, options.seed, rate, scenario.is_flat);
        let days = options.days.unwrap_or(scenario.days);
        let start = midnight(options.start.clamp(0, START_MAX));
        let end = match days {
            0 => Micros::MAX,
            days => start.saturating_add(i64::from(days) * DAY),
        };
        let warm_up = if scenario.has_people { WARM_UP } else { 0 };
        let next_background = if rate > 0.0 { start.saturating_add(warm_up) } else { Micros::MAX };
        Self {
            world,
            scenario,
            dice,
            background,
            memory: Memory::default(),
            coming: BinaryHeap::new(),
            planned: Vec::new(),
            order: 0,
            next_day: start,
            day_number: 0,
            next_background,
            start,
            end,
            number: 0,
            attack_records: 0,
        }
    }

    /// The organisation that this is about.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// What is true of the records given so far. Stories that have not begun are left out.
    #[must_use]
    pub fn truth(&self) -> Truth {
        let mut stories: Vec<_> =
            self.memory.stories.iter().filter(|story| !story.records.is_empty()).cloned().collect();
        stories.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
        Truth { stories, records: self.number, benign_records: self.number - self.attack_records }
    }

    /// Writes the next record behind what `out` has; none at the end of the run.
    pub fn next_into(&mut self, out: &mut Vec<u8>) -> Option<RecordHead> {
        loop {
            let (at, act, story) = self.next_act()?;
            let has_left = |person| self.memory.left.get(&person).is_some_and(|left| at > *left);
            let actor = act.account().and_then(|account| self.world.owner_of(account));
            if story.is_none() && actor.is_some_and(has_left) {
                continue;
            }
            let number = self.number;
            let dice = self.dice.fork(number);
            let mut pen = Pen { world: &self.world, at, number, dice, out };
            let source = write(&mut pen, &act);
            self.number += 1;
            if let Some(story) = story.and_then(|id| self.memory.stories.get_mut(id as usize)) {
                story.happened(number, at);
                self.attack_records += u64::from(story.is_attack());
            }
            return Some(RecordHead { number, time: at, source });
        }
    }

    fn next_act(&mut self) -> Option<(Micros, Act, Option<StoryId>)> {
        loop {
            let queued = self.coming.peek().map_or(Micros::MAX, |coming| coming.0.0);
            if self.next_day <= queued && self.next_day <= self.next_background {
                if self.next_day >= self.end {
                    return None;
                }
                self.plan_day();
                continue;
            }
            if queued.min(self.next_background) >= self.end {
                return None;
            }
            if self.next_background < queued {
                let at = self.next_background;
                let act = self.background.act(&self.world, at, &mut self.planned);
                self.take_planned();
                self.next_background = at.saturating_add(self.background.gap(at).max(GAP_MIN));
                return Some((at, act, None));
            }
            let Reverse(Coming(at, _, planned)) = self.coming.pop()?;
            return Some((at, planned.act, planned.story));
        }
    }

    fn plan_day(&mut self) {
        let day = self.next_day;
        let dice = Dice::new(self.dice.fork(u64::from(self.day_number)).next(), self.scenario.info.name);
        self.memory.away.clear();
        let mut plan = Plan {
            world: &self.world,
            dice,
            day,
            scenario: self.scenario.info.name,
            memory: &mut self.memory,
            planned: &mut self.planned,
            story: None,
            fraction: 0,
        };
        let scenario = self.scenario;
        scenario.plan(&mut plan, self.day_number);
        plan.story = None;
        if scenario.has_people {
            people::day(&mut plan);
            routine::day(&mut plan, self.day_number);
        }
        self.day_number = self.day_number.saturating_add(1);
        self.next_day = day.saturating_add(DAY);
        self.take_planned();
    }

    fn take_planned(&mut self) {
        for planned in self.planned.drain(..) {
            if planned.at < self.start {
                continue;
            }
            self.coming.push(Reverse(Coming(planned.at, self.order, planned)));
            self.order += 1;
        }
    }
}

impl Iterator for Run {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let mut bytes = Vec::with_capacity(768);
        let head = self.next_into(&mut bytes)?;
        Some(Record { number: head.number, time: head.time, source: head.source, bytes })
    }
}
