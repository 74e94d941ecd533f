//! How long rule directories take to compile, and what memory the compiled set keeps.
//!
//! `cargo run --release -p sentra-detect --example compile_rate -- DIR…` prints one line per measurement:
//! rules, problems, CPU milliseconds of the fastest of several rounds, and how much resident memory grew
//! by, in MiB, with one set kept. It reads `/proc` and therefore runs on Linux only.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a tool that measures"
)]

use std::path::{Path, PathBuf};

use sentra_detect::{RuleSet, RuleSource};

/// Rounds, of which the fastest counts.
const ROUNDS: usize = 5;

fn main() {
    let directories: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    assert!(!directories.is_empty(), "name one directory of rules or more");
    let mut sources = Vec::new();
    directories.iter().for_each(|directory| read(directory, &mut sources));
    let bytes: usize = sources.iter().map(|source| source.text.len()).sum();
    println!("{} files, {} KiB", sources.len(), bytes >> 10);

    let copy = sources.clone();
    let (memory, started) = (resident_bytes(), cpu_nanos());
    let (set, problems) = RuleSet::compile(copy);
    let first = cpu_nanos() - started;
    let grown = resident_bytes().saturating_sub(memory);
    println!(
        "{} rules, {} problems, first round {:.0} ms, resident memory grew by {:.1} MiB",
        set.len(),
        problems.len(),
        first as f64 / 1e6,
        grown as f64 / f64::from(1 << 20)
    );
    let fastest = (0..ROUNDS).map(|_| round(&sources)).min().unwrap();
    println!("fastest of {ROUNDS} rounds {:.0} ms", fastest as f64 / 1e6);
    drop(set);
}

fn round(sources: &[RuleSource]) -> u64 {
    let copy = sources.to_vec();
    let started = cpu_nanos();
    let compiled = RuleSet::compile(copy);
    let spent = cpu_nanos() - started;
    drop(compiled);
    spent
}

fn read(directory: &Path, sources: &mut Vec<RuleSource>) {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            let text = std::fs::read_to_string(&path).unwrap();
            sources.push(RuleSource { path: path.display().to_string(), text, pack: "public".to_owned() });
        }
    }
}

/// Time on a processor so far, of all threads of this one-threaded program.
fn cpu_nanos() -> u64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}
