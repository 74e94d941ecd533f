//! What the detail codes of the entry types mean, as documented in *IBM i Security reference*.

/// The words of a detail code, `None` where it is not known.
pub(super) fn words(entry_type: &str, detail: &str) -> Option<&'static str> {
    let table = match entry_type {
        "AD" => AD,
        "AF" => AF,
        "AP" => AP,
        "AU" => AU,
        "CD" => CD,
        "CO" => CO,
        "DO" => DO,
        "DS" => DS,
        "GR" => GR,
        "JS" => JS,
        "NA" => NA,
        "OM" => OM,
        "OR" => OR,
        "PA" => PA,
        "PS" => PS,
        "PW" => PW,
        "SM" => SM,
        "SV" => SV,
        "VP" => VP,
        "X0" => X0,
        "ZC" => ZC,
        "ZR" => ZR,
        _ => return one(entry_type, detail),
    };
    table.iter().find(|(code, _)| *code == detail).map(|(_, words)| *words)
}

/// Entry types whose only detail code is A.
fn one(entry_type: &str, detail: &str) -> Option<&'static str> {
    let words = match entry_type {
        "CA" => "authority changed",
        "CP" => "user profile changed",
        "CQ" => "change request description changed",
        "JD" => "user of a job description changed",
        "OW" => "owner changed",
        "PG" => "primary group changed",
        "RA" => "authority changed by a restore",
        "RO" => "owner changed by a restore",
        "ST" => "service tool used",
        _ => return None,
    };
    (detail == "A").then_some(words)
}

type Table = &'static [(&'static str, &'static str)];

