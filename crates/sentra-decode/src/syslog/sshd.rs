//! What sshd says.
//!
//! # The counting rule
//!
//! sshd writes several lines for one failed login: `Invalid user x from …`, `pam_unix(sshd:auth):
//! authentication failure; …` and `Failed password for invalid user x from …`. A rule that counts failed logins
//! must count each attempt once, so **exactly one line per attempt carries `LL03`**:
//!
//! * `Failed <method> for …` carries it, whatever the method, but for `Failed none`: that is sshd asking which
//!   methods there are, nobody has tried to log in yet.
//! * `message repeated N times: [ Failed … ]` carries it with a count of N.
//! * `Invalid user …`, PAM's failures inside sshd, `PAM N more authentication failures`, `maximum authentication
//!   attempts exceeded` and closed connections tell of the same attempt: they get class, outcome, user and source
//!   address, but no code.
//! * The old tag `sshd(pam_unix)[…]: authentication failure` comes from a time when sshd itself kept quiet;
//!   there it carries `LL03` (see `pam.rs`).
//!
//! So the sum of `count` over `LL03` equals the number of `Failed …` lines, each weighted with its repetition.
//!
//! User names are written by the attacker. Addresses are therefore read from the end of the line, where sshd
//! writes them, and not from the first thing that looks like one.

use std::borrow::Cow;

use memchr::memchr_iter;
use sentra_model::{Class, Event, EventCode, Outcome};

use crate::address;
use crate::split::{cut, cut_at, cut_at_last, cut_last};

/// Field that says that sshd took the user for nobody: no such account, or one that may not log in here.
const INVALID_USER: &str = "invalid_user";

/// Where a peer is named: `ADDRESS [port N]`, with what stands before and after it.
struct Peer<'a> {
    before: &'a str,
    address: &'a str,
    port: u16,
    after: &'a str,
}

pub(super) fn understand<'a>(event: &mut Event<'a>, message: &'a str) {
    let message = message.strip_suffix("[preauth]").unwrap_or(message).trim_end();
    let message =
        message.strip_prefix("error: ").or_else(|| message.strip_prefix("fatal: ")).unwrap_or(message);
    let Some((first, rest)) = cut(message, b' ') else { return };
    match first {
        "Accepted" => login(event, rest, Outcome::Success),
        "Failed" => login(event, rest, Outcome::Failure),
        "Postponed" => login(event, rest, Outcome::Unknown),
        "Invalid" | "Illegal" => {
            if let Some(rest) = rest.strip_prefix("user ") {
                refused(event, rest);
            }
        }
        "input_userauth_request:" => {
            if let Some(user) = rest.strip_prefix("invalid user ") {
                authentication(event, Outcome::Failure);
                event.user = Cow::Borrowed(user);
            }
        }
        "User" => {
            if let Some((who, _)) = cut_at_last(rest, " not allowed") {
                refused(event, who);
            }
        }
        "maximum" => {
            if let Some((_, rest)) = cut_at(rest, "exceeded for ") {
                refused(event, without_invalid(rest));
            }
        }
        "PAM:" => {
            if let Some((_, rest)) = cut_at(rest, " for ") {
                refused(event, without_invalid(strip_illegal(rest)));
            }
        }
        "Connection"
        | "Disconnected"
        | "Disconnecting"
        | "Disconnecting:"
        | "Received"
        | "Did"
        | "Unable"
        | "Bad"
        | "ssh_dispatch_run_fatal:"
        | "banner"
        | "kex_exchange_identification:"
        | "Protocol"
        | "Timeout"
        | "Close"
        | "Starting" => {
            connection(event, first, rest);
        }
        "reverse" | "Address" | "Nasty" => suspicious_name(event, message),
        "Server" if rest.starts_with("listening on ") => lifecycle(event, EventCode::SS01),
        _ => {}
    }
}

