//! How a stream is cut into chunks must not show.

use sentra_learn::keeper::{KeeperFinding, KeeperSettings};

use crate::quiet::trained_run;
use crate::world::{DAY, HOUR, MONDAY, rampage, work};

#[test]
fn what_is_found_and_learnt_does_not_depend_on_how_the_stream_is_cut() {
    let mut tales = work(40, 7, 9, 5);
    for (user, hour) in [("user3", 10), ("user8", 26), ("user21", 35)] {
        tales.extend(rampage(user, MONDAY + 7 * DAY + hour * HOUR, 20));
    }
    tales.sort_by_key(|tale| tale.time);
    let run = |every: usize| {
        let mut run = trained_run(KeeperSettings::default());
        let mut found = run.happen(&tales, every);
        // Findings of two models about the same event have no order between them.
        found.sort_by_key(|found| (found.time, found.detector.id, found.explanation.clone()));
        let view = run.keeper.view(sentra_model::Timestamp::from_seconds(0));
        let counters: Vec<_> = view.models.iter().skip(1).map(|model| model.counters).collect();
        (found, counters, view.activity)
    };
    let whole: (Vec<KeeperFinding>, _, _) = run(tales.len());
    assert!(whole.0.len() >= 3, "{:?}", whole.0);
    for every in [1_000, 77] {
        let cut = run(every);
        let rowless = |found: &[KeeperFinding]| -> Vec<KeeperFinding> {
            found.iter().map(|found| KeeperFinding { row: None, ..found.clone() }).collect()
        };
        assert_eq!(rowless(&cut.0), rowless(&whole.0), "cut every {every}");
        assert_eq!((&cut.1, &cut.2), (&whole.1, &whole.2), "cut every {every}");
    }
}
