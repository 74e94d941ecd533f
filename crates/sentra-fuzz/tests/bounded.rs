//! A bounded run of every fuzz target: samples of every format, bent by a generator with a seed. It finds what is
//! broken badly; `cargo fuzz run TARGET` in `fuzz/` finds the rest.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

use sentra_decode::formats;
use sentra_fuzz::TARGETS;

/// Inputs per target; `SENTRA_FUZZ` asks for more.
const INPUTS: u64 = 3_000;
const SEED: u64 = 0x5e17_a5ee_d000_0001;

/// xorshift64*: any generator with a seed would do.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        // Bytes that mean something to some format come often.
        const TELLING: &[u8] = b"\0\n\r\t \"'\\{}[]<>=:,|;%#&\x30\x82\xff0129azAZ";
        match self.below(3) {
            0 => (self.next() & 0xff) as u8,
            _ => TELLING[self.below(TELLING.len())],
        }
    }

    fn bend(&mut self, sample: &mut Vec<u8>) {
        for _ in 0..=self.below(6) {
            let at = self.below(sample.len() + 1);
            match self.below(6) {
                0 if at < sample.len() => sample[at] = self.byte(),
                1 if at < sample.len() => drop(sample.remove(at)),
                2 => sample.insert(at, self.byte()),
                3 => sample.truncate(at),
                4 => {
                    let end = (at + self.below(64)).min(sample.len());
                    let copy = sample[at..end].to_vec();
                    let to = self.below(sample.len() + 1);
                    sample.splice(to..to, copy);
                }
                _ => {
                    let count = self.below(300);
                    let byte = self.byte();
                    sample.splice(at..at, std::iter::repeat_n(byte, count));
                }
            }
        }
    }
}

/// Samples of every format, and a few shapes of the protocols.
fn samples() -> Vec<Vec<u8>> {
    let mut samples: Vec<Vec<u8>> =
        formats().iter().map(|format| format.sample.as_bytes().to_vec()).collect();
    samples.extend([
        br#"{"event":{"a":1},"time":1772366400.5,"host":"web1"}{"event":"x"}"#.to_vec(),
        b"{\"create\":{\"_index\":\"logs\"}}\n{\"message\":\"x\"}\n".to_vec(),
        br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]}]}"#.to_vec(),
        b"\x0a\x10\x12\x0e\x12\x0c\x2a\x0a\x0a\x08hi there".to_vec(),
        b"27 <13>1 - - - - - - message\n<13>next\n".to_vec(),
        b"\x30\x26\x02\x01\x01\x04\x06public\xa7\x19\x02\x01\x01\x02\x01\x00\x02\x01\x00\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x03\x00\x43\x00".to_vec(),
        b"\x00\x16\x00\x00\x5e\x50\x00\x00\x00\x00\x01\x26\x06\x0f\xe2\xe8\xe2\xf1".to_vec(),
        b"type=SYSCALL msg=audit(1772366400.1:7): a=b\ntype=EOE msg=audit(1772366400.1:7):\n".to_vec(),
    ]);
    samples
}

/// Questions in every form, out of what the router is held to.
fn questions() -> Vec<Vec<u8>> {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../sentra-ask/corpus");
    let mut questions = Vec::new();
    for form in ["kql", "shorthand", "sql", "english", "mixed"] {
        let text = std::fs::read_to_string(format!("{corpus}/{form}.tsv")).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        questions
            .extend(lines.filter_map(|line| line.split('\t').next()).map(|line| line.as_bytes().to_vec()));
    }
    questions.extend(STATEMENTS.iter().chain(&QUESTIONS).map(|text| text.as_bytes().to_vec()));
    questions
}

/// Statements over the table that the targets have.
const STATEMENTS: [&str; 8] = [
    "SELECT user, COUNT(*) AS n FROM events WHERE time > now() - INTERVAL '1 day' GROUP BY user ORDER BY n DESC LIMIT 10",
    "SELECT DISTINCT src_ip FROM events WHERE user LIKE 'adm%' AND NOT (count BETWEEN 1 AND 9 OR count IS NULL)",
    "WITH a AS (SELECT user, src_ip FROM events) SELECT a.user FROM a JOIN events AS b ON a.user = b.user WHERE b.count > 3",
    "SELECT CASE WHEN count > 9 THEN 'many' ELSE 'few' END AS size, AVG(count) FROM events GROUP BY 1 HAVING AVG(count) > 2",
    "SELECT * FROM events WHERE user IN (SELECT user FROM events WHERE src_ip = '10.1.2.3') UNION ALL SELECT * FROM events",
    "SELECT CAST(count AS VARCHAR) || '-' || LOWER(user) AS \"a b\", fields['x'] FROM events -- a comment",
    "SELECT date_trunc('hour', time) AS h, COUNT(DISTINCT user) FROM events GROUP BY h ORDER BY h NULLS LAST LIMIT 5 OFFSET 2",
    "DELETE FROM events; DROP TABLE events",
];

/// Questions in KQL and in the search bar's words over that table.
const QUESTIONS: [&str; 3] = [
    r#"events | where user has "x" and time > ago(1d) | summarize n = count() by bin(time, 1h) | top 3 by n"#,
    r"let a = 1; events | join kind=leftouter (events | distinct user) on user | extend b = iff(a > 0, 1h, 2m)",
    r#"user:adm* "a phrase" -src_ip:10.0.0.0/8 (count:>3 OR x:y)"#,
];

#[test]
fn no_input_makes_a_target_fail() {
    let inputs = std::env::var("SENTRA_FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(INPUTS);
    let (records, questions) = (samples(), questions());
    for (name, target) in TARGETS {
        let samples = if matches!(name, "question" | "sql" | "english") { &questions } else { &records };
        let mut random = Random(SEED);
        for number in 0..inputs {
            let mut input = samples[random.below(samples.len())].clone();
            random.bend(&mut input);
            // The first two bytes pick format, door, route and headers.
            input.splice(0..0, [(random.next() & 0xff) as u8, (random.next() & 0xff) as u8]);
            let copy = input.clone();
            let outcome = std::panic::catch_unwind(move || target(&copy));
            assert!(outcome.is_ok(), "{name} failed at input {number} of seed {SEED:#x}: {input:?}");
        }
    }
}
