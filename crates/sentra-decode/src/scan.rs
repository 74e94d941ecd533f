//! Small steps over lines of text that the format modules share. All of them run in linear time.

use std::borrow::Cow;

use sentra_model::{Event, FieldValue};

use crate::address;
use crate::decoder::Context;
use crate::names::{NO_TIME, note};
use crate::time::WallTime;

/// Law LIMIT: further fields of a line are left out, and the event says so.
pub(crate) const FIELDS_MAX: usize = 1_024;

/// The text before the first blank, and what follows the blanks.
pub(crate) fn token(text: &str) -> (&str, &str) {
    match memchr::memchr(b' ', text.as_bytes()).and_then(|end| text.split_at_checked(end)) {
        Some((first, rest)) => (first, rest.trim_start_matches(' ')),
        None => (text, ""),
    }
}

/// The next `N` texts between blanks, and what follows; `None` when there are fewer.
pub(crate) fn tokens<const N: usize>(mut text: &str) -> Option<([&str; N], &str)> {
    let mut found = [""; N];
    for place in &mut found {
        let (first, rest) = token(text);
        if first.is_empty() {
            return None;
        }
        (*place, text) = (first, rest);
    }
    Some((found, text))
}

/// The inside of a quoted text at the beginning of `text`, and what follows the closing quote. A backslash
/// guards the character after it; nothing is unescaped.
pub(crate) fn quoted(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('"')?;
    let bytes = inside.as_bytes();
    let mut from = 0;
    loop {
        let found = from + memchr::memchr2(b'"', b'\\', bytes.get(from..)?)?;
        if bytes.get(found) == Some(&b'"') {
            return Some((inside.get(..found)?, inside.get(found + 1..)?));
        }
        from = found + 2;
    }
}

/// The text between the first `open` and the next `close` after it.
pub(crate) fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(open)?;
    rest.split_once(close).map(|(inside, _)| inside)
}

/// Whether `text` is a number in decimal.
pub(crate) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What a source writes for "nothing" becomes nothing.
pub(crate) fn known(text: &str) -> &str {
    if text == "-" { "" } else { text }
}

/// Adds a field unless its value is how sources write "nothing", or there are too many already.
pub(crate) fn put<'a>(event: &mut Event<'a>, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) {
    let value = value.into();
    if value.is_empty() || value == "-" {
        return;
    }
    if event.fields.len() < FIELDS_MAX {
        event.fields.push((name.into(), FieldValue::Text(value)));
    } else if event.fields.len() == FIELDS_MAX && !has_note(event) {
        note(event, "fields beyond 1024 left out");
    }
}

fn has_note(event: &Event<'_>) -> bool {
    event.problem.as_ref().is_some_and(|problem| problem.contains("fields beyond"))
}

/// Sets the time that the line itself names; a bare line without one gets the time of its arrival and says so.
pub(crate) fn set_time(
    context: &Context<'_>,
    event: &mut Event<'_>,
    time: Option<WallTime>,
    in_syslog: bool,
) {
    match time {
        Some(time) => {
            event.time = context.resolve(time);
            forget_missing_time(event);
        }
        None if !in_syslog => note(event, NO_TIME),
        None => {}
    }
}

/// A syslog envelope without a time is no problem when the message has one.
fn forget_missing_time(event: &mut Event<'_>) {
    if event.problem.as_deref() == Some(NO_TIME) {
        event.problem = None;
    }
}

/// `192.0.2.7:40000`, `[2001:db8::7]:40000`: the address and the port; an address alone has
/// port 0.
pub(crate) fn address_and_port(text: &str) -> Option<(&str, u16)> {
    if let Some(address) = address::ip(text) {
        return Some((address, 0));
    }
    address_with_port(text)
}

/// `192.0.2.7:40000` where a port always stands after the last colon, IPv6 in brackets or not.
pub(crate) fn address_with_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok()?;
    address::ip(host).map(|address| (address, port))
}

/// Sets where it came from.
pub(crate) fn set_source<'a>(event: &mut Event<'a>, (address, port): (&'a str, u16)) {
    event.src_ip = Cow::Borrowed(address);
    if port != 0 {
        event.src_port = port;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_texts_end_at_a_quote_that_is_not_guarded() {
        let cases = [
            (r#""a b" c"#, Some(("a b", " c"))),
            (r#""a \" b" c"#, Some((r#"a \" b"#, " c"))),
            (r#""a \\" c"#, Some((r"a \\", " c"))),
            (r#""" x"#, Some(("", " x"))),
            (r#""open"#, None),
            (r#""open\"#, None),
            ("bare", None),
            ("\"ü\\ü\"", Some(("ü\\ü", ""))),
        ];
        for (text, expected) in cases {
            assert_eq!(quoted(text), expected, "{text}");
        }
    }

    #[test]
    fn addresses_with_ports_come_apart() {
        let cases = [
            ("192.0.2.7:40000", Some(("192.0.2.7", 40_000))),
            ("[2001:db8::7]:40000", Some(("2001:db8::7", 40_000))),
            ("192.0.2.7", Some(("192.0.2.7", 0))),
            ("2001:db8::7", Some(("2001:db8::7", 0))),
            ("[2001:db8::7]", Some(("2001:db8::7", 0))),
            ("host.example:1", None),
            ("192.0.2.7:x", None),
        ];
        for (text, expected) in cases {
            assert_eq!(address_and_port(text), expected, "{text}");
        }
        assert_eq!(address_with_port("2001:db8::7:4000"), Some(("2001:db8::7", 4_000)));
        assert_eq!(address_with_port("192.0.2.7"), None);
    }
}