fn authentication(event: &mut Event<'_>, outcome: Outcome) {
    event.class = Class::AUTHENTICATION;
    event.outcome = outcome;
}

/// `password for [invalid user ]NAME from ADDRESS port N ssh2[: key]`.
fn login<'a>(event: &mut Event<'a>, rest: &'a str, outcome: Outcome) {
    let Some((method, rest)) = cut_at(rest, " for ") else { return };
    authentication(event, outcome);
    event.push("auth_method", method);
    event.code = match outcome {
        Outcome::Success => Some(EventCode::LL01),
        Outcome::Failure if method != "none" => Some(EventCode::LL03),
        _ => None,
    };
    let after = who(event, rest);
    if let Some((_, key)) = cut_at(after, ": ") {
        event.push("key", key);
    }
}

/// A failure that another line counts: `NAME from ADDRESS [port N]`.
fn refused<'a>(event: &mut Event<'a>, rest: &'a str) {
    authentication(event, Outcome::Failure);
    who(event, rest);
}

/// Takes user and peer out of `[invalid user ]NAME from ADDRESS [port N]…`; gives what follows.
/// Where no address stands (`from UNKNOWN`, a host name, a line cut short) the user is still known.
fn who<'a>(event: &mut Event<'a>, rest: &'a str) -> &'a str {
    if without_invalid(rest) != rest {
        event.push(INVALID_USER, "true");
    }
    if let Some(peer) = last_peer(rest) {
        event.user = Cow::Borrowed(without_invalid(peer.before));
        put_peer(event, &peer);
        return peer.after;
    }
    let (user, from) = cut_at_last(rest, " from ").unwrap_or((rest, ""));
    event.user = Cow::Borrowed(without_invalid(user));
    peer_at_start(event, from);
    ""
}

fn without_invalid(name: &str) -> &str {
    name.strip_prefix("invalid user ").or_else(|| name.strip_prefix("illegal user ")).unwrap_or(name)
}

fn strip_illegal(text: &str) -> &str {
    text.strip_prefix("illegal user ").unwrap_or(text)
}

/// The last `NAME from ADDRESS [port N]…` of a text: what stands before it may be the attacker's words.
fn last_peer(text: &str) -> Option<Peer<'_>> {
    let at_start = text.strip_prefix("from ").and_then(|after| peer("", after));
    let mut head = text;
    while let Some((before, _)) = cut_at_last(head, " from ") {
        let after = text.get(before.len() + " from ".len()..)?;
        if let Some(peer) = peer(before, after) {
            return Some(peer);
        }
        head = before;
    }
    at_start
}

/// `ADDRESS [port N] …` at the beginning of `text`. `UNKNOWN` and host names are no peers.
fn peer<'a>(before: &'a str, text: &'a str) -> Option<Peer<'a>> {
    let (first, rest) = cut(text, b' ').unwrap_or((text, ""));
    let address = address::ip(first.trim_end_matches([':', ',', '.']))?;
    let (port, after) = match rest.strip_prefix("port ") {
        Some(rest) => {
            let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
            let (digits, after) = rest.split_at_checked(end)?;
            (address::port(digits), after)
        }
        None => (0, rest),
    };
    Some(Peer { before, address, port, after })
}

fn put_peer<'a>(event: &mut Event<'a>, peer: &Peer<'a>) {
    event.src_ip = Cow::Borrowed(peer.address);
    event.src_port = peer.port;
}

fn peer_at_start<'a>(event: &mut Event<'a>, text: &'a str) {
    match peer("", text) {
        Some(peer) => put_peer(event, &peer),
        None => {
            let name = text.split(' ').next().unwrap_or_default();
            event.domain = Cow::Borrowed(if name == "UNKNOWN" { "" } else { name });
        }
    }
}

