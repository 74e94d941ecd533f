//! What packs hold beside their rules, at work: lists, tables, mappings and filters.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Sources, World, rule, rule_id, simple};
use sentra_detect::{ProblemSeverity, RuleProblem};
use sentra_packs::{PackError, PackFiles, PackStore, compile_rules, load_rules, shared_lists};

/// A rule with `detection` for Linux.
fn detecting(number: u8, detection: &str) -> String {
    format!(
        "title: Rule {number}\nid: {}\nstatus: test\nlevel: high\nlogsource:\n  product: linux\ndetection: {detection}\n",
        rule_id(number)
    )
}

/// Samples for the rule `number`: it finds the first message and not the second.
fn samples_of(number: u8, found: &str, not_found: &str) -> String {
    let line = |message: &str| format!("['2026-11-20T10:00:00+00:00 web-1 app[1]: {message}']");
    format!(
        "rule: {}\nsamples:\n  - {{name: there, format: syslog, expect: match, lines: {}}}\n  \
         - {{name: not there, format: syslog, expect: none, lines: {}}}\n",
        rule_id(number),
        line(found),
        line(not_found)
    )
}

fn filter(title: &str, rules: &str, message: &str) -> String {
    format!(
        "title: {title}\nlogsource:\n  product: linux\nfilter:\n  rules: {rules}\n  known:\n    message|contains: {message}\n  condition: not known\n"
    )
}

const MAPPING: &str =
    "name: ours\ntransformations:\n  - {type: field_name_mapping, mapping: {text_of_it: message}}\n";

fn loaded(packs: &[&Sources]) -> PackFiles {
    let mut files = PackFiles::default();
    packs.iter().for_each(|pack| files.extend(load_rules(pack.path()).unwrap()));
    files
}

