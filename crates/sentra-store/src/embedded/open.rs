//! Opening: lock, manifest, check of the segments, removal of what a crash left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use sentra_model::{Clock, TenantId};
use tokio::sync::RwLock;

use super::index::Indexes;
use super::life::{Found, length_damage, look_at};
use super::manifest::Manifest;
use super::pool::MeasuredPool;
use super::session::session;
use super::tenant::{Restored, Segment, Tenant, Unread};
use super::{EmbeddedMarts, MartOptions};
use crate::StoreError;

/// What was found when the store was opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenReport {
    /// Segments that the manifest names.
    pub segments: u64,
    /// Segment files that it does not name: an interrupted flush or merge left them, and they were removed.
    pub orphans_removed: u64,
    /// Segments among those that cannot be read: answers go without them and say so.
    pub segments_unread: u64,
    /// Segments that could not be read before and are whole again, because somebody has put the file back.
    pub segments_returned: u64,
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
    let mut report = OpenReport { segments: segments.len() as u64, ..OpenReport::default() };
    let named: BTreeSet<PathBuf> = segments.iter().map(|(_, segment)| root.join(&segment.path)).collect();
    let number = 1 + named.iter().filter_map(|path| number_of(path)).max().unwrap_or_default();
    report.orphans_removed = remove_orphans(&root, &named)?;
    let restored = restore(&root, &manifest, segments, clock.as_ref(), &mut report).await?;
    let indexes = Arc::new(Indexes::new(root.clone()));
    let pool = Arc::new(MeasuredPool::new(options.query_memory_bytes_max));
    let session = session(&options, Arc::clone(&pool), Arc::clone(&indexes))?;
    Ok(EmbeddedMarts {
        root,
        options,
        clock,
        manifest,
        session,
        pool,
        indexes,
        tenants: RwLock::new(restored),
        number: AtomicU64::new(number),
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

/// What the manifest knows, by tenant. Damaged segments are set aside: what is whole can be asked all the same.
async fn restore(
    root: &Path,
    manifest: &Manifest,
    segments: Vec<(TenantId, Segment)>,
    clock: &dyn Clock,
    report: &mut OpenReport,
) -> Result<BTreeMap<TenantId, Arc<Tenant>>, StoreError> {
    let mut parts: BTreeMap<TenantId, Restored> = BTreeMap::new();
    let mut known = manifest.unread().await?;
    for (tenant, segment) in segments {
        let part = parts.entry(tenant).or_default();
        let marked = known.remove(&segment.path);
        // Of what was damaged before the checksum is computed: maybe somebody has put the file back.
        let damage = match marked {
            None => length_damage(root, &segment)?,
            Some(_) => match look_at(root, &segment)? {
                Found::Whole(_) => None,
                Found::Damaged(detail) => Some(detail),
            },
        };
        let Some(detail) = damage else {
            if marked.is_some() {
                tracing::info!(path = segment.path, "a damaged segment is whole again");
                manifest.take_back(&segment.path).await?;
                report.segments_returned += 1;
            }
            part.segments.push(segment);
            continue;
        };
        let found = marked.map_or_else(|| clock.now(), |(_, found)| found);
        tracing::error!(path = segment.path, detail, "a segment is damaged, answers go without it");
        let unread = Unread { segment: Arc::new(segment), detail, found };
        manifest.set_aside(&unread).await?;
        report.segments_unread += 1;
        part.unread.push(unread);
    }
    for (tenant, mart, retained) in manifest.retired().await? {
        parts.entry(tenant).or_default().retired.insert(mart, retained);
    }
    for (tenant, partition, offset) in manifest.positions().await? {
        parts.entry(tenant).or_default().positions.insert(partition, offset);
    }
    Ok(parts.into_iter().map(|(tenant, part)| (tenant, Arc::new(Tenant::restored(part)))).collect())
}

/// The number in the name of a segment that took the place of others.
fn number_of(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.split('-').nth(3)?.parse().ok()
}

/// Removes segment files that are not `named`. Only files where segments stand are looked at.
fn remove_orphans(root: &Path, named: &BTreeSet<PathBuf>) -> Result<u64, StoreError> {
    let mut removed = 0;
    for tenant in directories(root)? {
        for mart in directories(&tenant)? {
            for path in entries(&mart)? {
                let is_segment = path.extension().is_some_and(|extension| extension == "parquet");
                if is_segment && !named.contains(&path) {
                    tracing::warn!(path = %path.display(), "segment of an interrupted flush or merge removed");
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
