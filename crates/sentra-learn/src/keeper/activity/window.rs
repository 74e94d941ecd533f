//! One entity's open hour.

use sentra_model::EntityType;

use super::feature::{DISTINCT_KINDS, FEATURES, Row, is_notable, place};
use super::sketch::{Distinct, Novelty};
use crate::baseline::hash::{self, NONE};
use crate::behaviour::codec::{Reader, Writer};
use crate::keeper::settings::HOUR_MICROS;

/// Law LIMIT: events of an hour that a finding names: those that stand out, and the first others.
const EVIDENCE_MAX: usize = 16;
/// Of those, so many that do not stand out.
const PLAIN_EVIDENCE_MAX: usize = 4;
/// Law LIMIT: names of hosts, users and addresses never met before that a finding names.
const OTHERS_MAX: usize = 8;
/// Law LIMIT: bytes of a name that are kept.
const NAME_BYTES_MAX: usize = 256;
/// Hours of an entity after which what is new to it counts: before, everything is.
const SETTLED_HOURS: u32 = 8;

/// What is known of whether an hour may be learnt from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mark {
    /// Nothing was found.
    #[default]
    Clean,
    /// Something was found, or shortly before.
    Alerted,
    /// An analyst says that it was an attack.
    Attack,
    /// An analyst says that it was none.
    Harmless,
}

impl Mark {
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Alerted => 1,
            Self::Attack => 2,
            Self::Harmless => 3,
        }
    }

    pub(crate) fn of_number(number: u8) -> Option<Self> {
        [Self::Clean, Self::Alerted, Self::Attack, Self::Harmless].get(usize::from(number)).copied()
    }

    /// An analyst's verdict on the time it is in: a label where something was found. What nobody found anything in is
    /// not learnt from if it was an attack's time, and stays what it is if not. Whether it has a label now.
    pub(crate) fn judge(&mut self, verdict: Self) -> bool {
        match (*self, verdict) {
            (Self::Clean, Self::Attack) => *self = Self::Alerted,
            (Self::Clean, _) => {}
            _ => *self = verdict,
        }
        *self == verdict
    }

    /// An alert changes only what nobody has judged.
    pub(crate) fn alert(&mut self) {
        if *self == Self::Clean {
            *self = Self::Alerted;
        }
    }
}

/// What one event adds to an hour.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fact {
    pub(super) partition: u32,
    pub(super) offset: u64,
    pub(super) time: i64,
    pub(super) count: u32,
    /// Bit of its code, 0 without.
    pub(super) code: u64,
    /// What it counts as beside an event; [`place::EVENTS`] for nothing.
    pub(super) group: u8,
    pub(super) bytes: f32,
    /// Hashes of the peer, the source, the destination, the program, the account acted on.
    pub(super) things: [u64; DISTINCT_KINDS],
}

/// The kinds of things by whose newness relations count: peers, sources, programs. Destinations and accounts are
/// new all the time.
const RELATED: [bool; DISTINCT_KINDS] = [true, true, false, true, false];
/// Places of the peer and the source among the things.
pub(super) const PEER: usize = 0;
pub(super) const SOURCE: usize = 1;

/// Counts of one entity within one hour.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Window {
    pub(super) hour: i32,
    /// How many sweeps there had been when it was last added to.
    pub(super) touched: u64,
    pub(super) mark: Mark,
    /// The entity as the first row has it.
    pub(super) name: Box<str>,
    /// Time of its latest event.
    pub(super) last: i64,
    counts: [u32; place::COUNTS],
    codes: u64,
    distinct: [Distinct; DISTINCT_KINDS],
    new_relations: u32,
    bytes: f32,
    pub(super) events: Vec<(u32, u64)>,
    plain_events: u8,
    pub(super) others: Vec<(EntityType, Box<str>)>,
}

/// The name, cut at a character where it is too long.
fn cut(name: &str) -> Box<str> {
    name.get(..name.floor_char_boundary(NAME_BYTES_MAX)).unwrap_or_default().into()
}

impl Window {
    pub(super) fn new(hour: i32, name: &str) -> Self {
        Self {
            hour,
            touched: 0,
            mark: Mark::Clean,
            name: cut(name),
            last: i64::MIN,
            counts: [0; place::COUNTS],
            codes: 0,
            distinct: Default::default(),
            new_relations: 0,
            bytes: 0.0,
            events: Vec::new(),
            plain_events: 0,
            others: Vec::new(),
        }
    }

    /// Event time (µs) at which it ends.
    pub(super) fn end(&self) -> i64 {
        (i64::from(self.hour) + 1) * HOUR_MICROS
    }

