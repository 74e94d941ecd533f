//! Jobs and services: cron, systemd and its logins.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Outcome};

use crate::split::cut_at;

/// `(root) CMD (/usr/bin/backup)`, `(bob) REPLACE (bob)`, `(bob) AUTH (crontab command not allowed)`.
pub(super) fn cron<'a>(event: &mut Event<'a>, message: &'a str) {
    let Some((user, rest)) = message.strip_prefix('(').and_then(|rest| cut_at(rest, ") ")) else { return };
    let Some((action, details)) = cut_at(rest, " (") else { return };
    let details = details.strip_suffix(')').unwrap_or(details);
    event.class = Class::SCHEDULED_JOB;
    event.user = Cow::Borrowed(user);
    match action {
        "CMD" => {
            event.command = Cow::Borrowed(details.trim());
            event.outcome = Outcome::Success;
        }
        "REPLACE" | "DELETE" => {
            event.outcome = Outcome::Success;
            event.code = Some(EventCode::CC01);
            event.target_user = Cow::Borrowed(details);
        }
        "AUTH" | "FAILED" | "WRONG FILE OWNER" => event.outcome = Outcome::Failure,
        _ => {}
    }
}

/// `Started X.`, `Stopped X.`, `Failed to start X.`, and the sessions of systemd-logind.
pub(super) fn systemd<'a>(event: &mut Event<'a>, message: &'a str) {
    if let Some(rest) = message.strip_prefix("New session ") {
        logind_session(event, rest);
        return;
    }
    let verbs = [
        ("Started ", Outcome::Success, Some(EventCode::SS01)),
        ("Stopped ", Outcome::Success, Some(EventCode::SS02)),
        ("Failed to start ", Outcome::Failure, None),
    ];
    let found =
        verbs.iter().find_map(|(verb, outcome, code)| Some((*outcome, *code, message.strip_prefix(verb)?)));
    let Some((outcome, code, unit)) = found else { return };
    // `Started Session 3 of user root.` is a person's session, not an application.
    if let Some(rest) = unit.strip_prefix("Session ") {
        logind_session(event, rest);
        return;
    }
    event.class = Class::APPLICATION_LIFECYCLE;
    event.outcome = outcome;
    event.code = code;
    let unit = unit.trim_end_matches('.');
    event.app = Cow::Borrowed(cut_at(unit, " - ").map_or(unit, |(name, _)| name));
}

/// `3 of user root.`: the login itself has been counted by the service that let the user in.
fn logind_session<'a>(event: &mut Event<'a>, text: &'a str) {
    let Some((session, user)) = cut_at(text, " of user ") else { return };
    event.class = Class::AUTHENTICATION;
    event.outcome = Outcome::Success;
    event.session = Cow::Borrowed(session);
    event.user = Cow::Borrowed(user.trim_end_matches('.'));
}
