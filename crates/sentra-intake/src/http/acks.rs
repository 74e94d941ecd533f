use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use sentra_model::TenantId;

/// Law LIMIT: channels of a tenant whose acknowledgements are remembered; one more ends the one that was quiet for
/// longest.
const CHANNELS_MAX: usize = 1_000;
/// Law LIMIT: acknowledgements of one channel that nobody has asked for yet.
const PENDING_MAX: usize = 1_000;
/// Longest name of a channel: a GUID has 36 bytes.
pub(crate) const CHANNEL_BYTES_MAX: usize = 128;

/// Acknowledgements of Splunk's event collector, by tenant and channel: nobody hears of another's, and nobody's
/// channels push out another's. An identifier is given out after its events are durable (law ACK), so it is true
/// from the beginning, and true once: who has heard it need not ask again.
#[derive(Debug, Default)]
pub(crate) struct Acks(Mutex<BTreeMap<TenantId, Channels>>);

#[derive(Debug, Default)]
struct Channels {
    by_name: BTreeMap<String, Channel>,
    /// Names by when they were last used.
    by_use: BTreeMap<u64, String>,
    uses: u64,
}

#[derive(Debug, Default)]
struct Channel {
    next: u64,
    pending: BTreeSet<u64>,
    last_use: u64,
}

impl Channels {
    /// The channel, used now; a new one where `may_be_new`.
    fn used(&mut self, name: &str, may_be_new: bool) -> Option<&mut Channel> {
        if !self.by_name.contains_key(name) {
            if !may_be_new {
                return None;
            }
            if self.by_name.len() >= CHANNELS_MAX
                && let Some((_, oldest)) = self.by_use.pop_first()
            {
                self.by_name.remove(&oldest);
            }
        }
        let channel = self.by_name.entry(name.to_owned()).or_default();
        self.by_use.remove(&channel.last_use);
        self.uses += 1;
        channel.last_use = self.uses;
        self.by_use.insert(self.uses, name.to_owned());
        Some(channel)
    }
}

impl Acks {
    /// A new identifier for events of `channel` that are durable.
    pub(crate) fn durable(&self, tenant: &TenantId, channel: &str) -> u64 {
        let mut tenants = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let channels = tenants.entry(tenant.clone()).or_default();
        let Some(known) = channels.used(channel, true) else { return 0 };
        let id = known.next;
        known.next += 1;
        known.pending.insert(id);
        if known.pending.len() > PENDING_MAX {
            known.pending.pop_first();
        }
        id
    }

    /// Whether the events of each of `ids` are durable; asking takes the answer away.
    pub(crate) fn take(&self, tenant: &TenantId, channel: &str, ids: &[u64]) -> BTreeMap<u64, bool> {
        let mut tenants = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = tenants.get_mut(tenant).and_then(|channels| channels.used(channel, false));
        let mut answers = BTreeMap::new();
        for id in ids {
            let is_durable = known.as_mut().is_some_and(|channel| channel.pending.remove(id));
            // Who asks twice in one breath hears the same twice.
            *answers.entry(*id).or_insert(false) |= is_durable;
        }
        answers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantId {
        name.parse().unwrap()
    }

    fn take(acks: &Acks, tenant: &TenantId, channel: &str, id: u64) -> bool {
        acks.take(tenant, channel, &[id])[&id]
    }

    #[test]
    fn an_acknowledgement_is_true_once_and_only_in_its_channel() {
        let acks = Acks::default();
        let (a, b) = (tenant("a"), tenant("b"));
        let (first, second) = (acks.durable(&a, "x"), acks.durable(&a, "x"));
        assert_eq!((first, second, acks.durable(&a, "y"), acks.durable(&b, "x")), (0, 1, 0, 0));
        assert!(!take(&acks, &a, "z", 0) && !take(&acks, &a, "x", 2) && !take(&acks, &b, "x", 1));
        assert_eq!(acks.take(&a, "x", &[1, 1, 7]), BTreeMap::from([(1, true), (7, false)]));
        assert!(!take(&acks, &a, "x", 1) && take(&acks, &a, "x", 0));
    }

    /// Law LIMIT.
    #[test]
    fn what_nobody_asks_for_is_forgotten() {
        let acks = Acks::default();
        let (a, b) = (tenant("a"), tenant("b"));
        acks.durable(&b, "x");
        for _ in 0..=PENDING_MAX {
            acks.durable(&a, "x");
        }
        assert!(!take(&acks, &a, "x", 0) && take(&acks, &a, "x", 1));
        acks.durable(&a, "quiet");
        let mut last = 0;
        for channel in 0..CHANNELS_MAX - 1 {
            last = acks.durable(&a, "x");
            acks.durable(&a, &format!("c{channel}"));
        }
        assert!(!take(&acks, &a, "quiet", 0), "the quietest channel was kept");
        assert!(take(&acks, &a, "x", last), "a channel in use was forgotten");
        assert!(take(&acks, &b, "x", 0), "another tenant's channel was forgotten");
        let tenants = acks.0.lock().unwrap();
        assert_eq!((tenants[&a].by_name.len(), tenants[&a].by_use.len()), (CHANNELS_MAX, CHANNELS_MAX));
    }
}
