//! A group with a few events and nothing fired, as bytes: most groups never become more.
//!
//! First the group's values, then the events in the order of their arrival. They are everything that a
//! [`Runs`] would know: where more is needed, the events are put into one again.

use sentra_model::EventId;

use crate::matched::VALUE_COLUMNS;
use crate::stream::Place;

use super::codec::{Reader, put_number, put_signed, put_text};
use super::rule::{CorrelationKind, CorrelationRule};
use super::run::{Contribution, Runs};
use super::tally::{Content, Entry, best, is_enough};

/// Most events that are kept as bytes.
pub(crate) const PACKED_EVENTS_MAX: usize = 8;
/// Longest group that is kept as bytes; a longer one is not worth it.
const PACKED_BYTES_MAX: usize = 2_048;

/// Number of the counted field among the names of values, after [`VALUE_COLUMNS`].
const COUNTED: u8 = VALUE_COLUMNS.len() as u8;
/// Added to the number of a name: the value is that of a group-by field, whose place follows.
const OF_GROUP: u8 = 0x80;

/// One event, read.
#[derive(Debug, Clone, Copy)]
struct Packed<'a> {
    entry: Entry,
    seen: i64,
    /// Its values, still bytes.
    values: Reader<'a>,
}

/// The group's values as bytes.
pub(crate) fn put_group<'a>(bytes: &mut Vec<u8>, values: impl Iterator<Item = &'a str>) {
    values.for_each(|value| put_text(bytes, value));
}

/// The values of a group from its bytes.
pub(crate) fn group_values(group: &[u8]) -> impl Iterator<Item = &str> {
    let mut reader = Reader(group);
    std::iter::from_fn(move || reader.text())
}

/// The group's bytes of a packed one, and the events.
pub(crate) fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = Reader(bytes);
    let length = usize::try_from(reader.number()?).ok()?;
    Some((reader.bytes(length)?, reader.0))
}

/// Begins a packed group.
pub(crate) fn begin(group: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(group.len() + 48);
    put_number(&mut bytes, group.len() as u64);
    bytes.extend_from_slice(group);
    bytes
}

/// Appends an event; `false` when it cannot be told in bytes.
pub(crate) fn put_event(
    bytes: &mut Vec<u8>,
    group: &[u8],
    contribution: &Contribution<'_>,
    rule: &CorrelationRule,
) -> bool {
    let Entry { place, content } = contribution.entry;
    let fits = contribution.absorbed.is_none()
        && place.id == EventId::raw(place.id.partition, place.id.offset)
        && place.part == u32::from(content.rule) << 16;
    if !fits {
        return false;
    }
    let Some((_, all)) = split(bytes) else { return false };
    let base = events(all, rule).next().map(|first| Base::of(&first.entry)).unwrap_or_default();
    let column_of = |name: &str| {
        let column = VALUE_COLUMNS.iter().zip(0_u8..).find(|(column, _)| **column == name);
        column.map_or(COUNTED, |(_, number)| number)
    };
    let values = contribution.values.iter().map(|(name, text)| (column_of(name), *text));
    // A run knows every value once: what an earlier event has need not be said again.
    let is_new = |value: &(u8, &str)| {
        !events(all, rule).flat_map(|event| raw_values(event.values, group)).any(|known| known == *value)
    };
    let values: Vec<(u8, &str)> = values.filter(is_new).collect();
    let (Some(time), Some(seen)) =
        (place.time.checked_sub(base.time), contribution.seen.checked_sub(place.time))
    else {
        return false;
    };
    put_signed(bytes, time);
    put_number(bytes, u64::from(place.id.partition));
    put_signed(bytes, place.id.offset.wrapping_sub(base.offset).cast_signed());
    put_signed(bytes, seen);
    put_number(bytes, content.weight);
    bytes.push(content.rule);
    if matches!(rule.kind, CorrelationKind::ValueCount { .. }) {
        bytes.extend_from_slice(&content.what.to_le_bytes());
    }
    bytes.push(u8::try_from(values.len()).unwrap_or(u8::MAX));
    for (number, text) in values {
        match group_values(group).zip(0_u8..).find(|(value, _)| *value == text) {
            Some((_, place)) => bytes.extend_from_slice(&[number | OF_GROUP, place]),
            None => {
                bytes.push(number);
                put_text(bytes, text);
            }
        }
    }
    bytes.len() <= PACKED_BYTES_MAX
}

