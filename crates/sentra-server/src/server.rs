use std::io;
use std::net::{SocketAddr, TcpListener as StdTcpListener, UdpSocket as StdUdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sentra_model::TenantId;
use tokio::net::{TcpListener, UdpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::types::Listener;
use crate::intake::{syslog_tcp, syslog_udp};
use crate::state::{App, Shared, State};
use crate::{Config, ServerError, http, routes};

/// Name of the file, in the data directory, with the address of the server that holds it.
pub const ADDRESS_FILE: &str = "server.url";
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
    listeners: Vec<Listener>,
    tasks: TaskTracker,
    address_file: PathBuf,
}

/// The sockets, bound before anything is served, so that a port in use is an error at the start.
struct Doors {
    http: StdTcpListener,
    http_address: SocketAddr,
    syslog_udp: Option<StdUdpSocket>,
    syslog_tcp: Option<StdTcpListener>,
}

impl Server {
    /// Opens every door of `config` and serves `app` in the background. Port 0 takes any free port.
    ///
    /// # Errors
    /// When an address makes no sense, may not be listened on or is in use, or the server's address cannot be
    /// written into the data directory. Nothing listens then.
    pub async fn start(app: App, config: Config) -> Result<Running, ServerError> {
        let doors = Doors::open(&config)?;
        let listeners = doors.listeners();
        let (http, udp) =
            (doors.http_address, doors.syslog_udp.as_ref().and_then(|door| door.local_addr().ok()));
        let address_file = app.directory.join(ADDRESS_FILE);
        let shared = Arc::new(State::new(app, config, listeners.clone(), udp, CancellationToken::new()));
        let tasks = TaskTracker::new();
        let open = |source| ServerError::Listen { key: "server.listen", address: http, source };
        spawn(&shared, &tasks, doors).map_err(open)?;
        let running = Running { shared, http, listeners, tasks, address_file };
        if let Err(error) = write_address(&running.address_file, http) {
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
    pub fn listeners(&self) -> &[Listener] {
        &self.listeners
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
        self.tasks.close();
        self.tasks.wait().await;
        let _ = std::fs::remove_file(&self.address_file);
    }
}

impl Doors {
    fn open(config: &Config) -> Result<Self, ServerError> {
        let address = parse("server.listen", &config.server.listen)?;
        if !address.ip().to_canonical().is_loopback() {
            return Err(ServerError::NotLoopback { key: "server.listen", address });
        }
        let key = "server.listen";
        let http = bind(key, address, StdTcpListener::bind)?;
        let http_address =
            http.local_addr().map_err(|source| ServerError::Listen { key, address, source })?;
        let syslog = |key, text: &str| match text.trim() {
            "" => Ok(None),
            text => syslog_address(key, text, config.intake.syslog_public).map(Some),
        };
        let udp = syslog("intake.syslog_udp", &config.intake.syslog_udp)?;
        let tcp = syslog("intake.syslog_tcp", &config.intake.syslog_tcp)?;
        let syslog_udp =
            udp.map(|address| bind("intake.syslog_udp", address, StdUdpSocket::bind)).transpose()?;
        let syslog_tcp =
            tcp.map(|address| bind("intake.syslog_tcp", address, StdTcpListener::bind)).transpose()?;
        if let Some(socket) = &syslog_udp {
            // As much as the kernel allows; what does not fit is dropped by the kernel and counted by it.
            let bytes = config.intake.udp_receive_buffer_bytes;
            if let Err(error) = rustix::net::sockopt::set_socket_recv_buffer_size(socket, bytes) {
                tracing::warn!(%error, bytes, "cannot set the receive buffer for syslog datagrams");
            }
        }
        Ok(Self { http, http_address, syslog_udp, syslog_tcp })
    }

    fn listeners(&self) -> Vec<Listener> {
        let udp = self.syslog_udp.as_ref().and_then(|socket| socket.local_addr().ok());
        let tcp = self.syslog_tcp.as_ref().and_then(|listener| listener.local_addr().ok());
        [("http", Some(self.http_address)), ("syslog_udp", udp), ("syslog_tcp", tcp)]
            .into_iter()
            .filter_map(|(name, address)| {
                Some(Listener { name: name.to_owned(), address: address?.to_string() })
            })
            .collect()
    }
}

fn parse(key: &'static str, text: &str) -> Result<SocketAddr, ServerError> {
    let text = text.trim().replace("localhost:", "127.0.0.1:");
    text.parse().map_err(|_| ServerError::Address { key, value: text.clone() })
}

fn syslog_address(key: &'static str, text: &str, is_public: bool) -> Result<SocketAddr, ServerError> {
    let address = parse(key, text)?;
    if address.ip().to_canonical().is_loopback() || is_public {
        return Ok(address);
    }
    Err(ServerError::SyslogNotPublic { address })
}

fn bind<T>(
    key: &'static str,
    address: SocketAddr,
    bind: impl FnOnce(SocketAddr) -> io::Result<T>,
) -> Result<T, ServerError> {
    bind(address).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ServerError::AddressInUse { key, address },
        _ => ServerError::Listen { key, address, source },
    })
}

/// Written beside its place and renamed, so that a reader finds a whole address or none.
fn write_address(path: &Path, address: SocketAddr) -> Result<(), ServerError> {
    let draft = path.with_extension("url.draft");
    std::fs::write(&draft, format!("http://{address}\n"))
        .and_then(|()| std::fs::rename(&draft, path))
        .map_err(|source| ServerError::AddressFile { path: path.to_owned(), source })
}

fn spawn(shared: &Shared, tasks: &TaskTracker, doors: Doors) -> io::Result<()> {
    doors.http.set_nonblocking(true)?;
    let listener = TcpListener::from_std(doors.http)?;
    tasks.spawn(http::serve(listener, routes::router(shared), Arc::clone(shared)));
    tasks.spawn(sample(Arc::clone(shared)));
    // Checked when the configuration was read.
    let tenant = || shared.config.intake.syslog_tenant.parse().unwrap_or_else(|_| TenantId::default_tenant());
    if let Some(socket) = doors.syslog_udp {
        socket.set_nonblocking(true)?;
        let listening = syslog_udp::listen(
            UdpSocket::from_std(socket)?,
            tenant(),
            shared.appender.clone(),
            shared.stop.clone(),
        );
        tasks.spawn(async move { report("syslog_udp", listening.await) });
    }
    if let Some(listener) = doors.syslog_tcp {
        listener.set_nonblocking(true)?;
        let listening = syslog_tcp::listen(
            TcpListener::from_std(listener)?,
            tenant(),
            shared.appender.clone(),
            shared.stop.clone(),
        );
        tasks.spawn(async move { report("syslog_tcp", listening.await) });
    }
    Ok(())
}

fn report(door: &'static str, result: io::Result<()>) {
    if let Err(error) = result {
        tracing::error!(door, %error, "a door closed");
    }
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
