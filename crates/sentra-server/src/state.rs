use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use sentra_backbone::EventLog;
use sentra_factory::{DecisionDesk, LetterDesk, MartDesk, RuleDesk};
use sentra_forensic::TextIndex;
use sentra_intake::{Appender, Intake};
use sentra_model::{Clock, TenantId, Timestamp};
use sentra_query::Desk;
use sentra_store::{MartStore, Records};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::api::types::{Listener, Pipeline};
use crate::figures;
use crate::pipeline::{Meter, PipelineStatus};
use crate::problem::Problem;
use crate::reload::Reloader;
use crate::{Config, Door, LiveHub, ServerError};

/// What the server works on; all of it is passed in.
#[derive(Debug)]
pub struct App {
    /// The data directory: the server writes its address there while it runs.
    pub directory: PathBuf,
    /// The backbone.
    pub log: Arc<dyn EventLog>,
    /// Events.
    pub marts: Arc<dyn MartStore>,
    /// Marts, to register and to remove.
    pub mart_desk: Arc<MartDesk>,
    /// The full text of what was found; `None` where there is none.
    pub forensic: Option<Arc<dyn TextIndex>>,
    /// Signals, incidents, dead letters.
    pub records: Arc<dyn Records>,
    /// Where questions are asked.
    pub desk: Arc<Desk>,
    /// Dead letters, to look at and to replay.
    pub letters: LetterDesk,
    /// Rules, to look at and to try.
    pub rules: RuleDesk,
    /// What people decide about signals and incidents, and what that taught.
    pub decisions: DecisionDesk,
    /// The stream processor's word about itself.
    pub pipeline: Arc<dyn PipelineStatus>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where incident changes are announced; the factory's watcher has the other end.
    pub live: Arc<LiveHub>,
    /// Who may come in.
    pub door: Door,
    /// What `/metrics` shows; `None` shows nothing.
    pub metrics: Option<Metrics>,
    /// Reads settings again while the server runs; `None` never does.
    pub reloader: Option<Arc<dyn Reloader>>,
    /// Version of the program.
    pub version: String,
}

/// The figures of this process, as Prometheus reads them.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Installs the recorder that all figures of the process go to. Once per process.
    ///
    /// # Errors
    /// When a recorder is installed already.
    pub fn install() -> Result<Self, ServerError> {
        let recorder = PrometheusBuilder::new().install_recorder();
        let recorder = recorder.map_err(|error| ServerError::Metrics { detail: error.to_string() })?;
        figures::describe();
        Ok(Self(recorder))
    }

    pub(crate) fn render(&self) -> String {
        self.0.render()
    }

    /// Histograms keep every value until this is called.
    pub(crate) fn tidy(&self) {
        self.0.run_upkeep();
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

/// What every request handler shares.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) app: App,
    pub(crate) config: Config,
    pub(crate) meter: Meter,
    pub(crate) appender: Appender,
    /// Where the HTTP interface listens.
    pub(crate) http: std::net::SocketAddr,
    /// The other doors.
    pub(crate) intake: Intake,
    pub(crate) started: Timestamp,
    pub(crate) requests: Arc<Semaphore>,
    pub(crate) streams: Arc<Semaphore>,
    /// Where questions are asked. Law LIMIT: it lets `server.queries_max` run at a time.
    pub(crate) desk: Arc<Desk>,
    /// Law LIMIT: one backtest at a time; it uses a core for itself.
    pub(crate) backtests: Semaphore,
    pub(crate) stop: CancellationToken,
}

pub(crate) type Shared = Arc<State>;

impl State {
    pub(crate) fn new(
        app: App,
        config: Config,
        intake: Intake,
        http: std::net::SocketAddr,
        stop: CancellationToken,
    ) -> Self {
        Self {
            meter: Meter::new(config.server.stalled_after_s),
            appender: intake.appender().clone(),
            started: app.clock.now(),
            requests: Arc::new(Semaphore::new(config.server.requests_max)),
            streams: Arc::new(Semaphore::new(config.server.streams_max)),
            desk: Arc::clone(&app.desk),
            backtests: Semaphore::new(1),
            app,
            config,
            http,
            intake,
            stop,
        }
    }

    /// Every open door.
    pub(crate) fn listeners(&self) -> Vec<Listener> {
        let http = Listener { name: "http".to_owned(), address: self.http.to_string() };
        let doors = self.intake.listeners().into_iter();
        let doors = doors.map(|door| Listener { name: door.name, address: door.address.to_string() });
        std::iter::once(http).chain(doors).collect()
    }

    /// Where the processing stands now.
    pub(crate) fn pipeline(&self) -> Pipeline {
        self.meter.pipeline(self.app.clock.now(), self.app.pipeline.snapshot())
    }

    /// Whether something of `tenant` is in the log.
    pub(crate) async fn has_sent(&self, tenant: &TenantId) -> Result<bool, Problem> {
        Ok(self.app.log.streams().await?.iter().any(|stream| stream.tenant == *tenant))
    }

    /// Every tenant that has sent or committed something, and the default one.
    pub(crate) async fn tenants(&self) -> Result<BTreeSet<TenantId>, Problem> {
        let mut tenants = BTreeSet::from([TenantId::default_tenant()]);
        tenants.extend(self.app.log.streams().await?.into_iter().map(|stream| stream.tenant));
        tenants.extend(self.app.records.tenants().await?);
        Ok(tenants)
    }
}
