//! What is known of event channels and of the categories of their events.

/// Windows event channels, in lower case, and the Sigma service they are.
const CHANNELS: [(&str, &str); 58] = [
    ("application", "application"),
    ("security", "security"),
    ("system", "system"),
    ("dns server", "dns-server"),
    ("msexchange management", "msexchange-management"),
    ("openssh/operational", "openssh"),
    ("powershellcore/operational", "powershell"),
    ("windows powershell", "powershell-classic"),
    ("linux-sysmon/operational", "sysmon"),
    ("microsoft-iis-configuration/operational", "iis-configuration"),
    ("microsoft-servicebus-client/admin", "microsoft-servicebus-client"),
    ("microsoft-servicebus-client/operational", "microsoft-servicebus-client"),
    ("microsoft-windows-application-experience/program-compatibility-assistant", "application-experience"),
    ("microsoft-windows-application-experience/program-telemetry", "application-experience"),
    ("microsoft-windows-applocker/exe and dll", "applocker"),
    ("microsoft-windows-applocker/msi and script", "applocker"),
    ("microsoft-windows-applocker/packaged app-deployment", "applocker"),
    ("microsoft-windows-applocker/packaged app-execution", "applocker"),
    ("microsoft-windows-appmodel-runtime/admin", "appmodel-runtime"),
    ("microsoft-windows-appxdeploymentserver/operational", "appxdeployment-server"),
    ("microsoft-windows-appxpackaging/operational", "appxpackaging-om"),
    ("microsoft-windows-bitlocker/bitlocker management", "bitlocker"),
    ("microsoft-windows-bits-client/operational", "bits-client"),
    ("microsoft-windows-capi2/operational", "capi2"),
    (
        "microsoft-windows-certificateservicesclient-lifecycle-system/operational",
        "certificateservicesclient-lifecycle-system",
    ),
    ("microsoft-windows-codeintegrity/operational", "codeintegrity-operational"),
    ("microsoft-windows-dhcp-server/operational", "dhcp"),
    ("microsoft-windows-diagnosis-scripted/operational", "diagnosis-scripted"),
    ("microsoft-windows-dns client events/operational", "dns-client"),
    ("microsoft-windows-dns-client/operational", "dns-client"),
    ("microsoft-windows-dns-server/analytical", "dns-server-analytic"),
    ("microsoft-windows-driverframeworks-usermode/operational", "driver-framework"),
    ("microsoft-windows-hyper-v-worker", "hyper-v-worker"),
    ("microsoft-windows-kernel-eventtracing", "kernel-event-tracing"),
    ("microsoft-windows-kernel-shimengine/diagnostic", "kernel-shimengine"),
    ("microsoft-windows-kernel-shimengine/operational", "kernel-shimengine"),
    ("microsoft-windows-ldap-client/debug", "ldap"),
    ("microsoft-windows-lsa/operational", "lsa-server"),
    ("microsoft-windows-ntfs/operational", "ntfs"),
    ("microsoft-windows-ntlm/operational", "ntlm"),
    ("microsoft-windows-powershell/operational", "powershell"),
    ("microsoft-windows-printservice/admin", "printservice-admin"),
    ("microsoft-windows-printservice/operational", "printservice-operational"),
    ("microsoft-windows-security-mitigations/kernel mode", "security-mitigations"),
    ("microsoft-windows-security-mitigations/user mode", "security-mitigations"),
    ("microsoft-windows-sense/operational", "sense"),
    ("microsoft-windows-shell-core/operational", "shell-core"),
    ("microsoft-windows-smbclient/connectivity", "smbclient-connectivity"),
    ("microsoft-windows-smbclient/security", "smbclient-security"),
    ("microsoft-windows-smbserver/connectivity", "smbserver-connectivity"),
    ("microsoft-windows-sysmon/operational", "sysmon"),
    ("microsoft-windows-taskscheduler/operational", "taskscheduler"),
    (
        "microsoft-windows-terminalservices-localsessionmanager/operational",
        "terminalservices-localsessionmanager",
    ),
    ("microsoft-windows-vhdmp/operational", "vhdmp"),
    ("microsoft-windows-windows defender/operational", "windefend"),
    ("microsoft-windows-windows firewall with advanced security/firewall", "firewall-as"),
    ("microsoft-windows-wmi-activity/operational", "wmi"),
    ("microsoft-windows-applicationexperience/program-telemetry", "application-experience"),
];

/// The service of a Windows event channel.
pub(crate) fn service_of_channel(channel: &str) -> Option<&'static str> {
    CHANNELS.iter().find(|(known, _)| channel.eq_ignore_ascii_case(known)).map(|(_, service)| *service)
}

/// The categories of a Sysmon event. Event 12 says by its type whether something was added or deleted.
pub(crate) fn sysmon_categories(event_id: u32, event_type: &str) -> &'static [&'static str] {
    match event_id {
        1 => &["process_creation"],
        2 => &["file_change"],
        3 => &["network_connection"],
        4 | 16 => &["sysmon_status"],
        5 => &["process_termination"],
        6 => &["driver_load"],
        7 => &["image_load"],
        8 => &["create_remote_thread"],
        9 => &["raw_access_thread"],
        10 => &["process_access"],
        11 => &["file_event"],
        12 => match event_type {
            "CreateKey" => &["registry_event", "registry_add"],
            "DeleteKey" | "DeleteValue" => &["registry_event", "registry_delete"],
            _ => &["registry_event"],
        },
        13 => &["registry_event", "registry_set"],
        14 => &["registry_event", "registry_rename"],
        15 => &["create_stream_hash"],
        17 | 18 => &["pipe_created"],
        19..=21 => &["wmi_event"],
        22 => &["dns_query"],
        23 => &["file_delete"],
        24 => &["clipboard_capture", "clipboard_change"],
        25 => &["process_tampering"],
        26 => &["file_delete", "file_delete_detected"],
        27 => &["file_block", "file_block_executable"],
        28 => &["file_block", "file_block_shredding"],
        29 => &["file_executable_detected"],
        255 => &["sysmon_error"],
        _ => &[],
    }
}

/// Defender events that name a threat.
pub(crate) const DEFENDER_ANTIVIRUS_EVENTS: [u32; 12] =
    [1006, 1007, 1008, 1009, 1010, 1011, 1012, 1017, 1018, 1019, 1115, 1116];

/// Products whose rules have the category `application`.
pub(crate) const APPLICATION_PRODUCTS: [&str; 13] = [
    "django",
    "jvm",
    "kubernetes",
    "modsecurity",
    "nodejs",
    "opencanary",
    "python",
    "qualys",
    "rpc_firewall",
    "ruby_on_rails",
    "spring",
    "sql",
    "velocity",
];

/// Products and services that are web servers.
pub(crate) const WEBSERVER_NAMES: [&str; 9] =
    ["apache", "caddy", "haproxy", "iis", "lighttpd", "nginx", "tomcat", "traefik", "webserver"];

/// Products and services that are proxies.
pub(crate) const PROXY_NAMES: [&str; 6] = ["squid", "bluecoat", "zscaler", "mcafee", "forcepoint", "proxy"];
