//! Entra ID (Azure AD) directory audit logs: as Graph exports them, inside the envelope of diagnostic settings
//! (`properties`), and as Log Analytics has them.

use std::borrow::Cow;

use sentra_model::{Class, Event, FieldValue, Mart, Outcome};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::identity::directory;
use crate::object::{self, Names};

pub(crate) static FORMAT: Format = Format {
    name: "entra_audit",
    title: "Entra ID (Azure AD) audit logs as JSON, from Graph or diagnostic settings",
    sample: r#"{"id":"d1","category":"RoleManagement","result":"success","activityDisplayName":"Add member to role","activityDateTime":"2026-03-01T10:00:00Z","loggedByService":"Core Directory","initiatedBy":{"user":{"userPrincipalName":"alice@example.com","ipAddress":"192.0.2.7"}},"targetResources":[{"displayName":"Bob","type":"User","userPrincipalName":"bob@example.com"}]}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const ACTIVITY: [&str; 4] =
    ["activityDisplayName", "properties.activityDisplayName", "operationName", "properties.operationName"];
const INITIATOR: [&str; 8] = [
    "initiatedBy.user.userPrincipalName",
    "properties.initiatedBy.user.userPrincipalName",
    "initiatedBy.user.displayName",
    "properties.initiatedBy.user.displayName",
    "initiatedBy.app.displayName",
    "properties.initiatedBy.app.displayName",
    "initiatedBy.app.servicePrincipalId",
    "identity",
];
const TARGET: [&str; 2] =
    ["targetResources.userPrincipalName", "properties.targetResources.userPrincipalName"];

const NAMES: Names = Names {
    time: &["activityDateTime", "properties.activityDateTime", "time", "TimeGenerated"],
    user: &INITIATOR,
    target_user: &TARGET,
    src_ip: &["initiatedBy.user.ipAddress", "properties.initiatedBy.user.ipAddress", "callerIpAddress"],
    command: &ACTIVITY,
    session: &["correlationId", "properties.correlationId"],
    file: &["targetResources.displayName", "properties.targetResources.displayName"],
    app: &["loggedByService", "properties.loggedByService"],
    message: &["resultReason", "properties.resultReason", "resultDescription"],
    ..Names::NONE
};

/// Names that Sigma's rules use, and where the exports have the value.
const ALIASES: [(&str, &[&str]); 17] = [
    ("OperationName", &["operationName", "activityDisplayName", "properties.activityDisplayName"]),
    ("operationName", &["operationName", "activityDisplayName", "properties.activityDisplayName"]),
    ("properties.message", &ACTIVITY),
    ("ActivityDisplayName", &ACTIVITY),
    ("ActivityType", &ACTIVITY),
    ("activityType", &ACTIVITY),
    ("Category", &["properties.category", "category"]),
    ("LoggedByService", &["loggedByService", "properties.loggedByService"]),
    ("Status", &["result", "properties.result", "resultType"]),
    ("properties.result", &["result"]),
    ("properties.initiatedBy", &INITIATOR),
    ("Initiatied.By", &INITIATOR),
    ("Initiatedby", &INITIATOR),
    ("Target", &TARGET),
    (
        "TargetResources.modifiedProperties.newValue",
        &[
            "targetResources.modifiedProperties.newValue",
            "properties.targetResources.modifiedProperties.newValue",
        ],
    ),
    (
        "TargetResources.ModifiedProperties.NewValue",
        &[
            "targetResources.modifiedProperties.newValue",
            "properties.targetResources.modifiedProperties.newValue",
        ],
    ),
    (
        "TargetResources.ModifiedProperties.DisplayName",
        &[
            "targetResources.modifiedProperties.displayName",
            "properties.targetResources.modifiedProperties.displayName",
        ],
    ),
];

/// Properties whose new values say which role or group somebody was made a member of.
const NAMED: [&str; 2] = ["Role.DisplayName", "Group.DisplayName"];

/// Whether the flat fields are those of a directory audit record.
fn is_record(fields: &[Field<'_>]) -> bool {
    let is_audit = || object::says(fields, &["category", "Type"], &["AuditLogs"]);
    let has_parts = || {
        object::has_any(
            fields,
            &[
                "loggedByService",
                "properties.loggedByService",
                "activityDateTime",
                "properties.activityDateTime",
            ],
        )
    };
    object::has_any(fields, &ACTIVITY) && (has_parts() || is_audit())
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut event = object::event(context, FORMAT.name, Mart::IDENTITY, fields, &NAMES);
    event.product = Cow::Borrowed("azure");
    event.service = Cow::Borrowed("auditlogs");
    event.class = Class::API;
    let words = ["result", "properties.result", "resultType", "resultSignature"];
    let outcomes = words.iter().map(|word| object::outcome(&object::text(&event.fields, &[word])));
    event.outcome = outcomes.into_iter().find(|outcome| *outcome != Outcome::Unknown).unwrap_or_default();
    if let Some((class, code)) = directory::meaning(&event.command) {
        (event.class, event.code) = (class, Some(object::by_outcome(code, event.outcome)));
    }
    if let Some(user) = target_user(&event.fields) {
        event.target_user = user;
    }
    event.severity = object::severity(&object::text(&event.fields, &["level"]));
    second_names(&mut event);
    event
}

/// The user among the targets: groups and applications stand beside it.
fn target_user<'a>(fields: &[Field<'a>]) -> Option<Cow<'a, str>> {
    ["targetResources.", "properties.targetResources."].iter().find_map(|prefix| {
        let of_user = |member| object::element(fields, prefix, ("type", &["User"]), member);
        of_user("userPrincipalName").map(without_object_id).or_else(|| of_user("displayName"))
    })
}

