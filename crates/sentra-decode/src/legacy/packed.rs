//! Numbers and times as mainframes write them: packed and zoned decimals, hundredths of a second, TOD clocks.

use jiff::Span;
use jiff::civil::Date;
use sentra_model::Timestamp;

use crate::legacy::ebcdic::CodePage;
use crate::time::{self, WallTime};

/// Hundredths of a second in a day; a leap second may add one second.
const DAY_HUNDREDTHS: u32 = (86_400 + 1) * 100;
/// Microseconds from 1900, where the TOD clock of z/Architecture starts, to 1970.
const TOD_TO_UNIX_MICROS: i64 = 2_208_988_800_000_000;
/// What the TOD clock can count: 52 bits of microseconds.
const TOD_PERIOD_MICROS: i64 = 1 << 52;
/// Microseconds from noon of 1 January 4713 BC, where the Julian timestamps of Guardian start, to 1970.
const JULIAN_TO_UNIX_MICROS: i64 = 210_866_760_000_000_000;
/// A decimal has no more digits than fit a 64-bit number.
const DIGITS_MAX: usize = 18;

/// A packed decimal: two digits a byte, the last half byte is the sign. `None` when a digit is none.
pub(crate) fn packed(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || bytes.len() * 2 > DIGITS_MAX + 1 {
        return None;
    }
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    let last = bytes.len() * 2 - 1;
    let mut number = 0_i64;
    for (place, half) in halves.enumerate() {
        match half {
            0..=9 if place < last => number = number * 10 + i64::from(half),
            // A, C, E and F are plus; B and D are minus.
            0xb | 0xd if place == last => number = -number,
            0xa..=0xf if place == last => {}
            _ => return None,
        }
    }
    Some(number)
}

/// A zoned decimal: one digit a byte, the sign in the zone of the last one. A translated dump has ASCII digits.
pub(crate) fn zoned(bytes: &[u8], page: CodePage) -> Option<i64> {
    if bytes.is_empty() || bytes.len() > DIGITS_MAX {
        return None;
    }
    let plain = if page == CodePage::Ascii { 0x3 } else { 0xf };
    let mut number = 0_i64;
    for (place, byte) in bytes.iter().enumerate() {
        let (zone, digit) = (byte >> 4, byte & 0x0f);
        let is_signed_last = place + 1 == bytes.len() && page != CodePage::Ascii && zone >= 0xa;
        if digit > 9 || (zone != plain && !is_signed_last) {
            return None;
        }
        number = number * 10 + i64::from(digit);
        if is_signed_last && matches!(zone, 0xb | 0xd) {
            number = -number;
        }
    }
    Some(number)
}

/// The date in the four bytes `0cyydddF`, where `c` counts the centuries from 1900.
pub(crate) fn smf_date(bytes: &[u8]) -> Option<Date> {
    let number = packed(bytes)?;
    let (year, day) = (number / 1000, number % 1000);
    if bytes.len() != 4 || number < 0 || !(1..=366).contains(&day) || year > 299 {
        return None;
    }
    let first = Date::new(i16::try_from(1900 + year).ok()?, 1, 1).ok()?;
    let date = first.checked_add(Span::new().days(day - 1)).ok()?;
    // Day 366 of a common year is none.
    (i64::from(date.year()) == 1900 + year).then_some(date)
}

/// `2026-02-28T10:00:00.12` from a date and hundredths of a second since midnight.
pub(crate) fn wall_text(date: Date, hundredths: u32) -> Option<String> {
    if hundredths >= DAY_HUNDREDTHS {
        return None;
    }
    let seconds = hundredths / 100;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    // 24:00:00 stands for the leap second at the end of a day.
    let (hour, minute, second) = if hour == 24 { (23, 59, 60) } else { (hour, minute, second) };
    Some(format!("{date}T{hour:02}:{minute:02}:{second:02}.{:02}", hundredths % 100))
}

/// The wall time of a date and hundredths of a second since midnight. Law TIME: it names no zone.
pub(crate) fn wall(date: Date, hundredths: u32) -> Option<WallTime> {
    wall_of(&wall_text(date, hundredths)?)
}

/// The wall time of an ISO 8601 text.
pub(crate) fn wall_of(text: &str) -> Option<WallTime> {
    time::iso(text).map(|(time, _rest)| time)
}

