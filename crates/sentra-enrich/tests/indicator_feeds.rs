//! Feeds of every format: what is taken, what is refused and with which words.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use sentra_enrich::indicators::{
    DecayPolicy, FEED_PROBLEMS_MAX, Feed, FeedFormat, FeedReport, IndicatorFamily, IndicatorKind, Indicators,
    IndicatorsBuilder, NeverIndicators, Tlp, read_feed,
};
use sentra_model::Timestamp;

/// 2023-11-14T22:13:20Z
const NOW: i64 = 1_700_000_000;

fn now() -> Timestamp {
    Timestamp::from_seconds(NOW)
}

fn feed() -> Feed {
    Feed::new("test", "7", now())
}

fn read(format: FeedFormat, text: &str) -> (Indicators, FeedReport) {
    read_as(format, text.as_bytes(), &feed())
}

fn read_as(format: FeedFormat, bytes: &[u8], feed: &Feed) -> (Indicators, FeedReport) {
    let mut builder = IndicatorsBuilder::new(DecayPolicy::default(), NeverIndicators::built_in());
    let report = read_feed(format, bytes, feed, &mut builder);
    (builder.finish(), report)
}

fn found(indicators: &Indicators, value: &str) -> Option<(IndicatorKind, f64)> {
    indicators.find(value, now()).map(|(indicator, confidence)| (indicator.kind, confidence))
}

/// Line, value and reason of every problem.
fn problems(report: &FeedReport) -> Vec<(u64, &str, &str)> {
    report
        .problems
        .iter()
        .map(|problem| (problem.place.line, problem.value.as_str(), problem.reason.as_str()))
        .collect()
}

#[test]
fn a_plain_list_is_read_line_by_line() {
    let (indicators, report) = read(
        FeedFormat::List,
        "# bad things\r\n203.0.113.7\r\n\r\nevil[.]com # seen twice\nhxxp://evil.org/gate\n; x\n// y\n\
         198.51.100.0/24 ; SBL123\n0.0.0.0 ads.example.com\n10.0.0.1\ncom\nd41d8cd98f00b204e9800998ecf8427e\n\
         google.com\nBad@Evil.com\n0.0.0.0/0\n",
    );
    for (value, kind) in [
        ("203.0.113.7", IndicatorKind::Address),
        ("www.evil.com", IndicatorKind::Domain),
        ("https://evil.org/gate?x=1", IndicatorKind::Url),
        ("198.51.100.200", IndicatorKind::Network),
        ("ads.example.com", IndicatorKind::Domain),
        ("bad@evil.com", IndicatorKind::Mail),
    ] {
        assert_eq!(found(&indicators, value), Some((kind, 0.5)), "{value}");
    }
    assert_eq!((report.taken, report.refused), (6, 5));
    let refused: Vec<(u64, &str)> =
        problems(&report).into_iter().map(|(line, value, _)| (line, value)).collect();
    let expected = [
        (10, "10.0.0.1"),
        (11, "com"),
        (12, "d41d8cd98f00b204e9800998ecf8427e"),
        (13, "google.com"),
        (15, "0.0.0.0/0"),
    ];
    assert_eq!(refused, expected);
    assert!(report.problems.iter().all(|problem| problem.feed == "test" && !problem.reason.is_empty()));
}

#[test]
fn a_list_of_one_family_takes_no_other() {
    let mut feed = feed();
    feed.family = Some(IndicatorFamily::Address);
    let (indicators, report) = read_as(FeedFormat::List, b"203.0.113.7\nevil.com\n", &feed);
    assert_eq!((report.taken, report.refused), (1, 1));
    assert!(found(&indicators, "evil.com").is_none());
}

