use super::*;
use crate::parse;

/// What is written, and the KQL that it stands for.
const UNDERSTOOD: [(&str, &str); 37] = [
    ("", "events"),
    ("failed", r#"events | where * has "failed""#),
    ("\"failed password\"", r#"events | where * has "failed password""#),
    ("fail*", r#"events | where * hasprefix "fail""#),
    ("*fail*", r#"events | where * contains "fail""#),
    ("user:root", r#"events | where user =~ "root""#),
    ("user:\"a b\"", r#"events | where user =~ "a b""#),
    ("user:adm*", r#"events | where user startswith "adm""#),
    ("user:*adm", r#"events | where user endswith "adm""#),
    ("user:*adm*", r#"events | where user contains "adm""#),
    ("user:a*b", r#"events | where user matches regex "(?is)^a.*b$""#),
    ("user:/^adm\\/x/", r#"events | where user matches regex "^adm/x""#),
    ("user:*", "events | where isnotempty(user)"),
    ("-user:*", "events | where not(isnotempty(user))"),
    ("src_ip:10.0.0.0/8", r#"events | where ipv4_is_in_range(src_ip, "10.0.0.0/8")"#),
    ("src_ip:2001:db8::/32", r#"events | where ipv6_is_in_range(src_ip, "2001:db8::/32")"#),
    ("src_ip:10.1.2.3", r#"events | where src_ip =~ "10.1.2.3""#),
    ("file:/etc/passwd", r#"events | where file =~ "/etc/passwd""#),
    ("dst_port:22", "events | where dst_port == 22"),
    ("pid:007", r#"events | where pid =~ "007""#),
    ("bytes:>1000", "events | where bytes > 1000"),
    ("bytes:<=1.5", "events | where bytes <= 1.5"),
    ("time:>-1h", "events | where time > ago(1h)"),
    ("time:>=2026-01-02", "events | where time >= datetime(2026-01-02)"),
    ("dst_port:1..1024", "events | where dst_port between (1 .. 1024)"),
    ("a:1 b:2", "events | where a == 1 and b == 2"),
    ("a:1 OR b:2 c:3", "events | where a == 1 or b == 2 and c == 3"),
    ("(a:1 or b:2) c:3", "events | where (a == 1 or b == 2) and c == 3"),
    ("a:1 and not b:2", "events | where a == 1 and not(b == 2)"),
    ("a:1 -(b:2 c:3)", "events | where a == 1 and not(b == 2 and c == 3)"),
    ("user:(root or adm*)", r#"events | where user =~ "root" or user startswith "adm""#),
    ("-user:(a b)", r#"events | where not(user =~ "a" and user =~ "b")"#),
    ("fields.x:1 a.b:2", "events | where fields.x == 1 and a.b == 2"),
    ("[\"odd name\"]:x", r#"events | where ["odd name"] =~ "x""#),
    ("2001:db8::1 fe80::2", r#"events | where * has "2001:db8::1" and * has "fe80::2""#),
    ("http://x/y", r#"events | where * has "http://x/y""#),
    (
        "user:root \"a|b\" | summarize count() by host | top 5 by count_",
        r#"events | where user =~ "root" and * has "a|b" | summarize count() by host | top 5 by count_"#,
    ),
];

#[test]
fn the_shorthand_is_a_where() {
    for (text, kql) in UNDERSTOOD {
        let query = parse_shorthand(text, "events").unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(Ok(query), parse(kql), "{text}");
    }
}

#[test]
fn what_is_not_understood_is_refused_with_its_place() {
    let cases = [
        ("user:", 5, "expected a value"),
        ("a:1 (b:2", 8, "expected ')'"),
        ("a:1 )", 4, "')' is unexpected"),
        ("\"open", 0, "not closed"),
        ("port:[1 TO 5]", 5, "ranges in brackets"),
        ("a:1 or", 6, "expected a word"),
        ("a:1 | wher x", 6, "no operator"),
    ];
    for (text, start, message) in cases {
        let error = parse_shorthand(text, "events").expect_err(text);
        assert!(error.message.contains(message), "{text}: {error}");
        assert_eq!(error.span.start, start, "{text}: {error}");
    }
    let nested = "(".repeat(5_000);
    assert_eq!(parse_shorthand(&nested, "events").unwrap_err().reason, Reason::Limit);
    assert_eq!(parse_shorthand(&"-".repeat(5_000), "events").unwrap_err().reason, Reason::Limit);
}
