//! The messages of ASA, FTD and PIX by their numbers.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, FieldValue, Outcome};

use super::template::{self, End};
use crate::address;
use crate::devices::push_new;
use crate::names::note;

/// What a number means. The first template that fits takes the message apart.
struct Message {
    id: &'static str,
    class: Class,
    code: Option<EventCode>,
    outcome: Outcome,
    service: &'static str,
    templates: &'static [&'static str],
}

const fn traffic(id: &'static str, outcome: Outcome, templates: &'static [&'static str]) -> Message {
    Message { id, class: Class::NETWORK, code: None, outcome, service: "", templates }
}

const fn login(
    id: &'static str,
    code: Option<EventCode>,
    outcome: Outcome,
    templates: &'static [&'static str],
) -> Message {
    Message { id, class: Class::AUTHENTICATION, code, outcome, service: "aaa", templates }
}

const fn command(id: &'static str, templates: &'static [&'static str]) -> Message {
    let code = Some(EventCode::AO02);
    Message { id, class: Class::DEVICE_CONFIG, code, outcome: Outcome::Success, service: "aaa", templates }
}

const fn account(id: &'static str, code: EventCode, templates: &'static [&'static str]) -> Message {
    let code = Some(code);
    Message { id, class: Class::ACCOUNT_CHANGE, code, outcome: Outcome::Success, service: "aaa", templates }
}

const DENIED: Outcome = Outcome::Failure;
const ALLOWED: Outcome = Outcome::Success;
const BUILT: &[&str] = &["Built {direction} {protocol} connection {connection} for {first} to {second}"];
const TORN_DOWN: &[&str] = &[
    "Teardown {protocol} connection {connection} for {first} to {second} duration {duration} bytes {bytes} {reason}",
    "Teardown {protocol} connection {connection} for {first} to {second} duration {duration} bytes {bytes}",
];

/// Sorted by number.
static MESSAGES: [Message; 61] = [
    traffic(
        "106001",
        DENIED,
        &["Inbound {protocol} connection denied from {src} to {dst} flags {flags} on interface {interface}"],
    ),
    traffic("106002", DENIED, &["{protocol} Connection denied by outbound list {acl} src {src} dest {dst}"]),
    traffic("106006", DENIED, &["Deny inbound {protocol} from {src} to {dst} on interface {interface}"]),
    traffic("106007", DENIED, &["Deny inbound {protocol} from {src} to {dst} due to {reason}"]),
    traffic(
        "106010",
        DENIED,
        &["Deny inbound {protocol} src {src} dst {dst}", "Deny inbound {protocol} from {src} to {dst}"],
    ),
    traffic("106012", DENIED, &["Deny IP from {src} to {dst}, IP options {options}"]),
    traffic(
        "106014",
        DENIED,
        &["Deny inbound {protocol} src {src} dst {dst}(type {icmp_type}, code {icmp_code})"],
    ),
    traffic(
        "106015",
        DENIED,
        &["Deny {protocol} (no connection) from {src} to {dst} flags {flags} on interface {interface}"],
    ),
    traffic("106016", DENIED, &["Deny IP spoof from ({src}) to {dst} on interface {interface}"]),
    traffic("106017", DENIED, &["Deny IP due to Land Attack from {src} to {dst}"]),
    traffic(
        "106021",
        DENIED,
        &["Deny {protocol} reverse path check from {src} to {dst} on interface {interface}"],
    ),
    traffic("106023", DENIED, &["Deny {protocol} src {src} dst {dst} by access-group \"{acl}\""]),
    traffic(
        "106100",
        Outcome::Unknown,
        &[
            "access-list {acl} {verdict} {protocol} {src} -> {dst} hit-cnt {hits} {interval} [",
            "access-list {acl} {verdict} {protocol} {src} -> {dst} hit-cnt {hits}",
        ],
    ),
    command("111008", &["User '{user}' executed the '{command}' command."]),
    command("111009", &["User '{user}' executed cmd: {command}"]),
    command("111010", &["User '{user}', running '{application}' from IP {src}, executed '{command}'"]),
    login("113004", None, ALLOWED, &["AAA user {step} Successful : server = {server} : user = {user}"]),
    login(
        "113005",
        Some(EventCode::LL03),
        DENIED,
        &[
            "AAA user {step} Rejected : reason = {reason} : server = {server} : user = {user} : user IP = {src}",
            "AAA user {step} Rejected : reason = {reason} : server = {server} : user = {user}",
        ],
    ),
    Message {
        id: "113006",
        class: Class::ACCOUNT_CHANGE,
        code: Some(EventCode::SA08),
        outcome: ALLOWED,
        service: "aaa",
        templates: &[
            "User {target} locked out on exceeding {attempts} successive failed authentication attempts",
        ],
    },
    Message {
        id: "113007",
        class: Class::ACCOUNT_CHANGE,
        code: Some(EventCode::SA09),
        outcome: ALLOWED,
        service: "aaa",
        templates: &["User {target} unlocked by {user}"],
    },
    login("113012", None, ALLOWED, &["AAA user {step} Successful : local database : user = {user}"]),
    login("113014", None, DENIED, &["AAA {step} server not accessible : server = {server} : user = {user}"]),
    login(
        "113015",
        Some(EventCode::LL03),
        DENIED,
        &[
            "AAA user {step} Rejected : reason = {reason} : local database : user = {user} : user IP = {src}",
            "AAA user {step} Rejected : reason = {reason} : local database : user = {user}",
        ],
    ),
    login(
        "113019",
        Some(EventCode::LL02),
        ALLOWED,
        &[
            "Group = {group}, Username = {user}, IP = {src}, Session disconnected. Session Type: {session_type}, Duration: {duration}, Bytes xmt: {bytes_sent}, Bytes rcv: {bytes_received}, Reason: {reason}",
        ],
    ),
    login(
        "113039",
        Some(EventCode::LL01),
        ALLOWED,
        &["Group {group} User {user} IP {src} {session_type} parent session started."],
    ),
    traffic("302013", ALLOWED, BUILT),
    traffic("302014", ALLOWED, TORN_DOWN),
    traffic("302015", ALLOWED, BUILT),
    traffic("302016", ALLOWED, TORN_DOWN),
    traffic(
        "302020",
        ALLOWED,
        &[
            "Built {direction} ICMP connection for faddr {foreign} gaddr {global} laddr {local} type {icmp_type} code {icmp_code}",
            "Built {direction} ICMP connection for faddr {foreign} gaddr {global} laddr {local}",
        ],
    ),
    traffic(
        "302021",
        ALLOWED,
        &[
            "Teardown ICMP connection for faddr {foreign} gaddr {global} laddr {local} type {icmp_type} code {icmp_code}",
            "Teardown ICMP connection for faddr {foreign} gaddr {global} laddr {local}",
        ],
    ),
    traffic("303002", ALLOWED, &["FTP connection from {src} to {dst}, user {user} {operation} file {file}"]),
    Message {
        id: "304001",
        class: Class::HTTP,
        code: None,
        outcome: ALLOWED,
        service: "",
        templates: &["{src} Accessed URL {dst}:{url}", "{src} Accessed JAVA URL {dst}:{url}"],
    },
    Message {
        id: "304002",
        class: Class::HTTP,
        code: None,
        outcome: DENIED,
        service: "",
        templates: &[
            "Access denied URL {url} SRC {src} DEST {dst} on interface {interface}",
            "Access denied URL {url} SRC {src} DEST {dst}",
        ],
    },
    traffic("305011", ALLOWED, &["Built {kind} {protocol} translation from {src} to {mapped}"]),
    traffic(
        "305012",
        ALLOWED,
        &["Teardown {kind} {protocol} translation from {src} to {mapped} duration {duration}"],
    ),
    traffic(
        "313001",
        DENIED,
        &["Denied ICMP type={icmp_type}, code={icmp_code} from {src} on interface {interface}"],
    ),
    traffic(
        "313004",
        DENIED,
        &["Denied ICMP type={icmp_type}, from laddr {src} on interface {interface} to {dst}: {reason}"],
    ),
    traffic(
        "313005",
        DENIED,
        &[
            "No matching connection for ICMP error message: {protocol} src {src} dst {dst} (type {icmp_type}, code {icmp_code}) on {interface} interface",
        ],
    ),
    login(
        "315011",
        None,
        Outcome::Unknown,
        &[
            "SSH session from {src} on interface {interface} for user \"{user}\" disconnected by SSH server, reason: \"{reason}\"",
            "SSH session from {src} on interface {interface} for user {user} disconnected by SSH server, reason: {reason}",
        ],
    ),
    account(
        "502101",
        EventCode::SA01,
        &["New user added to local dbase: Uname: {target} Priv: {privilege} Encpass: {}"],
    ),
    account(
        "502102",
        EventCode::SA03,
        &["User deleted from local dbase: Uname: {target} Priv: {privilege} Encpass: {}"],
    ),
    Message {
        id: "502103",
        class: Class::AUTHORIZE_SESSION,
        code: Some(EventCode::PA01),
        outcome: ALLOWED,
        service: "aaa",
        templates: &["User priv level changed: Uname: {user} From: {privilege_before} To: {privilege}"],
    },
    login("605004", None, DENIED, &["Login denied from {src} to {dst} for user \"{user}\""]),
    login(
        "605005",
        Some(EventCode::LL01),
        ALLOWED,
        &["Login permitted from {src} to {dst} for user \"{user}\""],
    ),
    login(
        "611101",
        None,
        ALLOWED,
        &[
            "User authentication succeeded: IP address: {src}, Uname: {user}",
            "User authentication succeeded: Uname: {user}",
        ],
    ),
    login(
        "611102",
        None,
        DENIED,
        &[
            "User authentication failed: IP address: {src}, Uname: {user}",
            "User authentication failed: Uname: {user}",
        ],
    ),
    login("611103", Some(EventCode::LL02), ALLOWED, &["User logged out: Uname: {user}"]),
    traffic("710002", ALLOWED, &["{protocol} access permitted from {src} to {dst}"]),
    traffic("710003", DENIED, &["{protocol} access denied by ACL from {src} to {dst}"]),
    traffic("710005", DENIED, &["{protocol} request discarded from {src} to {dst}"]),
    login(
        "713228",
        None,
        ALLOWED,
        &[
            "Group = {group}, Username = {user}, IP = {src}, Assigned private IP address {assigned_ip} to remote user",
        ],
    ),
    login(
        "716001",
        Some(EventCode::LL01),
        ALLOWED,
        &["Group {group} User {user} IP {src} {session_type} session started."],
    ),
    login(
        "716002",
        Some(EventCode::LL02),
        ALLOWED,
        &["Group {group} User {user} IP {src} {session_type} session terminated: {reason}"],
    ),
    login(
        "716038",
        None,
        ALLOWED,
        &["Group {group} User {user} IP {src} Authentication: {result}, Session Type: {session_type}."],
    ),
    login(
        "716039",
        None,
        DENIED,
        &[
            "Group {group} User {user} IP {src} Authentication: {result}, Session Type: {session_type}.",
            "Authentication: {result}, group = {group} user = {user} , Session Type: {session_type}",
        ],
    ),
    login(
        "722022",
        None,
        ALLOWED,
        &[
            "Group {group} User {user} IP {src} {protocol} SVC connection established {compression} compression",
        ],
    ),
    login(
        "722023",
        None,
        ALLOWED,
        &[
            "Group {group} User {user} IP {src} {protocol} SVC connection terminated {compression} compression",
        ],
    ),
    login(
        "722051",
        None,
        ALLOWED,
        &[
            "Group {group} User {user} IP {src} IPv4 Address {assigned_ip} IPv6 address {assigned_ipv6} assigned to session",
            "Group {group} User {user} IP {src} Address {assigned_ip} assigned to session",
        ],
    ),
    login("722037", None, ALLOWED, &["Group {group} User {user} IP {src} SVC closing connection: {reason}"]),
    Message {
        id: "733100",
        class: Class::DETECTION_FINDING,
        code: None,
        outcome: Outcome::Unknown,
        service: "",
        templates: &[
            "[{object}] drop {rate} exceeded. Current burst rate is {burst_rate} per second, max configured rate is {burst_rate_max}; Current average rate is {average_rate} per second, max configured rate is {average_rate_max}; Cumulative total count is {count}",
        ],
    },
];

/// The botnet traffic filter: 338001 to 338008 and 338201 to 338204.
static BOTNET: Message = Message {
    id: "338",
    class: Class::DETECTION_FINDING,
    code: None,
    outcome: Outcome::Unknown,
    service: "",
    templates: &[
        "Dynamic Filter {verdict} {list}listed {protocol} traffic from {src} to {dst}, {part} resolved from {source} list: {listed}, threat-level: {threat_level}, category: {category}",
        "Dynamic Filter {verdict} {list}listed {protocol} traffic from {src} to {dst}, {part} resolved from {source} list: {listed}",
    ],
};

pub(super) fn fill<'a>(event: &mut Event<'a>, id: &'a str, text: &'a str) {
    if id.starts_with("43000") {
        return connection_event(event, text);
    }
    let by_number = || MESSAGES.iter().find(|message| message.id == id);
    let Some(message) = id.starts_with(BOTNET.id).then_some(&BOTNET).or_else(by_number) else { return };
    event.class = message.class;
    event.code = message.code;
    event.outcome = message.outcome;
    event.service = Cow::Borrowed(message.service);
    let Some(values) = message.templates.iter().find_map(|template| template::matches(template, text)) else {
        note(event, "wording of the message not known, kept as text");
        return;
    };
    let mut ends = Ends::default();
    for (name, value) in values {
        put(event, &mut ends, name, value);
    }
    ends.settle(event);
}

/// The ends of a connection, of which the direction decides who is the source.
#[derive(Default)]
struct Ends<'a> {
    first: Option<End<'a>>,
    second: Option<End<'a>>,
    direction: &'a str,
    is_icmp: bool,
}

