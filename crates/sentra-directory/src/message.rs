//! The messages of RFC 4511 that are sent and taken.

use crate::ber::{
    BOOLEAN, ENUMERATED, INTEGER, OCTETS, SEQUENCE, SET, Values, number, put, put_number, put_with,
};
use crate::error::DirectoryError;
use crate::fetch::Entry;

const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
const PAGED_RESULTS: &[u8] = b"1.2.840.113556.1.4.319";
const CONTROLS: u8 = 0xa0;
/// Characters of what a directory says about an error that are told on.
const DETAIL_CHARS_MAX: usize = 200;

/// What is asked of a directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) base: &'a str,
    /// As bytes, see `filter.rs`.
    pub(crate) filter: &'a [u8],
    pub(crate) attributes: &'a [&'a str],
    pub(crate) page_entries: u32,
}

fn message(id: u32, tag: u8, content: &[u8], controls: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_with(&mut out, SEQUENCE, |out| {
        put_number(out, INTEGER, id);
        put(out, tag, content);
        if !controls.is_empty() {
            put(out, CONTROLS, controls);
        }
    });
    out
}

pub(crate) fn bind(id: u32, dn: &str, password: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    put_number(&mut content, INTEGER, 3);
    put(&mut content, OCTETS, dn.as_bytes());
    put(&mut content, 0x80, password);
    message(id, 0x60, &content, &[])
}

pub(crate) fn start_tls(id: u32) -> Vec<u8> {
    let mut content = Vec::new();
    put(&mut content, 0x80, START_TLS);
    message(id, 0x77, &content, &[])
}

pub(crate) fn unbind(id: u32) -> Vec<u8> {
    message(id, 0x42, &[], &[])
}

/// The next page of `search`; `cookie` is what came with the page before.
pub(crate) fn search(id: u32, search: &Search<'_>, cookie: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    put(&mut content, OCTETS, search.base.as_bytes());
    // The whole subtree; aliases are not followed; no limits but those here; types with values.
    put_number(&mut content, ENUMERATED, 2);
    put_number(&mut content, ENUMERATED, 0);
    put_number(&mut content, INTEGER, 0);
    put_number(&mut content, INTEGER, 0);
    put(&mut content, BOOLEAN, &[0]);
    content.extend_from_slice(search.filter);
    put_with(&mut content, SEQUENCE, |out| {
        search.attributes.iter().for_each(|attribute| put(out, OCTETS, attribute.as_bytes()));
    });
    let mut page = Vec::new();
    put_with(&mut page, SEQUENCE, |out| {
        put_number(out, INTEGER, search.page_entries);
        put(out, OCTETS, cookie);
    });
    let mut control = Vec::new();
    // Not critical: who knows no pages gives everything at once.
    put_with(&mut control, SEQUENCE, |out| {
        put(out, OCTETS, PAGED_RESULTS);
        put(out, OCTETS, &page);
    });
    message(id, 0x63, &content, &control)
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) code: u32,
    pub(crate) detail: String,
}

impl Outcome {
    /// An error, unless it ended well.
    pub(crate) fn check(self, what: &'static str) -> Result<(), DirectoryError> {
        let Self { code, detail } = self;
        if code == 0 { Ok(()) } else { Err(DirectoryError::Refused { what, code, detail }) }
    }
}

/// What a directory answers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Bound(Outcome),
    Extended(Outcome),
    Entry(Entry),
    /// The page is over: its outcome, and the cookie of the next one where there is one.
    Page(Outcome, Vec<u8>),
    /// A reference to another directory, which is not followed, or progress.
    Other,
}

/// Number and meaning of a message, which is whole.
pub(crate) fn read(bytes: &[u8]) -> Result<(u32, Answer), DirectoryError> {
    let mut message = Values(Values(bytes).expect(SEQUENCE, "a message is no sequence")?);
    let id = number(message.expect(INTEGER, "a message has no number")?)?;
    let (tag, content) = message.next()?;
    let answer = match tag {
        0x61 => Answer::Bound(outcome(content)?),
        0x78 => Answer::Extended(outcome(content)?),
        0x64 => Answer::Entry(entry(content)?),
        0x65 => Answer::Page(outcome(content)?, cookie(message)?),
        0x73 | 0x79 => Answer::Other,
        _ => return Err(DirectoryError::Malformed("an operation that nobody asked for")),
    };
    Ok((id, answer))
}

fn outcome(content: &[u8]) -> Result<Outcome, DirectoryError> {
    let mut values = Values(content);
    let code = number(values.expect(ENUMERATED, "a result has no code")?)?;
    values.expect(OCTETS, "a result has no name")?;
    let detail = values.expect(OCTETS, "a result has no text")?;
    let detail = String::from_utf8_lossy(detail);
    let detail: String =
        detail.chars().filter(|character| !character.is_control()).take(DETAIL_CHARS_MAX).collect();
    let detail = if detail.is_empty() { detail } else { format!(" ({detail})") };
    Ok(Outcome { code, detail })
}

