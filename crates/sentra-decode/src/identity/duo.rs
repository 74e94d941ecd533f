//! Cisco Duo: authentication logs (versions 1 and 2) and administrator logs.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Mart, Outcome, Severity};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "duo",
    title: "Cisco Duo authentication and administrator logs as JSON",
    sample: r#"{"access_device":{"ip":"192.0.2.7"},"application":{"name":"VPN"},"event_type":"authentication","factor":"duo_push","isotimestamp":"2026-03-01T10:00:00.000000+00:00","reason":"user_marked_fraud","result":"fraud","timestamp":1772359200,"txid":"t1","user":{"name":"alice"}}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const NAMES: Names = Names {
    time: &["isotimestamp", "timestamp"],
    host: &["access_device.hostname", "host"],
    user: &["user.name", "username"],
    target_user: &["object"],
    src_ip: &["access_device.ip", "ip", "ip_address"],
    command: &["event_type", "action", "eventtype"],
    session: &["txid"],
    app: &["application.name", "integration"],
    message: &["reason", "description"],
    ..Names::NONE
};

/// Whether the flat fields are those of a Duo record.
fn is_record(fields: &[Field<'_>]) -> bool {
    let is_login = || object::has(fields, "factor") && object::has_any(fields, &["txid", "access_device.ip"]);
    let is_admin = || object::has_any(fields, &["action"]) && object::has(fields, "username");
    (is_login() && object::has_any(fields, &["application.name", "integration", "result"]))
        || (object::has(fields, "isotimestamp")
            && (is_admin() || is_login() || object::has(fields, "eventtype")))
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut event = object::event(context, FORMAT.name, Mart::IDENTITY, fields, &NAMES);
    event.product = Cow::Borrowed("cisco");
    event.service = Cow::Borrowed("duo");
    event.class = Class::API;
    let kind = event.command.clone();
    if object::has(&event.fields, "factor")
        || object::says(&event.fields, &["event_type"], &["authentication"])
    {
        login(&mut event);
        return event;
    }
    event.outcome = Outcome::Success;
    if let Some((class, code)) = meaning(&kind) {
        (event.class, event.code) = (class, Some(code));
    }
    if matches!(event.code, Some(EventCode::LL03)) {
        event.outcome = Outcome::Failure;
    }
    event
}

fn login(event: &mut Event<'_>) {
    event.class = Class::AUTHENTICATION;
    let result = object::text(&event.fields, &["result"]);
    event.outcome = object::outcome(&result);
    event.code = match event.outcome {
        Outcome::Success => Some(EventCode::LL07),
        Outcome::Failure => Some(EventCode::LL08),
        Outcome::Unknown => None,
    };
    if object::says(&event.fields, &["event_type"], &["enrollment"]) {
        (event.class, event.code) = (Class::ACCOUNT_CHANGE, Some(EventCode::SA10));
    }
    if object::is_one_of(&result, &["fraud"]) {
        event.severity = Severity::High;
    }
}

fn meaning(action: &str) -> Option<(Class, EventCode)> {
    use EventCode as Code;
    let starts = |words: &[&str]| object::begins_with(action, words);
    Some(match action {
        "admin_login" => (Class::AUTHENTICATION, Code::LL01),
        "admin_login_error" | "admin_2fa_error" => (Class::AUTHENTICATION, Code::LL03),
        "admin_lockout" | "user_lockout" => (Class::ACCOUNT_CHANGE, Code::SA08),
        "admin_create" | "user_create" | "user_import" | "admin_activate_create" => {
            (Class::ACCOUNT_CHANGE, Code::SA01)
        }
        "admin_delete" | "user_delete" | "user_pending_delete" => (Class::ACCOUNT_CHANGE, Code::SA03),
        "admin_update" | "user_update" | "user_restore" => (Class::ACCOUNT_CHANGE, Code::SA02),
        "admin_reset_password" => (Class::ACCOUNT_CHANGE, Code::SA07),
        "bypass_create" | "bypass_view" => (Class::ACCOUNT_CHANGE, Code::AO04),
        "group_create" => (Class::GROUP, Code::SA04),
        "group_delete" => (Class::GROUP, Code::SA06),
        _ if starts(&["group_", "user_group_"]) => (Class::GROUP, Code::SA05),
        _ if starts(&["phone_", "hardtoken_", "u2ftoken_", "webauthn"]) => {
            (Class::ACCOUNT_CHANGE, Code::SA10)
        }
        _ if starts(&["policy_", "admin_single_sign_on", "feature_", "customer_"]) => {
            (Class::API, Code::CC02)
        }
        _ if starts(&["integration_skey_view"]) => (Class::API, Code::PA01),
        _ if starts(&["integration_", "directory_"]) => (Class::API, Code::CC01),
        _ => return None,
    })
}
