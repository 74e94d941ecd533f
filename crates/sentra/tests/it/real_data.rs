//! What the product must show on real data. Each test counts for itself what it compares with.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use sentra_narrate::{Story, verify};
use sentra_server::api::types::IncidentDetail;
use serde_json::Value;

use crate::house::{ok, real_data};

/// Failed passwords by address, by plain text search: `Failed password … from ADDRESS`, repeats weighted.
fn failures_by_address(text: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for line in text.lines().filter(|line| line.contains("Failed password for ")) {
        let (_, rest) = line.rsplit_once(" from ").unwrap();
        let address = rest.split(' ').next().unwrap().to_owned();
        let repeated = line
            .split_once("message repeated ")
            .map_or(1, |(_, rest)| rest.split(' ').next().unwrap().parse::<u64>().unwrap());
        *counts.entry(address).or_default() += repeated;
    }
    counts
}

/// Of each address how often each account was tried, and which of them sshd calls invalid, by plain text search.
fn accounts_by_address(text: &str) -> BTreeMap<String, (BTreeMap<String, u64>, BTreeSet<String>)> {
    let mut addresses: BTreeMap<String, (BTreeMap<String, u64>, BTreeSet<String>)> = BTreeMap::new();
    for line in text.lines() {
        let Some((before, rest)) = line.split_once("Failed password for ") else { continue };
        let (who, rest) = rest.rsplit_once(" from ").unwrap();
        let (counts, invalid) = addresses.entry(rest.split(' ').next().unwrap().to_owned()).or_default();
        let name = who.strip_prefix("invalid user ").unwrap_or(who);
        if name != who {
            invalid.insert(name.to_owned());
        }
        let repeated = before
            .split_once("message repeated ")
            .map_or(1, |(_, rest)| rest.split(' ').next().unwrap().parse::<u64>().unwrap());
        *counts.entry(name.to_owned()).or_default() += repeated;
    }
    addresses
}

/// What the story of failed logins from `address` must say of the accounts, counted from the raw lines.
fn accounts_are_told_as_counted(
    story: &[&str],
    address: &str,
    (counts, invalid): &(BTreeMap<String, u64>, BTreeSet<String>),
) {
    let whole = story.join(" ");
    let most = counts.values().max().unwrap();
    if counts.len() > 1 {
        let tops: Vec<&String> =
            counts.iter().filter(|(_, count)| *count == most).map(|(name, _)| name).collect();
        let told = story.iter().find(|told| told.contains(" tried ")).unwrap_or_else(|| panic!("{whole}"));
        assert!(tops.iter().any(|top| told.contains(top.as_str())), "{tops:?} of {address} not in {told}");
        let often = if *most == 2 { "twice".to_owned() } else { format!("{most} times") };
        assert!(told.contains(&often) || *most == 1, "{address}: {most} in {told}");
    }
    let said = match (invalid.len(), counts.len()) {
        (0, _) => {
            assert!(!whole.contains(" exist"), "{whole}");
            return;
        }
        (1, 1) => format!("the account {} does not exist", invalid.first().unwrap()),
        (1, all) => format!("1 of the {all} accounts does not exist"),
        (some, all) if some == all => format!("each of the {all} accounts does not exist"),
        (some, all) => format!("{some} of the {all} accounts do not exist"),
    };
    assert!(whole.to_lowercase().contains(&said), "{address}: {said:?} not in {whole}");
}

/// No sentence says what the headline has said, the day stands there once, and no event is counted twice.
fn reads_as_one_text(story: &[&str]) {
    let (headline, rest) = story.split_first().unwrap();
    let clause = headline.split(';').next().unwrap();
    assert!(rest.iter().all(|told| !told.contains(clause.trim_end_matches('.'))), "{story:#?}");
    assert_eq!(story.iter().map(|told| told.matches("2025-12-10").count()).sum::<usize>(), 1, "{story:#?}");
    assert!(story.iter().all(|told| !told.contains("kept")), "{story:#?}");
}

