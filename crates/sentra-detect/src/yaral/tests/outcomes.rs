//! Outcomes and what the condition asks of them.

use super::{Happening, found};

fn events(bytes: &[&'static str]) -> Vec<Happening<'static>> {
    let one = |(number, bytes): (usize, &&'static str)| {
        let fields = vec![
            ("principal.hostname", "h"),
            ("network.sent_bytes", *bytes),
            ("principal.user.userid", if number % 2 == 0 { "ann" } else { "bob" }),
        ];
        (100 + number as i64, fields)
    };
    bytes.iter().enumerate().map(one).collect()
}

#[test]
fn functions_gather_the_values_of_the_window() {
    for (outcome, expected) in [
        ("count($e.network.sent_bytes)", "4"),
        ("count($e.target.hostname)", "0"),
        ("count_distinct($e.network.sent_bytes)", "3"),
        ("count_distinct($e.principal.user.userid)", "2"),
        ("sum($e.network.sent_bytes)", "80"),
        ("avg($e.network.sent_bytes)", "20"),
        ("min($e.network.sent_bytes)", "10"),
        ("max($e.network.sent_bytes)", "40"),
        ("stddev($e.network.sent_bytes)", "12.24744871391589"),
        ("earliest($e.metadata.event_timestamp)", "100"),
        ("latest($e.metadata.event_timestamp)", "103"),
        ("max(5 + if($e.principal.user.userid = \"bob\" and $e.network.sent_bytes >= 40, 10, 0))", "15"),
        ("sum(if($e.principal.user.userid = \"bob\", 1))", "2"),
        ("max($e.network.sent_bytes) - min($e.network.sent_bytes)", "30"),
        ("max($e.network.sent_bytes) / 3", "13.333333333333334"),
        ("max(-1 * $e.network.sent_bytes)", "-10"),
        ("window_end - window_start", "300"),
        ("array_distinct($e.principal.user.userid)", "ann bob"),
        ("array($e.network.sent_bytes)", "10 10 20 40"),
        ("strings.to_upper($h)", "H"),
        ("window.median($e.network.sent_bytes)", "10"),
    ] {
        let text = format!(
            "rule r {{ events: $e.principal.hostname = $h match: $h over 5m outcome: $x = {outcome} condition: #e >= 4 }}"
        );
        let matches = found(&text, &events(&["10", "10", "20", "40"]));
        assert_eq!(matches.len(), 1, "{outcome}");
        assert_eq!(matches[0].values["$x"].shown.join(" "), expected, "{outcome}");
    }
}

#[test]
fn arrays_are_bounded() {
    let numbers: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    let numbers: Vec<&'static str> = numbers.into_iter().map(|text| &*text.leak()).collect();
    let text = "rule r { events: $e.principal.hostname = $h match: $h over 5m
        outcome: $x = array_distinct($e.network.sent_bytes) condition: #e >= 100 }";
    assert_eq!(found(text, &events(&numbers))[0].values["$x"].total, 25);
}

#[test]
fn the_condition_asks_outcomes() {
    for (condition, expected) in [
        ("$e and $sum >= 80", true),
        ("$e and $sum > 80", false),
        ("$e and $avg < 21", true),
        ("$e and $avg < 20", false),
        ("$e and $sum = 80", true),
        ("$e and $sum != 80", false),
        ("$e and ($sum > 100 or $both > 99)", true),
        ("$e and not $sum > 100", true),
        ("80 <= $sum and $e", true),
    ] {
        let text = format!(
            "rule r {{ events: $e.principal.hostname = $h match: $h by 5m
            outcome: $sum = sum($e.network.sent_bytes) $avg = avg($e.network.sent_bytes) $both = $sum + $avg
            condition: {condition} }}"
        );
        assert_eq!(found(&text, &events(&["10", "10", "20", "40"])).len() == 1, expected, "{condition}");
    }
}
