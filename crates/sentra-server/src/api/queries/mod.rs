//! What surrounds a question: what it would cost, ending it, and what was decided about it.

pub(crate) mod cancel;
pub(crate) mod decisions;
pub(crate) mod estimate;