#[test]
fn a_list_of_noise_is_refused_and_bounded() {
    let noise = "\u{0}\u{1b}[31m no value \u{7f}\n".repeat(FEED_PROBLEMS_MAX + 500) + "203.0.113.7\n";
    let (indicators, report) = read(FeedFormat::List, &noise);
    assert_eq!(report.refused, FEED_PROBLEMS_MAX as u64 + 500);
    assert_eq!((report.problems_total, report.problems.len()), (report.refused, FEED_PROBLEMS_MAX));
    assert!(report.problems.iter().all(|problem| !problem.value.contains(char::is_control)));
    assert!(found(&indicators, "203.0.113.7").is_some());
    let (_, report) = read_as(FeedFormat::List, &vec![b'a'; 10_000_000], &feed());
    assert_eq!(report.refused, 1);
    let (_, report) = read_as(FeedFormat::List, b"\xff\xfe\x00\n203.0.113.7", &feed());
    assert_eq!((report.taken, report.refused), (1, 1));
}

#[test]
fn csv_is_read_by_its_header() {
    let (indicators, report) = read(
        FeedFormat::Csv,
        "ioc_value,ioc_type,confidence,last_seen,malware,tags,mitre,tlp,valid_until\n\
         203.0.113.7,ip:port,90,2023-11-14 22:13:20,Emotet,\"botnet,c2\",T1071.001,amber,\n\
         evil.com,domain,0.8,2023-11-14,QakBot,-,nonsense,,2030-01-01\n\
         x,mutex,90,,,,,,\n\
         old.com,domain,90,,,,,,2020-01-01\n\
         \"http://evil.org/a,b\",url,high,yesterday,,,,,\n",
    );
    let (indicator, confidence) = indicators.find("203.0.113.7", now()).unwrap();
    assert!((confidence - 0.9).abs() < 1e-9);
    assert_eq!(indicator.context.threats, ["Emotet"]);
    assert_eq!(indicator.context.labels, ["botnet", "c2"]);
    assert_eq!(indicator.context.techniques, ["T1071.001"]);
    assert_eq!(indicator.context.tlp, Some(Tlp::Amber));
    assert_eq!(indicator.context.sources[0].name, "test");
    assert_eq!(
        indicators.find("evil.com", now()).unwrap().0.valid_until,
        Some("2030-01-01T00:00:00Z".parse().unwrap())
    );
    assert_eq!(found(&indicators, "http://evil.org/a,b"), Some((IndicatorKind::Url, 0.85)));
    assert_eq!((report.taken, report.skipped, report.expired), (3, 1, 1));
    let told = problems(&report);
    assert_eq!(
        told.iter().map(|(line, value, _)| (*line, *value)).collect::<Vec<_>>(),
        [(3, "nonsense"), (4, "mutex"), (6, "yesterday")]
    );
}

#[test]
fn csv_may_have_its_header_in_a_comment_and_several_digests_in_a_row() {
    let (indicators, report) = read(
        FeedFormat::Csv,
        "##########\n# Terms of use, as ever\n# \"first_seen_utc\",\"md5_hash\",\"sha256_hash\",\"signature\"\n\
         \"2023-11-13 00:00:00\", \"0123456789abcdef0123456789abcdef\", \
         \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\", \"n/a\"\n# end\n",
    );
    assert_eq!((report.taken, report.problems_total), (2, 0), "{:?}", report.problems);
    assert_eq!(found(&indicators, "0123456789ABCDEF0123456789ABCDEF").unwrap().0, IndicatorKind::Md5);
    let (indicators, _) = read(FeedFormat::Csv, "ip;note\n203.0.113.7;x\n");
    assert!(found(&indicators, "203.0.113.7").is_some());
}

#[test]
fn the_headers_of_a_csv_can_be_explained() {
    let mut feed = feed();
    let text = b"Malicious IP,Level\n203.0.113.7,70\n";
    let (_, report) = read_as(FeedFormat::Csv, text, &feed);
    assert_eq!((report.taken, report.refused), (0, 1));
    assert!(report.problems[0].reason.contains("columns"));
    feed.columns = BTreeMap::from([
        ("Malicious IP".to_owned(), "ip".to_owned()),
        ("level".to_owned(), "confidence".to_owned()),
    ]);
    let (indicators, _) = read_as(FeedFormat::Csv, text, &feed);
    assert_eq!(found(&indicators, "203.0.113.7"), Some((IndicatorKind::Address, 0.7)));
}

