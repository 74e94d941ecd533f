//! What the simulator writes as products would, decoded: format, code, who, from where, on which machine.
//!
//! The simulator knows nothing of this crate, so each of the two is the other's witness.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code; the lint only knows functions marked as tests"
)]

use std::collections::{BTreeMap, BTreeSet};

use sentra_decode::{DecodeOptions, Decoded, Decoder};
use sentra_model::{RawRecord, Source, SourceKind};
use sentra_simulate as simulate;

/// What one kind of record came out as.
#[derive(Default, Debug)]
struct Seen {
    count: u64,
    formats: BTreeSet<String>,
    /// How many have what.
    user: u64,
    target: u64,
    src_ip: u64,
    host: u64,
    problems: BTreeSet<String>,
    sample: String,
}

fn seen() -> BTreeMap<(simulate::Source, String), Seen> {
    let scenario = simulate::scenario("everything").unwrap();
    let options = simulate::Options { rate: Some(0.02), people: 80, ..simulate::Options::default() };
    let mut kinds: BTreeMap<(simulate::Source, String), Seen> = BTreeMap::new();
    let decoder = Decoder::new(DecodeOptions::default());
    for record in simulate::Run::new(scenario, &options) {
        let time = simulate::rfc3339(record.time).parse().unwrap();
        let source =
            Source { kind: SourceKind::File, origin: "simulate".to_owned(), format: None, reference: time };
        let raw =
            RawRecord { source: &source, position: record.number, received: time, bytes: &record.bytes };
        let text = String::from_utf8_lossy(&record.bytes).into_owned();
        let event = match decoder.decode(&raw) {
            Decoded::Event(event) => event,
            Decoded::Dead { detail, .. } => panic!("dead, {detail}: {text}"),
        };
        let apart = (event.time.micros() - record.time).abs();
        assert!(apart <= 1_000_000, "{apart} µs apart: {text}");
        let code = event.code.map_or_else(|| "-".to_owned(), |code| code.as_str().to_owned());
        let kind = kinds.entry((record.source, code)).or_default();
        kind.count += 1;
        kind.formats.insert(event.format.to_string());
        kind.user += u64::from(!event.user.is_empty());
        kind.target += u64::from(!event.target_user.is_empty());
        kind.src_ip += u64::from(!event.src_ip.is_empty());
        kind.host += u64::from(!event.host.is_empty());
        kind.problems.extend(event.problem.as_ref().map(ToString::to_string));
        if kind.sample.is_empty() {
            kind.sample = text;
        }
    }
    kinds
}

