//! What every command that reads files shares: where they are read from, and what is said about problems.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use sentra_decode::Decoder;
use sentra_intake::Limits;
use sentra_intake::file::{FileOptions, FileProblem, RecordSink, read_records, read_stream, total_bytes};
use sentra_model::{Clock, DeadLetter, OwnedRecord, Source};

use crate::output;
use crate::progress;

/// Problems that are said one by one; more are counted.
const PROBLEMS_SAID_MAX: usize = 20;

/// Refuses a format that is neither built in nor declared by the packs of `decoder`, naming those there are.
pub(crate) fn check_format(
    format: Option<&str>,
    decoder: impl FnOnce() -> anyhow::Result<Decoder>,
) -> anyhow::Result<()> {
    let Some(format) = format else { return Ok(()) };
    if sentra_decode::formats().iter().any(|known| known.name == format) {
        return Ok(());
    }
    let decoder = decoder()?;
    if decoder.knows_format(format) {
        return Ok(());
    }
    let known: Vec<String> =
        decoder.formats().map(|format| format!("  {:<12} {}", format.name, format.title)).collect();
    let known = known.join("\n");
    Err(output::Usage(format!("there is no format {format:?}; the formats are:\n{known}")).into())
}

/// Reads `paths` (`-` is standard input) into `sink`, with a progress bar.
pub(crate) fn read_all(
    paths: &[PathBuf],
    format: Option<&str>,
    intake: &Limits,
    clock: &dyn Clock,
    sink: &mut impl RecordSink,
) -> Reported {
    let format = format.filter(|format| *format != "auto").map(str::to_owned);
    let options = FileOptions::new(intake, format);
    let (standard_input, files): (Vec<&PathBuf>, Vec<&PathBuf>) =
        paths.iter().partition(|path| path.as_os_str() == "-");
    let files: Vec<PathBuf> = files.into_iter().cloned().collect();
    let bytes = standard_input.is_empty().then(|| total_bytes(&files));
    let bar = progress::bar(bytes);
    let mut watched = Watched { sink, bar, reported: Reported::default() };
    let flow = read_records(&files, &options, clock, &mut watched);
    if flow.is_continue() && !standard_input.is_empty() {
        let _ = read_stream("-", Box::new(std::io::stdin()), &options, clock, &mut watched);
    }
    watched.bar.finish_and_clear();
    watched.reported.close();
    watched.reported
}

/// What was said while reading.
#[derive(Debug, Default)]
pub(crate) struct Reported {
    pub(crate) files: u64,
    pub(crate) failures: u64,
    problems: usize,
    dead_letters: usize,
}

impl Reported {
    fn close(&self) {
        let unsaid = (self.problems + self.dead_letters).saturating_sub(PROBLEMS_SAID_MAX);
        if unsaid > 0 {
            output::remark(&format!("… and {}", progress::counted(unsaid as u64, "more problem")));
        }
    }

    fn may_say(&self) -> bool {
        self.problems + self.dead_letters < PROBLEMS_SAID_MAX
    }
}

/// A sink that shows progress and says problems on the way to another.
struct Watched<'a, S> {
    sink: &'a mut S,
    bar: ProgressBar,
    reported: Reported,
}

impl<S: RecordSink> Watched<'_, S> {
    fn say(&self, text: &str) {
        if self.reported.may_say() {
            self.bar.suspend(|| output::remark(text));
        }
    }
}

impl<S: RecordSink> RecordSink for Watched<'_, S> {
    fn records(&mut self, source: &Source, records: Vec<OwnedRecord>) -> ControlFlow<()> {
        self.sink.records(source, records)
    }

    fn dead_letter(&mut self, letter: DeadLetter) -> ControlFlow<()> {
        let place = format!("{}:{}", letter.source.origin, letter.position);
        self.say(&format!("{place}: dead letter ({}): {}", letter.reason.as_str(), letter.detail));
        self.reported.dead_letters += 1;
        self.sink.dead_letter(letter)
    }

    fn problem(&mut self, problem: FileProblem) {
        let cause = std::error::Error::source(&problem.kind).map(|cause| format!(": {cause}"));
        self.say(&format!("{problem}{}", cause.unwrap_or_default()));
        self.reported.problems += 1;
        self.reported.failures += u64::from(problem.is_failure());
        self.sink.problem(problem);
    }

    fn opened(&mut self, path: &Path, bytes: u64) {
        self.reported.files += 1;
        self.bar.set_message(path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned());
        self.sink.opened(path, bytes);
    }

    fn progress(&mut self, bytes: u64) {
        self.bar.inc(bytes);
        self.sink.progress(bytes);
    }
}
