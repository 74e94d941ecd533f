//! Opening doors: everything that can fail, before anything changes, and then the start, which cannot.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener as StdTcpListener, UdpSocket as StdUdpSocket};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;

use crate::cutting::Cutter;
use crate::door::Door;
use crate::ending::Ending;
use crate::http::{self, HttpDoor, Serving};
use crate::seats::{House, Seats};
use crate::settings::{IntakeSettings, ListenerSettings, Protocol};
use crate::snmp_clocks::ClockBook;
use crate::tls::{Tls, TlsError};
use crate::{Live, connection, otlp, snmp_door, syslog_udp};

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
    /// Two listeners at one place.
    #[error("{name:?} and {other:?} both listen on {address}; give each an address of its own")]
    DuplicateAddress {
        /// One listener.
        name: String,
        /// The other.
        other: String,
        /// The address.
        address: SocketAddr,
    },
    /// In the clear beyond loopback without consent.
    #[error(
        "refusing to listen on {address} for {name:?}: it can be reached from other machines and is not \
         encrypted; configure TLS, or set public = true (intake.syslog_public = true for the doors of \
         intake.syslog_udp and intake.syslog_tcp) if you mean it"
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
        "cannot listen on {address} for {name:?}: it is in use; stop the other program, give the listener another \
         address, or, where another of the listeners holds it, free it with a reload of its own"
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
    /// Earlier reloads are not done.
    #[error(
        "{count} doors that earlier reloads closed still hold records for which the log has no room; make room first"
    )]
    Leaving {
        /// How many.
        count: usize,
    },
    /// The doors were closed for good.
    #[error("the doors are closed; start the server again")]
    Stopped,
}

/// A door that is open.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) settings: Arc<ListenerSettings>,
    /// The socket, so that a door with other manners can go on with it: nothing that waits in it is lost.
    socket: Bound,
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<Live<Tls>>,
    pub(crate) seats: Option<Seats>,
    /// What the files of secrets said.
    secrets: Option<[u8; 32]>,
    pub(crate) ending: Ending,
    pub(crate) task: JoinHandle<()>,
}

/// A socket that is bound.
#[derive(Debug)]
enum Bound {
    Tcp(StdTcpListener),
    Udp(StdUdpSocket),
}

/// The same socket in the runtime's hands.
enum InRuntime {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

impl Bound {
    fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(listener) => listener.try_clone().map(Self::Tcp),
            Self::Udp(socket) => socket.try_clone().map(Self::Udp),
        }
    }
}

/// A door that can be opened without anything that could fail.
pub(crate) struct Prepared {
    pub(crate) settings: ListenerSettings,
    socket: Bound,
    live: InRuntime,
    address: SocketAddr,
    tls: Option<Tls>,
    snmp: Option<snmp_door::Prepared>,
    secrets: Option<[u8; 32]>,
    /// The door whose socket this one goes on with.
    pub(crate) takes_over: Option<String>,
}

/// What every door shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) http: HttpDoor,
    pub(crate) house: House,
    pub(crate) directory: Option<PathBuf>,
    /// What is known of the clocks of SNMP senders.
    pub(crate) snmp_clocks: Arc<ClockBook>,
}

/// What is wrong with the settings by themselves.
pub(crate) fn check(settings: &IntakeSettings) -> Result<(), IntakeError> {
    for (index, source) in settings.sources.iter().enumerate() {
        let before = settings.sources.get(..index).unwrap_or_default();
        if before.iter().any(|other| other.name == source.name) {
            return Err(IntakeError::DuplicateName { name: source.name.clone() });
        }
    }
    for (index, listener) in settings.listeners.iter().enumerate() {
        let before = settings.listeners.get(..index).unwrap_or_default();
        let (name, address) = (listener.name.clone(), listener.address);
        if before.iter().any(|other| other.name == name) {
            return Err(IntakeError::DuplicateName { name });
        }
        let is_udp = listener.protocol.is_udp();
        let is_same = |other: &&ListenerSettings| {
            other.address == address && address.port() != 0 && other.protocol.is_udp() == is_udp
        };
        if let Some(other) = before.iter().find(is_same) {
            return Err(IntakeError::DuplicateAddress { name, other: other.name.clone(), address });
        }
        let wrong = |detail: String| IntakeError::Protocol { name: name.clone(), detail };
        if is_udp && listener.tls.is_some() {
            let protocol = listener.protocol.as_str();
            return Err(wrong(format!(
                "{protocol} comes in datagrams, which TLS cannot protect; remove tls"
            )));
        }
        let is_reachable = !address.ip().to_canonical().is_loopback();
        if is_reachable && listener.tls.is_none() && !listener.public {
            return Err(IntakeError::NotPublic { name, address });
        }
        if listener.protocol == Protocol::Framed {
            Cutter::legacy_stream(listener.format.as_deref()).map_err(wrong)?;
        }
    }
    Ok(())
}

/// Whether `door` is as `listener` wants it, with the same secrets.
pub(crate) fn is_kept(door: &Running, listener: &ListenerSettings) -> Result<bool, IntakeError> {
    // A door that has closed by itself is opened again.
    let is_same = *door.settings == *listener && !door.task.is_finished();
    Ok(is_same && (listener.snmp.is_none() || door.secrets == secrets(listener)?))
}

