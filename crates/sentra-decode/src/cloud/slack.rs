//! Slack audit logs of an Enterprise Grid organisation.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Mart, Outcome, Severity};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "slack_audit",
    title: "Slack audit log entries as JSON, with action, actor and context",
    sample: r#"{"id":"s1","date_create":1772359200,"action":"user_login","actor":{"type":"user","user":{"id":"W1","name":"alice","email":"alice@example.com"}},"entity":{"type":"user","user":{"id":"W1","email":"alice@example.com"}},"context":{"location":{"type":"workspace","domain":"example"},"ip_address":"192.0.2.7"}}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const NAMES: Names = Names {
    time: &["date_create", "p_event_time"],
    user: &["actor.user.email", "actor.user.name", "actor.user.id"],
    target_user: &["entity.user.email", "entity.user.name"],
    src_ip: &["context.ip_address"],
    command: &["action"],
    session: &["context.session_id", "id"],
    file: &["entity.channel.name", "entity.file.name", "entity.app.name", "entity.workspace.name"],
    domain: &["context.location.domain"],
    app: &["context.app.name", "entity.app.name"],
    ..Names::NONE
};

/// Whether the flat fields are those of a Slack entry.
fn is_record(fields: &[Field<'_>]) -> bool {
    object::has(fields, "action")
        && object::has_under(fields, "context.")
        && object::has_any(fields, &["actor.user.id", "actor.user.email", "actor.user.team", "actor.type"])
        && object::has_any(
            fields,
            &["context.location.domain", "context.location.id", "context.ua", "entity.type"],
        )
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut event = object::event(context, FORMAT.name, Mart::CLOUD, fields, &NAMES);
    event.product = Cow::Borrowed("slack");
    event.service = Cow::Borrowed("audit");
    event.class = Class::API;
    event.outcome = Outcome::Success;
    if let Some((class, code)) = meaning(&event.command) {
        (event.class, event.code) = (class, Some(code));
    }
    if event.code == Some(EventCode::LL03) {
        event.outcome = Outcome::Failure;
    }
    if event.command == "anomaly" {
        event.severity = Severity::Medium;
    }
    event
}

fn meaning(action: &str) -> Option<(Class, EventCode)> {
    use EventCode as Code;
    Some(match action {
        "user_login" => (Class::AUTHENTICATION, Code::LL01),
        "user_login_failed" => (Class::AUTHENTICATION, Code::LL03),
        "user_logout" | "user_session_invalidated" | "user_sessions_reset" => {
            (Class::AUTHENTICATION, Code::LL02)
        }
        "user_created" | "guest_created" => (Class::ACCOUNT_CHANGE, Code::SA01),
        "user_deactivated" | "guest_deactivated" => (Class::ACCOUNT_CHANGE, Code::SA03),
        "user_reactivated" | "user_email_updated" | "user_profile_updated" => {
            (Class::ACCOUNT_CHANGE, Code::SA02)
        }
        "user_force_password_reset" | "user_password_reset" => (Class::ACCOUNT_CHANGE, Code::SA07),
        "role_assigned"
        | "role_removed"
        | "role_change_to_admin"
        | "role_change_to_owner"
        | "role_change_to_user"
        | "permissions_assigned"
        | "permissions_removed"
        | "owner_transferred" => (Class::GROUP, Code::SA05),
        "app_installed" | "app_approved" | "app_restricted" | "app_scopes_expanded" | "app_uninstalled" => {
            (Class::API, Code::CC01)
        }
        "manual_export_started" | "manual_export_completed" | "corporate_exports_approved" => {
            (Class::API, Code::SS03)
        }
        _ if action.starts_with("pref.")
            || action.starts_with("ekm_")
            || action.contains("information_barrier") =>
        {
            (Class::API, Code::CC02)
        }
        _ => return None,
    })
}
