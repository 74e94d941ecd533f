//! The keys under which the factory keeps what it must remember between events in the records store.

/// A row to store, or to delete where there is no value.
pub(crate) type StateRow = (Vec<u8>, Option<Vec<u8>>);

/// What a state row belongs to; the first byte of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StateKind {
    /// Correlation windows of the detection engine.
    Detector,
    /// Login counts of an address.
    Activity,
    /// Baselines.
    Behaviour,
    /// What enrichment learnt from events.
    Enrichment,
    /// Sequence models and models of activity, with what they were trained on.
    Models,
    /// What triage remembers: commonness, verdicts, suppressions, entities' risks.
    Triage,
}

impl StateKind {
    fn prefix(self) -> u8 {
        match self {
            Self::Detector => b'd',
            Self::Activity => b'a',
            Self::Behaviour => b'b',
            Self::Enrichment => b'n',
            Self::Models => b'm',
            Self::Triage => b't',
        }
    }

    /// `key` with this kind's prefix.
    pub(crate) fn wrap(self, key: &[u8]) -> Vec<u8> {
        let mut wrapped = Vec::with_capacity(key.len() + 1);
        wrapped.push(self.prefix());
        wrapped.extend_from_slice(key);
        wrapped
    }

    /// The key inside `wrapped`, if it is of this kind.
    pub(crate) fn unwrap(self, wrapped: &[u8]) -> Option<&[u8]> {
        wrapped.split_first().filter(|(first, _)| **first == self.prefix()).map(|(_, rest)| rest)
    }
}

#[cfg(test)]
mod tests {
    use super::StateKind;

    #[test]
    fn kinds_do_not_see_each_others_keys() {
        let key = StateKind::Detector.wrap(b"k");
        assert_eq!(StateKind::Detector.unwrap(&key), Some(b"k".as_slice()));
        assert_eq!(StateKind::Activity.unwrap(&key), None);
        assert_eq!(StateKind::Activity.unwrap(b""), None);
    }
}
