//! Concepts → table and conditions. What does not fit together is not used, and counts against the question.

use super::frame::Frame;
use super::subject::{Concepts, Subject, Table};
use crate::lexicon::{Act, Thing};
use crate::quote::quoted;

/// The acts of a question while they are used up.
struct Acts<'a> {
    acts: &'a [(usize, Act)],
    used: Vec<usize>,
}

impl Acts<'_> {
    /// Uses the first of `wanted` that is there.
    fn take(&mut self, wanted: &[Act]) -> Option<Act> {
        let found = self.acts.iter().find(|(_, act)| wanted.contains(act)).map(|(_, act)| *act)?;
        let places = self.acts.iter().filter(|(_, act)| *act == found).map(|(place, _)| *place);
        self.used.extend(places);
        Some(found)
    }
}

const FAILED: &[Act] = &[Act::Fail, Act::Deny];

/// What `concepts` come to. Words of concepts that have no part in it are set free again in `frame`.
pub(super) fn resolve(frame: &mut Frame, concepts: &Concepts) -> Subject {
    let mut acts = Acts { acts: &concepts.acts, used: Vec::new() };
    let mut subject = Subject {
        table: Table::Events,
        conditions: Vec::new(),
        has_target: false,
        is_login: false,
        has_code: false,
        is_named: !concepts.things.is_empty() || !concepts.marts.is_empty() || !concepts.tools.is_empty(),
    };
    let mut unused = marts(concepts, &mut subject);
    if concepts.things.iter().any(|(_, thing)| matches!(thing, Thing::Signal | Thing::Incident)) {
        unused.extend(findings(concepts, &mut acts, &mut subject));
    } else {
        unused.extend(events(frame, concepts, &mut acts, &mut subject));
    }
    let left = concepts.acts.iter().map(|(place, _)| *place).filter(|place| !acts.used.contains(place));
    // A phrase that is thing and act at once was understood as a whole.
    let left = left.filter(|place| !concepts.things.iter().any(|(other, _)| other == place));
    unused.extend(left);
    for place in unused {
        frame.release(place);
    }
    subject
}

fn marts(concepts: &Concepts, subject: &mut Subject) -> Vec<usize> {
    let mut unused = Vec::new();
    for (place, word) in &concepts.marts {
        match subject.table {
            Table::Mart(mart) if mart != word.mart => unused.push(*place),
            _ => subject.table = Table::Mart(word.mart),
        }
        if let Some(product) = word.product.filter(|_| !unused.contains(place)) {
            subject.conditions.push(format!("product =~ {}", quoted(product)));
        }
    }
    unused
}

/// Signals and incidents.
fn findings(concepts: &Concepts, acts: &mut Acts<'_>, subject: &mut Subject) -> Vec<usize> {
    let is_incident = concepts.things.iter().any(|(_, thing)| *thing == Thing::Incident);
    subject.table = if is_incident { Table::Incidents } else { Table::Signals };
    let severities: [(Act, &str); 4] =
        [(Act::Critical, "critical"), (Act::High, "high"), (Act::Medium, "medium"), (Act::Low, "low")];
    let named: Vec<String> = severities
        .iter()
        .filter(|(act, _)| acts.take(&[*act]).is_some())
        .map(|(_, name)| quoted(name))
        .collect();
    match named.as_slice() {
        [] => {}
        [one] => subject.conditions.push(format!("severity == {one}")),
        several => subject.conditions.push(format!("severity in ({})", several.join(", "))),
    }
    if is_incident {
        let status =
            match acts.take(&[Act::Open, Act::Closed, Act::Resolved, Act::New, Act::InProgress, Act::OnHold])
            {
                Some(Act::Open) => Some("status in (\"new\", \"in_progress\", \"on_hold\")"),
                Some(Act::Closed) => Some("status == \"closed\""),
                Some(Act::Resolved) => Some("status == \"resolved\""),
                Some(Act::New) => Some("status == \"new\""),
                Some(Act::InProgress) => Some("status == \"in_progress\""),
                Some(Act::OnHold) => Some("status == \"on_hold\""),
                _ => None,
            };
        subject.conditions.extend(status.map(str::to_owned));
    }
    // "incidents created last week": that is what their time means.
    let _ = acts.take(&[Act::Create]);
    let _ = acts.take(&[Act::Start]);
    let others = concepts
        .things
        .iter()
        .filter(|(_, thing)| !matches!(thing, Thing::Signal | Thing::Incident | Thing::Any));
    let both = concepts.things.iter().filter(|(_, thing)| is_incident && *thing == Thing::Signal);
    let marts = concepts.marts.iter().map(|(place, _)| *place);
    let tools = concepts.tools.iter().map(|(place, _)| *place);
    others.chain(both).map(|(place, _)| *place).chain(marts).chain(tools).collect()
}

