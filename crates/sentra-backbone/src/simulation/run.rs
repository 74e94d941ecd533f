//! Random appends, positions, reads, retention, faults, crashes and reopenings. Law ACK, attacked: whatever the disk
//! does, an acknowledged record is read back byte for byte at its offset until retention may take it, and so is
//! every record that a reader has once seen.

use std::path::Path;
use std::sync::Arc;

use sentra_model::{Clock, ManualClock, Timestamp};

use super::model::{CONSUMERS, Model, Sent};
use super::{Faults, Random, SimulatedDisk};
use crate::commit::Prepared;
use crate::consumers::CONSUMER_BYTES;
use crate::contract::{batch, stream};
use crate::engine::Engine;
use crate::frame::Encoded;
use crate::options::{LogOptions, Retention, TopicRetention};
use crate::segment::PREAMBLE_BYTES;
use crate::{LogError, RecoveryReport, RetentionReport, Stream};

/// What one run met: a simulation that never loses anything tests nothing.
#[derive(Debug, Default)]
struct Met {
    acknowledged: u64,
    full: u64,
    over_budget: u64,
    poisoned: u64,
    torn_tails: u64,
    damaged_groups: u64,
    crashes_at_open: u64,
    crashes_at_retention: u64,
    removed_by_age: u64,
    removed_by_bytes: u64,
    held: u64,
    skipped_reads: u64,
    forgotten: u64,
    unacknowledged_survivors: u64,
    new_segments: u64,
}

impl Met {
    fn add(&mut self, other: &Self) {
        self.acknowledged += other.acknowledged;
        self.full += other.full;
        self.over_budget += other.over_budget;
        self.poisoned += other.poisoned;
        self.torn_tails += other.torn_tails;
        self.damaged_groups += other.damaged_groups;
        self.crashes_at_open += other.crashes_at_open;
        self.crashes_at_retention += other.crashes_at_retention;
        self.removed_by_age += other.removed_by_age;
        self.removed_by_bytes += other.removed_by_bytes;
        self.held += other.held;
        self.skipped_reads += other.skipped_reads;
        self.forgotten += other.forgotten;
        self.unacknowledged_survivors += other.unacknowledged_survivors;
        self.new_segments += other.new_segments;
    }

    /// Everything that a few hundred seeds must have met.
    fn check(&self) {
        assert!(self.acknowledged > 1000 && self.full > 10 && self.over_budget > 10, "{self:?}");
        assert!(self.poisoned > 10 && self.torn_tails > 10 && self.damaged_groups > 0, "{self:?}");
        assert!(self.crashes_at_open > 10 && self.crashes_at_retention > 10, "{self:?}");
        assert!(self.removed_by_age > 10 && self.removed_by_bytes > 10 && self.held > 10, "{self:?}");
        assert!(self.skipped_reads > 10 && self.forgotten > 10, "{self:?}");
        assert!(self.unacknowledged_survivors > 10 && self.new_segments > 100, "{self:?}");
    }
}

struct Run {
    random: Random,
    disk: SimulatedDisk,
    clock: Arc<ManualClock>,
    options: LogOptions,
    model: Model,
    texts_made: u64,
    met: Met,
}

const ROOT: &str = "/data/log";

