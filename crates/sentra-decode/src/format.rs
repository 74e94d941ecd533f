//! What a format is, and the table of all of them. A module that reads a format exports one [`Format`] and
//! stands in [`FORMATS`]; the decoder knows no format by name.

use std::sync::LazyLock;

use sentra_model::Event;

use crate::decoder::{Context, Outcome};
use crate::flatten::Field;
use crate::{cloudtrail, windows};

/// How a format takes its records.
#[expect(dead_code, reason = "the first text and binary formats come next")]
pub(crate) enum Shape {
    /// A line of text, bare or as the message of a syslog line.
    Text {
        /// Names of syslog programs whose messages are of this format. They are asked before `recognise`.
        programs: &'static [&'static str],
        /// Whether the text is of this format. It runs for every line that nothing else knows, so it must
        /// decide by its first bytes wherever that is possible. It must not be true of other formats.
        recognise: fn(&Payload<'_>) -> bool,
        /// Fills the event; false leaves it as it was. The event holds what the syslog envelope said.
        parse: for<'a> fn(&Context<'_>, &Payload<'a>, &mut Event<'a>) -> bool,
    },
    /// A JSON object as flat fields, see [`crate::flatten`].
    Object {
        /// Whether the fields are those of this format.
        recognise: fn(&[Field<'_>]) -> bool,
        /// The event of the fields.
        decode: for<'a> fn(&Context<'_>, Vec<Field<'a>>) -> Event<'a>,
    },
    /// Bytes that are no text.
    Binary {
        /// Whether the bytes are of this format. It must not be true of text.
        recognise: fn(&[u8]) -> bool,
        /// The event of the bytes.
        decode: for<'a> fn(&Context<'_>, &'a [u8]) -> Outcome<'a>,
    },
}

/// The text of a record without the envelope it came in.
#[derive(Debug, Clone, Copy)]
#[expect(dead_code, reason = "the first text formats come next")]
pub(crate) struct Payload<'a> {
    /// The text.
    pub(crate) text: &'a str,
    /// The program that a syslog envelope named; empty for bare lines.
    pub(crate) program: &'a str,
    /// Whether there was a syslog envelope.
    pub(crate) in_syslog: bool,
}

/// One format.
pub(crate) struct Format {
    /// The name, as in `--format NAME` and in the `format` column.
    pub(crate) name: &'static str,
    /// What it is, for help texts.
    pub(crate) title: &'static str,
    /// A record of this format, for the documentation and for the test that decodes it.
    pub(crate) sample: &'static str,
    /// How it takes its records.
    pub(crate) shape: Shape,
}

/// Every format that stands on its own. Order decides between formats that both recognise a record: the more
/// particular one comes first.
pub(crate) static FORMATS: &[&Format] = &[&windows::FORMAT, &cloudtrail::FORMAT];

/// Those of [`FORMATS`] that are lines of text, in their order.
pub(crate) fn text_formats() -> &'static [&'static Format] {
    static TEXT: LazyLock<Vec<&Format>> =
        LazyLock::new(|| of_shape(|shape| matches!(shape, Shape::Text { .. })));
    &TEXT
}

/// Those of [`FORMATS`] that are JSON objects, in their order.
pub(crate) fn object_formats() -> &'static [&'static Format] {
    static OBJECT: LazyLock<Vec<&Format>> =
        LazyLock::new(|| of_shape(|shape| matches!(shape, Shape::Object { .. })));
    &OBJECT
}

/// Those of [`FORMATS`] that are no text, in their order.
pub(crate) fn binary_formats() -> &'static [&'static Format] {
    static BINARY: LazyLock<Vec<&Format>> =
        LazyLock::new(|| of_shape(|shape| matches!(shape, Shape::Binary { .. })));
    &BINARY
}

fn of_shape(wanted: impl Fn(&Shape) -> bool) -> Vec<&'static Format> {
    FORMATS.iter().copied().filter(|format| wanted(&format.shape)).collect()
}
