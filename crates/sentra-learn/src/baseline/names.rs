//! The names under which rules find what baselines say.

use std::fmt;
use std::sync::LazyLock;

use sentra_model::EventCode;

macro_rules! fixed_names {
    ($($name:ident $text:literal $meaning:literal),+ $(,)?) => {
        /// Statements that are not per event code.
        #[allow(non_camel_case_types, reason = "the names are those of the statements")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Name {
            $($name,)+
        }

        const FIXED: &[(&str, &str)] = &[$((concat!("baseline.", $text), $meaning)),+];
    };
}

fixed_names! {
    UserSource "first_seen.user_src_ip" "the user comes from an address never seen with them",
    UserHost "first_seen.user_host" "the user is active on a host never seen with them",
    UserCountry "first_seen.user_country" "the user logs in from a country never seen with them",
    UserApp "first_seen.user_app" "the user uses an application never seen with them",
    UserAgent "first_seen.user_agent" "the user uses a user agent never seen with them",
    UserPrivilege "first_seen.user_privilege" "the user's first privileged operation or group change",
    HostProcess "first_seen.host_process" "the process never ran on this host",
    HostDestination "first_seen.host_dst_ip" "the machine never talked to this address",
    HostDomain "first_seen.host_domain" "the machine never asked for this domain",
    SourceHost "first_seen.src_host" "nobody logged in from this address to this host before: a new path",
    ProcessParent "first_seen.process_parent" "the parent never started this process on any host of the tenant",
    RareProcess "rarity.process" "-ln of the process's share among all processes of the tenant",
    RarePair "rarity.process_parent" "-ln of the parent-child pair's share among all of the tenant",
    RareAgent "rarity.user_agent" "-ln of the user agent's share among all of the tenant",
    HourUser "deviation.hour_user" "deviations of the user's events this hour above this hour of other days",
    HourHost "deviation.hour_host" "deviations of the host's events this hour above this hour of other days",
    OffHours "off_hours.user" "the user logs in or uses privileges in an hour of the week in which they are never active",
    VolumeUser "volume.user" "bytes the user sent out within an hour, where that stands out",
    VolumeMachine "volume.host" "bytes the machine sent out within an hour, where that stands out",
    DeviationVolumeUser "deviation.volume_user" "deviations (logarithmic) of the user's outgoing bytes within an hour",
    DeviationVolumeMachine "deviation.volume_host" "deviations (logarithmic) of the machine's outgoing bytes within an hour",
    DeviationVolumePair "deviation.volume_destination" "deviations (logarithmic) of the bytes to this destination within an hour",
    PeerVolumeUser "peer_deviation.volume_user" "deviations of the user's outgoing bytes from what is typical of their group",
    DriftVolumeUser "drift.volume_user" "how many times its half-year level the user's outgoing volume has become",
    DriftVolumeMachine "drift.volume_host" "how many times its half-year level the machine's outgoing volume has become",
    NewHostsUser "new_hosts.user" "hosts the user reached for the first time within the last hour",
    NewHostsSource "new_hosts.src_ip" "hosts reached for the first time from this address within the last hour",
    TravelSpeed "travel.speed_kmh" "speed between the places of two consecutive logins of the user, km/h",
    TravelDistance "travel.distance_km" "distance between the places of two consecutive logins of the user, km",
}

/// How statements per event code begin, whom they are about, and what they mean.
const PER_CODE: [(&str, &str, &str); 6] = [
    ("deviation", "user", "deviations of the user's {code} events within ten minutes above their baseline"),
    ("deviation", "host", "deviations of the host's {code} events within ten minutes above its baseline"),
    (
        "peer_deviation",
        "user",
        "deviations of the user's {code} events within ten minutes above their group's",
    ),
    ("count", "user", "the user's {code} events within ten minutes, where their number stands out"),
    ("drift", "user", "how many times its half-year level the user's level of {code} events has become"),
    ("drift", "host", "how many times its half-year level the host's level of {code} events has become"),
];

/// Statements per event code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeName {
    DeviationUser,
    DeviationHost,
    PeerUser,
    CountUser,
    DriftUser,
    DriftHost,
}

/// The stable name of a statement, `baseline.first_seen.user_src_ip`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BaselineName(u16);

static NAMES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let fixed = FIXED.iter().map(|(name, meaning)| ((*name).to_owned(), (*meaning).to_owned()));
    let per_code = PER_CODE.iter().flat_map(|(family, whose, meaning)| {
        EventCode::ALL.iter().map(move |code| {
            let name = format!("baseline.{family}.{}_{whose}", code.as_str().to_lowercase());
            let what = format!("{code} ({})", code.meaning());
            (name, meaning.replace("{code}", &what))
        })
    });
    fixed.chain(per_code).collect()
});

/// Every name with its meaning.
pub fn baseline_names() -> impl Iterator<Item = (&'static str, &'static str)> {
    NAMES.iter().map(|(name, meaning)| (name.as_str(), meaning.as_str()))
}

impl BaselineName {
    pub(crate) const fn fixed(name: Name) -> Self {
        Self(name as u16)
    }

    /// The name of `family` for the code with the number `code`.
    pub(crate) fn of_code(family: CodeName, code: u8) -> Self {
        let number = FIXED.len() + family as usize * EventCode::ALL.len() + usize::from(code);
        Self(number.min(usize::from(u16::MAX)) as u16)
    }

    /// The name as rules write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        NAMES.get(usize::from(self.0)).map_or("", |(name, _)| name)
    }

    /// What it means, for people.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        NAMES.get(usize::from(self.0)).map_or("", |(_, meaning)| meaning)
    }
}

impl fmt::Display for BaselineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_ones_that_rules_write() {
        assert_eq!(BaselineName::fixed(Name::UserSource).as_str(), "baseline.first_seen.user_src_ip");
        assert_eq!(BaselineName::fixed(Name::TravelDistance).as_str(), "baseline.travel.distance_km");
        let privileged = EventCode::ALL.iter().position(|code| *code == EventCode::PA01).unwrap() as u8;
        let name = BaselineName::of_code(CodeName::DeviationUser, privileged);
        assert_eq!(name.as_str(), "baseline.deviation.pa01_user");
        let name = BaselineName::of_code(CodeName::DriftHost, EventCode::ALL.len() as u8 - 1);
        assert_eq!(name.as_str(), "baseline.drift.ao05_host");
        let mut names: Vec<_> = baseline_names().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FIXED.len() + PER_CODE.len() * EventCode::ALL.len());
    }

    #[test]
    fn the_page_lists_every_name_with_its_meaning() {
        let page = include_str!("../../../../docs/baselines.md");
        for (name, meaning) in FIXED {
            assert!(page.contains(&format!("| `{name}` | {meaning} |")), "the page lacks {name}");
        }
        for (family, whose, meaning) in PER_CODE {
            let line =
                format!("| `baseline.{family}.<code>_{whose}` | {} |", meaning.replace("{code}", "such"));
            assert!(page.contains(&line), "the page lacks {line}");
        }
        let listed = page.matches("| `baseline.").count();
        assert_eq!(listed, FIXED.len() + PER_CODE.len(), "the page lists names that are none");
    }
}
