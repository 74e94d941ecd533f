//! An OpenVPN server: logins, certificates, sessions, addresses.
//!
//! One failed login is told several times: the plugin or script that failed, `TLS Auth Error`, `AUTH_FAILED` sent
//! to the client, the handshake that breaks off. `TLS Auth Error: Auth Username/Password verification failed`
//! carries `LL03`, and so does `VERIFY ERROR`, which is the refusal of a certificate. `Peer Connection Initiated`
//! carries `LL01`: it stands once in every login, with or without a password.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Outcome};

use crate::address;
use crate::decoder::Context;
use crate::format::{Format, Payload, Shape};
use crate::scan::{address_with_port, between, put, set_source, set_time, token};
use crate::time::{self, WallTime};

pub(crate) static FORMAT: Format = Format {
    name: "openvpn",
    title: "OpenVPN server log",
    sample: "2026-03-01 10:00:00 192.0.2.7:40000 TLS Auth Error: Auth Username/Password verification failed for peer",
    shape: Shape::Text { programs: &["openvpn", "ovpn-server"], recognise, parse },
};

fn is_program(program: &str) -> bool {
    program == "openvpn" || program == "openvpn-server" || program.starts_with("ovpn-")
}

fn recognise(payload: &Payload<'_>) -> bool {
    if payload.in_syslog {
        return is_program(payload.program) && !payload.text.starts_with("pam_");
    }
    stamp(payload.text).is_some_and(|(_, message)| peer(message).is_some() || is_own(message))
}

/// The time that files have and syslog has not.
fn stamp(text: &str) -> Option<(WallTime, &str)> {
    let bytes = text.as_bytes();
    let found = match bytes.first()? {
        b'0'..=b'9' if bytes.get(10) == Some(&b' ') => time::iso(text),
        b'M' | b'T' | b'W' | b'F' | b'S' => time::asctime(text),
        _ => None,
    };
    let (time, rest) = found?;
    let rest = rest.strip_prefix(' ')?;
    // With a high verbosity a fraction follows: `us=123456`.
    let rest = match rest.strip_prefix("us=") {
        Some(fraction) => token(fraction).1,
        None => rest,
    };
    Some((time, rest))
}

/// `192.0.2.7:40000 …` or `alice/192.0.2.7:40000 …`: user, address, port and message.
fn peer(message: &str) -> Option<(&str, (&str, u16), &str)> {
    let (first, rest) = token(message);
    let (user, place) = first.rsplit_once('/').unwrap_or(("", first));
    let place = place.strip_prefix("udp4:").or_else(|| place.strip_prefix("tcp4:")).unwrap_or(place);
    (!rest.is_empty()).then_some((user, address_with_port(place)?, rest))
}

/// What a server says of itself, where no peer stands before it.
fn is_own(message: &str) -> bool {
    message.starts_with("OpenVPN 2.") || message.starts_with("Initialization Sequence Completed")
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    let (time, message) = match stamp(payload.text) {
        Some((time, message)) => (Some(time), message),
        None if payload.in_syslog => (None, payload.text),
        None => return false,
    };
    let peer = peer(message);
    if !payload.in_syslog && peer.is_none() && !is_own(message) {
        return false;
    }
    event.product = Cow::Borrowed("openvpn");
    event.service = Cow::Borrowed("openvpn");
    event.app = Cow::Borrowed("openvpn");
    set_time(context, event, time, payload.in_syslog);
    let text = match peer {
        Some((user, place, text)) => {
            set_source(event, place);
            put(event, "src_ip", place.0);
            event.user = Cow::Borrowed(user);
            text
        }
        None => message,
    };
    event.message = Cow::Borrowed(text);
    meaning(event, text);
    if !event.user.is_empty() {
        put(event, "user", event.user.clone());
    }
    true
}

fn meaning<'a>(event: &mut Event<'a>, text: &'a str) {
    // `[alice] Peer Connection Initiated with [AF_INET]192.0.2.7:40000`.
    if let Some((name, place)) =
        text.strip_prefix('[').and_then(|rest| rest.split_once("] Peer Connection Initiated with "))
    {
        login(event, Outcome::Success, Some(EventCode::LL01));
        event.user = Cow::Borrowed(name);
        let place = place.split_once(']').map_or(place, |(_, place)| place);
        if let Some(place) = address_with_port(token(place).0) {
            set_source(event, place);
        }
    } else if text.starts_with("TLS Auth Error: Auth Username/Password verification failed") {
        login(event, Outcome::Failure, Some(EventCode::LL03));
    } else if let Some(rest) = text.strip_prefix("VERIFY ERROR: ") {
        login(event, Outcome::Failure, Some(EventCode::LL03));
        put(event, "error", between(rest, "error=", ":").unwrap_or(rest));
        if let Some(name) = common_name(rest) {
            event.user = Cow::Borrowed(name);
        }
    } else if let Some(rest) = text.strip_prefix("TLS: Username/Password authentication ") {
        let outcome = if rest.starts_with("succeeded") { Outcome::Success } else { Outcome::Unknown };
        login(event, outcome, None);
        if let Some(user) = between(rest, "username '", "'") {
            event.user = Cow::Borrowed(user);
        }
    } else if text.contains("'AUTH_FAILED") || text.contains("PLUGIN_AUTH_USER_PASS_VERIFY failed") {
        login(event, Outcome::Failure, None);
        if let Some(user) = between(text, "SENT CONTROL [", "]").filter(|user| *user != "UNDEF") {
            event.user = Cow::Borrowed(user);
        }
    } else if let Some(rest) = text.strip_prefix("VERIFY OK: ") {
        login(event, Outcome::Success, None);
        if let Some(name) = common_name(rest).filter(|_| rest.contains("depth=0")) {
            event.user = Cow::Borrowed(name);
        }
    } else if text.starts_with("TLS Error: ") || text.starts_with("TLS_ERROR: ") {
        event.class = Class::NETWORK;
        event.outcome = Outcome::Failure;
    } else if let Some(rest) = text.strip_prefix("MULTI: Learn: ") {
        event.class = Class::NETWORK;
        let address = token(rest).0;
        put(event, "assigned_ip", address::ip(address).unwrap_or(address));
    } else {
        lifecycle(event, text);
    }
}

fn lifecycle(event: &mut Event<'_>, text: &str) {
    event.class = if event.src_ip.is_empty() { Class::APPLICATION_LIFECYCLE } else { Class::NETWORK };
    let ends_session =
        text.contains("client-instance exiting") || text.contains("client-instance restarting");
    if ends_session && !event.user.is_empty() {
        login(event, Outcome::Success, Some(EventCode::LL02));
    } else if text.starts_with("Initialization Sequence Completed") {
        event.code = Some(EventCode::SS01);
        event.outcome = Outcome::Success;
    } else if text.ends_with("process exiting") {
        event.code = Some(EventCode::SS02);
    }
}

fn login(event: &mut Event<'_>, outcome: Outcome, code: Option<EventCode>) {
    event.class = Class::AUTHENTICATION;
    (event.outcome, event.code) = (outcome, code);
}

/// The common name in `depth=0, C=DE, O=Example, CN=alice` and `depth=0, /C=DE/CN=alice`.
fn common_name(text: &str) -> Option<&str> {
    let (_, name) = text.split_once("CN=")?;
    let name = name.split([',', '/']).next()?.trim();
    (!name.is_empty()).then_some(name)
}
