//! The door: who may come in. Every route but the open ones of [`crate::api`] needs the bearer token of the
//! data directory or a browser session that a one-time link made.

mod host;
mod passes;
mod secret;
mod token;

use std::path::Path;
use std::sync::Arc;

use axum::http::{HeaderMap, Method, Uri, header};
use sentra_model::{Clock, Timestamp};

use host::HostNames;
use passes::Passes;
use secret::Secret;

use crate::problem::{Problem, ProblemKind};
use crate::{ServerConfig, ServerError};

pub use token::{TOKEN_FILE, read_admin_token};

/// Name of the cookie that holds a browser session.
pub const SESSION_COOKIE: &str = "sentra_session";
/// Header that a browser session needs for unsafe methods: other sites cannot send it.
pub const CSRF_HEADER: &str = "x-sentra-csrf";
/// Login links that work at the same time; one more ends the oldest.
const LOGIN_LINKS_MAX: usize = 32;

/// Who came in.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// With the token of the data directory.
    Bearer,
    /// With a browser session.
    Session(Secret),
}

/// Keeper of the token, the login links and the browser sessions.
#[derive(Debug)]
pub struct Door {
    admin: Secret,
    links: Passes,
    sessions: Passes,
    session_s: u64,
    hosts: HostNames,
    clock: Arc<dyn Clock>,
}

impl Door {
    /// The door of the data directory `directory`, which must exist. Its token is made when there is none.
    ///
    /// # Errors
    /// When the token can be neither read nor made, or others may read it.
    pub fn open(directory: &Path, config: &ServerConfig, clock: Arc<dyn Clock>) -> Result<Self, ServerError> {
        let admin = token::load_or_create(directory)?;
        Ok(Self {
            admin,
            links: Passes::new(LOGIN_LINKS_MAX, config.login_link_s),
            sessions: Passes::new(config.sessions_max, config.session_s),
            session_s: config.session_s,
            hosts: HostNames::new(&config.host_names),
            clock,
        })
    }

    /// Path and query of a new login link and when it stops working. It works once.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new_login_link(&self) -> Result<(String, Timestamp), ServerError> {
        let (secret, expires) = self.links.issue(self.clock.now())?;
        Ok((format!("/login?token={}", secret.text()), expires))
    }

    /// Turns the token of a login link into a browser session: the value of the `Set-Cookie` header.
    pub(crate) fn redeem(&self, token: &str) -> Result<String, Problem> {
        let now = self.clock.now();
        let spent = || Problem::new(ProblemKind::LoginLinkSpent, "this login link does not work");
        let link = Secret::parse(token).ok_or_else(spent)?;
        if !self.links.revoke(&link, now) {
            metrics::counter!("sentra_door_refused_total", "why" => "login_link").increment(1);
            return Err(spent());
        }
        let (session, _) = self.sessions.issue(now)?;
        let (session, age) = (session.text(), self.session_s);
        Ok(format!("{SESSION_COOKIE}={session}; HttpOnly; SameSite=Strict; Path=/; Max-Age={age}"))
    }

    /// Ends the browser session of `caller`: the value of the `Set-Cookie` header that makes the browser forget.
    pub(crate) fn leave(&self, caller: &Caller) -> String {
        if let Caller::Session(session) = caller {
            self.sessions.revoke(session, self.clock.now());
        }
        format!("{SESSION_COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0")
    }

    /// Lets a request in, or says why not.
    pub(crate) fn admit(&self, method: &Method, headers: &HeaderMap) -> Result<Caller, Problem> {
        let result = self.judge(method, headers);
        if let Err(problem) = &result {
            let why = problem.kind().slug();
            metrics::counter!("sentra_door_refused_total", "why" => why).increment(1);
        }
        result
    }

    fn judge(&self, method: &Method, headers: &HeaderMap) -> Result<Caller, Problem> {
        if headers.contains_key(header::AUTHORIZATION) {
            let admitted = bearer(headers).is_some_and(|token| token.matches(&self.admin));
            let refused = || Problem::new(ProblemKind::Unauthorized, "the bearer token is not the right one");
            return admitted.then_some(Caller::Bearer).ok_or_else(refused);
        }
        let sessions: Vec<Secret> = session_cookies(headers).collect();
        if sessions.is_empty() {
            return Err(Problem::new(ProblemKind::Unauthorized, "the request carries no credentials"));
        }
        let now = self.clock.now();
        let Some(session) = sessions.into_iter().find(|session| self.sessions.holds(session, now)) else {
            return Err(Problem::new(ProblemKind::Unauthorized, "the session is over"));
        };
        let has_header = headers.get(CSRF_HEADER).is_some_and(|value| value == "1");
        if !method.is_safe() && !has_header {
            let detail = format!("{method} with a session needs the header X-Sentra-Csrf: 1");
            return Err(Problem::new(ProblemKind::CsrfHeaderMissing, detail));
        }
        Ok(Caller::Session(session))
    }

    /// Whether the request carries the token of the data directory.
    pub(crate) fn is_administrator(&self, headers: &HeaderMap) -> bool {
        bearer(headers).is_some_and(|token| token.matches(&self.admin))
    }

    /// Whether the request calls this server by one of its names.
    pub(crate) fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let mut named = headers.get_all(header::HOST).iter();
        let header = named.next().map(|value| value.to_str().unwrap_or_default());
        let host = header.or_else(|| uri.authority().map(|authority| authority.as_str()));
        let ambiguous = named.next().is_some();
        match host {
            Some(host) if !ambiguous && self.hosts.allow(host) => Ok(()),
            _ => {
                metrics::counter!("sentra_door_refused_total", "why" => "wrong-host").increment(1);
                let detail = format!("this server is not {:?}", host.unwrap_or_default());
                Err(Problem::new(ProblemKind::WrongHost, detail))
            }
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::parse(token.trim()))?
}

