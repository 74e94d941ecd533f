//! The PDUs that notify: Trap-PDU (v1, RFC 1157), SNMPv2-Trap-PDU and InformRequest-PDU (RFC 3416).

use std::net::{IpAddr, Ipv4Addr};

use serde::Serialize;

use crate::snmp::ber::{self, Element, Reader};
use crate::snmp::hex;
use crate::snmp::problem::SnmpProblem;

pub(crate) const RESPONSE: u8 = 0xa2;
pub(crate) const TRAP_V1: u8 = 0xa4;
pub(crate) const INFORM: u8 = 0xa6;
pub(crate) const TRAP_V2: u8 = 0xa7;
pub(crate) const REPORT: u8 = 0xa8;

pub(crate) const COUNTER: u8 = 0x41;
const IP_ADDRESS: u8 = 0x40;
const GAUGE: u8 = 0x42;
const TICKS: u8 = 0x43;
const OPAQUE: u8 = 0x44;
const COUNTER_64: u8 = 0x46;
const UNSIGNED: u8 = 0x47;
const NO_OBJECT: u8 = 0x80;
const NO_INSTANCE: u8 = 0x81;
const END_OF_VIEW: u8 = 0x82;

const SYS_UP_TIME: &str = "1.3.6.1.2.1.1.3.0";
const TRAP_OID: &str = "1.3.6.1.6.3.1.1.4.1.0";
const TRAP_ENTERPRISE: &str = "1.3.6.1.6.3.1.1.4.3.0";
const TRAP_ADDRESS: &str = "1.3.6.1.6.3.18.1.3.0";
const TRAP_COMMUNITY: &str = "1.3.6.1.6.3.18.1.4.0";
/// The generic traps: number n of v1 is n+1 below it (RFC 3584 section 3.1).
const GENERIC_TRAPS: &str = "1.3.6.1.6.3.1.1.5";
/// The generic trap number that says "look at the specific one".
const ENTERPRISE_SPECIFIC: i64 = 6;

/// What a device says.
#[derive(Debug)]
pub(crate) struct Notification<'a> {
    /// Whether the sender waits for an answer.
    pub(crate) is_inform: bool,
    pub(crate) request_id: Option<i64>,
    pub(crate) trap_oid: String,
    pub(crate) enterprise: Option<String>,
    pub(crate) generic: Option<i64>,
    pub(crate) specific: Option<i64>,
    pub(crate) agent_address: Option<IpAddr>,
    pub(crate) uptime_cs: Option<u64>,
    pub(crate) varbinds: Vec<Varbind>,
    /// The variables as they came, for the answer.
    pub(crate) varbinds_whole: &'a [u8],
}

/// One variable, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Varbind {
    oid: String,
    #[serde(rename = "type")]
    kind: &'static str,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Value {
    Signed(i64),
    Unsigned(u64),
    Text(String),
}

/// The notification in a PDU of any version.
pub(crate) fn read<'a>(pdu: &Element<'a>, varbinds_max: usize) -> Result<Notification<'a>, SnmpProblem> {
    match pdu.tag {
        TRAP_V1 => read_v1(pdu, varbinds_max),
        TRAP_V2 | INFORM => read_v2(pdu, varbinds_max),
        tag => Err(SnmpProblem::NotANotification { tag }),
    }
}

fn read_v1<'a>(pdu: &Element<'a>, varbinds_max: usize) -> Result<Notification<'a>, SnmpProblem> {
    let mut reader = pdu.reader();
    let enterprise = reader.expect(ber::OBJECT_ID)?.object_id()?;
    let address = reader.expect(IP_ADDRESS)?;
    let generic = reader.integer()?;
    let specific = reader.integer()?;
    let uptime_cs = reader.expect(TICKS)?.unsigned()?;
    let list = reader.expect(ber::SEQUENCE)?;
    reader.end()?;
    let trap_oid = match generic {
        0..ENTERPRISE_SPECIFIC => format!("{GENERIC_TRAPS}.{}", generic + 1),
        _ => format!("{enterprise}.0.{specific}"),
    };
    let agent_address = ip_address(address.content).map(IpAddr::V4);
    Ok(Notification {
        is_inform: false,
        request_id: None,
        trap_oid,
        enterprise: Some(enterprise),
        generic: Some(generic),
        specific: Some(specific),
        // RFC 3584 section 4.1: proxies that do not know it write 0.0.0.0.
        agent_address: agent_address.filter(|address| !address.is_unspecified()),
        uptime_cs: Some(uptime_cs),
        varbinds: read_varbinds(&list, varbinds_max)?.into_iter().map(|(_, varbind)| varbind).collect(),
        varbinds_whole: list.whole,
    })
}

