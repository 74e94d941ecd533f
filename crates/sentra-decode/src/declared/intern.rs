//! Names and fixed texts of declared formats that outlive the definition they stand in.
//!
//! An event borrows from its record, not from the decoder, so what a definition adds to it (the names of its
//! fields, the product) would be copied for every event. Such texts are instead kept once for the life of the
//! process. Law LIMIT: reloading the same formats adds nothing, and beyond [`KEPT_BYTES_MAX`] texts are copied.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

/// What may be kept, over all formats that were ever loaded.
const KEPT_BYTES_MAX: usize = 4 << 20;

#[derive(Default)]
struct Kept {
    texts: HashSet<&'static str>,
    bytes: usize,
}

/// `text`, such that cloning it costs nothing (or an allocation, when too much is kept already).
pub(super) fn kept(text: &str) -> Cow<'static, str> {
    static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.texts.get(text) {
        return Cow::Borrowed(known);
    }
    if kept.bytes + text.len() > KEPT_BYTES_MAX {
        return Cow::Owned(text.to_owned());
    }
    let leaked: &'static str = Box::leak(text.to_owned().into_boxed_str());
    kept.bytes += leaked.len();
    kept.texts.insert(leaked);
    Cow::Borrowed(leaked)
}
