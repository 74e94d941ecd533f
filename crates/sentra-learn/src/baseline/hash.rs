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
    key_of_words(seed, kind, name, |word| word)
}

/// The key of `name` without regard to case, as users, hosts and domains are compared.
pub(crate) fn folded_key(seed: u64, kind: u64, name: &str) -> u64 {
    if name.is_ascii() {
        key_of_words(seed, kind, name.as_bytes(), to_lower)
    } else {
        key(seed, kind, name.to_lowercase().as_bytes())
    }
}

/// Eight bytes at a time; the last are filled up with zeros.
#[inline]
fn key_of_words(seed: u64, kind: u64, name: &[u8], as_compared: impl Fn(u64) -> u64) -> u64 {
    let mut state = mix(seed ^ kind, name.len() as u64);
    let (words, rest) = name.as_chunks::<8>();
    for word in words {
        let word = as_compared(u64::from_le_bytes(*word));
        state = fold(state ^ word, MULTIPLIER ^ seed.rotate_left(17)) ^ word.rotate_left(32);
    }
    let last = match name.last_chunk::<8>() {
        _ if rest.is_empty() => 0,
        Some(last) => u64::from_le_bytes(*last) >> (64 - 8 * rest.len()),
        None => rest.iter().rev().fold(0, |last, byte| last << 8 | u64::from(*byte)),
    };
    mix(state, as_compared(last))
}

/// Eight ASCII characters, the capitals among them made small.
#[inline]
fn to_lower(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // The upper bit of each byte says whether it is at least `A`, and whether it is beyond `Z`.
    let (from_a, beyond_z) = (word + ONES * (0x80 - 0x41), word + ONES * (0x7f - 0x5a));
    word | ((from_a & !beyond_z & (ONES << 7)) >> 2)
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
        let every: String = (0..128_u8).map(char::from).collect();
        assert_eq!(folded_key(1, 2, &every), key(1, 2, every.to_ascii_lowercase().as_bytes()));
        for length in 0..20 {
            let (name, small) = ("AbCdEfGhIjKlMnOpQrStU", "abcdefghijklmnopqrstu");
            assert_eq!(folded_key(1, 2, &name[..length]), key(1, 2, &small.as_bytes()[..length]), "{length}");
        }
        assert_eq!(key(1, 2, b"alice of the house"), 4_003_912_172_313_957_931);
        assert_eq!(key(1, 2, b"alice-16-bytes-x"), 10_658_215_267_605_188_837);
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