fn entry(content: &[u8]) -> Result<Entry, DirectoryError> {
    let mut values = Values(content);
    let dn = text(values.expect(OCTETS, "an entry has no name")?)?;
    let mut attributes = Vec::new();
    let mut list = Values(values.expect(SEQUENCE, "an entry has no attributes")?);
    while !list.is_empty() {
        let mut attribute = Values(list.expect(SEQUENCE, "an attribute is no sequence")?);
        let name = text(attribute.expect(OCTETS, "an attribute has no name")?)?;
        let mut set = Values(attribute.expect(SET, "an attribute has no values")?);
        let mut found = Vec::new();
        while !set.is_empty() {
            found.push(set.expect(OCTETS, "a value is no string")?.to_vec());
        }
        attributes.push((name, found));
    }
    Ok(Entry { dn, attributes })
}

fn text(bytes: &[u8]) -> Result<String, DirectoryError> {
    let text = std::str::from_utf8(bytes);
    text.map(str::to_owned).map_err(|_| DirectoryError::Malformed("a name is not utf-8"))
}

fn cookie(mut message: Values<'_>) -> Result<Vec<u8>, DirectoryError> {
    while !message.is_empty() {
        let (tag, content) = message.next()?;
        let mut controls = Values(if tag == CONTROLS { content } else { &[] });
        while !controls.is_empty() {
            let mut control = Values(controls.expect(SEQUENCE, "a control is no sequence")?);
            if control.expect(OCTETS, "a control has no name")? != PAGED_RESULTS {
                continue;
            }
            let (mut tag, mut value) = control.next()?;
            if tag == BOOLEAN {
                (tag, value) = control.next()?;
            }
            if tag != OCTETS {
                return Err(DirectoryError::Malformed("a page has no value"));
            }
            let mut page = Values(Values(value).expect(SEQUENCE, "a page is no sequence")?);
            page.expect(INTEGER, "a page has no size")?;
            return Ok(page.expect(OCTETS, "a page has no cookie")?.to_vec());
        }
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(code: u32, detail: &str, cookie: Option<&[u8]>) -> Vec<u8> {
        let mut content = Vec::new();
        put_number(&mut content, ENUMERATED, code);
        put(&mut content, OCTETS, b"");
        put(&mut content, OCTETS, detail.as_bytes());
        let mut control = Vec::new();
        if let Some(cookie) = cookie {
            put_with(&mut control, SEQUENCE, |out| {
                put(out, OCTETS, PAGED_RESULTS);
                put(out, BOOLEAN, &[0xff]);
                put_with(out, OCTETS, |out| {
                    put_with(out, SEQUENCE, |out| {
                        put_number(out, INTEGER, 0);
                        put(out, OCTETS, cookie);
                    });
                });
            });
        }
        message(7, 0x65, &content, &control)
    }

    #[test]
    fn answers_are_understood() {
        let outcome = |code, detail: &str| Outcome { code, detail: detail.to_owned() };
        assert_eq!(read(&done(0, "", None)).unwrap(), (7, Answer::Page(outcome(0, ""), Vec::new())));
        let page = Answer::Page(outcome(4, " (too many)"), b"x".to_vec());
        assert_eq!(read(&done(4, "too\n many", Some(b"x"))).unwrap(), (7, page));
        let mut content = Vec::new();
        put(&mut content, OCTETS, b"CN=a");
        put_with(&mut content, SEQUENCE, |out| {
            put_with(out, SEQUENCE, |out| {
                put(out, OCTETS, b"mail");
                put_with(out, SET, |out| put(out, OCTETS, b"a@x"));
            });
        });
        let entry =
            Entry { dn: "CN=a".to_owned(), attributes: vec![("mail".to_owned(), vec![b"a@x".to_vec()])] };
        assert_eq!(read(&message(3, 0x64, &content, &[])).unwrap(), (3, Answer::Entry(entry)));
        assert!(read(&bind(1, "a", b"b")).is_err(), "a request is no answer");
    }

    /// What overflows the stack of a parser that calls itself for every value in a value.
    #[test]
    fn values_in_values_without_end_are_no_answer() {
        let mut bytes = Vec::new();
        for _ in 0..20_000 {
            let inner = std::mem::take(&mut bytes);
            put(&mut bytes, SEQUENCE, &inner);
        }
        assert!(read(&bytes).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60),
            at in 0_usize..60,
            byte in proptest::prelude::any::<u8>(),
        ) {
            let _ = read(&bytes);
            let mut broken = done(0, "text", Some(b"cookie"));
            if let Some(place) = broken.get_mut(at) {
                *place = byte;
            }
            let _ = read(&broken);
        }
    }
}
