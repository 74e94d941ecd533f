//! Documents that are made from the code.

use std::path::Path;

use expect_test::expect_file;
use sentra_decode::{DecodeOptions, Decoded, Decoder, FormatInfo, formats};
use sentra_model::{Event, EventCode, RawRecord, Source, SourceKind, Timestamp};
use sentra_server::Config;

use crate::house::repository;

#[test]
fn the_configuration_page_is_the_code() {
    let page = format!(
        "# Configuration\n\n\
         `sentra serve --config FILE` reads one TOML file. Every key has a default, every value can be set by an\n\
         environment variable, and a wrong key or value is refused with its line and the nearest right key.\n\
         Renew this page with `UPDATE_EXPECT=1 cargo test -p sentra docs`.\n\n\
         Doors, followed files, routes and keys are lists: `[[listeners]]`, `[[sources]]`, `[[routes]]`, `[[keys]]`\n\
         come as often as they are needed and are described in [protocols.md](protocols.md); so do `[[virtual_entities]]`, described in\n\
         [data.md](data.md#virtual-entities). How long events are kept is said by [`[marts.retention]`](operations.md#the-files-of-the-marts).\n\n\
         `sentra reload` (or `SIGHUP`) takes all of these, nearly every `intake.*` setting, certificates, keys, rules, formats and `enrich.toml` while\n\
         the server runs; what else has changed is named in the answer and needs a restart.\n\n{}",
        Config::reference()
    );
    expect_file!["../../../../docs/configuration.md"].assert_eq(&page);
}

/// Every format with a record of it and what becomes of that, read by the decoder itself.
#[test]
fn the_formats_page_is_the_code() {
    let decoder = Decoder::new(DecodeOptions::default());
    let mut rows = String::new();
    let mut samples = String::new();
    for format in formats().iter().filter(|format| format.name != "auto") {
        let FormatInfo { name, title, sample } = format;
        let source = Source {
            kind: SourceKind::File,
            origin: "sample".to_owned(),
            format: Some((*name).to_owned()),
            reference: Timestamp::from_seconds(1_772_366_400),
        };
        let received = source.reference;
        let record = RawRecord { source: &source, position: 1, received, bytes: sample.as_bytes() };
        let (mart, logsource) = match decoder.decode(&record) {
            Decoded::Event(event) if !sample.is_empty() => {
                let parts = [event.product.as_ref(), event.service.as_ref()];
                let named: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                samples.push_str(&format!("## `{name}`\n\n{title}\n\n```text\n{sample}\n```\n\n"));
                samples.push_str(&header(&event));
                (event.mart.to_string(), named.join(" / "))
            }
            _ => ("legacy".to_owned(), "binary".to_owned()),
        };
        rows.push_str(&format!("| `{name}` | {} | {mart} | {logsource} |\n", title.replace('|', "\\|")));
    }
    let page = format!(
        "# Formats\n\n\
         A format is found out from the record itself; a sender may also name it (`--format NAME`, `format = \"NAME\"`\n\
         of a listener, route, source or key). A line that no format knows is kept as `text`, a JSON object as `json`;\n\
         what a named format cannot read is a dead letter. Formats of your own need no Rust: see\n\
         [formats-of-your-own.md](formats-of-your-own.md). Renew this page with `UPDATE_EXPECT=1 cargo test -p sentra docs`.\n\n\
         | format | what it is | mart of the sample | product / service of the sample |\n|---|---|---|---|\n{rows}\n\
         # Samples\n\n\
         Each with the header that it gives; the source's own fields stand beside it, under their own names.\n\n{samples}"
    );
    expect_file!["../../../../docs/formats.md"].assert_eq(&page);
}

/// What the decoder understood of a sample, as one line.
fn header(event: &Event<'_>) -> String {
    let code = event.code.map_or("-", |code| code.as_str());
    let texts = [
        ("host", &event.host),
        ("user", &event.user),
        ("target_user", &event.target_user),
        ("src_ip", &event.src_ip),
        ("dst_ip", &event.dst_ip),
        ("process", &event.process),
        ("command", &event.command),
        ("file", &event.file),
        ("domain", &event.domain),
        ("app", &event.app),
    ];
    let named = texts.iter().filter(|(_, text)| !text.is_empty());
    let named: Vec<String> = named.map(|(name, text)| format!("{name} `{text}`")).collect();
    let class = event.class.0;
    format!("class {class}, code {code}, outcome {}: {}\n\n", event.outcome.as_str(), named.join(", "))
}

/// The page about records has a row for every event code, with the words of the code.
#[test]
fn the_page_of_records_names_every_event_code() {
    let page = std::fs::read_to_string(repository("docs/data.md")).unwrap();
    for code in EventCode::ALL {
        let row = format!("| `{code}` | {} |", code.meaning());
        assert!(page.contains(&row), "docs/data.md lacks {row}");
    }
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
