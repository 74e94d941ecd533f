//! The envelope of SNMP v3 (RFC 3412) with the security parameters of USM (RFC 3414), both ways.

use crate::snmp::ber::{self, BerProblem, Element, Reader};
use crate::snmp::key::Key;
use crate::snmp::problem::SnmpProblem;
use crate::snmp::users::{SecurityLevel, USER_NAME_BYTES_MAX};
use crate::snmp::usm::{AuthProtocol, Iv, PrivProtocol, SALT_BYTES};

const USM: i64 = 3;
const FLAG_AUTH: u8 = 1;
const FLAG_PRIV: u8 = 2;
const FLAG_REPORTABLE: u8 = 4;

/// A message as it came, neither checked nor decrypted.
#[derive(Debug)]
pub(crate) struct MessageV3<'a> {
    /// The whole message, over which the digest is taken.
    whole: &'a [u8],
    pub(crate) id: u32,
    pub(crate) size_max: u32,
    flags: u8,
    pub(crate) engine: &'a [u8],
    pub(crate) boots: u32,
    pub(crate) time_s: u32,
    pub(crate) user: &'a [u8],
    digest: Element<'a>,
    salt: &'a [u8],
    data: Element<'a>,
}

/// The keys of one user for one engine.
#[derive(Debug, Clone)]
pub(crate) struct LocalKeys {
    pub(crate) auth: Option<(AuthProtocol, Key)>,
    pub(crate) privacy: Option<(PrivProtocol, Key)>,
}

/// What stands inside the envelope.
#[derive(Debug)]
pub(crate) struct Scoped<'a> {
    pub(crate) context_engine: &'a [u8],
    pub(crate) context_name: &'a [u8],
    pub(crate) pdu: Element<'a>,
}

impl<'a> MessageV3<'a> {
    /// `outer` is the whole message, `reader` stands behind its version.
    pub(crate) fn read(outer: &Element<'a>, mut reader: Reader<'a>) -> Result<Self, SnmpProblem> {
        let mut header = reader.expect(ber::SEQUENCE)?.reader();
        let id = header.natural()?;
        let size_max = header.natural()?;
        let flags = header.expect(ber::OCTETS)?;
        let model = header.integer()?;
        header.end()?;
        let mut security = reader.expect(ber::OCTETS)?.reader();
        let data = reader.any()?;
        reader.end()?;
        if model != USM {
            return Err(SnmpProblem::SecurityModel(model));
        }
        let mut parameters = security.expect(ber::SEQUENCE)?.reader();
        security.end()?;
        let &[flags] = flags.content else { return Err(BerProblem::Range { at: flags.at }.into()) };
        if flags & (FLAG_AUTH | FLAG_PRIV) == FLAG_PRIV {
            return Err(SnmpProblem::Flags(flags));
        }
        let message = Self {
            whole: outer.whole,
            id,
            size_max,
            flags,
            engine: parameters.octets()?,
            boots: parameters.natural()?,
            time_s: parameters.natural()?,
            user: parameters.octets()?,
            digest: parameters.expect(ber::OCTETS)?,
            salt: parameters.octets()?,
            data,
        };
        parameters.end()?;
        if message.user.len() > USER_NAME_BYTES_MAX {
            return Err(BerProblem::Range { at: outer.at }.into());
        }
        Ok(message)
    }

    pub(crate) fn level(&self) -> SecurityLevel {
        match (self.flags & FLAG_AUTH != 0, self.flags & FLAG_PRIV != 0) {
            (false, _) => SecurityLevel::NoAuthNoPriv,
            (true, false) => SecurityLevel::AuthNoPriv,
            (true, true) => SecurityLevel::AuthPriv,
        }
    }

    /// Whether the sender wants to be told what is wrong.
    pub(crate) fn is_reportable(&self) -> bool {
        self.flags & FLAG_REPORTABLE != 0
    }

    /// Whether the digest is right: that of the message with zeros in its own place.
    pub(crate) fn is_authentic(&self, auth: AuthProtocol, key: &Key) -> bool {
        let digest_at = self.digest.content_at;
        let Some((before, rest)) = self.whole.split_at_checked(digest_at) else { return false };
        let Some((_, after)) = rest.split_at_checked(self.digest.content.len()) else { return false };
        let zeros = vec![0; self.digest.content.len()];
        auth.verify(key, &[before, &zeros, after], self.digest.content)
    }

