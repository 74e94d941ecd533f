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
fn a_connection_with_its_fields() {
    check_full(
        r"<166>Mar 01 2026 10:00:00 fw1 : %ASA-6-302013: Built inbound TCP connection 4711 for outside:198.51.100.9/40022 (198.51.100.9/40022)(LOCAL\bob) to inside:192.0.2.7/443 (203.0.113.1/443) (bob)",
        expect![[r#"
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/success | product=cisco | host=fw1 | user=bob | src=198.51.100.9 | dst=192.0.2.7 | session=4711 | message=Built inbound TCP connection 4711 for outside:198.51.100.9/40022 (198.51.100.9/40022)(LOCAL\bob) to inside:192.0.2.7/443 (203.0.113.1/443) (bob) | src_port=40022 | dst_port=443
              facility = local4
              hostname = fw1
              tag = ASA-6-302013
              message_id = 302013
              level = 6
              message = %ASA-6-302013: Built inbound TCP connection 4711 for outside:198.51.100.9/40022 (198.51.100.9/40022)(LOCAL\bob) to inside:192.0.2.7/443 (203.0.113.1/443) (bob)
              direction = inbound
              protocol = TCP
              connection = 4711
              src_interface = outside
              dst_interface = inside
              src_ip = 198.51.100.9
              dst_ip = 192.0.2.7
              src_port = 40022
              dst_port = 443
              blocked = false"#]],
    );
}

#[test]
fn denied() {
    check(
        &[
            "Mar 01 2026 10:00:00 fw1 : %ASA-2-106001: Inbound TCP connection denied from 198.51.100.9/43803 to 192.0.2.7/14322 flags SYN  on interface outside",
            "Mar 01 2026 10:00:00 fw1 : %ASA-2-106006: Deny inbound UDP from 198.51.100.9/65020 to 192.0.2.7/65020 on interface outside",
            "Mar 01 2026 10:00:00 fw1 : %ASA-2-106007: Deny inbound UDP from 198.51.100.9/12981 to 192.0.2.7/53 due to DNS Query",
            "Mar 01 2026 10:00:00 fw1 : %ASA-3-106010: Deny inbound sctp src outside:198.51.100.9/5114 dst inside:192.0.2.7/2",
            "Mar 01 2026 10:00:00 fw1 : %ASA-3-106014: Deny inbound icmp src outside:198.51.100.9 dst inside:192.0.2.7(type 8, code 0)",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-106015: Deny TCP (no connection) from 198.51.100.9/53089 to 192.0.2.7/443 flags FIN PSH ACK  on interface outside",
            "Mar 01 2026 10:00:00 fw1 : %ASA-2-106016: Deny IP spoof from (198.51.100.9) to 192.0.2.7 on interface outside",
            "Mar 01 2026 10:00:00 fw1 : %ASA-1-106021: Deny TCP reverse path check from 198.51.100.9 to 192.0.2.7 on interface outside",
            r#"Mar 01 2026 10:00:00 fw1 : %ASA-4-106023: Deny tcp src outside:198.51.100.9/64388 dst inside:192.0.2.7/443 by access-group "outside_in" [0x47e21ef4, 0x47e21ef4]"#,
            r#"Mar 01 2026 10:00:00 fw1 : %ASA-4-106023: Deny icmp src OUTSIDE:2001:db8::7 dst INSIDE:2001:db8::9 (type 128, code 0) by access-group "OUTSIDE_in""#,
            r#"Mar 01 2026 10:00:00 fw1 : %ASA-4-106023: Deny protocol 47 src outside:198.51.100.9 dst inside:192.0.2.7 by access-group "inbound""#,
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-106100: access-list out_in denied tcp outside/198.51.100.9(62157) -> inside/192.0.2.7(3452) hit-cnt 1 first hit [0x38ff326b, 0x0]",
            r"Mar 01 2026 10:00:00 fw1 : %ASA-session-5-106100: access-list out_in permitted tcp outside/198.51.100.9(62157)(LOCAL\bob) -> inside/192.0.2.7(3452) hit-cnt 2 300-second interval [0x38ff326b, 0x0]",
            "Mar 01 2026 10:00:00 fw1 : %ASA-3-313001: Denied ICMP type=3, code=3 from 198.51.100.9 on interface outside",
            "Mar 01 2026 10:00:00 fw1 : %ASA-4-313005: No matching connection for ICMP error message: icmp src outside:198.51.100.9 dst inside:192.0.2.7 (type 3, code 3) on outside interface.  Original IP payload: udp src 192.0.2.7/53 dst 198.51.100.9/10872.",
            "Mar 01 2026 10:00:00 fw1 : %ASA-3-710003: TCP access denied by ACL from 198.51.100.9/6370 to outside:203.0.113.1/23",
            "Mar 01 2026 10:00:00 fw1 : %ASA-4-338002: Dynamic Filter permitted black listed TCP traffic from inside:192.0.2.7/6798 (203.0.113.1/7890) to outside:198.51.100.9/80 (198.51.100.9/80), destination 198.51.100.9 resolved from dynamic list: bad.example.com",
            "Mar 01 2026 10:00:00 fw1 : %ASA-4-338008: Dynamic Filter dropped blacklisted TCP traffic from inside:192.0.2.7/33340 (203.0.113.1/33340) to outside:198.51.100.9/80 (198.51.100.9/80), destination 198.51.100.9 resolved from dynamic list: 198.51.100.9/255.255.255.255, threat-level: very-high, category: Malware",
            "Mar 01 2026 10:00:00 fw1 : %ASA-4-733100: [ Scanning] drop rate-2 exceeded. Current burst rate is 0 per second, max configured rate is 8; Current average rate is 5 per second, max configured rate is 4; Cumulative total count is 19269",
        ],
        expect![[r#"
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=cisco | host=fw1 | src=198.51.100.9 | dst=192.0.2.7 | message=Inbound TCP connection denied from 198.51.100.9/43803 to 192.0.2.7/14322 flags SYN  on interface outside | src_port=43803 | dst_port=14322
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=cisco | host=fw1 | src=198.51.100.9 | dst=192.0.2.7 | message=Deny inbound UDP from 198.51.100.9/65020 to 192.0.2.7/65020 on interface outside | src_port=65020 | dst_port=65020
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=cisco | host=fw1 | src=198.51.100.9 | dst=192.0.2.7 | message=Deny inbound UDP from 198.51.100.9/12981 to 192.0.2.7/53 due to DNS Query | src_port=12981 | dst_port=53
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=cisco | host=fw1 | src=198.51.100.9 | dst=192.0.2.7 | message=Deny inbound sctp src outside:198.51.100.9/5114 dst inside:192.0.2.7/2 | src_port=5114 | dst_port=2
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=cisco | host=fw1 | src=198.51.100.9 | dst=192.0.2.7 | message=Deny inbound icmp src outside:198.51.100.9 dst inside:192.0.2.7(type 8, code 0)
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=cisco | host=fw1 | src=198.51.100.9 | dst=192.0.2.7 | message=Deny TCP (no connection) from 198.51.100.9/53089 to 192.0.2.7/443 flags FIN PSH ACK  on interface outside | src_port=53089 | dst_port=443
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=cisco | host=fw1 | src=198.51.100.9 | dst=192.0.2.7 | message=Deny IP spoof from (198.51.100.9) to 192.0.2.7 on interface outside
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=cisco | host=fw1 | src=198.51.100.9 | dst=192.0.2.7 | message=Deny TCP reverse path check from 198.51.100.9 to 192.0.2.7 on interface outside
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=cisco | host=fw1 | src=198.51.100.9 | dst=192.0.2.7 | message=Deny tcp src outside:198.51.100.9/64388 dst inside:192.0.2.7/443 by access-group "outside_in" [0x47e21ef4, 0x47e21ef4] | src_port=64388 | dst_port=443
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=cisco | host=fw1 | src=2001:db8::7 | dst=2001:db8::9 | message=Deny icmp src OUTSIDE:2001:db8::7 dst INSIDE:2001:db8::9 (type 128, code 0) by access-group "OUTSIDE_in"
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=cisco | host=fw1 | src=198.51.100.9 | dst=192.0.2.7 | message=Deny protocol 47 src outside:198.51.100.9 dst inside:192.0.2.7 by access-group "inbound"
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=cisco | host=fw1 | src=198.51.100.9 | dst=192.0.2.7 | message=access-list out_in denied tcp outside/198.51.100.9(62157) -> inside/192.0.2.7(3452) hit-cnt 1 first hit [0x38ff326b, 0x0] | src_port=62157 | dst_port=3452
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/success | product=cisco | host=fw1 | user=bob | src=198.51.100.9 | dst=192.0.2.7 | message=access-list out_in permitted tcp outside/198.51.100.9(62157)(LOCAL\bob) -> inside/192.0.2.7(3452) hit-cnt 2 300-second interval [0x38ff326b, 0x0] | src_port=62157 | dst_port=3452
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=cisco | host=fw1 | src=198.51.100.9 | message=Denied ICMP type=3, code=3 from 198.51.100.9 on interface outside
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=cisco | host=fw1 | src=198.51.100.9 | dst=192.0.2.7 | message=No matching connection for ICMP error message: icmp src outside:198.51.100.9 dst inside:192.0.2.7 (type 3, code 3) on outside interface.  Original IP payload: udp src 192.0.2.7/53 dst 198.51.100.9/10872.
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=cisco | host=fw1 | src=198.51.100.9 | dst=203.0.113.1 | message=TCP access denied by ACL from 198.51.100.9/6370 to outside:203.0.113.1/23 | src_port=6370 | dst_port=23
            cisco firewall 2026-03-01T10:00:00Z | class=2004 | -/success | product=cisco | host=fw1 | src=192.0.2.7 | dst=198.51.100.9 | domain=bad.example.com | message=Dynamic Filter permitted black listed TCP traffic from inside:192.0.2.7/6798 (203.0.113.1/7890) to outside:198.51.100.9/80 (198.51.100.9/80), destination 198.51.100.9 resolved from dynamic list: bad.example.com | src_port=6798 | dst_port=80
            cisco firewall 2026-03-01T10:00:00Z | class=2004 | -/failure | product=cisco | host=fw1 | src=192.0.2.7 | dst=198.51.100.9 | message=Dynamic Filter dropped blacklisted TCP traffic from inside:192.0.2.7/33340 (203.0.113.1/33340) to outside:198.51.100.9/80 (198.51.100.9/80), destination 198.51.100.9 resolved from dynamic list: 198.51.100.9/255.255.255.255, threat-level: very-high, category: Malware | src_port=33340 | dst_port=80
            cisco firewall 2026-03-01T10:00:00Z | class=2004 | -/unknown | product=cisco | host=fw1 | message=[ Scanning] drop rate-2 exceeded. Current burst rate is 0 per second, max configured rate is 8; Current average rate is 5 per second, max configured rate is 4; Cumulative total count is 19269"#]],
    );
}

#[test]
fn connections() {
    check(
        &[
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-302013: Built outbound TCP connection 1 for outside:198.51.100.9/443 (198.51.100.9/443) to inside:192.0.2.7/40022 (203.0.113.1/40022)",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-302014: Teardown TCP connection 1 for outside:198.51.100.9/443 to inside:192.0.2.7/40022 duration 0:01:07 bytes 38110 TCP Reset-I",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-302015: Built inbound UDP connection 2 for outside:2001:db8::9/40022 (2001:db8::9/40022) to inside:2001:db8::7/53 (2001:db8::7/53)",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-302016: Teardown UDP connection 2 for outside:198.51.100.9/53 to inside:192.0.2.7/40022 duration 0:00:00 bytes 148",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-302020: Built outbound ICMP connection for faddr 198.51.100.9/0 gaddr 203.0.113.1/2 laddr 192.0.2.7/2 type 8 code 0",
            r"Mar 01 2026 10:00:00 fw1 : %ASA-6-302021: Teardown ICMP connection for faddr 198.51.100.9/0(LOCAL\bob) gaddr 203.0.113.1/17233 laddr 192.0.2.7/17233",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-305011: Built dynamic TCP translation from inside:192.0.2.7/4954 to outside:203.0.113.1/10879",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-305012: Teardown dynamic TCP translation from inside:192.0.2.7/4954 to outside:203.0.113.1/10879 duration 0:00:30",
            "Mar 01 2026 10:00:00 fw1 : %ASA-5-304001: 192.0.2.7 Accessed URL 198.51.100.9:http://www.example.com/index.html",
            "Mar 01 2026 10:00:00 fw1 : %FTD-1-430003: AccessControlRuleAction: Block, SrcIP: 192.0.2.7, DstIP: 198.51.100.9, SrcPort: 40022, DstPort: 443, Protocol: tcp, User: alice, URL: https://www.example.com/a",
        ],
        expect![[r#"
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/success | product=cisco | host=fw1 | src=192.0.2.7 | dst=198.51.100.9 | session=1 | message=Built outbound TCP connection 1 for outside:198.51.100.9/443 (198.51.100.9/443) to inside:192.0.2.7/40022 (203.0.113.1/40022) | src_port=40022 | dst_port=443
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/success | product=cisco | host=fw1 | src=192.0.2.7 | dst=198.51.100.9 | session=1 | message=Teardown TCP connection 1 for outside:198.51.100.9/443 to inside:192.0.2.7/40022 duration 0:01:07 bytes 38110 TCP Reset-I | src_port=40022 | dst_port=443
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/success | product=cisco | host=fw1 | src=2001:db8::9 | dst=2001:db8::7 | session=2 | message=Built inbound UDP connection 2 for outside:2001:db8::9/40022 (2001:db8::9/40022) to inside:2001:db8::7/53 (2001:db8::7/53) | src_port=40022 | dst_port=53
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/success | product=cisco | host=fw1 | src=192.0.2.7 | dst=198.51.100.9 | session=2 | message=Teardown UDP connection 2 for outside:198.51.100.9/53 to inside:192.0.2.7/40022 duration 0:00:00 bytes 148 | src_port=40022 | dst_port=53
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/success | product=cisco | host=fw1 | src=192.0.2.7 | dst=198.51.100.9 | message=Built outbound ICMP connection for faddr 198.51.100.9/0 gaddr 203.0.113.1/2 laddr 192.0.2.7/2 type 8 code 0
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/success | product=cisco | host=fw1 | user=bob | src=192.0.2.7 | dst=198.51.100.9 | message=Teardown ICMP connection for faddr 198.51.100.9/0(LOCAL\bob) gaddr 203.0.113.1/17233 laddr 192.0.2.7/17233
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/success | product=cisco | host=fw1 | src=192.0.2.7 | message=Built dynamic TCP translation from inside:192.0.2.7/4954 to outside:203.0.113.1/10879 | src_port=4954
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/success | product=cisco | host=fw1 | src=192.0.2.7 | message=Teardown dynamic TCP translation from inside:192.0.2.7/4954 to outside:203.0.113.1/10879 duration 0:00:30 | src_port=4954
            cisco firewall 2026-03-01T10:00:00Z | class=4002 | -/success | product=cisco | host=fw1 | src=192.0.2.7 | dst=198.51.100.9 | domain=www.example.com | message=192.0.2.7 Accessed URL 198.51.100.9:http://www.example.com/index.html
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=cisco | host=fw1 | user=alice | src=192.0.2.7 | dst=198.51.100.9 | domain=www.example.com | message=AccessControlRuleAction: Block, SrcIP: 192.0.2.7, DstIP: 198.51.100.9, SrcPort: 40022, DstPort: 443, Protocol: tcp, User: alice, URL: https://www.example.com/a | src_port=40022 | dst_port=443"#]],
    );
}

#[test]
fn administrators() {
    check(
        &[
            "Mar 01 2026 10:00:00 fw1 : %ASA-5-111008: User 'enable_15' executed the 'write memory' command.",
            "Mar 01 2026 10:00:00 fw1 : %ASA-7-111009: User 'admin' executed cmd: show access-list outside_in brief",
            "Mar 01 2026 10:00:00 fw1 : %ASA-5-111010: User 'admin', running 'CLI' from IP 198.51.100.7, executed 'clear logging'",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-113004: AAA user authentication Successful : server =  192.0.2.50 : user = alice",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-113005: AAA user authentication Rejected : reason = AAA failure : server = 192.0.2.50 : user = ***** : user IP = 198.51.100.7",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-113012: AAA user authentication Successful : local database : user = admin",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-113014: AAA authentication server not accessible : server = 192.0.2.50 : user = alice",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-113015: AAA user authentication Rejected : reason = Invalid password : local database : user = admin : user IP = 198.51.100.7",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-113015: AAA user authentication Rejected : reason = User was not found : local database : user = mallory",
            r#"Mar 01 2026 10:00:00 fw1 : %ASA-6-315011: SSH session from 198.51.100.7 on interface outside for user "admin" disconnected by SSH server, reason: "Rejected by server" (0x0d)"#,
            "Mar 01 2026 10:00:00 fw1 : %ASA-5-502101: New user added to local dbase: Uname: bob Priv: 15 Encpass: secret",
            "Mar 01 2026 10:00:00 fw1 : %ASA-5-502102: User deleted from local dbase: Uname: bob Priv: 15 Encpass: secret",
            "Mar 01 2026 10:00:00 fw1 : %ASA-5-502103: User priv level changed: Uname: admin From: 1 To: 15",
            r#"Mar 01 2026 10:00:00 fw1 : %ASA-6-605004: Login denied from 198.51.100.7/51923 to outside:203.0.113.1/https for user "*****""#,
            r#"Mar 01 2026 10:00:00 fw1 : %ASA-6-605005: Login permitted from 198.51.100.7/6651 to inside:192.0.2.1/ssh for user "admin""#,
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-611101: User authentication succeeded: IP address: 198.51.100.7, Uname: admin",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-611102: User authentication failed: IP address: 198.51.100.7, Uname: admin",
            "Mar 01 2026 10:00:00 fw1 : %ASA-5-611103: User logged out: Uname: admin",
        ],
        expect![[r#"
            cisco firewall 2026-03-01T10:00:00Z | class=5019 | AO02/success | product=cisco | service=aaa | host=fw1 | user=enable_15 | command=write memory | message=User 'enable_15' executed the 'write memory' command.
            cisco firewall 2026-03-01T10:00:00Z | class=5019 | AO02/success | product=cisco | service=aaa | host=fw1 | user=admin | command=show access-list outside_in brief | message=User 'admin' executed cmd: show access-list outside_in brief
            cisco firewall 2026-03-01T10:00:00Z | class=5019 | AO02/success | product=cisco | service=aaa | host=fw1 | user=admin | src=198.51.100.7 | command=clear logging | message=User 'admin', running 'CLI' from IP 198.51.100.7, executed 'clear logging'
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | -/success | product=cisco | service=aaa | host=fw1 | user=alice | message=AAA user authentication Successful : server =  192.0.2.50 : user = alice
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=cisco | service=aaa | host=fw1 | src=198.51.100.7 | message=AAA user authentication Rejected : reason = AAA failure : server = 192.0.2.50 : user = ***** : user IP = 198.51.100.7
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | -/success | product=cisco | service=aaa | host=fw1 | user=admin | message=AAA user authentication Successful : local database : user = admin
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | -/failure | product=cisco | service=aaa | host=fw1 | user=alice | message=AAA authentication server not accessible : server = 192.0.2.50 : user = alice
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=cisco | service=aaa | host=fw1 | user=admin | src=198.51.100.7 | message=AAA user authentication Rejected : reason = Invalid password : local database : user = admin : user IP = 198.51.100.7
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=cisco | service=aaa | host=fw1 | user=mallory | message=AAA user authentication Rejected : reason = User was not found : local database : user = mallory
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | -/unknown | product=cisco | service=aaa | host=fw1 | user=admin | src=198.51.100.7 | message=SSH session from 198.51.100.7 on interface outside for user "admin" disconnected by SSH server, reason: "Rejected by server" (0x0d)
            cisco firewall 2026-03-01T10:00:00Z | class=3001 | SA01/success | product=cisco | service=aaa | host=fw1 | target=bob | message=New user added to local dbase: Uname: bob Priv: 15 Encpass: secret
            cisco firewall 2026-03-01T10:00:00Z | class=3001 | SA03/success | product=cisco | service=aaa | host=fw1 | target=bob | message=User deleted from local dbase: Uname: bob Priv: 15 Encpass: secret
            cisco firewall 2026-03-01T10:00:00Z | class=3003 | PA01/success | product=cisco | service=aaa | host=fw1 | user=admin | message=User priv level changed: Uname: admin From: 1 To: 15
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | -/failure | product=cisco | service=aaa | host=fw1 | src=198.51.100.7 | dst=203.0.113.1 | app=https | message=Login denied from 198.51.100.7/51923 to outside:203.0.113.1/https for user "*****" | src_port=51923 | dst_port=443
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | LL01/success | product=cisco | service=aaa | host=fw1 | user=admin | src=198.51.100.7 | dst=192.0.2.1 | app=ssh | message=Login permitted from 198.51.100.7/6651 to inside:192.0.2.1/ssh for user "admin" | src_port=6651 | dst_port=22
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | -/success | product=cisco | service=aaa | host=fw1 | user=admin | src=198.51.100.7 | message=User authentication succeeded: IP address: 198.51.100.7, Uname: admin
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | -/failure | product=cisco | service=aaa | host=fw1 | user=admin | src=198.51.100.7 | message=User authentication failed: IP address: 198.51.100.7, Uname: admin
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | LL02/success | product=cisco | service=aaa | host=fw1 | user=admin | message=User logged out: Uname: admin"#]],
    );
}

#[test]
fn vpn() {
    check(
        &[
            "Mar 01 2026 10:00:00 fw1 : %ASA-4-113019: Group = staff, Username = bob, IP = 198.51.100.7, Session disconnected. Session Type: SSL, Duration: 0h:32m:16s, Bytes xmt: 297103, Bytes rcv: 1216163, Reason: User Requested",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-113039: Group <staff> User <bob> IP <198.51.100.7> AnyConnect parent session started.",
            "Mar 01 2026 10:00:00 fw1 : %ASA-5-713228: Group = staff, Username = bob, IP = 198.51.100.7, Assigned private IP address 192.0.2.77 to remote user",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-716001: Group <staff> User <bob> IP <198.51.100.7> WebVPN session started.",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-716002: Group staff User bob IP 198.51.100.7 WebVPN session terminated: Idle timeout.",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-722022: Group <staff> User <bob> IP <198.51.100.7> UDP SVC connection established without compression",
            "Mar 01 2026 10:00:00 fw1 : %ASA-6-722023: Group <staff> User <bob> IP <198.51.100.7> TCP SVC connection terminated with compression",
            "Mar 01 2026 10:00:00 fw1 : %ASA-4-722051: Group <staff> User <bob> IP <198.51.100.7> IPv4 Address <192.0.2.77> IPv6 address <::> assigned to session",
        ],
        expect![[r#"
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | LL02/success | product=cisco | service=aaa | host=fw1 | user=bob | src=198.51.100.7 | message=Group = staff, Username = bob, IP = 198.51.100.7, Session disconnected. Session Type: SSL, Duration: 0h:32m:16s, Bytes xmt: 297103, Bytes rcv: 1216163, Reason: User Requested
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | LL01/success | product=cisco | service=aaa | host=fw1 | user=bob | src=198.51.100.7 | message=Group <staff> User <bob> IP <198.51.100.7> AnyConnect parent session started.
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | -/success | product=cisco | service=aaa | host=fw1 | user=bob | src=198.51.100.7 | message=Group = staff, Username = bob, IP = 198.51.100.7, Assigned private IP address 192.0.2.77 to remote user
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | LL01/success | product=cisco | service=aaa | host=fw1 | user=bob | src=198.51.100.7 | message=Group <staff> User <bob> IP <198.51.100.7> WebVPN session started.
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | LL02/success | product=cisco | service=aaa | host=fw1 | user=bob | src=198.51.100.7 | message=Group staff User bob IP 198.51.100.7 WebVPN session terminated: Idle timeout.
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | -/success | product=cisco | service=aaa | host=fw1 | user=bob | src=198.51.100.7 | message=Group <staff> User <bob> IP <198.51.100.7> UDP SVC connection established without compression
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | -/success | product=cisco | service=aaa | host=fw1 | user=bob | src=198.51.100.7 | message=Group <staff> User <bob> IP <198.51.100.7> TCP SVC connection terminated with compression
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | -/success | product=cisco | service=aaa | host=fw1 | user=bob | src=198.51.100.7 | message=Group <staff> User <bob> IP <198.51.100.7> IPv4 Address <192.0.2.77> IPv6 address <::> assigned to session"#]],
    );
}

#[test]
fn envelopes() {
    check(
        &[
            r#"Mar  1 2026 10:00:00: %ASA-4-106023: Deny tcp src dmz:192.0.2.30/63016 dst outside:198.51.100.8/53 by access-group "acl_dmz" [0xe3aab522, 0x0]"#,
            "Mar  1 10:00:00 fw1 CiscoASA[999]: %ASA-6-611103: User logged out: Uname: admin",
            "Mar  1 10:00:00 fw2: %FTD-6-611103: User logged out: Uname: admin",
            "<166>Mar  1 10:00:00: %PIX-6-611103: User logged out: Uname: admin",
            "<166>:Mar 01 10:00:00 UTC: %ASA-6-611103: User logged out: Uname: admin",
            "Mar  1 2026 10:00:00 EDT: %ASA-6-611103: User logged out: Uname: admin",
            "%ASA-6-611103: User logged out: Uname: admin",
            "Mar  1 2026 10:00:00 : %ASA-6-302016 Teardown UDP connection 40 for outside:198.51.100.4/500 to inside:192.0.2.2/500 duration 0:02:02 bytes 1416",
            "<190>Mar  1 10:00:00 fw1 : %ASA-6-999999: A message of a later release",
            "Mar  1 10:00:00 fw1 : %ASA-6-302013: Built something new",
        ],
        expect![[r#"
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=cisco | src=192.0.2.30 | dst=198.51.100.8 | message=Deny tcp src dmz:192.0.2.30/63016 dst outside:198.51.100.8/53 by access-group "acl_dmz" [0xe3aab522, 0x0] | src_port=63016 | dst_port=53
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | LL02/success | product=cisco | service=aaa | host=fw1 | user=admin | message=User logged out: Uname: admin
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | LL02/success | product=cisco | service=aaa | host=fw2 | user=admin | message=User logged out: Uname: admin
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | LL02/success | product=cisco | service=aaa | user=admin | message=User logged out: Uname: admin
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | LL02/success | product=cisco | service=aaa | user=admin | message=User logged out: Uname: admin
            cisco firewall 2026-03-01T10:00:00Z | class=3002 | LL02/success | product=cisco | service=aaa | user=admin | message=User logged out: Uname: admin | problem=time zone without a number not applied
            cisco firewall 2026-03-01T12:00:00Z | class=3002 | LL02/success | product=cisco | service=aaa | user=admin | message=User logged out: Uname: admin | problem=no time in the record, arrival time taken
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/success | product=cisco | src=198.51.100.4 | dst=192.0.2.2 | session=40 | message=Teardown UDP connection 40 for outside:198.51.100.4/500 to inside:192.0.2.2/500 duration 0:02:02 bytes 1416 | src_port=500 | dst_port=500
            cisco firewall 2026-03-01T10:00:00Z | class=0 | -/unknown | product=cisco | host=fw1 | message=A message of a later release
            cisco firewall 2026-03-01T10:00:00Z | class=4001 | -/success | product=cisco | host=fw1 | message=Built something new | problem=wording of the message not known, kept as text"#]],
    );
}

#[test]
fn ios() {
    check(
        &[
            "<189>45: sw1: *Mar  1 10:00:00.123: %SYS-5-CONFIG_I: Configured from console by admin on vty0 (198.51.100.7)",
            "<189>46: Mar  1 2026 10:00:00.123: %SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: mallory] [Source: 198.51.100.7] [localport: 22] [Reason: Login Authentication Failed] at 10:00:00 UTC Sun Mar 1 2026",
            "<189>Mar  1 10:00:00 sw1 47: *Mar  1 10:00:00.123: %SEC_LOGIN-5-LOGIN_SUCCESS: Login Success [user: admin] [Source: 2001:db8::7] [localport: 22] at 10:00:00 UTC Sun Mar 1 2026",
            "<189>48: *Mar  1 10:00:00.123: %PARSER-5-CFGLOG_LOGGEDCMD: User:admin  logged command:!exec: clear logging",
            "<189>49: *Mar  1 10:00:00.123: %TCP-6-BADAUTH: No MD5 digest from 192.0.2.7(179) to 192.0.2.8(40022)",
            "<189>50: *Mar  1 10:00:00.123: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(40022) -> 192.0.2.7(22), 1 packet",
            "51: *Mar  1 10:00:00.123: %LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to down",
            "Mar  1 10:00:00 sw1 ConfigAgent: %SYS-5-CONFIG_I: of another vendor",
            "Mar  1 10:00:00 web1 app: 100%-5-SURE: no tag",
        ],
        expect![[r#"
            cisco firewall 2026-03-01T10:00:00.123Z | class=5019 | CC02/success | product=cisco | service=syslog | host=sw1 | user=admin | src=198.51.100.7 | message=Configured from console by admin on vty0 (198.51.100.7)
            cisco firewall 2026-03-01T10:00:00.123Z | class=3002 | LL03/failure | product=cisco | service=aaa | user=mallory | src=198.51.100.7 | message=Login failed [user: mallory] [Source: 198.51.100.7] [localport: 22] [Reason: Login Authentication Failed] at 10:00:00 UTC Sun Mar 1 2026 | dst_port=22
            cisco firewall 2026-03-01T10:00:00.123Z | class=3002 | LL01/success | product=cisco | service=aaa | host=sw1 | user=admin | src=2001:db8::7 | message=Login Success [user: admin] [Source: 2001:db8::7] [localport: 22] at 10:00:00 UTC Sun Mar 1 2026 | dst_port=22
            cisco firewall 2026-03-01T10:00:00.123Z | class=5019 | AO02/success | product=cisco | service=aaa | user=admin | command=clear logging | message=User:admin  logged command:!exec: clear logging
            cisco firewall 2026-03-01T10:00:00.123Z | class=0 | -/unknown | product=cisco | service=bgp | message=No MD5 digest from 192.0.2.7(179) to 192.0.2.8(40022)
            cisco firewall 2026-03-01T10:00:00.123Z | class=4001 | -/failure | product=cisco | service=syslog | src=198.51.100.7 | dst=192.0.2.7 | message=list 101 denied tcp 198.51.100.7(40022) -> 192.0.2.7(22), 1 packet | src_port=40022 | dst_port=22
            cisco firewall 2026-03-01T10:00:00.123Z | class=0 | -/unknown | product=cisco | service=syslog | message=Interface GigabitEthernet0/1, changed state to down
            syslog linux 2026-03-01T10:00:00Z | class=0 | -/unknown | product=linux | service=syslog | host=sw1 | process=ConfigAgent | app=ConfigAgent | message=%SYS-5-CONFIG_I: of another vendor
            syslog linux 2026-03-01T10:00:00Z | class=0 | -/unknown | product=linux | service=syslog | host=web1 | process=app | app=app | message=100%-5-SURE: no tag"#]],
    );
}
