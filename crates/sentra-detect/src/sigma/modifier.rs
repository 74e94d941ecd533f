//! The modifiers of a field: `Field|contains|all`.

use crate::problem::Fault;
use crate::test::{Comparison, Place, TimePart};
use crate::text::hint;

/// Every modifier of the specification, 2.1.
const MODIFIERS: [&str; 34] = [
    "contains",
    "startswith",
    "endswith",
    "all",
    "base64",
    "base64offset",
    "wide",
    "utf16",
    "utf16le",
    "utf16be",
    "windash",
    "re",
    "i",
    "ignorecase",
    "m",
    "multiline",
    "s",
    "dotall",
    "cidr",
    "cased",
    "exists",
    "expand",
    "fieldref",
    "gt",
    "gte",
    "lt",
    "lte",
    "neq",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "year",
];

const KINDS: [&str; 8] = ["re", "cidr", "gt", "gte", "lt", "lte", "exists", "fieldref"];
const ENCODINGS: [&str; 7] = ["base64", "base64offset", "wide", "utf16", "utf16le", "utf16be", "windash"];
const PLACES: [&str; 3] = ["contains", "startswith", "endswith"];
const TIME_PARTS: [&str; 6] = ["minute", "hour", "day", "week", "month", "year"];

/// A change of the wanted value, in the order written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Base64,
    Base64Offset,
    Utf16 { big_endian: bool, mark: bool },
    Windash,
}

/// What the field's value is compared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Regex,
    Network,
    Compare(Comparison),
    Exists,
    FieldRef,
}

/// The modifiers of one item, understood.
#[derive(Debug, Clone)]
pub(crate) struct Modifiers {
    pub(crate) kind: Kind,
    pub(crate) place: Place,
    pub(crate) changes: Vec<Change>,
    pub(crate) flags: String,
    pub(crate) time_part: Option<TimePart>,
    pub(crate) all: bool,
    pub(crate) cased: bool,
    pub(crate) negated: bool,
    pub(crate) expand: bool,
}

impl Default for Modifiers {
    fn default() -> Self {
        Self {
            kind: Kind::Text,
            place: Place::Whole,
            changes: Vec::new(),
            flags: String::new(),
            time_part: None,
            all: false,
            cased: false,
            negated: false,
            expand: false,
        }
    }
}