impl Run {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let disk = SimulatedDisk::new(random.next());
        let clock = disk.clock();
        clock.set(Timestamp::from_seconds(1_000_000));
        let holds = random.chance(60);
        let raw = Retention {
            bytes_max: random.chance(50).then(|| random.below(6000)),
            age_s_max: random.chance(50).then(|| random.below(30)),
            hold_consumers: if holds { vec![CONSUMERS[1].to_owned()] } else { Vec::new() },
        };
        let options = LogOptions {
            segment_bytes_max: [1, 300, 1000, 5000][random.below(4) as usize],
            disk_bytes_max: random.chance(30).then(|| 10_000 + random.below(60_000)),
            retention: TopicRetention { raw, ..TopicRetention::default() },
            ..LogOptions::default()
        };
        let other = Stream { partition: 1, ..stream("a") };
        let model = Model::new(vec![stream("a"), other, stream("b")]);
        Self { random, disk, clock, options, model, texts_made: 0, met: Met::default() }
    }

    fn faults(&mut self) -> Faults {
        let bytes_now = self.disk.bytes();
        let random = &mut self.random;
        Faults {
            crash_in: random.chance(60).then(|| 1 + random.below(120)),
            sync_fails_in: random.chance(20).then(|| 1 + random.below(60)),
            change_fails_in: random.chance(20).then(|| 1 + random.below(60)),
            bytes_max: random.chance(30).then(|| bytes_now + random.below(3000)),
            sync_micros_max: if random.chance(30) { 3_000_000 } else { 0 },
        }
    }

    fn open(&self) -> Result<(Engine, RecoveryReport), LogError> {
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        Engine::open(Arc::new(self.disk.clone()), Path::new(ROOT), self.options.clone(), clock)
    }

    fn run(mut self) -> Met {
        for _ in 0..2 + self.random.below(6) {
            let faults = self.faults();
            self.disk.set_faults(faults);
            self.live();
            if self.random.chance(60) {
                self.disk.lose_power();
            } else {
                self.disk.restart();
            }
        }
        self.disk.set_faults(Faults::default());
        let (engine, _) = self.open().expect("a log on a healthy disk opens");
        self.model.check_opened(&engine).expect("a log on a healthy disk is read");
        self.met
    }

    /// One life of the process.
    fn live(&mut self) {
        let Some(engine) = self.begin_life() else { return };
        for _ in 0..self.random.below(60) {
            self.pass_time();
            match self.random.below(20) {
                0..=2 => self.commit_position(&engine),
                3 => self.forget(&engine),
                4..=6 => self.retain(&engine),
                7..=8 => self.read(&engine),
                9 => {
                    let faults = Faults { bytes_max: None, ..self.faults() };
                    self.disk.set_faults(faults);
                }
                _ => self.append(&engine),
            }
            if self.disk.has_crashed() {
                return;
            }
            if engine.poison.reason().is_some() {
                self.met.poisoned += 1;
                let again = engine.commit_group(&[self.prepared(0).0]);
                assert!(matches!(again[0], Err(LogError::Poisoned { .. })), "a poisoned log answered");
                return;
            }
            self.check_budget(&engine);
        }
    }

    fn begin_life(&mut self) -> Option<Engine> {
        let opened = self.open().and_then(|(engine, report)| {
            let survivors = self.model.check_opened(&engine)?;
            Ok((engine, report, survivors))
        });
        match opened {
            Ok((engine, report, survivors)) => {
                self.met.torn_tails += report.truncated.len() as u64;
                self.met.damaged_groups += report.quarantined.len() as u64;
                self.met.new_segments += report.segments;
                self.met.unacknowledged_survivors += survivors;
                Some(engine)
            }
            Err(error) => {
                assert!(matches!(error, LogError::Io { .. }), "opening failed with {error}");
                self.met.crashes_at_open += 1;
                None
            }
        }
    }

    fn pass_time(&mut self) {
        if self.random.chance(40) {
            let micros = self.random.below(4_000_000) as i64;
            self.clock.set(self.clock.now().plus_micros(micros));
        }
    }

    fn some_stream(&mut self) -> (usize, Stream) {
        let target = self.random.below(self.model.streams.len() as u64) as usize;
        (target, self.model.streams[target].clone())
    }

    fn prepared(&mut self, target: usize) -> (Prepared, Vec<Sent>) {
        let received = self.clock.now();
        let mut texts = Vec::new();
        for _ in 0..1 + self.random.below(4) {
            self.texts_made += 1;
            let noise: String =
                (0..self.random.below(20)).map(|_| format!("{:x}", self.random.next())).collect();
            texts.push(format!("{} {noise}", self.texts_made));
        }
        let mut sent = batch(1, &texts.iter().map(String::as_str).collect::<Vec<_>>());
        sent.received = received;
        let frame = Encoded::new(&sent).unwrap();
        let prepared = Prepared { stream: self.model.streams[target].clone(), frame };
        (prepared, texts.into_iter().map(|text| Sent { text: text.into_bytes(), received }).collect())
    }

    fn append(&mut self, engine: &Engine) {
        let (mut group, mut all_sent) = (Vec::new(), Vec::new());
        for _ in 0..1 + self.random.below(5) {
            let (target, stream) = self.some_stream();
            let (prepared, sent) = self.prepared(target);
            match engine.budget.reserve(stream.topic, prepared.frame.len()) {
                Ok(()) => {
                    group.push(prepared);
                    all_sent.push((target, sent));
                }
                Err(error) => {
                    assert!(matches!(error, LogError::Full { .. }), "{error}");
                    self.met.over_budget += 1;
                }
            }
        }
        let outcomes = engine.commit_group(&group);
        assert_eq!(outcomes.len(), group.len());
        for ((target, sent), outcome) in all_sent.into_iter().zip(outcomes) {
            match outcome {
                Ok(appended) => {
                    assert_eq!(appended.count, sent.len() as u64);
                    self.met.acknowledged += appended.count;
                    for (offset, sent) in (appended.first_offset..).zip(sent) {
                        self.model.acknowledged(target, offset, sent);
                    }
                }
                Err(LogError::Full { .. }) => self.met.full += 1,
                Err(LogError::Poisoned { .. }) => {}
                Err(error) => panic!("an append failed with {error}"),
            }
        }
    }

    fn commit_position(&mut self, engine: &Engine) {
        let (target, stream) = self.some_stream();
        let consumer = self.random.below(2) as usize;
        let end = engine.extent(&stream).end;
        // Mostly near the end, as consumers are, so that retention finds something that nobody holds.
        let next = if self.random.chance(60) { end } else { self.random.below(end + 1) };
        let outcome = engine.commit_position(CONSUMERS[consumer], &stream, next, None);
        self.model.moved(consumer, target, Some(next), outcome.is_ok());
    }

    fn forget(&mut self, engine: &Engine) {
        let (target, stream) = self.some_stream();
        let consumer = self.random.below(2) as usize;
        let outcome = engine.forget(CONSUMERS[consumer], &stream);
        self.met.forgotten += u64::from(matches!(outcome, Ok(true)));
        // There is nothing to forget where the first commit failed half-way: then its file may still be there.
        self.model.moved(consumer, target, None, matches!(outcome, Ok(true)));
    }

    fn read(&mut self, engine: &Engine) {
        let (target, stream) = self.some_stream();
        let extent = engine.extent(&stream);
        let from = self.random.below(extent.end + 1);
        match engine.read(&stream, from, self.random.below(3000) as usize) {
            Ok(chunk) => {
                self.met.skipped_reads += u64::from(chunk.skipped.is_some());
                self.model.check_read(target, from, extent, &chunk);
            }
            // After a failed removal of a segment nobody knows whether its file is there.
            Err(error) => {
                let is_well = !self.disk.has_crashed() && self.disk.failed_changes() == 0;
                assert!(!is_well, "a read failed while the disk is well: {error}");
            }
        }
    }

    fn retain(&mut self, engine: &Engine) {
        if self.random.chance(25) {
            let crash_in = Some(1 + self.random.below(6));
            self.disk.set_faults(Faults { crash_in, ..Faults::default() });
        }
        let retention = self.options.retention.raw.clone();
        self.model.before_retention(&retention, engine);
        let bytes = |tenant: &str| -> u64 {
            let partitions = engine.all_partitions();
            partitions.iter().filter(|p| p.stream.tenant.as_str() == tenant).map(|p| p.bytes()).sum()
        };
        let (before, bytes_before) = (self.clock.now(), [bytes("a"), bytes("b")]);
        match engine.retain() {
            Ok(report) => {
                self.check_removed(&retention, &report, bytes_before);
                self.model.after_retention(&report, engine);
                if !report.failed.is_empty() {
                    assert!(self.disk.has_crashed() || self.disk.failed_changes() > 0, "{report:?}");
                    self.met.crashes_at_retention += u64::from(self.disk.has_crashed());
                    return;
                }
                self.check_kept(&retention, &report, before, engine, [bytes("a"), bytes("b")]);
                self.met.held += report.held.len() as u64;
            }
            Err(error) => {
                assert!(matches!(error, LogError::Poisoned { .. }), "retention failed with {error}");
                self.met.crashes_at_retention += u64::from(self.disk.has_crashed());
            }
        }
    }

    /// Nothing went that the retention keeps.
    fn check_removed(&mut self, retention: &Retention, report: &RetentionReport, mut bytes: [u64; 2]) {
        let micros = retention.age_s_max.map(|age| -(age as i64) * 1_000_000);
        let since = micros.map(|micros| self.clock.now().plus_micros(micros));
        for removed in &report.removed {
            let target = self.model.target(&removed.stream);
            let tenant = usize::from(removed.stream.tenant.as_str() == "b");
            let newest = self.model.newest(target, &removed.offsets);
            let is_expired = since.is_some_and(|since| newest.is_none_or(|newest| newest < since));
            // An idle stream's last segment is closed by an empty one behind it, and there are two streams at most.
            let bytes_now = bytes[tenant] + 2 * PREAMBLE_BYTES;
            let is_over = retention.bytes_max.is_some_and(|bytes_max| bytes_now > bytes_max);
            assert!(is_expired || is_over, "{removed:?} went and is kept by {retention:?}");
            bytes[tenant] -= removed.bytes;
            self.met.removed_by_age += u64::from(is_expired);
            self.met.removed_by_bytes += u64::from(is_over && !is_expired);
        }
    }

    /// Nothing stayed that it does not keep and that nobody holds.
    fn check_kept(
        &self,
        retention: &Retention,
        report: &RetentionReport,
        before: Timestamp,
        engine: &Engine,
        bytes: [u64; 2],
    ) {
        for partition in engine.all_partitions() {
            let stream = &partition.stream;
            let is_held = report.held.iter().any(|held| held.stream == *stream);
            let Some(closed) = partition.oldest_closed().filter(|_| !is_held) else { continue };
            let tenant = usize::from(stream.tenant.as_str() == "b");
            assert!(retention.bytes_max.is_none_or(|bytes_max| bytes[tenant] <= bytes_max), "{stream}");
            let newest = self.model.newest(self.model.target(stream), &(closed.segment.base..closed.end));
            if let (Some(newest), Some(age)) = (newest, retention.age_s_max) {
                assert!(newest >= before.plus_micros(-(age as i64) * 1_000_000), "{stream} keeps {closed:?}");
            }
        }
    }

    /// Law LIMIT: the budget knows what is on disk, and nothing is over it but consumer positions.
    fn check_budget(&self, engine: &Engine) {
        let partitions = engine.all_partitions();
        let segments: u64 = partitions.iter().map(|partition| partition.bytes()).sum();
        let consumers: usize = partitions.iter().map(|p| engine.consumers(&p.stream).len()).sum();
        assert_eq!(engine.budget.used(), segments + consumers as u64 * CONSUMER_BYTES);
        assert!(self.options.disk_bytes_max.is_none_or(|bytes_max| segments <= bytes_max));
    }
}

/// Seeds that once failed, whatever the number of seeds.
const REGRESSIONS: [u64; 3] = [206, 2313, 4141];

#[test]
fn acknowledged_records_survive_whatever_the_disk_does() {
    let seeds =
        std::env::var("SENTRA_SIM_SEEDS").map_or(1000, |text| text.parse().expect("a number of seeds"));
    let only = std::env::var("SENTRA_SIM_SEED").ok().map(|text| text.parse().expect("a seed"));
    let all: Vec<u64> = match only {
        Some(seed) => vec![seed],
        None => REGRESSIONS.into_iter().chain(0..seeds).collect(),
    };
    let mut met = Met::default();
    for seed in all {
        let of_one = std::panic::catch_unwind(|| Run::new(seed).run());
        let of_one =
            of_one.unwrap_or_else(|_| panic!("seed {seed} failed: run it alone with SENTRA_SIM_SEED={seed}"));
        met.add(&of_one);
    }
    println!("{met:?}");
    if only.is_none() && seeds >= 100 {
        met.check();
    }
}
