//! Lines as a printing distributor (EMSDIST) writes them:
//! `26-02-28 10:00:00 \NODE.$PROC TANDEM.SUBSYS.G06 000023 what happened`.
//!
//! As documented in the *Guardian User's Guide*, "Interpreting operator messages": the time, system and process,
//! then owner, subsystem and release, then the event number and the text.

use std::borrow::Cow;

use crate::decoder::{Context, Dead, Outcome};
use crate::legacy::ems::meaning;
use crate::legacy::packed;
use crate::legacy::view::Draft;
use crate::time::WallTime;

/// The parts of a line.
struct Line<'l> {
    time: Option<WallTime>,
    process: &'l str,
    subsystem: &'l str,
    number: i64,
    text: &'l str,
}

/// Whether `line` is an event as EMSDIST prints it.
pub(crate) fn recognise_ems_text(line: &str) -> bool {
    parse(line).is_some()
}

/// The event of a line of text.
pub(crate) fn decode_ems_text<'a>(context: &Context<'_>, line: &'a str) -> Outcome<'a> {
    let Some(parts) = parse(line) else {
        return Err(Dead::malformed(
            "expected an EMS line: date, time, \\node.$process, owner.subsystem.version, event number, text",
        ));
    };
    let mut draft = Draft::new("ems", "nonstop", context.received);
    match parts.time {
        // Law TIME: the distributor prints the local time of its system.
        Some(time) => draft.event.time = context.resolve(time),
        None => draft.problem("no valid time in the line, arrival time taken"),
    }
    fill_process(parts.process, &mut draft);
    draft.push("ems.subsystem_id", parts.subsystem);
    draft.push_number("ems.event_number", parts.number);
    draft.push("ems.text", parts.text);
    draft.event.app = Cow::Owned(parts.subsystem.split('.').nth(1).unwrap_or_default().to_owned());
    draft.event.message = Cow::Owned(parts.text.to_owned());
    if parts.text.is_empty() {
        let message = format!("event {} of {}", parts.number, parts.subsystem);
        draft.event.message = Cow::Owned(message);
    }
    meaning::fill(&mut draft, false);
    Ok(draft.finish())
}

/// `\NODE.$PROC` or `\NODE.0,123` (CPU and PIN) as host, process and fields.
pub(super) fn fill_process(process: &str, draft: &mut Draft) {
    let (node, name) = match process.strip_prefix('\\').and_then(|rest| rest.split_once('.')) {
        Some((node, name)) => (node, name),
        None => ("", process.trim_start_matches('\\')),
    };
    if !node.is_empty() {
        draft.push("ems.node", node);
        draft.event.host = Cow::Owned(node.to_owned());
    }
    if let Some((cpu, pin)) = name.split_once(',') {
        for (field, part) in [("ems.cpu", cpu), ("ems.pin", pin)] {
            if let Ok(number) = part.trim().parse::<u16>() {
                draft.push_number(field, number);
            }
        }
        draft.event.pid = Cow::Owned(name.to_owned());
    } else {
        draft.event.process = Cow::Owned(name.to_owned());
    }
    draft.push("ems.process_id", name);
}

fn parse(line: &str) -> Option<Line<'_>> {
    let (date, rest) = line.trim_start().split_once(' ')?;
    let (clock, rest) = rest.trim_start().split_once(' ')?;
    let (process, rest) = rest.trim_start().split_once(' ')?;
    let (subsystem, rest) = rest.trim_start().split_once(' ')?;
    let (number, text) = match rest.trim_start().split_once(' ') {
        Some((number, text)) => (number, text.trim()),
        None => (rest.trim(), ""),
    };
    let is_process = process.starts_with('\\') || process.starts_with('$');
    let owner_and_rest: Vec<&str> = subsystem.split('.').collect();
    let is_subsystem = owner_and_rest.len() == 3 && owner_and_rest.iter().all(|part| !part.is_empty());
    let is_number = !number.is_empty() && number.len() <= 6;
    if !is_process || !is_subsystem || !is_number || !is_date(date) {
        return None;
    }
    let number = number.parse().ok()?;
    Some(Line { time: wall(date, clock), process, subsystem, number, text })
}

/// `26-02-28` or `2026-02-28`.
fn is_date(date: &str) -> bool {
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let digits = |part: Option<&str>, lengths: &[usize]| {
        part.is_some_and(|part| {
            lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    parts.next().is_none() && digits(year, &[2, 4]) && digits(month, &[2]) && digits(day, &[2])
}

/// A year of two digits is one from 1970 to 2069.
fn wall(date: &str, clock: &str) -> Option<WallTime> {
    let century = match date.get(..2)?.parse::<u8>().ok()? {
        _ if date.len() == 10 => "",
        ..=69 => "20",
        _ => "19",
    };
    packed::wall_of(&format!("{century}{date}T{clock}"))
}