/// The directory writes the id of a deleted user, 32 digits, before the name to keep the name free.
fn without_object_id(name: Cow<'_, str>) -> Cow<'_, str> {
    let is_id = |id: &str| id.bytes().all(|byte| byte.is_ascii_hexdigit());
    match name.split_at_checked(32) {
        Some((id, rest)) if is_id(id) && rest.contains('@') && !rest.starts_with('@') => {
            Cow::Owned(rest.to_owned())
        }
        _ => name,
    }
}

fn second_names(event: &mut Event<'_>) {
    let inner = object::text(&event.fields, &["properties.category"]);
    for prefix in ["targetResources.", "properties.targetResources."] {
        if object::has_under(&event.fields, prefix) {
            target_names(event, prefix);
            break;
        }
    }
    object::alias(&mut event.fields, &ALIASES);
    // The envelope says `AuditLogs`, the record inside what kind of activity it is.
    if !inner.is_empty() {
        object::add(event, "category", inner);
    }
    for prefix in ["additionalDetails.", "properties.additionalDetails."] {
        object::alias_pairs(&mut event.fields, prefix, ("key", &["value"]), |name| {
            Some(Cow::Owned(format!("additionalDetails.{name}")))
        });
    }
}

/// Rules look for words anywhere in the targets, and for the properties that were modified by their names.
fn target_names(event: &mut Event<'_>, prefix: &str) {
    let fields = &mut event.fields;
    let modified = format!("{prefix}modifiedProperties.");
    for name in ["TargetResources", "properties.targetResources"] {
        object::alias_leaves(fields, name, prefix);
    }
    object::alias_leaves(fields, "TargetResources.modifiedProperties", &modified);
    let own = fields.len();
    object::alias_pairs(fields, &modified, ("displayName", &["newValue"]), |name| {
        let is_named = name.starts_with("ConsentContext.") || NAMED.contains(&name);
        is_named.then(|| Cow::Owned(name.to_owned()))
    });
    // The new value of a property is JSON: `"False"`, with its quotes.
    for (_, value) in fields.iter_mut().skip(own) {
        *value = FieldValue::Text(Cow::Owned(value.as_text().trim_matches('"').to_owned()));
    }
    let types = format!("{prefix}type");
    object::alias(fields, &[("targetResources.type", &[&types])]);
    if object::says(fields, &[&types], &["ServicePrincipal"]) {
        object::add(event, "targetResources.type", "Service Principal");
    }
}
