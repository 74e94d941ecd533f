//! `metrics.*`: what is usual for an entity, from baselines over weeks. The call is read and checked here; our
//! baselines are kept in other words (fields that Sigma rules name), and a rule that asks is told so.

use crate::text::hint;

/// Of what the language keeps baselines.
pub(crate) const METRICS: [&str; 22] = [
    "alert_event_name_count",
    "auth_attempts_fail",
    "auth_attempts_success",
    "auth_attempts_total",
    "dns_bytes_outbound",
    "dns_queries_fail",
    "dns_queries_success",
    "dns_queries_total",
    "file_executions_fail",
    "file_executions_success",
    "file_executions_total",
    "http_queries_fail",
    "http_queries_success",
    "http_queries_total",
    "network_bytes_inbound",
    "network_bytes_outbound",
    "network_bytes_total",
    "resource_creation_success",
    "resource_creation_total",
    "resource_deletion_success",
    "resource_read_fail",
    "resource_read_success",
];

/// Keywords with the words they take.
const CHOICES: [(&str, &[&str]); 4] = [
    ("period", &["1h", "1d"]),
    ("window", &["today", "30d"]),
    ("metric", &["event_count_sum", "value_sum", "first_seen", "last_seen", "event_count"]),
    ("agg", &["max", "min", "sum", "avg", "stddev", "num_metric_periods"]),
];

/// What is wrong with a call of `metrics.*`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MetricError {
    #[error("there is no metrics.{name}{hint}")]
    UnknownMetric { name: String, hint: String },
    #[error("metrics take no {keyword:?}{hint}")]
    UnknownKeyword { keyword: String, hint: String },
    #[error("{keyword:?} of a metric is given twice")]
    Twice { keyword: String },
    #[error("{keyword:?} of a metric is one of {choices}, not {value:?}{hint}")]
    WrongWord { keyword: &'static str, value: String, choices: String, hint: String },
    #[error("a metric needs {keyword:?}")]
    Missing { keyword: &'static str },
    #[error("metrics.{name} is not kept: Sigma rules ask baselines as fields")]
    NeedsBaselines { name: &'static str },
}

/// One argument of a call: `period:1d` is a word, `principal.user.userid:$user` a dimension with an expression.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MetricArgument<'a> {
    pub(crate) keyword: &'a str,
    /// The word behind the colon; `None` for an expression.
    pub(crate) word: Option<&'a str>,
}

/// Whether `name` is of this family.
pub(crate) fn is_metric(name: &str) -> bool {
    name.get(.."metrics.".len()).is_some_and(|family| family.eq_ignore_ascii_case("metrics."))
}

/// Checks a call; what is right with it still has no baselines, so that there always is an error.
pub(crate) fn check(name: &str, arguments: &[MetricArgument<'_>]) -> MetricError {
    let bare = if is_metric(name) { name.get("metrics.".len()..).unwrap_or_default() } else { name };
    let Some(metric) = METRICS.iter().find(|metric| metric.eq_ignore_ascii_case(bare)) else {
        return MetricError::UnknownMetric { name: bare.to_owned(), hint: hint(bare, METRICS) };
    };
    for (index, argument) in arguments.iter().enumerate() {
        let before = arguments.get(..index).unwrap_or_default();
        if before.iter().any(|other| other.keyword.eq_ignore_ascii_case(argument.keyword)) {
            return MetricError::Twice { keyword: argument.keyword.to_owned() };
        }
        if let Some(error) = wrong_argument(argument) {
            return error;
        }
    }
    for (keyword, _) in CHOICES {
        if !arguments.iter().any(|argument| argument.keyword.eq_ignore_ascii_case(keyword)) {
            return MetricError::Missing { keyword };
        }
    }
    MetricError::NeedsBaselines { name: metric }
}

fn wrong_argument(argument: &MetricArgument<'_>) -> Option<MetricError> {
    let known = CHOICES.iter().find(|(keyword, _)| keyword.eq_ignore_ascii_case(argument.keyword));
    let Some((keyword, choices)) = known else {
        // A dimension is a path with a dot in it; a word without one is a misspelt keyword.
        let dimension = argument.keyword.contains('.') || argument.keyword.eq_ignore_ascii_case("entity");
        return (!dimension).then(|| MetricError::UnknownKeyword {
            keyword: argument.keyword.to_owned(),
            hint: hint(argument.keyword, CHOICES.map(|(keyword, _)| keyword)),
        });
    };
    let word = argument.word.unwrap_or("");
    if choices.iter().any(|choice| choice.eq_ignore_ascii_case(word)) {
        return None;
    }
    Some(MetricError::WrongWord {
        keyword,
        value: word.to_owned(),
        choices: choices.join(", "),
        hint: hint(word, choices.iter().copied()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn says(name: &str, arguments: &[(&str, Option<&str>)], expected: &str) {
        let arguments: Vec<MetricArgument<'_>> =
            arguments.iter().map(|(keyword, word)| MetricArgument { keyword, word: *word }).collect();
        assert_eq!(check(name, &arguments).to_string(), expected);
    }

    #[test]
    fn a_right_call_needs_baselines_and_a_wrong_one_is_told_why() {
        let right = [
            ("period", Some("1d")),
            ("window", Some("30d")),
            ("metric", Some("event_count_sum")),
            ("agg", Some("max")),
            ("principal.user.userid", None),
        ];
        let needs = "metrics.auth_attempts_fail is not kept: Sigma rules ask baselines as fields";
        says("metrics.auth_attempts_fail", &right, needs);
        says("Metrics.Auth_attempts_fail", &right, needs);
        says(
            "metrics.auth_attempt_fail",
            &right,
            "there is no metrics.auth_attempt_fail; did you mean \"auth_attempts_fail\"?",
        );
        says("metrics.auth_attempts_fail", &right[..3], "a metric needs \"agg\"");
        says("metrics.auth_attempts_fail", &[right[0], right[0]], "\"period\" of a metric is given twice");
        says(
            "metrics.auth_attempts_fail",
            &[("period", Some("1w"))],
            "\"period\" of a metric is one of 1h, 1d, not \"1w\"; did you mean \"1h\"?",
        );
        says(
            "metrics.auth_attempts_fail",
            &[("periods", None)],
            "metrics take no \"periods\"; did you mean \"period\"?",
        );
        assert!(is_metric("metrics.x") && !is_metric("metric") && !is_metric("é"));
    }
}
