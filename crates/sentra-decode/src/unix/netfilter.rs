//! The kernel's packet filter: what the `LOG` target of iptables and the `log` statement of nftables write, also
//! through UFW, firewalld and Proxmox.
//!
//! `[12.5] PREFIX IN=eth0 OUT= MAC=… SRC=… DST=… LEN=60 … PROTO=TCP SPT=40000 DPT=22 … SYN URGP=0`. The prefix is
//! the administrator's; where it says what happened to the packet, `action` repeats it.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use sentra_model::{Class, Event, Mart, Outcome};

use crate::address;
use crate::decoder::Context;
use crate::format::{Format, Payload, Shape};
use crate::scan::{is_number, put, set_time};
use crate::time;

pub(crate) static FORMAT: Format = Format {
    name: "netfilter",
    title: "packets logged by iptables, nftables, UFW or firewalld",
    sample: "Mar  1 10:00:00 gw1 kernel: [12.5] DROP IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=192.0.2.7 DST=198.51.100.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=40000 DPT=22 WINDOW=64240 RES=0x00 SYN URGP=0",
    shape: Shape::Text { programs: &["ulogd"], recognise, parse },
};

static DESTINATION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" DST="));

fn recognise(payload: &Payload<'_>) -> bool {
    let text = payload.text;
    DESTINATION.find(text.as_bytes()).is_some()
        && text.contains("SRC=")
        && text.contains(" LEN=")
        && start(text).is_some()
}

/// Where the first `IN=` or `OUT=` begins.
fn start(text: &str) -> Option<usize> {
    let at = |mark: &str| {
        text.match_indices(mark).map(|(at, _)| at).find(|at| {
            // At the beginning of a word; a prefix may run into it without a blank.
            text.as_bytes().get(at.wrapping_sub(1)).is_none_or(|byte| !byte.is_ascii_uppercase())
        })
    };
    match (at("IN="), at("OUT=")) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    if !recognise(payload) {
        return false;
    }
    let Some((prefix, pairs)) = start(payload.text).and_then(|at| payload.text.split_at_checked(at)) else {
        return false;
    };
    event.mart = Mart::FIREWALL;
    event.product = Cow::Borrowed("netfilter");
    event.service = Cow::Borrowed("iptables");
    event.class = Class::NETWORK;
    event.fields.reserve(28);
    put_prefix(context, payload, event, prefix);
    put_pairs(event, pairs);
    true
}

/// `[ 12.5] PREFIX`, and Proxmox's `101 1 tap101i0-IN 01/Mar/2026:10:00:00 +0000 DROP:`.
fn put_prefix<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>, prefix: &'a str) {
    let mut prefix = prefix.trim();
    if let Some((uptime, rest)) = prefix.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        && uptime.trim().bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        prefix = rest.trim_start();
    }
    let mut time = None;
    let mut words = prefix.splitn(4, ' ');
    if let (Some(machine), Some(level), Some(chain), Some(rest)) =
        (words.next(), words.next(), words.next(), words.next())
        && is_number(machine)
        && is_number(level)
        && let Some((stamp, rest)) = time::common_log(rest)
    {
        time = Some(stamp);
        put(event, "vmid", machine);
        put(event, "chain", chain);
        prefix = rest.trim_start();
    }
    set_time(context, event, time, payload.in_syslog);
    let prefix = prefix.trim_end_matches([' ', ':']);
    put(event, "prefix", prefix);
    if let Some((action, outcome)) = action(prefix) {
        put(event, "action", action);
        put(event, "blocked", if outcome == Outcome::Failure { "true" } else { "false" });
        event.outcome = outcome;
    }
}

/// What the prefix says became of the packet.
fn action(prefix: &str) -> Option<(&'static str, Outcome)> {
    const WORDS: [(&str, &str, Outcome); 10] = [
        ("DROP", "drop", Outcome::Failure),
        ("REJECT", "reject", Outcome::Failure),
        ("BLOCK", "drop", Outcome::Failure),
        ("DENY", "drop", Outcome::Failure),
        ("DENIED", "drop", Outcome::Failure),
        ("REFUSE", "reject", Outcome::Failure),
        ("ACCEPT", "accept", Outcome::Success),
        ("ALLOW", "accept", Outcome::Success),
        ("PERMIT", "accept", Outcome::Success),
        ("PASS", "accept", Outcome::Success),
    ];
    // Only the end of a long prefix is the administrator's word for the rule.
    let tail = prefix.get(prefix.floor_char_boundary(prefix.len().saturating_sub(64))..).unwrap_or(prefix);
    let tail = tail.to_ascii_uppercase();
    WORDS.iter().find(|(word, ..)| tail.contains(word)).map(|(_, action, outcome)| (*action, *outcome))
}

fn put_pairs<'a>(event: &mut Event<'a>, pairs: &'a str) {
    // An ICMP error quotes the packet that it answers in brackets.
    let (own, quoted) = pairs.split_once('[').unwrap_or((pairs, ""));
    let mut flags = 0;
    for word in own.split(' ').filter(|word| !word.is_empty()) {
        let Some((name, value)) = word.split_once('=') else {
            if matches!(word, "SYN" | "ACK" | "FIN" | "RST" | "PSH" | "URG" | "ECE" | "CWR") && flags < 8 {
                flags += 1;
                put(event, "flags", word);
            }
            continue;
        };
        match name {
            "SRC" if event.src_ip.is_empty() => {
                event.src_ip = address::ip(value).map(Cow::Borrowed).unwrap_or_default();
                put(event, "src_ip", event.src_ip.clone());
            }
            "DST" if event.dst_ip.is_empty() => {
                event.dst_ip = address::ip(value).map(Cow::Borrowed).unwrap_or_default();
                put(event, "dst_ip", event.dst_ip.clone());
            }
            "SPT" if event.src_port == 0 => {
                event.src_port = address::port(value);
                put(event, "src_port", value);
            }
            "DPT" if event.dst_port == 0 => {
                event.dst_port = address::port(value);
                put(event, "dst_port", value);
            }
            "UID" => event.user = Cow::Borrowed(value),
            _ => {}
        }
        put(event, name, value);
    }
    put(event, "quoted_packet", quoted.trim_end_matches([' ', ']']));
}
