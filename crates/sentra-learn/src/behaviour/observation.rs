//! One event as the baselines see it, and the queue in which it waits to be learned.

use std::collections::VecDeque;

use super::codec::{Reader, Writer};
use crate::baseline::Place;

/// Bits of [`Observation::flags`].
pub(crate) mod flag {
    /// It did not work.
    pub(crate) const FAILURE: u8 = 1;
    /// It was alerted: nothing is learned from it.
    pub(crate) const ALERTED: u8 = 2;
    /// Its verdict is known.
    pub(crate) const JUDGED: u8 = 4;
    /// A login that worked.
    pub(crate) const LOGIN: u8 = 8;
    /// The source address is one of the house.
    pub(crate) const SOURCE_PRIVATE: u8 = 16;
    /// It goes out of the house.
    pub(crate) const DESTINATION_EXTERNAL: u8 = 32;
    /// The source address is one that places say nothing about: VPN, egress.
    pub(crate) const EXEMPT: u8 = 64;
}

/// Places in [`Observation::near`].
pub(crate) mod near {
    pub(crate) const USER: usize = 0;
    pub(crate) const HOST: usize = 1;
    pub(crate) const SOURCE: usize = 2;
    pub(crate) const USER_RATE: usize = 3;
    pub(crate) const HOST_RATE: usize = 4;
    pub(crate) const USER_VOLUME: usize = 5;
    pub(crate) const MACHINE_VOLUME: usize = 6;
    pub(crate) const COUNT: usize = 7;
}

/// How many keys are stored.
const KEYS: usize = 12;
/// The bit that says that a place is stored.
const PLACE_BIT: u32 = 15;
/// The bit that says that the place is not exact.
const ACCURACY_BIT: u32 = 14;

/// One event, all names as keys; 0 is none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Observation {
    /// Seconds since 1970.
    pub(crate) time: u32,
    /// Arrival, seconds.
    pub(crate) seen: u32,
    pub(crate) count: u32,
    /// Bytes that left.
    pub(crate) bytes: f32,
    /// Number of the event code.
    pub(crate) code: u8,
    pub(crate) flags: u8,
    /// Which relations wait for the verdict, one bit each.
    pub(crate) fresh: u16,
    pub(crate) user: u64,
    /// The host that it happened on, or that saw it.
    pub(crate) host: u64,
    /// The machine that acted: the host, or the private source address where a network device saw it.
    pub(crate) machine: u64,
    pub(crate) src: u64,
    pub(crate) dst: u64,
    pub(crate) domain: u64,
    pub(crate) process: u64,
    pub(crate) parent: u64,
    pub(crate) app: u64,
    pub(crate) agent: u64,
    pub(crate) country: u64,
    pub(crate) group: u64,
    /// Where its records were last, see [`near`]; only to find them sooner.
    pub(crate) near: [u32; near::COUNT],
}

impl Observation {
    #[inline]
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag > 0
    }

    /// Where the record may be.
    #[inline]
    pub(crate) fn hint(&self, number: usize) -> u32 {
        self.near.get(number).copied().unwrap_or(u32::MAX)
    }

    #[inline]
    pub(crate) fn set_hint(&mut self, number: usize, slot: u32) {
        if let Some(near) = self.near.get_mut(number) {
            *near = slot;
        }
    }

    pub(crate) fn hour(&self) -> u32 {
        self.time / 3_600
    }

    fn keys(&self) -> [u64; KEYS] {
        [
            self.user,
            self.host,
            self.machine,
            self.src,
            self.dst,
            self.domain,
            self.process,
            self.parent,
            self.app,
            self.agent,
            self.country,
            self.group,
        ]
    }

    /// Writes it, and where its source is.
    pub(crate) fn write(&self, to: &mut Writer, place: Option<&Place>) {
        let keys = self.keys();
        let accuracy_km = place.map_or(0, |place| place.accuracy_km);
        let mut present =
            u16::from(place.is_some()) << PLACE_BIT | u16::from(accuracy_km > 0) << ACCURACY_BIT;
        for (bit, key) in keys.iter().enumerate() {
            present |= u16::from(*key > 0) << bit;
        }
        to.u32(self.time).u32(self.seen).u32(self.count).f32(self.bytes);
        to.u8(self.code).u8(self.flags).u16(self.fresh).u16(present);
        keys.into_iter().filter(|key| *key > 0).for_each(|key| {
            to.u64(key);
        });
        if let Some(place) = place {
            to.f32(place.latitude as f32).f32(place.longitude as f32);
            to.text(&place.country);
        }
        if accuracy_km > 0 {
            to.u32(accuracy_km);
        }
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Option<(Self, Option<Place>)> {
        let mut read = Self {
            time: from.u32()?,
            seen: from.u32()?,
            count: from.u32()?,
            bytes: from.f32()?,
            code: from.u8()?,
            flags: from.u8()?,
            fresh: from.u16()?,
            ..Self::default()
        };
        let present = from.u16()?;
        let mut keys = [0; KEYS];
        for (bit, key) in keys.iter_mut().enumerate() {
            if present >> bit & 1 == 1 {
                *key = from.u64()?;
            }
        }
        [
            read.user,
            read.host,
            read.machine,
            read.src,
            read.dst,
            read.domain,
            read.process,
            read.parent,
            read.app,
            read.agent,
            read.country,
            read.group,
        ] = keys;
        let has_place = present >> PLACE_BIT & 1 == 1;
        let mut place = if has_place { Some(read_place(from)?) } else { None };
        if present >> ACCURACY_BIT & 1 == 1 {
            let accuracy_km = from.u32()?;
            place.iter_mut().for_each(|place| place.accuracy_km = accuracy_km);
        }
        Some((read, place))
    }
}

