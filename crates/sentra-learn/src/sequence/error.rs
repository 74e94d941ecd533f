/// What can go wrong with a sequence model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SequenceError {
    /// A setting is out of its range.
    #[error("setting {name} is {value}, it must be from {low} to {high}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What it was.
        value: u64,
        /// Smallest value allowed.
        low: u64,
        /// Largest value allowed.
        high: u64,
    },
    /// There is nothing to learn from.
    #[error("{set} data holds {events} events, at least {needed} are needed")]
    TooLittle {
        /// Which data: `training`, `held-out`.
        set: &'static str,
        /// How many events it holds.
        events: u64,
        /// How many it must hold.
        needed: u64,
    },
    /// A symbol does not belong to the alphabet.
    #[error("symbol {symbol} is not in an alphabet of {symbols}")]
    Symbol {
        /// The symbol's number.
        symbol: u8,
        /// How many symbols there are.
        symbols: usize,
    },
    /// The bytes are no model, or no state, of ours.
    #[error("byte {at}: {problem}")]
    Bytes {
        /// Offset of the trouble, from 0.
        at: usize,
        /// What is wrong there.
        problem: &'static str,
    },
    /// Law TENANT: the batch belongs to another tenant.
    #[error("the batch is of tenant {batch}, the detector of tenant {detector}")]
    Tenant {
        /// Whose batch it is.
        batch: String,
        /// Whose detector it is.
        detector: String,
    },
}

/// `value` when it lies in `low..=high`.
pub(crate) fn checked(
    name: &'static str,
    value: usize,
    low: usize,
    high: usize,
) -> Result<(), SequenceError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(SequenceError::Setting { name, value: value as u64, low: low as u64, high: high as u64 })
}
