//! Plain English and the KQL that it means.

use sentra_ask::understand;

use crate::common::{cases, context, main_part};

#[test]
fn whatever_is_understood_is_kql() {
    let context = context();
    let mut understood = 0;
    for case in main_part().into_iter().filter(|case| case.form == "english") {
        let Ok(answer) = understand(&case.question, &context) else { continue };
        understood += 1;
        for kql in answer.steps.iter().map(|step| &step.kql).chain([&answer.kql]) {
            let parsed = sentra_kql::parse(kql);
            assert!(parsed.is_ok(), "{}: {kql}: {parsed:?}", case.question);
        }
    }
    assert!(understood > 200, "{understood}");
}

#[test]
fn expected_kql_is_kql() {
    for case in main_part() {
        let Some(kql) = &case.kql else { continue };
        assert!(sentra_kql::parse(kql).is_ok(), "{}:{}: {kql}", case.file, case.line);
    }
}

#[test]
fn english_means_the_kql_of_the_corpus() {
    let context = context();
    let (mut right, mut total) = (0, 0);
    for case in cases("english.tsv") {
        let Some(expected) = &case.kql else { continue };
        total += 1;
        match understand(&case.question, &context) {
            Ok(understood) if understood.kql == *expected => right += 1,
            Ok(understood) => {
                println!(
                    "{}:{}: {}\n  expected {expected}\n  got      {}",
                    case.file, case.line, case.question, understood.kql
                );
            }
            Err(refused) => {
                println!("{}:{}: {}\n  refused: {refused:?}", case.file, case.line, case.question)
            }
        }
    }
    println!("{right} of {total}");
    assert!(total >= 150);
    assert!(right * 100 >= total * 97, "{right} of {total}");
}
