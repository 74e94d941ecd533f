//! Lines that real daemons, web servers and proxies wrote. The data is not part of the repository; where it is
//! absent, the tests say SKIP and pass. Beside them: hostile variants of every format's sample.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "test code; the lint only knows functions marked as tests"
)]

use std::path::Path;

use proptest::prelude::*;
use sentra_decode::{AuditJoiner, DecodeOptions, Decoded, Decoder, formats};
use sentra_model::{EventCode, RawRecord, Source, SourceKind};

/// The formats that this file is about.
const FORMATS: [&str; 22] = [
    "apache",
    "auditd",
    "bind",
    "charon",
    "dnsmasq",
    "dovecot",
    "haproxy",
    "laurel",
    "logfmt",
    "mysql",
    "netfilter",
    "nginx",
    "openvpn",
    "postfix",
    "postgresql",
    "proftpd",
    "squid",
    "vsftpd",
    "w3c",
    "web_access",
    "syslog",
    "text",
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

/// What is counted in a file.
#[derive(Debug, Default)]
struct Counts {
    lines: usize,
    known: usize,
    failed_logins: u32,
    with_address: usize,
}

/// Reads a file of the shared data; `None` with a word about it when it is not there.
fn read(path: &str, expected: &[&str]) -> Option<Counts> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!("SKIP: {} is not here", path.display());
        return None;
    };
    let source = source(None);
    let mut counts = Counts::default();
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        counts.lines += 1;
        let Decoded::Event(event) = decode(&source, line) else {
            panic!("{}: dead: {}", path.display(), String::from_utf8_lossy(line));
        };
        if !expected.contains(&event.format.as_ref()) {
            eprintln!("{}: {}: {}", path.display(), event.format, String::from_utf8_lossy(line));
            continue;
        }
        counts.known += 1;
        counts.with_address += usize::from(!event.src_ip.is_empty());
        if event.code == Some(EventCode::LL03) {
            counts.failed_logins += event.count;
        }
        assert_ne!(event.time, source.reference, "{}", String::from_utf8_lossy(line));
    }
    Some(counts)
}

