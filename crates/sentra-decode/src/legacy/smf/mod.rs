//! z/OS System Management Facilities (SMF) records.
//!
//! Layouts as documented in *MVS System Management Facilities* (SA38-0667), *Security Server RACF Macros and
//! Interfaces* (SA23-2288) and *Communications Server IP Programmer's Guide* (SC27-3659). Offsets count from the
//! record descriptor word (RDW), as they do there.
//!
//! | type | what | where |
//! |---|---|---|
//! | 14, 15 | data set read, data set written | `dataset` |
//! | 30 | job, started task or session began, went on, ended | `work` |
//! | 80, 83 | RACF decisions and commands | `racf` |
//! | 90 | operator commands and IPL | `status` |
//! | 92 | z/OS UNIX file systems and files | `files` |
//! | 118, 119 | TCP connections, FTP, Telnet | `tcp118`, `tcp119` |
//!
//! Law LOSS: any other type is an event with its header fields and a problem.

mod dataset;
mod files;
mod racf;
mod racf_names;
mod status;
mod tcp118;
mod tcp119;
mod work;

use std::borrow::Cow;

use sentra_model::{EventCode, Severity};

use crate::decoder::{Context, Dead, Outcome};
use crate::legacy::ebcdic::CodePage;
use crate::legacy::packed;
use crate::legacy::view::{Draft, Field, Kind, View, field};

/// Length of the record descriptor word that the offsets count from.
const RDW_BYTES: usize = 4;
/// Up to the system identification, which every record has.
const HEADER_BYTES: usize = 18;
/// Up to the subtype.
const LONG_HEADER_BYTES: usize = 24;
/// How many sections of one kind are read from a record.
const SECTIONS_MAX: usize = 64;

/// In the flag byte: the record uses subtypes.
const FLAG_SUBTYPES: u8 = 0x40;

const HEADER: &[Field] = &[
    field("smf.record_type", 5, Kind::U8),
    field("smf.flags", 4, Kind::Hex(1)),
    field("smf.system_id", 14, Kind::Text(4)),
];
const SUBTYPE_HEADER: &[Field] =
    &[field("smf.subsystem_id", 18, Kind::Text(4)), field("smf.subtype", 22, Kind::U16)];

/// Types whose header is known to end at the system identification, or to go on, whatever the flags say.
const WITHOUT_SUBTYPE: [u8; 4] = [14, 15, 80, 90];
const WITH_SUBTYPE: [u8; 5] = [30, 83, 92, 118, 119];

/// Whether `bytes` are one SMF record, with its RDW or without.
pub(crate) fn recognise_smf(bytes: &[u8]) -> bool {
    // The third byte is zero in both: of the RDW, and of a time of day in hundredths. In text it never is.
    if bytes.get(2) != Some(&0) {
        return false;
    }
    match bytes {
        [high, low, 0, 0, ..] if usize::from(u16::from_be_bytes([*high, *low])) == bytes.len() => {
            bytes.get(RDW_BYTES..).is_some_and(is_header)
        }
        _ => is_header(bytes),
    }
}

/// Whether `bytes`, which start behind an RDW, may be the header of a record: a time of day, a packed date,
/// and a system identification that people can write.
pub(crate) fn is_header(bytes: &[u8]) -> bool {
    let view = View::new(bytes, RDW_BYTES, CodePage::Ibm1047);
    let Some(name) = view.bytes(14, 4) else { return false };
    let date = view.bytes(10, 4).and_then(packed::smf_date);
    let time = view.u32(6).zip(date).and_then(|(hundredths, date)| packed::wall(date, hundredths));
    // Blanks, letters, digits and the national characters are all above 0x40 in every page.
    time.is_some() && name.iter().all(|byte| *byte >= 0x40 && *byte != 0xff)
}

/// The event of one SMF record whose texts are in `page`.
pub(crate) fn decode_smf_in<'a>(context: &Context<'_>, page: CodePage, bytes: &'a [u8]) -> Outcome<'a> {
    // Transfers that know records take the RDW away.
    let has_rdw = !is_header(bytes) || bytes.get(RDW_BYTES..).is_some_and(is_header);
    let first = if has_rdw { 0 } else { RDW_BYTES };
    let view = View::new(bytes, first, page);
    if view.end() < HEADER_BYTES {
        return Err(Dead::malformed(format!(
            "{} bytes are too short for an SMF record, whose header has {HEADER_BYTES}",
            bytes.len()
        )));
    }
    let mut draft = Draft::new("smf", "zos", context.received);
    fill_header(context, view, has_rdw, &mut draft);
    let record_type = view.u8(5).unwrap_or_default();
    match record_type {
        14 | 15 => dataset::decode(view, &mut draft),
        30 => work::decode(view, &mut draft),
        80 => racf::decode_80(view, &mut draft),
        83 => racf::decode_83(view, &mut draft),
        90 => status::decode(view, &mut draft),
        92 => files::decode(view, &mut draft),
        118 => tcp118::decode(view, &mut draft),
        119 => tcp119::decode(view, &mut draft),
        _ => decode_other(record_type, &mut draft),
    }
    Ok(draft.finish())
}

