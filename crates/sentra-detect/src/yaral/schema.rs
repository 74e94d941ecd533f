//! The shape of UDM: its messages, their fields, its enumerations.

use std::sync::LazyLock;

use hashbrown::HashMap;

use super::value::Kind;
use crate::text::{hint, nearest};

/// Every message and its fields: `name`, `*` for repeated, and `:` with the type where it is no text: `int`,
/// `float`, `bool`, `map` (any key), an enumeration (in capitals) or a message.
const MESSAGES: [(&str, &str); 41] = [
    (
        "Event",
        "metadata:Metadata principal:Noun src:Noun target:Noun intermediary*:Noun observer:Noun about*:Noun \
         security_result*:SecurityResult network:Network extensions:Extensions additional:Additional \
         extracted:Additional",
    ),
    ("Additional", "fields:map"),
    (
        "Metadata",
        "id product_log_id event_timestamp:Timestamp collected_timestamp:Timestamp ingested_timestamp:Timestamp \
         event_type:EVENT_TYPE vendor_name product_name product_version product_event_type product_deployment_id \
         description url_back_to_product log_type base_labels:DataAccessLabels enrichment_state tags*",
    ),
    ("DataAccessLabels", "log_types* namespaces* ingestion_labels*:Label allow_scoped_access:bool"),
    ("Timestamp", "seconds:int nanos:int"),
    (
        "Noun",
        "hostname domain:Domain artifact:Artifact url_metadata:UrlMetadata asset_id user:User user_management_chain*:User \
         group:Group process:Process process_ancestors*:Process asset:Asset ip* nat_ip* port:int nat_port:int mac* \
         administrative_domain namespace url file:File email registry:Registry application platform:PLATFORM \
         platform_version platform_patch_level cloud:Cloud location:Location ip_location*:Location \
         ip_geo_artifact*:Artifact resource:Resource resource_ancestors*:Resource labels*:Label \
         object_reference:Identifier investigation:Investigation network:Network security_result*:SecurityResult \
         web_bundle",
    ),
    ("Identifier", "namespace id"),
    (
        "Investigation",
        "comments* verdict reputation severity_score:int status priority root_cause reason risk_score:int",
    ),
    (
        "Domain",
        "name prevalence:Prevalence first_seen_time:Timestamp last_seen_time:Timestamp registrar contact_email \
         whois_server name_server* creation_time:Timestamp update_time:Timestamp expiration_time:Timestamp \
         audit_update_time:Timestamp status registrant:User admin:User tech:User billing:User whois_record_raw_text \
         registry_data_raw_text iana_registrar_id:int private_registration:bool categories* favicon jarm \
         last_dns_records*:DnsRecord tags* whois_time:Timestamp",
    ),
    (
        "Artifact",
        "ip prevalence:Prevalence first_seen_time:Timestamp last_seen_time:Timestamp location:Location network:ArtifactNetwork \
         as_owner asn:int jarm regional_internet_registry tags* whois whois_date:Timestamp",
    ),
    ("ArtifactNetwork", "asn:int dns_domain carrier_name organization_name ip_subnet_range"),
    ("UrlMetadata", "url title html_meta* tags* last_final_url last_http_response_code:int categories*"),
    (
        "Prevalence",
        "rolling_max:int day_count:int rolling_max_sub_domains:int day_max:int day_max_sub_domains:int",
    ),
    (
        "User",
        "userid user_display_name email_addresses* windows_sid employee_id product_object_id title company_name \
         department* office_address:Location first_name last_name middle_name phone_numbers* personal_address:Location \
         group_identifiers* account_type:ACCOUNT_TYPE account_lockout_time:Timestamp account_expiration_time:Timestamp \
         last_login_time:Timestamp last_password_change_time:Timestamp password_expiration_time:Timestamp \
         last_bad_password_attempt_time:Timestamp hire_date:Timestamp termination_date:Timestamp managers*:User \
         user_authentication_status:AUTHENTICATION_STATUS user_role attribute:Attribute role_name role_description \
         groupid first_seen_time:Timestamp",
    ),
    (
        "Group",
        "product_object_id group_display_name attribute:Attribute email_addresses* windows_sid creation_time:Timestamp",
    ),
    (
        "Process",
        "pid parent_pid product_specific_process_id product_specific_parent_process_id command_line command_line_history* \
         file:File parent_process:Process access_mask:int integrity_level_rid:int token_elevation_type euid ruid egid \
         rgid pgid session_leader_pid tty",
    ),
    (
        "File",
        "full_path md5 sha1 sha256 authentihash ssdeep vhash ahash size:int mime_type file_type names* tags* \
         file_metadata:FileMetadata pe_file:FilePe first_seen_time:Timestamp last_seen_time:Timestamp \
         first_submission_time:Timestamp last_submission_time:Timestamp last_modification_time:Timestamp \
         last_access_time:Timestamp create_time:Timestamp prevalence:Prevalence capabilities_tags* stat_mode:int \
         stat_inode:int stat_dev:int stat_nlink:int stat_flags:int exif_info:map signature_info:map pdf_info:map \
         security_result:SecurityResult symhash",
    ),
    ("FileMetadata", "pe:FilePe"),
    (
        "FilePe",
        "import_hash imphash entry_point:int compilation_time:Timestamp compilation_exiftool_time:Timestamp",
    ),
    (
        "Asset",
        "product_object_id hostname asset_id ip* mac* nat_ip* first_seen_time:Timestamp last_discover_time:Timestamp \
         hardware*:Hardware platform_software:PlatformSoftware software*:Software location:Location category type \
         labels*:Label attribute:Attribute network_domain creation_time:Timestamp last_boot_time:Timestamp \
         deployment_status vulnerabilities*:Vulnerability system_last_update_time:Timestamp",
    ),
    ("Hardware", "serial_number manufacturer model cpu_platform cpu_model cpu_number_cores:int ram:int"),
    ("PlatformSoftware", "platform:PLATFORM platform_version platform_patch_level"),
    ("Software", "name version description vendor_name permissions*:Permission"),
    ("Permission", "name description type"),
    ("Registry", "registry_key registry_value_name registry_value_data registry_value_type"),
    ("Cloud", "environment vpc:Resource project:Resource availability_zone"),
    (
        "Location",
        "city state country_or_region name desk_name floor_name region_latitude:float region_longitude:float region_coordinates:Coordinates",
    ),
    ("Coordinates", "latitude:float longitude:float"),
    (
        "Resource",
        "type resource_type:RESOURCE_TYPE resource_subtype id name parent product_object_id attribute:Attribute",
    ),
    (
        "Attribute",
        "cloud:Cloud labels*:Label permissions*:Permission roles*:Role creation_time:Timestamp last_update_time:Timestamp",
    ),
    ("Role", "name description type"),
    ("Label", "key value source rbac_enabled:bool"),
    (
        "SecurityResult",
        "about:Noun category*:SECURITY_CATEGORY category_details* threat_name threat_id threat_id_namespace \
         threat_status threat_feed_name threat_verdict threat_collections* rule_id rule_name rule_version rule_type \
         rule_author rule_set rule_set_display_name ruleset_category_display_name rule_labels*:Label \
         outcomes*:Label detection_fields*:Label variables:map summary description severity:SEVERITY severity_details \
         priority:PRIORITY priority_details alert_state confidence:CONFIDENCE confidence_score:float \
         confidence_details action*:ACTION action_details risk_score:float url_back_to_product \
         associations*:Association attack_details:AttackDetails first_discovered_time:Timestamp \
         last_discovered_time:Timestamp last_updated_time:Timestamp campaigns* reports* verdict_info*:map \
         analytics_metadata*:map detection_depth:int",
    ),
    ("Association", "name id type country_code* description alias*"),
    ("AttackDetails", "version tactics*:AttackItem techniques*:AttackItem"),
    ("AttackItem", "id name subtechnique_id subtechnique_name"),
    (
        "Network",
        "application_protocol application_protocol_version asn carrier_name community_id direction:DIRECTION \
         ip_protocol ip_subnet_range sent_bytes:int received_bytes:int sent_packets:int received_packets:int \
         session_duration:Timestamp session_id parent_session_id is_proxy:bool dns_domain organization_name \
         http:Http dns:Dns dhcp:map email:Email ftp:Ftp smtp:Smtp tls:Tls",
    ),
    ("Http", "method referral_url user_agent response_code:int parsed_user_agent:UserAgent"),
    (
        "UserAgent",
        "family sub_family platform device device_version carrier security locale os os_variant browser browser_version browser_engine_version",
    ),
    ("Extensions", "auth:Auth vulns:Vulns entity_risk:map"),
    ("Vulns", "vulnerabilities*:Vulnerability"),
];

