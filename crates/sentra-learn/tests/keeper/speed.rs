//! How fast: `cargo test -p sentra-learn --test keeper -- --ignored --nocapture speed`.

use std::time::{Duration, Instant};

use sentra_learn::keeper::KeeperSettings;
use sentra_model::EventBatch;

use crate::world::{DAY, Dice, MONDAY, Run, Tale, batches, work};

/// Time that this thread spent on a processor: others may be busy on the machine.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or_default())
}

fn million(is_coded: bool, people: i64, pace: i64) -> Vec<EventBatch> {
    let codes = sentra_model::EventCode::ALL;
    let mut dice = Dice::new(3);
    (0..122)
        .flat_map(|number| {
            let tales: Vec<Tale> = (0..8_192)
                .map(|row| {
                    let person = dice.below(people);
                    let time = MONDAY + 30 * DAY + (number * 8_192 + row) / pace;
                    let mut tale = Tale::new(time, &format!("user{person}"), &format!("pc{person}"));
                    tale.process = format!("/usr/bin/tool{}", dice.below(20));
                    tale.src = format!("10.1.{}.{}", person / 250, person % 250);
                    tale.code = is_coded.then(|| codes[dice.below(8) as usize]);
                    tale
                })
                .collect();
            batches("acme", &tales, 1_000_000 + number as u64 * 8_192)
        })
        .collect()
}

#[test]
#[ignore = "a measurement"]
fn speed() {
    for (people, pace) in [(100, 100), (2_000, 1_000), (10_000, 1_000), (10_000, 100)] {
        for is_network_allowed in [false, true] {
            if is_network_allowed && people > 100 {
                continue;
            }
            for is_coded in [false, true] {
                let settings = KeeperSettings { is_network_allowed, ..KeeperSettings::default() };
                let mut run = Run::new(settings);
                run.happen(&work(120, 0, 12, 5), 4_096);
                let began = Instant::now();
                assert!(run.train(MONDAY + 12 * DAY) >= 3);
                let training = began.elapsed();
                let batches = million(is_coded, people, pace);
                let (mut rows, mut bytes) = (0, 0);
                run.keeper.take_changes();
                let before = processor_time();
                for batch in &batches {
                    run.keeper.observe(std::slice::from_ref(batch)).unwrap();
                }
                let spent = processor_time() - before;
                let before = processor_time();
                for (_, row) in run.keeper.take_changes() {
                    rows += 1;
                    bytes += row.map_or(0, |row| row.len());
                }
                let stored = processor_time() - before;
                println!(
                    "{people} people, {pace} events/s, network {is_network_allowed}, coded {is_coded}: {:.2} million events/s; \
                     training {training:?}; {rows} rows of {bytes} bytes in {stored:?}",
                    122.0 * 8_192.0 / spent.as_secs_f64() / 1e6
                );
            }
        }
    }
}
