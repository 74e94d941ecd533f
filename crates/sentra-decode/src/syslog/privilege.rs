//! sudo and su: acting as somebody else.
//!
//! `PA01` and `PA02` say how the privileged operation ended. The failed password behind a refusal is an
//! authentication failure of its own, which PAM logs and which carries `LL03` there (see `pam.rs`).

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Outcome};

use super::strip_prefix_caseless;
use crate::split::{cut, cut_at};

/// `alice : [reason ;] TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id`.
pub(super) fn sudo<'a>(event: &mut Event<'a>, message: &'a str) {
    let Some((user, details)) = cut_at(message, " : ") else { return };
    let mut reason = "";
    let mut rest = details;
    loop {
        // The command comes last and may contain anything, also ` ; `.
        if let Some(command) = rest.strip_prefix("COMMAND=") {
            event.command = Cow::Borrowed(command);
            event.push("COMMAND", command);
            break;
        }
        let (part, after) = cut_at(rest, " ; ").unwrap_or((rest, ""));
        match cut(part, b'=') {
            Some(("USER", target)) => {
                event.target_user = Cow::Borrowed(target);
                event.push("USER", target);
            }
            Some((name @ ("TTY" | "PWD" | "GROUP" | "HOST" | "CHROOT" | "TSID" | "ENV"), value)) => {
                event.push(name, value);
            }
            _ if reason.is_empty() => reason = part,
            _ => {}
        }
        if after.is_empty() {
            break;
        }
        rest = after;
    }
    if event.command.is_empty() && reason.is_empty() {
        return;
    }
    event.user = Cow::Borrowed(user.trim());
    event.class = Class::PROCESS;
    if reason.is_empty() || is_harmless(reason) {
        event.outcome = Outcome::Success;
        event.code = Some(EventCode::PA01);
    } else {
        event.outcome = Outcome::Failure;
        event.code = Some(EventCode::PA02);
        event.push("reason", reason);
    }
}

/// What sudo says before the details of a command that it ran all the same.
fn is_harmless(reason: &str) -> bool {
    reason.starts_with("(command continued)") || reason.starts_with("unable to resolve host")
}

/// `(to root) alice on pts/1`, `FAILED SU (to root) alice on pts/1`, `Successful su for root by alice`,
/// `FAILED su for root by alice`, `+ pts/1 alice:root`, `- pts/1 alice:root`, `'su root' failed for alice on /dev/pts/1`.
pub(super) fn su<'a>(event: &mut Event<'a>, message: &'a str) {
    let (outcome, rest) = match strip_prefix_caseless(message, "failed su") {
        Some(rest) => (Outcome::Failure, rest.trim_start()),
        None => (
            Outcome::Success,
            strip_prefix_caseless(message, "successful su").unwrap_or(message).trim_start(),
        ),
    };
    let parties = to_form(rest).or_else(|| for_form(rest)).map(|(user, target)| (outcome, user, target));
    let Some((outcome, user, target)) =
        parties.or_else(|| sign_form(message)).or_else(|| quoted_form(message))
    else {
        return;
    };
    event.class = Class::AUTHENTICATION;
    event.outcome = outcome;
    event.code = Some(if outcome == Outcome::Success { EventCode::PA01 } else { EventCode::PA02 });
    event.user = Cow::Borrowed(user);
    event.target_user = Cow::Borrowed(target);
}

fn to_form(text: &str) -> Option<(&str, &str)> {
    let (target, rest) = text.strip_prefix("(to ")?.split_once(") ")?;
    Some((rest.rsplit_once(" on ").map_or(rest, |(user, _)| user), target))
}

fn for_form(text: &str) -> Option<(&str, &str)> {
    let (target, user) = text.strip_prefix("for ")?.rsplit_once(" by ")?;
    Some((user, target))
}

fn sign_form(text: &str) -> Option<(Outcome, &str, &str)> {
    let (sign, rest) = text.split_once(' ')?;
    let outcome = match sign {
        "+" => Outcome::Success,
        "-" => Outcome::Failure,
        _ => return None,
    };
    let (user, target) = rest.split_once(' ')?.1.split_once([':', '-'])?;
    Some((outcome, user, target))
}

fn quoted_form(text: &str) -> Option<(Outcome, &str, &str)> {
    let (target, rest) = text.strip_prefix("'su ")?.split_once("' ")?;
    let (verb, who) = rest.split_once(" for ")?;
    let outcome = if verb == "succeeded" { Outcome::Success } else { Outcome::Failure };
    Some((outcome, who.split_once(" on ").map_or(who, |(user, _)| user), target))
}
