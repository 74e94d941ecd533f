//! The life of segments after they were written: merged by time window, removed by age, set aside when damaged.
//!
//! Everything here goes through one transaction of the manifest, and no file is removed that a search may still read. A
//! crash between any two steps leaves at most files that the manifest does not name, which the next opening removes.

mod aside;
mod check;
mod choose;
mod merge;
mod retire;
mod verify;

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::sync::Arc;

use sentra_model::TenantScope;

use super::EmbeddedMarts;
use super::tenant::{Segment, Tenant};
use crate::{StoreError, Tended};

pub(super) use aside::{unread_of, unread_of_plan};
pub(super) use verify::{Found, length_damage, look_at};

/// How often each segment is compared with its checksum: nobody else would notice a bit that fell over.
const VERIFY_INTERVAL_MICROS: i64 = 7 * 86_400 * 1_000_000;

/// What a look at a segment has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LookedAt {
    /// It is what was written.
    Whole,
    /// Its file is, and what was known of its blocks was not; now it is.
    PutRight,
    /// It is not, and was set aside.
    Damaged,
}

impl EmbeddedMarts {
    /// See [`crate::MartStore::tend`].
    pub(super) async fn tend_tenant(
        &self,
        scope: &TenantScope,
        bytes_max: u64,
    ) -> Result<Tended, StoreError> {
        let tenant = self.tenant(scope).await;
        let mut tended = Tended::default();
        // Whoever tends it already goes on; a second one would choose the same segments.
        let Ok(_alone) = tenant.tending.try_lock() else { return Ok(tended) };
        while let Some(chosen) = choose::choose(&tenant.kept(), self.clock.now()) {
            if tended.bytes_read >= bytes_max || self.is_busy(&tenant) {
                tended.has_more = true;
                break;
            }
            self.merge(scope, &tenant, chosen, &mut tended).await?;
        }
        self.verify_some(scope, &tenant, bytes_max, &mut tended).await?;
        self.catch_up_rollups(scope, &tenant, bytes_max, &mut tended).await?;
        tended.files_removed = self.sweep(&tenant)?;
        self.show_segments(scope, &tenant);
        Ok(tended)
    }

    /// Whether events come in faster than they are written: then nothing else shall use the disk.
    pub(in crate::embedded) fn is_busy(&self, tenant: &Tenant) -> bool {
        tenant.flushing.try_lock().is_err() || tenant.is_pressed(&self.options)
    }

    /// Compares segments with their checksums that were not looked at for long.
    async fn verify_some(
        &self,
        scope: &TenantScope,
        tenant: &Tenant,
        bytes_max: u64,
        tended: &mut Tended,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut due = tenant.kept();
        due.retain(|kept| kept.verified.is_none_or(|verified| now.since(verified) > VERIFY_INTERVAL_MICROS));
        due.sort_by_key(|kept| (kept.verified, kept.segment.last));
        for kept in due {
            if tended.bytes_read.saturating_add(tended.bytes_verified) >= bytes_max || self.is_busy(tenant) {
                break;
            }
            tended.bytes_verified += kept.segment.bytes;
            metrics::counter!("sentra_store_verified_bytes_total").increment(kept.segment.bytes);
            if self.looked_at(scope, tenant, &kept.segment).await? == LookedAt::Damaged {
                tended.segments_damaged += 1;
            }
        }
        Ok(())
    }

    /// Whether a segment is what was written; it is set aside when not. The caller holds `tending`.
    ///
    /// The checksums of its blocks come from the file then, where the manifest has none, or others: it is the checksum of the
    /// whole that says what was written.
    async fn looked_at(
        &self,
        scope: &TenantScope,
        tenant: &Tenant,
        segment: &Arc<Segment>,
    ) -> Result<LookedAt, StoreError> {
        let (root, looked_at) = (self.root.clone(), Arc::clone(segment));
        let found = tokio::task::spawn_blocking(move || look_at(&root, &looked_at))
            .await
            .map_err(|_| StoreError::Stopped { operation: "verify a segment" })??;
        let sums = match found {
            Found::Whole(sums) => sums,
            Found::Damaged(detail) => {
                self.set_aside(scope, tenant, segment, detail).await?;
                return Ok(LookedAt::Damaged);
            }
        };
        tenant.is_verified(segment, self.clock.now());
        let known = segment.sums.get();
        if known.as_ref() == Some(&sums) {
            return Ok(LookedAt::Whole);
        }
        segment.sums.put(sums.clone());
        if let Err(error) = self.manifest.put_sums(&segment.path, &sums).await {
            tracing::warn!(path = segment.path, %error, "the checksums of a segment's blocks are in memory only");
        }
        if known.is_none() {
            return Ok(LookedAt::Whole);
        }
        let path = &segment.path;
        tracing::warn!(path, "the checksums of a segment's blocks were not those of its file: put right");
        tenant.is_put_right();
        Ok(LookedAt::PutRight)
    }

    /// Removes the files of replaced segments that nobody reads any more.
    fn sweep(&self, tenant: &Tenant) -> Result<u64, StoreError> {
        let mut removed = 0;
        for segment in tenant.take_unread_by_all() {
            let path = self.root.join(&segment.path);
            match fs::remove_file(&path) {
                Ok(()) => removed += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                // The manifest does not name it: the next opening removes it.
                Err(error) => return Err(StoreError::io("remove", &path)(error)),
            }
        }
        Ok(removed)
    }

    pub(super) fn show_segments(&self, scope: &TenantScope, tenant: &Tenant) {
        let snapshot = tenant.snapshot();
        let name = || scope.tenant().to_string();
        metrics::gauge!("sentra_store_segments", "tenant" => name()).set(snapshot.segments.len() as f64);
        metrics::gauge!("sentra_store_segments_unread", "tenant" => name()).set(snapshot.unread.len() as f64);
    }
}
