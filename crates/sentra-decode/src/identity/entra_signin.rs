//! Entra ID (Azure AD) sign-in logs: as Graph exports them, inside the envelope of diagnostic settings
//! (`properties`), and as Log Analytics has them (`ResultType`).

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Mart, Outcome};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "entra_signin",
    title: "Entra ID (Azure AD) sign-in logs as JSON, from Graph or diagnostic settings",
    sample: r#"{"id":"e1","createdDateTime":"2026-03-01T10:00:00Z","userPrincipalName":"alice@example.com","appDisplayName":"Office 365","ipAddress":"192.0.2.7","clientAppUsed":"Browser","conditionalAccessStatus":"notApplied","isInteractive":true,"status":{"errorCode":50126,"failureReason":"Invalid username or password."},"location":{"countryOrRegion":"DE"}}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const NAMES: Names = Names {
    time: &["createdDateTime", "properties.createdDateTime", "CreatedDateTime", "time", "TimeGenerated"],
    host: &["deviceDetail.displayName", "properties.deviceDetail.displayName"],
    user: &[
        "userPrincipalName",
        "properties.userPrincipalName",
        "servicePrincipalName",
        "properties.servicePrincipalName",
        "userDisplayName",
        "properties.userDisplayName",
        "servicePrincipalId",
        "properties.servicePrincipalId",
        "identity",
    ],
    src_ip: &["ipAddress", "properties.ipAddress", "callerIpAddress"],
    command: &["operationName"],
    session: &["sessionId", "properties.sessionId", "correlationId", "properties.correlationId"],
    file: &["resourceDisplayName", "properties.resourceDisplayName"],
    app: &["appDisplayName", "properties.appDisplayName", "appId", "properties.appId"],
    message: &[
        "status.failureReason",
        "properties.status.failureReason",
        "resultDescription",
        "status.additionalDetails",
        "properties.status.additionalDetails",
    ],
    ..Names::NONE
};

const RESULT: [&str; 4] = ["status.errorCode", "properties.status.errorCode", "resultType", "ResultType"];
const REASON: [&str; 3] = ["status.failureReason", "properties.status.failureReason", "resultDescription"];

/// Names that Sigma's rules use, and where the exports have the value.
const ALIASES: [(&str, &[&str]); 26] = [
    ("ResultType", &RESULT),
    ("resultType", &RESULT),
    ("ResultDescription", &REASON),
    ("Resultdescription", &REASON),
    ("AuthenticationRequirement", &["authenticationRequirement", "properties.authenticationRequirement"]),
    ("properties.authenticationRequirement", &["authenticationRequirement"]),
    ("conditionalAccessStatus", &["properties.conditionalAccessStatus"]),
    ("userAgent", &["properties.userAgent"]),
    ("location", &["location.countryOrRegion", "properties.location.countryOrRegion"]),
    ("callerIpAddress", &["ipAddress", "properties.ipAddress"]),
    ("RiskState", &["riskState", "properties.riskState"]),
    ("ResourceDisplayName", &["resourceDisplayName", "properties.resourceDisplayName"]),
    ("homeTenantId", &["properties.homeTenantId"]),
    ("resourceTenantId", &["properties.resourceTenantId"]),
    ("properties.appId", &["appId"]),
    ("properties.deviceDetail.deviceId", &["deviceDetail.deviceId"]),
    ("DeviceDetail.deviceId", &["deviceDetail.deviceId", "properties.deviceDetail.deviceId"]),
    ("DeviceDetail.isCompliant", &["deviceDetail.isCompliant", "properties.deviceDetail.isCompliant"]),
    ("DeviceDetail.trusttype", &["deviceDetail.trustType", "properties.deviceDetail.trustType"]),
    ("ClientApp", &["clientAppUsed", "properties.clientAppUsed"]),
    ("Username", &["userPrincipalName", "properties.userPrincipalName"]),
    ("userPrincipalName", &["properties.userPrincipalName"]),
    ("TargetUserName", &["userPrincipalName", "properties.userPrincipalName"]),
    ("appDisplayName", &["properties.appDisplayName"]),
    ("ipAddress", &["properties.ipAddress"]),
    (
        "NetworkLocationDetails",
        &["networkLocationDetails.networkNames", "properties.networkLocationDetails.networkNames"],
    ),
];

