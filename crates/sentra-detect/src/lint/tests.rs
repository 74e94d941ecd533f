use super::*;

fn source(text: &str) -> RuleSource {
    RuleSource { path: "rules/test.yml".to_owned(), text: text.to_owned(), pack: "core@1".to_owned() }
}

/// A rule that no lint says anything of.
fn rule(logsource: &str, detection: &str) -> String {
    format!(
        "title: t\nid: 6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a01\nstatus: test\ndescription: d\nauthor: a\n\
         date: 2026-11-21\nlevel: medium\ntags: [attack.t1059.001, attack.execution]\n\
         logsource: {logsource}\ndetection: {detection}\n"
    )
}

/// Names of the lints that fire, by the linter and by compiling.
fn fired(text: &str) -> Vec<String> {
    let sources = vec![source(text)];
    let mut problems = lint(&sources);
    problems.extend(crate::RuleSet::compile(sources).1);
    let name = |problem: &RuleProblem| {
        problem.message.strip_prefix('[').and_then(|rest| Some(rest.split_once(']')?.0.to_owned()))
    };
    let mut names: Vec<String> =
        problems.iter().map(|problem| name(problem).unwrap_or_else(|| problem.message.clone())).collect();
    names.dedup();
    names
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(fired(text), expected, "{text}");
}

const LINUX: &str = "{product: linux}";
const PROCESS: &str = "{product: windows, category: process_creation}";

#[test]
fn a_good_rule_is_not_told_anything() {
    check(
        &rule(
            PROCESS,
            r"{s: {Image|endswith: '\x.exe', CommandLine|contains|all: [a, b]}, f: {User: y}, condition: s and not f}",
        ),
        &[],
    );
    check(&rule(LINUX, "{s: {any_field: '*x*'}, condition: s}"), &[]);
}

#[test]
fn metadata() {
    let good = rule(LINUX, "{s: {f: x}, condition: s}");
    let line = |key: &str| good.lines().find(|line| line.starts_with(key)).unwrap().to_owned() + "\n";
    for (key, put, expected) in [
        ("title", "", "missing-title"),
        ("id", "", "missing-id"),
        ("id", "id: one\n", "id-no-uuid"),
        ("level", "", "missing-level"),
        ("level", "level: hihg\n", "unknown-level"),
        ("status", "", "missing-status"),
        ("status", "status: expermental\n", "unknown-status"),
        ("description", "", "missing-description"),
        ("author", "", "missing-author"),
        ("date", "date: 21.11.2026\n", "bad-date"),
        ("date", "date: 2026-02-30\n", "bad-date"),
        ("date", "date: 2026/11/21\n", "old-date"),
        ("date", "date: 2026-11-21\nmodified: 2026-11-20\n", "bad-date"),
        ("tags", "tags: [attack.t1059, execution]\n", "tag-form"),
        ("tags", "tags: [attack.t1059, attack.executoin]\n", "unknown-attack-tag"),
        ("tags", "tags: [attack.t59]\n", "unknown-attack-tag"),
        ("tags", "tags: [attack.t1059, attack.credential_access]\n", "old-tag"),
        ("tags", "tags: [cve.2026-1]\n", "missing-attack-tag"),
        ("level", "level: critical\n", "missing-falsepositives"),
        ("logsource", "", "missing-logsource"),
        ("logsource", "logsource: {}\n", "empty-logsource"),
        ("logsource", "logsource: {product: linux, servce: x}\n", "unknown-logsource-part"),
    ] {
        let text = good.replace(&line(key), put);
        assert_ne!(text, good);
        check(&text, &[expected]);
    }
}

#[test]
fn the_nearest_right_word_is_named() {
    let good = rule(PROCESS, "{s: {Imge|endswith: x}, condition: s}");
    for (text, part) in [
        (good.clone(), "did you mean \"Image\"?"),
        (good.replace("status: test", "status: tets"), "did you mean \"test\"?"),
        (good.replace("attack.execution", "attack.exection"), "did you mean \"execution\"?"),
    ] {
        let problems = lint(&[source(&text)]);
        assert!(problems.iter().any(|problem| problem.message.contains(part)), "{part}: {problems:?}");
    }
}

