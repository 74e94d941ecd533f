//! Google Workspace activities, as the Reports interface gives them (`events` of one activity) and as collectors
//! write them with one event each.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Mart, Outcome};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "google_workspace",
    title: "Google Workspace activities as JSON, with id.applicationName",
    sample: r#"{"kind":"admin#reports#activity","id":{"time":"2026-03-01T10:00:00.000Z","uniqueQualifier":"1","applicationName":"login","customerId":"C1"},"actor":{"email":"alice@example.com"},"ipAddress":"192.0.2.7","events":[{"type":"login","name":"login_failure","parameters":[{"name":"login_type","value":"google_password"}]}]}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const EVENT: [&str; 2] = ["events.name", "name"];
const VALUES: [&str; 4] = ["value", "intValue", "boolValue", "multiValue"];

const NAMES: Names = Names {
    time: &["id.time", "p_event_time"],
    user: &["actor.email", "actor.key", "actor.profileId"],
    target_user: &["parameters.USER_EMAIL", "parameters.user_email", "parameters.affected_email_address"],
    src_ip: &["ipAddress"],
    command: &EVENT,
    session: &["id.uniqueQualifier"],
    file: &["parameters.doc_title", "parameters.GROUP_EMAIL", "parameters.APPLICATION_NAME"],
    app: &["id.applicationName"],
    ..Names::NONE
};

/// Whether the flat fields are those of an activity.
fn is_record(fields: &[Field<'_>]) -> bool {
    object::has(fields, "id.applicationName")
        && object::has_any(fields, &EVENT)
        && (object::has_under(fields, "actor.") || object::has(fields, "kind"))
}

fn decode<'a>(context: &Context<'_>, mut fields: Vec<Field<'a>>) -> Event<'a> {
    for prefix in ["events.parameters.", "parameters."] {
        object::alias_pairs(&mut fields, prefix, ("name", &VALUES), |name| {
            Some(Cow::Owned(format!("parameters.{name}")))
        });
    }
    let mut event = object::event(context, FORMAT.name, Mart::CLOUD, fields, &NAMES);
    event.product = Cow::Borrowed("gcp");
    let app = event.app.to_ascii_lowercase();
    event.service = Cow::Owned(format!("google_workspace.{app}"));
    event.class = Class::API;
    event.outcome = Outcome::Success;
    let name = event.command.to_ascii_lowercase();
    if let Some((class, code)) = meaning(&name) {
        (event.class, event.code) = (class, Some(code));
    }
    if matches!(name.as_str(), "login_failure" | "2sv_disable_failure" | "sensitive_action_blocked") {
        event.outcome = Outcome::Failure;
    }
    if name.starts_with("suspicious") || name == "gov_attack_warning" || name == "account_disabled_hijacked" {
        event.severity = sentra_model::Severity::High;
    }
    second_names(&mut event, &app);
    event
}

/// Names that Sigma's rules use: those of the same activities when they come by Google Cloud's audit log.
fn second_names(event: &mut Event<'_>, app: &str) {
    let names: [(&str, &[&str]); 5] = [
        ("eventName", &EVENT),
        ("protoPayload.metadata.event.eventName", &EVENT),
        ("setting_name", &["parameters.SETTING_NAME"]),
        ("new_value", &["parameters.NEW_VALUE"]),
        ("old_value", &["parameters.OLD_VALUE"]),
    ];
    object::alias(&mut event.fields, &names);
    let service = format!("{app}.googleapis.com");
    for name in ["eventService", "protoPayload.serviceName", "protoPayload.Servicename"] {
        object::add(event, name, service.clone());
    }
}

fn meaning(name: &str) -> Option<(Class, EventCode)> {
    use EventCode as Code;
    let login = |code| Some((Class::AUTHENTICATION, code));
    let account = |code| Some((Class::ACCOUNT_CHANGE, code));
    let group = |code| Some((Class::GROUP, code));
    match name {
        "login_success" => login(Code::LL01),
        "login_failure" => login(Code::LL03),
        "logout" => login(Code::LL02),
        "login_challenge" => login(Code::LL06),
        "login_verification" => login(Code::LL07),
        "password_edit" => account(Code::LL04),
        "2sv_enroll" | "2sv_disable" | "turn_off_2_step_verification" | "unenroll_user_from_strong_auth" => {
            account(Code::SA10)
        }
        "create_user" | "user_invite" => account(Code::SA01),
        "delete_user" => account(Code::SA03),
        "suspend_user"
        | "unsuspend_user"
        | "undelete_user"
        | "rename_user"
        | "account_disabled_generic"
        | "account_disabled_hijacked"
        | "account_disabled_password_leak" => account(Code::SA02),
        "change_password" | "change_password_on_next_login" => account(Code::SA07),
        "create_role" | "create_group" => group(Code::SA04),
        "delete_role" | "delete_group" => group(Code::SA06),
        "assign_role"
        | "unassign_role"
        | "add_privilege"
        | "remove_privilege"
        | "update_role"
        | "rename_role"
        | "grant_admin_privilege"
        | "revoke_admin_privilege"
        | "grant_delegated_admin_privileges"
        | "add_group_member"
        | "remove_group_member"
        | "add_member"
        | "remove_member" => group(Code::SA05),
        "change_application_setting"
        | "create_application_setting"
        | "delete_application_setting"
        | "add_application"
        | "remove_application" => Some((Class::API, Code::CC01)),
        "enforce_strong_authentication"
        | "allow_strong_authentication"
        | "authorize_api_client_access"
        | "remove_application_from_whitelist"
        | "add_application_to_whitelist"
        | "change_allowed_two_step_verification_methods"
        | "toggle_allow_admin_password_reset"
        | "email_forwarding_out_of_domain"
        | "add_trusted_domains"
        | "change_two_step_verification_enrollment_period_duration" => Some((Class::API, Code::CC02)),
        "customer_takeout_created" | "data_transfer_request_created" => Some((Class::API, Code::SS03)),
        _ => None,
    }
}
