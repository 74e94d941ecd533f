//! `hash.*` and what is built on it.

use sha2::{Digest, Sha256};

use crate::yaral::value::{Kind, Value};

use super::{Function, bytes_of, function, param};

pub(super) const FUNCTIONS: &[Function] = &[
    function("hash.sha256", &[param("text", Kind::Text)], Kind::Text, |arguments| {
        format!("{:x}", Sha256::digest(bytes_of(arguments, 0))).into()
    }),
    function("hash.fingerprint2011", &[param("text", Kind::Text)], Kind::Int, fingerprint_of),
    function("fingerprint", &[param("text", Kind::Text)], Kind::Int, fingerprint_of),
    function(
        "optimization.sample_rate",
        &[param("text", Kind::Text), param("numerator", Kind::Int), param("denominator", Kind::Int)],
        Kind::Bool,
        sample_rate,
    ),
];

/// As a signed number; the language knows no larger ones.
fn fingerprint_of(arguments: &[Value]) -> Value {
    Value::Int(fingerprint(&bytes_of(arguments, 0)).cast_signed())
}

/// True for `numerator` of `denominator` texts, always the same ones.
fn sample_rate(arguments: &[Value]) -> Value {
    let number = |index: usize| -> Option<u64> { arguments.get(index)?.to_int()?.try_into().ok() };
    let (Some(numerator), Some(denominator)) = (number(1), number(2)) else { return Value::Bool(false) };
    let place = fingerprint(&bytes_of(arguments, 0)).checked_rem(denominator);
    place.is_some_and(|place| place < numerator).into()
}

const K0: u64 = 0xa5b8_5c5e_198e_d849;
const K1: u64 = 0x8d58_ac26_afe1_2e47;
const K2: u64 = 0xc47b_6e9e_3a97_0ed3;
const K3: u64 = 0xc6a4_a793_5bd1_e995;

/// Fingerprint2011, the 64-bit hash that is not cryptographic of Google's Guava library (Apache License 2.0); never
/// 0 or 1.
fn fingerprint(bytes: &[u8]) -> u64 {
    let hash = match bytes.len() {
        0..=32 => short(bytes, K0 ^ K1 ^ K2),
        33..=64 => medium(bytes),
        _ => long(bytes),
    };
    let first = if bytes.len() >= 8 { load(bytes, 0) } else { K0 };
    let last = if bytes.len() >= 9 { load(bytes, bytes.len() - 8) } else { K0 };
    match fold(hash.wrapping_add(last), first) {
        small @ (0 | 1) => small.wrapping_sub(2),
        hash => hash,
    }
}

/// Eight bytes as a little-endian number; those behind the end are 0.
fn load(bytes: &[u8], at: usize) -> u64 {
    let eight = bytes.get(at..).unwrap_or_default().iter().take(8);
    eight.rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn mixed(value: u64) -> u64 {
    value ^ (value >> 47)
}

/// 128 bits to 64.
fn fold(high: u64, low: u64) -> u64 {
    let once = mixed((low ^ high).wrapping_mul(K3));
    mixed((high ^ once).wrapping_mul(K3)).wrapping_mul(K3)
}

/// Murmur's 64-bit hash.
fn short(bytes: &[u8], seed: u64) -> u64 {
    let mut hash = seed ^ (bytes.len() as u64).wrapping_mul(K3);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let word = mixed(u64::from_le_bytes(*word).wrapping_mul(K3)).wrapping_mul(K3);
        hash = (hash ^ word).wrapping_mul(K3);
    }
    if !rest.is_empty() {
        hash = (hash ^ load(rest, 0)).wrapping_mul(K3);
    }
    mixed(mixed(hash).wrapping_mul(K3))
}

fn medium(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    let fourth = load(bytes, 24);
    let start =
        load(bytes, 0).wrapping_add((length as u64).wrapping_add(load(bytes, length - 16)).wrapping_mul(K0));
    let (front, front_turned) = quarter(start, fourth, load(bytes, 8), load(bytes, 16));
    let last = load(bytes, length - 8);
    let start = load(bytes, 16).wrapping_add(load(bytes, length - 32));
    let (back, back_turned) = quarter(start, last, load(bytes, length - 24), load(bytes, length - 16));
    let sum = front.wrapping_add(back_turned).wrapping_mul(K2);
    let other = back.wrapping_add(front_turned).wrapping_mul(K0);
    let middle = mixed(sum.wrapping_add(other));
    mixed(middle.wrapping_mul(K0).wrapping_add(front_turned)).wrapping_mul(K2)
}

