use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::settings::SourceSettings;
use crate::{Appender, tail};

/// Directory, in the intake's own, with the places of followed files.
const PLACES_DIRECTORY: &str = "sources";

/// The files that are followed, by source. A source that does not change goes on; one that changes ends before it
/// begins anew, because both would move the same places.
#[derive(Debug, Default)]
pub(crate) struct Sources(Mutex<BTreeMap<String, Following>>);

#[derive(Debug)]
struct Following {
    settings: SourceSettings,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Sources {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<String, Following>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the sources that are not in `settings` as they are to stop; their tasks end when what was read is durable.
    pub(crate) fn end_others(&self, settings: &[SourceSettings]) -> Vec<JoinHandle<()>> {
        let mut running = self.locked();
        let stays = |name: &String, following: &Following| {
            settings.iter().any(|source| source.name == *name && *source == following.settings)
        };
        let gone: Vec<String> = running
            .iter()
            .filter(|(name, following)| !stays(name, following))
            .map(|(name, _)| name.clone())
            .collect();
        let ended = gone.iter().filter_map(|name| running.remove(name));
        ended
            .map(|following| {
                following.stop.cancel();
                following.task
            })
            .collect()
    }

    /// Starts the sources of `settings` that do not run.
    pub(crate) fn start_missing(
        &self,
        settings: &[SourceSettings],
        directory: Option<&PathBuf>,
        appender: &Appender,
        stop: &CancellationToken,
    ) {
        let mut running = self.locked();
        for source in settings {
            if running.contains_key(&source.name) {
                continue;
            }
            let Some(directory) = directory else {
                tracing::warn!(
                    source = source.name,
                    "no directory to remember places in, files are not followed"
                );
                continue;
            };
            let (name, stop) = (source.name.clone(), stop.child_token());
            let following = tail::follow(
                source.clone(),
                directory.join(PLACES_DIRECTORY),
                appender.clone(),
                stop.clone(),
            );
            let task = tokio::spawn(async move {
                if let Err(error) = following.await {
                    tracing::error!(source = name, %error, "files are not followed any more");
                }
            });
            running.insert(source.name.clone(), Following { settings: source.clone(), stop, task });
        }
    }

    /// Every source's task, which must have been told to stop.
    pub(crate) fn take_all(&self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut *self.locked()).into_values().map(|following| following.task).collect()
    }
}
