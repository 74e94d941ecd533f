//! Type 90: the system was started, or an operator changed how it runs.

use std::borrow::Cow;

use sentra_model::{Class, EventCode, Outcome};

use crate::legacy::smf::section;
use crate::legacy::view::{Draft, Field, Kind, View, field, hex};

/// The product section, which carries the subtype of this type. As documented in SA38-0667.
const PRODUCT: &[Field] = &[
    field("smf.subtype", 0, Kind::U16),
    field("smf.record_version", 2, Kind::Text(2)),
    field("smf.product", 4, Kind::Text(8)),
];

pub(super) fn decode(view: View<'_>, draft: &mut Draft) {
    match section(view, 20, "product", draft) {
        Some(part) => draft.read(part, PRODUCT),
        None => draft.problem("no product section, so no command is known"),
    }
    let data = section(view, 28, "data", draft);
    let subtype = draft.number("smf.subtype").unwrap_or_default();
    if let Some(part) = data {
        read_data(part, draft);
    }
    let (command, code) = match subtype {
        1 => ("SET TIME", EventCode::CC02),
        2 => ("SET DATE", EventCode::CC02),
        3 => ("SETDMN", EventCode::CC01),
        5 => ("SET SMF", EventCode::SS05),
        6 => ("SWITCH SMF", EventCode::SS05),
        7 => ("HALT EOD", EventCode::SS02),
        8 => ("IPL PROMPT", EventCode::SS01),
        9 => ("IPL SMF", EventCode::SS01),
        10 => ("IPL SRM", EventCode::SS01),
        11 => ("SET OPT", EventCode::CC01),
        13 => ("SETSMF", EventCode::SS05),
        14 => ("SET MPF", EventCode::CC01),
        15 => ("SMF restart", EventCode::SS05),
        16 => ("SET DAE", EventCode::CC01),
        17 => ("SET PFK", EventCode::CC01),
        _ => {
            draft.problem(format!("subtype {subtype} of SMF type 90 is known by its number only"));
            ("", EventCode::CC01)
        }
    };
    draft.push("security.action", "operator_command");
    let event = &mut draft.event;
    event.class = Class::APPLICATION_LIFECYCLE;
    event.outcome = Outcome::Success;
    event.code = (!command.is_empty()).then_some(code);
    event.command = Cow::Borrowed(command);
    event.message = match command {
        "" => Cow::Owned(format!("system status changed on {}, subtype {subtype}", event.host)),
        _ => Cow::Owned(format!("system status changed on {}: {command}", event.host)),
    };
}

/// What the command changed is laid out differently for each; it is kept as it is, as text where it is some.
fn read_data(part: View<'_>, draft: &mut Draft) {
    let bytes = part.bytes_up_to(0, part.end());
    let value = if part.page.is_printable(bytes) { part.page.text(bytes) } else { hex(bytes) };
    draft.push("smf.data", value);
}
