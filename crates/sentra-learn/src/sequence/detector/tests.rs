use sentra_model::{BatchBuilder, Event, EventCode, EventId, Mart, RawRecord, Source, SourceKind};

use super::super::{Alphabet, FitSettings, GruSettings, ModelKind, SymbolForm};
use super::*;

/// An event of the stream: its second, its mart, its user, its code, how many it stands for.
#[derive(Clone)]
struct Row(i64, Mart, &'static str, Option<EventCode>, u32);

const USUAL: [EventCode; 5] =
    [EventCode::LL01, EventCode::LL06, EventCode::LL07, EventCode::SS01, EventCode::LL02];
const ATTACK: [EventCode; 4] = [EventCode::LL03, EventCode::SA01, EventCode::CC02, EventCode::SS03];

fn batches(tenant: &str, first: u64, rows: &[Row]) -> Vec<EventBatch> {
    let source = Source {
        kind: SourceKind::File,
        origin: "test".to_owned(),
        format: None,
        reference: Timestamp::from_seconds(0),
    };
    let mut builders: Vec<BatchBuilder> = Vec::new();
    for mart in [Mart::WINDOWS, Mart::LINUX] {
        let mut builder = BatchBuilder::new(tenant.parse().unwrap(), mart.clone());
        for (row, offset) in rows.iter().zip(first..).filter(|(row, _)| row.1 == mart) {
            let time = Timestamp::from_seconds(row.0);
            let record = RawRecord { source: &source, position: offset, received: time, bytes: b"" };
            let mut event = Event::new("test", mart.clone(), time);
            event.user = row.2.into();
            event.host = "web1".into();
            (event.code, event.count) = (row.3, row.4);
            builder.push(EventId::raw(0, offset), &record, &event).unwrap();
        }
        builders.push(builder);
    }
    builders.iter_mut().map(|builder| builder.finish().unwrap()).collect()
}

/// Days of usual work, the one user a step behind the other, over two marts.
fn usual(user: &'static str, from: i64, events: i64) -> Vec<Row> {
    let mart = |at: i64| if at % 5 < 3 { Mart::LINUX } else { Mart::WINDOWS };
    (0..events).map(|at| Row(from + at, mart(at), user, Some(USUAL[at as usize % 5]), 1)).collect()
}

fn attack(user: &'static str, from: i64, events: i64) -> Vec<Row> {
    (0..events).map(|at| Row(from + at, Mart::LINUX, user, Some(ATTACK[at as usize % 4]), 1)).collect()
}

fn model(kind: ModelKind, form: SymbolForm) -> SequenceModel {
    let alphabet = Alphabet::codes(form);
    let sequence = |first: usize| -> Vec<Symbol> {
        let codes = (first..first + 100).map(|at| USUAL[at % 5].as_str());
        codes.map(|code| alphabet.symbol_of(code, "unknown")).collect()
    };
    let sequences: Vec<Vec<Symbol>> = (0..20).map(sequence).collect();
    let gru = GruSettings { hidden: 8, embedding: 4, epochs_max: 10, ..GruSettings::default() };
    let settings = FitSettings { gru, ..FitSettings::default() };
    SequenceModel::fit(kind, &alphabet, &sequences, &sequences, &settings).unwrap()
}

fn detector(kind: ModelKind, settings: DetectorSettings) -> SequenceDetector {
    SequenceDetector::new("acme".parse().unwrap(), model(kind, SymbolForm::Code), settings).unwrap()
}

fn run(detector: &mut SequenceDetector, rows: &[Row], every: usize) -> Vec<(EventId, String, f32)> {
    let mut found = Vec::new();
    for (part, first) in rows.chunks(every).zip((0_u64..).step_by(every)) {
        let batches = batches("acme", first, part);
        let findings = detector.observe_all(&batches).unwrap();
        found.extend(findings.into_iter().map(|finding| (finding.event, finding.entity, finding.bits)));
    }
    found
}

#[test]
fn an_attack_is_reported_once_within_the_pause_and_again_after_it() {
    for kind in [ModelKind::Ngram, ModelKind::Gru] {
        let mut detector = detector(kind, DetectorSettings::default());
        let mut rows = usual("ada", 0, 100);
        rows.extend(attack("ada", 100, 40));
        rows.extend(attack("ada", 4_000, 40));
        let batch = batches("acme", 0, &rows);
        let findings = detector.observe_all(&batch).unwrap();
        assert_eq!(findings.len(), 2, "{kind:?}: {findings:?}");
        let first = &findings[0];
        assert_eq!((first.entity_type, first.entity.as_str()), (EntityType::User, "ada"));
        assert!(first.time >= Timestamp::from_seconds(100) && first.time < Timestamp::from_seconds(115));
        assert_eq!(batch[first.batch].row(first.row).unwrap().id(), first.event);
        assert!(first.bits >= first.threshold.bits && first.p_value <= first.threshold.false_positive_rate);
        assert_eq!(first.why.events.len(), 10);
        let why = first.why.to_string();
        assert!(why.contains(" came (") && why.contains(" was expected; the ten events: "), "{why}");
        assert_eq!(detector.stats().findings, 2);
    }
}

#[test]
fn what_is_found_does_not_depend_on_how_the_stream_is_cut() {
    let mut rows = Vec::new();
    for (one, other) in usual("ada", 0, 300).into_iter().zip(usual("bob", 1, 300)) {
        rows.extend([one, other]);
    }
    rows.extend(attack("bob", 700, 20));
    rows.push(Row(800, Mart::LINUX, "ada", None, 1));
    rows.push(Row(801, Mart::WINDOWS, "ada", Some(EventCode::LL03), 30));
    for kind in [ModelKind::Ngram, ModelKind::Gru] {
        let whole = run(&mut detector(kind, DetectorSettings::default()), &rows, rows.len());
        assert_eq!(whole.len(), 2, "{kind:?}: {whole:?}");
        for every in [1, 7, 100] {
            let cut = run(&mut detector(kind, DetectorSettings::default()), &rows, every);
            assert_eq!(cut, whole, "{kind:?} cut every {every}");
        }
    }
}

#[test]
fn state_put_back_goes_on_as_if_nothing_had_been() {
    let mut rows = usual("ada", 0, 333);
    rows.extend(attack("eve", 400, 3));
    rows.extend(usual("bob", 500, 400));
    let mut later = attack("eve", 1_000, 12);
    later.extend(usual("ada", 1_100, 50));
    later.extend(attack("ada", 1_200, 12));
    for kind in [ModelKind::Ngram, ModelKind::Gru] {
        let settings = DetectorSettings { samples_max: 5, entities_max: 2, ..DetectorSettings::default() };
        let mut live = detector(kind, settings);
        let mut stored = std::collections::BTreeMap::new();
        for part in rows.chunks(50) {
            run(&mut live, part, 50);
            for (key, value) in live.take_changes() {
                match value {
                    Some(value) => stored.insert(key, value),
                    None => stored.remove(&key),
                };
            }
        }
        assert!(live.take_changes().is_empty(), "nothing came since");
        let mut restored = detector(kind, settings);
        assert_eq!(restored.restore(stored.clone()), []);
        assert!(restored.take_changes().is_empty(), "what was put back is not changed");
        assert_eq!(restored.model().to_bytes().len(), live.model().to_bytes().len());
        assert_eq!(restored.samples().collect::<Vec<_>>(), live.samples().collect::<Vec<_>>());
        let (mut expected, mut found) = (run(&mut live, &later, 9), run(&mut restored, &later, 9));
        assert!(!expected.is_empty(), "{kind:?}");
        assert_eq!(expected, found, "{kind:?}");
        let (live_rows, restored_rows) = (live.take_changes(), restored.take_changes());
        assert_eq!(live_rows, restored_rows, "{kind:?}");
        // Under another model the windows are taken over, and an attack is still found.
        let other = SequenceModel::clone(&model(kind, SymbolForm::CodeOutcome));
        let mut other = SequenceDetector::new("acme".parse().unwrap(), other, settings).unwrap();
        assert_eq!(other.restore(stored), []);
        expected = run(&mut other, &attack("bob", 9_000, 10), 5);
        found = expected.iter().filter(|(_, entity, _)| entity == "bob").cloned().collect();
        assert_eq!((expected.len(), found.len()), (1, 1), "{kind:?}");
    }
}

#[test]
fn what_was_alerted_is_not_learned() {
    let mut detector = detector(ModelKind::Ngram, DetectorSettings::default());
    let mut rows = usual("ada", 0, 100);
    rows.extend(attack("ada", 100, 3_000));
    run(&mut detector, &rows, 1_000);
    let stats = detector.stats();
    assert_eq!(stats.findings, 1);
    // Those of the usual days but for the last that were in the window when it was reported.
    assert!(stats.learned <= 100 && stats.not_learned > 2_900, "{stats:?}");
    let odd = detector.model().alphabet().symbol("SS03");
    let before = model(ModelKind::Ngram, SymbolForm::Code).distribution(&[])[usize::from(odd.number())];
    assert!(detector.model().distribution(&[])[usize::from(odd.number())] <= before);
    // Another detector's finding counts as one's own, an analyst's word undoes it.
    let learned_after = |say: &dyn Fn(&mut SequenceDetector)| {
        let mut detector = self::detector(ModelKind::Ngram, DetectorSettings::default());
        run(&mut detector, &usual("Ada", 0, 20), 20);
        say(&mut detector);
        run(&mut detector, &usual("ADA", 20, 20), 20);
        detector.stats().learned
    };
    let at = Timestamp::from_seconds(20);
    assert_eq!(learned_after(&|_| {}), 30);
    assert_eq!(learned_after(&|detector| detector.alerted(EntityType::User, "ada", at)), 10);
    assert_eq!(learned_after(&|detector| detector.alerted(EntityType::Host, "ada", at)), 30);
    let both = |detector: &mut SequenceDetector| {
        detector.alerted(EntityType::User, "ada", at);
        detector.cleared(EntityType::User, "ada");
    };
    assert_eq!(learned_after(&both), 30);
}

#[test]
fn a_busy_entity_teaches_no_more_than_its_share() {
    let mut detector = detector(ModelKind::Ngram, DetectorSettings::default());
    run(&mut detector, &usual("robot", 0, 5_000), 1_000);
    let stats = detector.stats();
    // 1,000 and an eighth of all.
    assert!((1_100..1_200).contains(&stats.learned), "{stats:?}");
}

#[test]
fn entities_are_bounded_and_the_stalest_goes() {
    let settings = DetectorSettings { entities_max: 2, ..DetectorSettings::default() };
    let mut detector = detector(ModelKind::Ngram, settings);
    let mut rows = usual("ada", 0, 20);
    rows.extend(usual("bob", 20, 20));
    rows.extend(usual("ada", 40, 5));
    rows.extend(attack("eve", 50, 4));
    run(&mut detector, &rows, 7);
    let (entities, evicted) = (detector.stats().entities, detector.stats().evicted);
    assert_eq!((entities, evicted), (2, 1));
    // Bob is gone and has to show ten events again, Ada has not.
    assert_eq!(run(&mut detector, &attack("ada", 100, 9), 4).len(), 1);
    assert_eq!(run(&mut detector, &attack("bob", 100, 9), 4).len(), 0);
}

#[test]
fn an_event_from_the_future_silences_nothing_but_its_own_time() {
    let mut detector = detector(ModelKind::Ngram, DetectorSettings::default());
    let mut rows = usual("ada", 0, 50);
    rows.extend(attack("ada", 4_070_908_800, 20));
    rows.extend(attack("ada", 100, 20));
    assert_eq!(run(&mut detector, &rows, 1_000).len(), 2);
    rows = attack("ada", i64::MIN / 2_000_000, 20);
    run(&mut detector, &rows, 1_000);
}

#[test]
fn rows_without_an_entity_are_counted_and_other_tenants_are_refused() {
    let choices =
        [(EntityChoice::User, 10, 10), (EntityChoice::Host, 20, 0), (EntityChoice::UserOrHost, 20, 0)];
    for (entity, events, without_entity) in choices {
        let mut detector =
            detector(ModelKind::Ngram, DetectorSettings { entity, ..DetectorSettings::default() });
        run(&mut detector, &usual("ada", 0, 10), 20);
        run(&mut detector, &usual("", 10, 10), 20);
        let stats = detector.stats();
        assert_eq!((stats.events, stats.without_entity), (events, without_entity), "{entity:?}");
        let stranger = detector.observe(&batches("other", 0, &usual("ada", 0, 3))[0]).unwrap_err();
        assert_eq!(stranger.to_string(), "the batch is of tenant other, the detector of tenant acme");
        assert_eq!(detector.stats(), stats);
    }
    let settings = DetectorSettings { entities_max: 0, ..DetectorSettings::default() };
    let refused = SequenceDetector::new(
        TenantId::default_tenant(),
        model(ModelKind::Ngram, SymbolForm::Code),
        settings,
    );
    assert!(refused.unwrap_err().to_string().starts_with("setting entities_max is 0"));
}

#[test]
fn a_new_model_takes_the_windows_over() {
    let mut detector = detector(ModelKind::Ngram, DetectorSettings::default());
    run(&mut detector, &usual("ada", 0, 200), 50);
    let samples = detector.samples().count();
    assert!(samples > 3, "{samples}");
    detector.take_changes();
    detector.install(model(ModelKind::Gru, SymbolForm::CodeOutcome));
    let rows = detector.take_changes();
    assert!(rows.iter().any(|(key, value)| key[0] == b'c' && value.is_none()), "old counts are removed");
    assert_eq!(detector.samples().count(), samples);
    assert_eq!(run(&mut detector, &usual("ada", 200, 50), 50).len(), 0);
    assert_eq!(run(&mut detector, &attack("ada", 300, 9), 50).len(), 1);
}

#[test]
fn hostile_state_is_told_about_and_does_no_harm() {
    let mut live = detector(ModelKind::Ngram, DetectorSettings::default());
    run(&mut live, &usual("ada", 0, 100), 50);
    let good: Vec<(Vec<u8>, Vec<u8>)> =
        live.take_changes().into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let mut problems = 0;
    for (place, (key, value)) in good.iter().enumerate() {
        for change in
            [&value[..value.len() / 2], &[], &vec![0xff; value.len()], &[value, &value[..]].concat()]
        {
            let mut rows = good.clone();
            rows[place].1 = change.to_vec();
            let mut restored = detector(ModelKind::Ngram, DetectorSettings::default());
            let told = restored.restore(rows);
            // Another header or alphabet is that of another model, another number of halvings that of old counts.
            let is_foreign = b"ha".contains(&key[0]) || (key[0] == b'c' && change.starts_with(&[0xff; 8]));
            assert!(!told.is_empty() || is_foreign, "{key:?} {change:?}");
            problems += told.len();
            run(&mut restored, &usual("ada", 100, 30), 50);
        }
    }
    assert!(problems > 20);
    let strange = vec![(b"zz".to_vec(), vec![]), (b"e".to_vec(), vec![]), (b"c1".to_vec(), vec![])];
    assert_eq!(detector(ModelKind::Gru, DetectorSettings::default()).restore(strange).len(), 1);
}

#[test]
fn a_tenant_without_data_is_silent_until_enough_came_to_train() {
    let settings = FitSettings {
        gru: GruSettings { epochs_max: 5, ..GruSettings::default() },
        ..FitSettings::default()
    };
    let blank = SequenceModel::blank(&Alphabet::codes(SymbolForm::Code), &settings).unwrap();
    let blank = SequenceModel::from_bytes(&blank.to_bytes()).unwrap();
    let mut detector =
        SequenceDetector::new("acme".parse().unwrap(), blank, DetectorSettings::default()).unwrap();
    assert!(
        detector.retrained(&settings).unwrap_err().to_string().starts_with("training data holds 0 events")
    );
    assert!(detector.threshold().is_none());
    for (user, from) in [("ada", 0), ("bob", 1_000), ("eve", 2_000)] {
        assert_eq!(run(&mut detector, &usual(user, from, 900), 100), []);
    }
    assert_eq!(
        run(&mut detector, &attack("eve", 9_000, 20), 100),
        [],
        "nothing to tell usual from unusual by"
    );
    let (model, selection) = detector.retrained(&settings).unwrap();
    assert_eq!(selection.chosen, model.report().kind);
    assert_eq!(model.report().sequences, 82 - 16);
    detector.install(model);
    assert_eq!(run(&mut detector, &usual("ada", 10_000, 50), 10), []);
    assert_eq!(run(&mut detector, &attack("ada", 10_100, 10), 10).len(), 1);
}

/// One who puts a little of the attack into usual work, too little to be reported, for as long as it takes.
#[test]
fn who_ramps_up_slowly_teaches_little_and_is_reported_when_it_gets_serious() {
    let mut detector = detector(ModelKind::Ngram, DetectorSettings::default());
    let threshold = detector.threshold().unwrap().bits;
    let mut reported = 0;
    for round in 0..400 {
        for (user, from) in [("ada", 0), ("bob", 100), ("eve", 200)] {
            let mut rows = usual(user, 1_000 * round + from, 30);
            if user == "eve" {
                rows[20].3 = Some(ATTACK[round as usize % 4]);
            }
            reported += run(&mut detector, &rows, 30).len();
        }
    }
    let odd = detector.model().alphabet().symbol("SS03");
    let learned = detector.model().distribution(&[])[usize::from(odd.number())];
    assert!(learned < 0.01, "{learned} of all events after {reported} reports");
    let found = run(&mut detector, &attack("eve", 900_000, 10), 10);
    assert_eq!(found.len(), 1);
    assert!(found[0].2 >= threshold);
}
