//! Rules without match section: one event is all they need.

use super::{Happening, found};

fn rule(events: &str) -> String {
    format!("rule r {{\n events:\n {events}\n condition:\n  $e\n}}")
}

fn fires(events: &str, fields: &[(&'static str, &'static str)]) -> bool {
    let happenings: Vec<Happening<'_>> = vec![(1_700_000_000, fields.to_vec())];
    !found(&rule(events), &happenings).is_empty()
}

#[test]
fn conditions_on_one_event() {
    const EVENT: [(&str, &str); 6] = [
        ("metadata.event_type", "USER_LOGIN"),
        ("principal.hostname", "Alpha"),
        ("principal.ip", "192.0.2.7"),
        ("principal.port", "443"),
        ("target.url", "https://a/b?x=1"),
        ("additional.fields.kind", "blue"),
    ];
    for (events, expected) in [
        ("$e.principal.hostname = \"Alpha\"", true),
        ("\"Alpha\" = $e.principal.hostname", true),
        ("$e.principal.hostname = \"alpha\"", false),
        ("$e.principal.hostname = \"alpha\" nocase", true),
        ("$e.principal.hostname != \"alpha\"", true),
        ("$e.principal.hostname != \"alpha\" nocase", false),
        ("$e.principal.hostname = /^al/", false),
        ("$e.principal.hostname = /^al/ nocase", true),
        ("$e.principal.hostname != /^al/ nocase", false),
        ("re.regex($e.target.url, `b\\?x=\\d$`)", true),
        ("not re.regex($e.target.url, `b\\?x=\\d$`)", false),
        ("re.regex($e.target.url, `B\\?X`) nocase", true),
        ("$e.target.url = /a\\/b/", true),
        ("strings.contains($e.target.url, \"//a\")", true),
        ("strings.to_lower($e.principal.hostname) = \"alpha\"", true),
        ("strings.concat($e.principal.hostname, \"-\", $e.principal.port) = \"Alpha-443\"", true),
        ("net.ip_in_range_cidr($e.principal.ip, \"192.0.2.0/24\")", true),
        ("net.ip_in_range_cidr($e.principal.ip, \"198.51.100.0/24\")", false),
        ("$e.principal.port > 442 and $e.principal.port <= 443", true),
        ("$e.principal.port = 400 + 43", true),
        ("$e.principal.port - 3 * 100 = 143", true),
        ("$e.target.port = 0", true),
        ("$e.target.hostname = \"\"", true),
        ("$e.target.hostname != \"\"", false),
        ("$e.additional.fields[\"kind\"] = \"blue\"", true),
        ("$e.additional.fields[\"kind\"] = \"red\" or $e.principal.port = 443", true),
        ("$e.principal.hostname = \"Alpha\" or $e.principal.port = 1\n$e.target.port = 5", false),
        ("not ($e.principal.hostname = \"x\" or $e.principal.port = 443)", false),
        ("$e.principal.hostname in %hosts", false),
        ("$e.principal.hostname in %hosts nocase", true),
        ("not $e.principal.hostname in %hosts nocase", false),
        ("$e.principal.hostname not in %hosts", true),
        ("$e.principal.ip in cidr %nets", true),
        ("$e.principal.ip in cidr %table.net", true),
        ("strings.concat(\"a\", $e.principal.hostname, \"z\") in regex %patterns", true),
        ("$e.principal.hostname in %nowhere", false),
        ("$h = $e.principal.hostname $h = \"Alpha\"", true),
        ("$h = $e.principal.hostname $h != \"Alpha\"", false),
        ("$h = $e.principal.hostname $h = $e.principal.ip", false),
        ("if($e.principal.port = 443, 1, 2) = 1", true),
    ] {
        assert_eq!(
            fires(&format!("$e.metadata.event_type = \"USER_LOGIN\"\n{events}"), &EVENT),
            expected,
            "{events}"
        );
    }
    assert!(!fires("$e.metadata.event_type = \"USER_LOGOUT\"", &EVENT));
}

#[test]
fn repeated_fields_are_looked_at_one_by_one() {
    const EVENT: [(&str, &str); 9] = [
        ("principal.ip", "192.0.2.1"),
        ("principal.ip", "198.51.100.1"),
        ("target.labels.key", "a"),
        ("target.labels.value", "1"),
        ("target.labels.key", "b"),
        ("target.labels.value", "2"),
        ("principal.user.email_addresses", "first@example.com"),
        ("principal.user.email_addresses", "second@example.com"),
        ("principal.hostname", "h"),
    ];
    for (events, expected) in [
        ("$e.principal.ip = \"192.0.2.1\"", true),
        ("$e.principal.ip != \"192.0.2.1\"", true),
        ("not $e.principal.ip = \"192.0.2.1\"", true),
        ("any $e.principal.ip = \"198.51.100.1\"", true),
        ("all $e.principal.ip = \"198.51.100.1\"", false),
        ("all $e.principal.ip != \"203.0.113.1\"", true),
        ("not any $e.principal.ip = \"192.0.2.1\"", false),
        ("$e.principal.ip = \"192.0.2.1\" $e.principal.ip = \"198.51.100.1\"", false),
        ("any $e.principal.ip = \"192.0.2.1\" any $e.principal.ip = \"198.51.100.1\"", true),
        ("any $e.target.ip = \"192.0.2.1\"", false),
        ("any $e.principal.ip in cidr %nets", true),
        ("all $e.principal.ip in cidr %nets", false),
        ("net.ip_in_range_cidr(any $e.principal.ip, \"192.0.2.0/24\")", true),
        ("$e.target.labels[\"b\"] = \"2\"", true),
        ("$e.target.labels[\"b\"] = \"1\"", false),
        ("$e.target.labels.key = \"a\" $e.target.labels.value = \"1\"", true),
        ("$e.target.labels.key = \"a\" $e.target.labels.value = \"2\"", false),
        ("$e.principal.user.email_addresses[0] = \"first@example.com\"", true),
        ("$e.principal.user.email_addresses[1] = \"first@example.com\"", false),
        ("arrays.length($e.principal.ip) = 2", true),
    ] {
        assert_eq!(fires(events, &EVENT), expected, "{events}");
    }
}

