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
fn an_alert_with_its_fields() {
    check_full(
        "03/01/2026-10:00:00.123456  [**] [1:2001219:20] ET SCAN Potential SSH Scan [**] [Classification: Attempted Information Leak] [Priority: 2] {TCP} 192.0.2.7:40022 -> 198.51.100.9:22",
        expect![[r#"
            suricata_fast firewall 2026-03-01T10:00:00.123456Z | class=2004 | -/unknown | product=suricata | src=192.0.2.7 | dst=198.51.100.9 | message=ET SCAN Potential SSH Scan | src_port=40022 | dst_port=22
              gid = 1
              sid = 2001219
              rev = 20
              msg = ET SCAN Potential SSH Scan
              classification = Attempted Information Leak
              priority = 2
              proto = TCP
              src_ap = 192.0.2.7:40022
              dst_ap = 198.51.100.9:22
              src_ip = 192.0.2.7
              dst_ip = 198.51.100.9
              src_port = 40022
              dst_port = 22"#]],
    );
}

#[test]
fn alerts() {
    check(
        &[
            "03/01/2026-10:00:00.123456  [Drop] [**] [1:2001219:20] ET SCAN [with brackets] here [**] [Classification: (null)] [Priority: 1] {UDP} 2001:0db8:0000:0000:0000:0000:0000:0007:5116 -> 2001:0db8:0000:0000:0000:0000:0000:0009:5060",
            "Mar  1 10:00:00 ids1 suricata[412]: [1:2001219:20] ET SCAN Potential SSH Scan [Classification: Attempted Information Leak] [Priority: 2] {TCP} 192.0.2.7:40022 -> 198.51.100.9:22",
            r#"03/01-10:00:00.123456 [**] [1:1000001:1] "SSH brute force" [**] [Classification: Misc Attack] [Priority: 2] {TCP} 192.0.2.7:40022 -> 198.51.100.9:22"#,
            "03/01/26-10:00:00.123456  [**] [116:55:1] (snort_decoder): Truncated Tcp Options [**] [Priority: 3] {ICMP} 192.0.2.7 -> 198.51.100.9",
            "Mar  1 10:00:00 ids1 snort[999]: [1:2003:8] MS-SQL Worm propagation attempt [Classification: Misc Attack] [Priority: 2]: {UDP} 192.0.2.7:4000 -> 198.51.100.9:1434",
            "Mar  1 10:00:00 ids1 snort: [1:2003:8] worm {UDP} [2001:db8::7]:4000 -> 2001:db8::9",
            "[**] [1:1000001:1] full alert [**]\n[Classification: Misc Attack] [Priority: 1] \n03/01-10:00:00.123456 192.0.2.7:40022 -> 198.51.100.9:22\nTCP TTL:64 TOS:0x0 ID:1 IpLen:20 DgmLen:60 DF",
            "03/01-10:00:00.123456 [**] [1:1000001:1] cut off",
            "Mar  1 10:00:00 ids1 suricata: 1/3/2026 -- 10:00:00 - <Notice> - all 4 packet processing threads initialized",
            "Mar  1 10:00:00 web1 app: [1:2:3] is a list",
        ],
        expect![[r#"
            suricata_fast firewall 2026-03-01T10:00:00.123456Z | class=2004 | -/failure | product=suricata | src=2001:0db8:0000:0000:0000:0000:0000:0007 | dst=2001:0db8:0000:0000:0000:0000:0000:0009 | message=ET SCAN [with brackets] here | src_port=5116 | dst_port=5060
            suricata_fast firewall 2026-03-01T10:00:00Z | class=2004 | -/unknown | product=suricata | host=ids1 | src=192.0.2.7 | dst=198.51.100.9 | message=ET SCAN Potential SSH Scan | src_port=40022 | dst_port=22
            snort firewall 2026-03-01T10:00:00.123456Z | class=2004 | -/unknown | product=snort | src=192.0.2.7 | dst=198.51.100.9 | message=SSH brute force | src_port=40022 | dst_port=22
            snort firewall 2026-03-01T10:00:00.123456Z | class=2004 | -/unknown | product=snort | src=192.0.2.7 | dst=198.51.100.9 | message=(snort_decoder): Truncated Tcp Options
            snort firewall 2026-03-01T10:00:00Z | class=2004 | -/unknown | product=snort | host=ids1 | src=192.0.2.7 | dst=198.51.100.9 | message=MS-SQL Worm propagation attempt | src_port=4000 | dst_port=1434
            snort firewall 2026-03-01T10:00:00Z | class=2004 | -/unknown | product=snort | host=ids1 | src=2001:db8::7 | dst=2001:db8::9 | message=worm | src_port=4000
            snort firewall 2026-03-01T10:00:00.123456Z | class=2004 | -/unknown | product=snort | src=192.0.2.7 | dst=198.51.100.9 | message=full alert | src_port=40022 | dst_port=22
            snort firewall 2026-03-01T10:00:00.123456Z | class=2004 | -/unknown | product=snort | message=cut off | problem=no addresses in the alert
            syslog linux 2026-03-01T10:00:00Z | class=0 | -/unknown | product=linux | service=syslog | host=ids1 | process=suricata | app=suricata | message=1/3/2026 -- 10:00:00 - <Notice> - all 4 packet processing threads initialized
            syslog linux 2026-03-01T10:00:00Z | class=0 | -/unknown | product=linux | service=syslog | host=web1 | process=app | app=app | message=[1:2:3] is a list"#]],
    );
}
