use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;

use super::Place;

/// Law LIMIT: addresses whose place is remembered; at most half of them are forgotten at once.
pub const PLACES_CACHED_MAX: usize = 65_536;

type Known = HashMap<IpAddr, Option<Arc<Place>>, foldhash::fast::FixedState>;

/// Two generations: what is asked for moves to the young one; when that is full the old one is dropped. An answer
/// never depends on what is remembered.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: Known,
    old: Known,
}

impl Cache {
    pub(super) fn get_or(
        &self,
        address: IpAddr,
        look_up: impl FnOnce() -> Option<Arc<Place>>,
    ) -> Option<Arc<Place>> {
        {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(found) = known.young.get(&address) {
                return found.clone();
            }
            if let Some(found) = known.old.get(&address).cloned() {
                known.put(address, found.clone());
                return found;
            }
        }
        // Not under the lock: others need not wait for a look-up.
        let found = look_up();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(address, found.clone());
        found
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let known = self.0.lock().unwrap();
        known.young.len() + known.old.len()
    }
}

impl Generations {
    fn put(&mut self, address: IpAddr, place: Option<Arc<Place>>) {
        if self.young.len() >= PLACES_CACHED_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(address, place);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn it_is_bounded_and_answers_the_same() {
        let cache = Cache::default();
        for number in 0..200_000_u32 {
            let look_up = || Some(Arc::new(Place { asn: Some(number), ..Place::default() }));
            let address = IpAddr::V4(Ipv4Addr::from(number));
            assert_eq!(cache.get_or(address, look_up).unwrap().asn, Some(number));
            assert_eq!(cache.get_or(address, || None).unwrap().asn, Some(number));
        }
        assert!(cache.len() <= PLACES_CACHED_MAX);
    }
}
