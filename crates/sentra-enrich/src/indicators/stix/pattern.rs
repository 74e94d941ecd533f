//! STIX patterns that a single value decides.
//!
//! A pattern is taken apart into its alternatives: comparisons joined by OR, within one observation or between several.
//! Digests of one file joined by AND are alternatives, too, since each of them names that file. Everything else that
//! needs more than one value (AND, FOLLOWEDBY, qualifiers) or more than equality (LIKE, MATCHES, NOT, <) is refused by
//! name, and the alternatives beside it stay.

use crate::indicators::feed::excerpt;
use crate::indicators::kind::IndicatorFamily;
use crate::indicators::value::{IndicatorValue, ValueError};

/// Bytes of a pattern.
pub(crate) const PATTERN_BYTES_MAX: usize = 1 << 20;
/// Values of a pattern.
pub(crate) const PATTERN_VALUES_MAX: usize = 10_000;
/// Parentheses within parentheses.
const DEPTH_MAX: usize = 32;

/// What a pattern gave.
#[derive(Debug, Default)]
pub(crate) struct ReadPattern {
    /// The values of which one suffices, as they are written and as they are understood.
    pub(crate) values: Vec<(String, Result<IndicatorValue, ValueError>)>,
    /// What is not taken, each with its reason.
    pub(crate) refused: Vec<String>,
}

/// Reads `text`.
pub(crate) fn read_pattern(text: &str) -> ReadPattern {
    let mut read = ReadPattern::default();
    if text.len() > PATTERN_BYTES_MAX {
        read.refused.push(format!("a pattern of more than {PATTERN_BYTES_MAX} bytes"));
        return read;
    }
    let mut parser = Parser { rest: text, depth: 0 };
    match parser.pattern() {
        Ok(alternatives) => {
            for alternative in alternatives {
                match alternative {
                    Alternative::Refused(reason) => read.refused.push(reason),
                    Alternative::Value(comparison) if read.values.len() < PATTERN_VALUES_MAX => {
                        let value = IndicatorValue::parse_as(comparison.family, &comparison.literal);
                        read.values.push((comparison.literal, value));
                    }
                    Alternative::Value(_) => {
                        read.refused.push(format!("more than {PATTERN_VALUES_MAX} values in one pattern"));
                        break;
                    }
                }
            }
        }
        Err(Syntax(expected)) => {
            let at = text.len() - parser.rest.len();
            read.refused.push(format!("the pattern is wrong at byte {at}: {expected} expected"));
        }
    }
    read
}

#[derive(Debug)]
struct Syntax(&'static str);

#[derive(Debug)]
enum Alternative {
    Value(Comparison),
    Refused(String),
}

#[derive(Debug)]
struct Comparison {
    path: String,
    family: IndicatorFamily,
    literal: String,
}

struct Parser<'p> {
    rest: &'p str,
    depth: usize,
}

impl<'p> Parser<'p> {
    /// observation (OR observation)*
    fn pattern(&mut self) -> Result<Vec<Alternative>, Syntax> {
        let alternatives = self.observations()?;
        self.skip_space();
        if self.rest.is_empty() { Ok(alternatives) } else { Err(Syntax("OR, or the end of the pattern,")) }
    }

    fn observations(&mut self) -> Result<Vec<Alternative>, Syntax> {
        let mut alternatives = self.observation()?;
        loop {
            if self.keyword("OR") {
                alternatives.extend(self.observation()?);
            } else if self.keyword("AND") {
                self.observation()?;
                alternatives = vec![refused("several observations joined by AND")];
            } else if self.keyword("FOLLOWEDBY") {
                self.observation()?;
                alternatives = vec![refused("observations in an order (FOLLOWEDBY)")];
            } else {
                return Ok(alternatives);
            }
        }
    }

    /// `[…]` or `(…)`, with qualifiers.
    fn observation(&mut self) -> Result<Vec<Alternative>, Syntax> {
        let mut alternatives = if self.symbol("(") {
            self.nested(Self::observations)?
        } else if self.symbol("[") {
            let inner = self.comparisons()?;
            self.expect("]", "]")?;
            inner
        } else {
            return Err(Syntax("["));
        };
        loop {
            let qualifier = ["WITHIN", "REPEATS", "START"].into_iter().find(|word| self.keyword(word));
            let Some(qualifier) = qualifier else { return Ok(alternatives) };
            self.skip_qualifier(qualifier)?;
            alternatives = vec![refused(&format!("observations with {qualifier}"))];
        }
    }

