//! The clocks of SNMP senders on disk, so that a restart does not open the door for old traps.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use sentra_model::Timestamp;
use tokio::sync::Mutex;

use crate::snmp::{EngineClock, Limits, SenderClocks};

/// File in the intake's directory: a line with the moment at which it was written, and one for every sender.
const CLOCKS_FILE: &str = "snmp-clocks";
/// Longest such file: more than as many senders as are remembered need.
const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// What all listeners for SNMP know of their senders' clocks.
#[derive(Debug)]
pub(crate) struct ClockBook {
    clocks: SenderClocks,
    /// What all readers count their seconds from.
    started: Instant,
    /// Nothing where nothing is kept. One writes at a time.
    path: Option<Mutex<PathBuf>>,
}

impl ClockBook {
    /// The book in `directory`. One that cannot be read is begun anew: then an old trap may be taken once more.
    pub(crate) fn open(directory: Option<&Path>, now: Timestamp) -> Self {
        let clocks = SenderClocks::new(Limits::default().engines_max);
        let path = directory.map(|directory| directory.join(CLOCKS_FILE));
        match path.as_deref().map(read).transpose() {
            Ok(text) => clocks.remember(parsed(&text.unwrap_or_default(), now), 0),
            Err(error) => {
                tracing::error!(%error, "cannot read the clocks of SNMP senders; old traps may be taken for new");
            }
        }
        Self { clocks, started: Instant::now(), path: path.map(Mutex::new) }
    }

    pub(crate) fn clocks(&self) -> SenderClocks {
        self.clocks.clone()
    }

    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    pub(crate) fn now_s(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    /// Makes durable what must be before anything is taken that was read until now. Law LOSS: traps are taken all the same
    /// where that fails, and it is tried again with the next ones.
    pub(crate) async fn keep(&self, now: Timestamp) {
        let Some(path) = &self.path else { return };
        let alone = path.lock().await;
        let Some(clocks) = self.clocks.to_keep(self.now_s()) else { return };
        let (place, text) = (alone.clone(), written(&clocks, now));
        let kept = tokio::task::spawn_blocking(move || crate::place::replace(&place, text.as_bytes())).await;
        match kept.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(()) => self.clocks.kept(&clocks),
            Err(error) => {
                metrics::counter!("sentra_snmp_clocks_not_kept_total").increment(1);
                tracing::error!(%error, "cannot keep the clocks of SNMP senders; old traps may be taken after a restart");
            }
        }
    }
}

fn read(path: &Path) -> io::Result<String> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

fn written(clocks: &[EngineClock], now: Timestamp) -> String {
    let line = |clock: &EngineClock| {
        let EngineClock { engine, boots, time_s, age_s } = clock;
        format!("{engine} {boots} {time_s} {age_s}\n")
    };
    let lines: String = clocks.iter().map(line).collect();
    format!("{}\n{lines}", now.micros().div_euclid(1_000_000))
}

/// The clocks as of `now`; lines that are none are left out.
fn parsed(text: &str, now: Timestamp) -> Vec<EngineClock> {
    let mut lines = text.lines();
    let Some(written_s) = lines.next().and_then(|line| line.parse::<i64>().ok()) else { return Vec::new() };
    // A clock that was put back makes nobody younger.
    let since_s = u64::try_from(now.micros().div_euclid(1_000_000).saturating_sub(written_s)).unwrap_or(0);
    let clock = |line: &str| {
        let mut words = line.split(' ');
        let engine = words.next()?.parse().ok()?;
        let (boots, time_s) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let age_s = words.next()?.parse::<u64>().ok()?.saturating_add(since_s);
        Some(EngineClock { engine, boots, time_s, age_s })
    };
    lines.filter_map(clock).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    fn clock(number: u8, age_s: u64) -> EngineClock {
        let engine = format!("80000000{number:02x}").parse().unwrap();
        EngineClock { engine, boots: 7, time_s: 1_000, age_s }
    }

    #[test]
    fn clocks_go_on_while_nobody_looks() {
        let text = written(&[clock(1, 0), clock(2, 30)], at(5_000));
        assert_eq!(parsed(&text, at(5_100)), [clock(1, 100), clock(2, 130)]);
        assert_eq!(parsed(&text, at(10)), [clock(1, 0), clock(2, 30)], "the machine's clock was put back");
        for damage in ["", "x", "\n\n", "5000"] {
            assert_eq!(parsed(damage, at(0)), []);
        }
        let torn = text.get(..text.len() - 4).unwrap();
        assert_eq!(parsed(torn, at(5_000)).first(), Some(&clock(1, 0)));
        assert_eq!(parsed("5000\n8000000001 x 1 1\n8000000002 7 1000 30\n", at(5_000)), [clock(2, 30)]);
    }

    #[tokio::test]
    async fn a_book_is_found_again() {
        let directory = tempfile::tempdir().unwrap();
        let book = ClockBook::open(Some(directory.path()), at(1_000));
        book.keep(at(1_000)).await;
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "nobody was heard");
        book.clocks().remember(vec![clock(1, 0)], 0);
        assert_eq!(book.clocks().to_keep(0), None, "what was read is written already");
        drop(book);
        std::fs::write(directory.path().join(CLOCKS_FILE), written(&[clock(1, 5)], at(1_000))).unwrap();
        let found = ClockBook::open(Some(directory.path()), at(1_060));
        assert_eq!(found.clocks().known(0), [clock(1, 65)]);
        // What is no book is no reason to take nothing.
        std::fs::write(directory.path().join(CLOCKS_FILE), [0xff, 0xfe]).unwrap();
        assert_eq!(ClockBook::open(Some(directory.path()), at(0)).clocks().known(0), []);
        assert_eq!(ClockBook::open(None, at(0)).clocks().known(0), []);
    }
}