#[test]
fn an_unclosed_quote_takes_its_own_record_only() {
    let rows: String = (0..20_000).map(|n| format!("203.0.{}.{},x\n", 113 + n / 65_025, n % 250)).collect();
    let (indicators, report) =
        read(FeedFormat::Csv, &format!("ip,note\n\"198.51.100.1,x\n{rows}198.51.100.2,y\n"));
    assert_eq!(report.refused, 1);
    assert_eq!(problems(&report)[0].0, 2);
    assert!(found(&indicators, "198.51.100.2").is_some());
    let quotes = "\"x\n".repeat(2_000_000);
    let (_, report) = read(FeedFormat::Csv, &format!("ip,note\n{quotes}"));
    assert!(report.taken == 0 && report.refused >= 1);
    for text in ["", "\n", "# only a comment", "ip", "ip,ip\n,,,,\n", "\"", "\u{feff}ip\n"] {
        let (indicators, _) = read(FeedFormat::Csv, text);
        assert!(indicators.is_empty(), "{text:?}");
    }
}

const BUNDLE: &str = r#"{"type": "bundle", "id": "bundle--1", "objects": [
{"type":"malware","id":"malware--1","name":"Emotet","is_family":true},
{"type":"attack-pattern","id":"attack-pattern--1","name":"Web","external_references":[{"source_name":"mitre-attack","external_id":"T1071.001"}]},
{"type":"indicator","id":"indicator--1","pattern":"[ipv4-addr:value = '203.0.113.7'] OR [domain-name:value = 'evil.com']","pattern_type":"stix","valid_from":"2023-11-14T22:13:20Z","confidence":80,"indicator_types":["malicious-activity"],"object_marking_refs":["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"]},
{"type":"relationship","id":"relationship--1","relationship_type":"indicates","source_ref":"indicator--1","target_ref":"malware--1"},
{"type":"relationship","id":"relationship--2","relationship_type":"indicates","source_ref":"indicator--1","target_ref":"attack-pattern--1"},
{"type":"indicator","id":"indicator--2","pattern":"[url:value = 'http://gone.com/x']","pattern_type":"stix","valid_from":"2023-01-01T00:00:00Z","revoked":true},
{"type":"indicator","id":"indicator--3","pattern":"[file:name = 'x.exe' AND file:hashes.MD5 = '0123456789abcdef0123456789abcdef']","pattern_type":"stix","valid_from":"2023-01-01T00:00:00Z"},
{"type":"indicator","id":"indicator--4","pattern":"rule x {}","pattern_type":"yara","valid_from":"2023-01-01T00:00:00Z"},
{"type":"indicator","id":"indicator--5","pattern":"[ipv4-addr:value = '192.168.1.1']","pattern_type":"stix"},
{"type":"indicator","id":"indicator--6","pattern":"[email-addr:value = 'a@evil.com']","pattern_type":"stix","confidence":170,"granular_markings":[{"selectors":["x"]}]},
{"type":"indicator","id":"indicator--7","pattern":"[domain-name:value = 'late.com']","pattern_type":"stix","valid_from":"2023-01-01T00:00:00Z","valid_until":"2023-02-01T00:00:00Z"},
{"type":"indicator","id":"indicator--8","pattern":"[domain-name:value = 'future.com']","pattern_type":"stix","valid_from":"2023-01-01T00:00:00Z","modified":"2099-01-01T00:00:00Z","confidence":90},
{"type":"sighting","id":"sighting--1","sighting_of_ref":"indicator--9","last_seen":"2023-11-14T22:13:20Z"},
{"type":"indicator","id":"indicator--9","pattern":"[domain-name:value = 'sighted.com']","pattern_type":"stix","valid_from":"2023-01-01T00:00:00Z","confidence":90},
{"type":"indicator","id":"indicator--10"},
42
]}"#;

