//! Fields of a binary record, and the event that they are gathered into.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use sentra_model::{Event, FieldValue, Mart, Timestamp};

use crate::legacy::ebcdic::CodePage;
use crate::legacy::packed;
use crate::names::note;

/// How many bytes of a binary value are shown, as hexadecimal digits.
const HEX_BYTES_MAX: usize = 256;
/// How many problems of one record are told apart; the rest is only counted.
const PROBLEMS_MAX: usize = 8;

/// A record or a section of one, seen through a code page. Nothing outside of it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'b> {
    bytes: &'b [u8],
    /// The offset that the first byte has in the published layout.
    first: usize,
    pub(crate) page: CodePage,
}

impl<'b> View<'b> {
    /// `bytes`, the first of which the layout counts as offset `first`.
    pub(crate) fn new(bytes: &'b [u8], first: usize, page: CodePage) -> Self {
        Self { bytes, first, page }
    }

    /// The offset behind the last byte.
    pub(crate) fn end(self) -> usize {
        self.first + self.bytes.len()
    }

    pub(crate) fn bytes(self, offset: usize, length: usize) -> Option<&'b [u8]> {
        let start = offset.checked_sub(self.first)?;
        self.bytes.get(start..start.checked_add(length)?)
    }

    /// As much as there is of `length` bytes.
    pub(crate) fn bytes_up_to(self, offset: usize, length: usize) -> &'b [u8] {
        let rest =
            offset.checked_sub(self.first).and_then(|start| self.bytes.get(start..)).unwrap_or_default();
        rest.get(..length).unwrap_or(rest)
    }

    /// A part of it as a view of its own, whose offsets begin at 0.
    pub(crate) fn section(self, offset: usize, length: usize) -> Self {
        Self::new(self.bytes_up_to(offset, length), 0, self.page)
    }

    pub(crate) fn u8(self, offset: usize) -> Option<u8> {
        self.bytes(offset, 1)?.first().copied()
    }

    pub(crate) fn u16(self, offset: usize) -> Option<u16> {
        self.bytes(offset, 2)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
    }

    pub(crate) fn u32(self, offset: usize) -> Option<u32> {
        self.bytes(offset, 4)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
    }

    pub(crate) fn u64(self, offset: usize) -> Option<u64> {
        self.bytes(offset, 8)?.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
    }

    /// The text of a field; `None` where it is cut off, blank or binary zeros.
    pub(crate) fn text(self, offset: usize, length: usize) -> Option<String> {
        Some(self.page.text(self.bytes(offset, length)?)).filter(|text| !text.is_empty())
    }
}

/// How a field is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Characters of the code page; blank means absent.
    Text(usize),
    /// As much as there is of this many characters.
    TextUpTo(usize),
    U8,
    U16,
    U32,
    U64,
    Hex(usize),
    Zoned(usize),
    Packed(usize),
    /// Hundredths of a second since midnight and `0cyydddF`, eight bytes.
    TimeDate,
    /// `0cyydddF` behind hundredths of a second that stand elsewhere would be two fields; a TOD clock is one.
    Stck,
    Ip4,
    /// An IPv6 address or an IPv4 address in one.
    Ip16,
}

/// One field of a published layout.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) offset: usize,
    pub(crate) kind: Kind,
}

/// A field of a layout table.
pub(crate) const fn field(name: &'static str, offset: usize, kind: Kind) -> Field {
    Field { name, offset, kind }
}

impl Field {
    fn value(self, view: View<'_>) -> Option<FieldValue<'static>> {
        let integer = |number: i64| FieldValue::Integer(number);
        match self.kind {
            Kind::Text(length) => view.text(self.offset, length).map(text),
            Kind::TextUpTo(length) => Some(view.page.text(view.bytes_up_to(self.offset, length)))
                .filter(|text| !text.is_empty())
                .map(text),
            Kind::U8 => view.u8(self.offset).map(|number| integer(number.into())),
            Kind::U16 => view.u16(self.offset).map(|number| integer(number.into())),
            Kind::U32 => view.u32(self.offset).map(|number| integer(number.into())),
            Kind::U64 => view
                .u64(self.offset)
                .map(|number| i64::try_from(number).map_or_else(|_| text(number.to_string()), integer)),
            Kind::Hex(length) => view.bytes(self.offset, length).map(|bytes| text(hex(bytes))),
            Kind::Zoned(length) => packed::zoned(view.bytes(self.offset, length)?, view.page).map(integer),
            Kind::Packed(length) => packed::packed(view.bytes(self.offset, length)?).map(integer),
            Kind::TimeDate => time_date(view, self.offset).map(text),
            Kind::Stck => packed::stck(view.u64(self.offset)?).map(|moment| text(moment.to_string())),
            Kind::Ip4 => ip4(view, self.offset).map(text),
            Kind::Ip16 => ip16(view, self.offset).map(text),
        }
    }
}

fn text(text: String) -> FieldValue<'static> {
    FieldValue::Text(Cow::Owned(text))
}

