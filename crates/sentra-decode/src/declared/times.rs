//! Times in the form that a definition names, read by jiff's strptime. Without a form: the ones that
//! [`crate::time`] knows.

use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use sentra_model::{FieldValue, Timestamp};

use crate::decoder::Context;
use crate::time::{self, WallTime, Zone};

/// How the times of a field are written.
#[derive(Debug, Clone, Default)]
pub(super) struct TimeForm {
    /// Directives of strptime; none for the forms that every format knows.
    directives: Option<String>,
    /// The zone of times that name none, instead of the decoder's.
    zone: Option<Zone>,
}

impl TimeForm {
    /// A form with `directives`, which are tried on a moment of this module's choice.
    pub(super) fn new(directives: Option<&str>, zone: Option<&str>) -> Result<Self, String> {
        if let Some(directives) = directives {
            check(directives)?;
        }
        let zone = zone.map(fixed_zone).transpose()?;
        Ok(Self { directives: directives.map(str::to_owned), zone })
    }

    fn zone<'z>(&'z self, context: &'z Context<'_>) -> &'z Zone {
        self.zone.as_ref().unwrap_or(context.zone)
    }

    /// The time that `value` is.
    pub(super) fn value(&self, context: &Context<'_>, value: &FieldValue<'_>) -> Option<Timestamp> {
        match value {
            FieldValue::Text(text) => self.text(context, text),
            FieldValue::Integer(number) => time::epoch_integer(*number),
            FieldValue::Float(number) => time::epoch(*number),
            FieldValue::Bool(_) => None,
        }
    }

    /// The time that `text` is as a whole.
    pub(super) fn text(&self, context: &Context<'_>, text: &str) -> Option<Timestamp> {
        let text = text.trim();
        if self.directives.is_some() {
            let (moment, rest) = self.prefix(context, text)?;
            return rest.trim_start().is_empty().then_some(moment);
        }
        let zone = self.zone(context);
        let plain = time::value(text).map(|time| zone.resolve(time));
        plain.or_else(|| time::bsd(text, zone, context.reference).map(|(moment, _)| moment))
    }

    /// The time at the beginning of `text`, with what follows it; `None` also for the forms whose end is only
    /// known from what follows.
    pub(super) fn prefix<'a>(&self, context: &Context<'_>, text: &'a str) -> Option<(Timestamp, &'a str)> {
        let zone = self.zone(context);
        let Some(directives) = &self.directives else {
            let iso = time::iso(text).map(|(time, rest)| (zone.resolve(time), rest));
            return iso.or_else(|| time::bsd(text, zone, context.reference));
        };
        let (broken, length) = BrokenDownTime::parse_prefix(directives, text).ok()?;
        let moment = moment(&broken, zone, context.reference)?;
        Some((moment, text.get(length..)?))
    }
}

/// The moment of the parts that were read. Law TIME: year and zone are filled in as [`crate::time`] says.
fn moment(broken: &BrokenDownTime, zone: &Zone, reference: Timestamp) -> Option<Timestamp> {
    if broken.timestamp().is_some() || broken.offset().is_some() {
        return broken.to_timestamp().ok().map(Timestamp::from);
    }
    let has_year = broken.year().is_some() || broken.iso_week_year().is_some();
    if has_year {
        let moment = TimeZone::UTC.to_timestamp(broken.to_datetime().ok()?).ok()?;
        let micros = Timestamp::from(moment).micros();
        return Some(zone.resolve(WallTime::on_the_wall(micros)));
    }
    let clock = broken.to_time().unwrap_or_default();
    let seconds = (i64::from(clock.hour()) * 60 + i64::from(clock.minute())) * 60 + i64::from(clock.second());
    let micros = seconds * 1_000_000 + i64::from(clock.subsec_nanosecond() / 1_000);
    let (month, day) = (broken.month()?, broken.day()?);
    time::latest_year(month.into(), day.into(), micros, zone, reference)
}

/// Whether the directives are known and give a date.
fn check(directives: &str) -> Result<(), String> {
    if !directives.contains('%') {
        return Err(format!(
            "`{directives}` has no directives: write them as strptime does (%Y-%m-%d %H:%M:%S), or leave `format` out \
             for ISO times, syslog times, web server times and Unix seconds"
        ));
    }
    if directives.contains("%Q") || directives.contains("%:Q") || directives.contains("%Z") {
        return Err("names of time zones are not read: use %z, or `zone: +01:00`".to_owned());
    }
    let moment = jiff::civil::date(2026, 3, 14).at(10, 20, 30, 123_456_000).to_zoned(TimeZone::UTC);
    let moment = moment.map_err(|error| error.to_string())?;
    let wrong = |error: jiff::Error| format!("`{directives}` cannot be read as a time: {error}");
    let written = jiff::fmt::strtime::format(directives, &moment).map_err(wrong)?;
    let broken = BrokenDownTime::parse(directives, &written).map_err(wrong)?;
    let read = self::moment(&broken, &Zone::new(TimeZone::UTC), moment.timestamp().into());
    match read {
        Some(_) => Ok(()),
        None => Err(format!("`{directives}` gives no date: it needs at least a month and a day, or %s")),
    }
}

/// `UTC` or a distance from it. Names of zones would have to be looked up on this machine's disk.
fn fixed_zone(text: &str) -> Result<Zone, String> {
    if matches!(text, "UTC" | "Z") {
        return Ok(Zone::new(TimeZone::UTC));
    }
    let wrong = || format!("`{text}` is no zone: write UTC or a distance from it such as +01:00");
    let offset =
        BrokenDownTime::parse("%:z", text).ok().and_then(|broken| broken.offset()).ok_or_else(wrong)?;
    Ok(Zone::new(TimeZone::fixed(offset)))
}
