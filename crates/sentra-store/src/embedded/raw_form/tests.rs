use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BinaryArray, DictionaryArray, RecordBatch, StringArray, TimestampMicrosecondArray,
};

use super::*;

const TIME: i64 = 1_791_417_597_847_069;

/// A batch of raw records, with their texts by column.
fn batch(raws: &[Vec<u8>], columns: &[(&str, Vec<Option<String>>)], has_dictionaries: bool) -> RecordBatch {
    let times: Vec<i64> = (0..raws.len() as i64).map(|row| TIME + row * 1_234_567).collect();
    let mut all: Vec<(String, ArrayRef)> = vec![
        ("raw".to_owned(), Arc::new(BinaryArray::from_iter_values(raws))),
        ("time".to_owned(), Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC"))),
    ];
    for (name, texts) in columns {
        let array: ArrayRef = if has_dictionaries {
            Arc::new(texts.iter().map(Option::as_deref).collect::<DictionaryArray<Int32Type>>())
        } else {
            Arc::new(StringArray::from(texts.clone()))
        };
        all.push(((*name).to_owned(), array));
    }
    RecordBatch::try_from_iter_with_nullable(all.into_iter().map(|(name, array)| (name, array, true)))
        .unwrap()
}

/// What is stored, forms as they are read.
struct Stored {
    raw: BinaryArray,
    forms: StringArray,
    rests: StringArray,
}

/// Encodes and expands again, in steps as small as one row; gives what was stored, and the words handed out.
fn there_and_back(raws: &[Vec<u8>], columns: &[(&str, Vec<Option<String>>)]) -> (Stored, Vec<String>) {
    let one = batch(raws, columns, false);
    let mut words = Vec::new();
    let mut encoder = Encoder::default();
    let raw = one.column_by_name("raw").unwrap().as_binary::<i32>();
    let shapes = one.column_by_name("shape").map(|shapes| {
        let shapes = shapes.as_string::<i32>();
        (0..shapes.len())
            .map(|row| shapes.iter().position(|shape| shape == Some(shapes.value(row))).unwrap())
            .collect()
    });
    let rows = Rows {
        raws: (0..one.num_rows()).map(|row| raw.value(row)).collect(),
        times: one.column_by_name("time").unwrap().as_primitive(),
        shapes: shapes.unwrap_or_default(),
        names: one.schema().fields().iter().map(|field| field.name().clone()).collect(),
        columns: one.columns().iter().map(Texts::of).collect(),
    };
    let parts = encoder.encode(&rows, &mut |text| words.push(text.to_owned()));
    let forms = parts.forms.downcast_dict::<StringArray>().unwrap().into_iter().collect();
    let parts = Stored { raw: parts.raw, forms, rests: parts.rests };
    let names: Vec<String> = encoder.columns().into_iter().collect();
    for has_dictionaries in [false, true] {
        let other = batch(raws, columns, has_dictionaries);
        let arrays: Vec<&ArrayRef> = names.iter().map(|name| other.column_by_name(name).unwrap()).collect();
        let texts: Vec<_> = arrays.into_iter().map(Texts::of).collect();
        let times = other.column_by_name("time").unwrap().as_primitive::<TimestampMicrosecondType>();
        let (forms, rests) = (Texts::Plain(&parts.forms), Texts::Plain(&parts.rests));
        let whole = expand(&parts.raw, forms, rests, times, &names, &texts).unwrap();
        for (row, raw) in raws.iter().enumerate() {
            assert_eq!(
                whole.value(row),
                raw.as_slice(),
                "row {row}: {} has the form {:?}",
                String::from_utf8_lossy(raw),
                parts.forms.value(row)
            );
        }
    }
    (parts, words)
}

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

fn lines(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// The small numbers of a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

#[test]
fn rows_of_one_kind_have_one_form() {
    let raws = lines(&[
        "<38>1 2026-10-07T23:59:57.847069Z srv-4 sshd 7630 - - Failed password for anna from 10.0.0.1 port 4711",
        "<38>1 2026-10-07T23:59:59.081636Z srv-11 sshd 12 - - Failed password for bo from 10.0.0.2 port 9",
    ]);
    let columns = [
        ("shape", some(&["host pid message", "host pid message"])),
        ("host", some(&["srv-4", "srv-11"])),
        ("field.pid", some(&["7630", "12"])),
        (
            "message",
            some(&[
                "Failed password for anna from 10.0.0.1 port 4711",
                "Failed password for bo from 10.0.0.2 port 9",
            ]),
        ),
    ];
    let (parts, words) = there_and_back(&raws, &columns);
    assert_eq!(parts.raw.value(0), b"");
    let form = "<\u{2}h>\u{2}h \u{2}z0Z \u{2}thost\u{3} sshd \u{2}tfield.pid\u{3} - - \u{2}tmessage\u{3}";
    assert_eq!(parts.forms.iter().collect::<Vec<_>>(), [Some(form); 2]);
    assert_eq!(parts.rests.iter().collect::<Vec<_>>(), [Some("38\u{1f}1"); 2]);
    assert!(words.iter().any(|text| text.contains("sshd")), "{words:?}");
    assert!(words.iter().any(|text| text.ends_with(":57.847069Z")), "{words:?}");
    assert!(!words.iter().any(|text| text.contains("password")), "{words:?}");
}

#[test]
fn values_in_json_are_found_by_their_names_and_as_they_are_escaped() {
    let raws = lines(&[
        r#"{"Image":"C:\\a\\b.exe","Id":1,"Other":1,"Say":"x \"y\"\n\u0001"}"#,
        r#"{"Image":"C:\\c.exe","Id":23,"Other":4,"Say":"z"}"#,
    ]);
    let columns = [
        ("field.Image", some(&["C:\\a\\b.exe", "C:\\c.exe"])),
        ("field.Id", some(&["1", "23"])),
        ("field.Other", some(&["1", "4"])),
        ("field.Say", some(&["x \"y\"\n\u{1}", "z"])),
    ];
    let (parts, _) = there_and_back(&raws, &columns);
    assert_eq!(parts.forms.value(0), parts.forms.value(1));
    assert_eq!(parts.raw.value_data(), b"");
    assert!(parts.forms.value(0).contains("\u{2}jfield.Say\u{3}"), "{:?}", parts.forms.value(0));
    assert!(parts.rests.is_null(0) && parts.rests.is_null(1));
}

#[test]
fn hostile_records_come_back() {
    let long = format!("user={} {}", "a".repeat(10), "b7 ".repeat(RAW_BYTES_MAX));
    let many = "n1 ".repeat(5_000);
    let raws = vec![
        Vec::new(),
        b"\xff\xfe user=anna".to_vec(),
        b"user=anna \x02tuser\x03 and \x02h \x1f 5".to_vec(),
        b"user=\x03anna 1\x1f2".to_vec(),
        "anna anna anna=anna user=anna é5 annaé annaannä".as_bytes().to_vec(),
        long.into_bytes(),
        many.into_bytes(),
        b"anna".to_vec(),
        b"\"user\":\"\"".to_vec(),
        b"\0\0\0 user=anna \\\" 2026-10-07T23:59:57 2026-10-07T23:59:57.8470690".to_vec(),
    ];
    let users = vec![Some("anna".to_owned()); raws.len()];
    let empties = vec![Some(String::new()); raws.len()];
    let marks = vec![Some("\u{2}tuser\u{3}".to_owned()); raws.len()];
    let nulls = vec![None; raws.len()];
    let columns = [
        ("user", users.clone()),
        ("field.empty", empties),
        ("field.marks", marks),
        ("field.none", nulls),
        ("field.\u{2}bad\u{3}", users),
    ];
    let (parts, _) = there_and_back(&raws, &columns);
    for plain in [0, 1, 2, 5] {
        assert!(parts.forms.is_null(plain), "row {plain} has a form");
    }
}

#[test]
fn whatever_rows_hold_their_records_come_back() {
    let alphabet = [
        "a",
        "7",
        " ",
        "=",
        "\"",
        "\\",
        "\n",
        "\u{2}",
        "\u{3}",
        "\u{1f}",
        "é",
        "ß",
        "user",
        "10.0.0.1",
        "\":\"",
        "{",
        "2026-10-07T23:59:57.847069",
        "Oct  7 23:59:57",
        "thost",
        "h",
        "z0",
        "\u{0}",
        ",",
        "x9",
        "-",
    ];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut formed = 0;
    for _ in 0..400 {
        let mut text = |length: usize| -> String {
            let length = random.below(length);
            (0..length).map(|_| alphabet[random.below(alphabet.len())]).collect()
        };
        let rows = 12;
        let columns: Vec<(&str, Vec<Option<String>>)> = ["user", "field.user", "field.a.b", "message"]
            .map(|name| (name, (0..rows).map(|row| (row % 5 != 4).then(|| text(5))).collect()))
            .into();
        let frames: Vec<String> = (0..3).map(|_| text(6)).collect();
        let raws: Vec<Vec<u8>> = (0..rows)
            .map(|row| {
                let value = |column: usize| columns[column].1[row].clone().unwrap_or_default();
                let parts = [&frames[0], &value(0), &frames[1], &value(2), &frames[2], &value(3), &text(4)];
                let mut raw = parts.into_iter().map(String::as_str).collect::<String>().into_bytes();
                if row == 7 {
                    raw.push(0xff);
                }
                raw
            })
            .collect();
        let (parts, _) = there_and_back(&raws, &columns);
        formed += parts.forms.iter().flatten().count();
    }
    assert!(formed > 500, "only {formed} records had a form");
}

/// Every word of a raw record is a word of a column or of what was handed out.
#[test]
fn no_word_of_a_record_is_lost() {
    let words_of = |text: &str| -> Vec<String> {
        let words = text.split(|character: char| !character.is_alphanumeric());
        words.filter(|word| word.len() > 1).map(str::to_lowercase).collect()
    };
    let mut random = Random(7);
    let pieces =
        ["a", "b2", "user", "-", " ", "=", "\n", "\\", "7", "2026-10-07T23:59:57.847069Z", "q", ":", "é"];
    for _ in 0..300 {
        let mut text = |length: usize| -> String {
            let length = random.below(length) + 1;
            (0..length).map(|_| pieces[random.below(pieces.len())]).collect()
        };
        let rows = 8;
        let users: Vec<String> = (0..rows).map(|_| text(4)).collect();
        let others: Vec<String> = (0..rows).map(|_| text(4)).collect();
        let (one, two) = (text(4), text(3));
        let raws: Vec<Vec<u8>> = (0..rows)
            .map(|row| {
                let mut raw = one.clone().into_bytes();
                escape(&users[row], &mut raw);
                raw.extend(two.bytes().chain(others[row].bytes()).chain(text(2).bytes()));
                raw
            })
            .collect();
        let columns = [
            ("user", users.iter().cloned().map(Some).collect()),
            ("field.x", others.iter().cloned().map(Some).collect::<Vec<_>>()),
        ];
        let (_, given) = there_and_back(&raws, &columns);
        let known: std::collections::BTreeSet<String> =
            given.iter().chain(&users).chain(&others).flat_map(|text| words_of(text)).collect();
        for raw in &raws {
            for word in words_of(std::str::from_utf8(raw).unwrap()) {
                assert!(known.contains(&word), "{word:?} of {:?} is lost", String::from_utf8_lossy(raw));
            }
        }
    }
}

#[test]
fn what_is_no_form_is_not_guessed_at() {
    let known = |name: &str| (name == "user").then_some(0);
    for text in ["\u{2}", "\u{2}x", "\u{2}tuser", "\u{2}tother\u{3}", "\u{2}z", "\u{2}zz"] {
        assert_eq!(Form::parse(text, &known), None, "{text:?}");
    }
    assert!(Form::parse("a\u{2}tuser\u{3}b\u{2}z8\u{2}hc", &known).is_some());
    let raws = BinaryArray::from_iter_values([b""]);
    let forms = StringArray::from(vec![Some("\u{2}tuser\u{3} \u{2}h")]);
    let times = TimestampMicrosecondArray::from(vec![0]);
    let lost = StringArray::from(vec![None::<&str>]);
    let given = |user: &StringArray| {
        let columns = [Some(Texts::Plain(user))];
        let names = ["user".to_owned()];
        expand(&raws, Texts::Plain(&forms), Texts::Plain(&lost), &times, &names, &columns)
    };
    assert_eq!(given(&lost), None, "a row without the value has no record");
    assert!(given(&StringArray::from(vec![Some("anna")])).is_some());
}

#[test]
fn times_are_written_as_they_were_read() {
    let mut times = time::Writer::default();
    for micros in [TIME, 0, -1, 951_782_400_000_000, 1_709_251_199_999_999] {
        let written = times.write(micros, 3).unwrap().to_owned();
        assert_eq!(format!("{written}Z"), sentra_model::Timestamp::from_micros(micros).to_string());
    }
    assert_eq!(times.write(TIME, 8), Some("Oct  7 23:59:57"));
    assert_eq!(times.write(TIME, 5), Some("2026-10-07 23:59:57.847"));
    assert_eq!(times.write(TIME, 9), None);
    for extreme in [i64::MIN, i64::MAX] {
        assert_eq!(times.write(extreme, 0), None);
    }
}

/// What was written before makes no difference.
#[test]
fn times_are_written_alike_whatever_came_before() {
    let mut random = Random(11);
    let mut times = time::Writer::default();
    let mut written = 0;
    for _ in 0..20_000 {
        let second = TIME / 1_000_000 + [0, 0, 0, 1, 86_400, -40_000_000_000][random.below(6)];
        let micros = second * 1_000_000 + [0, 1, 500_000, 120_000, 999_999][random.below(5)];
        let style = u8::try_from(random.below(usize::from(time::STYLES) + 1)).unwrap();
        let alone = time::Writer::default().write(micros, style).map(str::to_owned);
        written += usize::from(alone.is_some());
        assert_eq!(times.write(micros, style).map(str::to_owned), alone, "{micros} {style}");
    }
    assert!(written > 15_000, "{written}");
}
