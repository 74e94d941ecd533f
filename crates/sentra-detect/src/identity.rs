//! What makes two tests the same: tests of one identity are evaluated once.

use std::fmt::Write;

use crate::sigma::expr::Predicate;
use crate::sigma::wildcard::{Part, TextTest};
use crate::test::Test;

/// Writes the identity of `predicate`. Texts carry their length, so that no two differ and read alike.
pub(crate) fn write_identity(predicate: &Predicate, identity: &mut String) {
    match &predicate.field {
        Some(field) => text(field, identity),
        None => identity.push('-'),
    }
    match &predicate.test {
        Test::Text(tests) => {
            identity.push('t');
            tests.iter().for_each(|test| write_text_test(test, identity));
        }
        Test::Cased(tests) => {
            identity.push('c');
            tests.iter().for_each(|test| write_text_test(test, identity));
        }
        Test::Regexes(regexes) => {
            identity.push('r');
            regexes.iter().for_each(|regex| text(regex.as_str(), identity));
        }
        // The others are short and few.
        other => {
            let _ = write!(identity, "{other:?}");
        }
    }
}

fn text(text: &str, identity: &mut String) {
    number(text.len(), identity);
    identity.push(':');
    identity.push_str(text);
}

fn number(number: usize, identity: &mut String) {
    let mut digits = [0_u8; 20];
    let mut left = number;
    for digit in &mut digits {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
        identity.push(char::from(*digit));
        if left == 0 {
            break;
        }
    }
}

fn write_text_test(test: &TextTest, identity: &mut String) {
    let (kind, wanted) = match test {
        TextTest::Equals(wanted) => ('=', wanted),
        TextTest::Contains(wanted) => ('~', wanted),
        TextTest::Starts(wanted) => ('^', wanted),
        TextTest::Ends(wanted) => ('$', wanted),
        TextTest::Number(wanted) => {
            identity.push('#');
            let _ = write!(identity, "{wanted:?}");
            return;
        }
        TextTest::Fits(parts) => {
            identity.push('*');
            number(parts.len(), identity);
            identity.push('/');
            for part in parts {
                match part {
                    Part::Literal(literal) => text(literal, identity),
                    Part::One => identity.push('?'),
                    Part::Many => identity.push('%'),
                }
            }
            return;
        }
    };
    identity.push(kind);
    text(wanted, identity);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigma::wildcard::parse;

    fn identity(field: Option<&str>, test: Test) -> String {
        let mut identity = String::new();
        write_identity(&Predicate { field: field.map(str::to_owned), test }, &mut identity);
        identity
    }

    #[test]
    fn what_differs_reads_different() {
        let text = |pattern: &str| TextTest::of(parse(pattern), false);
        let tests = || {
            vec![
                Test::Text(vec![text("a")]),
                Test::Text(vec![text("*a*")]),
                Test::Text(vec![text("a*")]),
                Test::Text(vec![text("*a")]),
                Test::Text(vec![text("a*b")]),
                Test::Text(vec![text("a?b")]),
                Test::Text(vec![text("a"), text("b")]),
                Test::Text(vec![text("a=1:b")]),
                Test::Cased(vec![text("a")]),
                Test::Regexes(vec![regex::Regex::new("a").unwrap()]),
                Test::Present,
                Test::Missing,
                Test::Never,
            ]
        };
        let all: Vec<String> = [None, Some("f"), Some("g"), Some("1:f")]
            .into_iter()
            .flat_map(|field| tests().into_iter().map(move |test| identity(field, test)))
            .collect();
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one), "{one}");
        }
        assert_eq!(
            identity(Some("f"), Test::Text(vec![text("a")])),
            identity(Some("f"), Test::Text(vec![text("A")]))
        );
    }
}
