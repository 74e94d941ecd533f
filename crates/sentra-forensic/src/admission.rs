//! What becomes of documents that are handed over: the same for every engine.

use std::collections::BTreeSet;

use sentra_model::EventId;

use crate::budget::Budget;
use crate::document::{Document, Routed, WHYS_PER_DOCUMENT_MAX, Why};
use crate::error::ForensicError;
use crate::index::{APPEND_DOCUMENTS_MAX, Appended, Progress};
use crate::ledger::Ledger;
use crate::policy::Classes;

/// As what a document is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filed {
    pub(crate) class: String,
    pub(crate) whys: BTreeSet<String>,
}

/// Where documents are put.
pub(crate) trait Shelf {
    /// As what a document is held, whether or not that is committed.
    fn filed(&self, id: EventId) -> Result<Option<Filed>, ForensicError>;
    /// Puts a document, in place of one of the same id.
    fn put(&mut self, document: Document, filed: Filed) -> Result<(), ForensicError>;
    /// About how many bytes there would be after a commit that makes no room.
    fn bytes(&self) -> u64;
}

/// Takes what there is room for.
pub(crate) fn take(
    shelf: &mut dyn Shelf,
    (ledger, committed): (&mut Ledger, &Ledger),
    (classes, budget): (&Classes, Budget),
    routed: Vec<Routed>,
    progress: Option<Progress>,
) -> Result<Appended, ForensicError> {
    if routed.len() > APPEND_DOCUMENTS_MAX {
        return Err(ForensicError::TooMany { found: routed.len(), max: APPEND_DOCUMENTS_MAX });
    }
    let mut appended = Appended::default();
    if let Some(progress) = progress {
        if ledger.is_replay(&progress) {
            appended.known = routed.len() as u64;
            return Ok(appended);
        }
        ledger.advance(&progress);
    }
    let budget = budget.bytes(ledger.ingested_bytes);
    for Routed { document, why } in routed {
        let held = shelf.filed(document.id)?;
        let Some(filed) = join(held.as_ref(), &why, classes) else {
            appended.known += 1;
            continue;
        };
        let (time, is_cut) = (document.time, document.is_cut);
        let bytes = shelf.bytes();
        let beyond = bytes.saturating_add(document.bytes_expected()).saturating_sub(budget);
        // What gives way at the next commit makes room now; documents are taken to be of the same size.
        let has_room = || {
            let document_bytes = bytes / ledger.documents().max(1);
            let lesser = ledger.lesser(committed, classes, &filed.class, time);
            beyond <= lesser.saturating_mul(document_bytes)
        };
        // One that is held already takes no room that it does not have.
        if held.is_none() && beyond > 0 && !has_room() {
            ledger.refuse(&filed.class, time);
            appended.refused += 1;
            continue;
        }
        match &held {
            Some(held) if held.class == filed.class => {}
            Some(held) => {
                ledger.raise(&held.class);
                ledger.admit(&filed.class, time, is_cut);
            }
            None => ledger.admit(&filed.class, time, is_cut),
        }
        shelf.put(document, filed)?;
        appended.admitted += 1;
    }
    Ok(appended)
}

/// As what a document is held when `why` is added; `None` when that changes nothing.
pub(crate) fn join(held: Option<&Filed>, why: &[Why], classes: &Classes) -> Option<Filed> {
    let class = why.iter().map(Why::class).min_by_key(|class| classes.rank(class))?;
    let Some(held) = held else {
        let mut whys: BTreeSet<String> = BTreeSet::new();
        for words in why.iter().map(Why::words) {
            if whys.len() + words.len() <= WHYS_PER_DOCUMENT_MAX {
                whys.extend(words);
            }
        }
        return Some(Filed { class: class.to_owned(), whys });
    };
    let mut whys = held.whys.clone();
    for words in why.iter().map(Why::words) {
        let new = words.iter().filter(|word| !whys.contains(*word)).count();
        if whys.len() + new <= WHYS_PER_DOCUMENT_MAX {
            whys.extend(words);
        }
    }
    let is_better = classes.rank(class) < classes.rank(&held.class);
    if whys.len() == held.whys.len() && !is_better {
        return None;
    }
    let class = if is_better { class } else { &held.class };
    Some(Filed { class: class.to_owned(), whys })
}
