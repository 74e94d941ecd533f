//! Reads the directories that `enrich.toml` names, each every so often, and puts what is new in force.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sentra_factory::KnowledgeHandle;
use sentra_model::SystemClock;
use tokio::time::Instant;

/// How often it is looked which directories are due.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// After how long at the latest a directory that could not be read is asked again.
const AGAIN_AFTER: Duration = Duration::from_secs(300);

/// When which directory is due, by the path of its copy.
type Due = BTreeMap<String, Instant>;

/// Runs until it is dropped.
pub(crate) async fn run(data: PathBuf, knowledge: KnowledgeHandle) {
    let mut due = Due::new();
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        if look(&data, &mut due).await {
            put_in_force(&data, &knowledge).await;
        }
    }
}

/// Reads what is due; whether any of it is new.
async fn look(data: &Path, due: &mut Due) -> bool {
    // What is wrong in enrich.toml is told at the start and by a reload.
    let Ok(sources) = crate::knowledge::sources(data) else { return false };
    let mut is_new = false;
    for directory in sources.enrich.directories() {
        let copy = directory.copy_path();
        if due.get(&copy).is_some_and(|at| *at > Instant::now()) {
            continue;
        }
        let every = Duration::from_secs(u64::from(directory.every_minutes) * 60);
        let next = match sentra_directory::refresh(directory, data).await {
            Ok(refreshed) => {
                is_new |= refreshed.is_new;
                every
            }
            Err(error) => {
                let directory = &directory.url;
                tracing::warn!(directory, %error, "a directory was not read, its last good copy stays");
                every.min(AGAIN_AFTER)
            }
        };
        due.insert(copy, Instant::now() + next);
    }
    is_new
}

async fn put_in_force(data: &Path, knowledge: &KnowledgeHandle) {
    let data = data.to_owned();
    let read = tokio::task::spawn_blocking(move || crate::knowledge::read(&data, &SystemClock)).await;
    match read {
        Ok(Ok((new, problems))) => {
            crate::knowledge::tell(&problems);
            knowledge.set(new);
        }
        Ok(Err(error)) => tracing::warn!(%error, "what directories said is not in force"),
        Err(error) => tracing::error!(%error, "what directories said is not in force"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_directory_that_is_down_is_not_asked_again_at_once() {
        let data = tempfile::tempdir().unwrap();
        let mut due = Due::new();
        assert!(!look(data.path(), &mut due).await);
        assert!(due.is_empty(), "none is named");
        std::fs::write(
            data.path().join("enrich.toml"),
            "[[enrich.identities]]\nldap = 'ldaps://127.0.0.1:1'\nbase = 'dc=x'\nca_file = 'none.pem'\n",
        )
        .unwrap();
        assert!(!look(data.path(), &mut due).await);
        let first = due.clone();
        assert_eq!(first.len(), 1);
        let wait = first.values().next().unwrap().duration_since(Instant::now());
        assert!(wait <= AGAIN_AFTER && wait > AGAIN_AFTER - Duration::from_secs(60), "{wait:?}");
        assert!(!look(data.path(), &mut due).await);
        assert_eq!(due, first, "nobody was asked");
    }
}
