//! The shadow tools: users, groups and passwords. Of the lines that a tool writes for one change, one
//! carries the code; those about the shadow files repeat it and do not.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Outcome};

pub(super) fn understand<'a>(event: &mut Event<'a>, program: &str, message: &'a str) {
    if let Some(rest) = message.strip_prefix("new user: ") {
        change(event, Class::ACCOUNT_CHANGE, EventCode::SA01, named(rest));
    } else if let Some(rest) = message.strip_prefix("new group: ") {
        change(event, Class::GROUP, EventCode::SA04, "");
        event.push("group", named(rest));
    } else if let Some(rest) = message.strip_prefix("failed adding user ") {
        change(event, Class::ACCOUNT_CHANGE, EventCode::SA01, quoted(rest));
        // It did not come to be: the code would say that it did.
        (event.outcome, event.code) = (Outcome::Failure, None);
    } else if let Some(rest) = message.strip_prefix("delete user ") {
        change(event, Class::ACCOUNT_CHANGE, EventCode::SA03, quoted(rest));
    } else if let Some(rest) = message.strip_prefix("removed group ") {
        change(event, Class::GROUP, EventCode::SA06, "");
        event.push("group", quoted(rest));
    } else if let Some(rest) = message.strip_prefix("group ").filter(|rest| rest.ends_with(" removed")) {
        change(event, Class::GROUP, EventCode::SA06, "");
        event.push("group", quoted(rest));
    } else if let Some((user, group)) = membership(message) {
        change(event, Class::GROUP, EventCode::SA05, user);
        if let Some(by) = member_by(message) {
            event.user = Cow::Borrowed(by);
        }
        event.push("group", group);
    } else if let Some((user, by)) = password_by(message) {
        let code = if user == by { EventCode::LL04 } else { EventCode::SA07 };
        change(event, Class::ACCOUNT_CHANGE, code, user);
        event.user = Cow::Borrowed(by);
    } else {
        user_change(event, program, message);
    }
}

fn change<'a>(event: &mut Event<'a>, class: Class, code: EventCode, target: &'a str) {
    event.class = class;
    event.outcome = Outcome::Success;
    event.code = Some(code);
    event.target_user = Cow::Borrowed(target);
}

/// `name=bob, UID=1001, …`.
fn named(text: &str) -> &str {
    let name = text.strip_prefix("name=").unwrap_or(text);
    name.split(',').next().unwrap_or_default().trim()
}

/// The first name in quotes, or the first word where it stands without.
fn quoted(text: &str) -> &str {
    let inside = ['\'', '"', '`'].iter().find_map(|quote| text.strip_prefix(*quote));
    match inside {
        Some(inside) => inside.split(['\'', '"']).next().unwrap_or_default(),
        None => text.split([' ', ',', ';']).next().unwrap_or_default(),
    }
}

/// `add 'bob' to group 'sudo'`, `delete 'bob' from group 'sudo'`, `user bob added by root to group sudo`,
/// `user bob removed by root from group sudo`, `members of group sudo set by root to …`.
fn membership(message: &str) -> Option<(&str, &str)> {
    let pairs = [("add ", " to group "), ("delete ", " from group ")];
    if let Some(found) = pairs.iter().find_map(|(verb, link)| message.strip_prefix(verb)?.split_once(link)) {
        return Some((quoted(found.0), quoted(found.1)));
    }
    let rest = message.strip_prefix("user ")?;
    let (user, rest) = rest.split_once(' ')?;
    let rest = rest.strip_prefix("added by ").or_else(|| rest.strip_prefix("removed by "))?;
    let (_, group) = rest.split_once(" group ")?;
    Some((user, quoted(group)))
}

/// Who did it: `user bob added by root to group sudo`.
fn member_by(message: &str) -> Option<&str> {
    let (_, rest) = message.strip_prefix("user ")?.split_once(" by ")?;
    rest.split(' ').next()
}

/// `password for 'bob' changed by 'root'`.
fn password_by(message: &str) -> Option<(&str, &str)> {
    let (user, by) = message.strip_prefix("password for ")?.split_once(" changed by ")?;
    Some((quoted(user), quoted(by)))
}

/// Everything else that names a user: `change user 'bob' shell from …`, `lock user 'bob' password`.
fn user_change<'a>(event: &mut Event<'a>, program: &str, message: &'a str) {
    let verbs = [
        ("lock user ", EventCode::SA08),
        ("unlock user ", EventCode::SA09),
        ("change user ", EventCode::SA02),
        ("changed user ", EventCode::SA02),
        ("changed password expiry for ", EventCode::SA02),
    ];
    let Some((code, rest)) = verbs.iter().find_map(|(verb, code)| Some((*code, message.strip_prefix(verb)?)))
    else {
        return;
    };
    let sets_password = program == "usermod" && rest.ends_with(" password") && code == EventCode::SA02;
    change(event, Class::ACCOUNT_CHANGE, if sets_password { EventCode::SA07 } else { code }, quoted(rest));
}
