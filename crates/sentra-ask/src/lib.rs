//! What was asked, what kind of question it is, and why.
//!
//! [`route`] recognises the form of a question (KQL, the search bar's shorthand, SQL, plain English) and what it
//! wants (particular records, something computed, what is like something, or several of these), and names the
//! rules that decided. [`understand`] turns plain English into KQL by grammar and synonyms.
//!
//! It must never: ask a model, do I/O, read a clock (the moment of asking and the zone are passed in), answer
//! differently to the same input, or pass over a word that it does not understand without saying so. Whether
//! the engines are well and what a question costs is not known here.

mod context;
mod english;
mod lexicon;
mod quote;
mod route;
mod shape;
mod spell;
mod time;
mod words;

pub use context::{BusinessHours, Context};
pub use english::{
    CONFIDENCE_MIN, EXAMPLES, NotUnderstood, Part, QUESTIONS_MAX, ROWS_ASKED_MAX, SUGGESTIONS, Step,
    Understood, Unused, Wanted, understand,
};
pub use route::{
    EngineWish, Form, Intent, QUESTION_BYTES_MAX, ROUTER_VERSION, RouteDecision, RoutePart, RuleId, route,
};
pub use words::{ENGLISH_BYTES_MAX, WORDS_MAX};
