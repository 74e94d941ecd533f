//! v1 and v2c, and what every version has in common.

use expect_test::{Expect, expect};

use crate::snmp::ber;
use crate::snmp::notification::{INFORM, TRAP_V2};
use crate::snmp::reader::{Limits, Received, Refused, TrapReader};
use crate::snmp::test_kit::{
    LINK_DOWN, PEER, community_message, inform, oid, pdu_v2, reader, reader_with, trap_v1, trap_v2, varbind,
};
use crate::snmp::users::{Communities, Users};
use crate::snmp::{Authority, hex};

fn record(datagram: &[u8]) -> (String, Option<Vec<u8>>) {
    match reader().read(datagram, PEER, 20_000).unwrap() {
        Received::Record { json, respond } => (String::from_utf8(json).unwrap(), respond),
        Received::Discovery { .. } => panic!("a record was expected"),
    }
}

fn refused(datagram: &[u8]) -> Refused {
    reader().read(datagram, PEER, 20_000).unwrap_err()
}

fn check(datagram: &[u8], expected: Expect) {
    expected.assert_eq(&record(datagram).0);
}

const NAME: [u32; 9] = [1, 3, 6, 1, 4, 1, 32_473, 1, 0];

#[test]
fn a_v1_trap_becomes_a_record() {
    let varbinds = varbind(&[1, 3, 6, 1, 2, 1, 2, 2, 1, 2, 3], &ber::octets(b"Ethernet0/3"));
    check(
        &community_message(0, b"hush", &trap_v1(2, 0, &varbinds)),
        expect![[
            r#"{"snmp_version":"1","pdu":"trap","peer":"192.0.2.1","community":"core","trap_oid":"1.3.6.1.6.3.1.1.5.3","enterprise":"1.3.6.1.4.1.9.1.1","generic_trap":2,"specific_trap":0,"agent_address":"198.51.100.7","uptime_cs":4711,"varbinds":[{"oid":"1.3.6.1.2.1.2.2.1.2.3","type":"string","value":"Ethernet0/3"}]}"#
        ]],
    );
    check(
        &community_message(0, b"hush", &trap_v1(6, 17, &[])),
        expect![[
            r#"{"snmp_version":"1","pdu":"trap","peer":"192.0.2.1","community":"core","trap_oid":"1.3.6.1.4.1.9.1.1.0.17","enterprise":"1.3.6.1.4.1.9.1.1","generic_trap":6,"specific_trap":17,"agent_address":"198.51.100.7","uptime_cs":4711,"varbinds":[]}"#
        ]],
    );
}

#[test]
fn a_v2_trap_becomes_a_record() {
    check(
        &community_message(1, b"hush", &trap_v2()),
        expect![[
            r#"{"snmp_version":"2c","pdu":"trap","peer":"192.0.2.1","community":"core","request_id":77,"trap_oid":"1.3.6.1.6.3.1.1.5.3","uptime_cs":4711,"varbinds":[{"oid":"1.3.6.1.2.1.2.2.1.1.3","type":"integer","value":3}]}"#
        ]],
    );
}

