//! Datagrams that want to do harm: nothing panics, nothing grows, nothing secret is kept.

use proptest::prelude::*;

use crate::snmp::ber;
use crate::snmp::hex;
use crate::snmp::reader::Received;
use crate::snmp::test_kit::{
    DEVICE, PEER, STARTED_S, V3, community_message, inform, own_engine, reader, trap_v1, trap_v2,
};
use crate::snmp::users::SecurityLevel;

/// One good datagram of each kind.
fn good() -> Vec<Vec<u8>> {
    use SecurityLevel::{AuthNoPriv, AuthPriv, NoAuthNoPriv};
    let mut all = vec![
        community_message(0, b"hush", &trap_v1(2, 0, &[])),
        community_message(1, b"hush", &trap_v2()),
        community_message(1, b"hush", &inform()),
        V3::of(&[], "", NoAuthNoPriv, inform()).write_reportable(),
    ];
    for (user, level) in [("plain", NoAuthNoPriv), ("signed", AuthNoPriv), ("sealed", AuthPriv)] {
        all.push(V3::of(&DEVICE, user, level, trap_v2()).write());
        let inform = V3 { boots: 3, ..V3::of(own_engine().bytes(), user, level, inform()) };
        all.push(inform.write_reportable());
    }
    all
}

#[test]
fn the_good_datagrams_are_good() {
    for datagram in good() {
        reader().read(&datagram, PEER, STARTED_S + 600).unwrap();
    }
}

#[test]
fn every_beginning_of_a_datagram_is_refused() {
    let mut reader = reader();
    for datagram in good() {
        for length in 0..datagram.len() {
            assert!(reader.read(&datagram[..length], PEER, STARTED_S + 600).is_err());
        }
    }
}

#[test]
fn nesting_does_not_recurse() {
    // 30 80 would be indefinite; these are 60 KB of sequences, each of which holds the rest.
    let mut bytes = Vec::new();
    while bytes.len() < 60_000 {
        bytes = ber::element(ber::SEQUENCE, &[&bytes, &bytes.clone()]);
        bytes.truncate(60_000);
    }
    let deep = (0..10_000).fold(Vec::new(), |inner: Vec<u8>, _| {
        if inner.len() > 60_000 { inner } else { ber::element(ber::SEQUENCE, &[&inner]) }
    });
    let mut reader = reader();
    for pdu in [&bytes, &deep] {
        assert!(reader.read(&community_message(1, b"hush", pdu), PEER, 0).is_err());
    }
    let value = crate::snmp::test_kit::varbind(&[1, 3, 6, 1], &deep[..deep.len().min(50_000)]);
    let _ = reader.read(&value, PEER, 0);
}

#[test]
fn a_record_is_bounded_by_its_datagram() {
    // What grows most: many short variables with long numbers in their names, and text that JSON escapes.
    let name: Vec<u32> = [1, 3].into_iter().chain([u32::MAX; 40]).collect();
    let one = crate::snmp::test_kit::varbind(&name, &ber::octets(b"\"\"\"\"\t\t\t\t"));
    let pdu = crate::snmp::test_kit::pdu_v2(0xa7, &crate::snmp::test_kit::LINK_DOWN, &one.repeat(254));
    let datagram = community_message(1, b"hush", &pdu);
    assert!(datagram.len() < 65_507);
    let Ok(Received::Record { json, .. }) = reader().read(&datagram, PEER, 0) else { panic!("a record") };
    assert!(json.len() < 4 * datagram.len(), "{} of {}", json.len(), datagram.len());
}

#[derive(Debug, Clone)]
enum Change {
    Flip(usize, u8),
    Put(usize, u8),
    Cut(usize, usize),
    Double(usize, usize),
    Length(usize, [u8; 4]),
}

fn change() -> impl Strategy<Value = Change> {
    let place = 0..2_000_usize;
    prop_oneof![
        (place.clone(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        (place.clone(), any::<u8>()).prop_map(|(at, byte)| Change::Put(at, byte)),
        (place.clone(), 0..40_usize).prop_map(|(at, length)| Change::Cut(at, length)),
        (place.clone(), 0..40_usize).prop_map(|(at, length)| Change::Double(at, length)),
        (place, any::<[u8; 4]>()).prop_map(|(at, length)| Change::Length(at, length)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    let (size, within) = (bytes.len(), |at: usize| at % bytes.len());
    match *change {
        Change::Flip(at, bit) => {
            let at = within(at);
            bytes[at] ^= 1 << bit;
        }
        Change::Put(at, byte) => {
            let at = within(at);
            bytes[at] = byte;
        }
        Change::Cut(at, length) => {
            let at = within(at);
            bytes.drain(at..(at + length).min(size));
        }
        Change::Double(at, length) => {
            let at = within(at);
            let part = bytes[at..(at + length).min(size)].to_vec();
            bytes.splice(at..at, part);
        }
        Change::Length(at, length) => {
            let at = within(at);
            bytes.splice(at..at, [&[0x84][..], &length].concat());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_datagrams_do_no_harm(which in 0..10_usize, changes in prop::collection::vec(change(), 1..6)) {
        // Keys take a while to make, so the readers of one thread share theirs.
        thread_local!(static READER: std::cell::RefCell<crate::snmp::TrapReader> = std::cell::RefCell::new(reader()));
        let all = thread_good();
        let mut datagram = all[which % all.len()].clone();
        changes.iter().for_each(|change| apply(&mut datagram, change));
        let found = READER.with_borrow_mut(|reader| reader.read(&datagram, PEER, STARTED_S + 600));
        match found {
            Ok(Received::Record { json, .. }) => {
                prop_assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok());
                prop_assert!(json.len() <= 1_000 + 12 * datagram.len());
            }
            Ok(Received::Discovery { report }) => prop_assert!(report.len() <= datagram.len() + 200),
            Err(refused) => {
                prop_assert!(refused.excerpt.len() <= 1_100);
                let answer_bytes = refused.respond.map_or(0, |respond| respond.len());
                prop_assert!(answer_bytes <= datagram.len() + 200);
            }
        }
    }

    #[test]
    fn noise_does_no_harm(mut bytes in prop::collection::vec(any::<u8>(), 0..300), is_framed in any::<bool>()) {
        thread_local!(static READER: std::cell::RefCell<crate::snmp::TrapReader> = std::cell::RefCell::new(reader()));
        if is_framed {
            bytes = community_message(1, b"hush", &ber::element(0xa7, &[&bytes]));
        }
        let found = READER.with_borrow_mut(|reader| reader.read(&bytes, PEER, 0));
        if let Err(refused) = found {
            prop_assert!(!refused.excerpt.contains(&hex(b"hush")));
        }
    }
}

fn thread_good() -> std::rc::Rc<Vec<Vec<u8>>> {
    thread_local!(static GOOD: std::rc::Rc<Vec<Vec<u8>>> = std::rc::Rc::new(good()));
    GOOD.with(std::rc::Rc::clone)
}
