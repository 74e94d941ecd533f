//! IBM i audit journal entries, as `DSPJRN OUTFILFMT(*TYPE5)` writes them; also `*TYPE4` and `*TYPE2`.
//!
//! As documented in *IBM i Security reference*, "Layout of audit journal entries": a heading of fixed fields,
//! then the data of the entry type, whose first character says more closely what happened. The data begin at
//! offset 610, 224 or 156 of the three formats and are laid out alike in all of them.
//!
//! Texts are in the job's code page, or in ASCII when the transfer has translated them; the heading begins with
//! digits, which tells the two apart.

mod detail;
mod layouts;
mod meaning;

use std::borrow::Cow;

use jiff::civil::Date;
use sentra_model::Timestamp;

use crate::decoder::{Context, Dead, Outcome};
use crate::legacy::ebcdic::CodePage;
use crate::legacy::packed;
use crate::legacy::qaudjrn::layouts::layout_of;
use crate::legacy::view::{Draft, Field, Kind, View, field};

/// How many bytes [`is_heading`] looks at.
pub(crate) const LOOK_BYTES: usize = 33;
/// No entry is shorter than the shortest heading.
const ENTRY_BYTES_MIN: usize = 155;

/// The three formats of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Type5,
    Type4,
    Type2,
}

impl Format {
    fn layout(self) -> &'static [Field] {
        match self {
            Self::Type5 => TYPE_5,
            Self::Type4 => TYPE_4,
            Self::Type2 => TYPE_2,
        }
    }

    /// Where the data of the entry type begin, from 1 as in the published tables.
    fn data(self) -> usize {
        match self {
            Self::Type5 => 610,
            Self::Type4 => 224,
            Self::Type2 => 156,
        }
    }
}

/// QJORDJE5. Offsets count from 1, as published.
const TYPE_5: &[Field] = &[
    field("qaudjrn.sequence_number", 6, Kind::Text(20)),
    field("qaudjrn.journal_code", 26, Kind::Text(1)),
    field("qaudjrn.entry_type", 27, Kind::Text(2)),
    field("qaudjrn.timestamp", 29, Kind::Text(26)),
    field("qaudjrn.job_name", 55, Kind::Text(10)),
    field("qaudjrn.user_name", 65, Kind::Text(10)),
    field("qaudjrn.job_number", 75, Kind::Text(6)),
    field("qaudjrn.program_name", 81, Kind::Text(10)),
    field("qaudjrn.program_library", 91, Kind::Text(10)),
    field("qaudjrn.current_user", 187, Kind::Text(10)),
    field("qaudjrn.system_name", 197, Kind::Text(8)),
    field("qaudjrn.receiver", 241, Kind::Text(10)),
    field("qaudjrn.receiver_library", 251, Kind::Text(10)),
    field("qaudjrn.thread", 289, Kind::Text(16)),
    field("qaudjrn.remote_port", 306, Kind::Zoned(5)),
    field("qaudjrn.remote_address", 311, Kind::Text(46)),
];
/// QJORDJE4.
const TYPE_4: &[Field] = &[
    field("qaudjrn.sequence_number", 6, Kind::Text(10)),
    field("qaudjrn.journal_code", 16, Kind::Text(1)),
    field("qaudjrn.entry_type", 17, Kind::Text(2)),
    field("qaudjrn.timestamp", 19, Kind::Text(26)),
    field("qaudjrn.job_name", 45, Kind::Text(10)),
    field("qaudjrn.user_name", 55, Kind::Text(10)),
    field("qaudjrn.job_number", 65, Kind::Text(6)),
    field("qaudjrn.program_name", 71, Kind::Text(10)),
    field("qaudjrn.current_user", 132, Kind::Text(10)),
    field("qaudjrn.system_name", 142, Kind::Text(8)),
];
/// QJORDJE2.
const TYPE_2: &[Field] = &[
    field("qaudjrn.sequence_number", 6, Kind::Text(10)),
    field("qaudjrn.journal_code", 16, Kind::Text(1)),
    field("qaudjrn.entry_type", 17, Kind::Text(2)),
    field("qaudjrn.date", 19, Kind::Text(6)),
    field("qaudjrn.time", 25, Kind::Text(6)),
    field("qaudjrn.job_name", 31, Kind::Text(10)),
    field("qaudjrn.user_name", 41, Kind::Text(10)),
    field("qaudjrn.job_number", 51, Kind::Text(6)),
    field("qaudjrn.program_name", 57, Kind::Text(10)),
    field("qaudjrn.current_user", 118, Kind::Text(10)),
    field("qaudjrn.system_name", 128, Kind::Text(8)),
];

