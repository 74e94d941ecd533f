use expect_test::expect;

use crate::test_kit::{summaries, table};

#[test]
fn netfilter_lines() {
    let lines = [
        "Mar  1 10:00:00 gw1 kernel: [12.5] IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=192.0.2.7 DST=198.51.100.2 LEN=40 TOS=0x00 PREC=0x00 TTL=245 ID=37308 PROTO=TCP SPT=8080 DPT=8123 WINDOW=1024 RES=0x00 SYN URGP=0",
        "<4>Mar  1 10:00:00 gw1 kernel: [  203.842973] [UFW BLOCK] IN=eth0 OUT= MAC= SRC=2001:db8::7 DST=2001:db8::2 LEN=76 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=UDP SPT=49007 DPT=53 LEN=56",
        "Mar  1 10:00:00 gw1 kernel: filter_IN_public_REJECT: IN=eth0 OUT=eth1 MAC=02:00 SRC=192.0.2.7 DST=198.51.100.2 LEN=84 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=ICMP TYPE=8 CODE=0 ID=7 SEQ=1",
        "[12.5] accept-dnsIN=eth0 OUT= SRC=192.0.2.7 DST=198.51.100.2 LEN=60 PROTO=ICMP TYPE=3 CODE=1 [SRC=198.51.100.2 DST=203.0.113.9 LEN=40 TTL=1 PROTO=TCP SPT=1 DPT=2 ]",
        "IN= OUT=eth0 SRC=198.51.100.2 DST=203.0.113.9 LEN=60 TOS=0x00 PROTO=TCP SPT=40000 DPT=443 WINDOW=64240 RES=0x00 SYN URGP=0 UID=33 GID=33",
        "101 1 tap101i0-IN 01/Mar/2026:11:00:00 +0100 REJECT: IN=fwbr101i0 OUT=fwbr101i0 PHYSIN=fwln101i0 PHYSOUT=tap101i0 MAC=02:00 SRC=192.0.2.7 DST=198.51.100.2 LEN=60 TOS=0x10 PREC=0x00 TTL=63 ID=51 DF PROTO=TCP SPT=51604 DPT=22 SEQ=3673568222 ACK=0 WINDOW=64240 SYN ",
        "Mar  1 10:00:00 gw1 kernel: [12.5] usb 1-1: new device",
        "a text with SRC=1 DST=2 LEN=3 in it",
    ];
    expect![[r#"
        netfilter firewall 2026-03-01T10:00:00Z | class=4001 | -/unknown | product=netfilter | service=iptables | host=gw1 | src=192.0.2.7 | dst=198.51.100.2 | process=kernel | app=kernel | message=[12.5] IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=192.0.2.7 DST=198.51.100.2 LEN=40 TOS=0x00 PREC=0x00 TTL=245 ID=37308 PROTO=TCP SPT=8080 DPT=8123 WINDOW=1024 RES=0x00 SYN URGP=0 | src_port=8080 | dst_port=8123
          hostname = gw1
          program = kernel
          message = [12.5] IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=192.0.2.7 DST=198.51.100.2 LEN=40 TOS=0x00 PREC=0x00 TTL=245 ID=37308 PROTO=TCP SPT=8080 DPT=8123 WINDOW=1024 RES=0x00 SYN URGP=0
          IN = eth0
          MAC = 02:00:00:00:00:01:02:00:00:00:00:02:08:00
          src_ip = 192.0.2.7
          SRC = 192.0.2.7
          dst_ip = 198.51.100.2
          DST = 198.51.100.2
          LEN = 40
          TOS = 0x00
          PREC = 0x00
          TTL = 245
          ID = 37308
          PROTO = TCP
          src_port = 8080
          SPT = 8080
          dst_port = 8123
          DPT = 8123
          WINDOW = 1024
          RES = 0x00
          flags = SYN
          URGP = 0

        netfilter firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=netfilter | service=iptables | host=gw1 | src=2001:db8::7 | dst=2001:db8::2 | process=kernel | app=kernel | message=[  203.842973] [UFW BLOCK] IN=eth0 OUT= MAC= SRC=2001:db8::7 DST=2001:db8::2 LEN=76 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=UDP SPT=49007 DPT=53 LEN=56 | src_port=49007 | dst_port=53
          facility = kern
          severity = warning
          hostname = gw1
          program = kernel
          message = [  203.842973] [UFW BLOCK] IN=eth0 OUT= MAC= SRC=2001:db8::7 DST=2001:db8::2 LEN=76 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=UDP SPT=49007 DPT=53 LEN=56
          prefix = [UFW BLOCK]
          action = drop
          blocked = true
          IN = eth0
          src_ip = 2001:db8::7
          SRC = 2001:db8::7
          dst_ip = 2001:db8::2
          DST = 2001:db8::2
          LEN = 76
          TC = 0
          HOPLIMIT = 64
          FLOWLBL = 0
          PROTO = UDP
          src_port = 49007
          SPT = 49007
          dst_port = 53
          DPT = 53
          LEN = 56

        netfilter firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=netfilter | service=iptables | host=gw1 | src=192.0.2.7 | dst=198.51.100.2 | process=kernel | app=kernel | message=filter_IN_public_REJECT: IN=eth0 OUT=eth1 MAC=02:00 SRC=192.0.2.7 DST=198.51.100.2 LEN=84 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=ICMP TYPE=8 CODE=0 ID=7 SEQ=1
          hostname = gw1
          program = kernel
          message = filter_IN_public_REJECT: IN=eth0 OUT=eth1 MAC=02:00 SRC=192.0.2.7 DST=198.51.100.2 LEN=84 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=ICMP TYPE=8 CODE=0 ID=7 SEQ=1
          prefix = filter_IN_public_REJECT
          action = reject
          blocked = true
          IN = eth0
          OUT = eth1
          MAC = 02:00
          src_ip = 192.0.2.7
          SRC = 192.0.2.7
          dst_ip = 198.51.100.2
          DST = 198.51.100.2
          LEN = 84
          TOS = 0x00
          PREC = 0x00
          TTL = 64
          ID = 1
          PROTO = ICMP
          TYPE = 8
          CODE = 0
          ID = 7
          SEQ = 1

        netfilter firewall 2026-03-01T12:00:00Z | class=4001 | -/success | product=netfilter | service=iptables | src=192.0.2.7 | dst=198.51.100.2 | problem=no time in the record, arrival time taken
          prefix = accept-dns
          action = accept
          blocked = false
          IN = eth0
          src_ip = 192.0.2.7
          SRC = 192.0.2.7
          dst_ip = 198.51.100.2
          DST = 198.51.100.2
          LEN = 60
          PROTO = ICMP
          TYPE = 3
          CODE = 1
          quoted_packet = SRC=198.51.100.2 DST=203.0.113.9 LEN=40 TTL=1 PROTO=TCP SPT=1 DPT=2

        netfilter firewall 2026-03-01T12:00:00Z | class=4001 | -/unknown | product=netfilter | service=iptables | user=33 | src=198.51.100.2 | dst=203.0.113.9 | src_port=40000 | dst_port=443 | problem=no time in the record, arrival time taken
          OUT = eth0
          src_ip = 198.51.100.2
          SRC = 198.51.100.2
          dst_ip = 203.0.113.9
          DST = 203.0.113.9
          LEN = 60
          TOS = 0x00
          PROTO = TCP
          src_port = 40000
          SPT = 40000
          dst_port = 443
          DPT = 443
          WINDOW = 64240
          RES = 0x00
          flags = SYN
          URGP = 0
          UID = 33
          GID = 33

        netfilter firewall 2026-03-01T10:00:00Z | class=4001 | -/failure | product=netfilter | service=iptables | src=192.0.2.7 | dst=198.51.100.2 | src_port=51604 | dst_port=22
          vmid = 101
          chain = tap101i0-IN
          prefix = REJECT
          action = reject
          blocked = true
          IN = fwbr101i0
          OUT = fwbr101i0
          PHYSIN = fwln101i0
          PHYSOUT = tap101i0
          MAC = 02:00
          src_ip = 192.0.2.7
          SRC = 192.0.2.7
          dst_ip = 198.51.100.2
          DST = 198.51.100.2
          LEN = 60
          TOS = 0x10
          PREC = 0x00
          TTL = 63
          ID = 51
          PROTO = TCP
          src_port = 51604
          SPT = 51604
          dst_port = 22
          DPT = 22
          SEQ = 3673568222
          ACK = 0
          WINDOW = 64240
          flags = SYN

        syslog linux 2026-03-01T10:00:00Z | class=0 | -/unknown | product=linux | service=syslog | host=gw1 | process=kernel | app=kernel | message=[12.5] usb 1-1: new device
          hostname = gw1
          program = kernel
          message = [12.5] usb 1-1: new device

        text linux 2026-03-01T12:00:00Z | class=0 | -/unknown | message=a text with SRC=1 DST=2 LEN=3 in it | problem=no known format, kept as text; no time in the record, arrival time taken
          message = a text with SRC=1 DST=2 LEN=3 in it
    "#]].assert_eq(&table(None, &lines));
}

#[test]
fn dnsmasq_lines() {
    let say = |text: &str| format!("Mar  1 10:00:00 gw1 dnsmasq[411]: {text}");
    let lines = [
        say("query[A] www.example.com from 192.0.2.7"),
        say("query[AAAA] www.example.com from 2001:db8::7"),
        say("forwarded www.example.com to 198.51.100.1"),
        say("reply www.example.com is 203.0.113.9"),
        say("reply example.net is NXDOMAIN"),
        say("cached example.net is <CNAME>"),
        say("config bad.example.org is 0.0.0.0"),
        say("gravity blocked ads.example.org is 0.0.0.0"),
        say("17 192.0.2.7/40000 query[TXT] x.example.com from 192.0.2.7"),
        say("17 192.0.2.7/40000 reply x.example.com is v=spf1 -all is it"),
        say("started, version 2.90 cachesize 150"),
        "Mar  1 10:00:00 gw1 dnsmasq-dhcp[411]: DHCPACK(eth0) 192.0.2.7 02:00:00:00:00:07 laptop".to_owned(),
        "Mar  1 10:00:00 gw1 dnsmasq-dhcp[411]: DHCPDISCOVER(eth0) 02:00:00:00:00:07".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    expect![[r#"
        dnsmasq firewall 2026-03-01T10:00:00Z | class=4003 | -/unknown | product=dnsmasq | service=dns | host=gw1 | src=192.0.2.7 | process=dnsmasq | pid=411 | domain=www.example.com | app=dnsmasq | message=query[A] www.example.com from 192.0.2.7
        dnsmasq firewall 2026-03-01T10:00:00Z | class=4003 | -/unknown | product=dnsmasq | service=dns | host=gw1 | src=2001:db8::7 | process=dnsmasq | pid=411 | domain=www.example.com | app=dnsmasq | message=query[AAAA] www.example.com from 2001:db8::7
        dnsmasq firewall 2026-03-01T10:00:00Z | class=4003 | -/unknown | product=dnsmasq | service=dns | host=gw1 | dst=198.51.100.1 | process=dnsmasq | pid=411 | domain=www.example.com | app=dnsmasq | message=forwarded www.example.com to 198.51.100.1
        dnsmasq firewall 2026-03-01T10:00:00Z | class=4003 | -/success | product=dnsmasq | service=dns | host=gw1 | process=dnsmasq | pid=411 | domain=www.example.com | app=dnsmasq | message=reply www.example.com is 203.0.113.9
        dnsmasq firewall 2026-03-01T10:00:00Z | class=4003 | -/failure | product=dnsmasq | service=dns | host=gw1 | process=dnsmasq | pid=411 | domain=example.net | app=dnsmasq | message=reply example.net is NXDOMAIN
        dnsmasq firewall 2026-03-01T10:00:00Z | class=4003 | -/success | product=dnsmasq | service=dns | host=gw1 | process=dnsmasq | pid=411 | domain=example.net | app=dnsmasq | message=cached example.net is <CNAME>
        dnsmasq firewall 2026-03-01T10:00:00Z | class=4003 | -/success | product=dnsmasq | service=dns | host=gw1 | process=dnsmasq | pid=411 | domain=bad.example.org | app=dnsmasq | message=config bad.example.org is 0.0.0.0
        dnsmasq firewall 2026-03-01T10:00:00Z | class=4003 | -/failure | product=dnsmasq | service=dns | host=gw1 | process=dnsmasq | pid=411 | domain=ads.example.org | app=dnsmasq | message=gravity blocked ads.example.org is 0.0.0.0
        dnsmasq firewall 2026-03-01T10:00:00Z | class=4003 | -/unknown | product=dnsmasq | service=dns | host=gw1 | src=192.0.2.7 | process=dnsmasq | pid=411 | domain=x.example.com | app=dnsmasq | message=17 192.0.2.7/40000 query[TXT] x.example.com from 192.0.2.7 | src_port=40000
        dnsmasq firewall 2026-03-01T10:00:00Z | class=4003 | -/success | product=dnsmasq | service=dns | host=gw1 | src=192.0.2.7 | process=dnsmasq | pid=411 | domain=x.example.com | app=dnsmasq | message=17 192.0.2.7/40000 reply x.example.com is v=spf1 -all is it | src_port=40000
        syslog linux 2026-03-01T10:00:00Z | class=0 | -/unknown | product=linux | service=syslog | host=gw1 | process=dnsmasq | pid=411 | app=dnsmasq | message=started, version 2.90 cachesize 150
        dnsmasq firewall 2026-03-01T10:00:00Z | class=4001 | -/unknown | product=dnsmasq | service=dhcp | host=gw1 | src=192.0.2.7 | process=dnsmasq-dhcp | pid=411 | app=dnsmasq-dhcp | message=DHCPACK(eth0) 192.0.2.7 02:00:00:00:00:07 laptop
        dnsmasq firewall 2026-03-01T10:00:00Z | class=4001 | -/unknown | product=dnsmasq | service=dhcp | host=gw1 | process=dnsmasq-dhcp | pid=411 | app=dnsmasq-dhcp | message=DHCPDISCOVER(eth0) 02:00:00:00:00:07
    "#]].assert_eq(&summaries(None, &lines));
    expect![[r#"
        dnsmasq firewall 2026-03-01T10:00:00Z | class=4003 | -/unknown | product=dnsmasq | service=dns | host=gw1 | src=192.0.2.7 | process=dnsmasq | pid=411 | domain=x.example.com | app=dnsmasq | message=17 192.0.2.7/40000 query[TXT] x.example.com from 192.0.2.7 | src_port=40000
          hostname = gw1
          program = dnsmasq
          pid = 411
          message = 17 192.0.2.7/40000 query[TXT] x.example.com from 192.0.2.7
          query_id = 17
          action = query
          record_type = TXT
          query = x.example.com
          src_ip = 192.0.2.7
    "#]].assert_eq(&table(None, &lines[8..9]));
}

#[test]
fn bind_lines() {
    let lines = [
        "Mar  1 10:00:00 ns1 named[411]: client @0x7f2c3c0d1a28 192.0.2.7#40000 (www.example.com): query: www.example.com IN A +E(0)K (198.51.100.1)",
        "Mar  1 10:00:00 ns1 named[411]: queries: info: client 2001:db8::7#40000 (example.net): view inside: query: example.net IN ANY + (2001:db8::1)",
        "01-Mar-2026 10:00:00.123 queries: info: client @0x7f2c3c0d1a28 192.0.2.7#40000 (Example.COM): query: Example.COM IN TXT -",
        "01-Mar-2026 10:00:00.123 client 192.0.2.7#40000: query: example.com IN A +",
        "Mar  1 10:00:00 ns1 named[411]: client @0x7f2c3c0d1a28 192.0.2.7#40000 (bad.example.org): query (cache) 'bad.example.org/A/IN' denied",
        "Mar  1 10:00:00 ns1 named[411]: client @0x7f2c3c0d1a28 192.0.2.7#40000 (bad.example.org): rpz QNAME NXDOMAIN rewrite bad.example.org/A/IN via bad.example.org.rpz.example.com",
        "Mar  1 10:00:00 ns1 named[411]: client @0x7f2c3c0d1a28 192.0.2.7#40000 (x): query: x",
        "Mar  1 10:00:00 ns1 named[411]: zone example.com/IN: loaded serial 2026030100",
    ];
    expect![[r#"
        bind firewall 2026-03-01T10:00:00Z | class=4003 | -/success | product=bind | service=dns | host=ns1 | src=192.0.2.7 | dst=198.51.100.1 | process=named | pid=411 | domain=www.example.com | app=named | message=client @0x7f2c3c0d1a28 192.0.2.7#40000 (www.example.com): query: www.example.com IN A +E(0)K (198.51.100.1) | src_port=40000
        bind firewall 2026-03-01T10:00:00Z | class=4003 | -/success | product=bind | service=dns | host=ns1 | src=2001:db8::7 | dst=2001:db8::1 | process=named | pid=411 | domain=example.net | app=named | message=queries: info: client 2001:db8::7#40000 (example.net): view inside: query: example.net IN ANY + (2001:db8::1) | src_port=40000
        bind firewall 2026-03-01T10:00:00.123Z | class=4003 | -/success | product=bind | service=dns | src=192.0.2.7 | domain=Example.COM | message=queries: info: client @0x7f2c3c0d1a28 192.0.2.7#40000 (Example.COM): query: Example.COM IN TXT - | src_port=40000
        bind firewall 2026-03-01T10:00:00.123Z | class=4003 | -/success | product=bind | service=dns | src=192.0.2.7 | domain=example.com | message=client 192.0.2.7#40000: query: example.com IN A + | src_port=40000
        bind firewall 2026-03-01T10:00:00Z | class=4003 | -/failure | product=bind | service=dns | host=ns1 | src=192.0.2.7 | process=named | pid=411 | domain=bad.example.org | app=named | message=client @0x7f2c3c0d1a28 192.0.2.7#40000 (bad.example.org): query (cache) 'bad.example.org/A/IN' denied | src_port=40000
        bind firewall 2026-03-01T10:00:00Z | class=4003 | -/failure | product=bind | service=dns | host=ns1 | src=192.0.2.7 | process=named | pid=411 | domain=bad.example.org | app=named | message=client @0x7f2c3c0d1a28 192.0.2.7#40000 (bad.example.org): rpz QNAME NXDOMAIN rewrite bad.example.org/A/IN via bad.example.org.rpz.example.com | src_port=40000
        bind firewall 2026-03-01T10:00:00Z | class=4003 | -/unknown | product=bind | service=dns | host=ns1 | src=192.0.2.7 | process=named | pid=411 | domain=x | app=named | message=client @0x7f2c3c0d1a28 192.0.2.7#40000 (x): query: x | src_port=40000 | problem=a query without class and type
        syslog linux 2026-03-01T10:00:00Z | class=0 | -/unknown | product=linux | service=syslog | host=ns1 | process=named | pid=411 | app=named | message=zone example.com/IN: loaded serial 2026030100
    "#]].assert_eq(&summaries(None, &lines));
    expect![[r#"
        bind firewall 2026-03-01T10:00:00Z | class=4003 | -/success | product=bind | service=dns | host=ns1 | src=192.0.2.7 | dst=198.51.100.1 | process=named | pid=411 | domain=www.example.com | app=named | message=client @0x7f2c3c0d1a28 192.0.2.7#40000 (www.example.com): query: www.example.com IN A +E(0)K (198.51.100.1) | src_port=40000
          hostname = ns1
          program = named
          pid = 411
          message = client @0x7f2c3c0d1a28 192.0.2.7#40000 (www.example.com): query: www.example.com IN A +E(0)K (198.51.100.1)
          src_ip = 192.0.2.7
          action = query
          query = www.example.com
          record_class = IN
          record_type = A
          flags = +E(0)K
    "#]].assert_eq(&table(None, &lines[..1]));
}

#[test]
fn openvpn_lines() {
    let lines = [
        "2026-03-01 10:00:00 192.0.2.7:40000 TLS Auth Error: Auth Username/Password verification failed for peer",
        "2026-03-01 10:00:00 192.0.2.7:40000 PLUGIN_CALL: plugin function PLUGIN_AUTH_USER_PASS_VERIFY failed with status 1: /usr/lib/openvpn/openvpn-plugin-auth-pam.so",
        "2026-03-01 10:00:00 us=123456 192.0.2.7:40000 SENT CONTROL [alice]: 'AUTH_FAILED' (status=1)",
        "Sun Mar  1 10:00:00 2026 192.0.2.7:40000 VERIFY ERROR: depth=0, error=certificate has expired: C=DE, O=Example, CN=bob, serial=7",
        "Sun Mar  1 10:00:00 2026 192.0.2.7:40000 VERIFY OK: depth=1, C=DE, O=Example, CN=Example CA",
        "Sun Mar  1 10:00:00 2026 192.0.2.7:40000 VERIFY OK: depth=0, C=DE, O=Example, CN=alice",
        "Mar  1 10:00:00 vpn1 openvpn[811]: 192.0.2.7:40000 TLS: Username/Password authentication succeeded for username 'alice' [CN SET]",
        "Mar  1 10:00:00 vpn1 openvpn[811]: 192.0.2.7:40000 [alice] Peer Connection Initiated with [AF_INET]192.0.2.7:40000",
        "Mar  1 10:00:00 vpn1 ovpn-server[811]: alice/192.0.2.7:40000 MULTI: Learn: 198.51.100.130 -> alice/192.0.2.7:40000",
        "Mar  1 10:00:00 vpn1 ovpn-server[811]: alice/[2001:db8::7]:40000 SIGTERM[soft,remote-exit] received, client-instance exiting",
        "Mar  1 10:00:00 vpn1 openvpn[811]: 192.0.2.7:40000 TLS Error: TLS handshake failed",
        "Mar  1 10:00:00 vpn1 openvpn[811]: Initialization Sequence Completed",
        "Mar  1 10:00:00 vpn1 openvpn[811]: pam_unix(openvpn:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=  user=alice",
        "2026-03-01 10:00:00 OpenVPN 2.6.3 x86_64-pc-linux-gnu [SSL (OpenSSL)] [LZO]",
        "2026-03-01 10:00:00 some other program",
    ];
    expect![[r#"
        openvpn linux 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=openvpn | service=openvpn | src=192.0.2.7 | app=openvpn | message=TLS Auth Error: Auth Username/Password verification failed for peer | src_port=40000
        openvpn linux 2026-03-01T10:00:00Z | class=3002 | -/failure | product=openvpn | service=openvpn | src=192.0.2.7 | app=openvpn | message=PLUGIN_CALL: plugin function PLUGIN_AUTH_USER_PASS_VERIFY failed with status 1: /usr/lib/openvpn/openvpn-plugin-auth-pam.so | src_port=40000
        openvpn linux 2026-03-01T10:00:00Z | class=3002 | -/failure | product=openvpn | service=openvpn | user=alice | src=192.0.2.7 | app=openvpn | message=SENT CONTROL [alice]: 'AUTH_FAILED' (status=1) | src_port=40000
        openvpn linux 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=openvpn | service=openvpn | user=bob | src=192.0.2.7 | app=openvpn | message=VERIFY ERROR: depth=0, error=certificate has expired: C=DE, O=Example, CN=bob, serial=7 | src_port=40000
        openvpn linux 2026-03-01T10:00:00Z | class=3002 | -/success | product=openvpn | service=openvpn | src=192.0.2.7 | app=openvpn | message=VERIFY OK: depth=1, C=DE, O=Example, CN=Example CA | src_port=40000
        openvpn linux 2026-03-01T10:00:00Z | class=3002 | -/success | product=openvpn | service=openvpn | user=alice | src=192.0.2.7 | app=openvpn | message=VERIFY OK: depth=0, C=DE, O=Example, CN=alice | src_port=40000
        openvpn linux 2026-03-01T10:00:00Z | class=3002 | -/success | product=openvpn | service=openvpn | host=vpn1 | user=alice | src=192.0.2.7 | process=openvpn | pid=811 | app=openvpn | message=TLS: Username/Password authentication succeeded for username 'alice' [CN SET] | src_port=40000
        openvpn linux 2026-03-01T10:00:00Z | class=3002 | LL01/success | product=openvpn | service=openvpn | host=vpn1 | user=alice | src=192.0.2.7 | process=openvpn | pid=811 | app=openvpn | message=[alice] Peer Connection Initiated with [AF_INET]192.0.2.7:40000 | src_port=40000
        openvpn linux 2026-03-01T10:00:00Z | class=4001 | -/unknown | product=openvpn | service=openvpn | host=vpn1 | user=alice | src=192.0.2.7 | process=ovpn-server | pid=811 | app=openvpn | message=MULTI: Learn: 198.51.100.130 -> alice/192.0.2.7:40000 | src_port=40000
        openvpn linux 2026-03-01T10:00:00Z | class=3002 | LL02/success | product=openvpn | service=openvpn | host=vpn1 | user=alice | src=2001:db8::7 | process=ovpn-server | pid=811 | app=openvpn | message=SIGTERM[soft,remote-exit] received, client-instance exiting | src_port=40000
        openvpn linux 2026-03-01T10:00:00Z | class=4001 | -/failure | product=openvpn | service=openvpn | host=vpn1 | src=192.0.2.7 | process=openvpn | pid=811 | app=openvpn | message=TLS Error: TLS handshake failed | src_port=40000
        openvpn linux 2026-03-01T10:00:00Z | class=6002 | SS01/success | product=openvpn | service=openvpn | host=vpn1 | process=openvpn | pid=811 | app=openvpn | message=Initialization Sequence Completed
        syslog linux 2026-03-01T10:00:00Z | class=3002 | -/failure | product=linux | service=auth | host=vpn1 | user=alice | process=openvpn | pid=811 | app=openvpn | message=pam_unix(openvpn:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=  user=alice
        openvpn linux 2026-03-01T10:00:00Z | class=6002 | -/unknown | product=openvpn | service=openvpn | app=openvpn | message=OpenVPN 2.6.3 x86_64-pc-linux-gnu [SSL (OpenSSL)] [LZO]
        text linux 2026-03-01T10:00:00Z | class=0 | -/unknown | message=2026-03-01 10:00:00 some other program | problem=no known format, kept as text
    "#]].assert_eq(&summaries(None, &lines));
}

#[test]
fn postfix_lines() {
    let say = |program: &str, text: &str| format!("Mar  1 10:00:00 mail1 postfix{program}[811]: {text}");
    let lines = [
        say("/smtpd", "connect from mail.example.net[192.0.2.7]"),
        say(
            "/submission/smtpd",
            "warning: unknown[192.0.2.7]: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
        ),
        say(
            "/smtps/smtpd",
            "warning: host.example.net[2001:db8::7]: SASL PLAIN authentication failed: (reason unavailable), sasl_username=alice@example.com",
        ),
        say(
            "/smtpd",
            "3F2A1B4C5D: client=host.example.net[192.0.2.7], sasl_method=PLAIN, sasl_username=alice@example.com",
        ),
        say("/smtpd", "3F2A1B4C5D: client=host.example.net[192.0.2.7]"),
        say("/cleanup", "3F2A1B4C5D: message-id=<20260301.1@example.com>"),
        say("/qmgr", "3F2A1B4C5D: from=<alice@example.com>, size=1234, nrcpt=1 (queue active)"),
        say(
            "/smtp",
            "3F2A1B4C5D: to=<bob@example.net>, orig_to=<bobby@example.net>, relay=mx.example.net[198.51.100.9]:25, delay=1.2, delays=0.1/0/0.5/0.6, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4XyZ)",
        ),
        say(
            "/smtp",
            "3F2A1B4C5D: to=<bob@example.net>, relay=none, delay=30, delays=0/0/30/0, dsn=4.4.1, status=deferred (connect to mx.example.net[198.51.100.9]:25: Connection timed out)",
        ),
        say("/qmgr", "3F2A1B4C5D: removed"),
        say(
            "/smtpd",
            "NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 454 4.7.1 <x@example.org>: Relay access denied; from=<spam@example.org> to=<x@example.org> proto=ESMTP helo=<WIN-1>",
        ),
        say("/smtpd", "NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 554 5.7.1 Service unavailable"),
        say(
            "/cleanup",
            "3F2A1B4C5D: milter-reject: END-OF-MESSAGE from host.example.net[192.0.2.7]: 5.7.1 Spam; from=<a@example.org> to=<b@example.com> proto=ESMTP helo=<host>",
        ),
        say("/smtpd", "lost connection after AUTH from unknown[192.0.2.7]"),
        say("/smtpd", "disconnect from unknown[192.0.2.7] ehlo=1 auth=0/1 quit=1 commands=2/3"),
        say("/smtpd", "warning: non-SMTP command from unknown[192.0.2.7]: GET / HTTP/1.1"),
        say(
            "/smtpd",
            "Anonymous TLS connection established from host.example.net[192.0.2.7]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)",
        ),
        say("/postscreen", "CONNECT from [192.0.2.7]:40000 to [198.51.100.2]:25"),
        say("/postscreen", r"PREGREET 16 after 2.6 from [192.0.2.7]:40000: EHLO 127.0.0.1\r\n"),
        say("/postscreen", "DNSBL rank 3 for [192.0.2.7]:40000"),
        say(
            "/postscreen",
            "NOQUEUE: reject: RCPT from [192.0.2.7]:40000: 550 5.7.1 Service unavailable; client [192.0.2.7] blocked using bl.example.org; from=<a@example.org>, to=<b@example.com>, proto=ESMTP, helo=<x>",
        ),
        say("/postscreen", "PASS NEW [2001:db8::7]:40000"),
        say("-out/pickup", "3F2A1B4C5D: uid=0 from=<root>"),
        say("", "warning: no component"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    expect![[r#"
        postfix linux | class=4001 | -/unknown | src=192.0.2.7 | process=postfix/smtpd | pid=811 | domain=mail.example.net | app=postfix | message=connect from mail.example.net[192.0.2.7]
        postfix linux | class=3002 | LL03/failure | src=192.0.2.7 | process=postfix/submission/smtpd | pid=811 | app=postfix | message=warning: unknown[192.0.2.7]: SASL LOGIN authentication failed: UGFzc3dvcmQ6
        postfix linux | class=3002 | LL03/failure | user=alice@example.com | src=2001:db8::7 | process=postfix/smtps/smtpd | pid=811 | domain=host.example.net | app=postfix | message=warning: host.example.net[2001:db8::7]: SASL PLAIN authentication failed: (reason unavailable), sasl_username=alice@example.com
        postfix linux | class=3002 | LL01/success | user=alice@example.com | src=192.0.2.7 | process=postfix/smtpd | pid=811 | session=3F2A1B4C5D | domain=host.example.net | app=postfix | message=3F2A1B4C5D: client=host.example.net[192.0.2.7], sasl_method=PLAIN, sasl_username=alice@example.com
        postfix linux | class=4009 | -/unknown | src=192.0.2.7 | process=postfix/smtpd | pid=811 | session=3F2A1B4C5D | domain=host.example.net | app=postfix | message=3F2A1B4C5D: client=host.example.net[192.0.2.7]
        postfix linux | class=4009 | -/unknown | process=postfix/cleanup | pid=811 | session=3F2A1B4C5D | app=postfix | message=3F2A1B4C5D: message-id=<20260301.1@example.com>
        postfix linux | class=4009 | -/unknown | user=alice@example.com | process=postfix/qmgr | pid=811 | session=3F2A1B4C5D | app=postfix | message=3F2A1B4C5D: from=<alice@example.com>, size=1234, nrcpt=1 (queue active)
        postfix linux | class=4009 | -/success | target=bob@example.net | dst=198.51.100.9 | process=postfix/smtp | pid=811 | session=3F2A1B4C5D | domain=mx.example.net | app=postfix | message=3F2A1B4C5D: to=<bob@example.net>, orig_to=<bobby@example.net>, relay=mx.example.net[198.51.100.9]:25, delay=1.2, delays=0.1/0/0.5/0.6, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4XyZ) | dst_port=25
        postfix linux | class=4009 | -/failure | target=bob@example.net | process=postfix/smtp | pid=811 | session=3F2A1B4C5D | app=postfix | message=3F2A1B4C5D: to=<bob@example.net>, relay=none, delay=30, delays=0/0/30/0, dsn=4.4.1, status=deferred (connect to mx.example.net[198.51.100.9]:25: Connection timed out)
        postfix linux | class=4009 | -/unknown | process=postfix/qmgr | pid=811 | session=3F2A1B4C5D | app=postfix | message=3F2A1B4C5D: removed
        postfix linux | class=4009 | -/failure | user=spam@example.org | target=x@example.org | src=192.0.2.7 | process=postfix/smtpd | pid=811 | app=postfix | message=NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 454 4.7.1 <x@example.org>: Relay access denied; from=<spam@example.org> to=<x@example.org> proto=ESMTP helo=<WIN-1>
        postfix linux | class=4009 | -/failure | src=192.0.2.7 | process=postfix/smtpd | pid=811 | app=postfix | message=NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 554 5.7.1 Service unavailable
        postfix linux | class=4009 | -/failure | user=a@example.org | target=b@example.com | src=192.0.2.7 | process=postfix/cleanup | pid=811 | session=3F2A1B4C5D | domain=host.example.net | app=postfix | message=3F2A1B4C5D: milter-reject: END-OF-MESSAGE from host.example.net[192.0.2.7]: 5.7.1 Spam; from=<a@example.org> to=<b@example.com> proto=ESMTP helo=<host>
        postfix linux | class=4001 | -/unknown | src=192.0.2.7 | process=postfix/smtpd | pid=811 | app=postfix | message=lost connection after AUTH from unknown[192.0.2.7]
        postfix linux | class=4001 | -/unknown | src=192.0.2.7 | process=postfix/smtpd | pid=811 | app=postfix | message=disconnect from unknown[192.0.2.7] ehlo=1 auth=0/1 quit=1 commands=2/3
        postfix linux | class=4009 | -/failure | src=192.0.2.7 | process=postfix/smtpd | pid=811 | app=postfix | message=warning: non-SMTP command from unknown[192.0.2.7]: GET / HTTP/1.1
        postfix linux | class=4001 | -/unknown | src=192.0.2.7 | process=postfix/smtpd | pid=811 | domain=host.example.net | app=postfix | message=Anonymous TLS connection established from host.example.net[192.0.2.7]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)
        postfix linux | class=4001 | -/unknown | src=192.0.2.7 | dst=198.51.100.2 | process=postfix/postscreen | pid=811 | app=postfix | message=CONNECT from [192.0.2.7]:40000 to [198.51.100.2]:25 | src_port=40000 | dst_port=25
        postfix linux | class=4001 | -/failure | src=192.0.2.7 | process=postfix/postscreen | pid=811 | app=postfix | message=PREGREET 16 after 2.6 from [192.0.2.7]:40000: EHLO 127.0.0.1\r\n | src_port=40000
        postfix linux | class=4001 | -/failure | src=192.0.2.7 | process=postfix/postscreen | pid=811 | app=postfix | message=DNSBL rank 3 for [192.0.2.7]:40000 | src_port=40000
        postfix linux | class=4009 | -/failure | src=192.0.2.7 | process=postfix/postscreen | pid=811 | app=postfix | message=NOQUEUE: reject: RCPT from [192.0.2.7]:40000: 550 5.7.1 Service unavailable; client [192.0.2.7] blocked using bl.example.org; from=<a@example.org>, to=<b@example.com>, proto=ESMTP, helo=<x> | src_port=40000
        postfix linux | class=4001 | -/success | src=2001:db8::7 | process=postfix/postscreen | pid=811 | app=postfix | message=PASS NEW [2001:db8::7]:40000 | src_port=40000
        postfix linux | class=4009 | -/unknown | process=postfix-out/pickup | pid=811 | session=3F2A1B4C5D | app=postfix | message=3F2A1B4C5D: uid=0 from=<root>
        syslog linux | class=0 | -/unknown | product=linux | service=syslog | host=mail1 | process=postfix | pid=811 | app=postfix | message=warning: no component
    "#]].assert_eq(&summaries(None, &lines).replace(" 2026-03-01T10:00:00Z", "").replace("product=postfix | service=postfix | host=mail1 | ", ""));
    expect![[r#"
        postfix linux 2026-03-01T10:00:00Z | class=4009 | -/success | product=postfix | service=postfix | host=mail1 | target=bob@example.net | dst=198.51.100.9 | process=postfix/smtp | pid=811 | session=3F2A1B4C5D | domain=mx.example.net | app=postfix | message=3F2A1B4C5D: to=<bob@example.net>, orig_to=<bobby@example.net>, relay=mx.example.net[198.51.100.9]:25, delay=1.2, delays=0.1/0/0.5/0.6, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4XyZ) | dst_port=25
          hostname = mail1
          program = postfix/smtp
          pid = 811
          message = 3F2A1B4C5D: to=<bob@example.net>, orig_to=<bobby@example.net>, relay=mx.example.net[198.51.100.9]:25, delay=1.2, delays=0.1/0/0.5/0.6, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4XyZ)
          component = smtp
          queue_id = 3F2A1B4C5D
          to = bob@example.net
          orig_to = bobby@example.net
          relay = mx.example.net[198.51.100.9]:25
          delay = 1.2
          delays = 0.1/0/0.5/0.6
          dsn = 2.0.0
          status = sent
          reply = 250 2.0.0 Ok: queued as 4XyZ

        postfix linux 2026-03-01T10:00:00Z | class=4009 | -/failure | product=postfix | service=postfix | host=mail1 | user=spam@example.org | target=x@example.org | src=192.0.2.7 | process=postfix/smtpd | pid=811 | app=postfix | message=NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 454 4.7.1 <x@example.org>: Relay access denied; from=<spam@example.org> to=<x@example.org> proto=ESMTP helo=<WIN-1>
          hostname = mail1
          program = postfix/smtpd
          pid = 811
          message = NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 454 4.7.1 <x@example.org>: Relay access denied; from=<spam@example.org> to=<x@example.org> proto=ESMTP helo=<WIN-1>
          component = smtpd
          queue_id = NOQUEUE
          action = reject
          client_ip = 192.0.2.7
          reply = 454 4.7.1 <x@example.org>: Relay access denied
          from = spam@example.org
          to = x@example.org
          proto = ESMTP
          helo = WIN-1
    "#]].assert_eq(&table(None, &[lines[7], lines[10]]));
}

#[test]
fn dovecot_lines() {
    let say = |text: &str| format!("Mar  1 10:00:00 mail1 dovecot: {text}");
    let lines = [
        say("imap-login: Login: user=<alice@example.com>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.2, mpid=812, TLS, session=<abc>"),
        say("imap-login: Disconnected (auth failed, 1 attempts): user=<bob>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.2, TLS, session=<abc>"),
        say("pop3-login: Aborted login (auth failed, 3 attempts in 15 secs): user=<>, method=PLAIN, rip=2001:db8::7, lip=2001:db8::2, session=<abc>"),
        say("imap-login: Login aborted: Connection closed (auth failed, 2 attempts in 8 secs) (auth_failed): user=<a>, rip=203.0.113.9, x>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.2, session=<abc>"),
        say("imap-login: Disconnected (no auth attempts in 0 secs): user=<>, rip=192.0.2.7, lip=198.51.100.2, TLS handshaking: SSL_accept() failed, session=<abc>"),
        say("imap(alice@example.com)<812><abc>: Disconnected: Logged out in=123 out=456"),
        say("auth-worker(99): conn unix:auth-worker: pam(bob,192.0.2.7,<abc>): pam_authenticate() failed: Authentication failure (Password mismatch?)"),
        say("auth: passwd-file(bob,192.0.2.7): unknown user"),
        say("master: Dovecot v2.3.19 starting up for imap"),
        say("pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=bob rhost=192.0.2.7"),
        "Mar 01 10:00:00 imap-login: Info: Login: user=<alice>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.2, mpid=1, session=<abc>".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    expect![[r#"
        dovecot linux | class=3002 | LL01/success | product=dovecot | service=dovecot | host=mail1 | user=alice@example.com | src=192.0.2.7 | dst=198.51.100.2 | process=dovecot | session=abc | app=dovecot | message=imap-login: Login: user=<alice@example.com>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.2, mpid=812, TLS, session=<abc>
        dovecot linux | class=3002 | LL03/failure | product=dovecot | service=dovecot | host=mail1 | user=bob | src=192.0.2.7 | dst=198.51.100.2 | process=dovecot | session=abc | app=dovecot | message=imap-login: Disconnected (auth failed, 1 attempts): user=<bob>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.2, TLS, session=<abc>
        dovecot linux | class=3002 | LL03/failure | count=3 | product=dovecot | service=dovecot | host=mail1 | src=2001:db8::7 | dst=2001:db8::2 | process=dovecot | session=abc | app=dovecot | message=pop3-login: Aborted login (auth failed, 3 attempts in 15 secs): user=<>, method=PLAIN, rip=2001:db8::7, lip=2001:db8::2, session=<abc>
        dovecot linux | class=3002 | LL03/failure | count=2 | product=dovecot | service=dovecot | host=mail1 | user=a | src=192.0.2.7 | dst=198.51.100.2 | process=dovecot | session=abc | app=dovecot | message=imap-login: Login aborted: Connection closed (auth failed, 2 attempts in 8 secs) (auth_failed): user=<a>, rip=203.0.113.9, x>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.2, session=<abc>
        dovecot linux | class=3002 | -/failure | product=dovecot | service=dovecot | host=mail1 | src=192.0.2.7 | dst=198.51.100.2 | process=dovecot | session=abc | app=dovecot | message=imap-login: Disconnected (no auth attempts in 0 secs): user=<>, rip=192.0.2.7, lip=198.51.100.2, TLS handshaking: SSL_accept() failed, session=<abc>
        dovecot linux | class=3002 | LL02/success | product=dovecot | service=dovecot | host=mail1 | user=alice@example.com | process=dovecot | app=dovecot | message=imap(alice@example.com)<812><abc>: Disconnected: Logged out in=123 out=456
        dovecot linux | class=3002 | -/failure | product=dovecot | service=dovecot | host=mail1 | user=bob | src=192.0.2.7 | process=dovecot | app=dovecot | message=auth-worker(99): conn unix:auth-worker: pam(bob,192.0.2.7,<abc>): pam_authenticate() failed: Authentication failure (Password mismatch?)
        dovecot linux | class=3002 | -/failure | product=dovecot | service=dovecot | host=mail1 | user=bob | src=192.0.2.7 | process=dovecot | app=dovecot | message=auth: passwd-file(bob,192.0.2.7): unknown user
        dovecot linux | class=0 | -/unknown | product=dovecot | service=dovecot | host=mail1 | process=dovecot | app=dovecot | message=master: Dovecot v2.3.19 starting up for imap
        syslog linux | class=3002 | -/failure | product=linux | service=auth | host=mail1 | user=bob | src=192.0.2.7 | process=dovecot | app=dovecot | message=pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=bob rhost=192.0.2.7
        dovecot linux | class=3002 | LL01/success | product=dovecot | service=dovecot | user=alice | src=192.0.2.7 | dst=198.51.100.2 | process=imap-login | session=abc | app=dovecot | message=Info: Login: user=<alice>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.2, mpid=1, session=<abc>
    "#]].assert_eq(&summaries(None, &lines).replace(" 2026-03-01T10:00:00Z", ""));
}

#[test]
fn ftp_lines() {
    let lines = [
        r#"Sun Mar  1 10:00:00 2026 [pid 2] CONNECT: Client "192.0.2.7""#,
        r#"Sun Mar  1 10:00:00 2026 [pid 1] [alice] OK LOGIN: Client "::ffff:192.0.2.7""#,
        r#"Sun Mar 1 10:00:00 2026 [pid 1] [a] b] FAIL LOGIN: Client "192.0.2.7""#,
        r#"Sun Mar  1 10:00:00 2026 [pid 3] [alice] OK UPLOAD: Client "192.0.2.7", "/srv/ftp/x y.zip", 123 bytes, 1.20Kbyte/sec"#,
        r#"Sun Mar  1 10:00:00 2026 [pid 3] [www-data] FTP response: Client "192.0.2.7", "530 Permission denied.""#,
        r#"Mar  1 10:00:00 ftp1 vsftpd[811]: [alice] FAIL LOGIN: Client "192.0.2.7""#,
        "Mar  1 10:00:00 ftp1 vsftpd[811]: pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=bob rhost=192.0.2.7",
        "2026-03-01 10:00:00,123 ftp1 proftpd[811] ftp1 (client.example.com[192.0.2.7]): USER asd: no such user found from client.example.com [192.0.2.7] to ::ffff:198.51.100.2:21",
        "2026-03-01 10:00:00,123 ftp1 proftpd[811] ftp1 (192.0.2.7[192.0.2.7]): USER alice (Login failed): Incorrect password",
        "Mar  1 10:00:00 ftp1 proftpd[811]: ftp1 (192.0.2.7[192.0.2.7]): USER alice: Login successful.",
        "Mar  1 10:00:00 ftp1 proftpd[811]: ftp1 (192.0.2.7[192.0.2.7]): SECURITY VIOLATION: Root login attempted",
        "Mar  1 10:00:00 ftp1 proftpd[811]: ftp1 (192.0.2.7[192.0.2.7]): Maximum login attempts (3) exceeded, connection refused",
        "Mar  1 10:00:00 ftp1 proftpd[811]: ftp1 (192.0.2.7[192.0.2.7]): FTP session opened.",
    ];
    expect![[r#"
        vsftpd linux 2026-03-01T10:00:00Z | class=4001 | -/unknown | product=linux | service=vsftpd | src=192.0.2.7 | pid=2 | app=vsftpd | message=CONNECT: Client "192.0.2.7"
        vsftpd linux 2026-03-01T10:00:00Z | class=3002 | LL01/success | product=linux | service=vsftpd | user=alice | src=192.0.2.7 | pid=1 | app=vsftpd | message=[alice] OK LOGIN: Client "::ffff:192.0.2.7"
        vsftpd linux 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=linux | service=vsftpd | user=a] b | src=192.0.2.7 | pid=1 | app=vsftpd | message=[a] b] FAIL LOGIN: Client "192.0.2.7"
        vsftpd linux 2026-03-01T10:00:00Z | class=4008 | -/success | product=linux | service=vsftpd | user=alice | src=192.0.2.7 | pid=3 | file=/srv/ftp/x y.zip | app=vsftpd | message=[alice] OK UPLOAD: Client "192.0.2.7", "/srv/ftp/x y.zip", 123 bytes, 1.20Kbyte/sec
        vsftpd linux 2026-03-01T10:00:00Z | class=4008 | -/unknown | product=linux | service=vsftpd | user=www-data | src=192.0.2.7 | pid=3 | app=vsftpd | message=[www-data] FTP response: Client "192.0.2.7", "530 Permission denied."
        vsftpd linux 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=linux | service=vsftpd | host=ftp1 | user=alice | src=192.0.2.7 | process=vsftpd | pid=811 | app=vsftpd | message=[alice] FAIL LOGIN: Client "192.0.2.7"
        syslog linux 2026-03-01T10:00:00Z | class=3002 | -/failure | product=linux | service=vsftpd | host=ftp1 | user=bob | src=192.0.2.7 | process=vsftpd | pid=811 | app=vsftpd | message=pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=bob rhost=192.0.2.7
        proftpd linux 2026-03-01T10:00:00.123Z | class=3002 | LL03/failure | product=linux | service=proftpd | host=ftp1 | user=asd | src=192.0.2.7 | process=proftpd | pid=811 | app=proftpd | message=USER asd: no such user found from client.example.com [192.0.2.7] to ::ffff:198.51.100.2:21
        proftpd linux 2026-03-01T10:00:00.123Z | class=3002 | LL03/failure | product=linux | service=proftpd | host=ftp1 | user=alice | src=192.0.2.7 | process=proftpd | pid=811 | app=proftpd | message=USER alice (Login failed): Incorrect password
        proftpd linux 2026-03-01T10:00:00Z | class=3002 | LL01/success | product=linux | service=proftpd | host=ftp1 | user=alice | src=192.0.2.7 | process=proftpd | pid=811 | app=proftpd | message=USER alice: Login successful.
        proftpd linux 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=linux | service=proftpd | host=ftp1 | user=root | src=192.0.2.7 | process=proftpd | pid=811 | app=proftpd | message=SECURITY VIOLATION: Root login attempted
        proftpd linux 2026-03-01T10:00:00Z | class=3002 | -/failure | product=linux | service=proftpd | host=ftp1 | src=192.0.2.7 | process=proftpd | pid=811 | app=proftpd | message=Maximum login attempts (3) exceeded, connection refused
        proftpd linux 2026-03-01T10:00:00Z | class=4001 | -/unknown | product=linux | service=proftpd | host=ftp1 | src=192.0.2.7 | process=proftpd | pid=811 | app=proftpd | message=FTP session opened.
    "#]].assert_eq(&summaries(None, &lines));
}

#[test]
fn database_lines() {
    let lines = [
        "2026-03-01T10:00:00.123456Z 12 [Note] [MY-010926] [Server] Access denied for user 'alice'@'192.0.2.7' (using password: YES)",
        "2026-03-01 10:00:00 12 [Warning] Access denied for user 'a'@'b'@'db7.example.com' (using password: NO)",
        "2026-03-01T10:00:00.123456Z\t   12 Connect\tAccess denied for user 'root'@'localhost' (using password: YES)",
        "2026-03-01 10:00:00 13 [Warning] Aborted connection 13 to db: 'unconnected' user: 'unauthenticated' host: '192.0.2.7' (Got an error reading communication packets)",
        "2026-03-01 10:00:00 0 [Note] /usr/sbin/mariadbd: ready for connections.",
        "Mar  1 10:00:00 db1 mariadbd[811]: 2026-03-01 10:00:00 12 [Warning] Access denied for user 'alice'@'192.0.2.7' (using password: YES)",
        "2026-03-01 10:00:00.123 UTC [811] alice@shop FATAL:  password authentication failed for user \"alice\"",
        "2026-03-01 10:00:00.123 UTC [811] 192.0.2.7 eve@postgres FATAL:  password authentication failed for user \"eve\"",
        "2026-03-01 10:00:00.123 UTC:192.0.2.7(40000):eve@postgres:[811]:FATAL:  password authentication failed for user \"eve\"",
        "2026-03-01 10:00:00.123 UTC [811] FATAL:  no pg_hba.conf entry for host \"192.0.2.7\", user \"eve\", database \"shop\", no encryption",
        "2026-03-01 10:00:00.123 UTC [811] eve@shop DETAIL:  Role \"eve\" does not exist.",
        "2026-03-01 10:00:00.123 CET [811] LOG:  connection authorized: user=alice database=shop application_name=psql",
        "2026-03-01 10:00:00.123 UTC [811] LOG:  connection received: host=192.0.2.7 port=40000",
        "2026-03-01 10:00:00.123 UTC [811] alice@shop LOG:  disconnection: session time: 0:00:01.234 user=alice database=shop host=192.0.2.7 port=40000",
        "2026-03-01 10:00:00.123 UTC [811] alice@shop ERROR:  permission denied for table accounts",
        "Mar  1 10:00:00 db1 postgres[811]: [3-1] user=eve,db=shop,client=192.0.2.7 FATAL:  role \"eve\" does not exist",
        "2026-03-01 10:00:00 a text with a WORD:  in it",
    ];
    expect![[r#"
        mysql linux 2026-03-01T10:00:00.123456Z | class=3002 | LL03/failure | product=mysql | service=mysql | user=alice | src=192.0.2.7 | app=mysql | message=Access denied for user 'alice'@'192.0.2.7' (using password: YES)
        mysql linux 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=mysql | service=mysql | user=a'@'b | domain=db7.example.com | app=mysql | message=Access denied for user 'a'@'b'@'db7.example.com' (using password: NO)
        mysql linux 2026-03-01T10:00:00.123456Z | class=3002 | LL03/failure | product=mysql | service=mysql | user=root | domain=localhost | app=mysql | message=Access denied for user 'root'@'localhost' (using password: YES)
        mysql linux 2026-03-01T10:00:00Z | class=6005 | -/failure | product=mysql | service=mysql | user=unauthenticated | src=192.0.2.7 | app=mysql | message=Aborted connection 13 to db: 'unconnected' user: 'unauthenticated' host: '192.0.2.7' (Got an error reading communication packets)
        mysql linux 2026-03-01T10:00:00Z | class=6002 | SS01/unknown | product=mysql | service=mysql | app=mysql | message=/usr/sbin/mariadbd: ready for connections.
        mysql linux 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=mysql | service=mysql | host=db1 | user=alice | src=192.0.2.7 | process=mariadbd | pid=811 | app=mysql | message=Access denied for user 'alice'@'192.0.2.7' (using password: YES)
        postgresql linux 2026-03-01T10:00:00.123Z | class=3002 | LL03/failure | product=postgresql | service=postgresql | user=alice | pid=811 | app=postgresql | message=password authentication failed for user "alice"
        postgresql linux 2026-03-01T10:00:00.123Z | class=3002 | LL03/failure | product=postgresql | service=postgresql | user=eve | src=192.0.2.7 | pid=811 | app=postgresql | message=password authentication failed for user "eve"
        postgresql linux 2026-03-01T10:00:00.123Z | class=3002 | LL03/failure | product=postgresql | service=postgresql | user=eve | src=192.0.2.7 | pid=811 | app=postgresql | message=password authentication failed for user "eve" | src_port=40000
        postgresql linux 2026-03-01T10:00:00.123Z | class=3002 | LL03/failure | product=postgresql | service=postgresql | user=eve | src=192.0.2.7 | pid=811 | app=postgresql | message=no pg_hba.conf entry for host "192.0.2.7", user "eve", database "shop", no encryption
        postgresql linux 2026-03-01T10:00:00.123Z | class=6005 | -/unknown | product=postgresql | service=postgresql | user=eve | pid=811 | app=postgresql | message=Role "eve" does not exist.
        postgresql linux 2026-03-01T10:00:00.123Z | class=3002 | LL01/success | product=postgresql | service=postgresql | user=alice | pid=811 | app=postgresql | message=connection authorized: user=alice database=shop application_name=psql
        postgresql linux 2026-03-01T10:00:00.123Z | class=4001 | -/unknown | product=postgresql | service=postgresql | src=192.0.2.7 | pid=811 | app=postgresql | message=connection received: host=192.0.2.7 port=40000 | src_port=40000
        postgresql linux 2026-03-01T10:00:00.123Z | class=3002 | LL02/success | product=postgresql | service=postgresql | user=alice | src=192.0.2.7 | pid=811 | app=postgresql | message=disconnection: session time: 0:00:01.234 user=alice database=shop host=192.0.2.7 port=40000 | src_port=40000
        postgresql linux 2026-03-01T10:00:00.123Z | class=6005 | -/failure | product=postgresql | service=postgresql | user=alice | pid=811 | app=postgresql | message=permission denied for table accounts
        postgresql linux 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=postgresql | service=postgresql | host=db1 | user=eve | src=192.0.2.7 | process=postgres | pid=811 | app=postgresql | message=role "eve" does not exist
        text linux 2026-03-01T10:00:00Z | class=0 | -/unknown | message=2026-03-01 10:00:00 a text with a WORD:  in it | problem=no known format, kept as text
    "#]].assert_eq(&summaries(None, &lines));
}

#[test]
fn charon_lines() {
    let say = |text: &str| format!("Mar  1 10:00:00 vpn1 charon[811]: {text}");
    let lines = [
        say("08[NET] <con1|62> received packet: from 192.0.2.7[40000] to 198.51.100.2[4500] (144 bytes)"),
        say("06[IKE] <con1|62> XAuth authentication of 'alice' failed"),
        say("06[IKE] <con1|62> XAuth pam_authenticate for 'alice' failed: System error"),
        say("06[IKE] <con1|62> XAuth authentication of 'alice' successful"),
        say("09[IKE] <con2|85> EAP-MS-CHAPv2 username: 'bob'"),
        say("09[IKE] <con2|85> no EAP key found for hosts 'vpn.example.com' - 'bob'"),
        say("09[IKE] <con2|85> EAP-MS-CHAPv2 verification failed, retry (1)"),
        say("09[IKE] <con2|85> EAP method EAP_MSCHAPV2 failed for peer 192.0.2.7"),
        say("09[IKE] <con2|85> EAP method EAP_TLS failed for peer bob"),
        say("10[IKE] <con3|9> tried 1 shared key for 'vpn.example.com' - 'site7', but MAC mismatched"),
        say("10[IKE] <con3|9> authentication of 'vpn.example.com' (myself) with pre-shared key"),
        say("10[IKE] <con3|9> authentication of 'site7' with pre-shared key successful"),
        say("10[IKE] <con3|9> IKE_SA con3[9] established between 198.51.100.2[vpn.example.com]...192.0.2.7[site7]"),
        say("10[IKE] IKE_SA deleted"),
        say("10[ENC] parsed IKE_AUTH request 2 [ EAP/RES/MSCHAPV2 ]"),
        say("in openpam_dispatch(): all modules were unsuccessful"),
        "<30>1 2026-03-01T18:00:00+08:00 vpn1.example.com charon 15894 - [meta sequenceId=\"34\"] 06[IKE] <3fdb463d-f7db-4140|83> EAP-MS-CHAPv2 verification failed, retry (1)".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    expect![[r#"
        charon linux | class=4001 | -/unknown | product=strongswan | service=charon | host=vpn1 | src=192.0.2.7 | dst=198.51.100.2 | process=charon | pid=811 | session=con1|62 | app=strongswan | message=received packet: from 192.0.2.7[40000] to 198.51.100.2[4500] (144 bytes) | src_port=40000 | dst_port=4500
        charon linux | class=3002 | LL03/failure | product=strongswan | service=charon | host=vpn1 | user=alice | process=charon | pid=811 | session=con1|62 | app=strongswan | message=XAuth authentication of 'alice' failed
        charon linux | class=3002 | -/failure | product=strongswan | service=charon | host=vpn1 | user=alice | process=charon | pid=811 | session=con1|62 | app=strongswan | message=XAuth pam_authenticate for 'alice' failed: System error
        charon linux | class=3002 | -/success | product=strongswan | service=charon | host=vpn1 | user=alice | process=charon | pid=811 | session=con1|62 | app=strongswan | message=XAuth authentication of 'alice' successful
        charon linux | class=3002 | -/unknown | product=strongswan | service=charon | host=vpn1 | user=bob | process=charon | pid=811 | session=con2|85 | app=strongswan | message=EAP-MS-CHAPv2 username: 'bob'
        charon linux | class=3002 | -/failure | product=strongswan | service=charon | host=vpn1 | user=bob | process=charon | pid=811 | session=con2|85 | app=strongswan | message=no EAP key found for hosts 'vpn.example.com' - 'bob'
        charon linux | class=3002 | LL03/failure | product=strongswan | service=charon | host=vpn1 | process=charon | pid=811 | session=con2|85 | app=strongswan | message=EAP-MS-CHAPv2 verification failed, retry (1)
        charon linux | class=3002 | -/failure | product=strongswan | service=charon | host=vpn1 | src=192.0.2.7 | process=charon | pid=811 | session=con2|85 | app=strongswan | message=EAP method EAP_MSCHAPV2 failed for peer 192.0.2.7
        charon linux | class=3002 | LL03/failure | product=strongswan | service=charon | host=vpn1 | user=bob | process=charon | pid=811 | session=con2|85 | app=strongswan | message=EAP method EAP_TLS failed for peer bob
        charon linux | class=3002 | LL03/failure | product=strongswan | service=charon | host=vpn1 | user=site7 | process=charon | pid=811 | session=con3|9 | app=strongswan | message=tried 1 shared key for 'vpn.example.com' - 'site7', but MAC mismatched
        charon linux | class=3002 | -/unknown | product=strongswan | service=charon | host=vpn1 | process=charon | pid=811 | session=con3|9 | app=strongswan | message=authentication of 'vpn.example.com' (myself) with pre-shared key
        charon linux | class=3002 | -/success | product=strongswan | service=charon | host=vpn1 | user=site7 | process=charon | pid=811 | session=con3|9 | app=strongswan | message=authentication of 'site7' with pre-shared key successful
        charon linux | class=3002 | LL01/success | product=strongswan | service=charon | host=vpn1 | user=site7 | src=192.0.2.7 | dst=198.51.100.2 | process=charon | pid=811 | session=con3|9 | app=strongswan | message=IKE_SA con3[9] established between 198.51.100.2[vpn.example.com]...192.0.2.7[site7]
        charon linux | class=3002 | LL02/success | product=strongswan | service=charon | host=vpn1 | process=charon | pid=811 | app=strongswan | message=IKE_SA deleted
        charon linux | class=0 | -/unknown | product=strongswan | service=charon | host=vpn1 | process=charon | pid=811 | app=strongswan | message=parsed IKE_AUTH request 2 [ EAP/RES/MSCHAPV2 ]
        syslog linux | class=0 | -/unknown | product=linux | service=syslog | host=vpn1 | process=charon | pid=811 | app=charon | message=in openpam_dispatch(): all modules were unsuccessful
        charon linux | class=3002 | LL03/failure | product=strongswan | service=charon | host=vpn1.example.com | process=charon | pid=15894 | session=3fdb463d-f7db-4140|83 | app=strongswan | message=EAP-MS-CHAPv2 verification failed, retry (1)
    "#]].assert_eq(&summaries(None, &lines).replace(" 2026-03-01T10:00:00Z", ""));
}

#[test]
fn pair_lines() {
    let lines = [
        r#"time=2026-03-01T10:00:00Z level=warn msg="login \"x\" refused" user=alice src_ip=192.0.2.7 attempts=3"#,
        "Mar  1 10:00:00 web1 app[811]: level=error user=bob client_ip=192.0.2.9 path=/x msg=denied",
        r#"id=firewall sn=0006 time="2026-03-01 10:00:00" fw=198.51.100.2 pri=1 c=32 m=82 msg="Possible port scan" src=192.0.2.7:40000:X1 dst=198.51.100.2:22:X0"#,
        "ts=1772359200.123 caller=main.go:10 a=, b=\"\" c=x",
        "one=1 two=2 and then a lot of words that are no pairs at all three=3",
        "one=1 two=2",
        "not a=1 b=2 c=3",
        "a=1 b=\"open c=3 d=4",
    ];
    expect![[r#"
        logfmt linux 2026-03-01T10:00:00Z | class=0 | -/unknown | user=alice | src=192.0.2.7 | message=login "x" refused
          time = 2026-03-01T10:00:00Z
          level = warn
          msg = login "x" refused
          user = alice
          src_ip = 192.0.2.7
          attempts = 3

        logfmt linux 2026-03-01T10:00:00Z | class=0 | -/unknown | product=linux | service=syslog | host=web1 | user=bob | src=192.0.2.9 | process=app | pid=811 | app=app | message=denied
          hostname = web1
          program = app
          pid = 811
          message = level=error user=bob client_ip=192.0.2.9 path=/x msg=denied
          level = error
          user = bob
          client_ip = 192.0.2.9
          path = /x
          msg = denied

        logfmt linux 2026-03-01T10:00:00Z | class=0 | -/unknown | src=192.0.2.7 | dst=198.51.100.2 | message=Possible port scan | src_port=40000 | dst_port=22
          id = firewall
          sn = 0006
          time = 2026-03-01 10:00:00
          fw = 198.51.100.2
          pri = 1
          c = 32
          m = 82
          msg = Possible port scan
          src = 192.0.2.7:40000:X1
          dst = 198.51.100.2:22:X0

        logfmt linux 2026-03-01T10:00:00.123Z | class=0 | -/unknown
          ts = 1772359200.123
          caller = main.go:10
          a = 
          b = 
          c = x

        text linux 2026-03-01T12:00:00Z | class=0 | -/unknown | message=one=1 two=2 and then a lot of words that are no pairs at all three=3 | problem=no known format, kept as text; no time in the record, arrival time taken
          message = one=1 two=2 and then a lot of words that are no pairs at all three=3

        text linux 2026-03-01T12:00:00Z | class=0 | -/unknown | message=one=1 two=2 | problem=no known format, kept as text; no time in the record, arrival time taken
          message = one=1 two=2

        text linux 2026-03-01T12:00:00Z | class=0 | -/unknown | message=not a=1 b=2 c=3 | problem=no known format, kept as text; no time in the record, arrival time taken
          message = not a=1 b=2 c=3

        logfmt linux 2026-03-01T12:00:00Z | class=0 | -/unknown | problem=no time in the record, arrival time taken
          a = 1
          b = "open
          c = 3
          d = 4
    "#]].assert_eq(&table(None, &lines));
}
