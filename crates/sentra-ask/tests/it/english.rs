//! Plain English and the KQL that it means.

use sentra_ask::understand;

use crate::common::{cases, context, main_part};

/// What the held-out part reached when it was first asked, rounded down: 41 of 43.
const HELD_OUT_FLOOR_PERCENT: usize = 95;

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

/// How many questions of `file` become the KQL that they are labelled with, and how many are labelled.
fn measure(file: &str) -> (usize, usize) {
    let context = context();
    let (mut right, mut total) = (0, 0);
    for case in cases(file) {
        let Some(expected) = &case.kql else { continue };
        total += 1;
        match understand(&case.question, &context) {
            Ok(understood) if understood.kql == *expected => right += 1,
            Ok(understood) => {
                println!("{}:{}: {}", case.file, case.line, case.question);
                println!("  expected {expected}\n  got      {}", understood.kql);
            }
            Err(refused) => {
                println!("{}:{}: {}\n  refused: {refused:?}", case.file, case.line, case.question)
            }
        }
    }
    println!("{file}: {right} of {total} mean the KQL they are labelled with");
    (right, total)
}

#[test]
fn english_means_the_kql_of_the_corpus() {
    let (right, total) = measure("english.tsv");
    assert!(total >= 150);
    assert!(right * 100 >= total * 97, "{right} of {total}");
}

#[test]
fn english_of_the_held_out_part_means_as_much_as_it_did() {
    let (right, total) = measure("held-out.tsv");
    assert!(right * 100 >= total * HELD_OUT_FLOOR_PERCENT, "{right} of {total}");
}
