//! Files and streams of records, whole, cut anywhere, and with pieces missing.

use proptest::prelude::*;

use crate::legacy::tests::bytes_of;
use crate::legacy::tests::golden::FIXTURES;
use crate::legacy::tests::records::{smf, spi, token, type5};
use crate::legacy::{LegacyFramed, LegacyStream, RdwFramer, ems_records, qaudjrn_records, smf_records};

const RECORD_BYTES_MAX: usize = 40_000;

/// A piece of a stream that owns its bytes: a record, or where and why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Owned {
    Record(Vec<u8>),
    Broken { offset: u64, length_bytes: u64, detail: String },
}

fn frame<'a>(
    stream: LegacyStream,
    record_bytes_max: usize,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<Owned> {
    let mut items = Vec::new();
    let mut positions = Vec::new();
    let mut emit = |framed: LegacyFramed<'_>| match framed {
        LegacyFramed::Record { position, bytes } => {
            positions.push(position);
            items.push(Owned::Record(bytes.to_vec()));
        }
        LegacyFramed::Broken { position, offset, length_bytes, detail, excerpt } => {
            assert!(excerpt.len() <= 1024 && excerpt.len() as u64 <= length_bytes);
            positions.push(position);
            items.push(Owned::Broken { offset, length_bytes, detail: detail.to_owned() });
        }
    };
    let mut framer = RdwFramer::new(stream, record_bytes_max);
    for piece in pieces {
        framer.push(piece, &mut emit);
    }
    framer.finish(&mut emit);
    assert!(positions.windows(2).all(|pair| pair[0] < pair[1]), "{positions:?}");
    items
}

fn whole(stream: LegacyStream, bytes: &[u8]) -> Vec<Owned> {
    frame(stream, RECORD_BYTES_MAX, [bytes])
}

fn smf_fixtures() -> Vec<Vec<u8>> {
    FIXTURES
        .iter()
        .filter(|(name, _)| name.starts_with("smf"))
        .map(|(_, fixture)| bytes_of(fixture))
        .collect()
}

fn records_of(records: &[Vec<u8>]) -> Vec<Owned> {
    records.iter().cloned().map(Owned::Record).collect()
}

/// Records as variable blocked (VB) data: blocks of up to `per_block` records behind block descriptors.
fn blocked(records: &[Vec<u8>], per_block: usize, extended: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for block in records.chunks(per_block) {
        let length = 4 + block.iter().map(Vec::len).sum::<usize>();
        if extended {
            bytes.extend((0x8000_0000_u32 | u32::try_from(length).unwrap()).to_be_bytes());
        } else {
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
            bytes.extend([0, 0]);
        }
        bytes.extend(block.concat());
    }
    bytes
}

/// One record as spanned segments (VBS) with up to `data` bytes of it in each.
fn segments(record: &[u8], data: usize) -> Vec<Vec<u8>> {
    let parts: Vec<&[u8]> = record[4..].chunks(data).collect();
    let last = parts.len() - 1;
    parts
        .iter()
        .enumerate()
        .map(|(index, part)| {
            let control = match (index, last) {
                (_, 0) => 0,
                (0, _) => 1,
                (index, last) if index == last => 2,
                _ => 3,
            };
            let mut segment = u16::try_from(part.len() + 4).unwrap().to_be_bytes().to_vec();
            segment.extend([control, 0]);
            segment.extend(*part);
            segment
        })
        .collect()
}

#[test]
fn smf_comes_plain_blocked_and_spanned() {
    let records = smf_fixtures();
    let expected = records_of(&records);
    assert_eq!(whole(LegacyStream::Smf, &records.concat()), expected);
    for (per_block, extended) in [(1, false), (3, false), (100, false), (3, true)] {
        assert_eq!(
            whole(LegacyStream::Smf, &blocked(&records, per_block, extended)),
            expected,
            "{per_block}"
        );
    }
    for data in [40, 100, 10_000] {
        let spanned: Vec<Vec<u8>> = records.iter().flat_map(|record| segments(record, data)).collect();
        assert_eq!(whole(LegacyStream::Smf, &spanned.concat()), expected, "spanned by {data}");
        assert_eq!(
            whole(LegacyStream::Smf, &blocked(&spanned, 2, false)),
            expected,
            "blocked, spanned by {data}"
        );
    }
    let from_file: Vec<_> = smf_records(&blocked(&records, 3, false)).map(|record| record.unwrap()).collect();
    let positions: Vec<_> = from_file.iter().map(|record| record.position).collect();
    assert_eq!(positions, (1..=records.len() as u64).collect::<Vec<_>>());
}

