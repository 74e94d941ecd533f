//! Questions that are meant to harm, and questions of random words.

use proptest::prelude::*;
use sentra_ask::{
    CONFIDENCE_MIN, Context, ENGLISH_BYTES_MAX, EXAMPLES, Form, Intent, QUESTION_BYTES_MAX, RuleId,
    SUGGESTIONS, route, understand,
};

use crate::common::context;

#[test]
fn every_example_is_understood() {
    let context = context();
    for example in EXAMPLES {
        let understood =
            understand(example, &context).unwrap_or_else(|refused| panic!("{example}: {refused:?}"));
        assert!(understood.unused.is_empty(), "{example}: {:?}", understood.unused);
        assert!(understood.confidence >= 0.9, "{example}: {}", understood.confidence);
    }
}

#[test]
fn a_negation_that_is_not_understood_is_refused() {
    for question in [
        "logins that never happened",
        "users without mfa",
        "hosts that are not patched",
        "logins that never worked",
    ] {
        let refused = understand(question, &context()).expect_err(question);
        assert!(refused.confidence < CONFIDENCE_MIN, "{question}");
    }
}

#[test]
fn an_unused_word_is_listed_and_costs_confidence() {
    let whole = understand("failed logins of bob yesterday", &context()).unwrap();
    assert!(whole.unused.is_empty());
    let more = understand("suspicious failed logins of bob yesterday", &context()).unwrap();
    let words: Vec<&str> = more.unused.iter().map(|unused| unused.word.as_str()).collect();
    assert_eq!(words, ["suspicious"]);
    assert!(more.confidence < whole.confidence);
    let refused =
        understand("suspicious clandestine failed logins of bob yesterday", &context()).unwrap_err();
    assert_eq!(refused.unused.len(), 2);
    assert_eq!(refused.suggestions.len(), SUGGESTIONS);
}

#[test]
fn what_weighs_is_not_passed_over() {
    for question in [
        "failed logins from 999.999.999.999",
        "logins on 31 february",
        "percentage of failed logins per host",
        "users created and deleted within a day",
        "show me the events of tenant acme",
        "events of all tenants",
    ] {
        assert!(understand(question, &context()).is_err(), "{question}");
    }
}

#[test]
fn names_cannot_leave_their_quotes() {
    for question in [
        r#"events containing "a\" | take 1" today"#,
        "failed logins of x\"|union yesterday",
        "events containing \"\\\" or 1==1\" today",
        "logins by \"bob\u{0}; drop\" today",
        "user:a\"b logins",
    ] {
        if let Ok(understood) = understand(question, &context()) {
            let query = sentra_kql::parse(&understood.kql).unwrap();
            assert!(query.pipeline.steps.len() <= 4, "{question}: {}", understood.kql);
            assert!(query.lets.is_empty(), "{question}: {}", understood.kql);
        }
    }
}

#[test]
fn long_questions_are_refused() {
    let long = "failed logins ".repeat(ENGLISH_BYTES_MAX);
    assert!(understand(&long, &context()).is_err());
    let decision = route(&"a".repeat(QUESTION_BYTES_MAX + 1), &context());
    assert_eq!(decision.rules, [RuleId::R09]);
    assert!(decision.confidence <= 0.0);
}

#[test]
fn sql_that_would_change_something_is_named() {
    for statement in [
        "DROP TABLE events",
        "select * from events; delete from events",
        "update incidents set status = 'closed'",
    ] {
        let decision = route(statement, &context());
        assert_eq!(decision.form, Form::Sql, "{statement}");
        assert!(decision.rules.contains(&RuleId::R62), "{statement}: {:?}", decision.rules);
    }
}

#[test]
fn compound_questions_say_what_passes() {
    let decision = route("similar incidents to 42 and how often last quarter", &context());
    assert_eq!(decision.intent, Intent::Compound);
    let takes: Vec<Option<&str>> = decision.parts.iter().map(|part| part.takes.as_deref()).collect();
    assert_eq!(takes, [None, Some("incidents")]);
    assert!(decision.rules.contains(&RuleId::R40));
}

#[test]
fn this_incident_is_the_one_being_looked_at() {
    let mut context = context();
    assert!(understand("more like this incident", &context).is_err());
    context.incident = Some("inc-0123456789abcdef".into());
    for question in
        ["more like this incident", "similar incidents", "what other incidents look like this one"]
    {
        let understood =
            understand(question, &context).unwrap_or_else(|refused| panic!("{question}: {refused:?}"));
        assert_eq!(understood.kql, "incidents | where similar(\"inc-0123456789abcdef\")", "{question}");
    }
}

#[test]
fn hours_are_those_of_the_asker() {
    let mut context: Context = context();
    context.zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let understood = understand("logins of bob outside business hours", &context).unwrap();
    assert!(understood.kql.contains("hourofday(time + 1h) between (9 .. 16)"), "{}", understood.kql);
}

/// Words of the grammar and others, in any order.
fn word() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "failed",
        "logins",
        "by",
        "of",
        "from",
        "user",
        "host",
        "top",
        "10",
        "last",
        "week",
        "per",
        "hour",
        "not",
        "similar",
        "to",
        "incident",
        "42",
        "how",
        "many",
        "different",
        "and",
        "or",
        ",",
        "then",
        "between",
        "14:00",
        "on",
        "3",
        "march",
        "compare",
        "with",
        "yesterday",
        "10.1.2.3",
        "web01",
        "evil.example",
        "\"a b\"",
        "user:bob",
        "more",
        "than",
        "which",
        "hosts",
        "who",
        "sum",
        "bytes",
        "since",
        "monday",
        "'s",
        "the",
        "outside",
        "business",
        "hours",
        "(",
        "|",
        "==",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "\\PC{0,12}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 400 } else { 4_000 }))]

    #[test]
    fn any_words_are_routed_and_what_is_understood_is_kql(words in prop::collection::vec(word(), 0..24)) {
        let question = words.join(" ");
        let context = context();
        let decision = route(&question, &context);
        prop_assert_eq!(&decision, &route(&question, &context));
        prop_assert!(!decision.parts.is_empty() && !decision.rules.is_empty() && !decision.engines.is_empty());
        prop_assert!((0.0..=1.0).contains(&decision.confidence));
        if let Some(Ok(understood)) = &decision.english {
            prop_assert!(understood.confidence >= CONFIDENCE_MIN);
            for step in &understood.steps {
                prop_assert!(sentra_kql::parse(&step.kql).is_ok(), "{}", step.kql);
            }
            for part in &understood.parts {
                prop_assert!(question.get(part.span.0..part.span.1).is_some(), "{:?}", part);
            }
        }
    }

    #[test]
    fn any_text_is_routed(text in "\\PC{0,200}") {
        let decision = route(&text, &context());
        prop_assert!(!decision.reason.is_empty());
    }
}
