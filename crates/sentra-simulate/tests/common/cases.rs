//! An independent count over the lines: each attack reaches its case's limit, and what is left when the attacks'
//! lines are taken out reaches none.

use std::collections::{BTreeMap, BTreeSet};

use sentra_simulate::{HOUR, MINUTE, Micros, Options, Run, Story, scenario};

use super::{Line, read};

type Timed = (Micros, Line);

/// What is wrong, if anything is.
pub(crate) fn check(name: &str, options: &Options) -> Result<(), String> {
    let mut run = Run::new(scenario(name).unwrap(), options);
    let lines: Vec<Timed> =
        run.by_ref().map(|record| (record.time, read(record.source, &record.bytes))).collect();
    let truth = run.truth();
    let mut is_attack = vec![false; lines.len()];
    for story in truth.attacks() {
        let own: Vec<&Timed> = story.records.iter().map(|number| &lines[*number as usize]).collect();
        story.records.iter().for_each(|number| is_attack[*number as usize] = true);
        let certified = certified_before(&lines, story.start.0);
        if !holds(&story.case, &own, &certified, story) {
            return Err(format!("{} is no {}: {:?}", story.id, story.case, own));
        }
    }
    let rest: Vec<&Timed> =
        lines.iter().zip(&is_attack).filter(|(_, attack)| !**attack).map(|(line, _)| line).collect();
    nothing_left(&rest, &lines)
}

/// Who was approved or certified for an application before `at`.
fn certified_before(lines: &[Timed], at: Micros) -> BTreeSet<String> {
    let earlier = lines.iter().take_while(|(time, _)| *time < at);
    let certified = earlier.filter(|(_, line)| line.what == "certified" && line.application == "payroll");
    certified.map(|(_, line)| line.target.clone()).collect()
}

fn of<'a>(lines: &[&'a Timed], what: &str) -> Vec<&'a Timed> {
    lines.iter().copied().filter(|(_, line)| line.what == what).collect()
}

/// The most of `times` that fall into a window.
fn most_in(times: &mut [Micros], window: Micros) -> usize {
    times.sort_unstable();
    let mut from = 0;
    let mut most = 0;
    for to in 0..times.len() {
        while times[to] - times[from] > window {
            from += 1;
        }
        most = most.max(to - from + 1);
    }
    most
}

fn brute(lines: &[&Timed]) -> usize {
    let mut by: BTreeMap<(&str, &str), Vec<Micros>> = BTreeMap::new();
    for (time, line) in of(lines, "failure") {
        by.entry((&line.user, &line.source)).or_default().push(*time);
    }
    by.into_values().map(|mut times| most_in(&mut times, 5 * MINUTE)).max().unwrap_or(0)
}

fn spray(lines: &[&Timed]) -> usize {
    let mut by: BTreeMap<&str, Vec<(Micros, &str)>> = BTreeMap::new();
    for (time, line) in of(lines, "failure") {
        // A mistyped password at the keyboard has no source.
        if !line.source.is_empty() && line.source != "-" {
            by.entry(&line.source).or_default().push((*time, &line.user));
        }
    }
    // Of many accounts: each counts once.
    by.into_values()
        .map(|failures| {
            let mut first: BTreeMap<&str, Vec<Micros>> = BTreeMap::new();
            failures.iter().for_each(|(time, user)| first.entry(user).or_default().push(*time));
            let mut times: Vec<Micros> =
                if first.len() >= 5 { failures.iter().map(|(time, _)| *time).collect() } else { Vec::new() };
            most_in(&mut times, 10 * MINUTE)
        })
        .max()
        .unwrap_or(0)
}

fn short_lived(lines: &[&Timed]) -> bool {
    let deleted = of(lines, "deleted");
    of(lines, "created").iter().any(|(created, account)| {
        deleted
            .iter()
            .any(|(time, other)| other.target == account.target && (0..=2 * HOUR).contains(&(time - created)))
    })
}

/// Logins of one person seen from two countries within an hour and a half.
fn impossible(lines: &[&Timed]) -> bool {
    let mut last: BTreeMap<&str, (Micros, &str)> = BTreeMap::new();
    let logins = lines.iter().filter(|(_, line)| line.what == "login" && !line.country.is_empty());
    let mut is_found = false;
    for (time, line) in logins {
        let before = last.insert(&line.user, (*time, &line.country));
        is_found |= before.is_some_and(|(at, country)| country != line.country && time - at < 90 * MINUTE);
    }
    is_found
}

fn after_termination(lines: &[&Timed], everything: &[Timed]) -> Option<String> {
    let terminated: BTreeMap<&str, Micros> = everything
        .iter()
        .filter(|(_, line)| line.is_terminated)
        .map(|(time, line)| (line.target.as_str(), *time))
        .collect();
    of(lines, "login")
        .iter()
        .find(|(time, line)| terminated.get(line.user.as_str()).is_some_and(|at| time > at))
        .map(|(time, line)| {
            format!("{line:?} at {time}, terminated at {:?}", terminated.get(line.user.as_str()))
        })
}

