//! The detectors on the baselines: what stands out so far that somebody should look.

use sentra_model::{EntityRef, EntityType, EventCode, EventId, EventRow, Role, Timestamp};

use super::codes::{NO_CODE, is_login_code};
use super::detectors::{
    DETECTORS, DRIFT, Detector, ESCALATION, EXFILTRATION, FREQUENCY, LATERAL, PROCESS, TRAVEL,
};
use super::judge::{Excess, Facts};
use super::observation::{Observation, flag};
use super::relation::number as relation;
use super::state::State;
use crate::baseline::hash::{self, NONE};

/// Something a detector found.
#[derive(Debug, Clone, PartialEq)]
pub struct BehaviourFinding {
    /// Which detector.
    pub detector: &'static Detector,
    /// The row of its batch.
    pub row: u32,
    /// The event.
    pub event: EventId,
    /// When it happened.
    pub time: Timestamp,
    /// Who and what took part.
    pub entities: Vec<EntityRef>,
    /// One sentence for people.
    pub explanation: String,
    /// The numbers behind the sentence, by name.
    pub values: Vec<(&'static str, String)>,
}

/// A finding before it has its event.
struct Draft {
    detector: usize,
    /// Of whom the detector does not speak again for a while.
    about: u64,
    entities: Vec<EntityRef>,
    explanation: String,
    values: Vec<(&'static str, String)>,
}

impl Draft {
    /// It is found again during a pause: nobody is told, so nothing is written.
    fn silent(detector: usize, about: u64) -> Self {
        Self { detector, about, entities: Vec::new(), explanation: String::new(), values: Vec::new() }
    }
}

fn entity(kind: EntityType, role: Role, name: &str) -> EntityRef {
    EntityRef::new(kind, role, name)
}

impl State {
    /// What the detectors say about a row. Marks the observation where nothing may be learned from it.
    pub(crate) fn detect(
        &mut self,
        observation: &mut Observation,
        facts: &Facts,
        row: EventRow<'_>,
        new_hosts: &mut dyn FnMut(bool, usize),
    ) -> Vec<BehaviourFinding> {
        let mut drafts = Vec::new();
        drafts.extend(self.frequency(observation, facts, row));
        drafts.extend(self.lateral(observation, facts, row, new_hosts));
        drafts.extend(self.escalation(observation, facts, row));
        drafts.extend(self.exfiltration(observation, facts, row));
        drafts.extend(self.process(observation, facts, row));
        drafts.extend(travel(observation, facts, row));
        let mut findings = Vec::new();
        for draft in drafts {
            let Some(detector) = DETECTORS.get(draft.detector) else { continue };
            if detector.holds_back {
                observation.flags |= flag::ALERTED;
            }
            if !self.is_paused(draft.detector, draft.about, observation) {
                self.pause(draft.detector, draft.about, observation);
                findings.push(BehaviourFinding {
                    detector,
                    row: row.index() as u32,
                    event: row.id(),
                    time: row.time(),
                    entities: draft.entities,
                    explanation: draft.explanation,
                    values: draft.values,
                });
            }
        }
        findings
    }

    fn is_paused(&self, detector: usize, about: u64, observation: &Observation) -> bool {
        let pause = self.pauses.by_key(pause_key(detector, about));
        pause.is_some_and(|pause| pause.until > observation.time)
    }

    /// The detector spoke of this entity, and pauses.
    fn pause(&mut self, detector: usize, about: u64, observation: &Observation) {
        let (key, hour) = (pause_key(detector, about), observation.hour());
        let until = observation.time.saturating_add(self.config.pause_seconds);
        let slot = self.pauses.find(key).or_else(|| self.pauses.insert(key, hour));
        if let Some(pause) = slot.and_then(|slot| self.pauses.change(slot, hour)) {
            pause.until = until;
        }
    }

