//! Lines as a small company's machines write them, the same for the same seed. Every line carries a number of its
//! own, so that what is stored can be held against what was acknowledged.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};

use anyhow::Context;
use memchr::memmem;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use prost::Message as _;
use serde_json::json;

use super::arguments::{CorpusArguments, LineKind, Protocol};

/// Different bodies; then they come again with other numbers. What one batch compresses it shares with no other.
const TEMPLATES: u64 = 48;
/// Bytes of one body of a corpus that goes to a file.
const FILE_BODY_BYTES: usize = 256 * 1024;
/// Stands before a line's number and nowhere else.
const MARK: &str = "Qx";
/// Where a line's number goes.
const SLOT: &str = "@@@@@@@@@@@@@@@@";
/// Lines of a body, so that body and line make one number.
const LINE_BITS: u32 = 16;

/// The bodies of a run.
#[derive(Debug)]
pub(crate) struct Corpus {
    templates: Vec<Template>,
}

/// A body without its numbers.
#[derive(Debug)]
struct Template {
    bytes: Vec<u8>,
    /// Where the numbers go, one per line.
    slots: Vec<usize>,
}

impl Corpus {
    /// Bodies of at most `body_bytes` as `protocol` wants them.
    pub(crate) fn new(seed: u64, kind: LineKind, protocol: Protocol, body_bytes: usize) -> Self {
        let mut writer = Writer { random: Random(seed), seconds: 0 };
        let templates =
            (0..TEMPLATES).map(|_| Template::new(&mut writer, kind, protocol, body_bytes)).collect();
        Self { templates }
    }

    fn template(&self, body: u64) -> Option<&Template> {
        self.templates.get(usize::try_from(body % TEMPLATES).unwrap_or(0))
    }

    /// Lines of body `body`.
    pub(crate) fn lines(&self, body: u64) -> u64 {
        self.template(body).map_or(0, |template| template.slots.len() as u64)
    }

    /// Mean bytes of a body.
    pub(crate) fn body_bytes(&self) -> f64 {
        let bytes: usize = self.templates.iter().map(|template| template.bytes.len()).sum();
        bytes as f64 / TEMPLATES as f64
    }

    /// The bytes of body `body`.
    pub(crate) fn body(&self, body: u64) -> Vec<u8> {
        let Some(template) = self.template(body) else { return Vec::new() };
        let mut bytes = template.bytes.clone();
        for (line, slot) in (0_u64..).zip(&template.slots) {
            if let Some(place) = bytes.get_mut(*slot..*slot + SLOT.len()) {
                put_hex(body << LINE_BITS | line, place);
            }
        }
        bytes
    }
}

/// `sentra bench corpus`
pub(crate) fn write(arguments: &CorpusArguments) -> anyhow::Result<()> {
    let CorpusArguments { lines, seed, megabytes, file: path } = arguments;
    let corpus = Corpus::new(*seed, *lines, Protocol::Ndjson, FILE_BODY_BYTES);
    let failed = || format!("cannot write {}", path.display());
    let mut file = BufWriter::new(File::create(path).with_context(failed)?);
    let (mut bytes, mut body) = (0, 0);
    while bytes < u64::from(*megabytes) * 1_000_000 {
        let text = corpus.body(body);
        file.write_all(&text).with_context(failed)?;
        bytes += text.len() as u64;
        body += 1;
    }
    file.flush().with_context(failed)
}

/// The body and the line whose number stands in `record`.
pub(crate) fn number_of(record: &[u8]) -> Option<(u64, u64)> {
    let at = memmem::find(record, MARK.as_bytes())? + MARK.len();
    let digits = std::str::from_utf8(record.get(at..at + SLOT.len())?).ok()?;
    let number = u64::from_str_radix(digits, 16).ok()?;
    Some((number >> LINE_BITS, number & ((1 << LINE_BITS) - 1)))
}

fn put_hex(mut number: u64, place: &mut [u8]) {
    for digit in place.iter_mut().rev() {
        let nibble = (number & 15) as u8;
        *digit = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
        number >>= 4;
    }
}

impl Template {
    fn new(writer: &mut Writer, kind: LineKind, protocol: Protocol, body_bytes: usize) -> Self {
        let mut lines: Vec<String> = Vec::new();
        let mut length = 0;
        while lines.len() < 1 << LINE_BITS {
            let line = wrapped(writer.line(kind), protocol);
            if length + line.len() + 1 > body_bytes && !lines.is_empty() {
                break;
            }
            length += line.len() + 1;
            lines.push(line);
        }
        let bytes = match protocol {
            Protocol::Otlp => otlp(&lines),
            _ => lines.iter().flat_map(|line| [line.as_bytes(), b"\n"]).flatten().copied().collect(),
        };
        let slots = memmem::find_iter(&bytes, SLOT.as_bytes()).collect();
        Self { bytes, slots }
    }
}

