//! The crate's face: the corpus, the documentation, hostile questions.

mod common;
mod english;
mod hostile;
mod routing;
