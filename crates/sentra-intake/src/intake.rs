use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener as StdTcpListener, UdpSocket as StdUdpSocket};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::connection::{self, Wire};
use crate::http::{self, HttpDoor, ServeOptions};
use crate::settings::{IntakeSettings, ListenerSettings, Protocol};
use crate::tls::{Tls, TlsError};
use crate::{Appender, Live, Presented, Sender, Senders, otlp, snmp_door, syslog_udp};

/// A request whose head is not there after this long is dropped.
const HEADER_TIMEOUT_MS: u64 = 10_000;
/// How long open requests may go on after their door was closed.
const GRACE_MS: u64 = 10_000;

/// Why the doors could not be opened as configured.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// Two listeners or sources of one name.
    #[error("there are two listeners called {name:?}; give each a name of its own")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// In the clear beyond loopback without consent.
    #[error(
        "refusing to listen on {address} for {name:?}: it can be reached from other machines and is not \
         encrypted; configure TLS, or set public = true if you mean it"
    )]
    NotPublic {
        /// The listener.
        name: String,
        /// The address.
        address: SocketAddr,
    },
    /// TLS cannot be spoken as configured.
    #[error("cannot open {name:?}")]
    Tls {
        /// The listener.
        name: String,
        /// Why not.
        #[source]
        source: TlsError,
    },
    /// What the protocol needs is wrong.
    #[error("cannot open {name:?}: {detail}")]
    Protocol {
        /// The listener.
        name: String,
        /// Why not.
        detail: String,
    },
    /// Somebody else listens there.
    #[error(
        "cannot listen on {address} for {name:?}: it is in use; stop the other program or change the address"
    )]
    InUse {
        /// The listener.
        name: String,
        /// The address.
        address: SocketAddr,
    },
    /// The system refused to listen there.
    #[error("cannot listen on {address} for {name:?}")]
    Listen {
        /// The listener.
        name: String,
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// An open door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerStatus {
    /// Its name.
    pub name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Where it really listens, also where port 0 was asked for.
    pub address: SocketAddr,
}

/// What a reload changed, by listeners' names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reloaded {
    /// New doors.
    pub opened: Vec<String>,
    /// Doors that are not configured any more.
    pub closed: Vec<String>,
    /// Doors that are as they were.
    pub kept: Vec<String>,
}

/// What a connection or datagram needs to know about the door it came to.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) listener: Arc<ListenerSettings>,
    pub(crate) appender: Appender,
    /// Certificates may be replaced while the door is open.
    pub(crate) tls: Option<Live<Tls>>,
    senders: Live<Senders>,
}

impl Door {
    /// The connection as it is read and written, and the names in the client's certificate.
    pub(crate) async fn shake_hands(&self, stream: TcpStream) -> io::Result<(Box<dyn Wire>, Vec<String>)> {
        match &self.tls {
            None => Ok((Box::new(stream), Vec::new())),
            Some(tls) => {
                let (stream, names) = tls.get().accept(stream).await?;
                Ok((Box::new(stream), names))
            }
        }
    }

    /// Who comes in; `None` is counted and told in the log (law LOSS).
    pub(crate) fn sender(&self, peer: SocketAddr, certificate: &[String]) -> Option<Sender> {
        let presented = Presented { listener: &self.listener, address: peer.ip(), certificate, key: None };
        match self.senders.get().identify(&presented) {
            Ok(sender) => Some(sender),
            Err(error) => {
                let listener = self.listener.name.clone();
                tracing::warn!(%peer, listener, %error, "sender refused");
                metrics::counter!("sentra_intake_refused_total", "listener" => listener).increment(1);
                None
            }
        }
    }
}

/// What does not change while the doors are open.
#[derive(Debug, Clone)]
pub struct IntakeOptions {
    /// Where the doors keep what they must remember across restarts; `None` remembers nothing.
    pub directory: Option<PathBuf>,
    /// Requests of senders that are served at the same time, over all doors.
    pub requests_max: usize,
    /// Bytes of bodies that must be whole in memory, over all doors.
    pub memory_bytes_max: usize,
}

impl Default for IntakeOptions {
    fn default() -> Self {
        Self { directory: None, requests_max: 256, memory_bytes_max: 256 * 1024 * 1024 }
    }
}

/// Every door for records: opens, closes and changes them while records come in.
#[derive(Debug)]
pub struct Intake {
    appender: Appender,
    senders: Live<Senders>,
    http: HttpDoor,
    /// Where the doors keep what they must remember; `None` remembers nothing.
    directory: Option<PathBuf>,
    running: Mutex<BTreeMap<String, Running>>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct Running {
    settings: Arc<ListenerSettings>,
    /// The socket, so that a door with other manners can go on with it: nothing that waits in it is lost.
    socket: Bound,
    address: SocketAddr,
    tls: Option<Live<Tls>>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// A socket that is bound.
#[derive(Debug)]
enum Bound {
    Tcp(StdTcpListener),
    Udp(StdUdpSocket),
}

impl Bound {
    fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(listener) => listener.try_clone().map(Self::Tcp),
            Self::Udp(socket) => socket.try_clone().map(Self::Udp),
        }
    }
}

