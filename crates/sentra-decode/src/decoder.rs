//! The door of the crate: which format a record is, and what happens when it is none.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use sentra_model::{DeadReason, Event, RawRecord, SourceKind, Timestamp};

use crate::names::{detach, note};
use crate::text::Text;
use crate::time::{WallTime, Zone};
use crate::{cloudtrail, flatten, json, syslog, text, windows};

/// What a decoder needs to know beyond the record.
#[derive(Debug, Clone)]
pub struct DecodeOptions {
    /// The zone of times that name none, see [`crate::time`].
    pub time_zone: TimeZone,
}

impl Default for DecodeOptions {
    /// UTC.
    fn default() -> Self {
        Self { time_zone: TimeZone::UTC }
    }
}

/// The end of a record. Law LOSS: there is no third.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded<'a> {
    /// It was understood, at least as a line of text.
    Event(Box<Event<'a>>),
    /// It goes to the dead letters.
    Dead {
        /// The kind of failure.
        reason: DeadReason,
        /// What was wrong and where, for people.
        detail: String,
    },
}

/// A format that a sender may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormatInfo {
    /// The name, as in `--format NAME`.
    pub name: &'static str,
    /// What it is, for help texts.
    pub title: &'static str,
}

/// Every format that a sender may name; the first one leaves the choice to the decoder.
#[must_use]
pub fn formats() -> &'static [FormatInfo] {
    &[
        FormatInfo { name: "auto", title: "detect the format of every record" },
        FormatInfo { name: "syslog", title: "syslog lines, RFC 3164 and RFC 5424" },
        FormatInfo { name: "windows", title: "Windows events: EVTX, XML, and the JSON of common shippers" },
        FormatInfo { name: "cloudtrail", title: "AWS CloudTrail records as JSON" },
        FormatInfo { name: "json", title: "any JSON object per line" },
        FormatInfo { name: "text", title: "lines of text, taken as they are" },
    ]
}

/// Turns records into events. It has no state: the same record always gives the same event.
#[derive(Debug, Clone)]
pub struct Decoder {
    zone: Zone,
}

/// What a format module may know about the record beside its text.
pub(crate) struct Context<'c> {
    pub(crate) zone: &'c Zone,
    pub(crate) reference: Timestamp,
    pub(crate) received: Timestamp,
    /// Whether the record came in by a syslog listener.
    pub(crate) by_syslog: bool,
}

impl Context<'_> {
    /// The moment that `time` names.
    pub(crate) fn resolve(&self, time: WallTime) -> Timestamp {
        self.zone.resolve(time)
    }
}

/// The formats as the decoder tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Any,
    Syslog,
    Windows,
    CloudTrail,
    Json,
    Text,
}

impl Wanted {
    fn named(name: Option<&str>) -> Option<Self> {
        Some(match name {
            None | Some("auto" | "") => Self::Any,
            Some("syslog") => Self::Syslog,
            Some("windows" | "evtx") => Self::Windows,
            Some("cloudtrail") => Self::CloudTrail,
            Some("json") => Self::Json,
            Some("text") => Self::Text,
            Some(_) => return None,
        })
    }
}

/// A record that no event can be made of.
pub(crate) struct Dead {
    reason: DeadReason,
    detail: String,
}

impl Dead {
    pub(crate) fn new(reason: DeadReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(DeadReason::Malformed, detail)
    }
}

pub(crate) type Outcome<'a> = Result<Event<'a>, Dead>;

impl Decoder {
    /// A decoder with these options.
    #[must_use]
    pub fn new(options: DecodeOptions) -> Self {
        Self { zone: Zone::new(options.time_zone) }
    }

    /// The event of `record`, or why there is none. Never panics, whatever the bytes are.
    #[must_use]
    pub fn decode<'a>(&self, record: &RawRecord<'a>) -> Decoded<'a> {
        match self.try_decode(record) {
            Ok(event) => Decoded::Event(Box::new(event)),
            Err(Dead { reason, detail }) => Decoded::Dead { reason, detail },
        }
    }

    fn try_decode<'a>(&self, record: &RawRecord<'a>) -> Outcome<'a> {
        let format = record.source.format.as_deref();
        let wanted = Wanted::named(format).ok_or_else(|| unknown_format(format))?;
        let context = Context {
            zone: &self.zone,
            reference: record.source.reference,
            received: record.received,
            by_syslog: matches!(record.source.kind, SourceKind::SyslogUdp | SourceKind::SyslogTcp),
        };
        match text::of(record.bytes)? {
            Text::Valid(line) => decode_line(&context, wanted, line),
            Text::Replaced(line) => {
                let mut event = decode_line(&context, wanted, &line).map(detach)?;
                note(&mut event, "bytes that are no UTF-8 replaced");
                Ok(event)
            }
        }
    }
}

fn unknown_format(name: Option<&str>) -> Dead {
    let known: Vec<_> = formats().iter().map(|format| format.name).collect();
    let name = name.unwrap_or_default();
    Dead::malformed(format!("unknown format {name:?}, known are {}", known.join(", ")))
}

fn decode_line<'a>(context: &Context<'_>, wanted: Wanted, line: &'a str) -> Outcome<'a> {
    match wanted {
        Wanted::Text => text::require_text(line).map(|()| text::decode(context, line)),
        Wanted::Syslog => {
            text::require_text(line)?;
            syslog::decode(context, line, false).ok_or_else(|| {
                Dead::malformed("expected a syslog line: <PRI>, or a time followed by a host or a program")
            })
        }
        _ if line.starts_with('{') => decode_object(context, wanted, line),
        Wanted::Any | Wanted::Windows if windows::xml::is_xml(line) => windows::xml::decode(context, line),
        Wanted::Any => {
            text::require_text(line)?;
            Ok(syslog::decode(context, line, true).unwrap_or_else(|| text::decode(context, line)))
        }
        Wanted::Windows => {
            Err(Dead::malformed("expected a Windows event as a JSON object or as <Event> XML"))
        }
        Wanted::CloudTrail => Err(Dead::malformed("expected a CloudTrail record as a JSON object")),
        Wanted::Json => Err(Dead::malformed("expected a JSON object")),
    }
}

fn decode_object<'a>(context: &Context<'_>, wanted: Wanted, line: &'a str) -> Outcome<'a> {
    let flat = flatten::object(line).map_err(|detail| {
        // Bytes that only happen to begin with a brace are binary, not broken JSON.
        text::require_text(line).err().unwrap_or_else(|| Dead::malformed(detail))
    })?;
    let problem = flat.problem();
    let fields = flat.fields;
    let mut event = match wanted {
        Wanted::Windows | Wanted::Any if windows::is_event(&fields) => windows::decode(context, fields),
        Wanted::CloudTrail | Wanted::Any if cloudtrail::is_record(&fields) => {
            cloudtrail::decode(context, fields)
        }
        Wanted::Windows => return Err(Dead::malformed("expected a Windows event: there is no EventID")),
        Wanted::CloudTrail => {
            return Err(Dead::malformed(
                "expected a CloudTrail record: there is no eventSource with an eventName",
            ));
        }
        _ => json::decode(context, fields),
    };
    if let Some(problem) = problem {
        note(&mut event, Cow::Owned(problem));
    }
    Ok(event)
}