/// Messages that are rarely asked.
const MORE_MESSAGES: [(&str, &str); 10] = [
    ("Auth", "type:AUTH_TYPE mechanism*:AUTH_MECHANISM auth_details"),
    (
        "Vulnerability",
        "name description cve_id cve_description cvss_base_score:float cvss_vector cvss_version severity:SEVERITY \
         severity_details vendor vendor_vulnerability_id first_found:Timestamp last_found:Timestamp about:Noun",
    ),
    (
        "Dns",
        "id:int response:bool opcode:int authoritative:bool truncated:bool recursion_desired:bool \
         recursion_available:bool response_code:int questions*:DnsQuestion answers*:DnsRecord \
         authority*:DnsRecord additional*:DnsRecord",
    ),
    ("DnsQuestion", "name type:int class:int prevalence:Prevalence"),
    ("DnsRecord", "name type:int class:int ttl:int data binary_data value"),
    ("Email", "from reply_to to* cc* bcc* mail_id subject* bounce_address"),
    ("Ftp", "command"),
    ("Smtp", "helo mail_from rcpt_to* server_response* message_path is_webmail:bool is_tls:bool"),
    (
        "Tls",
        "client:TlsClient server:TlsServer cipher version version_protocol next_protocol curve established:bool resumed:bool",
    ),
    ("TlsClient", "certificate:Certificate ja3 server_name supported_ciphers*"),
];

