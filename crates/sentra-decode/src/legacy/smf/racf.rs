//! Types 80 and 83: what RACF decided, and the commands that changed what it decides by.

use std::borrow::Cow;

use sentra_model::{Class, EventCode, Outcome, Severity};

use crate::legacy::smf::racf_names::{
    AUTHORITIES, Logon, REASONS, access_name, event_name, flag_names, logon, qualifier_name,
};
use crate::legacy::smf::{aside, or_unknown, require, section, sections};
use crate::legacy::view::{Draft, Field, Kind, View, field, hex};

/// Where the fields of the decision are. Type 80 has them in its fixed part, type 83 in its security section,
/// in the same order from `descriptor` on.
struct Places {
    descriptor: usize,
    end: usize,
}

/// As documented in SA23-2288, *Record type 80*: offsets 18 to 98.
const TYPE_80: Places = Places { descriptor: 18, end: 97 };
/// *Record type 83*: the security section begins with a link value of four bytes.
const TYPE_83: Places = Places { descriptor: 4, end: 79 };

/// From the descriptor on. Up to here both types agree.
const DECISION: &[Field] = &[
    field("smf.event", 2, Kind::U8),
    field("smf.qualifier", 3, Kind::U8),
    field("smf.user", 4, Kind::Text(8)),
    field("smf.group", 12, Kind::Text(8)),
    field("smf.terminal_level", 26, Kind::U8),
    field("smf.command_error", 27, Kind::Hex(1)),
    field("smf.terminal", 28, Kind::Text(8)),
    field("smf.job_name", 36, Kind::Text(8)),
    field("smf.reader_start", 44, Kind::TimeDate),
    field("smf.user_identification", 52, Kind::Text(8)),
    field("smf.racf_release", 62, Kind::Text(4)),
    field("smf.security_label", 66, Kind::Text(8)),
];
/// In the first descriptor byte.
const VIOLATION: u8 = 0x80;
const USER_UNDEFINED: u8 = 0x40;
const WARNING: u8 = 0x10;

/// How many relocate sections are kept.
const RELOCATE_MAX: usize = 128;

/// What was decided.
struct Decision {
    event: u8,
    qualifier: u8,
    violation: bool,
    warning: bool,
    privileged: bool,
}

pub(super) fn decode_80(view: View<'_>, draft: &mut Draft) {
    require(view, TYPE_80.end, "fixed part", draft);
    let decision = read_decision(view.section(TYPE_80.descriptor, usize::MAX), draft);
    // Offsets to the relocate sections count from the flag byte, four bytes into the record.
    let start =
        |place: usize| view.u16(place).filter(|offset| *offset > 0).map(|offset| usize::from(offset) + 4);
    let count = |place: usize| view.u16(place).map_or(0, usize::from);
    if let Some(start) = start(38) {
        relocate(view, start, count(40), 1, draft);
    }
    if let Some(start) = start(92) {
        relocate(view, start, count(94), 2, draft);
    }
    fill(decision, draft);
}

pub(super) fn decode_83(view: View<'_>, draft: &mut Draft) {
    let subtype = draft.number("smf.subtype").unwrap_or_default();
    if let Some(part) = section(view, 28, "product", draft) {
        draft.read(
            part,
            &[field("smf.product_version", 0, Kind::Text(4)), field("smf.product", 4, Kind::Text(4))],
        );
    }
    let decision = section(view, 36, "security", draft).and_then(|part| {
        if part.end() < TYPE_83.end {
            draft.problem(format!("the security section has {} of {} bytes", part.end(), TYPE_83.end));
        }
        draft.read(part, &[field("smf.link", 0, Kind::Hex(4))]);
        read_decision(part.section(TYPE_83.descriptor, usize::MAX), draft)
    });
    // Subtype 1 has the short relocate sections of type 80, the others the extended ones.
    let width = if subtype == 1 { 1 } else { 2 };
    for part in sections(view, 44, "relocate", draft) {
        relocate(part, 0, 1, width, draft);
    }
    let product = match subtype {
        1 => "RACF",
        2 => "EIM",
        3 => "LDAP",
        4 => "R_auditx",
        5 => "WebSphere",
        6 => "TKLM",
        7 => "MFA",
        _ => {
            draft.problem(format!("subtype {subtype} of SMF type 83 is not known"));
            "an unknown component"
        }
    };
    draft.push("smf.component", product);
    if subtype == 1 {
        fill(decision, draft);
        return;
    }
    fill_component(product, decision, draft);
}

/// The event codes of the other components are their own, but a violation is one everywhere.
fn fill_component(product: &str, decision: Option<Decision>, draft: &mut Draft) {
    fill_header(draft);
    let refused = decision.as_ref().is_some_and(|decision| decision.violation);
    draft.push("security.action", "component_event");
    let user = draft.event.user.clone();
    let event = &mut draft.event;
    event.class = Class::AUTHORIZE_SESSION;
    event.outcome = if refused { Outcome::Failure } else { Outcome::Success };
    event.code = refused.then_some(EventCode::PA02);
    let number = decision.map_or(0, |decision| decision.event);
    let verdict = if refused { "was refused" } else { "was recorded" };
    event.message = Cow::Owned(format!("{product} event {number} of {} {verdict}", or_unknown(&user)));
}

