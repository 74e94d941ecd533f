//! What is to happen on one day, while it is thought out.

use std::collections::{BTreeMap, BTreeSet};

use crate::acts::{Act, Device, Linux, Okta, Windows};
use crate::dice::Dice;
use crate::moment::Micros;
use crate::text::ip_text;
use crate::truth::{At, EntityKind, Nature, STORIES_MAX, Story, TruthEntity};
use crate::world::places::{FAR, address_in};
use crate::world::{AccountId, HostId, Person, PersonId, Role, World};

/// Position of a story in its run.
pub(crate) type StoryId = u32;

/// What lasts over the days of a run.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) stories: Vec<Story>,
    /// Who has left the organisation, and when: they do nothing of their own accord afterwards.
    pub(crate) left: BTreeMap<PersonId, Micros>,
    /// Who is somewhere else today.
    pub(crate) away: BTreeSet<PersonId>,
    /// Who was approved for the payroll application in the course of the run.
    pub(crate) approved: BTreeSet<AccountId>,
    /// Who was part of a story already, and on which day last; stories should not meet in one person.
    used: BTreeMap<PersonId, Micros>,
    planted: usize,
    hired: usize,
}

/// One thing to come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    pub(crate) at: Micros,
    pub(crate) act: Act,
    pub(crate) story: Option<StoryId>,
}

/// A day that is being thought out.
pub(crate) struct Plan<'a> {
    pub(crate) world: &'a World,
    pub(crate) dice: Dice,
    /// Midnight in UTC.
    pub(crate) day: Micros,
    pub(crate) scenario: &'static str,
    pub(crate) memory: &'a mut Memory,
    pub(crate) planned: &'a mut Vec<Planned>,
    /// The story that acts belong to from now on.
    pub(crate) story: Option<StoryId>,
    /// Stories are thought out in whole seconds, and do not happen in them: microseconds that grow from act to
    /// act, so that their order stays.
    pub(crate) fraction: Micros,
}

/// By how much the fraction grows at most: a story of a hundred acts stays within two seconds of its plan.
const FRACTION_STEP_MICROS: u64 = 20_000;

