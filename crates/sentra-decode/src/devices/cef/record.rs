//! The syntax of CEF, without its meaning: a header of seven parts and `key=value` pairs whose values may hold
//! blanks. Nothing is copied but values with escapes in them.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// Longer words before an equals sign are part of a value.
const KEY_BYTES_MAX: usize = 256;

/// The seven parts before the extension, unescaped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CefHeader<'a> {
    /// `0` or `1`.
    pub version: &'a str,
    /// Device vendor.
    pub device_vendor: Cow<'a, str>,
    /// Device product.
    pub device_product: Cow<'a, str>,
    /// Device version.
    pub device_version: Cow<'a, str>,
    /// Device event class id, also called signature id.
    pub event_class_id: Cow<'a, str>,
    /// Name of the event.
    pub name: Cow<'a, str>,
    /// 0 to 10, or a word.
    pub severity: Cow<'a, str>,
}

/// The `key=value` pairs of a record, in their order.
#[derive(Debug, Clone)]
pub struct CefExtension<'a> {
    /// What is not read yet, from the key on.
    rest: &'a str,
    /// Length of the key at its beginning; `None` when there is no further pair.
    key_bytes: Option<usize>,
    has_escapes: bool,
}

/// Header and extension of a CEF record that begins with `CEF:0|` or, as some relays leave it, with `0|`;
/// `None` when it is no CEF. The time this takes grows linearly with the text, and only escaped values
/// are allocated.
#[must_use]
pub fn parse_cef(text: &str) -> Option<(CefHeader<'_>, CefExtension<'_>)> {
    let text = text.strip_prefix("CEF:").unwrap_or(text);
    let text = text.strip_prefix(' ').unwrap_or(text);
    let (version, rest) = text.split_at_checked(memchr(b'|', text.as_bytes())?)?;
    if version.is_empty()
        || version.len() > 3
        || !version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return None;
    }
    let mut rest = rest.get(1..)?;
    let mut part = || {
        let (part, after) = header_part(rest)?;
        rest = after;
        Some(part)
    };
    let mut header = CefHeader {
        version,
        device_vendor: part()?,
        device_product: part()?,
        device_version: part()?,
        event_class_id: part()?,
        name: part()?,
        severity: Cow::Borrowed(""),
    };
    // Without an extension the last bar may be missing.
    match header_part(rest) {
        Some((severity, after)) => {
            header.severity = severity;
            rest = after;
        }
        None => {
            header.severity = Cow::Borrowed(rest);
            rest = "";
        }
    }
    Some((header, CefExtension::new(rest)))
}

/// The text before the next bar that has no backslash before it, and what follows the bar.
fn header_part(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut from = 0;
    let mut has_escapes = false;
    loop {
        let found = from + memchr2(b'|', b'\\', text.as_bytes().get(from..)?)?;
        if text.as_bytes().get(found) == Some(&b'|') {
            let part = text.get(..found)?;
            let part = if has_escapes { unescape(part) } else { Cow::Borrowed(part) };
            return Some((part, text.get(found + 1..)?));
        }
        has_escapes = true;
        from = found + 2;
    }
}

impl<'a> CefExtension<'a> {
    fn new(text: &'a str) -> Self {
        let text = text.trim_ascii();
        // The first key may have words before it, which belong to no pair.
        let key = memchr(b'=', text.as_bytes()).and_then(|end| {
            let start = key_start(text.as_bytes().get(..end)?)?;
            Some((start, end - start))
        });
        let (start, key_bytes) = key.map_or((0, None), |(start, length)| (start, Some(length)));
        Self {
            rest: text.get(start..).unwrap_or(text),
            key_bytes,
            has_escapes: memchr(b'\\', text.as_bytes()).is_some(),
        }
    }

    /// The text that is no pair; empty once every pair is read.
    #[must_use]
    pub fn remainder(&self) -> &'a str {
        self.rest
    }

    /// End of the value that begins at `start`, and where the next key stands.
    fn value_end(&self, start: usize) -> Option<(usize, usize, usize)> {
        let bytes = self.rest.as_bytes();
        let mut from = start;
        loop {
            let equals = from + memchr(b'=', bytes.get(from..)?)?;
            // Only what follows the last equals sign can be a key, so every byte is looked at once.
            match key_start(bytes.get(from..equals)?) {
                Some(length) if length > 0 => return Some((from + length - 1, from + length, equals)),
                _ => {}
            }
            from = equals + 1;
        }
    }
}

impl<'a> Iterator for CefExtension<'a> {
    type Item = (&'a str, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        let key_bytes = self.key_bytes.take()?;
        let start = key_bytes + 1;
        let key = self.rest.get(..key_bytes)?;
        let (value, rest) = match self.value_end(start) {
            Some((end, next, equals)) => {
                self.key_bytes = Some(equals - next);
                (self.rest.get(start..end)?, self.rest.get(next..)?)
            }
            None => (self.rest.get(start..)?, ""),
        };
        self.rest = rest;
        let value = value.trim_ascii_end();
        let value = if self.has_escapes { unescape(value) } else { Cow::Borrowed(value) };
        Some((key, value))
    }
}

