//! Which of our columns and fields a UDM path is, and what UDM's enumerations are in our words.
//!
//! A path is looked for among the event's own fields first, under its dotted name (as UDM in JSON has it, also
//! in camel case and below `udm`), then where [`MAPPINGS`] says, in that order.

use sentra_model::{EventRow, Severity};

use super::schema::Leaf;
use super::value::{Kind, Value};
use crate::fields;
use crate::logsource::ROUTE_FIELDS;

/// Most values of one field that are looked at.
pub(crate) const VALUES_PER_FIELD_MAX: usize = 1_000;

/// On which events a mapping holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Always,
    /// The event is about a process that begins or ends: UDM's target is the process, its principal the parent.
    Process,
    /// Any other event: UDM's principal is the process that did it.
    NotProcess,
    /// Somebody logs in or out: UDM's target is the account and the machine.
    Login,
    /// A record of an API, of cloud and SaaS: `command` is the name of the operation.
    Api,
    NotApi,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// A field or header column by name, as every rule looks it up.
    Name(&'static str),
    /// The same when it is an e-mail address.
    Email(&'static str),
    /// One of the digests in `Hashes`, or a field of that name.
    Hash(&'static str),
    Id,
    Seconds,
    Nanos,
    SeenSeconds,
    EventType,
    Action,
    Severity,
    Platform,
    VendorName,
    ProductName,
    LogType,
    LogonMechanism,
}

/// One line of the mapping.
#[derive(Debug)]
pub(crate) struct Mapping {
    pub(crate) path: &'static str,
    pub(crate) when: When,
    pub(crate) from: From,
}

const fn always(path: &'static str, name: &'static str) -> Mapping {
    Mapping { path, when: When::Always, from: From::Name(name) }
}

const fn on(path: &'static str, when: When, name: &'static str) -> Mapping {
    Mapping { path, when, from: From::Name(name) }
}

const fn of(path: &'static str, from: From) -> Mapping {
    Mapping { path, when: When::Always, from }
}

/// UDM path, on which events, where from. Of several lines for one path the first that gives a value counts.
pub(crate) const MAPPINGS: [Mapping; 142] = [
    of("metadata.id", From::Id),
    of("metadata.event_timestamp", From::Seconds),
    of("metadata.event_timestamp.seconds", From::Seconds),
    of("metadata.event_timestamp.nanos", From::Nanos),
    of("metadata.collected_timestamp.seconds", From::SeenSeconds),
    of("metadata.ingested_timestamp.seconds", From::SeenSeconds),
    of("metadata.event_type", From::EventType),
    always("metadata.product_event_type", "EventID"),
    on("metadata.product_event_type", When::Api, "command"),
    of("metadata.product_name", From::ProductName),
    of("metadata.vendor_name", From::VendorName),
    of("metadata.log_type", From::LogType),
    always("metadata.product_log_id", "EventRecordID"),
    always("metadata.description", "message"),
    on("principal.hostname", When::Login, "WorkstationName"),
    always("principal.hostname", "host"),
    always("principal.asset.hostname", "host"),
    always("principal.ip", "src_ip"),
    always("principal.asset.ip", "src_ip"),
    always("principal.port", "src_port"),
    always("principal.user.userid", "user"),
    always("principal.user.user_display_name", "user"),
    of("principal.user.email_addresses", From::Email("user")),
    always("principal.user.windows_sid", "SubjectUserSid"),
    always("principal.administrative_domain", "SubjectDomainName"),
    of("principal.platform", From::Platform),
    always("principal.application", "Provider_Name"),
    always("principal.application", "app"),
    on("principal.process.file.full_path", When::Process, "parent_process"),
    on("principal.process.file.full_path", When::Process, "ParentImage"),
    on("principal.process.file.full_path", When::NotProcess, "SourceImage"),
    on("principal.process.file.full_path", When::NotProcess, "process"),
    on("principal.process.file.full_path", When::NotProcess, "Image"),
    on("principal.process.command_line", When::Process, "ParentCommandLine"),
    on("principal.process.command_line", When::NotApi, "ParentCommandLine"),
    on("principal.process.pid", When::Process, "ParentProcessId"),
    on("principal.process.pid", When::NotProcess, "SourceProcessId"),
    on("principal.process.pid", When::NotProcess, "pid"),
    on("principal.process.pid", When::NotProcess, "ProcessId"),
    on("principal.process.product_specific_process_id", When::Process, "ParentProcessGuid"),
    on("principal.process.product_specific_process_id", When::NotProcess, "SourceProcessGUID"),
    on("principal.process.product_specific_process_id", When::NotProcess, "ProcessGuid"),
    on("principal.process.parent_process.file.full_path", When::NotProcess, "parent_process"),
    on("principal.process.parent_process.file.full_path", When::NotProcess, "ParentImage"),
    Mapping { path: "principal.process.file.sha256", when: When::NotProcess, from: From::Hash("SHA256") },
    Mapping { path: "principal.process.file.sha1", when: When::NotProcess, from: From::Hash("SHA1") },
    Mapping { path: "principal.process.file.md5", when: When::NotProcess, from: From::Hash("MD5") },
    on("target.process.file.full_path", When::Process, "process"),
    on("target.process.file.full_path", When::Process, "Image"),
    always("target.process.file.full_path", "TargetImage"),
    on("target.process.command_line", When::NotApi, "command"),
    always("target.process.command_line", "CommandLine"),
    on("target.process.pid", When::Process, "pid"),
    on("target.process.pid", When::Process, "ProcessId"),
    always("target.process.pid", "TargetProcessId"),
    on("target.process.product_specific_process_id", When::Process, "ProcessGuid"),
    always("target.process.product_specific_process_id", "TargetProcessGUID"),
    on("target.process.parent_process.file.full_path", When::Process, "parent_process"),
    on("target.process.parent_process.file.full_path", When::Process, "ParentImage"),
    on("target.process.parent_process.command_line", When::Process, "ParentCommandLine"),
    on("target.process.parent_process.pid", When::Process, "ParentProcessId"),
    on("target.process.parent_process.product_specific_process_id", When::Process, "ParentProcessGuid"),
    always("target.process.access_mask", "GrantedAccess"),
    Mapping { path: "target.process.file.md5", when: When::Process, from: From::Hash("MD5") },
    Mapping { path: "target.process.file.sha1", when: When::Process, from: From::Hash("SHA1") },
    Mapping { path: "target.process.file.sha256", when: When::Process, from: From::Hash("SHA256") },
    Mapping {
        path: "target.process.file.file_metadata.pe.import_hash",
        when: When::Process,
        from: From::Hash("IMPHASH"),
    },
    Mapping { path: "target.process.file.pe_file.imphash", when: When::Process, from: From::Hash("IMPHASH") },
    Mapping { path: "target.file.md5", when: When::Always, from: From::Hash("MD5") },
    Mapping { path: "target.file.sha1", when: When::Always, from: From::Hash("SHA1") },
    Mapping { path: "target.file.sha256", when: When::Always, from: From::Hash("SHA256") },
    Mapping { path: "target.file.pe_file.imphash", when: When::Always, from: From::Hash("IMPHASH") },
    always("target.file.full_path", "ImageLoaded"),
    always("target.file.full_path", "file"),
    always("target.file.full_path", "TargetFilename"),
    always("target.file.mime_type", "mime_type"),
    always("target.registry.registry_key", "TargetObject"),
    always("target.registry.registry_key", "ObjectName"),
    always("target.registry.registry_value_name", "ObjectValueName"),
    always("target.registry.registry_value_data", "Details"),
    always("target.registry.registry_value_data", "NewValue"),
    on("target.hostname", When::Login, "host"),
    always("target.hostname", "DestinationHostname"),
    always("target.hostname", "domain"),
    always("target.domain.name", "domain"),
    always("target.administrative_domain", "TargetDomainName"),
    always("target.ip", "dst_ip"),
    always("target.asset.ip", "dst_ip"),
    always("target.asset.hostname", "DestinationHostname"),
    always("target.port", "dst_port"),
    always("target.user.userid", "target_user"),
    on("target.user.userid", When::Login, "user"),
    always("target.user.user_display_name", "target_user"),
    on("target.user.user_display_name", When::Login, "user"),
    of("target.user.email_addresses", From::Email("target_user")),
    Mapping { path: "target.user.email_addresses", when: When::Login, from: From::Email("user") },
    always("target.user.windows_sid", "TargetUserSid"),
    always("target.user.windows_sid", "TargetSid"),
    always("target.group.group_display_name", "TargetUserName"),
    always("target.application", "app"),
    on("target.resource.name", When::Api, "file"),
    always("target.resource.name", "PipeName"),
    always("target.resource.name", "TaskName"),
    always("target.resource.name", "ServiceName"),
    always("target.url", "url"),
    always("target.url", "request_url"),
    always("target.url", "cs-uri"),
    always("target.url", "cs-uri-stem"),
    always("target.url", "c-uri"),
    always("src.ip", "src_ip"),
    always("src.port", "src_port"),
    always("src.hostname", "host"),
    always("src.file.full_path", "OriginalPath"),
    always("src.user.userid", "user"),
    always("observer.hostname", "host"),
    always("network.session_id", "session"),
    always("network.ip_protocol", "Protocol"),
    always("network.ip_protocol", "proto"),
    always("network.http.method", "cs-method"),
    always("network.http.method", "method"),
    always("network.http.user_agent", "cs-user-agent"),
    always("network.http.user_agent", "c-useragent"),
    always("network.http.user_agent", "user_agent"),
    always("network.http.user_agent", "http_user_agent"),
    always("network.http.user_agent", "userAgent"),
    always("network.http.referral_url", "cs-referer"),
    always("network.http.referral_url", "cs-referrer"),
    always("network.http.referral_url", "referer"),
    always("network.http.response_code", "sc-status"),
    always("network.http.response_code", "status"),
    always("network.dns.questions.name", "domain"),
    always("network.dns.questions.name", "QueryName"),
    always("network.dns.answers.data", "QueryResults"),
    always("network.sent_bytes", "bytes_out"),
    always("network.received_bytes", "bytes_in"),
    of("security_result.action", From::Action),
    of("security_result.severity", From::Severity),
    always("security_result.summary", "message"),
    always("security_result.description", "message"),
    always("security_result.threat_name", "ThreatName"),
    always("security_result.rule_name", "RuleName"),
    of("extensions.auth.mechanism", From::LogonMechanism),
];

/// Event types by cross-system code.
pub(crate) const BY_CODE: [(&str, &str); 20] = [
    ("LL01", "USER_LOGIN"),
    ("LL02", "USER_LOGOUT"),
    ("LL03", "USER_LOGIN"),
    ("LL04", "USER_CHANGE_PASSWORD"),
    ("LL05", "USER_CHANGE_PASSWORD"),
    ("SA01", "USER_CREATION"),
    ("SA02", "USER_UNCATEGORIZED"),
    ("SA03", "USER_DELETION"),
    ("SA04", "GROUP_CREATION"),
    ("SA05", "USER_CHANGE_PERMISSIONS"),
    ("SA06", "GROUP_DELETION"),
    ("SA07", "USER_CHANGE_PASSWORD"),
    ("SA08", "USER_UNCATEGORIZED"),
    ("SA09", "USER_UNCATEGORIZED"),
    ("SA10", "USER_UNCATEGORIZED"),
    ("CC01", "SETTING_MODIFICATION"),
    ("CC02", "SETTING_MODIFICATION"),
    ("SS05", "SYSTEM_AUDIT_LOG_UNCATEGORIZED"),
    ("CM03", "SETTING_MODIFICATION"),
    ("AO01", "USER_RESOURCE_ACCESS"),
];

/// Event types by Sysmon's event id.
pub(crate) const BY_SYSMON_ID: [(&str, &str); 24] = [
    ("1", "PROCESS_LAUNCH"),
    ("2", "FILE_MODIFICATION"),
    ("3", "NETWORK_CONNECTION"),
    ("5", "PROCESS_TERMINATION"),
    ("6", "PROCESS_MODULE_LOAD"),
    ("7", "PROCESS_MODULE_LOAD"),
    ("8", "PROCESS_INJECTION"),
    ("9", "FILE_READ"),
    ("10", "PROCESS_OPEN"),
    ("11", "FILE_CREATION"),
    ("12", "REGISTRY_CREATION"),
    ("13", "REGISTRY_MODIFICATION"),
    ("14", "REGISTRY_MODIFICATION"),
    ("15", "FILE_CREATION"),
    ("16", "SETTING_MODIFICATION"),
    ("17", "PROCESS_UNCATEGORIZED"),
    ("18", "PROCESS_UNCATEGORIZED"),
    ("22", "NETWORK_DNS"),
    ("23", "FILE_DELETION"),
    ("24", "USER_RESOURCE_ACCESS"),
    ("25", "PROCESS_UNCATEGORIZED"),
    ("26", "FILE_DELETION"),
    ("27", "FILE_CREATION"),
    ("29", "FILE_CREATION"),
];

/// Event types by the event id of other Windows channels.
pub(crate) const BY_WINDOWS_ID: [(&str, &str); 16] = [
    ("4688", "PROCESS_LAUNCH"),
    ("4689", "PROCESS_TERMINATION"),
    ("4657", "REGISTRY_MODIFICATION"),
    ("4663", "FILE_UNCATEGORIZED"),
    ("4697", "SERVICE_CREATION"),
    ("7045", "SERVICE_CREATION"),
    ("7040", "SERVICE_MODIFICATION"),
    ("4698", "SCHEDULED_TASK_CREATION"),
    ("4699", "SCHEDULED_TASK_DELETION"),
    ("4700", "SCHEDULED_TASK_ENABLE"),
    ("4701", "SCHEDULED_TASK_DISABLE"),
    ("4702", "SCHEDULED_TASK_MODIFICATION"),
    ("1102", "SYSTEM_AUDIT_LOG_WIPE"),
    ("104", "SYSTEM_AUDIT_LOG_WIPE"),
    ("4703", "USER_CHANGE_PERMISSIONS"),
    ("4719", "SETTING_MODIFICATION"),
];

/// Event types by OCSF class.
pub(crate) const BY_CLASS: [(u32, &str); 18] = [
    (1001, "FILE_UNCATEGORIZED"),
    (1002, "PROCESS_MODULE_LOAD"),
    (1004, "PROCESS_OPEN"),
    (1005, "PROCESS_MODULE_LOAD"),
    (1006, "SCHEDULED_TASK_UNCATEGORIZED"),
    (1007, "PROCESS_LAUNCH"),
    (201_001, "REGISTRY_UNCATEGORIZED"),
    (201_002, "REGISTRY_MODIFICATION"),
    (3001, "USER_UNCATEGORIZED"),
    (3002, "USER_UNCATEGORIZED"),
    (3003, "USER_UNCATEGORIZED"),
    (3006, "GROUP_UNCATEGORIZED"),
    (4001, "NETWORK_CONNECTION"),
    (4002, "NETWORK_HTTP"),
    (4003, "NETWORK_DNS"),
    (4008, "NETWORK_FTP"),
    (4009, "EMAIL_TRANSACTION"),
    (6003, "USER_RESOURCE_ACCESS"),
];

/// Product, service (empty: any), vendor name, product name, log type.
pub(crate) const PRODUCTS: [(&str, &str, &str, &str, &str); 19] = [
    ("windows", "sysmon", "Microsoft", "Microsoft-Windows-Sysmon", "WINDOWS_SYSMON"),
    ("windows", "powershell", "Microsoft", "PowerShell", "POWERSHELL"),
    ("windows", "windefend", "Microsoft", "Microsoft-Windows-Windows Defender", "WINDOWS_DEFENDER_AV"),
    ("windows", "security", "Microsoft", "Microsoft-Windows-Security-Auditing", "WINEVTLOG"),
    ("windows", "", "Microsoft", "Microsoft-Windows", "WINEVTLOG"),
    ("linux", "auditd", "Linux", "AuditD", "AUDITD"),
    ("linux", "", "Linux", "Unix System", "NIX_SYSTEM"),
    ("aws", "guardduty", "AMAZON", "AWS GuardDuty", "GUARDDUTY"),
    ("aws", "", "AMAZON", "AWS CloudTrail", "AWS_CLOUDTRAIL"),
    ("gcp", "google_workspace.login", "Google Workspace", "login", "WORKSPACE_ACTIVITY"),
    ("gcp", "google_workspace.admin", "Google Workspace", "admin", "WORKSPACE_ACTIVITY"),
    ("gcp", "google_workspace.drive", "Google Workspace", "drive", "WORKSPACE_ACTIVITY"),
    ("gcp", "", "Google Cloud Platform", "Google Cloud Platform", "GCP_CLOUDAUDIT"),
    ("azure", "signinlogs", "Microsoft", "Azure AD", "AZURE_AD"),
    ("azure", "auditlogs", "Microsoft", "Azure AD Directory Audit", "AZURE_AD_AUDIT"),
    ("azure", "", "Microsoft", "Azure Activity", "AZURE_ACTIVITY"),
    ("m365", "", "Microsoft", "Office 365", "OFFICE_365"),
    ("okta", "", "Okta", "Okta", "OKTA"),
    ("github", "", "GITHUB", "GITHUB", "GITHUB"),
];

/// How a Windows `LogonType` is called.
pub(crate) const LOGON_TYPES: [(&str, &str); 9] = [
    ("2", "INTERACTIVE"),
    ("3", "NETWORK"),
    ("4", "BATCH"),
    ("5", "SERVICE"),
    ("7", "UNLOCK"),
    ("8", "NETWORK_CLEAR_TEXT"),
    ("9", "NEW_CREDENTIALS"),
    ("10", "REMOTE_INTERACTIVE"),
    ("11", "CACHED_INTERACTIVE"),
];

/// Products whose events are not records of an API.
const SYSTEM_PRODUCTS: [&str; 4] = ["", "windows", "linux", "macos"];

fn looked_up(table: &[(&'static str, &'static str)], key: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
}

/// What is asked of an event again and again.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) row: EventRow<'a>,
    code: &'a str,
    product: &'a str,
    service: &'a str,
    event_id: &'a str,
    event_type: &'static str,
}

impl<'a> Facts<'a> {
    pub(crate) fn of(row: EventRow<'a>) -> Self {
        let text = |name: &str| row.text(name).unwrap_or_default();
        let [channel, event_id, kind] = ROUTE_FIELDS.map(|name| row.field(name).unwrap_or_default());
        let (code, product) = (text("code"), text("product"));
        let service = match text("service") {
            "" => crate::taxonomy::service_of_channel(channel).unwrap_or_default(),
            service => service,
        };
        let event_type = event_type(code, service, event_id, kind, row.class());
        Self { row, code, product, service, event_id, event_type }
    }

    fn holds(&self, when: When) -> bool {
        let process = ["PROCESS_LAUNCH", "PROCESS_TERMINATION"].contains(&self.event_type);
        let login = ["USER_LOGIN", "USER_LOGOUT"].contains(&self.event_type);
        let class = self.row.class() / 1_000;
        let api = (class == 3 || class == 6) && !SYSTEM_PRODUCTS.contains(&self.product);
        match when {
            When::Always => true,
            When::Process => process,
            When::NotProcess => !process,
            When::Login => login,
            When::Api => api,
            When::NotApi => !api,
        }
    }

    fn read(&self, from: From) -> Vec<Value> {
        let row = self.row;
        let one = |text: Option<&str>| text.map(Value::from).into_iter().collect();
        match from {
            From::Name(name) => named(row, name),
            From::Email(name) => named(row, name)
                .into_iter()
                .filter(|value| value.as_str().is_some_and(|text| text.contains('@')))
                .collect(),
            From::Hash(name) => hash(row, name),
            From::Id => vec![Value::from(row.id().to_string())],
            From::Seconds => vec![Value::Int(row.time().micros().div_euclid(1_000_000))],
            From::Nanos => vec![Value::Int(row.time().micros().rem_euclid(1_000_000) * 1_000)],
            From::SeenSeconds => vec![Value::Int(row.seen().micros().div_euclid(1_000_000))],
            From::EventType => one(Some(self.event_type)),
            From::Action => one(match row.text("outcome") {
                Some("success") => Some("ALLOW"),
                Some("failure") => Some("BLOCK"),
                _ => None,
            }),
            From::Severity => one(match row.severity() {
                Severity::Unknown => None,
                Severity::Informational => Some("INFORMATIONAL"),
                Severity::Low => Some("LOW"),
                Severity::Medium => Some("MEDIUM"),
                Severity::High => Some("HIGH"),
                Severity::Critical => Some("CRITICAL"),
            }),
            From::Platform => one(match self.product {
                "windows" => Some("WINDOWS"),
                "linux" => Some("LINUX"),
                "macos" => Some("MAC"),
                "aws" => Some("AWS"),
                "gcp" => Some("GCP"),
                "azure" => Some("AZURE"),
                _ => None,
            }),
            From::VendorName => one(self.of_product().map(|line| line.2)),
            From::ProductName => one(self.of_product().map(|line| line.3)),
            From::LogType => one(self.of_product().map(|line| line.4)),
            From::LogonMechanism => {
                one(row.field("LogonType").and_then(|kind| looked_up(&LOGON_TYPES, kind)))
            }
        }
    }

    fn of_product(
        &self,
    ) -> Option<&'static (&'static str, &'static str, &'static str, &'static str, &'static str)> {
        PRODUCTS.iter().find(|line| line.0 == self.product && (line.1.is_empty() || line.1 == self.service))
    }
}

