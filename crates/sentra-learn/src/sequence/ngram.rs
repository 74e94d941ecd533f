//! Witten–Bell interpolated n-grams: P(w | h) = (c(h, w) + T(h) · P(w | h')) / (c(h) + T(h)), where h' is h without
//! its oldest event and T(h) how many different events followed h. Below the empty context everything is equally
//! likely. Whatever is counted or forgotten, the probabilities after one context sum to 1.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::bytes::{Reader, put_count};
use super::error::checked;
use super::{Alphabet, SequenceError, Symbol};

/// Longest n-gram, in events.
pub const ORDER_MAX: usize = 5;
/// Most contexts that a model may be allowed to keep.
pub const CONTEXTS_MAX: usize = 1 << 20;
/// Largest number of events after which counts are halved, so that no count overflows.
const DECAY_EVENTS_MAX: usize = 1 << 30;

/// The shape and limits of an n-gram model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NgramSettings {
    /// Events of the longest n-gram, the predicted one among them: from 2 to [`ORDER_MAX`].
    pub order: usize,
    /// Most contexts kept, up to [`CONTEXTS_MAX`]; a new context beyond is counted only under its shorter forms.
    pub contexts_max: usize,
    /// Events learned online after which every count is halved; what falls to 0 is forgotten.
    pub decay_events: usize,
}

impl Default for NgramSettings {
    fn default() -> Self {
        Self { order: 4, contexts_max: 65_536, decay_events: 1_000_000 }
    }
}

impl NgramSettings {
    pub(crate) fn check(&self) -> Result<(), SequenceError> {
        checked("order", self.order, 2, ORDER_MAX)?;
        checked("contexts_max", self.contexts_max, 1, CONTEXTS_MAX)?;
        checked("decay_events", self.decay_events, 1, DECAY_EVENTS_MAX)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Successor {
    symbol: u8,
    count: u32,
}

/// What followed one context.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Context {
    key: u64,
    /// Sum of the counts.
    total: u64,
    changed: bool,
    /// In the order in which they first came.
    next: Vec<Successor>,
}

/// The counts.
#[derive(Debug, Clone)]
pub(crate) struct Ngram {
    settings: NgramSettings,
    symbols: usize,
    index: HashMap<u64, u32, FixedState>,
    contexts: Vec<Context>,
    /// Events learned since the last halving.
    learned: u64,
    /// How often counts were halved.
    halvings: u64,
    /// Contexts not taken in because there were too many.
    refused: u64,
    /// Contexts changed since the changes were last taken.
    changed: Vec<u64>,
    /// Contexts forgotten since then, no more than are kept: what is still stored of others is known to be old by
    /// its number of halvings.
    forgotten: Vec<u64>,
}

/// The key of the context that the last `length` codes of `history` are: its length and the codes.
#[inline]
fn keys(history: &[u8], order: usize) -> impl Iterator<Item = u64> {
    let newest_first = history.iter().rev().take(order - 1).zip(0_u32..);
    std::iter::once(0).chain(newest_first.scan(0_u64, |codes, (code, place)| {
        *codes |= u64::from(*code) << (8 * place);
        Some((u64::from(place) + 1) << 56 | *codes)
    }))
}

impl Ngram {
    pub(crate) fn new(symbols: usize, settings: NgramSettings) -> Result<Self, SequenceError> {
        settings.check()?;
        Ok(Self::of(symbols, settings))
    }

    /// No counts, with settings that were checked.
    pub(crate) fn of(symbols: usize, settings: NgramSettings) -> Self {
        Self {
            settings,
            symbols,
            index: HashMap::with_hasher(FixedState::with_seed(0)),
            contexts: Vec::new(),
            learned: 0,
            halvings: 0,
            refused: 0,
            changed: Vec::new(),
            forgotten: Vec::new(),
        }
    }

    pub(crate) fn contexts(&self) -> usize {
        self.contexts.len()
    }

    pub(crate) fn refused(&self) -> u64 {
        self.refused
    }

    pub(crate) fn learned(&self) -> u64 {
        self.learned
    }

    pub(crate) fn halvings(&self) -> u64 {
        self.halvings
    }

    /// The keys of its contexts.
    pub(crate) fn keys(&self) -> impl Iterator<Item = u64> {
        self.contexts.iter().map(|context| context.key)
    }

