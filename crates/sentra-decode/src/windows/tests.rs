use expect_test::{Expect, expect};

use crate::Decoded;
use crate::test_kit::{decode, full, source, summary};

fn check(record: &str, expected: Expect) {
    expected.assert_eq(&full(&decode(&source(None), record.as_bytes())));
}

/// The same failed login as four shippers write it.
const EVTX: &str = r##"{"Event":{"#attributes":{"xmlns":"http://schemas.microsoft.com/win/2004/08/events/event"},"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Security-Auditing","Guid":"00000000-0000"}},"EventID":{"#attributes":{"Qualifiers":0},"#text":4625},"Level":0,"Keywords":"0x8010000000000000","TimeCreated":{"#attributes":{"SystemTime":"2026-02-28T10:00:00.5Z"}},"EventRecordID":77,"Correlation":null,"Execution":{"#attributes":{"ProcessID":640,"ThreadID":2100}},"Channel":"Security","Computer":"dc1.example","Security":null},"EventData":{"SubjectUserName":"DC1$","SubjectLogonId":"0x3e7","TargetUserName":"CORP\\alice","LogonType":3,"ProcessId":"0x14b0","ProcessName":"C:\\Windows\\w3wp.exe","IpAddress":"::ffff:192.0.2.7","IpPort":"40001"}}}"##;
const FLAT: &str = r#"{"EventID":4625,"Channel":"Security","Hostname":"dc1.example","SourceName":"Microsoft-Windows-Security-Auditing","EventTime":"2026-02-28 05:00:00","@timestamp":"2026-02-28T10:00:00.500Z","Keywords":-9218868437227405312,"SubjectUserName":"DC1$","TargetUserName":"alice","IpAddress":"192.0.2.7","IpPort":"40001","ExecutionProcessID":640,"Message":"An account failed to log on.\n\nSubject: …"}"#;
const BEAT: &str = r#"{"@timestamp":"2026-02-28T10:00:00.500Z","event":{"created":"2026-02-28T10:05:00Z"},"host":{"name":"dc1.example"},"message":"An account failed to log on.\n\nSubject","winlog":{"channel":"Security","computer_name":"dc1.example","event_data":{"IpAddress":"192.0.2.7","IpPort":"40001","TargetUserName":"alice"},"event_id":4625,"keywords":["Audit Failure"],"process":{"pid":640},"provider_name":"Microsoft-Windows-Security-Auditing","record_id":77}}"#;
const XML: &str = r#"- <Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event">- <System> <Provider Name="Microsoft-Windows-Security-Auditing"/> <EventID>4625</EventID> <Keywords>0x8010000000000000</Keywords> <TimeCreated SystemTime='2026-02-28T10:00:00.5000000Z'/> <Execution ProcessID="640" ThreadID="1"/> <Channel>Security</Channel> <Computer>dc1.example</Computer> <Security/> </System> <EventData> <Data Name="TargetUserName">alice</Data> <Data Name="Reason">a &lt;b&gt; &amp; &#x41;</Data> <Data>unnamed</Data> <Data Name="IpAddress">192.0.2.7</Data> <Data Name="IpPort">40001</Data> </EventData> </Event>"#;

