//! v3: what is authentic, what is old, and what informs are answered.

use expect_test::expect;

use crate::snmp::ber::{self, BerProblem};
use crate::snmp::clocks::Authority;
use crate::snmp::message_v3::MessageV3;
use crate::snmp::notification::{INFORM, REPORT, RESPONSE};
use crate::snmp::reader::{Limits, Received, Refused, TrapReader};
use crate::snmp::test_kit::{
    DEVICE, LINK_DOWN, PEER, STARTED_S, V3, inform, keys, own_engine, parse, pdu_v2, reader, reader_with,
    trap_v1, trap_v2, varbind,
};
use crate::snmp::users::{COMMUNITIES_MAX, Communities, Community, Secret, SecurityLevel, User, Users};
use crate::snmp::usm::AuthProtocol;

const NOW_S: u64 = STARTED_S + 600;

fn trap(user: &'static str, level: SecurityLevel) -> V3 {
    V3::of(&DEVICE, user, level, trap_v2())
}

/// An inform to our engine, by our clock.
fn our_inform(user: &'static str, level: SecurityLevel) -> V3 {
    V3 { boots: 3, ..V3::of(own_engine().bytes(), user, level, inform()) }
}

fn record(reader: &mut TrapReader, datagram: &[u8]) -> (String, Option<Vec<u8>>) {
    match reader.read(datagram, PEER, NOW_S) {
        Ok(Received::Record { json, respond }) => (String::from_utf8(json).unwrap(), respond),
        other => panic!("a record was expected, not {other:?}"),
    }
}

fn refused(datagram: &[u8]) -> Refused {
    reader().read(datagram, PEER, NOW_S).unwrap_err()
}

/// Which statistic a report is about, and its count.
fn statistic(report: &[u8]) -> String {
    parse(report, |message| {
        assert_eq!(message.engine, own_engine().bytes());
        assert_eq!((message.boots, message.time_s), (3, 600));
        assert!(!message.is_reportable());
        let scoped = message.plain().unwrap();
        assert_eq!(scoped.pdu.tag, REPORT);
        let mut pdu = scoped.pdu.reader();
        (0..3).for_each(|_| assert!(pdu.integer().is_ok()));
        let mut pair = pdu.any().unwrap().reader().any().unwrap().reader();
        format!("{} = {}", pair.any().unwrap().object_id().unwrap(), pair.any().unwrap().unsigned().unwrap())
    })
}

