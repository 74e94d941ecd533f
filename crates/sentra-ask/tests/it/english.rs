//! Plain English and the KQL that it means.

use sentra_ask::understand;

use crate::common::{cases, context};

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
