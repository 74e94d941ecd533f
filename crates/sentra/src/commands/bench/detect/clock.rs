//! What time and memory are taken from, and how many runs become one figure.

use anyhow::Context;
use rustix::time::{ClockId, clock_gettime};

/// CPU seconds that this thread has used.
pub(crate) fn thread_seconds() -> f64 {
    seconds(ClockId::ThreadCPUTime)
}

/// Seconds that have passed.
pub(super) fn wall_seconds() -> f64 {
    seconds(ClockId::Monotonic)
}

fn seconds(clock: ClockId) -> f64 {
    let now = clock_gettime(clock);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// Bytes of this process that are resident. What the allocator needs for itself is in it; to count the bytes that are
/// asked for would need `unsafe`, which this workspace forbids.
pub(crate) fn resident_bytes() -> anyhow::Result<f64> {
    let statm = std::fs::read_to_string("/proc/self/statm").context("memory is measured on Linux only")?;
    let pages: f64 =
        statm.split_whitespace().nth(1).context("/proc/self/statm has no second number")?.parse()?;
    Ok(pages * rustix::param::page_size() as f64)
}

/// The value below which `share` of them lie; it sorts them.
pub(super) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((last as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
}

/// The middle one.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    quantile(values, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let mut values: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        assert_eq!((quantile(&mut values, 0.5), quantile(&mut values, 0.99)), (50.0, 99.0));
        assert_eq!((quantile(&mut values, 0.0), quantile(&mut values, 1.0)), (0.0, 100.0));
        assert_eq!(median(&mut [3.0, 1.0]), 3.0);
        assert!(median(&mut []).is_nan());
    }

    #[test]
    fn work_takes_time_and_memory() {
        let (cpu, wall) = (thread_seconds(), wall_seconds());
        // Other tests of this process may free as much meanwhile, but not every time. What was made stays: it is taken again
        // otherwise.
        let mut made: Vec<Vec<u64>> = Vec::new();
        let mut grows = || {
            let resident = resident_bytes().unwrap();
            made.push((0..4_000_000).map(std::hint::black_box).collect());
            resident_bytes().unwrap() - resident > 16e6
        };
        assert!((0..20).any(|_| grows()), "32 MB of numbers took none");
        assert!(thread_seconds() > cpu && wall_seconds() > wall);
    }
}
