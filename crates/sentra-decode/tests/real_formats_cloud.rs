//! Real records of clouds, services and identity providers against the formats that should know them. The data is
//! not part of the repository; where it is absent, the tests say so and pass.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "test code; the lint only knows functions marked as tests"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use sentra_decode::{DecodeOptions, Decoded, Decoder, formats};
use sentra_model::{RawRecord, Source, SourceKind};

fn data(path: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    if path.try_exists().unwrap_or(false) {
        return Some(path);
    }
    eprintln!("SKIP: {} is not here", path.display());
    None
}

fn format_of(decoder: &Decoder, line: &str) -> String {
    let source = Source {
        kind: SourceKind::File,
        origin: "test".to_owned(),
        format: None,
        reference: "2026-11-21T00:00:00Z".parse().unwrap(),
    };
    let record =
        RawRecord { source: &source, position: 1, received: source.reference, bytes: line.as_bytes() };
    match decoder.decode(&record) {
        Decoded::Event(event) => event.format.into_owned(),
        Decoded::Dead { reason, detail } => panic!("{}: {detail}: {line}", reason.as_str()),
    }
}

/// Files whose `log` members are records, the format that knows them, and the share of them that it must know.
/// The rest are records of other products, or hold only what one rule looked at.
const FILES: [(&str, &str, f64); 31] = [
    ("azure.audit", "entra", 0.95),
    ("azure.monitoractivity", "azure_activity", 0.95),
    ("gcp.auditlog", "gcp_audit", 0.95),
    ("okta.systemlog", "okta", 0.95),
    ("github.audit", "github_audit", 0.95),
    ("amazon.eks.audit", "kubernetes_audit", 0.65),
    ("gsuite.activityevent", "google_workspace", 0.9),
    ("slack.auditlogs", "slack_audit", 0.95),
    ("duo.administrator", "duo", 0.95),
    ("onelogin.events", "onelogin", 0.85),
    ("auth0.events", "auth0", 0.95),
    ("aws.vpcflow", "vpc_flow_json", 0.5),
    ("gravitational.teleportaudit", "teleport", 0.95),
    ("osquery.differential", "osquery", 0.95),
    ("crowdstrike.eventstreams", "crowdstrike_stream", 0.95),
    ("aws.cloudtrail", "cloudtrail", 0.5),
    ("notion.auditlogs", "json", 1.0),
    ("box.event", "json", 1.0),
    ("proofpoint.event", "json", 1.0),
    ("mongodb.organizationevent", "json", 1.0),
    ("openai.audit", "json", 1.0),
    ("anthropic.activity", "json", 1.0),
    ("snyk.groupaudit", "json", 1.0),
    ("tines.audit", "json", 1.0),
    ("wiz.audit", "json", 1.0),
    ("zoom.operation", "json", 1.0),
    ("zscaler.zia.adminauditlog", "hec", 1.0),
    ("databricks.audit", "json", 1.0),
    ("github.webhook", "json", 1.0),
    ("crowdstrike.fdrevent", "json", 1.0),
    ("aws.wafwebacl", "json", 1.0),
];

#[test]
fn real_records_are_of_their_formats() {
    let decoder = Decoder::new(DecodeOptions::default());
    for (file, expected, floor) in FILES {
        let Some(path) = data(&format!("formats/panther/{file}.ndjson")) else { continue };
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            *found.entry(format_of(&decoder, &case["log"].to_string())).or_default() += 1;
        }
        let total: usize = found.values().sum();
        let known: usize =
            found.iter().filter(|(name, _)| name.starts_with(expected)).map(|(_, count)| count).sum();
        eprintln!("{file}: {known} of {total} are {expected}: {found:?}");
        let share = known as f64 / total as f64;
        assert!(
            share >= floor,
            "{file}: {known} of {total} are {expected}, at least {floor} should be: {found:?}"
        );
    }
}

#[test]
fn real_logs_of_other_products_are_left_alone() {
    let decoder = Decoder::new(DecodeOptions::default());
    for (path, expected) in [
        ("cloud/cloudtrail.ndjson", "cloudtrail"),
        ("formats/crowdsec/k8s-audit-pod-exec-file.log", "kubernetes_audit"),
        ("formats/crowdsec/teleport-impossible-travel.teleport-bf.log", "teleport"),
        ("formats/crowdsec/aws-nwo-login.log", "cloudtrail"),
    ] {
        let Some(path) = data(path) else { continue };
        let text = std::fs::read_to_string(&path).unwrap();
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        for line in text.lines().filter(|line| line.trim_start().starts_with('{')) {
            *found.entry(format_of(&decoder, line)).or_default() += 1;
        }
        assert!(found.keys().eq([expected]), "{}: {found:?}", path.display());
    }
}

/// What a mutation does to a sample.
fn mutated(sample: &str, edits: &[(usize, u8, u8)]) -> Vec<u8> {
    let mut bytes = sample.as_bytes().to_vec();
    for (position, kind, byte) in edits {
        if bytes.is_empty() {
            break;
        }
        let at = position % bytes.len();
        match kind % 4 {
            0 => bytes[at] = *byte,
            1 => bytes.insert(at, *byte),
            2 => drop(bytes.remove(at)),
            // A piece of the record once more: repeated names, elements cut in two.
            _ => {
                let piece = bytes[at..(at + usize::from(*byte)).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn mutated_samples_have_an_end(
        format in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<usize>(), any::<u8>(), any::<u8>()), 0..12),
        is_named in any::<bool>(),
    ) {
        let format = format.get(formats());
        let bytes = mutated(format.sample, &edits);
        let source = Source {
            kind: SourceKind::OtlpHttp,
            origin: "192.0.2.1".to_owned(),
            format: is_named.then(|| format.name.to_owned()),
            reference: "2026-03-01T12:00:00Z".parse().unwrap(),
        };
        let record = RawRecord { source: &source, position: 1, received: source.reference, bytes: &bytes };
        match Decoder::new(DecodeOptions::default()).decode(&record) {
            Decoded::Event(event) => prop_assert!(event.fields.len() <= 4_096),
            Decoded::Dead { detail, .. } => prop_assert!(!detail.is_empty()),
        }
    }
}

/// Law LIMIT: what a record becomes is bounded by limits, not by the record.
#[test]
fn hostile_arrays_do_not_multiply() {
    let element = r#"{"type":"User","displayName":"x","modifiedProperties":[{"displayName":"ConsentContext.a","newValue":"b"}]}"#;
    let targets = vec![element; 2_000].join(",");
    let record = format!(
        r#"{{"activityDisplayName":"Add user","loggedByService":"x","activityDateTime":"2026-03-01T10:00:00Z","targetResources":[{targets}]}}"#
    );
    let nested = |depth: usize| {
        let mut body = "\"x\"".to_owned();
        for _ in 0..depth {
            let record = format!(
                r#"{{"time_unix_nano":"1","observed_time_unix_nano":"1","severity_number":9,"body":{body},"attributes":{{}}}}"#
            );
            body = serde_json::to_string(&record).unwrap().replace("\\\\", "\\u005c");
        }
        serde_json::from_str::<String>(&body).unwrap()
    };
    let decoder = Decoder::new(DecodeOptions::default());
    for (record, expected) in [(record, "entra_audit"), (nested(1), "otlp"), (nested(12), "otlp")] {
        assert_eq!(format_of(&decoder, &record), expected);
    }
}
