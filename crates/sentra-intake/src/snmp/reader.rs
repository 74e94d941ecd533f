use std::net::IpAddr;

use crate::snmp::ber::{self, Element, Reader};
use crate::snmp::clocks::{Authority, SenderClocks};
use crate::snmp::notification;
use crate::snmp::problem::{SetupProblem, SnmpProblem};
use crate::snmp::record::{self, Sender};
use crate::snmp::redact;
use crate::snmp::users::{Communities, Users};
use crate::snmp::v3::Usm;

/// Law LIMIT: what one reader takes and remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest datagram.
    pub datagram_bytes_max: usize,
    /// Most variables of one notification. The decoder keeps 1,024 fields of a record and a variable has three.
    pub varbinds_max: usize,
    /// Senders whose clock is remembered.
    pub engines_max: usize,
    /// Pairs of user and sender whose keys are kept at hand.
    pub keys_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { datagram_bytes_max: 65_507, varbinds_max: 256, engines_max: 8_192, keys_max: 8_192 }
    }
}

/// What a datagram was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A notification.
    Record {
        /// The record to store, one JSON object.
        json: Vec<u8>,
        /// The answer to an inform. Law ACK: it is sent when the record is durable, and not before.
        respond: Option<Vec<u8>>,
    },
    /// A question for our engine id and clock; there is nothing to store, and this is the answer.
    Discovery {
        /// The answer, to be sent at once.
        report: Vec<u8>,
    },
}

/// A datagram that is not taken. Law LOSS: it is counted and kept as a dead letter, as far as it may be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct Refused {
    /// Why.
    pub problem: SnmpProblem,
    /// What the sender is told, where the protocol has an answer.
    pub respond: Option<Vec<u8>>,
    /// Whether this is how a sender of informs finds our engine id and clock: it will send the same again, so
    /// nothing is lost.
    pub is_handshake: bool,
    /// The beginning of the datagram in hex, secrets blotted out.
    pub excerpt: String,
}

/// Turns datagrams into records. It does no I/O and reads no clock.
#[derive(Debug)]
pub struct TrapReader {
    communities: Communities,
    usm: Usm,
    limits: Limits,
}

/// What will be a [`Refused`].
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) problem: SnmpProblem,
    pub(crate) respond: Option<Vec<u8>>,
    pub(crate) is_handshake: bool,
}

impl<P: Into<SnmpProblem>> From<P> for Failure {
    /// One that the sender is not told of.
    fn from(problem: P) -> Self {
        Self { problem: problem.into(), respond: None, is_handshake: false }
    }
}

impl TrapReader {
    /// A reader that takes what these communities and users send.
    ///
    /// # Errors
    /// When there are too many communities.
    pub fn new(
        communities: Communities,
        users: Users,
        authority: Authority,
        limits: Limits,
    ) -> Result<Self, SetupProblem> {
        communities.check()?;
        Ok(Self { communities, usm: Usm::new(users, authority, limits), limits })
    }

    /// Reads one datagram that came from `peer`. `now_s` counts seconds from any moment and never goes back.
    ///
    /// # Errors
    /// When it is not taken; the error says why, and what may be kept and answered.
    pub fn read(&mut self, datagram: &[u8], peer: IpAddr, now_s: u64) -> Result<Received, Refused> {
        self.try_read(datagram, peer, now_s).map_err(|failure| Refused {
            problem: failure.problem,
            respond: failure.respond,
            is_handshake: failure.is_handshake,
            excerpt: redact::excerpt(datagram),
        })
    }

    /// Takes other communities and users from now on, and keeps what it knows of clocks. On an error it stays as it was.
    ///
    /// # Errors
    /// Those of [`TrapReader::new`].
    pub fn reconfigure(&mut self, communities: Communities, users: Users) -> Result<(), SetupProblem> {
        communities.check()?;
        self.communities = communities;
        self.usm.set_users(users);
        Ok(())
    }

    /// The clocks of the senders.
    #[must_use]
    pub fn clocks(&self) -> &SenderClocks {
        &self.usm.clocks
    }

    /// The reader, by clocks that others share and that are kept across restarts, so that no old trap is taken for new.
    #[must_use]
    pub fn with_clocks(mut self, clocks: SenderClocks) -> Self {
        self.usm.clocks = clocks;
        self
    }

    fn try_read(&mut self, datagram: &[u8], peer: IpAddr, now_s: u64) -> Result<Received, Failure> {
        let bytes_max = self.limits.datagram_bytes_max;
        if datagram.len() > bytes_max {
            return Err(SnmpProblem::TooLong { bytes: datagram.len(), bytes_max }.into());
        }
        let (outer, reader, version) = open(datagram)?;
        match version {
            0 => Ok(self.read_community(reader, "1", peer)?),
            1 => Ok(self.read_community(reader, "2c", peer)?),
            3 => self.usm.read(&outer, reader, peer, now_s),
            other => Err(SnmpProblem::Version(other).into()),
        }
    }

    /// The rest of a v1 or v2c message.
    fn read_community(
        &self,
        mut reader: Reader<'_>,
        version: &'static str,
        peer: IpAddr,
    ) -> Result<Received, SnmpProblem> {
        let community = reader.expect(ber::OCTETS)?;
        let pdu = reader.any()?;
        reader.end()?;
        let name = match &self.communities {
            Communities::Refused => return Err(SnmpProblem::CommunitiesRefused),
            Communities::Any => None,
            Communities::Named(named) => {
                let name = Communities::named(named, community.content);
                Some(name.ok_or(SnmpProblem::UnknownCommunity)?)
            }
        };
        // RFC 3584 section 4: v1 has its own trap, v2c the others.
        if (version == "1") != (pdu.tag == notification::TRAP_V1) {
            return Err(SnmpProblem::NotANotification { tag: pdu.tag });
        }
        let notification = notification::read(&pdu, self.limits.varbinds_max)?;
        let sender = Sender { version, community: name, ..Sender::default() };
        let respond = notification.is_inform.then(|| {
            let pdu = response_pdu(&notification, 0, notification.varbinds_whole);
            ber::element(ber::SEQUENCE, &[&ber::integer(1), community.whole, &pdu])
        });
        Ok(Received::Record { json: record::write(&sender, &notification, peer), respond })
    }
}

/// The message, a reader behind its version, and the version.
fn open(datagram: &[u8]) -> Result<(Element<'_>, Reader<'_>, i64), SnmpProblem> {
    let mut datagram = Reader::new(datagram);
    let outer = datagram.expect(ber::SEQUENCE)?;
    datagram.end()?;
    let mut reader = outer.reader();
    let version = reader.integer()?;
    Ok((outer, reader, version))
}

/// RFC 3416 section 4.2.7: the answer has the request's number and variables.
pub(crate) fn response_pdu(
    notification: &notification::Notification<'_>,
    error_status: i64,
    varbinds: &[u8],
) -> Vec<u8> {
    let request_id = ber::integer(notification.request_id.unwrap_or(0));
    let parts = [&request_id, &ber::integer(error_status), &ber::integer(0), varbinds];
    ber::element(notification::RESPONSE, &parts)
}
