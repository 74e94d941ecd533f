//! Fortinet FortiGate: `key=value` pairs with quotes, one log of three types: `traffic`, `utm` and `event`.
//!
//! The type is Sigma's service of the product `fortigate`; fields keep FortiOS' names.
//!
//! Which line counts a failed login: `ssl-login-fail` for the SSL VPN, `login` for administrators, and
//! `authentication` of users but where its `authproto` is a VPN, for there the VPN's own line counts.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memmem};
use sentra_model::{Class, Event, EventCode, FieldValue, Mart, Outcome, Timestamp};

use crate::address;
use crate::decoder::Context;
use crate::devices::{self, FIELDS_MAX, ip, set_if_empty};
use crate::format::{Format, Payload, Shape};
use crate::names::note;
use crate::time;

pub(crate) static FORMAT: Format = Format {
    name: "fortigate",
    title: "Fortinet FortiGate key=value logs: traffic, utm and event",
    sample: r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0000" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=192.0.2.7 srcport=40022 srcintf="lan" dstip=198.51.100.9 dstport=443 dstintf="wan1" policyid=4 proto=6 action="accept" service="HTTPS" sentbyte=1200 rcvdbyte=5400"#,
    shape: Shape::Text { programs: &[], recognise, parse },
};

/// What a FortiGate record begins with.
const BEGINNINGS: [&str; 6] = ["date=", "logver=", "itime=", "timestamp=", "devname=", "eventtime="];

fn recognise(payload: &Payload<'_>) -> bool {
    let text = payload.text;
    let has = |mark: &str| memmem::find(text.as_bytes(), mark.as_bytes()).is_some();
    BEGINNINGS.iter().any(|begin| text.starts_with(begin)) && has("logid=") && has("type=") && has("subtype=")
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    if !recognise(payload) {
        return false;
    }
    devices::take_over(event, Mart::FIREWALL, "fortigate");
    event.fields.reserve(48);
    let first = event.fields.len();
    push_pairs(event, payload.text);
    let found = read(event, first);
    let time = moment(context, &found);
    devices::settle_time(event, payload, time);
    event.service = found.kind.clone();
    event.outcome = outcome(&found);
    match found.kind.as_ref() {
        "event" => fill_event(event, &found),
        _ => fill_traffic(event, &found),
    }
    devices::push_firewall_names(event);
    true
}

/// `key=value`, `key="quoted \"value\""`, parted by blanks or, in CSV mode, by commas.
fn push_pairs<'a>(event: &mut Event<'a>, text: &'a str) {
    let separator = if text.as_bytes().get(15) == Some(&b',') { b',' } else { b' ' };
    let mut rest = text;
    let (mut left_out, mut stray) = (0, 0);
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        let Some(at) = memchr2(b'=', separator, rest.as_bytes()) else { break };
        let Some((key, after)) = rest.split_at_checked(at) else { break };
        let is_pair = after.starts_with('=');
        let after = after.get(1..).unwrap_or_default();
        if !is_pair || key.is_empty() {
            stray += 1;
            rest = after;
            continue;
        }
        let (value, after) = value(after, separator);
        rest = after;
        if event.fields.len() >= FIELDS_MAX {
            left_out += 1;
        } else {
            event.push(key, FieldValue::Text(value));
        }
    }
    stray += usize::from(!rest.trim().is_empty());
    devices::note_left_out(event, left_out);
    if stray > 0 {
        note(event, format!("{stray} words without a value left out"));
    }
}

/// The value at the beginning of `text`, and what follows it.
fn value(text: &str, separator: u8) -> (Cow<'_, str>, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = memchr(separator, text.as_bytes()).unwrap_or(text.len());
        let (value, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        return (Cow::Borrowed(value), rest);
    };
    let bytes = quoted.as_bytes();
    let (mut from, mut has_escapes) = (0, false);
    while let Some(found) = bytes.get(from..).and_then(|rest| memchr2(b'"', b'\\', rest)).map(|at| from + at)
    {
        if bytes.get(found) == Some(&b'\\') {
            has_escapes = true;
            from = found + 2;
            continue;
        }
        let inner = quoted.get(..found).unwrap_or_default();
        return (plain(inner, has_escapes), quoted.get(found + 1..).unwrap_or_default());
    }
    // The quote never ends: the line was cut off.
    (plain(quoted, has_escapes), "")
}

