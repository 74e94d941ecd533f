//! Making room, and keeping the number of segments small.
//!
//! Deleted documents keep their bytes until their segment is written anew, so eviction does that at once: what is
//! promised is the size on disk. For that moment both the old and the new segment are there.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tantivy::index::{SegmentId, SegmentMeta};
use tantivy::query::{BooleanQuery, Occur, Query, RangeQuery, TermQuery};
use tantivy::schema::{IndexRecordOption, Term};
use tantivy::{FutureResult, TantivyError};

use super::search::times_of;
use super::tenant::{State, Tenant};
use crate::budget::Budget;
use crate::error::ForensicError;
use crate::terms::own;

/// Segments of about the same size that are written as one.
const MERGED_AT_ONCE: usize = 8;

/// Documents beyond which a segment is not merged with others: writing it anew for a few evictions costs too much.
const MERGED_DOCUMENTS_MAX: u32 = 1_000_000;

/// Rounds of eviction in one commit. Each aims at what is asked for, by the average size of a document; documents of
/// one class are alike, so the second round is seldom needed.
const EVICTION_ROUNDS_MAX: usize = 16;

/// Times of documents that are compared to find which are the oldest; of more a sample is.
const TIMES_COMPARED_MAX: usize = 1 << 20;

/// A merge that goes on while documents are added.
pub(super) struct Merging(FutureResult<Option<SegmentMeta>>);

impl Merging {
    /// Whether it has ended, and how.
    fn ended(&mut self, waker: &Waker) -> Option<Result<(), TantivyError>> {
        match Future::poll(Pin::new(&mut self.0), &mut Context::from_waker(waker)) {
            Poll::Ready(merged) => Some(merged.map(drop)),
            Poll::Pending => None,
        }
    }

    /// Waits for its end. What was asked whether it has ended can only be waited for in this way.
    fn wait(mut self) -> Result<(), TantivyError> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        loop {
            match self.ended(&waker) {
                Some(merged) => return merged,
                None => thread::park(),
            }
        }
    }
}