    fn frequency(&self, observation: &Observation, facts: &Facts, row: EventRow<'_>) -> Option<Draft> {
        if observation.code == NO_CODE || !is_login_code(observation.code) {
            return None;
        }
        let parties = [
            (facts.rate_user, observation.user, "user", EntityType::User, Role::Actor),
            (facts.rate_host, observation.host, "host", EntityType::Host, Role::Target),
        ];
        let what = match observation.code == EventCode::LL03 as u8 {
            true => "failed logins",
            false => "logins",
        };
        for (excess, about, column, kind, role) in parties {
            let (Some(excess), Some(name)) = (excess, row.text(column)) else { continue };
            let Excess { amount, usual, deviation, drift, peers } = excess;
            if amount < self.config.frequency_count_min {
                continue;
            }
            let is_frequent = deviation >= self.config.frequency_deviation_min;
            let detector = if is_frequent { FREQUENCY } else { DRIFT };
            if !is_frequent && drift < self.config.drift_min {
                continue;
            }
            if self.is_paused(detector, about, observation) {
                return Some(Draft::silent(detector, about));
            }
            let minutes = self.config.rate_window_seconds / 60;
            let mut entities = vec![entity(kind, role, name)];
            entities.extend(row.text("src_ip").map(|ip| entity(EntityType::Ip, Role::Source, ip)));
            let mut values = vec![
                ("count", format!("{amount:.0}")),
                ("usual", format!("{usual:.1}")),
                ("deviation", format!("{deviation:.1}")),
            ];
            if is_frequent {
                let explanation = format!(
                    "{amount:.0} {what} of {name} within {minutes} minutes where {usual:.1} are usual: {deviation:.1} deviations above their baseline"
                );
                values.push(("peer_deviation", format!("{peers:.1}")));
                return Some(Draft { detector, about, entities, explanation, values });
            }
            let explanation = format!(
                "{what} of {name} within {minutes} minutes have grown to {drift:.1} times their level of the last half year"
            );
            values.push(("drift", format!("{drift:.1}")));
            return Some(Draft { detector, about, entities, explanation, values });
        }
        None
    }

    fn lateral(
        &mut self,
        observation: &Observation,
        facts: &Facts,
        row: EventRow<'_>,
        new_hosts: &mut dyn FnMut(bool, usize),
    ) -> Option<Draft> {
        let has_new = |number: usize| facts.new >> number & 1 == 1;
        let host = row.text("host")?;
        // A known user at a known host from a new desk is no new path.
        let by_user = has_new(relation::USER_HOST) && facts.is_host_ready;
        let by_source =
            has_new(relation::SOURCE_HOST) && facts.is_host_ready && (by_user || observation.user == NONE);
        let mut draft = None;
        let movers = [
            (by_source, observation.src, "src_ip", EntityType::Ip, Role::Source),
            (by_user, observation.user, "user", EntityType::User, Role::Actor),
        ];
        for (moves, about, column, kind, role) in movers {
            let Some(name) = row.text(column).filter(|_| moves) else { continue };
            let window = self.config.lateral_window_seconds;
            let reached = self.movers.reach(about, observation.time, window, host);
            new_hosts(kind == EntityType::User, reached.len());
            if reached.len() < self.config.lateral_hosts_min {
                continue;
            }
            let mut entities = vec![entity(kind, role, name)];
            if kind == EntityType::User {
                entities.extend(row.text("src_ip").map(|ip| entity(EntityType::Ip, Role::Source, ip)));
            } else {
                entities.extend(row.text("user").map(|user| entity(EntityType::User, Role::Actor, user)));
            }
            entities.extend(reached.iter().map(|host| entity(EntityType::Host, Role::Target, host)));
            let (count, minutes) = (reached.len(), window / 60);
            let explanation = format!(
                "{name} reached {count} hosts within {minutes} minutes that it had never reached before, last {host}"
            );
            let values = vec![("new_hosts", count.to_string()), ("window_minutes", minutes.to_string())];
            draft = Some(Draft { detector: LATERAL, about, entities, explanation, values });
        }
        draft
    }

    fn escalation(&self, observation: &Observation, facts: &Facts, row: EventRow<'_>) -> Option<Draft> {
        let is_first = facts.new >> relation::USER_PRIVILEGE & 1 == 1;
        let since = observation.time.abs_diff(facts.failure);
        if !is_first || facts.failure == 0 || since > self.config.escalation_window_seconds {
            return None;
        }
        let name = row.text("user")?;
        let what =
            row.text("code").and_then(|code| code.parse::<EventCode>().ok()).map_or("", EventCode::meaning);
        let mut entities = vec![entity(EntityType::User, Role::Actor, name)];
        entities.extend(row.text("host").map(|host| entity(EntityType::Host, Role::Target, host)));
        entities.extend(row.text("target_user").map(|user| entity(EntityType::User, Role::Target, user)));
        entities
            .extend(row.text("process").map(|process| entity(EntityType::Process, Role::Related, process)));
        Some(Draft {
            detector: ESCALATION,
            about: observation.user,
            entities,
            explanation: format!(
                "{name} used privileges for the first time ({what}), {} after a failure",
                duration(since)
            ),
            values: vec![("seconds_since_failure", since.to_string())],
        })
    }