fn read_v2<'a>(pdu: &Element<'a>, varbinds_max: usize) -> Result<Notification<'a>, SnmpProblem> {
    let mut reader = pdu.reader();
    let request_id = reader.integer()?;
    let (_error_status, _error_index) = (reader.integer()?, reader.integer()?);
    let list = reader.expect(ber::SEQUENCE)?;
    reader.end()?;
    let mut all = read_varbinds(&list, varbinds_max)?;
    // Their home is the top of the record. They should be the first two; some senders put them elsewhere.
    let uptime = take(&mut all, SYS_UP_TIME, TICKS);
    let (_, trap_oid) = take(&mut all, TRAP_OID, ber::OBJECT_ID).ok_or(SnmpProblem::NoTrapOid)?;
    let find = |oid: &str| all.iter().find(|(_, varbind)| varbind.oid == oid);
    let enterprise = find(TRAP_ENTERPRISE).and_then(|(_, varbind)| varbind.text().map(str::to_owned));
    let address = find(TRAP_ADDRESS).and_then(|(value, _)| ip_address(value.content).map(IpAddr::V4));
    Ok(Notification {
        is_inform: pdu.tag == INFORM,
        request_id: Some(request_id),
        trap_oid: trap_oid.text().unwrap_or_default().to_owned(),
        enterprise,
        generic: None,
        specific: None,
        agent_address: address.filter(|address| !address.is_unspecified()),
        uptime_cs: uptime.and_then(|(value, _)| value.unsigned().ok()),
        varbinds: all.into_iter().map(|(_, varbind)| varbind).collect(),
        varbinds_whole: list.whole,
    })
}

/// Takes the first variable of this name and type out of the list.
fn take<'a>(all: &mut Vec<(Element<'a>, Varbind)>, oid: &str, tag: u8) -> Option<(Element<'a>, Varbind)> {
    let place = all.iter().position(|(value, varbind)| varbind.oid == oid && value.tag == tag)?;
    Some(all.remove(place))
}

fn read_varbinds<'a>(
    list: &Element<'a>,
    varbinds_max: usize,
) -> Result<Vec<(Element<'a>, Varbind)>, SnmpProblem> {
    let mut reader: Reader<'a> = list.reader();
    let mut varbinds = Vec::new();
    while !reader.is_empty() {
        if varbinds.len() >= varbinds_max {
            return Err(SnmpProblem::TooManyVarbinds { varbinds_max });
        }
        let mut pair = reader.expect(ber::SEQUENCE)?.reader();
        let oid = pair.expect(ber::OBJECT_ID)?.object_id()?;
        let value = pair.any()?;
        pair.end()?;
        varbinds.push((value, Varbind::of(oid, &value)?));
    }
    Ok(varbinds)
}

impl Varbind {
    fn of(oid: String, element: &Element<'_>) -> Result<Self, SnmpProblem> {
        let empty = || Value::Text(String::new());
        let (kind, value) = match element.tag {
            // A proxy puts the community of the v1 message here (RFC 3584 section 3.1): a secret is not stored.
            _ if oid == TRAP_COMMUNITY => ("hidden", empty()),
            ber::INTEGER => ("integer", Value::Signed(element.integer()?)),
            ber::OCTETS => match printable(element.content) {
                Some(text) => ("string", Value::Text(text.to_owned())),
                None => ("hex", Value::Text(hex(element.content))),
            },
            ber::NULL => ("null", empty()),
            ber::OBJECT_ID => ("oid", Value::Text(element.object_id()?)),
            IP_ADDRESS => match ip_address(element.content) {
                Some(address) => ("ip", Value::Text(address.to_string())),
                None => ("hex", Value::Text(hex(element.content))),
            },
            COUNTER => ("counter32", Value::Unsigned(element.unsigned()?)),
            GAUGE => ("gauge32", Value::Unsigned(element.unsigned()?)),
            TICKS => ("timeticks", Value::Unsigned(element.unsigned()?)),
            UNSIGNED => ("unsigned32", Value::Unsigned(element.unsigned()?)),
            COUNTER_64 => ("counter64", Value::Unsigned(element.unsigned()?)),
            OPAQUE => ("opaque", Value::Text(hex(element.content))),
            NO_OBJECT => ("noSuchObject", empty()),
            NO_INSTANCE => ("noSuchInstance", empty()),
            END_OF_VIEW => ("endOfMibView", empty()),
            // Law LOSS: what has no name is kept as it came, tag and all.
            _ => ("unknown", Value::Text(hex(element.whole))),
        };
        Ok(Self { oid, kind, value })
    }

    fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Signed(_) | Value::Unsigned(_) => None,
        }
    }
}

fn ip_address(bytes: &[u8]) -> Option<Ipv4Addr> {
    <[u8; 4]>::try_from(bytes).ok().map(Ipv4Addr::from)
}

/// The text of the bytes when people can read all of it.
fn printable(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let is_readable = |letter: char| !letter.is_control() || matches!(letter, '\t' | '\r' | '\n');
    text.chars().all(is_readable).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_readable_text_is_text() {
        for (bytes, expected) in [
            (&b"uplink to core"[..], true),
            (b"", true),
            ("Stra\u{df}e\r\n".as_bytes(), true),
            (b"nul\0", false),
            (&[0x07, 0xea, 1, 2], false),
            (&[0xff, 0xfe], false),
        ] {
            assert_eq!(printable(bytes).is_some(), expected, "{bytes:?}");
        }
    }
}
