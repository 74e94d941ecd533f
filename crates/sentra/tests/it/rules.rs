//! Rules on the command line: tried on what is stored, explained, tuned, in three languages.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::house::{Served, ok, run};
use crate::server::processed;

const SIGMA: &str = "\
title: Failed password
id: 5e27a000-0000-4000-8000-000000000101
name: failed_password
status: test
level: low
logsource: {product: linux, service: sshd}
detection:
  selection: {code: LL03}
  condition: selection
---
title: Many failed passwords
id: 5e27a000-0000-4000-8000-000000000102
status: test
level: high
tags: [attack.credential-access, attack.t1110.001]
correlation:
  type: event_count
  rules: [failed_password]
  group-by: [src_ip]
  timespan: 5m
  condition: {gte: 5}
";

const YARAL: &str = r#"
rule failed_passwords_by_address {
  meta:
    author = "tests"
    severity = "High"
  events:
    $e.metadata.event_type = "USER_LOGIN"
    $e.security_result.action = "BLOCK"
    $e.principal.ip = $ip
  match:
    $ip over 10m
  outcome:
    $users = count_distinct($e.target.user.userid)
  condition:
    #e > 4
}
"#;

fn lines() -> String {
    let failed = |number: usize| {
        format!(
            "2026-11-20T10:00:{:02}+00:00 web-1 sshd[{}]: Failed password for root from 192.0.2.7 port {} ssh2\n",
            number,
            100 + number,
            40_000 + number
        )
    };
    (0..6).map(failed).collect::<String>()
        + "2026-11-20T10:01:00+00:00 web-1 sshd[9]: Accepted password for ana from 198.51.100.4 port 4 ssh2\n"
}

/// A directory with rules of three languages, the lines in a file, and where data goes.
fn house(home: &Path) -> (String, String, String) {
    let path = |name: &str| home.join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(path("rules")).unwrap();
    std::fs::write(home.join("rules/ssh.yml"), SIGMA).unwrap();
    std::fs::write(home.join("rules/ssh.yaral"), YARAL).unwrap();
    std::fs::write(path("auth.log"), lines()).unwrap();
    (path("rules"), path("auth.log"), path("data"))
}

fn titles(matches: &Value) -> Vec<&str> {
    let mut titles: Vec<&str> =
        matches.as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect();
    titles.sort_unstable();
    titles
}

#[test]
fn three_languages_find_the_same_attack_live_and_later() {
    let home = tempfile::tempdir().unwrap();
    let (rules, log, data) = house(home.path());
    let detected = ok(&["detect", "--rules", &rules, "--output", "json", &log]).out;
    let kinds: BTreeSet<String> = detected
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["correlation", "yaral"], "{detected}");

    let server = Served::start_with_arguments(Path::new(&data), &["--rules", &rules], &[]);
    ok(&["ingest", &log, "--data", &data]);
    server.wait("the lines are processed", |status| processed(status, 7));
    let backtest = |more: &[&str]| {
        let arguments = [&["rules", "backtest", "--data", &data, "--json"], more].concat();
        ok(&arguments).json()
    };
    let all = backtest(&[]);
    assert_eq!(all["events"], 7, "{all}");
    assert!(titles(&all["rules"]).contains(&"failed_passwords_by_address"), "{all}");
    assert!(titles(&all["rules"]).contains(&"Many failed passwords"), "{all}");
    let run_of = |title: &str| {
        let rule = all["rules"].as_array().unwrap().iter().find(|rule| rule["title"] == title).unwrap();
        all["matches"].as_array().unwrap().iter().find(|found| found["rule"] == rule["id"]).unwrap().clone()
    };
    assert_eq!(run_of("Many failed passwords")["events"], 6);
    assert_eq!(run_of("failed_passwords_by_address")["events"], 6);

    let one = backtest(&["--id", "5e27a000-0000-4000-8000-000000000102"]);
    assert_eq!(titles(&one["rules"]), ["Many failed passwords"]);
    let draft = home.path().join("draft.yml");
    std::fs::write(&draft, SIGMA.replace("gte: 5", "gte: 7")).unwrap();
    let none = backtest(&["--file", draft.to_str().unwrap()]);
    assert!(titles(&none["rules"]).is_empty(), "{none}");
    drop(server);
    // Without a server the same, from what is on disk.
    let after = backtest(&["--id", "5e27a000-0000-4000-8000-000000000102"]);
    assert_eq!(after["rules"], one["rules"]);
}