/// Events: by their codes, by their classes, by the program.
fn events(frame: &mut Frame, concepts: &Concepts, acts: &mut Acts<'_>, subject: &mut Subject) -> Vec<usize> {
    let mut codes: Vec<&'static str> = Vec::new();
    let mut classes: Vec<u32> = Vec::new();
    let mut extra = Vec::new();
    let mut unused = Vec::new();
    let is_login =
        concepts.things.iter().any(|(_, thing)| matches!(thing, Thing::Login | Thing::LoginAttempt));
    subject.is_login = is_login;
    for (place, thing) in &concepts.things {
        match thing {
            Thing::Any => {}
            Thing::Class([4007]) if is_login => {
                extra.push("(service has \"ssh\" or process has \"ssh\")".to_owned())
            }
            Thing::Class([4005]) if is_login => extra.push("LogonType == 10".to_owned()),
            Thing::Class(numbers) => classes.extend(*numbers),
            Thing::Sudo => {
                codes.extend(codes_of(*thing, acts, subject).unwrap_or_default());
                extra.push("process has \"sudo\"".to_owned());
            }
            thing => match codes_of(*thing, acts, subject) {
                Some(found) => codes.extend(found),
                None => unused.push(*place),
            },
        }
    }
    if acts.take(&[Act::Admin]).is_some() {
        extra.push("raw contains \"admin\"".to_owned());
        if codes == ["SA01"] {
            codes.push("SA05");
        }
        frame.doubt(10);
    }
    if !codes.is_empty() && !classes.is_empty() {
        // Starts of processes and changes of accounts at once are two questions, unless a process is the tool.
        let is_class = |(_, thing): &&(usize, Thing)| matches!(thing, Thing::Class(_));
        let is_verb = classes == [1007];
        if !is_verb {
            unused.extend(concepts.things.iter().filter(is_class).map(|(place, _)| *place));
        }
        classes.clear();
    }
    conditions(codes, classes, concepts, acts, subject);
    subject.conditions.extend(extra);
    severity(acts, subject);
    unused
}

fn conditions(
    mut codes: Vec<&'static str>,
    mut classes: Vec<u32>,
    concepts: &Concepts,
    acts: &mut Acts<'_>,
    subject: &mut Subject,
) {
    codes.sort_unstable();
    codes.dedup();
    classes.dedup();
    // "powershell run on dc01": the run is that of the program.
    if classes == [1007] && !concepts.tools.is_empty() {
        classes.clear();
        let _ = acts.take(&[Act::Start]);
    }
    let has_codes = !codes.is_empty();
    subject.has_code = has_codes;
    match codes.as_slice() {
        [] => {}
        [code] => subject.conditions.push(format!("code == {}", quoted(code))),
        several => {
            let texts: Vec<String> = several.iter().map(|code| quoted(code)).collect();
            subject.conditions.push(format!("code in ({})", texts.join(", ")));
        }
    }
    match classes.as_slice() {
        [] => {}
        [class] => subject.conditions.push(format!("class == {class}")),
        several => {
            let texts: Vec<String> = several.iter().map(u32::to_string).collect();
            subject.conditions.push(format!("class in ({})", texts.join(", ")));
        }
    }
    for (_, tool) in &concepts.tools {
        let name = quoted(tool);
        subject.conditions.push(format!("(process has {name} or command has {name})"));
    }
    // Of files and keys, what was done to them is in their class already; of the others it is not known.
    if matches!(classes.as_slice(), [1001 | 1006 | 201_001, ..]) {
        let _ = acts.take(&[Act::Create]);
        let _ = acts.take(&[Act::Change]);
    }
    if classes.first() == Some(&1007) {
        let _ = acts.take(&[Act::Start]);
        let _ = acts.take(&[Act::Create]);
    }
    if !has_codes {
        if acts.take(FAILED).is_some() {
            subject.conditions.push("outcome == \"failure\"".to_owned());
        } else if acts.take(&[Act::Succeed]).is_some() {
            subject.conditions.push("outcome == \"success\"".to_owned());
        }
    }
}

fn severity(acts: &mut Acts<'_>, subject: &mut Subject) {
    for (act, number) in [(Act::Critical, 5), (Act::High, 4), (Act::Medium, 3), (Act::Low, 2)] {
        if acts.take(&[act]).is_some() {
            subject.conditions.push(format!("severity == {number}"));
        }
    }
}

