//! What is known of a program by its name, in one table, so that a line is not held against one list after the other.

use std::sync::LazyLock;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::format::{FORMATS, Format, Shape};

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

/// What is known of the program called `name`.
pub(super) fn program(name: &str) -> Program {
    static PROGRAMS: LazyLock<Programs> = LazyLock::new(programs);
    PROGRAMS.get(name).copied().unwrap_or(UNKNOWN)
}
