//! Types 14 and 15: a data set was closed that had been read (14) or written (15).

use std::borrow::Cow;

use sentra_model::{Class, Outcome};

use crate::legacy::smf::require;
use crate::legacy::view::{Draft, Field, Kind, View, field};

/// The job, the entry of the task I/O table, and the job file control block. As documented in SA38-0667.
const LAYOUT: &[Field] = &[
    field("smf.job_name", 18, Kind::Text(8)),
    field("smf.reader_start", 26, Kind::TimeDate),
    field("smf.user_identification", 34, Kind::Text(8)),
    field("smf.record_indicator", 42, Kind::Hex(2)),
    field("smf.ddname", 56, Kind::Text(8)),
    field("smf.dataset", 68, Kind::Text(44)),
    field("smf.member", 112, Kind::Text(8)),
    field("smf.volume", 186, Kind::Text(6)),
];
/// Up to the end of the job file control block, which has 176 bytes.
const FIXED_BYTES: usize = 68 + 176;

pub(super) fn decode(view: View<'_>, draft: &mut Draft) {
    draft.read(view, LAYOUT);
    require(view, FIXED_BYTES, "data set section", draft);
    let is_write = view.u8(5) == Some(15);
    let job = draft.first(&["smf.job_name"]);
    let dataset = draft.first(&["smf.dataset"]);
    let member = draft.first(&["smf.member"]);
    // A member that is a number in binary (a generation) has no name.
    let file = if member.is_empty() { dataset.into_owned() } else { format!("{dataset}({member})") };
    let verb = if is_write { "wrote" } else { "read" };
    draft.push("security.action", if is_write { "write" } else { "read" });
    let event = &mut draft.event;
    event.class = Class::FILE;
    event.outcome = Outcome::Success;
    event.message = Cow::Owned(format!(
        "job {} {verb} data set {}",
        if job.is_empty() { "without a name" } else { &job },
        if file.is_empty() { "without a name" } else { &file }
    ));
    event.process = job;
    event.file = Cow::Owned(file);
}
