//! Firewalls and sensors: real logs against what they are named after, and hostile variations of the samples.
//! The data is not part of the repository; where it is absent, the tests say so and pass.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "test code; the lint only knows functions marked as tests"
)]

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use sentra_decode::{DecodeOptions, Decoded, Decoder, Framed, LineFramer, ZeekTsvFramer, formats};
use sentra_model::{Event, EventCode, RawRecord, Source, SourceKind};

const DEVICES: [&str; 11] = [
    "cef",
    "leef",
    "panos",
    "fortigate",
    "cisco",
    "suricata",
    "suricata_fast",
    "snort",
    "snort_json",
    "zeek",
    "zeek_tsv",
];

fn source(format: Option<&str>) -> Source {
    Source {
        kind: SourceKind::File,
        origin: "test".to_owned(),
        format: format.map(str::to_owned),
        reference: "2026-11-21T00:00:00Z".parse().unwrap(),
    }
}

fn decode<'a>(source: &'a Source, bytes: &'a [u8]) -> Decoded<'a> {
    let received = source.reference;
    Decoder::new(DecodeOptions::default()).decode(&RawRecord { source, position: 1, received, bytes })
}

fn read(path: &str) -> Option<String> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(_) => {
            eprintln!("SKIP: {} is not here", path.display());
            None
        }
    }
}

/// Every line of the file is an event of `format` without a problem.
fn every_line(path: &str, format: &str, mut check: impl FnMut(&Event<'_>)) {
    let Some(text) = read(path) else { return };
    let source = source(None);
    let mut count = 0;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let Decoded::Event(event) = decode(&source, line.as_bytes()) else { panic!("{path}: dead: {line}") };
        assert_eq!((event.format.as_ref(), &event.problem), (format, &None), "{path}: {line}");
        assert!(event.time < source.reference, "{path}: {line}");
        check(&event);
        count += 1;
    }
    assert!(count > 0, "{path} is empty");
}

#[test]
fn files_are_of_the_format_they_are_named_after() {
    every_line("formats/crowdsec/unifi-cef.cef-logs.log", "cef", |event| {
        assert_eq!(event.text("deviceVendor"), Some("Ubiquiti"));
        assert!(!event.src_ip.is_empty() && !event.host.is_empty() && !event.message.is_empty());
    });
    every_line("formats/crowdsec/suricata-eve-detect.log", "suricata", |event| {
        assert!(!event.message.is_empty() && !event.src_ip.is_empty() && !event.dst_ip.is_empty());
    });
    every_line("formats/crowdsec/suricata-logs-fastlog.log", "suricata_fast", |event| {
        assert!(!event.message.is_empty() && event.src_port != 0 && event.dst_port != 0);
    });
    let mut failures = 0;
    every_line("formats/crowdsec/fortinet-vpn-bf.log", "fortigate", |event| {
        assert_eq!((event.service.as_ref(), event.src_ip.is_empty()), ("event", false));
        failures += u32::from(event.code == Some(EventCode::LL03));
    });
    if let Some(text) = read("formats/crowdsec/fortinet-vpn-bf.log") {
        assert_eq!(failures as usize, text.matches("ssl-login-fail").count());
    }
}

#[test]
fn zeek_every_line_is_of_its_log() {
    let mut services: BTreeMap<String, u32> = BTreeMap::new();
    every_line("network/zeek_apt29_day1.log", "zeek", |event| {
        assert_eq!(event.text("@stream"), Some(event.service.as_ref()));
        let is_connection = event.field("id_orig_h").is_some();
        assert_eq!(is_connection, event.field("id.orig_h").is_some());
        assert!(!is_connection || (!event.src_ip.is_empty() && !event.dst_ip.is_empty()));
        assert!(!event.host.is_empty());
        *services.entry(event.service.to_string()).or_default() += 1;
    });
    if !services.is_empty() {
        assert_eq!(services.len(), 14, "{services:?}");
        assert_eq!((services["conn"], services["dns"]), (613, 53));
    }
}

