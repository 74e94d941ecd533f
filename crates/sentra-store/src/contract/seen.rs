//! What the newest events hold, against the sketches that they were made from.

use std::collections::BTreeMap;
use std::time::Duration;

use sentra_model::Mart;

use super::fixture::{batches, next, scope, sketch};
use super::marts::{END, fill};
use crate::{MartStore, Seen, SeenOf, SeenRequest};

fn request(of: SeenOf) -> SeenRequest {
    SeenRequest { of, marts: None, prefix: String::new(), limit: 100, timeout: Duration::from_secs(30) }
}

fn values(column: &str) -> SeenRequest {
    request(SeenOf::Values(column.to_owned()))
}

async fn seen(marts: &dyn MartStore, request: &SeenRequest) -> Vec<(String, u64)> {
    let seen = marts.seen(&scope("acme"), request).await.unwrap();
    seen.into_iter().map(|Seen { text, count }| (text, count)).collect()
}

/// Texts of the events that `of` gives, the most frequent first.
fn counted(of: impl Fn(u64) -> Vec<String>) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for text in (0..END).flat_map(of).filter(|text| !text.is_empty()) {
        *counts.entry(text).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|(one, many), (two, few)| few.cmp(many).then_with(|| one.cmp(two)));
    counts
}

pub(crate) async fn what_was_seen_is_counted(marts: &dyn MartStore) {
    fill(marts).await;
    assert_eq!(seen(marts, &values("user")).await, counted(|offset| vec![sketch(offset).user]));
    let port = |offset: u64| match sketch(offset).dst_port {
        0 => vec![],
        port => vec![port.to_string()],
    };
    assert_eq!(seen(marts, &values("dst_port")).await, counted(port));
    let fields = |name: &'static str| {
        move |offset: u64| {
            let fields = sketch(offset).fields.into_iter();
            fields.filter(|(field, _)| field == name).map(|(_, value)| value).collect()
        }
    };
    assert_eq!(seen(marts, &values("tag")).await, counted(fields("tag")));
    // A field of the source that is called as a column is.
    assert_eq!(seen(marts, &values("fields.user")).await, counted(fields("user")));
    let names = |offset: u64| {
        let mut names: Vec<String> = sketch(offset).fields.into_iter().map(|(name, _)| name).collect();
        names.dedup();
        names
    };
    assert_eq!(seen(marts, &request(SeenOf::FieldNames)).await, counted(names));

    let begins = SeenRequest { prefix: "ÄS".to_owned(), ..values("user") };
    let of_prefix: Vec<_> = seen(marts, &values("user")).await;
    let of_prefix: Vec<_> =
        of_prefix.into_iter().filter(|(user, _)| user.to_lowercase().starts_with("äs")).collect();
    assert_eq!(seen(marts, &begins).await, of_prefix);
    let few = SeenRequest { limit: 2, ..values("user") };
    assert_eq!(seen(marts, &few).await, seen(marts, &values("user")).await[..2]);
    let windows = SeenRequest { marts: Some(vec![Mart::WINDOWS]), ..values("EventID") };
    let of_windows = counted(|offset| match sketch(offset).mart == Mart::WINDOWS {
        true => fields("EventID")(offset),
        false => vec![],
    });
    assert_eq!(seen(marts, &windows).await, of_windows);
    for column in ["id", "time", "raw", "message", "nonsense"] {
        assert!(seen(marts, &values(column)).await.is_empty(), "{column}");
    }
}

/// Law TENANT.
pub(crate) async fn what_was_seen_is_the_tenants_own(marts: &dyn MartStore) {
    let others = scope("others");
    marts.append(&others, batches(&others, 0..40), next(40)).await.unwrap();
    marts.flush(&others).await.unwrap();
    marts.append(&others, batches(&others, 40..60), next(60)).await.unwrap();
    assert!(seen(marts, &values("host")).await.is_empty());
    assert!(seen(marts, &request(SeenOf::FieldNames)).await.is_empty());
    assert!(marts.horizon(&scope("acme")).await.unwrap().extents.is_empty());
    fill(marts).await;
    let hosts = seen(marts, &values("host")).await;
    assert!(!hosts.is_empty() && hosts.iter().all(|(host, _)| host.starts_with("acme")), "{hosts:?}");
}