#[test]
fn a_stix_bundle_is_read_with_its_relationships() {
    let (indicators, report) = read(FeedFormat::Stix, BUNDLE);
    let (indicator, confidence) = indicators.find("203.0.113.7", now()).unwrap();
    assert!((confidence - 0.8).abs() < 1e-9);
    assert_eq!(indicator.context.threats, ["Emotet"]);
    assert_eq!(indicator.context.techniques, ["T1071.001"]);
    assert_eq!(indicator.context.labels, ["malicious-activity"]);
    assert_eq!(indicator.context.tlp, Some(Tlp::Amber));
    assert!(found(&indicators, "x.evil.com").is_some());
    assert!(found(&indicators, "http://gone.com/x").is_none());
    assert!(found(&indicators, "late.com").is_none());
    let (future, left) = indicators.find("future.com", now()).unwrap();
    assert_eq!(future.last_seen, now(), "nobody has seen it tomorrow");
    assert!((left - 0.9).abs() < 1e-9);
    assert!(indicators.find("future.com", Timestamp::from_seconds(NOW + 1_000 * 86_400)).is_none());
    assert!((found(&indicators, "sighted.com").unwrap().1 - 0.9).abs() < 1e-9, "the sighting renews it");
    assert_eq!((report.skipped, report.expired), (1, 1));
    let told: Vec<(u64, &str, &str)> = report
        .problems
        .iter()
        .map(|problem| (problem.place.line, problem.place.record.as_str(), problem.reason.as_str()))
        .collect();
    for (line, record, word) in [
        (8, "indicator--3", "file:name"),
        (9, "indicator--4", "yara"),
        (10, "indicator--5", "192.168.0.0/16"),
        (11, "indicator--6", "granular"),
        (11, "indicator--6", "0 to 100"),
        (16, "object 14", "pattern"),
        (17, "object 15", "not an object"),
    ] {
        let is_told = told.iter().any(|(l, r, reason)| *l == line && *r == record && reason.contains(word));
        assert!(is_told, "{line} {record} {word}: {told:#?}");
    }
    assert_eq!(told.len(), 7);
}

#[test]
fn a_bundle_that_breaks_off_gives_what_came_before() {
    let cut = &BUNDLE[..BUNDLE.find("{\"type\":\"indicator\",\"id\":\"indicator--2\"").unwrap() + 30];
    let (indicators, report) = read(FeedFormat::Stix, cut);
    assert!(found(&indicators, "203.0.113.7").is_some());
    assert!(report.problems.last().unwrap().reason.contains("from here on"));
    for hostile in [
        "",
        "[]",
        "{",
        "null",
        "{\"objects\": {}}",
        "{\"objects\": [null, [], \"x\"]}",
        "{\"type\":\"bundle\"}",
    ] {
        let (indicators, report) = read(FeedFormat::Stix, hostile);
        assert!(indicators.is_empty() && report.problems_total > 0, "{hostile}");
    }
    let deep = format!("{{\"objects\": [{}", "[".repeat(1_000_000));
    assert_eq!(read(FeedFormat::Stix, &deep).1.taken, 0);
    let deep = format!(
        "{{\"objects\":[{{\"type\":\"indicator\",\"pattern\":\"x\",\"labels\":{}1{}}}]}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert_eq!(read(FeedFormat::Stix, &deep).1.taken, 0);
}

const EVENT: &str = r#"{"Event": {"uuid": "e-1", "info": "x", "date": "2023-11-01", "timestamp": "1700000000",
"Tag": [{"name": "tlp:green"}, {"name": "misp-galaxy:mitre-attack-pattern=\"Spearphishing Link - T1566.002\""},
 {"name": "misp-galaxy:mitre-malware=\"Emotet - S0367\""}, {"name": "phishing"}],
"Galaxy": [{"type": "malpedia", "GalaxyCluster": [{"value": "QakBot"}]}],
"Attribute": [
{"uuid": "a-1", "type": "ip-dst", "category": "Network activity", "value": "203.0.113.7", "to_ids": true},
{"uuid": "a-2", "type": "domain|ip", "value": "evil.com|203.0.113.8", "to_ids": true, "last_seen": "2023-11-07T22:13:20.000000+00:00", "Tag": [{"name": "tlp:red"}, {"name": "misp:confidence-level=\"usually-confident\""}]},
{"uuid": "a-3", "type": "filename|sha256", "value": "x.exe|0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "to_ids": true},
{"uuid": "a-4", "type": "hostname|port", "value": "c2.evil.org|443", "to_ids": true},
{"uuid": "a-5", "type": "ip-src", "value": "203.0.113.9", "to_ids": false},
{"uuid": "a-6", "type": "mutex", "value": "x", "to_ids": true},
{"uuid": "a-7", "type": "ip-src", "value": "127.0.0.1", "to_ids": true},
{"uuid": "a-8", "type": "filename|md5", "value": "x.exe", "to_ids": true},
{"uuid": "a-9", "type": "url", "value": 7, "to_ids": true},
{"uuid": "a-10", "type": "url", "value": "http://del.com/", "to_ids": true, "deleted": true}],
"Object": [{"name": "url", "Attribute": [{"uuid": "o-1", "type": "url", "value": "http://evil.net/a", "to_ids": true}]}, {"x": 1}]}}"#;