#[test]
fn columns_stand_for_paths_of_udm() {
    const LOGIN: [(&str, &str); 6] = [
        ("@code", "LL03"),
        ("@outcome", "failure"),
        ("@user", "carol"),
        ("@host", "web1"),
        ("@src_ip", "203.0.113.5"),
        ("@product", "linux"),
    ];
    const LAUNCH: [(&str, &str); 8] = [
        ("@product", "windows"),
        ("@service", "sysmon"),
        ("@class", "1007"),
        ("@process", r"C:\Windows\System32\cmd.exe"),
        ("@parent_process", r"C:\Windows\explorer.exe"),
        ("@command", "cmd.exe /c whoami"),
        ("EventID", "1"),
        ("Hashes", "MD5=ABCD,SHA256=00FF"),
    ];
    for (events, event, expected) in [
        ("$e.metadata.event_type = \"USER_LOGIN\"", &LOGIN[..], true),
        ("$e.metadata.event_type = \"USER_LOGOUT\"", &LOGIN, false),
        ("$e.security_result.action = \"BLOCK\"", &LOGIN, true),
        ("$e.security_result.action = \"ALLOW\"", &LOGIN, false),
        ("$e.target.user.userid = \"carol\"", &LOGIN, true),
        ("$e.principal.ip = \"203.0.113.5\"", &LOGIN, true),
        ("$e.metadata.event_timestamp.seconds = 1700000000", &LOGIN, true),
        ("$e.metadata.log_type = \"NIX_SYSTEM\"", &LOGIN, true),
        ("$e.metadata.event_type = \"PROCESS_LAUNCH\"", &LAUNCH, true),
        ("$e.target.process.file.full_path = /cmd\\.exe$/", &LAUNCH, true),
        ("$e.principal.process.file.full_path = /explorer\\.exe$/", &LAUNCH, true),
        ("$e.principal.process.file.full_path = /cmd\\.exe$/", &LAUNCH, false),
        ("strings.contains($e.target.process.command_line, \"whoami\")", &LAUNCH, true),
        ("$e.target.process.file.sha256 = \"00ff\"", &LAUNCH, true),
        ("$e.target.file.md5 = \"abcd\"", &LAUNCH, true),
        ("$e.metadata.product_event_type = \"1\"", &LAUNCH, true),
        ("$e.metadata.vendor_name = \"Microsoft\"", &LAUNCH, true),
        ("$e.extracted.fields[\"EventID\"] = \"1\"", &LAUNCH, true),
    ] {
        assert_eq!(fires(events, event), expected, "{events}");
    }
}

#[test]
fn udm_in_json_is_found_in_either_spelling() {
    for name in [
        "principal.process.command_line",
        "principal.process.commandLine",
        "udm.principal.process.commandLine",
    ] {
        assert!(fires("$e.principal.process.command_line = \"x\"", &[(name, "x")]), "{name}");
    }
}

#[test]
fn a_match_tells_event_outcomes_and_columns() {
    let text =
        "rule r { meta: severity = \"High\" rule_id = \"id1\" mitre_attack_technique_id = \"T1110.001\"
        mitre_attack_tactic = \"Credential Access\"
        events: $e.principal.hostname = $h $h = /^w/
        outcome: $risk_score = 40 + if($e.principal.port > 1000, 5) $name = strings.to_upper($h)
            $ips = array_distinct($e.principal.ip)
        condition: $e and $risk_score > 44 }";
    let event = |port: &'static str| {
        vec![
            ("@host", "web1"),
            ("principal.port", port),
            ("principal.ip", "1.1.1.1"),
            ("principal.ip", "2.2.2.2"),
        ]
    };
    let matches = found(text, &[(5, event("80")), (6, event("8080"))]);
    assert_eq!(matches.len(), 1);
    let one = &matches[0];
    assert_eq!((one.rule.id.as_str(), one.rule.level), ("id1", sentra_model::Severity::High));
    assert_eq!(one.rule.tags, ["attack.credential-access", "attack.t1110.001"]);
    let shown = |name: &str| one.values[name].shown.clone();
    assert_eq!(shown("$risk_score"), ["45"]);
    assert_eq!(shown("$name"), ["WEB1"]);
    assert_eq!(shown("$ips"), ["1.1.1.1", "2.2.2.2"]);
    assert_eq!(shown("host"), ["web1"]);
    assert_eq!((super::offsets(one), one.run.offset), (vec![1], 1));
}

#[test]
fn suppression_of_single_events_goes_by_its_key() {
    let text = "rule r { events: $e.principal.hostname != \"\" $e.principal.hostname = $h
        outcome: $suppression_key = $h condition: $e options: suppression_window = 1h }";
    let at = |time: i64, host: &'static str| (time, vec![("principal.hostname", host)]);
    let matches =
        found(text, &[at(0, "a"), at(10, "a"), at(20, "b"), at(3_599, "a"), at(3_600, "a"), at(3_601, "b")]);
    assert_eq!(super::evidence(&matches), [[0], [2], [4], [5]]);
}
