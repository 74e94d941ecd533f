//! Azure Monitor: the activity log and the resource logs that diagnostic settings export, as exported
//! (`operationName`, `properties`), as the REST interface gives them (`operationName.value`) and as Log Analytics
//! has them (`OperationNameValue`).

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Mart, Outcome};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "azure_activity",
    title: "Azure activity and resource logs as JSON, exported by diagnostic settings or the REST interface",
    sample: r#"{"time":"2026-03-01T10:00:00Z","resourceId":"/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000001/RESOURCEGROUPS/WEB/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/FRONT","operationName":"MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/SECURITYRULES/WRITE","category":"Administrative","resultType":"Success","callerIpAddress":"192.0.2.7","identity":{"claims":{"name":"alice@example.com"}},"level":"Informational"}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const OPERATION: [&str; 5] = [
    "operationName",
    "operationName.value",
    "OperationNameValue",
    "operationNameValue",
    "authorization.action",
];
const RESOURCE: [&str; 4] = ["resourceId", "ResourceId", "_ResourceId", "resourceUri"];
const CATEGORIES: [&str; 8] = [
    "Administrative",
    "Security",
    "ServiceHealth",
    "Alert",
    "Recommendation",
    "Policy",
    "Autoscale",
    "ResourceHealth",
];

const NAMES: Names = Names {
    time: &["time", "eventTimestamp", "TimeGenerated", "submissionTimestamp"],
    host: &["subscriptionId", "SubscriptionId"],
    user: &[
        "caller",
        "Caller",
        "identity.claims.http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
        "identity.claims.http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "claims.http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
        "claims.http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "identity.claims.name",
        "claims.name",
        "identity.authorization.evidence.principalId",
        "identity.claims.appid",
        "claims.appid",
        "identity.requester.upn",
    ],
    src_ip: &["callerIpAddress", "httpRequest.clientIpAddress", "identity.claims.ipaddr", "claims.ipaddr"],
    command: &OPERATION,
    session: &["correlationId"],
    file: &RESOURCE,
    message: &[
        "resultDescription",
        "properties.message",
        "properties.statusMessage",
        "description",
        "operationName.localizedValue",
    ],
    ..Names::NONE
};

/// Names that Sigma's rules use, and where the exports have the value.
const ALIASES: [(&str, &[&str]); 6] = [
    ("operationName", &OPERATION),
    ("OperationNameValue", &OPERATION),
    ("CategoryValue", &["category", "category.value"]),
    ("ResourceId", &RESOURCE),
    ("ResourceProviderValue", &["resourceProviderName.value", "resourceProviderValue"]),
    ("properties.message", &["operationName.localizedValue", "OperationName"]),
];

/// Whether the flat fields are those of an Azure record: what was done, and to which resource.
fn is_record(fields: &[Field<'_>]) -> bool {
    if !object::has_any(fields, &OPERATION) {
        return false;
    }
    let resource = object::find(fields, &RESOURCE).map(|value| value.as_text());
    let is_resource =
        resource.as_ref().is_some_and(|id| object::begins_with(id, &["/subscriptions/", "/providers/"]));
    let category = ["category", "category.value", "CategoryValue"];
    is_resource
        || (object::says(fields, &category, &CATEGORIES)
            && object::has_any(fields, &["time", "eventTimestamp", "TimeGenerated"]))
        || (object::says(fields, &category, &["StorageRead", "StorageWrite", "StorageDelete", "AuditEvent"])
            && object::has(fields, "callerIpAddress"))
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut event = object::event(context, FORMAT.name, Mart::CLOUD, fields, &NAMES);
    event.product = Cow::Borrowed("azure");
    event.service = Cow::Borrowed("activitylogs");
    event.class = Class::API;
    if event.user.is_empty() {
        event.user = claimed_user(&event.fields);
    }
    let status = ["status.value", "ActivityStatusValue", "resultType", "resultSignature", "statusCode"];
    let status = object::text(&event.fields, &status);
    event.outcome = outcome_of(&status);
    event.severity = object::severity(&object::text(&event.fields, &["level", "Level"]));
    event.app = provider(&event.command);
    // One operation logs its start and its end. Only the end carries the code, so that it counts once.
    let is_start =
        object::is_one_of(&status, &["Start", "Started", "Accept", "Accepted", "In Progress", "Resolve"]);
    if !is_start && let Some(code) = code_of(&event.command) {
        event.code = Some(object::by_outcome(code, event.outcome));
    }
    let provider = event.app.clone();
    object::alias(&mut event.fields, &ALIASES);
    if !provider.is_empty() && !object::has(&event.fields, "ResourceProviderValue") {
        object::add(&mut event, "ResourceProviderValue", provider);
    }
    event
}

/// Claims have addresses for names, of which the end tells what they are.
fn claimed_user<'a>(fields: &[Field<'a>]) -> Cow<'a, str> {
    let ends = ["/claims/upn", "/claims/emailaddress", "/claims/name", "/claims/objectidentifier"];
    let found = ends.iter().find_map(|end| fields.iter().find(|(name, _)| name.ends_with(end)));
    found.map(|(_, value)| crate::names::header_text(value)).unwrap_or_default()
}

