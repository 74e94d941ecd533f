//! The rest of the Sigma language: the old form of correlations, collections, filters, lists, pipelines.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::sync::Arc;

use common::{data, errors, files, rule_sources};
use sentra_detect::{
    CompileOptions, Detector, Pipeline, ProblemSeverity, RuleProblem, RuleSet, RuleSource, lint, lint_counts,
};
use sentra_model::{
    BatchBuilder, Event, EventBatch, EventId, Mart, RawRecord, RuleKind, Source, SourceKind, TenantId,
    Timestamp,
};

fn source(path: &str, text: &str) -> RuleSource {
    RuleSource { path: path.to_owned(), text: text.to_owned(), pack: "core@1".to_owned() }
}

/// The set of `text`; nothing in it is wrong.
fn good(text: &str) -> (RuleSet, Vec<RuleProblem>) {
    let (rules, problems) = RuleSet::compile(vec![source("rules/test.yml", text)]);
    assert_eq!(errors(&problems), Vec::<&RuleProblem>::new(), "{text}");
    (rules, problems)
}

fn with_options(texts: &[&str], options: &CompileOptions) -> (RuleSet, Vec<RuleProblem>) {
    let sources = texts.iter().map(|text| source("rules/test.yml", text)).collect();
    RuleSet::compile_with(sources, options)
}

fn pipelines(text: &str) -> CompileOptions {
    let (pipeline, _) = Pipeline::read("p.yml", text).unwrap();
    CompileOptions { pipelines: vec![pipeline], ..CompileOptions::default() }
}

/// An event at a second, with fields.
type Given<'a> = (i64, &'a [(&'a str, &'a str)]);

fn batch(product: &'static str, events: &[Given<'_>]) -> EventBatch {
    let reference = Timestamp::from_seconds(0);
    let source = Source { kind: SourceKind::File, origin: "test".to_owned(), format: None, reference };
    let mut builder = BatchBuilder::new(TenantId::default_tenant(), Mart::LINUX);
    for (offset, (second, fields)) in (0..).zip(events) {
        let mut event = Event::new("test", Mart::LINUX, Timestamp::from_seconds(*second));
        event.product = product.into();
        fields.iter().for_each(|(name, value)| event.push(*name, *value));
        let record = RawRecord { source: &source, position: 1, received: reference, bytes: b"raw" };
        builder.push(EventId::raw(0, offset), &record, &event).unwrap();
    }
    builder.finish().unwrap()
}

/// Titles of the rules that fire on `events`, and where.
fn fired(rules: RuleSet, product: &'static str, events: &[Given<'_>]) -> Vec<(String, usize)> {
    let mut detector = Detector::new(Arc::new(rules));
    let found = detector.process(&batch(product, events));
    found.iter().map(|found| (found.rule.title.clone(), found.row)).collect()
}

/// Whether the rules, all with the same title, match one event.
fn matches(rules: RuleSet, fields: &[(&str, &str)]) -> bool {
    !fired(rules, "linux", &[(0, fields)]).is_empty()
}

fn rule(detection: &str) -> String {
    format!(
        "title: t\nid: 6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a01\nlevel: low\nlogsource: {{product: linux}}\ndetection: {detection}\n"
    )
}

