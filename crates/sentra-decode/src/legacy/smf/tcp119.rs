//! Type 119: TCP connections, FTP transfers and failed logins, Telnet sessions.
//!
//! As documented in SC27-3659, *Type 119 SMF records*: a self-defining section of triplets at 24, the first for
//! the TCP/IP identification, the others for the parts of the subtype.

use std::borrow::Cow;

use sentra_model::{Class, Outcome};

use crate::legacy::smf::section;
use crate::legacy::smf::tcp118::{endpoints, fill_ftp, fill_ftp_login_failure, fill_telnet};
use crate::legacy::view::{Draft, Field, Kind, View, field};

const IDENTIFICATION: &[Field] = &[
    field("smf.system_name", 0, Kind::Text(8)),
    field("smf.sysplex", 8, Kind::Text(8)),
    field("smf.stack", 16, Kind::Text(8)),
    field("smf.release", 24, Kind::Text(8)),
    field("smf.component", 32, Kind::Text(8)),
    field("smf.address_space", 40, Kind::Text(8)),
    field("smf.writer_user", 48, Kind::Text(8)),
    field("smf.address_space_id", 58, Kind::U16),
    field("smf.write_reason", 60, Kind::Hex(1)),
];
const CONNECTION_INIT: &[Field] = &[
    field("smf.job_name", 0, Kind::Text(8)),
    field("smf.connection_id", 8, Kind::U32),
    field("smf.remote_ip", 20, Kind::Ip16),
    field("smf.local_ip", 36, Kind::Ip16),
    field("smf.remote_port", 52, Kind::U16),
    field("smf.local_port", 54, Kind::U16),
    field("smf.start_time", 56, Kind::TimeDate),
];
const CONNECTION_TERM: &[Field] = &[
    field("smf.job_name", 0, Kind::Text(8)),
    field("smf.connection_id", 8, Kind::U32),
    field("smf.tls_status", 12, Kind::U8),
    field("smf.termination_code", 14, Kind::Hex(1)),
    field("smf.start_time", 20, Kind::TimeDate),
    field("smf.end_time", 28, Kind::TimeDate),
    field("smf.remote_ip", 36, Kind::Ip16),
    field("smf.local_ip", 52, Kind::Ip16),
    field("smf.remote_port", 68, Kind::U16),
    field("smf.local_port", 70, Kind::U16),
    field("smf.bytes_in", 72, Kind::U64),
    field("smf.bytes_out", 80, Kind::U64),
    field("smf.active_open", 112, Kind::U8),
];
const FTP_CLIENT: &[Field] = &[
    field("smf.ftp_command", 0, Kind::Text(4)),
    field("smf.ftp_file_type", 4, Kind::Text(4)),
    field("smf.remote_ip", 44, Kind::Ip16),
    field("smf.local_ip", 60, Kind::Ip16),
    field("smf.remote_port", 76, Kind::U16),
    field("smf.local_port", 78, Kind::U16),
    field("smf.remote_user", 80, Kind::Text(8)),
    field("smf.user", 88, Kind::Text(8)),
    field("smf.start_time", 100, Kind::TimeDate),
    field("smf.end_time", 108, Kind::TimeDate),
    field("smf.duration_hundredths", 116, Kind::U32),
    field("smf.bytes", 120, Kind::U64),
    field("smf.ftp_reply", 128, Kind::Text(4)),
    field("smf.member", 132, Kind::Text(8)),
];
const FTP_SERVER: &[Field] = &[
    field("smf.ftp_operation", 0, Kind::U8),
    field("smf.ftp_command", 4, Kind::Text(4)),
    field("smf.ftp_file_type", 8, Kind::Text(4)),
    field("smf.remote_ip", 48, Kind::Ip16),
    field("smf.local_ip", 64, Kind::Ip16),
    field("smf.remote_port", 80, Kind::U16),
    field("smf.local_port", 82, Kind::U16),
    field("smf.user", 84, Kind::Text(8)),
    field("smf.start_time", 96, Kind::TimeDate),
    field("smf.end_time", 104, Kind::TimeDate),
    field("smf.duration_hundredths", 112, Kind::U32),
    field("smf.bytes", 116, Kind::U64),
    field("smf.ftp_reply", 124, Kind::Text(4)),
    field("smf.member", 128, Kind::Text(8)),
    field("smf.connection_id", 160, Kind::U32),
    field("smf.session", 168, Kind::Text(15)),
];
const FTP_LOGIN_FAILURE: &[Field] = &[
    field("smf.remote_ip", 0, Kind::Ip16),
    field("smf.local_ip", 16, Kind::Ip16),
    field("smf.remote_port", 32, Kind::U16),
    field("smf.local_port", 34, Kind::U16),
    field("smf.user", 36, Kind::Text(8)),
    field("smf.failure_reason", 44, Kind::U8),
    field("smf.connection_id", 48, Kind::U32),
    field("smf.session", 52, Kind::Text(15)),
];
const FTP_SECURITY: &[Field] = &[
    field("smf.protection", 0, Kind::Text(1)),
    field("smf.login_method", 3, Kind::Text(1)),
    field("smf.protocol_level", 4, Kind::Text(8)),
];
const TELNET_INIT: &[Field] = &[
    field("smf.lu_name", 0, Kind::Text(8)),
    field("smf.application", 8, Kind::Text(8)),
    field("smf.logical_device", 16, Kind::U32),
    field("smf.remote_ip", 20, Kind::Ip16),
    field("smf.local_ip", 36, Kind::Ip16),
    field("smf.remote_port", 52, Kind::U16),
    field("smf.local_port", 54, Kind::U16),
    field("smf.start_time", 56, Kind::TimeDate),
];
const TELNET_TERM: &[Field] = &[
    field("smf.lu_name", 0, Kind::Text(8)),
    field("smf.application", 8, Kind::Text(8)),
    field("smf.logical_device", 16, Kind::U32),
    field("smf.remote_ip", 20, Kind::Ip16),
    field("smf.local_ip", 36, Kind::Ip16),
    field("smf.remote_port", 52, Kind::U16),
    field("smf.local_port", 54, Kind::U16),
    field("smf.tcp_host", 56, Kind::Text(8)),
    field("smf.bytes_in", 64, Kind::U64),
    field("smf.bytes_out", 72, Kind::U64),
    field("smf.start_time", 80, Kind::TimeDate),
    field("smf.end_time", 88, Kind::TimeDate),
];