/// A line as a record of `protocol`.
fn wrapped(line: String, protocol: Protocol) -> String {
    match protocol {
        Protocol::Hec if line.starts_with('{') => format!("{{\"event\":{line}}}"),
        Protocol::Hec => json!({ "event": line }).to_string(),
        Protocol::Bulk if line.starts_with('{') => format!("{{\"create\":{{}}}}\n{line}"),
        Protocol::Bulk => format!("{{\"create\":{{}}}}\n{}", json!({ "message": line })),
        Protocol::Ndjson | Protocol::Otlp | Protocol::SyslogTcp | Protocol::SyslogUdp => line,
    }
}

fn otlp(lines: &[String]) -> Vec<u8> {
    let record = |line: &String| LogRecord {
        time_unix_nano: 1_790_000_000_000_000_000,
        body: Some(AnyValue { value: Some(Value::StringValue(line.clone())) }),
        ..LogRecord::default()
    };
    let scope = ScopeLogs { log_records: lines.iter().map(record).collect(), ..ScopeLogs::default() };
    let resource = ResourceLogs { scope_logs: vec![scope], ..ResourceLogs::default() };
    ExportLogsServiceRequest { resource_logs: vec![resource] }.encode_to_vec()
}

/// SplitMix64: the same numbers everywhere for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let at = self.below(words.len() as u64) as usize;
        words.get(at).copied().unwrap_or_default()
    }
}

const USERS: [&str; 16] = [
    "root",
    "admin",
    "deploy",
    "oracle",
    "backup",
    "mholm",
    "akira",
    "svc-report",
    "postgres",
    "ljansen",
    "guest",
    "test",
    "cpetrov",
    "jenkins",
    "rmeyer",
    "ubuntu",
];
const HOSTS: [&str; 12] = [
    "web-1", "web-2", "web-3", "db-1", "db-2", "bastion", "mail", "build-7", "files", "proxy-a", "proxy-b",
    "ldap-1",
];
const PATHS: [&str; 8] = [
    "/index.html",
    "/api/v2/orders",
    "/login",
    "/static/app.4f2c.js",
    "/api/v2/customers/search",
    "/wp-login.php",
    "/health",
    "/images/logo.svg",
];
const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36",
    "curl/8.9.1",
    "python-requests/2.32.3",
];
const COMMANDS: [&str; 5] = [
    "/usr/bin/systemctl restart nginx",
    "/usr/bin/apt-get -q update",
    "/bin/cat /var/log/auth.log",
    "/usr/local/bin/backup --full --to /srv/backup",
    "/usr/bin/journalctl -u postgresql --since today",
];

/// What one message is about.
struct Message {
    program: &'static str,
    facility: u64,
    severity: u64,
    user: &'static str,
    address: String,
    port: u64,
    text: String,
}

struct Writer {
    random: Random,
    seconds: u64,
}

impl Writer {
    fn line(&mut self, kind: LineKind) -> String {
        let message = self.message();
        let Message { program, facility, severity, user, address, port, text } = &message;
        let random = &mut self.random;
        self.seconds += random.below(2);
        let (hour, minute, second) = (self.seconds / 3600 % 24, self.seconds / 60 % 60, self.seconds % 60);
        let time = format!("2026-11-20T{hour:02}:{minute:02}:{second:02}.{:06}Z", random.below(1_000_000));
        let (host, process) = (random.pick(&HOSTS), 300 + random.below(60_000));
        let priority = facility * 8 + severity;
        let mut line = String::with_capacity(420);
        // Writing into a string does not fail.
        let _ = match kind {
            LineKind::Syslog => write!(
                line,
                "<{priority}>1 {time} {host}.example.net {program} {process} - [meta sequenceId=\"{MARK}{SLOT}\"] {text}"
            ),
            LineKind::Json => write!(
                line,
                "{{\"@timestamp\":\"{time}\",\"seq\":\"{MARK}{SLOT}\",\"host\":{{\"name\":\"{host}.example.net\"}},\
                 \"process\":{{\"name\":\"{program}\",\"pid\":{process}}},\"user\":{{\"name\":\"{user}\"}},\
                 \"source\":{{\"ip\":\"{address}\",\"port\":{port}}},\"log\":{{\"level\":{severity}}},\
                 \"message\":{}}}",
                json!(text)
            ),
        };
        line
    }

