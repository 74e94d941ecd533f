//! Names as they are compared.

use std::borrow::Cow;

/// Law LIMIT: characters of a name or value that are kept; what is longer is no name.
pub const NAME_CHARS_MAX: usize = 256;

/// `name` without case and without white space around it. Two spellings of one name that differ in case only give
/// the same text, also outside of ASCII (`straße`, `STRASSE`).
pub(crate) fn fold(name: &str) -> Cow<'_, str> {
    let name = name.trim();
    if name.is_ascii() {
        let is_folded = !name.bytes().any(|byte| byte.is_ascii_uppercase());
        return if is_folded { Cow::Borrowed(name) } else { Cow::Owned(name.to_ascii_lowercase()) };
    }
    // Twice, because one letter's lower case (ẞ → ß) may have an upper case of its own (ß → SS).
    Cow::Owned(fold_once(&fold_once(name)))
}

fn fold_once(name: &str) -> String {
    // By letter: the end of a word must not decide about a sigma.
    name.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// The letters and digits of a column's name, in lower case: `Employee_ID` and `employee id` are the same.
pub(crate) fn fold_column(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(NAME_CHARS_MAX).collect()
}

/// Whether `name` fits `pattern`, in which `*` stands for any text; both folded.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    let mut rest = name;
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else { return false };
    let Some(after) = rest.strip_prefix(first) else { return false };
    rest = after;
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("svc_*", "svc_backup", true),
            ("svc_*", "asvc_backup", false),
            ("*$", "pc1$", true),
            ("*admin*", "sysadmin1", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxcyyb", false),
            ("root", "root", true),
            ("root", "root2", false),
            ("*", "", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn case_does_not_count_outside_of_ascii_either() {
        assert_eq!(fold(" Straße"), fold("STRASSE"));
        assert_eq!(fold("ẞ"), fold("ss"));
        assert_eq!(fold("ΟΔΟΣ"), fold("οδος"));
        assert_eq!(fold_column("Employee_ID"), "employeeid");
    }
}
