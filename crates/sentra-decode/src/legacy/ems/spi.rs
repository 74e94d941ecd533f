//! SPI buffers: a header, then tokens that say their type, length and number.
//!
//! As documented in the *SPI Programming Manual* (427506), appendix "SPI internal structures", and in the *EMS
//! Manual* (426909). The manuals name the tokens but number only those of SPI itself, so tokens are told apart by
//! their data type, by the subsystem that qualifies them and by the mark that stands before the subject; each
//! one is a field under its number, `ems.token.SUBSYSTEM.NUMBER`.

use std::borrow::Cow;

use sentra_model::{FieldValue, Timestamp};

use crate::decoder::{Context, Dead, Outcome};
use crate::legacy::ebcdic::CodePage;
use crate::legacy::ems::text::fill_process;
use crate::legacy::ems::{meaning, version_text};
use crate::legacy::packed;
use crate::legacy::view::{Draft, Field, Kind, View, field, hex};

/// `Z-MSGCODE` of every SPI buffer: -28.
const MESSAGE_CODE: i16 = -28;
/// The standard part of the header.
const STANDARD_BYTES: usize = 24;
/// Type, length and number of a token.
const CODE_BYTES: usize = 4;
/// Owner, number and version of a subsystem.
const SSID_BYTES: usize = 12;
/// What [`buffer_length`] looks at: the standard part and the code of the specialised one.
pub(crate) const LOOK_BYTES: usize = STANDARD_BYTES + CODE_BYTES;
/// The specialised part of an event header: number, two times, user, system, process, flags.
const EVENT_HEADER_BYTES: usize = 32;
/// How many tokens of a buffer are read.
const TOKENS_MAX: usize = 512;

const STANDARD: &[Field] = &[
    field("ems.buffer_bytes", 2, Kind::U16),
    field("ems.subsystem_owner", 6, Kind::Text(8)),
    field("ems.subsystem_number", 14, Kind::U16),
];

/// Token data types, as far as the manual numbers them.
const TYPE_CHAR: u8 = 1;
const TYPE_INT: u8 = 2;
const TYPE_INT2: u8 = 3;
const TYPE_INT4: u8 = 4;
const TYPE_UINT: u8 = 9;
const TYPE_TIMESTAMP: u8 = 23;
const TYPE_MARK: u8 = 31;
const TYPE_LIST: u8 = 37;
/// In the length byte: the length stands before the value.
const LENGTH_VARIABLE: u8 = 255;
/// Numbers below this are parts of the header, not tokens that were put into the buffer.
const HEADER_NUMBER_MAX: i16 = -257;
/// The subsystem number of EMS itself, which qualifies its common tokens; from general knowledge.
const EMS_SUBSYSTEM: u16 = 12;
/// In the flag word of the event header, from general knowledge.
const FLAG_EMPHASIS: u16 = 0x4000;

/// How long the SPI buffer at the beginning of `bytes` is: six bytes and what `Z-OCCURS` says.
pub(crate) fn buffer_length(bytes: &[u8]) -> Option<usize> {
    let view = View::new(bytes, 0, CodePage::Ascii);
    let is_spi = view.u16(0)? == MESSAGE_CODE.cast_unsigned();
    let used = usize::from(view.u16(4)?) + 6;
    let owner = view.bytes(6, 8)?;
    let is_owner = owner.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    let fits = used >= LOOK_BYTES && used <= usize::from(view.u16(2)?);
    (is_spi && is_owner && fits).then_some(used)
}

/// Whether `bytes` are an SPI buffer.
pub(crate) fn recognise_ems(bytes: &[u8]) -> bool {
    buffer_length(bytes).is_some()
}

/// The event of one SPI buffer.
pub(crate) fn decode_ems<'a>(context: &Context<'_>, bytes: &'a [u8]) -> Outcome<'a> {
    let view = View::new(bytes, 0, CodePage::Ascii);
    if view.u16(0) != Some(MESSAGE_CODE.cast_unsigned()) || view.end() < LOOK_BYTES {
        return Err(Dead::malformed(format!(
            "{} bytes that are no SPI buffer: it begins with FFE4 and a header of {LOOK_BYTES} bytes",
            bytes.len()
        )));
    }
    let mut draft = Draft::new("ems", "nonstop", context.received);
    draft.read(view, STANDARD);
    let default = Ssid::read(view, 6);
    draft.push("ems.subsystem_id", default.to_text());
    let stated = view.u16(4).map_or(0, usize::from) + 6;
    if stated > view.end() {
        draft.problem(format!("the buffer is {} bytes short of its stated {stated}", stated - view.end()));
    }
    let header_bytes = view.u8(STANDARD_BYTES + 1).map_or(0, usize::from);
    let header = view.section(LOOK_BYTES, header_bytes);
    let emphasis = event_header(header, header_bytes, &mut draft);
    let end = stated.min(view.end());
    let tokens = view.section(0, end);
    let found = read_tokens(tokens, LOOK_BYTES + header_bytes, default, &mut draft);
    fill(default, found, &mut draft);
    meaning::fill(&mut draft, emphasis);
    Ok(draft.finish())
}

