//! `docs/asking.md` says what the code does. `UPDATE_EXPECT=1` renews its tables.

use std::path::Path;

use sentra_ask::{RuleId, understand};

use crate::common::context;

/// Questions of the page, asked on Wednesday, 18 November 2026.
const SHOWN: [&str; 16] = [
    "failed logins from 10.1.2.3 yesterday",
    "logins of bob outside business hours",
    "what did host web01 do between 14:00 and 15:00 on 3 march",
    "show powershell on dc01 in the last 2 hours",
    "new admin accounts created this month",
    "failed logins of alice or bob, but not from 10.0.0.0/8",
    "top 10 users by sudo last week",
    "how many different hosts did alice log in to since monday",
    "which hosts talked to evil.example",
    "count firewall denies per hour today",
    "users with more than 10 failed logins today",
    "trend of failed logins over the last 30 days",
    "compare logins this week with last week",
    "when did alice last log in",
    "have we seen something like incident 42",
    "similar incidents to 42 and how often last quarter",
];

fn rules() -> String {
    let rows: String =
        RuleId::ALL.iter().map(|rule| format!("| {} | {} |\n", rule.as_str(), rule.doc())).collect();
    format!("\n| rule | |\n|---|---|\n{rows}\n")
}

fn examples() -> String {
    let mut text = "\nOn Wednesday, 18 November 2026, in UTC:\n\n```text\n".to_owned();
    for question in SHOWN {
        let understood =
            understand(question, &context()).unwrap_or_else(|refused| panic!("{question}: {refused:?}"));
        text.push_str(&format!("{question}\n    {}\n", understood.kql.replace(" | ", "\n    | ")));
    }
    text.push_str("```\n\n");
    text
}

/// `page` with `content` between the marks of `name`.
fn renewed(page: &str, name: &str, content: &str) -> String {
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let start = page.find(&open).expect("the mark is there") + open.len();
    let end = page.find(&close).expect("the mark is there");
    format!("{}\n{content}{}", &page[..start], &page[end..])
}

#[test]
fn the_page_has_the_rules_and_the_examples_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/asking.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let expected = renewed(&renewed(&page, "rules", &rules()), "examples", &examples());
    if std::env::var("UPDATE_EXPECT").is_ok() {
        std::fs::write(&path, &expected).unwrap();
    } else {
        assert!(page == expected, "docs/asking.md is not what the code does: UPDATE_EXPECT=1 renews it");
    }
}

#[test]
fn rules_have_ids_of_their_own() {
    let mut ids: Vec<&str> = RuleId::ALL.iter().map(|rule| rule.as_str()).collect();
    assert!(RuleId::ALL.iter().all(|rule| !rule.doc().is_empty()));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), RuleId::ALL.len());
}
