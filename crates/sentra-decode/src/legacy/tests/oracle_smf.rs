//! Random values written at the published offsets of SMF records come back as they were.

use proptest::prelude::*;
use sentra_model::{Event, EventCode};

use crate::legacy::ebcdic::CodePage;
use crate::legacy::smf::{decode_smf_in, recognise_smf};
use crate::legacy::tests::pages::PAGES;
use crate::legacy::tests::records::{Record, smf};
use crate::legacy::tests::{decode_with, event_of};

/// Names as z/OS allows them, in characters whose place differs between pages.
fn name() -> impl Strategy<Value = String> {
    "[A-Z$#@][A-Z0-9$#@]{0,7}"
}

fn page() -> impl Strategy<Value = &'static str> {
    (0..PAGES.len()).prop_map(|index| PAGES[index].0)
}

/// The event of a record, which must be recognised with its RDW and without, and give the same both times.
fn decoded(page: &str, bytes: &[u8]) -> Event<'static> {
    assert!(recognise_smf(bytes));
    assert!(recognise_smf(&bytes[4..]));
    let page = CodePage::named(page).unwrap();
    let event = |bytes: &[u8]| {
        crate::names::detach(event_of(decode_with(|context| decode_smf_in(context, page, bytes))))
    };
    let whole = event(bytes);
    assert_eq!(whole, event(&bytes[4..]));
    assert_eq!(whole.time.to_string(), "2026-02-28T10:00:00.12Z");
    assert_eq!(whole.host, "SYS1");
    whole
}

#[track_caller]
fn same(event: &Event<'_>, expected: &[(&str, &str)]) {
    for (field, value) in expected {
        let found = event.field(field).map(|value| value.as_text().into_owned());
        assert_eq!(found.as_deref(), Some(*value), "{field}");
    }
}