fn read_place(from: &mut Reader<'_>) -> Option<Place> {
    let (latitude, longitude) = (from.f32()?.into(), from.f32()?.into());
    Some(Place { latitude, longitude, accuracy_km: 0, country: from.text()? })
}

/// Observations that wait: each is learned a named number of observations, or of seconds of arrival, after it came,
/// so that every cut into batches lets its verdict come first (law IDENTITY).
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: VecDeque<Observation>,
    /// Number of the first that waits.
    first: u64,
    /// The latest arrival, seconds.
    pub(crate) clock: u32,
}

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.waiting.capacity() * size_of::<Observation>()
    }

    /// Number of the next that comes.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.waiting.len() as u64
    }

    pub(crate) fn push(&mut self, observation: Observation) {
        self.waiting.push_back(observation);
    }

    /// Those that wait longest.
    pub(crate) fn longest(&self, count: usize) -> impl Iterator<Item = &Observation> {
        self.waiting.iter().take(count)
    }

    /// The verdict of what came from `number` on.
    pub(crate) fn judge(
        &mut self,
        number: u64,
        mut is_alerted: impl FnMut(usize) -> bool,
        mut alert: impl FnMut(u64),
    ) {
        let skipped = number.saturating_sub(self.first) as usize;
        let missing = self.first.saturating_sub(number) as usize;
        for (index, observation) in self.waiting.iter_mut().skip(skipped).enumerate() {
            observation.flags |= flag::JUDGED;
            if is_alerted(index + missing) {
                observation.flags |= flag::ALERTED;
                alert(number + (index + missing) as u64);
            }
        }
    }

    /// The next that is to be learned when another has just arrived, if its verdict is known. `unjudged_max`: beyond,
    /// it is learned without.
    #[inline]
    pub(crate) fn pop_due(
        &mut self,
        hold: usize,
        hold_seconds: u32,
        unjudged_max: usize,
    ) -> Option<Observation> {
        let front = self.waiting.front()?;
        let is_due = self.waiting.len() > hold || front.seen.saturating_add(hold_seconds) <= self.clock;
        let may_go = front.has(flag::JUDGED) || self.waiting.len() > unjudged_max;
        if !is_due || !may_go {
            return None;
        }
        self.first += 1;
        self.waiting.pop_front()
    }

    /// Begins with the observation `first`; nothing waits.
    pub(crate) fn begin(&mut self, first: u64) {
        self.first = first;
        self.waiting.clear();
    }

    /// All that wait.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Observation> {
        self.waiting.iter()
    }

    pub(crate) fn first(&self) -> u64 {
        self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observation(time: u32) -> Observation {
        Observation { time, seen: time, count: 1, user: 7, group: 9, bytes: 1.5, ..Observation::default() }
    }

    #[test]
    fn an_observation_survives_its_bytes() {
        let mut writer = Writer::default();
        let one = observation(5);
        let place = Place { latitude: 1.5, longitude: -2.25, accuracy_km: 0, country: "DE".to_owned() };
        let coarse = Place { accuracy_km: 440, ..place.clone() };
        one.write(&mut writer, None);
        one.write(&mut writer, Some(&coarse));
        one.write(&mut writer, Some(&place));
        let bytes = writer.bytes();
        let mut reader = Reader::new(&bytes);
        assert_eq!(Observation::read(&mut reader), Some((one, None)));
        assert_eq!(Observation::read(&mut reader), Some((one, Some(coarse))));
        assert_eq!(Observation::read(&mut reader), Some((one, Some(place))));
        assert!(reader.is_empty());
        assert_eq!(Observation::read(&mut Reader::new(&bytes[..20])), None);
    }

    #[test]
    fn what_has_no_verdict_waits_for_it() {
        let mut queue = Queue { clock: 1_000, ..Queue::default() };
        (0..10).for_each(|time| queue.push(observation(time)));
        assert!(queue.pop_due(5, 60, 100).is_none());
        queue.judge(0, |_| false, |_| ());
        assert!(queue.pop_due(5, 60, 100).is_some());
        (0..200).for_each(|time| queue.push(observation(time)));
        while queue.pop_due(5, 60, 100).is_some() {}
        assert_eq!(queue.len(), 100, "a verdict that never comes does not let the queue grow");
    }
}
