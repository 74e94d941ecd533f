//! Whose turn it is among the partitions of a tenant: records are worked on as they arrived.
//!
//! Detection has one state per tenant, so that events that came by different partitions meet. Event time advances with
//! what is worked on; if one partition were worked off before the other, the other's events would all be late. So the
//! partition goes first whose next record arrived first, and it goes until another's next record arrived
//! [`ARRIVAL_SLACK_MICROS`] before its own. That is also what happened while nobody lagged.

use std::collections::BTreeMap;

use sentra_model::Timestamp;

/// How far, in arrival time, one partition may be worked on ahead of another, in microseconds. Without it a chunk would
/// end with every record that two senders send in turn; correlations wait many times as long for late events.
pub(crate) const ARRIVAL_SLACK_MICROS: i64 = 5 * 1_000_000;

/// The partitions that have something next, in the order of its arrival.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    lanes: BTreeMap<u32, Lane>,
    newest: Option<Timestamp>,
    turn: u64,
}

#[derive(Debug)]
struct Lane {
    /// When what it has next arrived; also of the last thing it had, so that it never goes back.
    arrived: Timestamp,
    has_next: bool,
    /// The last turn it had.
    turn: u64,
}

/// A turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Who has it.
    pub(crate) partition: u32,
    /// What arrived later than this waits for the others; `None` where nobody else has anything.
    pub(crate) until: Option<Timestamp>,
}

impl Turns {
    /// Whether `partition` waits for its turn.
    pub(crate) fn is_waiting(&self, partition: u32) -> bool {
        self.lanes.get(&partition).is_some_and(|lane| lane.has_next)
    }

    /// What `partition` has next arrived at `arrived`, and it is `now`.
    ///
    /// A clock that was wrong keeps nobody waiting for ever: what arrived in the future arrived now, and a partition
    /// whose clock went back queues behind what the others have.
    pub(crate) fn offer(&mut self, partition: u32, arrived: Timestamp, now: Timestamp) {
        let mut arrived = arrived.min(now);
        let newest = self.newest.unwrap_or(arrived);
        if let Some(lane) = self.lanes.get(&partition).filter(|lane| arrived < lane.arrived) {
            let went_back = lane.arrived.since(arrived) > ARRIVAL_SLACK_MICROS;
            arrived = if went_back { newest } else { lane.arrived };
        }
        self.newest = Some(newest.max(arrived));
        let turn = self.lanes.get(&partition).map_or(0, |lane| lane.turn);
        self.lanes.insert(partition, Lane { arrived, has_next: true, turn });
    }

    /// The next turn: of what arrived at the same time, who had its turn longest ago.
    pub(crate) fn take(&mut self) -> Option<Turn> {
        let waiting = || self.lanes.iter().filter(|(_, lane)| lane.has_next);
        let (partition, _) = waiting().min_by_key(|(_, lane)| (lane.arrived, lane.turn))?;
        let partition = *partition;
        let others = waiting().filter(|(other, _)| **other != partition);
        let until =
            others.map(|(_, lane)| lane.arrived).min().map(|next| next.plus_micros(ARRIVAL_SLACK_MICROS));
        self.turn += 1;
        if let Some(lane) = self.lanes.get_mut(&partition) {
            (lane.has_next, lane.turn) = (false, self.turn);
        }
        Some(Turn { partition, until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLACK_S: i64 = ARRIVAL_SLACK_MICROS / 1_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + seconds)
    }

    /// Offers every partition's next of `queues` and takes turns until all are empty, one record a turn.
    fn order(mut queues: Vec<Vec<i64>>, now: Timestamp, turns_max: usize) -> Vec<(u32, i64)> {
        let (mut turns, mut order) = (Turns::default(), Vec::new());
        queues.iter_mut().for_each(|queue| queue.reverse());
        for _ in 0..turns_max {
            for (partition, queue) in (0..).zip(&queues) {
                if let Some(next) = queue.last().filter(|_| !turns.is_waiting(partition)) {
                    turns.offer(partition, at(*next), now);
                }
            }
            let Some(turn) = turns.take() else { break };
            order.push((turn.partition, queues[turn.partition as usize].pop().unwrap()));
        }
        order
    }

    #[test]
    fn a_backlog_comes_before_what_arrived_after_it() {
        let order = order(vec![vec![100, 101], vec![1, 50, 102], vec![2, 60]], at(200), 100);
        let arrived: Vec<i64> = order.iter().map(|(_, arrived)| *arrived).collect();
        assert_eq!(arrived, [1, 2, 50, 60, 100, 101, 102]);
    }

    #[test]
    fn a_turn_ends_where_another_was_waiting() {
        let mut turns = Turns::default();
        turns.offer(3, at(10), at(100));
        assert_eq!(turns.take(), Some(Turn { partition: 3, until: None }));
        assert_eq!(turns.take(), None);
        turns.offer(3, at(20), at(100));
        turns.offer(1, at(30), at(100));
        turns.offer(2, at(40), at(100));
        assert_eq!(turns.take(), Some(Turn { partition: 3, until: Some(at(30 + SLACK_S)) }));
        assert!(turns.is_waiting(1) && !turns.is_waiting(3));
    }

    #[test]
    fn what_arrived_together_goes_in_turn() {
        let order = order(vec![vec![1, 1, 1], vec![1, 1, 1]], at(2), 100);
        let partitions: Vec<u32> = order.iter().map(|(partition, _)| *partition).collect();
        assert_eq!(partitions, [0, 1, 0, 1, 0, 1]);
    }

    #[test]
    fn a_wrong_clock_starves_nobody() {
        let hour = 3_600;
        // The clock goes back under both while they are busy.
        let queue = || (hour..hour + 10).chain(0..500).collect::<Vec<i64>>();
        let order = order(vec![queue(), queue()], at(2 * hour), 400);
        let of = |partition| order.iter().filter(|(of, _)| *of == partition).count();
        assert!(of(0).abs_diff(of(1)) <= 1, "{} and {}", of(0), of(1));
        // A moment in the future is now, and what comes after it waits no longer than that.
        let mut turns = Turns::default();
        turns.offer(0, at(hour), at(5));
        turns.offer(1, at(6), at(6));
        assert_eq!(turns.take().map(|turn| turn.partition), Some(0));
    }
}
