//! Disabled rules and exceptions on disk: one JSON file in the data directory.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use sentra_detect::{Overlay, ProblemSeverity, RuleProblem, RuleSet, Tuning};
use sentra_factory::{TuningHandle, TuningKeeper};

/// The file, in the data directory.
const TUNING_FILE: &str = "tuning.json";
/// Largest file that is read.
const TUNING_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The tuning in force and its file. Clones are handles to the same.
#[derive(Debug, Clone)]
pub(crate) struct TuningFile {
    handle: TuningHandle,
    path: PathBuf,
    /// Entries of the file could not be understood: it is not written over.
    is_damaged: Arc<AtomicBool>,
}

impl TuningFile {
    /// Reads the file in `directory`, if there is one, with what is wrong with it.
    pub(crate) fn open(directory: &Path, rules: &RuleSet) -> anyhow::Result<(Self, Vec<RuleProblem>)> {
        let path = directory.join(TUNING_FILE);
        let handle = TuningHandle::new(Overlay::default());
        let file = Self { handle, path, is_damaged: Arc::new(AtomicBool::new(false)) };
        let problems = file.reload(rules)?;
        Ok((file, problems))
    }

    /// Reads the file again. What is wrong in it is left out, and hides nothing.
    pub(crate) fn reload(&self, rules: &RuleSet) -> anyhow::Result<Vec<RuleProblem>> {
        let path = self.path.display().to_string();
        let text = match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => "{}".to_owned(),
            Ok(metadata) if metadata.len() > TUNING_BYTES_MAX => {
                anyhow::bail!("{path} has more than the {TUNING_BYTES_MAX} bytes allowed")
            }
            _ => fs::read_to_string(&self.path).with_context(|| format!("cannot read {path}"))?,
        };
        let (overlay, problems) = Overlay::read(&path, &text, rules);
        let is_error = |problem: &RuleProblem| problem.severity == ProblemSeverity::Error;
        self.is_damaged.store(problems.iter().any(is_error), Ordering::Release);
        self.handle.set(overlay);
        Ok(problems)
    }

    /// What the factory follows.
    pub(crate) fn handle(&self) -> &TuningHandle {
        &self.handle
    }
}

impl TuningKeeper for TuningFile {
    /// Written beside its place and renamed, so that a crash leaves the old or the new tuning.
    fn keep(&self, tuning: &Tuning) -> io::Result<()> {
        if self.is_damaged.load(Ordering::Acquire) {
            let path = self.path.display();
            let what = format!("{path} has entries that cannot be read: correct it, then `sentra reload`");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        let draft = self.path.with_extension("draft");
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(&serde_json::to_vec_pretty(tuning)?)?;
        file.sync_all()?;
        fs::rename(&draft, &self.path)?;
        match self.path.parent() {
            Some(directory) => fs::File::open(directory)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// The errors among `problems`, for people.
pub(crate) fn tuning_errors(problems: &[RuleProblem]) -> impl Iterator<Item = String> {
    let errors = problems.iter().filter(|problem| problem.severity == ProblemSeverity::Error);
    errors.map(|problem| format!("{}:{}: {}", problem.path, problem.line, problem.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = r#"{"disabled":[{"rule":"r","tenant":"default","owner":"ana","reason":"noise",
        "since":"2026-11-01T00:00:00Z"}]}"#;

    #[test]
    fn what_is_kept_is_there_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let rules = RuleSet::default();
        let (file, problems) = TuningFile::open(directory.path(), &rules).unwrap();
        assert!(problems.is_empty());
        let tuning: Tuning = serde_json::from_str(ENTRY).unwrap();
        file.keep(&tuning).unwrap();
        let (again, _) = TuningFile::open(directory.path(), &rules).unwrap();
        assert_eq!(*again.handle().get().tuning(), tuning);
    }

    #[test]
    fn a_damaged_file_is_not_written_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(TUNING_FILE);
        fs::write(&path, ENTRY.replace("\"ana\"", "\"\"")).unwrap();
        let rules = RuleSet::default();
        let (file, problems) = TuningFile::open(directory.path(), &rules).unwrap();
        assert!(problems.iter().any(|problem| problem.severity == ProblemSeverity::Error), "{problems:?}");
        assert!(file.keep(&Tuning::default()).is_err());
        fs::write(&path, ENTRY).unwrap();
        file.reload(&rules).unwrap();
        assert_eq!(file.handle().get().tuning().disabled.len(), 1);
        file.keep(&Tuning::default()).unwrap();
    }
}
