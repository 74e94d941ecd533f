//! Messages of Cisco IOS, told apart by the names of their facilities.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Outcome};

use super::{Tagged, template};
use crate::address;

/// Mnemonic, class, code, outcome and wordings.
type Known = (&'static str, Class, Option<EventCode>, Outcome, &'static [&'static str]);

const KNOWN: [Known; 8] = [
    ("LOGIN_FAILED", Class::AUTHENTICATION, Some(EventCode::LL03), Outcome::Failure, LOGIN),
    ("LOGIN_SUCCESS", Class::AUTHENTICATION, Some(EventCode::LL01), Outcome::Success, LOGIN),
    ("WEBLOGIN_SUCCESS", Class::AUTHENTICATION, Some(EventCode::LL01), Outcome::Success, LOGIN),
    (
        "LOGOUT",
        Class::AUTHENTICATION,
        Some(EventCode::LL02),
        Outcome::Success,
        &["User {user} has exited tty session {tty}({src})"],
    ),
    ("CONFIG_I", Class::DEVICE_CONFIG, Some(EventCode::CC02), Outcome::Success, CONFIGURED),
    ("CONFIG_P", Class::DEVICE_CONFIG, Some(EventCode::CC02), Outcome::Success, CONFIGURED),
    (
        "CFGLOG_LOGGEDCMD",
        Class::DEVICE_CONFIG,
        Some(EventCode::AO02),
        Outcome::Success,
        &["User:{user} logged command:{command}"],
    ),
    (
        "IPACCESSLOGP",
        Class::NETWORK,
        None,
        Outcome::Unknown,
        &["list {acl} {verdict} {protocol} {src} -> {dst}, {packets} packet"],
    ),
];
const LOGIN: &[&str] = &["Login {result} [user: {user}] [Source: {src}] [localport: {port}] "];
const CONFIGURED: &[&str] = &[
    "Configured from {method} by {user} on {tty} ({src})",
    "Configured programmatically by process {process} from {method} as {user} on {tty}",
    "Configured from {method} by {user}",
];

pub(super) fn fill<'a>(event: &mut Event<'a>, found: &Tagged<'a>) {
    event.service = Cow::Borrowed(service(found));
    let Some((_, class, code, outcome, templates)) = KNOWN.iter().find(|(id, ..)| *id == found.id) else {
        return;
    };
    (event.class, event.code, event.outcome) = (*class, *code, *outcome);
    let values = templates.iter().find_map(|template| template::matches(template, found.message));
    for (name, value) in values.unwrap_or_default() {
        match name {
            "user" => event.user = Cow::Borrowed(value),
            "command" => event.command = Cow::Borrowed(value.trim_start_matches("!exec: ")),
            "src" | "dst" => {
                end(event, name, value);
                continue;
            }
            "port" => event.dst_port = address::port(value),
            "verdict" => event.outcome = crate::devices::outcome_of(value),
            _ => {}
        }
        event.push(name, value);
    }
}

/// `192.0.2.7(40022)` or an address alone.
fn end<'a>(event: &mut Event<'a>, name: &str, value: &'a str) {
    let (host, port) = value.split_once('(').unwrap_or((value, ""));
    let host = address::ip(host).unwrap_or_default();
    let port = address::port(port.trim_end_matches(')'));
    if name == "src" {
        (event.src_ip, event.src_port) = (Cow::Borrowed(host), port);
    } else {
        (event.dst_ip, event.dst_port) = (Cow::Borrowed(host), port);
    }
}

/// Sigma's services of the product `cisco`.
fn service(found: &Tagged<'_>) -> &'static str {
    match found.facility {
        "AAA" | "AAAA" | "PARSER" | "SEC_LOGIN" | "TACACS" | "RADIUS" => "aaa",
        "BGP" => "bgp",
        "LDP" | "TDP" => "ldp",
        // The session of a routing protocol is named by its port only.
        "TCP" | "IP" if found.message.contains(":179") || found.message.contains("(179)") => "bgp",
        _ => "syslog",
    }
}
