//! Event data without names: Fluent Bit writes the values of `EventData` as the list `StringInserts`. For the events
//! that detection lives on, the names of the positions are those of Microsoft's documentation.

use std::borrow::Cow;

use crate::flatten::Field;

const LOGON_SUBJECT: [&str; 4] = ["SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId"];
const TARGET_THEN_SUBJECT: [&str; 7] = [
    "TargetUserName",
    "TargetDomainName",
    "TargetSid",
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
];

/// The names behind the subject, for events that begin with it.
const AFTER_SUBJECT: [(i64, &[&str]); 5] = [
    (
        4624,
        &[
            "TargetUserSid",
            "TargetUserName",
            "TargetDomainName",
            "TargetLogonId",
            "LogonType",
            "LogonProcessName",
            "AuthenticationPackageName",
            "WorkstationName",
            "LogonGuid",
            "TransmittedServices",
            "LmPackageName",
            "KeyLength",
            "ProcessId",
            "ProcessName",
            "IpAddress",
            "IpPort",
        ],
    ),
    (
        4625,
        &[
            "TargetUserSid",
            "TargetUserName",
            "TargetDomainName",
            "Status",
            "FailureReason",
            "SubStatus",
            "LogonType",
            "LogonProcessName",
            "AuthenticationPackageName",
            "WorkstationName",
            "TransmittedServices",
            "LmPackageName",
            "KeyLength",
            "ProcessId",
            "ProcessName",
            "IpAddress",
            "IpPort",
        ],
    ),
    (
        4648,
        &[
            "LogonGuid",
            "TargetUserName",
            "TargetDomainName",
            "TargetLogonGuid",
            "TargetServerName",
            "TargetInfo",
            "ProcessId",
            "ProcessName",
            "IpAddress",
            "IpPort",
        ],
    ),
    (4672, &["PrivilegeList"]),
    (
        4688,
        &[
            "NewProcessId",
            "NewProcessName",
            "TokenElevationType",
            "ProcessId",
            "CommandLine",
            "TargetUserSid",
            "TargetUserName",
            "TargetDomainName",
            "TargetLogonId",
            "ParentProcessName",
            "MandatoryLabel",
        ],
    ),
];

/// The names of the positions of an event's data; none for events that are not known here.
fn names(id: i64) -> Vec<&'static str> {
    if let Some((_, rest)) = AFTER_SUBJECT.iter().find(|(known, _)| *known == id) {
        return LOGON_SUBJECT.iter().chain(rest.iter()).copied().collect();
    }
    match id {
        4634 => vec!["TargetUserSid", "TargetUserName", "TargetDomainName", "TargetLogonId", "LogonType"],
        4647 => vec!["TargetUserSid", "TargetUserName", "TargetDomainName", "TargetLogonId"],
        4720 | 4722 | 4723 | 4724 | 4725 | 4726 | 4738 | 4767 => TARGET_THEN_SUBJECT.to_vec(),
        4740 => TARGET_THEN_SUBJECT.to_vec(),
        4728 | 4729 | 4732 | 4733 | 4756 | 4757 => {
            ["MemberName", "MemberSid"].into_iter().chain(TARGET_THEN_SUBJECT).collect()
        }
        7045 => vec!["ServiceName", "ImagePath", "ServiceType", "StartType", "AccountName"],
        _ => Vec::new(),
    }
}

/// Gives the values of `StringInserts` their names.
pub(super) fn name(fields: &mut Vec<Field<'_>>) {
    let is_insert = |name: &str| name == "StringInserts";
    if !fields.iter().any(|(name, _)| is_insert(name)) {
        return;
    }
    let id =
        fields.iter().find(|(name, _)| name == "EventID").and_then(|(_, value)| value.as_text().parse().ok());
    let names = names(id.unwrap_or_default());
    let inserts = fields.iter().filter(|(name, _)| is_insert(name)).map(|(_, value)| value);
    let named: Vec<_> = names
        .into_iter()
        .zip(inserts)
        .filter(|(name, _)| !fields.iter().any(|(known, _)| known == name))
        .map(|(name, value)| (Cow::Borrowed(name), value.clone()))
        .collect();
    fields.extend(named);
}
