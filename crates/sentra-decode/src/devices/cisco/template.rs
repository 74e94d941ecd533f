//! Messages by their wording: literal text with `{name}` where a value stands.

/// The values that `text` has where `template` has names, in their order; `None` when the text is another.
/// A value ends where the literal text after its name begins; the last one takes the rest.
pub(super) fn matches<'t, 'a>(template: &'t str, text: &'a str) -> Option<Vec<(&'t str, &'a str)>> {
    let mut values = Vec::with_capacity(8);
    let (literal, mut template) = template.split_once('{').unwrap_or((template, ""));
    let mut text = text.strip_prefix(literal)?;
    while let Some((name, after)) = template.split_once('}') {
        let (literal, next) = after.split_once('{').unwrap_or((after, ""));
        template = next;
        let (value, rest) = if literal.is_empty() { (text, "") } else { text.split_once(literal)? };
        values.push((name, value.trim()));
        text = rest;
    }
    Some(values)
}

/// An end of a connection: `outside:198.51.100.9/443 (203.0.113.1/443)(LOCAL\alice)`, `192.0.2.7/40022`,
/// `inside/192.0.2.7(40022)`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct End<'a> {
    pub(super) interface: &'a str,
    /// An address, or the name that the configuration has for it.
    pub(super) address: &'a str,
    /// A number, or the name of a service.
    pub(super) port: &'a str,
    pub(super) user: &'a str,
}

impl<'a> End<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let text = text.trim_start_matches('<').trim_end_matches('>');
        let end = text.find([' ', '(', ',']).unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        let user = user(rest);
        // `interface/address(port)`: the slash stands before an address, not after it.
        if let Some((interface, address)) = word.split_once('/')
            && let Some((port, _)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'))
            && !port.contains('\\')
            && !interface.contains(':')
            && crate::address::ip(interface).is_none()
        {
            return Self { interface, address, port, user };
        }
        let (host, port) = word.rsplit_once('/').unwrap_or((word, ""));
        let (interface, address) = match host.split_once(':') {
            Some((interface, address)) if crate::address::ip(host).is_none() => (interface, address),
            _ => ("", host),
        };
        Self { interface, address, port, user }
    }

    /// The port as a number, 0 where it is none.
    pub(super) fn port_number(&self) -> u16 {
        match self.port {
            "ssh" => 22,
            "telnet" => 23,
            "http" | "www" => 80,
            "https" => 443,
            text => crate::address::port(text),
        }
    }
}

/// The user in `(LOCAL\alice)`: the last parenthesis with a backslash in it.
fn user(rest: &str) -> &str {
    let mut groups = rest.split('(').filter_map(|part| part.split_once(')')).map(|(inner, _)| inner);
    let qualified = groups.find(|inner| inner.contains('\\')).unwrap_or_default();
    qualified.strip_prefix("LOCAL\\").unwrap_or(qualified)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_take_texts_apart() {
        let found =
            matches("Deny {proto} src {src} dst {dst} by \"{acl}\"", "Deny tcp src a:1 dst b by \"x\" [0x0]");
        assert_eq!(found, Some(vec![("proto", "tcp"), ("src", "a:1"), ("dst", "b"), ("acl", "x")]));
        assert_eq!(matches("User {user}", "User alice smith"), Some(vec![("user", "alice smith")]));
        assert_eq!(matches("User {user} left", "User alice came"), None);
        assert_eq!(matches("words", "words and more"), Some(Vec::new()));
        assert_eq!(matches("words", "other"), None);
    }

    #[test]
    fn ends_are_taken_apart() {
        let end = |interface, address, port, user| End { interface, address, port, user };
        let cases = [
            ("outside:198.51.100.9/443 (203.0.113.1/443)", end("outside", "198.51.100.9", "443", "")),
            ("192.0.2.7/40022", end("", "192.0.2.7", "40022", "")),
            ("inside/192.0.2.7(40022)", end("inside", "192.0.2.7", "40022", "")),
            ("inside/192.0.2.7(40022)(LOCAL\\bob)", end("inside", "192.0.2.7", "40022", "bob")),
            ("OUT:2001:db8::7/500", end("OUT", "2001:db8::7", "500", "")),
            ("2001:db8::7/500", end("", "2001:db8::7", "500", "")),
            ("out:192.0.2.7/1(LOCAL\\alice) (x)", end("out", "192.0.2.7", "1", "alice")),
            ("<192.0.2.7>", end("", "192.0.2.7", "", "")),
            ("dmz:OCSP_Server/5678", end("dmz", "OCSP_Server", "5678", "")),
            ("", End::default()),
        ];
        for (text, expected) in cases {
            assert_eq!(End::of(text), expected, "{text}");
        }
    }
}
