//! Type 92: file systems and files of z/OS UNIX.

use std::borrow::Cow;

use sentra_model::{Class, EventCode, Outcome};

use crate::legacy::smf::{or_unknown, section};
use crate::legacy::view::{Draft, Field, Kind, View, field};

const SUBSYSTEM: &[Field] =
    &[field("smf.product", 4, Kind::Text(8)), field("smf.system_level", 12, Kind::Text(8))];
const IDENTIFICATION: &[Field] = &[
    field("smf.job_name", 0, Kind::Text(8)),
    field("smf.reader_start", 8, Kind::TimeDate),
    field("smf.step_name", 16, Kind::Text(8)),
    field("smf.group", 24, Kind::Text(8)),
    field("smf.user", 32, Kind::Text(8)),
    field("smf.uid", 40, Kind::U32),
    field("smf.gid", 44, Kind::U32),
    field("smf.pid", 48, Kind::U32),
    field("smf.process_group", 52, Kind::U32),
    field("smf.session", 56, Kind::U32),
];

/// Mounts; `smf.file_system` is the data set that holds the file system.
const MOUNT: &[Field] = &[
    field("smf.event_time", 0, Kind::Stck),
    field("smf.device", 20, Kind::U32),
    field("smf.ddname", 24, Kind::Text(8)),
    field("smf.file_system_type", 32, Kind::Text(8)),
    field("smf.file_system", 40, Kind::Text(44)),
];
const QUIESCE: &[Field] = &[
    field("smf.event_time", 0, Kind::Stck),
    field("smf.device", 16, Kind::U32),
    field("smf.ddname", 20, Kind::Text(8)),
    field("smf.file_system_type", 28, Kind::Text(8)),
    field("smf.file_system", 36, Kind::Text(44)),
];
/// Unquiesce, unmount, remount and move: the time of the event is the second one.
const UNMOUNT: &[Field] = &[
    field("smf.event_time", 8, Kind::Stck),
    field("smf.device", 24, Kind::U32),
    field("smf.ddname", 28, Kind::Text(8)),
    field("smf.file_system_type", 36, Kind::Text(8)),
    field("smf.file_system", 44, Kind::Text(44)),
];
const OPEN: &[Field] = &[
    field("smf.event_time", 0, Kind::Stck),
    field("smf.file_type", 8, Kind::U8),
    field("smf.open_token", 12, Kind::Hex(4)),
    field("smf.inode", 16, Kind::U32),
    field("smf.device", 20, Kind::U32),
];
const CLOSE: &[Field] = &[
    field("smf.open_time", 0, Kind::Stck),
    field("smf.event_time", 8, Kind::Stck),
    field("smf.file_type", 16, Kind::U8),
    field("smf.open_token", 20, Kind::Hex(4)),
    field("smf.inode", 24, Kind::U32),
    field("smf.device", 28, Kind::U32),
    field("smf.reads", 32, Kind::U32),
    field("smf.writes", 36, Kind::U32),
    field("smf.bytes_read", 52, Kind::U64),
    field("smf.bytes_written", 60, Kind::U64),
    field("smf.path", 68, Kind::Text(64)),
];
const MMAP: &[Field] = &[
    field("smf.event_time", 0, Kind::Stck),
    field("smf.bytes_mapped", 8, Kind::U32),
    field("smf.inode", 16, Kind::U32),
    field("smf.device", 20, Kind::U32),
];
const MUNMAP: &[Field] = &[
    field("smf.event_time", 8, Kind::Stck),
    field("smf.bytes_mapped", 16, Kind::U32),
    field("smf.inode", 24, Kind::U32),
    field("smf.device", 28, Kind::U32),
];
const DELETE: &[Field] = &[
    field("smf.event_time", 0, Kind::Stck),
    field("smf.file_type", 8, Kind::U8),
    field("smf.delete_flags", 9, Kind::Hex(1)),
    field("smf.inode", 12, Kind::U32),
    field("smf.parent_inode", 16, Kind::U32),
    field("smf.device", 20, Kind::U32),
    field("smf.file_system", 24, Kind::Text(44)),
    field("smf.path", 72, Kind::Text(64)),
    field("smf.new_path", 140, Kind::Text(64)),
];
const ATTRIBUTE: &[Field] = &[
    field("smf.event_time", 0, Kind::Stck),
    field("smf.file_type", 8, Kind::U8),
    field("smf.inode", 12, Kind::U32),
    field("smf.device", 16, Kind::U32),
    field("smf.file_system", 20, Kind::Text(44)),
    field("smf.old_attributes", 68, Kind::Text(4)),
    field("smf.new_attributes", 76, Kind::Text(4)),
    field("smf.owner_uid", 80, Kind::U32),
    field("smf.owner_gid", 84, Kind::U32),
    field("smf.security_label", 88, Kind::Text(8)),
];
/// Behind the length of the path name.
const ATTRIBUTE_PATH: (usize, usize) = (140, 144);
const ACCESS_COUNT: &[Field] = &[
    field("smf.event_time", 0, Kind::Stck),
    field("smf.inode", 12, Kind::U32),
    field("smf.device", 16, Kind::U32),
    field("smf.accesses", 20, Kind::U32),
    field("smf.path", 24, Kind::Text(64)),
];

