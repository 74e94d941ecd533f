//! Correlation: events of one group, measured over event time.
//!
//! Two ways lead to a match. A condition that more events can only make true ([`window`]) is looked at when
//! an event arrives, wherever in time it belongs: the rule fires at once. All others ([`ordered`]) wait in the
//! order of event time until the watermark has passed, and are decided then.
//!
//! What is reported are *runs* ([`run`]): events between which no gap is longer than the rule's run gap. A run
//! that has not fired keeps the events that a window may still need, at their place in event time, so that
//! late and disordered events count where they belong. A run that has fired only adds up.
//!
//! Law IDENTITY: everything here is decided event by event in the order of arrival, never by batch, so that
//! the same events give the same runs however they are cut into batches.

mod by_rule;
mod codec;
pub(crate) mod condition;
pub(crate) mod distinct;
pub(crate) mod evidence;
pub(crate) mod groups;
pub(crate) mod key;
pub(crate) mod members;
mod number;
mod numbers;
pub(crate) mod ordered;
mod packed;
pub(crate) mod parse;
pub(crate) mod pass;
mod reader;
pub(crate) mod report;
mod room;
pub(crate) mod rule;
pub(crate) mod run;
pub(crate) mod state;
mod tally;
mod turns;
pub(crate) mod window;
