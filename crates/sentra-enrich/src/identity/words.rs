//! What sources call a status or a privilege.

use super::{IdentityStatus, Privilege};
use crate::fold::fold_column;

/// The status that `text` means; `None` for words that say nothing about it.
pub(super) fn status(text: &str) -> Option<IdentityStatus> {
    let word = fold_column(text);
    let has = |words: &[&str]| words.iter().any(|known| word.contains(known));
    match word.as_str() {
        "1" | "true" | "yes" | "a" | "ok" | "staged" | "provisioned" => return Some(IdentityStatus::Active),
        "0" | "false" | "no" | "i" => return Some(IdentityStatus::Disabled),
        "t" | "left" | "former" | "ex" => return Some(IdentityStatus::Terminated),
        _ => {}
    }
    match () {
        () if has(&["notterminated"]) => Some(IdentityStatus::Active),
        () if has(&[
            "terminat",
            "resign",
            "retire",
            "deceased",
            "offboard",
            "separated",
            "dismissed",
            "leaver",
            "formeremployee",
            "endcontingent",
            "ausgeschieden",
            "deprovisioned",
        ]) =>
        {
            Some(IdentityStatus::Terminated)
        }
        () if has(&["inactiv", "disabl", "suspend", "blocked", "deactivat", "gesperrt", "notactive"]) => {
            Some(IdentityStatus::Disabled)
        }
        () if has(&[
            "active", "aktiv", "enabled", "employed", "hired", "hire", "current", "onleave", "leave",
            "onboard",
        ]) =>
        {
            Some(IdentityStatus::Active)
        }
        () => None,
    }
}

/// The privilege that `text` means.
pub(super) fn privilege(text: &str) -> Option<Privilege> {
    let word = fold_column(text);
    let has = |words: &[&str]| words.iter().any(|known| word.contains(known));
    match word.as_str() {
        "true" | "yes" | "1" | "high" | "root" => return Some(Privilege::Privileged),
        "false" | "no" | "0" | "low" | "normal" | "none" => return Some(Privilege::Standard),
        _ => {}
    }
    match () {
        () if has(&["breakglass", "emergency", "firecall", "firefighter"]) => Some(Privilege::BreakGlass),
        () if has(&["unprivileged", "nonprivileged", "standard", "user", "employee", "person"]) => {
            Some(Privilege::Standard)
        }
        () if has(&["service", "system", "technical", "machine", "application", "robot"]) => {
            Some(Privilege::Service)
        }
        () if has(&["privileg", "admin", "superuser", "elevated"]) => Some(Privilege::Privileged),
        () => None,
    }
}

/// Yes or no.
pub(super) fn truth(text: &str) -> Option<bool> {
    match fold_column(text).as_str() {
        "1" | "true" | "yes" | "y" | "ja" | "enabled" => Some(true),
        "0" | "false" | "no" | "n" | "nein" | "disabled" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_a_status() {
        use IdentityStatus::*;
        for (text, expected) in [
            ("Active", Some(Active)),
            ("On Leave", Some(Active)),
            ("INACTIVE", Some(Disabled)),
            ("Terminated", Some(Terminated)),
            ("Not Terminated", Some(Active)),
            ("Suspended", Some(Disabled)),
            ("Former Employee", Some(Terminated)),
            ("False", Some(Disabled)),
            ("purple", None),
        ] {
            assert_eq!(status(text), expected, "{text}");
        }
    }

    #[test]
    fn words_for_a_privilege() {
        for (text, expected) in [
            ("Domain Admin", Some(Privilege::Privileged)),
            ("service account", Some(Privilege::Service)),
            ("break-glass", Some(Privilege::BreakGlass)),
            ("Standard User", Some(Privilege::Standard)),
            ("unprivileged", Some(Privilege::Standard)),
            ("?", None),
        ] {
            assert_eq!(privilege(text), expected, "{text}");
        }
    }
}