/// ASCII where the entry begins with ASCII digits, `page` otherwise.
fn page_of(bytes: &[u8], page: CodePage) -> CodePage {
    if bytes.first().is_some_and(u8::is_ascii_digit) { CodePage::Ascii } else { page }
}

/// The length that the entry at the beginning of `bytes` says it has.
pub(crate) fn entry_length(bytes: &[u8]) -> Option<usize> {
    let length = packed::zoned(bytes.get(..5)?, page_of(bytes, CodePage::Ibm037))?;
    usize::try_from(length).ok().filter(|length| *length >= ENTRY_BYTES_MIN)
}

/// Whether `bytes` begin like the heading of an entry in any format.
pub(crate) fn is_heading(bytes: &[u8]) -> bool {
    entry_length(bytes).is_some() && format_of(bytes).is_some()
}

/// Letters, digits and the hyphen have the same place in every EBCDIC page.
fn format_of(bytes: &[u8]) -> Option<Format> {
    let page = page_of(bytes, CodePage::Ibm037);
    let character = |offset: usize| bytes.get(offset).map(|byte| page.character(*byte));
    let is_type = |offset: usize| {
        character(offset).is_some_and(|code| code.is_ascii_uppercase())
            && (1..=2).all(|next| character(offset + next).is_some_and(|part| part.is_ascii_alphanumeric()))
    };
    let is_year = |offset: usize| {
        (0..4).all(|next| character(offset + next).is_some_and(|digit| digit.is_ascii_digit()))
            && character(offset + 4) == Some('-')
    };
    let is_date = |offset: usize| {
        (0..12).all(|next| character(offset + next).is_some_and(|digit| digit.is_ascii_digit()))
    };
    match () {
        () if is_type(25) && is_year(28) => Some(Format::Type5),
        () if is_type(15) && is_year(18) => Some(Format::Type4),
        () if is_type(15) && is_date(18) => Some(Format::Type2),
        () => None,
    }
}

/// Whether `bytes` are an entry of the audit journal.
pub(crate) fn recognise_qaudjrn(bytes: &[u8]) -> bool {
    // Lines of text that begin with digits are common; an entry is never shorter than it says but for blanks.
    bytes.len() >= LOOK_BYTES && is_heading(bytes)
}

/// The event of one journal entry whose texts are in `page`.
pub(crate) fn decode_qaudjrn_in<'a>(context: &Context<'_>, page: CodePage, bytes: &'a [u8]) -> Outcome<'a> {
    let Some(format) = format_of(bytes) else {
        return Err(Dead::malformed(format!(
            "{} bytes that are no journal entry: no heading of format *TYPE5, *TYPE4 or *TYPE2",
            bytes.len()
        )));
    };
    let view = View::new(bytes, 1, page_of(bytes, page));
    let mut draft = Draft::new("qaudjrn", "ibm_i", context.received);
    draft.read(view, format.layout());
    fill_header(context, view, format, &mut draft);
    let entry_type = draft.first(&["qaudjrn.entry_type"]);
    let data = view.section(format.data(), usize::MAX);
    match layout_of(&entry_type) {
        Some(layout) => {
            draft.read(data, layout);
            meaning::fill(&entry_type, data, &mut draft);
        }
        None => {
            draft.event.message = Cow::Owned(format!("audit journal entry of type {entry_type}"));
            draft.problem(format!("entry type {entry_type} is known by its heading only"));
        }
    }
    Ok(draft.finish())
}

