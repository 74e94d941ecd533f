//! Pieces that the templates share: when, where, by whom, with what.

use crate::list::Slot;
use crate::sheet::Statement;
use crate::words;

/// `At T` or `Between T and T (4 min 3 s)`.
pub(crate) fn when(statement: &Statement) -> String {
    match span(statement) {
        Some(duration) => format!(
            "Between {} and {} ({duration})",
            words::time(statement.first),
            words::time(statement.last)
        ),
        None => format!("At {}", words::time(statement.first)),
    }
}

/// ` at T` or ` between T and T`, for the end of a clause.
pub(crate) fn when_at_end(statement: &Statement) -> String {
    match span(statement) {
        Some(_) => {
            format!(" between {} and {}", words::time(statement.first), words::time(statement.last))
        }
        None => format!(" at {}", words::time(statement.first)),
    }
}

/// `text` with a capital letter in front, as a sentence begins.
pub(crate) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// How long it went on, where first and last differ.
pub(crate) fn span(statement: &Statement) -> Option<String> {
    words::duration(words::seconds_between(statement.first, statement.last))
}

/// ` from 203.0.113.9`, ` by root`: `lead`, then the names in `slot`; nothing where there are none.
pub(crate) fn named(statement: &Statement, slot: Slot, lead: &str) -> String {
    counted(statement, slot, lead, lead)
}

/// As [`named`], with a singular and a plural lead.
pub(crate) fn counted(statement: &Statement, slot: Slot, one: &str, many: &str) -> String {
    let list = statement.list(slot);
    if list.is_empty() {
        return String::new();
    }
    let lead = if list.total == 1 { one } else { many };
    format!("{lead} {}", words::enumerate(list))
}

/// ` to host web-1`, with `preposition` in place of `to`.
pub(crate) fn hosts(statement: &Statement, preposition: &str) -> String {
    counted(statement, Slot::Host, &format!(" {preposition} host"), &format!(" {preposition} hosts"))
}

/// ` as root, admin and 9 other accounts`.
pub(crate) fn accounts(statement: &Statement, lead: &str) -> String {
    let list = statement.list(Slot::Account);
    if list.is_empty() {
        return String::new();
    }
    format!("{lead} {}", words::enumerate_as(list, "other account", "other accounts"))
}

/// ` (rule “X”)`.
pub(crate) fn rules(statement: &Statement) -> String {
    let text = counted(statement, Slot::Rule, " (rule", " (rules");
    if text.is_empty() { text } else { text + ")" }
}
