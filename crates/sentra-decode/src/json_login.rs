//! Logins in the objects and lines of applications that no other module knows. Only words that can hardly mean
//! anything else count, and only where the record says how it ended.

use sentra_model::{Class, Event, EventCode, FieldValue, Outcome};

use crate::object;

/// Where applications say what was done, most telling first.
pub(crate) const ACTIONS: &[&str] =
    &["event.action", "action", "event_type", "event_name", "operation", "event"];
/// Where they say how it ended.
pub(crate) const RESULTS: &[&str] = &["event.outcome", "outcome", "result", "status", "success"];
/// Longer texts are sentences.
const ACTION_BYTES_MAX: usize = 24;

/// What an action means for the code.
enum Login {
    Succeeded,
    Failed,
    /// Somebody tried: how it ended stands elsewhere.
    Tried,
    Logout,
}

/// Gives an event of a user, who did `action`, the code of a login or a logout, if it is one.
pub(crate) fn fill(event: &mut Event<'_>, action: &FieldValue<'_>, result: Option<&FieldValue<'_>>) {
    let Some(login) = login(&action.as_text()) else { return };
    let code = match login {
        Login::Succeeded => EventCode::LL01,
        Login::Failed => EventCode::LL03,
        Login::Logout => EventCode::LL02,
        Login::Tried => {
            let result = result.map(FieldValue::as_text).filter(|result| result.len() <= ACTION_BYTES_MAX);
            match object::outcome(&result.unwrap_or_default()) {
                Outcome::Success => EventCode::LL01,
                Outcome::Failure => EventCode::LL03,
                Outcome::Unknown => return,
            }
        }
    };
    event.class = Class::AUTHENTICATION;
    event.outcome = if code == EventCode::LL03 { Outcome::Failure } else { Outcome::Success };
    event.code = Some(code);
}

/// What `action` means, whatever its case and its punctuation.
fn login(action: &str) -> Option<Login> {
    if action.len() > ACTION_BYTES_MAX {
        return None;
    }
    let mut word = [0; ACTION_BYTES_MAX];
    let mut length = 0;
    for (place, letter) in word.iter_mut().zip(action.bytes().filter(u8::is_ascii_alphanumeric)) {
        *place = letter.to_ascii_lowercase();
        length += 1;
    }
    match word.get(..length)? {
        b"login" | b"logon" | b"signin" | b"userlogin" | b"userlogon" | b"usersignin" | b"authentication"
        | b"authenticate" | b"sessionstart" => Some(Login::Tried),
        b"loginsuccess" | b"loginsucceeded" | b"loginsuccessful" | b"successfullogin" | b"userloggedin" => {
            Some(Login::Succeeded)
        }
        b"loginfailed" | b"loginfailure" | b"failedlogin" | b"loginfail" | b"userloginfailed" => {
            Some(Login::Failed)
        }
        b"logout" | b"logoff" | b"signout" | b"userlogout" | b"userlogoff" | b"sessionend" => {
            Some(Login::Logout)
        }
        _ => None,
    }
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
