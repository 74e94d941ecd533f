//! A batch as bytes, before compression: the source's envelope, a table of the records, their bytes.
//!
//! Pure functions. The reader trusts nothing: a payload comes from a disk.

use sentra_model::{Source, SourceKind, Timestamp};

use crate::batch::Place;
use crate::{AppendBatch, StoredBatch};

const PAYLOAD_VERSION: u8 = 1;

/// Most bytes that [`encode`] makes of a batch within its limits: every record has at most 10 bytes of position
/// and 5 of length in the table, and the envelope is short but for the texts that the batch's limit counts.
pub(crate) const PAYLOAD_BYTES_MAX: usize = AppendBatch::BYTES_MAX + 15 * AppendBatch::RECORDS_MAX + 256;

/// Puts the bytes of `batch` into `out`, in place of what is in it.
pub(crate) fn encode(batch: &AppendBatch, out: &mut Vec<u8>) {
    out.clear();
    out.reserve(batch.bytes() + 4 * batch.records.len() + 64);
    out.push(PAYLOAD_VERSION);
    out.push(kind_to_byte(batch.source.kind));
    out.extend_from_slice(&batch.received.micros().to_le_bytes());
    out.extend_from_slice(&batch.source.reference.micros().to_le_bytes());
    put_text(out, &batch.source.origin);
    match &batch.source.format {
        None => out.push(0),
        Some(format) => {
            out.push(1);
            put_text(out, format);
        }
    }
    put_varint(out, batch.records.len() as u64);
    let mut position_before = 0_u64;
    for record in &batch.records {
        // Positions mostly grow by one, so the step compresses to nothing.
        put_varint(out, zigzag(record.position.wrapping_sub(position_before).cast_signed()));
        put_varint(out, record.bytes.len() as u64);
        position_before = record.position;
    }
    for record in &batch.records {
        out.extend_from_slice(&record.bytes);
    }
}

/// The batch in `data`, with `first_offset` for its first record; `None` where the bytes are no whole batch
/// of `count` records.
pub(crate) fn decode(data: Vec<u8>, first_offset: u64, count: u32) -> Option<StoredBatch> {
    let mut reader = Reader { rest: &data };
    if reader.byte()? != PAYLOAD_VERSION {
        return None;
    }
    let kind = kind_from_byte(reader.byte()?)?;
    let received = Timestamp::from_micros(reader.i64()?);
    let reference = Timestamp::from_micros(reader.i64()?);
    let origin = reader.text()?;
    let format = match reader.byte()? {
        0 => None,
        1 => Some(reader.text()?),
        _ => return None,
    };
    if reader.varint()? != u64::from(count) {
        return None;
    }
    let lengths_at = data.len() - reader.rest.len();
    let (mut places, table_bytes) = read_table(data.get(lengths_at..)?, count)?;
    let start = lengths_at + table_bytes;
    for place in &mut places {
        place.end = place.end.checked_add(start)?;
    }
    if places.last()?.end != data.len() {
        return None;
    }
    first_offset.checked_add(u64::from(count))?;
    let source = Source { kind, origin, format, reference };
    Some(StoredBatch { first_offset, received, source, places, data, start })
}

/// The record table at the beginning of `bytes`, ends counted from the end of the table, and its length.
fn read_table(bytes: &[u8], count: u32) -> Option<(Vec<Place>, usize)> {
    // Two bytes a record at least, so a hostile count cannot allocate more than the payload justifies.
    let capacity = usize::try_from(count).ok().filter(|count| *count <= bytes.len() / 2)?;
    let mut reader = Reader { rest: bytes };
    let mut places = Vec::with_capacity(capacity);
    let (mut position, mut end) = (0_u64, 0_usize);
    for _ in 0..count {
        position = position.wrapping_add(unzigzag(reader.varint()?).cast_unsigned());
        end = end.checked_add(usize::try_from(reader.varint()?).ok()?)?;
        places.push(Place { position, end });
    }
    Some((places, bytes.len() - reader.rest.len()))
}

/// The number of a door on disk; numbers are never used again.
pub(crate) fn kind_to_byte(kind: SourceKind) -> u8 {
    match kind {
        SourceKind::File => 1,
        SourceKind::Http => 2,
        SourceKind::SyslogUdp => 3,
        SourceKind::SyslogTcp => 4,
        SourceKind::SyslogTls => 5,
        SourceKind::Hec => 6,
        SourceKind::ElasticBulk => 7,
        SourceKind::OtlpGrpc => 8,
        SourceKind::OtlpHttp => 9,
        SourceKind::Snmp => 10,
        SourceKind::Tail => 11,
        SourceKind::Framed => 12,
        SourceKind::Platform => 13,
    }
}

fn kind_from_byte(byte: u8) -> Option<SourceKind> {
    SourceKind::ALL.into_iter().find(|kind| kind_to_byte(*kind) == byte)
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn i64(&mut self) -> Option<i64> {
        Some(i64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.varint()?).ok()?;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sentra_model::OwnedRecord;

    use super::*;

    fn encoded(batch: &AppendBatch) -> Vec<u8> {
        let mut out = b"what was there before".to_vec();
        encode(batch, &mut out);
        out
    }

    fn any_batch() -> impl Strategy<Value = AppendBatch> {
        let records =
            proptest::collection::vec((any::<u64>(), proptest::collection::vec(any::<u8>(), 0..200)), 1..50);
        (any::<i64>(), any::<i64>(), ".{0,40}", proptest::option::of(".{0,10}"), 1..=4_u8, records).prop_map(
            |(received, reference, origin, format, kind, records)| AppendBatch {
                received: Timestamp::from_micros(received),
                source: Source {
                    kind: kind_from_byte(kind).unwrap(),
                    origin,
                    format,
                    reference: Timestamp::from_micros(reference),
                },
                records: records
                    .into_iter()
                    .map(|(position, bytes)| OwnedRecord { position, bytes })
                    .collect(),
            },
        )
    }

    proptest! {
        #[test]
        fn a_batch_survives_its_bytes(batch in any_batch(), first_offset in 0..u64::MAX / 2) {
            let count = batch.records.len() as u32;
            let stored = decode(encoded(&batch), first_offset, count).unwrap();
            prop_assert_eq!(stored.received, batch.received);
            prop_assert_eq!(&stored.source, &batch.source);
            prop_assert_eq!(stored.next_offset(), first_offset + u64::from(count));
            let back: Vec<_> = stored.records()
                .map(|(_, r)| OwnedRecord { position: r.position, bytes: r.bytes.to_vec() }).collect();
            prop_assert_eq!(back, batch.records);
        }

        #[test]
        fn hostile_payloads_are_refused_without_a_panic(
            mut data in any_batch().prop_map(|batch| encoded(&batch)),
            at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(),
            count in any::<u32>(),
        ) {
            let index = at.index(data.len());
            data[index] = byte;
            decode(data.clone(), 0, count);
            data.truncate(cut.index(data.len()));
            if let Some(stored) = decode(data, u64::MAX - 1, count) {
                prop_assert_eq!(stored.records().count(), count as usize);
            }
        }
    }

    #[test]
    fn a_count_that_the_payload_cannot_hold_is_refused_before_it_is_allocated() {
        let mut data = vec![PAYLOAD_VERSION, 1];
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&[0, 0]);
        put_varint(&mut data, u64::from(u32::MAX));
        assert_eq!(decode(data, 0, u32::MAX), None);
    }
}
