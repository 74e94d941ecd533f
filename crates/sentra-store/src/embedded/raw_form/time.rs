//! The styles in which raw records write the time of their event.

/// Longest written time, in bytes.
pub(in crate::embedded) const BYTES_MAX: usize = 32;
/// The number of styles.
pub(in crate::embedded) const STYLES: u8 = 9;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment in UTC.
struct Civil {
    year: u32,
    month: u32,
    day: u32,
    second_of_day: u32,
    micros: u32,
}

impl Civil {
    /// Of years 0 to 9999.
    fn of(micros: i64) -> Option<Self> {
        let (seconds, micros) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
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
            micros: u32::try_from(micros).ok()?,
        })
    }
}

/// Text of a known greatest length.
struct Line<'a> {
    bytes: &'a mut [u8; BYTES_MAX],
    length: usize,
}

impl Line<'_> {
    fn byte(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    fn digits(&mut self, value: u32, count: u32) {
        for place in (0..count).rev() {
            self.byte(b'0' + u8::try_from(value / 10_u32.pow(place) % 10).unwrap_or_default());
        }
    }

    fn date(&mut self, civil: &Civil) {
        self.digits(civil.year, 4);
        self.byte(b'-');
        self.digits(civil.month, 2);
        self.byte(b'-');
        self.digits(civil.day, 2);
    }

    fn clock(&mut self, civil: &Civil) {
        self.digits(civil.second_of_day / 3_600, 2);
        self.byte(b':');
        self.digits(civil.second_of_day / 60 % 60, 2);
        self.byte(b':');
        self.digits(civil.second_of_day % 60, 2);
    }

    fn fraction(&mut self, micros: u32, digits: u32) {
        if digits > 0 {
            self.byte(b'.');
            self.digits(micros / 10_u32.pow(6_u32.saturating_sub(digits)), digits);
        }
    }
}

/// The moment as it is written in `style`; nothing where there is no such style, or it cannot write the moment.
///
/// Styles 0 to 3 are `2026-10-07T23:59:57` with a fraction of 6, 3 or 0 digits, or as many as are not zero; 4 to 7 have
/// a space in place of the `T`; 8 is `Oct  7 23:59:57`.
pub(in crate::embedded) fn written(micros: i64, style: u8, buffer: &mut [u8; BYTES_MAX]) -> Option<&str> {
    let civil = Civil::of(micros)?;
    let mut line = Line { bytes: buffer, length: 0 };
    if style == 8 {
        let month = MONTHS.get(usize::try_from(civil.month).ok()?.checked_sub(1)?)?;
        month.bytes().for_each(|byte| line.byte(byte));
        line.byte(b' ');
        if civil.day < 10 {
            line.byte(b' ');
            line.digits(civil.day, 1);
        } else {
            line.digits(civil.day, 2);
        }
        line.byte(b' ');
        line.clock(&civil);
    } else if style < STYLES {
        line.date(&civil);
        line.byte(if style < 4 { b'T' } else { b' ' });
        line.clock(&civil);
        match style % 4 {
            0 => line.fraction(civil.micros, 6),
            1 => line.fraction(civil.micros, 3),
            2 => {}
            _ => {
                let (mut micros, mut digits) = (civil.micros, 6);
                while digits > 0 && micros % 10 == 0 {
                    (micros, digits) = (micros / 10, digits - 1);
                }
                line.fraction(civil.micros, digits);
            }
        }
    } else {
        return None;
    }
    let length = line.length;
    std::str::from_utf8(buffer.get(..length)?).ok()
}
