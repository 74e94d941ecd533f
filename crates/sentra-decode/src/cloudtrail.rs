//! AWS CloudTrail: one record per API call, without the `Records` envelope that files have around them.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, FieldValue, Mart, Outcome};

use crate::address;
use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::names::{first_of, header_text, note};
use crate::time;

pub(crate) static FORMAT: Format = Format {
    name: "cloudtrail",
    title: "AWS CloudTrail records as JSON, with eventSource and eventName",
    sample: r#"{"eventVersion":"1.08","eventTime":"2026-03-01T10:00:00Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","userIdentity":{"userName":"alice"},"sourceIPAddress":"192.0.2.7","responseElements":{"ConsoleLogin":"Failure"}}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

/// Whether the flat fields are those of a CloudTrail record.
pub(crate) fn is_record(fields: &[Field<'_>]) -> bool {
    let has = |wanted: &str| fields.iter().any(|(name, _)| name == wanted);
    has("eventSource")
        && has("eventName")
        && (has("eventVersion") || fields.iter().any(|(name, _)| name.starts_with("userIdentity.")))
}

/// The event of the flat fields of a record.
pub(crate) fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let header = |names: &[&str]| first_of(&fields, names).map(header_text).unwrap_or_default();
    let time = first_of(&fields, &["eventTime"]).and_then(|value| time::value(&value.as_text()));
    let mut event = Event::new("cloudtrail", Mart::CLOUD, context.received);
    match time {
        Some(time) => event.time = context.resolve(time),
        None => note(&mut event, "no time in the record, arrival time taken"),
    }
    event.product = Cow::Borrowed("aws");
    event.service = Cow::Borrowed("cloudtrail");
    event.host = header(&["recipientAccountId", "userIdentity.accountId"]);
    event.app = header(&["eventSource"]);
    event.user = user(&fields);
    event.target_user = header(&["requestParameters.userName"]);
    event.session = header(&["userIdentity.accessKeyId"]);
    event.file = header(&["requestParameters.bucketName", "requestParameters.roleName"]);
    let source = header(&["sourceIPAddress"]);
    match address::ip_of(&source) {
        Some(address) => event.src_ip = address,
        // AWS itself: `cloudtrail.amazonaws.com`, `AWS Internal`.
        None if source.contains('.') => event.domain = source,
        None => {}
    }
    let name = header(&["eventName"]);
    event.outcome = outcome(&fields, &name);
    (event.class, event.code) = meaning(&name, event.outcome);
    event.command = name;
    event.message = header(&["errorMessage"]);
    event.fields = fields;
    event
}

/// Who called: the user, the role behind an assumed session, or the AWS service.
fn user<'a>(fields: &[Field<'a>]) -> Cow<'a, str> {
    let direct = first_of(fields, &["userIdentity.userName"]);
    // `arn:aws:sts::123456789012:assumed-role/admin/alice` ends in the session's name.
    let named = direct.or_else(|| first_of(fields, &["userIdentity.arn", "userIdentity.principalId"]));
    let role = || first_of(fields, &["userIdentity.sessionContext.sessionIssuer.userName"]);
    let service = || first_of(fields, &["userIdentity.invokedBy", "userIdentity.accountId"]);
    named.or_else(role).or_else(service).map(header_text).unwrap_or_default()
}

