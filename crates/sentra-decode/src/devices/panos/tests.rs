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
fn traffic_with_every_column() {
    check_full(
        r"1,2026/03/01 10:00:01,001801000001,TRAFFIC,end,2562,2026/03/01 10:00:00,192.0.2.7,198.51.100.9,203.0.113.1,198.51.100.9,outbound,example\alice,,ssl,vsys1,trust,untrust,ethernet1/2,ethernet1/1,siem,2026/03/01 10:00:00,41234,1,40022,443,51022,443,0x400053,tcp,allow,7312,2228,5084,22,2026/03/01 09:59:40,16,business-and-economy,,72534191,0x8000000000000000,192.0.2.0-192.0.2.255,United States,,12,10,tcp-fin,0,0,0,0,,fw1,from-policy,,,0,,0,,N/A,0,0,0,0,90431d13-81da-4129-8bc5-ce968fa06b76,0,0,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,2026-03-01T10:00:00.443+01:00,,,encrypted-tunnel,networking,browser-based,4,used-by-malware,,ssl,no,no,0,NonProxyTraffic,,beyond",
        expect![[r#"
            panos firewall 2026-03-01T09:00:00.443Z | class=4001 | -/success | product=paloalto | service=traffic | host=fw1 | user=example\alice | src=192.0.2.7 | dst=198.51.100.9 | session=41234 | app=ssl | src_port=40022 | dst_port=443
              receive_time = 2026/03/01 10:00:01
              serial = 001801000001
              type = TRAFFIC
              subtype = end
              time_generated = 2026/03/01 10:00:00
              src = 192.0.2.7
              dst = 198.51.100.9
              natsrc = 203.0.113.1
              natdst = 198.51.100.9
              rule = outbound
              srcuser = example\alice
              app = ssl
              vsys = vsys1
              from = trust
              to = untrust
              inbound_if = ethernet1/2
              outbound_if = ethernet1/1
              logset = siem
              sessionid = 41234
              repeatcnt = 1
              sport = 40022
              dport = 443
              natsport = 51022
              natdport = 443
              flags = 0x400053
              proto = tcp
              action = allow
              bytes = 7312
              bytes_sent = 2228
              bytes_received = 5084
              packets = 22
              start = 2026/03/01 09:59:40
              elapsed = 16
              category = business-and-economy
              seqno = 72534191
              actionflags = 0x8000000000000000
              srcloc = 192.0.2.0-192.0.2.255
              dstloc = United States
              pkts_sent = 12
              pkts_received = 10
              session_end_reason = tcp-fin
              dg_hier_level_1 = 0
              dg_hier_level_2 = 0
              dg_hier_level_3 = 0
              dg_hier_level_4 = 0
              device_name = fw1
              action_source = from-policy
              tunnelid = 0
              parent_session_id = 0
              tunnel = N/A
              assoc_id = 0
              chunks = 0
              chunks_sent = 0
              chunks_received = 0
              rule_uuid = 90431d13-81da-4129-8bc5-ce968fa06b76
              http2_connection = 0
              link_change_count = 0
              high_res_timestamp = 2026-03-01T10:00:00.443+01:00
              subcategory_of_app = encrypted-tunnel
              category_of_app = networking
              technology_of_app = browser-based
              risk_of_app = 4
              characteristic_of_app = used-by-malware
              tunneled_app = ssl
              is_saas_of_app = no
              sanctioned_state_of_app = no
              offloaded = 0
              flow_type = NonProxyTraffic
              field_118 = beyond
              src_ip = 192.0.2.7
              dst_ip = 198.51.100.9
              src_port = 40022
              dst_port = 443
              blocked = false"#]],
    );
}

#[test]
fn threats() {
    check(
        &[
            r#"Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,THREAT,url,2562,2026/03/01 10:00:00,192.0.2.7,198.51.100.9,203.0.113.1,198.51.100.9,outbound,example\alice,,web-browsing,vsys1,trust,untrust,ethernet1/2,ethernet1/1,siem,2026/03/01 10:00:00,41234,1,40022,80,51022,80,0x8000,tcp,block-url,"www.example.net/a,b?c=1",(9999),computer-and-internet-info,informational,client-to-server,72534191,0x0,192.0.2.0-192.0.2.255,United States,,text/html,0,,,1,"Mozilla/5.0 (X11; Linux x86_64), like curl",,,,,,,0,0,0,0,0,,fw1,,,,get"#,
            r"Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,THREAT,virus,2562,2026/03/01 10:00:00,192.0.2.7,198.51.100.9,203.0.113.1,198.51.100.9,outbound,example\alice,,web-browsing,vsys1,trust,untrust,ethernet1/2,ethernet1/1,siem,2026/03/01 10:00:00,41234,1,40022,80,51022,80,0x8000,tcp,reset-both,setup.exe,Example/Win32.Test(12345678),any,medium,client-to-server,72534191,0x0,192.0.2.0-192.0.2.255,United States,,,0,,,1",
            r"Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,THREAT,spyware,2562,2026/03/01 10:00:00,192.0.2.7,198.51.100.9,203.0.113.1,198.51.100.9,outbound,example\alice,,web-browsing,vsys1,trust,untrust,ethernet1/2,ethernet1/1,siem,2026/03/01 10:00:00,41234,1,40022,80,51022,80,0x8000,tcp,drop,bad.example.net/x,Example C2 Traffic(10001),any,critical,client-to-server,72534191,0x0,192.0.2.0-192.0.2.255,United States,,,0,,,1",
            r"Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,THREAT,vulnerability,2562,2026/03/01 10:00:00,192.0.2.7,198.51.100.9,203.0.113.1,198.51.100.9,outbound,example\alice,,web-browsing,vsys1,trust,untrust,ethernet1/2,ethernet1/1,siem,2026/03/01 10:00:00,41234,1,40022,80,51022,80,0x8000,tcp,alert,shell.php,Example Remote Code Execution(30001),any,high,client-to-server,72534191,0x0,192.0.2.0-192.0.2.255,United States,,,0,,,1",
            r"Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,THREAT,wildfire,2562,2026/03/01 10:00:00,192.0.2.7,198.51.100.9,203.0.113.1,198.51.100.9,outbound,example\alice,,web-browsing,vsys1,trust,untrust,ethernet1/2,ethernet1/1,siem,2026/03/01 10:00:00,41234,1,40022,80,51022,80,0x8000,tcp,allow,doc.pdf,Windows Executable (EXE)(52020),malicious,informational,client-to-server,72534191,0x0,192.0.2.0-192.0.2.255,United States,,,0,,,1",
        ],
        expect![[r#"
            panos firewall 2026-03-01T10:00:00Z | class=4002 | -/failure | product=paloalto | service=threat | host=fw1 | user=example\alice | src=192.0.2.7 | dst=198.51.100.9 | session=41234 | domain=www.example.net | app=web-browsing | src_port=40022 | dst_port=80
            panos firewall 2026-03-01T10:00:00Z | class=2004 | -/failure | product=paloalto | service=threat | host=fw1 | user=example\alice | src=192.0.2.7 | dst=198.51.100.9 | session=41234 | file=setup.exe | app=web-browsing | message=Example/Win32.Test(12345678) | src_port=40022 | dst_port=80
            panos firewall 2026-03-01T10:00:00Z | class=2004 | -/failure | product=paloalto | service=threat | host=fw1 | user=example\alice | src=192.0.2.7 | dst=198.51.100.9 | session=41234 | domain=bad.example.net | app=web-browsing | message=Example C2 Traffic(10001) | src_port=40022 | dst_port=80
            panos firewall 2026-03-01T10:00:00Z | class=2004 | -/success | product=paloalto | service=threat | host=fw1 | user=example\alice | src=192.0.2.7 | dst=198.51.100.9 | session=41234 | file=shell.php | app=web-browsing | message=Example Remote Code Execution(30001) | src_port=40022 | dst_port=80
            panos firewall 2026-03-01T10:00:00Z | class=2004 | -/success | product=paloalto | service=threat | host=fw1 | user=example\alice | src=192.0.2.7 | dst=198.51.100.9 | session=41234 | file=doc.pdf | app=web-browsing | message=Windows Executable (EXE)(52020) | src_port=40022 | dst_port=80"#]],
    );
}

#[test]
fn a_url_with_quotes() {
    check_full(
        r#"Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,THREAT,url,2562,2026/03/01 10:00:00,192.0.2.7,198.51.100.9,203.0.113.1,198.51.100.9,outbound,example\alice,,web-browsing,vsys1,trust,untrust,ethernet1/2,ethernet1/1,siem,2026/03/01 10:00:00,41234,1,40022,80,51022,80,0x8000,tcp,alert,"www.example.net/a,""b""",(9999),computer-and-internet-info,informational,client-to-server,72534191,0x0,192.0.2.0-192.0.2.255,United States,,text/html,0,,,1,"Mozilla/5.0 (X11; Linux x86_64), like curl",,,,,,,0,0,0,0,0,,fw1,,,,get"#,
        expect![[r#"
            panos firewall 2026-03-01T10:00:00Z | class=4002 | -/success | product=paloalto | service=threat | host=fw1 | user=example\alice | src=192.0.2.7 | dst=198.51.100.9 | session=41234 | domain=www.example.net | app=web-browsing | src_port=40022 | dst_port=80
              hostname = fw1
              receive_time = 2026/03/01 10:00:01
              serial = 001801000001
              type = THREAT
              subtype = url
              time_generated = 2026/03/01 10:00:00
              src = 192.0.2.7
              dst = 198.51.100.9
              natsrc = 203.0.113.1
              natdst = 198.51.100.9
              rule = outbound
              srcuser = example\alice
              app = web-browsing
              vsys = vsys1
              from = trust
              to = untrust
              inbound_if = ethernet1/2
              outbound_if = ethernet1/1
              logset = siem
              sessionid = 41234
              repeatcnt = 1
              sport = 40022
              dport = 80
              natsport = 51022
              natdport = 80
              flags = 0x8000
              proto = tcp
              action = alert
              misc = www.example.net/a,"b"
              threatid = (9999)
              category = computer-and-internet-info
              severity = informational
              direction = client-to-server
              seqno = 72534191
              actionflags = 0x0
              srcloc = 192.0.2.0-192.0.2.255
              dstloc = United States
              contenttype = text/html
              pcap_id = 0
              url_idx = 1
              user_agent = Mozilla/5.0 (X11; Linux x86_64), like curl
              reportid = 0
              dg_hier_level_1 = 0
              dg_hier_level_2 = 0
              dg_hier_level_3 = 0
              dg_hier_level_4 = 0
              device_name = fw1
              http_method = get
              c-uri = www.example.net/a,"b"
              cs-uri = www.example.net/a,"b"
              cs-uri-stem = www.example.net/a,"b"
              cs-host = www.example.net
              cs-method = get
              c-useragent = Mozilla/5.0 (X11; Linux x86_64), like curl
              cs-user-agent = Mozilla/5.0 (X11; Linux x86_64), like curl
              src_ip = 192.0.2.7
              dst_ip = 198.51.100.9
              src_port = 40022
              dst_port = 80"#]],
    );
}

#[test]
fn system() {
    check(
        &[
            r#"<14>Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,SYSTEM,auth,2562,2026/03/01 10:00:00,vsys1,auth-fail,local,0,0,general,medium,"failed authentication for user 'admin'. Reason: Invalid username/password. From: 198.51.100.7.",1234,0x0,0,0,0,0,,fw1"#,
            r#"<14>Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,SYSTEM,auth,2562,2026/03/01 10:00:00,vsys1,auth-fail,GP,0,0,general,medium,"failed authentication for user 'bob'. Reason: Invalid username/password. auth profile 'GP', vsys 'vsys1', From: 198.51.100.7.",1235,0x0,0,0,0,0,,fw1"#,
            "<14>Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,SYSTEM,general,2562,2026/03/01 10:00:00,,general,,0,0,general,informational,User admin logged in via Web from 198.51.100.7 using https,1236,0x0,0,0,0,0,,fw1",
            "<14>Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,SYSTEM,general,2562,2026/03/01 10:00:00,,general,,0,0,general,informational,User admin logged out via Web from 198.51.100.7,1237,0x0,0,0,0,0,,fw1",
            "<14>Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,SYSTEM,ha,2562,2026/03/01 10:00:00,,ha2-link-change,,0,0,ha,critical,HA2 link down,1238,0x0,0,0,0,0,,fw1",
        ],
        expect![[r#"
            panos firewall 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=paloalto | service=system | host=fw1 | user=admin | src=198.51.100.7 | message=failed authentication for user 'admin'. Reason: Invalid username/password. From: 198.51.100.7.
            panos firewall 2026-03-01T10:00:00Z | class=3002 | -/failure | product=paloalto | service=system | host=fw1 | user=bob | src=198.51.100.7 | message=failed authentication for user 'bob'. Reason: Invalid username/password. auth profile 'GP', vsys 'vsys1', From: 198.51.100.7.
            panos firewall 2026-03-01T10:00:00Z | class=3002 | LL01/success | product=paloalto | service=system | host=fw1 | user=admin | src=198.51.100.7 | message=User admin logged in via Web from 198.51.100.7 using https
            panos firewall 2026-03-01T10:00:00Z | class=3002 | LL02/success | product=paloalto | service=system | host=fw1 | user=admin | src=198.51.100.7 | message=User admin logged out via Web from 198.51.100.7
            panos firewall 2026-03-01T10:00:00Z | class=0 | -/unknown | product=paloalto | service=system | host=fw1 | message=HA2 link down"#]],
    );
}

#[test]
fn config() {
    check(
        &[
            "<14>Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,CONFIG,0,2562,2026/03/01 10:00:00,198.51.100.7,,set,admin,Web,Succeeded, mgt-config users bob,1239,0x0,0,0,0,0,,fw1",
            "<14>Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,CONFIG,0,2562,2026/03/01 10:00:00,198.51.100.7,,edit,admin,CLI,Succeeded,vsys vsys1 rulebase security rules r1,before text,after text,1240,0x0,0,0,0,0,,fw1,0,",
            "<14>Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,CONFIG,0,2562,2026/03/01 10:00:00,2001:db8::7,,commit,admin,Web,Unauthorized,,1241,0x0,0,0,0,0,,fw1",
            "<14>Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,CONFIG,0,2562,2026/03/01 10:00:00,198.51.100.7,,delete,admin,Web,Succeeded, shared log-settings syslog siem,1242,0x0,0,0,0,0,,fw1",
        ],
        expect![[r#"
            panos firewall 2026-03-01T10:00:00Z | class=3001 | SA01/success | product=paloalto | service=config | host=fw1 | user=admin | src=198.51.100.7 | command=set | file=mgt-config users bob
            panos firewall 2026-03-01T10:00:00Z | class=5019 | CC02/success | product=paloalto | service=config | host=fw1 | user=admin | src=198.51.100.7 | command=edit | file=vsys vsys1 rulebase security rules r1
            panos firewall 2026-03-01T10:00:00Z | class=5019 | PA02/failure | product=paloalto | service=config | host=fw1 | user=admin | src=2001:db8::7 | command=commit
            panos firewall 2026-03-01T10:00:00Z | class=5019 | SS05/success | product=paloalto | service=config | host=fw1 | user=admin | src=198.51.100.7 | command=delete | file=shared log-settings syslog siem"#]],
    );
}

#[test]
fn users() {
    check(
        &[
            "<14>Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,GLOBALPROTECT,0,2562,2026/03/01 10:00:00,vsys1,portal-auth,login,LDAP,,bob,US,laptop7,198.51.100.7,0.0.0.0,0.0.0.0,0.0.0.0,,,6.1,Windows,Microsoft Windows 11,1,,Authentication failed: Invalid username or password,,failure,,0,user-logon,0,gp.example.com,1243,0x8000000000000000,2026-03-01T10:00:00.500+00:00,,,,,,0,0,0,0,,fw1,1",
            "<14>Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,GLOBALPROTECT,0,2562,2026/03/01 10:00:00,vsys1,gateway-auth,login,LDAP,IPSec,bob,US,laptop7,0.0.0.0,2001:db8::7,192.0.2.77,0.0.0.0,,,6.1,Windows,Microsoft Windows 11,1,,,,success,,0,user-logon,0,gp.example.com,1244,0x8000000000000000",
            "<14>Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,GLOBALPROTECT,0,2562,2026/03/01 10:00:00,vsys1,gateway-logout,logout,,,bob,US,laptop7,198.51.100.7,0.0.0.0,0.0.0.0,0.0.0.0,,,6.1,Windows,,1,,,,success,,620,,0,gp.example.com,1245,0x0",
            r"<14>Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,AUTHENTICATION,mfa,2562,2026/03/01 10:00:00,vsys1,192.0.2.7,example\bob,bob,web-auth,policy1,1,99,Example,siem,mfa-profile,text,Browser,Password authentication failed,1,1246,0x0,0,0,0,0,,fw1",
            r"<14>Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,AUTH,mfa,2562,2026/03/01 10:00:00,vsys1,192.0.2.7,example\bob,bob,web-auth,policy1,1,99,Example,siem,mfa-profile,,Browser,MFA success,2,1247,0x0,0,0,0,0,,fw1",
            r"<14>Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,USERID,login,2562,2026/03/01 10:00:00,vsys1,192.0.2.7,example\bob,dc1,0,1,2700,0,0,active-directory,,1248,0x0,0,0,0,0,,fw1",
            r"<14>Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,HIPMATCH,0,2562,2026/03/01 10:00:00,example\bob,vsys1,laptop7,Windows,192.0.2.7,disk-encrypted,1,object,,,1249,0x0,0,0,0,0,,fw1",
        ],
        expect![[r#"
            panos firewall 2026-03-01T10:00:00.5Z | class=3002 | LL03/failure | product=paloalto | service=globalprotect | host=fw1 | user=bob | src=198.51.100.7 | domain=laptop7 | message=Authentication failed: Invalid username or password
            panos firewall 2026-03-01T10:00:00Z | class=3002 | LL01/success | product=paloalto | service=globalprotect | host=fw1 | user=bob | src=2001:db8::7 | domain=laptop7
            panos firewall 2026-03-01T10:00:00Z | class=3002 | LL02/success | product=paloalto | service=globalprotect | host=fw1 | user=bob | src=198.51.100.7 | domain=laptop7
            panos firewall 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=paloalto | service=authentication | host=fw1 | user=example\bob | src=192.0.2.7 | message=text
            panos firewall 2026-03-01T10:00:00Z | class=3002 | LL07/success | product=paloalto | service=authentication | host=fw1 | user=example\bob | src=192.0.2.7 | message=MFA success
            panos firewall 2026-03-01T10:00:00Z | class=3002 | -/success | product=paloalto | service=userid | host=fw1 | user=example\bob | src=192.0.2.7
            panos firewall 2026-03-01T10:00:00Z | class=0 | -/unknown | product=paloalto | service=hipmatch | host=fw1 | user=example\bob | src=192.0.2.7 | domain=laptop7"#]],
    );
}

#[test]
fn other_types() {
    check(
        &[
            "<14>Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,DECRYPTION,0,2562,2026/03/01 10:00:00,192.0.2.7,198.51.100.9,203.0.113.1,198.51.100.9,decrypt,,,ssl,vsys1,trust,untrust,ethernet1/2,ethernet1/1,siem,2026/03/01 10:00:00,1,1,40022,443,1,443,0x0,tcp,allow,N/A,,,,,,Client_Hello,,TLS1.3,ECDHE,AES_256_GCM,SHA384,policy,secp256r1,Certificate,untrusted,Untrusted,Forward,00,ff,,,V3,2048,12,12,12,15,0,www.example.com,Example CA,Example Root,www.example.com,Untrusted issuer CA",
            "<14>Mar  1 10:00:00 fw1 1,2026/03/01 10:00:01,001801000001,IPTAG,0,2562,2026/03/01 10:00:00,vsys1,192.0.2.7,bad-host,register,1,0,api,xml-api,unknown,1250,0x0,0,0,0,0,,fw1",
        ],
        expect![[r#"
            panos firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=paloalto | service=decryption | host=fw1 | src=192.0.2.7 | dst=198.51.100.9 | session=1 | domain=www.example.com | app=ssl | message=Untrusted issuer CA | src_port=40022 | dst_port=443
            panos firewall 2026-03-01T10:00:00Z | class=0 | -/unknown | product=paloalto | service=iptag | host=fw1 | src=192.0.2.7"#]],
    );
}

#[test]
fn odd_records() {
    check(
        &[
            "Mar  1 10:00:00 1,2026/03/01 10:00:01,001801000001,TRAFFIC,drop,2562,2026/03/01 10:00:00,192.0.2.7,198.51.100.9",
            "1,2026/03/01 10:00:01,001801000001,TRAFFIC",
            "1,not a time,001801000001,TRAFFIC,deny,2562,nor this,2001:db8::7,2001:db8::9,,,,,,,,,,,,,,1,1,notaport,70000,,,,udp,deny",
            r#"1,2026/03/01 10:00:01,001801000001,THREAT,url,0,2026/03/01 10:00:00,"never closed, 192.0.2.7"#,
            "1,2026/03/01 10:00:01,001801000001,NEWTYPE,x",
        ],
        expect![[r#"
            panos firewall 2026-03-01T10:00:00Z | class=4001 | -/unknown | product=paloalto | service=traffic | src=192.0.2.7 | dst=198.51.100.9
            panos firewall 2026-03-01T10:00:01Z | class=4001 | -/unknown | product=paloalto | service=traffic
            panos firewall 2026-03-01T12:00:00Z | class=4001 | -/failure | product=paloalto | service=traffic | src=2001:db8::7 | dst=2001:db8::9 | session=1 | problem=no time in the record, arrival time taken
            panos firewall 2026-03-01T10:00:00Z | class=4002 | -/unknown | product=paloalto | service=threat
            text linux 2026-03-01T12:00:00Z | class=0 | -/unknown | message=1,2026/03/01 10:00:01,001801000001,NEWTYPE,x | problem=no known format, kept as text; no time in the record, arrival time taken"#]],
    );
}
