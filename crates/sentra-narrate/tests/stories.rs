//! Whole stories, as an analyst reads them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "helpers of tests")]

mod common;

use common::{at, attack, fact, host, incident, ip, set, signal, user, with};
use expect_test::{Expect, expect};
use sentra_model::{Estimate, Fact, FactKind, Role, Severity, Signal};
use sentra_narrate::{sentences_max, tell, verify};

/// Tells the story, verifies it, and compares its words.
fn check(signals: &[Signal], wanted: &Expect) {
    let story = tell(&incident(Estimate::new(0.93, 0.81, 0.97)), signals);
    assert_eq!(verify(&story, signals), Ok(()));
    let mut text = format!("# {}\n", story.title);
    for sentence in &story.narrative.sentences {
        text.push_str(&format!("{:?} [{}]: {}\n", sentence.role, sentence.signals.len(), sentence.text));
    }
    wanted.assert_eq(&text);
}

const FIRST: &str = "2017-12-10T10:54:29Z";
const LAST: &str = "2017-12-10T11:04:43.5Z";
const ACCOUNTS: [&str; 10] =
    ["root", "admin", "oracle", "test", "ubuntu", "pi", "guest", "ftp", "backup", "nagios"];

fn matched(title: &str, count: u64, facts: &[Fact]) -> Fact {
    let mut matched = facts[0].clone();
    matched.kind = FactKind::RuleMatched;
    matched.count = count;
    matched.values = [("rule".to_owned(), set(&[title], 1))].into();
    matched
}

fn brute_force() -> Vec<Signal> {
    let who = [ip("203.0.113.9"), host("web-1")];
    let failed = with(fact(FactKind::LoginsFailed, 286, FIRST, LAST, &who), "user", set(&ACCOUNTS, 10));
    let none = fact(FactKind::NoLoginSucceeded, 0, FIRST, LAST, &who);
    let rule = |title: &str, level, technique: &str| {
        let facts = vec![matched(title, 286, std::slice::from_ref(&failed)), failed.clone(), none.clone()];
        attack(signal(title, level, facts), &[technique], &["credential-access"])
    };
    vec![
        rule("SSH brute force", Severity::High, "T1110.001"),
        rule("SSH password spraying", Severity::Medium, "T1110.003"),
    ]
}

