//! The index of one tenant.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use sentra_model::{EventId, Timestamp};
use tantivy::indexer::{IndexWriterOptions, NoMergePolicy};
use tantivy::schema::Term;
use tantivy::{Index, IndexReader, IndexWriter, TantivyDocument, TantivyError};

use super::Settings;
use super::room::Merging;
use super::schema::Columns;
use super::search::{Found, id_bytes};
use crate::admission::{Filed, Shelf, join, take};
use crate::document::{Document, Routed, Why};
use crate::error::ForensicError;
use crate::index::{Appended, CheckReport, Progress, SetAside, TextStats};
use crate::ledger::Ledger;
use crate::query::{Deadline, Lookup, TextAnswer};
use crate::terms::own;

pub(super) struct Tenant {
    pub(super) name: String,
    pub(super) directory: PathBuf,
    pub(super) index: Index,
    pub(super) columns: Columns,
    pub(super) reader: IndexReader,
    pub(super) settings: Arc<Settings>,
    pub(super) set_aside: Option<SetAside>,
    pub(super) state: Mutex<State>,
}

/// What changes.
pub(super) struct State {
    /// Made with the first change, because it has threads and memory.
    pub(super) writer: Option<IndexWriter>,
    /// How the ledger will be after the next commit, and how it was after the last one.
    pub(super) ledger: Ledger,
    pub(super) committed: Ledger,
    /// Documents that wait for a commit.
    pub(super) pending: HashMap<EventId, Filed>,
    pub(super) pending_bytes: u64,
    /// Bytes of the committed index.
    pub(super) bytes: u64,
    /// Whether anything waits for a commit, such as a position.
    pub(super) is_changed: bool,
    pub(super) merging: Option<Merging>,
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// A tenant while documents are put into it.
struct Putting<'a> {
    tenant: &'a Tenant,
    writer: &'a IndexWriter,
    pending: &'a mut HashMap<EventId, Filed>,
    pending_bytes: &'a mut u64,
    bytes: u64,
}

impl Shelf for Putting<'_> {
    fn filed(&self, id: EventId) -> Result<Option<Filed>, ForensicError> {
        self.tenant.filed(self.pending, id)
    }

    fn put(&mut self, document: Document, filed: Filed) -> Result<(), ForensicError> {
        let failed = self.tenant.failed("add to the forensic index");
        self.writer.delete_term(self.tenant.id_term(document.id));
        *self.pending_bytes += document.bytes_expected();
        let id = document.id;
        let converted = self.tenant.converted(document, &filed);
        self.writer.add_document(converted).map_err(failed)?;
        self.pending.insert(id, filed);
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.bytes + *self.pending_bytes
    }
}

impl Tenant {
    pub(super) fn set_aside(&self) -> Option<&SetAside> {
        self.set_aside.as_ref()
    }

    /// The error of an operation.
    pub(super) fn failed(&self, operation: &'static str) -> impl Fn(TantivyError) -> ForensicError + use<> {
        let tenant = self.name.clone();
        move |source| match source {
            TantivyError::LockFailure(..) => ForensicError::Held { tenant: tenant.clone() },
            source => ForensicError::Engine { operation, tenant: tenant.clone(), source },
        }
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, ForensicError> {
        self.state.lock().map_err(|_| ForensicError::Poisoned { tenant: self.name.clone() })
    }

    pub(super) fn id_term(&self, id: EventId) -> Term {
        Term::from_field_bytes(self.columns.id, &id_bytes(id))
    }

    pub(super) fn whole_term(&self, whole: &str) -> Term {
        Term::from_field_text(self.columns.whole, whole)
    }

    /// Changes the state. Law SOURCE: when that fails nothing is half done, because what was not committed is dropped
    /// together with its position.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, ForensicError>,
    ) -> Result<T, ForensicError> {
        let mut state = self.state()?;
        let changed = change(&mut state);
        if let Err(error) = &changed
            && !matches!(error, ForensicError::TooMany { .. })
        {
            state.drop_uncommitted();
        }
        changed
    }

