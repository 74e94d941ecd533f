//! Bytes without formatting machinery: load tests write hundreds of thousands of records a second.

/// Writes `number` in decimal.
pub(crate) fn put_number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0_u8; 20];
    let mut left = number;
    let mut used = 0;
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
        used += 1;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(20 - used..).unwrap_or_default());
}

/// Writes the last `width` decimal digits of `number`, with zeros before them; at most 20.
pub(crate) fn put_padded(out: &mut Vec<u8>, number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut left = number;
    for slot in digits.iter_mut().rev().take(width) {
        *slot = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
    }
    out.extend_from_slice(digits.get(20_usize.saturating_sub(width)..).unwrap_or_default());
}

/// Writes `number` in lower-case hexadecimal with at least `width` digits.
pub(crate) fn put_hex(out: &mut Vec<u8>, number: u64, width: usize) {
    let needed = (64 - number.leading_zeros()).div_ceil(4).max(1) as usize;
    for place in (0..needed.max(width)).rev() {
        let nibble = u8::try_from((number.checked_shr(4 * place as u32).unwrap_or(0)) & 15).unwrap_or(0);
        out.push(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
    }
}

/// Writes an IPv4 address.
pub(crate) fn put_ip(out: &mut Vec<u8>, address: u32) {
    for (place, byte) in address.to_be_bytes().into_iter().enumerate() {
        if place > 0 {
            out.push(b'.');
        }
        put_number(out, u64::from(byte));
    }
}

/// An IPv4 address as text.
#[must_use]
pub(crate) fn ip_text(address: u32) -> String {
    let mut out = Vec::with_capacity(15);
    put_ip(&mut out, address);
    String::from_utf8(out).unwrap_or_default()
}

/// Writes `8-4-4-4-12` hexadecimal digits of two numbers.
pub(crate) fn put_uuid(out: &mut Vec<u8>, high: u64, low: u64) {
    put_hex(out, high >> 32, 8);
    out.push(b'-');
    put_hex(out, (high >> 16) & 0xffff, 4);
    out.extend_from_slice(b"-4");
    put_hex(out, high & 0xfff, 3);
    out.extend_from_slice(b"-a");
    put_hex(out, (low >> 48) & 0xfff, 3);
    out.push(b'-');
    put_hex(out, low & 0xffff_ffff_ffff, 12);
}

/// Writes one JSON object, in the order in which it is told.
pub(crate) struct Json<'o> {
    out: &'o mut Vec<u8>,
    is_first: bool,
}

impl<'o> Json<'o> {
    /// Opens the object.
    pub(crate) fn open(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_first: true }
    }

    /// Closes the object.
    pub(crate) fn close(self) {
        self.out.push(b'}');
    }

    fn key(&mut self, key: &str) {
        if !self.is_first {
            self.out.push(b',');
        }
        self.is_first = false;
        if key.is_empty() {
            return;
        }
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) -> &mut Self {
        self.with(key, |out| put_escaped(out, value))
    }

    /// A text made of parts.
    pub(crate) fn texts(&mut self, key: &str, parts: &[&str]) -> &mut Self {
        self.with(key, |out| parts.iter().for_each(|part| put_escaped(out, part)))
    }

    /// A text that `write` writes; it must need no escapes.
    pub(crate) fn with(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        self.key(key);
        self.out.push(b'"');
        write(self.out);
        self.out.push(b'"');
        self
    }

    pub(crate) fn number(&mut self, key: &str, value: u64) -> &mut Self {
        self.key(key);
        put_number(self.out, value);
        self
    }

    pub(crate) fn truth(&mut self, key: &str, value: bool) -> &mut Self {
        self.literal(key, if value { "true" } else { "false" })
    }

    /// JSON as it is: `null`, `-1.5`, `[]`.
    pub(crate) fn literal(&mut self, key: &str, value: &str) -> &mut Self {
        self.key(key);
        self.out.extend_from_slice(value.as_bytes());
        self
    }

    pub(crate) fn ip(&mut self, key: &str, address: u32) -> &mut Self {
        self.with(key, |out| put_ip(out, address))
    }

    pub(crate) fn hex(&mut self, key: &str, number: u64) -> &mut Self {
        self.with(key, |out| {
            out.extend_from_slice(b"0x");
            put_hex(out, number, 1);
        })
    }

    pub(crate) fn object(&mut self, key: &str, fill: impl FnOnce(&mut Json<'_>)) -> &mut Self {
        self.key(key);
        let mut inner = Json::open(self.out);
        fill(&mut inner);
        inner.close();
        self
    }

    /// An array of objects or values: `fill` names them with the empty key.
    pub(crate) fn array(&mut self, key: &str, fill: impl FnOnce(&mut Json<'_>)) -> &mut Self {
        self.key(key);
        self.out.push(b'[');
        fill(&mut Json { out: self.out, is_first: true });
        self.out.push(b']');
        self
    }
}

fn put_escaped(out: &mut Vec<u8>, value: &str) {
    let mut plain_from = 0;
    for (at, byte) in value.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(value.as_bytes().get(plain_from..at).unwrap_or_default());
        plain_from = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                out.extend_from_slice(b"\\u");
                put_hex(out, u64::from(control), 4);
            }
        }
    }
    out.extend_from_slice(value.as_bytes().get(plain_from..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_written_as_std_writes_them() {
        for number in [0, 1, 9, 10, 99, 4711, u64::MAX] {
            assert_eq!(text(|out| put_number(out, number)), number.to_string());
            assert_eq!(text(|out| put_hex(out, number, 1)), format!("{number:x}"));
            assert_eq!(text(|out| put_hex(out, number, 4)), format!("{number:04x}"));
        }
        assert_eq!(text(|out| put_padded(out, 42, 5)), "00042");
        assert_eq!(text(|out| put_padded(out, 12_345, 3)), "345");
        assert_eq!(ip_text(0xc000_0207), "192.0.2.7");
        assert_eq!(text(|out| put_uuid(out, u64::MAX, 0)).len(), 36);
    }

    #[test]
    fn objects_are_json_whatever_their_values() {
        let hostile = "C:\\x \"q\" \n\r\t\u{1} ünïcode";
        let written = text(|out| {
            let mut json = Json::open(out);
            json.text("a", hostile).number("b", 7).truth("c", true).literal("d", "null");
            json.object("e", |inner| {
                inner.texts("f", &["x\\", "y"]).ip("g", 0x0a00_0001).hex("h", 255);
            });
            json.array("i", |list| {
                list.object("", |one| {
                    one.number("j", 1);
                })
                .number("", 2);
            });
            json.close();
        });
        let value: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!(value["a"], hostile);
        assert_eq!(value["e"], serde_json::json!({"f": "x\\y", "g": "10.0.0.1", "h": "0xff"}));
        assert_eq!(value["i"], serde_json::json!([{"j": 1}, 2]));
    }
}
