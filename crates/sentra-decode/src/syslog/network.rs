//! Lines about connections: the old FTP daemon.

use std::borrow::Cow;

use sentra_model::{Class, Event};

use crate::address;

/// `connection from 192.0.2.1 (host.example) at …`.
pub(super) fn ftpd<'a>(event: &mut Event<'a>, message: &'a str) {
    let Some(rest) = message.strip_prefix("connection from ") else { return };
    let (peer, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    event.class = Class::NETWORK;
    event.src_ip = address::ip(peer).map(Cow::Borrowed).unwrap_or_default();
    let name = rest.strip_prefix('(').and_then(|rest| rest.split(')').next()).unwrap_or_default();
    event.domain = Cow::Borrowed(name);
}
