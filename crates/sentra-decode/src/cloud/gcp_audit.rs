//! Google Cloud audit logs: `LogEntry` records with an `AuditLog` for payload, those of Google Workspace among
//! them.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, FieldValue, Mart, Outcome};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "gcp_audit",
    title: "Google Cloud audit log entries as JSON, with protoPayload",
    sample: r#"{"protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","authenticationInfo":{"principalEmail":"alice@example.com"},"requestMetadata":{"callerIp":"192.0.2.7"},"serviceName":"iam.googleapis.com","methodName":"google.iam.admin.v1.CreateServiceAccount","resourceName":"projects/example"},"resource":{"type":"service_account","labels":{"project_id":"example"}},"timestamp":"2026-03-01T10:00:00Z","severity":"NOTICE","logName":"projects/example/logs/cloudaudit.googleapis.com%2Factivity"}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const NAMES: Names = Names {
    time: &["timestamp", "receiveTimestamp", "protoPayload.requestMetadata.requestAttributes.time"],
    host: &["resource.labels.project_id", "resource.labels.organization_id"],
    user: &[
        "protoPayload.authenticationInfo.principalEmail",
        "protoPayload.authenticationInfo.principalSubject",
        "protoPayload.metadata.actor.email",
    ],
    target_user: &[
        "protoPayload.serviceData.policyDelta.bindingDeltas.member",
        "protoPayload.metadata.event.parameter.USER_EMAIL",
        "protoPayload.response.email",
    ],
    src_ip: &["protoPayload.requestMetadata.callerIp"],
    command: &["protoPayload.methodName"],
    session: &["operation.id", "insertId"],
    file: &["protoPayload.resourceName"],
    app: &["protoPayload.serviceName"],
    message: &["protoPayload.status.message"],
    ..Names::NONE
};

/// Names that Sigma's rules use: `gcp.audit` is how Elastic's agent calls the payload, `data` is Pub/Sub's.
const ALIASES: [(&str, &[&str]); 13] = [
    ("protoPayload.methodName", &["protoPayload.methodName"]),
    ("protoPayload.serviceName", &["protoPayload.serviceName"]),
    ("protoPayload.Servicename", &["protoPayload.serviceName"]),
    ("gcp.audit.method_name", &["protoPayload.methodName"]),
    ("gcp.audit.service_name", &["protoPayload.serviceName"]),
    ("gcp.audit.resource_name", &["protoPayload.resourceName"]),
    ("data.protoPayload.methodName", &["protoPayload.methodName"]),
    ("data.protoPayload.serviceName", &["protoPayload.serviceName"]),
    ("data.protoPayload.logName", &["logName"]),
    ("data.protoPayload.resource.type", &["resource.type"]),
    ("data.protoPayload.authorizationInfo.permission", &["protoPayload.authorizationInfo.permission"]),
    ("data.protoPayload.authorizationInfo.granted", &["protoPayload.authorizationInfo.granted"]),
    ("logName", &["logName"]),
];

