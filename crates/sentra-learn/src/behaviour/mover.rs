//! Who reached which hosts for the first time, lately: the newest paths of the connection graph, with names.

use std::collections::{BTreeMap, BTreeSet};

use super::codec::{Reader, Writer};

/// Hosts that are remembered of one mover.
const REACHED_MAX: usize = 32;
/// Bytes of a host's name that are remembered.
const NAME_BYTES_MAX: usize = 255;

/// New paths by the key of who went them.
#[derive(Debug, Default)]
pub(crate) struct Movers {
    reached: BTreeMap<u64, Vec<(u32, String)>>,
    changed: BTreeSet<u64>,
    movers_max: usize,
}

impl Movers {
    pub(crate) fn new(movers_max: usize) -> Self {
        Self { movers_max: movers_max.max(16), ..Self::default() }
    }

    /// `mover` reached `host` for the first time; all hosts it so reached within the window.
    pub(crate) fn reach(&mut self, mover: u64, time: u32, window_seconds: u32, host: &str) -> Vec<String> {
        let from = time.saturating_sub(window_seconds);
        let host = host.get(..host.floor_char_boundary(NAME_BYTES_MAX)).unwrap_or_default();
        let reached = self.reached.entry(mover).or_default();
        reached.retain(|(when, name)| *when >= from && name != host);
        if reached.len() >= REACHED_MAX {
            reached.remove(0);
        }
        reached.push((time, host.to_owned()));
        let names = reached.iter().map(|(_, name)| name.clone()).collect();
        self.changed.insert(mover);
        self.forget(from);
        names
    }

    /// Makes room: those whose last path is before `from` go, else the one whose is the oldest.
    fn forget(&mut self, from: u32) {
        if self.reached.len() <= self.movers_max {
            return;
        }
        let last = |reached: &Vec<(u32, String)>| reached.last().map_or(0, |(when, _)| *when);
        let mut gone: Vec<u64> = self
            .reached
            .iter()
            .filter(|(_, reached)| last(reached) < from)
            .map(|(mover, _)| *mover)
            .collect();
        if gone.is_empty() {
            let oldest = self.reached.iter().min_by_key(|(mover, reached)| (last(reached), **mover));
            gone.extend(oldest.map(|(mover, _)| *mover));
        }
        for mover in gone {
            self.reached.remove(&mover);
            self.changed.insert(mover);
        }
    }

    pub(crate) fn take_changes(&mut self) -> Vec<(u64, Option<Vec<u8>>)> {
        let changed = std::mem::take(&mut self.changed);
        changed
            .into_iter()
            .map(|mover| (mover, self.reached.get(&mover).map(|reached| encode(reached))))
            .collect()
    }

    pub(crate) fn restore(&mut self, mover: u64, bytes: &[u8]) -> Option<()> {
        let mut reader = Reader::new(bytes);
        let mut reached = Vec::new();
        while !reader.is_empty() && reached.len() < REACHED_MAX {
            reached.push((reader.u32()?, reader.text()?));
        }
        self.reached.insert(mover, reached);
        Some(())
    }
}

fn encode(reached: &[(u32, String)]) -> Vec<u8> {
    let mut writer = Writer::default();
    for (time, host) in reached {
        writer.u32(*time).text(host);
    }
    writer.bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_last_hour_count() {
        let mut movers = Movers::new(16);
        assert_eq!(movers.reach(1, 10_000, 3_600, "a"), ["a"]);
        assert_eq!(movers.reach(1, 11_000, 3_600, "b"), ["a", "b"]);
        assert_eq!(movers.reach(1, 14_000, 3_600, "c"), ["b", "c"]);
        let stored = movers.take_changes();
        let mut restored = Movers::new(16);
        restored.restore(1, stored[0].1.as_ref().unwrap()).unwrap();
        assert_eq!(restored.reached, movers.reached);
        for mover in 2..100 {
            movers.reach(mover, 14_000 + mover as u32, 3_600, "d");
        }
        assert_eq!(movers.reached.len(), 16);
        assert!(movers.reached.contains_key(&99));
        let long = "ä".repeat(400);
        assert!(movers.reach(99, 14_100, 3_600, &long).last().unwrap().len() <= NAME_BYTES_MAX);
    }
}