    fn exfiltration(&self, observation: &Observation, facts: &Facts, row: EventRow<'_>) -> Option<Draft> {
        let machine_column = if observation.machine == observation.host { "host" } else { "src_ip" };
        let machine_kind = if machine_column == "host" { EntityType::Host } else { EntityType::Ip };
        let topics = super::judge::topic::VOLUME;
        let machine_topic = topics + super::judge::topic::MACHINE;
        let parties = [
            (facts.volume_user, observation.user, "user", EntityType::User, topics),
            (facts.volume_machine, observation.machine, machine_column, machine_kind, machine_topic),
        ];
        for (excess, about, column, kind, topic) in parties {
            let (Some(excess), Some(name)) = (excess, row.text(column)) else { continue };
            let ceiling = self.config.volume_bytes_ceiling;
            let long = self
                .levels
                .by_key(super::judge::level_key(about, topic))
                .and_then(|level| level.long_volume());
            let is_over_ceiling = excess.amount >= ceiling && long.is_none_or(|long| long < ceiling / 4.0);
            if excess.deviation < self.config.exfiltration_deviation_min && !is_over_ceiling {
                continue;
            }
            if self.is_paused(EXFILTRATION, about, observation) {
                return Some(Draft::silent(EXFILTRATION, about));
            }
            let mut entities = vec![entity(kind, Role::Actor, name)];
            if column == "user" {
                entities
                    .extend(row.text(machine_column).map(|name| entity(machine_kind, Role::Source, name)));
            }
            entities.extend(row.text("dst_ip").map(|ip| entity(EntityType::Ip, Role::Destination, ip)));
            entities
                .extend(row.text("domain").map(|name| entity(EntityType::Domain, Role::Destination, name)));
            let Excess { amount, usual, deviation, peers, .. } = excess;
            let minutes = self.config.volume_window_seconds / 60;
            return Some(Draft {
                detector: EXFILTRATION,
                about,
                entities,
                explanation: format!(
                    "{name} sent {} out within {minutes} minutes where {} are usual: {deviation:.1} deviations above the baseline",
                    size(amount),
                    size(usual)
                ),
                values: vec![
                    ("bytes", format!("{amount:.0}")),
                    ("usual_bytes", format!("{usual:.0}")),
                    ("deviation", format!("{deviation:.1}")),
                    ("peer_deviation", format!("{peers:.1}")),
                ],
            });
        }
        None
    }

    fn process(&self, observation: &Observation, facts: &Facts, row: EventRow<'_>) -> Option<Draft> {
        let is_new = facts.new >> relation::HOST_PROCESS & 1 == 1;
        let rarity =
            facts.process_rarity.filter(|rarity| is_new && *rarity >= self.config.process_rarity_min)?;
        let (process, host) = (row.text("process")?, row.text("host")?);
        let mut entities = vec![
            entity(EntityType::Process, Role::Actor, process),
            entity(EntityType::Host, Role::Target, host),
        ];
        entities.extend(row.text("user").map(|user| entity(EntityType::User, Role::Actor, user)));
        let parent = row.text("parent_process");
        let started = parent.map_or_else(String::new, |parent| format!(", started by {parent}"));
        Some(Draft {
            detector: PROCESS,
            // Not of the host: a program that is rolled out is one finding, not one per host.
            about: observation.process,
            entities,
            explanation: format!(
                "{process} ran on {host} for the first time and is rare everywhere: about one in {:.0} events{started}",
                f64::from(rarity).exp()
            ),
            values: vec![("rarity", format!("{rarity:.1}"))],
        })
    }
}

fn travel(observation: &Observation, facts: &Facts, row: EventRow<'_>) -> Option<Draft> {
    let journey = facts.journey.filter(|journey| !journey.is_excused)?;
    let (name, address) = (row.text("user")?, row.text("src_ip")?);
    let from = std::str::from_utf8(&journey.from).ok().filter(|code| !code.starts_with('\0'));
    let from = from.map_or_else(String::new, |code| format!(" from {code}"));
    let at_least = if journey.is_exact { "" } else { "at least " };
    let mut entities =
        vec![entity(EntityType::User, Role::Actor, name), entity(EntityType::Ip, Role::Source, address)];
    entities.extend(row.text("host").map(|host| entity(EntityType::Host, Role::Target, host)));
    Some(Draft {
        detector: TRAVEL,
        about: observation.user,
        entities,
        explanation: format!(
            "{name} logged in from {address}, {at_least}{:.0} km away from the login{from} {} before: that takes {at_least}{:.0} km/h",
            journey.distance_km,
            duration(journey.seconds),
            journey.speed_kmh
        ),
        values: vec![
            ("speed_kmh", format!("{:.0}", journey.speed_kmh)),
            ("distance_km", format!("{:.0}", journey.distance_km)),
            ("seconds", journey.seconds.to_string()),
        ],
    })
}

fn pause_key(detector: usize, about: u64) -> u64 {
    hash::mix(about, detector as u64 + 1)
}

fn duration(seconds: u32) -> String {
    match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7_200 => format!("{} minutes", seconds / 60),
        7_200..172_800 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn size(bytes: f32) -> String {
    match bytes {
        bytes if bytes >= 1e9 => format!("{:.1} GB", bytes / 1e9),
        bytes if bytes >= 1e6 => format!("{:.1} MB", bytes / 1e6),
        bytes if bytes >= 1e3 => format!("{:.1} kB", bytes / 1e3),
        bytes => format!("{bytes:.0} bytes"),
    }
}