/// Whether the flat fields are those of an audit log entry.
fn is_record(fields: &[Field<'_>]) -> bool {
    object::has_under(fields, "protoPayload.")
        && (object::has_any(
            fields,
            &["protoPayload.methodName", "protoPayload.authenticationInfo.principalEmail"],
        ) || object::find(fields, &["protoPayload.@type", "protoPayload.at_sign_type"])
            .is_some_and(|kind| kind.as_text().ends_with("AuditLog")))
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut event = object::event(context, FORMAT.name, Mart::CLOUD, fields, &NAMES);
    event.product = Cow::Borrowed("gcp");
    event.service = Cow::Borrowed(match event.app.as_ref() {
        "login.googleapis.com" => "google_workspace.login",
        "admin.googleapis.com" => "google_workspace.admin",
        _ => "gcp.audit",
    });
    event.severity = object::severity(&object::text(&event.fields, &["severity"]));
    event.outcome = outcome_of(&event.fields);
    event.class = Class::API;
    event.target_user = without_kind(std::mem::take(&mut event.target_user));
    // A long operation logs its first and its last moment. Only the last one says how it ended.
    let is_first = object::says(&event.fields, &["operation.first"], &["true"]);
    let is_last = object::says(&event.fields, &["operation.last"], &["true"]);
    let method = event.command.clone();
    if let Some((class, code)) = meaning(&method)
        && (!is_first || is_last)
    {
        event.class = class;
        event.code = Some(object::by_outcome(code, event.outcome));
        if method.ends_with("loginFailure") {
            (event.code, event.outcome) = (Some(EventCode::LL03), Outcome::Failure);
        }
    }
    object::alias(&mut event.fields, &ALIASES);
    if event.service != "gcp.audit" {
        workspace_names(&mut event);
    }
    event
}

/// `user:alice@example.com` is `alice@example.com`.
fn without_kind(member: Cow<'_, str>) -> Cow<'_, str> {
    let kinds = ["user:", "serviceAccount:", "group:", "domain:"];
    let Some(kind) = kinds.iter().find(|kind| member.starts_with(*kind)) else { return member };
    match member {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(kind.len()..).unwrap_or_default()),
        Cow::Owned(mut text) => {
            text.drain(..kind.len());
            Cow::Owned(text)
        }
    }
}

/// What the rules for Google Workspace call the parts of an administrator's or a login event.
fn workspace_names(event: &mut Event<'_>) {
    let names: [(&str, &[&str]); 2] = [
        ("eventService", &["protoPayload.serviceName"]),
        ("eventName", &["protoPayload.metadata.event.eventName"]),
    ];
    object::alias(&mut event.fields, &names);
    let values: [&str; 4] = ["value", "intValue", "boolValue", "multiStrValue"];
    object::alias_pairs(
        &mut event.fields,
        "protoPayload.metadata.event.parameter.",
        ("name", &values),
        |name| Some(Cow::Owned(name.to_ascii_lowercase())),
    );
}

fn outcome_of(fields: &[Field<'_>]) -> Outcome {
    let refused = |(name, value): &Field<'_>| {
        name.eq_ignore_ascii_case("protoPayload.authorizationInfo.granted")
            && *value == FieldValue::Bool(false)
    };
    match object::find(fields, &["protoPayload.status.code"]) {
        Some(code) if code.as_text() != "0" => Outcome::Failure,
        _ if object::has(fields, "protoPayload.status.message") => Outcome::Failure,
        None if fields.iter().any(refused) => Outcome::Failure,
        _ => Outcome::Success,
    }
}

/// What a method means, by the end of its name: `v1.compute.firewalls.delete`, `google.iam.admin.v1.CreateRole`.
fn meaning(method: &str) -> Option<(Class, EventCode)> {
    use EventCode as Code;
    let short = method.rsplit('.').next().unwrap_or(method);
    let object = method.rsplit('.').nth(1).unwrap_or_default();
    let code = match short {
        "loginSuccess" => return Some((Class::AUTHENTICATION, Code::LL01)),
        "loginFailure" => return Some((Class::AUTHENTICATION, Code::LL03)),
        "logout" => return Some((Class::AUTHENTICATION, Code::LL02)),
        "loginChallenge" => return Some((Class::AUTHENTICATION, Code::LL06)),
        "2svEnroll" | "2svDisable" => return Some((Class::ACCOUNT_CHANGE, Code::SA10)),
        "passwordEdit" => return Some((Class::ACCOUNT_CHANGE, Code::LL04)),
        "createUser" | "CreateServiceAccount" => return Some((Class::ACCOUNT_CHANGE, Code::SA01)),
        "deleteUser" | "DeleteServiceAccount" => return Some((Class::ACCOUNT_CHANGE, Code::SA03)),
        "suspendUser"
        | "unsuspendUser"
        | "UpdateServiceAccount"
        | "PatchServiceAccount"
        | "DisableServiceAccount"
        | "EnableServiceAccount"
        | "UndeleteServiceAccount"
        | "CreateServiceAccountKey"
        | "DeleteServiceAccountKey"
        | "UploadServiceAccountKey" => {
            return Some((Class::ACCOUNT_CHANGE, Code::SA02));
        }
        "changePassword" => return Some((Class::ACCOUNT_CHANGE, Code::SA07)),
        "CreateRole" | "createRole" | "UndeleteRole" | "createGroup" => {
            return Some((Class::GROUP, Code::SA04));
        }
        "DeleteRole" | "deleteRole" | "deleteGroup" => return Some((Class::GROUP, Code::SA06)),
        "UpdateRole"
        | "updateRole"
        | "assignRole"
        | "unassignRole"
        | "addPrivilege"
        | "removePrivilege"
        | "addGroupMember"
        | "removeGroupMember"
        | "grantAdminPrivilege" => {
            return Some((Class::GROUP, Code::SA05));
        }
        "SetIamPolicy" | "setIamPolicy" => return Some((Class::GROUP, Code::SA05)),
        "setIamPermissions" | "SetOrgPolicy" | "CreatePolicy" | "UpdatePolicy" | "DeletePolicy" => Code::CC02,
        "UpdateSink" | "DeleteSink" | "CreateSink" | "CreateExclusion" | "UpdateExclusion" | "DeleteLog"
        | "UpdateSettings" => Code::SS05,
        "DeleteBucket" | "UpdateBucket" if object.contains("Config") => Code::SS05,
        "AccessSecretVersion" | "GenerateAccessToken" | "GenerateIdToken" | "SignBlob" | "SignJwt" => {
            Code::PA01
        }
        "DestroyCryptoKeyVersion" | "CreateKey" | "UpdateCryptoKeyVersion" => Code::CC02,
        "setCommonInstanceMetadata" | "setMetadata" => Code::CC01,
        _ => return by_object(object, short),
    };
    Some((Class::API, code))
}

/// What a method does to an object that says by its name what it is for.
fn by_object(object: &str, method: &str) -> Option<(Class, EventCode)> {
    use EventCode as Code;
    let is = |words: &[&str]| object::is_one_of(object, words);
    let is_change =
        object::begins_with(method, &["insert", "create", "delete", "patch", "update", "replace"]);
    Some(match () {
        () if is(&["pods"]) && object::is_one_of(method, &["exec", "attach"]) => (Class::API, Code::AO01),
        () if is(&["exec", "attach"]) => (Class::API, Code::AO01),
        () if !is_change => return None,
        () if is(&["serviceAccounts"]) => match method {
            "create" => (Class::ACCOUNT_CHANGE, Code::SA01),
            "delete" => (Class::ACCOUNT_CHANGE, Code::SA03),
            _ => (Class::ACCOUNT_CHANGE, Code::SA02),
        },
        () if is(&["clusterrolebindings", "rolebindings", "clusterroles", "roles"]) => {
            (Class::GROUP, Code::SA05)
        }
        () if is(&["secrets"]) => (Class::API, Code::PA01),
        () if is(&[
            "firewalls",
            "Firewalls",
            "firewallPolicies",
            "Firewall",
            "accessLevels",
            "servicePerimeters",
            "vpnTunnels",
            "packetMirrorings",
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
            "WorkloadIdentityPools",
            "WorkforcePools",
            "AdminService",
            "networkpolicies",
        ]) =>
        {
            (Class::API, Code::CC02)
        }
        () => return None,
    })
}