#[test]
fn a_rule_is_explained_disabled_and_excepted() {
    let home = tempfile::tempdir().unwrap();
    let (rules, log, data) = house(home.path());
    let server = Served::start_with_arguments(Path::new(&data), &["--rules", &rules], &[]);
    ok(&["ingest", &log, "--data", &data]);
    server.wait("the lines are processed", |status| processed(status, 7));
    let explain = |event: &str| {
        ok(&["rules", "explain", event, "--data", &data, "--id", "5e27a000-0000-4000-8000-000000000101"]).out
    };
    assert!(explain("raw.0.0").contains("LL03"), "{}", explain("raw.0.0"));
    assert!(explain("raw.0.6").contains("LL01"), "what was found instead: {}", explain("raw.0.6"));
    let missing = run(&["rules", "explain", "raw.0.999", "--data", &data]);
    assert!(missing.code == 1 && missing.err.contains("no event"), "{}", missing.err);

    let brute = "5e27a000-0000-4000-8000-000000000102";
    let except = |more: &[&str]| {
        let fixed = [
            "rules",
            "except",
            "--id",
            "scanner",
            "--rule",
            brute,
            "--owner",
            "ana",
            "--reason",
            "known",
            "--expires",
            "2099-01-01T00:00:00Z",
            "--when",
            r#"{"src_ip": "192.0.2.7"}"#,
            "--data",
            &data,
        ];
        run(&[&fixed, more].concat())
    };
    let preview = except(&["--preview"]);
    assert!(
        preview.code == 0 && preview.out.contains("would have hidden 1 match"),
        "{}{}",
        preview.out,
        preview.err
    );
    assert_eq!(except(&[]).code, 0);
    assert_eq!(except(&[]).code, 1, "the name is taken");
    let tuning = ok(&["rules", "tuning", "--data", &data, "--json"]).json();
    assert_eq!(tuning["exceptions"][0]["id"], "scanner", "{tuning}");
    ok(&["rules", "disable", "--id", brute, "--owner", "ana", "--reason", "noise", "--data", &data]);
    let coverage = ok(&["rules", "coverage", "--data", &data, "--json"]).json();
    assert_eq!(coverage["disabled"], 1, "{coverage}");
    let listed = ok(&["rules", "list", "--data", &data, "--json"]).json();
    // Not every rule names a technique.
    let ids: BTreeSet<&str> =
        listed["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert!(ids.contains(brute) && ids.len() as u64 >= coverage["rules"].as_u64().unwrap(), "{ids:?}");
    assert_eq!(ids.len(), listed["rules"].as_array().unwrap().len(), "each once");
    // Of its words each is looked for, in the id or in the title, with no regard to case.
    let found = ok(&["rules", "list", "BRUTE", "force", "--data", &data]);
    assert!(found.out.contains("SSH brute force") && !found.out.contains(brute), "{}", found.out);
    let found = ok(&["rules", "list", "5E27A000", "000000000102", "--data", &data]);
    assert!(found.out.contains(brute) && found.out.lines().count() == 2, "{}", found.out);
    assert_eq!(ok(&["rules", "list", "no-such-word", "--data", &data, "--json"]).json()["rules"], json!([]));
    drop(server);
    // It is on disk, not in the server alone.
    let tuning = ok(&["rules", "tuning", "--data", &data, "--json"]).json();
    assert_eq!(tuning["disabled"][0]["rule"], brute, "{tuning}");
    ok(&["rules", "enable", "--id", brute, "--data", &data]);
    ok(&["rules", "unexcept", "--id", "scanner", "--data", &data]);
    assert_eq!(run(&["rules", "unexcept", "--id", "scanner", "--data", &data]).code, 1);
    let unknown = run(&["rules", "disable", "--id", "x", "--owner", "a", "--reason", "b", "--data", &data]);
    assert!(unknown.code == 1 && unknown.err.contains("no rule with the id"), "{}", unknown.err);
}

/// A rule that asks for what nobody states would stay silent for ever.
#[test]
fn built_in_rules_ask_only_for_what_is_stated() {
    let mut stated: BTreeSet<&str> = sentra_learn::baseline_names().map(|(name, _)| name).collect();
    stated.extend(sentra_enrich::ROW_FIELDS.iter().map(|(name, _)| *name));
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let mut directories = vec![packs];
    let mut asked = BTreeSet::new();
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let is_rule = path.components().any(|part| part.as_os_str() == "rules");
            for line in text.lines().filter(|_| is_rule).map(str::trim_start) {
                let key = line.trim_start_matches("- ").split([':', '|']).next().unwrap_or_default();
                let is_ours = ["baseline.", "identity.", "asset.", "network."]
                    .iter()
                    .any(|prefix| key.starts_with(prefix) && !key.contains(' '));
                if is_ours && key != "asset.hostname" {
                    asked.insert(key.to_owned());
                }
            }
        }
    }
    let unknown: Vec<&String> = asked.iter().filter(|name| !stated.contains(name.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?} of {asked:?}");
    assert!(asked.len() > 5, "{asked:?}");
}
