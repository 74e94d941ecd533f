//! The events of the journal entries and EMS messages.

use expect_test::{Expect, expect};

use crate::legacy::ems::decode_ems_text;
use crate::legacy::tests::decode_with;
use crate::legacy::tests::golden::check;
use crate::test_kit::full;

#[test]
fn qaudjrn_pw() {
    check(
        "qaudjrn_pw",
        &expect![[r#"
            qaudjrn legacy 2026-02-28T10:00:00.123456Z | class=3002 | LL03/failure | product=ibm_i | service=qaudjrn | host=IBMI1 | user=USER1 | src=192.0.2.8 | process=QPADEV0001 | session=123456/QSECOFR/QPADEV0001 | app=QWTMCMNL | message=sign-on of USER1 failed: password not valid (device QPADEV0001) | src_port=50125
              qaudjrn.sequence_number = 00000000000000004711
              qaudjrn.journal_code = T
              qaudjrn.entry_type = PW
              qaudjrn.timestamp = 2026-02-28-10.00.00.123456
              qaudjrn.job_name = QPADEV0001
              qaudjrn.user_name = QSECOFR
              qaudjrn.job_number = 123456
              qaudjrn.program_name = QWTMCMNL
              qaudjrn.program_library = QSYS
              qaudjrn.current_user = QSECOFR
              qaudjrn.system_name = IBMI1
              qaudjrn.receiver = AUDRCV0001
              qaudjrn.receiver_library = QGPL
              qaudjrn.thread = 000000000000002A
              qaudjrn.remote_port = 50125
              qaudjrn.remote_address = 192.0.2.8
              qaudjrn.detail = P
              qaudjrn.user_profile = USER1
              qaudjrn.device = QPADEV0001
              security.action = password_not_valid
              security.user = USER1
              legacy.user_code = LL03"#]],
    );
}

#[test]
fn qaudjrn_cp() {
    check(
        "qaudjrn_cp",
        &expect![[r#"
            qaudjrn legacy 2026-02-28T10:00:00.123456Z | class=3001 | SA07/success | product=ibm_i | service=qaudjrn | host=IBMI1 | user=QSECOFR | target=USER1 | src=192.0.2.8 | process=QPADEV0001 | session=123456/QSECOFR/QPADEV0001 | app=QWTMCMNL | message=user profile USER1 changed by QSECOFR with CHG: password, user class *SECOFR, special authorities *ALLOBJ *SECADM | src_port=50125
              qaudjrn.sequence_number = 00000000000000004711
              qaudjrn.journal_code = T
              qaudjrn.entry_type = CP
              qaudjrn.timestamp = 2026-02-28-10.00.00.123456
              qaudjrn.job_name = QPADEV0001
              qaudjrn.user_name = QSECOFR
              qaudjrn.job_number = 123456
              qaudjrn.program_name = QWTMCMNL
              qaudjrn.program_library = QSYS
              qaudjrn.current_user = QSECOFR
              qaudjrn.system_name = IBMI1
              qaudjrn.receiver = AUDRCV0001
              qaudjrn.receiver_library = QGPL
              qaudjrn.thread = 000000000000002A
              qaudjrn.remote_port = 50125
              qaudjrn.remote_address = 192.0.2.8
              qaudjrn.detail = A
              qaudjrn.user_profile = USER1
              qaudjrn.object_library = QSYS
              qaudjrn.object_type = *USRPRF
              qaudjrn.command_type = CHG
              qaudjrn.password_changed = Y
              qaudjrn.password_expired = N
              qaudjrn.user_class = *SECOFR
              qaudjrn.special_authorities = *ALLOBJ *SECADM
              security.action = user_profile_changed
              security.user = QSECOFR
              security.target_user = USER1
              legacy.user_code = SA07"#]],
    );
}

#[test]
fn qaudjrn_af_type4() {
    check(
        "qaudjrn_af_type4",
        &expect![[r#"
            qaudjrn legacy 2026-02-28T10:00:00.123456Z | class=3003 | PA02/failure | product=ibm_i | service=qaudjrn | host=IBMI1 | user=USER2 | process=QPADEV0001 | session=123456/QSECOFR/QPADEV0001 | file=PAYLIB/PAYFILE | app=QWTMCMNL | message=authority failure of USER2 to PAYLIB/PAYFILE: not authorised to object
              qaudjrn.sequence_number = 0000004711
              qaudjrn.journal_code = T
              qaudjrn.entry_type = AF
              qaudjrn.timestamp = 2026-02-28-10.00.00.123456
              qaudjrn.job_name = QPADEV0001
              qaudjrn.user_name = QSECOFR
              qaudjrn.job_number = 123456
              qaudjrn.program_name = QWTMCMNL
              qaudjrn.current_user = QSECOFR
              qaudjrn.system_name = IBMI1
              qaudjrn.detail = A
              qaudjrn.object_name = PAYFILE
              qaudjrn.object_library = PAYLIB
              qaudjrn.object_type = *FILE
              qaudjrn.failing_job = QPADEV0002
              qaudjrn.failing_job_user = USER2
              qaudjrn.failing_job_number = 123457
              qaudjrn.failing_program = QCMD
              qaudjrn.failing_program_library = QSYS
              qaudjrn.failing_user = USER2
              security.action = not_authorised_to_object
              security.user = USER2
              legacy.user_code = PA02"#]],
    );
}

#[test]
fn qaudjrn_sv_type2() {
    check(
        "qaudjrn_sv_type2",
        &expect![[r#"
            qaudjrn legacy 2026-02-28T10:00:00Z | class=6003 | CC02/success | product=ibm_i | service=qaudjrn | host=IBMI1 | user=QSECOFR | process=QPADEV0001 | session=123456/QSECOFR/QPADEV0001 | app=QWTMCMNL | message=system value changed by QSECOFR: QAUDLVL from "*SECURITY" to "*NONE"
              qaudjrn.sequence_number = 0000004711
              qaudjrn.journal_code = T
              qaudjrn.entry_type = SV
              qaudjrn.date = 022826
              qaudjrn.time = 100000
              qaudjrn.job_name = QPADEV0001
              qaudjrn.user_name = QSECOFR
              qaudjrn.job_number = 123456
              qaudjrn.program_name = QWTMCMNL
              qaudjrn.current_user = QSECOFR
              qaudjrn.system_name = IBMI1
              qaudjrn.detail = A
              qaudjrn.value_name = QAUDLVL
              qaudjrn.new_value = *NONE
              qaudjrn.old_value = *SECURITY
              security.action = system_value_changed
              security.user = QSECOFR
              legacy.user_code = CC02"#]],
    );
}

#[test]
fn ems_spi() {
    check(
        "ems_spi",
        &expect![[r#"
            ems legacy 2026-02-28T10:00:00Z | class=3002 | LL03/failure | product=nonstop | service=ems | host=node-5 | user=SUPER.OPER | process=$ZSMP | file=$DATA01 | app=TANDEM.42.G06 | message=LOGON of user SUPER.OPER failed
              ems.buffer_bytes = 4096
              ems.subsystem_owner = TANDEM
              ems.subsystem_number = 42
              ems.subsystem_id = TANDEM.42.G06
              ems.event_number = 1005
              ems.generation_time = 2026-02-28T10:00:00Z
              ems.log_time = 2026-02-28T10:00:00.5Z
              ems.user_id = 255,255
              ems.node_number = 5
              ems.cpu = 1
              ems.pin = 23
              ems.process_id = $ZSMP
              ems.emphasis = true
              ems.token.42.100 = $DATA01
              ems.token.12.9 = LOGON of user SUPER.OPER failed
              ems.token.42.7 = -5
              ems.subject = $DATA01
              ems.text = LOGON of user SUPER.OPER failed
              security.user = SUPER.OPER
              legacy.user_code = LL03"#]],
    );
}

fn check_line(line: &str, expected: &Expect) {
    expected.assert_eq(&full(&decode_with(|context| decode_ems_text(context, line))));
}

#[test]
fn ems_lines() {
    check_line(
        r"26-02-28 10:00:00 \NODE1.$ZSMP TANDEM.SAFEGARD.G06 001005 LOGON of user SUPER.OPER failed",
        &expect![[r#"
            ems legacy 2026-02-28T10:00:00Z | class=3002 | LL03/failure | product=nonstop | service=ems | host=NODE1 | user=SUPER.OPER | process=$ZSMP | app=SAFEGARD | message=LOGON of user SUPER.OPER failed
              ems.node = NODE1
              ems.process_id = $ZSMP
              ems.subsystem_id = TANDEM.SAFEGARD.G06
              ems.event_number = 1005
              ems.text = LOGON of user SUPER.OPER failed
              security.user = SUPER.OPER
              legacy.user_code = LL03"#]],
    );
    check_line(
        r"2026-02-28 10:00:00.50 \NODE1.0,123 TANDEM.DISK.H01 000042 $DATA01 utilisation threshold reached",
        &expect![[r#"
            ems legacy 2026-02-28T10:00:00.5Z | class=6002 | CM02/unknown | product=nonstop | service=ems | host=NODE1 | pid=0,123 | app=DISK | message=$DATA01 utilisation threshold reached
              ems.node = NODE1
              ems.cpu = 0
              ems.pin = 123
              ems.process_id = 0,123
              ems.subsystem_id = TANDEM.DISK.H01
              ems.event_number = 42
              ems.text = $DATA01 utilisation threshold reached
              legacy.user_code = CM02"#]],
    );
    check_line(
        r"96-02-30 10:00:00 \NODE1.$TMP TANDEM.TMF.D30 000007",
        &expect![[r#"
        ems legacy 2026-03-01T12:00:00Z | class=0 | -/unknown | product=nonstop | service=ems | host=NODE1 | process=$TMP | app=TMF | message=event 7 of TANDEM.TMF.D30 | problem=no valid time in the line, arrival time taken
          ems.node = NODE1
          ems.process_id = $TMP
          ems.subsystem_id = TANDEM.TMF.D30
          ems.event_number = 7
          ems.text = "#]],
    );
    check_line("not an EMS line at all, whatever 5 it says", &expect!["dead malformed: no record"]);
}
