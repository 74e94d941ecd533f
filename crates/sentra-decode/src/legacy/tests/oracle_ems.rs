//! Random tokens written as the SPI manual lays them out come back as they were.

use proptest::prelude::*;
use sentra_model::Timestamp;

use crate::legacy::ems::{decode_ems, decode_ems_text, recognise_ems, recognise_ems_text};
use crate::legacy::tests::records::{spi, token};
use crate::legacy::tests::{decode_with, event_of};

/// Token data types, as the manual numbers them.
const CHAR: u8 = 1;
const INT: u8 = 2;
const INT2: u8 = 3;
const INT4: u8 = 4;
const UINT: u8 = 9;
const TIMESTAMP: u8 = 23;
const MARK: u8 = 31;
const LIST: u8 = 37;

/// A value: its type, its bytes, whether its length varies, and its text.
fn value() -> impl Strategy<Value = (u8, Vec<u8>, bool, String)> {
    prop_oneof![
        any::<i16>().prop_map(|number| (INT, number.to_be_bytes().to_vec(), false, number.to_string())),
        any::<u16>().prop_map(|number| (UINT, number.to_be_bytes().to_vec(), false, number.to_string())),
        any::<i32>().prop_map(|number| (INT2, number.to_be_bytes().to_vec(), false, number.to_string())),
        any::<i64>().prop_map(|number| (INT4, number.to_be_bytes().to_vec(), false, number.to_string())),
        "[A-Za-z0-9$.]{1,60}".prop_map(|text| (CHAR, text.clone().into_bytes(), true, text)),
        "[A-Za-z0-9$.]{8}".prop_map(|text| (CHAR, text.clone().into_bytes(), false, text)),
        (200_000_000_i64..4_000_000_000).prop_map(|seconds| {
            let julian = (seconds * 1_000_000 + 210_866_760_000_000_000).to_be_bytes().to_vec();
            (TIMESTAMP, julian, false, Timestamp::from_seconds(seconds).to_string())
        }),
    ]
}

proptest! {
    #[test]
    fn tokens(
        number in any::<u16>(), seconds in 200_000_000_i64..4_000_000_000,
        values in proptest::collection::vec((value(), proptest::option::of(0_u16..400), 1_i16..9998), 0..20),
    ) {
        let mut tokens: Vec<Vec<u8>> = Vec::new();
        let mut expected = Vec::new();
        for ((kind, bytes, is_variable, text), subsystem, token_number) in &values {
            tokens.push(token(*kind, *token_number, *subsystem, bytes, *is_variable));
            expected.push((format!("ems.token.{}.{token_number}", subsystem.unwrap_or(42)), text.clone()));
        }
        let bytes = spi(number, seconds * 1_000_000, &tokens);
        prop_assert!(recognise_ems(&bytes));
        let event = event_of(decode_with(|context| decode_ems(context, &bytes)));
        prop_assert_eq!(event.time, Timestamp::from_seconds(seconds));
        let found: Vec<(String, String)> = event.fields.iter().filter(|(name, _)| name.starts_with("ems.token."))
            .map(|(name, value)| (name.to_string(), value.as_text().into_owned())).collect();
        prop_assert_eq!(found, expected);
        let field = |name: &str| event.field(name).map(|value| value.as_text().into_owned());
        prop_assert_eq!(field("ems.event_number"), Some(number.to_string()));
        prop_assert_eq!((field("ems.cpu"), field("ems.pin")), (Some("2".to_owned()), Some("99".to_owned())));
        prop_assert_eq!((field("ems.process_id"), field("ems.user_id")), (Some("$TMP".to_owned()), Some("255,254".to_owned())));
        prop_assert_eq!(event.problem, None);
    }

    #[test]
    fn lines(
        node in "[A-Z][A-Z0-9]{0,6}", process in "[A-Z][A-Z0-9]{0,4}", subsystem in "[A-Z][A-Z0-9]{1,7}", number in 0_u32..1_000_000,
        text in "[a-z$]{1,10}( [a-z0-9$#]{1,10}){0,10}", seconds in 0_i64..3_155_000_000,
    ) {
        let time = Timestamp::from_seconds(seconds).to_string();
        let (date, clock) = time.trim_end_matches('Z').split_once('T').unwrap();
        let line = format!("{} {clock} \\{node}.${process} TANDEM.{subsystem}.G06 {number:06} {text}", &date[2..]);
        prop_assert!(recognise_ems_text(&line));
        let event = event_of(decode_with(|context| decode_ems_text(context, &line)));
        prop_assert_eq!(event.time, Timestamp::from_seconds(seconds));
        prop_assert_eq!((event.host.as_ref(), event.app.as_ref(), event.message.as_ref()), (node.as_str(), subsystem.as_str(), text.as_str()));
        prop_assert_eq!(event.process, format!("${process}"));
        prop_assert_eq!(event.problem, None);
    }
}

#[test]
fn lists_are_read_through_and_marks_name_the_subject() {
    let mut list = token(LIST, 252, None, b"", false);
    list.extend(12_u16.to_be_bytes());
    let tokens = [
        list,
        token(INT, 7, None, &1_i16.to_be_bytes(), false),
        token(24, 12, None, b"", false),
        token(MARK, 1, None, b"", false),
        token(CHAR, 8, None, b"$DATA02", true),
        token(CHAR, 9, Some(12), b"\\NODE1.$ZSMP", true),
    ];
    let bytes = spi(5, 1_772_272_800_000_000, &tokens);
    let event = event_of(decode_with(|context| decode_ems(context, &bytes)));
    assert_eq!(event.problem, None);
    assert_eq!(event.text("ems.subject"), Some("$DATA02"));
    assert_eq!((event.host.as_ref(), event.process.as_ref()), ("NODE1", "$ZSMP"));
    assert_eq!(event.message, "event 5 of TANDEM.42.G06 about $DATA02");
}

#[test]
fn an_event_number_behind_its_times_is_found() {
    let mut bytes = spi(0, 1_772_272_800_000_000, &[]);
    let times = bytes[30..46].to_vec();
    bytes[28..44].copy_from_slice(&times);
    bytes[44..46].copy_from_slice(&77_u16.to_be_bytes());
    let event = event_of(decode_with(|context| decode_ems(context, &bytes)));
    assert_eq!(event.time.to_string(), "2026-02-28T10:00:00Z");
    assert_eq!(event.field("ems.event_number"), Some(&sentra_model::FieldValue::Integer(77)));
}

#[test]
fn lines_of_other_formats_are_not_taken() {
    for line in [
        "Feb 28 10:00:00 host sshd[1]: Accepted password for root",
        "2026-02-28 10:00:00 ERROR com.example.Service 42 text",
        "26-02-28 10:00:00 host TANDEM.X.G06 1 text",
        "26-02-28 10:00:00 \\A.$B TANDEM.X 1 text",
        "26-02-28 10:00:00 \\A.$B TANDEM.X.G06 many text",
        "",
    ] {
        assert!(!recognise_ems_text(line), "{line}");
    }
}
