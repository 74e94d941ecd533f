//! Random appends, crashes and reopenings. Law ACK, attacked: whatever the disk does, an acknowledged record
//! is read back byte for byte at its offset, and so is every record that a reader has once seen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use sentra_model::{ManualClock, Topic};

use super::disk::Faults;
use super::{Random, SimulatedDisk};
use crate::commit::Prepared;
use crate::contract::{batch, stream};
use crate::engine::Engine;
use crate::frame::Encoded;
use crate::{LogError, LogOptions, RecoveryReport, Stream};

/// What one run met: a simulation that never loses anything tests nothing.
#[derive(Debug, Default)]
struct Met {
    acknowledged: u64,
    full: u64,
    poisoned: u64,
    torn_tails: u64,
    damaged_groups: u64,
    crashes_at_open: u64,
    unacknowledged_survivors: u64,
    new_segments: u64,
}

struct Run {
    random: Random,
    disk: SimulatedDisk,
    options: LogOptions,
    streams: Vec<Stream>,
    /// What must be there for ever.
    records: BTreeMap<(usize, u64), Vec<u8>>,
    /// What a consumer's position may be: the last acknowledged one and those tried since.
    positions: BTreeMap<usize, BTreeSet<Option<u64>>>,
    texts_made: u64,
    met: Met,
}

const ROOT: &str = "/data/log";
const CONSUMER: &str = "detect";

impl Run {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let segment_bytes_max = [1, 300, 1000, 5000][random.below(4) as usize];
        let other = Stream { partition: 1, ..stream("a") };
        Self {
            disk: SimulatedDisk::new(random.next()),
            options: LogOptions { segment_bytes_max, ..LogOptions::default() },
            streams: vec![stream("a"), other, stream("b")],
            records: BTreeMap::new(),
            positions: BTreeMap::new(),
            texts_made: 0,
            met: Met::default(),
            random,
        }
    }

    fn faults(&mut self) -> Faults {
        let bytes_now = self.disk.bytes();
        let random = &mut self.random;
        Faults {
            crash_in: random.chance(60).then(|| 1 + random.below(120)),
            sync_fails_in: random.chance(20).then(|| 1 + random.below(60)),
            bytes_max: random.chance(30).then(|| bytes_now + random.below(3000)),
        }
    }

    fn open(&self) -> Result<(Engine, RecoveryReport), LogError> {
        let clock = Arc::new(ManualClock::default());
        Engine::open(Arc::new(self.disk.clone()), Path::new(ROOT), self.options.clone(), clock)
    }

    fn run(mut self) -> Met {
        for _ in 0..2 + self.random.below(6) {
            let faults = self.faults();
            self.disk.set_faults(faults);
            self.live();
            if self.disk.has_crashed() || self.random.chance(50) {
                self.disk.lose_power();
            }
            // Otherwise the process was killed: memory stays, durable or not.
        }
        self.disk.set_faults(Faults::default());
        let (engine, report) = self.open().expect("a log on a healthy disk opens");
        self.check(&engine, &report);
        self.met
    }

    /// One life of the process.
    fn live(&mut self) {
        let (engine, report) = match self.open() {
            Ok(opened) => opened,
            Err(error) => {
                assert!(matches!(error, LogError::Io { .. }), "opening failed with {error}");
                self.met.crashes_at_open += 1;
                return;
            }
        };
        if !self.check(&engine, &report) {
            return;
        }
        for _ in 0..self.random.below(40) {
            match self.random.below(10) {
                0 => self.commit_position(&engine),
                1 => {
                    let faults = Faults { bytes_max: None, ..self.faults() };
                    self.disk.set_faults(faults);
                }
                _ => self.append(&engine),
            }
            if engine.poison.reason().is_some() {
                self.met.poisoned += 1;
                let again = engine.commit_group(&[self.prepared(0).0]);
                assert!(
                    matches!(again[0], Err(LogError::Poisoned { .. })),
                    "a poisoned log answered {again:?}"
                );
                return;
            }
        }
    }

    fn prepared(&mut self, target: usize) -> (Prepared, Vec<Vec<u8>>) {
        let mut texts = Vec::new();
        for _ in 0..1 + self.random.below(4) {
            self.texts_made += 1;
            let noise: String =
                (0..self.random.below(20)).map(|_| format!("{:x}", self.random.next())).collect();
            texts.push(format!("{} {noise}", self.texts_made));
        }
        let sent = batch(1, &texts.iter().map(String::as_str).collect::<Vec<_>>());
        let prepared = Prepared { stream: self.streams[target].clone(), frame: Encoded::new(&sent).unwrap() };
        (prepared, texts.into_iter().map(String::into_bytes).collect())
    }

    fn append(&mut self, engine: &Engine) {
        let (mut group, mut sent) = (Vec::new(), Vec::new());
        for _ in 0..1 + self.random.below(5) {
            let target = self.random.below(self.streams.len() as u64) as usize;
            let (prepared, texts) = self.prepared(target);
            engine.budget.reserve(Topic::Raw, prepared.frame.len()).unwrap();
            group.push(prepared);
            sent.push((target, texts));
        }
        let outcomes = engine.commit_group(&group);
        assert_eq!(outcomes.len(), group.len());
        for ((target, texts), outcome) in sent.into_iter().zip(outcomes) {
            match outcome {
                Ok(appended) => {
                    assert_eq!(appended.count, texts.len() as u64);
                    self.met.acknowledged += appended.count;
                    for (offset, text) in (appended.first_offset..).zip(texts) {
                        let before = self.records.insert((target, offset), text);
                        assert_eq!(before, None, "offset {offset} was given twice");
                    }
                }
                Err(LogError::Full { .. }) => self.met.full += 1,
                Err(LogError::Poisoned { .. }) => {}
                Err(error) => panic!("an append failed with {error}"),
            }
        }
    }

    fn commit_position(&mut self, engine: &Engine) {
        let target = self.random.below(self.streams.len() as u64) as usize;
        let next = self.random.below(engine.extent(&self.streams[target]).end + 1);
        let outcome = engine.commit_position(CONSUMER, &self.streams[target], next, None);
        let possible = self.positions.entry(target).or_insert_with(|| BTreeSet::from([None]));
        if outcome.is_ok() {
            possible.clear();
        }
        possible.insert(Some(next));
    }

    /// Compares the log with what must be in it; false where the power failed meanwhile.
    fn check(&mut self, engine: &Engine, report: &RecoveryReport) -> bool {
        self.met.torn_tails += report.truncated.len() as u64;
        self.met.damaged_groups += report.quarantined.len() as u64;
        for target in 0..self.streams.len() {
            let Some(found) = self.read_all(engine, target) else { return false };
            let expected: Vec<_> = self.records.range((target, 0)..(target + 1, 0)).collect();
            for ((_, offset), bytes) in expected {
                let there = found.get(offset).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
                assert_eq!(there, Some(String::from_utf8_lossy(bytes).into_owned()), "offset {offset}");
            }
            // What a reader has seen must stay as well: somebody has projected it.
            for (offset, bytes) in found {
                let is_new = self.records.insert((target, offset), bytes).is_none();
                self.met.unacknowledged_survivors += u64::from(is_new);
            }
            let position = engine.position(CONSUMER, &self.streams[target]).unwrap();
            let possible = self.positions.entry(target).or_insert_with(|| BTreeSet::from([None]));
            assert!(possible.contains(&position), "position {position:?} is none of {possible:?}");
            *possible = BTreeSet::from([position]);
        }
        self.met.new_segments += report.segments;
        true
    }

    fn read_all(&mut self, engine: &Engine, target: usize) -> Option<BTreeMap<u64, Vec<u8>>> {
        let mut found = BTreeMap::new();
        let mut next = 0;
        let end = engine.extent(&self.streams[target]).end;
        while next < end {
            let bytes_max = self.random.below(3000) as usize;
            let Ok(chunk) = engine.read(&self.streams[target], next, bytes_max) else {
                assert!(self.disk.has_crashed(), "a read failed while the disk is well");
                return None;
            };
            assert!(chunk.next_offset > next, "a read at {next} of {end} did not move on");
            next = chunk.next_offset;
            for stored in &chunk.batches {
                found.extend(stored.records().map(|(offset, record)| (offset, record.bytes.to_vec())));
            }
            for gap in &chunk.quarantined {
                let lost = self.records.range((target, gap.start)..(target, gap.end)).next();
                assert!(lost.is_none(), "acknowledged records are quarantined: {gap:?}");
            }
        }
        Some(found)
    }
}

