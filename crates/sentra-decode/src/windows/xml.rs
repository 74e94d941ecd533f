//! One `<Event>…</Event>` in a line, as forwarders and the event viewer write it.
//!
//! Not a general XML parser: it walks elements and attributes, knows the five entities and character
//! references, and refuses what does not nest.

use std::borrow::Cow;

use sentra_model::FieldValue;

use super::names::push;
use crate::decoder::{Context, Dead, Outcome};
use crate::flatten::Field;

/// Law LIMIT: elements nested deeper are refused.
const DEPTH_MAX: usize = 32;
/// Law LIMIT: further values are refused.
const FIELDS_MAX: usize = 1_024;
/// Law LIMIT: longer element names are refused; attributes repeat the name of their element.
const NAME_BYTES_MAX: usize = 256;

/// Whether `line` begins like an event; the event viewer puts a minus before what can be folded.
pub(crate) fn is_xml(line: &str) -> bool {
    // Nearly every other line that begins so is syslog.
    if matches!(line.as_bytes(), [b'<', b'0'..=b'9', ..]) {
        return false;
    }
    let line = line.trim_start_matches(['-', ' ']);
    let line = match line.strip_prefix("<?xml") {
        Some(rest) => rest.split_once("?>").map_or("", |(_, after)| after).trim_start(),
        None => line,
    };
    line.strip_prefix("<Event").is_some_and(|rest| rest.starts_with([' ', '>']))
}

/// The event of one XML document.
pub(crate) fn decode<'a>(context: &Context<'_>, line: &'a str) -> Outcome<'a> {
    let fields = fields(line)?;
    if !fields.iter().any(|(name, _)| name == "EventID") {
        return Err(Dead::malformed("expected a Windows event: there is no EventID"));
    }
    Ok(super::decode(context, fields))
}

/// An open element.
struct Open<'a> {
    name: &'a str,
    /// `Name` of `<Data Name="…">`.
    data_name: Cow<'a, str>,
    /// Whether an element stands inside it: then its text is only white space.
    has_children: bool,
}

fn fields(line: &str) -> Result<Vec<Field<'_>>, Dead> {
    let broken =
        |position: usize, what: &str| Dead::malformed(format!("not an XML event: {what} at byte {position}"));
    let mut fields: Vec<Field<'_>> = Vec::with_capacity(40);
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut rest = line;
    let position = |rest: &str| line.len() - rest.len();
    while let Some((text, after)) = rest.split_once('<') {
        let Some((tag, next)) = after.split_once('>') else {
            return Err(broken(position(after), "a tag without its end"));
        };
        rest = next;
        if tag.starts_with(['?', '!']) {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            let Some(element) = open.pop().filter(|element| element.name == name.trim()) else {
                return Err(broken(position(after), "an end tag without its start"));
            };
            put_text(&mut fields, &open, &element, text);
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        if name.len() > NAME_BYTES_MAX {
            return Err(broken(position(after), "a name that is too long"));
        }
        if let Some(parent) = open.last_mut() {
            parent.has_children = true;
        }
        let in_system = open.last().is_some_and(|parent| parent.name == "System");
        let data_name = put_attributes(&mut fields, name, attributes, in_system);
        if !is_empty {
            open.push(Open { name, data_name, has_children: false });
        }
        if open.len() > DEPTH_MAX || fields.len() > FIELDS_MAX {
            return Err(broken(position(after), "too deep or too many values"));
        }
    }
    if let Some(element) = open.last() {
        return Err(broken(line.len(), &format!("<{}> without its end", element.name)));
    }
    Ok(fields)
}

/// Attributes of elements under `System` become fields; gives the `Name` of a `Data` element.
fn put_attributes<'a>(
    fields: &mut Vec<Field<'a>>,
    element: &'a str,
    attributes: &'a str,
    in_system: bool,
) -> Cow<'a, str> {
    let mut data_name = Cow::Borrowed("");
    let mut rest = attributes.trim_start();
    while let Some((name, after)) = rest.split_once('=')
        && fields.len() <= FIELDS_MAX
    {
        let Some(quote) = after.chars().next().filter(|quote| matches!(quote, '"' | '\'')) else { break };
        let Some((value, after)) = after.get(1..).and_then(|inside| inside.split_once(quote)) else { break };
        rest = after.trim_start();
        let (name, value) = (name.trim(), unescape(value));
        if !in_system {
            if name == "Name" {
                data_name = value;
            }
            continue;
        }
        match (element, name) {
            ("TimeCreated", "SystemTime") => push(fields, "TimeCreated", value),
            _ => push(fields, format!("{element}_{name}"), value),
        }
    }
    data_name
}

fn put_text<'a>(fields: &mut Vec<Field<'a>>, open: &[Open<'a>], element: &Open<'a>, text: &'a str) {
    let is_known_place = open
        .iter()
        .any(|parent| matches!(parent.name, "System" | "EventData" | "UserData" | "RenderingInfo"));
    if element.has_children || !is_known_place || (text.is_empty() && element.data_name.is_empty()) {
        return;
    }
    let name =
        if element.data_name.is_empty() { Cow::Borrowed(element.name) } else { element.data_name.clone() };
    fields.push((name, FieldValue::Text(unescape(text))));
}

/// `&lt;` and its four sisters, and `&#10;` and `&#xA;`; what is none of these stays as it is.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let entity = after.split_once(';').and_then(|(entity, next)| Some((character(entity)?, next)));
        match entity {
            Some((character, next)) => {
                plain.push(character);
                rest = next;
            }
            None => {
                plain.push('&');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

fn character(entity: &str) -> Option<char> {
    Some(match entity {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}