/// The wall time of an SAA timestamp, `2026-02-28-10.00.00.123456`.
pub(crate) fn saa(text: &str) -> Option<WallTime> {
    let (date, clock) = text.split_at_checked(10)?;
    let (hms, fraction) = clock.strip_prefix('-')?.split_at_checked(8)?;
    wall_of(&format!("{date}T{}{fraction}", hms.replace('.', ":")))
}

/// The moment of a TOD clock value (STCK): bit 51 counts microseconds since 1900, in UTC but for leap seconds.
pub(crate) fn stck(value: u64) -> Option<Timestamp> {
    if value == 0 {
        return None;
    }
    let micros = i64::try_from(value >> 12).ok()? - TOD_TO_UNIX_MICROS;
    // The clock runs over on 17 September 2042; no record is older than 1970.
    let micros = if micros < 0 { micros + TOD_PERIOD_MICROS } else { micros };
    Some(Timestamp::from_micros(micros))
}

/// The moment of a Guardian Julian timestamp, microseconds in UTC; `None` outside 1974 (the first Tandem) to 2100.
pub(crate) fn julian(value: u64) -> Option<Timestamp> {
    const FIRST: i64 = 126_230_400_000_000;
    const LAST: i64 = 4_102_444_800_000_000;
    let micros = i64::try_from(value).ok()?.checked_sub(JULIAN_TO_UNIX_MICROS)?;
    (FIRST..LAST).contains(&micros).then(|| Timestamp::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_decimals() {
        let cases: [(&[u8], Option<i64>); 8] = [
            (&[0x01, 0x26, 0x05, 0x9f], Some(126_059)),
            (&[0x12, 0x3d], Some(-123)),
            (&[0x12, 0x3b], Some(-123)),
            (&[0x0c], Some(0)),
            (&[0x12, 0x34], None),
            (&[0xa2, 0x3c], None),
            (&[], None),
            (&[0x99; 10], None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(packed(bytes), expected, "{bytes:02x?}");
        }
    }

    #[test]
    fn zoned_decimals() {
        let cases: [(&[u8], CodePage, Option<i64>); 7] = [
            (&[0xf0, 0xf0, 0xf6, 0xf5, 0xf0], CodePage::Ibm037, Some(650)),
            (&[0xf1, 0xf2, 0xc3], CodePage::Ibm037, Some(123)),
            (&[0xf1, 0xf2, 0xd3], CodePage::Ibm037, Some(-123)),
            (&[0xf1, 0xd2, 0xf3], CodePage::Ibm037, None),
            (b"00650", CodePage::Ascii, Some(650)),
            (b"00650", CodePage::Ibm037, None),
            (b"", CodePage::Ascii, None),
        ];
        for (bytes, page, expected) in cases {
            assert_eq!(zoned(bytes, page), expected, "{bytes:02x?}");
        }
    }

    #[test]
    fn dates_and_clocks() {
        let text = |bytes: &[u8], hundredths| wall_text(smf_date(bytes)?, hundredths);
        // Day 59 of 2026 is 28 February; 3600000 hundredths are ten hours.
        let at_ten = text(&[0x01, 0x26, 0x05, 0x9f], 3_600_012);
        assert_eq!(at_ten.as_deref(), Some("2026-02-28T10:00:00.12"));
        assert_eq!(text(&[0x00, 0x99, 0x36, 0x5c], 0).as_deref(), Some("1999-12-31T00:00:00.00"));
        assert_eq!(text(&[0x01, 0x24, 0x36, 0x6f], 8_640_000).as_deref(), Some("2024-12-31T23:59:60.00"));
        assert_eq!(text(&[0x01, 0x26, 0x36, 0x6f], 0), None);
        assert_eq!(text(&[0x01, 0x26, 0x00, 0x0f], 0), None);
        assert_eq!(text(&[0x01, 0x26, 0x05, 0x9f], 8_640_100), None);
        let saa_micros = saa("2026-02-28-10.00.00.123456").map(WallTime::wall_micros);
        assert_eq!(saa_micros, Some(1_772_272_800_123_456));
        // The TOD clock of the Unix epoch, as published: 7D91048BCA000000.
        assert_eq!(stck(0x7d91_048b_ca00_0000), Some(Timestamp::from_micros(0)));
        // Julian day 2440587.5 is the Unix epoch: 210866760000 seconds.
        assert_eq!(
            julian(210_866_760_000_000_000 + 1_772_272_800_000_000).map(Timestamp::micros),
            Some(1_772_272_800_000_000)
        );
        assert_eq!(julian(5), None);
    }
}