/// Without the backslashes before quotes; others stay, they are parts of names such as `DOMAIN\user`.
fn plain(text: &str, has_escapes: bool) -> Cow<'_, str> {
    if has_escapes && text.contains("\\\"") {
        Cow::Owned(text.replace("\\\"", "\""))
    } else {
        Cow::Borrowed(text)
    }
}

/// Values that decide about each other.
#[derive(Default)]
struct Found<'a> {
    kind: Cow<'a, str>,
    subtype: Cow<'a, str>,
    action: Cow<'a, str>,
    status: Cow<'a, str>,
    path: Cow<'a, str>,
    object: Cow<'a, str>,
    protocol: Cow<'a, str>,
    url: Cow<'a, str>,
    agent: Cow<'a, str>,
    method: Cow<'a, str>,
    remote: Cow<'a, str>,
    interface: Cow<'a, str>,
    event_time: Cow<'a, str>,
    date: Cow<'a, str>,
    clock: Cow<'a, str>,
    zone: Cow<'a, str>,
}

fn read<'a>(event: &mut Event<'a>, first: usize) -> Found<'a> {
    let fields = std::mem::take(&mut event.fields);
    let mut found = Found::default();
    let mut description = Cow::Borrowed("");
    for (key, value) in fields.iter().skip(first) {
        let FieldValue::Text(value) = value else { continue };
        match key.as_ref() {
            "type" => found.kind = value.clone(),
            "subtype" => found.subtype = value.clone(),
            "action" => found.action = value.clone(),
            "status" => found.status = value.clone(),
            "cfgpath" => found.path = value.clone(),
            "cfgobj" => found.object = value.clone(),
            "authproto" => found.protocol = value.clone(),
            "url" => found.url = value.clone(),
            "agent" => found.agent = value.clone(),
            "httpmethod" => found.method = value.clone(),
            "ui" => found.interface = value.clone(),
            "remip" | "ip" => set_if_empty(&mut found.remote, &ip(value)),
            "eventtime" => found.event_time = value.clone(),
            "date" => found.date = value.clone(),
            "time" => found.clock = value.clone(),
            "tz" => found.zone = value.clone(),
            "srcip" | "locip" if event.src_ip.is_empty() => event.src_ip = ip(value),
            "dstip" => event.dst_ip = ip(value),
            "srcport" => event.src_port = address::port(value),
            "dstport" => event.dst_port = address::port(value),
            "user" | "unauthuser" => set_if_empty(&mut event.user, value),
            // The device rather than the collector that forwards its records.
            "devname" if !devices::is_nothing(value) => event.host = value.clone(),
            "app" | "appname" => set_if_empty(&mut event.app, value),
            "sessionid" | "tunnelid" if value != "0" => set_if_empty(&mut event.session, value),
            "hostname" | "qname" | "dstname" => set_if_empty(&mut event.domain, value),
            "filename" => set_if_empty(&mut event.file, value),
            "level" => event.severity = devices::severity_of_word(value),
            "msg" => set_if_empty(&mut event.message, value),
            "logdesc" | "attack" | "virus" => set_if_empty(&mut description, value),
            _ => {}
        }
    }
    set_if_empty(&mut event.message, &description);
    event.fields = fields;
    found
}

/// `eventtime` in seconds to nanoseconds; without it date, time and zone.
fn moment(context: &Context<'_>, found: &Found<'_>) -> Option<Timestamp> {
    if let Some(moment) = found.event_time.parse().ok().and_then(time::epoch_integer) {
        return Some(moment);
    }
    let text = format!("{}T{}{}", found.date, found.clock, found.zone);
    time::value(&text).map(|time| context.resolve(time))
}

fn outcome(found: &Found<'_>) -> Outcome {
    match found.action.as_ref() {
        // The session could not be set up.
        "ip-conn" | "ssl-login-fail" | "auth-failed" | "negotiate-error" => Outcome::Failure,
        "tunnel-up" | "tunnel-down" | "ssl-new-con" | "Add" | "Edit" | "Delete" | "add" | "edit"
        | "delete" => Outcome::Success,
        action => match devices::outcome_of(&found.status) {
            Outcome::Unknown => devices::outcome_of(action),
            known => known,
        },
    }
}

