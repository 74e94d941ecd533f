//! The header columns that a definition can fill with text, and what they are filled with.

use std::borrow::Cow;

use sentra_model::Event;

use super::intern::kept;
use super::keys::{check, field_name, text, texts};
use super::problem::Faults;
use super::template::{Template, value};
use super::yaml::{Node, Value};
use crate::address;
use crate::names::{header_text, note};

/// Most fields that a column is looked for in.
const ORIGINS_MAX: usize = 16;

/// A header column that holds text, an address or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Host,
    User,
    TargetUser,
    SrcIp,
    SrcPort,
    DstIp,
    DstPort,
    Process,
    Pid,
    ParentProcess,
    Command,
    Session,
    File,
    Domain,
    App,
    VirtualEntity,
    Message,
    Count,
}

/// The columns by their names.
pub(super) const COLUMNS: [(&str, Column); 18] = [
    ("host", Column::Host),
    ("user", Column::User),
    ("target_user", Column::TargetUser),
    ("src_ip", Column::SrcIp),
    ("src_port", Column::SrcPort),
    ("dst_ip", Column::DstIp),
    ("dst_port", Column::DstPort),
    ("process", Column::Process),
    ("pid", Column::Pid),
    ("parent_process", Column::ParentProcess),
    ("command", Column::Command),
    ("session", Column::Session),
    ("file", Column::File),
    ("domain", Column::Domain),
    ("app", Column::App),
    ("virtual_entity", Column::VirtualEntity),
    ("message", Column::Message),
    ("count", Column::Count),
];

/// What a column is filled with.
#[derive(Debug)]
pub(super) enum Origin {
    /// The first of these fields that has a value.
    Fields(Vec<String>),
    Template(Template),
    Fixed(Cow<'static, str>),
}

impl Origin {
    /// Reads a field's name, a list of them, a template or `{literal: text}`.
    pub(super) fn compile(node: &Node, place: &str, faults: &mut Faults) -> Option<Self> {
        match &node.value {
            Value::Map(_) => {
                check(node, place, &["literal"], faults);
                let Some(literal) = node.get("literal") else {
                    faults.error(
                        node.line,
                        format!("{place}: write a field, a list of fields or {{literal: text}}"),
                    );
                    return None;
                };
                text(literal, place, faults).map(|text| Self::Fixed(kept(text)))
            }
            Value::List(_) => {
                let names = texts(node, place, ORIGINS_MAX, faults);
                Some(Self::Fields(names.into_iter().map(|(name, _)| name.to_owned()).collect()))
            }
            Value::Text(text) if text.contains([' ', '{', '}']) => {
                let text = self::text(node, place, faults)?;
                let compiled = Template::compile(text).map_err(|error| format!("{place}: {error}"));
                faults.keep(node.line, compiled).map(Self::Template)
            }
            _ => field_name(node, place, faults).map(|name| Self::Fields(vec![name.to_owned()])),
        }
    }

    /// The fields it names.
    pub(super) fn fields(&self) -> Vec<&str> {
        match self {
            Self::Fields(names) => names.iter().map(String::as_str).collect(),
            Self::Template(template) => template.fields().collect(),
            Self::Fixed(_) => Vec::new(),
        }
    }

    /// The text for `event`; empty where it has none.
    fn text<'a>(&self, event: &Event<'a>) -> Cow<'a, str> {
        match self {
            Self::Fields(names) => {
                names.iter().find_map(|name| value(event, name)).map(header_text).unwrap_or_default()
            }
            Self::Template(template) => template.fill(event),
            Self::Fixed(text) => text.clone(),
        }
    }
}

impl Column {
    /// Fills the column; what does not fit it is noted and left to the fields.
    pub(super) fn fill(self, event: &mut Event<'_>, origin: &Origin) {
        let text = origin.text(event);
        if text.is_empty() {
            return;
        }
        match self {
            Self::SrcIp | Self::DstIp => match address::ip_of(&text) {
                Some(address) if self == Self::SrcIp => event.src_ip = address,
                Some(address) => event.dst_ip = address,
                None => note(event, format!("{} is no address", self.name())),
            },
            Self::SrcPort | Self::DstPort => match text.trim().parse() {
                Ok(port) if self == Self::SrcPort => event.src_port = port,
                Ok(port) => event.dst_port = port,
                Err(_) => note(event, format!("{} is no port", self.name())),
            },
            Self::Count => match text.trim().parse() {
                Ok(count) => event.count = std::cmp::max(count, 1),
                Err(_) => note(event, "count is no number"),
            },
            Self::Host => event.host = text,
            Self::User => event.user = text,
            Self::TargetUser => event.target_user = text,
            Self::Process => event.process = text,
            Self::Pid => event.pid = text,
            Self::ParentProcess => event.parent_process = text,
            Self::Command => event.command = text,
            Self::Session => event.session = text,
            Self::File => event.file = text,
            Self::Domain => event.domain = text,
            Self::App => event.app = text,
            Self::VirtualEntity => event.virtual_entity = text,
            Self::Message => event.message = text,
        }
    }

    fn name(self) -> &'static str {
        COLUMNS.iter().find(|(_, column)| *column == self).map_or("", |(name, _)| name)
    }
}