fn put<'a>(event: &mut Event<'a>, ends: &mut Ends<'a>, name: &'static str, value: &'a str) {
    let plain = value.trim_start_matches('<').trim_end_matches('>');
    match name {
        "" => return,
        "src" => return set_source(event, &End::of(value)),
        "dst" => return set_target(event, &End::of(value)),
        "first" => return ends.first = Some(End::of(value)),
        "foreign" => return (ends.first, ends.is_icmp) = (Some(End::of(value)), true),
        "second" | "local" => return ends.second = Some(End::of(value)),
        "direction" => ends.direction = value,
        // Stars stand for a name that the device does not show.
        "user" if !plain.bytes().all(|byte| byte == b'*') => event.user = Cow::Borrowed(plain),
        "target" => event.target_user = Cow::Borrowed(plain),
        "command" => event.command = Cow::Borrowed(plain),
        "connection" => event.session = Cow::Borrowed(plain),
        "file" => event.file = Cow::Borrowed(plain),
        "url" => event.domain = Cow::Borrowed(crate::devices::url_host(plain)),
        "listed" if address::ip(plain).is_none() && !plain.contains('/') => {
            event.domain = Cow::Borrowed(plain)
        }
        "verdict" => {
            event.outcome = crate::devices::outcome_of(plain);
            push_new(event, "action", FieldValue::from(plain));
        }
        _ => {}
    }
    event.push(name, plain);
}

