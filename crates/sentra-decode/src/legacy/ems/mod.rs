//! HPE NonStop Event Management Service (EMS): SPI buffers with tokens, and the lines that EMSDIST prints.

mod meaning;
mod spi;
mod text;

pub(crate) use spi::{LOOK_BYTES, buffer_length, decode_ems, recognise_ems};
pub(crate) use text::{decode_ems_text, recognise_ems_text};

/// How EMS writes the version of a subsystem: a letter in the high byte, a number in the low one.
fn version_text(version: u16) -> String {
    let [letter, number] = version.to_be_bytes();
    if letter.is_ascii_uppercase() {
        format!("{}{number:02}", char::from(letter))
    } else {
        version.to_string()
    }
}
