//! The whole truth about a tenant's segments: manifest, files, checksums, what is in them, and positions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow_array::RecordBatch;
use datafusion::logical_expr::col;
use futures::StreamExt;
use sentra_model::{EventBatch, TenantId, TenantScope, Timestamp};

use super::LookedAt;
use crate::check::{MartCheck, MartProblem, MartProblemKind};
use crate::embedded::EmbeddedMarts;
use crate::embedded::segment;
use crate::embedded::table::SegmentTable;
use crate::embedded::tenant::{Segment, Tenant};
use crate::schema::{Keys, unpack};
use crate::stored_offsets::StoredOffsets;
use crate::{DamagedSegment, StoreError};

const REPAIR: &str = "run sentra store check --repair, which takes its events from the backbone";
const REBUILD: &str =
    "stop Sentra and move the directory of the marts away: they are built anew from the backbone";

/// What stands in a segment.
#[derive(Debug)]
struct Content {
    rows: u64,
    times: Option<(i64, i64)>,
    offsets: Option<(u64, u64)>,
    has_foreign: bool,
    twice: u64,
}

impl EmbeddedMarts {
    /// The tenants that have something in the store, by name.
    pub async fn tenants(&self) -> Vec<TenantId> {
        self.tenants.read().await.keys().cloned().collect()
    }

