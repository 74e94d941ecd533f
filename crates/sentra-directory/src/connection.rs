//! A connection to a directory: TLS from the first byte or after StartTLS, and whole messages within limits.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::ber::{SEQUENCE, length_bytes, long_length};
use crate::error::DirectoryError;
use crate::message::{Answer, read, start_tls, unbind};

/// Law LIMIT: bytes of one message, which holds one entry at most.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;
/// Law LIMIT: seconds until a connection with TLS stands.
pub const CONNECT_SECONDS_MAX: u64 = 10;
/// Law LIMIT: seconds until the next message comes.
pub const REPLY_SECONDS_MAX: u64 = 60;

/// Bytes that are read at once: room is made for what came, not for what a length announces.
const READ_BYTES: u64 = 64 << 10;

/// Where a directory is, of `ldaps://host[:port]` or `ldap://host[:port]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) starts_tls: bool,
}

impl Address {
    pub(crate) fn parse(url: &str) -> Option<Self> {
        let (rest, starts_tls) = match url.strip_prefix("ldaps://") {
            Some(rest) => (rest, false),
            None => (url.strip_prefix("ldap://")?, true),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => rest.split_at(rest.find(':').unwrap_or(rest.len())),
        };
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().ok()?,
            None if port.is_empty() => {
                if starts_tls {
                    389
                } else {
                    636
                }
            }
            None => return None,
        };
        (!host.is_empty()).then(|| Self { host: host.to_owned(), port, starts_tls })
    }
}

pub(crate) struct Connection {
    stream: TlsStream<TcpStream>,
    last_id: u32,
}

impl Connection {
    /// Connects, and checks the directory's certificate against `roots` and the host's name.
    pub(crate) async fn open(
        url: &str,
        address: &Address,
        roots: RootCertStore,
    ) -> Result<Self, DirectoryError> {
        let opening = tokio::time::timeout(Duration::from_secs(CONNECT_SECONDS_MAX), connect(address, roots));
        let late = DirectoryError::Late { what: "take the connection", seconds: CONNECT_SECONDS_MAX };
        match opening.await.map_err(|_| late)? {
            Ok(stream) => Ok(Self { stream, last_id: 1 }),
            Err(DirectoryError::Broken(source)) => {
                Err(DirectoryError::Connect { url: url.to_owned(), source })
            }
            Err(other) => Err(other),
        }
    }

    /// The number of the next message.
    pub(crate) fn next_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) async fn send(&mut self, message: &[u8]) -> Result<(), DirectoryError> {
        send(&mut self.stream, message).await
    }

    /// The next answer to the message `id`, and how many bytes it had.
    pub(crate) async fn answer(&mut self, id: u32) -> Result<(Answer, usize), DirectoryError> {
        answer(&mut self.stream, id).await
    }

    /// Says good-bye; that it was not heard does not matter any more.
    pub(crate) async fn close(mut self) {
        let id = self.next_id();
        let _ = self.send(&unbind(id)).await;
        let _ = tokio::time::timeout(Duration::from_secs(1), self.stream.shutdown()).await;
    }
}

async fn connect(address: &Address, roots: RootCertStore) -> Result<TlsStream<TcpStream>, DirectoryError> {
    let mut stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
    stream.set_nodelay(true)?;
    if address.starts_tls {
        send(&mut stream, &start_tls(1)).await?;
        match answer(&mut stream, 1).await?.0 {
            // Nothing was read beyond this answer: what somebody put behind it is taken for TLS, and is none.
            Answer::Extended(outcome) => outcome.check("start tls")?,
            _ => return Err(DirectoryError::Malformed("no answer to starttls")),
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(address.host.clone()).map_err(io::Error::other)?;
    Ok(TlsConnector::from(Arc::new(config)).connect(name, stream).await?)
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, message: &[u8]) -> Result<(), DirectoryError> {
    let sending = async {
        stream.write_all(message).await?;
        stream.flush().await
    };
    let late = DirectoryError::Late { what: "take a message", seconds: REPLY_SECONDS_MAX };
    Ok(tokio::time::timeout(Duration::from_secs(REPLY_SECONDS_MAX), sending).await.map_err(|_| late)??)
}

async fn answer<S: AsyncRead + Unpin>(stream: &mut S, id: u32) -> Result<(Answer, usize), DirectoryError> {
    let late = DirectoryError::Late { what: "answer", seconds: REPLY_SECONDS_MAX };
    let coming = tokio::time::timeout(Duration::from_secs(REPLY_SECONDS_MAX), message(stream));
    let bytes = coming.await.map_err(|_| late)??;
    match read(&bytes)? {
        (found, answer) if found == id => Ok((answer, bytes.len())),
        // A notice of disconnection.
        (0, Answer::Extended(outcome)) => Err(outcome
            .check("go on")
            .err()
            .unwrap_or(DirectoryError::Malformed("a notice without a reason"))),
        _ => Err(DirectoryError::Malformed("an answer to another message")),
    }
}

/// One whole message.
async fn message<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Vec<u8>, DirectoryError> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).await?;
    let [tag, first] = head;
    if tag != SEQUENCE {
        return Err(DirectoryError::Malformed("a message is no sequence"));
    }
    let mut bytes = head.to_vec();
    let length = match length_bytes(first)? {
        0 => usize::from(first),
        count => {
            let mut length = [0; 4];
            let length = length.get_mut(..count).unwrap_or_default();
            stream.read_exact(length).await?;
            bytes.extend_from_slice(length);
            long_length(length)
        }
    };
    if length > MESSAGE_BYTES_MAX {
        return Err(DirectoryError::TooMuch { limit: MESSAGE_BYTES_MAX, what: "bytes in one message" });
    }
    let mut missing = length as u64;
    while missing > 0 {
        let came = (&mut *stream).take(missing.min(READ_BYTES)).read_to_end(&mut bytes).await? as u64;
        if came == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        missing -= came;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let parsed =
            |url| Address::parse(url).map(|address| (address.host, address.port, address.starts_tls));
        assert_eq!(parsed("ldaps://dc1.corp.example"), Some(("dc1.corp.example".into(), 636, false)));
        assert_eq!(parsed("ldap://dc1:1389/"), Some(("dc1".into(), 1389, true)));
        assert_eq!(parsed("ldaps://[2001:db8::1]:3269"), Some(("2001:db8::1".into(), 3269, false)));
        for wrong in ["ldapi://x", "ldaps://", "ldaps://x:y", "ldap://[::1", "ldap://[::1]x", "dc1"] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_message_is_taken_within_its_limit() {
        for (bytes, said) in [
            (&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff][..], "more than 16777216 bytes"),
            (&[0x30, 0x80], "indefinite"),
            (&[0x04, 0x01], "no sequence"),
            (&[0x30, 0x05, 1], "broke"),
            (&[0x30], "broke"),
        ] {
            let mut stream = bytes;
            let error = message(&mut stream).await.unwrap_err().to_string();
            assert!(error.contains(said), "{said}: {error}");
        }
        let whole = [0x30, 0x81, 0x03, 1, 2, 3, 9];
        let mut stream = &whole[..];
        assert_eq!(message(&mut stream).await.unwrap(), &whole[..6]);
        assert_eq!(stream, [9], "nothing is read beyond it");
    }
}
