use std::fmt::Write as _;

use expect_test::{Expect, expect};

use crate::Decoded;
use crate::test_kit::{decode, full, source};

/// One row per message of `program`: what the header says beyond the envelope.
fn check(program: &str, messages: &[&str], expected: Expect) {
    let source = source(None);
    let mut table = String::new();
    for message in messages {
        let line = format!("Feb 28 10:00:00 web1 {program}: {message}");
        let decoded = decode(&source, line.as_bytes());
        let Decoded::Event(event) = &decoded else { panic!("{line}: {decoded:?}") };
        assert_eq!(
            (event.format.as_ref(), event.host.as_ref(), &event.problem),
            ("syslog", "web1", &None),
            "{line}"
        );
        let code = event.code.map_or("-", |code| code.as_str());
        write!(table, "{code} {} {} x{}", event.class.0, event.outcome.as_str(), event.count).expect("text");
        let texts = [
            ("user", &event.user),
            ("target", &event.target_user),
            ("src", &event.src_ip),
            ("domain", &event.domain),
            ("command", &event.command),
            ("session", &event.session),
        ];
        for (name, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
            write!(table, " {name}={text:?}").expect("text");
        }
        if event.src_port != 0 {
            write!(table, " port={}", event.src_port).expect("text");
        }
        table.push('\n');
    }
    expected.assert_eq(&table);
}

