use std::fmt;
use std::str::FromStr;

use crate::snmp::hex;
use crate::snmp::problem::{SetupProblem, SnmpProblem};

const BYTES_MIN: usize = 5;
const BYTES_MAX: usize = 32;
/// RFC 3411: the first bit says that the rest is built by the rules of that RFC.
const BY_RULE: u32 = 0x8000_0000;
/// The enterprise number that IANA keeps for examples: there is none of our own, and the random part alone
/// makes the id unique. Changing it one day only means that senders of informs ask again.
const ENTERPRISE: u32 = 32_473;
/// The rest of the id is bytes that the administrator chose.
const BY_OCTETS: u8 = 5;

/// The id of an SNMP engine (RFC 3411), 5 to 32 bytes. Written in hex.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EngineId(Vec<u8>);

impl EngineId {
    /// An id of our own. `random` is made once and kept: devices remember the id.
    #[must_use]
    pub fn of_random(random: [u8; 16]) -> Self {
        let mut bytes = (BY_RULE | ENTERPRISE).to_be_bytes().to_vec();
        bytes.push(BY_OCTETS);
        bytes.extend_from_slice(&random);
        Self(bytes)
    }

    pub(crate) fn of_message(bytes: &[u8]) -> Result<Self, SnmpProblem> {
        match bytes.len() {
            BYTES_MIN..=BYTES_MAX => Ok(Self(bytes.to_vec())),
            length => Err(SnmpProblem::EngineId(length)),
        }
    }

    /// The bytes of the id.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for EngineId {
    type Err = SetupProblem;

    fn from_str(text: &str) -> Result<Self, SetupProblem> {
        let problem = || SetupProblem::EngineId { text: text.chars().take(80).collect() };
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let nibbles: Option<Vec<u8>> = digits
            .chars()
            .map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok()))
            .collect();
        let nibbles = nibbles.filter(|nibbles| nibbles.len() % 2 == 0).ok_or_else(problem)?;
        let bytes: Vec<u8> = nibbles
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte, nibble| byte << 4 | nibble))
            .collect();
        Self::of_message(&bytes).map_err(|_| problem())
    }
}

impl fmt::Display for EngineId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for EngineId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "EngineId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_their_text() {
        for text in ["8000000001", "80001f8880e9630000d61ff449"] {
            assert_eq!(text.parse::<EngineId>().unwrap().to_string(), text);
        }
        assert_eq!("0x8000000001".parse::<EngineId>().unwrap().bytes(), [0x80, 0, 0, 0, 1]);
        let own = EngineId::of_random([7; 16]);
        assert_eq!(own.to_string(), format!("80007ed905{}", "07".repeat(16)));
    }

    #[test]
    fn texts_that_are_no_ids_are_refused() {
        for text in ["", "80", "800000000", "80000000zz", "8\u{e4}00000001", &"00".repeat(33)] {
            assert!(text.parse::<EngineId>().is_err(), "{text}");
        }
    }
}