const AD: Table = &[
    ("D", "auditing of a document changed"),
    ("O", "auditing of an object changed"),
    ("S", "scan attribute changed"),
    ("U", "auditing of a user changed"),
];
const AF: Table = &[
    ("A", "not authorised to object"),
    ("B", "restricted instruction"),
    ("C", "validation failure"),
    ("D", "unsupported interface or object domain failure"),
    ("E", "hardware storage protection error"),
    ("F", "ICAPI authorisation error"),
    ("G", "ICAPI authentication error"),
    ("H", "scan exit program action"),
    ("I", "system Java inheritance not allowed"),
    ("J", "submit job profile error"),
    ("K", "special authority violation"),
    ("N", "profile token not regenerable"),
    ("O", "optical object authority failure"),
    ("P", "profile swap error"),
    ("R", "hardware protection error"),
    ("S", "default sign-on attempt"),
    ("T", "not authorised to TCP/IP port"),
    ("U", "user permission request not valid"),
    ("V", "profile token not valid for a new one"),
    ("W", "profile token not valid for swap"),
    ("X", "system violation"),
    ("Y", "not authorised to clear the job user identity"),
    ("Z", "not authorised to set the job user identity"),
];
const AP: Table = &[
    ("A", "adopted authority used"),
    ("E", "adoption of authority ended"),
    ("S", "adoption of authority started"),
];
const AU: Table = &[("E", "enterprise identity mapping configuration changed")];
const CD: Table = &[
    ("C", "command run"),
    ("L", "OCL statement"),
    ("O", "operator control command"),
    ("P", "S/36 procedure"),
    ("S", "command run after substitution"),
    ("U", "utility control statement"),
    ("X", "proxy command"),
];
const CO: Table = &[("N", "object created"), ("R", "object replaced")];
const DO: Table = &[
    ("A", "object deleted"),
    ("C", "pending deletion committed"),
    ("D", "pending creation rolled back"),
    ("I", "environment initialised"),
    ("P", "deletion pending"),
    ("R", "pending deletion rolled back"),
];
const DS: Table = &[
    ("A", "service tools password reset"),
    ("C", "service tools user changed"),
    ("D", "service tools user deleted"),
    ("H", "service tools user changed"),
    ("K", "service tools key changed"),
    ("P", "service tools password changed"),
    ("R", "service tools user created"),
    ("S", "service tools security changed"),
];
const GR: Table = &[
    ("A", "exit program added"),
    ("C", "operation on resource monitoring"),
    ("D", "exit program removed"),
    ("F", "function registration"),
    ("R", "exit program replaced"),
];
const JS: Table = &[
    ("A", "job ended abnormally by command"),
    ("B", "job submitted"),
    ("C", "job changed"),
    ("E", "job ended"),
    ("H", "job held"),
    ("I", "job disconnected"),
    ("J", "job tries to interrupt another"),
    ("K", "job is about to be interrupted"),
    ("L", "interruption of job completed"),
    ("M", "profile of job changed"),
    ("N", "job ended by command"),
    ("P", "prestart or batch immediate job attached"),
    ("Q", "query attributes changed"),
    ("R", "job released"),
    ("S", "job started"),
    ("T", "profile of job changed by token"),
    ("U", "user trace changed"),
    ("V", "virtual device changed"),
];
const NA: Table = &[("A", "network attribute changed"), ("T", "TCP/IP attribute changed")];
const OM: Table = &[("M", "object moved"), ("R", "object renamed")];
const OR: Table = &[("E", "existing object restored"), ("N", "new object restored")];
const PA: Table = &[
    ("A", "program changed to adopt authority"),
    ("J", "Java program changed to adopt authority"),
    ("M", "set-id mode of an object changed"),
];
const PS: Table = &[
    ("A", "profile swapped during pass-through"),
    ("E", "work on behalf of a user ended"),
    ("H", "profile handle generated"),
    ("I", "all profile tokens invalidated"),
    ("M", "maximum number of profile tokens generated"),
    ("P", "profile token generated"),
    ("R", "all profile tokens of a user removed"),
    ("S", "work on behalf of a user started"),
    ("T", "profile swapped by Telnet exit program"),
    ("U", "profile overridden by Telnet exit program"),
    ("V", "user profile authenticated"),
];
const PW: Table = &[
    ("A", "APPC bind failure"),
    ("C", "CHKPWD authentication failed"),
    ("D", "service tools user name not valid"),
    ("E", "service tools password not valid"),
    ("F", "service tools one-time password not valid"),
    ("G", "refused by the authentication exit program"),
    ("K", "password given to CHKTOTP not valid"),
    ("O", "one-time password given to CHKTOTP not valid"),
    ("P", "password not valid"),
    ("Q", "user profile is disabled"),
    ("R", "password has expired"),
    ("S", "SQL decryption password not valid"),
    ("T", "one-time password not valid"),
    ("U", "user name not valid"),
    ("X", "service tools user is disabled"),
    ("Y", "service tools user not valid"),
    ("Z", "service tools password not valid"),
];
const SM: Table = &[
    ("B", "backup list changed"),
    ("C", "automatic cleanup options changed"),
    ("D", "DRDA changed"),
    ("F", "HFS file system changed"),
    ("N", "network file operation"),
    ("O", "backup options changed"),
    ("P", "power schedule changed"),
    ("S", "system reply list changed"),
    ("T", "access path recovery times changed"),
];
const SV: Table = &[
    ("A", "system value changed"),
    ("B", "service attribute changed"),
    ("C", "system clock changed"),
    ("D", "clock adjusted to UTC"),
    ("E", "option changed"),
    ("F", "system-wide journal attribute changed"),
];
const VP: Table = &[
    ("A", "authorisation list permission failure"),
    ("C", "SMB connection established"),
    ("D", "NetServer user disabled"),
    ("E", "SMB connection ended"),
    ("P", "network password error"),
    ("S", "SMB share modified"),
    ("U", "SMB connection of an unknown user or guest"),
];
const X0: Table = &[
    ("1", "service ticket valid"),
    ("2", "service principals do not match"),
    ("3", "client principals do not match"),
    ("4", "ticket IP address mismatch"),
    ("5", "decryption of the ticket failed"),
    ("6", "decryption of the authenticator failed"),
    ("7", "realm is not local"),
    ("8", "ticket is a replay attempt"),
    ("9", "ticket not yet valid"),
    ("A", "checksum error"),
    ("B", "remote IP address mismatch"),
    ("C", "local IP address mismatch"),
    ("D", "time stamp error"),
    ("E", "replay error"),
    ("F", "sequence order error"),
    ("K", "expired credential"),
    ("L", "accept checksum error"),
    ("M", "channel bindings mismatch"),
    ("N", "expired context"),
    ("O", "decryption or decoding error"),
    ("P", "verify checksum error"),
    ("Q", "verify sequence error"),
];
const ZC: Table = &[("C", "object changed"), ("U", "open access to object upgraded")];
const ZR: Table = &[("R", "object read")];

/// The words of an access type of ZC and ZR, *Numeric codes for access types*.
pub(super) fn access_words(access: i64) -> &'static str {
    let index = access.checked_sub(1).and_then(|index| usize::try_from(index).ok());
    index.and_then(|index| ACCESS_WORDS.get(index)).copied().unwrap_or_default()
}

/// *Numeric codes for access types*, from 1.
#[rustfmt::skip]
const ACCESS_WORDS: [&str; 57] = [
    "add", "activate", "analyse", "apply", "call", "configure", "change", "check", "close", "clear",
    "compare", "cancel", "copy", "create", "convert", "debug", "delete", "dump", "display", "edit", "end",
    "file", "grant", "hold", "initialise", "load", "list", "move", "merge", "open", "print", "query",
    "reclaim", "receive", "read", "reorganise", "release", "remove", "rename", "replace", "resume",
    "restore", "retrieve", "run", "revoke", "save", "save with storage free", "save and delete", "submit",
    "set", "send", "start", "transfer", "trace", "verify", "vary", "work",
];
