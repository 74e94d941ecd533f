//! Access lines in the formats `common`, `combined` and `vhost_combined` that nginx, Apache and many others
//! share: `[vhost[:port] ]client ident user [time] "request" status bytes ["referer" "user agent" …]`.
//!
//! A bare line does not say which server wrote it: its product is `webserver`, its format `web_access`.

use std::borrow::Cow;

use sentra_model::Event;

use super::request::{self, Request};
use crate::address;
use crate::decoder::Context;
use crate::format::{Format, Payload, Shape};
use crate::names::note;
use crate::scan::{known, put, quoted, set_time, token};
use crate::time;

pub(crate) static FORMAT: Format = Format {
    name: "web_access",
    title: "web server access lines: common, combined, vhost_combined",
    sample: r#"192.0.2.7 - alice [01/Mar/2026:10:00:00 +0000] "GET /login?next=/ HTTP/1.1" 200 512 "https://example.com/" "Mozilla/5.0""#,
    shape: Shape::Text {
        programs: &[],
        recognise: |payload| split(payload.text).is_some(),
        parse: |context, payload, event| parse(context, payload, event, "webserver"),
    },
};

/// Law LIMIT: how far into a line its bracketed time is looked for.
const TIME_WITHIN_BYTES_MAX: usize = 512;
/// Law LIMIT: how many brackets are looked at for one that holds a time.
const BRACKETS_MAX: usize = 8;

/// A line around its time and request.
pub(crate) struct Parts<'a> {
    /// `client ident user` and what may stand before them.
    pub(crate) who: &'a str,
    pub(crate) time: time::WallTime,
    pub(crate) request: &'a str,
    /// Status, bytes and all that follows.
    pub(crate) rest: &'a str,
}

/// Takes a line apart; `None` when it has no `[time] "request"`.
pub(crate) fn split(text: &str) -> Option<Parts<'_>> {
    let head = text.as_bytes().get(..TIME_WITHIN_BYTES_MAX).unwrap_or(text.as_bytes());
    // A user's name may have brackets, but the quote after the time it cannot have: servers escape it.
    memchr::memchr_iter(b'[', head).take(BRACKETS_MAX).find_map(|open| {
        if !head.get(open + 1)?.is_ascii_digit() {
            return None;
        }
        let (time, after) = time::common_log(text.get(open + 1..)?)?;
        let (request, rest) = quoted(after.strip_prefix("] ")?)?;
        let who = text.get(..open)?.trim_end();
        (who.split(' ').take(3).count() == 3).then_some(Parts { who, time, request, rest: rest.trim_start() })
    })
}

/// Fills the event of an access line that `product` wrote.
pub(crate) fn parse<'a>(
    context: &Context<'_>,
    payload: &Payload<'a>,
    event: &mut Event<'a>,
    product: &'static str,
) -> bool {
    let Some(parts) = split(payload.text) else { return false };
    request::start(event, product);
    set_time(context, event, Some(parts.time), payload.in_syslog);
    event.message = Cow::Borrowed(parts.request);
    put_client(event, parts.who);
    match Request::of(parts.request) {
        Some(request) => {
            request::put_server_fields(event, &request);
            if event.domain.is_empty() {
                event.domain = Cow::Borrowed(request.host());
            }
        }
        // Port scans and TLS on a plain port: the bytes are the finding.
        None => put(event, "cs-uri-query", parts.request),
    }
    put(event, "request", parts.request);
    put_answer(event, parts.rest);
    true
}

/// `[vhost[:port] ]client ident user`; the user's name may have blanks in it.
fn put_client<'a>(event: &mut Event<'a>, who: &'a str) {
    let (first, mut rest) = token(who);
    let (second, after_second) = token(rest);
    let mut client = first;
    if address::ip(first).is_none() && address::ip(second).is_some() {
        let host = request::without_port(first);
        put(event, "cs-host", host);
        event.domain = Cow::Borrowed(known(host));
        (client, rest) = (second, after_second);
    }
    put(event, "c-ip", client);
    match address::ip(client) {
        Some(address) => event.src_ip = Cow::Borrowed(address),
        None => put(event, "c-dns", client),
    }
    let (ident, user) = token(rest);
    put(event, "ident", ident);
    // Behind a virtual host some formats put a request id between the two.
    let user = match user.split_once(' ') {
        Some((id, user)) if client != first && !user.contains(' ') => {
            put(event, "request_id", id);
            user
        }
        _ => user,
    };
    put(event, "cs-username", user);
    event.user = Cow::Borrowed(known(user));
}

/// `status bytes ["referer" "user agent" ["forwarded for"] …]`.
fn put_answer<'a>(event: &mut Event<'a>, rest: &'a str) {
    let (status, rest) = token(rest);
    let (bytes, mut rest) = token(rest);
    if status.len() != 3 || !crate::scan::is_number(status) {
        note(event, "no status after the request");
    }
    put(event, "sc-status", status);
    put(event, "sc-bytes", bytes);
    event.outcome = request::outcome(status);
    for name in ["cs-referer", "cs-user-agent"] {
        let Some((value, after)) = quoted(rest) else { break };
        put(event, name, value);
        rest = after.trim_start();
    }
    while let Some((value, after)) = quoted(rest) {
        let is_forwarded = value.split(',').next().is_some_and(|first| address::ip(first).is_some());
        put(event, if is_forwarded { "x-forwarded-for" } else { "extra" }, value);
        rest = after.trim_start();
    }
    put(event, "extra", rest);
}
