//! A company at work, as events. It shares no code with what is tested.

use sentra_model::{
    BatchBuilder, Event, EventBatch, EventCode, EventId, FieldValue, Mart, Outcome, RawRecord, Source,
    SourceKind, Timestamp,
};

use sentra_learn::keeper::{Keeper, KeeperFinding, KeeperSettings};

/// Monday, 2026-03-02, 00:00 UTC, in seconds.
pub(crate) const MONDAY: i64 = 20_514 * 86_400;
pub(crate) const DAY: i64 = 86_400;
pub(crate) const HOUR: i64 = 3_600;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// Knuth's linear congruence, high bits only.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1);
        dice.below(2);
        dice
    }

    pub(crate) fn below(&mut self, sides: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64 % sides
    }

    pub(crate) fn percent(&mut self, chance: i64) -> bool {
        self.below(100) < chance
    }
}

/// An event as a test tells it.
#[derive(Debug, Clone)]
pub(crate) struct Tale {
    pub(crate) time: i64,
    pub(crate) seen: Option<i64>,
    pub(crate) mart: Mart,
    pub(crate) code: Option<EventCode>,
    pub(crate) user: String,
    pub(crate) host: String,
    pub(crate) src: String,
    pub(crate) dst: String,
    pub(crate) process: String,
    pub(crate) target: String,
    pub(crate) bytes: i64,
}

impl Tale {
    pub(crate) fn new(time: i64, user: &str, host: &str) -> Self {
        Self {
            time,
            seen: None,
            mart: Mart::LINUX,
            code: None,
            user: user.to_owned(),
            host: host.to_owned(),
            src: String::new(),
            dst: String::new(),
            process: String::new(),
            target: String::new(),
            bytes: 0,
        }
    }

    pub(crate) fn coded(time: i64, user: &str, host: &str, code: EventCode) -> Self {
        Self { code: Some(code), ..Self::new(time, user, host) }
    }

    fn event(&self) -> Event<'_> {
        let mut event = Event::new("test", self.mart.clone(), at(self.time));
        event.code = self.code;
        if self.code == Some(EventCode::LL03) {
            event.outcome = Outcome::Failure;
        }
        event.user = self.user.as_str().into();
        event.host = self.host.as_str().into();
        event.src_ip = self.src.as_str().into();
        event.dst_ip = self.dst.as_str().into();
        event.process = self.process.as_str().into();
        event.target_user = self.target.as_str().into();
        if self.bytes > 0 {
            event.push("bytes_out", FieldValue::Integer(self.bytes));
        }
        event
    }
}

/// Batches of a chunk, one per mart; ids begin at `offset`.
pub(crate) fn batches(tenant: &str, tales: &[Tale], offset: u64) -> Vec<EventBatch> {
    let source = Source {
        kind: SourceKind::File,
        origin: "test".to_owned(),
        format: None,
        reference: Timestamp::from_seconds(0),
    };
    let mut builders: Vec<(Mart, BatchBuilder)> = Vec::new();
    for (tale, offset) in tales.iter().zip(offset..) {
        let place = builders.iter().position(|(mart, _)| *mart == tale.mart).unwrap_or_else(|| {
            let builder = BatchBuilder::new(tenant.parse().unwrap(), tale.mart.clone());
            builders.push((tale.mart.clone(), builder));
            builders.len() - 1
        });
        let received = at(tale.seen.unwrap_or(tale.time));
        let record = RawRecord { source: &source, position: 0, received, bytes: b"" };
        builders[place].1.push(EventId::raw(0, offset), &record, &tale.event()).unwrap();
    }
    builders.iter_mut().map(|(_, builder)| builder.finish().unwrap()).collect()
}