fn fill_header(context: &Context<'_>, view: View<'_>, has_rdw: bool, draft: &mut Draft) {
    draft.read(view, HEADER);
    let record_type = view.u8(5).unwrap_or_default();
    let says_subtype = view.u8(4).is_some_and(|flags| flags & FLAG_SUBTYPES != 0);
    let has_subtype =
        WITH_SUBTYPE.contains(&record_type) || (says_subtype && !WITHOUT_SUBTYPE.contains(&record_type));
    if has_subtype {
        draft.read(view, SUBTYPE_HEADER);
        if view.end() < LONG_HEADER_BYTES {
            draft.problem(format!("the record ends at byte {} within its header", view.end()));
        }
    }
    let date = view.bytes(10, 4).and_then(packed::smf_date);
    let time = view.u32(6).zip(date).and_then(|(hundredths, date)| packed::wall(date, hundredths));
    match time {
        Some(time) => draft.event.time = context.resolve(time),
        None => draft.problem("no valid time in the header, arrival time taken"),
    }
    draft.event.host = draft.first(&["smf.system_id"]);
    let stated = if has_rdw { view.u16(0).map_or(0, usize::from) } else { 0 };
    if stated > view.end() {
        draft.problem(format!("the record is {} bytes short of its stated {stated}", stated - view.end()));
    } else if has_rdw && stated < view.end() {
        draft.problem(format!("{} bytes follow the stated {stated}", view.end() - stated));
    }
}

fn decode_other(record_type: u8, draft: &mut Draft) {
    let what = match record_type {
        0 => "system start (IPL)",
        2 => "dump header",
        3 => "dump trailer",
        4 => "step termination",
        5 => "job termination",
        6 => "output written",
        7 => "data lost",
        17 => "data set deleted",
        18 => "data set renamed",
        20 => "job initiation",
        26 => "job purged",
        42 => "storage management statistics",
        60..=69 => "catalogue and VSAM activity",
        70..=79 => "resource measurement",
        81 => "RACF initialisation",
        89 => "product usage",
        100..=102 => "Db2 activity",
        110 => "CICS activity",
        115 | 116 => "MQ activity",
        120 => "WebSphere activity",
        _ => "a type without a layout here",
    };
    if record_type == 7 {
        // The record that SMF writes when it had to drop others.
        draft.event.code = Some(EventCode::CM01);
        draft.event.severity = Severity::High;
    }
    draft.event.message = Cow::Owned(format!("SMF record type {record_type}: {what}"));
    draft.problem(format!("SMF record type {record_type} is known by its header only"));
}

/// Where one kind of section lies: offset 4, length 2, number 2.
#[derive(Debug, Clone, Copy)]
struct Triplet {
    offset: usize,
    length: usize,
    number: usize,
}

impl Triplet {
    fn at(view: View<'_>, offset: usize) -> Option<Self> {
        let start = usize::try_from(view.u32(offset)?).ok()?;
        let length = usize::from(view.u16(offset + 4)?);
        let number = usize::from(view.u16(offset + 6)?);
        Some(Self { offset: start, length, number })
    }

    fn is_empty(self) -> bool {
        self.offset == 0 || self.length == 0 || self.number == 0
    }
}

/// The sections that the triplet at `place` locates. Sections that lie outside of the record are a problem.
fn sections<'b>(view: View<'b>, place: usize, what: &str, draft: &mut Draft) -> Vec<View<'b>> {
    let Some(triplet) = Triplet::at(view, place) else {
        draft.problem(format!("the record ends before it says where its {what} section is"));
        return Vec::new();
    };
    if triplet.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for index in 0..triplet.number.min(SECTIONS_MAX) {
        let start = triplet.offset.saturating_add(index * triplet.length);
        let section = view.section(start, triplet.length);
        if section.end() < triplet.length {
            draft.problem(format!(
                "the {what} section at byte {start} is {} bytes short",
                triplet.length - section.end()
            ));
        }
        if section.end() == 0 {
            break;
        }
        found.push(section);
    }
    if triplet.number > SECTIONS_MAX {
        draft.problem(format!("only {SECTIONS_MAX} of {} {what} sections read", triplet.number));
    }
    found
}

/// The first of [`sections`].
fn section<'b>(view: View<'b>, place: usize, what: &str, draft: &mut Draft) -> Option<View<'b>> {
    sections(view, place, what, draft).into_iter().next()
}

/// Says that a record of fixed layout ends before its last field.
fn require(view: View<'_>, bytes: usize, what: &str, draft: &mut Draft) {
    if view.end() < bytes {
        draft.problem(format!(
            "the record ends at byte {}, before the end of its {what} at {bytes}",
            view.end()
        ));
    }
}

/// ` (terminal T001)` where there is such a value.
fn aside(what: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!(" ({what} {value})") }
}

/// The value, or how a sentence names its absence.
fn or_unknown(value: &str) -> &str {
    if value.is_empty() { "an unknown user" } else { value }
}
