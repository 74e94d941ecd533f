//! What the formats of JSON objects share: values by name whatever its case, a header filled from a table of
//! names, and second names for values that rules know under another one.

use std::borrow::Cow;

use sentra_model::{Event, EventCode, FieldValue, Mart, Outcome, Severity, Timestamp};

use crate::address;
use crate::decoder::Context;
use crate::flatten::Field;
use crate::names::{header_text, is_placeholder, note};
use crate::time;

/// Law LIMIT: no second name is given to a value when an event has this many fields.
const FIELDS_WITH_ALIASES_MAX: usize = 2_048;
/// Law LIMIT: how many members of one element of an array are told apart.
const ELEMENT_MEMBERS_MAX: usize = 32;

/// Under which names a source writes what the header holds, most telling first. Case does not matter.
#[derive(Clone, Copy)]
pub(crate) struct Names {
    pub(crate) time: &'static [&'static str],
    pub(crate) host: &'static [&'static str],
    pub(crate) user: &'static [&'static str],
    pub(crate) target_user: &'static [&'static str],
    pub(crate) src_ip: &'static [&'static str],
    pub(crate) src_port: &'static [&'static str],
    pub(crate) dst_ip: &'static [&'static str],
    pub(crate) dst_port: &'static [&'static str],
    pub(crate) process: &'static [&'static str],
    pub(crate) pid: &'static [&'static str],
    pub(crate) parent_process: &'static [&'static str],
    pub(crate) command: &'static [&'static str],
    pub(crate) session: &'static [&'static str],
    pub(crate) file: &'static [&'static str],
    pub(crate) domain: &'static [&'static str],
    pub(crate) app: &'static [&'static str],
    pub(crate) message: &'static [&'static str],
}

impl Names {
    pub(crate) const NONE: Self = Self {
        time: &[],
        host: &[],
        user: &[],
        target_user: &[],
        src_ip: &[],
        src_port: &[],
        dst_ip: &[],
        dst_port: &[],
        process: &[],
        pid: &[],
        parent_process: &[],
        command: &[],
        session: &[],
        file: &[],
        domain: &[],
        app: &[],
        message: &[],
    };
}

/// Whether there is a field of this name, whatever its case.
pub(crate) fn has(fields: &[Field<'_>], wanted: &str) -> bool {
    fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted))
}

/// Whether there is a field of one of these names.
pub(crate) fn has_any(fields: &[Field<'_>], wanted: &[&str]) -> bool {
    wanted.iter().any(|wanted| has(fields, wanted))
}

/// Whether there is a field inside the object called `prefix`, which ends in a dot.
pub(crate) fn has_under(fields: &[Field<'_>], prefix: &str) -> bool {
    fields.iter().any(|(name, _)| strip_prefix(name, prefix).is_some())
}

/// The rest of `name` after `prefix`, whatever its case.
pub(crate) fn strip_prefix<'n>(name: &'n str, prefix: &str) -> Option<&'n str> {
    let head = name.as_bytes().get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix.as_bytes()).then(|| name.get(prefix.len()..)).flatten()
}

/// The value of the first of `names` that says something.
pub(crate) fn find<'f, 'a>(fields: &'f [Field<'a>], names: &[&str]) -> Option<&'f FieldValue<'a>> {
    let is_named = |name: &str, wanted: &str| name.eq_ignore_ascii_case(wanted);
    names.iter().find_map(|wanted| {
        let found = fields.iter().find(|(name, value)| is_named(name, wanted) && !is_placeholder(value));
        found.map(|(_, value)| value)
    })
}

/// [`find`] as header text, empty when there is none.
pub(crate) fn text<'a>(fields: &[Field<'a>], names: &[&str]) -> Cow<'a, str> {
    find(fields, names).map(header_text).unwrap_or_default()
}

