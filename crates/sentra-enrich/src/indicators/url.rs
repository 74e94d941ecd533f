//! URLs in the one form in which they are compared, and what of a URL is looked up.

use std::net::{IpAddr, Ipv6Addr};

use super::domain;
use super::value::read_address;

/// Bytes of an observed URL that are looked at: what is behind them is padding.
pub(crate) const URL_BYTES_MAX: usize = 8_192;
/// Directories of a path that are looked up, from the root on.
const DIRECTORIES_MAX: usize = 32;

/// A URL in its one form: `host[:port]/path[?query]`; a scheme other than HTTP's in front.
///
/// The host is in lower case, a default port, user, password and fragment are gone, dot segments are resolved, and
/// percent-encoding is used only where it must be. HTTP and HTTPS are the same, with the ports of both: a feed rarely
/// knows both.
#[derive(Debug, Default)]
pub(crate) struct Url {
    text: String,
    host: (usize, usize),
    path: usize,
    name: String,
}

impl Url {
    /// Reads `text`; false for what is no URL with a public-looking host.
    pub(crate) fn read(&mut self, text: &str) -> bool {
        self.text.clear();
        self.try_read(text).is_some()
    }

    /// Reads what an event calls a URL. The path of a request is none.
    pub(crate) fn read_observed(&mut self, text: &str) -> bool {
        let is_path = text.starts_with('/') && !text.starts_with("//");
        !is_path && self.read(text)
    }

    fn try_read(&mut self, text: &str) -> Option<()> {
        let text = text.get(..text.floor_char_boundary(URL_BYTES_MAX))?;
        // A scheme has no colon in it.
        let colon = memchr::memchr(b':', text.as_bytes());
        let parts = colon.and_then(|colon| text.split_at_checked(colon));
        let (scheme, rest) = match parts.and_then(|(scheme, rest)| Some((scheme, rest.strip_prefix("://")?)))
        {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
            _ => ("", text.strip_prefix("//").unwrap_or(text)),
        };
        let ends = |byte: &u8| matches!(byte, b'/' | b'\\' | b'?' | b'#');
        let end = rest.as_bytes().iter().position(ends).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at_checked(end)?;
        let user = memchr::memrchr(b'@', authority.as_bytes());
        let authority = user.and_then(|at| authority.get(at + 1..)).unwrap_or(authority);
        let (host, port) = split_port(authority)?;
        let is_web = ["", "http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
        if !is_web {
            self.text.extend(scheme.chars().map(|c| c.to_ascii_lowercase()));
            self.text.push_str("://");
        }
        self.push_host(host)?;
        if !is_default_port(scheme, port) {
            self.text.push(':');
            self.text.push_str(&port?.to_string());
        }
        self.path = self.text.len();
        push_tail(tail, &mut self.text);
        Some(())
    }

    fn push_host(&mut self, host: &str) -> Option<()> {
        let start = self.text.len();
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if let Some(inner) = inner {
            let address: Ipv6Addr = inner.parse().ok()?;
            match address.to_ipv4_mapped() {
                Some(address) => self.text.push_str(&address.to_string()),
                None => self.text.push_str(&format!("[{address}]")),
            }
        } else if let Some(IpAddr::V4(_)) = read_address(host) {
            // IPv4 has one form only.
            self.text.push_str(host);
        } else {
            self.text.push_str(domain::canonical(host, &mut self.name)?);
        }
        self.host = (start, self.text.len());
        Some(())
    }

    /// The whole URL.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The host; an IPv6 address without its brackets.
    pub(crate) fn host(&self) -> &str {
        let host = self.text.get(self.host.0..self.host.1).unwrap_or_default();
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// What stands before its path, as [`authority`] says it of the text.
    pub(crate) fn authority(&self) -> &str {
        self.text.get(..self.path).unwrap_or_default()
    }

    /// Whether it is a host and nothing more.
    pub(crate) fn is_whole_host(&self) -> bool {
        self.text.get(self.path..) == Some("/")
    }

    /// What of it is looked up, the most specific first: all of it, without its query, every directory above.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &str> {
        let text = self.text.as_str();
        let tail = text.get(self.path..).unwrap_or_default();
        let bare = tail.find('?').map_or(text.len(), |query| self.path + query);
        let mut directories = [0; DIRECTORIES_MAX];
        let mut count = 0;
        let slashes = memchr::memchr_iter(b'/', text.get(self.path..bare).unwrap_or_default().as_bytes());
        for (slot, slash) in directories.iter_mut().zip(slashes) {
            *slot = self.path + slash + 1;
            count += 1;
        }
        let ends = [text.len(), bare].into_iter().chain(directories.into_iter().take(count).rev());
        let mut last = usize::MAX;
        ends.filter(move |end| std::mem::replace(&mut last, *end) != *end).filter_map(|end| text.get(..end))
    }
}

/// What stands before the path of a URL in its one form, which it shares with everything that is looked up for it.
pub(crate) fn authority(text: &str) -> &str {
    let start = match memchr::memmem::find(text.as_bytes(), b"://") {
        Some(at) if text.get(..at).is_some_and(is_scheme) => at + 3,
        _ => 0,
    };
    let behind = text.as_bytes().get(start..).unwrap_or_default();
    let end = memchr::memchr(b'/', behind).map_or(text.len(), |slash| start + slash);
    text.get(..end).unwrap_or_default()
}

fn is_scheme(text: &str) -> bool {
    text.len() <= 16
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Host and port; `None` for a port that is none.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let border = memchr::memrchr(b':', authority.as_bytes())
        .filter(|colon| !authority.get(*colon..).unwrap_or_default().contains(']'));
    let Some((host, port)) = border.and_then(|colon| authority.split_at_checked(colon)) else {
        return Some((authority, None));
    };
    match port.trim_start_matches(':') {
        "" => Some((host, None)),
        digits => Some((host, Some(digits.parse().ok()?))),
    }
}

fn is_default_port(scheme: &str, port: Option<u16>) -> bool {
    let Some(port) = port else { return true };
    match scheme.to_ascii_lowercase().as_str() {
        "" | "http" | "https" => port == 80 || port == 443,
        "ftp" => port == 21,
        _ => false,
    }
}

/// Whether path and query are in their one form as they stand.
#[inline]
fn is_plain(tail: &str) -> bool {
    let mut last = 0;
    let is_plain_byte = |byte: u8| {
        let is_dot_segment = byte == b'.' && last == b'/';
        last = byte;
        !is_dot_segment && !matches!(byte, b'%' | b'\\' | b'#')
    };
    tail.starts_with('/') && !tail.ends_with('?') && tail.bytes().all(is_plain_byte)
}

/// Adds path and query.
fn push_tail(tail: &str, out: &mut String) {
    if is_plain(tail) {
        return out.push_str(tail);
    }
    let tail = tail.split('#').next().unwrap_or_default();
    let (path, query) = tail.split_once('?').map_or((tail, None), |(path, query)| (path, Some(query)));
    let start = out.len();
    let segments = path.split(['/', '\\']).skip(1);
    let mut is_open = true;
    out.push('/');
    for segment in segments {
        if !is_open {
            out.push('/');
        }
        is_open = match segment {
            "." => true,
            ".." => {
                step_up(start, out);
                true
            }
            segment => {
                push_decoded(segment, out);
                false
            }
        };
    }
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        out.push('?');
        push_decoded(query, out);
    }
}