impl std::fmt::Debug for Facts<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {} {} {}", self.product, self.service, self.code, self.event_id)
    }
}

/// UDM's type of an event.
fn event_type(code: &str, service: &str, event_id: &str, kind: &str, class: u32) -> &'static str {
    if service == "sysmon" {
        if event_id == "12" && kind.starts_with("Delete") {
            return "REGISTRY_DELETION";
        }
        if let Some(found) = looked_up(&BY_SYSMON_ID, event_id) {
            return found;
        }
    } else if let Some(found) = looked_up(&BY_WINDOWS_ID, event_id) {
        return found;
    }
    if let Some(found) = looked_up(&BY_CODE, code) {
        return found;
    }
    if class == 1007 && code == "SS02" {
        return "PROCESS_TERMINATION";
    }
    BY_CLASS.iter().find(|(known, _)| *known == class).map_or("GENERIC_EVENT", |(_, value)| value)
}

fn named(row: EventRow<'_>, name: &str) -> Vec<Value> {
    fields::values(row, name).into_iter().take(VALUES_PER_FIELD_MAX).map(|text| Value::from(&*text)).collect()
}

/// `SHA256` of `MD5=…,SHA256=…`, in lower case as UDM has it.
fn hash(row: EventRow<'_>, name: &str) -> Vec<Value> {
    let own = row.field(name).or_else(|| row.field(&name.to_ascii_lowercase()));
    let found = own.or_else(|| {
        row.field("Hashes")?.split(',').find_map(|pair| {
            let (kind, value) = pair.split_once('=')?;
            kind.trim().eq_ignore_ascii_case(name).then_some(value)
        })
    });
    found.map(|text| Value::from(text.trim().to_ascii_lowercase())).into_iter().collect()
}

