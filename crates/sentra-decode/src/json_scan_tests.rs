use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::flatten;

/// What the library says, without the short way.
fn library(text: &str) -> Option<Vec<Field<'_>>> {
    flatten::read(text, false).ok().map(|flat| flat.fields)
}

fn assert_agrees(text: &str) -> bool {
    let mut hints = Hints::default();
    let found = fields(text, &mut hints);
    if let Some(found) = &found {
        assert_eq!(format!("{hints:?}"), format!("{:?}", Hints::of(found)), "{text}");
        // Again, when the names are known.
        assert_eq!(format!("{found:?}"), format!("{:?}", fields(text, &mut Hints::default()).expect("read")));
        let expected = library(text).unwrap_or_else(|| panic!("only the short way reads {text}"));
        // By their text: it tells -0.0 from 0.0.
        assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{text}");
    }
    found.is_some()
}

#[test]
fn what_it_reads_and_what_it_leaves() {
    let cases = [
        (r#"{}"#, true),
        (r#" { "a" : 1 , "b":[ ], "c":{ } } "#, true),
        (r#"{"a":"x","b":{"c":[1,-2,{"d":"e"},[3]],"f":null},"g":true,"h":false}"#, true),
        (r#"{"a":"q\"b\\s\/n\nt\tr\rb\bf\fu\u00e4\u20ac"}"#, true),
        (r#"{"b\u0061\"":1}"#, false),
        (r#"{"a":"ä€😀 and more than eight bytes","ä":"😀"}"#, true),
        (r#"{"a":1.5,"b":-0.25,"c":1e3,"d":1E-7,"e":0,"f":0.1,"g":1772272800.123456}"#, true),
        (r#"{"a":123456789012345678,"b":-123456789012345678}"#, true),
        (r#"{"a":1,"a":2}"#, true),
        (r#"{"a":1234567890123456789,"b":-9223372036854775808,"c":9223372036854775807}"#, true),
        (r#"{"a":9223372036854775808}"#, false),
        (r#"{"a":-9223372036854775809}"#, false),
        (r#"{"a":"\ud83d\ude00"}"#, false),
        (r#"{"a":"\ud83d"}"#, false),
        (r#"{"a":-0}"#, false),
        (r#"{"a":01}"#, false),
        (r#"{"a":1.}"#, false),
        (r#"{"a":.5}"#, false),
        (r#"{"a":+1}"#, false),
        (r#"{"a":1e999}"#, false),
        (r#"{"a":1,}"#, false),
        (r#"{"a":[1,]}"#, false),
        (r#"{"a" 1}"#, false),
        (r#"{"a":tru}"#, false),
        (r#"{"a":1} x"#, false),
        (r#"{"a":"x"#, false),
        ("{\"a\":\"tab\there\"}", false),
        ("{\"a\":\"eight bytes and a\nline end\"}", false),
        (r#"{"a":"\x"}"#, false),
        (r#"["a"]"#, false),
        ("", false),
    ];
    for (text, is_read) in cases {
        assert_eq!(assert_agrees(text), is_read, "{text}");
    }
    let nested = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    assert!(assert_agrees(&nested(FIELD_DEPTH_MAX)));
    assert!(!assert_agrees(&nested(FIELD_DEPTH_MAX + 1)));
    let many = |count: usize| format!("{{\"a\":[{}1]}}", "1,".repeat(count - 1));
    assert!(assert_agrees(&many(FIELDS_MAX)));
    assert!(!assert_agrees(&many(FIELDS_MAX + 1)));
    let long = |bytes: usize| format!("{{\"{}\":1}}", "n".repeat(bytes));
    assert!(assert_agrees(&long(NAME_BYTES_MAX)));
    assert!(!assert_agrees(&long(NAME_BYTES_MAX + 1)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn on_pieces_of_json_it_agrees_with_the_library(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "[", "]", ":", ",", "\"", "\"a\":", "\"b\":{\"c\":", "1", "-", "0", ".5", "e9", "12345678",
                "true", "null", "\\", "\\n", "\\u0041", "\\ud800", " ", "\t", "x", "text of some length", "\u{e4}",
                "\"s\"", "\u{1}",
            ]),
            0..24,
        ),
    ) {
        assert_agrees(&pieces.concat());
        assert_agrees(&format!("{{\"a\":{}}}", pieces.concat()));
        assert_agrees(&format!("{{\"a\":\"{}\"}}", pieces.concat()));
    }

    #[test]
    fn on_whole_documents_it_agrees_with_the_library(
        documents in prop::collection::vec(document(), 1..6), is_pretty in any::<bool>(),
    ) {
        // One after the other on one thread, so that names are guessed, rightly and wrongly.
        for document in documents {
            let text = match is_pretty {
                true => serde_json::to_string_pretty(&document),
                false => serde_json::to_string(&document),
            };
            let text = text.expect("a document is written");
            prop_assert!(assert_agrees(&text), "left to the library: {text}");
        }
    }
}

/// Objects as logs have them, of few names, so that documents share them.
fn document() -> impl Strategy<Value = Value> {
    let text =
        || prop_oneof!["[ -~]{0,70}", "[a-z\u{e4}\u{20ac}\u{1f600}\"\\\\\n\t/]{0,40}", Just("-".to_owned())];
    let number =
        || prop_oneof![any::<i64>().prop_map(Value::from), (-9_999..9_999_i64).prop_map(Value::from)];
    let leaf = prop_oneof![
        4 => text().prop_map(Value::from),
        2 => number(),
        1 => (-1e9..1e9_f64).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let name = || {
        prop::sample::select(vec![
            "a",
            "b",
            "user",
            "name",
            "user.name",
            "timestamp",
            "event",
            "action",
            "message",
            "sixteen bytes lo",
            "a name that is longer than one step",
            "",
            "\u{e4}",
            "EventID",
            "source",
        ])
    };
    let object = move |value| {
        let members = prop::collection::vec((name(), value), 0..6);
        members
            .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    };
    let value = leaf.prop_recursive(4, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            object(inner).prop_map(Value::Object),
        ]
    });
    object(value.boxed()).prop_map(Value::Object)
}