#[test]
fn the_cut_of_a_stream_does_not_matter() {
    let records = smf_fixtures();
    let spanned: Vec<Vec<u8>> = records.iter().flat_map(|record| segments(record, 90)).collect();
    let mut entries = type5("037", "AF", "USER1", 120).bytes;
    entries.extend(type5("037", "PW", "USER1", 80).bytes);
    let buffers = [
        spi(1, 1_772_272_800_000_000, &[]),
        spi(2, 1_772_272_800_000_000, &[token(1, 5, None, b"text", true)]),
    ]
    .concat();
    let mut lying = records.concat();
    lying.splice(0..0, [0, 3, 9, 9]);
    let streams = [
        (LegacyStream::Smf, records.concat()),
        (LegacyStream::Smf, blocked(&records, 2, false)),
        (LegacyStream::Smf, blocked(&spanned, 3, false)),
        (LegacyStream::Smf, lying),
        (LegacyStream::Qaudjrn, entries),
        (LegacyStream::Ems, buffers),
    ];
    for (stream, bytes) in &streams {
        let expected = whole(*stream, bytes);
        for place in 0..=bytes.len() {
            let (first, second) = bytes.split_at(place);
            assert_eq!(
                frame(*stream, RECORD_BYTES_MAX, [first, second]),
                expected,
                "{stream:?} cut at {place}"
            );
        }
        assert_eq!(frame(*stream, RECORD_BYTES_MAX, bytes.chunks(1)), expected, "{stream:?} byte by byte");
    }
}

/// Law LOSS: where a stream ends, every byte is in a record or in a broken piece.
#[test]
fn a_stream_that_ends_anywhere_loses_nothing_silently() {
    let records = smf_fixtures();
    let spanned: Vec<Vec<u8>> = records.iter().flat_map(|record| segments(record, 90)).collect();
    for (bytes, kind) in
        [(records.concat(), "plain"), (blocked(&records, 2, false), "blocked"), (spanned.concat(), "spanned")]
    {
        let ends: Vec<usize> = match kind {
            "plain" => records
                .iter()
                .scan(0, |end, record| {
                    *end += record.len();
                    Some(*end)
                })
                .collect(),
            _ => Vec::new(),
        };
        for end in 0..bytes.len() {
            let items = whole(LegacyStream::Smf, &bytes[..end]);
            let kept = items.iter().filter(|item| matches!(item, Owned::Record(_))).count();
            let broken = items.len() - kept;
            assert!(broken <= 2, "{kind} ends at {end}: {items:?}");
            if kind == "plain" {
                let is_between = end == 0 || ends.contains(&end);
                assert_eq!(broken, usize::from(!is_between), "{kind} ends at {end}");
                assert_eq!(
                    kept,
                    ends.iter().filter(|border| **border <= end).count(),
                    "{kind} ends at {end}"
                );
            }
        }
    }
}

