//! Talks to a running server: the HTTP contract seen from the other side.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use sentra_model::{IncidentId, TenantId};
use sentra_server::ReloadAnswer;
use sentra_server::api::types::{IncidentDetail, IncidentPage, LoginLink, QueryAnswer, QueryRequest};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::{Agent, Body, http};

/// Longest wait for an answer; ingest requests are cut small enough for it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
/// Longest wait for a whole file.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(1_800);
/// Largest answer that is read.
const ANSWER_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A server and the right to use it.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    base: String,
    token: String,
    tenant: TenantId,
}

/// The parts of a problem document that people need.
#[derive(Debug, Deserialize)]
struct Problem {
    title: String,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    next: Option<String>,
}

impl Client {
    /// A client for the server at `url`; the token is read from `token_file`.
    pub(crate) fn new(url: &str, token_file: &Path, tenant: TenantId) -> anyhow::Result<Self> {
        let token = std::fs::read_to_string(token_file)
            .with_context(|| format!("cannot read the server's token from {}", token_file.display()))?;
        if url.starts_with("https://") {
            bail!("{url}: this version speaks http on loopback only");
        }
        let agent = Agent::config_builder()
            .timeout_global(Some(REQUEST_TIMEOUT))
            .http_status_as_error(false)
            .build()
            .new_agent();
        let base = url.trim_end_matches('/').to_owned();
        Ok(Self { agent, base, token: token.trim().to_owned(), tenant })
    }

    pub(crate) fn incidents(
        &self,
        limit: usize,
    ) -> anyhow::Result<Vec<sentra_server::api::types::IncidentSummary>> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        while items.len() < limit {
            let mut path = format!("/api/v1/incidents?limit={}", (limit - items.len()).min(200));
            if let Some(cursor) = &cursor {
                path.push_str("&cursor=");
                path.push_str(&percent_encoded(cursor));
            }
            let page: IncidentPage = self.get(&path)?;
            items.extend(page.items);
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        Ok(items)
    }

    pub(crate) fn incident(&self, id: IncidentId) -> anyhow::Result<IncidentDetail> {
        self.get(&format!("/api/v1/incidents/{id}"))
    }

    pub(crate) fn query(&self, request: &QueryRequest) -> anyhow::Result<QueryAnswer> {
        self.post("/api/v1/query", &serde_json::to_vec(request)?, "application/json")
    }

    pub(crate) fn reload(&self) -> anyhow::Result<ReloadAnswer> {
        self.post("/api/v1/reload", b"{}", "application/json")
    }

    /// Whether anybody answers there.
    pub(crate) fn is_alive(&self) -> bool {
        self.agent
            .get(format!("{}/healthz", self.base))
            .call()
            .is_ok_and(|answer| answer.status().is_success())
    }

    pub(crate) fn login_link(&self) -> anyhow::Result<LoginLink> {
        self.post("/api/v1/login-links", b"{}", "application/json")
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let request = self
            .agent
            .get(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.token))
            .header("x-sentra-tenant", self.tenant.as_str());
        let answer = request.call().with_context(|| self.unreachable())?;
        read(answer)
    }

    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &[u8],
        content_type: &str,
    ) -> anyhow::Result<T> {
        let request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.token))
            .header("x-sentra-tenant", self.tenant.as_str())
            .header("content-type", content_type);
        let answer = request.send(body).with_context(|| self.unreachable())?;
        read(answer)
    }

    /// A request with a JSON body by any method.
    pub(crate) fn send<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> anyhow::Result<T> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.token))
            .header("x-sentra-tenant", self.tenant.as_str())
            .header("content-type", "application/json")
            .body(body)?;
        let answer = self.agent.run(request).with_context(|| self.unreachable())?;
        read(answer)
    }

    /// Asks and gives the body of the answer, however long it takes.
    pub(crate) fn download(&self, path: &str, body: &[u8]) -> anyhow::Result<Body> {
        let request = self
            .agent
            .post(format!("{}{path}", self.base))
            .config()
            .timeout_global(Some(DOWNLOAD_TIMEOUT))
            .build()
            .header("authorization", format!("Bearer {}", self.token))
            .header("x-sentra-tenant", self.tenant.as_str())
            .header("content-type", "application/json");
        let mut answer = request.send(body).with_context(|| self.unreachable())?;
        if !answer.status().is_success() {
            let status = answer.status();
            let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
            return Err(problem(status, &body));
        }
        Ok(answer.into_body())
    }

    fn unreachable(&self) -> String {
        format!("no answer from the server at {} — is `sentra serve` running?", self.base)
    }
}

fn read<T: DeserializeOwned>(mut answer: http::Response<Body>) -> anyhow::Result<T> {
    let status = answer.status();
    let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
    if status.is_success() {
        return serde_json::from_slice(&body).context("the server's answer is not what this version expects");
    }
    Err(problem(status, &body))
}

/// What the server said instead of an answer.
fn problem(status: http::StatusCode, body: &[u8]) -> anyhow::Error {
    let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
        return anyhow!("the server answered {status}");
    };
    let detail = problem.detail.map(|detail| format!(": {detail}")).unwrap_or_default();
    let next = problem.next.map(|next| format!(" — {next}")).unwrap_or_default();
    anyhow!("{}{detail}{next}", problem.title)
}

/// `text` with everything but letters, digits, `-`, `.`, `_` and `~` as `%XX` (RFC 3986).
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