impl<'a> Ends<'a> {
    /// Outbound connections name their target first. A teardown says no direction: there the end with the lower
    /// port is the target, for clients use high ones.
    fn settle(self, event: &mut Event<'a>) {
        let (Some(first), Some(second)) = (self.first, self.second) else { return };
        let first_is_target = match self.direction {
            "outbound" => true,
            "inbound" => false,
            _ => first.port_number() < second.port_number(),
        };
        let (source, target) = if first_is_target { (second, first) } else { (first, second) };
        set_source(event, &source);
        set_target(event, &target);
        if self.is_icmp {
            // What stands in the place of a port is the number of the echo.
            (event.src_port, event.dst_port) = (0, 0);
        }
    }
}

fn set_source<'a>(event: &mut Event<'a>, end: &End<'a>) {
    event.src_port = end.port_number();
    match address::ip(end.address) {
        Some(address) => event.src_ip = Cow::Borrowed(address),
        None if !end.address.is_empty() => event.push("src_host", end.address),
        None => {}
    }
    if event.user.is_empty() && !end.user.is_empty() {
        event.user = Cow::Borrowed(end.user);
    }
    if !end.interface.is_empty() {
        event.push("src_interface", end.interface);
    }
}

fn set_target<'a>(event: &mut Event<'a>, end: &End<'a>) {
    event.dst_port = end.port_number();
    match address::ip(end.address) {
        Some(address) => event.dst_ip = Cow::Borrowed(address),
        None if !end.address.is_empty() => event.push("dst_host", end.address),
        None => {}
    }
    if !end.interface.is_empty() {
        event.push("dst_interface", end.interface);
    }
    // The user that stands with the target of a connection is the one whose connection it is.
    if event.user.is_empty() && !end.user.is_empty() {
        event.user = Cow::Borrowed(end.user);
    }
    if !end.port.is_empty() && !end.port.bytes().all(|byte| byte.is_ascii_digit()) {
        event.app = Cow::Borrowed(end.port);
    }
}

