//! Kubernetes API server audit events (`audit.k8s.io`).

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Mart, Outcome};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "kubernetes_audit",
    title: "Kubernetes audit events as JSON, with verb and objectRef",
    sample: r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a1","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/secrets/db","verb":"get","user":{"username":"alice"},"sourceIPs":["192.0.2.7"],"objectRef":{"resource":"secrets","namespace":"shop","name":"db","apiVersion":"v1"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-03-01T10:00:00.000000Z"}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const NAMES: Names = Names {
    time: &["requestReceivedTimestamp", "stageTimestamp", "timestamp"],
    user: &["user.username"],
    target_user: &["impersonatedUser.username"],
    src_ip: &["sourceIPs"],
    session: &["auditID"],
    file: &["requestURI"],
    domain: &["annotations.cluster", "cluster"],
    app: &["objectRef.namespace"],
    message: &["responseStatus.message", "annotations.authorization.k8s.io/reason"],
    ..Names::NONE
};

/// Names that Sigma's rules use for parts of the request.
const ALIASES: [(&str, &[&str]); 3] = [
    ("apiGroup", &["objectRef.apiGroup"]),
    (
        "hostPath",
        &[
            "requestObject.spec.volumes.hostPath.path",
            "requestObject.spec.template.spec.volumes.hostPath.path",
        ],
    ),
    (
        "capabilities",
        &[
            "requestObject.spec.containers.securityContext.capabilities.add",
            "requestObject.spec.template.spec.containers.securityContext.capabilities.add",
        ],
    ),
];

/// Whether the flat fields are those of an audit event.
fn is_record(fields: &[Field<'_>]) -> bool {
    object::has(fields, "verb")
        && object::has_any(fields, &["objectRef.resource", "requestURI"])
        && (object::find(fields, &["apiVersion"]).is_some_and(|v| v.as_text().starts_with("audit.k8s.io"))
            || object::has_any(fields, &["auditID", "user.username", "responseStatus.code", "kind"]))
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut event = object::event(context, FORMAT.name, Mart::CLOUD, fields, &NAMES);
    event.product = Cow::Borrowed("kubernetes");
    event.service = Cow::Borrowed("audit");
    event.class = Class::API;
    let verb = object::text(&event.fields, &["verb"]);
    let resource = object::text(&event.fields, &["objectRef.resource"]);
    let part = object::text(&event.fields, &["objectRef.subresource"]);
    event.command = Cow::Owned(match (resource.as_ref(), part.as_ref()) {
        ("", _) => verb.to_string(),
        (resource, "") => format!("{verb} {resource}"),
        (resource, part) => format!("{verb} {resource}/{part}"),
    });
    let status = object::text(&event.fields, &["responseStatus.code"]).parse::<u16>().ok();
    let decision = object::text(&event.fields, &["annotations.authorization.k8s.io/decision"]);
    event.outcome = match status {
        Some(status) if status >= 400 => Outcome::Failure,
        _ if decision == "forbid" => Outcome::Failure,
        Some(_) => Outcome::Success,
        None => Outcome::Unknown,
    };
    // One request is logged in several stages. Only the last one carries the code, so that it counts once.
    let stage = object::text(&event.fields, &["stage"]);
    if matches!(stage.as_ref(), "" | "ResponseComplete" | "Panic") {
        (event.class, event.code) = meaning(&verb, &resource, &part, status, event.outcome);
    }
    object::alias(&mut event.fields, &ALIASES);
    // Rules also ask for the decision where they say status.
    if decision == "allow" {
        object::add(&mut event, "responseStatus.code", "ALLOW");
    }
    event
}

fn meaning(
    verb: &str,
    resource: &str,
    part: &str,
    status: Option<u16>,
    outcome: Outcome,
) -> (Class, Option<EventCode>) {
    use EventCode as Code;
    if status == Some(401) {
        return (Class::AUTHENTICATION, Some(Code::LL03));
    }
    if status == Some(403) || (status.is_none() && outcome == Outcome::Failure) {
        return (Class::API, Some(Code::PA02));
    }
    let is_change = matches!(verb, "create" | "update" | "patch" | "replace" | "delete" | "deletecollection");
    let (class, code) = match (resource, part) {
        ("pods", "exec" | "attach" | "portforward") | ("nodes", "proxy") => (Class::API, Code::AO01),
        ("secrets", _) | ("serviceaccounts", "token") => (Class::API, Code::PA01),
        _ if !is_change => return (Class::API, None),
        ("serviceaccounts", "") => match verb {
            "create" => (Class::ACCOUNT_CHANGE, Code::SA01),
            "delete" | "deletecollection" => (Class::ACCOUNT_CHANGE, Code::SA03),
            _ => (Class::ACCOUNT_CHANGE, Code::SA02),
        },
        ("clusterrolebindings" | "rolebindings", _) => (Class::GROUP, Code::SA05),
        ("clusterroles" | "roles", _) => match verb {
            "create" => (Class::GROUP, Code::SA04),
            "delete" | "deletecollection" => (Class::GROUP, Code::SA06),
            _ => (Class::GROUP, Code::SA05),
        },
        (
            "networkpolicies"
            | "podsecuritypolicies"
            | "mutatingwebhookconfigurations"
            | "validatingwebhookconfigurations"
            | "validatingadmissionpolicies"
            | "certificatesigningrequests",
            _,
        ) => (Class::API, Code::CC02),
        ("events", _) if verb.starts_with("delete") => (Class::API, Code::SS05),
        (
            "deployments" | "daemonsets" | "statefulsets" | "cronjobs" | "jobs" | "configmaps" | "ingresses",
            _,
        ) => (Class::API, Code::CC01),
        _ => return (Class::API, None),
    };
    (class, Some(if outcome == Outcome::Failure { Code::PA02 } else { code }))
}