    /// Where the digest lies in the message.
    #[cfg(test)]
    pub(crate) fn digest_at(&self) -> usize {
        self.digest.content_at
    }

    /// The plain text of an encrypted message.
    pub(crate) fn decrypt(&self, privacy: PrivProtocol, key: &Key) -> Option<Vec<u8>> {
        let salt: [u8; SALT_BYTES] = self.salt.try_into().ok()?;
        if self.data.tag != ber::OCTETS {
            return None;
        }
        privacy.decrypt(key, &Iv { boots: self.boots, time_s: self.time_s, salt }, self.data.content)
    }

    /// The content of a message that is not encrypted.
    pub(crate) fn plain(&self) -> Result<Scoped<'a>, BerProblem> {
        Scoped::of(&self.data)
    }

    /// The number by which the sender knows the request, as far as it can be read without keys.
    pub(crate) fn request_id(&self) -> i64 {
        let scoped = self.plain().ok().filter(|_| self.level() != SecurityLevel::AuthPriv);
        scoped.and_then(|scoped| scoped.pdu.reader().integer().ok()).unwrap_or(0)
    }
}

impl<'a> Scoped<'a> {
    /// The content of decrypted bytes, behind which there may be padding.
    pub(crate) fn read_padded(plain_text: &'a [u8]) -> Result<Self, BerProblem> {
        Self::of(&Reader::new(plain_text).any()?)
    }

    fn of(element: &Element<'a>) -> Result<Self, BerProblem> {
        if element.tag != ber::SEQUENCE {
            return Err(BerProblem::Tag { at: element.at, expected: ber::SEQUENCE, found: element.tag });
        }
        let mut reader = element.reader();
        let scoped =
            Self { context_engine: reader.octets()?, context_name: reader.octets()?, pdu: reader.any()? };
        reader.end()?;
        Ok(scoped)
    }
}

/// A message of ours.
#[derive(Debug)]
pub(crate) struct Answer<'m> {
    pub(crate) id: u32,
    pub(crate) engine: &'m [u8],
    pub(crate) user: &'m [u8],
    pub(crate) level: SecurityLevel,
    pub(crate) keys: &'m LocalKeys,
    pub(crate) context_engine: &'m [u8],
    pub(crate) context_name: &'m [u8],
    pub(crate) pdu: Vec<u8>,
}

impl Answer<'_> {
    /// The bytes to send; `None` when a key is missing that the level needs.
    pub(crate) fn write(&self, iv: &Iv, size_max: usize) -> Option<Vec<u8>> {
        let scoped = ber::element(
            ber::SEQUENCE,
            &[&ber::octets(self.context_engine), &ber::octets(self.context_name), &self.pdu],
        );
        let (flags, salt, data) = match self.level {
            SecurityLevel::NoAuthNoPriv => (0, &[][..], scoped),
            SecurityLevel::AuthNoPriv => (FLAG_AUTH, &[][..], scoped),
            SecurityLevel::AuthPriv => {
                let (privacy, key) = self.keys.privacy.as_ref()?;
                let cipher_text = privacy.encrypt(key, iv, &scoped)?;
                (FLAG_AUTH | FLAG_PRIV, &iv.salt[..], ber::octets(&cipher_text))
            }
        };
        let header = [
            ber::integer(i64::from(self.id)),
            ber::integer(i64::try_from(size_max).unwrap_or(i64::from(i32::MAX))),
            ber::octets(&[flags]),
            ber::integer(USM),
        ]
        .concat();
        let header = ber::element(ber::SEQUENCE, &[&header]);
        let with_digest = |digest: &[u8]| {
            let parameters = [
                ber::octets(self.engine),
                ber::integer(i64::from(iv.boots)),
                ber::integer(i64::from(iv.time_s)),
                ber::octets(self.user),
                ber::octets(digest),
                ber::octets(salt),
            ]
            .concat();
            let parameters = ber::octets(&ber::element(ber::SEQUENCE, &[&parameters]));
            ber::element(ber::SEQUENCE, &[&ber::integer(3), &header, &parameters, &data])
        };
        if self.level == SecurityLevel::NoAuthNoPriv {
            return Some(with_digest(&[]));
        }
        let (auth, key) = self.keys.auth.as_ref()?;
        let unsigned = with_digest(&vec![0; auth.digest_bytes()]);
        Some(with_digest(&auth.digest(key, &[&unsigned])))
    }
}
