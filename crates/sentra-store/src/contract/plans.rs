//! Law SAME for questions in KQL: whatever engine answers, the rows are the interpreter's.

use sentra_kql::plan::{Plan, Value};
use sentra_kql::{CheckOptions, check, parse};
use sentra_model::Position;

use super::fixture::{at, batches, next, scope};
use crate::{AskLimits, MartStore, MemoryMarts, event_catalog};

/// Events of the test.
const EVENTS: u64 = 400;

pub(crate) const CONDITIONS: [&str; 62] = [
    "true",
    "user == 'root'",
    "user != 'root'",
    "user =~ 'ROOT'",
    "user !~ 'äsa'",
    "user == ''",
    "user != ''",
    "isempty(user)",
    "isnotempty(user)",
    "not(isempty(user)) and user != 'root'",
    "user in ('root', 'svc-backup')",
    "user !in ('root', 'svc-backup')",
    "user in~ ('ROOT')",
    "user > 'm'",
    "message contains 'FAILED'",
    "message !contains 'failed'",
    "message startswith 'Failed password'",
    "message endswith '7'",
    "message has 'password'",
    "message !has 'password'",
    "message has_any ('user', 'nobody')",
    "message matches regex 'user [0-9]*5$'",
    "src_ip == '192.0.2.7' or src_ip == '192.0.2.9'",
    "ipv4_is_in_range(src_ip, '192.0.2.0/30')",
    "dst_port == 22",
    "dst_port != 22",
    "dst_port > 21 and dst_port <= 3389",
    "not(dst_port < 100)",
    "isnull(dst_port)",
    "severity >= 3",
    "not(severity >= 3)",
    "count * 2 == 4",
    "time >= datetime(2026-01-01T00:05:00Z)",
    "time between (datetime(2026-01-01T00:02:00Z) .. datetime(2026-01-01T00:07:00Z))",
    "not(time >= datetime(2026-01-01T00:05:00Z))",
    "id == 'raw.0.17'",
    "id in ('raw.0.17', 'raw.0.3', 'nonsense')",
    "EventID == '4625'",
    "EventID != '4625'",
    "tolong(EventID) > 4624",
    "tag == 'first'",
    "tag != 'n4'",
    "fields.user == 'shadowed'",
    "raw contains 'line 1'",
    "EventID in ('4625', '4626')",
    "tag has 'first'",
    "tag in~ ('FIRST', 'N4')",
    "isempty(tag)",
    "EventID matches regex '462[56]'",
    "not(message matches regex 'user [0-9]*5$')",
    "message matches regex '^$'",
    "tag matches regex '^n'",
    "strlen(user) > 3 or EventID == '4626'",
    "nothing == 'x'",
    "nothing == ''",
    "nothing != 'x'",
    "isempty(nothing) and tolower(user) == 'root'",
    "empty == '' and isnotempty(EventID)",
    "iff(user == 'root', severity, count) >= 2",
    "dst_port == severity * 11",
    "id == 'raw.0.17' or EventID == '4624' and user has 'svc'",
    "user has 'svc-backup' and message has 'user'",
];

const TAILS: [&str; 49] = [
    "",
    "| take 7",
    "| project id, user, time",
    "| project u = tolower(user), n = severity + 1, id",
    "| extend late = time > datetime(2026-01-01T00:05:00Z) | project id, late",
    "| sort by user asc, id asc | project id, user",
    "| sort by src_ip desc | take 5 | project id, src_ip",
    "| top 3 by severity asc | project id, severity",
    "| count",
    "| summarize count() by user",
    "| summarize n = count(), s = sum(severity), a = avg(severity), lo = min(time), hi = max(dst_port) by mart",
    "| summarize dcount(user), dcount(src_ip), countif(user == 'root'), sumif(count, severity > 2)",
    "| summarize n = count() by bin(time, 5m) | sort by time asc",
    "| summarize n = count() by bin(time, 5m), outcome | where n > 3",
    "| summarize make_set(user) by mart",
    "| summarize arg_max(time, id) by src_ip",
    "| summarize percentile(severity, 50), stdev(severity), take_any(mart)",
    "| distinct user, mart",
    "| summarize n = count() by user | sort by n desc, user asc | take 2",
    // Of the most frequent, with as many others as are as frequent.
    "| summarize n = count() by user | sort by n desc, user desc | take 1",
    "| summarize n = count(), m = count() by raw | sort by n desc, raw desc | take 3",
    "| summarize n = count(), last = max(time) by host, user | sort by n desc, last asc, host asc, user asc | take 4",
    "| summarize n = count(), failed = countif(EventID == '4625') by user | sort by failed desc, n desc, user asc | take 2",
    "| summarize n = count() by user | sort by n desc, user asc | where user != 'root' | take 2",
    "| summarize n = count() by user | sort by user desc, n desc | take 2",
    "| summarize n = count() by user | sort by n asc, user desc | take 2",
    "| summarize n = count() by nothing | sort by n desc, nothing asc | take 2",
    "| where user == 'nobody at all' | summarize n = count() by user | sort by n desc, user asc | take 2",
    "| summarize dcount(raw), dcount(nothing), dcount(severity > 2), dcountif(time, severity > 2), dcountif(raw, severity > 2)",
    "| summarize n = count() by user | extend m = n * 10 | where m > 100 | project user, m",
    "| project EventID, tag | distinct EventID, tag",
    "| summarize n = count() by EventID",
    "| project user, k = strcat(user, '@', host) | summarize dcount(k) by user",
    "| join kind=inner (windows | summarize w = count() by user) on user | summarize n = count() by user, w",
    "| extend part = split(src_ip, '.') | mv-expand part | summarize n = count() by tostring(part)",
    "| parse message with * 'user ' number:long | where number > 50 | project id, number",
    "| summarize n = count(), d = dcount(EventID) by tag, EventID, nothing",
    "| summarize n = count() by tolower(user), bin(time, 10m)",
    "| summarize maxif(time, severity > 2), minif(dst_port, user != ''), avgif(severity, count > 1) by mart, outcome",
    "| summarize dcountif(user, EventID == '4625'), dcount(tolong(EventID)), dcount(time), max(severity)",
    "| extend f = EventID, g = strcat(EventID, user) | where f == '4625' | summarize dcount(g) by f, severity",
    "| distinct EventID, outcome, dst_port",
    "| project fields, id, raw",
    "| project number = tolong(EventID), word = toupper(EventID), user | where number > 4624 | sort by number desc, user asc",
    "| join kind=inner (linux | summarize l = count() by user, severity) on user, severity | project user, id, l",
    "| join kind=leftouter (windows | where severity > 3 | summarize l = count() by user) on user | project id, user, l",
    "| join kind=leftanti (windows | where severity > 4) on user | project id, user",
    "| join kind=rightsemi (windows | where severity > 4 | project id, user) on user",
    "| project user, mart | join kind=fullouter (cloud | project user, severity) on user | count",
];

