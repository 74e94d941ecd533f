//! What RACF's event codes and qualifiers mean, as documented in SA23-2288, *SMF records*.

/// What an event was about, in the words of a sentence: `RACF <what> of USER1 failed`.
pub(super) fn event_name(event: u8) -> Option<&'static str> {
    EVENTS.get(usize::from(event).checked_sub(1)?).copied()
}

/// Event codes from 1.
const EVENTS: [&str; 89] = [
    "logon",
    "resource access",
    "volume change",
    "resource rename",
    "resource deletion",
    "volume deletion",
    "resource definition",
    "ADDSD command",
    "ADDGROUP command",
    "ADDUSER command",
    "ALTDSD command",
    "ALTGROUP command",
    "ALTUSER command",
    "CONNECT command",
    "DELDSD command",
    "DELGROUP command",
    "DELUSER command",
    "PASSWORD command",
    "PERMIT command",
    "RALTER command",
    "RDEFINE command",
    "RDELETE command",
    "REMOVE command",
    "SETROPTS command",
    "RVARY command",
    "APPC session establishment",
    "general purpose event",
    "directory search",
    "directory access",
    "file access",
    "change of file audit options",
    "change of directory",
    "change of file mode",
    "change of file owner",
    "clearing of set-id bits",
    "set-id program execution",
    "process information request",
    "UNIX process start",
    "UNIX process end",
    "process signal",
    "link creation",
    "directory creation",
    "special file creation",
    "file system mount",
    "file creation",
    "process trace",
    "file rename",
    "directory removal",
    "change of effective group",
    "change of effective user",
    "change of group",
    "change of user",
    "symbolic link creation",
    "file removal",
    "file system unmount",
    "file owner check",
    "privilege check",
    "terminal access",
    "RACLINK command",
    "IPC access",
    "IPC object creation",
    "IPC control",
    "change of supplemental groups",
    "owner check of two files",
    "audit request",
    "certificate command",
    "certificate logon",
    "Kerberos ticket grant",
    "certificate request",
    "certificate export",
    "access decision",
    "certificate query",
    "certificate request update",
    "certificate update",
    "change of file ACL",
    "removal of file ACL",
    "change of file security label",
    "change of write-down privilege",
    "revocation list publication",
    "certificate status response",
    "pass ticket evaluation",
    "pass ticket generation",
    "certificate enrolment",
    "profile data update",
    "certificate renewal notice",
    "program signature check",
    "identity mapping command",
    "profile creation on use",
    "certificate query of the queue",
];

/// How a qualifier of the event 1 (logon) is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Logon {
    /// The user is in.
    In,
    /// The user is in, though a rule would have said no.
    InWarned,
    /// The user left.
    Out,
    /// The user is not let in.
    Failed,
    /// The user is not let in and locked out from now on.
    Locked,
    /// The new password or phrase was refused.
    NewPasswordRefused,
    /// The second factor was wrong.
    FactorFailed,
}

/// Meaning and words of a qualifier of the event 1.
pub(super) fn logon(qualifier: u8) -> (Logon, &'static str) {
    LOGON
        .iter()
        .find(|(known, ..)| *known == qualifier)
        .map_or((Logon::Failed, "a reason not known here"), |(_, meaning, words)| (*meaning, *words))
}