    /// Takes an event in. `name_of` gives the name of its peer or source.
    #[inline]
    pub(super) fn add<'a>(
        &mut self,
        key: u64,
        fact: &Fact,
        novelty: &mut Novelty,
        name_of: impl Fn(usize) -> Option<(EntityType, &'a str)>,
    ) {
        self.last = self.last.max(fact.time);
        self.count(place::EVENTS, fact.count);
        if usize::from(fact.group) != place::EVENTS {
            self.count(usize::from(fact.group), fact.count);
        }
        self.codes |= fact.code;
        self.bytes += fact.bytes;
        let mut stands_out = is_notable(usize::from(fact.group));
        for (number, ((distinct, thing), related)) in
            self.distinct.iter_mut().zip(fact.things).zip(RELATED).enumerate()
        {
            if thing == NONE || !distinct.add(thing) || !related {
                continue;
            }
            let relation = hash::mix(hash::mix(key, number as u64 + 1), thing);
            if novelty.add(relation) {
                self.new_relations = self.new_relations.saturating_add(1);
                stands_out = true;
                if self.others.len() < OTHERS_MAX
                    && let Some((entity_type, name)) = name_of(number)
                {
                    self.others.push((entity_type, cut(name)));
                }
            }
        }
        self.keep_event(fact, stands_out);
    }

    #[inline]
    fn count(&mut self, group: usize, events: u32) {
        if let Some(count) = self.counts.get_mut(group) {
            *count = count.saturating_add(events);
        }
    }

    #[inline]
    fn keep_event(&mut self, fact: &Fact, stands_out: bool) {
        if self.events.len() >= EVIDENCE_MAX {
            return;
        }
        if !stands_out {
            if usize::from(self.plain_events) >= PLAIN_EVIDENCE_MAX {
                return;
            }
            self.plain_events += 1;
        }
        self.events.push((fact.partition, fact.offset));
    }

    /// What was counted; `hours` is how many of the entity's hours ended before.
    pub(super) fn row(&self, key: u64, hours: u32) -> Row {
        let mut values = [0.0; FEATURES];
        let distinct = self.distinct.iter().map(Distinct::count);
        let counted = self.counts.iter().map(|count| *count as f32);
        let new_relations = if hours < SETTLED_HOURS { 0.0 } else { self.new_relations as f32 };
        let rest = [new_relations, self.bytes];
        let all = counted.chain([self.codes.count_ones() as f32]).chain(distinct).chain(rest);
        for (value, counted) in values.iter_mut().zip(all) {
            *value = counted;
        }
        Row { key, hour: self.hour, values }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.u32(self.hour.cast_unsigned()).u64(self.touched).u8(self.mark.number());
        writer.text(&self.name).u64(self.last.cast_unsigned()).u64(self.codes);
        writer.u32(self.new_relations).f32(self.bytes).u8(self.plain_events);
        for count in self.counts {
            writer.u32(count);
        }
        self.distinct.iter().for_each(|distinct| distinct.write(writer));
        writer.u8(self.events.len() as u8);
        for (partition, offset) in &self.events {
            writer.u32(*partition).u64(*offset);
        }
        writer.u8(self.others.len() as u8);
        for (entity_type, name) in &self.others {
            writer.u8(*entity_type as u8).text(name);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (hour, touched) = (reader.u32()?.cast_signed(), reader.u64()?);
        let mark = Mark::of_number(reader.u8()?)?;
        let name = reader.text()?;
        let mut window = Self { touched, mark, ..Self::new(hour, &name) };
        window.last = reader.u64()?.cast_signed();
        window.codes = reader.u64()?;
        window.new_relations = reader.u32()?;
        window.bytes = Some(reader.f32()?).filter(|bytes| bytes.is_finite() && *bytes >= 0.0)?;
        window.plain_events = reader.u8()?;
        for count in &mut window.counts {
            *count = reader.u32()?;
        }
        for distinct in &mut window.distinct {
            *distinct = Distinct::read(reader)?;
        }
        for _ in 0..reader.u8()? {
            window.events.push((reader.u32()?, reader.u64()?));
        }
        for _ in 0..reader.u8()? {
            let kinds = [EntityType::User, EntityType::Host, EntityType::Process, EntityType::Ip];
            let number = reader.u8()?;
            let entity_type = kinds.into_iter().find(|kind| *kind as u8 == number)?;
            window.others.push((entity_type, cut(&reader.text()?)));
        }
        let fits = window.events.len() <= EVIDENCE_MAX && window.others.len() <= OTHERS_MAX;
        fits.then_some(window)
    }
}
