//! `sentra topics`

use sentra_server::api::types::{TopicView, TopicsView};

use crate::cli::TopicsArguments;
use crate::commands::access::Access;
use crate::output;
use crate::progress::grouped;

pub(crate) fn run(arguments: &TopicsArguments) -> anyhow::Result<()> {
    let topics = topics(&Access::open(&arguments.place, false)?)?;
    if arguments.json {
        return output::json(&topics);
    }
    let rows: Vec<Vec<String>> = topics.topics.iter().flat_map(rows).collect();
    output::table(&["topic", "begin", "end", "consumer", "position", "lag", "skipped", "range"], &rows)
}

/// Every topic of the tenant, by partitions.
pub(crate) fn topics(access: &Access) -> anyhow::Result<TopicsView> {
    let (runtime, engines, scope) = match access {
        Access::Server(client) => return client.get("/api/v1/topics"),
        Access::Embedded { runtime, engines, scope } => (runtime, engines, scope),
    };
    runtime.block_on(async {
        let mut topics = Vec::new();
        let streams = engines.log.streams().await?;
        for stream in streams.into_iter().filter(|stream| stream.tenant == *scope.tenant()) {
            let extent = engines.log.extent(&stream).await?;
            topics.push(TopicView::new(&stream, extent, engines.log.consumers(&stream).await?));
        }
        Ok(TopicsView { topics })
    })
}

/// One row per consumer, and one for a topic that nobody reads.
fn rows(topic: &TopicView) -> Vec<Vec<String>> {
    let place = [format!("{}.{}", topic.topic, topic.partition), grouped(topic.begin), grouped(topic.end)];
    let nobody = || place.iter().cloned().chain(std::iter::once("-".to_owned())).collect();
    let mut rows: Vec<Vec<String>> = topic
        .consumers
        .iter()
        .map(|consumer| {
            let range =
                consumer.range.map_or_else(String::new, |range| format!("{}..{}", range.from, range.to));
            let figures =
                [grouped(consumer.position), grouped(consumer.lag), grouped(consumer.skipped), range];
            place.iter().cloned().chain(std::iter::once(consumer.name.clone())).chain(figures).collect()
        })
        .collect();
    if rows.is_empty() {
        rows.push(nobody());
    }
    rows
}