/// Takes the last directory away; what stays ends in `/`.
fn step_up(start: usize, out: &mut String) {
    let path = out.get(start..).unwrap_or_default().trim_end_matches('/');
    let kept = path.rfind('/').map_or(start, |slash| start + slash);
    out.truncate(kept);
    out.push('/');
}

/// Percent-encoding is undone where a plain letter is meant, and written in capitals where it stays.
fn push_decoded(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (plain, encoded) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let code = encoded.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let taken = match code {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                out.push(char::from(byte));
                3
            }
            Some(byte) => {
                out.push_str(&format!("%{byte:02X}"));
                3
            }
            None => {
                out.push('%');
                1
            }
        };
        rest = encoded.get(taken..).unwrap_or_default();
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_one_form() {
        for (text, form) in [
            ("http://Evil.COM", Some("evil.com/")),
            ("https://evil.com:443/a/../b/./c?x=%41#top", Some("evil.com/b/c?x=A")),
            ("http://evil.com:443/", Some("evil.com/")),
            ("http://evil.com:8080/", Some("evil.com:8080/")),
            ("http://user:pass@evil.com/%7efoo%2f", Some("evil.com/~foo%2F")),
            ("http:\\\\evil.com\\x", None),
            ("http://evil.com\\x\\y", Some("evil.com/x/y")),
            ("ftp://evil.com:21/x", Some("ftp://evil.com/x")),
            ("http://[2001:DB8::1]:8080/x", Some("[2001:db8::1]:8080/x")),
            ("http://[::ffff:203.0.113.7]/x", Some("203.0.113.7/x")),
            ("http://203.0.113.7/../..", Some("203.0.113.7/")),
            ("evil.com/a%", Some("evil.com/a%")),
            ("evil.com?q", Some("evil.com/?q")),
            ("http://evil.com/?", Some("evil.com/")),
            ("http://evil.com/.a/b.c?d=/.", Some("evil.com/.a/b.c?d=/.")),
            ("http://evil.com/a?b=../c#d", Some("evil.com/a?b=../c")),
            ("http://intranet/", None),
            ("/index.html", None),
            ("http://evil.com:99999/", None),
            ("http://evil.com/a//b", Some("evil.com/a//b")),
            ("http://evil.com/a/b/../../../..//c", Some("evil.com//c")),
        ] {
            let mut url = Url::default();
            let read = url.read(text);
            assert_eq!(read.then_some(url.as_str()), form, "{text}");
        }
    }

    #[test]
    fn what_is_looked_up_goes_from_the_whole_to_the_host() {
        let mut url = Url::default();
        assert!(url.read("http://evil.com/a/b.php?x=1/2"));
        assert_eq!(
            url.expressions().collect::<Vec<_>>(),
            ["evil.com/a/b.php?x=1/2", "evil.com/a/b.php", "evil.com/a/", "evil.com/"]
        );
        assert_eq!(url.host(), "evil.com");
        assert!(url.expressions().all(|expression| authority(expression) == "evil.com"));
        for text in [
            "ftp://evil.com:2121/a/b?c=x://y",
            "http://evil.com:8080/?u=http://b.com/",
            "http://[2001:db8::1]/a/",
        ] {
            assert!(url.read(text));
            let (whole, path) = (authority(url.as_str()).to_owned(), url.path);
            assert_eq!((whole.len(), whole.as_str()), (path, url.authority()), "{text}");
            assert!(url.expressions().all(|expression| authority(expression) == whole), "{text}");
        }
        assert!(url.read("http://evil.com/a/b.php?x=1/2"));
        assert!(url.read("http://evil.com/"));
        assert!(url.is_whole_host());
        assert_eq!(url.expressions().collect::<Vec<_>>(), ["evil.com/"]);
    }

    #[test]
    fn a_padded_url_is_looked_up_by_its_directories() {
        let mut url = Url::default();
        assert!(url.read(&format!("http://evil.com/a/{}", "b/".repeat(100_000))));
        assert!(url.expressions().any(|expression| expression == "evil.com/a/"));
        assert!(url.expressions().count() <= DIRECTORIES_MAX + 2);
    }
}
