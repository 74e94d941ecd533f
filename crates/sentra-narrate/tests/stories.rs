//! Whole stories, as an analyst reads them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "helpers of tests")]

mod common;

use common::{at, attack, fact, host, incident, ip, set, signal, user, with};
use expect_test::{Expect, expect};
use sentra_model::{Burst, Estimate, Fact, FactKind, Pace, RiskFactor, RiskReason, Role, Severity, Signal};
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

/// `fact` with how often each of its accounts was tried.
fn counted(mut fact: Fact, counts: &[u64]) -> Fact {
    fact.values.get_mut("user").unwrap().counts = counts.to_vec();
    fact
}

fn burst(count: u64, first: &str, last: &str) -> Burst {
    Burst { first: at(first), last: at(last), count }
}

/// A rule about failed logins from one address, of which none succeeded.
fn guessed(title: &str, failed: Fact) -> Vec<Signal> {
    let none =
        Fact { kind: FactKind::NoLoginSucceeded, count: 0, pace: None, values: [].into(), ..failed.clone() };
    let facts = vec![matched(title, failed.count, std::slice::from_ref(&failed)), failed, none];
    vec![attack(signal(title, Severity::High, facts), &["T1110.001"], &["credential-access"])]
}

#[test]
fn accounts_are_told_with_their_counts_and_what_they_look_like() {
    let who = [ip("203.0.113.9"), host("web-1")];
    let failed = with(fact(FactKind::LoginsFailed, 286, FIRST, LAST, &who), "user", set(&ACCOUNTS, 10));
    let mut failed = counted(failed, &[276, 1, 2, 1, 1, 1, 1, 1, 1, 1]);
    failed.values.insert("refused_user".to_owned(), set(&["admin", "oracle"], 2));
    failed.pace = Some(Pace { pause_seconds: 60, bursts: vec![burst(286, FIRST, LAST)] });
    check(
        &guessed("SSH brute force", failed),
        &expect![[r#"
            # SSH brute force from 203.0.113.9
            Headline [1]: 203.0.113.9 failed to log in to host web-1 286 times as root and 9 other accounts in 10 min 14 s; no login succeeded.
            Event [1]: Between 2017-12-10 10:54:29 and 11:04:43 UTC, the attempts came at about 28 a minute, without a pause of more than 1 min.
            Event [1]: The account root was tried 276 times, oracle twice, and admin, test, ubuntu and 5 others once each; 2 of the 10 accounts do not exist on host web-1 or may not log in there.
            Outcome [1]: No login from 203.0.113.9 to host web-1 succeeded between 10:54:29 and 11:04:43 UTC; whether one succeeded later is not known.
            Assessment [1]: The pattern is password guessing against one account, root, with 276 of the 286 attempts.
            Assessment [1]: It is very likely that this is malicious (93 %, 90 % interval 81 % to 97 %); the severity is high.
            Assessment [1]: This rests on the rule “SSH brute force”; the technique is T1110.001 “Password Guessing”; the tactic is credential-access.
        "#]],
    );
}

#[test]
fn bursts_are_told_with_their_pauses() {
    let who = [ip("203.0.113.9"), host("web-1")];
    let names = ["admin", "root", "user", "1234", " 0101", "pi"];
    let last = "2017-12-10T12:44:45Z";
    let failed = with(fact(FactKind::LoginsFailed, 24, FIRST, last, &who), "user", set(&names, 6));
    let mut failed = counted(failed, &[9, 5, 4, 2, 2, 2]);
    let bursts = vec![burst(14, FIRST, "2017-12-10T10:56:00Z"), burst(10, "2017-12-10T12:44:00Z", last)];
    failed.pace = Some(Pace { pause_seconds: 60, bursts });
    check(
        &guessed("SSH brute force", failed),
        &expect![[r#"
            # SSH brute force from 203.0.113.9
            Headline [1]: 203.0.113.9 failed to log in to host web-1 24 times as admin, root, user and 3 other accounts in 1 h 50 min; no login succeeded.
            Event [1]: The attempts came in 2 bursts, 14 between 2017-12-10 10:54:29 and 10:56:00 UTC and 10 between 12:44:00 and 12:44:45 UTC, with a pause of 1 h 48 min between them.
            Event [1]: The account admin was tried 9 times, root 5 times, user 4 times, and “1234”, “ 0101” and pi twice each.
            Outcome [1]: No login from 203.0.113.9 to host web-1 succeeded between 10:54:29 and 12:44:45 UTC; whether one succeeded later is not known.
            Assessment [1]: The pattern is password spraying, at most 9 attempts on each of 6 accounts; the names admin, user, “1234”, “ 0101” and pi are such as devices are delivered with.
            Assessment [1]: It is very likely that this is malicious (93 %, 90 % interval 81 % to 97 %); the severity is high.
            Assessment [1]: This rests on the rule “SSH brute force”; the technique is T1110.001 “Password Guessing”; the tactic is credential-access.
        "#]],
    );
}

#[test]
fn a_guess_that_was_right_is_told_though_the_address_logged_in_before() {
    let who = [ip("203.0.113.9"), host("web-1")];
    let failed = with(fact(FactKind::LoginsFailed, 32, FIRST, LAST, &who), "user", set(&["bob"], 1));
    let (early, late) = ("2017-12-10T07:00:00Z", "2017-12-10T11:05:00Z");
    let logins = fact(FactKind::LoginsSucceeded, 8, early, late, &who);
    let logins = with(with(logins, "user", set(&["eve", "bob"], 2)), "last_user", set(&["bob"], 1));
    let facts = vec![matched("Password guessed", 32, std::slice::from_ref(&failed)), failed, logins];
    check(
        &[signal("Password guessed", Severity::Critical, facts)],
        &expect![[r#"
            # Password guessed from 203.0.113.9
            Headline [1]: 203.0.113.9 failed to log in to host web-1 32 times as bob in 10 min 14 s; a login from 203.0.113.9 as bob succeeded afterwards, at 2017-12-10 11:05:00 UTC.
            Event [1]: Between 07:00:00 and 11:05:00 UTC (4 h 5 min), logins from 203.0.113.9 to host web-1 succeeded 8 times, as eve and bob.
            Event [1]: Between 10:54:29 and 11:04:43 UTC, the attempts came at about 3 a minute.
            Assessment [1]: The pattern is password guessing against one account, bob.
            Assessment [1]: It is very likely that this is malicious (93 %, 90 % interval 81 % to 97 %); the severity is critical.
            Assessment [1]: This rests on the rule “Password guessed”.
        "#]],
    );
}

#[test]
fn the_risk_is_told_with_its_reasons() {
    let signals = brute_force();
    let reason = |factor, what: &str, log_odds: f64| RiskReason {
        factor,
        what: what.to_owned(),
        log_odds,
        signals: vec![signals[0].id],
    };
    let mut incident = incident(Estimate::new(0.93, 0.81, 0.97));
    incident.reasons = vec![
        reason(RiskFactor::Evidence, "SSH brute force (high)", 3.6),
        reason(RiskFactor::Evidence, "SSH password spraying (medium)", 1.4),
        reason(RiskFactor::Behaviour, "3.4 deviations above the baseline of user root", 0.5),
        reason(RiskFactor::Precision, "SSH brute force (2 of 14 confirmed)", -0.7),
    ];
    let story = tell(&incident, &signals);
    assert_eq!(verify(&story, &signals), Ok(()));
    let told = story.narrative.sentences.iter().find(|told| told.text.starts_with("This rests")).unwrap();
    expect!["This rests on 2 rules, most of all on “SSH brute force (high)”, then on “SSH password spraying (medium)”; the probability is raised by behaviour “3.4 deviations above the baseline of user root” and lowered by the record of the rule “SSH brute force (2 of 14 confirmed)”; the techniques are T1110.001 “Password Guessing” and T1110.003 “Password Spraying”; the tactic is credential-access."].assert_eq(&told.text);
    // Reasons that are not the incident's are no reasons.
    let mut other = story.clone();
    other.reasons.reverse();
    assert!(verify(&other, &signals).is_err());
}

#[test]
fn account_changes_are_told_by_what_they_are() {
    let entities = [host("dc-1"), user(Role::Actor, "mallory"), user(Role::Target, "svc2")];
    let changed = |kind, count: u64, codes: &[&str]| {
        let at = if count > 3 { LAST } else { FIRST };
        with(fact(kind, count, at, at, &entities), "code", set(codes, codes.len() as u64))
    };
    let accounts = |count, codes: &[&str]| changed(FactKind::AccountsChanged, count, codes);
    let logs = with(changed(FactKind::SecurityChanged, 1, &["SS05"]), "cleared_log", set(&["security"], 1));
    let facts = [
        ("a created", accounts(1, &["SA01"])),
        ("b member", with(accounts(1, &["SA05"]), "group", set(&["Domain Admins"], 1))),
        ("c short", accounts(2, &["SA01", "SA03"])),
        ("d reset", accounts(3, &["SA07"])),
        ("e many", accounts(9, &["SA01", "SA03"])),
        ("f log", logs),
    ];
    let signals: Vec<Signal> =
        facts.into_iter().map(|(title, fact)| signal(title, Severity::High, vec![fact])).collect();
    let story = tell(&incident(Estimate::new(0.93, 0.81, 0.97)), &signals);
    assert_eq!(verify(&story, &signals), Ok(()));
    let told: Vec<&str> = story.narrative.sentences.iter().take(6).map(|told| told.text.as_str()).collect();
    expect![[r#"
        At 2017-12-10 10:54:29 UTC on host dc-1, the account svc2 was created by mallory (rule “a created”); 5 other rules matched.
        At 10:54:29 UTC on host dc-1, the account svc2 was created and deleted by mallory (rule “c short”).
        At 10:54:29 UTC on host dc-1, the membership of svc2 in the group “Domain Admins” was changed by mallory (rule “b member”).
        At 10:54:29 UTC on host dc-1, the account svc2 was given a new password 3 times by mallory (rule “d reset”).
        At 10:54:29 UTC on host dc-1, the security log was cleared by mallory (rule “f log”).
        At 11:04:43 UTC on host dc-1, accounts were changed 9 times by mallory for svc2 with the changes “user created” and “user deleted” (rule “e many”)."#]].assert_eq(&told.join("\n"));
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
            Headline [2]: 203.0.113.9 failed to log in to host web-1 286 times as root, admin, oracle and 7 other accounts in 10 min 14 s; no login succeeded.
            Event [2]: Between 2017-12-10 10:54:29 and 11:04:43 UTC, the attempts came at about 28 a minute.
            Outcome [2]: No login from 203.0.113.9 to host web-1 succeeded between 10:54:29 and 11:04:43 UTC; whether one succeeded later is not known.
            Assessment [2]: It is very likely that this is malicious (93 %, 90 % interval 81 % to 97 %); the severity is high.
            Assessment [2]: This rests on the rules “SSH brute force” and “SSH password spraying”; the techniques are T1110.001 “Password Guessing” and T1110.003 “Password Spraying”; the tactic is credential-access.
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
            Headline [4]: 203.0.113.9 failed to log in to host web-1 286 times as root, admin, oracle and 7 other accounts in 10 min 14 s; a login as fztu succeeded at 2017-12-10 11:07:02 UTC; 2 other rules matched.
            Event [2]: Between 10:54:29 and 11:04:43 UTC, the attempts came at about 28 a minute.
            Event [1]: Between 11:07:02 and 11:09:00 UTC (1 min 58 s) on host web-1, privileges were used 2 times by fztu with the commands “/usr/bin/id” and “/bin/sh -c "useradd -m x"” (rule “Root shell by sudo”).
            Outcome [3]: The failed logins from 203.0.113.9 were followed by a login to host web-1 as fztu at 11:07:02 UTC.
            Assessment [4]: It is very likely that this is malicious (93 %, 90 % interval 81 % to 97 %); the severity is critical.
            Assessment [4]: This rests on the rules “SSH login after failures”, “SSH brute force”, “Root shell by sudo” and “SSH password spraying”; the techniques are T1078 “Valid Accounts”, T1110.001 “Password Guessing”, T1110.003 “Password Spraying” and T1548.003 “Sudo and Sudo Caching”; the tactics are initial-access, privilege-escalation and credential-access.
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
            Event [1]: At 10:54:29 UTC on host WORKSTATION5, the program “C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe” was started once by parent “C:\Program Files\Microsoft Office\WINWORD.EXE” as “EXAMPLE\pgustavo” with the command “powershell -enc QQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBBQQBB…” (rule “Office program starts a shell”).
            Assessment [2]: It is very likely that this is malicious (93 %, 90 % interval 81 % to 97 %); the severity is critical.
            Assessment [2]: This rests on the rules “LSASS memory access” and “Office program starts a shell”; the techniques are T1003.001 “LSASS Memory”, T1059.001 “PowerShell” and T1204.002 “Malicious File”; the tactics are execution and credential-access.
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
            Headline [1]: Between 2017-12-10 10:54:29 and 11:04:43 UTC (10 min 14 s) on host db-1, the account svc2 was created and had a role or group changed by root (rule “Account added to sudo”).
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
            Event [1]: At 10:55:29 UTC on host host1, the rule “Technique number 1” matched once.
            Event [1]: At 10:56:29 UTC on host host2, the rule “Technique number 2” matched once.
            Event [1]: At 10:57:29 UTC on host host3, the rule “Technique number 3” matched once.
            Event [1]: At 10:58:29 UTC on host host4, the rule “Technique number 4” matched once.
            Event [1]: At 10:59:29 UTC on host host5, the rule “Technique number 5” matched once.
            Event [1]: At 11:00:29 UTC on host host6, the rule “Technique number 6” matched once.
            Event [1]: At 11:01:29 UTC on host host0, the rule “Technique number 7” matched once.
            Event [1]: At 11:02:29 UTC on host host1, the rule “Technique number 8” matched once.
            Event [1]: At 11:03:29 UTC on host host2, the rule “Technique number 9” matched once.
            Event [1]: At 11:04:29 UTC on host host3, the rule “Technique number 10” matched once.
            Event [1]: At 11:05:29 UTC on host host4, the rule “Technique number 11” matched once.
            Event [47]: Between 11:06:29 and 14:10:29 UTC (3 h 4 min), 47 signals with the tactic execution were raised on hosts host0, host1, host2, host3, host4 and 2 others by the rules “Technique number 0”, “Technique number 1”, “Technique number 10”, “Technique number 11”, “Technique number 12” and 18 others.
            Event [47]: Between 11:07:29 and 14:11:29 UTC (3 h 4 min), 47 signals with the tactic persistence were raised on hosts host0, host1, host2, host3, host4 and 2 others by the rules “Technique number 0”, “Technique number 1”, “Technique number 10”, “Technique number 11”, “Technique number 12” and 18 others.
            Event [47]: Between 11:08:29 and 14:12:29 UTC (3 h 4 min), 47 signals with the tactic credential-access were raised on hosts host0, host1, host2, host3, host4 and 2 others by the rules “Technique number 0”, “Technique number 1”, “Technique number 10”, “Technique number 11”, “Technique number 12” and 18 others.
            Event [47]: Between 11:09:29 and 14:13:29 UTC (3 h 4 min), 47 signals with the tactic discovery were raised on hosts host0, host1, host2, host3, host4 and 2 others by the rules “Technique number 0”, “Technique number 1”, “Technique number 10”, “Technique number 11”, “Technique number 12” and 18 others.
            Assessment [92]: It is very likely that this is malicious (93 %, 90 % interval 81 % to 97 %); the severity is medium.
            Assessment [92]: This rests on the rules “Technique number 0”, “Technique number 1”, “Technique number 10”, “Technique number 11”, “Technique number 12” and 18 others; the technique is T1059 “Command and Scripting Interpreter”; the tactics are execution, persistence, credential-access and discovery.
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