/// The other files must not become records of a device.
#[test]
fn no_other_file_is_taken_for_a_device() {
    let own = ["unifi-cef", "suricata", "fortinet"];
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/formats/crowdsec"));
    let Ok(files) = std::fs::read_dir(folder) else {
        eprintln!("SKIP: {} is not here", folder.display());
        return;
    };
    let source = source(None);
    for file in files.map(|file| file.unwrap().path()) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if own.iter().any(|own| name.starts_with(own)) {
            continue;
        }
        let bytes = std::fs::read(&file).unwrap();
        for line in bytes.split(|byte| *byte == b'\n') {
            if let Decoded::Event(event) = decode(&source, line) {
                assert!(!DEVICES.contains(&event.format.as_ref()), "{name}: {}", event.format);
            }
        }
    }
}

/// Nor must the records of cloud services, many of which are JSON with a type and addresses.
#[test]
fn no_cloud_record_is_taken_for_a_device() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/formats/panther"));
    let Ok(files) = std::fs::read_dir(folder) else {
        eprintln!("SKIP: {} is not here", folder.display());
        return;
    };
    let source = source(None);
    let mut count = 0;
    for file in files.map(|file| file.unwrap().path()) {
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            let log = record["log"].to_string();
            if let Decoded::Event(event) = decode(&source, log.as_bytes()) {
                assert!(!DEVICES.contains(&event.format.as_ref()), "{}: {log}", file.display());
            }
            count += 1;
        }
    }
    assert!(count > 0);
}

/// From the bytes of a file to events, as an intake would put the pieces together.
#[test]
fn a_zeek_file_becomes_events() {
    let file = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\thttp\n\
        #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tmethod\thost\turi\tstatus_code\ttags\n\
        #types\ttime\tstring\taddr\tport\taddr\tport\tstring\tstring\tstring\tcount\tset[enum]\n\
        1772359200.5\tC1\t192.0.2.7\t40022\t198.51.100.9\t80\tGET\twww.example.com\t/a?b=c\t404\t(empty)\n\
        1772359201.5\tC2\t2001:db8::7\t40023\t2001:db8::9\t80\tPOST\t-\t/\t-\tA,B\n#close\t2026-03-01-11-00-00\n";
    let source = source(None);
    let mut found = Vec::new();
    let (mut lines, mut zeek) = (LineFramer::new(1 << 16), ZeekTsvFramer::new());
    for chunk in file.as_bytes().chunks(7) {
        lines.push(chunk, &mut |framed| {
            let Framed::Record { position, bytes } = framed else { panic!("too long") };
            zeek.push(position, bytes, &mut |position, record| {
                let Decoded::Event(event) = decode(&source, record) else { panic!("dead") };
                assert!(event.problem.is_none(), "{:?}", event.problem);
                let tags = event.fields.iter().filter(|(name, _)| name == "tags").count();
                found.push((
                    position,
                    event.service.to_string(),
                    event.src_ip.to_string(),
                    event.domain.to_string(),
                    tags,
                ));
            });
        });
    }
    let row = |position, address: &str, domain: &str, tags| {
        (position, "http".to_owned(), address.to_owned(), domain.to_owned(), tags)
    };
    assert_eq!(found, [row(8, "192.0.2.7", "www.example.com", 0), row(9, "2001:db8::7", "", 2)]);
}

fn samples() -> Vec<(&'static str, &'static str)> {
    let of_devices = formats().iter().filter(|format| DEVICES.contains(&format.name));
    of_devices.map(|format| (format.name, format.sample)).collect()
}

#[test]
fn every_device_has_a_sample() {
    assert_eq!(samples().len(), DEVICES.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Whatever becomes of a sample on its way: no panic, and bounded fields.
    #[test]
    fn no_variation_of_a_sample_panics(
        which in 0usize..11,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0u8..4, any::<u8>()), 1..12),
        in_syslog in any::<bool>(),
        named in any::<bool>(),
    ) {
        let (name, sample) = samples()[which];
        let mut bytes = sample.as_bytes().to_vec();
        for (at, kind, byte) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            // Marks of the formats are likelier than other bytes.
            let marks = b"|=\\\"%[]{}(),:;/<> \t\n#-09";
            let byte = if byte < 192 { marks[usize::from(byte) % marks.len()] } else { byte };
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => bytes.truncate(at),
                _ => {
                    let copy = bytes[at..].to_vec();
                    bytes.splice(at..at, copy.into_iter().take(64));
                }
            }
        }
        if in_syslog {
            bytes.splice(0..0, *b"<13>Mar  1 10:00:00 host1 ");
        }
        let source = source(named.then_some(name));
        if let Decoded::Event(event) = decode(&source, &bytes) {
            prop_assert!(event.fields.len() <= 1_100);
        }
    }
}
