//! How common a pivot is: with how many different others it occurs, over days.
//!
//! A proxy, a scanner, an address behind which a whole office sits, a domain controller, a service account: each
//! occurs with many accounts and hosts, day after day, and that two signals share it says nothing. An attacker's
//! address occurs with many in an hour. So only a few new partners are learnt a day, and what is learnt fades.

use std::collections::{BTreeSet, HashMap};

use sentra_model::{Signal, Timestamp};

use crate::StateRow;
use crate::pivot::{Pivot, PivotKind, partners};

/// New partners that one day can teach about a pivot.
pub const PARTNERS_PER_DAY_MAX: u8 = 4;
/// Partners kept of a pivot; beyond it the one that was not met for longest is forgotten.
pub const PARTNERS_MAX: usize = 128;
/// A partner counts half after this many days without meeting it.
const HALF_LIFE_DAYS: f64 = 14.0;
/// A pivot with this many others says nothing any more.
pub const OTHERS_MAX: f64 = 64.0;
/// Partners of one signal that are looked at.
const SIGNAL_PARTNERS_MAX: usize = 16;
const DAY_MICROS: i64 = 86_400 * 1_000_000;

#[derive(Debug, Clone, Default, PartialEq)]
struct Known {
    /// The newest day on which it was met, counted from 1970.
    day: i32,
    /// New partners learnt on that day.
    learnt: u8,
    /// Digest of each partner and the newest day it was met on.
    partners: Vec<(u32, i32)>,
}

impl Known {
    fn meet(&mut self, partner: u32, day: i32) -> bool {
        if let Some(known) = self.partners.iter_mut().find(|(known, _)| *known == partner) {
            let is_newer = day > known.1;
            known.1 = known.1.max(day);
            return is_newer;
        }
        // What arrives late does not open a day anew.
        if day < self.day || self.learnt >= PARTNERS_PER_DAY_MAX {
            return false;
        }
        self.learnt += 1;
        self.partners.push((partner, day));
        if self.partners.len() > PARTNERS_MAX
            && let Some(oldest) = self.partners.iter().copied().min_by_key(|(partner, day)| (*day, *partner))
        {
            self.partners.retain(|known| *known != oldest);
        }
        true
    }