/// A door that is about to be opened.
struct Prepared {
    settings: ListenerSettings,
    socket: Bound,
    tls: Option<Tls>,
    snmp: Option<snmp_door::Prepared>,
}

impl Intake {
    /// Opens every door of `settings`. Nothing listens when one of them cannot be opened.
    ///
    /// # Errors
    /// [`IntakeError`].
    pub fn start(
        appender: Appender,
        options: IntakeOptions,
        settings: &IntakeSettings,
    ) -> Result<Self, IntakeError> {
        let IntakeOptions { directory, requests_max, memory_bytes_max } = options;
        let senders = Live::new(Senders::default());
        let intake = Self {
            http: HttpDoor::new(appender.clone(), senders.clone(), requests_max, memory_bytes_max),
            appender,
            senders,
            directory,
            running: Mutex::default(),
            stop: CancellationToken::new(),
        };
        intake.apply(settings)?;
        Ok(intake)
    }

    /// Who may send, as configured now.
    #[must_use]
    pub fn senders(&self) -> Live<Senders> {
        self.senders.clone()
    }

    /// The routes of senders, for an interface that serves them beside others.
    #[must_use]
    pub fn http(&self) -> &HttpDoor {
        &self.http
    }

    /// The way into the log.
    #[must_use]
    pub fn appender(&self) -> &Appender {
        &self.appender
    }

    /// Every open door.
    #[must_use]
    pub fn listeners(&self) -> Vec<ListenerStatus> {
        let running = self.locked();
        let status = |(name, door): (&String, &Running)| ListenerStatus {
            name: name.clone(),
            protocol: door.settings.protocol,
            address: door.address,
        };
        running.iter().map(status).collect()
    }

    /// Takes new settings while records come in: doors that stay as they are are not touched, those that go
    /// finish what has arrived. With an error nothing has changed.
    ///
    /// # Errors
    /// [`IntakeError`].
    pub async fn reload(&self, settings: &IntakeSettings) -> Result<Reloaded, IntakeError> {
        let (reloaded, closing) = self.apply(settings)?;
        for door in closing {
            let _ = door.task.await;
        }
        Ok(reloaded)
    }

    /// Closes every door and returns when what had arrived is durable.
    pub async fn stop(&self) {
        self.stop.cancel();
        let running = std::mem::take(&mut *self.locked());
        for (_, door) in running {
            let _ = door.task.await;
        }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that can fail comes first; then nothing does.
    fn apply(&self, settings: &IntakeSettings) -> Result<(Reloaded, Vec<Running>), IntakeError> {
        check(settings)?;
        let mut running = self.locked();
        let is_kept = |listener: &&ListenerSettings| {
            running.get(&listener.name).is_some_and(|door| *door.settings == **listener)
        };
        let (kept, new): (Vec<_>, Vec<_>) = settings.listeners.iter().partition(is_kept);
        let prepared = new.into_iter().map(|listener| self.prepare(listener, settings, &running));
        let prepared = prepared.collect::<Result<Vec<_>, _>>()?;
        let renewed = kept.iter().map(|listener| load_tls(listener)).collect::<Result<Vec<_>, _>>()?;
        for (listener, tls) in kept.iter().zip(renewed) {
            if let (Some(tls), Some(live)) =
                (tls, running.get(&listener.name).and_then(|door| door.tls.as_ref()))
            {
                live.set(tls);
            }
        }
        self.appender.set_limits(settings.limits.clone());
        self.senders.set(Senders::new(settings));
        let names = |listeners: &[&ListenerSettings]| listeners.iter().map(|one| one.name.clone()).collect();
        let mut reloaded = Reloaded { kept: names(&kept), ..Reloaded::default() };
        let is_gone = |name: &&String| !kept.iter().any(|listener| listener.name == **name);
        reloaded.closed = running.keys().filter(is_gone).cloned().collect();
        let closing: Vec<Running> = reloaded.closed.iter().filter_map(|name| running.remove(name)).collect();
        closing.iter().for_each(|door| door.stop.cancel());
        for prepared in prepared {
            let (name, address) = (prepared.settings.name.clone(), prepared.settings.address);
            let failed = |source| IntakeError::Listen { name: name.clone(), address, source };
            let door = self.serve(prepared).map_err(failed)?;
            reloaded.opened.push(name.clone());
            running.insert(name, door);
        }
        Ok((reloaded, closing))
    }

    fn serve(&self, prepared: Prepared) -> io::Result<Running> {
        let Prepared { settings, socket, tls, snmp } = prepared;
        let settings = Arc::new(settings);
        let stop = self.stop.child_token();
        let tls = tls.map(Live::new);
        let door = Door {
            listener: Arc::clone(&settings),
            appender: self.appender.clone(),
            tls: tls.clone(),
            senders: self.senders.clone(),
        };
        let (address, task) = match socket.try_clone()? {
            Bound::Tcp(listener) => self.start_tcp(listener, door, stop.clone())?,
            Bound::Udp(socket) => start_udp(socket, door, snmp, stop.clone())?,
        };
        Ok(Running { settings, socket, address, tls, stop, task })
    }

    fn start_tcp(
        &self,
        listener: StdTcpListener,
        door: Door,
        stop: CancellationToken,
    ) -> io::Result<(SocketAddr, JoinHandle<()>)> {
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let at_door = self.http.at(Arc::clone(&door.listener));
        let router = match door.listener.protocol {
            Protocol::Http => http::listener_routes(at_door),
            Protocol::OtlpGrpc => otlp::service(at_door),
            _ => {
                let name = door.listener.name.clone();
                let task = async move { report(&name, connection::listen(listener, door, stop).await) };
                return Ok((address, tokio::spawn(task)));
            }
        };
        let limits = self.appender.limits();
        let options = ServeOptions {
            connections_max: limits.connections_max,
            header_timeout_ms: HEADER_TIMEOUT_MS,
            grace_ms: GRACE_MS,
            tls: door.tls,
        };
        Ok((address, tokio::spawn(http::serve(listener, router, options, stop))))
    }

    fn prepare(
        &self,
        listener: &ListenerSettings,
        settings: &IntakeSettings,
        running: &BTreeMap<String, Running>,
    ) -> Result<Prepared, IntakeError> {
        let tls = load_tls(listener)?;
        let is_udp = listener.protocol.is_udp();
        let same = running.values().find(|door| {
            door.settings.address == listener.address && door.settings.protocol.is_udp() == is_udp
        });
        let socket = match same {
            Some(door) => door.socket.try_clone().map_err(|source| IntakeError::Listen {
                name: listener.name.clone(),
                address: listener.address,
                source,
            })?,
            None => bind(listener, settings)?,
        };
        let snmp = match listener.protocol {
            Protocol::Snmp => {
                let settings = listener.snmp.clone().unwrap_or_default();
                let prepared = snmp_door::prepare(&settings, self.directory.as_deref());
                Some(
                    prepared
                        .map_err(|detail| IntakeError::Protocol { name: listener.name.clone(), detail })?,
                )
            }
            _ => None,
        };
        Ok(Prepared { settings: listener.clone(), socket, tls, snmp })
    }
}

fn load_tls(listener: &ListenerSettings) -> Result<Option<Tls>, IntakeError> {
    let load = |settings| Tls::load(settings, alpn(listener.protocol));
    let failed = |source| IntakeError::Tls { name: listener.name.clone(), source };
    listener.tls.as_ref().map(load).transpose().map_err(failed)
}

/// What a door offers by ALPN.
fn alpn(protocol: Protocol) -> &'static [&'static str] {
    match protocol {
        Protocol::OtlpGrpc => &["h2"],
        Protocol::Http => &["h2", "http/1.1"],
        Protocol::SyslogTcp | Protocol::SyslogUdp | Protocol::Snmp | Protocol::Framed => &[],
    }
}