#[test]
fn a_count_of_the_old_form_becomes_a_correlation() {
    let text = rule("{s: {f: x}, timeframe: 10s, condition: 's | count() by host_name > 2'}");
    let (rules, problems) = good(&text);
    assert_eq!(problems.len(), 1, "{problems:?}");
    let warning = &problems[0];
    assert_eq!((warning.severity, warning.line), (ProblemSeverity::Warning, 5));
    let today = "{type: event_count, group-by: [host_name], condition: {gt: 2}, timespan: 10s, \
                 rules: [6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a01.1]}";
    assert!(warning.message.starts_with("[old-aggregation]"), "{problems:?}");
    assert!(warning.message.contains(today), "{problems:?}");
    let kinds: Vec<_> = rules.rules().iter().map(|rule| (rule.reference().kind, rule.reports())).collect();
    assert_eq!(kinds, [(RuleKind::Sigma, false), (RuleKind::Correlation, true)]);
    assert_eq!(rules.rules()[1].reference().id, "6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a01");

    let (a, b): (&[_], &[_]) = (&[("f", "x"), ("host_name", "a")], &[("f", "x"), ("host_name", "b")]);
    let other: &[_] = &[("f", "y"), ("host_name", "a")];
    let events = [(0, a), (1, a), (2, b), (3, other), (4, a)];
    assert_eq!(fired(rules, "linux", &events), [("t".to_owned(), 4)]);
    let (rules, _) = good(&text);
    assert_eq!(fired(rules, "linux", &[(0, a), (1, a), (20, a)]), [], "not within the timeframe");
}

#[test]
fn a_count_of_values_becomes_a_correlation() {
    let text = rule("{s: {f: x}, timeframe: 10s, condition: 's | count(user_name) by host_name >= 2'}");
    let (rules, _) = good(&text);
    let event = |user: &'static str| [("f", "x"), ("host_name", "a"), ("user_name", user)];
    let (a, b) = (event("a"), event("b"));
    assert_eq!(fired(rules, "linux", &[(0, &a), (1, &a), (2, &b)]), [("t".to_owned(), 2)]);
}