#[test]
fn one_failed_login_by_four_shippers() {
    check(
        EVTX,
        expect![[r#"
            windows windows 2026-02-28T10:00:00.5Z | class=3002 | LL03/failure | product=windows | service=security | host=dc1.example | user=alice | src=192.0.2.7 | process=C:\Windows\w3wp.exe | pid=5296 | src_port=40001
              Provider_Name = Microsoft-Windows-Security-Auditing
              Provider_Guid = 00000000-0000
              EventID_Qualifiers = 0
              EventID = 4625
              Level = 0
              Keywords = 0x8010000000000000
              TimeCreated = 2026-02-28T10:00:00.5Z
              EventRecordID = 77
              Execution_ProcessID = 640
              Execution_ThreadID = 2100
              Channel = Security
              Computer = dc1.example
              SubjectUserName = DC1$
              SubjectLogonId = 0x3e7
              TargetUserName = CORP\alice
              LogonType = 3
              ProcessId = 0x14b0
              ProcessName = C:\Windows\w3wp.exe
              IpAddress = ::ffff:192.0.2.7
              IpPort = 40001"#]],
    );
    check(
        FLAT,
        expect![[r#"
            windows windows 2026-02-28T10:00:00.5Z | class=3002 | LL03/failure | product=windows | service=security | host=dc1.example | user=alice | src=192.0.2.7 | message=An account failed to log on. | src_port=40001
              EventID = 4625
              Channel = Security
              Hostname = dc1.example
              SourceName = Microsoft-Windows-Security-Auditing
              EventTime = 2026-02-28 05:00:00
              @timestamp = 2026-02-28T10:00:00.500Z
              Keywords = -9218868437227405312
              SubjectUserName = DC1$
              TargetUserName = alice
              IpAddress = 192.0.2.7
              IpPort = 40001
              ExecutionProcessID = 640
              Message = An account failed to log on.

            Subject: …
              Computer = dc1.example"#]],
    );
    check(
        BEAT,
        expect![[r#"
        windows windows 2026-02-28T10:00:00.5Z | class=3002 | LL03/failure | product=windows | service=security | host=dc1.example | user=alice | src=192.0.2.7 | message=An account failed to log on. | src_port=40001
          @timestamp = 2026-02-28T10:00:00.500Z
          event.created = 2026-02-28T10:05:00Z
          host.name = dc1.example
          message = An account failed to log on.

        Subject
          Channel = Security
          Computer = dc1.example
          IpAddress = 192.0.2.7
          IpPort = 40001
          TargetUserName = alice
          EventID = 4625
          Keywords = Audit Failure
          Execution_ProcessID = 640
          Provider_Name = Microsoft-Windows-Security-Auditing
          EventRecordID = 77"#]],
    );
    check(
        XML,
        expect![[r#"
        windows windows 2026-02-28T10:00:00.5Z | class=3002 | LL03/failure | product=windows | service=security | host=dc1.example | user=alice | src=192.0.2.7 | src_port=40001
          Provider_Name = Microsoft-Windows-Security-Auditing
          EventID = 4625
          Keywords = 0x8010000000000000
          TimeCreated = 2026-02-28T10:00:00.5000000Z
          Execution_ProcessID = 640
          Execution_ThreadID = 1
          Channel = Security
          Computer = dc1.example
          TargetUserName = alice
          Reason = a <b> & A
          Data = unnamed
          IpAddress = 192.0.2.7
          IpPort = 40001"#]],
    );
}

/// What the four agree on, whatever the golden texts say.
#[test]
fn the_header_does_not_depend_on_the_shipper() {
    let source = source(None);
    let headers: Vec<_> = [EVTX, FLAT, BEAT, XML]
        .iter()
        .map(|record| {
            let Decoded::Event(event) = decode(&source, record.as_bytes()) else { panic!("{record}") };
            let event = *event;
            (
                event.time,
                event.host,
                event.user,
                event.src_ip,
                event.src_port,
                event.code,
                event.outcome,
                event.service,
            )
        })
        .collect();
    assert!(headers.windows(2).all(|pair| pair[0] == pair[1]), "{headers:#?}");
}

#[test]
fn names_lose_their_blanks_and_data_without_names_keeps_its_values() {
    check(
        r##"{"Event":{"System":{"Provider":{"@Name":"Microsoft-Windows-Windows Defender"},"EventID":"1116","Channel":"Microsoft-Windows-Windows Defender/Operational","Computer":"pc1","TimeCreated":{"@SystemTime":"2026-02-28T10:00:00Z"}},"EventData":{"Threat Name":"EICAR","Data":{"#text":["one","two"]}}}}"##,
        expect![[r#"
            windows windows 2026-02-28T10:00:00Z | class=0 | -/unknown | product=windows | service=windefend | host=pc1
              Provider_Name = Microsoft-Windows-Windows Defender
              EventID = 1116
              Channel = Microsoft-Windows-Windows Defender/Operational
              Computer = pc1
              TimeCreated = 2026-02-28T10:00:00Z
              ThreatName = EICAR
              Data = one
              Data = two"#]],
    );
    check(
        r##"{"Event":{"System":{"Provider":{"@Name":"P"},"EventID":4720,"Channel":"Security","Computer":"pc1","TimeCreated":{"@SystemTime":"2026-02-28T10:00:00Z"}},"EventData":{"Data":[{"@Name":"TargetUserName","#text":"eve"},{"@Name":"SubjectUserName","#text":"root"}]}}}"##,
        expect![[r#"
            windows windows 2026-02-28T10:00:00Z | class=3001 | SA01/success | product=windows | service=security | host=pc1 | user=root | target=eve
              Provider_Name = P
              EventID = 4720
              Channel = Security
              Computer = pc1
              TimeCreated = 2026-02-28T10:00:00Z
              TargetUserName = eve
              SubjectUserName = root"#]],
    );
    check(
        r##"{"Event":{"System":{"EventID":1102,"Channel":"Security","Computer":"pc1","TimeCreated":{"#attributes":{"SystemTime":"2026-02-28T10:00:00Z"}}},"UserData":{"LogFileCleared":{"#attributes":{"xmlns":"x"},"SubjectUserName":"mallory"}}}}"##,
        expect![[r#"
            windows windows 2026-02-28T10:00:00Z | class=0 | SS05/success | product=windows | service=security | host=pc1 | user=mallory
              EventID = 1102
              Channel = Security
              Computer = pc1
              TimeCreated = 2026-02-28T10:00:00Z
              SubjectUserName = mallory"#]],
    );
}

#[test]
fn sysmon_and_process_creation() {
    check(
        r#"{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"pc1","UtcTime":"2026-02-28 10:00:00.123","EventTime":"2026-02-28 02:00:00","Image":"C:\\Windows\\cmd.exe","CommandLine":"cmd /c \"x\"","ParentImage":"C:\\p.exe","User":"CORP\\alice","ProcessId":7000,"LogonId":"0xa1b2c"}"#,
        expect![[r#"
            windows windows 2026-02-28T10:00:00.123Z | class=1007 | -/unknown | product=windows | service=sysmon | host=pc1 | user=alice | process=C:\Windows\cmd.exe | pid=7000 | parent=C:\p.exe | command=cmd /c "x" | session=0xa1b2c
              EventID = 1
              Channel = Microsoft-Windows-Sysmon/Operational
              Computer = pc1
              UtcTime = 2026-02-28 10:00:00.123
              EventTime = 2026-02-28 02:00:00
              Image = C:\Windows\cmd.exe
              CommandLine = cmd /c "x"
              ParentImage = C:\p.exe
              User = CORP\alice
              ProcessId = 7000
              LogonId = 0xa1b2c"#]],
    );
    check(
        r#"{"EventID":4688,"Channel":"Security","Computer":"pc1","TimeCreated":"2026-02-28T10:00:00Z","ProcessId":"0x10","NewProcessId":"0x1b58","NewProcessName":"C:\\n.exe","ParentProcessName":"C:\\p.exe","SubjectUserName":"alice","SubjectLogonId":"0xa1b2c","TargetUserName":"-","CommandLine":"n /x"}"#,
        expect![[r#"
            windows windows 2026-02-28T10:00:00Z | class=1007 | -/unknown | product=windows | service=security | host=pc1 | user=alice | process=C:\n.exe | pid=7000 | parent=C:\p.exe | command=n /x | session=0xa1b2c
              EventID = 4688
              Channel = Security
              Computer = pc1
              TimeCreated = 2026-02-28T10:00:00Z
              ProcessId = 0x10
              NewProcessId = 0x1b58
              NewProcessName = C:\n.exe
              ParentProcessName = C:\p.exe
              SubjectUserName = alice
              SubjectLogonId = 0xa1b2c
              TargetUserName = -
              CommandLine = n /x"#]],
    );
}

/// Code and outcome of Security events by their id.
#[test]
fn security_codes() {
    let source = source(None);
    let success = "0x8020000000000000";
    let cases: [(i64, &str, &str); 26] = [
        (4624, success, "LL01/success"),
        (4625, "0x8010000000000000", "LL03/failure"),
        (4634, success, "LL02/success"),
        (4647, success, "LL02/success"),
        (4672, success, "PA01/success"),
        (4673, success, "PA01/success"),
        (4673, "0x8010000000000000", "PA02/failure"),
        (4697, success, "CC02/success"),
        (4719, success, "CC02/success"),
        (4720, success, "SA01/success"),
        (4722, success, "SA02/success"),
        (4723, success, "LL04/success"),
        (4723, "0x8010000000000000", "LL05/failure"),
        (4724, success, "SA07/success"),
        (4726, success, "SA03/success"),
        (4727, success, "SA04/success"),
        (4728, success, "SA05/success"),
        (4732, success, "SA05/success"),
        (4756, success, "SA05/success"),
        (4730, success, "SA06/success"),
        (4738, success, "SA02/success"),
        (4740, success, "SA08/success"),
        (4767, success, "SA09/success"),
        (1102, success, "SS05/success"),
        (4771, "0x8010000000000000", "-/failure"),
        (5156, success, "-/success"),
    ];
    for (id, keywords, expected) in cases {
        let record = format!(
            r#"{{"EventID":{id},"Channel":"Security","Computer":"pc1","TimeCreated":"2026-02-28T10:00:00Z","Keywords":"{keywords}"}}"#
        );
        let found = summary(&decode(&source, record.as_bytes()));
        assert!(found.contains(&format!(" | {expected} | ")), "{id} {keywords}: {found}");
    }
}

#[test]
fn the_time_is_the_event_s_own() {
    let source = source(None);
    let cases = [
        // own time with a zone
        (
            r#""TimeCreated":"2026-02-28T10:00:00Z","@timestamp":"2026-02-28T11:30:00Z""#,
            "2026-02-28T10:00:00Z",
        ),
        // the distance to @timestamp is a zone, also with some seconds of delay
        (r#""EventTime":"2026-02-28 05:00:00","@timestamp":"2026-02-28T10:00:03Z""#, "2026-02-28T10:00:00Z"),
        // no zone is 3 h 7 min wide: the own time in the configured zone
        (r#""EventTime":"2026-02-28 05:00:00","@timestamp":"2026-02-28T08:07:00Z""#, "2026-02-28T05:00:00Z"),
        // days apart: shipped later
        (r#""EventTime":"2026-02-20 05:00:00","@timestamp":"2026-02-28T05:00:00Z""#, "2026-02-20T05:00:00Z"),
        (r#""@timestamp":"2026-02-28T10:00:00Z""#, "2026-02-28T10:00:00Z"),
        (
            r#""TimeCreated":"2026-02-28 02:00:00","UtcTime":"2026-02-28 10:00:00.5""#,
            "2026-02-28T10:00:00.5Z",
        ),
        (r#""TimeCreated":"/Date(1772272800000)/""#, "2026-02-28T10:00:00Z"),
        (r#""X":1"#, "2026-03-01T12:00:00Z"),
    ];
    for (times, expected) in cases {
        let record = format!(r#"{{"EventID":7,"Channel":"System",{times}}}"#);
        let Decoded::Event(event) = decode(&source, record.as_bytes()) else { panic!("{record}") };
        assert_eq!(event.time.to_string(), expected, "{times}");
        assert_eq!(event.problem.is_some(), times.contains('X'), "{times}");
    }
}

#[test]
fn broken_xml_is_a_dead_letter_with_a_place() {
    let source = source(None);
    for record in
        ["<Event><System>", "<Event></System>", "<Event", "<Event><a></b></Event>", "<Event></Event>"]
    {
        let found = summary(&decode(&source, record.as_bytes()));
        let is_text = found.starts_with("text ");
        assert!(
            found.starts_with("dead malformed: ") || (is_text && record == "<Event"),
            "{record}: {found}"
        );
    }
}

/// The shapes of shippers, each from an invented record: Winlogbeat 8 with ECS names, Elastic Agent, NXLog, and the
/// two inputs of Fluent Bit.
#[test]
fn shippers() {
    let records = [
        r#"{"@timestamp":"2026-02-28T10:00:00.123Z","event":{"code":"4625","kind":"event","provider":"Microsoft-Windows-Security-Auditing","outcome":"failure","action":"logon-failed"},"host":{"name":"dc1.example.com"},"agent":{"type":"winlogbeat","version":"8.12.0"},"ecs":{"version":"8.0.0"},"log":{"level":"information"},"message":"An account failed to log on.\n\nSubject: x","source":{"ip":"192.0.2.7"},"user":{"name":"alice"},"winlog":{"api":"wineventlog","channel":"Security","computer_name":"dc1.example.com","event_id":"4625","keywords":["Audit Failure"],"provider_name":"Microsoft-Windows-Security-Auditing","record_id":"77","process":{"pid":700,"thread":{"id":1}},"event_data":{"TargetUserName":"alice","TargetDomainName":"EX","IpAddress":"192.0.2.7","IpPort":"40022","LogonType":"3","SubStatus":"0xc000006a"}}}"#,
        r#"{"EventTime":"2026-02-28 10:00:01","Hostname":"dc1.example.com","Keywords":-9218868437227405312,"EventType":"AUDIT_FAILURE","SeverityValue":4,"EventID":4625,"SourceName":"Microsoft-Windows-Security-Auditing","ProviderGuid":"{54849625-5478-4994-A5BA-3E3B0328C30D}","RecordNumber":78,"ProcessID":700,"Channel":"Security","TargetUserName":"alice","IpAddress":"2001:db8::7","LogonType":"3","EventReceivedTime":"2026-02-28 10:00:02","SourceModuleName":"in","SourceModuleType":"im_msvistalog"}"#,
        r#"{"ProviderName":"Microsoft-Windows-Security-Auditing","ProviderGuid":"{54849625-5478-4994-A5BA-3E3B0328C30D}","Qualifiers":0,"EventID":4625,"Version":0,"Level":0,"Task":12544,"Opcode":0,"Keywords":"0x8010000000000000","TimeCreated":"2026-02-28 10:00:03 +0000","EventRecordID":79,"ActivityID":"","RelatedActivityID":"","ProcessID":700,"ThreadID":1,"Channel":"Security","Computer":"dc1.example.com","UserID":"","Message":"An account failed to log on.","StringInserts":["S-1-0-0","-","-","0x0","S-1-0-0","alice","EX","0xc000006d","%%2313","0xc000006a","3","NtLmSsp","NTLM","PC1","-","-","0","0x0","-","192.0.2.7","40022"]}"#,
        r#"{"RecordNumber":80,"TimeGenerated":"2026-02-28 10:00:04 +0000","TimeWritten":"2026-02-28 10:00:04 +0000","EventID":4624,"Qualifiers":0,"EventType":"SuccessAudit","EventCategory":12544,"Channel":"Security","SourceName":"Microsoft-Windows-Security-Auditing","ComputerName":"dc1.example.com","Data":"","Sid":"","Message":"An account was successfully logged on.","StringInserts":["S-1-5-18","DC1$","EX","0x3e7","S-1-5-21-1","alice","EX","0xabc","3","Kerberos","Kerberos","-","{0}","-","-","0","0x2bc","C:\\lsass.exe","192.0.2.7","40023"]}"#,
    ];
    let source = source(None);
    let lines: Vec<_> = records.iter().map(|record| summary(&decode(&source, record.as_bytes()))).collect();
    expect![[r#"
        windows windows 2026-02-28T10:00:00.123Z | class=3002 | LL03/failure | product=windows | service=security | host=dc1.example.com | user=alice | src=192.0.2.7 | message=An account failed to log on. | src_port=40022
        windows windows 2026-02-28T10:00:01Z | class=3002 | LL03/failure | product=windows | service=security | host=dc1.example.com | user=alice | src=2001:db8::7 | pid=700
        windows windows 2026-02-28T10:00:03Z | class=3002 | LL03/failure | product=windows | service=security | host=dc1.example.com | user=alice | src=192.0.2.7 | pid=700 | message=An account failed to log on. | src_port=40022
        windows windows 2026-02-28T10:00:04Z | class=3002 | LL01/success | product=windows | service=security | host=dc1.example.com | user=alice | src=192.0.2.7 | process=C:\lsass.exe | pid=700 | session=0xabc | message=An account was successfully logged on. | src_port=40023"#]].assert_eq(&lines.join("\n"));
}

#[test]
fn a_member_is_named_by_its_common_name() {
    let source = source(None);
    for (member, expected) in [
        ("CN=Bob,OU=Staff,DC=example,DC=com", "target=Bob |"),
        (r"CN=Example\\, Bob,OU=Staff,DC=example,DC=com", "target=Example, Bob |"),
        ("cn=bob", "target=bob |"),
        ("S-1-5-21-1-2-3-1107", "target=S-1-5-21-1-2-3-1107 |"),
    ] {
        let record = format!(
            r#"{{"EventID":4728,"Channel":"Security","Computer":"dc1","TimeCreated":"2026-02-28T10:00:00Z","MemberName":"{member}","TargetUserName":"Domain Admins","SubjectUserName":"alice"}}"#
        );
        let found = summary(&decode(&source, record.as_bytes())) + " |";
        assert!(found.contains(expected), "{member}: {found}");
    }
}