#[test]
fn a_sealed_trap_becomes_a_record() {
    let (json, respond) = record(&mut reader(), &trap("sealed", SecurityLevel::AuthPriv).write());
    expect![[r#"{"snmp_version":"3","pdu":"trap","peer":"192.0.2.1","user":"sealed","security_level":"authPriv","engine_id":"80001f880465646765","request_id":77,"trap_oid":"1.3.6.1.6.3.1.1.5.3","uptime_cs":4711,"varbinds":[{"oid":"1.3.6.1.2.1.2.2.1.1.3","type":"integer","value":3}]}"#]]
        .assert_eq(&json);
    assert_eq!(respond, None);
}

#[test]
fn a_user_is_believed_only_as_well_protected_as_configured() {
    use SecurityLevel::{AuthNoPriv, AuthPriv, NoAuthNoPriv};
    let cases = [
        ("plain", NoAuthNoPriv, Ok(())),
        ("plain", AuthNoPriv, Err("user \"plain\" requires noAuthNoPriv, the message is authNoPriv")),
        ("signed", NoAuthNoPriv, Err("user \"signed\" requires authNoPriv, the message is noAuthNoPriv")),
        ("signed", AuthNoPriv, Ok(())),
        ("signed", AuthPriv, Err("user \"signed\" requires authNoPriv, the message is authPriv")),
        ("sealed", NoAuthNoPriv, Err("user \"sealed\" requires authPriv, the message is noAuthNoPriv")),
        ("sealed", AuthNoPriv, Err("user \"sealed\" requires authPriv, the message is authNoPriv")),
        ("sealed", AuthPriv, Ok(())),
        (
            "nobody",
            AuthPriv,
            Err("no SNMP user \"nobody\" for engine 80001f880465646765; add the user or correct the device"),
        ),
    ];
    for (user, level, expected) in cases {
        let found = reader().read(&trap(user, level).write(), PEER, NOW_S);
        assert_eq!(found.map(|_| ()).map_err(|refused| refused.to_string()), expected.map_err(str::to_owned));
    }
}

#[test]
fn every_changed_bit_breaks_the_digest() {
    let datagram = trap("signed", SecurityLevel::AuthNoPriv).write();
    let mut reader = reader();
    for at in 0..datagram.len() {
        for bit in 0..8 {
            let mut changed = datagram.clone();
            changed[at] ^= 1 << bit;
            assert!(reader.read(&changed, PEER, NOW_S).is_err(), "byte {at} bit {bit}");
        }
    }
    assert!(reader.clocks().known(0).is_empty(), "a forged message moved a clock");
}

#[test]
fn wrong_passwords_are_told_apart() {
    let wrong = V3 { keys: keys(b"another engine"), ..trap("sealed", SecurityLevel::AuthPriv) };
    assert_eq!(refused(&wrong.write()).problem.as_str(), "wrong_digest");
    let mut mixed = trap("sealed", SecurityLevel::AuthPriv);
    mixed.keys.privacy = keys(b"another engine").privacy;
    assert_eq!(refused(&mixed.write()).problem.as_str(), "decryption");
}

#[test]
fn a_replayed_trap_is_refused_after_the_window() {
    let datagram = trap("signed", SecurityLevel::AuthNoPriv).write();
    let mut reader = reader();
    for (now_s, expected) in [(0, true), (150, true), (151, false)] {
        assert_eq!(reader.read(&datagram, PEER, now_s).is_ok(), expected, "after {now_s} s");
    }
    let refused = reader.read(&datagram, PEER, 151).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the message is outside the time window: boots 5, time 600 s, expected about boots 5, time 751 s"
    );
    assert!(!refused.is_handshake);
    // Another reader that was told of the clock refuses what is older too.
    let mut next = crate::snmp::test_kit::reader();
    next.clocks().remember(reader.clocks().known(151), 0);
    let old = V3 { boots: 4, ..trap("signed", SecurityLevel::AuthNoPriv) };
    assert_eq!(next.read(&old.write(), PEER, 1).unwrap_err().problem.as_str(), "not_in_time_window");
}

#[test]
fn who_asks_for_our_engine_is_told() {
    let question = V3::of(&[], "", SecurityLevel::NoAuthNoPriv, pdu_v2(0xa0, &LINK_DOWN, &[]));
    let mut reader = reader();
    for count in 1..=2 {
        let found = reader.read(&question.write_reportable(), PEER, NOW_S).unwrap();
        let Received::Discovery { report } = found else { panic!("a report was expected") };
        assert_eq!(statistic(&report), format!("1.3.6.1.6.3.15.1.1.4.0 = {count}"));
        assert!(report.len() < 3 * question.write().len(), "{} bytes", report.len());
    }
    // Who does not want a report gets none.
    let refused = reader.read(&question.write(), PEER, NOW_S).unwrap_err();
    assert_eq!((refused.problem.as_str(), refused.respond), ("engine_id", None));
}

#[test]
fn an_inform_is_answered_as_well_protected_as_it_came() {
    for (user, level) in [
        ("plain", SecurityLevel::NoAuthNoPriv),
        ("signed", SecurityLevel::AuthNoPriv),
        ("sealed", SecurityLevel::AuthPriv),
    ] {
        let (json, respond) = record(&mut reader(), &our_inform(user, level).write_reportable());
        assert!(json.contains(r#""pdu":"inform""#), "{json}");
        let respond = respond.unwrap();
        parse(&respond, |message| {
            assert_eq!((message.id, message.level(), message.user), (42, level, user.as_bytes()));
            assert_eq!(message.engine, own_engine().bytes());
            check_response(message);
        });
    }
}

fn check_response(message: &MessageV3<'_>) {
    let keys = keys(message.engine);
    let plain_text;
    let scoped = match message.level() {
        SecurityLevel::NoAuthNoPriv => message.plain().unwrap(),
        level => {
            let (auth, key) = keys.auth.as_ref().unwrap();
            assert!(message.is_authentic(*auth, key));
            if level == SecurityLevel::AuthPriv {
                let (privacy, key) = keys.privacy.as_ref().unwrap();
                plain_text = message.decrypt(*privacy, key).unwrap();
                crate::snmp::message_v3::Scoped::read_padded(&plain_text).unwrap()
            } else {
                message.plain().unwrap()
            }
        }
    };
    let mut expected = inform();
    expected[0] = RESPONSE;
    assert_eq!(scoped.pdu.whole, expected);
}

#[test]
fn no_two_answers_share_an_initialisation_vector() {
    let mut reader = reader();
    let datagram = our_inform("sealed", SecurityLevel::AuthPriv).write_reportable();
    let mut answers: Vec<_> = (0..50).map(|_| record(&mut reader, &datagram).1.unwrap()).collect();
    answers.sort();
    answers.dedup();
    assert_eq!(answers.len(), 50);
}

#[test]
fn informs_that_cannot_be_taken_are_told_why() {
    use SecurityLevel::{AuthNoPriv, AuthPriv, NoAuthNoPriv};
    let signed = || our_inform("signed", AuthNoPriv);
    let cases = [
        // As RFC 3414 section 4 has it: first the id, then the clock.
        (V3 { boots: 0, time_s: 0, ..signed() }, "not_in_time_window", "2.0 = 1", true),
        (V3 { time_s: 751, ..signed() }, "not_in_time_window", "2.0 = 1", true),
        (V3::of(&DEVICE, "signed", AuthNoPriv, inform()), "unknown_engine", "4.0 = 1", true),
        (V3::of(&DEVICE, "nobody", AuthNoPriv, inform()), "unknown_user", "4.0 = 1", false),
        (our_inform("nobody", AuthNoPriv), "unknown_user", "3.0 = 1", false),
        (our_inform("signed", NoAuthNoPriv), "security_level", "1.0 = 1", false),
        (V3 { keys: keys(b"another"), ..signed() }, "wrong_digest", "5.0 = 1", false),
        (
            V3 {
                keys: crate::snmp::message_v3::LocalKeys {
                    auth: keys(own_engine().bytes()).auth,
                    privacy: keys(b"another").privacy,
                },
                ..our_inform("sealed", AuthPriv)
            },
            "decryption",
            "6.0 = 1",
            false,
        ),
    ];
    for (message, reason, expected, is_handshake) in cases {
        let refused = refused(&message.write_reportable());
        assert_eq!((refused.problem.as_str(), refused.is_handshake), (reason, is_handshake));
        let report = refused.respond.unwrap();
        assert_eq!(statistic(&report), format!("1.3.6.1.6.3.15.1.1.{expected}"), "{reason}");
        let level = parse(&report, |message| message.level());
        let expected = if reason == "not_in_time_window" { AuthNoPriv } else { NoAuthNoPriv };
        assert_eq!(level, expected, "{reason}");
    }
}

#[test]
fn an_answer_that_is_too_long_for_its_reader_says_so() {
    let long = varbind(&[1, 3, 6, 1, 4, 1, 32_473, 1, 0], &ber::octets(&[b'x'; 900]));
    let pdu = pdu_v2(INFORM, &LINK_DOWN, &long);
    let mut message = V3 { size_max: 484, pdu, ..our_inform("signed", SecurityLevel::AuthNoPriv) };
    let (_, respond) = record(&mut reader(), &message.write_reportable());
    parse(&respond.unwrap(), |answer| {
        let scoped = answer.plain().unwrap();
        let mut pdu = scoped.pdu.reader();
        let numbers = [pdu.integer(), pdu.integer(), pdu.integer()];
        assert_eq!(numbers, [Ok(77), Ok(1), Ok(0)]);
        assert!(pdu.any().unwrap().content.is_empty());
    });
    message.size_max = 65_507;
    assert!(record(&mut reader(), &message.write_reportable()).1.unwrap().len() > 900);
}

#[test]
fn what_v3_does_not_have_is_refused() {
    let level = SecurityLevel::NoAuthNoPriv;
    let get = V3 { pdu: pdu_v2(0xa0, &LINK_DOWN, &[]), ..our_inform("plain", level) };
    assert_eq!(refused(&get.write_reportable()).problem.as_str(), "not_a_notification");
    let v1 = V3::of(&DEVICE, "plain", level, trap_v1(0, 0, &[]));
    assert_eq!(refused(&v1.write()).problem.as_str(), "not_a_notification");
    let mut flags = trap("plain", level).write();
    let flags_at = memchr::memmem::find(&flags, &[2, 1, 3, 4]).unwrap() - 1;
    flags[flags_at] = 2;
    assert_eq!(refused(&flags).problem.as_str(), "flags");
    flags[flags_at] = 0;
    flags[flags_at + 3] = 1;
    assert_eq!(refused(&flags).problem.as_str(), "security_model");
    let name = trap("a user name of more than thirty-two bytes", level).write();
    assert_eq!(refused(&name).problem, BerProblem::Range { at: 0 }.into());
    for length in [1, 4, 33] {
        let engine = V3::of(&vec![0x80; length], "plain", level, trap_v2());
        assert_eq!(refused(&engine.write()).problem.as_str(), "engine_id", "{length}");
    }
}

#[test]
fn what_is_remembered_is_bounded() {
    let limits = Limits { engines_max: 4, keys_max: 4, ..Limits::default() };
    let mut reader = reader_with(limits);
    for number in 0..20 {
        let message = V3::of(&[0x80, 0, 0, 0, number], "signed", SecurityLevel::AuthNoPriv, trap_v2());
        record(&mut reader, &message.write());
        record(&mut reader, &message.write());
        assert!(reader.clocks().known(0).len() <= 4);
    }
}

#[test]
fn without_users_v3_says_who_is_missing() {
    let authority = Authority::new(own_engine(), 3, 0, STARTED_S).unwrap();
    let mut reader =
        TrapReader::new(Communities::Refused, Users::default(), authority, Limits::default()).unwrap();
    let refused = reader.read(&trap("plain", SecurityLevel::NoAuthNoPriv).write(), PEER, NOW_S).unwrap_err();
    assert_eq!(refused.problem.as_str(), "unknown_user");
}

#[test]
fn other_users_do_not_reset_clocks() {
    let mut reader = reader();
    let first = trap("signed", SecurityLevel::AuthNoPriv);
    record(&mut reader, &first.write());
    let community = |number: usize| Community { name: number.to_string(), secret: Secret::new("x") };
    let too_many: Vec<_> = (0..=COMMUNITIES_MAX).map(community).collect();
    assert!(reader.reconfigure(too_many.into(), Users::default()).is_err());
    record(&mut reader, &first.write());
    // The user has another number and another password now.
    let user = User {
        name: "signed".to_owned(),
        auth: Some((AuthProtocol::Sha256, Secret::new("another password"))),
        privacy: None,
        least: None,
        engine: None,
    };
    reader.reconfigure(Communities::Refused, Users::new(&[user]).unwrap()).unwrap();
    let problem = reader.read(&first.write(), PEER, NOW_S).unwrap_err().problem;
    assert_eq!(problem.as_str(), "wrong_digest");
    assert_eq!(reader.clocks().known(0).len(), 1);
}
