use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::ItemId;

/// The `k` best of what it is shown; of two that are as good the smaller id comes first, so a ranking is always the same.
#[derive(Debug)]
pub(crate) struct Top {
    k: usize,
    /// The worst of the kept is on top.
    kept: BinaryHeap<Reverse<(i32, Reverse<ItemId>, u32)>>,
}

impl Top {
    pub(crate) fn new(k: usize) -> Self {
        Self { k, kept: BinaryHeap::with_capacity(k.saturating_add(1)) }
    }

    /// Shows it the item in `slot`.
    pub(crate) fn show(&mut self, product: i32, id: ItemId, slot: u32) {
        let shown = Reverse((product, Reverse(id), slot));
        if self.kept.len() < self.k {
            self.kept.push(shown);
            return;
        }
        let Some(mut worst) = self.kept.peek_mut() else { return };
        if shown.0 > worst.0 {
            *worst = shown;
        }
    }

    /// Product, id and slot, the best first.
    pub(crate) fn into_best_first(self) -> Vec<(i32, ItemId, u32)> {
        let sorted = self.kept.into_sorted_vec();
        sorted.into_iter().map(|Reverse((product, Reverse(id), slot))| (product, id, slot)).collect()
    }
}