    fn message(&mut self) -> Message {
        let random = &mut self.random;
        let (user, port) = (random.pick(&USERS), 1_024 + random.below(64_000));
        let network = random.pick(&["192.0.2", "198.51.100", "203.0.113"]);
        let address = format!("{network}.{}", random.below(256));
        let (program, facility, severity, text) = match random.below(12) {
            0..=3 => {
                let fingerprint = format!("{:016x}{:016x}", random.next(), random.next());
                let what = match random.below(3) {
                    0 => format!("Failed password for {user} from {address} port {port} ssh2"),
                    1 => format!("Failed password for invalid user {user} from {address} port {port} ssh2"),
                    _ => format!(
                        "Accepted publickey for {user} from {address} port {port} ssh2: ED25519 SHA256:{fingerprint}"
                    ),
                };
                ("sshd", 4, 6, what)
            }
            4 | 5 => {
                let command = random.pick(&COMMANDS);
                (
                    "sudo",
                    10,
                    5,
                    format!(
                        "{user} : TTY=pts/{} ; PWD=/home/{user} ; USER=root ; COMMAND={command}",
                        random.below(20)
                    ),
                )
            }
            6 | 7 => {
                let text = format!(
                    "[{}.{:06}] nft-drop: IN=eth0 OUT= MAC=52:54:00:{:02x}:{:02x}:01 SRC={address} DST=192.0.2.10 LEN={} TOS=0x00 TTL={} ID={} DF PROTO=TCP SPT={port} DPT={} WINDOW=64240 SYN",
                    random.below(900_000),
                    random.below(1_000_000),
                    random.below(256),
                    random.below(256),
                    40 + random.below(1_400),
                    40 + random.below(80),
                    random.below(65_536),
                    random.pick(&["22", "23", "80", "443", "445", "3389", "8080"])
                );
                ("kernel", 0, 4, text)
            }
            8 => {
                let text = format!(
                    "{:010X}: to=<{user}@example.com>, relay=mx.example.com[{address}]:25, delay={}.{}, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as {:010X})",
                    random.below(1 << 40),
                    random.below(30),
                    random.below(100),
                    random.below(1 << 40)
                );
                ("postfix/smtp", 2, 6, text)
            }
            _ => {
                let text = format!(
                    "{address} - {user} \"GET {}?id={} HTTP/1.1\" {} {} \"-\" \"{}\"",
                    random.pick(&PATHS),
                    random.below(1_000_000),
                    random.pick(&["200", "200", "200", "304", "404", "401", "500"]),
                    random.below(90_000),
                    random.pick(&AGENTS)
                );
                ("nginx", 16, 6, text)
            }
        };
        Message { program, facility, severity, user, address, port, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_the_same_for_the_same_seed_and_every_line_has_its_number() {
        let protocols = [
            Protocol::Ndjson,
            Protocol::Hec,
            Protocol::Bulk,
            Protocol::Otlp,
            Protocol::SyslogTcp,
            Protocol::SyslogUdp,
        ];
        for protocol in protocols {
            for kind in [LineKind::Syslog, LineKind::Json] {
                let corpus = Corpus::new(7, kind, protocol, 10_000);
                let body = corpus.body(100);
                assert_eq!(body, Corpus::new(7, kind, protocol, 10_000).body(100), "{protocol:?}");
                assert_ne!(body, corpus.body(101));
                assert!((8_000..12_000).contains(&body.len()), "{protocol:?} {}", body.len());
                let numbers: Vec<_> = memmem::find_iter(&body, MARK)
                    .map(|at| number_of(body.get(at..).unwrap()).unwrap())
                    .collect();
                let expected: Vec<_> = (0..corpus.lines(100)).map(|line| (100, line)).collect();
                assert_eq!(numbers, expected, "{protocol:?} {kind:?}");
            }
        }
    }

    #[test]
    fn lines_are_as_long_as_they_say() {
        for (kind, range) in [(LineKind::Syslog, 170..330), (LineKind::Json, 280..470)] {
            let corpus = Corpus::new(1, kind, Protocol::Ndjson, 1_000_000);
            let mean = corpus.body(0).len() as u64 / corpus.lines(0);
            assert!(range.contains(&mean), "{kind:?}: {mean}");
        }
    }

    #[test]
    fn json_lines_are_json() {
        let corpus = Corpus::new(1, LineKind::Json, Protocol::Ndjson, 100_000);
        let body = String::from_utf8(corpus.body(3)).unwrap();
        for line in body.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }
}
