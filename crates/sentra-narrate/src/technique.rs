//! Names of the ATT&CK techniques that rules name most, so that nobody must look up what an id stands for.

use crate::quote;

/// Sorted by id.
const NAMES: [(&str, &str); 133] = [
    ("T1003", "OS Credential Dumping"),
    ("T1003.001", "LSASS Memory"),
    ("T1003.002", "Security Account Manager"),
    ("T1003.003", "NTDS"),
    ("T1003.004", "LSA Secrets"),
    ("T1003.005", "Cached Domain Credentials"),
    ("T1003.006", "DCSync"),
    ("T1005", "Data from Local System"),
    ("T1007", "System Service Discovery"),
    ("T1012", "Query Registry"),
    ("T1016", "System Network Configuration Discovery"),
    ("T1018", "Remote System Discovery"),
    ("T1021", "Remote Services"),
    ("T1021.001", "Remote Desktop Protocol"),
    ("T1021.002", "SMB/Windows Admin Shares"),
    ("T1021.003", "Distributed Component Object Model"),
    ("T1021.004", "SSH"),
    ("T1021.006", "Windows Remote Management"),
    ("T1027", "Obfuscated Files or Information"),
    ("T1027.010", "Command Obfuscation"),
    ("T1033", "System Owner/User Discovery"),
    ("T1036", "Masquerading"),
    ("T1036.003", "Rename Legitimate Utilities"),
    ("T1036.005", "Match Legitimate Resource Name or Location"),
    ("T1040", "Network Sniffing"),
    ("T1041", "Exfiltration Over C2 Channel"),
    ("T1046", "Network Service Discovery"),
    ("T1047", "Windows Management Instrumentation"),
    ("T1048", "Exfiltration Over Alternative Protocol"),
    ("T1049", "System Network Connections Discovery"),
    ("T1053", "Scheduled Task/Job"),
    ("T1053.002", "At"),
    ("T1053.003", "Cron"),
    ("T1053.005", "Scheduled Task"),
    ("T1055", "Process Injection"),
    ("T1059", "Command and Scripting Interpreter"),
    ("T1059.001", "PowerShell"),
    ("T1059.003", "Windows Command Shell"),
    ("T1059.004", "Unix Shell"),
    ("T1059.005", "Visual Basic"),
    ("T1059.006", "Python"),
    ("T1059.007", "JavaScript"),
    ("T1068", "Exploitation for Privilege Escalation"),
    ("T1069.001", "Local Groups"),
    ("T1069.002", "Domain Groups"),
    ("T1070", "Indicator Removal"),
    ("T1070.001", "Clear Windows Event Logs"),
    ("T1070.002", "Clear Linux or Mac System Logs"),
    ("T1070.003", "Clear Command History"),
    ("T1070.004", "File Deletion"),
    ("T1071", "Application Layer Protocol"),
    ("T1071.001", "Web Protocols"),
    ("T1071.004", "DNS"),
    ("T1078", "Valid Accounts"),
    ("T1078.002", "Domain Accounts"),
    ("T1078.003", "Local Accounts"),
    ("T1078.004", "Cloud Accounts"),
    ("T1082", "System Information Discovery"),
    ("T1083", "File and Directory Discovery"),
    ("T1087", "Account Discovery"),
    ("T1087.001", "Local Account"),
    ("T1087.002", "Domain Account"),
    ("T1090", "Proxy"),
    ("T1098", "Account Manipulation"),
    ("T1098.005", "Device Registration"),
    ("T1098.007", "Additional Local or Domain Groups"),
    ("T1102", "Web Service"),
    ("T1105", "Ingress Tool Transfer"),
    ("T1106", "Native API"),
    ("T1110", "Brute Force"),
    ("T1110.001", "Password Guessing"),
    ("T1110.002", "Password Cracking"),
    ("T1110.003", "Password Spraying"),
    ("T1110.004", "Credential Stuffing"),
    ("T1112", "Modify Registry"),
    ("T1113", "Screen Capture"),
    ("T1127", "Trusted Developer Utilities Proxy Execution"),
    ("T1133", "External Remote Services"),
    ("T1134.001", "Token Impersonation/Theft"),
    ("T1136", "Create Account"),
    ("T1136.001", "Local Account"),
    ("T1136.002", "Domain Account"),
    ("T1140", "Deobfuscate/Decode Files or Information"),
    ("T1190", "Exploit Public-Facing Application"),
    ("T1197", "BITS Jobs"),
    ("T1202", "Indirect Command Execution"),
    ("T1203", "Exploitation for Client Execution"),
    ("T1204", "User Execution"),
    ("T1204.002", "Malicious File"),
    ("T1210", "Exploitation of Remote Services"),
    ("T1213", "Data from Information Repositories"),
    ("T1218", "System Binary Proxy Execution"),
    ("T1218.005", "Mshta"),
    ("T1218.010", "Regsvr32"),
    ("T1218.011", "Rundll32"),
    ("T1219", "Remote Access Tools"),
    ("T1482", "Domain Trust Discovery"),
    ("T1485", "Data Destruction"),
    ("T1486", "Data Encrypted for Impact"),
    ("T1489", "Service Stop"),
    ("T1490", "Inhibit System Recovery"),
    ("T1496", "Resource Hijacking"),
    ("T1505.003", "Web Shell"),
    ("T1518.001", "Security Software Discovery"),
    ("T1528", "Steal Application Access Token"),
    ("T1529", "System Shutdown/Reboot"),
    ("T1530", "Data from Cloud Storage"),
    ("T1531", "Account Access Removal"),
    ("T1543.003", "Windows Service"),
    ("T1546.003", "Windows Management Instrumentation Event Subscription"),
    ("T1547.001", "Registry Run Keys / Startup Folder"),
    ("T1548", "Abuse Elevation Control Mechanism"),
    ("T1548.002", "Bypass User Account Control"),
    ("T1548.003", "Sudo and Sudo Caching"),
    ("T1550.002", "Pass the Hash"),
    ("T1552.001", "Credentials In Files"),
    ("T1555", "Credentials from Password Stores"),
    ("T1556", "Modify Authentication Process"),
    ("T1556.006", "Multi-Factor Authentication"),
    ("T1557.001", "LLMNR/NBT-NS Poisoning and SMB Relay"),
    ("T1558.003", "Kerberoasting"),
    ("T1560.001", "Archive via Utility"),
    ("T1562.001", "Disable or Modify Tools"),
    ("T1564.001", "Hidden Files and Directories"),
    ("T1564.004", "NTFS File Attributes"),
    ("T1566", "Phishing"),
    ("T1566.001", "Spearphishing Attachment"),
    ("T1567", "Exfiltration Over Web Service"),
    ("T1567.002", "Exfiltration to Cloud Storage"),
    ("T1569.002", "Service Execution"),
    ("T1572", "Protocol Tunneling"),
    ("T1574.001", "DLL"),
    ("T1621", "Multi-Factor Authentication Request Generation"),
];

/// The name of the technique `id`, quoted; none where it is not known.
pub(crate) fn name(id: &str) -> Option<String> {
    let at = NAMES.binary_search_by_key(&id, |(known, _)| known).ok()?;
    NAMES.get(at).map(|(_, name)| quote::quoted(name))
}

/// `T1110.001 “Password Guessing”`; the id alone where the name is not known.
pub(crate) fn with_name(id: &str) -> String {
    name(id).map_or_else(|| id.to_owned(), |name| format!("{id} {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_one_and_found() {
        assert!(NAMES.is_sorted_by_key(|(id, _)| id));
        for (id, name) in NAMES {
            assert!(quote::is_technique(id), "{id}");
            assert_eq!(with_name(id), format!("{id} “{name}”"));
        }
        assert_eq!(with_name("T9999"), "T9999");
    }
}
