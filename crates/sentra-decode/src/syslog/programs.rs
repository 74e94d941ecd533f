//! What is known of a program by its name, in one table, so that a line is not held against one list after the other.

use std::sync::LazyLock;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::format::{FORMATS, Format, Shape};
use crate::joined::word;
use crate::split::is_same;

/// Programs whose messages one function understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// None that this module knows.
    Other,
    Sshd,
    Sudo,
    Su,
    Accounts,
    Cron,
    Systemd,
    Ftpd,
}

/// One program.
#[derive(Clone, Copy)]
pub(super) struct Program {
    pub(super) family: Family,
    /// Whether syslog's own modules read all of its messages, so that no other format is asked.
    pub(super) is_own: bool,
    /// The Sigma service of its own, where Sigma knows one.
    pub(super) service: Option<&'static str>,
    /// The format of all of its messages.
    pub(super) format: Option<&'static Format>,
}

const UNKNOWN: Program = Program { family: Family::Other, is_own: false, service: None, format: None };

/// Families with the Sigma service and the names of their programs. Programs of no family are there for their
/// service.
const KNOWN: [(Family, Option<&str>, &[&str]); 13] = [
    (Family::Sshd, Some("sshd"), &["sshd", "sshd-session", "sshd-auth"]),
    (Family::Sudo, Some("sudo"), &["sudo"]),
    (Family::Su, Some("auth"), &["su"]),
    (
        Family::Accounts,
        Some("auth"),
        &[
            "useradd", "userdel", "usermod", "groupadd", "groupdel", "groupmod", "gpasswd", "passwd",
            "chpasswd", "chage", "chfn", "chsh",
        ],
    ),
    (Family::Accounts, None, &["adduser"]),
    (Family::Cron, Some("cron"), &["cron", "CRON", "crond", "CROND", "anacron", "crontab", "atd"]),
    (Family::Systemd, None, &["systemd"]),
    (Family::Systemd, Some("auth"), &["systemd-logind"]),
    (Family::Ftpd, None, &["ftpd"]),
    (Family::Other, Some("vsftpd"), &["vsftpd"]),
    (Family::Other, Some("clamav"), &["clamd", "freshclam", "clamscan", "clamav"]),
    (Family::Other, Some("auditd"), &["auditd", "audisp-syslog", "audispd", "audit"]),
    (Family::Other, Some("guacamole"), &["guacd", "guacamole"]),
];

/// Programs of no family that log people in or decide what they may.
const AUTHENTICATING: [&str; 2] = ["login", "polkitd"];

type Programs = HashMap<&'static str, Program, FixedState>;

fn programs() -> Programs {
    let mut programs = Programs::default();
    for (family, service, names) in KNOWN {
        let is_own = family != Family::Other;
        programs.extend(names.iter().map(|name| (*name, Program { family, is_own, service, format: None })));
    }
    programs.extend(AUTHENTICATING.map(|name| (name, Program { service: Some("auth"), ..UNKNOWN })));
    for format in FORMATS {
        let Shape::Text { programs: names, .. } = format.shape else { continue };
        for name in names {
            programs.entry(name).or_insert(UNKNOWN).format.get_or_insert(format);
        }
    }
    programs
}

/// Places of the table; always more than programs, so that there are empty ones.
const PLACES: usize = 512;

/// The programs by the hash of their names, each there or behind it.
type Places = Vec<Option<(&'static str, Program)>>;

fn places() -> Places {
    let mut places: Places = vec![None; PLACES];
    for (name, program) in programs() {
        let free = (place_of(name)..)
            .map(|place| place % PLACES)
            .find(|place| matches!(places.get(*place), Some(None)));
        if let Some(place) = free.and_then(|place| places.get_mut(place)) {
            *place = Some((name, program));
        }
    }
    places
}

fn place_of(name: &str) -> usize {
    // The upper bits are the best mixed ones.
    (word(name.as_bytes()) >> 32) as usize % PLACES
}

/// What is known of the program called `name`. Asked of every line, hence the table of its own: nothing is called.
pub(super) fn program(name: &str) -> Program {
    static TABLE: LazyLock<Places> = LazyLock::new(places);
    let mut at = place_of(name);
    while let Some(Some((known, program))) = TABLE.get(at) {
        if is_same(known.as_bytes(), name.as_bytes()) {
            return *program;
        }
        at = (at + 1) % PLACES;
    }
    UNKNOWN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_is_found_and_no_other() {
        let programs = programs();
        assert!(programs.len() * 2 < PLACES);
        for (name, expected) in &programs {
            let found = program(name);
            assert_eq!(
                (found.family, found.is_own, found.service),
                (expected.family, expected.is_own, expected.service)
            );
            assert_eq!(
                found.format.map(|format| format.name),
                expected.format.map(|format| format.name),
                "{name}"
            );
            for other in [format!("{name}x"), format!("x{name}"), name.to_lowercase() + "-", String::new()] {
                assert_eq!(
                    program(&other).is_own,
                    programs.get(other.as_str()).is_some_and(|known| known.is_own),
                    "{other}"
                );
            }
        }
    }
}
