//! The contexts of indicators, each kept once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::detail::CONTEXT_NUMBERS_MAX;
use crate::indicators::indicator::IndicatorContext;

/// Bytes of all different contexts of a set of indicators; beyond them an indicator keeps its source's name and no more.
pub const INDICATOR_CONTEXTS_BYTES_MAX: usize = 64 << 20;

/// Contexts under their numbers.
#[derive(Debug, Default)]
pub(crate) struct Contexts {
    all: Vec<Arc<IndicatorContext>>,
    known: BTreeMap<Arc<IndicatorContext>, u32>,
    bytes: usize,
    /// How many indicators lost what they stand for.
    bared: u64,
    last: Option<(Arc<IndicatorContext>, u32)>,
}

impl Contexts {
    /// The number of `context`.
    pub(crate) fn number(&mut self, context: &Arc<IndicatorContext>) -> u32 {
        // Neighbouring records mostly share theirs.
        if let Some((last, number)) = &self.last
            && Arc::ptr_eq(last, context)
        {
            return *number;
        }
        let number = self.lasting_number(context);
        self.last = Some((Arc::clone(context), number));
        number
    }

    fn lasting_number(&mut self, context: &Arc<IndicatorContext>) -> u32 {
        if let Some(number) = self.known.get(context) {
            return *number;
        }
        // Room for bare ones is kept: sources are few.
        let is_full = self.bytes + context.bytes() > INDICATOR_CONTEXTS_BYTES_MAX
            || self.all.len() >= CONTEXT_NUMBERS_MAX / 2;
        if !is_full {
            return self.add(Arc::clone(context));
        }
        self.bared += 1;
        let bare = Arc::new(IndicatorContext {
            sources: context.sources.iter().take(1).cloned().collect(),
            tlp: context.tlp,
            ..IndicatorContext::default()
        });
        match self.known.get(&bare) {
            Some(number) => *number,
            // What not even fits bare is the first one's.
            None if self.bytes > INDICATOR_CONTEXTS_BYTES_MAX + (1 << 20) => 0,
            None => self.add(bare),
        }
    }

    fn add(&mut self, context: Arc<IndicatorContext>) -> u32 {
        let number = self.all.len() as u32;
        self.bytes += context.bytes();
        self.all.push(Arc::clone(&context));
        self.known.insert(context, number);
        number
    }

    pub(crate) fn get(&self, number: u32) -> Option<&Arc<IndicatorContext>> {
        self.all.get(number as usize)
    }

    pub(crate) fn bared(&self) -> u64 {
        self.bared
    }

    /// The contexts by their numbers.
    pub(crate) fn finish(self) -> Vec<Arc<IndicatorContext>> {
        self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicators::indicator::IndicatorSource;

    #[test]
    fn a_flood_of_contexts_keeps_the_sources() {
        let mut contexts = Contexts::default();
        let source = IndicatorSource { name: "flood".to_owned(), version: "1".to_owned() };
        for number in 0..200_000 {
            let mut context =
                IndicatorContext { sources: vec![source.clone()], ..IndicatorContext::default() };
            for part in 0..4 {
                context.add_label(&format!("{number:0>120}{part}"));
            }
            let context = Arc::new(context);
            let kept = contexts.number(&context);
            assert_eq!(contexts.get(kept).unwrap().sources.len(), 1);
        }
        assert!(contexts.bared() > 0);
        assert!(contexts.bytes <= INDICATOR_CONTEXTS_BYTES_MAX + (1 << 20));
    }
}
