//! A request as web servers and proxies log it.

use std::borrow::Cow;

use sentra_model::{Class, Event, Mart, Outcome};

use crate::scan::put;

/// The parts of `GET /path?query HTTP/1.1`. Texts are empty where the request does not have them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) version: &'a str,
}

impl<'a> Request<'a> {
    /// The parts of a request line; `None` when it is not HTTP.
    pub(crate) fn of(line: &'a str) -> Option<Self> {
        let (method, rest) = line.split_once(' ')?;
        let is_method = !method.is_empty()
            && method.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_'));
        if !is_method {
            return None;
        }
        // Targets of broken clients have blanks in them, so the version is looked for at the end.
        let (target, version) = match rest.rsplit_once(' ') {
            Some((target, version)) if version.starts_with("HTTP/") => (target, version),
            _ => (rest, ""),
        };
        Some(Self { method, target, version })
    }

    /// The host that an absolute target or a `CONNECT` names, without its port.
    pub(crate) fn host(&self) -> &'a str {
        let authority = match self.target.split_once("://") {
            Some((scheme, rest)) if is_scheme(scheme) => {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                rest.get(..end).unwrap_or(rest)
            }
            _ if self.method == "CONNECT" => self.target,
            _ => return "",
        };
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        without_port(host)
    }

    /// The path of the target.
    pub(crate) fn path(&self) -> &'a str {
        self.path_and_query().0
    }

    /// Path and query of the target.
    fn path_and_query(&self) -> (&'a str, &'a str) {
        if self.method == "CONNECT" {
            return ("", "");
        }
        let path = match self.target.split_once("://") {
            Some((scheme, rest)) if is_scheme(scheme) => {
                rest.find('/').and_then(|start| rest.get(start..)).unwrap_or_default()
            }
            _ => self.target,
        };
        path.split_once('?').unwrap_or((path, ""))
    }
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty() && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A host without the port behind it.
pub(crate) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if crate::scan::is_number(port) && (name.ends_with(']') || !name.contains(':')) =>
        {
            name
        }
        _ => host,
    }
}

/// What every HTTP event has.
pub(crate) fn start(event: &mut Event<'_>, product: &'static str) {
    event.mart = Mart::PROXY;
    event.class = Class::HTTP;
    event.product = Cow::Borrowed(product);
    event.service = Cow::Borrowed(product);
    event.fields.reserve(16);
}

/// The request under the names of Sigma's web server rules.
pub(crate) fn put_server_fields<'a>(event: &mut Event<'a>, request: &Request<'a>) {
    let (path, query) = request.path_and_query();
    put(event, "cs-method", request.method);
    put(event, "cs-uri-stem", path);
    put(event, "cs-uri-query", query);
    put(event, "cs-uri-query", request.target);
    put(event, "cs-version", request.version);
}

/// The request under the names of Sigma's proxy rules.
pub(crate) fn put_proxy_fields<'a>(event: &mut Event<'a>, request: &Request<'a>) {
    let (path, query) = request.path_and_query();
    put(event, "c-uri", request.target);
    put(event, "cs-uri", request.target);
    put(event, "cs-host", request.host());
    put(event, "r-dns", request.host());
    put(event, "c-uri-stem", path);
    put(event, "c-uri-query", query);
    put(event, "c-uri-extension", extension(path));
}

/// What stands after the last dot of a path's last part.
fn extension(path: &str) -> &str {
    let name = path.rsplit_once('/').map_or("", |(_, name)| name);
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// Below 400 it worked. `000` and `0` are how proxies log a client that went away.
pub(crate) fn outcome(status: &str) -> Outcome {
    match status.parse::<u16>() {
        Ok(100..=399) => Outcome::Success,
        Ok(400..=999) => Outcome::Failure,
        _ => Outcome::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_lines_come_apart() {
        let cases = [
            ("GET / HTTP/1.1", Some(("GET", "/", "HTTP/1.1", ""))),
            ("GET /a b c HTTP/1.0", Some(("GET", "/a b c", "HTTP/1.0", ""))),
            ("GET /old", Some(("GET", "/old", "", ""))),
            (
                "CONNECT example.com:443 HTTP/1.1",
                Some(("CONNECT", "example.com:443", "HTTP/1.1", "example.com")),
            ),
            (
                "GET http://u:p@example.com:80/x HTTP/1.0",
                Some(("GET", "http://u:p@example.com:80/x", "HTTP/1.0", "example.com")),
            ),
            (
                "GET http://[2001:db8::1]:80/ HTTP/1.0",
                Some(("GET", "http://[2001:db8::1]:80/", "HTTP/1.0", "[2001:db8::1]")),
            ),
            ("M-SEARCH * HTTP/1.1", Some(("M-SEARCH", "*", "HTTP/1.1", ""))),
            (r"\x16\x03\x01 \x02", None),
            ("HELP", None),
            ("-", None),
        ];
        for (line, expected) in cases {
            let found = Request::of(line);
            assert_eq!(
                found.map(|found| (found.method, found.target, found.version, found.host())),
                expected,
                "{line}"
            );
        }
    }
}
