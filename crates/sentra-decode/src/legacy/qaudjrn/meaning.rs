//! What an entry means: class, code, who did what to whom, and the sentence.

use std::borrow::Cow;

use sentra_model::{Class, EventCode, Outcome};

use crate::address;
use crate::legacy::qaudjrn::detail::{access_words, words};
use crate::legacy::qaudjrn::layouts::{OBJECT_AUTHORITIES, SPECIAL_AUTHORITIES};
use crate::legacy::view::{Draft, View};

use EventCode as Code;

/// Class, code and outcome of an entry.
type Meaning = (Class, Option<EventCode>, Outcome);

/// Fills the event of an entry whose fields are read. `data` is the data of its type.
pub(super) fn fill(entry_type: &str, data: View<'_>, draft: &mut Draft) {
    let detail = draft.first(&["qaudjrn.detail"]);
    let described = words(entry_type, &detail);
    if described.is_none() && data.end() > 0 {
        draft.problem(format!("detail code {detail:?} of entry type {entry_type} is not known"));
    }
    flags(entry_type, data, draft);
    object(draft);
    people(entry_type, draft);
    let (class, code, outcome) = meaning(entry_type, &detail, draft);
    draft.event.class = class;
    draft.event.code = code;
    draft.event.outcome = outcome;
    let action = described.map_or_else(|| entry_type.to_ascii_lowercase(), |words| words.replace(' ', "_"));
    draft.push("security.action", action);
    draft.event.message = Cow::Owned(sentence(entry_type, described, draft));
}

/// Special authorities and object authorities are a flag character each.
fn flags(entry_type: &str, data: View<'_>, draft: &mut Draft) {
    let (name, table): (_, &[(usize, &str)]) = match entry_type {
        "CP" => ("qaudjrn.special_authorities", &SPECIAL_AUTHORITIES),
        "CA" => ("qaudjrn.authorities", &OBJECT_AUTHORITIES),
        _ => return,
    };
    let is_set = |offset: usize| data.text(offset, 1).is_some_and(|flag| flag == "Y");
    let set: Vec<_> = table.iter().filter(|(offset, _)| is_set(*offset)).map(|(_, name)| *name).collect();
    if !set.is_empty() {
        draft.push(name, set.join(" "));
    }
}

/// `LIBRARY/OBJECT` as the file, as IBM i writes it.
fn object(draft: &mut Draft) {
    let (name, library) = (draft.first(&["qaudjrn.object_name"]), draft.first(&["qaudjrn.object_library"]));
    draft.event.file = match (name.is_empty(), library.is_empty()) {
        (true, _) => Cow::Borrowed(""),
        (false, true) => name,
        (false, false) => Cow::Owned(format!("{library}/{name}")),
    };
    draft.event.command = draft.first(&["qaudjrn.command"]);
}

/// Who did it, to whom, and from where, as the entry types say it.
fn people(entry_type: &str, draft: &mut Draft) {
    let first = |names: &[&str]| draft.first(names);
    match entry_type {
        "PW" | "VP" => caller(draft),
        "JS" => {
            let effective = first(&["qaudjrn.effective_user", "qaudjrn.target_job_user"]);
            let job = first(&["qaudjrn.target_job"]);
            if !effective.is_empty() && effective != draft.event.user {
                draft.event.target_user = effective;
            }
            if !job.is_empty() {
                draft.event.process = job;
            }
        }
        "AF" => {
            let failing = first(&["qaudjrn.failing_user"]);
            if !failing.is_empty() {
                draft.event.user = failing;
            }
        }
        "CA" | "CP" | "GR" | "PS" => {
            draft.event.target_user = first(&["qaudjrn.new_user", "qaudjrn.user_profile"]);
        }
        "DS" => {
            draft.event.target_user = first(&["qaudjrn.service_tools_user", "qaudjrn.service_tools_type"])
        }
        "JD" => draft.event.target_user = first(&["qaudjrn.new_user"]),
        "OW" | "RO" | "PG" => draft.event.target_user = first(&["qaudjrn.new_owner"]),
        "X0" => {
            let remote = first(&["qaudjrn.remote_ip"]);
            if let Some(address) = address::ip_of(&remote) {
                draft.event.src_ip = address;
            }
        }
        _ => {}
    }
    let object_type = draft.first(&["qaudjrn.object_type"]);
    if object_type == "*USRPRF" && draft.event.target_user.is_empty() {
        draft.event.target_user = draft.first(&["qaudjrn.object_name"]);
    }
}

