//! The door of the crate: which format a record is, and what happens when it is none.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use jiff::tz::TimeZone;
use sentra_model::{DeadReason, Event, EventCode, Mart, RawRecord, SourceKind, Timestamp};

use crate::declared::{Declared, Definition, Turn};
use crate::flatten::Field;
use crate::format::{self, FORMATS, Format, Looks, Payload, Shape, binary_formats};
use crate::hints::Hints;
use crate::names::{detach, note};
use crate::text::Text;
use crate::time::{WallTime, Zone};
use crate::virtual_entity::VirtualEntities;
use crate::{declared, flatten, hec, json, json_scan, marks, platform, syslog, text, windows};

/// What a decoder needs to know beyond the record.
#[derive(Debug, Clone)]
pub struct DecodeOptions {
    /// The zone of times that name none, see [`crate::time`].
    pub time_zone: TimeZone,
    /// Which application instances the events of virtual machines are of.
    pub virtual_entities: Arc<VirtualEntities>,
    /// The formats that packs declare.
    pub declared: Declared,
}

impl Default for DecodeOptions {
    /// UTC, no formats but the built-in ones, and no rules for virtual entities.
    fn default() -> Self {
        Self { time_zone: TimeZone::UTC, virtual_entities: Arc::default(), declared: Declared::default() }
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
pub struct FormatInfo<'a> {
    /// The name, as in `--format NAME`.
    pub name: &'a str,
    /// What it is, for help texts.
    pub title: &'a str,
    /// A record of this format; empty where every record is one, and for declared formats.
    pub sample: &'a str,
}

/// The formats that the decoder itself knows.
const GENERAL: [FormatInfo<'static>; 4] = [
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

/// Every built-in format that a sender may name; the first one leaves the choice to the decoder. The formats
/// that packs declare are in [`Decoder::formats`].
#[must_use]
pub fn formats() -> &'static [FormatInfo<'static>] {
    static ALL: LazyLock<Vec<FormatInfo<'static>>> = LazyLock::new(|| {
        let info =
            |format: &&Format| FormatInfo { name: format.name, title: format.title, sample: format.sample };
        let mut all: Vec<FormatInfo<'static>> = FORMATS.iter().map(info).collect();
        all.sort_by_key(|format| format.name);
        GENERAL.into_iter().chain(all).collect()
    });
    &ALL
}

/// Turns records into events. It has no state: the same record always gives the same event.
#[derive(Debug, Clone)]
pub struct Decoder {
    zone: Zone,
    virtual_entities: Arc<VirtualEntities>,
    declared: Declared,
}

/// What a format module may know about the record beside its text.
pub(crate) struct Context<'c> {
    pub(crate) zone: &'c Zone,
    pub(crate) reference: Timestamp,
    pub(crate) received: Timestamp,
    /// Whether the record came in by a syslog listener.
    pub(crate) by_syslog: bool,
    /// What the sender wrote behind the format's name, as in `smf:ibm-037`.
    pub(crate) argument: Option<&'c str>,
    /// Whether the record is the body of another one, which is then the last that is looked into.
    pub(crate) is_body: bool,
    /// The formats that packs declare.
    pub(crate) declared: &'c Declared,
}

impl Context<'_> {
    /// The moment that `time` names.
    pub(crate) fn resolve(&self, time: WallTime) -> Timestamp {
        self.zone.resolve(time)
    }
}