const LAST_MESSAGES: [(&str, &str); 2] = [
    ("TlsServer", "certificate:Certificate ja3s"),
    ("Certificate", "version serial subject issuer md5 sha1 sha256 not_before:Timestamp not_after:Timestamp"),
];

/// Every enumeration and its values.
const ENUMS: [(&str, &str); 13] = [
    (
        "EVENT_TYPE",
        "EVENTTYPE_UNSPECIFIED PROCESS_UNCATEGORIZED PROCESS_LAUNCH PROCESS_INJECTION PROCESS_PRIVILEGE_ESCALATION \
         PROCESS_TERMINATION PROCESS_OPEN PROCESS_MODULE_LOAD REGISTRY_UNCATEGORIZED REGISTRY_CREATION \
         REGISTRY_MODIFICATION REGISTRY_DELETION SETTING_UNCATEGORIZED SETTING_CREATION SETTING_MODIFICATION \
         SETTING_DELETION MUTEX_UNCATEGORIZED MUTEX_CREATION FILE_UNCATEGORIZED FILE_CREATION FILE_DELETION \
         FILE_MODIFICATION FILE_READ FILE_COPY FILE_OPEN FILE_MOVE FILE_SYNC USER_UNCATEGORIZED USER_LOGIN \
         USER_LOGOUT USER_CREATION USER_CHANGE_PASSWORD USER_CHANGE_PERMISSIONS USER_STATS USER_BADGE_IN \
         USER_DELETION USER_RESOURCE_CREATION USER_RESOURCE_UPDATE_CONTENT USER_RESOURCE_UPDATE_PERMISSIONS \
         USER_COMMUNICATION USER_RESOURCE_ACCESS USER_RESOURCE_DELETION GROUP_UNCATEGORIZED GROUP_CREATION \
         GROUP_DELETION GROUP_MODIFICATION EMAIL_UNCATEGORIZED EMAIL_TRANSACTION EMAIL_URL_CLICK \
         NETWORK_UNCATEGORIZED NETWORK_FLOW NETWORK_CONNECTION NETWORK_FTP NETWORK_DHCP NETWORK_DNS NETWORK_HTTP \
         NETWORK_SMTP STATUS_UNCATEGORIZED STATUS_HEARTBEAT STATUS_STARTUP STATUS_SHUTDOWN STATUS_UPDATE \
         SCAN_UNCATEGORIZED SCAN_FILE SCAN_PROCESS_BEHAVIORS SCAN_PROCESS SCAN_HOST SCAN_VULN_HOST \
         SCAN_VULN_NETWORK SCAN_NETWORK SCHEDULED_TASK_UNCATEGORIZED SCHEDULED_TASK_CREATION \
         SCHEDULED_TASK_DELETION SCHEDULED_TASK_ENABLE SCHEDULED_TASK_DISABLE SCHEDULED_TASK_MODIFICATION \
         SYSTEM_AUDIT_LOG_UNCATEGORIZED SYSTEM_AUDIT_LOG_WIPE SERVICE_UNSPECIFIED SERVICE_CREATION \
         SERVICE_DELETION SERVICE_START SERVICE_STOP SERVICE_MODIFICATION GENERIC_EVENT RESOURCE_CREATION \
         RESOURCE_DELETION RESOURCE_PERMISSIONS_CHANGE RESOURCE_READ RESOURCE_WRITTEN DEVICE_FIRMWARE_UPDATE \
         DEVICE_CONFIG_UPDATE DEVICE_PROGRAM_UPLOAD DEVICE_PROGRAM_DOWNLOAD ANALYST_UPDATE_VERDICT \
         ANALYST_UPDATE_REPUTATION ANALYST_ADD_COMMENT ANALYST_UPDATE_PRIORITY ANALYST_UPDATE_STATUS",
    ),
    ("ACTION", "UNKNOWN_ACTION ALLOW BLOCK ALLOW_WITH_MODIFICATION QUARANTINE FAIL CHALLENGE"),
    ("SEVERITY", "UNKNOWN_SEVERITY INFORMATIONAL NONE ERROR LOW MEDIUM HIGH CRITICAL"),
    ("PRIORITY", "UNKNOWN_PRIORITY LOW_PRIORITY MEDIUM_PRIORITY HIGH_PRIORITY"),
    ("CONFIDENCE", "UNKNOWN_CONFIDENCE LOW_CONFIDENCE MEDIUM_CONFIDENCE HIGH_CONFIDENCE"),
    (
        "SECURITY_CATEGORY",
        "UNKNOWN_CATEGORY SOFTWARE_MALICIOUS SOFTWARE_SUSPICIOUS SOFTWARE_PUA NETWORK_MALICIOUS NETWORK_SUSPICIOUS \
         NETWORK_CATEGORIZED_CONTENT NETWORK_DENIAL_OF_SERVICE NETWORK_RECON NETWORK_COMMAND_AND_CONTROL \
         ACL_VIOLATION AUTH_VIOLATION EXPLOIT DATA_EXFILTRATION DATA_AT_REST DATA_DESTRUCTION TOR_EXIT_NODE \
         MAIL_SPAM MAIL_PHISHING MAIL_SPOOFING POLICY_VIOLATION SOCIAL_ENGINEERING PHISHING",
    ),
    ("PLATFORM", "UNKNOWN_PLATFORM WINDOWS MAC LINUX GCP AWS AZURE IOS ANDROID CHROME_OS"),
    ("DIRECTION", "UNKNOWN_DIRECTION INBOUND OUTBOUND BROADCAST"),
    (
        "ACCOUNT_TYPE",
        "ACCOUNT_TYPE_UNSPECIFIED DOMAIN_ACCOUNT_TYPE LOCAL_ACCOUNT_TYPE CLOUD_ACCOUNT_TYPE SERVICE_ACCOUNT_TYPE \
         DEFAULT_ACCOUNT_TYPE",
    ),
    ("AUTHENTICATION_STATUS", "UNKNOWN_AUTHENTICATION_STATUS ACTIVE SUSPENDED DELETED NO_ACTIVE_CREDENTIALS"),
    ("AUTH_TYPE", "AUTHTYPE_UNSPECIFIED MACHINE SSO VPN PHYSICAL TACACS"),
    (
        "AUTH_MECHANISM",
        "MECHANISM_UNSPECIFIED USERNAME_PASSWORD OTP HARDWARE_KEY LOCAL REMOTE REMOTE_INTERACTIVE MECHANISM_OTHER \
         BADGE_READER NETWORK BATCH SERVICE UNLOCK NETWORK_CLEAR_TEXT NEW_CREDENTIALS INTERACTIVE \
         CACHED_INTERACTIVE CACHED_REMOTE_INTERACTIVE CACHED_UNLOCK BIOMETRIC WEARABLE",
    ),
    (
        "RESOURCE_TYPE",
        "UNSPECIFIED MUTEX TASK PIPE DEVICE FIREWALL_RULE MAILBOX_FOLDER VPC_NETWORK VIRTUAL_MACHINE STORAGE_BUCKET \
         STORAGE_OBJECT DATABASE TABLE CLOUD_PROJECT CLOUD_ORGANIZATION SERVICE_ACCOUNT ACCESS_POLICY CLUSTER SETTING \
         DATASET BACKEND_SERVICE POD CONTAINER FUNCTION RUNTIME IP_ADDRESS DISK VOLUME IMAGE SNAPSHOT REPOSITORY \
         CREDENTIAL LOAD_BALANCER GATEWAY SUBNET USER",
    ),
];

