//! OneLogin events.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Mart, Outcome, Severity};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "onelogin",
    title: "OneLogin events as JSON, with event_type_id",
    sample: r#"{"id":1,"created_at":"2026-03-01T10:00:00.000Z","account_id":1,"user_id":7,"event_type_id":6,"ipaddr":"192.0.2.7","actor_user_id":7,"actor_user_name":"Alice Example","user_name":"Alice Example","risk_score":70}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const NAMES: Names = Names {
    time: &["created_at", "event_timestamp", "p_event_time"],
    user: &["actor_user_name", "user_name", "actor_system"],
    target_user: &["user_name"],
    src_ip: &["ipaddr", "ip"],
    command: &["event_type_name", "event_type_id"],
    session: &["browser_fingerprint"],
    file: &["role_name", "policy_name", "group_name", "otp_device_name"],
    app: &["app_name"],
    message: &["custom_message", "notes", "error_description"],
    ..Names::NONE
};

/// Whether the flat fields are those of a OneLogin event.
fn is_record(fields: &[Field<'_>]) -> bool {
    object::has(fields, "event_type_id")
        && object::has_any(fields, &["user_id", "actor_user_id", "account_id", "actor_system"])
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut event = object::event(context, FORMAT.name, Mart::IDENTITY, fields, &NAMES);
    event.product = Cow::Borrowed("onelogin");
    event.service = Cow::Borrowed("onelogin.events");
    event.class = Class::API;
    event.outcome = Outcome::Success;
    let kind = object::text(&event.fields, &["event_type_id"]).parse::<u32>().unwrap_or_default();
    if let Some((class, code)) = meaning(kind) {
        (event.class, event.code) = (class, Some(code));
    }
    if matches!(event.code, Some(EventCode::LL03 | EventCode::LL08 | EventCode::LL05)) {
        event.outcome = Outcome::Failure;
    }
    let risk = object::text(&event.fields, &["risk_score"]).parse::<u32>();
    event.severity = match risk {
        Ok(70..) => Severity::High,
        Ok(40..) => Severity::Medium,
        Ok(_) => Severity::Informational,
        Err(_) => Severity::Unknown,
    };
    event
}

/// The event types whose numbers are documented and mean something for the platform.
fn meaning(kind: u32) -> Option<(Class, EventCode)> {
    use EventCode as Code;
    Some(match kind {
        5 => (Class::AUTHENTICATION, Code::LL01),
        6 => (Class::AUTHENTICATION, Code::LL03),
        7 => (Class::AUTHENTICATION, Code::LL02),
        11 => (Class::ACCOUNT_CHANGE, Code::LL04),
        211 => (Class::ACCOUNT_CHANGE, Code::SA07),
        13 => (Class::ACCOUNT_CHANGE, Code::SA01),
        14 => (Class::ACCOUNT_CHANGE, Code::SA02),
        17 => (Class::ACCOUNT_CHANGE, Code::SA03),
        532 | 551 => (Class::ACCOUNT_CHANGE, Code::SA08),
        553 => (Class::ACCOUNT_CHANGE, Code::SA02),
        24 | 171 | 172 => (Class::ACCOUNT_CHANGE, Code::SA10),
        1 | 2 => (Class::GROUP, Code::SA05),
        3 | 240 => (Class::API, Code::PA01),
        _ => return None,
    })
}
