//! Questions in KQL, in the search bar's words and in plain English, against counts that are made from the lines here.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::house::{ok, repository, run};

fn rows(place: &str, question: &str) -> Vec<Value> {
    let answer = ok(&["query", "--data", place, "--json", question]).json();
    assert_eq!(answer["status"], "complete", "{question}: {answer}");
    answer["rows"].as_array().unwrap().clone()
}

/// Accounts of the failed logins in the example, as its lines have them.
fn failures() -> BTreeMap<String, u64> {
    let text = std::fs::read_to_string(repository("examples/ssh-attack.log")).unwrap();
    let mut counts = BTreeMap::new();
    for line in text.lines() {
        let Some((_, rest)) = line.split_once("Failed password for ") else { continue };
        let account = rest.trim_start_matches("invalid user ").split(' ').next().unwrap();
        *counts.entry(account.to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn a_question_has_one_answer_in_every_form() {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    ok(&["ingest", "--data", place, repository("examples/ssh-attack.log").to_str().unwrap()]);
    let wanted = failures();
    let total: u64 = wanted.values().sum();

    let by_user =
        "linux | where code == 'LL03' | summarize n = sum(count) by user | sort by n desc, user asc";
    let found: BTreeMap<String, u64> = rows(place, by_user)
        .iter()
        .map(|row| (row[0].as_str().unwrap().to_owned(), row[1].as_u64().unwrap()))
        .collect();
    assert_eq!(found, wanted);

    // The same events by the words of the search bar and in plain English.
    let of_root = wanted["root"];
    assert_eq!(rows(place, "code:LL03 user:root").len() as u64, of_root.min(100));
    let english = ok(&["query", "--data", place, "--json", "how many failed logins of root"]).json();
    assert_eq!(english["rows"], json!([[of_root]]), "{english}");
    assert!(english["route"]["reason"].as_str().unwrap().contains("understood as"), "{english}");
    assert_eq!(english["route"]["intent"], "analytical");

    // What DataFusion does not do is done above it.
    let listed = rows(place, "linux | where code == 'LL03' | summarize users = make_set(user)");
    let mut users: Vec<&str> =
        listed[0][0].as_array().unwrap().iter().map(|user| user.as_str().unwrap()).collect();
    users.sort_unstable();
    assert_eq!(users, wanted.keys().map(String::as_str).collect::<Vec<_>>());
    let per_day = rows(place, "linux | where code == 'LL03' | summarize n = count() by bin(time, 1d)");
    assert_eq!(per_day.iter().map(|row| row[1].as_u64().unwrap()).sum::<u64>(), total);
}

#[test]
fn sql_is_answered_as_the_question_that_it_is() {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    ok(&["ingest", "--data", place, repository("examples/ssh-attack.log").to_str().unwrap()]);
    let wanted = failures();

    let by_user =
        "SELECT user, sum(count) AS n FROM linux WHERE code = 'LL03' GROUP BY user ORDER BY n DESC, user";
    let answer = ok(&["query", "--data", place, "--json", "--explain", by_user]).json();
    let found: BTreeMap<String, u64> = answer["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row[0].as_str().unwrap().to_owned(), row[1].as_u64().unwrap()))
        .collect();
    assert_eq!(found, wanted, "{answer}");
    assert_eq!(answer["route"]["intent"], "analytical");
    let shown = answer["explain"]["question"].as_str().unwrap();
    assert!(shown.contains("| summarize"), "{shown}");
    assert_eq!(
        rows(place, shown),
        *answer["rows"].as_array().unwrap(),
        "the KQL that is shown asks the same"
    );

    let most = "WITH f AS (SELECT user, sum(count) AS n FROM events WHERE code = 'LL03' GROUP BY user) \
                SELECT e.user, max(f.n) AS n FROM events e JOIN f ON e.user = f.user \
                WHERE e.user LIKE 'ro%' AND e.time < now() + INTERVAL '1 day' GROUP BY e.user";
    assert_eq!(rows(place, most), [json!(["root", wanted["root"]])]);
    let star = ok(&["query", "--data", place, "--json", "SELECT * FROM linux LIMIT 3"]).json();
    assert_eq!(star["rows"].as_array().unwrap().len(), 3);
    assert!(star["columns"].as_array().unwrap().iter().any(|column| column["name"] == "fields"), "{star}");
    let columns = "SELECT data_type FROM information_schema.columns WHERE table_name = 'events' AND column_name = 'time'";
    assert_eq!(rows(place, columns), [json!(["timestamp with time zone"])]);
}

#[test]
fn what_is_not_understood_says_what_can_be_asked() {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    ok(&["ingest", "--data", place, repository("examples/ssh-attack.log").to_str().unwrap()]);
    for (question, word) in [
        ("events | summarise count()", "summarize"),
        ("events | where strlenn(user) > 3", "strlen"),
        ("events | evaluate bag_unpack(fields)", "evaluate"),
        ("select usr from events where count(*) > 1", "HAVING"),
        ("delete from events", "only reads"),
        ("have we seen something like incident 42", "there is no signal or incident \"42\""),
        ("similar incidents to 42", "an incident is named by the id that the console shows"),
        ("please make me a sandwich with cheese", "ask for example"),
        ("events | join (windows) on user | where", "expected a name"),
    ] {
        let ran = run(&["query", "--data", place, question]);
        assert_eq!(ran.code, 1, "{question}: {}", ran.out);
        assert!(ran.err.contains(word), "{question}: {}", ran.err);
    }
}
