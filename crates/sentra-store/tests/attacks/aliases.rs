//! Law SAME under attack: fields that say what a column of their event says, nearly say it, say it of another type, say
//! nothing or are not there, in segments where all, most, few or none of them do. Whatever is asked of them is answered as
//! the interpreter answers, from segments, from merged segments and after a restart.

use std::sync::Arc;

use sentra_model::{Event, FieldValue, Mart, Position, Timestamp};
use sentra_store::{EmbeddedMarts, MartOptions, MartStore, MemoryMarts};

use crate::made::{all, batches, rows};
use crate::questions::Dice;
use crate::stores::{clock, now, scope};

const EVENTS_PER_FLUSH: u64 = 24;
/// As many as are merged at once, whatever their age, and more kinds of segments than are scanned apart.
const FLUSHES: u64 = 36;
const EVENTS: u64 = EVENTS_PER_FLUSH * FLUSHES;

/// What a field says beside what it should.
fn nearly(value: &str, dice: &mut Dice) -> String {
    match dice.below(8) {
        0 => String::new(),
        1 => value.to_uppercase(),
        2 => format!("{value} "),
        3 => format!("0{value}"),
        4 => format!("+{value}"),
        5 => "\u{1}".to_owned(),
        6 => format!("\u{1}{value}"),
        _ => "-".to_owned(),
    }
}

/// Adds the field `name` that says `value`: always, mostly, seldom or never, as the segment has it.
fn push(event: &mut Event<'_>, name: &'static str, value: &str, segment: u64, dice: &mut Dice) {
    let differs_one_in = [u64::MAX, u64::MAX, 7, 2][usize::try_from(segment % 4).unwrap()];
    let is_different =
        differs_one_in != u64::MAX && dice.below(usize::try_from(differs_one_in).unwrap()) == 0;
    // In every fifth segment it is in some rows only, in every seventh a row may have it twice.
    if segment.is_multiple_of(5) && dice.below(3) == 0 {
        return;
    }
    let said = if is_different { nearly(value, dice) } else { value.to_owned() };
    event.push(name, FieldValue::Text(said.into()));
    if segment.is_multiple_of(7) && dice.below(6) == 0 {
        event.push(name, FieldValue::Text(nearly(value, dice).into()));
    }
}

fn record(offset: u64, dice: &mut Dice) -> (Vec<u8>, Event<'static>) {
    let segment = offset / EVENTS_PER_FLUSH;
    let micros = now().micros() - 3_600_000_000 + i64::try_from(offset).unwrap() * 1_234_560;
    let time =
        Timestamp::from_micros(micros - if segment.is_multiple_of(3) { micros % 1_000_000 } else { 0 });
    let mut event = Event::new("syslog", Mart::LINUX, time);
    let user = if dice.below(9) == 0 { String::new() } else { format!("zoltan{}", dice.below(19)) };
    let (host, port) = (format!("srv-{}", dice.below(12)), 1_000 + dice.below(60) as u16);
    event.user = user.clone().into();
    event.host = host.clone().into();
    event.src_port = if dice.below(10) == 0 { 0 } else { port };
    event.message = format!("login of {user} from {host} port {port}").into();
    let message = event.message.to_string();
    // Not the same order of names in all events.
    for place in 0..7 {
        match (place + segment) % 7 {
            0 => push(&mut event, "Account", &user, segment, dice),
            1 => push(&mut event, "Computer", &host, segment + 1, dice),
            2 => push(&mut event, "message", &message, segment + 2, dice),
            3 => push(&mut event, "IpPort", &port.to_string(), segment + 3, dice),
            4 => push(&mut event, "EventTime", &time.to_string(), segment, dice),
            5 => event.push("Record", FieldValue::Integer(i64::try_from(offset + 1).unwrap())),
            _ => {
                let value = format!("rule-{}", offset % 13);
                event.push("cs1", FieldValue::Text(value.clone().into()));
                push(&mut event, "rule", &value, segment, dice);
            }
        }
    }
    let json = |text: &str| serde_json::to_string(text).unwrap();
    let fields: Vec<String> = event
        .fields
        .iter()
        .map(|(name, value)| format!("{}:{}", json(name), json(&value.as_text())))
        .collect();
    (format!("{{\"time\":\"{time}\",\"user\":{},{}}}", json(&user), fields.join(",")).into_bytes(), event)
}