/// What stands at the end of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    Plain(Kind),
    /// The name of the enumeration.
    Enum(&'static str),
    /// A moment, as its seconds.
    Moment,
    /// Labels, which take a key.
    Labels,
    /// A map, which takes any key.
    Map,
}

impl Leaf {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Plain(kind) => kind,
            Self::Moment => Kind::Int,
            Self::Enum(_) | Self::Labels | Self::Map => Kind::Text,
        }
    }
}

/// What is known of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PathShape {
    pub(crate) leaf: Leaf,
    /// It or something on the way to it is repeated.
    pub(crate) repeated: bool,
}

#[derive(Debug, Clone, Copy)]
struct FieldShape {
    repeated: bool,
    type_name: &'static str,
}

type Message = HashMap<&'static str, FieldShape>;

static SCHEMA: LazyLock<HashMap<&'static str, Message>> = LazyLock::new(|| {
    let all = MESSAGES.iter().chain(&MORE_MESSAGES).chain(&LAST_MESSAGES);
    all.map(|(name, fields)| {
        let fields = fields.split_ascii_whitespace().map(|field| {
            let (name, type_name) = field.split_once(':').unwrap_or((field, "text"));
            let (name, repeated) = name.strip_suffix('*').map_or((name, false), |name| (name, true));
            (name, FieldShape { repeated, type_name })
        });
        (*name, fields.collect())
    })
    .collect()
});

