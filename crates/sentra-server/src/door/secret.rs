use std::fmt;
use std::fmt::Write as _;

use subtle::ConstantTimeEq as _;

use crate::ServerError;

/// Bytes of a secret: 256 bits.
const SECRET_BYTES: usize = 32;

/// A random 256-bit secret. It is compared in constant time and never shown by `Debug`.
#[derive(Clone)]
pub(crate) struct Secret([u8; SECRET_BYTES]);

impl Secret {
    /// A new one. Secrets come from the system alone: this is the one place where randomness is not passed in.
    pub(crate) fn random() -> Result<Self, ServerError> {
        let mut bytes = [0; SECRET_BYTES];
        getrandom::fill(&mut bytes).map_err(ServerError::Random)?;
        Ok(Self(bytes))
    }

    /// The secret from its text, 64 hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != SECRET_BYTES * 2 {
            return None;
        }
        let mut bytes = [0; SECRET_BYTES];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(pair).ok()?;
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            *byte = u8::from_str_radix(digits, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// 64 hexadecimal digits.
    pub(crate) fn text(&self) -> String {
        let mut text = String::with_capacity(SECRET_BYTES * 2);
        for byte in self.0 {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// Whether both are the same, in a time that does not depend on where they differ.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_survives_its_text_and_no_other_text_is_one() {
        let secret = Secret::random().unwrap();
        assert!(Secret::parse(&secret.text()).unwrap().matches(&secret));
        assert!(!Secret::random().unwrap().matches(&secret));
        for bad in ["", "00", &"g".repeat(64), &"+1".repeat(32), &"ä".repeat(32), &"0".repeat(65)] {
            assert!(Secret::parse(bad).is_none(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::random().unwrap();
        assert!(!format!("{secret:?}").contains(&secret.text()[..8]));
    }
}
