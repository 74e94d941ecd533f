//! Realistic events of several sources with what is true about them, from a seed.
//!
//! It shares no code with decoders or detectors, not even the vocabulary: an error common to both would hide itself.