/// Whether the flat fields are those of a sign-in.
fn is_record(fields: &[Field<'_>]) -> bool {
    let ends = |value: &str| value.to_ascii_lowercase().ends_with("signinlogs");
    if object::find(fields, &["category", "Type"]).is_some_and(|value| ends(&value.as_text())) {
        return true;
    }
    object::has_any(fields, &["createdDateTime", "ResultType"])
        && object::has_any(fields, &["userPrincipalName", "servicePrincipalId", "userId"])
        && object::has_any(fields, &["appDisplayName", "appId"])
        && object::has_any(
            fields,
            &["status.errorCode", "conditionalAccessStatus", "isInteractive", "ResultType"],
        )
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut event = object::event(context, FORMAT.name, Mart::IDENTITY, fields, &NAMES);
    event.product = Cow::Borrowed("azure");
    event.service = Cow::Borrowed("signinlogs");
    event.class = Class::AUTHENTICATION;
    if event.command.is_empty() {
        event.command = Cow::Borrowed("Sign-in activity");
    }
    let result = object::text(&event.fields, &RESULT);
    (event.outcome, event.code) = meaning(&result);
    let risk =
        ["riskLevelDuringSignIn", "properties.riskLevelDuringSignIn", "riskLevelAggregated", "riskLevel"];
    event.severity = object::severity(&object::text(&event.fields, &risk));
    second_names(&mut event);
    event
}

/// What the number of a result means: 0 is success, a hundred or so numbers tell what was wrong.
fn meaning(result: &str) -> (Outcome, Option<EventCode>) {
    use EventCode as Code;
    match result.parse::<u32>() {
        Ok(0) => (Outcome::Success, Some(Code::LL01)),
        // Interrupted to ask for something else: nobody failed, and the attempt goes on in another record.
        Ok(
            16_000 | 16_001 | 50_058 | 50_125 | 50_127 | 50_140 | 50_199 | 50_203 | 65_001 | 81_010 | 81_012,
        ) => (Outcome::Unknown, None),
        Ok(50_072 | 50_074 | 50_076 | 50_079 | 50_097 | 50_158) => (Outcome::Unknown, Some(Code::LL06)),
        Ok(500_121 | 50_088 | 50_089) => (Outcome::Failure, Some(Code::LL08)),
        Ok(_) => (Outcome::Failure, Some(Code::LL03)),
        Err(_) => match object::outcome(result) {
            Outcome::Success => (Outcome::Success, Some(Code::LL01)),
            Outcome::Failure => (Outcome::Failure, Some(Code::LL03)),
            Outcome::Unknown => (Outcome::Unknown, None),
        },
    }
}

fn second_names(event: &mut Event<'_>) {
    object::alias(&mut event.fields, &ALIASES);
    // Log Analytics keeps the whole status in one column; rules look for words in it.
    let details = ["status.additionalDetails", "properties.status.additionalDetails"];
    object::alias(&mut event.fields, &[("Status", &REASON)]);
    let details = object::text(&event.fields, &details);
    if !details.is_empty() {
        object::add(event, "Status", details);
    }
    match event.outcome {
        Outcome::Success => object::add(event, "Status", "Success"),
        Outcome::Failure => object::add(event, "Status", "Failure"),
        Outcome::Unknown => {}
    }
    object::add(event, "ActivityDetails", "Sign-ins");
    let protocol =
        object::text(&event.fields, &["authenticationProtocol", "properties.authenticationProtocol"]);
    match protocol.as_ref() {
        "deviceCode" => object::add(event, "properties.message", "Device Code"),
        "ropc" => object::add(event, "properties.message", "ROPC"),
        _ => {}
    }
}
