//! Everything that is kept of one tenant.

use super::log::Log;
use super::mover::Movers;
use super::observation::Queue;
use super::relation::number as relation;
use crate::baseline::{
    BaselineConfig, Entity, LastPlace, Level, Rare, Table, TableCounters, Term, Watch, record,
};

/// Fields of which rare values are looked for: process, parent–child pair, user agent.
pub(crate) const RARE_FIELDS: usize = 3;

/// What was left out, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BehaviourCounters {
    /// Events that were looked at.
    pub observed: u64,
    /// Observations that were learned.
    pub learned: u64,
    /// Observations from which nothing was learned, because they or their user were alerted.
    pub held_back: u64,
    /// Events whose time is too far from their arrival: they moved nothing.
    pub skewed: u64,
    /// Amounts that came after their window had passed.
    pub late: u64,
    /// Values that were not kept, because their entity brought too many in this period.
    pub broad: u64,
    /// Observations that were learned although no verdict had come.
    pub unjudged: u64,
    /// Stale records that made room for others.
    pub evicted: u64,
    /// Newcomers for which there was no room.
    pub refused: u64,
}

/// What is kept once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Header {
    pub(crate) relations: [Watch; relation::COUNT],
    pub(crate) rare: [(Watch, f64); RARE_FIELDS],
    pub(crate) counters: BehaviourCounters,
}

/// When a detector may speak of an entity again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Pause {
    pub(crate) key: u64,
    /// Seconds since 1970.
    pub(crate) until: u32,
    pub(crate) hour: u32,
    pub(crate) dirty: bool,
}

record!(Pause);

/// The baselines of one tenant.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) config: BaselineConfig,
    pub(crate) header: Header,
    pub(crate) entities: Table<Entity>,
    pub(crate) terms: Table<Term>,
    pub(crate) levels: Table<Level>,
    pub(crate) rare: Table<Rare>,
    pub(crate) places: Table<LastPlace>,
    pub(crate) pauses: Table<Pause>,
    pub(crate) movers: Movers,
    pub(crate) queue: Queue,
    pub(crate) log: Log,
    /// Number of the waiting observation up to which records were read ahead.
    pub(crate) warmed: u64,
}

impl State {
    pub(crate) fn new(config: BaselineConfig) -> Self {
        let (idle, persistent) = (config.idle_hours_min, config.persistent);
        Self {
            header: Header::default(),
            entities: Table::new(config.entities_max, idle, persistent),
            // A value is only refreshed once a day.
            terms: Table::new(config.terms_max, idle + 24, persistent),
            levels: Table::new(config.levels_max, idle, persistent),
            rare: Table::new(config.rare_values_max, idle, persistent),
            places: Table::new(config.places_max, idle, persistent),
            pauses: Table::new(config.pauses_max, idle, persistent),
            movers: Movers::new(config.pauses_max / 16),
            queue: Queue::default(),
            log: Log::new(persistent),
            warmed: 0,
            config,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.sizes().iter().map(|(_, _, bytes)| bytes).sum()
    }

    /// Records and bytes, by what is kept.
    pub(crate) fn sizes(&self) -> [(&'static str, usize, usize); 7] {
        [
            ("entities", self.entities.len(), self.entities.bytes()),
            ("relations", self.terms.len(), self.terms.bytes()),
            ("levels", self.levels.len(), self.levels.bytes()),
            ("rare values", self.rare.len(), self.rare.bytes()),
            ("places", self.places.len(), self.places.bytes()),
            ("pauses", self.pauses.len(), self.pauses.bytes()),
            ("waiting", self.queue.len(), self.queue.bytes()),
        ]
    }

    /// Of the tables that follow from what was observed.
    pub(crate) fn table_counters(&self) -> [TableCounters; 5] {
        [
            self.entities.counters,
            self.terms.counters,
            self.levels.counters,
            self.rare.counters,
            self.places.counters,
        ]
    }

    pub(crate) fn counters(&self) -> BehaviourCounters {
        let [entities, terms, levels, rare, places] = self.table_counters();
        let tables = [entities, terms, levels, rare, places, self.pauses.counters];
        BehaviourCounters {
            evicted: tables.iter().map(|table| table.evicted).sum(),
            refused: tables.iter().map(|table| table.refused).sum(),
            ..self.header.counters
        }
    }
}
