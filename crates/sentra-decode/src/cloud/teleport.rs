//! Teleport audit events.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Mart, Outcome};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "teleport",
    title: "Teleport audit events as JSON, with event and code",
    sample: r#"{"ei":0,"event":"user.login","uid":"u1","code":"T1000W","time":"2026-03-01T10:00:00.000Z","cluster_name":"example","user":"alice","success":false,"method":"local","error":"invalid credentials","addr.remote":"192.0.2.7:34204"}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const NAMES: Names = Names {
    time: &["time"],
    host: &["server_hostname", "server_id", "cluster_name"],
    user: &["user", "login"],
    target_user: &["name", "login"],
    src_ip: &["addr.remote", "addr_remote", "remote_addr"],
    dst_ip: &["addr.local", "addr_local"],
    process: &["path", "program"],
    pid: &["pid"],
    command: &["command", "exec_command", "proxy_command"],
    session: &["sid"],
    file: &["path", "db_name", "app_name"],
    app: &["cluster_name"],
    message: &["error", "message"],
    ..Names::NONE
};

/// Whether the flat fields are those of a Teleport event: its codes are `T1000I`, `TAP04E` and the like.
fn is_record(fields: &[Field<'_>]) -> bool {
    let is_code = |code: &str| {
        code.starts_with('T')
            && (5..=8).contains(&code.len())
            && code.ends_with(['I', 'W', 'E', 'D', 'S'])
            && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    object::has(fields, "event")
        && object::has_any(fields, &["ei", "uid"])
        && object::find(fields, &["code"]).is_some_and(|code| is_code(&code.as_text()))
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut event = object::event(context, FORMAT.name, Mart::CLOUD, fields, &NAMES);
    event.product = Cow::Borrowed("teleport");
    event.service = Cow::Borrowed("audit");
    let kind = object::text(&event.fields, &["event"]);
    let success = object::text(&event.fields, &["success"]);
    event.outcome = match object::outcome(&success) {
        Outcome::Unknown if object::has(&event.fields, "error") => Outcome::Failure,
        Outcome::Unknown => Outcome::Success,
        outcome => outcome,
    };
    event.class = if kind == "session.command" { Class::PROCESS } else { Class::API };
    if kind == "session.command" {
        event.command = arguments(&event);
    } else if event.command.is_empty() {
        event.command = kind.clone();
    }
    if let Some((class, code)) = meaning(&kind, &object::text(&event.fields, &["state", "proposed_state"])) {
        (event.class, event.code) = (class, Some(object::by_outcome(code, event.outcome)));
    }
    event
}

/// The command line of a recorded process: its program and the arguments behind it.
fn arguments<'a>(event: &Event<'a>) -> Cow<'a, str> {
    let mut line = object::text(&event.fields, &["program"]).into_owned();
    for (_, value) in event.fields.iter().filter(|(name, _)| name == "argv") {
        line.push(' ');
        line.push_str(&value.as_text());
    }
    Cow::Owned(line)
}

fn meaning(kind: &str, state: &str) -> Option<(Class, EventCode)> {
    use EventCode as Code;
    Some(match kind {
        "user.login" | "auth" | "device.authenticate" => (Class::AUTHENTICATION, Code::LL01),
        "user.logout" => (Class::AUTHENTICATION, Code::LL02),
        "mfa_auth_challenge.create" => (Class::AUTHENTICATION, Code::LL06),
        "mfa_auth_challenge.validate" => (Class::AUTHENTICATION, Code::LL07),
        "user.create" | "bot.create" => (Class::ACCOUNT_CHANGE, Code::SA01),
        "user.update" => (Class::ACCOUNT_CHANGE, Code::SA02),
        "user.delete" | "bot.delete" => (Class::ACCOUNT_CHANGE, Code::SA03),
        "user.password_change" => (Class::ACCOUNT_CHANGE, Code::LL04),
        "reset_password_token.create" => (Class::ACCOUNT_CHANGE, Code::SA07),
        "lock.created" => (Class::ACCOUNT_CHANGE, Code::SA08),
        "lock.deleted" => (Class::ACCOUNT_CHANGE, Code::SA09),
        "mfa.add" | "mfa.delete" => (Class::ACCOUNT_CHANGE, Code::SA10),
        "role.created" => (Class::GROUP, Code::SA04),
        "role.updated" => (Class::GROUP, Code::SA05),
        "role.deleted" => (Class::GROUP, Code::SA06),
        "access_request.create" => (Class::API, Code::IG01),
        "access_request.review" | "access_request.update" if state == "APPROVED" => (Class::API, Code::IG02),
        "access_list.review" => (Class::API, Code::IG03),
        "session.start" | "db.session.start" | "kube.request" | "exec" | "windows.desktop.session.start" => {
            (Class::API, Code::AO01)
        }
        "github.created"
        | "github.deleted"
        | "saml.created"
        | "saml.deleted"
        | "oidc.created"
        | "oidc.deleted"
        | "trusted_cluster.create"
        | "join_token.create" => (Class::API, Code::CC02),
        _ => return None,
    })
}
