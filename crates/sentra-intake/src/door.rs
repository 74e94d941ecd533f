use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::connection::Wire;
use crate::ending::Ending;
use crate::settings::ListenerSettings;
use crate::tls::Tls;
use crate::{Appender, Live, Presented, Sender, Senders};

/// How long a handshake may still take when its door ends.
const HANDSHAKE_GRACE: Duration = Duration::from_millis(500);

/// What a connection or datagram needs to know about the door it came to.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) listener: Arc<ListenerSettings>,
    pub(crate) appender: Appender,
    /// Certificates may be replaced while the door is open.
    pub(crate) tls: Option<Live<Tls>>,
    pub(crate) senders: Live<Senders>,
    /// Memory that connections of all doors share for what does not fit into their own.
    pub(crate) memory: Arc<Semaphore>,
}

impl Door {
    /// The connection as it is read and written, and the names in the client's certificate.
    pub(crate) async fn shake_hands(
        &self,
        stream: TcpStream,
        ending: &Ending,
    ) -> io::Result<(Box<dyn Wire>, Vec<String>)> {
        let Some(tls) = &self.tls else { return Ok((Box::new(stream), Vec::new())) };
        let tls = tls.get();
        let mut shaking = std::pin::pin!(tls.accept(stream));
        let shaken = tokio::select! {
            shaken = shaking.as_mut() => shaken,
            () = ending.asked() => match tokio::time::timeout(HANDSHAKE_GRACE, shaking).await {
                Ok(shaken) => shaken,
                Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut)),
            },
        };
        if shaken.is_err() {
            let listener = self.listener.name.clone();
            metrics::counter!("sentra_tls_handshakes_failed_total", "listener" => listener).increment(1);
        }
        let (stream, names) = shaken?;
        Ok((Box::new(stream), names))
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