/// Wakes the thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Tenant {
    /// Removes documents until the index fits into its budget: of the last class first, the oldest of it first.
    pub(super) fn make_room(&self, state: &mut State) -> Result<(), ForensicError> {
        let budget = self.settings.budget.bytes(state.ledger.ingested_bytes);
        if state.bytes <= budget {
            return Ok(());
        }
        self.finish_merging(state)?;
        // What was deleted before may suffice.
        self.write_anew(state)?;
        for _ in 0..EVICTION_ROUNDS_MAX {
            let last = state.ledger.last_class(&self.settings.classes).map(|(class, _)| class.to_owned());
            let Some(class) = last.filter(|_| state.bytes > budget) else { return Ok(()) };
            let documents = self.reader.searcher().num_docs().max(1);
            let document_bytes = (state.bytes / documents).max(1);
            let wanted = (state.bytes - Budget::after_eviction(budget)) / document_bytes + 1;
            let until = self.oldest(&class, wanted)?;
            let count = self.count_until(&class, until)?;
            self.delete_until(state, &class, until)?;
            state.ledger.evict(&class, count, until);
            if count == 0 {
                // Counted, and not there: there is nothing to wait for.
                state.ledger.account(&class).documents = 0;
            }
            tracing::debug!(tenant = self.name, class, count, "the forensic index made room");
            self.write(state)?;
            self.write_anew(state)?;
        }
        Ok(())
    }

    /// The time up to which `wanted` documents of `class` happened; the last time of all where there are fewer.
    fn oldest(&self, class: &str, wanted: u64) -> Result<i64, ForensicError> {
        let mut times = Vec::new();
        // Doubled whenever there are too many: every time that is left stands for so many documents.
        let (mut step, mut seen) = (1_u64, 0_u64);
        self.each_time(class, |time| {
            if seen.is_multiple_of(step) {
                if times.len() >= TIMES_COMPARED_MAX {
                    let mut place = 0_usize;
                    times.retain(|_| {
                        place += 1;
                        place % 2 == 1
                    });
                    step *= 2;
                }
                times.push(time);
            }
            seen += 1;
        })?;
        let place = usize::try_from(wanted / step).unwrap_or(usize::MAX).saturating_sub(1);
        let place = place.min(times.len().saturating_sub(1));
        if times.is_empty() {
            return Ok(i64::MIN);
        }
        Ok(*times.select_nth_unstable(place).1)
    }

    /// How many committed documents of `class` happened at `until` or before.
    pub(super) fn count_until(&self, class: &str, until: i64) -> Result<u64, ForensicError> {
        let mut count = 0;
        self.each_time(class, |time| count += u64::from(time <= until))?;
        Ok(count)
    }

    fn each_time(&self, class: &str, each: impl FnMut(i64)) -> Result<(), ForensicError> {
        let failed = self.failed("look for what gives way in the forensic index");
        times_of(&self.reader.searcher(), &self.class_query(class), each).map_err(failed)
    }

    fn class_query(&self, class: &str) -> TermQuery {
        TermQuery::new(self.whole_term(&own("class", class)), IndexRecordOption::Basic)
    }

    pub(super) fn delete_until(
        &self,
        state: &mut State,
        class: &str,
        until: i64,
    ) -> Result<(), ForensicError> {
        let failed = self.failed("remove from the forensic index");
        let until = Term::from_field_i64(self.columns.time, until);
        let range: Box<dyn Query> = Box::new(RangeQuery::new(Bound::Unbounded, Bound::Included(until)));
        let class: Box<dyn Query> = Box::new(self.class_query(class));
        let both = BooleanQuery::new(vec![(Occur::Must, class), (Occur::Must, range)]);
        if let Some(writer) = &state.writer {
            writer.delete_query(Box::new(both)).map_err(failed)?;
        }
        state.is_changed = true;
        Ok(())
    }

    /// Writes segments with deleted documents anew, without those.
    fn write_anew(&self, state: &mut State) -> Result<(), ForensicError> {
        let failed = self.failed("write the forensic index anew");
        self.open_writer(state)?;
        let segments = self.index.searchable_segment_metas().map_err(&failed)?;
        for segment in segments.into_iter().filter(SegmentMeta::has_deletes) {
            if let Some(writer) = &mut state.writer {
                writer.merge(&[segment.id()]).wait().map_err(&failed)?;
            }
        }
        self.refresh(state)
    }

    /// Begins to write segments of about the same size as one, unless that still goes on.
    pub(super) fn tidy(&self, state: &mut State) -> Result<(), ForensicError> {
        if let Some(merging) = &mut state.merging {
            match merging.ended(Waker::noop()) {
                None => return Ok(()),
                Some(merged) => {
                    state.merging = None;
                    merged.map_err(self.failed("merge the forensic index"))?;
                    self.refresh(state)?;
                }
            }
        }
        let segments = self.index.searchable_segment_metas();
        let segments = segments.map_err(self.failed("look at the segments of the forensic index"))?;
        let mut tiers: BTreeMap<u32, Vec<SegmentId>> = BTreeMap::new();
        for segment in segments.iter().filter(|segment| segment.num_docs() < MERGED_DOCUMENTS_MAX) {
            // Sizes that differ by less than eight times are about the same; the smallest ones all are.
            let tier = (segment.num_docs() / 1_024).checked_ilog2().map_or(0, |log| log / 3 + 1);
            tiers.entry(tier).or_default().push(segment.id());
        }
        let Some(some) = tiers.into_values().find(|some| some.len() >= MERGED_AT_ONCE) else { return Ok(()) };
        if let Some(writer) = &mut state.writer {
            state.merging = Some(Merging(writer.merge(&some)));
        }
        Ok(())
    }

    fn finish_merging(&self, state: &mut State) -> Result<(), ForensicError> {
        let Some(merging) = state.merging.take() else { return Ok(()) };
        merging.wait().map_err(self.failed("merge the forensic index"))?;
        self.refresh(state)
    }
}
