//! Type 118: TCP/IP statistics of older releases. Its subtypes are whatever the installation assigns, so what
//! a record is stands in its first word: `INIT`, `TERM`, `LOGN`, `LOGF`, or an FTP command.

use std::borrow::Cow;

use sentra_model::{Class, EventCode, Outcome};

use crate::legacy::smf::{aside, or_unknown, require};
use crate::legacy::view::{Draft, Field, Kind, View, field};

/// As documented in SC27-3659, *FTP server Type 118 SMF record layout*.
const FTP_SERVER: &[Field] = &[
    field("smf.ftp_command", 24, Kind::Text(4)),
    field("smf.ftp_file_type", 28, Kind::Text(4)),
    field("smf.remote_ip", 32, Kind::Ip4),
    field("smf.local_ip", 36, Kind::Ip4),
    field("smf.user", 48, Kind::Text(8)),
    field("smf.bytes", 68, Kind::U32),
    field("smf.ftp_reply", 73, Kind::Text(3)),
    field("smf.file", 76, Kind::Text(44)),
    field("smf.member", 120, Kind::Text(8)),
    field("smf.new_file", 136, Kind::Text(44)),
];
const FTP_SERVER_BYTES: usize = 136;

/// As documented in SC27-3659, *SMF record layout for FTP client calls*.
const FTP_CLIENT: &[Field] = &[
    field("smf.ftp_command", 24, Kind::Text(4)),
    field("smf.ftp_reply", 28, Kind::Text(4)),
    field("smf.local_ip", 32, Kind::Ip4),
    field("smf.remote_ip", 36, Kind::Ip4),
    field("smf.local_port", 40, Kind::U16),
    field("smf.remote_port", 42, Kind::U16),
    field("smf.remote_user", 48, Kind::Text(8)),
    field("smf.bytes", 68, Kind::U32),
    field("smf.file", 76, Kind::Text(44)),
    field("smf.member", 120, Kind::Text(8)),
    field("smf.user", 188, Kind::Text(8)),
    field("smf.remote_host", 196, Kind::Text(8)),
];
const FTP_CLIENT_BYTES: usize = 196;

/// As documented in SC27-3659, *TN3270E Telnet server SMF record layout*.
const TELNET: &[Field] = &[
    field("smf.lu_name", 28, Kind::Text(8)),
    field("smf.application", 36, Kind::Text(8)),
    field("smf.logical_device", 44, Kind::U32),
    field("smf.remote_ip", 48, Kind::Ip4),
    field("smf.local_ip", 52, Kind::Ip4),
    field("smf.stack", 56, Kind::Text(8)),
    field("smf.tcp_host", 64, Kind::Text(8)),
    field("smf.bytes_in", 74, Kind::U32),
    field("smf.bytes_out", 78, Kind::U32),
    field("smf.end_time", 82, Kind::TimeDate),
    field("smf.remote_port", 90, Kind::U16),
    field("smf.local_port", 92, Kind::U16),
];
const TELNET_BYTES: usize = 94;

/// API calls, as the macro EZASMF76 maps them; from general knowledge, no table at hand confirms it.
const API: &[Field] = &[
    field("smf.local_ip", 28, Kind::Ip4),
    field("smf.remote_ip", 32, Kind::Ip4),
    field("smf.local_port", 36, Kind::U16),
    field("smf.remote_port", 38, Kind::U16),
    field("smf.bytes_in", 40, Kind::U32),
    field("smf.bytes_out", 44, Kind::U32),
    field("smf.job_name", 48, Kind::Text(8)),
];
const API_BYTES: usize = 56;

pub(super) fn decode(view: View<'_>, draft: &mut Draft) {
    let function = view.text(24, 4).unwrap_or_default();
    // Where FTP records say which end of the transfer wrote them.
    let end = view.text(72, 1).unwrap_or_default();
    match (function.as_str(), end.as_str()) {
        ("INIT" | "TERM", _) => api(view, &function, draft),
        (_, "S") if is_command(&function) => ftp_server(view, &function, draft),
        (_, "C") if is_command(&function) => ftp_client(view, &function, draft),
        ("LOGN" | "LOGF", _) => telnet(view, &function, draft),
        _ => {
            draft.event.class = Class::NETWORK;
            draft.event.message = Cow::Borrowed("TCP/IP statistics of a layout not known here");
            draft.problem(format!("function {function:?} of SMF type 118 is not known"));
        }
    }
}

fn is_command(function: &str) -> bool {
    matches!(function, "APPE" | "DELE" | "LOGN" | "REN" | "RNTO" | "RETR" | "STOR" | "STOU")
}

fn api(view: View<'_>, function: &str, draft: &mut Draft) {
    draft.read(view, API);
    require(view, API_BYTES, "connection data", draft);
    endpoints(draft, false);
    let verb = if function == "INIT" { "opened" } else { "closed" };
    draft.push("security.action", if function == "INIT" { "connect" } else { "disconnect" });
    let job = draft.first(&["smf.job_name"]);
    let peer = draft.first(&["smf.remote_ip"]);
    let event = &mut draft.event;
    event.class = Class::NETWORK;
    event.outcome = Outcome::Success;
    event.message = Cow::Owned(format!("{job} {verb} a TCP connection with {peer}"));
    event.process = job;
}