/// A subsystem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ssid {
    owner: [u8; 8],
    number: u16,
    version: u16,
}

impl Ssid {
    fn read(view: View<'_>, offset: usize) -> Self {
        let owner = view.bytes(offset, 8).and_then(|bytes| bytes.first_chunk().copied());
        Self {
            owner: owner.unwrap_or_default(),
            number: view.u16(offset + 8).unwrap_or_default(),
            version: view.u16(offset + 10).unwrap_or_default(),
        }
    }

    fn is_ems(self) -> bool {
        self.owner.starts_with(b"TANDEM") && self.number == EMS_SUBSYSTEM
    }

    fn to_text(self) -> String {
        let owner = CodePage::Ascii.text(&self.owner);
        format!("{owner}.{}.{}", self.number, version_text(self.version))
    }
}

/// The event header as fields; whether the event is emphasised.
fn event_header(header: View<'_>, stated: usize, draft: &mut Draft) -> bool {
    if stated < EVENT_HEADER_BYTES {
        draft.problem(format!("a header of {stated} bytes is a command's or a response's, no event's"));
        return false;
    }
    if header.end() < EVENT_HEADER_BYTES {
        draft.problem("the buffer ends within its event header");
    }
    // The event number stands before the two times or behind them, by release; a time is known by its value.
    let time = |offset: usize| header.u64(offset).and_then(packed::julian);
    let (number, times) = if time(2).is_some() || time(0).is_none() { (0, 2) } else { (16, 0) };
    if let Some(number) = header.u16(number) {
        draft.push_number("ems.event_number", number);
    }
    let (generated, logged) = (time(times), time(times + 8));
    for (name, moment) in [("ems.generation_time", generated), ("ems.log_time", logged)] {
        if let Some(moment) = moment {
            draft.push(name, moment.to_string());
        }
    }
    event_time(generated.or(logged), draft);
    if let Some([group, user]) = header.bytes(18, 2) {
        draft.push("ems.user_id", format!("{group},{user}"));
    }
    if let Some(system) = header.u16(20) {
        draft.push_number("ems.node_number", system);
    }
    let (cpu, pin) = (header.u8(28), header.u8(29));
    for (name, part) in [("ems.cpu", cpu), ("ems.pin", pin)] {
        if let Some(number) = part {
            draft.push_number(name, number);
        }
    }
    let name = header.text(22, 6).unwrap_or_default();
    match (name.is_empty(), cpu.zip(pin)) {
        (false, _) => draft.push("ems.process_id", name),
        (true, Some((cpu, pin))) => draft.push("ems.process_id", format!("{cpu},{pin}")),
        (true, None) => {}
    }
    if stated > EVENT_HEADER_BYTES {
        let more = header.bytes_up_to(EVENT_HEADER_BYTES, stated);
        draft.push("ems.header_rest", hex(more));
    }
    let flags = header.u16(30).unwrap_or_default();
    draft.event.push("ems.emphasis", FieldValue::Bool(flags & FLAG_EMPHASIS != 0));
    flags & FLAG_EMPHASIS != 0
}

fn event_time(time: Option<Timestamp>, draft: &mut Draft) {
    match time {
        Some(time) => draft.event.time = time,
        None => draft.problem("no valid time in the header, arrival time taken"),
    }
}

/// What the tokens say that counts for the event.
#[derive(Default)]
struct Found {
    text: String,
    /// A text of no known meaning that may serve.
    other_text: String,
    subject: String,
    process: String,
}

fn read_tokens(view: View<'_>, start: usize, default: Ssid, draft: &mut Draft) -> Found {
    let mut found = Found::default();
    let (mut place, mut count, mut is_subject) = (start, 0, false);
    while place < view.end() {
        if count == TOKENS_MAX {
            draft.problem(format!("only {TOKENS_MAX} tokens read"));
            break;
        }
        count += 1;
        let Some(token) = Token::read(view, place, default) else {
            draft.problem(format!("the token at byte {place} is cut off"));
            break;
        };
        place = token.end;
        let is_header_part = token.number <= HEADER_NUMBER_MAX && !token.is_qualified;
        match token.data_type {
            TYPE_MARK => is_subject = true,
            _ if token.value.is_empty() || is_header_part => {}
            _ => {
                token.keep(is_subject, &mut found, draft);
                is_subject = false;
            }
        }
    }
    found
}

