//! The corpus, read, and what its questions are relative to.

use std::path::{Path, PathBuf};

use sentra_ask::Context;

/// A labelled question.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) question: String,
    pub(crate) form: String,
    pub(crate) intent: String,
    pub(crate) kql: Option<String>,
}

/// The moment that every question of the corpus is asked at: a Wednesday.
pub(crate) fn context() -> Context {
    Context::at("2026-11-18T15:30:00Z".parse().unwrap())
}

/// What stands in braces in the corpus, written out by hand.
const BRACES: [(&str, &str); 15] = [
    ("{ev}", "events"),
    ("{list}", " | sort by time desc | take 100"),
    ("{ilist}", " | sort by created desc | take 100"),
    ("{slist}", " | sort by first desc | take 100"),
    ("{today}", "where time >= datetime(2026-11-18)"),
    ("{yesterday}", "where time >= datetime(2026-11-17) and time < datetime(2026-11-18)"),
    ("{this week}", "where time >= datetime(2026-11-16)"),
    ("{last week}", "where time >= datetime(2026-11-09) and time < datetime(2026-11-16)"),
    ("{this month}", "where time >= datetime(2026-11-01)"),
    ("{last month}", "where time >= datetime(2026-10-01) and time < datetime(2026-11-01)"),
    ("{this quarter}", "where time >= datetime(2026-10-01)"),
    ("{last quarter}", "where time >= datetime(2026-07-01) and time < datetime(2026-10-01)"),
    ("{this year}", "where time >= datetime(2026-01-01)"),
    ("{last year}", "where time >= datetime(2025-01-01) and time < datetime(2026-01-01)"),
    ("{bh}", "dayofweek(time) between (1d .. 5d) and hourofday(time) between (9 .. 16)"),
];

fn written_out(kql: &str) -> String {
    let mut text = kql.to_owned();
    for (short, long) in BRACES {
        text = text.replace(short, long);
    }
    for (opening, make) in [
        (
            "{h:",
            (|name| format!("(host =~ \"{name}\" or host startswith \"{name}.\")")) as fn(&str) -> String,
        ),
        ("{d:", |name| format!("(domain =~ \"{name}\" or domain endswith \".{name}\")")),
    ] {
        while let Some(start) = text.find(opening) {
            let end = start + text[start..].find('}').expect("the brace is closed");
            let name = text[start + opening.len()..end].to_owned();
            text.replace_range(start..=end, &make(&name));
        }
    }
    text
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The cases of one file of the corpus.
pub(crate) fn cases(file: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(directory().join(file)).unwrap();
    let mut cases = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        let columns: Vec<&str> = line.split('\t').collect();
        assert!((3..=4).contains(&columns.len()), "{file}:{}: {} columns", index + 1, columns.len());
        let question = columns[0].replace("\\n", "\n").replace("\\u202e", "\u{202e}");
        cases.push(Case {
            file: file.to_owned(),
            line: index + 1,
            question,
            form: columns[1].to_owned(),
            intent: columns[2].to_owned(),
            kql: columns.get(3).map(|kql| written_out(kql)),
        });
    }
    cases
}

/// The main part of the corpus.
pub(crate) fn main_part() -> Vec<Case> {
    [
        "kql.tsv",
        "shorthand.tsv",
        "sql.tsv",
        "english.tsv",
        "mixed.tsv",
        "second.tsv",
        "third.tsv",
        "fourth.tsv",
    ]
    .into_iter()
    .flat_map(cases)
    .collect()
}
