//! Tests of the legacy decoders.
