//! What the name of an event says, for formats that have a name and no vocabulary: CEF and LEEF.

use sentra_model::{Class, EventCode, Outcome};

/// Class, code and outcome of an event that is called `name`. `outcome` is what the record says beside it.
///
/// Only whole words count, so that `Failover` is no failure and `Blogging` no log.
pub(crate) fn meaning(name: &str, outcome: Outcome) -> Option<(Class, EventCode, Outcome)> {
    let (mut login, mut logout, mut failed, mut password, mut user, mut change) =
        (false, false, false, false, false, None);
    let mut earlier = "";
    let is_word = |byte: char| byte.is_ascii_alphanumeric();
    for word in name.split(|byte: char| !is_word(byte)).filter(|word| !word.is_empty()) {
        let is = |known: &str| word.eq_ignore_ascii_case(known);
        match word.len() {
            5 => login |= is("login") || is("logon"),
            6 => {
                login |= is("signin") || is("logins");
                logout |= is("logout") || is("logoff");
                failed |= is("failed") || is("denied");
            }
            7 => {
                failed |= is("failure") || is("invalid") || is("refused");
                if is("created") || is("changed") || is("deleted") || is("removed") {
                    change = Some(word);
                }
            }
            2 => {
                login |= is("in")
                    && (earlier.eq_ignore_ascii_case("logged") || earlier.eq_ignore_ascii_case("sign"));
            }
            3 => logout |= is("out") && earlier.eq_ignore_ascii_case("logged"),
            4 => {
                user |= is("user");
                failed |= is("fail");
            }
            8 => {
                password |= is("password");
                failed |= is("rejected");
            }
            14 => login |= is("authentication"),
            _ => {}
        }
        earlier = word;
    }
    let outcome = match outcome {
        Outcome::Unknown if failed => Outcome::Failure,
        Outcome::Unknown => Outcome::Success,
        known => known,
    };
    let is_failure = outcome == Outcome::Failure;
    let (class, code) = match change {
        _ if logout => (Class::AUTHENTICATION, EventCode::LL02),
        Some(_) if password => {
            (Class::ACCOUNT_CHANGE, if is_failure { EventCode::LL05 } else { EventCode::LL04 })
        }
        _ if login => (Class::AUTHENTICATION, if is_failure { EventCode::LL03 } else { EventCode::LL01 }),
        Some(change) if user && !is_failure => (Class::ACCOUNT_CHANGE, account_code(change)),
        _ => return None,
    };
    Some((class, code, outcome))
}

fn account_code(change: &str) -> EventCode {
    match change {
        _ if change.eq_ignore_ascii_case("created") => EventCode::SA01,
        _ if change.eq_ignore_ascii_case("changed") => EventCode::SA02,
        _ => EventCode::SA03,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_mean_something() {
        let cases = [
            ("User login failed", Some("LL03")),
            ("LOGIN_FAILED", Some("LL03")),
            ("Authentication Failure", Some("LL03")),
            ("Admin logged in", Some("LL01")),
            ("User logged out", Some("LL02")),
            ("User password changed", Some("LL04")),
            ("User created", Some("SA01")),
            ("User deleted", Some("SA03")),
            ("Failover to standby", None),
            ("Traffic denied", None),
            ("Blogging site blocked", None),
            ("", None),
        ];
        for (name, expected) in cases {
            let found = meaning(name, Outcome::Unknown).map(|(_, code, _)| code.as_str());
            assert_eq!(found, expected, "{name}");
        }
    }
}
