//! What the activities of the Entra directory mean. The directory's own audit log and the unified log of
//! Microsoft 365 have the same names for them.

use sentra_model::{Class, EventCode};

use crate::object;

/// Class and code of an activity, `Add member to role`.
pub(crate) fn meaning(activity: &str) -> Option<(Class, EventCode)> {
    by_name(&activity.to_ascii_lowercase())
}

fn by_name(activity: &str) -> Option<(Class, EventCode)> {
    use EventCode as Code;
    let account = |code| Some((Class::ACCOUNT_CHANGE, code));
    let group = |code| Some((Class::GROUP, code));
    match activity {
        "add user" | "invite external user" | "redeem external user invite" | "create user" => {
            account(Code::SA01)
        }
        "delete user" | "hard delete user" => account(Code::SA03),
        "update user"
        | "disable account"
        | "enable account"
        | "restore user"
        | "set user manager"
        | "update stsrefreshtokenvalidfrom timestamp"
        | "convert federated user to managed"
        | "set license properties"
        | "change user license" => account(Code::SA02),
        "reset user password" | "reset password (by admin)" | "set force change user password" => {
            account(Code::SA07)
        }
        "change user password" | "change password (self-service)" | "reset password (self-service)" => {
            account(Code::LL04)
        }
        "unlock user account (self-service)" => account(Code::SA09),
        "disable strong authentication"
        | "enable strong authentication"
        | "add registered security info"
        | "admin updated security info"
        | "admin deleted security info"
        | "admin registered security info"
        | "user registered security info"
        | "user deleted security info"
        | "user changed default security info"
        | "user registered all required security info" => account(Code::SA10),
        "add group" | "add role definition" | "add administrative unit" | "create role" => group(Code::SA04),
        "delete group" | "hard delete group" | "delete role definition" | "delete administrative unit" => {
            group(Code::SA06)
        }
        "update group"
        | "update role definition"
        | "add member to group"
        | "remove member from group"
        | "add owner to group"
        | "remove owner from group" => group(Code::SA05),
        _ => governance(activity).or_else(|| membership(activity)).or_else(|| settings(activity)),
    }
}

/// Privileged identity management, access packages, access reviews.
fn governance(activity: &str) -> Option<(Class, EventCode)> {
    use EventCode as Code;
    let has = |words: &[&str]| words.iter().any(|word| activity.contains(word));
    let code = match () {
        () if has(&["request approved", "approve access package", "request approved/denied"]) => Code::IG02,
        () if has(&["requests access package", "role requested", "membership requested"]) => Code::IG01,
        () if has(&["access review"]) && has(&["decision", "apply", "complete"]) => Code::IG03,
        () => return None,
    };
    Some((Class::API, code))
}

fn membership(activity: &str) -> Option<(Class, EventCode)> {
    let has = |words: &[&str]| words.iter().any(|word| activity.contains(word));
    let is_membership =
        has(&["member to role", "member from role", "role assignment", "to role in pim", "eligible member"]);
    is_membership.then_some((Class::GROUP, EventCode::SA05))
}

fn settings(activity: &str) -> Option<(Class, EventCode)> {
    use EventCode as Code;
    let has = |words: &[&str]| words.iter().any(|word| activity.contains(word));
    let starts = |words: &[&str]| object::begins_with(activity, words);
    let code = match () {
        () if has(&["conditional access policy", "named location"]) => Code::CC02,
        () if has(&["authentication methods policy", "federation settings", "domain authentication"]) => {
            Code::CC02
        }
        () if has(&["role setting in pim", "pim alert", "authorization policy", "cross-tenant"]) => {
            Code::CC02
        }
        () if starts(&[
            "set company information",
            "set password policy",
            "set device registration policies",
        ]) =>
        {
            Code::CC02
        }
        () if starts(&[
            "consent to application",
            "add delegated permission grant",
            "add app role assignment",
        ]) =>
        {
            Code::CC02
        }
        () if has(&["partner to company", "verified domain", "unverified domain"]) => Code::CC02,
        () if starts(&["add policy", "update policy", "delete policy", "added policy"]) => Code::CC02,
        () if has(&["bitlocker key", "device local administrator password"]) => Code::PA01,
        () if has(&["service principal", "application", "owner to app"])
            && starts(&["add", "update", "delete", "remove", "hard"]) =>
        {
            Code::CC01
        }
        () => return None,
    };
    Some((Class::API, code))
}
