//! The door of the crate: which format a record is, and what happens when it is none.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::tz::TimeZone;
use sentra_model::{DeadReason, Event, Mart, RawRecord, Timestamp};

use crate::flatten::Field;
use crate::format::{FORMATS, Format, Payload, Shape, binary_formats, object_formats, text_formats};
use crate::names::{detach, note};
use crate::text::Text;
use crate::time::{WallTime, Zone};
use crate::{flatten, json, scan, syslog, text, windows};

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
    /// A record of this format; empty where every record is one.
    pub sample: &'static str,
}

/// The formats that the decoder itself knows.
const GENERAL: [FormatInfo; 4] = [
    FormatInfo { name: "auto", title: "detect the format of every record", sample: "" },
    FormatInfo {
        name: "syslog",
        title: "syslog lines, RFC 3164 and RFC 5424",
        sample: "<38>Mar  1 10:00:00 web1 sshd[811]: Failed password for invalid user admin from 192.0.2.7 port 40022 ssh2",
    },
    FormatInfo {
        name: "json",
        title: "any JSON object per line",
        sample: r#"{"time":"2026-03-01T10:00:00Z","user":"alice"}"#,
    },
    FormatInfo {
        name: "text",
        title: "lines of text, taken as they are",
        sample: "2026-03-01 10:00:00 started",
    },
];

/// Every format that a sender may name; the first one leaves the choice to the decoder.
#[must_use]
pub fn formats() -> &'static [FormatInfo] {
    static ALL: LazyLock<Vec<FormatInfo>> = LazyLock::new(|| {
        let info =
            |format: &&Format| FormatInfo { name: format.name, title: format.title, sample: format.sample };
        let mut all: Vec<FormatInfo> = FORMATS.iter().map(info).collect();
        all.sort_by_key(|format| format.name);
        GENERAL.into_iter().chain(all).collect()
    });
    &ALL
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

/// What the sender asked for.
#[derive(Clone, Copy)]
enum Wanted {
    Any,
    Syslog,
    Json,
    Text,
    Named(&'static Format),
}

impl Wanted {
    fn named(name: Option<&str>) -> Option<Self> {
        Some(match name {
            None | Some("auto" | "") => Self::Any,
            Some("syslog") => Self::Syslog,
            Some("json") => Self::Json,
            Some("text") => Self::Text,
            Some("evtx") => Self::Named(&windows::FORMAT),
            Some(name) => Self::Named(FORMATS.iter().find(|format| format.name == name)?),
        })
    }

    /// Whether a record of `format` is what the sender asked for.
    fn admits(self, format: &'static Format) -> bool {
        match self {
            Self::Any | Self::Syslog => true,
            Self::Json | Self::Text => false,
            Self::Named(named) => std::ptr::eq(named, format),
        }
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

/// An event is large and passes through many hands: it is boxed as soon as it is there.
type Boxed<'a> = Result<Box<Event<'a>>, Dead>;

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
            Ok(event) => Decoded::Event(event),
            Err(Dead { reason, detail }) => Decoded::Dead { reason, detail },
        }
    }

