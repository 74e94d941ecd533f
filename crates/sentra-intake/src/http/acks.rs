use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Law LIMIT: channels whose acknowledgements are remembered; one more ends the oldest.
const CHANNELS_MAX: usize = 10_000;
/// Law LIMIT: acknowledgements of one channel that nobody has asked for yet.
const PENDING_MAX: usize = 10_000;
/// Longest name of a channel: a GUID has 36 bytes.
pub(crate) const CHANNEL_BYTES_MAX: usize = 128;

/// Acknowledgements of Splunk's event collector, by channel. An identifier is given out after its events are
/// durable (law ACK), so it is true from the beginning, and true once: who has heard it need not ask again.
#[derive(Debug, Default)]
pub(crate) struct Acks(Mutex<Channels>);

#[derive(Debug, Default)]
struct Channels {
    by_name: BTreeMap<String, Channel>,
    by_age: VecDeque<String>,
}

#[derive(Debug, Default)]
struct Channel {
    next: u64,
    pending: VecDeque<u64>,
}

impl Acks {
    /// A new identifier for events of `channel` that are durable. Channels of different keys are different.
    pub(crate) fn durable(&self, channel: String) -> u64 {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !channels.by_name.contains_key(&channel) {
            channels.by_age.push_back(channel.clone());
            if channels.by_age.len() > CHANNELS_MAX
                && let Some(oldest) = channels.by_age.pop_front()
            {
                channels.by_name.remove(&oldest);
            }
        }
        let known = channels.by_name.entry(channel).or_default();
        let id = known.next;
        known.next += 1;
        known.pending.push_back(id);
        if known.pending.len() > PENDING_MAX {
            known.pending.pop_front();
        }
        id
    }

    /// Whether the events of `id` are durable; asking takes the answer away.
    pub(crate) fn take(&self, channel: &str, id: u64) -> bool {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = channels.by_name.get_mut(channel) else { return false };
        let Some(place) = known.pending.iter().position(|pending| *pending == id) else { return false };
        known.pending.remove(place);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_is_true_once_and_only_in_its_channel() {
        let acks = Acks::default();
        let (first, second) = (acks.durable("a".to_owned()), acks.durable("a".to_owned()));
        assert_eq!((first, second, acks.durable("b".to_owned())), (0, 1, 0));
        assert!(!acks.take("c", 0) && !acks.take("a", 2));
        assert!(acks.take("a", 1) && !acks.take("a", 1) && acks.take("a", 0));
    }

    /// Law LIMIT.
    #[test]
    fn what_nobody_asks_for_is_forgotten() {
        let acks = Acks::default();
        for _ in 0..=PENDING_MAX {
            acks.durable("a".to_owned());
        }
        assert!(!acks.take("a", 0) && acks.take("a", 1));
        for channel in 0..CHANNELS_MAX {
            acks.durable(format!("x{channel}"));
        }
        assert!(!acks.take("a", 2), "the oldest channel was kept");
    }
}