#[test]
fn the_highest_above_a_bound_is_any_above_it() {
    for (aggregation, expected) in [("max(size) > 100", 1), ("min(size) < 10", 2)] {
        let (rules, _) =
            good(&rule(&format!("{{s: {{f: x}}, timeframe: 10s, condition: 's | {aggregation}'}}")));
        let event = |size: &'static str| [("f", "x"), ("size", size)];
        let (small, large, tiny) = (event("50"), event("101"), event("9"));
        let events: [Given<'_>; 3] = [(0, &small), (1, &large), (2, &tiny)];
        assert_eq!(fired(rules, "linux", &events), [("t".to_owned(), expected)], "{aggregation}");
    }
}

#[test]
fn near_becomes_a_temporal_correlation() {
    let text = rule("{a: {f: a}, b: {f: b}, c: {f: c}, timeframe: 10s, condition: a | near b and c}");
    let (rules, _) = good(&text);
    let event = |value: &'static str| [("f", value)];
    let (a, b, c) = (event("a"), event("b"), event("c"));
    assert_eq!(fired(rules, "linux", &[(0, &b), (3, &a), (5, &c)]), [("t".to_owned(), 2)]);
    let (rules, _) = good(&text);
    assert_eq!(fired(rules, "linux", &[(0, &b), (3, &a)]), []);
}

#[test]
fn what_the_old_form_cannot_say_is_refused() {
    for (detection, part) in [
        ("{s: {f: x}, condition: ['s | count() > 5', s]}", "one of several conditions"),
        ("{s: {f: x}, condition: 's | count() > 5 | count() > 6'}", "is no number"),
        ("{s: {f: x}, condition: 's | count() > 0.5'}", "cannot be upgraded"),
        ("{s: {f: x}, condition: 's | near other'}", "no selection \"other\""),
        ("{s: {f: x}, timeframe: 5 minutes, condition: 's | count() > 5'}", "cannot be upgraded"),
    ] {
        let (rules, problems) = RuleSet::compile(vec![source("rules/test.yml", &rule(detection))]);
        assert!(rules.is_empty(), "{detection}");
        let errors = errors(&problems);
        assert!(errors.len() == 1 && errors[0].message.contains(part), "{detection}: {problems:?}");
    }
}

#[test]
fn a_collection_of_the_old_form_is_several_rules() {
    let text = "action: global\ntitle: t\nlevel: low\nlogsource: {product: linux}\ndetection: {condition: s}\n---\n\
                id: 6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a01\ndetection: {s: {f: one}}\n---\n\
                action: repeat\nid: 6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a02\ndetection: {s: {f: two}}\n---\n\
                action: reset\n---\n\
                title: u\nid: 6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a03\nlevel: low\nlogsource: {product: linux}\n\
                detection: {s: {f: three}, condition: s}\n";
    let (rules, problems) = good(text);
    assert_eq!(problems, []);
    let titles: Vec<_> = rules.rules().iter().map(|rule| rule.reference().title.clone()).collect();
    assert_eq!(titles, ["t", "t", "u"]);
    let event = |value: &'static str| [("f", value)];
    let (one, two, three) = (event("one"), event("two"), event("three"));
    let found = fired(rules, "linux", &[(0, &one), (1, &two), (2, &three)]);
    assert_eq!(found, [("t".to_owned(), 0), ("t".to_owned(), 1), ("u".to_owned(), 2)]);
}

const FILTER: &str = "title: not of ours\nlogsource: {product: linux}\nfilter:\n  rules: [6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a01]\n  ours: {user_name|startswith: adm_}\n  condition: not ours\n";

#[test]
fn a_filter_narrows_the_rules_it_names() {
    let options = CompileOptions::default();
    let rule = rule("{s: {f: x}, condition: s}");
    let other = rule.replace("7a01", "7a02");
    let ours = [("f", "x"), ("user_name", "adm_1")];
    let theirs = [("f", "x"), ("user_name", "eve")];
    // Wherever it stands.
    for texts in [[FILTER, rule.as_str()], [rule.as_str(), FILTER]] {
        let (rules, problems) = with_options(&texts, &options);
        assert_eq!((rules.len(), problems), (1, vec![]));
        assert_eq!(fired(rules, "linux", &[(0, &ours), (1, &theirs)]), [("t".to_owned(), 1)]);
    }
    let (rules, problems) = with_options(&[FILTER, &rule, &other], &options);
    assert_eq!(problems, []);
    assert_eq!(fired(rules, "linux", &[(0, &ours)]).len(), 1, "the other rule is as it was");
    let any = FILTER.replace("[6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a01]", "any");
    let (rules, problems) = with_options(&[&any, &rule, &other], &options);
    assert_eq!(problems, []);
    assert_eq!(fired(rules, "linux", &[(0, &ours)]), []);
    let elsewhere = any.replace("product: linux", "product: windows");
    let (rules, _) = with_options(&[&elsewhere, &rule], &options);
    assert!(matches(rules, &ours), "the filter is for another logsource");
}

#[test]
fn a_filter_narrows_what_a_correlation_counts() {
    let text = rule("{s: {f: x}, timeframe: 10s, condition: 's | count() > 1'}");
    let (rules, _) = with_options(&[FILTER, &text], &CompileOptions::default());
    let ours = [("f", "x"), ("user_name", "adm_1")];
    assert_eq!(fired(rules, "linux", &[(0, &ours), (1, &ours), (2, &ours)]), []);
}

#[test]
fn wrong_filters_are_told() {
    let rule = rule("{s: {f: x}, condition: s}");
    for (from, to, severity, part) in [
        ("7a01", "7a0f", ProblemSeverity::Warning, "did you mean \"6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a01\"?"),
        ("  rules: [6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a01]\n", "", ProblemSeverity::Error, "names no rules"),
        ("not ours", "not ors", ProblemSeverity::Error, "did you mean \"ours\"?"),
        ("not ours", "ours | count() > 5", ProblemSeverity::Error, "cannot aggregate"),
    ] {
        let (_, problems) = with_options(&[&FILTER.replace(from, to), &rule], &CompileOptions::default());
        let found =
            problems.iter().any(|problem| problem.severity == severity && problem.message.contains(part));
        assert!(found, "{to}: {problems:?}");
    }
}

#[test]
fn placeholders_stand_for_the_values_of_lists() {
    let admins = rule("{s: {user_name|expand: '%admins%'}, condition: s}");
    let with = |values: &[&str]| {
        let mut options = CompileOptions::default();
        assert!(options.lists.set("admins", values.iter().map(|value| (*value).to_owned())));
        with_options(&[&admins], &options).0
    };
    assert!(matches(with(&["root", "adm_*"]), &[("user_name", "ADM_1")]));
    assert!(!matches(with(&["root", "adm_*"]), &[("user_name", "eve")]));
    // The list is another one, and so are the matches.
    assert!(matches(with(&["eve"]), &[("user_name", "eve")]));
    assert!(!matches(with(&[]), &[("user_name", "")]), "nothing is in an empty list");
    assert_eq!(with(&["root"]).rules()[0].lists(), ["admins"]);

    let network = rule("{s: {ip|cidr|expand: '%ours%'}, condition: not s}");
    let mut options = CompileOptions::default();
    options.lists.set("ours", ["192.0.2.0/24".to_owned(), "no network".to_owned()]);
    let (rules, problems) = with_options(&[&network], &options);
    assert!(problems.len() == 1 && problems[0].message.contains("[bad-list-value]"), "{problems:?}");
    assert!(!matches(rules, &[("ip", "192.0.2.9")]));
}

#[test]
fn an_absent_list_matches_nothing_and_is_told() {
    let text = rule("{s: {user_name|expand: ['%admins%', root]}, condition: s}");
    let (rules, problems) = with_options(&[&text], &CompileOptions::default());
    assert_eq!(rules.len(), 1);
    assert!(problems.iter().any(|problem| problem.message.contains("placeholder %admins%")), "{problems:?}");
    assert!(matches(rules, &[("user_name", "root")]), "the other values still match");
    let (rules, _) = with_options(&[&text], &CompileOptions::default());
    assert!(!matches(rules, &[("user_name", "%admins%")]));
}

#[test]
fn a_pipeline_changes_what_matches() {
    let text = rule("{s: {Image|endswith: /nc}, f: {User: root}, condition: s and not f}");
    let options = pipelines(
        "name: p\ntransformations: [{type: field_name_mapping, mapping: {Image: process.executable, User: [user.name, user.id]}}]\n",
    );
    let compile = || with_options(&[&text], &options).0;
    assert!(matches(compile(), &[("process.executable", "/bin/nc")]));
    assert!(!matches(compile(), &[("Image", "/bin/nc")]));
    assert!(!matches(compile(), &[("process.executable", "/bin/nc"), ("user.id", "root")]));
}

#[test]
fn a_pipeline_renames_what_correlations_group_by() {
    let correlation = "title: c\nid: 6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a09\nlevel: low\ncorrelation:\n  type: value_count\n  rules: [6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a01]\n  group-by: [Host]\n  timespan: 10s\n  condition: {field: User, gte: 2}\n";
    let single = rule("{s: {f: x}, condition: s}");
    let old = rule("{s: {f: x}, timeframe: 10s, condition: 's | count(User) by Host >= 2'}");
    let options = pipelines(
        "name: p\ntransformations: [{type: field_name_mapping, rule_conditions: [{type: logsource, product: linux}], mapping: {Host: host.name, User: user.name}}]\n",
    );
    let event = |user: &'static str| [("f", "x"), ("host.name", "h"), ("user.name", user)];
    let (a, b) = (event("a"), event("b"));
    for texts in [vec![correlation, single.as_str()], vec![old.as_str()]] {
        let (rules, problems) = with_options(&texts, &options);
        assert_eq!(errors(&problems), Vec::<&RuleProblem>::new());
        let found = fired(rules, "linux", &[(0, &a), (1, &a), (2, &b)]);
        assert_eq!(found.iter().map(|(_, row)| *row).collect::<Vec<_>>(), [2], "{texts:?}");
    }
}

/// Law of packs: what one calls its fields is nothing to the rules of another.
#[test]
fn a_pipeline_of_a_pack_is_for_the_rules_of_the_pack_alone() {
    let of = |pack: &str, id: &str, field: &str| {
        let text = format!(
            "title: {pack}\nid: {id}\nname: {pack}\nlevel: low\nlogsource: {{product: linux}}\ndetection: {{s: {{{field}: x}}, condition: s}}\n"
        );
        RuleSource { path: format!("{pack}.yml"), text, pack: format!("{pack}@1") }
    };
    let mapping = |priority: i64, mapping: &str| {
        let text = format!(
            "name: p\npriority: {priority}\ntransformations: [{{type: field_name_mapping, mapping: {mapping}}}]\n"
        );
        Pipeline::read("p.yml", &text).unwrap().0
    };
    let pipelines = vec![
        mapping(30, "{f: last}"),
        mapping(10, "{a: b, Host: host.name}").for_pack("one@1"),
        mapping(20, "{b: f}").for_pack("one@1"),
        mapping(20, "{a: c, Host: computer}").for_pack("two@1"),
    ];
    assert_eq!((pipelines[0].pack(), pipelines[1].pack()), (None, Some("one@1")));
    let options = CompileOptions { pipelines, ..CompileOptions::default() };
    let ids = [1, 2, 3].map(|number| format!("6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a0{number}"));
    let correlation = RuleSource {
        path: "late.yml".to_owned(),
        text: format!(
            "title: late\nid: 6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a09\nlevel: low\ncorrelation:\n  type: temporal\n  rules: [one, {}]\n  group-by: [Host]\n  timespan: 10s\n  generate: true\n",
            ids[1]
        ),
        pack: "three@1".to_owned(),
    };
    let sources =
        vec![correlation, of("one", &ids[0], "a"), of("two", &ids[1], "a"), of("three", &ids[2], "a")];
    let (rules, problems) = RuleSet::compile_with(sources, &options);
    assert_eq!(errors(&problems), Vec::<&RuleProblem>::new());
    let events: [Given<'_>; 6] = [
        (0, &[("last", "x"), ("host.name", "h")]),
        (1, &[("c", "x"), ("computer", "other")]),
        (2, &[("c", "x"), ("computer", "h")]),
        (30, &[("a", "x"), ("Host", "h")]),
        (31, &[("b", "x"), ("Host", "h")]),
        (32, &[("f", "x"), ("Host", "h")]),
    ];
    let found = fired(rules, "linux", &events);
    let found: Vec<(&str, usize)> = found.iter().map(|(title, row)| (title.as_str(), *row)).collect();
    assert_eq!(found, [("one", 0), ("two", 1), ("two", 2), ("late", 2), ("three", 3)]);
}

#[test]
fn the_old_form_groups_by_what_the_pipelines_of_its_pack_say() {
    let text = rule("{s: {f: x}, timeframe: 10s, condition: 's | count() by Host >= 2'}");
    let options = |pack: &str| {
        let mapping = "name: p\ntransformations: [{type: field_name_mapping, mapping: {Host: host.name}}]\n";
        let (pipeline, _) = Pipeline::read("p.yml", mapping).unwrap();
        CompileOptions { pipelines: vec![pipeline.for_pack(pack)], ..CompileOptions::default() }
    };
    let (mapped, written): (&[_], &[_]) = (&[("f", "x"), ("host.name", "h")], &[("f", "x"), ("Host", "h")]);
    for (pack, wanted) in [("core@1", 1), ("core@2", 3)] {
        let (rules, _) = with_options(&[&text], &options(pack));
        let found = fired(rules, "linux", &[(0, mapped), (1, mapped), (2, written), (3, written)]);
        assert_eq!(found.iter().map(|(_, row)| *row).collect::<Vec<_>>(), [wanted], "{pack}");
    }
}

#[test]
fn a_rule_that_a_pipeline_refuses_is_told_with_the_reason() {
    let options =
        pipelines("name: p\ntransformations: [{type: rule_failure, message: no such events here}]\n");
    let (rules, problems) = with_options(&[&rule("{s: {f: x}, condition: s}")], &options);
    assert!(rules.is_empty());
    assert!(problems[0].message.contains("no such events here"), "{problems:?}");
}

#[test]
fn pipelines_are_applied_by_priority() {
    let pipeline = |priority: i64, from: &str, to: &str| {
        let text = format!(
            "name: p\npriority: {priority}\ntransformations: [{{type: field_name_mapping, mapping: {{{from}: {to}}}}}]\n"
        );
        Pipeline::read("p.yml", &text).unwrap().0
    };
    let pipelines = vec![pipeline(20, "b", "c"), pipeline(10, "a", "b")];
    let options = CompileOptions { pipelines, ..CompileOptions::default() };
    let (rules, _) = with_options(&[&rule("{s: {a: x}, condition: s}")], &options);
    assert!(matches(rules, &[("c", "x")]));
}

#[test]
fn the_built_in_pipelines_fit_events_under_other_names() {
    let process = "title: t\nid: 6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a01\nlevel: low\nlogsource: {product: windows, category: process_creation}\ndetection:\n  s: {Image|endswith: '\\whoami.exe', IntegrityLevel: System}\n  condition: s\n";
    for (name, fields) in [
        (
            "windows_audit",
            vec![
                ("Channel", "Security"),
                ("EventID", "4688"),
                ("NewProcessName", r"C:\Windows\System32\whoami.exe"),
                ("MandatoryLabel", "S-1-16-16384"),
            ],
        ),
        (
            "sysmon",
            vec![
                ("Channel", "Microsoft-Windows-Sysmon/Operational"),
                ("EventID", "1"),
                ("Image", r"C:\Windows\System32\whoami.exe"),
                ("IntegrityLevel", "System"),
            ],
        ),
        (
            "ecs",
            vec![
                ("Channel", "Microsoft-Windows-Sysmon/Operational"),
                ("EventID", "1"),
                ("process.executable", r"C:\Windows\System32\whoami.exe"),
                ("winlog.event_data.IntegrityLevel", "System"),
            ],
        ),
        (
            "ocsf",
            vec![
                ("Channel", "Microsoft-Windows-Sysmon/Operational"),
                ("EventID", "1"),
                ("process.file.path", r"C:\Windows\System32\whoami.exe"),
                ("process.integrity", "System"),
            ],
        ),
    ] {
        let options = CompileOptions {
            pipelines: vec![Pipeline::built_in(name).unwrap()],
            ..CompileOptions::default()
        };
        let (rules, problems) = with_options(&[process], &options);
        assert_eq!(errors(&problems), Vec::<&RuleProblem>::new(), "{name}");
        assert_eq!(fired(rules, "windows", &[(0, &fields)]).len(), 1, "{name}");
    }
}

#[test]
fn the_built_in_pipelines_take_the_public_rules() {
    let Some(data) = data() else { return };
    for (name, most) in [("ecs", 0), ("sysmon", 0), ("ocsf", 0), ("windows_audit", 1_200)] {
        let sources = rule_sources(&data.join("sigma/rules"));
        let options = CompileOptions {
            pipelines: vec![Pipeline::built_in(name).unwrap()],
            ..CompileOptions::default()
        };
        let (rules, problems) = RuleSet::compile_with(sources, &options);
        let errors = errors(&problems);
        println!("{name}: {} rules, {} refused", rules.len(), errors.len());
        assert!(errors.len() <= most, "{name}: {:?}", errors.first());
        assert!(errors.iter().all(|problem| problem.message.contains("needs Sysmon")), "{name}");
    }
}

#[test]
fn the_placeholder_rules_compile_with_and_without_lists() {
    let Some(data) = data() else { return };
    let sources = rule_sources(&data.join("sigma/rules-placeholder"));
    let count = sources.len();
    let (rules, problems) = RuleSet::compile(sources.clone());
    assert_eq!(errors(&problems), Vec::<&RuleProblem>::new());
    assert_eq!(rules.len(), count);
    let mut names: Vec<String> = rules.rules().iter().flat_map(|rule| rule.lists().to_vec()).collect();
    names.sort();
    names.dedup();
    let told = |name: &String| problems.iter().any(|problem| problem.message.contains(&format!("%{name}%")));
    assert!(names.len() > 5 && names.iter().all(told), "{names:?}");
    let mut options = CompileOptions::default();
    for name in &names {
        options.lists.set(name, ["10.0.0.1".to_owned()]);
    }
    let (_, problems) = RuleSet::compile_with(sources, &options);
    let unknown: Vec<_> = problems.iter().filter(|problem| problem.message.contains("[no-list]")).collect();
    assert_eq!(unknown, Vec::<&RuleProblem>::new());
}

/// Files whose rules mean nothing that an engine could do, and a word of the reason.
const MEANINGLESS: [(&str, &str); 4] = [
    ("net_dns_high_subdomain_rate.yml", "an aggregation stands behind '|'"),
    ("sysmon_always_install_elevated_parent_child_correlated.yml", "lists that are written by events"),
    ("win_dumping_ntdsdit_via_dcsync.yml", "lists that are written by events"),
    ("win_dumping_ntdsdit_via_netsync.yml", "lists that are written by events"),
];

/// Every file of rules that their authors gave up: it compiles, or the reason why not. A correlation that is
/// understood and waits for its kind is neither.
#[test]
fn the_unsupported_rules_compile_or_say_why_not() {
    let Some(data) = data() else { return };
    let (mut compiled, mut waiting, mut refused) = (0, 0, Vec::new());
    let paths = files(&data.join("sigma/unsupported"), "yml");
    for path in &paths {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (rules, problems) = RuleSet::compile(vec![source(&name, &text)]);
        match errors(&problems).first() {
            None => {
                assert!(!rules.is_empty(), "{name}: neither a rule nor a reason");
                compiled += 1;
            }
            Some(problem) if problem.message.contains("is not supported yet") => waiting += 1,
            Some(problem) => refused.push((name, problem.message.clone())),
        }
    }
    println!("{compiled} of {} compile, {waiting} wait, {} are refused", paths.len(), refused.len());
    assert_eq!((paths.len(), compiled + waiting), (87, 83));
    assert!(compiled >= 78, "{compiled}");
    assert_eq!(refused.len(), MEANINGLESS.len(), "{refused:#?}");
    for (name, part) in MEANINGLESS {
        let reason = refused.iter().find(|(refused, _)| refused == name).map(|(_, reason)| reason);
        assert!(reason.is_some_and(|reason| reason.contains(part)), "{name}: {reason:?}");
    }
}

#[test]
fn what_must_not_be_near_is_negated() {
    let text = rule("{a: {f: a}, b: {f: b}, c: {f: c}, timeframe: 10s, condition: a | near b and not c}");
    let (_, problems) = RuleSet::compile(vec![source("rules/test.yml", &text)]);
    let id = "6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a01";
    let today = format!(
        "{{type: temporal, condition: {id}.1 and {id}.2 and not {id}.3, timespan: 10s, rules: [{id}.1, {id}.2, {id}.3]}}"
    );
    assert!(problems.iter().any(|problem| problem.message.contains(&today)), "{problems:?}");
}

/// False alarms of lints on good rules are a defect of the lint.
#[test]
fn the_public_rules_are_linted_clean() {
    let Some(data) = data() else { return };
    let directories = ["rules", "rules-emerging-threats", "rules-threat-hunting"];
    let sources: Vec<RuleSource> =
        directories.iter().flat_map(|name| rule_sources(&data.join("sigma").join(name))).collect();
    let (rules, mut problems) = RuleSet::compile(sources.clone());
    problems.extend(lint(&sources));
    assert_eq!(rules.len(), 3_754);
    assert_eq!(errors(&problems), Vec::<&RuleProblem>::new());
    let counts = lint_counts(&problems);
    println!("{counts:?}");
    assert!(problems.len() <= 40, "{counts:?}");
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/rule-lints.md");
    let page = std::fs::read_to_string(page).unwrap();
    for (name, count) in counts {
        assert!(page.contains(&format!("- {count} × `{name}`")), "docs/rule-lints.md: {count} × {name}");
    }
}