/// Names longer than this are no file names.
const FILE_NAME_BYTES_MAX: usize = 1024;

/// Where the triplet of the nth part stands; 0 is the identification.
const fn triplet(part: usize) -> usize {
    28 + 8 * part
}

pub(super) fn decode(view: View<'_>, draft: &mut Draft) {
    if let Some(part) = section(view, triplet(0), "TCP/IP identification", draft) {
        draft.read(part, IDENTIFICATION);
    }
    let subtype = draft.number("smf.subtype").unwrap_or_default();
    let layout = match subtype {
        1 => CONNECTION_INIT,
        2 => CONNECTION_TERM,
        3 => FTP_CLIENT,
        20 => TELNET_INIT,
        21 => TELNET_TERM,
        70 => FTP_SERVER,
        72 => FTP_LOGIN_FAILURE,
        _ => {
            let component = draft.first(&["smf.component"]);
            draft.event.class = Class::NETWORK;
            draft.event.message = Cow::Owned(format!("TCP/IP record of subtype {subtype} from {component}"));
            draft.problem(format!("subtype {subtype} of SMF type 119 is known by its identification only"));
            return;
        }
    };
    match section(view, triplet(1), "subtype", draft) {
        Some(part) => draft.read(part, layout),
        None => draft.problem("the section of the subtype is missing"),
    }
    match subtype {
        1 | 2 => connection(subtype == 1, draft),
        20 | 21 => fill_telnet(subtype == 20, draft),
        72 => login_failure(view, draft),
        _ => transfer(view, subtype == 70, draft),
    }
}

fn connection(opened: bool, draft: &mut Draft) {
    // Only the end of a connection says who began it; a well-known local port is a server's.
    let is_server = match draft.number("smf.active_open") {
        Some(active) => active == 0,
        None => draft.port("smf.local_port") < 1024,
    };
    endpoints(draft, is_server);
    draft.push("security.action", if opened { "connect" } else { "disconnect" });
    let verb = if opened { "opened" } else { "closed" };
    let job = draft.first(&["smf.job_name"]);
    let (peer, peer_port) = (draft.first(&["smf.remote_ip"]), draft.port("smf.remote_port"));
    let port = draft.port("smf.local_port");
    let session = draft.first(&["smf.connection_id"]);
    let event = &mut draft.event;
    event.class = Class::NETWORK;
    event.outcome = Outcome::Success;
    event.message =
        Cow::Owned(format!("{job} {verb} a TCP connection with {peer} port {peer_port}, local port {port}"));
    event.process = job;
    event.session = session;
}

fn login_failure(view: View<'_>, draft: &mut Draft) {
    if let Some(part) = section(view, triplet(2), "security", draft) {
        draft.read(part, FTP_SECURITY);
    }
    endpoints(draft, true);
    draft.event.user = draft.first(&["smf.user"]);
    draft.event.session = draft.first(&["smf.session"]);
    let reason = match draft.number("smf.failure_reason") {
        Some(1) => "password is not valid",
        Some(2) => "password has expired",
        Some(3) => "user has been revoked",
        Some(4) => "user does not have server access",
        Some(5) => "refused by the user exit",
        Some(6) => "excessive bad passwords",
        Some(7) => "group processing failed",
        Some(_) => "a reason not known here",
        None => "",
    };
    fill_ftp_login_failure(reason, draft);
}

fn transfer(view: View<'_>, is_server: bool, draft: &mut Draft) {
    let named = |name| [field(name, 0, Kind::TextUpTo(FILE_NAME_BYTES_MAX))];
    let (host, file, new_file) = if is_server { (Some(2), 3, Some(4)) } else { (None, 2, None) };
    for (part, name) in [(host, "smf.remote_host"), (Some(file), "smf.file"), (new_file, "smf.new_file")] {
        let Some(part) = part else { continue };
        if let Some(found) = section(view, triplet(part), "name", draft) {
            draft.read(found, &named(name));
        }
    }
    endpoints(draft, is_server);
    draft.event.user = draft.first(&["smf.user", "smf.remote_user"]);
    draft.event.session = draft.first(&["smf.session"]);
    draft.event.domain = draft.first(&["smf.remote_host"]);
    let operation = match draft.number("smf.ftp_operation") {
        Some(1) => "APPE",
        Some(2) => "DELE",
        Some(3) => "REN",
        Some(4) => "RETR",
        Some(5 | 6) => "STOR",
        _ => "",
    };
    let function = draft.first(&["smf.ftp_command"]);
    let function = if function.is_empty() { Cow::Borrowed(operation) } else { function };
    fill_ftp(if is_server { "server" } else { "client" }, &function, draft);
}
