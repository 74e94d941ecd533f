//! Which lints fire in rule directories, and how often.
//!
//! `cargo run -p sentra-detect --example lint_counts -- DIR…`; with `--show NAME` before the directories, the
//! problems of that lint as well.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a tool that measures"
)]

use std::path::{Path, PathBuf};

use sentra_detect::{RuleSet, RuleSource, lint, lint_counts};

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut show = None;
    if arguments.first().is_some_and(|first| first == "--show") {
        show = arguments.get(1).cloned();
        arguments.drain(..2);
    }
    let mut sources = Vec::new();
    arguments.iter().for_each(|directory| read(Path::new(directory), &mut sources));
    let (rules, mut problems) = RuleSet::compile(sources.clone());
    problems.extend(lint(&sources));
    println!("{} rules, {} problems", rules.len(), problems.len());
    for (name, count) in lint_counts(&problems) {
        println!("{count:6} {name}");
    }
    for problem in &problems {
        if show.as_ref().is_some_and(|show| problem.message.starts_with(&format!("[{show}]"))) {
            println!("{}:{}: {}", problem.path, problem.line, problem.message);
        }
    }
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
