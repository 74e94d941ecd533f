//! What is told of failed logins beyond their number: when and how fast they came, which accounts were tried how
//! often, and which of these do not exist.

use sentra_model::{Burst, Pace};

use crate::limit::{bursts_told_max, list_items_max};
use crate::list::Slot;
use crate::phrase::{hosts, when_at_end};
use crate::sheet::Statement;
use crate::words;

/// `between T and T, the attempts came at about 28 a minute, without a pause of more than 1 min`.
pub(crate) fn pace(statement: &Statement) -> String {
    let when = when_at_end(statement);
    let seconds = words::seconds_between(statement.first, statement.last);
    if statement.count <= 1 && !statement.at_least {
        return format!("the attempt came{when}");
    }
    if statement.at_least {
        return format!("the attempts came{when}");
    }
    if seconds == 0 {
        return format!("the attempts came within a second{when}");
    }
    // Only what shows every one of them shows where there were none.
    let pace = statement.pace.as_ref().filter(|pace| is_whole(pace, statement.count));
    if let Some(pace) = pace.filter(|pace| pace.bursts.len() > 1) {
        return bursts(pace, &when);
    }
    let rate = rate(statement.count, seconds);
    let pause = pace.map(|pace| u64::from(pace.pause_seconds)).filter(|pause| *pause < seconds);
    let pause = pause.and_then(words::duration);
    let pause = pause.map(|pause| format!(", without a pause of more than {pause}")).unwrap_or_default();
    format!("{}, the attempts came {rate}{pause}", when.trim_start())
}

fn is_whole(pace: &Pace, count: u64) -> bool {
    pace.bursts.iter().fold(0_u64, |sum, burst| sum.saturating_add(burst.count)) == count
}

/// `at about 28 a minute`, `about every 3 s`: on the average of `count` attempts in `seconds`.
fn rate(count: u64, seconds: u64) -> String {
    let rounded = |whole: u64, parts: u64| whole.saturating_add(parts / 2) / parts.max(1);
    let every = rounded(seconds, count.saturating_sub(1));
    let per_minute = rounded(count.saturating_mul(60), seconds);
    match (seconds, every, per_minute) {
        (0..60, 0, _) => format!("at about {} a second", rounded(count, seconds)),
        (60.., _, 2..) => format!("at about {per_minute} a minute"),
        _ => format!("about every {}", words::duration(every).unwrap_or_default()),
    }
}

/// `the attempts came in 2 bursts, 30 between T and T and 16 between T and T, with a pause of 1 h 50 min between them`.
fn bursts(pace: &Pace, when: &str) -> String {
    let told = |burst: &Burst| {
        let (first, last) = (words::time(burst.first), words::time(burst.last));
        match first == last {
            true => format!("{} at {first}", burst.count),
            false => format!("{} between {first} and {last}", burst.count),
        }
    };
    let number = pace.bursts.len();
    let what = match pace.bursts.iter().rev().max_by_key(|burst| burst.count) {
        Some(largest) if number > bursts_told_max() => format!("{when}, the largest of {}", told(largest)),
        _ => format!(", {}", words::list(&pace.bursts.iter().map(told).collect::<Vec<_>>())),
    };
    let next = pace.bursts.iter().skip(1);
    let pauses = pace.bursts.iter().zip(next);
    let pauses = pauses.map(|(one, next)| words::seconds_between(one.last, next.first));
    let (shortest, longest) =
        pauses.fold((u64::MAX, 0), |(low, high), pause| (low.min(pause), high.max(pause)));
    let [shortest, longest] = [shortest, longest].map(|pause| words::duration(pause).unwrap_or_default());
    let pause = match (number, shortest == longest) {
        (2, _) => format!("a pause of {longest}"),
        (_, true) => format!("pauses of {longest}"),
        (_, false) => format!("pauses of {shortest} to {longest}"),
    };
    format!("the attempts came in {number} bursts{what}, with {pause} between them")
}

/// `the account root was tried 276 times, oracle twice, and dff, git and 6 others once each`. None where it is not known
/// how often each was tried, and where there is only one.
pub(crate) fn accounts(statement: &Statement) -> Option<String> {
    let tries = &statement.tries;
    if tries.len() < 2 {
        return None;
    }
    // To name the last one is shorter than to count it.
    let named =
        if tries.len() == list_items_max() + 1 { tries.len() } else { list_items_max().min(tries.len()) };
    let (named, rest) = tries.split_at(named);
    let mut groups: Vec<Group> = Vec::new();
    for (name, count) in named {
        match groups.last_mut() {
            Some(group) if group.each == (*count, *count) => group.add(name.clone(), 1),
            _ => groups.push(Group { each: (*count, *count), names: vec![name.clone()], accounts: 1 }),
        }
    }
    if let (Some((_, most)), Some((_, least)), Some(last)) = (rest.first(), rest.last(), groups.last_mut()) {
        let accounts = rest.len();
        let others = format!("{accounts} others");
        match last.each == (*least, *most) {
            true => last.add(others, accounts),
            false => groups.push(Group { each: (*least, *most), names: vec![others], accounts }),
        }
    }
    let (first, further) = groups.split_first()?;
    let (lead, verb) = if first.accounts > 1 { ("accounts", "were") } else { ("account", "was") };
    let told = format!("the {lead} {} {verb} tried {}", words::list(&first.names), first.often());
    let further: Vec<String> =
        further.iter().map(|group| format!("{} {}", words::list(&group.names), group.often())).collect();
    // Lists within a list want a comma before the last.
    Some(match further.split_last() {
        None => told,
        Some((last, [])) => format!("{told}, and {last}"),
        Some((last, between)) => format!("{told}, {}, and {last}", between.join(", ")),
    })
}

/// Accounts that were tried equally often, or of which only the least and the most is told.
struct Group {
    each: (u64, u64),
    names: Vec<String>,
    accounts: usize,
}

impl Group {
    fn add(&mut self, name: String, accounts: usize) {
        self.names.push(name);
        self.accounts += accounts;
    }

    /// `twice`, `once each`, `2 to 4 times each`.
    fn often(&self) -> String {
        let often = match self.each {
            (least, most) if least == most => words::often(most),
            (1, 2) => "once or twice".to_owned(),
            (least, most) => format!("{least} to {most} times"),
        };
        if self.accounts > 1 { often + " each" } else { often }
    }
}

/// `8 of the 10 accounts do not exist on host web-1 or may not log in there`.
pub(crate) fn refused(statement: &Statement) -> Option<String> {
    let accounts = statement.list(Slot::Account).total;
    let account = words::enumerate(statement.list(Slot::Account));
    let place = hosts(statement, "on");
    let there = if place.is_empty() { "" } else { " there" };
    let who = match (statement.refused, accounts) {
        (0, _) => return None,
        (1, 1) => {
            return Some(format!("the account {account} does not exist{place} or may not log in{there}"));
        }
        (refused, total) if refused > total => return None,
        (refused, total) if refused == total => format!("each of the {total} accounts does"),
        (1, total) => format!("1 of the {total} accounts does"),
        (refused, total) => format!("{refused} of the {total} accounts do"),
    };
    Some(format!("{who} not exist{place} or may not log in{there}"))
}
