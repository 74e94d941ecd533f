//! Correlation: events of one group, counted over event time.
//!
//! The state of a group is its *runs*: events between which no gap is longer than the rule's run gap. A run
//! that has not fired keeps the events that a window may still need, at their place in event time, so that
//! late and disordered events count where they belong. A run that has fired only adds up.
//!
//! Law IDENTITY: everything here is decided event by event in the order of arrival, never by batch, so that
//! the same events give the same runs however they are cut into batches.

pub(crate) mod distinct;
pub(crate) mod evidence;
pub(crate) mod key;
pub(crate) mod parse;
pub(crate) mod rule;
pub(crate) mod run;
pub(crate) mod state;
pub(crate) mod window;
