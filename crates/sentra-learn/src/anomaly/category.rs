use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::bytes::{Reader, Writer};
use super::error::ModelError;
use super::scale::Scale;

/// Most distinct names of one column that are kept; what comes after them counts as never seen.
pub(crate) const CATEGORIES_MAX: usize = 65_536;
/// Most distinct pairs of names of two columns that are kept.
pub(crate) const PAIRS_SEEN_MAX: usize = 262_144;
/// Longest name that is kept, in bytes.
pub(crate) const CATEGORY_BYTES_MAX: usize = 1024;
/// The place of a name that the training did not have.
pub(crate) const UNSEEN: u32 = u32::MAX;

/// The names of a column, and how surprising each is: −ln of its share of the training rows, as deviations.
///
/// A name that was never seen is rarer than one seen once: its share is that of one row in one row more than there were.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Names {
    sorted: Vec<String>,
    surprise: Vec<f32>,
    unseen: f32,
}

impl Names {
    /// From the names of the training and how often each occurs.
    pub(crate) fn fit(counts: &[(&str, u32)], spread_min: f32) -> (Self, Scale) {
        let rows: u64 = counts.iter().map(|(_, count)| u64::from(*count)).sum();
        let mut seen: Vec<(&str, u32)> =
            counts.iter().copied().filter(|(name, count)| keep(name, *count)).collect();
        // The most frequent are kept; among equals the first by name, so that no order of rows matters.
        seen.sort_by(|(a, m), (b, n)| n.cmp(m).then(a.cmp(b)));
        seen.truncate(CATEGORIES_MAX);
        seen.sort_unstable_by_key(|(name, _)| *name);
        let raw: Vec<f32> = seen.iter().map(|(_, count)| surprise(*count, rows)).collect();
        let scale = weighted_scale(seen.iter().map(|(_, count)| *count).zip(raw.iter().copied()), spread_min);
        let sorted = seen.iter().map(|(name, _)| (*name).to_owned()).collect();
        (Self { sorted, surprise: raw, unseen: surprise_unseen(rows) }, scale)
    }

    /// The name's place, or [`UNSEEN`].
    pub(crate) fn place(&self, name: &str) -> u32 {
        let found = self.sorted.binary_search_by(|seen| seen.as_str().cmp(name));
        found.map_or(UNSEEN, |place| place as u32)
    }

    /// How surprising the name at `place` is, in nats.
    pub(crate) fn surprise(&self, place: u32) -> f32 {
        self.surprise.get(place as usize).copied().unwrap_or(self.unseen)
    }

    pub(crate) fn len(&self) -> usize {
        self.sorted.len()
    }

    pub(crate) fn name(&self, place: usize) -> &str {
        self.sorted.get(place).map_or("", String::as_str)
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.f32(self.unseen);
        writer.length(self.sorted.len());
        for (name, surprise) in self.sorted.iter().zip(&self.surprise) {
            writer.text(name);
            writer.f32(*surprise);
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, ModelError> {
        let unseen = reader.f32()?;
        let length = reader.length(8, CATEGORIES_MAX)?;
        let mut names =
            Self { sorted: Vec::with_capacity(length), surprise: Vec::with_capacity(length), unseen };
        for _ in 0..length {
            let name = reader.text(CATEGORY_BYTES_MAX)?;
            if names.sorted.last().is_some_and(|last| *last >= name) {
                return Err(reader.wrong("names out of order"));
            }
            names.sorted.push(name);
            names.surprise.push(reader.f32()?);
        }
        Ok(names)
    }
}

fn keep(name: &str, count: u32) -> bool {
    count > 0 && name.len() <= CATEGORY_BYTES_MAX
}

fn surprise(count: u32, rows: u64) -> f32 {
    (rows.max(1) as f32 / count.max(1) as f32).ln()
}

fn surprise_unseen(rows: u64) -> f32 {
    (rows as f32 + 1.0).ln()
}

/// The scale of values of which each occurs so often.
fn weighted_scale(values: impl Iterator<Item = (u32, f32)>, spread_min: f32) -> Scale {
    let (mut total, mut sum, mut squares) = (0.0f64, 0.0f64, 0.0f64);
    for (count, value) in values {
        let (count, value) = (f64::from(count), f64::from(value));
        total += count;
        sum += count * value;
        squares += count * value * value;
    }
    let total = total.max(1.0);
    let mean = sum / total;
    let deviation = (squares / total - mean * mean).max(0.0).sqrt();
    Scale { centre: mean as f32, inverse: 1.0 / (deviation as f32).max(spread_min) }
}

/// How surprising it is to see two names together: −ln of the pair's share of the training rows.
///
/// A service and a flag may each be common and yet never have been seen with each other.
#[derive(Debug, Clone)]
pub(crate) struct Pairs {
    surprise: HashMap<u64, f32, FixedState>,
    unseen: f32,
}

/// One key for two places.
fn key(left: u32, right: u32) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}

impl Pairs {
    /// From the places of both columns, row by row.
    pub(crate) fn fit(places: impl Iterator<Item = (u32, u32)>, spread_min: f32) -> (Self, Scale) {
        let mut counts: HashMap<u64, u32, FixedState> = HashMap::with_hasher(FixedState::default());
        let mut rows = 0;
        for (left, right) in places {
            rows += 1;
            let full = counts.len() >= PAIRS_SEEN_MAX;
            match counts.get_mut(&key(left, right)) {
                Some(count) => *count += 1,
                None if full || left == UNSEEN || right == UNSEEN => {}
                None => {
                    counts.insert(key(left, right), 1);
                }
            }
        }
        let mut sorted: Vec<(u64, u32)> = counts.into_iter().collect();
        sorted.sort_unstable();
        let weighted = sorted.iter().map(|(_, count)| (*count, surprise(*count, rows)));
        let scale = weighted_scale(weighted, spread_min);
        let surprise = sorted.iter().map(|(pair, count)| (*pair, surprise(*count, rows))).collect();
        (Self { surprise, unseen: surprise_unseen(rows) }, scale)
    }

