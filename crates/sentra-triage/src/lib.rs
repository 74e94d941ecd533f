//! From signals to incidents: how probable it is that they are malicious, which belong together, and what analysts'
//! verdicts teach.
//!
//! Law MEANING: signals and incidents are all it knows, never events. No I/O; the time is passed in.
