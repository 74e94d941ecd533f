//! One line of an audit event, and the pairs in it.

/// A line taken apart up to its pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// The name of the machine, where auditd writes one.
    pub(super) node: &'a str,
    /// `SYSCALL`, `USER_LOGIN`, …
    pub(super) kind: &'a str,
    /// `1772359200.123:4711`, the time and the serial number that the lines of one event share.
    pub(super) id: &'a str,
    /// The pairs as the kernel or a program wrote them.
    pub(super) body: &'a str,
    /// What auditd added behind them: names of users, calls and addresses.
    pub(super) enriched: &'a str,
}

/// Law LIMIT: how far into a line its header may reach.
const HEADER_BYTES_MAX: usize = 512;

/// Law LIMIT: how many words an operation's name may have.
const PHRASE_WORDS_MAX: usize = 8;

/// What parts the kernel's pairs from those that auditd added.
const ENRICHED: char = '\u{1d}';

impl<'a> Record<'a> {
    /// Takes a line apart, whatever envelope stands before it; `None` when it has no `type=… audit(…):`.
    pub(super) fn of(line: &'a str) -> Option<Self> {
        let bytes = line.as_bytes();
        let header = bytes.get(..HEADER_BYTES_MAX).unwrap_or(bytes);
        let at = memchr::memmem::find(header, b"audit(")?;
        if !matches!(bytes.get(at.checked_sub(1)?)?, b' ' | b'=') {
            return None;
        }
        let at = at + 6;
        let head = line.get(..at)?;
        let (id, rest) = line.get(at..)?.split_once(')')?;
        let (before, kind) = head.rsplit_once("type=")?;
        let kind = kind.split(' ').next()?;
        let node =
            before.split_once("node=").map_or("", |(_, node)| node.split(' ').next().unwrap_or_default());
        let rest = rest.trim_start_matches([' ', ':']);
        let (body, enriched) = rest.split_once(ENRICHED).unwrap_or((rest, ""));
        let kind = kind_name(kind);
        (!kind.is_empty()).then_some(Self { node, kind, id, body, enriched })
    }

    /// Reads what journald makes of an audit line: `USER_LOGIN pid=811 uid=0 …`, without time and serial number.
    pub(super) fn of_journal(text: &'a str) -> Option<Self> {
        let (kind, body) = text.split_once(' ')?;
        let is_kind = kind.len() >= 3
            && kind.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
            && kind.bytes().any(|byte| byte.is_ascii_uppercase());
        let (body, enriched) = body.split_once(ENRICHED).unwrap_or((body, ""));
        is_kind.then_some(Self { node: "", kind, id: "", body, enriched })
    }
}

/// The kernel names types by number where no auditd runs; those that it writes itself.
fn kind_name(kind: &str) -> &str {
    match kind.strip_prefix("UNKNOWN[").and_then(|rest| rest.strip_suffix(']')).unwrap_or(kind) {
        "1006" => "LOGIN",
        "1100" => "USER_AUTH",
        "1101" => "USER_ACCT",
        "1102" => "USER_MGMT",
        "1103" => "CRED_ACQ",
        "1104" => "CRED_DISP",
        "1105" => "USER_START",
        "1106" => "USER_END",
        "1107" => "USER_AVC",
        "1108" => "USER_CHAUTHTOK",
        "1109" => "USER_ERR",
        "1110" => "CRED_REFR",
        "1112" => "USER_LOGIN",
        "1113" => "USER_LOGOUT",
        "1114" => "ADD_USER",
        "1115" => "DEL_USER",
        "1116" => "ADD_GROUP",
        "1117" => "DEL_GROUP",
        "1123" => "USER_CMD",
        "1127" => "SYSTEM_BOOT",
        "1130" => "SERVICE_START",
        "1131" => "SERVICE_STOP",
        "1300" => "SYSCALL",
        "1302" => "PATH",
        "1305" => "CONFIG_CHANGE",
        "1306" => "SOCKADDR",
        "1307" => "CWD",
        "1309" => "EXECVE",
        "1319" => "TTY",
        "1320" => "EOE",
        "1325" => "NETFILTER_CFG",
        "1326" => "SECCOMP",
        "1327" => "PROCTITLE",
        "1330" => "KERN_MODULE",
        "1334" => "BPF",
        "1400" => "AVC",
        "1403" => "MAC_POLICY_LOAD",
        "1404" => "MAC_STATUS",
        "1405" => "MAC_CONFIG_CHANGE",
        "1700" => "ANOM_PROMISCUOUS",
        "1701" => "ANOM_ABEND",
        "1702" => "ANOM_LINK",
        _ => kind,
    }
}

/// How a value stood in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dress {
    /// As it is, or as hexadecimal digits.
    Bare,
    /// In double quotes: text.
    Quoted,
    /// In single quotes: the pairs of a program.
    Message,
}

/// The pairs of a body. Words without `=` are passed over.
pub(super) struct Pairs<'a>(pub(super) &'a str);

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, &'a str, Dress);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let text = self.0.trim_start_matches([' ', ',', '(', ')', '\t']);
            let at = memchr::memchr2(b'=', b' ', text.as_bytes())?;
            let (word, rest) = text.split_at_checked(at)?;
            let Some(value) = rest.strip_prefix('=') else {
                self.0 = rest;
                continue;
            };
            let (mut value, dress, mut rest) = value_of(value);
            // Old tools write `op=deleting user entries id=1005`.
            if word == "op" && dress == Dress::Bare {
                (value, rest) = phrase(value, rest, text);
            }
            self.0 = rest;
            if !word.is_empty() {
                return Some((word, value, dress));
            }
        }
    }
}

/// The value of an operation with the words that follow it up to the next pair.
fn phrase<'a>(value: &'a str, rest: &'a str, text: &'a str) -> (&'a str, &'a str) {
    let mut end = rest;
    for word in rest.split(' ').filter(|word| !word.is_empty()).take(PHRASE_WORDS_MAX) {
        if word.contains(['=', ':', '"']) {
            break;
        }
        end = end.trim_start().strip_prefix(word).unwrap_or_default();
    }
    let length = text.len() - end.len();
    let start = text.len() - rest.len() - value.len();
    (text.get(start..length).unwrap_or(value), end)
}

/// The value at the beginning of `text`, and what follows it.
fn value_of(text: &str) -> (&str, Dress, &str) {
    if let Some((value, rest)) = text.strip_prefix('"').and_then(|inside| inside.split_once('"')) {
        return (value, Dress::Quoted, rest);
    }
    // The inner pairs may hold single quotes themselves, so the last one closes.
    if let Some((value, rest)) = text.strip_prefix('\'').and_then(|inside| inside.rsplit_once('\'')) {
        return (value, Dress::Message, rest);
    }
    if let Some((value, rest)) = text.strip_prefix("{ ").and_then(|inside| inside.split_once('}')) {
        return (value, Dress::Message, rest);
    }
    let (value, rest) = match memchr::memchr(b' ', text.as_bytes()).and_then(|end| text.split_at_checked(end))
    {
        Some(parts) => parts,
        None => (text, ""),
    };
    // Old programs wrote `(hostname=192.0.2.7, addr=192.0.2.7, terminal=ssh res=failed)`.
    let value = value.strip_suffix(',').unwrap_or(value);
    let value = if value.contains('(') { value } else { value.strip_suffix(')').unwrap_or(value) };
    (value, Dress::Bare, rest)
}
