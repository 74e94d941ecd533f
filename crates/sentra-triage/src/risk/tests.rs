use proptest::prelude::*;
use sentra_model::{EntityType, RiskFactor, RuleKind, Severity, Signal, Timestamp, VerdictKind};

use super::context::reasons;
use super::*;
use crate::odds::{BASE_RATE, LOG_ODDS_MAX, log_odds, probability};
use crate::testing::{signal, target, with_enrichment};

fn score(signals: &[Signal]) -> f64 {
    assess(signals, &Precisions::new(0)).estimate().score
}

#[test]
fn more_techniques_mean_more_risk_and_repetition_none() {
    let one = [signal("a", 0, None, "h", "u")];
    let same = [signal("a", 0, None, "h", "u"), signal("a", 9, None, "h", "u")];
    let two = [signal("a", 0, None, "h", "u"), signal("b", 9, None, "h", "u")];
    let mut akin = two.clone();
    akin[1].techniques = vec!["Ta.001".to_owned()];
    assert_eq!(score(&one), score(&same));
    assert!(score(&akin) > score(&one) && score(&two) > score(&akin));
}

#[test]
fn one_signal_alone_keeps_the_probability_of_its_detector() {
    let alone = signal("a", 0, None, "h", "u");
    assert!((score(std::slice::from_ref(&alone)) - alone.probability.score).abs() < 1e-9);
}

#[test]
fn a_detector_that_is_always_wrong_neither_raises_nor_hides() {
    let mut precisions = Precisions::new(0);
    let noisy = Detector { rule: "noise".to_owned(), kind: RuleKind::Sigma };
    for number in 0..300 {
        precisions.learn(&noisy, target(number), VerdictKind::FalsePositive, Timestamp::from_seconds(number));
    }
    let of = |signals: &[Signal]| assess(signals, &precisions).estimate().score;
    let noise = signal("noise", 0, None, "h", "u");
    let finding = signal("a", 0, None, "h", "u");
    assert!(of(std::slice::from_ref(&noise)) < BASE_RATE);
    let alone = of(std::slice::from_ref(&finding));
    assert!((of(&[noise.clone(), finding]) - alone).abs() < 1e-12);
    let reasons = assess([&noise], &precisions).reasons;
    let learnt = reasons.iter().find(|reason| reason.factor == RiskFactor::Precision).unwrap();
    assert!(learnt.log_odds < -1.0 && learnt.what.contains("0 of 300 confirmed"), "{learnt:?}");
}

#[test]
fn what_is_known_of_the_entities_moves_the_risk_and_is_bounded() {
    let plain = signal("a", 0, None, "h", "u");
    let host = Some((EntityType::Host, "h"));
    let user = Some((EntityType::User, "u"));
    let with = |name: &str, about, value: &str| score(&[with_enrichment(plain.clone(), about, name, value)]);
    let base = score(std::slice::from_ref(&plain));
    assert!(with(enrichment::TIER, host, "1") > with(enrichment::TIER, host, "2"));
    assert!(with(enrichment::TIER, host, "2") > base && base > with(enrichment::TIER, host, "4"));
    assert!(with(enrichment::PRIVILEGE, user, "break_glass") > base);
    assert!(with(enrichment::STATUS, user, "terminated since 2026-01-31T00:00:00Z") > base);
    assert_eq!(with(enrichment::STATUS, user, "active"), base);
    assert!(with("first_seen.user_host", user, "true") > base);
    assert_eq!(with(enrichment::FIRST_SEEN, user, "false"), base);
    assert!(with("deviation.hour_user", user, "4") > base);
    assert!(with(enrichment::INDICATOR, None, "evil.example") > base);
    assert!(with(enrichment::DEVIATION, user, "6.0") > with(enrichment::DEVIATION, user, "3.4"));
    assert!(with(enrichment::RARITY, user, "12") > with(enrichment::RARITY, user, "7"));
    assert_eq!(with(enrichment::RARITY, user, "1"), base);
    for nonsense in ["", "NaN", "inf", "-1e308", "tier nonsense"] {
        assert_eq!(with(enrichment::DEVIATION, user, nonsense), base, "{nonsense:?}");
        assert_eq!(with(enrichment::TIER, host, nonsense), base, "{nonsense:?}");
    }
    let mut loud = plain;
    for number in 0..200 {
        loud = with_enrichment(loud, None, enrichment::INDICATOR, &format!("i{number}"));
        loud = with_enrichment(loud, None, enrichment::DEVIATION, &format!("{number}"));
    }
    let added: f64 = reasons(&[&loud]).iter().map(|reason| reason.log_odds).sum();
    assert!(added > 3.0 && added <= 4.5, "at most 3 for indicators and 1.5 for behaviour: {added}");
}

