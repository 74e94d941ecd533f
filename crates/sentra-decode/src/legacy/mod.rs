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
pub(crate) use ebcdic::CodePage;
pub(crate) use ems::{decode_ems, decode_ems_text, recognise_ems, recognise_ems_text};
pub use framer::{LegacyFramed, LegacyStream, RdwFramer};
pub(crate) use qaudjrn::{decode_qaudjrn, decode_qaudjrn_in, recognise_qaudjrn};
pub(crate) use smf::{decode_smf, decode_smf_in, recognise_smf};

/// What a format name like `smf:ibm-1047` asks for: the stream and, where it is named, the code page. `None`
/// when it names no legacy format or no known page.
pub(crate) fn format_named(name: &str) -> Option<(LegacyStream, Option<CodePage>)> {
    let (format, page) = match name.split_once(':') {
        Some((format, page)) => (format, Some(CodePage::named(page)?)),
        None => (name, None),
    };
    let stream = match (format, page) {
        ("smf", _) => LegacyStream::Smf,
        ("qaudjrn", _) => LegacyStream::Qaudjrn,
        ("ems", None) => LegacyStream::Ems,
        _ => return None,
    };
    Some((stream, page))
}
