//! Records of a declared format that their sender named.

use sentra_model::{Event, Mart};

use super::Definition;
use crate::decoder::{Context, Dead, Outcome};
use crate::format::Payload;
use crate::names::note;
use crate::{flatten, syslog, text};

/// A line of a declared format that the sender named: bare, or with a syslog envelope around it.
pub(crate) fn decode_named<'a>(context: &Context<'_>, definition: &Definition, line: &'a str) -> Outcome<'a> {
    text::require_text(line)?;
    let refused = || Dead::malformed(format!("expected {}", definition.title));
    let bare = Payload { text: line, program: "", in_syslog: false };
    // Nearly every line passes for a syslog line when it must, so a bare line is read as it is first.
    let marked = syslog::envelope_event(context, line, true);
    let is_syslog = context.by_syslog || marked.is_some();
    let envelope = marked.or_else(|| syslog::envelope_event(context, line, false));
    if definition.is_json() {
        let (text, time) = match envelope {
            Some((event, payload)) if !line.starts_with('{') => (payload.text, Some(event)),
            _ => (line, None),
        };
        let flat = flatten::object(text).map_err(|_| refused())?;
        let problem = flat.problem();
        let mut event = definition.decode(context, flat.fields, time.as_ref().map(|event| event.time));
        if let Some(envelope) = time.filter(|_| event.host.is_empty()) {
            event.host = envelope.host;
        }
        if let Some(problem) = problem {
            note(&mut event, problem);
        }
        return Ok(event);
    }
    let mut event = Event::new(definition.name.clone(), Mart::LINUX, context.received);
    if !is_syslog && definition.read(context, &bare, &mut event) {
        return Ok(event);
    }
    if let Some((mut enveloped, payload)) = envelope {
        let whole = Payload { text: line, ..payload };
        if definition.read(context, &payload, &mut enveloped)
            || definition.read(context, &whole, &mut enveloped)
        {
            return Ok(*enveloped);
        }
    }
    let is_unread = is_syslog && !definition.read(context, &bare, &mut event);
    if is_unread || !is_syslog { Err(refused()) } else { Ok(event) }
}