/// Source and code: the format, and of what each record has a user, a target, an address, a machine.
const EXPECTED: [(simulate::Source, &str, &str, [bool; 4]); 42] = {
    use simulate::Source as From;
    const Y: bool = true;
    const N: bool = false;
    [
        (From::Syslog, "LL01", "syslog", [Y, N, Y, Y]),
        (From::Syslog, "LL02", "syslog", [Y, N, N, Y]),
        (From::Syslog, "LL03", "syslog", [Y, N, Y, Y]),
        (From::Syslog, "PA01", "syslog", [Y, Y, N, Y]),
        (From::Syslog, "PA02", "syslog", [Y, Y, N, Y]),
        (From::Syslog, "SA01", "syslog", [N, Y, N, Y]),
        (From::Syslog, "SA03", "syslog", [N, Y, N, Y]),
        (From::Syslog, "SA05", "syslog", [N, Y, N, Y]),
        (From::Syslog, "SA08", "syslog", [N, Y, N, Y]),
        (From::Windows, "LL01", "windows", [Y, N, N, Y]),
        (From::Windows, "LL02", "windows", [Y, N, N, Y]),
        (From::Windows, "LL03", "windows", [Y, N, N, Y]),
        (From::Windows, "LL04", "windows", [Y, Y, N, Y]),
        (From::Windows, "PA01", "windows", [Y, N, N, Y]),
        (From::Windows, "PA02", "windows", [Y, N, N, Y]),
        (From::Windows, "SA01", "windows", [Y, Y, N, Y]),
        (From::Windows, "SA03", "windows", [Y, Y, N, Y]),
        (From::Windows, "SA05", "windows", [Y, Y, N, Y]),
        (From::Windows, "SA07", "windows", [Y, Y, N, Y]),
        (From::Windows, "SA08", "windows", [Y, Y, N, Y]),
        (From::Windows, "SA09", "windows", [Y, Y, N, Y]),
        (From::Windows, "CC02", "windows", [Y, N, N, Y]),
        (From::Windows, "SS05", "windows", [Y, N, N, Y]),
        (From::Okta, "LL01", "okta", [Y, N, Y, N]),
        (From::Okta, "LL03", "okta", [Y, N, Y, N]),
        (From::Okta, "IG03", "okta", [Y, Y, Y, N]),
        (From::Entra, "LL01", "entra_signin", [Y, N, Y, N]),
        (From::Entra, "LL03", "entra_signin", [Y, N, Y, N]),
        (From::CloudTrail, "LL01", "cloudtrail", [Y, N, Y, Y]),
        (From::CloudTrail, "SA05", "cloudtrail", [Y, N, Y, Y]),
        (From::CloudTrail, "PA02", "cloudtrail", [Y, Y, Y, Y]),
        (From::Workday, "SA01", "workday", [Y, Y, N, N]),
        (From::Workday, "SA03", "workday", [Y, Y, N, N]),
        (From::SailPoint, "IG02", "sailpoint", [Y, Y, Y, N]),
        (From::Qaudjrn, "LL01", "qaudjrn", [Y, N, Y, Y]),
        (From::Qaudjrn, "LL03", "qaudjrn", [Y, N, Y, Y]),
        (From::Qaudjrn, "SA01", "qaudjrn", [Y, Y, N, Y]),
        (From::Qaudjrn, "SA03", "qaudjrn", [Y, Y, N, Y]),
        (From::Smf, "LL01", "otlp", [Y, N, N, Y]),
        (From::Smf, "LL03", "otlp", [Y, N, N, Y]),
        (From::Smf, "SS03", "otlp", [Y, N, N, Y]),
        (From::PostgreSql, "LL01", "postgresql", [Y, N, Y, N]),
    ]
};

#[test]
fn what_is_simulated_is_understood() {
    let kinds = seen();
    for (source, code, format, [user, target, src_ip, host]) in EXPECTED {
        let name = format!("{} {code}", source.as_str());
        let Some(seen) = kinds.get(&(source, code.to_owned())) else { panic!("no {name}") };
        assert_eq!(seen.formats.iter().collect::<Vec<_>>(), [format], "{name}");
        let all = |count: u64| count == seen.count;
        for (what, is_wanted, count) in [
            ("user", user, seen.user),
            ("target", target, seen.target),
            ("address", src_ip, seen.src_ip),
            ("host", host, seen.host),
        ] {
            assert!(
                !is_wanted || all(count),
                "{name}: {count} of {} have a {what}, like {}",
                seen.count,
                seen.sample
            );
        }
    }
    let problems: Vec<_> = kinds.values().filter(|seen| !seen.problems.is_empty()).collect();
    assert!(problems.is_empty(), "{problems:#?}");
}

/// What has no code has at least its own format and an address.
#[test]
fn the_edge_of_the_network_is_understood() {
    let kinds = seen();
    for (source, format) in [
        (simulate::Source::Application, "logfmt"),
        (simulate::Source::PanOs, "panos"),
        (simulate::Source::Squid, "squid"),
        (simulate::Source::Bind, "bind"),
    ] {
        let own: Vec<_> =
            kinds.iter().filter(|((from, _), _)| *from == source).map(|(_, seen)| seen).collect();
        assert!(!own.is_empty());
        for seen in own {
            assert_eq!(seen.formats.iter().collect::<Vec<_>>(), [format]);
            assert_eq!(seen.src_ip, seen.count, "{}", seen.sample);
        }
    }
}
