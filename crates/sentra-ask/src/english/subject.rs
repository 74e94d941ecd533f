//! What a question is about: the concepts in it, and the table and conditions that they come to.

use super::frame::Frame;
use crate::lexicon::{Act, Concept, MartWord, Thing, concept_at};

/// Concepts that were found, with the place of their first word.
#[derive(Debug, Clone, Default)]
pub(super) struct Concepts {
    pub(super) things: Vec<(usize, Thing)>,
    pub(super) acts: Vec<(usize, Act)>,
    pub(super) marts: Vec<(usize, MartWord)>,
    pub(super) tools: Vec<(usize, &'static str)>,
}

/// Which records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Events,
    Mart(&'static str),
    Signals,
    Incidents,
}

impl Table {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Mart(name) => name,
            Self::Signals => "signals",
            Self::Incidents => "incidents",
        }
    }

    /// The column with the moment that questions about time mean.
    pub(super) fn time(self) -> &'static str {
        match self {
            Self::Events | Self::Mart(_) => "time",
            Self::Signals => "first",
            Self::Incidents => "created",
        }
    }

    pub(super) fn is_events(self) -> bool {
        matches!(self, Self::Events | Self::Mart(_))
    }
}

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) table: Table,
    /// Conditions in KQL, all of which must hold.
    pub(super) conditions: Vec<String>,
    /// Whether something is done to somebody: whom it is done to is `target_user`.
    pub(super) has_target: bool,
    /// Whether it is about logins, whose `from` is where the person sat.
    pub(super) is_login: bool,
    /// Whether it is told by event codes, which say who did it.
    pub(super) has_code: bool,
    /// Whether anything was named at all.
    pub(super) is_named: bool,
}

/// Whether the words from `index` on are a subject rather than something to group by: `users created`,
/// `accounts were locked`, `process starts`.
pub(super) fn is_subject_at(frame: &Frame, index: usize, length: usize) -> bool {
    let behind = frame.text(index + length);
    let auxiliary = usize::from(matches!(behind, "were" | "was" | "got" | "that" | "have" | "been" | "are"));
    let next = index + length + auxiliary;
    let further = next + usize::from(matches!(frame.text(next), "were" | "was" | "been"));
    let acts = concept_at(&frame.words, further, |place| frame.is_free(place));
    let is_done_to = matches!(
        acts,
        Some(
            (Concept::Act(Act::Create | Act::Delete | Act::Change | Act::Lock | Act::Unlock), _)
                | (Concept::Both(Thing::Account, _), _)
        )
    );
    let longer = concept_at(&frame.words, index, |place| frame.is_free(place))
        .is_some_and(|(_, words)| words > length);
    let before = index.checked_sub(1).map_or("", |before| frame.text(before));
    let is_new = matches!(before, "new" | "created" | "deleted" | "locked" | "unlocked" | "admin");
    let can_be_done_to = matches!(
        frame.words.get(index).map(|word| word.stem.as_str()),
        Some("user" | "account" | "person" | "process" | "file" | "program")
    );
    longer || can_be_done_to && (is_done_to || is_new)
}

/// What answers are broken down by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Groups {
    /// By users, other than by "who".
    pub(super) people: bool,
    /// By rules, which only signals have.
    pub(super) rules: bool,
    /// By programs or their command lines.
    pub(super) programs: bool,
}

/// Finds the concepts in the free words of `frame`, and claims them.
///
/// `groups` is what answers are broken down by: what was done is done to users, what was started are programs.
pub(super) fn find(frame: &mut Frame, groups: Groups) -> Concepts {
    let mut concepts = Concepts::default();
    let mut index = 0;
    while index < frame.len() {
        let found = if frame.is_free(index) {
            concept_at(&frame.words, index, |place| frame.is_free(place))
        } else {
            None
        };
        let Some((concept, length)) = found else {
            index += 1;
            continue;
        };
        frame.claim(index..index + length, meaning(concept));
        match concept {
            Concept::Thing(thing) => concepts.things.push((index, thing)),
            Concept::Act(act) => concepts.acts.push((index, act)),
            Concept::Both(thing, act) => {
                concepts.things.push((index, thing));
                concepts.acts.push((index, act));
            }
            Concept::Mart(mart) => concepts.marts.push((index, mart)),
            Concept::Tool(tool) => concepts.tools.push((index, tool.0)),
        }
        index += length;
    }
    users_as_accounts(frame, &mut concepts, groups.people);
    let starts = concepts.acts.iter().any(|(_, act)| *act == Act::Start);
    if groups.rules && concepts.things.is_empty() && concepts.marts.is_empty() && concepts.tools.is_empty() {
        concepts.things.push((0, Thing::Signal));
    }
    if groups.programs && starts && concepts.things.is_empty() {
        concepts.things.push((0, Thing::Class(&[1007])));
    }
    concepts
}

