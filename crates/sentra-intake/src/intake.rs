use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener as StdTcpListener, UdpSocket as StdUdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::settings::{IntakeSettings, ListenerSettings, Protocol};
use crate::{Appender, Live, Presented, Sender, Senders, syslog_tcp, syslog_udp};

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
    senders: Live<Senders>,
}

impl Door {
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

/// Every door for records: opens, closes and changes them while records come in.
#[derive(Debug)]
pub struct Intake {
    appender: Appender,
    senders: Live<Senders>,
    running: Mutex<BTreeMap<String, Running>>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct Running {
    settings: Arc<ListenerSettings>,
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// A socket that is bound and not served yet.
enum Bound {
    Tcp(StdTcpListener),
    Udp(StdUdpSocket),
}

impl Intake {
    /// Opens every door of `settings`. Nothing listens when one of them cannot be opened.
    ///
    /// # Errors
    /// [`IntakeError`].
    pub fn start(appender: Appender, settings: &IntakeSettings) -> Result<Self, IntakeError> {
        let intake = Self {
            appender,
            senders: Live::new(Senders::default()),
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

    fn apply(&self, settings: &IntakeSettings) -> Result<(Reloaded, Vec<Running>), IntakeError> {
        check(settings)?;
        let mut running = self.locked();
        let is_kept = |listener: &&ListenerSettings| {
            running.get(&listener.name).is_some_and(|door| *door.settings == **listener)
        };
        let (kept, new): (Vec<_>, Vec<_>) = settings.listeners.iter().partition(is_kept);
        let mut bound = Vec::new();
        for listener in new {
            // A door that only changes its manners keeps its port: the old one lets go of it first.
            bound.push((listener.clone(), bind(listener, settings)?));
        }
        let is_gone = |name: &String| !kept.iter().any(|listener| listener.name == *name);
        let gone: Vec<String> = running.keys().filter(|name| is_gone(name)).cloned().collect();
        let closing: Vec<Running> = gone.iter().filter_map(|name| running.remove(name)).collect();
        closing.iter().for_each(|door| door.stop.cancel());
        self.appender.set_limits(settings.limits.clone());
        self.senders.set(Senders::new(settings));
        let mut reloaded = Reloaded {
            kept: kept.iter().map(|listener| listener.name.clone()).collect(),
            ..Reloaded::default()
        };
        reloaded.closed = gone;
        for (listener, bound) in bound {
            reloaded.opened.push(listener.name.clone());
            let name = listener.name.clone();
            let address = listener.address;
            let failed = |source| IntakeError::Listen { name: name.clone(), address, source };
            let door = self.serve(listener, bound).map_err(failed)?;
            running.insert(name, door);
        }
        Ok((reloaded, closing))
    }

    fn serve(&self, listener: ListenerSettings, bound: Bound) -> io::Result<Running> {
        let settings = Arc::new(listener);
        let stop = self.stop.child_token();
        let door = Door {
            listener: Arc::clone(&settings),
            appender: self.appender.clone(),
            senders: self.senders.clone(),
        };
        let (address, task) = start(bound, door, stop.clone())?;
        Ok(Running { settings, address, stop, task })
    }
}

fn start(bound: Bound, door: Door, stop: CancellationToken) -> io::Result<(SocketAddr, JoinHandle<()>)> {
    let name = door.listener.name.clone();
    let report = move |result: io::Result<()>| {
        if let Err(error) = result {
            tracing::error!(listener = name, %error, "a door closed");
        }
    };
    match bound {
        Bound::Tcp(listener) => {
            let address = listener.local_addr()?;
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            Ok((address, tokio::spawn(async move { report(syslog_tcp::listen(listener, door, stop).await) })))
        }
        Bound::Udp(socket) => {
            let address = socket.local_addr()?;
            socket.set_nonblocking(true)?;
            let socket = UdpSocket::from_std(socket)?;
            Ok((address, tokio::spawn(async move { report(syslog_udp::listen(socket, door, stop).await) })))
        }
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