/// What the path `names` leads to, or what is wrong with it.
pub(crate) fn shape_of(names: &[&str]) -> Result<PathShape, String> {
    let mut message_name = "Event";
    let mut repeated = false;
    let mut type_name = message_name;
    for (number, name) in names.iter().enumerate() {
        let Some(message) = SCHEMA.get(message_name) else { break };
        let Some(field) = message.get(name) else {
            let path = names.get(..=number).unwrap_or_default().join(".");
            let before = names.get(..number).unwrap_or_default().join(".");
            let meant = nearest(name, message.keys().copied());
            let hint = match meant {
                Some(meant) if before.is_empty() => format!("; did you mean \"{meant}\"?"),
                Some(meant) => format!("; did you mean \"{before}.{meant}\"?"),
                None => String::new(),
            };
            return Err(format!("\"{path}\" is no path of UDM{hint}"));
        };
        repeated |= field.repeated;
        type_name = field.type_name;
        if type_name == "map" {
            return Ok(PathShape { leaf: Leaf::Map, repeated: false });
        }
        message_name = type_name;
        if !SCHEMA.contains_key(type_name) && number + 1 < names.len() {
            let path = names.get(..=number).unwrap_or_default().join(".");
            return Err(format!("\"{path}\" is a value and has no fields"));
        }
    }
    let leaf = match type_name {
        "text" => Leaf::Plain(Kind::Text),
        "int" => Leaf::Plain(Kind::Int),
        "float" => Leaf::Plain(Kind::Float),
        "bool" => Leaf::Plain(Kind::Bool),
        "Timestamp" => Leaf::Moment,
        "Label" => Leaf::Labels,
        other => match ENUMS.iter().find(|(name, _)| *name == other) {
            Some((name, _)) => Leaf::Enum(name),
            None => return Err(format!("\"{}\" is no value but has fields of its own", names.join("."))),
        },
    };
    Ok(PathShape { leaf, repeated })
}

