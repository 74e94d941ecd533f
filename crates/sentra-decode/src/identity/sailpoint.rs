//! SailPoint: audit events of Identity Security Cloud (IdentityNow), which are named
//! `{objects}_{operation}_{status}`, and of IdentityIQ, which have an action, a source and a target.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Mart, Outcome};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "sailpoint",
    title: "SailPoint audit events as JSON, of Identity Security Cloud (IdentityNow) or IdentityIQ",
    sample: r#"{"_type":"event","org":"example","pod":"p1","created":"2026-03-01T10:00:00.000Z","id":"s1","action":"ACCESS_REQUEST_APPROVED","type":"ACCESS_REQUEST","actor":{"name":"alice"},"target":{"name":"bob"},"trackingNumber":"t1","objects":["ACCESS","REQUEST"],"operation":"APPROVE","status":"PASSED","technicalName":"ACCESS_REQUEST_APPROVE_PASSED","name":"Approve Access Request Passed","attributes":{"sourceName":"HR","hostName":"192.0.2.7"}}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const TECHNICAL_NAME: [&str; 2] = ["technicalName", "technical_name"];

const CLOUD: Names = Names {
    time: &["created", "synced"],
    user: &["actor.name", "ActorName", "actor"],
    target_user: &["target.name", "TargetName", "target"],
    src_ip: &["ipAddress", "ip_address", "attributes.hostName", "attributes.host_name"],
    command: &TECHNICAL_NAME,
    session: &["trackingNumber", "tracking_number"],
    file: &[
        "attributes.accessProfileName",
        "attributes.roleName",
        "attributes.entitlementName",
        "attributes.attributeValue",
        "attributes.attribute_value",
        "attributes.cloudAppName",
    ],
    app: &["attributes.sourceName", "attributes.source_name", "attributes.appName", "stack"],
    message: &["name", "attributes.info", "details"],
    ..Names::NONE
};

const IDENTITY_IQ: Names = Names {
    time: &["created", "date", "createdDate"],
    host: &["serverHost", "server_host"],
    user: &["source"],
    target_user: &["target"],
    src_ip: &["clientHost", "client_host"],
    command: &["action"],
    session: &["trackingId", "tracking_id"],
    file: &["attributeValue", "attribute_value", "accountName", "account_name"],
    app: &["application", "instance", "interface"],
    message: &["string1", "errorString"],
    ..Names::NONE
};