#[test]
fn a_misp_event_is_read_with_its_tags_and_objects() {
    let (indicators, report) = read(FeedFormat::Misp, EVENT);
    let (indicator, _) = indicators.find("203.0.113.7", now()).unwrap();
    assert_eq!(indicator.context.threats, ["Emotet", "QakBot"]);
    assert_eq!(indicator.context.techniques, ["T1566.002"]);
    assert_eq!(indicator.context.labels, ["phishing"]);
    assert_eq!(indicator.context.tlp, Some(Tlp::Green));
    let (domain, left) = indicators.find("evil.com", now()).unwrap();
    assert_eq!(domain.context.tlp, Some(Tlp::Red), "the narrowest marking counts");
    assert!((domain.confidence - 0.75).abs() < 1e-9 && left < 0.75, "seen a week ago");
    for value in ["203.0.113.8", "c2.evil.org", "http://evil.net/a", &"0123456789abcdef".repeat(4)] {
        assert!(found(&indicators, value).is_some(), "{value}");
    }
    assert!(found(&indicators, "203.0.113.9").is_none(), "not for detection");
    assert!(found(&indicators, "http://del.com/").is_none());
    assert_eq!((report.taken, report.skipped, report.refused), (6, 3, 4));
    let told: Vec<(u64, &str)> =
        report.problems.iter().map(|problem| (problem.place.line, problem.place.record.as_str())).collect();
    assert_eq!(told, [(11, "a-6"), (12, "a-7"), (13, "a-8"), (14, "attribute 9"), (16, "attribute 11")]);
}