/// Who tried to get in is not the profile that the sign-on job runs under.
fn caller(draft: &mut Draft) {
    let tried = draft.first(&["qaudjrn.user_profile"]);
    let computer = draft.first(&["qaudjrn.computer_name", "qaudjrn.computer"]);
    if !tried.is_empty() {
        draft.event.user = tried;
    }
    match address::ip_of(&computer) {
        Some(address) if draft.event.src_ip.is_empty() => draft.event.src_ip = address,
        None if !computer.is_empty() => draft.event.domain = computer,
        _ => {}
    }
}

fn meaning(entry_type: &str, detail: &str, draft: &Draft) -> Meaning {
    let done = |class, code| (class, Some(code), Outcome::Success);
    let plain = |class| (class, None, Outcome::Success);
    let object_type = draft.first(&["qaudjrn.object_type"]);
    match entry_type {
        "AF" => (Class::AUTHORIZE_SESSION, Some(Code::PA02), Outcome::Failure),
        "PW" if matches!(detail, "F" | "O" | "T") => {
            (Class::AUTHENTICATION, Some(Code::LL08), Outcome::Failure)
        }
        "PW" => (Class::AUTHENTICATION, Some(Code::LL03), Outcome::Failure),
        "X0" if detail == "1" => done(Class::AUTHENTICATION, Code::LL01),
        "X0" => (Class::AUTHENTICATION, Some(Code::LL03), Outcome::Failure),
        "VP" => network(detail),
        "JS" => job(detail, draft),
        "CP" => profile(draft),
        "DS" => service_tools(detail),
        "DO" if object_type == "*USRPRF" => done(Class::ACCOUNT_CHANGE, Code::SA03),
        "DO" if object_type == "*AUTL" => done(Class::GROUP, Code::SA06),
        "CO" if object_type == "*AUTL" => done(Class::GROUP, Code::SA04),
        // A program that takes the place of another one.
        "CO" if detail == "R" && matches!(&*object_type, "*PGM" | "*SRVPGM" | "*MODULE") => {
            done(Class::FILE, Code::CM03)
        }
        "CO" | "DO" | "OM" => plain(Class::FILE),
        "CD" => plain(Class::PROCESS),
        "CA" | "OW" | "PG" | "RA" | "RO" => done(Class::GROUP, Code::SA05),
        "PA" | "AP" | "PS" => done(Class::PROCESS, Code::PA01),
        "AD" => done(Class::API, Code::SS05),
        "SV" => done(Class::API, Code::CC02),
        "JD" | "GR" => done(Class::API, Code::CC02),
        "NA" | "SM" | "AU" | "CQ" => done(Class::API, Code::CC01),
        "OR" => done(Class::FILE, Code::SS04),
        "ST" => done(Class::PROCESS, service_tool(&draft.first(&["qaudjrn.service_tool"]))),
        "ZC" | "ZR" => match draft.number("qaudjrn.access_type") {
            Some(18) => done(Class::FILE, Code::SS03),
            Some(42) => done(Class::FILE, Code::SS04),
            _ => plain(Class::FILE),
        },
        _ => (Class::BASE, None, Outcome::Unknown),
    }
}

fn network(detail: &str) -> Meaning {
    match detail {
        "P" | "U" => (Class::AUTHENTICATION, Some(Code::LL03), Outcome::Failure),
        "D" => (Class::ACCOUNT_CHANGE, Some(Code::SA08), Outcome::Success),
        "A" => (Class::AUTHORIZE_SESSION, Some(Code::PA02), Outcome::Failure),
        "C" => (Class::AUTHENTICATION, Some(Code::LL01), Outcome::Success),
        "E" => (Class::AUTHENTICATION, Some(Code::LL02), Outcome::Success),
        "S" => (Class::API, Some(Code::CC01), Outcome::Success),
        _ => (Class::BASE, None, Outcome::Unknown),
    }
}

/// The start and the end of an interactive job are the login and logoff of IBM i.
fn job(detail: &str, draft: &Draft) -> Meaning {
    let is_interactive = draft.first(&["qaudjrn.job_type"]) == "I";
    let (class, code) = match (detail, is_interactive) {
        ("S", true) => (Class::AUTHENTICATION, Some(Code::LL01)),
        ("E", true) => (Class::AUTHENTICATION, Some(Code::LL02)),
        ("S" | "P", _) => (Class::PROCESS, Some(Code::SS01)),
        ("E" | "A" | "N", _) => (Class::PROCESS, Some(Code::SS02)),
        ("M" | "T", _) => (Class::AUTHORIZE_SESSION, Some(Code::PA01)),
        ("B", _) => (Class::SCHEDULED_JOB, None),
        _ => (Class::PROCESS, None),
    };
    (class, code, Outcome::Success)
}

