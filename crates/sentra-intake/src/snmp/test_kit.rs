//! What the tests of the reader share: datagrams as devices send them.

use std::net::{IpAddr, Ipv4Addr};

use crate::snmp::ber;
use crate::snmp::clocks::Authority;
use crate::snmp::engine_id::EngineId;
use crate::snmp::message_v3::{Answer, LocalKeys, MessageV3};
use crate::snmp::notification::{INFORM, TRAP_V1, TRAP_V2};
use crate::snmp::reader::{Limits, TrapReader};
use crate::snmp::users::{Communities, Community, Secret, SecurityLevel, User, Users};
use crate::snmp::usm::{AuthProtocol, Iv, PrivProtocol};

pub(crate) const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const DEVICE: [u8; 9] = [0x80, 0, 0x1f, 0x88, 4, b'e', b'd', b'g', b'e'];
pub(crate) const STARTED_S: u64 = 10_000;
pub(crate) const LINK_DOWN: [u32; 10] = [1, 3, 6, 1, 6, 3, 1, 1, 5, 3];

pub(crate) fn own_engine() -> EngineId {
    EngineId::of_random([7; 16])
}

/// A reader that knows the community `hush` and the users `plain`, `signed` and `sealed`.
pub(crate) fn reader() -> TrapReader {
    reader_with(Limits::default())
}

pub(crate) fn reader_with(limits: Limits) -> TrapReader {
    let auth = || Some((AuthProtocol::Sha256, Secret::new(PASSWORD)));
    let privacy = || Some((PrivProtocol::Aes128, Secret::new(PASSWORD)));
    let user =
        |name: &str| User { name: name.to_owned(), auth: None, privacy: None, least: None, engine: None };
    let users = [
        user("plain"),
        User { auth: auth(), ..user("signed") },
        User { auth: auth(), privacy: privacy(), ..user("sealed") },
    ];
    let community = Community { name: "core".to_owned(), secret: Secret::new("hush") };
    let authority = Authority::new(own_engine(), 3, 0x1122_3344, STARTED_S).unwrap();
    TrapReader::new(Communities::from(vec![community]), Users::new(&users).unwrap(), authority, limits)
        .unwrap()
}

pub(crate) fn keys(engine: &[u8]) -> LocalKeys {
    let (auth, privacy) = (AuthProtocol::Sha256, PrivProtocol::Aes128);
    let key = auth.password_key(PASSWORD.as_bytes());
    LocalKeys {
        auth: Some((auth, auth.localize(&key, engine))),
        privacy: Some((privacy, privacy.localize(auth, &key, engine))),
    }
}

pub(crate) fn oid(parts: &[u32]) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(parts[0] * 40 + parts[1]).unwrap()];
    for part in &parts[2..] {
        let digits: Vec<u8> = (0..5).rev().map(|place| (part >> (7 * place) & 0x7f) as u8).collect();
        let first = digits.iter().position(|digit| *digit != 0).unwrap_or(4);
        let last = digits.len() - 1;
        bytes.extend((first..=last).map(|at| if at == last { digits[at] } else { digits[at] | 0x80 }));
    }
    ber::element(ber::OBJECT_ID, &[&bytes])
}

pub(crate) fn varbind(name: &[u32], value: &[u8]) -> Vec<u8> {
    ber::element(ber::SEQUENCE, &[&oid(name), value])
}

pub(crate) fn trap_v1(generic: i64, specific: i64, varbinds: &[u8]) -> Vec<u8> {
    let pdu = [
        oid(&[1, 3, 6, 1, 4, 1, 9, 1, 1]),
        ber::element(0x40, &[&[198, 51, 100, 7]]),
        ber::integer(generic),
        ber::integer(specific),
        ber::unsigned(0x43, 4_711),
        ber::element(ber::SEQUENCE, &[varbinds]),
    ];
    ber::element(TRAP_V1, &[&pdu.concat()])
}

/// A v2 PDU with the two variables that every notification has, and these.
pub(crate) fn pdu_v2(tag: u8, trap_oid: &[u32], varbinds: &[u8]) -> Vec<u8> {
    let uptime = varbind(&[1, 3, 6, 1, 2, 1, 1, 3, 0], &ber::unsigned(0x43, 4_711));
    let trap = varbind(&[1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0], &oid(trap_oid));
    let list = ber::element(ber::SEQUENCE, &[&uptime, &trap, varbinds]);
    ber::element(tag, &[&ber::integer(77), &ber::integer(0), &ber::integer(0), &list])
}

pub(crate) fn trap_v2() -> Vec<u8> {
    pdu_v2(TRAP_V2, &LINK_DOWN, &varbind(&[1, 3, 6, 1, 2, 1, 2, 2, 1, 1, 3], &ber::integer(3)))
}

pub(crate) fn inform() -> Vec<u8> {
    pdu_v2(INFORM, &LINK_DOWN, &varbind(&[1, 3, 6, 1, 2, 1, 2, 2, 1, 1, 3], &ber::integer(3)))
}

pub(crate) fn community_message(version: i64, community: &[u8], pdu: &[u8]) -> Vec<u8> {
    ber::element(ber::SEQUENCE, &[&ber::integer(version), &ber::octets(community), pdu])
}

/// A v3 message of a device.
#[derive(Debug, Clone)]
pub(crate) struct V3 {
    pub(crate) engine: Vec<u8>,
    pub(crate) boots: u32,
    pub(crate) time_s: u32,
    pub(crate) user: &'static str,
    pub(crate) level: SecurityLevel,
    pub(crate) keys: LocalKeys,
    pub(crate) size_max: usize,
    pub(crate) pdu: Vec<u8>,
}

impl V3 {
    pub(crate) fn of(engine: &[u8], user: &'static str, level: SecurityLevel, pdu: Vec<u8>) -> Self {
        let (engine, keys) = (engine.to_vec(), keys(engine));
        Self { engine, boots: 5, time_s: 600, user, level, keys, size_max: 65_507, pdu }
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let answer = Answer {
            id: 42,
            engine: &self.engine,
            user: self.user.as_bytes(),
            level: self.level,
            keys: &self.keys,
            context_engine: &self.engine,
            context_name: b"",
            pdu: self.pdu.clone(),
        };
        let iv = Iv { boots: self.boots, time_s: self.time_s, salt: *b"saltsalt" };
        answer.write(&iv, self.size_max).unwrap()
    }

    /// The same as a request: with the flag that asks for reports, and signed anew.
    pub(crate) fn write_reportable(&self) -> Vec<u8> {
        let mut bytes = self.write();
        // The flags are the one-byte string in front of the security model.
        let flags_at = memchr::memmem::find(&bytes, &[2, 1, 3, 4]).unwrap() - 1;
        bytes[flags_at] |= 4;
        if self.level >= SecurityLevel::AuthNoPriv {
            let (auth, key) = self.keys.auth.as_ref().unwrap();
            let digest_at = parse(&bytes, |message| message.digest_at());
            let digest = digest_at..digest_at + auth.digest_bytes();
            bytes[digest.clone()].fill(0);
            let signed = auth.digest(key, &[&bytes]);
            bytes[digest].copy_from_slice(&signed);
        }
        bytes
    }
}

/// What `look` finds in a v3 message.
pub(crate) fn parse<T>(bytes: &[u8], look: impl FnOnce(&MessageV3<'_>) -> T) -> T {
    let outer = ber::Reader::new(bytes).any().unwrap();
    let mut reader = outer.reader();
    assert_eq!(reader.integer(), Ok(3));
    look(&MessageV3::read(&outer, reader).unwrap())
}
