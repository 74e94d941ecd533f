use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::CELL_BYTES_MAX;
use super::call::{Regexes, arg};
use super::error::{RunError, too_long};
use super::json::List;
use crate::builtin::Builtin;
use crate::plan::Value;

/// Whether `text` meets the test for `part`.
pub(super) fn test(builtin: Builtin, text: &str, part: &str) -> bool {
    use Builtin::*;
    let is_cased =
        matches!(builtin, ContainsCs | StartsWithCs | EndsWithCs | HasCs | HasPrefixCs | HasSuffixCs);
    if !is_cased {
        let (text, part) = (fold(text), fold(part));
        return cased_test(builtin, &text, &part);
    }
    cased_test(builtin, text, part)
}

fn cased_test(builtin: Builtin, text: &str, part: &str) -> bool {
    use Builtin::*;
    match builtin {
        Contains | ContainsCs => text.contains(part),
        StartsWith | StartsWithCs => text.starts_with(part),
        EndsWith | EndsWithCs => text.ends_with(part),
        HasPrefix | HasPrefixCs => occurs(text, part, true, false),
        HasSuffix | HasSuffixCs => occurs(text, part, false, true),
        _ => occurs(text, part, true, true),
    }
}

/// The form in which texts are compared without case: each character by itself, so that a part of a text folds as it
/// does within the whole. `to_lowercase` of a whole text gives a sigma at the end of a word another form.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.chars().flat_map(char::to_lowercase).collect()
    }
}

/// Whether `part` is a term, or terms, of `text`, without case.
pub(super) fn has(text: &str, part: &str) -> bool {
    occurs(&fold(text), &fold(part), true, true)
}

/// Whether `part` is in `text` and no letter or digit goes on before or after it.
fn occurs(text: &str, part: &str, ends_before: bool, ends_after: bool) -> bool {
    let word = |edge: Option<char>| edge.is_some_and(char::is_alphanumeric);
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(part)) {
        let (start, end) = (from + found, from + found + part.len());
        let before = text.get(..start).unwrap_or_default().chars().next_back();
        let after = text.get(end..).unwrap_or_default().chars().next();
        let joined_before = ends_before && word(part.chars().next()) && word(before);
        let joined_after = ends_after && word(part.chars().next_back()) && word(after);
        if !joined_before && !joined_after {
            return true;
        }
        let step = text.get(start..).unwrap_or_default().chars().next().map_or(1, char::len_utf8);
        from = start + step;
    }
    false
}

pub(super) fn call(builtin: Builtin, arguments: &[Value], regexes: &Regexes) -> Result<Value, RunError> {
    use Builtin::*;
    let first = arg(arguments, 0);
    let text = first.str();
    Ok(match builtin {
        Strlen => length(text).into(),
        StringSize => i64::try_from(text.len()).unwrap_or(i64::MAX).into(),
        Substring => Value::of_text(substring(text, arg(arguments, 1), arg(arguments, 2))),
        ToLower => Value::of_text(text.to_lowercase()),
        ToUpper => Value::of_text(text.to_uppercase()),
        Split => split(text, arg(arguments, 1).str(), arguments.get(2))?,
        Strcat => Value::String(joined(arguments.iter().map(Value::text), "")?),
        StrcatDelim => Value::String(joined(arguments.iter().skip(1).map(Value::text), text)?),
        StrcatArray => {
            let values = first.list().into_iter().flatten().map(|json| Value::of_json(json.clone()).text());
            Value::String(joined(values, arg(arguments, 1).str())?)
        }
        Strrep => {
            let times = usize::try_from(arg(arguments, 1).long().unwrap_or(0)).unwrap_or(0);
            // One more byte each, or an empty text would be repeated for ever.
            if times > CELL_BYTES_MAX {
                return Err(too_long());
            }
            let text = first.text();
            Value::String(joined(std::iter::repeat_n(text, times), arg(arguments, 2).str())?)
        }
        Strcmp => (text.cmp(arg(arguments, 1).str()) as i64).into(),
        ReplaceString => Value::String(replaced(text, arg(arguments, 1).str(), arg(arguments, 2).str())?),
        ReplaceRegex | Extract | ExtractAll | Trim | TrimStart | TrimEnd => {
            return by_regex(builtin, arguments, regexes);
        }
        IndexOf => index_of(text, arguments).into(),
        CountOf => count_of(text, arguments, regexes).into(),
        Reverse => Value::of_text(first.text().chars().rev().collect::<String>()),
        Base64Decode => {
            let bytes = STANDARD.decode(text.trim()).unwrap_or_default();
            Value::String(String::from_utf8(bytes).unwrap_or_default())
        }
        Base64Encode => Value::String(STANDARD.encode(text)),
        UrlDecode => Value::String(url_decoded(text)),
        ToHex => Value::of(first.long().map(|number| format!("{number:x}"))),
        IsEmpty => is_empty(first).into(),
        IsNotEmpty => (!is_empty(first)).into(),
        IsNull => first.is_null().into(),
        _ => (!first.is_null()).into(),
    })
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) | Value::Dynamic(Json::String(text)) => text.is_empty(),
        value => value.is_null(),
    }
}

