//! `bytes.*`, `cast.*` and what decodes text.

use std::sync::Arc;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::yaral::value::{Kind, Value};

use super::{Function, TEXT_BYTES_MAX, bounded, bytes_of, function, param, text};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        required: 1,
        ..function(
            "bytes.to_base64",
            &[param("bytes", Kind::Bytes), param("default", Kind::Text)],
            Kind::Text,
            to_base64,
        )
    },
    function("cast.as_bool", &[param("value", Kind::Any)], Kind::Bool, as_bool),
    function("cast.as_int", &[param("value", Kind::Any)], Kind::Int, as_int),
    function("cast.as_float", &[param("value", Kind::Any)], Kind::Float, as_float),
    Function {
        required: 1,
        ..function(
            "cast.as_string",
            &[param("value", Kind::Any), param("default", Kind::Text)],
            Kind::Text,
            as_string,
        )
    },
];

/// Attackers leave the padding away, and bits behind the end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

fn to_base64(arguments: &[Value]) -> Value {
    match arguments.first() {
        Some(Value::Bytes(_) | Value::Text(_)) => {
            let bytes = bytes_of(arguments, 0);
            // Four characters for every three bytes.
            let most = TEXT_BYTES_MAX / 4 * 3;
            BASE64.encode(bytes.get(..most).unwrap_or(&bytes)).into()
        }
        _ => text(arguments, 1).into_owned().into(),
    }
}

/// The decoded text; what is not base64 comes back as it is.
pub(super) fn base64_decode(arguments: &[Value]) -> Value {
    let encoded = text(arguments, 0);
    match BASE64.decode(encoded.as_bytes()) {
        Ok(bytes) => bounded(String::from_utf8_lossy(&bytes).into_owned()),
        Err(_) => encoded.into_owned().into(),
    }
}

pub(super) fn from_base64(arguments: &[Value]) -> Value {
    made_bytes(BASE64.decode(text(arguments, 0).as_bytes()).unwrap_or_default())
}

pub(super) fn from_hex(arguments: &[Value]) -> Value {
    let text = text(arguments, 0);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let decoded: Option<Vec<u8>> = pairs.iter().map(|[high, low]| hex_byte(*high, *low)).collect();
    made_bytes(decoded.filter(|_| rest.is_empty()).unwrap_or_default())
}

fn made_bytes(bytes: Vec<u8>) -> Value {
    Value::Bytes(Arc::from(bytes))
}

fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

/// `%xx` as the bytes they are, `+` as itself; "" where an escape is broken or the bytes are no text.
pub(super) fn url_decode(arguments: &[Value]) -> Value {
    let text = text(arguments, 0);
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let decoded = bytes.next().zip(bytes.next()).and_then(|(high, low)| hex_byte(high, low));
        match decoded {
            Some(byte) => out.push(byte),
            None => return "".into(),
        }
    }
    String::from_utf8(out).unwrap_or_default().into()
}

/// True for 1 and "true" alone.
fn as_bool(arguments: &[Value]) -> Value {
    Value::Bool(match arguments.first() {
        Some(Value::Bool(bool)) => *bool,
        Some(Value::Int(int)) => *int == 1,
        Some(Value::Text(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    })
}

fn as_int(arguments: &[Value]) -> Value {
    Value::Int(arguments.first().and_then(Value::to_int).unwrap_or(0))
}

fn as_float(arguments: &[Value]) -> Value {
    Value::from(arguments.first().and_then(Value::to_float).unwrap_or(0.0))
}

fn as_string(arguments: &[Value]) -> Value {
    match arguments.first() {
        Some(Value::Bytes(bytes)) => match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => text(arguments, 1).into_owned().into(),
        },
        Some(Value::Null | Value::List(_)) | None => text(arguments, 1).into_owned().into(),
        Some(value) => value.to_text().into_owned().into(),
    }
}