    fn try_decode<'a>(&self, record: &RawRecord<'a>) -> Boxed<'a> {
        let format = record.source.format.as_deref();
        let wanted = Wanted::named(format).ok_or_else(|| unknown_format(format))?;
        let context = Context {
            zone: &self.zone,
            reference: record.source.reference,
            received: record.received,
            by_syslog: record.source.kind.is_syslog(),
        };
        if let Some(outcome) = decode_binary(&context, wanted, record.bytes) {
            return outcome.map(Box::new);
        }
        match text::of(record.bytes)? {
            Text::Valid(line) => decode_line(&context, wanted, line),
            Text::Replaced(line) => {
                let mut event = decode_line(&context, wanted, &line).map(|event| Box::new(detach(*event)))?;
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

fn decode_binary<'a>(context: &Context<'_>, wanted: Wanted, bytes: &'a [u8]) -> Option<Outcome<'a>> {
    binary_formats().iter().filter(|format| wanted.admits(format)).find_map(|format| match format.shape {
        Shape::Binary { recognise, decode } if recognise(bytes) => Some(decode(context, bytes)),
        _ => None,
    })
}

fn decode_line<'a>(context: &Context<'_>, wanted: Wanted, line: &'a str) -> Boxed<'a> {
    match wanted {
        Wanted::Text => text::require_text(line).map(|()| Box::new(text::decode(context, line))),
        Wanted::Json if !line.starts_with('{') => Err(Dead::malformed("expected a JSON object")),
        Wanted::Syslog => {
            text::require_text(line)?;
            syslog::decode(context, line, false).ok_or_else(|| {
                Dead::malformed("expected a syslog line: <PRI>, or a time followed by a host or a program")
            })
        }
        _ if line.starts_with('{') => decode_object(context, wanted, line),
        Wanted::Any if windows::xml::is_xml(line) => windows::xml::decode(context, line).map(Box::new),
        Wanted::Named(format) if std::ptr::eq(format, &windows::FORMAT) && windows::xml::is_xml(line) => {
            windows::xml::decode(context, line).map(Box::new)
        }
        Wanted::Any => {
            text::require_text(line)?;
            let bare = || decode_bare(context, line);
            let event = syslog::decode(context, line, true).or_else(bare);
            Ok(event.unwrap_or_else(|| Box::new(text::decode(context, line))))
        }
        Wanted::Named(format) => decode_named(context, format, line),
        Wanted::Json => Err(Dead::malformed("expected a JSON object")),
    }
}

/// A line without a syslog envelope, where some format knows it.
fn decode_bare<'a>(context: &Context<'_>, line: &'a str) -> Option<Box<Event<'a>>> {
    let payload = Payload { text: line, program: "", in_syslog: false };
    let mut event = Box::new(Event::new("text", Mart::LINUX, context.received));
    text_formats().iter().any(|format| understand(context, format, &payload, &mut event)).then_some(event)
}

/// Lets `format` read the payload if it recognises it.
pub(crate) fn understand<'a>(
    context: &Context<'_>,
    format: &'static Format,
    payload: &Payload<'a>,
    event: &mut Event<'a>,
) -> bool {
    let Shape::Text { recognise, parse, .. } = format.shape else { return false };
    if !(recognise(payload) && parse(context, payload, event)) {
        return false;
    }
    event.format = Cow::Borrowed(format.name);
    true
}

/// A line of a format that the sender named: in a syslog envelope or bare, but of that format.
fn decode_named<'a>(context: &Context<'_>, format: &'static Format, line: &'a str) -> Boxed<'a> {
    text::require_text(line)?;
    let refused = || Dead::malformed(format!("expected {}", format.title));
    let Shape::Text { parse, .. } = format.shape else { return Err(refused()) };
    let mut event = Box::new(Event::new(format.name, Mart::LINUX, context.received));
    if parse(context, &Payload { text: line, program: "", in_syslog: false }, &mut event) {
        return Ok(event);
    }
    let (mut event, payload) = syslog::envelope_event(context, line).ok_or_else(refused)?;
    if !parse(context, &payload, &mut event) {
        return Err(refused());
    }
    event.format = Cow::Borrowed(format.name);
    Ok(event)
}

fn decode_object<'a>(context: &Context<'_>, wanted: Wanted, line: &'a str) -> Boxed<'a> {
    if let Some(fields) = scan::fields(line) {
        return decode_fields(context, wanted, fields);
    }
    let flat = flatten::object_by_library(line).map_err(|detail| {
        // Bytes that only happen to begin with a brace are binary, not broken JSON.
        text::require_text(line).err().unwrap_or_else(|| Dead::malformed(detail))
    })?;
    let problem = flat.problem();
    let mut event = decode_fields(context, wanted, flat.fields)?;
    if let Some(problem) = problem {
        note(&mut event, Cow::Owned(problem));
    }
    Ok(event)
}

fn decode_fields<'a>(context: &Context<'_>, wanted: Wanted, fields: Vec<Field<'a>>) -> Boxed<'a> {
    match (wanted_object_format(wanted, &fields), wanted) {
        (Some(decode), _) => Ok(Box::new(decode(context, fields))),
        (None, Wanted::Named(format)) => Err(Dead::malformed(format!("expected {}", format.title))),
        (None, _) => Ok(json::decode(context, fields)),
    }
}

/// The format that knows these fields.
pub(crate) fn object_format(fields: &[Field<'_>]) -> Option<DecodeObject> {
    wanted_object_format(Wanted::Any, fields)
}

pub(crate) type DecodeObject = for<'a> fn(&Context<'_>, Vec<Field<'a>>) -> Event<'a>;

/// The format that knows these fields and was asked for.
fn wanted_object_format(wanted: Wanted, fields: &[Field<'_>]) -> Option<DecodeObject> {
    object_formats().iter().filter(|format| wanted.admits(format)).find_map(|format| match format.shape {
        Shape::Object { recognise, decode } if recognise(fields) => Some(decode),
        _ => None,
    })
}
