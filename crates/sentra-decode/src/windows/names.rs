//! From each shipper's names to the flat names that Sigma rules use.

use std::borrow::Cow;

use sentra_model::FieldValue;

use crate::flatten::Field;

/// The fields under their flat names, with `Computer`, `Channel` and `Provider_Name` added where the
/// shipper has other names for them.
pub(super) fn normalise(fields: Vec<Field<'_>>) -> Vec<Field<'_>> {
    let is_nested =
        |name: &str| name.starts_with("winlog.") || name.starts_with("Event.") || name.starts_with("System.");
    let mut fields = if fields.iter().any(|(name, _)| is_nested(name)) { unnest(fields) } else { fields };
    for (name, _) in &mut fields {
        strip_blanks(name);
    }
    add_aliases(&mut fields);
    fields
}

/// `Threat Name` is `ThreatName`.
fn strip_blanks(name: &mut Cow<'_, str>) {
    if name.contains(' ') {
        *name = Cow::Owned(name.replace(' ', ""));
    }
}

/// The names that every Windows event has, whatever its shipper calls them.
const WANTED: [&str; 4] = ["EventID", "Computer", "Channel", "Provider_Name"];

/// Which of [`WANTED`] the name stands for, and how little it is trusted to; 0 is the name itself.
fn alias(name: &str) -> Option<(usize, usize)> {
    Some(match name {
        "EventID" => (0, 0),
        "EventId" => (0, 1),
        "EventCode" => (0, 2),
        "Computer" => (1, 0),
        "Hostname" => (1, 1),
        "ComputerName" => (1, 2),
        "MachineName" => (1, 3),
        "host.name" => (1, 4),
        "HostName" => (1, 5),
        "Channel" => (2, 0),
        "LogName" => (2, 1),
        "log_name" => (2, 2),
        "Provider_Name" => (3, 0),
        // NXLog's SourceName is left alone: it often is the provider, but the record does not say so, and rules
        // are judged by the fields that the record has.
        "ProviderName" => (3, 1),
        "Provider" => (3, 2),
        _ => return None,
    })
}

fn add_aliases(fields: &mut Vec<Field<'_>>) {
    // One walk over the fields: for each wanted name, the rank of the best alias seen and where it stands.
    let mut best: [Option<(usize, usize)>; WANTED.len()] = [None; WANTED.len()];
    for (position, (name, _)) in fields.iter().enumerate() {
        let Some((wanted, rank)) = alias(name) else { continue };
        if let Some(slot) = best.get_mut(wanted)
            && slot.is_none_or(|(earlier, _)| rank < earlier)
        {
            *slot = Some((rank, position));
        }
    }
    for (wanted, slot) in WANTED.iter().zip(best) {
        if let Some((rank, position)) = slot
            && rank > 0
            && let Some((_, value)) = fields.get(position)
        {
            let value = value.clone();
            fields.push((Cow::Borrowed(*wanted), value));
        }
    }
}

/// What a nested name becomes.
enum Place {
    /// A field under this name.
    Named(String),
    /// The name of the unnamed value that follows it (`<Data Name="X">` as some tools render it).
    DataName,
    /// The value that belongs to the last [`Place::DataName`].
    DataValue,
    /// XML's own business.
    Nowhere,
    /// A name of the shipper, left as it is.
    AsIs,
}

fn unnest(fields: Vec<Field<'_>>) -> Vec<Field<'_>> {
    let mut flat = Vec::with_capacity(fields.len() + WANTED.len());
    let mut data_name: Option<String> = None;
    for (name, value) in fields {
        match place(&name) {
            Place::AsIs => flat.push((name, value)),
            Place::Nowhere => {}
            Place::Named(name) => flat.push((Cow::Owned(name), value)),
            Place::DataName => data_name = Some(value.as_text().into_owned()),
            Place::DataValue => {
                let name = data_name.take().map_or(Cow::Borrowed("Data"), Cow::Owned);
                flat.push((name, value));
            }
        }
    }
    flat
}

fn place(name: &str) -> Place {
    if let Some(rest) = name.strip_prefix("winlog.") {
        return winlogbeat(rest);
    }
    let rest = name.strip_prefix("Event.").unwrap_or(name);
    if let Some(rest) = rest.strip_prefix("System.") {
        return Place::Named(system(rest));
    }
    if let Some(rest) = rest.strip_prefix("EventData.") {
        return event_data(rest);
    }
    if let Some(rest) = rest.strip_prefix("UserData.") {
        return user_data(rest);
    }
    if let Some(rest) = rest.strip_prefix("RenderingInfo.") {
        return Place::Named(rest.to_owned());
    }
    if rest.len() < name.len() { Place::Nowhere } else { Place::AsIs }
}

/// Whether the part of a path is an attribute mark, and the name without it.
fn attribute(part: &str) -> Option<&str> {
    part.strip_prefix("#attributes.")
        .or_else(|| part.strip_prefix('@'))
        .or_else(|| part.strip_prefix("#attr."))
        .or_else(|| part.strip_prefix("_attributes."))
}

/// `Provider.#attributes.Name` is `Provider_Name`, `EventID.#text` is `EventID`, `TimeCreated.…SystemTime` is
/// `TimeCreated`.
fn system(path: &str) -> String {
    let (element, rest) = path.split_once('.').unwrap_or((path, ""));
    let detail = attribute(rest).unwrap_or(rest);
    match (element, detail) {
        (element, "" | "#text" | "Value") | (element @ "TimeCreated", "SystemTime") => element.to_owned(),
        (element, detail) => format!("{element}_{detail}"),
    }
}

fn event_data(path: &str) -> Place {
    let (element, rest) = path.split_once('.').unwrap_or((path, ""));
    if element.starts_with("#attributes") || element.starts_with('@') {
        return Place::Nowhere;
    }
    match (element, attribute(rest).unwrap_or(rest)) {
        ("Data", "Name") => Place::DataName,
        ("Data", "" | "#text" | "Value" | "$") => Place::DataValue,
        (element, "" | "#text") => Place::Named(element.to_owned()),
        // A container in the data: its path is its name.
        (_, _) => Place::Named(path.to_owned()),
    }
}

/// `LogFileCleared.SubjectUserName` is `SubjectUserName`, however deep it stands.
fn user_data(path: &str) -> Place {
    let path = path.strip_suffix(".#text").unwrap_or(path);
    if path.contains("#attributes.") || path.contains(".@") || path.ends_with("xmlns") {
        return Place::Nowhere;
    }
    Place::Named(path.rsplit('.').next().unwrap_or(path).to_owned())
}

fn winlogbeat(path: &str) -> Place {
    if let Some(rest) = path.strip_prefix("event_data.").or_else(|| path.strip_prefix("user_data.")) {
        return Place::Named(rest.to_owned());
    }
    let name = match path {
        "event_id" => "EventID",
        "channel" => "Channel",
        "computer_name" => "Computer",
        "provider_name" => "Provider_Name",
        "provider_guid" => "Provider_Guid",
        "record_id" => "EventRecordID",
        "task" => "Task",
        "opcode" => "Opcode",
        "keywords" => "Keywords",
        "version" => "Version",
        "activity_id" => "Correlation_ActivityID",
        "process.pid" => "Execution_ProcessID",
        "process.thread.id" => "Execution_ThreadID",
        "user.identifier" => "Security_UserID",
        _ => return Place::AsIs,
    };
    Place::Named(name.to_owned())
}

/// Adds one field of an event read from XML, where attributes are written as [`system`] reads them.
pub(super) fn push<'a>(fields: &mut Vec<Field<'a>>, name: impl Into<Cow<'a, str>>, value: Cow<'a, str>) {
    fields.push((name.into(), FieldValue::Text(value)));
}
