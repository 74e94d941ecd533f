//! What the type check refuses, with line and reason.

use super::compile;
use crate::problem::ProblemSeverity;

fn problem(text: &str, severity: ProblemSeverity) -> (u64, String) {
    let (_, problems) = compile(text);
    let found = problems.into_iter().find(|problem| problem.severity == severity);
    let found = found.unwrap_or_else(|| panic!("no {severity:?}: {text}"));
    (found.line, found.message)
}

#[test]
fn wrong_rules_are_refused_with_line_and_reason() {
    let e = "$e.principal.hostname = $h";
    for (body, line, message) in [
        ("events:\n 1 = 2\n$e.principal.port = 1 condition: $e", 2, "two literals"),
        ("events:\n $e.principal.hostnam = \"x\" condition: $e", 2, "did you mean \"principal.hostname\"?"),
        ("events:\n\n $e.principle.ip = \"x\" condition: $e", 3, "did you mean \"principal\"?"),
        ("events: $e.principal.process = \"x\" condition: $e", 1, "fields of its own"),
        ("events: $e.additional.fields = \"x\" condition: $e", 1, "wants a key"),
        ("events: $e.principal.ip[\"x\"] = \"x\" condition: $e", 1, "takes no key"),
        ("events: $e.principal.hostname[0] = \"x\" condition: $e", 1, "takes no index"),
        ("events: $e.metadata.event_type = \"USER_LOGIN\" nocase condition: $e", 1, "no case"),
        ("events: $e.metadata.event_type > \"USER_LOGIN\" condition: $e", 1, "no order"),
        ("events: $e.principal.port = \"x\" condition: $e", 1, "compares a number with text"),
        ("events: $e.principal.hostname > \"x\" condition: $e", 1, "compares numbers"),
        ("events: $e.principal.port = 5 nocase condition: $e", 1, "numbers have no case"),
        ("events: $e.principal.hostname = count($e.principal.ip) condition: $e", 1, "stands in the outcome"),
        ("events: $e.principal.hostname = \"a\" $p != \"\" condition: $e", 1, "$p never gets a value"),
        ("events: not $e.principal.hostname = $p condition: $e", 1, "$p never gets a value"),
        ("events: re.regex($e.principal.hostname, `(`) condition: $e", 1, "regular expression"),
        ("events: $e.principal.hostname = /(/ condition: $e", 1, "regular expression"),
        ("events: re.regx($e.principal.hostname, `x`) condition: $e", 1, "did you mean \"re.regex\"?"),
        ("events: strings.concat($e.principal.hostname) condition: $e", 1, "concat"),
        ("events: $e.principal.hostname condition: $e", 1, "is text and no condition"),
        ("events: $e condition: $e", 1, "asks no field"),
        ("events: $e.principal.hostname = \"a\" $e = \"x\" condition: $e", 1, "which field"),
        ("events: any $e.principal.ip = $p condition: $e", 1, "any and all cannot give"),
        ("events: any $e.principal.ip = any $e.target.ip condition: $e", 1, "before one field"),
        ("events: $e.principal.hostname = window_start condition: $e", 1, "outcome and condition"),
        ("events: \"x\" in %hosts $e.principal.port = 1 condition: $e", 1, "is a literal"),
        ("events: $g.graph.entity.ip = $e.principal.ip condition: $e", 1, "needs the entity graph"),
        ("events: $d.detection.detection.rule_id = \"x\" condition: $d", 1, "detections of other rules"),
        (
            "events: $e.principal.hostname = \"x\" $f.principal.hostname = \"y\" condition: $e and $f",
            1,
            "$f is not joined",
        ),
        (
            "events: $e.principal.hostname = $h $f.principal.hostname = $h condition: $e and $f",
            1,
            "needs a match section",
        ),
        ("events: strings.concat($e.principal.hostname, $f.principal.hostname) = $p condition: $e", 1, "one event variable"),
        ("events: ($e.principal.hostname = $p or $f.principal.hostname = $p) condition: $e", 1, "\"or\" over several"),
        (&format!("events: {e} match: $h over 59s condition: $e"), 1, "1m at least and 48h at most"),
        (&format!("events: {e} match: $h over 49h condition: $e"), 1, "1m at least and 48h at most"),
        (&format!("events: {e} match: $h over 49h after $e condition: $e"), 1, "1m at least and 48h at most"),
        (&format!("events: {e} match: $h over 101d before $e condition: $e"), 1, "leads to an event 100d"),
        (&format!("events: {e}\nmatch: $hh over 5m condition: $e"), 2, "did you mean \"h\"?"),
        (&format!("events: {e} match: $e over 5m condition: $e"), 1, "match a placeholder"),
        (&format!("events: {e} match: $h over 5m after $f condition: $e"), 1, "no event variable"),
        (&format!("events: {e} match: $h over 5m\noutcome: $x = $e.principal.ip condition: $e"), 2, "gathers"),
        (&format!("events: {e} match: $h over 5m outcome: $x = max(max($e.principal.port)) condition: $e"), 1, "outcome"),
        (&format!("events: {e} match: $h over 5m outcome: $h = 1 condition: $e"), 1, "already something else"),
        (&format!("events: {e} outcome: $x = 1 $x = 2 condition: $e"), 1, "already something else"),
        (&format!("events: {e} outcome: $x = if(1, 2) condition: $e"), 1, "no condition"),
        (&format!("events: {e} outcome: $x = if($e.principal.port = 1, 2, \"x\" ) + 1 condition: $e and $y > 1"), 1, "$y"),
        (&format!("events: {e} outcome: $x = $e.principal.hostname + \"a\" condition: $e"), 1, "no number"),
        (&format!("events: {e} condition: $e and $h = \"x\""), 1, "#h"),
        (&format!("events: {e} condition: $e.principal.port = 1"), 1, "not fields"),
        (&format!("events: {e} condition: #g > 1"), 1, "#g counts nothing"),
        (&format!("events: {e} condition: !$e"), 1, "without any event"),
        (&format!("events: {e} condition: #e >= 0"), 1, "without any event"),
        (
            &format!("events: {e} $f.principal.hostname = $h match: $h over 5m condition: $e or $f"),
            1,
            "without any event",
        ),
        (
            &format!("events: {e} $f.principal.hostname = $h match: $h over 5m condition: $e and (#e > 2 or $f)"),
            1,
            "one event variable",
        ),
        (&format!("events: {e} condition: $e\noptions: allow_zero_value = true"), 2, "did you mean \"allow_zero_values\"?"),
        (&format!("events: {e} condition: $e options: allow_zero_values = 1"), 1, "true or false"),
        (&format!("events: {e} match: $h over 2h condition: $e options: suppression_window = 1h"), 1, "shorter"),
        (
            &format!(
                "events: {e} match: $h over 5m outcome: $x = max(metrics.auth_attempts_total(period: 1d, window: 30d,
                metric: event_count_sum, agg: max, target.user.userid: $h)) condition: $e"
            ),
            1,
            "baselines",
        ),
    ] {
        let (found_line, found) = problem(&format!("rule r {{ {body} }}"), ProblemSeverity::Error);
        assert!(found.contains(message), "{body}\n  {found}");
        assert_eq!(found_line, line, "{body}\n  {found}");
    }
    let many: String = (0..21).map(|number| format!(" $x{number} = {number}")).collect();
    let (_, found) =
        problem(&format!("rule r {{ events: {e} outcome:{many} condition: $e }}"), ProblemSeverity::Error);
    assert!(found.contains("more than 20 outcome"), "{found}");
}

#[test]
fn what_can_never_hold_is_a_warning() {
    for (body, message) in [
        ("$e.metadata.event_type = \"USER_LOGN\"", "did you mean \"USER_LOGIN\"?"),
        ("$e.principal.location.city = \"x\"", "no column has principal.location.city"),
        ("$e.principal.hostname in %nowhere", "no list %nowhere"),
        ("any $e.principal.hostname = \"x\"", "not repeated"),
    ] {
        let (_, found) =
            problem(&format!("rule r {{ events: {body} condition: $e }}"), ProblemSeverity::Warning);
        assert!(found.contains(message), "{body}: {found}");
    }
}

#[test]
fn a_wrong_rule_harms_no_other() {
    let (rules, problems) = compile(
        "rule a { events: $e.x = 1 condition: $e }
         rule b { events: $e.principal.port = 1 condition: $e }
         rule c { events condition }",
    );
    assert_eq!(rules.rules.iter().map(|rule| rule.reference.id.as_str()).collect::<Vec<_>>(), ["b"]);
    let lines: Vec<_> = problems.iter().map(|problem| (problem.line, problem.rule.as_deref())).collect();
    assert_eq!(lines, [(1, Some("a")), (3, Some("c"))]);
}
