//! The events of the SMF fixtures.

use expect_test::expect;

use crate::legacy::tests::golden::check;

#[test]
fn smf15() {
    check(
        "smf15",
        &expect![[r#"
        smf legacy 2026-02-28T10:00:00.12Z | class=1001 | -/success | product=zos | service=smf | host=SYS1 | process=PAYROLL | file=PROD.PAYROLL.MASTER | message=job PAYROLL wrote data set PROD.PAYROLL.MASTER
          smf.record_type = 15
          smf.flags = 02
          smf.system_id = SYS1
          smf.job_name = PAYROLL
          smf.reader_start = 2026-02-28T09:30:00.00
          smf.record_indicator = 0000
          smf.ddname = SYSUT2
          smf.dataset = PROD.PAYROLL.MASTER
          smf.volume = PRD001
          security.action = write"#]],
    );
}

#[test]
fn smf30_end() {
    check(
        "smf30_end",
        &expect![[r#"
            smf legacy 2026-02-28T10:00:00.12Z | class=1007 | SS02/failure | product=zos | service=smf | host=SYS1 | user=USER1 | process=PAYROLL | session=JOB00042 | app=PAYPGM1 | message=USER1 ended job PAYROLL, program PAYPGM1: abend S0C7
              smf.record_type = 30
              smf.flags = 5e
              smf.system_id = SYS1
              smf.subsystem_id = JOB
              smf.subtype = 5
              smf.product = SMF
              smf.system_level = SP7.2.5
              smf.system_name = SYSA
              smf.sysplex = PLEX1
              smf.job_name = PAYROLL
              smf.program = PAYPGM1
              smf.step_name = STEP1
              smf.job_id = JOB00042
              smf.step_number = 1
              smf.job_class = A
              smf.step_start = 2026-02-28T09:59:58.00
              smf.reader_start = 2026-02-28T09:59:57.50
              smf.reader_end = 2026-02-28T09:59:57.60
              smf.programmer = A SAMPLE PERSON
              smf.group = SYS1GRP
              smf.user = USER1
              smf.abend_reason = 4
              smf.completion = abend S0C7
              security.action = end
              security.user = USER1
              legacy.user_code = SS02"#]],
    );
}

#[test]
fn smf30_tso() {
    check(
        "smf30_tso",
        &expect![[r#"
            smf legacy 2026-02-28T10:00:00.12Z | class=3002 | LL01/success | product=zos | service=smf | host=SYS1 | user=USER1 | process=USER1 | session=JOB00042 | app=IKJEFT01 | message=USER1 logged on to TSO, session USER1, program IKJEFT01
              smf.record_type = 30
              smf.flags = 5e
              smf.system_id = SYS1
              smf.subsystem_id = TSO
              smf.subtype = 1
              smf.product = SMF
              smf.system_level = SP7.2.5
              smf.system_name = SYSA
              smf.sysplex = PLEX1
              smf.job_name = USER1
              smf.program = IKJEFT01
              smf.step_name = STEP1
              smf.job_id = JOB00042
              smf.step_number = 1
              smf.job_class = A
              smf.step_start = 2026-02-28T09:59:58.00
              smf.reader_start = 2026-02-28T09:59:57.50
              smf.reader_end = 2026-02-28T09:59:57.60
              smf.programmer = A SAMPLE PERSON
              smf.group = SYS1GRP
              smf.user = USER1
              smf.terminal = T001
              security.action = start
              security.user = USER1
              legacy.user_code = LL01"#]],
    );
}

#[test]
fn smf80_logon() {
    check(
        "smf80_logon",
        &expect![[r#"
            smf legacy 2026-02-28T10:00:00.12Z | class=3002 | LL03/failure | product=zos | service=smf | host=SYS1 | user=USER1 | process=USER1 | app=TSO | message=RACF logon of USER1 failed: invalid password (terminal T001)
              smf.record_type = 80
              smf.flags = 1e
              smf.system_id = SYS1
              smf.event = 1
              smf.qualifier = 1
              smf.user = USER1
              smf.group = SYS1GRP
              smf.terminal_level = 0
              smf.command_error = 00
              smf.terminal = T001
              smf.job_name = USER1
              smf.reader_start = 2026-02-28T09:59:57.00
              smf.racf_release = 7791
              smf.descriptor = VIOLATION
              smf.reason = RACINIT_FAILURE
              smf.application = TSO
              security.action = logon
              smf.qualifier_text = invalid password
              security.user = USER1
              legacy.user_code = LL03"#]],
    );
}

#[test]
fn smf80_access() {
    check(
        "smf80_access",
        &expect![[r#"
            smf legacy 2026-02-28T10:00:00.12Z | class=1001 | PA02/failure | product=zos | service=smf | host=SYS1 | user=USER2 | process=USER2 | file=SYS1.PARMLIB | message=RACF resource access of USER2 to SYS1.PARMLIB failed: insufficient authority (class DATASET) (requested UPDATE) (terminal T002)
              smf.record_type = 80
              smf.flags = 1e
              smf.system_id = SYS1
              smf.event = 2
              smf.qualifier = 1
              smf.user = USER2
              smf.group = SYS1GRP
              smf.terminal_level = 0
              smf.command_error = 00
              smf.terminal = T002
              smf.job_name = USER2
              smf.reader_start = 2026-02-28T09:59:57.00
              smf.racf_release = 7791
              smf.descriptor = VIOLATION
              smf.authority = NORMAL
              smf.reason = ACCESS
              smf.resource = SYS1.PARMLIB
              smf.access_requested = UPDATE
              smf.access_allowed = READ
              smf.class = DATASET
              smf.relocate.77 = 0102
              smf.mfa_factor = AZFTOTP1
              security.action = resource_access
              smf.qualifier_text = insufficient authority
              security.user = USER2
              legacy.user_code = PA02"#]],
    );
}

#[test]
fn smf80_adduser() {
    check(
        "smf80_adduser",
        &expect![[r#"
            smf legacy 2026-02-28T10:00:00.12Z | class=3001 | SA01/success | product=zos | service=smf | host=SYS1 | user=ADMIN1 | target=NEWUSER1 | process=ADMIN1 | file=NEWUSER1 | message=RACF ADDUSER command of ADMIN1 for NEWUSER1 succeeded (terminal T003)
              smf.record_type = 80
              smf.flags = 1e
              smf.system_id = SYS1
              smf.event = 10
              smf.qualifier = 0
              smf.user = ADMIN1
              smf.group = SYS1GRP
              smf.terminal_level = 0
              smf.command_error = 00
              smf.terminal = T003
              smf.job_name = ADMIN1
              smf.reader_start = 2026-02-28T09:59:57.00
              smf.racf_release = 7791
              smf.authority = SPECIAL
              smf.reason = SPECIAL
              smf.profile = NEWUSER1
              security.action = ADDUSER_command
              smf.qualifier_text = success
              security.user = ADMIN1
              security.target_user = NEWUSER1
              legacy.user_code = SA01"#]],
    );
}

#[test]
fn smf83() {
    check(
        "smf83",
        &expect![[r#"
            smf legacy 2026-02-28T10:00:00.12Z | class=6003 | CC02/success | product=zos | service=smf | host=SYS1 | user=ADMIN1 | process=ADMIN1 | file=PROD.PAYROLL.MASTER | message=RACF ALTDSD command of ADMIN1 for PROD.PAYROLL.MASTER succeeded (terminal T001)
              smf.record_type = 83
              smf.flags = 5e
              smf.system_id = SYS1
              smf.subsystem_id = RACF
              smf.subtype = 1
              smf.product_version = 7791
              smf.product = RACF
              smf.link = 00000007
              smf.event = 11
              smf.qualifier = 0
              smf.user = ADMIN1
              smf.group = SYS1GRP
              smf.terminal_level = 0
              smf.command_error = 00
              smf.terminal = T001
              smf.job_name = ADMIN1
              smf.racf_release = 7791
              smf.security_label = SECRET
              smf.authority = SPECIAL
              smf.reason = SPECIAL
              smf.resource = PROD.PAYROLL.MASTER
              smf.component = RACF
              security.action = ALTDSD_command
              smf.qualifier_text = success
              security.user = ADMIN1
              legacy.user_code = CC02"#]],
    );
}

#[test]
fn smf90() {
    check(
        "smf90",
        &expect![[r#"
            smf legacy 2026-02-28T10:00:00.12Z | class=6002 | SS05/success | product=zos | service=smf | host=SYS1 | command=SET SMF | message=system status changed on SYS1: SET SMF
              smf.record_type = 90
              smf.flags = 1e
              smf.system_id = SYS1
              smf.subtype = 5
              smf.record_version = 01
              smf.product = SMF
              smf.data = SMFPRM01
              security.action = operator_command
              legacy.user_code = SS05"#]],
    );
}

#[test]
fn smf92() {
    check(
        "smf92",
        &expect![[r#"
            smf legacy 2026-02-28T10:00:00.12Z | class=1001 | -/success | product=zos | service=smf | host=SYS1 | user=USER1 | process=USER1 | pid=131100 | session=131000 | file=secret-plan.txt | message=USER1 deleted secret-plan.txt
              smf.record_type = 92
              smf.flags = 5e
              smf.system_id = SYS1
              smf.subsystem_id = OMVS
              smf.subtype = 14
              smf.product = OMVS
              smf.system_level = SP7.2.5
              smf.job_name = USER1
              smf.reader_start = 2026-02-28T09:00:00.00
              smf.step_name = STEP1
              smf.group = SYS1GRP
              smf.user = USER1
              smf.uid = 501
              smf.gid = 20
              smf.pid = 131100
              smf.process_group = 131100
              smf.session = 131000
              smf.event_time = 2026-02-28T10:00:00Z
              smf.file_type = 3
              smf.delete_flags = 00
              smf.inode = 4711
              smf.parent_inode = 17
              smf.device = 5
              smf.file_system = OMVS.USER1.ZFS
              smf.path = secret-plan.txt
              security.action = deleted
              security.user = USER1"#]],
    );
}

#[test]
fn smf118_ftp() {
    check(
        "smf118_ftp",
        &expect![[r#"
            smf legacy 2026-02-28T10:00:00.12Z | class=3002 | LL03/failure | product=zos | service=smf | host=SYS1 | user=USER9 | src=192.0.2.7 | dst=198.51.100.1 | app=ftp | message=FTP login of USER9 from 192.0.2.7 failed
              smf.record_type = 118
              smf.flags = 42
              smf.system_id = SYS1
              smf.subsystem_id = STC
              smf.subtype = 72
              smf.ftp_command = LOGN
              smf.ftp_file_type = SEQ
              smf.remote_ip = 192.0.2.7
              smf.local_ip = 198.51.100.1
              smf.bytes = 0
              smf.ftp_reply = 530
              smf.file = USER9
              security.action = logon
              security.user = USER9
              legacy.user_code = LL03"#]],
    );
}

#[test]
fn smf119_ftp() {
    check(
        "smf119_ftp",
        &expect![[r#"
            smf legacy 2026-02-28T10:00:00.12Z | class=3002 | LL03/failure | product=zos | service=smf | host=SYS1 | user=USER9 | src=192.0.2.7 | dst=198.51.100.1 | session=FTPD100001 | app=ftp | message=FTP login of USER9 from 192.0.2.7 failed: password is not valid | src_port=50123 | dst_port=21
              smf.record_type = 119
              smf.flags = 5e
              smf.system_id = SYS1
              smf.subsystem_id = STC
              smf.subtype = 72
              smf.system_name = SYSA
              smf.sysplex = PLEX1
              smf.stack = TCPIP
              smf.release = CS V2R5
              smf.component = FTPS
              smf.address_space = TCPIP
              smf.writer_user = TCPIP
              smf.address_space_id = 61
              smf.write_reason = 08
              smf.remote_ip = 192.0.2.7
              smf.local_ip = 198.51.100.1
              smf.remote_port = 50123
              smf.local_port = 21
              smf.user = USER9
              smf.failure_reason = 1
              smf.connection_id = 77
              smf.session = FTPD100001
              security.action = logon
              security.user = USER9
              legacy.user_code = LL03"#]],
    );
}

#[test]
fn smf119_tcp() {
    check(
        "smf119_tcp",
        &expect![[r#"
        smf legacy 2026-02-28T10:00:00.12Z | class=4001 | -/success | product=zos | service=smf | host=SYS1 | src=2001:db8::7 | dst=2001:db8::1 | process=CICSPRD | session=4242 | message=CICSPRD closed a TCP connection with 2001:db8::7 port 50124, local port 992 | src_port=50124 | dst_port=992
          smf.record_type = 119
          smf.flags = 5e
          smf.system_id = SYS1
          smf.subsystem_id = STC
          smf.subtype = 2
          smf.system_name = SYSA
          smf.sysplex = PLEX1
          smf.stack = TCPIP
          smf.release = CS V2R5
          smf.component = TCP
          smf.address_space = TCPIP
          smf.writer_user = TCPIP
          smf.address_space_id = 61
          smf.write_reason = 08
          smf.job_name = CICSPRD
          smf.connection_id = 4242
          smf.tls_status = 3
          smf.termination_code = 52
          smf.start_time = 2026-02-28T09:00:00.00
          smf.end_time = 2026-02-28T10:00:00.00
          smf.remote_ip = 2001:db8::7
          smf.local_ip = 2001:db8::1
          smf.remote_port = 50124
          smf.local_port = 992
          smf.bytes_in = 1000
          smf.bytes_out = 20000
          smf.active_open = 0
          security.action = disconnect"#]],
    );
}
