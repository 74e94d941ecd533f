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
fn an_http_event_with_its_fields() {
    check_full(
        r#"{"timestamp":"2026-03-01T10:00:00.123456+0100","flow_id":1398609176796675,"in_iface":"eth0","event_type":"http","src_ip":"192.0.2.7","src_port":40022,"dest_ip":"198.51.100.9","dest_port":80,"proto":"TCP","tx_id":0,"http":{"hostname":"www.example.com","url":"/a?b=c","http_user_agent":"curl/8","http_method":"GET","protocol":"HTTP/1.1","status":404,"length":166}}"#,
        expect![[r#"
            suricata firewall 2026-03-01T09:00:00.123456Z | class=4002 | -/failure | product=suricata | service=http | src=192.0.2.7 | dst=198.51.100.9 | session=1398609176796675 | domain=www.example.com | src_port=40022 | dst_port=80
              timestamp = 2026-03-01T10:00:00.123456+0100
              flow_id = 1398609176796675
              in_iface = eth0
              event_type = http
              src_ip = 192.0.2.7
              src_port = 40022
              dest_ip = 198.51.100.9
              dest_port = 80
              proto = TCP
              tx_id = 0
              http.hostname = www.example.com
              http.url = /a?b=c
              http.http_user_agent = curl/8
              http.http_method = GET
              http.protocol = HTTP/1.1
              http.status = 404
              http.length = 166
              cs-method = GET
              c-useragent = curl/8
              cs-user-agent = curl/8
              cs-host = www.example.com
              sc-status = 404
              cs-uri-stem = /a
              cs-uri-query = b=c
              c-uri = /a?b=c
              cs-uri = /a?b=c
              dst_ip = 198.51.100.9
              dst_port = 80"#]],
    );
}

#[test]
fn events() {
    check(
        &[
            r#"{"timestamp":"2026-03-01T10:00:00.123456+0100","flow_id":1398609176796675,"in_iface":"eth0","event_type":"alert","src_ip":"192.0.2.7","src_port":40022,"dest_ip":"198.51.100.9","dest_port":80,"proto":"TCP","app_proto":"http","alert":{"action":"blocked","gid":1,"signature_id":2001219,"rev":20,"signature":"ET SCAN Potential SSH Scan","category":"Attempted Information Leak","severity":1,"metadata":{"cve":["CVE_2021_0001"]}}}"#,
            r#"{"timestamp":"2026-03-01T10:00:00.123456+0100","flow_id":1398609176796675,"in_iface":"eth0","event_type":"dns","src_ip":"192.0.2.7","src_port":40022,"dest_ip":"198.51.100.9","dest_port":80,"proto":"TCP","dns":{"type":"answer","id":1,"rrname":"www.example.com","rrtype":"A","rcode":"NXDOMAIN"}}"#,
            r#"{"timestamp":"2026-03-01T10:00:00.123456+0100","flow_id":1398609176796675,"in_iface":"eth0","event_type":"dns","src_ip":"192.0.2.7","src_port":40022,"dest_ip":"198.51.100.9","dest_port":80,"proto":"TCP","dns":{"version":3,"type":"response","queries":[{"rrname":"www.example.com","rrtype":"AAAA"}],"rcode":"NOERROR","answers":[{"rrname":"www.example.com","rrtype":"AAAA","rdata":"2001:db8::9"}]}}"#,
            r#"{"timestamp":"2026-03-01T10:00:00.123456+0100","flow_id":1398609176796675,"in_iface":"eth0","event_type":"tls","src_ip":"192.0.2.7","src_port":40022,"dest_ip":"198.51.100.9","dest_port":80,"proto":"TCP","tls":{"subject":"CN=www.example.com","sni":"www.example.com","version":"TLS 1.3"}}"#,
            r#"{"timestamp":"2026-03-01T10:00:00.123456+0100","flow_id":1398609176796675,"in_iface":"eth0","event_type":"flow","src_ip":"192.0.2.7","src_port":40022,"dest_ip":"198.51.100.9","dest_port":80,"proto":"TCP","app_proto":"tls","flow":{"pkts_toserver":5,"state":"closed","reason":"timeout"}}"#,
            r#"{"timestamp":"2026-03-01T10:00:00.123456+0100","flow_id":1398609176796675,"in_iface":"eth0","event_type":"fileinfo","src_ip":"192.0.2.7","src_port":40022,"dest_ip":"198.51.100.9","dest_port":80,"proto":"TCP","fileinfo":{"filename":"/x.exe","state":"CLOSED","size":10}}"#,
            r#"{"timestamp":"2026-03-01T10:00:00.123456+0100","flow_id":1398609176796675,"in_iface":"eth0","event_type":"ssh","src_ip":"192.0.2.7","src_port":40022,"dest_ip":"198.51.100.9","dest_port":80,"proto":"TCP","ssh":{"client":{"software_version":"OpenSSH_9.0"}}}"#,
            r#"{"timestamp":"2026-03-01T10:00:00.123456+0100","flow_id":1398609176796675,"in_iface":"eth0","event_type":"smtp","src_ip":"192.0.2.7","src_port":40022,"dest_ip":"198.51.100.9","dest_port":80,"proto":"TCP","smtp":{"helo":"mx.example.com","mail_from":"<a@example.com>"}}"#,
            r#"{"timestamp":"2026-03-01T10:00:00.123456+0100","flow_id":1398609176796675,"in_iface":"eth0","event_type":"anomaly","src_ip":"192.0.2.7","src_port":40022,"dest_ip":"198.51.100.9","dest_port":80,"proto":"TCP","anomaly":{"type":"decode","event":"decoder.ipv4.trunc_pkt"}}"#,
            r#"{"timestamp":"2026-03-01T10:00:00.123456+0000","event_type":"stats","stats":{"uptime":100,"capture":{"kernel_drops":3}}}"#,
            r#"<13>Mar  1 10:00:00 ids1 suricata: {"timestamp":"2026-03-01T10:00:00.123456+0100","flow_id":1398609176796675,"in_iface":"eth0","event_type":"drop","src_ip":"192.0.2.7","src_port":40022,"dest_ip":"198.51.100.9","dest_port":80,"proto":"TCP","drop":{"len":40}}"#,
        ],
        expect![[r#"
            suricata firewall 2026-03-01T09:00:00.123456Z | class=2004 | -/failure | product=suricata | service=alert | src=192.0.2.7 | dst=198.51.100.9 | session=1398609176796675 | app=http | message=ET SCAN Potential SSH Scan | src_port=40022 | dst_port=80
            suricata firewall 2026-03-01T09:00:00.123456Z | class=4003 | -/failure | product=suricata | service=dns | src=192.0.2.7 | dst=198.51.100.9 | session=1398609176796675 | domain=www.example.com | src_port=40022 | dst_port=80
            suricata firewall 2026-03-01T09:00:00.123456Z | class=4003 | -/success | product=suricata | service=dns | src=192.0.2.7 | dst=198.51.100.9 | session=1398609176796675 | domain=www.example.com | src_port=40022 | dst_port=80
            suricata firewall 2026-03-01T09:00:00.123456Z | class=4001 | -/unknown | product=suricata | service=tls | src=192.0.2.7 | dst=198.51.100.9 | session=1398609176796675 | domain=www.example.com | src_port=40022 | dst_port=80
            suricata firewall 2026-03-01T09:00:00.123456Z | class=4001 | -/unknown | product=suricata | service=flow | src=192.0.2.7 | dst=198.51.100.9 | session=1398609176796675 | app=tls | src_port=40022 | dst_port=80
            suricata firewall 2026-03-01T09:00:00.123456Z | class=4010 | -/unknown | product=suricata | service=fileinfo | src=192.0.2.7 | dst=198.51.100.9 | session=1398609176796675 | file=/x.exe | src_port=40022 | dst_port=80
            suricata firewall 2026-03-01T09:00:00.123456Z | class=4007 | -/unknown | product=suricata | service=ssh | src=192.0.2.7 | dst=198.51.100.9 | session=1398609176796675 | src_port=40022 | dst_port=80
            suricata firewall 2026-03-01T09:00:00.123456Z | class=4009 | -/unknown | product=suricata | service=smtp | src=192.0.2.7 | dst=198.51.100.9 | session=1398609176796675 | src_port=40022 | dst_port=80
            suricata firewall 2026-03-01T09:00:00.123456Z | class=2004 | -/unknown | product=suricata | service=anomaly | src=192.0.2.7 | dst=198.51.100.9 | session=1398609176796675 | message=decoder.ipv4.trunc_pkt | src_port=40022 | dst_port=80
            suricata firewall 2026-03-01T10:00:00.123456Z | class=0 | -/unknown | product=suricata | service=stats
            suricata firewall 2026-03-01T09:00:00.123456Z | class=4001 | -/failure | product=suricata | service=drop | host=ids1 | src=192.0.2.7 | dst=198.51.100.9 | session=1398609176796675 | src_port=40022 | dst_port=80"#]],
    );
}
