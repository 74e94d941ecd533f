//! PowerTech's SIEM Agent for IBM i: entries of the audit journal QAUDJRN as CEF.
//!
//! The id of an event is `T`, the two letters of the journal's entry type and four digits, the last two of
//! which are the number of the entry's subtype in the alphabet: `TPW0016` is PW with subtype P. `src` is always the
//! machine itself and `dst` the client, the other way round than everybody else, so they are exchanged here.
//! The message names the job: `TYPE:JRN CLS:AUD JJOB:QZDASOINIT JUSER:QUSER JNBR:003752 PGM:… DETAIL:P ALICE …`.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, FieldValue, Outcome};

/// The names in the message, each of which ends the value before it.
const NAMES: [&str; 10] =
    ["TYPE:", "CLS:", "JJOB:", "JUSER:", "JNBR:", "PGM:", "OBJECT:", "LIBRARY:", "MEMBER:", "DETAIL:"];

/// The entry type and the subtype of an id.
fn entry(id: &str) -> Option<(&str, char)> {
    let (kind, number) = id.strip_prefix('T')?.split_at_checked(2)?;
    let is_kind = kind.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let number: u8 = number.parse().ok().filter(|_| number.len() == 4)?;
    let subtype = match number {
        1..=26 => char::from(b'A' + number - 1),
        _ => ' ',
    };
    is_kind.then_some((kind, subtype))
}

pub(super) fn fill(event: &mut Event<'_>, id: &str) {
    std::mem::swap(&mut event.src_ip, &mut event.dst_ip);
    std::mem::swap(&mut event.src_port, &mut event.dst_port);
    event.service = Cow::Borrowed("qaudjrn");
    // The sentence is the event's name; the message is a list.
    if let Some(name) = event.text("name").map(str::to_owned) {
        event.message = Cow::Owned(name);
    }
    let message = event.text("msg").unwrap_or_default().to_owned();
    let job = read(event, &message);
    let Some((kind, subtype)) = entry(id) else { return };
    event.push("entry_type", FieldValue::Text(Cow::Owned(kind.to_owned())));
    if subtype != ' ' {
        event.push("entry_subtype", FieldValue::Text(Cow::Owned(subtype.to_string())));
    }
    let (class, code, outcome) = meaning(kind, subtype);
    (event.class, event.code, event.outcome) = (class, code, outcome);
    let profile = job.detail.split_whitespace().nth(1).unwrap_or_default();
    match kind {
        "PW" | "VP" if !profile.is_empty() => event.user = Cow::Owned(profile.to_owned()),
        "CP" => event.target_user = Cow::Owned(job.object.to_owned()),
        "CD" => event.command = Cow::Owned(job.detail.to_owned()),
        _ => {}
    }
}

/// What the message says about the job.
#[derive(Default)]
struct Job<'m> {
    object: &'m str,
    detail: &'m str,
}

fn read<'m>(event: &mut Event<'_>, message: &'m str) -> Job<'m> {
    let mut job = Job::default();
    let (mut name, mut user, mut number, mut library) = ("", "", "", "");
    for (key, value) in pairs(message) {
        match key {
            "JJOB" => name = value,
            "JUSER" => user = value,
            "JNBR" => number = value,
            "LIBRARY" => library = value,
            "PGM" => event.process = Cow::Owned(value.to_owned()),
            "OBJECT" => job.object = value,
            "DETAIL" => job.detail = value,
            _ => {}
        }
        let key: &'static str = key;
        event.push(key, FieldValue::Text(Cow::Owned(value.to_owned())));
    }
    if !user.is_empty() {
        event.user = Cow::Owned(user.to_owned());
        event.session = Cow::Owned(format!("{number}/{user}/{name}"));
    }
    if !job.object.is_empty() {
        event.file = Cow::Owned(format!("{library}/{}", job.object));
    }
    job
}

/// The non-empty `NAME:value` pairs of the message; `DETAIL` takes the rest.
fn pairs(message: &str) -> Vec<(&'static str, &str)> {
    let mut marks: Vec<_> = NAMES
        .iter()
        .filter_map(|name| {
            let at = message.find(name)?;
            let is_word = at == 0 || message.get(..at).is_some_and(|head| head.ends_with(' '));
            is_word.then(|| (at, at + name.len(), name.trim_end_matches(':')))
        })
        .collect();
    marks.sort_unstable();
    if let Some(last) = marks.iter().position(|(_, _, name)| *name == "DETAIL") {
        marks.truncate(last + 1);
    }
    let ends: Vec<_> = marks.iter().skip(1).map(|(at, _, _)| *at).chain([message.len()]).collect();
    let values = marks.iter().zip(ends).filter_map(|((_, start, name), end)| {
        let value = message.get(*start..end)?.trim();
        (!value.is_empty()).then_some((*name, value))
    });
    values.collect()
}

/// What an entry of the journal means, by IBM's tables of audit journal entry types.
fn meaning(kind: &str, subtype: char) -> (Class, Option<EventCode>, Outcome) {
    use EventCode as Code;
    use Outcome::{Failure, Success};
    let (class, code, outcome) = match kind {
        // S: a password for decryption in SQL was wrong, nobody logged in.
        "PW" if subtype == 'S' => (Class::API, Code::PA02, Failure),
        "PW" | "VP" => (Class::AUTHENTICATION, Code::LL03, Failure),
        "AF" => (Class::AUTHORIZE_SESSION, Code::PA02, Failure),
        "CP" => (Class::ACCOUNT_CHANGE, Code::SA02, Success),
        "DS" => (Class::ACCOUNT_CHANGE, Code::SA07, Success),
        "AD" => (Class::API, Code::SS05, Success),
        "SV" | "SM" | "CA" | "OW" | "PA" | "PG" | "RA" | "RO" | "RP" | "RZ" | "GS" | "NA" | "SE" => {
            (Class::API, Code::CC02, Success)
        }
        "ST" | "PS" | "AP" | "SO" => (Class::AUTHORIZE_SESSION, Code::PA01, Success),
        "CD" => (Class::PROCESS, Code::PA01, Success),
        "JS" if subtype == 'S' => (Class::PROCESS, Code::SS01, Success),
        "JS" if subtype == 'E' => (Class::PROCESS, Code::SS02, Success),
        "CO" | "DO" | "OM" | "OR" | "ZC" | "ZR" | "LD" | "YC" | "YR" | "CR" => {
            return (Class::FILE, None, Success);
        }
        "SK" | "CV" | "IP" | "NE" => return (Class::NETWORK, None, Outcome::Unknown),
        _ => return (Class::BASE, None, Outcome::Unknown),
    };
    (class, Some(code), outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_entry_types() {
        let cases = [
            ("TPW0016", Some(("PW", 'P'))),
            ("TCP0001", Some(("CP", 'A'))),
            ("TX00000", Some(("X0", ' '))),
            ("TPW16", None),
            ("UNA0301", None),
            ("T", None),
            ("", None),
        ];
        for (id, expected) in cases {
            assert_eq!(entry(id), expected, "{id}");
        }
    }
}
