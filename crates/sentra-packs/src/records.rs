//! The records of a sample as its author writes them: lines as they are, lines that are repeated with the time going
//! on, and binary records in hexadecimal digits and EBCDIC text.

use saphyr::{ScalarOwned, YamlOwned};
use sentra_model::Timestamp;

/// Records that one sample may stand for.
const SAMPLE_RECORDS_MAX: usize = 10_000;
/// Bytes of one binary record.
const RECORD_BYTES_MAX: usize = 32 * 1024;

/// One record of a sample, with the fields that enrichment would append to its event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) bytes: Vec<u8>,
    pub(crate) fields: Vec<(String, String)>,
}

/// The records that `lines` stand for.
pub(crate) fn read_lines(lines: &[YamlOwned]) -> Result<Vec<Record>, String> {
    let mut records = Vec::new();
    for line in lines {
        match line.as_str() {
            Some(text) => records.push(Record { bytes: text.as_bytes().to_vec(), fields: Vec::new() }),
            None => read_entry(line, &mut records)?,
        }
        if records.len() > SAMPLE_RECORDS_MAX {
            return Err(format!("more than {SAMPLE_RECORDS_MAX} records"));
        }
    }
    Ok(records)
}

const KEYS: [&str; 6] = ["line", "record", "repeat", "from", "every", "fields"];

fn read_entry(entry: &YamlOwned, records: &mut Vec<Record>) -> Result<(), String> {
    let Some(keys) = entry.as_mapping() else {
        return Err("an entry of `lines` is a text, or a map with `line` or `record`".to_owned());
    };
    if let Some(unknown) = keys.keys().filter_map(YamlOwned::as_str).find(|key| !KEYS.contains(key)) {
        return Err(format!("unknown key {unknown:?}; known are {}", KEYS.join(", ")));
    }
    let repeat = match entry.as_mapping_get("repeat").map(YamlOwned::as_integer) {
        None => 1,
        Some(Some(times)) => usize::try_from(times)
            .ok()
            .filter(|times| *times <= SAMPLE_RECORDS_MAX)
            .ok_or_else(|| format!("`repeat` is a number up to {SAMPLE_RECORDS_MAX}"))?,
        Some(None) => return Err("`repeat` is a number".to_owned()),
    };
    let from = text_at(entry, "from").map(|from| from.parse::<Timestamp>()).transpose();
    let from = from.map_err(|_| "`from` is a time as 2026-11-20T10:00:00Z".to_owned())?;
    let every = text_at(entry, "every").map_or(Ok(0), |every| micros_of(&every))?;
    let fields = fields_of(entry)?;
    let (text, is_binary) = match (text_at(entry, "line"), text_at(entry, "record")) {
        (Some(line), None) => (line, false),
        (None, Some(record)) => (record, true),
        _ => return Err("an entry has either `line` or `record`".to_owned()),
    };
    for index in 0..repeat {
        let steps = i64::try_from(index).unwrap_or(i64::MAX);
        let time = from.map(|from| from.plus_micros(every.saturating_mul(steps)));
        let text = filled(&text, index + 1, time)?;
        let bytes = if is_binary { bytes_of(&text)? } else { text.into_bytes() };
        records.push(Record { bytes, fields: fields.clone() });
    }
    Ok(())
}

fn text_at(entry: &YamlOwned, key: &str) -> Option<String> {
    match entry.as_mapping_get(key)? {
        YamlOwned::Value(ScalarOwned::String(text)) => Some(text.clone()),
        _ => None,
    }
}

/// Fields as texts, as an event has them.
fn fields_of(entry: &YamlOwned) -> Result<Vec<(String, String)>, String> {
    let Some(node) = entry.as_mapping_get("fields") else { return Ok(Vec::new()) };
    let map = node.as_mapping().ok_or("`fields` is a map from names to values")?;
    let value = |node: &YamlOwned| match node {
        YamlOwned::Value(ScalarOwned::String(text)) => Some(text.clone()),
        YamlOwned::Value(ScalarOwned::Integer(number)) => Some(number.to_string()),
        YamlOwned::Value(ScalarOwned::FloatingPoint(number)) => Some(number.to_string()),
        YamlOwned::Value(ScalarOwned::Boolean(truth)) => Some(truth.to_string()),
        _ => None,
    };
    map.iter()
        .map(|(name, node)| Some((name.as_str()?.to_owned(), value(node)?)))
        .collect::<Option<_>>()
        .ok_or_else(|| "a value in `fields` is a text, a number or a truth value".to_owned())
}

