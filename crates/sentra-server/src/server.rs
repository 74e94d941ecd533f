use std::io;
use std::net::{SocketAddr, TcpListener as StdTcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sentra_intake::http::{ServeOptions, serve};
use sentra_intake::{Appender, Intake, IntakeOptions};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::types::Listener;
use crate::reload::{self, ReloadAnswer};
use crate::state::{App, Shared, State};
use crate::{Config, ServerError, routes};

/// Name of the file, in the data directory, with the address of the server that holds it.
pub const ADDRESS_FILE: &str = "server.url";
/// Directory, in the data directory, with what the doors must remember.
const INTAKE_DIRECTORY: &str = "intake";
/// How often counters are read for rates and history.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);
/// Every so many samples the live stream tells the status.
const SAMPLES_PER_STATUS: u64 = 2;

/// The edges: opens the doors and serves.
#[derive(Debug)]
pub struct Server;

/// A server that runs until it is told to stop.
#[derive(Debug)]
pub struct Running {
    shared: Shared,
    http: SocketAddr,
    tasks: TaskTracker,
    address_file: PathBuf,
}

impl Server {
    /// Opens every door of `config` and serves `app` in the background. Port 0 takes any free port.
    ///
    /// # Errors
    /// When an address makes no sense, may not be listened on or is in use, or the server's address cannot be
    /// written into the data directory. Nothing listens then.
    pub async fn start(app: App, config: Config) -> Result<Running, ServerError> {
        let http = open_http(&config)?;
        let address = http.local_addr().map_err(|source| listen_error(&config, source))?;
        let settings = reload::settings(&config, &app.directory)?;
        let limits = settings.limits.clone();
        let appender = Appender::new(Arc::clone(&app.log), Arc::clone(&app.clock), limits)
            .with_partitions(config.backbone.partitions);
        let options = IntakeOptions {
            directory: Some(app.directory.join(INTAKE_DIRECTORY)),
            requests_max: config.intake.requests_max,
            memory_bytes_max: config.intake.body_memory_bytes_max,
        };
        let intake = Intake::start(appender, options, &settings)?;
        let address_file = app.directory.join(ADDRESS_FILE);
        let shared = Arc::new(State::new(app, config, intake, address, CancellationToken::new()));
        let tasks = TaskTracker::new();
        spawn(&shared, &tasks, http).map_err(|source| listen_error(&shared.config, source))?;
        let running = Running { shared, http: address, tasks, address_file };
        if let Err(error) = write_address(&running.address_file, address) {
            running.stop().await;
            return Err(error);
        }
        Ok(running)
    }
}

impl Running {
    /// The address of console and API.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.http
    }

    /// Every open door.
    #[must_use]
    pub fn listeners(&self) -> Vec<Listener> {
        self.shared.listeners()
    }

    /// Reads configuration, keys, certificates and formats again; with an error nothing has changed.
    ///
    /// # Errors
    /// What is wrong with the new settings.
    pub async fn reload(&self) -> Result<ReloadAnswer, ServerError> {
        self.shared.reload().await
    }

    /// A new one-time link to the console.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn login_url(&self) -> Result<String, ServerError> {
        let (path, _) = self.shared.app.door.new_login_link()?;
        Ok(format!("http://{}{path}", self.http))
    }

    /// Closes the doors, lets open requests end for as long as `server.shutdown_grace_ms` and returns when what
    /// came in by syslog is durable.
    pub async fn stop(self) {
        self.shared.stop.cancel();
        self.shared.intake.stop().await;
        self.tasks.close();
        self.tasks.wait().await;
        let _ = std::fs::remove_file(&self.address_file);
    }
}

fn open_http(config: &Config) -> Result<StdTcpListener, ServerError> {
    let address = parse("server.listen", &config.server.listen)?;
    if !address.ip().to_canonical().is_loopback() {
        return Err(ServerError::NotLoopback { key: "server.listen", address });
    }
    StdTcpListener::bind(address).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ServerError::AddressInUse { key: "server.listen", address },
        _ => ServerError::Listen { key: "server.listen", address, source },
    })
}

fn listen_error(config: &Config, source: io::Error) -> ServerError {
    match parse("server.listen", &config.server.listen) {
        Ok(address) => ServerError::Listen { key: "server.listen", address, source },
        Err(error) => error,
    }
}

/// The address in `text`, which stands under `key`.
pub(crate) fn parse(key: &'static str, text: &str) -> Result<SocketAddr, ServerError> {
    let text = text.trim().replace("localhost:", "127.0.0.1:");
    text.parse().map_err(|_| ServerError::Address { key, value: text.clone() })
}

/// Written beside its place and renamed, so that a reader finds a whole address or none.
fn write_address(path: &Path, address: SocketAddr) -> Result<(), ServerError> {
    let draft = path.with_extension("url.draft");
    std::fs::write(&draft, format!("http://{address}\n"))
        .and_then(|()| std::fs::rename(&draft, path))
        .map_err(|source| ServerError::AddressFile { path: path.to_owned(), source })
}

fn spawn(shared: &Shared, tasks: &TaskTracker, http: StdTcpListener) -> io::Result<()> {
    http.set_nonblocking(true)?;
    let listener = TcpListener::from_std(http)?;
    let server = &shared.config.server;
    let options = ServeOptions {
        connections_max: server.connections_max,
        header_timeout_ms: server.header_timeout_ms,
        grace_ms: server.shutdown_grace_ms,
        tls: None,
    };
    tasks.spawn(serve(listener, routes::router(shared), options, shared.stop.clone()));
    tasks.spawn(sample(Arc::clone(shared)));
    Ok(())
}

/// Reads the pipeline's counters for rates and history, and tells the live stream.
async fn sample(shared: Shared) {
    let mut ticks = tokio::time::interval(SAMPLE_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut samples = 0_u64;
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        shared.meter.sample(shared.app.clock.now(), shared.app.pipeline.snapshot());
        if let Some(metrics) = &shared.app.metrics {
            metrics.tidy();
        }
        if samples.is_multiple_of(SAMPLES_PER_STATUS) {
            shared.app.live.status(&shared.pipeline());
        }
        samples += 1;
    }
}
