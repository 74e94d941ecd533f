//! The classes of OCSF 1.x by their names.

use sentra_model::Class;

use super::keys::hint;

/// Largest number a class may have.
const NUMBER_MAX: u32 = 999_999;

/// Name and `class_uid`.
const NAMES: [(&str, u32); 66] = [
    ("base", 0),
    ("file_activity", 1001),
    ("kernel_extension_activity", 1002),
    ("kernel_activity", 1003),
    ("memory_activity", 1004),
    ("module_activity", 1005),
    ("scheduled_job_activity", 1006),
    ("process_activity", 1007),
    ("event_log_activity", 1008),
    ("script_activity", 1009),
    ("registry_key_activity", 201_001),
    ("registry_value_activity", 201_002),
    ("windows_resource_activity", 201_003),
    ("windows_service_activity", 201_004),
    ("vulnerability_finding", 2002),
    ("compliance_finding", 2003),
    ("detection_finding", 2004),
    ("incident_finding", 2005),
    ("data_security_finding", 2006),
    ("application_security_posture_finding", 2007),
    ("account_change", 3001),
    ("authentication", 3002),
    ("authorize_session", 3003),
    ("entity_management", 3004),
    ("user_access", 3005),
    ("group_management", 3006),
    ("network_activity", 4001),
    ("http_activity", 4002),
    ("dns_activity", 4003),
    ("dhcp_activity", 4004),
    ("rdp_activity", 4005),
    ("smb_activity", 4006),
    ("ssh_activity", 4007),
    ("ftp_activity", 4008),
    ("email_activity", 4009),
    ("network_file_activity", 4010),
    ("email_file_activity", 4011),
    ("email_url_activity", 4012),
    ("ntp_activity", 4013),
    ("tunnel_activity", 4014),
    ("inventory_info", 5001),
    ("config_state", 5002),
    ("user_inventory", 5003),
    ("patch_state", 5004),
    ("kernel_object_query", 5006),
    ("file_query", 5007),
    ("folder_query", 5008),
    ("admin_group_query", 5009),
    ("job_query", 5010),
    ("module_query", 5011),
    ("network_connection_query", 5012),
    ("networks_query", 5013),
    ("peripheral_device_query", 5014),
    ("process_query", 5015),
    ("service_query", 5016),
    ("session_query", 5017),
    ("user_query", 5018),
    ("device_config_state_change", 5019),
    ("software_info", 5020),
    ("web_resources_activity", 6001),
    ("application_lifecycle", 6002),
    ("api_activity", 6003),
    ("web_resource_access_activity", 6004),
    ("datastore_activity", 6005),
    ("file_hosting", 6006),
    ("scan_activity", 6007),
];

/// The class with this name or number.
pub(super) fn class(text: &str) -> Result<Class, String> {
    if let Ok(number) = text.parse::<u32>() {
        return match number {
            ..=NUMBER_MAX => Ok(Class(number)),
            _ => Err(format!("{number} is no class of OCSF: their numbers go up to {NUMBER_MAX}")),
        };
    }
    let found = NAMES.iter().find(|(name, _)| *name == text).map(|(_, number)| Class(*number));
    found.ok_or_else(|| {
        let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
        match super::keys::nearest(text, names.iter().copied()) {
            Some(_) => format!("there is no class `{text}`{}", hint(text, &names)),
            None => format!("there is no class `{text}`: write the name or number of an OCSF class, such as authentication or 3002"),
        }
    })
}
