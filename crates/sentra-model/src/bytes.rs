/// Whether two rows of bytes are the same, without the call that comparing slices costs: most texts of events are short.
#[inline]
#[must_use]
pub fn same_bytes(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    // Two overlapping words cover every length between one word and two.
    if one.len() > 32 {
        return one == other;
    }
    if let (Some(first), Some(last)) = (one.first_chunk::<16>(), one.last_chunk::<16>()) {
        return Some(first) == other.first_chunk() && Some(last) == other.last_chunk();
    }
    if let (Some(first), Some(last)) = (one.first_chunk::<8>(), one.last_chunk::<8>()) {
        return Some(first) == other.first_chunk() && Some(last) == other.last_chunk();
    }
    if let (Some(first), Some(last)) = (one.first_chunk::<4>(), one.last_chunk::<4>()) {
        return Some(first) == other.first_chunk() && Some(last) == other.last_chunk();
    }
    one.iter().zip(other).all(|(one, other)| one == other)
}

/// What of `bytes` is behind `beginning`, if they begin so.
#[inline]
#[must_use]
pub fn behind<'a>(bytes: &'a [u8], beginning: &[u8]) -> Option<&'a [u8]> {
    let (first, rest) = bytes.split_at_checked(beginning.len())?;
    same_bytes(first, beginning).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_the_same_where_each_of_them_is() {
        for length in 0..100_usize {
            let one: Vec<u8> = (0..length).map(|place| place as u8).collect();
            assert!(same_bytes(&one, &one.clone()));
            for place in 0..length {
                let mut other = one.clone();
                other[place] ^= 0x80;
                assert!(!same_bytes(&one, &other), "{length} {place}");
                assert!(!same_bytes(&one, &one[..place]) && !same_bytes(&one[..place], &one));
                assert_eq!(behind(&one, &one[..place]), Some(&one[place..]));
                assert_eq!(behind(&one, &other[..=place]), None);
            }
            assert_eq!(behind(&one, &[&one[..], b"x"].concat()), None);
        }
    }
}
