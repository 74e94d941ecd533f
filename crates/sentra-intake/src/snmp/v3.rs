//! The user-based security model (RFC 3414 section 3.2): who may say what, and what the others are told.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::snmp::ber::{self, Element, Reader};
use crate::snmp::clocks::{Authority, SenderClocks};
use crate::snmp::engine_id::EngineId;
use crate::snmp::message_v3::{Answer, LocalKeys, MessageV3, Scoped};
use crate::snmp::notification::{self, Notification};
use crate::snmp::problem::SnmpProblem;
use crate::snmp::reader::{Failure, Limits, Received, response_pdu};
use crate::snmp::record::{self, Sender};
use crate::snmp::text_or_hex;
use crate::snmp::users::{SecurityLevel, Users};

const ERROR_TOO_BIG: i64 = 1;
/// RFC 3412 section 6.3: every engine takes messages of this length.
const SIZE_BYTES_MIN: usize = 484;

/// The counters of usmStats (RFC 3414 section 5): what a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Statistic {
    UnsupportedSecLevels = 1,
    NotInTimeWindows = 2,
    UnknownUserNames = 3,
    UnknownEngineIds = 4,
    WrongDigests = 5,
    DecryptionErrors = 6,
}

impl Statistic {
    /// Which counter the problem belongs to, if any.
    fn of(problem: &SnmpProblem) -> Option<Self> {
        Some(match problem {
            SnmpProblem::SecurityLevel { .. } => Self::UnsupportedSecLevels,
            SnmpProblem::NotInTimeWindow { .. } => Self::NotInTimeWindows,
            SnmpProblem::UnknownUser { .. } => Self::UnknownUserNames,
            SnmpProblem::UnknownEngine | SnmpProblem::EngineId(_) => Self::UnknownEngineIds,
            SnmpProblem::WrongDigest { .. } => Self::WrongDigests,
            SnmpProblem::Decryption { .. } => Self::DecryptionErrors,
            _ => return None,
        })
    }

    /// The variable 1.3.6.1.6.3.15.1.1.N.0 with its value.
    fn varbinds(self, count: u32) -> Vec<u8> {
        let name = ber::element(ber::OBJECT_ID, &[&[0x2b, 6, 1, 6, 3, 15, 1, 1, self as u8, 0]]);
        let pair = ber::element(ber::SEQUENCE, &[&name, &ber::unsigned(notification::COUNTER, count)]);
        ber::element(ber::SEQUENCE, &[&pair])
    }
}

/// The state of v3: users, clocks, counters.
#[derive(Debug)]
pub(crate) struct Usm {
    users: Users,
    authority: Authority,
    pub(crate) clocks: SenderClocks,
    /// Keys are a pure function of user and engine; the map only saves making them for every message.
    keys: HashMap<(usize, EngineId), Arc<LocalKeys>>,
    counts: [u32; 7],
    limits: Limits,
}

impl Usm {
    pub(crate) fn new(users: Users, authority: Authority, limits: Limits) -> Self {
        let clocks = SenderClocks::new(limits.engines_max);
        Self { users, authority, clocks, keys: HashMap::new(), counts: [0; 7], limits }
    }

    pub(crate) fn set_users(&mut self, users: Users) {
        self.users = users;
        // They are found by the number of the user.
        self.keys.clear();
    }

    pub(crate) fn read(
        &mut self,
        outer: &Element<'_>,
        reader: Reader<'_>,
        peer: IpAddr,
        now_s: u64,
    ) -> Result<Received, Failure> {
        let message = MessageV3::read(outer, reader)?;
        if message.engine.is_empty()
            && message.is_reportable()
            && let Some(report) = self.report(&message, Statistic::UnknownEngineIds, now_s)
        {
            return Ok(Received::Discovery { report });
        }
        self.try_read(&message, peer, now_s).map_err(|problem| {
            // Who asks by another id than ours has to learn ours first, whatever else is wrong.
            let is_own = message.engine == self.authority.engine.bytes();
            let statistic = if is_own { Statistic::of(&problem) } else { Some(Statistic::UnknownEngineIds) };
            let statistic = statistic.filter(|_| message.is_reportable());
            let respond = statistic.and_then(|statistic| self.report(&message, statistic, now_s));
            let is_asking = match problem {
                SnmpProblem::UnknownEngine => true,
                SnmpProblem::NotInTimeWindow { .. } => is_own,
                _ => false,
            };
            Failure { problem, is_handshake: is_asking && respond.is_some(), respond }
        })
    }

    fn try_read(
        &mut self,
        message: &MessageV3<'_>,
        peer: IpAddr,
        now_s: u64,
    ) -> Result<Received, SnmpProblem> {
        let engine = EngineId::of_message(message.engine)?;
        let is_own = engine == self.authority.engine;
        let keys = self.authenticate(message, &engine)?;
        if message.level() >= SecurityLevel::AuthNoPriv {
            let (boots, time_s) = (message.boots, message.time_s);
            match is_own {
                true => self.authority.check(boots, time_s, now_s)?,
                false => self.clocks.locked().check(&engine, boots, time_s, now_s)?,
            }
        }
        let name = text_or_hex(message.user);
        let plain_text;
        let scoped = if message.level() == SecurityLevel::AuthPriv {
            let decryption = || SnmpProblem::Decryption { name: name.clone() };
            let (privacy, key) = keys.privacy.as_ref().ok_or_else(decryption)?;
            plain_text = message.decrypt(*privacy, key).ok_or_else(decryption)?;
            // With a wrong key it is noise: the problem is the key, not the noise.
            Scoped::read_padded(&plain_text).map_err(|_| decryption())?
        } else {
            message.plain()?
        };
        match scoped.pdu.tag {
            notification::INFORM if !is_own => return Err(SnmpProblem::UnknownEngine),
            // RFC 3584 section 4: v1 alone has this one.
            tag @ notification::TRAP_V1 => return Err(SnmpProblem::NotANotification { tag }),
            _ => {}
        }
        let notification = notification::read(&scoped.pdu, self.limits.varbinds_max)?;
        let engine_text = engine.to_string();
        let context = text_or_hex(scoped.context_name);
        let sender = Sender {
            version: "3",
            community: None,
            user: Some(&name),
            level: Some(message.level()),
            engine: Some(&engine_text),
            context: Some(context.as_str()).filter(|context| !context.is_empty()),
        };
        let json = record::write(&sender, &notification, peer);
        let respond =
            notification.is_inform.then(|| self.response(message, &scoped, &notification, &keys, now_s));
        Ok(Received::Record { json, respond: respond.flatten() })
    }