/// File, formats, share of lines in percent that must be of them, failed logins, share of lines with an address.
type Case = (&'static str, &'static [&'static str], usize, u32, usize);

const WEB: &[&str] = &["web_access"];

const CASES: [Case; 37] = [
    ("auditd-base64-exec", &["auditd"], 100, 0, 0),
    ("laurel-logs", &["laurel"], 100, 0, 0),
    ("laurel-suid-crash", &["laurel"], 100, 0, 0),
    ("iptables-logs", &["netfilter"], 100, 0, 100),
    ("iptables-scan-multi-port", &["netfilter"], 100, 0, 100),
    ("proxmox-iptables-logs.proxmox-iptables", &["netfilter"], 100, 0, 100),
    ("nginx-http-generic-bf", &["nginx", "web_access"], 100, 16, 100),
    ("nginx-http-malformed.nginx_http-logs", WEB, 100, 0, 100),
    ("nginx-http-open-proxy", WEB, 100, 0, 100),
    ("nginx-http-path-traversal", WEB, 100, 0, 100),
    ("nginx-http-sensitive-files", WEB, 100, 0, 100),
    ("nginx-http-xss-probing", WEB, 100, 0, 100),
    ("nginx-proxy-manager-malformed.nginx_http-logs", WEB, 100, 0, 100),
    ("nginx_req_limit_exceeded", &["nginx"], 100, 0, 100),
    ("bunkerweb-http-malformed", WEB, 100, 0, 100),
    ("bunkerweb-http-sensitive-files", WEB, 100, 0, 100),
    ("pfsense-rfc5424-nginx", &["nginx"], 100, 0, 100),
    ("modsecurity-logs-nginx", &["nginx"], 100, 0, 100),
    ("modsecurity", &["apache"], 100, 0, 100),
    ("apache2-http-sensitive-files", WEB, 100, 0, 100),
    ("apache2-logs", &["apache", "web_access"], 100, 1, 100),
    ("apache2-malformed.apache2-logs", WEB, 100, 0, 100),
    ("apache_log4j2_cve-2021-44228", WEB, 100, 0, 100),
    ("http-dos-switching-ua", WEB, 100, 0, 100),
    ("zoneminder_cve-39290", WEB, 100, 0, 100),
    ("haproxy-logs", &["haproxy"], 100, 0, 100),
    ("haproxy-nextcloud-whitelist.haproxy-logs", &["haproxy"], 100, 0, 100),
    ("postfix-logs", &["postfix"], 100, 1, 100),
    ("postfix-honeypot-users", &["postfix"], 100, 9, 100),
    ("postfix-sasl-bf", &["postfix"], 100, 3, 100),
    ("postfix-non-smtp", &["postfix"], 100, 0, 100),
    ("postscreen-logs", &["postfix"], 100, 0, 100),
    ("dovecot-slow-bf", &["dovecot"], 100, 4, 100),
    ("vsftpd-bf", &["vsftpd"], 100, 6, 100),
    ("proftpd-user-enum", &["proftpd"], 100, 6, 100),
    ("pgsql-logs", &["postgresql"], 100, 6, 100),
    ("charon-ipsec-logs", &["charon"], 99, 31, 20),
];

#[test]
fn real_lines_are_of_their_format() {
    for (name, expected, share, failed_logins, with_address) in CASES {
        let Some(counts) = read(&format!("formats/crowdsec/{name}.log"), expected) else { continue };
        eprintln!("{name}: {counts:?}");
        assert!(counts.known * 100 >= counts.lines * share, "{name}: {counts:?}");
        assert!(counts.with_address * 100 >= counts.known * with_address, "{name}: {counts:?}");
        assert_eq!(counts.failed_logins, failed_logins, "{name}: {counts:?}");
    }
}

#[test]
fn the_apache_file_is_apaches() {
    let Some(counts) = read("linux/apache_error_2k.log", &["apache"]) else { return };
    assert_eq!((counts.lines, counts.known), (2_000, 2_000));
    assert!(counts.with_address >= 32, "{counts:?}");
}

/// What other programs wrote stays what it was.
#[test]
fn other_files_stay_syslog() {
    for (path, lines) in
        [("linux/openssh_2k.log", 2_000), ("linux/syslog_2k.log", 2_000), ("linux/macos_2k.log", 1_980)]
    {
        let Some(counts) = read(path, &["syslog"]) else { continue };
        assert!(counts.known >= lines, "{path}: {counts:?}");
    }
}

#[test]
fn real_audit_lines_are_joined_without_loss() {
    let path = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/formats/crowdsec/auditd-base64-exec.log"
    ));
    let Ok(bytes) = std::fs::read(path) else {
        eprintln!("SKIP: {} is not here", path.display());
        return;
    };
    let mut joiner = AuditJoiner::new();
    let mut out = Vec::new();
    let mut emit = |_, record: &[u8]| {
        out.extend_from_slice(record);
        out.push(b'\n');
    };
    for (position, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        joiner.push(position as u64, line, &mut emit);
    }
    joiner.finish(&mut emit);
    let sorted = |bytes: &[u8]| {
        let mut lines: Vec<_> = bytes.trim_ascii().split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        lines.retain(|line| !line.is_empty());
        lines.sort();
        lines
    };
    assert_eq!(sorted(&out), sorted(&bytes));
}

