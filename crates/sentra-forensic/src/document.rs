use std::collections::BTreeSet;

use sentra_model::{EventId, EventRow, Mart, Severity, SignalId, Timestamp, column};

use crate::policy::signal_class;
use crate::terms::{cut, own, pair, stands_in};

/// Bytes of text of one document that are searchable. What is longer is cut, and the document says so.
pub const DOCUMENT_TEXT_BYTES_MAX: usize = 64 * 1024;

/// `name=value` pairs of one document; what has more is cut, and says so.
pub const DOCUMENT_FIELDS_MAX: usize = 512;

/// Texts of a document, the raw one first, in which another is looked for before it is added.
const TEXTS_COMPARED_MAX: usize = 8;

/// Reasons kept of one document. More change nothing: it is there already.
pub const WHYS_PER_DOCUMENT_MAX: usize = 32;

/// Why an event is in the index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A signal has it as evidence.
    Signal {
        /// Which signal.
        signal: SignalId,
        /// The rule that found it.
        rule: String,
        /// The signal's severity, which decides the class.
        severity: Severity,
    },
    /// A policy names it.
    Policy(String),
}

impl Why {
    /// The class that an event has for this reason.
    #[must_use]
    pub fn class(&self) -> &str {
        match self {
            Self::Signal { severity, .. } => signal_class(*severity),
            Self::Policy(name) => name,
        }
    }

    /// As it is stored and shown: `signal=…`, `rule=…`, `policy=…`.
    pub(crate) fn words(&self) -> Vec<String> {
        match self {
            Self::Signal { signal, rule, .. } => vec![format!("signal={signal}"), format!("rule={rule}")],
            Self::Policy(name) => vec![format!("policy={name}")],
        }
    }
}

/// An event on its way into the index.
#[derive(Debug, Clone, PartialEq)]
pub struct Routed {
    /// What is searchable of it.
    pub document: Document,
    /// Why it is routed; at least one.
    pub why: Vec<Why>,
}

/// What of an event is searchable.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    pub(crate) id: EventId,
    pub(crate) mart: Mart,
    pub(crate) time: Timestamp,
    /// Texts whose terms are found; phrases do not reach from one into the next.
    pub(crate) texts: Vec<String>,
    /// Terms that are found as a whole: `name=value`.
    pub(crate) pairs: BTreeSet<String>,
    /// Whether something did not fit.
    pub(crate) is_cut: bool,
}

impl Document {
    /// The document of a row.
    #[must_use]
    pub fn of_row(row: EventRow<'_>, mart: &Mart) -> Self {
        let mut builder = DocumentBuilder::new(row.id(), mart.clone(), row.time(), row.raw());
        for name in column::TEXT_NAMES {
            if let Some(value) = row.text(name) {
                builder.header(name, value);
            }
        }
        for (name, value) in row.fields() {
            builder.field(name, value);
        }
        builder.finish()
    }

    /// The event's id.
    #[must_use]
    pub fn id(&self) -> EventId {
        self.id
    }

    /// About how many bytes an index needs for it; what it really needs is measured after a commit.
    pub(crate) fn bytes_expected(&self) -> u64 {
        let texts: usize = self.texts.iter().map(String::len).sum();
        let pairs: usize = self.pairs.iter().map(String::len).sum();
        ((texts + pairs) / 4 + 64) as u64
    }

    /// The terms that the index adds of its own.
    pub(crate) fn own_terms(&self) -> Vec<String> {
        let mut terms = vec![own("mart", self.mart.as_str())];
        if self.is_cut {
            terms.push(own("cut", "true"));
        }
        terms
    }
}

/// Puts a document together, from a row or from a stored event.
#[derive(Debug)]
pub struct DocumentBuilder {
    document: Document,
    bytes: usize,
}

impl DocumentBuilder {
    /// A document of the event `id` whose bytes were `raw`.
    #[must_use]
    pub fn new(id: EventId, mart: Mart, time: Timestamp, raw: &[u8]) -> Self {
        let document = Document { id, mart, time, texts: Vec::new(), pairs: BTreeSet::new(), is_cut: false };
        let mut builder = Self { document, bytes: 0 };
        // One more than fits: then the cut is noticed. A letter that is cut apart is no letter.
        let beginning = raw.get(..DOCUMENT_TEXT_BYTES_MAX + 1).unwrap_or(raw);
        builder.text(&String::from_utf8_lossy(beginning));
        builder
    }

    /// Adds the header column `name`.
    pub fn header(&mut self, name: &str, value: &str) {
        self.text(value);
        self.pair(name, value);
    }

    /// Adds a field of the source. One that has a header column's name is found as `fields.` and its name.
    pub fn field(&mut self, name: &str, value: &str) {
        self.text(value);
        if is_header(name) {
            self.pair(&format!("fields.{name}"), value);
        } else {
            self.pair(name, value);
        }
    }

    /// The document.
    #[must_use]
    pub fn finish(self) -> Document {
        self.document
    }

    fn pair(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        if self.document.pairs.len() >= DOCUMENT_FIELDS_MAX {
            self.document.is_cut = true;
            return;
        }
        self.document.pairs.insert(pair(name, value));
    }

    fn text(&mut self, text: &str) {
        // How a sigma is lowered depends on what stands beside it.
        let is_known = |known: &String| !text.contains('Σ') && stands_in(known, text);
        if text.is_empty() || self.document.texts.iter().take(TEXTS_COMPARED_MAX).any(is_known) {
            return;
        }
        let fits = cut(text, DOCUMENT_TEXT_BYTES_MAX.saturating_sub(self.bytes));
        self.document.is_cut |= fits.len() < text.len();
        if !fits.is_empty() {
            self.bytes += fits.len();
            self.document.texts.push(fits.to_owned());
        }
    }
}

/// Whether `name` is a column that every event has.
fn is_header(name: &str) -> bool {
    const OTHERS: [&str; 13] = [
        "id",
        "time",
        "seen",
        "class",
        "severity",
        "count",
        "src_port",
        "dst_port",
        "source_position",
        "partition",
        "offset",
        "fields",
        "raw",
    ];
    column::text(name).is_some() || OTHERS.contains(&name)
}

/// The name under which a question's field is stored.
pub(crate) fn stored_name(name: &str) -> &str {
    match name.strip_prefix("fields.") {
        Some(field) if !is_header(field) => field,
        _ => name,
    }
}
