//! What a rollup counted of a segment, in memory and as bytes.
//!
//! Adding is the only operation, and it does not matter in which order or in which portions events are added.

use std::collections::BTreeMap;

use super::compiled::Span;

/// Rows that a rollup keeps of one segment (law LIMIT). Of a segment with more it keeps none, and questions read its events.
pub(crate) const ROLLUP_PART_ROWS_MAX: usize = 100_000;
/// Bytes that a rollup keeps of one segment (law LIMIT).
pub(crate) const ROLLUP_PART_BYTES_MAX: usize = 8 * 1024 * 1024;
/// First byte of the stored form.
const FORMAT: u8 = 1;

/// The value of a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Cell {
    Null,
    Bool(bool),
    Long(i64),
    Text(String),
}

/// How values are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fold {
    Sum,
    Min,
    Max,
}

impl Fold {
    pub(crate) fn is_sum(self) -> bool {
        self == Self::Sum
    }

    /// Adds a value. `None` when the sum is greater than a number can be.
    fn add(self, to: Option<i64>, value: Option<i64>) -> Option<Option<i64>> {
        let (Some(known), Some(value)) = (to, value) else { return Some(to.or(value)) };
        let added = match self {
            Self::Sum => known.checked_add(value)?,
            Self::Min => known.min(value),
            Self::Max => known.max(value),
        };
        Some(Some(added))
    }
}

/// What is known of one combination of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) count: u64,
    pub(crate) values: Vec<Option<i64>>,
}

/// Counts by the first microsecond of their bucket and by keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Partial {
    pub(crate) rows: BTreeMap<(i64, Vec<Cell>), Totals>,
}

impl Partial {
    /// Adds to what there is. `false` when a number has no room for it; then this counts nothing right any more.
    #[must_use]
    pub(crate) fn add(&mut self, bucket: i64, keys: Vec<Cell>, totals: Totals, folds: &[Fold]) -> bool {
        let Some(known) = self.rows.get_mut(&(bucket, keys.clone())) else {
            self.rows.insert((bucket, keys), totals);
            return true;
        };
        known.count = known.count.saturating_add(totals.count);
        for ((to, value), fold) in known.values.iter_mut().zip(totals.values).zip(folds) {
            let Some(added) = fold.add(*to, value) else { return false };
            *to = added;
        }
        true
    }

