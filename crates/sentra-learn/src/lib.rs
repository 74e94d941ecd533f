//! How unusual something is: baselines per entity, anomaly models over rows, sequence models over event codes.
//!
//! No I/O and no clock: rows, models' bytes, seeds and times are passed in. The same data and seed give the same model.
