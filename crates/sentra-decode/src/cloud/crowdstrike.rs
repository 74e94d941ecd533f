//! CrowdStrike Falcon event streams: detections, incidents and the audit of the console.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Mart, Outcome, Severity};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "crowdstrike_stream",
    title: "CrowdStrike Falcon event stream as JSON, with metadata.eventType",
    sample: r#"{"metadata":{"customerIDString":"c1","offset":1,"eventType":"DetectionSummaryEvent","eventCreationTime":1772359200000,"version":"1.0"},"event":{"ProcessId":811,"ComputerName":"pc1","UserName":"alice","DetectName":"Credential access","DetectDescription":"A process read the memory of lsass.","Severity":4,"SeverityName":"High","FileName":"tool.exe","FilePath":"\\Temp","CommandLine":"tool.exe -x"}}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const NAMES: Names = Names {
    time: &[
        "event.ProcessStartTime",
        "event.UTCTimestamp",
        "event.StartTimestamp",
        "metadata.eventCreationTime",
    ],
    host: &["event.ComputerName", "event.Hostname", "event.HostnameField"],
    user: &["event.UserName", "event.UserId"],
    target_user: &["event.AuditKeyValues.target_name"],
    src_ip: &["event.UserIp", "event.LocalIP", "event.LocalIPv6", "event.SourceEndpointIpAddress"],
    process: &["event.FileName"],
    pid: &["event.ProcessId"],
    parent_process: &["event.ParentImageFileName"],
    command: &["event.CommandLine", "event.OperationName"],
    session: &["event.SessionId", "event.DetectId", "event.CompositeId", "event.IncidentID"],
    file: &["event.FilePath", "event.ExecutableSHA256"],
    domain: &["event.MachineDomain"],
    app: &["event.ServiceName"],
    message: &["event.DetectDescription", "event.Description", "event.DetectName", "event.Name"],
    ..Names::NONE
};

/// Whether the flat fields are those of a stream event.
fn is_record(fields: &[Field<'_>]) -> bool {
    object::has(fields, "metadata.eventType")
        && object::has_any(
            fields,
            &["metadata.customerIDString", "metadata.eventCreationTime", "metadata.offset"],
        )
}

fn decode<'a>(context: &Context<'_>, mut fields: Vec<Field<'a>>) -> Event<'a> {
    object::alias_pairs(&mut fields, "event.AuditKeyValues.", ("Key", &["ValueString"]), |name| {
        Some(Cow::Owned(format!("event.AuditKeyValues.{name}")))
    });
    let mut event = object::event(context, FORMAT.name, Mart::CLOUD, fields, &NAMES);
    event.product = Cow::Borrowed("crowdstrike");
    event.service = object::text(&event.fields, &["metadata.eventType"]);
    event.severity = severity(&event.fields);
    event.outcome = object::outcome(&object::text(&event.fields, &["event.Success"]));
    let is_finding = ["Detection", "Incident", "Detect"].iter().any(|word| event.service.contains(word));
    event.class = if is_finding { Class::DETECTION_FINDING } else { Class::API };
    if !is_finding && let Some((class, code)) = meaning(&event.command, &event.service) {
        (event.class, event.code) = (class, Some(object::by_outcome(code, event.outcome)));
        if event.outcome == Outcome::Unknown {
            event.outcome = Outcome::Success;
        }
    }
    event
}

/// The severity by its name, else by its number: 1 to 5 in older events, 1 to 100 in newer ones.
fn severity(fields: &[Field<'_>]) -> Severity {
    let by_name = object::severity(&object::text(fields, &["event.SeverityName"]));
    if by_name != Severity::Unknown {
        return by_name;
    }
    let number = object::text(fields, &["event.Severity"]).parse::<u8>().unwrap_or_default();
    match number {
        5 | 80..=100 => Severity::Critical,
        4 | 60..=79 => Severity::High,
        3 | 40..=59 => Severity::Medium,
        2 | 20..=39 => Severity::Low,
        1 | 6..=19 => Severity::Informational,
        _ => Severity::Unknown,
    }
}

fn meaning(operation: &str, kind: &str) -> Option<(Class, EventCode)> {
    use EventCode as Code;
    Some(match operation {
        "userAuthenticate" | "saml2Assert" | "twoFactorAuthenticate" => (Class::AUTHENTICATION, Code::LL01),
        "createUser" | "activateUser" => (Class::ACCOUNT_CHANGE, Code::SA01),
        "deleteUser" | "deactivateUser" => (Class::ACCOUNT_CHANGE, Code::SA03),
        "updateUser" => (Class::ACCOUNT_CHANGE, Code::SA02),
        "changePassword" => (Class::ACCOUNT_CHANGE, Code::LL04),
        "resetAuthSecret" | "resetTwoFactor" => (Class::ACCOUNT_CHANGE, Code::SA10),
        "grantUserRoles" | "revokeUserRoles" => (Class::GROUP, Code::SA05),
        "CreateAPIClient" | "UpdateAPIClient" | "DeleteAPIClient" | "ResetAPIClientSecret" => {
            (Class::API, Code::CC02)
        }
        _ if kind.starts_with("RemoteResponseSessionStart") => (Class::API, Code::AO01),
        _ if object::begins_with(
            operation,
            &["update_policy", "delete_policy", "UpdateAllowlist", "DeleteAllowlist"],
        ) =>
        {
            (Class::API, Code::CC02)
        }
        _ => return None,
    })
}
