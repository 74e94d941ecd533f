//! Type 30: the life of an address space: a batch job, a started task, a TSO session or a UNIX process.

use std::borrow::Cow;

use sentra_model::{Class, EventCode, Outcome};

use crate::legacy::smf::{or_unknown, section};
use crate::legacy::view::{Draft, Field, Kind, View, field};

const SUBSYSTEM: &[Field] = &[
    field("smf.product", 6, Kind::Text(8)),
    field("smf.system_level", 14, Kind::Text(8)),
    field("smf.system_name", 22, Kind::Text(8)),
    field("smf.sysplex", 30, Kind::Text(8)),
];
const IDENTIFICATION: &[Field] = &[
    field("smf.job_name", 0, Kind::Text(8)),
    field("smf.program", 8, Kind::Text(8)),
    field("smf.step_name", 16, Kind::Text(8)),
    field("smf.user_identification", 24, Kind::Text(8)),
    field("smf.job_id", 32, Kind::Text(8)),
    field("smf.step_number", 40, Kind::U16),
    field("smf.job_class", 42, Kind::Text(1)),
    field("smf.step_start", 56, Kind::TimeDate),
    field("smf.reader_start", 64, Kind::TimeDate),
    field("smf.reader_end", 72, Kind::TimeDate),
    field("smf.programmer", 80, Kind::Text(20)),
    field("smf.group", 100, Kind::Text(8)),
    field("smf.user", 108, Kind::Text(8)),
    field("smf.terminal", 116, Kind::Text(8)),
    field("smf.terminal_name", 124, Kind::Text(8)),
    field("smf.procedure_step", 132, Kind::Text(8)),
    field("smf.unix_program", 168, Kind::Text(16)),
];
const PROCESSOR: &[Field] =
    &[field("smf.cpu_hundredths", 4, Kind::U32), field("smf.srb_hundredths", 8, Kind::U32)];
const COMPLETION: &[Field] = &[field("smf.abend_reason", 4, Kind::U32)];

/// In the termination indicators: the step ended abnormally, or was flushed before it began.
const ABNORMAL: u16 = 0x0200;
const FLUSHED: u16 = 0x0100;

/// How a step ended, from its completion code and termination indicators.
fn completion(view: View<'_>) -> Option<(String, Outcome)> {
    let (code, indicators) = (view.u16(0)?, view.u16(2).unwrap_or_default());
    if indicators & FLUSHED != 0 {
        return Some(("flushed".to_owned(), Outcome::Failure));
    }
    if indicators & ABNORMAL == 0 {
        // A normal end has the return code of its program, up to 4095.
        return Some((format!("return code {code}"), Outcome::Success));
    }
    let abend = if code & 0x8000 == 0 {
        format!("abend S{:03X}", code & 0x0fff)
    } else {
        format!("abend U{:04}", code & 0x0fff)
    };
    Some((abend, Outcome::Failure))
}

pub(super) fn decode(view: View<'_>, draft: &mut Draft) {
    // The subsystem identification of this type says what kind of work it is: JOB, STC, TSO, OMVS.
    let kind = draft.first(&["smf.subsystem_id"]);
    if let Some(part) = section(view, 24, "subsystem", draft) {
        draft.read(part, SUBSYSTEM);
    }
    match section(view, 32, "identification", draft) {
        Some(part) => draft.read(part, IDENTIFICATION),
        None => draft.problem("no identification section, so no job is known"),
    }
    if let Some(part) = section(view, 56, "processor", draft) {
        draft.read(part, PROCESSOR);
    }
    let mut ended = None;
    if let Some(part) = section(view, 48, "completion", draft) {
        draft.read(part, COMPLETION);
        ended = completion(part);
    }
    if let Some((text, _)) = &ended {
        draft.push("smf.completion", text.clone());
    }
    fill(&kind, ended, draft);
}

fn fill(kind: &str, ended: Option<(String, Outcome)>, draft: &mut Draft) {
    let subtype = draft.number("smf.subtype").unwrap_or_default();
    let is_session = kind.starts_with("TSO");
    let (verb, code) = match (subtype, is_session) {
        (1, true) => ("logged on to TSO,", Some(EventCode::LL01)),
        (5, true) => ("logged off from TSO,", Some(EventCode::LL02)),
        (1, false) => ("started", Some(EventCode::SS01)),
        (5, false) => ("ended", Some(EventCode::SS02)),
        (2 | 3, _) => ("went on with", None),
        (4, _) => ("ended a step of", None),
        (6, _) => ("is the user of system address space", None),
        _ => {
            draft.problem(format!("subtype {subtype} of SMF type 30 is not known"));
            ("is named with", None)
        }
    };
    draft.push(
        "security.action",
        match subtype {
            1 => "start",
            2 | 3 => "interval",
            4 => "step_end",
            5 => "end",
            _ => "report",
        },
    );
    let job = draft.first(&["smf.job_name"]);
    let user = draft.first(&["smf.user"]);
    let program = draft.first(&["smf.program", "smf.unix_program"]);
    let what = if is_session { "session" } else { noun(kind) };
    let of_program = if program.is_empty() { String::new() } else { format!(", program {program}") };
    let how = ended.as_ref().map(|(text, _)| format!(": {text}")).unwrap_or_default();
    let event = &mut draft.event;
    event.message = Cow::Owned(format!("{} {verb} {what} {job}{of_program}{how}", or_unknown(&user)));
    event.class = if is_session { Class::AUTHENTICATION } else { Class::PROCESS };
    event.code = code;
    event.outcome = match (ended, subtype) {
        (Some((_, outcome)), _) => outcome,
        (None, 1) => Outcome::Success,
        (None, _) => Outcome::Unknown,
    };
    if is_session && matches!(code, Some(EventCode::LL02)) {
        // The session ended, whatever its last command returned.
        event.outcome = Outcome::Success;
    }
    event.process = job;
    event.user = user;
    event.app = program;
    draft.event.session = draft.first(&["smf.job_id"]);
}

fn noun(kind: &str) -> &'static str {
    match kind {
        "STC" => "started task",
        "OMVS" => "UNIX process",
        "ASCH" => "transaction program",
        _ => "job",
    }
}
