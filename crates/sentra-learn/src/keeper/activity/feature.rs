//! What is counted of an entity's hour, and how it is said.

use sentra_model::{EntityType, EventCode};

use crate::anomaly::{Column, ModelError, Table};
use crate::registry::ModelKind;

/// Whose hours: those of users and those of hosts are two populations with a model each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Party {
    /// What somebody did.
    User,
    /// What happened somewhere.
    Host,
}

impl Party {
    pub(crate) const ALL: [Self; 2] = [Self::User, Self::Host];

    pub(crate) fn number(self) -> usize {
        match self {
            Self::User => 0,
            Self::Host => 1,
        }
    }

    pub(crate) fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    pub(crate) fn of_entity(entity_type: EntityType) -> Option<Self> {
        match entity_type {
            EntityType::User => Some(Self::User),
            EntityType::Host => Some(Self::Host),
            _ => None,
        }
    }

    pub(crate) fn of_kind(kind: ModelKind) -> Option<Self> {
        match kind {
            ModelKind::UserActivity => Some(Self::User),
            ModelKind::HostActivity => Some(Self::Host),
            _ => None,
        }
    }

    pub(crate) fn kind(self) -> ModelKind {
        match self {
            Self::User => ModelKind::UserActivity,
            Self::Host => ModelKind::HostActivity,
        }
    }

    pub(crate) fn entity_type(self) -> EntityType {
        match self {
            Self::User => EntityType::User,
            Self::Host => EntityType::Host,
        }
    }
}

/// Places of the counts of events in a row; the other numbers follow them.
pub(crate) mod place {
    pub(crate) const EVENTS: usize = 0;
    pub(crate) const LOGINS: usize = 1;
    pub(crate) const FAILED_LOGINS: usize = 2;
    pub(crate) const PRIVILEGED: usize = 3;
    pub(crate) const ACCOUNTS: usize = 4;
    pub(crate) const CONFIGURATION: usize = 5;
    pub(crate) const DATA: usize = 6;
    pub(crate) const FAILURES: usize = 7;
    /// So many of the numbers are counts of events.
    pub(crate) const COUNTS: usize = 8;
}

/// Numbers of a row.
pub(crate) const FEATURES: usize = 16;
/// Different things that are counted: peers, sources, destinations, programs, accounts.
pub(crate) const DISTINCT_KINDS: usize = 5;

/// The number columns, in order.
const NAMES: [&str; FEATURES] = [
    "events",
    "logins",
    "failed_logins",
    "privileged_operations",
    "account_changes",
    "configuration_changes",
    "data_dumps_and_restores",
    "other_failures",
    "kinds_of_events",
    "peers",
    "sources",
    "destinations",
    "programs",
    "accounts_acted_on",
    "new_relations",
    "bytes_out",
];
/// The column of the hour of the week.
pub(crate) const HOUR: &str = "hour_of_week";
/// The column of peers by the kind of entity.
const PEERS: &str = "peers";

/// What a column is called where it is about `party`.
fn column_name(name: &'static str, party: Party) -> &'static str {
    match (name, party) {
        (PEERS, Party::User) => "hosts",
        (PEERS, Party::Host) => "users",
        _ => name,
    }
}

/// The number columns of `party`, in order.
pub(crate) fn names(party: Party) -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(move |name| column_name(name, party))
}

/// What a column's value is called in a sentence, after the value.
pub(crate) fn in_words(column: &str) -> &str {
    match column {
        "hosts" => "distinct hosts",
        "users" => "distinct users",
        "sources" => "distinct source addresses",
        "destinations" => "distinct destinations",
        "programs" => "distinct programs",
        "accounts_acted_on" => "distinct accounts acted on",
        "failed_logins" => "failed logins",
        "privileged_operations" => "privileged operations",
        "account_changes" => "account changes",
        "configuration_changes" => "configuration changes",
        "data_dumps_and_restores" => "data dumps and restores",
        "other_failures" => "other failures",
        "kinds_of_events" => "kinds of coded events",
        "new_relations" => "hosts, users, addresses or programs never met before",
        "bytes_out" => "bytes sent out",
        other => other,
    }
}