/// An error code means failure. `ConsoleLogin` and its kin say it in their response instead.
fn outcome(fields: &[Field<'_>], name: &str) -> Outcome {
    let response = fields.iter().find(|(field, _)| field.strip_prefix("responseElements.") == Some(name));
    match response.map(|(_, value)| value) {
        Some(FieldValue::Text(text)) if text == "Failure" => return Outcome::Failure,
        Some(FieldValue::Text(text)) if text == "Success" => return Outcome::Success,
        _ => {}
    }
    match first_of(fields, &["errorCode", "errorMessage"]) {
        Some(_) => Outcome::Failure,
        None => Outcome::Success,
    }
}

/// Class and code of an API call. A call that failed changed nothing, so its code is that of a refused
/// privileged operation.
fn meaning(name: &str, outcome: Outcome) -> (Class, Option<EventCode>) {
    use EventCode as Code;
    let failed = outcome == Outcome::Failure;
    let (class, code) = match name {
        "ConsoleLogin" => {
            return (Class::AUTHENTICATION, Some(if failed { Code::LL03 } else { Code::LL01 }));
        }
        "CheckMfa" => return (Class::AUTHENTICATION, Some(if failed { Code::LL08 } else { Code::LL07 })),
        "ChangePassword" => {
            return (Class::ACCOUNT_CHANGE, Some(if failed { Code::LL05 } else { Code::LL04 }));
        }
        "CreateUser" => (Class::ACCOUNT_CHANGE, Code::SA01),
        "DeleteUser" => (Class::ACCOUNT_CHANGE, Code::SA03),
        "UpdateUser" | "CreateAccessKey" | "UpdateAccessKey" | "DeleteAccessKey" | "DeleteLoginProfile"
        | "UploadSSHPublicKey" => (Class::ACCOUNT_CHANGE, Code::SA02),
        "CreateLoginProfile" | "UpdateLoginProfile" => (Class::ACCOUNT_CHANGE, Code::SA07),
        "EnableMFADevice"
        | "DeactivateMFADevice"
        | "DeleteVirtualMFADevice"
        | "CreateVirtualMFADevice"
        | "ResyncMFADevice" => (Class::ACCOUNT_CHANGE, Code::SA10),
        "CreateRole" | "CreateGroup" | "CreateInstanceProfile" => (Class::GROUP, Code::SA04),
        "DeleteRole" | "DeleteGroup" | "DeleteInstanceProfile" => (Class::GROUP, Code::SA06),
        "AddUserToGroup"
        | "RemoveUserFromGroup"
        | "UpdateAssumeRolePolicy"
        | "CreatePolicyVersion"
        | "SetDefaultPolicyVersion"
        | "AddRoleToInstanceProfile" => (Class::GROUP, Code::SA05),
        "StopLogging"
        | "StartLogging"
        | "DeleteTrail"
        | "UpdateTrail"
        | "CreateTrail"
        | "PutEventSelectors"
        | "DeleteFlowLogs"
        | "DeleteLogGroup"
        | "DeleteLogStream"
        | "StopConfigurationRecorder"
        | "DeleteConfigurationRecorder"
        | "PutBucketLogging" => (Class::API, Code::SS05),
        "AuthorizeSecurityGroupIngress"
        | "AuthorizeSecurityGroupEgress"
        | "RevokeSecurityGroupIngress"
        | "RevokeSecurityGroupEgress"
        | "CreateSecurityGroup"
        | "DeleteSecurityGroup"
        | "PutBucketPolicy"
        | "DeleteBucketPolicy"
        | "PutBucketAcl"
        | "PutBucketPublicAccessBlock"
        | "DeleteBucketPublicAccessBlock"
        | "CreateNetworkAclEntry"
        | "DeleteNetworkAclEntry"
        | "UpdateAccountPasswordPolicy"
        | "DeleteAccountPasswordPolicy"
        | "DeleteDetector"
        | "UpdateDetector"
        | "DisableKey"
        | "ScheduleKeyDeletion"
        | "PutKeyPolicy"
        | "ModifySnapshotAttribute"
        | "ModifyImageAttribute" => (Class::API, Code::CC02),
        "GetSecretValue" | "GetPasswordData" => (Class::API, Code::PA01),
        "SendCommand" | "StartSession" => (Class::API, Code::AO01),
        _ if is_policy_change(name) => (Class::GROUP, Code::SA05),
        _ => return (Class::API, None),
    };
    (class, Some(if failed { Code::PA02 } else { code }))
}

/// `AttachRolePolicy`, `PutUserPolicy`, `DetachGroupPolicy`, `DeleteRolePolicy` and their sisters.
fn is_policy_change(name: &str) -> bool {
    let verbs = ["Attach", "Detach", "Put", "Delete"];
    let targets = ["UserPolicy", "RolePolicy", "GroupPolicy"];
    verbs.iter().any(|verb| name.strip_prefix(verb).is_some_and(|target| targets.contains(&target)))
}