    fn context(&self, key: u64) -> Option<&Context> {
        self.contexts.get(*self.index.get(&key)? as usize)
    }

    /// Probability that `symbol` comes after `history` (oldest first).
    #[inline]
    pub(crate) fn probability(&self, history: &[u8], symbol: Symbol) -> f64 {
        let mut probability = 1.0 / self.symbols as f64;
        for context in keys(history, self.settings.order).map_while(|key| self.context(key)) {
            let kinds = context.next.len() as f64;
            let count = context.next.iter().find(|next| next.symbol == symbol.0).map_or(0, |next| next.count);
            probability = (f64::from(count) + kinds * probability) / (context.total as f64 + kinds);
        }
        probability
    }

    /// The probability of every symbol after `history`.
    pub(crate) fn distribution(&self, history: &[u8]) -> Vec<f64> {
        let mut probabilities = vec![1.0 / self.symbols as f64; self.symbols];
        for context in keys(history, self.settings.order).map_while(|key| self.context(key)) {
            let kinds = context.next.len() as f64;
            let all = context.total as f64 + kinds;
            for probability in &mut probabilities {
                *probability *= kinds / all;
            }
            for next in &context.next {
                if let Some(probability) = probabilities.get_mut(usize::from(next.symbol)) {
                    *probability += f64::from(next.count) / all;
                }
            }
        }
        probabilities
    }

    /// Counts that `symbol` came after `history`, without ever halving: for training.
    pub(crate) fn count(&mut self, history: &[u8], symbol: Symbol) {
        for key in keys(history, self.settings.order) {
            let Some(context) = self.context_mut(key) else { break };
            let Some(next) = context.next.iter_mut().find(|next| next.symbol == symbol.0) else {
                context.next.push(Successor { symbol: symbol.0, count: 1 });
                context.total += 1;
                continue;
            };
            if next.count < u32::MAX {
                next.count += 1;
                context.total += 1;
            }
        }
    }

    /// Counts, and halves every count when its time has come: for learning online.
    pub(crate) fn learn(&mut self, history: &[u8], symbol: Symbol) {
        self.count(history, symbol);
        self.learned += 1;
        if self.learned >= self.settings.decay_events as u64 {
            self.halve();
        }
    }

    /// The context of `key`, made if there is room for it, and marked as changed.
    fn context_mut(&mut self, key: u64) -> Option<&mut Context> {
        let place = match self.index.get(&key) {
            Some(place) => *place as usize,
            None if self.contexts.len() >= self.settings.contexts_max => {
                self.refused += 1;
                return None;
            }
            None => {
                let place = self.contexts.len();
                self.index.insert(key, place as u32);
                self.contexts.push(Context { key, total: 0, changed: false, next: Vec::new() });
                place
            }
        };
        let context = self.contexts.get_mut(place)?;
        if !context.changed {
            context.changed = true;
            self.changed.push(key);
        }
        Some(context)
    }

    /// Halves every count and forgets what falls to 0, so that the model follows what is usual now.
    fn halve(&mut self) {
        self.learned = 0;
        self.halvings += 1;
        self.changed.clear();
        let forgotten = &mut self.forgotten;
        let changed = &mut self.changed;
        self.contexts.retain_mut(|context| {
            for next in &mut context.next {
                next.count /= 2;
            }
            context.next.retain(|next| next.count > 0);
            context.total = context.next.iter().map(|next| u64::from(next.count)).sum();
            context.changed = true;
            if context.total == 0 {
                forgotten.push(context.key);
            } else {
                changed.push(context.key);
            }
            context.total > 0
        });
        forgotten.truncate(self.settings.contexts_max);
        self.index.clear();
        self.index.extend(self.contexts.iter().zip(0_u32..).map(|(context, place)| (context.key, place)));
    }