    /// The writer, made when there is none.
    pub(super) fn open_writer(&self, state: &mut State) -> Result<(), ForensicError> {
        if state.writer.is_some() {
            return Ok(());
        }
        let failed = self.failed("open for writing the forensic index");
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(self.settings.options.writer_memory_bytes)
            .build();
        let writer = self.index.writer_with_options(options).map_err(failed)?;
        // Merges are begun by commits, one at a time, see `room`.
        writer.set_merge_policy(Box::new(NoMergePolicy));
        state.writer = Some(writer);
        Ok(())
    }

    pub(super) fn append(
        &self,
        routed: Vec<Routed>,
        progress: Option<Progress>,
    ) -> Result<Appended, ForensicError> {
        self.change(|state| {
            if routed.is_empty() {
                // The way of nearly all stretches: nothing but a position moves.
                let Some(progress) = progress.filter(|progress| !state.ledger.is_replay(progress)) else {
                    return Ok(Appended::default());
                };
                state.ledger.advance(&progress);
                state.is_changed = true;
                return Ok(Appended::default());
            }
            self.open_writer(state)?;
            let before = state.ledger.clone();
            let State { writer: Some(writer), ledger, committed, pending, pending_bytes, bytes, .. } = state
            else {
                return Err(ForensicError::Poisoned { tenant: self.name.clone() });
            };
            let mut putting = Putting { tenant: self, writer, pending, pending_bytes, bytes: *bytes };
            let settings = (&self.settings.classes, self.settings.budget);
            let appended = take(&mut putting, (ledger, committed), settings, routed, progress)?;
            state.is_changed |= appended.admitted > 0 || state.ledger != before;
            let budget = self.settings.budget.bytes(state.ledger.ingested_bytes);
            let too_much = budget.saturating_add(budget / 10);
            if state.pending_bytes > self.settings.options.uncommitted_bytes_max
                || (state.pending_bytes > 0 && state.bytes.saturating_add(state.pending_bytes) > too_much)
            {
                self.commit_state(state)?;
            }
            Ok(appended)
        })
    }

    pub(super) fn commit(&self) -> Result<(), ForensicError> {
        self.change(|state| self.commit_state(state))
    }

    fn commit_state(&self, state: &mut State) -> Result<(), ForensicError> {
        if !state.is_changed {
            return Ok(());
        }
        self.write(state)?;
        self.make_room(state)?;
        self.tidy(state)
    }

    /// One Tantivy commit with the ledger.
    pub(super) fn write(&self, state: &mut State) -> Result<(), ForensicError> {
        self.open_writer(state)?;
        let failed = self.failed("commit the forensic index");
        let payload = serde_json::to_string(&state.ledger).map_err(ForensicError::Ledger)?;
        if let Some(writer) = &mut state.writer {
            let mut prepared = writer.prepare_commit().map_err(&failed)?;
            prepared.set_payload(&payload);
            prepared.commit().map_err(&failed)?;
        }
        // From here on it is durable, whatever fails below.
        state.committed = state.ledger.clone();
        state.is_changed = false;
        state.pending.clear();
        state.pending_bytes = 0;
        self.refresh(state)
    }

    /// Shows what was committed or merged.
    pub(super) fn refresh(&self, state: &mut State) -> Result<(), ForensicError> {
        self.reader.reload().map_err(self.failed("open what was committed to the forensic index"))?;
        state.bytes = self.measure()?;
        Ok(())
    }

    /// Bytes of the files that make up the committed index.
    pub(super) fn measure(&self) -> Result<u64, ForensicError> {
        let metas = self.index.load_metas().map_err(self.failed("measure the forensic index"))?;
        let mut bytes = 0;
        for file in metas.list_segment_files() {
            let path = self.directory.join(file);
            match std::fs::metadata(&path) {
                Ok(metadata) => bytes += metadata.len(),
                // Not every segment has every kind of file.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(ForensicError::io("measure", path)(error)),
            }
        }
        Ok(bytes)
    }

    pub(super) fn position(&self, partition: u32) -> Result<u64, ForensicError> {
        Ok(self.state()?.committed.position(partition))
    }