#[test]
fn acknowledged_records_survive_whatever_the_disk_does() {
    let seeds =
        std::env::var("SENTRA_SIM_SEEDS").map_or(300, |text| text.parse().expect("a number of seeds"));
    let only = std::env::var("SENTRA_SIM_SEED").ok().map(|text| text.parse().expect("a seed"));
    let mut all = Met::default();
    for seed in only.map_or(0..seeds, |seed: u64| seed..seed + 1) {
        let met = std::panic::catch_unwind(|| Run::new(seed).run());
        let met =
            met.unwrap_or_else(|_| panic!("seed {seed} failed: run it alone with SENTRA_SIM_SEED={seed}"));
        all.acknowledged += met.acknowledged;
        all.full += met.full;
        all.poisoned += met.poisoned;
        all.torn_tails += met.torn_tails;
        all.damaged_groups += met.damaged_groups;
        all.crashes_at_open += met.crashes_at_open;
        all.unacknowledged_survivors += met.unacknowledged_survivors;
        all.new_segments += met.new_segments;
    }
    println!("{all:?}");
    if only.is_none() && seeds >= 100 {
        assert!(all.acknowledged > 1000 && all.full > 10 && all.poisoned > 10, "{all:?}");
        assert!(all.torn_tails > 10 && all.damaged_groups > 0 && all.crashes_at_open > 10, "{all:?}");
        assert!(all.unacknowledged_survivors > 10 && all.new_segments > 100, "{all:?}");
    }
}
