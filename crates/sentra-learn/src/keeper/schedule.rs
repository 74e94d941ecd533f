//! When what was trained, per kind.

use sentra_model::Timestamp;

use crate::behaviour::codec::{Reader, Writer};

/// One kind's trainings.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Schedule {
    pub(super) trained_at: Option<Timestamp>,
    /// When a training last failed, if none has succeeded since.
    pub(super) failed_at: Option<Timestamp>,
    /// Verdicts since the last training.
    pub(super) verdicts: u64,
    /// How many trainings there were: the next one's seed depends on it.
    pub(super) trainings: u64,
    /// How many labels there had been when shadow and active model were last compared.
    pub(super) labels_compared: u64,
}

impl Schedule {
    pub(super) fn write(&self, writer: &mut Writer) {
        for time in [self.trained_at, self.failed_at] {
            writer.u64(time.map_or(i64::MIN, Timestamp::micros).cast_unsigned());
        }
        writer.u64(self.verdicts).u64(self.trainings).u64(self.labels_compared);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let mut time = || {
            let micros = reader.u64()?.cast_signed();
            Some((micros != i64::MIN).then(|| Timestamp::from_micros(micros)))
        };
        let (trained_at, failed_at) = (time()?, time()?);
        let (verdicts, trainings, labels_compared) = (reader.u64()?, reader.u64()?, reader.u64()?);
        Some(Self { trained_at, failed_at, verdicts, trainings, labels_compared })
    }
}
