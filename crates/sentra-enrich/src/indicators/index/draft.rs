//! Values as they come, brought into order, each once.

use super::contexts::Contexts;
use super::detail::Detail;
use super::table::{Fixed, Texts};
use crate::indicators::decay::DecayPolicy;
use crate::indicators::indicator::IndicatorContext;
use crate::indicators::kind::IndicatorKind;
use std::sync::Arc;

/// Bytes of all texts of one kind: what 32 bits can address.
pub(crate) const TEXT_BYTES_MAX: usize = u32::MAX as usize;

/// What merging needs.
pub(crate) struct Merging<'a> {
    pub(crate) policy: &'a DecayPolicy,
    pub(crate) contexts: &'a mut Contexts,
}

impl Merging<'_> {
    /// The one detail for several of one value.
    fn merge(&mut self, kind: IndicatorKind, details: &[Detail]) -> Option<Detail> {
        if let [single] = details {
            return Some(*single);
        }
        let merged = Detail::merged(details, kind, self.policy)?;
        let mut numbers: Vec<u32> = details.iter().map(|detail| detail.context()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.len() < 2 {
            return Some(merged);
        }
        // By what they say, not by when they came: the outcome does not depend on the order of the feeds.
        let mut contexts: Vec<Arc<IndicatorContext>> =
            numbers.iter().filter_map(|number| self.contexts.get(*number)).map(Arc::clone).collect();
        contexts.sort();
        let mut all = IndicatorContext::default();
        contexts.iter().for_each(|context| all.merge(context));
        Some(merged.with_context(self.contexts.number(&Arc::new(all))))
    }
}

/// The values of `drafts` in order with one detail each.
pub(crate) fn order_fixed<T: Copy + Ord>(
    kind: IndicatorKind,
    mut drafts: Vec<(T, Detail)>,
    merging: &mut Merging<'_>,
) -> (Fixed<T>, Vec<Detail>) {
    drafts.sort_unstable();
    let (mut keys, mut details) = (Vec::with_capacity(drafts.len()), Vec::with_capacity(drafts.len()));
    let mut group = Vec::new();
    for same in drafts.chunk_by(|one, other| one.0 == other.0) {
        group.clear();
        group.extend(same.iter().map(|(_, detail)| *detail));
        if let (Some((key, _)), Some(detail)) = (same.first(), merging.merge(kind, &group)) {
            keys.push(*key);
            details.push(detail);
        }
    }
    keys.shrink_to_fit();
    details.shrink_to_fit();
    (Fixed(keys), details)
}

/// Texts as they come.
#[derive(Debug, Default)]
pub(crate) struct TextDrafts {
    bytes: Vec<u8>,
    entries: Vec<TextDraft>,
}

#[derive(Debug, Clone, Copy)]
struct TextDraft {
    start: u32,
    length: u16,
    detail: Detail,
}

impl TextDrafts {
    /// False when there is no room.
    pub(crate) fn push(&mut self, text: &str, detail: Detail) -> bool {
        let (Ok(start), Ok(length)) = (u32::try_from(self.bytes.len()), u16::try_from(text.len())) else {
            return false;
        };
        if self.bytes.len() + text.len() > TEXT_BYTES_MAX {
            return false;
        }
        self.bytes.extend_from_slice(text.as_bytes());
        self.entries.push(TextDraft { start, length, detail });
        true
    }

    pub(crate) fn order(mut self, kind: IndicatorKind, merging: &mut Merging<'_>) -> (Texts, Vec<Detail>) {
        let bytes = std::mem::take(&mut self.bytes);
        let text = |entry: &TextDraft| {
            let start = entry.start as usize;
            bytes.get(start..start + usize::from(entry.length)).unwrap_or_default()
        };
        self.entries
            .sort_unstable_by(|one, other| text(one).cmp(text(other)).then(one.detail.cmp(&other.detail)));
        let mut texts = Texts { bytes: Vec::with_capacity(bytes.len()), ends: Vec::new() };
        texts.ends.reserve_exact(self.entries.len());
        let mut details = Vec::with_capacity(self.entries.len());
        let mut group = Vec::new();
        for same in self.entries.chunk_by(|one, other| text(one) == text(other)) {
            group.clear();
            group.extend(same.iter().map(|entry| entry.detail));
            if let (Some(first), Some(detail)) = (same.first(), merging.merge(kind, &group)) {
                texts.bytes.extend_from_slice(text(first));
                texts.ends.push(texts.bytes.len() as u32);
                details.push(detail);
            }
        }
        texts.bytes.shrink_to_fit();
        texts.ends.shrink_to_fit();
        details.shrink_to_fit();
        (texts, details)
    }
}
