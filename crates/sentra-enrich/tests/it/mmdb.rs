//! A writer of MaxMind's format, by its public description: a binary tree over the bits of addresses, sixteen zero
//! bytes, the data, a marker and the metadata. As small as tests need it: each record's data is written once.

use std::net::IpAddr;

use serde_json::{Value, json};

#[derive(Clone, Copy, PartialEq)]
enum Slot {
    Nothing,
    Node(usize),
    Data(usize),
}

/// A database of IPv6 in which IPv4 is at `::/96`, or of IPv4 alone.
pub(crate) struct Writer {
    ip_version: u16,
    record_bits: u16,
    nodes: Vec<[Slot; 2]>,
    data: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(ip_version: u16, record_bits: u16) -> Self {
        Self { ip_version, record_bits, nodes: vec![[Slot::Nothing; 2]], data: Vec::new() }
    }

    /// Adds a network; wider networks must come before those within them.
    pub(crate) fn add(&mut self, network: &str, record: &Value) -> &mut Self {
        let (address, length) = network.split_once('/').unwrap();
        let (mut bits, mut length): (u128, u32) = match address.parse().unwrap() {
            IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, length.parse().unwrap()),
            IpAddr::V6(v6) => (u128::from(v6), length.parse().unwrap()),
        };
        if self.ip_version == 6 && !address.contains(':') {
            (bits, length) = (bits >> 96, length + 96);
        }
        let offset = self.data.len();
        encode(record, &mut self.data);
        let mut node = 0;
        for depth in 0..length {
            let bit = usize::from(bits >> (127 - depth) & 1 == 1);
            if depth + 1 == length {
                self.nodes[node][bit] = Slot::Data(offset);
                break;
            }
            node = match self.nodes[node][bit] {
                Slot::Node(next) => next,
                leaf => {
                    self.nodes.push([leaf; 2]);
                    let next = self.nodes.len() - 1;
                    self.nodes[node][bit] = Slot::Node(next);
                    next
                }
            };
        }
        self
    }

    pub(crate) fn finish(&self) -> Vec<u8> {
        let count = self.nodes.len();
        let number = |slot: Slot| match slot {
            Slot::Nothing => count as u64,
            Slot::Node(node) => node as u64,
            Slot::Data(offset) => (count + 16 + offset) as u64,
        };
        let mut out = Vec::new();
        for [left, right] in self.nodes.iter().map(|[left, right]| [number(*left), number(*right)]) {
            match self.record_bits {
                24 => {
                    out.extend_from_slice(&left.to_be_bytes()[5..]);
                    out.extend_from_slice(&right.to_be_bytes()[5..]);
                }
                28 => {
                    out.extend_from_slice(&left.to_be_bytes()[5..]);
                    out.push(((left >> 24 & 0xf) << 4 | right >> 24 & 0xf) as u8);
                    out.extend_from_slice(&right.to_be_bytes()[5..]);
                }
                _ => {
                    out.extend_from_slice(&left.to_be_bytes()[4..]);
                    out.extend_from_slice(&right.to_be_bytes()[4..]);
                }
            }
        }
        out.extend_from_slice(&[0; 16]);
        out.extend_from_slice(&self.data);
        out.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
        // Readers insist on the widths of these numbers.
        control(7, 9, &mut out);
        let mut number = |name: &str, kind: u8, bytes: &[u8]| {
            encode(&json!(name), &mut out);
            control(kind, bytes.len(), &mut out);
            out.extend_from_slice(bytes);
        };
        number("binary_format_major_version", 5, &2_u16.to_be_bytes());
        number("binary_format_minor_version", 5, &0_u16.to_be_bytes());
        number("ip_version", 5, &self.ip_version.to_be_bytes());
        number("record_size", 5, &self.record_bits.to_be_bytes());
        number("node_count", 6, &(count as u32).to_be_bytes());
        number("build_epoch", 9, &1_772_359_200_u64.to_be_bytes());
        for (name, value) in [
            ("database_type", json!("Test")),
            ("description", json!({"en": "test"})),
            ("languages", json!(["en"])),
        ] {
            encode(&json!(name), &mut out);
            encode(&value, &mut out);
        }
        out
    }
}

/// Type and size: large types in a second byte, large sizes in bytes of their own.
fn control(kind: u8, size: usize, out: &mut Vec<u8>) {
    let (low, more) = match size {
        0..=28 => (size as u8, Vec::new()),
        29..=284 => (29, vec![(size - 29) as u8]),
        _ => (30, ((size - 285) as u16).to_be_bytes().to_vec()),
    };
    match kind {
        1..=7 => out.push(kind << 5 | low),
        _ => out.extend_from_slice(&[low, kind - 7]),
    }
    out.extend(more);
}

fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(members) => {
            control(7, members.len(), out);
            for (name, value) in members {
                encode(&Value::String(name.clone()), out);
                encode(value, out);
            }
        }
        Value::Array(list) => {
            control(11, list.len(), out);
            list.iter().for_each(|value| encode(value, out));
        }
        Value::String(text) => {
            control(2, text.len(), out);
            out.extend_from_slice(text.as_bytes());
        }
        Value::Bool(truth) => control(14, usize::from(*truth), out),
        Value::Number(number) if number.is_f64() => {
            control(3, 8, out);
            out.extend_from_slice(&number.as_f64().unwrap().to_be_bytes());
        }
        Value::Number(number) => {
            let number = number.as_u64().unwrap();
            control(if number < 1 << 32 { 6 } else { 9 }, if number < 1 << 32 { 4 } else { 8 }, out);
            let bytes = number.to_be_bytes();
            out.extend_from_slice(&bytes[if number < 1 << 32 { 4 } else { 0 }..]);
        }
        Value::Null => unreachable!("the format has no null"),
    }
}
