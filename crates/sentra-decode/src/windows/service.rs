//! The Sigma service of a Windows channel.

/// Channels and their services, sorted by channel in lower case.
const SERVICES: [(&str, &str); 64] = [
    ("application", "application"),
    ("directory service", "directory-service"),
    ("dns server", "dns-server"),
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
    ("microsoft-windows-dnsserver/analytical", "dns-server-analytic"),
    ("microsoft-windows-dnsserver/audit", "dns-server-audit"),
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
    ("microsoft-windows-security-mitigations/kernelmode", "security-mitigations"),
    ("microsoft-windows-security-mitigations/user mode", "security-mitigations"),
    ("microsoft-windows-security-mitigations/usermode", "security-mitigations"),
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
    ("microsoft-windows-vhdmp-operational", "vhdmp"),
    ("microsoft-windows-vhdmp/operational", "vhdmp"),
    ("microsoft-windows-windows defender/operational", "windefend"),
    ("microsoft-windows-windows firewall with advanced security/firewall", "firewall-as"),
    ("microsoft-windows-winrm/operational", "winrm"),
    ("microsoft-windows-wmi-activity/operational", "wmi"),
    ("msexchange management", "msexchange-management"),
    ("openssh/operational", "openssh"),
    ("powershellcore/operational", "powershell"),
    ("security", "security"),
    ("sysmon", "sysmon"),
    ("system", "system"),
    ("windows powershell", "powershell-classic"),
];

/// Longest channel that is looked up, in bytes.
const CHANNEL_BYTES_MAX: usize = 96;

/// The Sigma service of events in `channel`; empty for channels that Sigma has no name for.
pub(super) fn of_channel(channel: &str) -> &'static str {
    let mut lower = [0_u8; CHANNEL_BYTES_MAX];
    let Some(lower) = lower.get_mut(..channel.len()) else { return "" };
    lower.copy_from_slice(channel.as_bytes());
    lower.make_ascii_lowercase();
    SERVICES
        .binary_search_by(|(known, _)| known.as_bytes().cmp(lower))
        .ok()
        .and_then(|found| SERVICES.get(found))
        .map_or("", |(_, service)| *service)
}

/// The Sigma service of events of `provider`, for records that do not name their channel.
pub(super) fn of_provider(provider: &str) -> &'static str {
    match provider {
        "Microsoft-Windows-Sysmon" => "sysmon",
        "Microsoft-Windows-Security-Auditing" | "Microsoft-Windows-Eventlog" => "security",
        "Microsoft-Windows-PowerShell" => "powershell",
        "PowerShell" => "powershell-classic",
        "Service Control Manager" => "system",
        "Microsoft-Windows-Windows Defender" => "windefend",
        "Microsoft-Windows-TaskScheduler" => "taskscheduler",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_every_channel_is_found() {
        assert!(SERVICES.is_sorted_by(|left, right| left.0 < right.0));
        for (channel, service) in SERVICES {
            assert_eq!(of_channel(&channel.to_uppercase()), service);
        }
        assert_eq!(of_channel("Nobody's Channel"), "");
        assert_eq!(of_channel(&"x".repeat(1_000)), "");
    }
}
