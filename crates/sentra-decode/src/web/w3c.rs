//! The W3C extended format as IIS writes it. A record stands alone, so the `#Fields` line of its file is not
//! known here: the fields are IIS's default ones, in the order of IIS 7 and later. A line with more or fewer
//! values than those keeps the ones whose place is sure.

use std::borrow::Cow;

use sentra_model::Event;

use super::request;
use crate::address;
use crate::decoder::Context;
use crate::format::{Format, Payload, Shape};
use crate::names::note;
use crate::scan::{is_number, known, put, set_time, tokens};
use crate::time;

pub(crate) static FORMAT: Format = Format {
    name: "w3c",
    title: "W3C extended log lines in IIS's default field order",
    sample: "2026-03-01 10:00:00 198.51.100.2 GET /default.aspx id=1 443 alice 192.0.2.7 Mozilla/5.0+(X11) https://example.com/ 200 0 0 15",
    shape: Shape::Text { programs: &[], recognise, parse },
};

/// What follows the first nine values in IIS's default order.
const LATER_NAMES: [&str; 6] =
    ["cs-user-agent", "cs-referer", "sc-status", "sc-substatus", "sc-win32-status", "time-taken"];

fn recognise(payload: &Payload<'_>) -> bool {
    !payload.in_syslog && (is_directive(payload.text) || split(payload.text).is_some())
}

/// The lines about the file itself.
fn is_directive(text: &str) -> bool {
    ["#Software: ", "#Version: ", "#Date: ", "#Fields: date time "].iter().any(|mark| text.starts_with(mark))
}

/// `server-ip method stem query port user client-ip`, and what follows.
fn split(text: &str) -> Option<(time::WallTime, [&str; 7], &str)> {
    if !text.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let (time, rest) = time::iso(text)?;
    let (values, rest) = tokens::<7>(rest.strip_prefix(' ')?)?;
    let [server, method, stem, _, port, _, client] = values;
    let is_request = address::ip(server).is_some()
        && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte == b'-')
        && (stem.starts_with('/') || stem == "*")
        && is_number(port)
        && address::ip(client).is_some();
    is_request.then_some((time, values, rest))
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    if is_directive(payload.text) {
        directive(context, payload, event);
        return true;
    }
    let Some((time, values, rest)) = split(payload.text) else { return false };
    request::start(event, "iis");
    set_time(context, event, Some(time), payload.in_syslog);
    let [server, method, stem, query, port, user, client] = values;
    put(event, "s-ip", server);
    put(event, "cs-method", method);
    put(event, "cs-uri-stem", stem);
    put(event, "cs-uri-query", query);
    // Sigma's rules look for paths under the name of the query.
    put(event, "cs-uri-query", stem);
    put(event, "s-port", port);
    put(event, "cs-username", user);
    put(event, "c-ip", client);
    event.user = Cow::Borrowed(known(user));
    event.src_ip = address::ip(client).map(Cow::Borrowed).unwrap_or_default();
    event.dst_ip = address::ip(server).map(Cow::Borrowed).unwrap_or_default();
    event.dst_port = address::port(port);
    event.message = Cow::Borrowed(stem);
    put_later(event, rest);
    true
}

fn directive<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) {
    request::start(event, "iis");
    event.class = sentra_model::Class::BASE;
    event.message = Cow::Borrowed(payload.text);
    put(event, "directive", payload.text);
    let date = payload.text.strip_prefix("#Date: ").and_then(time::value);
    set_time(context, event, date, payload.in_syslog);
}

/// User agent, referer, status and times.
fn put_later<'a>(event: &mut Event<'a>, rest: &'a str) {
    let mut values = rest.split(' ').filter(|value| !value.is_empty());
    let status = rest.split(' ').filter(|value| !value.is_empty()).nth(2).unwrap_or_default();
    if status.len() != 3 || !is_number(status) {
        // Without a referer, as IIS 6 wrote it, the status comes second.
        put(event, "cs-user-agent", values.next().unwrap_or_default());
        let status = values.clone().find(|value| value.len() == 3 && is_number(value)).unwrap_or_default();
        put(event, "sc-status", status);
        event.outcome = request::outcome(status);
        note(event, "other fields than IIS's default ones, their order taken as usual");
        return;
    }
    for name in LATER_NAMES {
        put(event, name, values.next().unwrap_or_default());
    }
    event.outcome = request::outcome(status);
    for value in values {
        put(event, "extra", value);
    }
}