/// A change to a line: where, and what.
#[derive(Debug, Clone)]
enum Change {
    Replace(prop::sample::Index, char),
    Insert(prop::sample::Index, String),
    Remove(prop::sample::Index, usize),
    Cut(prop::sample::Index),
    Repeat(prop::sample::Index, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let marks = prop::sample::select(vec![
        '"', '\'', '[', ']', '(', ')', '<', '>', '=', ':', ' ', ',', ';', '\\', '\n', '\t', '\u{1d}',
        '\u{0}', 'é', '😀', '{', '}', '#', '/', '-', '%', '0', '9', 'F',
    ]);
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), marks).prop_map(|(at, mark)| Change::Replace(at, mark)),
        (at(), "( |\"|\\[|\\]|=|:|, client: |type=|audit\\(|IN=|SRC=|\u{1F600}|\\\\){0,6}")
            .prop_map(|(at, text)| Change::Insert(at, text)),
        (at(), 1_usize..30).prop_map(|(at, count)| Change::Remove(at, count)),
        at().prop_map(Change::Cut),
        (at(), 1_usize..40).prop_map(|(at, count)| Change::Repeat(at, count)),
    ]
}

fn changed(line: &str, changes: &[Change]) -> String {
    let mut characters: Vec<char> = line.chars().collect();
    for change in changes {
        if characters.is_empty() {
            break;
        }
        let length = characters.len();
        match change {
            Change::Replace(at, mark) => characters[at.index(length)] = *mark,
            Change::Insert(at, text) => {
                let at = at.index(length);
                characters.splice(at..at, text.chars());
            }
            Change::Remove(at, count) => {
                let at = at.index(length);
                characters.drain(at..(at + count).min(length));
            }
            Change::Cut(at) => characters.truncate(at.index(length)),
            Change::Repeat(at, count) => {
                let at = at.index(length);
                let piece: Vec<char> = characters[at..(at + count).min(length)].to_vec();
                characters.splice(at..at, piece);
            }
        }
    }
    characters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever becomes of a line on its way: an end and no panic, the same twice, fields within limits, and
    /// nothing that stands in the header is longer than the line allows.
    #[test]
    fn damaged_lines_do_no_harm(format in prop::sample::select(FORMATS.to_vec()), changes in prop::collection::vec(change(), 1..8), named in any::<bool>()) {
        let info = formats().iter().find(|info| info.name == format).expect("a format");
        let line = changed(info.sample, &changes);
        let source = source(named.then_some(info.name));
        let decoded = decode(&source, line.as_bytes());
        prop_assert_eq!(&decoded, &decode(&source, line.as_bytes()));
        if let Decoded::Event(event) = decoded {
            prop_assert!(event.fields.len() <= 1_100);
            prop_assert!(event.message.len() <= line.len() + 16 && event.user.len() <= line.len());
        }
    }
}

/// Law LIMIT: long lines of each kind take their time in proportion, and their fields have an end.
#[test]
fn long_lines_are_bounded() {
    let pairs: String = (0..5_000).map(|number| format!(" k{number}=v{number}")).collect();
    let quotes = "\"x\" ".repeat(50_000);
    let lines = [
        format!("type=SYSCALL msg=audit(1772359200.123:1):{pairs}"),
        format!(
            "type=EXECVE msg=audit(1772359200.123:1): argc=9 {}",
            (0..5_000).map(|number| format!("a{number}=\"w\" ")).collect::<String>()
        ),
        format!(
            "type=EXECVE msg=audit(1772359200.123:1): argc=9 {}",
            (0..50_000).map(|number| format!("a0[{number}]=41 ")).collect::<String>()
        ),
        format!("time=2026-03-01T10:00:00Z{pairs}"),
        format!("192.0.2.7 - - [01/Mar/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1 {quotes}"),
        format!("IN=eth0 OUT= SRC=192.0.2.7 DST=192.0.2.8 LEN=1 PROTO=TCP{pairs}"),
        format!(
            "Mar  1 10:00:00 m postfix/smtp[1]: 3F2A1B4C5D: to=<a@example.com>,{}",
            pairs.replace(' ', ", ")
        ),
        format!("Mar  1 10:00:00 m dovecot: imap-login: Login: user=<a>, {}", pairs.replace(' ', ", ")),
        format!(
            "[Sun Mar 01 10:00:00 2026] [error] [client 192.0.2.7] ModSecurity: {}",
            "[id \"1\"] ".repeat(20_000)
        ),
        format!("2026/03/01 10:00:00 [error] 1#1: *1 x{}", ", client: 192.0.2.7, server: _".repeat(20_000)),
        "[".repeat(300_000),
        format!("192.0.2.7 - {} [01/Mar/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1", "[".repeat(300_000)),
    ];
    for line in &lines {
        let source = source(None);
        let Decoded::Event(event) = decode(&source, line.as_bytes()) else { panic!("dead") };
        assert!(event.fields.len() <= 1_100, "{} fields of {}", event.fields.len(), &line[..60]);
        let bytes: usize = event.fields.iter().map(|(name, value)| name.len() + value.as_text().len()).sum();
        assert!(bytes <= 4 * line.len(), "{bytes} bytes of fields of {}", &line[..60]);
    }
}