/// How one field of a rule is read.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// Its path without key and index.
    pub(crate) path: String,
    pub(crate) key: Option<String>,
    pub(crate) index: Option<usize>,
    pub(crate) leaf: Leaf,
    /// Names under which the event itself may have it, the best first.
    pub(crate) own: Vec<String>,
    pub(crate) mappings: Vec<&'static Mapping>,
}

impl Access {
    pub(crate) fn new(path: &str, key: Option<String>, index: Option<usize>, leaf: Leaf) -> Self {
        let mut own = Vec::new();
        let mut add = |name: String| {
            if !own.contains(&name) {
                own.push(name);
            }
        };
        let mut paths = vec![path.to_owned()];
        let struct_of = path.strip_suffix(".fields").filter(|_| leaf == Leaf::Map);
        paths.extend(struct_of.map(str::to_owned));
        for path in &paths {
            let spelled = [path.clone(), camel_case(path)];
            for name in spelled.iter().flat_map(|name| [name.clone(), format!("udm.{name}")]) {
                match &key {
                    Some(key) => {
                        add(format!("{name}.{key}"));
                        add(format!("{name}.{key}.stringValue"));
                    }
                    None => add(name),
                }
            }
        }
        // What a source says beside UDM's own fields is what our events have under their own names.
        if let (Some(key), true) = (&key, struct_of.is_some()) {
            add(key.clone());
        }
        let mappings = MAPPINGS.iter().filter(|mapping| key.is_none() && mapping.path == path).collect();
        Self { path: path.to_owned(), key, index, leaf, own, mappings }
    }

