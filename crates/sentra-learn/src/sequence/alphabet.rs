//! Which texts are symbols of their own, and which are "other".

use std::collections::BTreeMap;

use sentra_model::{EventCode, Outcome};

use super::SequenceError;
use super::bytes::{Reader, put_count, put_text};

/// Most symbols of an alphabet, "other" among them, so that a symbol is one byte.
pub const SYMBOLS_MAX: usize = 255;
/// Longest text of a symbol, in bytes; longer texts are "other".
pub const SYMBOL_BYTES_MAX: usize = 128;
/// Most distinct texts counted while an alphabet is fitted; texts first seen after that are "other".
const DISTINCT_TEXTS_MAX: usize = 65_536;

/// One letter of an alphabet. What it stands for, only the alphabet knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(pub(crate) u8);

impl Symbol {
    /// Every text that the alphabet has no symbol for.
    pub const OTHER: Self = Self(0);

    /// Its number in the alphabet.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }
}

/// What of an event becomes its symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SymbolForm {
    /// The event code: `LL01`.
    #[default]
    Code,
    /// The event code and how it ended: `PA01/failure`.
    CodeOutcome,
}

/// A bounded set of symbols, fixed when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alphabet {
    form: SymbolForm,
    /// By number; the first is "other".
    names: Vec<Box<str>>,
    numbers: BTreeMap<Box<str>, u8>,
    /// How many different texts "other" stood for when the alphabet was fitted.
    others: u32,
}

impl Alphabet {
    /// Every event code, in the given form, seen or not.
    #[must_use]
    pub fn codes(form: SymbolForm) -> Self {
        let outcomes = [Outcome::Unknown, Outcome::Success, Outcome::Failure];
        let names = EventCode::ALL.iter().flat_map(|code| match form {
            SymbolForm::Code => vec![code.as_str().to_owned()],
            SymbolForm::CodeOutcome => {
                outcomes.iter().map(|outcome| joined(code.as_str(), outcome.as_str())).collect()
            }
        });
        Self::of(form, names.map(String::into_boxed_str).collect())
    }