/// One subtype: its layout, what it does in a sentence, and its code.
type Subtype = (&'static [Field], &'static str, Option<EventCode>);

fn subtype_of(number: i64) -> Option<Subtype> {
    Some(match number {
        1 => (MOUNT, "mounted", Some(EventCode::CC01)),
        2 => (QUIESCE, "quiesced", None),
        4 => (UNMOUNT, "unquiesced", None),
        5 => (UNMOUNT, "unmounted", Some(EventCode::CC01)),
        6 => (UNMOUNT, "remounted", Some(EventCode::CC01)),
        7 => (UNMOUNT, "moved", Some(EventCode::CC01)),
        10 => (OPEN, "opened", None),
        11 => (CLOSE, "closed", None),
        12 => (MMAP, "mapped", None),
        13 => (MUNMAP, "unmapped", None),
        14 => (DELETE, "deleted or renamed", None),
        15 => (ATTRIBUTE, "changed the security attributes of", Some(EventCode::SA05)),
        16 => (&[], "closed a socket or special file", None),
        17 => (ACCESS_COUNT, "accessed", None),
        _ => return None,
    })
}

pub(super) fn decode(view: View<'_>, draft: &mut Draft) {
    if let Some(part) = section(view, 28, "subsystem", draft) {
        draft.read(part, SUBSYSTEM);
    }
    if let Some(part) = section(view, 36, "identification", draft) {
        draft.read(part, IDENTIFICATION);
    }
    let number = draft.number("smf.subtype").unwrap_or_default();
    let known = subtype_of(number);
    if known.is_none() {
        draft.problem(format!("subtype {number} of SMF type 92 is known by its number only"));
    }
    let (layout, verb, code) = known.unwrap_or((&[], "did something with", None));
    if let Some(part) = section(view, 44, "data", draft) {
        draft.read(part, layout);
        if let Some(length) = part.u32(ATTRIBUTE_PATH.0).filter(|_| number == 15) {
            let length = usize::try_from(length).unwrap_or_default().min(1024);
            draft.read(part, &[field("smf.path", ATTRIBUTE_PATH.1, Kind::TextUpTo(length))]);
        }
    }
    fill(verb, code, draft);
}

fn fill(verb: &'static str, code: Option<EventCode>, draft: &mut Draft) {
    let new_path = draft.first(&["smf.new_path"]);
    let verb = match (verb, new_path.is_empty()) {
        ("deleted or renamed", true) => "deleted",
        ("deleted or renamed", false) => "renamed",
        _ => verb,
    };
    draft.push("security.action", verb.split(' ').next().unwrap_or_default());
    let file = draft.first(&["smf.path", "smf.file_system"]);
    let user = draft.first(&["smf.user"]);
    let inode = draft.number("smf.inode");
    let object = match (file.is_empty(), inode) {
        (false, _) => format!(" {file}"),
        (true, Some(inode)) => format!(" inode {inode}"),
        (true, None) => String::new(),
    };
    let to = if new_path.is_empty() { String::new() } else { format!(" to {new_path}") };
    let job = draft.first(&["smf.job_name"]);
    let (pid, session) = (draft.first(&["smf.pid"]), draft.first(&["smf.session"]));
    let event = &mut draft.event;
    event.message = Cow::Owned(format!("{} {verb}{object}{to}", or_unknown(&user)));
    event.class = Class::FILE;
    event.outcome = Outcome::Success;
    event.code = code;
    event.user = user;
    event.process = job;
    event.file = file;
    event.pid = pid;
    event.session = session;
}
