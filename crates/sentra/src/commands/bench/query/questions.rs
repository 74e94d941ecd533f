//! What is asked. The peers' script holds the same questions in SQL, by name.

use super::lines::{NEEDLE_ADDRESS, NEEDLE_HASH, NEEDLE_USER, NEEDLE_WORD};

/// A question that is timed.
pub(crate) struct Question {
    pub(crate) name: &'static str,
    pub(crate) text: String,
}

/// Whether the target of needles holds for the question.
pub(crate) fn is_needle(name: &str) -> bool {
    name.starts_with("needle")
}

/// The questions in the order of the table.
pub(crate) fn questions(events: u64) -> Vec<Question> {
    let question = |name, text: &str| Question { name, text: text.to_owned() };
    vec![
        question(
            "needle id",
            &format!("events | where id == 'raw.0.{}' | project id, user, host", events / 3),
        ),
        question(
            "needle address",
            &format!("events | where src_ip == '{NEEDLE_ADDRESS}' | project id, src_ip, user"),
        ),
        question(
            "needle user",
            &format!("events | where user == '{NEEDLE_USER}' | project id, src_ip, user"),
        ),
        question(
            "needle hash",
            &format!("events | where Hashes == 'SHA256={NEEDLE_HASH}' | project id, user, Image"),
        ),
        question("needle word", &format!("events | where message has '{NEEDLE_WORD}' | project id, user")),
        question("count", "events | count"),
        question("field count", "events | where EventID == '4688' | count"),
        question("top users", "events | summarize n = count() by user | sort by n desc, user asc | take 10"),
        question(
            "top addresses",
            "events | summarize n = count() by src_ip | sort by n desc, src_ip asc | take 10",
        ),
        question(
            "top users and outcomes",
            "events | summarize n = count() by user, outcome | sort by n desc, user asc, outcome asc | take 10",
        ),
        question(
            "top processes",
            "events | where EventID == '1' | summarize n = count() by Image | sort by n desc, Image asc | take 10",
        ),
        question("histogram", "events | summarize n = count() by bin(time, 1h) | sort by time asc"),
        question(
            "histogram of failures",
            "events | where outcome == 'failure' | summarize n = count() by bin(time, 1h), mart | sort by time asc, mart asc",
        ),
        question("contains", "events | where message contains 'invalid user quinn' | count"),
        question("field contains", "events | where CommandLine contains '-encodedcommand' | count"),
        question("regex", "events | where message matches regex 'port 6[0-9]{3}1 ' | count"),
        question(
            "field regex",
            r"events | where CommandLine matches regex '(?i)powershell.*-enc[a-z]* [A-Z]{4}' | count",
        ),
        question("distinct count", "events | summarize dcount(src_ip), dcount(user), dcount(host)"),
        question("distinct by mart", "events | summarize n = dcount(user) by mart | sort by mart asc"),
        question(
            "join",
            "events | where EventID == '4625' | summarize failed = count() by user \
             | join kind=inner (events | where mart == 'linux' | summarize logins = count() by user) on user \
             | project user, failed, logins | sort by failed desc, user asc | take 10",
        ),
        question(
            "join of events",
            "events | where EventID == '4672' | project user, host | join kind=inner (events | where mart == 'linux' \
             | where message startswith 'Accepted' | distinct user) on user | summarize n = count() by user \
             | sort by n desc, user asc | take 10",
        ),
    ]
}

/// Questions that take much memory or time.
pub(crate) const HEAVY: [&str; 5] = [
    "events | summarize n = count() by src_ip, user | top 10 by n desc",
    "events | summarize dcount(message) by mart",
    "events | where raw contains 'zoltan' | count",
    "events | summarize n = count(), last = max(time) by host, user, src_ip | top 10 by n desc",
    "events | where message matches regex 'port 6[0-9]{3}1 ' | summarize n = count() by user",
];