    fn skip_qualifier(&mut self, qualifier: &str) -> Result<(), Syntax> {
        if qualifier == "START" {
            self.literal()?;
            if !self.keyword("STOP") {
                return Err(Syntax("STOP"));
            }
            self.literal()?;
            return Ok(());
        }
        self.literal()?;
        if self.keyword("SECONDS") || self.keyword("TIMES") {
            Ok(())
        } else {
            Err(Syntax("SECONDS or TIMES"))
        }
    }

    /// Comparisons joined by OR.
    fn comparisons(&mut self) -> Result<Vec<Alternative>, Syntax> {
        let mut alternatives = self.conjunction()?;
        while self.keyword("OR") {
            alternatives.extend(self.conjunction()?);
        }
        Ok(alternatives)
    }

    /// Comparisons joined by AND.
    fn conjunction(&mut self) -> Result<Vec<Alternative>, Syntax> {
        let mut all = vec![self.comparison()?];
        while self.keyword("AND") {
            all.push(self.comparison()?);
        }
        if all.len() == 1 {
            return Ok(all.pop().unwrap_or_default());
        }
        Ok(joined(all))
    }

    /// `path = 'literal'`, `path IN (…)`, or `(…)`.
    fn comparison(&mut self) -> Result<Vec<Alternative>, Syntax> {
        if self.symbol("(") {
            return self.nested(Self::comparisons);
        }
        if self.keyword("EXISTS") {
            let path = self.path()?;
            return Ok(vec![refused(&format!("EXISTS {path}"))]);
        }
        let path = self.path()?;
        let is_negated = self.keyword("NOT");
        let operator = self.operator()?;
        let literals = if operator == "IN" { self.literals()? } else { vec![self.literal()?] };
        if is_negated {
            return Ok(vec![refused(&format!("{path} NOT {operator} …"))]);
        }
        let Some(family) = family(&path) else {
            return Ok(vec![refused(&format!("{path} {operator} …"))]);
        };
        let is_equality = matches!(operator, "=" | "IN");
        let is_network = matches!(operator, "ISSUBSET") && family == IndicatorFamily::Address;
        if !is_equality && !is_network {
            return Ok(vec![refused(&format!("{path} {operator} …"))]);
        }
        let value = |literal| Alternative::Value(Comparison { path: path.clone(), family, literal });
        Ok(literals.into_iter().map(value).collect())
    }

    fn nested<T>(&mut self, inner: fn(&mut Self) -> Result<T, Syntax>) -> Result<T, Syntax> {
        if self.depth >= DEPTH_MAX {
            return Err(Syntax("at most 32 parentheses within each other"));
        }
        self.depth += 1;
        let found = inner(self)?;
        self.depth -= 1;
        self.expect(")", ")")?;
        Ok(found)
    }

