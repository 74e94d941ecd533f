//! What a question can be broken down by, and what can be summed.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::words::Word;

/// A column that answers are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    /// The header column.
    pub(crate) name: &'static str,
    /// What a count of different ones is called.
    pub(crate) many: &'static str,
    /// The words for it, in the singular.
    words: &'static str,
}

const COLUMNS: &[Column] = &[
    Column {
        name: "src_ip",
        many: "addresses",
        words: "source ip, src ip, source address, source ip address, ip address, ip, address, client ip, client, attacker, src_ip, origin, talker",
    },
    Column {
        name: "dst_ip",
        many: "destinations",
        words: "destination ip, destination address, dst ip, target ip, destination, remote ip, dst_ip",
    },
    Column {
        name: "target_user",
        many: "targets",
        words: "target user, target account, target_user, victim",
    },
    Column {
        name: "user",
        many: "users",
        words: "user, account, username, user name, person, people, employee, identity, actor, approver, requester",
    },
    Column {
        name: "host",
        many: "hosts",
        words: "host, machine, computer, server, system, workstation, endpoint, device, hostname, box",
    },
    Column { name: "domain", many: "domains", words: "domain, dns name, site, website, domain name" },
    Column { name: "parent_process", many: "parents", words: "parent process, parent, parent_process" },
    Column { name: "process", many: "processes", words: "process, program, binary, executable, tool, image" },
    Column { name: "command", many: "commands", words: "command, command line, commandline" },
    Column { name: "file", many: "files", words: "file, path, file name, filename" },
    Column { name: "app", many: "applications", words: "application, app, cloud service" },
    Column { name: "service", many: "services", words: "service, log service" },
    Column { name: "src_port", many: "ports", words: "source port, src port, src_port" },
    Column {
        name: "dst_port",
        many: "ports",
        words: "port, destination port, dst port, target port, dst_port",
    },
    Column { name: "mart", many: "marts", words: "mart, log type" },
    Column { name: "source", many: "sources", words: "log source, source, sender, data source" },
    Column { name: "product", many: "products", words: "product, vendor" },
    Column { name: "code", many: "codes", words: "event code, code, event type, type, kind of event" },
    Column { name: "class", many: "classes", words: "class, event class, category" },
    Column { name: "outcome", many: "outcomes", words: "outcome, result" },
    Column { name: "severity", many: "severities", words: "severity, severity level, level" },
    Column { name: "status", many: "statuses", words: "status, state" },
    Column { name: "rule", many: "rules", words: "rule, detection rule" },
    Column { name: "session", many: "sessions", words: "session, login session" },
    Column { name: "format", many: "formats", words: "format, log format" },
];

/// Longest name of a column, in words.
const NAME_WORDS_MAX: usize = 3;

/// The column whose longest name stands at `index`, and how many words it has.
pub(crate) fn column_at(
    words: &[Word],
    index: usize,
    free: impl Fn(usize) -> bool,
) -> Option<(&'static Column, usize)> {
    // Nearly every word begins no name.
    words.get(index).filter(|word| FIRST_WORDS.contains(word.stem.as_str()))?;
    let stems: Vec<&str> = (index..index + NAME_WORDS_MAX)
        .take_while(|place| free(*place))
        .map_while(|place| words.get(place).map(|word| word.stem.as_str()))
        .collect();
    (1..=stems.len()).rev().find_map(|length| {
        let name = stems.get(..length)?.join(" ");
        let column = COLUMNS.iter().find(|column| column.words.split(", ").any(|word| word == name))?;
        Some((column, length))
    })
}

/// The first words of everything that is named here, in the singular.
static FIRST_WORDS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let names = COLUMNS.iter().map(|column| column.words).chain(MEASURABLE.iter().map(|found| found.words));
    let firsts = names.flat_map(|names| names.split(", ")).filter_map(|name| name.split(' ').next());
    firsts.map(crate::words::stem).collect()
});

/// Every word of a column's names, and what can be measured.
pub(crate) fn words() -> impl Iterator<Item = &'static str> {
    let columns = COLUMNS.iter().flat_map(|column| column.words.split([' ', ',']));
    columns.chain(MEASURABLE.iter().flat_map(|measurable| measurable.words.split([' ', ','])))
}

/// A number in the sources' own fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measurable {
    /// The field.
    pub(crate) field: &'static str,
    words: &'static str,
}

const MEASURABLE: &[Measurable] = &[
    Measurable {
        field: "bytes_out",
        words: "bytes sent, bytes out, outbound bytes, uploaded bytes, bytes uploaded, data sent, bytes transferred out, outgoing bytes",
    },
    Measurable {
        field: "bytes_in",
        words: "bytes received, bytes in, inbound bytes, downloaded bytes, bytes downloaded, data received, incoming bytes",
    },
    Measurable {
        field: "bytes",
        words: "byte, data, traffic, data volume, volume, byte transferred, data transferred, transferred byte, traffic volume",
    },
    Measurable { field: "duration", words: "duration" },
];

/// What can be summed that is named at `index`, and how many words it has.
pub(crate) fn measurable_at(
    words: &[Word],
    index: usize,
    free: impl Fn(usize) -> bool,
) -> Option<(&'static Measurable, usize)> {
    words.get(index).filter(|word| FIRST_WORDS.contains(word.stem.as_str()))?;
    let texts: Vec<&str> = (index..index + NAME_WORDS_MAX)
        .take_while(|place| free(*place))
        .map_while(|place| words.get(place).map(|word| word.text.as_str()))
        .collect();
    (1..=texts.len()).rev().find_map(|length| {
        let name = texts.get(..length)?.join(" ");
        let single = crate::words::stem(&name);
        let is_name = |word: &str| word == name || word == single;
        let measurable = MEASURABLE.iter().find(|measurable| measurable.words.split(", ").any(is_name))?;
        Some((measurable, length))
    })
}

/// The column called `name`.
pub(crate) fn column_named(name: &str) -> Option<&'static Column> {
    COLUMNS.iter().find(|column| column.name == name)
}
