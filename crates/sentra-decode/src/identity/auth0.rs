//! Auth0 tenant logs, bare or as log streams wrap them (`data`).

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Mart, Outcome};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "auth0",
    title: "Auth0 tenant logs as JSON, bare or by a log stream",
    sample: r#"{"log_id":"a1","data":{"date":"2026-03-01T10:00:00.000Z","type":"fp","description":"Wrong email or password.","connection":"users","client_name":"Shop","ip":"192.0.2.7","user_name":"alice@example.com","log_id":"a1"}}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const NAMES: Names = Names {
    time: &["data.date", "date", "p_event_time"],
    host: &["data.hostname", "hostname"],
    user: &[
        "data.user_name",
        "user_name",
        "data.details.request.auth.user.email",
        "details.request.auth.user.email",
        "data.user_id",
        "user_id",
    ],
    src_ip: &["data.ip", "ip", "data.client_ip", "client_ip"],
    command: &["data.type", "type"],
    session: &["data.session_id", "session_id"],
    file: &["data.details.request.path", "details.request.path"],
    app: &["data.client_name", "client_name", "data.client_id", "client_id"],
    message: &["data.description", "description"],
    ..Names::NONE
};

/// Whether the flat fields are those of a tenant log.
fn is_record(fields: &[Field<'_>]) -> bool {
    object::has_any(fields, &["log_id", "data.log_id"])
        && object::has_any(fields, &["data.type", "type"])
        && object::has_any(
            fields,
            &["data.date", "data.client_id", "client_id", "data.details.request.channel", "connection"],
        )
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut event = object::event(context, FORMAT.name, Mart::IDENTITY, fields, &NAMES);
    event.product = Cow::Borrowed("auth0");
    event.service = Cow::Borrowed("tenant");
    event.class = Class::API;
    let kind = event.command.clone();
    // Types that begin with `f` are failures: `f`, `fp`, `fu`, `fsa`, `fcp`; `s…` are successes.
    event.outcome = match kind.as_bytes().first() {
        Some(b'f') => Outcome::Failure,
        Some(b's' | b'g') => Outcome::Success,
        _ => Outcome::Unknown,
    };
    let request = object::text(&event.fields, &["data.details.request.method", "details.request.method"]);
    if let Some((class, code, outcome)) = meaning(&kind) {
        (event.class, event.code, event.outcome) = (class, Some(code), outcome);
    } else if matches!(kind.as_ref(), "sapi" | "mgmt_api_read") {
        event.code = management(&event.file, &request);
    }
    event
}

fn meaning(kind: &str) -> Option<(Class, EventCode, Outcome)> {
    use EventCode as Code;
    let login = |code, outcome| Some((Class::AUTHENTICATION, code, outcome));
    let account = |code, outcome| Some((Class::ACCOUNT_CHANGE, code, outcome));
    match kind {
        "s" | "sce" => login(Code::LL01, Outcome::Success),
        "f" | "fp" | "fu" | "fc" => login(Code::LL03, Outcome::Failure),
        "slo" => login(Code::LL02, Outcome::Success),
        "gd_send_push" | "gd_send_sms" | "gd_send_email" | "gd_send_voice" => {
            login(Code::LL06, Outcome::Success)
        }
        "gd_auth_succeed" => login(Code::LL07, Outcome::Success),
        "gd_auth_failed" | "gd_auth_rejected" | "gd_otp_rate_limit_exceed" => {
            login(Code::LL08, Outcome::Failure)
        }
        "ss" => account(Code::SA01, Outcome::Success),
        "sdu" | "du" => account(Code::SA03, Outcome::Success),
        "scp" => account(Code::LL04, Outcome::Success),
        "fcp" => account(Code::LL05, Outcome::Failure),
        "scpr" => account(Code::SA07, Outcome::Success),
        "limit_wc" | "limit_mu" | "limit_sul" => account(Code::SA08, Outcome::Failure),
        "gd_enrollment_complete" | "gd_unenroll" | "gd_update_device_account" => {
            account(Code::SA10, Outcome::Success)
        }
        _ => None,
    }
}

/// What a call of the management interface means, by its path.
fn management(path: &str, method: &str) -> Option<EventCode> {
    let is_change = object::is_one_of(method, &["post", "put", "patch", "delete"]);
    let (_, rest) = path.split_once("/api/v2/")?;
    let object = rest.split(['/', '?']).next().unwrap_or_default();
    let is_delete = object::is_one_of(method, &["delete"]);
    match object {
        _ if !is_change => None,
        "users" if rest.contains("/roles") || rest.contains("/permissions") => Some(EventCode::SA05),
        "users" if object::is_one_of(method, &["post"]) => Some(EventCode::SA01),
        "users" if is_delete => Some(EventCode::SA03),
        "users" => Some(EventCode::SA02),
        "roles" if object::is_one_of(method, &["post"]) && rest == "roles" => Some(EventCode::SA04),
        "roles" => Some(if is_delete { EventCode::SA06 } else { EventCode::SA05 }),
        "guardian" | "attack-protection" | "tenants" | "anomaly" => Some(EventCode::CC02),
        "log-streams" => Some(EventCode::SS05),
        "clients" | "connections" | "actions" | "rules" | "organizations" | "client-grants" => {
            Some(EventCode::CC01)
        }
        _ => None,
    }
}
