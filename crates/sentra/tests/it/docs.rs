//! Documents that are made from the code.

use std::path::Path;

use expect_test::expect_file;
use sentra_server::Config;

use crate::house::repository;

#[test]
fn the_configuration_page_is_the_code() {
    let page = format!(
        "# Configuration\n\n\
         `sentra serve --config FILE` reads one TOML file. Every key has a default, every value can be set by an\n\
         environment variable, and a wrong key or value is refused with its line and the nearest right key.\n\
         Renew this page with `UPDATE_EXPECT=1 cargo test -p sentra docs`.\n\n{}",
        Config::reference()
    );
    expect_file!["../../../../docs/configuration.md"].assert_eq(&page);
}

/// Law LIMIT: every named limit that is not a setting, read from the sources.
#[test]
fn the_limits_page_is_the_code() {
    let mut rows = Vec::new();
    let crates = repository("crates");
    for entry in std::fs::read_dir(&crates).unwrap() {
        let path = entry.unwrap().path();
        collect(&path.join("src"), &path.file_name().unwrap().to_string_lossy(), &mut rows);
    }
    rows.sort();
    assert!(rows.len() > 50, "only {} limits were found", rows.len());
    let page = format!(
        "# Limits\n\n\
         Everything that could grow has a limit with a name. The ones that can be set are in\n\
         [configuration.md](configuration.md); these are fixed. Renew this page with\n\
         `UPDATE_EXPECT=1 cargo test -p sentra docs`.\n\n\
         | crate | limit | value | what it bounds |\n|---|---|---|---|\n{}\n",
        rows.join("\n")
    );
    expect_file!["../../../../docs/limits.md"].assert_eq(&page);
}

/// Constants called `…_MAX` below `directory`, each as a row of the table.
fn collect(directory: &Path, crate_name: &str, rows: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, crate_name, rows);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            rows.extend(limits(&std::fs::read_to_string(&path).unwrap(), crate_name));
        }
    }
}

fn limits(source: &str, crate_name: &str) -> Vec<String> {
    let mut rows = Vec::new();
    let mut comment: Vec<&str> = Vec::new();
    for line in source.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            comment.push(text.trim());
            continue;
        }
        let declared = line.split_once("const ").and_then(|(_, rest)| rest.split_once(": "));
        if let Some((name, rest)) = declared
            && name.ends_with("_MAX")
            && let Some((_, value)) = rest.split_once(" = ")
            && !comment.is_empty()
        {
            let value = value.trim_end_matches(';').replace('|', "\\|");
            let meaning = comment.join(" ").replace('|', "\\|");
            rows.push(format!("| {crate_name} | `{name}` | `{value}` | {meaning} |"));
        }
        comment.clear();
    }
    rows
}