/// Connections that come and go. `first` is the first word of the message, `rest` what follows it.
fn connection<'a>(event: &mut Event<'a>, first: &str, rest: &'a str) {
    event.class = Class::NETWORK;
    if let Some(who) = ["by ", "from ", ""].iter().find_map(|word| attempt(rest, word)) {
        authentication(event, Outcome::Failure);
        // `NAME ADDRESS port N`, read from the end.
        let (before_port, port) = cut_at_last(who, " port ").unwrap_or((who, ""));
        if let Some((user, peer)) = cut_last(before_port, b' ')
            && let Some(address) = address::ip(peer)
        {
            event.user = Cow::Borrowed(user);
            event.src_ip = Cow::Borrowed(address);
            event.src_port = address::port(port.split([':', ' ']).next().unwrap_or_default());
        }
        return;
    }
    // A session ends: `Disconnected from user NAME ADDRESS port N`, `Received disconnect … by user` is its twin.
    if first == "Disconnected"
        && let Some(who) = rest.strip_prefix("from user ")
    {
        authentication(event, Outcome::Success);
        let (before_port, port) = cut_at_last(who, " port ").unwrap_or((who, ""));
        if let Some((user, peer)) = cut_last(before_port, b' ') {
            event.user = Cow::Borrowed(user);
            event.src_ip = address::ip(peer).map(Cow::Borrowed).unwrap_or_default();
            event.src_port = address::port(port);
        }
        return;
    }
    if let Some(user) = rest.strip_prefix("Too many authentication failures for ") {
        authentication(event, Outcome::Failure);
        event.user = Cow::Borrowed(without_invalid(cut_at(user, " from ").map_or(user, |(user, _)| user)));
    }
    if let Some((_, user)) = cut_at(rest, " for ").filter(|_| first == "Starting")
        && let Some((user, _)) = cut_at(user, " from ")
    {
        authentication(event, Outcome::Success);
        event.user = Cow::Borrowed(user);
    }
    // Only `Bad protocol version identification '…' from ADDRESS` quotes the peer before it names him.
    let peer = if first == "Bad" { last_peer(rest) } else { first_peer(rest) };
    if let Some(peer) = peer {
        put_peer(event, &peer);
    }
}

/// What follows `authenticating user ` or `invalid user `, after `word`.
fn attempt<'a>(rest: &'a str, word: &str) -> Option<&'a str> {
    let at = if word.is_empty() { rest } else { cut_at(rest, word)?.1 };
    at.strip_prefix("authenticating user ").or_else(|| at.strip_prefix("invalid user "))
}

/// The first address of a text that stands after a word that names a peer.
fn first_peer(text: &str) -> Option<Peer<'_>> {
    let starts = memchr_iter(b' ', text.as_bytes()).map(|position| position + 1);
    starts.chain([0]).find_map(|start| {
        let rest = text.get(start..)?;
        // Few words begin like one of the four.
        rest.starts_with(['f', 'b', 'w']).then_some(())?;
        ["from ", "by ", "with ", "for "].iter().find_map(|word| peer("", rest.strip_prefix(word)?))
    })
}

/// Names that do not belong to their address: `getaddrinfo for NAME [ADDRESS] failed`, `Address A maps to NAME, but`.
fn suspicious_name<'a>(event: &mut Event<'a>, message: &'a str) {
    event.class = Class::NETWORK;
    if let Some(rest) = message.strip_prefix("Address ") {
        peer_at_start(event, rest);
        if let Some((_, name)) = cut_at(rest, " maps to ") {
            event.domain = Cow::Borrowed(name.split([',', ' ']).next().unwrap_or_default());
        }
        return;
    }
    if let Some((before, after)) = cut(message, b'[') {
        event.domain = Cow::Borrowed(before.trim_end().rsplit(' ').next().unwrap_or_default());
        peer_at_start(event, after.split(']').next().unwrap_or_default());
    }
}

fn lifecycle(event: &mut Event<'_>, code: EventCode) {
    event.class = Class::APPLICATION_LIFECYCLE;
    event.outcome = Outcome::Success;
    event.code = Some(code);
}
