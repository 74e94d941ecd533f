//! Law LIMIT: whatever is written ends in an answer or a refusal with a place, in little time and on a small stack.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use sentra_kql::plan::Catalog;
use sentra_kql::testing::{fixture, now};
use sentra_kql::{CheckOptions, KqlError, Query, Reason};
use sentra_sql::limits::{SQL_BYTES_MAX, SQL_PATTERN_BYTES_MAX};
use sentra_sql::parse_sql;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| fixture().unwrap().0);

/// The stack that threads of a server have.
const STACK_BYTES: usize = 2 << 20;
/// Far more than any statement takes, in a build that is not optimised and on a busy machine.
const TIME_MAX: Duration = Duration::from_secs(20);

fn asked(text: String) -> (Result<Query, KqlError>, usize) {
    let bytes = text.len();
    let ask = move || {
        let started = Instant::now();
        let result = parse_sql(&text, CheckOptions { catalog: &CATALOG, now: now(), keep_calls: false });
        assert!(
            started.elapsed() < TIME_MAX,
            "{:?}: {}",
            started.elapsed(),
            text.chars().take(80).collect::<String>()
        );
        if let Err(error) = &result {
            assert!(error.span.start <= error.span.end && error.span.end <= text.len(), "{error:?}");
            assert!(
                text.is_char_boundary(error.span.start) && text.is_char_boundary(error.span.end),
                "{error:?}"
            );
        }
        result
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(ask).unwrap();
    (thread.join().unwrap(), bytes)
}

fn refused_for(reason: Reason, text: String) {
    let shown: String = text.chars().take(80).collect();
    match asked(text).0 {
        Err(error) => assert_eq!(error.reason, reason, "{shown}: {error}"),
        Ok(_) => panic!("{shown}"),
    }
}

#[test]
fn what_is_too_long_is_refused() {
    refused_for(Reason::Limit, format!("SELECT 1 -- {}", "x".repeat(SQL_BYTES_MAX)));
    let ends: String = format!("SELECT '{}'", "x".repeat(SQL_BYTES_MAX - 9));
    assert_eq!(ends.len(), SQL_BYTES_MAX);
    assert!(asked(ends).0.is_ok());
    let long = "%a".repeat(SQL_PATTERN_BYTES_MAX);
    refused_for(Reason::Limit, format!("SELECT user FROM people WHERE user LIKE '{long}'"));
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    for deep in [60, 1_000, 20_000] {
        refused_for(Reason::Limit, format!("SELECT {}1{}", "(".repeat(deep), ")".repeat(deep)));
    }
    for deep in [60, 600] {
        refused_for(
            Reason::Limit,
            format!("SELECT {}user{} FROM people", "lower(".repeat(deep), ")".repeat(deep)),
        );
        // The parser tries another way when the first is too deep, and says what it finds there.
        assert!(asked(format!("SELECT user FROM people WHERE {} level = 1", "NOT ".repeat(deep))).0.is_err());
        assert!(asked(format!("SELECT {} 1", "- ".repeat(deep))).0.is_err());
        let from = "SELECT * FROM (".repeat(deep);
        refused_for(Reason::Limit, format!("{from}SELECT * FROM people{}", ") AS t".repeat(deep)));
        let case = "CASE WHEN level = 1 THEN 1 ELSE ".repeat(deep);
        assert!(asked(format!("SELECT {case} 0 {} FROM people", "END ".repeat(deep))).0.is_err());
        let rows = "user IN (SELECT user FROM people WHERE ".repeat(deep);
        refused_for(
            Reason::Limit,
            format!("SELECT user FROM people WHERE {rows} level = 1 {}", ")".repeat(deep)),
        );
    }
}

/// Where the parser tries several ways, it does so at every level.
#[test]
fn what_is_opened_and_not_closed_takes_no_time() {
    let openers = [
        "(",
        "((",
        "(SELECT ",
        "(SELECT * FROM (",
        "lower(",
        "CASE WHEN (",
        "CAST((",
        "x IN (",
        "x IN ((",
        "EXISTS (",
        "NOT (",
        "INTERVAL (",
        "[",
        "x[(",
        "{",
        "ARRAY[(",
        "STRUCT(",
        "date (",
        "timestamp (",
        "int (",
        "f((",
        "trim((",
        "a.b((",
        "(a, (",
        "count(DISTINCT (",
        "(x -> (",
        "sum(x) OVER (PARTITION BY (",
        "CASE CASE ",
        "EXTRACT(",
        "SUBSTRING(",
        "POSITION(",
        "CEIL(",
        "TRY_CAST(",
        "CONVERT(",
        "OVERLAY(",
        "x BETWEEN (",
        "x LIKE (",
        "-(",
        "x::int[(",
        "(SELECT 1 FROM a JOIN (",
        "(a JOIN (",
        "(a JOIN b ON (",
        "(SELECT 1 UNION (",
        "(WITH x AS (",
    ];
    for opener in openers {
        let brackets = opener.matches('(').count();
        for before in ["SELECT ", "SELECT * FROM "] {
            let _ = asked(format!("{before}{}1", opener.repeat(14)));
            let _ = asked(format!("{before}{}1{}", opener.repeat(29), ")".repeat(29 * brackets)));
        }
    }
}

#[test]
fn what_is_as_deep_as_it_may_be_is_answered() {
    for deep in [1, 10, 25] {
        let text = format!("SELECT {}1{} AS x", "(".repeat(deep), ")".repeat(deep));
        assert!(asked(text).0.is_ok(), "{deep}");
        let text = format!("SELECT {}user{} AS x FROM people", "lower(".repeat(deep), ")".repeat(deep));
        assert!(asked(text).0.is_ok(), "{deep}");
    }
}

#[test]
fn chains_are_as_long_as_words_may_be() {
    // Flat, however they are read.
    let either = "level = 1 OR ".repeat(500);
    assert!(asked(format!("SELECT user FROM people WHERE {either} level = 2")).0.is_ok());
    let both = "level <> 1 AND ".repeat(500);
    assert!(asked(format!("SELECT user FROM people WHERE {both} level <> 2")).0.is_ok());
    assert!(asked(format!("SELECT {} 'x' AS x", "'x' || ".repeat(1_000))).0.is_ok());
    for chain in ["1+", "1*", "user||", "1=", "1 IS NULL AND ", "x::int::", "a.b['c']->", "1 - -"] {
        let text = format!("SELECT {}1 FROM people", chain.repeat(SQL_BYTES_MAX / chain.len() - 10));
        assert!(asked(text).0.is_err(), "{chain}");
    }
    for chain in ["1+", "1*", "1=", "1-", "'a'||"] {
        // The longest that is read: as deep a tree as there may be.
        let text = format!("SELECT {}1 FROM people", chain.repeat(1_900));
        let _ = asked(text);
    }
    refused_for(Reason::Limit, format!("SELECT x{} FROM people", "::int".repeat(900)));
    refused_for(Reason::Limit, format!("SELECT 1{} FROM people", " IS NULL".repeat(900)));
    let united = "SELECT 1 UNION ALL ".repeat(600);
    assert!(asked(format!("{united} SELECT 1")).0.is_err());
    let joined = " JOIN people ON people.user = roles.user".repeat(40);
    refused_for(Reason::Limit, format!("SELECT 1 FROM roles{joined}"));
}

#[test]
fn long_lists_are_answered() {
    let list: Vec<String> = (0..9_000).map(|number| number.to_string()).collect();
    assert!(asked(format!("SELECT user FROM people WHERE level IN ({})", list.join(","))).0.is_ok());
    let list: Vec<String> = (0..25_000).map(|number| (number % 10).to_string()).collect();
    refused_for(Reason::Limit, format!("SELECT user FROM people WHERE level IN ({})", list.join(",")));
    let columns: Vec<String> = (0..900).map(|number| format!("level + {number} AS c{number}")).collect();
    assert!(asked(format!("SELECT {} FROM people", columns.join(","))).0.is_err());
}

/// What is written once and stands for more is counted wherever it stands.
#[test]
fn what_grows_by_itself_is_refused() {
    let mut nested = "level".to_owned();
    for _ in 0..16 {
        nested = format!("nullif({nested}, 1)");
    }
    refused_for(Reason::Limit, format!("SELECT {nested} FROM people"));
    let mut different = "level <> 1".to_owned();
    for _ in 0..16 {
        different = format!("({different}) <> b");
    }
    refused_for(
        Reason::Limit,
        format!("SELECT k FROM nums, nums WHERE {different}")
            .replace("nums, nums", "nums")
            .replace("level", "n"),
    );
    let mut with = "WITH t0 AS (SELECT user FROM people)".to_owned();
    for step in 1..12 {
        with.push_str(&format!(
            ", t{step} AS (SELECT a.user FROM t{0} a JOIN t{0} b ON a.user = b.user)",
            step - 1
        ));
    }
    refused_for(Reason::Limit, format!("{with} SELECT * FROM t11"));
    let refused = "SELECT user FROM people WHERE user ~ '((a{1,1000}){1,1000}){1,1000}'";
    assert!(asked(refused.to_owned()).0.is_err());
}

#[test]
fn odd_texts_are_refused_with_a_place() {
    let odd = [
        "",
        " ",
        ";",
        ";;;",
        "\u{0}",
        "'",
        "\"",
        "`",
        "$$",
        "$x$",
        "/*",
        "/* /* */",
        "--",
        "SELECT",
        "SELECT ,",
        "SELECT \u{202e}x",
        "SELECT 'ä' || ö",
        "WITH",
        "WITH x",
        "WITH x AS",
        "WITH x AS (",
        "SELECT * FROM",
        "SELECT * FROM (",
        "SHOW",
        "SHOW x",
        "DESCRIBE",
        "DESC",
        "SELECT 1 FROM people WHERE",
        "SELECT fields[",
        "SELECT fields[] FROM events",
        "SELECT fields['x FROM events",
        "SELECT * FROM events AS",
        "SELECT CASE END",
        "SELECT CAST(",
        "SELECT INTERVAL",
        "SELECT INTERVAL ''",
        "SELECT INTERVAL '9999999999999999999999 days'",
        "SELECT DATE 'x'",
        "SELECT X'00'",
        "SELECT N'x'",
        "SELECT E'\\x'",
        "SELECT U&'\\0061'",
        "SELECT 1e999",
        "SELECT 0x1F",
        "SELECT 1.2.3",
        "SELECT @x",
        "SELECT :x",
        "SELECT ?",
        "SELECT a FROM b.c.d.e.f",
        "SELECT (((((",
        "SELECT )",
        "SELECT 1 LIMIT 'x'",
        "SELECT 1 LIMIT -1",
        "SELECT 1 LIMIT user",
        "SELECT user FROM people LIMIT 99999999999999999999",
        "SELECT user FROM people ORDER BY 0",
        "SELECT user FROM people GROUP BY 99",
        "SELECT substring(user, 0) FROM people",
        "SELECT repeat(user, 999999999999) FROM people",
        "SELECT repeat('x', 999999999999)",
        "SELECT count(count(count(*))) FROM people",
        "SELECT sum(*) FROM people",
        "SELECT \"\" FROM people",
    ];
    for text in odd {
        let _ = asked(text.to_owned());
    }
}

/// Words of statements in any order, and statements with a part left out.
fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "SELECT",
        "FROM",
        "WHERE",
        "GROUP BY",
        "ORDER BY",
        "HAVING",
        "LIMIT",
        "JOIN",
        "LEFT JOIN",
        "ON",
        "UNION ALL",
        "WITH",
        "AS",
        "(",
        ")",
        ",",
        "*",
        "=",
        "<>",
        "<",
        "+",
        "-",
        "/",
        "%",
        "||",
        "::",
        ".",
        "[",
        "]",
        "NOT",
        "AND",
        "OR",
        "IN",
        "LIKE",
        "BETWEEN",
        "IS NULL",
        "CASE",
        "WHEN",
        "THEN",
        "ELSE",
        "END",
        "NULL",
        "1",
        "0",
        "2.5",
        "'x'",
        "'%a_'",
        "'2026-01-01'",
        "people",
        "events",
        "nums",
        "p",
        "user",
        "level",
        "n",
        "k",
        "b",
        "d",
        "fields",
        "EventID",
        "count(*)",
        "sum(n)",
        "lower(",
        "date_trunc('hour',",
        "INTERVAL '1 day'",
        "now()",
        "DISTINCT",
        "DESC",
        "NULLS LAST",
        "CAST(",
        "int",
        "USING (user)",
        "OVER ()",
        "FILTER (WHERE b)",
        ";",
        "\"User\"",
        "ä",
        "OFFSET",
        "EXISTS",
        "->>",
    ]);
    prop::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
}