    /// How surprising the pair is, in nats.
    pub(crate) fn surprise(&self, left: u32, right: u32) -> f32 {
        self.surprise.get(&key(left, right)).copied().unwrap_or(self.unseen)
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        let mut sorted: Vec<(u64, f32)> =
            self.surprise.iter().map(|(pair, surprise)| (*pair, *surprise)).collect();
        sorted.sort_unstable_by_key(|(pair, _)| *pair);
        writer.f32(self.unseen);
        writer.length(sorted.len());
        for (pair, surprise) in sorted {
            writer.u64(pair);
            writer.f32(surprise);
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, ModelError> {
        let unseen = reader.f32()?;
        let length = reader.length(12, PAIRS_SEEN_MAX)?;
        let mut surprise = HashMap::with_capacity_and_hasher(length, FixedState::default());
        for _ in 0..length {
            surprise.insert(reader.u64()?, reader.f32()?);
        }
        Ok(Self { surprise, unseen })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_seen_is_the_rarest() {
        let (names, scale) = Names::fit(&[("tcp", 90), ("udp", 9), ("icmp", 1)], 0.05);
        let surprise = |name| names.surprise(names.place(name));
        assert!(surprise("tcp") < surprise("udp") && surprise("udp") < surprise("icmp"));
        assert!(surprise("icmp") < surprise("gre"));
        assert!((surprise("icmp") - 100f32.ln()).abs() < 1e-5);
        let mean = 0.9 * surprise("tcp") + 0.09 * surprise("udp") + 0.01 * surprise("icmp");
        assert!((scale.centre - mean).abs() < 1e-5);
    }

    #[test]
    fn two_common_names_can_be_a_rare_pair() {
        let rows = (0..100u32).map(|row| (row % 2, u32::from(row % 2 == 0)));
        let (pairs, _) = Pairs::fit(rows, 0.05);
        assert!((pairs.surprise(0, 1) - 2f32.ln()).abs() < 1e-5);
        assert!((pairs.surprise(0, 0) - 101f32.ln()).abs() < 1e-5);
        assert!((pairs.surprise(UNSEEN, 1) - 101f32.ln()).abs() < 1e-5);
    }

    #[test]
    fn names_survive_their_bytes_and_refuse_others() {
        let (names, _) = Names::fit(&[("b", 2), ("a", 3)], 0.05);
        let mut writer = Writer::default();
        names.write(&mut writer);
        let bytes = writer.finish();
        assert_eq!(Names::read(&mut Reader::new(&bytes)).unwrap(), names);
        for cut in 0..bytes.len() {
            assert!(Names::read(&mut Reader::new(&bytes[..cut])).is_err());
        }
    }
}
