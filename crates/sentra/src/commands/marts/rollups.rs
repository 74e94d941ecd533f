//! `sentra marts rollup`

use sentra_model::RollupGrain;
use sentra_server::api::types::{RollupBody, RollupItem, RollupsAnswer};

use super::usage;
use crate::cli::{Grain, MartsListArguments, RollupAddArguments, RollupCommand, RollupRemoveArguments};
use crate::client::percent_encoded;
use crate::commands::access::Access;
use crate::output;

pub(super) fn run(command: &RollupCommand) -> anyhow::Result<()> {
    match command {
        RollupCommand::List(arguments) => list(arguments),
        RollupCommand::Add(arguments) => add(arguments),
        RollupCommand::Remove(arguments) => remove(arguments),
    }
}

fn list(arguments: &MartsListArguments) -> anyhow::Result<()> {
    let answer: RollupsAnswer = match Access::open(&arguments.place, false)? {
        Access::Server(client) => client.get("/api/v1/rollups")?,
        Access::Embedded { runtime, engines, scope } => runtime.block_on(async {
            engines.catch_up(|_| {}).await?;
            let rollups = engines.mart_desk.rollups(&scope).await?;
            anyhow::Ok(RollupsAnswer { rollups: rollups.into_iter().map(Into::into).collect() })
        })?,
    };
    if arguments.json {
        return output::json(&answer);
    }
    let rows: Vec<Vec<String>> = answer.rollups.iter().map(row).collect();
    let head = ["rollup", "mart", "grain", "keys", "rows", "bytes", "events", "waiting", "answers", "filter"];
    output::table(&head, &rows)
}

fn row(item: &RollupItem) -> Vec<String> {
    let RollupItem { definition, stats } = item;
    vec![
        definition.name.clone(),
        definition.mart.clone(),
        definition.grain.as_str().to_owned(),
        definition.keys.join(", "),
        stats.rows.to_string(),
        stats.bytes.to_string(),
        stats.events.to_string(),
        stats.events_pending.to_string(),
        stats.answers.to_string(),
        definition.filter.clone(),
    ]
}

fn add(arguments: &RollupAddArguments) -> anyhow::Result<()> {
    let body = RollupBody {
        name: arguments.name.clone(),
        mart: arguments.mart.clone(),
        filter: arguments.filter.clone(),
        keys: arguments.keys.clone(),
        aggregates: arguments.aggregates.clone(),
        grain: match arguments.grain {
            Grain::Minute => RollupGrain::Minute,
            Grain::Hour => RollupGrain::Hour,
            Grain::Day => RollupGrain::Day,
        },
        by: Some(arguments.by.clone()),
    };
    let answer: RollupsAnswer = match Access::open(&arguments.place, false)? {
        Access::Server(client) => client.send("POST", "/api/v1/rollups", &serde_json::to_vec(&body)?)?,
        Access::Embedded { runtime, engines, scope } => runtime.block_on(async {
            engines.catch_up(|_| {}).await?;
            let desk = &engines.mart_desk;
            desk.add_rollup(&scope, body.definition(), &arguments.by).await.map_err(usage)?;
            // The process ends with the command: what it began is completed here.
            desk.build_rollups(&scope).await?;
            let rollups = desk.rollups(&scope).await?;
            anyhow::Ok(RollupsAnswer { rollups: rollups.into_iter().map(Into::into).collect() })
        })?,
    };
    output::remark(&format!("rollup {} is declared", arguments.name));
    if arguments.json { output::json(&answer) } else { Ok(()) }
}

fn remove(arguments: &RollupRemoveArguments) -> anyhow::Result<()> {
    let name = &arguments.name;
    match Access::open(&arguments.place, false)? {
        Access::Server(client) => {
            let path = format!("/api/v1/rollups/{}", percent_encoded(name));
            client.send::<RollupsAnswer>("DELETE", &path, b"")?;
        }
        Access::Embedded { runtime, engines, scope } => {
            runtime.block_on(engines.mart_desk.remove_rollup(&scope, name)).map_err(usage)?;
        }
    }
    output::remark(&format!("rollup {name} is removed"));
    Ok(())
}