#[test]
fn attacked_ssh_server_gives_incidents_with_the_right_counts() {
    let Some(path) = real_data("linux/openssh_2k.log") else { return };
    let log = std::fs::read_to_string(&path).unwrap();
    let (expected, accounts) = (failures_by_address(&log), accounts_by_address(&log));
    let data = tempfile::tempdir().unwrap();
    let data = data.path().to_str().unwrap();
    ok(&["ingest", "--data", data, path.to_str().unwrap()]);
    let incidents = ok(&["incidents", "list", "--data", data, "--json"]).json();
    let incidents = incidents.as_array().unwrap();

    let mut told = BTreeSet::new();
    for incident in incidents {
        let headline = incident["headline"].as_str().unwrap();
        let address = incident["entities"]
            .as_array()
            .unwrap()
            .iter()
            .find(|entity| entity["type"] == "ip" && entity["role"] == "source")
            .unwrap()["value"]
            .as_str()
            .unwrap();
        let count = expected[address];
        let words = format!("{address} failed to log in to host LabSZ {count} times");
        assert!(headline.contains(&words), "expected {words:?} in {headline:?}");
        assert!(told.insert(address.to_owned()), "two incidents about {address}");
    }
    let noisy = expected.iter().filter(|(_, count)| **count >= 15).map(|(address, _)| address);
    for address in noisy {
        assert!(told.contains(address), "no incident about {address}");
    }

    let (most_active, count) = expected.iter().max_by_key(|(_, count)| **count).unwrap();
    let incident = incidents
        .iter()
        .find(|incident| incident["headline"].as_str().unwrap().starts_with(most_active))
        .unwrap();
    let shown = ok(&["incidents", "show", "--data", data, "--json", incident["id"].as_str().unwrap()]).json();
    let sentences = shown["narrative"]["sentences"].as_array().unwrap();
    let story: String =
        sentences.iter().map(|one| one["text"].as_str().unwrap()).collect::<Vec<_>>().join(" ");
    let said = [
        &format!("{count} times"),
        "The account root was tried 276 times, oracle twice, and ",
        "10 min 14 s",
        "at about 28 a minute, without a pause of more than 1 min",
        "No login from",
        "whether one succeeded later is not known",
        "password guessing against one account, root, with 276 of the 286 attempts",
        "T1110.001 “Password Guessing”",
    ];
    for words in said {
        assert!(story.contains(words), "{words:?} is not in the story: {story}");
    }
    every_sentence_leads_to_raw_lines(data, &shown, most_active);
    for incident in incidents {
        let story = stories_say_only_what_their_facts_say(data, incident["id"].as_str().unwrap());
        let told: Vec<&str> = story.narrative.sentences.iter().map(|told| told.text.as_str()).collect();
        let address = story.headline.split(' ').next().unwrap();
        accounts_are_told_as_counted(&told, address, &accounts[address]);
        reads_as_one_text(&told);
    }
}

/// Law MEANING, checked by the narrator's own verifier on what is stored and shown.
fn stories_say_only_what_their_facts_say(data: &str, incident: &str) -> Story {
    let shown = ok(&["incidents", "show", "--data", data, "--json", incident]);
    let shown: IncidentDetail = serde_json::from_str(&shown.out).unwrap();
    let story = Story {
        title: shown.title,
        headline: shown.headline,
        narrative: shown.narrative,
        risk: shown.risk,
        reasons: shown.reasons,
    };
    assert_eq!(verify(&story, &shown.signals), Ok(()));
    story
}

#[test]
fn windows_attacks_become_incidents_with_stories_that_hold() {
    let Some(path) = real_data("windows/otrf.ndjson.zst") else { return };
    let data = tempfile::tempdir().unwrap();
    let data = data.path().to_str().unwrap();
    ok(&["ingest", "--data", data, path.to_str().unwrap()]);
    let incidents = ok(&["incidents", "list", "--data", data, "--json"]).json();
    let incidents = incidents.as_array().unwrap();
    assert!((5..=40).contains(&incidents.len()), "{} incidents of 40 recorded attacks", incidents.len());
    for incident in incidents {
        stories_say_only_what_their_facts_say(data, incident["id"].as_str().unwrap());
    }
    questions_have_the_answers_of_the_lines(data, &path);
}

/// What KQL says of the stored events is what the lines of the file say.
fn questions_have_the_answers_of_the_lines(data: &str, path: &Path) {
    let lines = zstd::stream::read::Decoder::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut codes: BTreeMap<String, u64> = BTreeMap::new();
    let (mut powershell, mut started) = (0_u64, BTreeSet::new());
    for line in BufReader::new(lines).lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let code = line["EventID"].to_string();
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        powershell += u64::from(text("CommandLine").to_lowercase().contains("powershell"));
        if code == "4688" {
            started.insert(text("NewProcessName"));
        }
        *codes.entry(code).or_default() += 1;
    }
    let rows = |question: &str| {
        let answer = ok(&["query", "--data", data, "--json", question]).json();
        answer["rows"].as_array().unwrap().clone()
    };
    let found: BTreeMap<String, u64> = rows("windows | summarize n = count() by EventID")
        .iter()
        .map(|row| (row[0].as_str().unwrap().to_owned(), row[1].as_u64().unwrap()))
        .collect();
    assert_eq!(found, codes);
    let one = |question: &str| rows(question)[0][0].as_u64().unwrap();
    assert_eq!(one("windows | where CommandLine contains 'PowerShell' | summarize count()"), powershell);
    let distinct = "windows | where EventID == 4688 | summarize dcount(NewProcessName)";
    assert_eq!(one(distinct), started.len() as u64);
    let top = rows("windows | summarize n = count() by EventID | top 1 by n");
    assert_eq!(top[0][1].as_u64(), codes.values().max().copied());
}

