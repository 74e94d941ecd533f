//! Two logins of one user from places too far apart.

use super::derived::DerivedValue;
use super::judge::{Facts, Statements, state_fixed};
use super::observation::{Observation, flag};
use super::relation::{Party, number as relation};
use super::state::State;
use crate::baseline::hash::NONE;
use crate::baseline::{LastPlace, Name, Place, distance_km};

/// Two consecutive logins that lie too far apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Journey {
    pub(crate) speed_kmh: f32,
    /// At least: what both places may be off is taken off.
    pub(crate) distance_km: f32,
    /// Where each was is known exactly.
    pub(crate) is_exact: bool,
    pub(crate) seconds: u32,
    pub(crate) from: [u8; 2],
    /// The address is one that the user is known to come from, or shared by many.
    pub(crate) is_excused: bool,
}

impl State {
    pub(crate) fn travel(
        &mut self,
        observation: &Observation,
        user: Party,
        place: &Place,
        facts: &mut Facts,
        to: &mut Statements,
    ) {
        if user.key == NONE || observation.has(flag::EXEMPT) || self.is_egress(observation.src) {
            return;
        }
        let hour = observation.hour();
        let before = self.places.by_key(user.key).copied();
        if let Some(last) = before.filter(|last| last.address != observation.src)
            && let Some(journey) = self.journey(observation, &last, place)
        {
            state_fixed(to, Name::TravelSpeed, DerivedValue::Whole(journey.speed_kmh));
            state_fixed(to, Name::TravelDistance, DerivedValue::Whole(journey.distance_km));
            facts.journey = Some(journey);
            facts.is_notable = true;
        }
        // A late login is compared, but does not say where the user is now.
        if before.is_some_and(|last| last.time > observation.time) {
            return;
        }
        let slot = self.places.find(user.key).or_else(|| self.places.insert(user.key, hour));
        let Some(last) = slot.and_then(|slot| self.places.change(slot, hour)) else { return };
        last.address = observation.src;
        (last.latitude, last.longitude) = (place.latitude as f32, place.longitude as f32);
        last.accuracy_km = place.accuracy_km;
        last.time = observation.time;
        last.country = place.country.as_bytes().first_chunk().copied().unwrap_or_default();
    }

    fn journey(&self, observation: &Observation, last: &LastPlace, place: &Place) -> Option<Journey> {
        let from = (f64::from(last.latitude), f64::from(last.longitude));
        let middles_km = distance_km(from, (place.latitude, place.longitude)) as f32;
        // A country's middle is where few of its people are: who crosses a border has not gone from middle to middle.
        let off_km = last.accuracy_km as f32 + place.accuracy_km as f32;
        let distance_km = (middles_km - off_km).max(0.0);
        let seconds = observation.time.abs_diff(last.time);
        // Two systems' clocks differ by up to a minute.
        let speed_kmh = distance_km / (seconds.max(60) as f32 / 3_600.0);
        let is_impossible =
            distance_km >= self.config.travel_km_min && speed_kmh >= self.config.travel_kmh_max;
        is_impossible.then(|| Journey {
            speed_kmh,
            distance_km,
            is_exact: off_km == 0.0,
            seconds,
            from: last.country,
            is_excused: self.is_egress(last.address)
                || self.is_trusted(observation.user, relation::USER_SOURCE, observation.src),
        })
    }
}
