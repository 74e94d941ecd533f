//! Real logs against counts that are made here without the decoder. The data is not part of the repository;
//! where it is absent, the tests say so and pass.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "test code; the lint only knows functions marked as tests"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sentra_decode::{DecodeOptions, Decoded, Decoder, Framed, LineFramer, evtx_records};
use sentra_model::{DeadReason, Event, EventCode, RawRecord, Source, SourceKind, Timestamp};

fn data(path: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    if path.try_exists().unwrap_or(false) {
        return Some(path);
    }
    println!("skipped: {} is not here", path.display());
    None
}

fn source(path: &Path) -> Source {
    Source {
        kind: SourceKind::File,
        origin: path.display().to_string(),
        format: None,
        reference: "2026-11-21T00:00:00Z".parse().unwrap(),
    }
}

fn for_each_line(bytes: &[u8], path: &Path, mut check: impl FnMut(u64, &[u8], Decoded<'_>)) -> u64 {
    let (source, decoder) = (source(path), Decoder::new(DecodeOptions::default()));
    let mut lines = 0;
    let mut framer = LineFramer::new(1 << 20);
    let mut emit = |framed: Framed<'_>| {
        let Framed::Record { position, bytes } = framed else { panic!("line too long") };
        lines += 1;
        let record = RawRecord { source: &source, position, received: source.reference, bytes };
        check(position, bytes, decoder.decode(&record));
    };
    for piece in bytes.chunks(64 * 1024) {
        framer.push(piece, &mut emit);
    }
    framer.finish(&mut emit);
    lines
}

