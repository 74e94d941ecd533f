use expect_test::expect;

use crate::test_kit::{decode, full, source, summaries, table};

const CALL: &str = r#"type=SYSCALL msg=audit(1772359200.123:4711): arch=c000003e syscall=59 success=yes exit=0 a0=55e1 a1=55e2 a2=55e3 a3=0 items=2 ppid=810 pid=811 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts1 ses=3 comm="cat" exe="/usr/bin/cat" subj=unconfined key="secrets""#;
const COMMAND: &str = r#"type=EXECVE msg=audit(1772359200.123:4711): argc=3 a0="cat" a1="-n" a2=2F6574632F736861646F77206F6C64"#;
const DIRECTORY: &str = r#"type=CWD msg=audit(1772359200.123:4711): cwd="/root""#;
const PATH: &str = r#"type=PATH msg=audit(1772359200.123:4711): item=0 name="/usr/bin/cat" inode=11 dev=fe:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL cap_fp=0"#;
const LOADER: &str = r#"type=PATH msg=audit(1772359200.123:4711): item=1 name="/lib64/ld-linux-x86-64.so.2" inode=12 dev=fe:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL cap_fp=0"#;
const TITLE: &str =
    "type=PROCTITLE msg=audit(1772359200.123:4711): proctitle=636174002D6E002F6574632F736861646F77206F6C64";