    /// The keys of the user who sent the message, when its digest is right or its user needs none.
    fn authenticate(
        &mut self,
        message: &MessageV3<'_>,
        engine: &EngineId,
    ) -> Result<Arc<LocalKeys>, SnmpProblem> {
        let name = || text_or_hex(message.user);
        let found = self.users.find(message.user, engine);
        let (number, user) =
            found.ok_or_else(|| SnmpProblem::UnknownUser { name: name(), engine: engine.to_string() })?;
        let level = message.level();
        if level < user.least || level > user.best() {
            let required = if level < user.least { user.least } else { user.best() };
            return Err(SnmpProblem::SecurityLevel { name: name(), required, found: level });
        }
        let auth = user.auth.as_ref().filter(|_| level >= SecurityLevel::AuthNoPriv);
        let Some((protocol, key)) = auth else {
            return Ok(Arc::new(LocalKeys { auth: None, privacy: None }));
        };
        let wrong = || SnmpProblem::WrongDigest { name: name() };
        let place = (number, engine.clone());
        if let Some(keys) = self.keys.get(&place) {
            let is_authentic =
                keys.auth.as_ref().is_some_and(|(protocol, key)| message.is_authentic(*protocol, key));
            return if is_authentic { Ok(Arc::clone(keys)) } else { Err(wrong()) };
        }
        let local = protocol.localize(key, engine.bytes());
        if !message.is_authentic(*protocol, &local) {
            return Err(wrong());
        }
        // Only now, because the ciphers that Cisco lengthens the keys of make this expensive.
        let privacy = user.privacy.as_ref();
        let privacy = privacy.map(|(cipher, key)| (*cipher, cipher.localize(*protocol, key, engine.bytes())));
        let keys = Arc::new(LocalKeys { auth: Some((*protocol, local)), privacy });
        if self.keys.len() >= self.limits.keys_max {
            // Law LIMIT: they are made again when they are needed again.
            self.keys.clear();
        }
        self.keys.insert(place, Arc::clone(&keys));
        Ok(keys)
    }

    /// The answer to an inform, as well protected as the inform was.
    fn response(
        &mut self,
        message: &MessageV3<'_>,
        scoped: &Scoped<'_>,
        notification: &Notification<'_>,
        keys: &LocalKeys,
        now_s: u64,
    ) -> Option<Vec<u8>> {
        let iv = self.authority.next_iv(now_s);
        let answer = |pdu| Answer {
            id: message.id,
            engine: self.authority.engine.bytes(),
            user: message.user,
            level: message.level(),
            keys,
            context_engine: scoped.context_engine,
            context_name: scoped.context_name,
            pdu,
        };
        let size_max = self.limits.datagram_bytes_max;
        let full = answer(response_pdu(notification, 0, notification.varbinds_whole)).write(&iv, size_max)?;
        let theirs = usize::try_from(message.size_max).unwrap_or(usize::MAX).clamp(SIZE_BYTES_MIN, size_max);
        if full.len() <= theirs {
            return Some(full);
        }
        // RFC 3416 section 4.2.7: what does not fit is answered without the variables. The vector is used once:
        // the first answer was never sent.
        let empty = ber::element(ber::SEQUENCE, &[]);
        answer(response_pdu(notification, ERROR_TOO_BIG, &empty)).write(&iv, size_max)
    }

    /// What tells a sender why it was not understood. It holds our engine id and clock, which are no secrets, and is
    /// signed only where RFC 3414 wants it.
    fn report(&mut self, message: &MessageV3<'_>, statistic: Statistic, now_s: u64) -> Option<Vec<u8>> {
        let count = self.counts.get_mut(statistic as usize)?;
        *count = count.wrapping_add(1);
        let varbinds = statistic.varbinds(*count);
        let number = |number| ber::integer(number);
        let parts = [&number(message.request_id()), &number(0), &number(0), &varbinds];
        let pdu = ber::element(notification::REPORT, &parts.map(Vec::as_slice));
        let mut level = SecurityLevel::NoAuthNoPriv;
        let mut keys = Arc::new(LocalKeys { auth: None, privacy: None });
        if statistic == Statistic::NotInTimeWindows {
            level = SecurityLevel::AuthNoPriv;
            let (user, _) = self.users.find(message.user, &self.authority.engine)?;
            keys = Arc::clone(self.keys.get(&(user, self.authority.engine.clone()))?);
        }
        let iv = self.authority.next_iv(now_s);
        let engine = self.authority.engine.bytes();
        let answer = Answer {
            id: message.id,
            engine,
            user: message.user,
            level,
            keys: &keys,
            context_engine: engine,
            context_name: &[],
            pdu,
        };
        answer.write(&iv, self.limits.datagram_bytes_max)
    }
}
