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
fn labels_name_their_values() {
    check_full(
        r"Mar  1 10:00:00 gw1 CEF:0|Example|Gate\|way|4.2|100|Connection blocked|7|rt=Mar 01 2026 09:59:58.250 UTC src=192.0.2.7 spt=40022 dst=198.51.100.9 dpt=22 proto=TCP act=blocked cs1Label=Policy Name cs1=no ssh from outside cn1=4 cn1Label=Rule deviceCustomDate1=Mar 01 2026 09:00:00 deviceCustomDate1Label=Seen msg=a \= b\nsecond line dvchost=fw7 unlabelled=",
        expect![[r#"
            cef firewall 2026-03-01T09:59:58.25Z | class=4001 | -/failure | product=Gate|way | host=fw7 | src=192.0.2.7 | dst=198.51.100.9 | message=a = b
            second line | src_port=40022 | dst_port=22
              hostname = gw1
              deviceVendor = Example
              deviceProduct = Gate|way
              deviceVersion = 4.2
              deviceEventClassId = 100
              name = Connection blocked
              severity = 7
              rt = Mar 01 2026 09:59:58.250 UTC
              src = 192.0.2.7
              spt = 40022
              dst = 198.51.100.9
              dpt = 22
              proto = TCP
              act = blocked
              cs1Label = Policy Name
              cs1 = no ssh from outside
              cn1 = 4
              cn1Label = Rule
              deviceCustomDate1 = Mar 01 2026 09:00:00
              deviceCustomDate1Label = Seen
              msg = a = b
            second line
              dvchost = fw7
              unlabelled = 
              Policy Name = no ssh from outside
              Rule = 4
              Seen = Mar 01 2026 09:00:00
              src_ip = 192.0.2.7
              dst_ip = 198.51.100.9
              src_port = 40022
              dst_port = 22
              blocked = true
              action = blocked"#]],
    );
}

#[test]
fn records_of_many_vendors() {
    check(
        &[
            "CEF:0|Example|Gateway|4.2|login|User login failed|5|end=1772359200000 suser=alice src=2001:db8::7 dvc=192.0.2.1",
            "CEF:0|Example|Gateway|4.2|login|Login|3|end=1772359200000 duser=alice src=192.0.2.7 outcome=success",
            "CEF:0|Example|Gateway|4.2|logout|User logged out|1|start=1772359200000 suser=alice",
            "CEF:0|Example|Gateway|4.2|pw|User password changed|1|start=1772359200000 suser=root duser=alice",
            "CEF:0|Example|Gateway|4.2|acct|User created|1|start=1772359200000 suser=root duser=bob",
            "<134>Mar  1 10:00:00 proxy1 CEF:0|Zscaler|NSSWeblog|5.7|Blocked|Blocked|7|act=Blocked suser=alice@example.com src=192.0.2.7 dst=198.51.100.9 request=https://bad.example.net:8443/path?q=1 requestMethod=GET requestClientApplication=curl/8.0 app=HTTPS",
            "CEF:0|Palo Alto Networks|PAN-OS|11.1|end|TRAFFIC|1|rt=Mar 01 2026 10:00:00 GMT src=192.0.2.7 dst=198.51.100.9 spt=1 dpt=443 act=allow dvchost=pa1",
            "CEF:0|Fortinet|Fortigate|v7.4|00013|traffic:forward close|3|deviceExternalId=FGT1 cat=traffic:forward src=192.0.2.7 dst=198.51.100.9 dpt=443 act=close start=1772359200000",
            "CEF:0|CyberArk|Vault|12|7|Logon|3|rt=1772359200000 suser=alice src=192.0.2.7 outcome=failure",
            "CEF:1|Example|IPS|1|201|Threat Detected and Blocked|Very-High|rt=1772359200000 src=192.0.2.7 dst=198.51.100.9 act=blocked fname=x.exe",
            "CEF:0|Example|Gateway|4.2|1|c6|5|rt=1772359200000 c6a2=2001:db8::7 c6a2Label=Source IPv6 Address c6a3=2001:db8::9 c6a3Label=Destination IPv6 Address",
        ],
        expect![[r#"
            cef firewall 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=Gateway | host=192.0.2.1 | user=alice | src=2001:db8::7 | message=User login failed
            cef firewall 2026-03-01T10:00:00Z | class=3002 | LL01/success | product=Gateway | user=alice | src=192.0.2.7 | message=Login
            cef firewall 2026-03-01T10:00:00Z | class=3002 | LL02/success | product=Gateway | user=alice | message=User logged out
            cef firewall 2026-03-01T10:00:00Z | class=3001 | LL04/success | product=Gateway | user=root | target=alice | message=User password changed
            cef firewall 2026-03-01T10:00:00Z | class=3001 | SA01/success | product=Gateway | user=root | target=bob | message=User created
            cef proxy 2026-03-01T10:00:00Z | class=4002 | -/failure | product=zscaler | host=proxy1 | user=alice@example.com | src=192.0.2.7 | dst=198.51.100.9 | domain=bad.example.net | app=HTTPS | message=Blocked
            cef firewall 2026-03-01T10:00:00Z | class=4001 | -/success | product=paloalto | host=pa1 | src=192.0.2.7 | dst=198.51.100.9 | message=TRAFFIC | src_port=1 | dst_port=443
            cef firewall 2026-03-01T10:00:00Z | class=4001 | -/success | product=fortigate | service=traffic | src=192.0.2.7 | dst=198.51.100.9 | message=traffic:forward close | dst_port=443
            cef identity 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=Vault | user=alice | src=192.0.2.7 | message=Logon
            cef firewall 2026-03-01T10:00:00Z | class=2004 | -/failure | product=IPS | src=192.0.2.7 | dst=198.51.100.9 | file=x.exe | message=Threat Detected and Blocked
            cef firewall 2026-03-01T10:00:00Z | class=4001 | -/unknown | product=Gateway | src=2001:db8::7 | dst=2001:db8::9 | message=c6"#]],
    );
}

#[test]
fn odd_records() {
    check(
        &[
            "0|Example|Gateway|4.2|201|Relay cut the name|7|src=192.0.2.7 rt=1772359200000",
            "<13>Mar  1 10:00:00 gw1 CEF: 0|Example|Gateway|4.2|201|Relay put a blank|7|src=192.0.2.7",
            "<14>1 2026-03-01T10:00:00Z relay1 fwd - - - Mar  1 09:59:00 gw1 CEF:0|Example|Gateway|4.2|201|Twice wrapped|7|src=192.0.2.7",
            "CEF:0|Example|Gateway|4.2|201|No extension|7|",
            "CEF:0|Example|Gateway|4.2|201|No last bar|7",
            "CEF:0|Example|Gateway|4.2|201|Words|7|no pairs here",
            "CEF:0|Example|Gateway|4.2|201|Odd time|7|rt=yesterday src=not-an-address spt=99999 dpt=x",
            "CEF:0|cut off",
            "CEF: a note about CEF",
        ],
        expect![[r#"
            cef firewall 2026-03-01T10:00:00Z | class=0 | -/unknown | product=Gateway | src=192.0.2.7 | message=Relay cut the name
            cef firewall 2026-03-01T10:00:00Z | class=0 | -/unknown | product=Gateway | host=gw1 | src=192.0.2.7 | message=Relay put a blank
            cef firewall 2026-03-01T10:00:00Z | class=0 | -/unknown | product=Gateway | host=relay1 | src=192.0.2.7 | message=Twice wrapped
            cef firewall 2026-03-01T12:00:00Z | class=0 | -/unknown | product=Gateway | message=No extension | problem=no time in the record, arrival time taken
            cef firewall 2026-03-01T12:00:00Z | class=0 | -/unknown | product=Gateway | message=No last bar | problem=no time in the record, arrival time taken
            cef firewall 2026-03-01T12:00:00Z | class=0 | -/unknown | product=Gateway | message=Words | problem=extension not understood, kept as a field; no time in the record, arrival time taken
            cef firewall 2026-03-01T12:00:00Z | class=0 | -/unknown | product=Gateway | message=Odd time | problem=no time in the record, arrival time taken
            text linux 2026-03-01T12:00:00Z | class=0 | -/unknown | message=CEF:0|cut off | problem=no known format, kept as text; no time in the record, arrival time taken
            text linux 2026-03-01T12:00:00Z | class=0 | -/unknown | message=CEF: a note about CEF | problem=no known format, kept as text; no time in the record, arrival time taken"#]],
    );
}

#[test]
fn ibm_i_by_powertech() {
    check(
        &[
            "Feb 27 08:15:30 IBMI1 CEF:0|PowerTech|SIEM Agent|3.0|TPW0016|The password of ALICE was not valid.|2|src=192.0.2.1 dst=198.51.100.38 msg=TYPE:JRN CLS:IDS JJOB:QZSOSIGN JUSER:QUSER JNBR:104711 PGM:QZSOSIGN OBJECT: LIBRARY: MEMBER: DETAIL:P ALICE",
            "May  8 13:28:00 IBMI1 CEF:0|PowerTech|SIEM Agent|3.0|TPW0019|A password for SQL decryption was not valid.|2|src=192.0.2.1 msg=TYPE:JRN CLS:AUD JJOB:QZDASOINIT JUSER:ALICE JNBR:003753 PGM:QSQ DETAIL:S ALICE",
            "May  8 13:28:58 IBMI1 CEF:0|PowerTech|SIEM Agent|3.0|TCP0001|User profile BOB was changed.|4|src=192.0.2.1 msg=TYPE:JRN CLS:AUD JJOB:QPADEV0001 JUSER:QSECOFR JNBR:003760 PGM:QCMD OBJECT:BOB LIBRARY:QSYS MEMBER: DETAIL:A CHG",
            "May  8 13:29:58 IBMI1 CEF:0|PowerTech|SIEM Agent|3.0|TSV0001|System value QSECURITY was changed.|4|src=192.0.2.1 msg=TYPE:JRN CLS:AUD JJOB:QPADEV0001 JUSER:QSECOFR JNBR:003760 PGM:QCMD DETAIL:A QSECURITY",
            "May  8 13:30:58 IBMI1 CEF:0|PowerTech|SIEM Agent|3.0|TAF0001|Not authorised to object PAYROLL.|4|src=192.0.2.1 dst=2001:db8::38 msg=TYPE:JRN CLS:AUD JJOB:QPADEV0002 JUSER:CAROL JNBR:003761 PGM:QCMD OBJECT:PAYROLL LIBRARY:HRLIB MEMBER: DETAIL:A",
            "May  8 13:31:58 IBMI1 CEF:0|PowerTech|SIEM Agent|3.0|TCO0014|Object created.|1|src=192.0.2.1 msg=TYPE:JRN OBJECT:X LIBRARY:QGPL",
            "May  8 13:32:58 IBMI1 CEF:0|PowerTech|SIEM Agent|3.0|UNA0301|DDM request allowed.|1|src=192.0.2.1 msg=words",
        ],
        expect![[r#"
            cef legacy 2026-02-27T08:15:30Z | class=3002 | LL03/failure | product=ibm_i | service=qaudjrn | host=IBMI1 | user=ALICE | src=198.51.100.38 | dst=192.0.2.1 | process=QZSOSIGN | session=104711/QUSER/QZSOSIGN | message=The password of ALICE was not valid.
            cef legacy 2025-05-08T13:28:00Z | class=6003 | PA02/failure | product=ibm_i | service=qaudjrn | host=IBMI1 | user=ALICE | dst=192.0.2.1 | process=QSQ | session=003753/ALICE/QZDASOINIT | message=A password for SQL decryption was not valid.
            cef legacy 2025-05-08T13:28:58Z | class=3001 | SA02/success | product=ibm_i | service=qaudjrn | host=IBMI1 | user=QSECOFR | target=BOB | dst=192.0.2.1 | process=QCMD | session=003760/QSECOFR/QPADEV0001 | file=QSYS/BOB | message=User profile BOB was changed.
            cef legacy 2025-05-08T13:29:58Z | class=6003 | CC02/success | product=ibm_i | service=qaudjrn | host=IBMI1 | user=QSECOFR | dst=192.0.2.1 | process=QCMD | session=003760/QSECOFR/QPADEV0001 | message=System value QSECURITY was changed.
            cef legacy 2025-05-08T13:30:58Z | class=3003 | PA02/failure | product=ibm_i | service=qaudjrn | host=IBMI1 | user=CAROL | src=2001:db8::38 | dst=192.0.2.1 | process=QCMD | session=003761/CAROL/QPADEV0002 | file=HRLIB/PAYROLL | message=Not authorised to object PAYROLL.
            cef legacy 2025-05-08T13:31:58Z | class=1001 | -/success | product=ibm_i | service=qaudjrn | host=IBMI1 | dst=192.0.2.1 | file=QGPL/X | message=Object created.
            cef legacy 2025-05-08T13:32:58Z | class=0 | -/unknown | product=ibm_i | service=qaudjrn | host=IBMI1 | dst=192.0.2.1 | message=DDM request allowed."#]],
    );
}
