//! What failed logins look like as a whole: guessing the password of one account, or few passwords on many.

use crate::list::List;
use crate::list::Slot;
use crate::sheet::Statement;
use crate::words;

/// Attempts on one account from which on they are a series.
const GUESSED_MIN: u64 = 5;
/// Accounts from which on they are many.
const SPRAYED_MIN: usize = 5;
/// Attempts per account up to which, on the average, they are few.
const SPRAYED_EACH: u64 = 5;
/// Names of devices from which on it is told that they are, when they are a third of all names.
const DEVICE_NAMES_MIN: usize = 3;

/// Accounts that network devices, cameras, telephones and small computers come with, in lower case and sorted.
const DEVICE_NAMES: [&str; 22] = [
    "0101",
    "1234",
    "12345",
    "admin",
    "admin1",
    "cisco",
    "default",
    "guest",
    "monitor",
    "operator",
    "pi",
    "plcmspip",
    "service",
    "super",
    "supervisor",
    "support",
    "tech",
    "telecomadmin",
    "ubnt",
    "user",
    "viewer",
    "xc3511",
];

/// `the pattern is password guessing against one account, root, with 276 of the 286 attempts`.
pub(crate) fn pattern(statement: &Statement) -> Option<String> {
    if statement.at_least {
        return None;
    }
    let tries = &statement.tries;
    let sum = tries.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
    if statement.list(Slot::Account).total == 1 {
        let guessed = statement.count >= GUESSED_MIN;
        let account = words::enumerate(statement.list(Slot::Account));
        return guessed.then(|| format!("the pattern is password guessing against one account, {account}"));
    }
    // An attempt without an account may have been at any.
    let (top, most) = tries.first().filter(|_| sum == statement.count)?;
    let many = tries.len() as u64;
    if *most >= GUESSED_MIN && most.saturating_mul(5) >= sum.saturating_mul(4) {
        return Some(format!(
            "the pattern is password guessing against one account, {top}, with {most} of the {sum} attempts"
        ));
    }
    if tries.len() < SPRAYED_MIN {
        return None;
    }
    let others = sum.saturating_sub(*most);
    let is_sprayed = |sum: u64, over: u64| sum <= over.saturating_mul(SPRAYED_EACH);
    if most.saturating_mul(2) >= sum && *most >= 2 * GUESSED_MIN && is_sprayed(others, many - 1) {
        return Some(format!(
            "the pattern is password guessing against {top}, with {most} of the {sum} attempts, and password spraying over the {} other accounts",
            many - 1
        ));
    }
    is_sprayed(sum, many).then(|| match most {
        1 => format!("the pattern is password spraying, one attempt on each of {many} accounts"),
        _ => format!("the pattern is password spraying, at most {most} attempts on each of {many} accounts"),
    })
}

/// `admin, “1234”, support and 3 others are default names of devices`.
pub(crate) fn device_names(statement: &Statement) -> Option<String> {
    let accounts = statement.list(Slot::Account);
    let plain = |item: &str| item.trim_matches(['“', '”']).trim().to_lowercase();
    let is_device = |item: &&String| DEVICE_NAMES.binary_search(&plain(item).as_str()).is_ok();
    let known: Vec<String> = accounts.items.iter().filter(is_device).cloned().collect();
    let is_telling = known.len() >= DEVICE_NAMES_MIN && known.len() * 3 >= accounts.items.len();
    is_telling.then(|| {
        format!("the names {} are such as devices are delivered with", words::enumerate(&List::of(known)))
    })
}

#[cfg(test)]
mod tests {
    use super::DEVICE_NAMES;

    #[test]
    fn the_names_of_devices_can_be_searched() {
        assert!(DEVICE_NAMES.is_sorted());
    }
}
