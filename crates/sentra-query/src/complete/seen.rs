//! What was seen in the data, kept for a moment: who writes asks again with every letter.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sentra_kql::Observed;
use sentra_model::{Mart, TenantId, TenantScope};
use sentra_store::{MartStore, SEEN_MAX, Seen, SeenOf, SeenRequest, StoreError};
use tokio::time::Instant;

/// How long what was seen is good enough, in seconds.
const SEEN_KEPT_S: u64 = 30;
/// Most lists of what was seen that are kept of one tenant.
const SEEN_LISTS_MAX: usize = 32;
/// Most lists of all tenants together.
const SEEN_LISTS_ALL_MAX: usize = 256;
/// How long a look at the data may take; what was seen until then is told.
const SEEN_TIMEOUT_MS: u64 = 250;

/// Whose, in which marts, of what, beginning with what.
type Key = (TenantId, Option<Vec<Mart>>, SeenOf, String);

type Lists = BTreeMap<Key, (Instant, Arc<Vec<Seen>>)>;

/// Lists of what was seen, and since when.
#[derive(Debug, Default)]
pub(crate) struct SeenCache(Mutex<Lists>);

impl SeenCache {
    /// The most frequent texts that begin with `prefix`, without case.
    pub(super) async fn look(
        &self,
        marts: &dyn MartStore,
        scope: &TenantScope,
        among: Option<&[Mart]>,
        of: &SeenOf,
        prefix: &str,
    ) -> Result<Vec<String>, StoreError> {
        let prefix = prefix.to_lowercase();
        let all = self.list(marts, scope, among, of, String::new()).await?;
        let begins = |seen: &&Seen| seen.text.to_lowercase().starts_with(&prefix);
        let found: Vec<String> = all.iter().filter(begins).map(|seen| seen.text.clone()).collect();
        if all.len() < SEEN_MAX || prefix.is_empty() || !found.is_empty() {
            return Ok(found);
        }
        // There are more than are told at once.
        let rarer = self.list(marts, scope, among, of, prefix).await?;
        Ok(rarer.iter().map(|seen| seen.text.clone()).collect())
    }

    async fn list(
        &self,
        marts: &dyn MartStore,
        scope: &TenantScope,
        among: Option<&[Mart]>,
        of: &SeenOf,
        prefix: String,
    ) -> Result<Arc<Vec<Seen>>, StoreError> {
        let key = (scope.tenant().clone(), among.map(<[Mart]>::to_vec), of.clone(), prefix);
        if let Some(list) = self.kept(&key) {
            return Ok(list);
        }
        let request = SeenRequest {
            of: of.clone(),
            marts: key.1.clone(),
            prefix: key.3.clone(),
            limit: SEEN_MAX,
            timeout: Duration::from_millis(SEEN_TIMEOUT_MS),
        };
        let list = Arc::new(marts.seen(scope, &request).await?);
        self.keep(key, Arc::clone(&list));
        Ok(list)
    }

    fn kept(&self, key: &Key) -> Option<Arc<Vec<Seen>>> {
        let lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, list) = lists.get(key)?;
        (since.elapsed() < Duration::from_secs(SEEN_KEPT_S)).then(|| Arc::clone(list))
    }

    fn keep(&self, key: Key, list: Arc<Vec<Seen>>) {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lists.retain(|_, (since, _)| since.elapsed() < Duration::from_secs(SEEN_KEPT_S));
        let tenant = key.0.clone();
        lists.insert(key, (Instant::now(), list));
        let oldest = |lists: &Lists, of: Option<&TenantId>| {
            let those = lists.iter().filter(|(key, _)| of.is_none_or(|tenant| key.0 == *tenant));
            those.min_by_key(|(_, (since, _))| *since).map(|(key, _)| key.clone())
        };
        while lists.keys().filter(|key| key.0 == tenant).count() > SEEN_LISTS_MAX {
            let Some(key) = oldest(&lists, Some(&tenant)) else { break };
            lists.remove(&key);
        }
        while lists.len() > SEEN_LISTS_ALL_MAX {
            let Some(key) = oldest(&lists, None) else { break };
            lists.remove(&key);
        }
    }
}

/// Remembers what is asked for, to be looked up before it is asked for again.
#[derive(Debug, Default)]
pub(super) struct Wishes(Mutex<Vec<(SeenOf, String)>>);

impl Wishes {
    pub(super) fn taken(self) -> Vec<(SeenOf, String)> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn wish(&self, of: SeenOf, prefix: &str) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((of, prefix.to_owned()));
        Vec::new()
    }
}

impl Observed for Wishes {
    fn values(&self, column: &str, prefix: &str) -> Vec<String> {
        self.wish(SeenOf::Values(column.to_owned()), prefix)
    }

    fn fields(&self, prefix: &str) -> Vec<String> {
        self.wish(SeenOf::FieldNames, prefix)
    }
}

/// What was looked up.
#[derive(Debug, Default)]
pub(super) struct Known(pub(super) BTreeMap<(SeenOf, String), Vec<String>>);

impl Observed for Known {
    fn values(&self, column: &str, prefix: &str) -> Vec<String> {
        let key = (SeenOf::Values(column.to_owned()), prefix.to_owned());
        self.0.get(&key).cloned().unwrap_or_default()
    }

    fn fields(&self, prefix: &str) -> Vec<String> {
        self.0.get(&(SeenOf::FieldNames, prefix.to_owned())).cloned().unwrap_or_default()
    }
}
