//! Questions that can be answered, for when one is not understood. Tests ask each of them.

use std::sync::LazyLock;

use crate::lexicon::is_filler;
use crate::words::{Word, stem};

/// Words of a question that examples are compared with.
const ASKED_MAX: usize = 20;

/// How many questions are suggested.
pub const SUGGESTIONS: usize = 3;

/// Questions of every kind that the grammar knows.
pub const EXAMPLES: &[&str] = &[
    "failed logins yesterday",
    "failed logins from 10.1.2.3 in the last 24 hours",
    "logins of bob outside business hours",
    "logins to dc01 last night",
    "what did alice do yesterday",
    "what did host web01 do between 14:00 and 15:00 on 3 march",
    "everything about 10.1.2.3 today",
    "when did alice last log in",
    "where did alice log in from last week",
    "who logged in to dc01 yesterday",
    "how many different hosts did alice log in to since monday",
    "how many failed logins today",
    "top 10 users by failed logins this week",
    "top 10 users by sudo last week",
    "users with more than 10 failed logins today",
    "failed logins per hour today",
    "trend of failed logins over the last 30 days",
    "compare logins this week with last week",
    "account lockouts today",
    "new admin accounts created this month",
    "accounts created by alice this month",
    "password resets last week",
    "failed mfa this week",
    "privileged operations by root yesterday",
    "group membership changes this week",
    "security configuration changes this month",
    "break-glass use this year",
    "powershell on dc01 in the last 2 hours",
    "processes on web01 today",
    "rarest processes on web01 in the last 30 days",
    "registry changes on web01 today",
    "dns queries for evil.example this week",
    "which hosts talked to evil.example",
    "connections to 10.1.2.3 on port 4444 today",
    "count firewall denies per hour today",
    "top 10 source ips by firewall denies today",
    "sum of bytes by host today",
    "proxy requests by bob today",
    "events containing \"connection reset\" today",
    "has 44d88612fea8a8f36de82e1278abb02f been seen",
    "windows event id 4625 on dc01 today",
    "show event raw.0.17",
    "open incidents",
    "critical incidents this week",
    "signals on dc01 today",
    "signals per severity this week",
    "how many incidents last month",
    "show incident 42",
    "have we seen something like incident 42",
    "similar incidents to 42 and how often last quarter",
    "incidents similar to \"password spraying\"",
];

/// The words of the examples that say something, in the singular.
static STEMS: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    let stems = |example: &&str| example.split(' ').filter(|piece| !is_filler(piece)).map(stem).collect();
    EXAMPLES.iter().map(stems).collect()
});

/// The examples nearest to `words`, by the words they share; the first ones when they share none.
pub(super) fn nearest(words: &[Word]) -> Vec<String> {
    let mut asked: Vec<&str> = words
        .iter()
        .filter(|word| !is_filler(&word.text))
        .map(|word| word.stem.as_str())
        .take(ASKED_MAX)
        .collect();
    asked.sort_unstable();
    asked.dedup();
    let score =
        |stems: &Vec<String>| stems.iter().filter(|stem| asked.binary_search(&stem.as_str()).is_ok()).count();
    let mut scored: Vec<(usize, usize)> =
        STEMS.iter().map(score).enumerate().map(|(place, score)| (score, place)).collect();
    scored.sort_by_key(|(score, place)| (std::cmp::Reverse(*score), *place));
    scored
        .into_iter()
        .take(SUGGESTIONS)
        .filter_map(|(_, place)| EXAMPLES.get(place))
        .map(|example| (*example).to_owned())
        .collect()
}
