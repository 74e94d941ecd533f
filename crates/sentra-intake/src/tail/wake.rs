//! What wakes a follower before its time.

#[cfg(target_os = "linux")]
pub(super) use linux::Wake;
#[cfg(not(target_os = "linux"))]
pub(super) use other::Wake;

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeSet;
    use std::io;
    use std::path::{Path, PathBuf};

    use rustix::fs::inotify;
    use tokio::net::unix::pipe::Receiver;

    /// Law LIMIT: directories that the kernel watches for one source.
    const DIRECTORIES_MAX: usize = 1024;
    const EVENTS_BYTES: usize = 4096;

    /// The kernel's word that something happens in a directory. It only makes things faster: over a network, or
    /// where the kernel refuses, changes are seen by looking.
    #[derive(Debug)]
    pub(in crate::tail) struct Wake {
        /// The kernel's queue of events; it is read like a pipe.
        kernel: Option<Receiver>,
        directories: BTreeSet<PathBuf>,
    }

    impl Wake {
        pub(in crate::tail) fn new() -> Self {
            let flags = inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC;
            let kernel =
                inotify::init(flags).map_err(io::Error::from).and_then(Receiver::from_owned_fd_unchecked);
            if let Err(error) = &kernel {
                tracing::info!(%error, "the kernel watches no directories for us; files are looked at in turn");
            }
            Self { kernel: kernel.ok(), directories: BTreeSet::new() }
        }

        /// Also watches these directories. Those that are gone are forgotten, to be watched again when they return.
        pub(in crate::tail) fn watch<'a>(&mut self, directories: impl Iterator<Item = &'a Path>) {
            let Some(kernel) = &self.kernel else { return };
            let changes = inotify::WatchFlags::MODIFY
                | inotify::WatchFlags::CREATE
                | inotify::WatchFlags::MOVED_TO
                | inotify::WatchFlags::ONLYDIR;
            let mut watched = BTreeSet::new();
            for directory in directories.take(DIRECTORIES_MAX) {
                let is_watched = self.directories.contains(directory);
                if is_watched || inotify::add_watch(kernel, directory, changes).is_ok() {
                    watched.insert(directory.to_owned());
                }
            }
            self.directories = watched;
        }

        /// Resolves when something has changed.
        pub(in crate::tail) async fn changed(&mut self) {
            let Some(kernel) = &self.kernel else { return std::future::pending().await };
            let mut events = [0; EVENTS_BYTES];
            let mut result = kernel.readable().await.map(|()| 1);
            while result.as_ref().is_ok_and(|bytes| *bytes > 0) {
                // What happened does not matter: all files are looked at.
                result = kernel.try_read(&mut events);
            }
            match result {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                    tracing::warn!(%error, "the kernel does not tell of changes any more; files are looked at in turn");
                    self.kernel = None;
                }
                _ => {}
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::path::Path;

    /// Nothing wakes a follower here but the time.
    #[derive(Debug)]
    pub(in crate::tail) struct Wake;

    impl Wake {
        pub(in crate::tail) fn new() -> Self {
            Self
        }

        pub(in crate::tail) fn watch<'a>(&mut self, _directories: impl Iterator<Item = &'a Path>) {}

        pub(in crate::tail) async fn changed(&mut self) {
            std::future::pending().await
        }
    }
}