/// What a line costs: `cargo test --release -p sentra-decode --test real_formats_unix -- --ignored --nocapture`.
#[test]
#[ignore = "prints figures, proves nothing"]
fn nanoseconds_per_line() {
    const ROUNDS: u32 = 200_000;
    let joined = [
        r#"type=SYSCALL msg=audit(1772359200.123:4711): arch=c000003e syscall=59 success=yes exit=0 a0=55e1 a1=55e2 a2=55e3 a3=0 items=2 ppid=810 pid=811 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts1 ses=3 comm="cat" exe="/usr/bin/cat" subj=unconfined key="secrets""#,
        r#"type=EXECVE msg=audit(1772359200.123:4711): argc=3 a0="cat" a1="-n" a2=2F6574632F736861646F77"#,
        r#"type=CWD msg=audit(1772359200.123:4711): cwd="/root""#,
        r#"type=PATH msg=audit(1772359200.123:4711): item=0 name="/usr/bin/cat" inode=11 dev=fe:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL cap_fp=0"#,
        "type=PROCTITLE msg=audit(1772359200.123:4711): proctitle=636174002D6E002F6574632F736861646F77",
    ];
    let combined = r#"192.0.2.7 - - [01/Mar/2026:10:00:00 +0000] "GET /shop/list.php?id=17&sort=price HTTP/1.1" 200 5120 "https://www.example.com/shop/" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36""#;
    let record = joined.join("\n");
    let single =
        r"Feb 28 10:00:00 host app[1]: a line that no format knows, which all of them are asked about";
    let cases = [
        ("nginx combined, named", Some("nginx"), combined),
        ("nginx combined, detected", None, combined),
        ("auditd, five lines joined", None, record.as_str()),
        ("auditd, one SYSCALL line", None, joined[0]),
        ("ordinary syslog", None, single),
    ];
    for (what, format, line) in cases {
        let source = source(format);
        let start = std::time::Instant::now();
        let events =
            (0..ROUNDS).filter(|_| matches!(decode(&source, line.as_bytes()), Decoded::Event(_))).count();
        let each = start.elapsed() / ROUNDS;
        assert_eq!(events, ROUNDS as usize);
        let rate = line.len() as f64 / each.as_nanos() as f64 * 1_000.0;
        eprintln!("{what}: {} ns, {} bytes, {rate:.0} MB/s", each.as_nanos(), line.len());
    }
    let mut joiner = AuditJoiner::new();
    let mut records = 0_u32;
    let start = std::time::Instant::now();
    for serial in 0..ROUNDS {
        for line in joined {
            let line = line.replace("4711", &serial.to_string());
            joiner.push(u64::from(serial), line.as_bytes(), &mut |_, _| records += 1);
        }
    }
    joiner.finish(&mut |_, _| records += 1);
    eprintln!("joiner: {} ns a line, {records} records", (start.elapsed() / ROUNDS).as_nanos() / 5);
}
