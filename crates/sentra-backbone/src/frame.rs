//! A frame: one batch in a segment file. Pure functions over bytes.
//!
//! ```text
//!  0  magic             8 bytes
//!  8  marker            u64   of the segment, drawn from a secret number: see `segment`
//! 16  header version    u16
//! 18  reserved          u16   zero
//! 20  len_raw           u32   bytes of the payload before compression
//! 24  len_compressed    u32   bytes of the payload after it
//! 28  count             u32   records, at least 1
//! 32  first_offset      u64
//! 40  received_min      i64   microseconds
//! 48  received_max      i64   microseconds
//! 56  payload_crc       u32   CRC-32C of the compressed payload
//! 60  header_crc        u32   CRC-32C of the 60 bytes before it, so of the whole frame
//! 64  payload           zstd level 1 of what `payload` writes
//! ```
//! All numbers are little-endian.

use std::cell::RefCell;

use sentra_model::Timestamp;

use crate::payload::{self, PAYLOAD_BYTES_MAX};
use crate::{AppendBatch, StoredBatch};

pub(crate) const HEADER_BYTES: usize = 64;
pub(crate) const MAGIC: [u8; 8] = *b"\xf5sbframe";
/// Magic and marker: what a frame of a segment starts with and nothing else does.
pub(crate) const SIGN_BYTES: usize = 16;
const HEADER_VERSION: u16 = 1;
const COMPRESSION_LEVEL: i32 = 1;
/// The compressor's table has two to this power entries, half of what the level takes for long batches: it stays in the
/// processor's nearest cache, which takes a tenth less time for as few bytes.
const COMPRESSION_TABLE_LOG: u32 = 13;
/// Most bytes of a compressed payload: noise grows by less than 1/256 and a little.
pub(crate) const COMPRESSED_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + PAYLOAD_BYTES_MAX / 128 + 1024;

/// A batch ready to be written, but for its offset, which is given at commit.
#[derive(Debug)]
pub(crate) struct Encoded {
    payload: Vec<u8>,
    len_raw: u32,
    count: u32,
    payload_crc: u32,
    received: Timestamp,
}

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) marker: u64,
    pub(crate) len_raw: u32,
    pub(crate) len_compressed: u32,
    pub(crate) count: u32,
    pub(crate) first_offset: u64,
    pub(crate) received_min: Timestamp,
    pub(crate) received_max: Timestamp,
    payload_crc: u32,
}

impl Encoded {
    /// Compresses and checks a batch that is within the limits and not empty.
    pub(crate) fn new(batch: &AppendBatch) -> std::io::Result<Self> {
        let (payload, len_raw) = compress(batch)?;
        let too_long = |_| std::io::Error::other("frame is longer than its header can say");
        Ok(Self {
            len_raw: u32::try_from(len_raw).map_err(too_long)?,
            count: u32::try_from(batch.records.len()).map_err(too_long)?,
            payload_crc: crc32c::crc32c(&payload),
            received: batch.received,
            payload,
        })
    }

    /// Bytes that the frame takes in a file.
    pub(crate) fn len(&self) -> u64 {
        (HEADER_BYTES + self.payload.len()) as u64
    }

    pub(crate) fn count(&self) -> u64 {
        u64::from(self.count)
    }

    /// Bytes before compression.
    pub(crate) fn raw_bytes(&self) -> u64 {
        u64::from(self.len_raw)
    }

    pub(crate) fn received(&self) -> Timestamp {
        self.received
    }

    /// Writes the frame with its offset to the end of `out`.
    pub(crate) fn put(&self, marker: u64, first_offset: u64, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&marker.to_le_bytes());
        out.extend_from_slice(&HEADER_VERSION.to_le_bytes());
        out.extend_from_slice(&0_u16.to_le_bytes());
        out.extend_from_slice(&self.len_raw.to_le_bytes());
        out.extend_from_slice(&(self.payload.len() as u32).to_le_bytes());
        out.extend_from_slice(&self.count.to_le_bytes());
        out.extend_from_slice(&first_offset.to_le_bytes());
        out.extend_from_slice(&self.received.micros().to_le_bytes());
        out.extend_from_slice(&self.received.micros().to_le_bytes());
        out.extend_from_slice(&self.payload_crc.to_le_bytes());
        let header_crc = crc32c::crc32c(out.get(start..).unwrap_or_default());
        out.extend_from_slice(&header_crc.to_le_bytes());
        out.extend_from_slice(&self.payload);
    }
}

