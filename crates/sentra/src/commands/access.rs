//! Where a command gets its answers: engines that it opens itself, or a server that holds them.

use std::path::Path;

use anyhow::{Context, bail};
use sentra_model::{IncidentId, TenantScope};
use sentra_query::{Asker, Engine, Request, Role};
use sentra_server::Config;
use sentra_server::api::types::{
    IncidentDetail, IncidentRevision, IncidentSummary, QueryAnswer, QueryRequest,
};
use sentra_store::{IncidentFilter, ROWS_MAX};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::cli::Place;
use crate::client::Client;
use crate::engines::{Engines, Opened};
use crate::settings;

/// Incidents asked of the store at a time.
const PAGE_INCIDENTS_MAX: usize = 200;

pub(crate) enum Access {
    Embedded { runtime: Runtime, engines: Box<Engines>, scope: TenantScope },
    Server(Client),
}

/// The address of the server that holds `data`, as it wrote it down when it started.
fn server_of(data: &Path) -> Option<String> {
    let address = std::fs::read_to_string(data.join(sentra_server::ADDRESS_FILE)).ok()?;
    Some(address.trim().to_owned()).filter(|address| !address.is_empty())
}

/// The runtime of commands that open engines.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")
}

impl Access {
    /// Opens what `place` names. `create` says whether a missing data directory may be made.
    pub(crate) fn open(place: &Place, create: bool) -> anyhow::Result<Self> {
        if let Some(url) = &place.server {
            return Ok(Self::Server(client(place, url)?));
        }
        let exists = place.data.try_exists().unwrap_or(false);
        if !create && !exists {
            bail!(
                "{} does not exist: `sentra ingest FILE` makes it, --data names another",
                place.data.display()
            );
        }
        let runtime = runtime()?;
        let mut config = settings::load(None)?;
        settings::recall_rules(&place.data, &mut config);
        let options = settings::engine_options(&config)?;
        match runtime.block_on(Engines::open(&place.data, options))? {
            Opened::Engines(engines) => {
                let scope = TenantScope::new(place.tenant.clone());
                Ok(Self::Embedded { runtime, engines, scope })
            }
            Opened::Held { error } => match server_of(&place.data) {
                Some(url) => Ok(Self::Server(client(place, &url)?)),
                None => Err(error)
                    .context("the data directory is in use, and not by a server that could be asked"),
            },
        }
    }

    pub(crate) fn incidents(&self, limit: usize) -> anyhow::Result<Vec<IncidentSummary>> {
        let (runtime, engines, scope) = match self {
            Self::Server(client) => return client.incidents(limit),
            Self::Embedded { runtime, engines, scope } => (runtime, engines, scope),
        };
        runtime.block_on(async {
            engines.catch_up(|_| {}).await?;
            let mut items = Vec::new();
            let mut cursor = None;
            while items.len() < limit {
                let filter = IncidentFilter {
                    limit: (limit - items.len()).min(PAGE_INCIDENTS_MAX),
                    cursor,
                    ..IncidentFilter::default()
                };
                let page = engines.records.incidents(scope, &filter).await?;
                items.extend(page.items.into_iter().map(IncidentSummary::from));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            Ok(items)
        })
    }

    pub(crate) fn incident(&self, id: IncidentId) -> anyhow::Result<IncidentDetail> {
        let (runtime, engines, scope) = match self {
            Self::Server(client) => return client.incident(id),
            Self::Embedded { runtime, engines, scope } => (runtime, engines, scope),
        };
        runtime.block_on(async {
            engines.catch_up(|_| {}).await?;
            let incident = engines.records.incident(scope, id).await?;
            let incident = incident.with_context(|| format!("there is no incident {id}"))?;
            let signals = engines.records.incident_signals(scope, id).await?;
            let history = engines.records.incident_history(scope, id).await?;
            let history = history.into_iter().map(IncidentRevision::from).collect();
            Ok(IncidentDetail::new(incident, signals, history))
        })
    }

    /// What a question is expected to cost, as `/api/v1/query/estimate` answers.
    pub(crate) fn estimate(&self, request: &QueryRequest) -> anyhow::Result<Value> {
        let (runtime, engines, scope) = match self {
            Self::Server(client) => {
                let body = serde_json::to_vec(&json!({ "text": request.text }))?;
                return client.post("/api/v1/query/estimate", &body, "application/json");
            }
            Self::Embedded { runtime, engines, scope } => (runtime, engines, scope),
        };
        let engine = request.engine.as_deref().unwrap_or("auto").parse::<Engine>();
        let engine = engine.map_err(anyhow::Error::msg)?;
        runtime.block_on(async {
            engines.catch_up(|_| {}).await?;
            let asker = Asker::new(scope.clone(), Role::Admin);
            let asked = Request { engine, ..Request::new(request.text.as_str()) };
            let config = Config::default();
            let desk = engines.query_desk(config.desk_options(), config.decision_keeping()).await?;
            let expected = desk.estimate(&asker, &asked).await?;
            Ok(json!({
                "route": expected.route,
                "understood": expected.understood,
                "estimate": expected.estimate,
                "allowed": expected.allowed,
                "ceiling": expected.ceiling,
                "cheaper": expected.cheaper,
            }))
        })
    }

    pub(crate) fn query(&self, request: &QueryRequest) -> anyhow::Result<QueryAnswer> {
        let (runtime, engines, scope) = match self {
            Self::Server(client) => return client.query(request),
            Self::Embedded { runtime, engines, scope } => (runtime, engines, scope),
        };
        let engine = request.engine.as_deref().unwrap_or("auto").parse::<Engine>();
        let engine = engine.map_err(anyhow::Error::msg)?;
        runtime.block_on(async {
            engines.catch_up(|_| {}).await?;
            let asker = Asker::new(scope.clone(), Role::Admin);
            let asked = Request {
                engine,
                explain: request.explain,
                anyway: request.anyway,
                rows_max: request.page_size.unwrap_or(ROWS_MAX),
                ..Request::new(request.text.as_str())
            };
            let config = Config::default();
            let desk = engines.query_desk(config.desk_options(), config.decision_keeping()).await?;
            let answer = match (request.page_size, &request.cursor) {
                (None, None) => desk.ask(&asker, &asked).await?,
                (_, cursor) => desk.page(&asker, &asked, cursor.as_deref()).await?,
            };
            Ok(QueryAnswer::from(answer))
        })
    }
}

/// The server that `place` names or that holds its data directory, where one runs. No engine is opened.
pub(crate) fn running_server(place: &Place) -> anyhow::Result<Option<Client>> {
    let Some(url) = place.server.clone().or_else(|| server_of(&place.data)) else { return Ok(None) };
    let client = client(place, &url)?;
    // A server that was killed leaves its address behind.
    Ok(client.is_alive().then_some(client))
}

/// A client for the server at `url` with the token that `place` names.
pub(crate) fn client(place: &Place, url: &str) -> anyhow::Result<Client> {
    let token_file = place.token_file.clone().unwrap_or_else(|| place.data.join(sentra_server::TOKEN_FILE));
    Client::new(url, &token_file, place.tenant.clone())
}
