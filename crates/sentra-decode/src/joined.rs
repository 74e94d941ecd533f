//! Names that are put together (`user.name`, `sd.meta@32473.sequenceId`) come back in every record of a source.
//! The first ones are kept for good, so that the same name is neither allocated nor freed a million times.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;

use foldhash::fast::FixedState;

/// Law LIMIT: names that are kept, for the whole process. Others work the same but are made anew each time.
const NAMES_MAX: usize = 4_096;
/// Law LIMIT: longer names are not kept.
const NAME_BYTES_MAX: usize = 128;
/// Places that a name may take.
const PLACES: usize = 4;

static NAMES: [OnceLock<Box<str>>; NAMES_MAX] = [const { OnceLock::new() }; NAMES_MAX];

/// The `parts`, one after the other.
pub(crate) fn joined<const N: usize>(parts: [&str; N]) -> Cow<'static, str> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    if length > NAME_BYTES_MAX {
        return Cow::Owned(parts.concat());
    }
    let mut hasher = FixedState::default().build_hasher();
    parts.iter().for_each(|part| hasher.write(part.as_bytes()));
    let hash = hasher.finish() as usize;
    for place in 0..PLACES {
        let Some(slot) = NAMES.get((hash + place) % NAMES_MAX) else { continue };
        let name = slot.get_or_init(|| parts.concat().into_boxed_str());
        if name.len() == length && is_joined(name, &parts) {
            return Cow::Borrowed(name);
        }
    }
    Cow::Owned(parts.concat())
}

fn is_joined(name: &str, parts: &[&str]) -> bool {
    let mut rest = name.as_bytes();
    parts.iter().all(|part| {
        let Some((head, tail)) = rest.split_at_checked(part.len()) else { return false };
        rest = tail;
        head == part.as_bytes()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_they_are_made_of_whether_kept_or_not() {
        for round in 0..2 {
            for number in 0..3 * NAMES_MAX {
                let member = format!("member{number}");
                assert_eq!(joined(["parent", ".", &member]), format!("parent.{member}"), "round {round}");
            }
        }
        let kept = (0..3 * NAMES_MAX)
            .filter(|number| matches!(joined(["parent", ".", &format!("member{number}")]), Cow::Borrowed(_)));
        assert!(kept.count() <= NAMES_MAX);
        assert!(matches!(joined(["a", &"b".repeat(NAME_BYTES_MAX)]), Cow::Owned(_)));
    }

    #[test]
    fn borders_between_parts_do_not_confuse_names() {
        assert_eq!(joined(["ab", "c"]), "abc");
        assert_eq!(joined(["a", "bc"]), "abc");
        assert_eq!(joined(["", "abc"]), "abc");
    }
}
