//! What PAM modules say inside other programs.
//!
//! Which PAM line carries `LL03` (the rule behind it is in `sshd.rs`): failures of `pam_unix` in services that
//! write no counted line of their own (login, su, sudo, gdm, …), and in the old tag form
//! `sshd(pam_unix)[…]`. Failures inside today's sshd do not, sshd's `Failed …` does; it is the same with vsftpd,
//! ProFTPD, Dovecot and OpenVPN. Other modules (`pam_sss`,
//! `pam_tally2`, …) speak of an attempt that `pam_unix` in the same stack has spoken of already.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Outcome};

use crate::address;
use crate::split::{cut, cut_at};

/// `pam_unix(sshd:auth): …`, wherever it stands; `false` when the message is not PAM's.
pub(super) fn understand<'a>(event: &mut Event<'a>, message: &'a str) -> bool {
    if let Some(rest) = message.strip_prefix("PAM ")
        && let Some((_, details)) = cut_at(rest, " more authentication failure")
    {
        failure(event, details);
        return true;
    }
    if !message.starts_with("pam_") {
        return false;
    }
    let Some((module, rest)) = cut(message, b'(') else { return false };
    let Some((inside, text)) = cut_at(rest, "): ").or_else(|| cut_at(rest, ") ")) else { return false };
    let (service, phase) = cut(inside, b':').unwrap_or((inside, ""));
    event.push("pam_module", module);
    event.push("pam_service", service);
    if !phase.is_empty() {
        event.push("pam_phase", phase);
    }
    let counts = module == "pam_unix"
        && !matches!(service, "sshd" | "sshd-session" | "vsftpd" | "proftpd" | "dovecot" | "openvpn");
    line(event, service, text, counts);
    if phase == "chauthtok" && event.code == Some(EventCode::LL03) {
        // Whoever wants a new password proves who he is by the old one: that is no login.
        event.code = Some(EventCode::LL05);
    }
    lock(event, module, text);
    true
}

/// `pam_faillock`: `Consecutive login failures for user NAME account temporarily locked`; `pam_tally` and `pam_tally2`:
/// `user NAME (1007) tally 4, deny 3`, with every attempt that is turned away.
fn lock<'a>(event: &mut Event<'a>, module: &str, text: &'a str) {
    let locked = match module {
        "pam_faillock" => text
            .strip_prefix("Consecutive login failures for user ")
            .and_then(|rest| rest.split_once(" account ").filter(|(_, end)| end.contains("locked"))),
        "pam_tally" | "pam_tally2" => text
            .strip_prefix("user ")
            .filter(|rest| rest.contains(" deny "))
            .and_then(|rest| rest.split_once(' ')),
        _ => None,
    };
    if let Some((user, _)) = locked {
        event.class = Class::ACCOUNT_CHANGE;
        event.outcome = Outcome::Success;
        event.code = Some(EventCode::SA08);
        event.target_user = Cow::Borrowed(user);
    }
}

/// The old form, in which the module is part of the tag: `sshd(pam_unix)[4711]: …`.
pub(super) fn from_tag<'a>(event: &mut Event<'a>, program: &'a str, message: &'a str) {
    line(event, program, message, true);
}

fn line<'a>(event: &mut Event<'a>, service: &str, text: &'a str, counts: bool) {
    if let Some(details) = text.strip_prefix("authentication failure") {
        failure(event, details);
        if counts {
            event.code = Some(EventCode::LL03);
        }
    } else if let Some(details) = text.strip_prefix("session opened for user ") {
        session_opened(event, service, details);
    } else if let Some(details) = text.strip_prefix("session closed for user ") {
        event.class = Class::AUTHENTICATION;
        event.outcome = Outcome::Success;
        event.user = Cow::Borrowed(account(details));
        event.code = is_login(service).then_some(EventCode::LL02);
    } else if let Some(user) = text.strip_prefix("password changed for ") {
        event.class = Class::ACCOUNT_CHANGE;
        event.outcome = Outcome::Success;
        event.target_user = Cow::Borrowed(user.trim_end());
        event.code = Some(EventCode::LL04);
    } else if text.starts_with("check pass;") {
        event.class = Class::AUTHENTICATION;
        event.outcome = Outcome::Failure;
    } else if let Some(details) = text.strip_prefix("user ") {
        locked_out(event, details);
    }
}

/// Services whose sessions are people's logins; those of cron and sudo are not.
fn is_login(service: &str) -> bool {
    matches!(
        service,
        "sshd" | "login" | "remote" | "su" | "su-l" | "xrdp-sesman" | "lightdm" | "sddm" | "vsftpd"
    ) || service.starts_with("gdm")
}

/// `NAME(uid=0) by OTHER(uid=1000)`. sshd says `Accepted`, sudo and su have lines of their own; where nobody
/// else says that a login succeeded, this line does.
fn session_opened<'a>(event: &mut Event<'a>, service: &str, details: &'a str) {
    event.class = Class::AUTHENTICATION;
    event.outcome = Outcome::Success;
    let (name, by) = cut_at(details, " by ").unwrap_or((details, ""));
    let (name, actor) = (account(name), account(by));
    if actor.is_empty() || actor == "LOGIN" || actor == name {
        event.user = Cow::Borrowed(name);
    } else {
        event.user = Cow::Borrowed(actor);
        event.target_user = Cow::Borrowed(name);
    }
    let counts = is_login(service) && !matches!(service, "sshd" | "su" | "su-l");
    event.code = counts.then_some(EventCode::LL01);
}

/// A name without the `(uid=0)` behind it.
fn account(text: &str) -> &str {
    text.split('(').next().unwrap_or_default().trim()
}

/// `; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=root`.
fn failure<'a>(event: &mut Event<'a>, details: &'a str) {
    event.class = Class::AUTHENTICATION;
    event.outcome = Outcome::Failure;
    let (mut user, mut remote_user, mut host) = ("", "", None);
    for (name, value) in details.split([' ', ';']).filter_map(|part| cut(part, b'=')) {
        match name {
            "user" => user = value,
            "ruser" => remote_user = value,
            // The user's name comes last and may be made to look like a second host.
            "rhost" if host.is_some() => continue,
            "rhost" => host = Some(value),
            "logname" | "uid" | "euid" | "tty" => {}
            _ => continue,
        }
        if value.is_empty() {
            continue;
        }
        event.push(name, value);
    }
    event.user = Cow::Borrowed(if user.is_empty() { remote_user } else { user });
    let host = host.unwrap_or_default();
    match address::ip(host) {
        Some(address) => event.src_ip = Cow::Borrowed(address),
        None => event.domain = Cow::Borrowed(host),
    }
}

/// `pam_access`: `user NAME … denied`; `pam_tally2` as well, see [`lock`].
fn locked_out<'a>(event: &mut Event<'a>, details: &'a str) {
    if !details.contains("deny") && !details.contains("denied") {
        return;
    }
    event.class = Class::AUTHENTICATION;
    event.outcome = Outcome::Failure;
    event.user = Cow::Borrowed(details.split(' ').next().unwrap_or_default());
}
