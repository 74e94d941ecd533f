//! Random values written at the published offsets of journal entries come back as they were.

use proptest::prelude::*;
use sentra_model::EventCode as Code;

use super::decode_qaudjrn;
use crate::legacy::ebcdic::CodePage;
use crate::legacy::qaudjrn::{decode_qaudjrn_in, recognise_qaudjrn};
use crate::legacy::tests::records::{Record, type5};
use crate::legacy::tests::{decode_with, event_of};

fn name() -> impl Strategy<Value = String> {
    "[A-Z$#@][A-Z0-9$#@_]{0,9}"
}

fn page() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("037"), Just("273"), Just("500"), Just("1047"), Just("1140"), Just("ascii")]
}

/// 0-based place of an offset of the published *TYPE5 table.
const fn at(offset: usize) -> usize {
    offset - 1
}

fn decode(page: &str, record: &Record) -> sentra_model::Event<'static> {
    assert!(recognise_qaudjrn(&record.bytes));
    let page = CodePage::named(page).unwrap();
    let event = event_of(decode_with(|context| decode_qaudjrn_in(context, page, &record.bytes)));
    crate::names::detach(event)
}

proptest! {
    #[test]
    fn authority_failures(page in page(), user in name(), object in name(), library in name(), port in 1_u16.., address in any::<u32>()) {
        prop_assume!(address != 0);
        let address = std::net::Ipv4Addr::from(address).to_string();
        let mut entry = type5(page, "AF", "QSECOFR", 200);
        entry.text(at(305), 1, "4").text(at(306), 5, &format!("{port:05}")).text(at(311), 46, &address);
        entry.text(at(610), 1, "A").text(at(611), 10, &object).text(at(621), 10, &library).text(at(631), 8, "*FILE");
        entry.text(at(686), 10, &user);
        let event = decode(page, &entry);
        prop_assert_eq!(event.time.to_string(), "2026-02-28T10:00:00.123456Z");
        prop_assert_eq!((event.user.as_ref(), event.host.as_ref()), (user.as_str(), "IBMI1"));
        prop_assert_eq!(event.file, format!("{library}/{object}"));
        prop_assert_eq!((event.src_ip.as_ref(), event.src_port), (address.as_str(), port));
        prop_assert_eq!(event.code, Some(Code::PA02));
        prop_assert_eq!(event.problem, None);
    }

    #[test]
    fn passwords(page in page(), user in name(), device in name(), detail in "[ACDEFGKOPQRSTUXYZ]") {
        let mut entry = type5(page, "PW", "QSECOFR", 75);
        entry.text(at(610), 1, &detail).text(at(611), 10, &user).text(at(621), 40, &device);
        let event = decode(page, &entry);
        // One-time passwords are second factors.
        let code = if matches!(detail.as_str(), "F" | "O" | "T") { Code::LL08 } else { Code::LL03 };
        prop_assert_eq!((event.user.as_ref(), event.code), (user.as_str(), Some(code)));
        prop_assert_eq!(event.text("qaudjrn.device"), Some(device.as_str()));
        prop_assert_eq!(event.problem, None);
    }

    #[test]
    fn commands(page in page(), user in name(), command in "[A-Z]{3,10} [A-Z]{2,8}\\([A-Z0-9/*]{1,200}\\)") {
        let mut entry = type5(page, "CD", &user, 6031);
        entry.text(at(610), 1, "C").text(at(611), 10, "CMD").text(at(621), 10, "QSYS").text(at(631), 8, "*CMD");
        entry.text(at(639), 1, "N").text(at(640), 6000, &command);
        let event = decode(page, &entry);
        prop_assert_eq!((event.command.as_ref(), event.user.as_ref()), (command.as_str(), user.as_str()));
        prop_assert_eq!(event.message, format!("{user} ran: {command}"));
        prop_assert_eq!(event.problem, None);
    }

    /// ZC has a packed decimal, which a translation to ASCII would destroy.
    #[test]
    fn changes_of_objects(user in name(), object in name(), access in 1_u32..58) {
        let mut entry = type5("037", "ZC", &user, 82);
        entry.text(at(610), 1, "C").text(at(611), 10, &object).text(at(621), 10, "LIB").text(at(631), 8, "*FILE");
        let digits = format!("{access:05}");
        let nibble = |place: usize| digits.as_bytes()[place] - b'0';
        entry.put(at(639), &[nibble(0) << 4 | nibble(1), nibble(2) << 4 | nibble(3), nibble(4) << 4 | 0xf]);
        let event = decode("037", &entry);
        prop_assert_eq!(event.field("qaudjrn.access_type"), Some(&sentra_model::FieldValue::Integer(access.into())));
        let code = match access { 18 => Some(Code::SS03), 42 => Some(Code::SS04), _ => None };
        prop_assert_eq!(event.code, code);
        prop_assert_eq!(event.problem, None);
    }
}

