//! The edge of the network: PAN-OS traffic, Squid, BIND.

use super::{Pen, Source};
use crate::acts::{Flow, Web};
use crate::moment::{Form, SECOND, put_time};
use crate::text::put_hex;
use crate::world::REALM;
use crate::world::places::place_of;

/// A line of the traffic log of PAN-OS 10, type `end`.
pub(super) fn flow(pen: &mut Pen<'_>, flow: &Flow) -> Source {
    let (session, port) = (1000 + pen.dice.below(200_000), pen.client_port());
    let seconds = 1 + pen.dice.below(120);
    let (packets_sent, packets_received) = (1 + flow.sent / 1200, 1 + flow.received / 1200);
    let began = pen.at - i64::try_from(seconds).unwrap_or(0) * SECOND;
    let is_outbound = flow.to >> 24 != 10;
    pen.put("1,").time(Form::Slashes).put(",013201001234,TRAFFIC,").put(if flow.is_allowed {
        "end"
    } else {
        "deny"
    });
    pen.put(",2562,").time(Form::Slashes).put(",").ip(flow.from).put(",").ip(flow.to).put(",");
    if is_outbound {
        pen.put("198.51.100.1,").ip(flow.to);
    } else {
        pen.put("0.0.0.0,0.0.0.0");
    }
    pen.put(if flow.is_allowed { ",allow-out," } else { ",deny-all," });
    if let Some(user) = flow.user {
        let world = pen.world;
        pen.put(&REALM.to_ascii_lowercase()).put("\\").put(&world.account(user).name);
    }
    pen.put(",,").put(flow.app).put(",vsys1,trust,").put(if is_outbound { "untrust" } else { "servers" });
    pen.put(",ethernet1/2,ethernet1/1,siem,").time(Form::Slashes).put(",").number(session).put(",1,");
    pen.number(port).put(",").number(u64::from(flow.port)).put(",");
    pen.number(if is_outbound { port } else { 0 }).put(",").number(if is_outbound {
        u64::from(flow.port)
    } else {
        0
    });
    pen.put(",0x400053,").put(if flow.port == 53 { "udp" } else { "tcp" });
    pen.put(if flow.is_allowed { ",allow," } else { ",deny," });
    pen.number(flow.sent + flow.received).put(",").number(flow.sent).put(",").number(flow.received).put(",");
    pen.number(packets_sent + packets_received).put(",");
    put_time(pen.out, began, Form::Slashes);
    pen.put(",").number(seconds).put(",business-and-economy,,");
    let number = pen.number;
    pen.number(7_000_000 + number).put(",0x8000000000000000,10.0.0.0-10.255.255.255,");
    pen.put(place_of(flow.to).map_or("United States", |place| place.country));
    pen.put(",,").number(packets_sent).put(",").number(packets_received);
    pen.put(if flow.is_allowed { ",tcp-fin" } else { ",policy-deny" }).put(",0,0,0,0,,fw01,from-policy");
    Source::PanOs
}

/// A line of Squid's native access log. Squid counts what it sends to the client: how much an upload carried
/// out is in the firewall's log.
pub(super) fn web(pen: &mut Pen<'_>, web: &Web) -> Source {
    let took = 5 + pen.dice.below(3000);
    let page = pen.dice.below(5000);
    let world = pen.world;
    pen.time(Form::Unix).put(" ");
    let width = match took {
        0..=9 => 5,
        10..=99 => 4,
        100..=999 => 3,
        _ => 2,
    };
    for _ in 0..width {
        pen.put(" ");
    }
    pen.number(took).put(" ").ip(web.from).put(" TCP_MISS/200 ").number(web.bytes);
    pen.put(if web.is_upload { " POST http://" } else { " GET http://" }).put(web.domain);
    pen.put(if web.is_upload { "/upload/" } else { "/page/" }).number(page).put(" ");
    pen.put(&world.account(web.user).name).put(" HIER_DIRECT/").ip(web.address);
    pen.put(if web.is_upload { " application/json" } else { " text/html" });
    Source::Squid
}

pub(super) fn name(pen: &mut Pen<'_>, from: u32, domain: &str) -> Source {
    let (pointer, port) = (pen.dice.next() >> 36, pen.client_port());
    pen.time(Form::Bind).put(" queries: info: client @0x7f2c");
    put_hex(pen.out, pointer, 7);
    pen.put(" ").ip(from).put("#").number(port).put(" (").put(domain).put("): query: ").put(domain);
    pen.put(" IN A +E(0)K (10.11.0.53)");
    Source::Bind
}