fn lockouts(lines: &[&Timed]) -> usize {
    let mut times: Vec<Micros> = of(lines, "locked").iter().map(|(time, _)| *time).collect();
    most_in(&mut times, 15 * MINUTE)
}

/// A privileged account locked within half an hour of a reset or a refusal.
fn suspicious_lockout(lines: &[&Timed]) -> bool {
    let name = |line: &Line| if line.target.is_empty() { line.user.clone() } else { line.target.clone() };
    of(lines, "locked").iter().any(|(at, locked)| {
        let account = name(locked);
        account.starts_with("adm.")
            && lines.iter().any(|(time, line)| {
                let is_reset = line.what == "reset" && line.target == account;
                let is_refused = line.what == "refused" && line.user == account;
                (is_reset || is_refused) && (0..30 * MINUTE).contains(&(at - time))
            })
    })
}

fn bytes_out(lines: &[&Timed]) -> u64 {
    let mut by: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for (_, line) in of(lines, "flow").iter().filter(|(_, line)| !line.target.starts_with("10.")) {
        *by.entry((&line.source, &line.target)).or_default() += line.bytes_out;
    }
    by.into_values().max().unwrap_or(0)
}

/// Payroll used by somebody who was not certified.
fn uncertified(lines: &[&Timed], certified: &BTreeSet<String>) -> bool {
    lines.iter().any(|(_, line)| {
        let is_access = line.what == "access" || line.what == "login";
        is_access && line.application == "payroll" && !certified.contains(&line.user)
    })
}

fn holds(case: &str, own: &[&Timed], certified: &BTreeSet<String>, story: &Story) -> bool {
    let named: Vec<&str> = story.entities.iter().map(|entity| entity.value.as_str()).collect();
    match case {
        "brute_force" => brute(own) >= 15,
        "password_spraying" => spray(own) >= 20,
        "short_lived_account" => short_lived(own),
        "account_takeover_travel" => impossible(own),
        "account_takeover_device" => of(own, "login").iter().any(|(_, line)| line.is_unmanaged),
        "login_after_offboarding" => {
            let terminated = own.iter().find(|(_, line)| line.is_terminated);
            terminated.is_some_and(|(at, line)| {
                of(own, "login").iter().any(|(time, login)| time > at && login.user == line.target)
            })
        }
        "multiple_lockouts" => lockouts(own) >= 5,
        "suspicious_lockout" => suspicious_lockout(own),
        "entitlement_without_approval" => uncertified(own, certified),
        "lateral_movement" => own.iter().filter(|(_, line)| line.what == "login").count() >= 5,
        "exfiltration" | "insider" => bytes_out(own) > 1_000_000_000,
        "privilege_escalation" => {
            let refused = of(own, "refused").len() >= 3;
            refused || of(own, "policy").iter().any(|(_, line)| line.user == line.target)
        }
        "mainframe_intrusion" => brute(own) >= 15 && of(own, "dump").len() >= 3,
        "ransomware" => named.len() >= 6 && own.len() >= 60,
        other => panic!("no check for {other}"),
    }
}

fn nothing_left(rest: &[&Timed], everything: &[Timed]) -> Result<(), String> {
    let faults = [
        ("brute force", brute(rest) >= 15),
        ("spraying", spray(rest) >= 20),
        ("short-lived account", short_lived(rest)),
        ("five lockouts", lockouts(rest) >= 5),
        ("suspicious lockout", suspicious_lockout(rest)),
        ("unmanaged device", rest.iter().any(|(_, line)| line.what == "login" && line.is_unmanaged)),
        ("gigabytes to a place without a name", gigabytes(rest)),
    ];
    if let Some((fault, _)) = faults.iter().find(|(_, is_there)| *is_there) {
        return Err(format!("benign records hold: {fault}"));
    }
    if let Some(line) = after_termination(rest, everything) {
        return Err(format!("benign records hold a login after termination: {line}"));
    }
    let mut certified = BTreeSet::new();
    for (time, line) in rest {
        if line.what == "certified" && line.application == "payroll" {
            certified.insert(line.target.clone());
        }
        if uncertified(&[&(*time, line.clone())], &certified) {
            return Err(format!("benign records hold: access without certification, {line:?}"));
        }
    }
    Ok(())
}

/// The backup sends more, to where it always does.
fn gigabytes(rest: &[&Timed]) -> bool {
    let others: Vec<&Timed> =
        rest.iter().copied().filter(|(_, line)| line.target != "203.0.113.60").collect();
    // Within a day, per source and target.
    let mut by_day: BTreeMap<Micros, Vec<&Timed>> = BTreeMap::new();
    for line in others {
        by_day.entry(line.0 / (24 * HOUR)).or_default().push(line);
    }
    by_day.into_values().any(|day| bytes_out(&day) > 1_000_000_000)
}
