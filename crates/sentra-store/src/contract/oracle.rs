//! Questions with answers worked out from the sketches alone, without the code under test.

use super::fixture::{Sketch, at, sketch};
use crate::{CompareOp, Literal, Predicate};

pub(crate) type Meets = fn(u64, &Sketch) -> bool;

fn compare(field: &str, op: CompareOp, value: Literal) -> Predicate {
    Predicate::Compare { field: field.into(), op, value }
}

fn text(value: &str) -> Literal {
    Literal::Text(value.into())
}

fn field<'a>(sketch: &'a Sketch, name: &str) -> Vec<&'a str> {
    sketch.fields.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
}

/// Predicates over the header, and which events meet them.
pub(crate) fn header_cases() -> Vec<(Predicate, Meets)> {
    use CompareOp::{Eq, EqCaseless, Ge, Gt, Le, Lt, Ne, NeCaseless};
    let list = |values: &[&str], caseless| Predicate::OneOf {
        field: "user".into(),
        values: values.iter().map(|value| text(value)).collect(),
        caseless,
    };
    vec![
        (compare("user", Eq, text("root")), |_, s| s.user == "root"),
        (compare("user", Ne, text("root")), |_, s| s.user != "root"),
        (compare("user", EqCaseless, text("Root")), |_, s| s.user.eq_ignore_ascii_case("root")),
        (compare("user", EqCaseless, text("äSA")), |_, s| s.user == "Äsa"),
        (compare("user", NeCaseless, text("ROOT")), |_, s| !s.user.eq_ignore_ascii_case("root")),
        (compare("user", Lt, text("root")), |_, s| !s.user.is_empty() && s.user.as_str() < "root"),
        (compare("user", Ge, text("root")), |_, s| s.user.as_str() >= "root"),
        (list(&["root", "svc-backup"], false), |_, s| s.user == "root" || s.user == "svc-backup"),
        (list(&["rOOT"], true), |_, s| s.user.eq_ignore_ascii_case("root")),
        (list(&[], false), |_, _| false),
        (compare("user", Eq, text("' or true --")), |_, _| false),
        (compare("dst_port", Eq, Literal::Integer(22)), |_, s| s.dst_port == 22),
        (compare("dst_port", Ne, Literal::Integer(22)), |_, s| s.dst_port != 22),
        (compare("dst_port", Lt, Literal::Integer(70_000)), |_, s| s.dst_port != 0),
        (compare("dst_port", Gt, Literal::Float(22.5)), |_, s| s.dst_port > 22),
        (compare("severity", Ge, text("high")), |offset, _| offset % 6 >= 4),
        (compare("count", Le, Literal::Integer(2)), |offset, _| offset % 3 < 2),
        (compare("source_position", Gt, Literal::Integer(50)), |offset, _| offset + 1 > 50),
        (compare("time", Ge, Literal::Time(at(600))), |_, s| s.seconds >= 600),
        (compare("time", Eq, Literal::Time(at(61))), |_, s| s.seconds == 61),
        (compare("seen", Lt, Literal::Time(at(5_000))), |_, _| false),
        (compare("id", Eq, text("raw.0.41")), |offset, _| offset == 41),
        (compare("id", Ne, text("raw.0.41")), |offset, _| offset != 41),
        (compare("id", Eq, text("dead.0.41")), |_, _| false),
        (Predicate::Exists { field: "user".into() }, |_, s| !s.user.is_empty()),
        (Predicate::Exists { field: "dst_port".into() }, |_, s| s.dst_port != 0),
    ]
}

/// Predicates over texts, source fields and combinations.
pub(crate) fn other_cases() -> Vec<(Predicate, Meets)> {
    use CompareOp::{Eq, Ge, Gt, Lt, Ne};
    let both: fn(&str, &str) -> (String, String) = |field, text| (field.into(), text.into());
    let contains = |name, value| {
        let (field, text) = both(name, value);
        Predicate::Contains { field, text }
    };
    let not = |predicate| Predicate::Not(Box::new(predicate));
    let (raw_r, prefix, suffix, word, part) = (
        contains("raw", "R"),
        both("src_ip", "192.0.2.1"),
        both("src_ip", ".1"),
        both("message", "USER"),
        both("message", "use"),
    );
    vec![
        (contains("message", "FAILED pass"), |_, s| !s.message.is_empty()),
        (not(contains("message", "failed")), |_, s| s.message.is_empty()),
        (contains("user", "ÄS"), |_, s| s.user == "Äsa"),
        (raw_r, |_, _| true),
        (contains("raw", "line 1"), |offset, _| offset % 6 != 5 && offset.to_string().starts_with('1')),
        (Predicate::StartsWith { field: prefix.0, text: prefix.1 }, |_, s| s.src_ip.starts_with("192.0.2.1")),
        (Predicate::EndsWith { field: suffix.0, text: suffix.1 }, |_, s| s.src_ip.ends_with(".1")),
        (Predicate::Has { field: word.0, text: word.1 }, |_, s| !s.message.is_empty()),
        (Predicate::Has { field: part.0, text: part.1 }, |_, _| false),
        (compare("EventID", Eq, text("4625")), |offset, _| offset % 3 == 1),
        (compare("EventID", Gt, Literal::Integer(4_624)), |offset, _| offset % 3 > 0),
        (compare("EventID", Lt, Literal::Float(4_624.5)), |offset, _| offset % 3 == 0),
        (compare("EventID", Ge, Literal::Bool(true)), |_, _| false),
        (compare("tag", Eq, text("n4")), |_, s| field(s, "tag").contains(&"n4")),
        (compare("tag", Ne, text("n4")), |_, s| !field(s, "tag").contains(&"n4")),
        (contains("tag", "N"), |_, s| !field(s, "tag").is_empty()),
        (Predicate::Exists { field: "empty".into() }, |_, _| false),
        (compare("empty", Eq, text("")), |_, s| !field(s, "empty").is_empty()),
        (compare("fields.user", Eq, text("shadowed")), |_, s| !field(s, "user").is_empty()),
        (compare("absent", Ne, text("x")), |_, _| true),
        (not(not(compare("absent", Eq, text("x")))), |_, _| false),
        (Predicate::And(vec![]), |_, _| true),
        (not(Predicate::And(vec![])), |_, _| false),
        (Predicate::Or(vec![]), |_, _| false),
        (
            not(Predicate::Or(vec![
                Predicate::equals("user", "root"),
                compare("dst_port", Gt, Literal::Integer(22)),
                not(contains("message", "password")),
            ])),
            |_, s| s.user != "root" && s.dst_port <= 22 && !s.message.is_empty(),
        ),
        (
            Predicate::And(vec![
                not(Predicate::And(vec![Predicate::equals("user", "root"), contains("tag", "first")])),
                compare("time", Lt, Literal::Time(at(500))),
            ]),
            |_, s| (s.user != "root" || field(s, "tag").is_empty()) && s.seconds < 500,
        ),
    ]
}

/// The offsets below `end` that meet `meets`, newest event first, then by offset downwards.
pub(crate) fn expected(end: u64, meets: Meets) -> Vec<u64> {
    let mut found: Vec<(i64, u64)> = (0..end)
        .filter_map(|offset| {
            let sketch = sketch(offset);
            meets(offset, &sketch).then_some((sketch.seconds, offset))
        })
        .collect();
    found.sort_unstable_by_key(|key| std::cmp::Reverse(*key));
    found.into_iter().map(|(_, offset)| offset).collect()
}
