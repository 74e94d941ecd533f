//! Law LIMIT: how many groups a rule may keep, and who goes when there are more.

use super::groups::{Cell, State};
use super::packed::{self, Standing};
use super::pass::Pass;
use super::rule::CorrelationRule;

/// Part of the groups that goes when a rule has too many: one in so many.
const EVICTED_ONE_IN: usize = 10;

/// Who goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Nothing arrived for it within the run gap: it would be forgotten anyway.
    Rests,
    /// It is not half-way to firing, or its events are too old for more to join them.
    Behind,
    /// It fired, and was reported.
    Fired,
}

struct Candidate {
    rank: Rank,
    progress: u64,
    touched: i64,
    number: u32,
}

impl Pass<'_> {
    /// Makes room for one more group of the rule where there is none. What is half-way to firing or further, or
    /// waits for its decision, does not go. `false` when nothing could be moved.
    pub(super) fn make_room(&mut self, index: usize, rule: &CorrelationRule, seen: i64) -> bool {
        let keys_max = self.limits.keys_per_rule_max.max(EVICTED_ONE_IN);
        let Some(groups) = self.tenant.groups.get_mut(&index) else { return true };
        if groups.len() < keys_max {
            return true;
        }
        let wanted = keys_max / EVICTED_ONE_IN;
        // Looking for room costs a look at every group: not again for every one that is refused.
        if groups.refused > 0 {
            groups.refused -= 1;
            return false;
        }
        let decided = self.tenant.watermark.decided_before(self.limits.lateness_micros);
        let alive = decided.saturating_sub(rule.reach());
        let resting = seen.saturating_sub(rule.run_gap_micros);
        let mut candidates: Vec<Candidate> = groups
            .numbers()
            .filter_map(|number| candidate(number, groups.cell(number)?, rule, alive, resting))
            .collect();
        let resting = candidates.iter().filter(|candidate| candidate.rank == Rank::Rests).count();
        let leaving = wanted.max(resting).min(candidates.len());
        groups.refused = wanted.saturating_sub(leaving);
        if leaving == 0 {
            return false;
        }
        let order = |one: &Candidate, other: &Candidate| {
            (one.rank, one.progress, one.touched).cmp(&(other.rank, other.progress, other.touched)).then_with(
                // Never by number: that depends on what was restored when.
                || {
                    let group = |number| groups.cell(number).map(Cell::group);
                    group(one.number).cmp(&group(other.number))
                },
            )
        };
        if leaving < candidates.len() {
            candidates.select_nth_unstable_by(leaving, order);
            candidates.truncate(leaving);
        }
        candidates.sort_unstable_by(order);
        for candidate in candidates {
            self.evict(index, &candidate);
        }
        true
    }

    fn evict(&mut self, index: usize, candidate: &Candidate) {
        match candidate.rank {
            Rank::Rests => self.stats.keys_expired += 1,
            Rank::Behind | Rank::Fired => self.stats.keys_evicted += 1,
        }
        let Some(groups) = self.tenant.groups.get_mut(&index) else { return };
        let Some(Cell::Full(full)) = groups.remove(candidate.number) else { return };
        match full.state {
            State::Runs(runs) => self.report_gone(index, &full.group, runs.into_fired()),
            State::Ordered(ordered) => {
                groups.entries = groups.entries.saturating_sub(ordered.len());
                if let Some(due) = ordered.due {
                    self.tenant.turns.remove(&(due, index, full.group.clone()));
                }
                self.report_gone(index, &full.group, ordered.into_run());
            }
        }
    }
}

/// Where a group stands among those that could go; `None` when it must not.
fn candidate(
    number: u32,
    cell: &Cell,
    rule: &CorrelationRule,
    alive: i64,
    resting: i64,
) -> Option<Candidate> {
    let (has_fired, Standing { progress, touched, last }) = match cell {
        Cell::Packed(bytes) => (false, packed::standing(bytes, rule)),
        Cell::Full(full) => match &full.state {
            State::Runs(runs) => {
                let standing =
                    Standing { progress: runs.progress(rule, alive), touched: runs.touched(), last: alive };
                (runs.has_fired(), standing)
            }
            State::Ordered(ordered) => {
                if ordered.waits() {
                    return None;
                }
                // What is decided is only kept as company for what follows.
                let standing = Standing { progress: 0, touched: ordered.touched(), last: alive };
                (ordered.run().is_some(), standing)
            }
        },
    };
    let is_near = last >= alive && progress > 0 && progress.saturating_mul(2) >= rule.threshold;
    let rank = match () {
        () if touched < resting => Rank::Rests,
        () if is_near => return None,
        () if has_fired => Rank::Fired,
        () => Rank::Behind,
    };
    let progress = if last >= alive { progress } else { 0 };
    Some(Candidate { rank, progress, touched, number })
}