/// The event codes of `thing`, given what happened to it; `None` when the two do not fit together.
fn codes_of(thing: Thing, acts: &mut Acts<'_>, subject: &mut Subject) -> Option<&'static [&'static str]> {
    let failed = |acts: &mut Acts<'_>| acts.take(FAILED).is_some();
    Some(match thing {
        Thing::Login if failed(acts) => &["LL03"],
        Thing::Login => {
            let _ = acts.take(&[Act::Succeed]);
            &["LL01"]
        }
        Thing::LoginAttempt if failed(acts) => &["LL03"],
        Thing::LoginAttempt if acts.take(&[Act::Succeed]).is_some() => &["LL01"],
        Thing::LoginAttempt => &["LL01", "LL03"],
        Thing::Logoff => &["LL02"],
        Thing::Mfa => mfa(acts, subject),
        Thing::Password => password(acts, subject)?,
        Thing::PasswordChangeFailed => &["LL05"],
        Thing::Account => account(acts, subject)?,
        Thing::Role => role(acts)?,
        Thing::Privileged | Thing::Sudo if failed(acts) => &["PA02"],
        Thing::Privileged | Thing::Sudo if acts.take(&[Act::Succeed]).is_some() => &["PA01"],
        Thing::Privileged | Thing::Sudo => {
            let _ = acts.take(&[Act::Admin]);
            &["PA01", "PA02"]
        }
        Thing::Config | Thing::SecurityConfig | Thing::AppConfig => {
            let _ = acts.take(&[Act::Change]);
            match thing {
                Thing::SecurityConfig => &["CC02"],
                Thing::AppConfig => &["CC01"],
                _ => &["CC01", "CC02"],
            }
        }
        Thing::AccessRequest if acts.take(&[Act::Approve]).is_some() => {
            let _ = acts.take(&[Act::Request]);
            &["IG02"]
        }
        Thing::AccessRequest => {
            let _ = acts.take(&[Act::Request]);
            &["IG01"]
        }
        Thing::Recertification => &["IG03"],
        Thing::DutyViolation => &["IG04"],
        Thing::Application if acts.take(&[Act::Start]).is_some() => &["SS01"],
        Thing::Application if acts.take(&[Act::Stop]).is_some() => &["SS02"],
        Thing::Dump => &["SS03"],
        Thing::Restore => &["SS04"],
        Thing::Logging => &["SS05"],
        Thing::Sequencing => &["CM01"],
        Thing::Utilisation => &["CM02"],
        Thing::Code => &["CM03"],
        Thing::Memory => &["CM04"],
        Thing::ConsoleAction => &["AO01"],
        Thing::ApplianceShell => &["AO02"],
        Thing::PrivilegeBypass => &["AO03"],
        Thing::BreakGlass => &["AO04", "AO05"],
        Thing::Keystrokes => &["AO05"],
        Thing::Application | Thing::Any | Thing::Class(_) | Thing::Signal | Thing::Incident => return None,
    })
}

fn mfa(acts: &mut Acts<'_>, subject: &mut Subject) -> &'static [&'static str] {
    match acts.take(&[
        Act::Fail,
        Act::Deny,
        Act::Challenge,
        Act::Verify,
        Act::Succeed,
        Act::Register,
        Act::Create,
    ]) {
        Some(Act::Fail | Act::Deny) => &["LL08"],
        Some(Act::Challenge) => &["LL06"],
        Some(Act::Verify | Act::Succeed) => &["LL07"],
        Some(Act::Register | Act::Create) => {
            subject.has_target = true;
            &["SA10"]
        }
        _ => &["LL06", "LL07", "LL08"],
    }
}

fn password(acts: &mut Acts<'_>, subject: &mut Subject) -> Option<&'static [&'static str]> {
    let failed = acts.take(FAILED).is_some();
    match acts.take(&[Act::Reset, Act::Change]) {
        Some(Act::Reset) => {
            subject.has_target = true;
            Some(&["SA07"])
        }
        Some(_) if failed => Some(&["LL05"]),
        Some(_) => Some(&["LL04"]),
        None => None,
    }
}

fn account(acts: &mut Acts<'_>, subject: &mut Subject) -> Option<&'static [&'static str]> {
    subject.has_target = true;
    let mut codes: Vec<&'static str> = Vec::new();
    let known: [(Act, &'static str); 5] = [
        (Act::Unlock, "SA09"),
        (Act::Lock, "SA08"),
        (Act::Delete, "SA03"),
        (Act::Change, "SA02"),
        (Act::Create, "SA01"),
    ];
    for (act, code) in known {
        if acts.take(&[act]).is_some() {
            codes.push(code);
        }
    }
    Some(match codes.as_slice() {
        ["SA09"] => &["SA09"],
        ["SA08"] => &["SA08"],
        ["SA03"] => &["SA03"],
        ["SA02"] => &["SA02"],
        ["SA01"] => &["SA01"],
        ["SA03", "SA01"] => &["SA01", "SA03"],
        ["SA09", "SA08"] => &["SA08", "SA09"],
        _ => return None,
    })
}

fn role(acts: &mut Acts<'_>) -> Option<&'static [&'static str]> {
    match acts.take(&[Act::Delete, Act::Change, Act::Create])? {
        Act::Delete => Some(&["SA06"]),
        Act::Change => Some(&["SA05"]),
        _ => Some(&["SA04"]),
    }
}