#[test]
fn missing_segments_are_told_with_their_place() {
    let records = smf_fixtures();
    let pieces = segments(&records[1], 90);
    assert!(pieces.len() > 3);
    let after = &records[0];
    let length = |count: usize| pieces[..count].iter().map(|piece| piece.len() as u64).sum::<u64>();
    let all = length(pieces.len());
    // Without its first segment every other one is alone.
    let without_first = [pieces[1..].concat(), after.clone()].concat();
    let items = whole(LegacyStream::Smf, &without_first);
    assert_eq!(items.len(), pieces.len());
    assert!(items[..pieces.len() - 1].iter().all(
        |item| matches!(item, Owned::Broken { detail, .. } if detail.contains("without its first one"))
    ));
    assert_eq!(
        items[0],
        Owned::Broken {
            offset: 0,
            length_bytes: pieces[1].len() as u64,
            detail: "a later segment of a spanned record without its first one".to_owned()
        }
    );
    // Without its last segment it is told at the place where it began.
    let without_last = [after.clone(), pieces[..pieces.len() - 1].concat(), after.clone()].concat();
    let expected = [
        Owned::Record(after.clone()),
        Owned::Broken {
            offset: after.len() as u64,
            // Data of all segments but the last, behind the descriptor of the first.
            length_bytes: all - pieces[pieces.len() - 1].len() as u64 - 4 * (pieces.len() as u64 - 2),
            detail: "a spanned record has no last segment".to_owned(),
        },
        Owned::Record(after.clone()),
    ];
    assert_eq!(whole(LegacyStream::Smf, &without_last), expected);
}

#[test]
fn lying_lengths_break_one_record_and_the_rest_goes_on() {
    let records = smf_fixtures();
    let third = records[..2].concat().len();
    // Too short to be a length, and a descriptor with impossible segment bits.
    for descriptor in [[0, 2, 0, 0], [0, 0, 0, 0], [1, 0, 9, 0], [1, 0, 0, 1]] {
        let mut bytes = records.concat();
        bytes[third..third + 4].copy_from_slice(&descriptor);
        let items = whole(LegacyStream::Smf, &bytes);
        let mut expected = records_of(&records);
        let detail = format!(
            "{:02x}{:02x}{:02x}{:02x} is no record descriptor",
            descriptor[0], descriptor[1], descriptor[2], descriptor[3]
        );
        expected[2] = Owned::Broken { offset: third as u64, length_bytes: records[2].len() as u64, detail };
        assert_eq!(items, expected, "{descriptor:?}");
    }
    // In a block, a record longer than what is left costs the rest of the block.
    let mut bytes = blocked(&records[..6], 3, false);
    let second = 4 + records[0].len();
    bytes[second..second + 2].copy_from_slice(&0x7000_u16.to_be_bytes());
    let items = whole(LegacyStream::Smf, &bytes);
    assert_eq!(items.len(), 5);
    assert!(matches!(&items[1], Owned::Broken { offset, .. } if *offset == second as u64), "{:?}", items[1]);
    assert_eq!(items[2..], records_of(&records[3..6]));
}

#[test]
fn records_beyond_the_limit_are_passed_over() {
    let small = smf("1047", 14, None, 244).finish();
    let large = smf("1047", 30, Some(1), 3000).finish();
    let bytes = [small.clone(), large.clone(), small.clone()].concat();
    let expected = [
        Owned::Record(small.clone()),
        Owned::Broken {
            offset: 244,
            length_bytes: 3000,
            detail: "a record of 3000 bytes, longer than 1000".to_owned(),
        },
        Owned::Record(small.clone()),
    ];
    for size in [1, 100, 5000] {
        assert_eq!(frame(LegacyStream::Smf, 1000, bytes.chunks(size)), expected, "{size}");
    }
    // The limit holds for what segments add up to.
    let spanned = [small.clone(), segments(&large, 500).concat(), small.clone()].concat();
    let items = frame(LegacyStream::Smf, 1000, [&spanned[..]]);
    assert_eq!((&items[0], &items[2]), (&expected[0], &expected[2]));
    assert!(
        matches!(&items[1], Owned::Broken { offset: 244, length_bytes: 3000, detail } if detail.contains("spanned record of 3000 bytes"))
    );
}