/// What every frame of the segment with `marker` starts with.
pub(crate) fn sign(marker: u64) -> [u8; SIGN_BYTES] {
    let mut sign = [0; SIGN_BYTES];
    let (magic, rest) = sign.split_at_mut(MAGIC.len());
    magic.copy_from_slice(&MAGIC);
    rest.copy_from_slice(&marker.to_le_bytes());
    sign
}

impl Header {
    /// The header in the first bytes of `bytes`; `None` where it is none of the segment with `marker` or
    /// breaks a limit (law LIMIT: before anything is allocated from its numbers).
    pub(crate) fn decode(bytes: &[u8], marker: u64) -> Option<Self> {
        let bytes: &[u8; HEADER_BYTES] = bytes.first_chunk()?;
        let (checked, crc) = bytes.split_last_chunk::<4>()?;
        if crc32c::crc32c(checked) != u32::from_le_bytes(*crc) || !bytes.starts_with(&sign(marker)) {
            return None;
        }
        if u16::from_le_bytes(field(bytes, 16)?) != HEADER_VERSION {
            return None;
        }
        let header = Self {
            marker,
            len_raw: u32::from_le_bytes(field(bytes, 20)?),
            len_compressed: u32::from_le_bytes(field(bytes, 24)?),
            count: u32::from_le_bytes(field(bytes, 28)?),
            first_offset: u64::from_le_bytes(field(bytes, 32)?),
            received_min: Timestamp::from_micros(i64::from_le_bytes(field(bytes, 40)?)),
            received_max: Timestamp::from_micros(i64::from_le_bytes(field(bytes, 48)?)),
            payload_crc: u32::from_le_bytes(field(bytes, 56)?),
        };
        header.is_within_limits().then_some(header)
    }

    fn is_within_limits(&self) -> bool {
        self.len_raw as usize <= PAYLOAD_BYTES_MAX
            && self.len_compressed as usize <= COMPRESSED_BYTES_MAX
            && (1..=AppendBatch::RECORDS_MAX).contains(&(self.count as usize))
            && self.first_offset.checked_add(u64::from(self.count)).is_some()
            && self.received_min <= self.received_max
    }

    /// Bytes of the whole frame.
    pub(crate) fn frame_bytes(&self) -> u64 {
        HEADER_BYTES as u64 + u64::from(self.len_compressed)
    }

    pub(crate) fn next_offset(&self) -> u64 {
        self.first_offset.saturating_add(u64::from(self.count))
    }

    /// True where `compressed` is the payload that was written.
    pub(crate) fn matches(&self, compressed: &[u8]) -> bool {
        compressed.len() == self.len_compressed as usize && crc32c::crc32c(compressed) == self.payload_crc
    }

    /// The batch of this frame; `None` where the payload is not what was written.
    pub(crate) fn batch(&self, compressed: &[u8]) -> Option<StoredBatch> {
        if !self.matches(compressed) {
            return None;
        }
        // Law LIMIT: the decompressor cannot write more than len_raw, which the header's check has bounded.
        let raw = decompress(compressed, self.len_raw as usize)?;
        let batch = payload::decode(raw, self.first_offset, self.count)?;
        (self.received_min..=self.received_max).contains(&batch.received).then_some(batch)
    }
}

fn field<const N: usize>(bytes: &[u8; HEADER_BYTES], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// What a batch passes through on its way to a frame. New memory for every batch would cost more than the copies.
#[derive(Default)]
struct Scratch {
    raw: Vec<u8>,
    compressed: Vec<u8>,
}

/// Longer scratch buffers are not kept from one batch to the next.
const SCRATCH_BYTES_MAX: usize = 2 * 1024 * 1024;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
    // A compressor's tables are hundreds of kilobytes: made once per thread, not once per batch.
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

/// The compressed bytes of a batch, and how many they are before compression.
fn compress(batch: &AppendBatch) -> std::io::Result<(Vec<u8>, usize)> {
    SCRATCH.with_borrow_mut(|Scratch { raw, compressed }| {
        payload::encode(batch, raw);
        let bound = zstd::zstd_safe::compress_bound(raw.len());
        if compressed.len() < bound {
            compressed.resize(bound, 0);
        }
        let length = COMPRESSOR.with_borrow_mut(|slot| {
            let compressor = match slot {
                Some(compressor) => compressor,
                None => slot.insert(compressor()?),
            };
            compressor.compress_to_buffer(raw, compressed.as_mut_slice())
        })?;
        let (payload, len_raw) = (compressed.get(..length).unwrap_or_default().to_vec(), raw.len());
        for buffer in [raw, compressed] {
            if buffer.capacity() > SCRATCH_BYTES_MAX {
                *buffer = Vec::new();
            }
        }
        Ok((payload, len_raw))
    })
}

fn compressor() -> std::io::Result<zstd::bulk::Compressor<'static>> {
    let mut compressor = zstd::bulk::Compressor::new(COMPRESSION_LEVEL)?;
    compressor.set_parameter(zstd::zstd_safe::CParameter::HashLog(COMPRESSION_TABLE_LOG))?;
    Ok(compressor)
}

