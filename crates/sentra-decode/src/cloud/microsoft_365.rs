//! Microsoft 365 unified audit log: the records of the Management Activity interface, the `AuditData` of
//! `Search-UnifiedAuditLog`, and the table `OfficeActivity` of Log Analytics.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, FieldValue, Mart, Outcome};

use crate::decoder::Context;
use crate::flatten::{self, Field};
use crate::format::{Format, Shape};
use crate::identity::directory;
use crate::names::note;
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "microsoft_365",
    title: "Microsoft 365 unified audit records as JSON, with Workload and Operation",
    sample: r#"{"CreationTime":"2026-03-01T10:00:00","Id":"m1","Operation":"New-InboxRule","OrganizationId":"o1","RecordType":1,"ResultStatus":"True","UserId":"alice@example.com","Workload":"Exchange","ClientIP":"192.0.2.7:50123","Parameters":[{"Name":"ForwardTo","Value":"mallory@example.net"}]}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const OPERATION: [&str; 2] = ["Operation", "Operations"];
const WORKLOAD: [&str; 2] = ["Workload", "OfficeWorkload"];

const NAMES: Names = Names {
    time: &["CreationTime", "CreationDate", "TimeGenerated"],
    user: &["UserId", "UserIds", "UserKey"],
    src_ip: &["ClientIP", "ClientIPAddress", "ActorIpAddress", "SenderIp", "Client_IPAddress"],
    command: &OPERATION,
    session: &["SessionId", "AppAccessContext.AADSessionId", "DeviceProperties.SessionId"],
    file: &["ObjectId", "OfficeObjectId", "SourceFileName", "SiteUrl", "MailboxOwnerUPN"],
    app: &WORKLOAD,
    message: &["Comments", "Description", "LogonError"],
    ..Names::NONE
};

/// Whether the flat fields are those of a unified audit record.
fn is_record(fields: &[Field<'_>]) -> bool {
    object::has_any(fields, &OPERATION)
        && object::has(fields, "RecordType")
        && (object::has_any(fields, &WORKLOAD) || object::has(fields, "AuditData"))
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let (fields, problem) = unwrapped(fields);
    let mut event = object::event(context, FORMAT.name, Mart::CLOUD, fields, &NAMES);
    if let Some(problem) = problem {
        note(&mut event, problem);
    }
    event.product = Cow::Borrowed("m365");
    event.service = Cow::Borrowed(match event.app.as_ref() {
        "Exchange" => "exchange",
        "SecurityComplianceCenter" => "threat_management",
        _ => "audit",
    });
    event.class = Class::API;
    let status = object::text(&event.fields, &["ResultStatus", "Status"]);
    event.outcome = match object::outcome(&status) {
        Outcome::Unknown if object::begins_with(&status, &["Partially", "Success"]) => Outcome::Success,
        Outcome::Unknown if status.is_empty() => Outcome::Success,
        outcome => outcome,
    };
    let operation = event.command.clone();
    if let Some((class, code)) = meaning(&operation) {
        (event.class, event.code) = (class, Some(object::by_outcome(code, event.outcome)));
    }
    match operation.as_ref() {
        "UserLoginFailed" => event.outcome = Outcome::Failure,
        "UserLoggedIn" => event.outcome = Outcome::Success,
        _ => {}
    }
    if event.app == "AzureActiveDirectory" && event.file.contains('@') && event.file != event.user {
        event.target_user = event.file.clone();
    }
    if event.app == "SecurityComplianceCenter" {
        event.severity = object::severity(&object::text(&event.fields, &["Severity"]));
    }
    second_names(&mut event, operation);
    event
}

/// The record inside `AuditData`, where there is one: a text that is JSON of its own.
fn unwrapped(mut fields: Vec<Field<'_>>) -> (Vec<Field<'_>>, Option<&'static str>) {
    let Some(position) = fields.iter().position(|(name, _)| name.eq_ignore_ascii_case("AuditData")) else {
        return (fields, None);
    };
    let (name, value) = fields.swap_remove(position);
    let FieldValue::Text(text) = &value else {
        fields.push((name, value));
        return (fields, None);
    };
    let inner: Result<Vec<Field<'static>>, _> = flatten::object(text).map(|flat| own(flat.fields));
    match inner {
        Ok(mut inner) => {
            fields.retain(|(name, _)| !inner.iter().any(|(known, _)| known == name));
            inner.extend(own(fields));
            (inner, None)
        }
        Err(_) => {
            fields.push((name, value));
            (fields, Some("AuditData is no JSON object, kept as text"))
        }
    }
}

/// The fields with nothing borrowed.
fn own(fields: Vec<Field<'_>>) -> Vec<Field<'static>> {
    let text = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    let value = |value: FieldValue<'_>| match value {
        FieldValue::Text(inner) => FieldValue::Text(text(inner)),
        FieldValue::Integer(number) => FieldValue::Integer(number),
        FieldValue::Float(number) => FieldValue::Float(number),
        FieldValue::Bool(truth) => FieldValue::Bool(truth),
    };
    fields.into_iter().map(|(name, inner)| (text(name), value(inner))).collect()
}

/// Names that Sigma's rules use: those of the activity log (`Operation`, `Parameters`) and those of Defender for
/// Cloud Apps (`eventSource`, `eventName`, `status`).
fn second_names<'a>(event: &mut Event<'a>, operation: Cow<'a, str>) {
    let fields = &mut event.fields;
    object::alias_leaves(fields, "Parameters", "Parameters.");
    object::alias_leaves(fields, "OperationProperties", "OperationProperties.");
    object::alias(fields, &[("Operation", &OPERATION), ("Workload", &WORKLOAD), ("eventSource", &WORKLOAD)]);
    for list in
        ["Parameters", "ExtendedProperties", "DeviceProperties", "OperationProperties", "ModifiedProperties"]
    {
        let prefix = format!("{list}.");
        if !object::has_under(fields, &prefix) {
            continue;
        }
        object::alias_pairs(fields, &prefix, ("Name", &["Value", "NewValue"]), |name| {
            Some(Cow::Owned(match list {
                // These are facts of the event itself, which rules name bare.
                "ExtendedProperties" => name.to_owned(),
                list => format!("{list}.{name}"),
            }))
        });
    }
    let is_alert = object::begins_with(&operation, &["Alert"]);
    let name = if is_alert { object::text(fields, &["Name"]) } else { Cow::Borrowed("") };
    let name = if name.is_empty() { operation } else { name };
    if is_alert && event.message.is_empty() {
        event.message = name.clone();
    }
    let status = match event.outcome {
        Outcome::Success => "success",
        Outcome::Failure => "failure",
        Outcome::Unknown => "unknown",
    };
    for (field, value) in [("eventName", name), ("status", Cow::Borrowed(status))] {
        if !event.fields.iter().any(|(known, _)| known == field) {
            object::add(event, field, value);
        }
    }
}