/// Hundredths of a day and their text.
fn clock() -> impl Strategy<Value = (u32, String)> {
    (0_u32..8_640_000).prop_map(|hundredths| {
        let (seconds, rest) = (hundredths / 100, hundredths % 100);
        let text = format!("{:02}:{:02}:{:02}.{rest:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        (hundredths, text)
    })
}

proptest! {
    #[test]
    fn type_14_and_15(
        page in page(), job in name(), dd in name(), volume in "[A-Z0-9]{1,6}", member in name(),
        dataset in "[A-Z$#@][A-Z0-9.$#@-]{0,42}", is_write in any::<bool>(), (hundredths, text) in clock(),
    ) {
        let mut record = smf(page, if is_write { 15 } else { 14 }, None, 244);
        record.text(18, 8, &job).time_date(26, hundredths, 2024, 366).text(34, 8, "");
        record.text(56, 8, &dd).text(68, 44, &dataset).text(112, 8, &member).text(186, 6, &volume);
        let event = decoded(page, &record.finish());
        let start = format!("2024-12-31T{text}");
        same(&event, &[
            ("smf.job_name", &job), ("smf.ddname", &dd), ("smf.volume", &volume), ("smf.reader_start", &start),
        ]);
        prop_assert_eq!(event.file, format!("{dataset}({member})"));
        prop_assert_eq!(event.process, job);
        prop_assert_eq!(event.problem, None);
    }

    #[test]
    fn type_30(
        page in page(), job in name(), program in name(), user in name(), group in name(), terminal in name(),
        subtype in 1_u16..=6, code in 0_u16..4096, abnormal in any::<bool>(), (hundredths, text) in clock(),
    ) {
        let mut record = smf(page, 30, Some(subtype), 152);
        record.text(18, 4, "JOB");
        let mut subsystem = Record::new(page);
        subsystem.text(4, 2, "05").text(6, 8, "SMF").text(14, 8, "SP7.2.5").text(22, 8, "SYSA").text(30, 8, "PLEX1");
        let mut identification = Record::new(page);
        identification.text(0, 8, &job).text(8, 8, &program).text(16, 8, "STEP1").text(32, 8, "JOB00042");
        identification.u16(40, 3).text(42, 1, "A").time_date(56, hundredths, 2026, 59);
        identification.text(100, 8, &group).text(108, 8, &user).text(116, 8, &terminal).put(184, &[0]);
        let mut completion = Record::new(page);
        completion.u16(0, usize::from(code)).u16(2, if abnormal { 0x0200 } else { 0 }).u32(4, 9);
        record.section(24, &subsystem).section(32, &identification).section(48, &completion);
        let event = decoded(page, &record.finish());
        let how = if abnormal { format!("abend S{code:03X}") } else { format!("return code {code}") };
        let (number, start) = (subtype.to_string(), format!("2026-02-28T{text}"));
        same(&event, &[
            ("smf.subtype", &number), ("smf.job_name", &job), ("smf.program", &program), ("smf.group", &group),
            ("smf.user", &user), ("smf.terminal", &terminal), ("smf.step_start", &start), ("smf.completion", &how),
        ]);
        let code = match subtype { 1 => Some(EventCode::SS01), 5 => Some(EventCode::SS02), _ => None };
        prop_assert_eq!(event.code, code);
        prop_assert_eq!(event.problem, None);
    }

    #[test]
    fn type_80(
        page in page(), user in name(), group in name(), terminal in name(), job in name(), qualifier in 0_u8..44,
        event_code in 1_u8..90, violation in any::<bool>(),
        sections in proptest::collection::vec((prop_oneof![Just(1_u8), Just(9), Just(17), Just(46), Just(200)], "[A-Z0-9.]{1,40}"), 0..12),
        extended in proptest::collection::vec((prop_oneof![Just(441_u16), Just(444), Just(1000)], "[A-Z0-9.]{1,300}"), 0..4),
    ) {
        let mut record = smf(page, 80, None, 97);
        record.put(18, &[if violation { 0x80 } else { 0 }, 0, event_code, qualifier]);
        record.text(22, 8, &user).text(30, 8, &group).text(46, 8, &terminal).text(54, 8, &job);
        record.text(70, 8, "").text(80, 4, "7791").text(84, 8, "");
        let start = record.bytes.len();
        record.u16(38, start - 4).u16(40, sections.len());
        for (kind, text) in &sections {
            let end = record.bytes.len();
            record.put(end, &[*kind, u8::try_from(text.len()).unwrap()]).text(end + 2, text.len(), text);
        }
        let start = record.bytes.len();
        record.u16(92, start - 4).u16(94, extended.len());
        for (kind, text) in &extended {
            let end = record.bytes.len();
            record.u16(end, usize::from(*kind)).u16(end + 2, text.len()).text(end + 4, text.len(), text);
        }
        let event = decoded(page, &record.finish());
        same(&event, &[("smf.user", &user), ("smf.group", &group), ("smf.terminal", &terminal), ("smf.job_name", &job)]);
        let named = |kind: u16| match kind {
            1 => "smf.resource".to_owned(),
            9 => "smf.profile".to_owned(),
            17 => "smf.class".to_owned(),
            46 => "smf.log_string".to_owned(),
            441 => "smf.mfa_factor".to_owned(),
            444 => "smf.mfa_policy".to_owned(),
            other => format!("smf.relocate.{other}"),
        };
        let expected: Vec<(String, String)> = sections.iter().map(|(kind, text)| (named(u16::from(*kind)), text.clone()))
            .chain(extended.iter().map(|(kind, text)| (named(*kind), text.clone()))).collect();
        let known: Vec<_> = expected.iter().map(|(name, _)| name.as_str()).collect();
        let found: Vec<(String, String)> = event.fields.iter()
            .filter(|(name, _)| known.contains(&&**name))
            .map(|(name, value)| (name.to_string(), value.as_text().into_owned())).collect();
        prop_assert_eq!(found, expected);
        if event_code == 1 {
            let code = match qualifier {
                0 | 12 | 20 | 21 | 22 | 24 | 31 | 32 | 40 => EventCode::LL01,
                8 | 13 => EventCode::LL02,
                7 | 35 => EventCode::SA08,
                26 | 37 => EventCode::LL05,
                41 => EventCode::LL08,
                _ => EventCode::LL03,
            };
            prop_assert_eq!(event.code, Some(code));
        }
        prop_assert_eq!(event.problem, None);
    }

    #[test]
    fn type_92_file_closed(page in page(), user in name(), path in "[a-z0-9/._-]{1,64}", pid in 1_u32..1_000_000, seconds in 0_i64..4_000_000_000) {
        let mut record = smf(page, 92, Some(11), 52);
        let mut subsystem = Record::new(page);
        subsystem.u16(0, 11).text(2, 2, "01").text(4, 8, "OMVS").text(12, 8, "SP7.2.5");
        let mut identification = Record::new(page);
        identification.text(0, 8, "JOB1").text(16, 8, "STEP1").text(24, 8, "GROUP1").text(32, 8, &user);
        identification.put(48, &pid.to_be_bytes()).put(71, &[0]);
        let mut data = Record::new(page);
        // The TOD clock counts in units of 2 to the power of -12 microseconds from 1900.
        let tod = u64::try_from((seconds + 2_208_988_800) * 1_000_000).unwrap() << 12;
        data.put(0, &tod.to_be_bytes()).put(8, &tod.to_be_bytes()).text(68, 64, &path);
        record.section(28, &subsystem).section(36, &identification).section(44, &data);
        let event = decoded(page, &record.finish());
        let closed = sentra_model::Timestamp::from_seconds(seconds).to_string();
        same(&event, &[("smf.user", &user), ("smf.path", &path), ("smf.pid", &pid.to_string()), ("smf.event_time", &closed)]);
        prop_assert_eq!(&event.file, &path);
        prop_assert_eq!(event.problem, None);
    }

    #[test]
    fn type_118_ftp_client(page in page(), user in name(), dataset in "[A-Z][A-Z0-9.]{0,43}", remote in any::<u32>(), port in 1_u16.., bytes in any::<u32>()) {
        prop_assume!(remote != 0 && remote != u32::MAX);
        let mut record = smf(page, 118, Some(3), 204);
        record.text(24, 4, "RETR").text(28, 4, "226").put(32, &[198, 51, 100, 1]).put(36, &remote.to_be_bytes());
        record.u16(40, 1025).put(42, &port.to_be_bytes()).text(48, 8, "ANON").text(56, 4, "ASFS");
        record.put(68, &bytes.to_be_bytes()).text(72, 1, "C").text(76, 44, &dataset).text(120, 8, "").text(188, 8, &user).text(196, 8, "HOST1");
        let event = decoded(page, &record.finish());
        let peer = std::net::Ipv4Addr::from(remote).to_string();
        prop_assert_eq!((event.dst_ip.as_ref(), event.dst_port, event.src_port), (peer.as_str(), port, 1025));
        prop_assert_eq!((event.user.as_ref(), event.file.as_ref()), (user.as_str(), dataset.as_str()));
        prop_assert_eq!(event.problem, None);
    }

    #[test]
    fn type_119(page in page(), subtype in prop_oneof![Just(1_u16), Just(2), Just(20), Just(21), Just(72)], job in name(), remote in any::<[u8; 16]>(), port in any::<u16>(), is_ipv4 in any::<bool>()) {
        let mut remote = remote;
        if is_ipv4 {
            remote[..10].fill(0);
            remote[10..12].fill(0xff);
        }
        let address = std::net::Ipv6Addr::from(remote).to_canonical();
        prop_assume!(!address.is_unspecified());
        let address = address.to_string();
        let mut record = smf(page, 119, Some(subtype), 44);
        record.u16(24, 2);
        let mut identification = Record::new(page);
        identification.text(0, 8, "SYSA").text(8, 8, "PLEX1").text(16, 8, "TCPIP").text(24, 8, "").text(32, 8, "TCP").text(40, 8, "TCPIP").text(48, 8, "TCPIP").put(63, &[0]);
        // Where name, remote address and remote port stand in the section of each subtype.
        let (name_at, address_at, port_at, length) = match subtype {
            1 => (0, 20, 52, 72),
            2 => (0, 36, 68, 120),
            20 => (0, 20, 52, 64),
            21 => (0, 20, 52, 100),
            _ => (36, 0, 32, 68),
        };
        let mut part = Record::new(page);
        part.put(length - 1, &[0]).text(name_at, 8, &job).put(address_at, &remote).put(port_at, &port.to_be_bytes());
        if matches!(subtype, 20 | 21) {
            part.text(8, 8, "TSO");
        }
        if subtype == 21 {
            part.text(56, 8, "HOST1");
        }
        if subtype == 72 {
            part.put(44, &[1]).text(52, 15, "FTPD100001");
        }
        record.section(28, &identification).section(36, &part);
        let event = decoded(page, &record.finish());
        prop_assert_eq!((event.src_ip.as_ref(), event.src_port), (address.as_str(), port));
        let field = match subtype { 1 | 2 => "smf.job_name", 20 | 21 => "smf.lu_name", _ => "smf.user" };
        same(&event, &[(field, &job), ("smf.component", "TCP"), ("smf.sysplex", "PLEX1")]);
        if subtype != 72 {
            prop_assert_eq!(event.problem, None);
        }
    }
}

#[test]
fn types_without_a_layout_are_events_with_their_header() {
    for record_type in 0..=u8::MAX {
        if matches!(record_type, 14 | 15 | 30 | 80 | 83 | 90 | 92 | 118 | 119) {
            continue;
        }
        let bytes = smf("1047", record_type, None, 40).finish();
        let event = event_of(decode_with(|context| decode_smf_in(context, CodePage::Ibm1047, &bytes)));
        let expected = format!("SMF record type {record_type} is known by its header only");
        assert_eq!(event.problem.as_deref(), Some(expected.as_str()));
        assert_eq!(
            (event.host.as_ref(), event.time.to_string().as_str()),
            ("SYS1", "2026-02-28T10:00:00.12Z")
        );
        assert!(event.message.starts_with(&format!("SMF record type {record_type}: ")), "{}", event.message);
    }
}

#[test]
fn subtypes_without_a_layout_say_so() {
    for (record_type, subtype) in [(30, 9), (83, 42), (92, 50), (119, 4)] {
        let bytes = smf("1047", record_type, Some(subtype), 200).finish();
        let event = event_of(decode_with(|context| decode_smf_in(context, CodePage::Ibm1047, &bytes)));
        let problem = event.problem.expect("a problem");
        assert!(problem.contains(&format!("subtype {subtype}")), "{record_type}: {problem}");
    }
}

#[test]
fn times_are_in_the_configured_zone() {
    let bytes = smf("1047", 14, None, 244).finish();
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(-5));
    let decoded = crate::legacy::tests::decode_in_zone(zone, |context| {
        decode_smf_in(context, CodePage::Ibm1047, &bytes)
    });
    assert_eq!(event_of(decoded).time.to_string(), "2026-02-28T15:00:00.12Z");
}
