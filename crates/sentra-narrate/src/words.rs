//! Numbers, times, durations and lists as words.

use sentra_model::{Estimate, Timestamp};

use crate::limit::list_items_max;
use crate::list::List;

/// `2017-12-10 10:54:29 UTC`: whole seconds, cut, never rounded up.
pub(crate) fn time(moment: Timestamp) -> String {
    jiff::Timestamp::from(moment).strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `2017-12-10`, in UTC.
pub(crate) fn day(moment: Timestamp) -> String {
    jiff::Timestamp::from(moment).strftime("%Y-%m-%d").to_string()
}

/// Days since 1970-01-01, in UTC.
pub(crate) fn day_number(moment: Timestamp) -> i64 {
    moment.micros().div_euclid(86_400_000_000)
}

/// Whole seconds between the two moments as [`time`] shows them.
pub(crate) fn seconds_between(first: Timestamp, last: Timestamp) -> u64 {
    let second = |moment: Timestamp| moment.micros().div_euclid(1_000_000);
    u64::try_from(second(last).saturating_sub(second(first))).unwrap_or(0)
}

/// The two largest units of a duration: `14 s`, `4 min 3 s`, `2 h 10 min`, `3 d 4 h`; none for zero.
pub(crate) fn duration(seconds: u64) -> Option<String> {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let (large, small) = match (days, hours, minutes) {
        (0, 0, 0) => ((0, "min"), (seconds, "s")),
        (0, 0, _) => ((minutes, "min"), (seconds % 60, "s")),
        (0, _, _) => ((hours, "h"), (minutes % 60, "min")),
        _ => ((days, "d"), (hours % 24, "h")),
    };
    let parts: Vec<String> =
        [large, small].iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// `a`, `a and b`, `a, b and 3 others`: the first few items, then how many more there are.
pub(crate) fn enumerate(list: &List) -> String {
    enumerate_as(list, "other", "others")
}

/// As [`enumerate`], with words of its own for what is not named.
pub(crate) fn enumerate_as(list: &List, one: &str, many: &str) -> String {
    let mut parts: Vec<String> = list.items.iter().take(list_items_max()).cloned().collect();
    let rest = list.total.saturating_sub(parts.len() as u64);
    if rest > 0 {
        let bound = if list.at_least { "at least " } else { "" };
        parts.push(format!("{bound}{rest} {}", if rest == 1 { one } else { many }));
    }
    self::list(&parts)
}

/// `once`, `7 times`, `at least 7 times`.
pub(crate) fn times(count: u64, at_least: bool) -> String {
    match (at_least, count) {
        (false, 1) => "once".to_owned(),
        (false, _) => format!("{count} times"),
        (true, _) => format!("at least {count} times"),
    }
}

/// `once`, `twice`, `7 times`.
pub(crate) fn often(count: u64) -> String {
    if count == 2 { "twice".to_owned() } else { times(count, false) }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(parts: &[String]) -> String {
    match parts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

/// `very likely that this is malicious (93 %, 90 % interval 81 % to 97 %)`.
pub(crate) fn probability(risk: &Estimate) -> String {
    format!(
        "{} that this is malicious ({}, 90 % interval {} to {})",
        likelihood(risk.score),
        percent(risk.score),
        percent(risk.low),
        percent(risk.high)
    )
}

/// Words of estimative probability, by the bands that intelligence analysis uses.
fn likelihood(score: f64) -> &'static str {
    match score {
        s if s >= 0.95 => "almost certain",
        s if s >= 0.80 => "very likely",
        s if s >= 0.55 => "likely",
        s if s >= 0.45 => "about as likely as not",
        s if s >= 0.20 => "unlikely",
        _ => "very unlikely",
    }
}

/// Whole percent; what is not certain never reads as 0 % or 100 %.
fn percent(part: f64) -> String {
    match part {
        p if p > 0.0 && p < 0.01 => "under 1 %".to_owned(),
        p if p > 0.99 && p < 1.0 => "over 99 %".to_owned(),
        p => format!("{:.0} %", p * 100.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_show_two_units() {
        let table = [
            (0, None),
            (14, Some("14 s")),
            (60, Some("1 min")),
            (243, Some("4 min 3 s")),
            (614, Some("10 min 14 s")),
            (3_600, Some("1 h")),
            (7_859, Some("2 h 10 min")),
            (273_600, Some("3 d 4 h")),
        ];
        for (seconds, words) in table {
            assert_eq!(duration(seconds).as_deref(), words);
        }
    }

    #[test]
    fn times_are_whole_seconds_in_utc() {
        assert_eq!(time(Timestamp::from_micros(1_512_903_269_999_999)), "2017-12-10 10:54:29 UTC");
        assert_eq!(time(Timestamp::MIN), "0001-01-01 00:00:00 UTC");
        let (first, last) = (Timestamp::from_micros(999_999), Timestamp::from_micros(1_000_000));
        assert_eq!(seconds_between(first, last), 1);
    }

    #[test]
    fn lists_name_the_first_and_count_the_rest() {
        let list = |n: u64| List::of((0..n).map(|i| format!("u{i}")).collect());
        assert_eq!(enumerate(&list(1)), "u0");
        assert_eq!(enumerate(&list(2)), "u0 and u1");
        assert_eq!(enumerate(&list(5)), "u0, u1, u2, u3 and u4");
        assert_eq!(enumerate(&list(6)), "u0, u1, u2, u3, u4 and 1 other");
        assert_eq!(
            enumerate(&List { at_least: true, ..list(9) }),
            "u0, u1, u2, u3, u4 and at least 4 others"
        );
    }

    #[test]
    fn probabilities_never_claim_certainty_they_do_not_have() {
        assert_eq!(
            probability(&Estimate::new(0.999, 0.004, 0.9999)),
            "almost certain that this is malicious (over 99 %, 90 % interval under 1 % to over 99 %)"
        );
        assert!(
            probability(&Estimate::new(0.93, 0.81, 0.97))
                .starts_with("very likely that this is malicious (93 %")
        );
    }
}
