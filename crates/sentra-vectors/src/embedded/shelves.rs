//! One tenant's files, and what is in memory of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::journal::{Frames, Journal, Told};
use super::shelf::{Row, Shelf};
use super::{MARK_BYTES_MAX, VectorLimits};
use crate::{Entry, ItemId, PutOutcome, Space, SpaceStats, Tended, VectorError};

/// Ends the name of a file of vectors.
const ENDING: &str = ".vectors";

/// Names the active space.
const ACTIVE: &str = "active.json";

/// A file is written anew when so many bytes of it are no longer true, and these are more than half.
const DEAD_BYTES_MIN: u64 = 4 << 20;

/// Bytes copied at once when a file is written anew.
const COPY_BYTES: usize = 4 << 20;

/// Items linked while others wait; each takes well below a millisecond.
const LINKED_AT_ONCE: usize = 16;

/// The vectors of one space: file and memory.
#[derive(Debug)]
struct Stack {
    space: Space,
    journal: Journal,
    shelf: Shelf,
    mark: Option<String>,
    /// Bytes of frames that are still true.
    live_bytes: u64,
    evicted: u64,
    cut_bytes: u64,
}

/// All spaces of one tenant.
#[derive(Debug)]
pub(super) struct Shelves {
    directory: PathBuf,
    limits: VectorLimits,
    active: Option<Space>,
    stacks: BTreeMap<Space, Stack>,
}

impl Stack {
    fn open(path: &Path, space: &Space, limits: &VectorLimits) -> Result<Self, VectorError> {
        let mut shelf = Shelf::new(space.dimensions(), limits.exact_items_max);
        let (mut mark, mut live_bytes) = (None, 0);
        let (journal, cut_bytes) = if path.try_exists().map_err(VectorError::file("read", path))? {
            Journal::open(path, space, |told| match told {
                Told::Put(entry, place) => {
                    live_bytes += u64::from(place.1);
                    let replaced = shelf.row(&entry.id).map_or(0, |row| row.place.1);
                    live_bytes -= u64::from(replaced);
                    shelf.put(row(&entry, place), entry.vector.parts());
                }
                Told::Delete(ids) => {
                    for id in &ids {
                        live_bytes -= shelf.remove(id).map_or(0, |row| u64::from(row.place.1));
                    }
                }
                Told::Mark(told) => mark = Some(told),
            })?
        } else {
            let created = (Journal::create(path, space)?, 0);
            sync_directory(path)?;
            created
        };
        Ok(Self { space: space.clone(), journal, shelf, mark, live_bytes, evicted: 0, cut_bytes })
    }

    fn put(&mut self, entries: &[Entry], limits: &VectorLimits) -> Result<PutOutcome, VectorError> {
        let mut outcome = PutOutcome::default();
        let mut frames = Frames::default();
        let mut stored: BTreeMap<ItemId, (&Entry, (u64, u32))> = BTreeMap::new();
        for entry in entries {
            let newest = stored.get(&entry.id).map(|(entry, _)| entry.stamp);
            let newest = newest.or_else(|| self.shelf.row(&entry.id).map(|row| row.stamp));
            if newest.is_some_and(|stamp| stamp > entry.stamp) {
                outcome.stale += 1;
                continue;
            }
            stored.insert(entry.id, (entry, frames.put(entry)?));
            outcome.stored += 1;
        }
        if stored.is_empty() {
            return Ok(outcome);
        }
        let at = self.journal.append(frames)?;
        for (entry, place) in stored.into_values() {
            self.live_bytes -= self.shelf.row(&entry.id).map_or(0, |row| u64::from(row.place.1));
            self.live_bytes += u64::from(place.1);
            self.shelf.put(row(entry, (at + place.0, place.1)), entry.vector.parts());
        }
        outcome.evicted = self.evict(limits)?;
        Ok(outcome)
    }

    /// Law LIMIT: the oldest go when there are too many. They are counted (law LOSS).
    fn evict(&mut self, limits: &VectorLimits) -> Result<usize, VectorError> {
        let mut evicted = Vec::new();
        while self.shelf.len() > limits.items_fit(self.space.dimensions()) {
            let Some(oldest) = self.shelf.oldest() else { break };
            self.live_bytes -= self.shelf.remove(&oldest).map_or(0, |row| u64::from(row.place.1));
            evicted.push(oldest);
        }
        if !evicted.is_empty() {
            let mut frames = Frames::default();
            frames.delete(&evicted)?;
            self.journal.append(frames)?;
            self.evicted += evicted.len() as u64;
        }
        Ok(evicted.len())
    }

