//! From PAN-OS' columns to the header of an event.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, FieldValue, Outcome, Timestamp};

use crate::address;
use crate::decoder::Context;
use crate::devices::{self, ip, set_if_empty};
use crate::format::Payload;
use crate::time;

/// Values that decide about each other.
#[derive(Default)]
struct Found<'a> {
    subtype: Cow<'a, str>,
    action: Cow<'a, str>,
    misc: Cow<'a, str>,
    threat: Cow<'a, str>,
    method: Cow<'a, str>,
    agent: Cow<'a, str>,
    event: Cow<'a, str>,
    text: Cow<'a, str>,
    status: Cow<'a, str>,
    factor: Cow<'a, str>,
    path: Cow<'a, str>,
    error: Cow<'a, str>,
    second_address: Cow<'a, str>,
    /// By precision: high resolution, generated, received.
    times: [Cow<'a, str>; 3],
}

pub(super) fn fill<'a>(
    context: &Context<'_>,
    payload: &Payload<'a>,
    event: &mut Event<'a>,
    kind: &'static str,
    first: usize,
) {
    let found = read(event, first);
    let time = found.times.iter().find_map(|text| moment(context, text));
    devices::settle_time(event, payload, time);
    set_if_empty(&mut event.src_ip, &found.second_address);
    event.outcome = devices::outcome_of(&found.action);
    match kind {
        "TRAFFIC" => event.class = Class::NETWORK,
        "DECRYPTION" => {
            event.class = Class::NETWORK;
            event.message = found.error.clone();
            if !found.error.is_empty() {
                event.outcome = Outcome::Failure;
            }
        }
        "THREAT" | "URL" => threat(event, &found),
        "SYSTEM" => system(event, &found),
        "CONFIG" => config(event, &found),
        "GLOBALPROTECT" => globalprotect(event, &found),
        "AUTHENTICATION" | "AUTH" => authentication(event, &found),
        "USERID" => user_id(event, &found),
        "HIPMATCH" | "HIP-MATCH" => event.class = Class::BASE,
        _ => {}
    }
    event.service = Cow::Borrowed(service(kind));
    devices::push_firewall_names(event);
}

/// Sigma knows `globalprotect`; the others are called as their log.
fn service(kind: &'static str) -> &'static str {
    match kind {
        "TRAFFIC" => "traffic",
        "THREAT" => "threat",
        "URL" => "url",
        "SYSTEM" => "system",
        "CONFIG" => "config",
        "GLOBALPROTECT" => "globalprotect",
        "AUTHENTICATION" | "AUTH" => "authentication",
        "USERID" => "userid",
        "DECRYPTION" => "decryption",
        "IPTAG" => "iptag",
        _ => "hipmatch",
    }
}

fn read<'a>(event: &mut Event<'a>, first: usize) -> Found<'a> {
    let fields = std::mem::take(&mut event.fields);
    let mut found = Found::default();
    let mut device = Cow::Borrowed("");
    for (key, value) in fields.iter().skip(first) {
        let FieldValue::Text(value) = value else { continue };
        match key.as_ref() {
            "high_res_timestamp" => set_time(&mut found, 0, value),
            "time_generated" => set_time(&mut found, 1, value),
            "receive_time" => set_time(&mut found, 2, value),
            "subtype" => found.subtype = value.clone(),
            "src" | "ip" | "public_ip" => event.src_ip = ip(value),
            "srcipv6" | "public_ipv6" => set_if_empty(&mut found.second_address, &ip(value)),
            "dst" => event.dst_ip = ip(value),
            "sport" => event.src_port = address::port(value),
            "dport" => event.dst_port = address::port(value),
            "srcuser" | "user" | "admin" => set_if_empty(&mut event.user, value),
            "dstuser" => set_if_empty(&mut event.target_user, value),
            "app" => set_if_empty(&mut event.app, value),
            "sessionid" if value != "0" => set_if_empty(&mut event.session, value),
            "device_name" => device = value.clone(),
            "severity" => event.severity = devices::severity_of_word(value),
            "action" | "result" => found.action = value.clone(),
            "status" => found.status = value.clone(),
            "misc" => found.misc = value.clone(),
            "threatid" => found.threat = value.clone(),
            "http_method" => found.method = value.clone(),
            "user_agent" => found.agent = value.clone(),
            "eventid" | "event" => found.event = value.clone(),
            "opaque" | "desc" => found.text = value.clone(),
            "error" => found.error = value.clone(),
            "factorno" => found.factor = value.clone(),
            "path" => found.path = value.clone(),
            "cmd" => set_if_empty(&mut event.command, value),
            "sni" | "machinename" => set_if_empty(&mut event.domain, value),
            "host" => event.src_ip = ip(value),
            _ => {}
        }
    }
    event.fields = fields;
    // The firewall's own name rather than that of the collector that forwards its log.
    if !device.is_empty() {
        event.host = device;
    }
    found
}

fn set_time<'a>(found: &mut Found<'a>, rank: usize, value: &Cow<'a, str>) {
    if let Some(slot) = found.times.get_mut(rank) {
        *slot = value.clone();
    }
}

fn moment(context: &Context<'_>, text: &str) -> Option<Timestamp> {
    time::value(text).map(|time| context.resolve(time))
}

fn threat<'a>(event: &mut Event<'a>, found: &Found<'a>) {
    event.message = found.threat.clone();
    match found.subtype.as_ref() {
        "url" => {
            event.class = Class::HTTP;
            event.domain = devices::url_host_of(&found.misc);
            event.message = Cow::Borrowed("");
            devices::push_proxy_names(event, &found.misc, &found.method, &found.agent);
        }
        "file" | "virus" | "wildfire" | "wildfire-virus" | "data" => {
            event.class = Class::DETECTION_FINDING;
            event.file = found.misc.clone();
        }
        "vulnerability" if !found.misc.contains('/') => {
            event.class = Class::DETECTION_FINDING;
            event.file = found.misc.clone();
        }
        _ => {
            event.class = Class::DETECTION_FINDING;
            event.domain = host_name(&found.misc);
        }
    }
}