fn start_udp(
    socket: StdUdpSocket,
    door: Door,
    snmp: Option<snmp_door::Prepared>,
    stop: CancellationToken,
) -> io::Result<(SocketAddr, JoinHandle<()>)> {
    let address = socket.local_addr()?;
    socket.set_nonblocking(true)?;
    let socket = UdpSocket::from_std(socket)?;
    let name = door.listener.name.clone();
    let task = async move {
        let ended = match snmp {
            Some(prepared) => snmp_door::listen(socket, prepared, door, stop).await,
            None => syslog_udp::listen(socket, door, stop).await,
        };
        report(&name, ended);
    };
    Ok((address, tokio::spawn(task)))
}

fn report(listener: &str, result: io::Result<()>) {
    if let Err(error) = result {
        tracing::error!(listener, %error, "a door closed");
    }
}

fn check(settings: &IntakeSettings) -> Result<(), IntakeError> {
    for (index, listener) in settings.listeners.iter().enumerate() {
        let before = settings.listeners.get(..index).unwrap_or_default();
        if before.iter().any(|other| other.name == listener.name) {
            return Err(IntakeError::DuplicateName { name: listener.name.clone() });
        }
        let is_reachable = !listener.address.ip().to_canonical().is_loopback();
        if is_reachable && listener.tls.is_none() && !listener.public {
            return Err(IntakeError::NotPublic { name: listener.name.clone(), address: listener.address });
        }
    }
    Ok(())
}

fn bind(listener: &ListenerSettings, settings: &IntakeSettings) -> Result<Bound, IntakeError> {
    let address = listener.address;
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => IntakeError::InUse { name: listener.name.clone(), address },
        _ => IntakeError::Listen { name: listener.name.clone(), address, source },
    };
    if !listener.protocol.is_udp() {
        return StdTcpListener::bind(address).map(Bound::Tcp).map_err(failed);
    }
    let socket = StdUdpSocket::bind(address).map_err(failed)?;
    // As much as the kernel allows; what does not fit is dropped by the kernel and counted by it.
    let bytes = settings.limits.udp_receive_buffer_bytes;
    if let Err(error) = rustix::net::sockopt::set_socket_recv_buffer_size(&socket, bytes) {
        tracing::warn!(%error, bytes, "cannot set the receive buffer for datagrams");
    }
    Ok(Bound::Udp(socket))
}
