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
fn traffic_with_its_fields() {
    check_full(
        r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=192.0.2.7 srcport=40022 srcintf="lan" dstip=198.51.100.9 dstport=443 dstintf="wan1" policyid=4 policyname="say \"hi\"" sessionid=991 proto=6 action="close" service="HTTPS" app="SSL" user="EXAMPLE\alice" sentbyte=1200 rcvdbyte=5400"#,
        expect![[r#"
            fortigate firewall 2026-03-01T10:00:00Z | class=4001 | -/success | product=fortigate | service=traffic | host=fw1 | user=EXAMPLE\alice | src=192.0.2.7 | dst=198.51.100.9 | session=991 | app=SSL | src_port=40022 | dst_port=443
              date = 2026-03-01
              time = 10:00:00
              devname = fw1
              devid = FGT60F0000000001
              eventtime = 1772359200000000000
              tz = +0100
              logid = 0000000013
              type = traffic
              subtype = forward
              level = notice
              vd = root
              srcip = 192.0.2.7
              srcport = 40022
              srcintf = lan
              dstip = 198.51.100.9
              dstport = 443
              dstintf = wan1
              policyid = 4
              policyname = say "hi"
              sessionid = 991
              proto = 6
              action = close
              service = HTTPS
              app = SSL
              user = EXAMPLE\alice
              sentbyte = 1200
              rcvdbyte = 5400
              src_ip = 192.0.2.7
              dst_ip = 198.51.100.9
              src_port = 40022
              dst_port = 443
              blocked = false"#]],
    );
}

#[test]
fn traffic_and_utm() {
    check(
        &[
            r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="0000000013" type="traffic" subtype="forward" level="notice" srcip=2001:db8::7 dstip=2001:db8::9 dstport=22 action="deny""#,
            r#"<189>date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="0317013312" type="utm" subtype="webfilter" eventtype="ftgd_allow" level="warning" user="alice" srcip=192.0.2.7 dstip=198.51.100.9 dstport=443 hostname="www.example.com" action="blocked" reqtype="direct" url="/a?b=c" httpmethod="GET" agent="curl/8" msg="URL belongs to a denied category in policy""#,
            r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="0419016384" type="utm" subtype="ips" level="alert" severity="high" srcip=198.51.100.9 dstip=192.0.2.7 attack="Example.Overflow" action="dropped" msg="applications: Example.Overflow""#,
            r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="0211008192" type="utm" subtype="virus" level="warning" srcip=192.0.2.7 dstip=198.51.100.9 filename="eicar.com" virus="EICAR_TEST_FILE" action="blocked""#,
            r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="1059028704" type="utm" subtype="app-ctrl" level="information" srcip=192.0.2.7 dstip=198.51.100.9 app="Example.Chat" action="pass""#,
            r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="1501054802" type="utm" subtype="dns" eventtype="dns-response" level="notice" srcip=192.0.2.7 dstip=198.51.100.53 dstport=53 qname="www.example.com" qtype="A" ipaddr="198.51.100.9" action="pass""#,
        ],
        expect![[r#"
            fortigate firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=fortigate | service=traffic | host=fw1 | src=2001:db8::7 | dst=2001:db8::9 | dst_port=22
            fortigate firewall 2026-03-01T10:00:00Z | class=4002 | -/failure | product=fortigate | service=utm | host=fw1 | user=alice | src=192.0.2.7 | dst=198.51.100.9 | domain=www.example.com | message=URL belongs to a denied category in policy | dst_port=443
            fortigate firewall 2026-03-01T10:00:00Z | class=2004 | -/failure | product=fortigate | service=utm | host=fw1 | src=198.51.100.9 | dst=192.0.2.7 | message=applications: Example.Overflow
            fortigate firewall 2026-03-01T10:00:00Z | class=2004 | -/failure | product=fortigate | service=utm | host=fw1 | src=192.0.2.7 | dst=198.51.100.9 | file=eicar.com | message=EICAR_TEST_FILE
            fortigate firewall 2026-03-01T10:00:00Z | class=4001 | -/success | product=fortigate | service=utm | host=fw1 | src=192.0.2.7 | dst=198.51.100.9 | app=Example.Chat
            fortigate firewall 2026-03-01T10:00:00Z | class=4003 | -/success | product=fortigate | service=utm | host=fw1 | src=192.0.2.7 | dst=198.51.100.53 | domain=www.example.com | dst_port=53"#]],
    );
}

#[test]
fn events() {
    check(
        &[
            r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="0101039426" type="event" subtype="vpn" level="alert" logdesc="SSL VPN login fail" action="ssl-login-fail" tunneltype="ssl-web" tunnelid=0 remip=198.51.100.7 user="bob" group="N/A" dst_host="N/A" reason="sslvpn_login_unknown_user" msg="SSL user failed to logged in""#,
            r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="0101039424" type="event" subtype="vpn" level="information" logdesc="SSL VPN tunnel up" action="tunnel-up" tunneltype="ssl-web" tunnelid=77 remip=198.51.100.7 user="bob" msg="SSL tunnel established""#,
            r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="0101037138" type="event" subtype="vpn" level="notice" logdesc="IPsec connection status changed" action="tunnel-down" remip=198.51.100.7 locip=203.0.113.1 user="N/A" msg="IPsec connection status change""#,
            r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="0100032002" type="event" subtype="system" level="alert" logdesc="Admin login failed" user="admin" ui="https(198.51.100.7)" method="https" srcip=198.51.100.7 dstip=192.0.2.1 action="login" status="failed" reason="passwd_invalid" msg="Administrator admin login failed from https(198.51.100.7) because of invalid password""#,
            r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="0100032001" type="event" subtype="system" level="information" logdesc="Admin login successful" user="admin" ui="ssh(2001:db8::7)" action="login" status="success" msg="Administrator admin logged in successfully""#,
            r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="0100032003" type="event" subtype="system" level="information" user="admin" ui="https(198.51.100.7)" action="logout" status="success" msg="Administrator admin logged out""#,
            r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="0100044547" type="event" subtype="system" level="information" logdesc="Object attribute configured" user="admin" ui="GUI(198.51.100.7)" action="Add" cfgtid=1 cfgpath="system.admin" cfgobj="mallory" msg="Add system.admin mallory""#,
            r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="0100044547" type="event" subtype="system" level="information" user="admin" ui="GUI(198.51.100.7)" action="Edit" cfgpath="user.group" cfgobj="vpn-users""#,
            r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="0100044547" type="event" subtype="system" level="information" user="admin" ui="jsconsole" action="Delete" cfgpath="log.syslogd.setting""#,
            r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="0100044547" type="event" subtype="system" level="information" user="admin" action="Add" cfgpath="firewall.policy" cfgobj="9""#,
            r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="0102043009" type="event" subtype="user" level="notice" logdesc="Authentication failed" srcip=192.0.2.7 user="bob" action="authentication" status="failure" authproto="HTTP(192.0.2.7)""#,
            r#"date=2026-03-01 time=10:00:00 devname="fw1" devid="FGT60F0000000001" eventtime=1772359200000000000 tz="+0100" logid="0102043009" type="event" subtype="user" level="notice" logdesc="Authentication failed" srcip=198.51.100.7 user="bob" action="authentication" status="failure" authproto="SSLVPN(198.51.100.7)""#,
        ],
        expect![[r#"
            fortigate firewall 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=fortigate | service=event | host=fw1 | user=bob | src=198.51.100.7 | message=SSL user failed to logged in
            fortigate firewall 2026-03-01T10:00:00Z | class=3002 | LL01/success | product=fortigate | service=event | host=fw1 | user=bob | src=198.51.100.7 | session=77 | message=SSL tunnel established
            fortigate firewall 2026-03-01T10:00:00Z | class=3002 | LL02/success | product=fortigate | service=event | host=fw1 | src=198.51.100.7 | dst=203.0.113.1 | message=IPsec connection status change
            fortigate firewall 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=fortigate | service=event | host=fw1 | user=admin | src=198.51.100.7 | dst=192.0.2.1 | message=Administrator admin login failed from https(198.51.100.7) because of invalid password
            fortigate firewall 2026-03-01T10:00:00Z | class=3002 | LL01/success | product=fortigate | service=event | host=fw1 | user=admin | src=2001:db8::7 | message=Administrator admin logged in successfully
            fortigate firewall 2026-03-01T10:00:00Z | class=3002 | LL02/success | product=fortigate | service=event | host=fw1 | user=admin | src=198.51.100.7 | message=Administrator admin logged out
            fortigate firewall 2026-03-01T10:00:00Z | class=3001 | SA01/success | product=fortigate | service=event | host=fw1 | user=admin | target=mallory | src=198.51.100.7 | message=Add system.admin mallory
            fortigate firewall 2026-03-01T10:00:00Z | class=3006 | SA05/success | product=fortigate | service=event | host=fw1 | user=admin | src=198.51.100.7
            fortigate firewall 2026-03-01T10:00:00Z | class=5019 | SS05/success | product=fortigate | service=event | host=fw1 | user=admin
            fortigate firewall 2026-03-01T10:00:00Z | class=5019 | CC02/success | product=fortigate | service=event | host=fw1 | user=admin
            fortigate firewall 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=fortigate | service=event | host=fw1 | user=bob | src=192.0.2.7 | message=Authentication failed
            fortigate firewall 2026-03-01T10:00:00Z | class=3002 | -/failure | product=fortigate | service=event | host=fw1 | user=bob | src=198.51.100.7 | message=Authentication failed"#]],
    );
}

#[test]
fn odd_records() {
    check(
        &[
            r#"date=2026-03-01,time=10:00:00,devname="fw,1",logid="0000000013",type="traffic",subtype="local",tz="-0500",srcip=192.0.2.7,dstip=198.51.100.9,action="accept""#,
            r#"date=2026-03-01 time=10:00:00 logid="0000000013" type="traffic" subtype="local" stray words srcip=192.0.2.7 msg="never closed"#,
            r#"logver=700 logid="0000000013" type="traffic" subtype="local" srcip=192.0.2.7"#,
            r#"Mar  1 10:00:00 fw1 date=2026-03-01 time=10:00:00 logid="0000000013" type="traffic" subtype="sniffer" srcip=192.0.2.7"#,
            "date=2026-03-01 is no record",
        ],
        expect![[r#"
            fortigate firewall 2026-03-01T15:00:00Z | class=4001 | -/success | product=fortigate | service=traffic | host=fw,1 | src=192.0.2.7 | dst=198.51.100.9
            fortigate firewall 2026-03-01T10:00:00Z | class=4001 | -/unknown | product=fortigate | service=traffic | src=192.0.2.7 | message=never closed | problem=2 words without a value left out
            fortigate firewall 2026-03-01T12:00:00Z | class=4001 | -/unknown | product=fortigate | service=traffic | src=192.0.2.7 | problem=no time in the record, arrival time taken
            fortigate firewall 2026-03-01T10:00:00Z | class=4001 | -/unknown | product=fortigate | service=traffic | host=fw1 | src=192.0.2.7
            text linux 2026-03-01T12:00:00Z | class=0 | -/unknown | message=date=2026-03-01 is no record | problem=no known format, kept as text; no time in the record, arrival time taken"#]],
    );
}