    fn others(&self, day: i32) -> f64 {
        let weight = |met: i32| 0.5_f64.powf(f64::from((day - met).max(0)) / HALF_LIFE_DAYS);
        self.partners.iter().map(|(_, met)| weight(*met)).sum()
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(5 + self.partners.len() * 8);
        bytes.extend_from_slice(&self.day.to_be_bytes());
        bytes.push(self.learnt);
        for (partner, day) in &self.partners {
            bytes.extend_from_slice(&partner.to_be_bytes());
            bytes.extend_from_slice(&day.to_be_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (day, rest) = bytes.split_first_chunk::<4>()?;
        let (learnt, rest) = rest.split_first()?;
        let mut known = Self { day: i32::from_be_bytes(*day), learnt: *learnt, partners: Vec::new() };
        if rest.len() % 8 != 0 || rest.len() / 8 > PARTNERS_MAX {
            return None;
        }
        for pair in rest.chunks_exact(8) {
            let (partner, met) = pair.split_first_chunk::<4>()?;
            let met = met.first_chunk::<4>()?;
            known.partners.push((u32::from_be_bytes(*partner), i32::from_be_bytes(*met)));
        }
        Some(known)
    }
}

/// What a signal teaches: which pivots occurred with which others on which day.
#[derive(Debug)]
pub(crate) struct Lesson {
    day: i32,
    others: Vec<(u64, Vec<u32>)>,
}

impl Lesson {
    /// What `signal` teaches. One that claims to come from the future counts as of `now`.
    pub(crate) fn of(signal: &Signal, pivots: &[Pivot], now: Timestamp) -> Self {
        let mut partners = partners(signal);
        partners.truncate(SIGNAL_PARTNERS_MAX);
        let partners: Vec<(&Pivot, u32)> =
            partners.iter().map(|partner| (partner, (partner.key() >> 32) as u32)).collect();
        let others_of = |pivot: &Pivot| {
            let others = partners.iter().filter(|(partner, _)| !is_part(partner, pivot));
            (pivot.key(), others.map(|(_, digest)| *digest).collect())
        };
        // A session is one by its nature, and rare.
        let pivots = pivots.iter().filter(|pivot| pivot.kind != PivotKind::Session);
        Self { day: day_of(signal.last.min(now)), others: pivots.map(others_of).collect() }
    }
}

/// Whether `partner` is `pivot` itself or its host or its account.
fn is_part(partner: &Pivot, pivot: &Pivot) -> bool {
    match partner.kind {
        PivotKind::Host => pivot.host == partner.value || pivot == partner,
        PivotKind::Account => pivot == partner || pivot.account().as_ref() == Some(partner),
        _ => pivot == partner,
    }
}

/// The commonness of one tenant's pivots, learnt from signals.
#[derive(Debug)]
pub(crate) struct Commonness {
    known: HashMap<u64, Known>,
    by_day: BTreeSet<(i32, u64)>,
    changed: BTreeSet<u64>,
    entities_max: usize,
}

fn day_of(at: Timestamp) -> i32 {
    i32::try_from(at.micros().div_euclid(DAY_MICROS)).unwrap_or(i32::MAX)
}

impl Commonness {
    pub(crate) fn new(entities_max: usize) -> Self {
        Self {
            known: HashMap::new(),
            by_day: BTreeSet::new(),
            changed: BTreeSet::new(),
            entities_max: entities_max.max(1),
        }
    }

    /// Learns what a signal teaches.
    pub(crate) fn learn(&mut self, lesson: Lesson) {
        for (key, others) in lesson.others {
            self.meet(key, &others, lesson.day);
        }
    }

    fn meet(&mut self, key: u64, others: &[u32], day: i32) {
        if others.is_empty() {
            return;
        }
        let known = self.known.entry(key).or_insert_with(|| Known { day, ..Known::default() });
        let before = known.day;
        let mut changed = known.partners.is_empty();
        if day > known.day {
            (known.day, known.learnt, changed) = (day, 0, true);
        }
        for other in others {
            changed |= known.meet(*other, day);
        }
        if changed {
            self.by_day.remove(&(before, key));
            self.by_day.insert((known.day, key));
            self.changed.insert(key);
        }
        while self.known.len() > self.entities_max {
            let Some((_, stalest)) = self.by_day.pop_first() else { return };
            self.known.remove(&stalest);
            self.changed.insert(stalest);
            metrics::counter!("sentra_triage_commonness_forgotten_total").increment(1);
        }
    }

    /// How much `pivot` says at `at`: its weight, less the more others it occurs with. Like an inverse document
    /// frequency.
    pub(crate) fn weight(&self, pivot: &Pivot, signal: &Signal) -> f64 {
        if pivot.is_declared_shared(signal) {
            return 0.0;
        }
        let day = day_of(signal.last);
        let others = |pivot: &Pivot| self.known.get(&pivot.key()).map_or(0.0, |known| known.others(day));
        // An account that is everywhere connects on none of its hosts.
        let others = others(pivot).max(pivot.account().map_or(0.0, |account| others(&account)));
        let rarity = 1.0 - (1.0 + others).ln() / (1.0 + OTHERS_MAX).ln();
        pivot.weight() * rarity.max(0.0)
    }

    /// The rows to store since the last call.
    pub(crate) fn take_changes(&mut self) -> Vec<StateRow> {
        let changed = std::mem::take(&mut self.changed);
        let row = |key: u64| (key.to_be_bytes().to_vec(), self.known.get(&key).map(Known::to_bytes));
        changed.into_iter().map(row).collect()
    }

    /// Takes up a stored row; says whether it was one.
    pub(crate) fn restore(&mut self, key: &[u8], value: &[u8]) -> bool {
        let (Ok(key), Some(known)) = (<[u8; 8]>::try_from(key), Known::from_bytes(value)) else {
            return false;
        };
        let key = u64::from_be_bytes(key);
        if self.known.len() >= self.entities_max {
            return true;
        }
        self.by_day.insert((known.day, key));
        self.known.insert(key, known);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pivot::{JOIN_WEIGHT, MERGE_WEIGHT, pivots};
    use crate::risk::enrichment;
    use crate::testing::{signal, with_enrichment};
    use sentra_model::EntityType;

    const DAY: i64 = 86_400;

    fn teach(commonness: &mut Commonness, signal: &Signal, now: Timestamp) {
        commonness.learn(Lesson::of(signal, &pivots(signal), now));
    }

    fn weight(commonness: &Commonness, signal: &Signal, kind: PivotKind) -> f64 {
        let pivot = pivots(signal).into_iter().find(|pivot| pivot.kind == kind).unwrap();
        commonness.weight(&pivot, signal)
    }

    fn office(day: i64, number: i64) -> Signal {
        let user = format!("user{day}x{number}");
        signal("a", day * DAY + number, Some("198.51.100.1"), &format!("h{number}"), &user)
    }

    #[test]
    fn an_address_of_a_whole_office_is_learnt_over_days() {
        let mut commonness = Commonness::new(100_000);
        let probe = |day: i64| signal("b", day * DAY, Some("198.51.100.1"), "web-1", "root");
        for number in 0..500 {
            teach(&mut commonness, &office(0, number), Timestamp::MAX);
        }
        let burst = weight(&commonness, &probe(0), PivotKind::Address);
        assert!(burst >= MERGE_WEIGHT, "one burst is an attack: {burst}");
        for day in 1..12 {
            for number in 0..30 {
                teach(&mut commonness, &office(day, number), Timestamp::MAX);
            }
        }
        let common = weight(&commonness, &probe(12), PivotKind::Address);
        assert!(common < JOIN_WEIGHT, "{common}");
        let later = weight(&commonness, &probe(120), PivotKind::Address);
        assert!(later >= MERGE_WEIGHT, "it fades: {later}");
    }

    #[test]
    fn what_is_declared_shared_says_nothing() {
        let commonness = Commonness::new(10);
        let plain = signal("a", 0, Some("192.0.2.1"), "web-1", "alice");
        assert!(weight(&commonness, &plain, PivotKind::Address) > MERGE_WEIGHT);
        let proxy = with_enrichment(plain, Some((EntityType::Ip, "192.0.2.1")), enrichment::ROLE, "Proxy");
        assert_eq!(weight(&commonness, &proxy, PivotKind::Address), 0.0);
    }

    #[test]
    fn it_is_bounded_and_survives_its_rows() {
        let mut commonness = Commonness::new(20);
        for day in 0..40 {
            teach(&mut commonness, &office(day, day), Timestamp::MAX);
        }
        assert_eq!(commonness.known.len(), 20);
        assert_eq!(commonness.by_day.len(), 20);
        let mut restored = Commonness::new(20);
        for (key, value) in commonness.take_changes() {
            if let Some(value) = value {
                assert!(restored.restore(&key, &value));
            }
        }
        assert_eq!(restored.known, commonness.known);
        assert!(!restored.restore(b"short", b"nonsense"));
    }

    #[test]
    fn a_signal_from_2099_does_not_stop_the_days() {
        let mut commonness = Commonness::new(100);
        let now = Timestamp::from_seconds(DAY);
        teach(&mut commonness, &office(40_000, 1), now);
        assert!(commonness.known.values().all(|known| known.day <= 1));
    }
}
