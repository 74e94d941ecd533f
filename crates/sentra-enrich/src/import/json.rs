//! JSON: an array of objects, an object that holds one (`{"value": […]}`, `{"Resources": […]}`), one object, or one
//! object per line. Nested values get the names of their parents before their own.

use serde::Deserializer as _;
use serde::de::{SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{ROWS_MAX, Row, Sink};
use crate::problem::Problems;

/// Law LIMIT: how deep objects in objects are looked into.
const DEPTH_MAX: usize = 8;
/// Names under which services hand out their lists.
const LISTS: [&str; 9] =
    ["value", "resources", "users", "items", "data", "results", "records", "computers", "hosts"];

pub(super) fn rows(bytes: &[u8], sink: &mut Sink<'_>, problems: &mut Problems) {
    let Some(first) = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) else {
        problems.tell(0, "the file is empty");
        return;
    };
    if *first == b'[' {
        return of_array(bytes, bytes, sink, problems);
    }
    match serde_json::from_slice::<&RawValue>(bytes) {
        Ok(whole) => of_document(whole, bytes, sink, problems),
        Err(_) => of_lines(bytes, sink, problems),
    }
}

/// One object: a list's wrapper, or the only row.
fn of_document(whole: &RawValue, bytes: &[u8], sink: &mut Sink<'_>, problems: &mut Problems) {
    type Members<'a> = std::collections::BTreeMap<std::borrow::Cow<'a, str>, &'a RawValue>;
    let Ok(members) = serde_json::from_str::<Members<'_>>(whole.get()) else {
        problems.tell(1, "not an object: write an array of objects, or one object per line");
        return;
    };
    let list = members.iter().find(|(name, value)| {
        LISTS.contains(&crate::fold::fold_column(name).as_str()) && value.get().starts_with('[')
    });
    match list {
        Some((_, list)) => of_array(list.get().as_bytes(), bytes, sink, problems),
        None => take(whole.get(), 1, sink, problems),
    }
}

fn of_lines(bytes: &[u8], sink: &mut Sink<'_>, problems: &mut Problems) {
    for (line, text) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let text = text.trim_ascii();
        if text.is_empty() {
            continue;
        }
        if !sink.has_room(problems) {
            break;
        }
        match std::str::from_utf8(text) {
            Ok(text) => take(text, line, sink, problems),
            Err(_) => problems.tell(line, "not utf-8"),
        }
    }
}

/// The elements of the array `list`, which lies within `bytes`; those before a break are used.
fn of_array(list: &[u8], bytes: &[u8], sink: &mut Sink<'_>, problems: &mut Problems) {
    let mut elements = Elements::default();
    let mut reader = serde_json::Deserializer::from_slice(list);
    if let Err(error) = reader.deserialize_seq(&mut elements) {
        let line = u64::try_from(error.line()).unwrap_or_default();
        problems.tell(line, format!("not json: {error}; entries before it are used"));
    }
    let (mut line, mut counted) = (1, 0);
    for element in elements.list {
        if !sink.has_room(problems) {
            break;
        }
        let at = (element.get().as_ptr() as usize).saturating_sub(bytes.as_ptr() as usize);
        line += memchr::memchr_iter(b'\n', bytes.get(counted..at).unwrap_or_default()).count() as u64;
        counted = at.max(counted);
        take(element.get(), line, sink, problems);
    }
}

#[derive(Default)]
struct Elements<'a> {
    list: Vec<&'a RawValue>,
}

impl<'de> Visitor<'de> for &mut Elements<'de> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<&RawValue>()? {
            if self.list.len() <= ROWS_MAX {
                self.list.push(element);
            }
        }
        Ok(())
    }
}

fn take(text: &str, line: u64, sink: &mut Sink<'_>, problems: &mut Problems) {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(members)) => {
            let mut row = Row::new(line);
            for (name, value) in &members {
                flatten(name, value, DEPTH_MAX, &mut row, problems);
            }
            sink.put(&row, problems);
        }
        Ok(_) => problems.tell(line, "not an object"),
        Err(error) => problems.tell(line, format!("not json: {error}")),
    }
}

fn flatten(name: &str, value: &Value, depth: usize, row: &mut Row, problems: &mut Problems) {
    match value {
        Value::Null => {}
        Value::Bool(truth) => row.push(name, if *truth { "true" } else { "false" }, problems),
        Value::Number(number) => row.push(name, &number.to_string(), problems),
        Value::String(text) => row.push(name, text, problems),
        _ if depth == 0 => problems.tell(row.line, format!("objects are nested deeper than {DEPTH_MAX}")),
        Value::Array(list) => {
            for element in list {
                flatten(name, element, depth - 1, row, problems);
            }
        }
        Value::Object(members) => {
            // The name of a SCIM extension is an address, not a part of its attributes' names.
            let parent = if name.starts_with("urn:") { "" } else { name };
            for (member, inner) in members {
                flatten(&format!("{parent} {member}"), inner, depth - 1, row, problems);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::collect;
    use super::*;

    fn read(text: &str) -> (Vec<Row>, Vec<String>) {
        collect(|sink, problems| rows(text.as_bytes(), sink, problems))
    }

    #[test]
    fn arrays_wrappers_objects_and_lines() {
        let expected = [("username".into(), "a".to_owned())];
        for text in [
            "[{\"userName\":\"a\"}]",
            "{\"value\":[{\"userName\":\"a\"}]}",
            "{\"schemas\":[\"x\"],\"Resources\":[\n{\"userName\":\"a\"}]}",
            "{\"userName\":\"a\"}",
            "{\"userName\":\"a\"}\n\n",
        ] {
            let (rows, problems) = read(text);
            assert_eq!(rows[0].cells, expected, "{text}");
            assert!(problems.is_empty(), "{problems:?}");
        }
        let (rows, problems) =
            read("{\"userName\":\"a\"}\nnonsense\n{\"userName\":\"b\",\"n\":{\"x\":[1,2]}}\n");
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1].cells[1..], [("nx".into(), "1".to_owned()), ("nx".into(), "2".to_owned())]);
        assert!(problems[0].starts_with("x:2: not json"), "{problems:?}");
    }

    #[test]
    fn a_broken_array_gives_what_came_before() {
        let (rows, problems) = read("[\n{\"a\":1},\n{\"b\":2},\n{\"c\"");
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(problems.len(), 1, "{problems:?}");
    }

    #[test]
    fn deep_nesting_is_a_problem_and_not_a_crash() {
        let text = format!("[{{\"a\":{}1{}}}]", "{\"b\":".repeat(100), "}".repeat(100));
        assert_eq!(read(&text).1, ["x:1: objects are nested deeper than 8"]);
        let text = format!("[{}{}]", "[".repeat(100_000), "]".repeat(100_000));
        assert!(!read(&text).1.is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = collect(|sink, problems| rows(&bytes, sink, problems));
        }
    }
}
