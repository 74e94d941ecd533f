//! Palo Alto Networks PAN-OS: comma-separated values, a table of columns per log type.
//!
//! Columns are named as in PAN-OS' own log field references (`src`, `srcuser`, `threatid` …). Releases append columns, so
//! a record with fewer is complete, and columns that this table does not know become `field_N`, counted from 1.
//!
//! Which line counts a failed login: `auth-fail` of the system log, but where it names the profile of a
//! virtual system, for then GlobalProtect or the authentication log writes a line of its own, and that one counts.

mod columns;
mod fill;

use std::borrow::Cow;
use std::cell::RefCell;

use csv_core::{ReadRecordResult, Reader};
use memchr::{memchr, memchr_iter};
use sentra_model::{Event, FieldValue, Mart};

use crate::decoder::Context;
use crate::devices::{self, FIELDS_MAX};
use crate::format::{Format, Payload, Shape};

pub(crate) static FORMAT: Format = Format {
    name: "panos",
    title: "Palo Alto Networks PAN-OS comma-separated logs",
    sample: "1,2026/03/01 10:00:01,001801000001,TRAFFIC,end,2562,2026/03/01 10:00:00,192.0.2.7,198.51.100.9,203.0.113.1,198.51.100.9,outbound,example\\alice,,ssl,vsys1,trust,untrust,ethernet1/2,ethernet1/1,siem,2026/03/01 10:00:00,41234,1,40022,443,51022,443,0x400053,tcp,allow,7312,2228,5084,22,2026/03/01 09:59:40,16,business-and-economy,,72534191,0x8000000000000000,192.0.2.0-192.0.2.255,United States,,12,10,tcp-fin,0,0,0,0,,fw1,from-policy",
    shape: Shape::Text { programs: &[], recognise, parse },
};

/// How far into a record its type stands.
const TYPE_WITHIN_BYTES_MAX: usize = 128;

fn recognise(payload: &Payload<'_>) -> bool {
    payload.text.as_bytes().first().is_some_and(u8::is_ascii_digit) && log_type(payload.text).is_some()
}

/// The type of the record and which column it is, counted from 0: 3, or 2 where the syslog envelope has taken
/// the date of the receive time for a host.
fn log_type(text: &str) -> Option<(&'static columns::LogType, usize)> {
    let head = text.get(..text.floor_char_boundary(TYPE_WITHIN_BYTES_MAX))?;
    let mut commas = memchr_iter(b',', head.as_bytes());
    let (end, second, third) = (commas.next()?, commas.next()?, commas.next()?);
    let fourth = commas.next().unwrap_or(head.len());
    let first = head.get(..end)?;
    if !first.bytes().all(|byte| byte.is_ascii_digit() || byte == b':') {
        return None;
    }
    let at = |from: usize, to: usize| columns::of_type(head.get(from + 1..to)?);
    at(third, fourth).map(|found| (found, 3)).or_else(|| at(second, third).map(|found| (found, 2)))
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    let Some((kind, column)) = log_type(payload.text) else { return false };
    devices::take_over(event, Mart::FIREWALL, "paloalto");
    event.fields.reserve(80);
    if column == 2 {
        // The envelope's host was the first two columns.
        event.host = Cow::Borrowed("");
        event.fields.retain(|(name, _)| name != "hostname");
    }
    let first = event.fields.len();
    let mut names = columns::Names::of(kind, 3 - column);
    let mut left_out = 0;
    for_each_value(payload.text, |value| {
        let name = names.next_name(&value);
        if event.fields.len() >= FIELDS_MAX {
            left_out += 1;
        } else if !name.is_empty() && !value.is_empty() {
            event.fields.push((name, FieldValue::Text(value)));
        }
    });
    devices::note_left_out(event, left_out);
    fill::fill(context, payload, event, kind.name, first);
    true
}

/// Hands over every value. Without quotes they are borrowed; with quotes the CSV reader takes them apart.
fn for_each_value<'a>(text: &'a str, mut each: impl FnMut(Cow<'a, str>)) {
    if memchr(b'"', text.as_bytes()).is_none() {
        let mut rest = text;
        loop {
            let end = value_end(rest);
            each(Cow::Borrowed(rest.get(..end).unwrap_or(rest)));
            match rest.get(end + 1..) {
                Some(after) => rest = after,
                None => return,
            }
        }
    }
    let mut values = vec![0; text.len() + 1];
    let mut ends = vec![0; memchr_iter(b',', text.as_bytes()).count() + 2];
    let count = READER.with_borrow_mut(|reader| read_quoted(reader, text, &mut values, &mut ends));
    let mut start = 0;
    for end in ends.iter().take(count) {
        let value = values.get(start..*end).unwrap_or_default();
        each(Cow::Owned(String::from_utf8_lossy(value).into_owned()));
        start = *end;
    }
}

thread_local! {
    /// Its table takes longer to build than a record to read, and its clone does not work (csv-core 0.1.13 loses
    /// the final states).
    static READER: RefCell<Reader> = RefCell::new(Reader::new());
}

/// Reads one record into `values` and the ends of its values into `ends`; how many there are.
fn read_quoted(reader: &mut Reader, text: &str, values: &mut [u8], ends: &mut [usize]) -> usize {
    reader.reset();
    // Descriptions may hold line ends without quotes around them; to the reader those would end the record.
    let line = text.replace(['\r', '\n'], " ");
    let (result, _, written, count) = reader.read_record(line.as_bytes(), values, ends);
    if result != ReadRecordResult::InputEmpty {
        return count;
    }
    // The end of the input ends the record.
    let (values, ends) = (values.get_mut(written..), ends.get_mut(count..));
    let (_, _, _, last) = reader.read_record(&[], values.unwrap_or_default(), ends.unwrap_or_default());
    count + last
}

/// The end of an unquoted value. SD-WAN's link switches are a list in braces with commas of its own.
fn value_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let from = match bytes.first() {
        Some(b'{') => memchr(b'}', bytes).unwrap_or(0),
        _ => 0,
    };
    bytes.get(from..).and_then(|rest| memchr(b',', rest)).map_or(bytes.len(), |at| from + at)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
