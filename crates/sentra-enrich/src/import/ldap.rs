//! Entries of a directory, as an LDAP client hands them over or LDIF holds them.

use super::{Row, Sink};
use crate::problem::Problems;

/// Adds a value of an entry. Options of attributes (`cn;lang-de`, `member;range=0-1499`) do not count.
pub(super) fn put_value(name: &str, value: &[u8], row: &mut Row, problems: &mut Problems) {
    let name = name.split(';').next().unwrap_or(name);
    if name.eq_ignore_ascii_case("objectSid")
        && let Some(sid) = security_id(value)
    {
        return row.push(name, &sid, problems);
    }
    // What is no text is a picture, a certificate and the like: nothing that is asked for here.
    if let Ok(text) = std::str::from_utf8(value) {
        row.push(name, text, problems);
    }
}

/// `S-1-5-21-…` of the binary form.
fn security_id(bytes: &[u8]) -> Option<String> {
    let [revision @ 1, count, authority @ ..] = bytes else { return None };
    let (authority, subs) = authority.split_at_checked(6)?;
    if subs.len() != usize::from(*count) * 4 {
        return None;
    }
    let authority = authority.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let mut text = format!("S-{revision}-{authority}");
    for sub in subs.chunks_exact(4) {
        let sub = u32::from_le_bytes(sub.try_into().ok()?);
        text.push_str(&format!("-{sub}"));
    }
    Some(text)
}

/// Gives entries to `sink`: distinguished name, and attributes with their values.
pub(crate) fn read_entries<E, A>(entries: E, sink: &mut Sink<'_>, problems: &mut Problems)
where
    E: IntoIterator<Item = (String, A)>,
    A: IntoIterator<Item = (String, Vec<Vec<u8>>)>,
{
    for (entry, (dn, attributes)) in (1..).zip(entries) {
        if !sink.has_room(problems) {
            return;
        }
        let mut row = Row::new(entry);
        row.push("dn", &dn, problems);
        for (name, values) in attributes {
            for value in &values {
                put_value(&name, value, &mut row, problems);
            }
        }
        sink.put(&row, problems);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_security_ids_become_text() {
        let mut bytes = vec![1, 2, 0, 0, 0, 0, 0, 5];
        bytes.extend_from_slice(&21_u32.to_le_bytes());
        bytes.extend_from_slice(&500_u32.to_le_bytes());
        assert_eq!(security_id(&bytes).as_deref(), Some("S-1-5-21-500"));
        assert_eq!(security_id(&bytes[..9]), None);
        assert_eq!(security_id(b"S-1-5-21-500"), None);
    }
}
