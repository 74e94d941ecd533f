use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use serde::{Deserialize, Serialize};

/// Bytes by which a file is known again, at its beginning and before the place in it.
pub(super) const PRINT_BYTES_MAX: usize = 1024;
const DIGEST_BYTES: usize = 16;

/// Length and digest of a few bytes of a file: whether they are still the same ones.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Print {
    length: u16,
    digest: [u8; DIGEST_BYTES],
}

impl Print {
    /// The print of `bytes`, of the first [`PRINT_BYTES_MAX`] of them.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let bytes = bytes.get(..PRINT_BYTES_MAX).unwrap_or(bytes);
        if bytes.is_empty() {
            return Self::default();
        }
        let mut digest = [0; DIGEST_BYTES];
        for (to, from) in digest.iter_mut().zip(blake3::hash(bytes).as_bytes()) {
            *to = *from;
        }
        Self { length: u16::try_from(bytes.len()).unwrap_or(u16::MAX), digest }
    }

    /// The print of the bytes at the file's beginning, before `end`.
    pub(super) fn of_head(file: &File, end: u64) -> io::Result<Self> {
        let length = usize::try_from(end).unwrap_or(usize::MAX).min(PRINT_BYTES_MAX);
        Ok(Self::of(&read_up_to(file, 0, length)?))
    }

    /// The print of the last bytes before `end`.
    pub(super) fn of_tail(file: &File, end: u64) -> io::Result<Self> {
        let length = usize::try_from(end).unwrap_or(usize::MAX).min(PRINT_BYTES_MAX);
        Ok(Self::of(&read_up_to(file, end.saturating_sub(length as u64), length)?))
    }

    pub(super) fn length(self) -> usize {
        usize::from(self.length)
    }

    /// Whether the print covers as many bytes as one can.
    pub(super) fn is_full(self) -> bool {
        self.length() == PRINT_BYTES_MAX
    }
}

/// Up to `length` bytes at `offset`; fewer where the file ends.
pub(super) fn read_up_to(file: &File, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut held = 0;
    while held < length {
        let room = bytes.get_mut(held..).unwrap_or_default();
        match file.read_at(room, offset.saturating_add(held as u64)) {
            Ok(0) => break,
            Ok(count) => held += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(held);
    Ok(bytes)
}

impl fmt::Display for Print {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.length)?;
        self.digest.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Print {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<Print> for String {
    fn from(print: Print) -> Self {
        print.to_string()
    }
}

impl TryFrom<String> for Print {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parsed = || {
            let (length, digits) = text.split_once(':')?;
            let length = length.parse().ok().filter(|length| usize::from(*length) <= PRINT_BYTES_MAX)?;
            let number =
                u128::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 2 * DIGEST_BYTES)?;
            Some(Self { length, digest: number.to_be_bytes() })
        };
        parsed().ok_or_else(|| format!("{text:?} is no print of a file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_print_is_written_and_read_back() {
        for bytes in [&b""[..], b"a", &[b'x'; 5_000]] {
            let print = Print::of(bytes);
            assert_eq!(Print::try_from(String::from(print)), Ok(print));
            assert_eq!(print.length(), bytes.len().min(PRINT_BYTES_MAX));
        }
        for wrong in ["", "1", "1:", "1:zz", "1025:00000000000000000000000000000000"] {
            assert!(Print::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
        assert_ne!(Print::of(b"a"), Print::of(b"b"));
    }
}
