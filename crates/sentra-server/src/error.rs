use std::net::SocketAddr;
use std::path::PathBuf;

/// What keeps the server from starting or from going on.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A text of the configuration is no address.
    #[error("{key} = {value:?} is no address: write it as 127.0.0.1:8080")]
    Address {
        /// The configuration key.
        key: &'static str,
        /// What stands there.
        value: String,
    },
    /// The door: nothing listens beyond this machine in the clear.
    #[error(
        "refusing to listen on {address}: it can be reached from other machines and this version has no TLS; \
         set {key} to a loopback address such as 127.0.0.1:8080 and put a TLS proxy in front of it"
    )]
    NotLoopback {
        /// The configuration key.
        key: &'static str,
        /// The address.
        address: SocketAddr,
    },
    /// A door for records cannot be opened.
    #[error(transparent)]
    Intake(#[from] sentra_intake::IntakeError),
    /// Somebody else listens there.
    #[error("cannot listen on {address}: it is in use; stop the other program or set {key} to another port")]
    AddressInUse {
        /// The configuration key.
        key: &'static str,
        /// The address.
        address: SocketAddr,
    },
    /// The system refused to listen there.
    #[error("cannot listen on {address} ({key})")]
    Listen {
        /// The configuration key.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The file with the token cannot be read or written.
    #[error("cannot {operation} {path}")]
    TokenFile {
        /// What was tried.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Others may read the token.
    #[error(
        "{path} can be read by others (mode {mode:03o}): run chmod 600 on it, or delete it for a new one"
    )]
    TokenReadable {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds something else.
    #[error("{path} holds no token: delete it and start again for a new one")]
    TokenInvalid {
        /// The file.
        path: PathBuf,
    },
    /// The server's address cannot be left for the command line.
    #[error("cannot write {path}")]
    AddressFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A name that no key can have, or that one has.
    #[error("a key cannot be called {name:?}: it is taken, empty, too long or has quotes in it")]
    KeyName {
        /// The name.
        name: String,
    },
    /// The file with senders' keys cannot be read or written.
    #[error("cannot read or write {path}")]
    KeysFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A configuration is wrong.
    #[error(transparent)]
    Config(#[from] crate::ConfigError),
    /// New settings could not be read.
    #[error("{detail}")]
    Reload {
        /// Why not.
        detail: String,
    },
    /// The figures of the process cannot be collected.
    #[error("cannot collect metrics: {detail}")]
    Metrics {
        /// Why not.
        detail: String,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random(#[source] getrandom::Error),
}