/// What an event with a code counts as, as a place among the counts.
pub(crate) fn group_of(code: EventCode) -> Option<usize> {
    use EventCode as Code;
    Some(match code {
        Code::LL01 => place::LOGINS,
        Code::LL03 | Code::LL08 => place::FAILED_LOGINS,
        Code::PA01 | Code::AO01 | Code::AO02 | Code::AO03 | Code::AO04 | Code::AO05 => place::PRIVILEGED,
        Code::SA01
        | Code::SA02
        | Code::SA03
        | Code::SA04
        | Code::SA05
        | Code::SA06
        | Code::SA07
        | Code::SA08
        | Code::SA09
        | Code::SA10 => place::ACCOUNTS,
        Code::CC01 | Code::CC02 | Code::SS05 | Code::CM03 => place::CONFIGURATION,
        Code::SS03 | Code::SS04 => place::DATA,
        Code::PA02 | Code::LL05 => place::FAILURES,
        _ => return None,
    })
}

/// Whether an event of this group is worth being shown as evidence before others.
pub(crate) fn is_notable(group: usize) -> bool {
    group != place::EVENTS && group != place::LOGINS
}

/// Hours of the week that are told apart: 24 of weekdays, 24 of weekends.
const HOURS: i32 = 24;

/// Which of those an hour (since 1970, UTC) is.
fn hour_of_week(hour: i32) -> u32 {
    // 1970-01-01 was a Thursday, the fourth day of a week that begins with Monday.
    let is_weekend = (hour.div_euclid(HOURS) + 3).rem_euclid(7) >= 5;
    (hour.rem_euclid(HOURS) + if is_weekend { HOURS } else { 0 }) as u32
}

/// The name of the hour of the week of an hour since 1970: `weekday 14`.
pub(crate) fn hour_name(hour: i32) -> String {
    name_of(hour_of_week(hour))
}

fn name_of(hour_of_week: u32) -> String {
    let hours = HOURS as u32;
    match hour_of_week < hours {
        true => format!("weekday {hour_of_week:02}"),
        false => format!("weekend {:02}", hour_of_week - hours),
    }
}

/// What was counted of an entity within an hour.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// Whose hour.
    pub(crate) key: u64,
    /// Which hour, since 1970 (UTC).
    pub(crate) hour: i32,
    /// By [`place`].
    pub(crate) values: [f32; FEATURES],
}

/// The rows as a model's table.
pub(crate) fn table<'a>(
    party: Party,
    rows: impl Iterator<Item = &'a Row> + Clone,
) -> Result<Table, ModelError> {
    let column = |place: usize| {
        let values = rows.clone().map(|row| row.values.get(place).copied().unwrap_or(f32::NAN));
        Column::Numbers(values.collect())
    };
    let mut named: Vec<(String, Column)> =
        (0..FEATURES).zip(names(party)).map(|(place, name)| (name.to_owned(), column(place))).collect();
    let hours = Column::Categories {
        names: (0..2 * HOURS as u32).map(name_of).collect(),
        codes: rows.map(|row| hour_of_week(row.hour)).collect(),
    };
    named.push((HOUR.to_owned(), hours));
    Table::new(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_of_the_week_are_named() {
        // Monday, 2026-03-02, 14:00 UTC, and the Sunday before at three.
        assert_eq!(hour_name(20_514 * 24 + 14), "weekday 14");
        assert_eq!(hour_name(20_513 * 24 + 3), "weekend 03");
        assert_eq!(hour_name(i32::MIN).split(' ').count(), 2);
        assert_eq!(hour_name(0), "weekday 00");
    }

    #[test]
    fn rows_become_a_table() {
        let row = Row { key: 1, hour: 5, values: [2.0; FEATURES] };
        let table = table(Party::Host, [&row, &row].into_iter()).unwrap();
        assert_eq!((table.rows(), table.names().len()), (2, FEATURES + 1));
        assert_eq!(table.names()[place::COUNTS + 1], "users");
        assert_eq!(names(Party::User).nth(place::COUNTS + 1), Some("hosts"));
    }
}
