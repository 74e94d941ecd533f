use expect_test::{Expect, expect};

use crate::test_kit::{decode, full, source, summary};

/// One line per record: what its header says.
fn check(records: &[&str], expected: Expect) {
    let source = source(None);
    let lines: Vec<_> = records.iter().map(|record| summary(&decode(&source, record.as_bytes()))).collect();
    expected.assert_eq(&lines.join("\n"));
}

/// One record with its fields.
fn check_full(record: &str, expected: Expect) {
    expected.assert_eq(&full(&decode(&source(None), record.as_bytes())));
}

#[test]
fn attributes_by_tabs() {
    check_full(
        "Mar  1 10:00:00 host1 LEEF:1.0|Example|Server|4.0|15345|src=192.0.2.7\tdst=198.51.100.9\tcat=anomaly\tsev=5\tmsg=two words = one value\tdevTime=Mar 01 2026 09:59:58 UTC\tusrName=alice\tsrcPort=81",
        expect![[r#"
            leef firewall 2026-03-01T09:59:58Z | class=4001 | -/unknown | product=Server | host=host1 | user=alice | src=192.0.2.7 | dst=198.51.100.9 | message=two words = one value | src_port=81
              hostname = host1
              deviceVendor = Example
              deviceProduct = Server
              deviceVersion = 4.0
              EventID = 15345
              src = 192.0.2.7
              dst = 198.51.100.9
              cat = anomaly
              sev = 5
              msg = two words = one value
              devTime = Mar 01 2026 09:59:58 UTC
              usrName = alice
              srcPort = 81
              src_ip = 192.0.2.7
              dst_ip = 198.51.100.9
              src_port = 81"#]],
    );
}

#[test]
fn delimiters() {
    check(
        &[
            "LEEF:2.0|Example|Gateway|1|login failed|^|src=192.0.2.7^usrName=alice^devTime=1772359200000",
            "LEEF:2.0|Example|Gateway|1|deny|x5E|src=192.0.2.7^dst=198.51.100.9^devTime=1772359200000",
            "LEEF:2.0|Example|Gateway|1|deny|0x09|src=192.0.2.7\tdst=2001:db8::9\tdevTime=1772359200000",
            "LEEF:2.0|Example|Gateway|1|deny||src=192.0.2.7\tdst=198.51.100.9\tdevTime=1772359200000",
            "LEEF:2.0|Example|Gateway|1|deny|src=192.0.2.7\tdst=198.51.100.9\tdevTime=1772359200000",
            "LEEF:2.0|Example|Gateway|1|deny|||src=192.0.2.7|dst=198.51.100.9|devTime=1772359200000",
            "<13>Mar  1 10:00:00 gw1 LEEF:1.0|Example|Gateway|1|deny|src=192.0.2.7#011dst=198.51.100.9#011action=denied",
            "<13>Mar  1 10:00:00 gw1 LEEF: 1.0|Example|Gateway|1|allow|src=192.0.2.7",
        ],
        expect![[r#"
            leef firewall 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=Gateway | user=alice | src=192.0.2.7
            leef firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=Gateway | src=192.0.2.7 | dst=198.51.100.9
            leef firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=Gateway | src=192.0.2.7 | dst=2001:db8::9
            leef firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=Gateway | src=192.0.2.7 | dst=198.51.100.9
            leef firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=Gateway | src=192.0.2.7 | dst=198.51.100.9
            leef firewall 2026-03-01T12:00:00Z | class=0 | -/failure | product=Gateway | problem=no time in the record, arrival time taken
            leef firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=Gateway | host=gw1 | src=192.0.2.7 | dst=198.51.100.9
            leef firewall 2026-03-01T10:00:00Z | class=0 | -/success | product=Gateway | host=gw1 | src=192.0.2.7"#]],
    );
}

#[test]
fn odd_records() {
    check(
        &[
            "<176>Mar  1 10:00:00 ibmi1 LEEF:1.0|Example|Firewall|1.0|GRE7860|usrName=ALICE\tdevTime=2026-03-01-09.59.58.000\tdevTimeFormat=yyyy-MM-dd-HH.mm.ss.SSS\tsev=10\tjobName=948290/QUSER/QRWTSRVR\tpgmName=*NONE",
            "LEEF:1.0|Example|Proxy|1|allowed|devTime=1772359200000\turl=https://www.example.com/a?b=c\tmethod=GET\tuserAgent=curl\tsrc=192.0.2.7",
            "LEEF:1.0|Example|Gateway|1|x|stray\t=nameless\tsrc=192.0.2.7",
            "LEEF:1.0|Example|Gateway|1|x",
            "LEEF:1.0|Example|Gateway|1",
            "LEEF:3.0|Example|Gateway|1|x|a=b",
        ],
        expect![[r#"
            leef firewall 2026-03-01T09:59:58Z | class=0 | -/unknown | product=Firewall | host=ibmi1 | user=ALICE | process=*NONE | session=948290/QUSER/QRWTSRVR
            leef firewall 2026-03-01T10:00:00Z | class=4002 | -/success | product=Proxy | src=192.0.2.7 | domain=www.example.com
            leef firewall 2026-03-01T12:00:00Z | class=0 | -/unknown | product=Gateway | src=192.0.2.7 | problem=2 attributes without a name, kept as fields; no time in the record, arrival time taken
            leef firewall 2026-03-01T12:00:00Z | class=0 | -/unknown | product=Gateway | problem=no time in the record, arrival time taken
            text linux 2026-03-01T12:00:00Z | class=0 | -/unknown | message=LEEF:1.0|Example|Gateway|1 | problem=no known format, kept as text; no time in the record, arrival time taken
            text linux 2026-03-01T12:00:00Z | class=0 | -/unknown | message=LEEF:3.0|Example|Gateway|1|x|a=b | problem=no known format, kept as text; no time in the record, arrival time taken"#]],
    );
}