/// What the numbers of all events but the first are relative to: the first.
#[derive(Debug, Clone, Copy, Default)]
struct Base {
    time: i64,
    offset: u64,
}

impl Base {
    fn of(first: &Entry) -> Self {
        Self { time: first.place.time, offset: first.place.id.offset }
    }
}

fn read_event<'a>(reader: &mut Reader<'a>, base: Base, rule: &CorrelationRule) -> Option<Packed<'a>> {
    let time = base.time.checked_add(reader.signed()?)?;
    let partition = u32::try_from(reader.number()?).ok()?;
    let id = EventId::raw(partition, base.offset.wrapping_add(reader.signed()?.cast_unsigned()));
    let seen = time.checked_add(reader.signed()?)?;
    let weight = reader.number()?;
    let place_of_rule = reader.byte()?;
    let what = match rule.kind {
        CorrelationKind::ValueCount { .. } => u128::from_le_bytes(*reader.bytes(16)?.first_chunk()?),
        _ => 0,
    };
    let place = Place { time, id, part: u32::from(place_of_rule) << 16 };
    let content = Content { what, number: 0, rule: place_of_rule, weight };
    let values = *reader;
    for _ in 0..reader.byte()? {
        match reader.byte()? & OF_GROUP {
            0 => drop(reader.text()?),
            _ => drop(reader.byte()?),
        }
    }
    Some(Packed { entry: Entry { place, content }, seen, values })
}

fn events<'a>(bytes: &'a [u8], rule: &CorrelationRule) -> impl Iterator<Item = Packed<'a>> {
    let mut reader = Reader(bytes);
    let mut base: Option<Base> = None;
    std::iter::from_fn(move || {
        let event = read_event(&mut reader, base.unwrap_or_default(), rule)?;
        base.get_or_insert_with(|| Base::of(&event.entry));
        Some(event)
    })
}

/// Whether `bytes` are events of this rule, all of them.
pub(crate) fn is_whole(bytes: &[u8], rule: &CorrelationRule) -> bool {
    let mut reader = Reader(bytes);
    let mut base: Option<Base> = None;
    let mut number = 0;
    while !reader.is_empty() {
        number += 1;
        match read_event(&mut reader, base.unwrap_or_default(), rule) {
            Some(event) if number <= PACKED_EVENTS_MAX => base.get_or_insert_with(|| Base::of(&event.entry)),
            _ => return false,
        };
    }
    number > 0
}

/// The values of an event: the number of the name, and the text.
fn raw_values<'a>(mut reader: Reader<'a>, group: &'a [u8]) -> impl Iterator<Item = (u8, &'a str)> {
    let mut left = reader.byte().unwrap_or_default();
    std::iter::from_fn(move || {
        left = left.checked_sub(1)?;
        let tag = reader.byte()?;
        let text = match tag & OF_GROUP {
            0 => reader.text(),
            _ => reader.byte().and_then(|place| group_values(group).nth(usize::from(place))),
        };
        Some((tag & !OF_GROUP, text.unwrap_or_default()))
    })
}

/// The events as runs.
pub(crate) fn unpack(bytes: &[u8], rule: &CorrelationRule) -> Runs {
    let mut runs = Runs::default();
    let Some((group, all)) = split(bytes) else { return runs };
    let counted = rule.counted().map_or("", |counted| counted.name.as_str());
    for event in events(all, rule) {
        let named = |number| VALUE_COLUMNS.get(usize::from(number)).copied().unwrap_or(counted);
        let values: Vec<(&str, &str)> =
            raw_values(event.values, group).map(|(number, text)| (named(number), text)).collect();
        let contribution =
            Contribution { entry: event.entry, seen: event.seen, values: &values, absorbed: None };
        runs.add(&contribution, rule);
    }
    runs
}