/// Sentence → signals → events → raw bytes.
fn every_sentence_leads_to_raw_lines(data: &str, incident: &Value, address: &str) {
    let signals: BTreeMap<&str, &Value> = incident["signals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|signal| (signal["id"].as_str().unwrap(), signal))
        .collect();
    for sentence in incident["narrative"]["sentences"].as_array().unwrap() {
        let cited = sentence["signals"].as_array().unwrap();
        assert!(!cited.is_empty(), "{sentence}");
        for id in cited {
            assert!(signals.contains_key(id.as_str().unwrap()), "{id} is not a signal of the incident");
        }
    }
    let signal = signals.values().next().unwrap();
    let event = signal["events"][0].as_str().unwrap();
    let answer = ok(&["query", "--data", data, "--json", &format!("event(\"{event}\")")]).json();
    let columns = answer["columns"].as_array().unwrap();
    let raw = columns.iter().position(|column| column["name"] == "raw").unwrap();
    let line = answer["rows"][0][raw].as_str().unwrap();
    assert!(line.contains("Failed password") && line.contains(address), "{line}");
}

const RULE_DIRECTORIES: [&str; 3] =
    ["sigma/rules", "sigma/rules-emerging-threats", "sigma/rules-threat-hunting"];

/// `sentra detect` over `path` with the public rules: (line from 0, rule id).
fn detect(path: &str) -> BTreeSet<(u64, String)> {
    let directories: Vec<String> =
        RULE_DIRECTORIES.iter().map(|name| real_data(name).unwrap().to_str().unwrap().to_owned()).collect();
    let mut arguments = vec!["detect", "--output", "json"];
    for directory in &directories {
        arguments.extend(["--rules", directory]);
    }
    arguments.push(path);
    let out = ok(&arguments).out;
    out.lines()
        .map(|line| {
            let found: Value = serde_json::from_str(line).unwrap();
            let place = found["line"].as_u64().or(found["record"].as_u64()).unwrap();
            (place.saturating_sub(1), found["rule"]["id"].as_str().unwrap().to_owned())
        })
        .collect()
}

#[test]
fn windows_attacks_agree_with_an_independent_engine() {
    let (Some(events), Some(expected)) =
        (real_data("windows/otrf.ndjson.zst"), real_data("windows/otrf.expected.tsv"))
    else {
        return;
    };
    let expected: BTreeSet<(u64, String)> = std::fs::read_to_string(expected)
        .unwrap()
        .lines()
        .map(|line| {
            let (number, rule) = line.split_once('\t').unwrap();
            (number.parse().unwrap(), rule.trim().to_owned())
        })
        .collect();
    let found = detect(events.to_str().unwrap());
    let both = found.intersection(&expected).count() as f64;
    let (of_expected, of_found) = (both / expected.len() as f64, both / found.len() as f64);
    println!("{} found, {} expected, {both} in both", found.len(), expected.len());
    assert!(of_expected >= 0.99, "only {of_expected} of what is expected was found");
    assert!(of_found >= 0.99, "only {of_found} of what was found is expected");
}

#[test]
fn every_rule_with_a_regression_file_matches_it() {
    let Some(root) = real_data("sigma/regression_data") else { return };
    let mut files = BTreeMap::new();
    collect(&root, &mut files);
    assert_eq!(files.len(), 100);
    let directories: Vec<String> =
        RULE_DIRECTORIES.iter().map(|name| real_data(name).unwrap().to_str().unwrap().to_owned()).collect();
    let mut arguments = vec!["detect", "--output", "json"];
    for directory in &directories {
        arguments.extend(["--rules", directory]);
    }
    arguments.extend(files.keys().map(String::as_str));
    let out = ok(&arguments).out;
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    for line in out.lines() {
        let one: Value = serde_json::from_str(line).unwrap();
        assert!(one["record"].is_u64(), "an EVTX match names its record: {one}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        found.insert((text(&one["source"]), text(&one["rule"]["id"])));
    }
    let missed: Vec<_> =
        files.iter().filter(|(path, rule)| !found.contains(&((*path).clone(), (*rule).clone()))).collect();
    assert!(missed.is_empty(), "{} of 100 missed: {missed:#?}", missed.len());
}

/// EVTX files below `directory` with the id of the rule that must match, from the `info.yml` beside each.
fn collect(directory: &Path, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "evtx") {
            let info = std::fs::read_to_string(path.with_file_name("info.yml")).unwrap();
            let metadata = info.split("rule_metadata:").nth(1).unwrap();
            let id = metadata.split("id:").nth(1).unwrap().split_whitespace().next().unwrap();
            files.insert(path.to_str().unwrap().to_owned(), id.trim_matches(['"', '\'']).to_owned());
        }
    }
}
