//! The face of the crate: which format a record is, where records end, and what no bytes may do.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code; the lint only knows functions marked as tests"
)]

use proptest::prelude::*;
use sentra_decode::{DecodeOptions, Decoded, Decoder, evtx_records, formats, is_evtx, json_document_records};
use sentra_model::{DeadReason, EventCode, FieldValue, Mart, RawRecord, Source, SourceKind};

fn source(format: Option<&str>) -> Source {
    Source {
        kind: SourceKind::Http,
        origin: "192.0.2.1".to_owned(),
        format: format.map(str::to_owned),
        reference: "2026-03-01T12:00:00Z".parse().unwrap(),
    }
}

fn decode<'a>(source: &'a Source, bytes: &'a [u8]) -> Decoded<'a> {
    let received = source.reference;
    Decoder::new(DecodeOptions::default()).decode(&RawRecord { source, position: 1, received, bytes })
}

fn format_of(bytes: &[u8]) -> String {
    match decode(&source(None), bytes) {
        Decoded::Event(event) => format!("{} in {}", event.format, event.mart),
        Decoded::Dead { reason, .. } => format!("dead {}", reason.as_str()),
    }
}

#[test]
fn formats_are_detected_and_routed() {
    let cases: [(&[u8], &str); 17] = [
        (b"Feb 28 10:00:00 host sshd[1]: x", "syslog in linux"),
        (b"\xEF\xBB\xBF<13>hello", "syslog in linux"),
        (b"<13>hello\0", "syslog in linux"),
        (br#"{"EventID":1,"Channel":"System"}"#, "windows in windows"),
        (br#"{"eventVersion":"1","eventSource":"iam.amazonaws.com","eventName":"X"}"#, "cloudtrail in cloud"),
        (br#"{"a":{"b":1}}"#, "json in cloud"),
        (b"  {}  ", "json in cloud"),
        (b"plain words", "text in linux"),
        (b"caf\xe9 au lait", "text in linux"),
        (b"\x1b[31mcolours\x1b[0m are text", "text in linux"),
        (b"   \t ", "dead empty"),
        (b"", "dead empty"),
        (b"ab\0cd", "dead binary"),
        (b"\xff\xfeh\0i\0", "dead binary"),
        (b"\x01\x02\x03abc", "dead binary"),
        (b"{\"a\":1", "dead malformed"),
        (b"{\x00\x01", "dead binary"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(format_of(bytes), expected, "{:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn unknown_json_goes_where_its_door_leads() {
    for (kind, mart) in [
        (SourceKind::Http, Mart::CLOUD),
        (SourceKind::SyslogUdp, Mart::LINUX),
        (SourceKind::SyslogTcp, Mart::LINUX),
    ] {
        let source = Source { kind, ..source(None) };
        let Decoded::Event(event) = decode(&source, br#"{"a":1}"#) else { panic!("dead") };
        assert_eq!((event.format.as_ref(), event.mart), ("json", mart));
    }
}

/// Every format shows a record of itself, which is recognised without being named and taken when it is.
#[test]
fn samples_are_of_their_format() {
    for format in formats().iter().filter(|format| !format.sample.is_empty()) {
        for wanted in [None, Some(format.name)] {
            let source = source(wanted);
            match decode(&source, format.sample.as_bytes()) {
                Decoded::Event(event) => {
                    assert_eq!(event.format, format.name, "{wanted:?}");
                    let unexplained = format.name != "text" && event.problem.is_some();
                    assert!(!unexplained, "{}: {:?}", format.name, event.problem);
                }
                Decoded::Dead { detail, .. } => panic!("{} {wanted:?}: {detail}", format.name),
            }
        }
    }
}

/// Law LOSS: a sender's wrong promise is said back to him.
#[test]
fn a_named_format_that_does_not_fit_is_malformed() {
    let cases = [
        ("windows", "Feb 28 10:00:00 host app: x", "Windows event"),
        ("windows", r#"{"a":1}"#, "EventID"),
        ("cloudtrail", r#"{"a":1}"#, "eventSource"),
        ("cloudtrail", "words", "CloudTrail"),
        ("json", "words", "JSON object"),
        ("json", "[1,2]", "JSON object"),
        ("nonsense", "words", "auto, syslog, json, text"),
    ];
    for (format, record, expected) in cases {
        match decode(&source(Some(format)), record.as_bytes()) {
            Decoded::Dead { reason: DeadReason::Malformed, detail } => {
                assert!(detail.contains(expected), "{format}: {detail}");
            }
            other => panic!("{format} {record}: {other:?}"),
        }
    }
    for format in formats() {
        let source = source(Some(format.name));
        let decoded = decode(&source, b"");
        assert!(matches!(decoded, Decoded::Dead { reason: DeadReason::Empty, .. }), "{}", format.name);
    }
    let source = source(Some("text"));
    let as_text = decode(&source, br#"{"a":1}"#);
    assert!(matches!(as_text, Decoded::Event(event) if event.format == "text"));
}

#[test]
fn invalid_bytes_are_replaced_and_said() {
    let source = source(None);
    let Decoded::Event(event) = decode(&source, b"Feb 28 10:00:00 host app[1]: caf\xe9 au lait") else {
        panic!("dead");
    };
    assert_eq!(event.message, "caf\u{fffd} au lait");
    assert!(event.problem.unwrap().contains("UTF-8"));
}

#[test]
fn cloudtrail_outcomes_and_codes() {
    let cases = [
        ("ConsoleLogin", r#","responseElements":{"ConsoleLogin":"Success"}"#, Some(EventCode::LL01)),
        (
            "ConsoleLogin",
            r#","errorMessage":"Failed authentication","responseElements":{"ConsoleLogin":"Failure"}"#,
            Some(EventCode::LL03),
        ),
        ("CreateUser", "", Some(EventCode::SA01)),
        ("CreateUser", r#","errorCode":"AccessDenied""#, Some(EventCode::PA02)),
        ("DeleteUser", "", Some(EventCode::SA03)),
        ("AttachRolePolicy", "", Some(EventCode::SA05)),
        ("PutUserPolicy", "", Some(EventCode::SA05)),
        ("StopLogging", "", Some(EventCode::SS05)),
        ("AuthorizeSecurityGroupIngress", "", Some(EventCode::CC02)),
        ("DescribeInstances", "", None),
    ];
    for (name, rest, expected) in cases {
        let record = format!(
            r#"{{"eventVersion":"1.08","userIdentity":{{"type":"IAMUser","userName":"alice"}},"eventTime":"2026-02-28T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"{name}","sourceIPAddress":"192.0.2.7"{rest}}}"#
        );
        let source = source(None);
        let Decoded::Event(event) = decode(&source, record.as_bytes()) else { panic!("{record}") };
        assert_eq!(event.code, expected, "{name}{rest}");
        assert_eq!(
            (event.user.as_ref(), event.src_ip.as_ref(), &event.mart),
            ("alice", "192.0.2.7", &Mart::CLOUD)
        );
        assert_eq!(event.text("userIdentity.userName"), Some("alice"));
        assert_eq!(event.problem, None);
    }
}

/// Law LIMIT: hostile JSON is refused or cut, and says so.
#[test]
fn json_is_bounded() {
    let source = source(None);
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{{\"a\":{}1{}}}", open.repeat(200_000), close.repeat(200_000));
        let half = format!("{{\"a\":{}", open.repeat(500_000));
        for record in [deep, half] {
            let decoded = decode(&source, record.as_bytes());
            assert!(matches!(decoded, Decoded::Dead { reason: DeadReason::Malformed, .. }));
        }
    }
    let nested = format!("{{\"x\":7,\"a\":{}1{}}}", "{\"a\":".repeat(40), "}".repeat(40));
    let Decoded::Event(event) = decode(&source, nested.as_bytes()) else { panic!("dead") };
    assert_eq!(event.fields.len(), 1);
    assert!(event.problem.as_ref().unwrap().contains("16 levels"), "{:?}", event.problem);
    let wide: Vec<_> = (0..2_000).map(|number| format!("\"k{number}\":{number}")).collect();
    let wide = format!("{{{}}}", wide.join(","));
    let Decoded::Event(event) = decode(&source, wide.as_bytes()) else { panic!("dead") };
    assert_eq!(event.fields.len(), 1_024);
    assert!(event.problem.as_ref().unwrap().contains("976 values"), "{:?}", event.problem);
}

/// Law LIMIT: names that repeat in every field must not multiply the size of a record.
#[test]
fn long_names_do_not_multiply() {
    let name = "n".repeat(500_000);
    let members: Vec<_> = (0..1_000).map(|number| format!("\"k{number}\":[1,2]")).collect();
    let json = format!("{{\"x\":1,\"{name}\":{{{}}}}}", members.join(","));
    let attributes: Vec<_> = (0..5_000).map(|number| format!("k{number}='1'")).collect();
    let wide = format!("<Event><System><E {}/><EventID>1</EventID></System></Event>", attributes.join(" "));
    let long = format!("<Event><System><{name} {}/></System></Event>", attributes.join(" "));
    let parameters: Vec<_> = (0..200).map(|number| format!("k{number}=\"1\"")).collect();
    let syslog = format!("<13>1 2026-02-28T10:00:00Z h a 1 - [{name} {}] x", parameters.join(" "));
    for record in [json, wide, long, syslog] {
        let source = source(None);
        if let Decoded::Event(event) = decode(&source, record.as_bytes()) {
            let bytes: usize =
                event.fields.iter().map(|(name, value)| name.len() + value.as_text().len()).sum();
            assert!(bytes <= 2 * record.len(), "{bytes} bytes of fields from {} bytes", record.len());
            assert!(event.problem.is_some());
        }
    }
}

#[test]
fn json_values_keep_what_they_are() {
    let source = source(None);
    let record = br#"{"t":"2026-02-28T10:00:00Z","time":1772272800,"n":null,"e":[],"a":[1,"x",{"b":true}],"a":2,"f":1.5,"big":18446744073709551615,"q":"a\"b\u00e9","s":"\ud800","o":{"p":{"q":-1}}}"#;
    let Decoded::Event(event) = decode(&source, record) else { panic!("dead") };
    let fields: Vec<_> =
        event.fields.iter().map(|(name, value)| format!("{name}={}", value.as_text())).collect();
    let expected = [
        "t=2026-02-28T10:00:00Z",
        "time=1772272800",
        "a=1",
        "a=x",
        "a.b=true",
        "a=2",
        "f=1.5",
        "big=18446744073709551615",
        "q=a\"bé",
        "s=\u{fffd}",
        "o.p.q=-1",
    ];
    assert_eq!(fields, expected);
    assert_eq!(event.time.to_string(), "2026-02-28T10:00:00Z");
    assert_eq!(event.field("a"), Some(&FieldValue::Integer(1)));
}

#[test]
fn bytes_that_are_no_evtx_are_one_problem() {
    for bytes in [&b""[..], b"ElfFile\0", b"ElfFile\0 and then nothing useful", &[0xff; 100_000]] {
        let items: Vec<_> = evtx_records(bytes.to_vec()).collect();
        assert!(items.len() == 1 && items[0].is_err(), "{items:?}");
    }
    assert!(is_evtx(b"ElfFile\0...") && !is_evtx(b"ElfFile"));
}

/// Beginnings that lead deep into a parser.
fn hostile_record() -> impl Strategy<Value = Vec<u8>> {
    let heads = prop::sample::select(vec![
        "",
        "<34>",
        "<34>1 ",
        "<13>1 2026-02-28T10:00:00Z h a 1 - [x y=\"",
        "Feb 29 10:00:00 ",
        "{\"EventID\":",
        "{\"Event\":{\"System\":",
        "<Event ",
        "<Event><System><",
        "Feb 28 10:00:00 h sshd[1]: Failed password for ",
        "Feb 28 10:00:00 h sudo: a : ",
        "Feb 28 10:00:00 h su: ",
        "Feb 28 10:00:00 h x(pam_unix)[1]: ",
        "Feb 28 10:00:00 h sshd[1]: message repeated 3 times: [ ",
        "Feb 28 10:00:00 h a: pam_unix(",
        "{\"winlog.event_id\":",
        "Feb 28 10:00:00 h CRON[1]: (",
        "Feb 28 10:00:00 h sshd[1]: Connection closed by ",
        "2026-02-28T10:00:00",
        "{\"eventSource\":\"a\",\"eventName\":\"b\",\"userIdentity\":{",
        "Feb 28 10:00:00 h useradd: add '",
    ]);
    let tails = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..60),
        "[ -~\u{80}-\u{ff}]{0,60}".prop_map(String::into_bytes),
        "( |from|for|user|port|by|to|=|;|'|\"|\\]|\\[|\\(|\\)|:|192.0.2.1|\u{1F600}|<|>|/|\\\\|\\{|\\}|,|-){0,25}"
            .prop_map(String::into_bytes),
    ];
    (heads, tails).prop_map(|(head, tail)| [head.as_bytes(), &tail].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Whatever the bytes and whatever the sender says they are: an end, and no panic. Law LOSS: text that is
    /// not empty is an event unless the sender promised something else or it broke off as JSON or XML.
    #[test]
    fn no_record_makes_the_decoder_fail(record in hostile_record(), format in prop::option::of(0usize..6)) {
        let source = source(format.and_then(|index| formats().get(index)).map(|format| format.name));
        let decoded = decode(&source, &record);
        if source.format.is_none() && let Decoded::Dead { reason: DeadReason::Malformed, detail } = decoded {
            let text = String::from_utf8_lossy(&record);
            prop_assert!(text.trim_start().starts_with(['{', '<']), "{detail}: {text:?}");
        }
    }

    #[test]
    fn the_same_record_is_the_same_event(record in hostile_record()) {
        let source = source(None);
        prop_assert_eq!(decode(&source, &record), decode(&source, &record));
    }

    #[test]
    fn no_document_makes_the_framers_fail(record in hostile_record(), prefix in "(\\[|\\{|ElfFile\u{0}|\\{\"Records\":\\[)?") {
        let bytes = [prefix.as_bytes(), &record].concat();
        let _ = json_document_records(&bytes);
        prop_assert!(evtx_records(bytes).all(|item| item.is_err()));
    }
}