fn event(decoded: Decoded<'_>) -> Event<'_> {
    match decoded {
        Decoded::Event(event) => *event,
        Decoded::Dead { reason, detail } => panic!("dead: {reason:?} {detail}"),
    }
}

#[test]
fn openssh_every_failed_password_counts_once() {
    let Some(path) = data("linux/openssh_2k.log") else { return };
    let bytes = std::fs::read(&path).unwrap();
    // Counted here by plain search: lines, and repetitions by their number.
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for line in String::from_utf8_lossy(&bytes).lines().filter(|line| line.contains("Failed password for ")) {
        let times = line
            .split("message repeated ")
            .nth(1)
            .map_or(1, |rest| rest.split(' ').next().unwrap().parse::<u64>().unwrap());
        let address = line.rsplit(" from ").next().unwrap().split(' ').next().unwrap();
        *expected.entry(address.to_owned()).or_default() += times;
    }
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    let lines = for_each_line(&bytes, &path, |_, line, decoded| {
        let event = event(decoded);
        let host = String::from_utf8_lossy(line).split_whitespace().nth(3).unwrap().to_owned();
        assert_eq!(
            (event.format.as_ref(), event.service.as_ref(), event.host.as_ref()),
            ("syslog", "sshd", host.as_str())
        );
        assert_eq!(event.problem, None);
        if event.code == Some(EventCode::LL03) {
            *found.entry(event.src_ip.clone().into_owned()).or_default() += u64::from(event.count);
        }
    });
    assert_eq!(lines, 2_000);
    assert_eq!(found, expected);
}

#[test]
fn linux_files_become_events_with_a_time() {
    for (path, lines) in
        [("linux/syslog_2k.log", 2_000), ("linux/macos_2k.log", 2_000), ("linux/apache_error_2k.log", 2_000)]
    {
        let Some(path) = data(path) else { continue };
        let bytes = std::fs::read(&path).unwrap();
        let mut timeless = 0;
        let found = for_each_line(&bytes, &path, |_, _, decoded| {
            let event = event(decoded);
            timeless += u64::from(event.time == "2026-11-21T00:00:00Z".parse().unwrap());
        });
        assert_eq!((found, timeless), (lines, 0), "{}", path.display());
    }
}

#[test]
fn the_old_sshd_counts_by_its_pam_lines() {
    let Some(path) = data("linux/syslog_2k.log") else { return };
    let bytes = std::fs::read(&path).unwrap();
    let expected = String::from_utf8_lossy(&bytes)
        .lines()
        .filter(|line| line.contains("sshd(pam_unix)") && line.contains("authentication failure;"))
        .count();
    let mut found = 0;
    for_each_line(&bytes, &path, |_, line, decoded| {
        let event = event(decoded);
        if event.code == Some(EventCode::LL03) && event.service == "sshd" {
            found += 1;
            let has_host = String::from_utf8_lossy(line).contains("rhost=");
            assert_eq!(has_host, !event.src_ip.is_empty() || !event.domain.is_empty());
        }
    });
    assert_eq!(found, expected);
    assert!(found > 0);
}

#[test]
fn otrf_every_line_is_a_windows_event_with_time_and_host() {
    let Some(path) = data("windows/otrf.ndjson.zst") else { return };
    let bytes = unpack(&path);
    let mut without_service: BTreeMap<String, u64> = BTreeMap::new();
    let lines = for_each_line(&bytes, &path, |position, _, decoded| {
        let event = event(decoded);
        assert_eq!(event.format, "windows", "line {position}");
        assert_eq!(event.problem, None, "line {position}");
        assert!(!event.host.is_empty(), "line {position} has no host");
        let year = event.time.to_string();
        assert!(year.starts_with("2019") || year.starts_with("202"), "line {position}: {year}");
        for name in ["EventID", "Channel", "Computer"] {
            assert!(event.field(name).is_some(), "line {position} has no {name}");
        }
        if event.service.is_empty() {
            *without_service.entry(event.text("Channel").unwrap_or_default().to_owned()).or_default() += 1;
        }
    });
    assert_eq!(lines, 74_636);
    println!("channels that Sigma has no service for: {without_service:?}");
    assert!(without_service.values().sum::<u64>() < 10);
}

#[test]
fn cloudtrail_every_line_has_caller_call_and_time() {
    let Some(path) = data("cloud/cloudtrail.ndjson") else { return };
    let bytes = std::fs::read(&path).unwrap();
    let lines = for_each_line(&bytes, &path, |position, line, decoded| {
        let event = event(decoded);
        assert_eq!((event.format.as_ref(), event.service.as_ref()), ("cloudtrail", "cloudtrail"));
        assert!(
            !event.user.is_empty() && !event.app.is_empty() && !event.command.is_empty(),
            "line {position}"
        );
        let raw: serde_json::Value = serde_json::from_slice(line).unwrap();
        let time: Timestamp = raw["eventTime"].as_str().unwrap().parse().unwrap();
        assert_eq!(event.time, time);
        // The flat fields against an independent walk over the document.
        let mut expected = Vec::new();
        walk(String::new(), &raw, &mut expected);
        let found: Vec<_> = event
            .fields
            .iter()
            .map(|(name, value)| (name.to_string(), value.as_text().into_owned()))
            .collect();
        assert_eq!(found, expected, "line {position}");
    });
    assert_eq!(lines, 2_900);
}

fn walk(name: String, value: &serde_json::Value, fields: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Null => {}
        serde_json::Value::String(text) => fields.push((name, text.clone())),
        serde_json::Value::Array(elements) => {
            elements.iter().for_each(|element| walk(name.clone(), element, fields));
        }
        serde_json::Value::Object(members) => members.iter().for_each(|(member, value)| {
            let name = if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
            walk(name, value, fields);
        }),
        other => fields.push((name, other.to_string())),
    }
}

#[test]
fn evtx_every_file_is_read_and_every_record_is_an_event() {
    let mut total = 0;
    for folder in ["windows/evtx", "sigma/regression_data"] {
        let Some(folder) = data(folder) else { continue };
        for path in files(&folder, "evtx") {
            let (source, decoder) = (source(&path), Decoder::new(DecodeOptions::default()));
            let mut records = 0;
            let mut positions = std::collections::BTreeSet::new();
            for record in evtx_records(std::fs::read(&path).unwrap()) {
                let record = record.unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
                let raw = RawRecord {
                    source: &source,
                    position: record.position,
                    received: source.reference,
                    bytes: &record.bytes,
                };
                let event = event(decoder.decode(&raw));
                assert_eq!((event.format.as_ref(), &event.problem), ("windows", &None), "{}", path.display());
                assert!(!event.host.is_empty() && event.time < source.reference, "{}", path.display());
                assert!(event.field("EventRecordID").is_some(), "{}", path.display());
                assert!(positions.insert(record.position), "{} position twice", path.display());
                records += 1;
            }
            assert!(records > 0, "{} has no records", path.display());
            total += records;
        }
    }
    println!("{total} records");
}

