use proptest::prelude::*;
use sentra_model::Mart;

use super::{NESTING_MAX, TEXT_BYTES_MAX, parse};
use crate::question::{Question, Stage, Subject};

/// Questions and how they are understood, written in the normal form.
const UNDERSTOOD: [(&str, &str); 41] = [
    ("linux", "linux"),
    ("  events  ", "events"),
    ("events | count", "events | count"),
    ("windows|count", "windows | count"),
    ("linux | take 10", "linux | take 10"),
    ("linux | limit 10", "linux | take 10"),
    ("linux | take 0", "linux | take 0"),
    ("event(\"raw.0.17\")", "event(\"raw.0.17\")"),
    ("event ( 'raw.0.17' ) // that one", "event(\"raw.0.17\")"),
    ("linux // all\n| count", "linux | count"),
    (r#"linux | where user == "root""#, r#"linux | where user == "root""#),
    (r#"linux | where user == 'root'"#, r#"linux | where user == "root""#),
    (r#"linux | where user == "a\"b\\c\n\t'é""#, r#"linux | where user == "a\"b\\c\n\t'é""#),
    (r#"linux | where user == 'a\'b"c'"#, r#"linux | where user == "a'b\"c""#),
    (r#"linux | where user == "\u00e9\u0007""#, r#"linux | where user == "é\u0007""#),
    (r#"linux | where file == @"C:\Windows\x""#, r#"linux | where file == "C:\\Windows\\x""#),
    (r#"linux | where file == @'it''s'"#, r#"linux | where file == "it's""#),
    (r#"linux | where user != "a" and user =~ "b""#, r#"linux | where user != "a" and user =~ "b""#),
    (r#"linux | where user !~ "a" or count >= 2"#, r#"linux | where user !~ "a" or count >= 2"#),
    (r#"linux | where a == 1 and b == 2 or c == 3"#, r#"linux | where (a == 1 and b == 2) or c == 3"#),
    (r#"linux | where a == 1 and (b == 2 or c == 3)"#, r#"linux | where a == 1 and (b == 2 or c == 3)"#),
    ("linux | where ((((a == 1))))", "linux | where a == 1"),
    ("linux | where not a == 1 and b == 2", "linux | where not(a == 1) and b == 2"),
    ("linux | where not(a == 1 or b == 2)", "linux | where not(a == 1 or b == 2)"),
    ("linux | where a < 1 and a <= 2.5 and a > -3", "linux | where a < 1 and a <= 2.5 and a > -3"),
    ("linux | where a == true or a == false", "linux | where a == true or a == false"),
    (
        r#"linux | where message contains "x" | where message !contains "y""#,
        r#"linux | where message contains "x" | where not(message contains "y")"#,
    ),
    (
        r#"linux | where host startswith "a" and host !endswith "b" and raw has "c""#,
        r#"linux | where host startswith "a" and not(host endswith "b") and raw has "c""#,
    ),
    (r#"linux | where user in ("a", 'b')"#, r#"linux | where user in ("a", "b")"#),
    (r#"linux | where user !in ("a")"#, r#"linux | where not(user in ("a"))"#),
    (r#"linux | where user in~ ("a", 7)"#, r#"linux | where user in~ ("a", 7)"#),
    ("linux | where isnotempty(user)", "linux | where isnotempty(user)"),
    ("linux | where isempty(user)", "linux | where not(isnotempty(user))"),
    (
        "cloud | where userIdentity.sessionContext.mfa == 'x'",
        r#"cloud | where userIdentity.sessionContext.mfa == "x""#,
    ),
    (
        "windows | where ['winlog.event_data.X Y'] == 1 and fields['user'] == 'a'",
        r#"windows | where ["winlog.event_data.X Y"] == 1 and fields.user == "a""#,
    ),
    ("windows | where EventID == 4625", "windows | where EventID == 4625"),
    (
        "events | where time > datetime(2026-01-01T00:00:00Z) and seen < datetime(2026-01-02)",
        "events | where time > datetime(2026-01-01T00:00:00Z) and seen < datetime(2026-01-02T00:00:00Z)",
    ),
    ("events | where time > ago(90m) and time < now()", "events | where time > ago(90m) and time < now()"),
    (
        "events | where time > now() - 1.5h and time < now() + 1d",
        "events | where time > ago(90m) and time < now() + 1d",
    ),
    (
        "events | where time between (datetime('2026-01-01') .. ago(1d))",
        "events | where time between (datetime(2026-01-01T00:00:00Z) .. ago(1d))",
    ),
    (
        "events | where count !between (1..5) | take 5 | take 3",
        "events | where not(count between (1 .. 5)) | take 5 | take 3",
    ),
];

#[test]
fn questions_are_understood() {
    for (text, normal) in UNDERSTOOD {
        let question = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(question.to_string(), normal, "{text}");
        assert_eq!(parse(normal).as_ref(), Ok(&question), "the normal form of {text} means the same");
    }
}

/// Questions that are refused: the byte offset, a part of the message, the hint.
const REFUSED: [(&str, usize, &str, Option<&str>); 43] = [
    ("", 0, "expected a mart (linux, windows", None),
    ("// nothing", 10, "the end is unexpected", None),
    ("linus", 0, "\"linus\" is unknown", Some("linux")),
    ("Windows", 0, "\"Windows\" is unknown", Some("windows")),
    ("evnets | count", 0, "unknown", Some("events")),
    ("\"linux\"", 0, "a text is unexpected", None),
    ("event", 5, "expected '(' after event", Some("event(\"raw.0.17\"), or events for all of them")),
    (
        "event(raw.0.17)",
        6,
        "expected an id in quotes",
        Some("event(\"raw.0.17\"), or events for all of them"),
    ),
    ("event(\"raw.0\")", 6, "is no id", Some("event(\"raw.0.17\"), or events for all of them")),
    ("event(\"raw.0.1\"", 15, "expected ')'", None),
    ("event(\"raw.0.1\") | count", 19, "takes no stages", Some("events | where …")),
    ("linux |", 7, "expected a stage", None),
    ("linux | wehre user == 'x'", 8, "\"wehre\" is unknown", Some("where")),
    ("linux | cuont", 8, "unknown", Some("count")),
    ("linux | summarize count()", 8, "summarize is not available yet", None),
    ("linux where user == 'x'", 6, "expected '|' before the stage", Some("| where")),
    ("linux ; drop table", 6, "';' means nothing here", None),
    ("linux | take", 12, "expected a number of rows", Some("take 10")),
    ("linux | take -1", 13, "expected a number of rows", Some("take 10")),
    ("linux | take 10001", 13, "at most 10000 rows", Some("10000")),
    ("linux | take 99999999999999999999", 13, "is no number of 64 bits", Some("\"99999999999999999999\"")),
    ("linux | take 10 | where a == 1", 18, "where cannot follow take", Some("put where before take")),
    ("linux | take 10 | count", 18, "count cannot follow take", Some("leave take out")),
    ("linux | count | take 1", 16, "nothing can follow count", None),
    ("linux | where", 13, "expected a field", None),
    ("linux | where user", 18, "expected a comparison", None),
    ("linux | where user = 'root'", 19, "'=' compares nothing", Some("==")),
    ("linux | where user containz 'x'", 19, "expected a comparison", Some("contains")),
    ("linux | where user ==", 21, "expected a value", None),
    ("linux | where user == root", 22, "expected a value", Some("\"root\" in quotes, if it is a text")),
    ("linux | where user == 'root", 22, "the text is not closed", Some("'")),
    (
        "linux | where file == 'C:\\Windows'",
        25,
        "this is no escape",
        Some("write \\\\ for a backslash, or @\"…\" for a text without escapes"),
    ),
    ("linux | where src_ip == 192.0.2.1", 24, "192.0.2.1 is no number", Some("\"192.0.2.1\"")),
    ("linux | where (user == 'a'", 26, "expected ')'", None),
    ("linux | where user == 'a')", 25, "expected '|' or the end", None),
    ("linux | where user in ('a' 'b')", 27, "expected ',' or ')'", None),
    ("linux | where user contains 5", 28, "expected a text in quotes", None),
    ("linux | where time > 5", 14, "it is a time, not a number", None),
    ("linux | where time > 1h", 21, "a timespan is no value by itself", Some("ago(1h), or now() - 1h")),
    ("linux | where time > datetime(yesterday)", 21, "is no time", Some("datetime(2026-01-31T23:59:59Z)")),
    ("linux | where time > ago(5)", 25, "expected a timespan", Some("ago(1h)")),
    ("linux | where severity == 'awful'", 14, "cannot compare severity", None),
    (
        "linux | where a == 5 and b == 7x",
        30,
        "no timespan",
        Some("units are d, h, m, s, ms; texts stand in quotes"),
    ),
];

#[test]
fn what_is_not_understood_is_refused_with_its_place() {
    for (text, offset, message, hint) in REFUSED {
        let error = parse(text).expect_err(text);
        assert!(error.message.contains(message), "{text}: {}", error.message);
        assert_eq!((error.place.offset, error.hint.as_deref()), (offset, hint), "{text}: {}", error.message);
    }
}

#[test]
fn places_count_lines_and_characters() {
    let error = parse("linux\n| where user == \"Äsa\"\n| wher").unwrap_err();
    assert_eq!((error.place.offset, error.place.line, error.place.column), (31, 3, 3));
    let error = parse("linux | where user == \"ÄÖ\" ö").unwrap_err();
    assert_eq!((error.place.line, error.place.column), (1, 28));
}

/// Law LIMIT.
#[test]
fn questions_beyond_the_limits_are_refused() {
    let long = format!("linux | where user == '{}'", "x".repeat(TEXT_BYTES_MAX));
    assert!(parse(&long).unwrap_err().message.contains("is the limit"));
    let nested = |depth: usize| format!("linux | where {}a == 1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(NESTING_MAX - 1)).is_ok());
    assert!(parse(&nested(NESTING_MAX)).unwrap_err().message.contains("nested"));
    assert!(parse(&nested(7_000)).unwrap_err().message.contains("nested"));
    let negated = format!("linux | where {} a == 1", "not ".repeat(4_000));
    assert!(parse(&negated).unwrap_err().message.contains("nested"));
    let wide = format!("linux | where a in ({}1)", "1,".repeat(5_000));
    assert!(parse(&wide).unwrap_err().message.contains("too large"));
}

#[test]
fn every_mart_can_be_asked() {
    for mart in Mart::DEFAULTS {
        let question = Question { subject: Subject::Mart(mart.clone()), stages: vec![Stage::Count] };
        assert_eq!(parse(&format!("{mart} | count")), Ok(question));
    }
}

proptest! {
    /// Whatever is written, the answer is a question or an error whose place is within the text.
    #[test]
    fn no_text_breaks_the_parser(text in "(linux|events|event)?[ |()\"'@\\\\a-z0-9_.\\[\\],=!~<>/é\n-]{0,60}") {
        match parse(&text) {
            Ok(question) => prop_assert_eq!(parse(&question.to_string()), Ok(question)),
            Err(error) => prop_assert!(text.is_char_boundary(error.place.offset)),
        }
    }

    /// Any text survives being quoted.
    #[test]
    fn any_text_survives_its_quotes(value in any::<String>()) {
        let question = parse("linux | where user == 'x'").unwrap();
        let Question { subject, mut stages } = question;
        stages.clear();
        stages.push(Stage::Where(crate::Condition::Compare {
            field: value.clone(),
            comparison: crate::Comparison::Equal,
            value: crate::Value::Text(value),
        }));
        let question = Question { subject, stages };
        let sensible = crate::plan::plan(&question, Default::default()).filter.unwrap().check().is_ok();
        prop_assume!(sensible);
        prop_assert_eq!(parse(&question.to_string()), Ok(question));
    }
}
