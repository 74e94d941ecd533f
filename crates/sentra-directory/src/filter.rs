//! Filters as text (RFC 4515) to what goes over the wire (RFC 4511).

use crate::ber::{OCTETS, put, put_with};
use crate::error::DirectoryError;

/// Law LIMIT: bytes of a filter.
pub const FILTER_BYTES_MAX: usize = 16 << 10;
/// Law LIMIT: parentheses within each other.
pub const FILTER_DEPTH_MAX: usize = 32;

/// `(objectClass=user)` as bytes.
pub(crate) fn encode(text: &str) -> Result<Vec<u8>, DirectoryError> {
    if text.len() > FILTER_BYTES_MAX {
        return Err(DirectoryError::Filter { at: FILTER_BYTES_MAX, what: "it is too long" });
    }
    let mut parser = Parser { text, at: 0 };
    let mut out = Vec::new();
    parser.filter(&mut out, 0)?;
    match parser.rest().is_empty() {
        true => Ok(out),
        false => Err(parser.wrong("something follows the filter")),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn wrong(&self, what: &'static str) -> DirectoryError {
        let before = self.text.get(..self.at).unwrap_or_default();
        DirectoryError::Filter { at: before.chars().count() + 1, what }
    }

    fn take(&mut self, character: char) -> bool {
        let found = self.rest().starts_with(character);
        self.at += usize::from(found) * character.len_utf8();
        found
    }

    fn filter(&mut self, out: &mut Vec<u8>, depth: usize) -> Result<(), DirectoryError> {
        if depth > FILTER_DEPTH_MAX {
            return Err(self.wrong("too many parentheses within each other"));
        }
        if !self.take('(') {
            return Err(self.wrong("( is missing"));
        }
        let tag = match self.rest().chars().next() {
            Some('&') => 0xa0,
            Some('|') => 0xa1,
            Some('!') => 0xa2,
            _ => {
                self.item(out)?;
                return if self.take(')') { Ok(()) } else { Err(self.wrong(") is missing")) };
            }
        };
        self.at += 1;
        let mut content = Vec::new();
        while self.rest().starts_with('(') {
            self.filter(&mut content, depth + 1)?;
            if tag == 0xa2 {
                break;
            }
        }
        if content.is_empty() {
            return Err(self.wrong("a filter must follow &, | and !"));
        }
        put(out, tag, &content);
        if self.take(')') { Ok(()) } else { Err(self.wrong(") is missing")) }
    }

    fn item(&mut self, out: &mut Vec<u8>) -> Result<(), DirectoryError> {
        let item = self.rest().split(['(', ')']).next().unwrap_or_default();
        let Some((name, value)) = item.split_once('=') else { return Err(self.wrong("= is missing")) };
        let is_name =
            |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.;_".contains(&byte));
        if let Some(name) = name.strip_suffix(':') {
            self.extensible(name, value, out)?;
        } else {
            let (name, tag) = match name.as_bytes().last() {
                Some(b'>') => (name.trim_end_matches('>'), 0xa5),
                Some(b'<') => (name.trim_end_matches('<'), 0xa6),
                Some(b'~') => (name.trim_end_matches('~'), 0xa8),
                _ => (name, 0xa3),
            };
            if name.is_empty() || !is_name(name) {
                return Err(self.wrong("an attribute's name is missing or has other characters"));
            }
            match (tag, value) {
                (0xa3, "*") => put(out, 0x87, name.as_bytes()),
                (0xa3, value) if value.contains('*') => self.substrings(name, value, out)?,
                (tag, value) => {
                    let value = self.value(value)?;
                    put_with(out, tag, |out| {
                        put(out, OCTETS, name.as_bytes());
                        put(out, OCTETS, &value);
                    });
                }
            }
        }
        self.at += item.len();
        Ok(())
    }

    fn substrings(&self, name: &str, value: &str, out: &mut Vec<u8>) -> Result<(), DirectoryError> {
        let last = value.split('*').count() - 1;
        let mut parts = Vec::new();
        for (number, part) in value.split('*').enumerate().filter(|(_, part)| !part.is_empty()) {
            let tag = match number {
                0 => 0x80,
                number if number == last => 0x82,
                _ => 0x81,
            };
            put(&mut parts, tag, &self.value(part)?);
        }
        if parts.is_empty() {
            return Err(self.wrong("several * say no more than one"));
        }
        put_with(out, 0xa4, |out| {
            put(out, OCTETS, name.as_bytes());
            put(out, crate::ber::SEQUENCE, &parts);
        });
        Ok(())
    }

    /// `attribute:dn:rule:=value`, by which Active Directory tests bits.
    fn extensible(&self, name: &str, value: &str, out: &mut Vec<u8>) -> Result<(), DirectoryError> {
        let mut parts = name.split(':');
        let attribute = parts.next().unwrap_or_default();
        let (mut of_dn, mut rule) = (false, None);
        for part in parts {
            match part {
                "dn" if !of_dn && rule.is_none() => of_dn = true,
                "" => return Err(self.wrong("a matching rule is missing")),
                part if rule.is_none() => rule = Some(part),
                _ => return Err(self.wrong("two matching rules")),
            }
        }
        if attribute.is_empty() && rule.is_none() {
            return Err(self.wrong("an attribute or a matching rule is missing"));
        }
        let value = self.value(value)?;
        put_with(out, 0xa9, |out| {
            if let Some(rule) = rule {
                put(out, 0x81, rule.as_bytes());
            }
            if !attribute.is_empty() {
                put(out, 0x82, attribute.as_bytes());
            }
            put(out, 0x83, &value);
            if of_dn {
                put(out, 0x84, &[0xff]);
            }
        });
        Ok(())
    }

    /// A value whose `\2a` are made bytes.
    fn value(&self, text: &str) -> Result<Vec<u8>, DirectoryError> {
        let mut out = Vec::new();
        let mut parts = text.split('\\');
        out.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
        for part in parts {
            let byte = part.get(..2).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let byte = byte.and_then(|hex| u8::from_str_radix(hex, 16).ok());
            out.push(byte.ok_or_else(|| self.wrong("two hexadecimal digits must follow \\"))?);
            out.extend_from_slice(part.get(2..).unwrap_or_default().as_bytes());
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> String {
        encode(text).unwrap().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn filters_become_what_the_standard_says() {
        assert_eq!(hex("(cn=*)"), "8702636e");
        assert_eq!(hex("(cn=a)"), "a3070402636e040161");
        assert_eq!(hex("(cn>=a)"), "a5070402636e040161");
        assert_eq!(hex("(cn=a*b*c)"), "a40f0402636e3009800161810162820163");
        assert_eq!(hex("(cn=*b*)"), "a4090402636e3003810162");
        assert_eq!(hex("(cn=\\2a\\28)"), "a3080402636e04022a28");
        assert_eq!(hex("(!(cn=*))"), "a2048702636e");
        assert_eq!(hex("(&(cn=*)(|(a=*)(b=*)))"), "a00c8702636ea106870161870162");
        assert_eq!(
            hex("(uac:1.2.840.113556.1.4.803:=2)"),
            "a9208116312e322e3834302e3131333535362e312e342e3830338203756163830132"
        );
    }

    #[test]
    fn what_is_no_filter_is_said_with_its_place() {
        for (text, at) in [
            ("", 1),
            ("cn=a", 1),
            ("(cn)", 2),
            ("(cn=a", 6),
            ("(cn=a)(b=c)", 7),
            ("(&)", 3),
            ("(!(a=b)(c=d))", 8),
            ("(=a)", 2),
            ("(c n=a)", 2),
            ("(cn=\\2)", 2),
            ("(cn=**)", 2),
            ("(:=x)", 2),
        ] {
            match encode(text) {
                Err(DirectoryError::Filter { at: found, .. }) => assert_eq!(found, at, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        assert!(encode(&format!("{}(a=b){}", "(!".repeat(5_000), ")".repeat(5_000))).is_err());
        assert!(encode(&format!("(a={})", "b".repeat(FILTER_BYTES_MAX))).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[()&|!=*\\\\:<>~a-zä2]{0,40}") {
            let _ = encode(&text);
        }
    }
}