    pub(super) fn missing(&self, wanted: &[(EventId, Why)]) -> Result<Vec<EventId>, ForensicError> {
        let state = self.state()?;
        let mut missing = Vec::new();
        for (id, why) in wanted {
            let held = self.filed(&state.pending, *id)?;
            if join(held.as_ref(), std::slice::from_ref(why), &self.settings.classes).is_some() {
                missing.push(*id);
            }
        }
        Ok(missing)
    }

    fn filed(&self, pending: &HashMap<EventId, Filed>, id: EventId) -> Result<Option<Filed>, ForensicError> {
        if let Some(filed) = pending.get(&id) {
            return Ok(Some(filed.clone()));
        }
        let failed = self.failed("look up an event in the forensic index");
        Found::by_id(&self.reader.searcher(), &self.id_term(id)).map_err(failed)
    }

    fn converted(&self, document: Document, filed: &Filed) -> TantivyDocument {
        let Columns { id, place, offset, time, class, why, text, whole } = self.columns;
        let mut converted = TantivyDocument::default();
        converted.add_bytes(id, &id_bytes(document.id));
        converted.add_u64(place, super::search::place(document.id));
        converted.add_u64(offset, document.id.offset);
        converted.add_i64(time, document.time.micros());
        converted.add_text(class, &filed.class);
        converted.add_text(whole, own("class", &filed.class));
        for one in &filed.whys {
            converted.add_text(why, one);
            converted.add_text(whole, own("why", one));
        }
        for one in document.own_terms() {
            converted.add_text(whole, one);
        }
        for one in &document.pairs {
            converted.add_text(whole, one);
        }
        for one in &document.texts {
            converted.add_text(text, one);
        }
        converted
    }

    pub(super) fn expire(&self, now: Timestamp) -> Result<u64, ForensicError> {
        self.change(|state| {
            let mut expired = 0;
            for (class, before) in self.settings.classes.expired_before(now) {
                state.is_changed |= state.ledger.settle(class, before);
                let until = before.micros().saturating_sub(1);
                // What waits for its commit is looked at the next time.
                let count = self.count_until(class, until)?;
                if count == 0 {
                    continue;
                }
                self.open_writer(state)?;
                self.delete_until(state, class, until)?;
                state.ledger.expire(class, count, before.micros());
                state.is_changed = true;
                expired += count;
            }
            state.is_changed |= state.ledger.settle_unknown(now);
            Ok(expired)
        })
    }

    pub(super) fn search(&self, lookup: &Lookup, deadline: &Deadline) -> Result<TextAnswer, ForensicError> {
        let failed = self.failed("search the forensic index");
        Found::search(&self.reader.searcher(), self, lookup, deadline).map_err(failed)
    }

    pub(super) fn stats(&self) -> Result<TextStats, ForensicError> {
        let state = self.state()?;
        let mut stats = self.settings.stats(&state.committed, state.bytes, self.set_aside.clone());
        stats.documents = self.reader.searcher().num_docs();
        Ok(stats)
    }

    pub(super) fn check(&self) -> Result<CheckReport, ForensicError> {
        let state = self.state()?;
        let failed = self.failed("check the forensic index");
        let metas = self.index.load_metas().map_err(&failed)?;
        // Opened once more, because what is open stays as it was read.
        let again = Index::open_in_dir(&self.directory).map_err(&failed)?;
        let damaged = again.validate_checksum().map_err(&failed)?;
        let mut damaged: Vec<String> = damaged
            .iter()
            .map(|file| format!("{} is damaged", self.directory.join(file).display()))
            .collect();
        let (held, counted) = (self.reader.searcher().num_docs(), state.committed.documents());
        if held != counted {
            damaged.push(format!("{held} documents are held, {counted} were counted"));
        }
        damaged.sort();
        let mut files = 0;
        for file in metas.list_segment_files() {
            files += u64::from(self.directory.join(file).try_exists().unwrap_or(false));
        }
        Ok(CheckReport { files, bytes: state.bytes, damaged })
    }
}

impl State {
    fn drop_uncommitted(&mut self) {
        self.writer = None;
        self.merging = None;
        self.ledger = self.committed.clone();
        self.pending.clear();
        self.pending_bytes = 0;
        self.is_changed = false;
    }
}