#[test]
fn values_keep_their_type() {
    let values = [
        ber::integer(-1),
        ber::octets(b"up & \"running\"\n"),
        ber::octets(&[0, 0x1b, 0x21, 0xab]),
        ber::element(ber::NULL, &[]),
        oid(&[1, 3, 6, 1, 4, 1]),
        ber::element(0x40, &[&[203, 0, 113, 9]]),
        ber::element(0x40, &[&[0x20, 1, 0x0d, 0xb8]]),
        ber::element(0x40, &[&[1, 2, 3]]),
        ber::unsigned(0x41, u32::MAX),
        // Without the zero in front that would make it positive.
        ber::element(0x42, &[&[0xff; 4]]),
        ber::unsigned(0x43, 100),
        ber::element(0x44, &[&[0x9f, 0x78, 4, 0x42, 0xf6, 0, 0]]),
        ber::element(0x46, &[&[0, 255, 255, 255, 255, 255, 255, 255, 255]]),
        ber::unsigned(0x47, 1),
        ber::element(0x80, &[]),
        ber::element(0x81, &[]),
        ber::element(0x82, &[]),
        ber::element(0x99, &[b"what?"]),
    ];
    let varbinds: Vec<u8> = values.iter().flat_map(|value| varbind(&NAME, value)).collect();
    let (json, _) = record(&community_message(1, b"hush", &pdu_v2(TRAP_V2, &LINK_DOWN, &varbinds)));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let lines: Vec<_> = json["varbinds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {}", one["type"], one["value"]))
        .collect();
    expect![[r#"
        "integer" -1
        "string" "up & \"running\"\n"
        "hex" "001b21ab"
        "null" ""
        "oid" "1.3.6.1.4.1"
        "ip" "203.0.113.9"
        "ip" "32.1.13.184"
        "hex" "010203"
        "counter32" 4294967295
        "gauge32" 4294967295
        "timeticks" 100
        "opaque" "9f780442f60000"
        "counter64" 18446744073709551615
        "unsigned32" 1
        "noSuchObject" ""
        "noSuchInstance" ""
        "endOfMibView" ""
        "unknown" "9905776861743f""#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn a_proxy_says_who_it_speaks_for_and_its_community_is_hidden() {
    let varbinds = [
        varbind(&[1, 3, 6, 1, 6, 3, 18, 1, 3, 0], &ber::element(0x40, &[&[198, 51, 100, 7]])),
        varbind(&[1, 3, 6, 1, 6, 3, 18, 1, 4, 0], &ber::octets(b"hush")),
        varbind(&[1, 3, 6, 1, 6, 3, 1, 1, 4, 3, 0], &oid(&[1, 3, 6, 1, 4, 1, 9, 1, 1])),
    ];
    check(
        &community_message(1, b"hush", &pdu_v2(TRAP_V2, &LINK_DOWN, &varbinds.concat())),
        expect![[
            r#"{"snmp_version":"2c","pdu":"trap","peer":"192.0.2.1","community":"core","request_id":77,"trap_oid":"1.3.6.1.6.3.1.1.5.3","enterprise":"1.3.6.1.4.1.9.1.1","agent_address":"198.51.100.7","uptime_cs":4711,"varbinds":[{"oid":"1.3.6.1.6.3.18.1.3.0","type":"ip","value":"198.51.100.7"},{"oid":"1.3.6.1.6.3.18.1.4.0","type":"hidden","value":""},{"oid":"1.3.6.1.6.3.1.1.4.3.0","type":"oid","value":"1.3.6.1.4.1.9.1.1"}]}"#
        ]],
    );
}

#[test]
fn an_inform_is_answered_with_its_own_variables() {
    let datagram = community_message(1, b"hush", &inform());
    let (json, respond) = record(&datagram);
    assert!(json.contains(r#""pdu":"inform""#), "{json}");
    // The same message but for the tag of the PDU.
    let mut expected = datagram;
    let tag_at = expected.iter().position(|byte| *byte == INFORM).unwrap();
    expected[tag_at] = 0xa2;
    assert_eq!(hex(&respond.unwrap()), hex(&expected));
}

#[test]
fn what_is_not_taken_is_refused_with_a_reason() {
    let no_oid = ber::element(
        TRAP_V2,
        &[&ber::integer(1), &ber::integer(0), &ber::integer(0), &ber::element(ber::SEQUENCE, &[])],
    );
    let mut trailing = community_message(1, b"hush", &trap_v2());
    trailing.push(0);
    let cases = [
        (Vec::new(), "no SNMP message: an element at byte 0 is cut off"),
        (b"<13>hello".to_vec(), "no SNMP message: an element at byte 0 is cut off"),
        (b"\x04\x01x".to_vec(), "no SNMP message: expected an element of tag 0x30 at byte 0, found 0x04"),
        (trailing, "no SNMP message: unexpected bytes follow at byte 82"),
        (
            community_message(2, b"hush", &trap_v2()),
            "unknown SNMP version number 2; v1 is 0, v2c is 1, v3 is 3",
        ),
        (
            community_message(1, b"hus", &trap_v2()),
            "the community is not on the list; add it to the communities or correct the device",
        ),
        (
            community_message(0, b"hush", &trap_v2()),
            "the message is neither a trap nor an inform but a PDU of tag 0xa7",
        ),
        (
            community_message(1, b"hush", &trap_v1(2, 0, &[])),
            "the message is neither a trap nor an inform but a PDU of tag 0xa4",
        ),
        (
            community_message(1, b"hush", &pdu_v2(0xa0, &LINK_DOWN, &[])),
            "the message is neither a trap nor an inform but a PDU of tag 0xa0",
        ),
        (community_message(1, b"hush", &no_oid), "the notification has no snmpTrapOID.0"),
        (vec![0x30; 65_508], "the datagram has 65508 bytes, the limit is 65507 (datagram_bytes_max)"),
    ];
    for (datagram, expected) in cases {
        let found = refused(&datagram);
        assert_eq!(found.to_string(), expected);
        assert_eq!((found.respond, found.is_handshake), (None, false));
        assert!(!found.excerpt.contains(&hex(b"hus")), "{}", found.excerpt);
    }
}

#[test]
fn variables_beyond_the_limit_are_refused() {
    let limits = Limits { varbinds_max: 4, ..Limits::default() };
    let message = |count: usize| {
        let varbinds = varbind(&NAME, &ber::integer(1)).repeat(count);
        community_message(1, b"hush", &pdu_v2(TRAP_V2, &LINK_DOWN, &varbinds))
    };
    assert!(reader_with(limits).read(&message(2), PEER, 0).is_ok());
    let problem = reader_with(limits).read(&message(3), PEER, 0).unwrap_err().problem;
    assert_eq!(problem.as_str(), "too_many_varbinds");
}

#[test]
fn communities_can_be_open_or_shut() {
    let reader = |communities: Communities| {
        let authority = Authority::new(crate::snmp::test_kit::own_engine(), 1, 0, 0).unwrap();
        TrapReader::new(communities, Users::default(), authority, Limits::default()).unwrap()
    };
    let datagram = community_message(1, b"anything", &trap_v2());
    let Ok(Received::Record { json, .. }) = reader(Vec::new().into()).read(&datagram, PEER, 0) else {
        panic!("an empty list takes all")
    };
    let json = String::from_utf8(json).unwrap();
    assert!(!json.contains("anything") && !json.contains("community"), "{json}");
    let problem = reader(Communities::Refused).read(&datagram, PEER, 0).unwrap_err().problem;
    assert_eq!(problem.as_str(), "communities_refused");
}
