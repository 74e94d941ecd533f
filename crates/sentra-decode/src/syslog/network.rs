//! Lines about packets and connections: the kernel's packet filter and the old FTP daemon.

use std::borrow::Cow;

use sentra_model::{Class, Event};

use crate::address;

/// `… IN=eth0 OUT= SRC=192.0.2.1 DST=198.51.100.2 … PROTO=TCP SPT=40000 DPT=22 …`; other lines stay as they are.
pub(super) fn kernel<'a>(event: &mut Event<'a>, message: &'a str) {
    if !(message.contains(" SRC=") && message.contains(" DST=")) {
        return;
    }
    event.class = Class::NETWORK;
    for (name, value) in message.split(' ').filter_map(|part| part.split_once('=')) {
        if value.is_empty() {
            continue;
        }
        match name {
            "SRC" => event.src_ip = address::ip(value).map(Cow::Borrowed).unwrap_or_default(),
            "DST" => event.dst_ip = address::ip(value).map(Cow::Borrowed).unwrap_or_default(),
            "SPT" => event.src_port = address::port(value),
            "DPT" => event.dst_port = address::port(value),
            "IN" | "OUT" | "PROTO" | "MAC" | "LEN" | "TTL" => {}
            _ => continue,
        }
        event.push(name, value);
    }
}

/// `connection from 192.0.2.1 (host.example) at …`.
pub(super) fn ftpd<'a>(event: &mut Event<'a>, message: &'a str) {
    let Some(rest) = message.strip_prefix("connection from ") else { return };
    let (peer, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    event.class = Class::NETWORK;
    event.src_ip = address::ip(peer).map(Cow::Borrowed).unwrap_or_default();
    let name = rest.strip_prefix('(').and_then(|rest| rest.split(')').next()).unwrap_or_default();
    event.domain = Cow::Borrowed(name);
}