    /// Those of `ids` that were there.
    fn delete(&mut self, ids: &[ItemId]) -> Result<Vec<ItemId>, VectorError> {
        let present: Vec<ItemId> = ids.iter().filter(|id| self.shelf.row(id).is_some()).copied().collect();
        if present.is_empty() {
            return Ok(present);
        }
        let mut frames = Frames::default();
        frames.delete(&present)?;
        self.journal.append(frames)?;
        for id in &present {
            self.live_bytes -= self.shelf.remove(id).map_or(0, |row| u64::from(row.place.1));
        }
        Ok(present)
    }

    fn commit(&mut self, mark: Option<&str>) -> Result<(), VectorError> {
        if let Some(mark) = mark {
            let mut frames = Frames::default();
            frames.mark(mark)?;
            self.journal.append(frames)?;
            self.mark = Some(mark.to_owned());
        }
        self.journal.sync()
    }

    /// Bytes that writing the file anew set free. A crash leaves the old or the new file.
    fn compact(&mut self) -> Result<u64, VectorError> {
        let dead_bytes = self.journal.end().saturating_sub(self.live_bytes);
        if dead_bytes < DEAD_BYTES_MIN || dead_bytes <= self.live_bytes {
            return Ok(0);
        }
        let path = self.journal.path().to_owned();
        let new_path = path.with_extension("new");
        let mut new = Journal::create(&new_path, &self.space)?;
        let mut rows: Vec<Row> = self.shelf.rows().copied().collect();
        rows.sort_unstable_by_key(|row| row.place.0);
        let mut moved = Vec::with_capacity(rows.len());
        let mut frames = Frames::default();
        for row in rows {
            let at = self.journal.copy(row.place, &mut frames)?;
            moved.push((row.id, (new.end() + at, row.place.1)));
            if frames.len() >= COPY_BYTES {
                new.append(std::mem::take(&mut frames))?;
            }
        }
        if let Some(mark) = &self.mark {
            frames.mark(mark)?;
        }
        new.append(frames)?;
        new.sync()?;
        fs::rename(&new_path, &path).map_err(VectorError::file("replace", &path))?;
        sync_directory(&path)?;
        let freed_bytes = self.journal.end().saturating_sub(new.end());
        new.moved(path);
        self.journal = new;
        moved.into_iter().for_each(|(id, place)| self.shelf.move_to(&id, place));
        Ok(freed_bytes)
    }

    fn stats(&self, is_active: bool) -> SpaceStats {
        SpaceStats {
            space: self.space.clone(),
            is_active,
            signals: (self.shelf.len() - self.shelf.incidents()) as u64,
            incidents: self.shelf.incidents() as u64,
            engine: self.shelf.engine(),
            scanned: self.shelf.unlinked() as u64,
            memory_bytes: self.shelf.memory_bytes() as u64,
            disk_bytes: self.journal.end(),
            evicted: self.evicted,
            cut_bytes: self.cut_bytes,
        }
    }
}

fn row(entry: &Entry, place: (u64, u32)) -> Row {
    Row { id: entry.id, first: entry.first, last: entry.last, stamp: entry.stamp, place }
}

/// A new name is on disk when its directory is.
fn sync_directory(path: &Path) -> Result<(), VectorError> {
    let directory = path.parent().unwrap_or(path);
    let synced = fs::File::open(directory).and_then(|file| file.sync_all());
    synced.map_err(VectorError::file("sync", directory))
}

impl Shelves {
    pub(super) fn open(directory: &Path, limits: &VectorLimits) -> Result<Self, VectorError> {
        fs::create_dir_all(directory).map_err(VectorError::file("create", directory))?;
        let mut shelves = Self {
            directory: directory.to_owned(),
            limits: limits.clone(),
            active: read_active(directory)?,
            stacks: BTreeMap::new(),
        };
        let entries = fs::read_dir(directory).map_err(VectorError::file("list", directory))?;
        for entry in entries {
            let path = entry.map_err(VectorError::file("list", directory))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if let Some(space) = name.strip_suffix(ENDING).and_then(space_of) {
                shelves.stacks.insert(space.clone(), Stack::open(&path, &space, limits)?);
            }
        }
        if let Some(active) = shelves.active.clone() {
            // Its file is gone: it begins anew, and has no mark.
            shelves.stack(&active)?;
        }
        Ok(shelves)
    }

    fn path(&self, space: &Space) -> PathBuf {
        self.directory.join(format!("{}_{}{ENDING}", space.name(), space.dimensions()))
    }

    fn stack(&mut self, space: &Space) -> Result<&mut Stack, VectorError> {
        let (path, limits) = (self.path(space), self.limits.clone());
        match self.stacks.entry(space.clone()) {
            std::collections::btree_map::Entry::Occupied(stack) => Ok(stack.into_mut()),
            std::collections::btree_map::Entry::Vacant(vacant) => {
                Ok(vacant.insert(Stack::open(&path, space, &limits)?))
            }
        }
    }

    pub(super) fn shelf(&self, space: &Space) -> Option<&Shelf> {
        self.stacks.get(space).map(|stack| &stack.shelf)
    }