/// One token of a buffer.
struct Token<'b> {
    data_type: u8,
    is_variable: bool,
    is_qualified: bool,
    number: i16,
    ssid: Ssid,
    value: &'b [u8],
    /// Behind it and its padding to a word.
    end: usize,
}

impl<'b> Token<'b> {
    fn read(view: View<'b>, place: usize, default: Ssid) -> Option<Self> {
        let (kind, length) = (view.u8(place)?, view.u8(place + 1)?);
        let number = view.u16(place + 2)?.cast_signed();
        let (is_qualified, data_type) = (kind & 0x80 != 0, kind & 0x7f);
        let mut at = place + CODE_BYTES;
        let mut ssid = default;
        if is_qualified {
            view.bytes(at, SSID_BYTES)?;
            ssid = Ssid::read(view, at);
            at += SSID_BYTES;
        }
        let is_variable = length == LENGTH_VARIABLE;
        let length = if is_variable {
            at += 2;
            usize::from(view.u16(at - 2)?)
        } else {
            usize::from(length)
        };
        if data_type == TYPE_LIST {
            // A list begins with its length; its tokens follow as any others.
            view.u16(at)?;
            return Some(Self {
                data_type,
                is_variable,
                is_qualified,
                number,
                ssid,
                value: &[],
                end: at + 2,
            });
        }
        let value = view.bytes(at, length)?;
        Some(Self {
            data_type,
            is_variable,
            is_qualified,
            number,
            ssid,
            value,
            end: at + length.next_multiple_of(2),
        })
    }

    fn text(&self) -> String {
        let view = View::new(self.value, 0, CodePage::Ascii);
        let signed = |number: Option<i64>| number.map(|number| number.to_string());
        let number = match (self.data_type, self.value.len()) {
            (TYPE_INT, 2) => signed(view.u16(0).map(|number| number.cast_signed().into())),
            (TYPE_UINT, 2) => signed(view.u16(0).map(i64::from)),
            (TYPE_INT2, 4) => signed(view.u32(0).map(|number| number.cast_signed().into())),
            (TYPE_INT4, 8) => signed(view.u64(0).map(u64::cast_signed)),
            (TYPE_TIMESTAMP, 8) => view.u64(0).and_then(packed::julian).map(|moment| moment.to_string()),
            _ => None,
        };
        number.unwrap_or_else(|| match std::str::from_utf8(self.value) {
            Ok(text) if !text.contains(char::is_control) => text.trim_end().to_owned(),
            _ => hex(self.value),
        })
    }

    fn keep(&self, is_subject: bool, found: &mut Found, draft: &mut Draft) {
        let text = self.text();
        let is_text = self.data_type == TYPE_CHAR && self.is_variable;
        if is_text && text.starts_with('\\') && text.contains(".$") {
            // The process descriptor, or the node in front of a name.
            if found.process.is_empty() {
                found.process.clone_from(&text);
            }
        } else if is_text && self.ssid.is_ems() && found.text.is_empty() && !is_subject {
            found.text.clone_from(&text);
        } else if is_text && text.contains(' ') && text.len() > found.other_text.len() {
            found.other_text.clone_from(&text);
        }
        if is_subject && found.subject.is_empty() {
            found.subject.clone_from(&text);
        }
        draft.push(format!("ems.token.{}.{}", self.ssid.number, self.number), text);
    }
}

fn fill(default: Ssid, found: Found, draft: &mut Draft) {
    if found.process.is_empty() {
        let process = draft.first(&["ems.process_id"]);
        if process.starts_with('$') {
            draft.event.process = process;
        } else {
            draft.event.pid = process;
        }
        if let Some(node) = draft.number("ems.node_number") {
            // Without its name a node is known by its Expand number.
            draft.event.host = Cow::Owned(format!("node-{node}"));
        }
    } else {
        draft.push("ems.process_descriptor", found.process.clone());
        fill_process(&found.process, draft);
    }
    draft.event.user = draft.first(&["ems.user_id"]);
    draft.event.app = Cow::Owned(default.to_text());
    if !found.subject.is_empty() {
        draft.push("ems.subject", found.subject.clone());
        draft.event.file = Cow::Owned(found.subject.clone());
    }
    let number = draft.number("ems.event_number").unwrap_or_default();
    let text = if found.text.is_empty() { found.other_text } else { found.text };
    let message = match (text.is_empty(), found.subject.is_empty()) {
        (false, _) => {
            draft.push("ems.text", text.clone());
            text
        }
        (true, false) => format!("event {number} of {} about {}", default.to_text(), found.subject),
        (true, true) => format!("event {number} of {}", default.to_text()),
    };
    draft.event.message = Cow::Owned(message);
}