/// Whether the first of `names` that says something says one of `wanted`, whatever the case.
pub(crate) fn says(fields: &[Field<'_>], names: &[&str], wanted: &[&str]) -> bool {
    find(fields, names).is_some_and(|value| is_one_of(&value.as_text(), wanted))
}

/// Whether `text` is one of `words`, whatever its case.
pub(crate) fn is_one_of(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether `text` begins with one of `words`, whatever its case.
pub(crate) fn begins_with(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| strip_prefix(text, word).is_some())
}

/// Like [`find`], for reports whose column names differ in blanks, underscores and case: `wanted` is in lower
/// case without them.
pub(crate) fn loose<'f, 'a>(fields: &'f [Field<'a>], wanted: &[&str]) -> Option<&'f FieldValue<'a>> {
    wanted.iter().find_map(|wanted| {
        let found = fields.iter().find(|(name, value)| is_loosely(name, wanted) && !is_placeholder(value));
        found.map(|(_, value)| value)
    })
}

/// [`loose`] as header text.
pub(crate) fn loose_text<'a>(fields: &[Field<'a>], wanted: &[&str]) -> Cow<'a, str> {
    loose(fields, wanted).map(header_text).unwrap_or_default()
}

/// Whether `name` is `wanted` but for case, blanks and punctuation.
pub(crate) fn is_loosely(name: &str, wanted: &str) -> bool {
    let letters = name.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    name.len() >= wanted.len() && letters.eq(wanted.bytes())
}

/// The event of `fields` with everything in its header that a name alone decides.
pub(crate) fn event<'a>(
    context: &Context<'_>,
    format: &'static str,
    mart: Mart,
    fields: Vec<Field<'a>>,
    names: &Names,
) -> Event<'a> {
    let mut event = Event::new(format, mart, context.received);
    match moment(&fields, names.time) {
        Some(time) => event.time = time,
        None => note(&mut event, "no time in the record, arrival time taken"),
    }
    event.host = text(&fields, names.host);
    event.user = text(&fields, names.user);
    event.target_user = text(&fields, names.target_user);
    if event.target_user == event.user {
        event.target_user = Cow::Borrowed("");
    }
    event.process = text(&fields, names.process);
    event.pid = text(&fields, names.pid);
    event.parent_process = text(&fields, names.parent_process);
    event.command = text(&fields, names.command);
    event.session = text(&fields, names.session);
    event.file = text(&fields, names.file);
    event.domain = text(&fields, names.domain);
    event.app = text(&fields, names.app);
    event.message = text(&fields, names.message);
    if let Some((address, port)) = endpoint(&fields, names.src_ip) {
        (event.src_ip, event.src_port) = (address, port);
    }
    if let Some((address, port)) = endpoint(&fields, names.dst_ip) {
        (event.dst_ip, event.dst_port) = (address, port);
    }
    let port = |names: &[&str]| find(&fields, names).map_or(0, |value| address::port(&value.as_text()));
    if event.src_port == 0 {
        event.src_port = port(names.src_port);
    }
    if event.dst_port == 0 {
        event.dst_port = port(names.dst_port);
    }
    event.fields = fields;
    event
}

/// The moment under the first of `names` that holds one. Cloud services write UTC also where they do not say so.
pub(crate) fn moment(fields: &[Field<'_>], names: &[&str]) -> Option<Timestamp> {
    names.iter().find_map(|wanted| {
        let named = fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        named.map(|(_, value)| value).find_map(moment_of)
    })
}

/// The moment that a value names.
pub(crate) fn moment_of(value: &FieldValue<'_>) -> Option<Timestamp> {
    match value {
        FieldValue::Text(text) => time::value(text).map(utc),
        FieldValue::Integer(number) => time::epoch_integer(*number),
        FieldValue::Float(number) => time::epoch(*number),
        FieldValue::Bool(_) => None,
    }
}

fn utc(time: time::WallTime) -> Timestamp {
    let utc = time::Zone::new(jiff::tz::TimeZone::UTC);
    utc.resolve(time)
}

/// The first address under one of `names`, and the port that is written behind it (`192.0.2.7:443`), or 0.
pub(crate) fn endpoint<'a>(fields: &[Field<'a>], names: &[&str]) -> Option<(Cow<'a, str>, u16)> {
    names.iter().find_map(|wanted| {
        let named = fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        named.map(|(_, value)| header_text(value)).find_map(address_and_port)
    })
}

