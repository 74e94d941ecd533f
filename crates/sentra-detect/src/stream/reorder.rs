use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use sentra_model::EventId;
use serde::{Deserialize, Serialize};

/// Where something stands in event time: time (µs), then the event, then what distinguishes several things
/// that one event brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) time: i64,
    pub(crate) id: EventId,
    pub(crate) part: u32,
}

impl Place {
    /// The first place that anything of `time` could have.
    pub(crate) fn first_of(time: i64) -> Self {
        Self { time, id: EventId { topic: sentra_model::Topic::Raw, partition: 0, offset: 0 }, part: 0 }
    }
}

/// What arrived and waits until everything before it has arrived as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    from = "Vec<(Place, Item)>",
    into = "Vec<(Place, Item)>",
    bound = "Item: Serialize + for<'a> Deserialize<'a> + Clone"
)]
pub(crate) struct Reorder<Item>(BTreeMap<Place, Item>);

impl<Item> Default for Reorder<Item> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<Item> From<Vec<(Place, Item)>> for Reorder<Item> {
    fn from(items: Vec<(Place, Item)>) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<Item> From<Reorder<Item>> for Vec<(Place, Item)> {
    fn from(buffer: Reorder<Item>) -> Self {
        buffer.0.into_iter().collect()
    }
}

impl<Item> Reorder<Item> {
    /// Puts `item` at its place, or at the next one of the same event that is free.
    pub(crate) fn push(&mut self, place: Place, item: Item) {
        self.0.insert(self.free(place), item);
    }

    /// The place, or the next one of the same event that is free.
    pub(crate) fn free(&self, mut place: Place) -> Place {
        while place.part < u32::MAX && self.0.contains_key(&place) {
            place.part += 1;
        }
        place
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The earliest.
    pub(crate) fn first(&self) -> Option<(&Place, &Item)> {
        self.0.first_key_value()
    }

    /// The latest.
    pub(crate) fn last(&self) -> Option<(&Place, &Item)> {
        self.0.last_key_value()
    }

    /// Takes the earliest.
    pub(crate) fn pop(&mut self) -> Option<(Place, Item)> {
        self.0.pop_first()
    }

    /// Takes what stands at `place`.
    pub(crate) fn remove(&mut self, place: Place) -> Option<Item> {
        self.0.remove(&place)
    }

    /// Takes the earliest if it is not later than `time`.
    pub(crate) fn pop_until(&mut self, time: i64) -> Option<(Place, Item)> {
        if self.0.first_key_value()?.0.time > time {
            return None;
        }
        self.0.pop_first()
    }

    /// What happened within `times`, in order.
    pub(crate) fn within(&self, times: RangeInclusive<i64>) -> impl Iterator<Item = (&Place, &Item)> {
        let end = *times.end();
        let from = Place::first_of(*times.start());
        self.0.range(from..).take_while(move |(place, _)| place.time <= end)
    }

    /// What comes after `place`, in order.
    pub(crate) fn after(&self, place: Option<Place>) -> impl Iterator<Item = (&Place, &Item)> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.0.range((place.map_or(Unbounded, Excluded), Unbounded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrives_in_disorder_leaves_in_order() {
        let mut buffer = Reorder::default();
        for (time, offset) in [(5, 0), (1, 1), (5, 2), (3, 3), (5, 0)] {
            buffer.push(Place { time, id: EventId::raw(0, offset), part: 0 }, offset);
        }
        assert_eq!(buffer.within(3..=5).count(), 4);
        let text = serde_json::to_string(&buffer).unwrap();
        assert_eq!(serde_json::from_str::<Reorder<u64>>(&text).unwrap(), buffer);
        let mut order = Vec::new();
        while let Some((place, _)) = buffer.pop_until(4) {
            order.push(place.time);
        }
        assert_eq!(order, [1, 3]);
        assert_eq!(buffer.pop().map(|(place, _)| (place.id.offset, place.part)), Some((0, 0)));
        assert_eq!(buffer.pop().map(|(place, _)| (place.id.offset, place.part)), Some((0, 1)));
        assert_eq!(buffer.len(), 1);
    }
}
