//! The crate's face: the corpus, the documentation, hostile questions.

mod common;
mod docs;
mod english;
mod hostile;
mod routing;