    /// Whether only the event's own field of that name can give it a value.
    pub(crate) fn is_unmapped(&self) -> bool {
        self.mappings.is_empty() && self.leaf != Leaf::Map
    }

    /// The key of `additional.fields["code"]`: what no field of the event is called may be a column of the header, as in
    /// every other rule.
    fn header_key(&self) -> Option<&str> {
        let key = self.key.as_deref().filter(|_| self.path.ends_with(".fields"))?;
        fields::HEADER_NAMES.contains(&key).then_some(key)
    }

    /// All values in one event; none where there is none.
    pub(crate) fn values(&self, facts: &Facts<'_>) -> Vec<Value> {
        let mut values = self.own_values(facts.row);
        if values.is_empty() && self.leaf == Leaf::Labels {
            values = self.labelled(facts.row);
        }
        if let (true, Some(key)) = (values.is_empty(), self.header_key()) {
            values = named(facts.row, key);
        }
        for mapping in &self.mappings {
            if !values.is_empty() {
                break;
            }
            if facts.holds(mapping.when) {
                values = facts.read(mapping.from);
            }
        }
        if let Some(index) = self.index {
            values = values.into_iter().nth(index).into_iter().collect();
        }
        values.into_iter().map(|value| self.typed(value)).collect()
    }

    fn own_values(&self, row: EventRow<'_>) -> Vec<Value> {
        // Moments are texts in JSON and whole columns of ours.
        if self
            .mappings
            .iter()
            .any(|mapping| matches!(mapping.from, From::Seconds | From::Nanos | From::SeenSeconds))
        {
            return Vec::new();
        }
        let mut best = self.own.len();
        let mut values = Vec::new();
        for (name, value) in row.fields() {
            let Some(place) = self.own.iter().position(|own| own == name) else { continue };
            if place < best {
                best = place;
                values.clear();
            }
            if place == best && values.len() < VALUES_PER_FIELD_MAX {
                values.push(Value::from(value));
            }
        }
        values
    }

