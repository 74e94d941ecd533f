//! Days of people at work, and attacks, as event codes. Shares nothing with the code under test, its random numbers
//! included.

/// Knuth's linear congruence, high bits only.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1);
        dice.below(2);
        dice.below(2);
        dice
    }

    pub(crate) fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    /// True in so many of a hundred throws.
    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }
}

pub(crate) type Events = Vec<&'static str>;

#[derive(Clone, Copy)]
pub(crate) enum Role {
    Office,
    Administrator,
    Operator,
    Developer,
    Service,
}

const ROLES: [Role; 5] = [Role::Office, Role::Administrator, Role::Operator, Role::Developer, Role::Service];

/// Days of one person of a role; an operator's shift goes round.
pub(crate) fn person(role: Role, days: usize, dice: &mut Dice) -> Events {
    let mut events = Vec::new();
    let first_shift = dice.below(3);
    for day in 0..days {
        let sessions = if matches!(role, Role::Service) { dice.between(2, 4) } else { dice.between(1, 3) };
        for session in 0..sessions {
            login(role, session, dice, &mut events);
            work(role, (first_shift + day / 5) % 3, dice, &mut events);
            if !dice.percent(12) {
                events.push("LL02");
            }
        }
    }
    events
}

fn login(role: Role, session: usize, dice: &mut Dice, events: &mut Events) {
    if matches!(role, Role::Service) {
        events.push("LL01");
        return;
    }
    while dice.percent(9) {
        events.push("LL03");
    }
    if dice.percent(1) {
        events.extend(["LL03", "LL03", "LL03", "SA08", "SA09"]);
    }
    events.push("LL01");
    let has_factor = matches!(role, Role::Administrator | Role::Developer) || session == 0;
    if has_factor {
        events.push("LL06");
        if dice.percent(5) {
            events.extend(["LL08", "LL06"]);
        }
        events.push("LL07");
    }
    if dice.percent(2) {
        if dice.percent(20) {
            events.push("LL05");
        }
        events.push("LL04");
    }
}

fn work(role: Role, shift: usize, dice: &mut Dice, events: &mut Events) {
    match role {
        Role::Office => {
            for _ in 0..dice.between(1, 4) {
                events.push("SS01");
                if dice.percent(40) {
                    events.push("SS02");
                }
            }
            if dice.percent(4) {
                events.extend(["IG01", "IG02"]);
            }
        }
        Role::Administrator => {
            for _ in 0..dice.between(1, 4) {
                match dice.below(10) {
                    0..=4 => events.extend(["PA01", "PA01"]),
                    5 => events.extend(["SA01", "SA05", "SA02"]),
                    6 => events.extend(["SA07", "SA09"]),
                    7 => events.extend(["PA01", "CC01", "SS02", "SS01"]),
                    8 => events.extend(["IG02", "SA05"]),
                    _ => events.extend(["PA02", "PA01"]),
                }
            }
            if dice.percent(2) {
                events.extend(["PA01", "CC02"]);
            }
        }
        Role::Operator => operate(shift, dice, events),
        Role::Developer => {
            for _ in 0..dice.between(1, 5) {
                events.push(dice.one(&["CM03", "CM03", "SS01", "SS02"]));
                if dice.percent(15) {
                    events.extend(["PA01", "CC01", "SS02", "SS01"]);
                }
            }
        }
        Role::Service => {
            events.push("SS01");
            if dice.percent(25) {
                events.push("SS03");
            }
            events.push("SS02");
        }
    }
}

/// Early: start of the systems; late: console; night: dumps, and restores now and then.
fn operate(shift: usize, dice: &mut Dice, events: &mut Events) {
    for _ in 0..dice.between(2, 5) {
        match shift {
            0 => events.extend(["AO01", "SS02", "SS01"]),
            1 => {
                events.push("AO01");
                if dice.percent(25) {
                    events.extend(["CM02", "AO01", "CM04"]);
                }
            }
            _ => {
                events.extend(["AO01", "SS03"]);
                if dice.percent(5) {
                    events.extend(["AO01", "SS04"]);
                }
            }
        }
    }
}

/// People of every role, as many as asked for.
pub(crate) fn people(count: usize, days: usize, dice: &mut Dice) -> Vec<Events> {
    (0..count).map(|number| person(ROLES[number % ROLES.len()], days, dice)).collect()
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Attack {
    /// Failures until one works, then an account for later, then the traces.
    BruteForce,
    /// One with rights takes what is not theirs.
    Insider,
    /// A password from elsewhere works, the second factor is made theirs.
    CredentialStuffing,
}

pub(crate) const ATTACKS: [Attack; 3] = [Attack::BruteForce, Attack::Insider, Attack::CredentialStuffing];

pub(crate) fn attack(kind: Attack, dice: &mut Dice) -> Events {
    let mut events = Vec::new();
    match kind {
        Attack::BruteForce => {
            events.resize(dice.between(6, 14), "LL03");
            events.extend(["LL01", "PA01", "SA01", "SA05"]);
            if dice.percent(50) {
                events.push("PA01");
            }
            events.extend(["SS05", "CC02"]);
        }
        Attack::Insider => {
            events.push("LL01");
            events.push(dice.one(&["IG04", "AO03", "AO04"]));
            for _ in 0..dice.between(3, 6) {
                events.push(dice.one(&["SS03", "SS03", "PA01", "AO05"]));
            }
            events.extend(["SA10", "SS05"]);
            events.push(dice.one(&["SS03", "LL02"]));
        }
        Attack::CredentialStuffing => {
            events.resize(dice.between(2, 5), "LL03");
            events.extend(["LL01", "LL06", "LL08", "LL06", "LL08", "LL06", "LL07", "SA10", "LL04"]);
            for _ in 0..dice.between(1, 3) {
                events.push(dice.one(&["IG01", "SS01", "SS03"]));
            }
        }
    }
    events
}

/// A person's days with an attack in the middle: what came before it, the attack, what came after.
pub(crate) fn attacked(number: usize, kind: Attack, dice: &mut Dice) -> (Events, Events, Events) {
    let role = ROLES[number % ROLES.len()];
    (person(role, 6, dice), attack(kind, dice), person(role, 1, dice))
}
