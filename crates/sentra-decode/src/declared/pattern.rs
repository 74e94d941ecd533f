//! Readable templates: `{time} {host} app[{pid:int}]: user {user} from {src_ip:ip} {rest*}`.
//!
//! A template is a list of texts and fields. Every field ends where its kind ends (a number, an address) or
//! where the next text begins, so a line is read once from left to right and nothing is ever tried again from
//! the start. Law LIMIT: the time is linear in the line, whatever the template and the line are.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sentra_model::FieldValue;

use super::intern::kept;
use super::keys::hint;
use super::scan::{Literal, digits, ip, quoted, run, until, word};
use super::times::TimeForm;
use super::value::{Found, integer, truth};
use crate::decoder::Context;

/// Most fields of one pattern.
pub(super) const PATTERN_FIELDS_MAX: usize = 64;
/// Longest name of a field in a pattern, in bytes.
const PATTERN_NAME_BYTES_MAX: usize = 64;

/// One template.
#[derive(Debug)]
pub(super) struct Pattern {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(Box<Literal>),
    Field(Slot),
}

#[derive(Debug)]
struct Slot {
    /// None for `{_}`, which is read and forgotten.
    name: Option<Cow<'static, str>>,
    reading: Reading,
}

/// Where a field ends and what may stand in it.
#[derive(Debug)]
enum Reading {
    /// Up to the text that follows, or the end.
    Text,
    /// All that is left.
    Rest,
    /// Without blanks.
    Word,
    Integer,
    Float,
    Bool,
    Ip,
    /// In double quotes, which are not part of the value.
    Quoted,
    Time(TimeForm),
}

const READINGS: [&str; 8] = ["text", "word", "int", "float", "bool", "ip", "quoted", "time"];

impl Reading {
    fn named(name: &str, form: impl FnOnce() -> TimeForm) -> Option<Self> {
        Some(match name {
            "text" => Self::Text,
            "word" => Self::Word,
            "int" => Self::Integer,
            "float" => Self::Float,
            "bool" => Self::Bool,
            "ip" => Self::Ip,
            "quoted" => Self::Quoted,
            "time" => Self::Time(form()),
            _ => return None,
        })
    }

    /// Whether the field's end is known without the text that follows.
    fn ends_by_itself(&self) -> bool {
        !matches!(self, Self::Text | Self::Rest)
    }
}

impl Pattern {
    /// Compiles `template`; `form` says how the time in a field is written, where `fields` says it.
    pub(super) fn compile(template: &str, form: impl Fn(&str) -> Option<TimeForm>) -> Result<Self, String> {
        let mut parts: Vec<Part> = Vec::new();
        let mut names: BTreeSet<&str> = BTreeSet::new();
        let mut text = String::new();
        let mut rest = template;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            text.push_str(before);
            if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
                text.push_str(from.get(..1).unwrap_or_default());
                rest = after;
                continue;
            }
            let inside = from.strip_prefix('{').and_then(|inside| inside.split_once('}'));
            let Some((inside, after)) = inside else {
                return Err(
                    "a brace without its partner; a brace of the line itself is written {{ or }}".to_owned()
                );
            };
            if !text.is_empty() {
                parts.push(Part::Text(Box::new(Literal::new(&std::mem::take(&mut text)))));
            }
            let slot = slot(inside, &form)?;
            if inside_name(inside) != "_" && !names.insert(inside_name(inside)) {
                return Err(format!("the field `{}` is there twice", inside_name(inside)));
            }
            check_neighbour(parts.last(), inside)?;
            parts.push(Part::Field(slot));
            rest = after;
        }
        text.push_str(rest);
        if !text.is_empty() {
            parts.push(Part::Text(Box::new(Literal::new(&text))));
        }
        Self::checked(parts)
    }

    fn checked(parts: Vec<Part>) -> Result<Self, String> {
        let fields = parts.iter().filter(|part| matches!(part, Part::Field(_))).count();
        if fields == 0 {
            return Err("a pattern needs at least one {field}".to_owned());
        }
        if fields > PATTERN_FIELDS_MAX {
            return Err(format!("{fields} fields are more than the {PATTERN_FIELDS_MAX} a pattern may have"));
        }
        let before_last = parts.len().saturating_sub(1);
        let is_rest = |part: &Part| matches!(part, Part::Field(Slot { reading: Reading::Rest, .. }));
        if parts.iter().take(before_last).any(is_rest) {
            return Err("a field with * takes all that is left, so it must be the last".to_owned());
        }
        Ok(Self { parts })
    }

    /// The names of the fields.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Field(slot) => slot.name.as_deref(),
            Part::Text(_) => None,
        })
    }

    /// Adds what the fields hold in `line` to `found`, which is left as it was when the line is not like this.
    pub(super) fn read<'a>(&self, context: &Context<'_>, line: &'a str, found: &mut Vec<Found<'a>>) -> bool {
        let before = found.len();
        let matched = self.walk(context, line, found).is_some();
        if !matched {
            found.truncate(before);
        }
        matched
    }

    fn walk<'a>(&self, context: &Context<'_>, line: &'a str, found: &mut Vec<Found<'a>>) -> Option<()> {
        let mut rest = line;
        // What `rest` was before further blanks were skipped: an empty value stands between two of them.
        let mut unskipped = line;
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Text(literal) => {
                    unskipped = literal.strip(rest)?;
                    rest = if literal.ends_blank { unskipped.trim_start_matches(' ') } else { unskipped };
                }
                Part::Field(slot) => {
                    let next = match self.parts.get(index + 1) {
                        Some(Part::Text(literal)) => Some(&**literal),
                        _ => None,
                    };
                    let (value, after) = slot.take(context, rest, next).or_else(|| {
                        let is_empty = next.is_some_and(|next| unskipped.starts_with(next.text.as_str()));
                        (is_empty && matches!(slot.reading, Reading::Text))
                            .then(|| (Taken::text(""), unskipped))
                    })?;
                    (rest, unskipped) = (after, after);
                    if let Some(name) = &slot.name {
                        found.push(Found { name: name.clone(), value: value.value, time: value.time });
                    }
                }
            }
        }
        rest.trim_end().is_empty().then_some(())
    }
}