/// Conditions on aliases, alone and with their sources.
const CONDITIONS: [&str; 20] = [
    "Account == 'zoltan3'",
    "Account =~ 'ZOLTAN3'",
    "Account != 'zoltan3'",
    "Account in ('zoltan1', 'zoltan4', '')",
    "Account == user",
    "isempty(Account)",
    "isnotempty(Account) and isempty(user)",
    "Account startswith 'zoltan1' and Computer endswith '-3'",
    "Computer has 'srv'",
    "Computer matches regex '^srv-1[01]?$'",
    "fields.message contains 'zoltan5 from srv-2'",
    "fields.message has 'login'",
    "IpPort == '1007'",
    "toint(IpPort) > 1040",
    "IpPort startswith '0'",
    "EventTime endswith '0Z'",
    "EventTime contains ':3'",
    "Record == '77' or rule == 'rule-7'",
    "rule != cs1",
    "raw contains 'zoltan1' and Account has 'zoltan17'",
];

const TAILS: [&str; 4] = [
    "project id, Account, Computer, IpPort, EventTime, Record, rule, raw",
    "count",
    "summarize n = count(), m = dcount(Computer), last = max(EventTime) by Account, rule | sort by Account asc, rule asc, n asc",
    "sort by Account asc, EventTime desc, id asc | project id, fields | take 20",
];

async fn compare(marts: &EmbeddedMarts, memory: &MemoryMarts, when: &str) {
    let (found, expected) = (all(marts, EVENTS).await, all(memory, EVENTS).await);
    assert_eq!(found.len() as u64, EVENTS, "{when}");
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected, "{when}");
    }
    // Every condition with two of the tails, every tail with half of the conditions.
    for (number, condition) in CONDITIONS.iter().enumerate() {
        for tail in TAILS.iter().cycle().skip(number % TAILS.len()).take(2) {
            let question = format!("events | where {condition} | {tail}");
            assert_eq!(rows(marts, &question).await, rows(memory, &question).await, "{when}: {question}");
        }
    }
}

#[tokio::test]
async fn fields_that_repeat_columns_say_what_they_said() {
    let dir = tempfile::tempdir().unwrap();
    let own = scope("own");
    let mut dice = Dice::new(23);
    let memory = MemoryMarts::new();
    let marts = EmbeddedMarts::open(dir.path(), MartOptions::default(), Arc::new(clock())).await.unwrap();
    for flush in 0..FLUSHES {
        let (from, to) = (flush * EVENTS_PER_FLUSH, (flush + 1) * EVENTS_PER_FLUSH);
        let made = batches(from..to, |offset| record(offset, &mut dice));
        let next = Position { partition: 0, offset: to };
        memory.append(&own, made.clone(), next).await.unwrap();
        marts.append(&own, made, next).await.unwrap();
        marts.flush(&own).await.unwrap();
    }
    compare(&marts, &memory, "from segments").await;
    let tended = marts.tend(&own, u64::MAX).await.unwrap();
    assert!(tended.segments_merged >= 2, "{tended:?}");
    compare(&marts, &memory, "from merged segments").await;
    let check = marts.check(&own, |_| ()).await.unwrap();
    assert_eq!((check.rows, check.problems.len()), (EVENTS, 0), "{check:?}");
    drop(marts);
    let marts = EmbeddedMarts::open(dir.path(), MartOptions::default(), Arc::new(clock())).await.unwrap();
    compare(&marts, &memory, "after a restart").await;
}
