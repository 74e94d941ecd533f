//! The contract of [`MartRegistry`].

use sentra_model::{Mart, MartDefinition, MartState, RoutingEpoch};

use super::fixture::{at, scope};
use crate::{MartRegistry, SqliteRecords, StoreError};

fn definition(name: &str, version: u64, revision: u64) -> MartDefinition {
    MartDefinition {
        name: Mart::registered(name).unwrap(),
        description: "what the shop takes".into(),
        filter: "host startswith 'pay-'".into(),
        columns: Vec::new(),
        retention_days: Some(30),
        state: MartState::Active,
        since: at(1),
        version,
        revision,
        changed_by: "ana".into(),
        time: at(1),
    }
}

async fn versions_and_epochs_are_kept(registry: &dyn MartRegistry) {
    let (ours, others) = (scope("ours"), scope("others"));
    let first = [definition("payments", 1, 1), definition("vpn", 1, 2), definition("payments", 2, 3)];
    for definition in &first {
        registry.add_mart_version(&ours, definition).await.unwrap();
    }
    assert_eq!(registry.mart_versions(&ours).await.unwrap(), first);
    // Who changed it meanwhile wins, and no revision is left out or used twice.
    for revision in [1, 3, 5] {
        let refused = registry.add_mart_version(&ours, &definition("vpn", 2, revision)).await;
        assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{revision}: {refused:?}");
    }
    assert_eq!(registry.mart_versions(&ours).await.unwrap(), first);
    let epoch = |partition, from, revision| RoutingEpoch { partition, from, revision };
    for epoch in [epoch(0, 10, 1), epoch(1, 5, 1), epoch(0, 20, 2), epoch(0, 20, 3)] {
        registry.put_routing_epoch(&ours, epoch).await.unwrap();
    }
    let kept = registry.routing_epochs(&ours).await.unwrap();
    assert_eq!(kept, [epoch(0, 10, 1), epoch(0, 20, 3), epoch(1, 5, 1)]);
    // Law TENANT.
    assert_eq!(registry.mart_versions(&others).await.unwrap(), []);
    assert_eq!(registry.routing_epochs(&others).await.unwrap(), []);
    registry.add_mart_version(&others, &definition("payments", 1, 1)).await.unwrap();
    assert_eq!(registry.mart_versions(&ours).await.unwrap(), first);
    let mut tenants = registry.registering_tenants().await.unwrap();
    tenants.sort();
    assert_eq!(tenants, [others.tenant().clone(), ours.tenant().clone()]);
}

#[tokio::test]
async fn in_memory() {
    versions_and_epochs_are_kept(&SqliteRecords::in_memory().await.unwrap()).await;
}

#[tokio::test]
async fn in_a_file_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("records.db");
    let records = SqliteRecords::open(&path).await.unwrap();
    versions_and_epochs_are_kept(&records).await;
    let before = records.mart_versions(&scope("ours")).await.unwrap();
    records.close().await.unwrap();
    let records = SqliteRecords::open(&path).await.unwrap();
    assert_eq!(records.mart_versions(&scope("ours")).await.unwrap(), before);
    assert_eq!(records.routing_epochs(&scope("ours")).await.unwrap().len(), 3);
}