    /// Reads every segment of the tenant and compares it with its checksum, the manifest and the position. What cannot be
    /// read is set aside. `progress` is told bytes as they were read.
    ///
    /// # Errors
    /// When the disk refuses; damage is no error.
    pub async fn check(
        &self,
        scope: &TenantScope,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<MartCheck, StoreError> {
        let tenant = self.tenant(scope).await;
        let _alone = tenant.tending.lock().await;
        let snapshot = tenant.snapshot();
        let mut check = MartCheck { positions: snapshot.durable.clone(), ..MartCheck::default() };
        let mut segments = snapshot.segments.clone();
        segments.sort_by(|a, b| a.path.cmp(&b.path));
        for segment in &segments {
            if self.looked_at(scope, &tenant, segment).await? != LookedAt::Damaged {
                self.check_content(scope, &tenant, segment, &mut check).await?;
            }
            progress(segment.bytes);
        }
        check.retired = self.manifest.retired_until(scope).await?;
        check.damaged = self.damaged_segments(scope).await;
        check.problems.extend(check.damaged.iter().map(damaged));
        check.problems.sort_by(|a, b| {
            (a.kind, a.partition, a.from, &a.path).cmp(&(b.kind, b.partition, b.from, &b.path))
        });
        Ok(check)
    }

    async fn check_content(
        &self,
        scope: &TenantScope,
        tenant: &Tenant,
        segment: &Arc<Segment>,
        check: &mut MartCheck,
    ) -> Result<(), StoreError> {
        // Every page is read: a checksum says that the file is what was written, not that it can be read.
        if let Err(detail) = self.decode(segment).await {
            return self.set_aside(scope, tenant, segment, detail).await;
        }
        let stored = check.stored.entry(segment.partition).or_default();
        let content = match self.content(segment, stored).await {
            Ok(content) => content,
            Err(error) => return self.set_aside(scope, tenant, segment, error.to_string()).await,
        };
        check.segments += 1;
        check.rows += content.rows;
        check.bytes += segment.bytes;
        let position = check.positions.get(&segment.partition).copied().unwrap_or_default();
        check.problems.extend(problems(segment, &content, position));
        Ok(())
    }

    async fn content(
        &self,
        segment: &Arc<Segment>,
        stored: &mut StoredOffsets,
    ) -> Result<Content, StoreError> {
        let failed = || StoreError::datafusion("read a segment");
        let table = Arc::new(SegmentTable::all(vec![Arc::clone(segment)]));
        let frame = self.session.read_table(table).map_err(failed())?;
        let frame = frame.select(["time", "partition", "offset"].map(col).to_vec()).map_err(failed())?;
        let mut batches = frame.execute_stream().await.map_err(failed())?;
        let mut content = Content { rows: 0, times: None, offsets: None, has_foreign: false, twice: 0 };
        while let Some(batch) = batches.next().await {
            content.add(&batch.map_err(failed())?, segment.partition, stored);
        }
        Ok(content)
    }

    /// Publishes `batches`, events of the backbone that no segment has, as segments of their own; in the place of `damaged`
    /// where they are all that stood in it. Gives how many events there are.
    ///
    /// # Errors
    /// When the disk refuses, or `damaged` is not damaged. Nothing is published then.
    pub async fn restore(
        &self,
        scope: &TenantScope,
        damaged: Option<&DamagedSegment>,
        batches: &[EventBatch],
    ) -> Result<u64, StoreError> {
        let tenant = self.tenant(scope).await;
        let _alone = tenant.tending.lock().await;
        let snapshot = tenant.snapshot();
        let known = |damaged: &DamagedSegment| {
            let unread = snapshot.unread.iter().find(|unread| unread.segment.path == damaged.path);
            unread.map(|unread| Arc::clone(&unread.segment)).ok_or_else(|| StoreError::Misplaced {
                detail: format!("{} is not among the damaged segments", damaged.path),
            })
        };
        let old: Vec<Arc<Segment>> = damaged.map(known).transpose()?.into_iter().collect();
        let new = self.write_restored(scope, batches).await?;
        let parts = self.count_new(&tenant, &new).await;
        self.manifest.replace(scope, &old, &new, parts).await?;
        let rows = new.iter().map(|segment| segment.rows).sum();
        tenant.replaced(&old, new, self.clock.now());
        drop(snapshot);
        self.sweep(&tenant)?;
        self.show_segments(scope, &tenant);
        Ok(rows)
    }

    async fn write_restored(
        &self,
        scope: &TenantScope,
        batches: &[EventBatch],
    ) -> Result<Vec<Segment>, StoreError> {
        let mut parts: BTreeMap<_, Vec<RecordBatch>> = BTreeMap::new();
        for batch in batches {
            if batch.tenant() != scope.tenant() {
                return Err(crate::admit::foreign("events", batch.tenant().as_str(), scope));
            }
            let Some(first) = batch.row(0) else { continue };
            parts.entry((batch.mart().clone(), first.id().partition)).or_default().push(unpack(batch)?);
        }
        let mut segments = Vec::new();
        for ((mart, partition), records) in parts {
            let (root, tenant) = (self.root.clone(), scope.tenant().clone());
            let number = Some(self.number.fetch_add(1, Ordering::Relaxed));
            let written = tokio::task::spawn_blocking(move || {
                segment::write(&root, &tenant, &mart, partition, &records, number)
            });
            segments.extend(written.await.map_err(|_| StoreError::Stopped { operation: "restore events" })??);
        }
        Ok(segments)
    }
}

impl Content {
    fn add(&mut self, batch: &RecordBatch, partition: u32, stored: &mut StoredOffsets) {
        let Some(keys) = Keys::of(batch) else { return };
        for row in 0..batch.num_rows() {
            let key = keys.key(row);
            self.rows += 1;
            self.has_foreign |= key.partition != partition;
            self.twice += u64::from(!stored.insert(key.offset));
            let (first, last) = self.times.unwrap_or((key.time, key.time));
            self.times = Some((first.min(key.time), last.max(key.time)));
            let (min, max) = self.offsets.unwrap_or((key.offset, key.offset));
            self.offsets = Some((min.min(key.offset), max.max(key.offset)));
        }
    }
}

/// What is wrong with a segment that can be read.
fn problems(segment: &Segment, content: &Content, position: u64) -> Vec<MartProblem> {
    let about = |kind, detail: String| MartProblem {
        kind,
        path: Some(segment.path.clone()),
        partition: segment.partition,
        from: segment.offset_min,
        to: segment.offset_max.saturating_add(1),
        detail,
        advice: REBUILD.to_owned(),
    };
    let mut problems = Vec::new();
    let times = Some((segment.first.micros(), segment.last.micros()));
    let offsets = Some((segment.offset_min, segment.offset_max));
    if content.rows != segment.rows {
        let detail = format!("it has {} events, the manifest says {}", content.rows, segment.rows);
        problems.push(about(MartProblemKind::Misdescribed, detail));
    }
    if content.times != times {
        let (first, last) = content.times.unwrap_or_default();
        let (first, last) = (Timestamp::from_micros(first), Timestamp::from_micros(last));
        let (from, to) = (segment.first, segment.last);
        let detail = format!("its events are from {first} to {last}, the manifest says {from} to {to}");
        problems.push(about(MartProblemKind::Misdescribed, detail));
    }
    if content.offsets != offsets || content.has_foreign {
        let (min, max) = content.offsets.unwrap_or_default();
        let detail = format!(
            "its events have offsets {min} to {max}, or are of another partition than the manifest says"
        );
        problems.push(about(MartProblemKind::Misdescribed, detail));
    }
    if content.twice > 0 {
        let detail = format!("{} of its events stand in another segment, too", content.twice);
        problems.push(about(MartProblemKind::Twice, detail));
    }
    if segment.offset_max >= position {
        let detail = format!("it has events up to offset {}, the position is {position}", segment.offset_max);
        problems.push(about(MartProblemKind::BeyondPosition, detail));
    }
    problems
}

fn damaged(damaged: &DamagedSegment) -> MartProblem {
    MartProblem {
        kind: MartProblemKind::Damaged,
        path: Some(damaged.path.clone()),
        partition: damaged.partition,
        from: damaged.offset_min,
        to: damaged.offset_max.saturating_add(1),
        detail: format!(
            "{}; {} events of {} are missing in answers",
            damaged.detail, damaged.rows, damaged.mart
        ),
        advice: REPAIR.to_owned(),
    }
}