    /// The contexts that changed since the last call, each with its counts, or with none where it is forgotten.
    pub(crate) fn take_changes(&mut self) -> Vec<(u64, Option<Vec<u8>>)> {
        let mut keys = std::mem::take(&mut self.changed);
        keys.append(&mut self.forgotten);
        keys.sort_unstable();
        keys.dedup();
        let mut changes = Vec::with_capacity(keys.len());
        for key in keys {
            let place = self.index.get(&key).map(|place| *place as usize);
            let value = place.and_then(|place| self.contexts.get_mut(place)).map(|context| {
                context.changed = false;
                let mut bytes = self.halvings.to_le_bytes().to_vec();
                context.write(&mut bytes);
                bytes
            });
            changes.push((key, value));
        }
        changes
    }

    /// The counts are what was last given out or is in the model: nothing counts as changed.
    pub(crate) fn settle(&mut self) {
        self.changed.clear();
        for context in &mut self.contexts {
            context.changed = false;
        }
    }

    /// Puts back how far learning had come. After a halving every context was given out, so those of the model go.
    pub(crate) fn restore_progress(&mut self, learned: u64, halvings: u64) {
        self.learned = learned.min(self.settings.decay_events as u64 - 1);
        self.halvings = halvings;
        if halvings > 0 {
            self.contexts.clear();
            self.index.clear();
        }
    }

    /// Puts a context back that [`Self::take_changes`] gave out; one from before the last halving is forgotten.
    pub(crate) fn restore_context(&mut self, key: u64, bytes: &[u8]) -> Result<(), SequenceError> {
        let mut reader = Reader::new(bytes);
        if !self.is_key(key) {
            return Err(reader.problem("no context of this model"));
        }
        if reader.u64()? != self.halvings {
            self.forgotten.push(key);
            return Ok(());
        }
        let next = self.read_next(&mut reader)?;
        reader.finish()?;
        let total = next.iter().map(|next| u64::from(next.count)).sum();
        if let Some(context) = self.context_mut(key) {
            (context.next, context.total) = (next, total);
        }
        Ok(())
    }

    /// Whether `key` can be a context of this model.
    fn is_key(&self, key: u64) -> bool {
        let length = (key >> 56) as usize;
        let codes = key.to_le_bytes();
        let (used, unused) = codes.split_at(length.min(7));
        let unused = unused.iter().take(7 - used.len()).all(|byte| *byte == 0);
        length < self.settings.order && unused && used.iter().all(|code| usize::from(*code) < self.symbols)
    }

    fn read_next(&self, reader: &mut Reader<'_>) -> Result<Vec<Successor>, SequenceError> {
        let kinds = usize::from(reader.u8()?);
        let mut next: Vec<Successor> = Vec::with_capacity(kinds);
        for _ in 0..kinds {
            let (symbol, count) = (reader.u8()?, reader.u32()?);
            if usize::from(symbol) >= self.symbols || next.iter().any(|known| known.symbol == symbol) {
                return Err(reader.problem("symbol is not in the alphabet, or comes twice"));
            }
            if count == 0 {
                return Err(reader.problem("count is 0"));
            }
            next.push(Successor { symbol, count });
        }
        Ok(next)
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.settings.order as u8);
        put_count(bytes, self.settings.contexts_max);
        put_count(bytes, self.settings.decay_events);
        put_count(bytes, self.contexts.len());
        for context in &self.contexts {
            bytes.extend_from_slice(&context.key.to_le_bytes());
            context.write(bytes);
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>, alphabet: &Alphabet) -> Result<Self, SequenceError> {
        let order = usize::from(reader.u8()?);
        let (contexts_max, decay_events) = (reader.u32()? as usize, reader.u32()? as usize);
        let settings = NgramSettings { order, contexts_max, decay_events };
        let mut ngram = Self::new(alphabet.size(), settings)?;
        // A key, the number of successors and one of them.
        for _ in 0..reader.count(8 + 1 + 5, contexts_max)? {
            let key = reader.u64()?;
            if !ngram.is_key(key) || ngram.index.contains_key(&key) {
                return Err(reader.problem("no context of this model, or it comes twice"));
            }
            let next = ngram.read_next(reader)?;
            let total = next.iter().map(|next| u64::from(next.count)).sum();
            ngram.index.insert(key, ngram.contexts.len() as u32);
            ngram.contexts.push(Context { key, total, changed: false, next });
        }
        Ok(ngram)
    }
}

impl Context {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.next.len() as u8);
        for next in &self.next {
            bytes.push(next.symbol);
            bytes.extend_from_slice(&next.count.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests;
