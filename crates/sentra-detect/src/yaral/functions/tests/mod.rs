//! Tables of cases for all functions, the page that documents them, and hostile arguments.

use super::*;

mod expression;
mod hostile;

use expression::Expression;

/// Checks a table of `call => result`, `call ≈ number` and `call !! part of the error`.
#[track_caller]
fn check_table(name: &str, table: &str) {
    let mut failures = Vec::new();
    let cases = table.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let mut count = 0;
    for line in cases {
        count += 1;
        if let Err(failure) = check_case(line) {
            failures.push(format!("{line}\n    {failure}"));
        }
    }
    assert!(count > 0, "{name} has no cases");
    assert!(failures.is_empty(), "{name}:\n{}", failures.join("\n"));
}

fn check_case(line: &str) -> Result<(), String> {
    if let Some((call, expected)) = line.split_once(" => ") {
        let (value, expected) = (Expression::read(call).value()?, Expression::read(expected).value()?);
        // Told apart here: 1 and 1.0, which the language takes for one.
        let alike = value == expected && value.kind() == expected.kind();
        return if alike { Ok(()) } else { Err(format!("gives {value:?}")) };
    }
    if let Some((call, expected)) = line.split_once(" ≈ ") {
        let (value, expected) = (Expression::read(call).value()?, expected.trim().parse::<f64>().unwrap());
        let number = value.to_float().ok_or_else(|| format!("gives {value:?}"))?;
        // As near as the result is written in the table.
        let near = (number - expected).abs() <= expected.abs().max(1e-6) * 2e-5;
        return if near { Ok(()) } else { Err(format!("gives {number}")) };
    }
    let (call, expected) = line.split_once(" !! ").ok_or("has no result")?;
    match Expression::read(call).value() {
        Err(error) if error.contains(expected.trim()) => Ok(()),
        other => Err(format!("gives {other:?}")),
    }
}

#[test]
fn cases() {
    check_table("the cases", include_str!("cases.txt"));
}

#[test]
fn errors() {
    check_table("the errors", include_str!("errors.txt"));
}

#[test]
fn names_are_unique_and_found_whatever_their_case() {
    let mut seen = std::collections::BTreeSet::new();
    for name in names() {
        assert!(seen.insert(name), "{name} is there twice");
        assert_eq!(lookup(&name.to_uppercase()).unwrap().name, name);
        assert!(refusal(name).is_none(), "{name} is there and refused");
    }
    assert!(lookup("strings.lower").is_none());
    assert_eq!(crate::text::hint("strings.tolower", names()), "; did you mean \"strings.to_lower\"?");
    assert!(refusal("Math.random").is_some());
}

#[test]
fn signatures_are_shown_as_they_are_called() {
    for (name, shown) in [
        ("strings.trim", "strings.trim(text, [characters])"),
        ("strings.concat", "strings.concat(value, …)"),
        ("timestamp.now", "timestamp.now()"),
        ("math.is_increasing", "math.is_increasing(number, number, [number], …)"),
        ("timestamp.get_timestamp", "timestamp.get_timestamp(unix_seconds, [format], [time_zone])"),
    ] {
        assert_eq!(lookup(name).unwrap().to_string(), shown);
    }
}

/// A rule cannot give a number where text is wanted, but a field may hold one.
#[test]
fn numbers_of_events_stand_for_their_text() {
    let call = |name: &str, arguments: &[Value]| {
        lookup(name).unwrap().prepare(&vec![None; arguments.len()], false).unwrap().call(arguments)
    };
    assert_eq!(call("re.regex", &[Value::Int(8080), "^80".into()]), Value::Bool(true));
    assert_eq!(call("strings.contains", &[Value::Int(4624), Value::Int(62)]), Value::Bool(true));
    assert_eq!(call("strings.to_lower", &[Value::Float(2.5)]), "2.5".into());
    assert_eq!(call("strings.to_upper", &[Value::list(["a".into(), "b".into()])]), "[A, B]".into());
    assert_eq!(call("math.abs", &["-3".into()]), Value::Int(3));
    assert_eq!(call("fingerprint", &[Value::Int(7)]), call("fingerprint", &["7".into()]));
}

/// Every function has cases.
#[test]
fn every_function_has_cases() {
    let cases = include_str!("cases.txt");
    let is_called = |name: &str| cases.lines().any(|case| case.starts_with(&format!("{name}(")));
    let without: Vec<&str> = names().filter(|name| !is_called(name)).collect();
    assert!(without.is_empty(), "no cases for {without:?}");
}

/// The page lists the functions that there are, with their signatures and examples that are true.
#[test]
fn the_page_is_about_these_functions() {
    let page = include_str!("../../../../../../docs/yaral-functions.md");
    let mut documented = Vec::new();
    for row in page.lines().filter(|line| line.starts_with("| `") && line.contains(" → ")) {
        let cells: Vec<&str> = row.split(" | ").map(|cell| cell.trim_matches(['|', ' '])).collect();
        let [signature, returns, .., example] = cells.as_slice() else { panic!("too few cells: {row}") };
        let name = signature.trim_matches('`').split('(').next().unwrap();
        let function = lookup(name).unwrap_or_else(|| panic!("the page has {name}, which is not there"));
        assert_eq!(signature.trim_matches('`'), function.to_string(), "signature of {name}");
        assert_eq!(*returns, function.returns.name(), "result of {name}");
        let (call, result) = example.trim_matches('`').split_once(" → ").unwrap();
        let sign = if result.starts_with('≈') {
            format!(" ≈ {}", &result["≈".len()..])
        } else {
            format!(" => {result}")
        };
        if let Err(failure) = check_case(&format!("{call}{sign}")) {
            panic!("example of {name}: {example}: {failure}");
        }
        assert!(call.starts_with(name), "the example of {name} is of another function");
        documented.push(name);
    }
    let missing: Vec<&str> = names().filter(|name| !documented.contains(name)).collect();
    assert!(missing.is_empty(), "the page does not have {missing:?}");
}

/// Every function that public rules call is here, and every regular expression of theirs can be compiled.
#[test]
fn public_rules_call_what_there_is() {
    let data = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/yaral"));
    if !data.is_dir() {
        println!("SKIP: there are no public rules at {}", data.display());
        return;
    }
    let call = regex::Regex::new(
        r"\b((?:arrays|bytes|cast|hash|math|net|optimization|re|strings|timestamp|window)\.\w+) *\(",
    )
    .unwrap();
    let pattern = regex::Regex::new(r"re\.\w+\([^,`]*, *`([^`]*)`|[=!] */((?:[^/\\\n]|\\.)+)/").unwrap();
    let (mut calls, mut patterns) = (0, 0);
    let mut directories = vec![data.to_path_buf()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in lines.filter(|line| !line.trim_start().starts_with("reference")) {
                for found in call.captures_iter(line) {
                    assert!(lookup(&found[1]).is_some(), "{} calls {}", path.display(), &found[1]);
                    calls += 1;
                }
                for found in pattern.captures_iter(line) {
                    let pattern = found.get(1).or(found.get(2)).unwrap().as_str();
                    if let Err(error) = re::compile(pattern, true) {
                        panic!("{}: {error}", path.display());
                    }
                    patterns += 1;
                }
            }
        }
    }
    println!("{calls} calls, {patterns} expressions");
    assert!(calls > 100 && patterns > 100, "the public rules are not there");
}
