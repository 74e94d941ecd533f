//! What surrounds a question: what may be written next, what it would cost, ending it, answers as streams and as files,
//! and what was decided about it.

pub(crate) mod cancel;
pub(crate) mod complete;
pub(crate) mod decisions;
pub(crate) mod estimate;
pub(crate) mod export;
mod pump;
pub(crate) mod stream;