/// `192.0.2.7`, `192.0.2.7:443`, `[2001:db8::1]:443`.
pub(crate) fn address_and_port(text: Cow<'_, str>) -> Option<(Cow<'_, str>, u16)> {
    if let Some(address) = address::ip_of(&text) {
        return Some((address, 0));
    }
    let parts = |text: &str| -> Option<(usize, u16)> {
        let (host, port) = text.rsplit_once(':')?;
        Some((host.len(), port.parse().ok()?))
    };
    let (end, port) = parts(&text)?;
    let host = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..end)?),
        Cow::Owned(text) => Cow::Owned(text.get(..end)?.to_owned()),
    };
    Some((address::ip_of(&host)?, port))
}

/// Gives values second names: for each pair the values of the first source that is there, unless the record
/// itself has the name. Rules of one product are written against several exports of it.
pub(crate) fn alias(fields: &mut Vec<Field<'_>>, names: &[(&'static str, &[&str])]) {
    // Second names are not themselves sources.
    let own = fields.len();
    for (name, sources) in names {
        if fields.iter().any(|(field, _)| field == name) {
            continue;
        }
        let source = sources.iter().find(|source| has(fields.get(..own).unwrap_or_default(), source));
        if let Some(source) = source {
            copy(fields, own, name, |field| field.eq_ignore_ascii_case(source));
        }
    }
}

/// Repeats every value inside the object or array called `prefix` (which ends in a dot) under `name`, for rules
/// that look for a word anywhere in it. To be called before values inside get second names.
pub(crate) fn alias_leaves(fields: &mut Vec<Field<'_>>, name: &'static str, prefix: &str) {
    let own = fields.len();
    copy(fields, own, name, |field| strip_prefix(field, prefix).is_some());
}

/// Repeats values among the first `own` fields under `name`.
fn copy(fields: &mut Vec<Field<'_>>, own: usize, name: &'static str, is_wanted: impl Fn(&str) -> bool) {
    let room = FIELDS_WITH_ALIASES_MAX.saturating_sub(fields.len());
    let matching = fields.iter().take(own).filter(|(field, _)| is_wanted(field));
    let copies: Vec<_> = matching.take(room).map(|(_, value)| (Cow::Borrowed(name), value.clone())).collect();
    fields.extend(copies);
}

/// Adds a field that the record says in other words.
pub(crate) fn add<'a>(event: &mut Event<'a>, name: &'static str, value: impl Into<Cow<'a, str>>) {
    if event.fields.len() < FIELDS_WITH_ALIASES_MAX {
        event.push(name, FieldValue::Text(value.into()));
    }
}

/// Reads `[{"Name": …, "Value": …}]` under `prefix` (which ends in a dot): every pair becomes a field called as
/// `rename` says, unless it says nothing.
pub(crate) fn alias_pairs<'a>(
    fields: &mut Vec<Field<'a>>,
    prefix: &str,
    members: (&str, &[&str]),
    rename: impl Fn(&str) -> Option<Cow<'a, str>>,
) {
    let mut found: Vec<Field<'a>> = Vec::new();
    let mut name: Option<Cow<'_, str>> = None;
    let mut early: Option<&FieldValue<'a>> = None;
    let room = FIELDS_WITH_ALIASES_MAX.saturating_sub(fields.len());
    for (field, value) in fields.iter() {
        let Some(member) = strip_prefix(field, prefix) else { continue };
        if member.eq_ignore_ascii_case(members.0) {
            // A value that came before any name belongs to the name that follows it.
            match early.take() {
                Some(early) => found.extend(rename(&value.as_text()).map(|new| (new, early.clone()))),
                None => name = Some(value.as_text()),
            }
        } else if is_one_of(member, members.1) {
            match &name {
                Some(name) => found.extend(rename(name).map(|new| (new, value.clone()))),
                None => early = Some(value),
            }
        }
        if found.len() >= room {
            break;
        }
    }
    fields.extend(found);
}