impl Plan<'_> {
    /// Something happens.
    pub(crate) fn act(&mut self, at: Micros, act: Act) {
        let mut at = at;
        if self.story.is_some() {
            self.fraction += self.dice.below(FRACTION_STEP_MICROS).cast_signed();
            at += self.fraction;
        }
        self.planned.push(Planned { at, act, story: self.story });
    }

    pub(crate) fn windows(&mut self, at: Micros, host: HostId, account: AccountId, what: Windows) {
        self.act(at, Act::Windows { host, account, what });
    }

    pub(crate) fn linux(&mut self, at: Micros, host: HostId, account: AccountId, what: Linux) {
        self.act(at, Act::Linux { host, account, what });
    }

    pub(crate) fn okta(&mut self, at: Micros, account: AccountId, what: Okta) {
        self.act(at, Act::Okta { account, what });
    }

    pub(crate) fn entra(&mut self, at: Micros, account: AccountId, from: u32, error: u32, device: Device) {
        self.act(at, Act::Entra { account, from, error, device, app: "Office 365 Exchange Online" });
    }

    /// What happens from now on is an attack that `case` should report.
    pub(crate) fn attack(&mut self, case: &'static str, description: &str, techniques: &[&str]) {
        self.begin(Nature::Attack, case, description, techniques);
    }

    /// What happens from now on looks like `case` and is not it.
    pub(crate) fn harmless(&mut self, case: &'static str, description: &str) {
        self.begin(Nature::Benign, case, description, &[]);
    }

    /// What happens from now on belongs to no story.
    pub(crate) fn ordinary(&mut self) {
        self.story = None;
    }

    fn begin(&mut self, nature: Nature, case: &str, description: &str, techniques: &[&str]) {
        let number = self.memory.stories.len();
        self.fraction = self.dice.between(0, 999_999);
        let prefix = if nature == Nature::Attack { "attack" } else { "benign" };
        self.story = u32::try_from(number).ok();
        self.memory.stories.push(Story {
            id: format!("{prefix}-{:04}", number + 1),
            nature,
            scenario: self.scenario.to_owned(),
            case: case.to_owned(),
            description: description.to_owned(),
            start: At(self.day),
            end: At(self.day),
            entities: Vec::new(),
            techniques: techniques.iter().map(|technique| (*technique).to_owned()).collect(),
            records: Vec::new(),
            records_more: 0,
        });
    }

    /// Whether another story may be planned.
    pub(crate) fn has_room(&self) -> bool {
        self.memory.stories.len() < STORIES_MAX
    }

    fn entity(&mut self, kind: EntityKind, role: &str, value: &str) {
        let Some(story) = self.story.and_then(|id| self.memory.stories.get_mut(id as usize)) else { return };
        if story.entities.iter().any(|entity| entity.kind == kind && entity.value == value) {
            return;
        }
        story.entities.push(TruthEntity { kind, role: role.to_owned(), value: value.to_owned() });
    }

    pub(crate) fn with_user(&mut self, role: &str, account: AccountId) {
        let world = self.world;
        self.entity(EntityKind::User, role, &world.account(account).name);
    }

    /// An account by the name that mainframes know it under.
    pub(crate) fn with_profile(&mut self, role: &str, account: AccountId) {
        let world = self.world;
        self.entity(EntityKind::User, role, &world.account(account).host_name);
    }

    pub(crate) fn with_host(&mut self, role: &str, host: HostId) {
        let world = self.world;
        self.entity(EntityKind::Host, role, &world.host(host).name);
    }

    pub(crate) fn with_ip(&mut self, role: &str, address: u32) {
        self.entity(EntityKind::Ip, role, &ip_text(address));
    }

    pub(crate) fn with_application(&mut self, role: &str, name: &str) {
        self.entity(EntityKind::Application, role, name);
    }

    pub(crate) fn with_domain(&mut self, role: &str, name: &str) {
        self.entity(EntityKind::Domain, role, name);
    }

    /// Somebody of whom `is_fit` holds and who was in no story before; once all were, somebody who was in none
    /// today.
    pub(crate) fn somebody(&mut self, is_fit: impl Fn(&Person) -> bool) -> PersonId {
        let memory = &*self.memory;
        let fit: Vec<PersonId> = self
            .world
            .people()
            .filter(|id| is_fit(self.world.person(*id)) && !memory.left.contains_key(id))
            .collect();
        let since = |day: Micros| -> Vec<PersonId> {
            let is_free = |id: &&PersonId| memory.used.get(id).is_none_or(|used| *used < day);
            fit.iter().filter(is_free).copied().collect()
        };
        let (fresh, rested) = (since(Micros::MIN), since(self.day));
        let choice = [&fresh, &rested, &fit].into_iter().find(|choice| !choice.is_empty()).unwrap_or(&fit);
        let person = self.dice.pick(choice);
        self.memory.used.insert(person, self.day);
        person
    }

    /// Somebody who works by day in the first three sites.
    pub(crate) fn office_worker(&mut self) -> PersonId {
        self.somebody(|person| {
            person.admin.is_none() && person.shift == crate::world::Shift::Day && person.site < 3
        })
    }

    /// The second account of an administrator, and whose it is.
    pub(crate) fn administrator(&mut self) -> (PersonId, AccountId) {
        let person = self.somebody(|person| person.admin.is_some());
        let account = self.world.person(person).admin.unwrap_or(self.world.person(person).account);
        (person, account)
    }

    /// A name for an account that only exists in a story.
    pub(crate) fn planted(&mut self) -> AccountId {
        let position = self.memory.planted % self.world.planted.len().max(1);
        self.memory.planted += 1;
        self.world.planted.get(position).copied().unwrap_or_default()
    }

    /// Somebody who begins to work here.
    pub(crate) fn newcomer(&mut self) -> AccountId {
        let position = self.memory.hired % self.world.newcomers.len().max(1);
        self.memory.hired += 1;
        self.world.newcomers.get(position).copied().unwrap_or_default()
    }

    /// An address of somebody far away.
    pub(crate) fn far_address(&mut self) -> u32 {
        let place = self.dice.pick(&FAR);
        address_in(place, 20_000 + self.dice.below(30_000))
    }

    /// An address of a rented server: documentation networks, which belong to nobody.
    pub(crate) fn rented_address(&mut self) -> u32 {
        let last = u8::try_from(100 + self.dice.below(150)).unwrap_or(100);
        u32::from_be_bytes([198, 51, 100, last])
    }

    /// A machine of a role.
    pub(crate) fn host(&mut self, role: Role) -> HostId {
        let hosts = self.world.hosts_of(role);
        self.dice.pick(&hosts)
    }

    /// The number of a session.
    pub(crate) fn session(&mut self) -> u32 {
        u32::try_from(0x1_0000 + self.dice.below(0xff_0000)).unwrap_or(1)
    }
}