    /// The texts that came at least `least` times, the most frequent first (by text where that is equal), as many
    /// as [`SYMBOLS_MAX`] allows. Any short text will do: the name of an API call as well as an event code.
    pub fn fit<'a>(texts: impl IntoIterator<Item = &'a str>, least: u64) -> Self {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for text in texts {
            if let Some(count) = counts.get_mut(text) {
                *count += 1;
            } else if is_symbol(text) && counts.len() < DISTINCT_TEXTS_MAX {
                counts.insert(text, 1);
            }
        }
        let distinct = counts.len();
        let mut ranked: Vec<(&str, u64)> = counts.into_iter().filter(|(_, count)| *count >= least).collect();
        ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let mut alphabet =
            Self::of(SymbolForm::Code, ranked.into_iter().map(|(text, _)| text.into()).collect());
        alphabet.others = distinct.saturating_sub(alphabet.numbers.len()) as u32;
        alphabet
    }

    /// An alphabet of "other" and `names`, as many as fit.
    fn of(form: SymbolForm, names: Vec<Box<str>>) -> Self {
        let mut all: Vec<Box<str>> = vec!["other".into()];
        all.extend(names.into_iter().take(SYMBOLS_MAX - 1));
        let numbers = all.iter().zip(0_u8..).skip(1).map(|(name, number)| (name.clone(), number)).collect();
        Self { form, names: all, numbers, others: 0 }
    }

    /// What of an event becomes its symbol.
    #[must_use]
    pub fn form(&self) -> SymbolForm {
        self.form
    }

    /// How many symbols there are, "other" among them.
    #[must_use]
    pub fn size(&self) -> usize {
        self.names.len()
    }

    /// The symbol of `text`, or "other".
    #[must_use]
    pub fn symbol(&self, text: &str) -> Symbol {
        self.numbers.get(text).map_or(Symbol::OTHER, |number| Symbol(*number))
    }

    /// The symbol of an event with this code and outcome.
    #[must_use]
    pub fn symbol_of(&self, code: &str, outcome: &str) -> Symbol {
        match self.form {
            SymbolForm::Code => self.symbol(code),
            SymbolForm::CodeOutcome => self.symbol(&joined(code, outcome)),
        }
    }

    /// What `symbol` stands for.
    #[must_use]
    pub fn name(&self, symbol: Symbol) -> &str {
        self.names.get(usize::from(symbol.0)).map_or("other", AsRef::as_ref)
    }

    /// What "other" costs beyond a symbol of its own: which of the many others it was cannot be expected, so that a run
    /// of events never seen before does not pass for usual because some were to be expected.
    pub(crate) fn other_bits(&self) -> f32 {
        (f64::from(self.others) + 1.0).log2() as f32
    }

    /// For every symbol of `self`, the symbol of the same event in `other`; where only `other` tells outcomes apart,
    /// that of an unknown outcome.
    pub(crate) fn translation(&self, other: &Self) -> Vec<Symbol> {
        let translated = |name: &str| match (self.form, other.form) {
            (SymbolForm::Code, SymbolForm::CodeOutcome) => other.symbol_of(name, Outcome::Unknown.as_str()),
            (SymbolForm::CodeOutcome, SymbolForm::Code) => {
                other.symbol(name.rsplit_once('/').map_or(name, |(code, _)| code))
            }
            _ => other.symbol(name),
        };
        self.names.iter().map(|name| translated(name)).collect()
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(match self.form {
            SymbolForm::Code => 0,
            SymbolForm::CodeOutcome => 1,
        });
        bytes.extend_from_slice(&self.others.to_le_bytes());
        put_count(bytes, self.names.len() - 1);
        for name in self.names.iter().skip(1) {
            put_text(bytes, name);
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, SequenceError> {
        let form = match reader.u8()? {
            0 => SymbolForm::Code,
            1 => SymbolForm::CodeOutcome,
            _ => return Err(reader.problem("unknown form of symbols")),
        };
        let others = reader.u32()?;
        let count = reader.count(2, SYMBOLS_MAX - 1)?;
        let mut names: Vec<Box<str>> = Vec::with_capacity(count);
        for _ in 0..count {
            let name = reader.text(SYMBOL_BYTES_MAX)?;
            if !is_symbol(name) {
                return Err(reader.problem("empty symbol"));
            }
            names.push(name.into());
        }
        let alphabet = Self { others, ..Self::of(form, names) };
        if alphabet.numbers.len() != count {
            return Err(reader.problem("a symbol comes twice"));
        }
        Ok(alphabet)
    }
}

fn is_symbol(text: &str) -> bool {
    !text.is_empty() && text.len() <= SYMBOL_BYTES_MAX
}

fn joined(code: &str, outcome: &str) -> String {
    format!("{code}/{outcome}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_symbol_and_anything_else_is_other() {
        let alphabet = Alphabet::codes(SymbolForm::Code);
        assert_eq!(alphabet.size(), EventCode::ALL.len() + 1);
        for code in EventCode::ALL {
            let symbol = alphabet.symbol(code.as_str());
            assert_ne!(symbol, Symbol::OTHER);
            assert_eq!(alphabet.name(symbol), code.as_str());
        }
        assert_eq!(alphabet.symbol("XX99"), Symbol::OTHER);
        let with_outcome = Alphabet::codes(SymbolForm::CodeOutcome);
        assert_eq!(with_outcome.name(with_outcome.symbol_of("PA01", "failure")), "PA01/failure");
        assert_eq!(with_outcome.symbol("PA01"), Symbol::OTHER);
    }

    #[test]
    fn a_code_stays_itself_in_another_alphabet() {
        let (codes, outcomes) = (Alphabet::codes(SymbolForm::Code), Alphabet::codes(SymbolForm::CodeOutcome));
        let there = codes.translation(&outcomes);
        let login = codes.symbol("LL01");
        assert_eq!(outcomes.name(there[usize::from(login.0)]), "LL01/unknown");
        let failed = outcomes.symbol("LL01/failure");
        assert_eq!(outcomes.translation(&codes)[usize::from(failed.0)], login);
        assert_eq!(there[0], Symbol::OTHER);
    }

    #[test]
    fn the_rare_the_long_and_the_thousandth_text_are_other() {
        let long = "x".repeat(SYMBOL_BYTES_MAX + 1);
        let many: Vec<String> = (0..1_000).map(|number| format!("call{number:04}")).collect();
        let texts = ["a", "a", "b", "", &long, &long].into_iter();
        let alphabet = Alphabet::fit(texts.clone(), 2);
        assert_eq!(alphabet.size(), 2);
        assert_eq!(alphabet.symbol(&long), Symbol::OTHER);
        assert_eq!(alphabet.symbol(""), Symbol::OTHER);
        let alphabet = Alphabet::fit(texts.chain(many.iter().map(String::as_str)), 1);
        assert_eq!(alphabet.size(), SYMBOLS_MAX);
        assert_eq!(alphabet.symbol("a"), Symbol(1));
        assert_eq!(alphabet.symbol("call0999"), Symbol::OTHER);
    }
}
