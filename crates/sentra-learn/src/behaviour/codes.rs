//! Event codes by their numbers, and what they mean to baselines.

use sentra_model::EventCode;

/// The number of a row without a code.
pub(crate) const NO_CODE: u8 = u8::MAX;

pub(crate) fn code_number(text: &str) -> u8 {
    EventCode::ALL.iter().position(|code| code.as_str() == text).map_or(NO_CODE, |number| number as u8)
}

pub(crate) fn number_of(code: EventCode) -> u8 {
    code_number(code.as_str())
}

pub(crate) fn is_login(code: u8) -> bool {
    code == EventCode::LL01 as u8
}

/// Codes that say that something did not work.
pub(crate) fn is_failing(code: u8) -> bool {
    const CODES: [u8; 4] =
        [EventCode::LL03 as u8, EventCode::LL05 as u8, EventCode::LL08 as u8, EventCode::PA02 as u8];
    CODES.contains(&code)
}

/// Codes of operations that need a privilege.
pub(crate) fn is_privileged(code: u8) -> bool {
    const CODES: [u8; 9] = [
        EventCode::PA01 as u8,
        EventCode::SA01 as u8,
        EventCode::SA04 as u8,
        EventCode::SA05 as u8,
        EventCode::SA07 as u8,
        EventCode::CC02 as u8,
        EventCode::AO02 as u8,
        EventCode::AO03 as u8,
        EventCode::AO04 as u8,
    ];
    CODES.contains(&code)
}

/// Whether `code` is a login, failed or not.
pub(crate) fn is_login_code(code: u8) -> bool {
    code == number_of(EventCode::LL01) || code == number_of(EventCode::LL03)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_numbers_of_their_order() {
        for (number, code) in EventCode::ALL.iter().enumerate() {
            assert_eq!(*code as usize, number);
            assert_eq!(usize::from(number_of(*code)), number);
        }
    }
}