#[test]
fn a_joined_event_is_one_event() {
    let record = [CALL, COMMAND, DIRECTORY, PATH, LOADER, TITLE].join("\n");
    expect![[r#"
        auditd linux 2026-03-01T10:00:00.123Z | class=1007 | -/success | product=linux | service=auditd | user=1000 | target=root | process=/usr/bin/cat | pid=811 | command=cat -n /etc/shadow old | session=3 | file=/usr/bin/cat | app=cat
          audit_id = 1772359200.123:4711
          type = SYSCALL
          arch = c000003e
          syscall = 59
          success = yes
          exit = 0
          SYSCALL.a0 = 55e1
          SYSCALL.a1 = 55e2
          SYSCALL.a2 = 55e3
          SYSCALL.a3 = 0
          items = 2
          ppid = 810
          pid = 811
          auid = 1000
          uid = 0
          gid = 0
          euid = 0
          suid = 0
          fsuid = 0
          egid = 0
          sgid = 0
          fsgid = 0
          tty = pts1
          ses = 3
          comm = cat
          exe = /usr/bin/cat
          subj = unconfined
          key = secrets
          type = EXECVE
          argc = 3
          a0 = cat
          a1 = -n
          a2 = /etc/shadow old
          type = CWD
          cwd = /root
          type = PATH
          item = 0
          name = /usr/bin/cat
          inode = 11
          dev = fe:01
          mode = 0100755
          ouid = 0
          ogid = 0
          rdev = 00:00
          nametype = NORMAL
          cap_fp = 0
          type = PATH
          item = 1
          name = /lib64/ld-linux-x86-64.so.2
          inode = 12
          dev = fe:01
          mode = 0100755
          ouid = 0
          ogid = 0
          rdev = 00:00
          nametype = NORMAL
          cap_fp = 0
          type = PROCTITLE
          proctitle = cat -n /etc/shadow old
          ARCH = x86_64
          SYSCALL = execve
    "#]].assert_eq(&table(None, &[&record]));
}

/// However the lines of two events come in, the joiner makes the same two events of them.
#[test]
fn joined_events_are_the_same_whatever_the_order_of_lines() {
    let other = |line: &str| line.replace(":4711)", ":4712)").replace("pid=811", "pid=899");
    let one = [CALL, COMMAND, DIRECTORY, PATH, LOADER, TITLE];
    let two = one.map(other);
    let events = |lines: &[&str]| -> Vec<String> {
        let mut records = Vec::new();
        let mut joiner = crate::AuditJoiner::new();
        let mut emit = |_, bytes: &[u8]| records.push(bytes.to_vec());
        lines.iter().zip(1..).for_each(|(line, position)| joiner.push(position, line.as_bytes(), &mut emit));
        joiner.finish(&mut emit);
        let source = source(None);
        let mut events: Vec<_> = records.iter().map(|record| full(&decode(&source, record))).collect();
        events.sort();
        events
    };
    let in_turn: Vec<&str> = one.iter().copied().chain(two.iter().map(String::as_str)).collect();
    let mixed: Vec<&str> = one.iter().zip(&two).flat_map(|(one, two)| [*one, two.as_str()]).collect();
    assert_eq!(events(&in_turn).len(), 2);
    assert_eq!(events(&in_turn), events(&mixed));
    // Unjoined, every line is an event of its own that says less.
    let source = source(None);
    let alone = summaries(None, &one);
    assert_eq!(alone.lines().count(), 6);
    assert!(alone.lines().all(|line| line.starts_with("auditd linux 2026-03-01T10:00:00.123Z")), "{alone}");
    let crate::Decoded::Event(event) = decode(&source, COMMAND.as_bytes()) else { panic!("dead") };
    assert_eq!(
        (event.command.as_ref(), event.text("a2")),
        ("cat -n /etc/shadow old", Some("/etc/shadow old"))
    );
}

#[test]
fn envelopes_around_audit_lines() {
    let joined =
        format!("<13>Mar  1 10:00:00 web1 audispd: {CALL}\n<13>Mar  1 10:00:00 web1 audispd: {COMMAND}");
    let lines = [
        joined.as_str(),
        "<13>1 2026-03-01T10:00:01Z web2 audisp-syslog 7 - - type=SERVICE_STOP msg=audit(1772359200.123:5): pid=1 uid=0 auid=4294967295 ses=4294967295 msg='unit=rsyslog comm=\"systemd\" exe=\"/usr/lib/systemd/systemd\" hostname=? addr=? terminal=? res=success'",
        "Mar  1 10:00:00 web3 kernel: [   12.345678] audit: type=1400 audit(1772359200.123:6): apparmor=\"DENIED\" operation=\"open\" class=\"file\" profile=\"/usr/sbin/ntpd\" name=\"/etc/shadow\" pid=99 comm=\"ntpd\" requested_mask=\"r\" denied_mask=\"r\" fsuid=0 ouid=0",
        "Mar  1 10:00:00 web4 audit[811]: USER_LOGIN pid=811 uid=0 auid=1000 ses=4 msg='op=login id=1000 exe=\"/usr/sbin/sshd\" hostname=192.0.2.7 addr=192.0.2.7 terminal=ssh res=success'",
        "node=web5 type=LOGIN msg=audit(1772359200.123:7): pid=811 uid=0 old-auid=4294967295 auid=1000 tty=(none) old-ses=4294967295 ses=5 res=1\u{1d}UID=\"root\" OLD-AUID=\"unset\" AUID=\"alice\"",
        "Mar  1 10:00:00 web6 auditd[512]: Init complete, auditd 3.0.9 listening for events (startup state enable)",
        "Mar  1 10:00:00 web7 sshd[512]: Invalid user type=SYSCALL msg=audit(1772359200.123:7): x from 192.0.2.7 port 40000",
    ];
    expect![[r#"
        auditd linux 2026-03-01T10:00:00.123Z | class=1007 | -/success | product=linux | service=auditd | host=web1 | user=1000 | target=root | process=/usr/bin/cat | pid=811 | command=cat -n /etc/shadow old | session=3 | app=cat
        auditd linux 2026-03-01T10:00:00.123Z | class=6002 | SS02/success | product=linux | service=auditd | host=web2 | user=root | process=/usr/lib/systemd/systemd | pid=1 | app=rsyslog
        auditd linux 2026-03-01T10:00:00.123Z | class=0 | -/failure | product=linux | service=auditd | host=web3 | process=ntpd | pid=99 | file=/etc/shadow | app=ntpd
        auditd linux 2026-03-01T10:00:00Z | class=3002 | LL01/success | product=linux | service=auditd | host=web4 | user=1000 | src=192.0.2.7 | process=/usr/sbin/sshd | pid=811 | session=4
        auditd linux 2026-03-01T10:00:00.123Z | class=3002 | -/success | product=linux | service=auditd | host=web5 | user=alice | pid=811 | session=5
        syslog linux 2026-03-01T10:00:00Z | class=0 | -/unknown | product=linux | service=auditd | host=web6 | process=auditd | pid=512 | app=auditd | message=Init complete, auditd 3.0.9 listening for events (startup state enable)
        syslog linux 2026-03-01T10:00:00Z | class=3002 | -/failure | product=linux | service=sshd | host=web7 | user=type=SYSCALL msg=audit(1772359200.123:7): x | src=192.0.2.7 | process=sshd | pid=512 | app=sshd | message=Invalid user type=SYSCALL msg=audit(1772359200.123:7): x from 192.0.2.7 port 40000 | src_port=40000
    "#]].assert_eq(&summaries(None, &lines));
}

/// The codes, one line per type.
#[test]
fn types_and_their_codes() {
    let program = |kind: &str, message: &str| {
        format!(
            "type={kind} msg=audit(1772359200.123:7): pid=811 uid=0 auid=1000 ses=3 msg='{message}'\u{1d}UID=\"root\" AUID=\"alice\""
        )
    };
    let ssh = r#"exe="/usr/sbin/sshd" hostname=192.0.2.7 addr=192.0.2.7 terminal=ssh"#;
    let tool = |name: &str| format!(r#"exe="/usr/sbin/{name}" hostname=web1 addr=? terminal=pts/1"#);
    let lines = [
        program("USER_AUTH", &format!(r#"op=PAM:authentication grantors=? acct="bob" {ssh} res=failed"#)),
        program("USER_AUTH", &format!(r#"op=PAM:authentication grantors=pam_unix acct="bob" {ssh} res=success"#)),
        program("USER_AUTH", &format!(r#"op=pubkey acct="bob" {ssh} res=failed"#)),
        program("USER_LOGIN", &format!(r#"op=login acct=28696E76616C6964207573657229 {ssh} res=failed"#)),
        program("USER_LOGIN", &format!(r#"op=login id=1001 {ssh} res=success"#)),
        program("USER_LOGOUT", &format!(r#"op=login id=1001 {ssh} res=success"#)),
        program("USER_ACCT", &format!(r#"op=PAM:accounting grantors=pam_unix acct="bob" {ssh} res=success"#)),
        program("CRED_ACQ", &format!(r#"op=PAM:setcred grantors=pam_unix acct="bob" {ssh} res=success"#)),
        program("USER_START", r#"op=PAM:session_open grantors=pam_unix acct="root" exe="/usr/bin/sudo" hostname=? addr=? terminal=/dev/pts/1 res=success"#),
        program("USER_CMD", r#"cwd="/home/alice" cmd=636174202F6574632F736861646F77 exe="/usr/bin/sudo" terminal=pts/1 res=success"#),
        program("USER_CMD", r#"cwd="/home/alice" cmd="id" exe="/usr/bin/sudo" terminal=pts/1 res=failed"#),
        program("ADD_USER", &format!(r#"op=add-user acct="eve" {} res=success"#, tool("useradd"))),
        program("ADD_USER", &format!("op=add-home-dir id=1005 {} res=success", tool("useradd"))),
        program("ADD_USER", &format!(r#"op=add-user acct="eve" {} res=failed"#, tool("useradd"))),
        program("DEL_USER", &format!("op=deleting user entries id=1005 {} res=success", tool("userdel"))),
        program("ADD_GROUP", &format!(r#"op=add-group id=1006 {} res=success"#, tool("groupadd"))),
        program("DEL_GROUP", &format!(r#"op=delete-group acct="eve" {} res=success"#, tool("groupdel"))),
        program("GRP_MGMT", &format!(r#"op=add-user-to-group grp="wheel" acct="eve" {} res=success"#, tool("usermod"))),
        program("USER_MGMT", &format!(r#"op=changing-uid id=1005 {} res=success"#, tool("usermod"))),
        program("USER_CHAUTHTOK", &format!(r#"op=PAM:chauthtok grantors=pam_unix acct="alice" {} res=success"#, tool("passwd"))),
        program("USER_CHAUTHTOK", &format!(r#"op=PAM:chauthtok grantors=? acct="alice" {} res=failed"#, tool("passwd"))),
        program("USER_CHAUTHTOK", &format!(r#"op=change password id=1005 {} res=success"#, tool("passwd"))),
        "type=USER_CHAUTHTOK msg=audit(1772359200.123:7): pid=811 uid=0 auid=0 ses=3 msg='op=PAM:chauthtok acct=\"eve\" exe=\"/usr/bin/passwd\" hostname=web1 addr=? terminal=pts/1 res=success'".to_owned(),
        program("ADD_USER", &format!("op=adding home directory id=1005 {} res=success", tool("useradd"))),
        program("ACCT_LOCK", &format!(r#"op=locked-password id=1005 {} res=success"#, tool("passwd"))),
        program("SERVICE_START", r#"unit=nginx comm="systemd" exe="/usr/lib/systemd/systemd" hostname=? addr=? terminal=? res=success"#),
        program("SOFTWARE_UPDATE", r#"op=install sw="nginx-1.24.0" sw_type=rpm key_enforce=0 gpg_res=1 root_dir="/" comm="dnf" exe="/usr/bin/python3" hostname=web1 addr=? terminal=pts/1 res=success"#),
        "type=CONFIG_CHANGE msg=audit(1772359200.123:7): auid=1000 ses=3 op=remove_rule key=\"secrets\" list=4 res=1".to_owned(),
        "type=CONFIG_CHANGE msg=audit(1772359200.123:7): op=updated_rules path=\"/etc/passwd\" key=\"secrets\" list=4 res=1".to_owned(),
        "type=DAEMON_END msg=audit(1772359200.123:7): op=terminate auid=0 pid=1 subj=unconfined res=success".to_owned(),
        "type=DAEMON_CONFIG msg=audit(1772359200.123:7): op=reconfigure state=changed auid=0 pid=1 res=success".to_owned(),
        "type=MAC_STATUS msg=audit(1772359200.123:7): enforcing=0 old_enforcing=1 auid=1000 ses=3".to_owned(),
        "type=ANOM_ABEND msg=audit(1772359200.123:7): auid=1000 uid=1000 gid=1000 ses=3 subj=unconfined pid=812 comm=\"su\" exe=\"/usr/bin/su\" sig=11 res=1".to_owned(),
        "type=ANOM_PROMISCUOUS msg=audit(1772359200.123:7): dev=eth0 prom=256 old_prom=0 auid=1000 uid=0 gid=0 ses=3".to_owned(),
        "type=KERN_MODULE msg=audit(1772359200.123:7): name=\"evil\"".to_owned(),
        "type=NETFILTER_CFG msg=audit(1772359200.123:7): table=filter:12 family=2 entries=1 op=nft_register_rule pid=99 comm=\"nft\"".to_owned(),
        "type=TTY msg=audit(1772359200.123:7): tty pid=811 uid=0 auid=1000 ses=3 major=136 minor=1 comm=\"bash\" data=6C73".to_owned(),
        "type=AVC msg=audit(1772359200.123:7): avc:  denied  { read write } for  pid=811 comm=\"httpd\" name=\"shadow\" dev=\"dm-0\" ino=12 scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:shadow_t:s0 tclass=file permissive=0".to_owned(),
        "type=USER_AUTH msg=audit(1772359200.123:7): user pid=811 uid=0 auid=4294967295 msg='PAM: authentication acct=\"bob\" : exe=\"/usr/sbin/sshd\" (hostname=192.0.2.7, addr=192.0.2.7, terminal=ssh res=failed)'".to_owned(),
        "type=UNKNOWN[1399] msg=audit(1772359200.123:7): what=ever".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let table = summaries(None, &lines)
        .replace("auditd linux 2026-03-01T10:00:00.123Z | ", "")
        .replace("product=linux | service=auditd | ", "");
    expect![[r#"
        class=3002 | LL03/failure | user=bob | src=192.0.2.7 | process=/usr/sbin/sshd | pid=811 | session=3
        class=3002 | -/success | user=bob | src=192.0.2.7 | process=/usr/sbin/sshd | pid=811 | session=3
        class=3002 | -/failure | user=bob | src=192.0.2.7 | process=/usr/sbin/sshd | pid=811 | session=3
        class=3002 | -/failure | user=(invalid user) | src=192.0.2.7 | process=/usr/sbin/sshd | pid=811 | session=3
        class=3002 | LL01/success | user=1001 | src=192.0.2.7 | process=/usr/sbin/sshd | pid=811 | session=3
        class=3002 | LL02/success | user=1001 | src=192.0.2.7 | process=/usr/sbin/sshd | pid=811 | session=3
        class=3002 | -/success | user=bob | src=192.0.2.7 | process=/usr/sbin/sshd | pid=811 | session=3
        class=3002 | -/success | user=bob | src=192.0.2.7 | process=/usr/sbin/sshd | pid=811 | session=3
        class=3002 | -/success | user=alice | target=root | process=/usr/bin/sudo | pid=811 | session=3
        class=1007 | PA01/success | user=alice | process=/usr/bin/sudo | pid=811 | command=cat /etc/shadow | session=3
        class=1007 | PA02/failure | user=alice | process=/usr/bin/sudo | pid=811 | command=id | session=3
        class=3001 | SA01/success | user=alice | target=eve | process=/usr/sbin/useradd | pid=811 | session=3
        class=3001 | SA02/success | user=alice | target=1005 | process=/usr/sbin/useradd | pid=811 | session=3
        class=3001 | PA02/failure | user=alice | target=eve | process=/usr/sbin/useradd | pid=811 | session=3
        class=3001 | SA03/success | user=alice | target=1005 | process=/usr/sbin/userdel | pid=811 | session=3
        class=3006 | SA04/success | user=alice | target=1006 | process=/usr/sbin/groupadd | pid=811 | session=3
        class=3006 | SA06/success | user=alice | target=eve | process=/usr/sbin/groupdel | pid=811 | session=3
        class=3006 | SA05/success | user=alice | target=eve | process=/usr/sbin/usermod | pid=811 | session=3
        class=3001 | SA02/success | user=alice | target=1005 | process=/usr/sbin/usermod | pid=811 | session=3
        class=3001 | LL04/success | user=alice | process=/usr/sbin/passwd | pid=811 | session=3
        class=3001 | LL05/failure | user=alice | process=/usr/sbin/passwd | pid=811 | session=3
        class=3001 | -/success | user=alice | target=1005 | process=/usr/sbin/passwd | pid=811 | session=3
        class=3001 | SA07/success | user=root | target=eve | process=/usr/bin/passwd | pid=811 | session=3
        class=3001 | SA02/success | user=alice | target=1005 | process=/usr/sbin/useradd | pid=811 | session=3
        class=3001 | SA08/success | user=alice | target=1005 | process=/usr/sbin/passwd | pid=811 | session=3
        class=6002 | SS01/success | user=alice | process=/usr/lib/systemd/systemd | pid=811 | session=3 | app=nginx
        class=6002 | CM03/success | user=alice | process=/usr/bin/python3 | pid=811 | session=3 | app=dnf
        class=6002 | SS05/success | user=1000 | session=3
        class=6002 | -/success | product=linux | service=auditd
        class=6002 | SS02/success | user=root | pid=1
        class=6002 | SS05/success | user=root | pid=1
        class=6002 | CC02/unknown | user=1000 | session=3
        class=1007 | -/success | user=1000 | process=/usr/bin/su | pid=812 | session=3 | app=su
        class=4001 | -/unknown | user=1000 | session=3
        class=1002 | -/unknown | file=evil
        class=4001 | CC02/unknown | process=nft | pid=99 | app=nft
        class=1007 | -/unknown | user=1000 | process=bash | pid=811 | command=ls | session=3 | app=bash
        class=0 | -/failure | process=httpd | pid=811 | file=shadow | app=httpd
        class=3002 | LL03/failure | user=bob | src=192.0.2.7 | process=/usr/sbin/sshd | pid=811
        class=0 | -/unknown | product=linux | service=auditd
    "#]].assert_eq(&table);
}

#[test]
fn calls_and_their_objects() {
    let call = |number: &str, name: &str| {
        format!(
            "type=SYSCALL msg=audit(1772359200.123:8): arch=c000003e syscall={number} success=no exit=-13 a0=3 a1=7f a2=10 a3=0 items=1 ppid=1 pid=44 auid=1000 uid=33 euid=33 tty=(none) ses=4294967295 comm=\"{name}\" exe=\"/usr/bin/{name}\" key=6B31016B32"
        )
    };
    let with = |call: String, lines: &[&str]| {
        let lines: Vec<_> =
            lines.iter().map(|line| line.replacen(' ', " msg=audit(1772359200.123:8): ", 1)).collect();
        format!("{call}\n{}", lines.join("\n"))
    };
    let records = [
        with(call("42", "curl"), &["type=SOCKADDR saddr=020001BBC00002070000000000000000"]),
        with(call("43", "nc"), &["type=SOCKADDR saddr=0A009C400000000020010DB800000000000000000000000700000000"]),
        with(call("42", "psql"), &["type=SOCKADDR saddr=01002F72756E2F706700"]),
        with(call("257", "touch"), &[
            "type=CWD cwd=\"/tmp\"",
            "type=PATH item=0 name=\"/tmp\" nametype=PARENT",
            "type=PATH item=1 name=\"./x y\" nametype=CREATE",
        ]),
        with(call("82", "mv"), &[
            "type=CWD cwd=\"/etc\"",
            "type=PATH item=0 name=\"passwd\" nametype=DELETE",
            "type=PATH item=1 name=\"passwd-\" nametype=CREATE",
        ]),
        with(call("313", "insmod"), &["type=KERN_MODULE name=\"evil\""]),
        with(call("59", "sh"), &[
            "type=EXECVE argc=2 a0=\"sh\" a1_len=9000 a1[0]=\"AAAA\" a1[1]=42424242",
            "type=EXECVE a2=\"last\"",
        ]),
        "type=SYSCALL msg=audit(1772359200.123:8): arch=40000003 syscall=11 success=yes exit=0 pid=44 auid=1000 uid=1000 comm=\"x\" exe=\"/tmp/x\"".to_owned(),
        "type=SYSCALL msg=audit(1772359200.123:8): arch=c000003e syscall=135 success=yes exit=0 a0=40000 pid=44 auid=1000 uid=1000 comm=\"x\" exe=\"/tmp/x\"\u{1d}ARCH=x86_64 SYSCALL=personality AUID=\"alice\" UID=\"alice\"\ntype=PROCTITLE msg=audit(1772359200.124:9): proctitle=\"x\"\nnonsense".to_owned(),
    ];
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let table = table(None, &records);
    expect![[r#"
        auditd linux 2026-03-01T10:00:00.123Z | class=4001 | -/failure | product=linux | service=auditd | user=1000 | target=33 | dst=192.0.2.7 | process=/usr/bin/curl | pid=44 | app=curl | dst_port=443
          audit_id = 1772359200.123:8
          type = SYSCALL
          arch = c000003e
          syscall = 42
          success = no
          exit = -13
          a0 = 3
          a1 = 7f
          a2 = 10
          a3 = 0
          items = 1
          ppid = 1
          pid = 44
          auid = 1000
          uid = 33
          euid = 33
          tty = (none)
          ses = 4294967295
          comm = curl
          exe = /usr/bin/curl
          key = k1
          key = k2
          type = SOCKADDR
          saddr = 020001BBC00002070000000000000000
          ARCH = x86_64
          SYSCALL = connect
          laddr = 192.0.2.7
          lport = 443

        auditd linux 2026-03-01T10:00:00.123Z | class=4001 | -/failure | product=linux | service=auditd | user=1000 | target=33 | src=2001:db8::7 | process=/usr/bin/nc | pid=44 | app=nc | src_port=40000
          audit_id = 1772359200.123:8
          type = SYSCALL
          arch = c000003e
          syscall = 43
          success = no
          exit = -13
          a0 = 3
          a1 = 7f
          a2 = 10
          a3 = 0
          items = 1
          ppid = 1
          pid = 44
          auid = 1000
          uid = 33
          euid = 33
          tty = (none)
          ses = 4294967295
          comm = nc
          exe = /usr/bin/nc
          key = k1
          key = k2
          type = SOCKADDR
          saddr = 0A009C400000000020010DB800000000000000000000000700000000
          ARCH = x86_64
          SYSCALL = accept
          laddr = 2001:db8::7
          lport = 40000

        auditd linux 2026-03-01T10:00:00.123Z | class=4001 | -/failure | product=linux | service=auditd | user=1000 | target=33 | process=/usr/bin/psql | pid=44 | file=/run/pg | app=psql
          audit_id = 1772359200.123:8
          type = SYSCALL
          arch = c000003e
          syscall = 42
          success = no
          exit = -13
          a0 = 3
          a1 = 7f
          a2 = 10
          a3 = 0
          items = 1
          ppid = 1
          pid = 44
          auid = 1000
          uid = 33
          euid = 33
          tty = (none)
          ses = 4294967295
          comm = psql
          exe = /usr/bin/psql
          key = k1
          key = k2
          type = SOCKADDR
          saddr = 01002F72756E2F706700
          ARCH = x86_64
          SYSCALL = connect

        auditd linux 2026-03-01T10:00:00.123Z | class=1001 | -/failure | product=linux | service=auditd | user=1000 | target=33 | process=/usr/bin/touch | pid=44 | file=/tmp/x y | app=touch
          audit_id = 1772359200.123:8
          type = SYSCALL
          arch = c000003e
          syscall = 257
          success = no
          exit = -13
          a0 = 3
          a1 = 7f
          a2 = 10
          a3 = 0
          items = 1
          ppid = 1
          pid = 44
          auid = 1000
          uid = 33
          euid = 33
          tty = (none)
          ses = 4294967295
          comm = touch
          exe = /usr/bin/touch
          key = k1
          key = k2
          type = CWD
          cwd = /tmp
          type = PATH
          item = 0
          name = /tmp
          nametype = PARENT
          type = PATH
          item = 1
          name = ./x y
          nametype = CREATE
          ARCH = x86_64
          SYSCALL = openat

        auditd linux 2026-03-01T10:00:00.123Z | class=1001 | -/failure | product=linux | service=auditd | user=1000 | target=33 | process=/usr/bin/mv | pid=44 | file=/etc/passwd- | app=mv
          audit_id = 1772359200.123:8
          type = SYSCALL
          arch = c000003e
          syscall = 82
          success = no
          exit = -13
          a0 = 3
          a1 = 7f
          a2 = 10
          a3 = 0
          items = 1
          ppid = 1
          pid = 44
          auid = 1000
          uid = 33
          euid = 33
          tty = (none)
          ses = 4294967295
          comm = mv
          exe = /usr/bin/mv
          key = k1
          key = k2
          type = CWD
          cwd = /etc
          type = PATH
          item = 0
          name = passwd
          nametype = DELETE
          type = PATH
          item = 1
          name = passwd-
          nametype = CREATE
          ARCH = x86_64
          SYSCALL = rename

        auditd linux 2026-03-01T10:00:00.123Z | class=1002 | -/failure | product=linux | service=auditd | user=1000 | target=33 | process=/usr/bin/insmod | pid=44 | file=evil | app=insmod
          audit_id = 1772359200.123:8
          type = SYSCALL
          arch = c000003e
          syscall = 313
          success = no
          exit = -13
          a0 = 3
          a1 = 7f
          a2 = 10
          a3 = 0
          items = 1
          ppid = 1
          pid = 44
          auid = 1000
          uid = 33
          euid = 33
          tty = (none)
          ses = 4294967295
          comm = insmod
          exe = /usr/bin/insmod
          key = k1
          key = k2
          type = KERN_MODULE
          name = evil
          ARCH = x86_64
          SYSCALL = finit_module

        auditd linux 2026-03-01T10:00:00.123Z | class=1007 | -/failure | product=linux | service=auditd | user=1000 | target=33 | process=/usr/bin/sh | pid=44 | command=sh AAAABBBB last | app=sh
          audit_id = 1772359200.123:8
          type = SYSCALL
          arch = c000003e
          syscall = 59
          success = no
          exit = -13
          SYSCALL.a0 = 3
          SYSCALL.a1 = 7f
          SYSCALL.a2 = 10
          SYSCALL.a3 = 0
          items = 1
          ppid = 1
          pid = 44
          auid = 1000
          uid = 33
          euid = 33
          tty = (none)
          ses = 4294967295
          comm = sh
          exe = /usr/bin/sh
          key = k1
          key = k2
          type = EXECVE
          argc = 2
          a0 = sh
          a1_len = 9000
          a1 = AAAABBBB
          type = EXECVE
          a2 = last
          ARCH = x86_64
          SYSCALL = execve

        auditd linux 2026-03-01T10:00:00.123Z | class=1007 | -/success | product=linux | service=auditd | user=1000 | process=/tmp/x | pid=44 | app=x
          audit_id = 1772359200.123:8
          type = SYSCALL
          arch = 40000003
          syscall = 11
          success = yes
          exit = 0
          pid = 44
          auid = 1000
          uid = 1000
          comm = x
          exe = /tmp/x
          ARCH = i386
          SYSCALL = execve

        auditd linux 2026-03-01T10:00:00.123Z | class=1007 | -/success | product=linux | service=auditd | user=alice | process=/tmp/x | pid=44 | command=x | app=x | problem=lines of several audit events in one record, all taken as the first one's; 1 lines that are no audit lines
          audit_id = 1772359200.123:8
          type = SYSCALL
          arch = c000003e
          syscall = 135
          success = yes
          exit = 0
          a0 = 40000
          pid = 44
          auid = 1000
          uid = 1000
          comm = x
          exe = /tmp/x
          ARCH = x86_64
          SYSCALL = personality
          AUID = alice
          UID = alice
          type = PROCTITLE
          proctitle = x
    "#]].assert_eq(&table);
}

#[test]
fn laurel_objects() {
    let records = [
        r#"{"ID":"1772359200.123:4711","NODE":"web1","SYSCALL":{"arch":"0xc000003e","syscall":59,"success":"yes","exit":0,"items":2,"ppid":810,"pid":811,"auid":1000,"uid":0,"euid":0,"tty":"pts1","ses":3,"comm":"cat","exe":"/usr/bin/cat","key":"secrets","ARCH":"x86_64","SYSCALL":"execve","AUID":"alice","UID":"root","EUID":"root","ARGV":["0x55e1","0x55e2"],"PPID":{"comm":"bash","exe":"/usr/bin/bash","ppid":800}},"EXECVE":{"argc":2,"ARGV":["cat","/etc/shadow"]},"CWD":{"cwd":"/root"},"PATH":[{"item":0,"name":"/usr/bin/cat","nametype":"NORMAL"},{"item":1,"name":"/lib64/ld-linux-x86-64.so.2","nametype":"NORMAL"}],"PROCTITLE":{"ARGV":["cat","/etc/shadow"]}}"#,
        r#"{"ID":"1772359200.123:4712","USER_AUTH":[{"pid":811,"uid":0,"auid":4294967295,"ses":4294967295,"op":"PAM:authentication","acct":"bob","exe":"/usr/sbin/sshd","hostname":"192.0.2.7","addr":"192.0.2.7","terminal":"ssh","res":"failed"}]}"#,
        r#"{"ID":"1772359200.123:4713","SYSCALL":{"arch":"0xc000003e","syscall":42,"success":"yes","pid":811,"auid":1000,"uid":1000,"exe":"/usr/bin/curl","SYSCALL":"connect","UID":"alice"},"SOCKADDR":[{"saddr":{"family":2},"SADDR":{"family":"inet","addr":"192.0.2.7","port":443}}]}"#,
    ];
    expect![[r#"
        laurel linux 2026-03-01T10:00:00.123Z | class=1007 | -/success | product=linux | service=auditd | host=web1 | user=alice | target=root | process=/usr/bin/cat | pid=811 | parent=/usr/bin/bash | command=cat /etc/shadow | session=3 | file=/usr/bin/cat | app=cat
          audit_id = 1772359200.123:4711
          type = SYSCALL
          arch = 0xc000003e
          syscall = 59
          success = yes
          exit = 0
          items = 2
          ppid = 810
          pid = 811
          auid = 1000
          uid = 0
          euid = 0
          tty = pts1
          ses = 3
          comm = cat
          exe = /usr/bin/cat
          key = secrets
          ARCH = x86_64
          SYSCALL = execve
          AUID = alice
          UID = root
          EUID = root
          type = EXECVE
          argc = 2
          a0 = cat
          a1 = /etc/shadow
          type = CWD
          cwd = /root
          type = PATH
          item = 0
          name = /usr/bin/cat
          nametype = NORMAL
          item = 1
          name = /lib64/ld-linux-x86-64.so.2
          nametype = NORMAL
          type = PROCTITLE
          ID = 1772359200.123:4711
          NODE = web1
          SYSCALL.arch = 0xc000003e
          SYSCALL.syscall = 59
          SYSCALL.success = yes
          SYSCALL.exit = 0
          SYSCALL.items = 2
          SYSCALL.ppid = 810
          SYSCALL.pid = 811
          SYSCALL.auid = 1000
          SYSCALL.uid = 0
          SYSCALL.euid = 0
          SYSCALL.tty = pts1
          SYSCALL.ses = 3
          SYSCALL.comm = cat
          SYSCALL.exe = /usr/bin/cat
          SYSCALL.key = secrets
          SYSCALL.ARCH = x86_64
          SYSCALL.SYSCALL = execve
          SYSCALL.AUID = alice
          SYSCALL.UID = root
          SYSCALL.EUID = root
          SYSCALL.ARGV = 0x55e1
          SYSCALL.ARGV = 0x55e2
          SYSCALL.PPID.comm = bash
          SYSCALL.PPID.exe = /usr/bin/bash
          SYSCALL.PPID.ppid = 800
          EXECVE.argc = 2
          EXECVE.ARGV = cat
          EXECVE.ARGV = /etc/shadow
          CWD.cwd = /root
          PATH.item = 0
          PATH.name = /usr/bin/cat
          PATH.nametype = NORMAL
          PATH.item = 1
          PATH.name = /lib64/ld-linux-x86-64.so.2
          PATH.nametype = NORMAL
          PROCTITLE.ARGV = cat
          PROCTITLE.ARGV = /etc/shadow

        laurel linux 2026-03-01T10:00:00.123Z | class=3002 | LL03/failure | product=linux | service=auditd | user=bob | src=192.0.2.7 | process=/usr/sbin/sshd | pid=811
          audit_id = 1772359200.123:4712
          type = USER_AUTH
          pid = 811
          uid = 0
          auid = 4294967295
          ses = 4294967295
          op = PAM:authentication
          acct = bob
          exe = /usr/sbin/sshd
          hostname = 192.0.2.7
          addr = 192.0.2.7
          terminal = ssh
          res = failed
          ID = 1772359200.123:4712
          USER_AUTH.pid = 811
          USER_AUTH.uid = 0
          USER_AUTH.auid = 4294967295
          USER_AUTH.ses = 4294967295
          USER_AUTH.op = PAM:authentication
          USER_AUTH.acct = bob
          USER_AUTH.exe = /usr/sbin/sshd
          USER_AUTH.hostname = 192.0.2.7
          USER_AUTH.addr = 192.0.2.7
          USER_AUTH.terminal = ssh
          USER_AUTH.res = failed

        laurel linux 2026-03-01T10:00:00.123Z | class=4001 | -/success | product=linux | service=auditd | user=1000 | dst=192.0.2.7 | process=/usr/bin/curl | pid=811 | dst_port=443
          audit_id = 1772359200.123:4713
          type = SYSCALL
          arch = 0xc000003e
          syscall = 42
          success = yes
          pid = 811
          auid = 1000
          uid = 1000
          exe = /usr/bin/curl
          SYSCALL = connect
          UID = alice
          type = SOCKADDR
          laddr = 192.0.2.7
          lport = 443
          ID = 1772359200.123:4713
          SYSCALL.arch = 0xc000003e
          SYSCALL.syscall = 42
          SYSCALL.success = yes
          SYSCALL.pid = 811
          SYSCALL.auid = 1000
          SYSCALL.uid = 1000
          SYSCALL.exe = /usr/bin/curl
          SYSCALL.SYSCALL = connect
          SYSCALL.UID = alice
          SOCKADDR.saddr.family = 2
          SOCKADDR.SADDR.family = inet
          SOCKADDR.SADDR.addr = 192.0.2.7
          SOCKADDR.SADDR.port = 443
    "#]].assert_eq(&table(None, &records));
}
