//! Logins in the objects and lines of applications that no other module knows. Only words that can hardly mean
//! anything else count, and only where the record says how it ended.

use sentra_model::{Class, Event, EventCode, Outcome};

use crate::flatten::Field;
use crate::object;

/// Where applications say what was done, most telling first.
const ACTIONS: [&str; 6] = ["event.action", "action", "event_type", "event_name", "operation", "event"];
/// Where they say how it ended.
const RESULTS: [&str; 5] = ["event.outcome", "outcome", "result", "status", "success"];
/// A login, however it ended.
const LOGINS: [&str; 9] = [
    "login",
    "logon",
    "signin",
    "userlogin",
    "userlogon",
    "usersignin",
    "authentication",
    "authenticate",
    "sessionstart",
];
const SUCCEEDED: [&str; 5] =
    ["loginsuccess", "loginsucceeded", "loginsuccessful", "successfullogin", "userloggedin"];
const FAILED: [&str; 5] = ["loginfailed", "loginfailure", "failedlogin", "loginfail", "userloginfailed"];
const LOGOUTS: [&str; 6] = ["logout", "logoff", "signout", "userlogout", "userlogoff", "sessionend"];
/// Longer texts are sentences.
const ACTION_BYTES_MAX: usize = 24;

/// Gives an event of a user the code of a login or a logout, if it is one.
pub(crate) fn fill(event: &mut Event<'_>) {
    let Some(action) = of_names(&event.fields, &ACTIONS) else { return };
    let is = |words: &[&str]| words.iter().any(|word| object::is_loosely(&action, word));
    let code = match () {
        () if is(&SUCCEEDED) => EventCode::LL01,
        () if is(&FAILED) => EventCode::LL03,
        () if is(&LOGOUTS) => EventCode::LL02,
        () if is(&LOGINS) => {
            let result = of_names(&event.fields, &RESULTS).unwrap_or_default();
            match object::outcome(&result) {
                Outcome::Success => EventCode::LL01,
                Outcome::Failure => EventCode::LL03,
                Outcome::Unknown => return,
            }
        }
        () => return,
    };
    event.class = Class::AUTHENTICATION;
    event.outcome = if code == EventCode::LL03 { Outcome::Failure } else { Outcome::Success };
    event.code = Some(code);
}

/// The short text of the first of `names` that a field has. Every field is looked at once.
fn of_names(fields: &[Field<'_>], names: &[&str]) -> Option<String> {
    let place = |name: &str| names.iter().position(|known| *known == name);
    let found = fields.iter().filter_map(|(name, value)| Some((place(name)?, value)));
    let (_, value) = found.min_by_key(|(place, _)| *place)?;
    let text = value.as_text();
    (text.len() <= ACTION_BYTES_MAX).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use crate::test_kit::{decode, source, summary};

    #[test]
    fn applications_say_who_came_and_how_it_ended() {
        for (record, expected) in [
            (
                r#"{"time":"2026-03-01T10:00:00Z","app":"shop","action":"login","user":"alice","outcome":"success"}"#,
                "LL01/success",
            ),
            (
                r#"{"time":"2026-03-01T10:00:00Z","event":"User-Login","username":"alice","success":false}"#,
                "LL03/failure",
            ),
            (
                r#"{"@timestamp":"2026-03-01T10:00:00Z","event":{"action":"sign_in","outcome":"failure"},"user":{"name":"alice"}}"#,
                "LL03/failure",
            ),
            (r#"{"time":"2026-03-01T10:00:00Z","event_type":"LOGIN_FAILED","user":"alice"}"#, "LL03/failure"),
            (r#"{"time":"2026-03-01T10:00:00Z","action":"logout","user":"alice"}"#, "LL02/success"),
            // Nobody knows how it ended; nobody did it; it is about something else.
            (r#"{"time":"2026-03-01T10:00:00Z","action":"login","user":"alice"}"#, "-/unknown"),
            (r#"{"time":"2026-03-01T10:00:00Z","action":"login","outcome":"success"}"#, "-/unknown"),
            (
                r#"{"time":"2026-03-01T10:00:00Z","action":"login page viewed","user":"alice","outcome":"success"}"#,
                "-/unknown",
            ),
            (
                "time=2026-03-01T10:00:00Z app=shop user=alice action=login src_ip=192.0.2.7 outcome=failure",
                "LL03/failure",
            ),
        ] {
            let found = summary(&decode(&source(None), record.as_bytes()));
            assert!(found.contains(&format!(" | {expected}")), "{record}: {found}");
        }
    }
}
