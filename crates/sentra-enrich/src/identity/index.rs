//! Account name → identity.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

/// Law LIMIT: identities that one name without domain is remembered for.
const SAME_NAME_MAX: usize = 64;

/// How sure it is that a name without a domain means an identity. Smaller is surer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trust {
    /// A source wrote the name just so.
    Stated,
    /// It is an account's name without its domain.
    WithoutDomain,
    /// It is what stands before the @ of a mail address.
    OfMail,
    /// Only events told of such an account: noise must not make a name ambiguous.
    Seen,
}

/// Number of an identity.
pub(super) type Slot = u32;

/// The names of all accounts, folded.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// Names that are of one identity: qualified accounts, mail addresses, security ids, `employee:` numbers.
    whole: HashMap<Box<str>, Slot, foldhash::fast::FixedState>,
    /// Names without domain.
    bare: HashMap<Box<str>, Vec<(Slot, Trust)>, foldhash::fast::FixedState>,
}

impl Index {
    pub(super) fn whole(&self, name: &str) -> Option<Slot> {
        self.whole.get(name).copied()
    }

    pub(super) fn bare(&self, name: &str) -> &[(Slot, Trust)] {
        self.bare.get(name).map_or(&[], Vec::as_slice)
    }

    /// Gives `name` to `slot`; answers whose it is already.
    pub(super) fn put_whole(&mut self, name: &str, slot: Slot) -> Result<(), Slot> {
        match self.whole.get(name) {
            Some(owner) if *owner != slot => Err(*owner),
            Some(_) => Ok(()),
            None => {
                self.whole.insert(name.into(), slot);
                Ok(())
            }
        }
    }

    pub(super) fn put_bare(&mut self, name: &str, slot: Slot, trust: Trust) {
        let list = match self.bare.entry(name.into()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Vec::with_capacity(1)),
        };
        let has_room = list.len() < SAME_NAME_MAX;
        match list.iter_mut().find(|(known, _)| *known == slot) {
            Some((_, known)) => *known = trust.min(*known),
            None if has_room => list.push((slot, trust)),
            None => {}
        }
    }

    /// Takes `name` away from `from`, and gives it to `to` if there is one.
    pub(super) fn hand_over(&mut self, name: &str, from: Slot, to: Option<Slot>) {
        if self.whole(name) == Some(from) {
            match to {
                Some(to) => drop(self.whole.insert(name.into(), to)),
                None => drop(self.whole.remove(name)),
            }
        }
        let Some(list) = self.bare.get_mut(name) else { return };
        let Some(at) = list.iter().position(|(slot, _)| *slot == from) else { return };
        let (_, trust) = list.remove(at);
        if list.is_empty() {
            self.bare.remove(name);
        }
        if let Some(to) = to {
            self.put_bare(name, to, trust);
        }
    }
}
