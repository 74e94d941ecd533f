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

/// The first 64 bits of the value's BLAKE3 digest, as `b3sum` shows them. It is stable, and not the number that a
/// function of this name gives elsewhere.
fn fingerprint(bytes: &[u8]) -> u64 {
    let digest = blake3::hash(bytes);
    digest.as_bytes().first_chunk().copied().map_or(0, u64::from_be_bytes)
}