fn enum_values(name: &str) -> impl Iterator<Item = &'static str> {
    let values = ENUMS.iter().find(|(known, _)| *known == name).map_or("", |(_, values)| values);
    values.split_ascii_whitespace()
}

/// Whether `value` is one of the enumeration; the error names the nearest.
pub(crate) fn check_enum(name: &str, value: &str) -> Result<(), String> {
    // The zero value of an enumeration may be written as nothing.
    if value.is_empty() || enum_values(name).any(|known| known == value) {
        return Ok(());
    }
    Err(format!("{value:?} is no value of this enumeration{}", hint(value, enum_values(name))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_whole() {
        for (message, fields) in SCHEMA.iter() {
            for (name, field) in fields {
                let known = SCHEMA.contains_key(field.type_name)
                    || ENUMS.iter().any(|(name, _)| *name == field.type_name)
                    || ["text", "int", "float", "bool", "map"].contains(&field.type_name);
                assert!(known, "{message}.{name} is of unknown type {}", field.type_name);
            }
        }
    }

    #[test]
    fn paths_have_shapes_and_wrong_ones_hints() {
        let shape = |path: &str| shape_of(&path.split('.').collect::<Vec<_>>());
        let text = Leaf::Plain(Kind::Text);
        for (path, leaf, repeated) in [
            ("principal.hostname", text, false),
            ("principal.ip", text, true),
            ("target.process.parent_process.parent_process.pid", text, false),
            ("security_result.action", Leaf::Enum("ACTION"), true),
            ("metadata.event_timestamp", Leaf::Moment, false),
            ("metadata.event_timestamp.seconds", Leaf::Plain(Kind::Int), false),
            ("target.resource.attribute.labels", Leaf::Labels, true),
            ("additional.fields", Leaf::Map, false),
            ("network.dns.questions.name", text, true),
        ] {
            assert_eq!(shape(path), Ok(PathShape { leaf, repeated }), "{path}");
        }
        for (path, message) in [
            ("principle.ip", "did you mean \"principal\"?"),
            ("principal.hostnam", "did you mean \"principal.hostname\"?"),
            ("principal.hostname.x", "has no fields"),
            ("principal.process", "fields of its own"),
        ] {
            let error = shape(path).unwrap_err();
            assert!(error.contains(message), "{path}: {error}");
        }
        assert!(check_enum("EVENT_TYPE", "USER_LOGN").unwrap_err().contains("USER_LOGIN"));
        assert!(check_enum("ACTION", "ALLOW").is_ok());
    }
}
