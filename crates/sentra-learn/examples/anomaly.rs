//! Trains on the normal rows of one file of the NSL-KDD form and scores another:
//! `cargo run --release -p sentra-learn --example anomaly TRAIN TEST [SEED…]`.

use std::time::Instant;

use sentra_learn::anomaly::{AnomalyBench, bench_anomaly};

#[allow(clippy::print_stdout, reason = "an example's output")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [train, test, seeds @ ..] = arguments.as_slice() else {
        return Err("give a file to train on, one to score, and perhaps seeds".into());
    };
    let (train, test) = (std::fs::read(train)?, std::fs::read(test)?);
    let started = Instant::now();
    let seeds: Vec<u64> = if seeds.is_empty() {
        vec![AnomalyBench::default().seed]
    } else {
        seeds.iter().map(|seed| seed.parse()).collect::<Result<_, _>>()?
    };
    for seed in seeds {
        let what = AnomalyBench { seed, ..AnomalyBench::default() };
        let report = bench_anomaly(&train, &test, &what, &|| started.elapsed())?;
        println!("{}", serde_json::to_string_pretty(&report)?);
    }
    Ok(())
}