    /// Labels as pairs of `key` and `value`, side by side.
    fn labelled(&self, row: EventRow<'_>) -> Vec<Value> {
        let Some(wanted) = &self.key else { return Vec::new() };
        let of = |last: &str| -> Vec<&str> {
            let name = format!("{}.{last}", self.path);
            row.fields().filter(|(field, _)| *field == name).map(|(_, value)| value).collect()
        };
        let (keys, values) = (of("key"), of("value"));
        if keys.len() != values.len() {
            return Vec::new();
        }
        keys.iter()
            .zip(values)
            .filter(|(key, _)| **key == wanted.as_str())
            .map(|(_, value)| Value::from(value))
            .collect()
    }

    /// The value in the type of the field; a text that is none of it stays a text.
    fn typed(&self, value: Value) -> Value {
        match self.leaf.kind() {
            Kind::Int | Kind::Float | Kind::Number => value.to_number().unwrap_or(value),
            Kind::Bool => value.to_bool().map_or(value, Value::Bool),
            _ => value,
        }
    }

    /// What the field is when the event does not have it.
    pub(crate) fn zero(&self) -> Value {
        match self.leaf.kind() {
            Kind::Int | Kind::Float | Kind::Number => Value::Int(0),
            Kind::Bool => Value::Bool(false),
            _ => Value::Null,
        }
    }
}