    /// The stored form; texts stand in it once.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut texts: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, keys) in self.rows.keys() {
            for cell in keys {
                if let Cell::Text(text) = cell {
                    texts.insert(text, 0);
                }
            }
        }
        let mut out = vec![FORMAT];
        put(&mut out, texts.len() as u64);
        for (place, (text, number)) in texts.iter_mut().enumerate() {
            *number = place as u64;
            put(&mut out, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        }
        put(&mut out, self.rows.len() as u64);
        let mut before = 0_i64;
        for ((bucket, keys), totals) in &self.rows {
            put_signed(&mut out, bucket.wrapping_sub(before));
            before = *bucket;
            put(&mut out, keys.len() as u64);
            for cell in keys {
                match cell {
                    Cell::Null => out.push(0),
                    Cell::Bool(truth) => out.push(1 + u8::from(*truth)),
                    Cell::Long(number) => {
                        out.push(3);
                        put_signed(&mut out, *number);
                    }
                    Cell::Text(text) => {
                        out.push(4);
                        put(&mut out, texts.get(text.as_str()).copied().unwrap_or_default());
                    }
                }
            }
            put(&mut out, totals.count);
            put(&mut out, totals.values.len() as u64);
            for value in &totals.values {
                out.push(u8::from(value.is_some()));
                if let Some(value) = value {
                    put_signed(&mut out, *value);
                }
            }
        }
        out
    }

    /// Adds the rows in `bytes` whose buckets begin within `span`. `None` when they cannot be read, or a number has no room.
    pub(crate) fn add_bytes(&mut self, bytes: &[u8], span: Span, folds: &[Fold]) -> Option<()> {
        let mut reader = Reader(bytes);
        if reader.byte()? != FORMAT {
            return None;
        }
        let mut texts = Vec::new();
        for _ in 0..reader.number()? {
            let length = usize::try_from(reader.number()?).ok()?;
            texts.push(std::str::from_utf8(reader.take(length)?).ok()?);
        }
        let mut bucket = 0_i64;
        for _ in 0..reader.number()? {
            bucket = bucket.wrapping_add(reader.signed()?);
            let mut keys = Vec::new();
            for _ in 0..reader.number()? {
                keys.push(reader.cell(&texts)?);
            }
            let count = reader.number()?;
            let mut values = Vec::new();
            for _ in 0..reader.number()? {
                values.push(if reader.byte()? == 1 { Some(reader.signed()?) } else { None });
            }
            if values.len() != folds.len() {
                return None;
            }
            if span.from <= bucket
                && bucket < span.to
                && !self.add(bucket, keys, Totals { count, values }, folds)
            {
                return None;
            }
        }
        reader.0.is_empty().then_some(())
    }
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_signed(out: &mut Vec<u8>, number: i64) {
    // Small numbers of either sign become few bytes.
    put(out, ((number << 1) ^ (number >> 63)) as u64);
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn cell(&mut self, texts: &[&str]) -> Option<Cell> {
        Some(match self.byte()? {
            0 => Cell::Null,
            1 => Cell::Bool(false),
            2 => Cell::Bool(true),
            3 => Cell::Long(self.signed()?),
            4 => Cell::Text((*texts.get(usize::try_from(self.number()?).ok()?)?).to_owned()),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDS: [Fold; 3] = [Fold::Sum, Fold::Min, Fold::Max];

    fn partial() -> Partial {
        let mut partial = Partial::default();
        for number in 0..200_i64 {
            let cells =
                [Cell::Null, Cell::Bool(number % 2 == 0), Cell::Long(-number), Cell::Text("ä".repeat(3))];
            let keys = cells.into_iter().cycle().skip(usize::try_from(number % 4).unwrap()).take(2).collect();
            let values = vec![Some(number), (number % 3 == 0).then_some(i64::MIN + number), None];
            let totals = Totals { count: u64::try_from(number).unwrap() + 1, values };
            assert!(partial.add(number % 7 * 60 - 120, keys, totals, &FOLDS));
        }
        partial
    }

    #[test]
    fn bytes_are_read_as_they_were_written_and_damage_is_noticed() {
        let partial = partial();
        let bytes = partial.to_bytes();
        let read = |bytes: &[u8], span| {
            let mut read = Partial::default();
            read.add_bytes(bytes, span, &FOLDS).map(|()| read)
        };
        assert_eq!(read(&bytes, Span::ALL).unwrap(), partial);
        let some = read(&bytes, Span { from: -60, to: 120 }).unwrap();
        assert!(!some.rows.is_empty() && some.rows.len() < partial.rows.len());
        assert!(some.rows.keys().all(|(bucket, _)| (-60..120).contains(bucket)));
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length], Span::ALL).is_none(), "{length}");
        }
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x55;
            // Whatever it says, it says it without a panic.
            let _ = read(&damaged, Span::ALL);
        }
        assert!(
            read(&[FORMAT, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], Span::ALL).is_none()
        );
    }

    #[test]
    fn a_sum_beyond_what_a_number_holds_is_noticed() {
        let totals = |sum| Totals { count: 1, values: vec![Some(sum)] };
        let mut partial = Partial::default();
        assert!(partial.add(0, Vec::new(), totals(i64::MAX), &[Fold::Sum]));
        assert!(partial.add(60, Vec::new(), totals(1), &[Fold::Sum]));
        assert!(!partial.add(0, Vec::new(), totals(1), &[Fold::Sum]));
    }
}