/// In the array under `prefix` (which ends in a dot): the member `wanted` of the first element whose member `key`
/// is one of `values`. Elements are told apart by their first repeated member.
pub(crate) fn element<'a>(
    fields: &[Field<'a>],
    prefix: &str,
    (key, values): (&str, &[&str]),
    wanted: &str,
) -> Option<Cow<'a, str>> {
    let mut seen: Vec<&str> = Vec::new();
    let (mut found, mut is_right) = (None, false);
    for (name, value) in fields {
        let Some(member) = strip_prefix(name, prefix).filter(|member| !member.contains('.')) else {
            continue;
        };
        if seen.contains(&member) {
            if is_right && found.is_some() {
                return found;
            }
            seen.clear();
            (found, is_right) = (None, false);
        }
        if seen.len() < ELEMENT_MEMBERS_MAX {
            seen.push(member);
        }
        is_right |= member.eq_ignore_ascii_case(key) && is_one_of(&value.as_text(), values);
        if member.eq_ignore_ascii_case(wanted) && !is_placeholder(value) {
            found = Some(header_text(value));
        }
    }
    found.filter(|_| is_right)
}

/// The outcome that a word of a source's own means.
pub(crate) fn outcome(word: &str) -> Outcome {
    const GOOD: [&str; 13] = [
        "success",
        "succeeded",
        "successful",
        "passed",
        "allow",
        "allowed",
        "ok",
        "true",
        "completed",
        "approved",
        "accept",
        "accepted",
        "granted",
    ];
    const BAD: [&str; 14] = [
        "failure",
        "failed",
        "fail",
        "error",
        "deny",
        "denied",
        "reject",
        "rejected",
        "false",
        "blocked",
        "fraud",
        "unsuccessful",
        "faulted",
        "timeout",
    ];
    match word.trim() {
        word if is_one_of(word, &GOOD) => Outcome::Success,
        word if is_one_of(word, &BAD) => Outcome::Failure,
        _ => Outcome::Unknown,
    }
}

/// The severity that a word of a source's own means.
pub(crate) fn severity(word: &str) -> Severity {
    match word.trim() {
        word if is_one_of(word, &["critical", "emergency", "alert", "fatal"]) => Severity::Critical,
        word if is_one_of(word, &["high", "error"]) => Severity::High,
        word if is_one_of(word, &["medium", "warning", "warn", "moderate"]) => Severity::Medium,
        word if is_one_of(word, &["low", "notice"]) => Severity::Low,
        word if is_one_of(word, &["informational", "information", "info", "debug", "none", "default"]) => {
            Severity::Informational
        }
        _ => Severity::Unknown,
    }
}

/// The code of a change that failed: it changed nothing, so it is a refused privileged operation.
pub(crate) fn by_outcome(code: EventCode, outcome: Outcome) -> EventCode {
    match (code, outcome) {
        (code, Outcome::Success | Outcome::Unknown) => code,
        (EventCode::LL01, Outcome::Failure) => EventCode::LL03,
        (EventCode::LL04, Outcome::Failure) => EventCode::LL05,
        (EventCode::LL07, Outcome::Failure) => EventCode::LL08,
        (code, Outcome::Failure) if is_about_logins(code) => code,
        (_, Outcome::Failure) => EventCode::PA02,
    }
}

/// Whether the code says for itself how it ended, or tells of a refusal or of a step of governance.
fn is_about_logins(code: EventCode) -> bool {
    let name = code.as_str();
    name.starts_with("LL") || name.starts_with("IG") || matches!(code, EventCode::SA08 | EventCode::PA02)
}