/// One person's hour of work at `time`.
fn hour(person: i64, time: i64, first: bool, dice: &mut Dice, tales: &mut Vec<Tale>) {
    let (user, pc) = (format!("user{person}"), format!("pc{person}"));
    let desk = format!("10.1.{}.{}", person / 200, person % 200);
    let role = person % 12;
    let mut moment = || time + dice.below(HOUR);
    let moments: Vec<i64> = (0..12).map(|_| moment()).collect();
    let mut place = 0;
    let mut next = || {
        place += 1;
        moments[place % 12]
    };
    if first || dice.percent(15) {
        for _ in 0..dice.below(10) / 8 {
            tales.push(Tale { src: desk.clone(), ..Tale::coded(time, &user, &pc, EventCode::LL03) });
        }
        tales.push(Tale { src: desk.clone(), ..Tale::coded(time + 1, &user, &pc, EventCode::LL01) });
        tales.push(Tale::coded(time + 2, &user, &pc, EventCode::LL06));
        tales.push(Tale::coded(time + 3, &user, &pc, EventCode::LL07));
    }
    // A rare busy hour of anybody's.
    let much = if dice.below(400) == 0 { 8 } else { 1 };
    for _ in 0..much * (1 + dice.below(5)) {
        let process = format!("/usr/bin/tool{}", (person % 7 + dice.below(4)) % 9);
        tales.push(Tale { process, ..Tale::new(next(), &user, &pc) });
    }
    for _ in 0..much * dice.below(4) {
        let (dst, bytes) = (format!("198.51.100.{}", dice.below(40)), 500 + dice.below(60_000));
        tales.push(Tale {
            dst,
            bytes,
            src: desk.clone(),
            mart: Mart::PROXY,
            ..Tale::new(next(), &user, "proxy1")
        });
    }
    tales.push(Tale::coded(next(), &user, &pc, EventCode::SS01));
    if dice.percent(20) {
        let server = format!("srv{}", (person % 5 + dice.below(2)) % 6);
        tales.push(Tale { src: desk.clone(), ..Tale::coded(next(), &user, &server, EventCode::LL01) });
        tales.push(Tale::coded(next() + 60, &user, &server, EventCode::LL02));
    }
    // Administrators, help desk, developers.
    if role == 0 {
        for _ in 0..1 + dice.below(6) {
            let server = format!("srv{}", dice.below(6));
            tales.push(Tale::coded(next(), &user, &server, EventCode::PA01));
        }
        if dice.percent(30) {
            tales.push(Tale::coded(next(), &user, "srv0", EventCode::CC01));
        }
    }
    if role == 1 && dice.percent(60) {
        let target = format!("user{}", dice.below(120));
        tales.push(Tale { target, ..Tale::coded(next(), &user, "srv1", EventCode::SA02) });
    }
    if role == 2 && dice.percent(40) {
        tales.push(Tale::coded(next(), &user, "srv2", EventCode::CM03));
    }
}

/// What `people` do from the day `from` to the day `to`, in the order of time. Every person's days are the same
/// however many others there are.
pub(crate) fn work(people: i64, from: i64, to: i64, seed: u64) -> Vec<Tale> {
    let mut tales = Vec::new();
    for day in from..to {
        for person in 0..people {
            let mut dice = Dice::new(seed ^ (day * 1_000 + person) as u64);
            let is_weekend = day % 7 >= 5;
            if is_weekend && !dice.percent(6) || dice.percent(4) {
                continue;
            }
            let start = 7 + dice.below(3);
            for hour_of_day in start..start + 7 + dice.below(3) {
                let time = MONDAY + day * DAY + hour_of_day * HOUR;
                if !dice.percent(8) || hour_of_day == start {
                    hour(person, time, hour_of_day == start, &mut dice, &mut tales);
                }
            }
        }
        // A backup at night, of every server.
        for server in 0..6 {
            let time = MONDAY + day * DAY + 2 * HOUR + server * 300;
            let host = format!("srv{server}");
            tales.push(Tale::coded(time, "backup", &host, EventCode::LL01));
            tales.push(Tale::coded(time + 10, "backup", &host, EventCode::SS03));
        }
    }
    tales.sort_by_key(|tale| tale.time);
    tales
}

/// Somebody runs through hosts with an account that is not meant for it, within half an hour.
pub(crate) fn rampage(user: &str, time: i64, hosts: i64) -> Vec<Tale> {
    let mut tales = Vec::new();
    for number in 0..hosts {
        let (time, host) = (time + number * 40, format!("pc{number}"));
        let src = "10.1.0.66".to_owned();
        tales.push(Tale { src: src.clone(), ..Tale::coded(time, user, &host, EventCode::LL03) });
        tales.push(Tale { src, ..Tale::coded(time + 5, user, &host, EventCode::LL01) });
        tales.push(Tale {
            process: format!("/tmp/x{number}"),
            ..Tale::coded(time + 10, user, &host, EventCode::PA01)
        });
        if number % 8 == 0 {
            let target = format!("eve{number}");
            tales.push(Tale { target, ..Tale::coded(time + 20, user, &host, EventCode::SA01) });
        }
    }
    tales
}

/// A keeper and the offset of the next event.
pub(crate) struct Run {
    pub(crate) keeper: Keeper,
    pub(crate) offset: u64,
}

impl Run {
    pub(crate) fn new(settings: KeeperSettings) -> Self {
        settings.check().unwrap();
        Self { keeper: Keeper::new("acme".parse().unwrap(), settings), offset: 0 }
    }

    /// Lets events happen in chunks of `every`; what was found.
    pub(crate) fn happen(&mut self, tales: &[Tale], every: usize) -> Vec<KeeperFinding> {
        let mut found = Vec::new();
        for tales in tales.chunks(every) {
            let batches = batches("acme", tales, self.offset);
            self.offset += tales.len() as u64;
            found.extend(self.keeper.observe(&batches).unwrap().into_iter().flatten());
        }
        found
    }

    /// Trains whatever is due at `now`; how many trainings.
    pub(crate) fn train(&mut self, now: i64) -> usize {
        let mut trainings = 0;
        while let Some(job) = self.keeper.due(at(now)) {
            self.keeper.trained(job.run(), at(now)).unwrap();
            trainings += 1;
        }
        trainings
    }
}
