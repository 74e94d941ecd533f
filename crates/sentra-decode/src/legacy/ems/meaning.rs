//! What an EMS event means. Event numbers belong to hundreds of subsystems whose lists are not public, so what
//! counts is what the text says.

use std::borrow::Cow;

use sentra_model::{Class, EventCode, Outcome, Severity};

use crate::legacy::view::Draft;

use EventCode as Code;

/// Words that must all stand in the text, in lower case, and what they then mean. The first match counts.
type Rule = (&'static [&'static str], Class, EventCode, Outcome);

const RULES: &[Rule] = &[
    (&["logon", "fail"], Class::AUTHENTICATION, Code::LL03, Outcome::Failure),
    (&["logon", "invalid"], Class::AUTHENTICATION, Code::LL03, Outcome::Failure),
    (&["logon", "illegal"], Class::AUTHENTICATION, Code::LL03, Outcome::Failure),
    (&["logon", "unsuccessful"], Class::AUTHENTICATION, Code::LL03, Outcome::Failure),
    (&["logon", "denied"], Class::AUTHENTICATION, Code::LL03, Outcome::Failure),
    (&["login", "fail"], Class::AUTHENTICATION, Code::LL03, Outcome::Failure),
    (&["invalid password"], Class::AUTHENTICATION, Code::LL03, Outcome::Failure),
    (&["logged off"], Class::AUTHENTICATION, Code::LL02, Outcome::Success),
    (&["logoff"], Class::AUTHENTICATION, Code::LL02, Outcome::Success),
    (&["logged on"], Class::AUTHENTICATION, Code::LL01, Outcome::Success),
    (&["logon", "success"], Class::AUTHENTICATION, Code::LL01, Outcome::Success),
    (&["logon", "accepted"], Class::AUTHENTICATION, Code::LL01, Outcome::Success),
    (&["security violation"], Class::AUTHORIZE_SESSION, Code::PA02, Outcome::Failure),
    (&["access denied"], Class::AUTHORIZE_SESSION, Code::PA02, Outcome::Failure),
    (&["password", "changed"], Class::ACCOUNT_CHANGE, Code::LL04, Outcome::Success),
    (&["user", "frozen"], Class::ACCOUNT_CHANGE, Code::SA08, Outcome::Success),
    (&["user", "thawed"], Class::ACCOUNT_CHANGE, Code::SA09, Outcome::Success),
    (&["user", "added"], Class::ACCOUNT_CHANGE, Code::SA01, Outcome::Success),
    (&["user", "deleted"], Class::ACCOUNT_CHANGE, Code::SA03, Outcome::Success),
    (&["user", "altered"], Class::ACCOUNT_CHANGE, Code::SA02, Outcome::Success),
    (&["threshold"], Class::APPLICATION_LIFECYCLE, Code::CM02, Outcome::Unknown),
    (&["file full"], Class::APPLICATION_LIFECYCLE, Code::CM02, Outcome::Unknown),
    (&["dump"], Class::PROCESS, Code::SS03, Outcome::Unknown),
    (&["abended"], Class::APPLICATION_LIFECYCLE, Code::SS02, Outcome::Failure),
    (&["stopped"], Class::APPLICATION_LIFECYCLE, Code::SS02, Outcome::Success),
    (&["started"], Class::APPLICATION_LIFECYCLE, Code::SS01, Outcome::Success),
];

/// Class, code and severity of an event whose message and fields are there.
pub(super) fn fill(draft: &mut Draft, emphasis: bool) {
    let text = draft.event.message.to_ascii_lowercase();
    if let Some((_, class, code, outcome)) =
        RULES.iter().find(|(words, ..)| words.iter().all(|word| text.contains(word)))
    {
        draft.event.class = *class;
        draft.event.code = Some(*code);
        draft.event.outcome = *outcome;
    }
    if emphasis {
        draft.event.severity = Severity::High;
    }
    if let Some(user) = user_in(&draft.event.message) {
        draft.event.user = Cow::Owned(user.to_owned());
    }
}

/// `GROUP.MEMBER` behind the word "user", as Guardian writes user names.
fn user_in(text: &str) -> Option<&str> {
    let mut words = text.split([' ', ',', ':', ';', '(', ')', '\'', '"']);
    words.find(|word| word.eq_ignore_ascii_case("user"))?;
    let name = words.find(|word| !word.is_empty())?.trim_end_matches('.');
    let (group, member) = name.split_once('.')?;
    let is_name = |part: &str| {
        !part.is_empty() && part.len() <= 32 && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    (is_name(group) && is_name(member)).then_some(name)
}