/// Where the key at the end of `text` begins: after a blank, or with the text. Keys are letters and digits by
/// the standard; vendors add `_`, `.`, `-` and brackets.
fn key_start(text: &[u8]) -> Option<usize> {
    let is_part =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']');
    let length = text.iter().rev().take_while(|byte| is_part(byte)).take(KEY_BYTES_MAX + 1).count();
    let start = text.len() - length;
    let first = text.get(start)?;
    let begins_well = first.is_ascii_alphanumeric() || *first == b'_';
    let stands_alone = start == 0 || matches!(text.get(start - 1), Some(b' ' | b'\t'));
    (begins_well && stands_alone && length <= KEY_BYTES_MAX).then_some(start)
}

/// The value without escapes. A backslash before anything that needs none stays: senders write Windows
/// paths as they are.
fn unescape(text: &str) -> Cow<'_, str> {
    let Some(first) = memchr(b'\\', text.as_bytes()) else { return Cow::Borrowed(text) };
    let mut plain = String::with_capacity(text.len());
    plain.push_str(text.get(..first).unwrap_or_default());
    let mut characters = text.get(first..).unwrap_or_default().chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.clone().next() {
            Some(escaped @ ('=' | '\\' | '|')) => plain.push(escaped),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            _ => {
                plain.push('\\');
                continue;
            }
        }
        let _ = characters.next();
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(extension: &str) -> Vec<(String, String)> {
        let text = format!("CEF:0|v|p|1|id|name|5|{extension}");
        let (_, extension) = parse_cef(&text).unwrap();
        extension.map(|(key, value)| (key.to_owned(), value.into_owned())).collect()
    }

    fn check(extension: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> =
            expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        assert_eq!(pairs(extension), expected, "{extension}");
    }

    #[test]
    fn values_hold_blanks_and_equals_signs() {
        check(
            "src=192.0.2.1 msg=two  words spt=5",
            &[("src", "192.0.2.1"), ("msg", "two  words"), ("spt", "5")],
        );
        check(
            "request=http://example.com/?a=1&b=2 act=ok",
            &[("request", "http://example.com/?a=1&b=2"), ("act", "ok")],
        );
        check(r"msg=a \= b cs1=x\\y", &[("msg", "a = b"), ("cs1", r"x\y")]);
        check(r"msg=one\ntwo filePath=C:\Temp\x", &[("msg", "one\ntwo"), ("filePath", r"C:\Temp\x")]);
        check("msg=a = b", &[("msg", "a = b")]);
        check("msg=see http://example.com/?q=1 end", &[("msg", "see http://example.com/?q=1 end")]);
        check("a= b=", &[("a", ""), ("b", "")]);
        check("a=1\tb=2", &[("a", "1"), ("b", "2")]);
        check("ad.field[0]=x _k=y", &[("ad.field[0]", "x"), ("_k", "y")]);
        check("", &[]);
        check("words only", &[]);
        check("stray words k=v", &[("k", "v")]);
    }

    #[test]
    fn headers_are_unescaped_and_counted() {
        let (header, _) = parse_cef(r"CEF:0|Acme \| Sons|P\\Q|1|id|na=me|High|").unwrap();
        assert_eq!((header.device_vendor.as_ref(), header.device_product.as_ref()), ("Acme | Sons", r"P\Q"));
        assert_eq!((header.name.as_ref(), header.severity.as_ref()), ("na=me", "High"));
        assert!(parse_cef("CEF:1|v|p|1|id|n|5").is_some());
        for text in
            ["CEF:0|v|p|1|id|n", "CEF:x|v|p|1|id|n|5|", "CEF:", "", "|||||||", "CEF:0|v|p|1|id|n\\|5\\"]
        {
            assert!(parse_cef(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_value_of_nothing_but_equals_signs_takes_linear_time() {
        let text = format!("CEF:0|v|p|1|id|n|5|a={}", "=".repeat(1 << 20));
        let (_, extension) = parse_cef(&text).unwrap();
        assert_eq!(extension.count(), 1);
    }

    proptest! {
        #[test]
        fn what_was_escaped_is_read_back(
            values in proptest::collection::vec("[ -~\n]{0,20}", 1..6),
        ) {
            let escape = |value: &str| value.replace('\\', r"\\").replace('=', r"\=").replace('\n', r"\n");
            let extension: Vec<_> =
                values.iter().enumerate().map(|(at, value)| format!("k{at}={}", escape(value))).collect();
            let expected: Vec<_> = values
                .iter()
                .enumerate()
                .map(|(at, value)| {
                    // Blanks at the end of a value are not part of it.
                    let end = escape(value);
                    let end = end.trim_end().len();
                    (format!("k{at}"), unescape(&escape(value)[..end]).into_owned())
                })
                .collect();
            prop_assert_eq!(pairs(&extension.join(" ")), expected);
        }

        #[test]
        fn no_bytes_panic(text in "(CEF:0)?[|\\\\= a-c\t\u{e9}]{0,80}") {
            if let Some((_, extension)) = parse_cef(&text) {
                prop_assert!(extension.count() <= text.len());
            }
        }
    }
}
