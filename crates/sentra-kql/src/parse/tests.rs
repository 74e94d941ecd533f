use proptest::prelude::*;

use super::parse;
use crate::ast::*;
use crate::error::Reason;
use crate::limits::{LIST_VALUES_MAX, NESTING_MAX, OPERATORS_MAX, TEXT_BYTES_MAX};
use crate::value::Kind;

/// Questions and their normal form.
const UNDERSTOOD: &[(&str, &str)] = &[
    ("linux", "linux"),
    ("  events  // all\n| count ;", "events | count"),
    ("['odd table'] | count", "[\"odd table\"] | count"),
    ("event ( 'raw.0.17' )", "event(\"raw.0.17\")"),
    ("linux | limit 10", "linux | take 10"),
    ("linux | filter user == 'root'", "linux | where user == \"root\""),
    (r#"linux | where user == @"C:\x""#, r#"linux | where user == "C:\\x""#),
    (r#"linux | where user == @'it''s'"#, r#"linux | where user == "it's""#),
    ("linux | where user == ```a\"b```", "linux | where user == \"a\\\"b\""),
    (r#"linux | where user == "\u00e9\u0007\x41""#, r#"linux | where user == "é\u0007A""#),
    ("t | where a <> 1", "t | where a != 1"),
    ("t | where a == 1 and b == 2 or c == 3", "t | where a == 1 and b == 2 or c == 3"),
    ("t | where a == 1 and (b == 2 or c == 3)", "t | where a == 1 and (b == 2 or c == 3)"),
    ("t | where ((((a == 1))))", "t | where a == 1"),
    ("t | where not a == 1 and b", "t | where not(a == 1) and b"),
    ("t | where not(a) == b", "t | where not(a) == b"),
    ("t | where (a and b) and c", "t | where (a and b) and c"),
    ("t | extend x = a + b * c - (d - e) / f % 2", "t | extend x = a + b * c - (d - e) / f % 2"),
    ("t | extend x = -a + -5 - -1h", "t | extend x = -a + -5 - -1h"),
    ("t | extend x = -(5), y = (-5).z", "t | extend x = -(5), y = (-5).z"),
    ("t | where a has 'x' and b !has_cs 'y'", r#"t | where a has "x" and b !has_cs "y""#),
    ("t | where * has 'x'", r#"t | where * has "x""#),
    ("t | where a in ('x', 1) or a !in~ ('y')", r#"t | where a in ("x", 1) or a !in~ ("y")"#),
    ("t | where a in (T | project b)", "t | where a in (T | project b)"),
    ("t | where a in (bad)", "t | where a in (bad)"),
    ("t | where a has_any ('x') and a has_all ('y')", r#"t | where a has_any ("x") and a has_all ("y")"#),
    (
        "t | where a between(1..5) and b !between (ago(1d) .. now())",
        "t | where a between (1 .. 5) and b !between (ago(1d) .. now())",
    ),
    ("t | where a matches regex 'x+'", "t | where a matches regex \"x+\""),
    (
        "t | where ['odd name'] == 1 and fields['user'] == 'a'",
        r#"t | where ["odd name"] == 1 and fields["user"] == "a""#,
    ),
    ("t | where a.b.c[0] == 1", "t | where a.b.c[0] == 1"),
    (
        "t | where time > datetime(2026-01-01) and x > timespan(1.00:00:00)",
        "t | where time > datetime(2026-01-01T00:00:00Z) and x > 1d",
    ),
    ("t | extend a = 90m, b = 1500ms, c = 0s, d = 1.5h", "t | extend a = 90m, b = 1500ms, c = 0s, d = 90m"),
    (
        "t | extend a = long(null), b = real(1), c = datetime(null), d = time(null)",
        "t | extend a = long(null), b = 1.0, c = datetime(null), d = timespan(null)",
    ),
    ("t | extend a = 0x1F, b = 1e3, c = real(-inf)", "t | extend a = 31, b = 1000.0, c = real(-inf)"),
    (
        "t | extend a = dynamic({'a': [1, -2.5, null, true]})",
        "t | extend a = dynamic({\"a\":[1,-2.5,null,true]})",
    ),
    ("t | project a, b = c", "t | project a, b = c"),
    ("t | project-away a, tmp*, *x | project-keep b.c", "t | project-away a, tmp*, *x | project-keep b.c"),
    ("t | project-rename a = b, c = ['d e']", "t | project-rename a = b, c = [\"d e\"]"),
    ("t | project-reorder b, a* desc", "t | project-reorder b, a* desc"),
    (
        "t | summarize count(), n = dcount(user) by host, bin(time, 1h)",
        "t | summarize count(), n = dcount(user) by host, bin(time, 1h)",
    ),
    ("t | summarize by a", "t | summarize by a"),
    ("t | summarize arg_max(time, *) by a", "t | summarize arg_max(time, *) by a"),
    ("t | order by a asc nulls last, b", "t | sort by a asc nulls last, b"),
    ("t | top 10 by n desc", "t | top 10 by n desc"),
    ("t | distinct * | distinct a, b", "t | distinct * | distinct a, b"),
    ("t | join (u | where x == 1) on a", "t | join kind=innerunique (u | where x == 1) on a"),
    (
        "t | join kind=leftouter hint.strategy=broadcast u on a, $left.b == $right.c",
        "t | join kind=leftouter u on a, $left.b == $right.c",
    ),
    ("t | lookup u on $right.c == $left.b", "t | lookup kind=leftouter u on $left.b == $right.c"),
    ("union kind=inner withsource=T a, (b | take 1)", "union kind=inner withsource=T a, (b | take 1)"),
    ("t | union a, b", "t | union a, b"),
    ("t | parse a with * 'x=' x:long ' ' y *", "t | parse a with * \"x=\" x:long \" \" y:string *"),
    ("t | parse-where kind=regex a with 'x+' y", "t | parse-where kind=regex a with \"x+\" y:string"),
    (
        "t | mv-expand with_itemindex=i b = a to typeof(long), c limit 5",
        "t | mv-expand with_itemindex=i b = a to typeof(long), c limit 5",
    ),
    ("t | mvexpand kind=bag a", "t | mv-expand a"),
    (
        "t | render timechart with (title='x', ycolumns = a, b)",
        "t | render timechart with (title = \"x\", ycolumns = a, b)",
    ),
    ("t | getschema", "t | getschema"),
    ("t | sequence by user [a == 1] [b == 2] within 1h", "t | sequence by user maxspan=1h [a == 1] [b == 2]"),
    (
        "t | sequence by user, host maxspan=s [a] [b] until [c]",
        "t | sequence by user, host maxspan=s [a] [b] until [c]",
    ),
    ("t | sequence by user [a] [b] within [\"union\"]", "t | sequence by user maxspan=[\"union\"] [a] [b]"),
    ("t | search 'x' and a:'y*' or not 'z'", r#"t | where * has "x" and a hasprefix "y" or not(* has "z")"#),
    ("search 'x'", r#"events | where * has "x""#),
    ("search in (a, b) '*x*'", r#"union a, b | where * contains "x""#),
    ("print 1, x = 'a'", "print 1, x = \"a\""),
    (
        "datatable(a:long, b:string)[1, 'x', 2, 'y',] | count",
        "datatable(a:long, b:string) [1, \"x\", 2, \"y\"] | count",
    ),
    (
        "let u = union (a), b; let p = print 1; let r = range x from 1 to 2 step 1; u",
        "let u = union a, b;\nlet p = print 1;\nlet r = range x from 1 to 2 step 1;\nu",
    ),
    ("range [\"by\"] from 1 to 2 step 1", "range [\"by\"] from 1 to 2 step 1"),
    ("range x from 1 to 10 step 2", "range x from 1 to 10 step 2"),
    ("let a = 5; let T = linux | take a; T | count", "let a = 5;\nlet T = linux | take a;\nT | count"),
    ("let a = b; let c = (b); a", "let a = b;\nlet c = (b);\na"),
    ("((linux | take 1) | count)", "((linux | take 1) | count)"),
    ("t | where [\"not\"] == 1 and ['by'] == 2", "t | where [\"not\"] == 1 and [\"by\"] == 2"),
];

#[test]
fn questions_are_understood() {
    for (text, normal) in UNDERSTOOD {
        let query = parse(text).unwrap_or_else(|error| panic!("{text}: {error} at {}", error.span.start));
        assert_eq!(query.to_string(), *normal, "{text}");
        assert_eq!(parse(normal).as_ref(), Ok(&query), "the normal form of {text} means the same");
    }
}

use Reason::{Syntax, Unknown, Unsupported, Value};

/// Questions that are refused: place, reason, a part of the message, the hint.
const REFUSED: &[(&str, usize, Reason, &str, Option<&str>)] = &[
    ("", 0, Syntax, "the end is unexpected", Some("events")),
    ("linux |", 7, Syntax, "expected an operator", None),
    ("linux | wehre user == 'x'", 8, Unknown, "\"wehre\" is no operator", Some("where")),
    ("linux | sumarize count()", 8, Unknown, "no operator", Some("summarize")),
    (
        "linux | mv-apply x on (take 1)",
        8,
        Unsupported,
        "mv-apply is not supported",
        Some("mv-expand, then where or summarize"),
    ),
    (
        "linux | top-nested 3 of a by count()",
        8,
        Unsupported,
        "top-nested",
        Some("summarize n = count() by … | top 10 by n"),
    ),
    ("linux where user == 'x'", 6, Syntax, "expected '|' or the end", Some("| where")),
    ("linux ; drop table", 8, Syntax, "expected '|' or the end", None),
    (".show tables", 0, Unsupported, "commands of management", None),
    ("externaldata(a:string)['x']", 0, Unsupported, "externaldata", Some("datatable(a: string) [\"x\"]")),
    ("linux | where user = 'root'", 19, Syntax, "'=' compares nothing", Some("==")),
    ("linux | where user containz 'x'", 19, Syntax, "expected a comparison", Some("contains")),
    (
        "linux | where user like 'x'",
        19,
        Unsupported,
        "like is not supported",
        Some("matches regex, contains, startswith"),
    ),
    ("linux | where a == 1 AND b == 2", 21, Syntax, "\"AND\" is unexpected", Some("and")),
    ("linux | where user ==", 21, Syntax, "expected a name or a value", None),
    ("linux | where user == 'root", 22, Syntax, "not closed", Some("'")),
    (
        "linux | where user == 'C:\\W'",
        25,
        Syntax,
        "no escape",
        Some("write \\\\ for a backslash, or @\"…\" for a text without escapes"),
    ),
    ("linux | where src_ip == 192.0.2.1", 24, Syntax, "192.0.2.1 is no number", Some("\"192.0.2.1\"")),
    (
        "linux | where a == 7x",
        19,
        Syntax,
        "7x is no number",
        Some("units are d, h, m, s, ms, microsecond; texts stand in quotes"),
    ),
    ("linux | where (user == 'a'", 26, Syntax, "expected ')'", None),
    ("linux | where user == 'a')", 25, Syntax, "expected '|' or the end", None),
    ("linux | where user in 'a'", 22, Syntax, "expected '('", Some("in (\"a\", \"b\")")),
    ("linux | where user in ('a' 'b')", 27, Syntax, "expected ',' or ')'", None),
    (
        "linux | where time > datetime(yesterday)",
        30,
        Value,
        "is no time",
        Some("datetime(2026-01-31T23:59:59Z)"),
    ),
    ("linux | where a == 99999999999999999999", 19, Syntax, "no number", Some("\"99999999999999999999\"")),
    ("linux | where a == 9223372036854775808", 19, Value, "64 bits", None),
    (
        "linux | where a == null",
        19,
        Syntax,
        "null needs a kind",
        Some("long(null), or isnull(…) to test for it"),
    ),
    ("linux | where a == guid(1)", 19, Unsupported, "guid", Some("a text in quotes")),
    ("linux | join kind=leftinner u on a", 18, Unknown, "no kind of join", None),
    ("linux | join u on a == b", 20, Syntax, "'==' is unexpected", Some("on $left.a == $right.b")),
    ("linux | join u", 14, Syntax, "expected on", None),
    ("linux | sort user", 13, Syntax, "expected by", None),
    (
        "linux | sequence by user [a == 1]",
        33,
        Syntax,
        "at least two steps",
        Some("sequence by user maxspan=1h [code == \"LL03\"] [code == \"LL01\"]"),
    ),
    ("linux | parse a with 'x'", 24, Syntax, "a column to fill", Some("with \"user=\" user \" \" *")),
    ("union isfuzzy=true a, b", 14, Unsupported, "isfuzzy", None),
    ("union sec*", 6, Unsupported, "patterns of table names", Some("events for all marts")),
    (
        "let f = (x:long) { x }; linux",
        8,
        Unsupported,
        "functions of one's own",
        Some("let x = 5;, let T = …;"),
    ),
    ("let a = 5 linux", 10, Syntax, "';' after let", Some(";")),
    ("datatable(a:long, b:long)[1, 2, 3]", 33, Value, "3 values do not fill", None),
    ("datatable(a:longg)[1]", 12, Unknown, "no kind of values", Some("long")),
];

#[test]
fn what_is_not_understood_is_refused_with_its_place() {
    for (text, start, reason, message, hint) in REFUSED {
        let error = parse(text).expect_err(text);
        assert!(error.message.contains(message), "{text}: {}", error.message);
        let found = (error.span.start, error.reason, error.hint.as_deref());
        assert_eq!(found, (*start, *reason, *hint), "{text}: {}", error.message);
    }
}

#[test]
fn places_count_lines_and_characters() {
    let text = "linux\n| where user == \"Äsa\"\n| wher";
    let place = parse(text).unwrap_err().place(text);
    assert_eq!((place.offset, place.line, place.column), (31, 3, 3));
}

/// Law LIMIT.
#[test]
fn questions_beyond_the_limits_are_refused() {
    let is_limit = |text: &str| parse(text).is_err_and(|error| error.reason == Reason::Limit);
    assert!(is_limit(&format!("linux | where user == '{}'", "x".repeat(TEXT_BYTES_MAX))));
    let nested = |depth: usize| format!("linux | where {}a == 1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(NESTING_MAX - 1)).is_ok());
    assert!(is_limit(&nested(NESTING_MAX)));
    assert!(is_limit(&nested(1_000)));
    assert!(is_limit(&nested(30_000)));
    assert!(is_limit(&"(".repeat(60_000)));
    for part in ["not ", "- ", "+ ", "not(", "f(", "a[", "a in (", "x in (T | where "] {
        assert!(is_limit(&format!("linux | where {}a == 1", part.repeat(3_000))), "{part}");
    }
    // Without a bracket the tree is deep all the same.
    for part in ["a + ", "a * ", "a - a * "] {
        assert!(is_limit(&format!("linux | where {}a == 1", part.repeat(3_000))), "{part}");
    }
    assert!(is_limit(&format!("linux | where a{}", ".b".repeat(3_000))));
    assert!(is_limit(&format!("linux | extend a = dynamic({})", "[".repeat(3_000))));
    assert!(is_limit(&format!("linux | where a in ({}1)", "1,".repeat(LIST_VALUES_MAX))));
    assert!(is_limit(&format!("linux{}", "|count".repeat(OPERATORS_MAX + 1))));
    assert!(is_limit(&format!("union {}a", "a,".repeat(100))));
    assert!(is_limit(&format!("{}linux", "let a=1;".repeat(200))));
    assert!(parse(&format!("linux | where {}a", "a or ".repeat(2_000))).is_ok(), "wide is not deep");
}

/// A part nests, its operand is a chain, and so on: what is deep by both is as deep as their sum.
#[test]
fn chains_within_brackets_count_together() {
    let deep = |levels: usize| {
        let chain = format!("){}", " + a".repeat(20));
        format!("linux | where {}a{} == 1", "(".repeat(levels), chain.repeat(levels))
    };
    assert_eq!(parse(&deep(10)).unwrap_err().reason, Reason::Limit);
    assert!(parse(&deep(2)).is_ok());
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z_][a-z0-9_]{0,5}",
        1 => "(and|or|not|true|by|in|between|has|union|print|range|event|count|where|datetime|time|kind|with|on)",
        1 => "\\PC{0,6}",
    ]
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<bool>().prop_map(Literal::Bool),
        any::<i64>().prop_map(Literal::Long),
        any::<f64>().prop_filter("equal to itself", |number| !number.is_nan()).prop_map(Literal::Real),
        any::<String>().prop_map(Literal::String),
        (-1_000_000_000_000_000_000_i64..1_000_000_000_000_000_000).prop_map(Literal::TimeSpan),
        any::<i64>().prop_map(|micros| Literal::DateTime(sentra_model::Timestamp::from_micros(micros))),
        prop::sample::select(vec![Kind::Bool, Kind::Long, Kind::Real, Kind::DateTime, Kind::TimeSpan])
            .prop_map(Literal::Null),
        (any::<String>(), any::<i64>())
            .prop_map(|(text, number)| Literal::Dynamic(serde_json::json!({"a": [number, text], "b": null}))),
    ]
}

fn expression() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        literal().prop_map(|literal| ExprKind::Literal(literal).into()),
        name().prop_map(|name| ExprKind::Name(name).into()),
    ];
    let arithmetic = vec![
        Arithmetic::Add,
        Arithmetic::Subtract,
        Arithmetic::Multiply,
        Arithmetic::Divide,
        Arithmetic::Modulo,
    ];
    let mut comparisons = vec![
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::EqualCaseless,
        Comparison::NotEqualCaseless,
        Comparison::Less,
        Comparison::GreaterOrEqual,
        Comparison::MatchesRegex,
    ];
    for test in TextTest::ALL {
        comparisons.push(Comparison::Text { test, negated: true, cased: false });
        comparisons.push(Comparison::Text { test, negated: false, cased: true });
    }
    leaf.prop_recursive(5, 40, 4, move |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let many = prop::collection::vec(inner.clone(), 2..4);
        let arithmetic = prop::sample::select(arithmetic.clone());
        let comparison = prop::sample::select(comparisons.clone());
        let membership = prop::sample::select(Membership::ALL.to_vec());
        prop_oneof![
            (boxed.clone(), name()).prop_map(|(base, name)| ExprKind::Member(base, name)),
            (boxed.clone(), boxed.clone()).prop_map(|(base, index)| ExprKind::Index(base, index)),
            boxed.clone().prop_map(ExprKind::Negate),
            boxed.clone().prop_map(ExprKind::Not),
            many.clone().prop_map(ExprKind::And),
            many.clone().prop_map(ExprKind::Or),
            (arithmetic, boxed.clone(), boxed.clone()).prop_map(|(op, left, right)| ExprKind::Arithmetic {
                op,
                left,
                right
            }),
            (comparison, boxed.clone(), boxed.clone()).prop_map(|(op, left, right)| ExprKind::Compare {
                op,
                left,
                right
            }),
            (membership, boxed.clone(), many.clone()).prop_map(|(op, value, list)| ExprKind::In {
                op,
                value,
                set: Set::List(list)
            }),
            (any::<bool>(), boxed.clone(), boxed.clone(), boxed)
                .prop_map(|(negated, value, low, high)| ExprKind::Between { negated, value, low, high }),
            many.prop_map(|arguments| ExprKind::Call { function: Name::new("f"), arguments }),
        ]
        .prop_map(Expr::from)
    })
}

/// A valid question with some of its bytes changed.
fn mutated() -> impl Strategy<Value = String> {
    let texts: Vec<&str> = UNDERSTOOD.iter().map(|(text, _)| *text).collect();
    let piece = prop_oneof![
        "[ |()\\[\\]\"'@`\\\\a-z0-9_.,=!~<>/é*:$;-]{0,4}",
        prop::sample::select(vec![
            "| where ",
            "by ",
            "not(",
            "1h",
            "dynamic(",
            "union ",
            "datetime(",
            "in~ ("
        ])
        .prop_map(str::to_owned),
        prop::sample::select(texts.clone()).prop_map(str::to_owned),
    ];
    let change = (any::<prop::sample::Index>(), 0_usize..6, piece);
    (prop::sample::select(texts), prop::collection::vec(change, 0..4)).prop_map(|(text, changes)| {
        let mut letters: Vec<char> = text.chars().collect();
        for (place, removed, piece) in changes {
            let start = place.index(letters.len() + 1);
            let end = (start + removed).min(letters.len());
            letters.splice(start..end, piece.chars());
        }
        letters.into_iter().collect()
    })
}

/// Two texts of one question may differ in a way that no tree shows: a bare name, a number that is not one.
fn is_same(text: &str) -> Result<(), TestCaseError> {
    match parse(text) {
        Err(error) => {
            prop_assert!(text.is_char_boundary(error.span.start), "{}", text);
            prop_assert!(
                error.span.start <= error.span.end && error.span.end <= text.len(),
                "{} {:?}",
                text,
                error
            );
        }
        Ok(query) => {
            let printed = query.to_string();
            let again = parse(&printed);
            // NaN is not equal to itself, its text is.
            if !printed.contains("nan") {
                prop_assert_eq!(again.as_ref(), Ok(&query), "{} -> {}", text, &printed);
            }
            prop_assert_eq!(again.map(|query| query.to_string()), Ok(printed));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    /// Whatever is written, the answer is a question that prints as itself, or an error within the text.
    #[test]
    fn no_bytes_break_the_parser(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        is_same(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn no_change_breaks_the_parser(text in mutated()) {
        is_same(&text)?;
        let _ = crate::parse_shorthand(&text, "events").map(|query| query.to_string());
    }

    #[test]
    fn any_expression_survives_its_text(expr in expression()) {
        let query = Query::from(Pipeline::table("t").then(Operator::Where(expr)));
        let printed = query.to_string();
        let again = parse(&printed).map(|query| query.to_string());
        prop_assert_eq!(again.as_ref(), Ok(&printed));
        prop_assert!(parse(&printed) == Ok(query), "{}", printed);
    }

    /// What the search bar understands is KQL when it is shown.
    #[test]
    fn the_search_bar_prints_as_kql(text in "([a-z]{1,3}:)?[-a-z0-9*.\"/:<>()]{1,6}( (or|and|not) [a-z]:[a-z0-9*.]{1,4})*") {
        if let Ok(query) = crate::parse_shorthand(&text, "events") {
            let printed = query.to_string();
            prop_assert_eq!(parse(&printed), Ok(query), "{} -> {}", text, printed);
        }
    }
}