fn quarter(start: u64, added: u64, second: u64, third: u64) -> (u64, u64) {
    let mut turned = start.wrapping_add(added).rotate_right(52).wrapping_add(start.rotate_right(37));
    let start = start.wrapping_add(second);
    turned = turned.wrapping_add(start.rotate_right(7));
    let start = start.wrapping_add(third);
    (start.wrapping_add(added), turned.wrapping_add(start.rotate_right(31)))
}

fn long(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    let mut y = load(bytes, length - 16) ^ K1;
    let mut z = load(bytes, length - 56) ^ K0;
    let mut v = weak(bytes, length - 64, length as u64, y);
    let mut w = weak(bytes, length - 32, (length as u64).wrapping_mul(K1), K0);
    z = z.wrapping_add(mixed(v.1).wrapping_mul(K1));
    let mut x = z.wrapping_add(load(bytes, 0)).rotate_right(39).wrapping_mul(K1);
    y = y.rotate_right(33).wrapping_mul(K1);
    // The last block of up to 64 bytes is what `v` and `w` began with.
    for at in (0..(length - 1) & !63).step_by(64) {
        x = x.wrapping_add(y).wrapping_add(v.0).wrapping_add(load(bytes, at + 16));
        x = x.rotate_right(37).wrapping_mul(K1) ^ w.1;
        y = y.wrapping_add(v.1).wrapping_add(load(bytes, at + 48));
        y = y.rotate_right(42).wrapping_mul(K1) ^ v.0;
        z = (z ^ w.0).rotate_right(33);
        v = weak(bytes, at, v.1.wrapping_mul(K1), x.wrapping_add(w.0));
        w = weak(bytes, at + 32, z.wrapping_add(w.1), y);
        std::mem::swap(&mut z, &mut x);
    }
    fold(
        fold(v.0, w.0).wrapping_add(mixed(y).wrapping_mul(K1)).wrapping_add(z),
        fold(v.1, w.1).wrapping_add(x),
    )
}

/// 32 bytes and two seeds to two numbers.
fn weak(bytes: &[u8], at: usize, first: u64, second: u64) -> (u64, u64) {
    let last = load(bytes, at + 24);
    let start = first.wrapping_add(load(bytes, at));
    let turned = second.wrapping_add(start).wrapping_add(last).rotate_right(51);
    let sum = start.wrapping_add(load(bytes, at + 8)).wrapping_add(load(bytes, at + 16));
    (sum.wrapping_add(last), turned.wrapping_add(sum.rotate_right(23)).wrapping_add(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_those_of_the_reference() {
        assert_eq!(fingerprint(b"test"), 8_473_225_671_271_759_044);
        assert_eq!(fingerprint("test".repeat(8).as_bytes()), 7_345_148_637_025_587_076);
        assert_eq!(fingerprint("test".repeat(64).as_bytes()), 4_904_844_928_629_814_570);
        assert_eq!(short(b"test", 1), 1_618_900_948_208_871_284);
        assert_eq!(short(b"test test test", 1), 12_313_169_684_067_793_560);
    }

    /// The check of all lengths up to 800 that the reference's own test makes.
    #[test]
    fn fingerprints_of_all_lengths() {
        let mut buffer = vec![0_u8; 3200];
        let mut length = 0;
        let mut hash = 0_u64;
        for round in 0..800_usize {
            for of in 0..4 {
                let taken = match of {
                    0 => round,
                    1 => round * round % length,
                    2 => round * round * round % length,
                    _ => length,
                };
                hash ^= fingerprint(&buffer[..taken]);
                hash ^= hash >> 41;
                hash = hash.wrapping_mul(949_921_979);
                buffer[length] = b'a' + u8::try_from((hash & 0xf_ffff) % 26).unwrap();
                length += 1;
            }
            let back = |by: usize| usize::from(buffer[length - by]);
            let (x0, x1, x2, x3) = (back(1), back(2), back(3), buffer[length / 2]);
            buffer[((x0 << 16) + (x1 << 8) + x2) % length] ^= x3;
            buffer[((x1 << 16) + (x2 << 8) + usize::from(x3)) % length] ^= u8::try_from(round % 256).unwrap();
        }
        assert_eq!(hash, 0xeaa3_b1c9_8526_1632);
    }
}
