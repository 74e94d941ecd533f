//! The formats that packs declare: where they come from, and the decoder that has them in force.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use sentra_decode::{
    Declared, DecodeOptions, Decoder, FormatProblem, FormatProblemSeverity, VirtualEntities,
};
use sentra_factory::{DecoderHandle, built_in_packs, load_rules};

use crate::output;

/// Problems that are said one by one.
const PROBLEMS_SAID_MAX: usize = 10;

/// The formats of the built-in packs and of `directories`, with what is wrong with them. Those of the directories
/// come first: of two formats that know a record the first reads it.
pub(crate) fn compile_formats(
    directories: &[PathBuf],
    with_built_in: bool,
) -> anyhow::Result<(Declared, Vec<FormatProblem>)> {
    let mut files = Vec::new();
    for directory in directories {
        files.extend(load_rules(directory)?.formats);
    }
    if with_built_in {
        files.extend(built_in_packs().formats);
    }
    Ok(Declared::compile(&files))
}

/// What a reload did.
#[derive(Debug)]
pub(crate) struct Reloaded {
    /// Whether they are the new ones.
    pub(crate) changed: bool,
    /// What is wrong with the new ones.
    pub(crate) problems: Vec<FormatProblem>,
}

/// The packs' formats, which can be read again while everything runs. Clones are handles to the same decoder.
#[derive(Debug, Clone)]
pub(crate) struct Formats {
    decoder: DecoderHandle,
    directories: Vec<PathBuf>,
    with_built_in: bool,
    decode: DecodeOptions,
    /// What was wrong with them when they were read last.
    problems: Arc<Mutex<Vec<FormatProblem>>>,
}

impl Formats {
    /// Reads the formats and puts the good ones of them in force.
    pub(crate) fn open(
        directories: Vec<PathBuf>,
        with_built_in: bool,
        decode: DecodeOptions,
    ) -> anyhow::Result<Self> {
        let (declared, problems) = compile_formats(&directories, with_built_in)?;
        let decoder = DecoderHandle::new(Decoder::new(DecodeOptions { declared, ..decode.clone() }));
        let problems = Arc::new(Mutex::new(problems));
        Ok(Self { decoder, directories, with_built_in, decode, problems })
    }

    /// The decoder that has them.
    pub(crate) fn decoder(&self) -> &DecoderHandle {
        &self.decoder
    }

    /// What was wrong with them when they were read last.
    pub(crate) fn problems(&self) -> Vec<FormatProblem> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the formats again. They take effect for every record that is not being worked on, in the order of
    /// the log, so no event is lost. Where one of them has an error nothing changes: half a set would
    /// turn records that were understood into plain text.
    pub(crate) fn reload_formats(&self, virtual_entities: &VirtualEntities) -> anyhow::Result<Reloaded> {
        let (declared, problems) = compile_formats(&self.directories, self.with_built_in)?;
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&problems);
        let is_error = |problem: &FormatProblem| problem.severity == FormatProblemSeverity::Error;
        if problems.iter().any(is_error) {
            return Ok(Reloaded { changed: false, problems });
        }
        let virtual_entities = Arc::new(virtual_entities.clone());
        self.decoder.set(Decoder::new(DecodeOptions { declared, virtual_entities, ..self.decode.clone() }));
        Ok(Reloaded { changed: true, problems })
    }
}

/// Says the errors among `problems`.
pub(crate) fn say_format_problems(problems: &[FormatProblem]) {
    let errors = problems.iter().filter(|problem| problem.severity == FormatProblemSeverity::Error);
    for problem in errors.take(PROBLEMS_SAID_MAX) {
        output::remark(&problem.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(name: &str) -> String {
        format!("name: {name}\npattern: 'x {{y}}'\nsamples:\n  - {{record: x 1, expect: {{}}}}\n")
    }

    #[test]
    fn formats_are_reloaded_as_a_whole_or_not_at_all() {
        let packs = tempfile::tempdir().unwrap();
        let directory = packs.path().join("formats");
        std::fs::create_dir(&directory).unwrap();
        std::fs::write(directory.join("one.yml"), format("one")).unwrap();
        let place = vec![packs.path().to_owned()];
        let formats = Formats::open(place, false, DecodeOptions::default()).unwrap();
        assert_eq!(formats.problems(), []);
        let knows = |name: &str| formats.decoder().get().knows_format(name);
        assert!(knows("one") && !knows("two"));

        std::fs::write(directory.join("two.yml"), format("two")).unwrap();
        let reloaded = formats.reload_formats(&VirtualEntities::default()).unwrap();
        assert!(reloaded.changed && reloaded.problems.is_empty(), "{reloaded:?}");
        assert!(knows("one") && knows("two"));

        std::fs::write(directory.join("one.yml"), "name: one\npatern: 'x {y}'\n").unwrap();
        let reloaded = formats.reload_formats(&VirtualEntities::default()).unwrap();
        assert!(!reloaded.changed, "{reloaded:?}");
        assert!(reloaded.problems.iter().any(|problem| problem.line == 2), "{reloaded:?}");
        assert_eq!(formats.problems(), reloaded.problems);
        assert!(knows("one") && knows("two"));
    }
}
