//! What the columns of identities are called.

use crate::import::ColumnTable;

/// What a column can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Account,
    Domain,
    Mail,
    EmployeeId,
    SecurityId,
    Dn,
    DisplayName,
    GivenName,
    FamilyName,
    Department,
    Manager,
    Title,
    Privilege,
    Status,
    Enabled,
    Disabled,
    TerminatedOn,
    ExpiresOn,
    LockedOn,
    Groups,
    Peers,
    Devices,
    Country,
    Changed,
    Created,
    Control,
    AdminCount,
    ObjectClass,
    Shell,
    UserNumber,
}

/// Folded names of columns of spreadsheets, Active Directory, inetOrgPerson and posixAccount, SCIM, Entra, Workday,
/// SailPoint and Saviynt.
pub(super) const TABLE: &ColumnTable<Column> = &[
    (
        Column::Account,
        "account",
        &[
            "userprincipalname",
            "samaccountname",
            "username",
            "user",
            "login",
            "loginname",
            "logon",
            "logonname",
            "uid",
            "userid",
            "accountname",
            "accounts",
            "upn",
            "systemusername",
            "networkid",
            "alias",
            "aliases",
            "netbiosname",
            "principal",
            "identityname",
            "workdayaccount",
        ],
    ),
    (Column::Domain, "domain", &["netbiosdomain", "addomain", "accountdomain", "userdomain"]),
    (
        Column::Mail,
        "mail",
        &[
            "email",
            "emailaddress",
            "mailaddress",
            "emailsvalue",
            "emails",
            "workemail",
            "emailwork",
            "primaryworkemail",
            "proxyaddresses",
            "mailalternateaddress",
        ],
    ),
    (
        Column::EmployeeId,
        "employee_id",
        &[
            "employeenumber",
            "employeeno",
            "empid",
            "personnelnumber",
            "personid",
            "workerid",
            "staffid",
            "personalnummer",
            "employee",
            "hrid",
        ],
    ),
    (Column::SecurityId, "sid", &["objectsid", "securityid"]),
    (Column::Dn, "dn", &["distinguishedname", "entrydn"]),
    (
        Column::DisplayName,
        "display_name",
        &[
            "name",
            "fullname",
            "nameformatted",
            "cn",
            "commonname",
            "gecos",
            "worker",
            "workername",
            "person",
            "preferredname",
            "legalname",
            "workerdescriptor",
        ],
    ),
    (Column::GivenName, "given_name", &["firstname", "givenname", "namegivenname", "vorname"]),
    (
        Column::FamilyName,
        "family_name",
        &["lastname", "surname", "sn", "familyname", "namefamilyname", "nachname"],
    ),
    (
        Column::Department,
        "department",
        &[
            "dept",
            "departmentname",
            "division",
            "orgunit",
            "organizationalunit",
            "ou",
            "team",
            "costcenter",
            "supervisoryorganization",
            "businessunit",
            "abteilung",
            "departmentnumber",
        ],
    ),
    (
        Column::Manager,
        "manager",
        &[
            "managername",
            "managerdisplayname",
            "supervisor",
            "reportsto",
            "lead",
            "vorgesetzter",
            "workersmanager",
            "managervalue",
            "managerid",
        ],
    ),
    (
        Column::Title,
        "title",
        &["jobtitle", "position", "businesstitle", "jobprofile", "job", "employeerole", "role", "funktion"],
    ),
    (
        Column::Privilege,
        "privilege",
        &[
            "privilegelevel",
            "accounttype",
            "accountkind",
            "isprivileged",
            "privileged",
            "isadmin",
            "admin",
            "usertype",
        ],
    ),
    (
        Column::Status,
        "status",
        &[
            "workerstatus",
            "employmentstatus",
            "employeestatus",
            "activestatus",
            "accountstatus",
            "userstatus",
            "state",
            "identitystate",
            "lifecyclestate",
            "cloudlifecyclestate",
            "statuskey",
        ],
    ),
    (Column::Enabled, "enabled", &["accountenabled", "active", "isactive", "isenabled"]),
    (
        Column::Disabled,
        "disabled",
        &["accountdisabled", "isdisabled", "suspended", "inactive", "nsaccountlock"],
    ),
    (
        Column::TerminatedOn,
        "terminated_on",
        &[
            "terminationdate",
            "terminatedon",
            "leavedate",
            "leavingdate",
            "lastday",
            "lastdayofwork",
            "enddate",
            "contractend",
            "contractenddate",
            "employeeleavedatetime",
            "austrittsdatum",
        ],
    ),
    (Column::ExpiresOn, "expires_on", &["accountexpires", "accountexpirationdate", "expirydate", "expires"]),
    (Column::LockedOn, "locked_on", &["lockouttime", "pwdaccountlockedtime", "accountlockouttime"]),
    (
        Column::Groups,
        "groups",
        &["memberof", "group", "ismemberof", "groupmembership", "groupsdisplay", "roles"],
    ),
    (Column::Peers, "peers", &["peergroup", "peersgroup", "jobfamily"]),
    (
        Column::Devices,
        "devices",
        &[
            "device",
            "manageddevices",
            "computers",
            "workstation",
            "workstations",
            "hosts",
            "assets",
            "hostname",
        ],
    ),
    (
        Column::Country,
        "country",
        &[
            "usualcountry",
            "c",
            "co",
            "countrycode",
            "countryname",
            "locationcountry",
            "workcountry",
            "usagelocation",
        ],
    ),
    (
        Column::Changed,
        "changed",
        &[
            "whenchanged",
            "modifytimestamp",
            "lastmodified",
            "modified",
            "metalastmodified",
            "lastupdated",
            "updated",
        ],
    ),
    (Column::Created, "created", &["whencreated", "createtimestamp", "createddatetime", "metacreated"]),
    (Column::Control, "user_account_control", &["uac"]),
    (Column::AdminCount, "admin_count", &[]),
    (Column::ObjectClass, "object_class", &["objectcategory"]),
    (Column::Shell, "shell", &["loginshell"]),
    (Column::UserNumber, "user_number", &["uidnumber"]),
];

/// The attributes that `columns` of an identities source can map.
pub fn identity_attributes() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(_, name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_column_is_two_things() {
        let mut seen = std::collections::BTreeMap::new();
        for (column, name, columns) in TABLE {
            for name in columns.iter().map(|c| (*c).to_owned()).chain([crate::fold::fold_column(name)]) {
                assert_eq!(name, crate::fold::fold_column(&name));
                if let Some(before) = seen.insert(name.clone(), *column) {
                    assert_eq!(before, *column, "{name}");
                }
            }
        }
    }
}