fn secrets(listener: &ListenerSettings) -> Result<Option<[u8; 32]>, IntakeError> {
    let wrong = |detail| IntakeError::Protocol { name: listener.name.clone(), detail };
    listener.snmp.as_ref().map(snmp_door::secrets).transpose().map_err(wrong)
}

/// Reads certificates and secrets and binds; `kept` are the names of the doors that stay.
pub(crate) fn prepare(
    listener: &ListenerSettings,
    settings: &IntakeSettings,
    running: &BTreeMap<String, Running>,
    kept: &[String],
    shared: &Shared,
) -> Result<Prepared, IntakeError> {
    let tls = load_tls(listener)?;
    let failed =
        |source| IntakeError::Listen { name: listener.name.clone(), address: listener.address, source };
    let secrets = secrets(listener)?;
    let snmp = match listener.protocol {
        Protocol::Snmp => {
            let settings = listener.snmp.clone().unwrap_or_default();
            let wrong = |detail| IntakeError::Protocol { name: listener.name.clone(), detail };
            let (directory, clocks) = (shared.directory.as_deref(), &shared.snmp_clocks);
            Some(snmp_door::prepare(&settings, directory, clocks).map_err(wrong)?)
        }
        _ => None,
    };
    let (socket, takes_over) = match at_same_place(listener, running) {
        Some(door) if kept.contains(&door.settings.name) => {
            return Err(IntakeError::InUse { name: listener.name.clone(), address: listener.address });
        }
        Some(door) => (door.socket.try_clone().map_err(failed)?, Some(door.settings.name.clone())),
        None => (bind(listener, settings)?, None),
    };
    let (live, address) = in_runtime(&socket).map_err(failed)?;
    let settings = listener.clone();
    Ok(Prepared { settings, socket, live, address, tls, snmp, secrets, takes_over })
}

/// The door that has the socket this listener wants: its own from before, or the one at its address.
fn at_same_place<'r>(
    listener: &ListenerSettings,
    running: &'r BTreeMap<String, Running>,
) -> Option<&'r Running> {
    let wanted = listener.address;
    let is_udp = listener.protocol.is_udp();
    let fits = |door: &&Running| door.settings.protocol.is_udp() == is_udp;
    let own = running.get(&listener.name).filter(fits).filter(|door| door.settings.address == wanted);
    own.or_else(|| running.values().filter(fits).find(|door| door.address == wanted))
}

fn in_runtime(socket: &Bound) -> io::Result<(InRuntime, SocketAddr)> {
    match socket.try_clone()? {
        Bound::Tcp(listener) => {
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok((InRuntime::Tcp(TcpListener::from_std(listener)?), address))
        }
        Bound::Udp(socket) => {
            socket.set_nonblocking(true)?;
            let address = socket.local_addr()?;
            Ok((InRuntime::Udp(UdpSocket::from_std(socket)?), address))
        }
    }
}

/// TLS as the listener's files say now.
pub(crate) fn load_tls(listener: &ListenerSettings) -> Result<Option<Tls>, IntakeError> {
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

/// Opens the door: nothing in here can fail.
pub(crate) fn open(shared: &Shared, prepared: Prepared, ending: Ending) -> Running {
    let Prepared { settings, socket, live, address, tls, snmp, secrets, .. } = prepared;
    let settings = Arc::new(settings);
    let tls = tls.map(Live::new);
    let http = &shared.http;
    let door = Door {
        listener: Arc::clone(&settings),
        appender: http.appender.clone(),
        tls: tls.clone(),
        senders: http.senders.clone(),
        memory: Arc::clone(&http.connections_memory),
    };
    let (seats, task) = match live {
        InRuntime::Udp(socket) => (None, open_udp(socket, door, snmp, ending.clone())),
        InRuntime::Tcp(listener) => {
            let connections_max = http.appender.limits().connections_max;
            let seats = Seats::new(&settings.name, connections_max, shared.house.clone());
            (Some(seats.clone()), open_tcp(http, listener, door, seats, ending.clone()))
        }
    };
    Running { settings, socket, address, tls, seats, secrets, ending, task }
}

fn open_udp(
    socket: UdpSocket,
    door: Door,
    snmp: Option<snmp_door::Prepared>,
    ending: Ending,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let listener = Arc::clone(&door.listener);
        let ended = match snmp {
            Some(prepared) => snmp_door::listen(socket, prepared, door, ending).await,
            None => syslog_udp::listen(socket, door, ending).await,
        };
        if let Err(error) = ended {
            tracing::error!(listener = listener.name, %error, "a door closed");
        }
    })
}

fn open_tcp(
    http: &HttpDoor,
    listener: TcpListener,
    door: Door,
    seats: Seats,
    ending: Ending,
) -> JoinHandle<()> {
    let at_door = http.at(Arc::clone(&door.listener));
    let router = match door.listener.protocol {
        Protocol::Http => http::listener_routes(at_door),
        Protocol::OtlpGrpc => otlp::routes(at_door),
        _ => return tokio::spawn(connection::listen(listener, door, seats, ending)),
    };
    let (header_timeout_ms, grace_ms, tls) = (HEADER_TIMEOUT_MS, GRACE_MS, door.tls);
    let serving = Serving { seats, header_timeout_ms, grace_ms, tls };
    tokio::spawn(http::serve_seats(listener, router, serving, ending))
}