#[test]
fn fields_of_the_logsource() {
    let service = "{product: windows, service: security}";
    for (logsource, field, expected) in [
        (PROCESS, "TargetFilename: x", Some("unknown-field")),
        (PROCESS, "commandline: x", Some("unknown-field")),
        (PROCESS, "CommandLine|fieldref: Usr", Some("unknown-field")),
        (PROCESS, "EventID: 1", None),
        (PROCESS, "code: x", None),
        (service, "AnyThing: x", None),
        (service, "TargetFileName: x", Some("unknown-field")),
        (LINUX, "commandline: x", None),
    ] {
        let text = rule(logsource, &format!("{{s: {{{field}}}, condition: s}}"));
        check(&text, &expected.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn dead_conditions() {
    for (detection, expected) in [
        ("{s: {f: x}, u: {f: y}, condition: s}", "unused-selection"),
        ("{s: {f: x}, condition: s and not s}", "dead-condition"),
        ("{s: {f: x}, t: {g: x}, condition: s and (t and not s)}", "dead-condition"),
        ("{s: {f: x}, condition: s or not s}", "dead-condition"),
        ("{s_1: {f: x}, condition: 1 of s_* and not 1 of s_*}", "dead-condition"),
        ("{s: {f: x, g: y}, t: {f: x}, condition: s and not t}", "dead-condition"),
        ("{s: {f: x}, t: {f: y}, condition: s and t}", "contradiction"),
        ("{s_1: {f: x}, s_2: {f: y}, condition: all of s_*}", "contradiction"),
        ("{s: {f: [x, y], f|startswith: z}, condition: s}", "contradiction"),
        ("{s: {f: 4, f|contains: '5'}, condition: s}", "contradiction"),
        ("{s: {f: null, f|contains: x}, condition: s}", "contradiction"),
        ("{s: {f|gt: 5, f|lt: 5}, condition: s}", "contradiction"),
        ("{s: {f|gte: 6, f|lte: 5}, condition: s}", "contradiction"),
        ("{s: {f|re: 'a^b'}, condition: s}", "never-matches"),
        ("{s: {f|re: '$a'}, condition: s}", "never-matches"),
        ("{s: {f|re: 'a[^\\s\\S]'}, condition: s}", "never-matches"),
        ("{s: {f: '*'}, condition: s}", "always-matches"),
        ("{s: {f|contains: ''}, condition: s}", "always-matches"),
        ("{s: {f|contains|all: x}, condition: s}", "all-of-one"),
        ("{s: {f|base64offset: x}, condition: s}", "offset-not-contains"),
        ("{s: {f|wide|contains: x}, condition: s}", "wide-not-encoded"),
        ("{s: {f: [x, X]}, condition: s}", "repeated-value"),
        ("{s: {f: x}, timeframe: 5m, condition: s}", "lone-timeframe"),
        ("{s: {f: x}, timeframe: 5m, condition: s | count() > 5}", "old-aggregation"),
        ("{s: {f|expand: '%list%'}, condition: s}", "no-list"),
        ("{s: {f|expand: list}, condition: s}", "no-placeholder"),
    ] {
        check(&rule(LINUX, detection), &[expected]);
    }
}

#[test]
fn what_can_be_is_not_told() {
    for detection in [
        "{s: {f: x}, t: {f: y}, condition: s or t}",
        "{s: {f: x}, t: {f: y}, condition: s and not t}",
        "{s: {f: [x, y], f|startswith: x}, condition: s}",
        "{s: {f|contains: x, f|startswith: z}, condition: s}",
        "{s: {f|gte: 5, f|lte: 5}, condition: s}",
        "{s: [{f: x}, {f: y}], condition: s}",
        "{s: {f: 5, f|contains: '5'}, condition: s}",
        "{s: {f: x, f|contains: X}, condition: s}",
        "{s: {f|re: '(?m)a$b?'}, condition: s}",
        "{s: {f|re: '^$'}, condition: s}",
        "{s: {f|re: ['a', 'A']}, condition: s}",
        "{s: {f|expand: '%list%', f: x}, t: {f|neq: x}, condition: s or t}",
    ] {
        let fired = fired(&rule(LINUX, detection));
        assert!(fired.iter().all(|name| name == "no-list"), "{detection}: {fired:?}");
    }
}

#[test]
fn paths_without_a_directory() {
    for (item, expected) in [
        ("Image: cmd.exe", true),
        ("Image|startswith: cmd.exe", true),
        ("Image|endswith: cmd.exe", false),
        (r"Image: '*\cmd.exe'", false),
        (r"Image: C:\cmd.exe", false),
        ("Image: System", false),
    ] {
        let text = rule(PROCESS, &format!("{{s: {{{item}}}, condition: s}}"));
        check(&text, if expected { &["relative-image"] } else { &[] });
    }
}

#[test]
fn costs() {
    let long: Vec<String> = (0..6_000).map(|number| format!("v{number}")).collect();
    for (item, expected) in [
        ("f|re: '.*abc'".to_owned(), "leading-any"),
        ("f|re|s: '.*abc'".to_owned(), "leading-any"),
        ("f|re: '(?:[a-f]{1,500}x){1,50}'".to_owned(), "expensive-regex"),
        (format!("f|re: '{}'", long.join("|")), ""),
        (format!("f: [{}]", long.join(", ")), "huge-alternation"),
    ] {
        let fired = fired(&rule(LINUX, &format!("{{s: {{{item}}}, condition: s}}")));
        assert!(expected.is_empty() || fired.contains(&expected.to_owned()), "{expected}: {fired:?}");
    }
    check(&rule(LINUX, "{s: {f|re: 'abc.*def'}, condition: s}"), &[]);
}

#[test]
fn duplicate_ids_filters_and_lists() {
    let good = rule(LINUX, "{s: {f: x}, condition: s}");
    check(&format!("{good}---\n{good}"), &["duplicate-id"]);
    let filter =
        "title: f\nlogsource: {product: linux}\nfilter: {rules: [other], s: {f: x}, condition: not s}\n";
    check(&format!("{good}---\n{filter}"), &["filter-misses"]);
}

/// Law LIMIT: hostile rules are linted in bounded time.
#[test]
fn hostile_rules_are_linted() {
    let items: Vec<String> = (0..5_000).map(|number| format!("f{number}|contains: x")).collect();
    let parts = vec!["s"; 500].join(" and ");
    let text = rule(LINUX, &format!("{{s: {{{}}}, condition: {parts}}}", items.join(", ")));
    assert!(lint(&[source(&text)]).len() < 10);
    let nested = "not ".repeat(60) + "s";
    let _ = lint(&[source(&rule(LINUX, &format!("{{s: {{f: x}}, condition: {nested}}}")))]);
}

/// Every lint of the table has a case above that makes it fire, or one of its own elsewhere.
#[test]
fn every_name_in_a_message_is_in_the_table() {
    let mut names: Vec<&str> = LINTS.iter().map(|lint| lint.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "a name twice");
    for directory in ["src", "src/sigma", "src/lint"] {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            if path.ends_with("tests.rs") {
                continue;
            }
            for (_, rest) in text.match_indices("\"[").map(|(at, _)| text.split_at(at + 2)) {
                let Some((name, _)) = rest.split_once("] ") else { continue };
                let is_name =
                    !name.is_empty() && name.chars().all(|char| char.is_ascii_lowercase() || char == '-');
                assert!(!is_name || names.contains(&name), "{name} in {}", path.display());
            }
            for (_, rest) in text.match_indices(".add(\"").map(|(at, _)| text.split_at(at + 6)) {
                let name = rest.split('"').next().unwrap_or_default();
                assert!(names.contains(&name) || !path.to_string_lossy().contains("lint"), "{name}");
            }
        }
    }
}

/// The page lists the lints as the code does.
#[test]
fn the_page_lists_every_lint() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/rule-lints.md");
    let page = std::fs::read_to_string(path).unwrap();
    let listed: Vec<(&str, &str)> = page
        .lines()
        .filter_map(|line| {
            let (name, finds) = line.strip_prefix("| `")?.split_once("` | ")?;
            Some((name, finds.strip_suffix(" |")?))
        })
        .collect();
    let table: Vec<(&str, &str)> = LINTS.iter().map(|lint| (lint.name, lint.finds)).collect();
    assert_eq!(listed, table);
}
