//! Entra ID Protection: risk detections, and the alerts of privileged identity management, which have the same
//! shape.

use std::borrow::Cow;

use sentra_model::{Class, Event, Mart};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "entra_risk",
    title: "Entra ID Protection risk detections as JSON, from Graph or diagnostic settings",
    sample: r#"{"id":"r1","riskEventType":"unfamiliarFeatures","riskLevel":"medium","riskState":"atRisk","detectedDateTime":"2026-03-01T10:00:00Z","ipAddress":"192.0.2.7","userPrincipalName":"alice@example.com","source":"IdentityProtection"}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const NAMES: Names = Names {
    time: &[
        "activityDateTime",
        "properties.activityDateTime",
        "detectedDateTime",
        "properties.detectedDateTime",
        "time",
        "createdDateTime",
        "TimeGenerated",
    ],
    user: &[
        "userPrincipalName",
        "properties.userPrincipalName",
        "userDisplayName",
        "properties.userDisplayName",
        "servicePrincipalDisplayName",
    ],
    src_ip: &["ipAddress", "properties.ipAddress", "callerIpAddress"],
    command: &["riskEventType", "properties.riskEventType", "riskType"],
    session: &["correlationId", "properties.correlationId", "requestId"],
    app: &["source", "properties.source"],
    message: &["riskDetail", "properties.riskDetail", "description"],
    ..Names::NONE
};

/// Whether the flat fields are those of a risk detection.
fn is_record(fields: &[Field<'_>]) -> bool {
    let levels = [
        "riskLevel",
        "properties.riskLevel",
        "riskState",
        "properties.riskState",
        "detectedDateTime",
        "alertId",
    ];
    object::has_any(fields, &["riskEventType", "properties.riskEventType"])
        && object::has_any(fields, &levels)
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut event = object::event(context, FORMAT.name, Mart::IDENTITY, fields, &NAMES);
    event.product = Cow::Borrowed("azure");
    let is_alert = ["AlertIncident", "AlertConfiguration"].iter().any(|end| event.command.ends_with(end));
    event.service = Cow::Borrowed(if is_alert { "pim" } else { "riskdetection" });
    event.class = Class::DETECTION_FINDING;
    event.severity = object::severity(&object::text(&event.fields, &["riskLevel", "properties.riskLevel"]));
    object::alias(&mut event.fields, &[("riskEventType", &["properties.riskEventType"])]);
    event
}
