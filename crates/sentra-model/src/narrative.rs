use serde::{Deserialize, Serialize};

use crate::SignalId;

/// What a sentence is for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SentenceRole {
    /// The whole in one sentence.
    Headline,
    /// What happened, in the order it happened.
    Event,
    /// What came of it: whether any login succeeded, what followed.
    Outcome,
    /// How probable and how bad it is, and why.
    Assessment,
    /// What is not known or not told.
    Gap,
}

/// One sentence with the signals it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Sentence {
    /// What it is for.
    pub role: SentenceRole,
    /// The words.
    pub text: String,
    /// At least one signal that holds the facts the sentence words.
    pub signals: Vec<SignalId>,
}

/// The story of an incident. Law MEANING: every sentence cites, nothing is invented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default, utoipa::ToSchema)]
pub struct Narrative {
    /// Version of the templates that worded it.
    pub template_version: u32,
    /// The sentences in reading order.
    pub sentences: Vec<Sentence>,
}