fn session_cookies(headers: &HeaderMap) -> impl Iterator<Item = Secret> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .filter(|(name, _)| *name == SESSION_COOKIE)
        .filter_map(|(_, value)| Secret::parse(value))
}

impl From<ServerError> for Problem {
    fn from(error: ServerError) -> Self {
        tracing::error!(error = %error, "the door failed");
        Self::new(ProblemKind::Internal, "the server could not do this")
    }
}

#[cfg(test)]
mod tests {
    use sentra_model::ManualClock;

    use super::*;

    struct Fixture {
        door: Door,
        clock: Arc<ManualClock>,
        token: String,
        _directory: tempfile::TempDir,
    }

    fn fixture() -> Fixture {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_000)));
        let door = Door::open(directory.path(), &ServerConfig::default(), clock.clone()).unwrap();
        let token = read_admin_token(directory.path()).unwrap();
        Fixture { door, clock, token, _directory: directory }
    }

    fn headers(pairs: &[(&'static str, String)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect::<Vec<(axum::http::HeaderName, axum::http::HeaderValue)>>()
            .into_iter()
            .collect()
    }

    fn cookie_of(set_cookie: &str) -> String {
        set_cookie.split(';').next().unwrap().to_owned()
    }

    fn token_of(link: &str) -> String {
        link.split_once("token=").unwrap().1.to_owned()
    }

    #[test]
    fn the_bearer_token_opens_and_nothing_like_it_does() {
        let Fixture { door, token, .. } = fixture();
        let admit = |value: String| door.admit(&Method::POST, &headers(&[("authorization", value)]));
        assert!(matches!(admit(format!("Bearer {token}")), Ok(Caller::Bearer)));
        assert!(admit(format!("bearer  {token}")).is_ok());
        let mut wrong = token.clone();
        wrong.replace_range(63.., if token.ends_with('0') { "1" } else { "0" });
        let half = token[..32].to_owned();
        for bad in [format!("Bearer {wrong}"), format!("Basic {token}"), token.clone(), half, String::new()] {
            assert_eq!(admit(bad.clone()).unwrap_err().kind(), ProblemKind::Unauthorized, "{bad}");
        }
    }

    #[test]
    fn a_login_link_works_once_and_not_for_long() {
        let Fixture { door, clock, .. } = fixture();
        let (link, _) = door.new_login_link().unwrap();
        assert!(door.redeem(&token_of(&link)).is_ok());
        assert_eq!(door.redeem(&token_of(&link)).unwrap_err().kind(), ProblemKind::LoginLinkSpent);
        let (late, expires) = door.new_login_link().unwrap();
        clock.set(expires);
        assert!(door.redeem(&token_of(&late)).is_err());
        assert!(door.redeem("nonsense").is_err());
    }

    #[test]
    fn a_session_needs_the_csrf_header_for_unsafe_methods_and_ends() {
        let Fixture { door, clock, .. } = fixture();
        let (link, _) = door.new_login_link().unwrap();
        let set_cookie = door.redeem(&token_of(&link)).unwrap();
        assert!(set_cookie.contains("HttpOnly") && set_cookie.contains("SameSite=Strict"));
        let cookie = ("cookie", format!("a=b; {}", cookie_of(&set_cookie)));
        let with_session = headers(std::slice::from_ref(&cookie));
        let caller = door.admit(&Method::GET, &with_session).unwrap();
        let refused = door.admit(&Method::POST, &with_session).unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::CsrfHeaderMissing);
        let with_header = headers(&[cookie, (CSRF_HEADER, "1".to_owned())]);
        assert!(door.admit(&Method::POST, &with_header).is_ok());
        clock.set(Timestamp::from_seconds(1_000 + 12 * 3_600));
        assert!(door.admit(&Method::GET, &with_session).is_err(), "the session outlived its time");
        clock.set(Timestamp::from_seconds(1_000));
        door.leave(&caller);
        assert!(door.admit(&Method::GET, &with_session).is_err());
    }

    #[test]
    fn a_request_without_or_with_two_host_names_is_refused() {
        let Fixture { door, .. } = fixture();
        let uri = Uri::from_static("/");
        let host = |name: &str| headers(&[("host", name.to_owned())]);
        assert!(door.check_host(&uri, &host("localhost:8080")).is_ok());
        assert!(door.check_host(&uri, &host("evil.example")).is_err());
        assert!(door.check_host(&uri, &HeaderMap::new()).is_err());
        let mut two = host("localhost");
        two.append("host", "evil.example".parse().unwrap());
        assert!(door.check_host(&uri, &two).is_err());
    }
}