/// A user profile was created, restored or changed; which it was the command says, and what was changed the
/// fields that are not blank.
fn profile(draft: &Draft) -> Meaning {
    let value = |name| draft.first(&[name]);
    let code = match (&*value("qaudjrn.command_type"), &*value("qaudjrn.profile_status")) {
        ("CRT", _) => Code::SA01,
        ("DST" | "RPA", _) => Code::SA07,
        ("CHG", "*DISABLED") => Code::SA08,
        ("CHG", "*ENABLED") if value("qaudjrn.password_changed") != "Y" => Code::SA09,
        ("CHG", _) if value("qaudjrn.password_changed") == "Y" => {
            if draft.event.target_user == draft.event.user { Code::LL04 } else { Code::SA07 }
        }
        _ => Code::SA02,
    };
    (Class::ACCOUNT_CHANGE, Some(code), Outcome::Success)
}

fn service_tools(detail: &str) -> Meaning {
    let code = match detail {
        "A" | "P" => Code::SA07,
        "D" => Code::SA03,
        "R" => Code::SA01,
        "S" => Code::CC02,
        _ => Code::SA02,
    };
    (Class::ACCOUNT_CHANGE, Some(code), Outcome::Success)
}

/// Tools that dump storage or objects, and the rest.
fn service_tool(tool: &str) -> EventCode {
    match tool {
        "CT" | "DD" | "DF" | "DJ" | "DM" | "DO" | "DS" | "DU" | "MD" => Code::SS03,
        _ => Code::PA01,
    }
}

fn sentence(entry_type: &str, described: Option<&'static str>, draft: &Draft) -> String {
    let value = |name| draft.first(&[name]);
    let event = &draft.event;
    let user = if event.user.is_empty() { "an unknown user" } else { &event.user };
    let words = described.unwrap_or("an action not known here");
    match entry_type {
        "PW" => {
            let device = value("qaudjrn.device");
            let at = if device.is_empty() { String::new() } else { format!(" (device {device})") };
            format!("sign-on of {user} failed: {words}{at}")
        }
        "AF" => {
            let object = if event.file.is_empty() { String::new() } else { format!(" to {}", event.file) };
            format!("authority failure of {user}{object}: {words}")
        }
        "CP" => {
            let command = value("qaudjrn.command_type");
            format!("user profile {} changed by {user} with {command}: {}", event.target_user, changes(draft))
        }
        "CA" => {
            let (command, authorities) = (value("qaudjrn.command_type"), value("qaudjrn.authorities"));
            let (whom, what) = (&event.target_user, &event.file);
            format!("authority of {whom} to {what} changed by {user} with {command}: {authorities}")
        }
        "CD" => format!("{user} ran: {}", event.command),
        "JS" => {
            let whom = if event.target_user.is_empty() { user } else { &event.target_user };
            format!("{words}: {} of {whom}", event.process)
        }
        "X0" => format!("network authentication: {words}"),
        _ => match object_of(entry_type, draft) {
            object if object.is_empty() => format!("{words} by {user}"),
            object => format!("{words} by {user}: {object}"),
        },
    }
}

/// What an entry is about, with what it was and what it is now.
fn object_of(entry_type: &str, draft: &Draft) -> String {
    let value = |name| draft.first(&[name]);
    let file = &draft.event.file;
    match entry_type {
        "SV" | "NA" => format!(
            "{} from {:?} to {:?}",
            value("qaudjrn.value_name"),
            value("qaudjrn.old_value"),
            value("qaudjrn.new_value")
        ),
        "OW" | "RO" | "PG" => {
            format!("{file} from {} to {}", value("qaudjrn.old_owner"), value("qaudjrn.new_owner"))
        }
        "OM" => {
            let (library, name) = (value("qaudjrn.new_object_library"), value("qaudjrn.new_object_name"));
            format!("{file} to {library}/{name}")
        }
        "DS" => draft.event.target_user.to_string(),
        "ST" => value("qaudjrn.service_tool").into_owned(),
        "ZC" | "ZR" => {
            let access = draft.number("qaudjrn.access_type").map(access_words).unwrap_or_default();
            if access.is_empty() { file.to_string() } else { format!("{file} ({access})") }
        }
        _ => file.to_string(),
    }
}

/// What was changed of a user profile, in a few words.
fn changes(draft: &Draft) -> String {
    let value = |name| draft.first(&[name]);
    let mut parts = Vec::new();
    if value("qaudjrn.password_changed") == "Y" {
        parts.push("password".to_owned());
    }
    for (name, text) in [
        ("qaudjrn.profile_status", "status"),
        ("qaudjrn.user_class", "user class"),
        ("qaudjrn.group_profile", "group"),
        ("qaudjrn.special_authorities", "special authorities"),
    ] {
        let value = value(name);
        if !value.is_empty() {
            parts.push(format!("{text} {value}"));
        }
    }
    if parts.is_empty() { "other attributes".to_owned() } else { parts.join(", ") }
}