fn levels() -> impl Strategy<Value = Severity> {
    prop::sample::select(vec![
        Severity::Informational,
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ])
}

fn statements() -> impl Strategy<Value = (String, String)> {
    prop::sample::select(vec![
        (enrichment::TIER, "1"),
        (enrichment::TIER, "low"),
        (enrichment::PRIVILEGE, "admin"),
        (enrichment::PRIVILEGE, "guest"),
        (enrichment::INDICATOR, "203.0.113.9"),
        (enrichment::DEVIATION, "5.5"),
        (enrichment::RARITY, "8.7"),
        ("department", "sales"),
    ])
    .prop_map(|(name, value)| (name.to_owned(), value.to_owned()))
}

prop_compose! {
    fn findings()(
        rule in 0..12_u8,
        second in 0..100_i64,
        level in levels(),
        tactic in 0..16_usize,
        stated in prop::collection::vec(statements(), 0..3),
    ) -> Signal {
        let mut found = signal(&format!("r{rule}"), second, None, "h", "u");
        found.severity = level;
        // A rule is about one technique.
        found.techniques = vec![format!("T{}", rule % 5)];
        found.tactics = vec![sentra_model::TACTICS[tactic].to_owned()];
        stated.into_iter().fold(found, |found, (name, value)| with_enrichment(found, None, &name, &value))
    }
}

fn taught(verdicts: &[(u8, bool)]) -> Precisions {
    let mut precisions = Precisions::new(30);
    for ((rule, bad), number) in verdicts.iter().zip(0..) {
        let detector = Detector { rule: format!("r{rule}"), kind: RuleKind::Sigma };
        let kind = if *bad { VerdictKind::TruePositive } else { VerdictKind::FalsePositive };
        precisions.learn(&detector, target(number), kind, Timestamp::from_seconds(number * 86_400));
    }
    precisions
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn risk_is_independent_of_order_bounded_explained_and_never_certain(
        signals in prop::collection::vec(findings(), 0..40),
        verdicts in prop::collection::vec((0..12_u8, any::<bool>()), 0..80),
    ) {
        let precisions = taught(&verdicts);
        let assessment = assess(&signals, &precisions);
        let mut reversed = signals.clone();
        reversed.reverse();
        prop_assert_eq!(&assessment, &assess(&reversed, &precisions));
        let estimate = assessment.estimate();
        prop_assert!(0.0 < estimate.score && estimate.score < 1.0);
        prop_assert!(estimate.low <= estimate.score && estimate.score <= estimate.high);
        prop_assert!(assessment.log_odds.abs() <= LOG_ODDS_MAX + 1e-9);
        let sum: f64 = assessment.reasons.iter().map(|reason| reason.log_odds).sum();
        prop_assert!((log_odds(BASE_RATE) + sum - assessment.log_odds).abs() < 1e-9, "the reasons add up");
        prop_assert!(assessment.reasons.len() <= REASONS_MAX);
    }

    #[test]
    fn more_evidence_never_lowers_the_risk(
        signals in prop::collection::vec(findings(), 1..20),
        further in findings(),
        verdicts in prop::collection::vec((0..12_u8, any::<bool>()), 0..80),
    ) {
        let precisions = taught(&verdicts);
        let before = assess(&signals, &precisions).log_odds;
        let mut more = signals;
        more.push(further);
        let after = assess(&more, &precisions).log_odds;
        prop_assert!(after >= before - 1e-9, "{before} {after}");
    }

    #[test]
    fn a_confirmation_never_lowers_and_a_false_positive_never_raises(
        verdicts in prop::collection::vec((0..1_u8, any::<bool>()), 0..60),
    ) {
        let found = [signal("r0", 0, None, "h", "u")];
        let now = assess(&found, &taught(&verdicts)).log_odds;
        let with = |bad: bool| {
            let mut more = verdicts.clone();
            more.push((0, bad));
            let mut precisions = Precisions::new(0);
            for ((rule, bad), number) in more.iter().zip(0..) {
                let detector = Detector { rule: format!("r{rule}"), kind: RuleKind::Sigma };
                let kind = if *bad { VerdictKind::TruePositive } else { VerdictKind::Benign };
                precisions.learn(&detector, target(number), kind, Timestamp::from_seconds(number));
            }
            assess(&found, &precisions).log_odds
        };
        prop_assert!(with(true) > with(false));
        prop_assert!(probability(now) > 0.0);
    }
}