fn length(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

/// A place counted from the end when negative, within the text.
fn place(at: i64, length: i64) -> usize {
    let at = if at < 0 { length.saturating_add(at).max(0) } else { at.min(length) };
    usize::try_from(at).unwrap_or(usize::MAX)
}

fn substring(text: &str, start: &Value, count: &Value) -> String {
    let start = place(start.long().unwrap_or(0), length(text));
    let count = match count {
        Value::Null => usize::MAX,
        count => usize::try_from(count.long().unwrap_or(0)).unwrap_or(0),
    };
    text.chars().skip(start).take(count).collect()
}

fn split(text: &str, delimiter: &str, index: Option<&Value>) -> Result<Value, RunError> {
    let parts: Box<dyn Iterator<Item = &str>> =
        if delimiter.is_empty() { Box::new(std::iter::once(text)) } else { Box::new(text.split(delimiter)) };
    let wanted = index.and_then(Value::long);
    let mut list = List::default();
    for (place, part) in parts.enumerate() {
        if wanted.is_none_or(|wanted| i64::try_from(place) == Ok(wanted)) {
            list.push(part.into())?;
        }
    }
    Ok(list.into_value())
}

/// Texts one after the other, as long as a value may be.
fn joined(texts: impl Iterator<Item = String>, delimiter: &str) -> Result<String, RunError> {
    let mut whole = String::new();
    for (index, text) in texts.enumerate() {
        if index > 0 {
            whole.push_str(delimiter);
        }
        whole.push_str(&text);
        if whole.len() > CELL_BYTES_MAX {
            return Err(too_long());
        }
    }
    Ok(whole)
}

fn replaced(text: &str, from: &str, to: &str) -> Result<String, RunError> {
    if from.is_empty() {
        return Ok(text.to_owned());
    }
    joined(text.split(from).map(str::to_owned), to)
}

fn by_regex(builtin: Builtin, arguments: &[Value], regexes: &Regexes) -> Result<Value, RunError> {
    use Builtin::*;
    let (pattern, text) = match builtin {
        ReplaceRegex => (arg(arguments, 1).str(), arg(arguments, 0).str()),
        Extract => (arg(arguments, 0).str(), arg(arguments, 2).str()),
        _ => (arg(arguments, 0).str(), arg(arguments, 1).str()),
    };
    if matches!(builtin, Trim | TrimStart | TrimEnd) {
        return Ok(Value::of_text(trimmed(regexes, pattern, text, builtin)));
    }
    let Some(regex) = regexes.get(pattern) else { return Ok(Value::Null) };
    Ok(match builtin {
        ReplaceRegex => return regex_replaced(&regex, text, arg(arguments, 2).str()).map(Value::String),
        Extract => {
            let group = usize::try_from(arg(arguments, 1).long().unwrap_or(0)).unwrap_or(usize::MAX);
            let found = regex.captures(text).and_then(|found| found.get(group));
            Value::of_text(found.map_or("", |found| found.as_str()))
        }
        _ => extracted(&regex, text)?,
    })
}

/// Without what matches at the ends.
fn trimmed<'a>(regexes: &Regexes, pattern: &str, text: &'a str, builtin: Builtin) -> &'a str {
    let mut rest = text;
    if builtin != Builtin::TrimEnd
        && let Some(regex) = regexes.get(&format!("^(?:{pattern})"))
        && let Some(found) = regex.find(rest)
    {
        rest = rest.get(found.end()..).unwrap_or_default();
    }
    if builtin != Builtin::TrimStart
        && let Some(regex) = regexes.get(&format!("(?:{pattern})$"))
        && let Some(found) = regex.find(rest)
    {
        rest = rest.get(..found.start()).unwrap_or_default();
    }
    rest
}

