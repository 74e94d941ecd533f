use std::collections::{BTreeSet, HashMap};

use foldhash::fast::FixedState;
use sentra_model::Timestamp;

use super::graph::Graph;
use crate::top::Top;
use crate::vector::dot;
use crate::{Engine, Filter, ItemId, ItemKind, VectorError};

/// Vectors are kept in blocks of this many, so that growing copies nothing.
const BLOCK_ITEMS: usize = 1_024;

/// The graph is asked for this many times as many as wanted, because its own distances are coarse.
const PROPOSED_FACTOR: usize = 4;

/// And for this many more.
const PROPOSED_MORE: usize = 24;

/// What is kept of an item beside its vector.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) id: ItemId,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) stamp: u64,
    /// Where its frame begins in the file, and how long it is.
    pub(super) place: (u64, u32),
}

/// Vectors of one space of one tenant in memory: rows in slots, and a graph over most of them when there are many.
///
/// Invariant: a slot is in the graph or in `unlinked`, never in both, so what the graph lacks is scanned and a search
/// misses nothing for being new.
#[derive(Debug)]
pub(super) struct Shelf {
    dimensions: usize,
    exact_items_max: usize,
    rows: Vec<Option<Row>>,
    /// How often a slot was filled: the graph's key of it, with the slot, so that a key never means two items.
    fillings: Vec<u32>,
    blocks: Vec<Box<[i16]>>,
    free: Vec<u32>,
    slots: HashMap<ItemId, u32, FixedState>,
    /// The first goes first when no more fit: signals before incidents, what ended longest ago before what is recent.
    ages: BTreeSet<(ItemKind, Timestamp, ItemId)>,
    unlinked: BTreeSet<u32>,
    graph: Option<Graph>,
    incidents: usize,
}