/// What the sender asked for.
#[derive(Clone, Copy)]
enum Wanted<'d> {
    Any,
    Syslog,
    Json,
    Text,
    Named(&'static Format),
    Declared(&'d Definition),
}

impl<'d> Wanted<'d> {
    fn named(name: Option<&str>, declared: &'d Declared) -> Option<Self> {
        Some(match name {
            None | Some("auto" | "") => Self::Any,
            Some("syslog") => Self::Syslog,
            Some("json") => Self::Json,
            Some("text") => Self::Text,
            Some("evtx") => Self::Named(&windows::FORMAT),
            Some(name) => match FORMATS.iter().find(|format| format.name == name) {
                Some(format) => Self::Named(format),
                None => Self::Declared(declared.named(name)?),
            },
        })
    }

    /// Whether a record of `format` is what the sender asked for.
    fn admits(self, format: &'static Format) -> bool {
        match self {
            Self::Any | Self::Syslog => true,
            Self::Json | Self::Text | Self::Declared(_) => false,
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
        let DecodeOptions { time_zone, virtual_entities, declared } = options;
        Self { zone: Zone::new(time_zone), virtual_entities, declared }
    }

    /// Every format that a sender may name: the built-in ones, then the declared ones.
    pub fn formats(&self) -> impl Iterator<Item = FormatInfo<'_>> {
        let declared = self.declared.definitions().iter();
        formats().iter().copied().chain(declared.map(|definition| FormatInfo {
            name: &definition.name,
            title: &definition.title,
            sample: "",
        }))
    }

    /// The declared formats among them.
    #[must_use]
    pub fn declared(&self) -> &Declared {
        &self.declared
    }

    /// Whether a sender may name the format `name`.
    #[must_use]
    pub fn knows_format(&self, name: &str) -> bool {
        let name = name.split_once(':').map_or(name, |(name, _)| name);
        Wanted::named(Some(name), &self.declared).is_some()
    }

    /// The event of `record`, or why there is none. Never panics, whatever the bytes are.
    #[must_use]
    pub fn decode<'a>(&self, record: &RawRecord<'a>) -> Decoded<'a> {
        if record.source.kind == SourceKind::Platform {
            return platform::decode(record);
        }
        match self.try_decode(record) {
            Ok(mut event) => {
                self.virtual_entities.apply(&mut event);
                name_locked_account(&mut event);
                Decoded::Event(event)
            }
            Err(Dead { reason, detail }) => Decoded::Dead { reason, detail },
        }
    }

    fn try_decode<'a>(&self, record: &RawRecord<'a>) -> Boxed<'a> {
        let format = record.source.format.as_deref();
        let (name, argument) = match format.and_then(|format| format.split_once(':')) {
            Some((name, argument)) => (Some(name), Some(argument)),
            None => (format, None),
        };
        let wanted = Wanted::named(name, &self.declared).ok_or_else(|| self.unknown_format(format))?;
        let context = Context {
            zone: &self.zone,
            reference: record.source.reference,
            received: record.received,
            by_syslog: record.source.kind.is_syslog(),
            argument,
            is_body: false,
            declared: &self.declared,
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

    fn unknown_format(&self, name: Option<&str>) -> Dead {
        let known: Vec<_> = self.formats().map(|format| format.name).collect();
        let name = name.unwrap_or_default();
        Dead::malformed(format!("unknown format {name:?}, known are {}", known.join(", ")))
    }
}

/// Who is locked out or let in again is the target, also where the source names nobody but that account.
fn name_locked_account(event: &mut Event<'_>) {
    if matches!(event.code, Some(EventCode::SA08 | EventCode::SA09)) && event.target_user.is_empty() {
        event.target_user = event.user.clone();
    }
}

fn decode_binary<'a>(context: &Context<'_>, wanted: Wanted<'_>, bytes: &'a [u8]) -> Option<Outcome<'a>> {
    if let Wanted::Named(Format { shape: Shape::Binary { decode, .. }, .. }) = wanted
        && !bytes.is_empty()
    {
        return Some(decode(context, bytes));
    }
    if is_surely_text(bytes) {
        return None;
    }
    binary_formats().iter().filter(|format| wanted.admits(format)).find_map(|format| match format.shape {
        Shape::Binary { recognise, decode } if recognise(bytes) => Some(decode(context, bytes)),
        _ => None,
    })
}

/// Whether the bytes begin as most records do, and as none of a binary format does.
fn is_surely_text(bytes: &[u8]) -> bool {
    matches!(bytes, [b'<', b'0'..=b'9', b' '..=b'~', ..] | [b'{', b' '..=b'~', b' '..=b'~', ..])
}

