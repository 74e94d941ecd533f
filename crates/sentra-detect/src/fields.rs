//! Where a rule's field name is looked for in an event: the table stands in the documentation of the crate.

use std::borrow::Cow;

use hashbrown::HashMap;
use sentra_model::EventRow;

/// Number of a field name in a rule set.
pub(crate) type FieldId = u32;

/// Where a value can come from when the event has no field of the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// Another field.
    Field(&'static str),
    /// A text column of the header.
    Header(&'static str),
    /// A text column of the header, but not of Windows events.
    HeaderElsewhere(&'static str),
    /// The source or the destination port.
    Port { source: bool },
    /// The account that a text column of the header names, see [`account_of`].
    Account(&'static str),
}

/// The account that `name` is of, whatever system says it: `EXAMPLE\Alice` and `alice@example.com` are `alice`.
pub(crate) fn account_of(name: &str) -> Cow<'_, str> {
    let inner = name.rsplit('\\').next().unwrap_or(name);
    let inner = inner.split('@').next().unwrap_or(inner);
    let inner = if inner.is_empty() { name } else { inner };
    match inner.chars().any(char::is_uppercase) {
        true => Cow::Owned(inner.to_lowercase()),
        false => Cow::Borrowed(inner),
    }
}

/// Header columns that rules may name.
pub(crate) const HEADER_NAMES: [&str; 20] = [
    "code",
    "outcome",
    "format",
    "product",
    "service",
    "host",
    "user",
    "target_user",
    "src_ip",
    "dst_ip",
    "process",
    "pid",
    "parent_process",
    "command",
    "session",
    "file",
    "domain",
    "app",
    "message",
    "source",
];

/// What stands in for `name`, in order.
pub(crate) fn fallbacks(name: &str) -> Vec<Fallback> {
    use Fallback::{Account, Field, Header, HeaderElsewhere, Port};
    if let Some(column) = HEADER_NAMES.into_iter().find(|column| *column == name) {
        return vec![Header(column)];
    }
    match name {
        "Image" => vec![Field("NewProcessName"), HeaderElsewhere("process")],
        "ParentImage" => vec![Field("ParentProcessName"), HeaderElsewhere("parent_process")],
        "Signature" => vec![Field("ThreatName")],
        "Filename" => vec![Field("Path")],
        "CommandLine" => vec![HeaderElsewhere("command")],
        "User" => vec![HeaderElsewhere("user")],
        "TargetFilename" => vec![HeaderElsewhere("file")],
        "SourceIp" => vec![HeaderElsewhere("src_ip")],
        "DestinationIp" => vec![HeaderElsewhere("dst_ip")],
        "QueryName" => vec![HeaderElsewhere("domain")],
        "account_of_user" => vec![Account("user")],
        "account_of_target" => vec![Account("target_user")],
        "src_port" | "SourcePort" => vec![Port { source: true }],
        "dst_port" | "DestinationPort" => vec![Port { source: false }],
        _ => Vec::new(),
    }
}

/// Every value that `name` has in one event.
pub(crate) fn values<'a>(row: EventRow<'a>, name: &str) -> Vec<Cow<'a, str>> {
    let own = |name: &str| -> Vec<Cow<'a, str>> {
        row.fields().filter(|(field, _)| *field == name).map(|(_, value)| Cow::Borrowed(value)).collect()
    };
    let found = own(name);
    if !found.is_empty() {
        return found;
    }
    let elsewhere = row.text("product").is_none_or(|product| product != "windows");
    for fallback in fallbacks(name) {
        let found = match fallback {
            Fallback::Field(other) => own(other),
            Fallback::Header(column) => row.text(column).map(Cow::Borrowed).into_iter().collect(),
            Fallback::HeaderElsewhere(column) if elsewhere => {
                row.text(column).map(Cow::Borrowed).into_iter().collect()
            }
            Fallback::HeaderElsewhere(_) => Vec::new(),
            Fallback::Account(column) => row.text(column).map(account_of).into_iter().collect(),
            Fallback::Port { source } => {
                let port = if source { row.src_port() } else { row.dst_port() };
                port.map(|port| Cow::Owned(port.to_string())).into_iter().collect()
            }
        };
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// The first value of `name` in one event; an empty one is none.
pub(crate) fn value<'a>(row: EventRow<'a>, name: &str) -> Option<Cow<'a, str>> {
    values(row, name).into_iter().find(|value| !value.is_empty())
}

/// Every text that keywords are searched in: the values of all fields and the message; the raw line where
/// there is neither.
pub(crate) fn keyword_texts<'a>(row: EventRow<'a>) -> Vec<Cow<'a, str>> {
    let mut texts: Vec<Cow<'a, str>> = row.fields().map(|(_, value)| Cow::Borrowed(value)).collect();
    texts.extend(row.text("message").map(Cow::Borrowed));
    if texts.is_empty() {
        texts.push(String::from_utf8_lossy(row.raw()));
    }
    texts
}

/// The field names of a rule set, numbered.
#[derive(Debug, Default)]
pub(crate) struct FieldTable {
    ids: HashMap<String, FieldId, foldhash::fast::RandomState>,
    names: Vec<String>,
    /// By number: what stands in for it.
    fallbacks: Vec<Vec<Fallback>>,
}

impl FieldTable {
    /// The number of `name`, a new one if it has none.
    pub(crate) fn intern(&mut self, name: &str) -> FieldId {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = self.names.len() as FieldId;
        self.ids.insert(name.to_owned(), id);
        self.names.push(name.to_owned());
        let fallbacks = fallbacks(name);
        self.fallbacks.push(fallbacks.clone());
        for fallback in fallbacks {
            if let Fallback::Field(other) = fallback {
                self.intern(other);
            }
        }
        id
    }

    pub(crate) fn id(&self, name: &str) -> Option<FieldId> {
        self.ids.get(name).copied()
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// What stands in for the field, in order.
    pub(crate) fn fallbacks(&self, field: FieldId) -> &[Fallback] {
        self.fallbacks.get(field as usize).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_account_has_one_name_in_all_systems() {
        for (name, account) in [
            ("alice", "alice"),
            ("EXAMPLE\\Alice", "alice"),
            ("Alice@example.com", "alice"),
            ("ÄNNE", "änne"),
            ("PC-7$", "pc-7$"),
            ("@example.com", "@example.com"),
            ("a\\b\\c@d@e", "c"),
            ("", ""),
        ] {
            assert_eq!(super::account_of(name), account, "{name}");
        }
    }
}
