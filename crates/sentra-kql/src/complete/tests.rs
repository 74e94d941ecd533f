use proptest::prelude::*;

use super::*;
use crate::testing::{fixture, now};

struct Seen;

impl Observed for Seen {
    fn values(&self, column: &str, prefix: &str) -> Vec<String> {
        let values: &[&str] = match column {
            "user" => &["alice", "bob", "Administrator"],
            "Parent.Image" => &["winword.exe"],
            _ => &[],
        };
        let fits = |value: &&&str| value.to_lowercase().starts_with(&prefix.to_lowercase());
        values.iter().filter(fits).map(|value| (*value).to_owned()).collect()
    }

    fn fields(&self, prefix: &str) -> Vec<String> {
        let names = ["EventID", "odd name"].into_iter();
        names
            .filter(|name| name.to_lowercase().starts_with(&prefix.to_lowercase()))
            .map(str::to_owned)
            .collect()
    }
}

/// What is suggested where `^` stands.
fn suggested(marked: &str) -> (String, Vec<String>) {
    let cursor = marked.find('^').unwrap();
    let text = marked.replace('^', "");
    let (catalog, _) = fixture().unwrap();
    let options = CheckOptions { catalog: &catalog, now: now(), keep_calls: false };
    let completion = complete(&text, cursor, options, &Seen);
    let replaced = text[completion.replace.start..completion.replace.end].to_owned();
    (replaced, completion.suggestions.into_iter().map(|suggestion| suggestion.text).collect())
}

#[test]
fn what_may_stand_is_suggested_first() {
    let cases = [
        ("^", "", "empty"),
        ("peo^", "peo", "people"),
        ("let x = peo^", "peo", "people"),
        ("let devs = people; de^", "de", "devs"),
        ("people | ^", "", "count"),
        ("people | su^", "su", "summarize"),
        ("people | project-r^", "project-r", "project-rename"),
        ("people | where de^", "de", "dept"),
        ("people | where dept == \"x\" and le^", "le", "level"),
        ("people | where dept st^", "st", "startswith"),
        ("people | extend lng = strlen(user) | where ln^", "ln", "lng"),
        ("people | summarize n = count() by dept | where ^", "", "dept"),
        ("people | summarize dc^", "dc", "dcount("),
        ("people | where user == \"al^", "\"al", "\"alice\""),
        ("events | where user == ^", "", "\"Administrator\""),
        ("events | where user in (\"alice\", \"bo^", "\"bo", "\"bob\""),
        ("events | where Parent.Image == \"^", "\"", "\"winword.exe\""),
        ("events | where [\"Parent.Image\"] has \"^", "\"", "\"winword.exe\""),
        ("events | where Ev^", "Ev", "EventID"),
        ("events | where odd^", "odd", "[\"odd name\"]"),
        ("events | join kind=inner (peo^", "peo", "people"),
        ("events | join kind=inner (people | where de^", "de", "dept"),
        ("events | join kind=le^", "le", "leftanti"),
        ("events | where user in (people | project us^", "us", "user"),
        ("let t = people | extend age = 1; t | where ag^", "ag", "age"),
        ("people | extend x = stars^", "stars", "startswith"),
        ("people | extend x = strl^", "strl", "strlen("),
        ("people | render ti^", "ti", "timechart"),
    ];
    for (marked, replaced, first) in cases {
        let (found, suggestions) = suggested(marked);
        assert_eq!(found, replaced, "{marked}");
        if marked.contains("stars^") {
            assert!(!suggestions.contains(&first.to_owned()), "{marked}: {suggestions:?}");
        } else {
            assert_eq!(suggestions.first().map(String::as_str), Some(first), "{marked}: {suggestions:?}");
        }
    }
}

#[test]
fn what_is_half_written_is_no_reason_to_be_silent() {
    let (_, suggestions) = suggested("people | where ^");
    assert!(
        suggestions.contains(&"user".to_owned()) && suggestions.contains(&"strlen(".to_owned())
            || suggestions.len() == SUGGESTIONS_MAX
    );
    assert!(suggested("people | nonsense | where ^").1.iter().all(|text| text != "user"));
}

proptest! {
    /// Wherever the cursor is, what is replaced is a part of what is written before it.
    #[test]
    fn no_text_breaks_completion(text in "(events|people) ?[ |()\\[\\]\"'a-z0-9_.,=!<>*é-]{0,40}", cursor in 0_usize..60) {
        let (catalog, _) = fixture().unwrap();
        let options = CheckOptions { catalog: &catalog, now: now(), keep_calls: false };
        let completion = complete(&text, cursor, options, &Seen);
        prop_assert!(text.get(completion.replace.start..completion.replace.end).is_some());
        prop_assert!(completion.replace.end <= cursor);
        prop_assert!(completion.suggestions.len() <= SUGGESTIONS_MAX);
    }
}
