//! GitHub audit log of an organisation or an enterprise, as the interface and the streams write it.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Mart, Outcome};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "github_audit",
    title: "GitHub audit log records as JSON, with action and actor",
    sample: r#"{"@timestamp":1772359200000,"_document_id":"x1","action":"org.add_member","actor":"alice","actor_ip":"192.0.2.7","org":"example","user":"bob","created_at":1772359200000}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const NAMES: Names = Names {
    time: &["@timestamp", "created_at", "at_sign_timestamp"],
    user: &["actor"],
    target_user: &["user", "data.user", "invitee"],
    src_ip: &["actor_ip", "data.actor_ip"],
    command: &["action"],
    session: &["request_id", "external_identity_nameid"],
    file: &["repo", "repository", "team", "business"],
    app: &["org", "business"],
    message: &["explanation", "message"],
    ..Names::NONE
};

/// Whether the flat fields are those of a GitHub audit record: a dotted action, an actor that is a plain name.
fn is_record(fields: &[Field<'_>]) -> bool {
    let Some(action) = object::find(fields, &["action"]) else { return false };
    let action = action.as_text();
    let is_action =
        action.contains('.') && action.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    is_action
        && object::has(fields, "actor")
        && object::has_any(
            fields,
            &[
                "org",
                "repo",
                "business",
                "_document_id",
                "actor_location.country_code",
                "programmatic_access_type",
            ],
        )
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut event = object::event(context, FORMAT.name, Mart::CLOUD, fields, &NAMES);
    event.product = Cow::Borrowed("github");
    event.service = Cow::Borrowed("audit");
    event.outcome = Outcome::Success;
    event.class = Class::API;
    let action = event.command.clone();
    if let Some((class, code)) = meaning(&action) {
        (event.class, event.code) = (class, Some(code));
    }
    if matches!(event.code, Some(EventCode::LL03 | EventCode::LL08)) {
        event.outcome = Outcome::Failure;
    }
    event
}

fn meaning(action: &str) -> Option<(Class, EventCode)> {
    use EventCode as Code;
    let (object, verb) = action.split_once('.')?;
    let account = |code| Some((Class::ACCOUNT_CHANGE, code));
    let api = |code| Some((Class::API, code));
    match (object, verb) {
        ("user", "login") | ("org", "sso_response") => Some((Class::AUTHENTICATION, Code::LL01)),
        ("user", "failed_login") => Some((Class::AUTHENTICATION, Code::LL03)),
        ("user", "logout") => Some((Class::AUTHENTICATION, Code::LL02)),
        ("user", "two_factor_challenge_failure") => Some((Class::AUTHENTICATION, Code::LL08)),
        ("user", "change_password") => account(Code::LL04),
        ("user" | "enterprise_user", "create" | "creation") => account(Code::SA01),
        ("user", "delete" | "destroy") => account(Code::SA03),
        ("user", "suspend" | "unsuspend" | "rename" | "promote" | "demote") => account(Code::SA02),
        ("user", "forgot_password" | "password_reset") => account(Code::SA07),
        ("two_factor_authentication", _) => account(Code::SA10),
        ("org", "invite_member" | "invite_user") => account(Code::SA01),
        (
            "org",
            "add_member"
            | "remove_member"
            | "update_member"
            | "add_outside_collaborator"
            | "remove_outside_collaborator",
        )
        | ("repo", "add_member" | "remove_member" | "update_member")
        | (
            "team",
            "add_member" | "remove_member" | "add_repository" | "remove_repository" | "update_permission"
            | "promote_maintainer",
        )
        | ("business", "add_admin" | "remove_admin" | "add_organization" | "remove_organization")
        | ("role" | "organization_role", "assign" | "revoke" | "update") => Some((Class::GROUP, Code::SA05)),
        ("team" | "role" | "organization_role", "create") => Some((Class::GROUP, Code::SA04)),
        ("team" | "role" | "organization_role", "destroy" | "delete") => Some((Class::GROUP, Code::SA06)),
        ("audit_log_streaming" | "audit_log_stream", _) => api(Code::SS05),
        ("protected_branch", "policy_override") | ("repository_ruleset", "bypass") => api(Code::AO03),
        ("git", "push") | ("workflows", "created_workflow_run") => api(Code::CM03),
        ("repo", "download_zip") | ("org", "audit_log_export" | "audit_log_git_event_export") => {
            api(Code::SS03)
        }
        ("repo", "access" | "transfer" | "transfer_outgoing") => api(Code::CC02),
        (
            "hook"
            | "integration_installation"
            | "integration"
            | "org_credential_authorization"
            | "oauth_application"
            | "self_hosted_runner"
            | "runner_group",
            "create" | "destroy" | "config_changed" | "events_changed" | "repositories_added" | "deauthorize"
            | "grant",
        ) => api(Code::CC01),
        (
            "personal_access_token"
            | "public_key"
            | "deploy_key"
            | "repository_secret"
            | "environment"
            | "protected_branch"
            | "repository_ruleset"
            | "ip_allow_list"
            | "ip_allow_list_entry",
            _,
        ) => api(Code::CC02),
        _ if is_security_setting(object, verb) => api(Code::CC02),
        _ => None,
    }
}

/// Switches of security features: `secret_scanning.disable`, `org.disable_two_factor_requirement`, and their kin.
fn is_security_setting(object: &str, verb: &str) -> bool {
    let is_switch = verb.contains("disable") || verb.contains("enable");
    let features = ["scanning", "security", "dependabot", "vulnerability", "dependency", "protection"];
    let settings = ["two_factor", "saml", "oauth_app", "restrictions", "requirement", "anonymous_git_access"];
    (is_switch && features.iter().any(|word| object.contains(word)))
        || (matches!(object, "org" | "business" | "enterprise" | "repo") || object == "enterprise.config")
            && settings.iter().any(|word| verb.contains(word))
}