/// Whether the group can stay bytes when `contribution` comes: it has room, the event belongs to its only run,
/// and does not make it fire.
pub(crate) fn can_take(bytes: &[u8], contribution: &Contribution<'_>, rule: &CorrelationRule) -> bool {
    let Some((_, all)) = split(bytes) else { return false };
    let time = contribution.entry.place.time;
    let (mut first, mut last, mut touched, mut number) = (i64::MAX, i64::MIN, i64::MIN, 0);
    let mut entries: [Option<Entry>; PACKED_EVENTS_MAX] = [None; PACKED_EVENTS_MAX];
    for (event, slot) in events(all, rule).zip(&mut entries) {
        (first, last) = (first.min(event.entry.place.time), last.max(event.entry.place.time));
        touched = touched.max(event.seen);
        number += 1;
        *slot = Some(event.entry);
    }
    let gap = rule.run_gap_micros;
    let meets = time >= first.saturating_sub(gap) && time <= last.saturating_add(gap);
    let rests = touched < contribution.seen.saturating_sub(gap);
    let known = entries.iter().flatten();
    number < PACKED_EVENTS_MAX && meets && !rests && !may_be_enough(known, &contribution.entry, rule)
}

/// Whether the last event is this one at the same time, found by another rule, which says nothing new.
pub(crate) fn is_known(bytes: &[u8], contribution: &Contribution<'_>, rule: &CorrelationRule) -> bool {
    if rule.rules.len() < 2 || contribution.absorbed.is_some() {
        return false;
    }
    let Some((_, all)) = split(bytes) else { return false };
    let new = &contribution.entry;
    events(all, rule).last().is_some_and(|Packed { entry: last, .. }| {
        (last.place.time, last.place.id) == (new.place.time, new.place.id)
            && rule.is_same(last.content.rule, new.content.rule)
    })
}

/// Whether a group can begin as bytes: its first event does not make it fire.
pub(crate) fn can_begin(contribution: &Contribution<'_>, rule: &CorrelationRule) -> bool {
    !may_be_enough(std::iter::empty(), &contribution.entry, rule)
}

/// Whether there is enough with one more.
fn may_be_enough<'a>(
    known: impl Iterator<Item = &'a Entry> + Clone,
    entry: &'a Entry,
    rule: &CorrelationRule,
) -> bool {
    let all = known.chain(std::iter::once(entry));
    // What cannot be enough all together is not looked at closer: the usual case is cheap.
    let possible = match &rule.kind {
        CorrelationKind::EventCount(_) => {
            all.clone().map(|entry| entry.content.weight).sum::<u64>() >= rule.threshold
        }
        CorrelationKind::Temporal(formula) => {
            let matched = all.clone().fold(0_u64, |mask, entry| mask | 1 << (entry.content.rule & 63));
            formula.holds(&mut |rule| matched >> (rule & 63) & 1 == 1)
        }
        _ => all.clone().count() as u64 >= rule.threshold,
    };
    possible && is_enough(&in_order(all), rule)
}

fn in_order<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = entries.copied().collect();
    entries.sort_unstable_by_key(|entry| entry.place);
    entries
}

/// What decides about the place of a group when there are too many.
pub(crate) struct Standing {
    pub(crate) progress: u64,
    pub(crate) touched: i64,
    pub(crate) last: i64,
}

pub(crate) fn standing(bytes: &[u8], rule: &CorrelationRule) -> Standing {
    let all = split(bytes).map(|(_, all)| all).unwrap_or_default();
    let mut entries = Vec::new();
    let (mut touched, mut last) = (i64::MIN, i64::MIN);
    for event in events(all, rule) {
        touched = touched.max(event.seen);
        last = last.max(event.entry.place.time);
        entries.push(event.entry);
    }
    entries.sort_unstable_by_key(|entry| entry.place);
    let progress = match (entries.as_slice(), &rule.kind) {
        ([only], CorrelationKind::EventCount(_)) => only.content.weight,
        (entries, _) => best(entries, rule),
    };
    Standing { progress, touched, last }
}