    /// `file:hashes.'SHA-256'`
    fn path(&mut self) -> Result<String, Syntax> {
        self.skip_space();
        let (mut is_quoted, mut is_index) = (false, false);
        let end = self.rest.find(|c: char| {
            is_quoted ^= c == '\'';
            // A `]` without its `[` ends the observation.
            let is_part = is_quoted || c.is_alphanumeric() || "-_:.'[*\"".contains(c) || c == ']' && is_index;
            is_index = c == '[' || is_index && c != ']';
            !is_part
        });
        let (path, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len())).unwrap_or_default();
        if !path.contains(':') {
            return Err(Syntax("an object path such as ipv4-addr:value"));
        }
        self.rest = rest;
        Ok(excerpt(path))
    }

    fn operator(&mut self) -> Result<&'static str, Syntax> {
        const SYMBOLS: [&str; 7] = ["!=", "<>", "<=", ">=", "=", "<", ">"];
        const WORDS: [&str; 5] = ["IN", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"];
        if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| self.symbol(symbol)) {
            // Some write it twice.
            self.rest =
                if symbol == "=" { self.rest.strip_prefix('=').unwrap_or(self.rest) } else { self.rest };
            return Ok(symbol);
        }
        WORDS.into_iter().find(|word| self.keyword(word)).ok_or(Syntax("a comparison"))
    }

    fn literals(&mut self) -> Result<Vec<String>, Syntax> {
        self.expect("(", "(")?;
        let mut literals = vec![self.literal()?];
        while self.symbol(",") {
            literals.push(self.literal()?);
        }
        self.expect(")", ")")?;
        Ok(literals)
    }

    /// A quoted text, `t'…'` among them, or a word.
    fn literal(&mut self) -> Result<String, Syntax> {
        self.skip_space();
        let prefixed = ["t'", "h'", "b'"].iter().any(|prefix| self.rest.starts_with(prefix));
        let rest = if prefixed { self.rest.get(1..).unwrap_or_default() } else { self.rest };
        let Some(quoted) = rest.strip_prefix('\'') else {
            let end = rest.find(|c: char| c.is_whitespace() || "(),]".contains(c)).unwrap_or(rest.len());
            let (word, behind) = rest.split_at_checked(end).unwrap_or_default();
            if word.is_empty() {
                return Err(Syntax("a value"));
            }
            self.rest = behind;
            return Ok(word.to_owned());
        };
        let mut literal = String::new();
        let mut letters = quoted.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\'' => {
                    self.rest = quoted.get(at + 1..).unwrap_or_default();
                    return Ok(literal);
                }
                '\\' => literal.extend(letters.next().map(|(_, escaped)| escaped)),
                letter => literal.push(letter),
            }
        }
        Err(Syntax("a closing quote"))
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        self.skip_space();
        let rest = self.rest.strip_prefix(symbol);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn keyword(&mut self, word: &str) -> bool {
        self.skip_space();
        let is_it = self.rest.get(..word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word));
        let behind = self.rest.get(word.len()..).unwrap_or_default();
        let ends = !behind.starts_with(|c: char| c.is_alphanumeric() || "-_:".contains(c));
        if is_it && ends {
            self.rest = behind;
        }
        is_it && ends
    }

    fn expect(&mut self, symbol: &str, expected: &'static str) -> Result<(), Syntax> {
        if self.symbol(symbol) { Ok(()) } else { Err(Syntax(expected)) }
    }
}

fn refused(what: &str) -> Alternative {
    Alternative::Refused(format!("a single value cannot decide {what}"))
}

/// Comparisons that must all hold: digests of one file, or nothing that a single value decides.
fn joined(all: Vec<Vec<Alternative>>) -> Vec<Alternative> {
    let mut values = Vec::new();
    let mut blockers: Vec<String> = Vec::new();
    for alternatives in all {
        for alternative in alternatives {
            match alternative {
                Alternative::Value(value) => values.push(value),
                Alternative::Refused(reason) => blockers.push(reason),
            }
        }
    }
    let is_one_file = blockers.is_empty() && values.iter().all(|value| value.family == IndicatorFamily::Hash);
    let mut paths: Vec<&str> = values.iter().map(|value| value.path.as_str()).collect();
    paths.sort_unstable();
    let are_different = paths.windows(2).all(|pair| pair.first() != pair.last());
    if is_one_file && are_different {
        return values.into_iter().map(Alternative::Value).collect();
    }
    if let Some(blocker) = blockers.into_iter().next() {
        return vec![Alternative::Refused(format!("{blocker}, which must hold as well (AND)"))];
    }
    paths.dedup();
    let named = paths.into_iter().take(4).collect::<Vec<_>>().join(" AND ");
    vec![refused(&named)]
}

/// What the values of an object path are.
fn family(path: &str) -> Option<IndicatorFamily> {
    let plain: String =
        path.chars().filter(|c| !"'\"".contains(*c)).map(|c| c.to_ascii_lowercase()).collect();
    Some(match plain.as_str() {
        "ipv4-addr:value" | "ipv6-addr:value" => IndicatorFamily::Address,
        "domain-name:value" => IndicatorFamily::Domain,
        "url:value" => IndicatorFamily::Url,
        "email-addr:value" | "email-message:from_ref.value" | "email-message:sender_ref.value" => {
            IndicatorFamily::Mail
        }
        "file:hashes.md5"
        | "file:hashes.sha-1"
        | "file:hashes.sha1"
        | "file:hashes.sha-256"
        | "file:hashes.sha256" => IndicatorFamily::Hash,
        _ => return None,
    })
}