fn meaning(operation: &str) -> Option<(Class, EventCode)> {
    use EventCode as Code;
    let code = match operation {
        "UserLoggedIn" | "TeamsSessionStarted" => return Some((Class::AUTHENTICATION, Code::LL01)),
        "UserLoginFailed" => return Some((Class::AUTHENTICATION, Code::LL03)),
        "MailboxLogin" => return Some((Class::AUTHENTICATION, Code::LL01)),
        "Add-MailboxPermission"
        | "Remove-MailboxPermission"
        | "Add-MailboxFolderPermission"
        | "Add-RecipientPermission"
        | "Add-RoleGroupMember"
        | "Remove-RoleGroupMember"
        | "Update-RoleGroupMember"
        | "New-ManagementRoleAssignment"
        | "MemberAdded"
        | "MemberRemoved"
        | "MemberRoleChanged"
        | "AddedToGroup"
        | "RemovedFromGroup"
        | "SiteCollectionAdminAdded" => return Some((Class::GROUP, Code::SA05)),
        "New-RoleGroup" | "New-ManagementRole" | "TeamCreated" => return Some((Class::GROUP, Code::SA04)),
        "Remove-RoleGroup" | "TeamDeleted" => return Some((Class::GROUP, Code::SA06)),
        "Set-AdminAuditLogConfig"
        | "Set-MailboxAuditBypassAssociation"
        | "Remove-UnifiedAuditLogRetentionPolicy"
        | "Disable-UnifiedAuditLogIngestion" => Code::SS05,
        "New-InboxRule" | "Set-InboxRule" | "UpdateInboxRules" | "Set-Mailbox" | "New-App" => Code::CC01,
        "New-ComplianceSearchAction" | "SearchExported" | "SearchExportDownloaded" => Code::SS03,
        "New-TransportRule"
        | "Set-TransportRule"
        | "Remove-TransportRule"
        | "Disable-TransportRule"
        | "New-InboundConnector"
        | "New-OutboundConnector"
        | "Add-FederatedDomain"
        | "Set-AcceptedDomain"
        | "New-AcceptedDomain"
        | "Set-OrganizationConfig"
        | "SharingPolicyChanged" => Code::CC02,
        _ if is_policy(operation) => Code::CC02,
        _ => return directory::meaning(operation.trim_end_matches('.')),
    };
    Some((Class::API, code))
}

/// `Set-AntiPhishPolicy`, `Remove-SafeLinksRule` and their kin.
fn is_policy(operation: &str) -> bool {
    object::begins_with(operation, &["Set-", "New-", "Remove-", "Disable-", "Enable-"])
        && (operation.ends_with("Policy") || operation.ends_with("Rule"))
}
