//! Names that are put together (`user.name`, `sd.meta@32473.sequenceId`) come back in every record of a source.
//! The first ones are kept for good, so that the same name is neither allocated nor freed a million times.

use std::borrow::Cow;
use std::sync::OnceLock;

use crate::split::is_same;

/// Law LIMIT: names that are kept, for the whole process. Others work the same but are made anew each time.
const NAMES_MAX: usize = 4_096;
/// Law LIMIT: longer names are not kept.
const NAME_BYTES_MAX: usize = 128;
/// Places that a name may take.
const PLACES: usize = 4;

static NAMES: [OnceLock<Box<str>>; NAMES_MAX] = [const { OnceLock::new() }; NAMES_MAX];

/// A name that others are put behind, with its share of their hashes.
#[derive(Clone, Copy)]
pub(crate) struct Parent<'p> {
    pub(crate) name: &'p str,
    hash: u64,
}

impl<'p> Parent<'p> {
    #[inline]
    pub(crate) fn new(name: &'p str) -> Self {
        Self { name, hash: word(name.as_bytes()) }
    }
}

/// `parent.member`, where it is kept.
#[inline]
pub(crate) fn kept(parent: Parent<'_>, member: &str) -> Option<&'static str> {
    let Parent { name: parent, hash } = parent;
    let (before, after) = (parent.as_bytes(), member.as_bytes());
    let length = before.len() + 1 + after.len();
    if length > NAME_BYTES_MAX {
        return None;
    }
    let hash = (hash ^ word(after).rotate_left(31)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    for place in 0..PLACES {
        let slot = NAMES.get((hash as usize + place) % NAMES_MAX)?;
        let name = match slot.get() {
            Some(name) => name,
            None => slot.get_or_init(|| [parent, ".", member].concat().into_boxed_str()),
        };
        let bytes = name.as_bytes();
        if bytes.len() == length
            && let Some((head, tail)) = bytes.split_at_checked(before.len())
            && let Some((b'.', tail)) = tail.split_first()
            && is_same(tail, after)
            && is_same(head, before)
        {
            return Some(name);
        }
    }
    None
}

/// Both ends of a text and its length in one word, for a table where names that look alike only cost time.
#[inline]
pub(crate) fn word(text: &[u8]) -> u64 {
    let ends = if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        u64::from_le_bytes(*first).wrapping_mul(31) ^ u64::from_le_bytes(*last)
    } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
    } else {
        text.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))
    };
    ends.wrapping_add(text.len() as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

/// `parent.member`.
pub(crate) fn joined(parent: &str, member: &str) -> Cow<'static, str> {
    kept(Parent::new(parent), member)
        .map_or_else(|| Cow::Owned([parent, ".", member].concat()), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_they_are_made_of_whether_kept_or_not() {
        for round in 0..2 {
            for number in 0..3 * NAMES_MAX {
                let member = format!("member{number}");
                assert_eq!(joined("parent", &member), format!("parent.{member}"), "round {round}");
            }
        }
        let found = (0..3 * NAMES_MAX)
            .filter(|number| kept(Parent::new("parent"), &format!("member{number}")).is_some());
        assert!((NAMES_MAX / 2..=NAMES_MAX).contains(&found.count()));
        assert!(kept(Parent::new("a"), &"b".repeat(NAME_BYTES_MAX)).is_none());
    }

    #[test]
    fn borders_between_parts_do_not_confuse_names() {
        for (parent, member) in
            [("a.b", "c"), ("a", "b.c"), ("", "a.b.c"), ("a.b.c", ""), ("", ""), (".", ".")]
        {
            assert_eq!(joined(parent, member), format!("{parent}.{member}"));
        }
    }
}