#[test]
fn evtx_and_its_json_twin_are_the_same_event() {
    let Some(folder) = data("sigma/regression_data") else { return };
    let decoder = Decoder::new(DecodeOptions::default());
    let mut compared = 0;
    for path in files(&folder, "json") {
        let bytes = std::fs::read(&path).unwrap();
        let twin_source = source(&path);
        let records = match sentra_decode::json_document_records(&bytes) {
            Some(records) => records.unwrap(),
            None => panic!("{} is no document", path.display()),
        };
        let binary = evtx_records(std::fs::read(path.with_extension("evtx")).unwrap());
        let binary: Vec<_> = binary.map(Result::unwrap).collect();
        for record in records {
            let raw = |bytes| RawRecord {
                source: &twin_source,
                position: 1,
                received: twin_source.reference,
                bytes,
            };
            let twin = event(decoder.decode(&raw(&record.bytes)));
            let same = binary
                .iter()
                .map(|other| event(decoder.decode(&raw(&other.bytes))))
                .find(|other| other.field("EventRecordID") == twin.field("EventRecordID"));
            let Some(same) = same else { continue };
            assert_eq!((same.time, &same.user, &same.process), (twin.time, &twin.user, &twin.process));
            let names =
                |event: &Event<'_>| event.fields.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>();
            assert_eq!(names(&same), names(&twin), "{}", path.display());
            compared += 1;
        }
    }
    assert!(compared >= 90, "only {compared} pairs compared");
}

#[test]
fn evtx_that_is_cut_off_gives_what_is_whole_and_says_so() {
    let Some(folder) = data("windows/evtx") else { return };
    for path in files(&folder, "evtx").into_iter().take(20) {
        let whole = std::fs::read(&path).unwrap();
        let all = evtx_records(whole.clone()).filter(Result::is_ok).count();
        for cut in [1_000, 4_096, 4_096 + 512, 4_096 + 20_000, whole.len() - 1] {
            let items: Vec<_> = evtx_records(whole[..cut].to_vec()).collect();
            let good = items.iter().filter(|item| item.is_ok()).count();
            assert!(good <= all);
            assert!(cut == 4_096 || items.iter().any(Result::is_err), "{} cut at {cut}", path.display());
        }
        // Bytes turned over in the middle of the records.
        let mut broken = whole.clone();
        for byte in &mut broken[6_000..6_200] {
            *byte ^= 0xA5;
        }
        let _ = evtx_records(broken).count();
    }
}

#[test]
fn crowdsec_files_are_never_lost() {
    let Some(folder) = data("formats/crowdsec") else { return };
    for path in files(&folder, "log") {
        let bytes = std::fs::read(&path).unwrap();
        let mut dead = BTreeMap::new();
        for_each_line(&bytes, &path, |_, _, decoded| {
            if let Decoded::Dead { reason, detail } = decoded {
                assert!(reason == DeadReason::Malformed || reason == DeadReason::Binary);
                *dead.entry(detail).or_insert(0) += 1;
            }
        });
        for (detail, lines) in dead {
            println!("{}: {lines} dead: {detail}", path.file_name().unwrap().display());
        }
    }
}

#[test]
fn windows_xml_lines_are_windows_events() {
    for path in ["formats/crowdsec/windows-logs.log", "formats/crowdsec/windows-bf.log"] {
        let Some(path) = data(path) else { continue };
        let bytes = std::fs::read(&path).unwrap();
        for_each_line(&bytes, &path, |position, line, decoded| {
            let event = event(decoded);
            let line = String::from_utf8_lossy(line);
            let value = |name: &str| {
                let after = line.split(&format!("Name=\"{name}\">")).nth(1).unwrap();
                after.split('<').next().unwrap().to_owned()
            };
            assert_eq!(
                line.contains("<EventID>4625<"),
                event.code == Some(EventCode::LL03),
                "line {position}"
            );
            assert_eq!(
                (event.user.as_ref(), event.src_ip.as_ref()),
                (value("TargetUserName").as_str(), value("IpAddress").as_str())
            );
        });
    }
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn unpack(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).unwrap();
    std::io::Read::read_to_end(&mut zstd::Decoder::new(file).unwrap(), &mut bytes).unwrap();
    bytes
}
