use sentra_model::OwnedRecord;

/// Law LIMIT: how much is appended in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchLimits {
    pub(crate) bytes_max: usize,
    pub(crate) records_max: usize,
}

/// Records on their way to one append.
#[derive(Debug)]
pub(crate) struct Gather {
    limits: BatchLimits,
    records: Vec<OwnedRecord>,
    bytes: usize,
}

impl Gather {
    pub(crate) fn new(limits: BatchLimits) -> Self {
        Self { limits, records: Vec::new(), bytes: 0 }
    }

    /// Adds a record; the records before it when it does not fit beside them. A batch exceeds the limit in
    /// bytes only when it is one single record.
    #[must_use]
    pub(crate) fn push(&mut self, position: u64, bytes: &[u8]) -> Option<Vec<OwnedRecord>> {
        let is_full = self.records.len() >= self.limits.records_max
            || (!self.records.is_empty() && self.bytes.saturating_add(bytes.len()) > self.limits.bytes_max);
        let full = is_full.then(|| self.take());
        self.bytes += bytes.len();
        self.records.push(OwnedRecord { position, bytes: bytes.to_vec() });
        full
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether the next record would probably not fit.
    pub(crate) fn is_full(&self) -> bool {
        self.records.len() >= self.limits.records_max || self.bytes >= self.limits.bytes_max
    }

    pub(crate) fn take(&mut self) -> Vec<OwnedRecord> {
        self.bytes = 0;
        std::mem::take(&mut self.records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_batch_is_over_the_limits_and_nothing_is_lost() {
        let mut gather = Gather::new(BatchLimits { bytes_max: 10, records_max: 3 });
        let sizes = [4, 4, 4, 1, 1, 1, 1, 30, 1];
        let mut batches = Vec::new();
        for (position, size) in sizes.iter().enumerate() {
            batches.extend(gather.push(position as u64, &vec![0; *size]));
        }
        assert!(!gather.is_empty());
        batches.push(gather.take());
        let positions: Vec<u64> = batches.iter().flatten().map(|record| record.position).collect();
        assert_eq!(positions, (0..sizes.len() as u64).collect::<Vec<_>>());
        for batch in batches {
            let bytes: usize = batch.iter().map(|record| record.bytes.len()).sum();
            assert!(batch.len() <= 3 && (bytes <= 10 || batch.len() == 1), "{batch:?}");
        }
    }
}
