//! The legacy decoders against fixtures made by hand, against encoders written only from the published layouts, and
//! against bytes that are no records at all.

mod containers;
mod golden;
mod golden_others;
mod golden_smf;
mod hostile;
mod oracle_ems;
mod oracle_qaudjrn;
mod oracle_smf;
mod pages;
mod records;

use jiff::tz::TimeZone;
use sentra_model::{DeadReason, Event, Timestamp};

use crate::Decoded;
use crate::decoder::{Context, Outcome};
use crate::legacy::ebcdic::CodePage;
use crate::test_kit::RECEIVED;
use crate::time::Zone;

/// Runs `decode` in a zone, as the decoder would for a record of this format.
fn decode_in_zone<'a>(zone: TimeZone, decode: impl FnOnce(&Context<'_>) -> Outcome<'a>) -> Decoded<'a> {
    let zone = Zone::new(zone);
    let received: Timestamp = RECEIVED.parse().expect("a time");
    let declared = crate::Declared::default();
    let context = Context {
        zone: &zone,
        reference: received,
        received,
        by_syslog: false,
        argument: None,
        is_body: false,
        declared: &declared,
    };
    match decode(&context) {
        Ok(event) => Decoded::Event(Box::new(event)),
        // Why is seen through the decoder; here it counts that there is no event.
        Err(_) => Decoded::Dead { reason: DeadReason::Malformed, detail: "no record".to_owned() },
    }
}

fn decode_with<'a>(decode: impl FnOnce(&Context<'_>) -> Outcome<'a>) -> Decoded<'a> {
    decode_in_zone(TimeZone::UTC, decode)
}

fn event_of<'a>(decoded: Decoded<'a>) -> Event<'a> {
    match decoded {
        Decoded::Event(event) => *event,
        Decoded::Dead { detail, .. } => panic!("dead: {detail}"),
    }
}

/// The bytes of a fixture: hexadecimal digits, `40*8` for eight of the same, `#` for comments to the line's end.
fn bytes_of(fixture: &str) -> Vec<u8> {
    let words = fixture.lines().flat_map(|line| line.split('#').next().unwrap().split_whitespace());
    let mut bytes = Vec::new();
    for word in words {
        let (digits, times) = word.split_once('*').unwrap_or((word, "1"));
        let byte = u8::from_str_radix(digits, 16).unwrap();
        bytes.resize(bytes.len() + times.parse::<usize>().unwrap(), byte);
    }
    bytes
}

#[test]
fn code_pages_are_what_they_are_elsewhere() {
    for (name, _) in pages::PAGES {
        let page = CodePage::named(&format!("ibm-{name}")).expect(name);
        let table = pages::page_table(name);
        assert_eq!(table.len(), 256, "{name}");
        for (byte, character) in (0..=u8::MAX).zip(&table) {
            assert_eq!(page.character(byte), *character, "{name} {byte:02x}");
            // There and back: every page is a bijection.
            assert_eq!(pages::to_page(name, &character.to_string()), [byte], "{name} {byte:02x}");
        }
        assert_eq!(page.text(&pages::to_page(name, "  A [b] {c} $#@ \u{0}")), "A [b] {c} $#@", "{name}");
    }
    assert_eq!(CodePage::named("CP37"), Some(CodePage::Ibm037));
    assert_eq!(CodePage::named("IBM-1047"), Some(CodePage::Ibm1047));
    assert_eq!(CodePage::named("utf-8"), None);
}

/// The formats as the decoder runs them: each in its own default page.
fn decode_smf<'a>(context: &Context<'_>, bytes: &'a [u8]) -> Outcome<'a> {
    crate::legacy::smf::decode_smf_in(context, CodePage::Ibm1047, bytes)
}

fn decode_qaudjrn<'a>(context: &Context<'_>, bytes: &'a [u8]) -> Outcome<'a> {
    crate::legacy::qaudjrn::decode_qaudjrn_in(context, CodePage::Ibm037, bytes)
}

/// The code page stands behind the format's name.
#[test]
fn a_format_name_selects_the_page() {
    let (_, fixture) = golden::FIXTURES.iter().find(|(name, _)| *name == "smf80_logon").expect("a fixture");
    let record = bytes_of(fixture);
    let user_in =
        |format: &str| match crate::test_kit::decode(&crate::test_kit::source(Some(format)), &record) {
            Decoded::Event(event) => event.format.into_owned(),
            Decoded::Dead { detail, .. } => detail,
        };
    assert_eq!(user_in("smf"), "smf");
    assert_eq!(user_in("smf:ibm-037"), "smf");
    assert!(user_in("smf:klingon").contains("unknown code page"), "{}", user_in("smf:klingon"));
}
