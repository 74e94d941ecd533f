//! The benchmarks that drive a server, with small loads: not what they measure is tested but that they would notice. And
//! the processes that measure correlations.

use serde_json::Value;

use crate::house::sentra;

fn bench(arguments: &[&str], environment: &[(&str, &str)]) -> (bool, Value, String) {
    let mut command = sentra();
    command.arg("bench").args(arguments).arg("--json").envs(environment.iter().copied());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let document = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    (output.status.success(), document, said)
}

#[test]
fn every_protocol_is_driven_and_what_is_acknowledged_is_there() {
    for protocol in ["ndjson", "hec", "bulk", "otlp", "syslog-tcp"] {
        let arguments = [
            "intake",
            "--no-pipeline",
            "--seconds",
            "1",
            "--senders",
            "3",
            "--body-bytes",
            "20000",
            "--protocol",
            protocol,
        ];
        let (is_ok, document, said) = bench(&arguments, &[]);
        assert!(is_ok, "{protocol}: {said}");
        let run = &document["runs"][0];
        let stored = &run["stored"];
        assert!(stored["lines"].as_u64().unwrap() > 0, "{protocol}: {document}");
        for wrong in ["missing", "altered", "twice", "unacknowledged"] {
            assert_eq!(stored[wrong], 0, "{protocol}: {document}");
        }
        let answers = run["statuses"].as_object().unwrap();
        assert!(answers.keys().all(|status| status == "200"), "{protocol}: {document}");
        assert!(run["server"]["after"]["rss_peak_bytes"].as_u64().unwrap() > 1_000_000, "{document}");
    }
}

/// Law LOSS: a refusal reaches its sender, also one that is still writing. With two requests at a time most are refused.
#[test]
fn a_flood_is_refused_visibly_and_nothing_acknowledged_is_lost() {
    let arguments = ["flood", "--seconds", "2", "--senders", "64", "--times", "4"];
    let (is_ok, document, said) = bench(&arguments, &[("SENTRA_INTAKE__REQUESTS_MAX", "2")]);
    assert!(is_ok, "{said} {document}");
    assert!(document["bodies_refused"].as_u64().unwrap() > 0, "{document}");
    assert!(document["bodies_acknowledged"].as_u64().unwrap() > 0, "{document}");
    for wrong in ["bodies_broken", "refused_without_retry_after"] {
        assert_eq!(document[wrong], 0, "{document}");
    }
    assert_eq!(document["stored"]["missing"], 0, "{document}");
}

#[test]
fn a_correlation_is_measured_in_a_process_of_its_own() {
    let (is_ok, document, said) = bench(&["detect", "--case", "2"], &[]);
    assert!(is_ok, "{said}");
    assert!(document["nanos_per_event"].as_f64().unwrap() > 1.0, "{document}");
    // A window of 60,000 events is kept.
    assert!(document["bytes_per_group"].as_f64().unwrap() > 1e6, "{document}");
}

#[test]
fn questions_find_what_was_put_in() {
    let (is_ok, document, said) = bench(&["query", "--events", "2000", "--runs", "1"], &[]);
    assert!(is_ok, "{said}");
    assert_eq!(document["events"], 2_000);
    let query = |name: &str| {
        let mut queries = document["queries"].as_array().unwrap().iter();
        queries.find(|query| query["name"] == name).unwrap_or_else(|| panic!("{name}: {document}"))
    };
    assert_eq!(query("count")["rows"][0][0], 2_000);
    for needle in ["needle address", "needle user", "needle hash", "needle word"] {
        assert_eq!(query(needle)["rows"].as_array().unwrap().len(), 3, "{needle}: {document}");
    }
    let memory = &document["memory"];
    assert_eq!(memory["answered"], 20, "{document}");
    assert!(memory["pool_bytes_peak"].as_u64().unwrap() > 0, "{document}");
}
