use expect_test::{Expect, expect};

use crate::test_kit::{decode, full, source, summary};

/// A record with these resource attributes, attributes and body.
fn record(resource: &str, attributes: &str, body: &str) -> String {
    format!(
        r#"{{"resource":{{"attributes":{{{resource}}},"schema_url":""}},"scope":{{"name":"","version":"","attributes":{{}}}},"time_unix_nano":"0","observed_time_unix_nano":"1772272800123456789","severity_number":0,"severity_text":"","body":{body},"attributes":{{{attributes}}},"trace_id":"","span_id":"","event_name":"","flags":0}}"#
    )
}

fn check(records: &[String], expected: Expect) {
    let source = source(None);
    let lines: Vec<_> = records.iter().map(|record| summary(&decode(&source, record.as_bytes()))).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn bodies_are_read_by_the_format_that_knows_them() {
    let host = r#""host.name":"web1.example.com","os.type":"linux""#;
    check(
        &[
            record(
                host,
                r#""log.file.path":"/var/log/auth.log""#,
                r#""Feb 28 09:59:00 web1 sshd[811]: Failed password for root from 192.0.2.7 port 40022 ssh2""#,
            ),
            record(
                host,
                "",
                r#""{\"EventID\":4625,\"Channel\":\"Security\",\"TargetUserName\":\"alice\",\"IpAddress\":\"192.0.2.7\"}""#,
            ),
            record(host, r#""user.name":"alice""#, r#""{\"level\":\"info\",\"message\":\"started\"}""#),
            record(host, r#""user.name":"alice""#, r#""plain words""#),
            record(
                "",
                "",
                r#"{"event_id":{"id":4624,"qualifiers":0},"provider":{"name":"Microsoft-Windows-Security-Auditing"},"system_time":"2026-02-28T10:00:00Z","computer":"dc1.example.com","channel":"Security","keywords":["Audit Success"],"event_data":{"TargetUserName":"alice","IpAddress":"2001:db8::7","LogonType":"3"}}"#,
            ),
            record(host, "", r#"{"action":"org.add_member","actor":"alice","org":"example"}"#),
            record(host, "", r#"["one","two"]"#),
        ],
        expect![[r#"
            syslog linux 2026-02-28T09:59:00Z | class=3002 | LL03/failure | product=linux | service=sshd | host=web1 | user=root | src=192.0.2.7 | process=sshd | pid=811 | app=sshd | message=Failed password for root from 192.0.2.7 port 40022 ssh2 | src_port=40022
            windows windows 2026-02-28T10:00:00.123456Z | class=3002 | LL03/failure | product=windows | service=security | host=web1.example.com | user=alice | src=192.0.2.7
            json linux 2026-02-28T10:00:00.123456Z | class=0 | -/unknown | product=linux | host=web1.example.com | user=alice | message=started
            otlp linux 2026-02-28T10:00:00.123456Z | class=0 | -/unknown | product=linux | host=web1.example.com | user=alice | message=plain words
            windows windows 2026-02-28T10:00:00Z | class=3002 | LL01/success | product=windows | service=security | host=dc1.example.com | user=alice | src=2001:db8::7
            github_audit cloud 2026-02-28T10:00:00.123456Z | class=3006 | SA05/success | product=github | service=audit | host=web1.example.com | user=alice | command=org.add_member | app=example
            otlp linux 2026-02-28T10:00:00.123456Z | class=0 | -/unknown | product=linux | host=web1.example.com | message=one"#]],
    );
}

#[test]
fn a_record_in_a_record_in_a_record_is_text() {
    let inner = record("", r#""depth":2"#, r#""<13>Feb 28 10:00:00 web1 app: words""#);
    let quoted = serde_json::to_string(&inner).expect("text");
    let outer = record("", r#""depth":1"#, &quoted);
    check(
        &[outer],
        expect![
            "otlp cloud 2026-02-28T10:00:00.123456Z | class=0 | -/unknown | message=<13>Feb 28 10:00:00 web1 app: words"
        ],
    );
}

#[test]
fn attributes_fill_the_header() {
    check(
        &[
            record(
                r#""service.name":"shop","cloud.provider":"gcp","k8s.pod.name":"shop-1""#,
                r#""http.request.method":"GET","url.path":"/login","url.query":"a=1","http.response.status_code":403,"client.address":"192.0.2.7","client.port":5555,"server.address":"shop.example.com","server.port":443,"user_agent.original":"curl/8""#,
                r#""GET /login""#,
            ),
            record(
                r#""host.name":"pc1","os.type":"windows","process.pid":811,"process.executable.path":"C:\\x.exe","process.command_line":"x.exe -v""#,
                r#""exception.type":"IOError","exception.message":"no route to host","user.name":"alice""#,
                "null",
            ),
            record(
                r#""host.name":"db1""#,
                r#""source.address":"2001:db8::7","source.port":1,"destination.address":"198.51.100.2","destination.port":5432"#,
                r#""x""#,
            ),
        ],
        expect![[r#"
            otlp proxy 2026-02-28T10:00:00.123456Z | class=4002 | -/failure | src=192.0.2.7 | file=/login | domain=shop.example.com | app=shop | message=GET /login | src_port=5555 | dst_port=443
            otlp windows 2026-02-28T10:00:00.123456Z | class=1007 | -/unknown | product=windows | host=pc1 | user=alice | process=C:\x.exe | pid=811 | command=x.exe -v | message=IOError: no route to host
            otlp linux 2026-02-28T10:00:00.123456Z | class=0 | -/unknown | host=db1 | src=2001:db8::7 | dst=198.51.100.2 | message=x | src_port=1 | dst_port=5432"#]],
    );
}

#[test]
fn the_time_of_the_record_wins_and_none_is_said() {
    let source = source(None);
    let timeless = record("", "", "\"x\"").replace("1772272800123456789", "0");
    let timed = record("", "", r#""2026-01-01T00:00:00Z started""#)
        .replace(r#""time_unix_nano":"0""#, r#""time_unix_nano":"1772272801000000000""#);
    let found: Vec<_> =
        [timeless, timed].iter().map(|record| summary(&decode(&source, record.as_bytes()))).collect();
    expect![[r#"
        otlp cloud 2026-03-01T12:00:00Z | class=0 | -/unknown | message=x | problem=no time in the record, arrival time taken
        otlp cloud 2026-02-28T10:00:01Z | class=0 | -/unknown | message=2026-01-01T00:00:00Z started"#]].assert_eq(&found.join("\n"));
}

/// The names are a contract with the LegacyTel agent: a change here breaks it.
#[test]
fn legacytel_contract() {
    let source = source(None);
    let records = [
        record(
            r#""host.name":"SYS1","os.type":"zos","device.id":"d1","sysplex.name":"PLEX1","partition.id":"LPAR1","system.name":"SYS1""#,
            r#""smf.record_type":80,"smf.subtype":1,"smf.job_name":"TSOUSER","smf.terminal":"T001","security.user":"ALICE","security.action":"LOGON","security.target_user":"BOB","legacy.user_code":"LL03""#,
            r#""RACF: invalid password""#,
        ),
        record(
            r#""system.name":"AS400A","os.type":"ibm_i","device.id":"d2""#,
            r#""qaudjrn.journal_code":"T","qaudjrn.entry_type":"CP","qaudjrn.job_name":"123456/QSECOFR/QPADEV0001","qaudjrn.current_user":"QSECOFR","qaudjrn.program_name":"QCMD","qaudjrn.sequence_number":42,"security.target_user":"BOB","legacy.user_code":"SA02""#,
            r#""user profile changed""#,
        ),
        record(
            r#""host.name":"NS1","os.type":"nonstop""#,
            r#""ems.subsystem_id":"TANDEM.SAFEGRD.D30","ems.event_number":1027,"ems.cpu":1,"ems.pin":279,"ems.process_id":"$ZSMP","security.user":"SUPER.SUPER","legacy.user_code":"PA01""#,
            r#""Feb 28 10:00:00 web1 sshd[1]: not read as a line""#,
        ),
        record(r#""partition.id":"P1""#, r#""ems.cpu":1,"ems.pin":279,"legacy.user_code":"XX99""#, r#""x""#),
    ];
    let found: Vec<_> = records.iter().map(|record| full(&decode(&source, record.as_bytes()))).collect();
    expect![[r#"
        otlp legacy 2026-02-28T10:00:00.123456Z | class=3002 | LL03/failure | product=zos | service=smf | host=SYS1 | user=ALICE | target=BOB | process=TSOUSER | command=LOGON | session=T001 | app=PLEX1 | message=RACF: invalid password
          body = RACF: invalid password
          smf.record_type = 80
          smf.subtype = 1
          smf.job_name = TSOUSER
          smf.terminal = T001
          security.user = ALICE
          security.action = LOGON
          security.target_user = BOB
          legacy.user_code = LL03
          host.name = SYS1
          os.type = zos
          device.id = d1
          sysplex.name = PLEX1
          partition.id = LPAR1
          system.name = SYS1
          observed_time_unix_nano = 1772272800123456789
        otlp legacy 2026-02-28T10:00:00.123456Z | class=3001 | SA02/success | product=ibm_i | service=qaudjrn | host=AS400A | user=QSECOFR | target=BOB | process=QCMD | session=123456/QSECOFR/QPADEV0001 | message=user profile changed
          body = user profile changed
          qaudjrn.journal_code = T
          qaudjrn.entry_type = CP
          qaudjrn.job_name = 123456/QSECOFR/QPADEV0001
          qaudjrn.current_user = QSECOFR
          qaudjrn.program_name = QCMD
          qaudjrn.sequence_number = 42
          security.target_user = BOB
          legacy.user_code = SA02
          system.name = AS400A
          os.type = ibm_i
          device.id = d2
          observed_time_unix_nano = 1772272800123456789
        otlp legacy 2026-02-28T10:00:00.123456Z | class=6003 | PA01/success | product=nonstop | service=ems | host=NS1 | user=SUPER.SUPER | pid=$ZSMP | app=TANDEM.SAFEGRD.D30 | message=Feb 28 10:00:00 web1 sshd[1]: not read as a line
          body = Feb 28 10:00:00 web1 sshd[1]: not read as a line
          ems.subsystem_id = TANDEM.SAFEGRD.D30
          ems.event_number = 1027
          ems.cpu = 1
          ems.pin = 279
          ems.process_id = $ZSMP
          security.user = SUPER.SUPER
          legacy.user_code = PA01
          host.name = NS1
          os.type = nonstop
          observed_time_unix_nano = 1772272800123456789
        otlp legacy 2026-02-28T10:00:00.123456Z | class=0 | -/unknown | product=nonstop | service=ems | host=P1 | pid=1,279 | message=x | problem=legacy.user_code is no event code
          body = x
          ems.cpu = 1
          ems.pin = 279
          legacy.user_code = XX99
          partition.id = P1
          observed_time_unix_nano = 1772272800123456789"#]].assert_eq(&found.join("\n"));
}