/// `500ms`, `20s`, `5m`, `2h` in microseconds.
fn micros_of(span: &str) -> Result<i64, String> {
    let units = [("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000)];
    let read = |(unit, micros): &(&str, i64)| {
        span.strip_suffix(unit)?.parse::<i64>().ok()?.checked_mul(*micros).filter(|span| *span >= 0)
    };
    units.iter().find_map(read).ok_or_else(|| format!("`every` is a span as 20s, not {span:?}"))
}

/// `text` with what changes from record to record: `{n}` counts from 1, `{time}` is the time in the way of RFC 3339;
/// in binary records `{stamp}` is the time as IBM i writes it, `{day}` and `{hundredths}` as z/OS does.
fn filled(text: &str, number: usize, time: Option<Timestamp>) -> Result<String, String> {
    let mut text = text.replace("{n}", &number.to_string());
    if !["{time}", "{stamp}", "{day}", "{hundredths}"].iter().any(|mark| text.contains(mark)) {
        return Ok(text);
    }
    let time = time.ok_or("a line with a time needs `from`")?;
    let written = time.to_string();
    text = text.replace("{time}", &written);
    let part = |from: usize, to: usize| written.get(from..to).and_then(|part| part.parse::<u32>().ok());
    let parts = [part(0, 4), part(5, 7), part(8, 10), part(11, 13), part(14, 16), part(17, 19)];
    let [Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second)] = parts else {
        return Err(format!("{written} is no time that a record can have"));
    };
    let stamp = format!("{year:04}-{month:02}-{day:02}-{hour:02}.{minute:02}.{second:02}.000000");
    let hundredths = ((hour * 60 + minute) * 60 + second) * 100;
    let packed = format!("{:02}{:02}{:03}F", year / 100 - 19, year % 100, day_of_year(year, month, day));
    let spread =
        |digits: &str| digits.as_bytes().chunks(2).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ");
    text = text.replace("{stamp}", &stamp);
    text = text.replace("{hundredths}", &spread(&format!("{hundredths:08X}")));
    Ok(text.replace("{day}", &spread(&packed)))
}

fn day_of_year(year: u32, month: u32, day: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = |month: u32| match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (1..month).map(days).sum::<u32>() + day
}

/// The bytes of a binary record: two hexadecimal digits each, `40*8` for eight of the same, `'USER1   '` for EBCDIC
/// text, `'USER1'8` for one that is filled with blanks, `#` for a comment to the end of the line.
fn bytes_of(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    for line in text.lines() {
        let mut rest = line.trim_start();
        while !rest.is_empty() && !rest.starts_with('#') {
            rest = match rest.strip_prefix('\'') {
                Some(quoted) => put_text(quoted, &mut bytes)?,
                None => put_digits(rest, &mut bytes)?,
            };
            rest = rest.trim_start();
            if bytes.len() > RECORD_BYTES_MAX {
                return Err(format!("a record has at most {RECORD_BYTES_MAX} bytes"));
            }
        }
    }
    Ok(bytes)
}

fn put_digits<'t>(text: &'t str, bytes: &mut Vec<u8>) -> Result<&'t str, String> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (digits, times) = word.split_once('*').unwrap_or((word, "1"));
    let byte = u8::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 2);
    let times = times.parse::<usize>().ok().filter(|times| *times <= RECORD_BYTES_MAX);
    let (Some(byte), Some(times)) = (byte, times) else {
        return Err(format!("{word:?} is not a byte as 40, nor bytes as 40*8"));
    };
    bytes.resize(bytes.len() + times, byte);
    Ok(rest)
}