/// 430001 to 430005 of FTD: `Name: value, Name: value`.
fn connection_event<'a>(event: &mut Event<'a>, text: &'a str) {
    event.class = Class::NETWORK;
    for (name, value) in
        text.split(", ").filter_map(|pair| pair.split_once(": ")).take(crate::devices::FIELDS_MAX)
    {
        let borrowed = Cow::Borrowed(value);
        match name {
            "SrcIP" | "InitiatorIP" => event.src_ip = crate::devices::ip(&borrowed),
            "DstIP" | "ResponderIP" => event.dst_ip = crate::devices::ip(&borrowed),
            "SrcPort" => event.src_port = address::port(value),
            "DstPort" => event.dst_port = address::port(value),
            "User" if !value.starts_with("No Authentication") => event.user = borrowed,
            "ApplicationProtocol" => event.app = borrowed,
            "DNSQuery" | "ReferencedHost" => event.domain = borrowed,
            "FileName" => event.file = borrowed,
            "URL" if event.domain.is_empty() => event.domain = Cow::Borrowed(crate::devices::url_host(value)),
            "AccessControlRuleAction" | "InlineResult" => event.outcome = crate::devices::outcome_of(value),
            "Message" | "ThreatName" => event.class = Class::DETECTION_FINDING,
            _ => {}
        }
        event.push(name, value);
    }
}
