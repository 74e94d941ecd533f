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
fn alerts() {
    check(
        &[
            r#"{ "timestamp" : "03/01-10:00:00.123456", "pkt_num" : 5, "proto" : "TCP", "pkt_gen" : "stream_tcp", "pkt_len" : 97, "dir" : "C2S", "src_ap" : "192.0.2.7:50284", "dst_ap" : "198.51.100.9:80", "rule" : "1:1000000:0", "action" : "would_drop" }"#,
            r#"{"seconds":1772359200,"action":"drop","class":"none","dst_addr":"2001:db8::9","dst_port":80,"gid":1,"sid":1000000,"rev":2,"msg":"test","priority":1,"proto":"TCP","src_addr":"2001:db8::7","src_port":50284,"pkt_gen":"raw","service":"http"}"#,
        ],
        expect![[r#"
            snort_json firewall 2026-03-01T10:00:00.123456Z | class=2004 | -/unknown | product=snort | src=192.0.2.7 | dst=198.51.100.9 | src_port=50284 | dst_port=80
            snort_json firewall 2026-03-01T10:00:00Z | class=2004 | -/failure | product=snort | src=2001:db8::7 | dst=2001:db8::9 | app=http | message=test | src_port=50284 | dst_port=80"#]],
    );
}

#[test]
fn an_alert_with_its_fields() {
    check_full(
        r#"{"timestamp":"03/01-10:00:00.123456","pkt_num":5,"proto":"ICMP","src_ap":"192.0.2.7:0","dst_ap":"198.51.100.9:0","rule":"1:384:8","action":"allow","msg":"PING"}"#,
        expect![[r#"
            snort_json firewall 2026-03-01T10:00:00.123456Z | class=2004 | -/success | product=snort | src=192.0.2.7 | dst=198.51.100.9 | message=PING
              timestamp = 03/01-10:00:00.123456
              pkt_num = 5
              proto = ICMP
              src_ap = 192.0.2.7:0
              dst_ap = 198.51.100.9:0
              rule = 1:384:8
              action = allow
              msg = PING
              gid = 1
              sid = 384
              rev = 8
              src_ip = 192.0.2.7
              dst_ip = 198.51.100.9
              blocked = false"#]],
    );
}