/// `file:line: message` of what is wrong.
fn said(problems: &[RuleProblem]) -> String {
    let lines = problems.iter().map(|problem| {
        let file = problem.path.rsplit('/').next().unwrap();
        format!("{file}:{}: {:?}: {}", problem.line, problem.severity, problem.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The store runs the samples of a pack with all of it; they hold only where each kind does what it is for.
#[test]
fn a_pack_works_with_everything_in_it() {
    let world = World::new();
    let order = world.order();
    let kinds = [
        (
            "lists/bad_words.txt",
            "# what nobody says\n\nw?rst  // or w0rst\n  # indented\n// another comment\nevil\\*thing\n"
                .to_owned(),
        ),
        ("mappings/ours.yml", MAPPING.to_owned()),
        ("filters/accepted.yml", filter("Accepted", &format!("[{}]", rule_id(1)), "accepted")),
    ];
    let make = |version: &str, kinds: &[&(&str, String)]| {
        let rule = detecting(1, "{s: {text_of_it|expand: '* %bad_words% *'}, condition: s}");
        let sources = Sources::new("acme", version, "")
            .file("rules/one.yml", &rule)
            .file("tests/one.yml", &samples_of(1, "an evil*thing came", "an evil thing came"))
            .file("tests/two.yml", &samples_of(1, "the w0rst day", "the woorst day"))
            .file("tests/three.yml", &samples_of(1, "the worst day", "the worst accepted day"));
        kinds.iter().fold(sources, |sources, (path, text)| sources.file(path, text)).signed(&world.key)
    };
    let mut store = PackStore::open(&world.packs()).unwrap();
    let report = store.install(&make("1", &kinds.each_ref()), &order).unwrap();
    assert_eq!(report.warnings, []);
    assert!(report.samples >= 6, "{report:?}");
    for (missing, _) in &kinds {
        let kept: Vec<_> = kinds.iter().filter(|(path, _)| path != missing).collect();
        let error = store.upgrade(&make("2", &kept), &order).unwrap_err();
        assert!(matches!(error, PackError::Refused { .. }), "without {missing}: {error}");
    }
}

#[test]
fn a_mapping_is_for_its_own_pack_and_filters_are_for_all() {
    let detection = "{s: {text_of_it|contains: evil}, condition: s}";
    let one = Sources::new("one", "1", "").file("rules/a.yml", &detecting(1, detection));
    let one = one.file("mappings/ours.yml", MAPPING);
    let two = Sources::new("two", "1", "")
        .file("rules/b.yml", &detecting(2, detection))
        .file("filters/f.yml", &filter("Accepted", "any", "accepted"));
    let files = loaded(&[&one, &two]);
    let (rules, problems) = compile_rules(&files);
    assert_eq!(said(&problems), "");
    let rules = std::sync::Arc::new(rules);
    let decoder = sentra_decode::Decoder::new(sentra_decode::DecodeOptions::default());
    let failures = |number: u8, found: &str, not_found: &str| {
        let samples = samples_of(number, found, not_found);
        sentra_packs::check_samples("t.yml", &samples, &rules, &decoder).failures.len()
    };
    assert_eq!(failures(1, "an evil day", "an accepted evil day"), 0);
    assert_eq!(failures(2, "an evil day", "an evil day"), 1, "the field is not mapped in the other pack");
}

#[test]
fn what_is_wrong_with_lists_is_said_with_its_line() {
    let pack = simple("acme", "1", 1, "evil")
        .file("lists/twice.txt", "a\n")
        .file("lists/twice.csv", "a,b\n1,2\n")
        .file("lists/empty.txt", "# nothing\n// at all\n")
        .file("lists/zero.txt", "a\nb\0\n")
        .file("lists/empty_table.csv", "")
        .file("lists/nets.cidr.txt", "# ours\n192.0.2.0/24\nnowhere\n")
        .file("lists/names.regex.txt", "^web-\n(\n")
        .file("lists/hosts.csv", "host,net:cidr,score:nummer\n");
    let (lists, problems) = shared_lists(&loaded(&[&pack]));
    let text = said(&problems);
    for wanted in [
        "twice.txt:1: Error: there is another list \"twice\": ",
        "empty.txt:1: Warning: the list is empty",
        "zero.txt:2: Error: a list is text",
        "empty_table.csv:1: Error: ",
        "nets.cidr.txt:3: Warning: ",
        "names.regex.txt:2: Warning: ",
        "hosts.csv:1: Error: column \"score\"",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
    assert_eq!(problems.len(), 7, "{text}");
    let known = lists.current();
    assert_eq!(known.names().collect::<Vec<_>>(), ["empty", "names", "nets", "twice"]);
    assert_eq!(known.texts("nets"), None, "a list of networks is none of texts");
    // The server, which compiles rules alone, is told the same.
    let (_, problems) = compile_rules(&loaded(&[&pack]));
    assert_eq!(problems.len(), 7, "{}", said(&problems));
}

#[test]
fn a_list_that_a_placeholder_cannot_take_whole_is_an_error_of_who_uses_it() {
    let many: String = (0..10_001).map(|number| format!("word{number}\n")).collect();
    let unused = simple("acme", "1", 1, "evil").file("lists/many.txt", &many);
    assert_eq!(said(&compile_rules(&loaded(&[&unused])).1), "");
    let used = unused.file("rules/two.yml", &detecting(2, "{s: {message|expand: '%many%'}, condition: s}"));
    let (_, problems) = compile_rules(&loaded(&[&used]));
    let text = said(&problems);
    assert!(text.starts_with("many.txt:1: Error: the list has more values"), "{text}");
    assert!(text.contains(&rule_id(2)), "{text}");
}

#[test]
fn what_is_wrong_with_mappings_and_filters_is_said_with_its_line() {
    let pack = simple("acme", "1", 1, "evil")
        .file("mappings/a.yml", "name: a\ntransformations:\n  - {type: field_name_maping, mapping: {a: b}}\n")
        .file("mappings/b.yml", "name: b\ntransformations: []\nfinalizers: []\n")
        .file("filters/c.yml", &filter("Nobody", "[no-such-rule]", "x"))
        .file("filters/d.yml", &rule(2, "misplaced"))
        .file("filters/e.yml", "title: e\n");
    let (rules, problems) = compile_rules(&loaded(&[&pack]));
    let text = said(&problems);
    for wanted in [
        "a.yml:3: Error: pipeline: unknown transformation \"field_name_maping\"; did you mean",
        "b.yml:3: Warning: ",
        "c.yml:5: Warning: ",
        "d.yml:1: Error: filters/ is for filters",
        "e.yml:1: Error: ",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
    assert!(rules.rules().iter().any(|rule| rule.reference().id == rule_id(1)), "the others run");
    let errors = problems.iter().filter(|problem| problem.severity == ProblemSeverity::Error);
    assert_eq!(errors.count(), 3, "{text}");
}
