//! A keyed hash of names that stays the same over versions and machines, because it is stored.

/// The key of what is not there. No name has it.
pub(crate) const NONE: u64 = 0;

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// The 128-bit product of both, folded: every bit of either moves every bit of the result.
#[inline]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Two keys to one; the order counts. Never [`NONE`].
#[inline]
pub(crate) fn mix(one: u64, other: u64) -> u64 {
    let mixed = fold(one ^ 0xa076_1d64_78bd_642f, other ^ 0xe703_7ed1_a0b4_28db);
    fold(mixed ^ one.rotate_left(29), MULTIPLIER ^ other).max(1)
}

/// The key of `name` among names of the kind `kind`. Never [`NONE`].
#[inline]
pub(crate) fn key(seed: u64, kind: u64, name: &[u8]) -> u64 {
    let mut state = mix(seed ^ kind, name.len() as u64);
    let mut words = name.chunks_exact(8);
    for word in &mut words {
        let word = word.first_chunk::<8>().map_or(0, |word| u64::from_le_bytes(*word));
        state = fold(state ^ word, MULTIPLIER ^ seed.rotate_left(17)) ^ word.rotate_left(32);
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(words.remainder()) {
        *to = *from;
    }
    mix(state, u64::from_le_bytes(last))
}

/// The key of `name` without regard to case, as users, hosts and domains are compared.
pub(crate) fn folded_key(seed: u64, kind: u64, name: &str) -> u64 {
    let mut small = [0_u8; 64];
    if !name.is_ascii() {
        return key(seed, kind, name.to_lowercase().as_bytes());
    }
    match small.get_mut(..name.len()) {
        Some(room) => {
            for (to, from) in room.iter_mut().zip(name.bytes()) {
                *to = from.to_ascii_lowercase();
            }
            key(seed, kind, room)
        }
        None => key(seed, kind, name.to_ascii_lowercase().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn keys_are_the_stored_ones_and_differ() {
        // Stored state would be lost if this changed.
        assert_eq!(key(1, 2, b"alice"), key(1, 2, b"alice"));
        assert_eq!(key(1, 2, b"alice"), 8_520_135_174_530_824_249);
        assert_eq!(folded_key(1, 2, "ALICE"), key(1, 2, b"alice"));
        assert_eq!(folded_key(1, 2, "ÄRGER"), folded_key(1, 2, "ärger"));
        let long = "A".repeat(100);
        assert_eq!(folded_key(1, 2, &long), folded_key(1, 2, &long.to_lowercase()));
        let mut keys = HashSet::new();
        for number in 0..200_000_u64 {
            keys.insert(key(7, 1, format!("user{number}").as_bytes()));
            keys.insert(mix(number, 5));
            keys.insert(mix(5, number.wrapping_add(1 << 40)));
        }
        assert_eq!(keys.len(), 600_000);
        assert_ne!(key(1, 2, b"a"), key(1, 2, b"a\0"), "the length counts");
    }
}
