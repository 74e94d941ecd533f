//! Laws ACK and IDENTITY against a real `SIGKILL`: a process that follows files is killed at any moment, while they
//! are written and rotated, and in the end every line is in the log exactly once.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sentra_backbone::{EventLog, LogOptions, SegmentLog};
use sentra_model::{ManualClock, TenantId};
use tokio_util::sync::CancellationToken;

use super::delivery::Delivery;
use super::follower::TailLimits;
use super::test_kit::{read, stream};
use crate::{Appender, Limits, SourceSettings};

const CHILD_DIRECTORY: &str = "SENTRA_TAIL_KILL_TEST_DIRECTORY";
/// Files are rotated from this length on. Copies of files that are shorter than 1024 bytes could be taken for others.
const ROTATED_BYTES_MIN: u64 = 16 * 1024;

fn open(directory: &Path) -> (Arc<dyn EventLog>, Appender, SourceSettings) {
    let options = LogOptions { commit_wait_ms: 1, ..LogOptions::default() };
    let (log, _) =
        SegmentLog::open(&directory.join("log"), options, Arc::new(ManualClock::default())).unwrap();
    let log: Arc<dyn EventLog> = Arc::new(log);
    // Small batches, so that kills hit their borders.
    let limits = Limits { batch_bytes_max: 4_096, tail_poll_ms: 20, batch_wait_ms: 1, ..Limits::default() };
    let appender = Appender::new(Arc::clone(&log), Arc::new(ManualClock::default()), limits);
    let settings = SourceSettings {
        name: "killed".to_owned(),
        paths: vec![directory.join("logs/*.log*").display().to_string()],
        tenant: TenantId::default_tenant(),
        format: None,
        from_end: false,
    };
    (log, appender, settings)
}

/// Not a test of its own: what the killed process does.
#[test]
fn child_follows_until_it_is_killed() {
    let Some(directory) = std::env::var_os(CHILD_DIRECTORY).map(PathBuf::from) else { return };
    let (log, appender, settings) = open(&directory);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut end = log.extent(&stream()).await.unwrap().end;
        tokio::spawn(super::follow(settings, directory.join("sources"), appender, CancellationToken::new()));
        loop {
            log.wait_beyond(&stream(), end).await.unwrap();
            end = log.extent(&stream()).await.unwrap().end;
            std::io::stdout().lock().write_all(format!("taken {end}\n").as_bytes()).unwrap();
        }
    });
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Writes two files, one that is rotated by renaming and one by copying, until it is told to stop; with which
/// line each of their lives has ended.
fn write_logs(logs: &Path, is_over: &AtomicBool) -> [Vec<u64>; 2] {
    let (mut state, mut counts, mut rotations) = (11, [0; 2], 0);
    let mut lives = [Vec::new(), Vec::new()];
    let names = ["renamed.log", "copied.log"];
    let append = |name: &str| OpenOptions::new().append(true).create(true).open(logs.join(name)).unwrap();
    let mut files: [File; 2] = names.map(append);
    while !is_over.load(Ordering::Relaxed) {
        let which = (next(&mut state) % 2) as usize;
        let mut text = String::new();
        for _ in 0..next(&mut state) % 40 {
            text.push_str(&format!(
                "{} {} {}\n",
                names[which],
                counts[which],
                "x".repeat((next(&mut state) % 60) as usize)
            ));
            counts[which] += 1;
        }
        // Also in the middle of a line.
        let (begin, end) = text.as_bytes().split_at(text.len() / 2);
        files[which].write_all(begin).unwrap();
        files[which].write_all(end).unwrap();
        if files[which].metadata().unwrap().len() > ROTATED_BYTES_MIN && next(&mut state).is_multiple_of(8) {
            rotations += 1;
            lives[which].push(counts[which]);
            let rotated = logs.join(format!("{}.{rotations}", names[which]));
            if which == 0 {
                fs::rename(logs.join(names[0]), rotated).unwrap();
                files[0] = append(names[0]);
            } else {
                fs::copy(logs.join(names[1]), rotated).unwrap();
                files[1].set_len(0).unwrap();
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    lives.iter_mut().zip(counts).for_each(|(lives, count)| lives.push(count));
    lives
}

/// Runs the child and kills it `after` it has taken something in.
fn run_and_kill(directory: &Path, after: Duration) {
    let name = "tail::kill_tests::child_follows_until_it_is_killed";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(CHILD_DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut lines = output.lines().map(|line| line.unwrap());
    assert!(lines.any(|line| line.starts_with("taken ")), "the child took nothing");
    // Its further words must not fill the pipe.
    let rest = std::thread::spawn(move || lines.count());
    std::thread::sleep(after);
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9), "the child ended by itself");
    rest.join().unwrap();
}

/// Takes in what is left, with the time moved by hand.
async fn finish(directory: &Path) -> Vec<String> {
    let (log, appender, settings) = open(directory);
    let delivery = Delivery::new(appender.clone(), settings.tenant.clone());
    let limits = TailLimits::from(&*appender.limits());
    let mut now = Instant::now();
    let mut follower =
        super::open(settings, directory.join("sources"), &appender, &delivery, limits, now).await.unwrap();
    let mut idle_steps = 0;
    while idle_steps < 10 {
        let step = follower.step(now).unwrap();
        follower.places.intend(delivery.intents(&step.parts).await.unwrap());
        follower.places.sync().unwrap();
        let durable = delivery.append(&step.parts, &CancellationToken::new()).await.unwrap();
        follower.settle(&step.parts, durable);
        idle_steps = if step.parts.is_empty() && !step.has_more { idle_steps + 1 } else { 0 };
        now += Duration::from_secs(u64::from(!step.has_more));
    }
    read(&*log, &stream()).await.into_iter().map(|taken| taken.text).collect()
}

#[test]
fn every_line_comes_once_in_spite_of_sigkill() {
    let kills: u64 = std::env::var("SENTRA_KILLS").map_or(6, |text| text.parse().expect("a number of kills"));
    let directory = tempfile::tempdir().unwrap();
    let logs = directory.path().join("logs");
    fs::create_dir(&logs).unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let writer = std::thread::spawn({
        let is_over = Arc::clone(&is_over);
        move || write_logs(&logs, &is_over)
    });
    let mut state = 7;
    for _ in 0..kills {
        run_and_kill(directory.path(), Duration::from_micros(next(&mut state) % 150_000));
    }
    is_over.store(true, Ordering::Relaxed);
    let lives = writer.join().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let texts = runtime.block_on(finish(directory.path()));
    let mut files = 0;
    for (name, lives) in ["renamed.log", "copied.log"].into_iter().zip(lives) {
        let number = |text: &String| text.strip_prefix(name)?.split(' ').nth(1)?.parse::<u64>().ok();
        let numbers: Vec<u64> = texts.iter().filter_map(number).collect();
        let mut begin = 0;
        for end in lives {
            // Every line once, and in the order of the file.
            let found = numbers.iter().filter(|number| (begin..end).contains(*number));
            let wrong = found.copied().zip(begin..).find(|(found, expected)| found != expected);
            assert_eq!(wrong, None, "{name}: found and expected, of {begin}..{end}");
            assert_eq!(
                numbers.iter().filter(|number| (begin..end).contains(*number)).count() as u64,
                end - begin
            );
            begin = end;
            files += 1;
        }
        assert_eq!(numbers.len() as u64, begin, "{name}");
    }
    println!("{kills} kills, {files} files, {} lines, each once", texts.len());
}