fn decompress(compressed: &[u8], len_raw: usize) -> Option<Vec<u8>> {
    DECOMPRESSOR.with_borrow_mut(|slot| {
        let decompressor = match slot {
            Some(decompressor) => decompressor,
            None => slot.insert(zstd::bulk::Decompressor::new().ok()?),
        };
        let raw = decompressor.decompress(compressed, len_raw).ok()?;
        (raw.len() == len_raw).then_some(raw)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::contract::batch;

    const MARKER: u64 = 0x0123_4567_89ab_cdef;

    fn frame(batch: &AppendBatch, first_offset: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        Encoded::new(batch).unwrap().put(MARKER, first_offset, &mut bytes);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<StoredBatch> {
        let header = Header::decode(bytes, MARKER)?;
        header.batch(bytes.get(HEADER_BYTES..header.frame_bytes() as usize)?)
    }

    #[test]
    fn a_flipped_bit_anywhere_is_noticed() {
        let sent = batch(3, &["first", "second", ""]);
        let good = frame(&sent, 9);
        assert_eq!(decode(&good).unwrap().next_offset(), 12);
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                assert_eq!(decode(&bad), None, "bit {bit} of byte {at}");
            }
        }
        for length in 0..good.len() {
            assert_eq!(decode(&good[..length]), None, "cut to {length}");
        }
    }

    #[test]
    fn a_frame_of_another_segment_is_refused() {
        assert!(Header::decode(&frame(&batch(3, &["a"]), 0), MARKER + 1).is_none());
    }

    /// Law LIMIT: whoever can write a valid checksum still cannot make the reader allocate.
    #[test]
    fn numbers_over_the_limits_are_refused() {
        let good = frame(&batch(3, &["a"]), 0);
        for (at, value) in
            [(20, u32::MAX), (24, u32::MAX), (28, 0), (28, AppendBatch::RECORDS_MAX as u32 + 1)]
        {
            let mut bad = good.clone();
            bad[at..at + 4].copy_from_slice(&value.to_le_bytes());
            let crc = crc32c::crc32c(&bad[..60]);
            bad[60..64].copy_from_slice(&crc.to_le_bytes());
            assert_eq!(Header::decode(&bad, MARKER), None, "{value} at {at}");
        }
    }

    /// Law LIMIT: a payload that unpacks to more than its header says is refused, not unpacked.
    #[test]
    fn a_decompression_bomb_is_refused() {
        let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 1).unwrap();
        assert!(bomb.len() < 10_000);
        assert_eq!(decompress(&bomb, 1000), None);
        assert_eq!(decompress(&bomb, 0), None);
    }

    proptest! {
        #[test]
        fn a_frame_survives_its_bytes(
            texts in proptest::collection::vec(".{0,80}", 1..40), first_offset in 0..u64::MAX / 2,
            received in 0..1_000_000_i64,
        ) {
            let texts: Vec<_> = texts.iter().map(String::as_str).collect();
            let sent = batch(received, &texts);
            let stored = decode(&frame(&sent, first_offset)).unwrap();
            prop_assert_eq!(stored.first_offset, first_offset);
            prop_assert_eq!(stored.received, sent.received);
            let back: Vec<_> = stored.records().map(|(_, r)| r.bytes.to_vec()).collect();
            prop_assert_eq!(back, sent.records.into_iter().map(|r| r.bytes).collect::<Vec<_>>());
        }
    }
}