#[test]
fn failed_logins_seen_by_two_rules_are_told_once() {
    check(
        &brute_force(),
        &expect![[r#"
            # SSH brute force from 203.0.113.9 and 1 more rule
            Headline [2]: 203.0.113.9 failed to log in to host web-1 286 times as root, admin, oracle, test, ubuntu and 5 other accounts in 10 min 14 s; no login succeeded.
            Event [2]: Between 2017-12-10 10:54:29 UTC and 2017-12-10 11:04:43 UTC (10 min 14 s), logins from 203.0.113.9 to host web-1 failed 286 times, as root, admin, oracle, test, ubuntu and 5 other accounts.
            Outcome [2]: No login from 203.0.113.9 to host web-1 succeeded between 2017-12-10 10:54:29 UTC and 2017-12-10 11:04:43 UTC.
            Assessment [2]: It is very likely that this is malicious (93 %, 90 % interval 81 % to 97 %); the severity is high.
            Assessment [2]: This rests on the rules “SSH brute force” and “SSH password spraying”; the techniques are T1110.001 and T1110.003; the tactic is credential-access.
        "#]],
    );
}

#[test]
fn a_login_after_the_failures_is_an_outcome() {
    let who = [ip("203.0.113.9"), host("web-1")];
    let mut signals = brute_force();
    for signal in &mut signals {
        signal.facts.retain(|fact| fact.kind != FactKind::NoLoginSucceeded);
    }
    let login = "2017-12-10T11:07:02Z";
    let success = with(fact(FactKind::LoginsSucceeded, 1, login, login, &who), "user", set(&["fztu"], 1));
    signals.push(attack(
        signal("SSH login after failures", Severity::Critical, vec![success]),
        &["T1078"],
        &["initial-access"],
    ));
    let root = "2017-12-10T11:09:00Z";
    let sudo = fact(FactKind::PrivilegeUsed, 2, login, root, &[host("web-1"), user(Role::Actor, "fztu")]);
    let sudo = with(sudo, "command", set(&["/usr/bin/id", "/bin/sh -c \"useradd -m x\""], 2));
    signals.push(attack(
        signal("Root shell by sudo", Severity::Medium, vec![sudo]),
        &["T1548.003"],
        &["privilege-escalation"],
    ));
    check(
        &signals,
        &expect![[r##"
            # SSH login after failures from 203.0.113.9 and 3 more rules
            Headline [4]: 203.0.113.9 failed to log in to host web-1 286 times as root, admin, oracle, test, ubuntu and 5 other accounts in 10 min 14 s; a login as fztu succeeded at 2017-12-10 11:07:02 UTC; 2 other rules matched.
            Event [2]: Between 2017-12-10 10:54:29 UTC and 2017-12-10 11:04:43 UTC (10 min 14 s), logins from 203.0.113.9 to host web-1 failed 286 times, as root, admin, oracle, test, ubuntu and 5 other accounts.
            Event [1]: Between 2017-12-10 11:07:02 UTC and 2017-12-10 11:09:00 UTC (1 min 58 s) on host web-1, privileges were used 2 times by fztu with the commands “/usr/bin/id” and “/bin/sh -c "useradd -m x"” (rule “Root shell by sudo”).
            Outcome [3]: The failed logins from 203.0.113.9 were followed by a login to host web-1 as fztu at 2017-12-10 11:07:02 UTC.
            Assessment [4]: It is very likely that this is malicious (93 %, 90 % interval 81 % to 97 %); the severity is critical.
            Assessment [4]: This rests on the rules “SSH login after failures”, “SSH brute force”, “Root shell by sudo” and “SSH password spraying”; the techniques are T1078, T1110.001, T1110.003 and T1548.003; the tactics are initial-access, privilege-escalation and credential-access.
        "##]],
    );
}

#[test]
fn windows_rules_are_told_with_their_programs() {
    let workstation = [host("WORKSTATION5"), user(Role::Actor, "EXAMPLE\\pgustavo")];
    let started = fact(FactKind::ProcessesStarted, 1, FIRST, FIRST, &workstation);
    let started =
        with(started, "process", set(&["C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"], 1));
    let started = with(started, "parent", set(&["C:\\Program Files\\Microsoft Office\\WINWORD.EXE"], 1));
    let started = with(started, "command", set(&[&format!("powershell -enc {}", "QQBB".repeat(3_000))], 1));
    let title = "Office program starts a shell";
    let office = vec![matched(title, 1, std::slice::from_ref(&started)), started];
    let title = "LSASS memory access";
    let lsass = fact(FactKind::Observed, 3, LAST, LAST, &workstation);
    let lsass = vec![matched(title, 3, &[lsass])];
    let mut lsass = attack(signal(title, Severity::Critical, lsass), &["T1003.001"], &["credential-access"]);
    lsass.events_total = 2_000;
    let signals = [
        attack(
            signal("Office program starts a shell", Severity::High, office),
            &["T1204.002", "T1059.001"],
            &["execution"],
        ),
        lsass,
    ];
    check(
        &signals,
        &expect![[r#"
            # LSASS memory access on WORKSTATION5 and 1 more rule
            Headline [2]: At 2017-12-10 11:04:43 UTC on host WORKSTATION5, the rule “LSASS memory access” matched 3 times for activity as “EXAMPLE\pgustavo”; 1 other rule matched.
            Event [1]: At 2017-12-10 10:54:29 UTC on host WORKSTATION5, the program “C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe” was started once by parent “C:\Program Files\Microsoft Office\WINWORD.EXE” as “EXAMPLE\pgustavo” with the command “powershell -enc QQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBB…” (rule “Office program starts a shell”).
            Event [1]: At 2017-12-10 11:04:43 UTC on host WORKSTATION5, the rule “LSASS memory access” matched 3 times for activity as “EXAMPLE\pgustavo”.
            Assessment [2]: It is very likely that this is malicious (93 %, 90 % interval 81 % to 97 %); the severity is critical.
            Assessment [2]: This rests on the rules “LSASS memory access” and “Office program starts a shell”; the techniques are T1003.001, T1059.001 and T1204.002; the tactics are execution and credential-access.
            Gap [1]: Of the 2000 events behind the rule “LSASS memory access”, only 1 is kept.
        "#]],
    );
}

#[test]
fn account_changes_and_read_problems_are_told() {
    let entities = [host("db-1"), user(Role::Actor, "root"), user(Role::Target, "svc2")];
    let changed = fact(FactKind::AccountsChanged, 2, FIRST, LAST, &entities);
    let changed = with(changed, "code", set(&["SA01", "SA05"], 2));
    let changed = with(changed, "problem", set(&["no time zone in the record, UTC taken"], 1));
    check(
        &[signal("Account added to sudo", Severity::High, vec![changed])],
        &expect![[r#"
        # Account added to sudo on db-1
        Headline [1]: Between 2017-12-10 10:54:29 UTC and 2017-12-10 11:04:43 UTC (10 min 14 s) on host db-1, accounts were changed 2 times by root for svc2 with the changes “user created” and “role or group changed” (rule “Account added to sudo”).
        Event [1]: Between 2017-12-10 10:54:29 UTC and 2017-12-10 11:04:43 UTC (10 min 14 s) on host db-1, accounts were changed 2 times by root for svc2 with the changes “user created” and “role or group changed” (rule “Account added to sudo”).
        Assessment [1]: It is very likely that this is malicious (93 %, 90 % interval 81 % to 97 %); the severity is high.
        Assessment [1]: This rests on the rule “Account added to sudo”.
        Gap [1]: Some records were read with the problem “no time zone in the record, UTC taken”.
    "#]],
    );
}

#[test]
fn two_hundred_signals_make_a_bounded_story() {
    let tactics = ["execution", "persistence", "credential-access", "discovery"];
    let signals: Vec<Signal> = (0..200)
        .map(|number| {
            let title = format!("Technique number {}", number % 23);
            let time = at(FIRST).plus_micros(number * 60_000_000).to_string();
            let facts =
                [fact(FactKind::RuleMatched, 1, &time, &time, &[host(&format!("host{}", number % 7))])];
            let facts = vec![matched(&title, 1, &facts)];
            attack(signal(&title, Severity::Medium, facts), &["T1059"], &[tactics[number as usize % 4]])
        })
        .collect();
    let story = tell(&incident(Estimate::new(0.5, 0.2, 0.9)), &signals);
    assert!(story.narrative.sentences.len() <= sentences_max());
    check(
        &signals,
        &expect![[r#"
            # Technique number 0 on host0 and 22 more rules
            Headline [92]: At 2017-12-10 10:54:29 UTC on host host0, the rule “Technique number 0” matched once; 22 other rules matched.
            Event [1]: At 2017-12-10 10:54:29 UTC on host host0, the rule “Technique number 0” matched once.
            Event [1]: At 2017-12-10 10:55:29 UTC on host host1, the rule “Technique number 1” matched once.
            Event [1]: At 2017-12-10 10:56:29 UTC on host host2, the rule “Technique number 2” matched once.
            Event [1]: At 2017-12-10 10:57:29 UTC on host host3, the rule “Technique number 3” matched once.
            Event [1]: At 2017-12-10 10:58:29 UTC on host host4, the rule “Technique number 4” matched once.
            Event [1]: At 2017-12-10 10:59:29 UTC on host host5, the rule “Technique number 5” matched once.
            Event [1]: At 2017-12-10 11:00:29 UTC on host host6, the rule “Technique number 6” matched once.
            Event [1]: At 2017-12-10 11:01:29 UTC on host host0, the rule “Technique number 7” matched once.
            Event [1]: At 2017-12-10 11:02:29 UTC on host host1, the rule “Technique number 8” matched once.
            Event [1]: At 2017-12-10 11:03:29 UTC on host host2, the rule “Technique number 9” matched once.
            Event [1]: At 2017-12-10 11:04:29 UTC on host host3, the rule “Technique number 10” matched once.
            Event [1]: At 2017-12-10 11:05:29 UTC on host host4, the rule “Technique number 11” matched once.
            Event [47]: Between 2017-12-10 11:06:29 UTC and 2017-12-10 14:10:29 UTC (3 h 4 min), 47 signals with the tactic execution were raised on hosts host0, host1, host2, host3, host4 and 2 others by the rules “Technique number 0”, “Technique number 1”, “Technique number 10”, “Technique number 11”, “Technique number 12” and 18 others.
            Event [47]: Between 2017-12-10 11:07:29 UTC and 2017-12-10 14:11:29 UTC (3 h 4 min), 47 signals with the tactic persistence were raised on hosts host0, host1, host2, host3, host4 and 2 others by the rules “Technique number 0”, “Technique number 1”, “Technique number 10”, “Technique number 11”, “Technique number 12” and 18 others.
            Event [47]: Between 2017-12-10 11:08:29 UTC and 2017-12-10 14:12:29 UTC (3 h 4 min), 47 signals with the tactic credential-access were raised on hosts host0, host1, host2, host3, host4 and 2 others by the rules “Technique number 0”, “Technique number 1”, “Technique number 10”, “Technique number 11”, “Technique number 12” and 18 others.
            Event [47]: Between 2017-12-10 11:09:29 UTC and 2017-12-10 14:13:29 UTC (3 h 4 min), 47 signals with the tactic discovery were raised on hosts host0, host1, host2, host3, host4 and 2 others by the rules “Technique number 0”, “Technique number 1”, “Technique number 10”, “Technique number 11”, “Technique number 12” and 18 others.
            Assessment [92]: It is very likely that this is malicious (93 %, 90 % interval 81 % to 97 %); the severity is medium.
            Assessment [92]: This rests on the rules “Technique number 0”, “Technique number 1”, “Technique number 10”, “Technique number 11”, “Technique number 12” and 18 others; the technique is T1059; the tactics are execution, persistence, credential-access and discovery.
            Gap [188]: 188 signals are not told individually.
        "#]],
    );
}

#[test]
fn nothing_to_cite_is_nothing_to_say() {
    let story = tell(&incident(Estimate::new(0.5, 0.2, 0.9)), &[]);
    assert!(story.narrative.sentences.is_empty());
    assert_eq!(verify(&story, &[]), Ok(()));
}
