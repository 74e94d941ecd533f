//! strongSwan's `charon`: logins, associations, packets. `06[IKE] <con1|62> XAuth authentication of 'alice' failed`.
//!
//! `LL03` stands on the line that says that one proof of identity was wrong (EAP, XAuth, a shared key, a
//! signature); which user and which address are told by other lines of the same connection, which `session`
//! names. `LL01` stands on `IKE_SA … established`.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Outcome};

use crate::address;
use crate::decoder::Context;
use crate::format::{Format, Payload, Shape};
use crate::scan::{between, is_number, put, set_source, set_time};

pub(crate) static FORMAT: Format = Format {
    name: "charon",
    title: "strongSwan charon",
    sample: "Mar  1 10:00:00 vpn1 charon[811]: 06[IKE] <con1|62> XAuth authentication of 'alice' failed",
    shape: Shape::Text {
        programs: &["charon", "charon-systemd", "ipsec", "strongswan"],
        recognise: |payload| split(payload.text).is_some(),
        parse,
    },
};

/// The groups of strongSwan's log.
const GROUPS: [&str; 18] = [
    "DMN", "MGR", "IKE", "CHD", "JOB", "CFG", "KNL", "NET", "ASN", "ENC", "TNC", "IMC", "IMV", "PTS", "TLS",
    "APP", "ESP", "LIB",
];

/// `06[IKE] <con1|62> message`: thread, group, connection, message.
fn split(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (thread, rest) = text
        .get(..24)
        .unwrap_or(text)
        .split_once('[')
        .and_then(|(thread, _)| Some((thread, text.get(thread.len() + 1..)?)))?;
    let (group, rest) = rest.split_once("] ")?;
    let is_charon = (1..=3).contains(&thread.len()) && is_number(thread) && GROUPS.contains(&group);
    let (connection, message) = match rest.strip_prefix('<').and_then(|rest| rest.split_once("> ")) {
        Some(parts) => parts,
        None => ("", rest),
    };
    is_charon.then_some((thread, group, connection, message))
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    let Some((thread, group, connection, message)) = split(payload.text) else { return false };
    set_time(context, event, None, payload.in_syslog);
    event.product = Cow::Borrowed("strongswan");
    event.service = Cow::Borrowed("charon");
    event.app = Cow::Borrowed("strongswan");
    event.session = Cow::Borrowed(connection);
    event.message = Cow::Borrowed(message);
    put(event, "thread", thread);
    put(event, "group", group);
    put(event, "connection", connection);
    match group {
        "NET" => packet(event, message),
        "IKE" | "CFG" => identity(event, message),
        _ => {}
    }
    if !event.user.is_empty() {
        put(event, "user", event.user.clone());
    }
    true
}

/// `received packet: from 192.0.2.7[40000] to 198.51.100.2[4500] (144 bytes)`.
fn packet<'a>(event: &mut Event<'a>, message: &'a str) {
    event.class = Class::NETWORK;
    let Some((_, rest)) = message.split_once(": from ") else { return };
    let Some((from, to)) = rest.split_once(" to ") else { return };
    if let Some(from) = place(from) {
        set_source(event, from);
    }
    if let Some((address, port)) = place(to) {
        event.dst_ip = Cow::Borrowed(address);
        event.dst_port = port;
    }
}

/// `192.0.2.7[40000]`.
fn place(text: &str) -> Option<(&str, u16)> {
    let (address, rest) = text.split_once('[')?;
    Some((address::ip(address)?, address::port(rest.split(']').next()?)))
}

fn login(event: &mut Event<'_>, outcome: Outcome, code: Option<EventCode>) {
    event.class = Class::AUTHENTICATION;
    (event.outcome, event.code) = (outcome, code);
}

fn identity<'a>(event: &mut Event<'a>, message: &'a str) {
    let named = between(message, "'", "'").unwrap_or_default();
    if let Some(rest) = message.strip_prefix("XAuth authentication of '") {
        let is_failure = rest.ends_with("failed");
        login(
            event,
            if is_failure { Outcome::Failure } else { Outcome::Success },
            is_failure.then_some(EventCode::LL03),
        );
        event.user = Cow::Borrowed(named);
    } else if message.starts_with("EAP-MS-CHAPv2 verification failed") {
        login(event, Outcome::Failure, Some(EventCode::LL03));
    } else if message.starts_with("EAP-MS-CHAPv2 username: ") {
        login(event, Outcome::Unknown, None);
        event.user = Cow::Borrowed(named);
    } else if let Some((_, rest)) = message.split_once("no EAP key found for hosts ") {
        login(event, Outcome::Failure, None);
        event.user = Cow::Borrowed(rest.rsplit(" - ").next().unwrap_or_default().trim_matches('\''));
    } else if message.starts_with("EAP method ") && message.contains(" failed for peer ") {
        // The method above has counted its attempts itself.
        let counts = !message.contains("MSCHAPV2");
        login(event, Outcome::Failure, counts.then_some(EventCode::LL03));
        let peer = message.rsplit(' ').next().unwrap_or_default();
        match address::ip(peer) {
            Some(address) => event.src_ip = Cow::Borrowed(address),
            None => event.user = Cow::Borrowed(peer),
        }
    } else if message.contains("MAC mismatched") || message.starts_with("signature validation failed") {
        login(event, Outcome::Failure, Some(EventCode::LL03));
        let peer = message.rsplit(" - '").next().and_then(|rest| rest.split('\'').next());
        event.user = Cow::Borrowed(peer.filter(|_| message.contains(" - '")).unwrap_or_default());
    } else if message.starts_with("XAuth pam_authenticate for ") {
        login(event, Outcome::Failure, None);
        event.user = Cow::Borrowed(named);
    } else if message.starts_with("authentication of '") {
        let outcome = match message.rsplit(' ').next() {
            Some("successful") => Outcome::Success,
            Some("failed") => Outcome::Failure,
            _ => Outcome::Unknown,
        };
        login(event, outcome, None);
        if !message.contains("(myself)") {
            event.user = Cow::Borrowed(named);
        }
    } else if message.starts_with("IKE_SA ") {
        association(event, message);
    }
}

/// `IKE_SA con1[62] established between 198.51.100.2[gw.example.com]...192.0.2.7[alice]`.
fn association<'a>(event: &mut Event<'a>, message: &'a str) {
    if let Some((_, ends)) = message.split_once(" established between ") {
        login(event, Outcome::Success, Some(EventCode::LL01));
        let Some((own, peer)) = ends.split_once("...") else { return };
        let (address, name) = peer.split_once('[').unwrap_or((peer, ""));
        event.user = Cow::Borrowed(name.trim_end_matches(']'));
        event.src_ip = address::ip(address).map(Cow::Borrowed).unwrap_or_default();
        let own = own.split('[').next().unwrap_or_default();
        event.dst_ip = address::ip(own).map(Cow::Borrowed).unwrap_or_default();
    } else if message.starts_with("IKE_SA deleted") {
        login(event, Outcome::Success, Some(EventCode::LL02));
    }
}
