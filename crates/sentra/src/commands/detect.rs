//! `sentra detect`

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use sentra_decode::{DecodeOptions, Decoder};
use sentra_detect::ProblemSeverity;
use sentra_factory::{ScanMatch, Scanner};
use sentra_intake::file::{FileProblem, RecordSink};
use sentra_model::{Clock, DeadLetter, OwnedRecord, RawRecord, Source, SystemClock, Timestamp};
use sentra_packs::ContentPlaces;
use serde_json::{Map, Value, json};

use crate::cli::{DetectArguments, OutputFormat};
use crate::commands::reading::{check_format, read_all};
use crate::content::{compile_formats, compile_rules, say_format_problems};
use crate::output;
use crate::progress::counted;
use crate::settings;

/// Rule problems that are said one by one.
const PROBLEMS_SAID_MAX: usize = 10;

pub(crate) fn run(arguments: &DetectArguments) -> anyhow::Result<()> {
    let config = settings::load(None)?;
    // The formats of the built-in packs are known whatever rules run.
    let places = |built_in| ContentPlaces { data: None, built_in, directories: arguments.rules.clone() };
    let (declared, format_problems) = compile_formats(&places(true).load()?);
    let decode = DecodeOptions { declared, ..settings::engine_options(&config)?.decode };
    let decoder = Decoder::new(decode);
    check_format(arguments.format.as_deref(), || Ok(decoder.clone()))?;
    say_format_problems(&format_problems);
    let (rules, problems) = compile_rules(places(arguments.rules.is_empty()).load()?);
    let errors: Vec<_> =
        problems.iter().filter(|problem| problem.severity == ProblemSeverity::Error).collect();
    for problem in errors.iter().take(PROBLEMS_SAID_MAX) {
        output::remark(&format!("{}:{}: {}", problem.path, problem.line, problem.message));
    }
    if errors.len() > PROBLEMS_SAID_MAX {
        output::remark(&format!(
            "… and {}",
            counted((errors.len() - PROBLEMS_SAID_MAX) as u64, "more error")
        ));
    }
    anyhow::ensure!(!rules.is_empty(), "there are no rules to run");
    let count = rules.len() as u64;
    let mut sink = DetectSink {
        scanner: Scanner::new(decoder, rules),
        output: arguments.output,
        received: SystemClock.now(),
        found: 0,
        rows: Vec::new(),
        evtx: HashSet::new(),
        failure: None,
    };
    let format = arguments.format.as_deref();
    let reported = read_all(&arguments.paths, format, &config.limits(), &SystemClock, &mut sink);
    if let Some(failure) = sink.failure.take() {
        return Err(failure);
    }
    let last = sink.scanner.finish()?;
    sink.print(last)?;
    if arguments.output == OutputFormat::Table {
        output::table(&["time", "level", "rule", "count", "source"], &sink.rows)?;
    }
    let dead: u64 = sink.scanner.dead().values().sum();
    output::remark(&format!(
        "{} over {} from {}: {}, {} not understood",
        counted(count, "rule"),
        counted(sink.scanner.events(), "event"),
        counted(reported.files, "file"),
        counted(sink.found, "match").replace("matchs", "matches"),
        counted(dead, "record"),
    ));
    anyhow::ensure!(reported.failures == 0, "{} could not be read", counted(reported.failures, "path"));
    Ok(())
}

struct DetectSink {
    scanner: Scanner,
    output: OutputFormat,
    received: Timestamp,
    found: u64,
    rows: Vec<Vec<String>>,
    /// Files whose places are record ids, by their first bytes.
    evtx: HashSet<String>,
    failure: Option<anyhow::Error>,
}

impl DetectSink {
    fn print(&mut self, found: Vec<ScanMatch>) -> anyhow::Result<()> {
        for one in found {
            self.found += 1;
            match self.output {
                OutputFormat::Json => {
                    let is_evtx = self.evtx.contains(&one.source);
                    output::json(&as_json(&one, is_evtx))?;
                }
                OutputFormat::Table => self.rows.push(vec![
                    one.time.to_string(),
                    one.rule.level.as_str().to_owned(),
                    one.rule.title.clone(),
                    one.count.to_string(),
                    format!("{}:{}", one.source, one.position),
                ]),
            }
        }
        Ok(())
    }

    fn take(&mut self, source: &Source, records: &[OwnedRecord]) -> anyhow::Result<()> {
        for record in records {
            let raw = RawRecord {
                source,
                position: record.position,
                received: self.received,
                bytes: &record.bytes,
            };
            let found = self.scanner.push(&raw)?;
            self.print(found)?;
        }
        Ok(())
    }
}

impl RecordSink for DetectSink {
    fn records(&mut self, source: &Source, records: Vec<OwnedRecord>) -> ControlFlow<()> {
        match self.take(source, &records) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failure = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn dead_letter(&mut self, letter: DeadLetter) -> ControlFlow<()> {
        self.scanner.count_dead(letter.reason);
        ControlFlow::Continue(())
    }

    fn problem(&mut self, _: FileProblem) {}

    fn opened(&mut self, path: &Path, _: u64) {
        let mut head = [0; 8];
        let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
        if read.is_ok() && sentra_decode::is_evtx(&head) {
            self.evtx.insert(path.display().to_string());
        }
    }
}

/// The contract of `--output json`: `line` counts from 1 for text, `record` is the id in an EVTX file.
fn as_json(found: &ScanMatch, is_evtx: bool) -> Value {
    let mut fields = Map::new();
    for (name, value) in &found.fields {
        match fields.get_mut(name) {
            None => {
                fields.insert(name.clone(), Value::from(value.as_str()));
            }
            Some(Value::Array(values)) => values.push(Value::from(value.as_str())),
            Some(single) => *single = json!([single.take(), value]),
        }
    }
    let place = |wanted: bool| if wanted { Value::from(found.position) } else { Value::Null };
    json!({
        "rule": {
            "id": found.rule.id,
            "title": found.rule.title,
            "level": found.rule.level.as_str(),
            "tags": found.rule.tags,
        },
        "kind": found.rule.kind.as_str(),
        "source": found.source,
        "line": place(!is_evtx),
        "record": place(is_evtx),
        "time": found.time.to_string(),
        "count": found.count,
        "fields": fields,
    })
}
