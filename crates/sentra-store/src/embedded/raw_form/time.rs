//! The styles in which raw records write the time of their event.

/// Longest written time, in bytes.
pub(in crate::embedded) const BYTES_MAX: usize = 32;
/// The number of styles.
pub(in crate::embedded) const STYLES: u8 = 9;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A second in UTC.
struct Civil {
    year: u32,
    month: u32,
    day: u32,
    second_of_day: u32,
}

impl Civil {
    /// Of years 0 to 9999.
    fn of(seconds: i64) -> Option<Self> {
        let (days, second_of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // Days from 0000-03-01, in eras of 400 years.
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Some(Self {
            year: u32::try_from(year).ok().filter(|year| *year <= 9_999)?,
            month: u32::try_from(month).ok()?,
            day: u32::try_from(day_of_year - (153 * shifted_month + 2) / 5 + 1).ok()?,
            second_of_day: u32::try_from(second_of_day).ok()?,
        })
    }
}

/// Writes moments. Most are of the same second as the one before: then only what is behind the seconds is written anew.
#[derive(Debug, Default)]
pub(in crate::embedded) struct Writer {
    bytes: [u8; BYTES_MAX],
    length: usize,
    /// The second that was written last, and its style.
    last: Option<(i64, u8)>,
    /// Where its fraction begins.
    fraction: usize,
}

impl Writer {
    /// The moment as it is written in `style`; nothing where there is no such style, or it cannot write the moment.
    ///
    /// Styles 0 to 3 are `2026-10-07T23:59:57` with a fraction of 6, 3 or 0 digits, or as many as are not zero; 4 to 7 have
    /// a space in place of the `T`; 8 is `Oct  7 23:59:57`.
    pub(in crate::embedded) fn write(&mut self, micros: i64, style: u8) -> Option<&str> {
        let second = micros.div_euclid(1_000_000);
        if self.last != Some((second, style)) {
            self.last = None;
            self.second(&Civil::of(second)?, style)?;
            self.last = Some((second, style));
            self.fraction = self.length;
        }
        self.length = self.fraction;
        let micros = u32::try_from(micros.rem_euclid(1_000_000)).ok()?;
        match style {
            0 | 4 => self.fraction(micros, 6),
            1 | 5 => self.fraction(micros, 3),
            3 | 7 => {
                let (mut rest, mut digits) = (micros, 6);
                while digits > 0 && rest % 10 == 0 {
                    (rest, digits) = (rest / 10, digits - 1);
                }
                self.fraction(micros, digits);
            }
            _ => {}
        }
        std::str::from_utf8(self.bytes.get(..self.length)?).ok()
    }

    fn second(&mut self, civil: &Civil, style: u8) -> Option<()> {
        self.length = 0;
        if style == 8 {
            let month = MONTHS.get(usize::try_from(civil.month).ok()?.checked_sub(1)?)?;
            month.bytes().for_each(|byte| self.byte(byte));
            self.byte(b' ');
            self.pair(civil.day);
            // Days of one digit have a space before it.
            if let Some(tens) = self.bytes.get_mut(4).filter(|tens| **tens == b'0') {
                *tens = b' ';
            }
            self.byte(b' ');
        } else if style < STYLES {
            self.pair(civil.year / 100);
            self.pair(civil.year);
            self.byte(b'-');
            self.pair(civil.month);
            self.byte(b'-');
            self.pair(civil.day);
            self.byte(if style < 4 { b'T' } else { b' ' });
        } else {
            return None;
        }
        self.pair(civil.second_of_day / 3_600);
        self.byte(b':');
        self.pair(civil.second_of_day / 60 % 60);
        self.byte(b':');
        self.pair(civil.second_of_day % 60);
        Some(())
    }

    fn byte(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    /// Two digits.
    fn pair(&mut self, value: u32) {
        if let Some(places) = self.bytes.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut) {
            *places = [b'0' + (value / 10 % 10) as u8, b'0' + (value % 10) as u8];
            self.length += 2;
        }
    }

    /// At most six digits.
    fn fraction(&mut self, micros: u32, digits: usize) {
        if digits > 0 {
            self.byte(b'.');
            let start = self.length;
            self.pair(micros / 10_000);
            self.pair(micros / 100);
            self.pair(micros);
            self.length = self.length.min(start + digits);
        }
    }
}