/// "users created": the word for who acts is the subject when something is done to them.
fn users_as_accounts(frame: &mut Frame, concepts: &mut Concepts, groups_people: bool) {
    let locks = concepts.acts.iter().find(|(_, act)| matches!(act, Act::Lock | Act::Unlock));
    if let Some((place, _)) = locks.filter(|_| concepts.things.is_empty()) {
        // Nothing else is locked.
        concepts.things.push((*place, Thing::Account));
        return;
    }
    let is_done_to = |(_, act): &(usize, Act)| {
        matches!(act, Act::Create | Act::Delete | Act::Change | Act::Lock | Act::Unlock | Act::Admin)
    };
    if !concepts.things.is_empty() || !concepts.acts.iter().any(is_done_to) {
        return;
    }
    if groups_people {
        let place = concepts.acts.iter().find(|act| is_done_to(act)).map_or(0, |(place, _)| *place);
        concepts.things.push((place, Thing::Account));
        return;
    }
    let user = (0..frame.len()).find(|index| {
        frame.is_free(*index) && frame.words.get(*index).is_some_and(|word| word.stem == "user")
    });
    if let Some(index) = user {
        frame.claim(index..index + 1, "accounts");
        concepts.things.push((index, Thing::Account));
    }
}

fn meaning(concept: Concept) -> String {
    match concept {
        Concept::Thing(thing) => thing_name(thing).to_owned(),
        Concept::Act(act) => act_name(act).to_owned(),
        Concept::Both(thing, act) => format!("{}, {}", thing_name(thing), act_name(act)),
        Concept::Mart(MartWord { mart, product: None }) => format!("the mart {mart}"),
        Concept::Mart(MartWord { mart, product: Some(product) }) => {
            format!("the mart {mart}, product {product}")
        }
        Concept::Tool(tool) => format!("the program {}", tool.0),
    }
}

fn thing_name(thing: Thing) -> &'static str {
    match thing {
        Thing::Any => "events of any kind",
        Thing::Login => "logins",
        Thing::LoginAttempt => "logins, whether they worked or not",
        Thing::Logoff => "logoffs",
        Thing::Mfa => "multi-factor authentication",
        Thing::Password => "passwords",
        Thing::PasswordChangeFailed => "password changes that failed",
        Thing::Account => "accounts",
        Thing::Role => "roles and groups",
        Thing::Privileged => "privileged operations",
        Thing::Sudo => "commands by sudo",
        Thing::Config => "configuration changes",
        Thing::SecurityConfig => "security configuration changes",
        Thing::AppConfig => "application configuration changes",
        Thing::AccessRequest => "access requests",
        Thing::Recertification => "recertifications of access",
        Thing::DutyViolation => "segregation-of-duties violations",
        Thing::Application => "applications",
        Thing::Dump => "data dumps",
        Thing::Restore => "data restores",
        Thing::Logging => "changes of logging",
        Thing::Sequencing => "sequencing failures",
        Thing::Utilisation => "utilisation thresholds reached",
        Thing::Code => "code changes",
        Thing::Memory => "memory allocation changes",
        Thing::ConsoleAction => "console actions",
        Thing::ApplianceShell => "appliance shell commands",
        Thing::PrivilegeBypass => "privilege policy bypasses",
        Thing::BreakGlass => "break-glass use",
        Thing::Keystrokes => "break-glass keystrokes",
        Thing::Class(classes) => class_name(classes),
        Thing::Signal => "signals",
        Thing::Incident => "incidents",
    }
}

fn class_name(classes: &[u32]) -> &'static str {
    match classes.first() {
        Some(1001) => "file activity",
        Some(1002) => "driver loads",
        Some(1004) => "access to the memory of processes",
        Some(1005) => "library loads",
        Some(1006) => "scheduled jobs",
        Some(1007) => "processes",
        Some(201_001) => "registry changes",
        Some(4001) => "network connections",
        Some(4002) => "HTTP requests",
        Some(4003) => "DNS queries",
        Some(4005) => "RDP sessions",
        Some(4006) => "SMB sessions",
        Some(4007) => "SSH sessions",
        Some(4008) => "FTP transfers",
        Some(4009) => "emails",
        Some(6003) => "API calls",
        _ => "database queries",
    }
}

fn act_name(act: Act) -> &'static str {
    match act {
        Act::Fail => "that failed",
        Act::Deny => "that were denied",
        Act::Succeed => "that worked",
        Act::Create => "created",
        Act::Delete => "deleted",
        Act::Change => "changed",
        Act::Reset => "reset by an administrator",
        Act::Lock => "locked",
        Act::Unlock => "unlocked",
        Act::Register => "registered",
        Act::Start => "started",
        Act::Stop => "stopped",
        Act::Challenge => "challenged",
        Act::Verify => "verified",
        Act::Request => "requested",
        Act::Approve => "approved",
        Act::Admin => "whose record names admin",
        Act::Open => "not closed yet",
        Act::Closed => "closed",
        Act::Resolved => "resolved",
        Act::New => "new",
        Act::InProgress => "in progress",
        Act::OnHold => "on hold",
        Act::Critical => "of critical severity",
        Act::High => "of high severity",
        Act::Medium => "of medium severity",
        Act::Low => "of low severity",
    }
}