/// Whether the flat fields are those of an audit event of either product.
fn is_record(fields: &[Field<'_>]) -> bool {
    let is_cloud = || {
        object::has_any(fields, &TECHNICAL_NAME)
            && object::has(fields, "operation")
            && object::has_any(
                fields,
                &["org", "pod", "trackingNumber", "tracking_number", "_type", "objects"],
            )
    };
    let is_identity_iq = || {
        object::has(fields, "action")
            && object::has(fields, "source")
            && object::has_any(
                fields,
                &["serverHost", "clientHost", "trackingId", "attributeName", "server_host"],
            )
            && object::has_any(fields, &["target", "application", "interface", "accountName"])
    };
    is_cloud() || is_identity_iq()
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let is_cloud = object::has_any(&fields, &TECHNICAL_NAME);
    let names = if is_cloud { &CLOUD } else { &IDENTITY_IQ };
    let mut event = object::event(context, FORMAT.name, Mart::IDENTITY, fields, names);
    event.product = Cow::Borrowed("sailpoint");
    event.service = Cow::Borrowed(if is_cloud { "identitynow" } else { "identityiq" });
    event.class = Class::API;
    let name = event.command.to_ascii_uppercase();
    let status = object::text(&event.fields, &["status", "result"]);
    event.outcome = match object::outcome(&status) {
        Outcome::Unknown if name.contains("FAIL") => Outcome::Failure,
        Outcome::Unknown if status.is_empty() => Outcome::Success,
        outcome => outcome,
    };
    // What is only started has not happened yet: it ends in an event of its own.
    let is_start = object::is_one_of(&status, &["STARTED"]);
    let kind = object::text(&event.fields, &["type"]);
    let found = if is_cloud { cloud(&name, &kind) } else { identity_iq(&name) };
    if let Some((class, code)) = found {
        event.class = class;
        if !is_start || code == EventCode::IG01 {
            event.code = Some(object::by_outcome(code, event.outcome));
        }
    }
    if kind == "CERTIFICATION" {
        // What is signed off is a campaign, not a user.
        event.file = std::mem::take(&mut event.target_user);
    }
    event
}

/// Whether all of `words` stand in `name`.
fn has(name: &str, words: &[&str]) -> bool {
    words.iter().all(|word| name.contains(word))
}

/// Class and code of an event of Identity Security Cloud, by its technical name and its type.
fn cloud(name: &str, kind: &str) -> Option<(Class, EventCode)> {
    use EventCode as Code;
    let login = |code| Some((Class::AUTHENTICATION, code));
    let account = |code| Some((Class::ACCOUNT_CHANGE, code));
    let group = |code| Some((Class::GROUP, code));
    let api = |code| Some((Class::API, code));
    match kind {
        "ACCESS_REQUEST" if has(name, &["APPROV"]) => api(Code::IG02),
        "ACCESS_REQUEST" if has(name, &["REJECT"]) || has(name, &["CANCEL"]) || has(name, &["DENY"]) => None,
        "ACCESS_REQUEST" => api(Code::IG01),
        "CERTIFICATION"
            if ["SIGNOFF", "SIGN_OFF", "COMPLETE", "DECI", "APPROVE", "REVOKE"]
                .iter()
                .any(|word| name.contains(word)) =>
        {
            api(Code::IG03)
        }
        "CERTIFICATION" => None,
        _ if has(name, &["SOD"]) || has(name, &["VIOLATION"]) => api(Code::IG04),
        "AUTH" | "SSO" if has(name, &["LOGOUT"]) => login(Code::LL02),
        "AUTH" | "SSO" if has(name, &["STEP_UP"]) || has(name, &["MFA"]) => login(Code::LL07),
        "AUTH" | "SSO" if has(name, &["LOGIN"]) || has(name, &["AUTHENTICATION"]) || has(name, &["SSO"]) => {
            login(Code::LL01)
        }
        "PASSWORD_ACTIVITY" if has(name, &["RESET"]) || has(name, &["SET"]) => account(Code::SA07),
        "PASSWORD_ACTIVITY" => account(Code::LL04),
        _ if has(name, &["UNLOCK"]) => account(Code::SA09),
        _ if has(name, &["_LOCK"]) => account(Code::SA08),
        "USER_MANAGEMENT" if has(name, &["_ROLE_"]) || has(name, &["GRANT"]) || has(name, &["REVOKE"]) => {
            group(Code::SA05)
        }
        "USER_MANAGEMENT" | "PROVISIONING" | "NON_EMPLOYEE" | "IDENTITY_MANAGEMENT" => {
            account(account_verb(name))
        }
        "ACCESS_ITEM" if has(name, &["_CREATE_"]) => group(Code::SA04),
        "ACCESS_ITEM" if has(name, &["_DELETE_"]) => group(Code::SA06),
        "ACCESS_ITEM" => group(Code::SA05),
        "SYSTEM_CONFIG" => api(Code::CC02),
        "SOURCE_MANAGEMENT" | "WORKFLOW" | "SEGMENT"
            if ["_CREATE_", "_UPDATE_", "_DELETE_"].iter().any(|word| name.contains(word)) =>
        {
            api(Code::CC01)
        }
        _ => None,
    }
}

fn account_verb(name: &str) -> EventCode {
    match () {
        () if has(name, &["CREATE"]) || has(name, &["INVITE_PASSED"]) => EventCode::SA01,
        () if has(name, &["DELETE"]) => EventCode::SA03,
        () => EventCode::SA02,
    }
}

/// Class and code of an action of IdentityIQ; installations add their own, so words decide, not a list.
fn identity_iq(action: &str) -> Option<(Class, EventCode)> {
    use EventCode as Code;
    let login = |code| Some((Class::AUTHENTICATION, code));
    let account = |code| Some((Class::ACCOUNT_CHANGE, code));
    let api = |code| Some((Class::API, code));
    match () {
        () if has(action, &["LOGIN", "FAIL"]) => login(Code::LL03),
        () if has(action, &["LOGIN"]) => login(Code::LL01),
        () if has(action, &["LOGOUT"]) => login(Code::LL02),
        () if has(action, &["UNLOCK"]) => account(Code::SA09),
        () if has(action, &["LOCK"]) => account(Code::SA08),
        () if has(action, &["PASSWORD", "RESET"]) || has(action, &["FORGOT"]) => account(Code::SA07),
        () if has(action, &["PASSWORD"]) => account(Code::LL04),
        () if has(action, &["SOD"]) || has(action, &["VIOLATION"]) => api(Code::IG04),
        () if has(action, &["CERTIFICATION"]) || has(action, &["REMEDIATE"]) => api(Code::IG03),
        () if has(action, &["APPROV"]) => api(Code::IG02),
        () if has(action, &["REJECT"]) || has(action, &["CANCEL"]) => None,
        () if has(action, &["REQUEST"]) => api(Code::IG01),
        () if has(action, &["ROLE"]) || has(action, &["ENTITLEMENT"]) || has(action, &["CAPABILIT"]) => {
            Some((Class::GROUP, Code::SA05))
        }
        () if has(action, &["CREATE"]) => account(Code::SA01),
        () if has(action, &["DELETE"]) => account(Code::SA03),
        () if has(action, &["UPDATE"]) || has(action, &["DISABLE"]) || has(action, &["ENABLE"]) => {
            account(Code::SA02)
        }
        () if has(action, &["CONFIG"]) || has(action, &["IMPORT"]) => api(Code::CC01),
        () => None,
    }
}