pub(crate) fn plan(question: &str) -> Plan {
    let catalog = event_catalog(&[]);
    let options = CheckOptions { catalog: &catalog, now: at(3_600), keep_calls: false };
    let query = parse(question).unwrap_or_else(|error| panic!("{question}: {error}"));
    check(&query, options).unwrap_or_else(|error| panic!("{question}: {error}"))
}

/// As texts, in an order of their own where the question does not say one.
fn shown(question: &str, rows: &[Vec<Value>]) -> Vec<String> {
    let mut shown: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
    let is_ordered = ["sort", "top", "take"].iter().any(|word| question.contains(word))
        || !["summarize", "distinct", "join"].iter().any(|word| question.contains(word));
    if !is_ordered {
        shown.sort_unstable();
    }
    shown
}

pub(crate) async fn plans_have_the_interpreters_answer(store: &dyn MartStore) {
    let (ours, others) = (scope("ours"), scope("others"));
    let reference = MemoryMarts::new();
    for (from, to) in [(0, EVENTS / 2), (EVENTS / 2, EVENTS)] {
        for store in [store, &reference as &dyn MartStore] {
            store.append(&ours, batches(&ours, from..to), next(to)).await.unwrap();
            store
                .append(&others, batches(&others, from..to), Position { partition: 0, offset: to })
                .await
                .unwrap();
        }
        // One half is on disk, the other in memory.
        if from == 0 {
            store.flush(&ours).await.unwrap();
        }
    }
    let limits = AskLimits::default();
    for table in ["events", "linux", "windows", "cloud"] {
        for (number, condition) in CONDITIONS.iter().enumerate() {
            for (place, tail) in TAILS.iter().enumerate() {
                // Every condition alone, every tail, and a diagonal of both.
                let is_asked = place == 0 || number == 0 || (number * 7 + place) % 13 == 0;
                if !is_asked || (table != "events" && (number + place) % 5 != 0) {
                    continue;
                }
                let question = format!("{table} | where {condition} {tail}");
                let plan = plan(&question);
                let expected = reference.ask(&ours, &plan, &limits).await.unwrap();
                let found = store.ask(&ours, &plan, &limits).await;
                let found = found.unwrap_or_else(|error| panic!("{question}: {error:?}"));
                assert_eq!(found.columns, expected.columns, "{question}");
                assert_eq!(shown(&question, &found.rows), shown(&question, &expected.rows), "{question}");
            }
        }
    }
}

/// Law LIMIT: more rows than wanted are cut off, and that is said.
pub(crate) async fn answers_to_plans_are_limited(store: &dyn MartStore) {
    let ours = scope("ours");
    store.append(&ours, batches(&ours, 0..EVENTS), next(EVENTS)).await.unwrap();
    let limits = AskLimits { rows_max: 10, ..AskLimits::default() };
    for question in ["events", "events | extend p = split(src_ip, '.') | mv-expand p"] {
        let answer = store.ask(&ours, &plan(question), &limits).await.unwrap();
        assert_eq!((answer.rows.len(), answer.cut), (10, true), "{question}");
    }
    let answer = store.ask(&ours, &plan("events | take 10"), &limits).await.unwrap();
    assert_eq!((answer.rows.len(), answer.cut), (10, false));
}

/// Law TENANT: no question reaches another tenant's events.
pub(crate) async fn plans_do_not_leave_the_tenant(store: &dyn MartStore) {
    let (ours, others) = (scope("ours"), scope("others"));
    store.append(&others, batches(&others, 0..50), next(50)).await.unwrap();
    store.flush(&others).await.unwrap();
    store.append(&others, batches(&others, 50..90), next(90)).await.unwrap();
    for question in [
        "events | count",
        "union events, linux | count",
        "events | join kind=fullouter (linux) on id | count",
        "let a = events; a | union (a | where host startswith 'others') | count",
        "events | summarize make_set(host) | mv-expand set_host | count",
    ] {
        let answer = store.ask(&ours, &plan(question), &AskLimits::default()).await.unwrap();
        let count = answer.rows.first().and_then(|row| row.first()).cloned();
        assert_eq!(count, Some(Value::Long(0)), "{question}");
    }
}