fn fill_traffic<'a>(event: &mut Event<'a>, found: &Found<'a>) {
    event.class = match (found.kind.as_ref(), found.subtype.as_ref()) {
        ("utm" | "dns", "dns" | "dns-query" | "dns-response") => Class::DNS,
        ("utm", "webfilter") => Class::HTTP,
        ("utm", "ssl" | "app-ctrl") | ("traffic", _) => Class::NETWORK,
        ("utm", _) => Class::DETECTION_FINDING,
        _ => Class::BASE,
    };
    if event.class == Class::DNS {
        for (own, name) in [("qname", "query"), ("qtype", "record_type"), ("ipaddr", "answer")] {
            if let Some(value) = event.field(own).cloned() {
                devices::push_new(event, name, value);
            }
        }
    }
    if event.class == Class::HTTP && !found.url.is_empty() {
        let url = if found.url.starts_with('/') {
            Cow::Owned(format!("{}{}", event.domain, found.url))
        } else {
            found.url.clone()
        };
        devices::push_proxy_names(event, &url, &found.method, &found.agent);
    }
}

fn fill_event<'a>(event: &mut Event<'a>, found: &Found<'a>) {
    if event.src_ip.is_empty() || found.subtype == "vpn" {
        // Of the VPN's two ends the other one is where it came from.
        let local = std::mem::replace(&mut event.src_ip, found.remote.clone());
        set_if_empty(&mut event.dst_ip, &local);
    }
    if event.src_ip.is_empty() {
        event.src_ip = interface_address(&found.interface);
    }
    let is_failure = event.outcome == Outcome::Failure;
    let by = |good: EventCode, bad: EventCode| if is_failure { Some(bad) } else { Some(good) };
    let is_vpn_user = ["SSLVPN", "SSL-VPN", "SSL VPN", "IPsec", "IPSec"]
        .iter()
        .any(|name| found.protocol.starts_with(name));
    let (class, code) = match (found.subtype.as_ref(), found.action.as_ref()) {
        (_, "ssl-login-fail") => (Class::AUTHENTICATION, Some(EventCode::LL03)),
        ("vpn", "tunnel-up") => (Class::AUTHENTICATION, Some(EventCode::LL01)),
        ("vpn", "tunnel-down" | "ssl-exit-error") => (Class::AUTHENTICATION, Some(EventCode::LL02)),
        ("vpn", _) => (Class::NETWORK, None),
        (_, "logout" | "auth-logout") => (Class::AUTHENTICATION, Some(EventCode::LL02)),
        (_, "login" | "auth-logon") => (Class::AUTHENTICATION, by(EventCode::LL01, EventCode::LL03)),
        ("user", "authentication") if is_vpn_user => (Class::AUTHENTICATION, None),
        ("user", "authentication" | "FSSO-logon" | "two-factor") => {
            (Class::AUTHENTICATION, by(EventCode::LL01, EventCode::LL03))
        }
        ("user", "FSSO-logoff") => (Class::AUTHENTICATION, Some(EventCode::LL02)),
        (_, "shutdown" | "reboot") => (Class::APPLICATION_LIFECYCLE, Some(EventCode::SS02)),
        _ if !found.path.is_empty() => configuration(event, found),
        _ => (Class::BASE, None),
    };
    (event.class, event.code) = (class, code);
}

/// The address in `https(198.51.100.4)` and `ssh(198.51.100.4)`, how an administrator came in.
fn interface_address<'a>(interface: &Cow<'a, str>) -> Cow<'a, str> {
    let inner = |text: &str| {
        text.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(inner, _)| inner.len())
    };
    let Some(length) = inner(interface) else { return Cow::Borrowed("") };
    let cut = |text: &str| -> Option<String> {
        let start = text.find('(')? + 1;
        text.get(start..start + length).map(str::to_owned)
    };
    cut(interface).map_or(Cow::Borrowed(""), |text| ip(&Cow::Owned(text)))
}

/// A change of the configuration object `cfgpath`.
fn configuration<'a>(event: &mut Event<'a>, found: &Found<'a>) -> (Class, Option<EventCode>) {
    let pick = |added, edited, deleted| match found.action.as_ref() {
        "Add" | "add" => added,
        "Delete" | "delete" => deleted,
        _ => edited,
    };
    match found.path.as_ref() {
        "system.admin" | "user.local" => {
            set_if_empty(&mut event.target_user, &found.object);
            (Class::ACCOUNT_CHANGE, Some(pick(EventCode::SA01, EventCode::SA02, EventCode::SA03)))
        }
        "user.group" | "system.accprofile" => {
            (Class::GROUP, Some(pick(EventCode::SA04, EventCode::SA05, EventCode::SA06)))
        }
        path if path.starts_with("log.") => (Class::DEVICE_CONFIG, Some(EventCode::SS05)),
        _ => (Class::DEVICE_CONFIG, Some(EventCode::CC02)),
    }
}

#[cfg(test)]
#[path = "fortinet_tests.rs"]
mod tests;