#[test]
fn misp_comes_wrapped_in_many_ways() {
    let attribute = r#"{"type": "ip-dst", "value": "203.0.113.7"}"#;
    for text in [
        format!(r#"{{"response": [{{"Event": {{"Attribute": [{attribute}]}}}}]}}"#),
        format!(r#"[{{"Event": {{"Attribute": [{attribute}]}}}}]"#),
        format!(r#"{{"response": {{"Attribute": [{attribute}]}}}}"#),
    ] {
        let (indicators, report) = read(FeedFormat::Misp, &text);
        assert!(found(&indicators, "203.0.113.7").is_some(), "{text}: {:?}", report.problems);
    }
    for hostile in
        ["", "{", "[", "{}", "[1]", "{\"Event\": 1}", "{\"response\": 1}", "{\"Event\": {\"Tag\": 1}}"]
    {
        let (indicators, report) = read(FeedFormat::Misp, hostile);
        assert!(indicators.is_empty() && report.refused > 0, "{hostile}");
    }
}

/// The table of docs/indicators.md: what comes, how many values are taken, and what is said.
#[test]
fn malformed_feeds_have_stated_answers() {
    let stix = r#"{"type":"bundle","objects":[{"type":"indicator","id":"indicator--1","pattern_type":"stix",
        "pattern":"[ipv4-addr:value = '203.0.113.7']","valid_from":"2023-11-01T00:00:00Z"},{"type":"indic"#;
    let misp = r#"{"Event":{"Attribute":[{"type":"ip-dst","value":"203.0.113.7","to_ids":true},{"ty"#;
    let noise = "x y z\n".repeat(FEED_PROBLEMS_MAX + 7);
    let cases: [(FeedFormat, &[u8], u64, &str); 9] = [
        (
            FeedFormat::List,
            b"203.0.113.7\nnot a value\n203.0.113.8\n",
            2,
            "not an address, dns name, url, digest or mail address",
        ),
        (FeedFormat::Stix, stix.as_bytes(), 1, "EOF"),
        (FeedFormat::Misp, misp.as_bytes(), 0, "EOF"),
        (FeedFormat::Csv, b"name,city\na,b\n", 0, "no column of values"),
        (FeedFormat::Stix, b"203.0.113.7\n", 0, "not a stix bundle"),
        (FeedFormat::Misp, b"<html>", 0, "not json"),
        (FeedFormat::List, b"203.0.113.7\n\xff\xfe\n203.0.113.8\n", 2, "not an address"),
        (FeedFormat::List, noise.as_bytes(), 0, "not an address"),
        (FeedFormat::Csv, b"", 0, "no column of values"),
    ];
    for (format, bytes, taken, said) in cases {
        let (_, report) = read_as(format, bytes, &feed());
        let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(60)).unwrap()).into_owned();
        assert_eq!(report.taken, taken, "{text}: {report:?}");
        let told =
            problems(&report).iter().any(|(_, value, reason)| value.contains(said) || reason.contains(said));
        assert!(told, "{text}: {:?}", problems(&report).first());
    }
    let (_, report) = read(FeedFormat::List, &noise);
    let told = report.problems.len() as u64;
    assert_eq!((told, report.problems_total), (FEED_PROBLEMS_MAX as u64, FEED_PROBLEMS_MAX as u64 + 7));
    // From the future: as old as the feed, so that it ages.
    let (indicators, _) = read(FeedFormat::Csv, "ip,last_seen\n203.0.113.7,2099-01-01\n");
    assert_eq!(found(&indicators, "203.0.113.7").unwrap().1, 0.5);
    let later = Timestamp::from_seconds(NOW + 90 * 86_400);
    assert!(indicators.find("203.0.113.7", later).is_none());
}

#[test]
fn formats_are_told_by_name_and_content() {
    for (name, text, format) in [
        ("x.json", BUNDLE, FeedFormat::Stix),
        ("x.json", EVENT, FeedFormat::Misp),
        ("x.csv", "a,b", FeedFormat::Csv),
        ("x.txt", "# comment\nip,confidence\n203.0.113.7,3", FeedFormat::Csv),
        ("x.txt", "203.0.113.7\n", FeedFormat::List),
        ("x", "", FeedFormat::List),
    ] {
        assert_eq!(FeedFormat::guess(name, text.as_bytes()), format, "{name} {text:.30}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_disturb_a_reader(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for format in [FeedFormat::Stix, FeedFormat::Misp, FeedFormat::Csv, FeedFormat::List] {
            let (_, report) = read_as(format, &bytes, &feed());
            prop_assert_eq!(report.problems.len() as u64, report.problems_total);
        }
    }

    #[test]
    fn a_damaged_feed_does_not_disturb_a_reader(at in 0_usize..4_000, byte in any::<u8>(), cut in any::<bool>()) {
        for (format, text) in [(FeedFormat::Stix, BUNDLE), (FeedFormat::Misp, EVENT)] {
            let mut bytes = text.as_bytes().to_vec();
            let at = at % bytes.len();
            if cut { bytes.truncate(at) } else { bytes[at] = byte }
            read_as(format, &bytes, &feed());
        }
    }

    #[test]
    fn any_text_is_a_value_or_a_reason(text in "\\PC{0,60}") {
        if let Ok(value) = sentra_enrich::indicators::IndicatorValue::parse(&text) {
            let again = sentra_enrich::indicators::IndicatorValue::parse_as(value.kind().family(), &value.to_string());
            prop_assert_eq!(again, Ok(value), "the one form is read as itself");
        }
    }
}
