//! What may be kept of a datagram that was refused: secrets blotted out.

use crate::snmp::ber::{self, Reader};
use crate::snmp::hex;

/// Law LIMIT: bytes of a refused datagram that are kept.
const EXCERPT_BYTES_MAX: usize = 512;
/// snmpTrapCommunity.0 on the wire: the community of a v1 message inside the v2 message of a proxy.
const TRAP_COMMUNITY: [u8; 11] = [6, 9, 0x2b, 6, 1, 6, 3, 0x12, 1, 4, 0];
/// What takes the place of a secret, a star.
const BLOT: u8 = b'*';

/// The beginning of the datagram in hex, without community strings. Where it cannot be told what is secret,
/// only the length is kept: a wrong community may be a right one with a typing error.
pub(crate) fn excerpt(datagram: &[u8]) -> String {
    let Some(communities) = secret_places(datagram) else {
        return format!("({} bytes, not kept: they may hold a community)", datagram.len());
    };
    let mut bytes = datagram.to_vec();
    for (at, length) in communities {
        bytes.iter_mut().skip(at).take(length).for_each(|byte| *byte = BLOT);
    }
    bytes.truncate(EXCERPT_BYTES_MAX);
    hex(&bytes)
}

/// Where the community strings are; `None` when that cannot be said.
fn secret_places(datagram: &[u8]) -> Option<Vec<(usize, usize)>> {
    let mut reader = Reader::new(datagram).expect(ber::SEQUENCE).ok()?.reader();
    let mut places = Vec::new();
    match reader.integer().ok()? {
        0 | 1 => {
            let community = reader.expect(ber::OCTETS).ok()?;
            places.push((community.content_at, community.content.len()));
        }
        3 => {}
        _ => return None,
    }
    for found in memchr::memmem::find_iter(datagram, &TRAP_COMMUNITY) {
        let value_at = found + TRAP_COMMUNITY.len();
        let value = Reader::new(datagram.get(value_at..)?).any().ok()?;
        places.push((value_at + value.content_at, value.content.len()));
    }
    Some(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v2(community: &[u8], rest: &[u8]) -> Vec<u8> {
        ber::element(ber::SEQUENCE, &[&ber::integer(1), &ber::octets(community), rest])
    }

    #[test]
    fn communities_are_blotted_out() {
        let mut pair = TRAP_COMMUNITY.to_vec();
        pair.extend(ber::octets(b"hush2"));
        let datagram = v2(b"hush1", &ber::element(ber::SEQUENCE, &[&pair]));
        let kept = excerpt(&datagram);
        assert!(!kept.contains(&hex(b"hush")), "{kept}");
        assert_eq!(kept.matches(&hex(b"*****")).count(), 2, "{kept}");
        assert_eq!(kept.len(), datagram.len() * 2);
    }

    #[test]
    fn what_cannot_be_read_is_not_kept() {
        let datagram = v2(b"hush1", &[]);
        for damaged in [&datagram[..datagram.len() - 1], &datagram[1..], b"hush1", b""] {
            let kept = excerpt(damaged);
            assert!(kept.starts_with('(') && !kept.contains("hush"), "{kept}");
        }
        // The variable's value is cut off.
        let datagram = v2(b"hush1", &[&TRAP_COMMUNITY[..], &[4, 90, b'h']].concat());
        assert!(excerpt(&datagram).starts_with('('));
    }

    #[test]
    fn only_the_beginning_is_kept() {
        let datagram = v2(b"hush1", &ber::octets(&[7; 5_000]));
        assert_eq!(excerpt(&datagram).len(), EXCERPT_BYTES_MAX * 2);
    }
}
