//! What parses, what does not, and that print and parse agree.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a test says what it skipped")]

use std::path::Path;

use super::ast::{RuleAst, Step, Term, WindowKind};
use super::parser::{DEPTH_MAX, parse};
use crate::problem::Fault;

fn one(text: &str) -> RuleAst {
    let mut rules = parse(text);
    assert_eq!(rules.len(), 1, "{text}");
    rules.pop().unwrap().unwrap_or_else(|(_, fault)| panic!("{text}: {}: {fault}", fault.line))
}

fn fault(text: &str) -> Fault {
    let found = parse(text).into_iter().find_map(Result::err);
    found.unwrap_or_else(|| panic!("it parses: {text}")).1
}

fn events(text: &str) -> String {
    format!("rule r {{\n events:\n{text}\n condition: $e\n}}")
}

/// Everything of the language in one rule.
const EVERYTHING: &str = r#"
    // a rule
    rule everything { /* of the
    language */
      META:
        author = "x" severity = "High" priority = `raw "q"`
      setup:
        graph_override($g.graph.metadata.source_type = "GLOBAL_CONTEXT")
      events:
        $e.metadata.event_type = "USER_LOGIN"
        "ALLOW" = $e.security_result[0].action
        ($e.principal.port > 1024 or $e.principal.port <= 22 and not $e.principal.port = 5 - 3 * (2 + 1) / -1)
        any $e.principal.ip != "192.0.2.1" all $e.target.ip = /^10\.\/x/ nocase
        $e.additional.fields["a\"key"] = $key
        re.regex($e.target.url, `^a\d+/`) nocase
        not $e.principal.hostname in %hosts nocase
        $e.principal.hostname not in regex %hosts
        $e.principal.ip in cidr %table.nets
        strings.concat($e.principal.hostname, "-", 5, 1.5, true) = $both
        $e.metadata.event_timestamp.seconds < $f.metadata.event_timestamp.seconds
        $f.principal.hostname = $host
        !($f.target.port = 1)
      match:
        $host, $key over 10m after $e
      outcome:
        $risk_score = max(35 + if($e.principal.hostname = "a" nocase, 10) - 5)
        $n = count_distinct($e.metadata.id)
        $m = max(metrics.auth_attempts_total(period: 1d, window: 30d, metric: event_count_sum, agg: max, target: $host))
      condition:
        $e and #f > 5 and not $g and ($n >= 2 or $risk_score = 1)
      export:
        %table.write_row(host: $host, n: $n)
      options:
        allow_zero_values = true suppression_window = 1h
    }
"#;

#[test]
fn the_whole_language_parses() {
    let rule = one(EVERYTHING);
    assert_eq!(rule.name, "everything");
    assert_eq!((rule.meta.len(), rule.setup.len(), rule.events.len()), (3, 1, 14));
    assert_eq!(
        (rule.outcome.len(), rule.condition.len(), rule.export.len(), rule.options.len()),
        (3, 1, 1, 2)
    );
    let matching = rule.matching.clone().unwrap();
    assert_eq!(matching.window, WindowKind::Sliding { pivot: "e".to_owned(), after: true });
    assert_eq!((matching.variables.len(), matching.length), (2, (600, 'm')));
    let printed = rule.to_string();
    assert_eq!(one(&printed), rule, "{printed}");
}

#[test]
fn precedence_is_not_over_and_over_or() {
    let rule = one(&events("not $e.a = 1 and $e.b = 2 or $e.c = 3 * 2 + 1\n$e.d = 4"));
    assert_eq!(rule.events.len(), 2, "statements are and-ed by standing below each other");
    let Term::Or(parts) = &rule.events[0].term else { panic!("{:?}", rule.events[0]) };
    let Term::And(ands) = &parts[0].term else { panic!("{:?}", parts[0]) };
    assert!(matches!(ands[0].term, Term::Not(_)));
    assert!(
        parts[1].to_string().ends_with("= (3 * 2) + 1") || parts[1].to_string().ends_with("= ((3 * 2) + 1)")
    );
}

#[test]
fn windows_and_paths() {
    let matching = |text: &str| {
        one(&format!("rule r {{ events: $e.a = $h match: $h {text} condition: $e }}")).matching.unwrap()
    };
    assert_eq!(matching("over 5m").window, WindowKind::Hop);
    assert_eq!(matching("by 30m").window, WindowKind::Tumbling);
    assert_eq!(matching("over every 30m"), matching("by 30m"));
    assert_eq!(matching("over 1d before $e").length, (86_400, 'd'));
    let rule = one(&events("$e.a[\"k\"].b[3] = 1"));
    let mut steps = Vec::new();
    rule.events[0].walk(&mut |node| {
        if let Term::Field(path) = &node.term {
            steps = path.steps.clone();
        }
    });
    let name = |name: &str| Step::Name(name.to_owned());
    assert_eq!(steps, [name("a"), Step::Key("k".to_owned()), name("b"), Step::Index(3)]);
}