#[test]
fn journal_entries_of_any_kind_of_file() {
    let entries = [
        type5("037", "AF", "USER1", 120).bytes,
        type5("037", "PW", "USER2", 80).bytes,
        type5("037", "AF", "USER3", 120).bytes,
    ];
    let expected = records_of(&entries);
    assert_eq!(whole(LegacyStream::Qaudjrn, &entries.concat()), expected, "by their lengths");
    // A file of fixed records pads the short ones with blanks.
    let padded: Vec<u8> = entries
        .iter()
        .flat_map(|entry| {
            let mut record = entry.clone();
            record.resize(800, 0x40);
            record
        })
        .collect();
    assert_eq!(whole(LegacyStream::Qaudjrn, &padded), expected, "of one length");
    let ascii: Vec<Vec<u8>> =
        [("AF", 120), ("PW", 80)].map(|(kind, bytes)| type5("ascii", kind, "USER1", bytes).bytes).to_vec();
    assert_eq!(
        whole(LegacyStream::Qaudjrn, &ascii.concat()),
        records_of(&ascii),
        "translated, without lines"
    );
    let lines: Vec<Vec<u8>> = ascii.iter().map(|entry| entry.trim_ascii_end().to_vec()).collect();
    assert_eq!(whole(LegacyStream::Qaudjrn, &lines.join(&b'\n')), records_of(&lines), "translated, as lines");
    // An entry in between that is none.
    let broken = [entries[0].clone(), vec![0xc1; 300], entries[1].clone()].concat();
    let items = whole(LegacyStream::Qaudjrn, &broken);
    assert_eq!((&items[0], &items[2]), (&expected[0], &expected[1]));
    assert_eq!(
        items[1],
        Owned::Broken { offset: 729, length_bytes: 300, detail: "no journal entry begins here".to_owned() }
    );
    let found: Vec<_> = qaudjrn_records(&entries.concat()).map(|record| record.unwrap().bytes).collect();
    assert_eq!(found, entries);
}

#[test]
fn ems_buffers_and_lines() {
    let buffers = [
        spi(1, 1_772_272_800_000_000, &[]),
        spi(2, 1_772_272_800_000_000, &[token(1, 5, None, b"odd", true)]),
    ];
    assert_eq!(whole(LegacyStream::Ems, &buffers.concat()), records_of(&buffers));
    let broken = [buffers[0].clone(), vec![0xff; 50], buffers[1].clone()].concat();
    let items = whole(LegacyStream::Ems, &broken);
    assert_eq!(
        (&items[0], &items[2]),
        (&Owned::Record(buffers[0].clone()), &Owned::Record(buffers[1].clone()))
    );
    assert_eq!(
        items[1],
        Owned::Broken { offset: 60, length_bytes: 50, detail: "no SPI buffer begins here".to_owned() }
    );
    let text = b"26-02-28 10:00:00 \\A.$B TANDEM.X.G06 000001 one\r\n26-02-28 10:00:01 \\A.$B TANDEM.X.G06 000002 two\n";
    assert_eq!(whole(LegacyStream::Ems, text).len(), 2);
    assert_eq!(ems_records(text).filter(Result::is_ok).count(), 2);
}

proptest! {
    /// Bytes that are no stream at all: nothing panics, nothing is lost without a word, and the cut does not matter.
    #[test]
    fn random_streams(
        stream in prop_oneof![Just(LegacyStream::Smf), Just(LegacyStream::Qaudjrn), Just(LegacyStream::Ems)],
        bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(0xf0), Just(0xff), Just(0xe4)], 0..500), size in 1_usize..50,
    ) {
        let once = frame(stream, 200, [&bytes[..]]);
        prop_assert_eq!(&frame(stream, 200, bytes.chunks(size)), &once);
        prop_assert!(once.len() <= bytes.len() / 2 + 2);
    }

    #[test]
    fn bent_files(records_bent in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), is_blocked in any::<bool>(), size in 1_usize..400) {
        let records = smf_fixtures();
        let mut bytes = if is_blocked { blocked(&records, 3, false) } else { records.concat() };
        for (place, byte) in records_bent {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let once = frame(LegacyStream::Smf, RECORD_BYTES_MAX, [&bytes[..]]);
        prop_assert_eq!(frame(LegacyStream::Smf, RECORD_BYTES_MAX, bytes.chunks(size)), once);
    }
}
