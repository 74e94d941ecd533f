//! Okta System Log.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Mart, Outcome};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "okta",
    title: "Okta System Log events as JSON, with eventType and actor",
    sample: r#"{"uuid":"k1","published":"2026-03-01T10:00:00.000Z","eventType":"user.session.start","version":"0","severity":"WARN","displayMessage":"User login to Okta","actor":{"id":"00u1","type":"User","alternateId":"alice@example.com","displayName":"Alice"},"client":{"ipAddress":"192.0.2.7"},"outcome":{"result":"FAILURE","reason":"INVALID_CREDENTIALS"},"authenticationContext":{"externalSessionId":"x1"}}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const NAMES: Names = Names {
    time: &["published", "p_event_time"],
    user: &["actor.alternateId", "actor.displayName", "actor.id"],
    src_ip: &["client.ipAddress", "request.ipChain.ip"],
    command: &["eventType"],
    session: &[
        "authenticationContext.externalSessionId",
        "authenticationContext.rootSessionId",
        "transaction.id",
    ],
    domain: &["securityContext.domain"],
    message: &["displayMessage"],
    ..Names::NONE
};

/// Names that Sigma's rules use. Some collectors write them in lower case, as older rules did.
const ALIASES: [(&str, &[&str]); 13] = [
    ("eventType", &["eventType"]),
    ("eventtype", &["eventType"]),
    ("displayMessage", &["displayMessage"]),
    ("displaymessage", &["displayMessage"]),
    ("legacyEventType", &["legacyEventType"]),
    ("debugContext.debugData.requestUri", &["debugContext.debugData.requestUri"]),
    ("debugContext.debugData.behaviors", &["debugContext.debugData.behaviors"]),
    ("debugContext.debugData.logOnlySecurityData", &["debugContext.debugData.logOnlySecurityData"]),
    ("securityContext.isProxy", &["securityContext.isProxy"]),
    ("securitycontext.isproxy", &["securityContext.isProxy"]),
    ("outcome.result", &["outcome.result"]),
    ("target.displayName", &["target.displayName"]),
    ("actor.alternateId", &["actor.alternateId"]),
];

/// Whether the flat fields are those of a System Log event: a dotted type in lower case, and what only Okta has.
fn is_record(fields: &[Field<'_>]) -> bool {
    let Some(kind) = object::find(fields, &["eventType"]) else { return false };
    let kind = kind.as_text();
    let is_kind = kind.contains('.')
        && kind
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte));
    let marks = [
        "published",
        "legacyEventType",
        "displayMessage",
        "actor.alternateId",
        "outcome.result",
        "securityContext.isProxy",
        "authenticationContext.externalSessionId",
        "transaction.type",
        "debugContext.debugData.requestUri",
    ];
    is_kind && marks.iter().filter(|mark| object::has(fields, mark)).count() >= 2
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut event = object::event(context, FORMAT.name, Mart::IDENTITY, fields, &NAMES);
    event.product = Cow::Borrowed("okta");
    event.service = Cow::Borrowed("okta");
    event.severity = object::severity(&object::text(&event.fields, &["severity"]));
    event.outcome = object::outcome(&object::text(&event.fields, &["outcome.result"]));
    let target = |types: &[&str]| {
        object::element(&event.fields, "target.", ("type", types), "alternateId").unwrap_or_default()
    };
    event.target_user = target(&["User", "AppUser"]);
    event.app = target(&["AppInstance"]);
    if event.target_user == event.user {
        event.target_user = Cow::Borrowed("");
    }
    event.class = Class::API;
    let kind = event.command.clone();
    if let Some((class, code)) = meaning(&kind) {
        (event.class, event.code) = (class, Some(object::by_outcome(code, event.outcome)));
    }
    if kind == "policy.evaluate_sign_on" {
        event.class = Class::AUTHENTICATION;
        let is_challenge = object::says(&event.fields, &["outcome.result"], &["CHALLENGE"]);
        event.code = is_challenge.then_some(EventCode::LL06);
    }
    if kind == "user.mfa.okta_verify.deny_push" {
        event.outcome = Outcome::Failure;
    }
    object::alias(&mut event.fields, &ALIASES);
    event
}

fn meaning(kind: &str) -> Option<(Class, EventCode)> {
    use EventCode as Code;
    let login = |code| Some((Class::AUTHENTICATION, code));
    let account = |code| Some((Class::ACCOUNT_CHANGE, code));
    let group = |code| Some((Class::GROUP, code));
    match kind {
        "user.session.start" => login(Code::LL01),
        "user.session.end" => login(Code::LL02),
        "user.authentication.auth_via_mfa" | "user.authentication.verify" => login(Code::LL07),
        "user.mfa.okta_verify.deny_push" => login(Code::LL08),
        "system.push.send_factor_verify_push"
        | "system.sms.send_factor_verify_message"
        | "system.email.send_factor_verify_message" => login(Code::LL06),
        "user.account.update_password" => account(Code::LL04),
        "user.account.reset_password" | "user.account.expire_password" => account(Code::SA07),
        "user.account.lock" | "user.account.lock.limit" => account(Code::SA08),
        "user.account.unlock" | "user.account.unlock_by_admin" => account(Code::SA09),
        "user.lifecycle.create" => account(Code::SA01),
        "user.lifecycle.delete.completed" => account(Code::SA03),
        "group.lifecycle.create" | "iam.role.create" | "iam.resourceset.create" => group(Code::SA04),
        "group.lifecycle.delete" | "iam.role.delete" | "iam.resourceset.delete" => group(Code::SA06),
        "access.request.create" => Some((Class::API, Code::IG01)),
        "access.request.resolve" => Some((Class::API, Code::IG02)),
        "certification.campaign.item.decide" | "certification.campaign.close" => {
            Some((Class::API, Code::IG03))
        }
        _ => by_family(kind),
    }
}

fn by_family(kind: &str) -> Option<(Class, EventCode)> {
    use EventCode as Code;
    let starts = |words: &[&str]| object::begins_with(kind, words);
    match () {
        () if starts(&["user.lifecycle.delete"]) => None,
        () if starts(&["user.lifecycle.", "user.account.update_"]) => {
            Some((Class::ACCOUNT_CHANGE, Code::SA02))
        }
        () if starts(&["user.mfa.factor.", "device.enrollment."]) => {
            Some((Class::ACCOUNT_CHANGE, Code::SA10))
        }
        () if starts(&["user.account.privilege.", "group.privilege.", "group.user_membership.", "iam."]) => {
            Some((Class::GROUP, Code::SA05))
        }
        () if starts(&["system.log_stream."]) => Some((Class::API, Code::SS05)),
        () if starts(&["policy.evaluate"]) => None,
        () if starts(&[
            "policy.",
            "zone.",
            "security.",
            "system.api_token.",
            "system.idp.",
            "application.policy.",
            "network_zone.",
        ]) =>
        {
            Some((Class::API, Code::CC02))
        }
        () if starts(&["application.lifecycle.", "system.agent."]) => Some((Class::API, Code::CC01)),
        () => None,
    }
}