impl Modifiers {
    /// Reads what stands behind the field's name (`of_field`) or before keywords, without the first `|`.
    pub(crate) fn read<'a>(
        words: impl Iterator<Item = &'a str>,
        of_field: bool,
        line: u64,
    ) -> Result<Self, Fault> {
        let mut modifiers = Self::default();
        let mut before: Vec<&str> = Vec::new();
        for word in words {
            if before.contains(&word) {
                return Err(Fault::new(line, format!("modifier {word:?} is there twice")));
            }
            modifiers.take(word, &before).map_err(|message| Fault::new(line, message))?;
            before.push(word);
        }
        match modifiers.contradiction(&before, of_field) {
            Some(message) => Err(Fault::new(line, message)),
            None => Ok(modifiers),
        }
    }

    fn take(&mut self, word: &str, before: &[&str]) -> Result<(), String> {
        match word {
            "contains" => self.take_place(Place::Anywhere, word, before)?,
            "startswith" => self.take_place(Place::Start, word, before)?,
            "endswith" => self.take_place(Place::End, word, before)?,
            "all" => self.all = true,
            "cased" => self.cased = true,
            "neq" => self.negated = true,
            "expand" => self.expand = true,
            "base64" => self.changes.push(Change::Base64),
            "base64offset" => self.changes.push(Change::Base64Offset),
            "wide" | "utf16le" => self.changes.push(Change::Utf16 { big_endian: false, mark: false }),
            "utf16be" => self.changes.push(Change::Utf16 { big_endian: true, mark: false }),
            "utf16" => self.changes.push(Change::Utf16 { big_endian: false, mark: true }),
            "windash" => self.take_windash()?,
            "i" | "ignorecase" => self.take_flag('i', word)?,
            "m" | "multiline" => self.take_flag('m', word)?,
            "s" | "dotall" => self.take_flag('s', word)?,
            "minute" => self.take_time_part(TimePart::Minute, word)?,
            "hour" => self.take_time_part(TimePart::Hour, word)?,
            "day" => self.take_time_part(TimePart::Day, word)?,
            "week" => self.take_time_part(TimePart::Week, word)?,
            "month" => self.take_time_part(TimePart::Month, word)?,
            "year" => self.take_time_part(TimePart::Year, word)?,
            _ => return self.take_kind(word, before),
        }
        Ok(())
    }

    fn take_place(&mut self, place: Place, word: &str, before: &[&str]) -> Result<(), String> {
        if self.place != Place::Whole {
            let other = before.iter().find(|word| matches!(**word, "contains" | "startswith" | "endswith"));
            let other = other.copied().unwrap_or_default();
            return Err(format!("modifiers {other:?} and {word:?} say two different places"));
        }
        self.place = place;
        Ok(())
    }

    fn take_windash(&mut self) -> Result<(), String> {
        if !self.changes.is_empty() {
            return Err("modifier \"windash\" must stand before the encoding: what is encoded has no dashes"
                .to_owned());
        }
        self.changes.push(Change::Windash);
        Ok(())
    }

    fn take_flag(&mut self, flag: char, word: &str) -> Result<(), String> {
        if self.kind != Kind::Regex {
            return Err(format!(
                "modifiers i, m and s belong behind 're': {word:?} does not stand behind it"
            ));
        }
        self.flags.push(flag);
        Ok(())
    }

    fn take_time_part(&mut self, part: TimePart, word: &str) -> Result<(), String> {
        if self.time_part.is_some() {
            return Err(format!("modifier {word:?} is the second part of a time: one can be compared"));
        }
        self.time_part = Some(part);
        Ok(())
    }

    fn take_kind(&mut self, word: &str, before: &[&str]) -> Result<(), String> {
        let kind = match word {
            "re" => Kind::Regex,
            "cidr" => Kind::Network,
            "gt" => Kind::Compare(Comparison::Greater),
            "gte" => Kind::Compare(Comparison::GreaterOrEqual),
            "lt" => Kind::Compare(Comparison::Less),
            "lte" => Kind::Compare(Comparison::LessOrEqual),
            "exists" => Kind::Exists,
            "fieldref" => Kind::FieldRef,
            _ => return Err(format!("unknown modifier {word:?}{}", hint(word, MODIFIERS))),
        };
        if self.kind != Kind::Text {
            let other = before.iter().find(|word| KINDS.contains(word)).copied().unwrap_or_default();
            return Err(format!(
                "modifier {word:?} cannot be combined with {other:?}: a value is compared in one way"
            ));
        }
        self.kind = kind;
        Ok(())
    }

    /// Why the modifiers `words` cannot stand together.
    fn contradiction(&self, words: &[&str], of_field: bool) -> Option<String> {
        let first = |among: &[&str]| words.iter().find(|word| among.contains(word)).copied();
        let kind = first(&KINDS).unwrap_or_default();
        let (encoding, place) = (first(&ENCODINGS), first(&PLACES));
        let not_with = |other: &str, reason: &str| {
            Some(format!("modifier {other:?} cannot be combined with {kind:?}: {reason}"))
        };
        match self.kind {
            Kind::Text => {}
            Kind::Regex | Kind::FieldRef => {
                if let Some(encoding) = encoding {
                    return not_with(encoding, "only a fixed text can be encoded");
                }
                if self.kind == Kind::Regex && self.cased {
                    return not_with("cased", "a regular expression minds case unless it has |i");
                }
            }
            Kind::Network | Kind::Compare(_) | Kind::Exists => {
                let of_texts = encoding.or(place).or(self.cased.then_some("cased"));
                if let Some(word) = of_texts {
                    return not_with(word, "it is about texts");
                }
            }
        }
        if matches!(self.kind, Kind::Exists | Kind::Compare(_)) && self.negated {
            return not_with("neq", "turn the comparison or the truth value around");
        }
        if self.kind == Kind::Exists && (self.all || self.expand) {
            return not_with(if self.all { "all" } else { "expand" }, "it wants one truth value");
        }
        if !of_field && matches!(self.kind, Kind::Exists | Kind::FieldRef | Kind::Compare(_)) {
            return Some(format!("modifier {kind:?} needs a field: keywords have none"));
        }
        self.time_contradiction(words, of_field)
    }

    fn time_contradiction(&self, words: &[&str], of_field: bool) -> Option<String> {
        self.time_part?;
        let part = words.iter().find(|word| TIME_PARTS.contains(word)).copied().unwrap_or_default();
        if !of_field {
            return Some(format!("modifier {part:?} needs a field: keywords have none"));
        }
        let other = words.iter().find(|word| {
            !TIME_PARTS.contains(word) && !["gt", "gte", "lt", "lte", "neq", "all", "expand"].contains(word)
        })?;
        Some(format!(
            "modifier {other:?} cannot be combined with {part:?}: a part of a time is compared with a number"
        ))
    }

    /// Whether the value is compared as it stands: no modifier that says otherwise.
    pub(crate) fn is_plain(&self) -> bool {
        self.kind == Kind::Text
            && self.place == Place::Whole
            && self.changes.is_empty()
            && self.time_part.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Modifiers, String> {
        Modifiers::read(words.split('|'), true, 1).map_err(|fault| fault.message)
    }

    #[test]
    fn every_modifier_is_understood_by_itself_or_behind_re() {
        for word in MODIFIERS {
            let behind = ["i", "ignorecase", "m", "multiline", "s", "dotall"].contains(&word);
            let text = if behind { format!("re|{word}") } else { word.to_owned() };
            assert!(read(&text).is_ok(), "{text}: {:?}", read(&text));
        }
    }

    #[test]
    fn what_cannot_stand_together_is_refused_by_name() {
        for (words, parts) in [
            ("contains|startswith", ["\"contains\"", "\"startswith\"", "places"]),
            ("contains|contains", ["\"contains\"", "twice", ""]),
            ("re|cidr", ["\"cidr\"", "\"re\"", "one way"]),
            ("gt|lt", ["\"lt\"", "\"gt\"", "one way"]),
            ("base64|windash", ["\"windash\"", "before the encoding", ""]),
            ("i|re", ["behind 're'", "\"i\"", ""]),
            ("base64|re", ["\"base64\"", "\"re\"", "encoded"]),
            ("wide|fieldref", ["\"wide\"", "\"fieldref\"", "encoded"]),
            ("re|cased", ["\"cased\"", "\"re\"", "|i"]),
            ("cidr|contains", ["\"contains\"", "\"cidr\"", "texts"]),
            ("gt|cased", ["\"cased\"", "\"gt\"", "texts"]),
            ("exists|endswith", ["\"endswith\"", "\"exists\"", "texts"]),
            ("exists|neq", ["\"neq\"", "\"exists\"", "around"]),
            ("gte|neq", ["\"neq\"", "\"gte\"", "around"]),
            ("exists|all", ["\"all\"", "\"exists\"", "one truth value"]),
            ("exists|expand", ["\"expand\"", "\"exists\"", "one truth value"]),
            ("hour|day", ["\"day\"", "second part", ""]),
            ("hour|contains", ["\"contains\"", "\"hour\"", "number"]),
            ("minute|re", ["\"re\"", "\"minute\"", "number"]),
            ("contain", ["unknown modifier", "did you mean \"contains\"?", ""]),
        ] {
            let message = read(words).unwrap_err();
            for part in parts {
                assert!(message.contains(part), "{words}: {message}");
            }
        }
        for words in ["exists", "fieldref", "gt", "hour"] {
            let fault = Modifiers::read(words.split('|'), false, 1).unwrap_err();
            assert!(fault.message.contains("needs a field"), "{words}: {fault:?}");
        }
    }

    #[test]
    fn what_can_stand_together_is_taken() {
        for words in [
            "contains|all",
            "all|contains",
            "contains|all|windash",
            "wide|base64offset|contains",
            "utf16|base64|startswith",
            "windash|contains|all",
            "re|i|m|s",
            "re|i|contains|all",
            "re|startswith",
            "cidr|all",
            "cidr|neq",
            "fieldref|endswith|cased",
            "fieldref|neq",
            "contains|expand",
            "cidr|expand",
            "hour|gte",
            "month|neq",
            "contains|cased|all|neq",
        ] {
            assert!(read(words).is_ok(), "{words}: {:?}", read(words));
        }
    }
}
