//! Records that are cut, bent or no records at all: no panic, no unbounded event, and every loss is said.

use proptest::prelude::*;
use sentra_model::Event;

use super::{decode_qaudjrn, decode_smf};
use crate::Decoded;
use crate::legacy::ems::{decode_ems, decode_ems_text, recognise_ems, recognise_ems_text};
use crate::legacy::qaudjrn::recognise_qaudjrn;
use crate::legacy::smf::recognise_smf;
use crate::legacy::tests::golden::FIXTURES;
use crate::legacy::tests::{bytes_of, decode_with};

/// Every decoder over the same bytes; none may panic or grow beyond what the bytes can carry.
fn decode_all(bytes: &[u8]) {
    let _ = (recognise_smf(bytes), recognise_qaudjrn(bytes), recognise_ems(bytes));
    for decoded in [
        decode_with(|context| decode_smf(context, bytes)),
        decode_with(|context| decode_qaudjrn(context, bytes)),
        decode_with(|context| decode_ems(context, bytes)),
    ] {
        if let Decoded::Event(event) = decoded {
            bounded(&event, bytes.len());
        }
    }
    let line = String::from_utf8_lossy(bytes);
    let _ = recognise_ems_text(&line);
    let _ = decode_with(|context| decode_ems_text(context, &line));
}

/// Law LIMIT: a byte may become a few characters of a few fields, and a record has a bounded number of them.
fn bounded(event: &Event<'_>, record_bytes: usize) {
    let text: usize = event.fields.iter().map(|(name, value)| name.len() + value.as_text().len()).sum();
    assert!(event.fields.len() <= 700, "{} fields", event.fields.len());
    assert!(text + event.message.len() <= 64 * 1024 + 16 * record_bytes, "{text} bytes of text");
    let problem = event.problem.as_deref().unwrap_or_default();
    assert!(problem.len() <= 4096, "{} bytes of problems", problem.len());
}

fn decode(name: &str, bytes: &[u8]) -> Decoded<'static> {
    let decoded = decode_with(|context| match name {
        _ if name.starts_with("smf") => decode_smf(context, bytes),
        _ if name.starts_with("qaudjrn") => decode_qaudjrn(context, bytes),
        _ => decode_ems(context, bytes),
    });
    match decoded {
        Decoded::Event(event) => Decoded::Event(Box::new(crate::names::detach(*event))),
        Decoded::Dead { reason, detail } => Decoded::Dead { reason, detail },
    }
}

#[test]
fn a_record_cut_at_any_byte_says_so() {
    for (name, fixture) in FIXTURES {
        let whole = bytes_of(fixture);
        let Decoded::Event(full) = decode(name, &whole) else { panic!("{name}") };
        for end in 0..whole.len() {
            let cut = &whole[..end];
            decode_all(cut);
            match decode(name, cut) {
                // Too short for a header: nothing could be said of it.
                Decoded::Dead { .. } => assert!(end < 33, "{name} cut at {end}"),
                Decoded::Event(event) => {
                    // Translated entries may have lost blanks at their end, which is no loss.
                    let is_text = cut.first().is_some_and(u8::is_ascii_digit);
                    assert!(event.problem.is_some() || is_text, "{name} cut at {end} without a problem");
                    assert!(
                        event.fields.len() <= full.fields.len() + 2,
                        "{name} cut at {end} has more than before"
                    );
                    if end > 54 && !name.contains("type2") {
                        assert_eq!(event.time, full.time, "{name} cut at {end}");
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        decode_all(&bytes);
    }

    /// A valid header before random bytes reaches every layout.
    #[test]
    fn random_bytes_behind_a_header(record_type in prop_oneof![Just(14_u8), Just(30), Just(80), Just(83), Just(90), Just(92), Just(118), Just(119)], subtype in 0_u8..80, rest in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut bytes = vec![0, 0, 0, 0, 0x5e, record_type, 0, 0x36, 0xee, 0x8c, 0x01, 0x26, 0x05, 0x9f, 0xe2, 0xe8, 0xe2, 0xf1];
        bytes.extend([0xe2, 0xe3, 0xc3, 0x40, 0, subtype]);
        bytes.extend(rest);
        let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
        bytes[..2].copy_from_slice(&length);
        prop_assert!(recognise_smf(&bytes));
        decode_all(&bytes);
    }

    #[test]
    fn bent_records(index in 0..FIXTURES.len(), changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut bytes = bytes_of(FIXTURES[index].1);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        decode_all(&bytes);
    }
}

#[test]
fn counts_that_lie_are_bounded() {
    // 65535 relocate sections of no length, and as many sections behind one triplet.
    let (_, fixture) = FIXTURES.iter().find(|(name, _)| *name == "smf80_access").unwrap();
    let mut bytes = bytes_of(fixture);
    bytes[40..42].fill(0xff);
    bytes[94..96].fill(0xff);
    bytes.resize(60_000, 0);
    decode_all(&bytes);
    let (_, fixture) = FIXTURES.iter().find(|(name, _)| *name == "smf83").unwrap();
    let mut bytes = bytes_of(fixture);
    bytes[48..52].copy_from_slice(&[0, 1, 0xff, 0xff]);
    decode_all(&bytes);
    // An SPI buffer full of empty tokens and one full of tokens of one byte.
    let (_, fixture) = FIXTURES.iter().find(|(name, _)| *name == "ems_spi").unwrap();
    for fill in [[1_u8, 0, 0, 1], [2, 1, 0, 1]] {
        let mut bytes = bytes_of(fixture);
        bytes[2..6].copy_from_slice(&[0xff, 0xff, 0xff, 0xf0]);
        bytes.truncate(60);
        while bytes.len() < 65_526 {
            bytes.extend(fill);
        }
        decode_all(&bytes);
    }
}
