//! Arguments that nobody expects: no panic, and nothing without bounds.

use proptest::prelude::*;

use super::*;
use crate::yaral::value::LIST_VALUES_MAX;

fn any_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Int),
        prop_oneof![Just(0), Just(1), Just(-1), Just(i64::MAX), Just(i64::MIN), Just(1_708_598_631)]
            .prop_map(Value::Int),
        any::<f64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::Bool),
        ".{0,20}".prop_map(Value::from),
        // Pieces that mean something to one of the functions.
        prop::sample::select(vec![
            "",
            "(",
            "[",
            "\\",
            "\\Q",
            "a{",
            "(a)(b)",
            "(?i)x|",
            "[[:",
            "[^",
            "\\p{",
            "%",
            "%F",
            "%T%",
            "%+",
            "%:::z",
            "%9f",
            "%4",
            "%E4",
            "://",
            "//[",
            "@:",
            "a.b",
            ".",
            "..",
            "x.co.uk",
            "2026-03-19 05:17:00",
            "9999-12-31T23:59:59Z",
            "+99:99",
            "-1:",
            "+",
            "UTC",
            "Europe/Berlin",
            "DAY",
            "WEEK",
            "192.0.2.0/24",
            "::/0",
            "1e999",
            "0x",
            "-0",
            "nan",
            "ß",
            "İ",
            "\u{0}",
            "\u{10ffff}",
            "dGVz",
            "====",
            "false",
            "\\9\\",
            "${x}",
        ])
        .prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(|bytes| Value::Bytes(bytes.into())),
    ];
    scalar.prop_recursive(2, 12, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Value::list))
}

/// That a value is finite and within what a function may make of `longest` bytes.
fn check_bounds(function: &Function, value: &Value) {
    match value {
        Value::Text(text) => assert!(text.len() <= TEXT_BYTES_MAX, "{}", function.name),
        Value::Float(float) => assert!(float.is_finite(), "{} gives {float}", function.name),
        Value::List(values) => {
            assert!(values.len() <= LIST_VALUES_MAX, "{}", function.name);
            for value in values {
                assert!(!value.is_list(), "{} nests lists", function.name);
                check_bounds(function, value);
            }
        }
        Value::Null | Value::Int(_) | Value::Bool(_) | Value::Bytes(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_arguments_have_a_result(
        values in prop::collection::vec(any_value(), 0..6),
        known in any::<u8>(),
        nocase in any::<bool>(),
    ) {
        for function in all() {
            let literals: Vec<Option<Value>> = values
                .iter()
                .enumerate()
                .map(|(index, value)| (known >> index & 1 == 1).then(|| value.clone()))
                .collect();
            // Called with too few and too many as well: it must not depend on having been checked.
            let value = (function.call)(&values);
            check_bounds(function, &value);
            let Ok(prepared) = function.prepare(&literals, nocase) else { continue };
            let mut arguments = values.clone();
            if function.needs_time {
                arguments.push(Value::Int(7));
            }
            let first = prepared.call(&arguments);
            check_bounds(function, &first);
            prop_assert_eq!(&prepared.call(&arguments), &first, "{} is not the same twice", function.name);
            prop_assert!(
                function.returns.takes(first.kind()),
                "{} gives {:?} for {:?}", function.name, first, arguments
            );
        }
    }

    #[test]
    fn values_have_one_order(left in any_value(), middle in any_value(), right in any_value()) {
        use std::hash::BuildHasher;
        let mut values = [&left, &middle, &right];
        values.sort();
        prop_assert!(values[0] <= values[2], "{:?}", values);
        prop_assert_eq!(left.cmp(&middle), middle.cmp(&left).reverse());
        if left == middle {
            let hasher = std::hash::RandomState::new();
            prop_assert_eq!(hasher.hash_one(&left), hasher.hash_one(&middle));
        }
        prop_assert_eq!(left.equals(&middle, true), middle.equals(&left, true));
        prop_assert_eq!(left.compare(&middle, false), middle.compare(&left, false).map(std::cmp::Ordering::reverse));
        prop_assert!(left.equals(&left, false), "{:?}", left);
    }

    #[test]
    fn re2_never_panics(pattern in r"[\[\]\\{}()^$*+?.|a-cQEbdwxp0-9:&~,<>-]{0,24}", text in "[a-c0-9 \n{}é]{0,12}") {
        if let Ok(regex) = re::compile(&pattern, false) {
            let _ = regex.is_match(&text);
        }
    }
}

#[test]
fn long_texts_stay_within_their_limits() {
    let long = Value::from("aİ".repeat(TEXT_BYTES_MAX / 3));
    let call = |name: &str, arguments: &[Value]| {
        let function = lookup(name).unwrap();
        let value = (function.call)(arguments);
        check_bounds(function, &value);
        value
    };
    assert_eq!(
        call("strings.concat", &[long.clone(), long.clone(), long.clone()]).to_text().len(),
        TEXT_BYTES_MAX
    );
    call("strings.to_lower", std::slice::from_ref(&long));
    call("strings.base64_decode", std::slice::from_ref(&long));
    call("bytes.to_base64", std::slice::from_ref(&long));
    call("arrays.join_string", &[Value::List(vec![long.clone(); 5]), ",".into()]);
    let Value::List(pieces) = call("strings.split", &[long.clone(), "".into()]) else { panic!() };
    assert_eq!(pieces.len(), LIST_VALUES_MAX);
    let Value::List(found) = call("re.capture_all", &[long.clone(), "a".into()]) else { panic!() };
    assert_eq!(found.len(), LIST_VALUES_MAX);
    let replacement = Value::from("x".repeat(1 << 20));
    let replaced = call("re.replace", &[Value::from("a".repeat(1000)), "a".into(), replacement]);
    assert_eq!(replaced.to_text().len(), TEXT_BYTES_MAX);
    let list = Value::list(vec![Value::Int(1); LIST_VALUES_MAX]);
    assert_eq!(call("arrays.size", &[call("arrays.concat", &[list.clone(), list])]), Value::Int(10_000));
}

#[test]
fn patterns_of_events_are_kept_small() {
    let function = lookup("re.regex").unwrap();
    let long = "a".repeat(2000);
    let arguments = [Value::from(long.as_str()), Value::from(long.as_str())];
    assert_eq!((function.call)(&arguments), Value::Bool(false), "a pattern of an event is not that long");
    let known = function.prepare(&[None, Some(long.as_str().into())], false).unwrap();
    assert_eq!(known.call(&arguments), Value::Bool(true), "one of a rule may be");
    let large = [Value::from("aaa"), Value::from("(a{500}){500}|a")];
    assert_eq!((function.call)(&large), Value::Bool(false));
}

#[test]
fn a_deep_pattern_is_an_error() {
    let pattern = format!("{}a{}", "(".repeat(10_000), ")".repeat(10_000));
    let error = lookup("re.regex").unwrap().prepare(&[None, Some(pattern.into())], false).unwrap_err();
    assert!(error.contains("not a usable regular expression"), "{}", &error[error.len() - 200..]);
}
