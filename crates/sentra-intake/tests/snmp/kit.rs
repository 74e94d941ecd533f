//! What the tests on real sockets share.
#![allow(unreachable_pub)]

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use sentra_intake::snmp::{
    Arrivals, AuthProtocol, Authority, BatchLimits, Communities, Community, EngineId, Limits, PrivProtocol,
    Refused, Secret, TrapReader, TrapSink, User, Users, listen,
};
use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Longer than anything takes; a test that waits so long has failed.
pub const WAIT: Duration = Duration::from_secs(60);
pub const PASSWORD: &str = "correct horse";
pub const AUTHS: [&str; 6] = ["MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512"];
pub const PRIVS: [&str; 6] = ["DES", "AES", "AES-192", "AES-256", "AES-192-C", "AES-256-C"];

/// A reader that knows the community `hush` and a user for every way to protect a message: `none`, `MD5`,
/// `MD5+DES`.
pub fn reader() -> TrapReader {
    // Keys take a while to make.
    static USERS: OnceLock<Users> = OnceLock::new();
    let community = Community { name: "core".to_owned(), secret: Secret::new("hush") };
    let authority = Authority::new(EngineId::of_random([7; 16]), 3, 99, 0).unwrap();
    let users = USERS.get_or_init(users).clone();
    TrapReader::new(Communities::from(vec![community]), users, authority, Limits::default()).unwrap()
}

fn users() -> Users {
    let secret = || Secret::new(PASSWORD);
    let none = User { name: "none".to_owned(), auth: None, privacy: None, least: None, engine: None };
    let mut users = vec![none.clone()];
    for auth in AUTHS {
        let protocol = AuthProtocol::named(auth).unwrap();
        let user = User { name: auth.to_owned(), auth: Some((protocol, secret())), ..none.clone() };
        for privacy in PRIVS {
            let name = format!("{auth}+{privacy}");
            let cipher = PrivProtocol::named(privacy).unwrap();
            users.push(User { name, privacy: Some((cipher, secret())), ..user.clone() });
        }
        users.push(user);
    }
    Users::new(&users).unwrap()
}

/// A sink that keeps what it is given.
#[derive(Debug, Default)]
pub struct Memory {
    kept: Mutex<(Vec<serde_json::Value>, Vec<Refused>)>,
    arrived: Notify,
}

impl Memory {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn take(&self) -> (Vec<serde_json::Value>, Vec<Refused>) {
        std::mem::take(&mut self.kept.lock().unwrap())
    }

    /// Waits until as many have arrived, records and refused ones together, and takes them.
    pub async fn wait_for(&self, count: usize) -> (Vec<serde_json::Value>, Vec<Refused>) {
        let wait = async {
            loop {
                let arrived = self.arrived.notified();
                {
                    let kept = self.kept.lock().unwrap();
                    if kept.0.len() + kept.1.len() >= count {
                        return;
                    }
                }
                arrived.await;
            }
        };
        tokio::time::timeout(WAIT, wait).await.expect("the notifications did not arrive");
        self.take()
    }
}

impl TrapSink for Memory {
    async fn accept(&self, _peer: IpAddr, arrivals: Arrivals) -> io::Result<()> {
        {
            let mut kept = self.kept.lock().unwrap();
            kept.0.extend(arrivals.records.iter().map(|json| serde_json::from_slice(json).unwrap()));
            kept.1.extend(arrivals.refused);
        }
        self.arrived.notify_one();
        Ok(())
    }
}

/// A listener that runs.
pub struct Running {
    pub address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<io::Result<TrapReader>>,
}

impl Running {
    pub async fn start<S: TrapSink>(sink: Arc<S>, limits: BatchLimits) -> Self {
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let address = socket.local_addr().unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(listen(socket, reader(), Instant::now(), limits, sink, stop.clone()));
        Self { address, stop, task }
    }

    pub async fn stop(self) -> io::Result<TrapReader> {
        self.stop.cancel();
        self.finished().await
    }

    pub async fn finished(self) -> io::Result<TrapReader> {
        tokio::time::timeout(WAIT, self.task).await.expect("the listener does not end").unwrap()
    }
}
