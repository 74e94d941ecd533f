use sentra_model::{Estimate, Signal};

use crate::risk::{Assessment, Calibration, Precisions, assess};

/// What risks are judged by: what verdicts taught about detectors and about risks.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a> {
    /// How precise each detector is.
    pub precisions: &'a Precisions,
    /// How the risks of incidents relate to outcomes.
    pub calibration: &'a Calibration,
}

impl Judge<'_> {
    /// How probable it is that one signal is malicious, by its detector and its enrichments.
    #[must_use]
    pub fn signal(&self, signal: &Signal) -> Estimate {
        assess([signal], self.precisions).estimate()
    }

    /// How probable it is that signals together are malicious, and why; corrected by what verdicts said about
    /// risks like it.
    #[must_use]
    pub fn incident(&self, signals: &[Signal]) -> Assessment {
        self.calibration.apply(assess(signals, self.precisions))
    }
}
