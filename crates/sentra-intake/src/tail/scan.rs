//! The look around: which files there are, which of them are known, and what became of the others.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Instant;

use super::follower::Follower;
use super::judge::last_line_end;
use super::pattern::{self, Found};
use super::places::{Entry, Place};
use super::print::Print;
use super::watched::{Watched, id_of, open_as};

impl Follower {
    /// Looks at all paths. The order matters: a file whose content was replaced is noticed before the listing, so
    /// that a copy that was made of it before stands in the listing; and the copy is judged before the file is
    /// begun again, while it is known how far it was read.
    pub(super) fn look_around(&mut self, now: Instant) {
        self.looks += 1;
        let open = self.files.values().filter(|watched| watched.file.is_some()).count();
        self.open_files = OpenFiles { left: self.limits.open_files_max.saturating_sub(open) };
        self.look_at_open_files(now);
        let listing = pattern::list(&self.settings.paths);
        self.problems.extend(listing.problems);
        self.directories = listing.directories;
        for watched in self.files.values_mut() {
            if let Some(path) = watched.current.take() {
                watched.before = Some(path);
            }
        }
        let followed = listing.files.into_iter().filter(|found| !is_compressed(found));
        let mut new: Vec<Found> = followed.filter_map(|found| self.found(found, now)).collect();
        // The order in which files were written is the one in which they are read, as far as that can be.
        new.sort_by_key(|found| found.metadata.modified().ok());
        new.into_iter().for_each(|found| self.newcomer(found, now));
        self.note_gone(now);
        self.judge_all(now);
        self.begin_replaced_again();
        for path in &self.settings.paths {
            self.places.begin(path);
        }
        self.close_what_is_over(now);
        self.tell_problems();
        let followed =
            self.files.values().filter(|watched| watched.current.is_some() || watched.file.is_some());
        self.metrics.files(followed.count());
    }

    fn look_at_open_files(&mut self, now: Instant) {
        let looks = self.looks;
        for watched in self.files.values_mut() {
            watched.has_failed = false;
            let Some(metadata) = watched.file.as_ref().and_then(|file| file.metadata().ok()) else {
                continue;
            };
            let has_changed = watched.observe(&metadata, now);
            if watched.is_judged && (has_changed || watched.may_have_changed(now)) {
                compare(watched, looks);
            }
        }
    }

    /// Takes notice of a file that is known; another one is handed back.
    fn found(&mut self, found: Found, now: Instant) -> Option<Found> {
        let id = id_of(&found.metadata);
        let looks = self.looks;
        let Some(watched) = self.by_id.get(&id).and_then(|key| self.files.get_mut(key)) else {
            return Some(found);
        };
        let was_open = watched.file.is_some();
        if watched.current.is_none() || watched.before.as_ref() == Some(&found.path) {
            watched.current = Some(found.path.clone());
        }
        watched.gone_at = None;
        if watched.file.is_none() && watched.entry.place == Place::default() {
            // Nothing is known by which it could be told from another file of the same number.
            watched.is_judged = false;
            watched.entry.origin = found.path.display().to_string();
        }
        if watched.file.is_none() && watched.observe(&found.metadata, now) && watched.is_judged {
            compare(watched, looks);
            if watched.replaced_at.is_some() {
                // Nobody held the file: it may be another one to which the system has given the number of one that
                // was deleted. What is known of the old one is needed for one more look, to know its copies.
                watched.detach(now, looks + 1);
                self.by_id.remove(&id);
                return Some(found);
            }
        }
        // A file that is held open can be read to its end when it is deleted.
        let is_wanted = watched.file.is_none() && watched.entry.place.skipped.is_none();
        if is_wanted
            && self.open_files.has_room()
            && let Err(error) = watched.open()
        {
            self.problems.insert(found.path, error.to_string());
        }
        self.open_files.keep_or_close(watched, was_open);
        None
    }

    fn newcomer(&mut self, found: Found, now: Instant) {
        if self.by_id.contains_key(&id_of(&found.metadata)) {
            // It has two names.
            return;
        }
        if self.files.len() >= self.limits.files_max && !self.forget_oldest() {
            let problem = format!("more than {} files (intake.tail_files_max)", self.limits.files_max);
            self.problems.insert(PathBuf::from("all other files"), problem);
            return;
        }
        let has_predecessor = |watched: &Watched| watched.before.as_ref() == Some(&found.path);
        if self.files.values().any(has_predecessor) {
            self.metrics.rotation();
            tracing::debug!(source = self.settings.name, path = %found.path.display(), "a file was rotated");
        }
        let (device, inode) = id_of(&found.metadata);
        let origin = found.path.display().to_string();
        let key = self.places.new_key();
        let entry = Entry { key, device, inode, origin, place: Place::default() };
        let mut watched = Watched::new(entry, false, now);
        watched.observe(&found.metadata, now);
        let path = self.settings.paths.get(found.pattern).map_or("", String::as_str);
        let is_old = self.settings.from_end && !self.places.has_begun(path);
        watched.current = Some(found.path);
        match watched.open() {
            Ok(Some(file)) if is_old => match end_of(file) {
                Ok(place) => watched.entry.place = place,
                Err(error) => self.problem(&watched, &error),
            },
            Ok(_) => {}
            Err(error) => self.problem(&watched, &error),
        }
        self.open_files.keep_or_close(&mut watched, false);
        self.by_id.insert((device, inode), key);
        self.files.insert(key, watched);
    }

