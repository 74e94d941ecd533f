//! The digest of a set of indicators: its version, and the seed of its hashes.

use std::sync::Arc;

use sentra_model::Digest;

use super::detail::Detail;
use super::table::{Keys, Texts};
use crate::indicators::indicator::IndicatorContext;

/// Bytes that are collected before they are digested.
const CHUNK_BYTES: usize = 1 << 16;

/// A running digest of everything in a set.
pub(crate) struct SetDigest {
    digest: Option<Digest>,
    contexts: Vec<u64>,
    chunk: Vec<u8>,
}

impl SetDigest {
    pub(crate) fn new(contexts: &[Arc<IndicatorContext>]) -> Self {
        let contexts = contexts.iter().map(|context| context_digest(context)).collect();
        Self { digest: Some(Digest::new("indicators")), contexts, chunk: Vec::with_capacity(CHUNK_BYTES * 2) }
    }

    /// Adds the values and details of one part.
    pub(crate) fn add<T>(
        &mut self,
        part: &str,
        keys: &[T],
        details: &[Detail],
        write: impl Fn(&T, &mut Vec<u8>),
    ) {
        self.begin(part, keys.len());
        for (key, detail) in keys.iter().zip(details) {
            write(key, &mut self.chunk);
            self.end(*detail);
        }
    }

    /// Adds the texts and details of one part.
    pub(crate) fn add_texts(&mut self, part: &str, texts: &Texts, details: &[Detail]) {
        self.begin(part, texts.len());
        for (number, detail) in details.iter().enumerate() {
            let text = texts.get(number).unwrap_or_default();
            self.chunk.extend((text.len() as u32).to_le_bytes());
            self.chunk.extend_from_slice(text);
            self.end(*detail);
        }
    }

    fn begin(&mut self, part: &str, count: usize) {
        self.flush();
        self.digest = self.digest.take().map(|digest| digest.text(part).number(count as u64));
    }

    fn end(&mut self, detail: Detail) {
        self.chunk.extend(detail.digest_bytes());
        let context = self.contexts.get(detail.context() as usize).copied().unwrap_or_default();
        self.chunk.extend(context.to_le_bytes());
        if self.chunk.len() >= CHUNK_BYTES {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.digest = self.digest.take().map(|digest| digest.bytes(&self.chunk));
        self.chunk.clear();
    }

    pub(crate) fn finish(mut self) -> u64 {
        self.flush();
        self.digest.map_or(0, |digest| digest.first_u64())
    }
}

fn context_digest(context: &IndicatorContext) -> u64 {
    let mut digest = Digest::new("context").number(u64::from(context.sources_more));
    for source in &context.sources {
        digest = digest.text(&source.name).text(&source.version);
    }
    for list in [&context.threats, &context.labels, &context.techniques] {
        digest = digest.number(list.len() as u64);
        digest = list.iter().fold(digest, |digest, name| digest.text(name));
    }
    digest.text(context.tlp.map_or("", |tlp| tlp.as_str())).first_u64()
}