    pub(super) fn get(&self, space: &Space, id: &ItemId) -> Result<Option<Entry>, VectorError> {
        let Some(stack) = self.stacks.get(space) else { return Ok(None) };
        let Some(row) = stack.shelf.row(id) else { return Ok(None) };
        stack.journal.read(space, row.place).map(Some)
    }

    pub(super) fn put(&mut self, space: &Space, entries: &[Entry]) -> Result<PutOutcome, VectorError> {
        let limits = self.limits.clone();
        self.stack(space)?.put(entries, &limits)
    }

    pub(super) fn delete(&mut self, ids: &[ItemId]) -> Result<usize, VectorError> {
        let mut deleted = std::collections::BTreeSet::new();
        for stack in self.stacks.values_mut() {
            deleted.extend(stack.delete(ids)?);
        }
        Ok(deleted.len())
    }

    pub(super) fn commit(&mut self, mark: Option<&str>) -> Result<(), VectorError> {
        if let Some(mark) = mark.filter(|mark| mark.len() > MARK_BYTES_MAX) {
            return Err(VectorError::TooMany {
                what: "bytes of a mark",
                got: mark.len(),
                max: MARK_BYTES_MAX,
            });
        }
        if mark.is_some() && self.active.is_none() {
            return Err(VectorError::NothingActive);
        }
        // The active one last: its mark is the one that is read, so it must not be ahead of the others.
        let active = self.active.clone();
        for stack in self.stacks.values_mut().filter(|stack| Some(&stack.space) != active.as_ref()) {
            stack.commit(mark)?;
        }
        active.and_then(|active| self.stacks.get_mut(&active)).map_or(Ok(()), |stack| stack.commit(mark))
    }

    /// The mark of the active space; without one, nothing is known to be there.
    pub(super) fn mark(&self) -> Option<String> {
        self.stacks.get(self.active.as_ref()?)?.mark.clone()
    }

    pub(super) fn active(&self) -> Option<Space> {
        self.active.clone()
    }

    pub(super) fn activate(&mut self, space: &Space) -> Result<(), VectorError> {
        let mark = self.mark();
        let stack = self.stack(space)?;
        let is_marked = stack.mark.is_some();
        stack.commit(mark.as_deref().filter(|_| !is_marked))?;
        write_active(&self.directory, space)?;
        self.active = Some(space.clone());
        let others: Vec<Space> = self.stacks.keys().filter(|other| *other != space).cloned().collect();
        for other in others {
            self.stacks.remove(&other);
            let path = self.path(&other);
            fs::remove_file(&path).map_err(VectorError::file("remove", &path))?;
        }
        Ok(())
    }

    pub(super) fn stats(&self) -> Vec<SpaceStats> {
        let is_active = |space| self.active.as_ref() == Some(space);
        self.stacks.values().map(|stack| stack.stats(is_active(&stack.space))).collect()
    }

    pub(super) fn memory_bytes(&self) -> u64 {
        self.stacks.values().map(|stack| stack.shelf.memory_bytes() as u64).sum()
    }

    /// Links a few items of some space that needs it; called anew for more, so that others get their turn.
    pub(super) fn link(&mut self, items_max: usize) -> Result<Tended, VectorError> {
        let mut tended = Tended::default();
        for stack in self.stacks.values_mut() {
            let room = items_max.min(LINKED_AT_ONCE).saturating_sub(tended.linked);
            let (linked, left) = stack.shelf.link(room)?;
            tended.linked += linked;
            tended.left += left;
        }
        Ok(tended)
    }

    pub(super) fn compact(&mut self) -> Result<u64, VectorError> {
        self.stacks.values_mut().try_fold(0, |freed, stack| Ok(freed + stack.compact()?))
    }
}

/// The space that a file is named after: `features-1_256`.
fn space_of(name: &str) -> Option<Space> {
    let (name, dimensions) = name.rsplit_once('_')?;
    Space::new(name, dimensions.parse().ok()?).ok()
}

fn read_active(directory: &Path) -> Result<Option<Space>, VectorError> {
    let path = directory.join(ACTIVE);
    match fs::read(&path) {
        // What is not valid is as good as nothing: the projection is filled again.
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok().filter(Space::is_valid)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(VectorError::file("read", path)(error)),
    }
}

fn write_active(directory: &Path, space: &Space) -> Result<(), VectorError> {
    use std::io::Write as _;
    let (path, new_path) = (directory.join(ACTIVE), directory.join(format!("{ACTIVE}.new")));
    let bytes =
        serde_json::to_vec(space).map_err(|source| VectorError::Form { what: ACTIVE.to_owned(), source })?;
    let written = fs::File::create(&new_path).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()
    });
    written.map_err(VectorError::file("write", &new_path))?;
    fs::rename(&new_path, &path).map_err(VectorError::file("replace", &path))?;
    sync_directory(&path)
}
