//! LDIF as RFC 2849 has it: folded lines, base64 values, comments, several records. Of change records only `add`
//! says what an entry is; the others are told. Values behind addresses (`attr:< file:///…`) are never fetched.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::ldap::put_value;
use super::{Row, Sink, VALUE_BYTES_MAX};
use crate::problem::Problems;

/// Law LIMIT: bytes of one line after unfolding.
const LINE_BYTES_MAX: usize = 2 * VALUE_BYTES_MAX;

pub(super) fn rows(bytes: &[u8], sink: &mut Sink<'_>, problems: &mut Problems) {
    let mut record = Record::default();
    let mut logical = Vec::new();
    let mut logical_at = 0;
    for (line, text) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if let Some(more) = text.strip_prefix(b" ") {
            if logical_at == 0 {
                problems.tell(line, "a continuation of nothing");
            } else if logical.len() + more.len() <= LINE_BYTES_MAX {
                logical.extend_from_slice(more);
            } else if logical.len() <= LINE_BYTES_MAX {
                // Past the limit by one, so that it is told once and never taken for a value.
                logical.resize(LINE_BYTES_MAX + 1, b' ');
            }
            continue;
        }
        record.take_line(&logical, logical_at, problems);
        logical.clear();
        logical_at = 0;
        if text.is_empty() {
            record.finish(sink, problems);
            if !sink.has_room(problems) {
                return;
            }
        } else {
            logical.extend_from_slice(text);
            logical_at = line;
        }
    }
    record.take_line(&logical, logical_at, problems);
    record.finish(sink, problems);
}

/// The record that is being read.
#[derive(Default)]
struct Record {
    row: Option<Row>,
    /// What is wrong with it as a whole.
    refused: Option<&'static str>,
}

impl Record {
    fn take_line(&mut self, line: &[u8], at: u64, problems: &mut Problems) {
        if line.is_empty() || line.starts_with(b"#") {
            return;
        }
        if line.len() > LINE_BYTES_MAX {
            problems.tell(at, format!("a line of more than {LINE_BYTES_MAX} bytes is left out"));
            return;
        }
        let Some(colon) = memchr::memchr(b':', line) else {
            if line != b"-" {
                problems.tell(at, "no colon: a value that goes on must begin with a blank");
            }
            return;
        };
        let (name, value) =
            (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default());
        let Ok(name) = std::str::from_utf8(name) else {
            problems.tell(at, "the attribute's name is not utf-8");
            return;
        };
        let value = match value {
            [b':', encoded @ ..] => match STANDARD.decode(encoded.trim_ascii()) {
                Ok(decoded) => decoded,
                Err(_) => return problems.tell(at, format!("value of {name} is not base64")),
            },
            [b'<', ..] => {
                return problems.tell(at, format!("value of {name} is an address, which is not fetched"));
            }
            plain => plain.trim_ascii().to_vec(),
        };
        self.take_value(name.trim(), &value, at, problems);
    }

    fn take_value(&mut self, name: &str, value: &[u8], at: u64, problems: &mut Problems) {
        match name.to_ascii_lowercase().as_str() {
            "version" if self.row.is_none() => {}
            "control" => {}
            "dn" => {
                if self.row.is_some() {
                    problems.tell(at, "a second dn in one record: is an empty line missing?");
                    self.refused = Some("two entries in one record");
                    return;
                }
                let mut row = Row::new(at);
                put_value("dn", value, &mut row, problems);
                self.row = Some(row);
            }
            "changetype" => {
                if !value.eq_ignore_ascii_case(b"add") {
                    self.refused = Some("a change, not an entry: export the entries themselves");
                }
            }
            _ => match &mut self.row {
                Some(row) => put_value(name, value, row, problems),
                None => self.refused = Some("a record without a dn"),
            },
        }
    }

    fn finish(&mut self, sink: &mut Sink<'_>, problems: &mut Problems) {
        let (row, refused) = (self.row.take(), self.refused.take());
        match (row, refused) {
            (row, Some(why)) => problems.tell(row.map_or(0, |row| row.line), why),
            (Some(row), None) => sink.put(&row, problems),
            (None, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::collect;
    use super::*;

    fn read(bytes: &[u8]) -> (Vec<Row>, Vec<String>) {
        collect(|sink, problems| rows(bytes, sink, problems))
    }

    fn cells(row: &Row) -> Vec<(&str, &str)> {
        row.cells.iter().map(|(name, value)| (&**name, value.as_str())).collect()
    }

    #[test]
    fn folds_base64_options_and_comments() {
        let text = "version: 1\r\n# people\r\n of mine\r\ndn:: Q049SsO8cmdlbixEQz14\r\ncn;lang-de:: SsO8cmdlbg==\r\n\
                    depart\r\n ment: Re\r\n search\r\nmail:a@x\r\n\r\n\r\ndn: CN=b,DC=x\r\nchangetype: add\r\nuid: b\r\n";
        let (rows, problems) = read(text.as_bytes());
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(
            cells(&rows[0]),
            [("dn", "CN=Jürgen,DC=x"), ("cn", "Jürgen"), ("department", "Research"), ("mail", "a@x")]
        );
        assert_eq!(rows[0].line, 4);
        assert_eq!(cells(&rows[1]), [("dn", "CN=b,DC=x"), ("uid", "b")]);
    }

    #[test]
    fn broken_records_are_told_and_the_others_used() {
        let text = "cn: nobody\n\ndn: CN=a\ncn:: !!!\nphoto:< file:///etc/shadow\nnonsense\nuid: a\n\n\
                    dn: CN=c\nchangetype: modify\nreplace: cn\ncn: x\n-\n\ndn: CN=d\ndn: CN=e\n\n\ndn: CN=f\n x\n";
        let (rows, problems) = read(text.as_bytes());
        assert_eq!(rows.iter().map(|row| cells(row)[0].1).collect::<Vec<_>>(), ["CN=a", "CN=fx"]);
        assert_eq!(
            problems,
            [
                "x: a record without a dn",
                "x:4: value of cn is not base64",
                "x:5: value of photo is an address, which is not fetched",
                "x:6: no colon: a value that goes on must begin with a blank",
                "x:9: a change, not an entry: export the entries themselves",
                "x:16: a second dn in one record: is an empty line missing?",
                "x:15: two entries in one record",
            ]
        );
    }

    #[test]
    fn a_value_without_end_is_bounded() {
        let mut text = b"dn: CN=a\ndescription: x\n".to_vec();
        (0..5_000).for_each(|_| text.extend_from_slice(format!(" {}\n", "y".repeat(100)).as_bytes()));
        text.extend_from_slice(b"uid: a\n");
        let (rows, problems) = read(&text);
        assert_eq!(cells(&rows[0]), [("dn", "CN=a"), ("uid", "a")]);
        assert_eq!(problems.len(), 1, "{problems:?}");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }

        #[test]
        fn no_lines_make_it_panic(text in "((dn|cn|changetype|version)?:{0,2}<? ?[a-zA-Z=, ]{0,12}\n? ?){0,20}") {
            let _ = read(text.as_bytes());
        }
    }
}