/// Fields of an entry by their offset in *TYPE5, and what they must come to.
type Case = (&'static str, &'static [(usize, &'static str)], Option<Code>, &'static str);

const CASES: &[Case] = &[
    (
        "AD",
        &[(610, "O"), (611, "FILE1"), (621, "LIB1"), (631, "*FILE"), (639, "*ALL")],
        Some(Code::SS05),
        "auditing of an object changed by ADMIN1: LIB1/FILE1",
    ),
    ("AU", &[(610, "E")], Some(Code::CC01), "enterprise identity mapping configuration changed by ADMIN1"),
    (
        "CA",
        &[
            (610, "A"),
            (611, "FILE1"),
            (621, "LIB1"),
            (631, "*FILE"),
            (639, "USER1"),
            (659, "Y"),
            (664, "Y"),
            (676, "GRT"),
        ],
        Some(Code::SA05),
        "authority of USER1 to LIB1/FILE1 changed by ADMIN1 with GRT: *OBJEXIST *READ",
    ),
    (
        "CO",
        &[(610, "N"), (611, "FILE1"), (621, "LIB1"), (631, "*FILE")],
        None,
        "object created by ADMIN1: LIB1/FILE1",
    ),
    (
        "CO",
        &[(610, "R"), (611, "PGM1"), (621, "LIB1"), (631, "*PGM")],
        Some(Code::CM03),
        "object replaced by ADMIN1: LIB1/PGM1",
    ),
    (
        "CP",
        &[(610, "A"), (611, "USER1"), (631, "*USRPRF"), (639, "CRT")],
        Some(Code::SA01),
        "user profile USER1 changed by ADMIN1 with CRT: other attributes",
    ),
    (
        "CP",
        &[(610, "A"), (611, "USER1"), (631, "*USRPRF"), (639, "CHG")],
        Some(Code::SA02),
        "user profile USER1 changed by ADMIN1 with CHG: other attributes",
    ),
    (
        "CP",
        &[(610, "A"), (611, "USER1"), (631, "*USRPRF"), (639, "CHG"), (642, "Y")],
        Some(Code::SA07),
        "user profile USER1 changed by ADMIN1 with CHG: password",
    ),
    (
        "CP",
        &[(610, "A"), (611, "ADMIN1"), (631, "*USRPRF"), (639, "CHG"), (642, "Y")],
        Some(Code::LL04),
        "user profile ADMIN1 changed by ADMIN1 with CHG: password",
    ),
    (
        "CP",
        &[(610, "A"), (611, "USER1"), (631, "*USRPRF"), (639, "CHG"), (767, "*DISABLED")],
        Some(Code::SA08),
        "user profile USER1 changed by ADMIN1 with CHG: status *DISABLED",
    ),
    (
        "CP",
        &[(610, "A"), (611, "USER1"), (631, "*USRPRF"), (639, "CHG"), (767, "*ENABLED")],
        Some(Code::SA09),
        "user profile USER1 changed by ADMIN1 with CHG: status *ENABLED",
    ),
    (
        "CP",
        &[(610, "A"), (611, "QSECOFR"), (631, "*USRPRF"), (639, "DST")],
        Some(Code::SA07),
        "user profile QSECOFR changed by ADMIN1 with DST: other attributes",
    ),
    (
        "DO",
        &[(610, "A"), (611, "FILE1"), (621, "LIB1"), (631, "*FILE")],
        None,
        "object deleted by ADMIN1: LIB1/FILE1",
    ),
    (
        "DO",
        &[(610, "A"), (611, "USER1"), (621, "QSYS"), (631, "*USRPRF")],
        Some(Code::SA03),
        "object deleted by ADMIN1: QSYS/USER1",
    ),
    (
        "DS",
        &[(610, "A"), (611, "Y"), (612, "*SECURITY")],
        Some(Code::SA07),
        "service tools password reset by ADMIN1: *SECURITY",
    ),
    ("GR", &[(610, "F"), (611, "ZC"), (613, "USER1")], Some(Code::CC02), "function registration by ADMIN1"),
    (
        "JS",
        &[(610, "S"), (611, "I"), (613, "QPADEV0001"), (623, "USER1"), (649, "USER1")],
        Some(Code::LL01),
        "job started: QPADEV0001 of USER1",
    ),
    (
        "JS",
        &[(610, "E"), (611, "I"), (613, "QPADEV0001"), (623, "USER1"), (649, "USER1")],
        Some(Code::LL02),
        "job ended: QPADEV0001 of USER1",
    ),
    (
        "JS",
        &[(610, "S"), (611, "B"), (613, "NIGHTRUN"), (623, "USER1"), (649, "USER1")],
        Some(Code::SS01),
        "job started: NIGHTRUN of USER1",
    ),
    (
        "JS",
        &[(610, "A"), (611, "B"), (613, "NIGHTRUN"), (623, "USER1"), (649, "USER1")],
        Some(Code::SS02),
        "job ended abnormally by command: NIGHTRUN of USER1",
    ),
    (
        "NA",
        &[(610, "A"), (611, "JOBACN"), (621, "*REJECT"), (871, "*FILE")],
        Some(Code::CC01),
        "network attribute changed by ADMIN1: JOBACN from \"*FILE\" to \"*REJECT\"",
    ),
    (
        "OM",
        &[(610, "R"), (611, "OLD"), (621, "LIB1"), (631, "*FILE"), (639, "NEW"), (649, "LIB1")],
        None,
        "object renamed by ADMIN1: LIB1/OLD to LIB1/NEW",
    ),
    (
        "OR",
        &[(610, "N"), (611, "PGM1"), (621, "LIB1"), (631, "*PGM")],
        Some(Code::SS04),
        "new object restored by ADMIN1: LIB1/PGM1",
    ),
    (
        "OW",
        &[(610, "A"), (611, "PGM1"), (621, "LIB1"), (631, "*PGM"), (639, "USER1"), (649, "QSECOFR")],
        Some(Code::SA05),
        "owner changed by ADMIN1: LIB1/PGM1 from USER1 to QSECOFR",
    ),
    (
        "PA",
        &[(610, "A"), (611, "PGM1"), (621, "LIB1"), (631, "*PGM"), (639, "QSECOFR")],
        Some(Code::PA01),
        "program changed to adopt authority by ADMIN1: LIB1/PGM1",
    ),
    (
        "RA",
        &[(610, "A"), (611, "FILE1"), (621, "LIB1"), (631, "*FILE")],
        Some(Code::SA05),
        "authority changed by a restore by ADMIN1: LIB1/FILE1",
    ),
    (
        "RO",
        &[(610, "A"), (611, "FILE1"), (621, "LIB1"), (631, "*FILE"), (639, "USER1"), (649, "USER2")],
        Some(Code::SA05),
        "owner changed by a restore by ADMIN1: LIB1/FILE1 from USER1 to USER2",
    ),
    ("ST", &[(610, "A"), (611, "ST")], Some(Code::PA01), "service tool used by ADMIN1: ST"),
    (
        "ST",
        &[(610, "A"), (611, "DO"), (613, "FILE1"), (623, "LIB1"), (633, "*FILE")],
        Some(Code::SS03),
        "service tool used by ADMIN1: DO",
    ),
    (
        "SV",
        &[(610, "A"), (611, "QAUDCTL"), (621, "*NONE"), (871, "*AUDLVL")],
        Some(Code::CC02),
        "system value changed by ADMIN1: QAUDCTL from \"*AUDLVL\" to \"*NONE\"",
    ),
    ("SM", &[(610, "P")], Some(Code::CC01), "power schedule changed by ADMIN1"),
    (
        "VP",
        &[(610, "P"), (611, "*NETSERVER"), (641, "USER1"), (651, "192.0.2.9")],
        Some(Code::LL03),
        "network password error by USER1",
    ),
    (
        "X0",
        &[(610, "1"), (627, "192.0.2.9")],
        Some(Code::LL01),
        "network authentication: service ticket valid",
    ),
    (
        "X0",
        &[(610, "8"), (627, "192.0.2.9")],
        Some(Code::LL03),
        "network authentication: ticket is a replay attempt",
    ),
];

#[test]
fn every_entry_type_has_its_code_and_sentence() {
    for (entry_type, fields, code, message) in CASES {
        // The same data behind all three headings: relative offsets are the same in each.
        let mut entry = type5("037", entry_type, "ADMIN1", 1200);
        for (offset, text) in *fields {
            entry.text(at(*offset), text.len(), text);
        }
        let event = event_of(decode_with(|context| decode_qaudjrn(context, &entry.bytes)));
        assert_eq!((event.code, event.message.as_ref()), (*code, *message), "{entry_type}");
        assert_eq!(event.problem, None, "{entry_type}");
        assert_eq!(event.text("legacy.user_code"), code.map(|code| code.as_str()), "{entry_type}");
        let mut short = Record::new("037");
        short
            .text(0, 223, "")
            .text(0, 5, "01423")
            .text(5, 10, "0000000001")
            .text(15, 1, "T")
            .text(16, 2, entry_type);
        short
            .text(18, 26, "2026-02-28-10.00.00.123456")
            .text(44, 10, "JOB1")
            .text(131, 10, "ADMIN1")
            .text(141, 8, "IBMI1");
        short.put(223, &entry.bytes[609..]);
        let same = event_of(decode_with(|context| decode_qaudjrn(context, &short.bytes)));
        assert_eq!((same.code, &same.message), (event.code, &event.message), "{entry_type} as *TYPE4");
    }
}

#[test]
fn addresses_of_callers_are_sources() {
    for (entry_type, offset) in [("VP", 651), ("X0", 627)] {
        let mut entry = type5("037", entry_type, "ADMIN1", 300);
        entry.text(at(610), 1, "P").text(at(offset), 9, "192.0.2.9");
        let event = event_of(decode_with(|context| decode_qaudjrn(context, &entry.bytes)));
        assert_eq!(event.src_ip, "192.0.2.9", "{entry_type}");
    }
}

#[test]
fn entry_types_and_details_that_are_not_known_say_so() {
    for (entry_type, detail, problem) in [
        ("Q9", "A", "entry type Q9 is known by its heading only"),
        ("AF", "9", "detail code \"9\" of entry type AF is not known"),
    ] {
        let mut entry = type5("037", entry_type, "ADMIN1", 300);
        entry.text(at(610), 1, detail);
        let event = event_of(decode_with(|context| decode_qaudjrn(context, &entry.bytes)));
        assert_eq!(event.problem.as_deref(), Some(problem));
        assert_eq!((event.user.as_ref(), event.host.as_ref()), ("ADMIN1", "IBMI1"));
        assert_eq!(event.text("qaudjrn.entry_type"), Some(entry_type));
    }
}
