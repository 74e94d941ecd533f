/// Why the interpreter gives no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The question wants more than a limit allows (law LIMIT).
    #[error("the question needs more than {limit} {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        limit: usize,
    },
    /// The plan names a table that there are no rows of.
    #[error("there is no table {name}")]
    NoTable {
        /// Its name.
        name: String,
    },
    /// It was told to stop.
    #[error("the question was stopped")]
    Halted,
    /// The plan is none that the checker makes.
    #[error("the plan is wrong: {what}")]
    BadPlan {
        /// What is wrong with it.
        what: &'static str,
    },
}

pub(crate) fn too_long() -> RunError {
    RunError::TooLarge { what: "bytes in one value", limit: super::CELL_BYTES_MAX }
}