/// The wall time in eight bytes; `None` for zeros, which mean "not set".
fn time_date(view: View<'_>, offset: usize) -> Option<String> {
    packed::wall_text(packed::smf_date(view.bytes(offset + 4, 4)?)?, view.u32(offset)?)
}

/// An IPv4 address; all zeros and all ones mean "not known" and "not IPv4".
fn ip4(view: View<'_>, offset: usize) -> Option<String> {
    let bits = view.u32(offset)?;
    (bits != 0 && bits != u32::MAX).then(|| Ipv4Addr::from_bits(bits).to_string())
}

fn ip16(view: View<'_>, offset: usize) -> Option<String> {
    let address = Ipv6Addr::from(*view.bytes(offset, 16)?.first_chunk::<16>()?);
    let canonical = address.to_canonical();
    (!canonical.is_unspecified()).then(|| canonical.to_string())
}

/// `bytes` as hexadecimal digits, cut at a limit that is said.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let shown = bytes.get(..HEX_BYTES_MAX).unwrap_or(bytes);
    let mut digits = String::with_capacity(shown.len() * 2 + 3);
    for byte in shown {
        let _ = write!(digits, "{byte:02x}");
    }
    if shown.len() < bytes.len() {
        digits.push('…');
    }
    digits
}

/// An event on its way: fields, header values and problems gathered from a record.
pub(crate) struct Draft {
    pub(crate) event: Event<'static>,
    problems: usize,
}

impl Draft {
    pub(crate) fn new(format: &'static str, product: &'static str, time: Timestamp) -> Self {
        let mut event = Event::new(format, Mart::LEGACY, time);
        event.product = Cow::Borrowed(product);
        event.service = Cow::Borrowed(format);
        Self { event, problems: 0 }
    }

    /// Says what was not understood. Law LIMIT: a hostile record cannot grow the text without end.
    pub(crate) fn problem(&mut self, problem: impl Into<Cow<'static, str>>) {
        self.problems += 1;
        match self.problems {
            ..=PROBLEMS_MAX => note(&mut self.event, problem),
            count if count == PROBLEMS_MAX + 1 => note(&mut self.event, "more problems follow"),
            _ => {}
        }
    }

    /// Takes every field of `layout` that `view` has. A section that ends early is an older release of the
    /// layout, which is no problem; whether the record itself is cut off is for the caller to say.
    pub(crate) fn read(&mut self, view: View<'_>, layout: &[Field]) {
        for field in layout {
            if let Some(value) = field.value(view) {
                self.event.push(field.name, value);
            }
        }
    }

    pub(crate) fn push(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        self.event.push(name, text(value.into()));
    }

    pub(crate) fn push_number(&mut self, name: &'static str, number: impl Into<i64>) {
        self.event.push(name, FieldValue::Integer(number.into()));
    }

    /// The event, with the fields that the reference agent gives to every security record.
    pub(crate) fn finish(mut self) -> Event<'static> {
        let texts = [("security.user", &self.event.user), ("security.target_user", &self.event.target_user)];
        let mut more: Vec<_> = texts
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name, value.to_string()))
            .collect();
        more.extend(self.event.code.map(|code| ("legacy.user_code", code.as_str().to_owned())));
        for (name, value) in more {
            self.push(name, value);
        }
        self.event
    }

    /// The first of `names` that is there, as header text.
    pub(crate) fn first(&self, names: &[&str]) -> Cow<'static, str> {
        let found = names.iter().find_map(|name| self.event.field(name));
        found.map_or(Cow::Borrowed(""), |value| Cow::Owned(value.as_text().into_owned()))
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        match self.event.field(name) {
            Some(FieldValue::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn port(&self, name: &str) -> u16 {
        self.number(name).and_then(|number| u16::try_from(number).ok()).unwrap_or_default()
    }
}