fn inside_name(inside: &str) -> &str {
    let name = inside.split_once(':').map_or(inside, |(name, _)| name);
    name.strip_suffix('*').unwrap_or(name)
}

/// Reads `name`, `name:kind` or `name*`.
fn slot(inside: &str, form: &impl Fn(&str) -> Option<TimeForm>) -> Result<Slot, String> {
    let name = inside_name(inside);
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'@');
    if name.is_empty() || name.len() > PATTERN_NAME_BYTES_MAX || !name.bytes().all(is_name_byte) {
        return Err(format!(
            "`{{{inside}}}` is no field: write {{name}}, {{name:int}} or {{name*}}, and {{{{ for a brace of the line"
        ));
    }
    let reading = match inside.split_once(':') {
        _ if inside.ends_with('*') && !inside.contains(':') => Reading::Rest,
        Some((_, kind)) => Reading::named(kind, || form(name).unwrap_or_default())
            .ok_or_else(|| format!("there is no kind `{kind}`{}", hint(kind, &READINGS)))?,
        None => match form(name) {
            Some(form) => Reading::Time(form),
            None if name == "time" => Reading::Time(TimeForm::default()),
            None => Reading::Text,
        },
    };
    Ok(Slot { name: (name != "_").then(|| kept(name)), reading })
}

/// Refuses a field whose end nothing marks.
fn check_neighbour(before: Option<&Part>, inside: &str) -> Result<(), String> {
    let Some(Part::Field(before)) = before else { return Ok(()) };
    if before.reading.ends_by_itself() || matches!(before.reading, Reading::Rest) {
        return Ok(());
    }
    let before = before.name.as_deref().unwrap_or("_");
    Err(format!(
        "nothing stands between {{{before}}} and {{{inside}}}, so the end of the first is not known: put a text \
         between them or give the first a kind, such as {{{before}:word}}"
    ))
}

/// A value that was read.
struct Taken<'a> {
    value: FieldValue<'a>,
    time: Option<sentra_model::Timestamp>,
}

impl<'a> Taken<'a> {
    fn text(text: &'a str) -> Self {
        Self::of(FieldValue::Text(Cow::Borrowed(text)))
    }

    fn of(value: FieldValue<'a>) -> Self {
        Self { value, time: None }
    }
}

impl Slot {
    /// The value at the beginning of `rest`, and what follows it.
    fn take<'a>(
        &self,
        context: &Context<'_>,
        rest: &'a str,
        next: Option<&Literal>,
    ) -> Option<(Taken<'a>, &'a str)> {
        match &self.reading {
            Reading::Rest => Some((Taken::text(rest.trim_end()), "")),
            Reading::Text => until(rest, next).map(|(text, after)| (Taken::text(text), after)),
            Reading::Word => word(rest, next).map(|(text, after)| (Taken::text(text), after)),
            Reading::Integer => {
                let (text, after) = run(rest, |byte| byte.is_ascii_alphanumeric() || b"+-".contains(&byte))
                    .filter(|(text, _)| integer(text).is_some())
                    .or_else(|| digits(rest))?;
                Some((Taken::of(FieldValue::Integer(integer(text)?)), after))
            }
            Reading::Float => {
                let (text, after) = run(rest, |byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))?;
                let number = text.parse().ok().filter(|number: &f64| number.is_finite())?;
                Some((Taken::of(FieldValue::Float(number)), after))
            }
            Reading::Bool => {
                let (text, after) = run(rest, |byte| byte.is_ascii_alphanumeric())?;
                Some((Taken::of(FieldValue::Bool(truth(text)?)), after))
            }
            Reading::Ip => ip(rest, next).map(|(text, after)| (Taken::text(text), after)),
            Reading::Quoted => quoted(rest).map(|(text, after)| (Taken::of(FieldValue::Text(text)), after)),
            Reading::Time(form) => {
                let (moment, after) = form.prefix(context, rest).or_else(|| {
                    let (text, after) = until(rest, next)?;
                    Some((form.text(context, text)?, after))
                })?;
                let text = rest.get(..rest.len() - after.len())?.trim_end();
                let value = FieldValue::Text(Cow::Borrowed(text));
                Some((Taken { value, time: Some(moment) }, after))
            }
        }
    }
}
