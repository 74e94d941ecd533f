//! Numbers of events, exact: thousand-millionths in 128 bits, so that sums do not depend on their order.

/// Thousand-millionths in one.
pub(crate) const NANOS: i128 = 1_000_000_000;
/// Largest number that is counted; larger ones stand for this one.
const NUMBER_MAX: i128 = 10_000_000_000_000_000 * NANOS;
/// Most happenings that one number is counted for: a full window of the largest numbers can still be summed.
pub(crate) const NUMBER_TIMES_MAX: u64 = 1_000_000;
/// Longest text that is read as a number, in bytes.
const NUMBER_BYTES_MAX: usize = 64;

/// The number that `text` is: decimal, with a sign, a fraction and an exponent; nine places of a fraction
/// count. `None` when it is none.
pub(crate) fn read_number(text: &str) -> Option<i128> {
    let text = text.trim();
    if text.is_empty() || text.len() > NUMBER_BYTES_MAX {
        return None;
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let nanos = if digits.contains(['e', 'E']) { with_exponent(digits)? } else { plain(digits)? };
    Some(if negative { -nanos } else { nanos })
}

fn plain(digits: &str) -> Option<i128> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let digit = |byte: u8| i128::from(byte - b'0');
    let mut nanos: i128 = 0;
    for byte in whole.bytes() {
        nanos = (nanos * 10 + digit(byte)).min(NUMBER_MAX);
    }
    nanos = nanos.saturating_mul(NANOS).min(NUMBER_MAX);
    let mut place = NANOS;
    for byte in fraction.bytes().take(9) {
        place /= 10;
        nanos += digit(byte) * place;
    }
    Some(nanos.min(NUMBER_MAX))
}

fn with_exponent(digits: &str) -> Option<i128> {
    let allowed = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    if !digits.bytes().all(allowed) {
        return None;
    }
    let number: f64 = digits.parse().ok()?;
    let nanos = (number * NANOS as f64).min(NUMBER_MAX as f64);
    (nanos.is_finite() && nanos >= 0.0).then_some(nanos as i128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_and_bounded() {
        for (text, nanos) in [
            ("12", 12 * NANOS),
            (" -1.5 ", -NANOS - NANOS / 2),
            ("+0.000000001", 1),
            (".5", NANOS / 2),
            ("2e3", 2_000 * NANOS),
            ("0.1234567899", 123_456_789),
            ("999999999999999999999999999999999999", NUMBER_MAX),
        ] {
            assert_eq!(read_number(text), Some(nanos), "{text}");
        }
        for wrong in ["", "-", ".", "1,5", "abc", "0x10", "1.2.3", "nan", "inf", "1e", &"9".repeat(100)] {
            assert_eq!(read_number(wrong), None, "{wrong}");
        }
    }
}