fn telnet(view: View<'_>, function: &str, draft: &mut Draft) {
    let lu_name = view.bytes(28, 8).unwrap_or_default();
    if !view.page.is_printable(lu_name) {
        draft.event.class = Class::NETWORK;
        draft.event.message = Cow::Borrowed("Telnet client session");
        draft.problem("the layout of Telnet client records of SMF type 118 is not known here");
        return;
    }
    draft.read(view, TELNET);
    require(view, TELNET_BYTES, "Telnet data", draft);
    fill_telnet(function == "LOGN", draft);
}

/// Shared with type 119: a Telnet session of a terminal began or ended. It is no login yet: the user
/// says to the application who he is, and that is another record.
pub(super) fn fill_telnet(began: bool, draft: &mut Draft) {
    endpoints(draft, true);
    draft.push("security.action", if began { "session_start" } else { "session_end" });
    let lu_name = draft.first(&["smf.lu_name"]);
    if !lu_name.is_empty() {
        draft.push("smf.terminal", lu_name.clone());
    }
    let application = draft.first(&["smf.application"]);
    let peer = draft.first(&["smf.remote_ip"]);
    let verb = if began { "began" } else { "ended" };
    let event = &mut draft.event;
    event.class = Class::NETWORK;
    event.outcome = Outcome::Success;
    event.message = Cow::Owned(format!(
        "Telnet session from {peer} to {application} {verb}{}",
        aside("terminal", &lu_name)
    ));
    event.app = application;
    event.session = lu_name;
}

fn ftp_server(view: View<'_>, function: &str, draft: &mut Draft) {
    draft.read(view, FTP_SERVER);
    require(view, FTP_SERVER_BYTES, "FTP server data", draft);
    endpoints(draft, true);
    if function == "LOGN" {
        // The record of a failed login has the user in the place of the data set.
        draft.event.user = draft.first(&["smf.file", "smf.user"]);
        fill_ftp_login_failure("", draft);
        return;
    }
    draft.event.user = draft.first(&["smf.user"]);
    fill_ftp("server", function, draft);
}

fn ftp_client(view: View<'_>, function: &str, draft: &mut Draft) {
    draft.read(view, FTP_CLIENT);
    require(view, FTP_CLIENT_BYTES, "FTP client data", draft);
    endpoints(draft, false);
    draft.event.user = draft.first(&["smf.user", "smf.remote_user"]);
    fill_ftp("client", function, draft);
}

/// A failed login at the FTP server.
pub(super) fn fill_ftp_login_failure(reason: &str, draft: &mut Draft) {
    draft.push("security.action", "logon");
    let peer = draft.first(&["smf.remote_ip"]);
    let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    let event = &mut draft.event;
    event.class = Class::AUTHENTICATION;
    event.code = Some(EventCode::LL03);
    event.outcome = Outcome::Failure;
    event.app = Cow::Borrowed("ftp");
    event.message =
        Cow::Owned(format!("FTP login of {} from {peer} failed{because}", or_unknown(&event.user)));
}

/// A transfer, deletion or rename by FTP.
pub(super) fn fill_ftp(end: &str, function: &str, draft: &mut Draft) {
    let verb = match function {
        "APPE" => "appended to",
        "DELE" => "deleted",
        "REN" | "RNTO" | "RNFR" => "renamed",
        "RETR" => "retrieved",
        "STOR" | "STOU" => "stored",
        _ => "transferred",
    };
    draft.push("security.action", verb.split(' ').next().unwrap_or_default());
    let file = draft.first(&["smf.file"]);
    let member = draft.first(&["smf.member"]);
    let file = if member.is_empty() { file.into_owned() } else { format!("{file}({member})") };
    let new_file = draft.first(&["smf.new_file"]);
    let to = if new_file.is_empty() { String::new() } else { format!(" to {new_file}") };
    let peer = draft.first(&["smf.remote_ip"]);
    // Replies of 4yz and 5yz say that the command failed.
    let reply = draft.first(&["smf.ftp_reply"]);
    let failed = reply.starts_with(['4', '5']);
    let verdict = if failed { format!(" (failed with reply {reply})") } else { String::new() };
    let event = &mut draft.event;
    event.class = Class::FILE;
    event.outcome = if failed { Outcome::Failure } else { Outcome::Success };
    event.app = Cow::Borrowed("ftp");
    event.command = Cow::Owned(function.to_owned());
    event.message = Cow::Owned(format!(
        "{} {verb} {file}{to} by FTP {end}, peer {peer}{verdict}",
        or_unknown(&event.user)
    ));
    event.file = Cow::Owned(file);
}

/// Addresses and ports as header values. `is_server` says that the other side began the connection.
pub(super) fn endpoints(draft: &mut Draft, is_server: bool) {
    let remote = (draft.first(&["smf.remote_ip"]), draft.port("smf.remote_port"));
    let local = (draft.first(&["smf.local_ip"]), draft.port("smf.local_port"));
    let (from, to) = if is_server { (remote, local) } else { (local, remote) };
    (draft.event.src_ip, draft.event.src_port) = from;
    (draft.event.dst_ip, draft.event.dst_port) = to;
}
