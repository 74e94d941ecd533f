//! Opening: lock, manifest, check of the segments, removal of what a crash left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sentra_model::{Clock, TenantId};
use tokio::sync::RwLock;

use super::index::Indexes;
use super::manifest::Manifest;
use super::pool::MeasuredPool;
use super::session::session;
use super::tenant::{Segment, Tenant};
use super::{EmbeddedMarts, MartOptions};
use crate::StoreError;

/// What was found when the store was opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenReport {
    /// Segments that the manifest names.
    pub segments: u64,
    /// Segment files that it does not name: an interrupted flush left them, and they were removed.
    pub orphans_removed: u64,
}

pub(super) async fn open(
    dir: &Path,
    options: MartOptions,
    clock: Arc<dyn Clock>,
) -> Result<EmbeddedMarts, StoreError> {
    let root = dir.join("marts");
    fs::create_dir_all(&root).map_err(StoreError::io("make", &root))?;
    let lock = lock(&root)?;
    let manifest = Manifest::open(&root.join("manifest.db")).await?;
    let segments = manifest.segments().await?;
    let positions = manifest.positions().await?;
    let mut report = OpenReport { segments: segments.len() as u64, orphans_removed: 0 };
    check(&root, &segments)?;
    let named: BTreeSet<PathBuf> = segments.iter().map(|(_, segment)| root.join(&segment.path)).collect();
    report.orphans_removed = remove_orphans(&root, &named)?;
    let indexes = Arc::new(Indexes::new(root.clone()));
    let pool = Arc::new(MeasuredPool::new(options.query_memory_bytes_max));
    let session = session(&root, &options, Arc::clone(&pool), Arc::clone(&indexes))?;
    Ok(EmbeddedMarts {
        root,
        options,
        clock,
        manifest,
        session,
        pool,
        indexes,
        tenants: RwLock::new(tenants(segments, positions)),
        report,
        _lock: lock,
        #[cfg(test)]
        fail_at: std::sync::Mutex::new(None),
    })
}

/// Two processes in one directory would remove each other's segments as orphans.
fn lock(root: &Path) -> Result<File, StoreError> {
    let path = root.join("lock");
    let file = File::options().create(true).write(true).truncate(false).open(&path);
    let file = file.map_err(StoreError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path }),
        Err(TryLockError::Error(source)) => Err(StoreError::io("lock", &path)(source)),
    }
}

fn check(root: &Path, segments: &[(TenantId, Segment)]) -> Result<(), StoreError> {
    for (_, segment) in segments {
        let path = root.join(&segment.path);
        let detail = match fs::metadata(&path) {
            Ok(found) if found.len() == segment.bytes => continue,
            Ok(found) => format!("it has {} bytes, the manifest says {}", found.len(), segment.bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => "the file is missing".to_owned(),
            Err(error) => return Err(StoreError::io("look at", &path)(error)),
        };
        let detail = format!("{detail}; restore it, or remove {} to have it rebuilt", root.display());
        return Err(StoreError::Corrupt { path, detail });
    }
    Ok(())
}

/// Removes segment files that are not `named`. Only files where segments stand are looked at.
fn remove_orphans(root: &Path, named: &BTreeSet<PathBuf>) -> Result<u64, StoreError> {
    let mut removed = 0;
    for tenant in directories(root)? {
        for mart in directories(&tenant)? {
            for path in entries(&mart)? {
                let is_segment = path.extension().is_some_and(|extension| extension == "parquet");
                if is_segment && !named.contains(&path) {
                    tracing::warn!(path = %path.display(), "segment of an interrupted flush removed");
                    fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
                    removed += 1;
                }
            }
        }
    }
    Ok(removed)
}

fn directories(path: &Path) -> Result<Vec<PathBuf>, StoreError> {
    Ok(entries(path)?.into_iter().filter(|path| path.is_dir()).collect())
}

fn entries(path: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = fs::read_dir(path).map_err(StoreError::io("list", path))?;
    let entries: io::Result<Vec<PathBuf>> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    entries.map_err(StoreError::io("list", path))
}

fn tenants(
    segments: Vec<(TenantId, Segment)>,
    positions: Vec<(TenantId, u32, u64)>,
) -> BTreeMap<TenantId, Arc<Tenant>> {
    let mut parts: BTreeMap<TenantId, (Vec<Segment>, BTreeMap<u32, u64>)> = BTreeMap::new();
    for (tenant, segment) in segments {
        parts.entry(tenant).or_default().0.push(segment);
    }
    for (tenant, partition, offset) in positions {
        parts.entry(tenant).or_default().1.insert(partition, offset);
    }
    let restored = |(segments, positions)| Arc::new(Tenant::restored(segments, positions));
    parts.into_iter().map(|(tenant, parts)| (tenant, restored(parts))).collect()
}