/// The text up to its closing quote, and how wide it is where that is said.
fn put_text<'t>(text: &'t str, bytes: &mut Vec<u8>) -> Result<&'t str, String> {
    let (inside, rest) = text.split_once('\'').ok_or("a text without its closing '")?;
    let (width, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let start = bytes.len();
    for character in inside.chars() {
        bytes.push(ebcdic(character).ok_or_else(|| format!("no EBCDIC for {character:?} here"))?);
    }
    if !width.is_empty() {
        let width = width.parse::<usize>().map_err(|_| format!("{width:?} is no width"))?;
        if width > RECORD_BYTES_MAX || bytes.len() - start > width {
            return Err(format!("'{inside}' does not fit into {width} bytes"));
        }
        bytes.resize(start + width, 0x40);
    }
    Ok(rest)
}

/// What is the same in every EBCDIC page of the Latin alphabet.
fn ebcdic(character: char) -> Option<u8> {
    let letter = |first: char, byte: u8| byte + (character as u32 - first as u32) as u8;
    Some(match character {
        'A'..='I' => letter('A', 0xC1),
        'J'..='R' => letter('J', 0xD1),
        'S'..='Z' => letter('S', 0xE2),
        '0'..='9' => letter('0', 0xF0),
        ' ' => 0x40,
        '.' => 0x4B,
        '*' => 0x5C,
        '-' => 0x60,
        '/' => 0x61,
        '_' => 0x6D,
        ':' => 0x7A,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use saphyr::LoadableYamlNode;

    use super::*;

    fn read(yaml: &str) -> Result<Vec<Record>, String> {
        let document = YamlOwned::load_from_str(yaml).unwrap().remove(0);
        read_lines(document.as_sequence().unwrap())
    }

    fn texts(yaml: &str) -> Vec<String> {
        let text = |record: Record| String::from_utf8(record.bytes).unwrap();
        read(yaml).unwrap().into_iter().map(text).collect()
    }

    #[test]
    fn a_line_is_repeated_with_its_time_going_on() {
        let yaml =
            "[plain, {line: 'user{n} at {time}', repeat: 3, from: '2026-11-20T23:59:50Z', every: 10s}]";
        assert_eq!(
            texts(yaml),
            [
                "plain",
                "user1 at 2026-11-20T23:59:50Z",
                "user2 at 2026-11-21T00:00:00Z",
                "user3 at 2026-11-21T00:00:10Z",
            ]
        );
    }

    #[test]
    fn a_record_is_bytes_and_text() {
        let yaml = "[{record: \"00*2 'A1'4 ff # end\\n{hundredths} {day} '{stamp}'\", from: '2026-02-28T10:00:00Z'}]";
        let bytes = read(yaml).unwrap().remove(0).bytes;
        assert_eq!(bytes[..7], [0, 0, 0xC1, 0xF1, 0x40, 0x40, 0xFF]);
        assert_eq!(bytes[7..15], [0x00, 0x36, 0xEE, 0x80, 0x01, 0x26, 0x05, 0x9F]);
        assert_eq!(bytes.len(), 15 + 26);
    }

    #[test]
    fn fields_are_texts() {
        let fields =
            read("[{line: a, fields: {asset.managed: false, baseline.travel.speed_kmh: 912.5}}]").unwrap();
        let pairs = [("asset.managed", "false"), ("baseline.travel.speed_kmh", "912.5")];
        assert_eq!(fields[0].fields, pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_cannot_be_meant_is_said() {
        for (yaml, says) in [
            ("[7]", "is a text"),
            ("[{line: a, record: b}]", "either"),
            ("[{line: a, times: 3}]", "unknown key \"times\""),
            ("[{line: a, repeat: 1000000}]", "up to 10000"),
            ("[{line: '{time}'}]", "needs `from`"),
            ("[{line: a, from: noon}]", "`from` is a time"),
            ("[{line: a, every: soon}]", "`every` is a span"),
            ("[{record: 'xx'}]", "is not a byte"),
            ("[{record: '00*99999999'}]", "is not a byte"),
            ("[{record: \"'A\"}]", "closing"),
            ("[{record: \"'ABC'2\"}]", "does not fit"),
            ("[{record: \"'ä'\"}]", "no EBCDIC"),
            ("[{line: a, fields: [b]}]", "`fields` is a map"),
        ] {
            let fault = read(yaml).unwrap_err();
            assert!(fault.contains(says), "{yaml}: {fault}");
        }
    }
}