fn fill_header(context: &Context<'_>, view: View<'_>, format: Format, draft: &mut Draft) {
    let time = match format {
        Format::Type2 => short_time(context, draft),
        _ => packed::saa(&draft.first(&["qaudjrn.timestamp"])).map(|time| context.resolve(time)),
    };
    match time {
        Some(time) => draft.event.time = time,
        None => draft.problem("no valid time in the heading, arrival time taken"),
    }
    draft.event.host = draft.first(&["qaudjrn.system_name"]);
    draft.event.user = draft.first(&["qaudjrn.current_user", "qaudjrn.user_name"]);
    draft.event.process = draft.first(&["qaudjrn.job_name"]);
    draft.event.app = draft.first(&["qaudjrn.program_name"]);
    draft.event.session = job_name(draft);
    let remote = draft.first(&["qaudjrn.remote_address"]);
    if let Some(address) = crate::address::ip_of(&remote) {
        draft.event.src_ip = address;
        draft.event.src_port = draft.port("qaudjrn.remote_port");
    }
    let last = view.end() - 1;
    if view.end() <= format.data() {
        draft.problem(format!("the entry ends at byte {last} within its heading"));
    } else if let Some(stated) = entry_length_of(view).filter(|stated| *stated > last) {
        // Translations to text cut off trailing blanks, so there a short entry is a whole one.
        if view.page != CodePage::Ascii {
            draft.problem(format!("the entry is {} bytes short of its stated {stated}", stated - last));
        }
    }
}

fn entry_length_of(view: View<'_>) -> Option<usize> {
    entry_length(view.bytes(1, 5)?)
}

/// `123456/USER1/QPADEV0001`, as IBM i names a job in full.
fn job_name(draft: &Draft) -> Cow<'static, str> {
    let part = |name| draft.first(&[name]);
    let number = part("qaudjrn.job_number");
    if number.is_empty() {
        return Cow::Borrowed("");
    }
    Cow::Owned(format!("{number}/{}/{}", part("qaudjrn.user_name"), part("qaudjrn.job_name")))
}

/// The time of a `*TYPE2` heading: six digits of a date in the order of the job that wrote it, and `HHMMSS`.
/// Of the orders that give a date, the one nearest to the reference of the source is taken.
fn short_time(context: &Context<'_>, draft: &mut Draft) -> Option<Timestamp> {
    let (date, time) = (draft.first(&["qaudjrn.date"]), draft.first(&["qaudjrn.time"]));
    let number = |text: &str, at: usize| text.get(at..at + 2)?.parse::<i8>().ok();
    let (first, second, third) = (number(&date, 0)?, number(&date, 2)?, number(&date, 4)?);
    let (hour, minute, second_of_minute) = (number(&time, 0)?, number(&time, 2)?, number(&time, 4)?);
    let mut candidates: Vec<Timestamp> = Vec::new();
    for (year, month, day) in [(third, first, second), (third, second, first), (first, second, third)] {
        let century = if year < 70 { 2000 } else { 1900 };
        let Ok(date) = Date::new(century + i16::from(year), month, day) else { continue };
        let text = format!("{date}T{hour:02}:{minute:02}:{second_of_minute:02}");
        let moment = packed::wall_of(&text).map(|time| context.resolve(time));
        candidates.extend(moment.filter(|moment| !candidates.contains(moment)));
    }
    if candidates.len() > 1 {
        draft.problem("a *TYPE2 heading does not say the order of its date, the nearest reading taken");
    }
    candidates.into_iter().min_by_key(|moment| moment.since(context.reference).unsigned_abs())
}
