//! Rollups declared and removed.

use std::sync::Arc;

use sentra_model::{Mart, RollupDefinition, TenantScope};
use sentra_store::{EVENTS_TABLE, ROLLUPS_MAX, RollupStats, StoreError, check_rollup};

use super::{MartDesk, MartError};

/// Bytes that are read at a time while a new rollup counts what is stored.
const BUILD_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A rollup and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollupView {
    /// What was declared.
    pub definition: RollupDefinition,
    /// What it holds; nothing where the engine keeps no rollups.
    pub stats: RollupStats,
}

impl MartDesk {
    /// The rollups that were declared, by name.
    ///
    /// # Errors
    /// When a store cannot be read.
    pub async fn rollups(&self, scope: &TenantScope) -> Result<Vec<RollupView>, StoreError> {
        let stats = self.marts.rollup_stats(scope).await?;
        let view = |definition: RollupDefinition| {
            let none = || RollupStats { name: definition.name.clone(), ..RollupStats::default() };
            let stats =
                stats.iter().find(|stats| stats.name == definition.name).cloned().unwrap_or_else(none);
            RollupView { definition, stats }
        };
        Ok(self.registry.declared_rollups(scope).await?.into_iter().map(view).collect())
    }

    /// Declares a rollup; one of the same name is replaced. It counts what is written from now on, and by and by what is
    /// stored; see [`MartDesk::build_rollups`].
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn add_rollup(
        &self,
        scope: &TenantScope,
        definition: RollupDefinition,
        by: &str,
    ) -> Result<(), MartError> {
        let _alone = self.changing.lock().await;
        let definition =
            RollupDefinition { changed_by: by.to_owned(), time: Some(self.clock.now()), ..definition };
        check_rollup(&definition).map_err(said)?;
        let is_there = definition.mart == EVENTS_TABLE
            || Mart::named(&definition.mart).is_some()
            || self.latest(scope).await?.keys().any(|mart| mart.as_str() == definition.mart);
        if !is_there {
            return Err(MartError::Unknown { name: definition.mart });
        }
        let declared = self.registry.declared_rollups(scope).await?;
        let others = declared.iter().filter(|known| known.name != definition.name).count();
        if others >= ROLLUPS_MAX {
            return Err(MartError::TooManyRollups);
        }
        self.registry.put_rollup(scope, &definition).await?;
        Ok(self.tell_rollups(scope).await?)
    }

    /// Removes a rollup and what it counted.
    ///
    /// # Errors
    /// [`MartError::UnknownRollup`] where there is none.
    pub async fn remove_rollup(&self, scope: &TenantScope, name: &str) -> Result<(), MartError> {
        let _alone = self.changing.lock().await;
        if !self.registry.remove_rollup(scope, name).await? {
            return Err(MartError::UnknownRollup { name: name.chars().take(80).collect() });
        }
        Ok(self.tell_rollups(scope).await?)
    }

    /// Tells the marts which rollups there are.
    pub(super) async fn tell_rollups(&self, scope: &TenantScope) -> Result<(), StoreError> {
        let mut declared = self.registry.declared_rollups(scope).await?;
        // One that an earlier version took and this one does not shall not stand in the way of the others.
        declared.retain(|rollup| match check_rollup(rollup) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(rollup = rollup.name, %error, "a declared rollup is not understood, it counts nothing");
                false
            }
        });
        self.marts.declare_rollups(scope, declared).await
    }

    /// Lets rollups count what is stored, as far as the store has time for it; the rest is counted when it is tended.
    ///
    /// # Errors
    /// When a store refuses.
    pub async fn build_rollups(&self, scope: &TenantScope) -> Result<(), StoreError> {
        loop {
            let tended = self.marts.tend(scope, BUILD_BYTES_MAX).await?;
            let has_moved = tended.rollup_parts > 0 || tended.segments_made > 0;
            if !tended.has_more || !has_moved {
                return Ok(());
            }
        }
    }

    /// [`MartDesk::build_rollups`] beside whatever else goes on.
    pub fn begin_rollups(self: &Arc<Self>, scope: &TenantScope) {
        let (desk, scope) = (Arc::clone(self), scope.clone());
        tokio::spawn(async move {
            if let Err(error) = desk.build_rollups(&scope).await {
                tracing::error!(tenant = %scope.tenant(), %error, "a rollup could not count what is stored, it tries again");
            }
        });
    }
}

fn said(error: StoreError) -> MartError {
    match error {
        StoreError::Plan { why } => MartError::Rollup(why),
        other => MartError::Store(other),
    }
}
