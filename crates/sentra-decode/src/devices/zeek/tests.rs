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
fn a_flattened_connection_with_its_fields() {
    check_full(
        r#"{"@stream":"conn","@system":"sensor1","@proc":"zeek","ts":1772359200.5,"uid":"C1","id_orig_h":"192.0.2.7","id_orig_p":40022,"id_resp_h":"198.51.100.9","id_resp_p":53,"proto":"udp","service":"dns","conn_state":"SF"}"#,
        expect![[r#"
            zeek firewall 2026-03-01T10:00:00.5Z | class=4001 | -/success | product=zeek | service=conn | host=sensor1 | src=192.0.2.7 | dst=198.51.100.9 | session=C1 | app=dns | src_port=40022 | dst_port=53
              @stream = conn
              @system = sensor1
              @proc = zeek
              ts = 1772359200.5
              uid = C1
              id_orig_h = 192.0.2.7
              id_orig_p = 40022
              id_resp_h = 198.51.100.9
              id_resp_p = 53
              proto = udp
              service = dns
              conn_state = SF
              id.orig_h = 192.0.2.7
              id.orig_p = 40022
              id.resp_h = 198.51.100.9
              id.resp_p = 53
              src_ip = 192.0.2.7
              dst_ip = 198.51.100.9
              src_port = 40022
              dst_port = 53
              blocked = false"#]],
    );
}

#[test]
fn logs_as_json() {
    check(
        &[
            r#"{"_path":"conn","_system_name":"sensor1","ts":1772359200.5,"uid":"CHhAvVGS1DHFjwGM9","id.orig_h":"192.0.2.7","id.orig_p":40022,"id.resp_h":"198.51.100.9","id.resp_p":443,"proto":"tcp","conn_state":"REJ"}"#,
            r#"{"_path":"dns","_system_name":"sensor1","ts":1772359200.5,"uid":"CHhAvVGS1DHFjwGM9","id.orig_h":"192.0.2.7","id.orig_p":40022,"id.resp_h":"198.51.100.9","id.resp_p":443,"query":"www.example.com","qtype_name":"A","rcode_name":"NXDOMAIN","rejected":false}"#,
            r#"{"_path":"http","_system_name":"sensor1","ts":1772359200.5,"uid":"CHhAvVGS1DHFjwGM9","id.orig_h":"192.0.2.7","id.orig_p":40022,"id.resp_h":"198.51.100.9","id.resp_p":443,"trans_depth":1,"method":"GET","host":"www.example.com","uri":"/a?b=c","user_agent":"curl/8","status_code":200}"#,
            r#"{"_path":"ssl","_system_name":"sensor1","ts":1772359200.5,"uid":"CHhAvVGS1DHFjwGM9","id.orig_h":"192.0.2.7","id.orig_p":40022,"id.resp_h":"198.51.100.9","id.resp_p":443,"version":"TLSv13","server_name":"www.example.com","established":true}"#,
            r#"{"_path":"files","ts":"2026-03-01T10:00:00.5Z","fuid":"F1","tx_hosts":["192.0.2.7"],"rx_hosts":["198.51.100.9"],"conn_uids":["C1"],"source":"HTTP","filename":"x.exe","seen_bytes":10}"#,
            r#"{"_path":"notice","_system_name":"sensor1","ts":1772359200.5,"uid":"CHhAvVGS1DHFjwGM9","id.orig_h":"192.0.2.7","id.orig_p":40022,"id.resp_h":"198.51.100.9","id.resp_p":443,"note":"SSL::Invalid_Server_Cert","msg":"certificate validation failed","suppress_for":3600.0}"#,
            r#"{"_path":"weird","_system_name":"sensor1","ts":1772359200.5,"uid":"CHhAvVGS1DHFjwGM9","id.orig_h":"192.0.2.7","id.orig_p":40022,"id.resp_h":"198.51.100.9","id.resp_p":443,"name":"bad_TCP_checksum","notice":false,"peer":"zeek"}"#,
            r#"{"_path":"ssh","_system_name":"sensor1","ts":1772359200.5,"uid":"CHhAvVGS1DHFjwGM9","id.orig_h":"192.0.2.7","id.orig_p":40022,"id.resp_h":"198.51.100.9","id.resp_p":443,"version":2,"auth_success":false,"auth_attempts":3}"#,
            r#"{"_path":"kerberos","_system_name":"sensor1","ts":1772359200.5,"uid":"CHhAvVGS1DHFjwGM9","id.orig_h":"192.0.2.7","id.orig_p":40022,"id.resp_h":"198.51.100.9","id.resp_p":443,"request_type":"AS","client":"alice/EXAMPLE.TEST","service":"krbtgt/EXAMPLE.TEST","success":false}"#,
            r#"{"_path":"ntlm","_system_name":"sensor1","ts":1772359200.5,"uid":"CHhAvVGS1DHFjwGM9","id.orig_h":"192.0.2.7","id.orig_p":40022,"id.resp_h":"198.51.100.9","id.resp_p":443,"username":"alice","hostname":"ws1","domainname":"EXAMPLE","success":true}"#,
            r#"{"_path":"smb_files","_system_name":"sensor1","ts":1772359200.5,"uid":"CHhAvVGS1DHFjwGM9","id.orig_h":"192.0.2.7","id.orig_p":40022,"id.resp_h":"198.51.100.9","id.resp_p":443,"action":"SMB::FILE_OPEN","path":"\\\\fs1\\IPC$","name":"atsvc"}"#,
            r#"{"_path":"smb_mapping","_system_name":"sensor1","ts":1772359200.5,"uid":"CHhAvVGS1DHFjwGM9","id.orig_h":"192.0.2.7","id.orig_p":40022,"id.resp_h":"198.51.100.9","id.resp_p":443,"path":"\\\\fs1\\C$","share_type":"DISK"}"#,
            r#"{"_path":"dce_rpc","_system_name":"sensor1","ts":1772359200.5,"uid":"CHhAvVGS1DHFjwGM9","id.orig_h":"192.0.2.7","id.orig_p":40022,"id.resp_h":"198.51.100.9","id.resp_p":443,"rtt":0.1,"named_pipe":"135","endpoint":"svcctl","operation":"CreateServiceW"}"#,
            r#"{"_path":"rdp","_system_name":"sensor1","ts":1772359200.5,"uid":"CHhAvVGS1DHFjwGM9","id.orig_h":"192.0.2.7","id.orig_p":40022,"id.resp_h":"198.51.100.9","id.resp_p":443,"cookie":"alice","result":"encrypted","security_protocol":"HYBRID"}"#,
            r#"{"ts":1772359200.5,"id":"F1","certificate.version":3,"certificate.serial":"8BB00EE","certificate.subject":"CN=example"}"#,
            r#"{"ts":1772359200.5,"uid":"C1","id.orig_h":"2001:db8::7","id.orig_p":1,"id.resp_h":"2001:db8::9","id.resp_p":445,"path":"\\\\fs1\\C$","share_type":"DISK"}"#,
        ],
        expect![[r#"
            zeek firewall 2026-03-01T10:00:00.5Z | class=4001 | -/failure | product=zeek | service=conn | host=sensor1 | src=192.0.2.7 | dst=198.51.100.9 | session=CHhAvVGS1DHFjwGM9 | src_port=40022 | dst_port=443
            zeek firewall 2026-03-01T10:00:00.5Z | class=4003 | -/failure | product=zeek | service=dns | host=sensor1 | src=192.0.2.7 | dst=198.51.100.9 | session=CHhAvVGS1DHFjwGM9 | domain=www.example.com | src_port=40022 | dst_port=443
            zeek firewall 2026-03-01T10:00:00.5Z | class=4002 | -/success | product=zeek | service=http | host=sensor1 | src=192.0.2.7 | dst=198.51.100.9 | session=CHhAvVGS1DHFjwGM9 | domain=www.example.com | src_port=40022 | dst_port=443
            zeek firewall 2026-03-01T10:00:00.5Z | class=4001 | -/success | product=zeek | service=ssl | host=sensor1 | src=192.0.2.7 | dst=198.51.100.9 | session=CHhAvVGS1DHFjwGM9 | domain=www.example.com | src_port=40022 | dst_port=443
            zeek firewall 2026-03-01T10:00:00.5Z | class=4010 | -/unknown | product=zeek | service=files | src=192.0.2.7 | dst=198.51.100.9 | session=C1 | file=x.exe
            zeek firewall 2026-03-01T10:00:00.5Z | class=2004 | -/unknown | product=zeek | service=notice | host=sensor1 | src=192.0.2.7 | dst=198.51.100.9 | session=CHhAvVGS1DHFjwGM9 | message=certificate validation failed | src_port=40022 | dst_port=443
            zeek firewall 2026-03-01T10:00:00.5Z | class=4001 | -/unknown | product=zeek | service=weird | host=sensor1 | src=192.0.2.7 | dst=198.51.100.9 | session=CHhAvVGS1DHFjwGM9 | message=bad_TCP_checksum | src_port=40022 | dst_port=443
            zeek firewall 2026-03-01T10:00:00.5Z | class=4007 | -/failure | product=zeek | service=ssh | host=sensor1 | src=192.0.2.7 | dst=198.51.100.9 | session=CHhAvVGS1DHFjwGM9 | src_port=40022 | dst_port=443
            zeek firewall 2026-03-01T10:00:00.5Z | class=3002 | -/failure | product=zeek | service=kerberos | host=sensor1 | user=alice/EXAMPLE.TEST | src=192.0.2.7 | dst=198.51.100.9 | session=CHhAvVGS1DHFjwGM9 | app=krbtgt/EXAMPLE.TEST | src_port=40022 | dst_port=443
            zeek firewall 2026-03-01T10:00:00.5Z | class=3002 | -/success | product=zeek | service=ntlm | host=sensor1 | user=alice | src=192.0.2.7 | dst=198.51.100.9 | session=CHhAvVGS1DHFjwGM9 | src_port=40022 | dst_port=443
            zeek firewall 2026-03-01T10:00:00.5Z | class=4006 | -/unknown | product=zeek | service=smb_files | host=sensor1 | src=192.0.2.7 | dst=198.51.100.9 | session=CHhAvVGS1DHFjwGM9 | file=atsvc | src_port=40022 | dst_port=443
            zeek firewall 2026-03-01T10:00:00.5Z | class=4006 | -/unknown | product=zeek | service=smb_mapping | host=sensor1 | src=192.0.2.7 | dst=198.51.100.9 | session=CHhAvVGS1DHFjwGM9 | file=\\fs1\C$ | src_port=40022 | dst_port=443
            zeek firewall 2026-03-01T10:00:00.5Z | class=4001 | -/unknown | product=zeek | service=dce_rpc | host=sensor1 | src=192.0.2.7 | dst=198.51.100.9 | command=CreateServiceW | session=CHhAvVGS1DHFjwGM9 | app=svcctl | src_port=40022 | dst_port=443
            zeek firewall 2026-03-01T10:00:00.5Z | class=4005 | -/unknown | product=zeek | service=rdp | host=sensor1 | user=alice | src=192.0.2.7 | dst=198.51.100.9 | session=CHhAvVGS1DHFjwGM9 | src_port=40022 | dst_port=443
            zeek firewall 2026-03-01T10:00:00.5Z | class=0 | -/unknown | product=zeek | service=x509
            zeek firewall 2026-03-01T10:00:00.5Z | class=4006 | -/unknown | product=zeek | service=smb_mapping | src=2001:db8::7 | dst=2001:db8::9 | session=C1 | file=\\fs1\C$ | src_port=1 | dst_port=445"#]],
    );
}

#[test]
fn tabs_with_their_fields() {
    check_full(
        "#zeek_tsv path=dns sep=%09 set=, empty=(empty) unset=- fields=ts,uid,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,query,qtype_name,rcode_name,AA?,answers*\n1772359200.500000\tC1\t192.0.2.7\t40022\t198.51.100.53\t53\tudp\twww.example.com\tA\tNOERROR\tT\t198.51.100.9,www.example.net",
        expect![[r#"
            zeek_tsv firewall 2026-03-01T10:00:00.5Z | class=4003 | -/success | product=zeek | service=dns | src=192.0.2.7 | dst=198.51.100.53 | session=C1 | domain=www.example.com | src_port=40022 | dst_port=53
              ts = 1772359200.500000
              uid = C1
              id.orig_h = 192.0.2.7
              id.orig_p = 40022
              id.resp_h = 198.51.100.53
              id.resp_p = 53
              proto = udp
              query = www.example.com
              qtype_name = A
              rcode_name = NOERROR
              AA = true
              answers = 198.51.100.9
              answers = www.example.net
              record_type = A
              answer = 198.51.100.9
              answer = www.example.net"#]],
    );
}

#[test]
fn odd_tabs() {
    check(
        &[
            "#zeek_tsv path=dns sep=%09 set=, empty=(empty) unset=- fields=ts,uid,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,query,qtype_name,rcode_name,AA?,answers*\n1772359200.500000\tC1\t2001:db8::7\t40022\t2001:db8::53\t53\tudp\tcaf\\xc3\\xa9.example.com\tA\t-\tF\t(empty)",
            "#zeek_tsv path=dns sep=%09 set=, empty=(empty) unset=- fields=ts,uid,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,query,qtype_name,rcode_name,AA?,answers*\n1772359200.500000\tC1\t192.0.2.7",
            "#zeek_tsv path=dns sep=%09 set=, empty=(empty) unset=- fields=ts,uid,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,query,qtype_name,rcode_name,AA?,answers*\n1772359200.500000\tC1\t192.0.2.7\t1\t198.51.100.53\t53\tudp\tq\tA\t-\tF\t-\tmore\tand more",
            "#zeek_tsv path=dns sep=%09 set=, empty=(empty) unset=- fields=ts,uid,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,query,qtype_name,rcode_name,AA?,answers*\nnot a time\t\t\t",
            "#zeek_tsv path=dns fields=\nx",
            "#zeek_tsv",
        ],
        expect![[r#"
            zeek_tsv firewall 2026-03-01T10:00:00.5Z | class=4003 | -/unknown | product=zeek | service=dns | src=2001:db8::7 | dst=2001:db8::53 | session=C1 | domain=café.example.com | src_port=40022 | dst_port=53
            zeek_tsv firewall 2026-03-01T10:00:00.5Z | class=4003 | -/unknown | product=zeek | service=dns | src=192.0.2.7 | session=C1 | problem=9 columns missing at the end of the line
            zeek_tsv firewall 2026-03-01T10:00:00.5Z | class=4003 | -/unknown | product=zeek | service=dns | src=192.0.2.7 | dst=198.51.100.53 | session=C1 | domain=q | src_port=1 | dst_port=53 | problem=2 columns beyond those of the header
            zeek_tsv firewall 2026-03-01T12:00:00Z | class=4003 | -/unknown | product=zeek | service=dns | problem=no time in the record, arrival time taken; 11 columns missing at the end of the line
            text linux 2026-03-01T12:00:00Z | class=0 | -/unknown | message=#zeek_tsv path=dns fields=
            x | problem=no known format, kept as text; no time in the record, arrival time taken
            text linux 2026-03-01T12:00:00Z | class=0 | -/unknown | message=#zeek_tsv | problem=no known format, kept as text; no time in the record, arrival time taken"#]],
    );
}
