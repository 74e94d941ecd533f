//! The messages of ASA, FTD and PIX by their numbers.

use sentra_model::{Class, EventCode, Outcome};

/// What a number means. The first template that fits takes the message apart.
pub(super) struct Message {
    pub(super) id: &'static str,
    pub(super) class: Class,
    pub(super) code: Option<EventCode>,
    pub(super) outcome: Outcome,
    pub(super) service: &'static str,
    pub(super) templates: &'static [&'static str],
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
pub(super) static MESSAGES: [Message; 61] = [
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
pub(super) static BOTNET: Message = Message {
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