impl Shelf {
    pub(super) fn new(dimensions: usize, exact_items_max: usize) -> Self {
        Self {
            dimensions,
            exact_items_max,
            rows: Vec::new(),
            fillings: Vec::new(),
            blocks: Vec::new(),
            free: Vec::new(),
            slots: HashMap::default(),
            ages: BTreeSet::new(),
            unlinked: BTreeSet::new(),
            graph: None,
            incidents: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn incidents(&self) -> usize {
        self.incidents
    }

    pub(super) fn unlinked(&self) -> usize {
        self.unlinked.len()
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().flatten()
    }

    pub(super) fn row(&self, id: &ItemId) -> Option<&Row> {
        self.rows.get(*self.slots.get(id)? as usize)?.as_ref()
    }

    pub(super) fn move_to(&mut self, id: &ItemId, place: (u64, u32)) {
        let Some(slot) = self.slots.get(id) else { return };
        if let Some(Some(row)) = self.rows.get_mut(*slot as usize) {
            row.place = place;
        }
    }

    /// What has to go first.
    pub(super) fn oldest(&self) -> Option<ItemId> {
        self.ages.first().map(|(_, _, id)| *id)
    }

    pub(super) fn put(&mut self, row: Row, parts: &[i16]) {
        self.remove(&row.id);
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => self.grow(),
        };
        self.ages.insert((row.id.kind(), row.last, row.id));
        self.slots.insert(row.id, slot);
        self.incidents += usize::from(row.id.kind() == ItemKind::Incident);
        self.unlinked.insert(slot);
        if let Some(kept) = self.rows.get_mut(slot as usize) {
            *kept = Some(row);
        }
        if let Some(filling) = self.fillings.get_mut(slot as usize) {
            *filling = filling.wrapping_add(1);
        }
        if let Some(kept) = self.parts_mut(slot) {
            kept.copy_from_slice(parts);
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "items are limited to far less than 2^32")]
    fn grow(&mut self) -> u32 {
        let slot = self.rows.len();
        if slot / BLOCK_ITEMS >= self.blocks.len() {
            self.blocks.push(vec![0; BLOCK_ITEMS * self.dimensions].into());
        }
        self.rows.push(None);
        self.fillings.push(0);
        slot as u32
    }

    /// What was stored under `id`, which is gone now.
    pub(super) fn remove(&mut self, id: &ItemId) -> Option<Row> {
        let slot = self.slots.remove(id)?;
        let key = self.key(slot);
        let row = self.rows.get_mut(slot as usize)?.take()?;
        self.ages.remove(&(id.kind(), row.last, *id));
        self.incidents -= usize::from(id.kind() == ItemKind::Incident);
        if !self.unlinked.remove(&slot) {
            let removed = self.graph.as_mut().map(|graph| graph.remove(key));
            if !matches!(removed, Some(Ok(()))) || self.graph.as_ref().is_some_and(Graph::is_worn) {
                self.unlink_all();
            }
        }
        self.free.push(slot);
        Some(row)
    }

    /// Drops the graph: all is scanned until it is built again.
    fn unlink_all(&mut self) {
        self.graph = None;
        self.unlinked = self.slots.values().copied().collect();
    }

    fn key(&self, slot: u32) -> u64 {
        let filling = self.fillings.get(slot as usize).copied().unwrap_or_default();
        u64::from(filling) << 32 | u64::from(slot)
    }

    fn parts(&self, slot: u32) -> Option<&[i16]> {
        let (block, at) = (slot as usize / BLOCK_ITEMS, slot as usize % BLOCK_ITEMS * self.dimensions);
        self.blocks.get(block)?.get(at..at + self.dimensions)
    }

    fn parts_mut(&mut self, slot: u32) -> Option<&mut [i16]> {
        let (block, at) = (slot as usize / BLOCK_ITEMS, slot as usize % BLOCK_ITEMS * self.dimensions);
        self.blocks.get_mut(block)?.get_mut(at..at + self.dimensions)
    }

    /// How an unfiltered search is answered now.
    pub(super) fn engine(&self) -> Engine {
        let is_linked = self.graph.is_some() && self.unlinked.len() <= self.exact_items_max;
        if is_linked { Engine::Hnsw } else { Engine::Exact }
    }

    /// Products and ids of the nearest.
    pub(super) fn near(&self, query: &[i16], k: usize, filter: &Filter) -> (Vec<(i32, ItemId)>, Engine) {
        let mut engine = self.engine();
        let mut admitted = self.len();
        if engine == Engine::Hnsw && filter.is_narrow() {
            // A graph walks past what is not admitted; few of many are found sooner by looking at them.
            admitted = self.rows().filter(|row| filter.admits(&row.id, row.first, row.last)).count();
            engine = if admitted <= self.exact_items_max { Engine::Exact } else { engine };
        }
        // As many as it must find at least: a walk that ends too early would pass for an answer.
        let wanted = k.min(admitted.saturating_sub(self.unlinked.len() + filter.excluded.len()));
        let proposed = match &self.graph {
            Some(graph) if engine == Engine::Hnsw => self.proposed(graph, query, k, filter),
            _ => None,
        };
        let proposed = proposed.filter(|slots| slots.len() >= wanted);
        let mut top = Top::new(k);
        match proposed {
            Some(slots) => {
                slots.into_iter().for_each(|slot| self.show(slot, query, filter, &mut top));
                self.unlinked.iter().for_each(|slot| self.show(*slot, query, filter, &mut top));
            }
            None => {
                engine = Engine::Exact;
                let slots = 0..u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
                slots.for_each(|slot| self.show(slot, query, filter, &mut top));
            }
        }
        (top.into_best_first().into_iter().map(|(product, id, _)| (product, id)).collect(), engine)
    }

    /// `None` when the graph cannot say: the scan can.
    fn proposed(&self, graph: &Graph, query: &[i16], k: usize, filter: &Filter) -> Option<BTreeSet<u32>> {
        let count = k.saturating_mul(PROPOSED_FACTOR).saturating_add(PROPOSED_MORE);
        let keys = graph.near(query, count, |key| {
            self.slot_of(key)
                .and_then(|slot| self.rows.get(slot as usize)?.as_ref())
                .is_some_and(|row| filter.admits(&row.id, row.first, row.last))
        });
        Some(keys.ok()?.into_iter().filter_map(|key| self.slot_of(key)).collect())
    }

    /// The slot that a key of the graph means, if it still means one.
    #[allow(clippy::cast_possible_truncation, reason = "the lower half of a key is the slot")]
    fn slot_of(&self, key: u64) -> Option<u32> {
        let slot = key as u32;
        (self.key(slot) == key).then_some(slot)
    }

    fn show(&self, slot: u32, query: &[i16], filter: &Filter, top: &mut Top) {
        let Some(Some(row)) = self.rows.get(slot as usize) else { return };
        if !filter.admits(&row.id, row.first, row.last) {
            return;
        }
        if let Some(parts) = self.parts(slot) {
            top.show(dot(query, parts), row.id, slot);
        }
    }

    /// Brings at most `items_max` items into the graph, which is begun when there are too many to scan and dropped when
    /// there are half as many; how many are still to come.
    pub(super) fn link(&mut self, items_max: usize) -> Result<(usize, usize), VectorError> {
        if self.len() <= self.exact_items_max {
            if self.graph.is_some() && self.len() <= self.exact_items_max / 2 {
                self.unlink_all();
            }
            return Ok((0, 0));
        }
        let mut graph = match self.graph.take() {
            Some(graph) => graph,
            None => Graph::new(self.dimensions)?,
        };
        let mut linked = 0;
        let mut failed = None;
        while linked < items_max {
            let Some(slot) = self.unlinked.pop_first() else { break };
            let Some(parts) = self.parts(slot) else { continue };
            if let Err(error) = graph.add(self.key(slot), parts) {
                self.unlinked.insert(slot);
                failed = Some(error);
                break;
            }
            linked += 1;
        }
        self.graph = Some(graph);
        failed.map_or(Ok((linked, self.unlinked.len())), Err)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        // Two entries of trees and one of a map per item, with what their nodes leave empty.
        const BESIDE_BYTES: usize = 112;
        let vectors = self.blocks.len() * BLOCK_ITEMS * self.dimensions * 2;
        let rows = self.rows.capacity() * size_of::<Option<Row>>() + self.rows.len() * BESIDE_BYTES;
        vectors + rows + self.graph.as_ref().map_or(0, Graph::memory_bytes)
    }
}