fn statements() -> impl Strategy<Value = String> {
    let expression = || {
        prop::sample::select(vec![
            "user",
            "level",
            "n",
            "p.user",
            "count(*)",
            "sum(level)",
            "level + 1",
            "upper(user)",
            "CASE WHEN level = 1 THEN 1 END",
            "user = 'x'",
            "level <> 1",
            "NULL",
            "level IN (1, 2)",
            "user LIKE 'a%_'",
            "CAST(level AS text)",
            "avg(level) > 1",
            "fields['x']",
            "since - INTERVAL '1 month'",
            "1",
            "user IS NULL",
            "NOT level > 2",
            "coalesce(user, 'x')",
            "user IN (SELECT user FROM roles)",
            "date_trunc('day', since)",
            "d['x']",
            "max(user)",
            "level / 0",
        ])
    };
    let from = prop::sample::select(vec![
        "people",
        "people p",
        "events",
        "nums",
        "people p JOIN roles r ON p.user = r.user",
        "(SELECT * FROM people) p",
        "people p LEFT JOIN (SELECT user AS u, count(*) AS n FROM events GROUP BY 1) t ON t.u = p.user",
    ]);
    let clause = |word: &'static str| {
        prop::option::of(expression())
            .prop_map(move |found| found.map_or(String::new(), |found| format!(" {word} {found}")))
    };
    let parts = (
        prop::collection::vec(expression(), 1..4),
        from,
        clause("WHERE"),
        clause("GROUP BY"),
        clause("HAVING"),
        clause("ORDER BY"),
        any::<bool>(),
    );
    parts.prop_map(|(select, from, condition, group, having, order, distinct)| {
        let distinct = if distinct { "DISTINCT " } else { "" };
        format!("SELECT {distinct}{} FROM {from}{condition}{group}{having}{order} LIMIT 5", select.join(", "))
    })
}

/// The seed is fixed, so that a run says the same again.
fn config() -> Config {
    Config { cases: 400, rng_seed: RngSeed::Fixed(6), failure_persistence: None, ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_words_end_in_an_answer_or_a_refusal(text in words()) {
        let _ = asked(text);
    }

    #[test]
    fn any_text_ends_in_an_answer_or_a_refusal(text in "\\PC{0,60}", after in "SELECT \\PC{0,60}") {
        let _ = asked(text);
        let _ = asked(after);
    }

    /// What is answered is shown as KQL that asks the same, and can be run.
    #[test]
    fn statements_are_questions(text in statements()) {
        let (catalog, data) = fixture().unwrap();
        let options = CheckOptions { catalog: &catalog, now: now(), keep_calls: false };
        if let Ok(query) = parse_sql(&text, options) {
            let kql = query.to_string();
            let read = sentra_kql::parse(&kql).unwrap_or_else(|error| panic!("{text}\n{kql}\n{error}"));
            prop_assert_eq!(&read, &query, "{}", text);
            let plan = sentra_kql::check(&query, options).unwrap();
            sentra_kql::run::run(&plan, &data, sentra_kql::run::RunLimits::default()).unwrap();
        }
    }
}