fn read_decision(part: View<'_>, draft: &mut Draft) -> Option<Decision> {
    draft.read(part, DECISION);
    let descriptor = part.u8(0).unwrap_or_default();
    let flags = [(VIOLATION, "VIOLATION"), (USER_UNDEFINED, "USER_UNDEFINED"), (WARNING, "WARNING")];
    let named: Vec<_> =
        flags.iter().filter(|(bit, _)| descriptor & bit != 0).map(|(_, name)| *name).collect();
    if !named.is_empty() {
        draft.push("smf.descriptor", named.join(","));
    }
    let authority = part.u8(24).unwrap_or_default();
    for (name, value) in [
        ("smf.authority", flag_names(authority, &AUTHORITIES)),
        ("smf.reason", flag_names(part.u8(25).unwrap_or_default(), &REASONS)),
    ] {
        if !value.is_empty() {
            draft.push(name, value);
        }
    }
    let Some((event, qualifier)) = part.u8(2).zip(part.u8(3)) else {
        draft.problem("the record ends before its event code");
        return None;
    };
    Some(Decision {
        event,
        qualifier,
        violation: descriptor & VIOLATION != 0,
        warning: descriptor & WARNING != 0,
        // SPECIAL, OPERATIONS, AUDITOR, and what goes past the rules altogether.
        privileged: authority & 0b0111_0110 != 0,
    })
}

/// Sections of a type, a length and data; `width` is how many bytes type and length have each.
fn relocate(view: View<'_>, start: usize, count: usize, width: usize, draft: &mut Draft) {
    let number = |place: usize| {
        if width == 1 { view.u8(place).map(u16::from) } else { view.u16(place) }
    };
    let mut place = start;
    for index in 0..count {
        if index >= RELOCATE_MAX {
            draft.problem(format!("only {RELOCATE_MAX} of {count} relocate sections read"));
            return;
        }
        let Some((kind, length)) = number(place).zip(number(place + width)) else {
            draft.problem(format!(
                "relocate section {} of {count} is beyond the end of the record",
                index + 1
            ));
            return;
        };
        let data = place + 2 * width;
        let length = usize::from(length);
        let bytes = view.bytes_up_to(data, length);
        if bytes.len() < length {
            draft.problem(format!("relocate section {} is {} bytes short", index + 1, length - bytes.len()));
        }
        keep(view, kind, bytes, draft);
        place = data + length;
    }
}

/// A relocate section as a field: by its name where the type is known, by its number otherwise.
fn keep(view: View<'_>, kind: u16, bytes: &[u8], draft: &mut Draft) {
    // As documented in SA23-2288, *Table of relocate section variable data*.
    let name = match kind {
        1 => "smf.resource",
        2 => "smf.new_resource",
        3 => "smf.access_requested",
        4 => "smf.access_allowed",
        7 => "smf.installation_data",
        8 => "smf.user_name",
        9 => "smf.profile",
        17 => "smf.class",
        20 => "smf.application",
        33 => "smf.generic_profile",
        46 => "smf.log_string",
        441 => "smf.mfa_factor",
        444 => "smf.mfa_policy",
        _ => "",
    };
    if let (3 | 4, [access]) = (kind, bytes) {
        draft.push(name, access_name(*access));
        return;
    }
    let is_text = !bytes.is_empty() && view.page.is_printable(bytes);
    let value = if is_text { view.page.text(bytes) } else { hex(bytes) };
    if name.is_empty() {
        draft.push(format!("smf.relocate.{kind}"), value);
    } else {
        draft.push(name, value);
    }
}

fn fill_header(draft: &mut Draft) {
    draft.event.user = draft.first(&["smf.user"]);
    draft.event.process = draft.first(&["smf.job_name"]);
    draft.event.app = draft.first(&["smf.application"]);
    draft.event.file = draft.first(&["smf.resource", "smf.profile"]);
}

fn fill(decision: Option<Decision>, draft: &mut Draft) {
    fill_header(draft);
    let Some(decision) = decision else {
        draft.event.message = Cow::Borrowed("RACF event that cannot be read");
        return;
    };
    match decision.event {
        1 => fill_logon(&decision, draft),
        _ => fill_other(&decision, draft),
    }
    if decision.warning {
        draft.event.severity = Severity::Medium;
    }
}