/// The host of a URL or nothing: the column also holds file names and numbers.
fn host_name(text: &str) -> Cow<'static, str> {
    let host = devices::url_host(text);
    let is_name = host.contains('.') && !host.contains(['(', ' ', '\\']);
    if is_name { Cow::Owned(host.to_owned()) } else { Cow::Borrowed("") }
}

fn system<'a>(event: &mut Event<'a>, found: &Found<'a>) {
    event.message = found.text.clone();
    let text = found.text.as_ref();
    if event.user.is_empty() {
        // `failed authentication for user 'alice'. Reason: … From: 192.0.2.7.`, `User alice logged in via Web …`.
        let quoted = text.split_once("for user '").and_then(|(_, rest)| rest.split_once('\''));
        let named = text.strip_prefix("User ").and_then(|rest| rest.split_once(' '));
        event.user = Cow::Owned(quoted.or(named).map_or("", |(name, _)| name).to_owned());
    }
    let from = ["From: ", "from "].iter().find_map(|mark| text.split_once(mark));
    if let Some((_, rest)) = from {
        let word = rest.split([' ', ',']).next().unwrap_or_default().trim_end_matches('.');
        event.src_ip = ip(&Cow::Owned(word.to_owned()));
    }
    let (class, code, outcome) = match found.event.as_ref() {
        // An authentication profile of a virtual system serves users, whose own log has a line that counts.
        "auth-fail" if text.contains("vsys 'vsys") => (Class::AUTHENTICATION, None, Outcome::Failure),
        "auth-fail" => (Class::AUTHENTICATION, Some(EventCode::LL03), Outcome::Failure),
        "auth-success" => (Class::AUTHENTICATION, None, Outcome::Success),
        _ if text.contains(" logged in via ") => {
            (Class::AUTHENTICATION, Some(EventCode::LL01), Outcome::Success)
        }
        _ if text.contains(" logged out via ") => {
            (Class::AUTHENTICATION, Some(EventCode::LL02), Outcome::Success)
        }
        _ => (Class::BASE, None, Outcome::Unknown),
    };
    (event.class, event.code, event.outcome) = (class, code, outcome);
}

fn config<'a>(event: &mut Event<'a>, found: &Found<'a>) {
    event.class = Class::DEVICE_CONFIG;
    event.outcome = match found.action.as_ref() {
        "Succeeded" | "Submitted" => Outcome::Success,
        "Failed" | "Unauthorized" => Outcome::Failure,
        _ => Outcome::Unknown,
    };
    event.file = match &found.path {
        Cow::Borrowed(path) => Cow::Borrowed(path.trim_start()),
        Cow::Owned(path) => Cow::Owned(path.trim_start().to_owned()),
    };
    let pick = |added, changed, removed| match event.command.as_ref() {
        // The web console sets what is new and edits what is there.
        "add" | "clone" | "set" => added,
        "delete" => removed,
        _ => changed,
    };
    let path = found.path.as_ref();
    let code = match () {
        () if event.outcome == Outcome::Failure => EventCode::PA02,
        () if path.contains("mgt-config") && path.contains("users") => {
            event.class = Class::ACCOUNT_CHANGE;
            pick(EventCode::SA01, EventCode::SA02, EventCode::SA03)
        }
        () if path.contains("log-settings") => EventCode::SS05,
        () => EventCode::CC02,
    };
    event.code = Some(code);
}

fn globalprotect<'a>(event: &mut Event<'a>, found: &Found<'a>) {
    event.class = Class::AUTHENTICATION;
    event.outcome = devices::outcome_of(&found.status);
    event.message = if found.text.is_empty() { found.error.clone() } else { found.text.clone() };
    let is_failure = event.outcome == Outcome::Failure;
    event.code = match found.event.as_ref() {
        "portal-auth" | "gateway-auth" if is_failure => Some(EventCode::LL03),
        "gateway-auth" => Some(EventCode::LL01),
        "gateway-logout" => Some(EventCode::LL02),
        _ => None,
    };
}

fn authentication<'a>(event: &mut Event<'a>, found: &Found<'a>) {
    event.class = Class::AUTHENTICATION;
    let name = found.event.to_ascii_lowercase();
    let has = |word: &str| name.contains(word);
    event.outcome = match () {
        () if has("fail") || has("invalid") || has("denied") || has("timeout") || has("unknown") => {
            Outcome::Failure
        }
        () if has("success") || has("allowed") => Outcome::Success,
        () => Outcome::Unknown,
    };
    let is_further_factor = found.factor.parse::<u8>().is_ok_and(|number| number > 1);
    event.code = match (event.outcome, is_further_factor) {
        (Outcome::Failure, false) => Some(EventCode::LL03),
        (Outcome::Failure, true) => Some(EventCode::LL08),
        (Outcome::Success, false) => Some(EventCode::LL01),
        (Outcome::Success, true) => Some(EventCode::LL07),
        (Outcome::Unknown, _) => None,
    };
    event.message = if found.text.is_empty() { found.event.clone() } else { found.text.clone() };
}

/// A mapping of an address to a user, which the firewall learnt from somebody else's log: no login of its own.
fn user_id<'a>(event: &mut Event<'a>, found: &Found<'a>) {
    event.class = Class::AUTHENTICATION;
    if found.subtype == "login" || found.subtype == "logout" {
        event.outcome = Outcome::Success;
    }
}
