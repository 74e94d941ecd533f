//! Legacy systems: z/OS SMF, the IBM i audit journal, HPE NonStop EMS.
//!
//! Binary records go in, events of the mart `legacy` come out. The layouts are tables of named fields
//! (`view`), read through an EBCDIC code page (`ebcdic`); nothing outside a record's bytes is read, and what
//! is not known stays visible as a problem (law LOSS). Files and connections are cut into records by `framer`,
//! which knows from `units` how long a piece is and where one may begin.
//!
//! | format name | what | default page |
//! |---|---|---|
//! | `smf`, `smf:PAGE` | one SMF record, with its record descriptor word or without | IBM-1047 |
//! | `qaudjrn`, `qaudjrn:PAGE` | one entry of the audit journal, `*TYPE5`, `*TYPE4` or `*TYPE2` | IBM-037 |
//! | `ems` | one SPI buffer, or one line of EMSDIST | ASCII |
//!
//! `PAGE` is `ibm-037`, `ibm-273`, `ibm-500`, `ibm-1047`, `ibm-1140` or `ascii`.
//!
//! Law TIME: SMF and the journal write local times without a zone, so the configured zone applies; EMS writes
//! UTC in buffers and local time in text.

mod container;
mod ebcdic;
mod ems;
mod framer;
mod packed;
mod qaudjrn;
mod smf;
#[cfg(test)]
mod tests;
mod units;
mod view;

pub use container::{LegacyRecords, ems_records, qaudjrn_records, smf_records};
pub use framer::{LegacyFramed, LegacyStream, RdwFramer};

use crate::decoder::{Context, Dead, Outcome};
use crate::format::{Format, Shape};
use ebcdic::CodePage;

pub(crate) static SMF: Format = Format {
    name: "smf",
    title: "z/OS SMF records; smf:ibm-037 names another code page than IBM-1047",
    sample: "",
    shape: Shape::Binary {
        recognise: smf::recognise_smf,
        decode: |context, bytes| {
            let page = page(context, CodePage::Ibm1047)?;
            smf::decode_smf_in(context, page, bytes)
        },
    },
};

pub(crate) static QAUDJRN: Format = Format {
    name: "qaudjrn",
    title: "IBM i audit journal entries; qaudjrn:ibm-273 names another code page than IBM-037",
    sample: "",
    shape: Shape::Binary {
        recognise: qaudjrn::recognise_qaudjrn,
        decode: |context, bytes| {
            let page = page(context, CodePage::Ibm037)?;
            qaudjrn::decode_qaudjrn_in(context, page, bytes)
        },
    },
};

pub(crate) static EMS: Format = Format {
    name: "ems",
    title: "HPE NonStop EMS events: SPI buffers and the lines of EMSDIST",
    sample: "",
    shape: Shape::Binary { recognise: recognise_any_ems, decode: decode_any_ems },
};

fn recognise_any_ems(bytes: &[u8]) -> bool {
    ems::recognise_ems(bytes) || ems_text(bytes).is_some_and(ems::recognise_ems_text)
}

fn decode_any_ems<'a>(context: &Context<'_>, bytes: &'a [u8]) -> Outcome<'a> {
    match ems_text(bytes) {
        Some(line) if !ems::recognise_ems(bytes) => ems::decode_ems_text(context, line),
        _ => ems::decode_ems(context, bytes),
    }
}

/// The line of text that `bytes` are, if they may be one of EMSDIST: those have a backslash or a dollar sign.
fn ems_text(bytes: &[u8]) -> Option<&str> {
    let is_digit_first = bytes.first().is_some_and(u8::is_ascii_digit);
    if !is_digit_first || memchr::memchr2(b'\\', b'$', bytes).is_none() {
        return None;
    }
    std::str::from_utf8(bytes).ok()
}

/// The code page that the sender named behind the format's name.
fn page(context: &Context<'_>, default: CodePage) -> Result<CodePage, Dead> {
    match context.argument {
        None => Ok(default),
        Some(name) => CodePage::named(name).ok_or_else(|| {
            let name: String = name.chars().take(40).collect();
            Dead::malformed(format!(
                "unknown code page {name:?}, known are ibm-037, ibm-273, ibm-500, ibm-1047, ibm-1140, ascii"
            ))
        }),
    }
}