    /// Notices which files no path leads to any more.
    fn note_gone(&mut self, now: Instant) {
        let mut lost = 0;
        for watched in self.files.values_mut().filter(|watched| watched.current.is_none()) {
            if watched.gone_at.is_some() {
                continue;
            }
            watched.gone_at = Some(now);
            let unread = watched.bytes().saturating_sub(watched.entry.place.at);
            if watched.file.is_none() {
                if unread > 0 && watched.entry.place.skipped.is_none() {
                    let origin = &watched.entry.origin;
                    tracing::error!(
                        origin,
                        unread,
                        "a file was removed before it was read; its rest is lost"
                    );
                    lost += unread;
                }
                watched.close();
            }
        }
        self.metrics.unread(lost);
    }

    /// Files that hold something else than before are read from their beginning.
    fn begin_replaced_again(&mut self) {
        let looks = self.looks;
        let mut detached = Vec::new();
        for watched in self.files.values_mut() {
            if watched.replaced_at.is_none_or(|at| at > looks) {
                continue;
            }
            let unread = if watched.has_heir { 0 } else { watched.unread_bytes };
            let origin = &watched.entry.origin;
            tracing::info!(origin, unread, "a file was truncated; it is read from its beginning");
            self.metrics.truncation();
            self.metrics.unread(unread);
            if watched.is_detached {
                detached.push(watched.entry.key);
                continue;
            }
            watched.begin_again();
            if watched.is_judged {
                self.places.put(watched.entry.clone());
            } else {
                self.places.forget(watched.entry.key);
            }
        }
        for key in detached {
            self.remove(key);
        }
    }

    fn close_what_is_over(&mut self, now: Instant) {
        let mut removed = Vec::new();
        for watched in self.files.values_mut().filter(|watched| watched.gone_at.is_some()) {
            let Some(file) = watched.file.as_ref().filter(|_| watched.is_over(now)) else { continue };
            if file.metadata().is_ok_and(|metadata| std::os::unix::fs::MetadataExt::nlink(&metadata) == 0) {
                removed.push(watched.entry.key);
            }
            watched.close();
        }
        for key in removed {
            self.remove(key);
        }
        let mut open: Vec<_> = self
            .files
            .values()
            .filter(|watched| watched.file.is_some())
            .map(|watched| (watched.current.is_none(), watched.changed_at, watched.entry.key))
            .collect();
        let surplus = open.len().saturating_sub(self.limits.open_files_max);
        if surplus > 0 {
            // Those that have changed last stay open, and before all others those that could not be opened again.
            open.sort();
            for (_, _, key) in open.into_iter().take(surplus) {
                if let Some(watched) = self.files.get_mut(&key) {
                    watched.file = None;
                }
            }
        }
    }

    /// Makes room by the file that has been gone for longest; false where there is none.
    fn forget_oldest(&mut self) -> bool {
        let closed = self.files.values().filter(|watched| watched.file.is_none());
        let oldest = closed.filter_map(|watched| Some((watched.gone_at?, watched.entry.key))).min();
        oldest.map(|(_, key)| self.remove(key)).is_some()
    }

    fn remove(&mut self, key: u64) {
        self.places.forget(key);
        let id = self.files.remove(&key).map(|watched| watched.id());
        if let Some(id) = id.filter(|id| self.by_id.get(id) == Some(&key)) {
            self.by_id.remove(&id);
        }
    }

    pub(super) fn problem(&mut self, watched: &Watched, error: &io::Error) {
        let path = watched.current.clone().unwrap_or_else(|| PathBuf::from(&watched.entry.origin));
        self.problems.insert(path, error.to_string());
    }

    /// Each problem is told once, for as long as it lasts.
    fn tell_problems(&mut self) {
        for (path, problem) in &self.problems {
            if self.told.get(path) != Some(problem) {
                let source = &self.settings.name;
                tracing::warn!(source, path = %path.display(), problem, "cannot follow a file");
            }
        }
        self.told = std::mem::take(&mut self.problems);
    }
}

/// Law LIMIT: how many more files may be kept open.
#[derive(Debug, Default)]
pub(super) struct OpenFiles {
    left: usize,
}

impl OpenFiles {
    fn has_room(&self) -> bool {
        self.left > 0
    }

    /// Closes a file that was opened to be looked at where there is no room for it.
    pub(super) fn keep_or_close(&mut self, watched: &mut Watched, was_open: bool) {
        if was_open || watched.file.is_none() {
            return;
        }
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => watched.file = None,
        }
    }
}

/// Notices that a file holds something else than before.
fn compare(watched: &mut Watched, looks: u64) {
    if watched.replaced_at.is_none() && watched.is_same().is_ok_and(|is_same| !is_same) {
        watched.replaced_at = Some(looks);
    }
}

/// The place behind the last line.
fn end_of(file: &File) -> io::Result<Place> {
    let at = last_line_end(file, file.metadata()?.len())?;
    Ok(Place {
        at,
        head: Print::of_head(file, u64::MAX)?,
        tail: Print::of_tail(file, at)?,
        ..Place::default()
    })
}

/// What a rotation has compressed was read before.
fn is_compressed(found: &Found) -> bool {
    const ENDINGS: [&str; 6] = ["gz", "zst", "bz2", "xz", "lz4", "Z"];
    let ending = found.path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.contains(&ending))
}

/// Opens a file once more, beside the handle that is kept, or for the first time.
pub(super) fn open_beside(watched: &Watched) -> Option<File> {
    match &watched.file {
        Some(file) => file.try_clone().ok(),
        None => open_as(watched.current.as_deref()?, watched.id()).ok().flatten(),
    }
}
