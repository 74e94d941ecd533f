use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::HttpDoor;
use super::serve::ClientNames;
use crate::{Presented, Refused, Sender};

/// A sender that the surrounding server let in already, with the tenant it named: somebody with the
/// administrator's token.
#[derive(Debug, Clone)]
pub struct Authenticated(pub Sender);

/// Who sends a request, and where it comes from.
#[derive(Debug, Clone)]
pub(crate) struct From {
    /// Law TENANT: whose records they are.
    pub(crate) sender: Result<Sender, AuthProblem>,
    pub(crate) address: IpAddr,
}

/// Why a request has no sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthProblem {
    /// It shows nothing.
    Missing,
    /// It shows something that cannot be read.
    Malformed,
    /// What it shows is not known.
    Refused(Refused),
}

impl FromRequestParts<HttpDoor> for From {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, door: &HttpDoor) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip().to_canonical());
        if let Some(Authenticated(sender)) = parts.extensions.get() {
            return Ok(Self { sender: Ok(sender.clone()), address });
        }
        let names = parts.extensions.get::<ClientNames>().map_or(&[][..], |names| &names.0);
        let sender = identify(door, &parts.headers, address, names);
        if let Err(problem) = sender {
            metrics::counter!("sentra_intake_refused_total", "listener" => door.name()).increment(1);
            tracing::debug!(%address, ?problem, "sender refused");
        }
        Ok(Self { sender, address })
    }
}

impl HttpDoor {
    fn name(&self) -> String {
        self.listener.as_ref().map_or_else(|| "server".to_owned(), |listener| listener.name.clone())
    }
}

/// Who sends with these headers, certificate and address.
pub(crate) fn identify(
    door: &HttpDoor,
    headers: &HeaderMap,
    address: IpAddr,
    names: &[String],
) -> Result<Sender, AuthProblem> {
    let senders = door.senders.get();
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let value = value.to_str().map_err(|_| AuthProblem::Malformed)?;
        let key = key_of(value).ok_or(AuthProblem::Malformed)?;
        return senders.by_key(&key).map_err(AuthProblem::Refused);
    }
    // Without a key only a listener of its own can tell: by certificate, address, or its tenant.
    let Some(listener) = &door.listener else { return Err(AuthProblem::Missing) };
    let presented = Presented { listener, address, certificate: names, key: None };
    senders.identify(&presented).map_err(|_| AuthProblem::Missing)
}

/// The API key that a request shows, in whatever scheme.
#[must_use]
pub fn key(headers: &HeaderMap) -> Option<String> {
    key_of(headers.get(header::AUTHORIZATION)?.to_str().ok()?)
}

/// The key in an `Authorization` header: `Splunk KEY`, `Bearer KEY`, `ApiKey BASE64(ID:KEY)`, or the password of
/// `Basic BASE64(USER:KEY)`.
fn key_of(value: &str) -> Option<String> {
    let (scheme, rest) = value.trim().split_once(' ')?;
    let rest = rest.trim();
    match scheme.to_ascii_lowercase().as_str() {
        "splunk" | "bearer" => Some(rest.to_owned()),
        "apikey" => decoded(rest).map(|pair| after_colon(&pair)).or_else(|| Some(rest.to_owned())),
        "basic" => decoded(rest).map(|pair| after_colon(&pair)),
        _ => None,
    }
}

fn after_colon(pair: &str) -> String {
    pair.split_once(':').map_or(pair, |(_, key)| key).to_owned()
}

fn decoded(text: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_every_scheme() {
        let base64 = |text: &str| STANDARD.encode(text);
        let cases = [
            ("Splunk abc".to_owned(), Some("abc")),
            ("splunk  abc".to_owned(), Some("abc")),
            ("Bearer abc".to_owned(), Some("abc")),
            (format!("ApiKey {}", base64("id:abc")), Some("abc")),
            (format!("Basic {}", base64("elastic:abc")), Some("abc")),
            (format!("Basic {}", base64("elastic:a:b")), Some("a:b")),
            ("Basic !!!".to_owned(), None),
            ("Digest abc".to_owned(), None),
            ("abc".to_owned(), None),
        ];
        for (header, expected) in cases {
            assert_eq!(key_of(&header).as_deref(), expected, "{header}");
        }
    }
}
