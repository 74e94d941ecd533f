use super::*;

fn text(text: &str) -> Value {
    text.into()
}

#[test]
fn zero_is_what_is_empty() {
    let zeros =
        [Value::Null, text(""), Value::Int(0), Value::Float(-0.0), Value::List(vec![text(""), Value::Null])];
    let others = [
        text("0"),
        text(" "),
        Value::Bool(false),
        Value::Int(-1),
        Value::Float(0.1),
        Value::list([Value::Int(1)]),
    ];
    for value in zeros {
        assert!(value.is_zero(), "{value:?}");
    }
    for value in others {
        assert!(!value.is_zero(), "{value:?}");
    }
}

#[test]
fn what_is_missing_is_the_zero_of_the_other_side() {
    for (value, same) in [
        (text(""), true),
        (text("a"), false),
        (Value::Int(0), true),
        (Value::Int(1), false),
        (Value::Float(0.0), true),
        (Value::Bool(false), true),
        (Value::Bool(true), false),
        (Value::Null, true),
        (Value::List(Vec::new()), true),
    ] {
        assert_eq!(value.equals(&Value::Null, false), same, "{value:?}");
        assert_eq!(Value::Null.equals(&value, false), same, "{value:?}");
    }
    assert_eq!(Value::Null.compare(&Value::Int(-1), false), Some(Ordering::Greater));
    assert_eq!(text("a").compare(&Value::Null, false), Some(Ordering::Greater));
}

#[test]
fn values_compare_by_what_they_are() {
    use Ordering::{Equal, Greater, Less};
    for (left, right, expected) in [
        (text("a"), text("b"), Some(Less)),
        (text("a"), text("B"), Some(Greater)),
        (text("10"), text("9"), Some(Less)),
        (text("10"), Value::Int(9), Some(Greater)),
        (Value::Int(10), text(" 10.0 "), Some(Equal)),
        (text("0x10"), Value::Int(16), Some(Equal)),
        (text("ten"), Value::Int(10), None),
        (text("inf"), Value::Float(1.0), None),
        (Value::Int(i64::MAX), Value::Float(9_223_372_036_854_775_807.0), Some(Less)),
        (Value::Int(i64::MIN), Value::Float(-9_223_372_036_854_775_808.0), Some(Equal)),
        (Value::Int(9_007_199_254_740_993), Value::Float(9_007_199_254_740_992.0), Some(Greater)),
        (Value::Int(1), Value::Float(1.5), Some(Less)),
        (Value::Int(-1), Value::Float(-1.5), Some(Greater)),
        (Value::Int(0), Value::Float(-0.0), Some(Equal)),
        (Value::Int(5), Value::Float(1e300), Some(Less)),
        (Value::Bool(true), text("TRUE"), Some(Equal)),
        (text("no"), Value::Bool(true), None),
        (Value::Bool(true), Value::Int(1), None),
        (text("ab"), Value::Bytes(Arc::from(b"ab".as_slice())), Some(Equal)),
        (Value::List(Vec::new()), text(""), None),
    ] {
        assert_eq!(left.compare(&right, false), expected, "{left:?} {right:?}");
        assert_eq!(right.compare(&left, false), expected.map(Ordering::reverse), "{right:?} {left:?}");
    }
    assert!(text("ÄB").equals(&text("äb"), true) && !text("ÄB").equals(&text("äb"), false));
    assert!(Value::list([text("A"), Value::Int(1)]).equals(&Value::list([text("a"), text("1")]), true));
    assert!(!Value::list([text("a")]).equals(&Value::list([text("a"), text("b")]), false));
}

#[test]
fn conversions() {
    for (value, int, float, bool) in [
        (text("12"), Some(12), Some(12.0), None),
        (text("-1.9"), Some(-1), Some(-1.9), None),
        (text("9223372036854775808"), None, Some(9_223_372_036_854_775_808.0), None),
        (text("1e999"), None, None, None),
        (text("True"), None, None, Some(true)),
        (text(""), None, None, None),
        (Value::Float(-9.3e18), None, Some(-9.3e18), Some(true)),
        (Value::Bool(true), Some(1), Some(1.0), Some(true)),
        (Value::Null, None, None, None),
        (Value::list([Value::Int(1)]), None, None, None),
    ] {
        assert_eq!((value.to_int(), value.to_float(), value.to_bool()), (int, float, bool), "{value:?}");
    }
    assert_eq!(Value::from(f64::NAN).kind(), Kind::Any);
    assert_eq!(Value::from(f64::INFINITY), Value::Null);
    assert_eq!(Value::list([Value::Int(1), Value::list([text("a"), Value::Null])]).to_string(), "[1, a, ]");
    assert_eq!((Value::Float(2.0).to_text(), Value::Float(0.1).to_text()), ("2".into(), "0.1".into()));
    let longer = Value::list(vec![Value::Int(1); LIST_VALUES_MAX + 5]);
    assert!(matches!(longer, Value::List(values) if values.len() == LIST_VALUES_MAX));
}
