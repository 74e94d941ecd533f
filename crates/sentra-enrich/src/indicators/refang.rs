//! Values that were made harmless for people, made whole again.

use std::borrow::Cow;

/// What stands for what. An IPv6 address in brackets has none of these in it.
const FANGS: [(&str, &str); 16] = [
    ("[://]", "://"),
    ("[:]//", "://"),
    ("[:]", ":"),
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("[,]", "."),
    ("[dot]", "."),
    ("(dot)", "."),
    ("{dot}", "."),
    ("\\.", "."),
    ("[@]", "@"),
    ("[at]", "@"),
    ("(at)", "@"),
    ("[/]", "/"),
    ("[.", "."),
];

/// The value with its fangs: `hxxp://evil[.]com` is `http://evil.com`.
pub(crate) fn refang(text: &str) -> Cow<'_, str> {
    if !text.contains(['[', '(', '{', '\\']) && !has_odd_scheme(text) {
        return Cow::Borrowed(text);
    }
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let fang = FANGS.iter().find(|(fang, _)| starts_with(rest, fang));
        let taken = match fang {
            Some((fang, meant)) => {
                whole.push_str(meant);
                fang.len()
            }
            None => {
                whole.push(first);
                first.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    if has_odd_scheme(&whole) {
        let tail = whole.split_once("://").map(|(_, tail)| tail).unwrap_or_default();
        let scheme = if starts_with(&whole, "hxxps") { "https://" } else { "http://" };
        whole = format!("{scheme}{tail}");
    }
    Cow::Owned(whole)
}

fn has_odd_scheme(text: &str) -> bool {
    ["hxxp", "h**p", "meow", "httx"].iter().any(|odd| starts_with(text, odd)) && text.contains(':')
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::refang;

    #[test]
    fn fangs_grow_again() {
        for (text, whole) in [
            ("hxxp://evil[.]com/a", "http://evil.com/a"),
            ("hXXps[:]//evil[dot]com", "https://evil.com"),
            ("evil\\.com", "evil.com"),
            ("bad[at]evil(.)com", "bad@evil.com"),
            ("http://[2001:db8::1]/a", "http://[2001:db8::1]/a"),
            ("203[.113[.]0.7", "203.113.0.7"),
            ("http://evil.com/a(b)", "http://evil.com/a(b)"),
            ("hxxp", "hxxp"),
        ] {
            assert_eq!(refang(text), whole, "{text}");
        }
    }
}
