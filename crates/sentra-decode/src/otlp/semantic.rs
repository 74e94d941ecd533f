//! OpenTelemetry's semantic conventions: what attributes say, into the header columns that are still empty.

use std::borrow::Cow;

use sentra_model::{Class, Event, FieldValue, Mart, Outcome};

use crate::address;
use crate::names::{first_of, header_text};

/// Names that Sigma's rules for web servers use, and the attribute that has the value.
const WEB_NAMES: [(&str, &[&str]); 9] = [
    ("c-ip", &["client.address", "http.client_ip", "source.address"]),
    ("cs-method", &["http.request.method", "http.method"]),
    ("cs-uri-stem", &["url.path"]),
    ("cs-uri-query", &["url.query"]),
    ("cs-uri", &["url.full", "http.url", "http.target"]),
    ("cs-host", &["server.address", "http.host"]),
    ("cs-user-agent", &["user_agent.original", "http.user_agent"]),
    ("cs-referer", &["http.request.header.referer"]),
    ("sc-status", &["http.response.status_code", "http.status_code"]),
];

/// Fills what the body left open.
pub(super) fn fill(event: &mut Event<'_>) {
    let is_bare = matches!(event.format.as_ref(), "otlp" | "json");
    columns(event);
    network(event);
    if event.message.is_empty() {
        exception(event);
    }
    let is_web = first_of(&event.fields, &["http.request.method", "http.method"]).is_some();
    if is_bare && is_web {
        web(event);
    }
    let os = text(event, &["os.type"]).to_ascii_lowercase();
    if event.product.is_empty() {
        event.product = Cow::Borrowed(product(&os));
    }
    if is_bare {
        event.mart = mart(event, &os, is_web);
        if event.class == Class::BASE && first_of(&event.fields, &["process.command_line"]).is_some() {
            event.class = Class::PROCESS;
        }
    }
}

fn text<'a>(event: &Event<'a>, names: &[&str]) -> Cow<'a, str> {
    first_of(&event.fields, names).map(header_text).unwrap_or_default()
}

fn columns(event: &mut Event<'_>) {
    let fields = &event.fields;
    let text = |names: &[&str]| first_of(fields, names).map(header_text).unwrap_or_default();
    let columns = [
        (&mut event.host, text(&["host.name", "k8s.node.name", "host.id", "host.ip"])),
        (&mut event.app, text(&["service.name", "k8s.container.name", "container.name"])),
        (&mut event.user, text(&["user.name", "enduser.id", "user.email", "user.id", "process.owner"])),
        (
            &mut event.process,
            text(&["process.executable.path", "process.executable.name", "process.command"]),
        ),
        (&mut event.pid, text(&["process.pid"])),
        (&mut event.command, text(&["process.command_line"])),
        (&mut event.session, text(&["session.id"])),
        (&mut event.file, text(&["file.path", "url.path"])),
        (&mut event.domain, text(&["dns.question.name", "url.domain", "http.host"])),
    ];
    for (column, value) in columns {
        if column.is_empty() {
            *column = value;
        }
    }
}

fn network(event: &mut Event<'_>) {
    let fields = &event.fields;
    let ip = |names: &[&str]| {
        let found = names.iter().filter_map(|name| first_of(fields, &[name]));
        found.map(header_text).find_map(|text| address::ip_of(&text)).unwrap_or_default()
    };
    let port = |names: &[&str]| first_of(fields, names).map_or(0, |value| address::port(&value.as_text()));
    let source = ip(&[
        "client.address",
        "source.address",
        "network.peer.address",
        "net.peer.ip",
        "net.sock.peer.addr",
        "http.client_ip",
    ]);
    let target = ip(&["destination.address", "server.address", "network.local.address", "net.host.ip"]);
    let ports = (
        port(&["client.port", "source.port", "network.peer.port", "net.peer.port"]),
        port(&["destination.port", "server.port", "network.local.port", "net.host.port"]),
    );
    let server = text(event, &["server.address", "destination.address"]);
    if event.src_ip.is_empty() {
        (event.src_ip, event.src_port) = (source, ports.0);
    }
    if event.dst_ip.is_empty() {
        (event.dst_ip, event.dst_port) = (target, ports.1);
    }
    if event.domain.is_empty() && address::ip(&server).is_none() {
        event.domain = server;
    }
}

/// `java.io.IOException: no route to host`.
fn exception(event: &mut Event<'_>) {
    let (kind, message) =
        (text(event, &["exception.type"]), text(event, &["exception.message", "event.name"]));
    event.message = match (kind.is_empty(), message.is_empty()) {
        (false, false) => Cow::Owned(format!("{kind}: {message}")),
        (false, true) => kind,
        (true, _) => message,
    };
}

fn web(event: &mut Event<'_>) {
    event.class = Class::HTTP;
    let status = text(event, &["http.response.status_code", "http.status_code"]).parse::<u16>();
    event.outcome = match status {
        Ok(100..400) => Outcome::Success,
        Ok(400..) => Outcome::Failure,
        _ => Outcome::Unknown,
    };
    let copies: Vec<_> = WEB_NAMES
        .iter()
        .filter_map(|(name, sources)| Some((*name, first_of(&event.fields, sources)?.clone())))
        .collect();
    for (name, value) in copies {
        event.push(name, value);
    }
}

fn product(os: &str) -> &'static str {
    match os {
        "linux" => "linux",
        "windows" => "windows",
        "darwin" => "macos",
        _ => "",
    }
}

/// A host's record goes to the mart of its system, a web request to `proxy`, what only a cloud knows to `cloud`.
fn mart(event: &Event<'_>, os: &str, is_web: bool) -> Mart {
    let has =
        |names: &[&str]| first_of(&event.fields, names).is_some_and(|value| *value != FieldValue::from(""));
    match os {
        _ if is_web => Mart::PROXY,
        "windows" => Mart::WINDOWS,
        "linux" | "darwin" | "freebsd" | "aix" | "solaris" => Mart::LINUX,
        _ if has(&["cloud.provider", "k8s.pod.name", "faas.name"]) => Mart::CLOUD,
        _ if has(&["host.name", "host.id"]) => Mart::LINUX,
        _ => Mart::CLOUD,
    }
}
