//! AWS GuardDuty findings, bare or inside an EventBridge envelope (`detail`).

use std::borrow::Cow;

use sentra_model::{Class, Event, Mart, Severity};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "guardduty",
    title: "AWS GuardDuty findings as JSON, bare or by EventBridge",
    sample: r#"{"schemaVersion":"2.0","accountId":"123456789012","region":"eu-west-1","id":"g1","type":"UnauthorizedAccess:EC2/SSHBruteForce","severity":5,"title":"192.0.2.7 is performing SSH brute force attacks.","updatedAt":"2026-03-01T10:00:00.000Z","resource":{"resourceType":"Instance","instanceDetails":{"instanceId":"i-1"}},"service":{"serviceName":"guardduty","detectorId":"d1","action":{"networkConnectionAction":{"remoteIpDetails":{"ipAddressV4":"192.0.2.7"},"localPortDetails":{"port":22}}}}}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const NAMES: Names = Names {
    time: &["updatedAt", "service.eventLastSeen", "createdAt", "time"],
    host: &["resource.instanceDetails.instanceId", "accountId", "account"],
    user: &[
        "resource.accessKeyDetails.userName",
        "resource.kubernetesDetails.kubernetesUserDetails.username",
    ],
    src_ip: &[
        "service.action.networkConnectionAction.remoteIpDetails.ipAddressV4",
        "service.action.awsApiCallAction.remoteIpDetails.ipAddressV4",
        "service.action.portProbeAction.portProbeDetails.remoteIpDetails.ipAddressV4",
        "service.action.kubernetesApiCallAction.remoteIpDetails.ipAddressV4",
        "service.action.rdsLoginAttemptAction.remoteIpDetails.ipAddressV4",
    ],
    src_port: &["service.action.networkConnectionAction.remotePortDetails.port"],
    dst_ip: &["resource.instanceDetails.networkInterfaces.privateIpAddress"],
    dst_port: &[
        "service.action.networkConnectionAction.localPortDetails.port",
        "service.action.portProbeAction.portProbeDetails.localPortDetails.port",
    ],
    command: &["type"],
    session: &["resource.accessKeyDetails.accessKeyId"],
    file: &["resource.s3BucketDetails.arn", "resource.s3BucketDetails.name"],
    domain: &["service.action.dnsRequestAction.domain"],
    app: &["resource.resourceType"],
    message: &["title", "description"],
    ..Names::NONE
};

/// Whether the flat fields are those of a finding.
fn is_record(fields: &[Field<'_>]) -> bool {
    let is_guardduty = |names: &[&str]| object::says(fields, names, &["guardduty", "aws.guardduty"]);
    is_guardduty(&["service.serviceName"])
        || (is_guardduty(&["source"]) && object::has(fields, "detail.type"))
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    // The finding inside an envelope has its own names; the envelope's stay where they do not clash.
    let is_inner = |name: &str| object::strip_prefix(name, "detail.").is_some();
    let fields = match fields.iter().any(|(name, _)| is_inner(name)) {
        false => fields,
        true => {
            let (inner, outer): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(name, _)| is_inner(name));
            let rest =
                |name: Cow<'a, str>| object::strip_prefix(&name, "detail.").unwrap_or_default().to_owned();
            let inner = inner.into_iter().map(|(name, value)| (Cow::Owned(rest(name)), value));
            inner.chain(outer).collect()
        }
    };
    let mut event = object::event(context, FORMAT.name, Mart::CLOUD, fields, &NAMES);
    event.product = Cow::Borrowed("aws");
    event.service = Cow::Borrowed("guardduty");
    event.class = Class::DETECTION_FINDING;
    let severity = object::text(&event.fields, &["severity"]).parse::<f64>().unwrap_or_default();
    event.severity = match severity {
        severity if severity >= 9.0 => Severity::Critical,
        severity if severity >= 7.0 => Severity::High,
        severity if severity >= 4.0 => Severity::Medium,
        severity if severity >= 1.0 => Severity::Low,
        _ => Severity::Unknown,
    };
    event
}