#[test]
fn faults_name_line_and_what_was_meant() {
    for (text, line, message) in [
        ("", 1, "no rule"),
        ("\nrules x {}", 2, "expected \"rule\""),
        ("rule x {\n event:\n}", 2, "did you mean \"events\"?"),
        ("rule x {\n meta:\n a = 1\n meta:\n}", 4, "second section"),
        ("rule x { condition: $e }", 1, "no section \"events\""),
        ("rule x { events: $e.a = 1\n}", 1, "no section \"condition\""),
        ("rule x { events: $e.a =\n}", 2, "expected a field, a value or a function"),
        ("rule x { events: $e.a[x] = 1 }", 1, "key in quotation marks or an index"),
        ("rule x { events: $e.a = 1 match: $h over x }", 1, "duration"),
        ("rule x { events: $e.a = 1 match: $h under 5m }", 1, "\"over\" or \"by\""),
        ("rule x { events: $e.a in $b }", 1, "a list"),
        ("rule x { events: $e.a = 1 condition: $e", 1, "end of the file"),
        ("rule x { meta: a = $b }", 1, "expected a text, a number"),
        ("rule x { events: ($e.a = 1 condition: $e }", 1, "expected \")\""),
    ] {
        let found = fault(text);
        assert_eq!(found.line, line, "{text}: {found}");
        assert!(found.message.contains(message), "{text}: {found}");
    }
}

#[test]
fn a_fault_harms_only_its_own_rule() {
    let text = "rule a { events: ! condition: $e } rule b { events: $e.a = 1 condition: $e }\nrule c {";
    let rules = parse(text);
    let names: Vec<_> = rules
        .iter()
        .map(|rule| match rule {
            Ok(rule) => Ok(rule.name.as_str()),
            Err((name, fault)) => Err((name.as_deref(), fault.line)),
        })
        .collect();
    assert_eq!(names, [Err((Some("a"), 1)), Ok("b"), Err((Some("c"), 2))]);
}

#[test]
fn hostile_text_is_refused_and_does_not_exhaust_the_stack() {
    let deep = |open: &str, close: &str, count: usize| {
        events(&format!("$e.a = 1 and {}$e.a = 1{}", open.repeat(count), close.repeat(count)))
    };
    for text in [
        deep("(", ")", 100_000),
        deep("not ", "", 100_000),
        deep("!", "", 100_000),
        deep("f(", ")", 50_000),
        events(&format!("$e.a = {}1", "-".repeat(100_000))),
        events(&format!("$e.a = 1{}", " + 1".repeat(50_000))),
        events(&format!("$e.a = 1{}", " and $e.a = 1".repeat(10_000))),
        events(&format!("$e{} = 1", ".a".repeat(1_000))),
        events(&format!("{}() = $e.a", "a.".repeat(40_000) + "a")),
        "rule ".repeat(100_000),
        "rule a { ".repeat(40_000),
        "\"".repeat(100_001),
        "/*".to_owned(),
        "$e.".repeat(60_000),
    ] {
        let found = parse(&text);
        assert!(found.iter().all(Result::is_err), "{}", &text[..60.min(text.len())]);
        assert!(found.len() <= 1_001);
    }
    let fine = one(&deep("(", ")", DEPTH_MAX - 2));
    assert_eq!(one(&fine.to_string()), fine);
}

/// The public rules, where they are.
#[test]
fn every_public_rule_parses_and_prints_back() {
    let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/yaral"));
    if !data.is_dir() {
        println!("SKIP: there are no YARA-L rules at {}", data.display());
        return;
    }
    let (mut files, mut rules, mut left) = (0, 0, vec![data.to_path_buf()]);
    let mut wrong = Vec::new();
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "yaral") {
                continue;
            }
            files += 1;
            for rule in parse(&std::fs::read_to_string(&path).unwrap()) {
                match rule {
                    Ok(rule) => {
                        rules += 1;
                        assert_eq!(one(&rule.to_string()), rule, "{}", path.display());
                    }
                    Err((_, fault)) => wrong.push(format!("{}:{}: {fault}", path.display(), fault.line)),
                }
            }
        }
    }
    println!("| files | rules parsed | faults |\n| {files} | {rules} | {} |", wrong.len());
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!((files, rules), (456, 456));
}