#[test]
fn sshd_logins() {
    check(
        "sshd[77]",
        &[
            "Accepted password for alice from 192.0.2.7 port 40001 ssh2",
            "Accepted publickey for bob from 2001:db8::7 port 40002 ssh2: ED25519 SHA256:abc",
            "Failed password for root from 192.0.2.7 port 40003 ssh2",
            "Failed password for invalid user admin from 192.0.2.7 port 40004 ssh2",
            "Failed password for illegal user admin from 192.0.2.7 port 40004 ssh2",
            "Failed password for invalid user  from 192.0.2.7 port 40005 ssh2",
            "Failed keyboard-interactive/pam for root from 192.0.2.7 port 40006 ssh2",
            "Failed publickey for root from 192.0.2.7 port 40007 ssh2: RSA SHA256:abc",
            "Failed none for invalid user x from 192.0.2.7 port 40008 ssh2",
            "message repeated 5 times: [ Failed password for root from 192.0.2.7 port 40009 ssh2]",
            "message repeated 2 times: [ Failed password for root from 192.0.2.7 port 40009 ssh2 ]",
            "Failed password for root from UNKNOWN port 65535 ssh2",
            "Failed password for root from host.example port 40010 ssh2",
            "Failed password for root",
            "Postponed keyboard-interactive for root from 192.0.2.7 port 40011 ssh2 [preauth]",
        ],
        expect![[r#"
            LL01 3002 success x1 user="alice" src="192.0.2.7" port=40001
            LL01 3002 success x1 user="bob" src="2001:db8::7" port=40002
            LL03 3002 failure x1 user="root" src="192.0.2.7" port=40003
            LL03 3002 failure x1 user="admin" src="192.0.2.7" port=40004
            LL03 3002 failure x1 user="admin" src="192.0.2.7" port=40004
            LL03 3002 failure x1 src="192.0.2.7" port=40005
            LL03 3002 failure x1 user="root" src="192.0.2.7" port=40006
            LL03 3002 failure x1 user="root" src="192.0.2.7" port=40007
            - 3002 failure x1 user="x" src="192.0.2.7" port=40008
            LL03 3002 failure x5 user="root" src="192.0.2.7" port=40009
            LL03 3002 failure x2 user="root" src="192.0.2.7" port=40009
            LL03 3002 failure x1 user="root"
            LL03 3002 failure x1 user="root" domain="host.example"
            LL03 3002 failure x1 user="root"
            - 3002 unknown x1 user="root" src="192.0.2.7" port=40011
        "#]],
    );
}

/// The attacker chooses the user name: it must not choose the address that is blamed.
#[test]
fn sshd_user_names_that_look_like_addresses() {
    check(
        "sshd[77]",
        &[
            "Failed password for invalid user x from 198.51.100.1 port 22 ssh2 from 192.0.2.7 port 40001 ssh2",
            "Invalid user root from 198.51.100.1 port 22 from 192.0.2.7 port 40001",
            "Connection closed by invalid user a 198.51.100.1 port 22 192.0.2.7 port 40001 [preauth]",
            "Received disconnect from 192.0.2.7 port 40001:11: from 198.51.100.1 port 22 [preauth]",
            "Bad protocol version identification 'from 198.51.100.1 port 22' from 192.0.2.7 port 40001",
            "User x from 198.51.100.1 not allowed from 192.0.2.7 not allowed because not listed in AllowUsers",
        ],
        expect![[r#"
            LL03 3002 failure x1 user="x from 198.51.100.1 port 22 ssh2" src="192.0.2.7" port=40001
            - 3002 failure x1 user="root from 198.51.100.1 port 22" src="192.0.2.7" port=40001
            - 3002 failure x1 user="a 198.51.100.1 port 22" src="192.0.2.7" port=40001
            - 4001 unknown x1 src="192.0.2.7" port=40001
            - 4001 unknown x1 src="192.0.2.7" port=40001
            - 3002 failure x1 user="x from 198.51.100.1 not allowed" src="192.0.2.7"
        "#]],
    );
}

#[test]
fn sshd_lines_that_tell_of_a_counted_attempt_carry_no_code() {
    check(
        "sshd-session[77]",
        &[
            "Invalid user admin from 192.0.2.7 port 40001",
            "Invalid user admin from 192.0.2.7",
            "input_userauth_request: invalid user admin [preauth]",
            "pam_unix(sshd:auth): check pass; user unknown",
            "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root",
            "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=host.example ",
            "PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root",
            "error: PAM: Authentication failure for root from 192.0.2.7",
            "error: maximum authentication attempts exceeded for invalid user admin from 192.0.2.7 port 40001 ssh2 [preauth]",
            "error: maximum authentication attempts exceeded for root from 192.0.2.7 port 40001 ssh2 [preauth]",
            "Disconnecting: Too many authentication failures for root [preauth]",
            "Disconnecting authenticating user root 192.0.2.7 port 40001: Too many authentication failures [preauth]",
            "Connection closed by authenticating user root 192.0.2.7 port 40001 [preauth]",
            "Connection reset by invalid user admin 192.0.2.7 port 40001 [preauth]",
            "Disconnected from authenticating user root 192.0.2.7 port 40001 [preauth]",
            "User root from 192.0.2.7 not allowed because not listed in AllowUsers",
        ],
        expect![[r#"
            - 3002 failure x1 user="admin" src="192.0.2.7" port=40001
            - 3002 failure x1 user="admin" src="192.0.2.7"
            - 3002 failure x1 user="admin"
            - 3002 failure x1
            - 3002 failure x1 user="root" src="192.0.2.7"
            - 3002 failure x1 domain="host.example"
            - 3002 failure x1 user="root" src="192.0.2.7"
            - 3002 failure x1 user="root" src="192.0.2.7"
            - 3002 failure x1 user="admin" src="192.0.2.7" port=40001
            - 3002 failure x1 user="root" src="192.0.2.7" port=40001
            - 3002 failure x1 user="root"
            - 3002 failure x1 user="root" src="192.0.2.7" port=40001
            - 3002 failure x1 user="root" src="192.0.2.7" port=40001
            - 3002 failure x1 user="admin" src="192.0.2.7" port=40001
            - 3002 failure x1 user="root" src="192.0.2.7" port=40001
            - 3002 failure x1 user="root" src="192.0.2.7"
        "#]],
    );
}

#[test]
fn sshd_sessions_and_connections() {
    check(
        "sshd[77]",
        &[
            "pam_unix(sshd:session): session opened for user alice by (uid=0)",
            "pam_unix(sshd:session): session opened for user alice(uid=1000) by alice(uid=0)",
            "pam_unix(sshd:session): session closed for user alice",
            "Disconnected from user alice 192.0.2.7 port 40001",
            "Received disconnect from 192.0.2.7: 11: Bye Bye [preauth]",
            "error: Received disconnect from 192.0.2.7: 3: client gave up [preauth]",
            "Connection closed by 192.0.2.7 port 40001 [preauth]",
            "Connection from 192.0.2.7 port 40001 on 198.51.100.2 port 22",
            "Did not receive identification string from 192.0.2.7 port 40001",
            "Unable to negotiate with 192.0.2.7 port 40001: no matching host key type found. Their offer: ssh-rsa [preauth]",
            "banner exchange: Connection from 192.0.2.7 port 40001: invalid format",
            "Timeout before authentication for 192.0.2.7 port 40001",
            "Close session: user alice from 192.0.2.7 port 40001 id 0",
            "Starting session: shell on pts/0 for alice from 192.0.2.7 port 40001 id 0",
            "reverse mapping checking getaddrinfo for bad.example [192.0.2.7] failed - POSSIBLE BREAK-IN ATTEMPT!",
            "Address 192.0.2.7 maps to bad.example, but this does not map back to the address - POSSIBLE BREAK-IN ATTEMPT!",
            "Server listening on 0.0.0.0 port 22.",
            "fatal: Write failed: Connection reset by peer [preauth]",
            "something that nobody knows",
        ],
        expect![[r#"
            - 3002 success x1 user="alice"
            - 3002 success x1 user="alice"
            LL02 3002 success x1 user="alice"
            - 3002 success x1 user="alice" src="192.0.2.7" port=40001
            - 4001 unknown x1 src="192.0.2.7"
            - 4001 unknown x1 src="192.0.2.7"
            - 4001 unknown x1 src="192.0.2.7" port=40001
            - 4001 unknown x1 src="192.0.2.7" port=40001
            - 4001 unknown x1 src="192.0.2.7" port=40001
            - 4001 unknown x1 src="192.0.2.7" port=40001
            - 4001 unknown x1 src="192.0.2.7" port=40001
            - 4001 unknown x1 src="192.0.2.7" port=40001
            - 4001 unknown x1 src="192.0.2.7" port=40001
            - 3002 success x1 user="alice" src="192.0.2.7" port=40001
            - 4001 unknown x1 src="192.0.2.7" domain="bad.example"
            - 4001 unknown x1 src="192.0.2.7" domain="bad.example"
            SS01 6002 success x1
            - 0 unknown x1
            - 0 unknown x1
        "#]],
    );
}

#[test]
fn pam_in_the_tag_is_the_only_line_there_is() {
    check(
        "sshd(pam_unix)[4711]",
        &[
            "authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=192.0.2.7 ",
            "authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=host.example  user=root",
            "check pass; user unknown",
            "session opened for user test by (uid=509)",
            "session closed for user test",
        ],
        expect![[r#"
            LL03 3002 failure x1 src="192.0.2.7"
            LL03 3002 failure x1 user="root" domain="host.example"
            - 3002 failure x1
            - 3002 success x1 user="test"
            LL02 3002 success x1 user="test"
        "#]],
    );
}

#[test]
fn pam_in_other_services() {
    check(
        "daemon[5]",
        &[
            "pam_unix(login:auth): authentication failure; logname=LOGIN uid=0 euid=0 tty=/dev/tty1 ruser= rhost=  user=alice",
            "pam_unix(sudo:auth): authentication failure; logname=alice uid=1000 euid=0 tty=/dev/pts/1 ruser=alice rhost=  user=alice",
            "pam_unix(su:auth): authentication failure; logname=alice uid=1000 euid=0 tty=pts/1 ruser=alice rhost=  user=root",
            "pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=bob rhost=::ffff:192.0.2.7",
            "pam_unix(gdm-password:auth): authentication failure; logname= uid=0 euid=0 tty=/dev/tty1 ruser= rhost= user=x rhost=198.51.100.1",
            "pam_sss(login:auth): authentication failure; logname= uid=0 euid=0 tty=tty1 ruser= rhost= user=alice",
            "pam_tally2(sudo:auth): user mallory (1007) tally 4, deny 3",
            "pam_unix(login:session): session opened for user alice by LOGIN(uid=0)",
            "pam_unix(su:session): session opened for user root by alice(uid=1000)",
            "pam_unix(sudo:session): session opened for user root by (uid=0)",
            "pam_unix(cron:session): session closed for user root",
            "pam_unix(passwd:chauthtok): password changed for alice",
        ],
        expect![[r#"
            LL03 3002 failure x1 user="alice"
            LL03 3002 failure x1 user="alice"
            LL03 3002 failure x1 user="root"
            - 3002 failure x1 user="bob" src="192.0.2.7"
            LL03 3002 failure x1 user="x"
            - 3002 failure x1 user="alice"
            SA08 3001 success x1 user="mallory" target="mallory"
            LL01 3002 success x1 user="alice"
            - 3002 success x1 user="alice" target="root"
            - 3002 success x1 user="root"
            - 3002 success x1 user="root"
            LL04 3001 success x1 target="alice"
        "#]],
    );
}

#[test]
fn sudo_lines() {
    check(
        "sudo",
        &[
            "   alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/sh -c id ; echo x",
            "alice : TTY=pts/0 ; PWD=/ ; USER=root ; GROUP=adm ; COMMAND=/usr/bin/id",
            "alice : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id",
            "mallory : user NOT in sudoers ; TTY=pts/0 ; PWD=/tmp ; USER=root ; COMMAND=/usr/bin/cat /etc/shadow",
            "mallory : command not allowed ; TTY=pts/0 ; PWD=/tmp ; USER=root ; COMMAND=/bin/bash",
            "mallory : a password is required ; PWD=/tmp ; USER=root ; COMMAND=/bin/bash",
            "unable to resolve host web1",
        ],
        expect![[r#"
            PA01 1007 success x1 user="alice" target="root" command="/bin/sh -c id ; echo x"
            PA01 1007 success x1 user="alice" target="root" command="/usr/bin/id"
            PA02 1007 failure x1 user="alice" target="root" command="/usr/bin/id"
            PA02 1007 failure x1 user="mallory" target="root" command="/usr/bin/cat /etc/shadow"
            PA02 1007 failure x1 user="mallory" target="root" command="/bin/bash"
            PA02 1007 failure x1 user="mallory" target="root" command="/bin/bash"
            - 0 unknown x1
        "#]],
    );
}

#[test]
fn su_lines() {
    check(
        "su[6]",
        &[
            "(to root) alice on pts/1",
            "FAILED SU (to root) mallory on pts/1",
            "Successful su for root by alice",
            "FAILED su for root by mallory",
            "+ pts/1 alice:root",
            "- pts/1 mallory:root",
            "'su root' succeeded for alice on /dev/pts/1",
            "'su root' failed for mallory on /dev/pts/1",
            "bad password",
        ],
        expect![[r#"
            PA01 3002 success x1 user="alice" target="root"
            PA02 3002 failure x1 user="mallory" target="root"
            PA01 3002 success x1 user="alice" target="root"
            PA02 3002 failure x1 user="mallory" target="root"
            PA01 3002 success x1 user="alice" target="root"
            PA02 3002 failure x1 user="mallory" target="root"
            PA01 3002 success x1 user="alice" target="root"
            PA02 3002 failure x1 user="mallory" target="root"
            - 0 unknown x1
        "#]],
    );
}

#[test]
fn locked_accounts() {
    check(
        "sshd[77]",
        &[
            "pam_faillock(sshd:auth): Consecutive login failures for user alice account temporarily locked",
            "pam_tally2(sshd:auth): user bob (1007) tally 6, deny 5",
            "pam_tally(sshd:auth): user carol (1008) tally 6, deny 5",
            "pam_access(sshd:account): access denied for user `eve' from `192.0.2.7'",
        ],
        expect![[r#"
            SA08 3001 success x1 target="alice"
            SA08 3001 success x1 user="bob" target="bob"
            SA08 3001 success x1 user="carol" target="carol"
            - 0 unknown x1
        "#]],
    );
    check(
        "passwd[77]",
        &[
            "pam_unix(passwd:chauthtok): authentication failure; logname=bob uid=1000 euid=0 tty=pts/0 ruser= rhost=  user=bob",
        ],
        expect![[r#"
            LL05 3002 failure x1 user="bob"
        "#]],
    );
}

#[test]
fn account_lines() {
    let tools: [(&str, &[&str]); 7] = [
        (
            "useradd[1]",
            &[
                "new user: name=eve, UID=1001, GID=1001, home=/home/eve, shell=/bin/bash, from=/dev/pts/1",
                "new group: name=eve, GID=1001",
                "add 'eve' to group 'sudo'",
                "add 'eve' to shadow group 'sudo'",
                "failed adding user 'eve', data deleted",
            ],
        ),
        ("groupadd[1]", &["group added to /etc/group: name=ops, GID=1002", "new group: name=ops, GID=1002"]),
        (
            "usermod[1]",
            &[
                "add 'eve' to group 'wheel'",
                "change user 'eve' password",
                "lock user 'eve' password",
                "unlock user 'eve' password",
                "change user 'eve' shell from '/bin/sh' to '/bin/bash'",
            ],
        ),
        (
            "userdel[1]",
            &["delete user 'eve'", "delete 'eve' from group 'sudo'", "removed group 'eve' owned by 'eve'"],
        ),
        ("gpasswd[1]", &["user eve added by root to group sudo", "user eve removed by root from group sudo"]),
        ("passwd[1]", &["password for 'eve' changed by 'root'", "password for 'eve' changed by 'eve'"]),
        ("chage[1]", &["changed password expiry for eve"]),
    ];
    let expectations = [
        expect![[r#"
            SA01 3001 success x1 target="eve"
            SA04 3006 success x1
            SA05 3006 success x1 target="eve"
            - 0 unknown x1
            - 3001 failure x1 target="eve"
        "#]],
        expect![[r#"
            - 0 unknown x1
            SA04 3006 success x1
        "#]],
        expect![[r#"
            SA05 3006 success x1 target="eve"
            SA07 3001 success x1 target="eve"
            SA08 3001 success x1 target="eve"
            SA09 3001 success x1 target="eve"
            SA02 3001 success x1 target="eve"
        "#]],
        expect![[r#"
            SA03 3001 success x1 target="eve"
            SA05 3006 success x1 target="eve"
            SA06 3006 success x1
        "#]],
        expect![[r#"
            SA05 3006 success x1 user="root" target="eve"
            SA05 3006 success x1 user="root" target="eve"
        "#]],
        expect![[r#"
            SA07 3001 success x1 user="root" target="eve"
            LL04 3001 success x1 user="eve" target="eve"
        "#]],
        expect![[r#"
            SA02 3001 success x1 target="eve"
        "#]],
    ];
    for ((program, messages), expected) in tools.into_iter().zip(expectations) {
        check(program, messages, expected);
    }
}

#[test]
fn jobs_services_and_packets() {
    check(
        "CRON[9]",
        &[
            "(root) CMD (   cd / && run-parts --report /etc/cron.hourly)",
            "(mallory) REPLACE (mallory)",
            "(root) LIST (root)",
        ],
        expect![[r#"
            - 1006 success x1 user="root" command="cd / && run-parts --report /etc/cron.hourly"
            CC01 1006 success x1 user="mallory" target="mallory"
            - 1006 unknown x1 user="root"
        "#]],
    );
    check(
        "systemd[1]",
        &[
            "Started nginx.service - A web server.",
            "Stopped nginx.service.",
            "Failed to start x.service.",
            "Started Session 3 of user root.",
            "Starting x...",
        ],
        expect![[r#"
            SS01 6002 success x1
            SS02 6002 success x1
            - 6002 failure x1
            - 3002 success x1 user="root" session="3"
            - 0 unknown x1
        "#]],
    );
    check(
        "kernel",
        &["usb 1-1: new device"],
        expect![[r#"
            - 0 unknown x1
        "#]],
    );
    check(
        "ftpd[3]",
        &["connection from 192.0.2.7 (host.example) at Sat Feb 28 10:00:00 2026"],
        expect![[r#"
            - 4001 unknown x1 src="192.0.2.7" domain="host.example"
        "#]],
    );
}

/// Everything that a line may lack or have: the whole event.
#[test]
fn envelopes() {
    let source = source(Some("syslog"));
    let lines = [
        "<38>1 2026-02-28T10:00:00.5+01:00 fw.example sshd 3120 ID7 [meta seq=\"1\" note=\"a \\\"b\\\" \\]\"][x y=\"z\"] \u{feff}Invalid user x from 192.0.2.7 port 40123",
        "<13>1 - - app - - - hello",
        "1 2026-02-28T10:00:00Z host app - - - no priority",
        "<13>1 2026-02-28T10:00:00Z host app - - [broken seq=1] text",
        "<34>Feb 28 10:00:00 host su: 'su root' failed for alice on /dev/pts/8",
        "<13>Feb 28 2025 10:00:00 host app[7]: with a year",
        "2026-02-28T10:00:00.123456+00:00 host sshd[7]: Invalid user x from 192.0.2.7",
        "Feb 28 10:00:00 app[7]: no host",
        "Feb 28 10:00:00 host no tag at all",
        "Feb 28 10:00:00 host syslogd 1.4.1: restart.",
        "Feb 28 10:00:00 host gdm-password][12]: x",
        "Feb 28 10:00:00 host postfix/smtpd[12]: connect from unknown",
        "Feb 28 10:00:00 host http://192.0.2.1/ is no tag",
        "<189>app[1]: no time",
        "just words",
    ];
    let mut table = String::new();
    for line in lines {
        writeln!(table, "{}", full(&decode(&source, line.as_bytes()))).expect("text");
    }
    expect![[r#"
        syslog linux 2026-02-28T09:00:00.5Z | class=3002 | -/failure | product=linux | service=sshd | host=fw.example | user=x | src=192.0.2.7 | process=sshd | pid=3120 | app=sshd | message=Invalid user x from 192.0.2.7 port 40123 | src_port=40123
          facility = auth
          severity = info
          hostname = fw.example
          program = sshd
          appname = sshd
          pid = 3120
          procid = 3120
          msgid = ID7
          message = Invalid user x from 192.0.2.7 port 40123
          sd.meta.seq = 1
          sd.meta.note = a "b" ]
          sd.x.y = z
        syslog linux 2026-03-01T12:00:00Z | class=0 | -/unknown | product=linux | service=syslog | process=app | app=app | message=hello | problem=no time in the record, arrival time taken
          facility = user
          severity = notice
          program = app
          appname = app
          message = hello
        syslog linux 2026-02-28T10:00:00Z | class=0 | -/unknown | product=linux | service=syslog | host=host | process=app | app=app | message=no priority
          hostname = host
          program = app
          appname = app
          message = no priority
        syslog linux 2026-02-28T10:00:00Z | class=0 | -/unknown | product=linux | service=syslog | host=host | process=app | app=app | message=[broken seq=1] text | problem=structured data not understood, kept in the message
          facility = user
          severity = notice
          hostname = host
          program = app
          appname = app
          message = [broken seq=1] text
        syslog linux 2026-02-28T10:00:00Z | class=3002 | PA02/failure | product=linux | service=auth | host=host | user=alice | target=root | process=su | app=su | message='su root' failed for alice on /dev/pts/8
          facility = auth
          severity = crit
          hostname = host
          program = su
          message = 'su root' failed for alice on /dev/pts/8
        syslog linux 2025-02-28T10:00:00Z | class=0 | -/unknown | product=linux | service=syslog | host=host | process=app | pid=7 | app=app | message=with a year
          facility = user
          severity = notice
          hostname = host
          program = app
          pid = 7
          message = with a year
        syslog linux 2026-02-28T10:00:00.123456Z | class=3002 | -/failure | product=linux | service=sshd | host=host | user=x | src=192.0.2.7 | process=sshd | pid=7 | app=sshd | message=Invalid user x from 192.0.2.7
          hostname = host
          program = sshd
          pid = 7
          message = Invalid user x from 192.0.2.7
        syslog linux 2026-02-28T10:00:00Z | class=0 | -/unknown | product=linux | service=syslog | process=app | pid=7 | app=app | message=no host
          program = app
          pid = 7
          message = no host
        syslog linux 2026-02-28T10:00:00Z | class=0 | -/unknown | product=linux | service=syslog | host=host | message=no tag at all
          hostname = host
          message = no tag at all
        syslog linux 2026-02-28T10:00:00Z | class=0 | -/unknown | product=linux | service=syslog | host=host | process=syslogd | app=syslogd | message=restart.
          hostname = host
          program = syslogd
          message = restart.
        syslog linux 2026-02-28T10:00:00Z | class=0 | -/unknown | product=linux | service=syslog | host=host | process=gdm-password | pid=12 | app=gdm-password | message=x
          hostname = host
          program = gdm-password
          pid = 12
          message = x
        postfix linux 2026-02-28T10:00:00Z | class=4001 | -/unknown | product=postfix | service=postfix | host=host | process=postfix/smtpd | pid=12 | app=postfix | message=connect from unknown
          hostname = host
          program = postfix/smtpd
          pid = 12
          message = connect from unknown
          component = smtpd
          action = connect
        syslog linux 2026-02-28T10:00:00Z | class=0 | -/unknown | product=linux | service=syslog | host=host | message=http://192.0.2.1/ is no tag
          hostname = host
          message = http://192.0.2.1/ is no tag
        syslog linux 2026-03-01T12:00:00Z | class=0 | -/unknown | product=linux | service=syslog | process=app | pid=1 | app=app | message=no time | problem=no time in the record, arrival time taken
          facility = local7
          severity = notice
          program = app
          pid = 1
          message = no time
        syslog linux 2026-03-01T12:00:00Z | class=0 | -/unknown | product=linux | service=syslog | message=just words | problem=no time in the record, arrival time taken
          message = just words
    "#]].assert_eq(&table);
}

#[test]
fn only_marks_make_a_line_syslog_when_nobody_said_so() {
    let source = source(None);
    let cases = [
        ("Feb 28 10:00:00 host anything", "syslog"),
        ("<13>anything", "syslog"),
        ("2026-02-28T10:00:00Z host app[1]: x", "syslog"),
        ("2026-02-28T10:00:00Z host app: x", "syslog"),
        ("2026-02-28 10:00:00 host app[1]: x", "syslog"),
        ("2026-02-28 10:00:00 ERROR app: x", "text"),
        ("2026-02-28 10:00:00 ERROR something", "text"),
        ("<500>anything", "text"),
        ("<1x>anything", "text"),
        ("<>", "text"),
        ("anything", "text"),
    ];
    for (line, expected) in cases {
        let decoded = decode(&source, line.as_bytes());
        let Decoded::Event(event) = decoded else { panic!("{line}") };
        assert_eq!(event.format, expected, "{line}");
    }
}