fn outcome_of(status: &str) -> Outcome {
    match status.parse::<u16>() {
        Ok(number) if (200..400).contains(&number) => Outcome::Success,
        Ok(number) if (400..600).contains(&number) => Outcome::Failure,
        _ if object::begins_with(status, &["Succeeded", "Success"]) => Outcome::Success,
        _ if object::begins_with(status, &["Failed", "Failure", "Client"]) => Outcome::Failure,
        _ => Outcome::Unknown,
    }
}

/// `Microsoft.Compute` of `Microsoft.Compute/virtualMachines/write`.
fn provider<'a>(operation: &Cow<'a, str>) -> Cow<'a, str> {
    match operation {
        Cow::Borrowed(text) => text.split_once('/').map(|(head, _)| Cow::Borrowed(head)).unwrap_or_default(),
        Cow::Owned(text) => {
            text.split_once('/').map(|(head, _)| Cow::Owned(head.to_owned())).unwrap_or_default()
        }
    }
}

/// What an operation means. Azure writes operations in capitals or as they are, as it pleases.
fn code_of(operation: &str) -> Option<EventCode> {
    use EventCode as Code;
    let operation = operation.to_ascii_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|end| operation.ends_with(end));
    let has = |parts: &[&str]| parts.iter().any(|part| operation.contains(part));
    let is_change = ends(&["/write", "/delete", "/action"]);
    if !is_change || ends(&["/read/action"]) {
        return None;
    }
    Some(match () {
        () if has(&["elevateaccess/action"]) => Code::PA01,
        () if has(&["/roledefinitions/write"]) => Code::SA04,
        () if has(&["/roledefinitions/delete"]) => Code::SA06,
        () if has(&["roleassignments/", "rolebindings/", "roleeligibilit", "roleassignmentschedule"]) => {
            Code::SA05
        }
        () if has(&[
            "diagnosticsettings/",
            "logprofiles/",
            "flowlogs/",
            "operationalinsights/workspaces/delete",
        ]) =>
        {
            Code::SS05
        }
        () if has(&[
            "listkeys/",
            "regeneratekey/",
            "listaccountsas/",
            "listclusteradmincredential/",
            "/getsecret/",
        ]) =>
        {
            Code::PA01
        }
        () if has(&["runcommand/action", "portal/consoles/", "serialports/connect", "/exec/action"]) => {
            Code::AO01
        }
        () if has(&["restorepointcollections/delete", "snapshots/delete"]) => Code::CC02,
        () if has(&[
            "networksecuritygroups/",
            "azurefirewalls/",
            "firewallpolicies/",
            "/firewallrules/",
            "policyassignments/",
            "policydefinitions/",
            "policyexemptions/",
            "/locks/",
            "microsoft.security/",
            "accesspolicies/",
            "vpngateways/",
            "privateendpointconnections",
            "conditionalaccess",
            "vaults/write",
            "vaults/delete",
            "immutabilitypolicies/",
            "networkpolicies/",
            "webhookconfigurations/",
            "securityinsights/",
        ]) =>
        {
            Code::CC02
        }
        () if has(&["/secrets/", "/keys/", "/certificates/"]) => Code::PA01,
        () => return None,
    })
}