const LOGON: &[(u8, Logon, &str)] = &[
    (0, Logon::In, "successful initiation"),
    (1, Logon::Failed, "invalid password"),
    (2, Logon::Failed, "invalid group"),
    (3, Logon::Failed, "invalid operator identification card"),
    (4, Logon::Failed, "invalid terminal or console"),
    (5, Logon::Failed, "invalid application"),
    (6, Logon::Failed, "revoked user attempting access"),
    (7, Logon::Locked, "user revoked because of too many invalid passwords"),
    (8, Logon::Out, "successful termination"),
    (9, Logon::Failed, "undefined user"),
    (10, Logon::Failed, "insufficient security label authority"),
    (11, Logon::Failed, "not authorised to security label"),
    (12, Logon::In, "successful RACINIT initiation"),
    (13, Logon::Out, "successful RACINIT delete"),
    (14, Logon::Failed, "system now requires more authority"),
    (15, Logon::Failed, "remote job entry, job not authorised"),
    (16, Logon::Failed, "SURROGAT class is inactive"),
    (17, Logon::Failed, "submitter is not authorised by user"),
    (18, Logon::Failed, "submitter is not authorised to security label"),
    (19, Logon::Failed, "user is not authorised to job"),
    (20, Logon::InWarned, "insufficient security label authority"),
    (21, Logon::InWarned, "security label missing"),
    (22, Logon::InWarned, "not authorised to security label"),
    (23, Logon::Failed, "security labels not compatible"),
    (24, Logon::InWarned, "security labels not compatible"),
    (25, Logon::Failed, "password has expired"),
    (26, Logon::NewPasswordRefused, "invalid new password"),
    (27, Logon::Failed, "verification failed by installation"),
    (28, Logon::Failed, "group access has been revoked"),
    (29, Logon::Failed, "operator identification card is required"),
    (30, Logon::Failed, "network job entry, job not authorised"),
    (31, Logon::InWarned, "unknown user from trusted node propagated"),
    (32, Logon::In, "successful initiation with a pass ticket"),
    (33, Logon::Failed, "attempted replay of a pass ticket"),
    (34, Logon::Failed, "client security label not equivalent to the server's"),
    (35, Logon::Locked, "user revoked because of inactivity"),
    (36, Logon::Failed, "password phrase is not valid"),
    (37, Logon::NewPasswordRefused, "new password phrase is not valid"),
    (38, Logon::Failed, "password phrase has expired"),
    (39, Logon::Failed, "no user for the distributed identity"),
    (40, Logon::In, "successful multi-factor authentication"),
    (41, Logon::FactorFailed, "failed multi-factor authentication"),
    (42, Logon::Failed, "multi-factor authentication unavailable"),
    (43, Logon::Failed, "multi-factor authentication incomplete"),
];

/// Words of a qualifier of any other event.
pub(super) fn qualifier_name(event: u8, qualifier: u8) -> &'static str {
    match (event, qualifier) {
        (_, 0) => "success",
        (2, 3) => "permitted with a warning",
        (2, 4) => "failed by PROTECTALL",
        (2, 5) => "warning by PROTECTALL",
        (2, 6) => "insufficient category or security level",
        (2, 7) => "insufficient security label authority",
        (2, 8) => "security label missing, warning",
        (2, 9) => "insufficient security label authority, warning",
        (2, 10) => "data set not catalogued, warning",
        (2, 11) => "data set not catalogued",
        (2, 12 | 2) => "profile not found",
        (2, 13) => "insufficient category or security level, warning",
        (2, 14) => "not in the main execution environment, warning",
        (2, 15) => "permitted by a basic mode program",
        (2..=25, 1) => "insufficient authority",
        (8..=25, 2) => "keyword violations",
        (8..=25, 3) => "data sets listed",
        (8..=25, 4) => "system error while data sets were listed",
        (28..=30 | 56..=58 | 60..=62 | 64, _) => "not authorised",
        _ => "refused",
    }
}

/// `READ` and its kin, from the access byte.
pub(super) fn access_name(access: u8) -> &'static str {
    match access {
        0x80.. => "ALTER",
        0x40.. => "CONTROL",
        0x20.. => "UPDATE",
        0x10.. => "READ",
        0x08.. => "NONE",
        0x04.. => "EXECUTE",
        _ => "none",
    }
}

/// The names of the bits of a flag byte, highest first.
pub(super) fn flag_names(byte: u8, names: &[&'static str; 8]) -> String {
    let set = names.iter().enumerate().filter(|(bit, _)| byte & (0x80 >> bit) != 0);
    set.map(|(_, name)| *name).collect::<Vec<_>>().join(",")
}

/// Authorities that were used, `SMF80ATH`.
pub(super) const AUTHORITIES: [&str; 8] =
    ["NORMAL", "SPECIAL", "OPERATIONS", "AUDITOR", "EXIT", "FAILSOFT", "BYPASSED", "TRUSTED"];
/// Why the record was written, `SMF80REA`.
pub(super) const REASONS: [&str; 8] = [
    "SETROPTS",
    "USER",
    "SPECIAL",
    "ACCESS",
    "RACINIT_FAILURE",
    "ALWAYS",
    "COMMAND_VIOLATION",
    "GLOBALAUDIT",
];
