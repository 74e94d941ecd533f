//! Formats that packs declare in YAML, without Rust: how a record is read, what its fields are, and which of
//! them fill the header. `docs/formats-of-your-own.md` is the guide for their authors.
//!
//! A definition is compiled once into a [`Definition`]; reading a record takes time linear in its length,
//! whatever the definition says: patterns are walked once from left to right, regular expressions are those of
//! the `regex` crate, globs look for each piece once. Law LIMIT: every list, text and expression of a definition
//! has a named limit, and a definition that goes over one is refused with its line.
//!
//! | asked | formats |
//! |---|---|
//! | first | declared ones that replace a built-in one |
//! | second | built-in ones of one product |
//! | third | declared ones |
//! | last | general ones: any JSON, any syslog, any text |

mod applies;
mod cases;
mod classes;
mod columns;
mod csv;
mod definition;
mod fields;
mod intern;
mod keys;
mod mapping;
mod named;
mod pairs;
mod pattern;
mod problem;
mod samples;
mod scan;
mod shape;
mod template;
mod times;
mod value;
mod yaml;

use std::fmt;
use std::sync::Arc;

use sentra_model::Event;

pub(crate) use definition::Definition;
pub(crate) use named::decode_named;
pub use problem::{FormatProblem, FormatProblemSeverity};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::Payload;
use problem::{Fault, Faults};

/// Most formats that may be loaded at a time.
const FORMATS_MAX: usize = 512;
/// Most formats of one file.
const FORMATS_PER_FILE_MAX: usize = 64;

/// A compiled set of declared formats. Cloning it is cheap; the empty one costs nothing.
#[derive(Clone, Default)]
pub struct Declared(Option<Arc<Set>>);

#[derive(Debug, Default)]
struct Set {
    definitions: Vec<Definition>,
}

/// When a format is asked for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Before the built-in formats: it replaces one of them.
    BeforeBuiltIn,
    /// Between the built-in formats of one product and the general ones.
    AfterBuiltIn,
}

impl fmt::Debug for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.definitions().iter().map(|definition| &definition.name)).finish()
    }
}

impl Declared {
    /// Compiles the definitions in `files`, each a path and a text, and says what is wrong with them. A
    /// definition with an error is left out, the others are in the set. Of two with one name the first counts.
    #[must_use]
    pub fn compile(files: &[(String, String)]) -> (Self, Vec<FormatProblem>) {
        let mut set = Set::default();
        let mut problems = Vec::new();
        for (path, text) in files {
            let documents = match yaml::documents(text) {
                Ok(documents) => documents,
                Err(fault) => {
                    problems.push(fault.at(path, None));
                    continue;
                }
            };
            if documents.is_empty() {
                problems.push(Fault::error(1, "there is no format in this file").at(path, None));
            }
            if documents.len() > FORMATS_PER_FILE_MAX {
                let message = format!(
                    "{} formats are more than the {FORMATS_PER_FILE_MAX} of one file",
                    documents.len()
                );
                problems.push(Fault::error(1, message).at(path, None));
                continue;
            }
            for document in &documents {
                set.add(path, document, &mut problems);
            }
        }
        (Self((!set.definitions.is_empty()).then(|| Arc::new(set))), problems)
    }

    /// Runs the samples of every format, as records of which nothing is known; those of a format without
    /// `applies_to` as records whose sender names it.
    #[must_use]
    pub fn check_samples(&self) -> Vec<FormatProblem> {
        samples::run(self)
    }

    /// How many formats there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.definitions().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// How many samples there are.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.definitions().iter().map(|definition| definition.samples.len()).sum()
    }

    pub(crate) fn definitions(&self) -> &[Definition] {
        self.0.as_ref().map_or(&[], |set| &set.definitions)
    }

    /// The format called `name`.
    pub(crate) fn named(&self, name: &str) -> Option<&Definition> {
        self.definitions().iter().find(|definition| definition.name == name)
    }

    fn at(&self, turn: Turn) -> impl Iterator<Item = &Definition> {
        let is_first = turn == Turn::BeforeBuiltIn;
        self.definitions().iter().filter(move |definition| definition.replaces.is_some() == is_first)
    }

    /// The formats that come before the built-in format `name`.
    pub(crate) fn replacing<'d>(&'d self, name: &'d str) -> impl Iterator<Item = &'d Definition> {
        self.definitions().iter().filter(move |definition| definition.replaces.as_deref() == Some(name))
    }

    /// Lets the formats whose turn it is read `payload`; the message of a syslog line is read by itself or
    /// with the whole `line` around it, whichever a format is for.
    pub(crate) fn read<'a>(
        &self,
        turn: Turn,
        context: &Context<'_>,
        payload: &Payload<'a>,
        line: &'a str,
        event: &mut Event<'a>,
    ) -> bool {
        self.at(turn).filter(|definition| !definition.is_json()).any(|definition| {
            let is_program = payload.in_syslog && definition.applies.program(payload.program);
            let mut reads = |text: &'a str| {
                (is_program || definition.applies.text(text))
                    && definition.read(context, &Payload { text, ..*payload }, event)
            };
            reads(payload.text) || (payload.in_syslog && reads(line))
        })
    }

    /// The format that an object with these fields is of. `program` is that of the syslog line it came in.
    pub(crate) fn object(&self, turn: Turn, program: &str, fields: &[Field<'_>]) -> Option<&Definition> {
        self.at(turn)
            .filter(|definition| definition.is_json())
            .find(|definition| definition.applies.program(program) || definition.applies.object(fields))
    }
}

impl Set {
    fn add(&mut self, path: &str, document: &yaml::Node, problems: &mut Vec<FormatProblem>) {
        let mut faults = Faults::default();
        let definition = Definition::compile(path, document, &mut faults);
        if let Some(definition) = definition {
            let earlier = self.definitions.iter().find(|known| known.name == definition.name);
            if let Some(earlier) = earlier {
                let message = format!(
                    "`{}` is declared in {}:{} already, which counts",
                    earlier.name, earlier.path, earlier.line
                );
                faults.warning(document.line, message);
            } else if self.definitions.len() >= FORMATS_MAX {
                faults.error(document.line, format!("more than the {FORMATS_MAX} formats allowed"));
            } else {
                self.definitions.push(definition);
            }
        }
        let name = document.get("name").and_then(yaml::Node::text);
        problems.extend(faults.0.into_iter().map(|fault| fault.at(path, name)));
    }
}

/// Whether `text` looks like a file of format definitions rather than of rules.
#[must_use]
pub fn is_format_file(text: &str) -> bool {
    let has = |keys: &[&str]| {
        text.lines().any(|line| line.split_once(':').is_some_and(|(key, _)| keys.contains(&key)))
    };
    has(&["name"]) && has(&shape::KEYS) && !has(&["detection", "correlation", "logsource"])
}

#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod tests;