/// `principal.userDisplayName` for `principal.user_display_name`.
fn camel_case(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut upper = false;
    for char in path.chars() {
        if char == '_' {
            upper = true;
        } else if upper {
            out.push(char.to_ascii_uppercase());
            upper = false;
        } else {
            out.push(char);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaral::schema::{check_enum, shape_of};

    #[test]
    fn every_line_of_the_mapping_is_a_path_and_a_known_value() {
        for mapping in &MAPPINGS {
            let names: Vec<&str> = mapping.path.split('.').collect();
            assert!(shape_of(&names).is_ok(), "{}: {:?}", mapping.path, shape_of(&names));
        }
        let named = BY_CODE.iter().chain(&BY_SYSMON_ID).chain(&BY_WINDOWS_ID).map(|(_, name)| *name);
        for name in named.chain(BY_CLASS.iter().map(|(_, name)| *name)) {
            assert_eq!(check_enum("EVENT_TYPE", name), Ok(()), "{name}");
        }
        for (_, name) in LOGON_TYPES {
            assert_eq!(check_enum("AUTH_MECHANISM", name), Ok(()), "{name}");
        }
    }

    /// The page says what the code does.
    #[test]
    fn the_page_has_every_line_of_the_mapping() {
        let page = include_str!("../../../../docs/yaral.md");
        let mut rows = 0;
        for Mapping { path, when, from } in &MAPPINGS {
            let when = match when {
                When::Always => "",
                When::Process => "processes",
                When::NotProcess => "not processes",
                When::Login => "logins, logouts",
                When::Api => "API records",
                When::NotApi => "not API records",
            };
            let from = match from {
                From::Name(name) => format!("`{name}`"),
                From::Email(name) => format!("`{name}`, an e-mail address"),
                From::Hash(name) => format!("`{name}` in `Hashes`"),
                From::Id => "event id".to_owned(),
                From::Seconds => "time, seconds".to_owned(),
                From::Nanos => "time, nanoseconds".to_owned(),
                From::SeenSeconds => "arrival, seconds".to_owned(),
                From::EventType => "code, event id, class".to_owned(),
                From::Action => "`outcome`".to_owned(),
                From::Severity => "severity".to_owned(),
                From::Platform => "`product`".to_owned(),
                From::VendorName | From::ProductName | From::LogType => "`product`, `service`".to_owned(),
                From::LogonMechanism => "`LogonType`".to_owned(),
            };
            let row = format!("| `{path}` | {when} | {from} |");
            assert!(page.contains(&row), "the page lacks {row}");
            rows += 1;
        }
        let written = page.lines().filter(|line| line.starts_with("| `") && line.matches('|').count() == 4);
        assert_eq!(written.count(), rows, "the page has lines that the code has not");
    }

    #[test]
    fn names_are_looked_for_as_json_writes_them() {
        let access = Access::new("principal.user.user_display_name", None, None, Leaf::Plain(Kind::Text));
        assert!(access.own.contains(&"principal.user.userDisplayName".to_owned()));
        assert!(access.own.contains(&"udm.principal.user.user_display_name".to_owned()));
        let access = Access::new("additional.fields", Some("k".to_owned()), None, Leaf::Map);
        assert!(access.own.contains(&"additional.k".to_owned()));
        assert!(access.own.contains(&"k".to_owned()));
    }
}