fn decode_line<'a>(context: &Context<'_>, wanted: Wanted<'_>, line: &'a str) -> Boxed<'a> {
    match wanted {
        Wanted::Declared(definition) => declared::decode_named(context, definition, line).map(Box::new),
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

/// The event of a text inside another record, where some format knows it.
pub(crate) fn decode_known<'a>(context: &Context<'_>, text: &'a str) -> Option<Event<'a>> {
    let text = text.trim();
    let named = context.argument.and_then(|name| Wanted::named(Some(name), context.declared));
    let event = named.and_then(|wanted| decode_line(context, wanted, text).ok());
    let event = event.or_else(|| decode_line(context, Wanted::Any, text).ok())?;
    (event.format != "text").then_some(*event)
}

/// A line without a syslog envelope, where some format knows it.
fn decode_bare<'a>(context: &Context<'_>, line: &'a str) -> Option<Box<Event<'a>>> {
    let payload = Payload { text: line, program: "", in_syslog: false };
    let mut event = Box::new(Event::new("text", Mart::LINUX, context.received));
    let declared = |turn, event: &mut Event<'a>| context.declared.read(turn, context, &payload, line, event);
    let (turns, looks) = (format::by_turn(), Looks::of(line));
    let understood = declared(Turn::BeforeBuiltIn, &mut event)
        || turns.particular(looks).any(|format| understand(context, format, &payload, &mut event))
        || declared(Turn::AfterBuiltIn, &mut event)
        || turns.general(looks).any(|format| understand(context, format, &payload, &mut event));
    understood.then_some(event)
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
    let replacing = |definition: &&Definition| !definition.is_json();
    for definition in context.declared.replacing(format.name).filter(replacing) {
        if let Ok(event) = declared::decode_named(context, definition, line) {
            return Ok(Box::new(event));
        }
    }
    let enveloped = |strict: bool| {
        let (mut event, payload) = syslog::envelope_event(context, line, strict)?;
        let is_read = parse(context, &payload, &mut event);
        event.format = Cow::Borrowed(format.name);
        is_read.then_some(event)
    };
    // As without a name: what surely is an envelope is one, then the bare line, then what may be an envelope.
    if let Some(event) = enveloped(true) {
        return Ok(event);
    }
    let mut event = Box::new(Event::new(format.name, Mart::LINUX, context.received));
    if parse(context, &Payload { text: line, program: "", in_syslog: false }, &mut event) {
        return Ok(event);
    }
    enveloped(false).ok_or_else(refused)
}

fn decode_object<'a>(context: &Context<'_>, wanted: Wanted<'_>, line: &'a str) -> Boxed<'a> {
    let mut hints = Hints::default();
    if let Some(fields) = json_scan::fields(line, &mut hints) {
        return decode_fields(context, wanted, fields, &hints);
    }
    let flat = flatten::object_by_library(line).map_err(|detail| {
        // Bytes that only happen to begin with a brace are binary, not broken JSON.
        text::require_text(line).err().unwrap_or_else(|| Dead::malformed(detail))
    })?;
    let problem = flat.problem();
    let hints = Hints::of(&flat.fields);
    let mut event = decode_fields(context, wanted, flat.fields, &hints)?;
    if let Some(problem) = problem {
        note(&mut event, Cow::Owned(problem));
    }
    Ok(event)
}

fn decode_fields<'a>(
    context: &Context<'_>,
    wanted: Wanted<'_>,
    fields: Vec<Field<'a>>,
    hints: &Hints,
) -> Boxed<'a> {
    let declared = |turn| match wanted {
        Wanted::Any => context.declared.object(turn, "", &fields),
        Wanted::Named(format) => {
            context.declared.object(turn, "", &fields).filter(|definition| definition.is_for(format))
        }
        _ => None,
    };
    match (declared(Turn::BeforeBuiltIn), wanted_object_format(wanted, &fields, hints.marks)) {
        (None, Some(decode)) => Ok(Box::new(decode(context, fields))),
        (first, _) => match (first.or_else(|| declared(Turn::AfterBuiltIn)), wanted) {
            (Some(definition), _) => Ok(Box::new(definition.decode(context, fields, None))),
            (None, Wanted::Named(format)) => Err(Dead::malformed(format!("expected {}", format.title))),
            (None, _) => Ok(json::decode_hinted(context, fields, &hints.roles)),
        },
    }
}

/// The format that knows these fields.
pub(crate) fn object_format(fields: &[Field<'_>]) -> Option<DecodeObject> {
    let marks = fields.iter().fold(0, |marks, (name, _)| marks | marks::of_name(name));
    wanted_object_format(Wanted::Any, fields, marks)
}

pub(crate) type DecodeObject = for<'a> fn(&Context<'_>, Vec<Field<'a>>) -> Event<'a>;

/// The format that knows these fields, among whose names are `marks`, and was asked for.
fn wanted_object_format(wanted: Wanted<'_>, fields: &[Field<'_>], marks: u128) -> Option<DecodeObject> {
    match wanted {
        Wanted::Json | Wanted::Text | Wanted::Declared(_) => None,
        Wanted::Named(format) if std::ptr::eq(format, &hec::FORMAT) => {
            hec::is_envelope(fields).then_some(hec::decode)
        }
        Wanted::Any | Wanted::Syslog | Wanted::Named(_) => {
            marks::format_of(fields, marks, |format| wanted.admits(format))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_binary_record_begins_as_text_does(
            head in "<[0-9]|[{][ -~]", third in "[ -~]", rest in prop::collection::vec(any::<u8>(), 0..200),
            digits in prop::collection::vec(0xf0_u8..=0xf9, 0..60),
        ) {
            for rest in [rest, digits] {
                let bytes = [head.as_bytes(), third.as_bytes(), &rest].concat();
                prop_assert!(is_surely_text(&bytes));
                for format in binary_formats() {
                    let Shape::Binary { recognise, .. } = format.shape else { continue };
                    prop_assert!(!recognise(&bytes), "{}", format.name);
                }
            }
        }
    }
}