/// `\1` is the first group; everything else of the replacement stands for itself.
fn regex_replaced(regex: &regex::Regex, text: &str, to: &str) -> Result<String, RunError> {
    let mut whole = String::new();
    let mut end = 0;
    for found in regex.captures_iter(text) {
        let Some(all) = found.get(0) else { continue };
        whole.push_str(text.get(end..all.start()).unwrap_or_default());
        let mut letters = to.chars().peekable();
        while let Some(letter) = letters.next() {
            let group = letters.peek().and_then(|next| next.to_digit(10)).filter(|_| letter == '\\');
            match group {
                Some(group) => {
                    letters.next();
                    let group = usize::try_from(group).ok().and_then(|group| found.get(group));
                    whole.push_str(group.map_or("", |group| group.as_str()));
                }
                None => whole.push(letter),
            }
        }
        if whole.len() > CELL_BYTES_MAX {
            return Err(too_long());
        }
        end = all.end();
    }
    whole.push_str(text.get(end..).unwrap_or_default());
    Ok(whole)
}

fn extracted(regex: &regex::Regex, text: &str) -> Result<Value, RunError> {
    let mut list = List::default();
    for found in regex.captures_iter(text) {
        let group = |group: Option<regex::Match<'_>>| Json::from(group.map_or("", |group| group.as_str()));
        let mut groups: Vec<Json> = found.iter().skip(1).map(group).collect();
        match (groups.len(), groups.pop()) {
            (1, Some(only)) => list.push(only)?,
            (_, last) => {
                groups.extend(last);
                list.push(Json::Array(groups))?;
            }
        }
    }
    Ok(if list.len() == 0 { Value::Null } else { list.into_value() })
}

fn index_of(text: &str, arguments: &[Value]) -> i64 {
    let letters: Vec<char> = text.chars().collect();
    let part: Vec<char> = arg(arguments, 1).str().chars().collect();
    let start = place(arg(arguments, 2).long().unwrap_or(0), length(text));
    let count = arg(arguments, 3).long().filter(|count| *count >= 0);
    let end = count
        .and_then(|count| usize::try_from(count).ok())
        .map_or(letters.len(), |count| start.saturating_add(count).min(letters.len()));
    let nth = arg(arguments, 4).long().unwrap_or(1).max(1) - 1;
    let found = (start..=end)
        .filter(|at| letters.get(*at..end).is_some_and(|rest| rest.starts_with(&part)))
        .nth(usize::try_from(nth).unwrap_or(usize::MAX));
    found.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1)
}

fn count_of(text: &str, arguments: &[Value], regexes: &Regexes) -> i64 {
    let part = arg(arguments, 1).str();
    let count = if arg(arguments, 2).str().eq_ignore_ascii_case("regex") {
        regexes.get(part).map_or(0, |regex| regex.find_iter(text).count())
    } else if part.is_empty() {
        0
    } else {
        text.char_indices()
            .filter(|(at, _)| text.get(*at..).is_some_and(|rest| rest.starts_with(part)))
            .count()
    };
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn url_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let escaped = match more {
            [high, low, ..] if *first == b'%' => {
                digit(high).zip(digit(low)).map(|(high, low)| high * 16 + low)
            }
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { more.get(2..).unwrap_or_default() } else { more };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