fn fill_logon(decision: &Decision, draft: &mut Draft) {
    let (meaning, words) = logon(decision.qualifier);
    let (code, outcome, verb) = match meaning {
        Logon::In => (EventCode::LL01, Outcome::Success, "logon of {} succeeded"),
        Logon::InWarned => (EventCode::LL01, Outcome::Success, "logon of {} succeeded with a warning"),
        Logon::Out => (EventCode::LL02, Outcome::Success, "logoff of {}"),
        Logon::Failed => (EventCode::LL03, Outcome::Failure, "logon of {} failed"),
        Logon::Locked => (EventCode::SA08, Outcome::Failure, "logon of {} failed"),
        Logon::NewPasswordRefused => (EventCode::LL05, Outcome::Failure, "password change of {} failed"),
        Logon::FactorFailed => (EventCode::LL08, Outcome::Failure, "logon of {} failed"),
    };
    let is_new = words != "a reason not known here";
    if !is_new {
        draft.problem(format!("qualifier {} of RACF event 1 is not known", decision.qualifier));
    }
    draft.push("security.action", if meaning == Logon::Out { "logoff" } else { "logon" });
    draft.push("smf.qualifier_text", words);
    let terminal = draft.first(&["smf.terminal"]);
    let subject = verb.replace("{}", or_unknown(&draft.event.user));
    let event = &mut draft.event;
    event.message = Cow::Owned(format!("RACF {subject}: {words}{}", aside("terminal", &terminal)));
    event.class = Class::AUTHENTICATION;
    event.code = Some(code);
    event.outcome = outcome;
    if meaning == Logon::InWarned {
        event.severity = Severity::Medium;
    }
}

fn fill_other(decision: &Decision, draft: &mut Draft) {
    let name = event_name(decision.event).unwrap_or("event of a code not known here");
    if event_name(decision.event).is_none() {
        draft.problem(format!("RACF event code {} is not known", decision.event));
    }
    let words = qualifier_name(decision.event, decision.qualifier);
    // Commands report keyword violations (2) as done in part and listings (3, 4) beside the command.
    let is_partial = matches!((decision.event, decision.qualifier), (8..=25, 3));
    let refused = decision.violation || (decision.qualifier == 1 && !decision.warning && !is_partial);
    let (class, done) = meaning(decision.event);
    let code = if refused {
        Some(refused_code(decision.event))
    } else {
        done.or_else(|| decision.privileged.then_some(EventCode::PA01))
    };
    draft.push("security.action", name.replace(' ', "_"));
    draft.push("smf.qualifier_text", words);
    let terminal = draft.first(&["smf.terminal"]);
    let object = draft.first(&["smf.resource", "smf.profile"]);
    let class_name = draft.first(&["smf.class"]);
    let access = draft.first(&["smf.access_requested"]);
    let preposition = if matches!(decision.event, 8..=25) { "for" } else { "to" };
    let to = if object.is_empty() { String::new() } else { format!(" {preposition} {object}") };
    let user = or_unknown(&draft.event.user).to_owned();
    let verdict = match (refused, decision.warning) {
        (true, _) => "failed",
        (false, true) => "succeeded with a warning",
        (false, false) => "succeeded",
    };
    let why = if words == "success" { String::new() } else { format!(": {words}") };
    let event = &mut draft.event;
    event.message = Cow::Owned(format!(
        "RACF {name} of {user}{to} {verdict}{why}{}{}{}",
        aside("class", &class_name),
        aside("requested", &access),
        aside("terminal", &terminal)
    ));
    event.class = class;
    event.code = code;
    event.outcome = if refused { Outcome::Failure } else { Outcome::Success };
    if matches!(class, Class::ACCOUNT_CHANGE | Class::GROUP) && !object.is_empty() {
        event.target_user = event.file.clone();
    }
}

/// The code of an event that was refused.
fn refused_code(event: u8) -> EventCode {
    match event {
        18 => EventCode::LL05,
        67 | 68 => EventCode::LL03,
        _ => EventCode::PA02,
    }
}

/// Class of an event, and its code where it went through.
fn meaning(event: u8) -> (Class, Option<EventCode>) {
    use EventCode as Code;
    match event {
        2..=7 | 28..=30 | 32 | 35 | 41..=43 | 45 | 47 | 48 | 53 | 54 | 56 | 64 => (Class::FILE, None),
        8 | 11 | 15 | 20..=22 | 24..=26 | 66 | 78 | 84 | 87 => (Class::API, Some(Code::CC02)),
        9 => (Class::GROUP, Some(Code::SA04)),
        10 => (Class::ACCOUNT_CHANGE, Some(Code::SA01)),
        12 | 14 | 19 | 23 => (Class::GROUP, Some(Code::SA05)),
        13 | 59 => (Class::ACCOUNT_CHANGE, Some(Code::SA02)),
        16 => (Class::GROUP, Some(Code::SA06)),
        17 => (Class::ACCOUNT_CHANGE, Some(Code::SA03)),
        18 => (Class::ACCOUNT_CHANGE, Some(Code::LL04)),
        31 => (Class::FILE, Some(Code::SS05)),
        33 | 34 | 75..=77 => (Class::FILE, Some(Code::SA05)),
        36 | 46 | 49..=52 | 57 | 63 => (Class::PROCESS, Some(Code::PA01)),
        37..=40 => (Class::PROCESS, None),
        44 | 55 => (Class::FILE, Some(Code::CC01)),
        67 | 68 => (Class::AUTHENTICATION, Some(Code::LL01)),
        82 | 81 | 58 | 60..=62 | 65 | 69..=74 | 79 | 80 | 83 | 85 | 86 | 88 | 89 => {
            (Class::AUTHORIZE_SESSION, None)
        }
        _ => (Class::BASE, None),
    }
}
